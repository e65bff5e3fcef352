//! The trees that images are made of: always the same for one scale, made once and kept.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use glassmaster_testkit::Random;

use crate::Result;

/// Changes when a tree's content does, so that an old one is not taken for it.
const EDITION: u32 = 1;

/// Which tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tree {
    /// 4 files of 1 GiB.
    Large,
    /// 200,000 files of 0 to 8 KiB in 2,000 folders.
    Small,
    /// 20,000 files, 2 GiB, log-normal sizes, in 200 folders.
    Mixed,
    /// 100,000 files of 0 to 16 bytes in 1,000 folders.
    Tiny,
    /// 100,000 files of 0 to 16 bytes in one folder.
    Crowd,
    /// 1,000,000 files of 0 to 16 bytes in 10,000 folders.
    Million,
    /// One file of 4 GiB that nothing makes smaller, for an image.
    Image,
}

impl Tree {
    /// The file of [`Tree::Image`], below the tree.
    pub(crate) const IMAGE: &str = "folder 00000/file number 0000000.data";

    fn name(self) -> &'static str {
        match self {
            Self::Large => "large",
            Self::Small => "small",
            Self::Mixed => "mixed",
            Self::Tiny => "tiny",
            Self::Crowd => "crowd",
            Self::Million => "million",
            Self::Image => "image",
        }
    }

    /// Files and folders of the full tree.
    fn counts(self) -> (u64, u64) {
        match self {
            Self::Large => (4, 1),
            Self::Small => (200_000, 2_000),
            Self::Mixed => (20_000, 200),
            Self::Tiny => (100_000, 1_000),
            Self::Crowd => (100_000, 1),
            Self::Million => (1_000_000, 10_000),
            Self::Image => (1, 1),
        }
    }

    /// Files of the tree at a scale.
    pub(crate) fn files(self, scale: u64) -> u64 {
        match self {
            Self::Large | Self::Image => self.counts().0,
            _ => self.counts().0 / scale,
        }
    }

    /// The tree below `work`, a `scale`-th of its full size; made if it is not there.
    pub(crate) fn make(self, work: &Path, scale: u64) -> Result<PathBuf> {
        let root = work.join(format!("{}-{scale}-e{EDITION}", self.name()));
        if root.is_dir() {
            return Ok(root);
        }
        eprintln!("making {}", root.display());
        let unfinished = work.join(format!("{}-{scale}-unfinished", self.name()));
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(|e| format!("{}: {e}", unfinished.display()))?;
        }
        self.fill(&unfinished, scale).map_err(|e| format!("{}: {e}", unfinished.display()))?;
        fs::rename(&unfinished, &root).map_err(|e| format!("{}: {e}", root.display()))?;
        // Pages that wait to be written would compete with the first runs.
        rustix::fs::sync();
        Ok(root)
    }

    fn fill(self, root: &Path, scale: u64) -> std::io::Result<()> {
        let files = self.files(scale);
        let folders = (self.counts().1 / if self == Self::Crowd { 1 } else { scale }).max(1);
        let mut random = Random::new(u64::from(EDITION));
        let sizes =
            if self == Self::Mixed { log_normal(&mut random, files, (2 << 30) / scale) } else { Vec::new() };
        let mut buffer = vec![0; 1 << 20];
        let each = files.div_ceil(folders);
        for i in 0..files {
            let folder = root.join(format!("folder {:05}", i / each));
            if i % each == 0 {
                fs::create_dir_all(&folder)?;
            }
            let size = match self {
                Self::Large => (1 << 30) / scale,
                // Whole sectors.
                Self::Image => (4 << 30) / scale / 2048 * 2048,
                Self::Small => random.below(8193),
                Self::Mixed => usize::try_from(i).ok().and_then(|i| sizes.get(i)).copied().unwrap_or(0),
                Self::Tiny | Self::Crowd | Self::Million => random.below(17),
            };
            write(&folder.join(format!("file number {i:07}.data")), size, &mut random, &mut buffer)?;
        }
        Ok(())
    }
}

fn write(path: &Path, size: u64, random: &mut Random, buffer: &mut [u8]) -> std::io::Result<()> {
    let mut file = File::create_new(path)?;
    let mut left = size;
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let bytes = buffer.get_mut(..part).unwrap_or_default();
        random.fill(bytes);
        file.write_all(bytes)?;
        left -= u64::try_from(part).unwrap_or(left);
    }
    Ok(())
}

/// `count` sizes that sum up to `total` but for rounding, their logarithms normal with deviation 2.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes below 2^53"
)]
fn log_normal(random: &mut Random, count: u64, total: u64) -> Vec<u64> {
    let raw: Vec<f64> = (0..count).map(|_| (2.0 * random.normal()).exp()).collect();
    let factor = total as f64 / raw.iter().sum::<f64>();
    raw.into_iter().map(|value| (value * factor) as u64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_have_their_shape_and_are_kept() {
        let place = tempfile::tempdir().unwrap();
        for (tree, files, folders) in
            [(Tree::Small, 200, 2), (Tree::Crowd, 100, 1), (Tree::Large, 4, 1), (Tree::Image, 1, 1)]
        {
            let root = tree.make(place.path(), 1000).unwrap();
            let inside: Vec<_> = fs::read_dir(&root).unwrap().map(|e| e.unwrap().path()).collect();
            assert_eq!(inside.len(), folders);
            assert_eq!(
                inside.iter().map(|folder| fs::read_dir(folder).unwrap().count()).sum::<usize>(),
                files
            );
            if tree == Tree::Image {
                assert_eq!(fs::metadata(root.join(Tree::IMAGE)).unwrap().len() % 2048, 0);
            }
            let before = fs::metadata(&root).unwrap().modified().unwrap();
            assert_eq!(tree.make(place.path(), 1000).unwrap(), root);
            assert_eq!(fs::metadata(&root).unwrap().modified().unwrap(), before);
        }
    }

    #[test]
    fn log_normal_sizes_sum_up() {
        let sizes = log_normal(&mut Random::new(1), 20_000, 2 << 30);
        let sum: u64 = sizes.iter().sum();
        assert!((2u64 << 30) - sum < 20_000, "{sum}");
        let mut sorted = sizes;
        sorted.sort_unstable();
        // A log-normal of deviation 2 has its median e^2 below its mean.
        let median = sorted[10_000];
        assert!((10_000..20_000).contains(&median), "{median}");
    }
}
