//! A pack of CD-TEXT: 18 bytes, 24 symbols of R to W (MMC-6 annex J, "Format of CD-TEXT packs").

use crate::subcode::{SUBCODE, crc16};

/// Bytes of a pack.
pub const PACK: usize = 18;
/// Bytes of text in a pack.
pub const PAYLOAD: usize = 12;

/// What a pack is about (ID1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PackType(pub u8);

impl PackType {
    /// Title of the album or a track.
    pub const TITLE: Self = Self(0x80);
    /// Names of performers.
    pub const PERFORMER: Self = Self(0x81);
    /// Names of songwriters.
    pub const SONGWRITER: Self = Self(0x82);
    /// Names of composers.
    pub const COMPOSER: Self = Self(0x83);
    /// Names of arrangers.
    pub const ARRANGER: Self = Self(0x84);
    /// Message from the provider or artist.
    pub const MESSAGE: Self = Self(0x85);
    /// Disc identification; of the disc only.
    pub const DISC_ID: Self = Self(0x86);
    /// Genre, a code and a text; of the disc only.
    pub const GENRE: Self = Self(0x87);
    /// Table of contents, binary.
    pub const TOC: Self = Self(0x88);
    /// Second table of contents, binary.
    pub const TOC2: Self = Self(0x89);
    /// For the content provider.
    pub const CLOSED: Self = Self(0x8D);
    /// UPC/EAN of the disc, ISRC of a track.
    pub const CODE: Self = Self(0x8E);
    /// Size of the block, binary.
    pub const SIZE: Self = Self(0x8F);

    /// Binary rather than text.
    #[must_use]
    pub const fn is_binary(self) -> bool {
        matches!(self, Self::TOC | Self::TOC2 | Self::SIZE)
    }

    /// Whether it is written in the characters of the block. The others are always of one byte.
    #[must_use]
    pub const fn is_in_block_characters(self) -> bool {
        matches!(self.0, 0x80..=0x85)
    }
}

/// A pack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pack {
    /// What it is about.
    pub kind: PackType,
    /// Track the first byte belongs to, 0 for the disc; a counter in binary packs (ID2).
    pub track: u8,
    /// Counts the packs of a block (ID3).
    pub sequence: u8,
    /// Characters of two bytes.
    pub double_byte: bool,
    /// Block, 0 to 7.
    pub block: u8,
    /// Characters of the first text that stand in earlier packs, 15 for more.
    pub position: u8,
    /// The text.
    pub payload: [u8; PAYLOAD],
}

/// A pack whose CRC is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the CRC of the CD-TEXT pack is wrong")]
pub struct PackError;

impl Pack {
    /// The 18 bytes, CRC included.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; PACK] {
        let mut out = [0; PACK];
        out[0] = self.kind.0;
        out[1] = self.track;
        out[2] = self.sequence;
        out[3] = u8::from(self.double_byte) << 7 | (self.block & 7) << 4 | self.position & 0x0F;
        out[4..16].copy_from_slice(&self.payload);
        let code = crc16(&out[..16]).to_be_bytes();
        out[16..].copy_from_slice(&code);
        out
    }

    /// Reads a pack. A CRC of two zeros counts as left out: some drives do not hand it over.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn parse(bytes: &[u8; PACK]) -> Result<Self, PackError> {
        if bytes[16..] != [0, 0] && bytes[16..] != crc16(&bytes[..16]).to_be_bytes() {
            return Err(PackError);
        }
        let mut payload = [0; PAYLOAD];
        payload.copy_from_slice(&bytes[4..16]);
        Ok(Self {
            kind: PackType(bytes[0]),
            track: bytes[1],
            sequence: bytes[2],
            double_byte: bytes[3] & 0x80 != 0,
            block: bytes[3] >> 4 & 7,
            position: bytes[3] & 0x0F,
            payload,
        })
    }

    /// The pack as 24 symbols of R to W.
    #[must_use]
    pub fn symbols(&self) -> [u8; 24] {
        let mut out = [0; 24];
        for (symbols, bytes) in out.as_chunks_mut::<4>().0.iter_mut().zip(self.to_bytes().as_chunks::<3>().0)
        {
            let [a, b, c] = *bytes;
            *symbols = [a >> 2, (a << 4 | b >> 4) & 0x3F, (b << 2 | c >> 6) & 0x3F, c & 0x3F];
        }
        out
    }

    /// Back from 24 symbols.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn from_symbols(symbols: &[u8; 24]) -> Result<Self, PackError> {
        let mut bytes = [0; PACK];
        for (bytes, symbols) in bytes.as_chunks_mut::<3>().0.iter_mut().zip(symbols.as_chunks::<4>().0) {
            let [a, b, c, d] = symbols.map(|symbol| symbol & 0x3F);
            *bytes = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
        }
        Self::parse(&bytes)
    }
}

/// R to W of a sector of the lead-in that repeats `packs` for ever, the sectors counted from where the lead-in begins.
#[must_use]
pub fn lead_in_subcode(packs: &[Pack], sector: usize) -> [u8; SUBCODE] {
    let mut out = [0; SUBCODE];
    for (n, symbols) in out.as_chunks_mut::<24>().0.iter_mut().enumerate() {
        let at = sector.wrapping_mul(4).wrapping_add(n).checked_rem(packs.len());
        if let Some(pack) = at.and_then(|at| packs.get(at)) {
            *symbols = pack.symbols();
        }
    }
    out
}

/// The four packs in the R to W of a sector of the lead-in; those with a wrong CRC, and those that are all zeros, are left out.
#[must_use]
pub fn packs_of(rw: &[u8; SUBCODE]) -> Vec<Pack> {
    let symbols = rw.as_chunks::<24>().0.iter();
    symbols
        .filter_map(|symbols| Pack::from_symbols(symbols).ok())
        .filter(|pack| pack.kind.0 & 0x80 != 0)
        .collect()
}
