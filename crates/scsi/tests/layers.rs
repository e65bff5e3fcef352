//! Tracing, replaying and spoiling a conversation with a drive that counts.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::time::Duration;

use glassmaster_scsi::layer::{Detail, FaultRule, Faulty, Replay, Trace};
use glassmaster_scsi::{Cdb, DataPhase, Outcome, Sense, Status, Transport, TransportError};

const LIMIT: Duration = Duration::from_secs(1);

/// READ (10) gives blocks filled with their number; WRITE (10) is counted; all else is 5/20/00.
#[derive(Default)]
struct Counter {
    writes: u32,
}

impl Transport for Counter {
    fn execute(
        &mut self,
        cdb: &Cdb,
        mut data: DataPhase<'_>,
        _: Duration,
    ) -> Result<Outcome, TransportError> {
        match cdb.opcode() {
            0x28 => Ok(Outcome::good(data.fill(&vec![cdb.byte(5); usize::from(cdb.be16(7)) * 16]))),
            0x2A => {
                self.writes += 1;
                Ok(Outcome::good(data.sent().len()))
            }
            _ => Ok(Outcome::check(Sense::of(5, 0x20, 0).with_information(7))),
        }
    }

    fn max_transfer(&self) -> usize {
        65536
    }

    fn name(&self) -> &str {
        "counter"
    }
}

fn read(lba: u8) -> Cdb {
    Cdb::ten([0x28, 0, 0, 0, 0, lba, 0, 0, 1, 0])
}

const WRITE: [u8; 10] = [0x2A, 0, 0, 0, 0, 0, 0, 0, 1, 0];

/// The same short conversation with any drive: what came in, and the outcomes.
fn talk(drive: &mut dyn Transport) -> (Vec<u8>, Vec<Outcome>) {
    let mut buffer = vec![0; 16];
    let outcomes = vec![
        drive.execute(&read(3), DataPhase::In(&mut buffer), LIMIT).unwrap(),
        drive.execute(&Cdb::ten(WRITE), DataPhase::Out(&[9; 16]), LIMIT).unwrap(),
        drive.execute(&Cdb::six([0; 6]), DataPhase::None, LIMIT).unwrap(),
    ];
    (buffer, outcomes)
}

#[test]
fn a_traced_conversation_plays_back() {
    let mut trace = Trace::new(Counter::default(), Vec::new(), Detail::Data);
    let first = talk(&mut trace);
    let (drive, log, trouble) = trace.into_parts();
    assert!(trouble.is_none());
    assert_eq!(drive.writes, 1);
    let text = String::from_utf8(log.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("cdb=28000000000300000100 dir=in len=16 status=00 moved=16 us="), "{text}");
    assert!(lines[0].ends_with(" data=03030303030303030303030303030303"), "{text}");
    assert!(lines[2].contains(" status=02 moved=0 sense=f00005000000070a0000000020000000"), "{text}");
    let mut replay = Replay::read(&log[..]).unwrap();
    assert_eq!(talk(&mut replay), first);
    assert_eq!(replay.left(), 0);
    let end = replay.execute(&read(0), DataPhase::In(&mut [0; 16]), LIMIT).unwrap_err();
    assert!(matches!(end, TransportError::Protocol { .. }), "{end}");
}

#[test]
fn a_replay_notices_every_difference() {
    let mut trace = Trace::new(Counter::default(), Vec::new(), Detail::Data);
    talk(&mut trace);
    let (_, log, _) = trace.into_parts();
    let fresh = || Replay::read(&log[..]).unwrap();
    let mut buffer = [0; 16];
    assert!(fresh().execute(&read(4), DataPhase::In(&mut buffer), LIMIT).is_err());
    assert!(fresh().execute(&read(3), DataPhase::In(&mut buffer[..8]), LIMIT).is_err());
    assert!(fresh().execute(&read(3), DataPhase::Out(&[0; 16]), LIMIT).is_err());
    let mut replay = fresh();
    replay.execute(&read(3), DataPhase::In(&mut buffer), LIMIT).unwrap();
    assert!(replay.execute(&Cdb::ten(WRITE), DataPhase::Out(&[8; 16]), LIMIT).is_err());
}

#[test]
fn a_log_that_fails_stops_nothing() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut trace = Trace::new(Counter::default(), Full, Detail::Hashes);
    talk(&mut trace);
    let (drive, _, trouble) = trace.into_parts();
    assert_eq!(drive.writes, 1);
    assert_eq!(trouble.unwrap().kind(), std::io::ErrorKind::StorageFull);
}

fn faulty(plan: &str) -> Faulty<Counter> {
    Faulty::new(Counter::default(), FaultRule::plan(plan).unwrap())
}

#[test]
fn faults_strike_when_and_where_they_should() {
    let mut drive = faulty("op=2A nth=2 sense=2/04/08");
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let outcome = drive.execute(&Cdb::ten(WRITE), DataPhase::Out(&[0; 16]), LIMIT).unwrap();
        statuses.push(outcome.status);
    }
    assert_eq!(statuses, [Status::GOOD, Status::CHECK_CONDITION, Status::GOOD, Status::GOOD]);
    assert_eq!(drive.struck(), 1);
    assert_eq!(drive.into_inner().writes, 3, "the drive never saw the second");

    let mut drive = faulty("op=2A after timeout");
    let lost = drive.execute(&Cdb::ten(WRITE), DataPhase::Out(&[0; 16]), LIMIT);
    assert!(matches!(lost, Err(TransportError::Timeout { opcode: 0x2A, .. })));
    assert_eq!(drive.into_inner().writes, 1, "written, but the answer got lost");

    let mut drive = faulty("lba=5..6 always gone\nop=28 status=18");
    let mut buffer = [0; 16];
    for lba in [5, 6] {
        let gone = drive.execute(&read(lba), DataPhase::In(&mut buffer), LIMIT);
        assert!(matches!(gone, Err(TransportError::DeviceGone { .. })));
    }
    // The second rule counted the first read, which the first rule took.
    assert_eq!(drive.execute(&read(7), DataPhase::In(&mut buffer), LIMIT).unwrap(), Outcome::good(16));
}

#[test]
fn short_and_noisy_data() {
    let mut drive = faulty("op=28 short=5\nop=28 nth=2 times=2 garbage=7");
    let mut buffer = [0; 16];
    assert_eq!(drive.execute(&read(3), DataPhase::In(&mut buffer), LIMIT).unwrap().transferred, 5);
    drive.execute(&read(3), DataPhase::In(&mut buffer), LIMIT).unwrap();
    let first = buffer;
    assert_ne!(first, [3; 16]);
    drive.execute(&read(3), DataPhase::In(&mut buffer), LIMIT).unwrap();
    assert_eq!(buffer, first, "the same noise for the same seed");
    drive.execute(&read(3), DataPhase::In(&mut buffer), LIMIT).unwrap();
    assert_eq!(buffer, [3; 16]);
}
