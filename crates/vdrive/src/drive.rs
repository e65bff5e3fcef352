//! The drive itself: tray, disc, lock, unit attentions, events, mode pages - and the order in which a command is
//! looked at.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use glassmaster_disc::clock::Clock;
use glassmaster_disc::{MediaType, SECTOR_U64};
use glassmaster_mmc::AnyCommand;
use glassmaster_mmc::cmd::{MediaEvent, MediaEventCode};
use glassmaster_scsi::{Cdb, DataPhase, Outcome, Sense, SystemFacts, Transport, TransportError};

use crate::cmd;
use crate::cmd::pages::Pages;
use crate::medium::{Change, Disc, MediumOptions, Speed};
use crate::pace::{Pace, Work};
use crate::record::SessionAtOnce;
use crate::sense;
use crate::store::StoreError;

/// Longest data phase of one command.
const MAX_TRANSFER: usize = 1024 * 1024;
/// Events kept for a host that does not ask; the oldest go first.
const MAX_EVENTS: usize = 8;

/// Drives made by this process.
static DRIVES: AtomicU64 = AtomicU64::new(0);

/// How a drive is built.
#[derive(Default)]
pub struct DriveOptions {
    /// Serial number, up to 20 printable characters; an empty one becomes `000000000001`.
    pub serial: String,
    /// Makes the drive as slow as its medium. Without a clock nothing takes any time.
    pub clock: Option<Arc<dyn Clock>>,
    /// Every so many writes the drive says once that its buffer is full (2/04/08), for hosts to prove themselves.
    pub stall_every: Option<NonZeroU32>,
}

/// The tray cannot be moved or filled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TrayError {
    /// There is a disc in the drive already.
    #[error("there is a disc in the virtual drive; take it out first")]
    Occupied,
    /// The host has locked the tray.
    #[error("the tray of the virtual drive is locked by the program that uses it")]
    Locked,
}

/// An optical drive in this process.
///
/// It starts empty or with a disc, tray closed, and greets its host with a power-on unit attention like any drive.
/// Dropping it is pulling the plug: the disc file holds what had been recorded.
pub struct VirtualDrive {
    name: String,
    /// What tells this drive from every other, whatever disc is in it.
    key: String,
    pub(crate) serial: String,
    pub(crate) disc: Option<Disc>,
    pub(crate) tray_open: bool,
    pub(crate) prevent: bool,
    pub(crate) persistent_prevent: bool,
    pub(crate) attention: VecDeque<Sense>,
    pub(crate) events: VecDeque<MediaEvent>,
    /// An operational change (the features are others now) that has not been reported.
    pub(crate) operational_change: bool,
    pub(crate) pages: Pages,
    /// Write speed in 1000 bytes a second; 0 for the fastest of the medium.
    pub(crate) write_speed: u32,
    /// The same for reading.
    pub(crate) read_speed: u32,
    pub(crate) pace: Pace,
    stall_every: Option<NonZeroU32>,
    writes: u32,
}

impl VirtualDrive {
    /// A drive without a disc.
    #[must_use]
    pub fn empty(options: DriveOptions) -> Self {
        let number = DRIVES.fetch_add(1, Ordering::Relaxed);
        let serial: String = options.serial.chars().filter(char::is_ascii_graphic).take(20).collect();
        let mut drive = Self {
            name: "virtual drive".to_owned(),
            key: format!("virtual drive {number} of process {}", std::process::id()),
            serial: if serial.is_empty() { "000000000001".to_owned() } else { serial },
            disc: None,
            tray_open: false,
            prevent: false,
            persistent_prevent: false,
            attention: VecDeque::new(),
            events: VecDeque::new(),
            operational_change: false,
            pages: Pages::default(),
            write_speed: 0,
            read_speed: 0,
            pace: Pace::new(options.clock),
            stall_every: options.stall_every,
            writes: 0,
        };
        drive.attention.push_back(sense::POWER_ON);
        drive
    }

    /// A drive with the disc of a file in it.
    ///
    /// # Errors
    /// [`StoreError`], naming what is wrong with the file.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Disc::open(path).map(Self::with)
    }

    /// A drive with a new, blank disc in it.
    ///
    /// # Errors
    /// As [`Disc::create`].
    pub fn create(path: &Path, media: MediaType, options: &MediumOptions) -> Result<Self, StoreError> {
        Disc::create(path, media, options).map(Self::with)
    }

    fn with(disc: Disc) -> Self {
        let mut drive = Self::empty(DriveOptions::default());
        drive.place(disc);
        drive
    }

    /// Puts a disc in and closes the tray.
    ///
    /// # Errors
    /// [`TrayError::Occupied`] together with the disc, when there is one in the drive.
    pub fn insert(&mut self, disc: Disc) -> Result<(), (TrayError, Box<Disc>)> {
        if self.disc.is_some() {
            return Err((TrayError::Occupied, Box::new(disc)));
        }
        self.place(disc);
        Ok(())
    }

    fn place(&mut self, disc: Disc) {
        self.name = format!("virtual:{}", disc.path().display());
        self.disc = Some(disc);
        self.tray_open = false;
        self.medium_arrived();
    }

    /// Takes the pending unit attentions as an operating system does when it finds a drive or a new disc, so that
    /// programs which rely on the system for that find a quiet drive. Returns how many there were.
    pub fn acknowledge(&mut self) -> usize {
        std::mem::take(&mut self.attention).len()
    }

    /// Opens the tray and takes the disc out; `None` when there is none.
    ///
    /// # Errors
    /// [`TrayError::Locked`] while a program prevents removal.
    pub fn take_out(&mut self) -> Result<Option<Disc>, TrayError> {
        if self.prevent || self.persistent_prevent {
            self.push_event(MediaEventCode::EJECT_REQUEST);
            return Err(TrayError::Locked);
        }
        self.unload();
        Ok(self.disc.take())
    }

    /// The disc in the drive, also while it lies on the open tray.
    #[must_use]
    pub fn disc(&self) -> Option<&Disc> {
        self.disc.as_ref()
    }

    /// The disc, when the drive can get at it.
    pub(crate) fn medium(&mut self) -> Result<&mut Disc, Sense> {
        if self.tray_open {
            return Err(sense::NO_MEDIUM_TRAY_OPEN);
        }
        self.disc.as_mut().ok_or(sense::NO_MEDIUM_TRAY_CLOSED)
    }

    /// The same for looking only, `None` without.
    pub(crate) fn loaded(&self) -> Option<&Disc> {
        self.disc.as_ref().filter(|_| !self.tray_open)
    }

    /// Opens the tray: whatever was under way ends here.
    pub(crate) fn unload(&mut self) {
        if self.tray_open {
            return;
        }
        self.tray_open = true;
        self.pace.reset();
        if let Some(disc) = &mut self.disc {
            disc.end_rehearsal();
            if disc.at_once.take().is_some_and(|r: SessionAtOnce| r.has_begun()) {
                for t in disc.state.tracks.iter_mut().filter(|t| t.at_once && !t.closed) {
                    t.damaged = true;
                }
                // The host is gone from this disc; a failure stays with it as its host error.
                let _ = disc.commit();
            }
            self.operational_change = true;
            self.push_event(MediaEventCode::MEDIA_REMOVAL);
        }
    }

    /// A disc has been put in, or the tray closed over it.
    pub(crate) fn medium_arrived(&mut self) {
        self.write_speed = 0;
        self.read_speed = 0;
        self.pace.reset();
        self.pace.work(Work::Loading, Duration::from_secs(3), true);
        self.attention.retain(|s| *s != sense::MEDIUM_MAY_HAVE_CHANGED);
        self.attention.push_back(sense::MEDIUM_MAY_HAVE_CHANGED);
        self.operational_change = true;
        self.push_event(MediaEventCode::NEW_MEDIA);
    }

    pub(crate) fn push_event(&mut self, code: MediaEventCode) {
        if self.events.len() >= MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(self.media_event(code));
    }

    /// An event with the present state of tray and disc.
    pub(crate) fn media_event(&self, code: MediaEventCode) -> MediaEvent {
        MediaEvent {
            code,
            media_present: self.loaded().is_some(),
            tray_open: self.tray_open,
            ..MediaEvent::default()
        }
    }

    /// Tells the host what a command has changed on the disc.
    pub(crate) fn note(&mut self, change: Change) {
        if change.new_media {
            self.operational_change = true;
            self.push_event(MediaEventCode::NEW_MEDIA);
        }
    }

    /// Times the write buffer ran empty in the middle of a recording, as far as a [`Clock`] has told the time.
    #[must_use]
    pub fn underruns(&self) -> u32 {
        self.pace.underruns()
    }

    /// Write speed in force; `None` without a disc.
    pub(crate) fn write_setting(&self) -> Option<Speed> {
        let speeds = self.loaded()?.rules().facts().write;
        if self.write_speed == 0 {
            return speeds.first().copied();
        }
        // The fastest that is no faster than asked for, else the slowest there is.
        speeds.iter().find(|s| s.peak <= self.write_speed).or(speeds.last()).copied()
    }

    /// The same in 1000 bytes a second, at the rim where it depends on the place.
    pub(crate) fn current_write_speed(&self) -> u32 {
        self.write_setting().map_or(0, |s| s.peak)
    }

    /// The user data in it.
    pub(crate) fn current_data_speed(&self) -> u32 {
        let speed = self.current_write_speed();
        self.loaded().map_or(speed, |disc| disc.rules().facts().user_data(speed))
    }

    /// Read speed in force; `None` without a disc.
    pub(crate) fn read_setting(&self) -> Option<Speed> {
        let fastest = self.loaded()?.rules().facts().read;
        if self.read_speed == 0 || self.read_speed >= fastest.peak {
            return Some(fastest);
        }
        // Slower than the fastest is a constant speed.
        Some(Speed { peak: self.read_speed, cav: false })
    }

    /// Speed of `setting` at a block of the disc, in 1000 bytes a second.
    pub(crate) fn speed_at(&self, setting: Option<Speed>, lba: i32) -> u32 {
        let (Some(disc), Some(speed)) = (self.loaded(), setting) else { return 0 };
        let g = disc.store.geometry();
        disc.rules().facts().speed_at(speed, lba, g.blocks, disc.layers())
    }

    /// The same of user data, which is what moves.
    pub(crate) fn data_speed_at(&self, setting: Option<Speed>, lba: i32) -> u32 {
        let speed = self.speed_at(setting, lba);
        self.loaded().map_or(speed, |disc| disc.rules().facts().user_data(speed))
    }

    /// True for the writes that are to find the buffer full. The same write, sent again, finds room.
    pub(crate) fn stalls(&mut self) -> bool {
        let Some(every) = self.stall_every else { return false };
        self.writes = self.writes.wrapping_add(1);
        self.writes.is_multiple_of(every.get().saturating_add(1))
    }

    /// Lets the background format come as far as the clock says.
    fn progress(&mut self) {
        let Some(format) = self.loaded().and_then(|d| d.rules().formattable()).filter(|f| f.in_background())
        else {
            return;
        };
        let speed = self.current_write_speed();
        let Some(disc) = self.disc.as_mut().filter(|d| d.is_background_formatting()) else { return };
        let blocks = u32::try_from(self.pace.background(speed) / SECTOR_U64).unwrap_or(u32::MAX);
        if blocks == 0 {
            return;
        }
        // A host file that cannot take the new state is noticed by the next command that needs it.
        let done = format.advance(disc, blocks).is_ok() && !disc.is_background_formatting();
        if done {
            self.push_event(MediaEventCode::BACKGROUND_FORMAT_COMPLETED);
        }
    }

    /// One command. An error is the sense data of CHECK CONDITION.
    fn run(&mut self, cdb: &Cdb, data: &mut DataPhase<'_>) -> Result<usize, Sense> {
        self.progress();
        let parsed = AnyCommand::parse(cdb);
        let opcode = cdb.opcode();
        if !cmd::is_supported(opcode) {
            return Err(sense::INVALID_OPCODE);
        }
        if !cmd::passes_unit_attention(opcode)
            && let Some(attention) = self.attention.pop_front()
        {
            return Err(attention);
        }
        let command = parsed.map_err(|r| r.sense())?;
        if let Some((work, busy)) = self.pace.busy()
            && !cmd::passes_busy(opcode, work)
        {
            return Err(busy);
        }
        cmd::run(self, &command, data)
    }
}

impl std::fmt::Debug for VirtualDrive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VirtualDrive")
            .field("disc", &self.disc)
            .field("tray_open", &self.tray_open)
            .finish_non_exhaustive()
    }
}

impl Transport for VirtualDrive {
    fn execute(
        &mut self,
        cdb: &Cdb,
        mut data: DataPhase<'_>,
        _timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        if data.len() > MAX_TRANSFER {
            return Err(TransportError::TooLong {
                device: self.name.clone(),
                asked: data.len(),
                limit: MAX_TRANSFER,
            });
        }
        Ok(match self.run(cdb, &mut data) {
            Ok(transferred) => Outcome::good(transferred),
            Err(sense) => Outcome::check(sense),
        })
    }

    fn max_transfer(&self) -> usize {
        MAX_TRANSFER
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn system(&self) -> SystemFacts {
        SystemFacts { key: self.key.clone(), ..SystemFacts::none(&self.name, MAX_TRANSFER) }
    }
}
