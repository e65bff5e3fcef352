//! SEND DISC STRUCTURE (MMC-6 6.36): what a host may set in the control areas of DVD and BD.

use super::{DiscStructure, StructureFormat, StructureMedia};
use crate::bytes::command;
use crate::command::Transfer;
use crate::field::FieldError;

command! {
    /// Sends a structure: 4 bytes of header and the structure itself, in the forms of READ DISC STRUCTURE.
    #[doc(alias = "SEND DVD STRUCTURE")]
    #[doc(alias = "BFh")]
    struct SendDiscStructure[12] SEND_DISC_STRUCTURE "SEND DISC STRUCTURE"
    |c| Transfer::Out(c.parameter_list_length.into()) => {
        /// Which family of format codes.
        media: StructureMedia = 1 & 0x0F,
        /// Which structure.
        format: StructureFormat = 7,
        /// STRUCTURE DATA LENGTH of the list, header included.
        parameter_list_length: u16 = 8,
    }
}

impl SendDiscStructure {
    /// Sends `structure` to a DVD.
    #[must_use]
    pub fn dvd(format: StructureFormat, structure: &DiscStructure) -> Self {
        Self {
            media: StructureMedia::DVD,
            format,
            parameter_list_length: u16::try_from(structure.data.len().saturating_add(4)).unwrap_or(u16::MAX),
        }
    }

    /// Reads the parameter list: the structure behind its header.
    ///
    /// # Errors
    /// [`FieldError`] at the length field when the list is shorter than its header says.
    pub fn parse_list(data: &[u8]) -> Result<DiscStructure, FieldError> {
        let structure = DiscStructure::parse(data).map_err(|_| FieldError::parameter(0, None))?;
        let length = data.first_chunk::<2>().map_or(0, |b| usize::from(u16::from_be_bytes(*b)));
        if structure.data.len() + 2 < length {
            return Err(FieldError::parameter(0, None));
        }
        Ok(structure)
    }
}
