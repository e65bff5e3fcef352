//! Everything of a tree that the chosen file systems cannot hold as it is, all at once, before anything is written.

use std::fmt;

use glassmaster_tree::{NameChange, Tree};

use crate::plan::{Plan, iso_options, udf_options};
use crate::{Error, FileSystems, ImageOptions, NamePolicy};

/// What an obstacle leads to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Consequence {
    /// Recorded in another form: a name that is mapped, an object that one file system leaves out.
    Changed,
    /// Recorded as it is, though the standard sets a limit; current readers show it.
    Exceeds,
    /// No image can be made.
    Refused,
}

impl fmt::Display for Consequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Changed => "changed",
            Self::Exceeds => "exceeds",
            Self::Refused => "refused",
        })
    }
}

/// One thing that stands against recording the tree as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Path in the image; `/` for what concerns all of it.
    pub path: String,
    /// `ISO 9660`, `Joliet`, `Rock Ridge`, `UDF 2.50`, ...; `image` for what concerns none of them alone.
    pub file_system: String,
    /// What comes of it.
    pub consequence: Consequence,
    /// The limit, with its clause, in a sentence without a full stop.
    pub what: String,
    /// What is recorded in place of the name or link target, where something is.
    pub recorded: Option<String>,
}

/// Lists every name, size, depth, path length and count that one of the file systems cannot hold, and whether the image
/// fits, the worst first. An empty list means that the image will hold the tree as it is.
///
/// # Errors
/// [`Error::NoFileSystem`], [`Error::Options`]: options that fit no tree.
pub fn preflight(tree: &Tree, options: &ImageOptions) -> Result<Vec<Obstacle>, Error> {
    let fs = options.file_systems.completed();
    let mut found = Vec::new();
    if fs.contains(FileSystems::ISO9660) {
        found.extend(
            glassmaster_iso9660::limits::violations(tree, &iso_options(options, fs)).into_iter().map(|v| {
                let refused = v.is_refused();
                // The sentence begins with the file system, which has a field of its own here.
                let what = v.to_string();
                let what = what.strip_prefix(&format!("{}: ", v.file_system)).unwrap_or(&what).to_owned();
                Obstacle {
                    file_system: v.file_system.to_owned(),
                    consequence: if refused { Consequence::Refused } else { Consequence::Exceeds },
                    what,
                    path: v.path,
                    recorded: None,
                }
            }),
        );
    }
    if fs.contains(FileSystems::UDF) {
        let violations = glassmaster_udf::violations(tree, &udf_options(options));
        found.extend(violations.into_iter().map(|v| udf_obstacle(&v, options)));
    }
    // Names show only once there is a plan. What refuses one has been found above.
    let relaxed = ImageOptions {
        names: NamePolicy::Map,
        session: glassmaster_disc::SessionInfo { free_blocks: 0, ..options.session },
        ..options.clone()
    };
    match Plan::new(tree, &relaxed) {
        Ok(plan) => {
            found.extend(plan.changes.iter().map(|change| changed(tree, options, change)));
            let room = options.session.free_blocks;
            if room > 0 && u64::from(plan.blocks) > room {
                found.push(whole(format!(
                    "the image needs {} sectors and the medium has {room}",
                    plan.blocks
                )));
            }
        }
        Err(Error::TooLarge { .. }) => {
            found.push(whole(format!(
                "the image needs more than the {} sectors that 32 bits address",
                u32::MAX
            )));
        }
        Err(Error::Unsuitable { .. }) if !found.is_empty() => names_alone(tree, options, fs, &mut found),
        Err(error) => return Err(error),
    }
    found.sort_by_key(|o| std::cmp::Reverse(o.consequence));
    Ok(found)
}

/// Names of a tree that is refused for other reasons: from each file system that takes it by itself. Files too large for
/// the level of ISO 9660 do not hide its names.
fn names_alone(tree: &Tree, options: &ImageOptions, fs: FileSystems, found: &mut Vec<Obstacle>) {
    let level = glassmaster_iso9660::Level::Three;
    let iso = glassmaster_iso9660::Options { level, ..iso_options(options, fs) };
    if fs.contains(FileSystems::ISO9660)
        && let Ok(layout) = glassmaster_iso9660::Layout::new(tree, iso)
    {
        found.extend(layout.changes().iter().map(|change| changed(tree, options, change)));
    }
    if fs.contains(FileSystems::UDF)
        && let Ok(layout) = glassmaster_udf::Layout::new(tree, udf_options(options))
    {
        found.extend(layout.changes().iter().map(|change| changed(tree, options, change)));
    }
}

fn changed(tree: &Tree, options: &ImageOptions, change: &NameChange) -> Obstacle {
    let refused = options.names == NamePolicy::Refuse && change.recorded.is_some();
    Obstacle {
        path: tree.path(change.node),
        file_system: change.file_system.to_owned(),
        consequence: if refused { Consequence::Refused } else { Consequence::Changed },
        what: change.reason.to_owned(),
        recorded: change.recorded.clone(),
    }
}

fn whole(what: String) -> Obstacle {
    Obstacle {
        path: "/".to_owned(),
        file_system: "image".to_owned(),
        consequence: Consequence::Refused,
        what,
        recorded: None,
    }
}

fn udf_obstacle(error: &glassmaster_udf::LayoutError, options: &ImageOptions) -> Obstacle {
    use glassmaster_udf::LayoutError;
    let path = match error {
        LayoutError::Path { path, .. }
        | LayoutError::OldContent { path, .. }
        | LayoutError::Subdirectories(path)
        | LayoutError::Links(path) => path.clone(),
        _ => "/".to_owned(),
    };
    let exceeds = matches!(error, LayoutError::Path { .. });
    Obstacle {
        path,
        file_system: format!("UDF {}", options.udf_revision),
        consequence: if exceeds { Consequence::Exceeds } else { Consequence::Refused },
        what: error.to_string(),
        recorded: None,
    }
}
