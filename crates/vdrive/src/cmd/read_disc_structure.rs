//! READ DISC STRUCTURE (MMC-6 6.22): what the lead-ins of DVD and BD say about the disc.

use glassmaster_disc::MediaType;
use glassmaster_mmc::U24;
use glassmaster_mmc::cmd::{
    DiscStructure, PhysicalFormat, ReadDiscStructure, StructureFormat, StructureListEntry, StructureMedia,
    WriteProtection,
};
use glassmaster_scsi::Sense;

use crate::drive::VirtualDrive;
use crate::medium::Disc;
use crate::sense;

/// Physical sector number of LBA 0 on DVD.
const DVD_DATA_START: u32 = 0x3_0000;
const MANUFACTURER: &[u8; 8] = b"GLASSMST";

/// Formats a disc has, with the lengths of their answers.
fn formats(media: MediaType) -> &'static [(StructureFormat, u16)] {
    match media {
        MediaType::DVD_PLUS_R | MediaType::DVD_PLUS_RW => &[
            (StructureFormat::PHYSICAL, 2052),
            (StructureFormat::COPYRIGHT, 8),
            (StructureFormat::ADIP, 260),
            (StructureFormat::WRITE_PROTECTION, 8),
        ],
        MediaType::BD_R | MediaType::BD_RE => {
            &[(StructureFormat::PHYSICAL, 4100), (StructureFormat::WRITE_PROTECTION, 8)]
        }
        _ => &[(StructureFormat::WRITE_PROTECTION, 8)],
    }
}

pub(super) fn answer(d: &mut VirtualDrive, c: &ReadDiscStructure) -> Result<DiscStructure, Sense> {
    let disc = d.medium()?;
    let media = disc.media();
    let bd = matches!(media, MediaType::BD_R | MediaType::BD_RE);
    // C0h and FFh mean the same for all media (MMC-6 table "Generic format codes").
    match c.format {
        StructureFormat::WRITE_PROTECTION => {
            let p = WriteProtection { persistent: disc.state.protected, ..WriteProtection::default() };
            return Ok(p.to_structure());
        }
        StructureFormat::LIST => {
            let list: Vec<_> = formats(media)
                .iter()
                .map(|(format, length)| StructureListEntry {
                    format: *format,
                    sendable: false,
                    readable: true,
                    length: *length,
                })
                .collect();
            return Ok(DiscStructure::of_list(&list));
        }
        _ => {}
    }
    if media == MediaType::CD_R || (c.media == StructureMedia::BD) != bd {
        return Err(sense::CANNOT_READ);
    }
    if c.layer != 0 {
        return Err(sense::cdb_field(6));
    }
    match (c.format, bd) {
        (StructureFormat::PHYSICAL, false) => Ok(physical(disc).to_structure()),
        // No copyright protection system, all regions.
        (StructureFormat::COPYRIGHT, false) => Ok(DiscStructure { data: vec![0; 4] }),
        (StructureFormat::ADIP, false) => Ok(adip(disc)),
        (StructureFormat::PHYSICAL, true) => Ok(disc_information(media)),
        _ => Err(sense::cdb_field(7)),
    }
}

/// Physical format information of the lead-in (ECMA-349 and ECMA-337, clause on control data).
fn physical(disc: &Disc) -> PhysicalFormat {
    // Book types 1010b DVD+R and 1001b DVD+RW.
    let category = if disc.media() == MediaType::DVD_PLUS_R { 0xA } else { 0x9 };
    let end = u32::try_from(disc.rules().last_block(disc)).unwrap_or(0).saturating_add(DVD_DATA_START);
    PhysicalFormat {
        category,
        part_version: 1,
        disc_size: 0,
        maximum_rate: 0xF,
        layers_minus_one: 0,
        opposite_track_path: false,
        // Recordable (10b) or rewritable (100b) user data area.
        layer_type: if category == 0xA { 2 } else { 4 },
        linear_density: 0,
        track_density: 0,
        data_start: U24::new(DVD_DATA_START).unwrap_or_default(),
        data_end: U24::new(end).unwrap_or(U24::MAX),
        layer_0_end: U24::default(),
        bca: false,
    }
}

/// Address in pre-groove information: the physical format of the blank disc, then who made it.
fn adip(disc: &Disc) -> DiscStructure {
    let mut whole = physical(disc);
    whole.data_end = U24::new(DVD_DATA_START.saturating_add(disc.state.user_blocks - 1)).unwrap_or(U24::MAX);
    let mut data = whole.to_structure().data;
    data.resize(256, 0);
    data[19..27].copy_from_slice(MANUFACTURER);
    data[27..30].copy_from_slice(b"001");
    DiscStructure { data }
}

/// Disc information of a BD: one unit of 112 bytes in the first of the 4096 bytes (BD white paper 1.C, 3.5).
fn disc_information(media: MediaType) -> DiscStructure {
    let mut data = vec![0; 4096];
    data[0..2].copy_from_slice(b"DI");
    data[2] = 1;
    data[3] = 1;
    data[6] = 112;
    data[8..11].copy_from_slice(if media == MediaType::BD_R { b"BDR" } else { b"BDW" });
    // One layer, 120 mm, recordable or rewritable.
    data[12] = 0x10 | if media == MediaType::BD_R { 2 } else { 4 };
    data[100..106].copy_from_slice(b"GLSMST");
    data[106..109].copy_from_slice(b"001");
    DiscStructure { data }
}
