//! The one success that is not a plain one.

use glassmaster_disc::HResult;

/// What became of a setting, stream or mark that was accepted.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It will be in the image.
    Done,
    /// It is kept, but the file systems selected now, or the UDF revision, cannot record it.
    #[doc(alias = "IMAPI_S_IMAGE_FEATURE_NOT_SUPPORTED")]
    Stored,
}

impl Outcome {
    pub(super) fn representable(yes: bool) -> Self {
        if yes { Self::Done } else { Self::Stored }
    }

    /// Whether it will be in the image.
    #[must_use]
    pub fn is_representable(self) -> bool {
        self == Self::Done
    }

    /// The success code.
    #[must_use]
    pub fn hresult(self) -> HResult {
        match self {
            Self::Done => HResult::OK,
            Self::Stored => HResult::IMAGE_FEATURE_NOT_SUPPORTED,
        }
    }
}
