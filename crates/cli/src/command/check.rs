//! `glassmaster check`

use glassmaster::disc::Severity;
use serde_json::{Value, json};

use crate::args::Check;
use crate::device;
use crate::failure::{DIFFERENT, Failure};
use crate::signal::Cancel;
use crate::ui::Ui;

pub(crate) fn run(args: &Check, ui: &Ui, cancel: &Cancel) -> Result<Value, Failure> {
    let harmless = ui.end_at_once(cancel);
    let opened = device::open_source(&args.source, args.session.session)?;
    drop(harmless);
    let (mut errors, mut warnings, mut notes) = (0u64, 0u64, 0u64);
    let found = glassmaster::imapi2fs::check_session(
        &opened.source,
        opened.session_start,
        &cancel.imaging(),
        &mut |finding| {
            match finding.severity {
                Severity::Error => errors += 1,
                Severity::Warning => warnings += 1,
                Severity::Note => notes += 1,
            }
            ui.print(&finding.to_string());
            ui.event(
                "finding",
                json!({
                    "severity": finding.severity.to_string(), "clause": finding.clause, "lba": finding.lba,
                    "what": finding.what,
                }),
            );
        },
    )?;
    let kinds: Vec<_> = found.iter().map(ToString::to_string).collect();
    let result = json!({ "file_systems": kinds, "errors": errors, "warnings": warnings, "notes": notes });
    ui.print(&format!("{}: {errors} errors, {warnings} warnings, {notes} notes", kinds.join(", ")));
    if errors > 0 {
        return Err(Failure::new(DIFFERENT, format!("{errors} errors found")).with_details(result));
    }
    Ok(result)
}
