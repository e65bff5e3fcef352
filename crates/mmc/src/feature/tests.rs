//! Feature descriptors from the tables of MMC-6 5.3.

use super::*;

#[test]
fn core_of_version_2() {
    // Feature 0001h, version 2, persistent and current, length 8; ATAPI; DBE.
    let bytes = [0x00, 0x01, 0x0B, 0x08, 0, 0, 0, 2, 0x01, 0, 0, 0];
    let core = Core { interface: 2, inquiry_2: false, device_busy_event: true };
    assert_eq!(FeatureDescriptor::encode(&core, true, true).to_bytes(), bytes);
    let (descriptor, rest) = FeatureDescriptor::split(&bytes).unwrap();
    assert!(rest.is_empty());
    assert_eq!(descriptor.decode::<Core>().unwrap(), core);
}

#[test]
fn profile_list_of_a_bd_recorder() {
    let bytes = [0x00, 0x00, 0x03, 0x08, 0x00, 0x43, 0x00, 0, 0x00, 0x41, 0x01, 0];
    let (descriptor, _) = FeatureDescriptor::split(&bytes).unwrap();
    let list: ProfileList = descriptor.decode().unwrap();
    assert_eq!(list.0[1], ProfileEntry { profile: Profile::BD_R_SEQUENTIAL, current: true });
    assert_eq!(FeatureDescriptor::encode(&list, true, true).to_bytes(), bytes);
}

#[test]
fn random_writable_and_removable_medium() {
    let bytes = [0x00, 0x20, 0x05, 0x0C, 0x00, 0x23, 0x05, 0x3F, 0, 0, 8, 0, 0, 16, 1, 0];
    let (descriptor, _) = FeatureDescriptor::split(&bytes).unwrap();
    let random: RandomWritable = descriptor.decode().unwrap();
    assert_eq!((random.last.0, random.block_size, random.blocking), (2_295_103, 2048, 16));
    assert!(random.page_present && descriptor.current && !descriptor.persistent);
    assert_eq!(descriptor.to_bytes(), bytes);
    let tray = RemovableMedium {
        loading: crate::page::LoadingMechanism::TRAY,
        load: true,
        eject: true,
        lock: true,
        ..Default::default()
    };
    assert_eq!(tray.to_data(), [0x39, 0, 0, 0]);
}

#[test]
fn cd_writing_features() {
    let tao = CdTrackAtOnce {
        buffer_underrun_free: true,
        test_write: true,
        cd_rw: true,
        data_types: 0x3F01,
        ..Default::default()
    };
    assert_eq!(tao.to_data(), [0x46, 0, 0x3F, 0x01]);
    let mastering = CdMastering {
        buffer_underrun_free: true,
        session_at_once: true,
        raw: true,
        max_cue_sheet: crate::U24::from(0x0C80),
        ..Default::default()
    };
    assert_eq!(mastering.to_data(), [0x68, 0x00, 0x0C, 0x80]);
    let stream = IncrementalStreamingWritable {
        data_types: 0x0100,
        buffer_underrun_free: true,
        link_sizes: vec![16],
        ..Default::default()
    };
    assert_eq!(stream.to_data(), [0x01, 0x00, 0x01, 1, 16, 0, 0, 0]);
    assert_eq!(IncrementalStreamingWritable::parse(&stream.to_data()).unwrap(), stream);
}

#[test]
fn bd_features_have_the_lengths_of_the_standard() {
    let read = BdRead { re_class_1: 0x000E, r_class_1: 0x000F, rom_class_1: 2, ..Default::default() };
    let bytes = FeatureDescriptor::encode(&read, false, true).to_bytes();
    assert_eq!(bytes[..4], [0x00, 0x40, 0x05, 0x1C]);
    assert_eq!(
        (bytes[10..12].to_vec(), bytes[18..20].to_vec(), bytes[26..28].to_vec()),
        (vec![0, 0xE], vec![0, 0xF], vec![0, 2])
    );
    let write = BdWrite { verify_not_required: true, r_class_0: 4, ..Default::default() };
    let bytes = FeatureDescriptor::encode(&write, false, true).to_bytes();
    assert_eq!(bytes[..5], [0x00, 0x41, 0x05, 0x14, 0x01]);
    assert_eq!(bytes[16..18], [0, 4]);
}

/// Descriptors that two BD recorders (of 2016 and 2018) sent, with their versions.
#[test]
fn descriptors_of_real_recorders() {
    let tray = RemovableMedium {
        loading: crate::page::LoadingMechanism::TRAY,
        eject: true,
        door_locked_report: true,
        lock: true,
        ..Default::default()
    };
    assert_eq!(FeatureDescriptor::encode(&tray, true, true).to_bytes(), [0, 3, 0x0B, 4, 0x2B, 0, 0, 0]);
    assert_eq!(FeatureDescriptor::encode(&MultiRead {}, false, false).to_bytes(), [0, 0x1D, 0, 0]);
    let cd = CdRead { c2_flags: true, cd_text: true, ..Default::default() };
    assert_eq!(FeatureDescriptor::encode(&cd, false, false).to_bytes(), [0, 0x1E, 8, 4, 3, 0, 0, 0]);
    let dvd = DvdRead { multi_110: true, dual_r: true, ..Default::default() };
    assert_eq!(FeatureDescriptor::encode(&dvd, false, false).to_bytes(), [0, 0x1F, 8, 4, 1, 0, 1, 0]);
    let streaming = RealTimeStreaming {
        set_read_ahead: true,
        buffer_capacity_blocks: true,
        set_cd_speed: true,
        page_2a: true,
        write_speed: true,
        stream_writing: true,
    };
    assert_eq!(
        FeatureDescriptor::encode(&streaming, false, false).to_bytes(),
        [1, 7, 0x14, 4, 0x3F, 0, 0, 0]
    );
    let serial = FeatureDescriptor::encode(&SerialNumber("MO6J7HB1010".to_owned()), true, true);
    assert_eq!(serial.to_bytes(), *b"\x01\x08\x03\x0CMO6J7HB1010 ");
    let firmware = [1, 0x0C, 3, 0x10].iter().chain(b"20160425000000\0\0").copied().collect::<Vec<u8>>();
    let (descriptor, _) = FeatureDescriptor::split(&firmware).unwrap();
    let created: FirmwareInformation = descriptor.decode().unwrap();
    assert_eq!(created.created, *b"20160425000000");
    assert_eq!(FeatureDescriptor::encode(&created, true, true).to_bytes(), firmware);
    // BD write: version 1, verify not required.
    let (descriptor, _) = FeatureDescriptor::split(&[
        0, 0x41, 0x04, 0x14, 1, 0, 0, 0, 0, 0, 0x0C, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0,
    ])
    .unwrap();
    let write: BdWrite = descriptor.decode().unwrap();
    assert!(write.verify_not_required && !descriptor.current);
    assert_eq!((descriptor.version, write.re_class_1, write.r_class_1), (BdWrite::VERSION, 0x0C00, 0x0600));
}

#[test]
fn short_and_foreign_descriptors() {
    // An MMC-2 drive: Core with the 4 bytes of version 0.
    let (old, _) = FeatureDescriptor::split(&[0, 1, 3, 4, 0, 0, 0, 1]).unwrap();
    assert_eq!(old.decode::<Core>().unwrap(), Core { interface: 1, ..Default::default() });
    assert!(old.decode::<CdRead>().is_err());
    assert!(FeatureDescriptor::split(&[0, 1, 3, 4, 0, 0]).is_none());
    assert!(FeatureDescriptor::split(&[0, 1, 3]).is_none());
    assert_eq!(FeatureCode(0xFF40).to_string(), "feature FF40h");
}

/// The features that no other test has, each with its bits and numbers where the table of its clause puts them. Codes and
/// lengths are typed from the tables; byte 2 is VERSION, PERSISTENT and CURRENT.
#[test]
fn every_other_feature_bit_by_bit() {
    fn row<F: FeatureData + PartialEq + std::fmt::Debug>(feature: F, bytes: &[u8]) {
        let (persistent, current) = (bytes[2] & 2 != 0, bytes[2] & 1 != 0);
        assert_eq!(FeatureDescriptor::encode(&feature, persistent, current).to_bytes(), bytes, "{feature:?}");
        let (descriptor, rest) = FeatureDescriptor::split(bytes).unwrap();
        assert!(rest.is_empty());
        assert_eq!(descriptor.decode::<F>().unwrap(), feature);
    }
    row(
        Morphing { operational_change_event: true, asynchronous: false },
        &[0x00, 0x02, 0x07, 0x04, 0x02, 0, 0, 0],
    );
    row(
        Morphing { operational_change_event: false, asynchronous: true },
        &[0x00, 0x02, 0x07, 0x04, 0x01, 0, 0, 0],
    );
    let protect = WriteProtect::default();
    for (feature, bits) in [
        (WriteProtect { disc_write_protect: true, ..protect }, 0x08),
        (WriteProtect { write_inhibit_dcb: true, ..protect }, 0x04),
        (WriteProtect { persistent: true, ..protect }, 0x02),
        (WriteProtect { until_power_down: true, ..protect }, 0x01),
    ] {
        row(feature, &[0x00, 0x04, 0x09, 0x04, bits, 0, 0, 0]);
    }
    row(
        RandomReadable { block_size: 2048, blocking: 16, page_present: true },
        &[0x00, 0x10, 0x01, 0x08, 0, 0, 0x08, 0x00, 0, 16, 1, 0],
    );
    row(SectorErasable {}, &[0x00, 0x22, 0x00, 0x00]);
    let formattable = Formattable::default();
    for (feature, bits, random) in [
        (Formattable { bd_re_without_spare: true, ..formattable }, 0x08, 0),
        (Formattable { expand: true, ..formattable }, 0x04, 0),
        (Formattable { quick_certification: true, ..formattable }, 0x02, 0),
        (Formattable { certification: true, ..formattable }, 0x01, 0),
        (Formattable { bd_r_random: true, ..formattable }, 0x00, 1),
    ] {
        row(feature, &[0x00, 0x23, 0x09, 0x08, bits, 0, 0, 0, random, 0, 0, 0]);
    }
    row(DefectManagement { supplemental_spare_area: true }, &[0x00, 0x24, 0x05, 0x04, 0x80, 0, 0, 0]);
    row(
        WriteOnce { block_size: 2048, blocking: 32, page_present: true },
        &[0x00, 0x25, 0x01, 0x08, 0, 0, 0x08, 0x00, 0, 32, 1, 0],
    );
    row(RestrictedOverwrite {}, &[0x00, 0x26, 0x01, 0x00]);
    row(CdRwCavWrite {}, &[0x00, 0x27, 0x01, 0x04, 0, 0, 0, 0]);
    let mrw = Mrw::default();
    for (feature, bits) in [
        (Mrw { dvd_plus_write: true, ..mrw }, 0x04),
        (Mrw { dvd_plus_read: true, ..mrw }, 0x02),
        (Mrw { cd_write: true, ..mrw }, 0x01),
    ] {
        row(feature, &[0x00, 0x28, 0x05, 0x04, bits, 0, 0, 0]);
    }
    row(
        DvdPlusRw { write: true, quick_start: true, close_only: false },
        &[0x00, 0x2A, 0x05, 0x04, 0x01, 0x02, 0, 0],
    );
    row(
        DvdPlusRw { write: false, quick_start: false, close_only: true },
        &[0x00, 0x2A, 0x05, 0x04, 0x00, 0x01, 0, 0],
    );
    row(DvdPlusR { write: true }, &[0x00, 0x2B, 0x01, 0x04, 0x01, 0, 0, 0]);
    let rigid = RigidRestrictedOverwrite::default();
    for (feature, bits) in [
        (RigidRestrictedOverwrite { defect_status_generate: true, ..rigid }, 0x08),
        (RigidRestrictedOverwrite { defect_status_read: true, ..rigid }, 0x04),
        (RigidRestrictedOverwrite { intermediate: true, ..rigid }, 0x02),
        (RigidRestrictedOverwrite { blank: true, ..rigid }, 0x01),
    ] {
        row(feature, &[0x00, 0x2C, 0x01, 0x04, bits, 0, 0, 0]);
    }
    let dash = DvdDashWrite::default();
    for (feature, bits) in [
        (DvdDashWrite { buffer_underrun_free: true, ..dash }, 0x40),
        (DvdDashWrite { dual_layer: true, ..dash }, 0x08),
        (DvdDashWrite { test_write: true, ..dash }, 0x04),
        (DvdDashWrite { dvd_rw: true, ..dash }, 0x02),
    ] {
        row(feature, &[0x00, 0x2F, 0x09, 0x04, bits, 0, 0, 0]);
    }
    row(LayerJumpRecording { link_sizes: vec![16] }, &[0x00, 0x33, 0x01, 0x08, 0, 0, 0, 1, 16, 0, 0, 0]);
    row(CdRwMediaWriteSupport { sub_types: 0x0F }, &[0x00, 0x37, 0x01, 0x04, 0x00, 0x0F, 0, 0]);
    row(BdPseudoOverwrite {}, &[0x00, 0x38, 0x01, 0x04, 0, 0, 0, 0]);
    row(
        DvdPlusRwDualLayer { write: true, quick_start: true, close_only: true },
        &[0x00, 0x3A, 0x01, 0x04, 0x01, 0x03, 0, 0],
    );
    row(DvdPlusRDualLayer { write: true }, &[0x00, 0x3B, 0x01, 0x04, 0x01, 0, 0, 0]);
    row(HdDvdRead { r: true, ram: false }, &[0x00, 0x50, 0x01, 0x04, 0x01, 0, 0x00, 0]);
    row(HdDvdWrite { r: false, ram: true }, &[0x00, 0x51, 0x01, 0x04, 0x00, 0, 0x01, 0]);
    row(PowerManagement {}, &[0x01, 0x00, 0x03, 0x00]);
    row(Smart { page_present: true }, &[0x01, 0x01, 0x03, 0x04, 0x01, 0, 0, 0]);
    row(
        EmbeddedChanger { side_change: true, disc_present: true, highest_slot: 5 },
        &[0x01, 0x02, 0x03, 0x04, 0x14, 0, 0, 5],
    );
    row(MicrocodeUpgrade { validate_5_modes: true }, &[0x01, 0x04, 0x07, 0x04, 0x01, 0, 0, 0]);
    row(Timeout { group_3: true, unit_length: 0x8000 }, &[0x01, 0x05, 0x07, 0x04, 0x01, 0, 0x80, 0x00]);
    row(MediaSerialNumber {}, &[0x01, 0x09, 0x01, 0x00]);
}
