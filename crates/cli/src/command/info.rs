//! `glassmaster info`

use glassmaster::imapi2::recorder::DiscRecorder;
use glassmaster::imapi2fs::{identify_session, open_session};
use glassmaster::scsi::sys::Access;
use serde_json::{Value, json};

use crate::args::Info;
use crate::device::{self, Drive};
use crate::failure::Failure;
use crate::ui::Ui;

pub(crate) fn run(args: &Info, ui: &Ui) -> Result<Value, Failure> {
    let mut result = json!({});
    let opened = match Drive::parse(&args.source) {
        Some(drive) => {
            let recorder = drive.open(None, Access::Shared)?;
            if !drive_and_medium(&recorder, &mut result, ui)? {
                return Ok(result);
            }
            sessions(&recorder, &mut result, ui)?;
            device::open_disc(&recorder, args.session.session)?
        }
        None => device::open_source(&args.source, args.session.session)?,
    };
    let device::Opened { source, session_start } = opened;
    result["session_start"] = json!(session_start);
    result["blocks"] = json!(source.block_count());
    ui.print(&format!("sectors: {}", source.block_count()));
    let mut volumes = Vec::new();
    for kind in identify_session(&source, session_start)? {
        match open_session(&source, session_start, Some(kind)) {
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

/// Tells the sessions of a disc, where there is more to tell than one of an overwritable medium.
fn sessions(recorder: &DiscRecorder, result: &mut Value, ui: &Ui) -> Result<(), Failure> {
    let sessions = recorder.sessions().map_err(glassmaster::Error::from)?;
    for session in &sessions {
        let what = if session.data { "data" } else { "audio" };
        ui.print(&format!(
            "session {}: sectors {} to {}, {what}",
            session.number, session.start, session.last
        ));
    }
    let list = sessions
        .iter()
        .map(|s| json!({ "number": s.number, "start": s.start, "last": s.last, "data": s.data }));
    result["sessions"] = list.collect();
    Ok(())
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
