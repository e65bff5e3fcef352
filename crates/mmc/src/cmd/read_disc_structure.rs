//! READ DISC STRUCTURE (MMC-6 6.22): what the control areas of DVD and BD say.

use crate::bytes::{U24, command, layout, open_code, set_length16, sized16};
use crate::command::{Query, Transfer};
use crate::field::ResponseError;

open_code! {
    /// MEDIA TYPE: which family of format codes is meant.
    StructureMedia {
        DVD = 0, " DVD and HD DVD.";
        BD = 1, " BD.";
    }
}

open_code! {
    /// FORMAT CODE. Codes below C0h mean one thing for DVD and another for BD.
    #[doc(alias = "IMAPI_FORMAT2_RAW_STRUCTURE")]
    StructureFormat {
        PHYSICAL = 0x00, " DVD: physical format information. BD: disc information.";
        COPYRIGHT = 0x01, " DVD: copyright information.";
        BCA = 0x03, " DVD and BD: burst cutting area.";
        MANUFACTURER = 0x04, " DVD: disc manufacturing information.";
        DVD_RAM_DDS = 0x08, " DVD-RAM: disc definition structure. BD: the same.";
        MEDIUM_STATUS = 0x09, " DVD-RAM: medium status. BD: cartridge status.";
        SPARE_AREA = 0x0A, " DVD-RAM and BD: spare area information.";
        RECORDING_TYPE = 0x0B, " DVD-RAM: recording type information.";
        BORDER_OUT_RMD = 0x0C, " DVD-R and DVD-RW: recording management data in the last border-out.";
        RMD = 0x0D, " DVD-R and DVD-RW: recording management data.";
        PRE_RECORDED = 0x0E, " DVD-R and DVD-RW: pre-recorded information in the lead-in.";
        UNIQUE_DISC_IDENTIFIER = 0x0F, " DVD-R and DVD-RW: unique disc identifier.";
        LEAD_IN_PHYSICAL = 0x10, " DVD-R and DVD-RW: physical format information recorded in the lead-in.";
        ADIP = 0x11, " DVD+R and DVD+RW: address in pre-groove information.";
        LAYER_CAPACITY = 0x20, " DVD: capacity of layer 0.";
        SHIFTED_MIDDLE_AREA = 0x21, " DVD-R DL: start of the shifted middle area.";
        JUMP_INTERVAL = 0x22, " DVD-R DL: jump interval size.";
        MANUAL_LAYER_JUMP = 0x23, " DVD-R DL: manual layer jump address.";
        DISC_CONTROL_BLOCK = 0x30, " DVD+RW, BD: disc control blocks.";
        WRITE_PROTECTION = 0xC0, " Write protection status.";
        LIST = 0xFF, " List of the formats that can be read or sent.";
    }
}

command! {
    /// Asks for a structure.
    #[doc(alias = "READ DVD STRUCTURE")]
    #[doc(alias = "ADh")]
    struct ReadDiscStructure[12] READ_DISC_STRUCTURE "READ DISC STRUCTURE"
    |c| Transfer::In(c.allocation_length.into()) => {
        /// Which family.
        media: StructureMedia = 1 & 0x0F,
        /// ADDRESS, for the formats that have one.
        address: u32 = 2,
        /// LAYER NUMBER.
        layer: u8 = 6,
        /// Which structure.
        format: StructureFormat = 7,
        /// Most bytes to return.
        allocation_length: u16 = 8,
        /// AGID: authentication grant of protected structures.
        agid: u8 = 10 & 0xC0,
    }
}

impl Query for ReadDiscStructure {
    type Response = DiscStructure;

    fn parse_response(&self, data: &[u8]) -> Result<DiscStructure, ResponseError> {
        DiscStructure::parse(data)
    }
}

/// Any structure: what follows the 4-byte header.
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct DiscStructure {
    /// The structure itself.
    pub data: Vec<u8>,
}

impl DiscStructure {
    /// Takes the data that DISC STRUCTURE DATA LENGTH covers.
    ///
    /// # Errors
    /// [`ResponseError`] when the 4-byte header is cut.
    pub fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        const NAME: &str = "disc structure";
        let covered = sized16(NAME, data)?;
        crate::bytes::read::<u16>(NAME, "header", data, 2)?;
        Ok(Self { data: covered.get(4..).unwrap_or(&[]).to_vec() })
    }

    /// Header and data.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![0; 4];
        out.extend_from_slice(&self.data);
        set_length16(out)
    }

    /// The data as the list of format FFh; a last entry that is cut is dropped.
    #[must_use]
    pub fn list(&self) -> Vec<StructureListEntry> {
        self.data.chunks_exact(4).filter_map(|entry| StructureListEntry::read(entry).ok()).collect()
    }

    /// The answer to format FFh.
    #[must_use]
    pub fn of_list(entries: &[StructureListEntry]) -> Self {
        Self { data: entries.iter().flat_map(StructureListEntry::write).collect() }
    }
}

layout! {
    /// Physical format information of a DVD, format 00h (first 17 bytes; the rest depends on the book).
    pub struct PhysicalFormat[17] "physical format information" {
        /// DISC CATEGORY: 0 DVD-ROM, 1 DVD-RAM, 2 DVD-R, 3 DVD-RW, 9 DVD+RW, 10 DVD+R, 13 DVD+RW DL, 14 DVD+R DL.
        category: u8 = 0 & 0xF0,
        /// PART VERSION of the book.
        part_version: u8 = 0 & 0x0F,
        /// DISC SIZE: 0 for 120 mm, 1 for 80 mm.
        disc_size: u8 = 1 & 0xF0,
        /// MAXIMUM RATE: 0 2.52, 1 5.04, 2 10.08, 3 20.16, 4 30.24 Mb/s, 15 not specified.
        maximum_rate: u8 = 1 & 0x0F,
        /// NUMBER OF LAYERS minus 1.
        layers_minus_one: u8 = 2 & 0x60,
        /// TRACK PATH: opposite.
        opposite_track_path: bool = 2 & 0x10,
        /// LAYER TYPE: bit 0 embossed, 1 recordable, 2 rewritable.
        layer_type: u8 = 2 & 0x0F,
        /// LINEAR DENSITY: 0 for 0.267 um/bit.
        linear_density: u8 = 3 & 0xF0,
        /// TRACK DENSITY: 0 for 0.74 um/track.
        track_density: u8 = 3 & 0x0F,
        /// STARTING PHYSICAL SECTOR NUMBER OF DATA AREA: 30000h, DVD-RAM 31000h.
        data_start: U24 = 5,
        /// END PHYSICAL SECTOR NUMBER OF DATA AREA.
        data_end: U24 = 9,
        /// END PHYSICAL SECTOR NUMBER IN LAYER 0; 0 with one layer.
        layer_0_end: U24 = 13,
        /// BCA: a burst cutting area is there.
        bca: bool = 16 & 0x80,
    }
}

layout! {
    /// Write protection status, format C0h.
    pub struct WriteProtection[4] "write protection status" {
        /// MSWI: the medium cannot be written for a reason of its own.
        medium_specific: bool = 0 & 0x08,
        /// CWP: by the switch of its cartridge.
        cartridge: bool = 0 & 0x04,
        /// PWP: persistent, as stored on the medium.
        persistent: bool = 0 & 0x02,
        /// SWPP: by software until power down.
        until_power_down: bool = 0 & 0x01,
    }
}

layout! {
    /// Entry of the structure list, format FFh.
    pub struct StructureListEntry[4] "disc structure list" {
        /// FORMAT CODE.
        format: StructureFormat = 0,
        /// SDS: can be sent.
        sendable: bool = 1 & 0x80,
        /// RDS: can be read.
        readable: bool = 1 & 0x40,
        /// FORMAT LENGTH in bytes with the header.
        length: u16 = 2,
    }
}

layout! {
    /// Capacity of layer 0, format 20h: where a recording of two layers turns.
    pub struct LayerCapacity[8] "layer boundary information" {
        /// INIT STATUS: a host has set it; it cannot be set again.
        initialized: bool = 0 & 0x80,
        /// L0 DATA AREA CAPACITY in blocks, a whole number of ECC blocks.
        blocks: u32 = 4,
    }
}

layout! {
    /// Medium status of DVD-RAM, format 09h.
    pub struct MediumStatus[4] "DVD-RAM medium status" {
        /// CARTRIDGE: the medium is in one.
        cartridge: bool = 0 & 0x80,
        /// OUT: it has been taken out of it, or put in.
        taken_out: bool = 0 & 0x40,
        /// MSWI: the drive cannot write this medium for a reason of its own.
        medium_specific: bool = 0 & 0x08,
        /// CWP: the switch of the cartridge.
        cartridge_protect: bool = 0 & 0x04,
        /// PWP: persistent write protection.
        persistent: bool = 0 & 0x02,
        /// DISC TYPE IDENTIFICATION: 00h not in a write-protected cartridge, 10h taken out of one that allows it.
        disc_type: u8 = 1,
        /// DVD-RAM SWI: why writing is inhibited, as bits; 0 when it is not.
        inhibit: u8 = 3,
    }
}

layout! {
    /// Spare area information, format 0Ah. BD has no primary spare area: its first field is reserved.
    pub struct SpareArea[12] "spare area information" {
        /// NUMBER OF UNUSED PRIMARY SPARE BLOCKS (DVD-RAM).
        unused_primary: u32 = 0,
        /// NUMBER OF UNUSED SUPPLEMENTARY SPARE BLOCKS; BD: NUMBER OF UNUSED SPARE BLOCKS.
        unused: u32 = 4,
        /// NUMBER OF ALLOCATED SUPPLEMENTARY SPARE BLOCKS; BD: NUMBER OF ALLOCATED SPARE BLOCKS.
        allocated: u32 = 8,
    }
}

/// Structures of a fixed layout: one definition, both directions. `[n]` is the full length where the layout is the beginning of
/// a longer structure.
macro_rules! structures {
    ($($name:ident $([$full:literal])?)*) => {$(
        impl $name {
            /// Reads the structure; what follows the layout is not looked at.
            ///
            /// # Errors
            /// [`ResponseError`] when it is shorter than the layout.
            pub fn parse(structure: &DiscStructure) -> Result<Self, ResponseError> {
                Self::read(&structure.data)
            }

            /// The structure in its full length.
            #[must_use]
            pub fn to_structure(&self) -> DiscStructure {
                #[allow(unused_mut, reason = "most are as long as their layout")]
                let mut data = self.write().to_vec();
                $(data.resize($full, 0);)?
                DiscStructure { data }
            }
        }
    )*};
}
structures! { PhysicalFormat [2048] WriteProtection LayerCapacity MediumStatus SpareArea }
