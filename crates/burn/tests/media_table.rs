//! Every medium in every size, from blank to closed and, where it can be, to blank again. What the drive says of the disc is
//! looked at after each step.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod rig;

use std::sync::Arc;

use glassmaster_burn::{
    BurnReport, CancelHandle, Closing, DashWriteType, DataBurn, DataOptions, DiscErase, EraseMethod,
    EraseOptions, Error, ErrorKind, SpareAreas, Unsuitable, VerifyLevel,
};
use glassmaster_disc::{MediaType, SECTOR};
use glassmaster_mmc::Profile;
use glassmaster_mmc::cmd::BlankType;
use glassmaster_recorder::{DiscRecorder, MediaState};
use glassmaster_vdrive::MediumSize;

use rig::{Rig, image, quiet};

/// How a medium grows.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Growth {
    /// Session by session.
    Sessions,
    /// One session.
    Once,
    /// All of it can be written again.
    Overwrites,
}

/// What makes it blank again.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Erase {
    Never,
    Blank,
    Zeros,
}

struct Row {
    media: MediaType,
    /// Profile of the blank medium, and after the first write.
    profiles: [Profile; 2],
    /// Sectors written together.
    unit: u64,
    growth: Growth,
    erase: Erase,
}

const fn row(media: MediaType, profile: u16, unit: u64, growth: Growth, erase: Erase) -> Row {
    Row { media, profiles: [Profile(profile), Profile(profile)], unit, growth, erase }
}

/// Profile numbers are those of MMC-6 table "Profile List", units those of its clause 4.
const TABLE: [Row; 13] = [
    row(MediaType::CD_R, 0x09, 1, Growth::Sessions, Erase::Never),
    row(MediaType::CD_RW, 0x0A, 1, Growth::Sessions, Erase::Blank),
    row(MediaType::DVD_R, 0x11, 16, Growth::Sessions, Erase::Never),
    row(MediaType::DVD_R_DL, 0x15, 16, Growth::Once, Erase::Never),
    Row {
        media: MediaType::DVD_RW,
        // Blank it is sequential, and formatted to restricted overwrite by its first write.
        profiles: [Profile(0x14), Profile(0x13)],
        unit: 16,
        growth: Growth::Overwrites,
        erase: Erase::Blank,
    },
    row(MediaType::DVD_RAM, 0x12, 16, Growth::Overwrites, Erase::Zeros),
    row(MediaType::DVD_PLUS_R, 0x1B, 16, Growth::Sessions, Erase::Never),
    row(MediaType::DVD_PLUS_R_DL, 0x2B, 16, Growth::Once, Erase::Never),
    row(MediaType::DVD_PLUS_RW, 0x1A, 16, Growth::Overwrites, Erase::Zeros),
    row(MediaType::DVD_PLUS_RW_DL, 0x2A, 16, Growth::Overwrites, Erase::Zeros),
    row(MediaType::BD_R, 0x41, 32, Growth::Sessions, Erase::Never),
    row(MediaType::BD_RE, 0x43, 32, Growth::Overwrites, Erase::Zeros),
    row(MediaType::DISK, 0x02, 1, Growth::Overwrites, Erase::Zeros),
];

fn open() -> DataOptions {
    DataOptions { verify: VerifyLevel::Full, disable_dvd_compatibility: true, ..DataOptions::default() }
}

fn burn(
    recorder: &DiscRecorder,
    options: DataOptions,
    sectors: usize,
    seed: u64,
) -> Result<BurnReport, Error> {
    let source = Arc::new(image(sectors, seed));
    DataBurn::new(options).write(recorder, source, &mut quiet, &CancelHandle::new())
}

fn holds(recorder: &DiscRecorder, start: u64, sectors: usize, seed: u64) -> bool {
    let mut found = vec![0; sectors * SECTOR];
    let end = start + u64::try_from(sectors).unwrap();
    recorder.disc_source_of(end).read(start, &mut found).is_ok() && found == image(sectors, seed)
}

fn refusal(result: Result<BurnReport, Error>) -> (Unsuitable, u32) {
    let error = result.unwrap_err();
    match error.kind() {
        ErrorKind::Unsuitable(why) => (why.clone(), error.hresult().0),
        other => panic!("{other}"),
    }
}

fn erase(recorder: &DiscRecorder, full: bool) -> EraseMethod {
    let erase = DiscErase::new(EraseOptions { full, ..EraseOptions::default() });
    let mut events = Vec::new();
    let report = erase.erase(recorder, &mut |e| events.push(*e), &CancelHandle::new()).unwrap();
    // One at the start and one at the end at least; the estimate is never below what has passed.
    assert!(events.len() >= 2);
    assert!(events.iter().all(|e| e.estimated_total >= e.elapsed));
    assert_eq!(events.last().unwrap().elapsed, events.last().unwrap().estimated_total);
    report.method
}

/// Blank, as the drive sees it.
fn check_blank(row: &Row, size: MediumSize, recorder: &DiscRecorder, what: &str) {
    let medium = recorder.medium().unwrap();
    assert_eq!(medium.kind, row.media, "{what}");
    assert!(medium.state.contains(MediaState::BLANK), "{what}: {:?}", medium.state);
    assert_eq!(medium.next_writable.0, 0, "{what}");
    // Spare areas of formatted media take up to a twentieth.
    let most = u64::from(size.blocks());
    assert!(medium.free <= most && medium.free >= most - most / 20, "{what}: {} of {most}", medium.free);
    let overwrites = row.growth == Growth::Overwrites && medium.profile != Profile::DVD_RW_SEQUENTIAL;
    assert_eq!(medium.state.contains(MediaState::OVERWRITE_ONLY), overwrites, "{what}");
    assert_eq!(medium.state.contains(MediaState::APPENDABLE), !overwrites, "{what}");
    if !overwrites {
        assert_eq!(recorder.sessions().unwrap(), [], "{what}");
    }
}

/// Session after session until the disc is closed.
fn grow(row: &Row, rig: &Rig, recorder: &DiscRecorder, what: &str) {
    let mut starts: Vec<(u64, usize)> = Vec::new();
    let sessions = if row.growth == Growth::Once { 1 } else { 3 };
    for n in 0..sessions {
        let sectors = 900 + 101 * n;
        let last = n + 1 == sessions;
        let free = recorder.medium().unwrap().free;
        let options = DataOptions { force_close: last, ..open() };
        let report = burn(recorder, options, sectors, n as u64).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(report.notes, Vec::<String>::new(), "{what}");
        assert_eq!(report.verified.unwrap().sectors, sectors as u64, "{what}");
        let start = u64::try_from(report.start_lba.0).unwrap();
        assert!(start.is_multiple_of(row.unit), "{what}: {start}");
        let written = report.sectors + u64::from(report.padding);
        assert!(written.is_multiple_of(row.unit), "{what}: {written}");
        starts.push((start, sectors));
        let medium = recorder.medium().unwrap();
        if last {
            assert_eq!(report.closing, Closing::Final, "{what}");
            assert!(medium.state.contains(MediaState::FINALIZED), "{what}: {:?}", medium.state);
            let erasable = row.erase != Erase::Never;
            assert_eq!(medium.state.contains(MediaState::ERASE_REQUIRED), erasable, "{what}");
        } else {
            assert_eq!(report.closing, Closing::Appendable, "{what}");
            assert_eq!(medium.state, MediaState::APPENDABLE, "{what}");
            let next = u64::try_from(medium.next_writable.0).unwrap();
            assert!(next >= start + written, "{what}: {next}");
            assert!(medium.free <= free - written, "{what}");
        }
        let found = recorder.sessions().unwrap();
        assert_eq!(found.len(), n + 1, "{what}: {found:?}");
        for (session, (start, sectors)) in found.iter().zip(&starts) {
            assert_eq!(u64::from(session.start), *start, "{what}");
            assert!(u64::from(session.last) + 1 >= start + *sectors as u64 && session.data, "{what}");
        }
    }
    let writes = rig.writes();
    let force = DataOptions { force_overwrite: true, ..open() };
    assert_eq!(refusal(burn(recorder, force, 10, 9)), (Unsuitable::Closed, 0xC0AA_0402), "{what}");
    assert_eq!(rig.writes(), writes, "{what}: a refused write touched the disc");
    for (n, (start, sectors)) in starts.iter().enumerate() {
        assert!(holds(recorder, *start, *sectors, n as u64), "{what}: session {n}");
    }
}

/// Written, refused, overwritten.
fn overwrite(row: &Row, rig: &Rig, recorder: &DiscRecorder, what: &str) {
    let report = burn(recorder, open(), 900, 1).unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_eq!((report.start_lba.0, report.closing), (0, Closing::Overwritable), "{what}");
    assert_eq!(report.notes, Vec::<String>::new(), "{what}");
    let medium = recorder.medium().unwrap();
    assert_eq!(medium.state, MediaState::OVERWRITE_ONLY, "{what}");
    assert_eq!((medium.free, medium.next_writable.0), (medium.total, 0), "{what}");
    assert!(medium.formatted && medium.profile == row.profiles[1], "{what}: {:?}", medium.profile);
    let writes = rig.writes();
    assert_eq!(refusal(burn(recorder, open(), 10, 9)), (Unsuitable::NotBlank, 0xC0AA_0405), "{what}");
    assert_eq!(rig.writes(), writes, "{what}: a refused write touched the disc");
    let force = DataOptions { force_overwrite: true, force_close: true, ..open() };
    burn(recorder, force, 1001, 2).unwrap_or_else(|e| panic!("{what}: {e}"));
    assert!(holds(recorder, 0, 1001, 2), "{what}");
    assert_eq!(recorder.medium().unwrap().state, MediaState::OVERWRITE_ONLY, "{what}");
}

fn through(row: &Row, size: MediumSize) {
    let what = format!("{} {}", row.media, size.label());
    let rig = Rig::sized(size);
    let recorder = rig.recorder();
    assert_eq!(recorder.medium().unwrap().profile, row.profiles[0], "{what}");
    // Whatever makes it blank leaves a disc that takes the same again.
    let rounds: &[Option<bool>] = match row.erase {
        Erase::Never => &[None],
        // Gigabytes of zeros prove no more than megabytes.
        Erase::Zeros if size.blocks() > 400_000 => &[None, Some(false)],
        _ => &[None, Some(false), Some(true)],
    };
    for round in rounds {
        let what = match round {
            None => what.clone(),
            Some(full) => {
                let full = *full;
                let method = erase(&recorder, full);
                match row.erase {
                    Erase::Blank => {
                        let kind = if full { BlankType::DISC } else { BlankType::MINIMAL };
                        assert_eq!(method, EraseMethod::Blank(kind), "{what}");
                    }
                    _ => {
                        let all = recorder.medium().unwrap().total;
                        assert_eq!(method, EraseMethod::Zeros(if full { all } else { 2048 }), "{what}");
                    }
                }
                format!("{what} after {} erase", if full { "full" } else { "quick" })
            }
        };
        check_blank(row, size, &recorder, &what);
        match row.growth {
            Growth::Overwrites => overwrite(row, &rig, &recorder, &what),
            Growth::Sessions | Growth::Once => grow(row, &rig, &recorder, &what),
        }
    }
    if row.erase == Erase::Never {
        let error = DiscErase::default().erase(&recorder, &mut |_| {}, &CancelHandle::new()).unwrap_err();
        assert_eq!(error.hresult().0, 0xC0AA_0909, "{what}: {error}");
    }
    assert!(!rig.tray_is_locked(), "{what}");
    assert_eq!(recorder.exclusive_access_owner(), None, "{what}");
}

#[test]
fn every_medium_and_size_from_blank_to_closed_and_back() {
    let mut sizes = 0;
    for row in &TABLE {
        for size in MediumSize::all(row.media) {
            through(row, size);
            sizes += 1;
        }
    }
    assert!(sizes >= 20, "{sizes}");
}

#[test]
fn defaults_close_dvd_plus_r_and_nothing_else_of_one_layer() {
    for row in TABLE.iter().filter(|r| r.growth == Growth::Sessions) {
        let rig = Rig::blank(row.media);
        let report = burn(&rig.recorder(), DataOptions::default(), 500, 1).unwrap();
        let closed = row.media == MediaType::DVD_PLUS_R;
        assert_eq!(report.closing == Closing::Final, closed, "{}", row.media);
    }
}

#[test]
fn a_dvd_rw_stays_sequential_where_that_is_asked_for() {
    for (kind, closing) in
        [(DashWriteType::Incremental, Closing::Appendable), (DashWriteType::DiscAtOnce, Closing::Final)]
    {
        let rig = Rig::blank(MediaType::DVD_RW);
        let recorder = rig.recorder();
        let report = burn(&recorder, DataOptions { dash_write_type: kind, ..open() }, 700, 1).unwrap();
        assert_eq!(report.closing, closing);
        let medium = recorder.medium().unwrap();
        assert_eq!(medium.profile, Profile::DVD_RW_SEQUENTIAL);
        assert!(holds(&recorder, 0, 700, 1));
        erase(&recorder, true);
        assert!(recorder.medium().unwrap().state.contains(MediaState::BLANK));
    }
}

#[test]
fn two_layers_are_written_at_once_or_in_jumps() {
    for kind in [DashWriteType::Auto, DashWriteType::DiscAtOnce, DashWriteType::LayerJump] {
        let rig = Rig::blank(MediaType::DVD_R_DL);
        let recorder = rig.recorder();
        let options = DataOptions { dash_write_type: kind, ..open() };
        let report = burn(&recorder, options, 5000, 1).unwrap_or_else(|e| panic!("{kind:?}: {e}"));
        assert_eq!(report.closing, Closing::Final);
        assert!(holds(&recorder, 0, 5000, 1), "{kind:?}");
    }
}

#[test]
fn the_layer_boundary_lies_in_the_middle_of_the_data() {
    for media in [MediaType::DVD_PLUS_R_DL, MediaType::DVD_R_DL] {
        let rig = Rig::blank(media);
        let recorder = rig.recorder();
        burn(&recorder, DataOptions::default(), 5000, 1).unwrap();
        let blocks = rig.seen.blocks.lock().unwrap();
        let sent: Vec<_> = blocks.iter().filter(|cdb| cdb[0] == 0xBF).collect();
        assert_eq!(sent, [&vec![0xBF, 0, 0, 0, 0, 0, 0, 0x20, 0, 12, 0, 0]], "{media}");
    }
}

#[test]
fn spare_areas_are_chosen_before_the_first_write() {
    for media in [MediaType::BD_R, MediaType::BD_RE] {
        let free = |spare_areas| {
            let rig = Rig::blank(media);
            let recorder = rig.recorder();
            burn(&recorder, DataOptions { spare_areas, ..open() }, 320, 1).unwrap();
            recorder.medium().unwrap().free
        };
        let (with, without) = (free(SpareAreas::With), free(SpareAreas::Without));
        assert!(with < without, "{media}: {with} and {without}");
    }
}

#[test]
fn a_test_write_records_nothing() {
    for media in [MediaType::CD_R, MediaType::CD_RW, MediaType::DVD_R, MediaType::DVD_R_DL, MediaType::DVD_RW]
    {
        let rig = Rig::blank(media);
        let recorder = rig.recorder();
        let report = burn(&recorder, DataOptions { test_write: true, ..open() }, 700, 1)
            .unwrap_or_else(|e| panic!("{media}: {e}"));
        assert!(report.test_write && report.verified.is_none());
        assert!(rig.writes() > 0);
        let medium = recorder.medium().unwrap();
        assert!(medium.state.contains(MediaState::BLANK), "{media}: {:?}", medium.state);
        // And the disc is as good as before.
        burn(&recorder, open(), 700, 2).unwrap_or_else(|e| panic!("{media}: {e}"));
        assert!(holds(&recorder, 0, 700, 2), "{media}");
    }
    for media in [MediaType::DVD_PLUS_R, MediaType::BD_R, MediaType::DVD_RAM, MediaType::DISK] {
        let rig = Rig::blank(media);
        let result = burn(&rig.recorder(), DataOptions { test_write: true, ..open() }, 700, 1);
        assert_eq!(refusal(result), (Unsuitable::NoTestWrite(media), 0xC0AA_020B));
        assert_eq!(rig.writes(), 0);
    }
}

#[test]
fn a_disc_that_is_nearly_full_is_closed() {
    // 2 % of an 80 minute CD are 7196 sectors, and 11,400 lie between its first session and the next.
    let size = MediumSize::named(MediaType::CD_R, "80min").unwrap();
    let rig = Rig::sized(size);
    let recorder = rig.recorder();
    let check = |sectors| DataBurn::new(open()).check(&recorder, sectors).unwrap().closing;
    assert_eq!(check(340_000), Closing::Appendable);
    assert_eq!(check(342_000), Closing::Final);
    assert_eq!(check(353_000), Closing::Final);
}
