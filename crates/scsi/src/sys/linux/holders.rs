//! Why a drive cannot be opened, in words that help: who may use it, who uses it, what is mounted.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use super::facts;
use crate::sys::Holder;

/// What to do about a node that may not be opened.
pub(super) fn advice(path: &Path) -> String {
    let group = fs::metadata(path).ok().and_then(|meta| {
        let groups = fs::read_to_string("/etc/group").ok()?;
        field_of(&groups, 2, meta.gid()).map(str::to_owned)
    });
    let user = fs::read_to_string("/etc/passwd")
        .ok()
        .and_then(|users| field_of(&users, 2, rustix::process::geteuid().as_raw()).map(str::to_owned));
    words(group.as_deref(), user.as_deref())
}

fn words(group: Option<&str>, user: Option<&str>) -> String {
    match group {
        Some("root") => "only root may use it; change its group, for example with a udev rule".to_owned(),
        Some(group) => {
            let user = user.unwrap_or("USER");
            format!("join the group '{group}' (sudo usermod -aG {group} {user}) and log in again")
        }
        None => "it needs read and write permission on the device node".to_owned(),
    }
}

/// Name in front of a line of `/etc/group` or `/etc/passwd` whose field holds `number`.
fn field_of(lines: &str, field: usize, number: u32) -> Option<&str> {
    lines.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(field - 1)?.parse() == Ok(number)).then_some(name)
    })
}

/// How the sentence "DEVICE is in use" goes on.
pub(super) fn of(path: &Path) -> String {
    let places: Vec<_> =
        facts::of_path(path).mount_points.iter().map(|p| format!("'{}'", p.display())).collect();
    if !places.is_empty() {
        return format!(": it is mounted at {}; unmount it first", places.join(" and "));
    }
    let holders: Vec<_> = holders(path).iter().take(MOST_NAMED).map(ToString::to_string).collect();
    if holders.is_empty() { String::new() } else { format!(" by {}", holders.join(" and ")) }
}

/// Processes named in an error; one keeps the drive, the others are there to be seen.
const MOST_NAMED: usize = 3;

/// The other processes that have the drive open, by any of its nodes, in the order of their numbers. Processes of other
/// users are seen by root only.
#[must_use]
pub fn holders(path: &Path) -> Vec<Holder> {
    let mut wanted = BTreeSet::new();
    let nodes = facts::nodes_of(path);
    for node in nodes.iter().map(std::path::PathBuf::as_path).chain([path]) {
        wanted.extend(fs::metadata(node).ok().map(|meta| (meta.file_type().is_block_device(), meta.rdev())));
    }
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(pid) = process.file_name().to_string_lossy().parse::<u32>() else { continue };
        if pid == std::process::id() {
            continue;
        }
        let Ok(descriptors) = fs::read_dir(process.path().join("fd")) else { continue };
        let holds = descriptors.flatten().any(|fd| {
            fs::metadata(fd.path()).is_ok_and(|meta| {
                let kind = meta.file_type();
                (kind.is_block_device() || kind.is_char_device())
                    && wanted.contains(&(kind.is_block_device(), meta.rdev()))
            })
        });
        if holds {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            found.push(Holder { name: name.trim().to_owned(), pid });
        }
    }
    found.sort_by_key(|holder| holder.pid);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_number() {
        let groups = "root:x:0:\ncdrom:x:24:alice,bob\nbroken\nvideo:x:44:";
        assert_eq!(field_of(groups, 2, 24), Some("cdrom"));
        assert_eq!(field_of(groups, 2, 44), Some("video"));
        assert_eq!(field_of(groups, 2, 99), None);
        assert_eq!(field_of("alice:x:1000:1000::/home/alice:/bin/sh", 2, 1000), Some("alice"));
    }

    #[test]
    fn advice_names_the_command() {
        assert_eq!(
            words(Some("cdrom"), Some("alice")),
            "join the group 'cdrom' (sudo usermod -aG cdrom alice) and log in again"
        );
        assert!(words(Some("cdrom"), None).contains("usermod -aG cdrom USER"));
        assert!(words(Some("root"), None).contains("udev rule"));
        assert!(words(None, None).contains("permission"));
    }

    /// A child of ours that sleeps with the device open; every machine has this one.
    #[test]
    fn the_process_that_holds_a_device_is_found_by_name() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .stdin(fs::File::open("/dev/full").unwrap())
            .spawn()
            .unwrap();
        let found = holders(Path::new("/dev/full"));
        child.kill().unwrap();
        child.wait().unwrap();
        let holder = found.iter().find(|h| h.pid == child.id()).unwrap();
        // Between fork and exec it is still a copy of the test.
        assert!(holder.to_string().ends_with(&format!("(process {})", child.id())), "{holder}");
        assert!(!found.iter().any(|h| h.pid == std::process::id()));
    }
}
