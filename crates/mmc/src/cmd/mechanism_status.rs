//! MECHANISM STATUS (MMC-6 6.10).

use glassmaster_disc::Lba;

use crate::bytes::{U24, command, layout, open_code, read};
use crate::command::{Query, Transfer};
use crate::field::ResponseError;

command! {
    /// Asks what the mechanics do.
    #[doc(alias = "BDh")]
    struct MechanismStatus[12] MECHANISM_STATUS "MECHANISM STATUS"
    |c| Transfer::In(c.allocation_length.into()) => {
        /// Most bytes to return; 8 without slot table.
        allocation_length: u16 = 8,
    }
}

impl Query for MechanismStatus {
    type Response = Mechanism;

    fn parse_response(&self, data: &[u8]) -> Result<Mechanism, ResponseError> {
        Mechanism::parse(data)
    }
}

open_code! {
    /// CHANGER STATE.
    ChangerState {
        READY = 0, " Ready, or no changer.";
        LOADING = 1, " Load in progress.";
        UNLOADING = 2, " Unload in progress.";
        INITIALIZING = 3, " Initializing.";
    }
}

open_code! {
    /// MECHANISM STATE.
    MechanismState {
        IDLE = 0, " Idle.";
        PLAYING = 1, " Playing audio or data.";
        SCANNING = 2, " Scanning.";
        ACTIVE = 3, " Active with an initiator: copying, reading, writing.";
        NO_STATE = 7, " No state information.";
    }
}

layout! {
    struct Header[8] "MECHANISM STATUS header" {
        fault: bool = 0 & 0x80,
        changer: ChangerState = 0 & 0x60,
        slot_low: u8 = 0 & 0x1F,
        state: MechanismState = 1 & 0xE0,
        door_open: bool = 1 & 0x10,
        slot_high: u8 = 1 & 0x07,
        lba: U24 = 2,
        slots: u8 = 5,
        table_length: u16 = 6,
    }
}

/// Mechanism status header and slot table.
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct Mechanism {
    /// The changer failed.
    pub fault: bool,
    /// What the changer does.
    pub changer: ChangerState,
    /// Selected slot, 0-255.
    pub current_slot: u8,
    /// What the drive does.
    pub state: MechanismState,
    /// Tray or door open.
    pub door_open: bool,
    /// Where the pick-up stands, 0 to FFFFFFh.
    pub lba: Lba,
    /// One per slot: disc present, changed since the last look. Empty without changer.
    pub slots: Vec<(bool, bool)>,
}

impl Mechanism {
    /// Reads the header and the slots that fit.
    ///
    /// # Errors
    /// [`ResponseError`] when the 8-byte header is cut.
    pub fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        let header = Header::read(data)?;
        let end = (Header::LEN + usize::from(header.table_length)).min(data.len());
        let table = data.get(Header::LEN..end).unwrap_or(&[]);
        let mut slots = Vec::new();
        for entry in table.chunks_exact(4) {
            let flags: u8 = read("slot table", "slot", entry, 0)?;
            slots.push((flags & 0x80 != 0, flags & 0x01 != 0));
        }
        Ok(Self {
            fault: header.fault,
            changer: header.changer,
            current_slot: header.slot_high << 5 | header.slot_low,
            state: header.state,
            door_open: header.door_open,
            lba: Lba(header.lba.get().cast_signed()),
            slots,
        })
    }

    /// The bytes. An address that needs more than 24 bits shows as FFFFFFh, a negative one as 0.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let lba = u32::try_from(self.lba.0).unwrap_or(0);
        let header = Header {
            fault: self.fault,
            changer: self.changer,
            slot_low: self.current_slot & 0x1F,
            state: self.state,
            door_open: self.door_open,
            slot_high: self.current_slot >> 5,
            lba: U24::new(lba).unwrap_or(U24::MAX),
            slots: u8::try_from(self.slots.len()).unwrap_or(u8::MAX),
            table_length: u16::try_from(self.slots.len() * 4).unwrap_or(u16::MAX),
        };
        let mut out = header.write().to_vec();
        for (present, changed) in &self.slots {
            out.extend_from_slice(&[u8::from(*present) << 7 | u8::from(*changed), 0, 0, 0]);
        }
        out
    }
}
