//! A drive that lies: whatever comes back, every member answers with a value or an error, soon, and never wants more memory
//! than an answer can have.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod rig;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use glassmaster_disc::clock::SimulatedClock;
use glassmaster_disc::{BlockSource, MediaType, SECTOR};
use glassmaster_mmc::cmd::{AddressType, PageControl, ReadTrackInformation};
use glassmaster_mmc::feature::FeatureCode;
use glassmaster_mmc::page::WriteParameters;
use glassmaster_recorder::{
    DiscMaster, DiscRecorder, Error, HResult, MediaState, Patience, RecorderOptions, RegisteredDrive,
};
use glassmaster_scsi::{Cdb, DataPhase, Outcome, Sense, SenseKey, Status, Transport, TransportError};
use glassmaster_vdrive::{MediumOptions, VirtualDrive};
use proptest::prelude::*;

use rig::{Answer, Rig};

/// Numbers from a seed (xorshift64).
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }
}

/// Most bytes that any command may ask for: the limit of the transport.
const LIMIT: usize = 65536;
/// Most commands of one call; READ TRACK INFORMATION of every track a BD-R can have, and some repeats.
const MOST_COMMANDS: u64 = 40_000;

/// Asks a sound drive and spoils what it says, or makes something up.
struct Hostile {
    inner: VirtualDrive,
    dice: Dice,
    commands: Arc<AtomicU64>,
    /// Of 16 answers so many are spoilt.
    spite: usize,
}

impl Hostile {
    fn any_sense(&mut self) -> Sense {
        const CODES: [(u8, u8); 16] = [
            (0x04, 0x01),
            (0x04, 0x08),
            (0x04, 0x02),
            (0x20, 0x00),
            (0x24, 0x00),
            (0x26, 0x00),
            (0x28, 0x00),
            (0x29, 0x00),
            (0x30, 0x05),
            (0x3A, 0x00),
            (0x11, 0x05),
            (0x21, 0x00),
            (0x64, 0x00),
            (0x53, 0x02),
            (0x73, 0x03),
            (0x39, 0x00),
        ];
        let (asc, ascq) = CODES[self.dice.below(16)];
        let mut sense = match self.dice.below(4) {
            0 => Sense::of(self.dice.byte() & 15, self.dice.byte(), self.dice.byte()),
            _ => Sense::of(self.dice.byte() & 15, asc, ascq),
        };
        sense.deferred = self.dice.below(8) == 0;
        sense.information = (self.dice.below(2) == 0).then(|| self.dice.next());
        sense.key_specific =
            (self.dice.below(2) == 0).then(|| [self.dice.byte(), self.dice.byte(), self.dice.byte()]);
        sense
    }

    fn any_error(&mut self, opcode: u8, limit: Duration) -> TransportError {
        let device = "hostile".to_owned();
        match self.dice.below(4) {
            0 => TransportError::Timeout { device, opcode, limit },
            1 => TransportError::DeviceGone { device, detail: "unplugged".to_owned() },
            2 => TransportError::HostAdapter { device, host: 7, driver: 0 },
            _ => TransportError::Protocol { device, detail: "nonsense".to_owned() },
        }
    }
}

impl Transport for Hostile {
    fn execute(
        &mut self,
        cdb: &Cdb,
        mut data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        assert!(data.len() <= LIMIT, "{cdb} with {} bytes", data.len());
        assert!(self.commands.fetch_add(1, Ordering::Relaxed) < MOST_COMMANDS, "no end in sight: {cdb}");
        let room = data.len();
        if self.dice.below(16) >= self.spite {
            return self.inner.execute(cdb, data, timeout);
        }
        Ok(match self.dice.below(9) {
            // Any bytes, any number of them.
            0 | 1 => {
                let made: Vec<u8> = (0..self.dice.below(room + 1)).map(|_| self.dice.byte()).collect();
                Outcome::good(data.fill(&made))
            }
            // Lengths that promise the most there can be.
            2 => Outcome::good(data.fill(&vec![0xFF; room])),
            // The right answer with some wrong bytes.
            3 | 4 => {
                let outcome = self.inner.execute(cdb, data.reborrow(), timeout)?;
                if let DataPhase::In(buf) = &mut data {
                    for _ in 0..=self.dice.below(4) {
                        let (at, value) = (self.dice.below(buf.len().min(64)), self.dice.byte());
                        if let Some(byte) = buf.get_mut(at) {
                            *byte = value;
                        }
                    }
                }
                outcome
            }
            // The right answer, cut, or with a residue that is none.
            5 => {
                let outcome = self.inner.execute(cdb, data, timeout)?;
                let cuts = [0, 1, 2, 4, 8, 16, 36, 252, usize::MAX];
                Outcome { transferred: cuts[self.dice.below(cuts.len())], ..outcome }
            }
            6 | 7 => match self.dice.below(8) {
                0 => Outcome::status(Status(self.dice.byte() & 0xFE)),
                1 => Outcome::status(Status::BUSY),
                2 => Outcome::status(Status::CHECK_CONDITION),
                _ => Outcome::check(self.any_sense()),
            },
            _ => return Err(self.any_error(cdb.opcode(), timeout)),
        })
    }

    fn max_transfer(&self) -> usize {
        LIMIT
    }

    fn name(&self) -> &str {
        "hostile"
    }
}

fn hasty() -> RecorderOptions {
    let patience = Patience {
        command: Duration::from_millis(100),
        long_command: Duration::from_millis(100),
        ready: Duration::from_micros(200),
        poll: Duration::from_micros(50),
        attentions: 2,
        aborted: 1,
        reads: 1,
    };
    RecorderOptions { patience, clock: Arc::new(SimulatedClock::default()), ..RecorderOptions::default() }
}

/// An error has words, a next step and a code of failure; a value nothing to prove.
fn judge<T>(result: Result<T, Error>) {
    if let Err(error) = result {
        assert!(!error.to_string().is_empty() && !error.next_step().is_empty());
        assert!(!error.hresult().succeeded(), "{error}");
        let _ = (error.blame(), error.is_unsupported(), error.is_about_blocks(), error.is_no_medium());
    }
}

fn bounded(result: Result<Vec<u8>, Error>) {
    if let Ok(bytes) = &result {
        assert!(bytes.len() <= 0x10002, "{} bytes", bytes.len());
    }
    judge(result);
}

/// Every public member that talks to the drive, once.
fn every_member(recorder: &DiscRecorder, dice: &mut Dice, commands: &AtomicU64) {
    let members: [&dyn Fn(&mut Dice); 37] = [
        &|_| judge(recorder.test_unit_ready()),
        &|_| judge(recorder.wait_ready()),
        &|_| judge(recorder.configuration()),
        &|_| judge(recorder.media_type()),
        &|_| judge(recorder.can_load()),
        &|_| judge(recorder.disc_information()),
        &|d| {
            let track = u32::from(d.byte());
            judge(recorder.track_information(&ReadTrackInformation::track(track)));
        },
        &|_| judge(recorder.read_capacity()),
        &|_| judge(recorder.format_capacities()),
        &|_| judge(recorder.buffer_capacity()),
        &|_| judge(recorder.medium()),
        &|_| judge(recorder.sessions()),
        &|_| judge(recorder.write_protection()),
        &|_| judge(recorder.write_speeds()),
        &|d| {
            let wanted = u32::try_from(d.below(100_000)).ok();
            judge(recorder.set_write_speed(wanted, d.below(2) == 0).and_then(|(_, guard)| guard.restore()));
        },
        &|_| bounded(recorder.disc_information_bytes()),
        &|d| bounded(recorder.track_information_bytes(u32::from(d.byte()), AddressType::Track)),
        &|d| bounded(recorder.read_disc_structure(d.byte(), 0, 0, 0)),
        &|d| judge(recorder.send_disc_structure(d.byte(), &[0; 8])),
        &|_| bounded(Ok(recorder.adapter_descriptor())),
        &|_| bounded(recorder.device_descriptor()),
        &|_| judge(recorder.serial_number()),
        &|d| judge(recorder.supported_features(d.below(2) == 0)),
        &|d| judge(recorder.feature(FeatureCode(u16::from(d.byte())), d.below(2) == 0)),
        &|_| judge(recorder.supported_profiles()),
        &|_| judge(recorder.current_profiles()),
        &|_| judge(recorder.supported_mode_pages(PageControl::Current)),
        &|d| bounded(recorder.mode_page_bytes(d.byte() & 0x3F, PageControl::Default)),
        &|_| judge(recorder.set_mode_page_bytes(PageControl::Current, &[0x08, 2, 4, 0])),
        &|_| {
            let changed = recorder.change_mode_page(|page: &mut WriteParameters| page.test_write = true);
            judge(changed.and_then(|guard| guard.restore()));
        },
        &|_| judge(recorder.media_event()),
        &|_| judge(recorder.disable_mcn()),
        &|_| judge(recorder.prevent_removal().and_then(|guard| guard.release())),
        &|_| judge(recorder.start().and_then(|()| recorder.eject()).and_then(|()| recorder.load())),
        &|_| judge(recorder.send_command_no_data(&[0; 6], Duration::from_secs(1))),
        &|d| {
            let mut buf = vec![0; 1 + d.below(300)];
            let answer =
                recorder.send_command_get_data(&[0x12, 0, 0, 0, 96, 0], &mut buf, Duration::from_secs(1));
            assert!(answer.as_ref().is_ok_and(|a| a.transferred <= buf.len()) || answer.is_err());
            judge(answer);
        },
        &|d| {
            let mut buf = vec![0; 40 * SECTOR];
            let source = recorder.disc_source();
            if let Ok(source) = &source {
                let lba = u64::try_from(d.below(100)).unwrap();
                let _ = source.read_blocks(lba, &mut buf);
                let _ = source.read_blocks(source.block_count().saturating_sub(40), &mut buf);
            }
            judge(source);
        },
    ];
    for member in members {
        commands.store(0, Ordering::Relaxed);
        member(dice);
    }
}

const MEDIA: [MediaType; 6] = [
    MediaType::CD_R,
    MediaType::DVD_RW,
    MediaType::DVD_PLUS_R,
    MediaType::DVD_RAM,
    MediaType::BD_R,
    MediaType::BD_RE,
];

/// A drive with a disc of its own, which is blank the first time.
fn virtual_drive(directory: &Path, media: MediaType) -> VirtualDrive {
    let path = directory.join(format!("{media:?}"));
    if path.exists() {
        VirtualDrive::open(&path).unwrap()
    } else {
        VirtualDrive::create(&path, media, &MediumOptions::default()).unwrap()
    }
}

fn hostile(directory: &Path, media: MediaType, seed: u64, spite: usize) -> (Hostile, Arc<AtomicU64>) {
    let inner = virtual_drive(directory, media);
    let commands = Arc::new(AtomicU64::new(0));
    (Hostile { inner, dice: Dice::new(seed), commands: Arc::clone(&commands), spite }, commands)
}

fn torment(directory: &Path, media: MediaType, seed: u64, spite: usize) {
    let (drive, commands) = hostile(directory, media, seed, spite);
    match DiscRecorder::with_options(Box::new(drive), hasty()) {
        Ok(recorder) => {
            assert!(recorder.identity().vendor.len() <= 3 * 8 && recorder.identity().product.len() <= 3 * 16);
            every_member(&recorder, &mut Dice::new(!seed), &commands);
        }
        Err(error) => judge::<()>(Err(error)),
    }
}

#[test]
fn lies_of_fixed_seeds() {
    let directory = tempfile::tempdir().unwrap();
    for seed in 0..300 {
        for (n, media) in (0u64..).zip(MEDIA) {
            torment(directory.path(), media, seed * 8 + n, [2, 5, 16][usize::try_from(seed % 3).unwrap()]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn lies_of_any_kind(seed in any::<u64>(), medium in 0..MEDIA.len(), spite in 1..=16usize) {
        let directory = tempfile::tempdir().unwrap();
        torment(directory.path(), MEDIA[medium], seed, spite);
    }
}

/// The list of drives with hostile ones on it.
#[test]
fn hostile_drives_on_the_list() {
    let directory = tempfile::tempdir().unwrap();
    hostile(directory.path(), MediaType::CD_R, 0, 0);
    let master = DiscMaster::registered_only();
    for seed in 0..20 {
        let path = directory.path().to_owned();
        let open = move || {
            let (drive, _) = hostile(&path, MediaType::CD_R, seed, 16);
            Ok(Box::new(drive) as Box<dyn Transport>)
        };
        master.register(RegisteredDrive { id: format!("hostile:{seed}"), open: Arc::new(open) }).unwrap();
    }
    let _ = master.is_supported_environment();
    for id in master.ids().unwrap() {
        let options = hasty();
        judge(master.open(&id, options));
    }
}

/// A bridge between USB and the drive that hands over no more of any answer than this.
struct Bridge {
    inner: VirtualDrive,
    cut: usize,
    /// Commands that never get through: 5/20/00.
    lacks: &'static [u8],
    /// The residue always says that all came.
    hides_residue: bool,
}

impl Transport for Bridge {
    fn execute(
        &mut self,
        cdb: &Cdb,
        mut data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        if self.lacks.contains(&cdb.opcode()) {
            return Ok(Outcome::check(Sense::of(5, 0x20, 0)));
        }
        let room = data.len();
        let mut outcome = self.inner.execute(cdb, data.reborrow(), timeout)?;
        if let DataPhase::In(buf) = &mut data
            && cdb.opcode() != 0x28
        {
            outcome.transferred = outcome.transferred.min(self.cut);
            // What did not come is what was in the buffer of the bridge.
            if self.hides_residue && outcome.status == Status::GOOD {
                buf[outcome.transferred..].fill(0);
                outcome.transferred = room;
            }
        }
        Ok(outcome)
    }

    fn max_transfer(&self) -> usize {
        LIMIT
    }

    fn name(&self) -> &str {
        "bridge"
    }
}

fn bridged(
    directory: &Path,
    media: MediaType,
    cut: usize,
    lacks: &'static [u8],
    hides: bool,
) -> Result<DiscRecorder, Error> {
    let inner = virtual_drive(directory, media);
    let bridge = Bridge { inner, cut, lacks, hides_residue: hides };
    DiscRecorder::with_options(Box::new(bridge), hasty())
}

/// Bridges are known that cut everything after 36 or 252 bytes, the length of INQUIRY data and what its one length byte
/// allows, and that pad it again so that nobody can tell. What a write depends on comes in less than that.
#[test]
fn bridges_that_cut_answers_leave_the_medium_known() {
    let directory = tempfile::tempdir().unwrap();
    for media in MEDIA {
        let of = |cut, hides| bridged(directory.path(), media, cut, &[], hides);
        let whole = of(LIMIT, false).unwrap().medium().unwrap();
        for (cut, hides) in [(252, false), (252, true), (LIMIT, true)] {
            let medium = of(cut, hides).unwrap().medium().unwrap();
            assert_eq!((medium.kind, medium.state), (whole.kind, whole.state), "{media:?}, {cut}, {hides}");
            assert_eq!((medium.total, medium.free), (whole.total, whole.free), "{media:?}, {cut}, {hides}");
        }
        // Shorter than the structures themselves: an answer of some kind, and never a wrong size.
        for cut in [16, 36] {
            let recorder = match of(cut, false) {
                Ok(recorder) => recorder,
                Err(error) => {
                    assert_eq!((cut, error.hresult()), (16, HResult(0xC0AA_02FF)));
                    continue;
                }
            };
            if let Ok(medium) = recorder.medium() {
                assert!(medium.total <= whole.total.max(1), "{media:?}, {cut}: {}", medium.total);
            }
            judge(recorder.write_speeds());
        }
    }
}

/// What a drive of the first years lacks, command by command: told by its own result code, or done without.
#[test]
fn commands_that_are_missing() {
    let directory = tempfile::tempdir().unwrap();
    let of = |media, lacks| bridged(directory.path(), media, LIMIT, lacks, false).unwrap();
    // GET CONFIGURATION tells what the medium is; without it nothing is done.
    let recorder = of(MediaType::CD_R, &[0x46]);
    assert_eq!(recorder.medium().unwrap_err().hresult(), HResult(0xC0AA_020C));
    drop(recorder);
    // READ DISC STRUCTURE, GET PERFORMANCE, MODE SENSE, READ FORMAT CAPACITIES, READ BUFFER CAPACITY, SET STREAMING.
    for lacks in [&[0xAD][..], &[0xAC], &[0x5A], &[0xAC, 0x5A], &[0x23], &[0x5C], &[0xB6], &[0x4A]] {
        for media in MEDIA {
            let medium = of(media, lacks).medium().unwrap();
            assert_eq!(medium.kind, media, "{lacks:02X?}");
            assert!(medium.state.contains(MediaState::BLANK), "{media:?} without {lacks:02X?}");
        }
    }
    assert_eq!(of(MediaType::DVD_PLUS_R, &[0xAC, 0x5A]).write_speeds().unwrap(), []);
    let recorder = of(MediaType::DVD_PLUS_R, &[0xB6]);
    judge(recorder.set_write_speed(None, false).and_then(|(_, guard)| guard.restore()));
    assert!(recorder.set_write_speed(None, false).is_ok(), "SET CD SPEED is left");
    drop(recorder);
    let error = of(MediaType::CD_R, &[0x4A]).media_event().unwrap_err();
    assert!(error.is_unsupported() && error.sense().is_some_and(|s| s.key == SenseKey::ILLEGAL_REQUEST));
    // Neither drive nor emulator has READ CAPACITY on a blank disc; the tracks tell where it ends.
    assert_eq!(of(MediaType::CD_R, &[0x25]).disc_source().unwrap().block_count(), 0);
}

/// MODE SENSE with nothing but the header: the page is not there.
#[test]
fn mode_sense_of_a_header_alone() {
    let rig = Rig::new();
    rig.profile(0x001B);
    rig.data(0x5A, &[0, 6, 0, 0, 0, 0, 0, 0]);
    let recorder = rig.recorder();
    assert_eq!(recorder.mode_page(0x05, PageControl::Current).unwrap_err().hresult(), HResult(0xC0AA_0201));
    assert_eq!(recorder.supported_mode_pages(PageControl::Current).unwrap(), []);
    assert_eq!(recorder.write_speeds().unwrap(), []);
    assert!(recorder.change_mode_page(|page: &mut WriteParameters| page.test_write = true).is_err());
    assert!(rig.heard(0x55).is_empty(), "a page that was never seen is not made up");
}

/// CD drives that know no invisible track, and DVD drives that know nothing else.
#[test]
fn the_open_track_is_found_by_either_name() {
    let track = |bytes: &mut Vec<u8>| {
        bytes.extend([0, 34, 1, 1, 0, 4, 0x41, 0x01, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 0, 0]);
        bytes.resize(36, 0);
    };
    let mut found = Vec::new();
    track(&mut found);
    for (profile, first) in [(0x0009, 0xFF), (0x001B, 0x01)] {
        let rig = Rig::new();
        rig.profile(profile);
        rig.disc(0x01, 0);
        rig.set(0x52, &[Answer::Check(5, 0x24, 0), Answer::Data(found.clone())]);
        let medium = rig.recorder().medium().unwrap();
        assert_eq!((medium.next_writable.0, medium.free), (0x1000, 0x1_0000));
        let asked = rig.heard(0x52);
        assert_eq!((asked.len(), asked[0].0[5]), (2, first), "{profile:04X}h");
    }
}
