//! A drive made of prepared answers.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use glassmaster_disc::clock::SimulatedClock;
use glassmaster_recorder::{DiscRecorder, Patience, RecorderOptions};
use glassmaster_scsi::{Cdb, DataPhase, Outcome, Sense, Status, Transport, TransportError};

/// What a command is answered with.
#[derive(Clone)]
pub(crate) enum Answer {
    Data(Vec<u8>),
    Check(u8, u8, u8),
    Status(Status),
    Gone,
}

/// Answers by operation code: the first of a list until one is left, which stays.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) answers: HashMap<u8, Vec<Answer>>,
    pub(crate) heard: Vec<(Vec<u8>, Vec<u8>)>,
}

pub(crate) struct FakeDrive {
    pub(crate) script: Arc<Mutex<Script>>,
    pub(crate) name: String,
}

impl Transport for FakeDrive {
    fn execute(
        &mut self,
        cdb: &Cdb,
        mut data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        let mut script = self.script.lock().unwrap();
        script.heard.push((cdb.as_bytes().to_vec(), data.sent().to_vec()));
        let answer = match script.answers.get_mut(&cdb.opcode()) {
            Some(list) if list.len() > 1 => list.remove(0),
            Some(list) => list[0].clone(),
            None => Answer::Check(5, 0x20, 0),
        };
        match answer {
            Answer::Data(bytes) => {
                let sent = data.sent().len();
                Ok(Outcome::good(data.fill(&bytes).max(sent)))
            }
            Answer::Check(key, asc, ascq) => Ok(Outcome::check(Sense::of(key, asc, ascq))),
            Answer::Status(status) => Ok(Outcome::status(status)),
            Answer::Gone => Err(TransportError::Timeout {
                device: self.name.clone(),
                opcode: cdb.opcode(),
                limit: timeout,
            }),
        }
    }

    fn max_transfer(&self) -> usize {
        65536
    }

    fn name(&self) -> &str {
        &self.name
    }
}

static NUMBER: AtomicU64 = AtomicU64::new(0);

pub(crate) struct Rig {
    pub(crate) script: Arc<Mutex<Script>>,
    pub(crate) name: String,
}

impl Rig {
    /// A drive of the name `fake N` that knows INQUIRY (SPC-4 table of standard INQUIRY data) and is ready.
    pub(crate) fn new() -> Self {
        let mut inquiry = vec![0x05, 0x80, 0x05, 0x02, 0x1F, 0, 0, 0];
        inquiry.extend_from_slice(b"ACME    BURNER 3000     1.07");
        inquiry.resize(36, b' ');
        let rig =
            Self { script: Arc::default(), name: format!("fake {}", NUMBER.fetch_add(1, Ordering::Relaxed)) };
        rig.set(0x12, &[Answer::Data(inquiry)]);
        for silent in [0x00, 0x1B, 0x1E, 0x55, 0xBB, 0xB6] {
            rig.set(silent, &[Answer::Data(Vec::new())]);
        }
        rig
    }

    pub(crate) fn set(&self, opcode: u8, answers: &[Answer]) {
        self.script.lock().unwrap().answers.insert(opcode, answers.to_vec());
    }

    pub(crate) fn data(&self, opcode: u8, bytes: &[u8]) {
        self.set(opcode, &[Answer::Data(bytes.to_vec())]);
    }

    /// Feature header with this current profile, and the profile list with it alone (MMC-6 5.2 and 5.3.1).
    pub(crate) fn profile(&self, profile: u16) {
        let [high, low] = profile.to_be_bytes();
        self.data(0x46, &[0, 0, 0, 12, 0, 0, high, low, 0, 0, 0x03, 4, high, low, 1, 0]);
    }

    /// Disc information whose byte 2 is this (MMC-6 6.21): one session, one track.
    pub(crate) fn disc(&self, byte_2: u8, byte_7: u8) {
        let mut bytes = vec![0, 32, byte_2, 1, 1, 1, 1, byte_7];
        bytes.resize(34, 0);
        // Last possible lead-out of an 80-minute CD-R.
        bytes[20..24].copy_from_slice(&[0, 79, 59, 74]);
        self.data(0x51, &bytes);
    }

    /// Track information with a next writable address (MMC-6 6.26).
    pub(crate) fn track(&self, next: i32, free: u32) {
        let mut bytes = vec![0, 34, 1, 1, 0, 4, 0x41, 0x01];
        bytes.extend_from_slice(&0u32.to_be_bytes());
        bytes.extend_from_slice(&next.to_be_bytes());
        bytes.extend_from_slice(&free.to_be_bytes());
        bytes.resize(36, 0);
        self.data(0x52, &bytes);
    }

    pub(crate) fn transport(&self) -> Box<dyn Transport> {
        Box::new(FakeDrive { script: Arc::clone(&self.script), name: self.name.clone() })
    }

    pub(crate) fn recorder(&self) -> DiscRecorder {
        let options = RecorderOptions {
            patience: Patience {
                ready: Duration::from_millis(30),
                poll: Duration::from_millis(2),
                ..Patience::default()
            },
            // A machine that stalls does not use up the patience, and waiting takes no time.
            clock: Arc::new(SimulatedClock::default()),
            ..RecorderOptions::default()
        };
        DiscRecorder::with_options(self.transport(), options).unwrap()
    }

    pub(crate) fn heard(&self, opcode: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
        let script = self.script.lock().unwrap();
        script.heard.iter().filter(|(cdb, _)| cdb[0] == opcode).cloned().collect()
    }
}
