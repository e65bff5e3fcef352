//! Spoils a conversation on purpose, so that error paths are walked before a real drive walks them.
//!
//! A plan is a text, one rule a line; `#` begins a comment. A rule is words in any order, of which exactly one is a
//! fault; all conditions of a rule have to hold.
//!
//! | word | meaning |
//! |---|---|
//! | `op=2A` | only commands with this operation code, hexadecimal; several with commas |
//! | `lba=16..31` | only commands whose LBA range touches these blocks; READ, WRITE and VERIFY (10) and (12), READ CD |
//! | `nth=3` | from the third matching command on (1 is the first, the default) |
//! | `times=2` | for so many commands; 1 is the default |
//! | `always` | for all of them |
//! | `after` | the drive executes the command first, and its answer is replaced |
//! | `sense=3/0C/00` | fault: CHECK CONDITION with key, ASC and ASCQ |
//! | `status=18` | fault: this status byte |
//! | `busy` | fault: BUSY |
//! | `gone` | fault: the device is gone |
//! | `timeout` | fault: no answer in time |
//! | `short=N` | fault: at most N bytes of data come in; the command is executed |
//! | `garbage=SEED` | fault: the data that came in is replaced by noise made from the number |
//!
//! The first rule that strikes counts. Rules count matching commands whether or not an earlier rule struck.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use crate::{Cdb, Claim, DataPhase, Outcome, Sense, Status, SystemFacts, Transport, TransportError};

/// What is done to a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// CHECK CONDITION.
    Sense(Sense),
    /// Another status.
    Status(Status),
    /// [`TransportError::DeviceGone`].
    Gone,
    /// [`TransportError::Timeout`], at once.
    Timeout,
    /// The drive answers, but no more than so many bytes arrive.
    Short(usize),
    /// The drive answers, but the bytes are noise from this seed.
    Garbage(u64),
}

/// When which fault strikes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FaultRule {
    /// Operation codes; empty for all.
    pub opcodes: Vec<u8>,
    /// Blocks that the command has to touch.
    pub lba: Option<RangeInclusive<i64>>,
    /// First matching command that is struck, from 1.
    pub nth: u64,
    /// How many from there on; `None` for all.
    pub times: Option<u64>,
    /// Let the drive execute the command before a status or an error replaces its answer.
    pub after: bool,
    /// What happens.
    pub fault: Fault,
}

/// A line that is no rule.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("fault rule '{line}': {reason}")]
pub struct FaultRuleError {
    line: String,
    reason: String,
}

impl FromStr for FaultRule {
    type Err = FaultRuleError;

    fn from_str(line: &str) -> Result<Self, FaultRuleError> {
        let wrong = |reason: String| FaultRuleError { line: line.to_owned(), reason };
        let mut rule =
            Self { opcodes: Vec::new(), lba: None, nth: 1, times: Some(1), after: false, fault: Fault::Gone };
        let mut fault = None;
        for word in line.split_ascii_whitespace() {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            let bad = || wrong(format!("'{word}' is not understood"));
            let found = match key {
                "op" => {
                    for code in value.split(',') {
                        rule.opcodes.push(u8::from_str_radix(code, 16).map_err(|_| bad())?);
                    }
                    None
                }
                "lba" => {
                    let (first, last) = value.split_once("..").unwrap_or((value, value));
                    rule.lba = Some(first.parse().map_err(|_| bad())?..=last.parse().map_err(|_| bad())?);
                    None
                }
                "nth" => {
                    rule.nth = value.parse().ok().filter(|n| *n > 0).ok_or_else(bad)?;
                    None
                }
                "times" => {
                    rule.times = Some(value.parse().map_err(|_| bad())?);
                    None
                }
                "always" if value.is_empty() => {
                    rule.times = None;
                    None
                }
                "after" if value.is_empty() => {
                    rule.after = true;
                    None
                }
                "sense" => {
                    let parts: Vec<u8> = value
                        .split('/')
                        .map(|part| u8::from_str_radix(part, 16).map_err(|_| bad()))
                        .collect::<Result<_, _>>()?;
                    let &[key, asc, ascq] = parts.as_slice() else { return Err(bad()) };
                    Some(Fault::Sense(Sense::of(key & 0x0F, asc, ascq)))
                }
                "status" => Some(Fault::Status(Status(u8::from_str_radix(value, 16).map_err(|_| bad())?))),
                "busy" => Some(Fault::Status(Status::BUSY)),
                "gone" => Some(Fault::Gone),
                "timeout" => Some(Fault::Timeout),
                "short" => Some(Fault::Short(value.parse().map_err(|_| bad())?)),
                "garbage" => Some(Fault::Garbage(value.parse().map_err(|_| bad())?)),
                _ => return Err(bad()),
            };
            if found.is_some() && fault.is_some() {
                return Err(wrong("it names two faults".to_owned()));
            }
            fault = fault.or(found);
        }
        rule.fault = fault.ok_or_else(|| wrong("it names no fault".to_owned()))?;
        Ok(rule)
    }
}

impl FaultRule {
    /// Reads a plan.
    ///
    /// # Errors
    /// [`FaultRuleError`] with the first line that is no rule.
    pub fn plan(text: &str) -> Result<Vec<Self>, FaultRuleError> {
        text.lines()
            .map(|line| line.split('#').next().unwrap_or("").trim())
            .filter(|line| !line.is_empty())
            .map(str::parse)
            .collect()
    }

    fn matches(&self, cdb: &Cdb) -> bool {
        let touches = |wanted: &RangeInclusive<i64>| {
            blocks(cdb).is_some_and(|(first, count)| {
                count > 0 && first <= *wanted.end() && first + count > *wanted.start()
            })
        };
        (self.opcodes.is_empty() || self.opcodes.contains(&cdb.opcode()))
            && self.lba.as_ref().is_none_or(touches)
    }
}

/// First block and number of blocks of a command that addresses blocks.
fn blocks(cdb: &Cdb) -> Option<(i64, i64)> {
    let count = match cdb.opcode() {
        0x28 | 0x2A | 0x2E | 0x2F => i64::from(cdb.be16(7)),
        0xA8 | 0xAA => i64::from(cdb.be32(6)),
        0xBE => i64::from(cdb.be24(6)),
        _ => return None,
    };
    Some((i64::from(cdb.be32(2).cast_signed()), count))
}

/// A transport that obeys a list of rules.
#[derive(Debug)]
pub struct Faulty<T> {
    inner: T,
    rules: Vec<(FaultRule, u64)>,
    struck: u64,
}

impl<T: Transport> Faulty<T> {
    /// Spoils `inner`.
    pub fn new(inner: T, rules: Vec<FaultRule>) -> Self {
        Self { inner, rules: rules.into_iter().map(|rule| (rule, 0)).collect(), struck: 0 }
    }

    /// How many commands were spoiled.
    #[must_use]
    pub const fn struck(&self) -> u64 {
        self.struck
    }

    /// The transport below.
    pub fn into_inner(self) -> T {
        self.inner
    }

    fn strike(&mut self, cdb: &Cdb) -> Option<(Fault, bool)> {
        let mut strikes = None;
        for (rule, seen) in &mut self.rules {
            if !rule.matches(cdb) {
                continue;
            }
            *seen += 1;
            let due = *seen >= rule.nth && rule.times.is_none_or(|times| *seen - rule.nth < times);
            if due && strikes.is_none() {
                strikes = Some((rule.fault, rule.after));
            }
        }
        strikes
    }
}

impl<T: Transport> Transport for Faulty<T> {
    fn execute(
        &mut self,
        cdb: &Cdb,
        mut data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        let Some((fault, after)) = self.strike(cdb) else {
            return self.inner.execute(cdb, data, timeout);
        };
        self.struck += 1;
        let passes = after || matches!(fault, Fault::Short(_) | Fault::Garbage(_));
        let mut outcome = Outcome::good(0);
        if passes {
            outcome = self.inner.execute(cdb, data.reborrow(), timeout)?;
        }
        let device = || self.inner.name().to_owned();
        match fault {
            Fault::Sense(sense) => Ok(Outcome::check(sense)),
            Fault::Status(status) => Ok(Outcome::status(status)),
            Fault::Gone => Err(TransportError::DeviceGone {
                device: device(),
                detail: "a fault rule says so".to_owned(),
            }),
            Fault::Timeout => {
                Err(TransportError::Timeout { device: device(), opcode: cdb.opcode(), limit: timeout })
            }
            Fault::Short(most) => {
                outcome.transferred = outcome.transferred.min(most);
                Ok(outcome)
            }
            Fault::Garbage(seed) => {
                if let DataPhase::In(buffer) = data {
                    noise(seed, buffer);
                }
                Ok(outcome)
            }
        }
    }

    fn max_transfer(&self) -> usize {
        self.inner.max_transfer()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }

    fn system(&self) -> SystemFacts {
        self.inner.system()
    }

    fn claim(&self) -> Result<Option<Claim>, TransportError> {
        self.inner.claim()
    }
}

/// SplitMix64: the same noise for the same seed on every machine.
fn noise(seed: u64, out: &mut [u8]) {
    let mut state = seed;
    for chunk in out.chunks_mut(8) {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        for (place, byte) in chunk.iter_mut().zip(z.to_le_bytes()) {
            *place = byte;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_as_text() {
        let plan = FaultRule::plan(
            "# the write that fails\n op=2A,AA lba=16..31 nth=2 times=3 sense=3/0C/00\n\nop=00 always busy # never ready\n",
        )
        .unwrap();
        assert_eq!(plan.len(), 2);
        assert_eq!(
            plan[0],
            FaultRule {
                opcodes: vec![0x2A, 0xAA],
                lba: Some(16..=31),
                nth: 2,
                times: Some(3),
                after: false,
                fault: Fault::Sense(Sense::of(3, 0x0C, 0)),
            }
        );
        assert_eq!((plan[1].times, plan[1].fault), (None, Fault::Status(Status::BUSY)));
        for bad in
            ["op=2A", "busy gone", "op=XYZ busy", "sense=3/0C", "nth=0 busy", "often busy", "lba=a..b gone"]
        {
            assert!(bad.parse::<FaultRule>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ranges_of_blocks() {
        let rule: FaultRule = "lba=-150..-1 gone".parse().unwrap();
        let write = |lba: i32, count: u8| {
            let [a, b, c, d] = lba.to_be_bytes();
            Cdb::ten([0x2A, 0, a, b, c, d, 0, 0, count, 0])
        };
        assert!(rule.matches(&write(-150, 1)));
        assert!(rule.matches(&write(-200, 51)));
        assert!(!rule.matches(&write(-200, 50)));
        assert!(!rule.matches(&write(0, 16)));
        assert!(!rule.matches(&write(-10, 0)));
        assert!(!rule.matches(&Cdb::six([0; 6])));
    }
}
