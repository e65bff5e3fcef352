//! From the object to a result (contract 9.9).

use std::sync::Arc;

use glassmaster_disc::HResult;
use glassmaster_tree::Timestamp;

use super::FileSystemImage;
use super::session::{ImportedSession, look};
use super::state::{ResultGuard, State};
use super::volume_name;
use crate::append::NextSession;
use crate::boot_options::boot_catalog;
use crate::code::Failure;
use crate::error::Error;
use crate::image::Image;
use crate::import::disc_identifier;
use crate::preflight::{Obstacle, preflight};
use crate::result::{Guard, ImageResult, ResultFacts};
use crate::{FileSystems, ImageOptions};

/// Largest file of one extent (ECMA-119 9.1.4): a multiple of a sector below 4 GiB.
const LARGEST: u64 = 0xFFFF_F800;
/// Largest file of the reference.
const LARGEST_STRICT: u64 = 0x7FFF_FFFF;

impl FileSystemImage {
    /// Plans the image of the tree as it is now. No data is read but that of boot images. While the result or a stream of
    /// it lives, this object is read-only; further results may be created all the same.
    ///
    /// # Errors
    /// `IMAPI_E_NO_OUTPUT` without a file system, `IMAPI_E_DATA_TOO_BIG` for a file that a selected file system cannot hold,
    /// `IMAPI_E_IMAGE_SIZE_LIMIT`, `IMAPI_E_NO_UNIQUE_NAME`, `IMAPI_E_DISC_MISMATCH` when the disc is no longer the one
    /// that was imported, `IMAPI_E_BOOT_OBJECT_CONFLICT` for boot images in a session that does not begin at block 0,
    /// `IMAPI_E_BOOT_IMAGE_DATA`, [`Error::Busy`]. The object stays in the state it had.
    #[doc(alias = "CreateResultImage")]
    pub fn create_result_image(&self) -> Result<ImageResult, Error> {
        // The clock stands still from here on.
        let now = self.shared.surroundings.now();
        let job = self.shared.begin_result()?;
        let (mut tree, mut contents, mut options, boot, imported, disc, backslashes) = {
            let state = self.shared.lock();
            state.check_sizes()?;
            (
                state.tree.snapshot(now.utc)?,
                state.contents.clone(),
                state.image_options(now.utc),
                state.boot.entries.clone(),
                state.session.imported.clone(),
                state.session.disc(),
                state.compat,
            )
        };
        if options.volume_name.is_empty() {
            options.volume_name = volume_name::automatic(now);
        }
        let guard = {
            let state = self.shared.lock();
            state.result.upgrade().unwrap_or_else(|| Arc::new(ResultGuard))
        };
        let facts = |disc_id| ResultFacts { disc_id, backslashes, guard: Some(Arc::clone(&guard) as Guard) };
        let result = match imported {
            None => {
                options.boot = boot_catalog(&boot, options.session.start, &mut tree, &mut contents)?;
                ImageResult::new(Image::new((tree, contents), &options)?, facts(None))
            }
            Some(imported) => {
                if disc_identifier(&look(&disc?)?)? != imported.disc_id {
                    return Err(Failure::new(HResult::DISC_MISMATCH).into());
                }
                options.place_behind(&imported);
                let session =
                    NextSession::plan(&imported.previous, &imported.place, (tree, contents), &options)?;
                ImageResult::of_session(session, facts(Some(imported.disc_id)))
            }
        };
        self.shared.lock().result = Arc::downgrade(&guard);
        drop(job);
        Ok(result)
    }
}

impl FileSystemImage {
    /// Everything in the tree that the selected file systems cannot record as it is, the worst first: names, sizes, depths,
    /// counts, and whether the image fits. Nothing is read and nothing changes; the tree is looked at as it is now.
    ///
    /// # Errors
    /// `IMAPI_E_NO_OUTPUT` without a file system.
    pub fn preflight(&self) -> Result<Vec<Obstacle>, Error> {
        let now = self.shared.surroundings.now();
        let (tree, mut options, imported, rules) = {
            let state = self.shared.lock();
            if state.settings.file_systems.is_empty() {
                return Err(Failure::new(HResult::NO_OUTPUT).into());
            }
            let imported = state.session.imported.clone();
            (state.tree.snapshot(now.utc)?, state.image_options(now.utc), imported, state.rules())
        };
        if options.volume_name.is_empty() {
            options.volume_name = volume_name::automatic(now);
        }
        if let Some(imported) = imported {
            options.place_behind(&imported);
        }
        let mut found = preflight(&tree, &options)?;
        for obstacle in &mut found {
            obstacle.path = rules.shown(&obstacle.path);
        }
        Ok(found)
    }
}

impl ImageOptions {
    /// Moves a session behind an imported one; what the object selects of the file systems there are stays, and its limit.
    fn place_behind(&mut self, imported: &ImportedSession) {
        let (selected, free) = (self.file_systems, self.session.free_blocks);
        imported.place.apply(self);
        self.file_systems = selected;
        self.session.free_blocks = free;
    }
}

impl State {
    /// Refuses what the selected file systems cannot hold.
    fn check_sizes(&self) -> Result<(), Error> {
        let fs = self.settings.file_systems;
        if fs.is_empty() {
            return Err(Failure::new(HResult::NO_OUTPUT).into());
        }
        if !fs.completed().contains(FileSystems::ISO9660) || self.settings.iso_level > 2 {
            return Ok(());
        }
        let limit = if self.settings.strict { LARGEST_STRICT } else { LARGEST };
        if self.tree.largest_file() > limit {
            let joliet = fs.contains(FileSystems::JOLIET);
            let name = if joliet { "ISO9660/Joliet" } else { "ISO9660" };
            return Err(Failure::new(HResult::DATA_TOO_BIG).with(name).into());
        }
        Ok(())
    }

    /// The options of the object as planning takes them, the volume name as it was set.
    fn image_options(&self, created: Timestamp) -> ImageOptions {
        let s = &self.settings;
        let mut options = ImageOptions::new(s.volume_name.clone(), created);
        options.file_systems = s.file_systems;
        options.udf_revision = s.udf_revision;
        options.iso_level = self.iso_level();
        options.joliet_units = self.joliet_units();
        options.mirror = s.mirror;
        // Neither is ever negative.
        options.session.start = s.session_start.unsigned_abs();
        options.session.free_blocks = u64::from(s.free_blocks.unsigned_abs());
        options
    }
}
