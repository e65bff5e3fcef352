//! What a burn leaves behind for those who come later: report and picture; Python's XML parser is the witness of the
//! picture's form.

#![allow(clippy::unwrap_used, clippy::panic)]

#[allow(dead_code, reason = "each test file uses its part")]
mod glassmaster_program;

use std::ffi::OsStr;
use std::path::Path;

use glassmaster_program::{must, run};
use glassmaster_testkit::tree as testtree;
use glassmaster_testkit::witness::Witness;
use serde_json::Value;
use tempfile::TempDir;

fn folder() -> TempDir {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir(dir.path().join("files")).unwrap();
    for (name, bytes) in [("files/<a> & \"b\".bin", 900_000), ("files/c.bin", 700_000), ("small", 10)] {
        std::fs::write(dir.path().join(name), testtree::bytes(1, bytes)).unwrap();
    }
    dir
}

/// The titles of all shapes, as a parser finds them; `None` where there is no parser.
fn titles(svg: &Path) -> Option<Vec<String>> {
    let python = Witness::find("python3").unwrap()?;
    let program = "import sys, xml.etree.ElementTree as t; r = t.parse(sys.argv[1]).getroot(); \
                   assert r.tag == '{http://www.w3.org/2000/svg}svg', r.tag; \
                   [print(e.text) for e in r.iter('{http://www.w3.org/2000/svg}title')]";
    let said = python.run([OsStr::new("-c"), OsStr::new(program), svg.as_os_str()]).unwrap();
    assert!(said.status.success(), "{}", said.text());
    Some(String::from_utf8(said.stdout).unwrap().lines().map(str::to_owned).collect())
}

#[test]
fn a_burn_is_reported_for_programs_for_people_and_as_a_picture() {
    let (source, work) = (folder(), TempDir::new().unwrap());
    let at = |name: &str| work.path().join(name).to_string_lossy().into_owned();
    let drive = format!("virtual:{}", at("a.disc"));
    let report = at("report");
    let source = source.path().to_string_lossy().into_owned();
    let events = must(["burn", &source, "--drive", &drive, "--media", "bd-r", "--report", &report]);
    let result = events.last().unwrap();
    let read = |name: &str| std::fs::read_to_string(work.path().join("report").join(name)).unwrap();
    let told: Value = serde_json::from_str(&read("report.json")).unwrap();
    assert_eq!(told["ok"], true);
    assert_eq!(told["sectors"], result["sectors"]);
    assert_eq!(told["sha256_sent"], result["sha256"]);
    assert_eq!(told["sha256_read"], told["sha256_sent"]);
    assert_eq!(told["reading"]["sectors"], told["sectors"]);
    assert_eq!(told["reading"]["retries"], 0);
    assert!(told["medium"]["state"].as_array().unwrap().iter().any(|s| s == "appendable"), "{told:#}");
    let words = read("report.txt");
    assert!(words.starts_with("The disc was written and holds what was sent."), "{words}");
    assert!(words.contains(result["sha256"].as_str().unwrap()));
    assert!(words.contains("another session can be added"));

    let Some(shapes) = titles(&work.path().join("report/picture.svg")) else { return };
    for wanted in
        ["session 1 (data): blocks 0 to ", "track 1: blocks 0 to ", "/files/<a> & \"b\".bin: blocks "]
    {
        assert!(shapes.iter().any(|t| t.starts_with(wanted)), "{wanted}: {shapes:?}");
    }

    let picture = at("info.svg");
    must(["info", &drive, "--picture", &picture]);
    assert!(titles(Path::new(&picture)).unwrap().iter().any(|t| t.starts_with("speed of reading")));
    let image = at("image.iso");
    must(["build", &source, "--output", &image]);
    must(["info", &image, "--picture", &picture]);
    let shapes = titles(Path::new(&picture)).unwrap();
    assert!(shapes.iter().any(|t| t.starts_with("/files/c.bin: blocks ")), "{shapes:?}");
}

#[test]
fn a_folder_that_cannot_be_made_is_told_before_the_disc_is_written() {
    let (source, work) = (folder(), TempDir::new().unwrap());
    let disc = work.path().join("a.disc");
    let drive = format!("virtual:{}", disc.display());
    std::fs::write(work.path().join("file"), b"no folder").unwrap();
    let report = work.path().join("file/report").to_string_lossy().into_owned();
    let source = source.path().to_string_lossy().into_owned();
    let (output, events) = run(["burn", &source, "--drive", &drive, "--media", "bd-r", "--report", &report]);
    assert_eq!(output.status.code(), Some(1));
    assert!(events.last().unwrap()["error"].as_str().unwrap().contains("cannot be made"));
    assert!(!disc.exists(), "a disc was made for a burn that cannot be reported");
}

/// `info --picture` of a disc.
fn drawn(work: &TempDir, disc: &str) -> String {
    let (drive, picture) =
        (format!("virtual:{}", work.path().join(disc).display()), work.path().join("picture.svg"));
    let events = must(["info", &drive, "--picture", picture.to_str().unwrap()]);
    assert_eq!(events.last().unwrap()["picture"], picture.to_str().unwrap());
    let text = std::fs::read_to_string(&picture).unwrap();
    std::fs::remove_file(&picture).unwrap();
    text
}

#[test]
fn a_picture_shows_what_is_on_the_disc_and_what_is_left_of_it() {
    let (source, work) = (folder(), TempDir::new().unwrap());
    let source = source.path().join("small").to_string_lossy().into_owned();
    let drive = |disc: &str| format!("virtual:{}", work.path().join(disc).display());
    for (media, room) in [("cd-r", 359_846), ("bd-r", 12_219_391), ("dvd-r-dl", 4_171_711)] {
        must(["disc", "new", work.path().join(media).to_str().unwrap(), "--media", media]);
        let text = drawn(&work, media);
        assert!(text.contains(&format!("track 1, room left: blocks 0 to {room}")), "{media}: {text}");
        assert!(text.contains(">no faults<") && !text.contains("session 1"), "{media}: {text}");
    }
    // Between the sessions of a CD nothing can be read, and nothing is the matter.
    for _ in 0..4 {
        let append = drawn(&work, "cd-r").contains("session 1");
        let mut arguments = vec!["burn".to_owned(), source.clone(), "--drive".to_owned(), drive("cd-r")];
        arguments.extend(append.then(|| "--append".to_owned()));
        must(arguments);
    }
    let text = drawn(&work, "cd-r");
    assert!(text.contains("session 4 (data): blocks") && text.contains(">no faults<"), "{text}");
    assert!(text.contains("track 5, room left: blocks") && text.contains("speed of reading"), "{text}");
    // A closed disc tells the drive of what is recorded only; the rest of it is empty all the same.
    must(["burn", &source, "--drive", &drive("closed"), "--media", "dvd+r", "--close"]);
    let text = drawn(&work, "closed");
    assert!(text.contains(">block 2295103<") && text.contains("track 1: blocks 0 to"), "{text}");
}
