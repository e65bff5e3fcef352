//! What the drive tells of a disc: its state, its tracks, its sessions.

/// Status of a whole disc or of its last session (MMC-6 6.21, Disc Status and State of Last Session).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fill {
    Empty,
    Incomplete,
    Complete,
    /// A randomly writable medium without these states.
    Other,
}

/// What READ DISC INFORMATION tells (MMC-6 6.21).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct DiscSummary {
    pub(crate) disc: Fill,
    pub(crate) last_session: Fill,
    pub(crate) erasable: bool,
    pub(crate) sessions: u16,
    pub(crate) first_track_in_last_session: u16,
    pub(crate) last_track: u16,
    /// Background format status code of DVD+RW; 0 elsewhere.
    pub(crate) background_format: u8,
    /// Disc type byte; 0xFF while no session tells.
    pub(crate) disc_type: u8,
    /// Where the lead-in of the next session will stand: `None` on a complete disc.
    pub(crate) next_lead_in: Option<i32>,
    /// Last address at which a lead-out may start: `None` on a complete disc.
    pub(crate) last_lead_out: Option<i32>,
}

/// What READ TRACK INFORMATION tells of one track, recorded or invisible (MMC-6 6.26).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct TrackView {
    pub(crate) number: u16,
    pub(crate) session: u16,
    pub(crate) start: i32,
    pub(crate) size: u32,
    pub(crate) free: u32,
    pub(crate) next_writable: Option<i32>,
    pub(crate) last_recorded: Option<i32>,
    pub(crate) reserved: bool,
    pub(crate) blank: bool,
    pub(crate) damaged: bool,
    /// Blocks of a packet; `None` where the track is not made of packets.
    pub(crate) packet: Option<u32>,
    /// All packets have that size.
    pub(crate) fixed_packet: bool,
    pub(crate) control: u8,
    /// 1 mode 1, 2 mode 2, 0xF not known.
    pub(crate) data_mode: u8,
    /// Layer jump recording status; 0 without.
    pub(crate) layer_jump: u8,
    /// Last block before the next jump.
    pub(crate) next_jump: Option<i32>,
    /// Block before the last jump.
    pub(crate) last_jump: Option<i32>,
}

/// A recorded session as the TOC shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TocSession {
    pub(crate) number: u16,
    pub(crate) disc_type: u8,
    pub(crate) tracks: Vec<TocTrack>,
    pub(crate) lead_out: i32,
    /// First address that a following session's program area could have, when one may follow.
    pub(crate) next_start: Option<i32>,
}

/// A track as the TOC shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TocTrack {
    pub(crate) number: u16,
    pub(crate) start: i32,
    pub(crate) control: u8,
}
