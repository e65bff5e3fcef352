//! Everything that a disc file holds, so that a disc can be put back to a moment, and two be compared.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Bytes before the data (docs/virtual-disc.md); more on the largest discs, which are not used here.
pub(crate) const DATA: u64 = 1 << 20;
/// Sectors that are looked at from each start on: more than any write here takes.
const WINDOW: u64 = 512;
const SECTOR: u64 = 2048;
const PAGE: usize = 4096;

/// What stands in a disc file: its pages that are not zeros.
#[derive(Clone, PartialEq)]
pub(crate) struct Snapshot {
    length: u64,
    pages: Vec<(u64, Vec<u8>)>,
}

impl Snapshot {
    /// The superblock, states and map, and the sectors from each of these on.
    pub(crate) fn of(path: &Path, starts: &[u64]) -> Self {
        Self::read(path, vec![(0, DATA)], starts)
    }

    /// The data alone.
    pub(crate) fn of_data(path: &Path, starts: &[u64]) -> Self {
        Self::read(path, Vec::new(), starts)
    }

    fn read(path: &Path, mut places: Vec<(u64, u64)>, starts: &[u64]) -> Self {
        let file = File::open(path).unwrap();
        let length = file.metadata().unwrap().len();
        places.extend(starts.iter().map(|start| (DATA + start * SECTOR, WINDOW * SECTOR)));
        let mut pages = Vec::new();
        for (at, bytes) in places {
            let end = length.min(at + bytes);
            let mut piece = vec![0; usize::try_from(end - at).unwrap()];
            file.read_exact_at(&mut piece, at).unwrap();
            for (at, page) in (at..).step_by(PAGE).zip(piece.chunks(PAGE)) {
                if page != &[0; PAGE][..page.len()] {
                    pages.push((at, page.to_vec()));
                }
            }
        }
        Self { length, pages }
    }

    /// Makes the file what it was then.
    pub(crate) fn put_back(&self, path: &Path) {
        let file = File::create(path).unwrap();
        for (at, page) in &self.pages {
            file.write_all_at(page, *at).unwrap();
        }
        file.set_len(self.length).unwrap();
    }

    /// The first page of data that is another one there.
    pub(crate) fn differs(&self, other: &Self) -> Option<String> {
        let data = |all: &Self| all.pages.iter().filter(|p| p.0 >= DATA).cloned().collect::<Vec<_>>();
        let (ours, theirs) = (data(self), data(other));
        if ours == theirs {
            return None;
        }
        let place = ours.iter().zip(&theirs).find(|(a, b)| a != b).map(|(a, b)| a.0.min(b.0));
        let place = place.or_else(|| ours.iter().chain(&theirs).map(|p| p.0).max());
        Some(format!(
            "{} and {} pages, first at sector {:?}",
            ours.len(),
            theirs.len(),
            place.map(|at| (at - DATA) / SECTOR)
        ))
    }
}

/// A small file as it was, or that there was none.
pub(crate) struct SmallFile(Option<Vec<u8>>);

impl SmallFile {
    pub(crate) fn of(path: &Path) -> Self {
        Self(std::fs::read(path).ok())
    }

    pub(crate) fn put_back(&self, path: &Path) {
        match &self.0 {
            Some(bytes) => File::create(path).unwrap().write_all(bytes).unwrap(),
            None => drop(std::fs::remove_file(path)),
        }
    }
}
