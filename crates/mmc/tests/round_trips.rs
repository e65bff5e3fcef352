//! Bytes from outside never break a parser, and what a parser understood survives being written and read again.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use glassmaster_mmc::cmd::*;
use glassmaster_mmc::feature::*;
use glassmaster_mmc::page::*;
use proptest::collection::vec;
use proptest::num::u8::ANY;

/// Writes what was read; reading that again must give the same bytes.
macro_rules! stable {
    ($bytes:expr, $parse:expr, $write:expr) => {
        if let Ok(value) = $parse($bytes) {
            let written = $write(&value);
            let again =
                $parse(&written).map_err(|e| proptest::test_runner::TestCaseError::fail(e.to_string()))?;
            proptest::prop_assert_eq!($write(&again), written, "{}", stringify!($parse));
        }
    };
}

/// Answers have a length in their first bytes: half of the cases get one that fits.
fn answer() -> impl proptest::strategy::Strategy<Value = Vec<u8>> {
    use proptest::prelude::*;
    (vec(ANY, 0..160), any::<bool>(), any::<bool>()).prop_map(|(mut bytes, fit, wide)| {
        if fit && bytes.len() >= 4 {
            let length = u16::try_from(bytes.len()).unwrap();
            if wide {
                bytes[..4].copy_from_slice(&u32::from(length - 4).to_be_bytes());
            } else {
                bytes[..2].copy_from_slice(&(length - 2).to_be_bytes());
            }
        }
        bytes
    })
}

macro_rules! table_features {
    ($bytes:expr, $($feature:ty)*) => {$(
        stable!($bytes, <$feature as FeatureData>::parse, |f: &$feature| f.to_data());
    )*};
}

proptest::proptest! {
    #[test]
    fn answers(bytes in answer()) {
        let bytes = bytes.as_slice();
        stable!(bytes, StandardInquiry::parse, StandardInquiry::to_bytes);
        stable!(bytes, ModeData::parse_10, ModeData::to_bytes_10);
        stable!(bytes, ModeData::parse_6, ModeData::to_bytes_6);
        stable!(bytes, Configuration::parse, Configuration::to_bytes);
        stable!(bytes, EventStatus::parse, EventStatus::to_bytes);
        stable!(bytes, DiscInformation::parse, DiscInformation::to_bytes);
        stable!(bytes, TrackResources::parse, TrackResources::to_bytes);
        stable!(bytes, PowResources::parse, PowResources::to_bytes);
        stable!(bytes, TrackInformation::parse, TrackInformation::to_bytes);
        stable!(bytes, |b: &[u8]| Toc::parse(b, true), Toc::to_bytes);
        stable!(bytes, |b: &[u8]| Toc::parse(b, false), Toc::to_bytes);
        stable!(bytes, |b: &[u8]| SessionToc::parse(b, true), SessionToc::to_bytes);
        stable!(bytes, FullToc::parse, FullToc::to_bytes);
        stable!(bytes, Atip::parse, Atip::to_bytes);
        stable!(bytes, Capacity::parse, Capacity::to_bytes);
        stable!(bytes, FormatCapacities::parse, FormatCapacities::to_bytes);
        stable!(bytes, BufferCapacity::parse, BufferCapacity::to_bytes);
        stable!(bytes, Mechanism::parse, Mechanism::to_bytes);
        stable!(bytes, DiscStructure::parse, DiscStructure::to_bytes);
        for kind in 0..=5 {
            stable!(bytes, |b: &[u8]| Performance::parse(PerformanceType(kind), b), Performance::to_bytes);
        }
    }

    #[test]
    fn parameter_lists(bytes in vec(ANY, 0..64)) {
        let bytes = bytes.as_slice();
        stable!(bytes, ModeData::parse_select_10, ModeData::to_select_10);
        stable!(bytes, FormatParameters::parse, FormatParameters::to_bytes);
        stable!(bytes, PerformanceDescriptor::parse, PerformanceDescriptor::to_bytes);
        stable!(bytes, parse_cue_sheet, |lines: &Vec<CueSheetEntry>| lines
            .iter()
            .flat_map(CueSheetEntry::to_bytes)
            .collect::<Vec<u8>>());
    }

    #[test]
    fn pages(bytes in vec(ANY, 0..80)) {
        let bytes = bytes.as_slice();
        stable!(bytes, ReadWriteErrorRecovery::parse, ReadWriteErrorRecovery::to_data);
        stable!(bytes, WriteParameters::parse, WriteParameters::to_data);
        stable!(bytes, Caching::parse, Caching::to_data);
        stable!(bytes, PowerConditionPage::parse, PowerConditionPage::to_data);
        stable!(bytes, TimeoutAndProtect::parse, TimeoutAndProtect::to_data);
        stable!(bytes, Capabilities::parse, Capabilities::to_data);
    }

    #[test]
    fn features(bytes in vec(ANY, 0..40)) {
        let bytes = bytes.as_slice();
        table_features!(bytes, ProfileList Core Morphing RemovableMedium WriteProtect RandomReadable MultiRead CdRead
            DvdRead RandomWritable IncrementalStreamingWritable SectorErasable Formattable DefectManagement WriteOnce
            RestrictedOverwrite CdRwCavWrite Mrw DvdPlusRw DvdPlusR RigidRestrictedOverwrite CdTrackAtOnce CdMastering
            DvdDashWrite LayerJumpRecording CdRwMediaWriteSupport BdPseudoOverwrite DvdPlusRwDualLayer
            DvdPlusRDualLayer BdRead BdWrite HdDvdRead HdDvdWrite PowerManagement Smart EmbeddedChanger
            MicrocodeUpgrade Timeout RealTimeStreaming SerialNumber MediaSerialNumber FirmwareInformation);
        let mut rest = bytes;
        while let Some((descriptor, after)) = FeatureDescriptor::split(rest) {
            let written = descriptor.to_bytes();
            proptest::prop_assert_eq!(FeatureDescriptor::split(&written), Some((descriptor, &[][..])));
            rest = after;
        }
    }
}
