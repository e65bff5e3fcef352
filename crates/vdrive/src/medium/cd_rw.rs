//! CD-RW (MMC-6 4.2, Orange Book part III): a CD-R that can be blanked.

use glassmaster_disc::MediaType;
use glassmaster_mmc::Profile;

use super::cd::Cd;
use super::facts::{Facts, cav, clv};

/// An ultra speed disc: 24, 16, 10 and 4 times 176.4 kB/s.
pub(super) static CD_RW: Cd = Cd {
    facts: Facts {
        media: MediaType::CD_RW,
        unit: 1,
        write: &[clv(4_234), clv(2_822), clv(1_764), clv(706)],
        read: cav(7_056),
        erasable: true,
        test_write: true,
    },
    profile: Profile::CD_RW,
};
