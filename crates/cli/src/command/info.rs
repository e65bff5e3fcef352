//! `glassmaster info`

use std::sync::Arc;

use glassmaster::disc::BlockSource;
use glassmaster::imapi2::recorder::DiscRecorder;
use glassmaster::imapi2fs::{identify, open};
use glassmaster::scsi::sys::Access;
use serde_json::{Value, json};

use crate::args::Info;
use crate::device::{self, Drive};
use crate::failure::Failure;
use crate::ui::Ui;

pub(crate) fn run(args: &Info, ui: &Ui) -> Result<Value, Failure> {
    let mut result = json!({});
    let source: Arc<dyn BlockSource> = match Drive::parse(&args.source) {
        Some(drive) => {
            let recorder = drive.open(None, Access::Shared)?;
            if !drive_and_medium(&recorder, &mut result, ui)? {
                return Ok(result);
            }
            Arc::new(recorder.disc_source().map_err(glassmaster::Error::from)?)
        }
        None => device::open_source(&args.source)?,
    };
    result["blocks"] = json!(source.block_count());
    ui.print(&format!("sectors: {}", source.block_count()));
    let mut volumes = Vec::new();
    for kind in identify(&source)? {
        match open(&source, Some(kind)) {
            Ok(volume) => {
                ui.print(&format!("{kind}: {} '{}'", volume.file_system(), volume.label()));
                volumes.push(json!({
                    "kind": kind.to_string(), "file_system": volume.file_system(), "volume": volume.label(),
                }));
            }
            Err(error) => {
                ui.print(&format!("{kind}: damaged: {error}"));
                volumes.push(json!({ "kind": kind.to_string(), "damaged": error.to_string() }));
            }
        }
    }
    if volumes.is_empty() {
        ui.print("no file system that is known here");
    }
    result["volumes"] = json!(volumes);
    Ok(result)
}

/// Tells about drive and medium; `false` when there is nothing to be read on it.
fn drive_and_medium(recorder: &DiscRecorder, result: &mut Value, ui: &Ui) -> Result<bool, Failure> {
    let identity = recorder.identity();
    ui.print(&format!("drive: {} {} {}", identity.vendor, identity.product, identity.revision));
    result["drive"] = json!({
        "name": recorder.name(), "vendor": identity.vendor, "product": identity.product,
        "revision": identity.revision,
    });
    let medium = match recorder.medium() {
        Ok(medium) => medium,
        Err(e) if e.is_no_medium() => {
            ui.print("medium: none");
            result["medium"] = Value::Null;
            return Ok(false);
        }
        Err(e) => return Err(glassmaster::Error::from(e).into()),
    };
    let flags: Vec<_> = medium.state.iter_names().map(|(name, _)| name.to_lowercase()).collect();
    ui.print(&format!("medium: {}, {}", medium.kind, flags.join(", ")));
    ui.print(&format!(
        "total {} sectors, free {}, next writable address {}",
        medium.total, medium.free, medium.next_writable
    ));
    let sessions = medium.disc.as_ref().map(|d| d.sessions);
    result["medium"] = json!({
        "type": medium.kind.to_string(), "profile": format!("0x{:04X}", medium.profile.0), "state": flags,
        "state_bits": medium.state.bits(), "total": medium.total, "free": medium.free,
        "next_writable": medium.next_writable.0, "sessions": sessions,
        "write_protection": medium.protection.bits(),
    });
    let blank = medium.state.contains(glassmaster::imapi2::recorder::MediaState::BLANK)
        && !medium.state.contains(glassmaster::imapi2::recorder::MediaState::OVERWRITE_ONLY);
    Ok(!blank)
}
