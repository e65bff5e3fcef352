//! Other people's programs on our volumes, and our reader on theirs. Where one is missing its part is skipped; under CI
//! (variable `CI`) that is a failure.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)] // test code, though outside of test functions

mod image;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use glassmaster_disc::{SECTOR, Severity};
use glassmaster_iso9660::el_torito::{
    BOOT_INFO_OFFSET, BootInfoChecksum, Emulation, Platform, boot_info_table,
};
use glassmaster_iso9660::{IsoVolume, Namespace, Options, boot_catalog, check, facts};
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

/// Images to boot from, of which nobody reads more than the first bytes.
fn boot_images(dir: &Path) {
    fs::create_dir(dir.join("boot")).unwrap();
    for (name, size) in [("none.bin", 5001), ("efi.img", 1_474_560), ("floppy.img", 1_474_560)] {
        let content: Vec<u8> = (0..size).map(|n: u32| (n * 7 + n / 251).to_le_bytes()[0]).collect();
        fs::write(dir.join("boot").join(name), content).unwrap();
    }
}

/// Entries as another program wrote them: firmware, whether bootable, emulation, sectors, and the image's name.
type Wanted<'a> = [(Platform, bool, Emulation, u16, &'a str)];

/// The image is read, its catalog holds these entries, and each leads to its image.
fn holds(dir: &Path, image: &str, wanted: &Wanted<'_>) -> (Vec<u8>, glassmaster_iso9660::FoundCatalog) {
    let disc = fs::read(dir.join(image)).unwrap();
    let found = boot_catalog(&disc, 0).unwrap().unwrap();
    let entries: Vec<_> =
        found.entries.iter().map(|e| (e.platform, e.bootable, e.emulation, e.sector_count)).collect();
    let expected: Vec<_> = wanted.iter().map(|w| (w.0, w.1, w.2, w.3)).collect();
    assert_eq!(entries, expected, "{image}");
    for (entry, (.., name)) in found.entries.iter().zip(wanted) {
        let content = fs::read(dir.join("boot").join(name)).unwrap();
        let at = entry.image as usize * SECTOR;
        let (written, source) = (&disc[at + 64..at + content.len()], &content[64..]);
        assert!(written == source, "{image}: the entry of {name} leads elsewhere");
    }
    (disc, found)
}

#[test]
fn boot_catalogs_of_others_are_read() {
    let dir = tempfile::tempdir().unwrap();
    boot_images(dir.path());
    let boot = dir.path().join("boot");
    let boot = boot.to_str().unwrap();
    let (x86, efi, none) = (Platform::X86, Platform::EFI, Emulation::NONE);
    let out = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let common = [
        "-b",
        "none.bin",
        "-no-emul-boot",
        "-boot-load-size",
        "4",
        "-boot-info-table",
        "-eltorito-alt-boot",
        "-e",
        "efi.img",
        "-no-emul-boot",
    ];
    let image = out("genisoimage.iso");
    let mut arguments = vec!["-quiet", "-o", &image, "-c", "boot.cat"];
    arguments.extend(common);
    arguments.extend(["-eltorito-alt-boot", "-b", "floppy.img", "-no-boot", boot]);
    if let Some(output) = run("genisoimage", &arguments) {
        succeeded("genisoimage", &output);
        let floppy = (x86, false, Emulation::FLOPPY_1_44, 1, "floppy.img");
        let wanted = [(x86, true, none, 4, "none.bin"), (efi, true, none, 2880, "efi.img"), floppy];
        let (_, found) = holds(dir.path(), "genisoimage.iso", &wanted);
        assert_eq!(found.findings, []);
    }
    let image = out("xorriso.iso");
    let mut arguments =
        vec!["-as", "mkisofs", "-quiet", "-o", &image, "-c", "boot.cat", "-eltorito-id", "Somebody"];
    arguments.extend(["-eltorito-selcrit", "0123456789abcdef"]);
    arguments.extend(common);
    arguments.extend([
        "-eltorito-alt-boot",
        "-eltorito-platform",
        "PPC",
        "-b",
        "floppy.img",
        "-no-emul-boot",
        boot,
    ]);
    if let Some(output) = run("xorriso", &arguments) {
        succeeded("xorriso", &output);
        let power = (Platform::POWER_PC, true, none, 2880, "floppy.img");
        let wanted = [(x86, true, none, 4, "none.bin"), (efi, true, none, 2880, "efi.img"), power];
        let (disc, found) = holds(dir.path(), "xorriso.iso", &wanted);
        assert_eq!(found.manufacturer, "Somebody");
        let first = &found.entries[0];
        assert_eq!((first.criteria_type, &first.criteria[..7]), (1, &b"\x23\x45\x67\x89\xab\xcd\xef"[..]));
        assert!(found.findings.iter().all(|f| f.severity == Severity::Note), "{:?}", found.findings);
        // Its boot info table is what ours would be.
        let content = fs::read(dir.path().join("boot/none.bin")).unwrap();
        let mut checksum = BootInfoChecksum::default();
        checksum.update(&content);
        let table = boot_info_table(16, first.image, content.len() as u64, checksum.finish());
        let at = first.image as usize * SECTOR + BOOT_INFO_OFFSET;
        assert_eq!(disc[at..at + table.len()], table);
    }
}

/// Sessions of other writers: their descriptors and addresses count from the start of the disc, their volume space size
/// from that of the session, as ours do.
#[test]
fn sessions_of_others_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for (folder, file, seed) in [("one", "first.txt", 1), ("two", "second.txt", 2)] {
        fs::create_dir(dir.path().join(folder)).unwrap();
        fs::write(dir.path().join(folder).join(file), image::content(seed, 5000 * seed)).unwrap();
    }
    let [one, two, first, second] = ["one", "two", "first.iso", "second.iso"].map(path);
    let Some(output) = run("genisoimage", &["-quiet", "-R", "-J", "-o", &first, &one]) else { return };
    succeeded("genisoimage", &output);
    let mut disc = fs::read(&first).unwrap();
    let start = u32::try_from(disc.len() / SECTOR).unwrap() + 150;
    let sectors = format!("0,{start}");
    let arguments = ["-quiet", "-R", "-J", "-C", &sectors, "-M", &first, "-o", &second, &two];
    succeeded("genisoimage", &run("genisoimage", &arguments).unwrap());
    disc.resize(start as usize * SECTOR, 0);
    disc.extend(fs::read(&second).unwrap());
    for namespace in [Namespace::RockRidge, Namespace::Joliet] {
        let volume = IsoVolume::open_session(&disc, start, Some(namespace)).unwrap();
        let found = listing(&volume, &disc);
        assert_eq!(found.len(), 2, "{found:?}");
        for (file, seed) in [("/first.txt", 1), ("/second.txt", 2)] {
            let wanted = image::described(&image::content(seed, 5000 * seed));
            assert!(found[file.as_bytes()].ends_with(&wanted), "{found:?}");
        }
        let before = IsoVolume::open(&disc, Some(namespace)).unwrap();
        assert_eq!(listing(&before, &disc).len(), 1);
    }
    let told = facts(&disc, start).unwrap().unwrap();
    assert_eq!(u64::from(told.blocks), fs::metadata(&second).unwrap().len() / 2048);
}
