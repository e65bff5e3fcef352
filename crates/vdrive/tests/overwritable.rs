//! DVD-RAM, removable disks, the larger DVD+RW and BD, and what write protection does to them.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod rig;

use glassmaster_disc::MediaType;
use glassmaster_vdrive::{DriveOptions, MediumOptions, MediumSize};
use rig::Rig;

fn sized(media: MediaType, size: &str) -> Rig {
    let size = Some(MediumSize::named(media, size).unwrap());
    Rig::with(media, &MediumOptions { size, ..MediumOptions::default() }, DriveOptions::default())
}

#[test]
fn dvd_ram() {
    let mut r = Rig::new(MediaType::DVD_RAM);
    assert_eq!(r.profile(), 0x0012);
    assert_eq!(r.status(), (2, 3));
    for (code, current) in [(0x0004, true), (0x0020, true), (0x0023, true), (0x0024, true), (0x0021, false)] {
        assert_eq!(r.feature(code), Some(current), "{code:04x}");
    }
    assert_eq!(r.last_block(), 2_236_703);
    r.write(5, 3, 1).unwrap();
    r.write(2_236_703, 1, 2).unwrap();
    assert_eq!(r.write(2_236_704, 1, 2), Err((5, 0x21, 0)));
    assert_eq!(r.close(2, 0), Err((5, 0x24, 0)));
    let spare = r.read(&[0xAD, 0, 0, 0, 0, 0, 0, 0x0A, 0, 16, 0, 0], 16).unwrap();
    assert_eq!(spare[4..], [0, 0, 0x32, 0, 0, 0, 0xE4, 0, 0, 0, 0xE4, 0]);
    // More spare blocks keep what is in front of them; the largest user area begins anew.
    r.format(0x01, 0, 2_143_456, 0).unwrap();
    r.check(5, 3, 1);
    assert_eq!(r.last_block(), 2_143_455);
    assert_eq!(r.format(0x00, 0, 2_000_000, 0), Err((5, 0x26, 0)), "only what was offered");
    assert_eq!(r.format(0x26, 0, 2_236_704, 0), Err((5, 0x26, 0)));
    r.format(0x00, 0, 2_295_072, 0).unwrap();
    assert!(r.read_blocks(5, 3).unwrap().iter().all(|b| *b == 0));
    assert_eq!(sized(MediaType::DVD_RAM, "2.6gb").last_block(), 1_218_959);
}

/// SWPP of mode page 1Dh until power down, PWP by SEND DISC STRUCTURE C0h for good (MMC-6 clause 4, write protect).
#[test]
fn write_protection_by_the_host() {
    for media in [MediaType::DVD_RAM, MediaType::BD_RE] {
        let formatted = MediumOptions { formatted: true, ..MediumOptions::default() };
        let mut r = Rig::with(media, &formatted, DriveOptions::default());
        let mut page = vec![0; 18];
        page[8..18].copy_from_slice(&[0x1D, 8, 0, 0, 1, 0, 0, 20, 0, 240]);
        r.send(&[0x55, 0x10, 0, 0, 0, 0, 0, 0, 18, 0], &page).unwrap();
        assert_eq!(r.write(0, 32, 1), Err((7, 0x27, 2)));
        let state = |r: &mut Rig| r.read(&[0xAD, 0, 0, 0, 0, 0, 0, 0xC0, 0, 8, 0, 0], 8).unwrap()[4];
        assert_eq!(state(&mut r), 1);
        r.restart();
        r.write(0, 32, 1).unwrap();
        let persistent = |r: &mut Rig, on: u8| {
            r.send(&[0xBF, 0, 0, 0, 0, 0, 0, 0xC0, 0, 8, 0, 0], &[0, 6, 0, 0, on << 1, 0, 0, 0])
        };
        persistent(&mut r, 1).unwrap();
        r.restart();
        assert_eq!(r.write(0, 32, 2), Err((7, 0x27, 4)));
        assert_eq!(r.format(0x00, 0, 2_236_704, 0), Err((7, 0x27, 4)));
        assert_eq!(state(&mut r), 2);
        r.check(0, 32, 1);
        persistent(&mut r, 0).unwrap();
        r.write(0, 32, 3).unwrap();
    }
    // A write-once disc does not take it back, so this drive does not give it either.
    let mut r = Rig::new(MediaType::DVD_R);
    let list = [0, 6, 0, 0, 2, 0, 0, 0];
    assert_eq!(r.send(&[0xBF, 0, 0, 0, 0, 0, 0, 0xC0, 0, 8, 0, 0], &list), Err((5, 0x24, 0)));
}

#[test]
fn a_removable_disk() {
    let mut r = Rig::new(MediaType::DISK);
    assert_eq!(r.profile(), 0x0002);
    assert_eq!(r.last_block(), 999_999);
    assert_eq!(r.status().0, 3, "neither blank nor complete");
    r.write(7, 3, 1).unwrap();
    r.write(999_999, 1, 2).unwrap();
    assert_eq!(r.write(1_000_000, 1, 2), Err((5, 0x21, 0)));
    r.restart();
    r.check(7, 3, 1);
    r.format(0x00, 0, 1_000_000, 0).unwrap();
    assert!(r.read_blocks(7, 3).unwrap().iter().all(|b| *b == 0));
}

#[test]
fn sizes_of_bd() {
    for (size, whole, usual) in [
        ("25gb", 12_219_392, 11_826_176),
        ("50gb", 24_438_784, 23_652_352),
        ("100gb", 48_878_592, 47_305_728),
        ("128gb", 62_500_864, 60_403_712),
    ] {
        let mut r = sized(MediaType::BD_R, size);
        assert_eq!(r.figures(1), (0, Some(0), whole, whole));
        let spare = whole - usual;
        r.format(0x00, 1, usual, 0).unwrap();
        assert_eq!(r.figures(1).2, usual);
        let info = r.read(&[0xAD, 1, 0, 0, 0, 0, 0, 0x0A, 0, 16, 0, 0], 16).unwrap();
        assert_eq!(info[8..12], spare.to_be_bytes());
        r.write(0, 32, 1).unwrap();
        r.close(6, 0).unwrap();
        assert_eq!(r.write(32, 32, 1), Err((5, 0x30, 5)));
        if size == "128gb" {
            assert!(MediumSize::named(MediaType::BD_RE, size).is_err());
            continue;
        }
        let mut r = sized(MediaType::BD_RE, size);
        r.format(0x31, 0, whole, 0).unwrap();
        assert_eq!(r.last_block(), whole - 1);
        r.write(i32::try_from(whole).unwrap() - 32, 32, 1).unwrap();
        r.restart();
        r.check(i32::try_from(whole).unwrap() - 32, 32, 1);
    }
}

#[test]
fn dvd_plus_of_two_layers() {
    let mut r = Rig::new(MediaType::DVD_PLUS_R_DL);
    assert_eq!(r.profile(), 0x002B);
    assert_eq!((r.feature(0x003B), r.feature(0x002B)), (Some(true), Some(false)));
    assert_eq!(r.figures(1).2, 4_173_824);
    r.write(0, 32, 1).unwrap();
    r.close(2, 0).unwrap();
    assert_eq!(r.status(), (1, 0));
    let layer = r.read(&[0xAD, 0, 0, 0, 0, 0, 0, 0x20, 0, 12, 0, 0], 12).unwrap();
    assert_eq!(layer[4..], [0x80, 0, 0, 0, 0, 0x1F, 0xD8, 0x00], "fixed once something is recorded");
    r.close(6, 0).unwrap();
    assert_eq!(r.write(2_080, 16, 1), Err((5, 0x30, 5)));
    let mut r = Rig::new(MediaType::DVD_PLUS_RW_DL);
    assert_eq!(r.profile(), 0x002A);
    r.format(0x26, 0, 0xFFFF_FFFF, 0).unwrap();
    assert_eq!(r.last_block(), 4_173_823);
    r.write(4_173_808, 16, 1).unwrap();
    r.check(4_173_808, 16, 1);
}
