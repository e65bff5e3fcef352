//! Bytes and fields of ECMA-119, Joliet, SUSP, RRIP and El Torito structures. No policy.

pub(crate) mod date;
pub(crate) mod descriptor;
pub(crate) mod el_torito;
pub(crate) mod number;
pub(crate) mod path_table;
pub(crate) mod record;
pub(crate) mod rrip;
pub(crate) mod susp;
