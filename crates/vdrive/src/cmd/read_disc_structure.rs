//! READ DISC STRUCTURE (MMC-6 6.22): what the lead-ins of DVD and BD say about the disc.

use glassmaster_disc::MediaType;
use glassmaster_mmc::U24;
use glassmaster_mmc::cmd::{
    DiscStructure, LayerCapacity, MediumStatus, PhysicalFormat, ReadDiscStructure, SpareArea,
    StructureFormat, StructureListEntry, StructureMedia, WriteProtection,
};
use glassmaster_scsi::Sense;

use super::send_disc_structure::{takes_layer_break, takes_protection};
use crate::drive::VirtualDrive;
use crate::medium::Disc;
use crate::sense;

/// Physical sector number of LBA 0 on DVD, and on DVD-RAM.
const DVD_DATA_START: u32 = 0x3_0000;
const DVD_RAM_DATA_START: u32 = 0x3_1000;
/// Last sector of the 2,298,496 that a DVD-R or DVD-RW of one layer is made with; drives offer some ECC blocks fewer.
const DVD_DASH_END: u32 = 0x26_127F;
const MANUFACTURER: &[u8; 8] = b"GLASSMST";
/// Spare blocks of a DVD-RAM that no format touches.
const PRIMARY_SPARE: u32 = 12_800;

type Row = (StructureFormat, u16);
type F = StructureFormat;

/// Formats a disc has, with the lengths of their answers.
fn formats(disc: &Disc) -> Vec<Row> {
    let mut all: Vec<Row> = Vec::new();
    if disc.rules().facts().is_dvd() {
        all.extend([(F::PHYSICAL, 2052), (F::COPYRIGHT, 8), (F::MANUFACTURER, 2052)]);
    }
    match disc.media() {
        MediaType::DVD_R | MediaType::DVD_RW | MediaType::DVD_R_DL => {
            all.extend([(F::PRE_RECORDED, 48), (F::LEAD_IN_PHYSICAL, 2052)]);
        }
        MediaType::DVD_RAM => all.extend([(F::MEDIUM_STATUS, 8), (F::SPARE_AREA, 16)]),
        MediaType::DVD_PLUS_R
        | MediaType::DVD_PLUS_RW
        | MediaType::DVD_PLUS_R_DL
        | MediaType::DVD_PLUS_RW_DL => all.push((F::ADIP, 260)),
        MediaType::BD_R | MediaType::BD_RE => {
            all.extend([(F::PHYSICAL, 4100), (F::MEDIUM_STATUS, 8), (F::SPARE_AREA, 16)]);
        }
        _ => {}
    }
    if takes_layer_break(disc) {
        all.push((F::LAYER_CAPACITY, 12));
    }
    if disc.state.jump_interval != 0 {
        all.push((F::JUMP_INTERVAL, 12));
    }
    all.push((F::WRITE_PROTECTION, 8));
    all
}

fn sendable(disc: &Disc, format: StructureFormat) -> bool {
    match format {
        F::WRITE_PROTECTION => takes_protection(disc.media()),
        F::LAYER_CAPACITY | F::JUMP_INTERVAL => disc.state.tracks.is_empty(),
        _ => false,
    }
}

pub(super) fn answer(d: &mut VirtualDrive, c: &ReadDiscStructure) -> Result<DiscStructure, Sense> {
    let by_software = d.pages.timeout.write_protect_until_power_down;
    let disc = d.medium()?;
    let facts = disc.rules().facts();
    let bd = facts.is_bd();
    // C0h and FFh mean the same for all media (MMC-6 table "Generic format codes").
    match c.format {
        F::WRITE_PROTECTION => {
            let p = WriteProtection {
                persistent: disc.state.protected,
                until_power_down: by_software,
                ..WriteProtection::default()
            };
            return Ok(p.to_structure());
        }
        F::LIST => {
            let list: Vec<_> = formats(disc)
                .iter()
                .map(|(format, length)| StructureListEntry {
                    format: *format,
                    sendable: sendable(disc, *format),
                    readable: true,
                    length: *length,
                })
                .collect();
            return Ok(DiscStructure::of_list(&list));
        }
        _ => {}
    }
    if facts.is_cd() || facts.is_disk() || (c.media == StructureMedia::BD) != bd {
        return Err(sense::CANNOT_READ);
    }
    if c.layer >= disc.layers() {
        return Err(sense::cdb_field(6));
    }
    if !formats(disc).iter().any(|(f, _)| *f == c.format) {
        return Err(sense::cdb_field(7));
    }
    match (c.format, bd) {
        (F::PHYSICAL, false) => Ok(physical(disc, false).to_structure()),
        // The control data zone was made with the disc: it tells of all there is, not of what has been recorded.
        (F::LEAD_IN_PHYSICAL, false) => {
            let mut format = physical(disc, true);
            if disc.layers() == 1 {
                format.data_end = U24::new(DVD_DASH_END).unwrap_or(U24::MAX);
            }
            Ok(format.to_structure())
        }
        // No copyright protection system, all regions.
        (F::COPYRIGHT, false) => Ok(DiscStructure { data: vec![0; 4] }),
        (F::MANUFACTURER, false) => Ok(DiscStructure { data: vec![0; 2048] }),
        (F::ADIP, false) => Ok(adip(disc)),
        (F::PRE_RECORDED, false) => Ok(pre_recorded(disc)),
        (F::PHYSICAL, true) => Ok(disc_information(disc)),
        // No cartridge; nothing inhibits writing but what is told by itself.
        (F::MEDIUM_STATUS, _) => {
            let s = MediumStatus { persistent: disc.state.protected, ..MediumStatus::default() };
            Ok(s.to_structure())
        }
        (F::SPARE_AREA, _) => Ok(spare_area(disc).to_structure()),
        (F::LAYER_CAPACITY, false) => {
            let blocks = disc.rules().layer_0(disc).unwrap_or(0);
            Ok(LayerCapacity {
                initialized: disc.state.layer_0 != 0 || !disc.state.tracks.is_empty(),
                blocks,
            }
            .to_structure())
        }
        (F::JUMP_INTERVAL, false) => {
            Ok(LayerCapacity { initialized: false, blocks: disc.state.jump_interval }.to_structure())
        }
        _ => Err(sense::cdb_field(7)),
    }
}

/// Book type (MMC-6 table "Disc Category").
fn category(media: MediaType) -> u8 {
    match media {
        MediaType::DVD_RAM => 0x1,
        MediaType::DVD_R | MediaType::DVD_R_DL => 0x2,
        MediaType::DVD_RW => 0x3,
        MediaType::DVD_PLUS_RW => 0x9,
        MediaType::DVD_PLUS_R => 0xA,
        MediaType::DVD_PLUS_RW_DL => 0xD,
        MediaType::DVD_PLUS_R_DL => 0xE,
        _ => 0,
    }
}

/// Physical format information of the lead-in (the books of each medium, clause on control data); of the whole disc
/// as it was made, or of what has been recorded.
fn physical(disc: &Disc, whole: bool) -> PhysicalFormat {
    let media = disc.media();
    let start = if media == MediaType::DVD_RAM { DVD_RAM_DATA_START } else { DVD_DATA_START };
    let last = if whole {
        disc.state.user_blocks.saturating_sub(1)
    } else {
        u32::try_from(disc.rules().last_block(disc)).unwrap_or(0)
    };
    let layers = disc.layers();
    let layer_0 =
        disc.rules().layer_0(disc).map_or(0, |blocks| start.saturating_add(blocks).saturating_sub(1));
    // In the second layer the sectors count backwards, so that their numbers are the complement of those below.
    let end = match disc.rules().layer_0(disc) {
        Some(blocks) if last >= blocks => {
            let inwards = last - blocks;
            (!layer_0 & 0xFF_FFFF).saturating_add(inwards)
        }
        _ => start.saturating_add(last),
    };
    PhysicalFormat {
        category: category(media),
        part_version: match media {
            // DVD-R for general of one layer and of two, DVD-RW and DVD-RAM as their books number themselves.
            MediaType::DVD_R => 5,
            MediaType::DVD_R_DL | MediaType::DVD_RAM => 6,
            MediaType::DVD_RW => 2,
            _ => 1,
        },
        disc_size: 0,
        maximum_rate: 0xF,
        layers_minus_one: layers.saturating_sub(1),
        opposite_track_path: layers == 2,
        // Recordable (10b) or rewritable (100b) user data area.
        layer_type: if disc.rules().facts().erasable { 4 } else { 2 },
        linear_density: if layers == 2 { 1 } else { 0 },
        track_density: 0,
        data_start: U24::new(start).unwrap_or_default(),
        data_end: U24::new(end).unwrap_or(U24::MAX),
        layer_0_end: U24::new(layer_0).unwrap_or(U24::MAX),
        bca: false,
    }
}

/// Address in pre-groove information: the physical format of the blank disc, then who made it.
fn adip(disc: &Disc) -> DiscStructure {
    let mut data = physical(disc, true).to_structure().data;
    data.resize(256, 0);
    data[19..27].copy_from_slice(MANUFACTURER);
    data[27..30].copy_from_slice(b"001");
    DiscStructure { data }
}

/// Pre-recorded information of DVD-R and DVD-RW: fields of 8 bytes, each with its number in front (ECMA-359, ECMA-338,
/// clause on the land pre-pit data).
fn pre_recorded(disc: &Disc) -> DiscStructure {
    let mut data = vec![0; 44];
    for (field, number) in (0..).step_by(8).zip(1u8..=5) {
        if let Some(byte) = data.get_mut(field) {
            *byte = number;
        }
    }
    // Application code 40h: unrestricted use by consumers; disc physical code: 4.7 GB, recordable, 120 mm.
    data[1] = 0x40;
    data[2] = 0x40;
    // Last address of the data recordable area, as a physical sector number.
    let last = DVD_DATA_START.saturating_add(disc.state.user_blocks).saturating_sub(1);
    data[3..6].copy_from_slice(&last.to_be_bytes()[1..]);
    data[6] = category(disc.media()) << 4;
    // Manufacturer in fields 3 and 4, six bytes each.
    data[17..23].copy_from_slice(&MANUFACTURER[..6]);
    data[25..27].copy_from_slice(&MANUFACTURER[6..]);
    DiscStructure { data }
}

/// Disc information of a BD: one unit of 112 bytes a layer (BD white paper 1.C, 3.5).
fn disc_information(disc: &Disc) -> DiscStructure {
    let write_once = disc.media() == MediaType::BD_R;
    let layers = disc.layers();
    let mut data = vec![0; 4096];
    for (n, unit) in (0..layers).zip(data.chunks_mut(112)) {
        unit[0..2].copy_from_slice(b"DI");
        unit[2] = 1;
        // Units in each block; number of the layer; sequence of the unit; bytes of it in use.
        unit[3] = layers << 3;
        unit[4] = n;
        unit[5] = n;
        unit[6] = 112;
        unit[8..11].copy_from_slice(if write_once { b"BDR" } else { b"BDW" });
        // Layers, 120 mm, recordable or rewritable.
        unit[12] = layers << 4 | if write_once { 2 } else { 4 };
        unit[100..106].copy_from_slice(b"GLSMST");
        unit[106..109].copy_from_slice(b"001");
    }
    DiscStructure { data }
}

/// No block of a virtual disc is ever bad, so that all spare blocks are unused.
fn spare_area(disc: &Disc) -> SpareArea {
    let spare = disc.store.geometry().blocks.saturating_sub(disc.state.user_blocks);
    let primary = if disc.media() == MediaType::DVD_RAM { PRIMARY_SPARE } else { 0 };
    SpareArea { unused_primary: primary, unused: spare, allocated: spare }
}
