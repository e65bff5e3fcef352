//! Codes of all features, and the features whose data is a plain table.

use std::fmt;

use glassmaster_disc::Lba;

use super::{FeatureCode, FeatureData};
use crate::bytes::{U24, layout};
use crate::field::ResponseError;
use crate::page::LoadingMechanism;

macro_rules! feature_codes {
    ($($code:literal $name:ident $text:literal $($alias:literal)?;)*) => {
        impl FeatureCode {
            $(#[doc = concat!($text, ".")]
              $(#[doc(alias = $alias)])?
              pub const $name: Self = Self($code);)*

            /// The name in MMC-6, `None` for codes it does not list.
            #[must_use]
            pub const fn label(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

feature_codes! {
    0x0000 PROFILE_LIST "Profile List";
    0x0001 CORE "Core";
    0x0002 MORPHING "Morphing";
    0x0003 REMOVABLE_MEDIUM "Removable Medium";
    0x0004 WRITE_PROTECT "Write Protect";
    0x0010 RANDOMLY_READABLE "Random Readable";
    0x001D MULTI_READ "Multi-Read";
    0x001E CD_READ "CD Read";
    0x001F DVD_READ "DVD Read";
    0x0020 RANDOMLY_WRITABLE "Random Writable";
    0x0021 INCREMENTAL_STREAMING_WRITABLE "Incremental Streaming Writable";
    0x0022 SECTOR_ERASABLE "Sector Erasable";
    0x0023 FORMATTABLE "Formattable";
    0x0024 DEFECT_MANAGEMENT "Hardware Defect Management";
    0x0025 WRITE_ONCE "Write Once";
    0x0026 RESTRICTED_OVERWRITE "Restricted Overwrite";
    0x0027 CD_RW_CAV_WRITE "CD-RW CAV Write";
    0x0028 MRW "MRW";
    0x0029 ENHANCED_DEFECT_REPORTING "Enhanced Defect Reporting"
        "IMAPI_FEATURE_PAGE_TYPE_ENHANCED_DEFECT_REPORTING";
    0x002A DVD_PLUS_RW "DVD+RW";
    0x002B DVD_PLUS_R "DVD+R";
    0x002C RIGID_RESTRICTED_OVERWRITE "Rigid Restricted Overwrite";
    0x002D CD_TRACK_AT_ONCE "CD Track at Once";
    0x002E CD_MASTERING "CD Mastering";
    0x002F DVD_DASH_WRITE "DVD-R/-RW Write";
    0x0030 DDCD_READ "Double Density CD Read" "IMAPI_FEATURE_PAGE_TYPE_DOUBLE_DENSITY_CD_READ";
    0x0031 DDCD_R_WRITE "Double Density CD-R Write" "IMAPI_FEATURE_PAGE_TYPE_DOUBLE_DENSITY_CD_R_WRITE";
    0x0032 DDCD_RW_WRITE "Double Density CD-RW Write" "IMAPI_FEATURE_PAGE_TYPE_DOUBLE_DENSITY_CD_RW_WRITE";
    0x0033 LAYER_JUMP_RECORDING "Layer Jump Recording";
    0x0034 LAYER_JUMP_RIGID_RESTRICTED_OVERWRITE "Layer Jump Rigid Restricted Overwrite";
    0x0035 STOP_LONG_OPERATION "Stop Long Operation";
    0x0037 CD_RW_MEDIA_WRITE_SUPPORT "CD-RW Media Write Support";
    0x0038 BD_R_POW "BD-R Pseudo-Overwrite";
    0x003A DVD_PLUS_RW_DL "DVD+RW Dual Layer";
    0x003B DVD_PLUS_R_DL "DVD+R Dual Layer";
    0x0040 BD_READ "BD Read";
    0x0041 BD_WRITE "BD Write";
    0x0042 TSR "TSR";
    0x0050 HD_DVD_READ "HD DVD Read";
    0x0051 HD_DVD_WRITE "HD DVD Write";
    0x0052 HD_DVD_RW_FRAGMENT_RECORDING "HD DVD-RW Fragment Recording";
    0x0080 HYBRID_DISC "Hybrid Disc";
    0x0100 POWER_MANAGEMENT "Power Management";
    0x0101 SMART "SMART";
    0x0102 EMBEDDED_CHANGER "Embedded Changer";
    0x0103 CD_AUDIO_EXTERNAL_PLAY "CD Audio External Play" "IMAPI_FEATURE_PAGE_TYPE_CD_ANALOG_PLAY";
    0x0104 MICROCODE_UPGRADE "Microcode Upgrade";
    0x0105 TIMEOUT "Timeout";
    0x0106 DVD_CSS "DVD CSS" "IMAPI_FEATURE_PAGE_TYPE_DVD_CSS";
    0x0107 REAL_TIME_STREAMING "Real-Time Streaming";
    0x0108 LOGICAL_UNIT_SERIAL_NUMBER "Drive Serial Number";
    0x0109 MEDIA_SERIAL_NUMBER "Media Serial Number";
    0x010A DISC_CONTROL_BLOCKS "Disc Control Blocks" "IMAPI_FEATURE_PAGE_TYPE_DISC_CONTROL_BLOCKS";
    0x010B DVD_CPRM "DVD CPRM" "IMAPI_FEATURE_PAGE_TYPE_DVD_CPRM";
    0x010C FIRMWARE_INFORMATION "Firmware Information";
    0x010D AACS "AACS" "IMAPI_FEATURE_PAGE_TYPE_AACS";
    0x010E DVD_CSS_MANAGED_RECORDING "DVD CSS Managed Recording";
    0x0110 VCPS "VCPS" "IMAPI_FEATURE_PAGE_TYPE_VCPS";
    0x0113 SECUR_DISC "SecurDisc";
    0x0142 OSSC "OSSC";
}

impl fmt::Display for FeatureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.label() {
            Some(text) => f.write_str(text),
            None => write!(f, "feature {:04X}h", self.0),
        }
    }
}

/// `Name[length] CODE version "name" "IMAPI alias" { fields }`.
macro_rules! features {
    ($($(#[$meta:meta])* $name:ident[$len:literal] $code:ident $version:literal $text:literal {
        $($(#[$fmeta:meta])* $field:ident: $ty:ty = $at:literal $(& $mask:literal)?,)*
    })*) => {$(
        layout! {
            $(#[$meta])*
            pub struct $name[$len] $text {
                $($(#[$fmeta])* $field: $ty = $at $(& $mask)?,)*
            }
        }

        impl FeatureData for $name {
            const CODE: FeatureCode = FeatureCode::$code;
            const VERSION: u8 = $version;

            fn parse(data: &[u8]) -> Result<Self, ResponseError> {
                Self::read_padded(data)
            }

            fn to_data(&self) -> Vec<u8> {
                self.write().to_vec()
            }
        }
    )*};
}

features! {
    /// Core, feature 0001h (MMC-6 5.3.2): every drive has it.
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_CORE")]
    Core[8] CORE 2 "Core feature" {
        /// PHYSICAL INTERFACE STANDARD: 1 SCSI, 2 ATAPI, 7 serial ATAPI, 8 USB.
        interface: u32 = 0,
        /// INQ2: INQUIRY as SPC-3 has it, with vital product data pages.
        inquiry_2: bool = 4 & 0x02,
        /// DBE: reports device busy events.
        device_busy_event: bool = 4 & 0x01,
    }

    /// Morphing, feature 0002h (MMC-6 5.3.3): tells of changes of its features.
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_MORPHING")]
    Morphing[4] MORPHING 1 "Morphing feature" {
        /// OCEVENT: reports operational changes.
        operational_change_event: bool = 0 & 0x02,
        /// ASYNC: GET EVENT STATUS NOTIFICATION can wait.
        asynchronous: bool = 0 & 0x01,
    }

    /// Removable medium, feature 0003h (MMC-6 5.3.4).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_REMOVABLE_MEDIUM")]
    RemovableMedium[4] REMOVABLE_MEDIUM 2 "Removable Medium feature" {
        /// LOADING MECHANISM TYPE.
        loading: LoadingMechanism = 0 & 0xE0,
        /// LOAD: can close the tray.
        load: bool = 0 & 0x10,
        /// EJECT: can open the tray.
        eject: bool = 0 & 0x08,
        /// PVNT JMPR: does not power up locked. (The bit is set where the jumper is absent or off.)
        prevent_jumper: bool = 0 & 0x04,
        /// DBML: reports media locked by the door.
        door_locked_report: bool = 0 & 0x02,
        /// LOCK: can lock the tray.
        lock: bool = 0 & 0x01,
    }

    /// Write protect, feature 0004h (MMC-6 5.3.5).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_WRITE_PROTECT")]
    WriteProtect[4] WRITE_PROTECT 2 "Write Protect feature" {
        /// DWP: disc write protect PAC of BD.
        disc_write_protect: bool = 0 & 0x08,
        /// WDCB: write inhibit disc control block of DVD+RW.
        write_inhibit_dcb: bool = 0 & 0x04,
        /// SPWP: persistent protection can be set.
        persistent: bool = 0 & 0x02,
        /// SSWPP: protection until power down can be set with mode page 1Dh.
        until_power_down: bool = 0 & 0x01,
    }

    /// Random readable, feature 0010h (MMC-6 5.3.6).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_RANDOMLY_READABLE")]
    RandomReadable[8] RANDOMLY_READABLE 0 "Random Readable feature" {
        /// LOGICAL BLOCK SIZE in bytes, 2048.
        block_size: u32 = 0,
        /// BLOCKING: blocks that are read together; 1 CD, 16 DVD, 32 BD.
        blocking: u16 = 4,
        /// PP: mode page 01h is there.
        page_present: bool = 6 & 0x01,
    }

    /// Multi-read, feature 001Dh (MMC-6 5.3.7): reads all CD types.
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_CD_MULTIREAD")]
    MultiRead[0] MULTI_READ 0 "Multi-Read feature" {}

    /// CD read, feature 001Eh (MMC-6 5.3.8).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_CD_READ")]
    CdRead[4] CD_READ 2 "CD Read feature" {
        /// DAP: the DAP bit of READ CD works.
        digital_audio_play: bool = 0 & 0x80,
        /// C2 FLAGS: READ CD returns C2 error information.
        c2_flags: bool = 0 & 0x02,
        /// CD-TEXT: format 5 of READ TOC works.
        cd_text: bool = 0 & 0x01,
    }

    /// DVD read, feature 001Fh (MMC-6 5.3.9).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_DVD_READ")]
    DvdRead[4] DVD_READ 2 "DVD Read feature" {
        /// MULTI110: meets the DVD Multi specification 1.1.
        multi_110: bool = 0 & 0x01,
        /// DUAL-RW: reads DVD-RW of two layers.
        dual_rw: bool = 2 & 0x02,
        /// DUAL-R: reads DVD-R of two layers.
        dual_r: bool = 2 & 0x01,
    }

    /// Random writable, feature 0020h (MMC-6 5.3.10).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_RANDOMLY_WRITABLE")]
    RandomWritable[12] RANDOMLY_WRITABLE 1 "Random Writable feature" {
        /// LAST LOGICAL BLOCK ADDRESS.
        last: Lba = 0,
        /// LOGICAL BLOCK SIZE in bytes.
        block_size: u32 = 4,
        /// BLOCKING: blocks that are written together.
        blocking: u16 = 8,
        /// PP: mode page 01h is there.
        page_present: bool = 10 & 0x01,
    }

    /// Sector erasable, feature 0022h (MMC-5 5.3.12; legacy in MMC-6).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_SECTOR_ERASABLE")]
    SectorErasable[0] SECTOR_ERASABLE 0 "Sector Erasable feature" {}

    /// Formattable, feature 0023h (MMC-6 5.3.12).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_FORMATTABLE")]
    Formattable[8] FORMATTABLE 2 "Formattable feature" {
        /// RENOSA: formats BD-RE without spare areas.
        bd_re_without_spare: bool = 0 & 0x08,
        /// EXPAND: expands the spare area of BD-RE.
        expand: bool = 0 & 0x04,
        /// QCERT: quick certification of BD-RE.
        quick_certification: bool = 0 & 0x02,
        /// CERT: full certification of BD-RE.
        certification: bool = 0 & 0x01,
        /// RRM: formats BD-R to random recording mode.
        bd_r_random: bool = 4 & 0x01,
    }

    /// Hardware defect management, feature 0024h (MMC-6 5.3.13).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_HARDWARE_DEFECT_MANAGEMENT")]
    DefectManagement[4] DEFECT_MANAGEMENT 1 "Hardware Defect Management feature" {
        /// SSA: READ DISC STRUCTURE 0Ah tells of the spare area.
        supplemental_spare_area: bool = 0 & 0x80,
    }

    /// Write once, feature 0025h (MMC-6 5.3; MMC-5 5.3.15): random writes, each block once.
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_WRITE_ONCE")]
    WriteOnce[8] WRITE_ONCE 0 "Write Once feature" {
        /// LOGICAL BLOCK SIZE in bytes.
        block_size: u32 = 0,
        /// BLOCKING: blocks that are written together.
        blocking: u16 = 4,
        /// PP: mode page 01h is there.
        page_present: bool = 6 & 0x01,
    }

    /// Restricted overwrite, feature 0026h (MMC-6 5.3; MMC-5 5.3.16).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_RESTRICTED_OVERWRITE")]
    RestrictedOverwrite[0] RESTRICTED_OVERWRITE 0 "Restricted Overwrite feature" {}

    /// CD-RW CAV write, feature 0027h (MMC-6 5.3; MMC-5 5.3.17).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_CDRW_CAV_WRITE")]
    CdRwCavWrite[4] CD_RW_CAV_WRITE 0 "CD-RW CAV Write feature" {}

    /// MRW, feature 0028h (MMC-6 5.3; MMC-5 5.3.18).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_MRW")]
    Mrw[4] MRW 1 "MRW feature" {
        /// DVD+ WRITE: writes DVD+MRW.
        dvd_plus_write: bool = 0 & 0x04,
        /// DVD+ READ: reads DVD+MRW.
        dvd_plus_read: bool = 0 & 0x02,
        /// WRITE: writes CD-MRW.
        cd_write: bool = 0 & 0x01,
    }

    /// DVD+RW, feature 002Ah (MMC-6 5.3; MMC-5 5.3.20).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_DVD_PLUS_RW")]
    DvdPlusRw[4] DVD_PLUS_RW 1 "DVD+RW feature" {
        /// WRITE: writes as well as reads.
        write: bool = 0 & 0x01,
        /// QUICK START: formats in the background.
        quick_start: bool = 1 & 0x02,
        /// CLOSE ONLY: stopping the format always closes the disc for readers.
        close_only: bool = 1 & 0x01,
    }

    /// DVD+R, feature 002Bh (MMC-6 5.3; MMC-5 5.3.21).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_DVD_PLUS_R")]
    DvdPlusR[4] DVD_PLUS_R 0 "DVD+R feature" {
        /// WRITE: writes as well as reads.
        write: bool = 0 & 0x01,
    }

    /// Rigid restricted overwrite, feature 002Ch (MMC-6 5.3; MMC-5 5.3.22).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_RIGID_RESTRICTED_OVERWRITE")]
    RigidRestrictedOverwrite[4] RIGID_RESTRICTED_OVERWRITE 0 "Rigid Restricted Overwrite feature" {
        /// DSDG: generates the defect status data.
        defect_status_generate: bool = 0 & 0x08,
        /// DSDR: reads the defect status data.
        defect_status_read: bool = 0 & 0x04,
        /// INTERMEDIATE: writes in intermediate state.
        intermediate: bool = 0 & 0x02,
        /// BLANK: BLANK works.
        blank: bool = 0 & 0x01,
    }

    /// CD track at once, feature 002Dh (MMC-6 5.3; MMC-5 5.3.23).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_CD_TRACK_AT_ONCE")]
    CdTrackAtOnce[4] CD_TRACK_AT_ONCE 2 "CD Track at Once feature" {
        /// BUF: buffer under-run protection.
        buffer_underrun_free: bool = 0 & 0x40,
        /// R-W RAW: raw sub-channel data.
        rw_raw: bool = 0 & 0x10,
        /// R-W PACK: packed sub-channel data.
        rw_pack: bool = 0 & 0x08,
        /// TEST WRITE.
        test_write: bool = 0 & 0x04,
        /// CD-RW: overwrites tracks of CD-RW.
        cd_rw: bool = 0 & 0x02,
        /// R-W SUB-CODE: sub-channel data with user data.
        rw_sub_code: bool = 0 & 0x01,
        /// DATA TYPE SUPPORTED: bit N stands for data block type N of mode page 05h.
        data_types: u16 = 2,
    }

    /// CD mastering, feature 002Eh (MMC-6 5.3; MMC-5 5.3.24).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_CD_MASTERING")]
    CdMastering[4] CD_MASTERING 1 "CD Mastering feature" {
        /// BUF: buffer under-run protection.
        buffer_underrun_free: bool = 0 & 0x40,
        /// SAO: session at once.
        session_at_once: bool = 0 & 0x20,
        /// RAW MS: raw with several sessions.
        raw_multi_session: bool = 0 & 0x10,
        /// RAW: raw.
        raw: bool = 0 & 0x08,
        /// TEST WRITE.
        test_write: bool = 0 & 0x04,
        /// CD-RW: overwrites.
        cd_rw: bool = 0 & 0x02,
        /// R-W: sub-channel data in the program area.
        rw: bool = 0 & 0x01,
        /// MAXIMUM CUE SHEET LENGTH in bytes.
        max_cue_sheet: U24 = 1,
    }

    /// DVD-R/-RW write, feature 002Fh (MMC-6 5.3; MMC-5 5.3.25).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_DVD_DASH_WRITE")]
    DvdDashWrite[4] DVD_DASH_WRITE 2 "DVD-R/-RW Write feature" {
        /// BUF: buffer under-run protection.
        buffer_underrun_free: bool = 0 & 0x40,
        /// RDL: writes DVD-R of two layers.
        dual_layer: bool = 0 & 0x08,
        /// TEST WRITE.
        test_write: bool = 0 & 0x04,
        /// DVD-RW SL: writes DVD-RW.
        dvd_rw: bool = 0 & 0x02,
    }

    /// CD-RW media write support, feature 0037h (MMC-6 5.3).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_CD_RW_MEDIA_WRITE_SUPPORT")]
    CdRwMediaWriteSupport[4] CD_RW_MEDIA_WRITE_SUPPORT 0 "CD-RW Media Write Support feature" {
        /// Bit N: writes CD-RW of sub-type N (0 standard, 1 high speed, 2 ultra speed, 3 ultra speed+).
        sub_types: u8 = 1,
    }

    /// BD-R pseudo-overwrite, feature 0038h (MMC-6 5.3).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_BD_PSEUDO_OVERWRITE")]
    BdPseudoOverwrite[4] BD_R_POW 0 "BD-R Pseudo-Overwrite feature" {}

    /// DVD+RW dual layer, feature 003Ah (MMC-6 5.3).
    DvdPlusRwDualLayer[4] DVD_PLUS_RW_DL 0 "DVD+RW Dual Layer feature" {
        /// WRITE: writes as well as reads.
        write: bool = 0 & 0x01,
        /// QUICK START: formats in the background.
        quick_start: bool = 1 & 0x02,
        /// CLOSE ONLY: stopping the format always closes the disc for readers.
        close_only: bool = 1 & 0x01,
    }

    /// DVD+R dual layer, feature 003Bh (MMC-6 5.3).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_DVD_PLUS_R_DUAL_LAYER")]
    DvdPlusRDualLayer[4] DVD_PLUS_R_DL 0 "DVD+R Dual Layer feature" {
        /// WRITE: writes as well as reads.
        write: bool = 0 & 0x01,
    }

    /// BD read, feature 0040h (MMC-6 5.3). In each map bit N stands for version N of the class.
    ///
    /// Recorders of two makers are known that send versions 0 to 7 in the first byte of a map, as if it were little-endian.
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_BD_READ")]
    BdRead[28] BD_READ 1 "BD Read feature" {
        /// BD-RE, class 0 (version 1 of BDs in cartridges).
        re_class_0: u16 = 4,
        /// BD-RE, class 1 (version 2 and on).
        re_class_1: u16 = 6,
        /// BD-RE, class 2.
        re_class_2: u16 = 8,
        /// BD-RE, class 3.
        re_class_3: u16 = 10,
        /// BD-R, class 0.
        r_class_0: u16 = 12,
        /// BD-R, class 1.
        r_class_1: u16 = 14,
        /// BD-R, class 2.
        r_class_2: u16 = 16,
        /// BD-R, class 3.
        r_class_3: u16 = 18,
        /// BD-ROM, class 0.
        rom_class_0: u16 = 20,
        /// BD-ROM, class 1.
        rom_class_1: u16 = 22,
        /// BD-ROM, class 2.
        rom_class_2: u16 = 24,
        /// BD-ROM, class 3.
        rom_class_3: u16 = 26,
    }

    /// BD write, feature 0041h (MMC-6 5.3). In each map bit N stands for version N of the class.
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_BD_WRITE")]
    BdWrite[20] BD_WRITE 1 "BD Write feature" {
        /// SVNR: WRITE (12) takes the verify not required bit.
        verify_not_required: bool = 0 & 0x01,
        /// BD-RE, class 0.
        re_class_0: u16 = 4,
        /// BD-RE, class 1.
        re_class_1: u16 = 6,
        /// BD-RE, class 2.
        re_class_2: u16 = 8,
        /// BD-RE, class 3.
        re_class_3: u16 = 10,
        /// BD-R, class 0.
        r_class_0: u16 = 12,
        /// BD-R, class 1.
        r_class_1: u16 = 14,
        /// BD-R, class 2.
        r_class_2: u16 = 16,
        /// BD-R, class 3.
        r_class_3: u16 = 18,
    }

    /// HD DVD read, feature 0050h (MMC-6 5.3).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_HD_DVD_READ")]
    HdDvdRead[4] HD_DVD_READ 0 "HD DVD Read feature" {
        /// Reads HD DVD-R.
        r: bool = 0 & 0x01,
        /// Reads HD DVD-RAM.
        ram: bool = 2 & 0x01,
    }

    /// HD DVD write, feature 0051h (MMC-6 5.3).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_HD_DVD_WRITE")]
    HdDvdWrite[4] HD_DVD_WRITE 0 "HD DVD Write feature" {
        /// Writes HD DVD-R.
        r: bool = 0 & 0x01,
        /// Writes HD DVD-RAM.
        ram: bool = 2 & 0x01,
    }

    /// Power management, feature 0100h (MMC-6 5.3).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_POWER_MANAGEMENT")]
    PowerManagement[0] POWER_MANAGEMENT 0 "Power Management feature" {}

    /// SMART, feature 0101h (MMC-6 5.3): failure prediction.
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_SMART")]
    Smart[4] SMART 0 "SMART feature" {
        /// PP: mode page 1Ch is there.
        page_present: bool = 0 & 0x01,
    }

    /// Embedded changer, feature 0102h (MMC-6 5.3).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_EMBEDDED_CHANGER")]
    EmbeddedChanger[4] EMBEDDED_CHANGER 0 "Embedded Changer feature" {
        /// SCC: changes the side of a disc.
        side_change: bool = 0 & 0x10,
        /// SDP: reports which slots hold discs.
        disc_present: bool = 0 & 0x04,
        /// HIGHEST SLOT NUMBER, 0-31.
        highest_slot: u8 = 3 & 0x1F,
    }

    /// Microcode upgrade, feature 0104h (MMC-6 5.3).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_MICROCODE_UPDATE")]
    MicrocodeUpgrade[4] MICROCODE_UPGRADE 1 "Microcode Upgrade feature" {
        /// M5: READ BUFFER and WRITE BUFFER as MMC-5 has them.
        validate_5_modes: bool = 0 & 0x01,
    }

    /// Timeout, feature 0105h (MMC-6 5.3).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_TIMEOUT")]
    Timeout[4] TIMEOUT 1 "Timeout feature" {
        /// GROUP 3: limits by length of the transfer.
        group_3: bool = 0 & 0x01,
        /// UNIT LENGTH of group 3 in bytes.
        unit_length: u16 = 2,
    }

    /// Real-time streaming, feature 0107h (MMC-6 5.3).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_REAL_TIME_STREAMING")]
    RealTimeStreaming[4] REAL_TIME_STREAMING 5 "Real-Time Streaming feature" {
        /// SMP: SET READ AHEAD works.
        set_read_ahead: bool = 0 & 0x20,
        /// RBCB: READ BUFFER CAPACITY counts blocks.
        buffer_capacity_blocks: bool = 0 & 0x10,
        /// SCS: SET CD SPEED works.
        set_cd_speed: bool = 0 & 0x08,
        /// MP2A: mode page 2Ah has write speed descriptors.
        page_2a: bool = 0 & 0x04,
        /// WSPD: GET PERFORMANCE type 3 and the write part of SET STREAMING work.
        write_speed: bool = 0 & 0x02,
        /// SW: streams while writing.
        stream_writing: bool = 0 & 0x01,
    }

    /// Media serial number, feature 0109h (MMC-6 5.3).
    #[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_MEDIA_SERIAL_NUMBER")]
    MediaSerialNumber[0] MEDIA_SERIAL_NUMBER 0 "Media Serial Number feature" {}
}
