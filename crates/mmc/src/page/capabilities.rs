//! CD/DVD capabilities and mechanical status page 2Ah (MMC-3 6.3.11; legacy since, still what programs read).

use super::PageData;
use crate::bytes::{layout, open_code};
use crate::cmd::Rotation;
use crate::field::ResponseError;

open_code! {
    /// LOADING MECHANISM TYPE.
    LoadingMechanism {
        CADDY = 0, " Caddy.";
        TRAY = 1, " Tray.";
        POP_UP = 2, " Pop-up.";
        CHANGER = 4, " Changer with discs of their own.";
        MAGAZINE = 5, " Changer with a magazine.";
    }
}

layout! {
    struct Raw[30] "capabilities page" {
        dvd_ram_read: bool = 0 & 0x20,
        dvd_r_read: bool = 0 & 0x10,
        dvd_rom_read: bool = 0 & 0x08,
        method_2: bool = 0 & 0x04,
        cd_rw_read: bool = 0 & 0x02,
        cd_r_read: bool = 0 & 0x01,
        dvd_ram_write: bool = 1 & 0x20,
        dvd_r_write: bool = 1 & 0x10,
        test_write: bool = 1 & 0x04,
        cd_rw_write: bool = 1 & 0x02,
        cd_r_write: bool = 1 & 0x01,
        buffer_underrun_free: bool = 2 & 0x80,
        multi_session: bool = 2 & 0x40,
        mode_2_form_2: bool = 2 & 0x20,
        mode_2_form_1: bool = 2 & 0x10,
        audio_play: bool = 2 & 0x01,
        bar_code: bool = 3 & 0x80,
        upc: bool = 3 & 0x40,
        isrc: bool = 3 & 0x20,
        c2_pointers: bool = 3 & 0x10,
        rw_corrected: bool = 3 & 0x08,
        rw_supported: bool = 3 & 0x04,
        cd_da_accurate: bool = 3 & 0x02,
        cd_da: bool = 3 & 0x01,
        loading: LoadingMechanism = 4 & 0xE0,
        eject: bool = 4 & 0x08,
        prevent_jumper: bool = 4 & 0x04,
        lock_state: bool = 4 & 0x02,
        lock: bool = 4 & 0x01,
        rw_in_lead_in: bool = 5 & 0x20,
        side_change: bool = 5 & 0x10,
        slot_selection: bool = 5 & 0x08,
        disc_present: bool = 5 & 0x04,
        separate_mute: bool = 5 & 0x02,
        separate_volume: bool = 5 & 0x01,
        max_read_speed: u16 = 6,
        volume_levels: u16 = 8,
        buffer_kib: u16 = 10,
        read_speed: u16 = 12,
        max_write_speed: Option<u16> = 16,
        old_write_speed: Option<u16> = 18,
        copy_management: Option<u16> = 20,
        rotation: Option<Rotation> = 25 & 0x03,
        write_speed: Option<u16> = 26,
        descriptors: Option<u16> = 28,
    }
}

layout! {
    /// Logical unit write speed performance descriptor.
    pub struct WriteSpeed[4] "write speed performance descriptor" {
        /// ROTATION CONTROL.
        rotation: Rotation = 1 & 0x07,
        /// WRITE SPEED SUPPORTED in kB/s (1000 bytes).
        speed: u16 = 2,
    }
}

/// What the drive can do, in the words of the time before features.
#[doc(alias = "IMAPI_MODE_PAGE_TYPE_LEGACY_CAPABILITIES")]
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct Capabilities {
    /// Reads CD-R.
    pub cd_r_read: bool,
    /// Reads CD-RW.
    pub cd_rw_read: bool,
    /// Reads fixed packets with addressing method 2.
    pub method_2: bool,
    /// Reads DVD-ROM.
    pub dvd_rom_read: bool,
    /// Reads DVD-R.
    pub dvd_r_read: bool,
    /// Reads DVD-RAM.
    pub dvd_ram_read: bool,
    /// Writes CD-R.
    pub cd_r_write: bool,
    /// Writes CD-RW.
    pub cd_rw_write: bool,
    /// Can write with the laser at read power.
    pub test_write: bool,
    /// Writes DVD-R.
    pub dvd_r_write: bool,
    /// Writes DVD-RAM.
    pub dvd_ram_write: bool,
    /// Plays audio.
    pub audio_play: bool,
    /// Reads mode 2 form 1.
    pub mode_2_form_1: bool,
    /// Reads mode 2 form 2.
    pub mode_2_form_2: bool,
    /// Reads discs of several sessions.
    pub multi_session: bool,
    /// BUF: buffer under-run protection.
    pub buffer_underrun_free: bool,
    /// READ CD works on audio.
    pub cd_da: bool,
    /// ... and finds its place again after an interruption.
    pub cd_da_accurate: bool,
    /// Returns R-W.
    pub rw_supported: bool,
    /// ... de-interleaved and corrected.
    pub rw_corrected: bool,
    /// Returns C2 error pointers.
    pub c2_pointers: bool,
    /// Reads ISRC.
    pub isrc: bool,
    /// Reads the catalogue number.
    pub upc: bool,
    /// Reads the bar code.
    pub bar_code: bool,
    /// PREVENT ALLOW MEDIUM REMOVAL works.
    pub lock: bool,
    /// The tray is locked now.
    pub lock_state: bool,
    /// A jumper makes the drive power up locked.
    pub prevent_jumper: bool,
    /// Ejects on command.
    pub eject: bool,
    /// LOADING MECHANISM TYPE.
    pub loading: LoadingMechanism,
    /// Reads both sides.
    pub side_change: bool,
    /// SSS: LOAD/UNLOAD MEDIUM selects a slot without loading from it.
    pub slot_selection: bool,
    /// SDP: the changer knows which slots hold discs.
    pub disc_present: bool,
    /// Each audio channel can be muted alone.
    pub separate_mute: bool,
    /// Each audio channel has a volume of its own.
    pub separate_volume: bool,
    /// Reads R-W in the lead-in.
    pub rw_in_lead_in: bool,
    /// MAXIMUM READ SPEED in kB/s; obsolete, may be 0.
    pub max_read_speed: u16,
    /// NUMBER OF VOLUME LEVELS.
    pub volume_levels: u16,
    /// BUFFER SIZE in KiB.
    pub buffer_kib: u16,
    /// CURRENT READ SPEED in kB/s; obsolete, may be 0.
    pub read_speed: u16,
    /// MAXIMUM WRITE SPEED in kB/s; obsolete; `None` in pages that end before it.
    pub max_write_speed: Option<u16>,
    /// COPY MANAGEMENT REVISION.
    pub copy_management: Option<u16>,
    /// ROTATION CONTROL SELECTED.
    pub rotation: Option<Rotation>,
    /// CURRENT WRITE SPEED SELECTED in kB/s, in the place of MMC-3; older pages have it at byte 20.
    pub write_speed: Option<u16>,
    /// Write speeds for the present medium, the fastest first.
    pub write_speeds: Vec<WriteSpeed>,
}

impl PageData for Capabilities {
    const CODE: u8 = 0x2A;

    fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        let raw = Raw::read(data)?;
        let table = data.get(Raw::LEN..).unwrap_or(&[]);
        let write_speeds = table
            .chunks_exact(4)
            .take(raw.descriptors.unwrap_or(0).into())
            .map(WriteSpeed::read)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            cd_r_read: raw.cd_r_read,
            cd_rw_read: raw.cd_rw_read,
            method_2: raw.method_2,
            dvd_rom_read: raw.dvd_rom_read,
            dvd_r_read: raw.dvd_r_read,
            dvd_ram_read: raw.dvd_ram_read,
            cd_r_write: raw.cd_r_write,
            cd_rw_write: raw.cd_rw_write,
            test_write: raw.test_write,
            dvd_r_write: raw.dvd_r_write,
            dvd_ram_write: raw.dvd_ram_write,
            audio_play: raw.audio_play,
            mode_2_form_1: raw.mode_2_form_1,
            mode_2_form_2: raw.mode_2_form_2,
            multi_session: raw.multi_session,
            buffer_underrun_free: raw.buffer_underrun_free,
            cd_da: raw.cd_da,
            cd_da_accurate: raw.cd_da_accurate,
            rw_supported: raw.rw_supported,
            rw_corrected: raw.rw_corrected,
            c2_pointers: raw.c2_pointers,
            isrc: raw.isrc,
            upc: raw.upc,
            bar_code: raw.bar_code,
            lock: raw.lock,
            lock_state: raw.lock_state,
            prevent_jumper: raw.prevent_jumper,
            eject: raw.eject,
            loading: raw.loading,
            side_change: raw.side_change,
            slot_selection: raw.slot_selection,
            disc_present: raw.disc_present,
            separate_mute: raw.separate_mute,
            separate_volume: raw.separate_volume,
            rw_in_lead_in: raw.rw_in_lead_in,
            max_read_speed: raw.max_read_speed,
            volume_levels: raw.volume_levels,
            buffer_kib: raw.buffer_kib,
            read_speed: raw.read_speed,
            max_write_speed: raw.max_write_speed,
            copy_management: raw.copy_management,
            rotation: raw.rotation,
            write_speed: raw.write_speed.or(raw.old_write_speed),
            write_speeds,
        })
    }

    /// The form of MMC-3: 30 bytes and 4 for each write speed, of which the page can count 56.
    fn to_data(&self) -> Vec<u8> {
        let speeds = self.write_speeds.iter().take(56);
        let raw = Raw {
            dvd_ram_read: self.dvd_ram_read,
            dvd_r_read: self.dvd_r_read,
            dvd_rom_read: self.dvd_rom_read,
            method_2: self.method_2,
            cd_rw_read: self.cd_rw_read,
            cd_r_read: self.cd_r_read,
            dvd_ram_write: self.dvd_ram_write,
            dvd_r_write: self.dvd_r_write,
            test_write: self.test_write,
            cd_rw_write: self.cd_rw_write,
            cd_r_write: self.cd_r_write,
            buffer_underrun_free: self.buffer_underrun_free,
            multi_session: self.multi_session,
            mode_2_form_2: self.mode_2_form_2,
            mode_2_form_1: self.mode_2_form_1,
            audio_play: self.audio_play,
            bar_code: self.bar_code,
            upc: self.upc,
            isrc: self.isrc,
            c2_pointers: self.c2_pointers,
            rw_corrected: self.rw_corrected,
            rw_supported: self.rw_supported,
            cd_da_accurate: self.cd_da_accurate,
            cd_da: self.cd_da,
            loading: self.loading,
            eject: self.eject,
            prevent_jumper: self.prevent_jumper,
            lock_state: self.lock_state,
            lock: self.lock,
            rw_in_lead_in: self.rw_in_lead_in,
            side_change: self.side_change,
            slot_selection: self.slot_selection,
            disc_present: self.disc_present,
            separate_mute: self.separate_mute,
            separate_volume: self.separate_volume,
            max_read_speed: self.max_read_speed,
            volume_levels: self.volume_levels,
            buffer_kib: self.buffer_kib,
            read_speed: self.read_speed,
            max_write_speed: self.max_write_speed,
            old_write_speed: self.write_speed,
            copy_management: self.copy_management,
            rotation: self.rotation,
            write_speed: self.write_speed,
            descriptors: u16::try_from(speeds.len()).ok(),
        };
        let mut out = raw.write().to_vec();
        speeds.for_each(|speed| out.extend_from_slice(&speed.write()));
        out
    }
}
