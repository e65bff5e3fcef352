//! Names of sense keys (SPC-4 table 43) and of the additional sense codes that optical drives send (MMC-6 annex F).

use std::fmt;

/// Sense key, 0-15. Open: every number is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct SenseKey(pub u8);

impl SenseKey {
    /// Nothing to report, or information such as progress.
    pub const NO_SENSE: Self = Self(0x0);
    /// Done, with some recovery.
    pub const RECOVERED_ERROR: Self = Self(0x1);
    /// The drive cannot be used now.
    pub const NOT_READY: Self = Self(0x2);
    /// A flaw of the medium or of what is recorded on it.
    pub const MEDIUM_ERROR: Self = Self(0x3);
    /// A failure of the drive that it cannot recover.
    pub const HARDWARE_ERROR: Self = Self(0x4);
    /// A command or parameter that the drive does not accept.
    pub const ILLEGAL_REQUEST: Self = Self(0x5);
    /// Reset, or the medium or the settings may have changed.
    pub const UNIT_ATTENTION: Self = Self(0x6);
    /// The blocks are protected.
    pub const DATA_PROTECT: Self = Self(0x7);
    /// Blank medium while reading, or recorded medium while writing.
    pub const BLANK_CHECK: Self = Self(0x8);
    /// Vendor's own condition.
    pub const VENDOR_SPECIFIC: Self = Self(0x9);
    /// COPY command aborted.
    pub const COPY_ABORTED: Self = Self(0xA);
    /// The drive gave the command up; it may be repeated.
    pub const ABORTED_COMMAND: Self = Self(0xB);
    /// Data left over when the end of the partition was reached.
    pub const VOLUME_OVERFLOW: Self = Self(0xD);
    /// The source does not match the medium (VERIFY).
    pub const MISCOMPARE: Self = Self(0xE);
}

impl fmt::Display for SenseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            0x0 => "no sense",
            0x1 => "recovered error",
            0x2 => "not ready",
            0x3 => "medium error",
            0x4 => "hardware error",
            0x5 => "illegal request",
            0x6 => "unit attention",
            0x7 => "data protect",
            0x8 => "blank check",
            0x9 => "vendor specific",
            0xA => "copy aborted",
            0xB => "aborted command",
            0xD => "volume overflow",
            0xE => "miscompare",
            other => return write!(f, "sense key {other:X}h"),
        };
        f.write_str(name)
    }
}

/// Additional sense code (high byte) and qualifier (low byte). Open: every number is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct AdditionalSense(pub u16);

impl AdditionalSense {
    /// Code and qualifier.
    #[must_use]
    pub const fn new(asc: u8, ascq: u8) -> Self {
        Self(u16::from_be_bytes([asc, ascq]))
    }

    /// Additional sense code.
    #[must_use]
    pub const fn asc(self) -> u8 {
        self.0.to_be_bytes()[0]
    }

    /// Its qualifier.
    #[must_use]
    pub const fn ascq(self) -> u8 {
        self.0.to_be_bytes()[1]
    }

    /// The meaning in the words of MMC-6, `None` for codes it does not list.
    #[must_use]
    pub fn text(self) -> Option<&'static str> {
        TEXTS.binary_search_by_key(&self.0, |row| row.0).ok().and_then(|i| TEXTS.get(i)).map(|row| row.1)
    }

    pub(crate) fn digits(self) -> String {
        format!("{:02X}/{:02X}", self.asc(), self.ascq())
    }
}

impl fmt::Display for AdditionalSense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => f.write_str(text),
            None => write!(f, "additional sense {:02X}h/{:02X}h", self.asc(), self.ascq()),
        }
    }
}

macro_rules! additional_sense {
    ($($code:literal $name:ident $text:literal;)*) => {
        impl AdditionalSense {
            $(#[doc = concat!("\"", $text, "\".")] pub const $name: Self = Self($code);)*
        }
        /// Ascending by code.
        const TEXTS: &[(u16, &str)] = &[$(($code, $text)),*];
    };
}

additional_sense! {
    0x0000 NONE "no additional sense information";
    0x0006 IO_PROCESS_TERMINATED "I/O process terminated";
    0x0011 PLAY_IN_PROGRESS "play operation in progress";
    0x0012 PLAY_PAUSED "play operation paused";
    0x0013 PLAY_COMPLETED "play operation successfully completed";
    0x0014 PLAY_STOPPED_BY_ERROR "play operation stopped due to error";
    0x0015 NO_AUDIO_STATUS "no current audio status to return";
    0x0016 OPERATION_IN_PROGRESS "operation in progress";
    0x0017 CLEANING_REQUESTED "cleaning requested";
    0x0100 NO_INDEX_SIGNAL "no index or sector signal";
    0x0200 NO_SEEK_COMPLETE "no seek complete";
    0x0300 PERIPHERAL_WRITE_FAULT "peripheral device write fault";
    0x0301 NO_WRITE_CURRENT "no write current";
    0x0400 NOT_READY_CAUSE_NOT_REPORTABLE "logical unit not ready, cause not reportable";
    0x0401 BECOMING_READY "logical unit is in process of becoming ready";
    0x0402 INITIALIZING_COMMAND_REQUIRED "logical unit not ready, initializing command required";
    0x0403 MANUAL_INTERVENTION_REQUIRED "logical unit not ready, manual intervention required";
    0x0404 FORMAT_IN_PROGRESS "logical unit not ready, format in progress";
    0x0407 READY_OPERATION_IN_PROGRESS "logical unit not ready, operation in progress";
    0x0408 LONG_WRITE_IN_PROGRESS "logical unit not ready, long write in progress";
    0x0409 SELF_TEST_IN_PROGRESS "logical unit not ready, self-test in progress";
    0x0500 NO_RESPONSE_TO_SELECTION "logical unit does not respond to selection";
    0x0600 NO_REFERENCE_POSITION "no reference position found (the medium may be upside down)";
    0x0700 MULTIPLE_DEVICES_SELECTED "multiple peripheral devices selected";
    0x0800 COMMUNICATION_FAILURE "logical unit communication failure";
    0x0801 COMMUNICATION_TIMEOUT "logical unit communication time-out";
    0x0802 COMMUNICATION_PARITY_ERROR "logical unit communication parity error";
    0x0803 COMMUNICATION_CRC_ERROR "logical unit communication CRC error (Ultra-DMA/32)";
    0x0900 TRACK_FOLLOWING_ERROR "track following error";
    0x0901 TRACKING_SERVO_FAILURE "tracking servo failure";
    0x0902 FOCUS_SERVO_FAILURE "focus servo failure";
    0x0903 SPINDLE_SERVO_FAILURE "spindle servo failure";
    0x0904 HEAD_SELECT_FAULT "head select fault";
    0x0A00 ERROR_LOG_OVERFLOW "error log overflow";
    0x0B00 WARNING "warning";
    0x0B01 TEMPERATURE_EXCEEDED "warning, specified temperature exceeded";
    0x0C00 WRITE_ERROR "write error";
    0x0C07 WRITE_ERROR_RECOVERY_NEEDED "write error, recovery needed";
    0x0C08 WRITE_ERROR_RECOVERY_FAILED "write error, recovery failed";
    0x0C09 LOSS_OF_STREAMING "write error, loss of streaming";
    0x0C0A PADDING_BLOCKS_ADDED "write error, padding blocks added";
    0x0C0F DEFECTS_IN_ERROR_WINDOW "defects in error window";
    0x1100 UNRECOVERED_READ_ERROR "unrecovered read error";
    0x1101 READ_RETRIES_EXHAUSTED "read retries exhausted";
    0x1102 ERROR_TOO_LONG_TO_CORRECT "error too long to correct";
    0x1105 L_EC_UNCORRECTABLE "L-EC uncorrectable error";
    0x1106 CIRC_UNRECOVERED "CIRC unrecovered error";
    0x110F ERROR_READING_UPC_EAN "error reading UPC/EAN number";
    0x1110 ERROR_READING_ISRC "error reading ISRC number";
    0x1500 RANDOM_POSITIONING_ERROR "random positioning error";
    0x1501 MECHANICAL_POSITIONING_ERROR "mechanical positioning error";
    0x1502 POSITIONING_ERROR_BY_READ "positioning error detected by read of medium";
    0x1700 RECOVERED_WITHOUT_CORRECTION "recovered data with no error correction applied";
    0x1701 RECOVERED_WITH_RETRIES "recovered data with retries";
    0x1705 RECOVERED_USING_PREVIOUS_SECTOR "recovered data using previous sector id";
    0x1800 RECOVERED_WITH_CORRECTION "recovered data with error correction applied";
    0x1801 RECOVERED_WITH_CORRECTION_AND_RETRIES "recovered data with error correction and retries applied";
    0x1A00 PARAMETER_LIST_LENGTH_ERROR "parameter list length error";
    0x1B00 SYNCHRONOUS_TRANSFER_ERROR "synchronous data transfer error";
    0x1D00 MISCOMPARE_DURING_VERIFY "miscompare during verify operation";
    0x2000 INVALID_COMMAND_OPERATION_CODE "invalid command operation code";
    0x2100 LBA_OUT_OF_RANGE "logical block address out of range";
    0x2101 INVALID_ELEMENT_ADDRESS "invalid element address";
    0x2102 INVALID_ADDRESS_FOR_WRITE "invalid address for write";
    0x2103 INVALID_WRITE_CROSSING_LAYER_JUMP "invalid write crossing layer jump";
    0x2400 INVALID_FIELD_IN_CDB "invalid field in CDB";
    0x2500 LOGICAL_UNIT_NOT_SUPPORTED "logical unit not supported";
    0x2600 INVALID_FIELD_IN_PARAMETER_LIST "invalid field in parameter list";
    0x2601 PARAMETER_NOT_SUPPORTED "parameter not supported";
    0x2602 PARAMETER_VALUE_INVALID "parameter value invalid";
    0x2603 THRESHOLD_PARAMETERS_NOT_SUPPORTED "threshold parameters not supported";
    0x2700 WRITE_PROTECTED "write protected";
    0x2701 HARDWARE_WRITE_PROTECTED "hardware write protected";
    0x2702 SOFTWARE_WRITE_PROTECTED "logical unit software write protected";
    0x2703 ASSOCIATED_WRITE_PROTECT "associated write protect";
    0x2704 PERSISTENT_WRITE_PROTECT "persistent write protect";
    0x2705 PERMANENT_WRITE_PROTECT "permanent write protect";
    0x2706 CONDITIONAL_WRITE_PROTECT "conditional write protect";
    0x2800 MEDIUM_MAY_HAVE_CHANGED "not ready to ready change, medium may have changed";
    0x2801 IMPORT_EXPORT_ELEMENT_ACCESSED "import or export element accessed";
    0x2802 FORMAT_LAYER_MAY_HAVE_CHANGED "format-layer may have changed";
    0x2900 POWER_ON_OR_RESET "power on, reset, or bus device reset occurred";
    0x2901 POWER_ON "power on occurred";
    0x2902 BUS_RESET "bus reset occurred";
    0x2903 BUS_DEVICE_RESET "bus device reset function occurred";
    0x2904 DEVICE_INTERNAL_RESET "device internal reset";
    0x2A00 PARAMETERS_CHANGED "parameters changed";
    0x2A01 MODE_PARAMETERS_CHANGED "mode parameters changed";
    0x2A02 LOG_PARAMETERS_CHANGED "log parameters changed";
    0x2B00 COPY_CANNOT_EXECUTE "copy cannot execute since initiator cannot disconnect";
    0x2C00 COMMAND_SEQUENCE_ERROR "command sequence error";
    0x2C03 CURRENT_PROGRAM_AREA_NOT_EMPTY "current program area is not empty";
    0x2C04 CURRENT_PROGRAM_AREA_EMPTY "current program area is empty";
    0x2D00 OVERWRITE_ERROR_ON_UPDATE "overwrite error on update in place";
    0x2E00 INSUFFICIENT_TIME "insufficient time for operation";
    0x2F00 COMMANDS_CLEARED "commands cleared by another initiator";
    0x3000 INCOMPATIBLE_MEDIUM "incompatible medium installed";
    0x3001 CANNOT_READ_UNKNOWN_FORMAT "cannot read medium, unknown format";
    0x3002 CANNOT_READ_INCOMPATIBLE_FORMAT "cannot read medium, incompatible format";
    0x3003 CLEANING_CARTRIDGE "cleaning cartridge installed";
    0x3004 CANNOT_WRITE_UNKNOWN_FORMAT "cannot write medium, unknown format";
    0x3005 CANNOT_WRITE_INCOMPATIBLE_FORMAT "cannot write medium, incompatible format";
    0x3006 CANNOT_FORMAT_INCOMPATIBLE_MEDIUM "cannot format medium, incompatible medium";
    0x3007 CLEANING_FAILURE "cleaning failure";
    0x3008 APPLICATION_CODE_MISMATCH "cannot write, application code mismatch";
    0x3009 NOT_FIXATED_FOR_APPEND "current session not fixated for append";
    0x3010 MEDIUM_NOT_FORMATTED "medium not formatted";
    0x3011 CANNOT_WRITE_UNSUPPORTED_VERSION "cannot write medium, unsupported medium version";
    0x3100 MEDIUM_FORMAT_CORRUPTED "medium format corrupted";
    0x3101 FORMAT_COMMAND_FAILED "format command failed";
    0x3102 ZONED_FORMATTING_FAILED "zoned formatting failed due to spare linking";
    0x3200 NO_DEFECT_SPARE "no defect spare location available";
    0x3400 ENCLOSURE_FAILURE "enclosure failure";
    0x3500 ENCLOSURE_SERVICES_FAILURE "enclosure services failure";
    0x3700 ROUNDED_PARAMETER "rounded parameter";
    0x3900 SAVING_PARAMETERS_NOT_SUPPORTED "saving parameters not supported";
    0x3A00 MEDIUM_NOT_PRESENT "medium not present";
    0x3A01 MEDIUM_NOT_PRESENT_TRAY_CLOSED "medium not present, tray closed";
    0x3A02 MEDIUM_NOT_PRESENT_TRAY_OPEN "medium not present, tray open";
    0x3A03 MEDIUM_NOT_PRESENT_LOADABLE "medium not present, loadable";
    0x3B0D DESTINATION_ELEMENT_FULL "medium destination element full";
    0x3B0E SOURCE_ELEMENT_EMPTY "medium source element empty";
    0x3B0F END_OF_MEDIUM_REACHED "end of medium reached";
    0x3B11 MAGAZINE_NOT_ACCESSIBLE "medium magazine not accessible";
    0x3B16 MECHANICAL_OR_CHANGER_ERROR "mechanical or changer error";
    0x3D00 INVALID_BITS_IN_IDENTIFY "invalid bits in identify message";
    0x3E00 NOT_SELF_CONFIGURED "logical unit has not self-configured yet";
    0x3E01 LOGICAL_UNIT_FAILURE "logical unit failure";
    0x3E02 TIMEOUT_ON_LOGICAL_UNIT "timeout on logical unit";
    0x3F00 OPERATING_CONDITIONS_CHANGED "target operating conditions have changed";
    0x3F01 MICROCODE_CHANGED "microcode has been changed";
    0x3F03 INQUIRY_DATA_CHANGED "inquiry data has changed";
    0x4000 DIAGNOSTIC_FAILURE "diagnostic failure on component";
    0x4300 MESSAGE_ERROR "message error";
    0x4400 INTERNAL_TARGET_FAILURE "internal target failure";
    0x4500 SELECT_FAILURE "select or reselect failure";
    0x4700 PARITY_ERROR "SCSI parity error";
    0x4800 INITIATOR_DETECTED_ERROR "initiator detected error message received";
    0x4900 INVALID_MESSAGE "invalid message error";
    0x4A00 COMMAND_PHASE_ERROR "command phase error";
    0x4B00 DATA_PHASE_ERROR "data phase error";
    0x4C00 SELF_CONFIGURATION_FAILED "logical unit failed self-configuration";
    0x4E00 OVERLAPPED_COMMANDS "overlapped commands attempted";
    0x5100 ERASE_FAILURE "erase failure";
    0x5101 ERASE_FAILURE_INCOMPLETE "erase failure, incomplete erase operation detected";
    0x5300 LOAD_OR_EJECT_FAILED "media load or eject failed";
    0x5302 MEDIUM_REMOVAL_PREVENTED "medium removal prevented";
    0x5500 SYSTEM_RESOURCE_FAILURE "system resource failure";
    0x5700 UNABLE_TO_RECOVER_TOC "unable to recover table-of-contents";
    0x5800 GENERATION_DOES_NOT_EXIST "generation does not exist";
    0x5900 UPDATED_BLOCK_READ "updated block read";
    0x5A00 OPERATOR_REQUEST "operator request or state change input";
    0x5A01 OPERATOR_REMOVAL_REQUEST "operator medium removal request";
    0x5A02 OPERATOR_WRITE_PROTECT "operator selected write protect";
    0x5A03 OPERATOR_WRITE_PERMIT "operator selected write permit";
    0x5B00 LOG_EXCEPTION "log exception";
    0x5D00 FAILURE_PREDICTED "failure prediction threshold exceeded";
    0x5D01 MEDIA_FAILURE_PREDICTED "media failure prediction threshold exceeded";
    0x5D02 LOGICAL_UNIT_FAILURE_PREDICTED "logical unit failure prediction threshold exceeded";
    0x5D03 SPARE_AREA_EXHAUSTION_PREDICTED "spare area exhaustion failure prediction threshold exceeded";
    0x5E00 LOW_POWER_CONDITION "low power condition on";
    0x6300 END_OF_USER_AREA "end of user area encountered on this track";
    0x6301 PACKET_DOES_NOT_FIT "packet does not fit in available space";
    0x6400 ILLEGAL_MODE_FOR_TRACK "illegal mode for this track";
    0x6401 INVALID_PACKET_SIZE "invalid packet size";
    0x6500 VOLTAGE_FAULT "voltage fault";
    0x6F00 AUTHENTICATION_FAILURE "copy protection key exchange failure, authentication failure";
    0x6F01 KEY_NOT_PRESENT "copy protection key exchange failure, key not present";
    0x6F02 KEY_NOT_ESTABLISHED "copy protection key exchange failure, key not established";
    0x6F03 SCRAMBLED_SECTOR "read of scrambled sector without authentication";
    0x6F04 REGION_MISMATCH "media region code is mismatched to logical unit region";
    0x6F05 REGION_PERMANENT "drive region must be permanent, or region reset count error";
    0x6F06 INSUFFICIENT_BLOCK_COUNT "insufficient block count for binding nonce recording";
    0x6F07 CONFLICT_IN_BINDING_NONCE "conflict in binding nonce recording";
    0x7200 SESSION_FIXATION_ERROR "session fixation error";
    0x7201 SESSION_FIXATION_ERROR_LEAD_IN "session fixation error writing lead-in";
    0x7202 SESSION_FIXATION_ERROR_LEAD_OUT "session fixation error writing lead-out";
    0x7203 INCOMPLETE_TRACK_IN_SESSION "session fixation error, incomplete track in session";
    0x7204 EMPTY_OR_PARTIALLY_WRITTEN_RESERVED_TRACK "empty or partially written reserved track";
    0x7205 NO_MORE_TRACK_RESERVATIONS "no more track reservations allowed";
    0x7206 RMZ_EXTENSION_NOT_ALLOWED "RMZ extension is not allowed";
    0x7207 NO_MORE_TEST_ZONE_EXTENSIONS "no more test zone extensions are allowed";
    0x7300 CD_CONTROL_ERROR "CD control error";
    0x7301 POWER_CALIBRATION_AREA_ALMOST_FULL "power calibration area almost full";
    0x7302 POWER_CALIBRATION_AREA_FULL "power calibration area is full";
    0x7303 POWER_CALIBRATION_AREA_ERROR "power calibration area error";
    0x7304 PMA_UPDATE_FAILURE "program memory area update failure";
    0x7305 PMA_FULL "program memory area is full";
    0x7306 RMA_PMA_ALMOST_FULL "RMA/PMA is almost full";
    0x7310 CURRENT_POWER_CALIBRATION_AREA_ALMOST_FULL "current power calibration area almost full";
    0x7311 CURRENT_POWER_CALIBRATION_AREA_FULL "current power calibration area is full";
    0x7317 RDZ_FULL "RDZ is full";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_sorted_so_that_the_search_finds_them() {
        assert!(TEXTS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(AdditionalSense::new(0x3A, 2).text(), Some("medium not present, tray open"));
        assert_eq!(AdditionalSense::new(0x80, 0).text(), None);
    }
}
