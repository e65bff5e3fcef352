//! What people and programs see: JSON lines or plain results on standard output, everything else on standard error.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::failure::{CANCELLED, FAILED, Failure};
use crate::signal::{Cancel, Harmless};

/// Time between two progress lines of `--json`.
const JSON_PROGRESS: Duration = Duration::from_millis(500);
/// Time between two lines of progress where no bar can be drawn, as in the log of a run that nobody watches.
const LOG_PROGRESS: Duration = Duration::from_secs(30);
/// Longest time for the result of a program that a signal meets at its end.
const LAST_MOMENT: Duration = Duration::from_secs(1);
const BYTES: &str = "{prefix:>10} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} ETA {eta} {msg}";
const SHARE: &str = "{prefix:>10} [{bar:30}] {percent}% {msg}";
const COUNT: &str = "{prefix:>10} {human_pos} {msg}";

pub(crate) struct Ui {
    json: bool,
    quiet: bool,
    to_stderr: bool,
    bar: RefCell<Option<Shown>>,
    last_json: RefCell<Option<Instant>>,
    /// First failure of writing a result, other than that the reader has gone.
    lost: Cell<Option<std::io::ErrorKind>>,
    /// Somebody says the last words: the main thread, or the one that ends the program after a signal.
    ending: Arc<AtomicBool>,
}

/// The bar of one phase of the work.
struct Shown {
    phase: String,
    bar: ProgressBar,
    /// When a line of a log last told of it.
    told: Instant,
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

/// Progress as a line of a log.
fn logged(bytes: bool, phase: &str, done: u64, total: u64, words: &str) -> String {
    if total == 0 {
        return format!("{phase}: {done} {words}");
    }
    let percent = u128::from(done.min(total)) * 100 / u128::from(total);
    let mut line = format!("{phase}: {percent}%");
    if bytes {
        let _ = write!(line, ", {} of {} MB", done / 1_000_000, total.div_ceil(1_000_000));
    }
    if !words.is_empty() {
        let _ = write!(line, ", {words}");
    }
    line
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
            ending: Arc::default(),
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
                Some(shown) if !shown.bar.is_hidden() => shown.bar.println(line),
                _ => {
                    let _ = writeln!(std::io::stderr().lock(), "{line}");
                }
            }
        }
    }

    /// Whether people see a bar; where they do not, each phase gets a line.
    pub(crate) fn has_bar(&self) -> bool {
        !self.quiet && !self.json && std::io::stderr().is_terminal()
    }

    /// Bytes done of `phase`; `words` are shown behind the bar, `extra` stands in the JSON line.
    pub(crate) fn progress(&self, phase: &str, done: u64, total: u64, words: &str, extra: &[(&str, Value)]) {
        self.advance(BYTES, phase, done, total, words, extra);
    }

    /// The same of what is not counted in bytes.
    pub(crate) fn progress_share(
        &self,
        phase: &str,
        done: u64,
        total: u64,
        words: &str,
        extra: &[(&str, Value)],
    ) {
        self.advance(SHARE, phase, done, total, words, extra);
    }

    /// A number that grows and has no end that is known; for people only.
    pub(crate) fn counted(&self, phase: &str, done: u64, what: &str) {
        if !self.json {
            self.advance(COUNT, phase, done, 0, what, &[]);
        }
    }

    fn advance(
        &self,
        template: &str,
        phase: &str,
        done: u64,
        total: u64,
        words: &str,
        extra: &[(&str, Value)],
    ) {
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
        let mut shown = self.bar.borrow_mut();
        if shown.as_ref().is_none_or(|shown| shown.phase != phase) {
            if let Some(old) = shown.take() {
                old.bar.finish_and_clear();
            }
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(phase.to_owned());
            *shown = Some(Shown { phase: phase.to_owned(), bar, told: Instant::now() });
        }
        if let Some(Shown { bar, told, .. }) = &mut *shown {
            if bar.is_hidden() {
                if told.elapsed() >= LOG_PROGRESS {
                    *told = Instant::now();
                    let line = logged(template == BYTES, phase, done, total, words);
                    let _ = writeln!(std::io::stderr().lock(), "{}", visible(line.as_bytes()));
                }
                return;
            }
            bar.set_length(total);
            bar.set_message(words.to_owned());
            bar.set_position(done);
        }
    }

    /// Ends the program after a signal even where writing waits for a reader; see [`Cancel::end_anyway`].
    pub(crate) fn end_anyway(&self, cancel: &Cancel) {
        let (json, to_stderr, ending) = (self.json, self.to_stderr, Arc::clone(&self.ending));
        cancel.end_anyway(move || {
            if ending.swap(true, Ordering::SeqCst) {
                return;
            }
            let failure = Failure::new(CANCELLED, "cancelled");
            match (json, to_stderr) {
                (true, false) => json_result(&failure),
                (true, true) => drop(writeln!(std::io::stderr().lock(), "{}", failed(&failure))),
                (false, _) => drop(writeln!(std::io::stderr().lock(), "glassmaster: cancelled")),
            }
        });
    }

    /// Ends the program at the first signal while it only asks and reads; see [`Cancel::end_at_once`].
    pub(crate) fn end_at_once(&self, cancel: &Cancel) -> Harmless {
        let (json, to_stderr, ending) = (self.json, self.to_stderr, Arc::clone(&self.ending));
        cancel.end_at_once(move || {
            if ending.swap(true, Ordering::SeqCst) {
                // The program is at its end by itself; all it may still need is a moment.
                std::thread::sleep(LAST_MOMENT);
                return;
            }
            let mut failure = Failure::new(CANCELLED, "cancelled; nothing has been changed");
            failure.hresult = Some(glassmaster::disc::HResult::REQUEST_CANCELLED.0);
            if json && to_stderr {
                drop(writeln!(std::io::stderr().lock(), "{}", failed(&failure)));
                return;
            }
            drop(writeln!(std::io::stderr().lock(), "glassmaster: {}", failure.message));
            if json {
                json_result(&failure);
            }
        })
    }

    /// Takes the bar away.
    pub(crate) fn progress_end(&self) {
        if let Some(shown) = self.bar.borrow_mut().take() {
            shown.bar.finish_and_clear();
        }
    }

    /// Last words and exit status.
    pub(crate) fn finish(&self, result: Result<Value, Failure>) -> ExitCode {
        if self.ending.swap(true, Ordering::SeqCst) {
            // They are being said, and the program ends with them.
            loop {
                std::thread::park();
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_tells_how_far_the_work_is() {
        let gb = 1_000_000_000;
        let line = logged(true, "writing", 11 * gb, 25 * gb, "buffer 100%");
        assert_eq!(line, "writing: 44%, 11000 of 25000 MB, buffer 100%");
        assert_eq!(logged(false, "erasing", 15, 60, "45 s left"), "erasing: 25%, 45 s left");
        assert_eq!(logged(false, "looking at", 12, 0, "objects"), "looking at: 12 objects");
        assert_eq!(
            logged(true, "writing", u64::MAX, u64::MAX, ""),
            format!("writing: 100%, {} of {} MB", u64::MAX / 1_000_000, u64::MAX.div_ceil(1_000_000))
        );
    }
}
