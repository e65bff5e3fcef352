//! Other people's programs read our volumes, and we read theirs. What is not installed is skipped, except in CI.

#![allow(clippy::unwrap_used, clippy::panic)]

mod image;

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use glassmaster_disc::{Finding, SECTOR, Severity};
use glassmaster_testkit::witness::{Witness, seven_zip, udfdump, udfinfo};
use glassmaster_tree::{Content, Visit, Volume, WalkLimits, walk};
use glassmaster_udf::{Revision, UdfVolume, check, recognise};
use image::{Source, options, pattern, plan};

/// What 7-Zip can hold: it refuses a volume with symbolic links or devices, also the Linux kernel's.
fn files_and_directories() -> Source {
    let mut s = Source::new();
    let root = s.tree.root();
    s.file(root, b"empty", Vec::new());
    s.file(root, "中文 😀.bin".as_bytes(), pattern(5000));
    s.file(root, "é".as_bytes(), pattern(1));
    let mut dir = root;
    for level in 0..40 {
        dir = s.dir(dir, &format!("level {level}"));
        s.file(dir, b"file", pattern(level * 300));
    }
    for n in 0..2000 {
        s.file(dir, format!("{n}{}", "-".repeat(n % 120)).as_bytes(), pattern(n % 5));
    }
    s
}

#[test]
fn others_accept_our_volumes() {
    let source = files_and_directories();
    let folder = tempfile::tempdir().unwrap();
    for revision in Revision::ALL {
        for embed in [None, Some(1872)] {
            let mut options = options(revision);
            options.embed_up_to = embed;
            let path = folder.path().join(format!("{revision}.udf"));
            fs::write(&path, plan(&source, options).image(&source)).unwrap();
            if let Some(said) = seven_zip(&path, Some("Udf")).unwrap() {
                assert!(
                    said.text().contains("Files: 2043") && said.text().contains("Folders: 40"),
                    "{}",
                    said.text()
                );
            }
            udfdump(&path).unwrap();
            if let Some(said) = udfinfo(&path).unwrap() {
                let said: BTreeMap<_, _> = said.into_iter().collect();
                // It shows what a reader must know: 2.60 added nothing to be read.
                let readable = revision.min(Revision::V250).to_string();
                for (key, value) in [
                    ("label", "Glass Ω master"),
                    ("udfrev", &readable),
                    ("numfiles", "2043"),
                    ("numdirs", "41"),
                    ("integrity", "closed"),
                    ("accesstype", "readonly"),
                    ("freeblocks", "0"),
                ] {
                    assert_eq!(said.get(key).map(String::as_str), Some(value), "{key}");
                }
            }
        }
    }
}

/// Path and content of every file of a volume.
fn files(image: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let volume = UdfVolume::open(image).unwrap_or_else(|error| panic!("{error}"));
    let mut out = BTreeMap::new();
    walk(&volume, WalkLimits::for_blocks(volume.block_count()), &mut |visit| {
        let (dir, entry) = match visit {
            Visit::Entry { dir, entry } => (dir, entry),
            Visit::Damaged { error, .. } => panic!("{error}"),
        };
        if !entry.is_dir() {
            let path = format!("{}/{}", String::from_utf8_lossy(dir), String::from_utf8_lossy(&entry.name));
            let bytes = match &entry.content {
                Content::Inline(bytes) => bytes.clone(),
                Content::Extents(extents) => extents
                    .iter()
                    .flat_map(|e| {
                        let at = usize::try_from(e.lba.unwrap()).unwrap() * SECTOR;
                        image[at..at + usize::try_from(e.bytes).unwrap()].to_vec()
                    })
                    .collect(),
            };
            out.insert(path.trim_start_matches('/').to_owned(), bytes);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    out
}

fn errors(image: &[u8]) -> Vec<Finding> {
    let mut out = Vec::new();
    check(image, &mut |finding| {
        if finding.severity == Severity::Error {
            out.push(finding);
        }
    });
    out
}

#[test]
fn we_read_the_bridge_of_genisoimage() {
    let Some(program) = Witness::find("genisoimage").unwrap() else { return };
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    fs::create_dir_all(tree.join("a/b")).unwrap();
    let mut expected = BTreeMap::new();
    for n in 0..300 {
        let path = format!("a/b/file {n} of three hundred.txt");
        fs::write(tree.join(&path), pattern(n * 17)).unwrap();
        expected.insert(path, pattern(n * 17));
    }
    fs::write(tree.join("é中.txt"), b"names").unwrap();
    expected.insert("é中.txt".to_owned(), b"names".to_vec());
    let image = folder.path().join("image.iso");
    let arguments =
        ["-quiet", "-input-charset", "utf-8", "-udf", "-J", "-R", "-V", "BRIDGE", "-o"].map(Path::new);
    program.must(arguments.into_iter().chain([image.as_path(), tree.as_path()])).unwrap();
    let image = fs::read(image).unwrap();
    assert_eq!(UdfVolume::open(&image[..]).unwrap().file_system(), "UDF 1.02");
    assert!(files(&image) == expected);
    // Its two sequences carry different random volume set identifiers.
    let found = errors(&image);
    assert!(found.iter().all(|f| f.clause == "ECMA-167 3/8.4.2.2"), "{found:?}");
}

#[test]
fn we_open_what_mkudffs_makes() {
    let Some(program) = Witness::find("mkudffs").unwrap() else { return };
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, arguments: &[&str]| {
        let path = folder.path().join(name);
        fs::File::create(&path).unwrap().set_len(24 << 20).unwrap();
        program.must(arguments.iter().map(Path::new).chain([path.as_path()])).unwrap();
        fs::read(path).unwrap()
    };
    for revision in ["1.02", "1.50", "2.00", "2.01"] {
        for medium in ["hd", "dvdram"] {
            let image = make("plain", &["-b", "2048", "-m", medium, "-r", revision, "-l", "Ω label"]);
            let volume = UdfVolume::open(&image[..]).unwrap_or_else(|error| panic!("{revision}: {error}"));
            assert_eq!(volume.file_system(), format!("UDF {revision}"));
            assert_eq!(volume.label(), "Ω label");
            assert!(volume.root().unwrap().is_dir());
            assert_eq!(errors(&image), [], "{revision} {medium}");
        }
    }
    for arguments in [
        ["-b", "2048", "-m", "cdr", "-r", "1.50"],
        ["-b", "2048", "-m", "dvdr", "-r", "2.01"],
        ["-b", "2048", "-m", "cdrw", "-r", "1.50"],
        ["-b", "2048", "-m", "dvdrw", "-r", "2.01"],
        ["-b", "2048", "-m", "bdr", "-r", "2.50"],
        ["-b", "2048", "-m", "bdr", "-r", "2.60"],
        ["-b", "2048", "-m", "cd", "-r", "2.01"],
        ["-b", "512", "-m", "hd", "-r", "2.01"],
        ["-b", "1024", "-m", "hd", "-r", "1.50"],
        ["-b", "4096", "-m", "hd", "-r", "2.01"],
    ] {
        let image = make("other", &arguments);
        let volume = UdfVolume::open(&image[..]).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        assert!(recognise(&image), "{arguments:?}");
        assert_eq!(volume.file_system(), format!("UDF {}", arguments[5]));
        let facts = volume.facts();
        assert_eq!(facts.has_vat(), matches!(arguments[3], "cdr" | "dvdr" | "bdr"), "{arguments:?}");
        assert_eq!(facts.has_sparing(), matches!(arguments[3], "cdrw" | "dvdrw"), "{arguments:?}");
        assert_eq!(facts.block_bytes.to_string(), arguments[1]);
        // A file of UDF 1.50 that holds the space of sparing tables.
        assert!(files(&image).keys().all(|name| name == "Non-Allocatable Space"), "{arguments:?}");
    }
}
