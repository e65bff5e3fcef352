//! READ TRACK INFORMATION (MMC-6 6.26).

use glassmaster_disc::Lba;
use glassmaster_mmc::cmd::{AddressType, DataMode, ReadTrackInformation, TrackInformation};
use glassmaster_scsi::Sense;

use crate::drive::VirtualDrive;
use crate::medium::TrackView;
use crate::sense;

pub(super) fn answer(d: &mut VirtualDrive, c: &ReadTrackInformation) -> Result<TrackInformation, Sense> {
    let disc = d.medium()?;
    let tracks = disc.rules().tracks(disc);
    let open = |t: &&TrackView| t.next_writable.is_some() || (t.blank && !t.damaged);
    let found = match c.address_type {
        // The smallest open track from the address on (Open = 1), or the one that holds the address.
        AddressType::Lba if c.open => {
            tracks.iter().filter(open).find(|t| i64::from(t.start) + i64::from(t.size) > i64::from(c.address))
        }
        AddressType::Lba => {
            let lba = i64::from(c.address.cast_signed());
            let inside =
                |t: &&TrackView| lba >= i64::from(t.start) && lba < i64::from(t.start) + i64::from(t.size);
            if lba >= i64::from(disc.user_end()) {
                return Err(sense::OUT_OF_RANGE);
            }
            // Addresses between tracks, the pre-gap of the next one, belong to that next track.
            tracks.iter().find(inside).or_else(|| tracks.iter().find(|t| lba < i64::from(t.start)))
        }
        // FFh is the invisible track, or the one it has become by being begun.
        AddressType::Track if c.address == 0xFF => tracks.last().filter(|t| open(t) && !t.reserved),
        AddressType::Track => tracks.iter().find(|t| u32::from(t.number) == c.address),
        AddressType::Session => tracks.iter().find(|t| u32::from(t.session) == c.address),
    };
    found.map(information).ok_or(sense::cdb_field(2))
}

fn information(t: &TrackView) -> TrackInformation {
    TrackInformation {
        track: t.number,
        session: t.session,
        damage: t.damaged,
        track_mode: t.control,
        reserved_track: t.reserved,
        blank: t.blank,
        packet: t.packet.is_some(),
        fixed_packet: t.fixed_packet,
        data_mode: DataMode(t.data_mode),
        start: Lba(t.start),
        next_writable: t.next_writable.map(Lba),
        free_blocks: t.free,
        packet_size: t.packet.unwrap_or(0),
        size: t.size,
        last_recorded: t.last_recorded.map(Lba),
        layer_jump_status: t.layer_jump,
        next_layer_jump: t.next_jump.map(Lba),
        last_layer_jump: t.last_jump.map(Lba),
        ..TrackInformation::default()
    }
}
