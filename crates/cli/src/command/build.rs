//! `glassmaster build`

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::Path;

use serde_json::{Value, json};

use crate::args::Build;
use crate::command::imaging::{plan, prepare, refuse_what_is_no_file};
use crate::failure::{FAILED, Failure, USAGE};
use crate::signal::Cancel;
use crate::ui::Ui;

pub(crate) fn run(args: &Build, ui: &Ui, cancel: &Cancel) -> Result<Value, Failure> {
    let to_stdout = args.output == Path::new("-");
    if to_stdout && !args.dry_run && std::io::stdout().is_terminal() {
        let what = "standard output is a terminal; redirect it to a file or another program";
        return Err(Failure::new(USAGE, what));
    }
    refuse_what_is_no_file(&args.sources)?;
    let output = (!to_stdout).then_some(args.output.as_path());
    let capacity = args.imaging.media.map_or(0, glassmaster::imapi2fs::nominal_blocks);
    if args.dry_run {
        let prepared = prepare(&args.sources, &args.imaging, output, capacity, ui, cancel)?;
        let (obstacles, refused) = prepared.preflight(ui)?;
        if refused > 0 {
            let what =
                format!("no image can be made of this: {refused} of {obstacles} obstacles above refuse it");
            return Err(Failure::new(FAILED, what));
        }
        let planned = prepared.plan(ui)?;
        let mut result = planned.summary();
        for area in planned.image.areas() {
            let first = area.lba.unwrap_or_default();
            ui.event("area", json!({ "first": first, "blocks": area.blocks, "label": area.label }));
            ui.print(&format!("{first:>10} {:>10}  {}", area.blocks, area.label));
        }
        ui.print(&planned.line());
        result["dry_run"] = json!(true);
        result["obstacles"] = json!(obstacles);
        return Ok(result);
    }
    let planned = plan(&args.sources, &args.imaging, output, capacity, ui, cancel)?;
    let mut result = planned.summary();
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
