//! The lives of a DVD+R and a DVD+RW.

mod rig;

use std::time::Duration;

use glassmaster_disc::MediaType;
use glassmaster_vdrive::{DriveOptions, MediumOptions, SimulatedClock};
use rig::Rig;

#[test]
fn dvd_plus_r_from_blank_to_final() {
    let mut r = Rig::new(MediaType::DVD_PLUS_R);
    assert_eq!(r.profile(), 0x001B);
    assert_eq!(r.feature(0x002B), Some(true));
    assert_eq!(r.feature(0x002A), Some(false));
    assert_eq!(r.status(), (0, 0));
    assert_eq!(r.figures(1), (0, Some(0), 2_295_104, 2_295_104));
    r.write(0, 16, 1).unwrap();
    r.write(16, 5, 1).unwrap();
    assert_eq!(r.next_writable(), 21);
    assert_eq!(r.write(32, 16, 1).unwrap_err(), (5, 0x21, 2));
    // The ECC block is completed when the stream pauses.
    r.flush();
    assert_eq!(r.next_writable(), 32);
    assert_eq!(r.write(21, 1, 1).unwrap_err(), (5, 0x21, 2));
    r.check(0, 21, 1);
    assert!(r.read_blocks(21, 11).unwrap().iter().all(|b| *b == 0));
    assert_eq!(r.read_blocks(32, 1).unwrap_err(), (5, 0x21, 0));
    assert_eq!(r.last_block(), 0, "no complete session");
    r.close(1, 1).unwrap();
    assert_eq!(r.figures(1), (0, None, 0, 32));
    assert_eq!(r.figures(2).0, 48, "one ECC block of run-in");
    r.close(2, 0).unwrap();
    assert_eq!(r.status(), (1, 0));
    assert_eq!(r.last_block(), 31);
    assert_eq!(r.next_writable(), 32 + 2048);
    let d = r.disc_information();
    assert_eq!((d[4], d[5], d[6]), (2, 2, 2));

    r.write(2080, 16, 2).unwrap();
    r.drain_events();
    r.close(6, 0).unwrap();
    assert_eq!(r.media_event(), 2);
    assert_eq!(r.status(), (2, 3));
    assert_eq!(r.last_block(), 2095);
    assert_eq!(r.track(0xFF).unwrap_err(), (5, 0x24, 0));
    assert_eq!(r.write(2096, 16, 2).unwrap_err(), (5, 0x30, 5));
    assert_eq!(r.close(2, 0), Ok(()), "closing a closed disc changes nothing");
    r.restart();
    r.check(2080, 16, 2);
    r.check(0, 21, 1);
}

#[test]
fn dvd_plus_r_reservation() {
    let mut r = Rig::new(MediaType::DVD_PLUS_R);
    // 100 blocks become 112.
    r.none(&[0x53, 0, 0, 0, 0, 0, 0, 0, 100, 0]).unwrap();
    assert_eq!(r.figures(1), (0, Some(0), 112, 112));
    assert_eq!(r.figures(2).0, 128);
    // Both can be written, the second one first: its contents often know more.
    r.write(128, 32, 2).unwrap();
    r.write(0, 16, 1).unwrap();
    assert_eq!(r.write(16, 97, 1).unwrap_err(), (5, 0x63, 0));
    assert_eq!(r.write(112, 1, 1).unwrap_err(), (5, 0x21, 2));
    r.close(1, 1).unwrap();
    assert_eq!(r.figures(1), (0, None, 0, 112));
    assert!(r.read_blocks(16, 96).unwrap().iter().all(|b| *b == 0), "the rest is zeros");
    r.close(2, 0).unwrap();
    assert_eq!(r.last_block(), 159);
    r.check(128, 32, 2);
    assert_eq!(r.close(3, 0).unwrap_err(), (5, 0x24, 0));
    assert_eq!(r.format(0x26, 0, 2_295_104, 0).unwrap_err(), (5, 0x30, 6));
}

#[test]
fn dvd_plus_rw_at_once() {
    let mut r = Rig::new(MediaType::DVD_PLUS_RW);
    assert_eq!(r.profile(), 0x001A);
    assert_eq!(r.status(), (0, 0));
    assert_eq!(r.disc_information()[2] & 0x10, 0x10, "erasable");
    assert_eq!(r.feature(0x0020), Some(false));
    assert_eq!(r.write(0, 16, 1).unwrap_err(), (3, 0x31, 0));
    assert_eq!(r.read_blocks(0, 1).unwrap_err(), (3, 0x31, 0));
    let caps = r.read(&[0x23, 0, 0, 0, 0, 0, 0, 0, 20, 0], 20).unwrap();
    assert_eq!(caps[..], [0, 0, 0, 16, 0, 0x23, 5, 0x40, 1, 0, 8, 0, 0, 0x23, 5, 0x40, 0x98, 0, 0, 0]);
    assert_eq!(r.format(0x26, 0, 1000, 0).unwrap_err(), (5, 0x26, 0));
    assert_eq!(r.format(0x10, 0, 2_295_104, 0).unwrap_err(), (5, 0x26, 0));
    r.format(0x26, 0, 2_295_104, 0).unwrap();
    // Without a clock the background has passed at the next look.
    assert_eq!(r.disc_information()[7] & 3, 3);
    assert_eq!(r.status(), (2, 3));
    assert_eq!(r.last_block(), 0x23_053F);
    assert_eq!(r.feature(0x0020), Some(true));
    assert!(r.read_blocks(1_000_000, 4).unwrap().iter().all(|b| *b == 0));
    r.write(1_000_005, 3, 4).unwrap();
    r.write(1_000_000, 6, 5).unwrap();
    r.write(2_295_103, 1, 6).unwrap();
    r.check(1_000_006, 2, 4);
    r.check(1_000_000, 6, 5);
    assert_eq!(r.write(2_295_103, 2, 6).unwrap_err(), (5, 0x21, 0));
    r.restart();
    r.check(1_000_006, 2, 4);
    r.check(2_295_103, 1, 6);
    // Formatting again empties it.
    r.format(0x26, 0, 0xFFFF_FFFF, 0).unwrap();
    assert!(r.read_blocks(1_000_000, 8).unwrap().iter().all(|b| *b == 0));
}

#[test]
fn dvd_plus_rw_in_the_background() {
    let clock = SimulatedClock::default();
    let options = DriveOptions { clock: Some(std::sync::Arc::new(clock.clone())), ..DriveOptions::default() };
    let mut r = Rig::with(MediaType::DVD_PLUS_RW, &MediumOptions::default(), options);
    assert_eq!(r.none(&[0; 6]).unwrap_err(), (2, 4, 1), "still loading");
    clock.advance(Duration::from_secs(5));
    r.none(&[0; 6]).unwrap();
    r.format(0x26, 0, 2_295_104, 0).unwrap();
    assert_eq!(r.none(&[0; 6]).unwrap_err(), (2, 4, 4));
    clock.advance(Duration::from_secs(15));
    let (_, progress) = r.pointer(&[0; 6], glassmaster_scsi::DataPhase::None);
    assert_eq!(progress[0], 0x80);
    let share = u16::from_be_bytes([progress[1], progress[2]]);
    assert!((32_000..33_500).contains(&share), "half way: {share}");
    clock.advance(Duration::from_secs(16));
    r.none(&[0; 6]).unwrap();
    assert_eq!(r.disc_information()[7] & 3, 2, "in progress");
    r.write(0, 32, 1).unwrap();
    r.flush();
    r.close(0, 0).unwrap();
    assert_eq!(r.disc_information()[7] & 3, 1, "stopped");
    r.check(0, 32, 1);
    assert_eq!(r.write(2_000_000, 16, 1).unwrap_err(), (5, 0x21, 2));
    assert_eq!(r.read_blocks(2_000_000, 1).unwrap_err(), (5, 0x21, 0));
    clock.advance(Duration::from_secs(60));
    // Restart keeps what is there and goes on.
    r.format(0x26, 0, 2_295_104, 1).unwrap();
    clock.advance(Duration::from_secs(40));
    assert_eq!(r.disc_information()[7] & 3, 2);
    r.write(2_000_000, 16, 2).unwrap();
    r.drain_events();
    clock.advance(Duration::from_secs(3600));
    assert_eq!(r.media_event(), 5, "background format completed");
    assert_eq!(r.disc_information()[7] & 3, 3);
    r.check(0, 32, 1);
    r.check(2_000_000, 16, 2);
}

#[test]
fn a_background_format_does_not_survive_the_power() {
    let clock = SimulatedClock::default();
    let options = DriveOptions { clock: Some(std::sync::Arc::new(clock.clone())), ..DriveOptions::default() };
    let mut r = Rig::with(MediaType::DVD_PLUS_RW, &MediumOptions::default(), options);
    clock.advance(Duration::from_secs(5));
    r.format(0x26, 0, 2_295_104, 0).unwrap();
    clock.advance(Duration::from_secs(35));
    assert_eq!(r.disc_information()[7] & 3, 2);
    r.restart();
    assert_eq!(r.disc_information()[7] & 3, 1);
}
