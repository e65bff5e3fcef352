//! Result codes of IMAPI, both halves: what a script sees of an error.

use std::fmt;

/// A result code with IMAPI's numbers; bit 31 set means failure. Open: other numbers are kept.
#[doc(alias = "HRESULT")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HResult(pub u32);

impl HResult {
    /// Facility of all codes of IMAPI, successes and failures alike.
    #[doc(alias = "FACILITY_IMAPI2")]
    pub const FACILITY: u16 = 0xAA;

    /// Which part of a system a code is from: bits 16 to 26.
    #[must_use]
    pub const fn facility(self) -> u16 {
        let [high, low, ..] = self.0.to_be_bytes();
        u16::from_be_bytes([high & 0x07, low])
    }

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

/// The answer of the questions what is supported: `S_OK` for yes, `S_FALSE` for no, both of them successes.
impl From<bool> for HResult {
    fn from(yes: bool) -> Self {
        if yes { Self::OK } else { Self::FALSE }
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
    0x8000_4002 NO_INTERFACE "E_NOINTERFACE" "The object is of another kind.";
    0x8000_4003 POINTER "E_POINTER" "Missing argument or, on some getters, no recorder bound.";
    0x8000_4005 FAIL "E_FAIL" "Failure without a code of its own.";
    0x8003_0001 STORAGE_INVALID_FUNCTION "STG_E_INVALIDFUNCTION" "A stream does not do this.";
    0x8003_0005 STORAGE_ACCESS_DENIED "STG_E_ACCESSDENIED" "A stream that can only be read.";
    0x8007_0002 HOST_FILE_NOT_FOUND "ERROR_FILE_NOT_FOUND" "The host has no such file.";
    0x8007_0003 HOST_PATH_NOT_FOUND "ERROR_PATH_NOT_FOUND" "The host has no directory on the way to it.";
    0x8007_0005 ACCESS_DENIED "E_ACCESSDENIED" "The device is in use by another program.";
    0x8007_0006 INVALID_HANDLE "E_HANDLE" "The handle of the device is bad.";
    0x8007_000E OUT_OF_MEMORY "E_OUTOFMEMORY" "Out of memory.";
    0x8007_0037 DEVICE_GONE "ERROR_DEV_NOT_EXIST" "The device no longer exists.";
    0x8007_0057 INVALID_ARGUMENT "E_INVALIDARG" "An argument is out of range.";
    0x8007_0070 HOST_DISK_FULL "ERROR_DISK_FULL" "The file system of the host is full.";
    0x8007_00CE HOST_NAME_TOO_LONG "ERROR_FILENAME_EXCED_RANGE" "The path is longer than the host allows.";
    0x8007_010B HOST_NOT_A_DIRECTORY "ERROR_DIRECTORY" "A component of the path is no directory.";
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
    0x80AA_0900 ERASE_RECORDER_IN_USE "E_IMAPI_ERASE_RECORDER_IN_USE" "The recorder is erasing.";
    0x80AA_0901 ERASE_ONLY_ONE_RECORDER_SUPPORTED "E_IMAPI_ERASE_ONLY_ONE_RECORDER_SUPPORTED" "A recorder is set already; it has to be cleared first.";
    0x80AA_0902 ERASE_DISC_INFORMATION_TOO_SMALL "E_IMAPI_ERASE_DISC_INFORMATION_TOO_SMALL" "The drive's disc information is cut.";
    0x80AA_0903 ERASE_MODE_PAGE_2A_TOO_SMALL "E_IMAPI_ERASE_MODE_PAGE_2A_TOO_SMALL" "The drive's mode page 2Ah is cut.";
    0x80AA_0904 ERASE_MEDIA_IS_NOT_ERASABLE "E_IMAPI_ERASE_MEDIA_IS_NOT_ERASABLE" "The drive says that the medium cannot be erased.";
    0x80AA_0905 ERASE_DRIVE_FAILED_ERASE_COMMAND "E_IMAPI_ERASE_DRIVE_FAILED_ERASE_COMMAND" "The drive refused to erase.";
    0x80AA_0906 ERASE_TOOK_LONGER_THAN_ONE_HOUR "E_IMAPI_ERASE_TOOK_LONGER_THAN_ONE_HOUR" "The drive was not done in time.";
    0x80AA_0907 ERASE_UNEXPECTED_DRIVE_RESPONSE "E_IMAPI_ERASE_UNEXPECTED_DRIVE_RESPONSE_DURING_ERASE" "An error while erasing; the state of the medium is not known.";
    0x80AA_0908 ERASE_DRIVE_FAILED_SPINUP_COMMAND "E_IMAPI_ERASE_DRIVE_FAILED_SPINUP_COMMAND" "The medium does not spin up.";
    0xC0AA_0909 ERASE_MEDIA_IS_NOT_SUPPORTED "E_IMAPI_ERASE_MEDIA_IS_NOT_SUPPORTED" "This type of medium cannot be erased.";
    0xC0AA_090A ERASE_RECORDER_NOT_SUPPORTED "E_IMAPI_ERASE_RECORDER_NOT_SUPPORTED" "The drive cannot erase.";
    0xC0AA_090B ERASE_CLIENT_NAME_IS_NOT_VALID "E_IMAPI_ERASE_CLIENT_NAME_IS_NOT_VALID" "The owner's name breaks the rules.";
    0x80AA_0A00 RAW_IMAGE_IS_READ_ONLY "E_IMAPI_RAW_IMAGE_IS_READ_ONLY" "The raw image has been made and cannot be changed.";
    0x80AA_0A01 RAW_IMAGE_TOO_MANY_TRACKS "E_IMAPI_RAW_IMAGE_TOO_MANY_TRACKS" "The raw image would have a track beyond number 99.";
    0x80AA_0A02 RAW_IMAGE_SECTOR_TYPE_NOT_SUPPORTED "E_IMAPI_RAW_IMAGE_SECTOR_TYPE_NOT_SUPPORTED" "A raw image is not made of such sectors.";
    0x80AA_0A03 RAW_IMAGE_NO_TRACKS "E_IMAPI_RAW_IMAGE_NO_TRACKS" "The raw image needs a track first.";
    0x80AA_0A04 RAW_IMAGE_TRACKS_ALREADY_ADDED "E_IMAPI_RAW_IMAGE_TRACKS_ALREADY_ADDED" "Only possible before the first track is added.";
    0x80AA_0A05 RAW_IMAGE_INSUFFICIENT_SPACE "E_IMAPI_RAW_IMAGE_INSUFFICIENT_SPACE" "The track would pass the limit of the lead-out.";
    0x80AA_0A06 RAW_IMAGE_TOO_MANY_TRACK_INDEXES "E_IMAPI_RAW_IMAGE_TOO_MANY_TRACK_INDEXES" "The track would have more than 99 indexes.";
    0x80AA_0A07 RAW_IMAGE_TRACK_INDEX_NOT_FOUND "E_IMAPI_RAW_IMAGE_TRACK_INDEX_NOT_FOUND" "No index begins there.";
    0x00AA_0A08 RAW_IMAGE_TRACK_INDEX_ALREADY_EXISTS "S_IMAPI_RAW_IMAGE_TRACK_INDEX_ALREADY_EXISTS" "Success; an index begins there already.";
    0x80AA_0A09 RAW_IMAGE_TRACK_INDEX_OFFSET_ZERO_CANNOT_BE_CLEARED "E_IMAPI_RAW_IMAGE_TRACK_INDEX_OFFSET_ZERO_CANNOT_BE_CLEARED" "Index 1 of a track stays.";
    0x80AA_0A0A RAW_IMAGE_TRACK_INDEX_TOO_CLOSE_TO_OTHER_INDEX "E_IMAPI_RAW_IMAGE_TRACK_INDEX_TOO_CLOSE_TO_OTHER_INDEX" "An index would be shorter than ten sectors.";
    0xC0AA_B100 FSI_INTERNAL_ERROR "IMAPI_E_FSI_INTERNAL_ERROR" "A state that should never occur.";
    0xC0AA_B101 INVALID_PARAM "IMAPI_E_INVALID_PARAM" "A parameter has a value that cannot be accepted.";
    0xC0AA_B102 READONLY "IMAPI_E_READONLY" "A result of the image exists, or the data of the item is fixed.";
    0xC0AA_B103 NO_OUTPUT "IMAPI_E_NO_OUTPUT" "No file system is selected.";
    0xC0AA_B104 INVALID_VOLUME_NAME "IMAPI_E_INVALID_VOLUME_NAME" "Volume name too long or with characters it must not have.";
    0xC0AA_B105 INVALID_DATE "IMAPI_E_INVALID_DATE" "One time of an item lies before another that it cannot precede.";
    0xC0AA_B106 FILE_SYSTEM_NOT_EMPTY "IMAPI_E_FILE_SYSTEM_NOT_EMPTY" "Only possible while the image is empty.";
    0xC0AA_B108 NOT_FILE "IMAPI_E_NOT_FILE" "The item is no file.";
    0xC0AA_B109 NOT_DIR "IMAPI_E_NOT_DIR" "The item is no directory.";
    0xC0AA_B10A DIR_NOT_EMPTY "IMAPI_E_DIR_NOT_EMPTY" "The directory has children.";
    0xC0AA_B10B NOT_IN_FILE_SYSTEM "IMAPI_E_NOT_IN_FILE_SYSTEM" "The item is not part of the tree.";
    0xC0AA_B110 INVALID_PATH "IMAPI_E_INVALID_PATH" "Path malformed or with characters it must not have.";
    0xC0AA_B111 RESTRICTED_NAME_VIOLATION "IMAPI_E_RESTRICTED_NAME_VIOLATION" "Name outside the restricted character set.";
    0xC0AA_B112 DUP_NAME "IMAPI_E_DUP_NAME" "The name exists already.";
    0xC0AA_B113 NO_UNIQUE_NAME "IMAPI_E_NO_UNIQUE_NAME" "No unique name can be derived for a file system.";
    0xC0AA_B118 ITEM_NOT_FOUND "IMAPI_E_ITEM_NOT_FOUND" "No such item in the tree.";
    0xC0AA_B119 FILE_NOT_FOUND "IMAPI_E_FILE_NOT_FOUND" "No such file or stream in the tree.";
    0xC0AA_B11A DIR_NOT_FOUND "IMAPI_E_DIR_NOT_FOUND" "No such directory in the tree.";
    0xC0AA_B120 IMAGE_SIZE_LIMIT "IMAPI_E_IMAGE_SIZE_LIMIT" "The image would need more sectors than there are.";
    0xC0AA_B121 IMAGE_TOO_BIG "IMAPI_E_IMAGE_TOO_BIG" "A limit below what the image needs already.";
    0xC0AA_B128 DATA_STREAM_INCONSISTENCY "IMAPI_E_DATA_STREAM_INCONSISTENCY" "A source gave more or fewer bytes than it had announced.";
    0xC0AA_B129 DATA_STREAM_READ_FAILURE "IMAPI_E_DATA_STREAM_READ_FAILURE" "A source cannot be read.";
    0xC0AA_B12A DATA_STREAM_CREATE_FAILURE "IMAPI_E_DATA_STREAM_CREATE_FAILURE" "A source file cannot be opened.";
    0xC0AA_B12B DIRECTORY_READ_FAILURE "IMAPI_E_DIRECTORY_READ_FAILURE" "A source directory cannot be listed.";
    0xC0AA_B130 TOO_MANY_DIRS "IMAPI_E_TOO_MANY_DIRS" "More directories than a file system can hold.";
    0xC0AA_B131 ISO9660_LEVELS "IMAPI_E_ISO9660_LEVELS" "More than 8 levels of directories in ISO 9660.";
    0xC0AA_B132 DATA_TOO_BIG "IMAPI_E_DATA_TOO_BIG" "A file is larger than a file system can hold.";
    0xC0AA_B133 INCOMPATIBLE_PREVIOUS_SESSION "IMAPI_E_INCOMPATIBLE_PREVIOUS_SESSION" "The layout of the earlier session does not allow this.";
    0xC0AA_B138 STASHFILE_OPEN_FAILURE "IMAPI_E_STASHFILE_OPEN_FAILURE" "The stash file cannot be created.";
    0xC0AA_B139 STASHFILE_SEEK_FAILURE "IMAPI_E_STASHFILE_SEEK_FAILURE" "A position in the stash file cannot be reached.";
    0xC0AA_B13A STASHFILE_WRITE_FAILURE "IMAPI_E_STASHFILE_WRITE_FAILURE" "The stash file cannot be written.";
    0xC0AA_B13B STASHFILE_READ_FAILURE "IMAPI_E_STASHFILE_READ_FAILURE" "The stash file cannot be read.";
    0xC0AA_B140 INVALID_WORKING_DIRECTORY "IMAPI_E_INVALID_WORKING_DIRECTORY" "The working directory cannot be used.";
    0xC0AA_B141 WORKING_DIRECTORY_SPACE "IMAPI_E_WORKING_DIRECTORY_SPACE" "Too little room in the working directory.";
    0xC0AA_B142 STASHFILE_MOVE "IMAPI_E_STASHFILE_MOVE" "The stash file cannot be moved to the new working directory.";
    0xC0AA_B148 BOOT_IMAGE_DATA "IMAPI_E_BOOT_IMAGE_DATA" "A boot image is missing, empty or unreadable.";
    0xC0AA_B149 BOOT_OBJECT_CONFLICT "IMAPI_E_BOOT_OBJECT_CONFLICT" "Only the first session can hold boot images.";
    0xC0AA_B14A BOOT_EMULATION_IMAGE_SIZE_MISMATCH "IMAPI_E_BOOT_EMULATION_IMAGE_SIZE_MISMATCH" "The boot image does not have the size of the emulated medium.";
    0xC0AA_B150 EMPTY_DISC "IMAPI_E_EMPTY_DISC" "The medium is blank.";
    0xC0AA_B151 NO_SUPPORTED_FILE_SYSTEM "IMAPI_E_NO_SUPPORTED_FILE_SYSTEM" "No file system that can be imported.";
    0xC0AA_B152 FILE_SYSTEM_NOT_FOUND "IMAPI_E_FILE_SYSTEM_NOT_FOUND" "The wanted file system is not on the disc.";
    0xC0AA_B153 FILE_SYSTEM_READ_CONSISTENCY_ERROR "IMAPI_E_FILE_SYSTEM_READ_CONSISTENCY_ERROR" "The file system on the disc is damaged.";
    0xC0AA_B154 FILE_SYSTEM_FEATURE_NOT_SUPPORTED "IMAPI_E_FILE_SYSTEM_FEATURE_NOT_SUPPORTED" "The file system on the disc uses something that cannot be imported.";
    0xC0AA_B155 IMPORT_TYPE_COLLISION_FILE_EXISTS_AS_DIRECTORY "IMAPI_E_IMPORT_TYPE_COLLISION_FILE_EXISTS_AS_DIRECTORY" "An imported file has the name of a directory of the tree.";
    0xC0AA_B156 IMPORT_SEEK_FAILURE "IMAPI_E_IMPORT_SEEK_FAILURE" "A sector of the disc to be imported cannot be reached.";
    0xC0AA_B157 IMPORT_READ_FAILURE "IMAPI_E_IMPORT_READ_FAILURE" "A sector of the disc to be imported cannot be read.";
    0xC0AA_B158 DISC_MISMATCH "IMAPI_E_DISC_MISMATCH" "The disc is not the one that was imported.";
    0xC0AA_B159 IMPORT_MEDIA_NOT_ALLOWED "IMAPI_E_IMPORT_MEDIA_NOT_ALLOWED" "No further sessions on this type of medium.";
    0xC0AA_B15A UDF_NOT_WRITE_COMPATIBLE "IMAPI_E_UDF_NOT_WRITE_COMPATIBLE" "The UDF revision of the disc cannot be written.";
    0xC0AA_B15B INCOMPATIBLE_MULTISESSION_TYPE "IMAPI_E_INCOMPATIBLE_MULTISESSION_TYPE" "The multisession interface marked as used does not fit.";
    0xC0AA_B15C NO_COMPATIBLE_MULTISESSION_TYPE "IMAPI_E_NO_COMPATIBLE_MULTISESSION_TYPE" "No multisession interface fits, or there is no medium.";
    0xC0AA_B15D MULTISESSION_NOT_SET "IMAPI_E_MULTISESSION_NOT_SET" "The multisession interfaces have to be set first.";
    0xC0AA_B15E IMPORT_TYPE_COLLISION_DIRECTORY_EXISTS_AS_FILE "IMAPI_E_IMPORT_TYPE_COLLISION_DIRECTORY_EXISTS_AS_FILE" "An imported directory has the name of a file of the tree.";
    0x00AA_B15F IMAGE_FEATURE_NOT_SUPPORTED "IMAPI_S_IMAGE_FEATURE_NOT_SUPPORTED" "Success; stored, but the selected file systems cannot record it.";
    0xC0AA_B160 PROPERTY_NOT_ACCESSIBLE "IMAPI_E_PROPERTY_NOT_ACCESSIBLE" "The item has no such property.";
    0xC0AA_B161 UDF_REVISION_CHANGE_NOT_ALLOWED "IMAPI_E_UDF_REVISION_CHANGE_NOT_ALLOWED" "The imported session fixes the UDF revision.";
    0xC0AA_B162 BAD_MULTISESSION_PARAMETER "IMAPI_E_BAD_MULTISESSION_PARAMETER" "A property of a multisession interface is wrong or unreadable.";
    0xC0AA_B163 FILE_SYSTEM_CHANGE_NOT_ALLOWED "IMAPI_E_FILE_SYSTEM_CHANGE_NOT_ALLOWED" "The new session needs the file systems of the imported one.";
    0xC0AA_B200 IMAGEMANAGER_IMAGE_NOT_ALIGNED "IMAPI_E_IMAGEMANAGER_IMAGE_NOT_ALIGNED" "The size of the image is no multiple of 2048.";
    0xC0AA_B201 IMAGEMANAGER_NO_VALID_VD_FOUND "IMAPI_E_IMAGEMANAGER_NO_VALID_VD_FOUND" "The image has no volume descriptor.";
    0xC0AA_B202 IMAGEMANAGER_NO_IMAGE "IMAPI_E_IMAGEMANAGER_NO_IMAGE" "Neither a path nor a stream was set.";
    0xC0AA_B203 IMAGEMANAGER_IMAGE_TOO_BIG "IMAPI_E_IMAGEMANAGER_IMAGE_TOO_BIG" "The image has more than 2147483647 sectors.";
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
        assert_eq!((HResult::from(true).0, HResult::from(false).0), (0, 1));
        assert!(HResult::COMMAND_HAS_SENSE_DATA.succeeded());
        assert!(!HResult::NO_MEDIA.succeeded());
        assert_eq!(HResult::NO_MEDIA.to_string(), "E_IMAPI_RECORDER_MEDIA_NO_MEDIA (0xC0AA0202)");
        assert_eq!(HResult(0xC0AA_0999).to_string(), "0xC0AA0999");
        assert!(HResult::IMAGE_FEATURE_NOT_SUPPORTED.succeeded());
        assert!(!HResult::READONLY.succeeded());
    }

    /// Failures of IMAPI have two prefixes, 0xC0AA and 0x80AA, and its successes 0x00AA: one facility.
    #[test]
    fn every_code_of_imapi_has_its_facility() {
        for (number, name) in NAMES.iter().filter(|row| row.1.contains("IMAPI_")) {
            assert_eq!(HResult(*number).facility(), HResult::FACILITY, "{name}");
        }
        assert_eq!(HResult::INVALID_ARGUMENT.facility(), 7);
        assert_eq!(HResult::FAIL.facility(), 0);
    }

    #[test]
    fn no_number_has_two_names() {
        let mut seen: Vec<u32> = NAMES.iter().map(|row| row.0).collect();
        seen.sort_unstable();
        assert!(seen.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
