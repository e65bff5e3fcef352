//! READ DISC INFORMATION (MMC-6 6.21): state of the whole disc.

use crate::bytes::{closed_code, command, layout, open_code, set_length16, sized16};
use crate::command::{Query, Transfer};
use crate::field::ResponseError;

open_code! {
    /// DATA TYPE.
    DiscInformationType {
        STANDARD = 0, " Standard disc information.";
        TRACK_RESOURCES = 1, " Track resources information (BD).";
        POW_RESOURCES = 2, " Pseudo-overwrite resources information (BD-R).";
    }
}

command! {
    /// Asks for the state of the disc.
    #[doc(alias = "51h")]
    struct ReadDiscInformation[10] READ_DISC_INFORMATION "READ DISC INFORMATION"
    |c| Transfer::In(c.allocation_length.into()) => {
        /// Which of the three structures.
        data_type: DiscInformationType = 1 & 0x07,
        /// Most bytes to return; the standard structure has 34 and 8 for each OPC entry.
        allocation_length: u16 = 7,
    }
}

impl ReadDiscInformation {
    /// The standard structure without OPC table.
    #[must_use]
    pub const fn standard() -> Self {
        Self { data_type: DiscInformationType::STANDARD, allocation_length: 34 }
    }
}

/// Answer in the form that the data type asks for.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum DiscInformationAnswer {
    /// Data type 0.
    Standard(DiscInformation),
    /// Data type 1.
    TrackResources(TrackResources),
    /// Data type 2.
    PowResources(PowResources),
}

impl Query for ReadDiscInformation {
    type Response = DiscInformationAnswer;

    /// Goes by the data type in the answer: old drives answer every request with the standard structure.
    fn parse_response(&self, data: &[u8]) -> Result<DiscInformationAnswer, ResponseError> {
        let kind: u8 = crate::bytes::read("disc information", "data type", data, 2)?;
        match kind >> 5 {
            0 => DiscInformation::parse(data).map(DiscInformationAnswer::Standard),
            1 => TrackResources::parse(data).map(DiscInformationAnswer::TrackResources),
            2 => PowResources::parse(data).map(DiscInformationAnswer::PowResources),
            other => Err(ResponseError::Invalid {
                structure: "disc information",
                field: "data type",
                byte: 2,
                value: other.into(),
            }),
        }
    }
}

closed_code! {
    /// DISC STATUS.
    DiscStatus {
        /// Nothing written.
        #[default]
        Empty = 0,
        /// Can be appended to.
        Incomplete = 1,
        /// Finalised: no more sessions.
        Complete = 2,
        /// Randomly writable media and others without these states.
        Other = 3,
    }
}

closed_code! {
    /// STATE OF LAST SESSION.
    SessionState {
        /// Opened, no track.
        #[default]
        Empty = 0,
        /// Has tracks, not closed.
        Incomplete = 1,
        /// Reserved, or damaged in the middle of closing.
        Damaged = 2,
        /// Closed; only with disc status complete or other.
        Complete = 3,
    }
}

closed_code! {
    /// BG FORMAT STATUS of DVD+RW and MRW.
    BackgroundFormat {
        /// Not formatted, or not a medium with background format.
        #[default]
        None = 0,
        /// Started, stopped before the end.
        Incomplete = 1,
        /// Running.
        Running = 2,
        /// Done.
        Complete = 3,
    }
}

open_code! {
    /// DISC TYPE of a CD by its lead-in.
    DiscType {
        CD_DA_OR_ROM = 0x00, " CD-DA or CD-ROM, and media without types.";
        CD_I = 0x10, " CD-I.";
        CD_XA = 0x20, " CD-ROM XA.";
        UNDEFINED = 0xFF, " Undefined: no session is closed yet.";
    }
}

layout! {
    struct Raw[34] "disc information" {
        data_type: u8 = 2 & 0xE0,
        erasable: bool = 2 & 0x10,
        last_session_state: SessionState = 2 & 0x0C,
        status: DiscStatus = 2 & 0x03,
        first_track: u8 = 3,
        sessions_low: u8 = 4,
        first_track_low: u8 = 5,
        last_track_low: u8 = 6,
        disc_id_valid: bool = 7 & 0x80,
        bar_code_valid: bool = 7 & 0x40,
        unrestricted_use: bool = 7 & 0x20,
        application_code_valid: bool = 7 & 0x10,
        dirty: bool = 7 & 0x04,
        background_format: BackgroundFormat = 7 & 0x03,
        disc_type: DiscType = 8,
        sessions_high: u8 = 9,
        first_track_high: u8 = 10,
        last_track_high: u8 = 11,
        disc_id: u32 = 12,
        last_lead_in: [u8; 4] = 16,
        last_possible_lead_out: [u8; 4] = 20,
        bar_code: Option<[u8; 8]> = 24,
        application_code: Option<u8> = 32,
        opc_tables: Option<u8> = 33,
    }
}

/// OPC table entry: laser power found for one speed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct OpcEntry {
    /// SPEED in kB/s.
    pub speed: u16,
    /// OPC VALUES, vendor specific.
    pub values: [u8; 6],
}

/// Standard disc information, data type 000b.
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct DiscInformation {
    /// The medium can be erased or overwritten.
    pub erasable: bool,
    /// STATE OF LAST SESSION.
    pub last_session_state: SessionState,
    /// DISC STATUS.
    pub status: DiscStatus,
    /// NUMBER OF FIRST TRACK ON DISC, normally 1.
    pub first_track: u8,
    /// NUMBER OF SESSIONS, the open one counted; at least 1.
    pub sessions: u16,
    /// FIRST TRACK NUMBER IN LAST SESSION.
    pub first_track_in_last_session: u16,
    /// LAST TRACK NUMBER IN LAST SESSION: the invisible or incomplete track, where there is one.
    pub last_track_in_last_session: u16,
    /// DISC IDENTIFICATION where DID_V is set.
    pub disc_id: Option<u32>,
    /// DISC BAR CODE where DBC_V is set.
    pub bar_code: Option<[u8; 8]>,
    /// URU: no host application code needed.
    pub unrestricted_use: bool,
    /// DISC APPLICATION CODE where DAC_V is set.
    pub application_code: Option<u8>,
    /// DBIT: the MRW defect tables may be behind the medium.
    pub dirty: bool,
    /// BG FORMAT STATUS.
    pub background_format: BackgroundFormat,
    /// DISC TYPE.
    pub disc_type: DiscType,
    /// LAST SESSION LEAD-IN START ADDRESS: on CD 0, minute, second, frame of a session that is not closed, all FFh
    /// on a finalised disc; on other media 0 or an LBA.
    pub last_lead_in: [u8; 4],
    /// LAST POSSIBLE LEAD-OUT START ADDRESS, in the same form.
    pub last_possible_lead_out: [u8; 4],
    /// OPC table, at most 255 entries; none where the allocation length left no room.
    pub opc: Vec<OpcEntry>,
}

impl DiscInformation {
    /// Reads the standard structure. Bytes 24 and on may be missing, as in the answers of the first CD recorders.
    ///
    /// # Errors
    /// [`ResponseError`] when it ends before byte 24.
    pub fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        let data = sized16("disc information", data)?;
        let raw = Raw::read(data)?;
        let table = data.get(Raw::LEN..).unwrap_or(&[]);
        let opc = table
            .chunks_exact(8)
            .take(raw.opc_tables.unwrap_or(0).into())
            .filter_map(|e| {
                let (speed, values) = e.split_first_chunk()?;
                Some(OpcEntry { speed: u16::from_be_bytes(*speed), values: *values.first_chunk()? })
            })
            .collect();
        let wide = |high, low| u16::from_be_bytes([high, low]);
        Ok(Self {
            erasable: raw.erasable,
            last_session_state: raw.last_session_state,
            status: raw.status,
            first_track: raw.first_track,
            sessions: wide(raw.sessions_high, raw.sessions_low),
            first_track_in_last_session: wide(raw.first_track_high, raw.first_track_low),
            last_track_in_last_session: wide(raw.last_track_high, raw.last_track_low),
            disc_id: raw.disc_id_valid.then_some(raw.disc_id),
            bar_code: raw.bar_code.filter(|_| raw.bar_code_valid),
            unrestricted_use: raw.unrestricted_use,
            application_code: raw.application_code.filter(|_| raw.application_code_valid),
            dirty: raw.dirty,
            background_format: raw.background_format,
            disc_type: raw.disc_type,
            last_lead_in: raw.last_lead_in,
            last_possible_lead_out: raw.last_possible_lead_out,
            opc,
        })
    }

    /// The bytes: 34 and 8 for each of at most 255 OPC entries.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let [sessions_high, sessions_low] = self.sessions.to_be_bytes();
        let [first_track_high, first_track_low] = self.first_track_in_last_session.to_be_bytes();
        let [last_track_high, last_track_low] = self.last_track_in_last_session.to_be_bytes();
        let tables = self.opc.len().min(usize::from(u8::MAX));
        let raw = Raw {
            data_type: 0,
            erasable: self.erasable,
            last_session_state: self.last_session_state,
            status: self.status,
            first_track: self.first_track,
            sessions_low,
            first_track_low,
            last_track_low,
            disc_id_valid: self.disc_id.is_some(),
            bar_code_valid: self.bar_code.is_some(),
            unrestricted_use: self.unrestricted_use,
            application_code_valid: self.application_code.is_some(),
            dirty: self.dirty,
            background_format: self.background_format,
            disc_type: self.disc_type,
            sessions_high,
            first_track_high,
            last_track_high,
            disc_id: self.disc_id.unwrap_or(0),
            last_lead_in: self.last_lead_in,
            last_possible_lead_out: self.last_possible_lead_out,
            bar_code: self.bar_code,
            application_code: self.application_code,
            opc_tables: u8::try_from(tables).ok(),
        };
        let mut out = raw.write().to_vec();
        for entry in self.opc.iter().take(tables) {
            out.extend_from_slice(&entry.speed.to_be_bytes());
            out.extend_from_slice(&entry.values);
        }
        set_length16(out)
    }
}

layout! {
    struct RawTracks[12] "track resources information" {
        data_type: u8 = 2 & 0xE0,
        maximum: u16 = 4,
        assigned: u16 = 6,
        maximum_appendable: u16 = 8,
        appendable: u16 = 10,
    }
}

/// Track resources information, data type 001b.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct TrackResources {
    /// MAXIMUM POSSIBLE NUMBER OF THE TRACKS on the disc.
    pub maximum: u16,
    /// NUMBER OF THE ASSIGNED TRACKS on the disc.
    pub assigned: u16,
    /// MAXIMUM POSSIBLE NUMBER OF APPENDABLE TRACKS on the disc.
    pub maximum_appendable: u16,
    /// CURRENT NUMBER OF APPENDABLE TRACKS on the disc.
    pub appendable: u16,
}

impl TrackResources {
    /// Reads the 12 bytes.
    ///
    /// # Errors
    /// [`ResponseError`] when there are fewer.
    pub fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        let raw = RawTracks::read(sized16("track resources information", data)?)?;
        Ok(Self {
            maximum: raw.maximum,
            assigned: raw.assigned,
            maximum_appendable: raw.maximum_appendable,
            appendable: raw.appendable,
        })
    }

    /// The 12 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let raw = RawTracks {
            data_type: 1,
            maximum: self.maximum,
            assigned: self.assigned,
            maximum_appendable: self.maximum_appendable,
            appendable: self.appendable,
        };
        set_length16(raw.write().to_vec())
    }
}

layout! {
    struct RawPow[16] "POW resources information" {
        data_type: u8 = 2 & 0xE0,
        replacements: u32 = 4,
        map_entries: u32 = 8,
        updates: u32 = 12,
    }
}

/// POW resources information, data type 010b: what is left for pseudo-overwrite on BD-R.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct PowResources {
    /// REMAINING POW REPLACEMENTS.
    pub replacements: u32,
    /// REMAINING POW REALLOCATION MAP ENTRIES.
    pub map_entries: u32,
    /// NUMBER OF REMAINING POW UPDATES.
    pub updates: u32,
}

impl PowResources {
    /// Reads the 16 bytes.
    ///
    /// # Errors
    /// [`ResponseError`] when there are fewer.
    pub fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        let raw = RawPow::read(sized16("POW resources information", data)?)?;
        Ok(Self { replacements: raw.replacements, map_entries: raw.map_entries, updates: raw.updates })
    }

    /// The 16 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let raw = RawPow {
            data_type: 2,
            replacements: self.replacements,
            map_entries: self.map_entries,
            updates: self.updates,
        };
        set_length16(raw.write().to_vec())
    }
}
