//! Dates and times: seven bytes in records (ECMA-119 9.1.5), seventeen in descriptors (ECMA-119 8.4.26.1).

use glassmaster_tree::{Civil, Timestamp};

/// 1900-01-01T00:00:00Z, the earliest moment of a directory record.
const FIRST: i64 = -2_208_988_800;
/// 2155-12-31T23:59:59Z, the last one.
const LAST: i64 = 5_869_583_999;
const DAY: i64 = 86_400;

/// Seven-byte form of moments, with offset 0 from Greenwich. Remembers the calendar of the last day: files of one
/// tree crowd on few days, and the calendar is the dear part.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordDates {
    day: Option<(i64, [u8; 3])>,
}

impl RecordDates {
    /// Moments outside 1900-2155 become the nearest one that can be recorded.
    pub(crate) fn encode(&mut self, time: Timestamp) -> [u8; 7] {
        let secs = time.secs.clamp(FIRST, LAST);
        let (day, second) = (secs.div_euclid(DAY), secs.rem_euclid(DAY));
        let [year, month, date] = match self.day {
            Some((known, calendar)) if known == day => calendar,
            _ => {
                let civil = Timestamp::from_secs(secs).civil();
                let calendar = [u8::try_from(civil.year - 1900).unwrap_or(0), civil.month, civil.day];
                self.day = Some((day, calendar));
                calendar
            }
        };
        let second = u32::try_from(second).unwrap_or(0);
        let byte = |v: u32| v.to_le_bytes()[0];
        [year, month, date, byte(second / 3600), byte(second / 60 % 60), byte(second % 60), 0]
    }
}

/// Reads the seven-byte form; `None` when unspecified (all zero) or no date.
pub(crate) fn decode_record_date(bytes: [u8; 7]) -> Option<Timestamp> {
    let [year, month, day, hour, minute, second, zone] = bytes;
    let year = 1900 + i16::from(year);
    let civil = Civil { year, month, day, hour, minute, second, nanos: 0 };
    Timestamp::from_civil(civil, i32::from(zone.cast_signed()) * 15)
}

/// Seventeen-byte form, hundredths of seconds included, offset 0. Years outside 1-9999 are clamped by the calendar.
pub(crate) fn encode_volume_date(time: Timestamp) -> [u8; 17] {
    let c = time.civil();
    let text = format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}{:02}",
        c.year.clamp(1, 9999),
        c.month,
        c.day,
        c.hour,
        c.minute,
        c.second,
        c.nanos / 10_000_000
    );
    let mut out = [0; 17];
    for (to, from) in out.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    out
}

/// The seventeen-byte form that means "not specified": sixteen digits 0, offset 0.
pub(crate) const NO_VOLUME_DATE: [u8; 17] = *b"0000000000000000\0";

/// Reads the seventeen-byte form; `None` when unspecified or no date.
pub(crate) fn decode_volume_date(bytes: &[u8; 17]) -> Option<Timestamp> {
    let number = |from: usize, to: usize| -> Option<i16> {
        bytes
            .get(from..to)?
            .iter()
            .try_fold(0i16, |n, b| b.is_ascii_digit().then(|| n * 10 + i16::from(b - b'0')))
    };
    let field = |from: usize| u8::try_from(number(from, from + 2)?).ok();
    let civil = Civil {
        year: number(0, 4).filter(|y| *y > 0)?,
        month: field(4)?,
        day: field(6)?,
        hour: field(8)?,
        minute: field(10)?,
        second: field(12)?,
        nanos: u32::from(field(14)?) * 10_000_000,
    };
    Timestamp::from_civil(civil, i32::from(bytes[16].cast_signed()) * 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 9.1.5: years since 1900, month, day, hour, minute, second, quarter hours from Greenwich.
    #[test]
    fn seven_bytes() {
        let moment = Timestamp::from_secs(951_786_123); // 2000-02-29T01:02:03Z
        assert_eq!(RecordDates::default().encode(moment), [100, 2, 29, 1, 2, 3, 0]);
        assert_eq!(decode_record_date([100, 2, 29, 1, 2, 3, 0]), Some(moment));
        // The same moment two hours and a quarter ahead (+9) and behind (-9).
        assert_eq!(decode_record_date([100, 2, 29, 3, 17, 3, 9]), Some(moment));
        assert_eq!(decode_record_date([100, 2, 28, 22, 47, 3, 247]), Some(moment));
        assert_eq!(decode_record_date([0; 7]), None);
        assert_eq!(decode_record_date([100, 13, 1, 0, 0, 0, 0]), None);
    }

    #[test]
    fn years_that_do_not_fit_a_byte_are_clamped() {
        let mut dates = RecordDates::default();
        assert_eq!(dates.encode(Timestamp::from_secs(i64::MIN)), [0, 1, 1, 0, 0, 0, 0]);
        assert_eq!(dates.encode(Timestamp::from_secs(i64::MAX)), [255, 12, 31, 23, 59, 59, 0]);
        assert_eq!(dates.encode(Timestamp::from_secs(FIRST)), [0, 1, 1, 0, 0, 0, 0]);
        assert_eq!(dates.encode(Timestamp::from_secs(LAST)), [255, 12, 31, 23, 59, 59, 0]);
    }

    /// 8.4.26.1: digits of year, month, day, hour, minute, second, hundredths, then the offset byte.
    #[test]
    fn seventeen_bytes() {
        let moment = Timestamp { secs: 951_786_123, nanos: 120_000_000 };
        assert_eq!(&encode_volume_date(moment), b"2000022901020312\0");
        assert_eq!(decode_volume_date(b"2000022901020312\0"), Some(moment));
        assert_eq!(decode_volume_date(b"2000022902020312\x04"), Some(moment));
        assert_eq!(decode_volume_date(&NO_VOLUME_DATE), None);
        assert_eq!(decode_volume_date(b"20000229 1020312\0"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_order_of_moments_round_trips(secs in proptest::collection::vec(FIRST..LAST, 1..20)) {
            let mut dates = RecordDates::default();
            for s in secs {
                let moment = Timestamp::from_secs(s);
                proptest::prop_assert_eq!(decode_record_date(dates.encode(moment)), Some(moment));
                let long = Timestamp { secs: s, nanos: 990_000_000 };
                proptest::prop_assert_eq!(decode_volume_date(&encode_volume_date(long)), Some(long));
            }
        }
    }
}
