//! The write parameters mode page (MMC-6 7.5), as far as recording depends on it.

/// Write type (MMC-6 7.5.4.9). Raw is not among them: this drive does not record it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WriteType {
    /// Packet or incremental.
    Incremental,
    TrackAtOnce,
    SessionAtOnce,
    /// DVD-R DL: in both layers in turn.
    LayerJump,
}

/// What the page says about the next recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct WriteParameters {
    pub(crate) write_type: WriteType,
    /// Another session may follow the one that is being recorded (multi-session field 11b).
    pub(crate) next_session_allowed: bool,
    /// Mode of the data blocks: 1, or 2 for XA form 1.
    pub(crate) data_mode: u8,
    /// Control nibble for the Q subchannel.
    pub(crate) track_mode: u8,
    /// Session format: 00h CD-DA or CD-ROM, 10h CD-I, 20h CD-ROM XA.
    pub(crate) session_format: u8,
    /// The laser stays at read power: nothing is recorded.
    pub(crate) test_write: bool,
    /// A buffer that runs empty does not end the recording.
    pub(crate) underrun_free: bool,
}

impl WriteParameters {
    /// Reads the page as it stands in the drive, whose content MODE SELECT has checked.
    pub(crate) fn of(page: &glassmaster_mmc::page::WriteParameters) -> Self {
        use glassmaster_mmc::page::{DataBlockType, MultiSession, WriteType as Code};
        Self {
            write_type: match page.write_type {
                Code::TRACK_AT_ONCE => WriteType::TrackAtOnce,
                Code::SESSION_AT_ONCE => WriteType::SessionAtOnce,
                Code::LAYER_JUMP => WriteType::LayerJump,
                _ => WriteType::Incremental,
            },
            next_session_allowed: page.multi_session == MultiSession::NEXT_ALLOWED,
            data_mode: if page.data_block_type == DataBlockType::MODE_2_FORM_1 { 2 } else { 1 },
            track_mode: page.track_mode,
            session_format: page.session_format.0,
            test_write: page.test_write,
            underrun_free: page.buffer_underrun_free,
        }
    }
}
