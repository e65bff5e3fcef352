//! The volume recognition sequence (ECMA-167 2/8.3, 3/9.1).

use glassmaster_disc::{BlockSource, SECTOR};

use super::Rules;
use super::report::Report;
use crate::raw::recognition::{self, Recognition};

/// Whether NSR03 (`true`) or NSR02 was recognised.
pub(super) fn check<S: BlockSource>(
    source: &S,
    session: u32,
    rules: Rules,
    report: &mut Report<'_>,
) -> Option<bool> {
    let mut nsr = None;
    let mut inside = false;
    let mut ended = false;
    let start = u64::from(session) + 16;
    // Structures are 2048 bytes, or one sector where that is larger (2/8.2).
    let step = u64::from(rules.block_bytes.max(2048) / 2048);
    let mut sector = [0; SECTOR];
    for lba in (start..start + 64 * step).step_by(usize::try_from(step).unwrap_or(1)) {
        if source.read_blocks(lba, &mut sector).is_err() {
            break;
        }
        let Some(found) = recognition::read(&sector) else { break };
        // Version 1 of ISO 9660 descriptors is 1 as well; enhanced ones have 2 (ECMA-119 8.5).
        if sector[6] != 1 && found != Recognition::Other {
            let what = format!("structure version {} instead of 1", sector[6]);
            report.error("ECMA-167 2/9.1.3", lba, what);
        }
        if sector[0] != 0 && found != Recognition::Other {
            let what = format!("structure type {} instead of 0", sector[0]);
            report.error("ECMA-167 2/9.1.1", lba, what);
        }
        match found {
            Recognition::Begin => inside = true,
            Recognition::End => {
                ended = inside;
                inside = false;
            }
            Recognition::Nsr02 | Recognition::Nsr03 => {
                if !inside {
                    report.error("ECMA-167 3/9.1", lba, "NSR descriptor outside BEA01 and TEA01");
                }
                let third = found == Recognition::Nsr03;
                if third != rules.third_edition() {
                    let what = format!(
                        "NSR0{} does not belong to UDF {:x}.{:02x}: NSR02 up to 1.50, then NSR03",
                        if third { 3 } else { 2 },
                        rules.revision >> 8,
                        rules.revision & 0xFF
                    );
                    report.error("UDF 2.1.7", lba, what);
                }
                nsr = Some(third);
            }
            Recognition::Other => {}
        }
    }
    if nsr.is_none() {
        report.error("ECMA-167 3/9.1", start, "no NSR02 or NSR03 in the volume recognition sequence");
    } else if !ended {
        let what = "the volume recognition sequence has no TEA01 behind its BEA01";
        report.error("ECMA-167 2/9.3", start, what);
    }
    nsr
}

/// Whether an NSR02 descriptor is there: where nothing else says which edition a volume follows.
pub(super) fn is_second_edition<S: BlockSource>(source: &S, session: u32) -> bool {
    let mut sector = [0; SECTOR];
    (16..80).any(|lba| {
        source.read_blocks(u64::from(session) + lba, &mut sector).is_ok()
            && recognition::read(&sector) == Some(Recognition::Nsr02)
    })
}
