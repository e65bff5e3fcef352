//! Recording a session in one go: from the first pre-gap to the lead-out, each block in its turn.

use glassmaster_disc::SECTOR;
use glassmaster_scsi::Sense;

use super::CueSheet;
use crate::medium::{Disc, block_bits, blocks_of};
use crate::sense;
use crate::store::{Session, Track};

/// A session that is being recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SessionAtOnce {
    sheet: CueSheet,
    /// Next block the host has to send.
    next: i32,
    /// Place of the session's first track.
    first_place: usize,
    begun: bool,
}

impl SessionAtOnce {
    /// Takes a checked cue sheet; nothing is recorded before the first write.
    pub(crate) fn new(disc: &Disc, sheet: CueSheet) -> Self {
        let next = sheet.pieces.iter().find(|p| p.from_host).map_or(sheet.lead_out, |p| p.start);
        Self { sheet, next, first_place: disc.state.tracks.len(), begun: false }
    }

    /// Whether anything has been recorded.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Records blocks; true when they were the last ones.
    pub(crate) fn write(&mut self, disc: &mut Disc, lba: i32, data: &[u8], mode: u8) -> Result<bool, Sense> {
        let bits = block_bits(lba);
        if lba != self.next {
            return Err(sense::INVALID_WRITE_ADDRESS.with_information(bits));
        }
        let blocks = blocks_of(data);
        if i64::from(lba) + i64::from(blocks) > i64::from(self.sheet.lead_out) {
            return Err(sense::END_OF_USER_AREA.with_information(bits));
        }
        if blocks == 0 {
            return Ok(false);
        }
        if !self.begun {
            self.begin(disc, mode);
        }
        let mut rest = data;
        while !rest.is_empty() {
            let run = u32::try_from(i64::from(self.run_end()) - i64::from(self.next)).unwrap_or(0);
            if run == 0 {
                // The host sends more than the pieces that are its own.
                return Err(sense::END_OF_USER_AREA.with_information(block_bits(self.next)));
            }
            let now = run.min(blocks_of(rest));
            let (head, tail) = rest.split_at((usize::try_from(now).unwrap_or(0) * SECTOR).min(rest.len()));
            disc.put(self.next, head)?;
            rest = tail;
            self.next = self.next.saturating_add_unsigned(now);
            self.skip_made_by_drive(disc)?;
        }
        for t in disc.state.tracks.iter_mut().skip(self.first_place) {
            let end = t.start.saturating_add_unsigned(t.reserved);
            t.next = self.next.clamp(t.start, end.max(t.start));
        }
        disc.commit()?;
        Ok(self.next >= self.sheet.lead_out)
    }

    /// End of the run of host pieces that the write position is in.
    fn run_end(&self) -> i32 {
        let mut end = self.next;
        for (n, p) in self.sheet.pieces.iter().enumerate() {
            if p.from_host && p.start <= end && self.sheet.end_of(n) > end {
                end = self.sheet.end_of(n);
            }
        }
        end
    }

    fn skip_made_by_drive(&mut self, disc: &mut Disc) -> Result<(), Sense> {
        for n in 0..self.sheet.pieces.len() {
            let Some(p) = self.sheet.pieces.get(n).copied() else { break };
            if !p.from_host && p.start == self.next {
                let end = self.sheet.end_of(n);
                disc.put_zeros(p.start, u32::try_from(i64::from(end) - i64::from(p.start)).unwrap_or(0))?;
                self.next = end;
            }
        }
        Ok(())
    }

    /// The tracks exist, with their final sizes, from the first block on.
    fn begin(&mut self, disc: &mut Disc, mode: u8) {
        disc.state.sessions.push(Session { closed: false, lead_out: self.sheet.lead_out, disc_type: 0 });
        let session = u16::try_from(disc.state.sessions.len()).unwrap_or(u16::MAX);
        for (n, p) in self.sheet.pieces.iter().enumerate().filter(|(_, p)| p.index == 1) {
            // A track ends where the pre-gap of the next one begins; its further indices are inside.
            let end = self
                .sheet
                .pieces
                .iter()
                .skip(n)
                .find(|q| q.track != p.track)
                .map_or(self.sheet.lead_out, |q| q.start);
            disc.state.tracks.push(Track {
                session,
                start: p.start,
                reserved: u32::try_from(i64::from(end) - i64::from(p.start)).unwrap_or(0),
                next: p.start,
                run_out: 0,
                closed: false,
                damaged: false,
                at_once: true,
                control: 4,
                mode,
            });
        }
        self.begun = true;
    }
}
