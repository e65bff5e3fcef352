//! `glassmaster extract`

use std::ops::ControlFlow;

use glassmaster::imapi2fs::{ExtractOptions, extract, open_session};
use serde_json::{Value, json};

use crate::args::Extract;
use crate::device;
use crate::failure::{FAILED, Failure};
use crate::signal::Cancel;
use crate::ui::Ui;

pub(crate) fn run(args: &Extract, ui: &Ui, cancel: &Cancel) -> Result<Value, Failure> {
    let harmless = ui.end_at_once(cancel);
    let device::Opened { source, session_start } =
        device::open_source(&args.source.source, args.source.session.session)?;
    let volume = open_session(&source, session_start, args.source.fs)?;
    drop(harmless);
    let options =
        ExtractOptions { overwrite: args.overwrite, max_bytes: args.max_bytes, streams: args.streams };
    let mut progress = |p: glassmaster::imapi2fs::Progress| {
        ui.progress("extracting", p.done, p.total, "", &[]);
        ControlFlow::Continue(())
    };
    let done = extract(&*volume, &source, &args.output, &options, &mut progress, &cancel.imaging())?;
    ui.progress_end();
    for problem in &done.problems {
        ui.remark(&format!("{}: {}", problem.path, problem.what));
        ui.event("problem", json!({ "path": problem.path, "what": problem.what }));
    }
    let result = json!({
        "file_system": volume.file_system(), "files": done.files, "directories": done.directories,
        "symlinks": done.symlinks, "bytes": done.bytes, "problems": done.problem_count,
    });
    if done.problem_count > 0 {
        let what = format!("{} objects were not extracted as recorded", done.problem_count);
        return Err(Failure::new(FAILED, what).with_details(result));
    }
    ui.remark(&format!(
        "{} files, {} folders, {} links, {} bytes from {}",
        done.files,
        done.directories,
        done.symlinks,
        done.bytes,
        volume.file_system()
    ));
    Ok(result)
}
