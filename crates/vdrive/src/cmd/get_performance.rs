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
    d.medium()?;
    let (current, reading) = (d.write_setting(), d.read_setting());
    let end = Lba(d.medium()?.user_end().saturating_sub(1));
    let facts = d.medium()?.rules().facts();
    let read_speed = reading.map_or(0, |s| s.peak);
    let layers = d.medium()?.layers();
    let room = 8 + 16 * usize::from(c.descriptors);
    let data = match c.kind {
        PerformanceType::PERFORMANCE => {
            // Tolerance 10b is the only value of the standard for it; exceptions a drive without defects has none.
            if c.except == 0 {
                let setting = if c.write { current } else { reading };
                // One piece a layer, between whose ends the speed changes evenly or not at all.
                let pieces = if setting.is_some_and(|s| s.cav) { layers.max(1) } else { 1 };
                let blocks = i64::from(end.0) + 1;
                let at = |n: u8| i32::try_from(blocks * i64::from(n) / i64::from(pieces)).unwrap_or(end.0);
                let descriptors = (0..pieces)
                    .map(|n| (at(n), at(n + 1).saturating_sub(1)))
                    .filter(|(_, last)| c.start.0 <= *last)
                    .map(|(first, last)| NominalPerformance {
                        start: Lba(first),
                        start_performance: d.speed_at(setting, first),
                        end: Lba(last),
                        end_performance: d.speed_at(setting, last),
                    })
                    .collect();
                Performance::Nominal { write: c.write, descriptors }
            } else {
                Performance::Exceptions { write: c.write, descriptors: Vec::new() }
            }
        }
        PerformanceType::WRITE_SPEED => Performance::WriteSpeeds(
            facts
                .write
                .iter()
                .map(|speed| WriteSpeedDescriptor {
                    rotation: if speed.cav { WriteRotation::CAV } else { WriteRotation::DEFAULT },
                    default: false,
                    exact: false,
                    mixed: false,
                    end,
                    read_speed,
                    write_speed: speed.peak,
                })
                .collect(),
        ),
        _ => return Err(sense::cdb_field(10)),
    };
    Ok((data.to_bytes(), room))
}
