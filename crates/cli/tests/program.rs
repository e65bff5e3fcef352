//! The program as people and scripts meet it: exit statuses, JSON lines, files that appear whole or not at all.

#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation)]

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use glassmaster_testkit::tree as testtree;
use rustix::fs::{SeekFrom, seek};
use serde_json::Value;
use tempfile::TempDir;

fn glassmaster() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glassmaster"));
    command.env_remove("SOURCE_DATE_EPOCH");
    // Journals and owners' names of tests stay away from those of whoever runs them, and nobody's machine is kept awake.
    for name in ["XDG_STATE_HOME", "XDG_RUNTIME_DIR"] {
        command.env(name, env!("CARGO_TARGET_TMPDIR"));
    }
    command.env("DBUS_SYSTEM_BUS_ADDRESS", concat!("unix:path=", env!("CARGO_TARGET_TMPDIR"), "/no-bus"));
    command
}

fn run(args: &[&str]) -> Output {
    glassmaster().args(args).output().unwrap()
}

/// Runs with `--json`, checks that every line is an object and the last one the result, and gives all of them.
fn json(args: &[&str], exit: i32) -> Vec<Value> {
    let output = glassmaster().arg("--json").args(args).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit), "{args:?}: {text}{error}");
    let last = lines.last().unwrap();
    assert_eq!(last["event"], "result", "{last}");
    assert_eq!(last["ok"], exit == 0);
    lines
}

fn result(args: &[&str], exit: i32) -> Value {
    json(args, exit).pop().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A few files of every kind that matter to names and sizes, small enough for many burns.
fn folder() -> TempDir {
    let dir = TempDir::new().unwrap();
    let at = |p: &str| dir.path().join(p);
    fs::create_dir_all(at("docs/more")).unwrap();
    fs::write(at("docs/read me.txt"), b"some text").unwrap();
    fs::write(at("docs/more/\u{65E5}\u{672C}\u{8A9E}.txt"), b"kanji").unwrap();
    fs::write(at("large.bin"), testtree::bytes(1, 3_000_000)).unwrap();
    fs::write(at("empty"), b"").unwrap();
    std::os::unix::fs::symlink("docs/read me.txt", at("link")).unwrap();
    dir
}

#[test]
fn two_builds_are_one_and_standard_output_gets_the_same_bytes() {
    let dir = folder();
    let out = TempDir::new().unwrap();
    let (one, two) = (out.path().join("one.iso"), out.path().join("two.iso"));
    let source = text(dir.path());
    let first = result(&["build", source, "-o", text(&one), "--volume", "V"], 0);
    std::thread::sleep(Duration::from_millis(1100));
    // Reading changes access times, which must not matter.
    fs::read(dir.path().join("large.bin")).unwrap();
    result(&["build", source, "-o", text(&two), "--volume", "V"], 0);
    let bytes = fs::read(&one).unwrap();
    assert!(bytes == fs::read(&two).unwrap(), "two builds differ");
    assert_eq!(first["bytes"].as_u64().unwrap(), bytes.len() as u64);
    let piped = run(&["build", source, "-o", "-", "--volume", "V", "--json"]);
    assert_eq!(piped.status.code(), Some(0));
    assert!(piped.stdout == bytes, "standard output differs from the file");
    let last = String::from_utf8(piped.stderr).unwrap();
    assert!(last.lines().last().unwrap().contains("\"event\":\"result\""));
    let epoch = glassmaster()
        .env("SOURCE_DATE_EPOCH", "1000000000")
        .args(["build", source, "-o", "-", "--volume", "V"])
        .output()
        .unwrap();
    assert_ne!(epoch.stdout, bytes);
    let wrong =
        glassmaster().env("SOURCE_DATE_EPOCH", "soon").args(["build", source, "-o", "-"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn what_goes_in_comes_out() {
    let dir = folder();
    let out = TempDir::new().unwrap();
    let image = out.path().join("image.iso");
    result(&["build", text(dir.path()), "-o", text(&image)], 0);
    for fs_name in ["rock-ridge", "udf", "joliet"] {
        let compared = result(&["compare", text(&image), text(dir.path()), "--fs", fs_name], 0);
        assert_eq!(compared["differences"], 0, "{fs_name}");
        let target = out.path().join(fs_name);
        let extracted = result(&["extract", text(&image), "--fs", fs_name, "-o", text(&target)], 0);
        assert_eq!(extracted["files"], 4, "{fs_name}");
        assert!(
            fs::read(target.join("large.bin")).unwrap() == fs::read(dir.path().join("large.bin")).unwrap()
        );
        assert_eq!(fs::read(target.join("docs/more/\u{65E5}\u{672C}\u{8A9E}.txt")).unwrap(), b"kanji");
        let modified = |p: &Path| fs::metadata(p).unwrap().modified().unwrap();
        let age = |p: &Path| modified(p).duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        assert_eq!(age(&target.join("large.bin")), age(&dir.path().join("large.bin")));
    }
    let link = fs::read_link(out.path().join("rock-ridge/link")).unwrap();
    assert_eq!(link, Path::new("docs/read me.txt"));
    let entries = json(&["list", text(&image)], 0);
    let paths: Vec<_> = entries.iter().filter(|e| e["event"] == "entry").map(|e| e["path"].clone()).collect();
    assert_eq!(paths.len(), 7, "{paths:?}");
    assert_eq!(result(&["check", text(&image)], 0)["errors"], 0);
    fs::write(dir.path().join("docs/read me.txt"), b"SOME text").unwrap();
    let lines = json(&["compare", text(&image), text(dir.path())], 3);
    // The time differs too when the second has changed meanwhile.
    let differences: Vec<_> = lines.iter().filter(|l| l["event"] == "difference").collect();
    assert!(differences.iter().all(|d| d["path"] == "/docs/read me.txt"), "{differences:?}");
    assert!(differences.iter().any(|d| d["what"].as_str().unwrap().contains("contents")), "{differences:?}");
}

#[test]
fn a_dry_run_tells_every_area_and_every_changed_name() {
    let dir = folder();
    fs::write(dir.path().join("question?.txt"), b"?").unwrap();
    let lines = json(&["build", text(dir.path()), "-o", "/nonexistent/x.iso", "--dry-run"], 0);
    let blocks: u64 =
        lines.iter().filter(|l| l["event"] == "area").map(|l| l["blocks"].as_u64().unwrap()).sum();
    assert_eq!(blocks, lines.last().unwrap()["blocks"].as_u64().unwrap());
    let changed: Vec<_> = lines.iter().filter(|l| l["event"] == "changed").collect();
    assert!(
        changed.iter().any(|c| c["file_system"] == "Joliet" && c["path"] == "/question?.txt"),
        "{changed:?}"
    );
    let obstacles: Vec<_> = lines.iter().filter(|l| l["event"] == "obstacle").collect();
    assert_eq!(obstacles.len(), changed.len());
    // All that is wrong, at once: a size, a depth, a name; nothing is written.
    fs::File::create(dir.path().join("huge")).unwrap().set_len(5 << 30).unwrap();
    fs::create_dir_all(dir.path().join("1/2/3/4/5/6/7/8/9")).unwrap();
    let level = ["--iso-level", "2", "--fs", "iso9660,joliet"];
    let lines = json(
        &[&["build", text(dir.path()), "-o", "/nonexistent/x.iso", "--dry-run"], &level[..]].concat(),
        1,
    );
    let told = |path: &str, consequence: &str| {
        lines.iter().any(|l| l["event"] == "obstacle" && l["path"] == path && l["consequence"] == consequence)
    };
    assert!(told("/huge", "refused") && told("/1/2/3/4/5/6/7/8", "exceeds"), "{lines:?}");
    assert!(told("/question?.txt", "changed"), "{lines:?}");
    assert!(lines.last().unwrap()["error"].as_str().unwrap().contains("refuse"), "{lines:?}");
    let refused = result(&["build", text(dir.path()), "-o", "/nonexistent/x.iso", "--names", "refuse"], 1);
    assert!(refused["error"].as_str().unwrap().contains("names"), "{refused}");
}

#[test]
fn every_failure_has_its_exit_status() {
    let dir = folder();
    let out = TempDir::new().unwrap();
    assert_eq!(run(&["build"]).status.code(), Some(2));
    assert_eq!(run(&["--help"]).status.code(), Some(0));
    let missing = result(&["build", "/no/such/folder", "-o", text(&out.path().join("x.iso"))], 1);
    assert!(missing["error"].as_str().unwrap().contains("/no/such/folder"));
    let wrong = run(&["build", text(dir.path()), "-o", "x", "--fs", "ntfs"]);
    assert_eq!(wrong.status.code(), Some(2));
    let none = result(&["list", text(&dir.path().join("large.bin"))], 1);
    assert_eq!(none["hresult"], "0xC0AAB151");
    let drive = format!("virtual:{}", text(&out.path().join("none.disc")));
    let no_disc = result(&["burn", text(dir.path()), "--drive", &drive], 4);
    assert!(no_disc["error"].as_str().unwrap().contains("--media"), "{no_disc}");
    assert_eq!(result(&["burn", text(dir.path()), "--drive", "floppy"], 2)["ok"], false);
}

#[test]
fn a_killed_build_leaves_nothing_under_the_final_name() {
    let dir = glassmaster_testkit::scratch::folder().unwrap();
    for n in 0..8u64 {
        fs::write(dir.path().join(format!("{n}.bin")), testtree::bytes(n, 24 << 20)).unwrap();
    }
    let out = glassmaster_testkit::scratch::folder().unwrap();
    let image = out.path().join("image.iso");
    // Killed later and later, until a build is faster than that; then from the start again. As far apart as the machine is
    // fast.
    let (mut killed, mut wait, mut rounds) = (0, Duration::from_millis(1), 0);
    while killed < 12 {
        rounds += 1;
        assert!(rounds < 200, "no build is ever killed in time");
        let mut child = glassmaster()
            .args(["build", text(dir.path()), "-o", text(&image), "-q"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(wait);
        wait = wait * 3 / 2;
        child.kill().unwrap();
        let done = child.wait().unwrap().success();
        if image.exists() {
            // Only a build that got as far as the final rename may have put it there, and then it is whole.
            assert_eq!(fs::metadata(&image).unwrap().len() % 65_536, 0);
            assert_eq!(run(&["compare", text(&image), text(dir.path())]).status.code(), Some(0));
            fs::remove_file(&image).unwrap();
            wait = Duration::from_millis(1);
        } else {
            assert!(!done);
            killed += 1;
        }
        // What it left beside the image is in nobody's way.
        for left in fs::read_dir(out.path()).unwrap() {
            fs::remove_file(left.unwrap().path()).unwrap();
        }
    }
}

const MEDIA: [&str; 5] = ["cd-r", "dvd+r", "dvd+rw", "bd-r", "bd-re"];

#[test]
fn a_folder_becomes_a_verified_disc_on_every_medium() {
    let dir = folder();
    for media in MEDIA {
        let out = TempDir::new().unwrap();
        let drive = format!("virtual:{}", text(&out.path().join("a.disc")));
        let burnt =
            result(&["burn", text(dir.path()), "--drive", &drive, "--media", media, "--verify", "full"], 0);
        assert_eq!(burnt["verified"], true, "{media}: {burnt}");
        let compared = result(&["compare", &drive, text(dir.path())], 0);
        assert_eq!(compared["differences"], 0, "{media}");
        let info = result(&["info", &drive], 0);
        assert_eq!(info["medium"]["type"].as_str().unwrap().to_lowercase(), media, "{info}");
        assert!(!info["volumes"].as_array().unwrap().is_empty());
    }
}

#[test]
fn an_image_becomes_a_disc_that_equals_it() {
    let dir = folder();
    let out = TempDir::new().unwrap();
    let image = out.path().join("image.iso");
    result(&["build", text(dir.path()), "-o", text(&image)], 0);
    for media in MEDIA {
        let drive = format!("virtual:{}", text(&out.path().join(format!("{media}.disc"))));
        result(&["disc", "new", drive.strip_prefix("virtual:").unwrap(), "--media", media], 0);
        let burnt = result(&["burn", text(&image), "--drive", &drive], 0);
        assert_eq!(burnt["verified"], true, "{media}: {burnt}");
        let sum = burnt["sha256"].as_str().unwrap();
        assert_eq!(sum, sha256(&image), "{media}");
        assert_eq!(result(&["compare", &drive, text(&image)], 0)["differences"], 0);
    }
}

/// What can be said before a drive is asked is said before a disc is made.
#[test]
fn options_that_do_not_go_together_make_no_disc() {
    let dir = folder();
    let out = TempDir::new().unwrap();
    let drive = format!("virtual:{}", text(&out.path().join("a.disc")));
    let burn = ["burn", text(dir.path()), "--drive", &drive, "--media", "bd-r"];
    for options in [&["--resume", "--dry-run"][..], &["--remove", "x"]] {
        let refused = result(&[&burn[..], options].concat(), 2);
        assert!(refused["error"].as_str().unwrap().contains(options[0]), "{refused}");
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0, "{options:?}");
    }
    // And one that is made to be tried only goes again.
    for media in ["cd-r", "bd-re"] {
        let burn = ["burn", text(dir.path()), "--drive", &drive, "--media", media, "--dry-run"];
        assert_eq!(result(&burn, 0)["ok"], true);
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0, "{media}");
    }
}

#[test]
fn an_image_that_ends_inside_a_sector_is_named() {
    let dir = folder();
    let out = TempDir::new().unwrap();
    let image = out.path().join("image.iso");
    result(&["build", text(dir.path()), "-o", text(&image)], 0);
    let file = fs::File::options().write(true).open(&image).unwrap();
    file.set_len(file.metadata().unwrap().len() - 777).unwrap();
    let drive = format!("virtual:{}", text(&out.path().join("a.disc")));
    let refused = result(&["burn", text(&image), "--drive", &drive, "--media", "cd-r"], 1);
    let error = refused["error"].as_str().unwrap();
    assert!(error.contains(text(&image)) && error.contains("next:"), "{error}");
}

fn sha256(path: &Path) -> String {
    glassmaster_testkit::manifest::sha256_of(path).unwrap().iter().map(|b| format!("{b:02x}")).collect()
}

/// The pieces of a file that are no holes, and where they lie.
fn recorded(path: &Path) -> Vec<(u64, Vec<u8>)> {
    let file = fs::File::open(path).unwrap();
    let (mut pieces, mut at) = (Vec::new(), 0);
    while let Ok(start) = seek(&file, SeekFrom::Data(at)) {
        at = seek(&file, SeekFrom::Hole(start)).unwrap();
        let mut piece = vec![0; (at - start) as usize];
        file.read_exact_at(&mut piece, start).unwrap();
        pieces.push((start, piece));
    }
    assert!(!pieces.is_empty());
    pieces
}

#[test]
fn an_unsuitable_disc_is_refused_before_anything_is_written() {
    let dir = folder();
    let out = TempDir::new().unwrap();
    let disc = |name: &str| format!("virtual:{}", text(&out.path().join(name)));
    let source = text(dir.path());
    // Closed.
    let closed = disc("closed.disc");
    result(&["burn", source, "--drive", &closed, "--media", "dvd+r", "--close"], 0);
    let before = recorded(&out.path().join("closed.disc"));
    let refused = result(&["burn", source, "--drive", &closed], 4);
    assert!(refused["error"].as_str().unwrap().contains("next:"), "{refused}");
    assert!(recorded(&out.path().join("closed.disc")) == before, "the closed disc was touched");
    // Holds data and is rewritable: only when asked for.
    let rewritable = disc("rw.disc");
    result(&["burn", source, "--drive", &rewritable, "--media", "dvd+rw"], 0);
    result(&["burn", source, "--drive", &rewritable], 4);
    assert_eq!(result(&["burn", source, "--drive", &rewritable, "--overwrite"], 0)["verified"], true);
    // Too small: 800 MB of holes on a CD.
    fs::File::create(dir.path().join("hole")).unwrap().set_len(800 << 20).unwrap();
    let small = result(&["burn", source, "--drive", &disc("small.disc"), "--media", "cd-r"], 4);
    assert!(small["error"].as_str().unwrap().contains("sectors"), "{small}");
    // Of another kind than asked for.
    let wrong = result(&["burn", source, "--drive", &rewritable, "--media", "bd-r", "--overwrite"], 4);
    assert!(wrong["error"].as_str().unwrap().contains("DVD+RW"), "{wrong}");
}

#[test]
fn what_a_killed_build_left_beside_the_image_is_not_taken_into_it() {
    let dir = folder();
    let image = dir.path().join("image.iso");
    fs::write(dir.path().join(".image.iso.abcdef.partial"), b"half an image").unwrap();
    fs::write(dir.path().join(".other.iso.abcdef.partial"), b"somebody else's").unwrap();
    fs::write(&image, b"an older image").unwrap();
    let lines = json(&["build", text(dir.path()), "-o", text(&image)], 0);
    let left_out: Vec<_> =
        lines.iter().filter(|l| l["event"] == "left_out").map(|l| l["path"].as_str().unwrap()).collect();
    assert_eq!(left_out.len(), 2, "{left_out:?}");
    let listed = json(&["list", text(&image)], 0);
    let paths: Vec<_> = listed.iter().filter_map(|l| l["path"].as_str()).collect();
    assert!(paths.contains(&"/.other.iso.abcdef.partial") && paths.contains(&"/empty"), "{paths:?}");
    assert!(!paths.iter().any(|p| p.contains("image.iso")), "{paths:?}");
}

#[test]
fn the_reason_names_the_revision_that_is_written() {
    let dir = folder();
    for media in ["cd-r", "dvd+r", "bd-r"] {
        let args = ["build", text(dir.path()), "-o", "x", "--dry-run", "--media", media, "--udf", "1.50"];
        let planned = result(&args, 0);
        assert_eq!(planned["udf_revision"], "1.50", "{planned}");
        assert!(planned["reason"].as_str().unwrap().contains("UDF 1.50"), "{planned}");
        let embedded = result(&[&args[..], &["--embed", "1000"]].concat(), 0);
        assert_eq!(embedded["file_systems"], "udf", "{embedded}");
    }
}
