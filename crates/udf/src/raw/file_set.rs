//! File set descriptor (ECMA-167 4/14.1, UDF 2.3.2).

use super::allocation::LongAd;
use super::charspec::put_osta;
use super::field::{put, put_u16, put_u32, u32_at};
use super::regid::Regid;
use super::timestamp::TIMESTAMP_LEN;
use crate::cs0::put_dstring;

/// The only file set of its volume.
pub(crate) fn write(
    out: &mut [u8],
    volume: &str,
    revision: u16,
    root: LongAd,
    recorded: [u8; TIMESTAMP_LEN],
) {
    put(out, 16, &recorded);
    put_u16(out, 28, 3); // interchange level
    put_u16(out, 30, 3); // maximum
    put_u32(out, 32, 1); // character sets: CS0
    put_u32(out, 36, 1);
    put_osta(&mut out[48..112]);
    put_dstring(volume, &mut out[112..240]);
    put_osta(&mut out[240..304]);
    put_dstring(volume, &mut out[304..336]);
    root.write(out, 400);
    Regid::domain(revision).write(out, 416);
}

/// File set descriptor number (4/14.1.8): of several the highest prevails.
pub(crate) fn number(bytes: &[u8]) -> u32 {
    u32_at(bytes, 44)
}

/// ICB of the root directory.
pub(crate) fn root(bytes: &[u8]) -> LongAd {
    bytes.get(400..416).map_or(LongAd::default(), LongAd::read)
}
