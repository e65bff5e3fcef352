//! The small descriptors of the volume descriptor sequence: unallocated space (ECMA-167 3/10.8), implementation
//! use (3/10.4, UDF 2.2.7). The terminating descriptor (3/10.9) is a tag and zeros.

use super::charspec::put_osta;
use super::field::put_u32;
use super::regid::Regid;
use crate::cs0::put_dstring;

/// No unallocated space: the image is as large as it is.
pub(crate) fn write_unallocated_space(out: &mut [u8], sequence: u32) {
    put_u32(out, 16, sequence);
}

/// `*UDF LV Info`: name of the logical volume, owner information empty.
pub(crate) fn write_logical_volume_info(out: &mut [u8], sequence: u32, revision: u16, volume: &str) {
    put_u32(out, 16, sequence);
    Regid::udf(b"*UDF LV Info", revision).write(out, 20);
    put_osta(&mut out[52..116]);
    put_dstring(volume, &mut out[116..244]);
    Regid::implementation().write(out, 352);
}
