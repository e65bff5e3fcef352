//! SEND DISC STRUCTURE (MMC-6, SEND DISC STRUCTURE command): write protection, and where a recording of two layers turns.

use glassmaster_disc::MediaType;
use glassmaster_mmc::cmd::{LayerCapacity, SendDiscStructure, StructureFormat, WriteProtection};
use glassmaster_scsi::{DataPhase, Sense};

use super::sent;
use crate::drive::VirtualDrive;
use crate::medium::Disc;
use crate::sense;

pub(super) fn run(d: &mut VirtualDrive, c: &SendDiscStructure, data: &DataPhase<'_>) -> Result<usize, Sense> {
    let by_software = d.pages.timeout.write_protect_until_power_down;
    let disc = d.medium()?;
    let len = usize::from(c.parameter_list_length);
    let list = SendDiscStructure::parse_list(sent(data, len)?).map_err(|e| e.sense())?;
    let short = |_| sense::PARAMETER_LIST_LENGTH;
    match c.format {
        StructureFormat::WRITE_PROTECTION if takes_protection(disc.media()) => {
            let wanted = WriteProtection::parse(&list).map_err(short)?;
            disc.state.protected = wanted.persistent;
            disc.commit()?;
        }
        _ if by_software => return Err(sense::SOFTWARE_WRITE_PROTECTED),
        _ if disc.state.protected => return Err(sense::PERSISTENT_WRITE_PROTECT),
        StructureFormat::LAYER_CAPACITY => layer_capacity(disc, LayerCapacity::parse(&list).map_err(short)?)?,
        StructureFormat::JUMP_INTERVAL => jump_interval(disc, LayerCapacity::parse(&list).map_err(short)?)?,
        _ => return Err(sense::cdb_field(7)),
    }
    Ok(len)
}

/// Media whose persistent write protection a host can set and take back.
pub(super) fn takes_protection(media: MediaType) -> bool {
    matches!(
        media,
        MediaType::DVD_RAM | MediaType::DVD_PLUS_RW | MediaType::DVD_PLUS_RW_DL | MediaType::BD_RE
    )
}

/// Media whose layer 0 can be made shorter.
pub(super) fn takes_layer_break(disc: &Disc) -> bool {
    matches!(disc.media(), MediaType::DVD_PLUS_R_DL | MediaType::DVD_R_DL)
}

/// Layer 0 ends with a whole ECC block and holds at least half of what is recorded; it is set once, on a blank disc.
fn layer_capacity(disc: &mut Disc, wanted: LayerCapacity) -> Result<(), Sense> {
    if !takes_layer_break(disc) {
        return Err(sense::cdb_field(7));
    }
    if !disc.state.tracks.is_empty() {
        return Err(sense::SEQUENCE);
    }
    let half = disc.state.user_blocks / 2;
    if disc.state.layer_0 != 0 && disc.state.layer_0 != wanted.blocks {
        return Err(sense::SEQUENCE);
    }
    if wanted.blocks == 0 || wanted.blocks > half || !wanted.blocks.is_multiple_of(16) {
        return Err(sense::list_field(8));
    }
    disc.state.layer_0 = wanted.blocks;
    if disc.state.jump_interval > wanted.blocks {
        disc.state.jump_interval = wanted.blocks;
    }
    disc.commit()
}

/// Jumps come at a regular distance, in whole ECC blocks; set on a blank disc that is to be recorded with them.
fn jump_interval(disc: &mut Disc, wanted: LayerCapacity) -> Result<(), Sense> {
    if disc.state.jump_interval == 0 {
        return Err(sense::cdb_field(7));
    }
    if !disc.state.tracks.is_empty() {
        return Err(sense::SEQUENCE);
    }
    let layer = disc.rules().layer_0(disc).unwrap_or(0);
    if wanted.blocks == 0 || wanted.blocks > layer || !wanted.blocks.is_multiple_of(16) {
        return Err(sense::list_field(8));
    }
    disc.state.jump_interval = wanted.blocks;
    disc.commit()
}
