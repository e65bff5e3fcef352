//! A drive with a disc, spoken to in raw command bytes.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its part; a test may unwrap")]

use std::path::PathBuf;
use std::time::Duration;

use glassmaster_disc::MediaType;
use glassmaster_scsi::{Cdb, DataPhase, Outcome, Status, Transport};
use glassmaster_vdrive::{Disc, DriveOptions, MediumOptions, VirtualDrive};

pub(crate) struct Rig {
    pub(crate) drive: VirtualDrive,
    pub(crate) path: PathBuf,
    _dir: tempfile::TempDir,
}

/// Key, additional code, qualifier.
pub(crate) type Code = (u8, u8, u8);

pub(crate) fn data_of(outcome: &Outcome) -> Result<(), Code> {
    if outcome.status == Status::GOOD {
        return Ok(());
    }
    let fixed = outcome.sense.unwrap().to_fixed();
    Err((fixed[2] & 0x0F, fixed[12], fixed[13]))
}

impl Rig {
    pub(crate) fn new(media: MediaType) -> Self {
        Self::with(media, &MediumOptions::default(), DriveOptions::default())
    }

    /// Unit attentions of power on and new disc already taken.
    pub(crate) fn with(media: MediaType, medium: &MediumOptions, options: DriveOptions) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("test.disc");
        let mut drive = VirtualDrive::empty(options);
        drive.insert(Disc::create(&path, media, medium).unwrap()).unwrap();
        drive.acknowledge();
        Self { drive, path, _dir: dir }
    }

    /// Pulls the plug and starts again with the same disc.
    pub(crate) fn restart(&mut self) {
        self.drive = VirtualDrive::empty(DriveOptions::default());
        self.drive.insert(Disc::open(&self.path).unwrap()).unwrap();
        self.drive.acknowledge();
    }

    pub(crate) fn raw(&mut self, cdb: &[u8], data: DataPhase<'_>) -> Outcome {
        self.drive.execute(&Cdb::new(cdb).unwrap(), data, Duration::from_secs(1)).unwrap()
    }

    pub(crate) fn none(&mut self, cdb: &[u8]) -> Result<(), Code> {
        let outcome = self.raw(cdb, DataPhase::None);
        data_of(&outcome)
    }

    pub(crate) fn read(&mut self, cdb: &[u8], len: usize) -> Result<Vec<u8>, Code> {
        let mut buf = vec![0; len];
        let outcome = self.raw(cdb, DataPhase::In(&mut buf));
        data_of(&outcome)?;
        buf.truncate(outcome.transferred);
        Ok(buf)
    }

    pub(crate) fn send(&mut self, cdb: &[u8], data: &[u8]) -> Result<(), Code> {
        let outcome = self.raw(cdb, DataPhase::Out(data));
        data_of(&outcome)
    }

    /// WRITE (10) of blocks that tell their address.
    pub(crate) fn write(&mut self, lba: i32, blocks: u16, seed: u8) -> Result<(), Code> {
        let cdb = ten(0x2A, lba, blocks);
        self.send(&cdb, &pattern(lba, blocks, seed))
    }

    /// READ (10), compared with what `write` sends.
    pub(crate) fn check(&mut self, lba: i32, blocks: u16, seed: u8) {
        let mut at = 0;
        while at < blocks {
            let (n, first) = ((blocks - at).min(256), lba + i32::from(at));
            let got = self.read_blocks(first, n).unwrap();
            assert!(got == pattern(first, n, seed), "blocks {first} to {}", first + i32::from(n));
            at += n;
        }
    }

    pub(crate) fn read_blocks(&mut self, lba: i32, blocks: u16) -> Result<Vec<u8>, Code> {
        self.read(&ten(0x28, lba, blocks), usize::from(blocks) * 2048)
    }

    /// Field pointer of the last refusal of `cdb`.
    pub(crate) fn pointer(&mut self, cdb: &[u8], data: DataPhase<'_>) -> (Code, [u8; 3]) {
        let outcome = self.raw(cdb, data);
        let code = data_of(&outcome).unwrap_err();
        let fixed = outcome.sense.unwrap().to_fixed();
        (code, [fixed[15], fixed[16], fixed[17]])
    }

    pub(crate) fn disc_information(&mut self) -> Vec<u8> {
        self.read(&[0x51, 0, 0, 0, 0, 0, 0, 0, 34, 0], 34).unwrap()
    }

    /// Disc status, state of last session.
    pub(crate) fn status(&mut self) -> (u8, u8) {
        let b = self.disc_information()[2];
        (b & 3, b >> 2 & 3)
    }

    /// READ TRACK INFORMATION by track number.
    pub(crate) fn track(&mut self, number: u32) -> Result<Vec<u8>, Code> {
        let n = number.to_be_bytes();
        self.read(&[0x52, 1, n[0], n[1], n[2], n[3], 0, 0, 36, 0], 36)
    }

    /// Start, next writable address where valid, free blocks, size.
    pub(crate) fn figures(&mut self, number: u32) -> (i32, Option<i32>, u32, u32) {
        let t = self.track(number).unwrap();
        let at = |i: usize| i32::from_be_bytes([t[i], t[i + 1], t[i + 2], t[i + 3]]);
        (at(8), (t[7] & 1 != 0).then(|| at(12)), at(16).cast_unsigned(), at(24).cast_unsigned())
    }

    pub(crate) fn next_writable(&mut self) -> i32 {
        let t = self.track(0xFF).unwrap();
        assert_eq!(t[7] & 1, 1, "NWA valid");
        i32::from_be_bytes([t[12], t[13], t[14], t[15]])
    }

    pub(crate) fn last_block(&mut self) -> u32 {
        let c = self.read(&[0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0], 8).unwrap();
        assert_eq!(c[4..8], [0, 0, 8, 0]);
        u32::from_be_bytes([c[0], c[1], c[2], c[3]])
    }

    pub(crate) fn flush(&mut self) {
        self.none(&[0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    }

    pub(crate) fn close(&mut self, function: u8, track: u16) -> Result<(), Code> {
        let [high, low] = track.to_be_bytes();
        self.none(&[0x5B, 0, function, 0, high, low, 0, 0, 0, 0])
    }

    /// BLANK.
    pub(crate) fn blank(&mut self, kind: u8, start: u32) -> Result<(), Code> {
        let n = start.to_be_bytes();
        self.none(&[0xA1, kind, n[0], n[1], n[2], n[3], 0, 0, 0, 0, 0, 0])
    }

    /// FORMAT UNIT with one descriptor.
    pub(crate) fn format(&mut self, kind: u8, sub_type: u8, blocks: u32, parameter: u8) -> Result<(), Code> {
        let n = blocks.to_be_bytes();
        let list = [0, 2, 0, 8, n[0], n[1], n[2], n[3], kind << 2 | sub_type, 0, 0, parameter];
        self.send(&[0x04, 0x11, 0, 0, 0, 0], &list)
    }

    /// MODE SELECT (10) of a write parameters page with these three bytes.
    pub(crate) fn write_parameters(&mut self, kind: u8, modes: u8, blocks: u8) -> Result<(), Code> {
        let mut list = vec![0; 60];
        list[8..13].copy_from_slice(&[0x05, 0x32, kind, modes, blocks]);
        list[23] = 0x96;
        self.send(&[0x55, 0x10, 0, 0, 0, 0, 0, 0, 60, 0], &list)
    }

    pub(crate) fn profile(&mut self) -> u16 {
        let c = self.read(&[0x46, 2, 0, 0, 0, 0, 0, 0, 8, 0], 8).unwrap();
        u16::from_be_bytes([c[6], c[7]])
    }

    /// Whether a feature is current; `None` when the drive does not have it.
    pub(crate) fn feature(&mut self, code: u16) -> Option<bool> {
        let [high, low] = code.to_be_bytes();
        let c = self.read(&[0x46, 2, high, low, 0, 0, 0, 0, 64, 0], 64).unwrap();
        (c.len() >= 12).then(|| {
            assert_eq!([c[8], c[9]], [high, low]);
            c[10] & 1 != 0
        })
    }

    /// Next media event code.
    pub(crate) fn media_event(&mut self) -> u8 {
        let e = self.read(&[0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8, 0], 8).unwrap();
        assert_eq!(e[2] & 0x87, 4);
        e[4] & 0x0F
    }

    pub(crate) fn drain_events(&mut self) {
        while self.media_event() != 0 {}
    }
}

pub(crate) fn ten(opcode: u8, lba: i32, blocks: u16) -> [u8; 10] {
    let (l, n) = (lba.to_be_bytes(), blocks.to_be_bytes());
    [opcode, 0, l[0], l[1], l[2], l[3], 0, n[0], n[1], 0]
}

/// Blocks that tell their address, so that a block in a wrong place is noticed.
pub(crate) fn pattern(lba: i32, blocks: u16, seed: u8) -> Vec<u8> {
    let mut out = Vec::new();
    for n in 0..i32::from(blocks) {
        let mut block = vec![seed; 2048];
        block[..4].copy_from_slice(&(lba + n).to_be_bytes());
        out.extend_from_slice(&block);
    }
    out
}
