//! A disc: its file, its state, and the rules of its kind.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use glassmaster_disc::MediaType;
use glassmaster_scsi::Sense;

use super::{MediumSize, Rules, block_bits, rules_for};
use crate::record::SessionAtOnce;
use crate::sense;
use crate::store::{DiscState, FormatState, Store, StoreError};

/// How a new disc is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MediumOptions {
    /// Size of the disc; the usual one of the medium when there is none.
    pub size: Option<MediumSize>,
    /// The disc comes formatted instead of as sold: DVD+RW completely, DVD-RW in restricted overwrite mode, BD-RE and
    /// BD-R with their default spare areas. Media that cannot be formatted come as they are; DVD-RAM and disks are
    /// always sold formatted.
    pub formatted: bool,
    /// The disc comes with persistent write protection set (MMC-6 clause 4, write protect model): it can only be read.
    pub write_protected: bool,
    /// 16 bytes that tell this disc from others, for media and file system serial numbers; any value.
    pub id: [u8; 16],
}

/// A disc: its file, its state, the rules of its kind.
pub struct Disc {
    pub(crate) store: Store,
    pub(crate) state: DiscState,
    rules: &'static dyn Rules,
    /// Session-at-once recording under way. Not kept across a load: a drive cannot resume one.
    pub(crate) at_once: Option<SessionAtOnce>,
    /// The state before a test write, during which nothing is recorded.
    rehearsed: Option<DiscState>,
    /// Last error of the host's file system, which the drive could only report as a medium error.
    host_error: HostError,
}

/// What the host's file system said when a virtual drive last had to report a medium error: the disc is a file, and a full
/// disk is no scratch. Clones tell the same; taken before the drive goes behind a transport.
#[derive(Clone, Debug, Default)]
pub struct HostError(Arc<Mutex<Option<String>>>);

impl HostError {
    fn slot(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The path of the disc's file and what was said, once.
    #[must_use]
    pub fn take(&self) -> Option<String> {
        self.slot().take()
    }
}

impl Disc {
    /// Makes a blank disc as a new file and keeps it open.
    ///
    /// # Errors
    /// [`StoreError::Media`] for a medium that is not emulated, [`StoreError::Size`] when the size is one of another
    /// medium, [`StoreError::Exists`] when the name is taken,
    /// [`StoreError::Io`] when the file cannot be made.
    pub fn create(path: &Path, media: MediaType, options: &MediumOptions) -> Result<Self, StoreError> {
        let rules = rules_for(media)?;
        let usual = MediumSize::all(media).next().ok_or(StoreError::Media { media })?;
        let size = options.size.unwrap_or(usual);
        if size.media() != media {
            return Err(StoreError::Size { media, label: size.label().to_owned() });
        }
        let state =
            DiscState { protected: options.write_protected, ..rules.new_state(size, options.formatted) };
        let store = Store::create(path, rules.geometry(size), options.id, &state)?;
        Ok(Self { store, state, rules, at_once: None, rehearsed: None, host_error: HostError::default() })
    }

    /// Opens a disc made earlier and locks it.
    ///
    /// # Errors
    /// [`StoreError`], naming what is wrong with the file.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let (store, state) = Store::open(path)?;
        let rules = rules_for(store.geometry().media)?;
        let mut disc =
            Self { store, state, rules, at_once: None, rehearsed: None, host_error: HostError::default() };
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

    /// Recording layers.
    pub(crate) fn layers(&self) -> u8 {
        MediumSize::layers(self.media(), self.store.geometry().blocks)
    }

    /// Begins a test write: from here on nothing is recorded, and the state is only played through.
    pub(crate) fn rehearse(&mut self) {
        if self.rehearsed.is_none() {
            self.rehearsed = Some(self.state.clone());
        }
    }

    /// Ends a test write: the disc is what it was before. True when there was one.
    pub(crate) fn end_rehearsal(&mut self) -> bool {
        match self.rehearsed.take() {
            Some(before) => {
                self.state = before;
                self.at_once = None;
                true
            }
            None => false,
        }
    }

    /// Whether a test write is under way.
    pub(crate) fn is_rehearsing(&self) -> bool {
        self.rehearsed.is_some()
    }

    /// A recording in one go that has been begun ends before its last block: there is no lead-out, and nothing can follow.
    pub(crate) fn break_off(&mut self) -> Result<(), Sense> {
        self.at_once.take_if(|r| r.has_begun());
        let mut broken = false;
        for t in self.state.tracks.iter_mut().filter(|t| t.at_once && !t.closed && !t.damaged) {
            t.damaged = true;
            broken = true;
        }
        if broken { self.commit() } else { Ok(()) }
    }

    /// The laser went off in the middle of a recording that cannot be linked: what was being recorded is damaged.
    pub(crate) fn lose_recording(&mut self) -> Result<(), Sense> {
        self.at_once = None;
        if let Some(t) = self.state.tracks.iter_mut().rev().find(|t| !t.closed && !t.is_blank()) {
            t.damaged = true;
        }
        self.commit()
    }

    pub(crate) fn is_background_formatting(&self) -> bool {
        self.state.format == FormatState::Running
    }

    pub(crate) fn put(&mut self, lba: i32, data: &[u8]) -> Result<(), Sense> {
        if self.is_rehearsing() {
            return Ok(());
        }
        let done = self.store.write(lba, data);
        self.host(done, sense::WRITE_ERROR.with_information(block_bits(lba)))
    }

    /// [`Disc::put`] of a track that grows; [`Disc::commit`] has to follow, and with it the blocks count as recorded.
    pub(crate) fn append(&mut self, lba: i32, data: &[u8]) -> Result<(), Sense> {
        if self.is_rehearsing() {
            return Ok(());
        }
        let done = self.store.append(lba, data);
        self.host(done, sense::WRITE_ERROR.with_information(block_bits(lba)))
    }

    pub(crate) fn get(&mut self, lba: i32, buf: &mut [u8]) -> Result<(), Sense> {
        let done = self.store.read(lba, buf);
        self.host(done, sense::UNRECOVERED_READ.with_information(block_bits(lba)))
    }

    pub(crate) fn put_zeros(&mut self, lba: i32, blocks: u32) -> Result<(), Sense> {
        if self.is_rehearsing() {
            return Ok(());
        }
        let done = self.store.write_zeros(lba, blocks);
        self.host(done, sense::WRITE_ERROR.with_information(block_bits(lba)))
    }

    /// Makes the present state the one that survives.
    pub(crate) fn commit(&mut self) -> Result<(), Sense> {
        if self.is_rehearsing() {
            return Ok(());
        }
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
            *self.host_error.slot() = Some(format!("{}: {e}", self.store.path().display()));
            sense
        })
    }

    /// What the host says of the disc's file when it cannot be read or written.
    #[must_use]
    pub fn host_error(&self) -> HostError {
        self.host_error.clone()
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
