//! START STOP UNIT, PREVENT ALLOW MEDIUM REMOVAL (MMC-6 6.42, 6.13).

use glassmaster_mmc::cmd::{PowerCondition, PreventAllowMediumRemoval, StartStopUnit};
use glassmaster_scsi::Sense;

use crate::drive::VirtualDrive;
use crate::sense;

pub(super) fn run(d: &mut VirtualDrive, c: &StartStopUnit) -> Result<usize, Sense> {
    if c.power != PowerCondition::NO_CHANGE {
        return match c.power {
            PowerCondition::IDLE | PowerCondition::STANDBY | PowerCondition::SLEEP => Ok(0),
            _ => Err(sense::cdb_bit(4, 7)),
        };
    }
    // Format layers belong to hybrid discs.
    if c.format_layer_change {
        return Err(sense::cdb_bit(4, 2));
    }
    match (c.load_eject, c.start) {
        // The motor is not something a host can notice.
        (false, _) => {
            if c.start {
                d.medium()?;
            }
        }
        (true, false) => {
            if d.prevent || d.persistent_prevent {
                return Err(sense::REMOVAL_PREVENTED);
            }
            d.unload();
        }
        (true, true) => {
            if d.tray_open {
                d.tray_open = false;
                if d.disc.is_some() {
                    d.medium_arrived();
                }
            }
        }
    }
    Ok(0)
}

pub(super) fn prevent(d: &mut VirtualDrive, c: &PreventAllowMediumRemoval) -> Result<usize, Sense> {
    if c.persistent {
        d.persistent_prevent = c.prevent;
    } else {
        d.prevent = c.prevent;
    }
    Ok(0)
}
