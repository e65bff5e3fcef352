//! Exclusive access: one owner of a drive at a time, known by name.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::Error;
use crate::command::Device;

/// Who holds which drive in this process, by [`glassmaster_scsi::Transport::name`]. Other processes are kept out by
/// the transport, which opens the device exclusively.
static HOLDERS: Mutex<BTreeMap<String, Holder>> = Mutex::new(BTreeMap::new());

struct Holder {
    device: u64,
    owner: String,
    count: u32,
}

/// Longest owner's name in bytes: 64 with its closing NUL.
const NAME_LIMIT: usize = 63;

/// Checks the name an owner gives: 1 to 63 bytes of `A-Z a-z 0-9`, space and `. , : ; - _`.
///
/// # Errors
/// [`Error::ClientName`] with the rule that is broken.
#[doc(alias = "ClientName")]
pub fn check_client_name(name: &str) -> Result<(), Error> {
    let fail = |problem| Err(Error::ClientName { name: name.to_owned(), problem });
    if name.is_empty() {
        return fail("it is empty");
    }
    if name.len() > NAME_LIMIT {
        return fail("it is longer than 63 bytes");
    }
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b" .,:;-_".contains(&b)) {
        return fail("only A-Z, a-z, 0-9, space and . , : ; - _ are allowed");
    }
    Ok(())
}

/// Holds a drive for one owner until dropped. Several may exist for one
/// [`DiscRecorder`](crate::DiscRecorder): the drive is free when the last is gone.
#[doc(alias = "AcquireExclusiveAccess")]
#[doc(alias = "ReleaseExclusiveAccess")]
#[derive(Debug)]
#[must_use = "the drive is released as soon as the guard is dropped"]
pub struct ExclusiveAccess {
    device: Arc<Device>,
}

impl ExclusiveAccess {
    pub(crate) fn acquire(device: &Arc<Device>, owner: &str) -> Result<Self, Error> {
        check_client_name(owner)?;
        let mut holders = HOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
        match holders.get_mut(device.name()) {
            None => {
                let holder = Holder { device: device.id(), owner: owner.to_owned(), count: 1 };
                holders.insert(device.name().to_owned(), holder);
            }
            Some(holder) if holder.device == device.id() => holder.count = holder.count.saturating_add(1),
            Some(holder) => {
                return Err(Error::Locked { device: device.name().to_owned(), owner: holder.owner.clone() });
            }
        }
        Ok(Self { device: Arc::clone(device) })
    }
}

impl Drop for ExclusiveAccess {
    fn drop(&mut self) {
        let mut holders = HOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(holder) = holders.get_mut(self.device.name())
            && holder.device == self.device.id()
        {
            holder.count = holder.count.saturating_sub(1);
            if holder.count == 0 {
                holders.remove(self.device.name());
            }
        }
    }
}

/// Name of the owner of a drive, `None` when it is free.
pub(crate) fn owner_of(device: &Device) -> Option<String> {
    let holders = HOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
    holders.get(device.name()).map(|holder| holder.owner.clone())
}

/// Refuses when somebody else holds the drive.
pub(crate) fn check_free(device: &Device) -> Result<(), Error> {
    let holders = HOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
    match holders.get(device.name()) {
        Some(holder) if holder.device != device.id() => {
            Err(Error::Locked { device: device.name().to_owned(), owner: holder.owner.clone() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_break_a_rule_are_refused() {
        assert!(check_client_name("Glassmaster 1.0; job-7_a").is_ok());
        assert!(check_client_name(&"x".repeat(63)).is_ok());
        for bad in ["", &"x".repeat(64), "a/b", "caf\u{e9}", "tab\t"] {
            assert!(check_client_name(bad).is_err(), "{bad:?}");
        }
    }
}
