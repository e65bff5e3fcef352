//! A job that is cancelled at any moment says what the medium is then, and that is true.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod rig;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use glassmaster_burn::{
    CancelHandle, CdWriteType, DashWriteType, DataBurn, DataOptions, Error, ErrorKind, VerifyLevel,
    WriteAction,
};
use glassmaster_disc::{MediaType, SECTOR};
use glassmaster_recorder::{MediaState, Medium};
use glassmaster_scsi::{Cdb, DataPhase, Outcome, Transport, TransportError};

use rig::{Rig, image, quiet};

/// Moments of each job and medium.
const MOMENTS: u64 = 50;
const SECTORS: usize = 700;

const MEDIA: [MediaType; 13] = [
    MediaType::CD_R,
    MediaType::CD_RW,
    MediaType::DVD_R,
    MediaType::DVD_R_DL,
    MediaType::DVD_RW,
    MediaType::DVD_RAM,
    MediaType::DVD_PLUS_R,
    MediaType::DVD_PLUS_R_DL,
    MediaType::DVD_PLUS_RW,
    MediaType::DVD_PLUS_RW_DL,
    MediaType::BD_R,
    MediaType::BD_RE,
    MediaType::DISK,
];

/// Makes the request before its command of that number reaches the drive.
struct CancelAt<T> {
    inner: T,
    handle: CancelHandle,
    count: Arc<AtomicU64>,
    at: u64,
}

impl<T: Transport> Transport for CancelAt<T> {
    fn execute(
        &mut self,
        cdb: &Cdb,
        data: DataPhase<'_>,
        limit: Duration,
    ) -> Result<Outcome, TransportError> {
        if self.count.fetch_add(1, Ordering::Relaxed) == self.at {
            self.handle.cancel();
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

/// What is done to the medium.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    /// The first write, closed or open as the medium likes it best.
    First,
    /// The first write, disc or session at once where the medium has that.
    AtOnce,
    /// The first write, left open, in pieces where the medium has that.
    Open,
    /// A second session, or overwriting the first.
    Second,
}

fn options(kind: Kind) -> DataOptions {
    let open =
        DataOptions { verify: VerifyLevel::Full, disable_dvd_compatibility: true, ..DataOptions::default() };
    match kind {
        Kind::First => DataOptions { verify: VerifyLevel::Quick, ..DataOptions::default() },
        Kind::AtOnce => DataOptions {
            cd_write_type: CdWriteType::SessionAtOnce,
            dash_write_type: DashWriteType::DiscAtOnce,
            force_close: true,
            ..open
        },
        Kind::Open | Kind::Second => DataOptions {
            cd_write_type: CdWriteType::TrackAtOnce,
            dash_write_type: if kind == Kind::Open {
                DashWriteType::Incremental
            } else {
                DashWriteType::Auto
            },
            force_overwrite: kind == Kind::Second,
            ..open
        },
    }
}

/// A blank medium, or one that holds what a second job adds to.
fn prepared(kind: Kind, media: MediaType) -> Rig {
    let rig = Rig::blank(media);
    if kind == Kind::Second {
        let source = Arc::new(image(300, 1));
        let result = DataBurn::new(DataOptions { verify: VerifyLevel::None, ..options(Kind::Second) }).write(
            &rig.recorder(),
            source,
            &mut quiet,
            &CancelHandle::new(),
        );
        result.unwrap_or_else(|e| panic!("{media}: {e}"));
    }
    rig
}

/// What of a medium a statement is about.
fn facts(medium: &Medium) -> (MediaType, MediaState, i32, u64) {
    (medium.kind, medium.state, medium.next_writable.0, medium.free)
}

/// Runs the job with the request before command `at`; the number of commands it took.
fn run(kind: Kind, media: MediaType, at: u64) -> (Rig, Medium, Result<u64, Error>, u64) {
    let rig = prepared(kind, media);
    let before = rig.reopened().medium().unwrap();
    let (handle, count) = (CancelHandle::new(), Arc::new(AtomicU64::new(0)));
    let transport =
        CancelAt { inner: rig.watched(), handle: handle.clone(), count: Arc::clone(&count), at: u64::MAX };
    // Opening the drive is no part of the job.
    let recorder = {
        let recorder = rig.recorder_on(Box::new(transport));
        let opened = count.load(Ordering::Relaxed);
        drop(recorder);
        count.store(0, Ordering::Relaxed);
        let at = at.saturating_add(opened);
        rig.recorder_on(Box::new(CancelAt {
            inner: rig.watched(),
            handle: handle.clone(),
            count: Arc::clone(&count),
            at,
        }))
    };
    let source = Arc::new(image(SECTORS, 2));
    let result = DataBurn::new(options(kind)).write(&recorder, source, &mut quiet, &handle);
    let result = result.map(|report| u64::try_from(report.start_lba.0).unwrap());
    (rig, before, result, count.load(Ordering::Relaxed))
}

/// Holds what the job says against the medium, as a fresh drive finds it.
fn check(kind: Kind, media: MediaType, at: u64) -> &'static str {
    let what = format!("{kind:?} on {media}, cancelled before command {at}");
    let (rig, before, result, _) = run(kind, media, at);
    assert!(!rig.tray_is_locked(), "{what}: the tray is locked");
    let recorder = rig.reopened();
    let now = recorder.medium().unwrap();
    let holds = |start: u64, sectors: u64| {
        let mut found = vec![0; usize::try_from(sectors).unwrap() * SECTOR];
        let read = recorder.disc_source_of(start + sectors).read(start, &mut found);
        read.is_ok() && image(SECTORS, 2).starts_with(&found)
    };
    let error = match result {
        Ok(start) => {
            assert!(holds(start, SECTORS as u64), "{what}: said to be done");
            return "came too late";
        }
        Err(error) => error,
    };
    assert!(error.is_cancelled(), "{what}: {error}");
    let Some(said) = error.medium() else {
        assert_eq!(error.phase(), WriteAction::ValidatingMedia, "{what}: {error}");
        assert_eq!(facts(&now), facts(&before), "{what}: nothing is said of a change");
        return "nothing was done";
    };
    let text = error.to_string();
    if text.contains("cannot be used") {
        // The session was announced as a whole, and a drive that has lost power meanwhile does not even know that: nothing
        // can be added, and it is not to be had for a whole one.
        for medium in [said, &now] {
            let unusable = MediaState::NON_EMPTY_SESSION | MediaState::DAMAGED;
            let usable = MediaState::BLANK | MediaState::APPENDABLE | MediaState::FINALIZED;
            assert!(medium.state.intersects(unusable), "{what}: {text}");
            assert!(!medium.state.intersects(usable), "{what}: {text}");
        }
        return "unusable";
    }
    assert_eq!(facts(said), facts(&now), "{what}: {error}");
    let ErrorKind::Cancelled { written, sectors } = error.kind() else { panic!("{what}: {error}") };
    assert_eq!(*sectors, SECTORS as u64);
    if *written == 0 && error.phase().number() < WriteAction::WritingData.number() {
        return "prepared only";
    }
    let start = if now.state.contains(MediaState::OVERWRITE_ONLY) {
        0
    } else {
        u64::try_from(before.next_writable.0).unwrap()
    };
    assert!(holds(start, *written), "{what}: {written} sectors are said to be on it: {text}");
    if text.contains("closed as a session") {
        let last = *recorder.sessions().unwrap().last().unwrap();
        assert_eq!(u64::from(last.start), start, "{what}: {text}");
        assert!(u64::from(last.last) + 1 >= start + written, "{what}: {text}");
    }
    if text.contains("another one can follow") {
        assert!(now.state.contains(MediaState::APPENDABLE), "{what}: {text}");
    }
    if text.contains("only its check is missing") {
        assert!(holds(start, SECTORS as u64), "{what}: {text}");
    }
    "told what is on it"
}

/// Every medium, at moments spread over the whole job by a fixed seed.
fn at_any_moment(kind: Kind, media: &[MediaType]) {
    for &media in media {
        let (_, _, whole, commands) = run(kind, media, u64::MAX - 1000);
        whole.unwrap_or_else(|e| panic!("{kind:?} on {media}: {e}"));
        let mut state = 0x5EED ^ u64::from(media.0);
        let mut outcomes = std::collections::BTreeMap::new();
        for _ in 0..MOMENTS {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *outcomes.entry(check(kind, media, (state >> 33) % commands)).or_insert(0) += 1;
        }
        println!("{kind:?} on {media}: {commands} commands, {outcomes:?}");
    }
}

#[test]
fn a_first_write() {
    at_any_moment(Kind::First, &MEDIA);
}

#[test]
fn a_write_at_once() {
    let media = [MediaType::CD_R, MediaType::CD_RW, MediaType::DVD_R, MediaType::DVD_R_DL, MediaType::DVD_RW];
    at_any_moment(Kind::AtOnce, &media);
}

#[test]
fn a_write_that_leaves_the_disc_open() {
    let media = [
        MediaType::CD_R,
        MediaType::CD_RW,
        MediaType::DVD_R,
        MediaType::DVD_RW,
        MediaType::DVD_PLUS_R,
        MediaType::BD_R,
    ];
    at_any_moment(Kind::Open, &media);
}

#[test]
fn a_second_session_or_overwriting() {
    let once = [MediaType::DVD_R_DL, MediaType::DVD_PLUS_R_DL];
    let media: Vec<_> = MEDIA.into_iter().filter(|m| !once.contains(m)).collect();
    at_any_moment(Kind::Second, &media);
}
