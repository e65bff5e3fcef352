//! A drive made of prepared answers: what the recorder makes of each, and what it leaves behind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod rig;

use glassmaster_disc::{BlockSource, Lba, MediaType, SECTOR};
use glassmaster_mmc::cmd::PageControl;
use glassmaster_mmc::page::WriteParameters;
use glassmaster_recorder::{Blame, DiscRecorder, Error, HResult, MediaState, WriteProtectState};

use rig::{Answer, Rig};

#[test]
fn identity_is_trimmed_and_other_devices_are_refused() {
    let rig = Rig::new();
    let recorder = rig.recorder();
    let identity = recorder.identity();
    assert_eq!(
        (identity.vendor.as_str(), identity.product.as_str(), identity.revision.as_str()),
        ("ACME", "BURNER 3000", "1.07")
    );
    let mut disk = vec![0u8; 36];
    disk[4] = 31;
    rig.data(0x12, &disk);
    assert!(matches!(DiscRecorder::open(rig.transport()), Err(Error::Contradiction { .. })));
}

/// The rows of the contract's table of media states, from bytes of READ DISC INFORMATION.
#[test]
fn media_states_follow_the_table() {
    let s = MediaState::empty();
    let (blank, appendable, final_session) =
        (MediaState::BLANK, MediaState::APPENDABLE, MediaState::FINAL_SESSION);
    for (profile, byte_2, free, expected) in [
        (0x0009u16, 0x00u8, 359_000u32, blank | appendable),
        (0x001B, 0x00, 2_295_104, blank | appendable),
        (0x0041, 0x00, 12_219_392, blank | appendable),
        // One session, and no more: two layers, and a DVD-RW without feature 0021h, as after a minimal blank.
        (0x0015, 0x00, 4_171_712, blank | appendable | final_session),
        (0x0016, 0x00, 4_171_712, blank | appendable | final_session),
        (0x0014, 0x10, 2_297_888, blank | appendable | final_session),
        (0x002B, 0x00, 4_173_824, blank | appendable),
        (0x0011, 0x01, 2_000_000, appendable),
        (0x0014, 0x1E, 0, MediaState::FINALIZED | MediaState::ERASE_REQUIRED),
        (0x0041, 0x0E, 0, MediaState::FINALIZED),
        (0x002B, 0x05, 200_000, MediaState::NON_EMPTY_SESSION),
        // A last session that is closed, on a disc that is open and has no other, contradicts itself.
        (0x001B, 0x0D, 200_000, MediaState::DAMAGED),
        (0x0009, 0x01, 200_000, appendable),
        (0x0009, 0x01, 7_000, appendable | final_session),
        (0x0009, 0x05, 200_000, MediaState::NON_EMPTY_SESSION),
        (0x001B, 0x09, 200_000, MediaState::DAMAGED),
        (0x001B, 0x0E, 0, MediaState::FINALIZED),
        (0x000A, 0x1E, 0, MediaState::FINALIZED | MediaState::ERASE_REQUIRED),
        (0x0009, 0x03, 0, MediaState::DAMAGED),
        (0x0008, 0x0E, 0, MediaState::UNSUPPORTED_MEDIA),
        (0x0010, 0x0E, 0, MediaState::UNSUPPORTED_MEDIA),
        (0x0999, 0x00, 0, MediaState::UNSUPPORTED_MEDIA),
    ] {
        let rig = Rig::new();
        rig.profile(profile);
        rig.disc(byte_2, 0);
        rig.track(if byte_2 & 3 == 0 { 0 } else { 350_000 }, free);
        let medium = rig.recorder().medium().unwrap();
        assert_eq!(medium.state, s | expected, "profile {profile:04X}h, byte 2 {byte_2:02X}h");
        let usable = expected.bits() & 0xFC00 == 0;
        assert_eq!(medium.state.is_unusable(), !usable);
        if usable {
            assert_eq!(medium.free, u64::from(free));
        }
    }
}

#[test]
fn a_cd_counts_up_to_its_last_lead_out() {
    let rig = Rig::new();
    rig.profile(0x0009);
    rig.disc(0x00, 0);
    // Some drives answer the start of the pre-gap for a blank disc.
    rig.track(-150, 359_000);
    let medium = rig.recorder().medium().unwrap();
    assert_eq!(medium.total, 359_849);
    assert_eq!(medium.next_writable, Lba(0));
    assert_eq!(medium.kind, MediaType::CD_R);
}

#[test]
fn a_track_without_next_address_is_damage_not_address_zero() {
    let rig = Rig::new();
    rig.profile(0x001B);
    rig.disc(0x00, 0);
    let mut bytes = vec![0, 34, 1, 1, 0, 4, 0x41, 0x00];
    bytes.resize(36, 0);
    rig.data(0x52, &bytes);
    assert_eq!(
        rig.recorder().medium().unwrap().state,
        MediaState::BLANK | MediaState::APPENDABLE | MediaState::DAMAGED
    );
}

#[test]
fn overwritable_media_are_measured_and_looked_at() {
    // Formatted to 1000 blocks; READ CAPACITY names the last one (999 = 3E7h).
    let capacity = [0, 0, 3, 0xE7, 0, 0, 8, 0];
    for (first_byte, blank) in [(0, true), (1, false)] {
        let rig = Rig::new();
        rig.profile(0x0043);
        rig.disc(0x1F, 0);
        rig.data(0x23, &[0, 0, 0, 8, 0, 0, 3, 0xE8, 2, 0, 8, 0]);
        rig.data(0x25, &capacity);
        let mut sectors = vec![0; 32 * SECTOR];
        sectors[0] = first_byte;
        rig.data(0x28, &sectors);
        let medium = rig.recorder().medium();
        if blank {
            let medium = medium.unwrap();
            assert_eq!(medium.state, MediaState::OVERWRITE_ONLY | MediaState::BLANK);
            assert_eq!((medium.total, medium.free, medium.formatted), (1000, 1000, true));
        } else {
            assert_eq!(medium.unwrap().state, MediaState::OVERWRITE_ONLY);
        }
    }
    // Never formatted: as large as its format will be, and nothing is read.
    let rig = Rig::new();
    rig.profile(0x001A);
    rig.disc(0x10, 0);
    rig.data(0x23, &[0, 0, 0, 16, 0, 0x23, 0x05, 0x40, 1, 0, 8, 0, 0, 0x23, 0x05, 0x40, 0x98, 0, 0, 0]);
    let medium = rig.recorder().medium().unwrap();
    assert!(!medium.formatted);
    assert_eq!(medium.total, 2_295_104);
    assert!(rig.heard(0x28).is_empty());
}

#[test]
fn write_protection_bits() {
    for (byte_4, expected) in [
        (0x01u8, WriteProtectState::UNTIL_POWERDOWN),
        (0x02, WriteProtectState::BY_SOFTWARE_WRITE_PROTECT),
        (0x04, WriteProtectState::BY_CARTRIDGE),
        (0x08, WriteProtectState::BY_MEDIA_SPECIFIC_REASON),
        (0x00, WriteProtectState::empty()),
    ] {
        let rig = Rig::new();
        rig.profile(0x0041);
        rig.disc(0x00, 0);
        rig.track(0, 12_219_392);
        rig.data(0xAD, &[0, 6, 0, 0, byte_4, 0, 0, 0]);
        let medium = rig.recorder().medium().unwrap();
        assert_eq!(medium.protection, expected);
        assert_eq!(medium.state.contains(MediaState::WRITE_PROTECTED), byte_4 != 0);
        let asked = &rig.heard(0xAD)[0].0;
        assert_eq!((asked[1], asked[7]), (1, 0xC0));
    }
}

#[test]
fn waits_for_a_drive_that_is_getting_ready_and_gives_up_on_one_that_never_is() {
    let rig = Rig::new();
    rig.set(
        0x00,
        &[
            Answer::Check(6, 0x29, 0),
            Answer::Check(6, 0x28, 0),
            Answer::Check(2, 0x04, 0x01),
            Answer::Check(2, 0x04, 0x02),
            Answer::Data(Vec::new()),
        ],
    );
    rig.recorder().wait_ready().unwrap();
    assert_eq!(rig.heard(0x1B).len(), 1, "2/04/02 asks for START UNIT");

    rig.set(0x00, &[Answer::Check(2, 0x04, 0x01)]);
    let error = rig.recorder().wait_ready().unwrap_err();
    assert!(matches!(error, Error::StillBusy { .. }));
    assert_eq!(error.hresult(), HResult(0xC0AA_0205));

    rig.set(0x00, &[Answer::Check(6, 0x29, 0)]);
    assert!(rig.recorder().wait_ready().is_err(), "unit attentions without end");

    rig.set(0x00, &[Answer::Check(2, 0x3A, 0x01)]);
    let error = rig.recorder().medium().unwrap_err();
    assert!(error.is_no_medium());
    assert_eq!(error.blame(), Blame::Medium);
}

#[test]
fn the_tray_is_unlocked_on_every_way_out() {
    let rig = Rig::new();
    let recorder = rig.recorder();
    drop(recorder.prevent_removal().unwrap());
    recorder.prevent_removal().unwrap().release().unwrap();
    let bits: Vec<u8> = rig.heard(0x1E).iter().map(|(cdb, _)| cdb[4]).collect();
    assert_eq!(bits, [1, 0, 1, 0]);
    // The lock was carried out, but its answer was lost.
    rig.set(0x1E, &[Answer::Gone, Answer::Data(Vec::new())]);
    assert!(recorder.prevent_removal().is_err());
    assert_eq!(rig.heard(0x1E).last().unwrap().0[4], 0);
    // The first attempt to unlock fails.
    rig.set(0x1E, &[Answer::Data(Vec::new()), Answer::Check(4, 0x44, 0), Answer::Data(Vec::new())]);
    drop(recorder.prevent_removal().unwrap());
    let bits: Vec<u8> = rig.heard(0x1E).iter().skip(6).map(|(cdb, _)| cdb[4]).collect();
    assert_eq!(bits, [1, 0, 0]);
}

#[test]
fn one_owner_at_a_time() {
    let rig = Rig::new();
    let (mine, yours) = (rig.recorder(), rig.recorder());
    assert_eq!(yours.exclusive_access_owner(), None);
    let first = mine.acquire_exclusive_access("first job").unwrap();
    let second = mine.acquire_exclusive_access("second job").unwrap();
    assert_eq!(yours.exclusive_access_owner().as_deref(), Some("first job"));
    for (error, code) in [
        (yours.acquire_exclusive_access("late").unwrap_err(), HResult::ACCESS_DENIED),
        (yours.test_unit_ready().unwrap_err(), HResult::LOCKED),
        (yours.eject().unwrap_err(), HResult::LOCKED),
    ] {
        assert_eq!(error.hresult(), code);
        assert!(error.to_string().contains("first job"));
    }
    drop(first);
    assert!(yours.test_unit_ready().is_err(), "still held by the second guard");
    mine.test_unit_ready().unwrap();
    drop(second);
    yours.test_unit_ready().unwrap();
    assert_eq!(mine.exclusive_access_owner(), None);
}

#[test]
fn a_mode_page_keeps_what_nobody_changed_and_comes_back() {
    let rig = Rig::new();
    // Header, then page 05h with two vendor specific bytes behind the 50 of the standard.
    let mut page = vec![0x85, 52, 0x40, 0xC5, 0x08];
    page.resize(54, 0);
    page[15] = 150;
    page[52..54].copy_from_slice(&[0xAB, 0xCD]);
    let mut answer = vec![0, 60, 0, 0, 0, 0, 0, 0];
    answer.extend_from_slice(&page);
    rig.data(0x5A, &answer);
    let recorder = rig.recorder();
    let guard = recorder.change_mode_page(|p: &mut WriteParameters| p.track_mode = 4).unwrap();
    drop(guard);
    let sent: Vec<Vec<u8>> = rig.heard(0x55).into_iter().map(|(_, data)| data).collect();
    assert_eq!(sent.len(), 2);
    page[0] = 0x05;
    assert_eq!(sent[1][8..], page[..], "the old values");
    page[3] = 0xC4;
    assert_eq!(sent[0][8..], page[..], "the new values: PS clear, the rest untouched");
    assert_eq!(rig.heard(0x55)[0].0, [0x55, 0x10, 0, 0, 0, 0, 0, 0, 62, 0]);
    assert_eq!(recorder.mode_page(5, PageControl::Current).unwrap().data.len(), 52);
}

#[test]
fn speeds_come_from_get_performance_or_from_page_2a() {
    let rig = Rig::new();
    rig.profile(0x0009);
    // Two descriptors of 16 bytes: 7056 kB/s CAV and 2822 kB/s, END LBA 359848 (MMC-6 6.7, GET PERFORMANCE type 03h).
    let mut data = vec![0, 0, 0, 36, 0, 0, 0, 0];
    for (flags, speed) in [(0x08u8, 7056u32), (0x00, 2822)] {
        data.extend_from_slice(&[flags, 0, 0, 0, 0, 5, 0x7D, 0xA8, 0, 0, 0x1B, 0x90]);
        data.extend_from_slice(&speed.to_be_bytes());
    }
    rig.data(0xAC, &data);
    let recorder = rig.recorder();
    let speeds: Vec<_> =
        recorder.write_speeds().unwrap().iter().map(|s| (s.sectors_per_second, s.pure_cav)).collect();
    assert_eq!(speeds, [(3000, true), (1200, false)]);
    let (setting, guard) = recorder.set_write_speed(Some(1000), false).unwrap();
    assert_eq!(setting.result, HResult::SPEED_ADJUSTED);
    assert_eq!(setting.speed.unwrap().sectors_per_second, 1200);
    drop(guard);
    let sent: Vec<Vec<u8>> = rig.heard(0xBB).into_iter().map(|(cdb, _)| cdb).collect();
    assert_eq!(sent[0][..6], [0xBB, 0, 0xFF, 0xFF, 0x0B, 0x06]);
    assert_eq!(sent[1][..6], [0xBB, 0, 0xFF, 0xFF, 0xFF, 0xFF]);

    rig.set(0xAC, &[Answer::Check(5, 0x20, 0)]);
    let mut page = vec![0, 46, 0, 0, 0, 0, 0, 0, 0x2A, 38];
    page.resize(48, 0);
    // Two write speed descriptors from byte 32 of the page on.
    page[8 + 31] = 2;
    page[40..48].copy_from_slice(&[0, 1, 0x1B, 0x90, 0, 0, 0x0B, 0x06]);
    rig.data(0x5A, &page);
    let speeds: Vec<_> =
        recorder.write_speeds().unwrap().iter().map(|s| (s.sectors_per_second, s.pure_cav)).collect();
    assert_eq!(speeds, [(3000, true), (1200, false)]);
}

#[test]
fn reading_repeats_what_may_pass_and_names_what_does_not() {
    let rig = Rig::new();
    let sector: Vec<u8> = vec![0x5A; SECTOR];
    let good = Answer::Data(sector.clone());
    rig.set(
        0x28,
        &[
            Answer::Check(3, 0x11, 0x05),
            Answer::Check(6, 0x29, 0),
            Answer::Check(2, 0x04, 0x01),
            Answer::Data(vec![0; 100]),
            good,
        ],
    );
    let disc = rig.recorder().disc_source_of(50);
    let mut buf = vec![0; SECTOR];
    disc.read_blocks(49, &mut buf).unwrap();
    assert_eq!(buf, sector);
    assert_eq!(rig.heard(0x28)[0].0, [0x28, 0, 0, 0, 0, 49, 0, 0, 1, 0]);

    assert!(disc.read_blocks(50, &mut buf).is_err(), "past the end");
    rig.set(0x28, &[Answer::Check(6, 0x28, 0)]);
    let error = disc.read(7, &mut buf).unwrap_err();
    assert!(error.is_sense(6, 0x28, 0), "another disc is not read on: {error}");
    rig.set(0x28, &[Answer::Check(3, 0x11, 0x05)]);
    let before = rig.heard(0x28).len();
    let error = disc.read_blocks(7, &mut buf).unwrap_err();
    assert!(error.to_string().contains("READ (10) at block 7"), "{error}");
    assert_eq!(rig.heard(0x28).len() - before, 3);
    rig.set(0x28, &[Answer::Data(vec![0; 100])]);
    assert!(matches!(disc.read(7, &mut buf), Err(Error::ShortTransfer { got: 100, .. })));
}

#[test]
fn short_answers_are_the_drives_fault() {
    let rig = Rig::new();
    rig.profile(0x0009);
    rig.data(0x51, &[0, 32, 0]);
    let error = rig.recorder().medium().unwrap_err();
    assert_eq!(error.hresult(), HResult::INVALID_RESPONSE_FROM_DEVICE);
    assert_eq!(error.blame(), Blame::Drive);
    rig.data(0x46, &[]);
    assert!(matches!(rig.recorder().configuration(), Err(Error::Answer { .. })));
}

/// SET STREAMING (MMC-6 6.41) repeats the numbers of the drive; where it is refused, for whatever reason, SET CD SPEED is left,
/// and after that the drive's own speed.
#[test]
fn dvd_speeds_are_set_with_the_numbers_of_the_drive() {
    let rig = Rig::new();
    rig.profile(0x001B);
    // One descriptor: WRC 0, END LBA 23053Fh, read 2A48h, write 2B48h (1000 bytes a second).
    let mut data = vec![0, 0, 0, 20, 0, 0, 0, 0];
    data.extend_from_slice(&[2, 0, 0, 0, 0, 0x23, 0x05, 0x3F, 0, 0, 0x2A, 0x48, 0, 0, 0x2B, 0x48]);
    rig.data(0xAC, &data);
    let recorder = rig.recorder();
    let (_, guard) = recorder.set_write_speed(None, false).unwrap();
    guard.restore().unwrap();
    let sent = rig.heard(0xB6);
    assert_eq!(sent[0].0, [0xB6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 28, 0]);
    let mut list = vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0x23, 0x05, 0x3F];
    list.extend([0, 0, 0x2A, 0x48, 0, 0, 0x03, 0xE8, 0, 0, 0x2B, 0x48, 0, 0, 0x03, 0xE8]);
    assert_eq!(sent[0].1, list);
    assert_eq!((sent[1].1[0], sent[1].1.len(), sent.len()), (0x04, 28, 2), "RDD");
    // A drive that names no read speed is asked for one that no disc has.
    data[16..20].fill(0);
    rig.data(0xAC, &data);
    drop(recorder.set_write_speed(None, false).unwrap());
    assert_eq!(rig.heard(0xB6)[2].1[12..16], [0, 0, 0xFF, 0xFF]);

    for (asc, ascq) in [(0x20, 0), (0x24, 0), (0x26, 0), (0x21, 0), (0x2C, 0), (0x30, 5)] {
        rig.set(0xB6, &[Answer::Check(5, asc, ascq)]);
        rig.set(0xBB, &[Answer::Data(Vec::new())]);
        let before = rig.heard(0xBB).len();
        drop(recorder.set_write_speed(None, false).unwrap());
        let sent = rig.heard(0xBB);
        assert_eq!((sent.len(), &sent[before].0[..6]), (before + 1, &[0xBB, 0, 0xFF, 0xFF, 0x2B, 0x48][..]));
        rig.set(0xBB, &[Answer::Check(5, asc, ascq)]);
        drop(recorder.set_write_speed(None, false).unwrap());
    }
    rig.set(0xB6, &[Answer::Check(4, 0x44, 0)]);
    assert!(recorder.set_write_speed(None, false).is_err(), "a broken drive is no refusal");
}
