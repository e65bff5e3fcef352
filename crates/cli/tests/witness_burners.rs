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

/// What is done to a disc, one thing after the other.
enum Step {
    /// Another program burns the image; every byte is read back.
    Burn(Burner),
    /// Another program blanks, formats or looks, with these arguments.
    Run(&'static str, &'static [&'static str]),
    /// Another program adds the file `more` to what is on the disc.
    Append(&'static str, &'static [&'static str]),
}

/// growisofs and xorriso, told to add a file.
const GROW: Step = Step::Append("growisofs", &["-M", "/dev/sr0", "-quiet", "-R", "-J"]);
const XORRISO_ADDS: Step = Step::Append("xorriso", &["-dev", "/dev/sr0", "-add"]);

/// Medium and size, and what is done to one disc of it.
const LIVES: &[(&str, &str, &[Step])] = {
    use Burner::{Cdrskin, CdrskinSessionAtOnce, Growisofs, GrowisofsCompatible, WodimDiscAtOnce, Xorriso};
    use Step::{Burn, Run};
    const DRIVE: &str = "dev=/dev/sr0";
    &[
        (
            "cd-rw",
            "80min",
            &[
                Burn(Burner::WodimTrackAtOnce),
                Run("wodim", &["-s", "gracetime=0", DRIVE, "blank=fast"]),
                Burn(CdrskinSessionAtOnce),
                Run("cdrskin", &[DRIVE, "blank=all"]),
                Burn(Xorriso),
            ],
        ),
        ("dvd-r", "4.7gb", &[Burn(Growisofs), GROW, Run("dvd+rw-mediainfo", &["/dev/sr0"])]),
        ("dvd-r", "4.7gb", &[Burn(GrowisofsCompatible)]),
        ("dvd-r", "4.7gb", &[Burn(CdrskinSessionAtOnce), Run("cdrskin", &[DRIVE, "-minfo"])]),
        ("dvd-r-dl", "8.5gb", &[Burn(WodimDiscAtOnce)]),
        (
            "dvd-rw",
            "4.7gb",
            &[
                Burn(Growisofs),
                Run("dvd+rw-format", &["-blank", "/dev/sr0"]),
                Burn(CdrskinSessionAtOnce),
                Run("cdrskin", &[DRIVE, "blank=format_overwrite"]),
                Burn(Growisofs),
                GROW,
                Run("cdrskin", &[DRIVE, "blank=all"]),
                Burn(Xorriso),
            ],
        ),
        (
            "dvd-ram",
            "4.7gb",
            &[
                Burn(Cdrskin),
                XORRISO_ADDS,
                Run("dvd+rw-format", &["-force", "/dev/sr0"]),
                Run("sg_get_config", &["/dev/sr0"]),
            ],
        ),
        ("dvd+r-dl", "8.5gb", &[Burn(Growisofs), GROW]),
        (
            "dvd+rw",
            "4.7gb",
            &[Burn(Growisofs), GROW, Run("dvd+rw-format", &["-force", "/dev/sr0"]), Burn(Cdrskin)],
        ),
        ("bd-r", "50gb", &[Burn(Burner::GrowisofsUnformatted), GROW, XORRISO_ADDS]),
        ("bd-r", "100gb", &[Burn(Growisofs)]),
        ("bd-r", "128gb", &[Run("cdrskin", &[DRIVE, "blank=format_defectmgt"]), Burn(Cdrskin)]),
        (
            "bd-re",
            "25gb",
            &[Burn(Growisofs), GROW, Run("dvd+rw-format", &["-ssa=none", "/dev/sr0"]), Burn(Xorriso)],
        ),
        ("bd-re", "100gb", &[Burn(Growisofs), Run("sg_inq", &["/dev/sr0"])]),
    ]
};

/// Lives one life; what goes wrong is the error. `Ok` also where a program is missing and the rest cannot be done.
fn live(shim: &Shim, place: &Path, steps: &[Step], disc: &Path, image: &Path) -> Result<(), String> {
    let socket = place.join("recorder.socket");
    let bytes = std::fs::read(image).unwrap();
    let more = place.join("more");
    std::fs::write(&more, b"added later").unwrap();
    let served = Served::start(disc, &socket);
    let mut added = false;
    for step in steps {
        let done = match step {
            Step::Burn(burner) => shim.burn(*burner, &socket, image),
            Step::Run(program, arguments) => shim.run(program, &socket, *arguments),
            Step::Append(program, arguments) => {
                let all = arguments.iter().copied().chain([text(&more)]);
                shim.run(program, &socket, all)
            }
        };
        if done.map_err(|e| e.to_string())?.is_none() {
            return Ok(());
        }
        added = match step {
            Step::Burn(burner) => {
                let back = shim.read_back(&socket, u64::try_from(bytes.len()).unwrap());
                match back.map_err(|e| e.to_string())? {
                    Some(back) if back != bytes => {
                        return Err(format!("{burner:?}: what is read back differs"));
                    }
                    _ => false,
                }
            }
            Step::Append(..) => true,
            Step::Run(..) => added,
        };
    }
    drop(served);
    if added {
        let said = glassmaster_program::command()
            .args(["list", &format!("virtual:{}", disc.display())])
            .output()
            .unwrap();
        let list = String::from_utf8_lossy(&said.stdout).to_lowercase();
        if !list.contains("more") || !list.contains("sizes") {
            return Err(format!("after appending the disc holds: {list}"));
        }
    }
    Ok(())
}

/// The programs mostly wait, for drives that are slower than this one: all lives go on at once.
#[test]
fn other_programs_live_with_every_medium() {
    let place = tempfile::tempdir().unwrap();
    let Some(shim) = Shim::find().unwrap() else { return };
    let (_, image) = image(place.path());
    let (shim, image) = (&shim, image.as_path());
    let failures: Vec<String> = std::thread::scope(|threads| {
        let lives: Vec<_> = LIVES
            .iter()
            .enumerate()
            .map(|(n, (media, size, steps))| {
                let folder = place.path().join(format!("life {n}"));
                threads.spawn(move || {
                    std::fs::create_dir(&folder).unwrap();
                    let disc = folder.join("disc");
                    must(["disc", "new", text(&disc), "--media", media, "--capacity", size]);
                    live(shim, &folder, steps, &disc, image).map_err(|e| format!("{media} {size}: {e}"))
                })
            })
            .collect();
        lives.into_iter().filter_map(|life| life.join().unwrap().err()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
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
