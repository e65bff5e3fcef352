//! `glassmaster list`

use std::io::Write;
use std::ops::ControlFlow;

use glassmaster::tree::{Entry, Kind, Visit, Volume, WalkLimits, walk};
use serde_json::{Value, json};

use crate::args::List;
use crate::device;
use crate::failure::{CANCELLED, FAILED, Failure};
use crate::signal::Cancel;
use crate::ui::{Ui, visible};

pub(crate) fn run(args: &List, ui: &Ui, cancel: &Cancel) -> Result<Value, Failure> {
    let harmless = ui.end_at_once(cancel);
    let opened = device::open_source(&args.source.source, args.source.session.session)?;
    let volume = glassmaster::imapi2fs::open_session(&opened.source, opened.session_start, args.source.fs)?;
    drop(harmless);
    let handle = cancel.imaging();
    let mut lines = Lines::new(args.long);
    let (mut objects, mut bytes, mut damaged) = (0u64, 0u64, 0u64);
    let mut write_error = None;
    walk(&*volume, WalkLimits::for_blocks(volume.block_count()), &mut |visit| {
        match visit {
            Visit::Entry { dir, entry } => {
                objects += 1;
                if entry.kind == Kind::File {
                    bytes = bytes.saturating_add(entry.size);
                }
                if ui.is_json() {
                    let mut fields = as_json(dir, entry);
                    if entry.has_streams {
                        fields["streams"] = streams(&*volume, entry);
                    }
                    lines.text.extend_from_slice(fields.to_string().as_bytes());
                    lines.text.push(b'\n');
                } else {
                    lines.entry(dir, entry);
                }
            }
            Visit::Damaged { dir, error } => {
                damaged += 1;
                let path = format!("/{}", String::from_utf8_lossy(dir));
                if ui.is_json() {
                    let fields = json!({ "event": "damaged", "path": path, "what": error.to_string() });
                    lines.text.extend_from_slice(fields.to_string().as_bytes());
                    lines.text.push(b'\n');
                } else {
                    ui.remark(&format!("damaged: {path}: {error}"));
                }
            }
        }
        if let Err(e) = lines.write(PIECE) {
            write_error = Some(e);
            return ControlFlow::Break(());
        }
        if handle.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .map_err(glassmaster::imapi2fs::Error::from)?;
    if let Some(e) = write_error.or_else(|| lines.write(1).err()) {
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
        "accessed": entry.accessed.map(|t| t.secs),
        "created": entry.created.map(|t| t.secs),
        "device": entry.device.map(|(major, minor)| [major, minor]),
        "real_time": entry.real_time,
        "hidden": entry.hidden,
    })
}

/// Named streams of a file: names and lengths, or what keeps them from being read.
fn streams(volume: &dyn Volume, entry: &Entry) -> Value {
    match volume.streams(entry) {
        Ok(list) => {
            let one = |s: &Entry| json!({ "name": String::from_utf8_lossy(&s.name), "size": s.size });
            list.iter().map(one).collect()
        }
        Err(error) => json!({ "damaged": error.to_string() }),
    }
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

/// Bytes written to standard output at once.
const PIECE: usize = 64 * 1024;

/// Lines for people on their way to standard output: the path of each object, with `--long` in the columns of `ls -l`.
/// Made by hand, because a list has a line for each of millions of objects.
struct Lines {
    long: bool,
    text: Vec<u8>,
    /// Folder of the last object, and how its path is shown.
    dir: Option<Vec<u8>>,
    prefix: Vec<u8>,
}

impl Lines {
    fn new(long: bool) -> Self {
        Self { long, text: Vec::with_capacity(2 * PIECE), dir: None, prefix: Vec::new() }
    }

    /// Writes what has gathered when it is at least that much.
    fn write(&mut self, least: usize) -> std::io::Result<()> {
        if self.text.len() < least {
            return Ok(());
        }
        let mut out = std::io::stdout().lock();
        let written = out.write_all(&self.text).and_then(|()| out.flush());
        self.text.clear();
        written
    }

    fn entry(&mut self, dir: &[u8], entry: &Entry) {
        if self.long {
            self.columns(entry);
        }
        if self.dir.as_deref() != Some(dir) {
            self.prefix.clear();
            self.prefix.push(b'/');
            if !dir.is_empty() {
                self.prefix.extend_from_slice(visible(dir).as_bytes());
                self.prefix.push(b'/');
            }
            self.dir = Some(dir.to_vec());
        }
        self.text.extend_from_slice(&self.prefix);
        self.text.extend_from_slice(visible(&entry.name).as_bytes());
        if self.long
            && let Some(target) = &entry.target
        {
            self.text.extend_from_slice(b" -> ");
            self.text.extend_from_slice(visible(target).as_bytes());
        }
        self.text.push(b'\n');
    }

    fn columns(&mut self, entry: &Entry) {
        self.text.push(match entry.kind {
            Kind::Directory => b'd',
            Kind::File => b'-',
            Kind::Symlink => b'l',
            Kind::Fifo => b'p',
            Kind::Socket => b's',
            Kind::CharDevice => b'c',
            Kind::BlockDevice => b'b',
        });
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
        self.text.extend_from_slice(&bits);
        self.number(entry.links.map(u64::from), 4, b' ');
        self.number(entry.uid.map(u64::from), 6, b' ');
        self.number(entry.gid.map(u64::from), 6, b' ');
        self.number(Some(entry.size), 13, b' ');
        self.text.push(b' ');
        match entry.modified {
            Some(time) => {
                let c = time.civil();
                if c.year < 0 {
                    self.text.push(b'-');
                }
                self.number(Some(u64::from(c.year.unsigned_abs())), 4, b'0');
                let rest =
                    [(b'-', c.month), (b'-', c.day), (b' ', c.hour), (b':', c.minute), (b':', c.second)];
                for (before, value) in rest {
                    self.text.push(before);
                    self.number(Some(u64::from(value)), 2, b'0');
                }
            }
            None => self.text.extend_from_slice(b"                  ?"),
        }
        self.text.push(b' ');
    }

    /// A number at the right end of `width` places, `?` for one that is not recorded; wider ones after one blank.
    fn number(&mut self, number: Option<u64>, width: usize, fill: u8) {
        let mut digits = [fill; 21];
        let mut at = digits.len();
        match number {
            None => {
                at -= 1;
                digits[at] = b'?';
            }
            Some(mut n) => loop {
                at -= 1;
                // A digit.
                #[allow(clippy::cast_possible_truncation)]
                let digit = (n % 10) as u8;
                digits[at] = b'0' + digit;
                n /= 10;
                if n == 0 {
                    break;
                }
            },
        }
        if fill == b' ' {
            at -= 1;
        }
        self.text.extend_from_slice(&digits[at.min(digits.len() - width)..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glassmaster::tree::{Content, Timestamp};

    fn line(long: bool, dir: &[u8], entry: &Entry) -> String {
        let mut lines = Lines::new(long);
        lines.entry(dir, entry);
        String::from_utf8(lines.text).unwrap()
    }

    fn file() -> Entry {
        Entry {
            name: b"a b".to_vec(),
            kind: Kind::File,
            size: 1234,
            modified: Some(Timestamp::from_secs(951_782_400)),
            accessed: None,
            created: None,
            changed: None,
            device: None,
            real_time: false,
            has_streams: false,
            mode: Some(0o4750),
            uid: Some(0),
            gid: Some(4_294_967_295),
            links: Some(12),
            target: None,
            hidden: false,
            id: 0,
            content: Content::Extents(Vec::new()),
        }
    }

    #[test]
    fn lines_look_like_those_of_ls() {
        assert_eq!(line(false, b"", &file()), "/a b\n");
        assert_eq!(
            line(true, b"x/y", &file()),
            "-rwsr-x---  12     0 4294967295         1234 2000-02-29 00:00:00 /x/y/a b\n"
        );
        let link = Entry {
            kind: Kind::Symlink,
            size: u64::MAX,
            modified: None,
            mode: None,
            uid: None,
            links: None,
            target: Some(b"to\x1b".to_vec()),
            ..file()
        };
        assert_eq!(
            line(true, b"", &link),
            "l?????????   ?     ? 4294967295 18446744073709551615                   ? /a b -> to\\x1B\n"
        );
    }
}
