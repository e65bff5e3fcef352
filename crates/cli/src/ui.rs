//! What people and programs see: JSON lines or plain results on standard output, everything else on standard error.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::failure::{CANCELLED, FAILED, Failure};
use crate::signal::Cancel;

/// Time between two progress lines of `--json`.
const JSON_PROGRESS: Duration = Duration::from_millis(500);

pub(crate) struct Ui {
    json: bool,
    quiet: bool,
    to_stderr: bool,
    bar: RefCell<Option<(String, ProgressBar)>>,
    last_json: RefCell<Option<Instant>>,
    /// First failure of writing a result, other than that the reader has gone.
    lost: Cell<Option<std::io::ErrorKind>>,
}

/// Text that does to a terminal nothing but show: control characters, those that turn the direction of writing, and
/// bytes that are no UTF-8 become `\xNN` or `\u{NNNN}`.
pub(crate) fn visible(bytes: &[u8]) -> Cow<'_, str> {
    let harmless = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{061C}')
    };
    // Most names by far are printable ASCII, which is found out many bytes at a time.
    let plain = bytes.iter().all(|b| (0x20..0x7f).contains(b));
    if let Ok(text) = std::str::from_utf8(bytes)
        && (plain || text.chars().all(harmless))
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            // Writing to memory does not fail.
            let _ = match u32::from(c) {
                _ if harmless(c) => write!(out, "{c}"),
                code @ 0..0x80 => write!(out, "\\x{code:02X}"),
                code => write!(out, "\\u{{{code:04X}}}"),
            };
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02X}");
        }
    }
    Cow::Owned(out)
}

/// The fields of the last JSON line of a failed run.
fn failed(failure: &Failure) -> Value {
    let mut fields = failure.details.clone();
    if let Some(map) = fields.as_object_mut() {
        map.insert("event".to_owned(), json!("result"));
        map.insert("ok".to_owned(), json!(false));
        map.insert("exit".to_owned(), json!(failure.exit));
        map.insert("error".to_owned(), json!(failure.message));
        if let Some(code) = failure.hresult {
            map.insert("hresult".to_owned(), json!(format!("0x{code:08X}")));
        }
        if !failure.next.is_empty() {
            map.insert("next_step".to_owned(), json!(failure.next));
        }
    }
    fields
}

/// The last JSON line of a run that failed before there was anything else.
pub(crate) fn json_result(failure: &Failure) {
    let _ = writeln!(std::io::stdout().lock(), "{}", failed(failure));
}

impl Ui {
    /// `to_stderr` keeps standard output free, for an image that is written there.
    pub(crate) fn new(json: bool, quiet: bool, to_stderr: bool) -> Self {
        Self {
            json,
            quiet,
            to_stderr,
            bar: RefCell::new(None),
            last_json: RefCell::new(None),
            lost: Cell::new(None),
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// One JSON line; nothing without `--json`.
    pub(crate) fn event(&self, name: &str, mut fields: Value) {
        if self.json {
            if let Some(map) = fields.as_object_mut() {
                map.insert("event".to_owned(), json!(name));
            }
            self.line(&fields.to_string());
        }
    }

    /// A JSON line for something that happens often: at most two a second.
    pub(crate) fn event_sometimes(&self, name: &str, fields: impl FnOnce() -> Value) {
        if self.json && self.due() {
            self.event(name, fields());
        }
    }

    fn due(&self) -> bool {
        let mut last = self.last_json.borrow_mut();
        let due = last.is_none_or(|t| t.elapsed() >= JSON_PROGRESS);
        if due {
            *last = Some(Instant::now());
        }
        due
    }

    fn line(&self, line: &str) {
        let written = if self.to_stderr {
            writeln!(std::io::stderr().lock(), "{line}")
        } else {
            writeln!(std::io::stdout().lock(), "{line}")
        };
        // A reader that has gone away is no reason to stop.
        if let Err(e) = written
            && e.kind() != std::io::ErrorKind::BrokenPipe
            && self.lost.get().is_none()
        {
            self.lost.set(Some(e.kind()));
        }
    }

    /// A result for people; nothing with `--json`.
    pub(crate) fn print(&self, line: &str) {
        if !self.json {
            self.line(&visible(line.as_bytes()));
        }
    }

    /// A remark for people.
    pub(crate) fn remark(&self, line: &str) {
        if !self.quiet && !self.json {
            let line = &visible(line.as_bytes());
            match &*self.bar.borrow() {
                Some((_, bar)) if !bar.is_hidden() => bar.println(line),
                _ => {
                    let _ = writeln!(std::io::stderr().lock(), "{line}");
                }
            }
        }
    }

    /// Bytes done of `phase`; `words` are shown behind the bar, `extra` stands in the JSON line.
    pub(crate) fn progress(&self, phase: &str, done: u64, total: u64, words: &str, extra: &[(&str, Value)]) {
        if self.json {
            if !self.due() && done < total {
                return;
            }
            let mut fields = json!({ "phase": phase, "done": done, "total": total });
            for (name, value) in extra {
                fields[*name] = value.clone();
            }
            self.event("progress", fields);
            return;
        }
        if self.quiet {
            return;
        }
        let mut bar = self.bar.borrow_mut();
        if bar.as_ref().is_none_or(|(name, _)| name != phase) {
            if let Some((_, old)) = bar.take() {
                old.finish_and_clear();
            }
            let new = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            let template = "{prefix:>10} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} ETA {eta} {msg}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                new.set_style(style.progress_chars("=> "));
            }
            new.set_prefix(phase.to_owned());
            *bar = Some((phase.to_owned(), new));
        }
        if let Some((_, bar)) = &*bar {
            bar.set_length(total);
            bar.set_message(words.to_owned());
            bar.set_position(done);
        }
    }

    /// Ends the program after a signal even where writing waits for a reader; see [`Cancel::end_anyway`].
    pub(crate) fn end_anyway(&self, cancel: &Cancel) {
        let (json, to_stderr) = (self.json, self.to_stderr);
        cancel.end_anyway(move || {
            let failure = Failure::new(CANCELLED, "cancelled");
            match (json, to_stderr) {
                (true, false) => json_result(&failure),
                (true, true) => drop(writeln!(std::io::stderr().lock(), "{}", failed(&failure))),
                (false, _) => drop(writeln!(std::io::stderr().lock(), "glassmaster: cancelled")),
            }
        });
    }

    /// Takes the bar away.
    pub(crate) fn progress_end(&self) {
        if let Some((_, bar)) = self.bar.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }

    /// Last words and exit status.
    pub(crate) fn finish(&self, result: Result<Value, Failure>) -> ExitCode {
        self.progress_end();
        let result = match (result, self.lost.get()) {
            (Ok(_), Some(e)) => Err(Failure::new(FAILED, format!("cannot write the result: {e}"))),
            (result, _) => result,
        };
        match result {
            Ok(mut fields) => {
                if let Some(map) = fields.as_object_mut() {
                    map.insert("ok".to_owned(), json!(true));
                }
                self.event("result", fields);
                match self.lost.get() {
                    None => ExitCode::SUCCESS,
                    Some(e) => {
                        let _ =
                            writeln!(std::io::stderr().lock(), "glassmaster: cannot write the result: {e}");
                        ExitCode::from(FAILED)
                    }
                }
            }
            Err(failure) => {
                if self.json {
                    self.line(&failed(&failure).to_string());
                }
                // Standard error carries the JSON lines when standard output carries an image.
                if !self.json || !self.to_stderr {
                    let message = visible(failure.message.as_bytes());
                    let _ = writeln!(std::io::stderr().lock(), "glassmaster: {message}");
                }
                ExitCode::from(failure.exit)
            }
        }
    }
}
