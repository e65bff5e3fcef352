//! A recorder that other people's programs write raw sectors to, and that keeps what they write.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use glassmaster_disc::MediaType;
use glassmaster_scsi::wire::{Listener, serve};
use glassmaster_scsi::{Cdb, DataPhase, Outcome, Transport, TransportError};
use glassmaster_testkit::witness::Shim;
use glassmaster_vdrive::{MediumOptions, VirtualDrive};

/// What a program has sent.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// Sectors by address, each with its subcode.
    pub(crate) sectors: BTreeMap<i32, Vec<u8>>,
    /// The cue sheet.
    pub(crate) cue_sheet: Vec<u8>,
}

/// A blank CD-R in the virtual recorder, in front of which everything that would write is taken away and kept.
struct RawRecorder {
    drive: VirtualDrive,
    sent: Sent,
}

impl Transport for RawRecorder {
    fn execute(
        &mut self,
        cdb: &Cdb,
        data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        match cdb.byte(0) {
            // WRITE(10)
            0x2A => {
                let lba = i32::from_be_bytes(cdb.be32(2).to_be_bytes());
                let count = usize::from(cdb.be16(7));
                let each = data.sent().len() / count;
                for (lba, sector) in (lba..).zip(data.sent().chunks_exact(each)) {
                    self.sent.sectors.insert(lba, sector.to_vec());
                }
            }
            // SEND CUE SHEET
            0x5D => self.sent.cue_sheet = data.sent().to_vec(),
            // SYNCHRONIZE CACHE, SEND OPC INFORMATION, MODE SELECT(10), CLOSE TRACK SESSION
            0x35 | 0x54 | 0x55 | 0x5B => {}
            _ => return self.drive.execute(cdb, data, timeout),
        }
        Ok(Outcome::good(data.len()))
    }

    fn max_transfer(&self) -> usize {
        self.drive.max_transfer()
    }

    fn name(&self) -> &str {
        "raw recorder"
    }
}

/// What `program` sends when it is run with `arguments` on a blank CD-R; `None` where it is not installed.
pub(crate) fn run(place: &Path, program: &'static str, arguments: &[&str]) -> Option<Sent> {
    let shim = Shim::find().unwrap()?;
    let disc = place.join(format!("{}.disc", arguments.len()));
    let _ = std::fs::remove_file(&disc);
    let drive = VirtualDrive::create(&disc, MediaType::CD_R, &MediumOptions::default()).unwrap();
    let mut recorder = RawRecorder { drive, sent: Sent::default() };
    let listener = Listener::bind(&place.join("socket")).unwrap();
    let cancel = AtomicBool::new(false);
    let said = std::thread::scope(|scope| {
        let server = scope.spawn(|| serve(&listener, &mut recorder, &cancel));
        let said = shim.run(program, listener.path(), arguments);
        cancel.store(true, Ordering::Relaxed);
        server.join().unwrap().unwrap();
        said
    });
    said.unwrap()?;
    Some(recorder.sent)
}
