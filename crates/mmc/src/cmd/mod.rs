//! The commands, one file per name of the standard.

mod blank;
mod close_track_session;
mod format_unit;
mod get_configuration;
mod get_event_status;
mod get_performance;
mod inquiry;
mod load_unload;
mod mechanism_status;
mod mode_select;
mod mode_sense;
mod prevent_allow;
mod read;
mod read_buffer_capacity;
mod read_capacity;
mod read_cd;
mod read_disc_information;
mod read_disc_structure;
mod read_format_capacities;
mod read_toc_pma_atip;
mod read_track_information;
mod request_sense;
mod reserve_track;
mod seek;
mod send_cue_sheet;
mod send_disc_structure;
mod send_opc_information;
mod set_cd_speed;
mod set_streaming;
mod start_stop_unit;
mod synchronize_cache;
mod test_unit_ready;
mod verify;
mod write;

pub use blank::{Blank, BlankType};
pub use close_track_session::{CloseFunction, CloseTrackSession};
pub use format_unit::{FormatHeader, FormatParameters, FormatType, FormatUnit};
pub use get_configuration::{Configuration, GetConfiguration, RequestType};
pub use get_event_status::{
    Event, EventClass, EventClasses, EventStatus, GetEventStatusNotification, MediaEvent, MediaEventCode,
};
pub use get_performance::{
    GetPerformance, NominalPerformance, Performance, PerformanceException, PerformanceType,
    WriteSpeedDescriptor,
};
pub use inquiry::{Inquiry, StandardInquiry};
pub use load_unload::LoadUnload;
pub use mechanism_status::{ChangerState, Mechanism, MechanismState, MechanismStatus};
pub use mode_select::ModeSelect10;
pub use mode_sense::{ModeData, ModeSense6, ModeSense10, PageControl};
pub use prevent_allow::PreventAllowMediumRemoval;
pub use read::{Read10, Read12};
pub use read_buffer_capacity::{BufferCapacity, ReadBufferCapacity};
pub use read_capacity::{Capacity, ReadCapacity};
pub use read_cd::{C2Errors, HeaderCodes, ReadCd, SectorType, SubChannel};
pub use read_disc_information::{
    BackgroundFormat, DiscInformation, DiscInformationAnswer, DiscInformationType, DiscStatus, DiscType,
    OpcEntry, PowResources, ReadDiscInformation, SessionState, TrackResources,
};
pub use read_disc_structure::{
    DiscStructure, LayerCapacity, MediumStatus, PhysicalFormat, ReadDiscStructure, SpareArea,
    StructureFormat, StructureListEntry, StructureMedia, WriteProtection,
};
pub use read_format_capacities::{
    CapacityType, CurrentCapacity, FormatCapacities, FormattableCapacity, ReadFormatCapacities,
};
pub use read_toc_pma_atip::{
    Atip, FullToc, FullTocEntry, ReadTocPmaAtip, SessionToc, Toc, TocAddress, TocAnswer, TocFormat, TocTrack,
};
pub use read_track_information::{AddressType, DataMode, ReadTrackInformation, TrackInformation};
pub use request_sense::RequestSense;
pub use reserve_track::ReserveTrack;
pub use seek::Seek10;
pub use send_cue_sheet::{CueSheetEntry, SendCueSheet, parse_cue_sheet};
pub use send_disc_structure::SendDiscStructure;
pub use send_opc_information::SendOpcInformation;
pub use set_cd_speed::{Rotation, SetCdSpeed};
pub use set_streaming::{PerformanceDescriptor, SetStreaming, WriteRotation};
pub use start_stop_unit::{PowerCondition, StartStopUnit};
pub use synchronize_cache::SynchronizeCache10;
pub use test_unit_ready::TestUnitReady;
pub use verify::Verify10;
pub use write::{Write10, Write12, WriteAndVerify10};
