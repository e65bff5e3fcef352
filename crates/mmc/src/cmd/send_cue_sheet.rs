//! SEND CUE SHEET (MMC-6 6.35): the plan of a session-at-once recording.

use crate::bytes::{U24, command, layout};
use crate::command::Transfer;
use crate::field::FieldError;

command! {
    /// Sends the cue sheet; the drive then expects exactly that data.
    #[doc(alias = "5Dh")]
    struct SendCueSheet[10] SEND_CUE_SHEET "SEND CUE SHEET"
    |c| Transfer::Out(usize::try_from(c.cue_sheet_size.get()).unwrap_or(usize::MAX)) => {
        /// CUE SHEET SIZE in bytes, a multiple of 8.
        cue_sheet_size: U24 = 6,
    }
}

layout! {
    /// One line of a cue sheet.
    pub struct CueSheetEntry[8] "cue sheet" {
        /// CTL: control nibble of the Q channel; 4 for data.
        control: u8 = 0 & 0xF0,
        /// ADR: 1 position, 2 catalogue number, 3 ISRC.
        adr: u8 = 0 & 0x0F,
        /// TNO: 0 lead-in, AAh lead-out.
        track: u8 = 1,
        /// INDEX: 0 pre-gap, 1 start of the track.
        index: u8 = 2,
        /// DATA FORM of the main channel in bits 0-5, of the sub-channel in bits 6-7.
        data_form: u8 = 3,
        /// SCMS: alternate copy bit in bit 7.
        scms: u8 = 4,
        /// Absolute time: minute, second, frame. With ADR 2 and 3 bytes 1 to 7 hold characters instead.
        time: [u8; 3] = 5,
    }
}

impl CueSheetEntry {
    /// The 8 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 8] {
        self.write()
    }
}

/// Reads the lines of a cue sheet.
///
/// # Errors
/// [`FieldError`] at the first field that is missing in the last line.
pub fn parse_cue_sheet(data: &[u8]) -> Result<Vec<CueSheetEntry>, FieldError> {
    data.chunks(8)
        .enumerate()
        .map(|(i, line)| CueSheetEntry::read_parameter(line).map_err(|e| e.shifted(i * 8)))
        .collect()
}
