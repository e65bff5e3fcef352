//! The raw image of an audio disc: lead-in, program area and lead-out with all their subcode, planned by a creator and
//! rendered on demand (contract of IMAPI's raw CD image creator).

mod error;
mod stream;
mod track_info;

use std::fmt;
use std::sync::Arc;

use glassmaster_disc::Lba;
use glassmaster_disc::stream::ByteStream;

pub use error::RawImageError;
pub use stream::RawImage;
pub use track_info::{IndexAdded, TrackInfo};

use crate::mcn::Mcn;
use crate::sector::{RAW, SectorType};
use crate::session::{DiscType, LEAD_IN_START, LEAD_OUT_SECTORS, PROGRAM_START, START_FLAG_SECTORS, Session};
use crate::subcode::{SUBCODE, SubcodeForm};
use crate::toc::Toc;

/// Sectors of a track, at least: four seconds.
const SHORTEST_TRACK: u32 = 300;
/// Last place of the lead-out: 90 s before 89:59:74.
const LAST_LEAD_OUT: i32 = 398_100;
/// Last sector of a special pregap: a shortest track has room behind it.
const LAST_PREGAP: i32 = 397_799;
/// Number of the last track a disc can have.
const LAST_TRACK: u32 = 99;

/// What is between two tracks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum GapPolicy {
    /// Nothing: the last two seconds of a track carry the numbers of the next one's pause.
    #[default]
    Gapless,
    /// Two seconds of silence.
    Silence,
}

/// Puts tracks together to the raw image of an audio disc.
///
/// What the tracks' streams hold is read when the image is.
#[doc(alias = "IRawCDImageCreator")]
#[doc(alias = "MsftRawCDImageCreator")]
pub struct RawCdImageCreator {
    tracks: Vec<TrackInfo>,
    pregap: Option<(Arc<dyn ByteStream>, u32)>,
    rw: Option<Arc<dyn ByteStream>>,
    form: SubcodeForm,
    limit: i32,
    gaps: GapPolicy,
    mcn: Option<Mcn>,
    first: u8,
    made: bool,
}

impl Default for RawCdImageCreator {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RawCdImageCreator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawCdImageCreator")
            .field("tracks", &self.tracks)
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

/// Sectors of a stream of `size` bytes, `each` of them a sector.
fn whole_sectors(size: u64, each: usize, least: u32) -> Result<u32, RawImageError> {
    let each = u64::try_from(each).unwrap_or(u64::MAX);
    if !size.is_multiple_of(each) {
        return Err(RawImageError::Stream(format!("the stream has {size} bytes, no multiple of {each}")));
    }
    let sectors = u32::try_from(size / each).unwrap_or(u32::MAX);
    if sectors < least {
        return Err(RawImageError::Stream(format!(
            "the stream has {sectors} sectors, and {least} are the least"
        )));
    }
    Ok(sectors)
}

impl RawCdImageCreator {
    /// Without tracks.
    #[must_use]
    pub fn new() -> Self {
        Self {
            tracks: Vec::new(),
            pregap: None,
            rw: None,
            form: SubcodeForm::default(),
            limit: LAST_LEAD_OUT,
            gaps: GapPolicy::default(),
            mcn: None,
            first: 1,
            made: false,
        }
    }

    fn changeable(&self) -> Result<(), RawImageError> {
        if self.made { Err(RawImageError::ReadOnly) } else { Ok(()) }
    }

    fn before_tracks(&self) -> Result<(), RawImageError> {
        self.changeable()?;
        if self.tracks.is_empty() { Ok(()) } else { Err(RawImageError::TracksAlreadyAdded) }
    }

    /// Where the first track begins, or the sector behind the last one.
    fn end(&self) -> i32 {
        match self.tracks.last() {
            Some(last) => last.start.saturating_add_unsigned(last.sectors),
            None => PROGRAM_START.saturating_add_unsigned(
                self.pregap.as_ref().map_or(START_FLAG_SECTORS, |(_, sectors)| *sectors),
            ),
        }
    }

    fn room(&self, start: i32, sectors: u32) -> Result<(), RawImageError> {
        let lead_out = i64::from(start) + i64::from(sectors);
        let limit = self.limit.min(LAST_LEAD_OUT);
        if lead_out > i64::from(limit) {
            return Err(RawImageError::InsufficientSpace { lead_out, limit });
        }
        Ok(())
    }

    /// Adds a track and gives its index, 1 to 99; that is not its number when the disc begins with another number than 1.
    ///
    /// # Errors
    /// [`RawImageError::SectorType`] for anything but audio, [`RawImageError::TooManyTracks`],
    /// [`RawImageError::Stream`] below 300 sectors of 2352 bytes or with part of one,
    /// [`RawImageError::InsufficientSpace`], [`RawImageError::ReadOnly`]; [`RawImageError::IndexTooClose`] when
    /// without gaps an index of the track before begins where the pause of this one is to be.
    #[doc(alias = "AddTrack")]
    pub fn add_track(&mut self, kind: SectorType, data: Arc<dyn ByteStream>) -> Result<usize, RawImageError> {
        self.changeable()?;
        if kind != SectorType::Audio {
            return Err(RawImageError::SectorType(kind));
        }
        let index = self.tracks.len() + 1;
        let number =
            u32::from(self.first).saturating_add(u32::try_from(self.tracks.len()).unwrap_or(LAST_TRACK));
        let number = u8::try_from(number)
            .ok()
            .filter(|n| u32::from(*n) <= LAST_TRACK)
            .ok_or(RawImageError::TooManyTracks(number))?;
        let sectors = whole_sectors(data.size(), RAW, SHORTEST_TRACK)?;
        let silence = if self.gaps == GapPolicy::Silence && index > 1 { START_FLAG_SECTORS } else { 0 };
        let start = self.end().saturating_add_unsigned(silence);
        self.room(start, sectors)?;
        if let Some(last) = self.tracks.last_mut().filter(|_| self.gaps == GapPolicy::Gapless) {
            last.lend()?;
        }
        self.tracks.push(TrackInfo::new(data, start, sectors, number));
        Ok(index)
    }

    /// Sound for the pause before the first track, in place of two seconds of silence; players reach it by going back from the
    /// start. A second call replaces the first.
    ///
    /// # Errors
    /// [`RawImageError::TracksAlreadyAdded`]; [`RawImageError::Stream`] below 150 sectors of 2352 bytes or with part
    /// of one; [`RawImageError::InsufficientSpace`] when it ends behind block 397 799; [`RawImageError::ReadOnly`].
    #[doc(alias = "AddSpecialPregap")]
    pub fn add_special_pregap(&mut self, data: Arc<dyn ByteStream>) -> Result<(), RawImageError> {
        self.before_tracks()?;
        let sectors = whole_sectors(data.size(), RAW, START_FLAG_SECTORS)?;
        let last = i64::from(PROGRAM_START) + i64::from(sectors) - 1;
        if last > i64::from(LAST_PREGAP) {
            let lead_out = last + 1 + i64::from(SHORTEST_TRACK);
            return Err(RawImageError::InsufficientSpace { lead_out, limit: LAST_LEAD_OUT });
        }
        self.room(PROGRAM_START, sectors.saturating_add(SHORTEST_TRACK))?;
        self.pregap = Some((data, sectors));
        Ok(())
    }

    /// R to W for every sector of the image, 96 bytes each, in the form the image gets: packs as they are meant in a cooked
    /// one, spread in a raw one. The upper two bits of each byte have to be 0. The size is checked when the result is made.
    ///
    /// # Errors
    /// [`RawImageError::Argument`] when the image has P and Q only; [`RawImageError::ReadOnly`].
    #[doc(alias = "AddSubcodeRWGenerator")]
    pub fn add_subcode_rw_generator(&mut self, subcode: Arc<dyn ByteStream>) -> Result<(), RawImageError> {
        self.changeable()?;
        if self.form == SubcodeForm::PqOnly {
            return Err(RawImageError::Argument("an image with P and Q only has no place for R to W"));
        }
        self.rw = Some(subcode);
        Ok(())
    }

    /// Form of the subcode in the result, cooked at first.
    #[doc(alias = "ResultingImageType")]
    #[must_use]
    pub const fn resulting_image_type(&self) -> SubcodeForm {
        self.form
    }

    /// Sets the form of the subcode.
    ///
    /// # Errors
    /// [`RawImageError::Argument`] for P and Q only when there are R to W; [`RawImageError::ReadOnly`].
    pub fn set_resulting_image_type(&mut self, form: SubcodeForm) -> Result<(), RawImageError> {
        self.changeable()?;
        if form == SubcodeForm::PqOnly && self.rw.is_some() {
            return Err(RawImageError::Argument("an image with P and Q only has no place for R to W"));
        }
        self.form = form;
        Ok(())
    }

    /// Where the lead-out begins: behind the last track.
    ///
    /// # Errors
    /// [`RawImageError::NoTracks`].
    #[doc(alias = "StartOfLeadout")]
    pub fn start_of_leadout(&self) -> Result<Lba, RawImageError> {
        if self.tracks.is_empty() { Err(RawImageError::NoTracks) } else { Ok(Lba(self.end())) }
    }

    /// Last place for the lead-out, 398 100 at first: later it could not end before 90 minutes.
    #[doc(alias = "StartOfLeadoutLimit")]
    #[must_use]
    pub const fn start_of_leadout_limit(&self) -> Lba {
        Lba(self.limit)
    }

    /// Limits the image to what fits a medium.
    ///
    /// # Errors
    /// [`RawImageError::Argument`] below 1, [`RawImageError::InsufficientSpace`] when the tracks pass it already,
    /// [`RawImageError::ReadOnly`].
    pub fn set_start_of_leadout_limit(&mut self, limit: Lba) -> Result<(), RawImageError> {
        self.changeable()?;
        if limit.0 < 1 {
            return Err(RawImageError::Argument("the lead-out begins behind block 0"));
        }
        if !self.tracks.is_empty() && self.end() > limit.0 {
            return Err(RawImageError::InsufficientSpace { lead_out: i64::from(self.end()), limit: limit.0 });
        }
        self.limit = limit.0;
        Ok(())
    }

    /// What is between tracks.
    ///
    /// IMAPI's member is a flag whose name and whose page contradict each other. Here it is taken by its name: true is
    /// [`GapPolicy::Silence`], false, the default, [`GapPolicy::Gapless`].
    #[doc(alias = "DisableGaplessAudio")]
    #[must_use]
    pub const fn gap_policy(&self) -> GapPolicy {
        self.gaps
    }

    /// Sets what is between tracks.
    ///
    /// # Errors
    /// [`RawImageError::TracksAlreadyAdded`], [`RawImageError::ReadOnly`].
    pub fn set_gap_policy(&mut self, gaps: GapPolicy) -> Result<(), RawImageError> {
        self.before_tracks()?;
        self.gaps = gaps;
        Ok(())
    }

    /// Catalogue number of the disc; none at first.
    #[doc(alias = "MediaCatalogNumber")]
    #[must_use]
    pub const fn media_catalog_number(&self) -> Option<Mcn> {
        self.mcn
    }

    /// Sets the catalogue number: up to 13 digits, leading zeros may be left out; an empty text clears it.
    ///
    /// # Errors
    /// [`RawImageError::Mcn`], [`RawImageError::ReadOnly`].
    pub fn set_media_catalog_number(&mut self, text: &str) -> Result<(), RawImageError> {
        self.changeable()?;
        self.mcn = if text.is_empty() { None } else { Some(text.parse()?) };
        Ok(())
    }

    /// Number of the first track, 1 at first.
    #[doc(alias = "StartingTrackNumber")]
    #[must_use]
    pub const fn starting_track_number(&self) -> u8 {
        self.first
    }

    /// Sets the number of the first track.
    ///
    /// # Errors
    /// [`RawImageError::Argument`] outside 1 to 99, [`RawImageError::TracksAlreadyAdded`], [`RawImageError::ReadOnly`].
    pub fn set_starting_track_number(&mut self, number: u8) -> Result<(), RawImageError> {
        self.before_tracks()?;
        if !(1..=99).contains(&number) {
            return Err(RawImageError::Argument("tracks have the numbers 1 to 99"));
        }
        self.first = number;
        Ok(())
    }

    /// A track by the index [`RawCdImageCreator::add_track`] gave.
    ///
    /// # Errors
    /// [`RawImageError::Argument`] when there is none.
    #[doc(alias = "TrackInfo")]
    pub fn track_info(&self, index: usize) -> Result<&TrackInfo, RawImageError> {
        let at = index.checked_sub(1);
        at.and_then(|at| self.tracks.get(at))
            .ok_or(RawImageError::Argument("there is no track with this index"))
    }

    /// The same, to be changed.
    ///
    /// # Errors
    /// Also [`RawImageError::ReadOnly`].
    pub fn track_info_mut(&mut self, index: usize) -> Result<&mut TrackInfo, RawImageError> {
        self.changeable()?;
        let at = index.checked_sub(1);
        at.and_then(|at| self.tracks.get_mut(at))
            .ok_or(RawImageError::Argument("there is no track with this index"))
    }

    /// Tracks of the image.
    #[doc(alias = "NumberOfExistingTracks")]
    #[must_use]
    pub const fn number_of_existing_tracks(&self) -> usize {
        self.tracks.len()
    }

    /// Last sector that belongs to a track.
    ///
    /// # Errors
    /// [`RawImageError::NoTracks`].
    #[doc(alias = "LastUsedUserSectorInImage")]
    pub fn last_used_user_sector_in_image(&self) -> Result<Lba, RawImageError> {
        self.start_of_leadout().map(|Lba(lead_out)| Lba(lead_out - 1))
    }

    /// The table of contents as the disc will have it, in the form of READ TOC format 0.
    ///
    /// # Errors
    /// [`RawImageError::NoTracks`].
    #[doc(alias = "ExpectedTableOfContents")]
    pub fn expected_table_of_contents(&self) -> Result<Vec<u8>, RawImageError> {
        Ok(Toc::of(&self.session()?).to_bytes())
    }

    /// The plan so far.
    ///
    /// # Errors
    /// [`RawImageError::NoTracks`].
    pub fn session(&self) -> Result<Session, RawImageError> {
        let lead_out = self.start_of_leadout()?;
        let mut pause = PROGRAM_START;
        let mut tracks = Vec::with_capacity(self.tracks.len());
        for track in &self.tracks {
            tracks.push(track.plan(pause));
            let end = track.start.saturating_add_unsigned(track.sectors);
            // Without gaps the pause lies over the end of the track before.
            pause = end.saturating_sub_unsigned(track.lent);
        }
        Session::new(self.first, tracks, lead_out, self.mcn, DiscType::CdDa)
            .map_err(|e| RawImageError::Stream(e.to_string()))
    }

    /// Makes the image: from MSF 95:00:00 to the end of the lead-out. It can be made once; nothing can be changed
    /// afterwards.
    ///
    /// # Errors
    /// [`RawImageError::ReadOnly`], [`RawImageError::NoTracks`], [`RawImageError::Stream`] when the stream of R to W
    /// does not have the size of the image.
    #[doc(alias = "CreateResultImage")]
    pub fn create_result_image(&mut self) -> Result<RawImage, RawImageError> {
        self.changeable()?;
        let session = self.session()?;
        let sectors = session
            .lead_out()
            .0
            .checked_add(LEAD_OUT_SECTORS)
            .and_then(|end| end.checked_sub(LEAD_IN_START))
            .and_then(|sectors| u32::try_from(sectors).ok())
            .ok_or(RawImageError::Argument("the image is too long"))?;
        if let Some(rw) = &self.rw {
            let has = whole_sectors(rw.size(), SUBCODE, 0)?;
            if has != sectors {
                let text = format!("the stream of R to W has {has} sectors, and the image has {sectors}");
                return Err(RawImageError::Stream(text));
            }
        }
        let pregap = self.pregap.iter().map(|(data, sectors)| (PROGRAM_START, *sectors, Arc::clone(data)));
        let tracks = self.tracks.iter().map(|track| (track.start, track.sectors, Arc::clone(&track.data)));
        let image =
            RawImage::new(session, self.form, sectors, pregap.chain(tracks).collect(), self.rw.clone());
        self.made = true;
        Ok(image)
    }
}
