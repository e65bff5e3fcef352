//! The volume descriptor set (ECMA-119 6.7.1, 8.1 to 8.3, 8.6).

use glassmaster_disc::{SECTOR, SECTOR_U64};

use super::identifiers::Names;
use super::space::Holds;
use super::{Checker, Hierarchy};
use crate::raw::descriptor::{FIRST_SECTOR, FoundDescriptor, kind};
use crate::raw::number::{array, get_both32};

/// Descriptors before a set counts as endless.
const MOST: u64 = 64;
/// Types that `raw::descriptor` has no use for (ECMA-119 8.2.1, 8.6.1).
const BOOT_RECORD: u8 = 0;
const PARTITION: u8 = 3;
/// Boot system identifier of El Torito (El Torito 1.0, figure 7).
const EL_TORITO: &[u8] = b"EL TORITO SPECIFICATION";

/// What the descriptors lead to.
#[derive(Default)]
pub(super) struct Set {
    pub(super) hierarchies: Vec<Hierarchy>,
    /// Sector of each El Torito boot record, and of the catalog it names.
    pub(super) boot_catalogs: Vec<(u64, u32)>,
}

impl Checker<'_> {
    pub(super) fn descriptors(&mut self, session_start: u32) -> Set {
        let first = u64::from(session_start) + u64::from(FIRST_SECTOR);
        let mut set = Set::default();
        let mut primary: Option<(u64, Vec<u8>)> = None;
        let mut terminated = false;
        let mut lba = first;
        while lba < (first + MOST).min(self.source.block_count()) {
            let Some(sector) = self.sectors("ECMA-119 6.7.1", lba, 1) else { break };
            let Some(descriptor) = FoundDescriptor::recognise(&sector) else { break };
            self.space.add(lba, 1, Holds::Descriptor);
            let version = descriptor.version();
            if version != 1 && !(version == 2 && descriptor.kind() == kind::SUPPLEMENTARY) {
                self.error("ECMA-119 8.1.3", lba, format!("volume descriptor version is {version}, not 1"));
            }
            match descriptor.kind() {
                kind::PRIMARY => match &primary {
                    None => {
                        self.volume_end(descriptor, session_start);
                        set.hierarchies.extend(self.volume_descriptor(descriptor, lba, Names::Primary));
                        primary = Some((lba, sector));
                    }
                    Some((at, other)) if *other != sector => {
                        let what =
                            format!("this primary volume descriptor differs from the one at sector {at}");
                        self.warn("ECMA-119 6.7.1.1", lba, what);
                    }
                    Some(_) => {}
                },
                kind::SUPPLEMENTARY => {
                    let names = if descriptor.is_joliet() {
                        Names::Joliet
                    } else if version == 2 {
                        Names::Enhanced
                    } else {
                        Names::Other
                    };
                    if let Some(hierarchy) = self.volume_descriptor(descriptor, lba, names) {
                        self.add_supplementary(&mut set, hierarchy);
                    }
                }
                BOOT_RECORD => {
                    set.boot_catalogs.extend(self.boot_record(descriptor, lba, first).map(|c| (lba, c)));
                }
                PARTITION => self.partition_descriptor(descriptor, lba),
                kind::TERMINATOR => {
                    self.zeros(descriptor.bytes(), 7..SECTOR, "ECMA-119 8.3.4", lba, "set terminator");
                    terminated = true;
                    break;
                }
                other => {
                    let what = format!("volume descriptor type {other} is reserved");
                    self.warn("ECMA-119 8.1.1", lba, what);
                }
            }
            lba += 1;
        }
        if primary.is_none() {
            self.error("ECMA-119 6.7.1.1", first, "there is no primary volume descriptor");
        }
        if !terminated {
            self.error("ECMA-119 6.7.1.6", lba, "the volume descriptor set has no terminator");
        }
        set
    }

    /// Volume spaces are counted from the first sector of the medium or, by some programs, of the session.
    fn volume_end(&mut self, primary: FoundDescriptor<'_>, session_start: u32) {
        let end = u64::from(session_start) + u64::from(primary.blocks().little);
        self.volume_end = end.min(self.source.block_count());
    }

    /// An enhanced descriptor may name the hierarchy of the primary one, whose names then follow its rules.
    fn add_supplementary(&mut self, set: &mut Set, hierarchy: Hierarchy) {
        let shared = set.hierarchies.iter_mut().find(|h| h.root == hierarchy.root);
        let Some(shared) = shared else {
            set.hierarchies.push(hierarchy);
            return;
        };
        if hierarchy.names == Names::Enhanced && shared.names == Names::Primary {
            shared.names = Names::Enhanced;
            let what = format!(
                "the enhanced volume descriptor names the hierarchy of sector {}: one set of long names for both",
                shared.descriptor
            );
            let different = hierarchy.tables.into_iter().filter(|t| {
                shared.tables.iter().all(|s| (s.size, &s.occurrences) != (t.size, &t.occurrences))
            });
            let different: Vec<_> = different.collect();
            shared.tables.extend(different);
            self.note("ECMA-119 8.5", hierarchy.descriptor, what);
        } else {
            let what = format!(
                "this descriptor and the one at sector {} name one root directory, sector {}",
                shared.descriptor, hierarchy.root
            );
            self.warn("ECMA-119 8.5", hierarchy.descriptor, what);
        }
    }

    /// The catalog of an El Torito boot record; other boot records mean something to their system alone.
    fn boot_record(&mut self, descriptor: FoundDescriptor<'_>, lba: u64, first: u64) -> Option<u32> {
        let bytes = descriptor.bytes();
        let system = bytes.get(7..39).unwrap_or_default();
        if !system.starts_with(EL_TORITO) {
            let name = String::from_utf8_lossy(system).trim_end_matches([' ', '\0']).to_owned();
            self.note("ECMA-119 8.2.4", lba, format!("a boot record of the system '{name}'"));
            return None;
        }
        if lba != first + 1 {
            let what = format!("the boot record is {} sectors behind sector {first}, not 1", lba - first);
            self.error("El Torito 2.0", lba, what);
        }
        self.zeros(bytes, 7 + EL_TORITO.len()..39, "El Torito 2.0", lba, "boot record");
        self.zeros(bytes, 39..71, "El Torito 2.0", lba, "boot record");
        self.zeros(bytes, 75..SECTOR, "El Torito 2.0", lba, "boot record");
        Some(u32::from_le_bytes(array(bytes, 71)))
    }

    fn partition_descriptor(&mut self, descriptor: FoundDescriptor<'_>, lba: u64) {
        let bytes = descriptor.bytes();
        self.zeros(bytes, 7..8, "ECMA-119 8.6.4", lba, "volume partition descriptor");
        let (location, size) = (get_both32(bytes, 72), get_both32(bytes, 80));
        self.both("ECMA-119 8.6.7", lba, || "location of the volume partition".to_owned(), location);
        self.both("ECMA-119 8.6.8", lba, || "size of the volume partition".to_owned(), size);
        if !self.inside(u64::from(location.little), u64::from(size.little) * SECTOR_U64) {
            let what = format!(
                "a volume partition of {} sectors from {} passes the end at {}",
                size.little,
                location.little,
                self.source.block_count()
            );
            self.error("ECMA-119 8.6.8", lba, what);
        }
    }
}
