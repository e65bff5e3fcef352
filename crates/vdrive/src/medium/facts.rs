//! What a kind of medium is physically: unit of recording, speeds, and how fast they are at a given place.

use glassmaster_disc::MediaType;

/// Radii of the program area in tenths of a millimetre (ECMA-130 for CD; the books of DVD and BD agree).
const CD_RADII: (f64, f64) = (250.0, 580.0);
const DVD_RADII: (f64, f64) = (240.0, 580.0);

/// A speed the drive offers for a medium.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Speed {
    /// In 1000 bytes a second: everywhere (CLV), or at the rim (CAV).
    pub(crate) peak: u32,
    /// The disc turns evenly, so that the speed grows with the radius.
    pub(crate) cav: bool,
}

/// Constant linear velocity.
pub(crate) const fn clv(peak: u32) -> Speed {
    Speed { peak, cav: false }
}

/// Constant angular velocity.
pub(crate) const fn cav(peak: u32) -> Speed {
    Speed { peak, cav: true }
}

/// What never changes about a kind of medium.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) media: MediaType,
    /// Blocks recorded together: 1 on CD, 16 (ECC block) on DVD, 32 (cluster) on BD.
    pub(crate) unit: u32,
    /// Write speeds, fastest first.
    pub(crate) write: &'static [Speed],
    /// Read speed.
    pub(crate) read: Speed,
    /// It can be erased or overwritten.
    pub(crate) erasable: bool,
    /// TEST WRITE works (MMC-6 7.5).
    pub(crate) test_write: bool,
}

impl Facts {
    /// Addresses before block 0: the pre-gap of a CD.
    pub(crate) const fn pregap(&self) -> u32 {
        if self.is_cd() { 150 } else { 0 }
    }

    pub(crate) const fn is_cd(&self) -> bool {
        matches!(self.media, MediaType::CD_R | MediaType::CD_RW)
    }

    pub(crate) const fn is_bd(&self) -> bool {
        matches!(self.media, MediaType::BD_R | MediaType::BD_RE)
    }

    pub(crate) const fn is_disk(&self) -> bool {
        matches!(self.media, MediaType::DISK)
    }

    pub(crate) const fn is_dvd(&self) -> bool {
        !self.is_cd() && !self.is_bd() && !self.is_disk()
    }

    /// DVD-R and DVD-RW with the organisation of RZones and borders.
    pub(crate) const fn is_dvd_dash(&self) -> bool {
        matches!(self.media, MediaType::DVD_R | MediaType::DVD_RW | MediaType::DVD_R_DL)
    }

    /// The part of a speed that is user data: the speeds of CD count 2,352 bytes for each block of 2,048 (MMC-6 4.2, CD
    /// model: 1x is 176.4 kB/s), those of other media the blocks.
    pub(crate) const fn user_data(&self, speed: u32) -> u32 {
        if self.is_cd() { speed / 147 * 128 + speed % 147 * 128 / 147 } else { speed }
    }

    /// Speed at block `lba` of a medium of `blocks` blocks in `layers` layers, in 1000 bytes a second. The second
    /// layer of each pair is recorded from the rim inwards.
    pub(crate) fn speed_at(&self, speed: Speed, lba: i32, blocks: u32, layers: u8) -> u32 {
        if !speed.cav {
            return speed.peak;
        }
        let layer = f64::from(blocks) / f64::from(layers.max(1));
        let at = f64::from(lba.max(0)) / layer.max(1.0);
        let into = at.fract();
        // The whole part of `at` tells the layer: an odd one runs inwards.
        let outward = if at.rem_euclid(2.0) < 1.0 { into } else { 1.0 - into };
        let (inner, outer) = if self.is_cd() { CD_RADII } else { DVD_RADII };
        let radius = (inner * inner + (outer * outer - inner * inner) * outward.clamp(0.0, 1.0)).sqrt();
        share(speed.peak, radius / outer)
    }
}

/// `share` (0 to 1) of a speed.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most `peak`, and not negative"
)]
fn share(peak: u32, share: f64) -> u32 {
    (f64::from(peak) * share.clamp(0.0, 1.0)).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const DVD: Facts = Facts {
        media: MediaType::DVD_R,
        unit: 16,
        write: &[],
        read: clv(1),
        erasable: false,
        test_write: true,
    };

    /// 52x CD: 9,173 kB/s are 7,987 kB/s of user data, 3,900 blocks a second.
    #[test]
    fn cd_speeds_count_raw_blocks() {
        let cd = Facts { media: MediaType::CD_R, ..DVD };
        assert_eq!((cd.user_data(9_173), cd.user_data(176)), (7_987, 153));
        assert_eq!(DVD.user_data(22_160), 22_160);
    }

    /// A 16x DVD recorder in CAV starts at 6.6x (24 mm of 58 mm).
    #[test]
    fn cav_grows_with_the_radius() {
        assert_eq!(DVD.speed_at(cav(22_160), 0, 1_000, 1), 9_170);
        assert_eq!(DVD.speed_at(cav(22_160), 1_000, 1_000, 2), 9_170, "back at the hub");
        assert_eq!(DVD.speed_at(cav(22_160), 500, 1_000, 2), 22_160, "the rim between the layers");
        assert_eq!(DVD.speed_at(cav(22_160), 250, 1_000, 2), DVD.speed_at(cav(22_160), 750, 1_000, 2));
        assert_eq!(DVD.speed_at(clv(5_540), 999, 1_000, 1), 5_540);
    }
}
