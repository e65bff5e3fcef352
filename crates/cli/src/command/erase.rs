//! `glassmaster erase`

use glassmaster::imapi2::burn::{CancelHandle, DiscErase, EraseEvent, EraseMethod, EraseOptions};
use serde_json::{Value, json};

use crate::args::Erase;
use crate::command::report;
use crate::device::parse_drive;
use crate::failure::Failure;
use crate::inhibit::Inhibit;
use crate::owner;
use crate::signal::Cancel;
use crate::ui::Ui;

pub(crate) fn run(args: &Erase, ui: &Ui, cancel: &Cancel) -> Result<Value, Failure> {
    let drive = parse_drive(&args.drive)?;
    let harmless = ui.end_at_once(cancel);
    let (recorder, access) = drive.take(None)?;
    drop(harmless);
    let handle = CancelHandle::new();
    let signal = handle.clone();
    cancel.on_signal(move || signal.cancel());
    let erase = DiscErase::new(EraseOptions {
        client_name: owner::client_name(),
        full: args.full,
        ..EraseOptions::default()
    });
    let inhibit = Inhibit::hold(!args.no_inhibit, "A disc is being erased");
    let held = inhibit.is_held();
    if let Some(note) = &inhibit.note {
        ui.remark(&format!("note: {note}"));
    }
    let notes: Vec<_> = inhibit.note.iter().cloned().collect();
    let result = erase.erase(&recorder, &mut |event| show(event, ui), &handle);
    drop(inhibit);
    ui.progress_end();
    let done = result.map_err(|error| {
        let details = json!({
            "blame": error.blame().to_string(), "aftermath": error.aftermath(),
            "medium": error.medium().map(report::medium_fields), "suspend_held_off": held, "notes": notes,
        });
        let what = error.to_string();
        access.blame_host(Failure::from(glassmaster::Error::from(error)).with_details(details), what)
    })?;
    if args.eject {
        recorder.eject().map_err(glassmaster::Error::from)?;
    }
    let (method, sectors) = match done.method {
        EraseMethod::Blank(kind) => (format!("BLANK type {}", kind.0), None),
        EraseMethod::Zeros(sectors) => ("zeros".to_owned(), Some(sectors)),
    };
    let how = sectors.map_or_else(|| method.clone(), |n| format!("{n} sectors of zeros"));
    ui.print(&format!("{}: blank again ({how})", done.media));
    Ok(json!({
        "media": done.media.to_string(), "full": args.full, "method": method, "sectors": sectors,
        "seconds": done.elapsed.as_secs_f64(), "suspend_held_off": held, "notes": notes,
    }))
}

fn show(event: &EraseEvent, ui: &Ui) {
    let (done, of) = (event.elapsed.as_secs(), event.estimated_total.as_secs().max(1));
    let left = of.saturating_sub(done);
    ui.progress_share(
        "erasing",
        done.min(of),
        of,
        &format!("{left} s left"),
        &[("seconds_left", json!(left))],
    );
}
