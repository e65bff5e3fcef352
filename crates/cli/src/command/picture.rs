//! The picture of a disc or an image: sessions, tracks, files, and how fast it reads from the centre to the rim.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use glassmaster::disc::{BlockSource, MediaType, SECTOR, sectors_for};
use glassmaster::imapi2::burn::report::{Band, BandKind, Mark, Picture};
use glassmaster::imapi2::burn::{ReadSpeed, Run};
use glassmaster::imapi2::recorder::{DiscRecorder, MediaState};
use glassmaster::imapi2fs::{identify_session, nominal_blocks, open_session};
use glassmaster::mmc::cmd::ReadTrackInformation;
use glassmaster::tree::{Content, Visit, WalkLimits, walk};

use crate::device::Opened;
use crate::failure::{FAILED, Failure};

/// Pieces of files in a picture, at most; what lies behind them is not drawn.
const PIECES: usize = 1_000_000;
/// Places at which the speed of reading is measured.
const PLACES: u64 = 64;
/// Sectors read at each of them: 1 MiB.
const MEASURED: u64 = 512;
/// Sectors of one read.
const STEP: u64 = 128;

/// Puts a file where it belongs, whole or not at all.
pub(crate) fn put(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write;
    let mut part = path.as_os_str().to_owned();
    part.push(".partial");
    let part = std::path::PathBuf::from(part);
    let written = std::fs::File::create(&part).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.and_then(|()| std::fs::rename(&part, path)).map_err(|e| {
        // The error of the writing is what counts.
        let _ = std::fs::remove_file(&part);
        Failure::new(FAILED, format!("'{}' cannot be written: {e}", path.display()))
    })
}

/// A disc as its drive tells of it, with the files of what can be read of it.
pub(crate) fn of_disc(
    recorder: &DiscRecorder,
    opened: Option<&Opened>,
    title: &str,
) -> Result<Picture, Failure> {
    let medium = recorder.medium().map_err(glassmaster::Error::from)?;
    let mut blocks = medium.total.max(opened.map_or(0, |o| o.source.block_count()));
    if medium.state.contains(MediaState::FINALIZED) {
        // A closed disc tells only of what is recorded, and the rest of it is there all the same.
        blocks = blocks.max(nominal_blocks(medium.kind));
    }
    let mut picture = empty(title, medium.kind, blocks);
    for session in recorder.sessions().map_err(glassmaster::Error::from)? {
        let run = Run { first: session.start.into(), last: session.last.into() };
        let what = if session.data { "data" } else { "audio" };
        let name = format!("session {} ({what})", session.number);
        picture.bands.push(Band { kind: BandKind::Session, run, name });
    }
    let tracks = medium.disc.as_ref().map_or(0, |d| d.last_track_in_last_session);
    for number in 1..=tracks {
        // A drive that has no answer for one of them has one for the others.
        let Ok(track) = recorder.track_information(&ReadTrackInformation::track(number.into())) else {
            continue;
        };
        let (Ok(first), Some(rest)) = (u64::try_from(track.start.0), track.size.checked_sub(1)) else {
            continue;
        };
        let last = first.saturating_add(rest.into());
        // Where the room of the track begins. Media that take any address have no next one.
        let room = match track.next_writable.map(|next| u64::try_from(next.0)) {
            _ if track.blank => first,
            Some(Ok(next)) if next > first && track.free_blocks > 0 => next,
            _ => last.saturating_add(1),
        };
        if let Some(recorded) = room.min(last.saturating_add(1)).checked_sub(1).filter(|end| *end >= first) {
            let run = Run { first, last: recorded };
            picture.bands.push(Band { kind: BandKind::Track, run, name: format!("track {number}") });
        }
        if room <= last {
            let (run, name) = (Run { first: room, last }, format!("track {number}, room left"));
            picture.bands.push(Band { kind: BandKind::Room, run, name });
        }
    }
    if let Some(Opened { source, session_start }) = opened {
        add_files(&mut picture, source, *session_start);
    }
    Ok(picture)
}

/// An image file.
pub(crate) fn of_image(source: &Arc<dyn BlockSource>, title: &str) -> Picture {
    let mut picture = empty(title, MediaType::UNKNOWN, source.block_count());
    if let Some(last) = source.block_count().checked_sub(1) {
        let run = Run { first: 0, last };
        picture.bands.push(Band { kind: BandKind::Session, run, name: "image".to_owned() });
    }
    add_files(&mut picture, source, 0);
    picture
}

fn empty(title: &str, media: MediaType, blocks: u64) -> Picture {
    Picture {
        title: title.to_owned(),
        media,
        blocks,
        bands: Vec::new(),
        curve: Vec::new(),
        marks: Vec::new(),
    }
}

/// Where the files lie. What cannot be read is a mark in the picture and no reason to draw none.
fn add_files(picture: &mut Picture, source: &Arc<dyn BlockSource>, session_start: u32) {
    let unreadable =
        |what: String| Mark { run: Run { first: session_start.into(), last: session_start.into() }, what };
    match identify_session(source, session_start) {
        Ok(kinds) if kinds.is_empty() => return,
        Ok(_) => {}
        Err(error) => return picture.marks.push(unreadable(error.to_string())),
    }
    let volume = match open_session(source, session_start, None) {
        Ok(volume) => volume,
        Err(error) => return picture.marks.push(unreadable(error.to_string())),
    };
    let mut damage = None;
    let limits = WalkLimits::for_blocks(volume.block_count());
    let walked = walk(&*volume, limits, &mut |visit| {
        let (dir, entry) = match visit {
            Visit::Entry { dir, entry } => (dir, entry),
            Visit::Damaged { error, .. } => {
                damage.get_or_insert_with(|| error.to_string());
                return ControlFlow::Continue(());
            }
        };
        let Content::Extents(extents) = &entry.content else { return ControlFlow::Continue(()) };
        for extent in extents {
            let Some((first, rest)) = extent.lba.zip(sectors_for(extent.bytes).checked_sub(1)) else {
                continue;
            };
            if picture.bands.len() >= PIECES {
                return ControlFlow::Break(());
            }
            let name = String::from_utf8_lossy(&entry.name);
            let dir = String::from_utf8_lossy(dir);
            let name = if dir.is_empty() { format!("/{name}") } else { format!("/{dir}/{name}") };
            let first = u64::from(first);
            let run = Run { first, last: first.saturating_add(rest) };
            picture.bands.push(Band { kind: BandKind::File, run, name });
        }
        ControlFlow::Continue(())
    });
    if let Some(what) = walked.err().map(|e| e.to_string()).or(damage) {
        picture.marks.push(unreadable(what));
    }
}

/// Reads a little at places spread over the disc and draws how fast that went; what cannot be read becomes a mark.
///
/// Only sessions of data are read: between them lie lead-out and lead-in, where there is nothing to be read on a sound disc.
pub(crate) fn measure(
    picture: &mut Picture,
    recorder: &DiscRecorder,
    source: &Arc<dyn BlockSource>,
) -> Result<(), Failure> {
    let blocks = source.block_count();
    // A track recorded at once ends with two blocks of run-out, which need not be readable.
    let run_out = if matches!(picture.media, MediaType::CD_R | MediaType::CD_RW) { 2 } else { 0 };
    let sessions: Vec<_> = recorder
        .sessions()
        .map_err(glassmaster::Error::from)?
        .iter()
        .filter(|s| s.data)
        .map(|s| (u64::from(s.start), (u64::from(s.last) + 1).saturating_sub(run_out)))
        .collect();
    let bytes = |sectors: u64| usize::try_from(sectors).unwrap_or(0).saturating_mul(SECTOR);
    let mut buf = Vec::new();
    for place in 0..PLACES {
        let first = u64::try_from(u128::from(blocks) * u128::from(place) / u128::from(PLACES)).unwrap_or(0);
        let Some((_, end)) = sessions.iter().find(|(start, end)| (*start..*end).contains(&first)) else {
            continue;
        };
        let end = first.saturating_add(MEASURED).min(blocks).min(*end);
        // The first read moves the pick-up there and does not count.
        let from = first.saturating_add(STEP / 4);
        if from >= end {
            continue;
        }
        buf.resize(bytes(from - first), 0);
        let mut result = source.read_blocks(first, &mut buf);
        let (mut at, begun) = (from, Instant::now());
        while result.is_ok() && at < end {
            let sectors = (end - at).min(STEP);
            buf.resize(bytes(sectors), 0);
            result = source.read_blocks(at, &mut buf);
            at = at.saturating_add(sectors);
        }
        let run = Run { first: from, last: end.saturating_sub(1) };
        match result {
            Ok(()) => picture.curve.push(ReadSpeed { run, time: begun.elapsed() }),
            Err(error) => picture.marks.push(Mark { run, what: error.to_string() }),
        }
    }
    Ok(())
}
