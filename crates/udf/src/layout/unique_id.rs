//! UniqueIDs (UDF 3.2.1.1).

use glassmaster_tree::NodeId;

use super::Layout;

/// The first number given away; 0 is the root's, 1 to 15 are reserved.
const FIRST: u64 = 16;
/// Numbers before the lower half starts again.
const CYCLE: u64 = (1 << 32) - FIRST;

/// The number `count` after the one an earlier session left off at: the lower 32 bits never are below 16.
pub(super) fn advance(next: Option<u64>, count: u64) -> u64 {
    let base = next.unwrap_or(FIRST);
    let low = (base & 0xFFFF_FFFF).max(FIRST);
    let sum = low.saturating_add(count);
    if sum >> 32 == 0 {
        return base & !0xFFFF_FFFF | sum;
    }
    let turns = (sum - FIRST) / CYCLE;
    (base >> 32).wrapping_add(turns) << 32 | ((sum - FIRST) % CYCLE + FIRST)
}

impl Layout {
    /// UniqueID of an object: 0 for the root, for the others in the order of the tree. A stream has that of its file.
    pub(super) fn unique_id(&self, node: NodeId) -> u64 {
        match node.index() {
            0 => 0,
            index => advance(self.options.next_unique_id, index as u64 - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_half_wraps_to_16() {
        assert_eq!(advance(None, 0), 16);
        assert_eq!(advance(None, 5), 21);
        assert_eq!(advance(Some(100), 3), 103);
        assert_eq!(advance(Some(0xFFFF_FFFE), 1), 0xFFFF_FFFF);
        assert_eq!(advance(Some(0xFFFF_FFFE), 2), 0x1_0000_0010);
        assert_eq!(advance(Some(0x1_0000_0010), 7), 0x1_0000_0017);
        assert_eq!(advance(Some(0x1_0000_0000), 0), 0x1_0000_0010);
        assert_eq!(advance(Some(0x5_FFFF_FFFF), 1), 0x6_0000_0010);
    }
}
