//! Every member of the recorder and the list of drives, and every result code they have, on a drive of prepared answers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod rig;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use glassmaster_disc::clock::SimulatedClock;
use glassmaster_mmc::cmd::{AddressType, PageControl};
use glassmaster_mmc::feature::FeatureCode;
use glassmaster_recorder::{
    DiscMaster, DiscRecorder, DriveChange, Error, HResult, RecorderOptions, RegisteredDrive,
    WriteProtectState,
};
use glassmaster_scsi::{Status, TransportError};

use rig::{Answer, Rig};

const SECOND: Duration = Duration::from_secs(1);

fn code<T>(result: Result<T, Error>) -> u32 {
    match result {
        Ok(_) => 0,
        Err(error) => {
            assert!(!error.next_step().is_empty());
            error.hresult().0
        }
    }
}

/// The codes of the contract's group CMD and FEAT by the sense data that leads to them; numbers written out.
#[test]
fn every_result_code_of_a_command_can_be_had() {
    type Call = fn(&DiscRecorder) -> u32;
    let ready: Call = |r| code(r.test_unit_ready());
    let page: Call = |r| code(r.mode_page_bytes(0x2A, PageControl::Current));
    let saved: Call = |r| code(r.supported_mode_pages(PageControl::Saved));
    let set: Call = |r| code(r.set_mode_page_bytes(PageControl::Current, &[0x08, 2, 4, 0]));
    let structure: Call = |r| code(r.read_disc_structure(0x10, 0, 0, 0));
    let features: Call = |r| code(r.supported_features(false));
    let eject: Call = |r| code(r.eject());
    let waiting: Call = |r| code(r.wait_ready());
    for (opcode, answer, call, expected) in [
        (0x00, Answer::Check(2, 0x3A, 1), ready, 0xC0AA_0202u32),
        (0x00, Answer::Check(2, 0x30, 0), ready, 0xC0AA_0203),
        (0x00, Answer::Check(2, 0x06, 0), ready, 0xC0AA_0204),
        (0x00, Answer::Check(2, 0x04, 1), ready, 0xC0AA_0205),
        (0x00, Answer::Check(2, 0x04, 1), waiting, 0xC0AA_0205),
        (0x00, Answer::Check(6, 0x28, 0), ready, 0xC0AA_0205),
        (0x00, Answer::Check(2, 0x04, 4), ready, 0xC0AA_0206),
        (0x00, Answer::Check(2, 0x04, 4), waiting, 0xC0AA_0206),
        (0x00, Answer::Check(2, 0x04, 7), ready, 0xC0AA_0207),
        (0x00, Answer::Check(2, 0x04, 8), waiting, 0xC0AA_0207),
        (0x55, Answer::Check(5, 0x26, 0), set, 0xC0AA_0208),
        (0x55, Answer::Check(7, 0x27, 0), set, 0xC0AA_0209),
        (0x5A, Answer::Check(5, 0x24, 0), page, 0xC0AA_0201),
        (0x5A, Answer::Check(5, 0x39, 0), saved, 0xC0AA_0201),
        // A well-formed answer without the page.
        (0x5A, Answer::Data(vec![0, 6, 0, 0, 0, 0, 0, 0]), page, 0xC0AA_0201),
        (0x5A, Answer::Data(vec![0]), page, 0xC0AA_02FF),
        (0x46, Answer::Check(5, 0x20, 0), features, 0xC0AA_020C),
        (0xAD, Answer::Check(5, 0x24, 0), structure, 0xC0AA_020E),
        (0xAD, Answer::Data(vec![0]), structure, 0xC0AA_02FF),
        (0x1B, Answer::Gone, eject, 0xC0AA_020D),
        (0x1B, Answer::Check(5, 0x53, 2), eject, 0xC0AA_0301),
        (0x1B, Answer::Check(3, 0x0C, 9), eject, 0xC0AA_0300),
        (0x1B, Answer::Check(2, 0x31, 0), eject, 0xC0AA_0212),
        (0x1B, Answer::Status(Status::RESERVATION_CONFLICT), eject, 0xC0AA_0210),
    ] {
        let rig = Rig::new();
        rig.profile(0x0011);
        rig.set(opcode, &[answer]);
        assert_eq!(call(&rig.recorder()), expected, "{opcode:02X}h, {expected:08X}h");
    }
    let rig = Rig::new();
    rig.profile(0x0009);
    let recorder = rig.recorder();
    assert_eq!(code(recorder.feature(FeatureCode(0x0107), false)), 0xC0AA_020A);
    // The profile list alone, not current.
    rig.data(0x46, &[0, 0, 0, 12, 0, 0, 0, 9, 0, 0, 0x02, 4, 0, 9, 1, 0]);
    assert_eq!(code(recorder.feature(FeatureCode(0), true)), 0xC0AA_020B);
    assert_eq!(code(recorder.acquire_exclusive_access("")), 0xC0AA_0211);
    assert_eq!(code(recorder.read_disc_structure(0, 0, 0, 4)), 0x8007_0057);
    let gone = TransportError::DeviceGone { device: "d".into(), detail: "x".into() };
    let bad = TransportError::Unsupported { device: "d".into(), detail: "x".into() };
    let denied = TransportError::Denied { device: "d".into(), advice: "x".into() };
    assert_eq!(Error::from(gone).hresult(), HResult(0x8007_0037));
    assert_eq!(Error::from(bad).hresult(), HResult(0x8007_0006));
    assert_eq!(Error::from(denied).hresult(), HResult(0x8007_0005));
}

#[test]
fn identity_ids_and_places() {
    let rig = Rig::new();
    let options = RecorderOptions { id: Some("/dev/disk/by-id/ata-ACME_42".into()), ..Default::default() };
    let recorder = DiscRecorder::with_options(rig.transport(), options).unwrap();
    assert_eq!(recorder.id(), "/dev/disk/by-id/ata-ACME_42");
    assert_eq!((recorder.volume_name(), recorder.name()), (rig.name.clone(), rig.name.as_str()));
    assert_eq!(recorder.volume_path_names(), [Path::new(&rig.name)]);
    assert_eq!(recorder.legacy_device_number(), None);
    let limits = recorder.transfer_limits();
    assert_eq!((limits.page_aligned, limits.unaligned, limits.alignment), (65536, 65536, 1));
    assert_eq!(rig.recorder().id(), rig.name);
}

#[test]
fn raw_commands_say_all_that_the_drive_said() {
    let rig = Rig::new();
    let recorder = rig.recorder();
    let good = recorder.send_command_no_data(&[0; 6], SECOND).unwrap();
    assert_eq!((good.result, good.sense, good.transferred), (HResult::OK, [0; 18], 0));
    rig.set(0x00, &[Answer::Check(2, 0x3A, 1)]);
    let refused = recorder.send_command_no_data(&[0; 6], SECOND).unwrap();
    assert_eq!(refused.result, HResult(0x00AA_0200));
    assert!(refused.result.succeeded());
    // Fixed format: key in byte 2, additional length 10, code and qualifier in bytes 12 and 13.
    assert_eq!((refused.sense[0], refused.sense[2], refused.sense[7]), (0x70, 2, 10));
    assert_eq!(refused.sense[12..14], [0x3A, 1]);
    // A unit attention is told, not waited out.
    rig.set(0x00, &[Answer::Check(6, 0x29, 0), Answer::Data(Vec::new())]);
    assert_eq!(recorder.send_command_no_data(&[0; 6], SECOND).unwrap().sense[2], 6);
    rig.set(0x00, &[Answer::Status(Status::BUSY)]);
    assert_eq!(code(recorder.send_command_no_data(&[0; 6], SECOND)), 0xC0AA_0207);

    let mut buf = [0; 40];
    let inquiry = [0x12, 0, 0, 0, 40, 0];
    let answer = recorder.send_command_get_data(&inquiry, &mut buf, SECOND).unwrap();
    assert_eq!((answer.transferred, &buf[8..12]), (36, &b"ACME"[..]));
    let select = [0x55, 0x10, 0, 0, 0, 0, 0, 0, 12, 0];
    assert_eq!(recorder.send_command_send_data(&select, &[7; 12], SECOND).unwrap().transferred, 12);
    assert_eq!(rig.heard(0x55)[0], (select.to_vec(), vec![7; 12]));

    let before = rig.heard(0x12).len();
    for result in [
        code(recorder.send_command_get_data(&inquiry, &mut [], SECOND)),
        code(recorder.send_command_get_data(&inquiry, &mut vec![0; 65537], SECOND)),
        code(recorder.send_command_get_data(&inquiry[..5], &mut buf, SECOND)),
        code(recorder.send_command_get_data(&[0x12, 0, 0, 0, 40, 0, 0, 0, 0, 0], &mut buf, SECOND)),
        code(recorder.send_command_send_data(&select, &[], SECOND)),
    ] {
        assert_eq!(result, 0x8007_0057);
    }
    assert_eq!(rig.heard(0x12).len(), before, "what is wrong is not sent");
}

#[test]
fn lists_of_features_profiles_and_pages() {
    let rig = Rig::new();
    // CD-R and CD-ROM profiles, the first current; a feature that no standard has, not current; 002Dh, current.
    let mut answer = vec![0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 3, 8, 0, 9, 1, 0, 0, 8, 0, 0];
    answer.extend([0, 0x2D, 0x09, 4, 0x46, 0, 1, 0]);
    answer.extend([0xFF, 0x30, 0x00, 4, 1, 2, 3, 4]);
    answer[3] = u8::try_from(answer.len() - 4).unwrap();
    rig.data(0x46, &answer);
    let recorder = rig.recorder();
    let codes =
        |current| recorder.supported_features(current).unwrap().iter().map(|c| c.0).collect::<Vec<_>>();
    assert_eq!((codes(false), codes(true)), (vec![0, 0x2D, 0xFF30], vec![0, 0x2D]));
    let numbers = |list: Vec<glassmaster_mmc::Profile>| list.iter().map(|p| p.0).collect::<Vec<_>>();
    assert_eq!(numbers(recorder.supported_profiles().unwrap()), [9, 8]);
    assert_eq!(numbers(recorder.current_profiles().unwrap()), [9]);
    assert_eq!(
        recorder.feature(FeatureCode(0xFF30), false).unwrap().to_bytes(),
        [0xFF, 0x30, 0x00, 4, 1, 2, 3, 4]
    );

    // A block descriptor of 8 bytes, then pages 01h (saveable), 3Eh, and 01h with a subpage.
    let mut answer = vec![0, 0, 0, 0, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8];
    answer.extend([0x81, 2, 0xAA, 0xBB, 0x3E, 1, 0xCC, 0x41, 7, 0, 1, 0xDD]);
    answer[1] = u8::try_from(answer.len() - 2).unwrap();
    rig.data(0x5A, &answer);
    assert_eq!(recorder.supported_mode_pages(PageControl::Default).unwrap(), [0x01, 0x3E]);
    assert_eq!(rig.heard(0x5A)[0].0[..3], [0x5A, 0x08, 0xBF], "DBD, default values, all pages");
    assert_eq!(recorder.mode_page_bytes(0x01, PageControl::Current).unwrap(), [0x81, 2, 0xAA, 0xBB]);

    recorder.set_mode_page_bytes(PageControl::Current, &[0x81, 2, 0xAA, 0xBB]).unwrap();
    recorder.set_mode_page_bytes(PageControl::Saved, &[0x01, 2, 0xAA, 0xBC]).unwrap();
    let heard = rig.heard(0x55);
    assert_eq!((heard[0].0[1], heard[1].0[1]), (0x10, 0x11), "PF; PF and SP");
    assert_eq!(heard[0].1, [0, 0, 0, 0, 0, 0, 0, 0, 0x01, 2, 0xAA, 0xBB], "header of zeros, PS clear");
    for (control, page) in [
        (PageControl::Default, &[0x01, 2, 0, 0][..]),
        (PageControl::Changeable, &[0x01, 2, 0, 0]),
        (PageControl::Current, &[0x01, 3, 0, 0]),
        (PageControl::Current, &[0x01, 1, 0, 0]),
        (PageControl::Current, &[]),
    ] {
        assert_eq!(code(recorder.set_mode_page_bytes(control, page)), 0x8007_0057);
    }
    assert_eq!(rig.heard(0x55).len(), 2);
}

#[test]
fn long_lists_of_pages_are_asked_for_again() {
    let rig = Rig::new();
    let mut answer = vec![0; 8];
    for page in 0x01..=0x0Fu8 {
        answer.extend([page, 250]);
        answer.resize(answer.len() + 250, page);
    }
    let length = u16::try_from(answer.len() - 2).unwrap();
    answer[..2].copy_from_slice(&length.to_be_bytes());
    rig.data(0x5A, &answer);
    assert_eq!(rig.recorder().supported_mode_pages(PageControl::Current).unwrap().len(), 15);
    let lengths: Vec<_> =
        rig.heard(0x5A).iter().map(|(cdb, _)| u16::from_be_bytes([cdb[7], cdb[8]])).collect();
    assert_eq!(lengths, [1024, length + 2]);
}

#[test]
fn information_comes_with_its_length_and_structures_without_header() {
    let rig = Rig::new();
    rig.profile(0x0041);
    let recorder = rig.recorder();
    // 34 bytes and one entry of the table of laser powers.
    let mut disc = vec![0, 40, 0x0E, 1, 1, 1, 1, 0];
    disc.resize(34, 0);
    disc[33] = 1;
    disc.extend([0, 2, 1, 2, 3, 4, 5, 6]);
    rig.data(0x51, &disc);
    assert_eq!(recorder.disc_information_bytes().unwrap(), disc);
    rig.data(0x51, &[0, 40, 0x0E]);
    assert_eq!(code(recorder.disc_information_bytes()), 0xC0AA_02FF);
    rig.track(4096, 1000);
    let track = recorder.track_information_bytes(2, AddressType::Session).unwrap();
    assert_eq!((track.len(), &track[..2]), (36, &[0, 34][..]));
    assert_eq!(rig.heard(0x52)[0].0[1..6], [2, 0, 0, 0, 2]);
    rig.data(0x52, &[]);
    assert_eq!(code(recorder.track_information_bytes(1, AddressType::Track)), 0xC0AA_02FF);

    rig.data(0xAD, &[0, 6, 0, 0, 0xDE, 0xAD, 0xBE, 0xEF, 9, 9]);
    assert_eq!(recorder.read_disc_structure(0x30, 0x0102_0304, 1, 2).unwrap(), [0xDE, 0xAD, 0xBE, 0xEF]);
    let asked: Vec<_> = rig.heard(0xAD).into_iter().map(|(cdb, _)| cdb).collect();
    assert_eq!(asked[0], [0xAD, 1, 1, 2, 3, 4, 1, 0x30, 0, 4, 0x80, 0], "BD, AGID 2, the header alone");
    assert_eq!(asked[1], [0xAD, 1, 1, 2, 3, 4, 1, 0x30, 0, 8, 0x80, 0]);

    rig.set(0xBF, &[Answer::Data(Vec::new())]);
    recorder.send_disc_structure(0xC0, &[2, 0, 0, 0]).unwrap();
    assert_eq!(rig.heard(0xBF)[0].0, [0xBF, 1, 0, 0, 0, 0, 0, 0xC0, 0, 8, 0, 0]);
    assert_eq!(rig.heard(0xBF)[0].1, [0, 6, 0, 0, 2, 0, 0, 0]);
    assert_eq!(code(recorder.send_disc_structure(0xC0, &[0; 65532])), 0x8007_0057);
}

#[test]
fn the_serial_number_is_page_80h_or_nothing() {
    let rig = Rig::new();
    let recorder = rig.recorder();
    // The standard data, whatever was asked for.
    assert_eq!(recorder.serial_number().unwrap(), None);
    rig.data(0x12, &[5, 0x80, 0, 8, b' ', b'K', b'4', b'2', 0, 7, b'Z', b' ', b'?']);
    assert_eq!(recorder.serial_number().unwrap().as_deref(), Some("K42Z"));
    rig.data(0x12, &[5, 0x80, 0, 200, b'X']);
    assert_eq!(recorder.serial_number().unwrap().as_deref(), Some("X"), "a length that lies");
    rig.set(0x12, &[Answer::Check(5, 0x24, 0)]);
    assert_eq!(recorder.serial_number().unwrap(), None);
}

/// Feature 0004h, then what protects the disc.
#[test]
fn write_protection_of_each_kind() {
    let rig = Rig::new();
    let feature = |profile: u16, bits: u8| {
        let [high, low] = profile.to_be_bytes();
        rig.data(0x46, &[0, 0, 0, 12, 0, 0, high, low, 0, 4, 0x09, 4, bits, 0, 0, 0]);
    };
    let recorder = rig.recorder();
    let state = || recorder.write_protection().unwrap();
    feature(0x0008, 0);
    assert_eq!(state(), WriteProtectState::READ_ONLY_MEDIA);
    feature(0x0009, 1);
    assert_eq!(state(), WriteProtectState::empty(), "no mode page");
    rig.data(0x5A, &[0, 16, 0, 0, 0, 0, 0, 0, 0x1D, 8, 0, 0, 1, 0, 0, 0, 0, 0]);
    assert_eq!(state(), WriteProtectState::UNTIL_POWERDOWN);
    feature(0x0012, 0);
    for (bits, expected) in [
        (0x00, WriteProtectState::empty()),
        (0x01, WriteProtectState::UNTIL_POWERDOWN),
        (0x02, WriteProtectState::BY_SOFTWARE_WRITE_PROTECT),
        (0x04, WriteProtectState::BY_CARTRIDGE),
        (0x08, WriteProtectState::BY_MEDIA_SPECIFIC_REASON),
    ] {
        rig.set(0xAD, &[Answer::Data(vec![0, 6, 0, 0, bits, 0, 0, 0]), Answer::Check(5, 0x24, 0)]);
        assert_eq!(state(), expected);
    }
    // C0h refused, 09h of a cartridge with its tab set.
    rig.set(0xAD, &[Answer::Check(5, 0x24, 0), Answer::Data(vec![0, 6, 0, 0, 0x84, 0, 0, 0])]);
    assert_eq!(state(), WriteProtectState::BY_CARTRIDGE);
    // Neither can be read, for whatever reason, or is nonsense: a write will tell.
    for answer in [
        Answer::Check(5, 0x30, 2),
        Answer::Check(3, 0x57, 0),
        Answer::Check(4, 0x3E, 2),
        Answer::Check(8, 0, 0),
        Answer::Data(vec![0]),
        Answer::Data(vec![0, 200, 0, 0]),
    ] {
        rig.set(0xAD, &[answer]);
        assert_eq!(state(), WriteProtectState::empty());
    }
    rig.set(0xAD, &[Answer::Check(2, 0x3A, 0)]);
    assert_eq!(code(recorder.write_protection()), 0xC0AA_0202);
    rig.set(0xAD, &[Answer::Gone]);
    assert_eq!(code(recorder.write_protection()), 0xC0AA_020D);
    // DVD+RW with a write inhibit block: its actions stand at byte 44.
    feature(0x001A, 4);
    let mut block = vec![0, 50, 0, 0, b'W', b'D', b'C', 0];
    block.resize(52, 0);
    let unprotected = Answer::Data(vec![0, 6, 0, 0, 0, 0, 0, 0]);
    rig.set(0xAD, &[unprotected.clone(), Answer::Data(block.clone())]);
    assert_eq!(state(), WriteProtectState::empty());
    assert_eq!(rig.heard(0xAD).last().unwrap().0, [0xAD, 0, 0x57, 0x44, 0x43, 0, 0, 0x30, 0, 52, 0, 0]);
    block[4 + 47] = 3;
    rig.set(0xAD, &[unprotected, Answer::Data(block)]);
    assert_eq!(state(), WriteProtectState::BY_DISC_CONTROL_BLOCK);
}

#[test]
fn news_of_the_medium_wait_while_notification_is_off() {
    let rig = Rig::new();
    let (one, other) = (rig.recorder(), rig.recorder());
    rig.data(0x4A, &[0, 6, 4, 0x10, 2, 2, 0, 0]);
    assert!(one.media_event().unwrap().unwrap().media_present);
    let (first, second) = (one.disable_mcn().unwrap(), other.disable_mcn().unwrap());
    let asked = rig.heard(0x4A).len();
    assert_eq!(other.media_event().unwrap(), None);
    drop(first);
    assert!(!one.is_mcn_enabled(), "counted for the drive");
    assert_eq!(one.media_event().unwrap(), None);
    assert_eq!(rig.heard(0x4A).len(), asked);
    drop(second);
    assert!(one.is_mcn_enabled() && one.media_event().unwrap().is_some());
    rig.data(0x4A, &[0, 6, 4, 0x10, 0, 2, 0, 0]);
    assert_eq!(one.media_event().unwrap(), None);
    rig.data(0x4A, &[0, 2, 0x80, 0]);
    assert_eq!(code(one.media_event()), 0xC0AA_020A);
    let held = other.acquire_exclusive_access("burner").unwrap();
    assert_eq!(code(one.disable_mcn()), 0xC0AA_0210);
    assert_eq!(code(one.media_event()), 0xC0AA_0210);
    drop(held);
}

fn with_owners(rig: &Rig, directory: &Path) -> DiscRecorder {
    let options = RecorderOptions {
        clock: Arc::new(SimulatedClock::default()),
        owner_directory: Some(directory.to_owned()),
        ..RecorderOptions::default()
    };
    DiscRecorder::with_options(rig.transport(), options).unwrap()
}

/// Not a test by itself: the other process of the next one, which gives it the directory and the name of the drive.
#[test]
fn other_process() {
    let (Ok(directory), Ok(name)) = (std::env::var("OWNER_DIRECTORY"), std::env::var("OWNER_DRIVE")) else {
        return;
    };
    let rig = Rig { name, ..Rig::new() };
    let recorder = with_owners(&rig, Path::new(&directory));
    let _held = recorder.acquire_exclusive_access("Other program 2.0").unwrap();
    println!("\nheld");
    std::io::stdout().flush().unwrap();
    // Until it is killed, or whoever started it is gone.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

#[test]
fn an_owner_in_another_process_is_seen_until_it_dies() {
    let directory = tempfile::tempdir().unwrap();
    let rig = Rig::new();
    let recorder = with_owners(&rig, directory.path());
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "other_process", "--nocapture"])
        .env("OWNER_DIRECTORY", directory.path())
        .env("OWNER_DRIVE", &rig.name)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "held"));
    assert_eq!(recorder.exclusive_access_owner().as_deref(), Some("Other program 2.0"));
    assert_eq!(code(recorder.acquire_exclusive_access("late")), 0x8007_0005);
    assert_eq!(code(recorder.force_exclusive_access("late")), 0x8007_0005);
    let error = recorder.test_unit_ready().unwrap_err();
    assert_eq!((error.hresult(), error.to_string().contains("Other program 2.0")), (HResult::LOCKED, true));
    // It can be taken into use all the same, and so asked who holds it.
    assert_eq!(with_owners(&rig, directory.path()).identity().vendor, "ACME");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(recorder.exclusive_access_owner(), None);
    recorder.test_unit_ready().unwrap();
    let held = recorder.acquire_exclusive_access("late").unwrap();
    recorder.test_unit_ready().unwrap();
    assert_eq!(with_owners(&rig, directory.path()).exclusive_access_owner().as_deref(), Some("late"));
    drop(held);
    assert_eq!(recorder.exclusive_access_owner(), None);
}

/// Without a folder for owners' names the drive is held all the same, and the name is known in this process.
#[test]
fn an_owner_that_cannot_be_written_down_holds_the_drive() {
    let rig = Rig::new();
    let nowhere = Path::new("/nonexistent/directory");
    let (recorder, other) = (with_owners(&rig, nowhere), with_owners(&rig, nowhere));
    let held = recorder.acquire_exclusive_access("me").unwrap();
    recorder.test_unit_ready().unwrap();
    assert_eq!(other.exclusive_access_owner().as_deref(), Some("me"));
    assert_eq!(code(other.acquire_exclusive_access("you")), 0x8007_0005);
    drop(held);
    assert_eq!(other.exclusive_access_owner(), None);
}

/// Threads of two recorders, each holding the drive again and again: never both, never left behind.
#[test]
fn racing_owners() {
    let directory = tempfile::tempdir().unwrap();
    let rig = Rig::new();
    let inside = [AtomicU32::new(0), AtomicU32::new(0)];
    let recorders = [with_owners(&rig, directory.path()), with_owners(&rig, directory.path())];
    thread::scope(|scope| {
        for n in [0, 0, 1, 1] {
            let (recorder, inside) = (&recorders[n], &inside);
            scope.spawn(move || {
                for _ in 0..40 {
                    match recorder.acquire_exclusive_access("racer") {
                        Ok(held) => {
                            inside[n].fetch_add(1, Ordering::SeqCst);
                            assert_eq!(inside[1 - n].load(Ordering::SeqCst), 0);
                            recorder.test_unit_ready().unwrap();
                            inside[n].fetch_sub(1, Ordering::SeqCst);
                            drop(held);
                        }
                        Err(error) => assert_eq!(error.hresult(), HResult::ACCESS_DENIED),
                    }
                }
            });
        }
    });
    assert_eq!(recorders[0].exclusive_access_owner(), None);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

fn registered(id: &str, rig: &Rig) -> RegisteredDrive {
    let (script, name) = (Arc::clone(&rig.script), rig.name.clone());
    let open = move || {
        let rig = Rig { script: Arc::clone(&script), name: name.clone() };
        Ok(rig.transport())
    };
    RegisteredDrive { id: id.to_owned(), open: Arc::new(open) }
}

#[test]
fn the_list_is_live_and_its_iterator_is_not() {
    let rig = Rig::new();
    let master = DiscMaster::registered_only();
    assert_eq!((master.count().unwrap(), master.is_supported_environment()), (0, false));
    master.register(registered("virtual:a", &rig)).unwrap();
    master.register(registered("virtual:b", &rig)).unwrap();
    let snapshot = master.ids().unwrap();
    assert_eq!((master.item(0).unwrap(), master.item(1).unwrap()), ("virtual:a".into(), "virtual:b".into()));
    assert_eq!(code(master.item(2)), 0x8007_0057);
    assert!(master.unregister("virtual:a") && !master.unregister("virtual:a"));
    assert_eq!((master.count().unwrap(), master.item(0).unwrap()), (1, "virtual:b".into()));
    assert_eq!(snapshot.collect::<Vec<_>>(), ["virtual:a", "virtual:b"]);
    for id in ["", "virtual:b", "a\nb", "a\0"] {
        assert_eq!(code(master.register(registered(id, &rig))), 0x8007_0057, "{id:?}");
    }
    assert!(master.is_supported_environment());
    let recorder = master.open("virtual:b", RecorderOptions::default()).unwrap();
    assert_eq!((recorder.id(), recorder.name()), ("virtual:b", rig.name.as_str()));
    assert_eq!(code(master.open("", RecorderOptions::default())), 0x8007_0057);
    assert_eq!(code(master.open("virtual:a", RecorderOptions::default())), 0x8007_0037);
    // A drive that somebody holds can be opened.
    let held = recorder.acquire_exclusive_access("me").unwrap();
    let second = master.open("virtual:b", RecorderOptions::default()).unwrap();
    assert_eq!(second.exclusive_access_owner().as_deref(), Some("me"));
    drop(held);
    rig.set(0x12, &[Answer::Check(4, 0x44, 0)]);
    assert!(!master.is_supported_environment(), "no drive answers");
    assert_eq!(code(DiscMaster::new().open("/dev/no-such-drive", RecorderOptions::default())), 0x8007_0037);
    assert_eq!(code(DiscMaster::new().open("/dev/null", RecorderOptions::default())), 0x8007_0006);
}

#[test]
fn drives_that_come_and_go_are_told() {
    let rig = Rig::new();
    let master = DiscMaster::registered_only();
    master.register(registered("virtual:a", &rig)).unwrap();
    let mut watcher = master.watch().unwrap();
    let soon = Some(Duration::from_millis(20));
    assert_eq!(watcher.next(soon).unwrap(), None, "what is there is no news");
    master.clone().register(registered("virtual:b", &rig)).unwrap();
    assert_eq!(watcher.next(None).unwrap(), Some(DriveChange::Added("virtual:b".into())));
    master.unregister("virtual:a");
    master.unregister("virtual:b");
    master.register(registered("virtual:c", &rig)).unwrap();
    let told: Vec<_> = std::iter::from_fn(|| watcher.next(soon).unwrap()).collect();
    assert_eq!(
        told,
        [
            DriveChange::Removed("virtual:a".into()),
            DriveChange::Removed("virtual:b".into()),
            DriveChange::Added("virtual:c".into())
        ]
    );
    let cancel = watcher.cancel_handle();
    let thread = thread::spawn(move || {
        let ended = watcher.next(None).unwrap();
        (ended, watcher.next(None).unwrap())
    });
    cancel.cancel();
    assert_eq!(thread.join().unwrap(), (None, None), "for good");
}

/// Discs and sockets that a registered drive depends on: each change of the list is told once, in order, and what changed
/// before the watcher first waits is not lost.
#[test]
fn places_that_come_and_go_are_told() {
    use glassmaster_scsi::sys::Place;
    use glassmaster_scsi::wire::Listener;

    let rig = Rig::new();
    let root = tempfile::tempdir().unwrap();
    let (file, socket) = (root.path().join("my discs/one.disc"), root.path().join("socket"));
    let master = DiscMaster::registered_only();
    master.register_at(registered("virtual:one", &rig), Place::File(file.clone())).unwrap();
    let mut watcher = master.watch().unwrap();
    assert_eq!((master.count().unwrap(), watcher.known().len()), (0, 0));
    assert_eq!(code(master.register(registered("virtual:one", &rig))), 0x8007_0057, "absent, and taken");
    assert!(master.open("virtual:one", RecorderOptions::default()).is_ok(), "opening says what there is");
    // Before it waits; and the folder is new too.
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "").unwrap();
    let (added, removed) =
        (|id: &str| Some(DriveChange::Added(id.into())), |id: &str| Some(DriveChange::Removed(id.into())));
    assert_eq!(watcher.next(None).unwrap(), added("virtual:one"));
    assert_eq!(watcher.known(), ["virtual:one"]);
    assert_eq!(watcher.next(Some(Duration::ZERO)).unwrap(), None);
    // Registered while it is watched.
    master.register_at(registered("socket:s", &rig), Place::Socket(socket.clone())).unwrap();
    assert_eq!(watcher.next(Some(Duration::ZERO)).unwrap(), None, "nobody listens");
    let listener = Listener::bind(&socket).unwrap();
    assert_eq!(watcher.next(None).unwrap(), added("socket:s"));
    drop(listener);
    std::fs::rename(&file, root.path().join("elsewhere")).unwrap();
    assert_eq!(watcher.next(None).unwrap(), removed("virtual:one"));
    assert_eq!(watcher.next(None).unwrap(), removed("socket:s"));
    // A file nobody listens on, as a server leaves it that was killed, and a new server in its place.
    std::os::unix::net::UnixListener::bind(&socket).unwrap();
    assert_eq!(watcher.next(Some(Duration::ZERO)).unwrap(), None);
    let _again = Listener::bind(&socket).unwrap();
    assert_eq!(watcher.next(None).unwrap(), added("socket:s"));
    assert!(master.unregister("socket:s"));
    assert_eq!(watcher.next(None).unwrap(), removed("socket:s"));
}

/// Numbers and lists of this machine, whatever it has; entries of both kinds are never mixed up.
#[test]
fn the_drives_of_this_machine_are_listed() {
    let rig = Rig::new();
    let master = DiscMaster::new();
    let real = master.entries().unwrap();
    assert!(real.iter().all(|entry| entry.node.is_some()));
    master.register(registered("virtual:mine", &rig)).unwrap();
    assert_eq!(master.count().unwrap(), real.len() + 1);
    assert_eq!(master.entries().unwrap().last().unwrap().node, None);
}
