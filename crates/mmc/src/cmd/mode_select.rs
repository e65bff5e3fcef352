//! MODE SELECT (10) (MMC-6 6.11, SPC-4). Its data is [`super::ModeData`].

use crate::bytes::command;
use crate::command::Transfer;

command! {
    /// Sets mode pages.
    #[doc(alias = "55h")]
    struct ModeSelect10[10] MODE_SELECT_10 "MODE SELECT (10)"
    |c| Transfer::Out(c.parameter_list_length.into()) => {
        /// PF: the list holds pages; always set in MMC.
        page_format: bool = 1 & 0x10,
        /// SP: save the pages for the next power on.
        save: bool = 1 & 0x01,
        /// Bytes of the list.
        parameter_list_length: u16 = 7,
    }
}
