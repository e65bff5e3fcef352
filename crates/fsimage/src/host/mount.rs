//! What kind of mount a path is on.

use std::collections::HashMap;
use std::path::Path;

use super::files::{HostFile, HostFiles};

/// Numbers that `statfs` gives for file systems of other machines, of programs, and of discs that can be taken out.
const PASSING: [u32; 12] = [
    0x6969,      // NFS
    0x517B,      // SMB
    0xFF53_4D42, // CIFS
    0xFE53_4D42, // SMB 2
    0x6573_5546, // FUSE
    0x0102_1997, // 9P
    0x5346_414F, // AFS
    0x00C3_6400, // Ceph
    0x7375_7245, // Coda
    0x564C,      // NCP
    0x9660,      // ISO 9660
    0x1501_3346, // UDF
];

/// Whether what is at `path` may be slow or vanish: it comes over a network, from a program, from a disc, or from a drive
/// that can be taken out. `false` when it cannot be asked for.
fn is_passing(path: &Path) -> bool {
    let passing = rustix::fs::statfs(path).is_ok_and(|found| {
        // The width and sign of the number differ between machines; it has 32 bits.
        let [a, b, c, d, ..] = i128::from(found.f_type).to_le_bytes();
        PASSING.contains(&u32::from_le_bytes([a, b, c, d]))
    });
    passing || rustix::fs::stat(path).is_ok_and(|found| is_removable(found.st_dev))
}

/// Whether the kernel says of a block device, or of the drive that it is a partition of, that its medium can be taken out.
fn is_removable(device: u64) -> bool {
    let at = format!("/sys/dev/block/{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    // The directory is a link; `..` leads from that of a partition to that of its drive.
    let says_so = |file| std::fs::read(Path::new(&at).join(file)).is_ok_and(|text| text.starts_with(b"1"));
    says_so("removable") || says_so("../removable")
}

impl HostFiles {
    /// Which of the files, by number, stand in directories that may be slow or vanish, after a walk that followed links;
    /// `None` when there is no such directory. Every device is asked for once.
    pub(crate) fn passing(&self) -> Option<Vec<bool>> {
        let mut known = HashMap::new();
        let ask = |(dir, device): (u32, &u64)| {
            *known.entry(*device).or_insert_with(|| is_passing(&self.dir_path(dir)))
        };
        let dirs: Vec<bool> = (0..).zip(&self.devices).map(ask).collect();
        let of = |file: &HostFile| dirs.get(file.dir as usize).copied().unwrap_or(false);
        dirs.contains(&true).then(|| self.files.iter().map(of).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_of_the_kernel_stays() {
        assert!(!is_passing(Path::new("/proc")) && !is_passing(Path::new("/proc/no such file")));
    }
}
