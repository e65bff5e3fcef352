//! Reading volumes: this program's, and other people's with their habits.
//!
//! Numbers are taken from their little-endian half, addresses are followed only inside the source, path tables are not
//! used. Associated files (resource forks) are left out silently; interleaved files, files whose extents lie outside the
//! source, and in Rock Ridge compressed and sparse ones are left out, and the directory then ends with an error that
//! names the first.

mod boot;
mod directory;
mod facts;
mod posix;

use std::ops::ControlFlow;

use glassmaster_disc::{BlockSource, Extent, SECTOR};
use glassmaster_tree::{Content, Entry, Kind, ReadError, Volume};

use crate::raw::date::decode_record_date;
use crate::raw::descriptor::{FIRST_SECTOR, FoundDescriptor, kind};
use crate::raw::record::DirectoryRecord;
use crate::raw::rrip::EXTENSIONS;
use crate::raw::susp;
pub use boot::{FoundCatalog, FoundEntry, boot_catalog};
use directory::Directory;
pub use facts::{Facts, PathTables, facts};
use posix::{Continuations, PosixFields};

/// One of the sets of names that a volume can carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Namespace {
    /// ECMA-119 identifiers of the primary hierarchy, as recorded but for version numbers.
    Plain,
    /// POSIX names and attributes of the primary hierarchy.
    RockRidge,
    /// Unicode names of the supplementary hierarchy.
    Joliet,
}

/// Descriptors looked at, at most; real sets have three to five.
const MOST_DESCRIPTORS: u64 = 64;

/// The two hierarchies' descriptors.
#[derive(Default)]
struct DescriptorSet {
    primary: Option<Root>,
    joliet: Option<Root>,
}

/// What opening needs of a descriptor.
#[derive(Clone)]
struct Root {
    label: String,
    lba: u32,
    size: u32,
    date: [u8; 7],
    /// Sector of the descriptor.
    descriptor: u64,
}

/// Whether a volume descriptor set begins 16 sectors after `session_start`. Looks at one sector.
///
/// # Errors
/// When that sector exists but cannot be read.
pub fn recognise(source: &dyn BlockSource, session_start: u32) -> Result<bool, ReadError> {
    let lba = u64::from(session_start) + u64::from(FIRST_SECTOR);
    if lba >= source.block_count() {
        return Ok(false);
    }
    let mut sector = vec![0; SECTOR];
    source.read_blocks(lba, &mut sector).map_err(|e| ReadError::io("volume descriptor", lba, e))?;
    Ok(FoundDescriptor::recognise(&sector).is_some())
}

/// The namespaces of the volume, best first (Rock Ridge, Joliet, plain); empty when there is no ISO 9660 volume.
///
/// # Errors
/// When a descriptor or the root directory cannot be read or breaks the standard.
pub fn namespaces(source: &dyn BlockSource, session_start: u32) -> Result<Vec<Namespace>, ReadError> {
    let set = descriptors(source, session_start)?;
    let mut found = Vec::new();
    if let Some(primary) = &set.primary {
        if system_use_skip(source, primary)?.is_some() {
            found.push(Namespace::RockRidge);
        }
        if set.joliet.is_some() {
            found.push(Namespace::Joliet);
        }
        found.push(Namespace::Plain);
    } else if set.joliet.is_some() {
        found.push(Namespace::Joliet);
    }
    Ok(found)
}

fn descriptors(source: &dyn BlockSource, session_start: u32) -> Result<DescriptorSet, ReadError> {
    let mut set = DescriptorSet::default();
    let first = u64::from(session_start) + u64::from(FIRST_SECTOR);
    let mut sector = vec![0; SECTOR];
    for lba in first..(first + MOST_DESCRIPTORS).min(source.block_count()) {
        source.read_blocks(lba, &mut sector).map_err(|e| ReadError::io("volume descriptor", lba, e))?;
        // Sets without a terminator exist; what carries another identifier belongs to another standard.
        let Some(found) = FoundDescriptor::recognise(&sector) else { break };
        match found.kind() {
            kind::TERMINATOR => break,
            kind::PRIMARY if set.primary.is_none() => set.primary = Some(Root::of(found, lba, false)?),
            _ if found.is_joliet() && set.joliet.is_none() => {
                set.joliet = Some(Root::of(found, lba, true)?);
            }
            _ => {}
        }
    }
    Ok(set)
}

impl Root {
    fn of(found: FoundDescriptor<'_>, lba: u64, joliet: bool) -> Result<Self, ReadError> {
        let invalid = |what: String| ReadError::invalid("volume descriptor", lba, what);
        let block = found.block_size().little;
        if usize::from(block) != SECTOR {
            return Err(invalid(format!(
                "logical blocks of {block} bytes, only 2048 are known (ECMA-119 8.4.12)"
            )));
        }
        let record = match DirectoryRecord::parse(found.root()) {
            Ok(Some(record)) if record.is_dir() => record,
            Ok(_) => return Err(invalid("no directory record of the root (ECMA-119 8.4.18)".to_owned())),
            Err(what) => return Err(invalid(format!("record of the root: {what}"))),
        };
        let Some(content) = record.content_lba() else {
            return Err(invalid("the root lies past sector 4294967295 (ECMA-119 8.4.18)".to_owned()));
        };
        let label = if joliet { facts::joliet_text(found.volume()) } else { facts::text(found.volume()) };
        Ok(Self { label, lba: content, size: record.size.little, date: record.date, descriptor: lba })
    }

    fn entry(&self) -> Entry {
        Entry {
            name: Vec::new(),
            kind: Kind::Directory,
            size: u64::from(self.size),
            modified: decode_record_date(self.date),
            accessed: None,
            created: None,
            changed: None,
            device: None,
            real_time: false,
            has_streams: false,
            mode: None,
            uid: None,
            gid: None,
            links: None,
            target: None,
            hidden: false,
            id: u64::from(self.lba),
            content: Content::Extents(vec![Extent { lba: Some(self.lba), bytes: u64::from(self.size) }]),
        }
    }
}

/// Reads the sector where a directory begins and hands its own record to `take`.
fn own_record<T>(
    source: &dyn BlockSource,
    lba: u32,
    take: impl FnOnce(&DirectoryRecord<'_>) -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    let mut sector = vec![0; SECTOR];
    let at = u64::from(lba);
    source.read_blocks(at, &mut sector).map_err(|e| ReadError::io("directory", at, e))?;
    match DirectoryRecord::parse(&sector) {
        Ok(Some(record)) if record.is_dir() && record.identifier == [0] => take(&record),
        Ok(_) => {
            let what = "the first record is not the directory's own (ECMA-119 6.8.2.2)";
            Err(ReadError::invalid("directory", at, what))
        }
        Err(what) => Err(ReadError::invalid("directory record", at, what)),
    }
}

/// Bytes to skip in every System Use area of a Rock Ridge volume; `None` for others (SUSP 5.3).
///
/// On discs with CD-ROM XA attributes the protocol begins 14 bytes later, which only the root's SP says.
fn system_use_skip(source: &dyn BlockSource, root: &Root) -> Result<Option<usize>, ReadError> {
    own_record(source, root.lba, |record| {
        for start in [0, 14] {
            let area = record.system_use.get(start..).unwrap_or_default();
            let Some(Ok(sp)) = susp::fields(area).next() else { continue };
            let Some(skip) = susp::skip_of_sp(&sp) else { continue };
            let mut continuations = Continuations::default();
            let mut rock_ridge = false;
            continuations.each_field(source, area, u64::from(root.lba), &mut |field| {
                // Volumes of RRIP 1.09 may come without ER but with RR; the extension's own fields are as telling.
                rock_ridge |= match &field.signature {
                    b"ER" => susp::er_id(field).is_some_and(|id| EXTENSIONS.contains(&id)),
                    b"RR" | b"PX" => true,
                    _ => false,
                };
                Ok(())
            })?;
            return Ok(rock_ridge.then_some(usize::from(skip)));
        }
        Ok(None)
    })
}

/// A volume, read through one of its namespaces.
#[derive(Clone)]
pub struct IsoVolume<S> {
    source: S,
    root: Root,
    namespace: Namespace,
    /// Bytes before the fields in System Use areas.
    skip: usize,
}

impl<S: BlockSource> IsoVolume<S> {
    /// Opens the volume of the first session; `None` takes the best namespace, in the order of [`namespaces`].
    ///
    /// # Errors
    /// When there is no ISO 9660 volume or not that namespace, and as [`namespaces`].
    pub fn open(source: S, namespace: Option<Namespace>) -> Result<Self, ReadError> {
        Self::open_session(source, 0, namespace)
    }

    /// As [`IsoVolume::open`] for the session that begins at sector `session_start`; its tree may use extents of
    /// earlier sessions.
    ///
    /// # Errors
    /// As [`IsoVolume::open`].
    pub fn open_session(
        source: S,
        session_start: u32,
        namespace: Option<Namespace>,
    ) -> Result<Self, ReadError> {
        let set = descriptors(&source, session_start)?;
        let first = u64::from(session_start) + u64::from(FIRST_SECTOR);
        let missing = |what: &str| ReadError::invalid("volume descriptor", first, what);
        if set.primary.is_none() && set.joliet.is_none() {
            return Err(missing("no ISO 9660 volume: the identifier CD001 is not there (ECMA-119 8.1.2)"));
        }
        let mut skip = None;
        if let Some(primary) = &set.primary
            && matches!(namespace, None | Some(Namespace::RockRidge))
        {
            skip = system_use_skip(&source, primary)?;
        }
        let namespace = namespace.unwrap_or(match (skip, &set.joliet) {
            (Some(_), _) => Namespace::RockRidge,
            (None, Some(_)) => Namespace::Joliet,
            (None, None) => Namespace::Plain,
        });
        let root = match namespace {
            Namespace::Joliet => set.joliet.ok_or_else(|| missing("no Joliet volume descriptor"))?,
            Namespace::RockRidge if skip.is_none() => {
                return Err(missing("no Rock Ridge: the root directory has no SP field (SUSP 5.3)"));
            }
            _ => set.primary.ok_or_else(|| missing("no primary volume descriptor (ECMA-119 8.4)"))?,
        };
        if u64::from(root.lba) >= source.block_count() {
            let what = format!("the root directory is said to be at sector {}, past the end", root.lba);
            return Err(ReadError::invalid("volume descriptor", root.descriptor, what));
        }
        Ok(Self { source, root, namespace, skip: skip.unwrap_or(0) })
    }

    /// The namespace whose names it gives.
    #[must_use]
    pub fn namespace(&self) -> Namespace {
        self.namespace
    }
}

impl<S: BlockSource> Volume for IsoVolume<S> {
    fn file_system(&self) -> String {
        match self.namespace {
            Namespace::Plain => "ISO 9660",
            Namespace::RockRidge => "Rock Ridge",
            Namespace::Joliet => "Joliet",
        }
        .to_owned()
    }

    fn label(&self) -> String {
        self.root.label.clone()
    }

    fn root(&self) -> Result<Entry, ReadError> {
        let mut entry = self.root.entry();
        if self.namespace == Namespace::RockRidge {
            own_record(&self.source, self.root.lba, |record| {
                let lba = u64::from(self.root.lba);
                let area = record.system_use.get(self.skip..).unwrap_or_default();
                let fields = PosixFields::read(&self.source, &mut Continuations::default(), area, lba)?;
                fields.describe(&mut entry);
                Ok(())
            })?;
        }
        Ok(entry)
    }

    fn read_dir(&self, dir: &Entry, each: &mut dyn FnMut(Entry) -> ControlFlow<()>) -> Result<(), ReadError> {
        Directory::new(&self.source, self.namespace, self.skip).read(dir, each)
    }

    fn block_count(&self) -> u64 {
        self.source.block_count()
    }
}
