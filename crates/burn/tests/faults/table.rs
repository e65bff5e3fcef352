//! The table of outcomes: how it is written, and how it is compared with the one that is kept.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use glassmaster_burn::{EraseErrorKind, WriteAction};
use glassmaster_disc::MediaType;

use crate::Work;
use crate::fault::{FAULTS, Step};

pub(crate) const VERIFIED: char = '.';
pub(crate) const OPENING: char = 'o';
pub(crate) const UNSUITABLE: char = 'U';
pub(crate) const DIFFERS: char = 'D';
pub(crate) const NOT_RUN: char = ' ';

/// Height of the heading.
const HEADING: usize = 10;
/// Width of the first column.
const LABEL: usize = 36;

pub(crate) fn failed_in(phase: WriteAction) -> char {
    match phase {
        WriteAction::ValidatingMedia => 'm',
        WriteAction::FormattingMedia => 'f',
        WriteAction::InitializingHardware => 'i',
        WriteAction::CalibratingPower => 'c',
        WriteAction::WritingData => 'w',
        WriteAction::Finalization => 'z',
        WriteAction::Verifying => 'v',
        WriteAction::Completed => '!',
    }
}

pub(crate) fn not_erased(kind: &EraseErrorKind) -> char {
    match kind {
        EraseErrorKind::Recorder | EraseErrorKind::MediaType(_) | EraseErrorKind::NotErasable(_) => {
            UNSUITABLE
        }
        EraseErrorKind::Refused(_) => 'r',
        EraseErrorKind::Unexpected(_) => 'w',
        EraseErrorKind::TookTooLong(_) => 't',
        EraseErrorKind::NotBlank(_) => DIFFERS,
        _ => 'm',
    }
}

const ERASE_LEGEND: &str = "\
.  erased, and blank by another drive
o  error while the drive was taken into use
m  error beside erasing
U  refused: drive or medium are not suitable
r  the drive refused to erase
w  the drive began to erase, and it went wrong
t  the drive was not done in time
D  the drive says that the disc is not blank
   (blank: the fault needs a command that brings data)
";

const LEGEND: &str = "\
.  finished, verified, and read correctly by another drive
o  error while the drive was taken into use
m  error while drive and medium were looked at
U  refused: drive or medium are not suitable
f  error while formatting
i  error while the drive was set up
c  error while calibrating the laser
w  error while writing data
z  error while flushing and closing
v  error while reading back, all data written
D  the verification failed: the disc is not to be relied upon
   (blank: the fault needs a command that brings data)
";

/// MMC-6 table 235 and SPC-4.
pub(crate) fn name_of(opcode: u8) -> &'static str {
    match opcode {
        0x00 => "TEST UNIT READY",
        0x04 => "FORMAT UNIT",
        0x12 => "INQUIRY",
        0x1B => "START STOP UNIT",
        0x1E => "PREVENT ALLOW MEDIUM REMOVAL",
        0x23 => "READ FORMAT CAPACITIES",
        0x25 => "READ CAPACITY",
        0x28 => "READ (10)",
        0x2A => "WRITE (10)",
        0x35 => "SYNCHRONIZE CACHE (10)",
        0x46 => "GET CONFIGURATION",
        0x4A => "GET EVENT STATUS NOTIFICATION",
        0x51 => "READ DISC INFORMATION",
        0x52 => "READ TRACK INFORMATION",
        0x53 => "RESERVE TRACK",
        0x54 => "SEND OPC INFORMATION",
        0x55 => "MODE SELECT (10)",
        0x5A => "MODE SENSE (10)",
        0x5B => "CLOSE TRACK SESSION",
        0x5C => "READ BUFFER CAPACITY",
        0x5D => "SEND CUE SHEET",
        0xA1 => "BLANK",
        0xAC => "GET PERFORMANCE",
        0xAD => "READ DISC STRUCTURE",
        0xB6 => "SET STREAMING",
        0xBB => "SET CD SPEED",
        0xBF => "SEND DISC STRUCTURE",
        other => panic!("no name for {other:02X}h"),
    }
}

/// First block of a command that moves blocks.
pub(crate) fn address_of(cdb: &[u8]) -> Option<i32> {
    matches!(cdb[0], 0x28 | 0x2A).then(|| i32::from_be_bytes([cdb[2], cdb[3], cdb[4], cdb[5]]))
}

fn label(place: usize, step: &Step) -> String {
    let mut label = format!("{:3} {}", place + 1, name_of(step.cdb[0]));
    if let Some(lba) = address_of(&step.cdb) {
        let _ = write!(label, " at {lba}");
    }
    label
}

fn render(media: MediaType, work: Work, steps: &[(usize, Step)], rows: &[Vec<String>; 2]) -> String {
    let (what, legend) = match work {
        Work::Burn => ("burn to", LEGEND),
        Work::Erase => ("quick erase of", ERASE_LEGEND),
    };
    let mut text = format!(
        "What becomes of a {what} a {media} when one of its commands is spoiled\n\n{legend}\n\
         Regenerate with GLASSMASTER_BLESS=1 cargo test -p glassmaster-burn --test faults\n"
    );
    for (title, rows) in
        ["ONCE: this command alone", "LASTING: this command and all later ones of its kind"].iter().zip(rows)
    {
        let _ = write!(text, "\n{title}\n\n");
        let headings: Vec<Vec<char>> = FAULTS.iter().map(|f| f.heading().chars().collect()).collect();
        for line in 0..HEADING {
            let cells = headings.iter().map(|h| (line + h.len()).checked_sub(HEADING).map_or(' ', |i| h[i]));
            let row = format!("{:LABEL$}{}", "", cells.collect::<String>());
            let _ = writeln!(text, "{}", row.trim_end());
        }
        for ((place, step), cells) in steps.iter().zip(rows) {
            let row = format!("{:LABEL$}{cells}", label(*place, step));
            let _ = writeln!(text, "{}", row.trim_end());
        }
    }
    text
}

fn path(media: MediaType, work: Work) -> PathBuf {
    let name: String = media
        .to_string()
        .chars()
        .map(|c| match c {
            '+' => "_plus_".to_owned(),
            c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase().to_string(),
            _ => "_".to_owned(),
        })
        .collect();
    let prefix = if work == Work::Erase { "erase_" } else { "" };
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/faults/snapshot/{prefix}{name}.txt"))
}

/// Fails with the lines that are others; rewrites the file instead where that is asked for.
pub(crate) fn compare(media: MediaType, work: Work, steps: &[(usize, Step)], rows: &[Vec<String>; 2]) {
    let (found, path) = (render(media, work, steps, rows), path(media, work));
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    if found == kept {
        return;
    }
    if std::env::var_os("GLASSMASTER_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, found).unwrap();
        return;
    }
    let mut difference = String::new();
    let (old, new): (Vec<_>, Vec<_>) = (kept.lines().collect(), found.lines().collect());
    for line in old.iter().filter(|l| !new.contains(l)) {
        let _ = writeln!(difference, "-{line}");
    }
    for line in new.iter().filter(|l| !old.contains(l)) {
        let _ = writeln!(difference, "+{line}");
    }
    panic!("{media}, {work:?}: the outcomes are others than in {}:\n{difference}", path.display());
}
