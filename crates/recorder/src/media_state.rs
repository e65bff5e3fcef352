//! State of a medium in IMAPI's flags.

use std::fmt;

use bitflags::bitflags;

bitflags! {
    /// What can be done with a medium. It is unusable exactly when it has a flag of [`MediaState::UNSUPPORTED_MASK`].
    #[doc(alias = "IMAPI_FORMAT2_DATA_MEDIA_STATE")]
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Default)]
    pub struct MediaState: u32 {
        /// Can only be overwritten; all of it can be written at any time.
        #[doc(alias = "IMAPI_FORMAT2_DATA_MEDIA_STATE_OVERWRITE_ONLY")]
        #[doc(alias = "IMAPI_FORMAT2_DATA_MEDIA_STATE_RANDOMLY_WRITABLE")]
        const OVERWRITE_ONLY = 0x0001;
        /// Never used, or erased.
        #[doc(alias = "IMAPI_FORMAT2_DATA_MEDIA_STATE_BLANK")]
        const BLANK = 0x0002;
        /// Further sessions are possible.
        #[doc(alias = "IMAPI_FORMAT2_DATA_MEDIA_STATE_APPENDABLE")]
        const APPENDABLE = 0x0004;
        /// Only one more session is possible.
        #[doc(alias = "IMAPI_FORMAT2_DATA_MEDIA_STATE_FINAL_SESSION")]
        const FINAL_SESSION = 0x0008;
        /// Broken, or not understood.
        #[doc(alias = "IMAPI_FORMAT2_DATA_MEDIA_STATE_DAMAGED")]
        const DAMAGED = 0x0400;
        /// Has to be erased first.
        #[doc(alias = "IMAPI_FORMAT2_DATA_MEDIA_STATE_ERASE_REQUIRED")]
        const ERASE_REQUIRED = 0x0800;
        /// The last session was begun and not finished.
        #[doc(alias = "IMAPI_FORMAT2_DATA_MEDIA_STATE_NON_EMPTY_SESSION")]
        const NON_EMPTY_SESSION = 0x1000;
        /// Medium or drive is protected.
        #[doc(alias = "IMAPI_FORMAT2_DATA_MEDIA_STATE_WRITE_PROTECTED")]
        const WRITE_PROTECTED = 0x2000;
        /// Closed for good.
        #[doc(alias = "IMAPI_FORMAT2_DATA_MEDIA_STATE_FINALIZED")]
        const FINALIZED = 0x4000;
        /// Of a type that cannot be written.
        #[doc(alias = "IMAPI_FORMAT2_DATA_MEDIA_STATE_UNSUPPORTED_MEDIA")]
        const UNSUPPORTED_MEDIA = 0x8000;
    }
}

impl MediaState {
    /// No flag: nothing is known of the medium.
    #[doc(alias = "IMAPI_FORMAT2_DATA_MEDIA_STATE_UNKNOWN")]
    pub const UNKNOWN: Self = Self::empty();
    /// Flags that only inform.
    #[doc(alias = "IMAPI_FORMAT2_DATA_MEDIA_STATE_INFORMATIONAL_MASK")]
    pub const INFORMATIONAL_MASK: u32 = 0x000F;
    /// Flags that make a medium unusable.
    #[doc(alias = "IMAPI_FORMAT2_DATA_MEDIA_STATE_UNSUPPORTED_MASK")]
    pub const UNSUPPORTED_MASK: u32 = 0xFC00;

    /// Whether nothing can be written.
    #[must_use]
    pub const fn is_unusable(self) -> bool {
        self.bits() & Self::UNSUPPORTED_MASK != 0
    }
}

bitflags! {
    /// Why a medium cannot be written; empty when it can.
    #[doc(alias = "IMAPI_MEDIA_WRITE_PROTECT_STATE")]
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Default)]
    pub struct WriteProtectState: u32 {
        /// Until the drive is switched off.
        #[doc(alias = "IMAPI_WRITEPROTECTED_UNTIL_POWERDOWN")]
        const UNTIL_POWERDOWN = 0x0001;
        /// By the tab of the cartridge.
        #[doc(alias = "IMAPI_WRITEPROTECTED_BY_CARTRIDGE")]
        const BY_CARTRIDGE = 0x0002;
        /// For a reason of the medium itself, such as used up spare areas.
        #[doc(alias = "IMAPI_WRITEPROTECTED_BY_MEDIA_SPECIFIC_REASON")]
        const BY_MEDIA_SPECIFIC_REASON = 0x0004;
        /// By a flag stored on the medium.
        #[doc(alias = "IMAPI_WRITEPROTECTED_BY_SOFTWARE_WRITE_PROTECT")]
        const BY_SOFTWARE_WRITE_PROTECT = 0x0008;
        /// By the write inhibit disc control block of DVD+RW.
        #[doc(alias = "IMAPI_WRITEPROTECTED_BY_DISC_CONTROL_BLOCK")]
        const BY_DISC_CONTROL_BLOCK = 0x0010;
        /// The medium is a read-only one.
        #[doc(alias = "IMAPI_WRITEPROTECTED_READ_ONLY_MEDIA")]
        const READ_ONLY_MEDIA = 0x4000;
    }
}

impl fmt::Display for WriteProtectState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (Self::UNTIL_POWERDOWN, "until the drive is switched off"),
            (Self::BY_CARTRIDGE, "by the tab of its cartridge"),
            (Self::BY_MEDIA_SPECIFIC_REASON, "by the state of the disc itself"),
            (Self::BY_SOFTWARE_WRITE_PROTECT, "by a mark on the disc"),
            (Self::BY_DISC_CONTROL_BLOCK, "by a control block on the disc"),
            (Self::READ_ONLY_MEDIA, "it is a read-only disc"),
        ];
        let mut first = true;
        for (flag, text) in words {
            if self.contains(flag) {
                f.write_str(if first { "" } else { ", " })?;
                f.write_str(text)?;
                first = false;
            }
        }
        if first { f.write_str("not protected") } else { Ok(()) }
    }
}
