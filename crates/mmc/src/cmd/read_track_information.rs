//! READ TRACK INFORMATION (MMC-6 6.26): state of one track.

use glassmaster_disc::Lba;

use crate::bytes::{closed_code, command, layout, open_code, set_length16, sized16};
use crate::command::{Query, Transfer};
use crate::field::ResponseError;

closed_code! {
    /// ADDRESS/NUMBER TYPE: what the address means.
    #[doc(alias = "IMAPI_READ_TRACK_ADDRESS_TYPE")]
    AddressType {
        /// The track that holds this LBA.
        #[doc(alias = "IMAPI_READ_TRACK_ADDRESS_TYPE_LBA")]
        #[default]
        Lba = 0,
        /// The track of this number; 0 the lead-in, FFh the invisible track.
        #[doc(alias = "IMAPI_READ_TRACK_ADDRESS_TYPE_TRACK")]
        Track = 1,
        /// The first track of this session.
        #[doc(alias = "IMAPI_READ_TRACK_ADDRESS_TYPE_SESSION")]
        Session = 2,
    }
}

command! {
    /// Asks for the state of a track.
    #[doc(alias = "52h")]
    struct ReadTrackInformation[10] READ_TRACK_INFORMATION "READ TRACK INFORMATION"
    |c| Transfer::In(c.allocation_length.into()) => {
        /// OPEN: the open track at or after the address.
        open: bool = 1 & 0x04,
        /// What [`Self::address`] means.
        address_type: AddressType = 1 & 0x03,
        /// LBA, track or session number.
        address: u32 = 2,
        /// Most bytes to return, 48.
        allocation_length: u16 = 7,
    }
}

impl ReadTrackInformation {
    /// By track number.
    #[must_use]
    pub const fn track(number: u32) -> Self {
        Self { open: false, address_type: AddressType::Track, address: number, allocation_length: 48 }
    }

    /// The invisible track, where the next write goes on sequential media.
    #[must_use]
    pub const fn invisible() -> Self {
        Self::track(0xFF)
    }

    /// By an address inside it.
    #[must_use]
    pub const fn lba(lba: Lba) -> Self {
        Self {
            open: false,
            address_type: AddressType::Lba,
            address: lba.0.cast_unsigned(),
            allocation_length: 48,
        }
    }

    /// First track of a session.
    #[must_use]
    pub const fn session(number: u32) -> Self {
        Self { open: false, address_type: AddressType::Session, address: number, allocation_length: 48 }
    }
}

impl Query for ReadTrackInformation {
    type Response = TrackInformation;

    fn parse_response(&self, data: &[u8]) -> Result<TrackInformation, ResponseError> {
        TrackInformation::parse(data)
    }
}

open_code! {
    /// DATA MODE of a track.
    DataMode {
        MODE_1 = 1, " Mode 1, and all DVD and BD.";
        MODE_2 = 2, " Mode 2, XA or CD-I.";
        UNKNOWN = 0x0F, " Unknown: nothing written, or audio.";
    }
}

layout! {
    struct Raw[48] "track information block" {
        track_low: u8 = 2,
        session_low: u8 = 3,
        layer_jump: u8 = 5 & 0xC0,
        damage: bool = 5 & 0x20,
        copy: bool = 5 & 0x10,
        track_mode: u8 = 5 & 0x0F,
        reserved_track: bool = 6 & 0x80,
        blank: bool = 6 & 0x40,
        packet: bool = 6 & 0x20,
        fixed_packet: bool = 6 & 0x10,
        data_mode: DataMode = 6 & 0x0F,
        last_recorded_valid: bool = 7 & 0x02,
        next_writable_valid: bool = 7 & 0x01,
        start: Lba = 8,
        next_writable: Lba = 12,
        free_blocks: u32 = 16,
        packet_size: u32 = 20,
        size: u32 = 24,
        last_recorded: Option<Lba> = 28,
        track_high: Option<u8> = 32,
        session_high: Option<u8> = 33,
        read_compatibility: Option<Lba> = 36,
        next_layer_jump: Option<Lba> = 40,
        last_layer_jump: Option<Lba> = 44,
    }
}

/// Track information block.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct TrackInformation {
    /// LOGICAL TRACK NUMBER.
    pub track: u16,
    /// SESSION NUMBER.
    pub session: u16,
    /// LJRS: layer jump recording status, 0-3.
    pub layer_jump_status: u8,
    /// The track is damaged: its end or its next address is not certain.
    pub damage: bool,
    /// Copy bit of a CD, or a second generation copy.
    pub copy: bool,
    /// TRACK MODE: control nibble of the Q channel; 4 for data, 5 for data in packets.
    pub track_mode: u8,
    /// RT: reserved with RESERVE TRACK.
    pub reserved_track: bool,
    /// Nothing was written to it.
    pub blank: bool,
    /// PACKET/INC: written in packets or incrementally.
    pub packet: bool,
    /// FP: in packets of one size.
    pub fixed_packet: bool,
    /// DATA MODE.
    pub data_mode: DataMode,
    /// LOGICAL TRACK START ADDRESS.
    pub start: Lba,
    /// NEXT WRITABLE ADDRESS where NWA_V is set.
    pub next_writable: Option<Lba>,
    /// FREE BLOCKS, from the next writable address to the end.
    pub free_blocks: u32,
    /// FIXED PACKET SIZE, or the blocking factor: 16 for DVD, 32 for BD.
    pub packet_size: u32,
    /// LOGICAL TRACK SIZE in blocks; for an open track what it could become.
    pub size: u32,
    /// LAST RECORDED ADDRESS where LRA_V is set.
    pub last_recorded: Option<Lba>,
    /// READ COMPATIBILITY LBA; `None` in answers of drives before MMC-5.
    pub read_compatibility: Option<Lba>,
    /// NEXT LAYER JUMP ADDRESS.
    pub next_layer_jump: Option<Lba>,
    /// LAST LAYER JUMP ADDRESS.
    pub last_layer_jump: Option<Lba>,
}

impl TrackInformation {
    /// Reads 28, 36, 40 or 48 bytes, the forms of MMC-1 to MMC-6.
    ///
    /// # Errors
    /// [`ResponseError`] when there are fewer than 28.
    pub fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        let raw = Raw::read(sized16("track information block", data)?)?;
        let wide = |high: Option<u8>, low| u16::from_be_bytes([high.unwrap_or(0), low]);
        Ok(Self {
            track: wide(raw.track_high, raw.track_low),
            session: wide(raw.session_high, raw.session_low),
            layer_jump_status: raw.layer_jump,
            damage: raw.damage,
            copy: raw.copy,
            track_mode: raw.track_mode,
            reserved_track: raw.reserved_track,
            blank: raw.blank,
            packet: raw.packet,
            fixed_packet: raw.fixed_packet,
            data_mode: raw.data_mode,
            start: raw.start,
            next_writable: raw.next_writable_valid.then_some(raw.next_writable),
            free_blocks: raw.free_blocks,
            packet_size: raw.packet_size,
            size: raw.size,
            last_recorded: raw.last_recorded.filter(|_| raw.last_recorded_valid),
            read_compatibility: raw.read_compatibility,
            next_layer_jump: raw.next_layer_jump,
            last_layer_jump: raw.last_layer_jump,
        })
    }

    /// The bytes: 36, 40 with a read compatibility address, 48 with a layer jump address.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let [track_high, track_low] = self.track.to_be_bytes();
        let [session_high, session_low] = self.session.to_be_bytes();
        let raw = Raw {
            track_low,
            session_low,
            layer_jump: self.layer_jump_status,
            damage: self.damage,
            copy: self.copy,
            track_mode: self.track_mode,
            reserved_track: self.reserved_track,
            blank: self.blank,
            packet: self.packet,
            fixed_packet: self.fixed_packet,
            data_mode: self.data_mode,
            last_recorded_valid: self.last_recorded.is_some(),
            next_writable_valid: self.next_writable.is_some(),
            start: self.start,
            next_writable: self.next_writable.unwrap_or_default(),
            free_blocks: self.free_blocks,
            packet_size: self.packet_size,
            size: self.size,
            last_recorded: self.last_recorded,
            track_high: Some(track_high),
            session_high: Some(session_high),
            read_compatibility: self.read_compatibility,
            next_layer_jump: self.next_layer_jump,
            last_layer_jump: self.last_layer_jump,
        };
        let mut out = raw.write().to_vec();
        if self.next_layer_jump.is_none() && self.last_layer_jump.is_none() {
            out.truncate(if self.read_compatibility.is_some() { 40 } else { 36 });
        }
        set_length16(out)
    }
}
