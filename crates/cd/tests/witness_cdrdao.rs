//! Audio discs, CD-TEXT and cue sheets against those that cdrdao makes of the same tracks.
#![allow(clippy::unwrap_used, clippy::panic)]

mod raw_recorder;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use glassmaster_cd::cd_text::{Block, CdText, Charset, Language, Pack, PackType, lead_in_subcode, packs_of};
use glassmaster_cd::cue_sheet::{self, DataForm, TrackForm};
use glassmaster_cd::raw_image::{GapPolicy, RawCdImageCreator, RawImage};
use glassmaster_cd::scramble;
use glassmaster_cd::sector::{Data, SectorType, build, parse};
use glassmaster_cd::session::{CopySetting, LEAD_IN_START};
use glassmaster_cd::subcode::{Q, Subcode, SubcodeForm};
use glassmaster_disc::stream::{ByteStream, Concatenate, PseudoRandom, Zero};
use glassmaster_disc::{Lba, Msf};

/// Sectors of the tracks.
const TRACKS: [u32; 3] = [310, 400, 450];
const TITLES: [&str; 4] = ["An album", "The first of three", "Second", "Third and the last"];
const PERFORMERS: [&str; 4] = ["Some people", "One", "Two", "Three"];

/// Sound of a track, little-endian as on disc.
fn sound(track: usize) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(TRACKS[track]).unwrap() * 2352];
    let seed = u32::try_from(track).unwrap() + 1;
    PseudoRandom::new(seed, u64::try_from(bytes.len()).unwrap()).read_at(0, &mut bytes).unwrap();
    bytes
}

/// cdrdao takes raw samples big-endian.
fn write_sounds(place: &Path) {
    for track in 0..3 {
        let mut bytes = sound(track);
        bytes.as_chunks_mut::<2>().0.iter_mut().for_each(|sample| sample.reverse());
        std::fs::write(place.join(format!("{track}.raw")), bytes).unwrap();
    }
}

fn time(sectors: u32) -> String {
    format!("{:02}:{:02}:{:02}", sectors / 4500, sectors / 75 % 60, sectors % 75)
}

/// The disc in cdrdao's language.
fn toc(gaps: GapPolicy, text: bool) -> String {
    let words = |track: usize| {
        let (title, performer) = (TITLES[track], PERFORMERS[track]);
        let map = if track == 0 { "LANGUAGE_MAP { 0 : EN } " } else { "" };
        let block =
            format!("CD_TEXT {{ {map}LANGUAGE 0 {{ TITLE \"{title}\" PERFORMER \"{performer}\" }} }}\n");
        if text { block } else { String::new() }
    };
    let mut out = format!("CD_DA\nCATALOG \"0123456789012\"\n{}", words(0));
    for track in 0..3 {
        out.push_str(
            ["TRACK AUDIO\nCOPY\nISRC \"USK7Y9812345\"\n", "TRACK AUDIO\nPRE_EMPHASIS\n", "TRACK AUDIO\n"]
                [track],
        );
        out.push_str(&words(track + 1));
        let lent = if gaps == GapPolicy::Gapless && track < 2 { 150 } else { 0 };
        let own = time(TRACKS[track] - lent);
        match (track, gaps) {
            (0, _) => {}
            (_, GapPolicy::Silence) => out.push_str("PREGAP 00:02:00\n"),
            (_, GapPolicy::Gapless) => {
                let from = time(TRACKS[track - 1] - 150);
                writeln!(out, "FILE \"{}.raw\" {from} 00:02:00\nSTART 00:02:00", track - 1).unwrap();
            }
        }
        writeln!(out, "FILE \"{track}.raw\" 00:00:00 {own}").unwrap();
        if track == 1 {
            out.push_str("INDEX 00:02:10\n");
        }
    }
    out
}

fn packs() -> Vec<Pack> {
    let mut block = Block::new(Language::ENGLISH, Charset::Latin1, 1, 3);
    for track in 0..4u8 {
        block.set(PackType::TITLE, track, TITLES[usize::from(track)]);
        block.set(PackType::PERFORMER, track, PERFORMERS[usize::from(track)]);
    }
    CdText { blocks: vec![block] }.encode().unwrap()
}

fn creator(gaps: GapPolicy) -> RawCdImageCreator {
    let mut creator = RawCdImageCreator::new();
    creator.set_gap_policy(gaps).unwrap();
    creator.set_media_catalog_number("123456789012").unwrap();
    creator.set_resulting_image_type(SubcodeForm::Raw).unwrap();
    for track in 0..3 {
        creator.add_track(SectorType::Audio, Arc::new(sound(track))).unwrap();
    }
    creator.track_info_mut(1).unwrap().set_isrc("US-K7Y-98-12345").unwrap();
    let second = creator.track_info_mut(2).unwrap();
    second.set_audio_has_preemphasis(true);
    second.set_digital_audio_copy_setting(CopySetting::Prohibited);
    second.add_track_index(160).unwrap();
    creator.track_info_mut(3).unwrap().set_digital_audio_copy_setting(CopySetting::Prohibited);
    creator
}

/// The image with CD-TEXT in its lead-in.
fn image(gaps: GapPolicy) -> RawImage {
    let mut creator = creator(gaps);
    let packs = packs();
    let lead_in: Vec<u8> = (0..22_500).flat_map(|sector| lead_in_subcode(&packs, sector)).collect();
    let rest = u64::try_from(creator.start_of_leadout().unwrap().0 + 150 + 6750).unwrap() * 96;
    let mut text = Concatenate::new();
    text.initialize(&[Arc::new(lead_in), Arc::new(Zero::new(rest))]).unwrap();
    creator.add_subcode_rw_generator(Arc::new(text)).unwrap();
    creator.create_result_image().unwrap()
}

/// What cdrdao would make of a sector of ours. All that differs, and why:
/// - in the lead-in the running time counts from its first sector, and the points and packs begin there (the standard leaves both open;
///   ours follow the address);
/// - in a pause the time left is one sector more: its last sector has 00:00:01 where ECMA-130 22.3.3.2 and wodim have 00:00:00;
/// - P is one sector late at the end of a pause and at the start of the lead-out.
fn theirs(image: &RawImage, first: i32, lba: i32) -> (Q, bool) {
    let session = image.session();
    let mut points = session.points();
    let count = i32::try_from(points.len()).unwrap();
    points.rotate_right(usize::try_from((first - LEAD_IN_START) / 3 % count).unwrap());
    let mut position = session.position(Lba(lba), &points).unwrap();
    let left = |start: i32| Msf::try_from(Lba(start - lba - 150)).unwrap();
    match &mut position.q {
        Q::Toc(point) => {
            let passed = u32::try_from(lba - first).unwrap();
            point.time = [passed / 4500, passed / 75 % 60, passed % 75].map(|n| u8::try_from(n).unwrap());
        }
        Q::Position { index: 0, relative, track, .. } => {
            *relative = left(session.tracks()[usize::from(*track) - 1].start.0);
        }
        _ => {}
    }
    let end_of_flag =
        session.tracks().iter().map(|track| track.start).chain([session.lead_out()]).any(|s| s.0 == lba);
    (position.q, position.p || end_of_flag)
}

fn compare(gaps: GapPolicy) {
    let place = tempfile::tempdir().unwrap();
    write_sounds(place.path());
    let toc_file = place.path().join("toc");
    std::fs::write(&toc_file, toc(gaps, true)).unwrap();
    let toc_file = toc_file.to_str().unwrap();
    let arguments =
        ["write", "--device", "/dev/sr0", "--driver", "generic-mmc-raw", "-n", "--force", toc_file];
    let Some(sent) = raw_recorder::run(place.path(), "cdrdao", &arguments) else { return };

    let image = image(gaps);
    let lead_out = image.session().lead_out().0;
    let first = *sent.sectors.keys().next().unwrap();
    let last = *sent.sectors.keys().last().unwrap();
    assert!(first < -11_000 && last == lead_out + 6749, "{first} to {last}, lead-out {lead_out}");
    assert_eq!(sent.sectors.len(), usize::try_from(last - first + 1).unwrap());
    let packs = packs();
    let mut changes = (0, false);
    for (lba, sector) in &sent.sectors {
        let mut ours = [0; 2448];
        let at = u64::try_from(lba - LEAD_IN_START).unwrap() * 2448;
        assert_eq!(image.read_at(at, &mut ours).unwrap(), 2448);
        assert!(sector[..2352] == ours[..2352], "main channel of block {lba}");
        let found = Subcode(sector[2352..].try_into().unwrap());
        let ours = Subcode(ours[2352..].try_into().unwrap());
        let (q, p) = theirs(&image, first, *lba);
        assert_eq!(Q::parse(&found.q()), Ok(q), "Q of block {lba}");
        assert_eq!(found.q(), q.to_bytes(), "Q of block {lba}");
        if *lba < -150 {
            let sector = usize::try_from(lba - first).unwrap();
            assert_eq!(found.rw(), lead_in_subcode(&packs, sector), "R to W of block {lba}");
            // The same packs, turned.
            assert_eq!(packs_of(&ours.rw()).len(), 4);
        } else {
            assert_eq!(found.rw(), ours.rw(), "R to W of block {lba}");
        }
        if *lba > lead_out {
            // The places of the changes are rounded otherwise; their number is compared below.
            changes = (changes.0 + i32::from(found.p() != changes.1), found.p());
        } else {
            assert_eq!(found.p(), p, "P of block {lba}");
        }
    }
    // 88 s with 4 changes each, give or take what rounding does.
    assert!((348..=353).contains(&changes.0), "{changes:?}");
}

#[test]
fn an_audio_disc_with_gaps_is_that_of_cdrdao() {
    compare(GapPolicy::Silence);
}

#[test]
fn an_audio_disc_without_gaps_is_that_of_cdrdao() {
    compare(GapPolicy::Gapless);
}

/// Mode 2, both forms: sectors are taken apart and made again, byte for byte, in the tracks and in the pauses, lead-in and lead-out
/// around them.
#[test]
fn sectors_of_mode_2_are_those_of_cdrdao() {
    let place = tempfile::tempdir().unwrap();
    let mut toc = String::from("CD_ROM_XA\n");
    let mut content = Vec::new();
    for (name, each, mode) in [("one", 2048, "MODE2_FORM1"), ("two", 2324, "MODE2_FORM2")] {
        let mut bytes = vec![0; 310 * each];
        PseudoRandom::new(9, u64::try_from(bytes.len()).unwrap()).read_at(0, &mut bytes).unwrap();
        let file = place.path().join(name);
        std::fs::write(&file, &bytes).unwrap();
        writeln!(toc, "TRACK {mode}\nDATAFILE \"{}\"", file.display()).unwrap();
        content.extend(bytes.chunks_exact(each).map(<[u8]>::to_vec));
    }
    let toc_file = place.path().join("toc");
    std::fs::write(&toc_file, toc).unwrap();
    let toc_file = toc_file.to_str().unwrap();
    let arguments =
        ["write", "--device", "/dev/sr0", "--driver", "generic-mmc-raw", "-n", "--force", toc_file];
    let Some(sent) = raw_recorder::run(place.path(), "cdrdao", &arguments) else { return };
    let mut kinds = std::collections::BTreeMap::new();
    for (lba, bytes) in &sent.sectors {
        let mut found: [u8; 2352] = bytes[..2352].try_into().unwrap();
        scramble(&mut found);
        let sector = parse(&found).unwrap_or_else(|e| panic!("block {lba}: {e}"));
        // Those of the lead-in count from its first sector, as its Q does.
        assert!(
            *lba < -150 || sector.address == Msf::try_from(Lba(*lba)).unwrap(),
            "block {lba}: {sector:?}"
        );
        assert!(sector.edc != Some(false) && sector.ecc != Some(false), "block {lba}: {sector:?}");
        assert!(build(sector.address, sector.data) == found, "block {lba}");
        let (kind, data) = match sector.data {
            Data::Form1(_, data) => (1, data.as_slice()),
            Data::Form2(_, data, _) => (2, data.as_slice()),
            other => panic!("block {lba}: {other:?}"),
        };
        if let Some(expected) = usize::try_from(*lba).ok().and_then(|n| content.get(n)) {
            assert!(data == expected, "block {lba}");
            *kinds.entry(kind).or_insert(0) += 1;
        }
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [(1, 310), (2, 310)]);
}

#[test]
fn a_cue_sheet_is_that_of_cdrdao() {
    let place = tempfile::tempdir().unwrap();
    write_sounds(place.path());
    let toc_file = place.path().join("toc");
    std::fs::write(&toc_file, toc(GapPolicy::Gapless, false)).unwrap();
    let toc_file = toc_file.to_str().unwrap();
    let arguments = ["write", "--device", "/dev/sr0", "--driver", "generic-mmc", "-n", "--force", toc_file];
    let Some(sent) = raw_recorder::run(place.path(), "cdrdao", &arguments) else { return };
    let session = creator(GapPolicy::Gapless).session().unwrap();
    let form = TrackForm { form: DataForm::of(SectorType::Audio).unwrap(), pause_from_host: true };
    let ours = cue_sheet::encode(&session, &[form], false);
    let found = sent.cue_sheet.as_chunks::<8>().0;
    assert_eq!(found, ours, "\n{found:02x?}\n{ours:02x?}");
}
