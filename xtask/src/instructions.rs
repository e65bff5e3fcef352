//! `cargo xtask instructions`: user-space instructions `glassmaster build` spends on each tiny file.
//!
//! Wall time is noisy where other programs run; instruction counts are not. The count for an empty folder is
//! subtracted, so what remains is the cost of the files.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files in the measured tree, in folders of 100.
const FILES: u64 = 10_000;
/// Budget of user-space instructions a file, in three name trees (ISO 9660, Joliet, Rock Ridge).
const LIMIT: u64 = 10_000;

struct Options {
    program: PathBuf,
    files: u64,
    limit: u64,
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options =
        Options { program: PathBuf::from("target/release/glassmaster"), files: FILES, limit: LIMIT };
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = || value.parse::<u64>().map_err(|e| format!("{name} {value}: {e}"));
        match name.as_str() {
            "--program" => options.program = PathBuf::from(&value),
            "--files" => options.files = number()?.max(1),
            "--limit" => options.limit = number()?,
            _ => return Err(format!("unknown option {name}")),
        }
    }
    Ok(options)
}

/// Measures and compares with the limit; an error says by how much it is over.
pub(crate) fn run(arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let options = parse(arguments)?;
    let place = tempfile::tempdir().map_err(|e| format!("temporary folder: {e}"))?;
    let (full, empty) = (place.path().join("full"), place.path().join("empty"));
    let io = |e: std::io::Error| format!("making the tree: {e}");
    fs::create_dir(&empty).map_err(io)?;
    tiny_files(&full, options.files).map_err(io)?;
    let base = count(&options.program, &empty, place.path())?;
    let all = count(&options.program, &full, place.path())?;
    let each = all.saturating_sub(base) / options.files;
    println!(
        "instructions: {each} a file ({all} for {} files, {base} for none), limit {}",
        options.files, options.limit
    );
    if each > options.limit {
        return Err(format!(
            "instructions: {each} a file is over the limit of {}; look with `valgrind --tool=callgrind --dump-instr=yes` and callgrind_annotate",
            options.limit
        ));
    }
    Ok(())
}

/// Files of 0 to 16 bytes whose names need mapping in ISO 9660 level 1 and fit Joliet.
fn tiny_files(root: &Path, files: u64) -> std::io::Result<()> {
    for i in 0..files {
        let folder = root.join(format!("folder {:04}", i / 100));
        if i % 100 == 0 {
            fs::create_dir_all(&folder)?;
        }
        let mut file = fs::File::create(folder.join(format!("tiny file {i:06}.txt")))?;
        let text = format!("{i:016}");
        let length = usize::try_from(i % 17).unwrap_or(0);
        file.write_all(text.as_bytes().get(..length).unwrap_or_default())?;
    }
    Ok(())
}

/// Instructions of one build of `source`, all threads together, as callgrind counts them.
fn count(program: &Path, source: &Path, place: &Path) -> Result<u64, String> {
    let (image, profile) = (place.join("image.iso"), place.join("callgrind.out"));
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--error-exitcode=0"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(program)
        .arg("build")
        .arg(source)
        .arg("-o")
        .arg(&image)
        .args(["--fs", "iso9660,joliet,rock-ridge"])
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .output()
        .map_err(|e| format!("valgrind: {e} (Debian package valgrind)"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{} build failed under valgrind: {}\n{text}", program.display(), output.status));
    }
    let made = fs::metadata(&image).map_err(|e| format!("no image was built: {e}"))?;
    if made.len() < 32 * 1024 {
        return Err(format!("the image has only {} bytes", made.len()));
    }
    fs::remove_file(&image).map_err(|e| format!("{}: {e}", image.display()))?;
    let text = fs::read_to_string(&profile).map_err(|e| format!("{}: {e}", profile.display()))?;
    total(&text).ok_or_else(|| format!("{} has no totals line", profile.display()))
}

/// The sum of the `totals:` (or, in older versions, `summary:`) lines of a callgrind profile.
fn total(profile: &str) -> Option<u64> {
    let sum = |key: &str| {
        profile
            .lines()
            .filter_map(|line| line.strip_prefix(key))
            .filter_map(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
            .reduce(u64::saturating_add)
    };
    sum("totals:").or_else(|| sum("summary:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_summed() {
        assert_eq!(total("events: Ir\nsummary: 12\n\ntotals: 30\n"), Some(30));
        assert_eq!(total("summary: 12\n"), Some(12));
        assert_eq!(total("events: Ir\n"), None);
    }

    #[test]
    fn options() {
        let list =
            |words: &[&str]| parse(words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>().into_iter());
        let given = list(&["--program", "x", "--files", "5", "--limit", "7"]).unwrap();
        assert_eq!((given.program, given.files, given.limit), (PathBuf::from("x"), 5, 7));
        assert!(list(&["--files"]).is_err());
        assert!(list(&["--what", "1"]).is_err());
    }

    #[test]
    fn the_tree_has_every_length() {
        let place = tempfile::tempdir().unwrap();
        tiny_files(place.path(), 200).unwrap();
        let length = |name: &str| fs::metadata(place.path().join(name)).unwrap().len();
        assert_eq!(length("folder 0000/tiny file 000000.txt"), 0);
        assert_eq!(length("folder 0000/tiny file 000016.txt"), 16);
        assert_eq!(length("folder 0001/tiny file 000199.txt"), 199 % 17);
    }
}
