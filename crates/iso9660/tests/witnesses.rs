//! Other people's programs on our volumes, and our reader on theirs. Where one is missing its part is skipped; under CI
//! (variable `CI`) that is a failure.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)] // test code, though outside of test functions

mod image;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use glassmaster_disc::Severity;
use glassmaster_iso9660::{IsoVolume, Namespace, Options, check};
use image::{Image, expected, listing, odd_tree};

/// The program's output, `None` where it is not installed.
fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    match Command::new(program).args(arguments).env("LC_ALL", "C.UTF-8").output() {
        Ok(output) => Some(output),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{program}: {error}");
            eprintln!("skipped: {program} is not installed");
            None
        }
    }
}

fn succeeded(what: &str, output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{what}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn write_image(dir: &Path) -> String {
    let tree = odd_tree();
    let path = dir.join("odd.iso");
    fs::write(&path, Image::plan(&tree, Options::default()).bytes(&tree)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn pycdlib_opens_it() {
    let dir = tempfile::tempdir().unwrap();
    let image = write_image(dir.path());
    let script = "import sys, pycdlib\n\
        iso = pycdlib.PyCdlib()\n\
        iso.open(sys.argv[1])\n\
        for key in ('joliet_path', 'iso_path'):\n    \
            print(key, sum(len(f) for _, _, f in iso.walk(**{key: '/'})))\n";
    let Some(output) = run("/usr/bin/python3", &["-c", script, &image]) else { return };
    if String::from_utf8_lossy(&output.stderr).contains("No module named") && std::env::var_os("CI").is_none()
    {
        return;
    }
    let text = succeeded("pycdlib", &output);
    let tree = odd_tree();
    let files = tree.nodes().filter(|n| n.data().is_some()).count();
    assert!(text.contains(&format!("joliet_path {files}\n")), "{text}, {files} files");
}

#[test]
fn seven_zip_tests_it() {
    let dir = tempfile::tempdir().unwrap();
    let image = write_image(dir.path());
    let Some(output) = run("7z", &["t", "-tiso", &image]) else { return };
    let text = succeeded("7z", &output);
    assert!(text.contains("Everything is Ok") && !text.contains("Warning"), "{text}");
}

#[test]
fn xorriso_finds_every_path() {
    let dir = tempfile::tempdir().unwrap();
    let image = write_image(dir.path());
    let Some(output) = run("xorriso", &["-indev", &image, "-find", "/"]) else { return };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    succeeded("xorriso", &output);
    let found: std::collections::BTreeSet<&str> = text.lines().map(|l| l.trim_matches('\'')).collect();
    let tree = odd_tree();
    for node in tree.nodes() {
        let path = tree.path(node.id());
        if std::str::from_utf8(node.name()).is_ok() && !path.contains(['\\', '\'', '\u{fffd}']) {
            assert!(found.contains(path.as_str()), "{path}");
        }
    }
    assert_eq!(text.lines().count(), tree.len());
}

#[test]
fn isoinfo_lists_it() {
    let dir = tempfile::tempdir().unwrap();
    let image = write_image(dir.path());
    for names in ["-R", "-J"] {
        let Some(output) = run("isoinfo", &["-l", names, "-i", &image]) else { return };
        let text = succeeded("isoinfo", &output);
        assert!(text.contains("f4999") && text.contains("con.tent-x.y"), "{names}");
    }
    let links = run("isoinfo", &["-l", "-R", "-i", &image]).unwrap();
    assert!(String::from_utf8_lossy(&links.stdout).contains("rel -> ../../x/./y"));
}

#[test]
fn bsdtar_reads_every_byte() {
    let dir = tempfile::tempdir().unwrap();
    let image = write_image(dir.path());
    let out = dir.path().join("out");
    fs::create_dir(&out).unwrap();
    let arguments = ["-xf", &image, "-C", out.to_str().unwrap(), "--exclude", "tty", "--exclude", "disk"];
    let Some(output) = run("bsdtar", &arguments) else { return };
    succeeded("bsdtar", &output);
    let tree = odd_tree();
    let mut compared = 0;
    for node in tree.nodes() {
        if let Some(data) = node.data()
            && let Ok(name) = std::str::from_utf8(node.name())
        {
            let data = tree.data(data);
            let path = out.join(tree.path(node.id()).trim_start_matches('/'));
            let bytes = fs::read(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(bytes, image::content(data.handle, data.size), "{name}");
            compared += 1;
        }
    }
    assert!(compared > 5000);
}

/// A folder on the disk with names, links and sizes worth reading back.
fn folder(dir: &Path) -> Vec<(String, Option<u64>)> {
    let mut all = Vec::new();
    for n in 0..40u64 {
        let sub = dir.join(format!("sub {}", n % 4));
        fs::create_dir_all(&sub).unwrap();
        let name = format!("file number {n}.with.dots-and_more.text");
        fs::write(sub.join(&name), image::content(n, n * 997)).unwrap();
        all.push((format!("sub {}/{name}", n % 4), Some(n * 997)));
    }
    std::os::unix::fs::symlink("sub 1/file", dir.join("link")).unwrap();
    all.push(("/link".to_owned(), None));
    let deep = dir.join("a/b/c/d/e/f/g/h/i/j");
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("bottom"), image::content(1, 5)).unwrap();
    all.push(("a/b/c/d/e/f/g/h/i/j/bottom".to_owned(), Some(5)));
    all
}

#[test]
fn volumes_of_others_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("source");
    let wanted = folder(&source);
    let image = dir.path().join("theirs.iso");
    let (image_path, source_path) = (image.to_str().unwrap(), source.to_str().unwrap());
    let makers: [(&str, &[&str]); 3] = [
        ("genisoimage", &["-quiet", "-R", "-J", "-joliet-long", "-o"]),
        ("xorriso", &["-as", "mkisofs", "-quiet", "-R", "-J", "-o"]),
        ("xorriso", &["-compliance", "new_rr", "-as", "mkisofs", "-quiet", "-R", "-J", "-o"]),
    ];
    for (program, arguments) in makers {
        let _ = fs::remove_file(&image);
        let arguments: Vec<&str> = arguments.iter().copied().chain([image_path, source_path]).collect();
        let Some(output) = run(program, &arguments) else { continue };
        succeeded(program, &output);
        let bytes = fs::read(&image).unwrap();
        let volume = IsoVolume::open(&bytes, Some(Namespace::RockRidge)).unwrap();
        let found = listing(&volume, &bytes);
        for (path, size) in &wanted {
            let line = found.get(path.as_bytes()).unwrap_or_else(|| panic!("{program}: {path} is not there"));
            match size {
                Some(size) => assert!(line.contains(&format!(" {size} (")), "{path}: {line}"),
                None => assert!(line.ends_with("-> sub 1/file"), "{line}"),
            }
        }
        let joliet = IsoVolume::open(&bytes, Some(Namespace::Joliet)).unwrap();
        let found = listing(&joliet, &bytes);
        for (path, _) in wanted.iter().filter(|w| w.1.is_some()) {
            assert!(found.contains_key(path.as_bytes()), "{program}: {path}");
        }
        let mut errors = Vec::new();
        check(&bytes, 0, &mut |f| errors.extend((f.severity == Severity::Error).then_some(f)));
        assert_eq!(errors, [], "{program}");
    }
}

/// What we make and what we read agree also after somebody else copied it: `xorriso` loads and rewrites the volume.
#[test]
fn a_copy_by_xorriso_shows_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let image = write_image(dir.path());
    let copy = dir.path().join("copy.iso");
    let copy_path = copy.to_str().unwrap();
    let arguments = ["-indev", &image, "-outdev", copy_path, "-volid", "COPY", "-commit"];
    let Some(output) = run("xorriso", &arguments) else { return };
    succeeded("xorriso", &output);
    let bytes = fs::read(&copy).unwrap();
    let volume = IsoVolume::open(&bytes, Some(Namespace::RockRidge)).unwrap();
    let found = listing(&volume, &bytes);
    let wanted = expected(&odd_tree());
    let mut same = 0;
    for (path, line) in &wanted {
        // It keeps no sockets, and writes double and final slashes of link targets its own way.
        if path.as_slice() != b"/socket" && path.as_slice() != b"/odd" {
            assert_eq!(found.get(path), Some(line), "{}", String::from_utf8_lossy(path));
            same += 1;
        }
    }
    assert!(same > 5000);
}
