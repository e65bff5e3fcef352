//! Burns in a world that does not hold still: suspend, signals, other programs that want the same drive.

#![allow(clippy::unwrap_used, clippy::panic)]

#[allow(dead_code, reason = "each test file uses its part")]
mod glassmaster_program;

use std::os::unix::fs::{FileExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use glassmaster::disc::MediaType;
use glassmaster::scsi::wire::{Listener, serve};
use glassmaster::scsi::{Cdb, DataPhase, Outcome, Sense, Transport, TransportError};
use glassmaster::vdrive::{Disc, MediumOptions, VirtualDrive};
use glassmaster_program::{command, must};
use glassmaster_testkit::tree as testtree;
use glassmaster_testkit::witness::Witness;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

/// Longest time anything here may take before the test is over.
const LIMIT: Duration = Duration::from_secs(120);

/// What the drive does with the WRITE it was stopped at.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Go,
    Fail,
    /// Its buffer stays full, for this WRITE and all that follow: the burn gets no further, however late a signal is heard.
    Full,
}

/// A drive that stops at one WRITE until it is told how to go on.
struct Gate {
    drive: VirtualDrive,
    writes: u32,
    at: u32,
    full: bool,
    reached: Sender<()>,
    then: Receiver<Then>,
}

impl Transport for Gate {
    fn execute(
        &mut self,
        cdb: &Cdb,
        data: DataPhase<'_>,
        limit: Duration,
    ) -> Result<Outcome, TransportError> {
        if cdb.opcode() == 0x2A {
            self.writes += 1;
            if self.writes == self.at {
                self.reached.send(()).unwrap();
                match self.then.recv_timeout(LIMIT) {
                    Ok(Then::Fail) => return Ok(Outcome::check(Sense::of(3, 0x0C, 0x00))),
                    then => self.full = then == Ok(Then::Full),
                }
            }
            if self.full {
                // LONG WRITE IN PROGRESS.
                return Ok(Outcome::check(Sense::of(2, 0x04, 0x08)));
            }
        }
        self.drive.execute(cdb, data, limit)
    }

    fn max_transfer(&self) -> usize {
        self.drive.max_transfer()
    }

    fn name(&self) -> &str {
        self.drive.name()
    }
}

/// A [`Gate`] behind a socket.
struct Gated {
    folder: TempDir,
    reached: Receiver<()>,
    then: Sender<Then>,
    end: Arc<AtomicBool>,
    serving: Option<JoinHandle<()>>,
}

impl Gated {
    /// A blank disc whose burn stops at its WRITE of this number, and a file to be burnt.
    fn new(media: MediaType, at: u32) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("data.bin"), testtree::bytes(5, 1_000_000)).unwrap();
        drop(Disc::create(&folder.path().join("a.disc"), media, &MediumOptions::default()).unwrap());
        let mut drive = VirtualDrive::open(&folder.path().join("a.disc")).unwrap();
        drive.acknowledge();
        let (reached_sender, reached) = channel();
        let (then, then_receiver) = channel();
        let listener = Listener::bind(&folder.path().join("socket")).unwrap();
        let end = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&end);
        let serving = std::thread::spawn(move || {
            let mut gate =
                Gate { drive, writes: 0, at, full: false, reached: reached_sender, then: then_receiver };
            serve(&listener, &mut gate, &stop).unwrap();
        });
        Self { folder, reached, then, end, serving: Some(serving) }
    }

    fn drive(&self) -> String {
        format!("socket:{}", self.folder.path().join("socket").display())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A burn of the file, stopped at the gate.
    fn burning(&self, set: impl FnOnce(&mut Command)) -> Child {
        let mut command = command();
        command.arg("burn").arg(self.path("data.bin")).args(["--drive", &self.drive()]);
        command.arg("--journal").arg(self.path("journals"));
        set(&mut command);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        self.reached.recv_timeout(LIMIT).unwrap();
        child
    }

    /// The disc as another program finds it.
    fn medium(&self) -> Value {
        must(["info", &self.drive()]).pop().unwrap()["medium"].clone()
    }
}

impl Drop for Gated {
    fn drop(&mut self) {
        self.end.store(true, Ordering::SeqCst);
        // Whoever stands at the gate goes on; that nobody does is as good.
        let _ = self.then.send(Then::Go);
        if let Some(serving) = self.serving.take() {
            let _ = serving.join();
        }
    }
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

fn result(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.lines().last().unwrap_or_else(|| panic!("{output:?}"))).unwrap()
}

/// A system bus of its own with python-dbusmock in place of logind.
struct Logind {
    folder: TempDir,
    processes: Vec<Child>,
    ask: Witness,
}

impl Logind {
    /// `None` where a program is missing.
    fn start() -> Option<Self> {
        let (daemon, ask) = (Witness::find("dbus-daemon").unwrap()?, Witness::find("dbus-send").unwrap()?);
        let mock = Path::new("/usr/lib/python3/dist-packages/dbusmock/templates/logind.py");
        if !mock.is_file() {
            assert!(std::env::var_os("CI").is_none(), "python3-dbusmock is missing");
            return None;
        }
        let folder = TempDir::new().unwrap();
        let mut logind = Self { folder, processes: Vec::new(), ask };
        // A session bus in everything but its place: it asks for no policies of a system.
        let mut command = daemon.command();
        command.args(["--session", "--nofork", "--nopidfile", "--address"]).arg(logind.address());
        logind.spawn(command);
        logind.wait("the bus listens", |l| l.folder.path().join("bus").exists());
        let mut command = Command::new("/usr/bin/python3");
        command.args(["-m", "dbusmock", "--system", "--template", "logind"]);
        command.env("DBUS_SYSTEM_BUS_ADDRESS", logind.address());
        logind.spawn(command);
        logind.wait("logind answers", |l| l.inhibitors().is_some());
        Some(logind)
    }

    fn spawn(&mut self, mut command: Command) {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.processes.push(command.spawn().unwrap());
    }

    fn address(&self) -> String {
        format!("unix:path={}", self.folder.path().join("bus").display())
    }

    /// The locks as logind lists them.
    fn inhibitors(&self) -> Option<String> {
        let mut command = self.ask.command();
        command.env("DBUS_SYSTEM_BUS_ADDRESS", self.address());
        command.args(["--system", "--print-reply", "--dest=org.freedesktop.login1"]);
        command.args(["/org/freedesktop/login1", "org.freedesktop.login1.Manager.ListInhibitors"]);
        let output = command.output().unwrap();
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn is_held(&self) -> bool {
        self.inhibitors().unwrap().contains("Glassmaster")
    }

    /// Writing that was stopped at its third WRITE and holds a lock. The program gives a bus two seconds; where the machine
    /// stalled so long that it says so, it writes once more.
    fn holding(&self, start: impl Fn(&Gated) -> Child) -> (Gated, Child) {
        for _ in 0..10 {
            let gated = Gated::new(MediaType::BD_RE, 3);
            let child = start(&gated);
            if self.is_held() {
                return (gated, child);
            }
            gated.then.send(Then::Go).unwrap();
            let result = result(&child.wait_with_output().unwrap());
            assert!(result["notes"].to_string().contains("did not answer"), "{result}");
        }
        panic!("no answer in time, ten times");
    }

    fn wait(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !done(self) {
            assert!(begun.elapsed() < LIMIT, "{what}: not yet");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Logind {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// How a burn ends that holds a lock.
#[derive(Clone, Copy, PartialEq, Debug)]
enum End {
    Well,
    DriveFails,
    Interrupted,
    Killed,
}

#[test]
fn suspend_is_held_off_while_a_disc_is_written_and_not_a_moment_longer() {
    let Some(logind) = Logind::start() else { return };
    for end in [End::Well, End::DriveFails, End::Interrupted, End::Killed] {
        assert!(!logind.is_held(), "{end:?}");
        let (gated, child) = logind.holding(|gated| {
            gated.burning(|c| {
                c.arg("--json").env("DBUS_SYSTEM_BUS_ADDRESS", logind.address());
            })
        });
        let list = logind.inhibitors().unwrap();
        for word in ["shutdown:sleep:handle-lid-switch", "Glassmaster", "A disc is being written", "block"] {
            assert!(list.contains(word), "{end:?}: {word}: {list}");
        }
        match end {
            End::Interrupted => signal(&child, Signal::SIGINT),
            End::Killed => signal(&child, Signal::SIGKILL),
            End::Well | End::DriveFails => {}
        }
        let then = match end {
            End::DriveFails => Then::Fail,
            End::Interrupted => Then::Full,
            End::Well | End::Killed => Then::Go,
        };
        gated.then.send(then).unwrap();
        let output = child.wait_with_output().unwrap();
        logind.wait("the lock is gone", |l| !l.is_held());
        match end {
            End::Well => assert_eq!(output.status.code(), Some(0)),
            End::DriveFails => assert_eq!(output.status.code(), Some(1)),
            End::Interrupted => assert_eq!(output.status.code(), Some(130)),
            End::Killed => {
                assert_eq!(output.status.signal(), Some(9));
                continue;
            }
        }
        let result = result(&output);
        assert_eq!(result["suspend_held_off"], true, "{end:?}: {result}");
        assert_eq!(result["notes"], Value::Array(Vec::new()), "{end:?}: {result}");
    }
    // Erasing writes as well.
    let (gated, child) = logind.holding(|gated| {
        let mut erase = command();
        erase.args(["--json", "erase", "--drive", &gated.drive()]);
        erase.env("DBUS_SYSTEM_BUS_ADDRESS", logind.address()).stdout(Stdio::piped());
        let child = erase.spawn().unwrap();
        gated.reached.recv_timeout(LIMIT).unwrap();
        child
    });
    assert!(logind.inhibitors().unwrap().contains("A disc is being erased"));
    gated.then.send(Then::Go).unwrap();
    assert_eq!(result(&child.wait_with_output().unwrap())["suspend_held_off"], true);
    logind.wait("the lock is gone", |l| !l.is_held());
    // And who does not want it gets none.
    let gated = Gated::new(MediaType::BD_RE, 3);
    let child = gated.burning(|c| {
        c.args(["--json", "--no-inhibit"]).env("DBUS_SYSTEM_BUS_ADDRESS", logind.address());
    });
    assert!(!logind.is_held());
    gated.then.send(Then::Go).unwrap();
    let result = result(&child.wait_with_output().unwrap());
    assert_eq!((&result["suspend_held_off"], &result["ok"]), (&Value::Bool(false), &Value::Bool(true)));
    assert_eq!(result["notes"], Value::Array(Vec::new()));
}

/// No bus, a bus that refuses, and one that says nothing: the burn goes on and tells.
#[test]
fn a_burn_without_a_bus_goes_on_and_says_so() {
    let work = TempDir::new().unwrap();
    std::fs::write(work.path().join("data.bin"), testtree::bytes(5, 100_000)).unwrap();
    let silent = std::os::unix::net::UnixListener::bind(work.path().join("silent")).unwrap();
    let gone = work.path().join("gone");
    for (place, word) in [(&gone, "not held off"), (&work.path().join("silent"), "did not answer")] {
        let disc = work.path().join(format!("{}.disc", place.file_name().unwrap().to_string_lossy()));
        let mut burn = command();
        burn.args(["--json", "burn"]).arg(work.path().join("data.bin"));
        burn.args(["--drive", &format!("virtual:{}", disc.display()), "--media", "bd-r"]);
        burn.env("DBUS_SYSTEM_BUS_ADDRESS", format!("unix:path={}", place.display()));
        let begun = Instant::now();
        let output = burn.output().unwrap();
        assert!(begun.elapsed() < LIMIT, "{word}");
        let result = result(&output);
        assert_eq!(result["ok"], true, "{result}");
        assert_eq!(result["suspend_held_off"], false, "{result}");
        assert_eq!(result["notes"].as_array().unwrap().len(), 1, "{result}");
        assert!(result["notes"][0].as_str().unwrap().contains(word), "{result}");
    }
    drop(silent);
}

/// One signal, or two within a second: the burn stops at its next command, and what is said of the disc is what another
/// program finds.
#[test]
fn a_signal_stops_at_a_safe_point_and_the_disc_is_what_is_said() {
    for (media, signals, json) in [
        (MediaType::CD_R, 1, true),
        (MediaType::DVD_PLUS_R, 2, true),
        (MediaType::BD_R, 1, false),
        (MediaType::BD_RE, 2, true),
    ] {
        let (gated, output) = interrupted(media, signals, json);
        assert_eq!(output.status.code(), Some(130), "{media}: {output:?}");
        let now = gated.medium();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains("cancelled after") && error.contains("the disc is now"), "{media}: {error}");
        if json {
            let result = result(&output);
            assert_eq!((&result["exit"], &result["blame"]), (&Value::from(130), &Value::from("cancelled")));
            assert_eq!(result["medium"]["state"], now["state"], "{media}: {result}");
            assert!(!result["aftermath"].as_array().unwrap().is_empty(), "{media}: {result}");
        }
        assert!(error.contains("; next: "), "{media}: {error}");
    }
}

/// A burn that hears these signals at its twelfth WRITE.
fn interrupted(media: MediaType, signals: u32, json: bool) -> (Gated, Output) {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let gated = Gated::new(media, 12);
        let child = gated.burning(|c| {
            c.args(json.then_some("--json"));
        });
        let begun = Instant::now();
        for _ in 0..signals {
            signal(&child, Signal::SIGINT);
        }
        gated.then.send(Then::Full).unwrap();
        let output = child.wait_with_output().unwrap();
        // Heard two seconds after the first, the second one means "at once": on a machine that stalled so long, once more.
        if signals == 1 || begun.elapsed() < Duration::from_secs(2) || attempts == 10 {
            return (gated, output);
        }
    }
}

/// What is written in one go is over with its program. Whoever wants to go on hears why not, and what the disc is.
#[test]
fn a_cd_whose_burn_was_killed_is_not_gone_on_with() {
    let gated = Gated::new(MediaType::CD_R, 12);
    let mut child = gated.burning(|_| {});
    child.kill().unwrap();
    child.wait().unwrap();
    gated.then.send(Then::Go).unwrap();
    let mut again = command();
    again.args(["--json", "burn", "--resume"]).arg(gated.path("data.bin")).args(["--drive", &gated.drive()]);
    let output = again.arg("--journal").arg(gated.path("journals")).output().unwrap();
    let result = result(&output);
    let error = result["error"].as_str().unwrap();
    assert!(error.contains("there is no journal") && error.contains("the disc is now a CD-R"), "{error}");
    assert_eq!(result["medium"]["state"], gated.medium()["state"], "{result}");
}

#[test]
fn nothing_is_added_to_a_session_that_was_broken_off() {
    let gated = Gated::new(MediaType::DVD_PLUS_R, 12);
    let mut child = gated.burning(|_| {});
    child.kill().unwrap();
    child.wait().unwrap();
    gated.then.send(Then::Go).unwrap();
    let mut append = command();
    append.args(["--json", "burn", "--append"]).arg(gated.path("data.bin")).args(["--drive", &gated.drive()]);
    let output = append.output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let result = result(&output);
    let error = result["error"].as_str().unwrap();
    assert!(error.contains("begun and never finished") && error.contains("--resume"), "{error}");
    let told = command().args(["info", &gated.drive()]).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let track = told.lines().find(|line| line.starts_with("track 1")).unwrap();
    assert!(track.contains("recorded up to sector") && track.ends_with("not closed"), "{told}");
}

/// What the disc holds is what was read, and that was told from what the file is now.
#[test]
fn an_image_that_changes_while_it_is_burnt_is_no_success() {
    let gated = Gated::new(MediaType::DVD_PLUS_R, 12);
    let (data, image) = (gated.path("data.bin"), gated.path("image.iso"));
    must(["build".as_ref(), data.as_os_str(), "-o".as_ref(), image.as_os_str()].map(|a| a.to_str().unwrap()));
    std::fs::rename(&image, &data).unwrap();
    let child = gated.burning(|command| {
        command.arg("--json");
    });
    let before = data.metadata().unwrap();
    let file = std::fs::File::options().write(true).open(&data).unwrap();
    file.write_all_at(b"changed", 100_000).unwrap();
    // As a clock of coarse ticks would have it some time later.
    file.set_modified(before.modified().unwrap() + Duration::from_secs(1)).unwrap();
    gated.then.send(Then::Go).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let result = result(&output);
    let error = result["error"].as_str().unwrap();
    assert!(error.contains("data.bin' changed while it was burnt"), "{error}");
    assert_eq!((&result["ok"], &result["verified"]), (&Value::Bool(false), &Value::Bool(true)), "{result}");
}

/// The same for erasing by zeros.
#[test]
fn an_erase_that_is_interrupted_says_what_the_disc_is() {
    for (media, at) in [(MediaType::BD_RE, 40), (MediaType::DVD_RAM, 5)] {
        let gated = Gated::new(media, at);
        let mut erase = command();
        erase.args(["--json", "erase", "--drive", &gated.drive()]).stdout(Stdio::piped());
        let child = erase.spawn().unwrap();
        gated.reached.recv_timeout(LIMIT).unwrap();
        signal(&child, Signal::SIGINT);
        gated.then.send(Then::Full).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{media}: {output:?}");
        let (result, now) = (result(&output), gated.medium());
        assert_eq!(result["blame"], "cancelled", "{result}");
        assert_eq!(result["medium"]["state"], now["state"], "{media}: {result}");
        let error = result["error"].as_str().unwrap();
        assert!(error.contains("the disc is now") && error.contains("erase it again"), "{error}");
        assert!(!result["aftermath"].as_array().unwrap().is_empty(), "{media}: {result}");
    }
}

/// Whoever meets a drive that is in use hears who has it.
#[test]
fn the_owner_of_a_drive_is_known_by_name_and_process() {
    let gated = Gated::new(MediaType::BD_RE, 3);
    let child = gated.burning(|_| {});
    let owner = format!("Glassmaster, process {}", child.id());
    // The drive stands still, so that it can be asked nothing: what is known of its owner is in a file.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("glassmaster");
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o022, 0);
    let names = || -> Vec<String> {
        let files = std::fs::read_dir(&folder).unwrap();
        files.filter_map(|file| std::fs::read_to_string(file.ok()?.path()).ok()).collect()
    };
    assert!(names().iter().any(|text| text.contains(&owner)), "{:?}", names());
    let mut second = command();
    second.args(["burn", "--json"]).arg(gated.path("data.bin")).args(["--drive", &gated.drive()]);
    let second = second.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    gated.then.send(Then::Go).unwrap();
    let first = child.wait_with_output().unwrap();
    assert!(first.status.success(), "{first:?}");
    // It came too early and was refused with the name, or waited for its turn at the drive till the first was done.
    let output = second.wait_with_output().unwrap();
    let error = result(&output)["error"].as_str().unwrap_or_default().to_owned();
    assert!(error.contains(&owner) || error.contains("holds data"), "{error}");
    assert!(!names().iter().any(|text| text.contains(&owner)), "{:?}", names());
}

/// The file of a virtual disc is locked by the system, which knows no names.
#[test]
fn the_owner_of_a_virtual_disc_is_known_too() {
    let work = TempDir::new().unwrap();
    std::fs::write(work.path().join("data.bin"), testtree::bytes(5, 30_000_000)).unwrap();
    let drive = format!("virtual:{}", work.path().join("a.disc").display());
    must(["disc", "new", &drive["virtual:".len()..], "--media", "bd-re"]);
    let (first, owner) = burn_stopped_as_owner(&work.path().join("data.bin"), &drive);
    // It keeps the disc as long as it takes.
    let output = command().args(["info", "--json", &drive]).output().unwrap();
    signal(&first, Signal::SIGCONT);
    let error = result(&output)["error"].as_str().unwrap_or_default().to_owned();
    assert!(error.contains("in use by another process") && error.contains(&owner), "{error}");
    let output = first.wait_with_output().unwrap();
    assert!(output.status.success());
}

/// A burn that was stopped while it holds the drive, and the name it holds it under. One that was faster than the signal is
/// begun again.
fn burn_stopped_as_owner(data: &Path, drive: &str) -> (Child, String) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("glassmaster");
    let begun = Instant::now();
    loop {
        let mut burn = command();
        burn.args(["burn", "--overwrite"]).arg(data).args(["--drive", drive]);
        let mut child = burn.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let owner = format!("Glassmaster, process {}", child.id());
        let is_held = || {
            let files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
            let mut discs = files.filter(|file| file.file_name().to_string_lossy().contains("disc_"));
            discs.any(|file| std::fs::read_to_string(file.path()).is_ok_and(|text| text.contains(&owner)))
        };
        while !is_held() && child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < LIMIT, "nobody holds the disc");
        }
        if child.try_wait().unwrap().is_none() {
            signal(&child, Signal::SIGSTOP);
            while !matches!(state(&child), 'T' | 'Z') {
                std::thread::sleep(Duration::from_millis(1));
            }
            if is_held() && state(&child) == 'T' {
                return (child, owner);
            }
            signal(&child, Signal::SIGCONT);
        }
        assert!(child.wait().unwrap().success());
    }
}

/// What the process does, as proc_pid_stat(5) has it: the letter behind the name in parentheses.
fn state(child: &Child) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()).unwrap()
}

/// The file of the disc grows up to a limit and no further, as on a full disk. What is half on the disc then is shown as a
/// file system by its start: nothing may be built upon it before it is whole.
#[test]
fn a_host_that_cannot_keep_the_disc_is_named_and_half_a_disc_is_not_built_upon() {
    let place = glassmaster_testkit::scratch::folder().unwrap();
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let (source, more, disc) = (path("source"), path("more"), path("disc"));
    let drive = format!("virtual:{disc}");
    std::fs::create_dir(&source).unwrap();
    std::fs::write(path("source/data.bin"), testtree::bytes(1, 40_000_000)).unwrap();
    std::fs::write(&more, "more").unwrap();
    must(["disc", "new", &disc, "--media", "dvd+rw"]);
    let journals = path("journals");
    let burn = |what: &str, options: &[&str]| -> Vec<String> {
        let all = ["--json", "burn", what, "--drive", &drive, "--journal", &journals, "--journal-every", "1"];
        all.iter().chain(options).map(|&s| s.to_owned()).collect()
    };
    let mut limited = Command::new("sh");
    // 12 or 24 MiB, by the shell's unit.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 24576; exec \"$@\"", "sh", glassmaster_program::PATH]);
    for (name, value) in command().get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let output = limited.args(burn(&source, &[])).stdin(Stdio::null()).output().unwrap();
    let failed = result(&output);
    let error = failed["error"].as_str().unwrap();
    assert!(error.contains("File too large") && error.contains(&disc), "{error}");
    assert!(failed["next_step"].as_str().unwrap().contains("--resume"), "{failed}");
    assert_eq!(failed["exit"], 1);

    let refused = result(&command().args(burn(&more, &["--append"])).output().unwrap());
    assert_eq!((&refused["exit"], &refused["hresult"]), (&4.into(), &"0xC0AA0402".into()), "{refused}");
    assert!(refused["error"].as_str().unwrap().contains("not whole"), "{refused}");

    for (what, options) in [(&source, &["--resume"][..]), (&more, &["--append"])] {
        let done = result(&command().args(burn(what, options)).output().unwrap());
        assert_eq!(done["verified"], true, "{done}");
    }
    let listed = must(["list", &drive]);
    assert!(
        listed.iter().any(|e| e["path"].as_str().is_some_and(|path| path.ends_with("data.bin"))),
        "{listed:?}"
    );
}
