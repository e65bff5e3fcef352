//! Write parameters page 05h (MMC-6 7.5): how CD-R/RW and DVD-R/-RW are written.

use super::PageData;
use crate::bytes::{layout, open_code};
use crate::field::ResponseError;

open_code! {
    /// WRITE TYPE.
    WriteType {
        PACKET = 0, " Packets; incremental on DVD.";
        TRACK_AT_ONCE = 1, " Track at once.";
        SESSION_AT_ONCE = 2, " Session at once; disc at once on DVD.";
        RAW = 3, " Raw.";
        LAYER_JUMP = 4, " Layer jump.";
    }
}

open_code! {
    /// MULTI-SESSION: what closing a session leaves behind.
    MultiSession {
        NO_NEXT = 0, " No B0 pointer: the disc is closed with the session.";
        FINAL = 1, " B0 pointer with FF:FF:FF: the disc is closed.";
        NEXT_ALLOWED = 3, " Another session may follow.";
    }
}

open_code! {
    /// DATA BLOCK TYPE: what one block of WRITE holds.
    DataBlockType {
        RAW_2352 = 0, " Raw sector, 2352 bytes.";
        RAW_2352_PQ = 1, " Raw sector with P and Q, 2368 bytes.";
        RAW_2352_PACK_RW = 2, " Raw sector with packed R-W, 2448 bytes.";
        RAW_2352_RAW_PW = 3, " Raw sector with raw P-W, 2448 bytes.";
        MODE_1 = 8, " Mode 1 user data, 2048 bytes.";
        MODE_2 = 9, " Mode 2 user data, 2336 bytes.";
        MODE_2_FORM_1 = 10, " Mode 2 form 1 user data, 2048 bytes; the sub-header comes from the page.";
        MODE_2_FORM_1_SUBHEADER = 11, " Mode 2 form 1 with sub-header, 2056 bytes.";
        MODE_2_FORM_2 = 12, " Mode 2 form 2 user data, 2324 bytes.";
        MODE_2_MIXED = 13, " Mode 2 form 1, form 2 or mixed with sub-header, 2332 bytes.";
    }
}

impl DataBlockType {
    /// Bytes of a block; `None` for reserved and vendor types.
    #[must_use]
    pub const fn block_bytes(self) -> Option<usize> {
        Some(match self {
            Self::RAW_2352 => 2352,
            Self::RAW_2352_PQ => 2368,
            Self::RAW_2352_PACK_RW | Self::RAW_2352_RAW_PW => 2448,
            Self::MODE_1 | Self::MODE_2_FORM_1 => 2048,
            Self::MODE_2 => 2336,
            Self::MODE_2_FORM_1_SUBHEADER => 2056,
            Self::MODE_2_FORM_2 => 2324,
            Self::MODE_2_MIXED => 2332,
            _ => return None,
        })
    }
}

open_code! {
    /// SESSION FORMAT: disc type that the TOC will name.
    SessionFormat {
        CD_DA_OR_ROM = 0x00, " CD-DA, CD-ROM or other.";
        CD_I = 0x10, " CD-I.";
        CD_XA = 0x20, " CD-ROM XA.";
    }
}

layout! {
    /// How the next track is written.
    #[doc(alias = "IMAPI_MODE_PAGE_TYPE_WRITE_PARAMETERS")]
    pub struct WriteParameters[50] "write parameters page" {
        /// BUFE: buffer under-run protection.
        buffer_underrun_free: bool = 0 & 0x40,
        /// LS_V: `link_size` counts.
        link_size_valid: bool = 0 & 0x20,
        /// TEST WRITE: laser at read power.
        test_write: bool = 0 & 0x10,
        /// WRITE TYPE.
        write_type: WriteType = 0 & 0x0F,
        /// MULTI-SESSION.
        multi_session: MultiSession = 1 & 0xC0,
        /// FP: packets of one size.
        fixed_packet: bool = 1 & 0x20,
        /// COPY: digital copy prohibited.
        copy: bool = 1 & 0x10,
        /// TRACK MODE: control nibble of the track, 4 for data.
        track_mode: u8 = 1 & 0x0F,
        /// DATA BLOCK TYPE.
        data_block_type: DataBlockType = 2 & 0x0F,
        /// LINK SIZE in blocks, with `link_size_valid`.
        link_size: u8 = 3,
        /// HOST APPLICATION CODE, 6 bits.
        host_application_code: u8 = 5 & 0x3F,
        /// SESSION FORMAT.
        session_format: SessionFormat = 6,
        /// PACKET SIZE in blocks, with `fixed_packet`.
        packet_size: u32 = 8,
        /// AUDIO PAUSE LENGTH in blocks; 150 by default.
        audio_pause: u16 = 12,
        /// MEDIA CATALOG NUMBER: validity in bit 7 of byte 0, 13 digits, zero, AFRAME.
        media_catalog_number: [u8; 16] = 14,
        /// INTERNATIONAL STANDARD RECORDING CODE: validity in bit 7 of byte 0, 12 characters, zero, AFRAME.
        isrc: [u8; 16] = 30,
        /// SUB-HEADER of mode 2 form 1.
        sub_header: [u8; 4] = 46,
    }
}

impl PageData for WriteParameters {
    const CODE: u8 = 0x05;

    fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        Self::read_padded(data)
    }

    fn to_data(&self) -> Vec<u8> {
        self.write().to_vec()
    }
}
