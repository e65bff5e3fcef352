//! Other people's burning programs on the virtual recorder: they burn, format, blank, append and say what is there, and the
//! recorder refuses them nothing that a real one would grant.
#![allow(clippy::unwrap_used, clippy::panic)]

#[allow(dead_code, reason = "each test file uses its part")]
mod glassmaster_program;
mod refusals;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use glassmaster_program::{Served, must};
use glassmaster_testkit::tree;
use glassmaster_testkit::witness::{Burner, Said, Shim};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn image(place: &Path) -> PathBuf {
    let source = place.join("source");
    tree::deep(&source.join("deep"), 5).unwrap();
    tree::sizes(&source.join("sizes")).unwrap();
    let image = place.join("image.iso");
    must(["build", text(&source), "-o", text(&image), "--fs", "iso9660,joliet,rock-ridge,udf"]);
    image
}

/// What is done to a disc, one thing after the other.
#[derive(Clone, Copy)]
enum Step {
    /// Another program burns the image; every byte is read back, by way of the block device and by `compare`.
    Burn(Burner),
    /// Another program blanks or formats, with these arguments.
    Run(&'static str, &'static [&'static str]),
    /// Another program adds the file `more` to what is on the disc.
    Append(&'static str, &'static [&'static str]),
    /// Another program tells what the disc is, in these words among others; every space stands for any number of them, and
    /// `{n}` for the sectors of the image.
    Says(&'static str, &'static [&'static str], &'static [&'static str]),
}

use Burner::{
    Cdrskin, CdrskinSessionAtOnce, CdrskinTrackAtOnce, Growisofs, GrowisofsCompatible, GrowisofsUnformatted,
    WodimDiscAtOnce, WodimTrackAtOnce, Xorriso,
};
use Step::{Append, Burn, Run, Says};

const DRIVE: &str = "dev=/dev/sr0";
/// growisofs and xorriso, told to add a file.
const GROW: Step = Append("growisofs", &["-M", "/dev/sr0", "-quiet", "-R", "-J"]);
const XORRISO_ADDS: Step = Append("xorriso", &["-dev", "/dev/sr0", "-add"]);

const fn cdrskin(arguments: &'static [&'static str]) -> Step {
    Run("cdrskin", arguments)
}

const fn xorriso(arguments: &'static [&'static str]) -> Step {
    Run("xorriso", arguments)
}

const fn format(arguments: &'static [&'static str]) -> Step {
    Run("dvd+rw-format", arguments)
}

/// `dvd+rw-mediainfo`, for DVD and BD.
const fn mediainfo(lines: &'static [&'static str]) -> Step {
    Says("dvd+rw-mediainfo", &["/dev/sr0"], lines)
}

const fn minfo(lines: &'static [&'static str]) -> Step {
    Says("cdrskin", &[DRIVE, "-minfo"], lines)
}

const fn configuration(lines: &'static [&'static str]) -> Step {
    Says("sg_get_config", &["/dev/sr0"], lines)
}

/// Who the drive is does not depend on the disc.
const INQUIRY: Step = Says(
    "sg_inq",
    &["/dev/sr0"],
    &["Peripheral device type: cd/dvd", "RMB=1", "Vendor identification: GLASSMST"],
);
/// Medium and size, and what is done to one disc of it. Figures of the media are those of their standards, as in the table of
/// `media_table.rs`; speeds are multiples of 1x in kB/s.
const LIVES: &[(&str, &str, &[Step])] = &[
    (
        "cd-r",
        "80min",
        &[
            minfo(&[
                "Mounted media type: CD-R",
                "Disk Is not erasable",
                "disk status: empty",
                "ATIP start of lead out: 359849 (79:59/74)",
                "Remaining writable size: 359847",
            ]),
            Says(
                "wodim",
                &[DRIVE, "-atip"],
                &["Is not erasable", "ATIP start of lead out: 359849 (79:59/74)"],
            ),
            configuration(&["Current profile: CD-R"]),
            INQUIRY,
            Burn(WodimTrackAtOnce),
            Says(
                "wodim",
                &[DRIVE, "-toc"],
                &["first: 1 last 1", "track: 1 lba: 0 ( 0) 00:02:00 adr: 1 control: 4"],
            ),
        ],
    ),
    ("cd-r", "80min", &[Burn(WodimDiscAtOnce)]),
    ("cd-r", "74min", &[Burn(CdrskinTrackAtOnce), minfo(&["ATIP start of lead out: 333000 (74:02/00)"])]),
    (
        "cd-r",
        "80min",
        &[Burn(CdrskinSessionAtOnce), minfo(&["disk status: complete", "number of sessions: 1"])],
    ),
    ("cd-r", "80min", &[Burn(Xorriso)]),
    (
        "cd-rw",
        "80min",
        &[
            Burn(WodimTrackAtOnce),
            Says("wodim", &[DRIVE, "-atip"], &["Is erasable"]),
            Run("wodim", &["-s", "gracetime=0", DRIVE, "blank=fast"]),
            Burn(WodimDiscAtOnce),
            Run("wodim", &["-s", "gracetime=0", DRIVE, "blank=all"]),
            Burn(CdrskinTrackAtOnce),
            cdrskin(&[DRIVE, "blank=fast"]),
            minfo(&["Mounted media type: CD-RW", "disk status: empty", "Remaining writable size: 359847"]),
            Burn(CdrskinSessionAtOnce),
            cdrskin(&[DRIVE, "blank=all"]),
            Burn(Xorriso),
            xorriso(&["-dev", "/dev/sr0", "-blank", "fast"]),
            Burn(Cdrskin),
            xorriso(&["-outdev", "/dev/sr0", "-blank", "all"]),
            configuration(&["Current profile: CD-RW"]),
        ],
    ),
    (
        "dvd-r",
        "4.7gb",
        &[
            mediainfo(&[
                "Mounted Media: 11h, DVD-R Sequential",
                "Current Write Speed: 16.0x1385=22160KB/s",
                "Legacy lead-out at: 2298496*2KB=4707319808",
                "Disc status: blank",
                "Next Writable Address: 0*2KB",
                "Free Blocks: 2297888*2KB",
            ]),
            minfo(&["Mounted media type: DVD-R sequential recording", "disk status: empty"]),
            configuration(&["Current profile: DVD-R sequential recording"]),
            Burn(Growisofs),
            mediainfo(&[
                "Disc status: appendable",
                "Number of Sessions: 2",
                "State of Last Session: empty",
                "Track Size: {n}*2KB",
                "Number of Tracks: 2",
            ]),
            GROW,
            minfo(&["disk status: incomplete/appendable", "number of sessions: 3"]),
        ],
    ),
    (
        "dvd-r",
        "4.7gb",
        &[Burn(GrowisofsCompatible), mediainfo(&["Disc status: complete", "Number of Sessions: 1"])],
    ),
    ("dvd-r", "4.7gb", &[Burn(WodimDiscAtOnce)]),
    ("dvd-r", "4.7gb", &[Burn(CdrskinTrackAtOnce)]),
    ("dvd-r", "4.7gb", &[Burn(CdrskinSessionAtOnce), minfo(&["disk status: complete"])]),
    ("dvd-r", "4.7gb", &[Burn(Xorriso)]),
    (
        // growisofs burns nothing that a disc of one layer would hold to a DVD-R DL, whatever the drive says of it.
        "dvd-r-dl",
        "8.5gb",
        &[
            mediainfo(&[
                "Mounted Media: 15h, DVD-R Dual Layer Sequential",
                "Disc status: blank",
                "Free Blocks: 4171712*2KB",
            ]),
            configuration(&["Current profile: DVD-R dual layer sequental recording"]),
            Burn(WodimDiscAtOnce),
            mediainfo(&["Disc status: complete", "Track Size: {n}*2KB"]),
        ],
    ),
    ("dvd-r-dl", "8.5gb", &[Burn(CdrskinTrackAtOnce)]),
    ("dvd-r-dl", "8.5gb", &[Burn(CdrskinSessionAtOnce)]),
    ("dvd-r-dl", "8.5gb", &[Burn(Xorriso)]),
    (
        "dvd-rw",
        "4.7gb",
        &[
            mediainfo(&["Mounted Media: 14h, DVD-RW Sequential", "unformatted: 2297888*2048=4706074624"]),
            Burn(Growisofs),
            format(&["-blank", "/dev/sr0"]),
            Burn(CdrskinSessionAtOnce),
            cdrskin(&[DRIVE, "blank=format_overwrite"]),
            mediainfo(&["Mounted Media: 13h, DVD-RW Restricted Overwrite"]),
            configuration(&["Current profile: DVD-RW restricted overwrite"]),
            Burn(Growisofs),
            GROW,
            cdrskin(&[DRIVE, "blank=deformat_sequential"]),
            Burn(WodimDiscAtOnce),
            format(&["-blank=full", "/dev/sr0"]),
            Burn(Xorriso),
            xorriso(&["-outdev", "/dev/sr0", "-blank", "deformat"]),
            Burn(GrowisofsCompatible),
        ],
    ),
    (
        "dvd-rw",
        "4.7gb",
        &[
            format(&["-force", "/dev/sr0"]),
            Burn(Cdrskin),
            Run("wodim", &["-s", "gracetime=0", DRIVE, "blank=fast"]),
            Burn(CdrskinSessionAtOnce),
            xorriso(&["-outdev", "/dev/sr0", "-format", "full"]),
            Burn(Xorriso),
            xorriso(&["-outdev", "/dev/sr0", "-blank", "deformat_quickest"]),
            cdrskin(&[DRIVE, "blank=format_overwrite_quickest"]),
            Burn(GrowisofsCompatible),
            cdrskin(&[DRIVE, "blank=all"]),
            Burn(CdrskinTrackAtOnce),
        ],
    ),
    (
        "dvd-ram",
        "4.7gb",
        &[
            mediainfo(&["Mounted Media: 12h, DVD-RAM", "formatted: 2236704*2048=4580769792"]),
            minfo(&["Mounted media type: DVD-RAM", "Disk Is erasable"]),
            configuration(&["Current profile: DVD-RAM"]),
            Burn(Growisofs),
            GROW,
            format(&["-force", "/dev/sr0"]),
            Burn(GrowisofsCompatible),
            cdrskin(&[DRIVE, "blank=format_defectmgt"]),
            Burn(Xorriso),
            XORRISO_ADDS,
            xorriso(&["-outdev", "/dev/sr0", "-format", "full"]),
            Burn(Cdrskin),
        ],
    ),
    (
        "dvd-ram",
        "2.6gb",
        &[Burn(Growisofs), format(&["-force=full", "/dev/sr0"]), Burn(Cdrskin), XORRISO_ADDS],
    ),
    (
        "dvd+r",
        "4.7gb",
        &[
            mediainfo(&[
                "Mounted Media: 1Bh, DVD+R",
                "Disc status: blank",
                "Next Writable Address: 0*2KB",
                "Free Blocks: 2295104*2KB",
            ]),
            configuration(&["Current profile: DVD+R"]),
            Burn(Growisofs),
            mediainfo(&["Disc status: appendable", "Number of Sessions: 2", "Track Size: {n}*2KB"]),
            GROW,
            XORRISO_ADDS,
        ],
    ),
    ("dvd+r", "4.7gb", &[Burn(GrowisofsCompatible), mediainfo(&["Disc status: complete"])]),
    ("dvd+r", "4.7gb", &[Burn(WodimDiscAtOnce)]),
    ("dvd+r", "4.7gb", &[Burn(CdrskinTrackAtOnce), minfo(&["Mounted media type: DVD+R"])]),
    ("dvd+r", "4.7gb", &[Burn(CdrskinSessionAtOnce)]),
    ("dvd+r", "4.7gb", &[Burn(Xorriso)]),
    (
        "dvd+r-dl",
        "8.5gb",
        &[
            mediainfo(&["Mounted Media: 2Bh, DVD+R Double Layer", "Free Blocks: 4173824*2KB"]),
            configuration(&["Current profile: DVD+R dual layer"]),
            Burn(Growisofs),
            GROW,
        ],
    ),
    ("dvd+r-dl", "8.5gb", &[Burn(GrowisofsCompatible)]),
    ("dvd+r-dl", "8.5gb", &[Burn(WodimDiscAtOnce)]),
    ("dvd+r-dl", "8.5gb", &[Burn(CdrskinSessionAtOnce)]),
    ("dvd+r-dl", "8.5gb", &[Burn(Xorriso)]),
    (
        "dvd+rw",
        "4.7gb",
        &[
            mediainfo(&["Mounted Media: 1Ah, DVD+RW", "Disc status: blank"]),
            minfo(&["Mounted media type: DVD+RW", "Disk Is erasable"]),
            configuration(&["Current profile: DVD+RW"]),
            Burn(Growisofs),
            GROW,
            format(&["-force", "/dev/sr0"]),
            Burn(Cdrskin),
            mediainfo(&["Disc status: complete", "Current Write Speed: 8.0x1385=11080KB/s"]),
            Burn(WodimDiscAtOnce),
            xorriso(&["-outdev", "/dev/sr0", "-format", "full"]),
            Burn(Xorriso),
            XORRISO_ADDS,
            xorriso(&["-outdev", "/dev/sr0", "-blank", "as_needed"]),
            Burn(GrowisofsCompatible),
            cdrskin(&[DRIVE, "blank=format_overwrite_full"]),
            Burn(CdrskinSessionAtOnce),
        ],
    ),
    // The other programs know no more of it than this.
    (
        "dvd+rw-dl",
        "8.5gb",
        &[format(&["-force", "/dev/sr0"]), configuration(&["Current profile: DVD+RW dual layer"])],
    ),
    (
        "bd-r",
        "25gb",
        &[
            mediainfo(&["Mounted Media: 41h, BD-R SRM", "Disc status: blank", "Free Blocks: 12219392*2KB"]),
            minfo(&["Mounted media type: BD-R sequential recording", "disk status: empty"]),
            configuration(&["Current profile: BD-R SRM"]),
            Burn(GrowisofsCompatible),
            // It formats, and leaves it at closing the track.
            mediainfo(&["Disc status: appendable", "Track State: complete", "Track Size: {n}*2KB"]),
        ],
    ),
    ("bd-r", "25gb", &[Burn(CdrskinTrackAtOnce)]),
    ("bd-r", "25gb", &[Burn(CdrskinSessionAtOnce)]),
    ("bd-r", "50gb", &[Burn(GrowisofsUnformatted), GROW, XORRISO_ADDS]),
    ("bd-r", "100gb", &[Burn(Growisofs)]),
    ("bd-r", "128gb", &[cdrskin(&[DRIVE, "blank=format_defectmgt"]), Burn(Cdrskin)]),
    ("bd-r", "128gb", &[xorriso(&["-outdev", "/dev/sr0", "-format", "full"]), Burn(Xorriso)]),
    (
        "bd-re",
        "25gb",
        &[
            mediainfo(&["Mounted Media: 43h, BD-RE"]),
            minfo(&["Mounted media type: BD-RE", "Disk Is erasable"]),
            configuration(&["Current profile: BD-RE"]),
            Burn(Growisofs),
            GROW,
            format(&["-ssa=none", "/dev/sr0"]),
            mediainfo(&["formatted: 12219392*2048=25025314816"]),
            Burn(Xorriso),
            XORRISO_ADDS,
            format(&["-force", "-ssa=max", "/dev/sr0"]),
            Burn(Cdrskin),
            xorriso(&["-outdev", "/dev/sr0", "-format", "by_index_0"]),
            Burn(GrowisofsCompatible),
        ],
    ),
    (
        "bd-re",
        "50gb",
        &[
            cdrskin(&[DRIVE, "blank=format_defectmgt"]),
            Burn(CdrskinSessionAtOnce),
            format(&["-force=full", "/dev/sr0"]),
            Burn(Xorriso),
        ],
    ),
    (
        "bd-re",
        "100gb",
        &[xorriso(&["-outdev", "/dev/sr0", "-format", "fast"]), Burn(CdrskinTrackAtOnce), GROW],
    ),
];

/// One disc, in a drive that programs see.
struct Life<'a> {
    shim: &'a Shim,
    place: &'a Path,
    disc: PathBuf,
    socket: PathBuf,
    image: &'a Path,
    bytes: &'a [u8],
    more: PathBuf,
}

impl Life<'_> {
    fn failure(&self, what: &str, error: impl std::fmt::Display) -> String {
        let refused = refusals::unknown(&self.socket).join("\n");
        format!("{what}: {error}\n{refused}")
    }

    /// `Ok(None)` where the program is missing and the rest cannot be done.
    fn step(&self, step: Step) -> Result<Option<()>, String> {
        let (what, done) = match step {
            Burn(burner) => (format!("{burner:?}"), self.shim.burn(burner, &self.socket, self.image)),
            Run(program, arguments) | Says(program, arguments, _) => {
                (format!("{program} {arguments:?}"), self.shim.run(program, &self.socket, arguments))
            }
            Append(program, arguments) => {
                let all = arguments.iter().copied().chain([text(&self.more)]);
                (format!("{program} {arguments:?}"), self.shim.run(program, &self.socket, all))
            }
        };
        let Some(said) = done.map_err(|e| self.failure(&what, e))? else { return Ok(None) };
        match step {
            Burn(_) => self.holds_the_image(&what)?,
            Says(_, _, lines) => self.has_said(&what, &said, lines)?,
            Run(..) | Append(..) => {}
        }
        let refused = refusals::unknown(&self.socket);
        if refused.is_empty() { Ok(Some(())) } else { Err(format!("{what}: {}", refused.join("\n"))) }
    }

    fn holds_the_image(&self, what: &str) -> Result<(), String> {
        let length = u64::try_from(self.bytes.len()).unwrap();
        match self.shim.read_back(&self.socket, length).map_err(|e| self.failure(what, e))? {
            Some(back) if back != self.bytes => Err(self.failure(what, "what is read back differs")),
            _ => Ok(()),
        }
    }

    fn has_said(&self, what: &str, said: &Said, lines: &[&str]) -> Result<(), String> {
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let told = squeeze(&said.text());
        for line in lines {
            let line = squeeze(&line.replace("{n}", &(self.bytes.len() / 2048).to_string()));
            if !told.contains(&line) {
                return Err(self.failure(what, format!("'{line}' is not in what it says:\n{}", said.text())));
            }
        }
        Ok(())
    }

    /// After the last step: what the project's own reader finds.
    fn ends(&self, last: Step) -> Result<(), String> {
        let drive = format!("virtual:{}", self.disc.display());
        match last {
            Burn(burner) => {
                let compared = glassmaster_program::run(["compare", &drive, text(self.image)]);
                if !compared.0.status.success() {
                    return Err(format!("{burner:?}: compare: {:?}", compared.1.last()));
                }
            }
            Append(..) => {
                let said = glassmaster_program::command().args(["list", &drive]).output().unwrap();
                let list = String::from_utf8_lossy(&said.stdout).to_lowercase();
                if !list.contains("more") || !list.contains("sizes") {
                    return Err(format!("after appending the disc holds: {list}"));
                }
            }
            Run(..) | Says(..) => {}
        }
        Ok(())
    }

    fn live(&self, steps: &[Step]) -> Result<(), String> {
        let mut served = Some(Served::start(&self.disc, &self.socket));
        for step in steps {
            if self.step(*step)?.is_none() {
                return Ok(());
            }
            // The recorder lets go of the disc, so that our own programs can look at it, and takes it again.
            if matches!(step, Append(..)) {
                drop(served.take());
                self.ends(*step)?;
                served = Some(Served::start(&self.disc, &self.socket));
            }
        }
        drop(served);
        steps.last().map_or(Ok(()), |last| self.ends(*last))
    }
}

/// The programs wait now and then: twice as many lives at a time as there are processors.
#[test]
fn other_programs_live_with_every_medium() {
    let place = tempfile::tempdir().unwrap();
    let Some(shim) = Shim::find().unwrap() else { return };
    let image = image(place.path());
    let bytes = std::fs::read(&image).unwrap();
    // So that programs which write whole ECC blocks and clusters write nothing else.
    assert_eq!(bytes.len() % (32 * 2048), 0);
    let (next, shim, image, bytes) = (AtomicUsize::new(0), &shim, image.as_path(), bytes.as_slice());
    let live = || {
        let mut failures = Vec::new();
        loop {
            let n = next.fetch_add(1, Ordering::SeqCst);
            let Some((media, size, steps)) = LIVES.get(n) else { return failures };
            let folder = place.path().join(format!("life {n}"));
            std::fs::create_dir(&folder).unwrap();
            let (disc, more) = (folder.join("disc"), folder.join("more"));
            std::fs::write(&more, b"added later").unwrap();
            must(["disc", "new", text(&disc), "--media", media, "--capacity", size]);
            let socket = folder.join("socket");
            let life = Life { shim, place: &folder, disc, socket, image, bytes, more };
            if let Err(e) = life.live(steps) {
                failures.push(format!("{media} {size}, life {n}: {e}"));
            }
            // Discs are big, if hollow.
            std::fs::remove_dir_all(life.place).unwrap();
        }
    };
    let workers = std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get) * 2;
    let failures: Vec<String> = std::thread::scope(|threads| {
        let all: Vec<_> = (0..workers).map(|_| threads.spawn(live)).collect();
        all.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
