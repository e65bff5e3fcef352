//! WRITE (10), WRITE (12), WRITE AND VERIFY (10) (MMC-6 6.46 to 6.48).

use glassmaster_disc::SECTOR;
use glassmaster_mmc::cmd::WriteAndVerify10;
use glassmaster_scsi::{DataPhase, Sense};

use super::sent;
use crate::drive::VirtualDrive;
use crate::medium::Disc;
use crate::record::WriteParameters;
use crate::sense;

/// The disc, if it may be written at all.
pub(super) fn writable(d: &mut VirtualDrive) -> Result<&mut Disc, Sense> {
    let by_software = d.pages.timeout.write_protect_until_power_down;
    let disc = d.medium()?;
    if by_software {
        return Err(sense::SOFTWARE_WRITE_PROTECTED);
    }
    if disc.state.protected {
        return Err(sense::PERSISTENT_WRITE_PROTECT);
    }
    Ok(disc)
}

pub(super) fn write(
    d: &mut VirtualDrive,
    lba: i32,
    blocks: u32,
    data: &DataPhase<'_>,
) -> Result<usize, Sense> {
    let p = WriteParameters::of(&d.pages.write_parameters);
    let len = usize::try_from(blocks).ok().and_then(|b| b.checked_mul(SECTOR)).ok_or(sense::DATA_PHASE)?;
    writable(d)?;
    let bytes = sent(data, len)?;
    if d.stalls() {
        return Err(sense::LONG_WRITE_IN_PROGRESS);
    }
    // Only a full buffer is told before the address is looked at; it is looked at again when the write is repeated.
    let speed = d.data_speed_at(d.write_setting(), lba);
    if d.pace.notice_underrun(underrun_free(d, &p)).is_err() {
        let disc = writable(d)?;
        disc.lose_recording()?;
        return Err(sense::LOSS_OF_STREAMING.with_information(crate::medium::block_bits(lba)));
    }
    d.pace.accept(len, speed)?;
    let disc = writable(d)?;
    let rules = disc.rules();
    if p.test_write && rules.facts().test_write {
        disc.rehearse();
    } else if disc.end_rehearsal() {
        return Err(sense::SEQUENCE);
    }
    let change = rules.write(disc, &p, lba, bytes)?;
    // A test write that has come to the end of its session leaves nothing behind.
    let played = disc.is_rehearsing() && change.new_media && disc.end_rehearsal();
    if !played {
        d.note(change);
    }
    Ok(len)
}

/// DVD+R, DVD-RAM and BD link without loss by their nature, DVD+RW too; the others where the host allows it.
fn underrun_free(d: &VirtualDrive, p: &WriteParameters) -> bool {
    let depends = d.loaded().is_some_and(|disc| {
        let f = disc.rules().facts();
        f.is_cd() || f.is_dvd_dash()
    });
    p.underrun_free || !depends
}

/// Only for media that can be written anywhere; the data has just been put where it can be read.
pub(super) fn write_and_verify(
    d: &mut VirtualDrive,
    c: &WriteAndVerify10,
    data: &DataPhase<'_>,
) -> Result<usize, Sense> {
    let blocks = u32::from(c.blocks);
    let len = write(d, c.lba.0, blocks, data)?;
    let disc = d.medium()?;
    let mut block = [0; SECTOR];
    for (at, wanted) in
        (0..blocks).map(|n| c.lba.0.saturating_add_unsigned(n)).zip(sent(data, len)?.chunks(SECTOR))
    {
        disc.get(at, &mut block)?;
        if block != wanted {
            return Err(sense::WRITE_ERROR.with_information(crate::medium::block_bits(at)));
        }
    }
    Ok(len)
}
