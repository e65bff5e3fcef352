//! Drives as sysfs lists them.

use std::fs;
use std::io;
use std::path::Path;

use crate::sys::DriveNode;

/// SCSI peripheral device type of CD, DVD and BD drives.
const TYPE_CD_DVD: &str = "5";

/// Looks below `sys/block` and `sys/class/scsi_generic`; a drive without a block node is listed by its generic one.
pub(super) fn drives_in(sys: &Path, dev: &Path) -> io::Result<Vec<DriveNode>> {
    let mut found = Vec::new();
    for name in names(&sys.join("block"), "sr")? {
        let device = sys.join("block").join(&name).join("device");
        let generic = names(&device.join("scsi_generic"), "sg")?.into_iter().next().map(|sg| dev.join(sg));
        found.extend(node(&device, &dev.join(&name), generic));
    }
    for name in names(&sys.join("class/scsi_generic"), "sg")? {
        let path = dev.join(&name);
        if !found.iter().any(|known| known.generic.as_ref() == Some(&path)) {
            let device = sys.join("class/scsi_generic").join(&name).join("device");
            found.extend(node(&device, &path, None));
        }
    }
    Ok(found)
}

/// Entries `prefix` + number, in the order of the number. A directory that is not there has none.
fn names(directory: &Path, prefix: &str) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut numbered = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(number) = name.strip_prefix(prefix).and_then(|n| n.parse::<u32>().ok()) {
            numbered.push((number, name));
        }
    }
    numbered.sort();
    Ok(numbered.into_iter().map(|(_, name)| name).collect())
}

/// `None` for other device types, and for a drive that went away while we looked.
fn node(device: &Path, path: &Path, generic: Option<std::path::PathBuf>) -> Option<DriveNode> {
    let attribute =
        |name: &str| fs::read_to_string(device.join(name)).ok().map(|text| text.trim().to_owned());
    if attribute("type")? != TYPE_CD_DVD {
        return None;
    }
    Some(DriveNode {
        path: path.to_owned(),
        generic,
        vendor: attribute("vendor").unwrap_or_default(),
        product: attribute("model").unwrap_or_default(),
        revision: attribute("rev").unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(at: &Path, kind: &str, model: &str) {
        fs::create_dir_all(at).unwrap();
        for (name, text) in [("type", kind), ("vendor", "ACME    "), ("model", model), ("rev", "1.02")] {
            fs::write(at.join(name), format!("{text}\n")).unwrap();
        }
    }

    #[test]
    fn block_nodes_first_and_each_drive_once() {
        let root = tempfile::tempdir().unwrap();
        let sys = root.path();
        device(&sys.join("block/sr10/device"), "5", "SECOND");
        device(&sys.join("block/sr2/device"), "5", "FIRST           ");
        fs::create_dir_all(sys.join("block/sr2/device/scsi_generic/sg7")).unwrap();
        device(&sys.join("block/sda/device"), "0", "DISK");
        device(&sys.join("class/scsi_generic/sg7/device"), "5", "FIRST");
        device(&sys.join("class/scsi_generic/sg0/device"), "0", "DISK");
        device(&sys.join("class/scsi_generic/sg3/device"), "5", "NO BLOCK NODE");
        let found = drives_in(sys, Path::new("/dev")).unwrap();
        let paths: Vec<_> = found.iter().map(|d| d.path.to_str().unwrap()).collect();
        assert_eq!(paths, ["/dev/sr2", "/dev/sr10", "/dev/sg3"]);
        assert_eq!(found[0].generic.as_deref(), Some(Path::new("/dev/sg7")));
        assert_eq!((found[0].vendor.as_str(), found[0].product.as_str()), ("ACME", "FIRST"));
    }

    #[test]
    fn a_machine_without_sysfs_has_no_drives() {
        assert_eq!(drives_in(Path::new("/nonexistent"), Path::new("/dev")).unwrap(), []);
    }
}
