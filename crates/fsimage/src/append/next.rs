//! The next session as a planned image, and what else has to be written for it to be found.

use std::io;
use std::sync::Arc;

use glassmaster_disc::{
    BlockRange, BlockRangeList, BlockSource, HResult, SECTOR, SECTOR_U64, SessionAddresses, SessionInfo,
    sectors_for,
};
use glassmaster_tree::{Timestamp, Tree};

use crate::code::Failure;
use crate::contents::ImageInput;
use crate::error::Error;
use crate::image::Image;
use crate::import::{PreviousSession, UdfPrevious};
use crate::options::PreviousLayout;
use crate::volume::VolumeKind;
use crate::{FileSystems, ImageOptions};

/// Sector of the first volume descriptor of a volume (ECMA-119 6.7.1, ECMA-167 3/9.1).
const DESCRIPTORS: u32 = 16;
/// Sector of the first anchor (ECMA-167 3/8.4.2.1).
const ANCHOR: u32 = 256;
/// Sectors behind a UDF partition that its reserve sequence and last anchor may take: 16, 1, and what fills a unit.
const BEHIND_PARTITION: u64 = 64;

/// Where the next session goes, and what the last one fixes for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionPlace {
    /// First sector, room and write unit.
    pub session: SessionInfo,
    /// The file systems that it has to have.
    pub file_systems: FileSystems,
    /// What UDF fixes, where there is UDF.
    pub udf: Option<UdfPrevious>,
    /// Old descriptors are led to the new session; else the medium grows and readers look for its last session.
    pub rewritable: bool,
}

impl SessionPlace {
    /// The place behind `previous`, whose files are those of `tree`.
    ///
    /// # Errors
    /// As [`PreviousSession::udf_previous`]; `IMAPI_E_NO_SUPPORTED_FILE_SYSTEM`; [`Error::TooLarge`] without any room.
    pub fn behind(previous: &PreviousSession, tree: &Tree) -> Result<Self, Error> {
        let file_systems = previous.file_systems();
        if file_systems.is_empty() {
            return Err(Failure::new(HResult::NO_SUPPORTED_FILE_SYSTEM).into());
        }
        let udf = previous.udf_previous()?;
        let (session, rewritable) = match previous.addresses() {
            SessionAddresses::Sequential { next_writable, free, write_unit, .. } => {
                if free == 0 {
                    return Err(Error::TooLarge { needed: 1, available: 0 });
                }
                (SessionInfo { start: next_writable, free_blocks: free, write_unit }, false)
            }
            SessionAddresses::RandomWrite { write_unit, total, .. } => {
                let write_unit = write_unit.max(1);
                let mut end = end_of(previous, tree)?;
                if total == 0 {
                    // An image file: whatever stands behind the volume is not ours to overwrite.
                    end = end.max(previous.source().block_count());
                }
                let start = end.checked_next_multiple_of(u64::from(write_unit));
                let start = start.and_then(|s| u32::try_from(s).ok()).ok_or_else(full)?;
                let free_blocks = match total {
                    0 => 0,
                    total if total <= u64::from(start) => {
                        return Err(Error::TooLarge { needed: u64::from(start) + 1, available: total });
                    }
                    total => total - u64::from(start),
                };
                (SessionInfo { start, free_blocks, write_unit }, true)
            }
        };
        Ok(Self { session, file_systems, udf, rewritable })
    }

    /// Fits the options of an image to this place: where it stands, its file systems, its revision; `created` is moved
    /// so that the new session does not look older than the last one.
    pub fn apply(&self, options: &mut ImageOptions) {
        options.session = self.session;
        options.file_systems = self.file_systems;
        if let Some(udf) = &self.udf {
            options.udf_revision = udf.revision;
            options.created = options.created.max(udf.recorded.unwrap_or(Timestamp::from_secs(i64::MIN)));
        }
        options.previous = Some(PreviousLayout {
            partition_start: self.udf.map(|udf| udf.partition_start),
            next_unique_id: self.udf.map(|udf| udf.next_unique_id),
        });
    }
}

fn full() -> Error {
    Error::TooLarge { needed: u64::from(u32::MAX) + 1, available: u64::from(u32::MAX) }
}

/// The sector behind everything that the last logical session says is its own, or refers to.
fn end_of(previous: &PreviousSession, tree: &Tree) -> Result<u64, Error> {
    let mut end = if previous.udf_facts().is_some() { u64::from(ANCHOR) + 1 } else { u64::from(DESCRIPTORS) };
    if previous.kinds().iter().any(|k| *k != VolumeKind::Udf)
        && let Some(facts) = glassmaster_iso9660::facts(&**previous.source(), previous.start())?
    {
        end = end.max(u64::from(facts.blocks));
    }
    if let Some(facts) = previous.udf_facts() {
        end = end.max(facts.volume_end.saturating_add(BEHIND_PARTITION));
    }
    let extents = tree.contents().filter_map(|(id, _)| tree.extents(id)).flatten();
    let files = extents.filter_map(|e| e.lba.map(|lba| u64::from(lba) + sectors_for(e.bytes))).max();
    Ok(end.max(files.unwrap_or(0)))
}

/// A planned session behind the last one.
pub struct NextSession {
    image: Image,
    start: u32,
    rewrite: Option<Rewrite>,
}

/// What is overwritten for the new session to be found.
#[derive(Clone)]
struct Rewrite {
    old: Arc<dyn BlockSource>,
    write_unit: u32,
    /// First sector and content of the pieces, in the order in which they are written.
    pieces: Vec<(u32, Vec<u8>)>,
}

impl NextSession {
    /// Plans the session: [`merge`](super::merge) gives `input`, [`SessionPlace::apply`] the place in `options`.
    ///
    /// # Errors
    /// `IMAPI_E_FILE_SYSTEM_CHANGE_NOT_ALLOWED`, `IMAPI_E_UDF_REVISION_CHANGE_NOT_ALLOWED` when the options do not fit the last
    /// session, `IMAPI_E_INCOMPATIBLE_PREVIOUS_SESSION` when descriptors of the first session cannot be overwritten without
    /// harm; as [`Image::new`].
    pub fn plan(
        previous: &PreviousSession,
        place: &SessionPlace,
        input: impl Into<ImageInput>,
        options: &ImageOptions,
    ) -> Result<Self, Error> {
        // Rock Ridge lives inside ISO 9660 and may come and go.
        let own = |fs: FileSystems| fs.completed() - FileSystems::ROCK_RIDGE;
        if own(options.file_systems) != own(place.file_systems) {
            return Err(Failure::new(HResult::FILE_SYSTEM_CHANGE_NOT_ALLOWED)
                .because(io::Error::other(format!("the last session has {}", place.file_systems)))
                .into());
        }
        if place.udf.is_some_and(|udf| udf.revision != options.udf_revision) {
            return Err(Failure::new(HResult::UDF_REVISION_CHANGE_NOT_ALLOWED).into());
        }
        let mut input = input.into();
        input.contents.set_disc(Arc::clone(previous.source()));
        if let Some(udf) = &place.udf {
            inside_partition(&input.tree, udf.partition_start)?;
        }
        let image = Image::new(input, options)?;
        let rewrite = if place.rewritable {
            Some(Rewrite {
                old: Arc::clone(previous.source()),
                write_unit: place.session.write_unit.max(1),
                pieces: pieces(previous, place, &image)?,
            })
        } else {
            None
        };
        Ok(Self { image, start: place.session.start, rewrite })
    }

    /// The session alone.
    #[must_use]
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// First sector of the session.
    #[doc(alias = "SessionStartBlock")]
    #[must_use]
    pub fn start(&self) -> u32 {
        self.start
    }

    /// What a burner writes: on media that grow the session, which goes to [`NextSession::start`]; on overwritable ones the
    /// whole medium from sector 0 on, of which only [`NextSession::modified_blocks`] differ from what is there.
    #[must_use]
    pub fn source(&self) -> Arc<dyn BlockSource> {
        match &self.rewrite {
            None => Arc::new(self.image.source()),
            Some(rewrite) => Arc::new(Whole {
                session: self.image.source(),
                start: u64::from(self.start),
                rewrite: rewrite.clone(),
            }),
        }
    }

    /// The sectors that are written on overwritable media, in the order that keeps the old session valid until the last;
    /// `None` on media that grow.
    #[doc(alias = "ModifiedBlocks")]
    #[must_use]
    pub fn modified_blocks(&self) -> Option<BlockRangeList> {
        let rewrite = self.rewrite.as_ref()?;
        let unit = rewrite.write_unit;
        let mut list = Vec::new();
        // Image lengths are multiples of every write unit, and so is the start.
        list.extend(BlockRange::new(self.start, self.start.checked_add(self.image.blocks() - 1)?));
        for (first, bytes) in &rewrite.pieces {
            let from = first - first % unit;
            let last = first.checked_add(u32::try_from(bytes.len() / SECTOR).ok()?)?.checked_sub(1)?;
            let to = last - last % unit + (unit - 1);
            list.extend(BlockRange::new(from, to));
        }
        Some(BlockRangeList(list))
    }

    /// First sector and content of what is overwritten, in the order in which it is to be written; empty on media that grow.
    pub(crate) fn pieces(&self) -> &[(u32, Vec<u8>)] {
        self.rewrite.as_ref().map_or(&[], |r| &r.pieces)
    }
}

fn inside_partition(tree: &Tree, partition: u32) -> Result<(), Error> {
    for (id, data) in tree.contents().filter(|(_, d)| d.links > 0) {
        let outside = |e: &glassmaster_disc::Extent| e.lba.is_some_and(|lba| lba < partition);
        if data.size > 0 && tree.extents(id).is_some_and(|list| list.iter().any(outside)) {
            let what = format!(
                "'{}' lies before the UDF partition, which begins at sector {partition}",
                tree.data_path(id)
            );
            return Err(incompatible(what));
        }
    }
    Ok(())
}

fn incompatible(what: String) -> Error {
    Failure::new(HResult::INCOMPATIBLE_PREVIOUS_SESSION).because(io::Error::other(what)).into()
}

/// The sectors of the first session that lead to the new one: descriptors, then the anchor.
fn pieces(
    previous: &PreviousSession,
    place: &SessionPlace,
    image: &Image,
) -> Result<Vec<(u32, Vec<u8>)>, Error> {
    let source = previous.source();
    let mut pieces = Vec::new();
    let mut sectors_taken = 0;
    if place.file_systems.contains(FileSystems::ISO9660) {
        let mut head = vec![0; image.head_blocks() as usize * SECTOR];
        image.source().read_blocks(u64::from(DESCRIPTORS), &mut head).map_err(from_image)?;
        keep_boot_record(&**source, &mut head)?;
        sectors_taken = head.len() / SECTOR;
        pieces.push((DESCRIPTORS, head));
    }
    let end = u64::from(DESCRIPTORS) + sectors_taken as u64;
    let tree = image.tree();
    for (id, data) in tree.contents().filter(|(_, d)| d.links > 0) {
        let touched = |e: &glassmaster_disc::Extent| {
            let blocks = sectors_for(e.bytes);
            e.lba.map(u64::from).is_some_and(|lba| {
                lba < end
                    || (place.udf.is_some() && lba <= u64::from(ANCHOR) && lba + blocks > u64::from(ANCHOR))
            })
        };
        if data.size > 0 && tree.extents(id).is_some_and(|list| list.iter().any(touched)) {
            let what = format!(
                "'{}' lies where the descriptors of a new session have to be written",
                tree.data_path(id)
            );
            return Err(incompatible(what));
        }
    }
    if place.udf.is_some() {
        let mut anchor = vec![0; SECTOR];
        let at = u64::from(ANCHOR);
        source.read_blocks(at, &mut anchor).map_err(|e| unreadable(ANCHOR, e))?;
        if glassmaster_udf::anchor_at(&anchor, ANCHOR).is_none() {
            return Err(incompatible(
                "there is no UDF anchor at sector 256 to be led to a new session".to_owned(),
            ));
        }
        image.source().read_blocks(at, &mut anchor).map_err(from_image)?;
        let moved = glassmaster_udf::anchor_at(&anchor, place.session.start.saturating_add(ANCHOR))
            .map(|found| found.sector_at(ANCHOR));
        let Some(moved) = moved else {
            return Err(Failure::new(HResult::FSI_INTERNAL_ERROR).with("the session has no anchor").into());
        };
        pieces.push((ANCHOR, moved.to_vec()));
    }
    Ok(pieces)
}

/// Boot records of the first session stay: their catalog is where it was, and firmware looks for them at sector 17 (El Torito
/// 2.0).
fn keep_boot_record(source: &dyn BlockSource, head: &mut Vec<u8>) -> Result<(), Error> {
    let second = u64::from(DESCRIPTORS) + 1;
    let mut sector = vec![0; SECTOR];
    source.read_blocks(second, &mut sector).map_err(|e| unreadable(DESCRIPTORS + 1, e))?;
    // Volume descriptor type 0 (ECMA-119 8.2.1).
    if sector.starts_with(b"\0CD001") {
        head.splice(SECTOR..SECTOR, sector);
    }
    Ok(())
}

fn unreadable(lba: u32, error: io::Error) -> Error {
    Failure::new(HResult::IMPORT_READ_FAILURE).with(lba).because(error).into()
}

/// The error that travels inside an error of reading the image.
fn from_image(error: io::Error) -> Error {
    error.downcast::<Error>().unwrap_or_else(|e| Error::Options(e.to_string()))
}

/// The medium as it will be: old sectors, the new session, the sectors that lead to it.
struct Whole {
    session: crate::ImageSource,
    start: u64,
    rewrite: Rewrite,
}

impl Whole {
    fn piece(&self, lba: u64, out: &mut [u8]) -> io::Result<()> {
        let end = lba + out.len() as u64 / SECTOR_U64;
        // Up to the session from the medium; behind its end there is nothing.
        let old = self.rewrite.old.block_count().min(self.start);
        let of_old = usize::try_from(end.min(old).saturating_sub(lba)).map_err(io::Error::other)? * SECTOR;
        let (from_old, rest) = out.split_at_mut(of_old);
        if !from_old.is_empty() {
            self.rewrite.old.read_blocks(lba, from_old)?;
        }
        let at = lba + of_old as u64 / SECTOR_U64;
        let gap = usize::try_from(end.min(self.start).saturating_sub(at)).map_err(io::Error::other)? * SECTOR;
        let (zeros, session) = rest.split_at_mut(gap);
        zeros.fill(0);
        if !session.is_empty() {
            self.session.read_blocks(lba.max(self.start) - self.start, session)?;
        }
        for (first, bytes) in &self.rewrite.pieces {
            for (sector, content) in (u64::from(*first)..).zip(bytes.chunks(SECTOR)) {
                if (lba..end).contains(&sector) {
                    let at = usize::try_from(sector - lba).map_err(io::Error::other)? * SECTOR;
                    out[at..at + SECTOR].copy_from_slice(content);
                }
            }
        }
        Ok(())
    }
}

impl BlockSource for Whole {
    fn block_count(&self) -> u64 {
        self.start + self.session.block_count()
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
        self.check_range(lba, buf.len())?;
        self.piece(lba, buf)
    }
}
