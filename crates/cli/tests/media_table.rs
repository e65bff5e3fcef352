//! Every medium in every size through the program, from blank to closed and, where it can be, to blank again. After each step
//! `info` has to tell of the disc what the table and the steps before say of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[allow(dead_code, reason = "each test file uses its part")]
mod glassmaster_program;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use glassmaster::disc::MediaType;
use glassmaster::scsi::{Cdb, DataPhase, Status, Transport as _};
use glassmaster::vdrive::{MediumOptions, VirtualDrive};
use glassmaster_program::{must, run};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How a medium grows.
#[derive(Clone, Copy, PartialEq)]
enum Growth {
    /// Session by session; `gaps` are the sectors from the end of the first session, and of later ones, to the next one.
    Sessions { gaps: [u64; 2] },
    /// One session closes it.
    Once,
    /// All of it can be written again.
    Overwrites,
}

#[derive(Clone, Copy, PartialEq)]
enum Erase {
    Never,
    /// By BLANK.
    Blank,
    /// With zeros at both ends.
    Zeros,
}

struct Row {
    /// As `--media` takes it, and as it is called.
    media: [&'static str; 2],
    /// Blank, and after the first write.
    profiles: [&'static str; 2],
    unit: u64,
    growth: Growth,
    erase: Erase,
    /// Drives can go through a write without recording (MMC-6 7.5, TEST WRITE).
    test_write: bool,
    /// `--capacity`, the sectors that can be written to the blank disc, and those it has once it is formatted.
    sizes: &'static [(&'static str, u64, u64)],
}

const CD: Growth = Growth::Sessions { gaps: [6_750 + 4_500 + 150, 2_250 + 4_500 + 150] };
const CD_SIZES: &[(&str, u64, u64)] = &[("80min", 359_849, 359_849), ("74min", 333_000, 333_000)];
const ONCE: Growth = Growth::Once;
const OVERWRITES: Growth = Growth::Overwrites;

/// Profiles: MMC-6 5.3.1, "Profile List". Units: MMC-6 clause 4. Sizes of CD: last start of the lead-out, 79:59:74 and
/// 74:02:00; of DVD: what blank discs report (DVD-R, DVD-RW), ECMA-330 and ECMA-272 with the usual spare areas (DVD-RAM),
/// ECMA-349 and ECMA-337 (DVD+R, DVD+RW), ECMA-382 and ECMA-364 (two layers); of BD: the basic format specifications, and with
/// the usual spare areas. Gaps: lead-out, lead-in and pre-gap of CD (Orange Book); linking block and border zone of DVD-R near
/// the hub, 1,792 ECC blocks and then 384 (ECMA-359); closure and intro of DVD+R (ECMA-349); nothing on BD.
const TABLE: [Row; 13] = [
    Row {
        media: ["cd-r", "CD-R"],
        profiles: ["0x0009"; 2],
        unit: 1,
        growth: CD,
        erase: Erase::Never,
        test_write: true,
        sizes: CD_SIZES,
    },
    Row {
        media: ["cd-rw", "CD-RW"],
        profiles: ["0x000A"; 2],
        unit: 1,
        growth: CD,
        erase: Erase::Blank,
        test_write: true,
        sizes: CD_SIZES,
    },
    Row {
        media: ["dvd-r", "DVD-R"],
        profiles: ["0x0011"; 2],
        unit: 16,
        growth: Growth::Sessions { gaps: [16 + 1_792 * 16, 16 + 384 * 16] },
        erase: Erase::Never,
        test_write: true,
        sizes: &[("4.7gb", 2_297_888, 2_297_888)],
    },
    Row {
        media: ["dvd-r-dl", "DVD-R DL"],
        profiles: ["0x0015"; 2],
        unit: 16,
        growth: ONCE,
        erase: Erase::Never,
        test_write: true,
        sizes: &[("8.5gb", 4_171_712, 4_171_712)],
    },
    Row {
        media: ["dvd-rw", "DVD-RW"],
        // Sequential, and formatted to restricted overwrite by the first write.
        profiles: ["0x0014", "0x0013"],
        unit: 16,
        growth: OVERWRITES,
        erase: Erase::Blank,
        test_write: true,
        sizes: &[("4.7gb", 2_297_888, 2_297_888)],
    },
    Row {
        media: ["dvd-ram", "DVD-RAM"],
        profiles: ["0x0012"; 2],
        unit: 16,
        growth: OVERWRITES,
        erase: Erase::Zeros,
        test_write: false,
        sizes: &[("4.7gb", 2_236_704, 2_236_704), ("2.6gb", 1_218_960, 1_218_960)],
    },
    Row {
        media: ["dvd+r", "DVD+R"],
        profiles: ["0x001B"; 2],
        unit: 16,
        growth: Growth::Sessions { gaps: [2_048; 2] },
        erase: Erase::Never,
        test_write: false,
        sizes: &[("4.7gb", 2_295_104, 2_295_104)],
    },
    Row {
        media: ["dvd+r-dl", "DVD+R DL"],
        profiles: ["0x002B"; 2],
        unit: 16,
        growth: ONCE,
        erase: Erase::Never,
        test_write: false,
        sizes: &[("8.5gb", 4_173_824, 4_173_824)],
    },
    Row {
        media: ["dvd+rw", "DVD+RW"],
        profiles: ["0x001A"; 2],
        unit: 16,
        growth: OVERWRITES,
        erase: Erase::Zeros,
        test_write: false,
        sizes: &[("4.7gb", 2_295_104, 2_295_104)],
    },
    Row {
        media: ["dvd+rw-dl", "DVD+RW DL"],
        profiles: ["0x002A"; 2],
        unit: 16,
        growth: OVERWRITES,
        erase: Erase::Zeros,
        test_write: false,
        sizes: &[("8.5gb", 4_173_824, 4_173_824)],
    },
    Row {
        media: ["bd-r", "BD-R"],
        profiles: ["0x0041"; 2],
        unit: 32,
        growth: Growth::Sessions { gaps: [0; 2] },
        erase: Erase::Never,
        test_write: false,
        sizes: &[
            ("25gb", 12_219_392, 12_219_392),
            ("50gb", 24_438_784, 24_438_784),
            ("100gb", 48_878_592, 48_878_592),
            ("128gb", 62_500_864, 62_500_864),
        ],
    },
    Row {
        media: ["bd-re", "BD-RE"],
        profiles: ["0x0043"; 2],
        unit: 32,
        growth: OVERWRITES,
        erase: Erase::Zeros,
        test_write: false,
        sizes: &[
            ("25gb", 11_826_176, 11_826_176),
            ("50gb", 23_652_352, 23_652_352),
            ("100gb", 47_305_728, 47_305_728),
        ],
    },
    Row {
        media: ["disk", "disk"],
        profiles: ["0x0002"; 2],
        unit: 1,
        growth: OVERWRITES,
        erase: Erase::Zeros,
        test_write: false,
        sizes: &[
            ("2gb", 1_000_000, 1_000_000),
            ("640mb", 310_352, 310_352),
            ("32gb", 15_625_000, 15_625_000),
        ],
    },
];

impl Row {
    fn is_cd(&self) -> bool {
        self.media[0].starts_with("cd-")
    }

    fn overwrites(&self) -> bool {
        self.growth == Growth::Overwrites
    }

    /// Sectors that a session of `sectors` takes: whole units; on CD 150 of post-gap behind the data (ECMA-130 20), and the
    /// two run-out blocks of a track that is not recorded with its session.
    fn taken(&self, sectors: u64, first: bool) -> u64 {
        match (self.is_cd(), first) {
            (true, true) => sectors + 150,
            (true, false) => sectors + 150 + 2,
            (false, _) => sectors.next_multiple_of(self.unit),
        }
    }
}

/// What is burnt: an image, and folders that follow it.
struct Sources {
    place: TempDir,
    image: PathBuf,
    sectors: u64,
}

impl Sources {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let mut all = Vec::new();
        for (n, name) in [(1, "one"), (2, "two"), (3, "three")] {
            let folder = at(name);
            std::fs::create_dir(&folder).unwrap();
            let content = glassmaster_testkit::tree::bytes(n, 100_000 * usize::try_from(n).unwrap());
            std::fs::write(folder.join(name), &content).unwrap();
            all.push((name, content));
            // What is to be seen after this session.
            let seen = at(&format!("seen {n}"));
            std::fs::create_dir(&seen).unwrap();
            for (name, content) in &all {
                std::fs::write(seen.join(name), content).unwrap();
                let time =
                    folder.parent().unwrap().join(name).join(name).metadata().unwrap().modified().unwrap();
                std::fs::File::options()
                    .write(true)
                    .open(seen.join(name))
                    .unwrap()
                    .set_modified(time)
                    .unwrap();
            }
        }
        let image = at("image.iso");
        must(["build", at("one").to_str().unwrap(), "-o", image.to_str().unwrap(), "--volume", "TABLE"]);
        let bytes = image.metadata().unwrap().len();
        assert_eq!(bytes % 2048, 0);
        Self { sectors: bytes / 2048, image, place }
    }

    fn at(&self, name: &str) -> String {
        self.place.path().join(name).to_str().unwrap().to_owned()
    }
}

/// One disc and what has been done to it.
struct Life<'a> {
    row: &'static Row,
    what: String,
    drive: String,
    sources: &'a Sources,
    /// Sectors of the blank and of the formatted disc.
    sizes: [u64; 2],
}

impl Life<'_> {
    fn program(&self, arguments: &[&str]) -> Value {
        let drive = ["--drive", self.drive.as_str()];
        let (output, events) = run(arguments.iter().chain(&drive));
        let last = events.last().cloned().unwrap_or_default();
        assert!(output.status.success(), "{} {arguments:?}: {last}", self.what);
        assert_eq!(last["ok"], true, "{} {arguments:?}", self.what);
        last
    }

    /// Refused with this result code; the words end with what to do next, and the disc is as before.
    fn refused(&self, arguments: &[&str], code: &str) {
        let before = self.info();
        let drive = ["--drive", self.drive.as_str()];
        let (output, events) = run(arguments.iter().chain(&drive));
        let (last, what) = (events.last().unwrap(), format!("{} {arguments:?}", self.what));
        assert_eq!(output.status.code(), Some(4), "{what}: {last}");
        assert_eq!((&last["ok"], &last["exit"]), (&json!(false), &json!(4)), "{what}");
        assert_eq!(last["hresult"], code, "{what}: {last}");
        let (error, next) = (last["error"].as_str().unwrap(), last["next_step"].as_str().unwrap());
        assert!(error.ends_with(&format!("; next: {next}")) && next.len() > 5, "{what}: {error}");
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(words.lines().last(), Some(format!("glassmaster: {error}").as_str()), "{what}");
        assert_eq!(self.info(), before, "{what}: a refused command changed the disc");
    }

    fn info(&self) -> Value {
        let mut events = must(["info", &self.drive]);
        let mut result = events.pop().unwrap();
        // Counts commands and names the drive.
        result.as_object_mut().unwrap().remove("drive");
        result
    }

    /// What `info` says, held against what has to be said.
    fn is(&self, step: &str, wanted: &Value) -> Value {
        let info = self.info();
        let medium = &info["medium"];
        let mut told = json!({});
        for key in wanted.as_object().unwrap().keys() {
            told[key] = match key.as_str() {
                "sessions" => info["sessions"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|s| json!([s["number"], s["start"], s["last"]]))
                    .collect(),
                "tracks" => medium["tracks"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|t| json!([t["number"], t["session"], t["start"], t["size"], t["blank"]]))
                    .collect(),
                "status" => medium["disc"]["status"].clone(),
                "volumes" => json!(info["volumes"].as_array().unwrap().is_empty()),
                key => medium[key].clone(),
            };
        }
        assert_eq!(&told, wanted, "{} {step}", self.what);
        assert_eq!(medium["type"], self.row.media[1], "{} {step}", self.what);
        assert_eq!(medium["write_unit"], self.row.unit, "{} {step}", self.what);
        assert_eq!(medium["write_protected"], "not protected", "{} {step}", self.what);
        info
    }

    /// A disc that holds nothing. `formatted` where a format has been there before.
    fn is_blank(&self, step: &str, formatted: bool) {
        let row = self.row;
        let total = self.sizes[usize::from(formatted)];
        // Two blocks of run-out follow a track on CD.
        let free = if row.is_cd() { total - 2 } else { total };
        let in_place = row.overwrites() && row.profiles[0] == row.profiles[1];
        let mut wanted = json!({
            "profile": row.profiles[0], "total": total, "free": free, "next_writable": 0, "volumes": true,
            "blank": true, "closed": false, "erasable": row.erase != Erase::Never,
            "overwritable": in_place, "appendable": !in_place,
        });
        if !in_place {
            wanted["used"] = json!(0);
            wanted["status"] = json!("empty");
            wanted["sessions"] = json!([]);
            wanted["tracks"] = json!([[1, 1, 0, free, true]]);
        }
        self.is(step, &wanted);
    }

    /// A sequential disc that holds these sessions of so many sectors; the first is at 0.
    fn has_sessions(&self, step: &str, sectors: &[u64], closed: bool) -> u64 {
        let (row, total) = (self.row, self.sizes[0]);
        let gaps = if let Growth::Sessions { gaps } = row.growth { gaps } else { [0; 2] };
        let (mut at, mut used) = (0, 0);
        let (mut sessions, mut tracks) = (Vec::new(), Vec::new());
        for (n, sectors) in (1..).zip(sectors) {
            let taken = row.taken(*sectors, n == 1);
            sessions.push(json!([n, at, at + taken - 1]));
            tracks.push(json!([n, n, at, taken, false]));
            used += taken;
            at += taken + gaps[usize::from(n > 1)];
        }
        let next = if closed { 0 } else { at };
        let free = match (closed, row.is_cd()) {
            (true, _) => 0,
            (false, true) => total - 2 - next,
            (false, false) => total - next,
        };
        if !closed {
            let n = sectors.len() + 1;
            tracks.push(json!([n, n, next, free, true]));
        }
        self.is(step, &json!({
            "profile": row.profiles[1], "total": if closed { 0 } else { total }, "free": free, "next_writable": next,
            "used": used, "blank": false, "closed": closed, "appendable": !closed, "overwritable": false,
            "erasable": row.erase != Erase::Never, "volumes": false, "sessions": sessions, "tracks": tracks,
            "status": if closed { "complete" } else { "incomplete" },
        }));
        next
    }

    /// A disc that is overwritten in place and holds something.
    fn is_overwritable(&self, step: &str) {
        let total = self.sizes[1];
        // A DVD-RW is formatted as far as the data needs it, 128 MiB at least.
        let formatted = if self.row.media[0] == "dvd-rw" { 65_536 } else { total };
        self.is(step, &json!({
            "profile": self.row.profiles[1], "total": total, "free": total, "next_writable": 0, "used": null,
            "blank": false, "closed": false, "appendable": false, "overwritable": true, "erasable": true,
            "formatted": true, "volumes": false, "sessions": [[1, 0, formatted - 1]],
            "tracks": [[1, 1, 0, formatted, false]],
        }));
    }

    /// The disc holds the files of that folder and nothing else, and its file systems are sound.
    fn holds(&self, folder: &str) {
        must(["compare", &self.drive, &self.sources.at(folder)]);
        must(["check", &self.drive]);
    }

    /// Nothing is recorded, whatever of it the drive goes through.
    fn dry(&self) {
        let image = self.sources.image.to_str().unwrap();
        let before = self.info();
        let told = self.program(&["burn", image, "--dry-run"]);
        // After a minimal blank a DVD-RW takes only disc at once, which reserves for good.
        let minimal =
            self.row.media[0] == "dvd-rw" && before["medium"]["state_bits"].as_u64().unwrap() & 8 != 0;
        let how = if self.row.test_write && !minimal { "test write" } else { "plan" };
        assert_eq!(told["dry_run"], how, "{}", self.what);
        let after = match self.row.growth {
            Growth::Sessions { .. } => "session closed, disc appendable",
            Growth::Once => "disc closed",
            Growth::Overwrites => "overwritable",
        };
        assert_eq!(told["closing"], after, "{}", self.what);
        assert_eq!(self.info(), before, "{}: a dry run left something behind", self.what);
    }

    /// From blank to closed, or overwritten.
    fn burns(&self) {
        let image = self.sources.image.to_str().unwrap();
        self.refused(&["burn", &self.sources.at("one"), "--append"], "0xC0AA0402");
        self.refused(&["burn", &self.too_large()], "0xC0AA0404");
        self.dry();
        let told = self.program(&["burn", image]);
        assert_eq!(told["sectors"], self.sources.sectors, "{}", self.what);
        assert_eq!(told["verified_sectors"], self.sources.sectors, "{}", self.what);
        match self.row.growth {
            Growth::Overwrites => self.overwrites(image),
            Growth::Sessions { .. } => self.grows(image),
            Growth::Once => {
                self.has_sessions("burnt", &[self.sources.sectors], true);
                self.holds("seen 1");
            }
        }
        if !self.row.overwrites() {
            self.refused(&["burn", image], "0xC0AA0402");
            self.refused(&["burn", image, "--overwrite"], "0xC0AA0402");
            self.refused(&["burn", &self.sources.at("one"), "--append"], "0xC0AA0402");
        }
        if self.row.erase == Erase::Never {
            self.refused(&["erase"], "0xC0AA0909");
        }
    }

    fn grows(&self, image: &str) {
        let mut sectors = vec![self.sources.sectors];
        let mut next = self.has_sessions("burnt", &sectors, false);
        self.holds("seen 1");
        self.refused(&["burn", image], "0xC0AA0405");
        for (folder, seen, close) in [("two", "seen 2", false), ("three", "seen 3", true)] {
            let source = self.sources.at(folder);
            let mut arguments = vec!["burn", &source, "--append"];
            let before = self.info();
            let dry = self.program(&[&arguments[..], &["--dry-run"]].concat());
            assert_eq!(
                (&dry["dry_run"], &dry["session_start"]),
                (&json!("plan"), &json!(next)),
                "{}",
                self.what
            );
            assert_eq!(self.info(), before, "{}: a dry run left something behind", self.what);
            if close {
                arguments.push("--close");
            }
            let told = self.program(&arguments);
            assert_eq!(told["start"], next, "{}", self.what);
            sectors.push(told["sectors"].as_u64().unwrap());
            // Content, descriptors and paddings, not another copy of what is there.
            let content =
                std::fs::metadata(self.sources.place.path().join(folder).join(folder)).unwrap().len() / 2048;
            assert!((content..content + 800).contains(sectors.last().unwrap()), "{}: {told}", self.what);
            next = self.has_sessions(seen, &sectors, close);
            self.holds(seen);
        }
    }

    fn overwrites(&self, image: &str) {
        self.is_overwritable("burnt");
        self.holds("seen 1");
        self.refused(&["burn", image], "0xC0AA0405");
        self.program(&["burn", &self.sources.at("two"), "--append"]);
        self.is_overwritable("appended");
        self.holds("seen 2");
        // Such a disc is never closed.
        let told = self.program(&["burn", &self.sources.at("three"), "--append", "--close"]);
        assert_eq!(told["closing"], "overwritable", "{}", self.what);
        self.is_overwritable("appended again");
        self.holds("seen 3");
        self.program(&["burn", image, "--overwrite"]);
        self.is_overwritable("overwritten");
        self.holds("seen 1");
    }

    /// An image of one sector more than there is room.
    fn too_large(&self) -> String {
        let path = format!("{}.too-large.iso", self.drive.strip_prefix("virtual:").unwrap());
        std::fs::copy(&self.sources.image, &path).unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_len((self.sizes[0].max(self.sizes[1]) + 1) * 2048).unwrap();
        path
    }

    fn erases(&self, full: bool) {
        let mut arguments = vec!["erase"];
        if full {
            arguments.push("--full");
        }
        let told = self.program(&arguments);
        let how = match (self.row.erase, full) {
            (Erase::Blank, false) => json!("BLANK type 1"),
            (Erase::Blank, true) => json!("BLANK type 0"),
            _ => json!("zeros"),
        };
        assert_eq!(told["method"], how, "{}", self.what);
    }
}

fn live(row: &'static Row, size: &(&str, u64, u64), sources: &Sources) {
    let place = tempfile::tempdir().unwrap();
    let disc = place.path().join("disc");
    let (label, blank, formatted) = *size;
    must(["disc", "new", disc.to_str().unwrap(), "--media", row.media[0], "--capacity", label]);
    let mut life = Life {
        row,
        what: format!("{} {label}", row.media[0]),
        drive: format!("virtual:{}", disc.display()),
        sources,
        sizes: [blank, formatted],
    };
    life.is_blank("new", false);
    let other = if row.is_cd() { "dvd-r" } else { "cd-r" };
    let wrong = run(["burn", &sources.at("one"), "--media", other, "--drive", &life.drive]);
    assert_eq!(wrong.0.status.code(), Some(4), "{}: {:?}", life.what, wrong.1.last());
    life.burns();
    if row.erase == Erase::Never {
        return;
    }
    life.erases(false);
    life.what.push_str(", erased");
    life.is_blank("erased", true);
    life.burns();
    if row.erase == Erase::Blank {
        life.erases(true);
        life.what.push_str(" in full");
        life.is_blank("erased", true);
        life.dry();
    }
}

/// As many discs at a time as there are processors.
#[test]
fn every_medium_and_size_from_blank_to_closed_and_back() {
    let sources = Sources::new();
    let lives: Vec<_> = TABLE.iter().flat_map(|row| row.sizes.iter().map(move |size| (row, size))).collect();
    assert_eq!(lives.len(), 23);
    let (next, sources) = (AtomicUsize::new(0), &sources);
    let workers = std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get).min(8);
    let failures: Vec<String> = std::thread::scope(|threads| {
        let work = || {
            let mut failures = Vec::new();
            while let Some((row, size)) = lives.get(next.fetch_add(1, Ordering::SeqCst)) {
                let lived = std::panic::catch_unwind(|| live(row, size, sources));
                failures.extend(lived.err().map(|_| format!("{} {}", row.media[0], size.0)));
            }
            failures
        };
        let all: Vec<_> = (0..workers).map(|_| threads.spawn(work)).collect();
        all.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{failures:?}");
}

/// A BD-R with more tracks than any CD can have: each is told of.
#[test]
fn info_tells_of_more_than_a_hundred_tracks() {
    let place = tempfile::tempdir().unwrap();
    let disc = place.path().join("disc");
    tracks(&disc);
    let told = must(["info", &format!("virtual:{}", disc.display())]).pop().unwrap();
    let tracks = told["medium"]["tracks"].as_array().unwrap();
    assert_eq!(tracks.len(), 121);
    assert_eq!((&tracks[119]["number"], &tracks[119]["start"]), (&json!(120), &json!(119 * 32)));
    assert_eq!((&tracks[120]["blank"], &tracks[120]["start"]), (&json!(true), &json!(120 * 32)));
    assert_eq!(told["medium"]["used"], 120 * 32);
}

/// Records 120 tracks of one cluster each: WRITE (10), then CLOSE TRACK SESSION of the track (MMC-6 6.46, 6.3).
fn tracks(disc: &Path) {
    let mut drive = VirtualDrive::create(disc, MediaType::BD_R, &MediumOptions::default()).unwrap();
    drive.acknowledge();
    let cluster = vec![7; 32 * 2048];
    for n in 0..120_u8 {
        let [high, low] = (u16::from(n) * 32).to_be_bytes();
        let write = Cdb::ten([0x2A, 0, 0, 0, high, low, 0, 0, 32, 0]);
        let close = Cdb::ten([0x5B, 0, 1, 0, 0, n + 1, 0, 0, 0, 0]);
        for (cdb, data) in [(write, DataPhase::Out(&cluster)), (close, DataPhase::None)] {
            let outcome = drive.execute(&cdb, data, Duration::from_secs(1)).unwrap();
            assert_eq!(outcome.status, Status::GOOD, "{cdb:?}: {outcome:?}");
        }
    }
}
