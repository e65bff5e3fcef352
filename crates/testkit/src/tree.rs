//! Folders full of what file systems find hard, the same on every run.
//!
//! Each function plants one difficulty below a folder, so that a test can take those its file system can hold;
//! [`everything`] plants them all.

use std::ffi::OsStr;
use std::fs::{self, File, FileTimes, Permissions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::{Failure, Random, Result};

/// Names in scripts that must survive Unicode, of one to 255 bytes; no two are equal in any case folding.
pub const ODD_NAMES: &[&str] = &[
    "a",
    "plain.txt",
    "no extension",
    "many.dots.in.one.name.tar.gz",
    ".hidden",
    "..two dots first",
    "-leading-dash",
    "  leading spaces",
    "trailing dot.",
    "trailing dots...",
    "trailing space ",
    "semicolon;1",
    "quote'quote\"quote",
    "back\\slash",
    "star*question?colon:bar|less<more>",
    "percent%20tilde~1",
    "tab\tname",
    "new\nline",
    "control\u{1}\u{7f}",
    "CON",
    "aux.txt",
    "Grüße aus Köln.txt",
    "中文目录名称测试文件.txt",
    "日本語のファイル名.txt",
    "한국어 파일.txt",
    "ملف باللغة العربية.txt",
    "קובץ בעברית.txt",
    "Ελληνικά.txt",
    "Кириллица.txt",
    "emoji 🎉🚀👩‍👩‍👧‍👦.txt",
    "𝔊𝔩𝔞𝔰𝔰𝔪𝔞𝔰𝔱𝔢𝔯.txt",
    "combining e\u{301}.txt",
    "precomposed \u{e9}.txt",
    "nonchar\u{fffd}.txt",
];

fn write(path: &Path, data: &[u8]) -> Result<()> {
    fs::write(path, data).map_err(Failure::at(path))
}

fn folder(path: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&path).map_err(Failure::at(&path))?;
    Ok(path)
}

/// `length` bytes that no other seed yields.
#[must_use]
pub fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut out = vec![0; length];
    Random::new(seed).fill(&mut out);
    out
}

/// Sets the modification time of `path` (a link's own) to `seconds` after 1970, before it if negative.
///
/// # Errors
/// When the host's file system cannot hold that time.
pub fn set_mtime(path: &Path, seconds: i64) -> Result<()> {
    let times = rustix::fs::Timestamps {
        last_access: rustix::fs::Timespec { tv_sec: seconds, tv_nsec: 0 },
        last_modification: rustix::fs::Timespec { tv_sec: seconds, tv_nsec: 0 },
    };
    rustix::fs::utimensat(rustix::fs::CWD, path, &times, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)
        .map_err(|errno| Failure::at(path)(errno.into()))
}

/// A file for each of [`ODD_NAMES`], its name its content, and a directory `dir` with the same names.
///
/// # Errors
/// When the host cannot hold a name, or on any other I/O error; so for all functions of this module.
pub fn odd_names(root: &Path) -> Result<()> {
    let root = folder(root.to_owned())?;
    let below = folder(root.join("dir"))?;
    for name in ODD_NAMES {
        write(&root.join(name), name.as_bytes())?;
        let inner = folder(below.join(name))?;
        write(&inner.join("inside.txt"), name.as_bytes())?;
    }
    Ok(())
}

/// Names of 255 bytes and just below: plain, with an extension, of 2-, 3- and 4-byte characters, and groups that
/// differ only behind the length other file systems cut at.
///
/// # Errors
/// On any I/O error.
pub fn long_names(root: &Path) -> Result<()> {
    let root = folder(root.to_owned())?;
    let mut names = vec![
        "x".repeat(255),
        format!("{}.extension", "y".repeat(245)),
        "ü".repeat(127),
        format!("{}.txt", "中".repeat(83)),
        "🎉".repeat(63),
    ];
    for length in [8, 30, 63, 64, 65, 103, 110, 126, 127, 128, 193, 207, 221, 247, 254] {
        for end in ["1", "2"] {
            names.push(format!("{length:03}{}{end}", "n".repeat(length - 3)));
        }
    }
    for (i, name) in (0u64..).zip(names) {
        write(&root.join(name), &bytes(i, 100))?;
    }
    Ok(())
}

/// Pairs of names that differ only in case, and names that collide once an old format maps them.
///
/// # Errors
/// On any I/O error.
pub fn colliding_names(root: &Path) -> Result<()> {
    let root = folder(root.to_owned())?;
    let names = [
        "readme",
        "README",
        "ReadMe",
        "Makefile",
        "makefile",
        "a b.txt",
        "a_b.txt",
        "a+b.txt",
        "long name one.text",
        "long name two.text",
        "x.tar.gz",
        "x_tar.gz",
        "ÄÖÜ",
        "äöü",
    ];
    for name in names {
        write(&root.join(name), name.as_bytes())?;
    }
    for i in 0..150 {
        write(&root.join(format!("the same beginning {i}.dat")), &bytes(i, 10))?;
    }
    for name in ["Case", "case"] {
        write(&folder(root.join(name))?.join("inside"), name.as_bytes())?;
    }
    Ok(())
}

/// Names that are no UTF-8: Latin-1, a lone continuation byte, an encoded surrogate.
///
/// # Errors
/// On any I/O error.
pub fn not_utf8(root: &Path) -> Result<()> {
    let root = folder(root.to_owned())?;
    for name in [&b"Stra\xdfe"[..], b"\x80lone", b"half \xed\xa0\x80 pair", b"cut \xe4\xb8"] {
        write(&root.join(OsStr::from_bytes(name)), name)?;
    }
    Ok(())
}

/// A chain of `depth` directories, a file in each.
///
/// # Errors
/// On any I/O error.
pub fn deep(root: &Path, depth: usize) -> Result<()> {
    let mut at = folder(root.to_owned())?;
    for level in 1..=depth {
        at = folder(at.join(format!("level {level}")))?;
        write(&at.join("here.txt"), format!("level {level}\n").as_bytes())?;
    }
    Ok(())
}

/// `count` files in one directory.
///
/// # Errors
/// On any I/O error.
pub fn crowd(root: &Path, count: usize) -> Result<()> {
    let root = folder(root.to_owned())?;
    for i in 0..count {
        write(&root.join(format!("one of many {i:06}")), i.to_string().as_bytes())?;
    }
    Ok(())
}

/// Files at every boundary a format may trip over: none, one byte, around a block, around 4,096 and 64 KiB; a
/// sparse file; an empty directory.
///
/// # Errors
/// On any I/O error.
pub fn sizes(root: &Path) -> Result<()> {
    let root = folder(root.to_owned())?;
    folder(root.join("empty directory"))?;
    for (seed, length) in (0u64..)
        .zip([0, 1, 2, 1741, 1742, 2047, 2048, 2049, 4095, 4096, 4097, 65_535, 65_536, 65_537, 1_000_000])
    {
        write(&root.join(format!("{length} bytes")), &bytes(seed, length))?;
    }
    sparse(&root.join("sparse"), 16 << 20)
}

/// A file of `length` bytes with data at its beginning, middle and end only.
///
/// # Errors
/// On any I/O error.
pub fn sparse(path: &Path, length: u64) -> Result<()> {
    let wrong = |e| Failure::at(path)(e);
    let mut file = File::create(path).map_err(Failure::at(path))?;
    for at in [0, length / 2, length.saturating_sub(11)] {
        file.seek(SeekFrom::Start(at)).map_err(wrong)?;
        file.write_all(b"not a hole\n").map_err(wrong)?;
    }
    file.set_len(length).map_err(wrong)
}

/// Symbolic links of every sort (relative, absolute, dangling, to a directory, up and down, up to 1,000 bytes long,
/// itself) and three names of one file.
///
/// # Errors
/// On any I/O error.
pub fn links(root: &Path) -> Result<()> {
    let root = folder(root.to_owned())?;
    let below = folder(root.join("below"))?;
    write(&root.join("target.txt"), b"the target\n")?;
    let components = (0..40).map(|i| format!("component number {i:03}")).collect::<Vec<_>>().join("/");
    for (name, target) in [
        ("relative", "target.txt"),
        ("to directory", "below"),
        ("absolute", "/usr/share/doc"),
        ("root", "/"),
        ("dot", "."),
        ("up", ".."),
        ("up and down", "../x/./y/../z"),
        ("dangling", "no such thing"),
        ("itself", "itself"),
        ("trailing slash", "below/"),
        ("double slash", "below//x"),
        ("unicode", "Ünïcode/目标/🎯"),
        ("long", components.as_str()),
        ("long component", "c".repeat(255).as_str()),
    ] {
        let link = root.join(name);
        symlink(target, &link).map_err(Failure::at(&link))?;
    }
    let first = root.join("first name");
    write(&first, &bytes(99, 5000))?;
    for other in [root.join("second name"), below.join("third name")] {
        fs::hard_link(&first, &other).map_err(Failure::at(&other))?;
    }
    Ok(())
}

/// Files and directories with every kind of permission and with modification times from 1902 to 2150, as far as
/// the host's file system can hold them. Every object stays readable by its owner.
///
/// # Errors
/// On any I/O error.
pub fn modes_and_times(root: &Path) -> Result<()> {
    let root = folder(root.to_owned())?;
    for mode in [0o400, 0o444, 0o600, 0o644, 0o666, 0o700, 0o755, 0o777, 0o1755, 0o2755, 0o4755, 0o6711] {
        let path = root.join(format!("mode {mode:04o}"));
        write(&path, b"mode\n")?;
        fs::set_permissions(&path, Permissions::from_mode(mode)).map_err(Failure::at(&path))?;
    }
    let sticky = folder(root.join("sticky directory"))?;
    fs::set_permissions(&sticky, Permissions::from_mode(0o1777)).map_err(Failure::at(&sticky))?;
    for (name, seconds) in [
        ("1902", -2_145_916_800),
        ("1969-12-31", -1),
        ("1970-01-01", 0),
        ("2000-02-29", 951_782_400),
        ("2024-12-31", 1_735_689_599),
        ("2038-01-19", i64::from(i32::MAX)),
        ("2150", 5_680_281_600),
    ] {
        let path = root.join(name);
        write(&path, name.as_bytes())?;
        set_mtime(&path, seconds)?;
    }
    let precise = root.join("with nanoseconds");
    write(&precise, b"ns")?;
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_600_000_000, 123_456_789);
    File::options()
        .write(true)
        .open(&precise)
        .and_then(|file| file.set_times(FileTimes::new().set_modified(time)))
        .map_err(Failure::at(&precise))
}

/// All of it, each difficulty in its own directory: 70 levels deep, 10,000 files in one directory, names that are
/// no UTF-8 included.
///
/// # Errors
/// On any I/O error.
pub fn everything(root: &Path) -> Result<()> {
    odd_names(&root.join("names"))?;
    long_names(&root.join("long names"))?;
    colliding_names(&root.join("colliding"))?;
    not_utf8(&root.join("not utf-8"))?;
    deep(&root.join("deep"), 70)?;
    crowd(&root.join("crowd"), 10_000)?;
    sizes(&root.join("sizes"))?;
    links(&root.join("links"))?;
    modes_and_times(&root.join("modes and times"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Manifest;
    use crate::manifest::{Also, Kind};

    #[test]
    fn everything_is_there_and_the_same_twice() {
        let (one, two) = (crate::scratch::folder().unwrap(), crate::scratch::folder().unwrap());
        everything(one.path()).unwrap();
        everything(two.path()).unwrap();
        let (one, two) = (Manifest::of_folder(one.path()).unwrap(), Manifest::of_folder(two.path()).unwrap());
        let also = Also { modes: true, times: false, hard_links: true };
        assert_eq!(one.differences(&two, also), Vec::<String>::new());
        assert!(one.count(Kind::File) > 10_300, "{}", one.count(Kind::File));
        assert_eq!(one.count(Kind::Symlink), 14);
        let longest =
            one.entries.keys().filter_map(|path| path.split(|b| *b == b'/').map(<[u8]>::len).max()).max();
        assert_eq!(longest, Some(255));
        let deepest = one.entries.keys().map(|path| path.split(|b| *b == b'/').count()).max();
        assert_eq!(deepest, Some(72));
        assert_eq!(one.entries[&b"modes and times/1902"[..]].mtime, -2_145_916_800);
        assert_eq!(one.entries[&b"links/first name"[..]].links, 3);
        assert_eq!(one.entries[&b"sizes/sparse"[..]].size, 16 << 20);
    }
}
