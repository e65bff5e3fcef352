//! Logical block addresses and CD minute/second/frame addresses (MMC-6 4.2, ECMA-130 22.3.4).

use std::fmt;

/// Logical block address. Negative in the lead-in and pre-gap of a CD; LBA 0 is MSF 00:02:00.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Lba(pub i32);

impl fmt::Display for Lba {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Frames (CD sectors) of one second.
const FRAMES_PER_SECOND: i32 = 75;
/// LBA 0 stands two seconds after the start of the program area.
const PREGAP_FRAMES: i32 = 150;
/// Frames of one turn of the 100-minute MSF clock, which the lead-in counts up to.
const CLOCK_FRAMES: i32 = 100 * 60 * FRAMES_PER_SECOND;
/// MSF values from 90:00:00 up belong to the lead-in and are negative addresses (MMC-6 table "LBA to MSF").
const LEAD_IN_START: i32 = 90 * 60 * FRAMES_PER_SECOND;

/// Minute 0-99, second 0-59, frame 0-74 (1/75 s).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Msf {
    minute: u8,
    second: u8,
    frame: u8,
}

/// An address that minute, second and frame cannot express.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MsfError {
    /// One of the fields is outside 0-99, 0-59 or 0-74.
    #[error("no such MSF address {0:02}:{1:02}:{2:02}: minutes are 0-99, seconds 0-59, frames 0-74")]
    Field(u8, u8, u8),
    /// The block address lies outside -45150 ..= 404849.
    #[error("block address {0} has no MSF form: the range is -45150 to 404849")]
    Range(i32),
}

impl Msf {
    /// Checks the three fields.
    ///
    /// # Errors
    /// [`MsfError::Field`] when one is out of range.
    pub const fn new(minute: u8, second: u8, frame: u8) -> Result<Self, MsfError> {
        if minute > 99 || second > 59 || frame > 74 {
            return Err(MsfError::Field(minute, second, frame));
        }
        Ok(Self { minute, second, frame })
    }

    /// Minute, second, frame.
    #[must_use]
    pub const fn fields(self) -> (u8, u8, u8) {
        (self.minute, self.second, self.frame)
    }

    /// The block address; 90:00:00 and later is the lead-in and gives a negative address.
    #[must_use]
    pub fn lba(self) -> Lba {
        let frames = (i32::from(self.minute) * 60 + i32::from(self.second)) * FRAMES_PER_SECOND
            + i32::from(self.frame);
        if frames >= LEAD_IN_START {
            Lba(frames - CLOCK_FRAMES - PREGAP_FRAMES)
        } else {
            Lba(frames - PREGAP_FRAMES)
        }
    }
}

impl TryFrom<Lba> for Msf {
    type Error = MsfError;

    fn try_from(lba: Lba) -> Result<Self, MsfError> {
        let out = MsfError::Range(lba.0);
        let frames = if lba.0 >= -PREGAP_FRAMES {
            lba.0.checked_add(PREGAP_FRAMES).ok_or(out)?
        } else {
            lba.0.checked_add(CLOCK_FRAMES + PREGAP_FRAMES).ok_or(out)?
        };
        let in_lead_in = lba.0 < -PREGAP_FRAMES;
        if !(0..CLOCK_FRAMES).contains(&frames) || in_lead_in != (frames >= LEAD_IN_START) {
            return Err(out);
        }
        let byte = |v: i32| u8::try_from(v).map_err(|_| out);
        let seconds = frames / FRAMES_PER_SECOND;
        Self::new(byte(seconds / 60)?, byte(seconds % 60)?, byte(frames % FRAMES_PER_SECOND)?)
    }
}

impl fmt::Display for Msf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.minute, self.second, self.frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The corner values of the LBA/MSF translation table of MMC-6.
    #[test]
    fn corners_of_the_standard_table() {
        for (m, s, f, lba) in [
            (0, 0, 0, -150),
            (0, 2, 0, 0),
            (89, 59, 74, 404_849),
            (90, 0, 0, -45_150),
            (95, 0, 0, -22_650),
            (97, 26, 66, -11_634),
            (99, 59, 74, -151),
        ] {
            let msf = Msf::new(m, s, f).unwrap();
            assert_eq!(msf.lba(), Lba(lba));
            assert_eq!(Msf::try_from(Lba(lba)).unwrap(), msf);
        }
    }

    #[test]
    fn refuses_what_the_clock_cannot_show() {
        assert!(Msf::new(0, 60, 0).is_err());
        assert!(Msf::new(0, 0, 75).is_err());
        for lba in [404_850, -45_151, i32::MAX, i32::MIN] {
            assert_eq!(Msf::try_from(Lba(lba)), Err(MsfError::Range(lba)));
        }
    }

    proptest::proptest! {
        #[test]
        fn every_address_in_range_survives_the_round_trip(lba in -45_150i32..404_850) {
            proptest::prop_assert_eq!(Msf::try_from(Lba(lba)).unwrap().lba(), Lba(lba));
        }
    }
}
