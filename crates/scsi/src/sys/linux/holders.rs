//! Why a drive cannot be opened, in words that help: who may use it, who uses it, what is mounted.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::facts;
use crate::sys::Holder;

/// What to do about a node that may not be opened.
pub(super) fn advice(path: &Path, error: Errno) -> String {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let (groups, users) = (read("/etc/group"), read("/etc/passwd"));
    let own = rustix::process::getgroups().unwrap_or_default();
    let meta = fs::metadata(path).ok();
    let group = meta.as_ref().and_then(|meta| named(&groups, meta.gid()));
    let user = named(&users, rustix::process::geteuid().as_raw()).map(|line| line.name);
    words(&Situation {
        error,
        group: group.map(|line| line.name),
        group_may: meta.as_ref().is_some_and(|meta| meta.mode() & 0o060 == 0o060),
        in_group: meta.as_ref().is_some_and(|meta| {
            let gid = meta.gid();
            own.iter().any(|g| g.as_raw() == gid) || rustix::process::getegid().as_raw() == gid
        }),
        listed: group.is_some_and(|line| line.members().any(|member| Some(member) == user)),
        user,
        seats: Path::new("/run/systemd/seats").is_dir(),
    })
}

/// What is known of a node that was denied, and of who was denied.
#[derive(Clone, Copy)]
struct Situation<'a> {
    /// What the system said.
    error: Errno,
    /// Group of the node.
    group: Option<&'a str>,
    /// The group may read and write.
    group_may: bool,
    /// This process is in the group.
    in_group: bool,
    /// The user is in the group since the last log in.
    listed: bool,
    user: Option<&'a str>,
    /// The system hands devices to who sits in front of it.
    seats: bool,
}

fn words(s: &Situation<'_>) -> String {
    match (s.error, s.group) {
        (Errno::ROFS, _) => "the system has it as read-only".to_owned(),
        // File permissions are answered with EACCES.
        (Errno::PERM, _) => {
            "the system keeps devices from this process; a container has to be given the device".to_owned()
        }
        (_, None) => "it needs read and write permission on the device node".to_owned(),
        (_, Some("root")) => {
            "only root may use it; change its group, for example with a udev rule".to_owned()
        }
        (_, Some(group)) if !s.group_may => {
            format!(
                "not even its group '{group}' may read and write it; change that, for example with a udev rule"
            )
        }
        (_, Some(group)) if s.in_group => {
            format!(
                "the group '{group}' may, and this process is in it: something else denies it, such as an access control list (getfacl)"
            )
        }
        (_, Some(group)) if s.listed => {
            format!("you are in the group '{group}' since your last log in: log out and in again")
        }
        (_, Some(group)) => {
            let user = s.user.unwrap_or("USER");
            let seat = if s.seats {
                ", or work in front of this machine, whose drives are given to that user"
            } else {
                ""
            };
            format!("join the group '{group}' (sudo usermod -aG {group} {user}) and log in again{seat}")
        }
    }
}

/// A line of `/etc/group` or `/etc/passwd`.
#[derive(Clone, Copy)]
struct Line<'a> {
    name: &'a str,
    /// The fourth field: members of a group, separated by commas.
    fourth: &'a str,
}

impl<'a> Line<'a> {
    fn members(self) -> impl Iterator<Item = &'a str> {
        self.fourth.split(',')
    }
}

/// The line whose third field is `number`.
fn named(lines: &str, number: u32) -> Option<Line<'_>> {
    lines.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, third) = (fields.next()?, fields.next()?, fields.next()?);
        (third.parse() == Ok(number)).then_some(Line { name, fourth: fields.next().unwrap_or_default() })
    })
}

/// How the sentence "DEVICE is in use" goes on.
pub(super) fn of(path: &Path) -> String {
    let places = facts::of_path(path).mount_points;
    if places.is_empty() { in_use(&[], &holders(path)) } else { in_use(&places, &[]) }
}

fn in_use(places: &[PathBuf], holders: &[Holder]) -> String {
    let places: Vec<_> = places.iter().map(|p| format!("'{}'", p.display())).collect();
    if !places.is_empty() {
        return format!(": it is mounted at {}; unmount it first", places.join(" and "));
    }
    let holders: Vec<_> = holders.iter().take(MOST_NAMED).map(ToString::to_string).collect();
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
    fn lines_by_number() {
        let groups = "root:x:0:\ncdrom:x:24:alice,bob\nbroken\nvideo:x:44:\nshort:x:45";
        let name = |number| named(groups, number).map(|line| line.name);
        assert_eq!(
            (name(24), name(44), name(45), name(99)),
            (Some("cdrom"), Some("video"), Some("short"), None)
        );
        assert_eq!(named(groups, 24).unwrap().members().collect::<Vec<_>>(), ["alice", "bob"]);
        let users = "alice:x:1000:1000::/home/alice:/bin/sh";
        assert_eq!(named(users, 1000).map(|line| line.name), Some("alice"));
    }

    #[test]
    fn advice_fits_the_situation() {
        let usual = Situation {
            error: Errno::ACCESS,
            group: Some("cdrom"),
            group_may: true,
            in_group: false,
            listed: false,
            user: Some("alice"),
            seats: false,
        };
        assert_eq!(words(&usual), "join the group 'cdrom' (sudo usermod -aG cdrom alice) and log in again");
        for (situation, part) in [
            (Situation { user: None, ..usual }, "usermod -aG cdrom USER"),
            (Situation { seats: true, ..usual }, "in front of this machine"),
            (Situation { listed: true, ..usual }, "log out and in again"),
            (Situation { in_group: true, ..usual }, "access control list"),
            (Situation { group_may: false, ..usual }, "not even its group 'cdrom'"),
            (Situation { group: Some("root"), ..usual }, "udev rule"),
            (Situation { group: None, ..usual }, "permission on the device node"),
            (Situation { error: Errno::PERM, ..usual }, "container"),
            (Situation { error: Errno::ROFS, ..usual }, "read-only"),
        ] {
            assert!(words(&situation).contains(part), "{}", words(&situation));
        }
    }

    #[test]
    fn who_is_in_the_way_is_named() {
        let places = [PathBuf::from("/media/MY DISC"), PathBuf::from("/mnt")];
        assert_eq!(in_use(&places, &[]), ": it is mounted at '/media/MY DISC' and '/mnt'; unmount it first");
        let holder = |name: &str, pid| Holder { name: name.to_owned(), pid };
        assert_eq!(
            in_use(&[], &[holder("wodim", 42), holder("", 7)]),
            " by wodim (process 42) and process 7"
        );
        assert_eq!(in_use(&[], &[]), "");
        let many: Vec<_> = (1..9).map(|n| holder("player", n)).collect();
        assert_eq!(in_use(&[], &many).matches("player").count(), MOST_NAMED);
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
