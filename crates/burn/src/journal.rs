//! What is known on disk of a write that is under way, so that it can be gone on with after the program or the machine has
//! died.
//!
//! The file is replaced as a whole at each safe point and is gone when the write has come to an end. It names image and
//! medium, so that nothing is added to another disc; and what the disc holds already is compared with the source before
//! anything is added in any case.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use glassmaster_disc::{BlockSource, Lba, MediaType, SECTOR};
use sha2::{Digest as _, Sha256};

use crate::digest::Sha256Sum;
use crate::former_sectors::{FormerSectors, MOST_FORMER};

/// First line of the file.
const HEAD: &str = "glassmaster burn journal 4";
/// Longest file that is read: a dozen lines, and sectors with two digits for each byte.
const LONGEST: u64 = 4096 + MOST_FORMER * 4128;
/// Sectors at the start of each part of the image that its mark covers: descriptors and the first directories.
const MARK_HEAD: u64 = 256;
/// Sectors spread over the rest of it.
const MARK_SPREAD: u64 = 64;

/// A write as it stood at a safe point.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalRecord {
    /// Hash over place, size, beginning and end of what is written and over sectors spread between them.
    pub image: Sha256Sum,
    /// Sectors that are written: those of the image, or of its parts together.
    pub sectors: u64,
    /// Type of the medium.
    pub media: MediaType,
    /// Sectors of the medium, or those up to its end where the write began.
    pub total: u64,
    /// Sectors that were free when the write began: whether the disc is left open goes by them.
    pub free: u64,
    /// Block of the first sector that is written.
    pub start: Lba,
    /// Sectors, in the order of writing, that were on the medium for certain.
    pub written: u64,
    /// What stood where a session is led to, before it was overwritten.
    pub former: FormerSectors,
}

/// A journal file by its path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// The journal in this file, whose folder has to exist. One file serves one drive.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is no journal that this program knows.
    pub fn read(&self) -> io::Result<Option<JournalRecord>> {
        use io::Read as _;
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text)?;
        let what =
            || io::Error::new(io::ErrorKind::InvalidData, "it is no journal of a burn that is known here");
        parse(&text).ok_or_else(what).map(Some)
    }

    /// Replaces it; on the disk when this returns.
    pub(crate) fn put(&self, record: &JournalRecord) -> io::Result<()> {
        let mut part = self.path.as_os_str().to_owned();
        part.push(".partial");
        let part = PathBuf::from(part);
        let written = File::create(&part).and_then(|mut file| {
            file.write_all(format(record).as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&part, &self.path)
        });
        if let Err(error) = written {
            // It may not even be there; the error that is told is the one that matters.
            let _ = std::fs::remove_file(&part);
            return Err(error);
        }
        // The new name has to survive a power cut as well.
        match self.path.parent().filter(|p| !p.as_os_str().is_empty()) {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }

    /// Takes it away; it may be gone already.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn remove(&self) -> io::Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }
}

fn format(record: &JournalRecord) -> String {
    let JournalRecord { image, sectors, media, total, free, start, written, former } = record;
    let mut text = String::new();
    // Writing to memory does not fail.
    let _ = write!(
        text,
        "{HEAD}\nimage {image}\nsectors {sectors}\nmedia {}\ntotal {total}\nfree {free}\nstart {start}\nwritten {written}\n",
        media.0,
    );
    for (lba, sector) in former.sectors() {
        let _ = write!(text, "former {lba} ");
        for byte in sector {
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\n');
    }
    text.push_str("end\n");
    text
}

fn parse(text: &str) -> Option<JournalRecord> {
    let mut lines = text.lines();
    let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
    if field("glassmaster")? != HEAD.strip_prefix("glassmaster ")? {
        return None;
    }
    let image = bytes_of(field("image")?)?;
    let mut record = JournalRecord {
        image: Sha256Sum(image.try_into().ok()?),
        sectors: field("sectors")?.parse().ok()?,
        media: MediaType(field("media")?.parse().ok()?),
        total: field("total")?.parse().ok()?,
        free: field("free")?.parse().ok()?,
        start: Lba(field("start")?.parse().ok()?),
        written: field("written")?.parse().ok()?,
        former: FormerSectors::default(),
    };
    let mut last = None;
    for line in lines {
        let Some(sector) = line.strip_prefix("former ") else {
            last = Some(line);
            break;
        };
        let (lba, hex) = sector.split_once(' ')?;
        let bytes = bytes_of(hex).filter(|bytes| bytes.len() <= SECTOR)?;
        record.former.put(lba.parse().ok()?, &bytes);
    }
    let sound = record.start.0 >= 0 && record.written <= record.sectors && last == Some("end");
    sound.then_some(record)
}

/// Bytes of two hexadecimal digits each.
fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|n| u8::try_from(n).ok());
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let byte = |&[high, low]: &[u8; 2]| Some(digit(high)? << 4 | digit(low)?);
    pairs.iter().map(byte).collect::<Option<_>>().filter(|_| rest.is_empty())
}

/// The mark by which what is written is known again without reading all of it: parts of an image and the blocks where
/// each begins.
pub(crate) fn mark_of<'a>(
    parts: impl IntoIterator<Item = (Lba, &'a dyn BlockSource)>,
) -> io::Result<Sha256Sum> {
    let mut hasher = Sha256::new();
    let mut sector = vec![0; SECTOR];
    for (start, source) in parts {
        let blocks = source.block_count();
        hasher.update(start.0.to_le_bytes());
        hasher.update(blocks.to_le_bytes());
        let head = blocks.min(MARK_HEAD);
        let spread = (0..MARK_SPREAD).map(|i| {
            u64::try_from(u128::from(blocks) * u128::from(i) / u128::from(MARK_SPREAD)).unwrap_or(0)
        });
        for at in (0..head).chain(spread.filter(|at| *at < blocks)).chain(blocks.checked_sub(1)) {
            source.read_blocks(at, &mut sector)?;
            hasher.update(&sector);
        }
    }
    Ok(Sha256Sum(hasher.finalize().into()))
}

/// The journal of the write that is under way.
pub(crate) struct Keeper {
    pub(crate) journal: Journal,
    pub(crate) record: JournalRecord,
    /// The medium can be written anywhere: what a safe point counts has to be flushed first. On others the drive knows
    /// itself how far it came.
    pub(crate) flushes: bool,
    /// Sectors between two safe points.
    pub(crate) every: u64,
    /// What is still to be done.
    pub(crate) left: Left,
}

/// What is missing of a write that is gone on with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Left {
    /// Data, or the end of its track.
    Data,
    /// All data is there and its track is closed; only session or disc are not.
    Session,
    /// Nothing: the write was complete, and only the word of it got lost.
    Nothing,
}

impl Keeper {
    /// Whether so much was written that another safe point is due.
    pub(crate) fn is_due(&self, written: u64) -> bool {
        written >= self.record.written.saturating_add(self.every.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn former() -> FormerSectors {
        let mut former = FormerSectors::default();
        former.put(17, &[0xAB, 0, 0x01]);
        former.put(256, &[]);
        former
    }

    fn record() -> JournalRecord {
        JournalRecord {
            image: Sha256Sum([0xA5; 32]),
            sectors: 1_000_000,
            media: MediaType::BD_R,
            total: 12_219_392,
            free: 12_215_296,
            start: Lba(4096),
            written: 65_536,
            former: former(),
        }
    }

    #[test]
    fn what_was_put_is_read_and_gone_when_removed() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::at(folder.path().join("a.journal"));
        assert_eq!(journal.read().unwrap(), None);
        journal.put(&record()).unwrap();
        assert_eq!(journal.read().unwrap(), Some(record()));
        journal.remove().unwrap();
        journal.remove().unwrap();
        assert_eq!(journal.read().unwrap(), None);
    }

    #[test]
    fn half_a_journal_is_none() {
        let text = format(&record());
        for end in 0..text.len() - 1 {
            assert_eq!(parse(&text[..end]), None, "{end}");
        }
        assert_eq!(parse(&text.replace("written 65536", "written 1000001")), None);
        assert_eq!(parse(&text.replace("ab0001", "ab000")), None);
        assert_eq!(parse(&text.replace("ab0001", "ab00g1")), None);
        assert_eq!(parse(&text.replace("ab0001", &"ab".repeat(SECTOR + 1))), None);
        assert_eq!(parse(&text.replace("start 4096", "start -1")), None);
        assert_eq!(parse(&text.replace("journal 4", "journal 3")), None);
    }

    #[test]
    fn another_image_and_another_place_have_another_mark() {
        let mark = |image: &Vec<u8>, start| mark_of([(Lba(start), image as &dyn BlockSource)]).unwrap();
        let mut image = vec![0u8; 1000 * SECTOR];
        let first = mark(&image, 0);
        assert_eq!(mark(&image, 0), first);
        assert_ne!(mark(&image, 16), first);
        let (one, other) = image.split_at(500 * SECTOR);
        let (one, other) = (one.to_vec(), other.to_vec());
        let parts: [(Lba, &dyn BlockSource); 2] = [(Lba(0), &one), (Lba(500), &other)];
        assert_ne!(mark_of(parts).unwrap(), first);
        image[100 * SECTOR + 7] = 1;
        assert_ne!(mark(&image, 0), first);
        assert_ne!(mark(&vec![0u8; 1001 * SECTOR], 0), first);
        assert!(mark_of([(Lba(0), &Vec::new() as &dyn BlockSource)]).is_ok());
    }
}
