//! Media: what each kind of disc can hold, which states it goes through, what it refuses. One file a medium.

mod bd_r;
mod bd_re;
mod cd_r;
mod dvd_plus_r;
mod dvd_plus_rw;
mod format;
mod overwrite;
mod sequential;

use std::path::Path;

use glassmaster_disc::{MediaType, SECTOR};
use glassmaster_mmc::Profile;
use glassmaster_scsi::Sense;

pub(crate) use cd_r::START_OF_LEAD_IN;
pub(crate) use format::{Capacity, CapacityState, FormatRequest, Formattable};

use crate::record::{SessionAtOnce, WriteParameters};
use crate::sense;
use crate::store::{DiscState, FormatState, Geometry, Store, StoreError};

/// How a new disc is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MediumOptions {
    /// CD-R only: a 74-minute disc (333,000 blocks) instead of an 80-minute one (359,849 blocks).
    pub seventy_four_minutes: bool,
    /// Rewritable media only: the disc comes formatted (BD-RE with its default spare areas) instead of as sold.
    pub formatted: bool,
    /// The disc comes with persistent write protection set (MMC-6 clause 4, write protect model): it can only be read.
    pub write_protected: bool,
    /// 16 bytes that tell this disc from others, for media and file system serial numbers; any value.
    pub id: [u8; 16],
}

/// Status of a whole disc or of its last session (MMC-6 6.21, Disc Status and State of Last Session).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fill {
    Empty,
    Incomplete,
    Complete,
}

/// What READ DISC INFORMATION tells (MMC-6 6.21).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct DiscSummary {
    pub(crate) disc: Fill,
    pub(crate) last_session: Fill,
    pub(crate) erasable: bool,
    pub(crate) sessions: u16,
    pub(crate) first_track_in_last_session: u16,
    pub(crate) last_track: u16,
    /// Background format status code of DVD+RW; 0 elsewhere.
    pub(crate) background_format: u8,
    /// Disc type byte; 0xFF while no session tells.
    pub(crate) disc_type: u8,
    /// Where the lead-in of the next session will stand: `None` on a complete disc.
    pub(crate) next_lead_in: Option<i32>,
    /// Last address at which a lead-out may start: `None` on a complete disc.
    pub(crate) last_lead_out: Option<i32>,
}

/// What READ TRACK INFORMATION tells of one track, recorded or invisible (MMC-6 6.26).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct TrackView {
    pub(crate) number: u16,
    pub(crate) session: u16,
    pub(crate) start: i32,
    pub(crate) size: u32,
    pub(crate) free: u32,
    pub(crate) next_writable: Option<i32>,
    pub(crate) last_recorded: Option<i32>,
    pub(crate) reserved: bool,
    pub(crate) blank: bool,
    pub(crate) damaged: bool,
    /// Blocks of a fixed packet; `None` where the track is not made of packets.
    pub(crate) fixed_packet: Option<u32>,
    pub(crate) control: u8,
    /// 1 mode 1, 2 mode 2, 0xF not known.
    pub(crate) data_mode: u8,
}

/// A recorded session as the TOC shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TocSession {
    pub(crate) number: u16,
    pub(crate) disc_type: u8,
    pub(crate) tracks: Vec<TocTrack>,
    pub(crate) lead_out: i32,
    /// First address that a following session's program area could have, when one may follow.
    pub(crate) next_start: Option<i32>,
}

/// A track as the TOC shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TocTrack {
    pub(crate) number: u16,
    pub(crate) start: i32,
    pub(crate) control: u8,
}

/// What a command has changed, for the events the host may be told of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Change {
    /// What can be read or written has changed so much that the host should look at the disc anew.
    pub(crate) new_media: bool,
}

/// The rules of one kind of medium. Stateless: all state is in the [`Disc`].
pub(crate) trait Rules: Sync {
    fn media(&self) -> MediaType;

    fn geometry(&self, options: &MediumOptions) -> Geometry;

    fn new_state(&self, options: &MediumOptions) -> DiscState;

    /// Profile the drive takes with this disc (MMC-6 5.3.1).
    fn profile(&self, disc: &Disc) -> Profile;

    /// Write speeds in 1000 bytes a second, fastest first.
    fn write_speeds(&self) -> &'static [u32];

    /// Read speed in 1000 bytes a second.
    fn read_speed(&self) -> u32;

    /// Blocks a power failure or a killed process left half done are brought into the state a drive would find.
    fn mount(&self, _disc: &mut Disc) -> Result<(), Sense> {
        Ok(())
    }

    fn summary(&self, disc: &Disc) -> DiscSummary;

    /// All tracks, the invisible one last.
    fn tracks(&self, disc: &Disc) -> Vec<TrackView>;

    /// Complete sessions.
    fn toc(&self, disc: &Disc) -> Vec<TocSession>;

    /// Address of the last block that READ CAPACITY reports (MMC-6 6.18).
    fn last_block(&self, disc: &Disc) -> i32;

    /// Refuses a read of blocks that hold no data.
    fn check_read(&self, disc: &Disc, lba: i32, blocks: u32) -> Result<(), Sense>;

    fn write(&self, disc: &mut Disc, p: &WriteParameters, lba: i32, data: &[u8]) -> Result<Change, Sense>;

    /// Everything accepted so far reaches the disc; what was begun in a smaller piece than the medium can record
    /// is padded (MMC-6 6.43).
    fn synchronize(&self, disc: &mut Disc, p: &WriteParameters) -> Result<Change, Sense>;

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
const ALL: [&'static dyn Rules; 5] =
    [&cd_r::CdR, &dvd_plus_r::DvdPlusR, &dvd_plus_rw::DvdPlusRw, &bd_r::BdR, &bd_re::BdRe];

fn rules_for(media: MediaType) -> Result<&'static dyn Rules, StoreError> {
    ALL.into_iter().find(|r| r.media() == media).ok_or(StoreError::Media { media })
}

/// A disc: its file, its state, the rules of its kind.
pub struct Disc {
    pub(crate) store: Store,
    pub(crate) state: DiscState,
    rules: &'static dyn Rules,
    /// Session-at-once recording under way. Not kept across a load: a drive cannot resume one.
    pub(crate) at_once: Option<SessionAtOnce>,
    /// Last error of the host's file system, which the drive could only report as a medium error.
    host_error: Option<String>,
}

impl Disc {
    /// Makes a blank disc as a new file and keeps it open.
    ///
    /// # Errors
    /// [`StoreError::Media`] for a medium that is not emulated, [`StoreError::Exists`] when the name is taken,
    /// [`StoreError::Io`] when the file cannot be made.
    pub fn create(path: &Path, media: MediaType, options: &MediumOptions) -> Result<Self, StoreError> {
        let rules = rules_for(media)?;
        let state = DiscState { protected: options.write_protected, ..rules.new_state(options) };
        let store = Store::create(path, rules.geometry(options), options.id, &state)?;
        Ok(Self { store, state, rules, at_once: None, host_error: None })
    }

    /// Opens a disc made earlier and locks it.
    ///
    /// # Errors
    /// [`StoreError`], naming what is wrong with the file.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let (store, state) = Store::open(path)?;
        let rules = rules_for(store.geometry().media)?;
        let mut disc = Self { store, state, rules, at_once: None, host_error: None };
        rules
            .mount(&mut disc)
            .map_err(|_| StoreError::damaged(path, disc.host_error.take().unwrap_or_default()))?;
        Ok(disc)
    }

    /// Type of the medium.
    #[must_use]
    pub fn media(&self) -> MediaType {
        self.rules.media()
    }

    /// The file that holds the disc.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.store.path()
    }

    pub(crate) fn rules(&self) -> &'static dyn Rules {
        self.rules
    }

    /// One past the last address of the user area.
    pub(crate) fn user_end(&self) -> i32 {
        i32::try_from(self.state.user_blocks).unwrap_or(i32::MAX)
    }

    pub(crate) fn is_background_formatting(&self) -> bool {
        self.state.format == FormatState::Running
    }

    pub(crate) fn put(&mut self, lba: i32, data: &[u8]) -> Result<(), Sense> {
        let done = self.store.write(lba, data);
        self.host(done, sense::WRITE_ERROR.with_information(block_bits(lba)))
    }

    pub(crate) fn get(&mut self, lba: i32, buf: &mut [u8]) -> Result<(), Sense> {
        let done = self.store.read(lba, buf);
        self.host(done, sense::UNRECOVERED_READ.with_information(block_bits(lba)))
    }

    pub(crate) fn put_zeros(&mut self, lba: i32, blocks: u32) -> Result<(), Sense> {
        let done = self.store.write_zeros(lba, blocks);
        self.host(done, sense::WRITE_ERROR.with_information(block_bits(lba)))
    }

    /// Makes the present state the one that survives.
    pub(crate) fn commit(&mut self) -> Result<(), Sense> {
        let done = self.store.commit(&self.state);
        if done.is_err()
            && let Ok(before) = self.store.current()
        {
            // What could not be written down has not happened; the same command can be tried again.
            self.state = before;
        }
        self.host(done, sense::WRITE_ERROR)
    }

    /// Makes every block unrecorded, with the present state.
    pub(crate) fn clear(&mut self) -> Result<(), Sense> {
        let done = self.store.clear(&mut self.state);
        self.host(done, sense::FORMAT_FAILED)
    }

    /// Hands everything to the host's storage.
    pub(crate) fn sync(&mut self) -> Result<(), Sense> {
        let done = self.store.sync();
        self.host(done, sense::WRITE_ERROR)
    }

    fn host<T>(&mut self, done: std::io::Result<T>, sense: Sense) -> Result<T, Sense> {
        done.map_err(|e| {
            self.host_error = Some(format!("{}: {e}", self.store.path().display()));
            sense
        })
    }

    /// What the host's file system said when the drive last had to report a medium error; taken once.
    pub fn take_host_error(&mut self) -> Option<String> {
        self.host_error.take()
    }
}

impl std::fmt::Debug for Disc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disc")
            .field("media", &self.media())
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
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
    use crate::record::{WriteParameters, WriteType};

    const P: WriteParameters = WriteParameters {
        write_type: WriteType::Incremental,
        next_session_allowed: false,
        data_mode: 1,
        track_mode: 4,
        session_format: 0,
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
        assert!(disc.take_host_error().unwrap().contains("a.disc"));
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
