//! What DRIVE and IMAGE on the command line stand for.

use std::fmt::Display;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glassmaster::disc::{BlockSource, HResult, MediaType, SECTOR};
use glassmaster::imapi2::recorder::{
    DiscRecorder, ExclusiveAccess, OpenDrive, RecorderOptions, RegisteredDrive,
};
use glassmaster::imapi2fs::FileSource;
use glassmaster::scsi::sys::{Access, Device, OwnerFile, Place};
use glassmaster::scsi::wire::Client;
use glassmaster::scsi::{Transport, TransportError};
use glassmaster::vdrive::{HostError, MediumOptions, StoreError, VirtualDrive};

use crate::failure::{Failure, UNSUITABLE, USAGE};
use crate::owner;

/// A drive by the way it is reached.
pub(crate) enum Drive {
    /// `virtual:FILE`
    Virtual(PathBuf),
    /// `socket:PATH`
    Socket(PathBuf),
    /// A device of the system.
    Device(PathBuf),
}

impl Drive {
    /// `None` for what is no drive but a file.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        use std::os::unix::fs::FileTypeExt;
        if let Some(file) = text.strip_prefix("virtual:").filter(|file| !file.is_empty()) {
            return Some(Self::Virtual(file.into()));
        }
        if let Some(path) = text.strip_prefix("socket:").filter(|path| !path.is_empty()) {
            return Some(Self::Socket(path.into()));
        }
        let path = Path::new(text);
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let optical = name.starts_with("sr") || name.starts_with("sg") || name.starts_with("cdrom");
        // Follows links such as /dev/cdrom.
        let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let real_name = real.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let device = std::fs::metadata(path)
            .is_ok_and(|m| m.file_type().is_block_device() || m.file_type().is_char_device());
        let real_optical = real_name.starts_with("sr") || real_name.starts_with("sg");
        if (device && real_optical) || (optical && text.starts_with("/dev/")) {
            return Some(Self::Device(path.to_path_buf()));
        }
        None
    }

    pub(crate) fn is_virtual(&self) -> bool {
        matches!(self, Self::Virtual(_))
    }

    /// The drive as it is registered in a list of drives, and where it is; `None` for a device of the system, which is there
    /// anyway. The id does not depend on the folder that the program was started in.
    pub(crate) fn registered(&self) -> Option<(RegisteredDrive, Place)> {
        let whole = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let (id, open, place): (String, Arc<OpenDrive>, Place) = match self {
            Self::Virtual(file) => {
                let file = whole(file);
                let place = Place::File(file.clone());
                let id = format!("virtual:{}", file.display());
                let name = id.clone();
                let open = move || match VirtualDrive::open(&file) {
                    Ok(drive) => Ok(Box::new(drive) as Box<dyn Transport>),
                    Err(e) => Err(unusable(name.clone(), e)),
                };
                (id, Arc::new(open), place)
            }
            Self::Socket(path) => {
                let path = whole(path);
                let (id, place) = (format!("socket:{}", path.display()), Place::Socket(path.clone()));
                let open = move || Ok(Box::new(Client::connect(&path)?) as Box<dyn Transport>);
                (id, Arc::new(open), place)
            }
            Self::Device(_) => return None,
        };
        Some((RegisteredDrive { id, open }, place))
    }

    /// Opens the drive. `media` is what a missing virtual disc becomes.
    pub(crate) fn open(&self, media: Option<MediaType>, access: Access) -> Result<DiscRecorder, Failure> {
        self.open_with_host(media, access).map(|(recorder, _)| recorder)
    }

    /// And what there is to know of a virtual disc.
    fn open_with_host(
        &self,
        media: Option<MediaType>,
        access: Access,
    ) -> Result<(DiscRecorder, Option<VirtualDisc>), Failure> {
        let mut host = None;
        let transport: Box<dyn Transport> = match self {
            Self::Virtual(file) => {
                let (drive, made) = virtual_drive(&one_name(file), media)?;
                host = drive.disc().map(|disc| VirtualDisc { host: disc.host_error(), made });
                Box::new(drive)
            }
            Self::Socket(path) => {
                Box::new(Client::connect(&one_name(path)).map_err(glassmaster::Error::from)?)
            }
            Self::Device(path) => Box::new(Device::open(path, access).map_err(glassmaster::Error::from)?),
        };
        let recorder = DiscRecorder::with_options(transport, recorder_options());
        Ok((recorder.map_err(glassmaster::Error::from)?, host))
    }

    /// Opens the drive to change its disc: nobody else has it until both are dropped, and whoever tries hears who has it.
    pub(crate) fn take(&self, media: Option<MediaType>) -> Result<(DiscRecorder, Held), Failure> {
        let (recorder, disc) = self.open_with_host(media, Access::Exclusive)?;
        let name = owner::client_name();
        let access = recorder.acquire_exclusive_access(&name).map_err(glassmaster::Error::from)?;
        let file = match self {
            // The disc is locked by its file; a name that cannot be left beside costs nobody a disc.
            Self::Virtual(file) => owner::directory()
                .and_then(|directory| OwnerFile::acquire(&directory, &disc_key(&one_name(file)), &name).ok()),
            Self::Socket(_) | Self::Device(_) => None,
        };
        Ok((recorder, Held { _access: access, _file: file, disc }))
    }
}

/// How every recorder of this program is opened: it sees who holds a drive, and is seen.
pub(crate) fn recorder_options() -> RecorderOptions {
    RecorderOptions { owner_directory: owner::directory(), ..RecorderOptions::default() }
}

/// A drive, and where it is virtual its disc, under this program's name.
pub(crate) struct Held {
    _access: ExclusiveAccess,
    _file: Option<OwnerFile>,
    disc: Option<VirtualDisc>,
}

/// What the program knows of a virtual disc that its drive does not tell.
struct VirtualDisc {
    host: HostError,
    /// Its file was made by this run.
    made: bool,
}

impl Held {
    /// Whether this run made the virtual disc.
    pub(crate) fn has_made_disc(&self) -> bool {
        self.disc.as_ref().is_some_and(|disc| disc.made)
    }

    /// A failure of the drive, unless it was the host that could not keep the file of a virtual disc: then that, with what
    /// can be done about it.
    pub(crate) fn blame_host(&self, failure: Failure, what: impl Display) -> Failure {
        let Some(said) = self.disc.as_ref().and_then(|disc| disc.host.take()) else { return failure };
        let next = "see to the place where the disc's file lies, then go on with --resume or write anew";
        let message =
            format!("{what}; the disc is a file, which the host could not keep: {said}; next: {next}");
        Failure { message, next, ..failure }
    }
}

/// Why a virtual drive cannot be opened, as one says it of a drive.
fn unusable(device: String, error: StoreError) -> TransportError {
    match error {
        StoreError::Locked { .. } => TransportError::InUse { device, by: " by another process".to_owned() },
        StoreError::Io { source, .. } if source.kind() == ErrorKind::NotFound => {
            TransportError::DeviceGone { device, detail: "there is no such file".to_owned() }
        }
        StoreError::Io { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
            let advice = "the disc is written too, so its file has to be readable and writable".to_owned();
            TransportError::Denied { device, advice }
        }
        StoreError::Io { source, .. } => TransportError::Io { device, source },
        other => TransportError::Unsupported { device, detail: other.to_string() },
    }
}

/// What the disc of a virtual drive is called among owners.
fn disc_key(file: &Path) -> String {
    format!("disc:{}", file.display())
}

/// The same for all ways to write a path, as owners are told apart by it.
fn one_name(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// The drive, and whether its disc is new.
fn virtual_drive(file: &Path, media: Option<MediaType>) -> Result<(VirtualDrive, bool), Failure> {
    // What cannot be looked at for want of permission may well be there.
    if file.try_exists().unwrap_or(true) {
        return VirtualDrive::open(file).map(|drive| (drive, false)).map_err(|error| {
            let mut failure = Failure::from(glassmaster::Error::from(error));
            // The file is locked as long as the disc is in a drive; the owner's name stands elsewhere.
            let key = disc_key(file);
            let owner = owner::directory().and_then(|of| OwnerFile::owner(&of, &key).ok().flatten());
            if let Some(owner) = owner {
                failure.message.push_str(&format!("; '{}' has it", owner.name));
            }
            failure
        });
    }
    if file.symlink_metadata().is_ok() {
        let what = format!("'{}' is a link to a file that is not there", file.display());
        let next = "remove the link, or give the name of a disc";
        return Err(Failure::unsuitable(HResult::DEVICE_GONE, what, next));
    }
    let Some(media) = media else {
        let what = format!(
            "there is no disc '{}'; make one with `glassmaster disc new {} --media bd-r`, or with `burn --media`",
            file.display(),
            quoted(file)
        );
        let mut failure = Failure::new(UNSUITABLE, what);
        failure.hresult = Some(HResult::DEVICE_GONE.0);
        failure.next = "make a disc with `glassmaster disc new`";
        return Err(failure);
    };
    let drive = VirtualDrive::create(file, media, &MediumOptions::default());
    Ok((drive.map_err(glassmaster::Error::from)?, true))
}

/// A path as it can be given to a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._+-".contains(c);
    if text.chars().all(plain) && !text.starts_with('-') {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// What the file of a virtual disc begins with (docs/virtual-disc.md).
const DISC_FILE: &[u8] = b"GLASSMASTER DISC";

/// The sectors of an image file or of the disc in a drive, and where the session begins that is looked at.
pub(crate) struct Opened {
    pub(crate) source: Arc<dyn BlockSource>,
    pub(crate) session_start: u32,
}

/// An image file, or the disc in a drive; `session` counts from 1, the last one is taken when there is none.
pub(crate) fn open_source(text: &str, session: Option<u16>) -> Result<Opened, Failure> {
    if let Some(drive) = Drive::parse(text) {
        let recorder = drive.open(None, Access::Shared)?;
        return open_disc(&recorder, session);
    }
    if let Some(session) = session.filter(|n| *n != 1) {
        let what = format!("an image file has one session, there is no session {session}");
        return Err(Failure::new(UNSUITABLE, what));
    }
    if matches!(text, "virtual:" | "socket:") {
        return Err(Failure::new(USAGE, format!("'{text}' names no file; give virtual:FILE or socket:PATH")));
    }
    let source = Arc::new(FileSource::open(Path::new(text))?);
    let mut first = [0; SECTOR];
    // A file without a first sector is judged by whoever reads it.
    if source.block_count() > 0 && source.read_blocks(0, &mut first).is_ok() && first.starts_with(DISC_FILE) {
        let what = format!("'{text}' is a virtual disc, no image");
        return Err(Failure::unsuitable(HResult::INVALID_ARGUMENT, what, "write virtual: before its name"));
    }
    Ok(Opened { source, session_start: 0 })
}

/// The disc in an open drive.
pub(crate) fn open_disc(recorder: &DiscRecorder, session: Option<u16>) -> Result<Opened, Failure> {
    let all = recorder.disc_source().map_err(glassmaster::Error::from)?;
    let sessions = recorder.sessions().map_err(glassmaster::Error::from)?;
    let found = match session {
        // Audio sessions in front of it or behind it hold no files.
        None => sessions.iter().rfind(|s| s.data).or(sessions.last()),
        Some(number) => match sessions.iter().find(|s| s.number == number) {
            Some(session) => Some(session),
            None => {
                let what = format!("the disc has {} complete sessions, no session {number}", sessions.len());
                return Err(Failure::new(UNSUITABLE, what));
            }
        },
    };
    // What later sessions recorded is no part of an earlier one: UDF looks for anchors at the end.
    let end = session.and(found).map_or(u64::MAX, |s| u64::from(s.last) + 1);
    let source = Arc::new(recorder.disc_source_of(all.block_count().min(end)));
    Ok(Opened { source, session_start: found.map_or(0, |s| s.start) })
}

/// A drive, or an error that lists the forms one can be given in.
pub(crate) fn parse_drive(text: &str) -> Result<Drive, Failure> {
    Drive::parse(text).ok_or_else(|| {
        let what = format!("'{text}' is no drive; give /dev/sr0, /dev/sg0, virtual:FILE or socket:PATH");
        Failure::new(USAGE, what)
    })
}
