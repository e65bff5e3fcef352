//! DVD-RW that other programs left formatted in part, or in the middle of it.

#![allow(clippy::unwrap_used, reason = "tests")]

mod rig;

use std::sync::Arc;
use std::time::Duration;

use glassmaster_burn::{CancelHandle, DataBurn, DataOptions, VerifyLevel};
use glassmaster_disc::{BlockRange, BlockRangeList, BlockSource, MediaType, SECTOR};
use glassmaster_mmc::Profile;
use glassmaster_mmc::cmd::{
    CloseFunction, CloseTrackSession, FormatHeader, FormatParameters, FormatType, FormatUnit, SessionState,
};
use glassmaster_recorder::{DiscRecorder, Repeat};

use rig::{Rig, image, quiet};

/// All sectors of a DVD-RW (ECMA-338), as the drive offers them.
fn everything(recorder: &DiscRecorder) -> u64 {
    let offered = recorder.format_capacities().unwrap().formattable;
    u64::from(offered.iter().find(|f| f.kind == FormatType::FULL).unwrap().blocks)
}

/// What another program sends to format: a type and a number of blocks.
fn format(recorder: &DiscRecorder, kind: FormatType, blocks: u32) {
    let header = FormatHeader { options_valid: true, ..FormatHeader::default() };
    let list = FormatParameters { header, kind, blocks, ..FormatParameters::default() };
    let limit = Duration::from_secs(60);
    recorder.send(&FormatUnit::with_list(), &list.to_bytes(), limit, Repeat::Freely).unwrap();
    recorder.wait_ready().unwrap();
}

fn burn(recorder: &DiscRecorder, sectors: usize, seed: u64) {
    let options = DataOptions { force_overwrite: true, verify: VerifyLevel::Full, ..DataOptions::default() };
    DataBurn::new(options)
        .write(recorder, Arc::new(image(sectors, seed)), &mut quiet, &CancelHandle::new())
        .unwrap();
    let mut found = vec![0; sectors * SECTOR];
    recorder.disc_source().unwrap().read_blocks(0, &mut found).unwrap();
    assert_eq!(found, image(sectors, seed));
    let disc = recorder.disc_information().unwrap();
    assert_eq!(disc.last_session_state, SessionState::Complete, "the border is closed");
}

/// Blocks of every FORMAT UNIT that was sent since, by type.
fn formats(rig: &Rig) -> usize {
    let opcodes = rig.seen.opcodes.lock().unwrap();
    opcodes.iter().filter(|code| **code == 0x04).count()
}

#[test]
fn a_blank_one_is_formatted_as_far_as_needed_and_further_later() {
    let rig = Rig::blank(MediaType::DVD_RW);
    let recorder = rig.recorder();
    let all = everything(&recorder);
    burn(&recorder, 500, 1);
    let medium = recorder.medium().unwrap();
    // 128 MiB, so that every reader takes the disc.
    assert_eq!((medium.formatted_sectors, medium.total, medium.free), (65_536, all, all));
    assert_eq!(medium.profile, Profile::DVD_RW_RESTRICTED_OVERWRITE);
    assert_eq!(formats(&rig), 1);
    burn(&recorder, 600, 2);
    assert_eq!(formats(&rig), 1, "it is formatted so far already");

    // A later session behind the end, with a gap, and the anchors behind it in time.
    let range = |first, last| BlockRange::new(first, last).unwrap();
    let ranges = BlockRangeList(vec![range(65_600, 65_999), range(0, 15)]);
    let options = DataOptions { verify: VerifyLevel::Full, ..DataOptions::default() };
    DataBurn::new(options)
        .write_ranges(&recorder, Arc::new(Picture), &ranges, &mut quiet, &CancelHandle::new())
        .unwrap();
    let (mut found, mut expected) = (vec![0; 400 * SECTOR], vec![0; 400 * SECTOR]);
    recorder.disc_source().unwrap().read_blocks(65_600, &mut found).unwrap();
    Picture.read_blocks(65_600, &mut expected).unwrap();
    assert_eq!(found, expected);
    assert_eq!(formats(&rig), 2);
    let medium = recorder.medium().unwrap();
    assert_eq!((medium.formatted_sectors, medium.free), (66_000, all), "in whole ECC blocks");
}

/// A picture of the disc: every sector says where it is.
struct Picture;

impl BlockSource for Picture {
    fn block_count(&self) -> u64 {
        66_000
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> std::io::Result<()> {
        for (at, sector) in (lba..).zip(buf.chunks_mut(SECTOR)) {
            sector.fill(0);
            sector[..8].copy_from_slice(&at.to_le_bytes());
        }
        Ok(())
    }
}

/// Full format of a part, quick format that was written to and closed, quick format of nothing that nobody went on with.
#[test]
fn what_other_programs_began_is_gone_on_with() {
    let cases = [
        (FormatType::FULL, 4096, false, 4096),
        (FormatType::CD_RW_FULL, 4096, false, 4096),
        (FormatType::DVD_RW_QUICK, 4096, true, 4096),
        (FormatType::DVD_RW_QUICK, 4096, false, 4096),
        (FormatType::DVD_RW_QUICK, 0, false, 0),
    ];
    for (kind, blocks, closed, formatted) in cases {
        let rig = Rig::blank(MediaType::DVD_RW);
        let recorder = rig.recorder();
        let all = everything(&recorder);
        format(&recorder, kind, blocks);
        if closed {
            let close = CloseTrackSession { immediate: false, function: CloseFunction::SESSION, track: 0 };
            recorder.send(&close, &[], Duration::from_secs(60), Repeat::Freely).unwrap();
        }
        let medium = recorder.medium().unwrap();
        assert_eq!((medium.formatted_sectors, medium.total), (formatted, all), "{kind}, {blocks}, {closed}");
        burn(&recorder, 6000, 1);
        assert_eq!(formats(&rig), 2, "{kind}, {blocks}, {closed}");
        burn(&recorder, 100, 2);
        assert_eq!(formats(&rig), 2, "{kind}, {blocks}, {closed}");
        // What was behind the new image is still there.
        let mut found = vec![0; SECTOR];
        recorder.disc_source().unwrap().read_blocks(5000, &mut found).unwrap();
        assert_eq!(found, image(6000, 1)[5000 * SECTOR..5001 * SECTOR]);
    }
}
