//! Other people's programs, called to say what they think of an image or a recorder.

mod boot;
mod burner;
mod compiler;
mod kernel;
mod reader;

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub use boot::{Firmware, Machine, efi_volume, isolinux, real_mode_program};
pub use burner::{Burner, RefusedCommand, Shim};
pub use kernel::{GuestRun, Kernel, Mount, MountMode, Mounted};
pub use reader::{isoinfo, pycdlib, seven_zip, udfdump, udfinfo, xorriso_find};

use crate::{Failure, Result};

/// Longest time a program may take; whole test suites have less.
const LIMIT: Duration = Duration::from_secs(600);

/// Program and the Debian package that has it.
const PACKAGES: &[(&str, &str)] = &[
    ("7z", "p7zip-full"),
    ("bsdtar", "libarchive-tools"),
    ("cc", "gcc"),
    ("cdrdao", "cdrdao"),
    ("cdrskin", "cdrskin"),
    ("dbus-daemon", "dbus-daemon"),
    ("dbus-send", "dbus-bin"),
    ("dumpet", "dumpet"),
    ("dvd+rw-format", "dvd+rw-tools"),
    ("dvd+rw-mediainfo", "dvd+rw-tools"),
    ("faketime", "faketime"),
    ("genisoimage", "genisoimage"),
    ("growisofs", "growisofs"),
    ("grub-mkrescue", "grub-common"),
    ("grub-mkimage", "grub-common"),
    ("iso-info", "libcdio-utils"),
    ("isoinfo", "genisoimage"),
    ("linux.uml", "user-mode-linux"),
    ("mcopy", "mtools"),
    ("mformat", "mtools"),
    ("mkudffs", "udftools"),
    ("mmd", "mtools"),
    ("modprobe", "kmod"),
    ("newfs_udf", "udfclient"),
    ("python3", "python3-pycdlib"),
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("sg_get_config", "sg3-utils"),
    ("sg_inq", "sg3-utils"),
    ("udfdump", "udfclient"),
    ("udfinfo", "udftools"),
    ("wodim", "wodim"),
    ("xorriso", "xorriso"),
];

/// An installed program.
#[derive(Debug, Clone)]
pub struct Witness {
    name: &'static str,
    path: PathBuf,
}

/// What a program said and how it ended.
#[derive(Debug, Clone)]
pub struct Said {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

impl Said {
    /// Both outputs as text, standard output first.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&self.stderr));
        text
    }
}

impl Witness {
    /// Looks for a program in `PATH` and the system's folders. `None`, with a note on standard error, where it is
    /// missing: the test should then end early.
    ///
    /// # Errors
    /// [`Failure::Missing`] when it is missing and `CI` is set: there, a skipped test would hide a failure.
    pub fn find(name: &'static str) -> Result<Option<Self>> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path)
            .chain(["/usr/bin", "/usr/sbin", "/sbin", "/usr/local/bin"].map(PathBuf::from))
            .map(|folder| folder.join(name))
            .find(|path| path.is_file());
        if let Some(path) = found {
            return Ok(Some(Self { name, path }));
        }
        let package =
            PACKAGES.iter().find(|(program, _)| *program == name).map_or("unknown", |(_, package)| package);
        missing(name, package).map(|()| None)
    }

    /// Name of the program.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A command that runs it in the C.UTF-8 locale and in UTC, without standard input.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.env("LC_ALL", "C.UTF-8").env("TZ", "UTC").stdin(Stdio::null());
        command
    }

    /// Runs it with `arguments`, at most ten minutes long.
    ///
    /// # Errors
    /// When it cannot be started or does not end. How it ended is in the answer.
    pub fn run<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, arguments: I) -> Result<Said> {
        let mut command = self.command();
        command.args(arguments);
        run(&mut command, LIMIT)
    }

    /// Like [`run`](Self::run), and it must end with success.
    ///
    /// # Errors
    /// Also when it ends otherwise; its output is in the error.
    pub fn must<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, arguments: I) -> Result<Said> {
        let said = self.run(arguments)?;
        self.agreed(said)
    }

    fn agreed(&self, said: Said) -> Result<Said> {
        if said.status.success() {
            return Ok(said);
        }
        Err(Failure::program(self.name, said.status.to_string(), said.text().as_bytes()))
    }
}

/// Notes that a test is skipped for want of `program`, or fails where that would hide a failure.
fn missing(program: &'static str, package: &'static str) -> Result<()> {
    if std::env::var_os("CI").is_some_and(|value| !value.is_empty()) {
        return Err(Failure::Missing { program, package });
    }
    note(&format!("skipped: {program} is missing (Debian package {package})"));
    Ok(())
}

/// A line for the person who reads the test's output.
#[expect(clippy::print_stderr, reason = "test equipment tells why a test was skipped")]
fn note(text: &str) {
    eprintln!("{text}");
}

/// Runs a command in a process group of its own, collects what it says, and ends the whole group after `limit`.
///
/// # Errors
/// When it cannot be started, or had to be ended.
pub fn run(command: &mut Command, limit: Duration) -> Result<Said> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |e: std::io::Error| Failure::program(&program, e.to_string(), b"");
    let mut child =
        command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let readers = [
        child.stdout.take().map(|pipe| thread::spawn(move || drain(pipe))),
        child.stderr.take().map(|pipe| thread::spawn(move || drain(pipe))),
    ];
    let ended = wait(&mut child, limit);
    if !matches!(ended, Ok(Some(_))) {
        end_group(&child);
    }
    let [stdout, stderr] =
        readers.map(|reader| reader.and_then(|thread| thread.join().ok()).unwrap_or_default());
    match ended.map_err(failed)? {
        Some(status) => Ok(Said { status, stdout, stderr }),
        None => {
            let _ = child.wait();
            let mut output = stdout;
            output.extend(stderr);
            Err(Failure::program(&program, format!("still running after {} s", limit.as_secs()), &output))
        }
    }
}

fn drain(mut pipe: impl Read) -> Vec<u8> {
    let mut out = Vec::new();
    // What was read before an error is still worth showing.
    let _ = pipe.read_to_end(&mut out);
    out
}

fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= limit {
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

fn end_group(child: &Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // A group that is gone already is what was wanted.
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_and_status_come_back() {
        let sh = Witness::find("sh").unwrap().unwrap();
        let said = sh.run(["-c", "echo out; echo err >&2; exit 3"]).unwrap();
        assert_eq!((said.status.code(), said.text().as_str()), (Some(3), "out\nerr\n"));
        let error = sh.must(["-c", "echo why >&2; exit 1"]).unwrap_err().to_string();
        assert!(error.contains("why"), "{error}");
    }

    #[test]
    fn what_hangs_is_ended_with_its_children() {
        // Longer and longer, until it has come so far as to say something.
        let mut limit = Duration::from_millis(300);
        loop {
            let start = Instant::now();
            let mut command = Command::new("sh");
            command.args(["-c", "echo begun; sleep 900 & sleep 900"]);
            let error = run(&mut command, limit).unwrap_err().to_string();
            assert!(error.contains("still running"), "{error}");
            assert!(start.elapsed() < Duration::from_secs(600));
            if error.contains("begun") {
                return;
            }
            assert!(limit < Duration::from_secs(60), "{error}");
            limit *= 2;
        }
    }
}
