//! What the contract of the burning half says implementers get wrong (section 10), the state rules of its objects (5.4 to 5.7,
//! 5.12) and its call sequences (7), each held against the objects by a test. Points about raw CD, tracks at once and
//! binary layouts are not about these objects.

#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, missing_docs)]

mod burning;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use burning::*;
use glassmaster::disc::clock::SimulatedClock;
use glassmaster::disc::stream::{PseudoRandom, Zero};
use glassmaster::disc::{BlockRange, BlockRangeList, HResult, Lba, MediaType, MultisessionInterface, SECTOR};
use glassmaster::imapi2::burn::{
    DataBurn, DataOptions, DataStream, DiscFormatData, DiscFormatErase, VerifyLevel, WriteAction, WriteEngine,
};
use glassmaster::imapi2::recorder::{DiscMaster, MediaState, Patience, RegisteredDrive, WriteProtectState};
use glassmaster::mmc::cmd::{AddressType, PageControl};
use glassmaster::mmc::feature::FeatureCode;
use glassmaster::vdrive::{MediumOptions, MediumSize};

const SECOND: Duration = Duration::from_secs(1);

/// The function of each CLOSE TRACK SESSION that was sent (MMC-6 6.3, byte 2).
fn closes(rig: &Rig) -> Vec<u8> {
    rig.seen.lock().unwrap().iter().filter(|(cdb, _)| cdb[0] == 0x5B).map(|(cdb, _)| cdb[2] & 7).collect()
}

#[test]
fn point_01_dvd_plus_r_is_closed_by_default() {
    // Medium, compatibility disabled, to be closed; open afterwards, function of the last close (6.6).
    for (media, disabled, close, open, function) in [
        (MediaType::DVD_PLUS_R, false, true, false, 5),
        (MediaType::DVD_PLUS_R, false, false, false, 5),
        (MediaType::DVD_PLUS_R, true, true, false, 6),
        (MediaType::DVD_PLUS_R, true, false, true, 2),
        // Two layers: closing has one function, and compatible is a layer boundary in the middle of the data.
        (MediaType::DVD_PLUS_R_DL, false, true, false, 6),
        (MediaType::DVD_PLUS_R_DL, false, false, false, 6),
        (MediaType::DVD_PLUS_R_DL, true, true, false, 6),
        (MediaType::DVD_PLUS_R_DL, true, false, false, 6),
    ] {
        let rig = Rig::blank(media);
        let data = rig.data("");
        data.set_disable_consumer_dvd_compatibility_mode(disabled).unwrap();
        data.set_force_media_to_be_closed(close).unwrap();
        data.write(&stream(64), &mut quiet).unwrap();
        let state = data.current_media_status().unwrap();
        let what = format!("{media}, {disabled}, {close}: {state:?}");
        assert_eq!(state.contains(MediaState::APPENDABLE), open, "{what}");
        assert_eq!(state.contains(MediaState::FINALIZED), !open, "{what}");
        assert_eq!(closes(&rig).last(), Some(&function), "{what}");
        assert_eq!(rig.count(0xBF) > 0, media == MediaType::DVD_PLUS_R_DL && !disabled, "{what}");
    }
    // Elsewhere the flag means nothing, and closing follows the other one.
    for media in [MediaType::CD_R, MediaType::CD_RW, MediaType::DVD_R, MediaType::BD_R] {
        for (disabled, close) in [(false, false), (false, true), (true, false), (true, true)] {
            let data = Rig::blank(media).data("");
            data.set_disable_consumer_dvd_compatibility_mode(disabled).unwrap();
            data.set_force_media_to_be_closed(close).unwrap();
            data.write(&stream(64), &mut quiet).unwrap();
            let state = data.current_media_status().unwrap();
            assert_eq!(state.contains(MediaState::APPENDABLE), !close, "{media}, {disabled}: {state:?}");
        }
    }
}

#[test]
fn point_02_rewritables_tell_their_whole_size_as_free() {
    for media in [
        MediaType::DVD_PLUS_RW,
        MediaType::DVD_PLUS_RW_DL,
        MediaType::DVD_RAM,
        MediaType::BD_RE,
        MediaType::DISK,
    ] {
        let data = Rig::blank(media).data("");
        data.write(&stream(320), &mut quiet).unwrap();
        let total = data.total_sectors_on_media().unwrap();
        assert_eq!((data.free_sectors_on_media().unwrap(), total > 300_000), (total, true), "{media}");
        assert_eq!(data.next_writable_address().unwrap(), 0, "{media}");
        assert_eq!(data.start_address_of_previous_session().unwrap(), -1, "{media}");
        assert_eq!(data.last_written_address_of_previous_session().unwrap(), -1, "{media}");
    }
    let growing = Rig::blank(MediaType::BD_R).data("");
    growing.write(&stream(320), &mut quiet).unwrap();
    assert!(growing.free_sectors_on_media().unwrap() <= growing.total_sectors_on_media().unwrap() - 320);
}

#[test]
fn point_04_successes_that_are_not_s_ok() {
    let rig = Rig::blank(MediaType::CD_R);
    let data = rig.data("");
    let slow = *data.supported_write_speed_descriptors().unwrap().last().unwrap();
    assert_eq!(data.set_write_speed(None, false).unwrap(), HResult::OK);
    let asked = slow.sectors_per_second + 1;
    assert_eq!(data.set_write_speed(Some(asked), slow.pure_cav).unwrap(), HResult(0x00AA_0004));
    // The request stays as it was made; the drive has its own speed; the write says the same again.
    assert_eq!(data.requested_write_speed(), Some(asked));
    assert_eq!(data.requested_rotation_type_is_pure_cav(), slow.pure_cav);
    assert_eq!(data.current_write_speed().unwrap(), slow.sectors_per_second);
    // The drive was told so last (SET CD SPEED, MMC-6 6.37, bytes 4 and 5), not to forget the request before.
    let told = rig.seen.lock().unwrap().iter().rfind(|(cdb, _)| cdb[0] == 0xBB).cloned().unwrap().0;
    assert_eq!(u32::from(u16::from_be_bytes([told[4], told[5]])), slow.kilobytes_per_second);
    let report = data.write(&stream(320), &mut quiet).unwrap();
    assert_eq!(report.speed_result, HResult(0x00AA_0004));
    assert!(report.speed_result.succeeded());
    let recorder = Rig::empty().recorder();
    let _ = recorder.wait_ready();
    let answer = recorder.send_command_no_data(&[0; 6], SECOND).unwrap();
    assert_eq!((answer.result, answer.sense[2] & 0x0F, answer.sense[12]), (HResult(0x00AA_0200), 2, 0x3A));
    assert_eq!(WriteEngine::new().cancel_write(), HResult(0x00AA_0302));
}

#[test]
fn point_05_a_cancel_from_within_the_events_ends_the_write() {
    for media in [MediaType::CD_R, MediaType::DVD_PLUS_R, MediaType::BD_RE] {
        let rig = Rig::blank(media);
        let data = rig.data("");
        let mut asked = 0;
        let result = data.write(&stream(3000), &mut |event| {
            assert!(event.action != WriteAction::Completed);
            if event.action == WriteAction::WritingData {
                // Any number of times.
                data.cancel_write().unwrap();
                asked += 1;
            }
            ControlFlow::Continue(())
        });
        assert!(asked > 0, "{media}");
        assert_eq!(number(result), 0xC0AA_0002, "{media}");
        assert_eq!(number(data.cancel_write()), 0xC0AA_0401);
        assert!(!data.is_writing());
        assert!(data.recorder().unwrap().exclusive_access_owner().is_none());
    }
}

#[test]
fn point_08_ranges_are_inclusive_ordered_and_for_overwritable_media_only() {
    let rig = Rig::blank(MediaType::DVD_RAM);
    let data = rig.data("");
    data.write(&stream(320), &mut quiet).unwrap();
    rig.seen.lock().unwrap().clear();
    // Both ends belong to a range; the first in the list is written first; sector N of the stream goes to sector N.
    let ranges = BlockRangeList([(160, 191), (0, 15)].map(|(a, b)| BlockRange::new(a, b).unwrap()).to_vec());
    let picture = image(320, 7);
    data.write(&DataStream::with_ranges(Arc::new(picture.clone()), ranges.clone()), &mut quiet).unwrap();
    let writes: Vec<(u8, u8)> = {
        let seen = rig.seen.lock().unwrap();
        seen.iter().filter(|(cdb, _)| cdb[0] == 0x2A).map(|(cdb, _)| (cdb[5], cdb[8])).collect()
    };
    assert_eq!(writes, [(160, 32), (0, 16)]);
    let mut found = vec![0; 320 * SECTOR];
    data.recorder().unwrap().disc_source_of(320).read(0, &mut found).unwrap();
    let old = image(320, 1);
    for (sector, bytes) in found.chunks(SECTOR).enumerate() {
        let renewed = sector < 16 || (160..192).contains(&sector);
        let from = if renewed { &picture } else { &old };
        assert!(bytes == &from[sector * SECTOR..][..SECTOR], "sector {sector}");
    }
    // Without ranges an overwritable medium is written from sector 0, a second time, too.
    data.set_force_overwrite(true).unwrap();
    assert_eq!(data.write(&stream(32), &mut quiet).unwrap().start_lba, Lba(0));
    // A medium that grows takes the whole stream at its next address.
    let growing = Rig::blank(MediaType::BD_R).data("");
    growing.write(&stream(64), &mut quiet).unwrap();
    let next = growing.next_writable_address().unwrap();
    let report = growing.write(&DataStream::with_ranges(Arc::new(picture), ranges), &mut quiet).unwrap();
    assert_eq!((report.start_lba, report.sectors), (Lba(next), 320));
}

#[test]
fn point_09_little_room_closes_the_disc_and_a_cd_gets_a_post_gap() {
    let size = MediumSize::named(MediaType::CD_R, "74min").unwrap();
    let options = || MediumOptions { size: Some(size), ..MediumOptions::default() };
    let zeros = |sectors| DataStream::new(Arc::new(Vast(sectors)));
    // 2 % of 333,000 sectors are 6,660; lead-out and lead-in between two sessions of a CD take some 11,400.
    for (sectors, open) in [(333_000 - 25_000, true), (333_000 - 6_000, false)] {
        let data = ready(&Rig::with(MediaType::CD_R, &options()).recorder());
        let report = data.write(&zeros(sectors), &mut quiet).unwrap();
        assert_eq!((report.padding, report.sectors), (150, sectors));
        assert_eq!(data.current_media_status().unwrap().contains(MediaState::FINALIZED), !open, "{sectors}");
    }
    // The post-gap has to fit; an image that has it is written as it is.
    let data = ready(&Rig::with(MediaType::CD_R, &options()).recorder());
    let free = u64::try_from(data.free_sectors_on_media().unwrap()).unwrap();
    assert_eq!(number(data.write(&zeros(free + 1), &mut quiet)), 0xC0AA_0404);
    data.set_postgap_already_in_image(true).unwrap();
    assert_eq!(u64::try_from(data.free_sectors_on_media().unwrap()).unwrap(), free + 150);
    assert_eq!(data.write(&stream(600), &mut quiet).unwrap().padding, 0);
    data.set_postgap_already_in_image(false).unwrap();
    assert_eq!(data.write(&stream(600), &mut quiet).unwrap().padding, 150);
    // In the figures of the events it is not counted.
    let mut counted = 0;
    let mut count = |event: &glassmaster::imapi2::burn::Event| {
        counted = event.sector_count;
        ControlFlow::Continue(())
    };
    data.write(&stream(600), &mut count).unwrap();
    assert_eq!(counted, 600);
}

#[test]
fn point_10_buffers_of_the_recorder() {
    let rig = Rig::blank(MediaType::DVD_PLUS_R);
    let recorder = rig.recorder();
    recorder.wait_ready().unwrap();
    // Disc and track information come with the length they begin with (MMC-6 6.21, 6.26).
    for bytes in [
        recorder.disc_information_bytes().unwrap(),
        recorder.track_information_bytes(1, AddressType::Track).unwrap(),
    ] {
        assert_eq!(usize::from(u16::from_be_bytes([bytes[0], bytes[1]])) + 2, bytes.len());
    }
    // A mode page begins with its code, a structure without its header, a feature with its code.
    let page = recorder.mode_page_bytes(0x05, PageControl::Current).unwrap();
    assert_eq!((page[0] & 0x3F, usize::from(page[1]) + 2), (0x05, page.len()));
    let feature = recorder.feature(FeatureCode::PROFILE_LIST, false).unwrap().to_bytes();
    assert_eq!((&feature[..2], usize::from(feature[3]) + 4), (&[0, 0][..], feature.len()));
    let mut whole = [0; 64];
    let cdb = [0xAD, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0];
    let answer = recorder.send_command_get_data(&cdb, &mut whole, SECOND).unwrap();
    let structure = recorder.read_disc_structure(0, 0, 0, 0).unwrap();
    assert_eq!(structure[..16], whole[4..20]);
    assert!(answer.transferred <= 64);
    // A set page goes out behind a header, without the bit that only answers have.
    let mut caching = recorder.mode_page_bytes(0x08, PageControl::Current).unwrap();
    caching[0] |= 0x80;
    rig.seen.lock().unwrap().clear();
    recorder.set_mode_page_bytes(PageControl::Current, &caching).unwrap();
    let sent = rig.seen.lock().unwrap().iter().find(|(cdb, _)| cdb[0] == 0x55).cloned().unwrap();
    assert_eq!((sent.0[1] & 0x11, &sent.1[..9]), (0x10, &[0, 0, 0, 0, 0, 0, 0, 0, 0x08][..]));
    for other in [PageControl::Changeable, PageControl::Default] {
        assert_eq!(number(recorder.set_mode_page_bytes(other, &caching)), 0x8007_0057);
    }
    // The length of a command block follows its group, but for what early drives made of some codes.
    for (cdb, allowed) in [
        (&[0x00; 6][..], true),
        (&[0x00; 10], false),
        (&[0x25; 10], true),
        (&[0x25; 6], false),
        (&[0xAD; 10], false),
        (&[0x02; 10], true),
        (&[0xC0; 7], true),
        (&[0x00; 5], false),
        (&[0xC0; 17], false),
    ] {
        let result = recorder.send_command_no_data(cdb, SECOND);
        assert_eq!(result.is_ok(), allowed, "{cdb:02X?}");
        if let Err(error) = result {
            assert_eq!(error.hresult(), HResult(0x8007_0057));
        }
    }
    let limits = recorder.transfer_limits();
    assert!(limits.alignment.is_power_of_two() && limits.page_aligned >= 65_536);
    let engine = WriteEngine::new();
    assert_eq!(engine.bytes_per_sector(), None);
    engine.set_recorder(Some(recorder.clone())).unwrap();
    for bytes in [2048, 2352, 2368, 2448] {
        engine.set_bytes_per_sector(bytes).unwrap();
        assert_eq!(engine.bytes_per_sector(), Some(bytes));
    }
    let most = u32::try_from(recorder.max_transfer()).unwrap();
    engine.set_bytes_per_sector(most).unwrap();
    for bytes in [0, most + 1, 1 << 31] {
        assert_eq!(number(engine.set_bytes_per_sector(bytes)), 0x8007_0057);
    }
    assert_eq!(engine.bytes_per_sector(), Some(most));
}

#[test]
fn point_12_multisession_interfaces_are_never_missing() {
    // Medium, written to, closed; which way fits.
    for (media, written, closed, sequential, random) in [
        (MediaType::CD_R, false, false, true, false),
        (MediaType::CD_RW, true, false, true, false),
        (MediaType::DVD_R, true, false, true, false),
        (MediaType::DVD_PLUS_R, true, false, true, false),
        (MediaType::BD_R, true, false, true, false),
        (MediaType::BD_R, true, true, false, false),
        (MediaType::DVD_PLUS_R_DL, false, false, true, false),
        (MediaType::DVD_R_DL, false, false, false, false),
        (MediaType::DVD_RW, false, false, false, false),
        (MediaType::DVD_PLUS_RW, true, false, false, true),
        (MediaType::DVD_RAM, true, false, false, true),
        (MediaType::BD_RE, true, false, false, true),
        (MediaType::DISK, true, false, false, true),
    ] {
        let data = Rig::blank(media).data("");
        data.set_disable_consumer_dvd_compatibility_mode(true).unwrap();
        data.set_force_media_to_be_closed(closed).unwrap();
        let ways = data.multisession_interfaces().unwrap();
        if written {
            data.write(&stream(64), &mut quiet).unwrap();
        }
        // Asked before the write, answering for what lies in the drive now.
        let found = (
            ways.sequential.is_supported_on_current_media_state().unwrap(),
            ways.random_write.is_supported_on_current_media_state().unwrap(),
        );
        assert_eq!(found, (sequential, random), "{media}, {written}, {closed}");
        assert_eq!(
            ways.all().iter().filter(|w| w.look().unwrap().supported).count(),
            usize::from(sequential || random)
        );
        assert!(!ways.sequential.in_use() && !ways.random_write.in_use());
        assert_eq!(ways.sequential.import_recorder().id(), data.recorder().unwrap().id());
        assert_eq!(ways.random_write.import_recorder().id(), data.recorder().unwrap().id());
        if sequential {
            let unit = match media {
                MediaType::CD_R | MediaType::CD_RW => 1,
                MediaType::BD_R => 32,
                _ => 16,
            };
            assert_eq!(ways.sequential.write_unit_size().unwrap(), unit, "{media}");
            assert_eq!(ways.sequential.is_first_data_session().unwrap(), !written, "{media}");
            for (way, of_data) in [
                (ways.sequential.next_writable_address(), data.next_writable_address()),
                (ways.sequential.free_sectors_on_media(), data.free_sectors_on_media()),
                (
                    ways.sequential.start_address_of_previous_session(),
                    data.start_address_of_previous_session(),
                ),
                (
                    ways.sequential.last_written_address_of_previous_session(),
                    data.last_written_address_of_previous_session(),
                ),
            ] {
                assert_eq!(way.unwrap(), of_data.unwrap(), "{media}");
            }
        } else {
            assert_eq!(ways.sequential.write_unit_size().is_err(), random || closed, "{media}");
        }
        if random {
            let unit = match media {
                MediaType::DISK => 1,
                MediaType::BD_RE => 32,
                _ => 16,
            };
            assert_eq!(ways.random_write.write_unit_size().unwrap(), unit, "{media}");
            let total = data.total_sectors_on_media().unwrap();
            assert_eq!(ways.random_write.total_sectors_on_media().unwrap(), total);
            assert_eq!(number(ways.random_write.last_written_address()), 0x8000_4001);
        } else {
            assert_eq!(number(ways.random_write.total_sectors_on_media()), 0xC0AA_0402);
        }
        ways.random_write.set_in_use(true);
        assert!(ways.clone().random_write.in_use());
    }
    let none = Rig::empty().data("").multisession_interfaces().unwrap();
    assert_eq!(number(none.sequential.is_supported_on_current_media_state()), 0xC0AA_0202);
    assert!(none.all().iter().all(|way| !way.look().unwrap().supported));
    let closed = ready(&Rig::blank(MediaType::BD_R).lying("", disc_is_read_only));
    let ways = closed.multisession_interfaces().unwrap();
    assert!(!ways.sequential.is_supported_on_current_media_state().unwrap());
    assert!(!ways.random_write.is_supported_on_current_media_state().unwrap());
    assert_eq!(number(DiscFormatData::new().multisession_interfaces()), 0x8000_4003);
}

#[test]
fn point_13_without_a_medium_and_without_a_recorder() {
    let none = Rig::empty().recorder();
    let data = ready(&none);
    let erase = erasing(&none);
    assert!(data.is_recorder_supported(&none).unwrap() && erase.is_recorder_supported(&none).unwrap());
    for code in [
        number(data.is_current_media_supported(&none)),
        number(erase.is_current_media_supported(&none)),
        number(data.current_media_status()),
        number(data.media_physically_blank()),
        number(data.free_sectors_on_media()),
        number(data.write(&stream(1), &mut quiet)),
        number(erase.erase_media(&mut |_| {})),
    ] {
        assert_eq!(HResult(code), HResult(0xC0AA_0202));
    }
    assert_eq!(data.current_physical_media_type().unwrap(), MediaType::UNKNOWN);
    let unbound = DiscFormatData::new();
    for code in [
        number(unbound.media_physically_blank()),
        number(unbound.media_heuristically_blank()),
        number(unbound.current_media_status()),
        number(unbound.write_protect_status()),
        number(unbound.total_sectors_on_media()),
        number(unbound.free_sectors_on_media()),
        number(unbound.next_writable_address()),
        number(unbound.start_address_of_previous_session()),
        number(unbound.last_written_address_of_previous_session()),
        number(DiscFormatErase::new().media_physically_blank()),
        number(DiscFormatErase::new().media_heuristically_blank()),
    ] {
        assert_eq!(HResult(code), HResult(0x8000_4003));
    }
}

#[test]
fn point_14_enumerations_are_snapshots_and_items_are_not() {
    let rig = Rig::blank(MediaType::BD_R);
    let master = DiscMaster::registered_only();
    let drive = |id: &str| RegisteredDrive {
        id: id.to_owned(),
        open: Arc::new(|| {
            Err(glassmaster::scsi::TransportError::DeviceGone { device: "d".into(), detail: "x".into() })
        }),
    };
    master.register(drive("virtual:a")).unwrap();
    let ids = master.ids().unwrap();
    master.register(drive("virtual:b")).unwrap();
    assert_eq!(ids.collect::<Vec<_>>(), ["virtual:a"]);
    assert_eq!((master.count().unwrap(), master.item(1).unwrap().as_str()), (2, "virtual:b"));
    assert!(master.unregister("virtual:a"));
    assert_eq!((master.count().unwrap(), master.item(0).unwrap().as_str()), (1, "virtual:b"));
    assert_eq!(number(master.item(1)), 0x8007_0057);
    // None of them can be taken into use.
    assert!(!master.is_supported_environment());
    drop(rig);
}

#[test]
fn defaults_of_every_property() {
    let data = DiscFormatData::new();
    assert!(data.recorder().is_none() && data.client_name().is_empty());
    assert!(!data.buffer_underrun_free_disabled() && !data.postgap_already_in_image());
    assert!(!data.force_media_to_be_closed() && !data.disable_consumer_dvd_compatibility_mode());
    assert!(!data.force_overwrite() && !data.is_writing());
    assert_eq!((data.requested_write_speed(), data.requested_rotation_type_is_pure_cav()), (None, false));
    assert_eq!(data.burn_verification_level(), VerifyLevel::None);
    let erase = DiscFormatErase::new();
    assert!(erase.recorder().is_none() && erase.client_name().is_empty() && !erase.full_erase());
    let engine = WriteEngine::new();
    assert!(engine.recorder().is_none() && !engine.use_streaming_write12() && !engine.write_in_progress());
    assert_eq!((engine.starting_sectors_per_second(), engine.ending_sectors_per_second()), (None, None));
    assert_eq!(engine.bytes_per_sector(), None);
    assert_eq!((PseudoRandom::default().seed(), Zero::default()), (0, Zero::new(0)));
    // 3.1: what this implementation writes and erases, by number.
    let numbers = |list: &[MediaType]| list.iter().map(|m| m.0).collect::<Vec<_>>();
    assert_eq!(
        numbers(DiscFormatData::supported_media_types()),
        [2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 18, 19]
    );
    let mut erased = numbers(DiscFormatErase::supported_media_types());
    erased.sort_unstable();
    assert_eq!(erased, [3, 5, 7, 10, 12, 13, 19]);
    let blank = Rig::blank(MediaType::BD_RE).data("");
    assert_eq!(blank.write_protect_status().unwrap(), WriteProtectState::empty());
    assert_eq!(MediaState::UNKNOWN.bits(), 0);
}

/// Opcodes that change something: writes, mode pages, formats, cache, tray, reservations, closes, calibration, structures.
fn touched(rig: &Rig) -> Vec<u8> {
    let changes = [0x04, 0x1E, 0x2A, 0x35, 0x53, 0x54, 0x55, 0x5B, 0x5D, 0xA1, 0xAA, 0xB6, 0xBB, 0xBF];
    rig.seen.lock().unwrap().iter().map(|(cdb, _)| cdb[0]).filter(|code| changes.contains(code)).collect()
}

#[test]
fn a_write_is_checked_in_order_and_touches_nothing_before() {
    // Each later condition holds too: the earlier one has to win.
    let cut = DataStream::of_bytes(Arc::new(image(2, 1)), 4095);
    let data = DiscFormatData::new();
    assert_eq!(number(data.write(&cut, &mut quiet)), 0xC0AA_0003);
    let none = Rig::empty();
    data.set_recorder(Some(none.recorder())).unwrap();
    assert_eq!(number(data.write(&cut, &mut quiet)), 0xC0AA_0408);
    data.set_client_name("tests").unwrap();
    assert_eq!(number(data.write(&cut, &mut quiet)), 0xC0AA_0403);
    assert_eq!(number(data.write(&stream(0), &mut quiet)), 0xC0AA_0403);
    assert_eq!(number(data.write(&stream(1), &mut quiet)), 0xC0AA_0202);
    let vast = || DataStream::new(Arc::new(Vast(80_000_000)));
    let protected = Rig::protected(MediaType::DVD_PLUS_RW);
    assert_eq!(number(protected.data("").write(&vast(), &mut quiet)), 0xC0AA_0209);
    let full = Rig::blank(MediaType::DVD_RAM);
    let data = full.data("");
    data.write(&stream(16), &mut quiet).unwrap();
    full.seen.lock().unwrap().clear();
    assert_eq!(number(data.write(&vast(), &mut quiet)), 0xC0AA_0405);
    data.set_force_overwrite(true).unwrap();
    assert_eq!(number(data.write(&vast(), &mut quiet)), 0xC0AA_0404);
    for rig in [&none, &protected, &full] {
        assert_eq!(touched(rig), []);
        assert_eq!(rig.count(0x2A), 0);
    }
}

/// What is wrong with the stream is said although somebody else has the drive, and what is wrong with the medium only when
/// nobody has.
#[test]
fn the_lock_comes_last() {
    let [one, other] = Rig::blank(MediaType::BD_R).two();
    let data = ready(&other);
    let held = one.acquire_exclusive_access("somebody else").unwrap();
    assert_eq!(number(data.write(&stream(0), &mut quiet)), 0xC0AA_0403);
    assert_eq!(number(data.write(&stream(32), &mut quiet)), 0xC0AA_0210);
    assert_eq!(other.exclusive_access_owner().as_deref(), Some("somebody else"));
    assert_eq!(number(other.acquire_exclusive_access("tests")), 0x8007_0005);
    drop(held);
    data.write(&stream(32), &mut quiet).unwrap();
}

/// A disc may be taken out between the checks and the lock: they are made again under it, still before anything is touched.
#[test]
fn what_was_checked_is_checked_again_under_the_lock() {
    let first = Rig::blank(MediaType::BD_R);
    let burn = DataBurn::new(DataOptions::default());
    burn.check(&first.recorder(), 32).unwrap();
    let asked = first.count(0x51);
    assert!(asked > 0);
    let rig = Rig::blank(MediaType::BD_R);
    let data = rig.data(&format!("op=51 nth={} always sense=2/3A/00", asked + 1));
    assert_eq!(number(data.write(&stream(32), &mut quiet)), 0xC0AA_0202);
    assert_eq!(rig.count(0x51), asked + 1);
    assert_eq!(touched(&rig), []);
    assert!(data.recorder().unwrap().exclusive_access_owner().is_none());
}

#[test]
fn nobody_else_gets_at_the_drive_during_a_write_and_all_is_put_back() {
    for media in [MediaType::CD_R, MediaType::DVD_R, MediaType::BD_RE] {
        let rig = Rig::blank(media);
        let recorder = rig.recorder();
        let data = ready(&recorder);
        let before = recorder.mode_page_bytes(0x05, PageControl::Current).ok();
        let mut seen = 0;
        data.write(&stream(600), &mut |event| {
            if event.action == WriteAction::WritingData {
                seen += 1;
                assert_eq!(recorder.exclusive_access_owner().as_deref(), Some("tests"));
                assert!(!recorder.is_mcn_enabled());
                let tray: Vec<u8> = {
                    let seen = rig.seen.lock().unwrap();
                    seen.iter().filter(|(cdb, _)| cdb[0] == 0x1E).map(|(cdb, _)| cdb[4] & 1).collect()
                };
                assert_eq!(tray.last(), Some(&1), "{media}");
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        assert!(seen > 0);
        assert!(recorder.is_mcn_enabled() && recorder.exclusive_access_owner().is_none());
        assert_eq!(recorder.mode_page_bytes(0x05, PageControl::Current).ok(), before, "{media}");
        let seen = rig.seen.lock().unwrap();
        let last = seen.iter().rfind(|(cdb, _)| cdb[0] == 0x1E).unwrap();
        assert_eq!(last.0[4] & 1, 0, "{media}");
    }
}

#[test]
fn settings_stay_during_a_write_and_outside_of_one_there_is_nothing_to_cancel() {
    let rig = Rig::blank(MediaType::BD_RE);
    let data = rig.data("");
    let mut asked = false;
    data.write(&stream(64), &mut |_| {
        asked = true;
        for code in [
            number(data.set_recorder(None)),
            number(data.set_client_name("other")),
            number(data.set_buffer_underrun_free_disabled(true)),
            number(data.set_postgap_already_in_image(true)),
            number(data.set_force_media_to_be_closed(true)),
            number(data.set_disable_consumer_dvd_compatibility_mode(true)),
            number(data.set_force_overwrite(true)),
            number(data.set_burn_verification_level(VerifyLevel::Quick)),
            number(data.set_write_speed(None, false)),
            number(data.write(&stream(1), &mut quiet)),
        ] {
            assert_eq!(code, 0xC0AA_0400);
        }
        // Getters go on answering.
        assert!(data.is_writing() && data.client_name() == "tests");
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(asked);
    assert_eq!(number(data.cancel_write()), 0xC0AA_0401);
    data.set_recorder(None).unwrap();
    assert!(data.recorder().is_none());
}

/// Cadence of 2.3, by the clock: an event at every change of action, every half second in between, and one at the end.
#[test]
fn events_come_every_half_second() {
    let mut rig = Rig::blank(MediaType::DVD_PLUS_RW);
    rig.clock = Arc::new(SimulatedClock::default());
    rig.paced = true;
    rig.patience = Patience::default();
    let data = rig.data("");
    data.recorder().unwrap().wait_ready().unwrap();
    let slowest = *data.supported_write_speeds().unwrap().last().unwrap();
    data.set_write_speed(Some(slowest), false).unwrap();
    let mut events = Vec::new();
    data.write(&DataStream::new(Arc::new(Vast(60_000))), &mut |event| {
        events.push(*event);
        ControlFlow::Continue(())
    })
    .unwrap();
    let mut actions: Vec<u8> = events.iter().map(|e| e.action.number()).collect();
    actions.dedup();
    assert!(actions.is_sorted() && actions.first() == Some(&0), "{actions:?}");
    assert_eq!(actions.iter().filter(|a| **a == 6).count(), 1);
    assert_eq!(events.iter().filter(|e| e.action == WriteAction::Completed).count(), 1);
    assert!(actions.windows(2).all(|pair| pair[0] != pair[1]));
    let writing: Vec<_> = events.iter().filter(|e| e.action == WriteAction::WritingData).collect();
    assert!(writing.len() > 10, "{}", writing.len());
    for pair in writing.windows(2) {
        let gap = pair[1].elapsed - pair[0].elapsed;
        assert!(gap >= Duration::from_millis(500) && gap <= Duration::from_millis(1500), "{gap:?}");
        assert!(pair[1].done >= pair[0].done);
    }
    let last = writing.last().unwrap();
    assert_eq!((last.sector_count, last.start_lba), (60_000, Lba(0)));
    let buffer = last.system_buffer;
    assert!(buffer.total > 0 && buffer.used + buffer.free() == buffer.total);
    assert_eq!(last.total(), last.remaining.map(|left| last.elapsed + left));
}

/// 6.3, exactly: blank, with a session, closed. Flags by their numbers in 3.9.
#[test]
fn states_of_every_medium() {
    const OVERWRITE: u32 = 0x0001;
    const BLANK: u32 = 0x0002;
    const APPEND: u32 = 0x0004;
    const FINAL: u32 = 0x0008;
    const ERASE: u32 = 0x0800;
    const CLOSED: u32 = 0x4000;
    for (media, blank, written, closed) in [
        (MediaType::CD_R, BLANK | APPEND, APPEND, CLOSED),
        (MediaType::CD_RW, BLANK | APPEND, APPEND, CLOSED | ERASE),
        (MediaType::DVD_R, BLANK | APPEND, APPEND, CLOSED),
        (MediaType::DVD_R_DL, BLANK | APPEND | FINAL, CLOSED, CLOSED),
        (MediaType::DVD_PLUS_R, BLANK | APPEND, APPEND, CLOSED),
        (MediaType::DVD_PLUS_R_DL, BLANK | APPEND | FINAL, CLOSED, CLOSED),
        (MediaType::BD_R, BLANK | APPEND, APPEND, CLOSED),
        // A blank one is formatted for its first write.
        (MediaType::DVD_RW, BLANK | APPEND, OVERWRITE, OVERWRITE),
        (MediaType::DVD_PLUS_RW, BLANK | OVERWRITE, OVERWRITE, OVERWRITE),
        (MediaType::DVD_PLUS_RW_DL, BLANK | OVERWRITE, OVERWRITE, OVERWRITE),
        (MediaType::DVD_RAM, BLANK | OVERWRITE, OVERWRITE, OVERWRITE),
        (MediaType::BD_RE, BLANK | OVERWRITE, OVERWRITE, OVERWRITE),
        (MediaType::DISK, BLANK | OVERWRITE, OVERWRITE, OVERWRITE),
    ] {
        for (close, expected) in [(false, written), (true, closed)] {
            let data = Rig::blank(media).data("");
            data.set_disable_consumer_dvd_compatibility_mode(true).unwrap();
            data.set_force_media_to_be_closed(close).unwrap();
            assert_eq!(data.current_media_status().unwrap().bits(), blank, "{media}");
            assert!(data.media_heuristically_blank().unwrap(), "{media}");
            assert_eq!(data.current_physical_media_type().unwrap(), media);
            assert_eq!(data.next_writable_address().unwrap(), 0, "{media}");
            assert!(data.free_sectors_on_media().unwrap() <= data.total_sectors_on_media().unwrap());
            data.write(&stream(64), &mut quiet).unwrap();
            let state = data.current_media_status().unwrap();
            assert_eq!(state.bits(), expected, "{media}, {close}: {state:?}");
            assert_eq!(state.is_unusable(), state.bits() & 0xFC00 != 0);
            if state.is_unusable() {
                for code in [
                    number(data.total_sectors_on_media()),
                    number(data.free_sectors_on_media()),
                    number(data.next_writable_address()),
                    number(data.start_address_of_previous_session()),
                    number(data.last_written_address_of_previous_session()),
                    number(data.write(&stream(64), &mut quiet)),
                ] {
                    assert_eq!(code, 0xC0AA_0402, "{media}");
                }
            }
        }
    }
    let protected = Rig::protected(MediaType::DVD_RAM).data("");
    let state = protected.current_media_status().unwrap();
    assert_eq!(state.bits() & 0xFC00, 0x2000, "{state:?}");
    assert_eq!(protected.write_protect_status().unwrap(), WriteProtectState::BY_SOFTWARE_WRITE_PROTECT);
    let unknown = ready(&Rig::blank(MediaType::BD_R).lying("", disc_is_read_only));
    assert_eq!(unknown.current_media_status().unwrap().bits(), 0x8000);
    assert_eq!(unknown.write_protect_status().unwrap().bits(), 0x4000);
    assert!(!unknown.is_current_media_supported(&unknown.recorder().unwrap()).unwrap());
}

/// 5.6, `BufferUnderrunFreeDisabled`: bit 6 of byte 2 of mode page 05h (MMC-6 7.5.4.6).
#[test]
fn protection_against_underrun_can_be_switched_off() {
    for media in [MediaType::CD_R, MediaType::CD_RW, MediaType::DVD_R] {
        for off in [false, true] {
            let rig = Rig::blank(media);
            let data = rig.data("");
            data.set_buffer_underrun_free_disabled(off).unwrap();
            data.write(&stream(320), &mut quiet).unwrap();
            let seen = rig.seen.lock().unwrap();
            let page = seen.iter().find(|(cdb, sent)| cdb[0] == 0x55 && sent[8] & 0x3F == 0x05).unwrap();
            assert_eq!(page.1[8 + 2] & 0x40 == 0, off, "{media}");
        }
    }
}
