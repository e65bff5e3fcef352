//! The lives of DVD-R, DVD-R DL and DVD-RW.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod rig;

use glassmaster_disc::MediaType;
use glassmaster_vdrive::{DriveOptions, MediumOptions};
use rig::Rig;

const INCREMENTAL: u8 = 0x60;
const AT_ONCE: u8 = 0x42;
const JUMPS: u8 = 0x44;
const LAST: u8 = 0x05;
const MORE: u8 = 0xC5;

fn reserve(r: &mut Rig, blocks: u32) -> Result<(), rig::Code> {
    let n = blocks.to_be_bytes();
    r.none(&[0x53, 0, 0, 0, 0, n[0], n[1], n[2], n[3], 0])
}

#[test]
fn dvd_r_in_borders() {
    let mut r = Rig::new(MediaType::DVD_R);
    assert_eq!(r.profile(), 0x0011);
    for (code, current) in [(0x0021, true), (0x002F, true), (0x0020, false), (0x0023, false), (0x002B, false)]
    {
        assert_eq!(r.feature(code), Some(current), "{code:04x}");
    }
    assert_eq!(r.figures(1), (0, Some(0), 2_297_888, 2_297_888));
    assert_eq!(r.track(1).unwrap()[6], 0x61, "blank, incremental");
    // Track at once is the write type of CD.
    assert_eq!(r.write(0, 16, 1), Err((5, 0x64, 0)));
    r.write_parameters(INCREMENTAL, MORE, 8).unwrap();
    r.write(0, 20, 1).unwrap();
    assert_eq!(r.write(0, 16, 1), Err((5, 0x21, 2)));
    r.flush();
    assert_eq!(r.next_writable(), 32, "whole ECC blocks");
    assert_eq!(r.status(), (1, 1));
    r.close(1, 1).unwrap();
    r.close(2, 0).unwrap();
    assert_eq!(r.status(), (1, 0));
    assert_eq!(r.last_block(), 31);
    // The first border zone takes 1,792 ECC blocks near the hub.
    assert_eq!(r.next_writable(), 32 + 16 + 1_792 * 16);
    let second = r.next_writable();
    r.write(second, 32, 2).unwrap();
    r.write_parameters(INCREMENTAL, LAST, 8).unwrap();
    r.close(2, 0).unwrap();
    assert_eq!(r.status(), (2, 3));
    assert_eq!(r.write(second + 32, 16, 2), Err((5, 0x30, 5)));
    assert_eq!(r.format(0x15, 0, 0, 16), Err((5, 0x30, 6)));
    r.restart();
    r.check(0, 20, 1);
    r.check(second, 32, 2);
}

#[test]
fn dvd_r_reservations() {
    let mut r = Rig::new(MediaType::DVD_R);
    r.write_parameters(INCREMENTAL, MORE, 8).unwrap();
    reserve(&mut r, 100).unwrap();
    reserve(&mut r, 64).unwrap();
    assert_eq!(r.figures(1), (0, Some(0), 112, 112));
    assert_eq!(r.figures(2), (128, Some(128), 64, 64));
    assert_eq!(reserve(&mut r, 64), Err((5, 0x72, 5)), "two and the invisible one");
    assert_eq!(r.none(&[0x53, 1, 0, 0, 1, 0, 0, 0, 0, 0]), Err((5, 0x24, 0)), "not by address");
    r.write(128, 64, 2).unwrap();
    r.write(0, 112, 1).unwrap();
    assert_eq!(r.write(112, 16, 1), Err((5, 0x21, 2)));
    assert_eq!(r.close(2, 0), Ok(()));
    let mut r = Rig::new(MediaType::DVD_R);
    r.write_parameters(INCREMENTAL, MORE, 8).unwrap();
    reserve(&mut r, 64).unwrap();
    r.write(0, 16, 1).unwrap();
    assert_eq!(r.write(16, 64, 1), Err((5, 0x63, 0)));
    assert_eq!(r.close(2, 0), Err((5, 0x72, 4)), "a reservation that is not full");
    r.close(1, 1).unwrap();
    r.close(2, 0).unwrap();
    assert!(r.read_blocks(16, 48).unwrap().iter().all(|b| *b == 0));
}

#[test]
fn dvd_r_at_once() {
    let mut r = Rig::new(MediaType::DVD_R);
    r.write_parameters(AT_ONCE, LAST, 8).unwrap();
    assert_eq!(r.write(0, 16, 1), Err((5, 0x2C, 0)), "nothing was announced");
    reserve(&mut r, 100).unwrap();
    r.write(0, 96, 1).unwrap();
    assert_eq!(r.write(0, 16, 1), Err((5, 0x21, 2)));
    assert_eq!(r.close(2, 0), Err((5, 0x2C, 0)), "not before its end");
    r.write_parameters(INCREMENTAL, LAST, 8).unwrap();
    assert_eq!(r.write(96, 4, 1), Err((5, 0x64, 0)), "nor in another way");
    r.write_parameters(AT_ONCE, LAST, 8).unwrap();
    r.write(96, 4, 1).unwrap();
    assert_eq!(r.status(), (1, 1));
    // The last ECC block is completed, and the lead-out follows.
    r.flush();
    assert_eq!(r.status(), (2, 3));
    assert_eq!(r.last_block(), 111);
    assert_eq!(r.write(112, 16, 1), Err((5, 0x30, 5)));
    r.restart();
    r.check(0, 100, 1);
    // A disc at once that lost its power cannot be taken up again.
    let mut r = Rig::new(MediaType::DVD_R);
    r.write_parameters(AT_ONCE, LAST, 8).unwrap();
    reserve(&mut r, 160).unwrap();
    r.write(0, 32, 1).unwrap();
    r.restart();
    assert_eq!(r.track(1).unwrap()[5] & 0x20, 0x20, "damaged");
    r.check(0, 32, 1);
    // Nor can one that the host gave up: flushing says that there is no more.
    let mut r = Rig::new(MediaType::DVD_R);
    r.write_parameters(AT_ONCE, LAST, 8).unwrap();
    reserve(&mut r, 160).unwrap();
    r.flush();
    assert_eq!(r.track(1).unwrap()[5] & 0x20, 0, "not begun");
    r.write(0, 32, 1).unwrap();
    r.flush();
    let (disc, track) = (r.disc_information(), r.track(1).unwrap());
    assert_eq!(track[5] & 0x20, 0x20, "damaged");
    r.restart();
    assert_eq!((r.disc_information(), r.track(1).unwrap()), (disc, track));
}

#[test]
fn dvd_r_test_write() {
    let mut r = Rig::new(MediaType::DVD_R);
    r.write_parameters(AT_ONCE | 0x10, LAST, 8).unwrap();
    reserve(&mut r, 64).unwrap();
    r.write(0, 64, 1).unwrap();
    r.flush();
    assert_eq!(r.read_blocks(0, 1), Err((5, 0x21, 0)));
    assert_eq!(r.status(), (1, 1), "only the reservation was in earnest");
}

#[test]
fn dvd_r_of_two_layers() {
    let mut r = Rig::new(MediaType::DVD_R_DL);
    assert_eq!(r.profile(), 0x0015);
    assert_eq!(r.figures(1).2, 4_171_712);
    let p = r.read(&[0xAD, 0, 0, 0, 0, 0, 0, 0, 8, 4, 0, 0], 2052).unwrap();
    assert_eq!((p[4], p[6] & 0x70), (0x26, 0x30), "two layers, opposite tracks");
    assert_eq!(p[17..20], [0x22, 0xD3, 0xDF], "layer 0 ends with block 2,085,855");
    let layer = |r: &mut Rig| r.read(&[0xAD, 0, 0, 0, 0, 0, 0, 0x20, 0, 12, 0, 0], 12).unwrap();
    assert_eq!(layer(&mut r)[4..12], [0, 0, 0, 0, 0, 0x1F, 0xD3, 0xE0]);
    let set = |r: &mut Rig, blocks: u32| {
        let n = blocks.to_be_bytes();
        let list = [0, 10, 0, 0, 0, 0, 0, 0, n[0], n[1], n[2], n[3]];
        r.send(&[0xBF, 0, 0, 0, 0, 0, 0, 0x20, 0, 12, 0, 0], &list)
    };
    assert_eq!(set(&mut r, 1_000), Err((5, 0x26, 0)), "not a whole ECC block");
    assert_eq!(set(&mut r, 2_085_872), Err((5, 0x26, 0)), "more than there is");
    set(&mut r, 1_024).unwrap();
    assert_eq!(layer(&mut r)[4], 0x80);
    assert_eq!(set(&mut r, 2_048), Err((5, 0x2C, 0)), "once only");
    r.write_parameters(INCREMENTAL, MORE, 8).unwrap();
    r.write(0, 32, 1).unwrap();
    assert_eq!(set(&mut r, 1_024), Err((5, 0x2C, 0)));
    r.close(2, 0).unwrap();
    assert_eq!(r.status(), (2, 3), "one border only");
    r.restart();
    r.check(0, 32, 1);
    assert_eq!(layer(&mut r)[8..12], [0, 0, 4, 0]);
}

/// 4,096 blocks in two layers, jumps every 256.
#[test]
fn layer_jumps() {
    let mut r = Rig::new(MediaType::DVD_R_DL);
    let send = |r: &mut Rig, format: u8, blocks: u32| {
        let n = blocks.to_be_bytes();
        let list = [0, 10, 0, 0, 0, 0, 0, 0, n[0], n[1], n[2], n[3]];
        r.send(&[0xBF, 0, 0, 0, 0, 0, 0, format, 0, 12, 0, 0], &list)
    };
    assert_eq!(send(&mut r, 0x22, 256), Err((5, 0x24, 0)), "not in this mode");
    r.drain_events();
    r.write_parameters(JUMPS, LAST, 8).unwrap();
    assert_eq!(r.media_event(), 2);
    assert_eq!(r.profile(), 0x0016);
    assert_eq!((r.feature(0x0033), r.feature(0x0021)), (Some(true), Some(false)));
    send(&mut r, 0x20, 2_048).unwrap();
    send(&mut r, 0x22, 256).unwrap();
    // Back and again: the choice is open while the disc is blank.
    r.write_parameters(INCREMENTAL, LAST, 8).unwrap();
    assert_eq!(r.profile(), 0x0015);
    r.write_parameters(JUMPS, LAST, 8).unwrap();
    send(&mut r, 0x22, 256).unwrap();
    let track = |r: &mut Rig| r.read(&[0x52, 1, 0, 0, 0, 1, 0, 0, 48, 0], 48).unwrap();
    let t = track(&mut r);
    assert_eq!((t[5] >> 6, &t[12..16], &t[40..44]), (3, &[0u8; 4][..], &[0, 0, 0, 0xFF][..]));
    assert_eq!(r.write(0, 272, 1), Err((5, 0x21, 2)), "over the jump");
    r.write(0, 256, 1).unwrap();
    let t = track(&mut r);
    assert_eq!(t[12..16], (4_096u32 - 256).to_be_bytes(), "in the other layer");
    assert_eq!(r.write(256, 16, 1), Err((5, 0x21, 2)));
    r.write(4_096 - 256, 256, 1).unwrap();
    assert_eq!(track(&mut r)[12..16], 256u32.to_be_bytes());
    r.write(256, 16, 1).unwrap();
    r.check(0, 272, 1);
    r.check(3_840, 256, 1);
    assert_eq!(r.read_blocks(272, 1), Err((5, 0x21, 0)));
    assert_eq!(r.read_blocks(3_839, 1), Err((5, 0x21, 0)));
    r.restart();
    r.write_parameters(JUMPS, LAST, 8).unwrap();
    r.write(272, 16, 1).unwrap();
    r.close(2, 0).unwrap();
    assert_eq!(r.status(), (2, 3));
    assert_eq!(r.last_block(), 4_095);
    // The stretch over the last one is there, so that both layers are recorded equally far.
    assert!(r.read_blocks(3_584, 256).unwrap().iter().all(|b| *b == 0));
    assert_eq!(r.write(2_048, 16, 1), Err((5, 0x30, 5)));
}

#[test]
fn dvd_rw_sequential() {
    let mut r = Rig::new(MediaType::DVD_RW);
    assert_eq!(r.profile(), 0x0014);
    assert_eq!(r.disc_information()[2] & 0x1F, 0x10);
    r.write_parameters(INCREMENTAL, LAST, 8).unwrap();
    r.write(0, 32, 1).unwrap();
    r.close(2, 0).unwrap();
    assert_eq!(r.status(), (2, 3));
    assert_eq!(r.write(32, 16, 1), Err((5, 0x30, 5)));
    // Minimal blanking leaves a disc for one recording at once.
    r.blank(1, 0).unwrap();
    assert_eq!((r.status(), r.feature(0x0021)), ((0, 0), Some(false)));
    assert_eq!(r.write(0, 16, 1), Err((5, 0x64, 0)));
    r.restart();
    assert_eq!(r.feature(0x0021), Some(false));
    r.write_parameters(AT_ONCE, LAST, 8).unwrap();
    reserve(&mut r, 64).unwrap();
    r.write(0, 64, 2).unwrap();
    assert_eq!(r.status(), (2, 3));
    r.check(0, 64, 2);
    r.blank(0, 0).unwrap();
    assert_eq!((r.status(), r.feature(0x0021)), ((0, 0), Some(true)));
}

#[test]
fn dvd_rw_restricted_overwrite() {
    let mut r = Rig::new(MediaType::DVD_RW);
    let caps = |r: &mut Rig| r.read(&[0x23, 0, 0, 0, 0, 0, 0, 0, 252, 0], 252).unwrap();
    let c = caps(&mut r);
    assert_eq!(c[3], 8 + 3 * 8);
    assert_eq!((&c[4..8], c[8]), (&2_297_888u32.to_be_bytes()[..], 1));
    assert_eq!(c[28..36], [0x00, 0x23, 0x10, 0x20, 0x15 << 2, 0, 0, 16]);
    // Quick: nothing formatted, grows behind its end.
    r.format(0x15, 0, 0, 16).unwrap();
    assert_eq!(r.profile(), 0x0013);
    assert_eq!(r.status(), (1, 1), "intermediate");
    assert_eq!(caps(&mut r)[8], 3);
    for (code, current) in [(0x0023, true), (0x0026, true), (0x002C, true), (0x0021, false)] {
        assert_eq!(r.feature(code), Some(current), "{code:04x}");
    }
    assert_eq!(r.write(32, 16, 1), Err((5, 0x21, 2)), "leaves a gap");
    assert_eq!(r.write(0, 8, 1), Err((5, 0x21, 2)), "whole ECC blocks");
    r.write(0, 64, 1).unwrap();
    r.write(16, 16, 2).unwrap();
    assert_eq!(r.figures(1).1, Some(64));
    r.flush();
    r.close(2, 0).unwrap();
    assert_eq!(r.status(), (2, 3));
    assert_eq!((r.last_block(), caps(&mut r)[8]), (63, 2));
    assert_eq!(r.write(64, 16, 1), Err((5, 0x21, 0)));
    assert_eq!(r.read_blocks(64, 1), Err((5, 0x21, 0)));
    r.write(0, 16, 3).unwrap();
    // Quick grow keeps what is there.
    r.format(0x13, 0, 0, 16).unwrap();
    assert_eq!(r.status(), (1, 1));
    assert_eq!(r.format(0x13, 0, 0, 16), Err((5, 0x26, 0)));
    r.write(64, 16, 4).unwrap();
    r.restart();
    r.close(2, 0).unwrap();
    r.check(0, 16, 3);
    r.check(16, 16, 2);
    r.check(64, 16, 4);
    r.format(0x11, 0, 160, 16).unwrap();
    assert_eq!(r.last_block(), 239);
    assert_eq!(reserve(&mut r, 16), Err((5, 0x64, 0)));
    assert_eq!(r.blank(5, 0), Err((5, 0x64, 0)));
    // Full, then back to sequential recording.
    assert_eq!(r.format(0x00, 0, 2_297_904, 16), Err((5, 0x26, 0)));
    r.format(0x00, 0, 2_297_888, 16).unwrap();
    assert_eq!(r.last_block(), 2_297_887);
    assert!(r.read_blocks(0, 16).unwrap().iter().all(|b| *b == 0));
    r.write(2_297_872, 16, 5).unwrap();
    r.check(2_297_872, 16, 5);
    r.blank(0, 0).unwrap();
    assert_eq!((r.profile(), r.status()), (0x0014, (0, 0)));
}

#[test]
fn dvd_rw_formatted_as_it_comes() {
    let options = MediumOptions { formatted: true, ..MediumOptions::default() };
    let mut r = Rig::with(MediaType::DVD_RW, &options, DriveOptions::default());
    assert_eq!((r.profile(), r.last_block()), (0x0013, 2_297_887));
    r.write(160, 16, 1).unwrap();
    r.check(160, 16, 1);
}
