//! Troubles that pass, drives that lie, sources that fail, and a cancel in every phase, on each medium. Every command
//! spoiled in every way: `faults/main.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod rig;

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use glassmaster_burn::{
    BurnReport, CancelHandle, DataBurn, DataOptions, Error, ErrorKind, RingOptions, VerifyLevel, WriteAction,
};
use glassmaster_disc::{BlockSource, MediaType, SECTOR};
use glassmaster_recorder::{Blame, HResult};
use glassmaster_scsi::{Cdb, DataPhase, Outcome, Transport, TransportError};
use sha2::{Digest as _, Sha256};

use rig::{MEDIA, Rig, image, quiet};

const SECTORS: usize = 200;

fn options() -> DataOptions {
    DataOptions {
        verify: VerifyLevel::Full,
        // A sector that reads wrong looks like data.
        force_overwrite: true,
        ring: RingOptions { slots: 2, slot_sectors: 64 },
        ..DataOptions::default()
    }
}

fn burn(rig: &Rig, plan: &str) -> Result<BurnReport, Error> {
    let recorder = rig.recorder_with(plan);
    let write = DataBurn::new(options());
    write.write(&recorder, Arc::new(image(SECTORS, 1)), &mut quiet, &CancelHandle::new())
}

/// What is on the disc, looked at by a drive that nobody spoils.
fn holds_the_image(rig: &Rig) -> bool {
    let mut found = vec![0; SECTORS * SECTOR];
    rig.reopened().disc_source().is_ok_and(|disc| disc.read_blocks(0, &mut found).is_ok())
        && found == image(SECTORS, 1)
}

#[test]
fn passing_troubles_are_overcome() {
    for media in MEDIA {
        for plan in [
            "op=2A nth=2 times=5 sense=2/04/08",
            "op=2A nth=3 times=3 busy",
            "op=2A nth=2 sense=b/08/00",
            "op=2A nth=2 sense=6/5A/01",
            "op=00 times=4 sense=2/04/01",
            "op=00 times=3 sense=6/29/00",
            "op=28 nth=3 sense=3/11/00",
            "op=28 nth=3 short=2048",
            "op=35 times=3 sense=2/04/08",
            "op=5B times=2 sense=2/04/07",
            "op=51 nth=2 times=2 sense=2/04/07",
            "op=5C always sense=5/20/00",
            "op=54 always sense=5/20/00",
            "op=AC always sense=5/20/00",
            "op=AD always sense=5/24/00",
        ] {
            let rig = Rig::blank(media);
            let report = burn(&rig, plan).unwrap_or_else(|e| panic!("{media}, {plan}: {e}"));
            assert!(report.verified.is_some() && holds_the_image(&rig), "{media}, {plan}");
        }
    }
}

#[test]
fn a_failed_write_names_phase_command_address_and_sense() {
    let rig = Rig::blank(MediaType::BD_R);
    let error = burn(&rig, "op=2A lba=96 always sense=3/0C/00").unwrap_err();
    assert_eq!(error.phase(), WriteAction::WritingData);
    assert_eq!(error.blame(), Blame::Medium);
    assert_eq!(error.hresult(), HResult(0xC0AA_0301));
    assert!(error.sense().unwrap().is(3, 0x0C, 0));
    let text = error.to_string();
    for part in ["writing", "WRITE (10)", "block 96", "write error", "3/0C/00"] {
        assert!(text.contains(part), "'{part}' is not in: {text}");
    }
    let stalled = burn(&Rig::blank(MediaType::BD_R), "op=2A lba=64 always sense=2/04/08").unwrap_err();
    assert!(matches!(stalled.kind(), ErrorKind::Stalled { lba: 64, .. }), "{stalled}");
    assert_eq!(stalled.blame(), Blame::Drive);
}

#[test]
fn a_bad_sector_is_reported_with_its_address() {
    for media in MEDIA {
        let error = burn(&Rig::blank(media), "op=28 lba=77..78 always sense=3/11/05").unwrap_err();
        assert_eq!(error.hresult(), HResult::BURN_VERIFICATION_FAILED, "{media}: {error}");
        let ErrorKind::Verification(failure) = error.kind() else { panic!("{media}: {error}") };
        let run = failure.comparison.unreadable_runs.first().unwrap();
        assert_eq!((run.run.first, run.run.last), (77, 78));
        assert_eq!((failure.comparison.unreadable, failure.comparison.different), (2, 0));
        assert!(error.to_string().contains("block 77"), "{error}");
    }
}

/// A drive that says GOOD and does something else.
struct Liar {
    inner: Box<dyn Transport>,
    lie: Lie,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Lie {
    /// Writes block 90 with one bit wrong.
    FlipsABit,
    /// Answers READ of block 90 with one bit wrong.
    MisreadsABit,
    /// Takes all data from the second command on and writes zeros.
    WritesZeros,
    /// Reads zeros.
    ReadsZeros,
    /// Answers CLOSE TRACK SESSION without doing it.
    DoesNotClose,
}

impl Transport for Liar {
    fn execute(
        &mut self,
        cdb: &Cdb,
        data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        let first = i64::from(cdb.be32(2).cast_signed());
        let byte_of_90 = usize::try_from(90 - first).ok().map(|n| n * SECTOR + 1234);
        match (self.lie, cdb.opcode(), data) {
            (Lie::FlipsABit, 0x2A, DataPhase::Out(sent)) => {
                let mut sent = sent.to_vec();
                if let Some(byte) = byte_of_90.and_then(|at| sent.get_mut(at)) {
                    *byte ^= 0x10;
                }
                self.inner.execute(cdb, DataPhase::Out(&sent), timeout)
            }
            (Lie::WritesZeros, 0x2A, DataPhase::Out(sent)) if first >= 32 => {
                self.inner.execute(cdb, DataPhase::Out(&vec![0; sent.len()]), timeout)
            }
            (Lie::MisreadsABit, 0x28, DataPhase::In(buf)) => {
                let outcome = self.inner.execute(cdb, DataPhase::In(buf), timeout)?;
                if let Some(byte) = byte_of_90.and_then(|at| buf.get_mut(at)) {
                    *byte ^= 0x10;
                }
                Ok(outcome)
            }
            (Lie::ReadsZeros, 0x28, DataPhase::In(buf)) => {
                let outcome = self.inner.execute(cdb, DataPhase::In(buf), timeout)?;
                buf.fill(0);
                Ok(outcome)
            }
            (Lie::DoesNotClose, 0x5B, _) => Ok(Outcome::good(0)),
            (_, _, data) => self.inner.execute(cdb, data, timeout),
        }
    }

    fn max_transfer(&self) -> usize {
        self.inner.max_transfer()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }
}

#[test]
fn a_lying_drive_is_never_believed() {
    for media in MEDIA {
        for lie in [Lie::FlipsABit, Lie::MisreadsABit, Lie::WritesZeros, Lie::ReadsZeros, Lie::DoesNotClose] {
            let closes = matches!(
                media,
                MediaType::DVD_R | MediaType::DVD_PLUS_R | MediaType::DVD_PLUS_R_DL | MediaType::BD_R
            );
            if lie == Lie::DoesNotClose && !closes {
                continue;
            }
            for level in [VerifyLevel::Quick, VerifyLevel::Full] {
                // One bit in 200 sectors is what full verification is for.
                if level == VerifyLevel::Quick && matches!(lie, Lie::FlipsABit | Lie::MisreadsABit) {
                    continue;
                }
                let rig = Rig::blank(media);
                let recorder = rig.recorder_on(Box::new(Liar { inner: rig.watched(), lie }));
                let error = DataBurn::new(DataOptions { verify: level, ..options() })
                    .write(&recorder, Arc::new(image(SECTORS, 1)), &mut quiet, &CancelHandle::new())
                    .expect_err(&format!("{media}: {lie:?} passed {level:?}"));
                assert!(error.is_verification(), "{media}, {lie:?}: {error}");
                assert!(!rig.tray_is_locked());
                if let (ErrorKind::Verification(failure), Lie::FlipsABit) = (error.kind(), lie) {
                    let runs = &failure.comparison.different_runs;
                    assert_eq!(runs.len(), 1, "{media}");
                    assert_eq!((runs[0].first, runs[0].last), (90, 90));
                    assert_eq!(failure.comparison.compared, 200);
                    assert_ne!(failure.sha256_read, failure.sha256_sent);
                    let mut held = vec![0; 200 * SECTOR];
                    let start = u64::try_from(failure.start.0).unwrap();
                    drop(recorder);
                    let honest = rig.recorder();
                    honest.medium().unwrap();
                    honest.disc_source_of(start + 200).read(start, &mut held).unwrap();
                    let held: [u8; 32] = Sha256::digest(&held).into();
                    assert_eq!(failure.sha256_read.map(|s| s.0), Some(held), "{media}");
                }
            }
        }
    }
}

/// Counts what is read from it, and may fail or wait.
struct Source {
    data: Vec<u8>,
    fails_at: Option<u64>,
    reads: AtomicU64,
}

impl BlockSource for Source {
    fn block_count(&self) -> u64 {
        self.data.block_count()
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> std::io::Result<()> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let end = lba + u64::try_from(buf.len() / SECTOR).unwrap();
        if self.fails_at.is_some_and(|at| lba <= at && at < end) {
            return Err(std::io::Error::other("report.txt vanished while it was read"));
        }
        self.data.read_blocks(lba, buf)
    }
}

#[test]
fn a_bad_source_is_named_and_the_disc_is_closed() {
    for media in MEDIA {
        let rig = Rig::blank(media);
        let recorder = rig.recorder();
        let source = Source { data: image(1000, 1), fails_at: Some(700), reads: AtomicU64::new(0) };
        let error = DataBurn::new(options())
            .write(&recorder, Arc::new(source), &mut quiet, &CancelHandle::new())
            .unwrap_err();
        assert_eq!(error.blame(), Blame::Source, "{media}: {error}");
        assert!(error.to_string().contains("report.txt vanished"), "{error}");
        assert!(!error.aftermath().is_empty(), "{media}: nothing is said of the disc");
        assert!(!rig.tray_is_locked());
        assert_eq!(recorder.exclusive_access_owner(), None);
    }
}

#[test]
fn the_source_is_read_once_when_all_is_well() {
    let rig = Rig::blank(MediaType::BD_R);
    let source = Arc::new(Source { data: image(640, 1), fails_at: None, reads: AtomicU64::new(0) });
    DataBurn::new(options())
        .write(&rig.recorder(), Arc::clone(&source) as Arc<dyn BlockSource>, &mut quiet, &CancelHandle::new())
        .unwrap();
    assert_eq!(source.reads.load(Ordering::Relaxed), 10);
}

#[test]
fn cancel_in_every_phase_from_the_sink_and_from_another_thread() {
    for media in MEDIA {
        let mut phases = Vec::new();
        burn_with(media, &mut |action| phases.push(action), None);
        phases.dedup();
        for phase in phases.into_iter().filter(|p| *p != WriteAction::Completed) {
            for by_handle in [false, true] {
                burn_with(media, &mut |_| {}, Some((phase, by_handle)));
            }
        }
    }
}

/// Burns and cancels when a phase begins; checks what has to be so afterwards.
fn burn_with(media: MediaType, heard: &mut dyn FnMut(WriteAction), stop: Option<(WriteAction, bool)>) {
    let rig = Rig::blank(media);
    let recorder = rig.recorder();
    let cancel = CancelHandle::new();
    let remote = cancel.clone();
    let result = DataBurn::new(options()).write(
        &recorder,
        Arc::new(image(SECTORS, 1)),
        &mut |event| {
            heard(event.action);
            match stop {
                Some((phase, true)) if phase == event.action => {
                    let remote = remote.clone();
                    std::thread::spawn(move || remote.cancel()).join().unwrap();
                    ControlFlow::Continue(())
                }
                Some((phase, false)) if phase == event.action => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        },
        &cancel,
    );
    assert!(!rig.tray_is_locked(), "{media}, {stop:?}");
    assert_eq!(recorder.exclusive_access_owner(), None);
    match stop {
        None => assert!(result.unwrap().verified.is_some()),
        Some((phase, _)) => {
            let error = result.unwrap_err();
            assert!(error.is_cancelled(), "{media}, {phase:?}: {error}");
            assert_eq!(error.hresult(), HResult::REQUEST_CANCELLED);
            if matches!(phase, WriteAction::ValidatingMedia | WriteAction::InitializingHardware) {
                assert_eq!(rig.writes(), 0, "{media}, {phase:?}");
            }
        }
    }
}

#[test]
fn a_panic_in_the_event_sink_unlocks_and_puts_back() {
    for media in MEDIA {
        for phase in [WriteAction::CalibratingPower, WriteAction::WritingData, WriteAction::Finalization] {
            let rig = Rig::blank(media);
            let recorder = rig.recorder();
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                DataBurn::new(options()).write(
                    &recorder,
                    Arc::new(image(SECTORS, 1)),
                    &mut |event| {
                        assert!(event.action != phase, "a bug of the caller");
                        ControlFlow::Continue(())
                    },
                    &CancelHandle::new(),
                )
            }));
            let calibrates = matches!(
                media,
                MediaType::CD_R
                    | MediaType::CD_RW
                    | MediaType::DVD_R
                    | MediaType::DVD_R_DL
                    | MediaType::DVD_RW
                    | MediaType::DVD_PLUS_R
                    | MediaType::DVD_PLUS_R_DL
                    | MediaType::BD_R
            );
            assert_eq!(outcome.is_err(), calibrates || phase != WriteAction::CalibratingPower, "{media}");
            assert!(!rig.tray_is_locked(), "{media}, {phase:?}");
            assert_eq!(recorder.exclusive_access_owner(), None);
            let pages = rig.seen.mode_pages.lock().unwrap().clone();
            if media == MediaType::CD_R {
                // The first page sent is not the drive's own, the last one is.
                let own = recorder.mode_page(5, glassmaster_mmc::cmd::PageControl::Default).unwrap();
                assert_ne!(pages.first().unwrap()[10..], own.data[..]);
                assert_eq!(pages.last().unwrap()[10..], own.data[..], "{phase:?}");
            }
        }
    }
}

#[test]
fn a_drive_with_small_transfers_is_fed_in_small_pieces() {
    struct Small(Box<dyn Transport>);
    impl Transport for Small {
        fn execute(
            &mut self,
            cdb: &Cdb,
            data: DataPhase<'_>,
            timeout: Duration,
        ) -> Result<Outcome, TransportError> {
            assert!(data.len() <= 10_000, "{} bytes in one command", data.len());
            self.0.execute(cdb, data, timeout)
        }

        fn max_transfer(&self) -> usize {
            10_000
        }

        fn name(&self) -> &str {
            self.0.name()
        }
    }
    for media in MEDIA {
        // Restricted overwrite takes whole ECC blocks only (MMC-6 clause 4), 32 KiB in one command.
        if media == MediaType::DVD_RW {
            continue;
        }
        let rig = Rig::blank(media);
        let recorder = rig.recorder_on(Box::new(Small(rig.watched())));
        DataBurn::new(options())
            .write(&recorder, Arc::new(image(SECTORS, 1)), &mut quiet, &CancelHandle::new())
            .unwrap_or_else(|e| panic!("{media}: {e}"));
    }
}
