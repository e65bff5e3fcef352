//! The call sequences of the contract (section 7) with both halves together: a first disc, further sessions through the
//! multisession interfaces on media of either kind, erasing, and the state rules of erasing and verification (5.7, 5.12).

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod burning;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use burning::*;
use glassmaster::disc::clock::SimulatedClock;
use glassmaster::disc::{Lba, MediaType};
use glassmaster::imapi2::burn::{
    BurnReport, DataStream, DiscFormatData, DiscFormatErase, EraseMethod, VerifyLevel, WriteAction,
    WriteEngine,
};
use glassmaster::imapi2::recorder::{DiscMaster, MediaState, Patience, RecorderOptions, RegisteredDrive};
use glassmaster::imapi2fs::{FileSystemImage, FileSystems, ImageResult, Surroundings};
use glassmaster::tree::Timestamp;

/// An image whose result is for the disc in a drive.
fn fresh() -> FileSystemImage {
    FileSystemImage::new(Surroundings::at(Timestamp::from_secs(1_700_000_000)))
}

fn text(length: usize) -> glassmaster::imapi2fs::DataStream {
    glassmaster::imapi2fs::DataStream::from_bytes(glassmaster_testkit::tree::bytes(9, length))
}

/// The stream of a result as a writer takes it, with its ranges where it has any.
fn stream_of(result: &ImageResult) -> DataStream {
    match result.modified_blocks() {
        Ok(ranges) => DataStream::with_ranges(result.source(), ranges),
        Err(_) => DataStream::new(result.source()),
    }
}

/// Every path in the tree of an image.
fn names(image: &FileSystemImage) -> Vec<String> {
    let mut all: Vec<String> = image.root().items().map(|item| item.name()).collect();
    all.sort();
    all
}

/// Sequence 2: what is on the disc, one more file, and what of it has to be written.
fn next(data: &DiscFormatData, file: &str) -> (FileSystemImage, ImageResult) {
    let image = fresh();
    image.set_multisession_interfaces(data.multisession_interfaces().unwrap().all()).unwrap();
    image.import_file_system().unwrap();
    image.root().add_file(file, text(70_000)).unwrap();
    let result = image.create_result_image().unwrap();
    (image, result)
}

#[test]
fn sequence_1_from_the_list_of_drives_to_a_verified_disc() {
    let rig = Arc::new(Rig::blank(MediaType::BD_R));
    let drive = Arc::clone(&rig);
    let master = DiscMaster::registered_only();
    let open = Arc::new(move || Ok(drive.transport("", |_, _| {})));
    master.register(RegisteredDrive { id: "virtual:disc".into(), open }).unwrap();
    assert!(master.is_supported_environment());
    let recorder = master.open(&master.item(0).unwrap(), RecorderOptions::default()).unwrap();
    assert_eq!(recorder.id(), "virtual:disc");
    let data = DiscFormatData::new();
    assert!(data.is_recorder_supported(&recorder).unwrap());
    assert!(data.is_current_media_supported(&recorder).unwrap());
    data.set_recorder(Some(recorder)).unwrap();
    data.set_client_name("Sequence 1").unwrap();
    assert_eq!(data.current_media_status().unwrap(), MediaState::BLANK | MediaState::APPENDABLE);
    assert!(data.media_heuristically_blank().unwrap() && data.media_physically_blank().unwrap());
    data.set_burn_verification_level(VerifyLevel::Full).unwrap();
    let image = fresh();
    image.root().add_file("first.txt", text(100_000)).unwrap();
    let result = image.create_result_image().unwrap();
    let mut actions = Vec::new();
    let report: BurnReport = data
        .write(&stream_of(&result), &mut |event| {
            actions.push(event.action);
            ControlFlow::Continue(())
        })
        .unwrap();
    actions.dedup();
    assert_eq!(
        (actions.first(), actions.last()),
        (Some(&WriteAction::ValidatingMedia), Some(&WriteAction::Completed))
    );
    assert!(actions.contains(&WriteAction::Verifying));
    assert_eq!(report.verified.unwrap().sectors, u64::from(result.total_blocks()));
}

#[test]
fn sequence_2_sessions_on_media_that_grow() {
    for media in [MediaType::CD_R, MediaType::DVD_PLUS_R, MediaType::BD_R] {
        let rig = Rig::blank(media);
        let data = rig.data("");
        data.set_disable_consumer_dvd_compatibility_mode(true).unwrap();
        data.set_burn_verification_level(VerifyLevel::Full).unwrap();
        // A blank disc has nothing to import; what the file-system half says of it is its own matter.
        let ways = data.multisession_interfaces().unwrap();
        assert!(ways.sequential.is_supported_on_current_media_state().unwrap());
        assert_eq!(number(fresh().set_multisession_interfaces(ways.all())), 0xC0AA_B156, "{media}");
        let image = fresh();
        image.root().add_file("first.txt", text(50_000)).unwrap();
        data.write(&stream_of(&image.create_result_image().unwrap()), &mut quiet).unwrap();
        assert!(!data.media_heuristically_blank().unwrap());
        for file in ["second.txt", "third.txt"] {
            let (image, result) = next(&data, file);
            assert!(names(&image).contains(&"first.txt".to_owned()), "{media}");
            let expected = data.next_writable_address().unwrap();
            assert_eq!(image.session_start_block(), expected, "{media}");
            let report = data.write(&stream_of(&result), &mut quiet).unwrap();
            assert_eq!(report.start_lba, Lba(expected), "{media}");
            // The image that asked the drive sees that the disc has gone on.
            assert_eq!(number(image.import_file_system()), 0xC0AA_B102, "{media}");
            drop(result);
            assert_eq!(number(image.create_result_image()), 0xC0AA_B158, "{media}");
        }
        let last = fresh();
        last.set_multisession_interfaces(ways.all()).unwrap();
        last.import_file_system().unwrap();
        assert_eq!(names(&last), ["first.txt", "second.txt", "third.txt"], "{media}");
        // Closed for good: nothing can be set any more.
        data.set_force_media_to_be_closed(true).unwrap();
        last.root().add_file("last.txt", text(1)).unwrap();
        data.write(&stream_of(&last.create_result_image().unwrap()), &mut quiet).unwrap();
        assert_eq!(number(fresh().set_multisession_interfaces(ways.all())), 0xC0AA_B15C, "{media}");
    }
}

#[test]
fn sequence_2_sessions_on_media_that_are_overwritten() {
    for media in [MediaType::DVD_PLUS_RW, MediaType::BD_RE] {
        let rig = Rig::blank(media);
        let data = rig.data("");
        data.set_burn_verification_level(VerifyLevel::Full).unwrap();
        let image = fresh();
        let _ = image.set_file_systems_to_create(FileSystems::UDF).unwrap();
        image.root().add_file("first.txt", text(50_000)).unwrap();
        data.write(&stream_of(&image.create_result_image().unwrap()), &mut quiet).unwrap();
        let whole = data.total_sectors_on_media().unwrap();
        for file in ["second.txt", "third.txt"] {
            assert!(!data.media_heuristically_blank().unwrap() && !data.media_physically_blank().unwrap());
            let ways = data.multisession_interfaces().unwrap();
            // The caller's mark chooses; the other way does not fit and cannot be used.
            ways.sequential.set_in_use(true);
            assert_eq!(number(fresh().set_multisession_interfaces(ways.all())), 0xC0AA_B15B, "{media}");
            let (image, result) = next(&data, file);
            // Free room comes from the file system, not from the drive.
            assert!(image.free_media_blocks() < whole && data.free_sectors_on_media().unwrap() == whole);
            let ranges = result.modified_blocks().unwrap();
            let report = data.write(&stream_of(&result), &mut quiet).unwrap();
            assert_eq!(report.sectors, ranges.blocks(), "{media}");
        }
        let last = fresh();
        last.set_multisession_interfaces(data.multisession_interfaces().unwrap().all()).unwrap();
        last.import_file_system().unwrap();
        assert_eq!(names(&last), ["first.txt", "second.txt", "third.txt"], "{media}");
    }
}

#[test]
fn sequence_3_erasing() {
    for (media, blanks) in [
        (MediaType::CD_RW, true),
        (MediaType::DVD_RW, true),
        (MediaType::DVD_PLUS_RW, false),
        (MediaType::DVD_RAM, false),
        (MediaType::BD_RE, false),
        (MediaType::DISK, false),
    ] {
        let rig = Rig::blank(media);
        let recorder = rig.recorder();
        let data = ready(&recorder);
        data.write(&stream(320), &mut quiet).unwrap();
        assert!(!data.media_heuristically_blank().unwrap(), "{media}");
        let erase = DiscFormatErase::new();
        assert!(erase.is_recorder_supported(&recorder).unwrap());
        assert!(erase.is_current_media_supported(&recorder).unwrap(), "{media}");
        assert_eq!(number(erase.current_physical_media_type()), 0xC0AA_0003);
        assert_eq!(number(erase.erase_media(&mut |_| {})), 0xC0AA_0003);
        erase.set_recorder(Some(recorder.clone())).unwrap();
        assert_eq!(erase.current_physical_media_type().unwrap(), media);
        assert_eq!(number(erase.set_recorder(Some(recorder.clone()))), 0x80AA_0901);
        assert_eq!(number(erase.erase_media(&mut |_| {})), 0xC0AA_090B);
        assert_eq!(number(erase.set_client_name("a/b")), 0x8007_0057);
        erase.set_client_name("Sequence 3").unwrap();
        let mut told = Vec::new();
        let report = erase
            .erase_media(&mut |event| {
                told.push(*event);
                assert_eq!(recorder.exclusive_access_owner().as_deref(), Some("Sequence 3"));
                assert!(!recorder.is_mcn_enabled());
                for code in [
                    number(erase.set_recorder(None)),
                    number(erase.set_client_name("x")),
                    number(erase.set_full_erase(true)),
                    number(erase.erase_media(&mut |_| {})),
                ] {
                    assert_eq!(code, 0x80AA_0900);
                }
            })
            .unwrap();
        assert_eq!(matches!(report.method, EraseMethod::Blank(_)), blanks, "{media}");
        assert!(told.len() >= 2 && told.iter().all(|e| e.estimated_total >= e.elapsed));
        assert!(recorder.is_mcn_enabled() && recorder.exclusive_access_owner().is_none());
        assert!(erase.media_heuristically_blank().unwrap(), "{media}");
        assert_eq!(erase.media_physically_blank().unwrap(), blanks, "{media}");
        // Blank again: written without permission to overwrite.
        data.write(&stream(64), &mut quiet).unwrap();
        erase.set_recorder(None).unwrap();
    }
}

/// 5.7: by the clock, every half second or second.
#[test]
fn erasing_tells_how_far_it_is() {
    let mut rig = Rig::blank(MediaType::CD_RW);
    rig.clock = Arc::new(SimulatedClock::default());
    rig.paced = true;
    rig.patience = Patience::default();
    let erase = rig.erase("");
    erase.set_full_erase(true).unwrap();
    let mut told = Vec::new();
    erase.erase_media(&mut |event| told.push(*event)).unwrap();
    assert!(told.len() > 10, "{}", told.len());
    let (last, body) = told.split_last().unwrap();
    for pair in body.windows(2) {
        let gap = pair[1].elapsed - pair[0].elapsed;
        assert!(gap >= Duration::from_millis(500) && gap <= Duration::from_millis(1500), "{gap:?}");
    }
    assert_eq!(last.elapsed, last.estimated_total);
    assert!(last.elapsed < Duration::from_secs(3600));
}

/// 5.12: what each level finds, and when it may be set.
#[test]
fn levels_of_verification() {
    for (level, number_of) in [(VerifyLevel::None, 0), (VerifyLevel::Quick, 1), (VerifyLevel::Full, 2)] {
        assert_eq!(level as u8, number_of);
        let data = Rig::blank(MediaType::BD_R).data("");
        data.set_burn_verification_level(level).unwrap();
        assert_eq!(data.burn_verification_level(), level);
        let mut verified = false;
        let report = data
            .write(&stream(640), &mut |event| {
                verified |= event.action == WriteAction::Verifying;
                assert_eq!(number(data.set_burn_verification_level(VerifyLevel::None)), 0xC0AA_0400);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(verified, level != VerifyLevel::None);
        assert_eq!(report.verified.map(|v| v.level), Some(level).filter(|l| *l != VerifyLevel::None));
        assert_eq!(report.sha256.is_some(), level == VerifyLevel::Full);
    }
    // One sector in the middle cannot be read: only reading everything finds it for sure.
    let bad = "op=28 lba=301..301 always sense=3/11/00";
    let data = Rig::blank(MediaType::BD_R).data(bad);
    data.set_burn_verification_level(VerifyLevel::Full).unwrap();
    assert_eq!(number(data.write(&stream(640), &mut quiet)), 0xC0AA_0007);
    let data = Rig::blank(MediaType::BD_R).data(bad);
    data.write(&stream(640), &mut quiet).unwrap();
}

/// 5.4: the engine knows no formats and prepares nothing.
#[test]
fn the_write_engine_sends_what_it_is_told() {
    let rig = Rig::blank(MediaType::DVD_RAM);
    let recorder = rig.recorder();
    let engine = engine(&recorder);
    rig.seen.lock().unwrap().clear();
    let bytes = image(96, 4);
    let mut events = Vec::new();
    engine
        .write_section(&bytes, Lba(160), 96, &mut |event| {
            events.push(*event);
            ControlFlow::Continue(())
        })
        .unwrap();
    // Nothing but writes: no speed, no mode page, no flush.
    assert!(rig.seen.lock().unwrap().iter().all(|(cdb, _)| matches!(cdb[0], 0x2A | 0x5C)));
    let (first, last) = (events.first().unwrap(), events.last().unwrap());
    assert_eq!((first.start_lba, first.sector_count, first.last_written_lba), (Lba(160), 96, None));
    assert_eq!((last.last_read_lba, last.last_written_lba), (Some(Lba(255)), Some(Lba(255))));
    let mut found = vec![0; bytes.len()];
    recorder.disc_source_of(1000).read(160, &mut found).unwrap();
    assert!(found == bytes);
    // Streaming writes where the drive has them; a section needs recorder and size.
    engine.set_use_streaming_write12(true).unwrap();
    engine.write_section(&bytes, Lba(0), 96, &mut quiet).unwrap();
    let seen = rig.seen.lock().unwrap();
    assert!(seen.iter().any(|(cdb, _)| cdb[0] == 0xAA && cdb[10] & 0x80 != 0));
    let bare = WriteEngine::new();
    assert_eq!(number(bare.write_section(&bytes, Lba(0), 1, &mut quiet)), 0xC0AA_0003);
    bare.set_recorder(Some(recorder.clone())).unwrap();
    assert_eq!(number(bare.write_section(&bytes, Lba(0), 1, &mut quiet)), 0x8007_0057);
}
