//! Where the journals of burns lie.

use std::path::{Path, PathBuf};

use glassmaster::imapi2::burn::Journal;

use crate::args::Burn;
use crate::device::Drive;
use crate::failure::{FAILED, Failure};

/// The journal of burns to this drive; its folder is made where it is missing.
pub(crate) fn of(args: &Burn, drive: &Drive) -> Result<Journal, Failure> {
    let folder = match &args.journal {
        Some(folder) => folder.clone(),
        None => state_folder().ok_or_else(|| {
            Failure::new(FAILED, "neither XDG_STATE_HOME nor HOME is set; name a folder with --journal")
        })?,
    };
    std::fs::create_dir_all(&folder).map_err(|e| {
        Failure::new(FAILED, format!("the folder '{}' cannot be made: {e}", folder.display()))
    })?;
    let (kind, path) = match drive {
        Drive::Virtual(path) => ("virtual", path),
        Drive::Socket(path) => ("socket", path),
        Drive::Device(path) => ("device", path),
    };
    Ok(Journal::at(folder.join(format!("{kind}-{:016x}.journal", number_of(path)))))
}

/// XDG Base Directory Specification: `$XDG_STATE_HOME`, absolute, else `$HOME/.local/state`.
fn state_folder() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join("glassmaster"))
}

/// A number for a path that has no place in a file name: FNV-1a over the path as the system knows it.
fn number_of(path: &Path) -> u64 {
    use std::os::unix::ffi::OsStrExt;
    let path =
        path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_path_buf());
    path.as_os_str().as_bytes().iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}
