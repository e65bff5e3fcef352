//! `glassmaster drives`

use std::path::Path;

use glassmaster::imapi2::recorder::{DiscMaster, DriveChange, DriveEntry};
use serde_json::{Value, json};

use crate::args::Drives;
use crate::device;
use crate::failure::{Failure, USAGE};
use crate::signal::Cancel;
use crate::ui::Ui;

pub(crate) fn run(args: &Drives, ui: &Ui, cancel: &Cancel) -> Result<Value, Failure> {
    let master = DiscMaster::new();
    let mut named = Vec::new();
    for text in &args.also {
        let drive = device::parse_drive(text)?;
        let Some((drive, place)) = drive.registered() else {
            named.push(text.clone());
            continue;
        };
        if named.contains(&drive.id) {
            return Err(Failure::new(USAGE, format!("'{}' is named twice; name it once", drive.id)));
        }
        named.push(drive.id.clone());
        master.register_at(drive, place).map_err(glassmaster::Error::from)?;
    }
    // From before the list is made, so that nothing is missed between both.
    let watcher = match args.watch {
        true => Some(master.watch().map_err(glassmaster::Error::from)?),
        false => None,
    };
    let mut entries = master.entries().map_err(glassmaster::Error::from)?;
    if let Some(watcher) = &watcher {
        // What came since the watch began is told as a change.
        entries.retain(|entry| watcher.known().contains(&entry.id));
    }
    // Somebody asked for these by name: where one is not there, that is what there is to tell of it.
    for id in named {
        if !entries.iter().any(|entry| is_called(entry, &id)) {
            entries.push(DriveEntry { id, node: None });
        }
    }
    for entry in &entries {
        // A drive may be long in answering, or never do.
        let harmless = ui.end_at_once(cancel);
        let row = describe(&master, entry);
        drop(harmless);
        ui.print(&words(&row));
        ui.event("drive", row);
    }
    if entries.is_empty() {
        ui.remark("no optical drive here; --drive virtual:FILE is always there");
    }
    let mut changes = 0;
    if let Some(mut watcher) = watcher {
        let end = watcher.cancel_handle();
        cancel.on_signal(move || end.cancel());
        while let Some(change) = watcher.next(None).map_err(glassmaster::Error::from)? {
            changes += 1;
            match change {
                DriveChange::Added(id) => {
                    ui.print(&format!("added: {id}"));
                    ui.event("added", json!({ "id": id }));
                }
                DriveChange::Removed(id) => {
                    ui.print(&format!("removed: {id}"));
                    ui.event("removed", json!({ "id": id }));
                }
            }
        }
    }
    Ok(json!({ "drives": entries.len(), "changes": changes }))
}

/// Whether somebody who names `name` means this drive: its id, a node, or a link to one.
fn is_called(entry: &DriveEntry, name: &str) -> bool {
    let Some(node) = &entry.node else { return entry.id == name };
    let real = Path::new(name).canonicalize().unwrap_or_else(|_| name.into());
    entry.id == name || node.path == real || node.generic.as_ref() == Some(&real)
}

/// What is known of a drive without looking at its medium.
fn describe(master: &DiscMaster, entry: &DriveEntry) -> Value {
    let mut row = match &entry.node {
        Some(node) => json!({
            "id": entry.id, "path": node.path.to_string_lossy(), "number": node.number,
            "generic": node.generic.as_ref().map(|p| p.to_string_lossy().into_owned()),
            "vendor": node.vendor, "product": node.product, "revision": node.revision,
        }),
        None => json!({ "id": entry.id, "path": null, "number": null, "generic": null }),
    };
    match master.open(&entry.id, device::recorder_options()) {
        Ok(recorder) => {
            let identity = recorder.identity();
            row["vendor"] = json!(identity.vendor);
            row["product"] = json!(identity.product);
            row["revision"] = json!(identity.revision);
            row["bus"] = json!(recorder.system().bus.to_string());
            row["owner"] = json!(recorder.exclusive_access_owner());
            // An old drive may not tell; it is a drive all the same.
            let profiles = recorder.supported_profiles().unwrap_or_default();
            row["profiles"] = profiles.iter().map(|p| json!(format!("0x{:04X}", p.0))).collect();
            row["media"] =
                profiles.iter().filter_map(|p| p.media_type().label()).fold(json!([]), |mut list, label| {
                    if let Some(list) = list.as_array_mut()
                        && !list.contains(&json!(label))
                    {
                        list.push(json!(label));
                    }
                    list
                });
            row["usable"] = json!(true);
        }
        Err(error) => {
            row["usable"] = json!(false);
            row["problem"] = json!(error.to_string());
            row["code"] = json!(error.hresult().to_string());
            row["next_step"] = json!(error.next_step());
        }
    }
    row
}

fn words(row: &Value) -> String {
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let name = match row["path"].as_str() {
        Some(path) if path != text("id") => format!("{path} ({})", text("id")),
        _ => text("id"),
    };
    let who = [text("vendor"), text("product"), text("revision")].join(" ");
    let mut line = name;
    if !who.trim().is_empty() {
        line.push_str(&format!("  {}", who.trim()));
    }
    if let Some(owner) = row["owner"].as_str() {
        line.push_str(&format!("  held by '{owner}'"));
    }
    match row["problem"].as_str() {
        Some(problem) => line.push_str(&format!("  cannot be used: {problem}; next: {}", text("next_step"))),
        None => {
            let media: Vec<_> =
                row["media"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            if !media.is_empty() {
                line.push_str(&format!("  [{}]", media.join(", ")));
            }
        }
    }
    line
}
