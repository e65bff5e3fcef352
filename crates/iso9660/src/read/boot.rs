//! Boot catalogs as found: this program's, and other people's with their habits.

use glassmaster_disc::{BlockSource, Finding, SECTOR, Severity};
use glassmaster_tree::ReadError;

use super::MOST_DESCRIPTORS;
use crate::el_torito::{Emulation, Platform};
use crate::raw::descriptor::{FIRST_SECTOR, FoundDescriptor, kind};
use crate::raw::el_torito::{
    CONTINUED, EMULATION_MASK, EntryRecord, RECORD, SectionHeader, Validation, indicator,
};

/// Sectors of a catalog that are read, at most; one is usual.
const MOST_SECTORS: u32 = 32;
/// Bytes of selection criteria that are kept of one entry.
const MOST_CRITERIA: usize = 4096;

/// The boot catalog of a disc, read tolerantly: what breaks the rules is in the findings, what can be told all the same
/// is in the entries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundCatalog {
    /// Its first sector.
    pub lba: u32,
    /// Firmware of the initial entry.
    pub platform: Platform,
    /// Identifier in the validation entry, without the padding; bytes that are not ASCII are shown as `?`.
    pub manufacturer: String,
    /// The initial entry first, then those of the sections.
    pub entries: Vec<FoundEntry>,
    /// Every deviation from El Torito 1.0.
    pub findings: Vec<Finding>,
}

/// One entry of a boot catalog.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundEntry {
    /// Number of its record in the catalog, from 0.
    pub record: u32,
    /// Firmware it is for: that of its section's header.
    pub platform: Platform,
    /// Identifier of its section, without the padding; empty for the initial entry.
    pub section: String,
    /// Whether it may be started.
    pub bootable: bool,
    /// Drive that is made of the image.
    pub emulation: Emulation,
    /// Real-mode segment to load to; 0 stands for 07C0.
    pub load_segment: u16,
    /// Partition type of an emulated hard disk.
    pub system_type: u8,
    /// Virtual sectors of 512 bytes to load.
    pub sector_count: u16,
    /// First sector of the image.
    pub image: u32,
    /// Kind of the selection criteria: 0 for none, 1 for language and version, as IBM defined it.
    pub criteria_type: u8,
    /// Selection criteria, those of its extensions behind its own; empty when their kind is 0.
    pub criteria: Vec<u8>,
}

impl FoundEntry {
    /// Bytes that are known to belong to the image: those of an emulated floppy disk, else what the firmware loads. 0
    /// for an UEFI image without a count.
    #[must_use]
    pub fn known_bytes(&self) -> u64 {
        self.emulation.floppy_bytes().unwrap_or(u64::from(self.sector_count) * 512)
    }
}

/// Reads the boot catalog of the session that begins at sector `session_start`; `None` when no boot record leads to one.
///
/// # Errors
/// When a descriptor cannot be read. What is wrong with the catalog itself is in [`FoundCatalog::findings`].
pub fn boot_catalog(source: &dyn BlockSource, session_start: u32) -> Result<Option<FoundCatalog>, ReadError> {
    let first = u64::from(session_start) + u64::from(FIRST_SECTOR);
    let mut sector = vec![0; SECTOR];
    for lba in first..(first + MOST_DESCRIPTORS).min(source.block_count()) {
        source.read_blocks(lba, &mut sector).map_err(|e| ReadError::io("volume descriptor", lba, e))?;
        let Some(found) = FoundDescriptor::recognise(&sector) else { break };
        if found.kind() == kind::TERMINATOR {
            break;
        }
        let Some(catalog) = found.boot_catalog() else { continue };
        let mut reader = Reader::new(source, catalog);
        if lba != first + 1 {
            let what = format!("the boot record is not at sector {}, where firmware looks", first + 1);
            reader.find(Severity::Warning, "El Torito 2.0", lba, what);
        }
        reader.catalog();
        return Ok(Some(reader.found));
    }
    Ok(None)
}

struct Reader<'a> {
    source: &'a dyn BlockSource,
    sector: Vec<u8>,
    /// Sector of the catalog that `sector` holds, if any.
    held: Option<u32>,
    next: u32,
    found: FoundCatalog,
}

impl<'a> Reader<'a> {
    fn new(source: &'a dyn BlockSource, lba: u32) -> Self {
        let found = FoundCatalog {
            lba,
            platform: Platform::default(),
            manufacturer: String::new(),
            entries: Vec::new(),
            findings: Vec::new(),
        };
        Self { source, sector: vec![0; SECTOR], held: None, next: 0, found }
    }

    fn find(&mut self, severity: Severity, clause: &'static str, lba: u64, what: impl Into<String>) {
        self.found.findings.push(Finding { severity, clause, lba, what: what.into() });
    }

    /// A finding about record `number`.
    fn about(&mut self, severity: Severity, clause: &'static str, number: u32, what: &str) {
        let lba = u64::from(self.found.lba) + u64::from(number / PER_SECTOR);
        self.find(severity, clause, lba, format!("boot catalog, record {number}: {what}"));
    }

    /// The next record without going past it; `None` behind the last one that can be read.
    fn peek(&mut self) -> Option<[u8; RECORD]> {
        let sector = self.next / PER_SECTOR;
        if self.held != Some(sector) {
            let lba = u64::from(self.found.lba) + u64::from(sector);
            if sector >= MOST_SECTORS || lba >= self.source.block_count() {
                return None;
            }
            if let Err(error) = self.source.read_blocks(lba, &mut self.sector) {
                let what = format!("the boot catalog cannot be read: {error}");
                self.find(Severity::Error, "El Torito 2.0", lba, what);
                self.held = None;
                return None;
            }
            self.held = Some(sector);
        }
        let at = (self.next % PER_SECTOR) as usize * RECORD;
        self.sector.get(at..)?.first_chunk().copied()
    }

    fn take(&mut self) -> Option<([u8; RECORD], u32)> {
        let record = self.peek()?;
        self.next += 1;
        Some((record, self.next - 1))
    }

    fn catalog(&mut self) {
        use Severity::{Error, Warning};
        let Some((record, _)) = self.take() else {
            if self.found.findings.is_empty() {
                let what = format!("the boot record names sector {}, past the end", self.found.lba);
                self.find(Error, "El Torito 2.0", u64::from(self.found.lba), what);
            }
            return;
        };
        let validation = Validation::parse(&record);
        if validation.header != indicator::VALIDATION || validation.key != Validation::KEY {
            self.about(Error, "El Torito 2.1", 0, "no validation entry: it begins with 01 and ends in 55 AA");
            return;
        }
        if validation.sum != 0 {
            let what = format!("the words of the validation entry add up to {:04X}, not 0", validation.sum);
            self.about(Error, "El Torito 2.1", 0, &what);
        }
        if record[2..4] != [0, 0] {
            self.about(Warning, "El Torito 2.1", 0, "reserved bytes 2 and 3 are not 0");
        }
        self.found.platform = Platform(validation.platform);
        self.found.manufacturer = text(&validation.id);
        match self.take() {
            Some((record, number)) => self.entry(&record, number, Platform(validation.platform), "", true),
            None => self.about(Error, "El Torito 2.2", 1, "no initial entry"),
        }
        self.sections();
    }

    fn sections(&mut self) {
        use Severity::{Note, Warning};
        let mut headers = 0u32;
        let mut last_seen = false;
        while let Some(record) = self.peek() {
            let number = self.next;
            match record[0] {
                indicator::HEADER | indicator::LAST_HEADER => {
                    self.next += 1;
                    if last_seen {
                        self.about(
                            Warning,
                            "El Torito 2.3",
                            number,
                            "a section behind the one marked as last",
                        );
                    }
                    last_seen |= record[0] == indicator::LAST_HEADER;
                    headers += 1;
                    self.section(&SectionHeader::parse(&record), number);
                }
                // Other writers leave unused records of other things behind the last section.
                _ if last_seen => break,
                indicator::BOOTABLE => {
                    self.next += 1;
                    self.about(Warning, "El Torito 2.3", number, "an entry outside of a section");
                    let platform = self.found.platform;
                    self.entry(&record, number, platform, "", false);
                }
                _ => break,
            }
        }
        if headers > 0 && !last_seen {
            let what = "no section header is marked as the last one (91)";
            self.about(Note, "El Torito 2.3", self.next, what);
        }
    }

    fn section(&mut self, header: &SectionHeader, number: u32) {
        let (platform, id) = (Platform(header.platform), text(&header.id));
        for seen in 0..header.entries {
            let at = self.next;
            let record = self.peek().filter(|r| {
                r[0] == indicator::BOOTABLE || r[0] == indicator::NOT_BOOTABLE && r.iter().any(|b| *b != 0)
            });
            let Some(record) = record else {
                let what = format!("the header declares {} entries, {seen} follow", header.entries);
                self.about(Severity::Error, "El Torito 2.3", number, &what);
                return;
            };
            self.next += 1;
            self.entry(&record, at, platform, &id, false);
        }
        let mut more = 0u32;
        while let Some(record) = self.peek().filter(|r| r[0] == indicator::BOOTABLE) {
            self.next += 1;
            more += 1;
            self.entry(&record, self.next - 1, platform, &id, false);
        }
        if more > 0 {
            let what = format!("the header declares {} entries, {more} more follow", header.entries);
            self.about(Severity::Error, "El Torito 2.3", number, &what);
        }
    }

    fn entry(
        &mut self,
        record: &[u8; RECORD],
        number: u32,
        platform: Platform,
        section: &str,
        initial: bool,
    ) {
        use Severity::{Error, Warning};
        let clause = if initial { "El Torito 2.2" } else { "El Torito 2.4" };
        let raw = EntryRecord::parse(record);
        if !matches!(raw.indicator, indicator::BOOTABLE | indicator::NOT_BOOTABLE) {
            let what = format!("boot indicator {:02X}, neither 88 nor 00", raw.indicator);
            self.about(Error, clause, number, &what);
        }
        let emulation = Emulation(raw.media & EMULATION_MASK);
        if emulation.0 > Emulation::HARD_DISK.0 {
            self.about(Error, clause, number, &format!("emulation {} is not defined", emulation.0));
        }
        if raw.unused != 0 || initial && raw.media & !EMULATION_MASK != 0 {
            self.about(Warning, clause, number, "reserved bits are not 0");
        }
        if u64::from(raw.image) >= self.source.block_count() {
            let what = format!("the image is said to be at sector {}, past the end", raw.image);
            self.about(Error, clause, number, &what);
        }
        let mut entry = FoundEntry {
            record: number,
            platform,
            section: section.to_owned(),
            bootable: raw.indicator == indicator::BOOTABLE,
            emulation,
            load_segment: raw.load_segment,
            system_type: raw.system_type,
            sector_count: raw.sector_count,
            image: raw.image,
            criteria_type: raw.criteria_type,
            criteria: Vec::new(),
        };
        if raw.criteria_type != 0 {
            entry.criteria.extend_from_slice(&raw.criteria);
            if initial {
                // The figure leaves these bytes unused; xorriso puts criteria there all the same.
                self.about(Severity::Note, clause, number, "selection criteria in the initial entry");
            }
        }
        if !initial {
            self.extensions(raw.media & CONTINUED != 0, &mut entry.criteria);
        }
        self.found.entries.push(entry);
    }

    /// Section entry extensions (El Torito 2.5, figure 6).
    fn extensions(&mut self, mut announced: bool, criteria: &mut Vec<u8>) {
        loop {
            let number = self.next;
            let Some(record) = self.peek().filter(|r| r[0] == indicator::EXTENSION) else {
                if announced {
                    self.about(Severity::Error, "El Torito 2.5", number, "an announced extension is missing");
                }
                return;
            };
            if !announced {
                self.about(Severity::Warning, "El Torito 2.5", number, "an extension that is not announced");
            }
            self.next += 1;
            announced = record[1] & CONTINUED != 0;
            if criteria.len() < MOST_CRITERIA {
                criteria.extend_from_slice(&record[2..]);
            }
        }
    }
}

/// Records of one sector.
const PER_SECTOR: u32 = 64;
const _: () = assert!(PER_SECTOR as usize * RECORD == SECTOR);

fn text(field: &[u8]) -> String {
    let end = field.iter().rposition(|b| !matches!(b, 0 | b' ')).map_or(0, |n| n + 1);
    let shown = |b: &u8| if (0x20..0x7F).contains(b) { char::from(*b) } else { '?' };
    field.iter().take(end).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::el_torito::{BootCatalog, BootEntry, BootSettings};
    use crate::raw::descriptor::{encode_boot_record, encode_terminator};

    const CATALOG: usize = 19;

    fn disc(records: &[[u8; RECORD]]) -> Vec<u8> {
        let mut disc = vec![0; 40 * SECTOR];
        disc[16 * SECTOR..16 * SECTOR + 8].copy_from_slice(b"\x01CD001\x01\0");
        encode_boot_record(u32::try_from(CATALOG).unwrap(), &mut disc[17 * SECTOR..18 * SECTOR]);
        encode_terminator(&mut disc[18 * SECTOR..19 * SECTOR]);
        for (n, record) in records.iter().enumerate() {
            let at = CATALOG * SECTOR + n * RECORD;
            disc[at..at + RECORD].copy_from_slice(record);
        }
        disc
    }

    fn entry(first: u8, media: u8, image: u8) -> [u8; RECORD] {
        let mut record = [0; RECORD];
        (record[0], record[1], record[6], record[8]) = (first, media, 4, image);
        record
    }

    fn header(last: bool, entries: u8) -> [u8; RECORD] {
        let mut record = [0; RECORD];
        record[..8].copy_from_slice(&[
            if last { 0x91 } else { 0x90 },
            0xEF,
            entries,
            0,
            b'U',
            b'E',
            b'F',
            b'I',
        ]);
        record
    }

    fn read(records: &[[u8; RECORD]]) -> (Vec<u32>, Vec<String>) {
        let found = boot_catalog(&disc(records), 0).unwrap().unwrap();
        let images = found.entries.iter().map(|e| e.image).collect();
        (images, found.findings.iter().map(|f| f.what.clone()).collect())
    }

    #[test]
    fn sections_criteria_and_extensions() {
        let valid = Validation::encode(0, b"Somebody\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        let mut chosen = entry(0x88, 4 | CONTINUED, 23);
        (chosen[4], chosen[12]) = (0x0C, 1);
        chosen[13..15].copy_from_slice(b"EN");
        let mut extension = [0u8; RECORD];
        (extension[0], extension[2], extension[31]) = (0x44, b'x', b'y');
        let disc = disc(&[
            valid,
            entry(0x88, 0, 20),
            header(false, 1),
            chosen,
            extension,
            header(true, 2),
            entry(0, 2, 30),
            entry(0x88, 0, 31),
        ]);
        let found = boot_catalog(&disc, 0).unwrap().unwrap();
        assert_eq!((found.lba, found.platform, found.manufacturer.as_str()), (19, Platform::X86, "Somebody"));
        assert_eq!(found.findings, []);
        let e = &found.entries[1];
        assert_eq!(
            (e.platform, e.section.as_str(), e.emulation),
            (Platform::EFI, "UEFI", Emulation::HARD_DISK)
        );
        assert_eq!((e.record, e.system_type, e.criteria_type, e.criteria.len()), (3, 0x0C, 1, 49));
        assert_eq!((&e.criteria[..2], e.criteria[19], e.criteria[48]), (&b"EN"[..], b'x', b'y'));
        let bootable: Vec<_> = found.entries.iter().map(|e| (e.image, e.bootable, e.known_bytes())).collect();
        assert_eq!(bootable, [(20, true, 2048), (23, true, 2048), (30, false, 1_474_560), (31, true, 2048)]);
    }

    #[test]
    fn habits_are_findings_and_nothing_is_lost() {
        let valid = Validation::encode(0, &[0; 24]);
        let first = entry(0x88, 0, 20);
        let told = |records: &[[u8; RECORD]]| {
            let (images, findings) = read(records);
            (images, findings.join("; "))
        };
        let (images, findings) = told(&[valid, first, header(false, 1), entry(0x88, 0, 21)]);
        assert_eq!(images, [20, 21]);
        assert!(findings.contains("marked as the last"), "{findings}");
        let (images, findings) =
            told(&[valid, first, header(true, 1), entry(0x88, 0, 21), entry(0x88, 0, 22)]);
        assert_eq!(images, [20, 21, 22]);
        assert!(findings.contains("1 more follow"), "{findings}");
        let (images, findings) = told(&[valid, first, header(true, 3), entry(0x88, 0, 21)]);
        assert_eq!(images, [20, 21]);
        assert!(findings.contains("declares 3 entries, 1 follow"), "{findings}");
        let (images, findings) = told(&[valid, first, entry(0x88, 0, 21)]);
        assert_eq!(images, [20, 21]);
        assert!(findings.contains("outside of a section"), "{findings}");
        let (_, findings) = told(&[valid, entry(0x77, 0x99, 200)]);
        for what in ["indicator 77", "emulation 9", "reserved bits", "sector 200"] {
            assert!(findings.contains(what), "{findings}");
        }
        let mut bad = valid;
        bad[9] = 1;
        let (images, findings) = told(&[bad, first]);
        assert!(images == [20] && findings.contains("add up to 0100"), "{findings}");
        let (images, findings) = told(&[first]);
        assert!(images.is_empty() && findings.contains("no validation entry"), "{findings}");
    }

    #[test]
    fn catalogs_that_are_not_there() {
        let mut far = disc(&[]);
        encode_boot_record(4000, &mut far[17 * SECTOR..18 * SECTOR]);
        let found = boot_catalog(&far, 0).unwrap().unwrap();
        assert!(found.entries.is_empty() && found.findings[0].what.contains("past the end"));
        assert_eq!(boot_catalog(&vec![0; 40 * SECTOR], 0).unwrap(), None);
        assert_eq!(boot_catalog(&vec![0; 4 * SECTOR], 0).unwrap(), None);
    }

    proptest::proptest! {
        /// What is written is read.
        #[test]
        fn catalogs_round_trip(all in proptest::collection::vec((0u8.., 0u16.., proptest::option::of(0u16..), "[ -~]{0,24}", 0u8..2, 1u64..40_000_000), 1..33)) {
            let mut tree = glassmaster_tree::Tree::new(glassmaster_tree::Meta::default());
            let mut entries = Vec::new();
            for (platform, load_segment, sector_count, name, bootable, size) in &all {
                let settings = BootSettings {
                    platform: Platform(*platform),
                    emulation: Emulation::NONE,
                    bootable: *bootable == 1,
                    load_segment: *load_segment,
                    sector_count: *sector_count,
                    manufacturer: name.clone(),
                };
                let data = tree.add_data(*size, 0).unwrap();
                entries.push(BootEntry::for_image(data, *size, &[], settings).unwrap());
            }
            let catalog = BootCatalog::new(entries).unwrap();
            let mut disc = disc(&[]);
            let at = CATALOG * SECTOR;
            let lba = |id: glassmaster_tree::DataId| u32::try_from(id.index()).unwrap() % 40;
            catalog.encode(lba, &mut disc[at..at + SECTOR]);
            let found = boot_catalog(&disc, 0).unwrap().unwrap();
            proptest::prop_assert_eq!(&found.findings, &[]);
            proptest::prop_assert_eq!(&found.manufacturer, all[0].3.trim_end());
            proptest::prop_assert_eq!(found.entries.len(), all.len());
            for (n, (read, made)) in found.entries.iter().zip(catalog.entries()).enumerate() {
                let settings = made.settings();
                proptest::prop_assert_eq!((read.platform, read.bootable), (settings.platform, settings.bootable));
                proptest::prop_assert_eq!((read.load_segment, read.sector_count), (settings.load_segment, made.sector_count()));
                proptest::prop_assert_eq!(read.image, lba(made.image()));
                let section = if n == 0 { "" } else { settings.manufacturer.trim_end() };
                proptest::prop_assert_eq!(&read.section, section);
            }
        }

        /// Any catalog ends, and tells no more than it has room for.
        #[test]
        fn any_catalog_is_read(bytes in proptest::collection::vec(proptest::prop_oneof![0u8..3, 0x40u8..0x50, 0x88u8..0x92, 0u8..], 0..2048)) {
            let mut disc = disc(&[Validation::encode(0, &[0; 24])]);
            let at = CATALOG * SECTOR + RECORD;
            let room = bytes.len().min(SECTOR - RECORD);
            disc[at..at + room].copy_from_slice(&bytes[..room]);
            let found = boot_catalog(&disc, 0).unwrap().unwrap();
            proptest::prop_assert!(found.entries.len() <= 64 * 21);
        }
    }
}
