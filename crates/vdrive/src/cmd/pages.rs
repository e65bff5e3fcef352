//! Mode pages of the drive (MMC-6 7): present, default and changeable values.

use glassmaster_mmc::cmd::Rotation;
use glassmaster_mmc::page::{
    Caching, Capabilities, DataBlockType, LoadingMechanism, ModePage, MultiSession, PageData,
    PowerConditionPage, ReadWriteErrorRecovery, TimeoutAndProtect, WriteParameters, WriteSpeed, WriteType,
};

use crate::drive::VirtualDrive;
use crate::medium::Speed;
use crate::pace::BUFFER;

/// Codes in the order in which MODE SENSE lists them.
pub(crate) const CODES: [u8; 6] = [0x01, 0x05, 0x08, 0x1A, 0x1D, 0x2A];

/// The pages a host can change.
pub(crate) struct Pages {
    pub(crate) recovery: ReadWriteErrorRecovery,
    pub(crate) write_parameters: WriteParameters,
    pub(crate) caching: Caching,
    pub(crate) power: PowerConditionPage,
    pub(crate) timeout: TimeoutAndProtect,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            recovery: ReadWriteErrorRecovery { read_retries: 32, write_retries: 1, ..Default::default() },
            write_parameters: WriteParameters {
                buffer_underrun_free: true,
                write_type: WriteType::TRACK_AT_ONCE,
                multi_session: MultiSession::NO_NEXT,
                track_mode: 4,
                data_block_type: DataBlockType::MODE_1,
                packet_size: 16,
                audio_pause: 150,
                ..Default::default()
            },
            caching: Caching { write_cache: true, read_cache_disable: false },
            power: PowerConditionPage::default(),
            timeout: TimeoutAndProtect { group1_timeout: 20, group2_timeout: 240, ..Default::default() },
        }
    }
}

impl Pages {
    /// A page as it stands; `None` for a code the drive has no changeable page of.
    pub(crate) fn get(&self, code: u8) -> Option<ModePage> {
        Some(match code {
            0x01 => ModePage::encode(&self.recovery, false),
            0x05 => ModePage::encode(&self.write_parameters, false),
            0x08 => ModePage::encode(&self.caching, false),
            0x1A => ModePage::encode(&self.power, false),
            0x1D => ModePage::encode(&self.timeout, false),
            _ => return None,
        })
    }

    /// Bits a host can change.
    pub(crate) fn changeable(code: u8) -> Vec<u8> {
        match code {
            0x01 => {
                // Error handling bits, retries; nothing is ever retried here, but hosts set them.
                let mut m = vec![0; 10];
                m[0] = 0x37;
                m[1] = 0xFF;
                m[6] = 0xFF;
                m
            }
            0x05 => {
                let mut m = vec![0xFF; 50];
                m[0] = 0x7F;
                m[2] = 0x0F;
                m[4] = 0;
                m[5] = 0x3F;
                m[7] = 0;
                m
            }
            0x08 => {
                let mut m = vec![0; 10];
                m[0] = 0x05;
                m
            }
            0x1A => {
                let mut m = vec![0xFF; 10];
                m[0] = 0;
                m[1] = 0x03;
                m
            }
            0x1D => vec![0, 0, 0x05, 0, 0xFF, 0xFF, 0xFF, 0xFF],
            _ => Vec::new(),
        }
    }
}

/// The capabilities page depends on the disc and cannot be changed.
pub(crate) fn capabilities(d: &VirtualDrive) -> ModePage {
    let kilobytes = |speed: u32| u16::try_from(speed).unwrap_or(u16::MAX);
    let facts = d.loaded().map(|disc| disc.rules().facts());
    let speeds = facts.map_or(&[][..], |f| f.write);
    let read = facts.map_or(0, |f| f.read.peak);
    let rotation = |speed: Option<Speed>| match speed {
        Some(s) if s.cav => Rotation::CAV,
        _ => Rotation::CLV,
    };
    let page = Capabilities {
        cd_r_read: true,
        cd_rw_read: true,
        dvd_rom_read: true,
        dvd_r_read: true,
        dvd_ram_read: true,
        cd_r_write: true,
        cd_rw_write: true,
        test_write: true,
        dvd_r_write: true,
        dvd_ram_write: true,
        mode_2_form_1: true,
        multi_session: true,
        buffer_underrun_free: true,
        lock: true,
        lock_state: d.prevent || d.persistent_prevent,
        eject: true,
        loading: LoadingMechanism::TRAY,
        max_read_speed: kilobytes(read),
        buffer_kib: u16::try_from(BUFFER / 1024).unwrap_or(u16::MAX),
        read_speed: kilobytes(d.read_setting().map_or(0, |s| s.peak)),
        max_write_speed: Some(kilobytes(speeds.first().map_or(0, |s| s.peak))),
        copy_management: Some(0),
        rotation: Some(rotation(d.write_setting())),
        write_speed: Some(kilobytes(d.current_write_speed())),
        write_speeds: speeds
            .iter()
            .map(|s| WriteSpeed { rotation: rotation(Some(*s)), speed: kilobytes(s.peak) })
            .collect(),
        ..Capabilities::default()
    };
    ModePage { saveable: false, code: Capabilities::CODE, subpage: None, data: page.to_data() }
}
