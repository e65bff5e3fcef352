//! timestamp (ECMA-167 1/7.3, UDF 2.1.4).

use glassmaster_tree::{Civil, Timestamp};

use super::field::{put_u16, u16_at};

/// Bytes of a time stamp.
pub(crate) const TIMESTAMP_LEN: usize = 12;

/// Type 1 (local time), 0 minutes ahead of UTC.
const LOCAL_UTC: u16 = 0x1000;
/// Offset that says "no zone recorded".
const NO_ZONE: i32 = -2047;
const DAY: i64 = 86_400;
/// Years 1 and 9999 bound what can be recorded (ECMA-167 1/7.3.2).
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;

/// Makes time stamps; remembers the last day, because files of one tree cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calendar {
    day: i64,
    date: Option<[u8; 4]>,
}

impl Calendar {
    /// The recorded form in UTC, to the microsecond. Moments outside the years 1 to 9999 are clamped.
    pub(crate) fn encode(&mut self, time: Timestamp) -> [u8; TIMESTAMP_LEN] {
        let secs = time.secs.clamp(FIRST, LAST);
        let (day, second) = (secs.div_euclid(DAY), secs.rem_euclid(DAY));
        let date = match self.date {
            Some(date) if self.day == day => date,
            _ => {
                let civil = Timestamp::from_secs(secs).civil();
                let [low, high] = civil.year.to_le_bytes();
                let date = [low, high, civil.month, civil.day];
                (self.day, self.date) = (day, Some(date));
                date
            }
        };
        let byte = |v: i64| u8::try_from(v).unwrap_or_default();
        let micros = i64::from(time.nanos.min(999_999_999)) / 1000;
        let mut out = [0; TIMESTAMP_LEN];
        put_u16(&mut out, 0, LOCAL_UTC);
        out[2..6].copy_from_slice(&date);
        out[6..].copy_from_slice(&[
            byte(second / 3600),
            byte(second / 60 % 60),
            byte(second % 60),
            byte(micros / 10_000),
            byte(micros / 100 % 100),
            byte(micros % 100),
        ]);
        out
    }
}

/// The moment a recorded stamp names; `None` when it names none (all zeros, month 13, ...).
pub(crate) fn decode(bytes: &[u8]) -> Option<Timestamp> {
    let b: &[u8; TIMESTAMP_LEN] = bytes.get(..TIMESTAMP_LEN)?.try_into().ok()?;
    let type_and_zone = u16_at(b, 0);
    // Twelve bits, two's complement.
    let zone = i32::from(type_and_zone & 0x0FFF);
    let zone = if zone >= 0x800 { zone - 0x1000 } else { zone };
    let offset = match type_and_zone >> 12 {
        1 if zone != NO_ZONE => zone,
        _ => 0,
    };
    let micros = u32::from(b[9].min(99)) * 10_000 + u32::from(b[10].min(99)) * 100 + u32::from(b[11].min(99));
    Timestamp::from_civil(
        Civil {
            year: i16::from_le_bytes([b[2], b[3]]),
            month: b[4],
            day: b[5],
            hour: b[6],
            minute: b[7],
            second: b[8],
            nanos: micros * 1000,
        },
        offset,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leap_day_byte_by_byte() {
        let time = Timestamp { secs: 951_782_400 + 3_723, nanos: 123_456_789 };
        assert_eq!(Calendar::default().encode(time), [0x00, 0x10, 0xD0, 0x07, 2, 29, 1, 2, 3, 12, 34, 56]);
    }

    #[test]
    fn zones_are_minutes_ahead_of_utc() {
        let mut b = [0x00, 0x10, 0xD0, 0x07, 1, 1, 12, 0, 0, 0, 0, 0];
        let noon = decode(&b).unwrap();
        (b[0], b[1]) = (60, 0x10);
        assert_eq!(decode(&b).unwrap().secs, noon.secs - 3600);
        (b[0], b[1]) = (0xC4, 0x1F); // -60
        assert_eq!(decode(&b).unwrap().secs, noon.secs + 3600);
        (b[0], b[1]) = (0x01, 0x18); // not recorded
        assert_eq!(decode(&b).unwrap(), noon);
        assert_eq!(decode(&[0; 12]), None);
    }

    proptest::proptest! {
        #[test]
        fn round_trip(secs in FIRST..=LAST, micros in 0u32..1_000_000) {
            let time = Timestamp { secs, nanos: micros * 1000 };
            let mut calendar = Calendar::default();
            calendar.encode(Timestamp::from_secs(secs - 1));
            proptest::prop_assert_eq!(decode(&calendar.encode(time)), Some(time));
        }
    }
}
