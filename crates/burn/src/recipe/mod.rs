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
use glassmaster_mmc::cmd::{
    CloseFunction, Configuration, FormatCapacities, FormatHeader, FormatParameters, FormatType, FormatUnit,
    FormattableCapacity,
};
use glassmaster_mmc::feature::{
    CdMastering, CdTrackAtOnce, DvdDashWrite, FeatureData, Formattable, IncrementalStreamingWritable,
    RigidRestrictedOverwrite,
};
use glassmaster_mmc::{Profile, U24};
use glassmaster_recorder::{MediaState, Medium, Repeat};

use crate::engine::Target;
use crate::error::{Error, ErrorKind};
use crate::job::{Job, keep_loss};
use crate::journal::Left;
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

    /// After a format, where no data follows: ends what of it still runs.
    fn end_format(&mut self, _job: &mut Job<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// Whether the recording is one from its first block to its last, which nobody can go on with. Known once the write
    /// parameters are set.
    fn is_at_once(&self) -> bool {
        false
    }

    /// Write parameters, and what else the drive has to know before the laser is calibrated. May move the target, but
    /// not enlarge it.
    fn initialise(&mut self, _job: &mut Job<'_>, _medium: &Medium, target: Target) -> Result<Target, Error> {
        Ok(target)
    }

    /// Whether the laser is calibrated on request (MMC-6 6.38, SEND OPC INFORMATION).
    fn calibrates(&self) -> bool {
        false
    }

    /// The plan of a recording in one go: the last thing before the first WRITE, since drives may forget it when
    /// another command comes between. May move the target, but not enlarge it.
    fn announce(&mut self, _job: &mut Job<'_>, _medium: &Medium, target: Target) -> Result<Target, Error> {
        Ok(target)
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
        MediaType::DVD_RW => Box::new(dvd_rw::DvdRw::new(medium, sectors)),
        MediaType::DVD_RAM => Box::new(dvd_ram::DvdRam::new(sectors)),
        MediaType::DVD_PLUS_R => Box::new(dvd_plus_r::DvdPlusR::new(medium, options, sectors)),
        MediaType::DVD_PLUS_R_DL => Box::new(dvd_plus_r_dl::DvdPlusRDl::new(medium, options)),
        MediaType::DVD_PLUS_RW | MediaType::DVD_PLUS_RW_DL => Box::new(dvd_plus_rw::DvdPlusRw::new(options)),
        MediaType::BD_R => Box::new(bd_r::BdR::new(medium, options, sectors)),
        MediaType::BD_RE => Box::new(bd_re::BdRe::new(options, sectors, supports)),
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
    /// Incremental Streaming Writable (0021h) is current: the medium takes another write type than disc at once. A
    /// DVD-RW that was blanked minimally does not.
    pub(crate) incremental: bool,
    /// Link size for incremental recording, in blocks: 16, else the first that the drive has.
    pub(crate) link_size: Option<u8>,
    /// Formattable (0023h) has QCert: the drive formats BD-RE with a quick certification.
    pub(crate) quick_certification: bool,
}

impl Supports {
    /// What the drive says of itself; features are current only while the medium is ready.
    pub(crate) fn of(configuration: &Configuration) -> Self {
        let current = |code| configuration.is_current(code);
        let streaming = configuration.feature::<IncrementalStreamingWritable>();
        let link_sizes = streaming.map(|f| f.link_sizes).unwrap_or_default();
        Self {
            session_at_once: configuration
                .feature::<CdMastering>()
                .filter(|f| f.session_at_once && current(CdMastering::CODE)),
            track_at_once: configuration.feature::<CdTrackAtOnce>().filter(|_| current(CdTrackAtOnce::CODE)),
            dash: configuration.feature::<DvdDashWrite>().filter(|_| current(DvdDashWrite::CODE)),
            restricted_overwrite: configuration.feature::<RigidRestrictedOverwrite>().is_some(),
            incremental: current(IncrementalStreamingWritable::CODE),
            link_size: link_sizes.iter().copied().find(|n| *n == 16).or(link_sizes.first().copied()),
            quick_certification: configuration
                .feature::<Formattable>()
                .is_some_and(|f| f.quick_certification),
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
            // Disc at once reserves for good, and it is all that is left after a minimal blank.
            MediaType::DVD_R | MediaType::DVD_R_DL => {
                self.incremental && self.dash.is_some_and(|f| f.test_write)
            }
            MediaType::DVD_RW => {
                medium.profile == Profile::DVD_RW_SEQUENTIAL
                    && self.incremental
                    && self.dash.is_some_and(|f| f.test_write)
            }
            _ => false,
        }
    }
}

/// Bytes of a block of DVD and BD.
const BLOCK_BYTES: u16 = 2048;

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
    close_track(job, track)?;
    job.close_or_fail(function, 0)
}

/// Closes the open track, unless that was done before the write broke off that is gone on with.
fn close_track(job: &mut Job<'_>, track: u16) -> Result<(), Error> {
    match &job.keeper {
        Some(keeper) if keeper.left != Left::Data => Ok(()),
        _ => job.close_or_fail(CloseFunction::TRACK, track),
    }
}

/// What becomes of a disc whose recording in one go did not come to its end.
fn unfinished(erasable: bool) -> String {
    let until = if erasable { " until it is erased" } else { "" };
    format!("its recording in one go is unfinished: the disc cannot be used{until}")
}

/// Number of the track that a write to `medium` fills.
fn open_track_number(medium: &Medium) -> u16 {
    let last = medium.disc.as_ref().map_or(1, |d| d.last_track_in_last_session.max(1));
    medium.open_track.map(|t| t.track).filter(|t| !matches!(t, 0 | 0xFF)).unwrap_or(last)
}

/// Of the formats on offer the first of the first type that is there and has room for `sectors`; where none has so much,
/// the largest of the first type that is there at all. Drives list their usual size first, larger and smaller ones
/// behind it (MMC-6 6.23, formattable capacity descriptors).
fn choose_format(
    job: &mut Job<'_>,
    types: &[FormatType],
    sectors: u64,
    feature: &'static str,
) -> Result<FormattableCapacity, Error> {
    let offered = format_capacities(job)?.formattable;
    pick_format(&offered, types, sectors).ok_or_else(|| {
        job.fail(ErrorKind::Device(glassmaster_recorder::Error::NoFeature { feature, elsewhere: true }))
    })
}

fn pick_format(
    offered: &[FormattableCapacity],
    types: &[FormatType],
    sectors: u64,
) -> Option<FormattableCapacity> {
    let of = |kind: FormatType| offered.iter().filter(move |f| f.kind == kind);
    let fitting = types.iter().find_map(|kind| of(*kind).find(|f| u64::from(f.blocks) >= sectors));
    fitting.or_else(|| types.iter().find_map(|kind| of(*kind).max_by_key(|f| f.blocks))).copied()
}

/// The parameter list for a format as the drive offered it.
fn as_offered(choice: FormattableCapacity) -> FormatParameters {
    // With type 00h the parameter is the block length; drives offer it with nothing, or with the clusters of its spare areas.
    let dependent = match choice.kind {
        FormatType::FULL => U24::from(BLOCK_BYTES),
        _ => choice.dependent,
    };
    FormatParameters { blocks: choice.blocks, kind: choice.kind, dependent, ..FormatParameters::default() }
}

/// [`format_unit`] with the first of these sub-types that the drive takes.
fn format_with_subtype(
    job: &mut Job<'_>,
    parameters: FormatParameters,
    subtypes: &[u8],
) -> Result<(), Error> {
    let Some((last, others)) = subtypes.split_last() else { return format_unit(job, parameters) };
    for subtype in others {
        match format_unit(job, FormatParameters { subtype: *subtype, ..parameters }) {
            Err(e) if matches!(e.kind(), ErrorKind::Device(refusal) if refusal.is_unsupported()) => {}
            other => return other,
        }
    }
    format_unit(job, FormatParameters { subtype: *last, ..parameters })
}

/// FORMAT UNIT with IMMED, and the wait until the medium can be written.
pub(crate) fn format_unit(job: &mut Job<'_>, parameters: FormatParameters) -> Result<(), Error> {
    // The options behind FOV belong to media with defect management; for the others all programs leave it clear.
    let options_valid = matches!(
        parameters.kind,
        FormatType::FULL | FormatType::BD_RE_WITH_SPARE | FormatType::BD_RE_WITHOUT_SPARE | FormatType::BD_R
    );
    let header = FormatHeader { options_valid, immediate: true, ..FormatHeader::default() };
    let list = FormatParameters { header, ..parameters }.to_bytes();
    let (recorder, limit) = (job.recorder, job.options.format_limit);
    let timeout = recorder.patience().long_command;
    let what = "formatting the medium";
    job.meter.event.of = 65536;
    // Another medium is not to be formatted in the place of the one that was looked at.
    let begun = job.wait(what, limit, true, &mut || {
        keep_loss(recorder.send(&FormatUnit::with_list(), &list, timeout, Repeat::Never))
    })?;
    job.check(begun)?;
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

    /// What a drive offers for a BD-RE of 25 GB: the usual size, and with type 30h the usual, smallest and largest.
    #[test]
    fn the_usual_format_is_taken_unless_the_data_needs_more() {
        let of = |kind, blocks| FormattableCapacity { kind, blocks, ..FormattableCapacity::default() };
        let (full, spare) = (FormatType::FULL, FormatType::BD_RE_WITH_SPARE);
        let offered =
            [of(full, 11_826_176), of(spare, 11_826_176), of(spare, 5_796_864), of(spare, 12_088_320)];
        let pick = |types: &[_], sectors| pick_format(&offered, types, sectors).map(|f| (f.kind, f.blocks));
        assert_eq!(pick(&[full, spare], 1000), Some((full, 11_826_176)));
        assert_eq!(pick(&[spare], 1000), Some((spare, 11_826_176)));
        assert_eq!(pick(&[full, spare], 12_000_000), Some((spare, 12_088_320)));
        assert_eq!(pick(&[full, spare], u64::MAX), Some((full, 11_826_176)));
        assert_eq!(pick(&[spare, full], u64::MAX), Some((spare, 12_088_320)));
        assert_eq!(pick(&[FormatType::DVD_RW_QUICK], 0), None);
        assert_eq!(pick_format(&[], &[full], 0), None);
    }
}
