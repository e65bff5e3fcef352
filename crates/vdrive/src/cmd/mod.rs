//! The commands the drive knows, one file per name of the standard.

mod blank;
mod close_track_session;
mod configuration;
mod format_unit;
mod get_event_status;
mod get_performance;
mod inquiry;
mod mode;
pub(crate) mod pages;
mod read;
mod read_disc_information;
mod read_disc_structure;
mod read_format_capacities;
mod read_toc_pma_atip;
mod read_track_information;
mod reserve_track;
mod send_cue_sheet;
mod send_disc_structure;
mod speed;
mod start_stop_unit;
mod status;
mod synchronize_cache;
mod write;

use glassmaster_mmc::{AnyCommand, opcode};
use glassmaster_scsi::{DataPhase, Sense};

use crate::drive::VirtualDrive;
use crate::pace::Work;
use crate::sense;

/// Commands that are answered although a unit attention is pending (MMC-6 4.1.6.1).
pub(crate) fn passes_unit_attention(code: u8) -> bool {
    matches!(
        code,
        opcode::INQUIRY
            | opcode::REQUEST_SENSE
            | opcode::GET_CONFIGURATION
            | opcode::GET_EVENT_STATUS_NOTIFICATION
    )
}

/// Commands that are answered while something else is under way.
pub(crate) fn passes_busy(code: u8, work: Work) -> bool {
    if passes_unit_attention(code) {
        return true;
    }
    match work {
        // The buffer is draining: the state of the disc can still be asked for (MMC-6 annex F, readiness errors).
        Work::LongWrite => {
            matches!(code, opcode::READ_BUFFER_CAPACITY | opcode::MODE_SENSE_10 | opcode::MECHANISM_STATUS)
        }
        Work::Format | Work::Blank | Work::Loading => {
            matches!(code, opcode::MODE_SENSE_10 | opcode::MECHANISM_STATUS)
        }
    }
}

/// Whether the drive knows the command at all. It has no changer, and like every ATAPI drive no six-byte MODE SENSE.
pub(crate) fn is_supported(code: u8) -> bool {
    AnyCommand::OPCODES.contains(&code) && !matches!(code, opcode::LOAD_UNLOAD_MEDIUM | opcode::MODE_SENSE_6)
}

/// An answer with a length of its own, cut where the host's allocation ends.
fn send(data: &mut DataPhase<'_>, answer: &[u8], allocation: usize) -> Result<usize, Sense> {
    let answer = answer.get(..allocation.min(answer.len())).unwrap_or(answer);
    Ok(data.fill(answer))
}

/// Exactly `len` bytes from the host.
fn sent<'a>(data: &'a DataPhase<'_>, len: usize) -> Result<&'a [u8], Sense> {
    data.sent().get(..len).ok_or(sense::DATA_PHASE)
}

/// Executes a command that the drive knows.
pub(crate) fn run(
    d: &mut VirtualDrive,
    command: &AnyCommand,
    data: &mut DataPhase<'_>,
) -> Result<usize, Sense> {
    match command {
        AnyCommand::TestUnitReady(_) => status::test_unit_ready(d),
        AnyCommand::RequestSense(c) => status::request_sense(d, c, data),
        AnyCommand::Inquiry(c) => send(data, &inquiry::answer(d, c)?, c.allocation_length.into()),
        AnyCommand::GetConfiguration(c) => {
            send(data, &configuration::answer(d, c).to_bytes(), c.allocation_length.into())
        }
        AnyCommand::GetEventStatusNotification(c) => {
            let answer = get_event_status::answer(d, c)?;
            send(data, &answer, c.allocation_length.into())
        }
        AnyCommand::ModeSense10(c) => send(data, &mode::sense(d, c)?, c.allocation_length.into()),
        AnyCommand::ModeSelect10(c) => mode::select(d, c, data),
        AnyCommand::StartStopUnit(c) => start_stop_unit::run(d, c),
        AnyCommand::PreventAllowMediumRemoval(c) => start_stop_unit::prevent(d, c),
        AnyCommand::MechanismStatus(c) => send(data, &status::mechanism(d), c.allocation_length.into()),
        AnyCommand::ReadDiscInformation(c) => {
            send(data, &read_disc_information::answer(d, c)?, c.allocation_length.into())
        }
        AnyCommand::ReadTrackInformation(c) => {
            send(data, &read_track_information::answer(d, c)?.to_bytes(), c.allocation_length.into())
        }
        AnyCommand::ReadTocPmaAtip(c) => {
            send(data, &read_toc_pma_atip::answer(d, c)?, c.allocation_length.into())
        }
        AnyCommand::ReadDiscStructure(c) => {
            send(data, &read_disc_structure::answer(d, c)?.to_bytes(), c.allocation_length.into())
        }
        AnyCommand::ReadFormatCapacities(c) => {
            send(data, &read_format_capacities::answer(d)?.to_bytes(), c.allocation_length.into())
        }
        AnyCommand::ReadCapacity(_) => send(data, &read::capacity(d)?.to_bytes(), 8),
        AnyCommand::ReadBufferCapacity(c) => {
            send(data, &status::buffer_capacity(d, c)?.to_bytes(), c.allocation_length.into())
        }
        AnyCommand::GetPerformance(c) => {
            let (answer, allocation) = get_performance::answer(d, c)?;
            send(data, &answer, allocation)
        }
        AnyCommand::Read10(c) => read::read(d, c.lba.0, c.blocks.into(), data),
        AnyCommand::Read12(c) => read::read(d, c.lba.0, c.blocks, data),
        AnyCommand::ReadCd(c) => read::read_cd(d, c, data),
        AnyCommand::Verify10(c) => read::verify(d, c),
        AnyCommand::Seek10(c) => read::seek(d, c),
        AnyCommand::Write10(c) => write::write(d, c.lba.0, c.blocks.into(), data),
        AnyCommand::Write12(c) => write::write(d, c.lba.0, c.blocks, data),
        AnyCommand::WriteAndVerify10(c) => write::write_and_verify(d, c, data),
        AnyCommand::SynchronizeCache10(c) => synchronize_cache::run(d, c),
        AnyCommand::CloseTrackSession(c) => close_track_session::run(d, c),
        AnyCommand::ReserveTrack(c) => reserve_track::run(d, c),
        AnyCommand::SendCueSheet(c) => send_cue_sheet::run(d, c, data),
        AnyCommand::SendOpcInformation(c) => speed::send_opc(d, c, data),
        AnyCommand::SetCdSpeed(c) => speed::set_cd_speed(d, c),
        AnyCommand::SetStreaming(c) => speed::set_streaming(d, c, data),
        AnyCommand::FormatUnit(c) => format_unit::run(d, c, data),
        AnyCommand::Blank(c) => blank::run(d, c),
        AnyCommand::SendDiscStructure(c) => send_disc_structure::run(d, c, data),
        _ => Err(sense::INVALID_OPCODE),
    }
}
