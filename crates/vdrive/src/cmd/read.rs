//! READ (10), READ (12), READ CD, VERIFY (10), SEEK (10), READ CAPACITY (MMC-6 6.14, 6.15, 6.19, 6.45; 6.18).

use glassmaster_disc::{Lba, SECTOR, SECTOR_U64};
use glassmaster_mmc::cmd::{
    C2Errors, Capacity, HeaderCodes, ReadCd, SectorType, Seek10, SubChannel, Verify10,
};
use glassmaster_scsi::{DataPhase, Sense};

use crate::drive::VirtualDrive;
use crate::medium::block_bits;
use crate::sense;

pub(super) fn capacity(d: &mut VirtualDrive) -> Result<Capacity, Sense> {
    let disc = d.medium()?;
    Ok(Capacity { last: Lba(disc.rules().last_block(disc)), block_length: 2048 })
}

pub(super) fn read(
    d: &mut VirtualDrive,
    lba: i32,
    blocks: u32,
    data: &mut DataPhase<'_>,
) -> Result<usize, Sense> {
    let disc = d.medium()?;
    disc.end_rehearsal();
    if blocks == 0 {
        return Ok(0);
    }
    disc.rules().check_read(disc, lba, blocks)?;
    let bytes = u64::from(blocks) * SECTOR_U64;
    let speed = d.data_speed_at(d.read_setting(), lba);
    d.pace.read(lba, blocks, bytes, speed);
    let disc = d.medium()?;
    let DataPhase::In(buf) = data else { return Err(sense::DATA_PHASE) };
    let wanted = usize::try_from(blocks).ok().and_then(|b| b.checked_mul(SECTOR)).ok_or(sense::DATA_PHASE)?;
    let whole = wanted.min(buf.len() - buf.len() % SECTOR);
    let (head, tail) = buf.split_at_mut(whole);
    disc.get(lba, head)?;
    // A host that takes less than it asked for gets the front of the next block.
    let more = tail.len().min(wanted - whole);
    if more > 0 {
        let mut block = [0; SECTOR];
        let at = i32::try_from(whole / SECTOR).unwrap_or(i32::MAX);
        disc.get(lba.saturating_add(at), &mut block)?;
        tail[..more].copy_from_slice(&block[..more]);
    }
    Ok(whole + more)
}

/// User data of data sectors; the drive keeps no other part of a sector.
pub(super) fn read_cd(d: &mut VirtualDrive, c: &ReadCd, data: &mut DataPhase<'_>) -> Result<usize, Sense> {
    let disc = d.medium()?;
    if !disc.rules().facts().is_cd() {
        return Err(sense::CANNOT_READ);
    }
    if c.sync || c.headers != HeaderCodes::NONE || c.edc_ecc || c.c2 != C2Errors::NONE {
        return Err(sense::cdb_field(9));
    }
    if c.sub_channel != SubChannel::NONE {
        return Err(sense::cdb_field(10));
    }
    let blocks = c.blocks.get();
    disc.rules().check_read(disc, c.lba.0, blocks)?;
    let wanted = match c.sector_type {
        SectorType::ANY => None,
        SectorType::MODE_1 => Some(1),
        SectorType::MODE_2_FORM_1 => Some(2),
        SectorType::CD_DA | SectorType::MODE_2_FORMLESS | SectorType::MODE_2_FORM_2 => {
            return Err(sense::ILLEGAL_MODE.with_information(block_bits(c.lba.0)));
        }
        _ => return Err(sense::cdb_bit(1, 4)),
    };
    let last = i64::from(c.lba.0) + i64::from(blocks);
    let other =
        disc.state.tracks.iter().find(|t| {
            i64::from(t.start) < last && t.next > c.lba.0 && wanted.is_some_and(|mode| t.mode != mode)
        });
    if other.is_some() {
        return Err(sense::ILLEGAL_MODE.with_information(block_bits(c.lba.0)));
    }
    if !c.user_data {
        return Ok(0);
    }
    read(d, c.lba.0, blocks, data)
}

pub(super) fn verify(d: &mut VirtualDrive, c: &Verify10) -> Result<usize, Sense> {
    if c.byte_check {
        return Err(sense::cdb_bit(1, 1));
    }
    let disc = d.medium()?;
    let blocks = u32::from(c.blocks);
    disc.rules().check_read(disc, c.lba.0, blocks)?;
    let speed = d.data_speed_at(d.read_setting(), c.lba.0);
    d.pace.read(c.lba.0, blocks, u64::from(blocks) * SECTOR_U64, speed);
    let disc = d.medium()?;
    let mut block = [0; SECTOR];
    for at in (0..blocks).map(|n| c.lba.0.saturating_add_unsigned(n)) {
        disc.get(at, &mut block)?;
    }
    Ok(0)
}

pub(super) fn seek(d: &mut VirtualDrive, c: &Seek10) -> Result<usize, Sense> {
    let disc = d.medium()?;
    if c.lba.0 < disc.store.geometry().first_lba || c.lba.0 >= disc.user_end() {
        return Err(sense::OUT_OF_RANGE.with_information(block_bits(c.lba.0)));
    }
    Ok(0)
}
