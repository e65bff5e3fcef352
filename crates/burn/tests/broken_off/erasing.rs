//! Erasing that breaks off at any command can be done again, and what is said of the disc meanwhile is true.

use std::sync::Arc;

use glassmaster_burn::{
    CancelHandle, CdWriteType, DataBurn, DataOptions, DiscErase, EraseError, EraseOptions, EraseReport,
    VerifyLevel,
};
use glassmaster_disc::MediaType;
use glassmaster_recorder::{DiscRecorder, Error as DriveError, MediaState};

use crate::cut::Way;
use crate::rig::{image, quiet};
use crate::{Bench, Case, What, open};

/// Sectors of what is burnt onto a disc whose erasing broke off.
const SECTORS: usize = 48;

const MEDIA: [MediaType; 7] = [
    MediaType::CD_RW,
    MediaType::DVD_RW,
    MediaType::DVD_RAM,
    MediaType::DVD_PLUS_RW,
    MediaType::DVD_PLUS_RW_DL,
    MediaType::BD_RE,
    MediaType::DISK,
];

fn erase(recorder: &DiscRecorder, full: bool) -> Result<EraseReport, EraseError> {
    let options = EraseOptions { full, ..EraseOptions::default() };
    DiscErase::new(options).erase(recorder, &mut |_| (), &CancelHandle::new())
}

/// A drive that blanks a disc goes on with it whether anybody listens or not.
fn wait_until_done(recorder: &DiscRecorder, name: &str) {
    for _ in 0..100 {
        match recorder.wait_ready() {
            Err(DriveError::StillBusy { .. }) => {}
            other => return other.unwrap_or_else(|e| panic!("{name}: {e}")),
        }
    }
    panic!("{name}: it is never done");
}

/// A disc that passes as blank takes a first write, one that can be overwritten another one; what is neither has to be
/// erased and says so.
fn is_as_told(recorder: &DiscRecorder, name: &str) -> bool {
    let medium = recorder.medium().unwrap();
    let overwrites = medium.state.contains(MediaState::OVERWRITE_ONLY);
    let options = DataOptions {
        force_overwrite: true,
        verify: VerifyLevel::Full,
        cd_write_type: CdWriteType::TrackAtOnce,
        ..DataOptions::default()
    };
    let source = Arc::new(image(SECTORS, 5));
    let burnt = DataBurn::new(options).write(recorder, source, &mut quiet, &CancelHandle::new());
    if medium.state.contains(MediaState::BLANK) || overwrites {
        let report = burnt.unwrap_or_else(|e| panic!("{name}: {:?}: {e}", medium.state));
        assert_eq!((report.start_lba.0, report.verified.is_some()), (0, true), "{name}");
        return true;
    }
    // What was there is there as before, and takes another session or none.
    match burnt {
        Ok(report) => {
            assert!(medium.state.contains(MediaState::APPENDABLE) && report.start_lba.0 > 0, "{name}");
        }
        Err(error) => assert!(error.is_unsuitable(), "{name}: {:?}: {error}", medium.state),
    }
    false
}

#[test]
fn a_disc_whose_erasing_broke_off_is_erased_again() {
    for (media, full, timed) in MEDIA.into_iter().flat_map(|media| {
        let blanks = matches!(media, MediaType::CD_RW | MediaType::DVD_RW);
        let all = [(media, false, false), (media, false, true), (media, true, false), (media, true, true)];
        // A full erase by zeros is the same for hours.
        all.into_iter().filter(move |(_, full, _)| blanks || !full)
    }) {
        let options = DataOptions { cd_write_type: CdWriteType::TrackAtOnce, ..open() };
        let name = format!("erasing {media}, full {full}, timed {timed}");
        let case = Case { name, media, what: What::Second, options };
        let mut bench = Bench::new(&case);
        bench.timed = timed;
        let expected = bench.expected_of(|recorder| erase(recorder, full).unwrap());
        assert!(expected.facts[0].medium.state.contains(MediaState::BLANK), "{}", case.name);
        let step = usize::try_from(expected.commands / 30 + 1).unwrap();
        let mut burnt = 0;
        for way in [Way::Lost, Way::Unheard, Way::Dead] {
            for (nth, at) in (0..expected.commands).step_by(step).enumerate() {
                let drive = bench.start_again();
                let (moment, result) = bench.break_off_job(&drive, Some(at), way, |r| erase(r, full));
                let name =
                    format!("{}: {way:?} at {at} of {}, {:?}", case.name, expected.commands, moment.broken);
                assert!(moment.broken.is_some(), "{name}: {result:?}");
                let drive = bench.afterwards(drive, &moment);
                let recorder = bench.recorder(&drive);
                wait_until_done(&recorder, &name);
                if nth % 2 == 1 {
                    burnt += u32::from(is_as_told(&recorder, &name));
                } else {
                    erase(&recorder, full).unwrap_or_else(|e| panic!("{name}: {e}"));
                    drop(recorder);
                    bench.compare(drive, &expected, &name);
                }
            }
        }
        println!("{}: {} commands, burnt {burnt} times", case.name, expected.commands);
    }
}
