//! A burn whose program is killed at any moment is gone on with, and the disc is the one that an uninterrupted burn makes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

#[allow(dead_code, reason = "each test file uses its part")]
mod glassmaster_program;

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use glassmaster::disc::BlockSource;
use glassmaster::imapi2::recorder::{DiscRecorder, MediaState};
use glassmaster::vdrive::VirtualDrive;
use glassmaster_program::{command, must, run};
use glassmaster_testkit::tree as testtree;
use tempfile::TempDir;

/// Kills of each medium.
const KILLS: u32 = 6;
const BYTES: usize = 24_000_000;

/// Sectors and state of a disc.
fn disc(path: &Path) -> (Vec<u8>, MediaState, usize) {
    let recorder = DiscRecorder::open(Box::new(VirtualDrive::open(path).unwrap())).unwrap();
    let medium = recorder.medium().unwrap();
    let sessions = recorder.sessions().unwrap().len();
    let mut bytes = vec![0; BYTES.next_multiple_of(2048)];
    recorder.disc_source().unwrap().read_blocks(0, &mut bytes).unwrap();
    (bytes, medium.state, sessions)
}

struct Burn<'a> {
    work: &'a Path,
    source: &'a str,
    media: &'a str,
}

impl Burn<'_> {
    fn arguments<'b>(&'b self, drive: &'b str, journal: &'b str) -> [&'b str; 13] {
        [
            "burn",
            self.source,
            "--drive",
            drive,
            "--media",
            self.media,
            "--journal",
            journal,
            "--journal-every",
            "1",
            "--verify",
            "full",
            "--overwrite",
        ]
    }

    /// Kills a burn after this time and goes on with it; what became of it.
    fn killed(&self, name: &str, after: Duration) -> &'static str {
        let path = self.work.join(format!("{name}.disc"));
        let drive = format!("virtual:{}", path.display());
        let journal = self.work.join("journals").to_string_lossy().into_owned();
        let arguments = self.arguments(&drive, &journal);
        let mut child = command()
            .arg("--quiet")
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(after);
        child.kill().unwrap();
        let status = child.wait().unwrap();
        if status.success() {
            return "done before";
        }
        let (output, events) = run(arguments.into_iter().chain(["--resume"]));
        let last = events.last().unwrap();
        if output.status.success() {
            assert_eq!(last["verified"], true, "{last}");
            assert_eq!(last["sha256"].as_str().unwrap().len(), 64, "{last}");
            return "gone on with";
        }
        // Nothing had been written, or all of it and closed: both are said, and nothing was changed.
        let error = last["error"].as_str().unwrap();
        let none = error.contains("there is no journal")
            || error.contains("no session that was begun")
            || error.contains("not as it was");
        assert!(none, "{name}: {error}");
        let (output, events) = run(arguments);
        if output.status.success() {
            return "burnt anew";
        }
        // Closed already: only verification was missing.
        let error = events.last().unwrap()["error"].as_str().unwrap();
        assert!(error.contains("closed") || error.contains("holds a session already"), "{name}: {error}");
        "was closed"
    }
}

fn sweep(media: &str) {
    let work = TempDir::new().unwrap();
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("data.bin"), testtree::bytes(3, BYTES)).unwrap();
    let source = folder.path().to_string_lossy().into_owned();
    let burn = Burn { work: work.path(), source: &source, media };
    let whole = work.path().join("whole.disc");
    let drive = format!("virtual:{}", whole.display());
    let journals = work.path().join("journals").to_string_lossy().into_owned();
    let begun = Instant::now();
    must(burn.arguments(&drive, &journals));
    let time = begun.elapsed();
    let expected = disc(&whole);
    let mut outcomes = std::collections::BTreeMap::new();
    for kill in 0..KILLS {
        let name = format!("{media}-{kill}");
        let outcome = burn.killed(&name, time * (2 * kill + 1) / (3 * KILLS));
        assert!(disc(&work.path().join(format!("{name}.disc"))) == expected, "{name}: another disc");
        *outcomes.entry(outcome).or_insert(0) += 1;
    }
    println!("{media}: {time:?}, {outcomes:?}");
    // A finished burn leaves no journal.
    assert_eq!(std::fs::read_dir(&journals).unwrap().count(), 0);
}

#[test]
fn tracks_that_grow() {
    for media in ["dvd+r", "bd-r", "dvd-r"] {
        sweep(media);
    }
}

#[test]
fn media_that_can_be_overwritten() {
    for media in ["dvd+rw", "bd-re", "dvd-ram", "dvd-rw", "disk"] {
        sweep(media);
    }
}

#[test]
fn without_a_journal_there_is_nothing_to_go_on_with() {
    let (work, folder) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    std::fs::write(folder.path().join("a"), b"a").unwrap();
    let source = folder.path().to_string_lossy().into_owned();
    let burn = Burn { work: work.path(), source: &source, media: "cd-r" };
    let drive = format!("virtual:{}", work.path().join("a.disc").display());
    let journals = work.path().join("journals").to_string_lossy().into_owned();
    let (output, events) = run(burn.arguments(&drive, &journals).into_iter().chain(["--resume"]));
    assert_eq!(output.status.code(), Some(1), "{events:?}");
    assert!(events.last().unwrap()["error"].as_str().unwrap().contains("no burn was broken off"));
}
