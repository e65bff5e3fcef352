//! From texts to packs.

use super::{Block, CdText, CdTextError, Charset, PAYLOAD, Pack, PackType};

impl CdText {
    /// The packs, in the order of the lead-in: block for block, each ending with its size packs.
    ///
    /// # Errors
    /// [`CdTextError`] when there are too many blocks, tracks or characters, or characters a block cannot have.
    pub fn encode(&self) -> Result<Vec<Pack>, CdTextError> {
        if self.blocks.len() > 8 {
            return Err(CdTextError::Blocks(self.blocks.len()));
        }
        let mut blocks = Vec::with_capacity(self.blocks.len());
        for (number, block) in (0u8..).zip(&self.blocks) {
            blocks.push(Writer { number, block, packs: Vec::new() }.write()?);
        }
        // The size packs of each block tell the last sequence number and the language of all of them.
        let mut last = [0; 8];
        let mut languages = [0; 8];
        for (n, (block, packs)) in self.blocks.iter().zip(&blocks).enumerate() {
            last[n] = u8::try_from(packs.len() + 2).unwrap_or(u8::MAX);
            languages[n] = block.language.0;
        }
        let mut out = Vec::new();
        for (number, (block, packs)) in (0u8..).zip(self.blocks.iter().zip(blocks)) {
            let mut sizes = [0; 3 * PAYLOAD];
            sizes[..4].copy_from_slice(&[
                block.charset as u8,
                block.first_track,
                block.last_track,
                block.copyright,
            ]);
            for pack in &packs {
                sizes[4 + usize::from(pack.kind.0 & 0x0F)] += 1;
            }
            sizes[4 + 15] = 3;
            sizes[20..28].copy_from_slice(&last);
            sizes[28..].copy_from_slice(&languages);
            let next = u8::try_from(packs.len()).unwrap_or(u8::MAX);
            out.extend(packs);
            for (track, payload) in (0u8..).zip(sizes.as_chunks::<PAYLOAD>().0) {
                out.push(Pack {
                    kind: PackType::SIZE,
                    track,
                    sequence: next.saturating_add(track),
                    double_byte: false,
                    block: number,
                    position: 0,
                    payload: *payload,
                });
            }
        }
        Ok(out)
    }
}

struct Writer<'a> {
    number: u8,
    block: &'a Block,
    packs: Vec<Pack>,
}

impl Writer<'_> {
    fn write(mut self) -> Result<Vec<Pack>, CdTextError> {
        let Block { first_track, last_track, .. } = *self.block;
        if !(1..=99).contains(&first_track) || last_track > 99 || last_track < first_track {
            return Err(CdTextError::Tracks(self.number, first_track, last_track));
        }
        for (kind, texts) in &self.block.texts {
            if !matches!(kind.0, 0x80..=0x86 | 0x8D | 0x8E) {
                return Err(CdTextError::Kind(self.number, kind.0));
            }
            let disc_only = *kind == PackType::DISC_ID;
            let wrong =
                |track: &&u8| **track != 0 && (disc_only || !(first_track..=last_track).contains(*track));
            if let Some(track) = texts.keys().find(wrong) {
                return Err(CdTextError::Track(self.number, *track));
            }
        }
        for number in 0x80..0x8F {
            let kind = PackType(number);
            match kind {
                PackType::GENRE => self.genre()?,
                PackType::TOC | PackType::TOC2 => self.binary(kind)?,
                _ => self.texts(kind)?,
            }
        }
        Ok(self.packs)
    }

    fn encoded(&self, charset: Charset, track: u8, text: &str) -> Result<Vec<u8>, CdTextError> {
        let mut bytes = charset.encode(text).map_err(|error| CdTextError::Character {
            block: self.number,
            track,
            error,
        })?;
        bytes.resize(bytes.len() + charset.width(), 0);
        Ok(bytes)
    }

    /// All texts of a kind, one behind the other: the disc's, then one of each track, be it empty.
    fn texts(&mut self, kind: PackType) -> Result<(), CdTextError> {
        let Some(of_kind) = self.block.texts.get(&kind).filter(|texts| !texts.is_empty()) else {
            return Ok(());
        };
        let charset = if kind.is_in_block_characters() { self.block.charset } else { Charset::Latin1 };
        // Tracks begin with 1: up to 0 there is none.
        let last = if kind == PackType::DISC_ID { 0 } else { self.block.last_track };
        let tracks = self.block.first_track..=last;
        let mut texts = Vec::new();
        for track in std::iter::once(0).chain(tracks) {
            let text = of_kind.get(&track).map_or("", String::as_str);
            texts.push((track, self.encoded(charset, track, text)?));
        }
        self.fill(kind, charset.width(), &texts)
    }

    fn genre(&mut self) -> Result<(), CdTextError> {
        let Some(genre) = &self.block.genre else { return Ok(()) };
        let mut bytes = genre.code.to_be_bytes().to_vec();
        bytes.extend(self.encoded(Charset::Ascii, 0, &genre.text)?);
        self.fill(PackType::GENRE, 1, &[(0, bytes)])
    }

    fn binary(&mut self, kind: PackType) -> Result<(), CdTextError> {
        for (_, track, payload) in self.block.binary.iter().filter(|(of, _, _)| *of == kind) {
            self.push(kind, *track, false, 0, *payload)?;
        }
        Ok(())
    }

    /// Cuts texts into packs; a pack names the track of its first byte and how much of that text stands before it.
    fn fill(&mut self, kind: PackType, width: usize, texts: &[(u8, Vec<u8>)]) -> Result<(), CdTextError> {
        let mut payload = [0; PAYLOAD];
        let mut filled = 0;
        let mut head = (0, 0);
        for (track, bytes) in texts {
            for (n, byte) in bytes.iter().enumerate() {
                if filled == 0 {
                    head = (*track, u8::try_from((n / width).min(15)).unwrap_or(15));
                }
                payload[filled] = *byte;
                filled += 1;
                if filled == PAYLOAD {
                    self.push(kind, head.0, width == 2, head.1, std::mem::take(&mut payload))?;
                    filled = 0;
                }
            }
        }
        if filled > 0 {
            self.push(kind, head.0, width == 2, head.1, payload)?;
        }
        Ok(())
    }

    fn push(
        &mut self,
        kind: PackType,
        track: u8,
        double_byte: bool,
        position: u8,
        payload: [u8; PAYLOAD],
    ) -> Result<(), CdTextError> {
        // Three more are needed for the sizes, and numbers end at 255.
        let sequence = u8::try_from(self.packs.len()).ok().filter(|n| *n <= 252);
        let sequence = sequence.ok_or(CdTextError::TooLong(self.number))?;
        self.packs.push(Pack { kind, track, sequence, double_byte, block: self.number, position, payload });
        Ok(())
    }
}
