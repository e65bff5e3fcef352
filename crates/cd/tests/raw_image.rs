//! The creator of raw images: its rules, and what it makes of its settings.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use glassmaster_cd::raw_image::{GapPolicy, IndexAdded, RawCdImageCreator, RawImage, RawImageError};
use glassmaster_cd::sector::SectorType;
use glassmaster_cd::session::CopySetting;
use glassmaster_cd::subcode::{Q, Subcode, SubcodeForm};
use glassmaster_disc::stream::{ByteStream, PseudoRandom, Zero};
use glassmaster_disc::{HResult, Lba};

fn silence(sectors: u64) -> Arc<dyn ByteStream> {
    Arc::new(Zero::new(sectors * 2352))
}

fn with_tracks(gaps: GapPolicy, tracks: &[u64]) -> RawCdImageCreator {
    let mut creator = RawCdImageCreator::new();
    creator.set_gap_policy(gaps).unwrap();
    for (n, sectors) in tracks.iter().enumerate() {
        assert_eq!(creator.add_track(SectorType::Audio, silence(*sectors)).unwrap(), n + 1);
    }
    creator
}

type Act = fn(&mut RawCdImageCreator) -> Result<(), RawImageError>;

/// What is done to a creator, and its codes: without tracks, with one, and after the result was made.
const RULES: &[(&str, Act, [u32; 3])] = {
    const OK: u32 = 0;
    const INVALID: u32 = 0x8007_0057;
    const READ_ONLY: u32 = 0x80AA_0A00;
    const SECTOR_TYPE: u32 = 0x80AA_0A02;
    const NO_TRACKS: u32 = 0x80AA_0A03;
    const ADDED: u32 = 0x80AA_0A04;
    const NO_SPACE: u32 = 0x80AA_0A05;
    &[
        ("track", |c| c.add_track(SectorType::Audio, silence(300)).map(drop), [OK, OK, READ_ONLY]),
        (
            "short track",
            |c| c.add_track(SectorType::Audio, silence(299)).map(drop),
            [INVALID, INVALID, READ_ONLY],
        ),
        (
            "broken track",
            |c| c.add_track(SectorType::Audio, Arc::new(Zero::new(300 * 2352 + 1))).map(drop),
            [INVALID, INVALID, READ_ONLY],
        ),
        (
            "endless track",
            |c| c.add_track(SectorType::Audio, Arc::new(Zero::new(u64::MAX / 2352 * 2352))).map(drop),
            [NO_SPACE, NO_SPACE, READ_ONLY],
        ),
        (
            "data track",
            |c| c.add_track(SectorType::Mode1, silence(300)).map(drop),
            [SECTOR_TYPE, SECTOR_TYPE, READ_ONLY],
        ),
        ("pregap", |c| c.add_special_pregap(silence(150)), [OK, ADDED, READ_ONLY]),
        ("short pregap", |c| c.add_special_pregap(silence(149)), [INVALID, ADDED, READ_ONLY]),
        ("longest pregap", |c| c.add_special_pregap(silence(397_950)), [OK, ADDED, READ_ONLY]),
        ("long pregap", |c| c.add_special_pregap(silence(397_951)), [NO_SPACE, ADDED, READ_ONLY]),
        ("generator", |c| c.add_subcode_rw_generator(silence(1)), [OK, OK, READ_ONLY]),
        ("form", |c| c.set_resulting_image_type(SubcodeForm::PqOnly), [OK, OK, READ_ONLY]),
        ("limit", |c| c.set_start_of_leadout_limit(Lba(3000)), [OK, OK, READ_ONLY]),
        ("low limit", |c| c.set_start_of_leadout_limit(Lba(299)), [OK, NO_SPACE, READ_ONLY]),
        ("no limit", |c| c.set_start_of_leadout_limit(Lba(0)), [INVALID, INVALID, READ_ONLY]),
        ("gaps", |c| c.set_gap_policy(GapPolicy::Silence), [OK, ADDED, READ_ONLY]),
        ("catalogue", |c| c.set_media_catalog_number("123456789012"), [OK, OK, READ_ONLY]),
        ("no catalogue", |c| c.set_media_catalog_number(""), [OK, OK, READ_ONLY]),
        ("wrong catalogue", |c| c.set_media_catalog_number("123456789013"), [INVALID, INVALID, READ_ONLY]),
        ("first number", |c| c.set_starting_track_number(99), [OK, ADDED, READ_ONLY]),
        ("no number", |c| c.set_starting_track_number(0), [INVALID, ADDED, READ_ONLY]),
        ("lead-out", |c| c.start_of_leadout().map(drop), [NO_TRACKS, OK, OK]),
        ("last sector", |c| c.last_used_user_sector_in_image().map(drop), [NO_TRACKS, OK, OK]),
        ("contents", |c| c.expected_table_of_contents().map(drop), [NO_TRACKS, OK, OK]),
        ("info", |c| c.track_info(1).map(drop), [INVALID, OK, OK]),
        ("info 0", |c| c.track_info(0).map(drop), [INVALID, INVALID, INVALID]),
        ("change", |c| c.track_info_mut(1).map(drop), [INVALID, OK, READ_ONLY]),
        ("result", |c| c.create_result_image().map(drop), [NO_TRACKS, OK, READ_ONLY]),
    ]
};

#[test]
fn every_member_keeps_its_rules() {
    for (name, act, codes) in RULES {
        let code = |creator: &mut RawCdImageCreator| match act(creator) {
            Ok(()) => HResult::OK,
            Err(e) => e.hresult(),
        };
        let mut made = with_tracks(GapPolicy::Gapless, &[300]);
        made.create_result_image().unwrap();
        let mut states = [RawCdImageCreator::new(), with_tracks(GapPolicy::Gapless, &[300]), made];
        for (n, (creator, expected)) in states.iter_mut().zip(codes).enumerate() {
            assert_eq!(code(creator), HResult(*expected), "{name} in state {n}");
        }
    }
}

#[test]
fn defaults() {
    let creator = RawCdImageCreator::new();
    assert_eq!(creator.resulting_image_type(), SubcodeForm::Cooked);
    assert_eq!(creator.start_of_leadout_limit(), Lba(398_100));
    assert_eq!((creator.gap_policy(), creator.media_catalog_number()), (GapPolicy::Gapless, None));
    assert_eq!((creator.starting_track_number(), creator.number_of_existing_tracks()), (1, 0));
    let creator = with_tracks(GapPolicy::Silence, &[300, 400]);
    let track = creator.track_info(2).unwrap();
    assert_eq!((track.starting_lba(), track.sector_count(), track.track_number()), (Lba(450), 400, 2));
    assert_eq!((track.sector_type(), track.isrc()), (SectorType::Audio, None));
    assert_eq!(track.digital_audio_copy_setting(), CopySetting::Permitted);
    assert!(!track.audio_has_preemphasis());
    assert_eq!(track.track_indexes(), [0]);
    assert_eq!(creator.last_used_user_sector_in_image().unwrap(), Lba(849));
}

#[test]
fn the_last_place_of_the_lead_out() {
    let mut creator = RawCdImageCreator::new();
    assert!(creator.add_track(SectorType::Audio, silence(398_101)).is_err());
    creator.add_track(SectorType::Audio, silence(398_100)).unwrap();
    assert_eq!(creator.start_of_leadout().unwrap(), Lba(398_100));
    let image = creator.create_result_image().unwrap();
    assert_eq!(image.sectors(), 22_650 + 398_100 + 6750);
    let Q::Position { absolute, .. } = subcode(&image, 404_849).1 else { panic!() };
    assert_eq!(absolute.fields(), (89, 59, 74));
    let mut creator = RawCdImageCreator::new();
    creator.set_start_of_leadout_limit(Lba(600)).unwrap();
    creator.add_track(SectorType::Audio, silence(300)).unwrap();
    let error = creator.add_track(SectorType::Audio, silence(301)).unwrap_err();
    assert_eq!(error, RawImageError::InsufficientSpace { lead_out: 601, limit: 600 });
    creator.add_track(SectorType::Audio, silence(300)).unwrap();
}

#[test]
fn track_numbers_end_with_99() {
    let mut creator = with_tracks(GapPolicy::Gapless, &[300; 99]);
    let error = creator.add_track(SectorType::Audio, silence(300)).unwrap_err();
    assert_eq!(error.hresult(), HResult::RAW_IMAGE_TOO_MANY_TRACKS);
    let mut creator = RawCdImageCreator::new();
    creator.set_starting_track_number(98).unwrap();
    for number in [98, 99] {
        let index = creator.add_track(SectorType::Audio, silence(300)).unwrap();
        assert_eq!(creator.track_info(index).unwrap().track_number(), number);
    }
    assert_eq!(creator.add_track(SectorType::Audio, silence(300)), Err(RawImageError::TooManyTracks(100)));
    // First and last track, two tracks and the lead-out, as READ TOC gives them.
    let toc = creator.expected_table_of_contents().unwrap();
    assert_eq!(
        toc,
        [
            0, 26, 98, 99, //
            0, 0x12, 98, 0, 0, 0, 0, 0, //
            0, 0x12, 99, 0, 0, 0, 1, 0x2C, //
            0, 0x12, 0xAA, 0, 0, 0, 2, 0x58,
        ]
    );
}

#[test]
fn indexes() {
    let mut creator = with_tracks(GapPolicy::Gapless, &[400]);
    let track = creator.track_info_mut(1).unwrap();
    for (offset, expected) in [
        (0, Ok(IndexAdded::AlreadyThere)),
        (9, Err(RawImageError::IndexTooClose(9))),
        (10, Ok(IndexAdded::Added)),
        (10, Ok(IndexAdded::AlreadyThere)),
        (19, Err(RawImageError::IndexTooClose(19))),
        (30, Ok(IndexAdded::Added)),
        (21, Err(RawImageError::IndexTooClose(21))),
        (20, Ok(IndexAdded::Added)),
        (391, Err(RawImageError::IndexTooClose(391))),
        (390, Ok(IndexAdded::Added)),
        (400, Err(RawImageError::Argument("the index lies behind the end of the track"))),
    ] {
        assert_eq!(track.add_track_index(offset), expected, "{offset}");
    }
    assert_eq!(IndexAdded::AlreadyThere.hresult(), HResult(0x00AA_0A08));
    assert_eq!(track.track_indexes(), [0, 10, 20, 30, 390]);
    assert_eq!(track.clear_track_index(0), Err(RawImageError::IndexZero));
    assert_eq!(track.clear_track_index(11), Err(RawImageError::IndexNotFound(11)));
    // The pause of a next track would lie over index 5.
    assert_eq!(creator.add_track(SectorType::Audio, silence(300)), Err(RawImageError::IndexTooClose(390)));
    creator.track_info_mut(1).unwrap().clear_track_index(390).unwrap();
    creator.add_track(SectorType::Audio, silence(300)).unwrap();
    let track = creator.track_info_mut(1).unwrap();
    assert_eq!(track.add_track_index(241), Err(RawImageError::IndexTooClose(241)));
    assert_eq!(track.add_track_index(240), Ok(IndexAdded::Added));

    let mut creator = with_tracks(GapPolicy::Gapless, &[1000]);
    let track = creator.track_info_mut(1).unwrap();
    for n in 1..99 {
        track.add_track_index(n * 10).unwrap();
    }
    assert_eq!(track.add_track_index(990), Err(RawImageError::TooManyIndexes));
    assert_eq!(track.add_track_index(980), Ok(IndexAdded::AlreadyThere));
    let image = creator.create_result_image().unwrap();
    let Q::Position { index, .. } = subcode(&image, 995).1 else { panic!() };
    assert_eq!(index, 99);
}

fn sector(image: &RawImage, lba: i32) -> Vec<u8> {
    let each = image.form().bytes_per_sector();
    let mut out = vec![0; each];
    let at = u64::try_from(lba + 22_650).unwrap() * u64::try_from(each).unwrap();
    assert_eq!(image.read_at(at, &mut out).unwrap(), each);
    out
}

fn subcode(image: &RawImage, lba: i32) -> (bool, Q) {
    let subcode = Subcode(sector(image, lba)[2352..].try_into().unwrap());
    (subcode.p(), Q::parse(&subcode.q()).unwrap())
}

#[test]
fn a_hidden_track() {
    let hidden = PseudoRandom::new(1, 300 * 2352);
    let mut creator = RawCdImageCreator::new();
    creator.add_special_pregap(Arc::new(hidden)).unwrap();
    creator.add_track(SectorType::Audio, silence(300)).unwrap();
    assert_eq!(creator.track_info(1).unwrap().starting_lba(), Lba(150));
    let image = creator.create_result_image().unwrap();
    let mut first = vec![0; 2352];
    hidden.read_at(0, &mut first).unwrap();
    assert_eq!(sector(&image, -150)[..2352], first);
    for (lba, index, left) in [(-150, 0, (0, 3, 74)), (149, 0, (0, 0, 0)), (150, 1, (0, 0, 0))] {
        let (p, q) = subcode(&image, lba);
        let Q::Position { index: found, relative, track: 1, .. } = q else { panic!("{q:?}") };
        assert_eq!((p, found, relative.fields()), (index == 0, index, left), "{lba}");
    }
}

#[test]
fn any_range_is_the_same_in_all_forms() {
    let mut whole = Vec::new();
    for form in [SubcodeForm::Raw, SubcodeForm::Cooked, SubcodeForm::PqOnly] {
        let mut creator = RawCdImageCreator::new();
        creator.set_resulting_image_type(form).unwrap();
        let sound = PseudoRandom::new(3, 311 * 2352);
        creator.add_track(SectorType::Audio, Arc::new(sound)).unwrap();
        creator.add_track(SectorType::Audio, silence(300)).unwrap();
        let image = creator.create_result_image().unwrap();
        let each = u64::try_from(form.bytes_per_sector()).unwrap();
        assert_eq!(image.size(), (22_650 + 611 + 6750) * each);
        let base = 22_500 * each;
        let mut all = vec![0; usize::try_from(900 * each).unwrap()];
        assert_eq!(image.read_at(base, &mut all).unwrap(), all.len());
        for (from, length) in [(0, 1), (2351, 2), (5000, 100_000), (each * 64 - 1, 5000), (each * 461, 1)] {
            let mut part = vec![0; length];
            assert_eq!(image.read_at(base + from, &mut part).unwrap(), length);
            let from = usize::try_from(from).unwrap();
            assert!(part == all[from..from + length], "{form:?} {from}");
        }
        let mut tail = vec![0xEE; 100];
        assert_eq!(image.read_at(image.size() - 10, &mut tail).unwrap(), 10);
        assert_eq!(image.read_at(image.size(), &mut tail).unwrap(), 0);
        assert_eq!(image.read_at(u64::MAX, &mut tail).unwrap(), 0);
        whole.push(all);
    }
    assert!(whole[0] == whole[1]);
    for (long, short) in whole[0].chunks_exact(2448).zip(whole[2].chunks_exact(2368)) {
        assert!(long[..2352] == short[..2352]);
        assert_eq!(Subcode(long[2352..].try_into().unwrap()).pq(), short[2352..]);
    }
}

#[test]
fn a_generator_has_the_size_of_the_image_and_no_p_and_q() {
    let make = |rw: Arc<dyn ByteStream>| {
        let mut creator = with_tracks(GapPolicy::Gapless, &[300]);
        creator.add_subcode_rw_generator(rw).unwrap();
        assert!(creator.set_resulting_image_type(SubcodeForm::PqOnly).is_err());
        creator.create_result_image()
    };
    let sectors: u64 = 22_650 + 300 + 6750;
    assert_eq!(
        make(Arc::new(Zero::new((sectors - 1) * 96))).unwrap_err().hresult(),
        HResult::INVALID_ARGUMENT
    );
    let mut bytes = vec![0x3F; usize::try_from(sectors * 96).unwrap()];
    let image = make(Arc::new(bytes.clone())).unwrap();
    let found = sector(&image, 7);
    assert!(found[2352..].iter().all(|byte| byte & 0x3F == 0x3F));
    bytes[96 * 22_657 + 5] = 0x40;
    let image = make(Arc::new(bytes)).unwrap();
    let mut out = vec![0; 2448];
    let error = image.read_at(22_657 * 2448, &mut out).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    let mut creator = with_tracks(GapPolicy::Gapless, &[300]);
    creator.set_resulting_image_type(SubcodeForm::PqOnly).unwrap();
    assert!(creator.add_subcode_rw_generator(Arc::new(Zero::new(0))).is_err());
}
