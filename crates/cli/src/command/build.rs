//! `glassmaster build`

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::Path;

use serde_json::{Value, json};

use crate::args::Build;
use crate::command::imaging::{change_line, plan};
use crate::failure::{Failure, USAGE};
use crate::signal::Cancel;
use crate::ui::Ui;

pub(crate) fn run(args: &Build, ui: &Ui, cancel: &Cancel) -> Result<Value, Failure> {
    let to_stdout = args.output == Path::new("-");
    if to_stdout && !args.dry_run && std::io::stdout().is_terminal() {
        let what = "standard output is a terminal; redirect it to a file or another program";
        return Err(Failure::new(USAGE, what));
    }
    let output = (!to_stdout).then_some(args.output.as_path());
    let capacity = args.imaging.media.map_or(0, glassmaster::imapi2fs::nominal_blocks);
    let planned = plan(&args.sources, &args.imaging, output, capacity, ui, cancel)?;
    let mut result = planned.summary();
    if args.dry_run {
        for area in planned.image.areas() {
            let first = area.lba.unwrap_or_default();
            ui.event("area", json!({ "first": first, "blocks": area.blocks, "label": area.label }));
            ui.print(&format!("{first:>10} {:>10}  {}", area.blocks, area.label));
        }
        for change in planned.image.changes() {
            ui.print(&change_line(&planned.image.tree().path(change.node), change));
        }
        ui.print(&planned.line());
        result["dry_run"] = json!(true);
        return Ok(result);
    }
    let handle = cancel.imaging();
    if to_stdout || args.output.metadata().is_ok_and(|m| !m.is_file()) {
        ui.end_anyway(cancel);
    }
    let mut progress = |p: glassmaster::imapi2fs::Progress| {
        ui.progress("writing", p.done, p.total, "", &[]);
        ControlFlow::Continue(())
    };
    if to_stdout {
        let mut out = std::io::stdout().lock();
        planned.image.write_to(&mut out, Path::new("standard output"), &mut progress, &handle)?;
    } else {
        planned.image.write_file(&args.output, &mut progress, &handle)?;
    }
    ui.progress_end();
    let repairs = planned.repairs(ui);
    result["padded"] = json!(repairs);
    ui.remark(&planned.line());
    Ok(result)
}
