//! A process that is killed while it burns: the disc it leaves behind has everything it had been told was written.

mod rig;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use glassmaster_disc::MediaType;
use glassmaster_scsi::{Cdb, DataPhase, Transport};
use glassmaster_vdrive::{Disc, DriveOptions, MediumOptions, VirtualDrive};

const PATH: &str = "VDRIVE_KILL_TEST_DISC";

/// What is burnt at a block: every third write is zeros, which the disc file keeps as a hole.
fn content(lba: i32) -> Vec<u8> {
    if lba / 32 % 3 == 1 { vec![0; 32 * 2048] } else { rig::pattern(lba, 32, 5) }
}

/// Not a test of its own: the process that is killed. It burns without end and says what has been written.
#[test]
fn the_burning_process() {
    let Ok(path) = std::env::var(PATH) else { return };
    let mut drive = VirtualDrive::open(Path::new(&path)).unwrap();
    drive.acknowledge();
    let mut go = |cdb: &[u8], data: &[u8]| {
        let cdb = Cdb::new(cdb).unwrap();
        let outcome = drive.execute(&cdb, DataPhase::Out(data), Duration::ZERO).unwrap();
        rig::data_of(&outcome)
    };
    let mut out = std::io::stdout().lock();
    for n in 0.. {
        let lba = n * 32;
        go(&rig::ten(0x2A, lba, 32), &content(lba)).unwrap();
        writeln!(out, "\nwritten {}", lba + 32).unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn what_was_acknowledged_is_on_the_disc() {
    let me = std::env::current_exe().unwrap();
    for (round, media) in [MediaType::BD_R, MediaType::DVD_PLUS_R, MediaType::BD_RE, MediaType::DVD_PLUS_R]
        .into_iter()
        .enumerate()
    {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("k.disc");
        let options = MediumOptions { formatted: true, ..MediumOptions::default() };
        drop(Disc::create(&path, media, &options).unwrap());
        let mut child = Command::new(&me)
            .args(["--exact", "the_burning_process", "--nocapture", "--test-threads=1"])
            .env(PATH, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut written = 0;
        // Killed after a number of writes that differs from round to round, between any two of its steps.
        let enough = 37 + round * 101;
        let mut heard = 0;
        for line in lines.by_ref() {
            if let Some(n) = line.unwrap().strip_prefix("written ") {
                written = n.parse::<i32>().unwrap();
                heard += 1;
                if heard == enough {
                    child.kill().unwrap();
                }
            }
        }
        child.wait().unwrap();
        assert!(heard >= enough, "the child ended by itself");

        let mut drive = VirtualDrive::empty(DriveOptions::default());
        drive.insert(Disc::open(&path).unwrap()).unwrap();
        drive.acknowledge();
        let mut buf = vec![0; 32 * 2048];
        for lba in (0..written).step_by(32) {
            let cdb = Cdb::new(&rig::ten(0x28, lba, 32)).unwrap();
            let outcome = drive.execute(&cdb, DataPhase::In(&mut buf), Duration::ZERO).unwrap();
            rig::data_of(&outcome).unwrap();
            assert!(buf == content(lba), "{media} block {lba}");
        }
        if media != MediaType::BD_RE {
            // It goes on where it stopped.
            let cdb = Cdb::new(&[0x52, 1, 0, 0, 0, 1, 0, 0, 36, 0]).unwrap();
            let mut t = [0; 36];
            drive.execute(&cdb, DataPhase::In(&mut t), Duration::ZERO).unwrap();
            let next = i32::from_be_bytes([t[12], t[13], t[14], t[15]]);
            assert!(next >= written && next <= written + 32, "{next} after {written}");
            let cdb = Cdb::new(&rig::ten(0x2A, next, 32)).unwrap();
            let outcome = drive.execute(&cdb, DataPhase::Out(&buf), Duration::ZERO).unwrap();
            rig::data_of(&outcome).unwrap();
        }
    }
}
