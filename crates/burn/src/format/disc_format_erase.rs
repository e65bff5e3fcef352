//! The object that holds the settings of erasing.

use std::sync::{Mutex, MutexGuard, PoisonError};

use glassmaster_disc::MediaType;
use glassmaster_recorder::{DiscRecorder, check_client_name};

use super::disc_format_data::{heuristically_blank, physically_blank};
use super::erase::{DiscErase, ERASABLE, EraseEvent, EraseOptions, EraseReport};
use super::error::FormatError;
use crate::cancel::CancelHandle;

#[derive(Debug)]
struct State {
    recorder: Option<DiscRecorder>,
    options: EraseOptions,
    erasing: bool,
}

/// Erases rewritable media, with IMAPI's properties, defaults and rules.
///
/// There is no cancel: a drive that erases cannot be stopped. Settings cannot be changed meanwhile.
#[doc(alias = "IDiscFormat2Erase")]
#[doc(alias = "MsftDiscFormat2Erase")]
#[doc(alias = "IDiscFormat2")]
#[derive(Debug)]
pub struct DiscFormatErase {
    state: Mutex<State>,
}

impl Default for DiscFormatErase {
    fn default() -> Self {
        Self::new()
    }
}

impl DiscFormatErase {
    /// Without recorder and name of the owner; quick.
    #[must_use]
    pub fn new() -> Self {
        let options = EraseOptions { client_name: String::new(), ..EraseOptions::default() };
        Self { state: Mutex::new(State { recorder: None, options, erasing: false }) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> Result<MutexGuard<'_, State>, FormatError> {
        let state = self.lock();
        if state.erasing { Err(FormatError::EraseInProgress) } else { Ok(state) }
    }

    /// Types of media that this implementation erases, whatever the recorder.
    #[doc(alias = "SupportedMediaTypes")]
    #[must_use]
    pub fn supported_media_types() -> &'static [MediaType] {
        &ERASABLE
    }

    /// Whether a recorder can erase some medium.
    ///
    /// # Errors
    /// What the drive says.
    #[doc(alias = "IsRecorderSupported")]
    pub fn is_recorder_supported(&self, recorder: &DiscRecorder) -> Result<bool, FormatError> {
        Ok(DiscErase::default().supports_recorder(recorder)?)
    }

    /// Whether the medium is of a type that can be erased, and its erasable bit does not say otherwise.
    ///
    /// # Errors
    /// What the drive says, such as 2/3A/xx without a medium; each of them means no.
    #[doc(alias = "IsCurrentMediaSupported")]
    pub fn is_current_media_supported(&self, recorder: &DiscRecorder) -> Result<bool, FormatError> {
        recorder.wait_ready()?;
        let kind = recorder.media_type()?;
        let asks = matches!(kind, MediaType::CD_RW | MediaType::DVD_RW);
        Ok(ERASABLE.contains(&kind) && (!asks || recorder.disc_information()?.erasable))
    }

    /// The drive itself calls the medium blank.
    ///
    /// # Errors
    /// [`FormatError::NoRecorder`]; "feature is not current" for media that cannot be written; what the drive says.
    #[doc(alias = "MediaPhysicallyBlank")]
    pub fn media_physically_blank(&self) -> Result<bool, FormatError> {
        physically_blank(&self.asked()?)
    }

    /// The medium is blank, or an overwritable one whose first and last 2 MiB are zeros.
    ///
    /// # Errors
    /// As [`DiscFormatErase::media_physically_blank`].
    #[doc(alias = "MediaHeuristicallyBlank")]
    pub fn media_heuristically_blank(&self) -> Result<bool, FormatError> {
        heuristically_blank(&self.asked()?)
    }

    fn asked(&self) -> Result<DiscRecorder, FormatError> {
        self.lock().recorder.clone().ok_or(FormatError::NoRecorder)
    }

    /// The recorder that erases.
    #[doc(alias = "Recorder")]
    #[must_use]
    pub fn recorder(&self) -> Option<DiscRecorder> {
        self.lock().recorder.clone()
    }

    /// Sets the recorder, or clears it with `None`; one that is set has to be cleared before another one.
    ///
    /// # Errors
    /// [`FormatError::EraseInProgress`], [`FormatError::OnlyOneRecorder`], [`FormatError::EraseRecorderNotSupported`];
    /// what the drive says.
    pub fn set_recorder(&self, recorder: Option<DiscRecorder>) -> Result<(), FormatError> {
        if recorder.is_some() && self.idle()?.recorder.is_some() {
            return Err(FormatError::OnlyOneRecorder);
        }
        if let Some(recorder) = &recorder
            && !self.is_recorder_supported(recorder)?
        {
            return Err(FormatError::EraseRecorderNotSupported);
        }
        let mut state = self.idle()?;
        if recorder.is_some() && state.recorder.is_some() {
            return Err(FormatError::OnlyOneRecorder);
        }
        state.recorder = recorder;
        Ok(())
    }

    /// Name under which the drive is held while erasing; empty until it is set.
    #[doc(alias = "ClientName")]
    #[must_use]
    pub fn client_name(&self) -> String {
        self.lock().options.client_name.clone()
    }

    /// Sets the name, without which nothing is erased.
    ///
    /// # Errors
    /// [`FormatError::EraseInProgress`]; [`FormatError::Argument`] for a name that breaks a rule.
    pub fn set_client_name(&self, name: &str) -> Result<(), FormatError> {
        let mut state = self.idle()?;
        check_client_name(name).map_err(|e| FormatError::Argument(e.to_string()))?;
        name.clone_into(&mut state.options.client_name);
        Ok(())
    }

    /// The whole medium is overwritten at least once. Default: no, only what makes it blank.
    #[doc(alias = "FullErase")]
    #[must_use]
    pub fn full_erase(&self) -> bool {
        self.lock().options.full
    }

    /// Sets whether the whole medium is overwritten.
    ///
    /// # Errors
    /// [`FormatError::EraseInProgress`].
    pub fn set_full_erase(&self, full: bool) -> Result<(), FormatError> {
        self.idle()?.options.full = full;
        Ok(())
    }

    /// Type of the medium, [`MediaType::UNKNOWN`] without one.
    ///
    /// # Errors
    /// [`FormatError::RecorderRequired`]; what the drive says.
    #[doc(alias = "CurrentPhysicalMediaType")]
    pub fn current_physical_media_type(&self) -> Result<MediaType, FormatError> {
        let recorder = self.lock().recorder.clone();
        Ok(recorder.ok_or(FormatError::RecorderRequired)?.media_type()?)
    }

    /// Makes the medium blank and blocks until it is.
    ///
    /// # Errors
    /// [`FormatError::EraseInProgress`], [`FormatError::RecorderRequired`], [`FormatError::EraseClientName`], then what
    /// [`DiscErase::erase`] finds.
    #[doc(alias = "EraseMedia")]
    pub fn erase_media(&self, events: &mut dyn FnMut(&EraseEvent)) -> Result<EraseReport, FormatError> {
        let (recorder, erase) = {
            let mut state = self.idle()?;
            let recorder = state.recorder.clone().ok_or(FormatError::RecorderRequired)?;
            check_client_name(&state.options.client_name).map_err(FormatError::EraseClientName)?;
            state.erasing = true;
            (recorder, DiscErase::new(state.options.clone()))
        };
        let _erasing = Erasing(self);
        Ok(erase.erase(&recorder, events, &CancelHandle::new())?)
    }
}

/// Ends the state of erasing on every way out.
struct Erasing<'a>(&'a DiscFormatErase);

impl Drop for Erasing<'_> {
    fn drop(&mut self) {
        self.0.lock().erasing = false;
    }
}
