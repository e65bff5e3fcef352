//! Where a recording on two layers turns.

use glassmaster_mmc::cmd::{LayerCapacity, SendDiscStructure, StructureFormat};
use glassmaster_recorder::Repeat;

use crate::engine::Target;
use crate::error::Error;
use crate::job::Job;

/// Sectors of an ECC block.
const UNIT: u64 = 16;

/// Half of the data in whole ECC blocks: the second layer is never the longer one (MMC-6 clause 4, layer boundary).
fn layer_0(sectors: u64) -> Option<u32> {
    u32::try_from(sectors.div_ceil(2).next_multiple_of(UNIT)).ok()
}

/// SEND DISC STRUCTURE format 20h (MMC-6 6.36): both layers get half of the data, so that no layer has to be filled up
/// when the disc is closed. A drive that keeps its own boundary, or a disc whose boundary was set already, is no reason not to
/// write.
pub(super) fn set_layer_break(job: &Job<'_>, target: Target) -> Result<(), Error> {
    let Some(blocks) = layer_0(target.sectors.saturating_add(u64::from(target.tail))) else {
        return Ok(());
    };
    let structure = LayerCapacity { initialized: false, blocks }.to_structure();
    let command = SendDiscStructure::dvd(StructureFormat::LAYER_CAPACITY, &structure);
    let timeout = job.recorder.patience().long_command;
    match job.recorder.send(&command, &structure.to_bytes(), timeout, Repeat::WhileUnchanged) {
        Err(e) if e.sense().is_some_and(|s| s.key == glassmaster_scsi::SenseKey::ILLEGAL_REQUEST) => Ok(()),
        other => job.check(other),
    }
}

#[cfg(test)]
mod tests {
    use super::layer_0;

    #[test]
    fn the_first_layer_holds_half_in_whole_blocks() {
        for (sectors, blocks) in [(32, 16), (33, 32), (48, 32), (64, 32), (4_171_712, 2_085_856)] {
            assert_eq!(layer_0(sectors), Some(blocks), "{sectors}");
        }
        assert_eq!(layer_0(u64::MAX / 2), None);
    }
}
