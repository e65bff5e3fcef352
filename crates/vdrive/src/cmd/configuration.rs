//! GET CONFIGURATION (MMC-6 6.5): which features the drive has, and which the disc lets it use.

use glassmaster_disc::{Lba, MediaType};
use glassmaster_mmc::cmd::{Configuration, GetConfiguration, RequestType};
use glassmaster_mmc::feature::{
    BdRead, BdWrite, CdMastering, CdRead, CdTrackAtOnce, Core, DefectManagement, DvdPlusR, DvdPlusRw,
    DvdRead, FeatureData, FeatureDescriptor, FirmwareInformation, Formattable, IncrementalStreamingWritable,
    Morphing, MultiRead, PowerManagement, ProfileEntry, ProfileList, RandomReadable, RandomWritable,
    RealTimeStreaming, RemovableMedium, SerialNumber, Timeout,
};
use glassmaster_mmc::page::LoadingMechanism;
use glassmaster_mmc::{Profile, U24};

use crate::drive::VirtualDrive;
use crate::medium::Disc;
use crate::store::FormatState;

/// Profiles, the most capable first, as drives list them.
const PROFILES: [Profile; 5] =
    [Profile::BD_RE, Profile::BD_R_SEQUENTIAL, Profile::DVD_PLUS_R, Profile::DVD_PLUS_RW, Profile::CD_R];

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

/// All features, ascending by code.
fn features(d: &VirtualDrive) -> Vec<FeatureDescriptor> {
    let disc = d.loaded();
    let media = disc.map_or(MediaType::UNKNOWN, Disc::media);
    let cd = media == MediaType::CD_R;
    let dvd = matches!(media, MediaType::DVD_PLUS_R | MediaType::DVD_PLUS_RW);
    let bd = matches!(media, MediaType::BD_R | MediaType::BD_RE);
    let any = disc.is_some();
    let unit = disc.map_or(1, |x| u16::try_from(x.store.geometry().unit).unwrap_or(1));
    let overwritable = matches!(media, MediaType::DVD_PLUS_RW | MediaType::BD_RE);
    let formatted = disc.is_some_and(|x| x.state.format != FormatState::None);
    let now = profile(d);
    let always = |f: FeatureDescriptor| FeatureDescriptor { persistent: true, ..f };
    vec![
        always(of(
            &ProfileList(PROFILES.map(|profile| ProfileEntry { profile, current: profile == now }).to_vec()),
            true,
        )),
        // Physical interface 1: SCSI family.
        always(of(&Core { interface: 1, inquiry_2: true, device_busy_event: true }, true)),
        always(of(&Morphing { operational_change_event: true, asynchronous: false }, true)),
        always(of(
            &RemovableMedium {
                loading: LoadingMechanism::TRAY,
                load: true,
                eject: true,
                lock: true,
                ..RemovableMedium::default()
            },
            true,
        )),
        of(&RandomReadable { block_size: 2048, blocking: unit, page_present: true }, any),
        of(&MultiRead {}, cd),
        of(&CdRead::default(), cd),
        of(&DvdRead { multi_110: true, ..DvdRead::default() }, dvd),
        of(
            &RandomWritable {
                last: Lba(disc.filter(|_| overwritable).map_or(0, |x| x.rules().last_block(x))),
                block_size: 2048,
                blocking: unit,
                page_present: true,
            },
            overwritable && formatted,
        ),
        // Data block type 8, mode 1, alone; no link blocks.
        of(
            &IncrementalStreamingWritable {
                data_types: 1 << 8,
                track_resources: true,
                address_reservation: true,
                buffer_underrun_free: true,
                link_sizes: Vec::new(),
            },
            media == MediaType::BD_R,
        ),
        of(
            &Formattable { bd_re_without_spare: true, ..Formattable::default() },
            overwritable || media == MediaType::BD_R,
        ),
        of(&DefectManagement::default(), bd),
        of(
            &DvdPlusRw { write: true, quick_start: false, close_only: false },
            media == MediaType::DVD_PLUS_RW,
        ),
        of(&DvdPlusR { write: true }, media == MediaType::DVD_PLUS_R),
        of(
            &CdTrackAtOnce {
                buffer_underrun_free: true,
                // Data block types 8 and 10.
                data_types: 1 << 8 | 1 << 10,
                ..CdTrackAtOnce::default()
            },
            cd,
        ),
        of(
            &CdMastering {
                buffer_underrun_free: true,
                session_at_once: true,
                max_cue_sheet: U24::from(0x1000),
                ..CdMastering::default()
            },
            cd,
        ),
        // Versions 1 and 2 of the BD-RE and BD-R books.
        of(&BdRead { re_class_1: 0x0006, r_class_1: 0x0006, ..BdRead::default() }, bd),
        of(&BdWrite { re_class_1: 0x0006, r_class_1: 0x0006, ..BdWrite::default() }, bd),
        always(of(&PowerManagement {}, true)),
        always(of(&Timeout::default(), true)),
        of(
            &RealTimeStreaming {
                buffer_capacity_blocks: true,
                set_cd_speed: true,
                page_2a: true,
                write_speed: true,
                stream_writing: true,
                ..RealTimeStreaming::default()
            },
            any,
        ),
        always(of(&SerialNumber(d.serial.clone()), true)),
        always(of(&FirmwareInformation { created: *b"20260101000000" }, true)),
    ]
}

fn of<F: FeatureData>(feature: &F, current: bool) -> FeatureDescriptor {
    FeatureDescriptor::encode(feature, false, current)
}
