//! Write speeds, in sectors per second as IMAPI counts them.

use glassmaster_disc::{Lba, MediaType};
use glassmaster_mmc::cmd::{
    GetPerformance, PageControl, Performance, PerformanceDescriptor, Rotation, SetCdSpeed, SetStreaming,
    WriteRotation,
};
use glassmaster_mmc::page::{Capabilities, PageData};
use glassmaster_scsi::SenseKey;

use crate::command::Repeat;
use crate::{DiscRecorder, Error, HResult};

/// Sectors a second of a CD at 1x.
#[doc(alias = "IMAPI_SECTORS_PER_SECOND_AT_1X_CD")]
pub const CD_1X: u32 = 75;
/// Sectors a second of a DVD at 1x, as IMAPI counts; the books have 676.3.
#[doc(alias = "IMAPI_SECTORS_PER_SECOND_AT_1X_DVD")]
pub const DVD_1X: u32 = 680;
/// Sectors a second of a BD at 1x.
#[doc(alias = "IMAPI_SECTORS_PER_SECOND_AT_1X_BD")]
pub const BD_1X: u32 = 2195;
/// HD DVD at 1x as IMAPI has it: the number is one of 1000 bytes a second, not of sectors.
#[doc(alias = "IMAPI_SECTORS_PER_SECOND_AT_1X_HD_DVD")]
pub const HD_DVD_1X: u32 = 4568;

/// A speed that drive and medium allow.
#[doc(alias = "IWriteSpeedDescriptor")]
#[doc(alias = "MsftWriteSpeedDescriptor")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct WriteSpeed {
    /// Medium it is good for.
    #[doc(alias = "MediaType")]
    pub media: MediaType,
    /// Pure constant angular velocity. CLV, zoned CLV and partial CAV are all `false`.
    #[doc(alias = "RotationTypeIsPureCAV")]
    pub pure_cav: bool,
    /// Highest speed of this mode.
    #[doc(alias = "WriteSpeed")]
    pub sectors_per_second: u32,
    /// The same as the drive counts it: 1000 bytes per second.
    pub kilobytes_per_second: u32,
    /// Last block the figure holds for, where the drive names it; SET STREAMING wants it back.
    end: Option<Lba>,
    /// Read speed in 1000 bytes a second that belongs to it; SET STREAMING sets both.
    read: Option<u32>,
}

/// What became of a request for a speed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SpeedSetting {
    /// The speed that was set; `None` where the drive names none and was told to use its best, and where it takes none.
    pub speed: Option<WriteSpeed>,
    /// [`HResult::OK`], or which part of the request was replaced by the closest the drive has.
    pub result: HResult,
}

/// Read speed beside a write speed for which the drive names none, in 1000 bytes a second: faster than any disc, and far
/// from where the arithmetic of a drive could run over.
const MOST_READ: u32 = 0xFFFF;

/// Whether the drive does not take a speed, for whatever reason: it then writes with its own.
fn is_refused(error: &Error) -> bool {
    error.sense().is_some_and(|s| s.key == SenseKey::ILLEGAL_REQUEST)
}

/// Descriptors to ask for; drives list up to about 10.
const DESCRIPTORS: u16 = 32;

/// Bytes of a sector in the speed figures of a medium: CD counts raw sectors.
fn speed_bytes(media: MediaType) -> u64 {
    match media {
        MediaType::CD_ROM | MediaType::CD_R | MediaType::CD_RW => 2352,
        _ => 2048,
    }
}

/// Rounded to the nearest.
fn sectors_per_second(kilobytes: u32, media: MediaType) -> u32 {
    let bytes = speed_bytes(media);
    let sectors = (u64::from(kilobytes) * 1000 + bytes / 2) / bytes;
    u32::try_from(sectors).unwrap_or(u32::MAX)
}

/// Rounded up, so that a drive that rounds down to its own list arrives at the speed meant.
fn kilobytes_per_second(sectors: u32, media: MediaType) -> u32 {
    u32::try_from((u64::from(sectors) * speed_bytes(media)).div_ceil(1000)).unwrap_or(u32::MAX)
}

/// The speed closest to the request, and how the request was adjusted.
fn choose(speeds: &[WriteSpeed], wanted: Option<u32>, pure_cav: bool) -> (Option<WriteSpeed>, HResult) {
    let same_rotation = || speeds.iter().filter(|s| s.pure_cav == pure_cav);
    let candidates: Vec<&WriteSpeed> = match wanted {
        None if same_rotation().next().is_some() => same_rotation().collect(),
        None => speeds.iter().collect(),
        Some(wanted) => {
            let distance = |s: &&WriteSpeed| s.sectors_per_second.abs_diff(wanted);
            let best = speeds.iter().map(|s| distance(&s)).min();
            speeds.iter().filter(|s| Some(distance(s)) == best).collect()
        }
    };
    let chosen =
        candidates.iter().max_by_key(|s| (s.pure_cav == pure_cav, s.sectors_per_second)).map(|s| **s);
    let result = match chosen {
        None => HResult::OK,
        Some(s) => {
            let speed_differs = wanted.is_some_and(|w| w != s.sectors_per_second);
            match (speed_differs, s.pure_cav != pure_cav) {
                (false, false) => HResult::OK,
                (true, false) => HResult::SPEED_ADJUSTED,
                (false, true) => HResult::ROTATION_ADJUSTED,
                (true, true) => HResult::BOTH_ADJUSTED,
            }
        }
    };
    (chosen, result)
}

impl DiscRecorder {
    /// Speeds for the medium in the drive, fastest first, each once: GET PERFORMANCE type 03h, and where the drive
    /// lacks it the table of mode page 2Ah. Empty where it tells neither.
    ///
    /// # Errors
    /// What the drive says, such as 2/3A/xx without a medium.
    #[doc(alias = "SupportedWriteSpeedDescriptors")]
    #[doc(alias = "SupportedWriteSpeeds")]
    pub fn write_speeds(&self) -> Result<Vec<WriteSpeed>, Error> {
        let media = self.media_type()?;
        let speed = |kilobytes, pure_cav| WriteSpeed {
            media,
            pure_cav,
            sectors_per_second: sectors_per_second(kilobytes, media),
            kilobytes_per_second: kilobytes,
            end: None,
            read: None,
        };
        let mut speeds: Vec<WriteSpeed> = match self.query(&GetPerformance::write_speeds(DESCRIPTORS)) {
            Ok(Performance::WriteSpeeds(list)) => list
                .iter()
                .map(|d| WriteSpeed {
                    end: Some(d.end).filter(|e| e.0 > 0),
                    read: Some(d.read_speed).filter(|r| *r > 0),
                    ..speed(d.write_speed, d.rotation == WriteRotation::CAV)
                })
                .collect(),
            Ok(_) => Vec::new(),
            Err(e) if e.is_unsupported() => Vec::new(),
            Err(e) => return Err(e),
        };
        if speeds.is_empty() {
            match self.mode_page(Capabilities::CODE, PageControl::Current) {
                Ok(page) => {
                    // A page too short for its own table tells no speeds; that is not worth an error here.
                    let table = page.decode::<Capabilities>().map(|c| c.write_speeds).unwrap_or_default();
                    speeds = table
                        .iter()
                        .map(|d| speed(u32::from(d.speed), d.rotation == Rotation::CAV))
                        .collect();
                }
                Err(e) if e.is_unsupported() || matches!(e, Error::Answer { .. }) => {}
                Err(e) => return Err(e),
            }
        }
        speeds.retain(|s| s.kilobytes_per_second != 0);
        speeds.sort_by_key(|s| (std::cmp::Reverse(s.sectors_per_second), s.pure_cav));
        speeds.dedup_by_key(|s| (s.sectors_per_second, s.pure_cav));
        Ok(speeds)
    }

    /// Sets the write speed: `None` for the fastest, otherwise the closest that the drive has. SET STREAMING on DVD and
    /// BD, with the numbers that the drive itself named; SET CD SPEED on CD, and where the drive refuses SET STREAMING or
    /// does not say how far a speed reaches. The guard gives the drive its default back.
    ///
    /// # Errors
    /// What the drive says. A drive that refuses both commands keeps its own speed; that is no error, and what was asked for
    /// counts as replaced.
    #[doc(alias = "SetWriteSpeed")]
    pub fn set_write_speed(
        &self,
        sectors_per_second: Option<u32>,
        pure_cav: bool,
    ) -> Result<(SpeedSetting, RestoreSpeed), Error> {
        let media = self.media_type()?;
        let asked_cav = pure_cav;
        let (speed, result) = choose(&self.write_speeds()?, sectors_per_second, pure_cav);
        let kilobytes = match (speed, sectors_per_second) {
            (Some(s), _) => Some(s.kilobytes_per_second),
            (None, Some(wanted)) => Some(kilobytes_per_second(wanted, media)),
            (None, None) => None,
        };
        let pure_cav = speed.map_or(pure_cav, |s| s.pure_cav);
        let mut guard =
            RestoreSpeed { recorder: self.clone(), media, streaming: false, armed: true, yields: false };
        if speed_bytes(media) == 2048
            && let Some(kilobytes) = kilobytes
            && let Some((end, read)) = speed.and_then(|s| Some((s.end?, s.read)))
        {
            guard.streaming = true;
            let list = PerformanceDescriptor {
                rotation: if pure_cav { WriteRotation::CAV } else { WriteRotation::DEFAULT },
                start: Lba(0),
                end,
                read_size: read.unwrap_or(MOST_READ),
                read_time: 1000,
                write_size: kilobytes,
                write_time: 1000,
                ..PerformanceDescriptor::default()
            };
            match self.send(
                &SetStreaming::performance(),
                &list.to_bytes(),
                self.patience().command,
                Repeat::Freely,
            ) {
                Ok(()) => return Ok((SpeedSetting { speed, result }, guard)),
                Err(e) if is_refused(&e) => guard.streaming = false,
                Err(e) => return Err(e),
            }
        }
        let command = SetCdSpeed {
            rotation: if pure_cav { Rotation::CAV } else { Rotation::CLV },
            read_speed: SetCdSpeed::BEST,
            write_speed: kilobytes.and_then(|k| u16::try_from(k).ok()).unwrap_or(SetCdSpeed::BEST),
        };
        match self.send(&command, &[], self.patience().command, Repeat::Freely) {
            Ok(()) => {}
            Err(e) if is_refused(&e) => {
                guard.armed = false;
                // The drive writes as it likes: nothing is known of what was asked for.
                let result = match (sectors_per_second.is_some(), asked_cav) {
                    (false, false) => HResult::OK,
                    (true, false) => HResult::SPEED_ADJUSTED,
                    (false, true) => HResult::ROTATION_ADJUSTED,
                    (true, true) => HResult::BOTH_ADJUSTED,
                };
                return Ok((SpeedSetting { speed: None, result }, guard));
            }
            Err(e) => return Err(e),
        }
        Ok((SpeedSetting { speed, result }, guard))
    }
}

/// Gives the drive its default speed back when dropped.
#[derive(Debug)]
#[must_use = "the default speed comes back as soon as the guard is dropped"]
pub struct RestoreSpeed {
    recorder: DiscRecorder,
    media: MediaType,
    streaming: bool,
    armed: bool,
    /// Not while the drive is written or erased.
    yields: bool,
}

impl RestoreSpeed {
    /// The same, unless the drive is at work then ([`DiscRecorder::occupy`]): a write goes on at the speed it was begun with,
    /// and gives the default back itself.
    pub fn unless_occupied(mut self) -> Self {
        self.yields = true;
        self
    }

    /// Gives the default back now and says whether it worked.
    ///
    /// # Errors
    /// What the drive says.
    pub fn restore(mut self) -> Result<(), Error> {
        self.reset()
    }

    fn reset(&mut self) -> Result<(), Error> {
        if !self.armed {
            return Ok(());
        }
        self.armed = false;
        let occupied = if self.yields { self.recorder.occupy().map(Some) } else { Ok(None) };
        let Ok(_occupied) = occupied else { return Ok(()) };
        let limit = self.recorder.patience().command;
        if self.streaming {
            let list = PerformanceDescriptor { restore_defaults: true, ..PerformanceDescriptor::default() };
            self.recorder.send(&SetStreaming::performance(), &list.to_bytes(), limit, Repeat::Freely)
        } else if speed_bytes(self.media) == 2352 {
            let best = SetCdSpeed {
                rotation: Rotation::CLV,
                read_speed: SetCdSpeed::BEST,
                write_speed: SetCdSpeed::BEST,
            };
            self.recorder.send(&best, &[], limit, Repeat::Freely)
        } else {
            Ok(())
        }
    }
}

impl Drop for RestoreSpeed {
    fn drop(&mut self) {
        // There is nobody left to tell; who wants to know calls `restore`.
        let _ = self.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speed(sectors_per_second: u32, pure_cav: bool) -> WriteSpeed {
        WriteSpeed {
            media: MediaType::CD_R,
            pure_cav,
            sectors_per_second,
            kilobytes_per_second: 0,
            end: None,
            read: None,
        }
    }

    /// 706 kB/s is 300 sectors/s on CD (the contract's own example); 1385 kB/s is single speed of DVD, 676 sectors/s.
    #[test]
    fn kilobytes_become_sectors() {
        assert_eq!(sectors_per_second(706, MediaType::CD_R), 300);
        assert_eq!(sectors_per_second(176, MediaType::CD_R), 75);
        assert_eq!(sectors_per_second(1385, MediaType::DVD_PLUS_R), 676);
        assert_eq!(sectors_per_second(4496, MediaType::BD_R), 2195);
        assert_eq!(kilobytes_per_second(300, MediaType::CD_R), 706);
    }

    #[test]
    fn the_closest_speed_is_taken_and_the_adjustment_reported() {
        let list = [speed(3600, true), speed(1800, false), speed(600, false)];
        assert_eq!(choose(&list, None, false), (Some(list[1]), HResult::OK));
        assert_eq!(choose(&list, None, true), (Some(list[0]), HResult::OK));
        assert_eq!(choose(&list, Some(600), false), (Some(list[2]), HResult::OK));
        assert_eq!(choose(&list, Some(700), false), (Some(list[2]), HResult::SPEED_ADJUSTED));
        assert_eq!(choose(&list, Some(3600), false), (Some(list[0]), HResult::ROTATION_ADJUSTED));
        assert_eq!(choose(&list, Some(9000), false), (Some(list[0]), HResult::BOTH_ADJUSTED));
        assert_eq!(choose(&[], Some(9000), false), (None, HResult::OK));
    }
}
