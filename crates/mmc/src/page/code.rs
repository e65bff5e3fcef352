//! Codes of the mode pages.

use std::fmt;

/// PAGE CODE of a mode page (MMC-6 7.1, SPC-4 7.5.1). Open: unknown numbers are kept.
#[doc(alias = "IMAPI_MODE_PAGE_TYPE")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct PageCode(pub u8);

macro_rules! page_codes {
    ($($code:literal $name:ident $text:literal $($alias:literal)?;)*) => {
        impl PageCode {
            $(#[doc = concat!($text, ".")]
              $(#[doc(alias = $alias)])?
              pub const $name: Self = Self($code);)*

            /// The name in the standards, `None` for codes that MMC-6 does not list.
            #[must_use]
            pub const fn label(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

page_codes! {
    0x01 READ_WRITE_ERROR_RECOVERY "Read/Write Error Recovery" "IMAPI_MODE_PAGE_TYPE_READ_WRITE_ERROR_RECOVERY";
    0x03 MRW "Mount Rainier Rewritable" "IMAPI_MODE_PAGE_TYPE_MRW";
    0x05 WRITE_PARAMETERS "Write Parameters" "IMAPI_MODE_PAGE_TYPE_WRITE_PARAMETERS";
    0x08 CACHING "Caching" "IMAPI_MODE_PAGE_TYPE_CACHING";
    0x0D CD_DEVICE_PARAMETERS "CD Device Parameters";
    0x0E CD_AUDIO_CONTROL "CD Audio Control";
    0x1A POWER_CONDITION "Power Condition" "IMAPI_MODE_PAGE_TYPE_POWER_CONDITION";
    0x1C INFORMATIONAL_EXCEPTIONS "Informational Exceptions Control"
        "IMAPI_MODE_PAGE_TYPE_INFORMATIONAL_EXCEPTIONS";
    0x1D TIMEOUT_AND_PROTECT "Timeout and Protect" "IMAPI_MODE_PAGE_TYPE_TIMEOUT_AND_PROTECT";
    0x2A CAPABILITIES "C/DVD Capabilities and Mechanical Status" "IMAPI_MODE_PAGE_TYPE_LEGACY_CAPABILITIES";
}

impl fmt::Display for PageCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.label() {
            Some(text) => f.write_str(text),
            None => write!(f, "mode page {:02X}h", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::{
        Caching, Capabilities, PageData, PowerConditionPage, ReadWriteErrorRecovery, TimeoutAndProtect,
        WriteParameters,
    };

    #[test]
    fn pages_with_a_structure_have_their_code() {
        for (code, page) in [
            (PageCode::READ_WRITE_ERROR_RECOVERY, ReadWriteErrorRecovery::CODE),
            (PageCode::WRITE_PARAMETERS, WriteParameters::CODE),
            (PageCode::CACHING, Caching::CODE),
            (PageCode::POWER_CONDITION, PowerConditionPage::CODE),
            (PageCode::TIMEOUT_AND_PROTECT, TimeoutAndProtect::CODE),
            (PageCode::CAPABILITIES, Capabilities::CODE),
        ] {
            assert_eq!(code.0, page, "{code}");
        }
        assert_eq!(
            (PageCode(0x03).to_string().as_str(), PageCode(0x1C).label().is_some()),
            ("Mount Rainier Rewritable", true)
        );
        assert_eq!(PageCode(0x3E).to_string(), "mode page 3Eh");
    }
}
