//! The lowest writer on its own: addresses, sizes, commands, states, codes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod rig;

use std::ops::ControlFlow;

use glassmaster_burn::{FormatError, WriteEngine};
use glassmaster_disc::stream::{ByteStream, PseudoRandom, Zero};
use glassmaster_disc::{Lba, MediaType, SECTOR};
use glassmaster_recorder::{DiscRecorder, HResult};

use rig::{Rig, quiet};

fn engine(recorder: &DiscRecorder) -> WriteEngine {
    // The news that the drive was switched on is for whoever prepares it.
    let _ = recorder.wait_ready();
    let engine = WriteEngine::new();
    engine.set_recorder(Some(recorder.clone())).unwrap();
    engine.set_bytes_per_sector(2048).unwrap();
    engine
}

fn code(result: Result<(), FormatError>) -> u32 {
    result.unwrap_err().hresult().0
}

#[test]
fn sections_go_where_they_are_sent() {
    for streaming in [false, true] {
        let rig = Rig::blank(MediaType::DVD_RAM);
        let recorder = rig.recorder();
        let engine = engine(&recorder);
        engine.set_use_streaming_write12(streaming).unwrap();
        let data = PseudoRandom::new(3, 100 * 2048);
        let mut events = Vec::new();
        engine
            .write_section(&data, Lba(320), 96, &mut |e| {
                events.push(*e);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert!(!engine.write_in_progress());
        let (first, last) = (events.first().unwrap(), events.last().unwrap());
        assert_eq!((first.start_lba, first.sector_count, first.last_written_lba), (Lba(320), 96, None));
        assert_eq!((last.last_read_lba, last.last_written_lba), (Some(Lba(415)), Some(Lba(415))));
        assert_eq!(last.system_buffer.total, 65536);
        let mut found = vec![0; 96 * SECTOR];
        recorder.disc_source_of(1000).read(320, &mut found).unwrap();
        let mut sent = vec![0; 96 * SECTOR];
        assert_eq!(data.read_at(0, &mut sent).unwrap(), sent.len());
        assert!(found == sent);
        let opcode = if streaming { 0xAA } else { 0x2A };
        let blocks = rig.seen.blocks.lock().unwrap();
        let writes: Vec<_> = blocks.iter().filter(|c| matches!(c[0], 0x2A | 0xAA)).collect();
        assert!(writes.len() == 3 && writes.iter().all(|c| c[0] == opcode));
        assert!(!streaming || writes.iter().all(|c| c[10] == 0x80));
    }
}

#[test]
fn negative_addresses_and_other_sizes_reach_the_drive_as_they_are() {
    let rig = Rig::blank(MediaType::CD_R);
    let recorder = rig.recorder();
    let engine = engine(&recorder);
    engine.set_bytes_per_sector(2352).unwrap();
    assert_eq!(engine.bytes_per_sector(), Some(2352));
    // Without cue sheet and page the drive refuses; what was asked for is seen all the same.
    let error = engine.write_section(&Zero::new(2352 * 40), Lba(-150), 40, &mut quiet).unwrap_err();
    assert!(error.to_string().contains("block -150"), "{error}");
    let blocks = rig.seen.blocks.lock().unwrap();
    let write = blocks.iter().find(|c| c[0] == 0x2A).unwrap();
    assert_eq!(write[..9], [0x2A, 0, 0xFF, 0xFF, 0xFF, 0x6A, 0, 0, 32]);
}

#[test]
fn states_and_codes() {
    let engine = WriteEngine::new();
    assert!(engine.recorder().is_none() && engine.bytes_per_sector().is_none());
    assert!(!engine.use_streaming_write12() && !engine.write_in_progress());
    assert_eq!((engine.starting_sectors_per_second(), engine.ending_sectors_per_second()), (None, None));
    let zeros = Zero::new(2048 * 10);
    assert_eq!(code(engine.write_section(&zeros, Lba(0), 10, &mut quiet)), 0xC0AA_0003);
    assert_eq!(code(engine.set_use_streaming_write12(true)), 0x8000_4001);
    assert_eq!(engine.cancel_write(), HResult(0x00AA_0302));
    let rig = Rig::blank(MediaType::DVD_RAM);
    let recorder = rig.recorder();
    recorder.wait_ready().unwrap();
    engine.set_recorder(Some(recorder.clone())).unwrap();
    assert_eq!(code(engine.write_section(&zeros, Lba(0), 10, &mut quiet)), 0x8007_0057);
    for bytes in [0, 0x8000_0000, u32::try_from(recorder.max_transfer()).unwrap() + 1] {
        assert_eq!(code(engine.set_bytes_per_sector(bytes)), 0x8007_0057);
    }
    assert_eq!(code(engine.set_starting_sectors_per_second(Some(0))), 0x8007_0057);
    engine.set_starting_sectors_per_second(Some(100_000)).unwrap();
    engine.set_ending_sectors_per_second(Some(200_000)).unwrap();
    engine.set_bytes_per_sector(2048).unwrap();
    for (start, blocks) in [(0, 0), (0, 11), (i32::MAX, 2)] {
        assert_eq!(code(engine.write_section(&zeros, Lba(start), blocks, &mut quiet)), 0x8007_0057);
    }
    assert_eq!(rig.writes(), 0);
    // The first event comes before the first sector: too early to cancel, and settings are fixed.
    let mut asked = Vec::new();
    let result = engine.write_section(&zeros, Lba(0), 10, &mut |_| {
        asked.push(engine.cancel_write());
        assert_eq!(code(engine.set_bytes_per_sector(2352)), 0x8000_4005);
        assert_eq!(code(engine.set_recorder(None)), 0x8000_4005);
        ControlFlow::Continue(())
    });
    result.unwrap();
    assert_eq!(asked.first(), Some(&HResult(0x00AA_0302)));
    let result = engine.write_section(&zeros, Lba(0), 10, &mut |_| ControlFlow::Break(()));
    assert_eq!(code(result), 0xC0AA_0002);
}

#[test]
fn a_full_buffer_is_waited_for_and_trouble_has_its_codes() {
    let rig = Rig::stalling(MediaType::DVD_RAM, 2);
    let recorder = rig.recorder();
    let engine = engine(&recorder);
    engine.set_starting_sectors_per_second(Some(1_000_000)).unwrap();
    engine.write_section(&Zero::new(2048 * 640), Lba(0), 640, &mut quiet).unwrap();
    for (plan, expected) in [
        ("op=2A always sense=3/0C/09", 0xC0AA_0300u32),
        ("op=2A always sense=3/0C/00", 0xC0AA_0301),
        ("op=2A always sense=7/27/00", 0xC0AA_0209),
        ("op=2A always sense=2/3A/00", 0xC0AA_0202),
        ("op=2A always timeout", 0xC0AA_020D),
        ("op=2A always gone", 0x8007_0037),
    ] {
        let rig = Rig::blank(MediaType::DVD_RAM);
        let recorder = rig.recorder_with(plan);
        let result = self::engine(&recorder).write_section(&Zero::new(65536), Lba(0), 32, &mut quiet);
        assert_eq!(code(result), expected, "{plan}");
    }
}
