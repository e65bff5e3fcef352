//! READ DISC INFORMATION (MMC-6 6.21).

use glassmaster_disc::{Lba, MediaType, Msf};
use glassmaster_mmc::cmd::{
    BackgroundFormat, DiscInformation, DiscInformationType, DiscStatus, DiscType, ReadDiscInformation,
    SessionState, TrackResources,
};
use glassmaster_scsi::Sense;

use crate::drive::VirtualDrive;
use crate::medium::{Disc, Fill};
use crate::sense;

pub(super) fn answer(d: &mut VirtualDrive, c: &ReadDiscInformation) -> Result<Vec<u8>, Sense> {
    let disc = d.medium()?;
    match c.data_type {
        DiscInformationType::STANDARD => Ok(standard(disc).to_bytes()),
        // Only media whose number of open tracks is limited have track resources.
        DiscInformationType::TRACK_RESOURCES if disc.media() == MediaType::BD_R => {
            let begun = disc.state.tracks.len();
            let open = disc.state.tracks.iter().filter(|t| !t.closed).count();
            let number = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
            Ok(TrackResources {
                maximum: 7_927,
                assigned: number(begun),
                maximum_appendable: 16,
                appendable: number(open),
            }
            .to_bytes())
        }
        // Pseudo-overwrite is not offered, so there are no POW resources.
        _ => Err(sense::cdb_bit(1, 2)),
    }
}

fn standard(disc: &Disc) -> DiscInformation {
    let s = disc.rules().summary(disc);
    let cd = disc.rules().facts().is_cd();
    let address = |lba: Option<i32>| match lba {
        None => [0xFF; 4],
        Some(lba) if cd => {
            let (m, s, f) = Msf::try_from(Lba(lba)).map_or((0xFF, 0xFF, 0xFF), Msf::fields);
            [0, m, s, f]
        }
        Some(lba) => lba.to_be_bytes(),
    };
    let damaged = disc.state.tracks.last().is_some_and(|t| t.damaged)
        && disc.state.sessions.last().is_some_and(|s| !s.closed);
    DiscInformation {
        erasable: s.erasable,
        last_session_state: match s.last_session {
            _ if damaged => SessionState::Damaged,
            Fill::Empty => SessionState::Empty,
            Fill::Incomplete => SessionState::Incomplete,
            Fill::Complete | Fill::Other => SessionState::Complete,
        },
        status: match s.disc {
            Fill::Empty => DiscStatus::Empty,
            Fill::Incomplete => DiscStatus::Incomplete,
            Fill::Complete => DiscStatus::Complete,
            Fill::Other => DiscStatus::Other,
        },
        first_track: 1,
        sessions: s.sessions,
        first_track_in_last_session: s.first_track_in_last_session,
        last_track_in_last_session: s.last_track,
        unrestricted_use: true,
        background_format: match s.background_format {
            1 => BackgroundFormat::Incomplete,
            2 => BackgroundFormat::Running,
            3 => BackgroundFormat::Complete,
            _ => BackgroundFormat::None,
        },
        disc_type: DiscType(s.disc_type),
        last_lead_in: address(s.next_lead_in),
        last_possible_lead_out: address(s.last_lead_out),
        bar_code: None,
        ..DiscInformation::default()
    }
}
