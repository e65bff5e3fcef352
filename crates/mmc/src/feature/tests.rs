//! Feature descriptors from the tables of MMC-6 5.3.

use super::*;

#[test]
fn core_of_table_90() {
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
    assert_eq!(bytes[..4], [0x00, 0x40, 0x01, 0x1C]);
    assert_eq!(
        (bytes[10..12].to_vec(), bytes[18..20].to_vec(), bytes[26..28].to_vec()),
        (vec![0, 0xE], vec![0, 0xF], vec![0, 2])
    );
    let write = BdWrite { verify_not_required: true, r_class_0: 4, ..Default::default() };
    let bytes = FeatureDescriptor::encode(&write, false, true).to_bytes();
    assert_eq!(bytes[..5], [0x00, 0x41, 0x01, 0x14, 0x01]);
    assert_eq!(bytes[16..18], [0, 4]);
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
