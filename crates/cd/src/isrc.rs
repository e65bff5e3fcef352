//! The International Standard Recording Code of a track (ISO 3901; ECMA-130 22.3.3.4, ADR 3).

use std::fmt;
use std::str::FromStr;

/// Country, owner, year and number: two letters, three letters or digits, two and five digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Isrc([u8; 12]);

/// A text that is no ISRC.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an ISRC is two letters, three letters or digits, two digits and five digits, as in US-K7Y-98-12345")]
pub struct IsrcError;

impl Isrc {
    /// The 12 characters in ASCII, upper case. The country may have digits, because registrants without a country have.
    ///
    /// # Errors
    /// [`IsrcError`] when one of the first five is no digit or upper-case letter, or one of the others no digit.
    pub fn from_ascii(characters: [u8; 12]) -> Result<Self, IsrcError> {
        let (head, tail) = characters.split_at(5);
        let right = head.iter().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
            && tail.iter().all(u8::is_ascii_digit);
        if right { Ok(Self(characters)) } else { Err(IsrcError) }
    }

    /// The 12 characters in ASCII.
    #[must_use]
    pub const fn ascii(self) -> [u8; 12] {
        self.0
    }

    /// Without hyphens, as CD-TEXT and cue sheets have it.
    #[must_use]
    pub fn compact(self) -> String {
        self.0.iter().copied().map(char::from).collect()
    }
}

/// With or without hyphens at their places; small letters become capitals.
impl FromStr for Isrc {
    type Err = IsrcError;

    fn from_str(text: &str) -> Result<Self, IsrcError> {
        let mut bytes = text.bytes();
        let mut out = [0; 12];
        for (n, to) in out.iter_mut().enumerate() {
            let mut next = bytes.next();
            if matches!(n, 2 | 5 | 7) && next == Some(b'-') {
                next = bytes.next();
            }
            *to = next.ok_or(IsrcError)?.to_ascii_uppercase();
        }
        if bytes.next().is_some() {
            return Err(IsrcError);
        }
        Self::from_ascii(out)
    }
}

impl fmt::Display for Isrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, character) in self.0.into_iter().enumerate() {
            if matches!(n, 2 | 5 | 7) {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(character))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_rules() {
        for good in ["US-K7Y-98-12345", "USK7Y9812345", "usk7y98-12345"] {
            let isrc: Isrc = good.parse().unwrap();
            assert_eq!(isrc.to_string(), "US-K7Y-98-12345");
            assert_eq!(isrc.compact(), "USK7Y9812345");
        }
        for bad in [
            "",
            "US-K7Y-98-1234",
            "US-K7Y-98-123456",
            "U-SK7Y9812345",
            "USK7Y98l2345",
            "US_K7Y9812345",
            "ÜSK7Y981234",
        ] {
            assert_eq!(bad.parse::<Isrc>(), Err(IsrcError), "{bad}");
        }
    }
}
