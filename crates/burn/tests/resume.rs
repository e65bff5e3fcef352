//! Writes that break off at any command are gone on with, on the disc they were begun on and with the image they were
//! begun with, and nowhere else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod rig;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use glassmaster_burn::{
    CancelHandle, DashWriteType, DataBurn, DataOptions, Error, ErrorKind, Event, Journal, Unsuitable,
    VerifyLevel, WriteAction,
};
use glassmaster_disc::{BlockRange, BlockRangeList, MediaType, SECTOR};
use glassmaster_recorder::DiscRecorder;
use glassmaster_scsi::{Cdb, DataPhase, Outcome, Transport, TransportError};

use rig::{Rig, image, quiet};

const SECTORS: usize = 1200;

/// A connection that is gone from its WRITE of that number on, or from its CLOSE TRACK SESSION.
struct Cut<T> {
    inner: T,
    writes: u32,
    closes: u32,
}

impl<T: Transport> Transport for Cut<T> {
    fn execute(
        &mut self,
        cdb: &Cdb,
        data: DataPhase<'_>,
        limit: Duration,
    ) -> Result<Outcome, TransportError> {
        if cdb.opcode() == 0x2A && self.writes > 0 {
            self.writes -= 1;
        }
        if cdb.opcode() == 0x5B && self.closes > 0 {
            self.closes -= 1;
        }
        if self.writes == 0 || self.closes == 0 {
            let device = self.inner.name().to_owned();
            return Err(TransportError::DeviceGone { device, detail: "cut".to_owned() });
        }
        self.inner.execute(cdb, data, limit)
    }

    fn max_transfer(&self) -> usize {
        self.inner.max_transfer()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }
}

fn options() -> DataOptions {
    DataOptions {
        verify: VerifyLevel::Full,
        disable_dvd_compatibility: true,
        dash_write_type: DashWriteType::Incremental,
        safe_point_every: 128,
        ..DataOptions::default()
    }
}

/// A disc on which a write broke off, and its journal.
fn broken(media: MediaType, writes: u32) -> (Rig, tempfile::TempDir, Journal) {
    let (rig, folder) = (Rig::blank(media), tempfile::tempdir().unwrap());
    let journal = Journal::at(folder.path().join("burn.journal"));
    let recorder = rig.recorder_on(Box::new(Cut { inner: rig.watched(), writes, closes: u32::MAX }));
    let source = Arc::new(image(SECTORS, 1));
    let result = DataBurn::new(options()).write_with_journal(
        &recorder,
        source,
        &journal,
        &mut quiet,
        &CancelHandle::new(),
    );
    assert!(result.is_err(), "{media}");
    drop(recorder);
    (rig, folder, journal)
}

fn resume(recorder: &DiscRecorder, journal: &Journal, seed: u64) -> Result<u64, Error> {
    let source = Arc::new(image(SECTORS, seed));
    let burn = DataBurn::new(options());
    let report = burn.resume(recorder, source, journal, &mut quiet, &CancelHandle::new())?;
    assert!(report.verified.is_some() && report.sha256.is_some());
    Ok(report.sectors)
}

fn reason(error: &Error) -> &str {
    match error.kind() {
        ErrorKind::Unsuitable(Unsuitable::NoResume(text)) | ErrorKind::Journal { why: text, .. } => text,
        other => panic!("{other}"),
    }
}

#[test]
fn the_rest_is_written_and_the_whole_is_verified() {
    let media = [
        MediaType::DVD_PLUS_R,
        MediaType::BD_R,
        MediaType::DVD_R,
        MediaType::DVD_PLUS_RW,
        MediaType::DVD_RAM,
        MediaType::BD_RE,
        MediaType::DISK,
    ];
    for media in media {
        for writes in [2, 9, 23, 38] {
            let (rig, _folder, journal) = broken(media, writes);
            let begun = rig.writes();
            let recorder = rig.recorder();
            let sectors = resume(&recorder, &journal, 1).unwrap_or_else(|e| panic!("{media}, {writes}: {e}"));
            assert_eq!(sectors, SECTORS as u64);
            // Less than all over again, as soon as there was a safe point.
            let again = rig.writes() - begun;
            assert!(writes < 9 || again < 38, "{media}: {again} writes after {writes}");
            let mut found = vec![0; SECTORS * SECTOR];
            recorder.disc_source_of(SECTORS as u64).read(0, &mut found).unwrap();
            assert!(found == image(SECTORS, 1), "{media}, {writes}");
            assert_eq!(journal.read().unwrap(), None, "{media}");
        }
    }
}

#[test]
fn another_image_another_disc_and_another_type_are_refused() {
    let (rig, _folder, journal) = broken(MediaType::BD_R, 20);
    let before = rig.writes();
    let error = resume(&rig.recorder(), &journal, 2).unwrap_err();
    assert!(reason(&error).contains("another image"), "{error}");
    assert_eq!(rig.writes(), before);

    let (other, _other_folder, _) = broken(MediaType::DVD_PLUS_R, 20);
    let error = resume(&other.recorder(), &journal, 1).unwrap_err();
    assert!(reason(&error).contains("begun on a BD-R, this is a DVD+R"), "{error}");

    let blank = Rig::blank(MediaType::BD_R);
    let error = resume(&blank.recorder(), &journal, 1).unwrap_err();
    assert!(reason(&error).contains("no session that was begun"), "{error}");
    assert_eq!(blank.writes(), 0);

    // The same type and state, but what lies there is something else.
    let (foreign, folder) = (Rig::blank(MediaType::BD_R), tempfile::tempdir().unwrap());
    let recorder =
        foreign.recorder_on(Box::new(Cut { inner: foreign.watched(), writes: 20, closes: u32::MAX }));
    let own = Journal::at(folder.path().join("own.journal"));
    let source = Arc::new(image(SECTORS, 3));
    let burn = DataBurn::new(options());
    burn.write_with_journal(&recorder, source, &own, &mut quiet, &CancelHandle::new()).unwrap_err();
    drop(recorder);
    let before = foreign.writes();
    let error = resume(&foreign.recorder(), &journal, 1).unwrap_err();
    assert!(reason(&error).contains("is not the image"), "{error}");
    assert_eq!(foreign.writes(), before);

    // And the right ones still go together.
    resume(&rig.recorder(), &journal, 1).unwrap();
}

/// A new part and, behind it in time, what leads to it: the way sessions are added to media that can be overwritten.
#[test]
fn parts_of_a_medium_are_gone_on_with_in_their_order() {
    let whole = [(352, 671), (0, 31), (704, 735)].map(|(first, last)| BlockRange::new(first, last).unwrap());
    let ranges = BlockRangeList(whole.to_vec());
    for media in [MediaType::DVD_PLUS_RW, MediaType::DVD_RAM, MediaType::BD_RE, MediaType::DISK] {
        for writes in [2, 7, 11, 12] {
            let (rig, folder) = (Rig::blank(media), tempfile::tempdir().unwrap());
            let journal = Journal::at(folder.path().join("burn.journal"));
            let burn = DataBurn::new(options());
            let (old, new) = (Arc::new(image(740, 1)), Arc::new(image(740, 2)));
            burn.write(&rig.recorder(), old.clone(), &mut quiet, &CancelHandle::new()).unwrap();
            let cut = rig.recorder_on(Box::new(Cut { inner: rig.watched(), writes, closes: u32::MAX }));
            let handle = CancelHandle::new();
            let broken =
                burn.write_ranges_with_journal(&cut, new.clone(), &ranges, &journal, &mut quiet, &handle);
            assert!(broken.is_err(), "{media}");
            drop(cut);
            // Other places for the same data are another image.
            let others = BlockRangeList(vec![whole[0], whole[2], whole[1]]);
            let recorder = rig.recorder();
            let before = rig.writes();
            let error = burn
                .resume_ranges(&recorder, new.clone(), &others, &journal, &mut quiet, &handle)
                .unwrap_err();
            assert!(reason(&error).contains("another image"), "{error}");
            assert_eq!(rig.writes(), before);
            let report = burn.resume_ranges(&recorder, new.clone(), &ranges, &journal, &mut quiet, &handle);
            let report = report.unwrap_or_else(|e| panic!("{media}, {writes}: {e}"));
            assert_eq!(report.sectors, 384);
            assert!(report.verified.is_some());
            // Less than all over again, as soon as there was a safe point.
            assert!(writes < 7 || rig.writes() - before < 12, "{media}: {}", rig.writes() - before);
            let mut found = vec![0; 740 * SECTOR];
            recorder.disc_source_of(740).read(0, &mut found).unwrap();
            let mut expected = old.to_vec();
            for range in &whole {
                let [first, end] = [range.first(), range.last() + 1].map(|n| n as usize * SECTOR);
                expected[first..end].copy_from_slice(&new[first..end]);
            }
            assert!(found == expected, "{media}, {writes}");
            assert_eq!(journal.read().unwrap(), None, "{media}");
        }
    }
}

/// Whatever of closing is missing is made up for.
#[test]
fn a_write_that_broke_off_while_it_was_closed_is_closed() {
    for media in [MediaType::DVD_PLUS_R, MediaType::BD_R, MediaType::DVD_R] {
        for (closes, sessions) in [(1, 1), (2, 1), (1, 2), (2, 2)] {
            let (rig, folder) = (Rig::blank(media), tempfile::tempdir().unwrap());
            let journal = Journal::at(folder.path().join("burn.journal"));
            let (burn, handle) = (DataBurn::new(options()), CancelHandle::new());
            let source = Arc::new(image(SECTORS, 1));
            if sessions == 2 {
                burn.write(&rig.recorder(), Arc::new(image(300, 5)), &mut quiet, &handle).unwrap();
            }
            let cut = rig.recorder_on(Box::new(Cut { inner: rig.watched(), writes: u32::MAX, closes }));
            let broken = burn.write_with_journal(&cut, source, &journal, &mut quiet, &handle);
            assert!(broken.is_err(), "{media}");
            drop(cut);
            let recorder = rig.recorder();
            let writes = rig.writes();
            resume(&recorder, &journal, 1).unwrap_or_else(|e| panic!("{media}, {closes}, {sessions}: {e}"));
            assert_eq!(rig.writes(), writes, "{media}: nothing was missing but the end");
            let found = recorder.sessions().unwrap();
            assert_eq!(found.len(), sessions, "{media}");
            assert_eq!(journal.read().unwrap(), None, "{media}");
            // Left as open as by a burn that nothing disturbed.
            let other = Rig::blank(media);
            for (sectors, seed) in [(300, 5), (SECTORS, 1)].into_iter().skip(2 - sessions) {
                burn.write(&other.recorder(), Arc::new(image(sectors, seed)), &mut quiet, &handle).unwrap();
            }
            let [state, expected] = [&recorder, &other.recorder()].map(|r| r.medium().unwrap().state);
            assert_eq!(state, expected, "{media}, {closes}, {sessions}");
            assert_eq!(found, other.recorder().sessions().unwrap(), "{media}, {closes}, {sessions}");
        }
    }
}

/// Disc at once ends with its recording: there is no journal that would promise anything else.
#[test]
fn disc_at_once_keeps_no_journal() {
    for media in [MediaType::DVD_R, MediaType::DVD_RW] {
        let (rig, folder) = (Rig::blank(media), tempfile::tempdir().unwrap());
        let journal = Journal::at(folder.path().join("burn.journal"));
        let cut = rig.recorder_on(Box::new(Cut { inner: rig.watched(), writes: 9, closes: u32::MAX }));
        let burn = DataBurn::new(DataOptions { dash_write_type: DashWriteType::DiscAtOnce, ..options() });
        let (source, handle) = (Arc::new(image(SECTORS, 1)), CancelHandle::new());
        burn.write_with_journal(&cut, source.clone(), &journal, &mut quiet, &handle).unwrap_err();
        drop(cut);
        assert_eq!(journal.read().unwrap(), None, "{media}");
        let (recorder, writes) = (rig.recorder(), rig.writes());
        let error = burn.resume(&recorder, source.clone(), &journal, &mut quiet, &handle).unwrap_err();
        assert!(
            reason(&error).contains("no burn was broken off that can be gone on with"),
            "{media}: {error}"
        );
        let anew = burn.write(&recorder, source, &mut quiet, &handle).unwrap_err();
        assert!(anew.is_unsuitable() && rig.writes() == writes, "{media}: {anew}");
    }
}

/// A journal that cannot be kept up any more is told of, and taken away in the end all the same.
#[test]
fn a_journal_that_is_given_up_is_not_left_behind() {
    for media in [MediaType::BD_R, MediaType::DVD_RAM] {
        let (rig, folder) = (Rig::blank(media), tempfile::tempdir().unwrap());
        let journal = Journal::at(folder.path().join("burn.journal"));
        let mut events = |event: &Event| {
            if event.action == WriteAction::WritingData
                && !folder.path().join("burn.journal.partial").exists()
            {
                assert!(journal.read().unwrap().is_some(), "{media}");
                std::fs::create_dir(folder.path().join("burn.journal.partial")).unwrap();
            }
            ControlFlow::Continue(())
        };
        let source = Arc::new(image(SECTORS, 1));
        let burn = DataBurn::new(options());
        let report = burn
            .write_with_journal(&rig.recorder(), source, &journal, &mut events, &CancelHandle::new())
            .unwrap();
        let told = report.notes.iter().filter(|note| note.contains("the journal was given up")).count();
        assert_eq!((told, journal.read().unwrap()), (1, None), "{media}: {:?}", report.notes);
    }
}
