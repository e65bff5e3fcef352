//! What DVD+RW, DVD-RAM, BD-RE and disks share: one track, blocks that can be written in any order and again.

use glassmaster_scsi::Sense;

use super::{Change, Disc, DiscSummary, Fill, TocSession, TocTrack, TrackView, blocks_of};
use crate::sense;
use crate::store::FormatState;

pub(super) fn is_formatted(disc: &Disc) -> bool {
    disc.state.format != FormatState::None
}

/// A formatted disc counts as complete: one session, one track (MMC-6 6.21).
pub(super) fn summary(disc: &Disc) -> DiscSummary {
    let fill = if is_formatted(disc) { Fill::Complete } else { Fill::Empty };
    DiscSummary {
        disc: fill,
        last_session: fill,
        erasable: true,
        sessions: 1,
        first_track_in_last_session: 1,
        last_track: 1,
        background_format: 0,
        disc_type: if is_formatted(disc) { 0 } else { 0xFF },
        next_lead_in: (!is_formatted(disc)).then_some(0),
        last_lead_out: (!is_formatted(disc)).then(|| disc.user_end()),
    }
}

/// `end` is one past the last formatted block.
pub(super) fn tracks(disc: &Disc, end: u32, unit: u32) -> Vec<TrackView> {
    let formatted = is_formatted(disc);
    vec![TrackView {
        number: 1,
        session: 1,
        size: if formatted { end } else { disc.state.user_blocks },
        free: if formatted { 0 } else { disc.state.user_blocks },
        next_writable: (!formatted).then_some(0),
        blank: !formatted,
        // Overwritable blocks come in units of a fixed length, which the standard shows as fixed packets.
        packet: Some(unit),
        fixed_packet: true,
        control: 4,
        data_mode: 1,
        ..TrackView::default()
    }]
}

pub(super) fn toc(disc: &Disc, end: u32) -> Vec<TocSession> {
    if !is_formatted(disc) {
        return Vec::new();
    }
    vec![TocSession {
        number: 1,
        disc_type: 0,
        tracks: vec![TocTrack { number: 1, start: 0, control: 4 }],
        lead_out: address(end),
        next_start: None,
    }]
}

pub(super) fn last_block(disc: &Disc, end: u32) -> i32 {
    if is_formatted(disc) { address(end).saturating_sub(1).max(0) } else { 0 }
}

fn address(blocks: u32) -> i32 {
    i32::try_from(blocks).unwrap_or(i32::MAX)
}

/// Refuses what lies outside the user area or has never been formatted.
pub(super) fn check(disc: &Disc, end: u32, lba: i32, blocks: u32) -> Result<(), Sense> {
    if !is_formatted(disc) {
        return Err(sense::NOT_FORMATTED);
    }
    if lba < 0 || i64::from(lba) + i64::from(blocks) > i64::from(end) {
        return Err(sense::OUT_OF_RANGE.with_information(super::block_bits(lba)));
    }
    Ok(())
}

/// Writes blocks in place. The rest of a unit that is only covered in part keeps what it had: the drive reads it
/// first, and the store has it in place already.
pub(super) fn write(disc: &mut Disc, lba: i32, data: &[u8]) -> Result<Change, Sense> {
    check(disc, disc.state.user_blocks, lba, blocks_of(data))?;
    disc.put(lba, data)?;
    Ok(Change::default())
}
