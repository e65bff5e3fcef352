//! How a run that did not succeed ends: exit status, words for people, fields for programs.

use std::fmt::Display;

use glassmaster::disc::HResult;
use serde_json::{Value, json};

/// Something failed.
pub(crate) const FAILED: u8 = 1;
/// The command line is wrong.
pub(crate) const USAGE: u8 = 2;
/// Verification or comparison found differences.
pub(crate) const DIFFERENT: u8 = 3;
/// Drive or medium cannot be used for this.
pub(crate) const UNSUITABLE: u8 = 4;
/// Ended by a signal.
pub(crate) const CANCELLED: u8 = 130;

/// A failed run.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: u8,
    pub(crate) message: String,
    pub(crate) hresult: Option<u32>,
    /// What a person can do next; the message ends with it. Empty where the message says it.
    pub(crate) next: &'static str,
    /// What is known nevertheless: counts, the state of the disc.
    pub(crate) details: Value,
}

impl Failure {
    pub(crate) fn new(exit: u8, message: impl Display) -> Self {
        Self { exit, message: message.to_string(), hresult: None, next: "", details: json!({}) }
    }

    /// Drive or medium cannot be used for this, and the library was not asked: `code` is what it would have said.
    pub(crate) fn unsuitable(code: HResult, what: impl Display, next: &'static str) -> Self {
        let message = format!("{what}; next: {next}");
        Self { exit: UNSUITABLE, message, hresult: Some(code.0), next, details: json!({}) }
    }

    pub(crate) fn with_details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}

impl From<glassmaster::Error> for Failure {
    fn from(error: glassmaster::Error) -> Self {
        let exit = match error.class() {
            glassmaster::Class::Failed => FAILED,
            glassmaster::Class::Usage => USAGE,
            glassmaster::Class::Different => DIFFERENT,
            glassmaster::Class::Unsuitable => UNSUITABLE,
            glassmaster::Class::Cancelled => CANCELLED,
        };
        let mut message = error.to_string();
        let next = error.next_step();
        if !next.is_empty() {
            message.push_str("; next: ");
            message.push_str(next);
        }
        Self { exit, message, hresult: Some(error.hresult()), next, details: json!({}) }
    }
}

impl From<glassmaster::imapi2fs::Error> for Failure {
    fn from(error: glassmaster::imapi2fs::Error) -> Self {
        glassmaster::Error::from(error).into()
    }
}
