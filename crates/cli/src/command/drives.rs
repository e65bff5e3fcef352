//! `glassmaster drives`

use serde_json::{Value, json};

use crate::failure::{FAILED, Failure};
use crate::ui::Ui;

pub(crate) fn run(ui: &Ui) -> Result<Value, Failure> {
    let drives = glassmaster::scsi::sys::drives()
        .map_err(|e| Failure::new(FAILED, format!("the drives of this machine cannot be listed: {e}")))?;
    for drive in &drives {
        ui.print(&format!("{}  {} {} {}", drive.path.display(), drive.vendor, drive.product, drive.revision));
        ui.event(
            "drive",
            json!({
                "path": drive.path.to_string_lossy(),
                "generic": drive.generic.as_ref().map(|p| p.to_string_lossy()),
                "vendor": drive.vendor, "product": drive.product, "revision": drive.revision,
            }),
        );
    }
    if drives.is_empty() {
        ui.remark("no optical drive here; --drive virtual:FILE is always there");
    }
    Ok(json!({ "drives": drives.len() }))
}
