//! Further sessions: where the drive says they go, and parts of an overwritable medium written again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod rig;

use std::sync::Arc;

use glassmaster_burn::{
    CancelHandle, DashWriteType, DataBurn, DataOptions, DiscFormatData, ErrorKind, Unsuitable, VerifyLevel,
};
use glassmaster_disc::{
    BlockRange, BlockRangeList, BlockSource, MediaType, MultisessionInterface, SECTOR, SessionAddresses,
};

use rig::{Rig, image, quiet};

fn appendable() -> DataBurn {
    DataBurn::new(DataOptions {
        verify: VerifyLevel::Full,
        disable_dvd_compatibility: true,
        ..DataOptions::default()
    })
}

fn ranges(list: &[(u32, u32)]) -> BlockRangeList {
    BlockRangeList(list.iter().map(|(first, last)| BlockRange::new(*first, *last).unwrap()).collect())
}

#[test]
fn sequential_media_say_where_the_next_session_goes() {
    for (media, unit) in [(MediaType::CD_R, 1), (MediaType::DVD_PLUS_R, 16), (MediaType::BD_R, 32)] {
        let rig = Rig::blank(media);
        let recorder = rig.recorder();
        let burn = appendable();
        let list = burn.multisession_interfaces(&recorder).unwrap();
        let [blank] = list.as_slice() else { panic!("{list:?}") };
        assert!(blank.supported && !blank.in_use);
        let SessionAddresses::Sequential { first_data_session: true, previous_start: None, .. } =
            blank.addresses
        else {
            panic!("{media}: {blank:?}")
        };
        let mut starts = Vec::new();
        for seed in 0..3 {
            let addresses = burn.multisession_interfaces(&recorder).unwrap()[0].addresses;
            let next = addresses.next_session().unwrap();
            assert_eq!(next.write_unit, unit);
            let source = Arc::new(image(320, seed));
            let report = burn.write(&recorder, source, &mut quiet, &CancelHandle::new()).unwrap();
            assert_eq!(u32::try_from(report.start_lba.0).unwrap(), next.start, "{media}");
            starts.push(next.start);
        }
        let sessions = recorder.sessions().unwrap();
        assert_eq!(sessions.iter().map(|s| s.start).collect::<Vec<_>>(), starts, "{media}");
        assert_eq!(sessions.iter().map(|s| s.number).collect::<Vec<_>>(), [1, 2, 3]);
        for session in &sessions {
            assert!(session.data && session.last >= session.start + 319, "{media}: {session:?}");
        }
        let last = &burn.multisession_interfaces(&recorder).unwrap()[0];
        let SessionAddresses::Sequential { first_data_session: false, previous_start, free, .. } =
            last.addresses
        else {
            panic!("{media}: {last:?}")
        };
        assert_eq!((previous_start, free % u64::from(unit)), (Some(starts[2]), 0));
        assert!(last.source.block_count() >= u64::from(starts[2]) + 320);
    }
}

/// The objects do not offer it, for the contract does not; the drive can.
#[test]
fn a_sequential_dvd_rw_takes_sessions_of_those_who_ask_for_them() {
    let rig = Rig::blank(MediaType::DVD_RW);
    let recorder = rig.recorder();
    let burn =
        DataBurn::new(DataOptions { dash_write_type: DashWriteType::Incremental, ..DataOptions::default() });
    burn.write(&recorder, Arc::new(image(64, 1)), &mut quiet, &CancelHandle::new()).unwrap();
    assert!(burn.multisession_interfaces(&recorder).unwrap()[0].supported);
    let data = DiscFormatData::new();
    data.set_recorder(Some(recorder)).unwrap();
    let way = data.multisession_interfaces().unwrap().sequential;
    assert!(!way.is_supported_on_current_media_state().unwrap() && !way.look().unwrap().supported);
}

#[test]
fn a_closed_disc_has_no_way_to_go_on() {
    let rig = Rig::blank(MediaType::BD_R);
    let recorder = rig.recorder();
    let close = DataBurn::new(DataOptions { force_close: true, ..DataOptions::default() });
    close.write(&recorder, Arc::new(image(64, 1)), &mut quiet, &CancelHandle::new()).unwrap();
    let list = close.multisession_interfaces(&recorder).unwrap();
    assert!(!list[0].supported, "{list:?}");
    assert_eq!(recorder.sessions().unwrap().len(), 1);
}

#[test]
fn ranges_of_an_overwritable_medium_are_written_and_nothing_else() {
    for (media, unit) in [(MediaType::DVD_PLUS_RW, 16u32), (MediaType::BD_RE, 32)] {
        let rig = Rig::blank(media);
        let recorder = rig.recorder();
        let burn = appendable();
        let old = image(512, 3);
        burn.write(&recorder, Arc::new(old.clone()), &mut quiet, &CancelHandle::new()).unwrap();
        let list = burn.multisession_interfaces(&recorder).unwrap();
        let SessionAddresses::RandomWrite { write_unit, total, .. } = list[0].addresses else {
            panic!("{list:?}")
        };
        assert!(list[0].supported && write_unit == unit && total > 512);
        let new = image(640, 4);
        let modified = ranges(&[(512, 639), (0, unit - 1), (256, 256 + unit - 1)]);
        let before = rig.writes();
        let report = burn
            .write_ranges(&recorder, Arc::new(new.clone()), &modified, &mut quiet, &CancelHandle::new())
            .unwrap_or_else(|e| panic!("{media}: {e}"));
        assert_eq!(report.sectors, u64::from(128 + 2 * unit));
        assert_eq!(report.verified.unwrap().sectors, report.sectors);
        assert!(rig.writes() - before <= 10, "{} writes", rig.writes() - before);
        let mut found = vec![0; 640 * SECTOR];
        recorder.disc_source_of(640).read(0, &mut found).unwrap();
        for sector in 0..640usize {
            let unit = unit as usize;
            let renewed = sector < unit || sector >= 512 || (256..256 + unit).contains(&sector);
            let from = if renewed { &new } else { &old };
            let at = sector * SECTOR;
            assert!(found[at..at + SECTOR] == from[at..at + SECTOR], "{media}: sector {sector}");
        }
    }
}

/// The order is what keeps the old session valid: later ranges are not begun before earlier ones are on the disc.
#[test]
fn each_range_is_flushed_before_the_next() {
    let rig = Rig::blank(MediaType::BD_RE);
    let recorder = rig.recorder();
    let burn = DataBurn::new(DataOptions::default());
    burn.write(&recorder, Arc::new(image(512, 3)), &mut quiet, &CancelHandle::new()).unwrap();
    let from = rig.seen.blocks.lock().unwrap().len();
    let modified = ranges(&[(512, 575), (256, 287)]);
    burn.write_ranges(&recorder, Arc::new(image(576, 4)), &modified, &mut quiet, &CancelHandle::new())
        .unwrap();
    let seen = rig.seen.blocks.lock().unwrap();
    let order: Vec<_> = seen[from..]
        .iter()
        .filter(|cdb| matches!(cdb[0], 0x2A | 0x35))
        .map(|cdb| (cdb[0], u32::from_be_bytes([cdb[2], cdb[3], cdb[4], cdb[5]])))
        .collect();
    assert_eq!(order, [(0x2A, 512), (0x2A, 544), (0x35, 0), (0x2A, 256), (0x35, 0)]);
}

#[test]
fn ranges_that_cannot_be_written_are_refused_before_anything_is() {
    let burn = DataBurn::new(DataOptions::default());
    let rig = Rig::blank(MediaType::DVD_PLUS_RW);
    let recorder = rig.recorder();
    burn.write(&recorder, Arc::new(image(64, 1)), &mut quiet, &CancelHandle::new()).unwrap();
    let before = rig.writes();
    for bad in [&[(8, 23)][..], &[(16, 30)], &[(64, 95)], &[]] {
        let result = burn.write_ranges(
            &recorder,
            Arc::new(image(64, 2)),
            &ranges(bad),
            &mut quiet,
            &CancelHandle::new(),
        );
        assert!(matches!(result.unwrap_err().kind(), ErrorKind::Argument(_)), "{bad:?}");
    }
    assert_eq!(rig.writes(), before);
    let rig = Rig::blank(MediaType::BD_R);
    let recorder = rig.recorder();
    let error = burn
        .write_ranges(
            &recorder,
            Arc::new(image(64, 2)),
            &ranges(&[(0, 31)]),
            &mut quiet,
            &CancelHandle::new(),
        )
        .unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Unsuitable(Unsuitable::NotOverwritable(MediaType::BD_R))),
        "{error}"
    );
    assert_eq!(rig.writes(), 0);
}
