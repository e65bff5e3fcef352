//! Which crate may know which (ARCHITECTURE.md, "Who may know whom").

use cargo_metadata::{DependencyKind, Metadata};

use crate::finding::Finding;

/// Every package of the workspace with the packages of the workspace it may depend on outside its tests.
/// A package that is missing here is a finding: a new room needs its arrows decided first.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("disc", &[]),
    ("scsi", &[]),
    ("tree", &["disc"]),
    ("cd", &["disc"]),
    ("mmc", &["disc", "scsi"]),
    ("iso9660", &["disc", "tree"]),
    ("udf", &["disc", "tree"]),
    ("fsimage", &["disc", "tree", "iso9660", "udf"]),
    ("recorder", &["disc", "scsi", "mmc"]),
    ("burn", &["disc", "cd", "scsi", "mmc", "recorder"]),
    ("vdrive", &["disc", "cd", "scsi", "mmc"]),
    (
        "glassmaster",
        &["disc", "tree", "iso9660", "udf", "fsimage", "cd", "scsi", "mmc", "recorder", "burn", "vdrive"],
    ),
    ("automation", &["glassmaster"]),
    ("cli", &["glassmaster"]),
    ("python", &["automation"]),
    ("testkit", &[]),
    ("benches", &[]),
    ("fuzz", &["disc", "tree", "iso9660", "udf", "fsimage", "cd", "scsi", "mmc", "vdrive", "glassmaster"]),
    ("xtask", &[]),
];

/// Arrows that not even a test may have: the emulator never links what it tests, and the imaging half never
/// sees a device.
const NOT_EVEN_IN_TESTS: &[(&str, &[&str])] = &[
    ("vdrive", &["recorder", "burn"]),
    ("disc", &["scsi", "mmc", "recorder", "burn", "vdrive"]),
    ("tree", &["scsi", "mmc", "recorder", "burn", "vdrive"]),
    ("iso9660", &["scsi", "mmc", "recorder", "burn", "vdrive", "udf"]),
    ("udf", &["scsi", "mmc", "recorder", "burn", "vdrive", "iso9660"]),
    ("fsimage", &["scsi", "mmc", "recorder", "burn", "vdrive"]),
];

/// Packages only tests and benches may use.
const ONLY_FOR_TESTS: &[&str] = &["testkit"];

/// The room of a package: its name without the project's prefix.
pub(crate) fn room(package: &str) -> &str {
    package.strip_prefix("glassmaster-").unwrap_or(package)
}

fn row(
    table: &'static [(&'static str, &'static [&'static str])],
    room: &str,
) -> Option<&'static [&'static str]> {
    table.iter().find(|(name, _)| *name == room).map(|(_, rooms)| *rooms)
}

/// What is wrong with an arrow from room `from` to room `to`, if anything.
fn judge(from: &str, to: &str, dev: bool) -> Option<String> {
    if dev {
        return row(NOT_EVEN_IN_TESTS, from).is_some_and(|rooms| rooms.contains(&to)).then(|| {
            format!("{from} must not depend on {to}, not even in tests: move the test to a crate above both")
        });
    }
    if ONLY_FOR_TESTS.contains(&to) && from != "benches" {
        return Some(format!("{to} is for tests: move it to [dev-dependencies]"));
    }
    match row(MAY_IMPORT, from) {
        None => None, // reported once for the package
        Some(rooms) if rooms.contains(&to) || (from == "benches" && to == "testkit") => None,
        Some(rooms) => Some(format!(
            "{from} must not know {to} (it may know: {}); pass what it needs in as a value or a trait of a lower crate",
            if rooms.is_empty() { "nothing of ours".to_owned() } else { rooms.join(", ") }
        )),
    }
}

/// Every wrong arrow in the workspace.
pub(crate) fn check(metadata: &Metadata) -> Vec<Finding> {
    let members: Vec<_> = metadata.workspace_packages();
    let mut out = Vec::new();
    for package in &members {
        let manifest = package.manifest_path.as_path();
        let path = manifest.strip_prefix(&metadata.workspace_root).unwrap_or(manifest).to_string();
        let from = room(package.name.as_str());
        if row(MAY_IMPORT, from).is_none() {
            out.push(Finding {
                path: path.clone(),
                line: 1,
                rule: "arrows",
                advice: format!("{from} has no row in xtask/src/arrows.rs: decide what it may know, and say so in ARCHITECTURE.md"),
            });
        }
        let text = std::fs::read_to_string(manifest).unwrap_or_default();
        for dependency in &package.dependencies {
            if !members.iter().any(|member| member.name.as_str() == dependency.name) {
                continue;
            }
            let dev = dependency.kind == DependencyKind::Development;
            if let Some(advice) = judge(from, room(&dependency.name), dev) {
                let line = text.lines().position(|l| l.trim_start().starts_with(dependency.name.as_str()));
                out.push(Finding {
                    path: path.clone(),
                    line: line.map_or(1, |l| l + 1),
                    rule: "arrows",
                    advice,
                });
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowed_arrows_pass() {
        assert_eq!(judge("fsimage", "udf", false), None);
        assert_eq!(judge("vdrive", "mmc", false), None);
        assert_eq!(judge("recorder", "vdrive", true), None);
        assert_eq!(judge("cli", "testkit", true), None);
    }

    #[test]
    fn wrong_arrows_fail() {
        for (from, to, dev) in [
            ("iso9660", "udf", false),
            ("udf", "iso9660", true),
            ("vdrive", "recorder", true),
            ("vdrive", "burn", false),
            ("fsimage", "scsi", false),
            ("burn", "iso9660", false),
            ("cli", "burn", false),
            ("cli", "testkit", false),
            ("disc", "tree", false),
        ] {
            assert!(judge(from, to, dev).is_some(), "{from} -> {to}");
        }
    }

    #[test]
    fn the_table_has_no_cycle() {
        fn reaches(from: &str, goal: &str) -> bool {
            row(MAY_IMPORT, from).unwrap().iter().any(|next| *next == goal || reaches(next, goal))
        }
        for (name, _) in MAY_IMPORT {
            assert!(!reaches(name, name), "{name}");
        }
    }
}
