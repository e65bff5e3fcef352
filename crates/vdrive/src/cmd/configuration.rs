//! GET CONFIGURATION (MMC-6 6.5): which features the drive has, and which the disc lets it use.

use glassmaster_disc::{Lba, MediaType};
use glassmaster_mmc::cmd::{Configuration, GetConfiguration, RequestType};
use glassmaster_mmc::feature::{
    BdRead, BdWrite, CdMastering, CdRead, CdRwMediaWriteSupport, CdTrackAtOnce, Core, DefectManagement,
    DvdDashWrite, DvdPlusR, DvdPlusRDualLayer, DvdPlusRw, DvdPlusRwDualLayer, DvdRead, FeatureCode,
    FeatureData, FeatureDescriptor, FirmwareInformation, Formattable, IncrementalStreamingWritable,
    LayerJumpRecording, Morphing, MultiRead, PowerManagement, ProfileEntry, ProfileList, RandomReadable,
    RandomWritable, RealTimeStreaming, RemovableMedium, RestrictedOverwrite, RigidRestrictedOverwrite,
    SerialNumber, Timeout, WriteProtect,
};
use glassmaster_mmc::page::LoadingMechanism;
use glassmaster_mmc::{Profile, U24};

use crate::drive::VirtualDrive;
use crate::medium::{Disc, Layout};
use crate::store::FormatState;

/// Profiles, the most capable first, as drives list them.
const PROFILES: [Profile; 15] = [
    Profile::BD_RE,
    Profile::BD_R_SEQUENTIAL,
    Profile::DVD_PLUS_R_DL,
    Profile::DVD_PLUS_RW_DL,
    Profile::DVD_PLUS_R,
    Profile::DVD_PLUS_RW,
    Profile::DVD_R_DL_LAYER_JUMP,
    Profile::DVD_R_DL_SEQUENTIAL,
    Profile::DVD_RW_SEQUENTIAL,
    Profile::DVD_RW_RESTRICTED_OVERWRITE,
    Profile::DVD_RAM,
    Profile::DVD_R,
    Profile::CD_RW,
    Profile::CD_R,
    Profile::REMOVABLE_DISK,
];

pub(super) fn answer(d: &VirtualDrive, c: &GetConfiguration) -> Configuration {
    let features = features(d)
        .into_iter()
        .filter(|f| match c.request {
            RequestType::All => f.code >= c.starting_feature,
            RequestType::Current => f.code >= c.starting_feature && f.current,
            RequestType::One => f.code == c.starting_feature,
        })
        .collect();
    Configuration { current_profile: profile(d), features }
}

fn profile(d: &VirtualDrive) -> Profile {
    d.loaded().map_or(Profile::NONE, |disc| disc.rules().profile(disc))
}

/// Features that are current with a profile, besides those that always are (MMC-6 5.4, one table a profile).
fn with_profile(profile: Profile) -> &'static [FeatureCode] {
    type F = FeatureCode;
    match profile {
        Profile::CD_R => {
            &[F::RANDOMLY_READABLE, F::MULTI_READ, F::CD_READ, F::CD_TRACK_AT_ONCE, F::CD_MASTERING]
        }
        Profile::CD_RW => &[
            F::RANDOMLY_READABLE,
            F::MULTI_READ,
            F::CD_READ,
            F::CD_TRACK_AT_ONCE,
            F::CD_MASTERING,
            F::CD_RW_MEDIA_WRITE_SUPPORT,
        ],
        Profile::DVD_R | Profile::DVD_R_DL_SEQUENTIAL => {
            &[F::RANDOMLY_READABLE, F::DVD_READ, F::INCREMENTAL_STREAMING_WRITABLE, F::DVD_DASH_WRITE]
        }
        Profile::DVD_R_DL_LAYER_JUMP => &[F::RANDOMLY_READABLE, F::DVD_READ, F::LAYER_JUMP_RECORDING],
        Profile::DVD_RW_SEQUENTIAL => &[
            F::RANDOMLY_READABLE,
            F::DVD_READ,
            F::INCREMENTAL_STREAMING_WRITABLE,
            F::FORMATTABLE,
            F::DVD_DASH_WRITE,
        ],
        Profile::DVD_RW_RESTRICTED_OVERWRITE => &[
            F::RANDOMLY_READABLE,
            F::DVD_READ,
            F::FORMATTABLE,
            F::RESTRICTED_OVERWRITE,
            F::RIGID_RESTRICTED_OVERWRITE,
            F::DVD_DASH_WRITE,
        ],
        Profile::DVD_RAM => &[
            F::WRITE_PROTECT,
            F::RANDOMLY_READABLE,
            F::DVD_READ,
            F::RANDOMLY_WRITABLE,
            F::FORMATTABLE,
            F::DEFECT_MANAGEMENT,
        ],
        Profile::DVD_PLUS_RW => {
            &[F::RANDOMLY_READABLE, F::DVD_READ, F::RANDOMLY_WRITABLE, F::FORMATTABLE, F::DVD_PLUS_RW]
        }
        Profile::DVD_PLUS_RW_DL => {
            &[F::RANDOMLY_READABLE, F::DVD_READ, F::RANDOMLY_WRITABLE, F::FORMATTABLE, F::DVD_PLUS_RW_DL]
        }
        Profile::DVD_PLUS_R => &[F::RANDOMLY_READABLE, F::DVD_READ, F::DVD_PLUS_R],
        Profile::DVD_PLUS_R_DL => &[F::RANDOMLY_READABLE, F::DVD_READ, F::DVD_PLUS_R_DL],
        Profile::BD_R_SEQUENTIAL => &[
            F::RANDOMLY_READABLE,
            F::INCREMENTAL_STREAMING_WRITABLE,
            F::FORMATTABLE,
            F::DEFECT_MANAGEMENT,
            F::BD_READ,
            F::BD_WRITE,
        ],
        Profile::BD_RE => &[
            F::WRITE_PROTECT,
            F::RANDOMLY_READABLE,
            F::RANDOMLY_WRITABLE,
            F::FORMATTABLE,
            F::DEFECT_MANAGEMENT,
            F::BD_READ,
            F::BD_WRITE,
        ],
        Profile::REMOVABLE_DISK => {
            &[F::RANDOMLY_READABLE, F::RANDOMLY_WRITABLE, F::FORMATTABLE, F::DEFECT_MANAGEMENT]
        }
        _ => &[],
    }
}

/// Whether a feature is current, where the profile alone does not say it.
fn is_current(disc: Option<&Disc>, profile: Profile, code: FeatureCode) -> bool {
    let Some(disc) = disc else { return false };
    if !with_profile(profile).contains(&code) {
        // Streaming goes with every medium.
        return code == FeatureCode::REAL_TIME_STREAMING;
    }
    match code {
        FeatureCode::RANDOMLY_WRITABLE => disc.state.format != FormatState::None,
        // Minimal blanking leaves a DVD-RW that can only be recorded at once.
        FeatureCode::INCREMENTAL_STREAMING_WRITABLE => !disc.state.minimally_blanked,
        _ => true,
    }
}

/// All features, ascending by code.
fn features(d: &VirtualDrive) -> Vec<FeatureDescriptor> {
    let disc = d.loaded();
    let unit = disc.map_or(1, |x| u16::try_from(x.store.geometry().unit).unwrap_or(1));
    let last = disc
        .filter(|x| matches!(x.rules().layout(x), Layout::Overwritable))
        .map_or(0, |x| x.rules().last_block(x));
    let media = disc.map_or(MediaType::UNKNOWN, Disc::media);
    let now = profile(d);
    let known = PROFILES.iter();
    let always = |f: FeatureDescriptor| FeatureDescriptor { persistent: true, current: true, ..f };
    let mut all = vec![
        always(of(&ProfileList(
            known.map(|profile| ProfileEntry { profile: *profile, current: *profile == now }).collect(),
        ))),
        // Physical interface 1: SCSI family.
        always(of(&Core { interface: 1, inquiry_2: true, device_busy_event: true })),
        always(of(&Morphing { operational_change_event: true, asynchronous: false })),
        always(of(&RemovableMedium {
            loading: LoadingMechanism::TRAY,
            load: true,
            eject: true,
            lock: true,
            ..RemovableMedium::default()
        })),
        of(&WriteProtect { persistent: true, until_power_down: true, ..WriteProtect::default() }),
        of(&RandomReadable { block_size: 2048, blocking: unit, page_present: true }),
        of(&MultiRead {}),
        of(&CdRead::default()),
        of(&DvdRead { multi_110: true, dual_r: true, ..DvdRead::default() }),
        of(&RandomWritable { last: Lba(last), block_size: 2048, blocking: unit, page_present: true }),
        // Data block type 8, mode 1, alone.
        of(&IncrementalStreamingWritable {
            data_types: 1 << 8,
            track_resources: media == MediaType::BD_R,
            address_reservation: media == MediaType::BD_R,
            buffer_underrun_free: true,
            // DVD-R and DVD-RW link with the loss of one ECC block; BD does not link.
            link_sizes: if media == MediaType::BD_R { Vec::new() } else { vec![16] },
        }),
        of(&Formattable { bd_re_without_spare: true, certification: true, ..Formattable::default() }),
        of(&DefectManagement {
            supplemental_spare_area: media == MediaType::DVD_RAM || media == MediaType::BD_RE,
        }),
        of(&RestrictedOverwrite {}),
        of(&DvdPlusRw { write: true, quick_start: false, close_only: false }),
        of(&DvdPlusR { write: true }),
        of(&RigidRestrictedOverwrite { intermediate: true, blank: true, ..Default::default() }),
        of(&CdTrackAtOnce {
            buffer_underrun_free: true,
            test_write: true,
            cd_rw: true,
            // Data block types 8 and 10.
            data_types: 1 << 8 | 1 << 10,
            ..CdTrackAtOnce::default()
        }),
        of(&CdMastering {
            buffer_underrun_free: true,
            session_at_once: true,
            test_write: true,
            cd_rw: true,
            max_cue_sheet: U24::from(0x1000),
            ..CdMastering::default()
        }),
        of(&DvdDashWrite { buffer_underrun_free: true, dual_layer: true, test_write: true, dvd_rw: true }),
        of(&LayerJumpRecording { link_sizes: vec![16] }),
        // Standard, high, ultra and ultra speed+ CD-RW.
        of(&CdRwMediaWriteSupport { sub_types: 0x0F }),
        of(&DvdPlusRwDualLayer { write: true, quick_start: false, close_only: false }),
        of(&DvdPlusRDualLayer { write: true }),
        // Versions 1 and 2 of the BD-RE and BD-R books in class 1, the discs of three and four layers in class 2.
        of(&BdRead {
            re_class_1: 0x0006,
            re_class_2: 0x0002,
            r_class_1: 0x0006,
            r_class_2: 0x0002,
            ..BdRead::default()
        }),
        of(&BdWrite {
            re_class_1: 0x0006,
            re_class_2: 0x0002,
            r_class_1: 0x0006,
            r_class_2: 0x0002,
            ..BdWrite::default()
        }),
        always(of(&PowerManagement {})),
        always(of(&Timeout::default())),
        of(&RealTimeStreaming {
            buffer_capacity_blocks: true,
            set_cd_speed: true,
            page_2a: true,
            write_speed: true,
            stream_writing: true,
            ..RealTimeStreaming::default()
        }),
        always(of(&SerialNumber(d.serial.clone()))),
        always(of(&FirmwareInformation { created: *b"20260101000000" })),
    ];
    for f in all.iter_mut().filter(|f| !f.persistent) {
        f.current = is_current(disc, now, f.code);
    }
    all
}

fn of<F: FeatureData>(feature: &F) -> FeatureDescriptor {
    FeatureDescriptor::encode(feature, false, false)
}
