//! What the descriptors of a session say of it.

use glassmaster_disc::{BlockSource, SECTOR};
use glassmaster_tree::{ReadError, Timestamp};

use super::{MOST_DESCRIPTORS, Namespace, namespaces};
use crate::raw::date::decode_volume_date;
use crate::raw::descriptor::{FIRST_SECTOR, FoundDescriptor, kind};

/// Path tables of one hierarchy (ECMA-119 6.9); readers here do not need them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PathTables {
    /// Length of each table in bytes.
    pub bytes: u32,
    /// First sector of the little-endian table.
    pub l: u32,
    /// First sector of the big-endian table.
    pub m: u32,
}

/// The descriptors of one session, as far as whoever builds on it needs them. Texts are without their padding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// First sector of the session.
    pub session_start: u32,
    /// What names the volume offers, best first.
    pub namespaces: Vec<Namespace>,
    /// Volume identifier of the primary descriptor (ECMA-119 8.4.7).
    #[doc(alias = "ImportedVolumeName")]
    pub volume: String,
    /// Volume identifier of the Joliet descriptor.
    pub joliet_volume: Option<String>,
    /// System identifier (ECMA-119 8.4.6).
    pub system: String,
    /// Volume set identifier (ECMA-119 8.4.19).
    pub volume_set: String,
    /// Publisher identifier (ECMA-119 8.4.20).
    pub publisher: String,
    /// Data preparer identifier (ECMA-119 8.4.21).
    pub preparer: String,
    /// Application identifier (ECMA-119 8.4.22).
    pub application: String,
    /// Creation of the volume (ECMA-119 8.4.26).
    pub created: Option<Timestamp>,
    /// Its last modification (ECMA-119 8.4.27).
    pub modified: Option<Timestamp>,
    /// Volume space size in sectors (ECMA-119 8.4.8): of the session, or up to its end, as its writer saw it.
    pub blocks: u32,
    /// Path tables of the primary hierarchy.
    pub path_tables: PathTables,
    /// Path tables of the Joliet hierarchy.
    pub joliet_path_tables: Option<PathTables>,
    /// First sector of the boot catalog, as [`boot_catalog`](crate::boot_catalog) reads it.
    pub boot_catalog: Option<u32>,
}

/// What the descriptors of the session that begins at sector `session_start` say; `None` without a primary descriptor.
///
/// # Errors
/// As [`namespaces`](crate::namespaces).
pub fn facts(source: &dyn BlockSource, session_start: u32) -> Result<Option<Facts>, ReadError> {
    let first = u64::from(session_start) + u64::from(FIRST_SECTOR);
    let mut sector = vec![0; SECTOR];
    let mut facts: Option<Facts> = None;
    let (mut joliet, mut boot) = (None, None);
    for lba in first..(first + MOST_DESCRIPTORS).min(source.block_count()) {
        source.read_blocks(lba, &mut sector).map_err(|e| ReadError::io("volume descriptor", lba, e))?;
        let Some(found) = FoundDescriptor::recognise(&sector) else { break };
        match found.kind() {
            kind::TERMINATOR => break,
            kind::PRIMARY if facts.is_none() => facts = Some(primary(found, session_start)),
            _ if found.is_joliet() && joliet.is_none() => {
                joliet = Some((joliet_text(found.volume()), tables(found)));
            }
            _ => boot = boot.or(found.boot_catalog()),
        }
    }
    if let Some(facts) = &mut facts {
        (facts.joliet_volume, facts.joliet_path_tables) = joliet.unzip();
        facts.boot_catalog = boot;
        facts.namespaces = namespaces(source, session_start)?;
    }
    Ok(facts)
}

fn primary(found: FoundDescriptor<'_>, session_start: u32) -> Facts {
    let [volume_set, publisher, preparer, application] = found.identifiers().map(text);
    let [created, modified, ..] = found.dates().map(|date| decode_volume_date(&date));
    Facts {
        session_start,
        namespaces: Vec::new(),
        volume: text(found.volume()),
        joliet_volume: None,
        system: text(found.system()),
        volume_set,
        publisher,
        preparer,
        application,
        created,
        modified,
        blocks: found.blocks().little,
        path_tables: tables(found),
        joliet_path_tables: None,
        boot_catalog: None,
    }
}

fn tables(found: FoundDescriptor<'_>) -> PathTables {
    PathTables { bytes: found.path_table_size().little, l: found.path_table_l(), m: found.path_table_m() }
}

/// An identifier of the primary descriptor; bytes that are no UTF-8 become U+FFFD.
pub(super) fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field).trim_end_matches([' ', '\0']).to_owned()
}

/// An identifier of the Joliet descriptor: UCS-2, big-endian.
pub(super) fn joliet_text(field: &[u8]) -> String {
    let units = field.chunks_exact(2).map(|p| u16::from_be_bytes([p[0], p[1]]));
    let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    text.trim_end_matches([' ', '\0']).to_owned()
}
