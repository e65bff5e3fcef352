//! `drives` and `info`: what is told of a drive and its disc, as text and as JSON.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[allow(dead_code, reason = "each test file uses its part")]
mod glassmaster_program;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Output, Stdio};

use glassmaster_program::command;
use serde_json::Value;

fn run(args: &[&str]) -> Output {
    command().args(args).output().unwrap()
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

fn interrupt(child: &Child) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
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
    assert_eq!(run(&["drives", &good, &good]).status.code(), Some(2), "one drive, named twice");
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
    let mut child = command()
        .args(["drives", "--json", "--watch", &drive])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = out.by_ref().map(Result::unwrap).find(|line| line.contains(&drive));
    if first.is_none() {
        // Containers may keep the kernel's events from us; then that is what has to be said.
        assert!(!child.wait().unwrap().success());
        return;
    }
    interrupt(&child);
    let last = out.map(Result::unwrap).last().unwrap();
    assert!(child.wait().unwrap().success(), "{last}");
    assert!(last.contains("\"changes\":0"), "{last}");
}

/// Discs whose recording was broken off: neither total nor free sectors are told for them, and why, with what can be done.
#[test]
fn info_says_why_a_disc_takes_nothing() {
    use glassmaster::scsi::{Cdb, DataPhase, Transport};
    use glassmaster::vdrive::VirtualDrive;

    let send = |drive: &mut VirtualDrive, block: &[u8], data: &[u8]| {
        let phase = if data.is_empty() { DataPhase::None } else { DataPhase::Out(data) };
        let cdb = Cdb::new(block).unwrap();
        drive.execute(&cdb, phase, std::time::Duration::from_secs(1)).unwrap().into_result().unwrap();
    };
    // Session at once: page 05h with write type 2, a cue sheet of 600 sectors, of which 32 are written.
    let session_at_once = |drive: &mut VirtualDrive| {
        let mut list = [0; 60];
        list[8..13].copy_from_slice(&[0x05, 0x32, 0x02, 0x00, 0x00]);
        list[23] = 0x96;
        send(drive, &[0x55, 0x10, 0, 0, 0, 0, 0, 0, 60, 0], &list);
        let sheet = [
            0x41, 0x00, 0x00, 0x01, 0, 0, 0, 0, 0x41, 0x01, 0x00, 0x14, 0, 0, 0, 0, //
            0x41, 0x01, 0x01, 0x10, 0, 0, 2, 0, 0x41, 0xAA, 0x01, 0x01, 0, 0, 10, 0,
        ];
        send(drive, &[0x5D, 0, 0, 0, 0, 0, 0, 0, 32, 0], &sheet);
    };
    let directory = tempfile::tempdir().unwrap();
    for (media, at_once, flag, words) in [
        ("bd-r", false, "non_empty_session", "session is open"),
        ("dvd+r", false, "non_empty_session", "session is open"),
        ("cd-r", true, "damaged", "use another disc"),
        ("cd-rw", true, "damaged", "erase it"),
    ] {
        let name = disc(directory.path(), media);
        let mut drive = VirtualDrive::open(name.strip_prefix("virtual:").unwrap().as_ref()).unwrap();
        drive.acknowledge();
        if at_once {
            session_at_once(&mut drive);
        }
        send(&mut drive, &[0x2A, 0, 0, 0, 0, 0, 0, 0, 32, 0], &vec![1; 32 * 2048]);
        if !at_once {
            send(&mut drive, &[0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0], &[]);
        }
        drop(drive);
        let told = run(&["info", &name, "--json"]);
        assert!(told.status.success(), "{media}: {told:?}");
        let medium = &lines(&told).pop().unwrap()["medium"];
        assert!(medium["state"].as_array().unwrap().contains(&Value::from(flag)), "{media}: {medium}");
        assert_eq!((&medium["total"], &medium["free"]), (&Value::from(0), &Value::from(0)), "{media}");
        assert!(medium["not_writable"].as_str().unwrap().contains(words), "{media}: {medium}");
        let text = String::from_utf8(run(&["info", &name]).stdout).unwrap();
        assert!(text.contains(words) && !text.contains("free 0"), "{media}: {text}");
    }
}

/// What cannot be used is told with what, where and what next, and the right exit status, and JSON stays JSON.
#[test]
fn wrong_names_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).display().to_string();
    let good = at("a good disc");
    assert!(run(&["disc", "new", &good, "--media", "cd-r"]).status.success());
    std::fs::write(at("letter"), "a letter").unwrap();
    std::os::unix::fs::symlink("nowhere", at("dead")).unwrap();
    std::os::unix::fs::symlink("a good disc", at("link")).unwrap();
    let of = |kind: &str, name: &str| format!("{kind}:{}", at(name));
    assert!(run(&["info", &of("virtual", "link"), "--json"]).status.success());
    let (twice, new) = (of("virtual", "a good disc"), at("new"));
    for (args, exit, words) in [
        (&["info", &of("virtual", "no disc")][..], 4, "no disc' --media"),
        (&["info", &of("virtual", "dead")], 4, "is a link to a file that is not there"),
        (&["info", &of("virtual", "letter")], 4, "not a virtual disc"),
        (&["info", &good], 4, "write virtual: before its name"),
        (&["info", "virtual:"], 2, "virtual:FILE"),
        (&["info", &of("socket", "letter")], 4, "look whether a recorder serves this socket"),
        (&["drives", &twice, &twice], 2, "named twice"),
        (&["disc", "new", &at("none/disc"), "--media", "cd-r"], 1, "that its folder is there"),
        (&["disc", "new", &good, "--media", "cd-r"], 4, "exists already"),
        (&["disc", "new", &new, "--media", "cd-r", "--capacity", "5gb"], 2, "80min, 74min"),
        (&["disc", "new", &new, "--media", "bd-rom"], 2, "no virtual medium"),
        (
            &["disc", "serve", &good, "--socket", &at("letter")],
            4,
            "which is no socket; next: give another name",
        ),
        (&["disc", "serve", &good, "--socket", &at("none/s")], 4, "that its folder is there"),
        (&["disc", "serve", &good, "--socket", &at(&"s".repeat(120))], 4, "give a shorter name"),
    ] {
        let told = run(&[args, &["--json"]].concat());
        assert_eq!(told.status.code(), Some(exit), "{args:?}: {told:?}");
        let last = lines(&told).pop().unwrap();
        assert_eq!((&last["ok"], &last["exit"]), (&Value::Bool(false), &Value::from(exit)), "{args:?}");
        assert!(last["error"].as_str().unwrap().contains(words), "{args:?}: {last}");
    }
    // Listed with others, none of these keeps the others from being told.
    let names = ["no disc", "dead", "letter", "a good disc"].map(|name| of("virtual", name));
    let names: Vec<_> = names.iter().map(String::as_str).chain(["/dev/sr-none"]).collect();
    let told = run(&[&["drives", "--json"], &names[..]].concat());
    assert!(told.status.success(), "{told:?}");
    let rows = lines(&told);
    for name in names {
        let row = rows.iter().find(|row| row["id"] == name).unwrap();
        assert_eq!(row["usable"], name.contains("good"), "{row}");
        assert_eq!(row["next_step"].is_string(), !name.contains("good"), "{row}");
    }
}

/// A disc's file that comes and goes and a socket that is served, ended and killed, as text and as JSON: told in order, each
/// once.
#[test]
fn watching_tells_of_virtual_drives() {
    for json in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name).display().to_string();
        let (file, moved, socket) = (at("a disc"), at("moved"), at("socket"));
        let mut child = command()
            .args(["drives", "--watch", &format!("virtual:{file}"), &format!("socket:{socket}")])
            .args(json.then_some("--json"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        // Those that were named are told of though they are not there yet, behind those of the system.
        let Some(row) = out.find(|line| line.contains("socket:")) else {
            // Containers may keep the kernel's events from us; then that is what has to be said.
            assert!(!child.wait().unwrap().success());
            return;
        };
        assert!(row.contains(if json { "\"usable\":false" } else { "cannot be used" }), "{row}");
        let mut told = |what: &str, id: &str| {
            let line = out.next().unwrap();
            let want = match json {
                true => serde_json::json!({ "event": what, "id": id }).to_string(),
                false => format!("{what}: {id}"),
            };
            assert_eq!(line, want);
        };
        let (disc, served) = (format!("virtual:{file}"), format!("socket:{socket}"));
        assert!(run(&["disc", "new", &file, "--media", "cd-rw"]).status.success());
        told("added", &disc);
        std::fs::rename(&file, &moved).unwrap();
        told("removed", &disc);
        for kill in [false, true, false] {
            let server = command().args(["disc", "serve", &moved, "--socket", &socket, "--quiet"]).spawn();
            let mut server = server.unwrap();
            told("added", &served);
            match kill {
                true => server.kill().unwrap(),
                false => interrupt(&server),
            }
            assert_eq!(server.wait().unwrap().success(), !kill);
            told("removed", &served);
        }
        interrupt(&child);
        let last = out.last();
        assert!(child.wait().unwrap().success());
        assert_eq!(last.map(|line| line.contains("\"changes\":8")), json.then_some(true));
    }
}

/// A drive that takes the connection and says nothing: one signal ends whatever waits for it, with the exit status of signals.
#[test]
fn one_signal_ends_the_wait_for_a_silent_drive() {
    use rustix::net::{
        AddressFamily, RecvFlags, SocketAddrUnix, SocketFlags, SocketType, accept, bind, listen, recv,
        socket_with,
    };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("silent");
    let listener =
        socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    bind(&listener, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    listen(&listener, 4).unwrap();
    let (drive, folder) = (format!("socket:{}", path.display()), directory.path().to_str().unwrap());
    for args in [
        &["info", &drive][..],
        &["drives", &drive],
        &["burn", "--drive", &drive, folder],
        &["erase", "--drive", &drive],
        &["list", &drive],
        &["check", &drive],
        &["extract", &drive],
        &["compare", &drive, folder],
    ] {
        let child = command()
            .args(args)
            .arg("--json")
            .current_dir(directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Whoever asks first only looks whether somebody listens.
        let asked = std::iter::repeat_with(|| accept(&listener).unwrap())
            .find(|peer| recv(peer, &mut [0; 64], RecvFlags::empty()).unwrap().0 > 0);
        interrupt(&child);
        let ended = child.wait_with_output().unwrap();
        drop(asked);
        assert_eq!(ended.status.code(), Some(130), "{args:?}");
        let last = lines(&ended).pop().unwrap();
        assert_eq!((&last["ok"], &last["exit"]), (&Value::Bool(false), &Value::from(130)), "{args:?}");
        assert_eq!(last["hresult"], "0xC0AA0002", "{args:?}");
    }
}
