//! The volume name and what each file system makes of it (contract 9.2).

use glassmaster_disc::HResult;

use super::surroundings::LocalTime;
use crate::code::Failure;
use crate::error::Error;
use glassmaster_tree::Timestamp;

/// Longest name that is taken, in UTF-16 units.
const LONGEST: usize = 32;
/// Longest name of the reference.
const LONGEST_STRICT: usize = 15;
/// Units of a Joliet volume identifier.
const JOLIET_UNITS: usize = 16;

/// Takes a name or refuses it. Empty: the automatic name again.
pub(super) fn check(name: &str, strict: bool, iso: bool) -> Result<(), Error> {
    let units = name.encode_utf16().count();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || (c == '.' && !iso);
    let illegal =
        |c: char| c.is_control() || matches!(c, '"' | '*' | '/' | ':' | '<' | '>' | '?' | '\\' | '|');
    let good = if strict {
        let small = |c: char| iso && c.is_ascii_lowercase();
        units <= LONGEST_STRICT && name.chars().all(|c| plain(c) && !small(c))
    } else {
        units <= LONGEST && !name.chars().any(illegal)
    };
    if good { Ok(()) } else { Err(Failure::new(HResult::INVALID_VOLUME_NAME).into()) }
}

/// As ISO 9660 records it: d-characters (ECMA-119 8.4.7).
pub(super) fn iso9660(name: &str) -> String {
    let d = |c: char| match c.to_ascii_uppercase() {
        c if c.is_ascii_uppercase() || c.is_ascii_digit() => c,
        _ => '_',
    };
    name.chars().map(d).take(32).collect()
}

/// As Joliet records it: 16 UCS-2 units, no pair cut.
pub(super) fn joliet(name: &str) -> String {
    let mut units = 0;
    name.chars()
        .map(|c| if matches!(c, '*' | '/' | ':' | ';' | '?' | '\\') || u32::from(c) < 0x20 { '_' } else { c })
        .take_while(|c| {
            units += c.len_utf16();
            units <= JOLIET_UNITS
        })
        .collect()
}

/// The name of a volume that was given none: local date and time, `YYYYMMDD_HHMMSS`.
pub(super) fn automatic(now: LocalTime) -> String {
    let secs = now.utc.secs.saturating_add(i64::from(now.offset_minutes) * 60);
    let c = Timestamp::from_secs(secs).civil();
    let year = c.year.clamp(0, 9999);
    format!("{year:04}{:02}{:02}_{:02}{:02}{:02}", c.month, c.day, c.hour, c.minute, c.second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_field_are_taken_and_adapted() {
        for name in ["Test_FileSystem", "20240131-101500.1234", "a b;c", &"x".repeat(32)] {
            check(name, false, true).unwrap();
        }
        for name in ["a/b", "a\tb", &"x".repeat(33)] {
            assert_eq!(check(name, false, true).unwrap_err().hresult(), 0xC0AA_B104);
        }
        assert!(check("ABC_1", true, true).is_ok() && check("abc", true, true).is_err());
        assert!(check("abc.d", true, false).is_ok() && check("a-b", true, false).is_err());
        assert!(check("0123456789ABCDEF", true, true).is_err());
        assert_eq!(iso9660("Test-FileSystem é"), "TEST_FILESYSTEM__");
        assert_eq!(joliet("abc;😀😀😀😀😀😀😀"), "abc_😀😀😀😀😀😀");
        let now = LocalTime { utc: Timestamp::from_secs(951_782_399), offset_minutes: 61 };
        assert_eq!(automatic(now), "20000229_010059");
    }
}
