//! What the virtual recorder may refuse other people's programs: every sense code that a real drive gives, too, with the
//! reason for it. Anything else is a fault of the recorder.

use std::path::Path;

use glassmaster_testkit::witness::{RefusedCommand, Shim};

/// A refusal that real drives know.
struct Known {
    /// How the command block begins; the operation code at least.
    cdb: &'static [u8],
    sense: [u8; 3],
    reason: &'static str,
}

/// Clauses are those of MMC-6 and SPC-4.
const KNOWN: &[Known] = &[
    Known {
        cdb: &[0x00],
        sense: [2, 0x3A, 0x02],
        reason: "TEST UNIT READY while the tray is open: growisofs takes the disc out after a burn (6.44)",
    },
    Known {
        cdb: &[0x00],
        sense: [6, 0x28, 0x00],
        reason: "the first TEST UNIT READY after a load, or after a format or blank that made another disc of it \
                 (SPC-4 5.14)",
    },
    Known {
        cdb: &[0x01],
        sense: [5, 0x20, 0x00],
        reason: "REZERO UNIT is no command of MMC: wodim asks drives of before",
    },
    Known {
        cdb: &[0x28],
        sense: [5, 0x64, 0x00],
        reason: "READ of the two run-out blocks behind a track at once on CD, which libburn tries in order to know (4.2.3)",
    },
    Known {
        cdb: &[0x3C],
        sense: [5, 0x20, 0x00],
        reason: "READ BUFFER is optional: wodim measures how much a transfer may have (SPC-4 6.15)",
    },
    Known {
        cdb: &[0x43, 0x00, 0x00],
        sense: [5, 0x24, 0x00],
        reason: "READ TOC/PMA/ATIP format 0 of a disc that has no complete session (6.25)",
    },
    Known {
        cdb: &[0x44],
        sense: [5, 0x20, 0x00],
        reason: "READ HEADER left the standard after MMC-2: wodim tells modes of tracks by it",
    },
    Known {
        cdb: &[0x55, 0x10],
        sense: [5, 0x26, 0x00],
        reason: "MODE SELECT of page 05h with what this drive does not write: packets on CD, RAW, R-W subchannel, audio \
                 tracks at once. wodim and libburn try all of them (7.5)",
    },
    Known {
        cdb: &[0x5A, 0x00, 0x30],
        sense: [5, 0x24, 0x00],
        reason: "MODE SENSE of page 30h, which is vendor specific: wodim looks for Plextor drives (SPC-4 7.5)",
    },
    Known {
        cdb: &[0x5B, 0x00, 0x04],
        sense: [5, 0x24, 0x00],
        reason: "CLOSE TRACK SESSION with function 100b, which DVD+R DL does not have: wodim goes on with others (6.3)",
    },
    Known {
        cdb: &[0xAD, 0x00],
        sense: [5, 0x30, 0x02],
        reason: "READ DISC STRUCTURE of DVD structures in front of a CD or BD (6.22)",
    },
    Known {
        cdb: &[0xE5],
        sense: [5, 0x20, 0x00],
        reason: "a command of one vendor's drives: wodim tries it after READ HEADER",
    },
];

fn is_known(refused: &RefusedCommand) -> bool {
    KNOWN.iter().any(|known| refused.cdb.starts_with(known.cdb) && refused.sense == Some(known.sense))
}

/// What the recorder on `socket` refused without a reason that is known; nothing has been sent where there is no log.
pub(crate) fn unknown(socket: &Path) -> Vec<String> {
    // Reasons are for those who read this; they are to be sentences.
    assert!(KNOWN.iter().all(|known| known.reason.len() > 20));
    if !Shim::log(socket).exists() {
        return Vec::new();
    }
    let refused = Shim::refused(socket).unwrap();
    refused.iter().filter(|r| !is_known(r)).map(|r| format!("refused: {r:02x?}")).collect()
}
