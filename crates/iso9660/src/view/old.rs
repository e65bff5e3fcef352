//! Contents that earlier sessions recorded: their extents as directory records can describe them.

use glassmaster_disc::{Extent, SECTOR_U64};
use glassmaster_tree::{DataId, Tree};

use super::SECTION;
use crate::layout::LayoutError;

/// One extent of a file: first sector and bytes (ECMA-119 6.4.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Section {
    pub(crate) lba: u32,
    pub(crate) bytes: u32,
}

/// The sections of every old content that files use, by content.
#[derive(Clone, Debug, Default)]
pub(crate) struct OldSections {
    of: Vec<(DataId, usize, usize)>,
    sections: Vec<Section>,
}

impl OldSections {
    /// Takes the extents from the tree: neighbours are joined, since other file systems have shorter extents, and what is
    /// longer than a record can say is divided.
    pub(crate) fn new(tree: &Tree, multi_extent: bool) -> Result<Self, LayoutError> {
        let mut this = Self::default();
        for (id, data) in tree.contents() {
            let Some(extents) = tree.extents(id) else { continue };
            if data.links == 0 || tree.is_stream(id) {
                continue;
            }
            let first = this.sections.len();
            let path = || tree.data_path(id);
            Self::describe(extents, data.size, multi_extent, path, &mut this.sections)?;
            this.of.push((id, first, this.sections.len() - first));
        }
        Ok(this)
    }

    /// Appends the sections of one content of `size` bytes.
    pub(crate) fn describe(
        extents: &[Extent],
        size: u64,
        multi_extent: bool,
        path: impl Fn() -> String,
        out: &mut Vec<Section>,
    ) -> Result<(), LayoutError> {
        let first = out.len();
        let refused = |what| LayoutError::Extents { path: path(), what };
        for run in join(extents, size).map_err(refused)? {
            divide(run, out).ok_or(LayoutError::TooLarge("addresses of the earlier sessions"))?;
        }
        if out.len() - first > 1 && !multi_extent {
            return Err(if size > SECTION {
                LayoutError::FileTooLarge { path: path(), size }
            } else {
                refused(
                    "is recorded in several extents, which only level 3 can describe (ECMA-119 10.1, 10.2)",
                )
            });
        }
        Ok(())
    }

    /// The sections of an old content; none of an empty one. `None` for a content of this session.
    pub(crate) fn of(&self, data: DataId) -> Option<&[Section]> {
        if self.of.is_empty() {
            return None;
        }
        let at = self.of.binary_search_by_key(&data, |o| o.0).ok()?;
        let (_, first, count) = *self.of.get(at)?;
        self.sections.get(first..first + count)
    }
}

fn divide((mut lba, mut bytes): (u32, u64), out: &mut Vec<Section>) -> Option<()> {
    let end = u64::from(lba) + bytes.div_ceil(SECTOR_U64);
    u32::try_from(end).ok()?;
    while bytes > 0 {
        let part = bytes.min(SECTION);
        out.push(Section { lba, bytes: u32::try_from(part).ok()? });
        bytes -= part;
        lba = lba.checked_add(u32::try_from(part.div_ceil(SECTOR_U64)).ok()?)?;
    }
    Some(())
}

/// Runs of sectors and their bytes; `Err` with the reason when a record cannot describe them.
fn join(extents: &[Extent], size: u64) -> Result<Vec<(u32, u64)>, &'static str> {
    let mut runs: Vec<(u32, u64)> = Vec::new();
    let mut sum = 0u64;
    for extent in extents.iter().filter(|e| e.bytes > 0) {
        let Some(lba) = extent.lba else {
            return Err("has a part that is not recorded, which ISO 9660 cannot describe (ECMA-119 6.4.3)");
        };
        if !sum.is_multiple_of(SECTOR_U64) {
            return Err("has an inner extent that ends inside a sector (ECMA-119 6.4.3.2)");
        }
        sum = sum.checked_add(extent.bytes).ok_or("is too long")?;
        match runs.last_mut() {
            Some(run) if u64::from(run.0) + run.1 / SECTOR_U64 == u64::from(lba) => run.1 += extent.bytes,
            _ => runs.push((lba, extent.bytes)),
        }
    }
    if sum != size {
        return Err("has extents that do not add up to its length (ECMA-119 6.4.3)");
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassmaster_tree::Meta;

    fn extent(lba: u32, bytes: u64) -> Extent {
        Extent { lba: Some(lba), bytes }
    }

    fn sections(
        size: u64,
        extents: &[Extent],
        multi_extent: bool,
    ) -> Result<Option<Vec<(u32, u32)>>, LayoutError> {
        let mut tree = Tree::new(Meta::default());
        let data = tree.add_old_data(size, extents).unwrap();
        tree.add_file(tree.root(), b"old", Meta::default(), data).unwrap();
        let old = OldSections::new(&tree, multi_extent)?;
        Ok(old.of(data).map(|s| s.iter().map(|s| (s.lba, s.bytes)).collect()))
    }

    #[test]
    fn neighbours_are_one_and_long_runs_are_several() {
        let pieces = [extent(100, 0x3FFF_F800), extent(100 + 0x7_FFFF, 5000)];
        assert_eq!(sections(0x3FFF_F800 + 5000, &pieces, false), Ok(Some(vec![(100, 0x3FFF_F800 + 5000)])));
        let wanted = vec![(7, 0xFFFF_F800), (7 + 0x1F_FFFF, 1)];
        assert_eq!(sections(SECTION + 1, &[extent(7, SECTION + 1)], true), Ok(Some(wanted)));
        let apart = [extent(50, 4096), extent(40, 3)];
        assert_eq!(sections(4099, &apart, true), Ok(Some(vec![(50, 4096), (40, 3)])));
        assert_eq!(sections(0, &[], false), Ok(Some(vec![])));
    }

    #[test]
    fn what_records_cannot_say_is_refused_by_name() {
        let hole = Extent { lba: None, bytes: 2048 };
        for (size, extents, multi, why) in [
            (4096, vec![extent(9, 2048), hole], true, "not recorded"),
            (4096, vec![extent(9, 2048), extent(20, 2048)], false, "several extents"),
            (20, vec![extent(9, 10), extent(10, 10)], true, "inside a sector"),
            (20, vec![extent(9, 10)], true, "add up"),
        ] {
            let error = sections(size, &extents, multi).unwrap_err();
            assert!(matches!(&error, LayoutError::Extents { path, .. } if path == "/old"));
            assert!(error.to_string().contains(why), "{error}");
        }
        let long = [extent(7, SECTION + 1)];
        assert!(matches!(sections(SECTION + 1, &long, false), Err(LayoutError::FileTooLarge { .. })));
        let past = [extent(u32::MAX, 4096)];
        assert!(matches!(sections(4096, &past, true), Err(LayoutError::TooLarge(_))));
    }
}
