//! A burn whose program is killed at any moment is gone on with, and the disc is the one that an uninterrupted burn makes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

#[allow(dead_code, reason = "each test file uses its part")]
mod glassmaster_program;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use glassmaster::disc::{BlockSource, SECTOR};
use glassmaster::imapi2::recorder::{DiscRecorder, MediaState};
use glassmaster::scsi::{Cdb, DataPhase, Outcome, Transport, TransportError, wire};
use glassmaster::vdrive::VirtualDrive;
use glassmaster_program::{command, must, run};
use glassmaster_testkit::{scratch, tree as testtree};
use tempfile::TempDir;

/// Kills of each medium.
const KILLS: u32 = 6;
const BYTES: usize = 24_000_000;
/// Sectors that are compared of media that can be overwritten: more than anything here writes.
const READ: u64 = 16_384;

/// What is recorded in whole sessions, the state, and the sessions of a disc.
fn disc(path: &Path) -> (Vec<u8>, MediaState, usize) {
    let recorder = DiscRecorder::open(Box::new(VirtualDrive::open(path).unwrap())).unwrap();
    let state = recorder.medium().unwrap().state;
    let sessions = recorder.sessions().unwrap();
    let mut places: Vec<_> = sessions.iter().map(|s| (u64::from(s.start), u64::from(s.last) + 1)).collect();
    if state.contains(MediaState::OVERWRITE_ONLY) {
        // Both ends: everything, and the anchor that stands last.
        let end = recorder.disc_source().unwrap().block_count();
        places = vec![(0, end.min(READ)), (end.saturating_sub(288), end)];
    }
    let mut all = Vec::new();
    for (first, end) in places {
        let mut bytes = vec![0; usize::try_from(end - first).unwrap() * SECTOR];
        recorder.disc_source_of(end).read_blocks(first, &mut bytes).unwrap();
        all.extend(bytes);
    }
    (all, state, sessions.len())
}

/// Two discs are one, or what differs first is named.
fn same_disc(found: &(Vec<u8>, MediaState, usize), expected: &(Vec<u8>, MediaState, usize), name: &str) {
    assert_eq!(
        (found.1, found.2, found.0.len()),
        (expected.1, expected.2, expected.0.len()),
        "{name}: another disc"
    );
    let differs = found.0.iter().zip(&expected.0).position(|(a, b)| a != b);
    assert_eq!(differs.map(|at| (at / SECTOR, at % SECTOR)), None, "{name}: another disc (sector, byte)");
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
    let work = scratch::folder().unwrap();
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
        let path = work.path().join(format!("{name}.disc"));
        same_disc(&disc(&path), &expected, &name);
        std::fs::remove_file(path).unwrap();
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

/// A second session onto a disc that holds one.
struct Appending<'a> {
    work: &'a Path,
    first: &'a str,
    second: &'a str,
    media: &'a str,
}

impl Appending<'_> {
    /// Makes the disc with its first session; where it lies.
    fn begun(&self, name: &str) -> PathBuf {
        let path = self.work.join(format!("{name}.disc"));
        let drive = format!("virtual:{}", path.display());
        must(["burn", self.first, "--drive", &drive, "--media", self.media, "--verify", "none"]);
        path
    }

    fn arguments(&self, disc: &Path) -> Vec<String> {
        let drive = format!("virtual:{}", disc.display());
        let journals = self.work.join("journals").to_string_lossy().into_owned();
        ["burn", self.second, "--append", "--drive", &drive, "--journal", &journals, "--journal-every", "1"]
            .map(str::to_owned)
            .to_vec()
    }

    /// Kills the burn after this time and goes on with it. The disc is then as `expected`, or as it was and says why.
    fn killed(&self, name: &str, after: Duration, expected: &(Vec<u8>, MediaState, usize)) -> &'static str {
        let path = self.begun(name);
        let before = disc(&path);
        let arguments = self.arguments(&path);
        let mut child = command()
            .arg("--quiet")
            .args(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(after);
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            return "done before";
        }
        let (output, events) = run(arguments.iter().map(String::as_str).chain(["--resume"]));
        let last = events.last().unwrap();
        if output.status.success() {
            assert_eq!(last["verified"], true, "{last}");
            same_disc(&disc(&path), expected, name);
            return "gone on with";
        }
        let error = last["error"].as_str().unwrap();
        let none = error.contains("there is no journal") || error.contains("no session that was begun");
        assert!(none, "{name}: {error}");
        if disc(&path) == *expected {
            return "was closed";
        }
        assert!(disc(&path) == before, "{name}: {error}");
        must(arguments.iter().map(String::as_str));
        same_disc(&disc(&path), expected, name);
        "burnt anew"
    }
}

/// Kills of each medium that gets a second session.
const APPEND_KILLS: u32 = 10;

#[test]
fn a_session_that_is_appended() {
    let work = scratch::folder().unwrap();
    let (first, second) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    std::fs::write(first.path().join("old.bin"), testtree::bytes(4, 1_000_000)).unwrap();
    std::fs::write(second.path().join("new.bin"), testtree::bytes(5, 12_000_000)).unwrap();
    let [first_path, second_path] = [&first, &second].map(|f| f.path().to_string_lossy().into_owned());
    let mut state = 0x5EED_u64;
    for media in ["dvd+r", "bd-r", "dvd-r", "dvd+rw", "bd-re"] {
        let appending = Appending { work: work.path(), first: &first_path, second: &second_path, media };
        let whole = appending.begun("whole");
        let begun = Instant::now();
        must(appending.arguments(&whole));
        let time = begun.elapsed();
        let expected = disc(&whole);
        let mut outcomes = std::collections::BTreeMap::new();
        for kill in 0..APPEND_KILLS {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let after = time.mul_f64((state >> 40) as f64 / f64::from(1 << 24));
            let name = format!("{media}-{kill}");
            *outcomes.entry(appending.killed(&name, after, &expected)).or_insert(0) += 1;
            std::fs::remove_file(work.path().join(format!("{name}.disc"))).unwrap();
        }
        std::fs::remove_file(whole).unwrap();
        println!("{media}: {time:?}, {outcomes:?}");
    }
}

/// A drive that is gone as soon as it has done this many of the commands that change a disc.
struct Breaking {
    drive: VirtualDrive,
    left: Option<u32>,
    done: u32,
}

impl Transport for Breaking {
    fn execute(
        &mut self,
        cdb: &Cdb,
        data: DataPhase<'_>,
        limit: Duration,
    ) -> Result<Outcome, TransportError> {
        let gone = || TransportError::DeviceGone { device: "drive".to_owned(), detail: "cut".to_owned() };
        if self.left == Some(self.done) {
            return Err(gone());
        }
        let outcome = self.drive.execute(cdb, data, limit)?;
        // WRITE (10), SYNCHRONIZE CACHE, CLOSE TRACK SESSION.
        if matches!(cdb.opcode(), 0x2A | 0x35 | 0x5B) {
            self.done += 1;
        }
        if self.left == Some(self.done) { Err(gone()) } else { Ok(outcome) }
    }

    fn max_transfer(&self) -> usize {
        self.drive.max_transfer()
    }

    fn name(&self) -> &str {
        self.drive.name()
    }
}

/// Does this with the disc in a drive at a socket; how many commands changed the disc.
fn at_socket(disc: &Path, socket: &Path, left: Option<u32>, work: impl FnOnce()) -> u32 {
    let mut drive = VirtualDrive::open(disc).unwrap();
    drive.acknowledge();
    let mut drive = Breaking { drive, left, done: 0 };
    let listener = wire::Listener::bind(socket).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|threads| {
        let server = threads.spawn(|| wire::serve(&listener, &mut drive, &stop));
        work();
        stop.store(true, Ordering::Relaxed);
        // Somebody who connects makes a server that waits look up.
        drop(wire::Client::connect(socket));
        assert_eq!(server.join().unwrap().is_err(), left.is_some());
    });
    drive.done
}

/// Between the last steps of an append, those included that put the new tree in force: the disc of the undisturbed one.
#[test]
fn a_session_that_is_appended_breaks_off_between_two_steps() {
    let work = scratch::folder().unwrap();
    let (first, second) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    std::fs::write(first.path().join("old.bin"), testtree::bytes(4, 100_000)).unwrap();
    std::fs::write(second.path().join("new.bin"), testtree::bytes(5, 100_000)).unwrap();
    let [first, second] = [&first, &second].map(|f| f.path().to_string_lossy().into_owned());
    let (path, socket) = (work.path().join("a.disc"), work.path().join("a.socket"));
    let [drive, journals] =
        [&socket, &work.path().join("journals")].map(|p| p.to_string_lossy().into_owned());
    let drive = format!("socket:{drive}");
    let arguments = ["burn", &second, "--append", "--drive", &drive, "--journal", &journals];
    for media in ["dvd+r", "dvd+rw", "bd-re"] {
        let begun = Appending { work: work.path(), first: &first, second: &second, media }.begun("a");
        // The first session is short: all of it and of what is known of it stands at the beginning of the file.
        let length = begun.metadata().unwrap().len();
        let mut head = vec![0; 4 << 20];
        std::fs::File::open(&begun).unwrap().read_exact(&mut head).unwrap();
        let put_back = || {
            std::fs::write(&path, &head).unwrap();
            std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length).unwrap();
        };
        let steps = at_socket(&path, &socket, None, || drop(must(arguments)));
        let expected = disc(&path);
        // Among those of the data one is as good as another.
        for step in [1, steps / 2].into_iter().chain(steps - 4..=steps) {
            let name = format!("{media}, step {step} of {steps}");
            put_back();
            at_socket(&path, &socket, Some(step), || {
                let (output, events) = run(arguments);
                assert!(!output.status.success(), "{name}: {:?}", events.last());
            });
            at_socket(&path, &socket, None, || {
                let last = must(arguments.into_iter().chain(["--resume"])).pop().unwrap();
                assert_eq!(last["verified"], true, "{name}: {last}");
            });
            same_disc(&disc(&path), &expected, &name);
            assert_eq!(std::fs::read_dir(&journals).unwrap().count(), 0, "{name}");
        }
        println!("{media}: {steps} steps");
        std::fs::remove_file(&path).unwrap();
    }
}

/// What has changed since is refused, and the disc stays as it was; with the old folder it is gone on with.
#[test]
fn another_folder_than_the_one_that_was_begun_is_refused() {
    for (media, append) in [("bd-r", true), ("bd-re", true), ("dvd+r", false), ("dvd+rw", false)] {
        let work = scratch::folder().unwrap();
        let folder = work.path().join("folder");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("data.bin"), testtree::bytes(6, BYTES)).unwrap();
        let other = work.path().join("other");
        std::fs::create_dir(&other).unwrap();
        std::fs::write(other.join("data.bin"), testtree::bytes(7, BYTES)).unwrap();
        let source = folder.to_string_lossy().into_owned();
        let appending = Appending { work: work.path(), first: &source, second: &source, media };
        let path = work.path().join("a.disc");
        let mut arguments = appending.arguments(&path);
        if !append {
            arguments.retain(|a| a != "--append");
        }
        let mut attempts = 0;
        loop {
            if append {
                appending.begun("a");
            } else {
                must(["disc", "new", &path.to_string_lossy(), "--media", media]);
            }
            // A burn that was faster is begun again, on a new disc.
            if killed_while_writing(&arguments, &work.path().join("journals")) {
                break;
            }
            attempts += 1;
            assert!(attempts < 50, "{media}: it is over too soon every time");
            std::fs::remove_file(&path).unwrap();
        }
        let after = disc(&path);
        let mut changed = arguments.clone();
        changed[1] = other.to_string_lossy().into_owned();
        let (output, events) = run(changed.iter().map(String::as_str).chain(["--resume"]));
        let error = events.last().unwrap()["error"].as_str().unwrap();
        assert!(!output.status.success() && error.contains("is of another image"), "{media}: {error}");
        assert!(disc(&path) == after, "{media}: it was changed");
        must(arguments.iter().map(String::as_str).chain(["--resume"]));
    }
}

/// Ends the program as soon as its journal says that a part of the data is on the disc.
fn killed_while_writing(arguments: &[String], journals: &Path) -> bool {
    let mut child = command().args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let part_is_written = || {
        let files = std::fs::read_dir(journals).into_iter().flatten();
        let mut texts = files.filter_map(|file| std::fs::read_to_string(file.ok()?.path()).ok());
        texts.any(|text| text.contains("written") && !text.contains("written 0\n"))
    };
    let mut seen = false;
    while !seen && child.try_wait().unwrap().is_none() {
        seen = part_is_written();
    }
    child.kill().unwrap();
    !child.wait().unwrap().success() && seen
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
