//! A burn takes the memory of its buffers, however large the image. The only test of this file: the figure is the process's.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod rig;

use std::sync::Arc;

use glassmaster_burn::{CancelHandle, DataBurn, DataOptions, RingOptions, VerifyLevel};
use glassmaster_disc::{BlockSource, MediaType, SECTOR};

/// 400 MiB that no file system stores as holes.
const SECTORS: u64 = 204_800;

struct Source;

impl BlockSource for Source {
    fn block_count(&self) -> u64 {
        SECTORS
    }

    fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> std::io::Result<()> {
        for (at, sector) in (lba..).zip(buf.chunks_mut(SECTOR)) {
            sector.fill(u8::try_from(at % 251).unwrap() + 1);
            sector[..8].copy_from_slice(&at.to_le_bytes());
        }
        Ok(())
    }
}

/// Most memory this process has had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

#[test]
fn a_verified_burn_stays_below_100_mib() {
    let rig = rig::Rig::blank(MediaType::BD_R);
    let options =
        DataOptions { verify: VerifyLevel::Full, ring: RingOptions::deep(), ..DataOptions::default() };
    let report = DataBurn::new(options)
        .write(&rig.recorder(), Arc::new(Source), &mut rig::quiet, &CancelHandle::new())
        .unwrap();
    assert_eq!(report.verified.unwrap().sectors, SECTORS);
    let peak = peak();
    assert!(peak < 100 * 1024, "{peak} KiB");
}
