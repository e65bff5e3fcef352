//! TEST UNIT READY (MMC-6 6.44, SPC-4).

use crate::bytes::command;
use crate::command::Transfer;

command! {
    /// Asks whether the drive could read or write now. GOOD, or NOT READY with the reason.
    #[doc(alias = "00h")]
    struct TestUnitReady[6] TEST_UNIT_READY "TEST UNIT READY" |_| Transfer::None => {}
}
