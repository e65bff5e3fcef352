//! Points in time as file systems record them.

use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Seconds and nanoseconds since 1970-01-01T00:00:00Z; the seconds may be negative, the nanoseconds count up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp {
    /// Whole seconds, rounded down.
    pub secs: i64,
    /// 0 to 999,999,999.
    pub nanos: u32,
}

/// A moment on the calendar in UTC, the form all on-disc time stamps take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Civil {
    /// Year of the common era, may be outside what a format can record.
    pub year: i16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 0 to 999,999,999.
    pub nanos: u32,
}

impl Timestamp {
    /// The moment `secs` seconds after (or before) 1970.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self { secs, nanos: 0 }
    }

    /// The calendar date and time of day in UTC. Moments before the year -9999 or after 9999 are clamped.
    #[must_use]
    pub fn civil(self) -> Civil {
        let nanos = i32::try_from(self.nanos.min(999_999_999)).unwrap_or_default();
        let stamp = jiff::Timestamp::new(self.secs, nanos).unwrap_or(if self.secs < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        let date = Offset::UTC.to_datetime(stamp);
        let byte = |v: i8| u8::try_from(v).unwrap_or_default();
        Civil {
            year: date.year(),
            month: byte(date.month()),
            day: byte(date.day()),
            hour: byte(date.hour()),
            minute: byte(date.minute()),
            second: byte(date.second()),
            nanos: u32::try_from(date.subsec_nanosecond()).unwrap_or_default(),
        }
    }

    /// The moment of a local calendar time that is `offset_minutes` ahead of UTC. `None` for a date that does
    /// not exist (month 13, 30 February, second 60, ...).
    #[must_use]
    pub fn from_civil(civil: Civil, offset_minutes: i32) -> Option<Self> {
        let field = |v: u8| i8::try_from(v).ok();
        let date = DateTime::new(
            civil.year,
            field(civil.month)?,
            field(civil.day)?,
            field(civil.hour)?,
            field(civil.minute)?,
            field(civil.second)?,
            i32::try_from(civil.nanos).ok()?,
        )
        .ok()?;
        let offset = Offset::from_seconds(offset_minutes.checked_mul(60)?).ok()?;
        let stamp = offset.to_timestamp(date).ok()?;
        let (secs, nanos) = (stamp.as_second(), stamp.subsec_nanosecond());
        match u32::try_from(nanos) {
            Ok(nanos) => Some(Self { secs, nanos }),
            // Before 1970 the library counts the fraction downwards.
            Err(_) => Some(Self { secs: secs - 1, nanos: u32::try_from(nanos + 1_000_000_000).ok()? }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_of_known_moments() {
        let c = Timestamp::from_secs(951_782_400).civil();
        assert_eq!((c.year, c.month, c.day, c.hour, c.minute, c.second), (2000, 2, 29, 0, 0, 0));
        let c = Timestamp { secs: -1, nanos: 5 }.civil();
        assert_eq!(
            (c.year, c.month, c.day, c.hour, c.minute, c.second, c.nanos),
            (1969, 12, 31, 23, 59, 59, 5)
        );
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        let day = |month, day| Civil { year: 2023, month, day, hour: 0, minute: 0, second: 0, nanos: 0 };
        assert_eq!(Timestamp::from_civil(day(13, 1), 0), None);
        assert_eq!(Timestamp::from_civil(day(2, 29), 0), None);
        assert_eq!(Timestamp::from_civil(day(1, 1), 60).unwrap().secs, 1_672_527_600);
    }

    proptest::proptest! {
        #[test]
        fn calendar_round_trip(secs in -60_000_000_000i64..200_000_000_000, nanos in 0u32..1_000_000_000, zone in -1440i32..1440) {
            let t = Timestamp { secs, nanos };
            proptest::prop_assert_eq!(Timestamp::from_civil(t.civil(), 0), Some(t));
            let shifted = Timestamp::from_civil(t.civil(), zone).unwrap();
            proptest::prop_assert_eq!(shifted.secs, secs - i64::from(zone) * 60);
        }
    }
}
