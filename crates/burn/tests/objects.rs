//! The objects that hold settings: defaults, when they may change, and the result codes of the contract, with their numbers
//! written out.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod rig;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use glassmaster_burn::{
    CancelHandle, DataStream, DiscErase, DiscFormatData, DiscFormatErase, EraseOptions, FormatError,
    VerifyLevel,
};
use glassmaster_disc::{BlockRange, BlockRangeList, BlockSource, MediaType, MultisessionInterface, SECTOR};
use glassmaster_recorder::{DiscRecorder, HResult, MediaState};
use glassmaster_scsi::{Cdb, DataPhase, Outcome, Transport, TransportError};

use rig::{Rig, image, quiet};

fn stream(sectors: usize) -> DataStream {
    DataStream::new(Arc::new(image(sectors, 1)))
}

fn ready(recorder: &DiscRecorder) -> DiscFormatData {
    let data = DiscFormatData::new();
    data.set_recorder(Some(recorder.clone())).unwrap();
    data.set_client_name("objects").unwrap();
    data
}

fn code<T: std::fmt::Debug>(result: Result<T, FormatError>) -> u32 {
    let error = result.unwrap_err();
    assert!(!error.to_string().is_empty() && !error.next_step().is_empty());
    error.hresult().0
}

#[test]
fn defaults_are_those_of_the_contract() {
    let data = DiscFormatData::new();
    assert!(data.recorder().is_none() && data.client_name().is_empty());
    assert!(!data.buffer_underrun_free_disabled() && !data.postgap_already_in_image());
    assert!(!data.force_media_to_be_closed() && !data.disable_consumer_dvd_compatibility_mode());
    assert!(!data.force_overwrite() && !data.is_writing());
    assert_eq!(data.burn_verification_level(), VerifyLevel::None);
    assert_eq!((data.requested_write_speed(), data.requested_rotation_type_is_pure_cav()), (None, false));
    let numbers: Vec<u32> = DiscFormatData::supported_media_types().iter().map(|m| m.0).collect();
    assert_eq!(numbers, [2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 18, 19]);
    let erase = DiscFormatErase::new();
    assert!(erase.recorder().is_none() && erase.client_name().is_empty() && !erase.full_erase());
    let mut numbers: Vec<u32> = DiscFormatErase::supported_media_types().iter().map(|m| m.0).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [3, 5, 7, 10, 12, 13, 19]);
}

#[test]
fn without_a_recorder() {
    let data = DiscFormatData::new();
    // E_POINTER on getters of the medium.
    for result in [code(data.media_physically_blank()), code(data.current_media_status())] {
        assert_eq!(result, 0x8000_4003);
    }
    assert_eq!(code(data.total_sectors_on_media()), 0x8000_4003);
    assert_eq!(code(data.multisession_interfaces()), 0x8000_4003);
    // E_IMAPI_RECORDER_REQUIRED where the contract says so.
    for result in [
        code(data.current_physical_media_type()),
        code(data.current_write_speed()),
        code(data.current_rotation_type_is_pure_cav()),
        code(data.supported_write_speeds()),
        code(data.supported_write_speed_descriptors()),
        code(data.set_write_speed(None, false)),
        code(data.write(&stream(10), &mut quiet)),
    ] {
        assert_eq!(result, 0xC0AA_0003);
    }
    assert_eq!(code(data.cancel_write()), 0xC0AA_0401);
    let erase = DiscFormatErase::new();
    assert_eq!(code(erase.current_physical_media_type()), 0xC0AA_0003);
    assert_eq!(code(erase.erase_media(&mut |_| {})), 0xC0AA_0003);
}

#[test]
fn a_write_is_checked_in_the_order_of_the_contract() {
    let rig = Rig::blank(MediaType::BD_R);
    let recorder = rig.recorder();
    let data = DiscFormatData::new();
    data.set_recorder(Some(recorder.clone())).unwrap();
    let broken = DataStream::of_bytes(Arc::new(image(10, 1)), 10 * 2048 + 1);
    // The name comes before the stream.
    assert_eq!(code(data.write(&broken, &mut quiet)), 0xC0AA_0408);
    assert_eq!(code(data.set_client_name("a/b")), 0xC0AA_0408);
    data.set_client_name("objects").unwrap();
    assert_eq!(code(data.write(&broken, &mut quiet)), 0xC0AA_0403);
    assert_eq!(code(data.write(&stream(0), &mut quiet)), 0xC0AA_0403);
    struct Vast;
    impl BlockSource for Vast {
        fn block_count(&self) -> u64 {
            20_000_000
        }
        fn read_blocks(&self, _: u64, buf: &mut [u8]) -> std::io::Result<()> {
            buf.fill(0);
            Ok(())
        }
    }
    assert_eq!(code(data.write(&DataStream::new(Arc::new(Vast)), &mut quiet)), 0xC0AA_0404);
    assert_eq!(rig.writes(), 0);

    let none = Rig::empty();
    let data = ready(&none.recorder());
    assert_eq!(code(data.write(&stream(10), &mut quiet)), 0xC0AA_0202);
    assert_eq!(code(data.is_current_media_supported(&none.recorder())), 0xC0AA_0202);

    let protected = Rig::write_protected(MediaType::DVD_PLUS_RW);
    let data = ready(&protected.recorder());
    assert_eq!(code(data.write(&stream(10), &mut quiet)), 0xC0AA_0209);
    assert!(!data.write_protect_status().unwrap().is_empty());
    assert_eq!(code(data.free_sectors_on_media()), 0xC0AA_0402);
}

#[test]
fn figures_of_media_blank_appendable_and_closed() {
    let rig = Rig::blank(MediaType::CD_R);
    let recorder = rig.recorder();
    let data = ready(&recorder);
    assert!(data.is_current_media_supported(&recorder).unwrap());
    assert!(data.media_physically_blank().unwrap() && data.media_heuristically_blank().unwrap());
    assert_eq!(data.next_writable_address().unwrap(), 0);
    assert_eq!(data.start_address_of_previous_session().unwrap(), -1);
    assert_eq!(data.last_written_address_of_previous_session().unwrap(), -1);
    let total = data.total_sectors_on_media().unwrap();
    // Post-gap and run-out are deducted; an image that has its post-gap needs only the latter.
    let free = data.free_sectors_on_media().unwrap();
    assert!(free <= total - 152);
    data.set_postgap_already_in_image(true).unwrap();
    assert_eq!(data.free_sectors_on_media().unwrap(), free + 150);
    data.set_postgap_already_in_image(false).unwrap();
    assert_eq!(data.current_physical_media_type().unwrap(), MediaType::CD_R);

    data.set_burn_verification_level(VerifyLevel::Full).unwrap();
    let report = data.write(&stream(600), &mut quiet).unwrap();
    assert_eq!(report.verified.unwrap().level, VerifyLevel::Full);
    assert!(!data.media_heuristically_blank().unwrap());
    assert_eq!(data.start_address_of_previous_session().unwrap(), 0);
    // 600 sectors of data, 150 of post-gap, written at once as a session: no run-out.
    assert_eq!(data.last_written_address_of_previous_session().unwrap(), 749);
    assert!(data.next_writable_address().unwrap() > 750);
    let ways = data.multisession_interfaces().unwrap();
    assert!(ways.sequential.is_supported_on_current_media_state().unwrap());
    assert!(!ways.random_write.is_supported_on_current_media_state().unwrap());
    assert_eq!(ways.sequential.next_writable_address().unwrap(), data.next_writable_address().unwrap());

    // Later sessions are written track at once, with two run-out sectors behind them that hold no data.
    let second = data.next_writable_address().unwrap();
    data.write(&stream(600), &mut quiet).unwrap();
    let session = *recorder.sessions().unwrap().last().unwrap();
    assert_eq!([session.start, session.last].map(i32::try_from), [Ok(second), Ok(second + 751)]);
    for last in [
        data.last_written_address_of_previous_session(),
        ways.sequential.last_written_address_of_previous_session(),
    ] {
        assert_eq!(last.unwrap(), second + 749);
    }

    data.set_force_media_to_be_closed(true).unwrap();
    data.write(&stream(600), &mut quiet).unwrap();
    assert!(data.current_media_status().unwrap().contains(MediaState::FINALIZED));
    for result in [
        data.total_sectors_on_media(),
        data.free_sectors_on_media(),
        data.next_writable_address(),
        data.start_address_of_previous_session(),
        data.last_written_address_of_previous_session(),
    ] {
        assert_eq!(code(result), 0xC0AA_0402);
    }
    assert_eq!(code(data.write(&stream(10), &mut quiet)), 0xC0AA_0402);
    // The object of before the write sees the medium as it is now.
    assert!(!ways.sequential.is_supported_on_current_media_state().unwrap());
    assert_eq!(code(ways.sequential.free_sectors_on_media()), 0xC0AA_0402);
    // Never missing, not even without a medium.
    let none = ready(&Rig::empty().recorder()).multisession_interfaces().unwrap();
    assert_eq!(code(none.sequential.is_supported_on_current_media_state()), 0xC0AA_0202);
    assert!(none.all().iter().all(|way| !way.look().unwrap().supported));
}

#[test]
fn overwritable_media_tell_their_whole_size_and_take_ranges_in_order() {
    let rig = Rig::blank(MediaType::DVD_RAM);
    let recorder = rig.recorder();
    let data = ready(&recorder);
    assert!(!data.media_physically_blank().unwrap() && data.media_heuristically_blank().unwrap());
    data.write(&stream(320), &mut quiet).unwrap();
    assert_eq!(data.free_sectors_on_media().unwrap(), data.total_sectors_on_media().unwrap());
    assert_eq!(data.next_writable_address().unwrap(), 0);
    assert_eq!(data.start_address_of_previous_session().unwrap(), -1);
    assert_eq!(code(data.write(&stream(320), &mut quiet)), 0xC0AA_0405);
    // Ranges need no permission; the later one is written first.
    let ranges = [(160, 175), (0, 15)].map(|(first, last)| BlockRange::new(first, last).unwrap());
    rig.seen.blocks.lock().unwrap().clear();
    let picture = Arc::new(image(320, 7));
    data.write(&DataStream::with_ranges(picture, BlockRangeList(ranges.to_vec())), &mut quiet).unwrap();
    let written: Vec<u8> =
        rig.seen.blocks.lock().unwrap().iter().filter(|cdb| cdb[0] == 0x2A).map(|cdb| cdb[5]).collect();
    assert_eq!(written, [160, 0]);
    let mut found = vec![0; 320 * SECTOR];
    recorder.disc_source_of(320).read(0, &mut found).unwrap();
    let (new, old) = (image(320, 7), image(320, 1));
    assert!(
        found[..16 * SECTOR] == new[..16 * SECTOR]
            && found[16 * SECTOR..160 * SECTOR] == old[16 * SECTOR..160 * SECTOR]
    );
    data.set_force_overwrite(true).unwrap();
    data.write(&stream(320), &mut quiet).unwrap();
}

#[test]
fn settings_stay_while_a_write_runs_and_a_cancel_ends_it() {
    let rig = Rig::blank(MediaType::BD_RE);
    let recorder = rig.recorder();
    let data = ready(&recorder);
    let mut asked = 0;
    let result = data.write(&stream(5000), &mut |event| {
        if event.done == 0 && asked == 0 {
            asked += 1;
            assert!(data.is_writing());
            for refused in [
                code(data.set_recorder(None)),
                code(data.set_client_name("other")),
                code(data.set_buffer_underrun_free_disabled(true)),
                code(data.set_postgap_already_in_image(true)),
                code(data.set_force_media_to_be_closed(true)),
                code(data.set_disable_consumer_dvd_compatibility_mode(true)),
                code(data.set_force_overwrite(true)),
                code(data.set_burn_verification_level(VerifyLevel::Full)),
                code(data.set_write_speed(None, true)),
                code(data.write(&stream(10), &mut quiet)),
            ] {
                assert_eq!(refused, 0xC0AA_0400);
            }
            data.cancel_write().unwrap();
        }
        ControlFlow::Continue(())
    });
    assert_eq!(code(result), 0xC0AA_0002);
    assert!(asked == 1 && !data.is_writing());
    assert_eq!(data.client_name(), "objects");
    data.write(&stream(64), &mut quiet).unwrap();
}

#[test]
fn speeds_are_replaced_by_the_closest() {
    let rig = Rig::blank(MediaType::CD_R);
    let data = ready(&rig.recorder());
    let speeds = data.supported_write_speeds().unwrap();
    let descriptors = data.supported_write_speed_descriptors().unwrap();
    assert!(speeds.len() > 1 && speeds.windows(2).all(|w| w[0] > w[1]));
    assert!(descriptors.iter().all(|d| d.media == MediaType::CD_R));
    let slow = descriptors.last().unwrap();
    let exact = data.set_write_speed(Some(slow.sectors_per_second), slow.pure_cav).unwrap();
    assert_eq!(exact, HResult(0));
    assert_eq!(data.current_write_speed().unwrap(), slow.sectors_per_second);
    let near = data.set_write_speed(Some(slow.sectors_per_second + 1), slow.pure_cav).unwrap();
    assert_eq!(near, HResult(0x00AA_0004));
    assert_eq!(data.requested_write_speed(), Some(slow.sectors_per_second + 1));
    assert_eq!(data.current_write_speed().unwrap(), slow.sectors_per_second);
    let turned = data.set_write_speed(Some(slow.sectors_per_second), !slow.pure_cav).unwrap();
    assert_eq!(turned, HResult(0x00AA_0005));
    let both = data.set_write_speed(Some(slow.sectors_per_second + 1), !slow.pure_cav).unwrap();
    assert_eq!(both, HResult(0x00AA_0006));
    assert_eq!(data.write(&stream(400), &mut quiet).unwrap().speed_result, HResult(0x00AA_0006));
}

#[test]
fn failed_verification_has_its_code() {
    let rig = Rig::blank(MediaType::BD_R);
    let data = ready(&rig.recorder_with("op=28 lba=20..21 always sense=3/11/00"));
    data.set_burn_verification_level(VerifyLevel::Full).unwrap();
    assert_eq!(code(data.write(&stream(64), &mut quiet)), 0xC0AA_0007);
}

/// A drive whose list of profiles is that of a reader.
struct Reader(Box<dyn Transport>);

impl Transport for Reader {
    fn execute(
        &mut self,
        cdb: &Cdb,
        mut data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        let outcome = self.0.execute(cdb, data.reborrow(), timeout)?;
        if let (0x46, DataPhase::In(buf)) = (cdb.opcode(), data) {
            // Behind the header and the head of feature 0000h: each profile becomes DVD-ROM.
            let end = 12 + usize::from(buf[11]);
            for profile in buf[12..end].chunks_exact_mut(4) {
                profile[..2].copy_from_slice(&[0x00, 0x10]);
            }
        }
        Ok(outcome)
    }

    fn max_transfer(&self) -> usize {
        self.0.max_transfer()
    }

    fn name(&self) -> &str {
        self.0.name()
    }
}

#[test]
fn recorders_that_only_read_are_refused() {
    let rig = Rig::blank(MediaType::BD_R);
    let reader = rig.recorder_on(Box::new(Reader(rig.watched())));
    let data = DiscFormatData::new();
    assert!(!data.is_recorder_supported(&reader).unwrap());
    assert_eq!(code(data.set_recorder(Some(reader.clone()))), 0xC0AA_0407);
    let erase = DiscFormatErase::new();
    assert_eq!(code(erase.set_recorder(Some(reader))), 0xC0AA_090A);
}

#[test]
fn rules_of_erasing() {
    let rig = Rig::blank(MediaType::CD_RW);
    let recorder = rig.recorder();
    let erase = DiscFormatErase::new();
    erase.set_recorder(Some(recorder.clone())).unwrap();
    assert_eq!(code(erase.set_recorder(Some(recorder.clone()))), 0x80AA_0901);
    assert_eq!(code(erase.erase_media(&mut |_| {})), 0xC0AA_090B);
    assert_eq!(code(erase.set_client_name("")), 0x8007_0057);
    erase.set_client_name("objects").unwrap();
    assert!(erase.is_current_media_supported(&recorder).unwrap());
    let mut asked = 0;
    erase
        .erase_media(&mut |_| {
            asked += 1;
            assert_eq!(code(erase.set_recorder(None)), 0x80AA_0900);
            assert_eq!(code(erase.set_full_erase(true)), 0x80AA_0900);
            assert_eq!(code(erase.erase_media(&mut |_| {})), 0x80AA_0900);
        })
        .unwrap();
    assert!(asked >= 2);
    erase.set_full_erase(true).unwrap();
    erase.erase_media(&mut |_| {}).unwrap();
    erase.set_recorder(None).unwrap();
    let once = Rig::blank(MediaType::CD_R);
    erase.set_recorder(Some(once.recorder())).unwrap();
    assert_eq!(code(erase.erase_media(&mut |_| {})), 0xC0AA_0909);
}

#[test]
fn failures_of_erasing_have_their_codes() {
    let erase = |plan: &str| {
        let mut rig = Rig::blank(MediaType::CD_RW);
        rig.patience.poll = Duration::from_millis(2);
        rig.patience.ready = Duration::from_millis(8);
        let recorder = rig.recorder_with(plan);
        let limit = Duration::from_millis(20);
        let erase = DiscErase::new(EraseOptions { limit, ..EraseOptions::default() });
        let result = erase.erase(&recorder, &mut |_| {}, &CancelHandle::new());
        let error = result.map_or_else(|e| e, |_| panic!("{plan}: erased"));
        assert!(!rig.tray_is_locked(), "{plan}");
        error.hresult().0
    };
    for (plan, expected) in [
        ("op=51 short=20", 0x80AA_0902u32),
        ("op=5A always short=12", 0x80AA_0903),
        ("op=A1 always sense=5/30/05", 0x80AA_0905),
        ("op=A1 always sense=3/51/00", 0x80AA_0905),
        ("op=1B always sense=4/09/04", 0x80AA_0908),
        ("op=51 nth=3 always sense=2/04/07", 0x80AA_0906),
        ("op=51 nth=3 always sense=3/51/00", 0x80AA_0907),
        ("op=00 always sense=2/3A/00", 0xC0AA_0202),
    ] {
        assert_eq!(erase(plan), expected, "{plan}");
    }
}
