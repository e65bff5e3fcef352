//! The Linux kernel as a witness: User Mode Linux is the real kernel as an ordinary process, so its file systems
//! can be asked about an image, and its SCSI drivers about a recorder, without root and without a virtual machine.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::StatVfsMountFlags;
use tempfile::TempDir;

use super::compiler::{Product, compile};
use super::{Witness, run};
use crate::manifest::{Entry, Kind};
use crate::{Failure, Manifest, Result, scratch};

const INIT: &str = include_str!("../../assets/guest_init.sh");
const MOUNT: &str = include_str!("../../assets/guest_mount.sh");
const RECORDER: &str = include_str!("../../assets/guest_recorder.sh");
const XSAVE: &str = include_str!("../../assets/uml_xsave.c");
const BRIDGE: &str = include_str!("../../assets/tcmu_bridge.c");

/// Modules that mount images of files, and those that make a recorder a device.
const FILE_SYSTEMS: &str = "loop,isofs,udf,nls_utf8";
const DEVICES: &str = "configfs,target_core_mod,target_core_user,tcm_loop,sg,sr_mod,loop,isofs,udf,nls_utf8";

/// Which of an image's file systems the kernel is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MountMode {
    /// ISO 9660 with Rock Ridge where the image has it.
    RockRidge,
    /// The Joliet tree.
    Joliet,
    /// ISO 9660 names exactly as recorded: no extension, no mapping to lower case.
    Plain,
    /// UDF.
    Udf,
}

impl MountMode {
    fn type_and_options(self) -> (&'static str, &'static str) {
        match self {
            Self::RockRidge => ("iso9660", "ro,loop,utf8"),
            Self::Joliet => ("iso9660", "ro,loop,norock,iocharset=utf8"),
            Self::Plain => ("iso9660", "ro,loop,norock,nojoliet,map=off"),
            Self::Udf => ("udf", "ro,loop,iocharset=utf8"),
        }
    }
}

/// One question to the kernel.
#[derive(Debug, Clone)]
pub struct Mount {
    /// The image, a file of the host.
    pub image: PathBuf,
    /// Which file system of it.
    pub mode: MountMode,
    /// More mount options, such as `session=1` or `sbsector=450`.
    pub options: Option<String>,
}

/// The kernel's answer.
#[derive(Debug, Clone)]
pub struct Mounted {
    /// What it showed, every file read; or the exit code of `mount` where it refused.
    pub outcome: std::result::Result<Manifest, i32>,
    /// What it wrote into its log meanwhile.
    pub messages: Vec<String>,
    /// What `find` and `sha256sum` complained about: files that could not be read.
    pub complaints: String,
}

/// What a script did inside the guest.
#[derive(Debug)]
pub struct GuestRun {
    /// Its exit code.
    pub code: i32,
    /// What it wrote, both outputs.
    pub log: String,
    folder: TempDir,
}

impl GuestRun {
    /// The folder the script ran in (its `/run/work`), with what it left there.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A kernel that can be started; it lives only while it works.
#[derive(Debug)]
pub struct Kernel {
    program: Witness,
    tools: TempDir,
    /// Where the guest's memory is kept, as a file.
    ram: TempDir,
    preload: PathBuf,
    memory: String,
    limit: Duration,
}

impl Kernel {
    /// Prepares the kernel; `None` where User Mode Linux or a C compiler is not installed.
    ///
    /// # Errors
    /// As [`Witness::find`], or when the C source does not compile.
    pub fn find() -> Result<Option<Self>> {
        let Some(program) = Witness::find("linux.uml")? else { return Ok(None) };
        if Witness::find("modprobe")?.is_none() {
            return Ok(None);
        }
        let tools = temporary()?;
        let Some(preload) = compile(tools.path(), "uml_xsave", XSAVE, Product::Preload)? else {
            return Ok(None);
        };
        let (memory, limit) = ("768M".to_owned(), Duration::from_secs(540));
        Ok(Some(Self { program, tools, ram: ram()?, preload, memory, limit }))
    }

    /// Memory of the guest, as `mem=` takes it; 768M if not said.
    #[must_use]
    pub fn memory(mut self, memory: &str) -> Self {
        memory.clone_into(&mut self.memory);
        self
    }

    /// Runs a bash script as root in the guest, its working folder [`GuestRun::folder`] with the files given. The
    /// guest sees the host's files read-only, has its own network and /dev, and loads `modules`
    /// (comma-separated).
    ///
    /// # Errors
    /// When the guest does not start or does not end; a script's failure is in the answer.
    pub fn script(&self, modules: &str, script: &str, files: &[(&str, &[u8])]) -> Result<GuestRun> {
        let folder = temporary()?;
        let place = folder.path();
        for (name, content) in files.iter().copied().chain([("job", script.as_bytes())]) {
            let path = place.join(name);
            fs::write(&path, content).map_err(Failure::at(&path))?;
        }
        let init = self.tools.path().join("guest_init.sh");
        executable(&init, INIT.as_bytes())?;
        let mut command = self.program.command();
        command
            .env("LD_PRELOAD", &self.preload)
            .arg(format!("mem={}", self.memory))
            .args(["rootfstype=hostfs", "root=/dev/root", "ro", "con=null", "con0=fd:0,fd:1", "quiet"])
            .arg(format!("init={}", init.display()))
            .arg(format!("GUEST_WORK={}", place.display()))
            .arg(format!("GUEST_MODULES={modules}"))
            .env("TMPDIR", self.ram.path());
        let console = run(&mut command, self.limit)?;
        let read = |name: &str| fs::read(place.join(name)).unwrap_or_default();
        let log = String::from_utf8_lossy(&read("log")).into_owned();
        let code = String::from_utf8_lossy(&read("code")).trim().parse::<i32>();
        match code {
            Ok(code) => Ok(GuestRun { code, log, folder }),
            Err(_) => Err(Failure::program(
                "linux.uml",
                "the guest did not finish",
                format!("{log}\n{}", console.text()).as_bytes(),
            )),
        }
    }

    /// Mounts every image in its mode, one after another in one boot, lists what is there and reads every file.
    ///
    /// # Errors
    /// When the guest fails; a mount that is refused is an answer.
    pub fn mount(&self, mounts: &[Mount]) -> Result<Vec<Mounted>> {
        let mut jobs = String::new();
        for mount in mounts {
            let image = fs::canonicalize(&mount.image).map_err(Failure::at(&mount.image))?;
            let (kind, options) = mount.mode.type_and_options();
            let more = mount.options.as_ref().map(|more| format!(",{more}")).unwrap_or_default();
            jobs.push_str(&format!("{}\n{kind}\n{options}{more}\n", image.display()));
        }
        let guest = self.script(FILE_SYSTEMS, MOUNT, &[("jobs", jobs.as_bytes())])?;
        (0..mounts.len()).map(|n| answer(&guest, n)).collect()
    }

    /// Makes a recorder the guest's /dev/sr0 and /dev/sg0 through the kernel's own SCSI layer. `server` is a bash
    /// script that serves the recorder on the unix socket `$RECORDER_SOCKET` until it is killed; `client` is then
    /// run.
    ///
    /// # Errors
    /// As [`script`](Self::script); or when the bridge does not compile.
    pub fn with_recorder(&self, server: &str, client: &str) -> Result<Option<GuestRun>> {
        self.with_recorders(server, &format!("attach 0\n{client}"))
    }

    /// Runs `client` where the function `attach NUMBER WORD...` makes a recorder a device of the kernel, its path in
    /// `$RECORDER_DEVICE`, and `detach NUMBER` takes it away. `server` is as in
    /// [`with_recorder`](Self::with_recorder), and is given the words.
    ///
    /// # Errors
    /// As [`with_recorder`](Self::with_recorder).
    pub fn with_recorders(&self, server: &str, client: &str) -> Result<Option<GuestRun>> {
        let Some(bridge) = compile(self.tools.path(), "tcmu_bridge", BRIDGE, Product::Program)? else {
            return Ok(None);
        };
        // Files arrive without their permission: bash reads the scripts, and the bridge is copied by the job.
        let bridge_path = bridge.display();
        let job = format!("cp {bridge_path} ./tcmu_bridge || exit\n{RECORDER}\n. ./client");
        self.script(DEVICES, &job, &[("server", server.as_bytes()), ("client", client.as_bytes())]).map(Some)
    }
}

fn temporary() -> Result<TempDir> {
    tempfile::Builder::new()
        .prefix("glassmaster-guest-")
        .tempdir()
        .map_err(Failure::at(&std::env::temp_dir()))
}

/// On a disk every page that the guest writes to would be written there; memory is executed by the guest, too.
fn ram() -> Result<TempDir> {
    let folder = scratch::folder()?;
    let flags = rustix::fs::statvfs(folder.path()).map(|place| place.f_flag);
    match flags {
        Ok(flags) if !flags.contains(StatVfsMountFlags::NOEXEC) => Ok(folder),
        _ => temporary(),
    }
}

fn executable(path: &Path, content: &[u8]) -> Result<()> {
    fs::write(path, content).map_err(Failure::at(path))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(Failure::at(path))
}

fn answer(guest: &GuestRun, number: usize) -> Result<Mounted> {
    let read = |end: &str| fs::read(guest.folder().join(format!("{number}.{end}"))).unwrap_or_default();
    let text = |end: &str| String::from_utf8_lossy(&read(end)).into_owned();
    let code = text("code").trim().parse::<i32>();
    let code =
        code.map_err(|_| Failure::program("linux.uml", "no answer to a mount", guest.log.as_bytes()))?;
    let outcome = if code == 0 {
        let manifest = listing(&read("entries"), &read("sums"));
        Ok(manifest.ok_or_else(|| Failure::program("linux.uml", "unexpected listing", &read("entries")))?)
    } else {
        Err(code)
    };
    let messages = text("kernel")
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.contains("detected capacity change"))
        .map(str::to_owned)
        .collect();
    Ok(Mounted { outcome, messages, complaints: text("mount") + &text("find") })
}

/// The manifest from `find -printf` with ten NUL-ended fields an object, and `sha256sum -z`.
fn listing(entries: &[u8], sums: &[u8]) -> Option<Manifest> {
    let mut hashes = BTreeMap::new();
    for line in sums.split(|b| *b == 0).filter(|line| !line.is_empty()) {
        // 64 digits, a space, a space or star, then `./path`.
        let hash = hex(line.get(..64)?)?;
        hashes.insert(line.get(68..)?.to_vec(), hash);
    }
    let mut manifest = Manifest::default();
    let mut fields = entries.split(|b| *b == 0);
    loop {
        let kind = fields.next()?;
        if kind.is_empty() {
            return Some(manifest);
        }
        let kind = match kind {
            b"f" => Kind::File,
            b"d" => Kind::Directory,
            b"l" => Kind::Symlink,
            _ => Kind::Special,
        };
        let size = number(fields.next()?)?;
        let mtime = seconds(fields.next()?)?;
        let mode = u32::from_str_radix(std::str::from_utf8(fields.next()?).ok()?, 8).ok()?;
        let (_user, _group) = (fields.next()?, fields.next()?);
        let links = number(fields.next()?)?;
        let inode = number(fields.next()?)?;
        let path = fields.next()?.to_vec();
        let target = fields.next()?.to_vec();
        let entry = Entry {
            kind,
            size: if kind == Kind::File { size } else { 0 },
            mode,
            mtime,
            links,
            inode,
            target,
            sha256: hashes.get(&path).copied(),
        };
        manifest.entries.insert(path, entry);
    }
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Whole seconds, rounded down, of a decimal fraction such as `-1.5000000000`.
fn seconds(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let value: i64 = whole.parse().ok()?;
    let below = text.starts_with('-') && fraction.bytes().any(|b| b != b'0');
    value.checked_sub(i64::from(below))
}

fn hex(digits: &[u8]) -> Option<[u8; 32]> {
    let text = std::str::from_utf8(digits).ok()?;
    let mut out = [0; 32];
    for (i, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_are_parsed() {
        let entries = b"f\x003\x00-1.5000000000\x00644\x000\x000\x001\x0012\x00d/a\nb\x00\x00l\x001\x000.0\x00777\x000\x000\x001\x0013\x00s\x00t\x00";
        let sums = [b"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  ./d/a\nb\0".to_vec()]
            .concat();
        let manifest = listing(entries, &sums).unwrap();
        let file = &manifest.entries[&b"d/a\nb"[..]];
        assert_eq!((file.kind, file.size, file.mtime, file.mode, file.inode), (Kind::File, 3, -2, 0o644, 12));
        assert_eq!(file.sha256.map(|h| h[0]), Some(0xba));
        assert_eq!(manifest.entries[&b"s"[..]].target, b"t");
        assert!(listing(b"f\x00x\x00", b"").is_none());
    }
}
