//! Writing discs: the engine that feeds a recorder, what each medium needs from blank to closed, and verification.
//!
//! ```no_run
//! use std::ops::ControlFlow;
//! use std::sync::Arc;
//! use glassmaster_burn::{CancelHandle, DataBurn, DataOptions, VerifyLevel};
//! use glassmaster_recorder::DiscRecorder;
//!
//! # fn run(transport: Box<dyn glassmaster_scsi::Transport>, image: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
//! let recorder = DiscRecorder::open(transport)?;
//! let burn = DataBurn::new(DataOptions { verify: VerifyLevel::Full, ..DataOptions::default() });
//! let report = burn.write(
//!     &recorder,
//!     Arc::new(image),
//!     &mut |event| {
//!         let _percent = event.done * 100 / event.of.max(1);
//!         ControlFlow::Continue(())
//!     },
//!     &CancelHandle::new(),
//! )?;
//! assert!(report.verified.is_some());
//! # Ok(())
//! # }
//! ```

mod cancel;
mod digest;
mod engine;
mod error;
mod event;
mod format;
mod former_sectors;
mod job;
mod journal;
mod options;
mod recipe;
pub mod report;
mod ring;
mod verify;
mod write_engine;

pub use cancel::CancelHandle;
pub use digest::Sha256Sum;
pub use error::{Error, ErrorKind, Unsuitable};
pub use event::{Event, Fill, WriteAction};
pub use format::data::{BurnReport, DataBurn, Suitability};
pub use format::disc_format_data::{DataStream, DiscFormatData};
pub use format::disc_format_erase::DiscFormatErase;
pub use format::erase::{DiscErase, EraseEvent, EraseMethod, EraseOptions, EraseReport};
pub use format::erase_error::{EraseError, EraseErrorKind};
pub use format::error::FormatError;
pub use format::multisession::{MultisessionInterfaces, MultisessionRandomWrite, MultisessionSequential};
pub use former_sectors::FormerSectors;
pub use journal::{Journal, JournalRecord};
pub use options::{CdWriteType, DashWriteType, DataOptions, Reload, SpareAreas};
pub use recipe::Closing;
pub use ring::RingOptions;
pub use verify::{
    CompareError, Comparison, Failure, ReadSpeed, Reading, Run, UnreadableRun, Verified, VerifyLevel, compare,
};
pub use write_engine::WriteEngine;
