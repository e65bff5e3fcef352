//! Media: what each kind of disc can hold, which states it goes through, what it refuses. One file a medium;
//! what several have in common stands in a file of its own: [`sequential`], [`overwrite`], [`cd`], [`dvd_dash`],
//! [`dvd_plus`], [`spare`].

mod bd_r;
mod bd_re;
mod cd;
mod cd_r;
mod cd_rw;
mod disc;
mod disk;
mod dvd_dash;
mod dvd_plus;
mod dvd_plus_r;
mod dvd_plus_rw;
mod dvd_r;
mod dvd_ram;
mod dvd_rw;
mod erase;
mod facts;
mod format;
mod layer_jump;
mod overwrite;
mod sequential;
mod size;
mod spare;
mod view;

use glassmaster_disc::{MediaType, SECTOR};
use glassmaster_mmc::Profile;
use glassmaster_scsi::Sense;

pub(crate) use cd::START_OF_LEAD_IN;
pub use disc::{Disc, HostError, MediumOptions};
pub(crate) use facts::{Facts, Speed};
pub(crate) use format::{Capacity, CapacityState, FormatRequest, Formattable};
use sequential::Sequence;
pub use size::MediumSize;
pub(crate) use view::{DiscSummary, Fill, TocSession, TocTrack, TrackView};

use crate::record::WriteParameters;
use crate::sense;
use crate::store::{DiscState, Geometry, StoreError};

/// What a command has changed, for the events the host may be told of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Change {
    /// What can be read or written has changed so much that the host should look at the disc anew.
    pub(crate) new_media: bool,
}

/// How the blocks of a disc are organised in its present state.
#[derive(Clone, Copy)]
pub(crate) enum Layout {
    /// Tracks that grow at one end, in sessions.
    Sequential(&'static Sequence),
    /// One track, every block of which can be written at any time.
    Overwritable,
}

/// The rules of one kind of medium. Stateless: all state is in the [`Disc`].
pub(crate) trait Rules: Sync {
    fn facts(&self) -> &Facts;

    fn media(&self) -> MediaType {
        self.facts().media
    }

    fn geometry(&self, size: MediumSize) -> Geometry {
        let f = self.facts();
        Geometry {
            media: f.media,
            first_lba: i32::try_from(f.pregap()).map_or(0, |n| -n),
            blocks: size.blocks().saturating_add(f.pregap()),
            unit: f.unit,
        }
    }

    /// The disc as it comes, or formatted where that is asked for and possible.
    fn new_state(&self, size: MediumSize, _formatted: bool) -> DiscState {
        DiscState { user_blocks: size.blocks(), format_type: 0xFF, ..DiscState::default() }
    }

    /// Profile the drive takes with this disc (MMC-6 5.3.1).
    fn profile(&self, disc: &Disc) -> Profile;

    fn layout(&self, disc: &Disc) -> Layout;

    /// What a power failure or a killed process left half done is brought into the state a drive would find.
    fn mount(&self, disc: &mut Disc) -> Result<(), Sense> {
        // A recording at once that lost its power cannot be taken up again.
        disc.break_off()
    }

    /// One past the last block of an overwritable disc that is formatted.
    fn formatted_end(&self, disc: &Disc) -> u32 {
        disc.state.user_blocks
    }

    fn summary(&self, disc: &Disc) -> DiscSummary {
        match self.layout(disc) {
            Layout::Sequential(s) => DiscSummary { erasable: self.facts().erasable, ..s.summary(disc) },
            Layout::Overwritable => overwrite::summary(disc),
        }
    }

    /// All tracks, the invisible one last.
    fn tracks(&self, disc: &Disc) -> Vec<TrackView> {
        match self.layout(disc) {
            Layout::Sequential(s) => s.tracks(disc),
            Layout::Overwritable => overwrite::tracks(disc, self.formatted_end(disc), self.facts().unit),
        }
    }

    /// Complete sessions.
    fn toc(&self, disc: &Disc) -> Vec<TocSession> {
        match self.layout(disc) {
            Layout::Sequential(s) => s.toc(disc),
            Layout::Overwritable => overwrite::toc(disc, self.formatted_end(disc)),
        }
    }

    /// Address of the last block that READ CAPACITY reports (MMC-6 6.18).
    fn last_block(&self, disc: &Disc) -> i32 {
        match self.layout(disc) {
            Layout::Sequential(s) => s.last_block(disc),
            Layout::Overwritable => overwrite::last_block(disc, self.formatted_end(disc)),
        }
    }

    /// Refuses a read of blocks that hold no data.
    fn check_read(&self, disc: &Disc, lba: i32, blocks: u32) -> Result<(), Sense> {
        match self.layout(disc) {
            Layout::Sequential(s) => s.check_read(disc, lba, blocks),
            Layout::Overwritable => overwrite::check(disc, self.formatted_end(disc), lba, blocks),
        }
    }

    fn write(&self, disc: &mut Disc, p: &WriteParameters, lba: i32, data: &[u8]) -> Result<Change, Sense>;

    /// Everything accepted so far reaches the disc; what was begun in a smaller piece than the medium can record
    /// is padded (MMC-6 6.43).
    fn synchronize(&self, disc: &mut Disc, _p: &WriteParameters) -> Result<Change, Sense> {
        if let Layout::Sequential(s) = self.layout(disc) {
            s.pad_units(disc)?;
        }
        disc.sync()?;
        Ok(Change::default())
    }

    /// CLOSE TRACK SESSION (MMC-6 6.3).
    fn close(&self, disc: &mut Disc, p: &WriteParameters, function: u8, number: u16)
    -> Result<Change, Sense>;

    /// RESERVE TRACK (MMC-6, RESERVE TRACK command) by size, or by the address at which the following track is to start.
    fn reserve(&self, _disc: &mut Disc, _p: &WriteParameters, _by: Reservation) -> Result<(), Sense> {
        Err(sense::INVALID_OPCODE)
    }

    /// SEND CUE SHEET (MMC-6, SEND CUE SHEET command).
    fn cue_sheet(&self, _disc: &mut Disc, _p: &WriteParameters, _sheet: &[u8]) -> Result<(), Sense> {
        Err(sense::INVALID_OPCODE)
    }

    /// BLANK (MMC-6 6.2).
    fn blank(&self, _disc: &mut Disc, _kind: u8, _start: u32) -> Result<Change, Sense> {
        Err(sense::CANNOT_WRITE)
    }

    /// A mode page 05h with this write type has been sent: a blank DVD-R DL goes over to layer jumps or back.
    fn write_type_chosen(&self, _disc: &mut Disc, _layer_jump: bool) -> Result<Change, Sense> {
        Ok(Change::default())
    }

    /// Where a recording of two layers turns, and whether it can still be set; `None` on one layer.
    fn layer_0(&self, disc: &Disc) -> Option<u32> {
        (disc.layers() == 2 && !self.facts().is_bd()).then_some(match disc.state.layer_0 {
            0 => disc.state.user_blocks / 2,
            set => set,
        })
    }

    /// The formatting side of the medium, for those that have one.
    fn formattable(&self) -> Option<&dyn Formattable> {
        None
    }
}

/// Extent of a reservation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reservation {
    Size(u32),
    UpTo(i32),
}

/// Every emulated medium. A new one is a file here and a line.
const ALL: [&'static dyn Rules; 13] = [
    &cd_r::CD_R,
    &cd_rw::CD_RW,
    &dvd_r::DVD_R,
    &dvd_r::DVD_R_DL,
    &dvd_rw::DvdRw,
    &dvd_ram::DvdRam,
    &dvd_plus_r::DVD_PLUS_R,
    &dvd_plus_r::DVD_PLUS_R_DL,
    &dvd_plus_rw::DVD_PLUS_RW,
    &dvd_plus_rw::DVD_PLUS_RW_DL,
    &bd_r::BdR,
    &bd_re::BdRe,
    &disk::Disk,
];

fn rules_for(media: MediaType) -> Result<&'static dyn Rules, StoreError> {
    ALL.into_iter().find(|r| r.media() == media).ok_or(StoreError::Media { media })
}

/// The information field of sense data holds an address as its 32 bits.
pub(crate) fn block_bits(lba: i32) -> u64 {
    u64::from(u32::from_be_bytes(lba.to_be_bytes()))
}

/// Number of whole blocks in `data`.
pub(crate) fn blocks_of(data: &[u8]) -> u32 {
    u32::try_from(data.len() / SECTOR).unwrap_or(u32::MAX)
}

/// `lba` rounded up to a multiple of `unit`.
pub(crate) fn align_up(lba: i32, unit: u32) -> i32 {
    let unit = i32::try_from(unit).unwrap_or(1).max(1);
    let over = lba.rem_euclid(unit);
    if over == 0 { lba } else { lba.saturating_add(unit - over) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::WriteType;

    const P: WriteParameters = WriteParameters {
        write_type: WriteType::Incremental,
        next_session_allowed: false,
        data_mode: 1,
        track_mode: 4,
        session_format: 0,
        test_write: false,
        underrun_free: true,
    };

    /// The host's disk is full in the middle of a burn: a write error, the same address again once there is room.
    #[test]
    fn a_write_the_host_cannot_store_has_not_happened() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.disc");
        let mut disc = Disc::create(&path, MediaType::DVD_PLUS_R, &MediumOptions::default()).unwrap();
        let rules = disc.rules();
        rules.write(&mut disc, &P, 0, &[1; 16 * SECTOR]).unwrap();
        disc.store.make_read_only(true);
        let error = rules.write(&mut disc, &P, 16, &[2; 16 * SECTOR]).unwrap_err();
        assert!(error.is(3, 0x0C, 0));
        assert!(disc.host_error().take().unwrap().contains("a.disc"));
        assert_eq!(rules.tracks(&disc)[0].next_writable, Some(16));
        assert!(rules.check_read(&disc, 16, 1).is_err());
        // Nor has a change that was only to be noted.
        disc.state.finalized = true;
        assert!(disc.commit().unwrap_err().is(3, 0x0C, 0));
        assert!(!disc.state.finalized);
        disc.store.make_read_only(false);
        rules.write(&mut disc, &P, 16, &[3; 16 * SECTOR]).unwrap();
        let mut buf = [0; SECTOR];
        disc.get(16, &mut buf).unwrap();
        assert_eq!(buf, [3; SECTOR]);
    }
}
