//! Answers and parameter lists, byte for byte as the tables lay them out and as drives send them.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use glassmaster_disc::Lba;
use glassmaster_mmc::cmd::*;
use glassmaster_mmc::feature::{CdRead, Core, FeatureCode, FeatureDescriptor, ProfileEntry, ProfileList};
use glassmaster_mmc::page::*;
use glassmaster_mmc::{Profile, Query, ResponseError, U24};

fn be(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

#[test]
fn inquiry_of_a_recorder() {
    let mut bytes = vec![0x05, 0x80, 0x00, 0x32, 0x5B, 0, 0, 0];
    bytes.extend(b"HL-DT-STBD-RE  WH16NS40 1.05");
    bytes.extend([0; 60]);
    let answer = Inquiry::standard().parse_response(&bytes).unwrap();
    assert_eq!((answer.device_type, answer.removable, answer.format), (5, true, 2));
    assert_eq!(
        (&*answer.vendor, &*answer.product, &*answer.revision),
        ("HL-DT-ST", "BD-RE  WH16NS40", "1.05")
    );
    // The ATAPI version nibble of byte 3 is not kept; the rest is.
    bytes[3] = 0x02;
    assert_eq!(answer.to_bytes(), bytes);
    let short = StandardInquiry::parse(&bytes[..35]).unwrap_err();
    assert_eq!(
        short.to_string(),
        "standard INQUIRY data has only 35 bytes and ends before revision at byte 32"
    );
}

#[test]
fn capacity_and_buffer() {
    // 25 GB BD-R: 12219392 blocks.
    let bytes = [0x00, 0xBA, 0x73, 0xFF, 0, 0, 0x08, 0];
    let answer = ReadCapacity {}.parse_response(&bytes).unwrap();
    assert_eq!(answer, Capacity { last: Lba(12_219_391), block_length: 2048 });
    assert_eq!(answer.to_bytes(), bytes);
    let bytes = [0, 10, 0, 0, 0x00, 0x40, 0, 0, 0x00, 0x3F, 0xF0, 0];
    let answer = ReadBufferCapacity::in_bytes().parse_response(&bytes).unwrap();
    assert_eq!(answer, BufferCapacity { in_blocks: false, length: 4 << 20, available: 0x3F_F000 });
    assert_eq!(answer.to_bytes(), bytes);
}

#[test]
fn configuration_with_profile_and_features() {
    let bytes = be(&[
        &[0, 0, 0, 0x2C, 0, 0, 0, 0x09],
        &[0x00, 0x00, 0x03, 0x08, 0x00, 0x09, 0x01, 0, 0x00, 0x08, 0x00, 0],
        &[0x00, 0x01, 0x0B, 0x08, 0, 0, 0, 2, 1, 0, 0, 0],
        &[0x00, 0x1E, 0x09, 0x04, 0x03, 0, 0, 0],
        &[0xFF, 0x12, 0x00, 0x04, 1, 2, 3, 4],
    ]);
    let mut answer = Configuration::parse(&bytes).unwrap();
    assert_eq!(answer.current_profile, Profile::CD_R);
    assert_eq!(answer.profiles(), [Profile::CD_R, Profile::CD_ROM]);
    assert!(answer.feature::<Core>().unwrap().device_busy_event);
    let read: CdRead = answer.feature().unwrap();
    assert!(read.c2_flags && read.cd_text && !read.digital_audio_play);
    assert!(answer.is_current(FeatureCode::CD_READ) && !answer.is_current(FeatureCode(0xFF12)));
    assert_eq!(answer.to_bytes(), bytes);
    assert_eq!(Configuration::full_length(&bytes[..4]).unwrap(), bytes.len());
    // A short allocation keeps what is whole.
    assert_eq!(Configuration::parse(&bytes[..30]).unwrap().features.len(), 1);
    assert!(Configuration::parse(&bytes[..7]).is_err());
    answer.features = vec![FeatureDescriptor::encode(
        &ProfileList(vec![ProfileEntry { profile: Profile(0xFFFF), current: false }]),
        true,
        true,
    )];
    assert_eq!(answer.to_bytes()[8..], [0, 0, 3, 4, 0xFF, 0xFF, 0, 0]);
}

#[test]
fn events() {
    let new_media = [0, 6, 0x04, 0x5A, 0x02, 0x02, 0, 0];
    let answer = EventStatus::parse(&new_media).unwrap();
    let Some(Event::Media(media)) = answer.event else { panic!("{answer:?}") };
    assert_eq!(media.code, MediaEventCode::NEW_MEDIA);
    assert!(media.media_present && !media.tray_open);
    assert_eq!(answer.to_bytes(), new_media);
    let none = [0, 2, 0x80, 0x10];
    assert_eq!(
        EventStatus::parse(&none).unwrap(),
        EventStatus { event: None, supported: EventClasses::MEDIA }
    );
    assert_eq!(EventStatus::parse(&none).unwrap().to_bytes(), none);
    let busy = [0, 6, 0x06, 0x5A, 0x01, 0x01, 0x00, 0x64];
    let answer = EventStatus::parse(&busy).unwrap();
    assert_eq!(answer.event, Some(Event::Other(EventClass::DEVICE_BUSY, [1, 1, 0, 0x64])));
    assert_eq!(answer.to_bytes(), busy);
    assert!(EventStatus::parse(&[0, 6, 4]).is_err());
}

/// A blank 80-minute CD-R: lead-in starts at 97:26:66, last possible lead-out at 79:59:74.
#[test]
fn disc_information_of_a_blank_cd_r() {
    let bytes = be(&[
        &[0, 0x20, 0x00, 1, 1, 1, 1, 0x20, 0xFF, 0, 0, 0],
        &[0; 4],
        &[0, 97, 26, 66, 0, 79, 59, 74],
        &[0; 8],
        &[0, 0],
    ]);
    let DiscInformationAnswer::Standard(answer) =
        ReadDiscInformation::standard().parse_response(&bytes).unwrap()
    else {
        panic!("not the standard structure")
    };
    assert_eq!((answer.status, answer.last_session_state), (DiscStatus::Empty, SessionState::Empty));
    assert!(answer.unrestricted_use && !answer.erasable);
    assert_eq!(answer.last_possible_lead_out, [0, 79, 59, 74]);
    assert_eq!(answer.disc_type, DiscType::UNDEFINED);
    assert_eq!(answer.to_bytes(), bytes);
}

#[test]
fn disc_information_of_rewritable_and_many_sessions() {
    let bytes = be(&[
        &[0, 0x28, 0x1F, 1, 0x01, 0x02, 0x03, 0x97, 0x00, 0x01, 0x01, 0x01],
        &[0xDE, 0xAD, 0xBE, 0xEF],
        &[0; 8],
        &[0; 8],
        &[0x00, 1],
        &[0x11, 0x3E, 1, 2, 3, 4, 5, 6],
    ]);
    let answer = DiscInformation::parse(&bytes).unwrap();
    assert!(answer.erasable && answer.dirty);
    assert_eq!((answer.status, answer.last_session_state), (DiscStatus::Other, SessionState::Complete));
    assert_eq!(
        (answer.sessions, answer.first_track_in_last_session, answer.last_track_in_last_session),
        (257, 258, 259)
    );
    assert_eq!(answer.background_format, BackgroundFormat::Complete);
    assert_eq!(
        (answer.disc_id, answer.application_code, answer.bar_code),
        (Some(0xDEAD_BEEF), Some(0), None)
    );
    assert_eq!(answer.opc, [OpcEntry { speed: 4414, values: [1, 2, 3, 4, 5, 6] }]);
    assert_eq!(answer.to_bytes(), bytes);
    // The first recorders ended after the lead-out address.
    let old = DiscInformation::parse(&bytes[..24]).unwrap();
    assert_eq!((old.sessions, old.application_code), (257, None));
    assert!(matches!(
        DiscInformation::parse(&bytes[..20]),
        Err(ResponseError::TooShort { field: "last_possible_lead_out", byte: 20, got: 20, .. })
    ));
}

#[test]
fn track_and_pow_resources() {
    let bytes = [0, 10, 0x20, 0, 0x1E, 0xDB, 0, 3, 0, 16, 0, 2];
    let DiscInformationAnswer::TrackResources(answer) =
        ReadDiscInformation::standard().parse_response(&bytes).unwrap()
    else {
        panic!("not track resources")
    };
    assert_eq!(answer, TrackResources { maximum: 7899, assigned: 3, maximum_appendable: 16, appendable: 2 });
    assert_eq!(answer.to_bytes(), bytes);
    let bytes = [0, 14, 0x40, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0];
    let answer = PowResources::parse(&bytes).unwrap();
    assert_eq!(answer, PowResources { replacements: 256, map_entries: 512, updates: 768 });
    assert_eq!(answer.to_bytes(), bytes);
}

/// The invisible track of a blank DVD+R: 2295104 blocks free, written in units of 16.
#[test]
fn track_information_of_a_blank_dvd_plus_r() {
    let bytes = be(&[
        &[0, 0x26, 1, 1, 0, 0x04, 0x41, 0x01],
        &[0, 0, 0, 0],
        &[0, 0, 0, 0],
        &[0x00, 0x23, 0x05, 0x40],
        &[0, 0, 0, 16],
        &[0x00, 0x23, 0x05, 0x40],
        &[0, 0, 0, 0],
        &[0, 0, 0, 0],
        &[0, 0, 0, 0],
    ]);
    let answer = ReadTrackInformation::invisible().parse_response(&bytes).unwrap();
    assert_eq!((answer.track, answer.session), (1, 1));
    assert_eq!((answer.next_writable, answer.last_recorded), (Some(Lba(0)), None));
    assert_eq!((answer.free_blocks, answer.packet_size, answer.size), (2_295_104, 16, 2_295_104));
    assert!(answer.blank && !answer.reserved_track);
    assert_eq!((answer.track_mode, answer.data_mode), (4, DataMode::MODE_1));
    assert_eq!(answer.read_compatibility, Some(Lba(0)));
    assert_eq!(answer.to_bytes(), bytes);
    let old = TrackInformation::parse(&bytes[..28]).unwrap();
    assert_eq!((old.free_blocks, old.read_compatibility), (2_295_104, None));
    assert!(TrackInformation::parse(&bytes[..27]).is_err());
}

#[test]
fn track_information_in_full_length() {
    let bytes = be(&[
        &[0, 0x2E, 0x02, 0x03, 0, 0xF7, 0xB2, 0x02],
        &[0xFF, 0xFF, 0xFF, 0x6A],
        &[0; 4],
        &[0, 0, 0, 5, 0, 0, 0, 32, 0, 0, 1, 0],
        &[0, 0, 0, 99],
        &[1, 2, 0, 0],
        &[0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 9],
    ]);
    let answer = TrackInformation::parse(&bytes).unwrap();
    assert_eq!((answer.track, answer.session, answer.start), (0x102, 0x203, Lba(-150)));
    assert_eq!((answer.last_recorded, answer.next_writable), (Some(Lba(99)), None));
    assert_eq!((answer.layer_jump_status, answer.damage, answer.copy, answer.track_mode), (3, true, true, 7));
    assert!(answer.reserved_track && answer.packet && answer.fixed_packet && !answer.blank);
    assert_eq!((answer.next_layer_jump, answer.last_layer_jump), (Some(Lba(8)), Some(Lba(9))));
    assert_eq!(answer.to_bytes(), bytes);
}

#[test]
fn table_of_contents() {
    let toc = ReadTocPmaAtip { allocation_length: 20, ..Default::default() };
    let bytes = be(&[&[0, 18, 1, 1], &[0, 0x14, 1, 0, 0, 0, 0, 0], &[0, 0x14, 0xAA, 0, 0, 0x05, 0x7E, 0x40]]);
    let TocAnswer::Toc(answer) = toc.parse_response(&bytes).unwrap() else { panic!("not a TOC") };
    assert_eq!((answer.first, answer.last, answer.tracks.len()), (1, 1, 2));
    assert_eq!((answer.tracks[0].adr, answer.tracks[0].control), (1, 4));
    assert_eq!(answer.tracks[1].start.lba(), Some(Lba(360_000)));
    assert_eq!(answer.to_bytes(), bytes);
    let msf = ReadTocPmaAtip { msf: true, ..toc };
    let bytes = be(&[&[0, 10, 1, 1], &[0, 0x14, 1, 0, 0, 0, 2, 0]]);
    let TocAnswer::Toc(answer) = msf.parse_response(&bytes).unwrap() else { panic!("not a TOC") };
    assert_eq!(answer.tracks[0].start, TocAddress::Msf([0, 2, 0]));
    assert_eq!(answer.tracks[0].start.lba(), Some(Lba(0)));
    assert_eq!(TocAddress::of(Lba(0), true), TocAddress::Msf([0, 2, 0]));
    assert_eq!(answer.to_bytes(), bytes);
    assert_eq!(TocAddress::Msf([0, 99, 0]).lba(), None);
}

#[test]
fn sessions_full_toc_and_atip() {
    let session = ReadTocPmaAtip { format: TocFormat::SESSION_INFO, ..Default::default() };
    let bytes = [0, 10, 1, 2, 0, 0x14, 3, 0, 0, 0, 0x2C, 0xE1];
    let TocAnswer::Session(answer) = session.parse_response(&bytes).unwrap() else { panic!("not a session") };
    assert_eq!((answer.first_session, answer.last_session, answer.first_track.track), (1, 2, 3));
    assert_eq!(answer.first_track.start.lba(), Some(Lba(11489)));
    assert_eq!(answer.to_bytes(), bytes);

    let full = ReadTocPmaAtip { format: TocFormat::FULL_TOC, ..Default::default() };
    let bytes = be(&[
        &[0, 0x2E, 1, 1],
        &[1, 0x14, 0, 0xA0, 0, 0, 0, 0, 1, 0x00, 0],
        &[1, 0x14, 0, 0xA1, 0, 0, 0, 0, 1, 0, 0],
        &[1, 0x14, 0, 0xA2, 0, 0, 0, 0, 79, 59, 74],
        &[1, 0x14, 0, 0x01, 0, 0, 0, 0, 0, 2, 0],
    ]);
    let TocAnswer::Full(answer) = full.parse_response(&bytes).unwrap() else { panic!("not a full TOC") };
    assert_eq!(answer.entries.len(), 4);
    assert_eq!((answer.entries[2].point, answer.entries[2].position), (0xA2, [79, 59, 74]));
    assert_eq!(answer.to_bytes(), bytes);

    let atip = ReadTocPmaAtip { format: TocFormat::ATIP, ..Default::default() };
    let bytes = be(&[
        &[0, 26, 0, 0],
        &[0xC0, 0x40, 0x84, 0, 97, 26, 66, 0, 79, 59, 74, 0],
        &[0x02, 0x4A, 0xB0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]);
    let TocAnswer::Atip(answer) = atip.parse_response(&bytes).unwrap() else { panic!("not an ATIP") };
    assert_eq!((answer.writing_power, answer.unrestricted_use, answer.rewritable), (4, true, false));
    assert_eq!((answer.lead_in, answer.last_lead_out), ([97, 26, 66], [79, 59, 74]));
    assert_eq!((answer.a1, answer.a2), (Some([0x02, 0x4A, 0xB0]), None));
    assert_eq!(answer.to_bytes(), bytes);
    let text = ReadTocPmaAtip { format: TocFormat::CD_TEXT, ..Default::default() };
    assert_eq!(text.parse_response(&[0, 4, 0, 0, 0x80, 1]).unwrap(), TocAnswer::Other(vec![0x80, 1]));
}

#[test]
fn format_capacities_and_format_unit() {
    // A formatted BD-RE that offers formats 30h and 31h.
    let bytes = be(&[
        &[0, 0, 0, 24],
        &[0x00, 0xB4, 0x00, 0x00, 0x02, 0, 0x08, 0],
        &[0x00, 0xB4, 0x00, 0x00, 0xC0, 0, 0x30, 0],
        &[0x00, 0xBA, 0x74, 0x00, 0xC4, 0, 0x08, 0],
    ]);
    let answer = FormatCapacities::parse(&bytes).unwrap();
    assert_eq!(answer.current.kind, CapacityType::FORMATTED);
    assert_eq!((answer.current.blocks, answer.current.block_length.get()), (0xB4_0000, 2048));
    assert_eq!(answer.formattable[0].kind, FormatType::BD_RE_WITH_SPARE);
    assert_eq!(answer.formattable[1].kind, FormatType::BD_RE_WITHOUT_SPARE);
    assert_eq!(answer.formattable[1].blocks, 12_219_392);
    assert_eq!(answer.to_bytes(), bytes);
    assert!(FormatCapacities::parse(&bytes[..11]).is_err());

    // DVD+RW: whole disc, options valid, IMMED.
    let list = [0, 0x82, 0, 8, 0x00, 0x23, 0x05, 0x40, 0x98, 0, 0, 0];
    let parameters = FormatParameters::parse(&list).unwrap();
    assert_eq!((parameters.kind, parameters.blocks), (FormatType::DVD_PLUS_RW, 2_295_104));
    assert!(parameters.header.immediate && parameters.header.options_valid);
    assert_eq!(parameters.to_bytes(), list);
    let quick = FormatParameters { kind: FormatType::BD_RE_WITH_SPARE, subtype: 3, ..Default::default() };
    assert_eq!(quick.to_bytes()[8], 0xC3);
    let wrong = FormatParameters::parse(&[0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap_err();
    assert!(wrong.sense().is(5, 0x26, 0));
    assert_eq!((wrong.in_cdb, wrong.byte), (false, 2));
    assert!(FormatParameters::parse(&list[..11]).is_err());
}

#[test]
fn performance_and_streaming() {
    let bytes = be(&[
        &[0, 0, 0, 36, 0, 0, 0, 0],
        &[0x02, 0, 0, 0, 0x00, 0x23, 0x05, 0x3F, 0, 0, 0x56, 0x90, 0, 0, 0x56, 0x90],
        &[0x08, 0, 0, 0, 0x00, 0x23, 0x05, 0x3F, 0, 0, 0x2B, 0x48, 0, 0, 0x2B, 0x48],
    ]);
    let Performance::WriteSpeeds(speeds) = GetPerformance::write_speeds(2).parse_response(&bytes).unwrap()
    else {
        panic!("no write speeds")
    };
    assert_eq!(
        (speeds[0].write_speed, speeds[0].exact, speeds[0].rotation),
        (22160, true, WriteRotation::DEFAULT)
    );
    assert_eq!((speeds[1].write_speed, speeds[1].rotation), (11080, WriteRotation::CAV));
    assert_eq!(Performance::WriteSpeeds(speeds).to_bytes(), bytes);

    let bytes = be(&[
        &[0, 0, 0, 20, 0x02, 0, 0, 0],
        &[0, 0, 0, 0, 0, 0, 0x15, 0xA4, 0, 0x23, 0x05, 0x3F, 0, 0, 0x2B, 0x48],
    ]);
    let answer = GetPerformance::nominal(true, Lba(0), 1).parse_response(&bytes).unwrap();
    let Performance::Nominal { write: true, ref descriptors } = answer else { panic!("{answer:?}") };
    assert_eq!((descriptors[0].start_performance, descriptors[0].end_performance), (5540, 11080));
    assert_eq!(answer.to_bytes(), bytes);

    let bytes = [0, 0, 0, 10, 0x01, 0, 0, 0, 0, 0, 0, 9, 0, 100];
    let answer = Performance::parse(PerformanceType::PERFORMANCE, &bytes).unwrap();
    let want = PerformanceException { lba: Lba(9), time: 100 };
    assert_eq!(answer, Performance::Exceptions { write: false, descriptors: vec![want] });
    assert_eq!(answer.to_bytes(), bytes);
    assert!(Performance::parse(PerformanceType::PERFORMANCE, &bytes[..7]).is_err());

    let bytes = be(&[
        &[0x0A, 0, 0, 0],
        &[0, 0, 0, 1, 0, 0x23, 0x05, 0x3F],
        &[0, 0, 0x56, 0x90, 0, 0, 0x03, 0xE8],
        &[0, 0, 0x15, 0xA4, 0, 0, 0x03, 0xE9],
    ]);
    let descriptor = PerformanceDescriptor::parse(&bytes).unwrap();
    assert_eq!((descriptor.rotation, descriptor.exact), (WriteRotation::CAV, true));
    assert_eq!((descriptor.start, descriptor.end), (Lba(1), Lba(2_295_103)));
    assert_eq!((descriptor.read_size, descriptor.read_time), (22160, 1000));
    assert_eq!((descriptor.write_size, descriptor.write_time), (5540, 1001));
    assert_eq!(descriptor.to_bytes(), bytes);
    assert!(PerformanceDescriptor::parse(&bytes[..27]).is_err());
}

#[test]
fn disc_structures() {
    // The first bytes that a DVD+R tells of itself: book A1h, 120 mm, one recordable layer from 30000h.
    let mut bytes =
        vec![0x08, 0x02, 0, 0, 0xA1, 0x0F, 0x02, 0x00, 0, 0x03, 0, 0, 0, 0x26, 0x05, 0x3F, 0, 0, 0, 0, 0];
    bytes.resize(2052, 0);
    let structure = DiscStructure::parse(&bytes).unwrap();
    let format = PhysicalFormat::parse(&structure).unwrap();
    assert_eq!((format.category, format.part_version, format.maximum_rate), (0x0A, 1, 15));
    assert_eq!((format.layer_type, format.layers_minus_one), (2, 0));
    assert_eq!((format.data_start.get(), format.data_end.get()), (0x3_0000, 0x26_053F));
    assert_eq!(format.to_structure().to_bytes(), bytes);
    let bytes = [0, 6, 0, 0, 0x0A, 0, 0, 0];
    let protection = WriteProtection::parse(&DiscStructure::parse(&bytes).unwrap()).unwrap();
    assert!(protection.medium_specific && protection.persistent);
    assert!(!protection.cartridge && !protection.until_power_down);
    assert_eq!(protection.to_structure().to_bytes(), bytes);
    let bytes = [0, 10, 0, 0, 0x00, 0x40, 0x08, 0x04, 0xC0, 0x40, 0x00, 0x08];
    let list = DiscStructure::parse(&bytes).unwrap().list();
    assert_eq!(
        (list[1].format, list[1].readable, list[1].length),
        (StructureFormat::WRITE_PROTECTION, true, 8)
    );
    assert_eq!(DiscStructure::of_list(&list).to_bytes(), bytes);
    assert!(DiscStructure::parse(&bytes[..3]).is_err());
}

/// Half of a DVD+R DL in layer 0, set by the host; a DVD-RAM out of its cartridge; spare blocks.
#[test]
fn layer_boundary_medium_status_and_spare_area() {
    let bytes = [0, 10, 0, 0, 0x80, 0, 0, 0, 0x00, 0x1F, 0xD8, 0x00];
    let layer = LayerCapacity::parse(&DiscStructure::parse(&bytes).unwrap()).unwrap();
    assert_eq!(layer, LayerCapacity { initialized: true, blocks: 2_086_912 });
    assert_eq!(layer.to_structure().to_bytes(), bytes);
    let command = SendDiscStructure::dvd(StructureFormat::LAYER_CAPACITY, &layer.to_structure());
    assert_eq!(command.parameter_list_length, 12);
    assert_eq!(SendDiscStructure::parse_list(&bytes).unwrap(), layer.to_structure());
    assert!(SendDiscStructure::parse_list(&bytes[..11]).is_err());
    let bytes = [0, 6, 0, 0, 0xC2, 0x10, 0, 0];
    let status = MediumStatus::parse(&DiscStructure::parse(&bytes).unwrap()).unwrap();
    assert!(status.cartridge && status.taken_out && status.persistent && !status.cartridge_protect);
    assert_eq!((status.disc_type, status.inhibit), (0x10, 0));
    assert_eq!(status.to_structure().to_bytes(), bytes);
    let bytes = [0, 14, 0, 0, 0, 0, 0x32, 0, 0, 0, 0x5B, 0x40, 0, 0, 0x5B, 0x40];
    let spare = SpareArea::parse(&DiscStructure::parse(&bytes).unwrap()).unwrap();
    assert_eq!((spare.unused_primary, spare.unused, spare.allocated), (12_800, 23_360, 23_360));
    assert_eq!(spare.to_structure().to_bytes(), bytes);
}

#[test]
fn mechanism_and_cue_sheet() {
    let bytes = [0xA2, 0x71, 0x01, 0x02, 0x03, 2, 0, 8, 0x80, 0, 0, 0, 0x01, 0, 0, 0];
    let answer = MechanismStatus { allocation_length: 16 }.parse_response(&bytes).unwrap();
    assert!(answer.fault && answer.door_open);
    assert_eq!((answer.changer, answer.state), (ChangerState::LOADING, MechanismState::ACTIVE));
    assert_eq!((answer.current_slot, answer.lba), (0x22, Lba(0x1_0203)));
    assert_eq!(answer.slots, [(true, false), (false, true)]);
    assert_eq!(answer.to_bytes(), bytes);

    // The cue sheet of one data track, as MMC-6 shows it.
    let sheet = be(&[
        &[0x41, 0x00, 0x00, 0x14, 0, 0, 0, 0],
        &[0x41, 0x01, 0x00, 0x10, 0, 0, 0, 0],
        &[0x41, 0x01, 0x01, 0x10, 0, 0, 2, 0],
        &[0x41, 0xAA, 0x01, 0x14, 0, 10, 2, 0],
    ]);
    let lines = parse_cue_sheet(&sheet).unwrap();
    assert_eq!((lines[0].control, lines[0].adr, lines[0].data_form), (4, 1, 0x14));
    assert_eq!((lines[3].track, lines[3].time), (0xAA, [10, 2, 0]));
    assert_eq!(lines.iter().flat_map(CueSheetEntry::to_bytes).collect::<Vec<_>>(), sheet);
    assert_eq!(parse_cue_sheet(&sheet[..12]).unwrap_err().byte, 12);
}

#[test]
fn write_parameters_page_of_track_at_once() {
    let mut bytes = vec![0, 58, 0, 0, 0, 0, 0, 0];
    bytes.extend([0x05, 0x32, 0x51, 0xC4, 0x08, 0x00, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x00, 0x96]);
    bytes.extend([0; 36]);
    let list = ModeSense10::page(5, PageControl::Current, 60).parse_response(&bytes).unwrap();
    let page: WriteParameters = list.page(0x05).unwrap().decode().unwrap();
    assert!(page.buffer_underrun_free && page.test_write && !page.link_size_valid);
    assert_eq!((page.write_type, page.multi_session), (WriteType::TRACK_AT_ONCE, MultiSession::NEXT_ALLOWED));
    assert_eq!((page.track_mode, page.data_block_type), (4, DataBlockType::MODE_1));
    assert_eq!((page.packet_size, page.audio_pause), (16, 150));
    assert_eq!(list.to_bytes_10(), bytes);
    assert_eq!(ModeData::of(ModePage::encode(&page, false)), list);
    // MODE SELECT wants no length and no PS bit.
    let select = ModeData::of(ModePage::encode(&page, true)).to_select_10();
    assert_eq!((select[..2].to_vec(), select[8]), (vec![0, 0], 0x05));
    assert_eq!(ModeData::parse_select_10(&select).unwrap(), list);
}

#[test]
fn mode_lists_that_are_wrong() {
    let page = ModePage { code: 5, data: vec![0x40, 0], ..Default::default() };
    let mut select = ModeData::of(page.clone()).to_select_10();
    select.push(0x05);
    let wrong = ModeData::parse_select_10(&select).unwrap_err();
    assert_eq!((wrong.in_cdb, wrong.byte), (false, 13), "the page that begins at byte 12 is cut");
    assert!(ModeData::parse_select_10(&select[..7]).is_err());
    assert!(ModeData::parse_10(&[0, 6, 0, 0, 0, 0, 0, 8]).is_err(), "block descriptors that are not there");
    // A bit that may not change.
    assert!(page.check_change(&[0, 0], &[0x40, 0]).is_ok());
    let wrong = page.check_change(&[0, 0], &[0x0F, 0]).unwrap_err();
    assert_eq!((wrong.byte, wrong.bit), (2, Some(6)));
    assert_eq!(page.check_change(&[0; 3], &[0; 3]).unwrap_err().byte, 1);
    // What the allocation length cut off is no page.
    let whole = ModeData { pages: vec![page.clone(), page], ..Default::default() }.to_bytes_10();
    assert_eq!(ModeData::parse_10(&whole[..14]).unwrap().pages.len(), 1);
    assert_eq!(ModeData::full_length_10(&whole[..2]).unwrap(), 16);
}

#[test]
fn mode_sense_6_and_the_small_pages() {
    let caching = Caching { write_cache: true, read_cache_disable: false };
    let bytes = [15, 0, 0, 0, 0x88, 10, 0x04, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let list = ModeData::of(ModePage::encode(&caching, true));
    assert_eq!(list.to_bytes_6(), bytes);
    assert_eq!(ModeData::parse_6(&bytes).unwrap(), list);
    let recovery = ReadWriteErrorRecovery {
        automatic_write_reallocation: true,
        read_retries: 3,
        write_retries: 1,
        ..Default::default()
    };
    assert_eq!(ModePage::encode(&recovery, false).to_bytes(), [0x01, 10, 0x80, 3, 0, 0, 0, 0, 1, 0, 0, 0]);
    let power = PowerConditionPage { idle: true, standby: true, idle_timer: 600, standby_timer: 0x0102_0304 };
    assert_eq!(ModePage::encode(&power, false).to_bytes(), [0x1A, 10, 0, 3, 0, 0, 0x02, 0x58, 1, 2, 3, 4]);
    let timeout = TimeoutAndProtect {
        timeout_enable: true,
        write_protect_until_power_down: true,
        group1_timeout: 30,
        group2_timeout: 300,
        ..Default::default()
    };
    assert_eq!(ModePage::encode(&timeout, false).to_bytes(), [0x1D, 8, 0, 0, 0x05, 0, 0, 30, 0x01, 0x2C]);
    assert!(ModePage::encode(&timeout, false).decode::<Caching>().is_err());
    let sub = ModePage { saveable: false, code: 0x0F, subpage: Some(2), data: vec![1, 2, 3] };
    assert_eq!(sub.to_bytes(), [0x4F, 2, 0, 3, 1, 2, 3]);
    assert_eq!(ModePage::split(&sub.to_bytes()), Some((sub, &[][..])));
}

/// Pages that a DVD recorder sent.
#[test]
fn mode_pages_of_a_real_recorder() {
    let mut bytes = vec![0x05, 0x32, 0x60, 0xC7, 0x08, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x96];
    bytes.extend([0; 36]);
    let (raw, _) = ModePage::split(&bytes).unwrap();
    let page: WriteParameters = raw.decode().unwrap();
    assert!(page.buffer_underrun_free && page.link_size_valid && !page.test_write);
    assert_eq!((page.write_type, page.multi_session), (WriteType(0), MultiSession::NEXT_ALLOWED));
    assert_eq!((page.track_mode, page.data_block_type), (7, DataBlockType::MODE_1));
    assert_eq!((page.link_size, page.audio_pause), (16, 150));
    assert_eq!(raw.to_bytes(), bytes);
    let (raw, _) = ModePage::split(&[0x1A, 10, 0, 3, 0, 0, 0, 0xC8, 0, 0, 0x12, 0xC0]).unwrap();
    let power: PowerConditionPage = raw.decode().unwrap();
    assert!(power.idle && power.standby);
    assert_eq!((power.idle_timer, power.standby_timer), (200, 4800));
    let (raw, _) = ModePage::split(&[0x1D, 8, 0, 0, 0, 0, 0, 0x78, 0x15, 0x18]).unwrap();
    let timeout: TimeoutAndProtect = raw.decode().unwrap();
    assert_eq!((timeout.group1_timeout, timeout.group2_timeout), (120, 5400));
}

/// Page 2Ah as a DVD recorder of 2005 sends it, with two write speeds.
#[test]
fn capabilities_page() {
    let bytes = be(&[
        &[0x2A, 0x26],
        &[0x3F, 0x37, 0xF1, 0x73, 0x29, 0x23],
        &[0x21, 0x13, 0x01, 0x00, 0x08, 0x00, 0x21, 0x13],
        &[0, 0],
        &[0x21, 0x13, 0x10, 0x8A],
        &[0x00, 0x01],
        &[0, 0, 0, 0x01],
        &[0x10, 0x8A, 0, 2],
        &[0, 0, 0x21, 0x13, 0, 1, 0x10, 0x8A],
    ]);
    let (raw, _) = ModePage::split(&bytes).unwrap();
    let page: Capabilities = raw.decode().unwrap();
    assert!(page.cd_r_write && page.cd_rw_write && page.dvd_r_write && page.buffer_underrun_free);
    assert!(page.lock && page.eject && !page.lock_state && page.cd_da_accurate);
    assert_eq!(page.loading, LoadingMechanism::TRAY);
    assert!(page.separate_volume && page.separate_mute && page.rw_in_lead_in && !page.side_change);
    assert_eq!((page.max_read_speed, page.buffer_kib, page.write_speed), (8467, 2048, Some(4234)));
    assert_eq!(page.rotation, Some(Rotation::CAV));
    assert_eq!(
        page.write_speeds,
        [
            WriteSpeed { rotation: Rotation::CLV, speed: 8467 },
            WriteSpeed { rotation: Rotation::CAV, speed: 4234 },
        ]
    );
    assert_eq!(ModePage::encode(&page, false).to_bytes(), bytes);
    // MMC-1 drives end the page at byte 19 or so.
    let old = ModePage { code: 0x2A, data: bytes[2..20].to_vec(), ..Default::default() };
    assert_eq!(old.decode::<Capabilities>().unwrap().write_speeds, []);
    let cut = ModePage { code: 0x2A, data: bytes[2..10].to_vec(), ..Default::default() };
    assert!(cut.decode::<Capabilities>().is_err());
}

#[test]
fn request_sense_answers() {
    let answer =
        RequestSense::fixed().parse_response(&[0x70, 0, 2, 0, 0, 0, 0, 10, 0, 0, 0, 0, 4, 8, 0, 0, 0, 0]);
    assert!(answer.unwrap().is(2, 4, 8));
    assert!(matches!(RequestSense::fixed().parse_response(&[0; 18]), Err(ResponseError::Invalid { .. })));
    assert!(matches!(RequestSense::fixed().parse_response(&[0x70]), Err(ResponseError::TooShort { .. })));
    assert_eq!(U24::new(1 << 24), None);
}
