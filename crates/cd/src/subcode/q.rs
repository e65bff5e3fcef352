//! The Q channel: 96 bits that say where a sector is and what it belongs to (ECMA-130 22.3).

use crc::{Crc, Table};
use glassmaster_disc::Msf;

use crate::bcd::{from_bcd, msf_from_bcd, msf_to_bcd, to_bcd};
use crate::{Isrc, Mcn};

static CODE: Crc<u16, Table<1>> = Crc::<u16, Table<1>>::new(&crc::CRC_16_GSM);

/// The CRC of Q frames and CD-TEXT packs: x^16 + x^12 + x^5 + 1, its parity bits inverted (ECMA-130 22.3.6). Stored with the most
/// significant byte first.
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    CODE.checksum(bytes)
}

/// The control field: what kind of track this is (ECMA-130 22.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Control(u8);

impl Control {
    /// Audio of two channels without pre-emphasis, copying prohibited.
    pub const AUDIO: Self = Self(0);
    /// Data, copying prohibited.
    pub const DATA: Self = Self(4);

    /// From the nibble; the upper bits are dropped.
    #[must_use]
    pub const fn from_nibble(nibble: u8) -> Self {
        Self(nibble & 0x0F)
    }

    /// The nibble: bit 0 pre-emphasis or incremental data, bit 1 copy permitted, bit 2 data, bit 3 four channels.
    #[must_use]
    pub const fn nibble(self) -> u8 {
        self.0
    }

    /// Data rather than audio.
    #[must_use]
    pub const fn is_data(self) -> bool {
        self.0 & 4 != 0
    }

    /// The same with the copy bit so.
    #[must_use]
    pub const fn copy_permitted(self, yes: bool) -> Self {
        Self(self.0 & !2 | (yes as u8) << 1)
    }

    /// The same with pre-emphasis so.
    #[must_use]
    pub const fn pre_emphasis(self, yes: bool) -> Self {
        Self(self.0 & !1 | yes as u8)
    }
}

/// An entry of the table of contents as the lead-in repeats it, with ADR 1 or 5.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TocPoint {
    /// 1 or, for multisession and CD-R information, 5.
    pub adr: u8,
    /// Kind of track; of A0h and A1h the first and last one's.
    pub control: Control,
    /// Track number 1 to 99, A0h first track and disc type, A1h last track, A2h lead-out; with ADR 5 B0h next program area, B1h to B4h
    /// skips, C0h lead-in start, C1h copy of ATIP information.
    pub point: u8,
    /// Running time of the lead-in; with ADR 5 and B0h the earliest start of the next program area, of C0h and C1h bytes of the ATIP.
    pub time: [u8; 3],
    /// Zero; with ADR 5 and B0h the number of further pointers.
    pub zero: u8,
    /// Minute, second and frame the point stands for; track number and disc type with A0h and A1h.
    pub target: [u8; 3],
}

impl TocPoint {
    /// Whether a field of this point holds bits and no decimal digits: the first time of C0h and C1h copies the disc's own
    /// information, and so do the ends of C1h and the skips B2h to B4h.
    const fn time_is_bits(&self) -> bool {
        self.adr == 5 && matches!(self.point, 0xB2..=0xB4 | 0xC0..=0xCF)
    }

    const fn target_is_bits(&self) -> bool {
        self.adr == 5 && matches!(self.point, 0xB2..=0xB4 | 0xC1..=0xCF)
    }
}

/// Content of a Q frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Q {
    /// ADR 1 in program area and lead-out.
    Position {
        /// Kind of track.
        control: Control,
        /// Number, AAh for the lead-out.
        track: u8,
        /// 0 in the pause before the track, else 1 to 99.
        index: u8,
        /// Time since the start of the track; in the pause what is left of it.
        relative: Msf,
        /// Time since the start of the program area.
        absolute: Msf,
    },
    /// ADR 1 and 5 in the lead-in.
    Toc(TocPoint),
    /// ADR 2.
    Catalog {
        /// Kind of track.
        control: Control,
        /// Catalogue number of the disc.
        mcn: Mcn,
        /// Frame of the absolute time, 0 to 74.
        frame: u8,
    },
    /// ADR 3.
    Isrc {
        /// Kind of track.
        control: Control,
        /// Code of the track.
        isrc: Isrc,
        /// Frame of the absolute time, 0 to 74.
        frame: u8,
    },
}

/// Why a Q frame says nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QError {
    /// The CRC is wrong: a read error, which is normal with subcode.
    #[error("the CRC of the Q frame is wrong")]
    Crc,
    /// An ADR that means nothing.
    #[error("the Q frame has ADR {0}, and 1, 2, 3 and 5 are defined")]
    Adr(u8),
    /// A field has a value it cannot have.
    #[error("the Q frame has an impossible {0}")]
    Field(&'static str),
}

impl Q {
    /// The 12 bytes, CRC included.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 12] {
        let mut out = [0; 12];
        match *self {
            Self::Position { control, track, index, relative, absolute } => {
                out[0] = control.nibble() << 4 | 1;
                out[1] = if track > 99 { track } else { to_bcd(track) };
                out[2] = to_bcd(index);
                out[3..6].copy_from_slice(&msf_to_bcd(relative));
                out[7..10].copy_from_slice(&msf_to_bcd(absolute));
            }
            Self::Toc(entry) => {
                out[0] = entry.control.nibble() << 4 | entry.adr & 0x0F;
                out[2] = if entry.point > 99 { entry.point } else { to_bcd(entry.point) };
                let digits = |bits: bool, bytes: [u8; 3]| if bits { bytes } else { bytes.map(to_bcd) };
                out[3..6].copy_from_slice(&digits(entry.time_is_bits(), entry.time));
                out[6] = entry.zero;
                out[7..10].copy_from_slice(&digits(entry.target_is_bits(), entry.target));
            }
            Self::Catalog { control, mcn, frame } => {
                out[0] = control.nibble() << 4 | 2;
                for (n, digit) in mcn.digits().into_iter().enumerate() {
                    out[1 + n / 2] |= if n % 2 == 0 { digit << 4 } else { digit };
                }
                out[9] = to_bcd(frame);
            }
            Self::Isrc { control, isrc, frame } => {
                out[0] = control.nibble() << 4 | 3;
                // Five characters of 6 bits, 2 zeros, seven digits of 4 bits.
                let (head, tail) = isrc_parts(isrc);
                let bits = head.iter().fold(0u64, |bits, six| bits << 6 | u64::from(*six)) << 2;
                let bits = tail.iter().fold(bits, |bits, digit| bits << 4 | u64::from(*digit)) << 4;
                out[1..9].copy_from_slice(&bits.to_be_bytes());
                out[9] = to_bcd(frame);
            }
        }
        let code = crc16(&out[..10]).to_be_bytes();
        out[10..].copy_from_slice(&code);
        out
    }

    /// Reads a Q frame.
    ///
    /// # Errors
    /// [`QError`].
    pub fn parse(bytes: &[u8; 12]) -> Result<Self, QError> {
        if crc16(&bytes[..10]).to_be_bytes() != bytes[10..] {
            return Err(QError::Crc);
        }
        let control = Control::from_nibble(bytes[0] >> 4);
        let frame = || from_bcd(bytes[9]).filter(|frame| *frame < 75).ok_or(QError::Field("frame"));
        let three = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2]];
        let number = |byte: u8, name| match byte {
            0xA0.. => Ok(byte),
            digits => from_bcd(digits).ok_or(QError::Field(name)),
        };
        match bytes[0] & 0x0F {
            adr @ (1 | 5) if bytes[1] == 0 => {
                let mut entry = TocPoint {
                    adr,
                    control,
                    point: number(bytes[2], "point")?,
                    time: three(3),
                    zero: bytes[6],
                    target: three(7),
                };
                if !entry.time_is_bits() {
                    entry.time = digits(entry.time, "time")?;
                }
                if !entry.target_is_bits() {
                    entry.target = digits(entry.target, "point time")?;
                }
                Ok(Self::Toc(entry))
            }
            1 => Ok(Self::Position {
                control,
                track: number(bytes[1], "track number")?,
                index: from_bcd(bytes[2]).ok_or(QError::Field("index"))?,
                relative: msf_from_bcd(three(3)).ok_or(QError::Field("relative time"))?,
                absolute: msf_from_bcd(three(7)).ok_or(QError::Field("absolute time"))?,
            }),
            2 => {
                let digit = |n: usize| {
                    if n.is_multiple_of(2) { bytes[1 + n / 2] >> 4 } else { bytes[1 + n / 2] & 0x0F }
                };
                let mcn = Mcn::from_digits(std::array::from_fn(digit));
                Ok(Self::Catalog {
                    control,
                    mcn: mcn.map_err(|_| QError::Field("catalogue number"))?,
                    frame: frame()?,
                })
            }
            3 => {
                let bits = bytes[1..9].iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
                let field = |shift: u32, mask: u64| u8::try_from(bits >> shift & mask).unwrap_or(0);
                let mut text = [0; 12];
                for (character, shift) in text.iter_mut().zip([58, 52, 46, 40, 34]) {
                    *character = field(shift, 0x3F) + b'0';
                }
                for (character, shift) in text[5..].iter_mut().zip([28, 24, 20, 16, 12, 8, 4]) {
                    *character = field(shift, 0x0F) + b'0';
                }
                let isrc = Isrc::from_ascii(text).map_err(|_| QError::Field("ISRC"))?;
                Ok(Self::Isrc { control, isrc, frame: frame()? })
            }
            adr => Err(QError::Adr(adr)),
        }
    }
}

/// Characters count from '0': digits are 0 to 9, capitals 11h to 2Ah.
fn isrc_parts(isrc: Isrc) -> ([u8; 5], [u8; 7]) {
    let values = isrc.ascii().map(|character| character.saturating_sub(b'0'));
    let [a, b, c, d, e, tail @ ..] = values;
    ([a, b, c, d, e], tail)
}

fn digits(bytes: [u8; 3], name: &'static str) -> Result<[u8; 3], QError> {
    let [a, b, c] = bytes.map(from_bcd);
    Ok([a.ok_or(QError::Field(name))?, b.ok_or(QError::Field(name))?, c.ok_or(QError::Field(name))?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn msf(minute: u8, second: u8, frame: u8) -> Msf {
        Msf::new(minute, second, frame).unwrap()
    }

    /// Frames that wodim 1.1.11 and cdrdao 1.2.4 wrote, with what they were told to write.
    #[test]
    fn frames_of_other_programs() {
        let data = Control::DATA;
        let copy = Control::AUDIO.copy_permitted(true);
        let lead_in =
            |point, time, target| Q::Toc(TocPoint { adr: 1, control: data, point, time, zero: 0, target });
        let cases: [(Q, [u8; 12]); 7] = [
            (lead_in(0xA0, [97, 10, 0], [1, 0, 0]), [0x41, 0, 0xA0, 0x97, 0x10, 0, 0, 1, 0, 0, 0xCC, 0x3B]),
            (
                lead_in(0xA2, [97, 10, 6], [0, 6, 20]),
                [0x41, 0, 0xA2, 0x97, 0x10, 6, 0, 0, 6, 0x20, 0x37, 0xEC],
            ),
            (lead_in(1, [97, 10, 10], [0, 2, 0]), [0x41, 0, 1, 0x97, 0x10, 0x10, 0, 0, 2, 0, 0x58, 0x09]),
            (
                Q::Position {
                    control: data,
                    track: 1,
                    index: 0,
                    relative: msf(0, 1, 73),
                    absolute: msf(0, 0, 1),
                },
                [0x41, 1, 0, 0, 1, 0x73, 0, 0, 0, 1, 0xAF, 0x56],
            ),
            (
                Q::Position {
                    control: data,
                    track: 0xAA,
                    index: 1,
                    relative: msf(0, 2, 0),
                    absolute: msf(0, 8, 20),
                },
                [0x41, 0xAA, 1, 0, 2, 0, 0, 0, 8, 0x20, 0x74, 0x2E],
            ),
            (
                Q::Catalog { control: copy, mcn: "0123456789012".parse().unwrap(), frame: 1 },
                [0x22, 0x01, 0x23, 0x45, 0x67, 0x89, 0x01, 0x20, 0, 1, 0x19, 0xAB],
            ),
            (
                Q::Isrc { control: copy, isrc: "US-K7Y-98-12345".parse().unwrap(), frame: 50 },
                [0x23, 0x96, 0x36, 0xC7, 0xA4, 0x98, 0x12, 0x34, 0x50, 0x50, 0x10, 0x71],
            ),
        ];
        for (meaning, bytes) in cases {
            assert_eq!(meaning.to_bytes(), bytes, "{meaning:?}");
            assert_eq!(Q::parse(&bytes), Ok(meaning));
        }
    }

    #[test]
    fn check_value_of_the_catalogue() {
        assert_eq!(crc16(b"123456789"), 0xCE3C);
    }

    #[test]
    fn multisession_points_keep_their_bits() {
        for entry in [
            TocPoint {
                adr: 5,
                control: Control::DATA,
                point: 0xB0,
                time: [13, 40, 41],
                zero: 2,
                target: [79, 59, 73],
            },
            TocPoint {
                adr: 5,
                control: Control::DATA,
                point: 0xC0,
                time: [0xD0, 0, 0x9C],
                zero: 0,
                target: [97, 26, 65],
            },
        ] {
            let bytes = Q::Toc(entry).to_bytes();
            assert_eq!(Q::parse(&bytes), Ok(Q::Toc(entry)));
        }
        // B0h and C0h as MMC's multi-session figure has them: digits in the first, ATIP bits in the second.
        let bytes = Q::Toc(TocPoint {
            adr: 5,
            control: Control::AUDIO,
            point: 0xC0,
            time: [0xD0, 0, 0x9C],
            zero: 0,
            target: [97, 26, 65],
        })
        .to_bytes();
        assert_eq!(bytes[..10], [0x05, 0, 0xC0, 0xD0, 0, 0x9C, 0, 0x97, 0x26, 0x65]);
    }

    proptest::proptest! {
        #[test]
        fn no_frame_makes_the_parser_panic(mut bytes in proptest::array::uniform12(proptest::num::u8::ANY)) {
            let code = crc16(&bytes[..10]).to_be_bytes();
            bytes[10..].copy_from_slice(&code);
            if let Ok(q) = Q::parse(&bytes) {
                proptest::prop_assert_eq!(Q::parse(&q.to_bytes()), Ok(q));
            }
            bytes[5] ^= 1;
            proptest::prop_assert_eq!(Q::parse(&bytes), Err(QError::Crc));
        }

        #[test]
        fn positions_survive(
            nibble in 0u8..16, track in 1u8..100, index in 0u8..100, a in -150i32..404_850, b in -150i32..404_850,
        ) {
            let at = |lba| Msf::try_from(glassmaster_disc::Lba(lba)).unwrap();
            let q = Q::Position {
                control: Control::from_nibble(nibble), track, index, relative: at(a), absolute: at(b),
            };
            proptest::prop_assert_eq!(Q::parse(&q.to_bytes()), Ok(q));
        }
    }
}
