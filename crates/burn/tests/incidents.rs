//! What a drive says beside its answers, and what happens beside a write: errors of earlier writes and resets that are told to
//! a question that does not matter, a disc that is exchanged behind the back of the look at it, and two pieces of work on one
//! drive.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod rig;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use glassmaster_burn::{
    CancelHandle, Closing, DataBurn, DataOptions, DataStream, DiscErase, DiscFormatData, DiscFormatErase,
    EraseOptions, Error, VerifyLevel, WriteAction, WriteEngine,
};
use glassmaster_disc::clock::Clock;
use glassmaster_disc::stream::{Sectors, Zero};
use glassmaster_disc::{BlockRange, BlockRangeList, BlockSource, HResult, Lba, MediaType, SECTOR};
use glassmaster_recorder::{DiscRecorder, MediaState};
use glassmaster_scsi::{Cdb, DataPhase, Outcome, Sense, Transport, TransportError};
use glassmaster_vdrive::{Disc, DriveOptions, MediumOptions, MediumSize, VirtualDrive};

use rig::{FIVE, MEDIA, Rig, image, quiet};

/// A drive whose answers are replaced where the test has one of its own.
struct Meddled<T, F> {
    inner: T,
    meddle: F,
}

impl<T: Transport, F: FnMut(&Cdb, &mut T) -> Option<Outcome> + Send> Transport for Meddled<T, F> {
    fn execute(
        &mut self,
        cdb: &Cdb,
        data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        match (self.meddle)(cdb, &mut self.inner) {
            Some(outcome) => Ok(outcome),
            None => self.inner.execute(cdb, data, timeout),
        }
    }

    fn max_transfer(&self) -> usize {
        self.inner.max_transfer()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }
}

/// A drive whose data are changed on the way.
struct Retold<F>(Box<dyn Transport>, F);

impl<F: FnMut(&Cdb, &mut [u8]) + Send> Transport for Retold<F> {
    fn execute(
        &mut self,
        cdb: &Cdb,
        mut data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        let outcome = self.0.execute(cdb, data.reborrow(), timeout)?;
        (self.1)(cdb, if let DataPhase::In(buf) = data { buf } else { &mut [] });
        Ok(outcome)
    }

    fn max_transfer(&self) -> usize {
        self.0.max_transfer()
    }

    fn name(&self) -> &str {
        self.0.name()
    }
}

fn deferred(key: u8, asc: u8, ascq: u8) -> Sense {
    let mut sense = Sense::of(key, asc, ascq);
    sense.deferred = true;
    sense
}

const SECTORS: usize = 320;

/// A burn without verification whose drive tells `sense` once, to the first command of `opcodes` after so many WRITEs.
/// Every WRITE takes a second, so that the drive is asked for its buffer between them.
fn told(media: MediaType, opcodes: &'static [u8], writes: u32, sense: Sense) -> Result<(), Error> {
    let rig = Rig::blank(media);
    let clock = rig.clock.clone();
    let (mut written, mut told) = (0, false);
    let recorder = rig.recorder_on(Box::new(Meddled {
        inner: rig.watched(),
        meddle: move |cdb: &Cdb, _: &mut Box<dyn Transport>| {
            if cdb.opcode() == 0x2A {
                clock.sleep(Duration::from_secs(1));
                written += 1;
            }
            let now = written >= writes && !told && opcodes.contains(&cdb.opcode());
            told |= now;
            now.then(|| Outcome::check(sense))
        },
    }));
    let burn = DataBurn::new(DataOptions { force_overwrite: true, ..DataOptions::default() });
    let result = burn.write(&recorder, Arc::new(image(SECTORS, 1)), &mut quiet, &CancelHandle::new());
    assert!(!rig.tray_is_locked());
    result.map(|report| assert!(report.verified.is_none()))
}

#[test]
fn what_concerns_a_write_is_heard_whatever_question_it_is_told_to() {
    // The buffer is asked for while data goes to the drive; speed, page and tray are put back when all is closed.
    let (buffer, putting_back): (&[u8], &[u8]) = (&[0x5C], &[0xB6, 0xBB, 0x55, 0x1E]);
    for media in FIVE {
        for sense in
            [deferred(3, 0x0C, 0), deferred(4, 0x09, 0), Sense::of(6, 0x29, 0), Sense::of(6, 0x28, 0)]
        {
            let error = told(media, buffer, 3, sense).expect_err("a write that lost data");
            assert_eq!(error.phase(), WriteAction::WritingData, "{media}: {error}");
            assert_eq!(error.sense(), Some(&sense), "{media}: {error}");
            assert!(error.to_string().contains("READ BUFFER CAPACITY"), "{media}: {error}");
        }
        let most = u32::try_from(SECTORS / 32).unwrap();
        let error = told(media, putting_back, most, deferred(3, 0x0C, 0)).expect_err("data was lost at last");
        assert_eq!(error.phase(), WriteAction::Finalization, "{media}: {error}");
        // An error that was recovered is none, and other news do not concern the disc.
        for sense in [deferred(1, 0x0C, 0), Sense::of(6, 0x5A, 1)] {
            told(media, buffer, 3, sense).unwrap_or_else(|e| panic!("{media}: {e}"));
        }
    }
}

#[test]
fn a_drive_that_is_reset_before_the_first_write_has_forgotten_what_it_was_told() {
    for media in MEDIA {
        // SET STREAMING, SET CD SPEED, SEND OPC INFORMATION, GET PERFORMANCE: the last commands before the first WRITE.
        let error = told(media, &[0xB6, 0xBB], 0, Sense::of(6, 0x29, 0)).expect_err("a write after a reset");
        assert!(error.sense().unwrap().is(6, 0x29, 0), "{media}: {error}");
        assert!(error.medium().is_none() || !error.medium().unwrap().state.is_empty());
    }
}

/// A drive whose disc somebody takes out and replaces by another one just before the tray is locked.
fn exchanged(
    first: MediaType,
    second: &std::path::Path,
    rig: &Rig,
    folder: &std::path::Path,
) -> DiscRecorder {
    let path = folder.join("first.disc");
    drop(Disc::create(&path, first, &MediumOptions::default()).unwrap());
    let mut drive = VirtualDrive::empty(DriveOptions::default());
    drive.insert(Disc::open(&path).unwrap()).map_err(|(e, _)| e).unwrap();
    let (second, mut done) = (second.to_owned(), false);
    rig.recorder_on(Box::new(Meddled {
        inner: drive,
        meddle: move |cdb: &Cdb, drive: &mut VirtualDrive| {
            if cdb.opcode() == 0x1E && cdb.byte(4) & 1 == 1 && !done {
                done = true;
                drive.take_out().unwrap();
                drive.insert(Disc::open(&second).unwrap()).map_err(|(e, _)| e).unwrap();
            }
            None
        },
    }))
}

#[test]
fn a_disc_that_is_exchanged_after_the_look_at_it_is_looked_at_itself() {
    for media in [MediaType::BD_RE, MediaType::DVD_RAM, MediaType::DVD_PLUS_RW] {
        let folder = tempfile::tempdir().unwrap();
        let precious = folder.path().join("precious.disc");
        drop(Disc::create(&precious, media, &MediumOptions::default()).unwrap());
        let rig = Rig::empty();
        let on = |path: &std::path::Path| rig.recorder_on(Box::new(VirtualDrive::open(path).unwrap()));
        let burn = DataBurn::default();
        burn.write(&on(&precious), Arc::new(image(64, 7)), &mut quiet, &CancelHandle::new()).unwrap();

        let recorder = exchanged(media, &precious, &rig, folder.path());
        let error = burn
            .write(&recorder, Arc::new(image(64, 1)), &mut quiet, &CancelHandle::new())
            .expect_err("a disc that nobody had looked at");
        assert_eq!(error.hresult(), HResult::DATA_MEDIA_NOT_BLANK, "{media}: {error}");
        drop(recorder);
        let mut found = vec![0; 64 * SECTOR];
        let disc = on(&precious);
        disc.wait_ready().unwrap();
        disc.disc_source_of(64).read(0, &mut found).unwrap();
        assert!(found == image(64, 7), "{media}: it was overwritten");
    }
    // A suitable one is written from where it takes data.
    let folder = tempfile::tempdir().unwrap();
    let second = folder.path().join("second.disc");
    drop(Disc::create(&second, MediaType::BD_R, &MediumOptions::default()).unwrap());
    let rig = Rig::empty();
    let recorder = rig.recorder_on(Box::new(VirtualDrive::open(&second).unwrap()));
    DataBurn::default().write(&recorder, Arc::new(image(64, 7)), &mut quiet, &CancelHandle::new()).unwrap();
    drop(recorder);
    let recorder = exchanged(MediaType::BD_R, &second, &rig, folder.path());
    let report = DataBurn::default()
        .write(&recorder, Arc::new(image(64, 1)), &mut quiet, &CancelHandle::new())
        .unwrap();
    assert!(report.start_lba > Lba(0), "the second session of the other disc");
}

#[test]
fn a_disc_that_is_exchanged_after_the_look_at_it_is_not_erased() {
    let folder = tempfile::tempdir().unwrap();
    let precious = folder.path().join("precious.disc");
    drop(Disc::create(&precious, MediaType::CD_RW, &MediumOptions::default()).unwrap());
    let rig = Rig::empty();
    let on = |path: &std::path::Path| rig.recorder_on(Box::new(VirtualDrive::open(path).unwrap()));
    DataBurn::default()
        .write(&on(&precious), Arc::new(image(400, 7)), &mut quiet, &CancelHandle::new())
        .unwrap();
    let recorder = exchanged(MediaType::CD_RW, &precious, &rig, folder.path());
    let error = DiscErase::default()
        .erase(&recorder, &mut |_| {}, &CancelHandle::new())
        .expect_err("a disc that nobody had looked at");
    assert!(error.to_string().contains("6/28/00"), "{error}");
    drop(recorder);
    let mut found = vec![0; 400 * SECTOR];
    let disc = on(&precious);
    disc.wait_ready().unwrap();
    disc.disc_source_of(400).read(0, &mut found).unwrap();
    assert!(found == image(400, 7));
}

fn ready(recorder: &DiscRecorder) -> DiscFormatData {
    let data = DiscFormatData::new();
    data.set_recorder(Some(recorder.clone())).unwrap();
    data.set_client_name("incidents").unwrap();
    data
}

#[test]
fn one_drive_does_one_piece_of_work_at_a_time() {
    const LOCKED: HResult = HResult(0xC0AA_0210);
    let rig = Rig::blank(MediaType::DVD_RAM);
    let recorder = rig.recorder();
    let (data, other) = (ready(&recorder), ready(&recorder));
    let erase = DiscFormatErase::new();
    erase.set_recorder(Some(recorder.clone())).unwrap();
    erase.set_client_name("incidents").unwrap();
    let engine = WriteEngine::new();
    engine.set_recorder(Some(recorder.clone())).unwrap();
    engine.set_bytes_per_sector(2048).unwrap();
    let stream = || DataStream::new(Arc::new(image(SECTORS, 1)));
    let section = |engine: &WriteEngine| {
        engine.write_section(&Zero::new(4096), Lba(0), 2, &mut |_| ControlFlow::Continue(()))
    };
    let slow = recorder.write_speeds().unwrap().last().unwrap().sectors_per_second;
    let passing = ready(&recorder);
    passing.set_write_speed(Some(slow), false).unwrap();
    let mut passing = Some(passing);
    let speeds = || rig.seen.opcodes.lock().unwrap().iter().filter(|op| **op == 0xB6).count();
    let mut asked = 0;
    data.write(&stream(), &mut |event| {
        if event.action == WriteAction::WritingData {
            // The speed of a write is its own, whoever asks for another one and gives it back.
            let before = speeds();
            drop(passing.take());
            assert_eq!(other.set_write_speed(Some(slow), false).expect_err("a speed").hresult(), LOCKED);
            assert_eq!(speeds(), before);
        }
        if [WriteAction::ValidatingMedia, WriteAction::WritingData, WriteAction::Finalization]
            .contains(&event.action)
        {
            asked += 1;
            other.set_force_overwrite(true).unwrap();
            let begun = other.write(&stream(), &mut quiet).expect_err("a write within a write");
            assert_eq!(begun.hresult(), LOCKED, "{begun}");
            let begun = erase.erase_media(&mut |_| {}).expect_err("an erase within a write");
            assert_eq!(begun.hresult(), LOCKED, "{begun}");
            assert_eq!(section(&engine).expect_err("an engine within a write").hresult(), LOCKED);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(asked >= 3);
    let mut asked = 0;
    engine
        .write_section(&Zero::new(4096), Lba(0), 2, &mut |_| {
            asked += 1;
            assert_eq!(other.write(&stream(), &mut quiet).expect_err("a write").hresult(), LOCKED);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(asked, 2);
    let mut asked = 0;
    erase
        .erase_media(&mut |_| {
            asked += 1;
            if asked == 2 {
                assert_eq!(other.write(&stream(), &mut quiet).expect_err("a write").hresult(), LOCKED);
            }
        })
        .unwrap();
    assert!(asked >= 2);
    // Afterwards everything is free again.
    other.write(&stream(), &mut quiet).unwrap();
    section(&engine).unwrap();
    erase.erase_media(&mut |_| {}).unwrap();
    assert!(recorder.exclusive_access_owner().is_none());
}

#[test]
fn ranges_are_kept_to_whatever_a_question_before_them_came_to() {
    let ranges = || BlockRangeList(vec![BlockRange::new(32, 63).unwrap()]);
    // Each GET CONFIGURATION in turn fails.
    for nth in 1..16 {
        let rig = Rig::blank(MediaType::BD_RE);
        let recorder = rig.recorder();
        ready(&recorder).write(&DataStream::new(Arc::new(image(320, 1))), &mut quiet).unwrap();
        drop(recorder);
        let recorder = rig.recorder();
        let data = ready(&recorder);
        data.set_force_overwrite(true).unwrap();
        drop(data);
        drop(recorder);
        let recorder = rig.recorder_with(&format!("op=46 nth={nth} sense=4/44/00"));
        let data = DiscFormatData::new();
        let Ok(()) = data.set_recorder(Some(recorder.clone())) else { continue };
        data.set_client_name("incidents").unwrap();
        data.set_force_overwrite(true).unwrap();
        let result = data.write(&DataStream::with_ranges(Arc::new(image(320, 7)), ranges()), &mut quiet);
        drop((data, recorder));
        let mut found = vec![0; 320 * SECTOR];
        let disc = rig.reopened();
        disc.wait_ready().unwrap();
        disc.disc_source_of(320).read(0, &mut found).unwrap();
        let (old, new) = (image(320, 1), image(320, 7));
        for (sector, bytes) in found.chunks(SECTOR).enumerate() {
            let renewed = (32..64).contains(&sector) && bytes == &new[sector * SECTOR..][..SECTOR];
            let kept = bytes == &old[sector * SECTOR..][..SECTOR];
            assert!(renewed || (kept && (result.is_err() || !(32..64).contains(&sector))), "{nth}: {sector}");
        }
    }
}

#[test]
fn an_erase_whose_zeros_are_lost_is_none() {
    for (media, full) in [(MediaType::DVD_RAM, false), (MediaType::BD_RE, false)] {
        let rig = Rig::blank(media);
        DataBurn::default()
            .write(&rig.recorder(), Arc::new(image(64, 7)), &mut quiet, &CancelHandle::new())
            .unwrap();
        // Takes everything and writes nothing.
        let recorder = rig.recorder_on(Box::new(Meddled {
            inner: rig.watched(),
            meddle: |cdb: &Cdb, _: &mut Box<dyn Transport>| {
                (cdb.opcode() == 0x2A).then(|| Outcome::good(32 * SECTOR))
            },
        }));
        let erase = DiscErase::new(EraseOptions { full, ..EraseOptions::default() });
        let error =
            erase.erase(&recorder, &mut |_| {}, &CancelHandle::new()).expect_err("nothing was erased");
        assert_eq!(error.hresult(), HResult(0x80AA_0907), "{media}: {error}");
    }
}

#[test]
fn a_sector_size_of_another_drive_is_refused_before_anything_is_sent() {
    let rig = Rig::blank(MediaType::CD_R);
    let engine = WriteEngine::new();
    // Without a recorder any size passes.
    engine.set_bytes_per_sector(0x7FFF_FFFF).unwrap();
    engine.set_recorder(Some(rig.recorder())).unwrap();
    let before = rig.commands();
    let result = engine
        .write_section(&Zero::new(u64::MAX), Lba(0), 1, &mut |_| ControlFlow::Continue(()))
        .expect_err("two gigabytes in one command");
    assert_eq!((result.hresult(), rig.commands()), (HResult::INVALID_ARGUMENT, before));
}

/// READ CAPACITY of a disk with other answers.
fn disk_of(last: u32, block: u32) -> (Rig, DiscRecorder) {
    let rig = Rig::blank(MediaType::DISK);
    let mut answer = [0; 8];
    answer[..4].copy_from_slice(&last.to_be_bytes());
    answer[4..].copy_from_slice(&block.to_be_bytes());
    let retold = Retold(rig.watched(), move |cdb: &Cdb, data: &mut [u8]| {
        if cdb.opcode() == 0x25 && !data.is_empty() {
            data[..8].copy_from_slice(&answer);
        }
    });
    let recorder = rig.recorder_on(Box::new(retold));
    (rig, recorder)
}

#[test]
fn disks_of_other_blocks_and_of_more_than_addresses_count() {
    for block in [512, 4096, 0, 2352] {
        let (rig, recorder) = disk_of(1_000_000, block);
        let data = ready(&recorder);
        let state = data.current_media_status().unwrap();
        assert!(state.is_unusable(), "{block}: {state:?}");
        let refused = data.write(&DataStream::new(Arc::new(image(1, 1))), &mut quiet).unwrap_err();
        assert_eq!(refused.hresult(), HResult(0xC0AA_0406), "{block}: {refused}");
        assert_eq!(rig.writes(), 0);
    }
    for last in [0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF] {
        let (_rig, recorder) = disk_of(last, 2048);
        let data = ready(&recorder);
        assert_eq!(data.total_sectors_on_media().unwrap(), i32::MAX, "{last:08X}");
        data.set_force_overwrite(true).unwrap();
        data.write(&DataStream::new(Arc::new(image(1, 1))), &mut quiet).unwrap();
    }
}

#[test]
fn a_speed_that_is_refused_is_not_the_speed_in_force() {
    for (media, plan) in [
        (MediaType::CD_R, "op=BB always sense=5/24/00"),
        (MediaType::BD_R, "op=BB always sense=5/20/00\nop=B6 always sense=5/24/00"),
    ] {
        let rig = Rig::blank(media);
        let slow = *rig.recorder().write_speeds().unwrap().last().unwrap();
        let burn = |speed| {
            let rig = Rig::blank(media);
            let burn = DataBurn::new(DataOptions { speed, ..DataOptions::default() });
            let source: Arc<dyn BlockSource> = Arc::new(image(320, 1));
            let report =
                burn.write(&rig.recorder_with(plan), source, &mut quiet, &CancelHandle::new()).unwrap();
            (report.speed, report.speed_result)
        };
        assert_eq!(burn(Some(slow.sectors_per_second)), (None, HResult::SPEED_ADJUSTED), "{media}");
        assert_eq!(burn(None), (None, HResult::OK), "{media}");
    }
}

#[test]
fn a_disc_that_the_drive_has_closed_by_itself_is_no_failure_and_told() {
    for media in [MediaType::DVD_R, MediaType::BD_R] {
        let rig = Rig::blank(media);
        let mut closed = false;
        let closes = Retold(rig.watched(), move |cdb: &Cdb, data: &mut [u8]| {
            closed |= cdb.opcode() == 0x5B;
            if closed && cdb.opcode() == 0x51 && !data.is_empty() {
                // Last session and disc are complete (MMC-6 6.21, byte 2).
                data[2] |= 0x0E;
                data[2] &= !1;
            }
        });
        let recorder = rig.recorder_on(Box::new(closes));
        let burn = DataBurn::new(DataOptions { verify: VerifyLevel::Full, ..DataOptions::default() });
        let report = burn.write(&recorder, Arc::new(image(64, 1)), &mut quiet, &CancelHandle::new()).unwrap();
        assert_eq!(report.closing, Closing::Final, "{media}");
        assert!(report.verified.is_some() && report.notes.iter().any(|n| n.contains("closed the disc")));
    }
}

#[test]
fn a_cd_is_closed_where_the_gap_between_sessions_leaves_too_little() {
    let size = MediumSize::named(MediaType::CD_R, "74min").unwrap();
    // Sectors behind the data; what is left of them when 11,400 lie between the sessions is 2 % of the disc or more.
    for (left, closing) in [(8_000, Closing::Final), (18_000, Closing::Final), (18_200, Closing::Appendable)]
    {
        let rig = Rig::sized(size);
        let recorder = rig.recorder();
        let sectors = recorder.medium().unwrap().free - 150 - left;
        let source: Arc<dyn BlockSource> = Arc::new(Sectors(Zero::new(sectors * 2048)));
        let burn = DataBurn::new(DataOptions { verify: VerifyLevel::Quick, ..DataOptions::default() });
        let report = burn.write(&recorder, source, &mut quiet, &CancelHandle::new()).unwrap();
        assert_eq!(report.closing, closing, "{left}");
        let open = recorder.medium().unwrap().state.contains(MediaState::APPENDABLE);
        assert_eq!(open, closing == Closing::Appendable, "{left}");
    }
}

#[test]
fn an_address_among_what_is_recorded_is_no_place_to_write() {
    for media in [MediaType::BD_R, MediaType::DVD_R, MediaType::DVD_PLUS_R] {
        let rig = Rig::blank(media);
        let options = DataOptions { disable_dvd_compatibility: true, ..DataOptions::default() };
        let burn = DataBurn::new(options);
        let write = |recorder: &DiscRecorder| {
            burn.write(recorder, Arc::new(image(64, 1)), &mut quiet, &CancelHandle::new())
        };
        write(&rig.recorder()).unwrap();
        let writes = rig.writes();
        for next in [0, 32, -1, i32::MIN] {
            let points = Retold(rig.watched(), move |cdb: &Cdb, data: &mut [u8]| {
                if cdb.opcode() == 0x52 && !data.is_empty() {
                    // Next writable address (MMC-6 6.26, bytes 12 to 15).
                    data[12..16].copy_from_slice(&next.to_be_bytes());
                }
            });
            let error = write(&rig.recorder_on(Box::new(points))).unwrap_err();
            assert_eq!(error.hresult(), HResult::DATA_INVALID_MEDIA_STATE, "{media}, {next}: {error}");
        }
        assert_eq!(rig.writes(), writes, "{media}");
    }
}
