//! What each medium needs from blank to closed. `docs/cookbook.md` tells the same step by step.

mod bd_r;
mod bd_re;
mod cd_r;
mod disk;
mod dvd_plus_r;
mod dvd_plus_r_dl;
mod dvd_plus_rw;
mod dvd_r;
mod dvd_r_dl;
mod dvd_ram;
mod dvd_rw;
mod layer;

use glassmaster_disc::MediaType;
use glassmaster_mmc::Profile;
use glassmaster_mmc::cmd::{
    CloseFunction, Configuration, FormatCapacities, FormatHeader, FormatParameters, FormatUnit,
};
use glassmaster_mmc::feature::{
    CdMastering, CdTrackAtOnce, DvdDashWrite, FeatureData, RigidRestrictedOverwrite,
};
use glassmaster_recorder::{MediaState, Medium, Repeat};

use crate::engine::Target;
use crate::error::Error;
use crate::job::Job;
use crate::options::{DashWriteType, DataOptions};

/// In which state a write leaves the medium.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Closing {
    /// Its session is closed; another one may follow.
    Appendable,
    /// Closed for good.
    Final,
    /// Overwritable: there is nothing to close.
    Overwritable,
}

/// The steps of one medium, in the order in which they are called.
pub(crate) trait Recipe {
    /// In which state this write leaves the medium.
    fn closing(&self) -> Closing;

    /// Where `sectors` sectors go, padding and gaps included.
    fn target(&self, medium: &Medium, sectors: u64) -> Target;

    /// Free blocks that the drive uses for itself beside the sectors of the target.
    fn overhead(&self) -> u64 {
        0
    }

    /// Whether the medium has to be formatted before it takes data.
    fn needs_format(&self, _medium: &Medium) -> bool {
        false
    }

    /// Formats so far that data can be written.
    fn format(&mut self, _job: &mut Job<'_>, _medium: &Medium) -> Result<(), Error> {
        Ok(())
    }

    /// Write parameters, and what else the drive has to know before the laser goes on. May move the target, but not
    /// enlarge it.
    fn initialise(&mut self, _job: &mut Job<'_>, _medium: &Medium, target: Target) -> Result<Target, Error> {
        Ok(target)
    }

    /// Whether the laser is calibrated on request (MMC-6 6.38, SEND OPC INFORMATION).
    fn calibrates(&self) -> bool {
        false
    }

    /// Flushes and closes.
    fn finalise(&mut self, job: &mut Job<'_>) -> Result<(), Error>;

    /// After a cancel or a bad source: flushes, and closes what can be closed. Says in words what becomes of the disc.
    fn abandon(&mut self, job: &mut Job<'_>) -> Result<String, Error>;

    /// Puts settings of the drive back. Returns what went wrong with that.
    fn restore(&mut self) -> Option<String> {
        None
    }
}

/// The recipe of a medium; `None` for types that cannot be written.
pub(crate) fn for_medium(
    medium: &Medium,
    options: &DataOptions,
    sectors: u64,
    supports: &Supports,
) -> Option<Box<dyn Recipe>> {
    Some(match medium.kind {
        MediaType::CD_R | MediaType::CD_RW => Box::new(cd_r::CdR::new(medium, options, sectors, supports)),
        MediaType::DVD_R => Box::new(dvd_r::DvdR::new(medium, options, sectors, supports, false)),
        MediaType::DVD_R_DL => Box::new(dvd_r_dl::DvdRDl::new(medium, options, sectors, supports)),
        MediaType::DVD_RW if is_sequential_dvd_rw(medium, options, supports) => {
            Box::new(dvd_r::DvdR::new(medium, options, sectors, supports, false))
        }
        MediaType::DVD_RW => Box::new(dvd_rw::DvdRw),
        MediaType::DVD_RAM => Box::new(dvd_ram::DvdRam),
        MediaType::DVD_PLUS_R => Box::new(dvd_plus_r::DvdPlusR::new(medium, options, sectors)),
        MediaType::DVD_PLUS_R_DL => Box::new(dvd_plus_r_dl::DvdPlusRDl::new(medium, options)),
        MediaType::DVD_PLUS_RW | MediaType::DVD_PLUS_RW_DL => Box::new(dvd_plus_rw::DvdPlusRw::new(options)),
        MediaType::BD_R => Box::new(bd_r::BdR::new(medium, options, sectors)),
        MediaType::BD_RE => Box::new(bd_re::BdRe::new(options)),
        MediaType::DISK => Box::new(disk::Disk),
        _ => return None,
    })
}

/// Whether a DVD-RW is written as it is: because the caller wants that, it holds sessions, or the drive cannot format it.
/// A test must not format it either: restricted overwrite mode has no test write, and a format stays.
fn is_sequential_dvd_rw(medium: &Medium, options: &DataOptions, supports: &Supports) -> bool {
    medium.profile == Profile::DVD_RW_SEQUENTIAL
        && (options.dash_write_type != DashWriteType::Auto
            || options.test_write
            || !medium.state.contains(MediaState::BLANK)
            || !supports.restricted_overwrite)
}

/// Types with a recipe.
#[doc(alias = "SupportedMediaTypes")]
pub(crate) const MEDIA: [MediaType; 13] = [
    MediaType::CD_R,
    MediaType::CD_RW,
    MediaType::DVD_RAM,
    MediaType::DVD_PLUS_R,
    MediaType::DVD_PLUS_RW,
    MediaType::DVD_PLUS_R_DL,
    MediaType::DVD_R,
    MediaType::DVD_RW,
    MediaType::DVD_R_DL,
    MediaType::DISK,
    MediaType::DVD_PLUS_RW_DL,
    MediaType::BD_R,
    MediaType::BD_RE,
];

/// What of the drive's features the recipes ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Supports {
    /// CD Mastering (002Eh), where it is current and has SAO.
    pub(crate) session_at_once: Option<CdMastering>,
    /// CD Track at Once (002Dh), where it is current.
    pub(crate) track_at_once: Option<CdTrackAtOnce>,
    /// DVD-R/-RW Write (002Fh), where it is current.
    pub(crate) dash: Option<DvdDashWrite>,
    /// Rigid Restricted Overwrite (002Ch): the drive formats DVD-RW.
    pub(crate) restricted_overwrite: bool,
}

impl Supports {
    /// What the drive says of itself; features are current only while the medium is ready.
    pub(crate) fn of(configuration: &Configuration) -> Self {
        let current = |code| configuration.is_current(code);
        Self {
            session_at_once: configuration
                .feature::<CdMastering>()
                .filter(|f| f.session_at_once && current(CdMastering::CODE)),
            track_at_once: configuration.feature::<CdTrackAtOnce>().filter(|_| current(CdTrackAtOnce::CODE)),
            dash: configuration.feature::<DvdDashWrite>().filter(|_| current(DvdDashWrite::CODE)),
            restricted_overwrite: configuration.feature::<RigidRestrictedOverwrite>().is_some(),
        }
    }

    /// Whether the drive can go through a write to `medium` with the laser at read power (TEST WRITE of mode page 05h).
    pub(crate) fn tests(&self, medium: &Medium) -> bool {
        match medium.kind {
            MediaType::CD_R | MediaType::CD_RW => {
                self.session_at_once.is_none_or(|f| f.test_write)
                    && self.track_at_once.is_none_or(|f| f.test_write)
                    && (self.session_at_once.is_some() || self.track_at_once.is_some())
            }
            MediaType::DVD_R | MediaType::DVD_R_DL => self.dash.is_some_and(|f| f.test_write),
            // After a minimal blank only disc at once is left, which reserves for good.
            MediaType::DVD_RW => {
                medium.profile == Profile::DVD_RW_SEQUENTIAL
                    && !medium.state.contains(MediaState::FINAL_SESSION)
                    && self.dash.is_some_and(|f| f.test_write)
            }
            _ => false,
        }
    }
}

/// Zero sectors that fill the last unit.
fn padding(sectors: u64, unit: u32) -> u32 {
    let rest = sectors % u64::from(unit.max(1));
    u32::try_from(if rest == 0 { 0 } else { u64::from(unit) - rest }).unwrap_or(0)
}

/// Whether 2 % of the medium or less stay free after this write: then it is closed for good.
fn nearly_full(medium: &Medium, needed: u64) -> bool {
    medium.free.saturating_sub(needed).saturating_mul(50) <= medium.total
}

/// Closes the open track and then the session or the disc.
fn close_track_and(job: &mut Job<'_>, track: u16, function: CloseFunction) -> Result<(), Error> {
    job.close_or_fail(CloseFunction::TRACK, track)?;
    job.close_or_fail(function, 0)
}

/// Number of the track that a write to `medium` fills.
fn open_track_number(medium: &Medium) -> u16 {
    let last = medium.disc.as_ref().map_or(1, |d| d.last_track_in_last_session.max(1));
    medium.open_track.map(|t| t.track).filter(|t| !matches!(t, 0 | 0xFF)).unwrap_or(last)
}

/// FORMAT UNIT with IMMED, and the wait until the medium can be written.
pub(crate) fn format_unit(job: &mut Job<'_>, parameters: FormatParameters) -> Result<(), Error> {
    let header = FormatHeader { options_valid: true, immediate: true, ..FormatHeader::default() };
    let list = FormatParameters { header, ..parameters }.to_bytes();
    let (recorder, limit) = (job.recorder, job.options.format_limit);
    let timeout = recorder.patience().long_command;
    let what = "formatting the medium";
    job.meter.event.of = 65536;
    job.wait(what, limit, true, &mut || {
        recorder.send(&FormatUnit::with_list(), &list, timeout, Repeat::Never)
    })?;
    job.wait_idle(what, limit, true)
}

/// The formattable capacities of the medium.
pub(crate) fn format_capacities(job: &mut Job<'_>) -> Result<FormatCapacities, Error> {
    let answer = job.recorder.format_capacities();
    job.check(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_fills_the_unit_and_no_more() {
        for (sectors, unit, pad) in [(1, 16, 15), (16, 16, 0), (17, 32, 15), (5, 1, 0), (33, 32, 31)] {
            assert_eq!(padding(sectors, unit), pad);
        }
    }
}
