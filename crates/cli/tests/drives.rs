//! `drives` and `info`: what is told of a drive and its disc, as text and as JSON.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn glassmaster() -> Command {
    Command::new(env!("CARGO_BIN_EXE_glassmaster"))
}

fn run(args: &[&str]) -> Output {
    glassmaster().args(args).output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn disc(directory: &Path, media: &str) -> String {
    let file = directory.join(format!("{}.disc", media.replace('+', "plus")));
    let made = run(&["disc", "new", file.to_str().unwrap(), "--media", media]);
    assert!(made.status.success(), "{made:?}");
    format!("virtual:{}", file.display())
}

#[test]
fn registered_drives_stand_behind_those_of_the_system() {
    let directory = tempfile::tempdir().unwrap();
    let good = disc(directory.path(), "bd-r");
    let missing = format!("virtual:{}", directory.path().join("none").display());
    let listed = run(&["drives", "--json", &good, &missing]);
    assert!(listed.status.success(), "{listed:?}");
    let rows = lines(&listed);
    let drives: Vec<_> = rows.iter().filter(|row| row["event"] == "drive").collect();
    assert_eq!(rows.last().unwrap()["drives"], drives.len());
    let find = |id: &str| *drives.iter().find(|row| row["id"] == id).unwrap();
    let row = find(&good);
    assert_eq!((&row["usable"], &row["bus"]), (&Value::Bool(true), &Value::from("virtual")));
    assert!(row["profiles"].as_array().unwrap().contains(&Value::from("0x0041")));
    assert!(row["media"].as_array().unwrap().contains(&Value::from("BD-R")));
    let row = find(&missing);
    assert_eq!(row["usable"], false);
    assert_eq!(row["code"], "ERROR_DEV_NOT_EXIST (0x80070037)");
    let text = String::from_utf8(run(&["drives", &good, &missing]).stdout).unwrap();
    assert!(text.contains("BD-R") && text.contains("cannot be used"), "{text}");
    assert_eq!(run(&["drives", &good, &good]).status.code(), Some(1), "one drive, listed twice");
    assert_eq!(run(&["drives", "image.iso"]).status.code(), Some(2));
}

#[test]
fn info_tells_drive_medium_speeds_and_tracks() {
    let directory = tempfile::tempdir().unwrap();
    for (media, label, profile, unit) in
        [("cd-r", "CD-R", "0x0009", 1), ("dvd+rw", "DVD+RW", "0x001A", 16), ("bd-re", "BD-RE", "0x0043", 32)]
    {
        let drive = disc(directory.path(), media);
        let told = run(&["info", &drive, "--json"]);
        assert!(told.status.success(), "{told:?}");
        let result = lines(&told).pop().unwrap();
        let (about, medium) = (&result["drive"], &result["medium"]);
        assert_eq!(about["id"], drive);
        assert_eq!(about["can_load"], true);
        assert!(about["profiles"].as_array().unwrap().contains(&Value::from(profile)));
        assert!(about["mode_pages"].as_array().unwrap().contains(&Value::from("0x2A")));
        assert!(about["features"].as_array().unwrap().len() > medium["features"].as_array().unwrap().len());
        assert_eq!((&medium["type"], &medium["profile"]), (&Value::from(label), &Value::from(profile)));
        assert_eq!(medium["write_unit"], unit);
        assert_eq!(medium["write_protected"], "not protected");
        assert!(medium["speeds"][0]["sectors_per_second"].as_u64().unwrap() > 0);
        assert_eq!(medium["tracks"][0]["number"], 1, "{medium}");
        let text = String::from_utf8(run(&["info", &drive]).stdout).unwrap();
        for word in ["drive: ", "bus: virtual", "profiles: ", "write speeds: ", "track 1: "] {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
}

#[test]
fn watching_ends_with_the_signal() {
    let directory = tempfile::tempdir().unwrap();
    let drive = disc(directory.path(), "cd-rw");
    let mut child = glassmaster()
        .args(["drives", "--json", "--watch", &drive])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = out.by_ref().map(Result::unwrap).find(|line| line.contains("\"drive\""));
    if first.is_none() {
        // Containers may keep the kernel's events from us; then that is what has to be said.
        assert!(!child.wait().unwrap().success());
        return;
    }
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let last = out.map(Result::unwrap).last().unwrap();
    assert!(child.wait().unwrap().success(), "{last}");
    assert!(last.contains("\"changes\":0"), "{last}");
}
