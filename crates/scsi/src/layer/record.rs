//! The text form of a conversation: one line a command, `key=value` fields with single spaces between them.
//!
//! ```text
//! cdb=28000000001000000100 dir=in len=2048 status=00 moved=2048 us=412 hash=9c1f0e5b7a2d4483 data=4344...
//! cdb=000000000000 dir=none len=0 status=02 moved=0 sense=70000200000000... us=30
//! cdb=2a00000000000000200000 dir=out len=65536 us=30000000 error=/dev/sr0 did not answer 2Ah within 30000 ms
//! ```
//!
//! | field | content |
//! |---|---|
//! | `cdb` | command block in hexadecimal |
//! | `dir` | `none`, `in` or `out` |
//! | `len` | bytes of the host's buffer |
//! | `status` | status byte in hexadecimal; absent when the transport failed |
//! | `moved` | bytes that moved |
//! | `sense` | sense data, fixed format, in hexadecimal |
//! | `us` | how long it took, in microseconds |
//! | `hash` | 64-bit FNV-1a of the bytes that moved, in hexadecimal |
//! | `data` | the bytes that moved, in hexadecimal |
//! | `error` | the transport's error; the last field, up to the end of the line |
//!
//! Empty lines and lines that begin with `#` are skipped. Unknown fields are an error.

use std::fmt;
use std::str::FromStr;

use crate::{Cdb, Direction, Outcome, Sense, Status};

/// One command and its answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// The command.
    pub cdb: Cdb,
    /// Which way its data went.
    pub direction: Direction,
    /// Bytes of the host's buffer.
    pub length: usize,
    /// What came back: the outcome, or the text of the transport's error.
    pub result: Result<Outcome, String>,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// Hash of the bytes that moved.
    pub hash: Option<u64>,
    /// The bytes that moved.
    pub data: Option<Vec<u8>>,
}

/// A line that is no record.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a line of a conversation: {0}")]
pub struct RecordError(String);

impl RecordError {
    pub(super) fn at(line: usize, text: &str) -> Self {
        Self(format!("line {line}: {text}"))
    }
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cdb=")?;
        hex(self.cdb.as_bytes(), f)?;
        let direction = match self.direction {
            Direction::None => "none",
            Direction::In => "in",
            Direction::Out => "out",
        };
        write!(f, " dir={direction} len={}", self.length)?;
        if let Ok(outcome) = &self.result {
            write!(f, " status={:02x} moved={}", outcome.status.0, outcome.transferred)?;
            if let Some(sense) = outcome.sense {
                f.write_str(" sense=")?;
                hex(&sense.to_fixed(), f)?;
            }
        }
        write!(f, " us={}", self.micros)?;
        if let Some(hash) = self.hash {
            write!(f, " hash={hash:016x}")?;
        }
        if let Some(data) = &self.data {
            f.write_str(" data=")?;
            hex(data, f)?;
        }
        if let Err(error) = &self.result {
            write!(f, " error={}", error.replace(['\n', '\r'], " "))?;
        }
        Ok(())
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

impl FromStr for Record {
    type Err = RecordError;

    fn from_str(line: &str) -> Result<Self, RecordError> {
        let wrong = |what: &str| RecordError(format!("{what} in '{}'", line.get(..80).unwrap_or(line)));
        let (fields, error) = match line.split_once(" error=") {
            Some((fields, error)) => (fields, Some(error.to_owned())),
            None => (line, None),
        };
        let (mut cdb, mut direction, mut length, mut status) = (None, None, None, None);
        let (mut moved, mut sense, mut micros, mut hash, mut data) = (0, None, 0, None, None);
        for field in fields.split_ascii_whitespace() {
            let (key, value) = field.split_once('=').ok_or_else(|| wrong("field without '='"))?;
            let bad = || wrong(&format!("wrong value of '{key}'"));
            match key {
                "cdb" => cdb = Some(Cdb::new(&bytes(value).ok_or_else(bad)?).map_err(|_| bad())?),
                "dir" => {
                    direction = Some(match value {
                        "none" => Direction::None,
                        "in" => Direction::In,
                        "out" => Direction::Out,
                        _ => return Err(bad()),
                    });
                }
                "len" => length = Some(value.parse().map_err(|_| bad())?),
                "status" => status = Some(Status(u8::from_str_radix(value, 16).map_err(|_| bad())?)),
                "moved" => moved = value.parse().map_err(|_| bad())?,
                "sense" => sense = Some(bytes(value).and_then(|b| Sense::parse(&b)).ok_or_else(bad)?),
                "us" => micros = value.parse().map_err(|_| bad())?,
                "hash" => hash = Some(u64::from_str_radix(value, 16).map_err(|_| bad())?),
                "data" => data = Some(bytes(value).ok_or_else(bad)?),
                _ => return Err(wrong(&format!("unknown field '{key}'"))),
            }
        }
        let length = length.ok_or_else(|| wrong("no 'len'"))?;
        let result = match (status, error) {
            (Some(status), None) => Ok(Outcome { status, sense, transferred: moved }),
            (None, Some(error)) => Err(error),
            _ => return Err(wrong("neither or both of 'status' and 'error'")),
        };
        if moved > length || data.as_ref().is_some_and(|data| data.len() != moved) {
            return Err(wrong("lengths that do not agree"));
        }
        Ok(Self {
            cdb: cdb.ok_or_else(|| wrong("no 'cdb'"))?,
            direction: direction.ok_or_else(|| wrong("no 'dir'"))?,
            length,
            result,
            micros,
            hash,
            data,
        })
    }
}

/// 64-bit FNV-1a: small, and enough to tell two recordings apart; no protection against malice.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_documentation() {
        let line = "cdb=000000000000 dir=none len=0 status=02 moved=0 \
                    sense=700002000000000a000000003a0000000000 us=30";
        let record: Record = line.parse().unwrap();
        assert!(record.result.as_ref().unwrap().sense.unwrap().is(2, 0x3A, 0));
        assert_eq!(record.to_string(), line);
        let line = "cdb=2a000000000000002000 dir=out len=65536 us=9 error=/dev/sr0 did not answer";
        let record: Record = line.parse().unwrap();
        assert_eq!(record.result, Err("/dev/sr0 did not answer".to_owned()));
        assert_eq!(record.to_string(), line);
    }

    #[test]
    fn what_is_no_line() {
        for line in [
            "",
            "hello",
            "cdb=00 dir=none len=0 status=00",
            "cdb=000000000000 dir=up len=0 status=00",
            "cdb=000000000000 dir=in len=1 status=00 moved=2",
            "cdb=000000000000 dir=in len=2 status=00 moved=2 data=00",
            "cdb=000000000000 dir=in len=2 status=00 moved=2 data=0g00",
            "cdb=000000000000 dir=none len=0",
            "cdb=000000000000 dir=none len=0 status=00 colour=red",
        ] {
            assert!(line.parse::<Record>().is_err(), "{line}");
        }
    }

    /// Test vectors of the authors of the function.
    #[test]
    fn hash_of_the_published_vectors() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
