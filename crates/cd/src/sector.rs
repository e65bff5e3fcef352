//! The 2352 bytes of a sector: sync, header, subheader, data and its codes (ECMA-130 14; for the two forms of Mode 2 the
//! subheader of CD-ROM XA).

use glassmaster_disc::Msf;

use crate::bcd::{msf_from_bcd, msf_to_bcd};
use crate::ecc::{self, Coverage};
use crate::edc::edc;

/// Bytes of a sector on disc, all of them sound in an audio sector.
pub const RAW: usize = 2352;
/// The sync field: what no data sector has inside (ECMA-130 14.1).
pub const SYNC: [u8; 12] = [0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0];

/// Kind of a sector, and what of it is given; the numbers are IMAPI's.
#[doc(alias = "IMAPI_CD_SECTOR_TYPE")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum SectorType {
    /// 588 stereo samples of 16 bits, little-endian, left first.
    #[doc(alias = "IMAPI_CD_SECTOR_AUDIO")]
    Audio = 0,
    /// 2336 bytes of zeros.
    #[doc(alias = "IMAPI_CD_SECTOR_MODE_ZERO")]
    ModeZero = 1,
    /// 2048 bytes with error correction.
    #[doc(alias = "IMAPI_CD_SECTOR_MODE1")]
    Mode1 = 2,
    /// 2336 bytes without any code.
    #[doc(alias = "IMAPI_CD_SECTOR_MODE2FORM0")]
    Mode2Form0 = 3,
    /// 2048 bytes with subheader and error correction.
    #[doc(alias = "IMAPI_CD_SECTOR_MODE2FORM1")]
    Mode2Form1 = 4,
    /// 2336 bytes: subheader, 2324 bytes of data, and an EDC that may be 0.
    #[doc(alias = "IMAPI_CD_SECTOR_MODE2FORM2")]
    Mode2Form2 = 5,
    /// The 2352 bytes of a scrambled sector of Mode 1.
    #[doc(alias = "IMAPI_CD_SECTOR_MODE1RAW")]
    Mode1Raw = 6,
    /// The 2352 bytes of a scrambled sector of Mode 2 without form.
    #[doc(alias = "IMAPI_CD_SECTOR_MODE2FORM0RAW")]
    Mode2Form0Raw = 7,
    /// The 2352 bytes of a scrambled sector of Mode 2 Form 1.
    #[doc(alias = "IMAPI_CD_SECTOR_MODE2FORM1RAW")]
    Mode2Form1Raw = 8,
    /// The 2352 bytes of a scrambled sector of Mode 2 Form 2.
    #[doc(alias = "IMAPI_CD_SECTOR_MODE2FORM2RAW")]
    Mode2Form2Raw = 9,
}

impl SectorType {
    /// All of them in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::Audio,
        Self::ModeZero,
        Self::Mode1,
        Self::Mode2Form0,
        Self::Mode2Form1,
        Self::Mode2Form2,
        Self::Mode1Raw,
        Self::Mode2Form0Raw,
        Self::Mode2Form1Raw,
        Self::Mode2Form2Raw,
    ];

    /// Bytes given for a sector of this kind.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Mode1 | Self::Mode2Form1 => 2048,
            Self::ModeZero | Self::Mode2Form0 | Self::Mode2Form2 => 2336,
            _ => RAW,
        }
    }

    /// Whether sectors of both kinds may stand in one image: audio with audio, Mode 1 with Mode 1, any of Mode 2.
    #[must_use]
    pub fn goes_with(self, other: Self) -> bool {
        self.mode() == other.mode()
    }

    /// The mode byte of the header; `None` for audio, which has no header.
    #[must_use]
    pub const fn mode(self) -> Option<Mode> {
        match self {
            Self::Audio => None,
            Self::ModeZero => Some(Mode::Zero),
            Self::Mode1 | Self::Mode1Raw => Some(Mode::One),
            _ => Some(Mode::Two),
        }
    }
}

/// Mode of a data sector (ECMA-130 14.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Mode {
    /// Zeros.
    Zero = 0,
    /// Data with EDC and error correction.
    One = 1,
    /// Data; what else, its subheader tells if it has one.
    Two = 2,
}

/// Subheader of a sector of Mode 2 in CD-ROM XA. It stands in the sector twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Subheader {
    /// File number; 0 for what is not interleaved.
    pub file: u8,
    /// Channel number, 0 to 31.
    pub channel: u8,
    /// Bits: end of record 0, video 1, audio 2, data 3, trigger 4, Form 2 5, real time 6, end of file 7.
    pub submode: u8,
    /// What the bytes of audio and video are coded as.
    pub coding: u8,
}

impl Subheader {
    /// Form bit of the submode.
    const FORM2: u8 = 0x20;

    /// The subheader of plain data: data bit set, Form 1.
    pub const DATA: Self = Self { file: 0, channel: 0, submode: 0x08, coding: 0 };

    /// Whether the sector is of Form 2.
    #[must_use]
    pub const fn is_form2(self) -> bool {
        self.submode & Self::FORM2 != 0
    }

    const fn bytes(self) -> [u8; 4] {
        [self.file, self.channel, self.submode, self.coding]
    }

    const fn from_bytes(bytes: [u8; 4]) -> Self {
        let [file, channel, submode, coding] = bytes;
        Self { file, channel, submode, coding }
    }
}

/// Data of a sector that is to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Data<'a> {
    /// Nothing but zeros.
    ModeZero,
    /// Mode 1.
    Mode1(&'a [u8; 2048]),
    /// Mode 2 without form.
    Form0(&'a [u8; 2336]),
    /// Mode 2 Form 1; the form bit of the subheader is cleared.
    Form1(Subheader, &'a [u8; 2048]),
    /// Mode 2 Form 2; the form bit of the subheader is set. The EDC is optional there.
    Form2(Subheader, &'a [u8; 2324], Form2Edc),
}

/// Whether a sector of Mode 2 Form 2 carries an EDC: the XA rules leave it to the maker.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Form2Edc {
    /// Written and checked.
    #[default]
    Present,
    /// Four zeros.
    Absent,
}

/// What a descrambled sector holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sector<'a> {
    /// Address in its header.
    pub address: Msf,
    /// Its data.
    pub data: Data<'a>,
    /// Whether its EDC is right; `None` where it has none.
    pub edc: Option<bool>,
    /// Whether every code word of its error correction is right; `None` where it has none.
    pub ecc: Option<bool>,
}

/// Why 2352 bytes are no data sector.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SectorError {
    /// No sync field: audio, or scrambled wrongly.
    #[error("the sector has no sync field: it is audio, or was read out of place")]
    Sync,
    /// The address is no time in decimal digits.
    #[error("the header has no address: {0:02X}:{1:02X}:{2:02X}")]
    Address(u8, u8, u8),
    /// Mode byte other than 0, 1 and 2.
    #[error("the header has mode {0}, and there are 0, 1 and 2")]
    Mode(u8),
}

/// Makes the sector, not scrambled. The three mode bits that mark run-in and run-out blocks of packets stay 0.
#[must_use]
pub fn build(address: Msf, data: Data<'_>) -> [u8; RAW] {
    let mut out = [0; RAW];
    out[..12].copy_from_slice(&SYNC);
    out[12..15].copy_from_slice(&msf_to_bcd(address));
    match data {
        Data::ModeZero => {}
        Data::Mode1(bytes) => {
            out[15] = 1;
            out[16..2064].copy_from_slice(bytes);
            let code = edc(&out[..2064]).to_le_bytes();
            out[2064..2068].copy_from_slice(&code);
            ecc::encode(&mut out, Coverage::Header);
        }
        Data::Form0(bytes) => {
            out[15] = 2;
            out[16..].copy_from_slice(bytes);
        }
        Data::Form1(mut subheader, bytes) => {
            out[15] = 2;
            subheader.submode &= !Subheader::FORM2;
            place(&mut out, subheader);
            out[24..2072].copy_from_slice(bytes);
            let code = edc(&out[16..2072]).to_le_bytes();
            out[2072..2076].copy_from_slice(&code);
            ecc::encode(&mut out, Coverage::ZeroHeader);
        }
        Data::Form2(mut subheader, bytes, code) => {
            out[15] = 2;
            subheader.submode |= Subheader::FORM2;
            place(&mut out, subheader);
            out[24..2348].copy_from_slice(bytes);
            if code == Form2Edc::Present {
                let code = edc(&out[16..2348]).to_le_bytes();
                out[2348..].copy_from_slice(&code);
            }
        }
    }
    out
}

fn place(out: &mut [u8; RAW], subheader: Subheader) {
    out[16..20].copy_from_slice(&subheader.bytes());
    out[20..24].copy_from_slice(&subheader.bytes());
}

fn part<const N: usize>(sector: &[u8; RAW], at: usize) -> Option<&[u8; N]> {
    sector.get(at..)?.first_chunk()
}

/// Takes a descrambled sector apart and checks its codes.
///
/// A sector of Mode 2 has a form when both copies of its subheader agree; the bits of packet writing in the mode byte
/// are not looked at.
///
/// # Errors
/// [`SectorError`] when it is no data sector. Wrong codes are no error: see [`Sector::edc`] and [`Sector::ecc`].
pub fn parse(sector: &[u8; RAW]) -> Result<Sector<'_>, SectorError> {
    if sector[..12] != SYNC {
        return Err(SectorError::Sync);
    }
    let [minute, second, frame, mode] = [sector[12], sector[13], sector[14], sector[15]];
    let address = msf_from_bcd([minute, second, frame]).ok_or(SectorError::Address(minute, second, frame))?;
    let bad = SectorError::Mode(mode);
    let stored = |at: usize| part::<4>(sector, at).map_or(0, |bytes| u32::from_le_bytes(*bytes));
    Ok(match mode & 0x1F {
        0 => Sector { address, data: Data::ModeZero, edc: None, ecc: None },
        1 => Sector {
            address,
            data: Data::Mode1(part(sector, 16).ok_or(bad)?),
            edc: Some(edc(&sector[..2064]) == stored(2064)),
            ecc: Some(ecc::check(sector, Coverage::Header)),
        },
        2 if sector[16..20] != sector[20..24] => {
            Sector { address, data: Data::Form0(part(sector, 16).ok_or(bad)?), edc: None, ecc: None }
        }
        2 => {
            let subheader = Subheader::from_bytes([sector[16], sector[17], sector[18], sector[19]]);
            if subheader.is_form2() {
                let code = if stored(2348) == 0 { Form2Edc::Absent } else { Form2Edc::Present };
                let right = edc(&sector[16..2348]) == stored(2348);
                Sector {
                    address,
                    data: Data::Form2(subheader, part(sector, 24).ok_or(bad)?, code),
                    edc: (code == Form2Edc::Present).then_some(right),
                    ecc: None,
                }
            } else {
                Sector {
                    address,
                    data: Data::Form1(subheader, part(sector, 24).ok_or(bad)?),
                    edc: Some(edc(&sector[16..2072]) == stored(2072)),
                    ecc: Some(ecc::check(sector, Coverage::ZeroHeader)),
                }
            }
        }
        _ => return Err(bad),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Msf {
        Msf::new(12, 34, 56).unwrap()
    }

    #[test]
    fn sizes_of_the_enumeration() {
        let sizes: Vec<usize> = SectorType::ALL.iter().map(|kind| kind.size()).collect();
        assert_eq!(sizes, [2352, 2336, 2048, 2336, 2048, 2336, 2352, 2352, 2352, 2352]);
        for (n, kind) in SectorType::ALL.iter().enumerate() {
            assert_eq!(usize::from(*kind as u8), n);
        }
        assert!(SectorType::Mode2Form1.goes_with(SectorType::Mode2Form2Raw));
        assert!(!SectorType::Mode1.goes_with(SectorType::Mode2Form1));
        assert!(!SectorType::Audio.goes_with(SectorType::ModeZero));
    }

    /// A sector whose fields stand where the figures of ECMA-130 14 draw them.
    #[test]
    fn fields_are_in_their_places() {
        let sector = build(address(), Data::Mode1(&[0xA5; 2048]));
        assert_eq!(
            sector[..16],
            [0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0x12, 0x34, 0x56, 1]
        );
        assert!(sector[16..2064].iter().all(|b| *b == 0xA5));
        assert_eq!(sector[2068..2076], [0; 8]);
        let form1 = build(
            address(),
            Data::Form1(Subheader { file: 1, channel: 2, submode: 0x29, coding: 4 }, &[7; 2048]),
        );
        assert_eq!(form1[15..25], [2, 1, 2, 0x09, 4, 1, 2, 0x09, 4, 7]);
        let form2 = build(address(), Data::Form2(Subheader::DATA, &[7; 2324], Form2Edc::Absent));
        assert_eq!(form2[15..25], [2, 0, 0, 0x28, 0, 0, 0, 0x28, 0, 7]);
        assert_eq!(form2[2347..], [7, 0, 0, 0, 0]);
    }

    #[test]
    fn what_is_built_is_parsed() {
        let all = [
            Data::ModeZero,
            Data::Mode1(&[1; 2048]),
            Data::Form0(&{
                let mut bytes = [3; 2336];
                bytes[0] = 2;
                bytes
            }),
            Data::Form1(Subheader::DATA, &[4; 2048]),
            Data::Form2(Subheader { submode: 0x64, ..Subheader::DATA }, &[5; 2324], Form2Edc::Present),
            Data::Form2(Subheader { submode: 0x64, ..Subheader::DATA }, &[5; 2324], Form2Edc::Absent),
        ];
        for data in all {
            let mut bytes = build(address(), data);
            let sector = parse(&bytes).unwrap();
            assert_eq!((sector.address, sector.data), (address(), data));
            assert!(sector.edc != Some(false) && sector.ecc != Some(false));
            let had = (sector.edc.is_some(), sector.ecc.is_some());
            bytes[1000] ^= 1;
            let sector = parse(&bytes).unwrap();
            assert_eq!((sector.edc == Some(false), sector.ecc == Some(false)), had);
        }
    }

    #[test]
    fn what_is_no_sector_is_told() {
        let good = build(address(), Data::ModeZero);
        let changed = |at: usize, to: u8| {
            let mut bytes = good;
            bytes[at] = to;
            parse(&bytes).map(|s| s.data).unwrap_err()
        };
        assert_eq!(changed(0, 1), SectorError::Sync);
        assert_eq!(changed(13, 0x60), SectorError::Address(0x12, 0x60, 0x56));
        assert_eq!(changed(14, 0x0A), SectorError::Address(0x12, 0x34, 0x0A));
        assert_eq!(changed(15, 3), SectorError::Mode(3));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(
            head in proptest::array::uniform16(proptest::num::u8::ANY),
            fill in proptest::num::u8::ANY,
            sync in proptest::bool::ANY,
        ) {
            let mut bytes = [fill; RAW];
            bytes[12..28].copy_from_slice(&head);
            if sync {
                bytes[..12].copy_from_slice(&SYNC);
            }
            let _ = parse(&bytes);
        }
    }
}
