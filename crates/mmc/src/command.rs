//! What all commands have in common.

use glassmaster_scsi::{Cdb, Sense};

use crate::cmd::*;
use crate::field::{FieldError, ResponseError};

/// Data that a command moves, as far as its block tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Transfer {
    /// None.
    None,
    /// Up to so many bytes to the host: the allocation length.
    In(usize),
    /// Exactly so many bytes to the drive: the parameter list length.
    Out(usize),
    /// So many logical blocks to the host; their size depends on the medium and the command.
    InBlocks(u32),
    /// So many logical blocks to the drive; their size depends on the write parameters.
    OutBlocks(u32),
}

/// One command of the standard, as bytes and as fields.
pub trait Command: Sized {
    /// Operation code, byte 0 of the block.
    const OPCODE: u8;
    /// Name as the standard prints it.
    const NAME: &'static str;

    /// The command block.
    fn cdb(&self) -> Cdb;

    /// Reads a command block. Reserved bits are not looked at, as drives do not look at them.
    ///
    /// # Errors
    /// [`FieldError`] with the first field whose value the standard does not allow, byte 0 for another command.
    fn parse(cdb: &Cdb) -> Result<Self, FieldError>;

    /// The data that goes with it.
    fn transfer(&self) -> Transfer;
}

/// A command whose answer has a structure of its own.
pub trait Query: Command {
    /// The answer.
    type Response;

    /// Reads the bytes that came, which may be fewer than asked for.
    ///
    /// # Errors
    /// [`ResponseError`] naming the field that is missing or wrong.
    fn parse_response(&self, data: &[u8]) -> Result<Self::Response, ResponseError>;
}

/// Why a drive does not take a command block.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// The operation code is none of [`AnyCommand`].
    #[error("operation code {0:02X}h is not known")]
    Opcode(u8),
    /// A field has a value that is not allowed.
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl Refusal {
    /// 5/20/00 or 5/24/00 with its field pointer.
    #[must_use]
    pub const fn sense(self) -> Sense {
        match self {
            Self::Opcode(_) => Sense::of(5, 0x20, 0),
            Self::Field(field) => field.sense(),
        }
    }
}

macro_rules! any_command {
    ($($name:ident)*) => {
        /// Every command of this crate, told apart by its operation code.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[non_exhaustive]
        pub enum AnyCommand { $(#[doc = concat!("See [`", stringify!($name), "`].")] $name($name)),* }

        impl AnyCommand {
            /// Operation codes of all commands, ascending as listed in the standard's annex or not; each once.
            pub const OPCODES: &[u8] = &[$(<$name as Command>::OPCODE),*];

            /// Reads a command block.
            ///
            /// # Errors
            /// [`Refusal`], whose sense data a drive answers with.
            pub fn parse(cdb: &Cdb) -> Result<Self, Refusal> {
                match cdb.opcode() {
                    $(<$name as Command>::OPCODE => Ok(Self::$name(<$name as Command>::parse(cdb)?)),)*
                    other => Err(Refusal::Opcode(other)),
                }
            }

            /// The command block.
            #[must_use]
            pub fn cdb(&self) -> Cdb {
                match self { $(Self::$name(command) => command.cdb()),* }
            }

            /// The data that goes with it.
            #[must_use]
            pub fn transfer(&self) -> Transfer {
                match self { $(Self::$name(command) => command.transfer()),* }
            }

            /// Name as the standard prints it.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => <$name as Command>::NAME),* }
            }
        }

        $(impl From<$name> for AnyCommand {
            fn from(command: $name) -> Self {
                Self::$name(command)
            }
        })*
    };
}

any_command! {
    TestUnitReady RequestSense FormatUnit Inquiry ModeSense6 StartStopUnit PreventAllowMediumRemoval
    ReadFormatCapacities ReadCapacity Read10 Write10 Seek10 WriteAndVerify10 Verify10 SynchronizeCache10
    ReadTocPmaAtip GetConfiguration GetEventStatusNotification ReadDiscInformation ReadTrackInformation
    ReserveTrack SendOpcInformation ModeSelect10 ModeSense10 CloseTrackSession ReadBufferCapacity SendCueSheet
    Blank LoadUnload Read12 Write12 GetPerformance ReadDiscStructure SetStreaming SetCdSpeed MechanismStatus
    ReadCd SendDiscStructure
}
