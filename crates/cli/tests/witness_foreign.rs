//! Images that other programs and the kernel wrote: the program lists and extracts what their makers put in and the
//! kernel shows, and `check` tells faults from habits.
#![allow(clippy::unwrap_used, clippy::panic)]

#[allow(dead_code, reason = "each test file uses its part")]
mod glassmaster_program;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use glassmaster_program::{must, run};
use glassmaster_testkit::manifest::{Also, Kind};
use glassmaster_testkit::witness::{Kernel, Mount, MountMode, Witness};
use glassmaster_testkit::{Manifest, tree};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// An image of somebody else.
struct Foreign {
    path: PathBuf,
    /// The file systems it must have.
    modes: Vec<MountMode>,
    /// What its maker put in, if that is known.
    source: Option<Manifest>,
    /// Clauses of warnings that are true faults of its maker, by name.
    faults: &'static [&'static str],
}

/// genisoimage: the record for the parent of a relocated directory has mode 0, and without Rock Ridge leads to the place
/// where the directory is moved to; with `-udf` the volume set identifier differs between the two volume descriptor
/// sequences, hard links get a file entry each with the same blocks, and files of no bytes take none.
const GENISOIMAGE: &[&str] = &["RRIP 4.1.1", "ECMA-119 6.8.2.2", "ECMA-167 3/8.4.2.2", "ECMA-167 4/8.7"];
/// libisofs: in Joliet and ISO 9660:1999 trees the record for the parent leads to the directory itself.
const LIBISOFS: &[&str] = &["ECMA-119 6.8.2.2"];
/// Lower-case names in the primary hierarchy, which these images were asked for.
const LOWER_CASE: &[&str] = &["ECMA-119 6.8.2.2", "ECMA-119 7.5", "RRIP 4.1.1"];

/// Names, links, sizes around a sector, modes, and directories below the eighth level.
fn source(root: &Path) {
    fs::create_dir_all(root.join("docs")).unwrap();
    fs::create_dir_all(root.join("a/b/c/d/e/f/g/h/i/j")).unwrap();
    for (n, size) in [(1, 1), (2, 2047), (3, 2048), (4, 2049), (5, 100_000)] {
        fs::write(root.join(format!("docs/file{n}.bin")), tree::bytes(n, size)).unwrap();
    }
    fs::write(root.join("hello.txt"), "hello\n").unwrap();
    fs::write(root.join("empty"), "").unwrap();
    fs::write(root.join("größe – ☃.txt"), "unicode\n").unwrap();
    fs::write(root.join(format!("{}.text", "n".repeat(95))), "long\n").unwrap();
    fs::write(root.join("a/b/c/d/e/f/g/h/i/j/deep.txt"), "deep\n").unwrap();
    fs::set_permissions(root.join("docs/file1.bin"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::set_permissions(root.join("hello.txt"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("hello.txt", root.join("link")).unwrap();
    symlink("../docs/file1.bin", root.join("a/up")).unwrap();
    fs::hard_link(root.join("hello.txt"), root.join("docs/hard")).unwrap();
    let mut paths: Vec<_> = Manifest::of_folder(root).unwrap().entries.into_iter().collect();
    // Inner ones first: what is made in a directory changes its time.
    paths.reverse();
    for (n, (path, entry)) in (0..).zip(&paths) {
        if entry.kind != Kind::Symlink {
            let path = root.join(std::str::from_utf8(path).unwrap());
            tree::set_mtime(&path, 1_500_000_000 + 86_399 * n).unwrap();
        }
    }
}

/// What `check` finds: the clauses of warnings; an error fails the test.
fn warnings(image: &Path) -> BTreeSet<String> {
    let (_, events) = run(["check", text(image)]);
    let mut clauses = BTreeSet::new();
    for event in events.iter().filter(|event| event["event"] == "finding") {
        assert_ne!(event["severity"], "error", "{}: {event}", image.display());
        if event["severity"] == "warning" {
            clauses.insert(event["clause"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(events.last().unwrap()["event"], "result", "{}: {:?}", image.display(), events.last());
    clauses
}

fn name(mode: MountMode) -> &'static str {
    match mode {
        MountMode::RockRidge => "rock-ridge",
        MountMode::Joliet => "joliet",
        MountMode::Plain => "iso9660",
        MountMode::Udf => "udf",
    }
}

/// Everything the program extracts; what it lists must be as much.
fn extracted(image: &Path, mode: MountMode, place: &Path) -> Manifest {
    let folder = place.join("out");
    must(["extract", text(image), "--fs", name(mode), "-o", text(&folder)]);
    let manifest = Manifest::of_folder(&folder).unwrap();
    let listed = must(["list", text(image), "--fs", name(mode)]);
    let listed: BTreeSet<Vec<u8>> = listed
        .iter()
        .filter(|event| event["event"] == "entry")
        .map(|event| event["path"].as_str().unwrap().trim_start_matches('/').as_bytes().to_vec())
        .collect();
    assert!(listed.iter().eq(manifest.entries.keys()), "{}: list and extract differ", image.display());
    fs::remove_dir_all(folder).unwrap();
    manifest
}

/// Without what makers add to their source: boot catalogs, files for blocks, and, where links lead from it, the place of
/// relocated directories.
fn without_additions(mut manifest: Manifest, mode: MountMode) -> Manifest {
    manifest.entries.retain(|path, _| {
        let lower = path.to_ascii_lowercase();
        !(mode == RockRidge && lower.starts_with(b"rr_moved")
            || [&b"boot.cat"[..], b"lost+found", b"non-allocatable space"].contains(&lower.as_slice()))
    });
    manifest
}

/// Differences that count: names as far as the file system has room for them, contents always.
fn differences(wanted: &Manifest, found: &Manifest, mode: MountMode, also: Also) -> Vec<String> {
    match mode {
        MountMode::RockRidge => wanted.differences(found, also),
        // Links are empty files there, or left out.
        _ => wanted
            .content_differences(found)
            .into_iter()
            .filter(|d| !d.contains(" files of 0 bytes"))
            .collect(),
    }
}

fn examine(images: &[Foreign], place: &Path) {
    let mut mounts = Vec::new();
    let mut answers = Vec::new();
    for image in images {
        let found = warnings(&image.path);
        let unknown: Vec<_> = found.iter().filter(|c| !image.faults.contains(&c.as_str())).collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", image.path.display());
        for mode in &image.modes {
            let manifest = extracted(&image.path, *mode, place);
            if let Some(source) = &image.source {
                let found = without_additions(manifest.clone(), *mode);
                let also = Also { modes: true, times: true, hard_links: false };
                let list = differences(source, &found, *mode, also);
                assert!(list.is_empty(), "{}, {mode:?}: {}", image.path.display(), list.join("\n"));
            }
            mounts.push(Mount { image: image.path.clone(), mode: *mode, options: None });
            answers.push(manifest);
        }
    }
    let Some(kernel) = Kernel::find().unwrap() else { return };
    for ((mount, ours), answer) in mounts.iter().zip(&answers).zip(kernel.mount(&mounts).unwrap()) {
        let shown = answer.outcome.unwrap_or_else(|code| {
            panic!("{}, {:?}: {code}: {:?}", mount.image.display(), mount.mode, answer.messages)
        });
        let (shown, ours) = if mount.mode == RockRidge {
            // The kernel shows the place, the program what is in it where it belongs.
            (without_additions(shown, RockRidge), without_additions(ours.clone(), RockRidge))
        } else {
            (shown, ours.clone())
        };
        let list = if mount.mode == MountMode::Plain {
            differences(&shown, &ours, mount.mode, Also::default())
        } else {
            // In Joliet the kernel takes a directory's time from its own record, the program from its parent's: those of
            // what genisoimage relocates differ.
            let times = mount.mode != MountMode::Joliet;
            let modes = mount.mode == MountMode::RockRidge;
            shown.differences(&ours, Also { modes, times, hard_links: false })
        };
        assert!(list.is_empty(), "{}, {:?}: {}", mount.image.display(), mount.mode, list.join("\n"));
    }
}

/// One way to call a maker: options, the file systems of the image, and its faults.
type Way<'a> = (&'a [&'a str], &'a [MountMode], &'static [&'static str]);

use MountMode::{Joliet, Plain, RockRidge, Udf};

fn made(
    maker: &Witness,
    fixed: &[&str],
    ways: &[Way<'_>],
    source: &Path,
    place: &Path,
    posix: bool,
) -> Vec<Foreign> {
    let manifest = Manifest::of_folder(source).unwrap();
    let each = ways.iter().enumerate().map(|(n, (options, modes, faults))| {
        let path = place.join(format!("{}-{n}.iso", maker.name()));
        let arguments = fixed.iter().chain(options.iter()).copied();
        maker.must(arguments.chain(["-o", text(&path), text(source)])).unwrap();
        // Without Rock Ridge genisoimage leaves links out, and a name may be a little other.
        let source = (posix || modes.contains(&RockRidge)).then(|| manifest.clone());
        Foreign { path, modes: modes.to_vec(), source, faults }
    });
    each.collect()
}

#[test]
fn images_of_genisoimage() {
    let Some(genisoimage) = Witness::find("genisoimage").unwrap() else { return };
    let place = glassmaster_testkit::scratch::folder().unwrap();
    let folder = place.path().join("source");
    source(&folder);
    fs::write(folder.join("boot.img"), [0x90; 2048]).unwrap();
    fs::write(folder.join("floppy.img"), vec![0; 1_474_560]).unwrap();
    let boot = ["-R", "-J", "-b", "boot.img", "-no-emul-boot", "-boot-load-size", "4", "-c", "boot.cat"];
    let two =
        ["-R", "-b", "floppy.img", "-c", "boot.cat", "-eltorito-alt-boot", "-b", "boot.img", "-no-emul-boot"];
    let lower =
        ["-R", "-J", "-joliet-long", "-allow-multidot", "-allow-lowercase", "-relaxed-filenames", "-l"];
    let ways: [Way<'_>; 12] = [
        (&[], &[Plain], GENISOIMAGE),
        (&["-J"], &[Joliet, Plain], GENISOIMAGE),
        (&["-R"], &[RockRidge, Plain], GENISOIMAGE),
        (&["-J", "-R", "-udf"], &[RockRidge, Joliet, Udf], GENISOIMAGE),
        (&["-R", "-iso-level", "1"], &[RockRidge], GENISOIMAGE),
        (&["-R", "-iso-level", "2"], &[RockRidge], GENISOIMAGE),
        (&["-R", "-iso-level", "3", "-no-pad"], &[RockRidge], GENISOIMAGE),
        (&["-R", "-iso-level", "4"], &[RockRidge], GENISOIMAGE),
        (&["-R", "-D", "-T"], &[RockRidge], GENISOIMAGE),
        (&boot, &[RockRidge, Joliet], GENISOIMAGE),
        (&two, &[RockRidge], GENISOIMAGE),
        (&lower, &[RockRidge, Joliet], LOWER_CASE),
    ];
    let mut images = made(&genisoimage, &["-quiet"], &ways, &folder, place.path(), false);
    // The tables that it was asked to add are files of the image.
    images[8].source = None;
    examine(&images, place.path());
}

#[test]
fn images_of_xorriso() {
    let Some(xorriso) = Witness::find("xorriso").unwrap() else { return };
    let place = glassmaster_testkit::scratch::folder().unwrap();
    let folder = place.path().join("source");
    source(&folder);
    fs::write(folder.join("boot.img"), [0x90; 2048]).unwrap();
    fs::write(folder.join("efi.img"), vec![0; 1_474_560]).unwrap();
    let efi = place.path().join("efi.img");
    fs::write(&efi, vec![7; 1_474_560]).unwrap();
    let boot =
        ["-b", "boot.img", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", "-c", "boot.cat"];
    let both = ["-eltorito-alt-boot", "-e", "efi.img", "-no-emul-boot", "-isohybrid-gpt-basdat"];
    let two = [&["-R", "-J"], &boot[..], &both].concat();
    let appended = ["-append_partition", "2", "0xef", text(&efi), "-appended_part_as_gpt"];
    let appended = [&["-R"], &boot[..], &appended].concat();
    let ways: [Way<'_>; 8] = [
        (&[], &[RockRidge, Plain], LIBISOFS),
        (&["-J", "-joliet-long"], &[RockRidge, Joliet], LIBISOFS),
        (&["-iso-level", "1"], &[RockRidge], LIBISOFS),
        (&["-iso-level", "4"], &[RockRidge], LIBISOFS),
        (&["-hfsplus"], &[RockRidge], LIBISOFS),
        (&["-partition_offset", "16"], &[RockRidge], LIBISOFS),
        (&two, &[RockRidge, Joliet], LOWER_CASE),
        (&appended, &[RockRidge], LOWER_CASE),
    ];
    let fixed = ["-as", "mkisofs", "-quiet"];
    let mut images = made(&xorriso, &fixed, &ways, &folder, place.path(), true);
    // The boot information table is written into the boot image.
    for image in &mut images[6..] {
        image.source = None;
    }
    let manifest = Manifest::of_folder(&folder).unwrap();
    let grown = place.path().join("grown.iso");
    // Without the prefix it takes everything below /dev, memory among it, for a drive.
    let address = format!("stdio:{}", text(&grown));
    xorriso
        .must(["-report_about", "FAILURE", "-outdev", &address, "-map", text(&folder), "/", "-commit"])
        .unwrap();
    let native = place.path().join("native.iso");
    fs::copy(&grown, &native).unwrap();
    images.push(Foreign {
        path: native,
        modes: vec![RockRidge],
        source: Some(manifest.clone()),
        faults: LIBISOFS,
    });
    // A second session in the same file.
    let edit = ["-map", text(&efi), "/new.img", "-rm", "/hello.txt", "--", "-commit"];
    xorriso.must(["-report_about", "FAILURE", "-dev", &address].into_iter().chain(edit)).unwrap();
    images.push(Foreign { path: grown, modes: vec![RockRidge], source: None, faults: LIBISOFS });
    examine(&images, place.path());
    let files = extracted(&images.last().unwrap().path, RockRidge, place.path());
    assert!(files.entries.contains_key(&b"new.img"[..]) && !files.entries.contains_key(&b"hello.txt"[..]));
    assert_eq!(files.entries.len(), manifest.entries.len());
}

/// A file of two extents: its marks at the start, in the middle and at the end are where the records lead.
#[test]
fn a_file_over_four_gibibytes_of_xorriso() {
    const LENGTH: u64 = (4 << 30) + 12_345;
    let Some(xorriso) = Witness::find("xorriso").unwrap() else { return };
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("source");
    fs::create_dir(&folder).unwrap();
    tree::sparse(&folder.join("large"), LENGTH).unwrap();
    let image = place.path().join("large.iso");
    let sh = Witness::find("sh").unwrap().unwrap();
    let script = r#""$1" -as mkisofs -quiet -iso-level 3 -R "$2" | dd of="$3" bs=1M iflag=fullblock conv=sparse status=none"#;
    sh.must(["-c", script, "sh", text(xorriso.path()), text(&folder), text(&image)]).unwrap();
    assert_eq!(warnings(&image), BTreeSet::new());
    let listed = must(["list", text(&image)]);
    assert_eq!(listed[0]["size"], LENGTH, "{listed:?}");
    let source: std::sync::Arc<dyn glassmaster::disc::BlockSource> =
        std::sync::Arc::new(glassmaster::imapi2fs::FileSource::open(&image).unwrap());
    let volume = glassmaster::imapi2fs::open(&source, None).unwrap();
    let root = volume.root().unwrap();
    let mut extents = Vec::new();
    volume
        .read_dir(&root, &mut |entry| {
            if let glassmaster::tree::Content::Extents(list) = entry.content {
                extents = list;
            }
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert!(extents.len() > 1);
    for (from, mark) in [(0, "not a hole"), (LENGTH / 2, "not a hole"), (LENGTH - 11, "not a hole")] {
        let mut at = from;
        let extent = extents.iter().find(|e| {
            let inside = at < e.bytes;
            at -= if inside { 0 } else { e.bytes };
            inside
        });
        let mut sectors = [0; 4096];
        let lba = u64::from(extent.unwrap().lba.unwrap()) + at / 2048;
        source.read_blocks(lba, &mut sectors).unwrap();
        let start = usize::try_from(at % 2048).unwrap();
        assert_eq!(&sectors[start..start + mark.len()], mark.as_bytes(), "at byte {from}");
    }
}

#[test]
fn images_of_grub_mkrescue() {
    let Some(mkrescue) = Witness::find("grub-mkrescue").unwrap() else { return };
    if !Path::new("/usr/lib/grub/i386-pc").is_dir() {
        assert!(std::env::var_os("CI").is_none(), "no platform of GRUB is there: package grub-pc-bin");
        println!("skipped: no platform of GRUB is there (Debian package grub-pc-bin)");
        return;
    }
    let place = glassmaster_testkit::scratch::folder().unwrap();
    let folder = place.path().join("source");
    source(&folder);
    let image = place.path().join("grub.iso");
    // One platform keeps it small.
    mkrescue.must(["--install-modules=normal iso9660", "-o", text(&image), text(&folder)]).unwrap();
    let foreign = Foreign { path: image, modes: vec![RockRidge], source: None, faults: LOWER_CASE };
    examine(&[foreign], place.path());
}

/// The images that Debian packages bring along.
#[test]
fn images_ready_made() {
    let mut images = Vec::new();
    for (path, package, modes) in [
        ("/usr/lib/grub-rescue/grub-rescue-cdrom.iso", "grub-rescue-pc", &[RockRidge, Plain][..]),
        ("/usr/lib/memtest86+/memtest86+x64.iso", "memtest86+", &[RockRidge, Joliet, Plain]),
        ("/usr/lib/memtest86+/memtest86+ia32.iso", "memtest86+", &[RockRidge, Joliet]),
        ("/usr/lib/ipxe/ipxe.iso", "ipxe", &[RockRidge, Joliet, Plain]),
    ] {
        let path = PathBuf::from(path);
        if path.is_file() {
            images.push(Foreign { path, modes: modes.to_vec(), source: None, faults: LOWER_CASE });
        } else {
            assert!(std::env::var_os("CI").is_none(), "{} is missing: package {package}", path.display());
            println!("skipped: {} is missing (Debian package {package})", path.display());
        }
    }
    examine(&images, &glassmaster_testkit::scratch::folder().unwrap().path().join("place"));
}

/// Every medium and revision that mkudffs can make: empty volumes, of which nothing must be said.
#[test]
fn volumes_of_mkudffs() {
    let Some(mkudffs) = Witness::find("mkudffs").unwrap() else { return };
    let place = glassmaster_testkit::scratch::folder().unwrap();
    let mut count = 0;
    for media in ["hd", "dvd", "dvdram", "dvdrw", "dvdr", "cdrw", "cdr", "cd", "bdr"] {
        for revision in ["1.02", "1.50", "2.00", "2.01", "2.50", "2.60"] {
            for extra in [&[][..], &["--space=freedtable", "--ad=short"], &["--closed"]] {
                let image = place.path().join("image");
                let _ = fs::remove_file(&image);
                fs::File::create(&image).unwrap().set_len(8 << 20).unwrap();
                let block = if media == "hd" { "--blocksize=512" } else { "--blocksize=2048" };
                let arguments = ["-m", media, "-r", revision, "-l", "Volume label", block];
                let said = mkudffs.run(arguments.iter().chain(extra).chain([&text(&image)])).unwrap();
                // Not every revision goes with every medium, nor every option.
                if !said.status.success() {
                    continue;
                }
                count += 1;
                let what = format!("{media} {revision} {extra:?}");
                // On read-only media it leaves the bitmap of unallocated space in place.
                let mut found = warnings(&image);
                if ["cd", "dvd"].contains(&media) {
                    found.remove("UDF 2.3.3");
                }
                assert_eq!(found, BTreeSet::new(), "{what}");
                let events = must(["list", text(&image)]);
                assert_eq!(events.last().unwrap()["volume"], "Volume label", "{what}");
                assert_eq!(events.last().unwrap()["damaged"], 0, "{what}");
            }
        }
    }
    assert!(count >= 60, "only {count} volumes");
}

/// The kernel as a writer: everything it put into volumes of mkudffs and newfs_udf comes out.
#[test]
fn volumes_the_kernel_wrote() {
    let Some(mkudffs) = Witness::find("mkudffs").unwrap() else { return };
    let Some(newfs) = Witness::find("newfs_udf").unwrap() else { return };
    let Some(kernel) = Kernel::find().unwrap() else { return };
    let place = glassmaster_testkit::scratch::folder().unwrap();
    let folder = place.path().join("source");
    source(&folder);
    let many = folder.join("many");
    tree::crowd(&many, 200).unwrap();
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (media, revision, extra) in [
        ("hd", "2.01", "--ad=inicb"),
        ("dvdram", "1.02", "--ad=short"),
        ("dvdram", "1.50", "--ad=long"),
        ("dvdram", "2.00", "--ad=inicb"),
        ("dvdram", "2.01", "--space=unalloctable"),
        ("cdrw", "1.50", "--ad=short"),
        ("cdrw", "2.01", "--ad=inicb"),
    ] {
        let image = place.path().join("volume");
        let _ = fs::remove_file(&image);
        fs::File::create(&image).unwrap().set_len(8 << 20).unwrap();
        let block = if media == "hd" { "--blocksize=512" } else { "--blocksize=2048" };
        mkudffs.must(["-m", media, "-r", revision, block, extra, text(&image)]).unwrap();
        files.push((format!("{media}-{revision}"), fs::read(&image).unwrap()));
    }
    let image = place.path().join("newfs");
    newfs.must(["-L", "Disc", "-b", "2048", "-s", "4096", text(&image)]).unwrap();
    files.push(("newfs".to_owned(), fs::read(&image).unwrap()));
    let script = format!(
        "for i in *-* newfs; do mount -t udf -o rw,loop,iocharset=utf8 $PWD/$i /mnt/image && cp -a {}/. /mnt/image/ && \
         mkdir /mnt/image/gone && rm -r /mnt/image/gone && umount /mnt/image || exit 9; done",
        folder.display()
    );
    let given: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let guest = kernel.script("loop,udf,nls_utf8", &script, &given).unwrap();
    assert_eq!(guest.code, 0, "{}", guest.log);
    let wanted = Manifest::of_folder(&folder).unwrap();
    for (name, before) in &files {
        let image = guest.folder().join(name);
        assert!(fs::read(&image).unwrap() != *before, "{name}: nothing was written");
        let found = warnings(&image);
        assert_eq!(found, BTreeSet::new(), "{name}");
        let found = without_additions(extracted(&image, Udf, place.path()), Udf);
        let list = wanted.differences(&found, Also { modes: true, times: true, hard_links: false });
        assert!(list.is_empty(), "{name}: {}", list.join("\n"));
    }
}
