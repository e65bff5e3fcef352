//! The virtual recorder: an optical drive emulated in process, its disc one sparse file (MMC-6).
//!
//! [`VirtualDrive`] is a [`glassmaster_scsi::Transport`]: it takes command blocks and answers as a drive would,
//! refusing with the sense codes of the standard what a drive would refuse. [`Disc`] is the medium; it can be
//! made, put in, taken out and carried to another drive. What a disc file looks like inside is described in
//! `docs/virtual-disc.md`.
//!
//! The drive reads no clock: without a [`Clock`] everything it does takes no time, with one it is as slow as its
//! medium. It is written from the standard alone and knows nothing of the burn engine that it tests.

mod cmd;
mod drive;
mod medium;
mod pace;
mod record;
mod sense;
mod store;

pub use drive::{DriveOptions, TrayError, VirtualDrive};
pub use glassmaster_disc::clock::{Clock, SimulatedClock};
pub use medium::{Disc, HostError, MediumOptions, MediumSize};
pub use store::StoreError;
