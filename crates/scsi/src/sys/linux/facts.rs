//! What sysfs and the mount table say of an open drive.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{major, minor};

use super::enumerate::numbered;
use crate::{Bus, SystemFacts, TransferLimits};

/// A drive found by one of its nodes.
struct Found {
    /// Its folder below `/sys/devices`, links resolved; its last part is host, channel, target and unit.
    device: PathBuf,
    /// Its block device.
    block: Option<(u32, String)>,
}

fn find(sys: &Path, path: &Path) -> Option<Found> {
    let meta = fs::metadata(path).ok()?;
    let class = if meta.file_type().is_block_device() { "block" } else { "char" };
    find_by_number(sys, class, &format!("{}:{}", major(meta.rdev()), minor(meta.rdev())))
}

fn find_by_number(sys: &Path, class: &str, number: &str) -> Option<Found> {
    let device = fs::canonicalize(sys.join("dev").join(class).join(number).join("device")).ok()?;
    let block = numbered(&device.join("block"), "sr").ok().and_then(|list| list.into_iter().next());
    Some(Found { device, block })
}

/// Every node that stands for the drive of `path`: block and generic; empty for what is no drive.
pub(super) fn nodes_of(path: &Path) -> Vec<PathBuf> {
    let Some(found) = find(Path::new("/sys"), path) else { return Vec::new() };
    let generic = numbered(&found.device.join("scsi_generic"), "sg").unwrap_or_default();
    found.block.into_iter().chain(generic).map(|(_, name)| Path::new("/dev").join(name)).collect()
}

/// [`of`] a drive that could not be opened.
pub(super) fn of_path(path: &Path) -> SystemFacts {
    of(path, 2048)
}

/// Facts of the drive of `path`, one command of which moves `max_transfer` bytes at most.
pub(super) fn of(path: &Path, max_transfer: usize) -> SystemFacts {
    let mounts = fs::read("/proc/self/mountinfo").unwrap_or_default();
    match find(Path::new("/sys"), path) {
        Some(found) => describe(&found, Path::new("/dev"), &mounts, max_transfer),
        None => SystemFacts {
            // Not a SCSI device that sysfs knows, or no sysfs here: names that lead to one node still meet.
            key: fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned(),
            node: Some(path.to_owned()),
            bus: Bus::UNKNOWN,
            ..SystemFacts::none("", max_transfer)
        },
    }
}

fn describe(found: &Found, dev: &Path, mounts: &[u8], max_transfer: usize) -> SystemFacts {
    let unit = found.device.file_name().unwrap_or_default().to_string_lossy();
    let generic = || numbered(&found.device.join("scsi_generic"), "sg").ok()?.into_iter().next();
    let node = found.block.clone().or_else(generic).map(|(_, name)| dev.join(name));
    let folder = found.block.as_ref().map(|(_, name)| found.device.join("block").join(name));
    let attribute = |name: &str| folder.as_ref().and_then(|f| fs::read_to_string(f.join(name)).ok());
    let number = |name: &str| attribute(name).and_then(|text| text.trim().parse::<usize>().ok());
    let limits = match number("queue/max_segments") {
        // The mask of address bits that have to be 0; kernels before 6.0 do not tell, 4 bytes suit every adapter.
        Some(pages) => {
            let alignment = number("queue/dma_alignment").map_or(4, |mask| mask.saturating_add(1));
            TransferLimits::of_pages(max_transfer, pages, alignment)
        }
        None => TransferLimits::of_length(max_transfer),
    };
    let mount_points = attribute("dev").map_or_else(Vec::new, |dev| mount_points(mounts, dev.trim()));
    SystemFacts {
        key: format!("scsi:{unit}"),
        node,
        number: found.block.as_ref().map(|(number, _)| *number),
        mount_points,
        limits,
        bus: bus_of(&found.device),
    }
}

/// The innermost adapter on the way to the device that says what it is.
fn bus_of(device: &Path) -> Bus {
    let numbered = |part: &str, prefix: &str| {
        part.strip_prefix(prefix).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    let parts: Vec<_> = device.iter().map(|part| part.to_string_lossy()).collect();
    let kind = |part: &str| match part {
        part if numbered(part, "usb") => Some(Bus::USB),
        part if numbered(part, "ata") => Some(Bus::SATA),
        part if numbered(part, "session") => Some(Bus::ISCSI),
        part if numbered(part, "fw") => Some(Bus::FIREWIRE),
        part if part.starts_with("end_device-") => Some(Bus::SAS),
        part if part.starts_with("tcm_loop") || part.starts_with("pseudo_") => Some(Bus::VIRTUAL),
        _ => None,
    };
    parts.iter().rev().find_map(|part| kind(part)).unwrap_or(Bus::SCSI)
}

/// Mount points of the device `major:minor` in the order of the table (proc_pid_mountinfo(5)).
fn mount_points(table: &[u8], device: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for line in table.split(|b| *b == b'\n') {
        let fields: Vec<&[u8]> = line.split(|b| *b == b' ').take(5).collect();
        if let [_, _, number, _, place] = fields.as_slice()
            && *number == device.as_bytes()
        {
            found.push(PathBuf::from(OsString::from_vec(unescape(place))));
        }
    }
    found
}

/// Space, tab, newline and backslash stand as three octal digits behind a backslash.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..3).and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 8).ok().filter(|_| *first == b'\\')
        });
        out.push(code.unwrap_or(*first));
        rest = after.get(if code.is_some() { 3 } else { 0 }..).unwrap_or(&[]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &[u8] = b"22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw\n\
        90 22 11:1 / /media/alice/MY\\040DISC ro,nosuid shared:2 - udf /dev/sr1 ro\n\
        91 22 11:1 / /mnt ro - iso9660 /dev/sr1 ro\n\
        92 22 11:10 / /other ro - iso9660 /dev/sr10 ro\nbroken\n";

    #[test]
    fn mount_points_by_device_number() {
        assert_eq!(mount_points(MOUNTS, "11:1"), [Path::new("/media/alice/MY DISC"), Path::new("/mnt")]);
        assert!(mount_points(MOUNTS, "11:0").is_empty());
        assert_eq!(unescape(b"a\\134b\\0\\999c\\"), b"a\\b\\0\\999c\\");
    }

    #[test]
    fn adapters_tell_the_bus() {
        for (path, bus) in [
            ("/sys/devices/pci0000:00/0000:00:1f.2/ata3/host2/target2:0:0/2:0:0:0", Bus::SATA),
            ("/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0", Bus::USB),
            ("/sys/devices/tcm_loop_0/tcm_loop_adapter_0/host3/target3:0:1/3:0:1:0", Bus::VIRTUAL),
            ("/sys/devices/platform/host1/session1/target1:0:0/1:0:0:1", Bus::ISCSI),
            ("/sys/devices/pci0000:00/0000:00:05.0/host0/target0:0:4/0:0:4:0", Bus::SCSI),
        ] {
            assert_eq!(bus_of(Path::new(path)), bus, "{path}");
        }
    }

    /// One drive by its block and its generic node, in a sysfs made of files.
    #[test]
    fn both_nodes_have_one_key() {
        let root = tempfile::tempdir().unwrap();
        let sys = root.path();
        let device = sys.join("devices/pci0000:00/ata2/host1/target1:0:0/1:0:0:0");
        let block = device.join("block/sr1");
        fs::create_dir_all(block.join("queue")).unwrap();
        fs::create_dir_all(device.join("scsi_generic/sg4")).unwrap();
        for (name, text) in
            [("dev", "11:1\n"), ("queue/max_segments", "128\n"), ("queue/dma_alignment", "511\n")]
        {
            fs::write(block.join(name), text).unwrap();
        }
        for (class, number, to) in [("block", "11:1", "block/sr1"), ("char", "21:4", "scsi_generic/sg4")] {
            std::os::unix::fs::symlink(&device, device.join(to).join("device")).unwrap();
            fs::create_dir_all(sys.join("dev").join(class)).unwrap();
            std::os::unix::fs::symlink(device.join(to), sys.join("dev").join(class).join(number)).unwrap();
        }
        let by = |class, number| {
            let found = find_by_number(sys, class, number).unwrap();
            describe(&found, Path::new("/dev"), MOUNTS, 131_072)
        };
        let facts = by("block", "11:1");
        assert_eq!((facts.key.as_str(), facts.number, facts.bus), ("scsi:1:0:0:0", Some(1), Bus::SATA));
        assert_eq!(facts.node.as_deref(), Some(Path::new("/dev/sr1")));
        assert_eq!(facts.mount_points.len(), 2);
        assert_eq!((facts.limits.alignment, facts.limits.page_aligned), (512, 131_072));
        assert_eq!(by("char", "21:4"), facts);
        assert!(find_by_number(sys, "block", "11:7").is_none());
    }
}
