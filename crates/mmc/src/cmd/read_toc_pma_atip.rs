//! READ TOC/PMA/ATIP (MMC-6 6.25): table of contents, raw lead-in entries, pre-groove information.

use glassmaster_disc::{Lba, Msf};
use glassmaster_scsi::Cdb;

use crate::bytes::{Field, layout, open_code, set_length16, sized16};
use crate::command::{Command, Query, Transfer};
use crate::field::{FieldError, ResponseError};

open_code! {
    /// FORMAT: which structure to return.
    TocFormat {
        TOC = 0, " The tracks of the disc.";
        SESSION_INFO = 1, " First and last session, first track of the last.";
        FULL_TOC = 2, " All Q sub-channel entries of the lead-ins.";
        PMA = 3, " Entries of the program memory area.";
        ATIP = 4, " Absolute time in pre-groove: what the blank disc says of itself.";
        CD_TEXT = 5, " CD-TEXT packs of the lead-in.";
    }
}

/// Asks for a table of contents.
#[doc(alias = "READ TOC/PMA/ATIP")]
#[doc(alias = "43h")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct ReadTocPmaAtip {
    /// MSF: addresses of formats 0 and 1 as minute, second, frame.
    pub msf: bool,
    /// Which structure.
    pub format: TocFormat,
    /// TRACK/SESSION NUMBER: first track (format 0, AAh for the lead-out alone) or first session (format 2).
    pub start: u8,
    /// Most bytes to return.
    pub allocation_length: u16,
}

impl Command for ReadTocPmaAtip {
    const OPCODE: u8 = crate::opcode::READ_TOC_PMA_ATIP;
    const NAME: &'static str = "READ TOC/PMA/ATIP";

    fn cdb(&self) -> Cdb {
        let mut out = [0; 10];
        out[0] = Self::OPCODE;
        self.msf.put(&mut out, 1, 0x02);
        self.format.put(&mut out, 2, 0x0F);
        self.start.put(&mut out, 6, 0xFF);
        self.allocation_length.put(&mut out, 7, 0xFF);
        Cdb::ten(out)
    }

    /// Format 0 with bits in the upper half of the control byte is the form of SFF-8020, which had the format there.
    fn parse(cdb: &Cdb) -> Result<Self, FieldError> {
        if cdb.opcode() != Self::OPCODE {
            return Err(FieldError::cdb(0, None));
        }
        let format = match cdb.byte(2) & 0x0F {
            0 => cdb.byte(9) >> 6,
            format => format,
        };
        Ok(Self {
            msf: cdb.byte(1) & 0x02 != 0,
            format: TocFormat(format),
            start: cdb.byte(6),
            allocation_length: cdb.be16(7),
        })
    }

    fn transfer(&self) -> Transfer {
        Transfer::In(self.allocation_length.into())
    }
}

impl Query for ReadTocPmaAtip {
    type Response = TocAnswer;

    fn parse_response(&self, data: &[u8]) -> Result<TocAnswer, ResponseError> {
        Ok(match self.format {
            TocFormat::TOC => TocAnswer::Toc(Toc::parse(data, self.msf)?),
            TocFormat::SESSION_INFO => TocAnswer::Session(SessionToc::parse(data, self.msf)?),
            TocFormat::FULL_TOC | TocFormat::PMA => TocAnswer::Full(FullToc::parse(data)?),
            TocFormat::ATIP => TocAnswer::Atip(Atip::parse(data)?),
            _ => TocAnswer::Other(sized16("READ TOC data", data)?.get(4..).unwrap_or(&[]).to_vec()),
        })
    }
}

/// Answer in the form that was asked for.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum TocAnswer {
    /// Format 0.
    Toc(Toc),
    /// Format 1.
    Session(SessionToc),
    /// Formats 2 and 3.
    Full(FullToc),
    /// Format 4.
    Atip(Atip),
    /// CD-TEXT packs and unknown formats: what follows the 4-byte header.
    Other(Vec<u8>),
}

/// Address of a track, in the form that was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum TocAddress {
    /// MSF = 0.
    Lba(Lba),
    /// MSF = 1. Bytes as they came: minute, second, frame.
    Msf([u8; 3]),
}

impl TocAddress {
    /// The address in the form of a request. Addresses that the clock cannot show become 00:00:00.
    #[must_use]
    pub fn of(lba: Lba, msf: bool) -> Self {
        if msf {
            let (m, s, f) = Msf::try_from(lba).map_or((0, 0, 0), Msf::fields);
            Self::Msf([m, s, f])
        } else {
            Self::Lba(lba)
        }
    }

    /// As a block address; `None` for an MSF that is none.
    #[must_use]
    pub fn lba(self) -> Option<Lba> {
        match self {
            Self::Lba(lba) => Some(lba),
            Self::Msf([m, s, f]) => Msf::new(m, s, f).ok().map(Msf::lba),
        }
    }

    fn from_bytes(bytes: [u8; 4], msf: bool) -> Self {
        if msf {
            Self::Msf([bytes[1], bytes[2], bytes[3]])
        } else {
            Self::Lba(Lba(i32::from_be_bytes(bytes)))
        }
    }

    fn to_bytes(self) -> [u8; 4] {
        match self {
            Self::Lba(lba) => lba.0.to_be_bytes(),
            Self::Msf([m, s, f]) => [0, m, s, f],
        }
    }
}

layout! {
    struct RawTrack[8] "TOC track descriptor" {
        adr: u8 = 1 & 0xF0,
        control: u8 = 1 & 0x0F,
        track: u8 = 2,
        address: [u8; 4] = 4,
    }
}

/// TOC track descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct TocTrack {
    /// ADR: 1 where the Q channel gives the position.
    pub adr: u8,
    /// CONTROL: 4 for data, 0 for audio.
    pub control: u8,
    /// TRACK NUMBER; AAh is the lead-out.
    pub track: u8,
    /// Where it starts.
    pub start: TocAddress,
}

impl TocTrack {
    /// Track number of the lead-out.
    pub const LEAD_OUT: u8 = 0xAA;

    fn parse(bytes: &[u8], msf: bool) -> Result<Self, ResponseError> {
        let raw = RawTrack::read(bytes)?;
        Ok(Self {
            adr: raw.adr,
            control: raw.control,
            track: raw.track,
            start: TocAddress::from_bytes(raw.address, msf),
        })
    }

    fn to_bytes(self) -> [u8; 8] {
        RawTrack { adr: self.adr, control: self.control, track: self.track, address: self.start.to_bytes() }
            .write()
    }
}

/// Format 0.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct Toc {
    /// FIRST TRACK NUMBER.
    pub first: u8,
    /// LAST TRACK NUMBER.
    pub last: u8,
    /// Tracks from the requested one on, then the lead-out.
    pub tracks: Vec<TocTrack>,
}

layout! {
    struct Header[4] "READ TOC data" {
        first: u8 = 2,
        last: u8 = 3,
    }
}

impl Toc {
    /// Reads header and all whole descriptors.
    ///
    /// # Errors
    /// [`ResponseError`] when the header is cut.
    pub fn parse(data: &[u8], msf: bool) -> Result<Self, ResponseError> {
        let data = sized16("READ TOC data", data)?;
        let header = Header::read(data)?;
        let tracks = data
            .get(4..)
            .unwrap_or(&[])
            .chunks_exact(8)
            .map(|d| TocTrack::parse(d, msf))
            .collect::<Result<_, _>>()?;
        Ok(Self { first: header.first, last: header.last, tracks })
    }

    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![0, 0, self.first, self.last];
        for track in &self.tracks {
            out.extend_from_slice(&track.to_bytes());
        }
        set_length16(out)
    }
}

/// Format 1: the way to find the last session of a multi-session disc.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct SessionToc {
    /// FIRST COMPLETE SESSION NUMBER.
    pub first_session: u8,
    /// LAST COMPLETE SESSION NUMBER.
    pub last_session: u8,
    /// First track in the last complete session.
    pub first_track: TocTrack,
}

impl SessionToc {
    /// Reads the 12 bytes.
    ///
    /// # Errors
    /// [`ResponseError`] when there are fewer.
    pub fn parse(data: &[u8], msf: bool) -> Result<Self, ResponseError> {
        let data = sized16("READ TOC data", data)?;
        let header = Header::read(data)?;
        let first_track = TocTrack::parse(data.get(4..).unwrap_or(&[]), msf)?;
        Ok(Self { first_session: header.first, last_session: header.last, first_track })
    }

    /// The 12 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![0, 0, self.first_session, self.last_session];
        out.extend_from_slice(&self.first_track.to_bytes());
        set_length16(out)
    }
}

layout! {
    /// One Q sub-channel entry of a lead-in or of the PMA.
    pub struct FullTocEntry[11] "full TOC descriptor" {
        /// SESSION NUMBER.
        session: u8 = 0,
        /// ADR.
        adr: u8 = 1 & 0xF0,
        /// CONTROL.
        control: u8 = 1 & 0x0F,
        /// TNO: 0 in the lead-in.
        track: u8 = 2,
        /// POINT: track number, or A0h first track, A1h last track, A2h lead-out, B0h next program area, ...
        point: u8 = 3,
        /// MIN, SEC, FRAME.
        time: [u8; 3] = 4,
        /// ZERO, or HOUR and PHOUR.
        zero: u8 = 7,
        /// PMIN, PSEC, PFRAME: for A0h first track number and disc type.
        position: [u8; 3] = 8,
    }
}

/// Formats 2 and 3.
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct FullToc {
    /// FIRST COMPLETE SESSION NUMBER; reserved in format 3.
    pub first_session: u8,
    /// LAST COMPLETE SESSION NUMBER; reserved in format 3.
    pub last_session: u8,
    /// Entries in the order of the disc.
    pub entries: Vec<FullTocEntry>,
}

impl FullToc {
    /// Reads header and all whole entries.
    ///
    /// # Errors
    /// [`ResponseError`] when the header is cut.
    pub fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        let data = sized16("READ TOC data", data)?;
        let header = Header::read(data)?;
        let entries = data
            .get(4..)
            .unwrap_or(&[])
            .chunks_exact(11)
            .map(FullTocEntry::read)
            .collect::<Result<_, _>>()?;
        Ok(Self { first_session: header.first, last_session: header.last, entries })
    }

    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![0, 0, self.first_session, self.last_session];
        for entry in &self.entries {
            out.extend_from_slice(&entry.write());
        }
        set_length16(out)
    }
}

layout! {
    struct RawAtip[28] "ATIP descriptor" {
        always_one: bool = 4 & 0x80,
        writing_power: u8 = 4 & 0x70,
        reference_speed: u8 = 4 & 0x07,
        unrestricted_use: bool = 5 & 0x40,
        always_one_too: bool = 6 & 0x80,
        rewritable: bool = 6 & 0x40,
        subtype: u8 = 6 & 0x38,
        a1_valid: bool = 6 & 0x04,
        a2_valid: bool = 6 & 0x02,
        a3_valid: bool = 6 & 0x01,
        lead_in: [u8; 3] = 8,
        last_lead_out: [u8; 3] = 12,
        a1: Option<[u8; 3]> = 16,
        a2: Option<[u8; 3]> = 20,
        a3: Option<[u8; 3]> = 24,
    }
}

/// Format 4.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct Atip {
    /// INDICATIVE TARGET WRITING POWER, 0-7.
    pub writing_power: u8,
    /// REFERENCE SPEED of CD-RW, 0-7.
    pub reference_speed: u8,
    /// URU: no host application code needed.
    pub unrestricted_use: bool,
    /// DISC TYPE: CD-RW (`true`) or CD-R.
    pub rewritable: bool,
    /// DISC SUB-TYPE, 0-7.
    pub subtype: u8,
    /// ATIP START TIME OF LEAD-IN: minute, second, frame; names the manufacturer.
    pub lead_in: [u8; 3],
    /// ATIP LAST POSSIBLE START TIME OF LEAD-OUT: minute, second, frame.
    pub last_lead_out: [u8; 3],
    /// A1 VALUES where A1 is set.
    pub a1: Option<[u8; 3]>,
    /// A2 VALUES where A2 is set.
    pub a2: Option<[u8; 3]>,
    /// A3 VALUES where A3 is set.
    pub a3: Option<[u8; 3]>,
}

impl Atip {
    /// Reads the descriptor; the A values may be missing.
    ///
    /// # Errors
    /// [`ResponseError`] when it ends before byte 15.
    pub fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        let raw = RawAtip::read(sized16("ATIP descriptor", data)?)?;
        Ok(Self {
            writing_power: raw.writing_power,
            reference_speed: raw.reference_speed,
            unrestricted_use: raw.unrestricted_use,
            rewritable: raw.rewritable,
            subtype: raw.subtype,
            lead_in: raw.lead_in,
            last_lead_out: raw.last_lead_out,
            a1: raw.a1.filter(|_| raw.a1_valid),
            a2: raw.a2.filter(|_| raw.a2_valid),
            a3: raw.a3.filter(|_| raw.a3_valid),
        })
    }

    /// The 28 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let raw = RawAtip {
            always_one: true,
            writing_power: self.writing_power,
            reference_speed: self.reference_speed,
            unrestricted_use: self.unrestricted_use,
            always_one_too: true,
            rewritable: self.rewritable,
            subtype: self.subtype,
            a1_valid: self.a1.is_some(),
            a2_valid: self.a2.is_some(),
            a3_valid: self.a3.is_some(),
            lead_in: self.lead_in,
            last_lead_out: self.last_lead_out,
            a1: self.a1,
            a2: self.a2,
            a3: self.a3,
        };
        set_length16(raw.write().to_vec())
    }
}
