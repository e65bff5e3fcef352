//! The equipment itself, tried on images of other people's makers.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use glassmaster_testkit::manifest::Also;
use glassmaster_testkit::witness::{self, Kernel, Mount, MountMode, Shim, Witness};
use glassmaster_testkit::{Manifest, tree};

/// A tree any maker can hold, and genisoimage's bridge image of it.
fn bridge(place: &Path) -> Option<PathBuf> {
    let genisoimage = Witness::find("genisoimage").unwrap()?;
    let source = place.join("source");
    tree::deep(&source.join("deep"), 5).unwrap();
    tree::crowd(&source.join("crowd"), 50).unwrap();
    fs::write(source.join("größe.txt"), tree::bytes(1, 100_000)).unwrap();
    let image = place.join("bridge.iso");
    genisoimage
        .must([
            "-quiet",
            "-input-charset",
            "utf-8",
            "-J",
            "-R",
            "-udf",
            "-o",
            image.to_str()?,
            source.to_str()?,
        ])
        .unwrap();
    Some(image)
}

#[test]
fn the_kernel_lists_what_was_put_in() {
    let place = tempfile::tempdir().unwrap();
    let (Some(kernel), Some(image)) = (Kernel::find().unwrap(), bridge(place.path())) else { return };
    let source = Manifest::of_folder(&place.path().join("source")).unwrap();
    let broken = place.path().join("broken.iso");
    fs::write(&broken, [0; 65_536]).unwrap();
    let modes = [MountMode::RockRidge, MountMode::Joliet, MountMode::Plain, MountMode::Udf];
    let mut mounts: Vec<_> =
        modes.iter().map(|mode| Mount { image: image.clone(), mode: *mode, options: None }).collect();
    mounts.push(Mount { image: broken, mode: MountMode::Udf, options: None });
    let answers = kernel.mount(&mounts).unwrap();
    for (mode, answer) in modes.iter().zip(&answers) {
        let found = answer.outcome.as_ref().unwrap_or_else(|code| panic!("{mode:?}: {code} {answer:?}"));
        if *mode == MountMode::Plain {
            assert_eq!(source.content_differences(found), Vec::<String>::new());
            assert_ne!(source.differences(found, Also::default()), Vec::<String>::new());
        } else {
            let also = Also { times: *mode == MountMode::RockRidge, ..Also::default() };
            assert_eq!(source.differences(found, also), Vec::<String>::new(), "{mode:?}");
        }
        assert_eq!(answer.complaints, "", "{mode:?}");
    }
    let refused = answers.last().unwrap();
    assert!(refused.outcome.is_err() && !refused.messages.is_empty(), "{refused:?}");
}

#[test]
fn the_readers_accept_a_good_image_and_refuse_a_bad_one() {
    let place = tempfile::tempdir().unwrap();
    let Some(image) = bridge(place.path()) else { return };
    let bad = place.path().join("bad.iso");
    let mut bytes = fs::read(&image).unwrap();
    // The tag checksum of every descriptor in both volume descriptor sequences.
    for block in 32..64 {
        bytes[block * 2048 + 4] ^= 0xff;
    }
    fs::write(&bad, &bytes).unwrap();
    witness::seven_zip(&image, None).unwrap();
    witness::seven_zip(&image, Some("Iso")).unwrap();
    witness::isoinfo(&image, Some("-R")).unwrap();
    witness::isoinfo(&image, Some("-J")).unwrap();
    witness::udfdump(&image).unwrap();
    witness::udfinfo(&image).unwrap();
    if let Some(paths) = witness::xorriso_find(&image).unwrap() {
        assert!(paths.iter().any(|path| path == "/crowd/one of many 000049"), "{paths:?}");
    }
    if let Some(trees) = witness::pycdlib(&image).unwrap() {
        let names: Vec<_> = trees.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["iso", "joliet", "rock-ridge", "udf"]);
        assert!(trees.iter().all(|(_, _, files)| *files == 56), "{trees:?}");
        assert!(witness::pycdlib(&bad).is_err());
    }
    assert!(witness::udfdump(&bad).is_err() || Witness::find("udfdump").unwrap().is_none());
    assert!(witness::seven_zip(&bad, Some("Udf")).is_err() || Witness::find("7z").unwrap().is_none());
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn programs_see_a_recorder_behind_a_socket() {
    let place = tempfile::tempdir().unwrap();
    let (Some(shim), Some(image)) = (Shim::find().unwrap(), bridge(place.path())) else { return };
    let Some(inquiry) = Witness::find("sg_inq").unwrap() else { return };
    let socket = place.path().join("socket");
    let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reader_drive.py");
    let child =
        Command::new("python3").arg(server).arg(&socket).arg(&image).stdout(Stdio::null()).spawn().unwrap();
    let _server = Server(child);
    let start = Instant::now();
    while !socket.exists() {
        assert!(start.elapsed() < Duration::from_secs(120));
        std::thread::sleep(Duration::from_millis(10));
    }
    let said =
        witness::run(shim.command(&inquiry, &socket).arg("/dev/sr0"), Duration::from_secs(120)).unwrap();
    assert!(said.status.success() && said.text().contains("READER DRIVE"), "{}", said.text());
    let bytes = fs::read(&image).unwrap();
    let length = u64::try_from(bytes.len()).unwrap();
    assert_eq!(shim.read_back(&socket, length).unwrap().unwrap(), bytes);
    let log = fs::read_to_string(Shim::log(&socket)).unwrap();
    assert!(log.lines().any(|line| line.starts_with("sg_inq: 12 00")), "{log}");
    let refused = shim.burn(witness::Burner::Cdrskin, &socket, &image);
    assert!(!matches!(refused, Ok(Some(_))), "a read-only drive cannot have burned");
}

#[test]
fn the_kernel_reads_a_recorder_as_its_own_drive() {
    let place = tempfile::tempdir().unwrap();
    let (Some(kernel), Some(image)) = (Kernel::find().unwrap(), bridge(place.path())) else { return };
    let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reader_drive.py");
    let serve = format!("exec python3 '{}' $RECORDER_SOCKET '{}'", server.display(), image.display());
    let client =
        "set -e; mount -t iso9660 -o ro /dev/sr0 /mnt/image; sha256sum </mnt/image/größe.txt; ls -l /dev/sg0";
    let Some(guest) = kernel.with_recorder(&serve, client).unwrap() else { return };
    assert_eq!(guest.code, 0, "{}", guest.log);
    let source = Manifest::of_folder(&place.path().join("source")).unwrap();
    let hash = source.entries["größe.txt".as_bytes()].sha256.unwrap();
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(guest.log.contains(&digits), "{}", guest.log);
}
