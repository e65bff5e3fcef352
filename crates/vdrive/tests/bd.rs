//! The lives of a BD-R and a BD-RE.

mod rig;

use glassmaster_disc::MediaType;
use glassmaster_vdrive::{DriveOptions, MediumOptions};
use rig::Rig;

#[test]
fn bd_r_sequential() {
    let mut r = Rig::new(MediaType::BD_R);
    assert_eq!(r.profile(), 0x0041);
    assert_eq!(r.feature(0x0041), Some(true));
    assert_eq!(r.feature(0x0038), None, "no pseudo-overwrite");
    assert_eq!(r.status(), (0, 0));
    assert_eq!(r.figures(1), (0, Some(0), 12_219_392, 12_219_392));
    r.write(0, 32, 1).unwrap();
    r.write(32, 1, 1).unwrap();
    r.flush();
    assert_eq!(r.next_writable(), 64);
    assert_eq!(
        r.format(0x00, 0, 11_826_176, 0).unwrap_err(),
        (5, 0x30, 6),
        "only a blank one can be formatted"
    );
    // Ranges follow without a gap, by size and by split address.
    assert_eq!(r.last_block(), 0);
    r.close(1, 1).unwrap();
    // A closed range is seen although the session is open.
    assert_eq!(r.last_block(), 63);
    let toc = r.read(&[0x43, 0, 1, 0, 0, 0, 0, 0, 12, 0], 12).unwrap();
    assert_eq!(toc[..], [0, 10, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0]);
    r.none(&[0x53, 0, 0, 0, 0, 0, 0, 0, 33, 0]).unwrap();
    assert_eq!(r.figures(2), (64, Some(64), 64, 64));
    r.none(&[0x53, 1, 0, 0, 1, 0, 0, 0, 0, 0]).unwrap();
    assert_eq!(r.figures(3), (128, Some(128), 128, 128));
    assert_eq!(r.figures(4).0, 256);
    let resources = r.read(&[0x51, 1, 0, 0, 0, 0, 0, 0, 12, 0], 12).unwrap();
    assert_eq!(resources[2] >> 5, 1);
    assert_eq!(resources[6..8], [0, 3]);
    r.write(128, 32, 3).unwrap();
    r.write(256, 32, 4).unwrap();
    r.close(2, 0).unwrap();
    assert_eq!(r.status(), (1, 0));
    assert_eq!(r.next_writable(), 288);
    assert_eq!(r.last_block(), 287);
    r.check(128, 32, 3);
    r.write(288, 32, 5).unwrap();
    assert_eq!(r.close(5, 0).unwrap_err(), (5, 0x24, 0));
    r.close(6, 0).unwrap();
    assert_eq!(r.status(), (2, 3));
    assert_eq!(r.write(320, 32, 5).unwrap_err(), (5, 0x30, 5));
    r.restart();
    r.check(288, 32, 5);
    r.check(256, 32, 4);
}

#[test]
fn bd_r_with_spare_areas() {
    let mut r = Rig::new(MediaType::BD_R);
    let caps = r.read(&[0x23, 0, 0, 0, 0, 0, 0, 0, 44, 0], 44).unwrap();
    assert_eq!(caps[3], 40);
    assert_eq!(caps[4..9], [0x00, 0xBA, 0x74, 0x00, 1]);
    assert_eq!(caps[12..17], [0x00, 0xB4, 0x74, 0x00, 0x00]);
    assert_eq!(caps[16 + 4..16 + 9], [0x00, 0xB4, 0x74, 0x00, 0x32 << 2]);
    assert_eq!(r.format(0x31, 0, 12_219_392, 0).unwrap_err(), (5, 0x26, 0));
    assert_eq!(r.format(0x32, 2, 11_826_176, 0).unwrap_err(), (5, 0x26, 0), "no random recording");
    r.format(0x32, 0, 12_088_320, 0).unwrap();
    assert_eq!(r.figures(1).2, 12_088_320);
    assert_eq!(r.status(), (0, 0));
    let caps = r.read(&[0x23, 0, 0, 0, 0, 0, 0, 0, 44, 0], 44).unwrap();
    assert_eq!(caps[3], 8);
    assert_eq!(caps[8], 2, "formatted");
    assert_eq!(r.format(0x00, 0, 11_826_176, 0).unwrap_err(), (5, 0x30, 6), "once only");
}

#[test]
fn bd_re_formats_and_overwrites() {
    let mut r = Rig::new(MediaType::BD_RE);
    assert_eq!(r.profile(), 0x0043);
    assert_eq!(r.write(0, 32, 1).unwrap_err(), (3, 0x31, 0));
    r.format(0x30, 0, 11_826_176, 0).unwrap();
    assert_eq!(r.last_block(), 11_826_175);
    r.write(11_826_170, 6, 1).unwrap();
    r.write(7, 3, 2).unwrap();
    r.write(7, 3, 3).unwrap();
    r.check(7, 3, 3);
    r.check(11_826_170, 6, 1);
    assert!(r.read_blocks(0, 7).unwrap().iter().all(|b| *b == 0));
    assert_eq!(r.write(11_826_176, 1, 1).unwrap_err(), (5, 0x21, 0));
    let (_, next, free, size) = r.figures(1);
    assert_eq!((next, free, size), (None, 0, 11_826_176));
    r.restart();
    r.check(7, 3, 3);
    // All of it, without spare areas; then the default again.
    r.format(0x31, 0, 12_219_392, 0).unwrap();
    assert_eq!(r.last_block(), 12_219_391);
    assert!(r.read_blocks(7, 3).unwrap().iter().all(|b| *b == 0));
    r.format(0x00, 0, 11_826_176, 0).unwrap();
    assert_eq!(r.last_block(), 11_826_175);
    // WRITE AND VERIFY
    let cdb = rig::ten(0x2E, 64, 2);
    r.send(&cdb, &rig::pattern(64, 2, 8)).unwrap();
    r.check(64, 2, 8);
}

#[test]
fn formatted_as_it_comes() {
    let options = MediumOptions { formatted: true, ..MediumOptions::default() };
    let mut r = Rig::with(MediaType::BD_RE, &options, DriveOptions::default());
    assert_eq!(r.last_block(), 11_826_175);
    r.write(0, 32, 1).unwrap();
    r.check(0, 32, 1);
}
