//! READ CD (MMC-6 6.19): sectors of a CD with the parts that are wanted.

use glassmaster_disc::Lba;

use crate::bytes::{U24, command, open_code};
use crate::command::Transfer;

open_code! {
    /// EXPECTED SECTOR TYPE: others end the read with 5/64/00.
    SectorType {
        ANY = 0, " Any type.";
        CD_DA = 1, " Audio, 2352 bytes.";
        MODE_1 = 2, " Mode 1, 2048 bytes of user data.";
        MODE_2_FORMLESS = 3, " Mode 2 without form, 2336 bytes.";
        MODE_2_FORM_1 = 4, " Mode 2 form 1, 2048 bytes.";
        MODE_2_FORM_2 = 5, " Mode 2 form 2, 2324 bytes.";
    }
}

open_code! {
    /// HEADER CODES: which headers to return.
    HeaderCodes {
        NONE = 0, " None.";
        HEADER = 1, " The 4-byte header.";
        SUBHEADER = 2, " The 8-byte sub-header of mode 2 form 1 and 2.";
        ALL = 3, " Both.";
    }
}

open_code! {
    /// C2 ERROR INFORMATION.
    C2Errors {
        NONE = 0, " None.";
        BITS = 1, " One bit for each byte, 294 bytes.";
        BITS_AND_BLOCK = 2, " Block error byte, pad byte and the bits, 296 bytes.";
    }
}

open_code! {
    /// SUB-CHANNEL SELECTION.
    SubChannel {
        NONE = 0, " None.";
        RAW = 1, " Raw P-W, 96 bytes.";
        Q = 2, " Formatted Q, 16 bytes.";
        RW = 4, " Corrected R-W, 96 bytes.";
    }
}

command! {
    /// Reads sectors of a CD.
    #[doc(alias = "BEh")]
    struct ReadCd[12] READ_CD "READ CD"
    |c| Transfer::In(usize::try_from(c.blocks.get()).unwrap_or(usize::MAX).saturating_mul(c.sector_bytes())) => {
        /// EXPECTED SECTOR TYPE.
        sector_type: SectorType = 1 & 0x1C,
        /// DAP: conceal errors of audio.
        digital_audio_play: bool = 1 & 0x02,
        /// First sector; negative before the program area.
        lba: Lba = 2,
        /// Number of sectors.
        blocks: U24 = 6,
        /// SYNC: the 12 bytes before the header.
        sync: bool = 9 & 0x80,
        /// Which headers.
        headers: HeaderCodes = 9 & 0x60,
        /// USER DATA.
        user_data: bool = 9 & 0x10,
        /// EDC & ECC: what follows the user data.
        edc_ecc: bool = 9 & 0x08,
        /// C2 error bits.
        c2: C2Errors = 9 & 0x06,
        /// Sub-channel data.
        sub_channel: SubChannel = 10 & 0x07,
    }
}

impl ReadCd {
    /// User data of sectors of any type.
    #[must_use]
    pub fn user_data(lba: Lba, blocks: U24) -> Self {
        Self { lba, blocks, user_data: true, ..Self::default() }
    }

    /// Most bytes that one sector of the expected type gives with these selections (MMC-6 table "Number of bytes
    /// returned based on Data Selection Field").
    #[must_use]
    pub fn sector_bytes(&self) -> usize {
        let pick = |on: bool, bytes: usize| if on { bytes } else { 0 };
        let header = pick(self.headers.0 & 1 != 0, 4);
        let subheader = pick(self.headers.0 & 2 != 0, 8);
        let sync = pick(self.sync, 12);
        let main = match self.sector_type {
            SectorType::CD_DA => pick(self.main_channel_wanted(), 2352),
            SectorType::MODE_1 => sync + header + pick(self.user_data, 2048) + pick(self.edc_ecc, 288),
            SectorType::MODE_2_FORMLESS => sync + header + pick(self.user_data || self.edc_ecc, 2336),
            SectorType::MODE_2_FORM_1 => {
                sync + header + subheader + pick(self.user_data, 2048) + pick(self.edc_ecc, 280)
            }
            SectorType::MODE_2_FORM_2 => {
                sync + header + subheader + pick(self.user_data, 2324) + pick(self.edc_ecc, 4)
            }
            // Whatever comes, it is no longer than a whole sector.
            _ => pick(self.main_channel_wanted(), 2352),
        };
        let c2 = match self.c2 {
            C2Errors::BITS => 294,
            C2Errors::BITS_AND_BLOCK => 296,
            _ => 0,
        };
        let sub = match self.sub_channel {
            SubChannel::RAW | SubChannel::RW => 96,
            SubChannel::Q => 16,
            _ => 0,
        };
        main + c2 + sub
    }

    fn main_channel_wanted(&self) -> bool {
        self.user_data || self.edc_ecc || self.sync || self.headers != HeaderCodes::NONE
    }
}
