//! A drive that takes its time, one at the far end of a socket, and one that answers nonsense.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod rig;

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use glassmaster_burn::{CancelHandle, DataBurn, DataOptions, VerifyLevel, WriteAction};
use glassmaster_disc::BlockSource;
use glassmaster_disc::clock::Clock;
use glassmaster_recorder::HResult;
use glassmaster_scsi::wire::{Client, Listener, serve};

use rig::{FIVE, MEDIA, Rig, image, quiet};

fn full() -> DataOptions {
    DataOptions { verify: VerifyLevel::Full, ..DataOptions::default() }
}

/// Buffers that fill, formats and sessions that take a while: everything that an instantaneous drive never shows.
#[test]
fn a_drive_with_the_speed_of_its_medium_is_fed_and_waited_for() {
    for media in MEDIA {
        let mut rig = Rig::blank(media);
        rig.timed = true;
        let recorder = rig.recorder();
        let data = image(5000, 1);
        // The slowest speed there is.
        let report = DataBurn::new(DataOptions { speed: Some(1), ..full() })
            .write(
                &recorder,
                Arc::new(data.clone()),
                &mut |event| {
                    if let Some(fill) = event.drive_buffer {
                        assert!(fill.used <= fill.total && event.action != WriteAction::ValidatingMedia);
                    }
                    ControlFlow::Continue(())
                },
                &CancelHandle::new(),
            )
            .unwrap_or_else(|e| panic!("{media}: {e}"));
        assert!(report.verified.is_some());
        assert_eq!(report.speed_result, HResult::SPEED_ADJUSTED);
        assert!(report.stalls > 0, "{media}: the buffer of the drive never filled");
        rig.timed = false;
        drop(recorder);
        let mut found = vec![0; data.len()];
        rig.reopened().disc_source().unwrap().read_blocks(0, &mut found).unwrap();
        assert!(found == data, "{media}");
    }
}

#[test]
fn a_cancel_reaches_a_slow_drive_while_it_writes() {
    let source = Arc::new(image(20_000, 1));
    for media in MEDIA {
        let mut rig = Rig::blank(media);
        rig.timed = true;
        let recorder = rig.recorder();
        let (cancel, ended) = (CancelHandle::new(), AtomicBool::new(false));
        let seat = rig.clock.reserve();
        let writer = std::thread::scope(|threads| {
            threads.spawn(|| {
                let _attendance = seat.take();
                while rig.writes() < 20 && !ended.load(Ordering::SeqCst) {
                    rig.clock.sleep(Duration::from_millis(1));
                }
                cancel.cancel();
            });
            let source = Arc::clone(&source) as Arc<dyn BlockSource>;
            let result = DataBurn::new(full()).write(&recorder, source, &mut quiet, &cancel);
            ended.store(true, Ordering::SeqCst);
            result
        });
        let error = writer.unwrap_err();
        assert!(error.is_cancelled(), "{media}: {error}");
        assert!(!error.aftermath().is_empty());
        assert!(rig.writes() < 200, "{media}: it went on writing");
        assert!(!rig.tray_is_locked());
    }
}

#[test]
fn a_recorder_behind_a_socket() {
    for media in MEDIA {
        let rig = Rig::blank(media);
        let folder = rig::folder();
        let listener = Listener::bind(&folder.path().join("recorder.sock")).unwrap();
        let stop = AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                let mut drive = rig.drive();
                serve(&listener, &mut drive, &stop).unwrap();
            });
            let recorder = rig.recorder_on(Box::new(Client::connect(listener.path()).unwrap()));
            let report = DataBurn::new(full())
                .write(&recorder, Arc::new(image(300, 1)), &mut quiet, &CancelHandle::new())
                .map(|report| report.verified.is_some());
            stop.store(true, Ordering::SeqCst);
            assert!(report.unwrap_or_else(|e| panic!("{media}: {e}")));
        });
    }
}

/// Answers of noise, from many seeds: an error or a verified disc, no panic, no endless loop.
#[test]
fn nonsense_is_survived() {
    for media in FIVE {
        for opcode in
            ["46", "51", "52", "23", "25", "5a", "ac", "ad", "5c", "28", "51,52", "46,51,52,23,25,5a,ac,ad"]
        {
            for seed in 0..12 {
                for how in ["always", "nth=2", "nth=3 always"] {
                    let plan = format!("op={opcode} garbage={seed} {how}");
                    let mut rig = Rig::blank(media);
                    // Asked less often, an hour of waiting is over sooner.
                    rig.patience.poll = Duration::from_secs(20);
                    let recorder = rig.recorder_with(&plan);
                    let result = catch_unwind(AssertUnwindSafe(|| {
                        DataBurn::new(full()).write(
                            &recorder,
                            Arc::new(image(40, 1)),
                            &mut quiet,
                            &CancelHandle::new(),
                        )
                    }));
                    let result = result.unwrap_or_else(|_| panic!("{media}, {plan}: panic"));
                    assert!(!rig.tray_is_locked(), "{media}, {plan}");
                    drop(recorder);
                    if let Ok(report) = result {
                        let start = u64::try_from(report.start_lba.0).unwrap();
                        let again = rig.reopened();
                        again.wait_ready().unwrap();
                        let mut found = vec![0; 40 * 2048];
                        again.disc_source_of(start + 40).read(start, &mut found).unwrap();
                        assert!(found == image(40, 1), "{media}, {plan}: verified, but the disc is wrong");
                    }
                }
            }
        }
    }
}
