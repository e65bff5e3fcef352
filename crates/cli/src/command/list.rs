//! `glassmaster list`

use std::io::Write;
use std::ops::ControlFlow;

use glassmaster::tree::{Entry, Kind, Visit, WalkLimits, walk};
use serde_json::{Value, json};

use crate::args::List;
use crate::device;
use crate::failure::{CANCELLED, FAILED, Failure};
use crate::signal::Cancel;
use crate::ui::{Ui, visible};

pub(crate) fn run(args: &List, ui: &Ui, cancel: &Cancel) -> Result<Value, Failure> {
    let source = device::open_source(&args.source.source)?;
    let volume = glassmaster::imapi2fs::open(&source, args.source.fs)?;
    let handle = cancel.imaging();
    let mut out = std::io::BufWriter::with_capacity(64 * 1024, std::io::stdout().lock());
    let mut line = Vec::new();
    let (mut objects, mut bytes, mut damaged) = (0u64, 0u64, 0u64);
    let mut write_error = None;
    walk(&*volume, WalkLimits::for_blocks(volume.block_count()), &mut |visit| {
        line.clear();
        match visit {
            Visit::Entry { dir, entry } => {
                objects += 1;
                if entry.kind == Kind::File {
                    bytes = bytes.saturating_add(entry.size);
                }
                if ui.is_json() {
                    let _ = writeln!(line, "{}", as_json(dir, entry));
                } else {
                    as_text(dir, entry, args.long, &mut line);
                }
            }
            Visit::Damaged { dir, error } => {
                damaged += 1;
                let path = format!("/{}", String::from_utf8_lossy(dir));
                if ui.is_json() {
                    let fields = json!({ "event": "damaged", "path": path, "what": error.to_string() });
                    let _ = writeln!(line, "{fields}");
                } else {
                    ui.remark(&format!("damaged: {path}: {error}"));
                }
            }
        }
        if let Err(e) = out.write_all(&line) {
            write_error = Some(e);
            return ControlFlow::Break(());
        }
        if handle.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .map_err(glassmaster::imapi2fs::Error::from)?;
    let flushed = out.flush();
    drop(out);
    if let Some(e) = write_error.or(flushed.err()) {
        // A reader such as `head` that has seen enough.
        if e.kind() != std::io::ErrorKind::BrokenPipe {
            return Err(Failure::new(FAILED, format!("cannot write the list: {e}")));
        }
    }
    if handle.is_cancelled() {
        return Err(Failure::new(CANCELLED, "cancelled"));
    }
    let result = json!({
        "file_system": volume.file_system(), "volume": volume.label(), "objects": objects, "bytes": bytes,
        "damaged": damaged,
    });
    if damaged > 0 {
        let what = format!("{damaged} directories could not be read; `glassmaster check` says more");
        return Err(Failure::new(FAILED, what).with_details(result));
    }
    Ok(result)
}

fn as_json(dir: &[u8], entry: &Entry) -> Value {
    let name = String::from_utf8_lossy(&entry.name);
    let dir = String::from_utf8_lossy(dir);
    let slash = if dir.is_empty() { "" } else { "/" };
    json!({
        "event": "entry",
        "path": format!("/{dir}{slash}{name}"),
        "kind": kind_name(entry.kind),
        "size": entry.size,
        "modified": entry.modified.map(|t| t.secs),
        "mode": entry.mode.map(|m| format!("{m:04o}")),
        "uid": entry.uid,
        "gid": entry.gid,
        "links": entry.links,
        "target": entry.target.as_ref().map(|t| String::from_utf8_lossy(t)),
        "hidden": entry.hidden,
    })
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Directory => "directory",
        Kind::File => "file",
        Kind::Symlink => "symlink",
        Kind::Fifo => "fifo",
        Kind::Socket => "socket",
        Kind::CharDevice => "char_device",
        Kind::BlockDevice => "block_device",
    }
}

/// Appends the line of one object: its path, with `--long` in the columns of `ls -l`.
fn as_text(dir: &[u8], entry: &Entry, long: bool, line: &mut Vec<u8>) {
    // Writing to memory does not fail.
    if long {
        let letter = match entry.kind {
            Kind::Directory => 'd',
            Kind::File => '-',
            Kind::Symlink => 'l',
            Kind::Fifo => 'p',
            Kind::Socket => 's',
            Kind::CharDevice => 'c',
            Kind::BlockDevice => 'b',
        };
        let mut bits = [b'-'; 9];
        match entry.mode {
            Some(mode) => {
                for (n, (bit, letter)) in bits.iter_mut().zip(b"rwxrwxrwx").enumerate() {
                    if mode & (0o400 >> n) != 0 {
                        *bit = *letter;
                    }
                }
                for (n, mask, set) in [(2, 0o4000, b"sS"), (5, 0o2000, b"sS"), (8, 0o1000, b"tT")] {
                    if mode & mask != 0 {
                        bits[n] = set[usize::from(bits[n] == b'-')];
                    }
                }
            }
            None => bits = [b'?'; 9],
        }
        let _ = write!(line, "{letter}{} ", String::from_utf8_lossy(&bits));
        let number = |line: &mut Vec<u8>, n: Option<u32>, width: usize| match n {
            Some(n) => drop(write!(line, "{n:>width$} ")),
            None => drop(write!(line, "{:>width$} ", "?")),
        };
        number(line, entry.links, 3);
        number(line, entry.uid, 5);
        number(line, entry.gid, 5);
        let _ = write!(line, "{:>12} ", entry.size);
        match entry.modified {
            Some(time) => {
                let c = time.civil();
                let _ = write!(
                    line,
                    "{:04}-{:02}-{:02} {:02}:{:02}:{:02} ",
                    c.year, c.month, c.day, c.hour, c.minute, c.second
                );
            }
            None => line.extend_from_slice(b"                  ? "),
        }
    }
    line.push(b'/');
    if !dir.is_empty() {
        line.extend_from_slice(visible(dir).as_bytes());
        line.push(b'/');
    }
    line.extend_from_slice(visible(&entry.name).as_bytes());
    if long && let Some(target) = &entry.target {
        line.extend_from_slice(b" -> ");
        line.extend_from_slice(visible(target).as_bytes());
    }
    line.push(b'\n');
}
