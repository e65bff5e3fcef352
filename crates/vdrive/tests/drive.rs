//! The drive around the disc: identity, attention, events, tray, lock, mode pages, pace, refusals.

mod rig;

use std::num::NonZeroU32;
use std::time::Duration;

use glassmaster_disc::MediaType;
use glassmaster_scsi::{Cdb, DataPhase, Transport};
use glassmaster_vdrive::{Disc, DriveOptions, MediumOptions, SimulatedClock, TrayError, VirtualDrive};
use rig::{Rig, data_of};

const MEDIA: [MediaType; 13] = [
    MediaType::CD_R,
    MediaType::CD_RW,
    MediaType::DVD_R,
    MediaType::DVD_R_DL,
    MediaType::DVD_RW,
    MediaType::DVD_RAM,
    MediaType::DVD_PLUS_R,
    MediaType::DVD_PLUS_R_DL,
    MediaType::DVD_PLUS_RW,
    MediaType::DVD_PLUS_RW_DL,
    MediaType::BD_R,
    MediaType::BD_RE,
    MediaType::DISK,
];

#[test]
fn identity() {
    let mut r = Rig::new(MediaType::BD_R);
    let i = r.read(&[0x12, 0, 0, 0, 96, 0], 96).unwrap();
    assert_eq!(i.len(), 96);
    assert_eq!((i[0], i[1], i[3] & 0x0F, i[4]), (5, 0x80, 2, 91));
    assert_eq!(&i[8..36], b"GLASSMSTVIRTUAL BD-RE   1.00");
    assert_eq!(r.read(&[0x12, 0, 0, 0, 5, 0], 96).unwrap().len(), 5);
    assert_eq!(r.read(&[0x12, 1, 0, 0, 255, 0], 255).unwrap(), [5, 0, 0, 3, 0, 0x80, 0x83]);
    assert_eq!(&r.read(&[0x12, 1, 0x80, 0, 255, 0], 255).unwrap()[4..], b"000000000001");
    let d = r.read(&[0x12, 1, 0x83, 0, 255, 0], 255).unwrap();
    assert_eq!(d[4..8], [2, 1, 0, 36]);
    let (code, pointer) = r.pointer(&[0x12, 1, 0x99, 0, 255, 0], DataPhase::None);
    assert_eq!((code, pointer), ((5, 0x24, 0), [0xC0, 0, 2]));
}

#[test]
fn attention_at_power_on_and_new_disc() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.disc");
    let mut drive = VirtualDrive::create(&path, MediaType::DVD_PLUS_R, &MediumOptions::default()).unwrap();
    let mut go = |cdb: &[u8]| {
        let mut buf = [0; 64];
        let c = Cdb::new(cdb).unwrap();
        data_of(&drive.execute(&c, DataPhase::In(&mut buf), Duration::ZERO).unwrap())
    };
    // Not for these three (MMC-6 4.1.6.1).
    go(&[0x12, 0, 0, 0, 36, 0]).unwrap();
    go(&[0x46, 0, 0, 0, 0, 0, 0, 0, 8, 0]).unwrap();
    go(&[0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8, 0]).unwrap();
    assert_eq!(go(&[0; 6]), Err((6, 0x29, 0)));
    assert_eq!(go(&[0x51, 0, 0, 0, 0, 0, 0, 0, 34, 0]), Err((6, 0x28, 0)));
    assert_eq!(go(&[0; 6]), Ok(()));
}

#[test]
fn request_sense_hands_the_attention_over() {
    let mut r = Rig::new(MediaType::BD_R);
    let disc = r.drive.take_out().unwrap().unwrap();
    assert_eq!(r.none(&[0; 6]), Err((2, 0x3A, 2)));
    r.drive.insert(disc).unwrap();
    let s = r.read(&[3, 0, 0, 0, 18, 0], 18).unwrap();
    assert_eq!((s[0], s[2], s[12], s[13]), (0x70, 6, 0x28, 0));
    let s = r.read(&[3, 0, 0, 0, 18, 0], 18).unwrap();
    assert_eq!((s[2], s[12]), (0, 0));
    r.none(&[0; 6]).unwrap();
}

#[test]
fn an_empty_drive() {
    let mut drive = VirtualDrive::empty(DriveOptions::default());
    drive.acknowledge();
    let mut go = |cdb: &[u8]| {
        let mut buf = [0; 64];
        let c = Cdb::new(cdb).unwrap();
        let outcome = drive.execute(&c, DataPhase::In(&mut buf), Duration::ZERO).unwrap();
        data_of(&outcome).map(|()| buf[..outcome.transferred].to_vec())
    };
    for cdb in [
        &[0u8; 6][..],
        &[0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0x51, 0, 0, 0, 0, 0, 0, 0, 34, 0],
        &[0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0],
        &[0x43, 0, 0, 0, 0, 0, 0, 0, 4, 0],
        &[0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ] {
        assert_eq!(go(cdb), Err((2, 0x3A, 1)), "{cdb:02x?}");
    }
    assert_eq!(go(&[0x46, 0, 0, 0, 0, 0, 0, 0, 8, 0]).unwrap()[6..8], [0, 0]);
    let caps = go(&[0x23, 0, 0, 0, 0, 0, 0, 0, 12, 0]).unwrap();
    assert_eq!(caps[8], 3, "no media present");
}

#[test]
fn tray_and_lock() {
    let mut r = Rig::new(MediaType::DVD_PLUS_R);
    r.drain_events();
    r.none(&[0x1E, 0, 0, 0, 1, 0]).unwrap();
    assert_eq!(r.none(&[0x1B, 0, 0, 0, 2, 0]), Err((5, 0x53, 2)));
    assert_eq!(r.drive.take_out().err(), Some(TrayError::Locked));
    assert_eq!(r.media_event(), 1, "somebody pressed the button");
    r.none(&[0x1E, 0, 0, 0, 0, 0]).unwrap();
    r.none(&[0x1E, 0, 0, 0, 3, 0]).unwrap();
    assert_eq!(r.none(&[0x1B, 0, 0, 0, 2, 0]), Err((5, 0x53, 2)), "persistent");
    r.none(&[0x1E, 0, 0, 0, 2, 0]).unwrap();
    r.none(&[0x1B, 0, 0, 0, 2, 0]).unwrap();
    assert_eq!(r.none(&[0; 6]), Err((2, 0x3A, 2)));
    assert_eq!(r.profile(), 0);
    let e = r.read(&[0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8, 0], 8).unwrap();
    assert_eq!(e[4..6], [3, 1], "removed, tray open");
    r.none(&[0x1B, 0, 0, 0, 3, 0]).unwrap();
    assert_eq!(r.none(&[0; 6]), Err((6, 0x28, 0)));
    r.none(&[0; 6]).unwrap();
    let e = r.read(&[0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8, 0], 8).unwrap();
    assert_eq!(e[4..6], [2, 2], "new media, present");
    let m = r.read(&[0xBD, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0], 8).unwrap();
    assert_eq!(m[1] & 0x10, 0);
}

#[test]
fn discs_can_be_changed() {
    let mut r = Rig::new(MediaType::DVD_PLUS_R);
    let other = r.path.with_extension("other");
    let bd = Disc::create(&other, MediaType::BD_RE, &MediumOptions::default()).unwrap();
    let (error, bd) = r.drive.insert(bd).unwrap_err();
    assert_eq!(error, TrayError::Occupied);
    r.drive.take_out().unwrap().unwrap();
    r.drive.insert(*bd).unwrap();
    assert_eq!(r.profile(), 0x0043);
    assert_eq!(r.feature(0x002B), Some(false));
}

#[test]
fn mode_pages() {
    let mut r = Rig::new(MediaType::CD_R);
    let all = r.read(&[0x5A, 8, 0x3F, 0, 0, 0, 0, 1, 0, 0], 256).unwrap();
    assert_eq!(usize::from(u16::from_be_bytes([all[0], all[1]])) + 2, all.len());
    let mut codes = Vec::new();
    let mut at = 8;
    while at < all.len() {
        codes.push(all[at] & 0x3F);
        at += 2 + usize::from(all[at + 1]);
    }
    assert_eq!(codes, [0x01, 0x05, 0x08, 0x1A, 0x1D, 0x2A]);
    assert_eq!(r.read(&[0x5A, 8, 0xC5, 0, 0, 0, 0, 1, 0, 0], 256), Err((5, 0x39, 0)));
    let (code, pointer) = r.pointer(&[0x5A, 8, 0x0D, 0, 0, 0, 0, 1, 0, 0], DataPhase::None);
    assert_eq!((code, pointer), ((5, 0x24, 0), [0xC8 | 5, 0, 2]));
    // A reserved bit cannot be set: the pointer names bit 0 of byte 6 of the page.
    let mut list = vec![0; 60];
    list[8..13].copy_from_slice(&[0x05, 0x32, 0x41, 0x04, 8]);
    list[14] = 1;
    list[23] = 0x96;
    let cdb = [0x55, 0x10, 0, 0, 0, 0, 0, 0, 60, 0];
    let (code, pointer) = r.pointer(&cdb, DataPhase::Out(&list));
    assert_eq!((code, pointer), ((5, 0x26, 0), [0x80 | 8, 0, 14]));
    list[14] = 0;
    // A good page reads back.
    list[10] = 0x42;
    list[11] = 0xC4;
    r.send(&cdb, &list).unwrap();
    let page = r.read(&[0x5A, 8, 0x05, 0, 0, 0, 0, 0, 60, 0], 60).unwrap();
    assert_eq!(page[8..60], list[8..60]);
    // The defaults stay.
    let page = r.read(&[0x5A, 8, 0x85, 0, 0, 0, 0, 0, 60, 0], 60).unwrap();
    assert_eq!(page[10] & 0x0F, 1);
    // Short list, unknown page, saving.
    assert_eq!(r.send(&cdb, &list[..59]), Err((0x0B, 0x4B, 0)));
    list[8] = 0x0E;
    assert_eq!(r.send(&cdb, &list), Err((5, 0x26, 0)));
    assert_eq!(r.send(&[0x55, 0x11, 0, 0, 0, 0, 0, 0, 60, 0], &list), Err((5, 0x24, 0)));
}

#[test]
fn commands_it_does_not_have() {
    let mut r = Rig::new(MediaType::BD_R);
    for opcode in [0x01u8, 0x15, 0x1A, 0x3C, 0x88, 0xA3, 0xA6, 0xB9, 0xFF] {
        assert_eq!(r.none(&[opcode, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Err((5, 0x20, 0)), "{opcode:02x}");
    }
}

#[test]
fn configuration_is_as_long_as_it_says() {
    for media in MEDIA {
        let mut r = Rig::new(media);
        let c = r.read(&[0x46, 0, 0, 0, 0, 0, 0, 4, 0, 0], 1024).unwrap();
        let n = u32::from_be_bytes([c[0], c[1], c[2], c[3]]);
        assert_eq!(usize::try_from(n).unwrap() + 4, c.len());
        let mut at = 8;
        let mut last = None;
        let mut current_profiles = 0;
        while at < c.len() {
            let code = u16::from_be_bytes([c[at], c[at + 1]]);
            assert!(last < Some(code), "ascending");
            last = Some(code);
            let len = usize::from(c[at + 3]);
            assert_eq!(len % 4, 0, "{code:04x}");
            if code == 0 {
                for p in c[at + 4..at + 4 + len].chunks(4).filter(|p| p[2] & 1 != 0) {
                    current_profiles += 1;
                    assert_eq!(p[..2], c[6..8]);
                }
            }
            at += 4 + len;
        }
        assert_eq!((at, current_profiles), (c.len(), 1));
        let current = r.read(&[0x46, 1, 0, 0, 0, 0, 0, 4, 0, 0], 1024).unwrap();
        assert!(current.len() < c.len());
        assert_eq!(r.none(&[0x46, 3, 0, 0, 0, 0, 0, 4, 0, 0]), Err((5, 0x24, 0)));
    }
}

#[test]
fn speeds() {
    let mut r = Rig::new(MediaType::BD_R);
    let p = r.read(&[0xAC, 0, 0, 0, 0, 0, 0, 0, 0, 9, 3, 0], 152).unwrap();
    assert_eq!(u32::from_be_bytes([p[0], p[1], p[2], p[3]]), 4 + 3 * 16);
    assert_eq!(u32::from_be_bytes([p[20], p[21], p[22], p[23]]), 26_973);
    let mut list = [0; 28];
    list[8..12].copy_from_slice(&12_219_391u32.to_be_bytes());
    for at in [12, 20] {
        list[at..at + 4].copy_from_slice(&9_000u32.to_be_bytes());
        list[at + 4..at + 8].copy_from_slice(&1_000u32.to_be_bytes());
    }
    r.send(&[0xB6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 28, 0], &list).unwrap();
    let p = r.read(&[0xAC, 0x14, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0], 24).unwrap();
    assert_eq!(p[4] & 2, 2, "write");
    assert_eq!(u32::from_be_bytes([p[12], p[13], p[14], p[15]]), 8_991);
    r.none(&[0xBB, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0]).unwrap();
    let p = r.read(&[0xAC, 0x14, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0], 24).unwrap();
    assert_eq!(u32::from_be_bytes([p[12], p[13], p[14], p[15]]), 26_973);
}

#[test]
fn a_full_buffer_is_worth_a_second_try() {
    let options = DriveOptions { stall_every: NonZeroU32::new(2), ..DriveOptions::default() };
    let mut r = Rig::with(MediaType::DVD_PLUS_R, &MediumOptions::default(), options);
    let mut stalled = 0;
    for n in 0..10 {
        if r.write(n * 16, 16, 1) == Err((2, 4, 8)) {
            stalled += 1;
            r.write(n * 16, 16, 1).unwrap();
        }
    }
    assert_eq!(stalled, 4);
    r.flush();
    r.check(0, 160, 1);
}

#[test]
fn the_buffer_drains_at_the_speed_of_the_disc() {
    let clock = SimulatedClock::default();
    let options = DriveOptions { clock: Some(std::sync::Arc::new(clock.clone())), ..DriveOptions::default() };
    let mut r = Rig::with(MediaType::DVD_PLUS_R, &MediumOptions::default(), options);
    clock.advance(Duration::from_secs(4));
    let free = |r: &mut Rig| {
        let b = r.read(&[0x5C, 0, 0, 0, 0, 0, 0, 0, 12, 0], 12).unwrap();
        u32::from_be_bytes([b[8], b[9], b[10], b[11]])
    };
    assert_eq!(free(&mut r), 4 * 1024 * 1024);
    let mut lba = 0;
    while r.write(lba, 32, 1).is_ok() {
        lba += 32;
    }
    assert_eq!(lba, 2048, "4 MiB fit");
    assert_eq!(r.write(lba, 32, 1), Err((2, 4, 8)));
    assert!(free(&mut r) < 100_000);
    // 16 times at the rim is 9,170 kB/s at the hub: 64 KiB take seven milliseconds.
    clock.advance(Duration::from_millis(8));
    r.write(lba, 32, 1).unwrap();
    r.none(&[0x35, 2, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    assert_eq!(r.none(&[0; 6]), Err((2, 4, 8)), "the flush goes on");
    clock.advance(Duration::from_secs(1));
    r.none(&[0; 6]).unwrap();
    r.check(0, 2080, 1);
}

#[test]
fn a_protected_disc_can_only_be_read() {
    for media in MEDIA {
        let options = MediumOptions { write_protected: true, formatted: true, ..MediumOptions::default() };
        let mut r = Rig::with(media, &options, DriveOptions::default());
        assert_eq!(r.write(0, 32, 1), Err((7, 0x27, 4)));
        assert_eq!(r.close(2, 0), Err((7, 0x27, 4)));
        assert_eq!(r.format(0x26, 0, 2_295_104, 0), Err((7, 0x27, 4)));
        let p = r.read(&[0xAD, 0, 0, 0, 0, 0, 0, 0xC0, 0, 8, 0, 0], 8).unwrap();
        assert_eq!(p[4] & 2, 2, "persistent write protection");
        r.flush();
    }
}

#[test]
fn structures() {
    let mut r = Rig::new(MediaType::DVD_PLUS_R);
    let p = r.read(&[0xAD, 0, 0, 0, 0, 0, 0, 0, 8, 4, 0, 0], 2052).unwrap();
    assert_eq!((p[0], p[1], p.len()), (8, 2, 2052));
    assert_eq!(p[4] >> 4, 0xA, "DVD+R");
    assert_eq!(p[9..12], [3, 0, 0]);
    let a = r.read(&[0xAD, 0, 0, 0, 0, 0, 0, 0x11, 1, 4, 0, 0], 260).unwrap();
    assert_eq!(a[13..16], [0x26, 0x05, 0x3F]);
    assert_eq!(r.read(&[0xAD, 1, 0, 0, 0, 0, 0, 0, 8, 4, 0, 0], 2052), Err((5, 0x30, 2)));
    let mut r = Rig::new(MediaType::BD_RE);
    let d = r.read(&[0xAD, 1, 0, 0, 0, 0, 0, 0, 16, 4, 0, 0], 4100).unwrap();
    assert_eq!(&d[4..6], b"DI");
    assert_eq!(&d[12..15], b"BDW");
    assert_eq!(r.read(&[0xAD, 1, 0, 0, 0, 0, 0, 0x30, 16, 4, 0, 0], 4100), Err((5, 0x24, 0)));
    let mut r = Rig::new(MediaType::CD_R);
    assert_eq!(r.read(&[0xAD, 0, 0, 0, 0, 0, 0, 0, 8, 4, 0, 0], 2052), Err((5, 0x30, 2)));
    for media in MEDIA {
        let mut r = Rig::new(media);
        let list = r.read(&[0xAD, 0, 0, 0, 0, 0, 0, 0xFF, 1, 0, 0, 0], 256).unwrap();
        let side = u8::from(matches!(media, MediaType::BD_R | MediaType::BD_RE));
        for e in list[4..].chunks(4) {
            let len = usize::from(u16::from_be_bytes([e[2], e[3]]));
            let got = r.read(&[0xAD, side, 0, 0, 0, 0, 0, e[0], 0x20, 0, 0, 0], 8192).unwrap();
            assert_eq!(got.len(), len, "format {:02x}", e[0]);
        }
    }
}

#[test]
fn events_in_order() {
    let mut r = Rig::new(MediaType::DVD_PLUS_R);
    // Asynchronous operation is not there; unknown classes have no event.
    assert_eq!(r.none(&[0x4A, 0, 0, 0, 0x10, 0, 0, 0, 8, 0]), Err((5, 0x24, 0)));
    let e = r.read(&[0x4A, 1, 0, 0, 0x80, 0, 0, 0, 8, 0], 8).unwrap();
    assert_eq!(e, [0, 2, 0x80, 0x5E]);
    // Operational change comes before media.
    let e = r.read(&[0x4A, 1, 0, 0, 0x12, 0, 0, 0, 8, 0], 8).unwrap();
    assert_eq!((e[2], e[4], e[7]), (1, 2, 1));
    let e = r.read(&[0x4A, 1, 0, 0, 0x12, 0, 0, 0, 8, 0], 8).unwrap();
    assert_eq!((e[2], e[4]), (4, 2));
    let e = r.read(&[0x4A, 1, 0, 0, 0x12, 0, 0, 0, 8, 0], 8).unwrap();
    assert_eq!((e[2], e[4]), (1, 0));
}

/// A fixed-seed generator, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0.to_be_bytes()[0]
    }
}

/// Whatever comes over the wire, the drive answers and its disc stays one that can be opened.
#[test]
fn random_commands_do_no_harm() {
    let opcodes: Vec<u8> = (0..=255).collect();
    for (seed, media) in (1..).zip(MEDIA) {
        let mut r = Rig::new(media);
        let mut x = Random(seed);
        let mut data = vec![0; 65_536];
        for round in 0..3_000 {
            let mut cdb: Vec<u8> = (0..12).map(|_| x.next()).collect();
            cdb[0] = opcodes[usize::from(x.next())];
            // Mostly small numbers, which get further.
            for b in cdb.iter_mut().skip(1) {
                if x.next() < 200 {
                    *b &= x.next() & x.next() & 0x0F;
                }
            }
            if round % 3 == 0 {
                cdb[0] =
                    [0x2A, 0x5B, 0x04, 0x53, 0x55, 0x5D, 0x35, 0x28, 0x52, 0x43][usize::from(x.next()) % 10];
            }
            let len = usize::from(x.next()) * 64;
            for b in data.iter_mut().take(64) {
                *b = x.next() & x.next();
            }
            let phase = match x.next() % 3 {
                0 => DataPhase::None,
                1 => DataPhase::In(&mut data[..len]),
                _ => DataPhase::Out(&data[..len]),
            };
            let c = Cdb::new(&cdb).unwrap();
            let asked = phase.len();
            let outcome = r.drive.execute(&c, phase, Duration::ZERO).unwrap();
            assert!(outcome.transferred <= asked, "{cdb:02x?}");
            if r.drive.disc().is_some() && round % 500 == 0 {
                r.restart();
            }
        }
        r.restart();
    }
}

/// Exclusive access is kept by the drive, not by the disc that happens to be in it.
#[test]
fn no_two_drives_are_taken_for_one() {
    use glassmaster_scsi::Transport;
    let (one, two) =
        (VirtualDrive::empty(DriveOptions::default()), VirtualDrive::empty(DriveOptions::default()));
    assert_ne!(one.system().key, two.system().key);
    let mut r = Rig::new(MediaType::CD_R);
    let before = r.drive.system().key;
    r.drive.take_out().unwrap();
    assert_eq!(r.drive.system().key, before);
}
