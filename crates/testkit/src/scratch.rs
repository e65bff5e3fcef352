//! Folders that a test fills and leaves.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::failure::{Failure, Result};

/// Where Linux keeps files in memory.
const MEMORY: &str = "/dev/shm";
/// What must be free there, in bytes: several tests fill their folders at once.
const ROOM: u64 = 4 << 30;

/// A new empty folder that vanishes with the value: in memory where there is room for it, for a test that makes and
/// removes thousands of files waits for nothing but the disk's journal. With `TMPDIR` set, there.
///
/// For up to a gigabyte; what is larger belongs into `tempfile::tempdir()`.
///
/// # Errors
/// When the folder cannot be made.
pub fn folder() -> Result<TempDir> {
    let memory = Path::new(MEMORY);
    if std::env::var_os("TMPDIR").is_none()
        && has_room(memory)
        && let Ok(folder) = tempfile::Builder::new().prefix("glassmaster-test-").tempdir_in(memory)
    {
        return Ok(folder);
    }
    tempfile::tempdir().map_err(Failure::at(&std::env::temp_dir()))
}

/// Both the file system and the machine have to spare: what lies there takes memory.
fn has_room(folder: &Path) -> bool {
    let free = rustix::fs::statvfs(folder).map_or(0, |s| s.f_bavail.saturating_mul(s.f_frsize));
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let available = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .unwrap_or(0);
    free >= ROOM && available.saturating_mul(1024) >= ROOM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_there_until_it_is_dropped() {
        let folder = folder().unwrap();
        let path = folder.path().to_owned();
        fs::write(path.join("a"), b"b").unwrap();
        drop(folder);
        assert!(!path.exists());
    }
}
