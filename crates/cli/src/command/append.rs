//! `glassmaster append`

use std::ops::ControlFlow;

use glassmaster::imapi2fs::AppendFile;
use serde_json::{Value, json};

use crate::args::Append;
use crate::command::imaging::change_line;
use crate::command::next_session::Request;
use crate::device::Drive;
use crate::failure::{Failure, USAGE};
use crate::signal::Cancel;
use crate::ui::Ui;

pub(crate) fn run(args: &Append, ui: &Ui, cancel: &Cancel) -> Result<Value, Failure> {
    let request = Request {
        sources: &args.sources,
        removals: &args.removals,
        imaging: &args.imaging,
        output: Some(&args.image),
    };
    request.check()?;
    if args.image.to_str().is_some_and(|text| Drive::parse(text).is_some()) {
        let what = "this is a drive; `burn --append --drive DRIVE` adds a session to a disc";
        return Err(Failure::new(USAGE, what));
    }
    let file = AppendFile::open(&args.image)?;
    let planned = request.plan(&file.multisession()?, ui, cancel)?;
    let mut result = planned.summary();
    if args.dry_run {
        for area in planned.image().areas() {
            let first = area.lba.unwrap_or_default();
            ui.event("area", json!({ "first": first, "blocks": area.blocks, "label": area.label }));
            ui.print(&format!("{first:>10} {:>10}  {}", area.blocks, area.label));
        }
        for change in planned.image().changes() {
            ui.print(&change_line(&planned.image().tree().path(change.node), change));
        }
        ui.print(&planned.line());
        result["dry_run"] = json!(true);
        return Ok(result);
    }
    let mut progress = |p: glassmaster::imapi2fs::Progress| {
        ui.progress("writing", p.done, p.total, "", &[]);
        ControlFlow::Continue(())
    };
    file.write(&planned.next, &mut progress, &cancel.imaging())?;
    ui.progress_end();
    let repairs = planned.repairs(ui);
    result["padded"] = json!(repairs);
    ui.remark(&planned.line());
    Ok(result)
}
