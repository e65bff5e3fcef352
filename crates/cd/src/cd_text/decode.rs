//! From packs to texts.

use std::collections::BTreeMap;

use super::{Block, CdText, CdTextError, Charset, Genre, Language, PAYLOAD, Pack, PackType};

impl CdText {
    /// Reads packs in any order and any number of repetitions, as the lead-in and READ TOC format 5 give them.
    ///
    /// Packs of kinds that are not known are left out. Where packs are missing, the texts that begin or end in them are.
    ///
    /// # Errors
    /// [`CdTextError::NoSize`] and [`CdTextError::UnknownCharset`]: then nothing can be read of a block.
    pub fn decode(packs: &[Pack]) -> Result<Self, CdTextError> {
        let mut blocks: BTreeMap<u8, BTreeMap<u8, &Pack>> = BTreeMap::new();
        for pack in packs {
            blocks.entry(pack.block & 7).or_default().entry(pack.sequence).or_insert(pack);
        }
        let blocks = blocks.into_iter().map(|(number, packs)| read(number, &packs));
        Ok(Self { blocks: blocks.collect::<Result<_, _>>()? })
    }
}

fn read(number: u8, packs: &BTreeMap<u8, &Pack>) -> Result<Block, CdTextError> {
    let mut sizes = [0; 3 * PAYLOAD];
    for (n, part) in (0u8..).zip(sizes.as_chunks_mut::<PAYLOAD>().0) {
        let pack = packs.values().find(|pack| pack.kind == PackType::SIZE && pack.track == n);
        *part = pack.ok_or(CdTextError::NoSize(number))?.payload;
    }
    let charset = Charset::from_number(sizes[0]).ok_or(CdTextError::UnknownCharset(number, sizes[0]))?;
    let language = Language(sizes[28 + usize::from(number & 7)]);
    let mut block = Block::new(language, charset, sizes[1], sizes[2]);
    block.copyright = sizes[3];
    let mut kinds: BTreeMap<PackType, Vec<&Pack>> = BTreeMap::new();
    for pack in packs.values() {
        kinds.entry(pack.kind).or_default().push(pack);
    }
    for (kind, packs) in kinds {
        match kind {
            PackType::SIZE => {}
            PackType::TOC | PackType::TOC2 => {
                block.binary.extend(packs.iter().map(|pack| (kind, pack.track, pack.payload)));
            }
            PackType::GENRE => {
                let bytes: Vec<u8> = packs.iter().flat_map(|pack| pack.payload).collect();
                if let [high, low, text @ ..] = bytes.as_slice() {
                    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
                    let text = Charset::Ascii.decode(text);
                    block.genre = Some(Genre { code: u16::from_be_bytes([*high, *low]), text });
                }
            }
            PackType(0x80..=0x86 | 0x8D | 0x8E) => texts(&mut block, kind, &packs),
            _ => {}
        }
    }
    Ok(block)
}

/// A text that is being put together.
#[derive(Default)]
struct Text {
    track: u8,
    bytes: Vec<u8>,
    /// Its beginning is missing.
    headless: bool,
}

fn texts(block: &mut Block, kind: PackType, packs: &[&Pack]) {
    let charset = if kind.is_in_block_characters() { block.charset } else { Charset::Latin1 };
    let mut found: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
    let mut text = Text::default();
    let mut expected = None;
    for pack in packs {
        let width = if pack.double_byte { 2 } else { 1 };
        if expected != Some(pack.sequence) {
            // The first pack, or one behind a gap.
            text = Text { track: pack.track, bytes: Vec::new(), headless: pack.position != 0 };
        }
        expected = pack.sequence.checked_add(1);
        for character in pack.payload.chunks_exact(width) {
            if character.iter().any(|byte| *byte != 0) {
                text.bytes.extend_from_slice(character);
                continue;
            }
            let next = if text.track == 0 { block.first_track } else { text.track.saturating_add(1) };
            let done = std::mem::replace(&mut text, Text { track: next, ..Text::default() });
            if !done.headless && (done.track == 0 || done.track <= block.last_track) {
                found.entry(done.track).or_insert(done.bytes);
            }
        }
    }
    // A tabulator repeats the text of the track before.
    let tabulator = vec![0x09; charset.width()];
    let mut before = Vec::new();
    for (track, bytes) in found {
        if bytes != tabulator {
            before = bytes;
        }
        if !before.is_empty() {
            block.set(kind, track, charset.decode(&before));
        }
    }
}
