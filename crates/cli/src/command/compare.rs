//! `glassmaster compare`

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glassmaster::disc::BlockSource;
use glassmaster::imapi2fs::{
    FileSystems, HostSource, HostTree, Image, ImageOptions, Level, Revision, VolumeKind, WalkOptions,
    compare, identify_session, open_session,
};
use serde_json::{Value, json};

use crate::args::Compare;
use crate::device;
use crate::failure::{DIFFERENT, Failure};
use crate::signal::Cancel;
use crate::ui::Ui;

pub(crate) fn run(args: &Compare, ui: &Ui, cancel: &Cancel) -> Result<Value, Failure> {
    let harmless = ui.end_at_once(cancel);
    let left = device::open_source(&args.left, None)?;
    let folder = Path::new(&args.right).is_dir();
    let kind = match args.fs {
        Some(kind) => Some(kind),
        // The hierarchy that keeps most of a folder, which is the one the folder is then mapped to.
        None if folder => identify_session(&left.source, left.session_start)?.first().copied(),
        None => None,
    };
    let right = if folder {
        let rock_ridge = identify_session(&left.source, left.session_start)?.contains(&VolumeKind::RockRidge);
        let image = image_of(PathBuf::from(&args.right), kind, rock_ridge, cancel)?;
        let source: Arc<dyn BlockSource> = Arc::new(image.source());
        device::Opened { source, session_start: 0 }
    } else {
        device::open_source(&args.right, None)?
    };
    drop(harmless);
    let first = open_session(&left.source, left.session_start, kind)?;
    let second = open_session(&right.source, right.session_start, kind)?;
    let mut progress = |p: glassmaster::imapi2fs::Progress| {
        ui.progress("comparing", p.done, p.total, "", &[]);
        ControlFlow::Continue(())
    };
    let out = compare((&*first, &left.source), (&*second, &right.source), &mut progress, &cancel.imaging())?;
    ui.progress_end();
    for difference in &out.differences {
        ui.print(&format!("{}: {}", difference.path, difference.what));
        ui.event("difference", json!({ "path": difference.path, "what": difference.what }));
    }
    let result = json!({
        "file_systems": [first.file_system(), second.file_system()], "objects": out.objects, "bytes": out.bytes,
        "differences": out.count,
    });
    if !out.equal() {
        return Err(Failure::new(DIFFERENT, format!("{} differences", out.count)).with_details(result));
    }
    ui.remark(&format!("equal: {} objects, {} bytes", out.objects, out.bytes));
    Ok(result)
}

/// The folder as the image it would become, so that names are compared as that file system records them.
///
/// Plain ISO 9660 names of a volume with Rock Ridge include what only Rock Ridge can hold, links and devices, and the
/// place that deep directories are moved to.
fn image_of(
    folder: PathBuf,
    kind: Option<VolumeKind>,
    rock_ridge: bool,
    cancel: &Cancel,
) -> Result<Image, Failure> {
    let handle = cancel.imaging();
    let source = HostSource { path: folder, contents_only: true };
    let walked = HostTree::walk(&[source], &WalkOptions::default(), &mut |_| {
        if handle.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let file_systems = match kind {
        Some(VolumeKind::Udf) => FileSystems::UDF,
        Some(VolumeKind::Joliet) => FileSystems::JOLIET,
        Some(VolumeKind::Iso9660) if !rock_ridge => FileSystems::ISO9660,
        Some(VolumeKind::RockRidge | VolumeKind::Iso9660) | None => FileSystems::ROCK_RIDGE,
    };
    let options = ImageOptions {
        file_systems: file_systems.completed(),
        udf_revision: Revision::V201,
        iso_level: Level::Three,
        ..ImageOptions::new("COMPARE", glassmaster::tree::Timestamp::default())
    };
    Ok(Image::new(walked, &options)?)
}
