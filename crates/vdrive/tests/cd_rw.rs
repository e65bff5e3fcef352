//! The life of a CD-RW: recorded like a CD-R, blanked in every way of MMC-6 6.2, and test writes.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod rig;

use glassmaster_disc::MediaType;
use rig::Rig;

const TAO: u8 = 0x41;
const LAST: u8 = 0x04;
const MORE: u8 = 0xC4;

/// A disc with one closed session of 300 blocks.
fn recorded(multi: u8) -> Rig {
    let mut r = Rig::new(MediaType::CD_RW);
    r.write_parameters(TAO, multi, 8).unwrap();
    r.write(0, 300, 1).unwrap();
    r.flush();
    r.close(2, 0).unwrap();
    r
}

#[test]
fn as_it_comes() {
    let mut r = Rig::new(MediaType::CD_RW);
    assert_eq!(r.profile(), 0x000A);
    assert_eq!(r.disc_information()[2] & 0x1F, 0x10, "erasable, empty");
    for (code, current) in [(0x001E, true), (0x002D, true), (0x002E, true), (0x0037, true), (0x002F, false)] {
        assert_eq!(r.feature(code), Some(current), "{code:04x}");
    }
    let atip = r.read(&[0x43, 2, 4, 0, 0, 0, 0, 0, 28, 0], 28).unwrap();
    assert_eq!(atip[6] & 0x78, 0x50, "rewritable, sub-type 2");
}

#[test]
fn recorded_closed_refused_blanked() {
    let mut r = recorded(LAST);
    assert_eq!(r.status(), (2, 3));
    assert_eq!(r.write(302, 32, 1), Err((5, 0x30, 5)));
    r.drain_events();
    r.blank(1, 0).unwrap();
    assert_eq!(r.media_event(), 2, "new media");
    assert_eq!(r.status(), (0, 0));
    assert_eq!(r.figures(1), (0, Some(0), 359_847, 359_847));
    assert_eq!(r.read_blocks(0, 1), Err((5, 0x21, 0)), "what was there is gone");
    r.write(0, 300, 2).unwrap();
    r.flush();
    r.close(2, 0).unwrap();
    r.restart();
    r.check(0, 300, 2);
    r.blank(0, 0).unwrap();
    assert_eq!(r.status(), (0, 0));
}

#[test]
fn sessions_come_and_go() {
    let mut r = recorded(MORE);
    let second = r.next_writable();
    assert_eq!(second, 302 + 6_750 + 4_500 + 150);
    r.write(second, 300, 2).unwrap();
    r.flush();
    r.close(2, 0).unwrap();
    assert_eq!(r.disc_information()[4], 3);
    // Open the last session again, and append a track to it.
    r.blank(5, 0).unwrap();
    assert_eq!(r.status(), (1, 1));
    let third = r.next_writable();
    assert_eq!(third, second + 302 + 150);
    r.write(third, 300, 3).unwrap();
    r.flush();
    // That track alone.
    r.blank(2, 3).unwrap();
    assert_eq!(r.next_writable(), third);
    // The whole session, which is open still; then the first one.
    r.blank(6, 0).unwrap();
    assert_eq!(r.status(), (1, 0));
    assert_eq!(r.next_writable(), second);
    r.check(0, 300, 1);
    r.blank(6, 0).unwrap();
    assert_eq!(r.status(), (0, 0));
    // A reservation taken back.
    assert_eq!(r.blank(3, 0), Err((5, 0x64, 0)));
    r.none(&[0x53, 0, 0, 0, 0, 0, 0, 1, 0, 0]).unwrap();
    assert_eq!(r.figures(1).3, 256);
    r.blank(3, 0).unwrap();
    assert_eq!(r.figures(1).3, 359_847);
}

#[test]
fn refused_blanks() {
    let mut r = recorded(MORE);
    assert_eq!(r.blank(2, 1), Err((5, 0x64, 0)), "in a closed session");
    assert_eq!(r.blank(4, 100), Err((5, 0x64, 0)), "no packets to count from");
    assert_eq!(r.blank(7, 0), Err((5, 0x24, 0)));
    let mut r = Rig::new(MediaType::CD_RW);
    assert_eq!(r.blank(5, 0), Err((5, 0x64, 0)));
    assert_eq!(r.blank(6, 0), Err((5, 0x64, 0)));
    for media in [MediaType::CD_R, MediaType::DVD_PLUS_RW, MediaType::BD_RE, MediaType::DVD_RAM] {
        assert_eq!(Rig::new(media).blank(0, 0), Err((5, 0x30, 5)), "{media}");
    }
}

/// TEST WRITE (MMC-6 7.5): everything as in earnest, but nothing is recorded.
#[test]
fn a_test_write_leaves_the_disc_as_it_was() {
    for media in [MediaType::CD_R, MediaType::CD_RW] {
        let mut r = Rig::new(media);
        r.write_parameters(TAO | 0x10, LAST, 8).unwrap();
        r.write(0, 32, 1).unwrap();
        assert_eq!(r.next_writable(), 32);
        assert_eq!(r.write(0, 32, 1), Err((5, 0x21, 2)), "as strict as in earnest");
        r.write(32, 300, 1).unwrap();
        r.flush();
        assert_eq!((r.status(), r.next_writable()), ((0, 0), 0));
        r.close(2, 0).unwrap();
        assert_eq!(r.status(), (0, 0));
        r.restart();
        assert_eq!(r.status(), (0, 0));
        assert_eq!(r.read_blocks(0, 1), Err((5, 0x21, 0)));
        // In earnest.
        r.write_parameters(TAO, LAST, 8).unwrap();
        r.write(0, 300, 2).unwrap();
        r.flush();
        r.close(2, 0).unwrap();
        r.check(0, 300, 2);
    }
}
