//! A session after the last one: on media that grow behind it, on others with the old descriptors led to the new ones.
//!
//! ```text
//! grows          session start + 16    ISO 9660 descriptors, UDF recognition sequence
//!                session start + 256   UDF anchor, ... as in a first session; addresses count from sector 0
//! overwritable   the same, behind the end of the last logical session, and then, in this order,
//!                16                    ISO 9660 descriptors and recognition sequence of the new session
//!                256                   UDF anchor that leads to the new session
//! ```
//!
//! Until the last two are written the old session is what readers find.

mod file;
mod merge;
mod next;

pub use file::AppendFile;
pub use merge::merge;
pub use next::{NextSession, SessionPlace};
