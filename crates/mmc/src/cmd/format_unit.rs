//! FORMAT UNIT (MMC-6 6.4) with its parameter list.

use crate::bytes::{U24, command, layout, open_code};
use crate::command::Transfer;
use crate::field::FieldError;

command! {
    /// Formats the medium as the parameter list says. The block has no length: the list of MMC is always 12 bytes.
    #[doc(alias = "04h")]
    struct FormatUnit[6] FORMAT_UNIT "FORMAT UNIT"
    |c| if c.format_data { Transfer::Out(FormatParameters::LEN) } else { Transfer::None } => {
        /// FMTDATA: a parameter list follows.
        format_data: bool = 1 & 0x10,
        /// CMPLST: forget the known defects.
        complete_list: bool = 1 & 0x08,
        /// FORMAT CODE: 001b in MMC.
        format_code: u8 = 1 & 0x07,
        /// INTERLEAVE value; 0.
        interleave: u16 = 3,
    }
}

impl FormatUnit {
    /// The only form that MMC uses: format code 001b with a parameter list.
    #[must_use]
    pub const fn with_list() -> Self {
        Self { format_data: true, complete_list: false, format_code: 1, interleave: 0 }
    }
}

open_code! {
    /// FORMAT TYPE of a format descriptor (MMC-6 table "Format Types").
    FormatType {
        FULL = 0x00, " Full format.";
        SPARE_AREA_EXPANSION = 0x01, " Spare area expansion (BD-RE, DVD-RAM).";
        ZONE_REFORMAT = 0x04, " Zone reformat (DVD-RAM).";
        ZONE_FORMAT = 0x05, " Zone format (DVD-RAM).";
        CD_RW_FULL = 0x10, " CD-RW and DVD-RW full format.";
        CD_RW_GROW_SESSION = 0x11, " CD-RW and DVD-RW grow session.";
        CD_RW_ADD_SESSION = 0x12, " CD-RW and DVD-RW add session.";
        DVD_RW_QUICK_GROW = 0x13, " DVD-RW quick grow the last border.";
        DVD_RW_QUICK_ADD_BORDER = 0x14, " DVD-RW quick add border.";
        DVD_RW_QUICK = 0x15, " DVD-RW quick.";
        HD_DVD_R_TEST_ZONE = 0x16, " HD DVD-R test zone expansion.";
        SPARING = 0x20, " CD-RW full format with sparing.";
        MRW = 0x24, " Mount Rainier.";
        DVD_PLUS_RW = 0x26, " DVD+RW basic format.";
        BD_RE_WITH_SPARE = 0x30, " BD-RE full format with spare areas.";
        BD_RE_WITHOUT_SPARE = 0x31, " BD-RE full format without spare areas.";
        BD_R = 0x32, " BD-R full format with spare areas.";
    }
}

layout! {
    /// Format list header.
    pub struct FormatHeader[4] "FORMAT UNIT parameter list" {
        /// FOV: the bits below count.
        options_valid: bool = 1 & 0x80,
        /// DPRY: no primary certification list.
        disable_primary: bool = 1 & 0x40,
        /// DCRT: no certification.
        disable_certification: bool = 1 & 0x20,
        /// STPF: stop when the list of defects is lost.
        stop_format: bool = 1 & 0x10,
        /// IP: an initialisation pattern follows.
        initialization_pattern: bool = 1 & 0x08,
        /// TRY-OUT: only check the parameters.
        try_out: bool = 1 & 0x04,
        /// IMMED: status comes before the work is done.
        immediate: bool = 1 & 0x02,
        /// VS: vendor specific.
        vendor_specific: bool = 1 & 0x01,
    }
}

layout! {
    struct Raw[12] "FORMAT UNIT parameter list" {
        descriptor_length: u16 = 2,
        blocks: u32 = 4,
        kind: FormatType = 8 & 0xFC,
        subtype: u8 = 8 & 0x03,
        dependent: U24 = 9,
    }
}

/// Parameter list: header and the one format descriptor of MMC.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct FormatParameters {
    /// Options.
    pub header: FormatHeader,
    /// NUMBER OF BLOCKS, as READ FORMAT CAPACITIES offered it, or less where the type allows.
    pub blocks: u32,
    /// FORMAT TYPE.
    pub kind: FormatType,
    /// FORMAT SUB-TYPE, 0-3: for BD-RE the certification, for BD-R SRM, SRM+POW or RRM.
    pub subtype: u8,
    /// TYPE DEPENDENT PARAMETER: block length, packet size, or size of the spare area.
    pub dependent: U24,
}

impl FormatParameters {
    /// Bytes of the list.
    pub const LEN: usize = 12;

    /// Reads the list.
    ///
    /// # Errors
    /// [`FieldError`] when it is cut, or FORMAT DESCRIPTOR LENGTH is not 8.
    pub fn parse(data: &[u8]) -> Result<Self, FieldError> {
        let header = FormatHeader::read_parameter(data)?;
        let raw = Raw::read_parameter(data)?;
        if raw.descriptor_length != 8 {
            return Err(FieldError::parameter(2, None));
        }
        Ok(Self {
            header,
            blocks: raw.blocks,
            kind: raw.kind,
            subtype: raw.subtype,
            dependent: raw.dependent,
        })
    }

    /// The 12 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let raw = Raw {
            descriptor_length: 8,
            blocks: self.blocks,
            kind: self.kind,
            subtype: self.subtype,
            dependent: self.dependent,
        };
        let mut out = raw.write();
        let [_, flags, ..] = self.header.write();
        out[1] = flags;
        out.to_vec()
    }
}
