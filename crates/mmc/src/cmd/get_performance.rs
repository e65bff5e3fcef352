//! GET PERFORMANCE (MMC-6 6.7): speeds that drive and medium allow.

use glassmaster_disc::Lba;

use super::WriteRotation;
use crate::bytes::{command, layout, open_code, read};
use crate::command::{Query, Transfer};
use crate::field::ResponseError;

open_code! {
    /// TYPE of the descriptors.
    PerformanceType {
        PERFORMANCE = 0x00, " Performance data: nominal, or exceptions from it.";
        UNUSABLE_AREA = 0x01, " Unusable areas.";
        DEFECT_STATUS = 0x02, " Defect status.";
        WRITE_SPEED = 0x03, " Write speed descriptors.";
        DBI = 0x04, " DBI.";
        DBI_CACHE_ZONE = 0x05, " DBI cache zone.";
    }
}

command! {
    /// Asks for performance descriptors.
    #[doc(alias = "ACh")]
    struct GetPerformance[12] GET_PERFORMANCE "GET PERFORMANCE"
    |c| Transfer::In(c.allocation()) => {
        /// TOLERANCE of type 0: 10b, values within 10 %.
        tolerance: u8 = 1 & 0x18,
        /// WRITE of type 0: write performance instead of read.
        write: bool = 1 & 0x04,
        /// EXCEPT of type 0: 0 nominal, 1 all nominal data even where not available, 2 exceptions.
        except: u8 = 1 & 0x03,
        /// STARTING LBA.
        start: Lba = 2,
        /// MAXIMUM NUMBER OF DESCRIPTORS.
        descriptors: u16 = 8,
        /// TYPE.
        kind: PerformanceType = 10,
    }
}

impl GetPerformance {
    /// Nominal read or write performance from `start` on.
    #[must_use]
    pub const fn nominal(write: bool, start: Lba, descriptors: u16) -> Self {
        Self { tolerance: 2, write, except: 0, start, descriptors, kind: PerformanceType::PERFORMANCE }
    }

    /// Write speeds for the medium.
    #[must_use]
    pub const fn write_speeds(descriptors: u16) -> Self {
        Self {
            tolerance: 0,
            write: false,
            except: 0,
            start: Lba(0),
            descriptors,
            kind: PerformanceType::WRITE_SPEED,
        }
    }

    /// Header and so many descriptors of the type; descriptors of types without a structure here count as 16 bytes.
    fn allocation(self) -> usize {
        let one = match self.kind {
            PerformanceType::PERFORMANCE if self.except >= 2 => 6,
            PerformanceType::UNUSABLE_AREA | PerformanceType::DBI | PerformanceType::DBI_CACHE_ZONE => 8,
            PerformanceType::DEFECT_STATUS => 2048,
            _ => 16,
        };
        8 + one * usize::from(self.descriptors)
    }
}

impl Query for GetPerformance {
    type Response = Performance;

    fn parse_response(&self, data: &[u8]) -> Result<Performance, ResponseError> {
        Performance::parse(self.kind, data)
    }
}

layout! {
    /// Nominal performance descriptor: speed between two addresses, changing evenly.
    pub struct NominalPerformance[16] "nominal performance descriptor" {
        /// START LBA.
        start: Lba = 0,
        /// START PERFORMANCE in kB/s.
        start_performance: u32 = 4,
        /// END LBA, part of the range.
        end: Lba = 8,
        /// END PERFORMANCE in kB/s.
        end_performance: u32 = 12,
    }
}

layout! {
    /// Exception: an address where the drive takes longer.
    pub struct PerformanceException[6] "performance exception descriptor" {
        /// LBA.
        lba: Lba = 0,
        /// TIME in tenths of a millisecond.
        time: u16 = 4,
    }
}

layout! {
    /// Write speed descriptor.
    pub struct WriteSpeedDescriptor[16] "write speed descriptor" {
        /// WRC: how the disc turns.
        rotation: WriteRotation = 0 & 0x18,
        /// RDD: the default of the drive.
        default: bool = 0 & 0x04,
        /// EXACT: possible over the whole medium.
        exact: bool = 0 & 0x02,
        /// MRW: also good for reading and writing at the same time.
        mixed: bool = 0 & 0x01,
        /// END LBA: last block of the medium.
        end: Lba = 4,
        /// READ SPEED in kB/s (1000 bytes).
        read_speed: u32 = 8,
        /// WRITE SPEED in kB/s.
        write_speed: u32 = 12,
    }
}

/// Performance data.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum Performance {
    /// Type 0, EXCEPT clear in the answer.
    Nominal {
        /// WRITE: of writing, not reading.
        write: bool,
        /// Ascending by address.
        descriptors: Vec<NominalPerformance>,
    },
    /// Type 0, EXCEPT set in the answer.
    Exceptions {
        /// WRITE: of writing, not reading.
        write: bool,
        /// Ascending by address.
        descriptors: Vec<PerformanceException>,
    },
    /// Type 3, the fastest first by custom.
    WriteSpeeds(Vec<WriteSpeedDescriptor>),
    /// Another type: what follows the 8-byte header.
    Other(Vec<u8>),
}

/// Name of the answer.
const NAME: &str = "performance data";

impl Performance {
    /// Reads the answer to a request of this type. DATA LENGTH may count more descriptors than were asked for.
    ///
    /// # Errors
    /// [`ResponseError`] when the 8-byte header is cut.
    pub fn parse(kind: PerformanceType, data: &[u8]) -> Result<Self, ResponseError> {
        let length: u32 = read(NAME, "data length", data, 0)?;
        let flags: u8 = read(NAME, "write and except bits", data, 4)?;
        read::<[u8; 3]>(NAME, "reserved bytes of the header", data, 5)?;
        let end = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(4).min(data.len());
        let body = data.get(8..end).unwrap_or(&[]);
        let write = flags & 0x02 != 0;
        Ok(match kind {
            PerformanceType::PERFORMANCE if flags & 0x01 == 0 => Self::Nominal {
                write,
                descriptors: body.chunks_exact(16).map(NominalPerformance::read).collect::<Result<_, _>>()?,
            },
            PerformanceType::PERFORMANCE => Self::Exceptions {
                write,
                descriptors: body
                    .chunks_exact(6)
                    .map(PerformanceException::read)
                    .collect::<Result<_, _>>()?,
            },
            PerformanceType::WRITE_SPEED => Self::WriteSpeeds(
                body.chunks_exact(16).map(WriteSpeedDescriptor::read).collect::<Result<_, _>>()?,
            ),
            _ => Self::Other(body.to_vec()),
        })
    }

    /// The bytes; DATA LENGTH covers all descriptors.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![0; 8];
        match self {
            Self::Nominal { write, descriptors } => {
                out[4] = u8::from(*write) << 1;
                descriptors.iter().for_each(|d| out.extend_from_slice(&d.write()));
            }
            Self::Exceptions { write, descriptors } => {
                out[4] = u8::from(*write) << 1 | 1;
                descriptors.iter().for_each(|d| out.extend_from_slice(&d.write()));
            }
            Self::WriteSpeeds(descriptors) => {
                descriptors.iter().for_each(|d| out.extend_from_slice(&d.write()));
            }
            Self::Other(bytes) => out.extend_from_slice(bytes),
        }
        let length = u32::try_from(out.len() - 4).unwrap_or(u32::MAX);
        out[..4].copy_from_slice(&length.to_be_bytes());
        out
    }
}
