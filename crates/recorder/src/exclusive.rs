//! Exclusive access: one owner of a drive at a time, known by name; and the system's part in it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use glassmaster_scsi::sys::{Owner, OwnerError, OwnerFile};
use glassmaster_scsi::{Claim, TransportError};

use crate::command::Device;
use crate::{DiscRecorder, Error};

/// Who holds which drive in this process, by [`glassmaster_scsi::SystemFacts::key`].
static HOLDERS: Mutex<BTreeMap<String, Holder>> = Mutex::new(BTreeMap::new());

struct Holder {
    device: u64,
    owner: String,
    count: u32,
    /// Both are only kept: the drive is free for other processes when they are gone.
    _claim: Option<Arc<Claim>>,
    _file: Option<OwnerFile>,
}

/// Claims that somebody of this process has. The system gives one for each drive, exclusive access and switched-off
/// notifications share it.
static CLAIMS: Mutex<BTreeMap<String, Weak<Claim>>> = Mutex::new(BTreeMap::new());

/// The claim on a drive, made where there is none yet.
pub(crate) fn claim(device: &Device) -> Result<Option<Arc<Claim>>, TransportError> {
    let mut claims = CLAIMS.lock().unwrap_or_else(PoisonError::into_inner);
    claims.retain(|_, claim| claim.strong_count() > 0);
    if let Some(claim) = claims.get(device.key()).and_then(Weak::upgrade) {
        return Ok(Some(claim));
    }
    let claim = device.claim()?.map(Arc::new);
    if let Some(claim) = &claim {
        claims.insert(device.key().to_owned(), Arc::downgrade(claim));
    }
    Ok(claim)
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
#[doc(alias = "IDiscRecorder2.ReleaseExclusiveAccess")]
#[derive(Debug)]
#[must_use = "the drive is released as soon as the guard is dropped"]
pub struct ExclusiveAccess {
    device: Arc<Device>,
}

impl ExclusiveAccess {
    pub(crate) fn acquire(device: &Arc<Device>, owner: &str, force: bool) -> Result<Self, Error> {
        check_client_name(owner)?;
        let guard = || Self { device: Arc::clone(device) };
        let _turn = device.acquiring();
        if count_up(device)? {
            return Ok(guard());
        }
        // Outside of the lock: the drive may be in the middle of a command, and other drives must not wait for it.
        let claim = match claim(device) {
            Ok(claim) => claim,
            Err(TransportError::InUse { .. }) if force && !device.system().mount_points.is_empty() => None,
            Err(error) => return Err(error.into()),
        };
        let file = match &device.options().owner_directory {
            Some(directory) => match OwnerFile::acquire(directory, device.key(), owner) {
                Ok(file) => Some(file),
                Err(OwnerError::Held(by)) => {
                    return Err(Error::Held { device: device.name().to_owned(), owner: words(by) });
                }
                // The claim keeps others away with and without; a folder that cannot be written costs them the owner's
                // name, and nobody a disc.
                Err(OwnerError::Io { .. }) => None,
            },
            None => None,
        };
        let mut holders = HOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
        match holders.get_mut(device.key()) {
            None => {
                let holder = Holder {
                    device: device.number(),
                    owner: owner.to_owned(),
                    count: 1,
                    _claim: claim,
                    _file: file,
                };
                holders.insert(device.key().to_owned(), holder);
            }
            Some(holder) if holder.device == device.number() => {
                holder.count = holder.count.saturating_add(1);
            }
            Some(holder) => {
                return Err(Error::Held { device: device.name().to_owned(), owner: holder.owner.clone() });
            }
        }
        Ok(guard())
    }
}

/// Keeps other writes and erases of the same owner from a drive until dropped.
///
/// Exclusive access is counted, so that it alone does not tell two pieces of work of one owner apart.
#[derive(Debug)]
#[must_use = "others may begin as soon as the guard is dropped"]
pub struct Occupied {
    device: Arc<Device>,
}

impl DiscRecorder {
    /// Takes the drive for a write or an erase. Questions are still answered.
    ///
    /// # Errors
    /// [`Error::Occupied`] while another write or erase of this recorder or a clone of it is at work.
    pub fn occupy(&self) -> Result<Occupied, Error> {
        let device = self.device();
        if device.occupy() {
            Ok(Occupied { device: Arc::clone(device) })
        } else {
            Err(Error::Occupied { device: device.name().to_owned() })
        }
    }
}

impl Drop for Occupied {
    fn drop(&mut self) {
        self.device.vacate();
    }
}

/// Takes one more hold for a recorder that has the drive already; `false` when nobody of this process has it.
fn count_up(device: &Device) -> Result<bool, Error> {
    let mut holders = HOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
    match holders.get_mut(device.key()) {
        None => Ok(false),
        Some(holder) if holder.device == device.number() => {
            holder.count = holder.count.saturating_add(1);
            Ok(true)
        }
        Some(holder) => Err(Error::Held { device: device.name().to_owned(), owner: holder.owner.clone() }),
    }
}

/// The name that an owner of another process gave, or what else is known of it.
fn words(owner: Owner) -> String {
    match owner {
        Owner { name, .. } if !name.is_empty() => name,
        Owner { pid: 0, .. } => "another program".to_owned(),
        Owner { pid, .. } => format!("process {pid}"),
    }
}

impl Drop for ExclusiveAccess {
    fn drop(&mut self) {
        let mut holders = HOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(holder) = holders.get_mut(self.device.key())
            && holder.device == self.device.number()
        {
            holder.count = holder.count.saturating_sub(1);
            if holder.count == 0 {
                holders.remove(self.device.key());
            }
        }
    }
}

/// Name of the owner of a drive, `None` when it is free.
pub(crate) fn owner_of(device: &Device) -> Option<String> {
    let holders = HOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(holder) = holders.get(device.key()) {
        return Some(holder.owner.clone());
    }
    drop(holders);
    owner_elsewhere(device)
}

/// The owner in another process. A file that cannot be read tells of none.
fn owner_elsewhere(device: &Device) -> Option<String> {
    let directory = device.options().owner_directory.as_ref()?;
    OwnerFile::owner(directory, device.key()).ok().flatten().map(words)
}

/// Refuses when somebody else holds the drive.
pub(crate) fn check_free(device: &Device) -> Result<(), Error> {
    let locked = |owner| Err(Error::Locked { device: device.name().to_owned(), owner });
    let holders = HOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
    match holders.get(device.key()) {
        Some(holder) if holder.device != device.number() => return locked(holder.owner.clone()),
        Some(_) => return Ok(()),
        None => drop(holders),
    }
    match owner_elsewhere(device) {
        Some(owner) => locked(owner),
        None => Ok(()),
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
