//! Other people's burning programs on the virtual recorder, and the virtual recorder as a drive of the Linux kernel.
#![allow(clippy::unwrap_used, clippy::panic)]

#[allow(dead_code, reason = "each test file uses its part")]
mod glassmaster_program;

use std::path::{Path, PathBuf};

use glassmaster_program::{Served, must};
use glassmaster_testkit::tree;
use glassmaster_testkit::witness::{Burner, Kernel, Shim};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn image(place: &Path) -> (PathBuf, PathBuf) {
    let source = place.join("source");
    tree::deep(&source.join("deep"), 5).unwrap();
    tree::sizes(&source.join("sizes")).unwrap();
    let image = place.join("image.iso");
    must(["build", text(&source), "-o", text(&image), "--fs", "iso9660,joliet,rock-ridge,udf"]);
    (source, image)
}

fn burn_with_all(media: &str, burners: &[Burner]) {
    let place = tempfile::tempdir().unwrap();
    let Some(shim) = Shim::find().unwrap() else { return };
    let (_, image) = image(place.path());
    let bytes = std::fs::read(&image).unwrap();
    let mut failures = Vec::new();
    for burner in burners {
        let disc = place.path().join(format!("{burner:?}.disc"));
        let socket = place.path().join(format!("{burner:?}.socket"));
        must(["disc", "new", text(&disc), "--media", media]);
        let served = Served::start(&disc, &socket);
        match shim.burn(*burner, &socket, &image) {
            Ok(None) => continue,
            Ok(Some(_)) => {}
            Err(e) => {
                failures.push(format!("{burner:?}: {e}"));
                continue;
            }
        }
        let back = shim.read_back(&socket, u64::try_from(bytes.len()).unwrap());
        if !matches!(&back, Ok(Some(back)) if *back == bytes) {
            failures.push(format!(
                "{burner:?}: what is read back differs: {:?}",
                back.map(|b| b.map(|b| b.len()))
            ));
        }
        drop(served);
        let compared =
            glassmaster_program::run(["compare", &format!("virtual:{}", disc.display()), text(&image)]);
        if !compared.0.status.success() {
            failures.push(format!("{burner:?}: compare: {:?}", compared.1.last()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn other_programs_burn_a_cd_r() {
    burn_with_all("cd-r", Burner::CD);
}

#[test]
fn other_programs_burn_a_dvd_plus_r() {
    burn_with_all("dvd+r", Burner::DVD);
}

/// Our engine, through the kernel's SG_IO, on a recorder that the kernel takes for hardware; then the kernel mounts the
/// disc.
#[test]
fn the_engine_burns_through_the_kernel_which_mounts_the_disc() {
    let place = tempfile::tempdir().unwrap();
    let Some(kernel) = Kernel::find().unwrap() else { return };
    let (source, _) = image(place.path());
    for media in ["cd-r", "dvd+r", "bd-r"] {
        let program = glassmaster_program::PATH;
        let serve = format!(
            "'{program}' disc new /run/work/blank.disc --media {media} && \
             exec '{program}' disc serve /run/work/blank.disc --socket $RECORDER_SOCKET"
        );
        let client = format!(
            "set -e
             '{program}' --json burn '{source}' --drive /dev/sr0 --verify full \\
               --fs iso9660,joliet,rock-ridge,udf
             for type in udf iso9660; do
               mount -t $type -o ro /dev/sr0 /mnt/image
               diff -r --no-dereference '{source}' /mnt/image
               umount /mnt/image
             done
             '{program}' compare /dev/sr0 '{source}'",
            source = source.display()
        );
        let Some(guest) = kernel.with_recorder(&serve, &client).unwrap() else { return };
        assert_eq!(guest.code, 0, "{media}: {}", guest.log);
    }
}
