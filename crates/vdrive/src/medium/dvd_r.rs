//! DVD-R of one layer (ECMA-359) and of two (ECMA-382).

use glassmaster_disc::MediaType;
use glassmaster_mmc::Profile;

use super::dvd_dash::DvdDash;
use super::facts::{Facts, cav, clv};

/// 16, 12 and 8 times 1,385 kB/s at the rim, 6 and 4 times everywhere.
pub(super) static DVD_R: DvdDash = DvdDash {
    facts: Facts {
        media: MediaType::DVD_R,
        unit: 16,
        write: &[cav(22_160), cav(16_620), cav(11_080), clv(8_310), clv(5_540)],
        read: cav(22_160),
        erasable: false,
        test_write: true,
    },
    profile: Profile::DVD_R,
    single_border: false,
};

/// 8 times 1,385 kB/s at the rim, 4 and 2 times everywhere.
pub(super) static DVD_R_DL: DvdDash = DvdDash {
    facts: Facts {
        media: MediaType::DVD_R_DL,
        unit: 16,
        write: &[cav(11_080), clv(5_540), clv(2_770)],
        read: cav(11_080),
        erasable: false,
        test_write: true,
    },
    profile: Profile::DVD_R_DL_SEQUENTIAL,
    single_border: true,
};
