//! Result codes of IMAPI: what a script sees of an error.

use std::fmt;

/// A result code with IMAPI's numbers; bit 31 set means failure. Open: other numbers are kept.
#[doc(alias = "HRESULT")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HResult(pub u32);

impl HResult {
    /// Whether bit 31 is clear. Several codes other than `S_OK` are successes.
    #[doc(alias = "SUCCEEDED")]
    #[must_use]
    pub const fn succeeded(self) -> bool {
        self.0 & 0x8000_0000 == 0
    }

    /// The name in the IMAPI headers, `None` for other numbers.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|row| row.0 == self.0).map(|row| row.1)
    }
}

macro_rules! codes {
    ($($code:literal $name:ident $alias:literal $text:literal;)*) => {
        impl HResult {
            $(#[doc = $text] #[doc(alias = $alias)] pub const $name: Self = Self($code);)*
        }
        const NAMES: &[(u32, &str)] = &[$(($code, $alias)),*];
    };
}

codes! {
    0x0000_0000 OK "S_OK" "Success.";
    0x0000_0001 FALSE "S_FALSE" "Success with the answer no.";
    0x8000_4001 NOT_IMPLEMENTED "E_NOTIMPL" "The part does not exist.";
    0x8000_4003 POINTER "E_POINTER" "Missing argument or, on some getters, no recorder bound.";
    0x8000_4005 FAIL "E_FAIL" "Failure without a code of its own.";
    0x8007_0005 ACCESS_DENIED "E_ACCESSDENIED" "The device is in use by another program.";
    0x8007_0006 INVALID_HANDLE "E_HANDLE" "The handle of the device is bad.";
    0x8007_000E OUT_OF_MEMORY "E_OUTOFMEMORY" "Out of memory.";
    0x8007_0037 DEVICE_GONE "ERROR_DEV_NOT_EXIST" "The device no longer exists.";
    0x8007_0057 INVALID_ARGUMENT "E_INVALIDARG" "An argument is out of range.";
    0xC0AA_0002 REQUEST_CANCELLED "E_IMAPI_REQUEST_CANCELLED" "The operation was cancelled.";
    0xC0AA_0003 RECORDER_REQUIRED "E_IMAPI_RECORDER_REQUIRED" "No recorder is set.";
    0x00AA_0004 SPEED_ADJUSTED "S_IMAPI_SPEEDADJUSTED" "Success; the drive took another speed.";
    0x00AA_0005 ROTATION_ADJUSTED "S_IMAPI_ROTATIONADJUSTED" "Success; the drive took another rotation control.";
    0x00AA_0006 BOTH_ADJUSTED "S_IMAPI_BOTHADJUSTED" "Success; another speed and another rotation control.";
    0xC0AA_0007 BURN_VERIFICATION_FAILED "E_IMAPI_BURN_VERIFICATION_FAILED" "What was read back differs from what was sent.";
    0x00AA_0200 COMMAND_HAS_SENSE_DATA "S_IMAPI_COMMAND_HAS_SENSE_DATA" "The drive answered a raw command with sense data.";
    0xC0AA_0201 NO_SUCH_MODE_PAGE "E_IMAPI_RECORDER_NO_SUCH_MODE_PAGE" "The drive lacks this mode page.";
    0xC0AA_0202 NO_MEDIA "E_IMAPI_RECORDER_MEDIA_NO_MEDIA" "No medium.";
    0xC0AA_0203 MEDIA_INCOMPATIBLE "E_IMAPI_RECORDER_MEDIA_INCOMPATIBLE" "Medium of an incompatible or unknown format.";
    0xC0AA_0204 MEDIA_UPSIDE_DOWN "E_IMAPI_RECORDER_MEDIA_UPSIDE_DOWN" "Medium inserted upside down.";
    0xC0AA_0205 MEDIA_BECOMING_READY "E_IMAPI_RECORDER_MEDIA_BECOMING_READY" "Medium is being loaded.";
    0xC0AA_0206 MEDIA_FORMAT_IN_PROGRESS "E_IMAPI_RECORDER_MEDIA_FORMAT_IN_PROGRESS" "Medium is being formatted.";
    0xC0AA_0207 MEDIA_BUSY "E_IMAPI_RECORDER_MEDIA_BUSY" "A long operation is running.";
    0xC0AA_0208 INVALID_MODE_PARAMETERS "E_IMAPI_RECORDER_INVALID_MODE_PARAMETERS" "The drive refused these mode parameters.";
    0xC0AA_0209 MEDIA_WRITE_PROTECTED "E_IMAPI_RECORDER_MEDIA_WRITE_PROTECTED" "Medium is write protected.";
    0xC0AA_020A NO_SUCH_FEATURE "E_IMAPI_RECORDER_NO_SUCH_FEATURE" "The drive lacks the feature.";
    0xC0AA_020B FEATURE_IS_NOT_CURRENT "E_IMAPI_RECORDER_FEATURE_IS_NOT_CURRENT" "The feature is not current with this medium.";
    0xC0AA_020C GET_CONFIGURATION_NOT_SUPPORTED "E_IMAPI_RECORDER_GET_CONFIGURATION_NOT_SUPPORTED" "The drive lacks GET CONFIGURATION.";
    0xC0AA_020D COMMAND_TIMEOUT "E_IMAPI_RECORDER_COMMAND_TIMEOUT" "The drive did not answer in time.";
    0xC0AA_020E DVD_STRUCTURE_NOT_PRESENT "E_IMAPI_RECORDER_DVD_STRUCTURE_NOT_PRESENT" "The medium lacks this structure.";
    0xC0AA_020F MEDIA_SPEED_MISMATCH "E_IMAPI_RECORDER_MEDIA_SPEED_MISMATCH" "The speed of the medium does not fit the drive.";
    0xC0AA_0210 LOCKED "E_IMAPI_RECORDER_LOCKED" "Another owner holds exclusive access.";
    0xC0AA_0211 CLIENT_NAME_IS_NOT_VALID "E_IMAPI_RECORDER_CLIENT_NAME_IS_NOT_VALID" "The owner's name breaks the rules.";
    0xC0AA_0212 MEDIA_NOT_FORMATTED "E_IMAPI_RECORDER_MEDIA_NOT_FORMATTED" "Medium is not formatted.";
    0xC0AA_02FF INVALID_RESPONSE_FROM_DEVICE "E_IMAPI_RECORDER_INVALID_RESPONSE_FROM_DEVICE" "The drive's answer makes no sense.";
    0xC0AA_0300 LOSS_OF_STREAMING "E_IMAPI_LOSS_OF_STREAMING" "The drive's buffer ran empty while writing.";
    0xC0AA_0301 UNEXPECTED_RESPONSE_FROM_DEVICE "E_IMAPI_UNEXPECTED_RESPONSE_FROM_DEVICE" "An error of the drive that has no code of its own.";
    0x00AA_0302 WRITE_NOT_IN_PROGRESS "S_IMAPI_WRITE_NOT_IN_PROGRESS" "Success; the write has not begun and cannot be cancelled yet.";
    0xC0AA_0400 DATA_WRITE_IN_PROGRESS "E_IMAPI_DF2DATA_WRITE_IN_PROGRESS" "A write is running.";
    0xC0AA_0401 DATA_WRITE_NOT_IN_PROGRESS "E_IMAPI_DF2DATA_WRITE_NOT_IN_PROGRESS" "There is nothing to cancel.";
    0xC0AA_0402 DATA_INVALID_MEDIA_STATE "E_IMAPI_DF2DATA_INVALID_MEDIA_STATE" "The state of the medium does not allow this.";
    0xC0AA_0403 DATA_STREAM_NOT_SUPPORTED "E_IMAPI_DF2DATA_STREAM_NOT_SUPPORTED" "The stream is empty or no multiple of 2048 bytes.";
    0xC0AA_0404 DATA_STREAM_TOO_LARGE "E_IMAPI_DF2DATA_STREAM_TOO_LARGE_FOR_CURRENT_MEDIA" "The stream does not fit the medium.";
    0xC0AA_0405 DATA_MEDIA_NOT_BLANK "E_IMAPI_DF2DATA_MEDIA_NOT_BLANK" "The medium holds data and overwriting was not asked for.";
    0xC0AA_0406 DATA_MEDIA_IS_NOT_SUPPORTED "E_IMAPI_DF2DATA_MEDIA_IS_NOT_SUPPORTED" "Data cannot be written to this type of medium.";
    0xC0AA_0407 DATA_RECORDER_NOT_SUPPORTED "E_IMAPI_DF2DATA_RECORDER_NOT_SUPPORTED" "The drive cannot write data discs.";
    0xC0AA_0408 DATA_CLIENT_NAME_IS_NOT_VALID "E_IMAPI_DF2DATA_CLIENT_NAME_IS_NOT_VALID" "The owner's name breaks the rules.";
}

impl fmt::Display for HResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} (0x{:08X})", self.0),
            None => write!(f, "0x{:08X}", self.0),
        }
    }
}

impl fmt::Debug for HResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn successes_are_told_from_failures_by_bit_31() {
        assert!(HResult::SPEED_ADJUSTED.succeeded());
        assert!(HResult::COMMAND_HAS_SENSE_DATA.succeeded());
        assert!(!HResult::NO_MEDIA.succeeded());
        assert_eq!(HResult::NO_MEDIA.to_string(), "E_IMAPI_RECORDER_MEDIA_NO_MEDIA (0xC0AA0202)");
        assert_eq!(HResult(0xC0AA_0999).to_string(), "0xC0AA0999");
    }

    #[test]
    fn no_number_has_two_names() {
        let mut seen: Vec<u32> = NAMES.iter().map(|row| row.0).collect();
        seen.sort_unstable();
        assert!(seen.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
