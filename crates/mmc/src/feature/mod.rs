//! Features (MMC-6 5.3): what a drive can do, with this medium or at all.

mod table;

pub use table::*;

use crate::bytes::Field;
use crate::field::ResponseError;
use crate::profile::Profile;

/// FEATURE CODE. Open: unknown numbers are kept.
#[doc(alias = "IMAPI_FEATURE_PAGE_TYPE")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct FeatureCode(pub u16);

impl Field for FeatureCode {
    fn get(bytes: &[u8], at: usize, mask: u8) -> Result<Self, crate::bytes::Trouble> {
        u16::get(bytes, at, mask).map(Self)
    }

    fn put(&self, out: &mut [u8], at: usize, mask: u8) {
        self.0.put(out, at, mask);
    }
}

/// Feature descriptor as bytes (MMC-6 5.2.2).
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct FeatureDescriptor {
    /// FEATURE CODE.
    pub code: FeatureCode,
    /// VERSION, 0-15.
    pub version: u8,
    /// PERSISTENT: always current.
    pub persistent: bool,
    /// CURRENT: in force with this medium.
    pub current: bool,
    /// FEATURE DEPENDENT DATA, at most 255 bytes, a multiple of 4 by the standard.
    pub data: Vec<u8>,
}

impl FeatureDescriptor {
    /// Cuts the first descriptor off `bytes`; `None` when no whole one is left.
    #[must_use]
    pub fn split(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let [high, low, flags, length, rest @ ..] = bytes else { return None };
        let data = rest.get(..usize::from(*length))?.to_vec();
        let descriptor = Self {
            code: FeatureCode(u16::from_be_bytes([*high, *low])),
            version: flags >> 2 & 0x0F,
            persistent: flags & 0x02 != 0,
            current: flags & 0x01 != 0,
            data,
        };
        Some((descriptor, rest.get(usize::from(*length)..).unwrap_or(&[])))
    }

    /// The bytes; data past 255 bytes is cut off.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let [high, low] = self.code.0.to_be_bytes();
        let length = u8::try_from(self.data.len()).unwrap_or(u8::MAX);
        let flags = (self.version & 0x0F) << 2 | u8::from(self.persistent) << 1 | u8::from(self.current);
        let mut out = vec![high, low, flags, length];
        out.extend(self.data.iter().take(length.into()));
        out
    }

    /// A known feature as bytes.
    #[must_use]
    pub fn encode<F: FeatureData>(feature: &F, persistent: bool, current: bool) -> Self {
        Self { code: F::CODE, version: F::VERSION, persistent, current, data: feature.to_data() }
    }

    /// The data as a known feature. Features grew with the standard: data past the end counts as 0.
    ///
    /// # Errors
    /// [`ResponseError`] when the code is another.
    pub fn decode<F: FeatureData>(&self) -> Result<F, ResponseError> {
        if self.code != F::CODE {
            return Err(ResponseError::Invalid {
                structure: "feature descriptor",
                field: "feature code",
                byte: 0,
                value: self.code.0.into(),
            });
        }
        F::parse(&self.data)
    }
}

/// A feature with a structure of its own. Its data begins at byte 4 of the descriptor.
pub trait FeatureData: Sized {
    /// FEATURE CODE.
    const CODE: FeatureCode;
    /// VERSION that MMC-6 describes.
    const VERSION: u8;

    /// Reads the feature dependent data.
    ///
    /// # Errors
    /// [`ResponseError`] naming the field that is wrong.
    fn parse(data: &[u8]) -> Result<Self, ResponseError>;

    /// The feature dependent data.
    fn to_data(&self) -> Vec<u8>;
}

/// Entry of the profile list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct ProfileEntry {
    /// PROFILE NUMBER.
    pub profile: Profile,
    /// CURRENTP: it is in force.
    pub current: bool,
}

/// Profile list, feature 0000h (MMC-6 5.3.1): the most capable first.
#[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_PROFILE_LIST")]
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct ProfileList(pub Vec<ProfileEntry>);

impl FeatureData for ProfileList {
    const CODE: FeatureCode = FeatureCode::PROFILE_LIST;
    const VERSION: u8 = 0;

    fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        Ok(Self(
            data.chunks_exact(4)
                .map(|entry| ProfileEntry {
                    profile: Profile(u16::from_be_bytes([entry[0], entry[1]])),
                    current: entry[2] & 0x01 != 0,
                })
                .collect(),
        ))
    }

    fn to_data(&self) -> Vec<u8> {
        self.0
            .iter()
            .flat_map(|entry| {
                let [high, low] = entry.profile.0.to_be_bytes();
                [high, low, u8::from(entry.current), 0]
            })
            .collect()
    }
}

/// Incremental streaming writable, feature 0021h (MMC-6 5.3.11): sequential recording.
#[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_INCREMENTAL_STREAMING_WRITABLE")]
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct IncrementalStreamingWritable {
    /// DATA TYPE SUPPORTED: bit N stands for data block type N of mode page 05h.
    pub data_types: u16,
    /// TRIO: can report the recording mode of tracks.
    pub track_resources: bool,
    /// ARSV: RESERVE TRACK by address.
    pub address_reservation: bool,
    /// BUF: buffer under-run protection.
    pub buffer_underrun_free: bool,
    /// Link sizes in blocks; empty where the drive does not link.
    pub link_sizes: Vec<u8>,
}

impl FeatureData for IncrementalStreamingWritable {
    const CODE: FeatureCode = FeatureCode::INCREMENTAL_STREAMING_WRITABLE;
    const VERSION: u8 = 3;

    fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        let at = |i: usize| data.get(i).copied().unwrap_or(0);
        Ok(Self {
            data_types: u16::from_be_bytes([at(0), at(1)]),
            track_resources: at(2) & 0x04 != 0,
            address_reservation: at(2) & 0x02 != 0,
            buffer_underrun_free: at(2) & 0x01 != 0,
            link_sizes: data.iter().skip(4).take(at(3).into()).copied().collect(),
        })
    }

    fn to_data(&self) -> Vec<u8> {
        let [high, low] = self.data_types.to_be_bytes();
        let flags = u8::from(self.track_resources) << 2
            | u8::from(self.address_reservation) << 1
            | u8::from(self.buffer_underrun_free);
        let links = self.link_sizes.iter().take(248);
        let mut out = vec![high, low, flags, u8::try_from(links.len()).unwrap_or(0)];
        out.extend(links);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }
}

/// Layer jump recording, feature 0033h (MMC-6 5.3).
#[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_LAYER_JUMP_RECORDING")]
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct LayerJumpRecording {
    /// Jump interval sizes that go as link sizes into mode page 05h.
    pub link_sizes: Vec<u8>,
}

impl FeatureData for LayerJumpRecording {
    const CODE: FeatureCode = FeatureCode::LAYER_JUMP_RECORDING;
    const VERSION: u8 = 0;

    fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        let count = data.get(3).copied().unwrap_or(0);
        Ok(Self { link_sizes: data.iter().skip(4).take(count.into()).copied().collect() })
    }

    fn to_data(&self) -> Vec<u8> {
        let links = self.link_sizes.iter().take(248);
        let mut out = vec![0, 0, 0, u8::try_from(links.len()).unwrap_or(0)];
        out.extend(links);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }
}

/// Logical unit serial number, feature 0108h (MMC-6 5.3).
#[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_LOGICAL_UNIT_SERIAL_NUMBER")]
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct SerialNumber(pub String);

impl FeatureData for SerialNumber {
    const CODE: FeatureCode = FeatureCode::LOGICAL_UNIT_SERIAL_NUMBER;
    const VERSION: u8 = 0;

    /// Characters outside printable ASCII show as `?`; padding is dropped.
    fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        let text: String =
            data.iter().map(|b| if (0x20..0x7F).contains(b) { char::from(*b) } else { '?' }).collect();
        Ok(Self(text.trim_end_matches(['?', ' ']).to_owned()))
    }

    fn to_data(&self) -> Vec<u8> {
        let mut out: Vec<u8> = self
            .0
            .chars()
            .take(252)
            .map(|c| u8::try_from(c).ok().filter(|b| (0x20..0x7F).contains(b)).unwrap_or(b'?'))
            .collect();
        out.resize(out.len().next_multiple_of(4), b' ');
        out
    }
}

/// Firmware information, feature 010Ch (MMC-6 5.3): when the firmware was made, in GMT.
#[doc(alias = "IMAPI_FEATURE_PAGE_TYPE_FIRMWARE_INFORMATION")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct FirmwareInformation {
    /// `YYYYMMDDhhmmss` in ASCII digits.
    pub created: [u8; 14],
}

impl FeatureData for FirmwareInformation {
    const CODE: FeatureCode = FeatureCode::FIRMWARE_INFORMATION;
    const VERSION: u8 = 0;

    fn parse(data: &[u8]) -> Result<Self, ResponseError> {
        crate::bytes::read("firmware information feature", "creation date", data, 0)
            .map(|created| Self { created })
    }

    fn to_data(&self) -> Vec<u8> {
        let mut out = self.created.to_vec();
        out.resize(16, 0);
        out
    }
}

#[cfg(test)]
mod tests;
