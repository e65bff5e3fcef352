//! Primary volume descriptor (ECMA-167 3/10.1, UDF 2.2.2).

use super::charspec::put_osta;
use super::field::{put, put_u16, put_u32, u32_at};
use super::regid::Regid;
use super::timestamp::TIMESTAMP_LEN;
use crate::cs0::{dstring, put_dstring};

/// Of a volume that stands alone: number 1 of 1, interchange level 2 (UDF 2.2.2.3).
pub(crate) fn write(
    out: &mut [u8],
    sequence: u32,
    volume: &str,
    volume_set: &str,
    recorded: [u8; TIMESTAMP_LEN],
) {
    put_u32(out, 16, sequence);
    put_dstring(volume, &mut out[24..56]);
    put_u16(out, 56, 1); // volume sequence number
    put_u16(out, 58, 1); // maximum
    put_u16(out, 60, 2); // interchange level
    put_u16(out, 62, 2); // maximum
    put_u32(out, 64, 1); // character sets: CS0
    put_u32(out, 68, 1);
    put_dstring(volume_set, &mut out[72..200]);
    put_osta(&mut out[200..264]);
    put_osta(&mut out[264..328]);
    Regid::implementation().write(out, 344); // application
    put(out, 376, &recorded);
    Regid::implementation().write(out, 388);
}

/// Number in the volume descriptor sequence (3/8.4.3): the highest prevails.
pub(crate) fn sequence(bytes: &[u8]) -> u32 {
    u32_at(bytes, 16)
}

/// Volume identifier; empty when its characters are damaged.
pub(crate) fn volume(bytes: &[u8]) -> String {
    bytes.get(24..56).and_then(|f| dstring(f).ok()).unwrap_or_default()
}
