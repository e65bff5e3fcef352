//! SET STREAMING (MMC-6 6.41): speed of DVD and BD.

use glassmaster_disc::Lba;

use crate::bytes::{command, layout, open_code};
use crate::command::Transfer;
use crate::field::FieldError;

command! {
    /// Sets read and write speed for a range of blocks.
    #[doc(alias = "B6h")]
    struct SetStreaming[12] SET_STREAMING "SET STREAMING"
    |c| Transfer::Out(c.parameter_list_length.into()) => {
        /// TYPE: 0 performance descriptor, 5 DBI cache zone.
        kind: u8 = 8,
        /// Bytes of the list; 28 for type 0.
        parameter_list_length: u16 = 9,
    }
}

impl SetStreaming {
    /// With one [`PerformanceDescriptor`].
    #[must_use]
    pub const fn performance() -> Self {
        Self { kind: 0, parameter_list_length: 28 }
    }
}

open_code! {
    /// WRC: write rotation control.
    WriteRotation {
        DEFAULT = 0, " The default of the medium: CLV, zoned CLV or partial CAV.";
        CAV = 1, " Pure CAV.";
    }
}

layout! {
    /// Performance descriptor, type 0. Speed is size divided by time.
    pub struct PerformanceDescriptor[28] "performance descriptor" {
        /// WRC.
        rotation: WriteRotation = 0 & 0x18,
        /// RDD: back to the defaults of the drive; the rest does not count.
        restore_defaults: bool = 0 & 0x04,
        /// EXACT: exactly these values, or an error.
        exact: bool = 0 & 0x02,
        /// RA: no more than this area is read; random access.
        random_access: bool = 0 & 0x01,
        /// START LBA.
        start: Lba = 4,
        /// END LBA, part of the range.
        end: Lba = 8,
        /// READ SIZE in kB (1000 bytes) per `read_time`.
        read_size: u32 = 12,
        /// READ TIME in ms.
        read_time: u32 = 16,
        /// WRITE SIZE in kB per `write_time`.
        write_size: u32 = 20,
        /// WRITE TIME in ms.
        write_time: u32 = 24,
    }
}

impl PerformanceDescriptor {
    /// Reads the 28 bytes.
    ///
    /// # Errors
    /// [`FieldError`] when there are fewer.
    pub fn parse(data: &[u8]) -> Result<Self, FieldError> {
        Self::read_parameter(data)
    }

    /// The 28 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.write().to_vec()
    }
}
