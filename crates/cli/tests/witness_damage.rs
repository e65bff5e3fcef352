//! Ten thousand damaged images, listed, checked and extracted: no panic, and neither time nor memory without bound.
#![allow(clippy::unwrap_used, clippy::panic)]

#[allow(dead_code, reason = "each test file uses its part")]
mod glassmaster_program;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use glassmaster::disc::BlockSource;
use glassmaster::imapi2fs::{CancelHandle, ExtractOptions, check, extract, identify, open};
use glassmaster::tree::{WalkLimits, walk};
use glassmaster_testkit::damage::Damager;
use glassmaster_testkit::tree;
use glassmaster_testkit::witness::Witness;

/// Images in all; `GLASSMASTER_DAMAGED` says another number.
const IMAGES: u64 = 10_000;
/// Longest time for one image, in an unoptimised build on a busy machine.
const LONGEST: Duration = Duration::from_secs(60);
/// Largest resident memory of this process, in KiB: the undamaged images are small.
const MEMORY: u64 = 400 * 1024;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Undamaged images: ours of every sort, and other people's where their makers are installed.
fn images(place: &Path) -> Vec<Vec<u8>> {
    let source = place.join("source");
    tree::deep(&source.join("deep"), 9).unwrap();
    tree::links(&source.join("links")).unwrap();
    std::fs::write(source.join("größe.txt"), tree::bytes(1, 5000)).unwrap();
    std::fs::write(source.join("x".repeat(200)), tree::bytes(2, 100)).unwrap();
    let mut paths = Vec::new();
    for (name, options) in [
        ("bridge", &["--fs", "iso9660,joliet,rock-ridge,udf", "--udf", "1.02"][..]),
        ("iso", &["--fs", "iso9660,joliet,rock-ridge"]),
        ("udf102", &["--fs", "udf", "--udf", "1.02"]),
        ("udf201", &["--fs", "udf", "--udf", "2.01", "--embed", "1500"]),
    ] {
        let image = place.join(name);
        let mut arguments = vec!["build", text(&source), "-o", text(&image)];
        arguments.extend(options);
        glassmaster_program::must(arguments);
        paths.push(image);
    }
    if let Some(genisoimage) = Witness::find("genisoimage").unwrap() {
        let image: PathBuf = place.join("genisoimage");
        // Not the links: genisoimage never ends on the long ones.
        genisoimage
            .must(["-quiet", "-J", "-R", "-udf", "-o", text(&image), text(&source.join("deep"))])
            .unwrap();
        paths.push(image);
    }
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Peak resident memory of this process in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

/// Everything a user can ask of an image; an error is a good answer.
fn use_up(image: Vec<u8>, folder: &Path) {
    let source: Arc<dyn BlockSource> = Arc::new(image);
    let never = CancelHandle::default();
    let mut findings = 0u64;
    let _ = check(&source, &never, &mut |_| findings += 1);
    for kind in identify(&*source).unwrap_or_default() {
        if let Ok(volume) = open(&source, Some(kind)) {
            let _ = walk(&*volume, WalkLimits::for_blocks(volume.block_count()), &mut |_| {
                ControlFlow::Continue(())
            });
        }
    }
    if let Ok(volume) = open(&source, None) {
        let options = ExtractOptions { overwrite: true, max_bytes: Some(8 << 20), streams: true };
        let _ = extract(&*volume, &source, folder, &options, &mut |_| ControlFlow::Continue(()), &never);
    }
}

#[test]
fn damaged_images_are_answered() {
    let place = glassmaster_testkit::scratch::folder().unwrap();
    let images = images(place.path());
    let damagers: Vec<_> = images.iter().map(|image| Damager::new(image)).collect();
    let count = std::env::var("GLASSMASTER_DAMAGED").map_or(IMAGES, |text| text.parse().unwrap());
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for worker in 0..2 {
            let (next, images, damagers, place) = (&next, &images, &damagers, place.path());
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= count {
                        return;
                    }
                    let which = usize::try_from(seed).unwrap() % images.len();
                    let damaged = damagers[which].damaged(&images[which], seed);
                    let folder = place.join(format!("out{worker}"));
                    let start = Instant::now();
                    let outcome = std::panic::catch_unwind(|| use_up(damaged, &folder));
                    let plan = || damagers[which].plan(seed);
                    assert!(outcome.is_ok(), "seed {seed}, image {which}: a panic from {:?}", plan());
                    assert!(
                        start.elapsed() < LONGEST,
                        "seed {seed}, image {which}: {:?} for {:?}",
                        start.elapsed(),
                        plan()
                    );
                    let peak = peak();
                    assert!(peak < MEMORY, "seed {seed}, image {which}: {peak} KiB from {:?}", plan());
                    if folder.exists() {
                        std::fs::remove_dir_all(&folder).unwrap();
                    }
                }
            });
        }
    });
}

/// The program itself, on fewer images: every one ends with one of its own exit codes.
#[test]
fn the_program_answers_damaged_images() {
    let place = glassmaster_testkit::scratch::folder().unwrap();
    let images = images(place.path());
    for seed in 0..60 {
        let which = usize::try_from(seed).unwrap() % images.len();
        let path = place.path().join("damaged");
        std::fs::write(&path, Damager::new(&images[which]).damaged(&images[which], seed)).unwrap();
        let folder = place.path().join("out");
        for arguments in [
            &["list", "--long", text(&path)][..],
            &["check", text(&path)],
            &["extract", text(&path), "--overwrite", "--max-bytes", "8388608", "-o", text(&folder)],
        ] {
            let (output, _) = glassmaster_program::run(arguments);
            let code = output.status.code();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                matches!(code, Some(0 | 1 | 3)),
                "seed {seed}: {arguments:?}: {:?}: {said}",
                output.status
            );
            assert!(!said.contains("panicked"), "seed {seed}: {arguments:?}: {said}");
        }
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
    }
}
