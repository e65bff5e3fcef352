//! READ TOC/PMA/ATIP (MMC-6 6.25): the lead-ins of a CD, and their imitation for DVD and BD.

use glassmaster_disc::{Lba, Msf};
use glassmaster_mmc::cmd::{
    Atip, FullToc, FullTocEntry, ReadTocPmaAtip, SessionToc, Toc, TocAddress, TocFormat, TocTrack,
};
use glassmaster_scsi::Sense;

use crate::drive::VirtualDrive;
use crate::medium::{START_OF_LEAD_IN, TocSession};
use crate::sense;

pub(super) fn answer(d: &mut VirtualDrive, c: &ReadTocPmaAtip) -> Result<Vec<u8>, Sense> {
    let disc = d.medium()?;
    let facts = disc.rules().facts();
    let cd = facts.is_cd();
    if c.format == TocFormat::ATIP {
        if !cd {
            return Err(sense::cdb_field(2));
        }
        return Ok(atip(disc.user_end(), facts.erasable).to_bytes());
    }
    let sessions = disc.rules().toc(disc);
    let (Some(first), Some(last)) = (sessions.first(), sessions.last()) else {
        // There is no lead-in to read.
        return Err(sense::cdb_field(2));
    };
    let number = |n: u16| u8::try_from(n).unwrap_or(u8::MAX);
    match c.format {
        TocFormat::TOC => toc(&sessions, c.start, c.msf, cd),
        TocFormat::SESSION_INFO => {
            let track = last.tracks.first().ok_or(sense::cdb_field(2))?;
            Ok(SessionToc {
                // DVD and BD show all their sessions as one (MMC-6 6.25, multi-session information).
                first_session: if cd { number(first.number) } else { 1 },
                last_session: if cd { number(last.number) } else { 1 },
                first_track: TocTrack {
                    adr: 1,
                    control: track.control,
                    track: number(track.number),
                    start: TocAddress::of(Lba(track.start), c.msf),
                },
            }
            .to_bytes())
        }
        TocFormat::FULL_TOC if cd => full_toc(&sessions, c.start, disc.user_end()),
        _ => Err(sense::cdb_field(2)),
    }
}

/// Format 0000b: the tracks of all complete sessions and the last lead-out.
fn toc(sessions: &[TocSession], start: u8, msf: bool, cd: bool) -> Result<Vec<u8>, Sense> {
    let all: Vec<_> = sessions.iter().flat_map(|s| &s.tracks).collect();
    let number = |n: u16| u8::try_from(n).unwrap_or(u8::MAX);
    // Beyond 99 a track has no number in a TOC; what is shown ends there.
    let shown: Vec<_> = all.into_iter().filter(|t| t.number <= 99 || cd).collect();
    let (Some(first), Some(last)) = (shown.first(), shown.last()) else { return Err(sense::cdb_field(2)) };
    if start != TocTrack::LEAD_OUT && u16::from(start) > last.number {
        return Err(sense::cdb_field(6));
    }
    let mut tracks: Vec<TocTrack> = shown
        .iter()
        .filter(|t| t.number >= u16::from(start))
        .map(|t| TocTrack {
            adr: 1,
            control: t.control,
            track: number(t.number),
            start: TocAddress::of(Lba(t.start), msf),
        })
        .collect();
    let lead_out = sessions.last().map_or(0, |s| s.lead_out);
    tracks.push(TocTrack {
        adr: 1,
        control: last.control,
        track: TocTrack::LEAD_OUT,
        start: TocAddress::of(Lba(lead_out), msf),
    });
    Ok(Toc { first: number(first.number), last: number(last.number), tracks }.to_bytes())
}

/// Format 0010b: the Q entries of the lead-ins (MMC-6 6.25, raw TOC).
fn full_toc(sessions: &[TocSession], from: u8, last_lead_out: i32) -> Result<Vec<u8>, Sense> {
    let number = |n: u16| u8::try_from(n).unwrap_or(u8::MAX);
    let msf = |lba: i32| {
        let (m, s, f) = Msf::try_from(Lba(lba)).map_or((0, 0, 0), Msf::fields);
        [m, s, f]
    };
    let mut entries = Vec::new();
    for s in sessions.iter().filter(|s| s.number >= u16::from(from)) {
        let (Some(first), Some(last)) = (s.tracks.first(), s.tracks.last()) else { continue };
        let entry = |adr, control, point, position| FullTocEntry {
            session: number(s.number),
            adr,
            control,
            track: 0,
            point,
            time: [0; 3],
            zero: 0,
            position,
        };
        entries.push(entry(1, first.control, 0xA0, [number(first.number), s.disc_type, 0]));
        entries.push(entry(1, last.control, 0xA1, [number(last.number), 0, 0]));
        entries.push(entry(1, last.control, 0xA2, msf(s.lead_out)));
        for t in &s.tracks {
            entries.push(entry(1, t.control, number(t.number), msf(t.start)));
        }
        if let Some(next) = s.next_start {
            // B0: where the next program area can begin, and how far the disc goes; C0 in the first session only.
            let mut pointer = entry(5, last.control, 0xB0, msf(last_lead_out));
            pointer.time = msf(next.saturating_sub(150));
            pointer.zero = if s.number == 1 { 2 } else { 1 };
            entries.push(pointer);
            if s.number == 1 {
                entries.push(entry(5, last.control, 0xC0, msf(START_OF_LEAD_IN)));
            }
        }
    }
    let (Some(first), Some(last)) = (sessions.first(), sessions.last()) else {
        return Err(sense::cdb_field(2));
    };
    if entries.is_empty() {
        return Err(sense::cdb_field(6));
    }
    Ok(FullToc { first_session: number(first.number), last_session: number(last.number), entries }.to_bytes())
}

/// Format 0100b: what the pre-groove says. A type A CD-R of medium writing speed, or an ultra speed CD-RW.
fn atip(last_lead_out: i32, rewritable: bool) -> Atip {
    let msf = |lba: i32| {
        let (m, s, f) = Msf::try_from(Lba(lba)).map_or((0, 0, 0), Msf::fields);
        [m, s, f]
    };
    Atip {
        writing_power: 4,
        reference_speed: 0,
        unrestricted_use: true,
        rewritable,
        // CD-RW of sub-type 2: ultra speed.
        subtype: if rewritable { 2 } else { 0 },
        lead_in: msf(START_OF_LEAD_IN),
        last_lead_out: msf(last_lead_out),
        ..Atip::default()
    }
}
