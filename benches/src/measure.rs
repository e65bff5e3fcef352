//! One run of one program: wall time, processor time, peak memory.
//!
//! The program is started by a fresh copy of this one, so that the kernel's "largest of all children" counts that
//! program and what it started alone. The figure cannot fall below the copy's own size (about 3 MB).

use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Value, json};

use crate::Result;

/// What one run cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cost {
    /// Wall time in seconds.
    pub(crate) seconds: f64,
    /// Processor time in user and kernel mode, seconds, all threads.
    pub(crate) cpu: f64,
    /// Peak resident memory of the largest process, in KiB.
    pub(crate) peak_kib: i64,
}

/// Runs `command` through a fresh copy of this program (`own`); its standard output goes to the file `stdout`.
pub(crate) fn run(own: &Path, stdout: &Path, command: &[OsString]) -> Result<Cost> {
    let shown = || command.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let output = Command::new(own)
        .arg("measure")
        .arg("--stdout")
        .arg(stdout)
        .arg("--")
        .args(command)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("{}: {e}", own.display()))?;
    if !output.status.success() {
        return Err(format!("{}: {}\n{}", shown(), output.status, String::from_utf8_lossy(&output.stderr)));
    }
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    let value: Value =
        serde_json::from_str(line.trim()).map_err(|e| format!("{}: {e} in {line}", shown()))?;
    let number =
        |key: &str| value.get(key).and_then(Value::as_f64).ok_or_else(|| format!("no {key} in {line}"));
    let peak_kib =
        value.get("peak_kib").and_then(Value::as_i64).ok_or_else(|| format!("no peak_kib in {line}"))?;
    Ok(Cost { seconds: number("seconds")?, cpu: number("cpu")?, peak_kib })
}

/// The copy's work: runs the command, prints what it cost.
pub(crate) fn child(stdout: &Path, command: &[OsString]) -> Result<()> {
    let (program, arguments) = command.split_first().ok_or("no command")?;
    let file = File::create(stdout).map_err(|e| format!("{}: {e}", stdout.display()))?;
    let start = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .stdin(Stdio::null())
        .stdout(file)
        .status()
        .map_err(|e| format!("{}: {e}", program.to_string_lossy()))?;
    let seconds = start.elapsed().as_secs_f64();
    if !status.success() {
        return Err(format!("{}: {status}", program.to_string_lossy()));
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|e| format!("getrusage: {e}"))?;
    let time = |value: nix::sys::time::TimeVal| {
        let seconds = u64::try_from(value.tv_sec()).unwrap_or(0);
        let micros = u64::try_from(value.tv_usec()).unwrap_or(0);
        (Duration::from_secs(seconds) + Duration::from_micros(micros)).as_secs_f64()
    };
    let cpu = time(usage.user_time()) + time(usage.system_time());
    println!("{}", json!({ "seconds": seconds, "cpu": cpu, "peak_kib": usage.max_rss() }));
    Ok(())
}

/// The middle value of a sorted copy; the mean of the middle two for an even count; 0 for none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle), sorted.len() % 2) {
        (None, _) => 0.0,
        (Some(value), 1) => *value,
        (Some(value), _) => f64::midpoint(*value, sorted.get(middle - 1).copied().unwrap_or(*value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        let is = |values: &[f64], wanted: f64| (median(values.iter().copied()) - wanted).abs() < 1e-12;
        assert!(is(&[], 0.0));
        assert!(is(&[3.0, 1.0, 2.0], 2.0));
        assert!(is(&[4.0, 1.0, 2.0, 3.0], 2.5));
    }
}
