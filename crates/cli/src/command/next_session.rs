//! A session after the last one, for `append` and `burn --append`.

use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use glassmaster::disc::Multisession;
use glassmaster::imapi2fs::{
    FileSystems, Image, ImageOptions, ImportOptions, NextSession, PreviousSession, SessionPlace, VolumeKind,
    merge,
};
use glassmaster::tree::Tree;
use serde_json::{Value, json};

use crate::args::{Imaging, Removals};
use crate::command::imaging::{
    Walked, change_fields, list_changes, newest, padded, refused, source_date_epoch, walk,
};
use crate::failure::{Failure, UNSUITABLE, USAGE};
use crate::signal::Cancel;
use crate::ui::Ui;

/// What is asked for.
pub(crate) struct Request<'a> {
    pub(crate) sources: &'a [PathBuf],
    pub(crate) removals: &'a Removals,
    pub(crate) imaging: &'a Imaging,
    /// Never taken in.
    pub(crate) output: Option<&'a Path>,
}

/// A planned session and what is worth telling about it.
pub(crate) struct PlannedSession {
    pub(crate) next: NextSession,
    imported: VolumeKind,
    place: SessionPlace,
    volume: String,
    left_out: usize,
}

impl Request<'_> {
    /// What can be said before anything is opened.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.sources.is_empty() && self.removals.remove.is_empty() {
            return Err(Failure::new(USAGE, "there is nothing to add and nothing to remove"));
        }
        // As an unset variable of a script gives it; `/` says that everything is meant.
        if self.removals.remove.iter().any(|path| path.is_empty()) {
            return Err(Failure::new(USAGE, "--remove '' names nothing; / stands for everything"));
        }
        if !self.imaging.boot.is_empty() {
            let what = "--boot cannot be given here: firmware starts what the first session holds; build the image anew";
            return Err(Failure::new(USAGE, what));
        }
        if self.imaging.vat {
            let what = "--vat cannot be given here: a session has the kind of partition of the one before it";
            return Err(Failure::new(USAGE, what));
        }
        let fixed = [("--fs", self.imaging.fs.is_some()), ("--udf", self.imaging.udf.is_some())];
        if let Some((option, _)) = fixed.iter().find(|f| f.1) {
            let what = format!(
                "{option} cannot be chosen here: a session has the file systems of the one before it"
            );
            return Err(Failure::new(USAGE, what));
        }
        Ok(())
    }

    /// Imports the last session, merges, plans, and lists every changed name.
    pub(crate) fn plan(
        &self,
        multisession: &Multisession,
        ui: &Ui,
        cancel: &Cancel,
    ) -> Result<PlannedSession, Failure> {
        let previous = PreviousSession::look(multisession)?;
        let Some(kind) = previous.richest() else {
            let what = "it holds no file system that is known here, so there is nothing to go on from";
            return Err(Failure::new(UNSUITABLE, what));
        };
        let handle = cancel.imaging();
        let imported = previous.import(kind, ImportOptions::default(), &mut |event| {
            ui.event_sometimes("import", || {
                json!({
                    "file_system": event.file_system.to_string(), "item": event.item,
                    "directories": event.directories, "files": event.files,
                })
            });
            if handle.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let place = SessionPlace::behind(&previous, &imported.tree)?;
        let walked = match self.sources {
            [] => None,
            sources => Some(walk(sources, self.imaging, self.output, ui, cancel)?),
        };
        let epoch = source_date_epoch()?;
        let (tree, left_out) = match walked {
            Some(Walked { tree, .. }) => {
                let left_out = tree.left_out.len();
                (Some(tree), left_out)
            }
            None => (None, 0),
        };
        let newest_of = |tree: &Tree| newest(tree);
        let created = epoch.unwrap_or_else(|| {
            let new = tree.as_ref().map(|t| newest_of(&t.tree)).unwrap_or_default();
            new.max(newest_of(&imported.tree))
        });
        let removed: Vec<Vec<u8>> = self.removals.remove.iter().map(|p| p.as_bytes().to_vec()).collect();
        let input = merge(&imported, tree, &removed)?;
        let volume = match &self.imaging.volume {
            Some(name) => name.clone(),
            None => previous.volume_name().unwrap_or_else(|| "DISC".to_owned()),
        };
        let mut options = ImageOptions {
            iso_level: self.imaging.iso_level,
            names: self.imaging.names.into(),
            on_changed: self.imaging.on_changed.into(),
            embed_up_to: self.imaging.embed,
            mirror: !self.imaging.no_mirror,
            ..ImageOptions::new(volume.clone(), created)
        };
        place.apply(&mut options);
        let next =
            NextSession::plan(&previous, &place, input, &options).map_err(|error| refused(error, ui))?;
        let image = next.image();
        if ui.is_json() {
            for change in image.changes() {
                ui.event("changed", change_fields(&image.tree().path(change.node), change));
            }
        } else {
            list_changes(image, ui);
        }
        Ok(PlannedSession { next, imported: kind, place, volume, left_out })
    }
}

impl PlannedSession {
    /// Fields of the result.
    pub(crate) fn summary(&self) -> Value {
        let image = self.next.image();
        let tree = image.tree();
        let old = tree.contents().filter(|(id, d)| d.links > 0 && tree.extents(*id).is_some());
        let modified = self.next.modified_blocks();
        json!({
            "file_systems": self.place.file_systems.to_string(),
            "udf_revision": self.place.udf.map(|udf| udf.revision.to_string()),
            "imported": self.imported.to_string(),
            "volume": self.volume,
            "session_start": self.next.start(),
            "blocks": image.blocks(),
            "bytes": image.bytes(),
            "directories": tree.directory_count(),
            "objects": tree.len(),
            "kept_contents": old.count(),
            "changed_names": image.changes().len(),
            "left_out": self.left_out,
            "modified": modified.map(|list| list.0.iter().map(|r| [r.first(), r.last()]).collect::<Vec<_>>()),
        })
    }

    /// One line for people.
    pub(crate) fn line(&self) -> String {
        let udf = match self.place.udf {
            Some(udf) if self.place.file_systems.contains(FileSystems::UDF) => {
                format!(" (UDF {})", udf.revision)
            }
            _ => String::new(),
        };
        let image = self.next.image();
        format!(
            "{}{udf}, {} objects; session of {} sectors from sector {} on, after the {} of the last one",
            self.place.file_systems,
            image.tree().len() - 1,
            image.blocks(),
            self.next.start(),
            self.imported
        )
    }

    /// Files that were padded while the session was written.
    pub(crate) fn repairs(&self, ui: &Ui) -> Vec<Value> {
        padded(self.image(), ui)
    }

    pub(crate) fn image(&self) -> &Image {
        self.next.image()
    }
}
