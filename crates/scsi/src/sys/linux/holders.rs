//! Why a drive cannot be opened, in words that help.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What to do about a node that may not be opened.
pub(super) fn advice(path: &Path) -> String {
    let group = fs::metadata(path).ok().and_then(|meta| {
        let groups = fs::read_to_string("/etc/group").ok()?;
        group_name(&groups, meta.gid()).map(str::to_owned)
    });
    match group.as_deref() {
        Some("root") => "only root may use it; change its group, for example with a udev rule".to_owned(),
        Some(group) => format!("join the group '{group}' (usermod -aG {group} USER) and log in again"),
        None => "it needs read and write permission on the device node".to_owned(),
    }
}

fn group_name(groups: &str, gid: u32) -> Option<&str> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(gid)).then_some(name)
    })
}

/// ` by NAME (process PID)` for the first process that holds the node and may be looked at, else empty.
pub(super) fn of(path: &Path) -> String {
    let Ok(node) = fs::metadata(path) else { return String::new() };
    if mounted(path) {
        return ": a file system of it is mounted; unmount it first".to_owned();
    }
    let Ok(processes) = fs::read_dir("/proc") else { return String::new() };
    for process in processes.flatten() {
        let pid = process.file_name().to_string_lossy().into_owned();
        if pid.parse::<u32>().is_err() || pid == std::process::id().to_string() {
            continue;
        }
        let Ok(descriptors) = fs::read_dir(process.path().join("fd")) else { continue };
        let holds = descriptors.flatten().any(|fd| {
            fs::metadata(fd.path()).is_ok_and(|meta| meta.rdev() == node.rdev() && meta.mode() == node.mode())
        });
        if holds {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return format!(" by {} (process {pid})", name.trim());
        }
    }
    String::new()
}

fn mounted(path: &Path) -> bool {
    let Some(wanted) = fs::canonicalize(path).ok() else { return false };
    fs::read_to_string("/proc/self/mounts").is_ok_and(|mounts| {
        mounts
            .lines()
            .filter_map(|line| line.split(' ').next())
            .filter(|source| source.starts_with("/dev/"))
            .any(|source| fs::canonicalize(source).is_ok_and(|source| source == wanted))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_by_number() {
        let groups = "root:x:0:\ncdrom:x:24:alice,bob\nbroken\nvideo:x:44:";
        assert_eq!(group_name(groups, 24), Some("cdrom"));
        assert_eq!(group_name(groups, 44), Some("video"));
        assert_eq!(group_name(groups, 99), None);
    }
}
