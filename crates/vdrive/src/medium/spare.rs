//! User areas of BD by the spare areas that a format sets aside (MMC-6 clause 4, BD-R and BD-RE models; 6.4, format types
//! 00h, 30h and 32h).

/// User areas in blocks of 2,048 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SpareChoices {
    /// Without any spare area.
    pub(super) whole: u32,
    /// With the spare areas a drive gives by default.
    pub(super) usual: u32,
    /// With the largest.
    pub(super) most: u32,
    /// With the smallest: the inner spare area of 4,096 clusters in each layer.
    pub(super) least: u32,
}

/// By size class. The largest and smallest of three and four layers follow those of one and two.
const CHOICES: [SpareChoices; 4] = [
    SpareChoices { whole: 12_219_392, usual: 11_826_176, most: 5_796_864, least: 12_088_320 },
    SpareChoices { whole: 24_438_784, usual: 23_652_352, most: 11_593_728, least: 24_176_640 },
    SpareChoices { whole: 48_878_592, usual: 47_305_728, most: 23_187_456, least: 48_485_376 },
    SpareChoices { whole: 62_500_864, usual: 60_403_712, most: 30_201_856, least: 61_976_576 },
];

impl SpareChoices {
    /// For a disc of `blocks` blocks; one of a size that is not made offers no spare areas.
    pub(super) fn of(blocks: u32) -> Self {
        let none = Self { whole: blocks, usual: blocks, most: blocks, least: blocks };
        CHOICES.into_iter().find(|c| c.whole == blocks).unwrap_or(none)
    }

    /// Clusters that a format to this user area sets aside: the type dependent parameter of format type 00h, as real drives
    /// tell it of BD-R (00h, 3000h of 12,219,392 blocks).
    pub(super) fn spare_clusters(self, blocks: u32) -> u32 {
        self.whole.saturating_sub(blocks) / 32
    }

    /// The drive sets aside at least the spare blocks that the wanted capacity leaves over, in whole clusters.
    pub(super) fn nearest(self, wanted: u32) -> u32 {
        if wanted >= self.least {
            self.least
        } else if wanted >= self.usual {
            self.usual
        } else {
            (wanted - wanted % 32).max(self.most)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_in_whole_clusters_and_in_order() {
        for c in CHOICES {
            assert!(c.most < c.usual && c.usual < c.least && c.least < c.whole);
            for n in [c.whole, c.usual, c.most, c.least] {
                assert_eq!(n % 32, 0);
            }
            assert_eq!(c.nearest(u32::MAX), c.least);
            assert_eq!(c.nearest(c.usual), c.usual);
            assert_eq!(c.nearest(0), c.most);
            assert_eq!(c.nearest(c.usual - 1), c.usual - 32);
        }
        assert_eq!(SpareChoices::of(24_438_784).usual, 23_652_352);
        assert_eq!(SpareChoices::of(12_219_392).spare_clusters(11_826_176), 0x3000);
    }
}
