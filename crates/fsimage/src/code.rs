//! Result codes of IMAPI2FS with the text that belongs to them (contract section 5.1).

use std::fmt;
use std::io;

use glassmaster_disc::HResult;

/// Message forms by code; `%1` to `%3` are the inserts. In that of [`HResult::INVALID_PARAM`] the name of the parameter
/// stands between single quotes, because callers cut it out of the text.
const FORMS: &[(HResult, &str)] = &[
    (HResult::FSI_INTERNAL_ERROR, "internal error: %1"),
    (HResult::INVALID_PARAM, "the value given for parameter '%1' is not acceptable"),
    (
        HResult::READONLY,
        "the image is read-only while a result of it is in use, or the data of the item is fixed",
    ),
    (HResult::NO_OUTPUT, "no file system is selected; choose at least one"),
    (HResult::INVALID_VOLUME_NAME, "the volume name is too long or has characters that it must not have"),
    (HResult::INVALID_DATE, "the times of the item do not fit: %1 lies before %2"),
    (HResult::FILE_SYSTEM_NOT_EMPTY, "this needs an empty image"),
    (HResult::NOT_FILE, "'%1' is not a file"),
    (HResult::NOT_DIR, "'%1' is not a directory"),
    (HResult::DIR_NOT_EMPTY, "the directory '%1' is not empty"),
    (HResult::NOT_IN_FILE_SYSTEM, "'%1' is not part of the image; add it first"),
    (HResult::INVALID_PATH, "the path '%1' is malformed or has characters that it must not have"),
    (HResult::RESTRICTED_NAME_VIOLATION, "the name '%1' has characters outside the restricted set"),
    (HResult::DUP_NAME, "'%1' exists already"),
    (HResult::NO_UNIQUE_NAME, "no unique name can be made for '%1' in %2"),
    (HResult::ITEM_NOT_FOUND, "there is no item '%1' in the image"),
    (HResult::FILE_NOT_FOUND, "there is no file '%1' in the image"),
    (HResult::DIR_NOT_FOUND, "there is no directory '%1' in the image"),
    (HResult::IMAGE_SIZE_LIMIT, "with '%1' the image would exceed the room on the medium"),
    (HResult::IMAGE_TOO_BIG, "the limit lies below what the image needs already"),
    (HResult::DATA_STREAM_INCONSISTENCY, "the data of '%1' should have %2 bytes and has %3"),
    (HResult::DATA_STREAM_READ_FAILURE, "the data of '%1' cannot be read"),
    (HResult::DATA_STREAM_CREATE_FAILURE, "the data of '%1' cannot be opened"),
    (HResult::DIRECTORY_READ_FAILURE, "the source directory '%1' cannot be listed"),
    (HResult::TOO_MANY_DIRS, "there are too many directories for %1"),
    (HResult::ISO9660_LEVELS, "ISO 9660 allows 8 levels of directories"),
    (HResult::DATA_TOO_BIG, "a file is too large for %1"),
    (
        HResult::INCOMPATIBLE_PREVIOUS_SESSION,
        "the layout of the earlier session does not allow these file systems",
    ),
    (HResult::STASHFILE_OPEN_FAILURE, "the stash file cannot be created in '%1'"),
    (HResult::STASHFILE_SEEK_FAILURE, "a position in the stash file in '%1' cannot be reached"),
    (HResult::STASHFILE_WRITE_FAILURE, "the stash file in '%1' cannot be written"),
    (HResult::STASHFILE_READ_FAILURE, "the stash file in '%1' cannot be read"),
    (HResult::INVALID_WORKING_DIRECTORY, "the working directory '%1' cannot be used"),
    (HResult::WORKING_DIRECTORY_SPACE, "'%1' has %2 bytes free and about %3 are needed"),
    (HResult::STASHFILE_MOVE, "the stash file cannot be moved to '%1'"),
    (HResult::BOOT_IMAGE_DATA, "the boot image is missing, empty or unreadable"),
    (HResult::BOOT_OBJECT_CONFLICT, "only the first session of a disc, at block 0, can hold boot images"),
    (
        HResult::BOOT_EMULATION_IMAGE_SIZE_MISMATCH,
        "the boot image does not have the size of the emulated medium",
    ),
    (HResult::EMPTY_DISC, "the medium is blank"),
    (HResult::NO_SUPPORTED_FILE_SYSTEM, "there is no file system that can be used"),
    (HResult::FILE_SYSTEM_NOT_FOUND, "there is no %1 on the disc"),
    (HResult::FILE_SYSTEM_READ_CONSISTENCY_ERROR, "the %1 on the disc is damaged"),
    (HResult::FILE_SYSTEM_FEATURE_NOT_SUPPORTED, "the %1 on the disc cannot be imported: %2"),
    (
        HResult::IMPORT_TYPE_COLLISION_FILE_EXISTS_AS_DIRECTORY,
        "the file '%1' of %2 has the name of a directory of the image",
    ),
    (HResult::IMPORT_SEEK_FAILURE, "block %1 of the source disc cannot be reached; the medium may be blank"),
    (HResult::IMPORT_READ_FAILURE, "the medium cannot be read, most likely at block %1"),
    (HResult::DISC_MISMATCH, "the disc is not the one that was imported"),
    (HResult::IMPORT_MEDIA_NOT_ALLOWED, "this type of medium takes no further session"),
    (HResult::UDF_NOT_WRITE_COMPATIBLE, "the UDF revision of the disc cannot be written"),
    (HResult::INCOMPATIBLE_MULTISESSION_TYPE, "the multisession interface marked as used does not fit"),
    (
        HResult::NO_COMPATIBLE_MULTISESSION_TYPE,
        "no multisession interface fits, or there is no medium in the drive",
    ),
    (HResult::MULTISESSION_NOT_SET, "the multisession interfaces have to be set first"),
    (
        HResult::IMPORT_TYPE_COLLISION_DIRECTORY_EXISTS_AS_FILE,
        "the directory '%1' of %2 has the name of a file of the image",
    ),
    (HResult::IMAGE_FEATURE_NOT_SUPPORTED, "stored, but the selected file systems cannot record it"),
    (HResult::PROPERTY_NOT_ACCESSIBLE, "the item has no property '%1'"),
    (HResult::UDF_REVISION_CHANGE_NOT_ALLOWED, "the imported session fixes the UDF revision"),
    (
        HResult::BAD_MULTISESSION_PARAMETER,
        "a property of a multisession interface is wrong or cannot be read",
    ),
    (HResult::FILE_SYSTEM_CHANGE_NOT_ALLOWED, "a new session needs the file systems of the imported one"),
    (HResult::IMAGEMANAGER_IMAGE_NOT_ALIGNED, "the size of the image is not a multiple of 2048 bytes"),
    (
        HResult::IMAGEMANAGER_NO_VALID_VD_FOUND,
        "the image has no volume descriptor; it is no image of user data",
    ),
    (HResult::IMAGEMANAGER_NO_IMAGE, "neither a path nor a stream has been set"),
    (HResult::IMAGEMANAGER_IMAGE_TOO_BIG, "the image has more than 2147483647 blocks"),
    (HResult::NOT_IMPLEMENTED, "there is no such thing here"),
    (HResult::NO_INTERFACE, "the object given for '%1' is of another kind"),
    (HResult::POINTER, "nothing was given for '%1'"),
    (HResult::FAIL, "it failed"),
    (HResult::INVALID_ARGUMENT, "there is none for '%1'"),
    (HResult::HOST_FILE_NOT_FOUND, "there is no file '%1' on the host"),
    (HResult::HOST_PATH_NOT_FOUND, "there is no way to '%1' on the host"),
    (HResult::HOST_NOT_A_DIRECTORY, "a part of '%1' is no directory of the host"),
    (HResult::HOST_NAME_TOO_LONG, "the path '%1' is longer than the host allows"),
    (HResult::HOST_DISK_FULL, "there is no room for '%1' on the host"),
    (HResult::OUT_OF_MEMORY, "there is not enough memory"),
    (HResult::STORAGE_INVALID_FUNCTION, "the stream does not do this"),
    (HResult::STORAGE_ACCESS_DENIED, "the stream can only be read"),
    (HResult::MEDIA_INCOMPATIBLE, "the medium is of an incompatible or unknown format"),
];

/// The message form of a code, with `%1` to `%3` where inserts go; `None` for codes that this half never gives.
///
/// Four codes have a form because the contract has them, and no call gives them in practice:
/// [`HResult::FSI_INTERNAL_ERROR`] stands for states that do not occur, or for an object that was given more streams or
/// folders than a 32-bit (24-bit) number can count; [`HResult::NOT_FILE`] for a member of files asked of a directory, which
/// has none here ([`FsiItem::as_file`](crate::FsiItem::as_file) says so before); [`HResult::NO_UNIQUE_NAME`] takes one
/// directory with more names equal in their first characters than the name part has numbers, 100 million at level 1, and
/// is then found by [`CreateResultImage`](crate::FileSystemImage::create_result_image) and not by `Add`, which would have to
/// derive the names of the whole directory each time; [`HResult::STASHFILE_SEEK_FAILURE`] cannot be, as the stash file is
/// read and written by position.
#[must_use]
pub fn message_form(code: HResult) -> Option<&'static str> {
    FORMS.iter().find(|row| row.0 == code).map(|row| row.1)
}

/// A failure that the contract has a code for: the text is the code's message form with the inserts filled in, and
/// behind it the cause, if one is known.
#[doc(alias = "IErrorInfo")]
#[derive(Debug)]
pub struct Failure {
    code: HResult,
    inserts: Vec<String>,
    cause: Option<io::Error>,
}

impl Failure {
    /// A failure whose form has no inserts, or none yet.
    #[must_use]
    pub fn new(code: HResult) -> Self {
        Self { code, inserts: Vec::new(), cause: None }
    }

    /// Gives the next insert: the first call `%1`, the second `%2`.
    #[must_use]
    pub fn with(mut self, insert: impl fmt::Display) -> Self {
        self.inserts.push(insert.to_string());
        self
    }

    /// What the system said.
    #[must_use]
    pub fn because(mut self, cause: impl Into<io::Error>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> HResult {
        self.code
    }

    /// The inserts in the order of their numbers.
    #[must_use]
    pub fn inserts(&self) -> &[String] {
        &self.inserts
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(form) = message_form(self.code) else {
            return write!(f, "{}", self.code);
        };
        let mut pieces = form.split('%');
        f.write_str(pieces.next().unwrap_or_default())?;
        for piece in pieces {
            let mut chars = piece.chars();
            // The forms have a digit behind every percent sign; a test looks.
            let number = chars.next().and_then(|c| c.to_digit(10)).unwrap_or(0) as usize;
            let insert = number.checked_sub(1).and_then(|n| self.inserts.get(n));
            f.write_str(insert.map_or("?", String::as_str))?;
            f.write_str(chars.as_str())?;
        }
        match &self.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

/// The code for an error that the host gave for a path (contract 5.2): its numbers in the form scripts know.
#[doc(alias = "HRESULT_FROM_WIN32")]
#[must_use]
pub fn host_code(error: &io::Error) -> HResult {
    match error.kind() {
        io::ErrorKind::NotFound => HResult::HOST_FILE_NOT_FOUND,
        io::ErrorKind::NotADirectory => HResult::HOST_NOT_A_DIRECTORY,
        io::ErrorKind::InvalidFilename => HResult::HOST_NAME_TOO_LONG,
        io::ErrorKind::StorageFull => HResult::HOST_DISK_FULL,
        io::ErrorKind::OutOfMemory => HResult::OUT_OF_MEMORY,
        _ => HResult::FAIL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserts_stand_in_their_places() {
        let failure = Failure::new(HResult::DATA_STREAM_INCONSISTENCY).with("\\a\\b").with(10).with(9);
        assert_eq!(failure.to_string(), "the data of '\\a\\b' should have 10 bytes and has 9");
        let failure = Failure::new(HResult::NOT_DIR).with("100%1").because(rustix::io::Errno::NOTDIR);
        assert!(failure.to_string().starts_with("'100%1' is not a directory: Not a directory"), "{failure}");
        assert_eq!(Failure::new(HResult(0xC0AA_0999)).to_string(), "0xC0AA0999");
    }

    #[test]
    fn every_percent_sign_of_a_form_is_an_insert() {
        for (code, form) in FORMS {
            for piece in form.split('%').skip(1) {
                assert!(piece.starts_with(['1', '2', '3']), "{code}: {form}");
            }
        }
    }
}
