//! Which of the ways to add a session is used.

use glassmaster_disc::{HResult, Multisession, SessionAddresses};

use crate::code::Failure;
use crate::error::Error;

/// Chooses among the ways that a drive offers, as the contract has it: the one that is marked, else the first that the
/// medium supports; its place in the list.
///
/// # Errors
/// `IMAPI_E_IMPORT_MEDIA_NOT_ALLOWED` for an empty list, `IMAPI_E_INCOMPATIBLE_MULTISESSION_TYPE` when several are marked or
/// the marked one is not supported, `IMAPI_E_NO_COMPATIBLE_MULTISESSION_TYPE` when none is,
/// `IMAPI_E_IMPORT_SEEK_FAILURE` for a blank medium that grows, `IMAPI_E_BAD_MULTISESSION_PARAMETER` for addresses that cannot
/// be.
#[doc(alias = "put_MultisessionInterfaces")]
pub fn select(interfaces: &[Multisession]) -> Result<usize, Error> {
    if interfaces.is_empty() {
        return Err(Failure::new(HResult::IMPORT_MEDIA_NOT_ALLOWED).into());
    }
    let mut marked = interfaces.iter().enumerate().filter(|(_, i)| i.in_use);
    let (place, chosen) = match (marked.next(), marked.next()) {
        (Some(_), Some(_)) => return Err(Failure::new(HResult::INCOMPATIBLE_MULTISESSION_TYPE).into()),
        (Some((_, one)), None) if !one.supported => {
            return Err(Failure::new(HResult::INCOMPATIBLE_MULTISESSION_TYPE).into());
        }
        (Some(one), None) => one,
        (None, _) => interfaces
            .iter()
            .enumerate()
            .find(|(_, i)| i.supported)
            .ok_or_else(|| Failure::new(HResult::NO_COMPATIBLE_MULTISESSION_TYPE))?,
    };
    if let SessionAddresses::Sequential { previous_start: None, next_writable, .. } = chosen.addresses {
        return Err(Failure::new(HResult::IMPORT_SEEK_FAILURE).with(next_writable).into());
    }
    if !plausible(chosen.addresses) {
        return Err(Failure::new(HResult::BAD_MULTISESSION_PARAMETER).into());
    }
    Ok(place)
}

fn plausible(addresses: SessionAddresses) -> bool {
    match addresses {
        SessionAddresses::Sequential { previous_start, previous_last, next_writable, write_unit, .. } => {
            let start = previous_start.unwrap_or(0);
            let last = previous_last.unwrap_or(start);
            write_unit > 0 && start <= last && last < next_writable
        }
        SessionAddresses::RandomWrite { write_unit, total, .. } => {
            write_unit > 0 && u32::try_from(total).is_ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn sequential(next_writable: u32, previous: Option<(u32, u32)>) -> SessionAddresses {
        SessionAddresses::Sequential {
            first_data_session: previous.is_none(),
            previous_start: previous.map(|p| p.0),
            previous_last: previous.map(|p| p.1),
            next_writable,
            free: 1000,
            write_unit: 16,
        }
    }

    fn way(supported: bool, in_use: bool, addresses: SessionAddresses) -> Multisession {
        Multisession { supported, in_use, addresses, source: Arc::new(Vec::new()) }
    }

    fn code(interfaces: &[Multisession]) -> HResult {
        HResult(select(interfaces).unwrap_err().hresult())
    }

    #[test]
    fn the_marked_one_else_the_first_supported() {
        let good = sequential(5000, Some((0, 400)));
        let other = SessionAddresses::RandomWrite { write_unit: 32, last_written: None, total: 9000 };
        assert_eq!(select(&[way(false, false, good), way(true, false, other)]).unwrap(), 1);
        assert_eq!(select(&[way(true, false, good), way(true, true, other)]).unwrap(), 1);
        assert_eq!(code(&[]), HResult::IMPORT_MEDIA_NOT_ALLOWED);
        let both = [way(true, true, good), way(true, true, other)];
        assert_eq!(code(&both), HResult::INCOMPATIBLE_MULTISESSION_TYPE);
        assert_eq!(code(&[way(false, true, good)]), HResult::INCOMPATIBLE_MULTISESSION_TYPE);
        assert_eq!(code(&[way(false, false, good)]), HResult::NO_COMPATIBLE_MULTISESSION_TYPE);
        assert_eq!(code(&[way(true, false, sequential(0, None))]), HResult::IMPORT_SEEK_FAILURE);
        let before = sequential(300, Some((0, 400)));
        assert_eq!(code(&[way(true, false, before)]), HResult::BAD_MULTISESSION_PARAMETER);
        let no_unit = SessionAddresses::RandomWrite { write_unit: 0, last_written: None, total: 9000 };
        assert_eq!(code(&[way(true, false, no_unit)]), HResult::BAD_MULTISESSION_PARAMETER);
    }
}
