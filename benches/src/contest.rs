//! Who runs on which workload, and what is asked of the result.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::measure::{Cost, median, run};
use crate::workload::Tree;
use crate::{Result, reflink};

/// Every workload, in the order they run.
pub(crate) const NAMES: [&str; 13] = [
    "large",
    "small",
    "bridge",
    "bridge-2.50",
    "mixed",
    "tiny",
    "crowd",
    "million",
    "stream",
    "list",
    "extract",
    "burn",
    reflink::NAME,
];

/// Where things are.
pub(crate) struct Place {
    /// The program `glassmaster`.
    pub(crate) program: PathBuf,
    /// This program.
    pub(crate) own: PathBuf,
    /// Where the trees are kept.
    pub(crate) work: PathBuf,
    /// Where images go; empty, and removed at the end.
    pub(crate) out: PathBuf,
    /// Divisor of the workloads' sizes.
    pub(crate) scale: u64,
    /// How often each contestant runs.
    pub(crate) rounds: usize,
}

/// A figure to reach: a ratio of medians, or memory.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    /// What, in words.
    pub(crate) what: String,
    /// Largest value that is good.
    pub(crate) limit: f64,
    /// The value found; `None` where a contestant is missing.
    pub(crate) found: Option<f64>,
    /// Whether it is good.
    pub(crate) met: Option<bool>,
}

/// All runs of one contestant.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Its name.
    pub(crate) name: String,
    /// What each run cost; empty when it was skipped.
    pub(crate) costs: Vec<Cost>,
    /// Why it was skipped.
    pub(crate) skipped: Option<String>,
}

impl Row {
    /// Median wall time, in seconds.
    pub(crate) fn seconds(&self) -> Option<f64> {
        (!self.costs.is_empty()).then(|| median(self.costs.iter().map(|cost| cost.seconds)))
    }

    /// Largest peak memory of any run, in MB (10^6 bytes).
    #[expect(clippy::cast_precision_loss, reason = "KiB of memory are below 2^53")]
    pub(crate) fn megabytes(&self) -> Option<f64> {
        self.costs.iter().map(|cost| cost.peak_kib as f64 * 1024.0 / 1e6).reduce(f64::max)
    }
}

/// Outcome of a workload.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Its name.
    pub(crate) name: &'static str,
    /// One row a contestant, `glassmaster` first.
    pub(crate) rows: Vec<Row>,
    /// What was to be reached.
    pub(crate) reaches: Vec<Reach>,
}

/// A command with the place of its product left open.
enum Word {
    /// Said as it is.
    Plain(OsString),
    /// The product: an image or a folder.
    Product,
}

struct Contestant {
    name: &'static str,
    words: Vec<Word>,
    /// Whether its standard output is the product.
    to_stdout: bool,
}

/// How a reach is measured.
enum Against {
    /// Ratio of median times to a contestant's.
    Time(&'static str),
    /// Peak memory in MB.
    Memory,
}

/// A workload with its contestants.
pub(crate) struct Contest {
    name: &'static str,
    tree: PathBuf,
    contestants: Vec<Contestant>,
    reaches: Vec<(Against, f64)>,
}

const US: &str = "glassmaster";

fn plain(words: &[&str]) -> Vec<Word> {
    words.iter().map(|word| Word::Plain(word.into())).collect()
}

fn ours(place: &Place, source: &Path, fs: &[&str]) -> Vec<Word> {
    let mut words = vec![Word::Plain(place.program.clone().into())];
    words.extend(plain(&["--quiet", "build"]));
    words.push(Word::Plain(source.into()));
    words.extend(plain(fs));
    words.extend([Word::Plain("-o".into()), Word::Product]);
    words
}

fn theirs(words: &[&str], source: &Path) -> Vec<Word> {
    let mut words = plain(words);
    words.extend([Word::Product, Word::Plain(source.into())]);
    words
}

fn cat(source: &Path) -> Vec<Word> {
    // Sorted by nothing: the cheapest order there is.
    let mut words = plain(&["sh", "-c", "find \"$1\" -type f -print0 | xargs -0 cat > \"$2\"", "cat"]);
    words.extend([Word::Plain(source.into()), Word::Product]);
    words
}

const UDF_102: &[&str] = &["--fs", "iso9660,joliet,rock-ridge,udf", "--udf", "1.02"];
const UDF_250: &[&str] = &["--fs", "iso9660,joliet,rock-ridge,udf", "--udf", "2.50"];
const THREE: &[&str] = &["--fs", "iso9660,joliet,rock-ridge"];
const GENISOIMAGE: &[&str] =
    &["genisoimage", "-quiet", "-input-charset", "utf-8", "-iso-level", "3", "-J", "-R", "-o"];
const GENISOIMAGE_UDF: &[&str] =
    &["genisoimage", "-quiet", "-input-charset", "utf-8", "-iso-level", "3", "-J", "-R", "-udf", "-o"];
const XORRISO: &[&str] = &["xorriso", "-as", "mkisofs", "-quiet", "-iso-level", "3", "-J", "-R", "-o"];

impl Contest {
    /// The contest `name`; its tree, and whatever else it needs, is made.
    pub(crate) fn new(name: &'static str, place: &Place) -> Result<Self> {
        let which = match name {
            "large" => Tree::Large,
            "mixed" | "stream" => Tree::Mixed,
            "tiny" => Tree::Tiny,
            "crowd" => Tree::Crowd,
            "million" => Tree::Million,
            "burn" => Tree::Image,
            _ => Tree::Small,
        };
        let tree = which.make(&place.work, place.scale)?;
        let mut contestants = Vec::new();
        let mut add = |name, words, to_stdout| contestants.push(Contestant { name, words, to_stdout });
        let own = |role: &str| {
            let mut words = vec![Word::Plain(place.own.clone().into()), Word::Plain(role.into())];
            words.extend([Word::Plain(tree.clone().into()), Word::Product]);
            words
        };
        let mut reaches = Vec::new();
        match name {
            "list" | "extract" => {
                let image = Self::image(place, &tree)?;
                if name == "list" {
                    let mut words = vec![Word::Plain(place.program.clone().into())];
                    words.extend(plain(&["--quiet", "list", "--long"]));
                    words.push(Word::Plain(image.clone().into()));
                    add(US, words, true);
                    let mut words = plain(&["isoinfo", "-l", "-R", "-i"]);
                    words.push(Word::Plain(image.into()));
                    add("isoinfo", words, true);
                    reaches = vec![(Against::Time("isoinfo"), 0.6), (Against::Memory, 20.0)];
                } else {
                    let mut words = vec![Word::Plain(place.program.clone().into())];
                    words.extend(plain(&["--quiet", "extract"]));
                    words.extend([Word::Plain(image.into()), Word::Plain("-o".into()), Word::Product]);
                    add(US, words, false);
                    let tar = Self::archive(place, &tree)?;
                    let mut words = plain(&["sh", "-c", "mkdir \"$2\" && tar xf \"$1\" -C \"$2\"", "tar"]);
                    words.extend([Word::Plain(tar.into()), Word::Product]);
                    add("tar", words, false);
                    reaches = vec![(Against::Time("tar"), 0.9), (Against::Memory, 20.0)];
                }
            }
            "burn" => {
                let image = tree.join(Tree::IMAGE);
                let script =
                    "exec \"$0\" --quiet burn \"$1\" --drive \"virtual:$2\" --media bd-r --verify full";
                let mut words = plain(&["sh", "-c", script]);
                words.extend([Word::Plain(place.program.clone().into()), Word::Plain(image.clone().into())]);
                words.push(Word::Product);
                add(US, words, false);
                let mut words = plain(&["sh", "-c", "cp \"$0\" \"$1\" && cmp \"$0\" \"$1\""]);
                words.extend([Word::Plain(image.into()), Word::Product]);
                add("cp + cmp", words, false);
                reaches = vec![(Against::Time("cp + cmp"), 2.0), (Against::Memory, 100.0)];
            }
            "stream" => {
                let mut words = vec![Word::Plain(place.program.clone().into())];
                words.extend(plain(&["--quiet", "build"]));
                words.push(Word::Plain(tree.clone().into()));
                words.extend(plain(THREE));
                words.extend(plain(&["-o", "-"]));
                add(US, words, true);
                add("cat", cat(&tree), false);
                // At least 80% of the rate of cat.
                reaches = vec![(Against::Time("cat"), 1.25)];
            }
            "bridge-2.50" => {
                add(US, ours(place, &tree, UDF_250), false);
                add("with UDF 1.02", ours(place, &tree, UDF_102), false);
                add("genisoimage-udf", theirs(GENISOIMAGE_UDF, &tree), false);
                // All file entries and directories twice, besides.
                reaches = vec![
                    (Against::Time("genisoimage-udf"), 0.40),
                    (Against::Time("with UDF 1.02"), 1.25),
                    (Against::Memory, 90.0),
                ];
            }
            "bridge" => {
                let four = UDF_102;
                add(US, ours(place, &tree, four), false);
                add("genisoimage-udf", theirs(GENISOIMAGE_UDF, &tree), false);
                add("limit-rw", own("limit-rw"), false);
                reaches = vec![(Against::Time("genisoimage-udf"), 0.40), (Against::Memory, 90.0)];
            }
            _ => {
                add(US, ours(place, &tree, THREE), false);
                add("limit-rw", own("limit-rw"), false);
                add("limit-par", own("limit-par"), false);
                add("genisoimage", theirs(GENISOIMAGE, &tree), false);
                add("xorriso", theirs(XORRISO, &tree), false);
                add("cat", cat(&tree), false);
                match name {
                    "large" => {
                        reaches = vec![
                            (Against::Time("genisoimage"), 0.90),
                            (Against::Time("limit-par"), 1.1),
                            (Against::Memory, 20.0),
                        ];
                    }
                    "small" => {
                        reaches = vec![
                            (Against::Time("genisoimage"), 0.30),
                            (Against::Time("limit-par"), 1.6),
                            (Against::Memory, 60.0),
                        ];
                    }
                    "mixed" => {
                        reaches = vec![
                            (Against::Time("genisoimage"), 0.75),
                            (Against::Time("limit-par"), 1.2),
                            (Against::Memory, 25.0),
                        ];
                    }
                    "million" => {
                        reaches = vec![(Against::Time("genisoimage"), 0.35), (Against::Memory, 250.0)]
                    }
                    "crowd" => {
                        let spread = Tree::Tiny.make(&place.work, place.scale)?;
                        add("glassmaster in 1,000 folders", ours(place, &spread, THREE), false);
                        // The two trees have equally many files.
                        reaches = vec![(Against::Time("glassmaster in 1,000 folders"), 1.3)];
                    }
                    _ => {}
                }
            }
        }
        Ok(Self { name, tree, contestants, reaches })
    }

    /// An image of the tree for those who read, made by the program under test.
    fn image(place: &Place, tree: &Path) -> Result<PathBuf> {
        let image = place.out.join("read.iso");
        if !image.exists() {
            let command: Vec<OsString> =
                ours(place, tree, THREE).iter().map(|word| shown(word, &image)).collect();
            run(&place.own, Path::new("/dev/null"), &command)?;
        }
        Ok(image)
    }

    /// A tar archive of the tree.
    fn archive(place: &Place, tree: &Path) -> Result<PathBuf> {
        let archive = place.out.join("read.tar");
        if !archive.exists() {
            let words =
                ["tar".into(), "cf".into(), archive.clone().into(), "-C".into(), tree.into(), ".".into()];
            run(&place.own, Path::new("/dev/null"), &words)?;
        }
        Ok(archive)
    }

    /// Runs the rounds: in each, every contestant once, in turn.
    pub(crate) fn run(self, place: &Place) -> Result<Outcome> {
        let product = place.out.join("product");
        // Warms the page cache: the floor reads every byte once.
        let warm: Vec<OsString> = vec![
            place.own.clone().into(),
            "limit-rw".into(),
            self.tree.clone().into(),
            product.clone().into(),
        ];
        run(&place.own, Path::new("/dev/null"), &warm)?;
        remove(&product)?;
        let mut rows: Vec<Row> = self
            .contestants
            .iter()
            .map(|contestant| Row { name: contestant.name.to_owned(), costs: Vec::new(), skipped: None })
            .collect();
        for round in 1..=place.rounds {
            for (contestant, row) in self.contestants.iter().zip(&mut rows) {
                if row.skipped.is_some() {
                    continue;
                }
                eprint!("\r{} {round}/{} {:<40}", self.name, place.rounds, contestant.name);
                let command: Vec<OsString> =
                    contestant.words.iter().map(|word| shown(word, &product)).collect();
                if let Some(program) = command.first()
                    && !installed(program)
                {
                    row.skipped = Some(format!("{} is not installed", program.to_string_lossy()));
                    continue;
                }
                let stdout = if contestant.to_stdout { product.clone() } else { PathBuf::from("/dev/null") };
                row.costs.push(run(&place.own, &stdout, &command)?);
                remove(&product)?;
            }
        }
        eprint!("\r{:60}\r", "");
        let reaches =
            self.reaches.iter().map(|(against, limit)| reach(&rows, against, *limit, place.scale)).collect();
        Ok(Outcome { name: self.name, rows, reaches })
    }
}

fn shown(word: &Word, product: &Path) -> OsString {
    match word {
        Word::Plain(text) => text.clone(),
        Word::Product => product.into(),
    }
}

fn installed(program: &OsString) -> bool {
    let path = Path::new(program);
    if path.components().count() > 1 {
        return path.exists();
    }
    std::env::var_os("PATH")
        .is_some_and(|all| std::env::split_paths(&all).any(|folder| folder.join(path).is_file()))
}

fn remove(product: &Path) -> Result<()> {
    let outcome = match fs::symlink_metadata(product) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => Err(e),
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(product),
        Ok(_) => fs::remove_file(product),
    };
    outcome.map_err(|e| format!("{}: {e}", product.display()))
}

/// What was found for a reach; judged at full size only, where the figures were set.
fn reach(rows: &[Row], against: &Against, limit: f64, scale: u64) -> Reach {
    let us = rows.first();
    let (what, found) = match against {
        Against::Memory => ("peak memory in MB".to_owned(), us.and_then(Row::megabytes)),
        Against::Time(name) => {
            let other = rows.iter().find(|row| row.name == *name).and_then(Row::seconds);
            let ratio = us.and_then(Row::seconds).zip(other).map(|(a, b)| a / b);
            (format!("time / time of {name}"), ratio)
        }
    };
    Reach { what, limit, found, met: found.filter(|_| scale == 1).map(|value| value <= limit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, seconds: f64, peak_kib: i64) -> Row {
        Row { name: name.to_owned(), costs: vec![Cost { seconds, cpu: 0.0, peak_kib }], skipped: None }
    }

    #[test]
    fn reaches_are_judged_at_full_size() {
        let rows = [row(US, 1.0, 10_000), row("cat", 2.0, 1)];
        let good = reach(&rows, &Against::Time("cat"), 0.6, 1);
        assert_eq!((good.met, good.found), (Some(true), Some(0.5)));
        assert_eq!(reach(&rows, &Against::Time("cat"), 0.4, 1).met, Some(false));
        assert_eq!(reach(&rows, &Against::Time("cat"), 0.4, 20).met, None);
        assert_eq!(reach(&rows, &Against::Time("missing"), 0.4, 1).met, None);
        assert_eq!(reach(&rows, &Against::Memory, 10.24, 1).met, Some(true));
        assert_eq!(reach(&rows, &Against::Memory, 10.23, 1).met, Some(false));
    }
}
