//! A drive that stays when the way to it is gone, and a way that is gone at a chosen command.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use glassmaster_scsi::{Cdb, DataPhase, Outcome, Transport, TransportError};
use glassmaster_vdrive::VirtualDrive;

use crate::snapshot::{SmallFile, Snapshot};

/// Bytes of one command: 64 KiB, what every bus moves.
const MAX_TRANSFER: usize = 65_536;

/// The drive of several hosts, one after the other.
#[derive(Clone)]
pub(crate) struct Shared {
    drive: Arc<Mutex<VirtualDrive>>,
    /// By its name a drive is held, so that each has its own.
    name: String,
}

impl Shared {
    pub(crate) fn new(drive: VirtualDrive, name: &Path) -> Self {
        Self { drive: Arc::new(Mutex::new(drive)), name: name.display().to_string() }
    }
}

impl Transport for Shared {
    fn execute(
        &mut self,
        cdb: &Cdb,
        data: DataPhase<'_>,
        limit: Duration,
    ) -> Result<Outcome, TransportError> {
        self.drive.lock().unwrap().execute(cdb, data, limit)
    }

    fn max_transfer(&self) -> usize {
        MAX_TRANSFER
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// How a burn breaks off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// The command never came to the drive, which goes on living.
    Lost,
    /// The drive did what it was told, and nobody heard of it.
    Unheard,
    /// As before, and host and drive are gone too: what is left is the disc and the journal.
    Dead,
}

/// Where it breaks off, and what was there then.
#[derive(Default)]
pub(crate) struct Moment {
    /// Number of the command, from 0.
    pub(crate) at: Option<u64>,
    pub(crate) way: Option<Way>,
    /// Commands since there was a journal, or since the disc was changed.
    pub(crate) commands: u64,
    /// Those of them before there was a journal.
    pub(crate) unkept: u64,
    /// Those of them up to the last one before which there was a journal.
    pub(crate) kept: u64,
    pub(crate) writes: u64,
    /// The command at which it broke off.
    pub(crate) broken: Option<Cdb>,
    /// Disc and journal after the last command.
    pub(crate) left: Option<(Snapshot, SmallFile)>,
}

pub(crate) struct Cut {
    pub(crate) drive: Shared,
    pub(crate) moment: Arc<Mutex<Moment>>,
    pub(crate) disc: PathBuf,
    pub(crate) journal: PathBuf,
    /// Sectors at which windows of the disc begin.
    pub(crate) starts: Vec<u64>,
}

impl Transport for Cut {
    fn execute(
        &mut self,
        cdb: &Cdb,
        data: DataPhase<'_>,
        limit: Duration,
    ) -> Result<Outcome, TransportError> {
        let mut moment = self.moment.lock().unwrap();
        let gone = || TransportError::DeviceGone { device: "drive".to_owned(), detail: "cut".to_owned() };
        if moment.broken.is_some() {
            return Err(gone());
        }
        let kept = self.journal.exists();
        // WRITE (10), FORMAT UNIT, BLANK.
        if moment.commands == 0 && !matches!(cdb.opcode(), 0x2A | 0x04 | 0xA1) && !kept {
            return self.drive.execute(cdb, data, limit);
        }
        let breaks = moment.at == Some(moment.commands);
        moment.commands += 1;
        if kept {
            moment.kept = moment.commands;
        } else if moment.kept == 0 {
            moment.unkept = moment.commands;
        }
        if breaks && moment.way == Some(Way::Lost) {
            moment.broken = Some(*cdb);
            return Err(gone());
        }
        moment.writes += u64::from(cdb.opcode() == 0x2A);
        let outcome = self.drive.execute(cdb, data, limit)?;
        if breaks {
            moment.broken = Some(*cdb);
            if moment.way == Some(Way::Dead) {
                let disc = Snapshot::of(&self.disc, &self.starts);
                moment.left = Some((disc, SmallFile::of(&self.journal)));
            }
            return Err(gone());
        }
        Ok(outcome)
    }

    fn max_transfer(&self) -> usize {
        MAX_TRANSFER
    }

    fn name(&self) -> &str {
        self.drive.name()
    }
}
