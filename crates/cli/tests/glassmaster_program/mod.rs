//! The program under test, called as a user calls it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Path of the program this test was built with.
pub(crate) const PATH: &str = env!("CARGO_BIN_EXE_glassmaster");

/// The program, with arguments still to come.
pub(crate) fn command() -> Command {
    let mut command = Command::new(PATH);
    command.env_remove("SOURCE_DATE_EPOCH").stdin(Stdio::null());
    // Journals and owners' names of tests stay away from those of whoever runs them, and nobody's machine is kept awake.
    command.env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command.env("XDG_RUNTIME_DIR", env!("CARGO_TARGET_TMPDIR"));
    command.env("DBUS_SYSTEM_BUS_ADDRESS", concat!("unix:path=", env!("CARGO_TARGET_TMPDIR"), "/no-bus"));
    command
}

/// Runs it to its end with `--json`.
pub(crate) fn run<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(arguments: I) -> (Output, Vec<Value>) {
    let output = command().arg("--json").args(arguments).output().unwrap();
    let events = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect();
    (output, events)
}

/// Runs it to its end with `--json`; it must succeed.
pub(crate) fn must<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(arguments: I) -> Vec<Value> {
    let (output, events) = run(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}\n{:?}", output.status, events.last());
    events
}

/// Serves a virtual disc on a socket until dropped.
pub(crate) struct Served(Child);

impl Served {
    /// Starts serving and waits until the socket is there.
    pub(crate) fn start(disc: &Path, socket: &Path) -> Self {
        let mut command = command();
        command.args(["--quiet", "disc", "serve"]).arg(disc).arg("--socket").arg(socket);
        let served = Self(command.stdout(Stdio::null()).spawn().unwrap());
        let start = Instant::now();
        // The file is there a moment before anybody listens.
        while glassmaster::scsi::wire::Client::connect(socket).is_err() {
            assert!(start.elapsed() < Duration::from_secs(120), "nobody listens");
            std::thread::sleep(Duration::from_millis(5));
        }
        served
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // A test that fails must not fail a second time here.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
