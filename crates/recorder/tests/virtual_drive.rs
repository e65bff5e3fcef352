//! Every member against the virtual recorder, medium by medium, and under every fault of the way to it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use glassmaster_disc::MediaType;
use glassmaster_disc::clock::SimulatedClock;
use glassmaster_mmc::cmd::{AddressType, MediaEventCode, PageControl};
use glassmaster_mmc::feature::FeatureCode;
use glassmaster_recorder::{
    DiscMaster, DiscRecorder, Error, HResult, MediaState, Patience, RecorderOptions, RegisteredDrive,
    WriteProtectState,
};
use glassmaster_scsi::layer::{Fault, FaultRule, Faulty};
use glassmaster_scsi::{Bus, Sense, Status, Transport, TransportError};
use glassmaster_vdrive::{MediumOptions, VirtualDrive};

/// Medium, profile of the blank disc (MMC-6 5.3.1), sectors written together, flags of the blank disc.
const MEDIA: [(MediaType, u16, u32, MediaState); 13] = {
    use MediaState as S;
    let open = S::BLANK.union(S::APPENDABLE);
    let once = open.union(S::FINAL_SESSION);
    let rewritable = S::BLANK.union(S::OVERWRITE_ONLY);
    [
        (MediaType::CD_R, 0x09, 1, open),
        (MediaType::CD_RW, 0x0A, 1, open),
        (MediaType::DVD_R, 0x11, 16, open),
        (MediaType::DVD_R_DL, 0x15, 16, once),
        (MediaType::DVD_RW, 0x14, 16, open),
        (MediaType::DVD_RAM, 0x12, 16, rewritable),
        (MediaType::DVD_PLUS_R, 0x1B, 16, open),
        (MediaType::DVD_PLUS_R_DL, 0x2B, 16, open),
        (MediaType::DVD_PLUS_RW, 0x1A, 16, rewritable),
        (MediaType::DVD_PLUS_RW_DL, 0x2A, 16, rewritable),
        (MediaType::BD_R, 0x41, 32, open),
        (MediaType::BD_RE, 0x43, 32, rewritable),
        (MediaType::DISK, 0x02, 1, rewritable),
    ]
};

fn patience() -> Patience {
    Patience {
        command: Duration::from_secs(5),
        long_command: Duration::from_secs(5),
        ready: Duration::from_millis(10),
        poll: Duration::from_millis(1),
        attentions: 4,
        aborted: 1,
        reads: 1,
    }
}

fn recorder(directory: &Path, media: MediaType) -> DiscRecorder {
    let drive = VirtualDrive::create(&directory.join("disc"), media, &MediumOptions::default()).unwrap();
    DiscRecorder::with_options(Box::new(drive), options()).unwrap()
}

/// No wait takes any time.
fn options() -> RecorderOptions {
    RecorderOptions {
        patience: patience(),
        clock: Arc::new(SimulatedClock::default()),
        ..RecorderOptions::default()
    }
}

#[test]
fn every_medium_is_told_by_every_member() {
    for (media, profile, unit, state) in MEDIA {
        let directory = tempfile::tempdir().unwrap();
        let recorder = recorder(directory.path(), media);
        recorder.wait_ready().unwrap();
        let medium = recorder.medium().unwrap();
        assert_eq!((medium.kind, medium.profile.0, medium.write_unit()), (media, profile, unit));
        assert_eq!(medium.state, state, "{media}");
        assert_eq!(recorder.write_protection().unwrap(), WriteProtectState::empty(), "{media}");
        let profiles = recorder.supported_profiles().unwrap();
        assert!(profiles.contains(&medium.profile), "{media}");
        assert_eq!(recorder.current_profiles().unwrap(), [medium.profile], "{media}");
        let (all, current) =
            (recorder.supported_features(false).unwrap(), recorder.supported_features(true).unwrap());
        assert!(current.len() < all.len() && current.iter().all(|code| all.contains(code)));
        for code in &all {
            let feature = recorder.feature(*code, false).unwrap().to_bytes();
            assert_eq!(feature[..2], code.0.to_be_bytes());
            assert!(feature.len() <= 0x100 && feature.len() == usize::from(feature[3]) + 4);
            assert_eq!(recorder.feature(*code, true).is_ok(), current.contains(code));
        }
        for control in [PageControl::Current, PageControl::Changeable, PageControl::Default] {
            for code in recorder.supported_mode_pages(control).unwrap() {
                let page = recorder.mode_page_bytes(code, control).unwrap();
                assert_eq!((page[0] & 0x3F, usize::from(page[1]) + 2), (code, page.len()), "{media}");
            }
        }
        let disc = recorder.disc_information_bytes();
        if media != MediaType::DISK {
            let disc = disc.unwrap();
            assert_eq!(usize::from(u16::from_be_bytes([disc[0], disc[1]])) + 2, disc.len(), "{media}");
            let track = recorder.track_information_bytes(1, AddressType::Track).unwrap();
            assert_eq!(usize::from(u16::from_be_bytes([track[0], track[1]])) + 2, track.len(), "{media}");
            assert!(!recorder.write_speeds().unwrap().is_empty(), "{media}");
        }
        if (4..=11).contains(&media.0) || media == MediaType::DVD_PLUS_RW_DL {
            assert_eq!(recorder.read_disc_structure(0x00, 0, 0, 0).unwrap().len(), 2048, "{media}");
        }
        assert!(recorder.read_disc_structure(0x7F, 0, 0, 0).is_err(), "{media}");
    }
}

#[test]
fn protection_that_is_set_is_told() {
    for (media, ..) in MEDIA {
        let directory = tempfile::tempdir().unwrap();
        let recorder = recorder(directory.path(), media);
        recorder.wait_ready().unwrap();
        let Ok(mut page) = recorder.mode_page_bytes(0x1D, PageControl::Current) else { continue };
        page[4] |= 1;
        recorder.set_mode_page_bytes(PageControl::Current, &page).unwrap();
        assert_eq!(recorder.write_protection().unwrap(), WriteProtectState::UNTIL_POWERDOWN, "{media}");
        assert!(recorder.medium().unwrap().state.contains(MediaState::WRITE_PROTECTED), "{media}");
        page[4] &= !1;
        recorder.set_mode_page_bytes(PageControl::Current, &page).unwrap();
        assert_eq!(recorder.write_protection().unwrap(), WriteProtectState::empty(), "{media}");
        if recorder.send_disc_structure(0xC0, &[2, 0, 0, 0]).is_ok() {
            assert_eq!(
                recorder.write_protection().unwrap(),
                WriteProtectState::BY_SOFTWARE_WRITE_PROTECT,
                "{media}"
            );
        }
    }
}

#[test]
fn tray_and_news() {
    let directory = tempfile::tempdir().unwrap();
    let recorder = recorder(directory.path(), MediaType::BD_RE);
    recorder.wait_ready().unwrap();
    assert!(recorder.can_load().unwrap());
    while recorder.media_event().unwrap().is_some() {}
    let locked = recorder.prevent_removal().unwrap();
    assert!(recorder.eject().unwrap_err().is_sense(5, 0x53, 2));
    while recorder.media_event().unwrap().is_some() {}
    drop(locked);
    let quiet = recorder.disable_mcn().unwrap();
    recorder.eject().unwrap();
    assert!(recorder.wait_ready().unwrap_err().is_no_medium());
    assert_eq!(recorder.wait_ready().unwrap_err().hresult(), HResult::NO_MEDIA);
    recorder.load().unwrap();
    assert_eq!(recorder.media_event().unwrap(), None);
    drop(quiet);
    let news: Vec<_> =
        std::iter::from_fn(|| recorder.media_event().unwrap()).map(|event| event.code).collect();
    assert!(news.contains(&MediaEventCode::NEW_MEDIA), "{news:?}");
}

#[test]
fn adapter_and_drive_as_windows_describes_them() {
    let directory = tempfile::tempdir().unwrap();
    let recorder = recorder(directory.path(), MediaType::CD_R);
    let adapter = recorder.adapter_descriptor();
    assert_eq!((adapter.len(), adapter[24]), (32, Bus::VIRTUAL.0));
    let device = recorder.device_descriptor().unwrap();
    let number =
        |at: usize| usize::try_from(u32::from_le_bytes(*device[at..].first_chunk().unwrap())).unwrap();
    assert_eq!(number(4), device.len());
    let vendor = &device[number(12)..];
    assert!(vendor.starts_with(recorder.identity().vendor.as_bytes()));
    let serial = recorder.serial_number().unwrap();
    assert_eq!(number(24) != 0, serial.is_some());
}

#[test]
fn registered_by_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("disc");
    drop(VirtualDrive::create(&file, MediaType::DVD_RAM, &MediumOptions::default()).unwrap());
    let master = DiscMaster::registered_only();
    let id = format!("virtual:{}", file.display());
    let name = id.clone();
    let open = move || -> Result<Box<dyn Transport>, TransportError> {
        match VirtualDrive::open(&file) {
            Ok(drive) => Ok(Box::new(drive)),
            Err(e) => Err(TransportError::DeviceGone { device: name.clone(), detail: e.to_string() }),
        }
    };
    master.register(RegisteredDrive { id: id.clone(), open: Arc::new(open) }).unwrap();
    assert!(master.is_supported_environment());
    let recorder = master.open(&id, RecorderOptions::default()).unwrap();
    assert_eq!((recorder.id(), recorder.name()), (id.as_str(), id.as_str()));
    assert_eq!(recorder.media_type().unwrap(), MediaType::DVD_RAM);
    // The file has one user at a time.
    assert_eq!(master.open(&id, RecorderOptions::default()).unwrap_err().hresult(), HResult::DEVICE_GONE);
}

/// Everything that asks the drive. The answers do not matter here.
fn ask_everything(r: &DiscRecorder) -> Vec<Result<(), Error>> {
    let five = Duration::from_secs(5);
    let mut buf = [0; 64];
    let mut all = vec![
        r.medium().map(drop),
        r.sessions().map(drop),
        r.write_speeds().map(drop),
        r.write_protection().map(drop),
        r.can_load().map(drop),
        r.supported_features(false).map(drop),
        r.feature(FeatureCode(0x0010), true).map(drop),
        r.supported_profiles().map(drop),
        r.current_profiles().map(drop),
        r.supported_mode_pages(PageControl::Current).map(drop),
        r.supported_mode_pages(PageControl::Saved).map(drop),
        r.mode_page_bytes(0x2A, PageControl::Current).map(drop),
        r.disc_information_bytes().map(drop),
        r.track_information_bytes(1, AddressType::Track).map(drop),
        r.read_disc_structure(0x00, 0, 0, 0).map(drop),
        r.read_disc_structure(0xFF, 0, 0, 0).map(drop),
        r.device_descriptor().map(drop),
        r.serial_number().map(drop),
        r.media_event().map(drop),
        r.disc_source().map(drop),
        r.send_command_no_data(&[0; 6], five).map(drop),
    ];
    all.push(r.send_command_get_data(&[0x12, 0, 0, 0, 64, 0], &mut buf, five).map(drop));
    all
}

/// Lengths that lie, answers cut at every byte, noise, every sense key, BUSY, a lost drive: each from the first command
/// after INQUIRY on, for good. No panic, no hang; exclusive access is never left behind.
#[test]
fn whatever_the_drive_answers_nothing_breaks() {
    let mut faults: Vec<Fault> = (0..40).map(Fault::Short).collect();
    faults.extend((1..=24).map(Fault::Garbage));
    faults.extend((0..16).map(|key| Fault::Sense(Sense::of(key, 0x24, 0))));
    faults.extend(
        [(2, 0x3A, 1), (2, 0x04, 1), (6, 0x28, 0), (5, 0x20, 0)]
            .map(|(k, a, q)| Fault::Sense(Sense::of(k, a, q))),
    );
    faults.extend([Fault::Status(Status::BUSY), Fault::Status(Status(0xFF)), Fault::Gone, Fault::Timeout]);
    for media in [MediaType::CD_R, MediaType::DVD_PLUS_RW, MediaType::BD_R] {
        for fault in &faults {
            let directory = tempfile::tempdir().unwrap();
            let drive =
                VirtualDrive::create(&directory.path().join("disc"), media, &MediumOptions::default())
                    .unwrap();
            let rule = FaultRule {
                opcodes: Vec::new(),
                lba: None,
                nth: 2,
                times: None,
                after: false,
                fault: *fault,
            };
            let transport = Faulty::new(drive, vec![rule]);
            let recorder = DiscRecorder::with_options(Box::new(transport), options()).unwrap();
            let held = recorder.acquire_exclusive_access("faults").unwrap();
            for error in ask_everything(&recorder).into_iter().filter_map(Result::err) {
                assert!(!error.to_string().is_empty() && !error.hresult().succeeded(), "{fault:?}: {error}");
            }
            drop(held);
            assert_eq!(recorder.exclusive_access_owner(), None);
        }
    }
}
