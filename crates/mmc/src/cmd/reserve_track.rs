//! RESERVE TRACK (MMC-5 6.31).

use glassmaster_disc::Lba;
use glassmaster_scsi::Cdb;

use crate::bytes::Field;
use crate::command::{Command, Transfer};
use crate::field::FieldError;

/// Sets room aside for a track (CD, DVD-R) or splits the invisible one (DVD+R, BD-R).
#[doc(alias = "RESERVE TRACK")]
#[doc(alias = "53h")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum ReserveTrack {
    /// ARSV = 0: a track of so many blocks from the next writable address on.
    Size {
        /// RMZ: extend the recording management zone of a DVD instead.
        rmz: bool,
        /// RESERVATION SIZE in blocks.
        blocks: u32,
    },
    /// ARSV = 1: the track ends before this address, the next begins there.
    Split {
        /// First block of the next track.
        lba: Lba,
    },
}

impl Command for ReserveTrack {
    const OPCODE: u8 = crate::opcode::RESERVE_TRACK;
    const NAME: &'static str = "RESERVE TRACK";

    fn cdb(&self) -> Cdb {
        let mut out = [0; 10];
        out[0] = Self::OPCODE;
        match self {
            Self::Size { rmz, blocks } => {
                rmz.put(&mut out, 1, 0x02);
                blocks.put(&mut out, 5, 0xFF);
            }
            Self::Split { lba } => {
                out[1] = 0x01;
                lba.put(&mut out, 2, 0xFF);
            }
        }
        Cdb::ten(out)
    }

    fn parse(cdb: &Cdb) -> Result<Self, FieldError> {
        if cdb.opcode() != Self::OPCODE {
            return Err(FieldError::cdb(0, None));
        }
        if cdb.byte(1) & 0x01 == 0 {
            Ok(Self::Size { rmz: cdb.byte(1) & 0x02 != 0, blocks: cdb.be32(5) })
        } else {
            Ok(Self::Split { lba: Lba(cdb.be32(2).cast_signed()) })
        }
    }

    fn transfer(&self) -> Transfer {
        Transfer::None
    }
}
