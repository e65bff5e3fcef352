//! Command blocks, byte for byte as the tables of MMC-6 and SPC-4 lay them out.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use glassmaster_disc::Lba;
use glassmaster_mmc::cmd::*;
use glassmaster_mmc::feature::FeatureCode;
use glassmaster_mmc::{AnyCommand, Command, Refusal, Transfer, U24, opcode};
use glassmaster_scsi::{Cdb, FieldPointer};

/// The bytes are typed from the tables; each has every field set that the table has.
fn table() -> Vec<(&'static [u8], AnyCommand, Transfer)> {
    let u24 = |n: u32| U24::new(n).unwrap();
    vec![
        (&[0x00, 0, 0, 0, 0, 0], TestUnitReady {}.into(), Transfer::None),
        (
            &[0x03, 1, 0, 0, 252, 0],
            RequestSense { descriptor_format: true, allocation_length: 252 }.into(),
            Transfer::In(252),
        ),
        (&[0x04, 0x11, 0, 0, 0, 0], FormatUnit::with_list().into(), Transfer::Out(12)),
        (&[0x12, 0, 0, 0, 96, 0], Inquiry::standard().into(), Transfer::In(96)),
        (
            &[0x12, 1, 0x80, 0x01, 0x04, 0],
            Inquiry { vital_product_data: true, page: 0x80, allocation_length: 0x104 }.into(),
            Transfer::In(0x104),
        ),
        (
            &[0x1A, 0x08, 0x6A, 0, 0xFF, 0],
            ModeSense6 {
                no_block_descriptors: true,
                control: PageControl::Changeable,
                page: 0x2A,
                subpage: 0,
                allocation_length: 255,
            }
            .into(),
            Transfer::In(255),
        ),
        (
            &[0x1B, 1, 0, 2, 0x37, 0],
            StartStopUnit {
                immediate: true,
                format_layer: 2,
                power: PowerCondition::STANDBY,
                format_layer_change: true,
                load_eject: true,
                start: true,
            }
            .into(),
            Transfer::None,
        ),
        (&[0x1B, 0, 0, 0, 2, 0], StartStopUnit::eject().into(), Transfer::None),
        (&[0x1B, 0, 0, 0, 3, 0], StartStopUnit::load().into(), Transfer::None),
        (&[0x1E, 0, 0, 0, 1, 0], PreventAllowMediumRemoval::prevent().into(), Transfer::None),
        (
            &[0x1E, 0, 0, 0, 3, 0],
            PreventAllowMediumRemoval { persistent: true, prevent: true }.into(),
            Transfer::None,
        ),
        (
            &[0x23, 0, 0, 0, 0, 0, 0, 0, 252, 0],
            ReadFormatCapacities { allocation_length: 252 }.into(),
            Transfer::In(252),
        ),
        (&[0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0], ReadCapacity {}.into(), Transfer::In(8)),
        (
            &[0x28, 0x18, 0x01, 0x02, 0x03, 0x04, 0, 0x05, 0x06, 0],
            Read10 { disable_page_out: true, force_unit_access: true, lba: Lba(0x0102_0304), blocks: 0x0506 }
                .into(),
            Transfer::InBlocks(0x0506),
        ),
        (
            &[0x2A, 0x08, 0xFF, 0xFF, 0xFF, 0x6A, 0, 0, 0x20, 0],
            Write10 { force_unit_access: true, lba: Lba(-150), blocks: 32 }.into(),
            Transfer::OutBlocks(32),
        ),
        (&[0x2B, 0, 0, 1, 0, 0, 0, 0, 0, 0], Seek10 { lba: Lba(0x1_0000) }.into(), Transfer::None),
        (
            &[0x2E, 0, 0, 0, 0x10, 0, 0, 0, 16, 0],
            WriteAndVerify10 { lba: Lba(0x1000), blocks: 16 }.into(),
            Transfer::OutBlocks(16),
        ),
        (
            &[0x2F, 0x10, 0, 0, 0, 0x10, 0, 0x01, 0, 0],
            Verify10 { disable_page_out: true, byte_check: false, lba: Lba(16), blocks: 256 }.into(),
            Transfer::None,
        ),
        (
            &[0x35, 0x02, 0, 0, 0, 0x10, 0, 0, 1, 0],
            SynchronizeCache10 { immediate: true, lba: Lba(16), blocks: 1 }.into(),
            Transfer::None,
        ),
        (
            &[0x43, 0x02, 0x02, 0, 0, 0, 1, 0x03, 0x24, 0],
            ReadTocPmaAtip { msf: true, format: TocFormat::FULL_TOC, start: 1, allocation_length: 804 }
                .into(),
            Transfer::In(804),
        ),
        (
            &[0x46, 0x02, 0x00, 0x2E, 0, 0, 0, 0, 16, 0],
            GetConfiguration {
                request: RequestType::One,
                starting_feature: FeatureCode::CD_MASTERING,
                allocation_length: 16,
            }
            .into(),
            Transfer::In(16),
        ),
        (
            &[0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8, 0],
            GetEventStatusNotification::poll(EventClasses::MEDIA).into(),
            Transfer::In(8),
        ),
        (&[0x51, 0, 0, 0, 0, 0, 0, 0, 34, 0], ReadDiscInformation::standard().into(), Transfer::In(34)),
        (
            &[0x51, 0x02, 0, 0, 0, 0, 0, 0, 16, 0],
            ReadDiscInformation { data_type: DiscInformationType::POW_RESOURCES, allocation_length: 16 }
                .into(),
            Transfer::In(16),
        ),
        (
            &[0x52, 0x01, 0, 0, 0, 0xFF, 0, 0, 48, 0],
            ReadTrackInformation::invisible().into(),
            Transfer::In(48),
        ),
        (
            &[0x52, 0x04, 0xFF, 0xFF, 0xFF, 0x6A, 0, 0, 36, 0],
            ReadTrackInformation {
                open: true,
                allocation_length: 36,
                ..ReadTrackInformation::lba(Lba(-150))
            }
            .into(),
            Transfer::In(36),
        ),
        (
            &[0x53, 0, 0, 0, 0, 0x01, 0x02, 0x03, 0x04, 0],
            ReserveTrack::Size { rmz: false, blocks: 0x0102_0304 }.into(),
            Transfer::None,
        ),
        (
            &[0x53, 1, 0, 0x01, 0x02, 0x03, 0, 0, 0, 0],
            ReserveTrack::Split { lba: Lba(0x1_0203) }.into(),
            Transfer::None,
        ),
        (&[0x54, 1, 0, 0, 0, 0, 0, 0, 0, 0], SendOpcInformation::calibrate().into(), Transfer::None),
        (
            &[0x54, 0, 0x03, 0, 0, 0, 0, 0, 16, 0],
            SendOpcInformation { do_opc: false, exclude_1: true, exclude_0: true, parameter_list_length: 16 }
                .into(),
            Transfer::Out(16),
        ),
        (
            &[0x55, 0x10, 0, 0, 0, 0, 0, 0, 60, 0],
            ModeSelect10 { page_format: true, save: false, parameter_list_length: 60 }.into(),
            Transfer::Out(60),
        ),
        (
            &[0x5A, 0x08, 0x05, 0, 0, 0, 0, 0x01, 0x00, 0],
            ModeSense10::page(0x05, PageControl::Current, 256).into(),
            Transfer::In(256),
        ),
        (
            &[0x5A, 0x10, 0xFF, 0x01, 0, 0, 0, 0, 8, 0],
            ModeSense10 {
                long_lba: true,
                no_block_descriptors: false,
                control: PageControl::Saved,
                page: 0x3F,
                subpage: 1,
                allocation_length: 8,
            }
            .into(),
            Transfer::In(8),
        ),
        (
            &[0x5B, 1, 1, 0, 0x01, 0x02, 0, 0, 0, 0],
            CloseTrackSession { immediate: true, function: CloseFunction::TRACK, track: 0x102 }.into(),
            Transfer::None,
        ),
        (
            &[0x5B, 0, 6, 0, 0, 0, 0, 0, 0, 0],
            CloseTrackSession { immediate: false, function: CloseFunction::FINALIZE, track: 0 }.into(),
            Transfer::None,
        ),
        (&[0x5C, 0, 0, 0, 0, 0, 0, 0, 12, 0], ReadBufferCapacity::in_bytes().into(), Transfer::In(12)),
        (
            &[0x5D, 0, 0, 0, 0, 0, 0, 0, 32, 0],
            SendCueSheet { cue_sheet_size: u24(32) }.into(),
            Transfer::Out(32),
        ),
        (
            &[0xA1, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            Blank { immediate: true, kind: BlankType::MINIMAL, start: 0 }.into(),
            Transfer::None,
        ),
        (
            &[0xA6, 1, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0],
            LoadUnload { immediate: true, load_unload: true, start: true, slot: 4 }.into(),
            Transfer::None,
        ),
        (
            &[0xA8, 0x08, 0, 0, 0, 0x10, 0, 0x01, 0x00, 0x00, 0x80, 0],
            Read12 {
                disable_page_out: false,
                force_unit_access: true,
                lba: Lba(16),
                blocks: 0x1_0000,
                streaming: true,
            }
            .into(),
            Transfer::InBlocks(0x1_0000),
        ),
        (
            &[0xAA, 0x00, 0, 0, 0, 0x20, 0, 0, 0, 0x20, 0xC0, 0],
            Write12 {
                force_unit_access: false,
                lba: Lba(32),
                blocks: 32,
                streaming: true,
                verify_not_required: true,
            }
            .into(),
            Transfer::OutBlocks(32),
        ),
        (
            &[0xAC, 0, 0, 0, 0, 0, 0, 0, 0, 8, 3, 0],
            GetPerformance::write_speeds(8).into(),
            Transfer::In(8 + 8 * 16),
        ),
        (
            &[0xAC, 0x14, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0],
            GetPerformance::nominal(true, Lba(0), 1).into(),
            Transfer::In(24),
        ),
        (
            &[0xAD, 1, 0, 0, 0, 0, 1, 0x0A, 0x10, 0x04, 0x40, 0],
            ReadDiscStructure {
                media: StructureMedia::BD,
                address: 0,
                layer: 1,
                format: StructureFormat::SPARE_AREA,
                allocation_length: 4100,
                agid: 1,
            }
            .into(),
            Transfer::In(4100),
        ),
        (&[0xB6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 28, 0], SetStreaming::performance().into(), Transfer::Out(28)),
        (
            &[0xBB, 1, 0xFF, 0xFF, 0x1B, 0x90, 0, 0, 0, 0, 0, 0],
            SetCdSpeed { rotation: Rotation::CAV, read_speed: SetCdSpeed::BEST, write_speed: 7056 }.into(),
            Transfer::None,
        ),
        (
            &[0xBD, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0],
            MechanismStatus { allocation_length: 8 }.into(),
            Transfer::In(8),
        ),
        (
            &[0xBE, 0x04, 0, 0, 0, 0, 0, 0, 27, 0xFA, 0x01, 0],
            ReadCd {
                sector_type: SectorType::CD_DA,
                digital_audio_play: false,
                lba: Lba(0),
                blocks: u24(27),
                sync: true,
                headers: HeaderCodes::ALL,
                user_data: true,
                edc_ecc: true,
                c2: C2Errors::BITS,
                sub_channel: SubChannel::RAW,
            }
            .into(),
            Transfer::In(27 * (2352 + 294 + 96)),
        ),
        (
            &[0xBF, 0, 0, 0, 0, 0, 0, 0x20, 0, 12, 0, 0],
            SendDiscStructure {
                media: StructureMedia::DVD,
                format: StructureFormat::LAYER_CAPACITY,
                parameter_list_length: 12,
            }
            .into(),
            Transfer::Out(12),
        ),
    ]
}

#[test]
fn both_directions_byte_for_byte() {
    for (bytes, command, transfer) in table() {
        assert_eq!(command.cdb().as_bytes(), bytes, "{}", command.name());
        assert_eq!(AnyCommand::parse(&Cdb::new(bytes).unwrap()), Ok(command));
        assert_eq!(command.transfer(), transfer, "{}", command.name());
        assert_eq!(opcode::name(bytes[0]), Some(command.name()), "one name for one code");
        // ATAPI pads to 12 bytes.
        let mut padded = bytes.to_vec();
        padded.resize(12, 0);
        assert_eq!(AnyCommand::parse(&Cdb::new(&padded).unwrap()), Ok(command));
    }
}

#[test]
fn every_command_is_in_the_table() {
    let covered: Vec<u8> = table().iter().map(|row| row.0[0]).collect();
    for code in AnyCommand::OPCODES {
        assert!(covered.contains(code), "{code:02X}h");
        assert_eq!(AnyCommand::OPCODES.iter().filter(|c| *c == code).count(), 1);
    }
}

/// SFF-8020i has the format of READ TOC in the upper bits of the control byte; old programs send it there.
#[test]
fn read_toc_of_sff_8020() {
    let old = Cdb::ten([0x43, 0x02, 0, 0, 0, 0, 0, 0, 12, 0x40]);
    assert_eq!(ReadTocPmaAtip::parse(&old).unwrap().format, TocFormat::SESSION_INFO);
    let both = Cdb::ten([0x43, 0x02, 4, 0, 0, 0, 0, 0, 12, 0x40]);
    assert_eq!(ReadTocPmaAtip::parse(&both).unwrap().format, TocFormat::ATIP);
}

#[test]
fn refusals_carry_the_sense_of_the_standard() {
    let unknown = AnyCommand::parse(&Cdb::six([0xC7, 0, 0, 0, 0, 0])).unwrap_err();
    assert_eq!(unknown, Refusal::Opcode(0xC7));
    assert!(unknown.sense().is(5, 0x20, 0));
    // RT 11b of GET CONFIGURATION and address type 11b of READ TRACK INFORMATION are reserved.
    for (cdb, byte) in [([0x46, 3, 0, 0, 0, 0, 0, 0, 8, 0], 1), ([0x52, 3, 0, 0, 0, 0, 0, 0, 8, 0], 1)] {
        let sense = AnyCommand::parse(&Cdb::ten(cdb)).unwrap_err().sense();
        assert!(sense.is(5, 0x24, 0));
        assert_eq!(sense.field_pointer(), Some(FieldPointer { in_cdb: true, bit: Some(1), byte }));
        assert_eq!(sense.to_fixed()[15..18], [0xC9, 0, 1]);
    }
    assert!(Read10::parse(&Cdb::ten([0x2A; 10])).is_err(), "another command");
}

#[test]
fn sector_sizes_of_read_cd() {
    let select = |sector_type, byte9: u8| {
        let cdb = Cdb::twelve([0xBE, 0, 0, 0, 0, 0, 0, 0, 1, byte9, 0, 0]);
        ReadCd { sector_type, ..ReadCd::parse(&cdb).unwrap() }.sector_bytes()
    };
    // MMC-6 table "Number of bytes returned based on Data Selection Field".
    for (byte9, mode_1, formless, form_1, form_2) in [
        (0x00, 0, 0, 0, 0),
        (0x10, 2048, 2336, 2048, 2324),
        (0x20, 4, 4, 4, 4),
        (0x40, 0, 0, 8, 8),
        (0xF8, 2352, 2352, 2352, 2352),
        (0x18, 2336, 2336, 2328, 2328),
    ] {
        assert_eq!(select(SectorType::MODE_1, byte9), mode_1, "{byte9:02X}");
        assert_eq!(select(SectorType::MODE_2_FORMLESS, byte9), formless, "{byte9:02X}");
        assert_eq!(select(SectorType::MODE_2_FORM_1, byte9), form_1, "{byte9:02X}");
        assert_eq!(select(SectorType::MODE_2_FORM_2, byte9), form_2, "{byte9:02X}");
        assert_eq!(select(SectorType::CD_DA, byte9), if byte9 == 0 { 0 } else { 2352 });
    }
}

proptest::proptest! {
    /// What is read from any bytes is what is read from the bytes built from it.
    #[test]
    fn parse_build_parse(opcode_index in 0..AnyCommand::OPCODES.len(), rest in proptest::array::uniform15(proptest::num::u8::ANY)) {
        let mut bytes = vec![AnyCommand::OPCODES[opcode_index]];
        bytes.extend(rest);
        bytes.truncate(Cdb::length_of(bytes[0]).unwrap());
        if let Ok(command) = AnyCommand::parse(&Cdb::new(&bytes).unwrap()) {
            let _ = command.transfer();
            proptest::prop_assert_eq!(AnyCommand::parse(&command.cdb()), Ok(command));
        }
    }
}
