//! Layer jump recording of DVD-R DL (MMC-6 clause 4, DVD-R DL model): a stretch in layer 0, then the stretch of layer 1
//! that lies over it, and so on, so that a disc that is not full has both layers recorded to the same radius.
//!
//! Block addresses run outwards through layer 0 and back inwards through layer 1. With M blocks in layer 0 and
//! jumps every I blocks, the order of recording is: 0 to I, 2M - I to 2M, I to 2I, 2M - 2I to 2M - I, ... The track
//! keeps the number of blocks recorded in that order as its next address.

use glassmaster_scsi::Sense;

use super::dvd_plus::DATA_TRACK;
use super::{Change, Disc, TrackView, align_up, block_bits, blocks_of};
use crate::sense;
use crate::store::{Session, Track};

/// Whether the disc is recorded with layer jumps.
pub(super) fn is_on(disc: &Disc) -> bool {
    disc.state.jump_interval != 0
}

/// The way a recording takes through two layers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Path {
    /// Blocks of layer 0, and as many in layer 1.
    layer: i64,
    interval: i64,
}

/// A stretch recorded without a jump.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stretch {
    /// Position of its first block in the order of recording.
    from: i64,
    /// Address of that block.
    lba: i64,
    blocks: i64,
}

impl Path {
    fn of(disc: &Disc) -> Self {
        let layer = disc.rules().layer_0(disc).unwrap_or(disc.state.user_blocks / 2);
        Self { layer: i64::from(layer.max(1)), interval: i64::from(disc.state.jump_interval.max(1)) }
    }

    fn blocks(self) -> i64 {
        2 * self.layer
    }

    /// The stretch that holds this position.
    fn at(self, position: i64) -> Stretch {
        let turn = position / (2 * self.interval);
        let (from, inner) = (2 * turn * self.interval, turn * self.interval);
        let blocks = self.interval.min(self.layer - inner).max(0);
        if position < from + blocks {
            Stretch { from, lba: inner, blocks }
        } else {
            Stretch { from: from + blocks, lba: self.blocks() - inner - blocks, blocks }
        }
    }

    fn address(self, position: i64) -> i64 {
        let s = self.at(position);
        s.lba + (position - s.from)
    }

    fn position(self, lba: i64) -> i64 {
        // The same distance from the hub in either layer.
        let radius = if lba < self.layer { lba } else { self.blocks() - 1 - lba };
        let turn = radius / self.interval;
        let outward = self.at(2 * turn * self.interval);
        if lba < self.layer {
            outward.from + (lba - outward.lba)
        } else {
            let back = self.at(outward.from + outward.blocks);
            back.from + (lba - back.lba)
        }
    }
}

fn recorded(disc: &Disc) -> i64 {
    disc.state.tracks.first().map_or(0, |t| i64::from(t.next))
}

fn address(lba: i64) -> i32 {
    i32::try_from(lba).unwrap_or(i32::MAX)
}

pub(super) fn tracks(disc: &Disc) -> Vec<TrackView> {
    let path = Path::of(disc);
    let track = disc.state.tracks.first();
    let done = recorded(disc);
    let open = track.is_none_or(|t| !t.closed && !t.damaged) && !disc.state.finalized;
    let free = if open { path.blocks() - done } else { 0 };
    let here = path.at(done.min(path.blocks() - 1));
    vec![TrackView {
        number: 1,
        session: 1,
        size: u32::try_from(path.blocks()).unwrap_or(u32::MAX),
        free: u32::try_from(free).unwrap_or(0),
        next_writable: (open && free > 0).then(|| address(path.address(done))),
        last_recorded: (done > 0).then(|| address(path.address(done - 1))),
        blank: done == 0,
        damaged: track.is_some_and(|t| t.damaged),
        packet: Some(16),
        control: 4,
        data_mode: 1,
        // Regular intervals; the jump happens behind this block, and led to the one the stretch began with.
        layer_jump: 3,
        next_jump: Some(address(here.lba + here.blocks - 1)),
        last_jump: Some(if here.from == 0 { 0 } else { address(path.address(here.from - 1)) }),
        ..TrackView::default()
    }]
}

pub(super) fn check_read(disc: &Disc, lba: i32, blocks: u32) -> Result<(), Sense> {
    let path = Path::of(disc);
    let end = i64::from(lba) + i64::from(blocks);
    if lba < 0 || end > path.blocks() {
        return Err(sense::OUT_OF_RANGE.with_information(block_bits(lba)));
    }
    let done = recorded(disc);
    let mut at = i64::from(lba);
    while at < end {
        let position = path.position(at);
        if position >= done {
            return Err(sense::OUT_OF_RANGE.with_information(block_bits(address(at))));
        }
        let s = path.at(position);
        at += (s.from + s.blocks).min(done) - position;
    }
    Ok(())
}

/// Writes at the next position; a write must not reach over a jump.
pub(super) fn write(disc: &mut Disc, lba: i32, data: &[u8]) -> Result<Change, Sense> {
    let bits = block_bits(lba);
    let path = Path::of(disc);
    if disc.state.tracks.first().is_some_and(|t| t.closed || t.damaged) {
        return Err(sense::INVALID_WRITE_ADDRESS.with_information(bits));
    }
    let done = recorded(disc);
    let blocks = blocks_of(data);
    if i64::from(lba) >= path.blocks() || lba < 0 {
        return Err(sense::OUT_OF_RANGE.with_information(bits));
    }
    if done >= path.blocks() || path.address(done) != i64::from(lba) {
        return Err(sense::INVALID_WRITE_ADDRESS.with_information(bits));
    }
    let here = path.at(done);
    if done + i64::from(blocks) > here.from + here.blocks {
        return Err(sense::INVALID_WRITE_ADDRESS.with_information(bits));
    }
    if blocks == 0 {
        return Ok(Change::default());
    }
    disc.put(lba, data)?;
    if disc.state.tracks.is_empty() {
        disc.state.sessions.push(Session::default());
        disc.state.tracks.push(Track { session: 1, ..DATA_TRACK });
    }
    if let Some(t) = disc.state.tracks.first_mut() {
        t.next = t.next.saturating_add_unsigned(blocks);
    }
    disc.commit()?;
    Ok(Change::default())
}

/// Completes the last ECC block.
pub(super) fn pad(disc: &mut Disc) -> Result<(), Sense> {
    let mut changed = false;
    for t in disc.state.tracks.iter_mut().filter(|t| !t.closed) {
        let whole = align_up(t.next, 16);
        changed |= whole != t.next;
        t.next = whole;
    }
    if changed { disc.commit() } else { Ok(()) }
}

/// Closes the RZone, and the disc with it. What is missing in the layer above the last stretch is recorded as zeros, so
/// that no reader loses its focus there.
pub(super) fn close(disc: &mut Disc, finalize: bool) -> Result<Change, Sense> {
    pad(disc)?;
    let path = Path::of(disc);
    let Some(t) = disc.state.tracks.first().copied() else { return Ok(Change::default()) };
    if !t.closed {
        let mut done = i64::from(t.next);
        // Up to the end of the stretch in layer 1 that covers what layer 0 has.
        let here = path.at(done.min(path.blocks() - 1));
        let full = if here.lba < path.layer {
            if done == here.from { done } else { path.at(here.from + here.blocks).from + here.blocks }
        } else {
            here.from + here.blocks
        };
        while done < full {
            let s = path.at(done);
            let blocks = (s.from + s.blocks).min(full) - done;
            disc.put_zeros(address(path.address(done)), u32::try_from(blocks).unwrap_or(0))?;
            done += blocks;
        }
        if let Some(t) = disc.state.tracks.first_mut() {
            t.next = address(done);
            t.closed = true;
        }
    }
    if !finalize {
        disc.commit()?;
        return Ok(Change::default());
    }
    if let Some(s) = disc.state.sessions.last_mut() {
        s.closed = true;
        s.lead_out = address(path.blocks());
    }
    disc.state.finalized = true;
    disc.commit()?;
    Ok(Change { new_media: true })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Ten blocks a layer, jumps every four: out 0-3, in 16-19, out 4-7, in 12-15, out 8-9, in 10-11.
    #[test]
    fn the_way_through_two_layers() {
        let path = Path { layer: 10, interval: 4 };
        let way: Vec<i64> = (0..20).map(|n| path.address(n)).collect();
        assert_eq!(way, [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 12, 13, 14, 15, 8, 9, 10, 11]);
        for n in 0..20 {
            assert_eq!(path.position(path.address(n)), n);
        }
    }

    proptest! {
        #[test]
        fn every_block_has_one_position(layer in 1i64..500, interval in 1i64..600) {
            let path = Path { layer, interval: interval.min(layer) };
            let mut seen = vec![false; usize::try_from(2 * layer).unwrap()];
            for n in 0..2 * layer {
                let lba = path.address(n);
                prop_assert_eq!(path.position(lba), n);
                let place = &mut seen[usize::try_from(lba).unwrap()];
                prop_assert!(!*place);
                *place = true;
            }
        }
    }
}
