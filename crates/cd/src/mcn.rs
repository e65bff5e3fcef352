//! The media catalogue number: 13 digits of UPC/EAN with a check digit (ECMA-130 22.3.3.3, ADR 2).

use std::fmt;
use std::str::FromStr;

/// A catalogue number whose check digit is right.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Mcn([u8; 13]);

/// Why a text is no catalogue number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum McnError {
    /// Empty, longer than 13 characters, or with other characters than digits.
    #[error("a catalogue number is 1 to 13 decimal digits")]
    Digits,
    /// The last digit does not follow from the others.
    #[error("the check digit of the catalogue number is {found}, and the other digits give {expected}")]
    CheckDigit {
        /// The last digit.
        found: u8,
        /// What it should be.
        expected: u8,
    },
}

impl Mcn {
    /// The digits 0 to 9, each in a byte of its own, with a right check digit.
    ///
    /// # Errors
    /// [`McnError`].
    pub fn from_digits(digits: [u8; 13]) -> Result<Self, McnError> {
        if digits.iter().any(|digit| *digit > 9) {
            return Err(McnError::Digits);
        }
        let [head @ .., found] = digits;
        let expected = check_digit(head);
        if found != expected {
            return Err(McnError::CheckDigit { found, expected });
        }
        Ok(Self(digits))
    }

    /// The 13 digits.
    #[must_use]
    pub const fn digits(self) -> [u8; 13] {
        self.0
    }
}

/// The 13th digit: what the weighted sum of the twelve lacks to a multiple of 10; digits at even places weigh 3 (GS1 General
/// Specifications 7.9).
fn check_digit(head: [u8; 12]) -> u8 {
    let mut sum = 0;
    for (n, digit) in head.into_iter().enumerate() {
        sum += if n % 2 == 0 { digit } else { digit * 3 };
    }
    (10 - sum % 10) % 10
}

/// Leading zeros may be left out.
impl FromStr for Mcn {
    type Err = McnError;

    fn from_str(text: &str) -> Result<Self, McnError> {
        if text.is_empty() || text.len() > 13 || !text.bytes().all(|c| c.is_ascii_digit()) {
            return Err(McnError::Digits);
        }
        let mut digits = [0; 13];
        for (to, from) in digits.iter_mut().rev().zip(text.bytes().rev()) {
            *to = from - b'0';
        }
        Self::from_digits(digits)
    }
}

impl fmt::Display for Mcn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|digit| write!(f, "{digit}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_rules() {
        // EAN-13 and UPC-A examples of GS1, then the contract's own.
        for good in ["6291041500213", "4006381333931", "036000291452", "0123456789012", "123456789012", "0"] {
            let mcn: Mcn = good.parse().unwrap();
            assert_eq!(mcn.to_string(), format!("{good:0>13}"));
        }
        assert_eq!("4006381333930".parse::<Mcn>(), Err(McnError::CheckDigit { found: 0, expected: 1 }));
        for bad in ["", "40063813339310", "400638133393x", "-1", "４"] {
            assert_eq!(bad.parse::<Mcn>(), Err(McnError::Digits), "{bad}");
        }
        assert_eq!(Mcn::from_digits([10; 13]), Err(McnError::Digits));
    }
}
