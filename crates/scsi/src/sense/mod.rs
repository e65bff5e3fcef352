//! Sense data (SPC-4 4.5): why a command did not end GOOD.

mod codes;

use std::fmt;

pub use codes::{AdditionalSense, SenseKey};

/// Sense data in either format, current or deferred.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Sense {
    /// Sense key.
    pub key: SenseKey,
    /// Additional sense code and qualifier.
    pub code: AdditionalSense,
    /// The error belongs to an earlier command (response codes 71h and 73h, SPC-4 4.5.5).
    pub deferred: bool,
    /// INFORMATION field where VALID is set: for most commands the LBA, with ILI the difference in length. 32 bits
    /// wide in the fixed format.
    pub information: Option<u64>,
    /// COMMAND-SPECIFIC INFORMATION where it is not 0 (fixed) or present (descriptor).
    pub command_specific: Option<u64>,
    /// FILEMARK bit.
    pub filemark: bool,
    /// End-of-medium bit.
    pub eom: bool,
    /// Incorrect length indicator: a block did not have the expected length.
    #[doc(alias = "ILI")]
    pub ili: bool,
    /// SENSE KEY SPECIFIC bytes without the SKSV bit, where SKSV is set. See [`Sense::progress`],
    /// [`Sense::field_pointer`] and [`Sense::retry_count`] for their meaning.
    #[doc(alias = "SKSV")]
    pub key_specific: Option<[u8; 3]>,
}

/// Which byte of the command block or parameter list the drive objects to (SPC-4 4.5.2.4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct FieldPointer {
    /// C/D bit: the command block (`true`) or the data-out parameter list.
    pub in_cdb: bool,
    /// Most significant bit of the field, 0-7, where BPV is set.
    pub bit: Option<u8>,
    /// First byte of the field.
    pub byte: u16,
}

impl Sense {
    /// Current sense with nothing but key and code.
    #[must_use]
    pub const fn new(key: SenseKey, code: AdditionalSense) -> Self {
        Self {
            key,
            code,
            deferred: false,
            information: None,
            command_specific: None,
            filemark: false,
            eom: false,
            ili: false,
            key_specific: None,
        }
    }

    /// Key, ASC and ASCQ as in tables: `Sense::of(5, 0x24, 0)`.
    #[must_use]
    pub const fn of(key: u8, asc: u8, ascq: u8) -> Self {
        Self::new(SenseKey(key), AdditionalSense::new(asc, ascq))
    }

    /// Whether key, ASC and ASCQ are these, whatever else is said.
    #[must_use]
    pub fn is(&self, key: u8, asc: u8, ascq: u8) -> bool {
        self.key == SenseKey(key) && self.code == AdditionalSense::new(asc, ascq)
    }

    /// The same with an INFORMATION field.
    #[must_use]
    pub const fn with_information(mut self, information: u64) -> Self {
        self.information = Some(information);
        self
    }

    /// The same with a progress indication: `done` of 65536 (SPC-4 4.5.2.4.4). For keys NO SENSE and NOT READY.
    #[must_use]
    pub const fn with_progress(mut self, done: u16) -> Self {
        let [high, low] = done.to_be_bytes();
        self.key_specific = Some([0, high, low]);
        self
    }

    /// The same with a field pointer. For key ILLEGAL REQUEST.
    #[must_use]
    pub const fn with_field(mut self, field: FieldPointer) -> Self {
        let [high, low] = field.byte.to_be_bytes();
        let mut flags = if field.in_cdb { 0x40 } else { 0 };
        if let Some(bit) = field.bit {
            flags |= 0x08 | (bit & 7);
        }
        self.key_specific = Some([flags, high, low]);
        self
    }

    /// Progress of the operation that keeps the drive busy, in 65536ths; `None` where the drive gives none or the
    /// key is not NO SENSE or NOT READY.
    #[must_use]
    pub fn progress(&self) -> Option<u16> {
        match (self.key, self.key_specific) {
            (SenseKey::NO_SENSE | SenseKey::NOT_READY, Some([_, high, low])) => {
                Some(u16::from_be_bytes([high, low]))
            }
            _ => None,
        }
    }

    /// Which field is wrong; only with ILLEGAL REQUEST.
    #[must_use]
    pub fn field_pointer(&self) -> Option<FieldPointer> {
        match (self.key, self.key_specific) {
            (SenseKey::ILLEGAL_REQUEST, Some([flags, high, low])) => Some(FieldPointer {
                in_cdb: flags & 0x40 != 0,
                bit: (flags & 0x08 != 0).then_some(flags & 7),
                byte: u16::from_be_bytes([high, low]),
            }),
            _ => None,
        }
    }

    /// How often the drive tried; only with RECOVERED, MEDIUM and HARDWARE ERROR (SPC-4 4.5.2.4.3).
    #[must_use]
    pub fn retry_count(&self) -> Option<u16> {
        match (self.key, self.key_specific) {
            (
                SenseKey::RECOVERED_ERROR | SenseKey::MEDIUM_ERROR | SenseKey::HARDWARE_ERROR,
                Some([_, high, low]),
            ) => Some(u16::from_be_bytes([high, low])),
            _ => None,
        }
    }

    /// Reads sense data of response codes 70h to 73h; `None` for other codes and for data that ends before the
    /// sense key.
    ///
    /// Drives send short sense data; what lies past the end counts as zero.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        match bytes.first()? & 0x7F {
            code @ (0x70 | 0x71) => Self::parse_fixed(bytes, code == 0x71),
            code @ (0x72 | 0x73) => Self::parse_descriptor(bytes, code == 0x73),
            _ => None,
        }
    }

    fn parse_fixed(bytes: &[u8], deferred: bool) -> Option<Self> {
        let flags = *bytes.get(2)?;
        // ADDITIONAL SENSE LENGTH bounds what is valid, except that some old drives leave it 0.
        let valid = match bytes.get(7) {
            Some(0) | None => bytes.len(),
            Some(more) => bytes.len().min(8 + usize::from(*more)),
        };
        let at = |i: usize| if i < valid { bytes.get(i).copied().unwrap_or(0) } else { 0 };
        let four = |i: usize| u64::from(u32::from_be_bytes([at(i), at(i + 1), at(i + 2), at(i + 3)]));
        let mut sense = Self::new(SenseKey(flags & 0x0F), AdditionalSense::new(at(12), at(13)));
        sense.deferred = deferred;
        sense.filemark = flags & 0x80 != 0;
        sense.eom = flags & 0x40 != 0;
        sense.ili = flags & 0x20 != 0;
        sense.information = (at(0) & 0x80 != 0).then(|| four(3));
        sense.command_specific = Some(four(8)).filter(|v| *v != 0);
        sense.key_specific = (at(15) & 0x80 != 0).then(|| [at(15) & 0x7F, at(16), at(17)]);
        Some(sense)
    }

    fn parse_descriptor(bytes: &[u8], deferred: bool) -> Option<Self> {
        let at = |i: usize| bytes.get(i).copied().unwrap_or(0);
        let key = *bytes.get(1)?;
        let mut sense = Self::new(SenseKey(key & 0x0F), AdditionalSense::new(at(2), at(3)));
        sense.deferred = deferred;
        let end = bytes.len().min(8 + usize::from(at(7)));
        let mut rest = bytes.get(8..end).unwrap_or(&[]);
        while let [kind, length, ..] = *rest {
            let size = 2 + usize::from(length);
            let Some(body) = rest.get(..size) else { break };
            match (kind, body.len()) {
                // Information (SPC-4 4.5.2.2).
                (0x00, 12..) => sense.information = (body[2] & 0x80 != 0).then(|| be64(&body[4..12])),
                (0x01, 12..) => sense.command_specific = Some(be64(&body[4..12])),
                (0x02, 7..) if body[4] & 0x80 != 0 => {
                    sense.key_specific = Some([body[4] & 0x7F, body[5], body[6]]);
                }
                // Stream commands: FILEMARK, EOM, ILI. Block commands: ILI.
                (0x04, 4..) => {
                    sense.filemark = body[3] & 0x80 != 0;
                    sense.eom = body[3] & 0x40 != 0;
                    sense.ili = body[3] & 0x20 != 0;
                }
                (0x05, 4..) => sense.ili = body[3] & 0x20 != 0,
                _ => {}
            }
            rest = rest.get(size..).unwrap_or(&[]);
        }
        Some(sense)
    }

    /// Fixed format, 18 bytes (SPC-4 4.5.3). INFORMATION wider than 32 bits is left out with VALID clear.
    #[must_use]
    pub fn to_fixed(&self) -> [u8; 18] {
        let mut b = [0; 18];
        b[0] = if self.deferred { 0x71 } else { 0x70 };
        if let Some(information) = self.information.and_then(|v| u32::try_from(v).ok()) {
            b[0] |= 0x80;
            b[3..7].copy_from_slice(&information.to_be_bytes());
        }
        b[2] = self.key.0 & 0x0F
            | if self.filemark { 0x80 } else { 0 }
            | if self.eom { 0x40 } else { 0 }
            | if self.ili { 0x20 } else { 0 };
        b[7] = 10;
        if let Some(info) = self.command_specific.and_then(|v| u32::try_from(v).ok()) {
            b[8..12].copy_from_slice(&info.to_be_bytes());
        }
        b[12] = self.code.asc();
        b[13] = self.code.ascq();
        if let Some([flags, high, low]) = self.key_specific {
            b[15] = 0x80 | flags;
            b[16] = high;
            b[17] = low;
        }
        b
    }

    /// Descriptor format (SPC-4 4.5.2) with the descriptors that have content.
    #[must_use]
    pub fn to_descriptors(&self) -> Vec<u8> {
        let code = if self.deferred { 0x73 } else { 0x72 };
        let mut b = vec![code, self.key.0 & 0x0F, self.code.asc(), self.code.ascq(), 0, 0, 0, 0];
        if let Some(information) = self.information {
            b.extend_from_slice(&[0x00, 0x0A, 0x80, 0]);
            b.extend_from_slice(&information.to_be_bytes());
        }
        if let Some(information) = self.command_specific {
            b.extend_from_slice(&[0x01, 0x0A, 0, 0]);
            b.extend_from_slice(&information.to_be_bytes());
        }
        if let Some([flags, high, low]) = self.key_specific {
            b.extend_from_slice(&[0x02, 0x06, 0, 0, 0x80 | flags, high, low, 0]);
        }
        if self.filemark || self.eom {
            let bits = if self.filemark { 0x80 } else { 0 } | if self.eom { 0x40 } else { 0 };
            b.extend_from_slice(&[0x04, 0x02, 0, bits | if self.ili { 0x20 } else { 0 }]);
        } else if self.ili {
            b.extend_from_slice(&[0x05, 0x02, 0, 0x20]);
        }
        b[7] = u8::try_from(b.len() - 8).unwrap_or(u8::MAX);
        b
    }
}

fn be64(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |n, b| n << 8 | u64::from(*b))
}

impl fmt::Display for Sense {
    /// Words first, numbers always: `not ready: medium not present (2/3A/00)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({:X}/{})", self.key, self.code, self.key.0, self.code.digits())?;
        if let Some(p) = self.progress() {
            write!(f, ", {} % done", u32::from(p) * 100 / 65536)?;
        }
        if let Some(field) = self.field_pointer() {
            let place = if field.in_cdb { "command" } else { "parameter list" };
            write!(f, ", byte {} of the {place}", field.byte)?;
            if let Some(bit) = field.bit {
                write!(f, " bit {bit}")?;
            }
        }
        if let Some(information) = self.information {
            write!(f, ", at {information}")?;
        }
        if self.deferred {
            f.write_str(", from an earlier command")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
