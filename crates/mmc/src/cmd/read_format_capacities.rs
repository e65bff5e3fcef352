//! READ FORMAT CAPACITIES (MMC-6 6.23): what the medium is formatted to, and what it could be.

use super::FormatType;
use crate::bytes::{Field, U24, command, layout, open_code, read};
use crate::command::{Query, Transfer};
use crate::field::ResponseError;

command! {
    /// Asks which formats FORMAT UNIT would take.
    #[doc(alias = "23h")]
    struct ReadFormatCapacities[10] READ_FORMAT_CAPACITIES "READ FORMAT CAPACITIES"
    |c| Transfer::In(c.allocation_length.into()) => {
        /// Most bytes to return; 252 hold the longest list.
        allocation_length: u16 = 7,
    }
}

impl Query for ReadFormatCapacities {
    type Response = FormatCapacities;

    fn parse_response(&self, data: &[u8]) -> Result<FormatCapacities, ResponseError> {
        FormatCapacities::parse(data)
    }
}

open_code! {
    /// DESCRIPTOR TYPE of the current capacity.
    CapacityType {
        UNFORMATTED = 1, " Unformatted or blank: the capacity is the largest possible.";
        FORMATTED = 2, " Formatted: the capacity is the present one.";
        NO_MEDIA = 3, " No medium: the capacity is the largest of any medium.";
    }
}

layout! {
    /// Current/Maximum Capacity Descriptor.
    pub struct CurrentCapacity[8] "current capacity descriptor" {
        /// NUMBER OF BLOCKS.
        blocks: u32 = 0,
        /// What `blocks` means.
        kind: CapacityType = 4 & 0x03,
        /// BLOCK LENGTH in bytes.
        block_length: U24 = 5,
    }
}

layout! {
    /// Formattable Capacity Descriptor.
    pub struct FormattableCapacity[8] "formattable capacity descriptor" {
        /// NUMBER OF BLOCKS after the format.
        blocks: u32 = 0,
        /// FORMAT TYPE.
        kind: FormatType = 4 & 0xFC,
        /// TYPE DEPENDENT PARAMETER, as for FORMAT UNIT.
        dependent: U24 = 5,
    }
}

/// Capacity list.
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct FormatCapacities {
    /// What is.
    pub current: CurrentCapacity,
    /// What could be, at most 30.
    pub formattable: Vec<FormattableCapacity>,
}

/// Name of the answer.
const NAME: &str = "capacity list";

impl FormatCapacities {
    /// Reads the list; a last descriptor that the allocation length cut off is dropped.
    ///
    /// # Errors
    /// [`ResponseError`] when the current capacity is cut.
    pub fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        let length: u8 = read(NAME, "capacity list length", data, 3)?;
        let end = data.len().min(4 + usize::from(length));
        let body = data.get(4..end).unwrap_or(&[]);
        let current = CurrentCapacity::read(body)?;
        let formattable = body
            .get(8..)
            .unwrap_or(&[])
            .chunks_exact(8)
            .map(FormattableCapacity::read)
            .collect::<Result<_, _>>()?;
        Ok(Self { current, formattable })
    }

    /// The bytes with the first 30 formattable capacities.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![0; 4];
        out.extend_from_slice(&self.current.write());
        for capacity in self.formattable.iter().take(30) {
            out.extend_from_slice(&capacity.write());
        }
        u8::try_from(out.len() - 4).unwrap_or(u8::MAX).put(&mut out, 3, 0xFF);
        out
    }
}
