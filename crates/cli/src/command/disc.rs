//! `glassmaster disc new`, `glassmaster disc serve`

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use glassmaster::disc::MediaType;
use glassmaster::scsi::wire::{Listener, serve};
use glassmaster::vdrive::{Disc as VirtualDisc, MediumOptions, MediumSize, VirtualDrive};
use serde_json::{Value, json};

use crate::args::{Disc, DiscCommand};
use crate::failure::Failure;
use crate::signal::Cancel;
use crate::ui::Ui;

pub(crate) fn run(args: Disc, ui: &Ui, cancel: &Cancel) -> Result<Value, Failure> {
    match args.command {
        DiscCommand::New { file, media, capacity, formatted } => {
            new(&file, media, capacity.as_deref(), formatted, ui)
        }
        DiscCommand::Serve { file, socket } => serve_disc(&file, &socket, ui, cancel),
    }
}

fn new(
    file: &Path,
    media: MediaType,
    capacity: Option<&str>,
    formatted: bool,
    ui: &Ui,
) -> Result<Value, Failure> {
    let size = capacity.map(|label| MediumSize::named(media, label)).transpose();
    let size = size.map_err(glassmaster::Error::from)?;
    let options = MediumOptions { size, formatted, ..MediumOptions::default() };
    VirtualDisc::create(file, media, &options).map_err(glassmaster::Error::from)?;
    let named = size.or_else(|| MediumSize::all(media).next());
    let label = named.map_or("", MediumSize::label);
    // Such media cannot be formatted and are made as they are sold.
    let never = matches!(
        media,
        MediaType::CD_R
            | MediaType::CD_RW
            | MediaType::DVD_R
            | MediaType::DVD_R_DL
            | MediaType::DVD_PLUS_R
            | MediaType::DVD_PLUS_R_DL
    );
    if formatted && never {
        ui.remark(&format!("a {media} cannot be formatted; --formatted changes nothing"));
    }
    let kind = if formatted && !never { "formatted" } else { "blank" };
    ui.remark(&format!("{}: a {kind} {media} of {label}", file.display()));
    Ok(json!({
        "file": file.to_string_lossy(),
        "media": media.to_string(),
        "capacity": label,
        "blocks": named.map(MediumSize::blocks),
    }))
}

fn serve_disc(file: &Path, socket: &Path, ui: &Ui, cancel: &Cancel) -> Result<Value, Failure> {
    let mut drive = VirtualDrive::open(file).map_err(glassmaster::Error::from)?;
    // Whoever connects finds a drive that has been in use: the unit attentions of power-on and loading are for the system
    // that hosts a drive, and programs that open the socket have none below them.
    drive.acknowledge();
    let listener = Listener::bind(socket).map_err(glassmaster::Error::from)?;
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    cancel.on_signal(move || flag.store(true, Ordering::SeqCst));
    ui.event("listening", json!({ "socket": socket.to_string_lossy() }));
    ui.remark(&format!("serving {} on {}; Ctrl-C ends it", file.display(), socket.display()));
    serve(&listener, &mut drive, &stop).map_err(glassmaster::Error::from)?;
    // A signal is how serving is meant to end.
    Ok(json!({ "socket": socket.to_string_lossy() }))
}
