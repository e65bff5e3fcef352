//! Under which name this program holds drives, and where others read it.

use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

/// What others are told while this process holds a drive.
pub(crate) fn client_name() -> String {
    format!("Glassmaster, process {}", std::process::id())
}

/// The folder of the owners' names: `$XDG_RUNTIME_DIR/glassmaster`, else the same below `/run/user`, else one below `/tmp`.
/// Only what belongs to this user and nobody else may write to is taken; `None` where there is no such place, and then
/// drives are held without a name. Programs of several users are kept apart by the system alone.
pub(crate) fn directory() -> Option<PathBuf> {
    let uid = geteuid().as_raw();
    // XDG Base Directory Specification: the path has to be absolute, the folder owned by the user.
    let named = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let usual = PathBuf::from(format!("/run/user/{uid}"));
    let runtime = named.into_iter().chain([usual]).filter(|path| is_ours(path, uid));
    let folders = runtime.map(|path| path.join("glassmaster"));
    let last = std::env::temp_dir().join(format!("glassmaster-{uid}"));
    folders.chain([last]).find(|path| make(path).is_ok() && is_ours(path, uid))
}

fn make(path: &Path) -> io::Result<()> {
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        _ => Ok(()),
    }
}

/// A folder, no link to one, of this user, in which nobody else makes files.
fn is_ours(path: &Path, uid: u32) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|m| m.is_dir() && m.uid() == uid && m.mode() & 0o022 == 0)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn what_others_can_write_to_and_links_are_not_trusted() {
        let root = tempfile::tempdir().unwrap();
        let uid = geteuid().as_raw();
        let folder = root.path().join("mine");
        make(&folder).unwrap();
        make(&folder).unwrap();
        assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
        assert!(is_ours(&folder, uid));
        assert!(!is_ours(&folder, uid + 1));
        symlink(&folder, root.path().join("link")).unwrap();
        assert!(!is_ours(&root.path().join("link"), uid));
        for mode in [0o777, 0o1777, 0o770, 0o702] {
            std::fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
            assert!(!is_ours(&folder, uid), "{mode:o}");
        }
        std::fs::write(root.path().join("file"), "").unwrap();
        assert!(!is_ours(&root.path().join("file"), uid));
    }

    #[test]
    fn the_name_is_one_that_a_drive_can_be_held_under() {
        assert!(glassmaster::imapi2::recorder::check_client_name(&client_name()).is_ok());
    }
}
