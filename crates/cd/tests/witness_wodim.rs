//! Data sectors and subcode of a whole disc against those that wodim makes of the same image.
#![allow(clippy::unwrap_used, clippy::panic)]

mod raw_recorder;

use glassmaster_cd::scramble;
use glassmaster_cd::sector::{Data, build};
use glassmaster_cd::session::{CopySetting, DiscType, LEAD_IN_START, Session, Track};
use glassmaster_cd::subcode::{Control, Subcode};
use glassmaster_disc::stream::{ByteStream, PseudoRandom};
use glassmaster_disc::{Lba, Msf};

const SECTORS: i32 = 320;

/// All that differs, and why:
/// - outside the track the standard has no data; wodim takes zeros, scrambles them in its buffer, and sends the buffer again as new
///   data of the next transfer, so that every second transfer holds scrambled zeros as data;
/// - the order of the lead-in's points is free; wodim begins with A0h at its first sector;
/// - wodim does not announce the lead-out by P in the last two seconds of the track, and lets P change every two seconds in it
///   (0.25 Hz) where ECMA-130 22.2 has 2 Hz.
#[test]
fn a_data_disc_is_that_of_wodim() {
    let place = tempfile::tempdir().unwrap();
    let image = place.path().join("image");
    let mut bytes = vec![0; usize::try_from(SECTORS).unwrap() * 2048];
    PseudoRandom::new(7, u64::try_from(bytes.len()).unwrap()).read_at(0, &mut bytes).unwrap();
    std::fs::write(&image, &bytes).unwrap();
    let arguments = ["-s", "gracetime=0", "dev=/dev/sr0", "-raw96r", image.to_str().unwrap()];
    let Some(sent) = raw_recorder::run(place.path(), "wodim", &arguments) else { return };

    let track = Track {
        control: Control::DATA,
        copy: CopySetting::Prohibited,
        pause: Lba(-150),
        start: Lba(0),
        indexes: Vec::new(),
        isrc: None,
    };
    let session = Session::new(1, vec![track], Lba(SECTORS), None, DiscType::CdDa).unwrap();
    let first = *sent.sectors.keys().next().unwrap();
    let last = *sent.sectors.keys().last().unwrap();
    assert!(first < -11_000 && last == SECTORS + 6749, "{first} to {last}");
    assert_eq!(sent.sectors.len(), usize::try_from(last - first + 1).unwrap());
    // 01, A0, A1, A2 in wodim's order, turned so that A0 falls on its first sector.
    let mut points = session.points();
    points.rotate_left(1);
    let turn = usize::try_from((first - LEAD_IN_START) / 3).unwrap() % points.len();
    points.rotate_right(turn);
    for (lba, sector) in &sent.sectors {
        let address = Msf::try_from(Lba(*lba)).unwrap();
        let zeros = [0; 2048];
        let content = usize::try_from(*lba).ok().and_then(|n| bytes.as_chunks::<2048>().0.get(n));
        let made = |data| {
            let mut main = build(address, Data::Mode1(data));
            scramble(&mut main);
            main
        };
        let mut main = made(content.unwrap_or(&zeros));
        if content.is_none() && sector[16..2064] == zeros {
            main = made(main[16..2064].try_into().unwrap());
        }
        assert!(sector[..2352] == main, "main channel of block {lba}");
        let ours = session.position(Lba(*lba), &points).unwrap();
        let theirs = Subcode(sector[2352..].try_into().unwrap());
        assert_eq!(theirs.q(), ours.q.to_bytes(), "Q of block {lba}");
        assert_eq!(theirs.rw(), [0; 96], "R to W of block {lba}");
        let p = match *lba {
            170..320 => false,
            320.. => (lba - 320) / 75 % 2 == 0 && *lba >= 470,
            _ => ours.p,
        };
        assert_eq!(theirs, Subcode::new(p, ours.q.to_bytes()), "subcode of block {lba}");
    }
}
