//! Reading: which file systems an image or disc holds, and what is in them.

mod compare;
mod content;
mod extract;
mod file_source;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use glassmaster_disc::{BlockSource, Finding, SECTOR};
use glassmaster_iso9660::Namespace;
use glassmaster_tree::{ReadError, Volume};

use crate::error::Error;
use crate::progress::CancelHandle;

pub use compare::{Compared, Difference, Side, compare};
pub use extract::{ExtractOptions, Extracted, Problem, extract};
pub use file_source::FileSource;

/// One way to look at an image: a file system, or one of the hierarchies of ISO 9660.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum VolumeKind {
    /// ISO 9660 with POSIX names and attributes.
    RockRidge,
    /// UDF.
    Udf,
    /// The second hierarchy with Unicode names.
    Joliet,
    /// The primary hierarchy as ECMA-119 has it.
    Iso9660,
}

impl VolumeKind {
    /// In the order in which they are tried when none is asked for: the one that keeps most of a POSIX tree first.
    pub const ALL: [Self; 4] = [Self::RockRidge, Self::Udf, Self::Joliet, Self::Iso9660];
}

impl fmt::Display for VolumeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RockRidge => "rock-ridge",
            Self::Udf => "udf",
            Self::Joliet => "joliet",
            Self::Iso9660 => "iso9660",
        })
    }
}

impl FromStr for VolumeKind {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|k| k.to_string().eq_ignore_ascii_case(s)).ok_or_else(|| {
            format!("no file system is called '{s}'; known are rock-ridge, udf, joliet, iso9660")
        })
    }
}

/// The file systems of the session that begins at sector 0, in the order of [`VolumeKind::ALL`]. A damaged one that is
/// still recognised counts.
///
/// # Errors
/// [`Error::Volume`] when the places where descriptors stand cannot be read at all.
pub fn identify(source: &dyn BlockSource) -> Result<Vec<VolumeKind>, Error> {
    identify_session(source, 0)
}

/// As [`identify`] for the session that begins at sector `start`; on media with several sessions the last one says what is
/// on the disc.
///
/// # Errors
/// As [`identify`].
#[doc(alias = "IdentifyFileSystemsOnDisc")]
pub fn identify_session(source: &dyn BlockSource, start: u32) -> Result<Vec<VolumeKind>, Error> {
    let mut found = Vec::new();
    if glassmaster_iso9660::recognise(source, start)? {
        match glassmaster_iso9660::namespaces(source, start) {
            Ok(namespaces) => found.extend(namespaces.into_iter().map(|namespace| match namespace {
                Namespace::RockRidge => VolumeKind::RockRidge,
                Namespace::Joliet => VolumeKind::Joliet,
                Namespace::Plain => VolumeKind::Iso9660,
            })),
            // Opening it tells what is wrong.
            Err(_) => found.push(VolumeKind::Iso9660),
        }
    }
    if recognise_udf(source, start) {
        found.push(VolumeKind::Udf);
    }
    found.sort_unstable();
    Ok(found)
}

/// The recognition sequence of UDF begins 16 sectors after the start of the session (ECMA-167 3/9.1, UDF 6.10).
fn recognise_udf(source: &dyn BlockSource, start: u32) -> bool {
    u64::from(start) < source.block_count()
        && glassmaster_udf::recognise(&Behind { source, start: u64::from(start) })
}

/// Opens a file system of `source`: the one asked for, else the first of [`VolumeKind::ALL`] that can be opened.
///
/// # Errors
/// [`Error::NoVolume`], [`Error::VolumeNotFound`]; [`Error::Volume`] when the wanted one (or every one) is damaged.
pub fn open(source: &Arc<dyn BlockSource>, wanted: Option<VolumeKind>) -> Result<Box<dyn Volume>, Error> {
    open_session(source, 0, wanted)
}

/// As [`open`] for the session that begins at sector `start`; its files may lie in earlier sessions.
///
/// # Errors
/// As [`open`].
pub fn open_session(
    source: &Arc<dyn BlockSource>,
    start: u32,
    wanted: Option<VolumeKind>,
) -> Result<Box<dyn Volume>, Error> {
    let found = identify_session(source, start)?;
    if found.is_empty() {
        return Err(Error::NoVolume(match source.block_count() {
            0 => "it is empty".to_owned(),
            n => format!("none of the recognition areas of its {n} sectors holds a known identifier"),
        }));
    }
    if let Some(wanted) = wanted {
        if !found.contains(&wanted) {
            let list: Vec<_> = found.iter().map(ToString::to_string).collect();
            return Err(Error::VolumeNotFound { wanted: wanted.to_string(), found: list.join(", ") });
        }
        return open_kind(source, start, wanted);
    }
    let mut first_failure = None;
    for kind in found {
        match open_kind(source, start, kind) {
            Ok(volume) => return Ok(volume),
            Err(e) => {
                first_failure.get_or_insert(e);
            }
        }
    }
    Err(first_failure.unwrap_or_else(|| Error::NoVolume("it is empty".to_owned())))
}

fn open_kind(source: &Arc<dyn BlockSource>, start: u32, kind: VolumeKind) -> Result<Box<dyn Volume>, Error> {
    let source = Arc::clone(source);
    let namespace = match kind {
        VolumeKind::Udf => return Ok(Box::new(open_udf(source, start)?)),
        VolumeKind::RockRidge => Namespace::RockRidge,
        VolumeKind::Joliet => Namespace::Joliet,
        VolumeKind::Iso9660 => Namespace::Plain,
    };
    Ok(Box::new(glassmaster_iso9660::IsoVolume::open_session(source, start, Some(namespace))?))
}

/// The UDF volume of a session. Without one the reader looks for the anchor that leads to the newest volume.
pub(crate) fn open_udf(
    source: Arc<dyn BlockSource>,
    start: u32,
) -> Result<glassmaster_udf::UdfVolume<Arc<dyn BlockSource>>, ReadError> {
    match start {
        0 => glassmaster_udf::UdfVolume::open(source),
        start => glassmaster_udf::UdfVolume::open_session(source, start),
    }
}

/// A source without its first sectors.
struct Behind<'a> {
    source: &'a dyn BlockSource,
    start: u64,
}

impl BlockSource for Behind<'_> {
    fn block_count(&self) -> u64 {
        self.source.block_count().saturating_sub(self.start)
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> std::io::Result<()> {
        self.check_range(lba, buf.len())?;
        self.source.read_blocks(self.start.saturating_add(lba), buf)
    }
}

/// Verifies every file system of `source` against its standard and hands over what it finds. Returns those that readers
/// recognise; one of which only traces are left is verified, too.
///
/// # Errors
/// [`Error::NoVolume`] when there is none, [`Error::Cancelled`].
pub fn check(
    source: &Arc<dyn BlockSource>,
    cancel: &CancelHandle,
    each: &mut dyn FnMut(Finding),
) -> Result<Vec<VolumeKind>, Error> {
    check_session(source, 0, cancel, each)
}

/// As [`check`] for the session that begins at sector `start`.
///
/// # Errors
/// As [`check`].
pub fn check_session(
    source: &Arc<dyn BlockSource>,
    start: u32,
    cancel: &CancelHandle,
    each: &mut dyn FnMut(Finding),
) -> Result<Vec<VolumeKind>, Error> {
    let found = identify_session(source, start)?;
    // What readers no longer recognise is the worst fault of all.
    let traces = Traces::of(source, start);
    if found.is_empty() && !traces.iso9660 && !traces.udf {
        return Err(Error::NoVolume("there is nothing to check".to_owned()));
    }
    if traces.iso9660 || found.iter().any(|k| *k != VolumeKind::Udf) {
        glassmaster_iso9660::check(source, start, each);
    }
    if cancel.is_cancelled() {
        return Err(Error::Cancelled);
    }
    if traces.udf || found.contains(&VolumeKind::Udf) {
        glassmaster_udf::check_session(
            source,
            (start > 0).then_some(start),
            &|| !cancel.is_cancelled(),
            each,
        );
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
    }
    Ok(found)
}

/// Signs of file systems whose first descriptor, the one that is recognised, may be damaged.
#[derive(Default)]
struct Traces {
    iso9660: bool,
    udf: bool,
}

impl Traces {
    fn of(source: &dyn BlockSource, start: u32) -> Self {
        let first = u64::from(start);
        let mut traces = Self::default();
        let mut sector = [0; SECTOR];
        // Behind the first volume descriptor (ECMA-119 6.7.1).
        for lba in first + 17..first + 20 {
            traces.iso9660 |=
                source.read_blocks(lba, &mut sector).is_ok() && sector.get(1..6) == Some(b"CD001");
        }
        // Tag of an anchor at sector 256 of the session (ECMA-167 3/8.4.2.1, 3/10.2).
        let anchor = first + 256;
        let location = u32::try_from(anchor).map(u32::to_le_bytes);
        traces.udf = source.read_blocks(anchor, &mut sector).is_ok()
            && sector.starts_with(&[2, 0])
            && location.is_ok_and(|l| sector.get(12..16) == Some(&l));
        traces
    }
}
