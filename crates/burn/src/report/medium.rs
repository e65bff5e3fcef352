//! The state of a medium in a sentence.

use glassmaster_mmc::cmd::BackgroundFormat;
use glassmaster_recorder::{MediaState, Medium};

/// What a medium is and what can be done with it, for people: `a BD-R with an open session: ...`, without a full stop.
#[must_use]
pub fn medium_in_words(medium: &Medium) -> String {
    let kind = medium.kind;
    let has = |flag| medium.state.contains(flag);
    let next = medium.next_writable;
    let what = if has(MediaState::UNSUPPORTED_MEDIA) {
        "that cannot be written here".to_owned()
    } else if has(MediaState::DAMAGED) {
        "whose state the drive cannot tell".to_owned()
    } else if has(MediaState::NON_EMPTY_SESSION) {
        "with a session that was begun and not closed".to_owned()
    } else if has(MediaState::FINALIZED) && has(MediaState::ERASE_REQUIRED) {
        "that is closed; it has to be erased before it can be written again".to_owned()
    } else if has(MediaState::FINALIZED) {
        "that is closed: nothing can be added".to_owned()
    } else if has(MediaState::OVERWRITE_ONLY) {
        let formatting =
            medium.disc.as_ref().is_some_and(|d| d.background_format == BackgroundFormat::Running);
        match (medium.formatted, has(MediaState::BLANK), formatting) {
            (false, ..) => "that has to be formatted, as happens with the next write".to_owned(),
            (_, blank, true) => {
                let what = if blank { "empty" } else { "with data that can be overwritten" };
                format!("{what}, which is being formatted in the background")
            }
            (_, true, _) => "that is empty and can be written".to_owned(),
            (_, false, _) => "with data that can be overwritten".to_owned(),
        }
    } else if has(MediaState::BLANK) {
        "that is blank".to_owned()
    } else if has(MediaState::APPENDABLE) {
        format!("to which another session can be added, from block {next} on")
    } else {
        "in a state without a name".to_owned()
    };
    let protected = if has(MediaState::WRITE_PROTECTED) {
        format!(", write protected ({})", medium.protection)
    } else {
        String::new()
    };
    format!("a {kind} {what}{protected}")
}
