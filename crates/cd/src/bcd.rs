//! Two decimal digits in a byte, as headers and subcode hold times (ECMA-130 14.2, 22.3.3).

use glassmaster_disc::Msf;

/// `value` below 100 as two digits; larger values wrap, callers have checked theirs.
pub(crate) const fn to_bcd(value: u8) -> u8 {
    let value = value % 100;
    value / 10 * 16 + value % 10
}

/// `None` when a digit is above 9.
pub(crate) const fn from_bcd(byte: u8) -> Option<u8> {
    let (high, low) = (byte >> 4, byte & 0x0F);
    if high > 9 || low > 9 { None } else { Some(high * 10 + low) }
}

/// Minute, second, frame in digits.
pub(crate) const fn msf_to_bcd(msf: Msf) -> [u8; 3] {
    let (minute, second, frame) = msf.fields();
    [to_bcd(minute), to_bcd(second), to_bcd(frame)]
}

/// `None` when these are no digits, or no time.
pub(crate) fn msf_from_bcd(bytes: [u8; 3]) -> Option<Msf> {
    let [minute, second, frame] = bytes;
    Msf::new(from_bcd(minute)?, from_bcd(second)?, from_bcd(frame)?).ok()
}
