//! The last logical volume integrity descriptor (ECMA-167 3/8.8.2, 3/10.10): what a reader takes from it.

use glassmaster_disc::BlockSource;
use glassmaster_tree::Timestamp;

use super::anchor::read_blocks;
use crate::raw::anchor::ExtentAd;
use crate::raw::field::{u32_at, u64_at};
use crate::raw::integrity::Integrity;
use crate::raw::tag::{INTEGRITY, Tag};
use crate::raw::timestamp::decode;

const NAME: &str = "logical volume integrity descriptor";
/// Descriptors of the sequence that are looked at: rewritable-once media carry long chains.
const LIMIT: u32 = 4096;

/// What the descriptor recorded last says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LastIntegrity {
    pub(crate) recorded: Option<Timestamp>,
    pub(crate) closed: bool,
    pub(crate) next_unique_id: u64,
    /// Files, directories, minimum read, minimum and maximum write revision (UDF 2.2.6.4), where recorded.
    pub(crate) udf: Option<(u32, u32, [u16; 3])>,
}

/// Follows the sequence; a descriptor that is damaged ends it. `None` when there is none at all.
pub(super) fn last<S: BlockSource + ?Sized>(
    source: &S,
    mut extent: ExtentAd,
    block_bytes: u32,
) -> Option<LastIntegrity> {
    let mut last = None;
    for _ in 0..LIMIT {
        if extent.bytes < block_bytes {
            break;
        }
        let Ok(bytes) = read_blocks(source, NAME, u64::from(extent.lba), block_bytes, 1) else { break };
        if Tag::expect(&bytes, INTEGRITY, extent.lba).is_err() {
            break;
        }
        let read = Integrity::read(&bytes);
        last = Some(LastIntegrity {
            recorded: bytes.get(16..28).and_then(decode),
            closed: u32_at(&bytes, 28) == 1,
            next_unique_id: u64_at(&bytes, 40),
            udf: read.map(|r| (r.files, r.directories, [r.min_read, r.min_write, r.max_write])),
        });
        extent = match ExtentAd::read(&bytes, 32) {
            next if next.bytes > 0 => next,
            _ => ExtentAd { bytes: extent.bytes - block_bytes, lba: extent.lba.saturating_add(1) },
        };
    }
    last
}
