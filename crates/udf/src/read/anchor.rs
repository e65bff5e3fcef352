//! Anchors: where a volume begins to be read (ECMA-167 3/8.4.2.1, UDF 2.2.3, 6.11).

use glassmaster_disc::{BlockSource, SECTOR, SECTOR_U64};
use glassmaster_tree::ReadError;

use super::sector_of_block;
use crate::raw::anchor::Anchor;
use crate::raw::tag::{ANCHOR, Tag};

pub(super) const NAME: &str = "anchor volume descriptor pointer";
/// Logical sector sizes, the usual one first.
const SIZES: [u32; 7] = [2048, 512, 1024, 4096, 8192, 16_384, 32_768];

/// An anchor that is in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FoundAnchor {
    pub(super) anchor: Anchor,
    /// Where it stands, in blocks.
    pub(super) block: u32,
    pub(super) block_bytes: u32,
}

/// Bytes of absolute blocks.
pub(crate) fn read_blocks<S: BlockSource + ?Sized>(
    source: &S,
    structure: &'static str,
    block: u64,
    block_bytes: u32,
    count: usize,
) -> Result<Vec<u8>, ReadError> {
    let at = block.saturating_mul(u64::from(block_bytes));
    let (lba, skip) = (at / SECTOR_U64, usize::try_from(at % SECTOR_U64).unwrap_or_default());
    let wanted = usize::try_from(block_bytes).unwrap_or(SECTOR).saturating_mul(count);
    let mut bytes = vec![0; (skip + wanted).div_ceil(SECTOR) * SECTOR];
    source.read_blocks(lba, &mut bytes).map_err(|error| ReadError::io(structure, lba, error))?;
    bytes.drain(..skip);
    bytes.truncate(wanted);
    Ok(bytes)
}

/// Every anchor that is in order and leads to another sequence than those before it, in the order of
/// [`UdfVolume::open`](super::UdfVolume::open) or, with a session, of
/// [`open_session`](super::UdfVolume::open_session).
pub(super) fn anchors<S: BlockSource + ?Sized>(
    source: &S,
    session: Option<u32>,
) -> Result<Vec<FoundAnchor>, ReadError> {
    for block_bytes in SIZES {
        let blocks = source.block_count().saturating_mul(SECTOR_U64) / u64::from(block_bytes);
        let back = |n: u64| blocks.checked_sub(n);
        // Behind the last recorded sector of a CD there may be 150 of run-out, and 2 more (UDF 6.10).
        let end = [1, 257, 258, 3, 151, 153].map(back);
        let start = u64::from(session.unwrap_or(0));
        let begin = [Some(start + 256), Some(start + 512)];
        let places: Vec<u64> = match session {
            None => end.into_iter().chain(begin).flatten().collect(),
            Some(_) => begin[..1].iter().chain(&end).chain(&begin[1..]).copied().flatten().collect(),
        };
        let mut found: Vec<FoundAnchor> = Vec::new();
        for block in places.into_iter().filter(|block| *block < blocks) {
            let Ok(location) = u32::try_from(block) else { continue };
            let Ok(bytes) = read_blocks(source, NAME, block, block_bytes, 1) else { continue };
            if Tag::expect(&bytes, ANCHOR, location).is_err() {
                continue;
            }
            let anchor = Anchor::read(&bytes);
            if found.iter().all(|before| before.anchor != anchor) {
                found.push(FoundAnchor { anchor, block: location, block_bytes });
            }
        }
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let at = u64::from(session.unwrap_or(0)) + 256;
    Err(ReadError::invalid(
        NAME,
        sector_of_block(at, 2048),
        format!("none at sector {at}, the last one N, N - 256 or {} (ECMA-167 3/8.4.2.1)", at + 256),
    ))
}
