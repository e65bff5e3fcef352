//! Each medium from blank to verified on the virtual recorder, and everything that must be refused before a write.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod rig;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use glassmaster_burn::{
    CancelHandle, CdWriteType, Closing, DataBurn, DataOptions, ErrorKind, Reload, Unsuitable, VerifyLevel,
    WriteAction,
};
use glassmaster_disc::{BlockSource, MediaType, SECTOR};
use glassmaster_recorder::{HResult, MediaState};
use glassmaster_scsi::{Cdb, DataPhase, Outcome, Transport, TransportError};

use rig::{FIVE, Rig, image, quiet};

fn full() -> DataOptions {
    DataOptions { verify: VerifyLevel::Full, ..DataOptions::default() }
}

#[test]
fn five_media_end_verified_and_hold_the_image() {
    for media in FIVE {
        for sectors in [1, 16, 333, 2500] {
            let rig = Rig::blank(media);
            let data = image(sectors, 5);
            let recorder = rig.recorder();
            let report = DataBurn::new(full())
                .write(&recorder, Arc::new(data.clone()), &mut quiet, &CancelHandle::new())
                .unwrap_or_else(|e| panic!("{media}, {sectors} sectors: {e}"));
            let verified = report.verified.unwrap();
            assert_eq!(verified.level, VerifyLevel::Full);
            assert_eq!(verified.sectors, data.block_count());
            assert_eq!(verified.sha256, report.sha256);
            assert_eq!(report.notes, Vec::<String>::new(), "{media}");
            assert!(!rig.tray_is_locked());
            // Another program opens the disc later.
            drop(recorder);
            let again = rig.reopened();
            let mut found = vec![0; data.len()];
            again.disc_source().unwrap().read_blocks(0, &mut found).unwrap();
            assert!(found == data, "{media}: the disc holds something else");
        }
    }
}

#[test]
fn what_a_write_leaves_behind_follows_the_options() {
    let open = DataOptions { disable_dvd_compatibility: true, ..DataOptions::default() };
    let close = DataOptions { force_close: true, ..DataOptions::default() };
    for (media, options, closing) in [
        (MediaType::CD_R, DataOptions::default(), Closing::Appendable),
        (MediaType::CD_R, close.clone(), Closing::Final),
        (MediaType::DVD_PLUS_R, DataOptions::default(), Closing::Final),
        (MediaType::DVD_PLUS_R, open, Closing::Appendable),
        (MediaType::BD_R, DataOptions::default(), Closing::Appendable),
        (MediaType::BD_R, close, Closing::Final),
        (MediaType::DVD_PLUS_RW, DataOptions::default(), Closing::Overwritable),
        (MediaType::BD_RE, DataOptions::default(), Closing::Overwritable),
    ] {
        let rig = Rig::blank(media);
        let recorder = rig.recorder();
        let options = DataOptions { verify: VerifyLevel::Quick, ..options };
        let report = DataBurn::new(options)
            .write(&recorder, Arc::new(image(400, 1)), &mut quiet, &CancelHandle::new())
            .unwrap();
        assert_eq!(report.closing, closing, "{media}");
        let state = recorder.medium().unwrap().state;
        assert_eq!(state.contains(MediaState::FINALIZED), closing == Closing::Final, "{media}: {state:?}");
        assert_eq!(
            state.contains(MediaState::APPENDABLE),
            closing == Closing::Appendable,
            "{media}: {state:?}"
        );
    }
}

#[test]
fn track_at_once_and_a_second_session() {
    let rig = Rig::blank(MediaType::CD_R);
    let recorder = rig.recorder();
    let options = DataOptions { cd_write_type: CdWriteType::TrackAtOnce, ..full() };
    let first = image(700, 1);
    let report = DataBurn::new(options.clone())
        .write(&recorder, Arc::new(first.clone()), &mut quiet, &CancelHandle::new())
        .unwrap();
    assert_eq!((report.start_lba.0, report.padding), (0, 150));
    let next = recorder.medium().unwrap().next_writable;
    assert!(next.0 > 850, "{next}");
    let second = image(900, 2);
    let report = DataBurn::new(full())
        .write(&recorder, Arc::new(second.clone()), &mut quiet, &CancelHandle::new())
        .unwrap();
    assert_eq!(report.start_lba, next);
    let disc = recorder.disc_source_of(u64::try_from(next.0).unwrap() + 900);
    let mut found = vec![0; first.len()];
    disc.read(0, &mut found).unwrap();
    assert!(found == first, "the first session was damaged by the second");
}

#[test]
fn several_sessions_on_one_write_once_disc() {
    for media in [MediaType::DVD_PLUS_R, MediaType::BD_R] {
        let rig = Rig::blank(media);
        let recorder = rig.recorder();
        let options = DataOptions { disable_dvd_compatibility: true, ..full() };
        let mut starts = Vec::new();
        for seed in 0..3 {
            let report = DataBurn::new(options.clone())
                .write(&recorder, Arc::new(image(100, seed)), &mut quiet, &CancelHandle::new())
                .unwrap_or_else(|e| panic!("{media}, session {seed}: {e}"));
            starts.push(u64::try_from(report.start_lba.0).unwrap());
        }
        assert!(starts.windows(2).all(|w| w[0] + 100 <= w[1]), "{starts:?}");
        for (seed, start) in (0..).zip(starts) {
            let mut found = vec![0; 100 * SECTOR];
            recorder.disc_source_of(start + 100).read(start, &mut found).unwrap();
            assert!(found == image(100, seed));
        }
    }
}

#[test]
fn overwriting_needs_to_be_asked_for() {
    for media in [MediaType::DVD_PLUS_RW, MediaType::BD_RE] {
        let rig = Rig::blank(media);
        let recorder = rig.recorder();
        let burn = DataBurn::new(full());
        burn.write(&recorder, Arc::new(image(500, 1)), &mut quiet, &CancelHandle::new()).unwrap();
        let error =
            burn.write(&recorder, Arc::new(image(400, 2)), &mut quiet, &CancelHandle::new()).unwrap_err();
        assert!(error.is_unsuitable());
        assert_eq!(error.hresult(), HResult(0xC0AA_0405));
        let mut found = vec![0; 500 * SECTOR];
        recorder.disc_source_of(500).read(0, &mut found).unwrap();
        assert!(found == image(500, 1), "{media}: a refused write touched the disc");
        let force = DataBurn::new(DataOptions { force_overwrite: true, ..full() });
        force.write(&recorder, Arc::new(image(400, 2)), &mut quiet, &CancelHandle::new()).unwrap();
    }
}

#[test]
fn unsuitable_media_are_refused_before_any_write() {
    let refuse = |rig: &Rig, options: DataOptions, sectors: usize| {
        let recorder = rig.recorder();
        let before = rig.writes();
        let error = DataBurn::new(options)
            .write(&recorder, Arc::new(image(sectors, 1)), &mut quiet, &CancelHandle::new())
            .unwrap_err();
        assert_eq!(rig.writes(), before, "something was sent to the disc");
        assert!(error.is_unsuitable(), "{error}");
        assert!(!error.next_step().is_empty());
        assert_eq!(error.phase(), WriteAction::ValidatingMedia);
        assert!(!rig.tray_is_locked());
        match error.kind() {
            ErrorKind::Unsuitable(why) => (why.clone(), error.hresult().0),
            other => panic!("{other}"),
        }
    };
    let none = Rig::empty();
    assert_eq!(refuse(&none, full(), 10), (Unsuitable::NoMedium, 0xC0AA_0202));

    for media in [MediaType::CD_R, MediaType::DVD_PLUS_R, MediaType::BD_R] {
        let rig = Rig::blank(media);
        let close = DataOptions { force_close: true, ..DataOptions::default() };
        DataBurn::new(close)
            .write(&rig.recorder(), Arc::new(image(400, 1)), &mut quiet, &CancelHandle::new())
            .unwrap();
        assert_eq!(refuse(&rig, full(), 10), (Unsuitable::Closed, 0xC0AA_0402), "{media}");
    }
    for media in [MediaType::DVD_PLUS_RW, MediaType::BD_RE] {
        let rig = Rig::write_protected(media);
        let (why, code) = refuse(&rig, full(), 10);
        assert!(matches!(why, Unsuitable::WriteProtected(_)), "{media}: {why}");
        assert_eq!(code, 0xC0AA_0209);
    }
}

/// A source as large as its number says, whose bytes are never asked for.
struct Huge(u64);

impl BlockSource for Huge {
    fn block_count(&self) -> u64 {
        self.0
    }

    fn read_blocks(&self, _: u64, buf: &mut [u8]) -> std::io::Result<()> {
        buf.fill(0);
        Ok(())
    }
}

#[test]
fn the_last_sector_that_fits_is_told_from_the_first_that_does_not() {
    for media in FIVE {
        let rig = Rig::blank(media);
        let recorder = rig.recorder();
        let burn = DataBurn::new(full());
        let medium = recorder.medium().unwrap();
        // CD: 150 of post-gap and 2 of run-out; the others write whole units, of which the medium has a whole number.
        let overhead = if media == MediaType::CD_R { 152 } else { 0 };
        let most = medium.free - overhead;
        let fits = burn.check(&recorder, most).unwrap_or_else(|e| panic!("{media}: {e}"));
        assert!(fits.needed <= medium.free);
        let error =
            burn.write(&recorder, Arc::new(Huge(most + 1)), &mut quiet, &CancelHandle::new()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unsuitable(Unsuitable::TooLarge { .. })), "{error}");
        assert_eq!(error.hresult(), HResult(0xC0AA_0404));
        assert_eq!(rig.writes(), 0);
    }
}

/// Capacities that the standards and the trade give: CD-R of 80 minutes up to 79:59:74, DVD+R of 4.7 GB, BD of 25 GB.
#[test]
fn capacities_are_those_of_the_trade() {
    for (media, least, most) in [
        (MediaType::CD_R, 359_000, 360_000),
        (MediaType::DVD_PLUS_R, 2_295_104, 2_295_104),
        (MediaType::DVD_PLUS_RW, 2_295_104, 2_295_104),
        (MediaType::BD_R, 11_826_176, 12_219_392),
        (MediaType::BD_RE, 11_826_176, 12_219_392),
    ] {
        let rig = Rig::blank(media);
        let medium = rig.recorder().medium().unwrap();
        assert_eq!(medium.kind, media);
        assert!(medium.state.contains(MediaState::BLANK), "{media}: {:?}", medium.state);
        assert!((least..=most).contains(&medium.free), "{media}: {}", medium.free);
    }
}

#[test]
fn events_come_in_the_documented_order() {
    for media in FIVE {
        let rig = Rig::blank(media);
        let mut actions: Vec<u8> = Vec::new();
        let mut last_done = 0;
        let recorder = rig.recorder();
        DataBurn::new(full())
            .write(
                &recorder,
                Arc::new(image(3000, 1)),
                &mut |event| {
                    if actions.last() != Some(&event.action.number()) {
                        actions.push(event.action.number());
                        last_done = 0;
                    }
                    assert!(event.done >= last_done && event.sector_count == 3000);
                    last_done = event.done;
                    ControlFlow::Continue(())
                },
                &CancelHandle::new(),
            )
            .unwrap();
        let formats = matches!(media, MediaType::DVD_PLUS_RW | MediaType::BD_RE);
        let calibrates = !formats;
        let mut expected = vec![0];
        expected.extend(formats.then_some(1));
        expected.push(2);
        expected.extend(calibrates.then_some(3));
        expected.extend([4, 5, 7, 6]);
        assert_eq!(actions, expected, "{media}");
    }
}

#[test]
fn a_reload_before_verification_reads_from_the_disc_itself() {
    for media in FIVE {
        let rig = Rig::blank(media);
        let recorder = rig.recorder();
        let options = DataOptions { reload: Reload::Always, ..full() };
        DataBurn::new(options)
            .write(&recorder, Arc::new(image(600, 1)), &mut quiet, &CancelHandle::new())
            .unwrap_or_else(|e| panic!("{media}: {e}"));
        assert!(!rig.tray_is_locked());
        assert_eq!(rig.ejects(), 1);
    }
}

#[test]
fn a_drive_whose_buffer_is_often_full_is_waited_for() {
    let rig = Rig::stalling(MediaType::BD_R, 3);
    let recorder = rig.recorder();
    let report = DataBurn::new(full())
        .write(&recorder, Arc::new(image(3000, 1)), &mut quiet, &CancelHandle::new())
        .unwrap();
    assert!(report.stalls >= 20, "{}", report.stalls);
}

#[test]
fn a_drive_is_held_while_it_writes() {
    let rig = Rig::blank(MediaType::BD_R);
    let recorder = rig.recorder();
    let mut owners = Vec::new();
    DataBurn::new(DataOptions { client_name: "night job 7".to_owned(), ..full() })
        .write(
            &recorder,
            Arc::new(image(64, 1)),
            &mut |_| {
                owners.push(recorder.exclusive_access_owner());
                ControlFlow::Continue(())
            },
            &CancelHandle::new(),
        )
        .unwrap();
    assert!(owners.iter().all(|o| o.as_deref() == Some("night job 7")));
    assert_eq!(recorder.exclusive_access_owner(), None);
    let bad = DataBurn::new(DataOptions { client_name: String::new(), ..full() });
    let error = bad.write(&recorder, Arc::new(image(64, 1)), &mut quiet, &CancelHandle::new()).unwrap_err();
    assert_eq!(error.hresult(), HResult(0xC0AA_0408));
}

/// A drive whose background format of a DVD+RW goes on: BG FORMAT STATUS 10b in byte 7 of the disc information.
struct StillFormatting(Box<dyn Transport>);

impl Transport for StillFormatting {
    fn execute(
        &mut self,
        cdb: &Cdb,
        mut data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        let outcome = self.0.execute(cdb, data.reborrow(), timeout)?;
        if let (0x51, DataPhase::In(buf)) = (cdb.opcode(), data) {
            // Not before the format was asked for.
            if buf[7] & 3 != 0 {
                buf[7] = buf[7] & !3 | 2;
            }
        }
        Ok(outcome)
    }

    fn max_transfer(&self) -> usize {
        self.0.max_transfer()
    }

    fn name(&self) -> &str {
        self.0.name()
    }
}

#[test]
fn a_background_format_that_still_runs_is_ended() {
    for (disable_dvd_compatibility, function) in [(false, 2), (true, 0)] {
        let rig = Rig::blank(MediaType::DVD_PLUS_RW);
        let recorder = rig.recorder_on(Box::new(StillFormatting(rig.watched())));
        let options = DataOptions { disable_dvd_compatibility, ..full() };
        DataBurn::new(options)
            .write(&recorder, Arc::new(image(100, 1)), &mut quiet, &CancelHandle::new())
            .unwrap();
        let blocks = rig.seen.blocks.lock().unwrap();
        let closes: Vec<_> = blocks.iter().filter(|cdb| cdb[0] == 0x5B).collect();
        assert_eq!(closes, [&vec![0x5B, 1, function, 0, 0, 0, 0, 0, 0, 0]]);
    }
}
