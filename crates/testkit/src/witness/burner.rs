//! Other people's burning programs, on a recorder behind a socket.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::compiler::{Product, compile};
use super::{LIMIT, Said, Witness, run};
use crate::{Failure, Result};

const SOURCE: &str = include_str!("../../assets/recorder_shim.c");
/// What the programs take for their drive.
const DEVICE: &str = "/dev/sr0";

/// A program that writes an image to a disc, and the way it is told to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Burner {
    /// wodim, track at once.
    WodimTrackAtOnce,
    /// wodim, disc at once (on DVD: its only way).
    WodimDiscAtOnce,
    /// cdrskin (libburn), its own choice of write type.
    Cdrskin,
    /// cdrskin, track at once: incremental on DVD-R.
    CdrskinTrackAtOnce,
    /// cdrskin, session at once.
    CdrskinSessionAtOnce,
    /// xorriso's emulation of cdrecord.
    Xorriso,
    /// growisofs; DVD and BD only.
    Growisofs,
    /// growisofs, disc closed.
    GrowisofsCompatible,
    /// growisofs on a BD-R that it is not to give spare areas: those it gives only with pseudo-overwrite, which it
    /// then counts on when it appends.
    GrowisofsUnformatted,
}

impl Burner {
    fn program(self) -> &'static str {
        match self {
            Self::WodimTrackAtOnce | Self::WodimDiscAtOnce => "wodim",
            Self::Cdrskin | Self::CdrskinTrackAtOnce | Self::CdrskinSessionAtOnce => "cdrskin",
            Self::Xorriso => "xorriso",
            Self::Growisofs | Self::GrowisofsCompatible | Self::GrowisofsUnformatted => "growisofs",
        }
    }

    fn arguments(self, image: &Path) -> Vec<std::ffi::OsString> {
        let words: &[&str] = match self {
            Self::WodimTrackAtOnce => &["-s", "gracetime=0", "dev=/dev/sr0", "-tao"],
            Self::WodimDiscAtOnce => &["-s", "gracetime=0", "dev=/dev/sr0", "-dao"],
            Self::Cdrskin => &["dev=/dev/sr0"],
            Self::CdrskinTrackAtOnce => &["dev=/dev/sr0", "-tao"],
            Self::CdrskinSessionAtOnce => &["dev=/dev/sr0", "-sao"],
            Self::Xorriso => &["-as", "cdrecord", "dev=/dev/sr0"],
            Self::Growisofs | Self::GrowisofsCompatible | Self::GrowisofsUnformatted => {
                let mut target = std::ffi::OsString::from("/dev/sr0=");
                target.push(image);
                let mut all: Vec<std::ffi::OsString> = Vec::new();
                if self == Self::GrowisofsCompatible {
                    all.push("-dvd-compat".into());
                }
                if self == Self::GrowisofsUnformatted {
                    all.push("-use-the-force-luke=spare:none".into());
                }
                all.push("-Z".into());
                all.push(target);
                return all;
            }
        };
        words.iter().map(std::ffi::OsString::from).chain([image.as_os_str().to_owned()]).collect()
    }
}

/// A command that a drive answered with something else than GOOD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedCommand {
    /// The program that sent it.
    pub program: String,
    /// The command block.
    pub cdb: Vec<u8>,
    /// Sense key, additional sense code and its qualifier; `None` for another status than CHECK CONDITION.
    pub sense: Option<[u8; 3]>,
}

impl RefusedCommand {
    /// `program: 2a 00 ... length=N status=SS sense=K/AA/QQ`
    fn parse(line: &str) -> Option<Self> {
        let (program, rest) = line.split_once(": ")?;
        let byte = |text: &str| u8::from_str_radix(text, 16).ok();
        let cdb = rest.split(' ').take_while(|w| !w.contains('=')).map(byte).collect::<Option<Vec<_>>>()?;
        let sense = match rest.split_once("sense=") {
            None => None,
            Some((_, codes)) => {
                let codes = codes.split('/').map(byte).collect::<Option<Vec<_>>>()?;
                Some(<[u8; 3]>::try_from(codes).ok()?)
            }
        };
        Some(Self { program: program.to_owned(), cdb, sense })
    }
}

/// The library that, preloaded into a program, gives it the recorder as `/dev/sr0`.
#[derive(Debug)]
pub struct Shim {
    library: PathBuf,
    /// Holds the library.
    _folder: TempDir,
}

impl Shim {
    /// Compiles it; `None` where there is no C compiler.
    ///
    /// # Errors
    /// As [`Witness::find`], or when the source does not compile.
    pub fn find() -> Result<Option<Self>> {
        let folder = tempfile::tempdir().map_err(Failure::at(&std::env::temp_dir()))?;
        Ok(compile(folder.path(), "recorder_shim", SOURCE, Product::Preload)?
            .map(|library| Self { library, _folder: folder }))
    }

    /// Lets `program` see the recorder that listens on `socket`. growisofs runs `umount` on its drive: it gets a
    /// mount namespace of its own where the system grants one.
    #[must_use]
    pub fn command(&self, program: &Witness, socket: &Path) -> Command {
        let mut command = Command::new("env");
        if program.name() == "growisofs" && rustix::process::geteuid().is_root() {
            command = Command::new("unshare");
            command.args(["-m", "--propagation", "private", "env"]);
        }
        let assign = |name: &str, value: &Path| {
            let mut text = std::ffi::OsString::from(name);
            text.push("=");
            text.push(value);
            text
        };
        command
            .args(["LC_ALL=C.UTF-8", &format!("RECORDER_SHIM_DEVICE={DEVICE}")])
            .arg(assign("RECORDER_SHIM_SOCKET", socket))
            .arg(assign("RECORDER_SHIM_LOG", &Self::log(socket)))
            .arg(assign("LD_PRELOAD", &self.library))
            .arg(program.path())
            .stdin(std::process::Stdio::null());
        command
    }

    /// Where the commands stand that were sent to the recorder on `socket`: a line each, with the program, the command
    /// block, its length, status and sense.
    #[must_use]
    pub fn log(socket: &Path) -> PathBuf {
        let mut name = socket.as_os_str().to_owned();
        name.push(".commands");
        name.into()
    }

    /// Every command that the recorder on `socket` did not answer with GOOD, in their order.
    ///
    /// # Errors
    /// When the log cannot be read or a line of it is not understood.
    pub fn refused(socket: &Path) -> Result<Vec<RefusedCommand>> {
        let path = Self::log(socket);
        let text = std::fs::read_to_string(&path).map_err(Failure::at(&path))?;
        let lines = text.lines().filter(|line| !line.contains(" status=00 "));
        lines
            .map(|line| {
                RefusedCommand::parse(line)
                    .ok_or_else(|| Failure::program("recorder_shim", "unexpected line", line.as_bytes()))
            })
            .collect()
    }

    /// Burns `image` with another program; `None` where that is not installed.
    ///
    /// # Errors
    /// When the program fails; what it said is in the error, with the last commands the drive refused.
    pub fn burn(&self, burner: Burner, socket: &Path, image: &Path) -> Result<Option<Said>> {
        let Some(program) = Witness::find(burner.program())? else { return Ok(None) };
        let mut command = self.command(&program, socket);
        command.args(burner.arguments(image));
        let said = run(&mut command, LIMIT)?;
        if said.status.success() {
            return Ok(Some(said));
        }
        let refused = Self::refused(socket)?;
        let last = refused.get(refused.len().saturating_sub(20)..).unwrap_or_default();
        let last = last.iter().map(|r| format!("{r:x?}")).collect::<Vec<_>>().join("\n");
        let text = format!("{}\nrefused commands:\n{last}", said.text());
        Err(Failure::program(burner.program(), said.status.to_string(), text.as_bytes()))
    }

    /// Lets a program that formats, appends or only looks work on the recorder; `None` where it is not installed.
    ///
    /// # Errors
    /// As [`Shim::burn`].
    pub fn run<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(
        &self,
        name: &'static str,
        socket: &Path,
        arguments: I,
    ) -> Result<Option<Said>> {
        let Some(program) = Witness::find(name)? else { return Ok(None) };
        let mut command = self.command(&program, socket);
        command.args(arguments);
        let said = run(&mut command, LIMIT)?;
        if said.status.success() {
            return Ok(Some(said));
        }
        Err(Failure::program(name, said.status.to_string(), said.text().as_bytes()))
    }

    /// Reads the first `length` bytes of the disc as a program would read the block device.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read_back(&self, socket: &Path, length: u64) -> Result<Option<Vec<u8>>> {
        let Some(program) = Witness::find("head")? else { return Ok(None) };
        let mut command = self.command(&program, socket);
        command.arg("-c").arg(length.to_string()).arg(DEVICE);
        let said = run(&mut command, LIMIT)?;
        let said = program.agreed(said)?;
        Ok(Some(said.stdout))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_log_are_parsed() {
        let refused = RefusedCommand::parse("wodim: 3c 00 ff length=4 status=02 sense=5/24/00");
        let wanted = RefusedCommand {
            program: "wodim".to_owned(),
            cdb: vec![0x3C, 0, 0xFF],
            sense: Some([5, 0x24, 0]),
        };
        assert_eq!(refused, Some(wanted));
        let busy = RefusedCommand::parse("xorriso: 00 00 length=0 status=08").unwrap();
        assert_eq!((busy.cdb, busy.sense), (vec![0, 0], None));
        assert_eq!(RefusedCommand::parse("xorriso 00"), None);
    }
}
