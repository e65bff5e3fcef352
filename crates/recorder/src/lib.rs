//! A drive as an object: who it is, what it can do, what lies in it, and the disc as sectors by number.
//!
//! Everything goes through a [`Transport`](glassmaster_scsi::Transport), so a recorder may be hardware, an emulator or
//! a recorded conversation. All methods take `&self`, and guards and sources own what they need: another thread may
//! look at a recorder while one writes. Each command waits its turn.

mod command;
mod descriptor;
mod disc_source;
mod error;
mod exclusive;
mod incident;
mod master;
mod mcn;
mod media_state;
mod medium;
mod mode_page;
mod pages;
mod protection;
mod raw_command;
mod ready;
mod recorder;
mod session;
mod speed;
mod structure;
mod tray;

pub use command::{Backoff, Origin, Patience, Repeat};
pub use disc_source::DiscSource;
pub use error::{Blame, Error};
pub use exclusive::{ExclusiveAccess, Occupied, check_client_name};
pub use glassmaster_disc::HResult;
pub use incident::Moment;
pub use master::{
    DiscMaster, DriveChange, DriveEntry, DriveWatcher, OpenDrive, RegisteredDrive, WatchCancel,
};
pub use mcn::McnDisabled;
pub use media_state::{MediaState, WriteProtectState};
pub use medium::Medium;
pub use mode_page::RestoreModePage;
pub use raw_command::{DEFAULT_COMMAND_TIMEOUT, MOST_DATA, RawAnswer};
pub use recorder::{DiscRecorder, Identity, RecorderOptions};
pub use session::RecordedSession;
pub use speed::{BD_1X, CD_1X, DVD_1X, HD_DVD_1X, RestoreSpeed, SpeedSetting, WriteSpeed};
pub use tray::PreventRemoval;
