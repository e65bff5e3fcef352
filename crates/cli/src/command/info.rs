//! `glassmaster info`

use std::path::Path;

use glassmaster::disc::HResult;
use glassmaster::imapi2::burn::report::Picture;
use glassmaster::imapi2::recorder::{DiscRecorder, MediaState, Medium};
use glassmaster::imapi2fs::{identify_session, open_session};
use glassmaster::mmc::cmd::{PageControl, ReadTrackInformation};
use glassmaster::scsi::sys::Access;
use serde_json::{Value, json};

use crate::args::Info;
use crate::command::picture;
use crate::device::{self, Drive};
use crate::failure::Failure;
use crate::signal::Cancel;
use crate::ui::Ui;

pub(crate) fn run(args: &Info, ui: &Ui, cancel: &Cancel) -> Result<Value, Failure> {
    // A picture appears whole or not at all.
    let _harmless = ui.end_at_once(cancel);
    let mut result = json!({});
    let mut recorder_of_disc = None;
    let opened = match Drive::parse(&args.source) {
        Some(drive) => {
            let recorder = drive.open(None, Access::Shared)?;
            if !drive_and_medium(&recorder, &mut result, ui)? {
                result["sessions"] = json!([]);
                result["volumes"] = json!([]);
                let Some(path) = &args.picture else { return Ok(result) };
                if result["medium"].is_null() {
                    let what = "there is no disc to be drawn";
                    let failure = Failure::unsuitable(HResult::NO_MEDIA, what, "insert a disc");
                    return Err(failure.with_details(result));
                }
                draw(path, &picture::of_disc(&recorder, None, &args.source)?, &mut result, ui)?;
                return Ok(result);
            }
            sessions(&recorder, &mut result, ui)?;
            let opened = device::open_disc(&recorder, args.session.session)?;
            recorder_of_disc = Some(recorder);
            opened
        }
        None => device::open_source(&args.source, args.session.session)?,
    };
    let device::Opened { source, session_start } = &opened;
    let (source, session_start) = (source, *session_start);
    result["session_start"] = json!(session_start);
    result["blocks"] = json!(source.block_count());
    ui.print(&format!("sectors: {}", source.block_count()));
    let mut volumes = Vec::new();
    for kind in identify_session(source, session_start)? {
        match open_session(source, session_start, Some(kind)) {
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
    if let Some(path) = &args.picture {
        let drawn = match &recorder_of_disc {
            Some(recorder) => {
                let mut drawn = picture::of_disc(recorder, Some(&opened), &args.source)?;
                picture::measure(&mut drawn, recorder, source)?;
                drawn
            }
            None => picture::of_image(source, &args.source),
        };
        draw(path, &drawn, &mut result, ui)?;
    }
    Ok(result)
}

fn draw(path: &Path, picture: &Picture, result: &mut Value, ui: &Ui) -> Result<(), Failure> {
    picture::put(path, &picture.to_svg())?;
    ui.print(&format!("picture: {}", path.display()));
    result["picture"] = json!(path.to_string_lossy());
    Ok(())
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

/// Tells who the drive is and what it can do with any medium.
fn drive(recorder: &DiscRecorder, ui: &Ui) -> Result<Value, Failure> {
    let identity = recorder.identity();
    let facts = recorder.system();
    ui.print(&format!("drive: {} {} {}", identity.vendor, identity.product, identity.revision));
    let serial = optional(recorder.serial_number())?.flatten();
    let owner = recorder.exclusive_access_owner();
    ui.print(&format!(
        "bus: {}, serial number {}, {} bytes a command",
        facts.bus,
        serial.as_deref().unwrap_or("not told"),
        facts.limits.page_aligned
    ));
    for place in &facts.mount_points {
        ui.print(&format!("mounted at: {}", place.display()));
    }
    if let Some(owner) = &owner {
        ui.print(&format!("held by: {owner}"));
    }
    let profiles = optional(recorder.supported_profiles())?.unwrap_or_default();
    let names: Vec<_> = profiles.iter().map(ToString::to_string).collect();
    ui.print(&format!("profiles: {}", names.join(", ")));
    let features = optional(recorder.supported_features(false))?.unwrap_or_default();
    let pages = optional(recorder.supported_mode_pages(PageControl::Current))?.unwrap_or_default();
    Ok(json!({
        "id": recorder.id(), "name": recorder.name(), "vendor": identity.vendor, "product": identity.product,
        "revision": identity.revision, "serial": serial, "node": recorder.volume_name(),
        "number": facts.number, "bus": facts.bus.to_string(), "owner": owner,
        "mounted": facts.mount_points.iter().map(|p| p.to_string_lossy().into_owned()).collect::<Vec<_>>(),
        "can_load": optional(recorder.can_load())?,
        "limits": {
            "page_aligned": facts.limits.page_aligned, "unaligned": facts.limits.unaligned,
            "alignment": facts.limits.alignment,
        },
        "profiles": profiles.iter().map(|p| format!("0x{:04X}", p.0)).collect::<Vec<_>>(),
        "features": features.iter().map(|c| format!("0x{:04X}", c.0)).collect::<Vec<_>>(),
        "mode_pages": pages.iter().map(|p| format!("0x{p:02X}")).collect::<Vec<_>>(),
    }))
}

/// What an old drive, or this kind of medium, may lack.
fn optional<T>(result: Result<T, glassmaster::imapi2::recorder::Error>) -> Result<Option<T>, Failure> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.is_unsupported() => Ok(None),
        Err(e) => Err(glassmaster::Error::from(e).into()),
    }
}

fn speeds(recorder: &DiscRecorder, ui: &Ui) -> Result<Value, Failure> {
    let speeds = optional(recorder.write_speeds())?.unwrap_or_default();
    if !speeds.is_empty() {
        let list: Vec<_> = speeds.iter().map(|s| s.sectors_per_second.to_string()).collect();
        ui.print(&format!("write speeds: {} sectors a second", list.join(", ")));
    }
    let rows = speeds.iter().map(|s| {
        json!({
            "sectors_per_second": s.sectors_per_second, "kilobytes_per_second": s.kilobytes_per_second,
            "pure_cav": s.pure_cav,
        })
    });
    Ok(rows.collect())
}

/// The tracks, the one that is open included, and the sectors recorded in them. Media without sessions have none to tell
/// of.
fn tracks(recorder: &DiscRecorder, medium: &Medium, ui: &Ui) -> Result<(Value, u64), Failure> {
    let last = medium.disc.as_ref().map_or(0, |d| d.last_track_in_last_session).min(MOST_TRACKS);
    let mut rows = Vec::new();
    let mut used: u64 = 0;
    for number in 1..=last {
        let query = ReadTrackInformation::track(u32::from(number));
        let Some(track) = optional(recorder.track_information(&query))? else { continue };
        if !track.blank {
            used = used.saturating_add(u64::from(track.size.saturating_sub(track.free_blocks)));
        }
        let end = i64::from(track.start.0) + i64::from(track.size) - 1;
        let state = match track.next_writable {
            _ if track.blank => "blank".to_owned(),
            // Media that take any address have no next one.
            Some(next) if next.0 > track.start.0 && track.free_blocks > 0 => {
                format!("recorded up to sector {}, not closed", next.0 - 1)
            }
            _ => "recorded".to_owned(),
        };
        ui.print(&format!(
            "track {number}: session {}, sectors {} to {end}, {state}",
            track.session, track.start
        ));
        rows.push(json!({
            "number": track.track, "session": track.session, "start": track.start.0, "size": track.size,
            "free": track.free_blocks, "blank": track.blank, "damaged": track.damage,
            "data": track.track_mode & 4 != 0, "next_writable": track.next_writable.map(|n| n.0),
            "last_recorded": track.last_recorded.map(|n| n.0),
        }));
    }
    Ok((json!(rows), used))
}

/// Why a medium in this state takes no write and has neither total nor free sectors nor a next writable address: IMAPI gives
/// an invalid media state instead of these. 0 stands for them in JSON. And what can be done about it.
fn no_room(state: MediaState, erasable: bool) -> Option<&'static str> {
    let reasons = [
        (MediaState::UNSUPPORTED_MEDIA, "it is no medium that can be written here; insert another one"),
        (
            MediaState::DAMAGED,
            match erasable {
                true => "its last session was broken off and cannot be gone on with; erase it to write again",
                false => "its last session was broken off and cannot be gone on with; use another disc",
            },
        ),
        (
            MediaState::NON_EMPTY_SESSION,
            "its last session is open and holds data; go on with `burn --resume` where that was broken off, or close it with \
             the program that began it",
        ),
        (MediaState::ERASE_REQUIRED, "it is closed; erase it to write again"),
        (MediaState::FINALIZED, "it is closed for good; use another disc"),
        (MediaState::WRITE_PROTECTED, "it is write protected; remove the protection or use another disc"),
    ];
    reasons.into_iter().find(|(flag, _)| state.contains(*flag)).map(|(_, why)| why)
}

/// Most tracks that any disc can have: sequential recording ranges of a BD-R (MMC-6 clause 4, BD-R model). A drive that
/// tells of more is not believed.
const MOST_TRACKS: u16 = 7927;

/// Tells about drive and medium; `false` when there is nothing to be read on it.
fn drive_and_medium(recorder: &DiscRecorder, result: &mut Value, ui: &Ui) -> Result<bool, Failure> {
    result["drive"] = drive(recorder, ui)?;
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
    ui.print(&format!("medium: {}, {}", medium.kind, flags.join(", ").replace('_', " ")));
    let erasable = medium.disc.as_ref().is_some_and(|d| d.erasable);
    let closed_to_writing = no_room(medium.state, erasable);
    // A write protected medium has room all the same.
    if closed_to_writing.is_none() || medium.total > 0 {
        ui.print(&format!(
            "total {} sectors, free {}, next writable address {}",
            medium.total, medium.free, medium.next_writable
        ));
    }
    if let Some(why) = closed_to_writing {
        ui.print(&format!("nothing can be written to it: {why}"));
    }
    let sessions = medium.disc.as_ref().map(|d| d.sessions);
    result["medium"] = json!({
        "type": medium.kind.to_string(), "profile": format!("0x{:04X}", medium.profile.0), "state": flags,
        "state_bits": medium.state.bits(), "total": medium.total, "free": medium.free,
        "next_writable": medium.next_writable.0, "sessions": sessions, "not_writable": closed_to_writing,
        "write_protection": medium.protection.bits(), "write_protected": medium.protection.to_string(),
        "write_unit": medium.write_unit(), "formatted": medium.formatted,
        "blank": medium.state.contains(MediaState::BLANK), "closed": medium.state.contains(MediaState::FINALIZED),
        "appendable": medium.state.contains(MediaState::APPENDABLE),
        "overwritable": medium.state.contains(MediaState::OVERWRITE_ONLY),
        "erasable": medium.disc.as_ref().map(|d| d.erasable),
        "disc": medium.disc.as_ref().map(|d| json!({
            "status": format!("{:?}", d.status).to_lowercase(),
            "last_session": format!("{:?}", d.last_session_state).to_lowercase(),
            "erasable": d.erasable, "sessions": d.sessions, "first_track": d.first_track,
            "last_track": d.last_track_in_last_session,
            "background_format": format!("{:?}", d.background_format).to_lowercase(),
        })),
    });
    if !medium.protection.is_empty() {
        ui.print(&format!("write protected: {}", medium.protection));
    }
    let codes = |list: Vec<String>| json!(list);
    let current = recorder.supported_features(true).map_err(glassmaster::Error::from)?;
    result["medium"]["features"] = codes(current.iter().map(|c| format!("0x{:04X}", c.0)).collect());
    result["medium"]["speeds"] = speeds(recorder, ui)?;
    let (rows, used) = tracks(recorder, &medium, ui)?;
    result["medium"]["tracks"] = rows;
    // What of an overwritable medium is in use only its file system knows.
    let overwritable = medium.state.contains(MediaState::OVERWRITE_ONLY);
    result["medium"]["used"] = json!((!overwritable).then_some(used));
    Ok(overwritable || !medium.state.contains(MediaState::BLANK))
}
