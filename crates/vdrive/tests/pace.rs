//! Real speeds by a simulated clock: hours in a moment.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod rig;

use std::time::Duration;

use glassmaster_disc::MediaType;
use glassmaster_vdrive::{DriveOptions, MediumOptions, SimulatedClock};
use rig::Rig;

fn slow(media: MediaType) -> (Rig, SimulatedClock) {
    let clock = SimulatedClock::default();
    let options = DriveOptions { clock: Some(std::sync::Arc::new(clock.clone())), ..DriveOptions::default() };
    let r = Rig::with(media, &MediumOptions::default(), options);
    clock.advance(Duration::from_secs(5));
    (r, clock)
}

fn time(clock: &SimulatedClock) -> Duration {
    use glassmaster_vdrive::Clock;
    clock.now()
}

/// Writes `blocks` blocks in transfers of 64 KiB, waiting as a host waits; how long it took.
fn burn(r: &mut Rig, clock: &SimulatedClock, blocks: i32) -> Duration {
    let begin = time(clock);
    let mut lba = 0;
    while lba < blocks {
        match r.write(lba, 32, 1) {
            Ok(()) => lba += 32,
            Err((2, 4, 8)) => clock.advance(Duration::from_millis(5)),
            Err(other) => panic!("{other:02x?} at {lba}"),
        }
    }
    r.flush();
    time(clock) - begin
}

/// 20,000 blocks are 40,960 kB: at 4x BD (17,982 kB/s) 2.3 seconds.
#[test]
fn four_times_bd() {
    let (mut r, clock) = slow(MediaType::BD_R);
    r.none(&[0xBB, 0, 0xFF, 0xFF, 0x46, 0x50, 0, 0, 0, 0, 0, 0]).unwrap();
    let took = burn(&mut r, &clock, 20_000);
    assert!((2_250..2_350).contains(&took.as_millis()), "{took:?}");
    assert_eq!(r.drive.underruns(), 0);
}

/// Constant angular velocity: 16x is 9,170 kB/s at the hub, 52x CD is 3,954 kB/s of raw blocks, 1,681 blocks a second.
#[test]
fn at_the_hub_of_a_dvd_and_a_cd() {
    let (mut r, clock) = slow(MediaType::DVD_R);
    r.write_parameters(0x60, 0xC5, 8).unwrap();
    let took = burn(&mut r, &clock, 20_000);
    assert!((4_350..4_470).contains(&took.as_millis()), "{took:?}");
    let (mut r, clock) = slow(MediaType::CD_R);
    r.write_parameters(0x41, 0xC4, 8).unwrap();
    let took = burn(&mut r, &clock, 20_000);
    assert!((11_200..11_450).contains(&took.as_millis()), "{took:?}");
}

#[test]
fn reading_takes_its_time_too() {
    let (mut r, clock) = slow(MediaType::BD_R);
    burn(&mut r, &clock, 2_048);
    r.close(1, 1).unwrap();
    clock.advance(Duration::from_secs(60));
    let begin = time(&clock);
    r.check(0, 2_048, 1);
    let took = (time(&clock) - begin).as_millis();
    // 4,194 kB at 26,973 kB/s, and one seek of 120 ms.
    assert!((270..285).contains(&took), "{took}");
}

#[test]
fn a_source_that_stalls_is_counted() {
    let (mut r, clock) = slow(MediaType::BD_R);
    let mut lba = 0;
    while r.write(lba, 32, 1).is_ok() {
        lba += 32;
    }
    clock.advance(Duration::from_secs(5));
    assert_eq!(r.drive.underruns(), 0, "not before the next write tells that there is more");
    r.write(lba, 32, 1).unwrap();
    assert_eq!(r.drive.underruns(), 1);
    // Recording has not begun again: a small buffer may wait.
    clock.advance(Duration::from_secs(5));
    r.write(lba + 32, 32, 1).unwrap();
    assert_eq!(r.drive.underruns(), 1);
    r.flush();
    r.check(0, 32, 1);
    r.check(lba, 64, 1);
}

/// Without BUFE a CD is lost when the buffer runs empty: 3/0C/09, loss of streaming.
#[test]
fn without_protection_an_underrun_is_the_end() {
    let (mut r, clock) = slow(MediaType::CD_R);
    r.write_parameters(0x01, 0xC4, 8).unwrap();
    let mut lba = 0;
    while r.write(lba, 32, 1).is_ok() {
        lba += 32;
    }
    clock.advance(Duration::from_secs(20));
    assert_eq!(r.write(lba, 32, 1), Err((3, 0x0C, 9)));
    assert_eq!(r.track(1).unwrap()[5] & 0x20, 0x20, "damaged");
    assert_eq!(r.drive.underruns(), 1);
}

#[test]
fn blanking_and_formatting_last() {
    let (mut r, clock) = slow(MediaType::CD_RW);
    // The whole disc at 24x: 80 minutes are 200 seconds, after 40 for the lead-in.
    r.none(&[0xA1, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    assert_eq!(r.none(&[0; 6]), Err((2, 4, 7)));
    clock.advance(Duration::from_secs(238));
    assert_eq!(r.none(&[0; 6]), Err((2, 4, 7)));
    clock.advance(Duration::from_secs(4));
    r.none(&[0; 6]).unwrap();
    let begin = time(&clock);
    r.blank(1, 0).unwrap();
    assert_eq!((time(&clock) - begin).as_secs(), 40, "minimal, without IMMED");
    let (mut r, clock) = slow(MediaType::DVD_RAM);
    r.format(0x00, 0, 2_236_704, 0).unwrap();
    assert_eq!(r.none(&[0; 6]), Err((2, 4, 4)));
    clock.advance(Duration::from_secs(600));
    assert_eq!(r.none(&[0; 6]), Err((2, 4, 4)), "11 minutes at 5x");
    clock.advance(Duration::from_secs(120));
    r.none(&[0; 6]).unwrap();
}

#[test]
fn what_the_drive_says_of_its_speeds() {
    let mut r = Rig::new(MediaType::DVD_R);
    let p = r.read(&[0xAC, 0x14, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0], 72).unwrap();
    let at = |i: usize| u32::from_be_bytes([p[i], p[i + 1], p[i + 2], p[i + 3]]);
    assert_eq!((at(8), at(12), at(16), at(20)), (0, 9_170, 2_297_887, 22_160));
    let w = r.read(&[0xAC, 0, 0, 0, 0, 0, 0, 0, 0, 9, 3, 0], 152).unwrap();
    assert_eq!((w[8] & 0x18, w[8 + 3 * 16] & 0x18), (0x08, 0x00), "16x CAV, 6x CLV");
    // Two layers: out and back.
    let mut r = Rig::new(MediaType::DVD_PLUS_R_DL);
    let p = r.read(&[0xAC, 0x14, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0], 72).unwrap();
    assert_eq!(p.len(), 8 + 32);
    let at = |i: usize| u32::from_be_bytes([p[i], p[i + 1], p[i + 2], p[i + 3]]);
    assert_eq!((at(24), at(36)), (2_086_912, 4_585));
}
