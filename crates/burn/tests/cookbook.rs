//! `docs/cookbook.md` is held against the commands that are really sent.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod rig;

use std::sync::Arc;

use glassmaster_burn::{
    CancelHandle, CdWriteType, DashWriteType, DataBurn, DataOptions, DiscErase, EraseOptions,
};
use glassmaster_disc::MediaType;

use rig::{Rig, image, quiet};

/// Commands that change drive or medium; the others only ask.
const CHANGING: [u8; 14] =
    [0x04, 0x1B, 0x1E, 0x2A, 0x35, 0x53, 0x54, 0x55, 0x5B, 0x5D, 0xA1, 0xB6, 0xBB, 0xBF];

/// The command blocks of a section of the cookbook: table rows that begin with hexadecimal bytes; `..` is any byte.
fn recipe(title: &str) -> Vec<Vec<Option<u8>>> {
    let text = include_str!("../../../docs/cookbook.md");
    let section = text.split("\n## ").find(|s| s.starts_with(title)).unwrap_or_else(|| panic!("no {title}"));
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(bytes, _)| bytes))
        .map(|bytes| bytes.split(' ').map(|b| u8::from_str_radix(b, 16).ok()).collect())
        .collect()
}

/// What a write of 40 sectors to a blank medium sends; WRITE commands but the first are left out.
fn sent(media: MediaType, options: DataOptions) -> Vec<Vec<u8>> {
    let rig = Rig::blank(media);
    DataBurn::new(options)
        .write(&rig.recorder(), Arc::new(image(40, 1)), &mut quiet, &CancelHandle::new())
        .unwrap();
    changes(&rig)
}

fn changes(rig: &Rig) -> Vec<Vec<u8>> {
    let mut blocks = rig.seen.blocks.lock().unwrap().clone();
    blocks.retain(|cdb| CHANGING.contains(&cdb[0]));
    blocks.dedup_by(|later, first| later[0] == 0x2A && first[0] == 0x2A);
    blocks
}

/// What erasing a medium that was written to sends.
fn erased(media: MediaType, full: bool) -> Vec<Vec<u8>> {
    let rig = Rig::blank(media);
    let recorder = rig.recorder();
    let burn = DataBurn::default();
    burn.write(&recorder, Arc::new(image(40, 1)), &mut quiet, &CancelHandle::new()).unwrap();
    rig.seen.blocks.lock().unwrap().clear();
    let erase = DiscErase::new(EraseOptions { full, ..EraseOptions::default() });
    erase.erase(&recorder, &mut |_| {}, &CancelHandle::new()).unwrap();
    changes(&rig)
}

fn compare(title: &str, media: MediaType, options: DataOptions) {
    hold(title, &sent(media, options));
}

fn hold(title: &str, sent: &[Vec<u8>]) {
    let told = recipe(title);
    let matches = told.len() == sent.len()
        && told.iter().zip(sent).all(|(told, sent)| {
            told.len() == sent.len() && told.iter().zip(sent).all(|(t, s)| t.is_none_or(|t| t == *s))
        });
    let lines: Vec<String> =
        sent.iter().map(|cdb| cdb.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(" ")).collect();
    assert!(matches, "{title} of docs/cookbook.md differs from what is sent:\n{}", lines.join("\n"));
}

#[test]
fn cd_r_session_at_once() {
    compare("CD-R, session at once", MediaType::CD_R, DataOptions::default());
}

#[test]
fn cd_r_track_at_once() {
    let options = DataOptions { cd_write_type: CdWriteType::TrackAtOnce, ..DataOptions::default() };
    compare("CD-R, track at once", MediaType::CD_R, options);
}

#[test]
fn dvd_plus_r() {
    compare("DVD+R\n", MediaType::DVD_PLUS_R, DataOptions::default());
}

#[test]
fn dvd_plus_rw() {
    compare("DVD+RW\n", MediaType::DVD_PLUS_RW, DataOptions::default());
}

#[test]
fn bd_r() {
    compare("BD-R\n", MediaType::BD_R, DataOptions::default());
}

#[test]
fn bd_re() {
    compare("BD-RE\n", MediaType::BD_RE, DataOptions::default());
}

#[test]
fn cd_rw() {
    // The same tables.
    compare("CD-R, session at once", MediaType::CD_RW, DataOptions::default());
    let options = DataOptions { cd_write_type: CdWriteType::TrackAtOnce, ..DataOptions::default() };
    compare("CD-R, track at once", MediaType::CD_RW, options);
}

#[test]
fn dvd_r_incremental() {
    compare("DVD-R, incremental", MediaType::DVD_R, DataOptions::default());
    let options = DataOptions { dash_write_type: DashWriteType::Incremental, ..DataOptions::default() };
    compare("DVD-R, incremental", MediaType::DVD_RW, options);
}

#[test]
fn dvd_r_disc_at_once() {
    let options = DataOptions { force_close: true, ..DataOptions::default() };
    compare("DVD-R, disc at once", MediaType::DVD_R, options);
}

#[test]
fn dvd_r_dl() {
    compare("DVD-R DL, disc at once", MediaType::DVD_R_DL, DataOptions::default());
    let options = DataOptions { dash_write_type: DashWriteType::LayerJump, ..DataOptions::default() };
    compare("DVD-R DL, layer jump", MediaType::DVD_R_DL, options);
}

#[test]
fn dvd_rw() {
    compare("DVD-RW\n", MediaType::DVD_RW, DataOptions::default());
}

#[test]
fn dvd_ram() {
    compare("DVD-RAM\n", MediaType::DVD_RAM, DataOptions::default());
}

#[test]
fn dvd_plus_r_dl() {
    compare("DVD+R DL\n", MediaType::DVD_PLUS_R_DL, DataOptions::default());
}

#[test]
fn dvd_plus_rw_dl() {
    compare("DVD+RW\n", MediaType::DVD_PLUS_RW_DL, DataOptions::default());
}

#[test]
fn disk() {
    compare("Disk\n", MediaType::DISK, DataOptions::default());
}

#[test]
fn erasing() {
    for media in [MediaType::CD_RW, MediaType::DVD_RW] {
        hold("Erasing CD-RW and DVD-RW", &erased(media, false));
    }
    for media in [MediaType::DVD_RAM, MediaType::DVD_PLUS_RW, MediaType::BD_RE] {
        hold("Erasing the others", &erased(media, false));
    }
}
