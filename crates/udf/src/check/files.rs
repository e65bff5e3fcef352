//! Everything inside the partitions: the walk over all file entries, and what it adds up to.

use std::collections::{HashMap, HashSet};

use glassmaster_disc::{BlockSource, SECTOR_U64};
use glassmaster_tree::ReadError;

use super::Rules;
use super::entry::Checked;
use super::field::{Expected, descriptor};
use super::integrity::{self, Integrity};
use super::report::Report;
use super::sequence::Described;
use super::space::{self, FreeMap, Space, Use};
use super::{file_set, metadata, vat};
use crate::raw::allocation::{Allocation, LongAd};
use crate::raw::field::{u16_at, u32_at};
use crate::raw::icb_tag::STRATEGY_4;
use crate::raw::partition_map::PartitionMap;
use crate::raw::tag::{EXTENDED_FILE_ENTRY, FILE_ENTRY, INDIRECT_ENTRY};
use crate::read::icb::{Direct, STRATEGY_4096};
use crate::read::partition::Mapping;
use crate::read::{BlockAddress, UdfVolume};

/// What an object is to the one that leads to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Directory,
    File,
    StreamDirectory,
    Stream,
}

impl Role {
    pub(super) fn is_directory(self) -> bool {
        matches!(self, Self::Directory | Self::StreamDirectory)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Directory => "a directory",
            Self::File => "a file",
            Self::StreamDirectory => "a stream directory",
            Self::Stream => "a stream",
        }
    }
}

/// A file entry that was met.
pub(super) struct Met {
    pub(super) sector: u64,
    pub(super) recorded_links: u16,
    pub(super) found_links: u64,
    role: Role,
    /// Parent descriptors of its stream directory, which some count.
    pub(super) stream_parents: u64,
}

/// What is in the volume.
#[derive(Default)]
pub(super) struct Counts {
    /// Whether something could not be read.
    pub(super) incomplete: bool,
    /// Names of files.
    pub(super) files: u64,
    /// Directories, the root included.
    pub(super) directories: u64,
    pub(super) highest_id: u64,
}

pub(super) struct Walk<'a, 'r, S> {
    pub(super) volume: &'a UdfVolume<S>,
    pub(super) report: &'a mut Report<'r>,
    pub(super) rules: Rules,
    pub(super) space: Space,
    /// Allocation descriptors, and blocks looked up one by one, that may still be looked at.
    pub(super) budget: u64,
    /// Whether the partition is write-once, if it is known.
    pub(super) write_once: Option<bool>,
    pub(super) met: HashMap<BlockAddress, Met>,
    pub(super) counts: Counts,
    ids: HashSet<u64>,
    pub(super) name_ids: HashSet<u32>,
    bad: HashSet<BlockAddress>,
    /// Bytes of directories read so far: those that share their sectors must not cost time without end.
    directory_bytes: u64,
}

/// A directory that is still to be read.
pub(super) struct Pending {
    pub(super) address: BlockAddress,
    pub(super) parent: BlockAddress,
    pub(super) pieces: Vec<(u64, u32)>,
    /// Characters of the path that leads to it (UDF 2.1: 1023 bytes at most).
    pub(super) path: usize,
}

pub(super) fn check<S: BlockSource>(
    volume: &UdfVolume<S>,
    rules: Rules,
    described: &Described,
    report: &mut Report<'_>,
) {
    let logical = &volume.shape.sequence.logical;
    let mut outside = Described { structures: described.structures.clone(), ..Described::default() };
    let integrity = integrity::check(volume, rules, &mut outside, report);
    file_set::check(volume, rules, report);
    let access = volume.shape.sequence.partitions.values().next().map(|partition| partition.access);
    let mut walk = Walk {
        volume,
        report,
        rules,
        space: Space::default(),
        budget: rules.budget(volume.source().block_count()),
        write_once: access.map(|access| access == 2),
        met: HashMap::new(),
        counts: Counts::default(),
        ids: HashSet::new(),
        name_ids: HashSet::new(),
        bad: HashSet::new(),
        directory_bytes: 0,
    };
    let mut free_maps: Vec<(u16, (u64, FreeMap))> = Vec::new();
    for (map, reference) in logical.maps.iter().zip(0u16..) {
        if let PartitionMap::Metadata(map) = map {
            free_maps.extend(metadata::check(&mut walk, reference, map).map(|map| (reference, map)));
        }
    }
    let virtual_counts = vat::check(&mut walk);
    walk.directories();
    walk.system_streams();
    walk.links();
    free_maps.extend(walk.free_space(described));
    walk.structures(&outside);
    walk.space.overlaps(volume, walk.report);
    if walk.budget == 0 {
        let what = "more allocation descriptors than the volume can have: the rest was not looked at";
        walk.counts.incomplete = true;
        walk.report.error("ECMA-167 4/12", 0u32, what);
    }
    let free: Vec<(u16, u64)> = free_maps.iter().map(|(n, (_, map))| (*n, map.free_blocks)).collect();
    let complete = !walk.counts.incomplete;
    for (partition, map) in free_maps {
        space::compare(volume, &walk.space, partition, map, complete, walk.report);
    }
    if walk.report.stopped() {
        return;
    }
    if let Some(integrity) = integrity {
        walk.totals(&integrity, virtual_counts, &free);
    }
}

impl<S: BlockSource> Walk<'_, '_, S> {
    fn directories(&mut self) {
        let root = self.volume.shape.root;
        let mut pending = Vec::new();
        if let Some(checked) = self.visit(root, Role::Directory, None, true)
            && checked.good
        {
            pending.push(Pending { address: root, parent: root, pieces: checked.pieces, path: 0 });
        }
        while let Some(next) = pending.pop() {
            if self.report.stopped() {
                return;
            }
            self.counts.directories += 1;
            let links = self.directory(&next, Role::Directory);
            for link in links {
                let role = if link.directory { Role::Directory } else { Role::File };
                if link.directory {
                    let before = self.met.contains_key(&link.address);
                    let checked = self.visit(link.address, role, Some(&link), false);
                    if before {
                        let what = "a directory with two names, or a loop";
                        self.report.error("ECMA-167 4/8.6", link.sector, what);
                    } else if let Some(checked) = checked.filter(|checked| checked.good) {
                        pending.push(Pending {
                            address: link.address,
                            parent: next.address,
                            pieces: checked.pieces,
                            path: next.path.saturating_add(link.name_len).saturating_add(1),
                        });
                    } else {
                        // It is there, though nobody can read it.
                        self.counts.directories += 1;
                    }
                } else {
                    self.counts.files += 1;
                    self.visit(link.address, role, Some(&link), false);
                }
            }
        }
    }

    /// Whether a directory of that size may still be read.
    pub(super) fn room_for(&mut self, size: u64, sector: u64) -> bool {
        self.directory_bytes = self.directory_bytes.saturating_add(size);
        if self.directory_bytes / SECTOR_U64 > self.volume.source().block_count() {
            self.counts.incomplete = true;
            self.report.error("ECMA-167 4/8.7", sector, "the directories are larger than the volume");
            return false;
        }
        true
    }

    /// Checks a file entry the first time it is met, and counts the name; `None` when it was met before or cannot be
    /// read.
    pub(super) fn visit(
        &mut self,
        address: BlockAddress,
        role: Role,
        link: Option<&super::directory::Link>,
        root: bool,
    ) -> Option<Checked> {
        let name = u64::from(!root && role != Role::StreamDirectory);
        if let Some(met) = self.met.get_mut(&address) {
            met.found_links += name;
            return None;
        }
        if self.bad.contains(&address) {
            return None;
        }
        let Some(direct) = self.direct_entry(address, link) else {
            self.counts.incomplete = true;
            self.bad.insert(address);
            return None;
        };
        let fields = *direct.fields();
        let sector = self.volume.sector_of(direct.block);
        let met = Met { sector, recorded_links: fields.links, found_links: name, role, stream_parents: 0 };
        self.met.insert(address, met);
        let checked = self.entry_fields(&direct, role);
        if !checked.good {
            self.counts.incomplete = true;
        }
        if matches!(role, Role::File | Role::Directory) {
            self.unique_id(fields.unique_id, sector, role, root, link, fields.links);
        }
        if let Some(icb) = direct.streams() {
            if matches!(role, Role::Stream | Role::StreamDirectory) {
                let what = format!("{} with streams of its own", role.name());
                self.report.error("UDF 3.3.5.1", sector, what);
            } else {
                self.stream_directory(icb, address, sector);
            }
        }
        Some(checked)
    }

    /// Reads an ICB, with a look at each of its tags.
    fn direct_entry(
        &mut self,
        address: BlockAddress,
        link: Option<&super::directory::Link>,
    ) -> Option<Direct> {
        let from = link.map_or(0, |link| link.sector);
        let block = match self.volume.locate("file entry", address) {
            Ok(block) => block,
            Err(ReadError { what, lba, .. }) => {
                let at = if from == 0 { lba } else { from };
                self.report.error(
                    "ECMA-167 4/14.14.2",
                    at,
                    format!("ICB at block {}: {what}", address.block),
                );
                return None;
            }
        };
        let at = self.volume.sector_of(block);
        let bytes = match self.volume.block("file entry", block) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.report.unreadable("ECMA-167 4/14.9", &error);
                return None;
            }
        };
        let (name, header) = match u16_at(&bytes, 0) {
            EXTENDED_FILE_ENTRY => ("extended file entry", 216),
            INDIRECT_ENTRY => ("indirect entry", 52),
            _ => ("file entry", 176),
        };
        let identifier = match u16_at(&bytes, 0) {
            found @ (EXTENDED_FILE_ENTRY | INDIRECT_ENTRY) => found,
            _ => FILE_ENTRY,
        };
        let mut size: usize = header;
        if identifier != INDIRECT_ENTRY {
            for from in [header - 8, header - 4] {
                size = size.saturating_add(usize::try_from(u32_at(&bytes, from)).unwrap_or(usize::MAX));
            }
        }
        if size > bytes.len() {
            size = header;
        }
        let location = address.block;
        let wanted = Expected { name, identifier, location, size, part: 4 };
        if !descriptor(self.report, self.rules, at, &bytes, &wanted) || u32_at(&bytes, 12) != location {
            return None;
        }
        let strategy = u16_at(&bytes, 20);
        if identifier != INDIRECT_ENTRY && !matches!(strategy, STRATEGY_4 | STRATEGY_4096) {
            self.report.error("UDF 2.3.5.1", at, format!("ICB strategy {strategy}, UDF has 4 and 4096"));
            return None;
        }
        self.space.add(self.volume, address, 1, Use::Entry);
        let direct = match self.volume.direct("file entry", address) {
            Ok(direct) => direct,
            Err(error) => {
                self.report.unreadable("ECMA-167 4/14.9", &error);
                return None;
            }
        };
        if direct.fields().icb.strategy != STRATEGY_4 {
            self.hierarchy(address, direct.address);
        }
        Some(direct)
    }

    /// Counts the blocks of an ICB of strategy 4096 as used: direct and indirect entries in turn.
    fn hierarchy(&mut self, first: BlockAddress, last: BlockAddress) {
        let mut at = first;
        for _ in 0..1024 {
            let next = BlockAddress { block: at.block.saturating_add(1), ..at };
            self.space.add(self.volume, next, 1, Use::Entry);
            if at == last {
                return;
            }
            let Ok(block) = self.volume.locate("indirect entry", next) else { return };
            let Ok(bytes) = self.volume.block("indirect entry", block) else { return };
            let icb = bytes.get(36..52).map_or(LongAd::default(), LongAd::read);
            at = BlockAddress { block: icb.block, partition: icb.partition };
            self.space.add(self.volume, at, 1, Use::Entry);
        }
    }

    fn unique_id(
        &mut self,
        id: u64,
        sector: u64,
        role: Role,
        root: bool,
        link: Option<&super::directory::Link>,
        links: u16,
    ) {
        self.counts.highest_id = self.counts.highest_id.max(id);
        if root {
            if id != 0 {
                self.report.error(
                    "UDF 3.2.1.1",
                    sector,
                    format!("UniqueID {id} of the root, which must be 0"),
                );
            }
            return;
        }
        if id < 16 {
            let what = format!("UniqueID {id}, numbers below 16 are reserved");
            self.report.warning("UDF 3.2.1.1", sector, what);
        } else if !self.ids.insert(id) {
            self.report.error("UDF 3.2.1.1", sector, format!("UniqueID {id} was met before"));
        }
        // The first name of an object has its number (UDF 3.2.1.1); further names have others.
        if let Some(link) = link
            && self.rules.third_edition()
            && (role == Role::Directory || links == 1)
            && u64::from(link.unique_id) != id & 0xFFFF_FFFF
        {
            let what = format!("the name has UDF Unique ID {}, the file entry {id}", link.unique_id);
            self.report.warning("UDF 2.3.4.3", link.sector, what);
        }
    }

    /// Holds recorded link counts against the names that were met.
    fn links(&mut self) {
        let mut wrong: Vec<(u64, String, bool)> = self
            .met
            .values()
            .filter(|met| met.role != Role::StreamDirectory)
            .filter(|met| {
                let recorded = u64::from(met.recorded_links);
                recorded != met.found_links && recorded != met.found_links + met.stream_parents
            })
            .map(|met| {
                let what =
                    format!("link count {}, {} descriptors lead here", met.recorded_links, met.found_links);
                (met.sector, what, met.role == Role::Stream)
            })
            .collect();
        wrong.sort_unstable();
        for (sector, what, stream) in wrong {
            if stream {
                self.report.warning("ECMA-167 4/14.9.6", sector, what);
            } else {
                self.report.error("ECMA-167 4/14.9.6", sector, what);
            }
        }
    }

    /// Space bitmaps and tables of the partition descriptors (ECMA-167 4/14.3), which count as used themselves.
    fn free_space(&mut self, described: &Described) -> Vec<(u16, (u64, FreeMap))> {
        let mut maps = Vec::new();
        for (number, (_, bytes)) in &described.partitions {
            let places = self.volume.shape.partitions.iter().zip(0u16..);
            let physical = places
                .filter(|(place, _)| {
                    place.number == *number
                        && matches!(place.mapping, Mapping::Plain | Mapping::Sparable { .. })
                })
                .map(|(place, reference)| (reference, place.blocks))
                .next();
            let Some((partition, blocks)) = physical else { continue };
            let source_blocks =
                self.volume.source().block_count() * SECTOR_U64 / u64::from(self.rules.block_bytes);
            let clamped = blocks.min(u32::try_from(source_blocks).unwrap_or(u32::MAX));
            for (from, is_bitmap, freed) in
                [(56, false, false), (64, true, false), (80, false, true), (88, true, true)]
            {
                let ad = Allocation::short(&bytes[from..from + 8]);
                if ad.bytes == 0 {
                    continue;
                }
                let address = BlockAddress { block: ad.block, partition };
                let count = u64::from(ad.bytes).div_ceil(u64::from(self.rules.block_bytes));
                self.space.add(self.volume, address, count, Use::SpaceTable);
                let Some((at, content)) = self.recorded(address, u64::from(ad.bytes)) else { continue };
                let rules = self.rules;
                let map = if is_bitmap {
                    space::bitmap(self.report, rules, at, ad.block, &content, blocks)
                } else {
                    space::table(self.report, rules, at, ad.block, &content, clamped)
                };
                // Freed space is not free yet: it has to be erased first (ECMA-167 4/10.1).
                if let (Some(map), false) = (map, freed) {
                    maps.push((partition, (at, map)));
                }
            }
        }
        maps
    }

    /// Bytes of an extent of a partition, with its sector.
    fn recorded(&mut self, address: BlockAddress, bytes: u64) -> Option<(u64, Vec<u8>)> {
        let name = "space bitmap";
        let blocks = bytes.div_ceil(u64::from(self.rules.block_bytes));
        let mut spans = Vec::new();
        let found = self.volume.runs(name, address, blocks, &mut |block, count| {
            let bytes = count * u64::from(self.rules.block_bytes);
            spans.push(crate::read::extents::Span { block: Some(block), bytes });
            Ok(())
        });
        let sector =
            spans.first().and_then(|span| span.block).map_or(0, |block| self.volume.sector_of(block));
        match found.and_then(|()| self.volume.read_spans(&spans, sector, 1 << 30)) {
            Ok(mut content) => {
                content.truncate(usize::try_from(bytes).unwrap_or(usize::MAX));
                Some((sector, content))
            }
            Err(error) => {
                self.report.unreadable("ECMA-167 4/14.3", &error);
                None
            }
        }
    }

    /// File set descriptors and what of the volume structures lies inside a partition.
    fn structures(&mut self, outside: &Described) {
        let extent = self.volume.shape.sequence.logical.file_set;
        let count = u64::from(extent.bytes).div_ceil(u64::from(self.rules.block_bytes)).clamp(1, 64);
        let address = BlockAddress { block: extent.block, partition: extent.partition };
        self.space.add(self.volume, address, count, Use::FileSet);
        for (lba, count) in &outside.structures {
            for (place, reference) in self.volume.shape.partitions.iter().zip(0u16..) {
                if !matches!(place.mapping, Mapping::Plain | Mapping::Sparable { .. }) {
                    continue;
                }
                let end = place.start.saturating_add(place.blocks);
                let from = (*lba).max(place.start);
                let to = lba.saturating_add(*count).min(end);
                if from < to {
                    let address = BlockAddress { block: from - place.start, partition: reference };
                    self.space.add(self.volume, address, u64::from(to - from), Use::VolumeStructure);
                }
            }
        }
    }

    /// Holds what the integrity descriptor counts against what is there.
    fn totals(
        &mut self,
        integrity: &Integrity,
        virtual_counts: Option<(u64, u32, u32)>,
        free: &[(u16, u64)],
    ) {
        let at = integrity.sector;
        for (place, n) in self.volume.shape.partitions.iter().zip(0usize..) {
            let (Some(size), Some(free)) = (integrity.sizes.get(n), integrity.free.get(n)) else { continue };
            match &place.mapping {
                Mapping::Virtual { .. } => {
                    if *size != u32::MAX || *free != u32::MAX {
                        let what = format!(
                            "{free} free blocks of {size} in virtual partition reference {n}: all ones are needed"
                        );
                        self.report.warning("UDF 2.2.6.2", at, what);
                    }
                }
                Mapping::Metadata { .. } => {
                    if *size != place.blocks {
                        let what =
                            format!("metadata partition of {size} blocks, its file has {}", place.blocks);
                        self.report.warning("UDF 2.2.6.3", at, what);
                    }
                }
                Mapping::Plain | Mapping::Sparable { .. } | Mapping::Pending => {
                    if *size != place.blocks {
                        let what =
                            format!("partition of {size} blocks, its descriptor says {}", place.blocks);
                        self.report.error("ECMA-167 3/10.10.9", at, what);
                    }
                }
            }
        }
        for (partition, found) in free {
            let said = integrity.free.get(usize::from(*partition)).copied().unwrap_or(u32::MAX);
            if integrity.closed && said != u32::MAX && u64::from(said) != *found {
                let what =
                    format!("{said} free blocks in partition reference {partition}, marked are {found}");
                self.report.warning("UDF 2.2.6.2", at, what);
            }
        }
        // A virtual allocation table took over the counts (UDF 2.2.11).
        let (at, counts) = match virtual_counts {
            Some((at, files, directories)) => (at, Some((files, directories))),
            None if self.volume.shape.vat.is_some() => (at, None),
            None => (at, integrity.counts),
        };
        if let (Some((files, directories)), false) = (counts, self.counts.incomplete) {
            // Only later revisions say that every name counts; until then both ways are in use.
            let distinct = self.met.values().filter(|met| met.role == Role::File).count() as u64;
            if ![self.counts.files, distinct].contains(&u64::from(files)) {
                let what = format!("{files} files are counted, {} are there", self.counts.files);
                self.report.warning("UDF 2.2.6.4", at, what);
            }
            if u64::from(directories) != self.counts.directories {
                let what =
                    format!("{directories} directories are counted, {} are there", self.counts.directories);
                self.report.warning("UDF 2.2.6.4", at, what);
            }
        }
        let next = match &self.volume.shape.vat {
            Some(vat) if vat.next_unique_id > integrity.next_unique_id => vat.next_unique_id,
            _ => integrity.next_unique_id,
        };
        if next <= self.counts.highest_id {
            let what = format!("next UniqueID {next} was given away already: {}", self.counts.highest_id);
            self.report.error("UDF 3.2.1.1", at, what);
        }
    }
}
