//! GET PERFORMANCE (MMC-6 6.7): nominal performance and write speed descriptors.

use glassmaster_disc::Lba;
use glassmaster_mmc::cmd::{
    GetPerformance, NominalPerformance, Performance, PerformanceType, WriteRotation, WriteSpeedDescriptor,
};
use glassmaster_scsi::Sense;

use crate::drive::VirtualDrive;
use crate::sense;

/// The answer, and how much of it the host has room for: header and as many descriptors as it asked for.
pub(super) fn answer(d: &mut VirtualDrive, c: &GetPerformance) -> Result<(Vec<u8>, usize), Sense> {
    let current = d.current_write_speed();
    let disc = d.medium()?;
    let rules = disc.rules();
    let end = Lba(disc.user_end().saturating_sub(1));
    let read_speed = rules.read_speed();
    let room = 8 + 16 * usize::from(c.descriptors);
    let data = match c.kind {
        PerformanceType::PERFORMANCE => {
            // Tolerance 10b is the only value of the standard for it; exceptions a drive without defects has none.
            if c.except == 0 {
                let speed = if c.write { current } else { read_speed };
                let whole = NominalPerformance {
                    start: Lba(0),
                    start_performance: speed,
                    end,
                    end_performance: speed,
                };
                let descriptors = if c.start.0 <= end.0 { vec![whole] } else { Vec::new() };
                Performance::Nominal { write: c.write, descriptors }
            } else {
                Performance::Exceptions { write: c.write, descriptors: Vec::new() }
            }
        }
        PerformanceType::WRITE_SPEED => Performance::WriteSpeeds(
            rules
                .write_speeds()
                .iter()
                .map(|speed| WriteSpeedDescriptor {
                    rotation: WriteRotation::DEFAULT,
                    default: false,
                    exact: false,
                    mixed: false,
                    end,
                    read_speed,
                    write_speed: *speed,
                })
                .collect(),
        ),
        _ => return Err(sense::cdb_field(10)),
    };
    Ok((data.to_bytes(), room))
}
