//! DVD+R of one layer (ECMA-349) and of two (ECMA-364).

use glassmaster_disc::MediaType;
use glassmaster_mmc::Profile;

use super::dvd_plus::DvdPlus;
use super::facts::{Facts, cav, clv};

/// 16, 12 and 8 times 1,385 kB/s at the rim, 6 and 4 times everywhere.
pub(super) static DVD_PLUS_R: DvdPlus = DvdPlus {
    facts: Facts {
        media: MediaType::DVD_PLUS_R,
        unit: 16,
        write: &[cav(22_160), cav(16_620), cav(11_080), clv(8_310), clv(5_540)],
        read: cav(22_160),
        erasable: false,
        test_write: false,
    },
    profile: Profile::DVD_PLUS_R,
};

/// 8 times 1,385 kB/s at the rim, 4 and 2.4 times everywhere.
pub(super) static DVD_PLUS_R_DL: DvdPlus = DvdPlus {
    facts: Facts {
        media: MediaType::DVD_PLUS_R_DL,
        unit: 16,
        write: &[cav(11_080), clv(5_540), clv(3_324)],
        read: cav(11_080),
        erasable: false,
        test_write: false,
    },
    profile: Profile::DVD_PLUS_R_DL,
};
