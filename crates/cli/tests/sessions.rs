//! Sessions on discs and image files, ours and other people's.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[allow(dead_code, reason = "each test file uses its part")]
mod glassmaster_program;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use glassmaster::disc::{BlockSource, SECTOR};
use glassmaster::imapi2::recorder::DiscRecorder;
use glassmaster::vdrive::VirtualDrive;
use glassmaster_program::{Served, must, run};
use glassmaster_testkit::tree;
use glassmaster_testkit::witness::{Kernel, Mount, MountMode, Shim, Witness};
use tempfile::TempDir;

const MEDIA: [&str; 5] = ["cd-r", "dvd+r", "bd-r", "dvd+rw", "bd-re"];
const ISO: &str = "iso9660,joliet,rock-ridge";
const BRIDGE: &str = "iso9660,joliet,rock-ridge,udf";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn sh(script: &str, arguments: &[&Path]) {
    let status = Command::new("sh").args(["-e", "-c", script, "sh"]).args(arguments).status().unwrap();
    assert!(status.success(), "{script}");
}

/// What three sessions are made of, and what is to be seen after each.
struct Sources {
    place: TempDir,
}

impl Sources {
    fn new() -> Self {
        let this = Self { place: glassmaster_testkit::scratch::folder().unwrap() };
        let [one, two, three] = this.all();
        tree::deep(&one.join("deep"), 5).unwrap();
        tree::sizes(&one.join("sizes")).unwrap();
        fs::create_dir_all(one.join("gone/inner")).unwrap();
        fs::write(one.join("gone/inner/file"), tree::bytes(5, 70_000)).unwrap();
        fs::write(one.join("replaced"), b"first content").unwrap();
        fs::write(one.join("linked"), tree::bytes(6, 5_000)).unwrap();
        fs::hard_link(one.join("linked"), one.join("deep/linked too")).unwrap();
        fs::create_dir_all(two.join("deep")).unwrap();
        fs::write(two.join("deep/added"), tree::bytes(7, 300_000)).unwrap();
        fs::write(two.join("replaced"), b"the second content").unwrap();
        std::os::unix::fs::symlink("sizes", two.join("a link")).unwrap();
        fs::create_dir(&three).unwrap();
        fs::write(three.join("third"), tree::bytes(8, 40_000)).unwrap();
        fs::write(three.join("empty"), b"").unwrap();
        sh(
            "cp -a \"$1\" \"$3\"; cp -a \"$3\" \"$4\"; cp -a \"$2/.\" \"$4\"",
            &[&one, &two, &this.seen(1), &this.seen(2)],
        );
        sh(
            "cp -a \"$2\" \"$3\"; cp -a \"$1/.\" \"$3\"; rm -r \"$3/gone\"",
            &[&three, &this.seen(2), &this.seen(3)],
        );
        this
    }

    fn all(&self) -> [PathBuf; 3] {
        ["one", "two", "three"].map(|n| self.place.path().join(n))
    }

    fn seen(&self, session: usize) -> PathBuf {
        self.place.path().join(format!("seen{session}"))
    }

    fn at(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }
}

/// Every name, kind, size, time, link target and byte.
fn holds(medium: &str, folder: &Path, kinds: &[&str]) {
    for kind in kinds {
        let (output, events) = run(["compare", medium, text(folder), "--fs", kind]);
        let differences: Vec<_> = events.iter().filter(|e| e["event"] == "difference").collect();
        assert!(output.status.success(), "{medium} as {kind}: {:?}\n{differences:?}", events.last());
    }
    let (output, events) = run(["check", medium]);
    let findings: Vec<_> = events
        .iter()
        .filter(|e| e["event"] == "finding")
        // The last sector of a disc is not that of the volume: of a CD it is run-out, of a DVD+RW it is blank.
        .filter(|e| !(medium.starts_with("virtual:") && e["clause"] == "UDF 2.2.3"))
        .collect();
    assert!(output.status.success() && findings.is_empty(), "{medium}: {findings:?}");
}

/// The first sectors of a disc.
fn sectors(disc: &Path, count: u64) -> Vec<u8> {
    let recorder = DiscRecorder::open(Box::new(VirtualDrive::open(disc).unwrap())).unwrap();
    recorder.wait_ready().unwrap();
    let source = recorder.disc_source().unwrap();
    let mut out = vec![0; usize::try_from(count).unwrap() * SECTOR];
    for (n, sector) in (0..).zip(out.chunks_mut(SECTOR)) {
        // Gaps between sessions are not recorded.
        let _ = source.read_blocks(n, sector);
    }
    out
}

fn three_sessions(media: &str, file_systems: &str, kinds: &[&str]) {
    let sources = Sources::new();
    let [one, two, three] = sources.all();
    let disc = sources.at("disc");
    let drive = format!("virtual:{}", text(&disc));
    let burnt = must(["burn", text(&one), "--drive", &drive, "--media", media, "--fs", file_systems]);
    let first = burnt.last().unwrap()["sectors"].as_u64().unwrap();
    holds(&drive, &sources.seen(1), kinds);
    let two = must(["burn", text(&two), "--drive", &drive, "--append"]);
    let second = two.last().unwrap();
    holds(&drive, &sources.seen(2), kinds);
    let before =
        sectors(&disc, second["session_start"].as_u64().unwrap() + second["blocks"].as_u64().unwrap());

    let events = must(["burn", text(&three), "--drive", &drive, "--append", "--remove", "/gone"]);
    let third = events.last().unwrap();
    holds(&drive, &sources.seen(3), kinds);
    assert_eq!(third["verified_sectors"], third["sectors"]);

    // Only the new is written: 40,000 bytes, descriptions, and the padding of units and of the shortest track.
    let written = third["sectors"].as_u64().unwrap() + third["padding"].as_u64().unwrap();
    assert!(
        written < 800 && written < first,
        "{media}: {written} sectors in session 3, {first} in session 1"
    );
    let after = sectors(&disc, u64::try_from(before.len() / SECTOR).unwrap());
    let modified: Vec<(u64, u64)> = third["modified"].as_array().map_or_else(Vec::new, |list| {
        list.iter().map(|r| (r[0].as_u64().unwrap(), r[1].as_u64().unwrap())).collect()
    });
    assert_eq!(modified.is_empty(), !matches!(media, "dvd+rw" | "bd-re"));
    for (n, (old, new)) in (0u64..).zip(before.chunks(SECTOR).zip(after.chunks(SECTOR))) {
        let told = modified.iter().any(|(first, last)| (*first..=*last).contains(&n));
        assert!(old == new || told, "{media}: sector {n} of an earlier session was changed");
    }
    // The old session is there still where the medium keeps it.
    if modified.is_empty() {
        let listed = must(["list", &drive, "--session", "1"]);
        assert!(listed.iter().any(|e| e["path"] == "/gone/inner/file"), "{media}");
        let info = must(["info", &drive]);
        assert_eq!(info.last().unwrap()["sessions"].as_array().unwrap().len(), 3);
    }
    let (output, _) = run(["list", &drive, "--session", "9"]);
    assert_eq!(output.status.code(), Some(4));
}

#[test]
fn three_sessions_of_iso_9660_on_five_media() {
    for media in MEDIA {
        three_sessions(media, ISO, &["rock-ridge", "joliet"]);
    }
}

#[test]
fn three_sessions_of_a_bridge_on_five_media() {
    for media in MEDIA {
        three_sessions(media, BRIDGE, &["rock-ridge", "joliet", "udf"]);
    }
}

#[test]
fn three_sessions_of_udf_alone_on_five_media() {
    for media in MEDIA {
        three_sessions(media, "udf", &["udf"]);
    }
}

/// The kernel finds the last session by the drive's table of contents, or by the descriptors that were led to it.
fn kernel_shows(file_systems: &str, types: &str) {
    let Some(kernel) = Kernel::find().unwrap() else { return };
    let sources = Sources::new();
    let [one, two, three] = sources.all();
    // The guest moves a few megabytes a second; the largest file but this one has a megabyte.
    for folder in [&one, &sources.seen(3)] {
        fs::remove_file(folder.join("sizes/sparse")).unwrap();
    }
    let program = glassmaster_program::PATH;
    let serve = format!(
        "'{program}' disc new /run/$1.disc --media $1 && \
         exec '{program}' disc serve /run/$1.disc --socket $RECORDER_SOCKET"
    );
    let client = format!(
        "export XDG_STATE_HOME=/run/state
         mkdir -p /run/state
         life() {{
           attach 0 $1
           '{program}' --json burn '{one}' --drive $RECORDER_DEVICE --fs {file_systems} || return
           '{program}' --json burn '{two}' --drive $RECORDER_DEVICE --append || return
           '{program}' --json burn '{three}' --drive $RECORDER_DEVICE --append --remove gone || return
           for type in {types}; do
             mount -t $type -o ro $RECORDER_DEVICE /mnt/image || return
             diff -r --no-dereference '{seen}' /mnt/image || return
             umount /mnt/image || return
           done
           detach 0
           rm /run/$1.disc
         }}
         for media in {media}; do life $media || {{ echo \"in the life of $media\"; exit 1; }}; done",
        one = one.display(),
        two = two.display(),
        three = three.display(),
        seen = sources.seen(3).display(),
        media = MEDIA.join(" "),
    );
    let Some(guest) = kernel.with_recorders(&serve, &client).unwrap() else { return };
    assert_eq!(guest.code, 0, "{}", guest.log);
}

#[test]
fn the_kernel_mounts_the_last_of_three_sessions_of_iso_9660() {
    kernel_shows(ISO, "iso9660");
}

#[test]
fn the_kernel_mounts_the_last_of_three_sessions_of_a_bridge() {
    kernel_shows(BRIDGE, "udf iso9660");
}

fn image_file(file_systems: &str, udf: Option<&str>, kinds: &[&str]) {
    let sources = Sources::new();
    let [one, two, three] = sources.all();
    let image = sources.at("image.iso");
    let mut arguments = vec!["build", text(&one), "-o", text(&image), "--fs", file_systems];
    arguments.extend(udf.iter().flat_map(|udf| ["--udf", udf]));
    must(arguments);
    let first = fs::read(&image).unwrap();
    let dry = must(["append", text(&image), text(&two), "--dry-run"]);
    assert_eq!(dry.last().unwrap()["dry_run"], true);
    assert!(fs::read(&image).unwrap() == first, "a dry run changed the image");
    must(["append", text(&image), text(&two)]);
    holds(text(&image), &sources.seen(2), kinds);
    let events = must(["append", text(&image), text(&three), "--remove", "gone"]);
    holds(text(&image), &sources.seen(3), kinds);
    let last = events.last().unwrap();
    assert!(last["blocks"].as_u64().unwrap() < 800, "{last}");
    // Nothing of the first session but its descriptors was touched.
    let now = fs::read(&image).unwrap();
    for (n, (old, new)) in first.chunks(SECTOR).zip(now.chunks(SECTOR)).enumerate() {
        assert!(old == new || (16..32).contains(&n) || n == 256, "sector {n} was changed");
    }
    let out = sources.at("out");
    must(["extract", text(&image), "-o", text(&out)]);
    sh("diff -r --no-dereference \"$1\" \"$2\"", &[&sources.seen(3), &out]);
    // The kernel agrees.
    let Some(kernel) = Kernel::find().unwrap() else { return };
    let modes: &[MountMode] = match file_systems {
        ISO => &[MountMode::RockRidge],
        "udf" => &[MountMode::Udf],
        _ => &[MountMode::RockRidge, MountMode::Udf],
    };
    let mounts: Vec<_> =
        modes.iter().map(|mode| Mount { image: image.clone(), mode: *mode, options: None }).collect();
    let expected = glassmaster_testkit::Manifest::of_folder(&sources.seen(3)).unwrap();
    for mounted in kernel.mount(&mounts).unwrap() {
        let manifest = mounted.outcome.unwrap_or_else(|code| panic!("mount: {code}: {:?}", mounted.messages));
        let differences = expected.content_differences(&manifest);
        assert!(differences.is_empty(), "{file_systems}: {differences:?}");
    }
}

#[test]
fn sessions_in_image_files_of_iso_9660() {
    image_file(ISO, None, &["rock-ridge", "joliet"]);
}

#[test]
fn sessions_in_image_files_of_bridges() {
    for revision in ["1.02", "2.01", "2.50"] {
        image_file(BRIDGE, Some(revision), &["rock-ridge", "joliet", "udf"]);
    }
}

#[test]
fn sessions_in_image_files_of_udf() {
    for revision in ["1.02", "1.50", "2.00", "2.60"] {
        image_file("udf", Some(revision), &["udf"]);
    }
}

/// Killed at any moment, the image shows the old session or the new one, whole.
#[test]
fn a_killed_append_leaves_a_whole_session() {
    let sources = Sources::new();
    let [one, two, _] = sources.all();
    fs::write(two.join("large"), tree::bytes(9, 60_000_000)).unwrap();
    sh("cp -a \"$1/large\" \"$2\"", &[&two, &sources.seen(2)]);
    let image = sources.at("image.iso");
    // Killed later and later, until an append is faster than that; then from the start again. As far apart as the machine is
    // fast.
    let (mut old, mut wait, mut rounds) = (0, Duration::from_millis(1), 0);
    while old < 9 {
        rounds += 1;
        assert!(rounds < 200, "no append is ever killed in time");
        must(["build", text(&one), "-o", text(&image), "--fs", BRIDGE]);
        let mut child = glassmaster_program::command()
            .args(["--quiet", "append", text(&image), text(&two)])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(wait);
        wait = wait * 3 / 2;
        child.kill().unwrap();
        let done = child.wait().unwrap().success();
        let listed = must(["list", text(&image), "--fs", "rock-ridge"]);
        let seen = if listed.iter().any(|e| e["path"] == "/large") { 2 } else { 1 };
        assert!(seen == 2 || !done, "round {rounds}");
        if seen == 2 {
            wait = Duration::from_millis(1);
        } else {
            old += 1;
        }
        let (output, events) =
            run(["compare", text(&image), text(&sources.seen(seen)), "--fs", "rock-ridge"]);
        assert!(output.status.success(), "round {rounds}: {:?}", events.last());
        let out = sources.at("udf");
        let _ = fs::remove_dir_all(&out);
        must(["extract", text(&image), "--fs", "udf", "-o", text(&out)]);
        assert!(out.join("sizes").is_dir());
    }
    // What an interrupted append left behind does not hinder the next one.
    must(["build", text(&one), "-o", text(&image), "--fs", BRIDGE]);
    fs::File::options().append(true).open(&image).unwrap().set_len(90_000_001).unwrap();
    must(["append", text(&image), text(&two)]);
    holds(text(&image), &sources.seen(2), &["rock-ridge", "udf"]);
}

fn refused(arguments: &[&str], exit: i32, words: &str) {
    let (output, events) = run(arguments);
    let last = events.last().unwrap();
    assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {last}");
    assert!(last["error"].as_str().unwrap().contains(words), "{arguments:?}: {last}");
}

#[test]
fn what_cannot_be_appended_to_says_why_and_stays_as_it_is() {
    let sources = Sources::new();
    let [one, two, three] = sources.all();
    let image = sources.at("image.iso");
    must(["build", text(&one), "-o", text(&image), "--fs", ISO]);
    let before = fs::read(&image).unwrap();
    refused(&["append", text(&image)], 2, "nothing to add");
    refused(&["append", text(&image), text(&two), "--fs", "udf"], 2, "--fs");
    refused(&["append", text(&image), "--remove", ""], 2, "names nothing");
    let boot = format!("bios={}", text(&one.join("replaced")));
    refused(&["append", text(&image), text(&two), "--boot", &boot], 2, "--boot");
    refused(&["append", text(&image), text(&two), "--vat"], 2, "--vat");
    refused(&["append", text(&image), text(&two), "--remove", "/none"], 1, "/none");
    refused(&["append", text(&image), text(&sources.at("missing"))], 1, "missing");
    // A folder where a file is, and the other way round.
    fs::create_dir(three.join("replaced")).unwrap();
    refused(&["append", text(&image), text(&three)], 1, "/replaced");
    refused(&["append", "/dev/sr7", text(&two)], 2, "burn --append");
    refused(&["append", text(&one), text(&two)], 1, "image files");
    let empty = sources.at("empty.iso");
    fs::write(&empty, vec![0; 1 << 20]).unwrap();
    refused(&["append", text(&empty), text(&two)], 4, "no file system");
    assert!(fs::read(&image).unwrap() == before, "a refused append changed the image");
    // Discs that are blank, and closed for good.
    let disc = sources.at("disc");
    let drive = format!("virtual:{}", text(&disc));
    must(["disc", "new", text(&disc), "--media", "bd-r"]);
    refused(&["burn", text(&two), "--append", "--drive", &drive], 4, "blank");
    must(["burn", text(&one), "--close", "--drive", &drive, "--fs", ISO]);
    refused(&["burn", text(&two), "--append", "--drive", &drive], 4, "finalized");
    // The last session is closed for good on request.
    fs::remove_file(&disc).unwrap();
    must(["burn", text(&one), "--drive", &drive, "--media", "dvd+r", "--fs", ISO]);
    refused(&["burn", text(&two), "--drive", &drive], 4, "--append");
    must(["burn", text(&two), "--append", "--close", "--drive", &drive]);
    holds(&drive, &sources.seen(2), &["rock-ridge", "joliet"]);
    refused(&["burn", text(&two), "--append", "--drive", &drive], 4, "finalized");
}

/// Names of ISO 9660 are not those of the sources; the sources' names stand for them nevertheless.
#[test]
fn files_take_the_place_of_those_that_were_recorded_under_other_names() {
    let sources = Sources::new();
    let [one, two, _] = sources.all();
    fs::create_dir(one.join("a-folder")).unwrap();
    fs::write(one.join("a-folder/read-me.txt"), b"first").unwrap();
    fs::create_dir(two.join("a-folder")).unwrap();
    fs::write(two.join("a-folder/read-me.txt"), b"the second").unwrap();
    let image = sources.at("image.iso");
    for (file_systems, folder) in [("iso9660", "/A_FOLDER"), ("iso9660,joliet", "/a-folder")] {
        must(["build", text(&one), "-o", text(&image), "--fs", file_systems]);
        must(["append", text(&image), text(&two), "--remove", "/gone"]);
        let (_, events) = run(["list", text(&image)]);
        let found: Vec<_> = events
            .iter()
            .filter_map(|e| Some((e["path"].as_str()?.to_owned(), e["size"].as_u64())))
            .filter(|(path, _)| path.to_lowercase().starts_with("/a_f") || path.starts_with("/a-f"))
            .collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().any(|f| f.0 == folder) && found.iter().any(|f| f.1 == Some(10)), "{found:?}");
        assert!(
            !events.iter().any(|e| e["path"].as_str().is_some_and(|p| p.to_lowercase().starts_with("/gone")))
        );
    }
}

#[test]
fn images_that_an_operating_system_writes_to_are_refused_by_name() {
    let Some(mkudffs) = Witness::find("mkudffs").unwrap() else { return };
    let sources = Sources::new();
    let image = sources.at("udf.img");
    for (media, revision) in [("hd", "2.01"), ("dvdram", "2.01"), ("cdr", "1.50")] {
        let _ = fs::remove_file(&image);
        fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
        let kind = format!("--media-type={media}");
        let rev = format!("--udfrev={revision}");
        mkudffs.must(["-b", "2048", kind.as_str(), rev.as_str(), text(&image)]).unwrap();
        let before = fs::read(&image).unwrap();
        let (output, events) = run(["append", text(&image), text(&sources.all()[1])]);
        assert!(!output.status.success(), "{media}");
        let error = events.last().unwrap()["error"].as_str().unwrap().to_owned();
        assert!(error.contains("UDF"), "{media}: {error}");
        assert!(fs::read(&image).unwrap() == before);
    }
}

/// Images of other programs become the first session.
#[test]
fn sessions_on_images_of_other_programs() {
    let sources = Sources::new();
    let [one, two, three] = sources.all();
    let image = sources.at("theirs.iso");
    let mut makers = Vec::new();
    if let Some(genisoimage) = Witness::find("genisoimage").unwrap() {
        let bridge = vec!["-quiet", "-udf", "-R", "-J", "-joliet-long", "-o"];
        makers.push((genisoimage.clone(), vec!["-quiet", "-R", "-J", "-joliet-long", "-o"], "rock-ridge"));
        makers.push((genisoimage, bridge, "udf"));
    }
    if let Some(xorriso) = Witness::find("xorriso").unwrap() {
        makers.push((xorriso, vec!["-as", "mkisofs", "-quiet", "-R", "-J", "-o"], "rock-ridge"));
    }
    for (maker, mut arguments, kind) in makers {
        arguments.extend([text(&image), text(&one)]);
        let _ = fs::remove_file(&image);
        maker.must(arguments).unwrap();
        must(["append", text(&image), text(&two)]);
        must(["append", text(&image), text(&three), "--remove", "gone"]);
        let out = sources.at("out");
        let _ = fs::remove_dir_all(&out);
        must(["extract", text(&image), "--fs", kind, "-o", text(&out)]);
        sh("diff -r --no-dereference \"$1\" \"$2\"", &[&sources.seen(3), &out]);
        let Some(kernel) = Kernel::find().unwrap() else { continue };
        let mode = if kind == "udf" { MountMode::Udf } else { MountMode::RockRidge };
        let mount = Mount { image: image.clone(), mode, options: None };
        let expected = glassmaster_testkit::Manifest::of_folder(&sources.seen(3)).unwrap();
        for mounted in kernel.mount(&[mount]).unwrap() {
            let differences = expected.content_differences(&mounted.outcome.unwrap());
            assert!(differences.is_empty(), "{}: {differences:?}", maker.name());
        }
    }
}

/// `growisofs -M` on our first session, and our session on the one of `growisofs -Z`.
#[test]
fn growisofs_and_we_go_on_from_each_other() {
    let (Some(shim), Some(growisofs)) = (Shim::find().unwrap(), Witness::find("growisofs").unwrap()) else {
        return;
    };
    if Witness::find("genisoimage").unwrap().is_none() {
        return;
    }
    let sources = Sources::new();
    let [one, two, _] = sources.all();
    let grow = |how: &str, disc: &Path, folder: &Path| {
        let socket = disc.with_extension("socket");
        let served = Served::start(disc, &socket);
        let mut command = shim.command(&growisofs, &socket);
        command.args([how, "/dev/sr0", "-quiet", "-R", "-J", "-joliet-long"]).arg(folder);
        let said = glassmaster_testkit::witness::run(&mut command, Duration::from_secs(120)).unwrap();
        drop(served);
        assert!(said.status.success(), "growisofs {how}: {}", said.text());
    };
    for media in ["dvd+r", "dvd+rw", "bd-r", "bd-re"] {
        let ours = sources.at(&format!("ours-{media}"));
        let drive = format!("virtual:{}", text(&ours));
        must(["burn", text(&one), "--drive", &drive, "--media", media, "--fs", ISO]);
        grow("-M", &ours, &two);
        shows(&drive, &sources, media);

        let theirs = sources.at(&format!("theirs-{media}"));
        must(["disc", "new", text(&theirs), "--media", media]);
        grow("-Z", &theirs, &one);
        let drive = format!("virtual:{}", text(&theirs));
        if media == "bd-r" {
            // It leaves the session of a BD-R open, so that only its own kind can go on.
            refused(&["burn", text(&two), "--append", "--drive", &drive], 4, "begun and never finished");
            continue;
        }
        must(["burn", text(&two), "--append", "--drive", &drive]);
        shows(&drive, &sources, media);
    }
}

fn shows(drive: &str, sources: &Sources, what: &str) {
    let out = sources.at("shown");
    let _ = fs::remove_dir_all(&out);
    must(["extract", drive, "--fs", "rock-ridge", "-o", text(&out)]);
    let status = Command::new("diff")
        .args(["-r", "--no-dereference"])
        .args([&sources.seen(2), &out])
        .status()
        .unwrap();
    assert!(status.success(), "{what}");
}

/// xorriso adds a session to our disc and to our image file, and we to its disc.
#[test]
fn xorriso_and_we_go_on_from_each_other() {
    let (Some(shim), Some(xorriso)) = (Shim::find().unwrap(), Witness::find("xorriso").unwrap()) else {
        return;
    };
    let sources = Sources::new();
    let [one, two, _] = sources.all();
    let add = |disc: &Path, folder: &Path| {
        let socket = disc.with_extension("socket");
        let served = Served::start(disc, &socket);
        let mut command = shim.command(&xorriso, &socket);
        command
            .args(["-abort_on", "FATAL", "-dev", "/dev/sr0", "-joliet", "on", "-map"])
            .arg(folder)
            .args(["/", "-commit"]);
        let said = glassmaster_testkit::witness::run(&mut command, Duration::from_secs(120)).unwrap();
        drop(served);
        assert!(said.status.success(), "xorriso: {}", said.text());
    };
    for media in ["cd-r", "dvd+r", "dvd+rw", "bd-r", "bd-re"] {
        let ours = sources.at(&format!("ours-{media}"));
        let drive = format!("virtual:{}", text(&ours));
        must(["burn", text(&one), "--drive", &drive, "--media", media, "--fs", ISO]);
        add(&ours, &two);
        shows(&drive, &sources, media);

        let theirs = sources.at(&format!("theirs-{media}"));
        must(["disc", "new", text(&theirs), "--media", media]);
        add(&theirs, &one);
        let drive = format!("virtual:{}", text(&theirs));
        must(["burn", text(&two), "--append", "--drive", &drive]);
        shows(&drive, &sources, media);
    }
}

/// A session does not take the boot catalog of the image away.
#[test]
fn a_bootable_image_boots_after_a_session_was_added() {
    use glassmaster_testkit::witness::{Firmware, Machine, real_mode_program};
    let sources = Sources::new();
    let [one, two, _] = sources.all();
    let loader = sources.at("loader");
    fs::write(&loader, real_mode_program("started from the first session")).unwrap();
    let image = sources.at("image.iso");
    for file_systems in [ISO, BRIDGE] {
        let boot = format!("bios={}", text(&loader));
        must(["build", text(&one), "-o", text(&image), "--fs", file_systems, "--boot", &boot]);
        must(["append", text(&image), text(&two)]);
        holds(text(&image), &sources.seen(2), &["rock-ridge", "joliet"]);
        let Some(machine) = Machine::find(Firmware::Bios).unwrap() else { continue };
        machine.boot(&image, "started from the first session", Duration::from_secs(120)).unwrap();
    }
}

/// A source that is read while a session is written, so that the whole library path is one type-checked call.
#[test]
fn the_library_appends_in_memory() {
    use glassmaster::disc::{Multisession, SessionAddresses};
    use glassmaster::imapi2fs::{
        FileSystems, HostTree, ImageOptions, ImportOptions, NextSession, PreviousSession, SessionPlace,
        VolumeKind, WalkOptions, identify, merge, open,
    };
    use std::ops::ControlFlow;

    let sources = Sources::new();
    let [one, two, _] = sources.all();
    let walk = |folder: &Path| {
        let source = glassmaster::imapi2fs::HostSource { path: folder.to_path_buf(), contents_only: true };
        HostTree::walk(&[source], &WalkOptions::default(), &mut |_| ControlFlow::Continue(())).unwrap()
    };
    let mut options = ImageOptions::new("MEMORY", glassmaster::tree::Timestamp::from_secs(1_700_000_000));
    options.file_systems = FileSystems::ROCK_RIDGE | FileSystems::JOLIET;
    let first = glassmaster::imapi2fs::Image::new(walk(&one), &options).unwrap();
    let mut bytes = vec![0; usize::try_from(first.bytes()).unwrap()];
    first.source().read_blocks(0, &mut bytes).unwrap();
    let medium = Multisession {
        supported: true,
        in_use: false,
        addresses: SessionAddresses::RandomWrite { write_unit: 16, last_written: None, total: 100_000 },
        source: Arc::new(bytes),
    };
    let previous = PreviousSession::look(&medium).unwrap();
    assert_eq!(previous.richest(), Some(VolumeKind::RockRidge));
    assert!(previous.probe(VolumeKind::Joliet) && !previous.probe(VolumeKind::Udf));
    let mut told = Vec::new();
    let imported = previous
        .import(VolumeKind::Joliet, ImportOptions::default(), &mut |event| {
            told.push(event.clone());
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!((told[0].item.as_str(), told[0].directories, told[0].total_files), ("\\", 1, None));
    let inner = told.iter().position(|e| e.item == "\\gone\\inner\\").unwrap();
    let file = told.iter().position(|e| e.item == "\\gone\\inner\\file").unwrap();
    assert!(inner < file);
    let last = told.last().unwrap();
    assert_eq!(last.directories, last.total_directories);
    let stopped =
        previous.import(VolumeKind::Joliet, ImportOptions::default(), &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(glassmaster::imapi2fs::Error::Cancelled)));
    let place = SessionPlace::behind(&previous, &imported.tree).unwrap();
    let input = merge(&imported, Some(walk(&two)), &[]).unwrap();
    place.apply(&mut options);
    let next = NextSession::plan(&previous, &place, input, &options).unwrap();
    let modified = next.modified_blocks().unwrap();
    assert_eq!(modified.0.last().unwrap().first(), 16);
    let whole: Arc<dyn BlockSource> = next.source();
    assert!(identify(&whole).unwrap().contains(&VolumeKind::Joliet));
    let root = open(&whole, None).unwrap().root().unwrap();
    assert!(root.is_dir());
    // UDF was not there before.
    options.file_systems = FileSystems::ISO9660 | FileSystems::UDF;
    let input = merge(&imported, None, &[]).unwrap();
    let error = NextSession::plan(&previous, &place, input, &options).err().unwrap();
    assert_eq!(error.hresult(), 0xC0AA_B163);
}
