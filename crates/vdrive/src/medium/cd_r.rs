//! CD-R (MMC-6 4.2, Orange Book part II).

use glassmaster_disc::MediaType;
use glassmaster_mmc::Profile;

use super::cd::Cd;
use super::facts::{Facts, cav, clv};

/// 52, 48, 40, 32 and 24 times 176.4 kB/s at the rim, 16, 8 and 4 times everywhere.
pub(super) static CD_R: Cd = Cd {
    facts: Facts {
        media: MediaType::CD_R,
        unit: 1,
        write: &[
            cav(9_173),
            cav(8_467),
            cav(7_056),
            cav(5_645),
            cav(4_234),
            clv(2_822),
            clv(1_411),
            clv(706),
        ],
        read: cav(8_467),
        erasable: false,
        test_write: true,
    },
    profile: Profile::CD_R,
};
