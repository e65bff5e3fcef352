//! Fields at fixed places: one table per structure serves reading and writing.

use glassmaster_disc::Lba;

use crate::field::{FieldError, ResponseError};

/// Unsigned 24-bit number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct U24(u32);

impl U24 {
    /// 0xFFFFFF.
    pub const MAX: Self = Self(0xFF_FFFF);

    /// `None` for more than 24 bits.
    #[must_use]
    pub const fn new(value: u32) -> Option<Self> {
        if value > Self::MAX.0 { None } else { Some(Self(value)) }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl From<u16> for U24 {
    fn from(value: u16) -> Self {
        Self(u32::from(value))
    }
}

/// Why a field could not be read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    Missing,
    Invalid(u64),
}

/// A value that stands at a fixed byte; types smaller than a byte share it under a mask.
pub(crate) trait Field: Sized {
    fn get(bytes: &[u8], at: usize, mask: u8) -> Result<Self, Trouble>;
    /// Bytes past the end of `out` are dropped: the structure's length decides.
    fn put(&self, out: &mut [u8], at: usize, mask: u8);
}

impl Field for u8 {
    fn get(bytes: &[u8], at: usize, mask: u8) -> Result<Self, Trouble> {
        let byte = bytes.get(at).ok_or(Trouble::Missing)?;
        Ok((byte & mask) >> mask.trailing_zeros())
    }

    fn put(&self, out: &mut [u8], at: usize, mask: u8) {
        if let Some(byte) = out.get_mut(at) {
            *byte = *byte & !mask | self << mask.trailing_zeros() & mask;
        }
    }
}

impl Field for bool {
    fn get(bytes: &[u8], at: usize, mask: u8) -> Result<Self, Trouble> {
        Ok(u8::get(bytes, at, mask)? != 0)
    }

    fn put(&self, out: &mut [u8], at: usize, mask: u8) {
        u8::from(*self).put(out, at, mask);
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Trouble> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or(Trouble::Missing)
}

impl<const N: usize> Field for [u8; N] {
    fn get(bytes: &[u8], at: usize, _mask: u8) -> Result<Self, Trouble> {
        array(bytes, at)
    }

    fn put(&self, out: &mut [u8], at: usize, _mask: u8) {
        for (place, byte) in out.iter_mut().skip(at).zip(self) {
            *place = *byte;
        }
    }
}

macro_rules! big_endian {
    ($($ty:ty)*) => {$(
        impl Field for $ty {
            fn get(bytes: &[u8], at: usize, _mask: u8) -> Result<Self, Trouble> {
                Ok(Self::from_be_bytes(array(bytes, at)?))
            }

            fn put(&self, out: &mut [u8], at: usize, mask: u8) {
                self.to_be_bytes().put(out, at, mask);
            }
        }
    )*};
}
big_endian!(u16 u32 u64);

impl Field for U24 {
    fn get(bytes: &[u8], at: usize, _mask: u8) -> Result<Self, Trouble> {
        let [a, b, c] = array(bytes, at)?;
        Ok(Self(u32::from_be_bytes([0, a, b, c])))
    }

    fn put(&self, out: &mut [u8], at: usize, mask: u8) {
        let [_, a, b, c] = self.0.to_be_bytes();
        [a, b, c].put(out, at, mask);
    }
}

impl Field for Lba {
    fn get(bytes: &[u8], at: usize, _mask: u8) -> Result<Self, Trouble> {
        Ok(Self(i32::from_be_bytes(array(bytes, at)?)))
    }

    fn put(&self, out: &mut [u8], at: usize, mask: u8) {
        self.0.to_be_bytes().put(out, at, mask);
    }
}

/// A field that shorter, older forms of the structure lack.
impl<T: Field> Field for Option<T> {
    fn get(bytes: &[u8], at: usize, mask: u8) -> Result<Self, Trouble> {
        match T::get(bytes, at, mask) {
            Ok(value) => Ok(Some(value)),
            Err(Trouble::Missing) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    fn put(&self, out: &mut [u8], at: usize, mask: u8) {
        if let Some(value) = self {
            value.put(out, at, mask);
        }
    }
}

impl Trouble {
    pub(crate) fn in_cdb(self, at: usize, mask: u8) -> FieldError {
        FieldError::cdb(u16::try_from(at).unwrap_or(u16::MAX), top_bit(mask))
    }

    pub(crate) fn in_parameter(self, at: usize, mask: u8) -> FieldError {
        FieldError::parameter(u16::try_from(at).unwrap_or(u16::MAX), top_bit(mask))
    }

    pub(crate) fn in_response(
        self,
        structure: &'static str,
        field: &'static str,
        byte: usize,
        got: usize,
    ) -> ResponseError {
        match self {
            Self::Missing => ResponseError::TooShort { structure, field, byte, got },
            Self::Invalid(value) => ResponseError::Invalid { structure, field, byte, value },
        }
    }
}

/// The bit pointer of a field; none where it fills its byte.
fn top_bit(mask: u8) -> Option<u8> {
    if mask == 0xFF { None } else { u8::try_from(mask.checked_ilog2()?).ok() }
}

/// Reads one field of an answer, for structures that are not a plain table.
pub(crate) fn read<T: Field>(
    structure: &'static str,
    field: &'static str,
    bytes: &[u8],
    at: usize,
) -> Result<T, ResponseError> {
    T::get(bytes, at, 0xFF).map_err(|t| t.in_response(structure, field, at, bytes.len()))
}

/// The part of an answer that its own 16-bit length field at byte 0 covers. The length counts the bytes after it.
pub(crate) fn sized16<'a>(structure: &'static str, bytes: &'a [u8]) -> Result<&'a [u8], ResponseError> {
    let length: u16 = read(structure, "data length", bytes, 0)?;
    Ok(bytes.get(..usize::from(length) + 2).unwrap_or(bytes))
}

/// Writes the 16-bit length at byte 0: all bytes after it. Answers of this crate stay far below 64 KiB; a list that
/// does not is cut where the field ends.
pub(crate) fn set_length16(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(usize::from(u16::MAX) + 2);
    let length = u16::try_from(bytes.len().saturating_sub(2)).unwrap_or(u16::MAX);
    length.put(&mut bytes, 0, 0xFF);
    bytes
}

/// Open code of one byte: named constants, any number kept.
macro_rules! open_code {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $value:literal, $text:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
        pub struct $name(pub u8);

        impl $name {
            $(#[doc = $text] $(#[$vmeta])* pub const $variant: Self = Self($value);)*
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.0 {
                    $($value => f.write_str($text.trim().trim_end_matches('.')),)*
                    other => write!(f, "code {other:02X}h"),
                }
            }
        }

        impl $crate::bytes::Field for $name {
            fn get(bytes: &[u8], at: usize, mask: u8) -> Result<Self, $crate::bytes::Trouble> {
                <u8 as $crate::bytes::Field>::get(bytes, at, mask).map(Self)
            }

            fn put(&self, out: &mut [u8], at: usize, mask: u8) {
                $crate::bytes::Field::put(&self.0, out, at, mask);
            }
        }
    };
}

/// Code whose other values the standard reserves: they are refused.
macro_rules! closed_code {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $value:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vmeta])* $variant = $value),* }

        impl $crate::bytes::Field for $name {
            fn get(bytes: &[u8], at: usize, mask: u8) -> Result<Self, $crate::bytes::Trouble> {
                match <u8 as $crate::bytes::Field>::get(bytes, at, mask)? {
                    $($value => Ok(Self::$variant),)*
                    other => Err($crate::bytes::Trouble::Invalid(other.into())),
                }
            }

            fn put(&self, out: &mut [u8], at: usize, mask: u8) {
                let number: u8 = match self { $(Self::$variant => $value),* };
                $crate::bytes::Field::put(&number, out, at, mask);
            }
        }
    };
}

macro_rules! mask {
    () => {
        0xFF
    };
    ($mask:literal) => {
        $mask
    };
}

/// A structure of fixed length: `field: type = byte & mask`.
macro_rules! layout {
    ($(#[$meta:meta])* $vis:vis struct $name:ident [$len:literal] $text:literal {
        $($(#[$fmeta:meta])* $field:ident: $ty:ty = $at:literal $(& $mask:literal)?,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
        $vis struct $name { $($(#[$fmeta])* $vis $field: $ty,)* }

        #[allow(dead_code, unused_mut, unused_variables, reason = "not every structure has fields or needs both directions")]
        impl $name {
            pub(crate) const LEN: usize = $len;

            pub(crate) fn read(bytes: &[u8]) -> Result<Self, $crate::ResponseError> {
                Ok(Self { $($field: $crate::bytes::Field::get(bytes, $at, $crate::bytes::mask!($($mask)?))
                    .map_err(|t| t.in_response($text, stringify!($field), $at, bytes.len()))?,)* })
            }

            /// For structures that grew: bytes past the end count as 0.
            pub(crate) fn read_padded(bytes: &[u8]) -> Result<Self, $crate::ResponseError> {
                let mut padded = [0; $len];
                for (place, byte) in padded.iter_mut().zip(bytes) {
                    *place = *byte;
                }
                Self::read(&padded)
            }

            pub(crate) fn read_parameter(bytes: &[u8]) -> Result<Self, $crate::FieldError> {
                Ok(Self { $($field: $crate::bytes::Field::get(bytes, $at, $crate::bytes::mask!($($mask)?))
                    .map_err(|t| t.in_parameter($at, $crate::bytes::mask!($($mask)?)))?,)* })
            }

            pub(crate) fn write(&self) -> [u8; $len] {
                let mut out = [0; $len];
                $($crate::bytes::Field::put(&self.$field, &mut out, $at, $crate::bytes::mask!($($mask)?));)*
                out
            }
        }
    };
}

/// A command block: `struct Name [length] OPCODE "STANDARD NAME" |c| transfer { field: type = byte & mask, }`.
macro_rules! command {
    ($(#[$meta:meta])* struct $name:ident [$len:literal] $opcode:ident $text:literal
        |$c:pat_param| $transfer:expr => {
        $($(#[$fmeta:meta])* $field:ident: $ty:ty = $at:literal $(& $mask:literal)?,)*
    }) => {
        $(#[$meta])*
        #[doc(alias = $text)]
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
        pub struct $name { $($(#[$fmeta])* pub $field: $ty,)* }

        impl $crate::Command for $name {
            const OPCODE: u8 = $crate::opcode::$opcode;
            const NAME: &'static str = $text;

            fn cdb(&self) -> glassmaster_scsi::Cdb {
                let mut out = [0u8; $len];
                out[0] = Self::OPCODE;
                $($crate::bytes::Field::put(&self.$field, &mut out, $at, $crate::bytes::mask!($($mask)?));)*
                glassmaster_scsi::Cdb::from(out)
            }

            fn parse(cdb: &glassmaster_scsi::Cdb) -> Result<Self, $crate::FieldError> {
                if cdb.opcode() != Self::OPCODE {
                    return Err($crate::FieldError::cdb(0, None));
                }
                #[allow(unused_variables, reason = "some commands have no field")]
                let bytes: [u8; 16] = std::array::from_fn(|i| cdb.byte(i));
                Ok(Self { $($field: $crate::bytes::Field::get(&bytes, $at, $crate::bytes::mask!($($mask)?))
                    .map_err(|t| t.in_cdb($at, $crate::bytes::mask!($($mask)?)))?,)* })
            }

            fn transfer(&self) -> $crate::Transfer {
                let $c = self;
                $transfer
            }
        }
    };
}

pub(crate) use {closed_code, command, layout, mask, open_code};
