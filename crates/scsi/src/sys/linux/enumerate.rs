//! Drives as sysfs lists them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::sys::DriveNode;

/// SCSI peripheral device type of CD, DVD and BD drives.
const TYPE_CD_DVD: &str = "5";

/// Looks below `sys/block` and `sys/class/scsi_generic`; a drive without a block node is listed by its generic one.
pub(super) fn drives_in(sys: &Path, dev: &Path) -> io::Result<Vec<DriveNode>> {
    let mut found = Vec::new();
    let links = [Links::read(&dev.join("disk/by-id")), Links::read(&dev.join("disk/by-path"))];
    let id = |name: &str| links.iter().find_map(|links| links.of(name));
    for (number, name) in numbered(&sys.join("block"), "sr")? {
        let device = sys.join("block").join(&name).join("device");
        let generic =
            numbered(&device.join("scsi_generic"), "sg")?.into_iter().next().map(|(_, sg)| dev.join(sg));
        found.extend(node(&device, &dev.join(&name), Some(number), generic, id(&name)));
    }
    for (_, name) in numbered(&sys.join("class/scsi_generic"), "sg")? {
        let path = dev.join(&name);
        if !found.iter().any(|known| known.generic.as_ref() == Some(&path)) {
            let device = sys.join("class/scsi_generic").join(&name).join("device");
            found.extend(node(&device, &path, None, None, id(&name)));
        }
    }
    Ok(found)
}

/// The links of a directory that names drives by what stays the same about them.
struct Links {
    directory: PathBuf,
    /// Name of the link, name of the node it leads to.
    rows: Vec<(String, String)>,
}

impl Links {
    /// A directory that is not there, or cannot be read, has none.
    fn read(directory: &Path) -> Self {
        let mut rows = Vec::new();
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let Ok(target) = fs::read_link(entry.path()) else { continue };
            let Some(node) = target.file_name() else { continue };
            rows.push((
                entry.file_name().to_string_lossy().into_owned(),
                node.to_string_lossy().into_owned(),
            ));
        }
        // Names with maker and serial number tell people more than world wide names.
        rows.sort_by_key(|(link, _)| (link.starts_with("wwn-"), link.clone()));
        Self { directory: directory.to_owned(), rows }
    }

    fn of(&self, node: &str) -> Option<String> {
        let (link, _) = self.rows.iter().find(|(_, to)| to == node)?;
        Some(self.directory.join(link).to_string_lossy().into_owned())
    }
}

/// Entries `prefix` + number, in the order of the number. A directory that is not there has none.
pub(super) fn numbered(directory: &Path, prefix: &str) -> io::Result<Vec<(u32, String)>> {
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
    Ok(numbered)
}

/// `None` for other device types, and for a drive that went away while we looked.
fn node(
    device: &Path,
    path: &Path,
    number: Option<u32>,
    generic: Option<PathBuf>,
    id: Option<String>,
) -> Option<DriveNode> {
    let attribute =
        |name: &str| fs::read_to_string(device.join(name)).ok().map(|text| text.trim().to_owned());
    if attribute("type")? != TYPE_CD_DVD {
        return None;
    }
    Some(DriveNode {
        id: id.unwrap_or_else(|| path.to_string_lossy().into_owned()),
        path: path.to_owned(),
        number,
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
    fn the_id_is_the_link_that_stays_the_same() {
        let root = tempfile::tempdir().unwrap();
        let (sys, dev) = (root.path().join("sys"), root.path().join("dev"));
        for n in 0..3 {
            device(&sys.join(format!("block/sr{n}/device")), "5", "BURNER");
        }
        let link = |directory: &str, name: &str, node: &str| {
            let directory = dev.join("disk").join(directory);
            fs::create_dir_all(&directory).unwrap();
            std::os::unix::fs::symlink(format!("../../{node}"), directory.join(name)).unwrap();
        };
        link("by-id", "wwn-0x5000000000000001", "sr1");
        link("by-id", "ata-ACME_BURNER_0042", "sr1");
        link("by-id", "ata-DISK_1", "sda");
        link("by-path", "pci-0000:00:1f.2-ata-2", "sr1");
        link("by-path", "pci-0000:00:1f.2-ata-3", "sr2");
        let found = drives_in(&sys, &dev).unwrap();
        let ids: Vec<_> = found.iter().map(|d| d.id.strip_prefix(dev.to_str().unwrap()).unwrap()).collect();
        assert_eq!(ids, ["/sr0", "/disk/by-id/ata-ACME_BURNER_0042", "/disk/by-path/pci-0000:00:1f.2-ata-3"]);
        assert_eq!(found.iter().map(|d| d.number).collect::<Vec<_>>(), [Some(0), Some(1), Some(2)]);
    }

    #[test]
    fn a_machine_without_sysfs_has_no_drives() {
        assert_eq!(drives_in(Path::new("/nonexistent"), Path::new("/dev")).unwrap(), []);
    }
}
