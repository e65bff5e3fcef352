//! CLOSE TRACK SESSION (MMC-6 6.3).

use crate::bytes::{command, open_code};
use crate::command::Transfer;

open_code! {
    /// CLOSE FUNCTION. What 4, 5 and 6 mean depends on the medium (MMC-6 table "Close Function definitions").
    CloseFunction {
        STOP_BACKGROUND_FORMAT = 0, " DVD+RW, MRW: stop the background format, keep the disc usable for drives that only read.";
        TRACK = 1, " Close the track.";
        SESSION = 2, " Close the last session; on DVD+RW finish the background format of a formatted part.";
        BORDER = 3, " DVD-RW restricted overwrite: close the intermediate border.";
        RESERVED_4 = 4, " Reserved for most media; HD DVD-R: finalise with lead-out.";
        FINALIZE_MINIMAL = 5, " DVD+R: finalise the disc with a minimal lead-out radius for compatibility.";
        FINALIZE = 6, " Finalise the disc: DVD+R, DVD+R DL, BD-R.";
    }
}

command! {
    /// Ends a track, a session, or the recording of the disc for good.
    #[doc(alias = "5Bh")]
    struct CloseTrackSession[10] CLOSE_TRACK_SESSION "CLOSE TRACK SESSION" |_| Transfer::None => {
        /// IMMED: status comes before the work is done.
        immediate: bool = 1 & 0x01,
        /// What to close.
        function: CloseFunction = 2 & 0x07,
        /// LOGICAL TRACK NUMBER for [`CloseFunction::TRACK`], else 0.
        track: u16 = 4,
    }
}
