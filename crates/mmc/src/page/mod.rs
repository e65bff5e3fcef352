//! Mode pages (MMC-6 7, SPC-4 7.5).

mod caching;
mod capabilities;
mod code;
mod power_condition;
mod read_write_error_recovery;
mod timeout_and_protect;
mod write_parameters;

pub use caching::Caching;
pub use capabilities::{Capabilities, LoadingMechanism, WriteSpeed};
pub use code::PageCode;
pub use power_condition::PowerConditionPage;
pub use read_write_error_recovery::ReadWriteErrorRecovery;
pub use timeout_and_protect::TimeoutAndProtect;
pub use write_parameters::{DataBlockType, MultiSession, SessionFormat, WriteParameters, WriteType};

use crate::field::{FieldError, ResponseError};

/// A mode page as bytes (MMC-6 7.2, SPC-4 7.5): what follows its page code and length.
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct ModePage {
    /// PS: the drive can save the page. Reserved in MODE SELECT.
    pub saveable: bool,
    /// PAGE CODE, 0-3Fh.
    pub code: u8,
    /// SUBPAGE CODE of the long form.
    pub subpage: Option<u8>,
    /// Mode parameters: byte 2 of the page and on (byte 4 in the long form).
    pub data: Vec<u8>,
}

impl ModePage {
    /// Cuts the first page off `bytes`; `None` when no whole page is left.
    #[must_use]
    pub fn split(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let flags = *bytes.first()?;
        let long = flags & 0x40 != 0;
        let (subpage, length, start) = if long {
            let length = u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]);
            (Some(*bytes.get(1)?), usize::from(length), 4)
        } else {
            (None, usize::from(*bytes.get(1)?), 2)
        };
        let data = bytes.get(start..start + length)?.to_vec();
        let page = Self { saveable: flags & 0x80 != 0, code: flags & 0x3F, subpage, data };
        Some((page, bytes.get(start + length..).unwrap_or(&[])))
    }

    /// The bytes with page code and length. Parameters past what the length field can count are cut off.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let code = self.code & 0x3F | if self.saveable { 0x80 } else { 0 };
        match self.subpage {
            None => {
                let length = u8::try_from(self.data.len()).unwrap_or(u8::MAX);
                let mut out = vec![code, length];
                out.extend(self.data.iter().take(length.into()));
                out
            }
            Some(subpage) => {
                let length = u16::try_from(self.data.len()).unwrap_or(u16::MAX);
                let [high, low] = length.to_be_bytes();
                let mut out = vec![code | 0x40, subpage, high, low];
                out.extend(self.data.iter().take(length.into()));
                out
            }
        }
    }

    /// The parameters that this page, sent with MODE SELECT, may not change: the first byte where it differs from
    /// `current` outside of the `changeable` mask, counted from the start of the page.
    ///
    /// # Errors
    /// [`FieldError`] at that byte, or at the length byte where the lengths differ.
    pub fn check_change(&self, current: &[u8], changeable: &[u8]) -> Result<(), FieldError> {
        if self.data.len() != current.len() {
            return Err(FieldError::parameter(1, None));
        }
        let masks = changeable.iter().copied().chain(std::iter::repeat(0));
        let start = if self.subpage.is_some() { 4 } else { 2 };
        for (i, ((new, old), mask)) in self.data.iter().zip(current).zip(masks).enumerate() {
            let wrong = (new ^ old) & !mask;
            if wrong != 0 {
                let bit = wrong.checked_ilog2().and_then(|b| u8::try_from(b).ok());
                return Err(FieldError::parameter(0, bit).shifted(start + i));
            }
        }
        Ok(())
    }

    /// The parameters as a known page. Read the changeable mask of a page the same way: a field that is not 0 may
    /// be changed, where its bits allow it.
    ///
    /// # Errors
    /// [`ResponseError`] when the code is another or a field is missing or wrong.
    pub fn decode<P: PageData>(&self) -> Result<P, ResponseError> {
        if self.code != P::CODE || self.subpage.is_some() {
            return Err(ResponseError::Invalid {
                structure: "mode page",
                field: "page code",
                byte: 0,
                value: self.code.into(),
            });
        }
        P::parse(&self.data)
    }

    /// The code with its name.
    #[must_use]
    pub const fn page_code(&self) -> PageCode {
        PageCode(self.code)
    }

    /// A known page as bytes.
    #[must_use]
    pub fn encode<P: PageData>(page: &P, saveable: bool) -> Self {
        Self { saveable, code: P::CODE, subpage: None, data: page.to_data() }
    }
}

/// A page with a structure of its own. Its data begins at byte 2 of the page.
pub trait PageData: Sized {
    /// PAGE CODE.
    const CODE: u8;

    /// Reads the parameters; pages that grew with the standard may end early.
    ///
    /// # Errors
    /// [`ResponseError`] naming the field that is missing or wrong.
    fn parse(data: &[u8]) -> Result<Self, ResponseError>;

    /// The parameters in their full length.
    fn to_data(&self) -> Vec<u8>;
}
