//! The sense codes this drive answers with (MMC-6 annex F), by the names of the standard's table.

use glassmaster_scsi::{FieldPointer, Sense};

/// MEDIUM NOT PRESENT - TRAY CLOSED.
pub(crate) const NO_MEDIUM_TRAY_CLOSED: Sense = Sense::of(2, 0x3A, 0x01);
/// MEDIUM NOT PRESENT - TRAY OPEN.
pub(crate) const NO_MEDIUM_TRAY_OPEN: Sense = Sense::of(2, 0x3A, 0x02);
/// LOGICAL UNIT NOT READY - FORMAT IN PROGRESS.
pub(crate) const FORMAT_IN_PROGRESS: Sense = Sense::of(2, 0x04, 0x04);
/// LOGICAL UNIT NOT READY - OPERATION IN PROGRESS.
pub(crate) const OPERATION_IN_PROGRESS: Sense = Sense::of(2, 0x04, 0x07);
/// LOGICAL UNIT NOT READY - LONG WRITE IN PROGRESS.
pub(crate) const LONG_WRITE_IN_PROGRESS: Sense = Sense::of(2, 0x04, 0x08);
/// LOGICAL UNIT IS IN PROCESS OF BECOMING READY.
pub(crate) const BECOMING_READY: Sense = Sense::of(2, 0x04, 0x01);
/// WRITE ERROR.
pub(crate) const WRITE_ERROR: Sense = Sense::of(3, 0x0C, 0x00);
/// WRITE ERROR - LOSS OF STREAMING.
pub(crate) const LOSS_OF_STREAMING: Sense = Sense::of(3, 0x0C, 0x09);
/// UNRECOVERED READ ERROR.
pub(crate) const UNRECOVERED_READ: Sense = Sense::of(3, 0x11, 0x00);
/// MEDIUM FORMAT CORRUPTED: nothing to address on an unformatted rewritable disc.
pub(crate) const NOT_FORMATTED: Sense = Sense::of(3, 0x31, 0x00);
/// FORMAT COMMAND FAILED.
pub(crate) const FORMAT_FAILED: Sense = Sense::of(3, 0x31, 0x01);
/// PARAMETER LIST LENGTH ERROR.
pub(crate) const PARAMETER_LIST_LENGTH: Sense = Sense::of(5, 0x1A, 0x00);
/// INVALID COMMAND OPERATION CODE.
pub(crate) const INVALID_OPCODE: Sense = Sense::of(5, 0x20, 0x00);
/// LOGICAL BLOCK ADDRESS OUT OF RANGE.
pub(crate) const OUT_OF_RANGE: Sense = Sense::of(5, 0x21, 0x00);
/// INVALID ADDRESS FOR WRITE.
pub(crate) const INVALID_WRITE_ADDRESS: Sense = Sense::of(5, 0x21, 0x02);
/// INVALID FIELD IN CDB.
pub(crate) const INVALID_FIELD: Sense = Sense::of(5, 0x24, 0x00);
/// INVALID FIELD IN PARAMETER LIST.
pub(crate) const INVALID_PARAMETER: Sense = Sense::of(5, 0x26, 0x00);
/// COMMAND SEQUENCE ERROR.
pub(crate) const SEQUENCE: Sense = Sense::of(5, 0x2C, 0x00);
/// CURRENT PROGRAM AREA IS NOT EMPTY.
pub(crate) const PROGRAM_AREA_NOT_EMPTY: Sense = Sense::of(5, 0x2C, 0x03);
/// CANNOT READ MEDIUM - INCOMPATIBLE FORMAT.
pub(crate) const CANNOT_READ: Sense = Sense::of(5, 0x30, 0x02);
/// CANNOT WRITE MEDIUM - INCOMPATIBLE FORMAT.
pub(crate) const CANNOT_WRITE: Sense = Sense::of(5, 0x30, 0x05);
/// CANNOT FORMAT MEDIUM - INCOMPATIBLE MEDIUM.
pub(crate) const CANNOT_FORMAT: Sense = Sense::of(5, 0x30, 0x06);
/// SAVING PARAMETERS NOT SUPPORTED.
pub(crate) const NO_SAVED_PARAMETERS: Sense = Sense::of(5, 0x39, 0x00);
/// MEDIUM REMOVAL PREVENTED.
pub(crate) const REMOVAL_PREVENTED: Sense = Sense::of(5, 0x53, 0x02);
/// END OF USER AREA ENCOUNTERED ON THIS TRACK.
pub(crate) const END_OF_USER_AREA: Sense = Sense::of(5, 0x63, 0x00);
/// ILLEGAL MODE FOR THIS TRACK.
pub(crate) const ILLEGAL_MODE: Sense = Sense::of(5, 0x64, 0x00);
/// SESSION FIXATION ERROR - INCOMPLETE TRACK IN SESSION.
pub(crate) const INCOMPLETE_TRACK: Sense = Sense::of(5, 0x72, 0x03);
/// EMPTY OR PARTIALLY WRITTEN RESERVED TRACK.
pub(crate) const RESERVED_TRACK_NOT_FULL: Sense = Sense::of(5, 0x72, 0x04);
/// NO MORE TRACK RESERVATIONS ALLOWED.
pub(crate) const NO_MORE_RESERVATIONS: Sense = Sense::of(5, 0x72, 0x05);
/// NOT READY TO READY CHANGE, MEDIUM MAY HAVE CHANGED.
pub(crate) const MEDIUM_MAY_HAVE_CHANGED: Sense = Sense::of(6, 0x28, 0x00);
/// POWER ON, RESET, OR BUS DEVICE RESET OCCURRED.
pub(crate) const POWER_ON: Sense = Sense::of(6, 0x29, 0x00);
/// LOGICAL UNIT SOFTWARE WRITE PROTECTED.
pub(crate) const SOFTWARE_WRITE_PROTECTED: Sense = Sense::of(7, 0x27, 0x02);
/// PERSISTENT WRITE PROTECT.
pub(crate) const PERSISTENT_WRITE_PROTECT: Sense = Sense::of(7, 0x27, 0x04);
/// DATA PHASE ERROR: fewer bytes came than the command announced.
pub(crate) const DATA_PHASE: Sense = Sense::of(0x0B, 0x4B, 0x00);

/// INVALID FIELD IN CDB with a pointer to a byte of the command block (SPC-4 4.5.2.4.2).
pub(crate) const fn cdb_field(byte: u16) -> Sense {
    INVALID_FIELD.with_field(FieldPointer { in_cdb: true, bit: None, byte })
}

/// INVALID FIELD IN CDB with a pointer to the highest bit of a field of the command block.
pub(crate) const fn cdb_bit(byte: u16, bit: u8) -> Sense {
    INVALID_FIELD.with_field(FieldPointer { in_cdb: true, bit: Some(bit), byte })
}

/// INVALID FIELD IN PARAMETER LIST with a pointer to a byte of the list.
pub(crate) const fn list_field(byte: u16) -> Sense {
    INVALID_PARAMETER.with_field(FieldPointer { in_cdb: false, bit: None, byte })
}
