//! The life of a CD-R: track at once, session at once, sessions, and what it refuses.

mod rig;

use glassmaster_disc::MediaType;
use glassmaster_vdrive::{DriveOptions, MediumOptions, MediumSize};
use rig::Rig;

const TAO: u8 = 0x41;
const SAO: u8 = 0x42;
const LAST: u8 = 0x04;
const MORE: u8 = 0xC4;

fn blank() -> Rig {
    Rig::new(MediaType::CD_R)
}

#[test]
fn blank_disc() {
    let mut r = blank();
    assert_eq!(r.profile(), 0x0009);
    assert_eq!(r.status(), (0, 0));
    let d = r.disc_information();
    assert_eq!(d[0..2], [0, 32]);
    assert_eq!((d[3], d[4], d[5], d[6]), (1, 1, 1, 1));
    assert_eq!(d[8], 0xFF);
    // Lead-in of the first session and last possible lead-out as in the ATIP.
    assert_eq!(d[16..20], [0, 97, 10, 0]);
    assert_eq!(d[20..24], [0, 79, 59, 74]);
    assert_eq!(r.figures(1), (0, Some(0), 359_847, 359_847));
    assert_eq!(r.track(1).unwrap()[6], 0x4F);
    assert_eq!(r.last_block(), 0);
    assert_eq!(r.read_blocks(0, 1).unwrap_err(), (5, 0x21, 0));
    assert_eq!(r.read(&[0x43, 0, 0, 0, 0, 0, 0, 0, 12, 0], 12).unwrap_err(), (5, 0x24, 0));
    let atip = r.read(&[0x43, 2, 4, 0, 0, 0, 0, 0, 28, 0], 28).unwrap();
    assert_eq!(atip[8..11], [97, 10, 0]);
    assert_eq!(atip[12..15], [79, 59, 74]);
    assert_eq!(atip[6] & 0x40, 0, "not rewritable");
}

#[test]
fn seventy_four_minutes() {
    let options = MediumOptions {
        size: Some(MediumSize::named(MediaType::CD_R, "74min").unwrap()),
        ..MediumOptions::default()
    };
    let mut r = Rig::with(MediaType::CD_R, &options, DriveOptions::default());
    assert_eq!(r.disc_information()[20..24], [0, 74, 2, 0]);
    assert_eq!(r.figures(1).2, 333_000 - 2);
}

#[test]
fn track_at_once_two_sessions() {
    let mut r = blank();
    r.write_parameters(TAO, MORE, 8).unwrap();
    r.write(0, 32, 1).unwrap();
    assert_eq!(r.status(), (1, 1));
    assert_eq!(r.next_writable(), 32);
    // Only the next address can be written.
    assert_eq!(r.write(0, 1, 9).unwrap_err(), (5, 0x21, 2));
    assert_eq!(r.write(40, 1, 9).unwrap_err(), (5, 0x21, 2));
    for n in 1..20 {
        r.write(n * 32, 32, 1).unwrap();
    }
    r.flush();
    // The track ends with two run-out blocks; the next one starts after its pre-gap.
    assert_eq!(r.figures(1), (0, None, 0, 642));
    assert_eq!(r.next_writable(), 642 + 150);
    r.check(0, 640, 1);
    assert_eq!(r.read_blocks(639, 2).unwrap_err(), (5, 0x64, 0));
    // Not readable by address table before the session is closed.
    assert_eq!(r.last_block(), 0);
    r.close(1, 1).unwrap();
    r.drain_events();
    r.close(2, 0).unwrap();
    assert_eq!(r.media_event(), 2, "new media after the lead-out");
    assert_eq!(r.status(), (1, 0));
    assert_eq!(r.last_block(), 641);
    let toc = r.read(&[0x43, 0, 0, 0, 0, 0, 0, 0, 20, 0], 20).unwrap();
    assert_eq!(toc[..], [0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xAA, 0, 0, 0, 2, 0x82]);
    let msf = r.read(&[0x43, 2, 0, 0, 0, 0, 0, 0, 20, 0], 20).unwrap();
    assert_eq!(msf[8..12], [0, 0, 2, 0]);
    assert_eq!(msf[16..20], [0, 0, 10, 42]);

    // Second session: 11,400 blocks after the first lead-out.
    assert_eq!(r.next_writable(), 642 + 11_400);
    r.write_parameters(TAO, LAST, 8).unwrap();
    r.write(12_042, 300, 2).unwrap();
    r.flush();
    r.close(2, 0).unwrap();
    assert_eq!(r.status(), (2, 3));
    let d = r.disc_information();
    assert_eq!((d[4], d[5], d[6]), (2, 2, 2));
    assert_eq!(d[16..24], [0xFF; 8]);
    let session = r.read(&[0x43, 0, 1, 0, 0, 0, 0, 0, 12, 0], 12).unwrap();
    assert_eq!(session[..], [0, 10, 1, 2, 0, 0x14, 2, 0, 0, 0, 0x2F, 0x0A]);
    let full = r.read(&[0x43, 2, 2, 0, 0, 0, 0, 1, 0, 0], 256).unwrap();
    let points: Vec<(u8, u8)> = full[4..].chunks(11).map(|e| (e[0], e[3])).collect();
    assert_eq!(
        points,
        [
            (1, 0xA0),
            (1, 0xA1),
            (1, 0xA2),
            (1, 1),
            (1, 0xB0),
            (1, 0xC0),
            (2, 0xA0),
            (2, 0xA1),
            (2, 0xA2),
            (2, 2)
        ]
    );
    // B0 of the first session: where the next program area begins, how far the disc goes.
    let b0 = &full[4 + 4 * 11..4 + 5 * 11];
    assert_eq!(b0[..], [1, 0x54, 0, 0xB0, 2, 40, 42, 2, 79, 59, 74]);
    assert_eq!(r.write(20_000, 1, 1).unwrap_err(), (5, 0x30, 5));
    r.restart();
    r.check(0, 640, 1);
    r.check(12_042, 300, 2);
    assert_eq!(r.status(), (2, 3));
}

#[test]
fn short_tracks_are_padded_to_four_seconds() {
    let mut r = blank();
    r.write_parameters(TAO, LAST, 8).unwrap();
    r.write(0, 10, 1).unwrap();
    r.flush();
    assert_eq!(r.figures(1).3, 302);
    assert!(r.read_blocks(10, 290).unwrap().iter().all(|b| *b == 0));
}

#[test]
fn session_at_once() {
    let mut r = blank();
    r.write_parameters(SAO, 0x00, 0).unwrap();
    // Writing needs a cue sheet first.
    assert_eq!(r.write(-150, 1, 1).unwrap_err(), (5, 0x2C, 0));
    let sheet = [
        0x41, 0x00, 0x00, 0x14, 0, 0, 0, 0, //
        0x41, 0x01, 0x00, 0x10, 0, 0, 0, 0, //
        0x41, 0x01, 0x01, 0x10, 0, 0, 2, 0, //
        0x41, 0xAA, 0x01, 0x14, 0, 0, 8, 0,
    ];
    r.send(&[0x5D, 0, 0, 0, 0, 0, 0, 0, 32, 0], &sheet).unwrap();
    assert_eq!(r.write(0, 1, 1).unwrap_err(), (5, 0x21, 2), "the pre-gap comes first");
    r.write(-150, 150, 0).unwrap();
    r.write(0, 400, 3).unwrap();
    assert_eq!(r.status(), (1, 1));
    assert_eq!(r.write(400, 51, 3).unwrap_err(), (5, 0x63, 0), "beyond the lead-out");
    r.drain_events();
    r.write(400, 50, 3).unwrap();
    // The lead-out follows by itself; no run-out blocks.
    assert_eq!(r.media_event(), 2);
    assert_eq!(r.status(), (2, 3));
    assert_eq!(r.last_block(), 449);
    assert_eq!(r.figures(1), (0, None, 0, 450));
    r.check(0, 450, 3);
    r.flush();
}

#[test]
fn session_at_once_that_lost_its_power() {
    let mut r = blank();
    r.write_parameters(SAO, 0x00, 0).unwrap();
    let sheet = [
        0x41, 0x00, 0x00, 0x01, 0, 0, 0, 0, 0x41, 0x01, 0x00, 0x14, 0, 0, 0, 0, 0x41, 0x01, 0x01, 0x10, 0, 0,
        2, 0, 0x41, 0xAA, 0x01, 0x01, 0, 0, 8, 0,
    ];
    r.send(&[0x5D, 0, 0, 0, 0, 0, 0, 0, 32, 0], &sheet).unwrap();
    // Form 14h: the drive makes the pre-gap.
    r.write(0, 100, 3).unwrap();
    r.restart();
    damaged(&mut r);
}

/// A session whose one track of 100 blocks is damaged.
#[allow(clippy::unwrap_used, reason = "a test may unwrap")]
fn damaged(r: &mut Rig) {
    assert_eq!(r.status(), (1, 2), "damaged session");
    let t = r.track(1).unwrap();
    assert_eq!(t[5] & 0x20, 0x20, "damage bit");
    assert_eq!(t[7] & 1, 0, "nothing can be appended");
    assert_eq!(r.close(2, 0).unwrap_err(), (5, 0x72, 3));
    r.check(0, 100, 3);
}

/// A host that gives up flushes: the disc is at once what it is after the next load.
#[test]
fn session_at_once_that_was_given_up() {
    let mut r = blank();
    r.write_parameters(SAO, 0x00, 0).unwrap();
    let sheet = [
        0x41, 0x00, 0x00, 0x01, 0, 0, 0, 0, 0x41, 0x01, 0x00, 0x14, 0, 0, 0, 0, 0x41, 0x01, 0x01, 0x10, 0, 0,
        2, 0, 0x41, 0xAA, 0x01, 0x01, 0, 0, 8, 0,
    ];
    r.send(&[0x5D, 0, 0, 0, 0, 0, 0, 0, 32, 0], &sheet).unwrap();
    r.flush();
    assert_eq!(r.status(), (0, 0), "nothing was recorded, nothing is lost");
    r.write(0, 100, 3).unwrap();
    r.flush();
    damaged(&mut r);
    assert_eq!(r.write(100, 1, 3).unwrap_err(), (5, 0x2C, 0), "the cue sheet is done with");
    let (disc, track) = (r.disc_information(), r.track(1).unwrap());
    r.restart();
    assert_eq!((r.disc_information(), r.track(1).unwrap()), (disc, track));
    damaged(&mut r);
}

#[test]
fn refusals() {
    let mut r = blank();
    // Raw, packets, audio, raw blocks, layer jumps.
    for (kind, modes, blocks) in
        [(0x43, 4, 3), (0x40, 4, 8), (0x41, 0, 8), (0x41, 4, 0), (0x42, 4, 2), (0x44, 4, 8)]
    {
        assert_eq!(
            r.write_parameters(kind, modes, blocks).unwrap_err(),
            (5, 0x26, 0),
            "{kind:x} {modes} {blocks}"
        );
    }
    r.write_parameters(TAO, LAST, 8).unwrap();
    assert_eq!(r.close(6, 0).unwrap_err(), (5, 0x24, 0));
    assert_eq!(r.close(1, 7).unwrap_err(), (5, 0x24, 0));
    assert_eq!(r.format(0x26, 0, 359_847, 0).unwrap_err(), (5, 0x30, 6));
    assert_eq!(r.write(359_849, 1, 1).unwrap_err(), (5, 0x21, 0));
    r.write(0, 300, 1).unwrap();
    // Mode 2 into a mode 1 track.
    r.write_parameters(TAO, LAST, 10).unwrap();
    assert_eq!(r.write(300, 1, 1).unwrap_err(), (5, 0x64, 0));
    // A cue sheet when something is recorded already.
    r.write_parameters(SAO, 0, 0).unwrap();
    assert_eq!(r.send(&[0x5D, 0, 0, 0, 0, 0, 0, 0, 32, 0], &[0; 32]).unwrap_err(), (5, 0x2C, 3));
}

#[test]
fn the_end_of_the_disc() {
    let mut r = blank();
    r.write_parameters(TAO, LAST, 8).unwrap();
    // A reservation is the quick way to the far end: 359,000 blocks, then 150 of gap.
    r.none(&[0x53, 0, 0, 0, 0, 0, 5, 0x7A, 0x58, 0]).unwrap();
    let (start, next, free, size) = r.figures(2);
    assert_eq!((start, next), (359_150, Some(359_150)));
    assert_eq!((free, size), (359_847 - 359_150, 359_847 - 359_150));
    let t = r.track(1).unwrap();
    assert_eq!(t[6] & 0xC0, 0xC0, "reserved and blank");
    r.write(359_150, 400, 1).unwrap();
    assert_eq!(r.write(359_550, 298, 1).unwrap_err(), (5, 0x63, 0));
    r.write(359_550, 297, 1).unwrap();
    r.flush();
    // The empty reservation keeps the session open.
    assert_eq!(r.close(2, 0).unwrap_err(), (5, 0x72, 4));
}

#[test]
fn read_cd_gives_user_data_only() {
    let mut r = blank();
    r.write_parameters(TAO, LAST, 8).unwrap();
    r.write(0, 300, 7).unwrap();
    r.flush();
    r.close(2, 0).unwrap();
    let cdb = |kind: u8, flags: u8, sub: u8| [0xBE, kind << 2, 0, 0, 0, 5, 0, 0, 2, flags, sub, 0];
    assert_eq!(r.read(&cdb(2, 0x10, 0), 4096).unwrap(), rig::pattern(5, 2, 7));
    assert_eq!(r.read(&cdb(0, 0x10, 0), 4096).unwrap().len(), 4096);
    assert_eq!(r.read(&cdb(2, 0xF8, 0), 4704).unwrap_err(), (5, 0x24, 0));
    assert_eq!(r.read(&cdb(2, 0x10, 1), 4704).unwrap_err(), (5, 0x24, 0));
    assert_eq!(r.read(&cdb(1, 0x10, 0), 4704).unwrap_err(), (5, 0x64, 0));
    assert_eq!(r.read(&cdb(4, 0x10, 0), 4704).unwrap_err(), (5, 0x64, 0));
}
