//! Structures inside the partition: directories, file entries, link counts, numbers.

use std::collections::{BTreeMap, HashSet};

use glassmaster_disc::{BlockSource, SECTOR, Severity};
use glassmaster_tree::{Content, Entry, Kind, ReadError, Volume};

use super::Report;
use super::space::{Space, Use};
use crate::cs0::decode;
use crate::raw::extended_attribute::device;
use crate::raw::file_entry::{FileEntry, FileEntryRead};
use crate::raw::file_identifier::{DELETED, DIRECTORY, PARENT};
use crate::raw::icb_tag::AD_EMBEDDED;
use crate::raw::tag::TAG_LEN;
use crate::read::directory::{Stream, sector_of};
use crate::read::{BlockAddress, UdfVolume};

/// What is in the volume.
pub(super) struct Counts {
    /// Whether every directory could be read.
    pub(super) complete: bool,
    /// Names of files.
    pub(super) files: u64,
    /// Files, each counted once however many names it has.
    pub(super) distinct_files: u64,
    /// Directories, the root included.
    pub(super) directories: u64,
    pub(super) highest_id: u64,
}

/// A file entry that was met.
struct Met {
    lba: u32,
    recorded_links: u16,
    found_links: u64,
}

struct Walk<'a, 'r, S> {
    volume: &'a UdfVolume<S>,
    report: &'a mut Report<'r>,
    met: BTreeMap<BlockAddress, Met>,
    ids: HashSet<u64>,
    space: Space,
    counts: Counts,
}

/// A descriptor of a directory, kept while the directory is read.
struct Link {
    address: BlockAddress,
    directory: bool,
}

pub(super) fn check<S: BlockSource>(volume: &UdfVolume<S>, report: &mut Report<'_>) -> Counts {
    let counts = Counts { complete: true, files: 0, distinct_files: 0, directories: 0, highest_id: 0 };
    let mut walk =
        Walk { volume, report, met: BTreeMap::new(), ids: HashSet::new(), space: Space::default(), counts };
    walk.directories();
    for met in walk.met.values() {
        if u64::from(met.recorded_links) != met.found_links {
            let what =
                format!("link count {}, {} descriptors lead here", met.recorded_links, met.found_links);
            walk.report.error("ECMA-167 4/14.9.6", met.lba, what);
        }
    }
    walk.counts.distinct_files = (walk.met.len() as u64).saturating_sub(walk.counts.directories);
    walk.space.report(walk.report);
    walk.counts
}

impl<S: BlockSource> Walk<'_, '_, S> {
    fn directories(&mut self) {
        let root = self.volume.shape.root;
        let mut pending = Vec::new();
        if let Some(entry) = self.visit(root, true, true) {
            pending.push((root, root, entry));
        }
        let mut bytes = 0u64;
        while let Some((address, parent, entry)) = pending.pop() {
            self.counts.directories += 1;
            // Directories that share their sectors, each larger than it is, must not cost time without end.
            bytes = bytes.saturating_add(entry.size);
            if bytes / SECTOR as u64 > self.volume.block_count() {
                self.counts.complete = false;
                self.report.error("ECMA-167 4/8.7", entry.id, "the directories are larger than the volume");
                return;
            }
            let mut links = Vec::new();
            if let Err(error) = self.directory(address, parent, &entry, &mut links) {
                self.counts.complete = false;
                self.report.unreadable("ECMA-167 4/14.4", &error);
            }
            for link in links {
                if link.directory {
                    let before = self.met.contains_key(&link.address);
                    if let Some(entry) = self.visit(link.address, false, true) {
                        if before {
                            self.report.error("ECMA-167 4/8.6", entry.id, "a directory with two names");
                        } else {
                            pending.push((link.address, address, entry));
                        }
                    }
                } else {
                    self.counts.files += 1;
                    self.visit(link.address, false, false);
                }
            }
        }
    }

    /// Checks the descriptors of one directory and collects where they lead.
    fn directory(
        &mut self,
        address: BlockAddress,
        parent: BlockAddress,
        dir: &Entry,
        links: &mut Vec<Link>,
    ) -> Result<(), ReadError> {
        let mut names = HashSet::new();
        let mut stream = Stream::new(dir, self.volume.sector_of(dir.id));
        let mut first = true;
        while let Some((at, fid)) = stream.next(self.volume)? {
            let Some(place) = self.volume.shape.partitions.get(usize::from(address.partition)) else { break };
            let lba = sector_of(dir, at, self.volume.sector_of(dir.id));
            let block = lba.saturating_sub(u64::from(place.start));
            if u64::from(fid.tag.location) != block {
                let what = format!(
                    "file identifier descriptor: tag location {} instead of {block}",
                    fid.tag.location
                );
                self.report.error("ECMA-167 4/7.2.8", lba, what);
            }
            let in_block = at % SECTOR as u64;
            if matches!(dir.content, Content::Extents(_)) && in_block + TAG_LEN as u64 > SECTOR as u64 {
                let what = "a tag crosses a block boundary, which write-once media do not allow";
                self.report.add(Severity::Note, "UDF 2.3.4.4", lba, what);
            }
            if fid.implementation_len != 0 && fid.implementation_len < 32 {
                self.report.error("UDF 2.3.4.5", lba, "implementation use without identifier");
            }
            let is_parent = fid.has(PARENT);
            if first != is_parent {
                let what = if first { "the first descriptor is not the parent's" } else { "a second parent" };
                self.report.error("ECMA-167 4/8.6", lba, what);
            }
            first = false;
            let target = BlockAddress { block: fid.icb.block, partition: fid.icb.partition };
            if is_parent {
                if target != parent {
                    self.report.error("ECMA-167 4/8.6", lba, "the parent descriptor leads elsewhere");
                } else if let Some(met) = self.met.get_mut(&parent) {
                    met.found_links += 1;
                }
                if !fid.name.is_empty() {
                    self.report.error("ECMA-167 4/8.6", lba, "the parent descriptor has a name");
                }
                continue;
            }
            if fid.has(DELETED) {
                continue;
            }
            match decode(fid.name) {
                Err(error) => self.report.error("UDF 2.1.1", lba, error.to_string()),
                Ok(name) => {
                    if name.is_empty() {
                        self.report.error("UDF 2.3.4.6", lba, "an empty name");
                    } else if !names.insert(name.clone()) {
                        self.report.error(
                            "ECMA-167 4/8.6",
                            lba,
                            format!("'{name}' stands twice in its directory"),
                        );
                    }
                }
            }
            self.counts.highest_id = self.counts.highest_id.max(u64::from(fid.icb.unique_id));
            links.push(Link { address: target, directory: fid.has(DIRECTORY) });
        }
        if first {
            self.report.error("ECMA-167 4/8.6", dir.id, "a directory without parent descriptor");
        }
        Ok(())
    }

    /// Checks a file entry the first time it is met, and counts the name; `None` when it cannot be read.
    fn visit(&mut self, address: BlockAddress, root: bool, directory: bool) -> Option<Entry> {
        let name = u64::from(!root);
        let known = self.met.get_mut(&address).map(|met| met.found_links += name).is_some();
        if known && !directory {
            return None;
        }
        let entry = match self.volume.entry(address, Vec::new(), false) {
            Ok(entry) => entry,
            Err(error) => {
                self.counts.complete = false;
                self.report.unreadable("ECMA-167 4/14.9", &error);
                return None;
            }
        };
        if known {
            return Some(entry);
        }
        let lba = u32::try_from(entry.id).ok()?;
        let sector = self.volume.block("file entry", u64::from(lba)).ok()?;
        let read = FileEntryRead::read(&sector, address.block).ok()?;
        let fields = read.entry;
        self.met.insert(address, Met { lba, recorded_links: fields.links, found_links: name });
        self.space.add(lba, 1, Use::Entry);
        self.entry(&entry, &fields, lba, root);
        if matches!(entry.kind, Kind::CharDevice | Kind::BlockDevice) && device(read.attributes).is_none() {
            let what = "a device without device specification attribute";
            self.report.error("UDF 3.3.4.4", lba, what);
        }
        if (entry.kind == Kind::Directory) != directory {
            let what = "file type and directory bit of the name do not agree";
            self.report.error("ECMA-167 4/14.4.3", lba, what);
            return None;
        }
        Some(entry)
    }

    fn entry(&mut self, entry: &Entry, fields: &FileEntry, lba: u32, root: bool) {
        let mut blocks = 0;
        if let Content::Extents(extents) = &entry.content {
            for extent in extents {
                let count = extent.bytes.div_ceil(SECTOR as u64);
                if let Some(at) = extent.lba {
                    blocks += count;
                    self.space.add(at, count, Use::Data);
                }
            }
        }
        // Extents that are allocated but not recorded do not count, tails behind the end do.
        if fields.blocks < blocks || (fields.icb.flags & 7 == AD_EMBEDDED && fields.blocks != 0) {
            let what = format!("{} logical blocks recorded, the extents have {blocks}", fields.blocks);
            self.report.error("ECMA-167 4/14.9.11", lba, what);
        }
        if entry.modified.is_none() {
            self.report.warning("ECMA-167 1/7.3", lba, "modification time is no date");
        }
        let id = fields.unique_id;
        self.counts.highest_id = self.counts.highest_id.max(id);
        if root && id != 0 {
            self.report.error("UDF 3.2.1.1", lba, format!("UniqueID {id} of the root, which must be 0"));
        } else if !root && id < 16 {
            self.report.warning("UDF 3.2.1.1", lba, format!("UniqueID {id}, numbers below 16 are reserved"));
        } else if !self.ids.insert(id) {
            self.report.error("UDF 3.2.1.1", lba, format!("UniqueID {id} was met before"));
        }
        if self.volume.block_count() <= u64::from(lba) {
            self.report.error("ECMA-167 4/14.9", lba, "file entry behind the end of the volume");
        }
    }
}
