//! What other people's programs and the Linux kernel find in the images the program builds.
#![allow(clippy::unwrap_used, clippy::panic)]

#[allow(dead_code, reason = "each test file uses its part")]
mod glassmaster_program;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use glassmaster_program::must;
use glassmaster_testkit::manifest::{Also, Kind};
use glassmaster_testkit::witness::{self, Kernel, Mount, MountMode, Mounted, Witness};
use glassmaster_testkit::{Manifest, tree};
use serde_json::Value;

/// What the program said it would record differently, by file system and path in the source.
#[derive(Default)]
struct Changes {
    /// The new name, if any.
    names: BTreeMap<(String, Vec<u8>), Option<Vec<u8>>>,
    /// The new target of a link.
    targets: BTreeMap<(String, Vec<u8>), Vec<u8>>,
}

impl Changes {
    fn of(events: &[Value]) -> Self {
        let mut changes = Self::default();
        for event in events.iter().filter(|event| event["event"] == "changed") {
            let family = event["file_system"].as_str().unwrap().split(' ').next().unwrap().to_lowercase();
            let path = event["path"].as_str().unwrap().trim_start_matches('/').as_bytes().to_vec();
            let recorded = event["recorded"].as_str().map(|name| name.as_bytes().to_vec());
            match recorded {
                // The file itself is there.
                None if event["reason"].as_str().unwrap().starts_with("named streams") => {}
                Some(target) if event["reason"].as_str().unwrap().starts_with("link target") => {
                    changes.targets.insert((family, path), target);
                }
                _ => {
                    changes.names.insert((family, path), recorded);
                }
            }
        }
        changes
    }

    /// The path under which an object is recorded, or nothing where it is left out.
    fn recorded(&self, family: &str, path: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut prefix = Vec::new();
        for name in path.split(|b| *b == b'/') {
            if !prefix.is_empty() {
                prefix.push(b'/');
                out.push(b'/');
            }
            prefix.extend_from_slice(name);
            match self
                .names
                .get(&(family.to_owned(), String::from_utf8_lossy(&prefix).into_owned().into_bytes()))
            {
                None => out.extend_from_slice(name),
                Some(Some(new)) => out.extend_from_slice(new),
                Some(None) => return None,
            }
        }
        Some(out)
    }
}

/// What the kernel should show of `source` in a file system that renamed as `changes` say.
fn expected(source: &Manifest, changes: &Changes, mode: MountMode) -> Manifest {
    let family = match mode {
        MountMode::RockRidge => "rock",
        MountMode::Joliet => "joliet",
        MountMode::Plain => "iso",
        MountMode::Udf => "udf",
    };
    let mut out = Manifest::default();
    for (path, entry) in &source.entries {
        let target = changes.targets.get(&(family.to_owned(), path.clone()));
        let Some(mut path) = changes.recorded(family, path) else { continue };
        if mode == MountMode::Joliet {
            path = path.split(|b| *b == b'/').map(as_the_kernel_shows_joliet).collect::<Vec<_>>().join(&b'/');
            if entry.kind == Kind::Symlink {
                continue;
            }
        }
        let mut entry = entry.clone();
        if let Some(target) = target {
            entry.target.clone_from(target);
        }
        if mode != MountMode::Udf {
            entry.mtime = as_the_kernel_shows_iso_times(entry.mtime);
        }
        out.entries.insert(path, entry);
    }
    out
}

/// The kernel takes one dot from the end of a Joliet name (fs/isofs/joliet.c).
fn as_the_kernel_shows_joliet(name: &[u8]) -> &[u8] {
    if name.len() >= 2 { name.strip_suffix(b".").unwrap_or(name) } else { name }
}

/// The kernel makes 32-bit numbers of ISO 9660 times (fs/isofs/util.c), though the disc has years up to 2155.
fn as_the_kernel_shows_iso_times(seconds: i64) -> i64 {
    let [a, b, c, d, ..] = seconds.to_le_bytes();
    i64::from(i32::from_le_bytes([a, b, c, d]))
}

/// Differences, but for what this kernel cannot show in Rock Ridge: it cuts names at 253 bytes
/// (fs/isofs/rock.c), and shows the directory that deep ones are relocated to.
fn differences(wanted: &Manifest, found: &Manifest, mode: MountMode, also: Also) -> Vec<String> {
    if mode != MountMode::RockRidge {
        return wanted.differences(found, also);
    }
    let too_long = |path: &[u8]| path.split(|b| *b == b'/').any(|name| name.len() > 253);
    let (mut wanted, mut found) = (wanted.clone(), found.clone());
    found.entries.retain(|path, _| !path.to_ascii_lowercase().starts_with(b"rr_moved"));
    let cut: BTreeSet<Vec<u8>> = wanted.entries.keys().filter(|path| too_long(path)).cloned().collect();
    wanted.entries.retain(|path, _| !cut.contains(path));
    let shown_cut: Vec<_> = found
        .entries
        .keys()
        .filter(|path| !wanted.entries.contains_key(*path) && cut.iter().any(|long| long.starts_with(path)))
        .cloned()
        .collect();
    for path in shown_cut {
        found.entries.remove(&path);
    }
    wanted.differences(&found, also)
}

fn shown(answer: &Mounted, mode: MountMode) -> &Manifest {
    assert_eq!(answer.complaints, "", "{mode:?}: {:?}", answer.messages);
    let bad = ["error", "corrupt", "invalid", "warning", "failed"];
    let complaints: Vec<_> = answer
        .messages
        .iter()
        .filter(|line| bad.iter().any(|word| line.to_lowercase().contains(word)))
        // It tries smaller blocks first.
        .filter(|line| !line.contains("Scanning with blocksize") && !line.contains("No anchor found"))
        .collect();
    assert!(complaints.is_empty(), "{mode:?}: {complaints:?}");
    answer.outcome.as_ref().unwrap_or_else(|code| panic!("{mode:?}: {code}: {:?}", answer.messages))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Bridge image of `source` with all four file systems, held against every witness.
fn bridge_agrees(source: &Path, place: &Path) {
    let image = place.join("bridge.iso");
    let events = must([
        "build",
        text(source),
        "-o",
        text(&image),
        "--fs",
        "iso9660,joliet,rock-ridge,udf",
        "--udf",
        "1.02",
    ]);
    let changes = Changes::of(&events);
    let source = Manifest::of_folder(source).unwrap();
    witness::seven_zip(&image, None).unwrap();
    witness::seven_zip(&image, Some("Iso")).unwrap();
    if let Some(paths) = witness::xorriso_find(&image).unwrap() {
        // Names with a line break take two lines; relocation adds a directory.
        let breaks = source.entries.keys().filter(|path| path.contains(&b'\n')).count();
        let wanted = source.entries.len() + 1;
        assert!(
            (wanted..=wanted + breaks + 1).contains(&paths.len()),
            "{} paths, {wanted} objects",
            paths.len()
        );
    }
    witness::isoinfo(&image, Some("-R")).unwrap();
    witness::isoinfo(&image, Some("-J")).unwrap();
    witness::udfdump(&image).unwrap();
    witness::udfinfo(&image).unwrap();
    if let Some(trees) = witness::pycdlib(&image).unwrap() {
        assert!(trees.iter().any(|(name, ..)| name == "joliet"), "{trees:?}");
    }
    let Some(kernel) = Kernel::find().unwrap() else { return };
    let modes = [MountMode::RockRidge, MountMode::Joliet, MountMode::Plain, MountMode::Udf];
    let mounts: Vec<_> =
        modes.iter().map(|mode| Mount { image: image.clone(), mode: *mode, options: None }).collect();
    for (mode, answer) in modes.into_iter().zip(kernel.mount(&mounts).unwrap()) {
        let found = shown(&answer, mode);
        let wanted = expected(&source, &changes, mode);
        if mode == MountMode::Plain {
            // Names are mapped without exception here: what counts is that every file is there, whole.
            assert_eq!(lost(&wanted, found), Vec::<String>::new());
            continue;
        }
        let posix = mode != MountMode::Joliet;
        let also = Also { modes: posix, times: true, hard_links: false };
        let list = differences(&wanted, found, mode, also);
        assert!(
            list.is_empty(),
            "{mode:?}: {} differences:\n{}",
            list.len(),
            list[..list.len().min(30)].join("\n")
        );
    }
}

/// Contents that are not in both equally often. Links and relocated directories look like empty files without Rock
/// Ridge: those do not count.
fn lost(wanted: &Manifest, found: &Manifest) -> Vec<String> {
    wanted.content_differences(found).into_iter().filter(|line| !line.contains(" files of 0 bytes")).collect()
}

#[test]
fn a_bridge_of_everything_hard_agrees_with_every_witness() {
    let place = glassmaster_testkit::scratch::folder().unwrap();
    let source = place.path().join("source");
    tree::everything(&source).unwrap();
    bridge_agrees(&source, place.path());
}

/// `GLASSMASTER_REAL_TREE=/usr/share/man`: a real tree of over 20,000 files. Not without it, for its size.
#[test]
fn a_bridge_of_a_real_tree_agrees_with_every_witness() {
    let Some(source) = std::env::var_os("GLASSMASTER_REAL_TREE").map(PathBuf::from) else {
        println!("skipped: GLASSMASTER_REAL_TREE names no tree");
        return;
    };
    let place = glassmaster_testkit::scratch::folder().unwrap();
    bridge_agrees(&source, place.path());
}

#[test]
fn udf_of_each_revision_agrees_with_the_kernel() {
    let place = glassmaster_testkit::scratch::folder().unwrap();
    let source = place.path().join("source");
    // 7-Zip's UDF reader takes files and directories only: "unsupported feature" for one symbolic link anywhere.
    let without_links = source.join("no links");
    tree::odd_names(&without_links.join("names")).unwrap();
    tree::long_names(&without_links.join("long names")).unwrap();
    tree::sizes(&without_links.join("sizes")).unwrap();
    tree::modes_and_times(&without_links.join("modes and times")).unwrap();
    tree::deep(&without_links.join("deep"), 70).unwrap();
    tree::crowd(&without_links.join("crowd"), 1_000).unwrap();
    tree::links(&source.join("links")).unwrap();
    let attributes = give_attributes(&without_links.join("sizes"));
    let wanted = Manifest::of_folder(&source).unwrap();
    let mut mounts = Vec::new();
    let mut all_changes = Vec::new();
    for revision in ["1.02", "1.50", "2.00", "2.01", "2.50", "2.60"] {
        let mirrors: &[&[&str]] = if revision < "2.50" { &[&[]] } else { &[&[], &["--no-mirror"]] };
        for (embed, mirror) in
            [None, Some("1500")].into_iter().flat_map(|e| mirrors.iter().map(move |m| (e, *m)))
        {
            let image = place.path().join(format!("{revision}-{embed:?}-{}.udf", mirror.len()));
            let build = |source: &Path| {
                let mut arguments = vec![
                    "build",
                    text(source),
                    "-o",
                    text(&image),
                    "--fs",
                    "udf",
                    "--udf",
                    revision,
                    "--streams",
                ];
                arguments.extend(embed.into_iter().flat_map(|bytes| ["--embed", bytes]));
                arguments.extend(mirror);
                Changes::of(&must(arguments))
            };
            build(&without_links);
            witness::seven_zip(&image, Some("Udf")).unwrap();
            all_changes.push(build(&source));
            faultless(&image);
            assert_eq!(listed_streams(&image), if revision < "2.00" { 0 } else { attributes }, "{revision}");
            if mirrors.len() == 1 {
                // Neither program knows metadata partitions.
                witness::udfdump(&image).unwrap();
                let fields = witness::udfinfo(&image).unwrap().unwrap_or_default();
                let said = fields.iter().find(|(key, _)| key == "udfrev").map(|(_, value)| value.as_str());
                assert!(fields.is_empty() || said == Some(revision), "{said:?}");
            }
            mounts.push(Mount { image, mode: MountMode::Udf, options: None });
        }
    }
    let Some(kernel) = Kernel::find().unwrap() else { return };
    for ((mount, changes), answer) in mounts.iter().zip(&all_changes).zip(kernel.mount(&mounts).unwrap()) {
        let found = shown(&answer, MountMode::Udf);
        let wanted = expected(&wanted, changes, MountMode::Udf);
        let list = wanted.differences(found, Also { modes: true, times: true, hard_links: true });
        let name = mount.image.display();
        assert!(
            list.is_empty(),
            "{name}: {} differences:\n{}",
            list.len(),
            list[..list.len().min(30)].join("\n")
        );
    }
}

/// Gives some files of a tree user attributes, which become named streams; how many, or nothing where the file system of
/// this place has none.
fn give_attributes(folder: &Path) -> usize {
    let mut given = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        // Hard links have one set of attributes; a further name would count them again.
        let usual = entry.metadata().unwrap();
        if !usual.is_file() || std::os::unix::fs::MetadataExt::nlink(&usual) > 1 {
            continue;
        }
        for (name, value) in [("user.origin", &b"by hand"[..]), ("user.large", &[9; 2500])] {
            match rustix::fs::setxattr(entry.path(), name, value, rustix::fs::XattrFlags::empty()) {
                Err(rustix::io::Errno::NOTSUP | rustix::io::Errno::ACCESS) => {}
                other => {
                    other.unwrap();
                    given += 1;
                }
            }
        }
    }
    given
}

/// Streams that `list` tells of.
fn listed_streams(image: &Path) -> usize {
    let entries = must(["list", text(image), "--fs", "udf"]);
    entries.iter().filter_map(|e| e["streams"].as_array()).map(Vec::len).sum()
}

/// Our own verifier finds nothing: it was written from the standards, not from the builder.
fn faultless(image: &Path) {
    let events = must(["check", text(image)]);
    assert!(events.iter().all(|event| event["event"] != "finding"), "{}: {events:?}", image.display());
}

#[test]
fn a_bridge_with_udf_of_each_revision_agrees_with_every_witness() {
    let place = glassmaster_testkit::scratch::folder().unwrap();
    let source = place.path().join("source");
    tree::odd_names(&source.join("names")).unwrap();
    tree::sizes(&source.join("sizes")).unwrap();
    tree::modes_and_times(&source.join("modes and times")).unwrap();
    tree::deep(&source.join("deep"), 12).unwrap();
    let attributes = give_attributes(&source.join("sizes"));
    let wanted = Manifest::of_folder(&source).unwrap();
    let mut mounts = Vec::new();
    let mut all_changes = Vec::new();
    for revision in ["1.02", "1.50", "2.00", "2.01", "2.50", "2.60"] {
        let mirrors: &[&[&str]] = if revision < "2.50" { &[&[]] } else { &[&[], &["--no-mirror"]] };
        for mirror in mirrors {
            let image = place.path().join(format!("{revision}-{}.iso", mirror.len()));
            let mut arguments =
                vec!["build", text(&source), "-o", text(&image), "--udf", revision, "--streams"];
            arguments.extend(*mirror);
            all_changes.push(Changes::of(&must(arguments)));
            faultless(&image);
            assert_eq!(listed_streams(&image), if revision < "2.00" { 0 } else { attributes }, "{revision}");
            witness::seven_zip(&image, Some("Udf")).unwrap();
            witness::seven_zip(&image, Some("Iso")).unwrap();
            if mirrors.len() == 1 {
                // pycdlib knows neither extended file entries nor metadata partitions.
                let plain = place.path().join("without streams.iso");
                must(["build", text(&source), "-o", text(&plain), "--udf", revision]);
                witness::pycdlib(&plain).unwrap();
            }
            mounts.push(Mount { image, mode: MountMode::Udf, options: None });
        }
    }
    let Some(kernel) = Kernel::find().unwrap() else { return };
    for ((mount, changes), answer) in mounts.iter().zip(&all_changes).zip(kernel.mount(&mounts).unwrap()) {
        let wanted = expected(&wanted, changes, MountMode::Udf);
        let also = Also { modes: true, times: true, hard_links: true };
        let list = wanted.differences(shown(&answer, MountMode::Udf), also);
        assert!(list.is_empty(), "{}: {}", mount.image.display(), list[..list.len().min(30)].join("\n"));
    }
}

#[test]
fn a_file_over_four_gibibytes_is_whole_in_every_file_system() {
    const LENGTH: u64 = 5 << 30;
    let place = tempfile::tempdir().unwrap();
    let source = place.path().join("source");
    std::fs::create_dir(&source).unwrap();
    tree::sparse(&source.join("5 GiB"), LENGTH).unwrap();
    let image = place.path().join("large.iso");
    must(["build", text(&source), "-o", text(&image), "--fs", "iso9660,joliet,rock-ridge,udf"]);
    // The kernel reads holes as slowly as data; three places of each file tell as much here.
    let Some(kernel) = Kernel::find().unwrap() else { return };
    let script = format!(
        r#"for options in "iso9660 ro,loop" "iso9660 ro,loop,norock" "iso9660 ro,loop,norock,nojoliet" "udf ro,loop"; do
  set -- $options
  mount -t $1 -o $2 '{}' /mnt/image || exit 1
  f=$(find /mnt/image -type f)
  stat -c %s "$f"
  for at in 0 {} {}; do tail -c +$((at + 1)) "$f" | head -c 11; done
  umount /mnt/image
done"#,
        image.display(),
        LENGTH / 2,
        LENGTH - 11
    );
    let guest = kernel.script("loop,isofs,udf", &script, &[]).unwrap();
    let each = format!("{LENGTH}\n{}", "not a hole\n".repeat(3));
    assert_eq!((guest.code, guest.log), (0, each.repeat(4)));
}

#[test]
fn the_image_is_a_function_of_the_folder() {
    let place = glassmaster_testkit::scratch::folder().unwrap();
    let source = place.path().join("source");
    tree::odd_names(&source.join("names")).unwrap();
    tree::sizes(&source.join("sizes")).unwrap();
    tree::links(&source.join("links")).unwrap();
    let build = |name: &str, day: &str| {
        let image = place.path().join(name);
        let mut command = match Witness::find("faketime").unwrap() {
            Some(faketime) => {
                let mut command = faketime.command();
                command.arg(day).arg(glassmaster_program::PATH);
                command
            }
            None => glassmaster_program::command(),
        };
        let status = command.args(["--quiet", "build", text(&source), "-o", text(&image)]).status().unwrap();
        assert!(status.success());
        std::fs::read(image).unwrap()
    };
    let first = build("one.iso", "2026-01-01");
    assert!(first == build("two.iso", "2027-07-07"), "two builds of one folder differ");
    let output =
        glassmaster_program::command().args(["--quiet", "build", text(&source), "-o", "-"]).output().unwrap();
    assert!(output.status.success() && output.stdout == first, "standard output differs from the file");
}
