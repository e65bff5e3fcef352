//! Character sets of CD-TEXT blocks.

use encoding_rs::SHIFT_JIS;

/// Characters of a block; the number stands in its size pack.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub enum Charset {
    /// ISO 8859-1.
    #[default]
    Latin1 = 0x00,
    /// ISO 646, ASCII.
    Ascii = 0x01,
    /// MS-JIS: every character has two bytes. Characters of ASCII become their wide forms, and stay so when read.
    MsJis = 0x80,
}

/// A character that the character set does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{charset:?} has no character for {character:?}")]
pub struct CharsetError {
    /// The character.
    pub character: char,
    /// The character set.
    pub charset: Charset,
}

impl Charset {
    /// By its number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0x00 => Some(Self::Latin1),
            0x01 => Some(Self::Ascii),
            0x80 => Some(Self::MsJis),
            _ => None,
        }
    }

    /// Bytes of a character.
    #[must_use]
    pub const fn width(self) -> usize {
        match self {
            Self::Latin1 | Self::Ascii => 1,
            Self::MsJis => 2,
        }
    }

    /// The bytes of a text without its end.
    ///
    /// # Errors
    /// [`CharsetError`] at the first character it does not have; NUL is the end of a text and none of its characters.
    pub fn encode(self, text: &str) -> Result<Vec<u8>, CharsetError> {
        let mut out = Vec::with_capacity(text.len() * self.width());
        for character in text.chars() {
            let none = CharsetError { character, charset: self };
            let code = u32::from(character);
            let byte = u8::try_from(code).map_err(|_| none);
            match self {
                _ if code == 0 => return Err(none),
                Self::Latin1 => out.push(byte?),
                Self::Ascii if code < 0x80 => out.push(byte?),
                Self::Ascii => return Err(none),
                Self::MsJis => {
                    let wide = match code {
                        0x20 => '\u{3000}',
                        0x21..=0x7E => char::from_u32(code + 0xFEE0).ok_or(none)?,
                        _ => character,
                    };
                    let mut buffer = [0; 4];
                    let (bytes, _, unmappable) = SHIFT_JIS.encode(wide.encode_utf8(&mut buffer));
                    if unmappable || bytes.len() != 2 {
                        return Err(none);
                    }
                    out.extend_from_slice(&bytes);
                }
            }
        }
        Ok(out)
    }

    /// The text; bytes that mean nothing become U+FFFD.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Latin1 => bytes.iter().copied().map(char::from).collect(),
            Self::Ascii => bytes
                .iter()
                .map(|byte| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER })
                .collect(),
            Self::MsJis => SHIFT_JIS.decode_without_bom_handling(bytes).0.into_owned(),
        }
    }
}
