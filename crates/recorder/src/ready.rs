//! Waiting until a drive can be used.

use std::ops::ControlFlow;
use std::time::Duration;

use glassmaster_mmc::Command;
use glassmaster_mmc::cmd::TestUnitReady;
use glassmaster_scsi::{CommandFailure, DataPhase};

use crate::command::{Origin, Repeat};
use crate::{DiscRecorder, Error};

impl DiscRecorder {
    /// Asks once whether medium and drive are ready (MMC-6 6.44, TEST UNIT READY), leftover unit attentions aside.
    ///
    /// # Errors
    /// What the drive says, such as 2/3A/xx without a medium.
    pub fn test_unit_ready(&self) -> Result<(), Error> {
        self.device().send(&TestUnitReady::default(), &[], self.patience().command, Repeat::Freely)
    }

    /// Waits until the drive is ready: unit attentions are cleared, 2/04/01, /04, /07 and /08 are waited out, at most
    /// for [`Patience::ready`](crate::Patience::ready). A drive that asks to be started (2/04/02) is started once.
    ///
    /// # Errors
    /// [`Error::StillBusy`] after that time; what the drive says otherwise.
    pub fn wait_ready(&self) -> Result<(), Error> {
        self.wait_ready_watched("loading the medium", self.patience().ready, &mut |_| {
            ControlFlow::Continue(())
        })
    }

    /// [`DiscRecorder::wait_ready`] with its own limit; `watch` sees each answer that says "later" and may end the
    /// wait. `what` completes the sentence "the drive is busy ...".
    ///
    /// # Errors
    /// As [`DiscRecorder::wait_ready`]; [`Error::Cancelled`] when `watch` ended it.
    pub fn wait_ready_watched(
        &self,
        what: &'static str,
        limit: Duration,
        watch: &mut dyn FnMut(&CommandFailure) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let ready = TestUnitReady::default();
        let mut started = false;
        self.device().wait_while_busy(what, limit, watch, &mut || {
            let result = self.device().send(&ready, &[], self.patience().command, Repeat::Never);
            match result {
                Err(e) if e.is_sense(2, 0x04, 0x02) && !started => {
                    started = true;
                    self.start()?;
                    self.device().send(&ready, &[], self.patience().command, Repeat::Never)
                }
                other => other,
            }
        })
    }

    /// Repeats `attempt` while it fails with BUSY, 2/04/01, /04, /07, /08, a unit attention or an aborted command, at
    /// most for `limit`. `watch` as in [`DiscRecorder::wait_ready_watched`].
    ///
    /// # Errors
    /// [`Error::StillBusy`], [`Error::Cancelled`], or the first other error of `attempt`.
    pub fn wait_for<T>(
        &self,
        what: &'static str,
        limit: Duration,
        watch: &mut dyn FnMut(&CommandFailure) -> ControlFlow<()>,
        attempt: &mut dyn FnMut() -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.device().wait_while_busy(what, limit, watch, attempt)
    }

    /// Sends a command that has no data or takes these bytes.
    ///
    /// # Errors
    /// What the drive says; [`Error::ShortTransfer`] when it took fewer bytes.
    pub fn send<C: Command>(
        &self,
        command: &C,
        data: &[u8],
        timeout: Duration,
        repeat: Repeat,
    ) -> Result<(), Error> {
        self.device().send(command, data, timeout, repeat)
    }

    /// Sends a command of which only the command block is known; see [`DiscRecorder::send`].
    ///
    /// # Errors
    /// What the drive says.
    pub fn send_blocks<C: Command>(
        &self,
        command: &C,
        lba: i64,
        data: &[u8],
        timeout: Duration,
    ) -> Result<(), Error> {
        let origin = Origin { command: C::NAME, opcode: C::OPCODE, lba: Some(lba) };
        let moved =
            self.device().run(origin, &command.cdb(), DataPhase::Out(data), timeout, Repeat::Never)?;
        if moved < data.len() {
            return Err(Error::ShortTransfer { origin, expected: data.len(), got: moved });
        }
        Ok(())
    }
}
