//! Ways of recording: what the host has set in the write parameters page, and session at once by cue sheet.

mod cue_sheet;
mod parameters;
mod session_at_once;

pub(crate) use cue_sheet::CueSheet;
pub(crate) use parameters::{WriteParameters, WriteType};
pub(crate) use session_at_once::SessionAtOnce;
