//! Systems without a transport of their own yet.

use std::path::Path;
use std::time::Duration;

use super::{Access, DriveNode};
use crate::{Cdb, DataPhase, Outcome, Transport, TransportError};

/// Cannot be made on this system.
#[derive(Debug)]
pub enum Device {}

impl Device {
    /// Always [`TransportError::Unsupported`].
    ///
    /// # Errors
    /// Always.
    pub fn open(path: &Path, _access: Access) -> Result<Self, TransportError> {
        Err(TransportError::Unsupported {
            device: path.display().to_string(),
            detail: "this operating system is not supported; use virtual: drives".to_owned(),
        })
    }
}

impl Transport for Device {
    fn execute(
        &mut self,
        _cdb: &Cdb,
        _data: DataPhase<'_>,
        _timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        match *self {}
    }

    fn max_transfer(&self) -> usize {
        match *self {}
    }

    fn name(&self) -> &str {
        match *self {}
    }
}

/// None on this system.
///
/// # Errors
/// Never.
pub fn drives() -> std::io::Result<Vec<DriveNode>> {
    Ok(Vec::new())
}
