//! Every result code of section 4 of the contract that the objects of the burning half have, raised through them and named by
//! its number. Those of raw CD, track-at-once and raw images belong to parts that are not there yet.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod burning;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use burning::*;
use glassmaster::disc::clock::SimulatedClock;
use glassmaster::disc::stream::{ByteStream, Concatenate, PseudoRandom, Zero};
use glassmaster::disc::{HResult, Lba, MediaType};
use glassmaster::imapi2::burn::{DataStream, DiscFormatData, DiscFormatErase, VerifyLevel, WriteEngine};
use glassmaster::imapi2::recorder::{DiscMaster, RecorderOptions};
use glassmaster::mmc::cmd::PageControl;
use glassmaster::mmc::feature::FeatureCode;
use glassmaster::scsi::{Cdb, DataPhase, Outcome, Transport, TransportError};

/// How a code is raised; the number that came.
type Raise = fn() -> u32;

/// Name, number, how it is raised.
type Row = (&'static str, u32, Raise);

fn status(plan: &str) -> u32 {
    number(Rig::blank(MediaType::DVD_PLUS_R).data(plan).current_media_status())
}

fn writing(media: MediaType, plan: &str) -> u32 {
    number(Rig::blank(media).data(plan).write(&stream(320), &mut quiet))
}

fn erasing_a_cd(plan: &str) -> u32 {
    number(Rig::blank(MediaType::CD_RW).erase(plan).erase_media(&mut |_| {}))
}

/// A request for `extra` sectors a second more than the slowest speed, turned or not.
fn speed(extra: u32, turn: bool) -> u32 {
    let data = Rig::blank(MediaType::CD_R).data("");
    let slowest = *data.supported_write_speed_descriptors().unwrap().last().unwrap();
    data.set_write_speed(Some(slowest.sectors_per_second + extra), slowest.pure_cav != turn).unwrap().0
}

const GLOBAL: &[Row] = &[
    ("S_OK", 0x0000_0000, || {
        HResult::from(Rig::blank(MediaType::BD_R).data("").media_physically_blank().unwrap()).0
    }),
    ("S_FALSE", 0x0000_0001, || {
        let reader = Rig::blank(MediaType::BD_R).lying("", only_reads);
        HResult::from(DiscFormatData::new().is_recorder_supported(&reader).unwrap()).0
    }),
    ("E_IMAPI_REQUEST_CANCELLED", 0xC0AA_0002, || {
        let data = Rig::blank(MediaType::BD_RE).data("");
        number(data.write(&stream(2000), &mut |event| {
            if event.done == 0 {
                data.cancel_write().unwrap();
            }
            ControlFlow::Continue(())
        }))
    }),
    ("E_IMAPI_RECORDER_REQUIRED", 0xC0AA_0003, || {
        number(DiscFormatData::new().write(&stream(1), &mut quiet))
    }),
    ("S_IMAPI_SPEEDADJUSTED", 0x00AA_0004, || speed(1, false)),
    ("S_IMAPI_ROTATIONADJUSTED", 0x00AA_0005, || speed(0, true)),
    ("S_IMAPI_BOTHADJUSTED", 0x00AA_0006, || speed(1, true)),
    ("E_IMAPI_BURN_VERIFICATION_FAILED", 0xC0AA_0007, || {
        let data = Rig::blank(MediaType::BD_R).data("op=28 lba=20..21 always sense=3/11/00");
        data.set_burn_verification_level(VerifyLevel::Full).unwrap();
        number(data.write(&stream(64), &mut quiet))
    }),
    ("E_NOTIMPL", 0x8000_4001, || number(PseudoRandom::new(1, 8).set_extended_seed(&[1, 2]))),
    ("E_ACCESSDENIED", 0x8007_0005, || {
        let [one, other] = Rig::blank(MediaType::BD_R).two();
        let _held = one.acquire_exclusive_access("somebody else").unwrap();
        number(other.acquire_exclusive_access("tests"))
    }),
    ("STRSAFE_E_INVALID_PARAMETER", 0x8007_0057, || {
        number(DiscMaster::registered_only().open("", RecorderOptions::default()))
    }),
    ("E_POINTER", 0x8000_4003, || number(DiscFormatData::new().current_media_status())),
    ("E_FAIL", 0x8000_4005, || {
        let engine = engine(&Rig::blank(MediaType::DVD_RAM).recorder());
        let mut asked = Vec::new();
        let changed = &mut |_: &_| {
            asked.push(number(engine.set_bytes_per_sector(2352)));
            ControlFlow::Continue(())
        };
        engine.write_section(&Zero::new(65536), Lba(0), 32, changed).unwrap();
        asked[0]
    }),
    ("E_HANDLE", 0x8007_0006, || {
        struct Closed(Box<dyn Transport>);
        impl Transport for Closed {
            fn execute(
                &mut self,
                cdb: &Cdb,
                data: DataPhase<'_>,
                timeout: Duration,
            ) -> Result<Outcome, TransportError> {
                if cdb.opcode() == 0x12 {
                    return self.0.execute(cdb, data, timeout);
                }
                let (device, detail) = ("d".to_owned(), "it takes no commands".to_owned());
                Err(TransportError::Unsupported { device, detail })
            }
            fn max_transfer(&self) -> usize {
                65536
            }
            fn name(&self) -> &str {
                self.0.name()
            }
        }
        let rig = Rig::blank(MediaType::BD_R);
        number(rig.on(Box::new(Closed(rig.transport("", |_, _| {})))).wait_ready())
    }),
    ("ERROR_DEV_NOT_EXIST", 0x8007_0037, || status("op=00 always gone")),
];

const RECORDER: &[Row] = &[
    ("S_IMAPI_COMMAND_HAS_SENSE_DATA", 0x00AA_0200, || {
        let recorder = Rig::empty().recorder();
        let _ = recorder.wait_ready();
        recorder.send_command_no_data(&[0; 6], Duration::from_secs(1)).unwrap().result.0
    }),
    ("E_IMAPI_RECORDER_NO_SUCH_MODE_PAGE", 0xC0AA_0201, || {
        number(Rig::empty().recorder().mode_page_bytes(0x3E, PageControl::Current))
    }),
    ("E_IMAPI_RECORDER_MEDIA_NO_MEDIA", 0xC0AA_0202, || {
        let rig = Rig::empty();
        let recorder = rig.recorder();
        number(DiscFormatData::new().is_current_media_supported(&recorder))
    }),
    ("E_IMAPI_RECORDER_MEDIA_INCOMPATIBLE", 0xC0AA_0203, || status("op=00 always sense=2/30/02")),
    ("E_IMAPI_RECORDER_MEDIA_UPSIDE_DOWN", 0xC0AA_0204, || status("op=00 always sense=2/06/00")),
    ("E_IMAPI_RECORDER_MEDIA_BECOMING_READY", 0xC0AA_0205, || status("op=00 always sense=2/04/01")),
    ("E_IMAPI_RECORDER_MEDIA_FORMAT_IN_PROGRESS", 0xC0AA_0206, || status("op=00 always sense=2/04/04")),
    ("E_IMAPI_RECORDER_MEDIA_BUSY", 0xC0AA_0207, || status("op=00 always sense=2/04/08")),
    ("E_IMAPI_RECORDER_INVALID_MODE_PARAMETERS", 0xC0AA_0208, || {
        writing(MediaType::CD_R, "op=55 always sense=5/26/02")
    }),
    ("E_IMAPI_RECORDER_MEDIA_WRITE_PROTECTED", 0xC0AA_0209, || {
        number(Rig::protected(MediaType::DVD_PLUS_RW).data("").write(&stream(16), &mut quiet))
    }),
    ("E_IMAPI_RECORDER_NO_SUCH_FEATURE", 0xC0AA_020A, || {
        number(Rig::empty().recorder().feature(FeatureCode(0x3FFF), false))
    }),
    ("E_IMAPI_RECORDER_FEATURE_IS_NOT_CURRENT", 0xC0AA_020B, || {
        let data = ready(&Rig::blank(MediaType::BD_R).lying("", disc_is_read_only));
        number(data.media_physically_blank())
    }),
    ("E_IMAPI_RECORDER_GET_CONFIGURATION_NOT_SUPPORTED", 0xC0AA_020C, || {
        let recorder = Rig::blank(MediaType::BD_R).spoiled("op=46 always sense=5/20/00");
        number(DiscFormatData::new().is_recorder_supported(&recorder))
    }),
    ("E_IMAPI_RECORDER_COMMAND_TIMEOUT", 0xC0AA_020D, || writing(MediaType::BD_R, "op=2A always timeout")),
    ("E_IMAPI_RECORDER_DVD_STRUCTURE_NOT_PRESENT", 0xC0AA_020E, || {
        let recorder = Rig::blank(MediaType::DVD_PLUS_R).recorder();
        recorder.wait_ready().unwrap();
        // The medium status of a DVD-RAM.
        number(recorder.read_disc_structure(0x09, 0, 0, 0))
    }),
    ("E_IMAPI_RECORDER_LOCKED", 0xC0AA_0210, || {
        let [one, other] = Rig::blank(MediaType::BD_R).two();
        let data = ready(&other);
        let _held = one.acquire_exclusive_access("somebody else").unwrap();
        number(data.write(&stream(32), &mut quiet))
    }),
    ("E_IMAPI_RECORDER_CLIENT_NAME_IS_NOT_VALID", 0xC0AA_0211, || {
        number(Rig::empty().recorder().acquire_exclusive_access("a/b"))
    }),
    ("E_IMAPI_RECORDER_MEDIA_NOT_FORMATTED", 0xC0AA_0212, || {
        writing(MediaType::DVD_RAM, "op=2A always sense=3/31/00")
    }),
    ("E_IMAPI_RECORDER_INVALID_RESPONSE_FROM_DEVICE", 0xC0AA_02FF, || status("op=51 always short=3")),
];

const ENGINE: &[Row] = &[
    ("E_IMAPI_LOSS_OF_STREAMING", 0xC0AA_0300, || {
        writing(MediaType::CD_R, "op=2A nth=3 always sense=3/0C/09")
    }),
    ("E_IMAPI_UNEXPECTED_RESPONSE_FROM_DEVICE", 0xC0AA_0301, || {
        writing(MediaType::BD_R, "op=2A nth=3 always sense=4/44/00")
    }),
    ("S_IMAPI_WRITE_NOT_IN_PROGRESS", 0x00AA_0302, || {
        let engine = engine(&Rig::blank(MediaType::DVD_RAM).recorder());
        let mut asked = Vec::new();
        // The first event comes before the first sector.
        let too_early = &mut |_: &_| {
            if asked.is_empty() {
                asked.push(engine.cancel_write());
            }
            ControlFlow::Continue(())
        };
        engine.write_section(&Zero::new(65536), Lba(0), 32, too_early).unwrap();
        asked[0].0
    }),
];

const DATA: &[Row] = &[
    ("E_IMAPI_DF2DATA_WRITE_IN_PROGRESS", 0xC0AA_0400, || {
        let data = Rig::blank(MediaType::BD_RE).data("");
        let mut found = Vec::new();
        let asks = &mut |_: &_| {
            found.push(number(data.write(&stream(1), &mut quiet)));
            ControlFlow::Continue(())
        };
        data.write(&stream(32), asks).unwrap();
        found[0]
    }),
    ("E_IMAPI_DF2DATA_WRITE_NOT_IN_PROGRESS", 0xC0AA_0401, || number(DiscFormatData::new().cancel_write())),
    ("E_IMAPI_DF2DATA_INVALID_MEDIA_STATE", 0xC0AA_0402, || {
        let rig = Rig::blank(MediaType::BD_R);
        let data = rig.data("");
        data.set_force_media_to_be_closed(true).unwrap();
        data.write(&stream(32), &mut quiet).unwrap();
        number(data.free_sectors_on_media())
    }),
    ("E_IMAPI_DF2DATA_STREAM_NOT_SUPPORTED", 0xC0AA_0403, || {
        let cut = DataStream::of_bytes(Arc::new(image(2, 1)), 4095);
        number(Rig::blank(MediaType::BD_R).data("").write(&cut, &mut quiet))
    }),
    ("E_IMAPI_DF2DATA_STREAM_TOO_LARGE_FOR_CURRENT_MEDIA", 0xC0AA_0404, || {
        let vast = DataStream::new(Arc::new(Vast(20_000_000)));
        number(Rig::blank(MediaType::BD_R).data("").write(&vast, &mut quiet))
    }),
    ("E_IMAPI_DF2DATA_MEDIA_NOT_BLANK", 0xC0AA_0405, || {
        let data = Rig::blank(MediaType::DVD_RAM).data("");
        data.write(&stream(16), &mut quiet).unwrap();
        number(data.write(&stream(16), &mut quiet))
    }),
    ("E_IMAPI_DF2DATA_MEDIA_IS_NOT_SUPPORTED", 0xC0AA_0406, || {
        let data = ready(&Rig::blank(MediaType::BD_R).lying("", disc_is_read_only));
        number(data.write(&stream(32), &mut quiet))
    }),
    ("E_IMAPI_DF2DATA_RECORDER_NOT_SUPPORTED", 0xC0AA_0407, || {
        let reader = Rig::blank(MediaType::BD_R).lying("", only_reads);
        number(DiscFormatData::new().set_recorder(Some(reader)))
    }),
    ("E_IMAPI_DF2DATA_CLIENT_NAME_IS_NOT_VALID", 0xC0AA_0408, || {
        number(DiscFormatData::new().set_client_name(&"x".repeat(64)))
    }),
];

const ERASE: &[Row] = &[
    ("E_IMAPI_ERASE_RECORDER_IN_USE", 0x80AA_0900, || {
        let erase = Rig::blank(MediaType::CD_RW).erase("");
        let mut found = Vec::new();
        erase.erase_media(&mut |_| found.push(number(erase.set_recorder(None)))).unwrap();
        found[0]
    }),
    ("E_IMAPI_ERASE_ONLY_ONE_RECORDER_SUPPORTED", 0x80AA_0901, || {
        let erase = Rig::blank(MediaType::CD_RW).erase("");
        number(erase.set_recorder(Some(Rig::blank(MediaType::CD_RW).recorder())))
    }),
    ("E_IMAPI_ERASE_DISC_INFORMATION_TOO_SMALL", 0x80AA_0902, || erasing_a_cd("op=51 short=20")),
    ("E_IMAPI_ERASE_MODE_PAGE_2A_TOO_SMALL", 0x80AA_0903, || erasing_a_cd("op=5A always short=12")),
    ("E_IMAPI_ERASE_MEDIA_IS_NOT_ERASABLE", 0x80AA_0904, || {
        let erase = erasing(&Rig::blank(MediaType::CD_RW).lying("", disc_is_not_erasable));
        number(erase.erase_media(&mut |_| {}))
    }),
    ("E_IMAPI_ERASE_DRIVE_FAILED_ERASE_COMMAND", 0x80AA_0905, || erasing_a_cd("op=A1 always sense=3/51/00")),
    ("E_IMAPI_ERASE_TOOK_LONGER_THAN_ONE_HOUR", 0x80AA_0906, || {
        let clock = SimulatedClock::default();
        let mut rig = Rig::blank(MediaType::CD_RW);
        rig.clock = Arc::new(clock);
        rig.patience.poll = Duration::from_secs(1);
        let recorder = rig.spoiled("op=51 nth=3 always sense=2/04/07");
        let mut last = Duration::ZERO;
        let code = number(erasing(&recorder).erase_media(&mut |event| last = event.elapsed));
        assert!(last >= Duration::from_secs(3590) && last < Duration::from_secs(3610), "{last:?}");
        code
    }),
    ("E_IMAPI_ERASE_UNEXPECTED_DRIVE_RESPONSE_DURING_ERASE", 0x80AA_0907, || {
        erasing_a_cd("op=51 nth=3 always sense=3/51/00")
    }),
    ("E_IMAPI_ERASE_DRIVE_FAILED_SPINUP_COMMAND", 0x80AA_0908, || erasing_a_cd("op=1B always sense=4/09/04")),
    ("E_IMAPI_ERASE_MEDIA_IS_NOT_SUPPORTED", 0xC0AA_0909, || {
        number(Rig::blank(MediaType::CD_R).erase("").erase_media(&mut |_| {}))
    }),
    ("E_IMAPI_ERASE_RECORDER_NOT_SUPPORTED", 0xC0AA_090A, || {
        let reader = Rig::blank(MediaType::CD_RW).lying("", only_reads);
        number(DiscFormatErase::new().set_recorder(Some(reader)))
    }),
    ("E_IMAPI_ERASE_CLIENT_NAME_IS_NOT_VALID", 0xC0AA_090B, || {
        let erase = DiscFormatErase::new();
        erase.set_recorder(Some(Rig::blank(MediaType::CD_RW).recorder())).unwrap();
        number(erase.erase_media(&mut |_| {}))
    }),
];

/// Section 4 of the contract in its order, without the ranges 05, 06 and 0A.
const SECTION_4: &[(&str, u32)] = &[
    ("S_OK", 0),
    ("S_FALSE", 1),
    ("E_IMAPI_REQUEST_CANCELLED", 0xC0AA_0002),
    ("E_IMAPI_RECORDER_REQUIRED", 0xC0AA_0003),
    ("S_IMAPI_SPEEDADJUSTED", 0x00AA_0004),
    ("S_IMAPI_ROTATIONADJUSTED", 0x00AA_0005),
    ("S_IMAPI_BOTHADJUSTED", 0x00AA_0006),
    ("E_IMAPI_BURN_VERIFICATION_FAILED", 0xC0AA_0007),
    ("S_IMAPI_COMMAND_HAS_SENSE_DATA", 0x00AA_0200),
    ("E_IMAPI_RECORDER_NO_SUCH_MODE_PAGE", 0xC0AA_0201),
    ("E_IMAPI_RECORDER_MEDIA_NO_MEDIA", 0xC0AA_0202),
    ("E_IMAPI_RECORDER_MEDIA_INCOMPATIBLE", 0xC0AA_0203),
    ("E_IMAPI_RECORDER_MEDIA_UPSIDE_DOWN", 0xC0AA_0204),
    ("E_IMAPI_RECORDER_MEDIA_BECOMING_READY", 0xC0AA_0205),
    ("E_IMAPI_RECORDER_MEDIA_FORMAT_IN_PROGRESS", 0xC0AA_0206),
    ("E_IMAPI_RECORDER_MEDIA_BUSY", 0xC0AA_0207),
    ("E_IMAPI_RECORDER_INVALID_MODE_PARAMETERS", 0xC0AA_0208),
    ("E_IMAPI_RECORDER_MEDIA_WRITE_PROTECTED", 0xC0AA_0209),
    ("E_IMAPI_RECORDER_NO_SUCH_FEATURE", 0xC0AA_020A),
    ("E_IMAPI_RECORDER_FEATURE_IS_NOT_CURRENT", 0xC0AA_020B),
    ("E_IMAPI_RECORDER_GET_CONFIGURATION_NOT_SUPPORTED", 0xC0AA_020C),
    ("E_IMAPI_RECORDER_COMMAND_TIMEOUT", 0xC0AA_020D),
    ("E_IMAPI_RECORDER_DVD_STRUCTURE_NOT_PRESENT", 0xC0AA_020E),
    ("E_IMAPI_RECORDER_MEDIA_SPEED_MISMATCH", 0xC0AA_020F),
    ("E_IMAPI_RECORDER_LOCKED", 0xC0AA_0210),
    ("E_IMAPI_RECORDER_CLIENT_NAME_IS_NOT_VALID", 0xC0AA_0211),
    ("E_IMAPI_RECORDER_MEDIA_NOT_FORMATTED", 0xC0AA_0212),
    ("E_IMAPI_RECORDER_INVALID_RESPONSE_FROM_DEVICE", 0xC0AA_02FF),
    ("E_IMAPI_LOSS_OF_STREAMING", 0xC0AA_0300),
    ("E_IMAPI_UNEXPECTED_RESPONSE_FROM_DEVICE", 0xC0AA_0301),
    ("S_IMAPI_WRITE_NOT_IN_PROGRESS", 0x00AA_0302),
    ("E_IMAPI_DF2DATA_WRITE_IN_PROGRESS", 0xC0AA_0400),
    ("E_IMAPI_DF2DATA_WRITE_NOT_IN_PROGRESS", 0xC0AA_0401),
    ("E_IMAPI_DF2DATA_INVALID_MEDIA_STATE", 0xC0AA_0402),
    ("E_IMAPI_DF2DATA_STREAM_NOT_SUPPORTED", 0xC0AA_0403),
    ("E_IMAPI_DF2DATA_STREAM_TOO_LARGE_FOR_CURRENT_MEDIA", 0xC0AA_0404),
    ("E_IMAPI_DF2DATA_MEDIA_NOT_BLANK", 0xC0AA_0405),
    ("E_IMAPI_DF2DATA_MEDIA_IS_NOT_SUPPORTED", 0xC0AA_0406),
    ("E_IMAPI_DF2DATA_RECORDER_NOT_SUPPORTED", 0xC0AA_0407),
    ("E_IMAPI_DF2DATA_CLIENT_NAME_IS_NOT_VALID", 0xC0AA_0408),
    ("E_IMAPI_ERASE_RECORDER_IN_USE", 0x80AA_0900),
    ("E_IMAPI_ERASE_ONLY_ONE_RECORDER_SUPPORTED", 0x80AA_0901),
    ("E_IMAPI_ERASE_DISC_INFORMATION_TOO_SMALL", 0x80AA_0902),
    ("E_IMAPI_ERASE_MODE_PAGE_2A_TOO_SMALL", 0x80AA_0903),
    ("E_IMAPI_ERASE_MEDIA_IS_NOT_ERASABLE", 0x80AA_0904),
    ("E_IMAPI_ERASE_DRIVE_FAILED_ERASE_COMMAND", 0x80AA_0905),
    ("E_IMAPI_ERASE_TOOK_LONGER_THAN_ONE_HOUR", 0x80AA_0906),
    ("E_IMAPI_ERASE_UNEXPECTED_DRIVE_RESPONSE_DURING_ERASE", 0x80AA_0907),
    ("E_IMAPI_ERASE_DRIVE_FAILED_SPINUP_COMMAND", 0x80AA_0908),
    ("E_IMAPI_ERASE_MEDIA_IS_NOT_SUPPORTED", 0xC0AA_0909),
    ("E_IMAPI_ERASE_RECORDER_NOT_SUPPORTED", 0xC0AA_090A),
    ("E_IMAPI_ERASE_CLIENT_NAME_IS_NOT_VALID", 0xC0AA_090B),
    ("E_NOTIMPL", 0x8000_4001),
    ("E_ACCESSDENIED", 0x8007_0005),
    ("STRSAFE_E_INVALID_PARAMETER", 0x8007_0057),
    // The groups GEN and CMD have some more (0.4).
    ("E_POINTER", 0x8000_4003),
    ("E_FAIL", 0x8000_4005),
    ("E_OUTOFMEMORY", 0x8007_000E),
    ("E_HANDLE", 0x8007_0006),
    ("ERROR_DEV_NOT_EXIST", 0x8007_0037),
];

/// Codes that do not come about, with the reason.
const NEVER: &[(&str, &str)] = &[
    (
        "E_IMAPI_RECORDER_MEDIA_SPEED_MISMATCH",
        "the published list of sense codes has none that says that the speed of a medium lies outside the range of the drive; \
         such a medium is answered with x/30/xx, which is E_IMAPI_RECORDER_MEDIA_INCOMPATIBLE",
    ),
    ("E_OUTOFMEMORY", "a program of this language that gets no memory ends"),
];

fn raised(table: &[Row]) {
    for (name, expected, raise) in table {
        assert_eq!(HResult(raise()), HResult(*expected), "{name}");
    }
}

#[test]
fn codes_of_all_objects() {
    raised(GLOBAL);
}

#[test]
fn codes_of_the_recorder() {
    raised(RECORDER);
}

#[test]
fn codes_of_the_write_engine() {
    raised(ENGINE);
}

#[test]
fn codes_of_data_writes() {
    raised(DATA);
}

#[test]
fn codes_of_erasing() {
    raised(ERASE);
}

#[test]
fn every_code_of_the_contract_is_raised_or_has_a_reason() {
    let mut rows: BTreeMap<&str, u32> = BTreeMap::new();
    for (name, number, _) in [GLOBAL, RECORDER, ENGINE, DATA, ERASE].concat() {
        assert!(rows.insert(name, number).is_none(), "{name} stands here twice");
    }
    for (name, number) in SECTION_4 {
        let never = NEVER.iter().any(|(never, why)| never == name && !why.is_empty());
        assert!(rows.get(name) == Some(number) || (never && !rows.contains_key(name)), "{name}");
        // The library names them so, too.
        if name.contains("IMAPI") {
            assert_eq!(HResult(*number).name(), Some(*name));
        }
    }
    assert_eq!(rows.len() + NEVER.len(), SECTION_4.len());
}

/// Members other than those of the table that have the codes of "not implemented" and "wrong argument".
#[test]
fn other_ways_to_common_codes() {
    let drive = Rig::blank(MediaType::BD_RE).recorder();
    let data = ready(&drive);
    assert_eq!(number(data.write(&DataStream::new(Arc::new(Vast(1 << 40))), &mut quiet)), 0xC0AA_0404);
    let ways = data.multisession_interfaces().unwrap();
    assert_eq!(number(ways.random_write.last_written_address()), 0x8000_4001);
    assert_eq!(number(WriteEngine::new().set_use_streaming_write12(true)), 0x8000_4001);
    assert_eq!(WriteEngine::new().cancel_write(), HResult(0x00AA_0302));
    assert_eq!(number(engine(&drive).set_bytes_per_sector(0)), 0x8007_0057);
    assert_eq!(number(erasing(&drive).set_client_name("")), 0x8007_0057);
    let part: Arc<dyn ByteStream> = Arc::new(Zero::new(5));
    let mut all = Concatenate::new();
    all.initialize(&[Arc::clone(&part)]).unwrap();
    assert_eq!(number(all.initialize(&[part])), 0x8007_0057);
    assert_eq!(number(DiscMaster::registered_only().item(0)), 0x8007_0057);
}
