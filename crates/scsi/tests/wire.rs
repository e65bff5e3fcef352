//! The socket wire form, both sides, and what a broken peer can do.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::io::IoSlice;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use glassmaster_scsi::wire::{Client, Listener, serve};
use glassmaster_scsi::{Cdb, DataPhase, Outcome, Sense, Status, Transport, TransportError};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendFlags, SocketAddrUnix, SocketType, connect, recv,
    sendmsg, socket,
};

/// Longer than a busy machine keeps a process from going on.
const LIMIT: Duration = Duration::from_secs(120);

/// Remembers what was written and gives it back; 5/20/00 for all but WRITE (10), READ (10) and one slow command.
struct Memory {
    kept: Vec<u8>,
    /// What the slow command waits for.
    go: Receiver<()>,
}

impl Transport for Memory {
    fn execute(
        &mut self,
        cdb: &Cdb,
        mut data: DataPhase<'_>,
        _: Duration,
    ) -> Result<Outcome, TransportError> {
        match cdb.opcode() {
            0x2A => {
                self.kept = data.sent().to_vec();
                Ok(Outcome::good(self.kept.len()))
            }
            0x28 => Ok(Outcome::good(data.fill(&self.kept))),
            0x12 => {
                data.fill(b"weak but good");
                let mut outcome = Outcome::check(Sense::of(1, 0x17, 1));
                outcome.transferred = 13;
                Ok(outcome)
            }
            0x35 => {
                self.go.recv_timeout(LIMIT).unwrap();
                Ok(Outcome::good(0))
            }
            0x08 => Ok(Outcome::status(Status::BUSY)),
            _ => Ok(Outcome::check(Sense::of(5, 0x20, 0))),
        }
    }

    fn max_transfer(&self) -> usize {
        1 << 20
    }

    fn name(&self) -> &str {
        "memory"
    }
}

/// Runs `body` against a served [`Memory`] and gives back what it kept. The sender lets the slow command go.
fn with_server(body: impl FnOnce(&std::path::Path, &Sender<()>)) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("drive");
    let listener = Listener::bind(&path).unwrap();
    let stop = AtomicBool::new(false);
    let (sender, go) = channel();
    let mut drive = Memory { kept: Vec::new(), go };
    std::thread::scope(|scope| {
        let server = scope.spawn(|| serve(&listener, &mut drive, &stop));
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| body(&path, &sender)));
        stop.store(true, Ordering::Relaxed);
        server.join().unwrap().unwrap();
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
    drop(listener);
    assert!(!path.exists(), "the socket file stays behind");
    drive.kept
}

#[test]
fn data_both_ways_status_and_sense() {
    let sent: Vec<u8> = (0..32 * 2048u32).map(|i| i.to_le_bytes()[1] ^ i.to_le_bytes()[0]).collect();
    let kept = with_server(|path, _| {
        let mut drive = Client::connect(path).unwrap();
        assert!(drive.max_transfer() >= 65536, "{}", drive.max_transfer());
        let write = Cdb::ten([0x2A, 0, 0, 0, 0, 0, 0, 0, 32, 0]);
        let outcome = drive.execute(&write, DataPhase::Out(&sent), LIMIT).unwrap();
        assert_eq!(outcome, Outcome::good(65536));
        let mut back = vec![0; 65536];
        let read = Cdb::ten([0x28, 0, 0, 0, 0, 0, 0, 0, 32, 0]);
        assert_eq!(drive.execute(&read, DataPhase::In(&mut back), LIMIT).unwrap().transferred, 65536);
        assert_eq!(back, sent);
        let outcome = drive.execute(&Cdb::six([0xC0, 0, 0, 0, 0, 0]), DataPhase::None, LIMIT).unwrap();
        assert!(outcome.sense.unwrap().is(5, 0x20, 0));
        let busy = drive.execute(&Cdb::six([8, 0, 0, 0, 0, 0]), DataPhase::None, LIMIT).unwrap();
        assert_eq!(busy, Outcome::status(Status::BUSY));
        let mut text = [0; 36];
        let inquiry = Cdb::six([0x12, 0, 0, 0, 36, 0]);
        let outcome = drive.execute(&inquiry, DataPhase::In(&mut text), LIMIT).unwrap();
        assert_eq!((outcome.status, &text[..outcome.transferred]), (Status::GOOD, &b"weak but good"[..]));
        let too_much = vec![0; drive.max_transfer() + 1];
        assert!(matches!(
            drive.execute(&write, DataPhase::Out(&too_much), LIMIT),
            Err(TransportError::TooLong { .. })
        ));
    });
    assert_eq!(kept, sent);
}

#[test]
fn several_openers_and_a_late_answer() {
    with_server(|path, go| {
        let mut one = Client::connect(path).unwrap();
        let mut two = Client::connect(path).unwrap();
        let ready = Cdb::six([0xC0, 0, 0, 0, 0, 0]);
        for _ in 0..3 {
            one.execute(&ready, DataPhase::None, LIMIT).unwrap();
            two.execute(&ready, DataPhase::None, LIMIT).unwrap();
        }
        let slow = Cdb::ten([0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let short = Duration::from_millis(50);
        assert!(matches!(
            one.execute(&slow, DataPhase::None, short),
            Err(TransportError::Timeout { opcode: 0x35, .. })
        ));
        // The answer that comes late must not be taken for the next one.
        go.send(()).unwrap();
        let outcome = one.execute(&ready, DataPhase::None, LIMIT).unwrap();
        assert!(outcome.sense.unwrap().is(5, 0x20, 0));
        drop(one);
        two.execute(&ready, DataPhase::None, LIMIT).unwrap();
    });
}

#[test]
fn a_peer_that_breaks_the_rules_is_alone_in_being_disconnected() {
    with_server(|path, _| {
        let mut good = Client::connect(path).unwrap();
        let cases: [&[u8]; 4] = [b"short", &[0xFF; 32], &[0; 32], &[7; 5000]];
        for message in cases {
            let rude = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap();
            connect(&rude, &SocketAddrUnix::new(path).unwrap()).unwrap();
            let parts = [IoSlice::new(message)];
            sendmsg(&rude, &parts, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL).unwrap();
            let mut buffer = [0u8; 64];
            let end = recv(&rude, &mut buffer, RecvFlags::empty());
            assert!(matches!(end, Ok((0, 0)) | Err(rustix::io::Errno::CONNRESET)), "{end:?}");
            good.execute(&Cdb::six([0xC0, 0, 0, 0, 0, 0]), DataPhase::None, LIMIT).unwrap();
        }
    });
}

/// A message as the C programs send it: another logical unit is refused with sense data.
#[test]
fn other_logical_units_do_not_exist() {
    with_server(|path, _| {
        let peer = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap();
        connect(&peer, &SocketAddrUnix::new(path).unwrap()).unwrap();
        let mut message = [0u8; 32];
        message[..4].copy_from_slice(&99u32.to_ne_bytes());
        message[4..8].copy_from_slice(&1u32.to_ne_bytes());
        message[24] = 6;
        let parts = [IoSlice::new(&message)];
        sendmsg(&peer, &parts, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL).unwrap();
        let mut buffer = [0u8; 64];
        let (length, _) = recv(&peer, &mut buffer, RecvFlags::empty()).unwrap();
        assert_eq!(length, 12 + 18);
        assert_eq!(buffer[..4], 99u32.to_ne_bytes());
        assert_eq!(buffer[4..8], 2u32.to_ne_bytes());
        assert!(Sense::parse(&buffer[12..length]).unwrap().is(5, 0x25, 0));
    });
}

#[test]
fn sockets_of_the_dead_are_taken_over_and_those_of_the_living_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("drive");
    let dead = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap();
    rustix::net::bind(&dead, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    drop(dead);
    assert!(path.exists());
    assert!(matches!(Client::connect(&path), Err(TransportError::DeviceGone { .. })));
    let living = Listener::bind(&path).unwrap();
    assert!(matches!(Listener::bind(&path), Err(TransportError::InUse { .. })));
    drop(living);
    std::fs::write(&path, "a letter").unwrap();
    let Err(TransportError::Io { source, .. }) = Listener::bind(&path) else { panic!("taken over") };
    assert_eq!(source.kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a letter");
}

#[test]
fn a_server_that_dies_is_a_device_that_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("drive");
    let listener = Listener::bind(&path).unwrap();
    let mut client = Client::connect(&path).unwrap();
    drop(listener);
    let error = client.execute(&Cdb::six([0; 6]), DataPhase::None, LIMIT).unwrap_err();
    assert!(matches!(error, TransportError::DeviceGone { .. }), "{error}");
}
