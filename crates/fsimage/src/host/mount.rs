//! What kind of mount a path is on.

use std::path::Path;

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

/// Whether what is at `path` may be slow or vanish: it comes over a network, from a program, or from a disc. `false` when
/// it cannot be asked for.
pub(crate) fn is_passing(path: &Path) -> bool {
    rustix::fs::statfs(path).is_ok_and(|found| {
        // The width and sign of the number differ between machines; it has 32 bits.
        let [a, b, c, d, ..] = i128::from(found.f_type).to_le_bytes();
        PASSING.contains(&u32::from_le_bytes([a, b, c, d]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_of_the_kernel_stays() {
        assert!(!is_passing(Path::new("/proc")) && !is_passing(Path::new("/proc/no such file")));
    }
}
