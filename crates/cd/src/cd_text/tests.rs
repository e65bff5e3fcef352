use super::*;
use crate::session::LEAD_IN_START;

/// What cdrdao 1.2.4 wrote for an album of three tracks.
const CDRDAO: [&str; 11] = [
    "80 00 00 00 41 6e 20 61 6c 62 75 6d 00 54 68 65 f3 26",
    "80 01 01 03 20 66 69 72 73 74 20 6f 66 20 74 68 3a a5",
    "80 01 02 0f 72 65 65 00 53 65 63 6f 6e 64 00 54 80 5d",
    "80 03 03 01 68 69 72 64 20 61 6e 64 20 74 68 65 37 fe",
    "80 03 04 0d 20 6c 61 73 74 00 00 00 00 00 00 00 cc f0",
    "81 00 05 00 53 6f 6d 65 20 70 65 6f 70 6c 65 00 d8 2d",
    "81 01 06 00 4f 6e 65 00 54 77 6f 00 54 68 72 65 1c 2f",
    "81 03 07 04 65 00 00 00 00 00 00 00 00 00 00 00 74 65",
    "8f 00 08 00 00 01 03 00 05 03 00 00 00 00 00 00 9c 45",
    "8f 01 09 00 00 00 00 00 00 00 00 03 0a 00 00 00 36 1b",
    "8f 02 0a 00 00 00 00 00 09 00 00 00 00 00 00 00 87 ed",
];

fn bytes(text: &str) -> [u8; PACK] {
    let all: Vec<u8> = text.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
    all.try_into().unwrap()
}

fn album() -> CdText {
    let mut block = Block::new(Language::ENGLISH, Charset::Latin1, 1, 3);
    for (track, text) in (0..).zip(["An album", "The first of three", "Second", "Third and the last"]) {
        block.set(PackType::TITLE, track, text);
    }
    for (track, text) in (0..).zip(["Some people", "One", "Two", "Three"]) {
        block.set(PackType::PERFORMER, track, text);
    }
    CdText { blocks: vec![block] }
}

#[test]
fn packs_are_those_of_another_program() {
    let packs = album().encode().unwrap();
    assert_eq!(packs.len(), CDRDAO.len());
    for (pack, expected) in packs.iter().zip(CDRDAO) {
        assert_eq!(pack.to_bytes(), bytes(expected));
    }
    let read: Vec<Pack> = CDRDAO.iter().map(|text| Pack::parse(&bytes(text)).unwrap()).collect();
    assert_eq!(CdText::decode(&read).unwrap(), album());
}

#[test]
fn the_lead_in_repeats_the_packs() {
    let packs = album().encode().unwrap();
    let sector = usize::try_from(-11_634 - LEAD_IN_START).unwrap();
    let mut seen = Vec::new();
    for n in 0..3 {
        seen.extend(packs_of(&lead_in_subcode(&packs, sector + n)));
    }
    assert_eq!(seen.len(), 12);
    assert_eq!(CdText::decode(&seen).unwrap(), album());
    assert_eq!(lead_in_subcode(&[], 5), [0; 96]);
}

#[test]
fn blocks_of_all_character_sets() {
    let mut text = album();
    let mut second = Block::new(Language::JAPANESE, Charset::MsJis, 1, 3);
    second.set(PackType::TITLE, 0, "日本語のアルバム");
    second.set(PackType::TITLE, 2, "曲\u{3000}２");
    second.set(PackType::CODE, 0, "0123456789012");
    second.set(PackType::CODE, 1, "USK7Y9812345");
    second.set(PackType::DISC_ID, 0, "GM-0001");
    second.genre = Some(Genre { code: 0x0102, text: "Enka".to_owned() });
    second.binary.push((PackType::TOC, 0, [1, 3, 0, 5, 6, 7, 0, 0, 0, 0, 0, 0]));
    second.copyright = 0x03;
    text.blocks.push(second);
    let mut third = Block::new(Language::GERMAN, Charset::Latin1, 1, 3);
    third.set(PackType::MESSAGE, 3, "Größe");
    text.blocks.push(third);
    let packs = text.encode().unwrap();
    let title = packs.iter().find(|p| p.block == 1 && p.kind == PackType::TITLE).unwrap();
    assert!(title.double_byte);
    // The first characters in the code of JIS X 0208, shifted.
    assert_eq!(title.payload[..6], [0x93, 0xFA, 0x96, 0x7B, 0x8C, 0xEA]);
    let second = packs.iter().filter(|p| p.block == 1 && p.kind == PackType::TITLE).nth(1).unwrap();
    assert_eq!((second.track, second.position), (0, 6));
    let mut mixed = packs.clone();
    mixed.reverse();
    mixed.extend(packs);
    assert_eq!(CdText::decode(&mixed).unwrap(), text);
}

#[test]
fn a_tabulator_repeats_and_gaps_cost_texts_only() {
    let mut text = album();
    text.blocks[0].set(PackType::PERFORMER, 2, "\t");
    let packs = text.encode().unwrap();
    assert_eq!(CdText::decode(&packs).unwrap().blocks[0].get(PackType::PERFORMER, 2), Some("One"));
    let gap: Vec<Pack> = packs.into_iter().filter(|p| p.sequence != 1).collect();
    let block = &CdText::decode(&gap).unwrap().blocks[0];
    let titles: Vec<_> = (0..4).map(|track| block.get(PackType::TITLE, track)).collect();
    assert_eq!(titles, [Some("An album"), None, Some("Second"), Some("Third and the last")]);
}

#[test]
fn what_cannot_be_is_told() {
    let mut text = album();
    text.blocks[0].set(PackType::TITLE, 1, "→");
    assert!(matches!(text.encode(), Err(CdTextError::Character { block: 0, track: 1, .. })));
    text.blocks[0].set(PackType::TITLE, 1, "x".repeat(160 * 20));
    assert_eq!(text.encode(), Err(CdTextError::TooLong(0)));
    let mut text = album();
    text.blocks[0].set(PackType::TITLE, 4, "x");
    assert_eq!(text.encode(), Err(CdTextError::Track(0, 4)));
    let text = CdText { blocks: vec![album().blocks[0].clone(); 9] };
    assert_eq!(text.encode(), Err(CdTextError::Blocks(9)));
    assert!(Charset::Ascii.encode("é").is_err() && Charset::MsJis.encode("ｱ").is_err());
    let mut bad = bytes(CDRDAO[0]);
    bad[5] ^= 1;
    assert_eq!(Pack::parse(&bad), Err(PackError));
    let read = [Pack::parse(&bytes(CDRDAO[0])).unwrap()];
    assert_eq!(CdText::decode(&read), Err(CdTextError::NoSize(0)));
}

proptest::proptest! {
    #[test]
    fn no_packs_make_the_reader_panic(
        raw in proptest::collection::vec(proptest::array::uniform16(proptest::num::u8::ANY), 0..40),
        sizes in proptest::array::uniform12(proptest::num::u8::ANY),
    ) {
        let mut packs = Vec::new();
        for mut head in raw {
            head[0] |= 0x80;
            let mut bytes = [0; PACK];
            bytes[..16].copy_from_slice(&head);
            packs.extend(Pack::parse(&bytes));
        }
        for block in 0..8 {
            for track in 0..3 {
                let mut payload = sizes;
                payload[0] = [0, 1, 0x80][usize::from(block % 3)];
                packs.push(Pack {
                    kind: PackType::SIZE, track, sequence: 250 + track, double_byte: false, block, position: 0, payload,
                });
            }
        }
        let _ = CdText::decode(&packs);
    }

    #[test]
    fn texts_survive(titles in proptest::collection::vec("[ -~¡-ÿ]{0,60}", 1..12), first in 1u8..80) {
        let last = first + u8::try_from(titles.len()).unwrap() - 1;
        let mut block = Block::new(Language::FRENCH, Charset::Latin1, first, last);
        for (track, title) in (first..).zip(titles) {
            block.set(PackType::TITLE, track, title);
        }
        let text = CdText { blocks: vec![block] };
        let packs = text.encode().unwrap();
        proptest::prop_assert_eq!(CdText::decode(&packs), Ok(text));
    }
}
