//! Stream directories and streams (ECMA-167 4/9.2, UDF 3.3.5).

use glassmaster_disc::BlockSource;

use super::files::{Pending, Role, Walk};
use crate::raw::allocation::LongAd;
use crate::read::BlockAddress;

impl<S: BlockSource> Walk<'_, '_, S> {
    /// Checks the streams of an object whose entry stands at `owner`.
    pub(super) fn stream_directory(&mut self, icb: LongAd, owner: BlockAddress, sector: u64) {
        if !self.rules.third_edition() {
            self.report.error("UDF 3.3.5", sector, "a stream directory before UDF 2.00");
        }
        let address = BlockAddress { block: icb.block, partition: icb.partition };
        self.streams_at(address, owner, sector);
    }

    /// Checks the streams of the volume as a whole (ECMA-167 4/14.1.19).
    pub(super) fn system_streams(&mut self) {
        if let Some(address) = self.volume.shape.system_streams {
            self.streams_at(address, address, 0);
        }
    }

    fn streams_at(&mut self, address: BlockAddress, owner: BlockAddress, sector: u64) {
        if self.met.contains_key(&address) {
            let what = format!("the stream directory at block {} is another object too", address.block);
            self.report.error("ECMA-167 4/9.2", sector, what);
            return;
        }
        let Some(checked) = self.visit(address, Role::StreamDirectory, None, false) else { return };
        if !checked.good {
            return;
        }
        let pending = Pending { address, parent: owner, pieces: checked.pieces, path: 0 };
        for link in self.directory(&pending, Role::StreamDirectory) {
            self.visit(link.address, Role::Stream, Some(&link), false);
        }
    }
}
