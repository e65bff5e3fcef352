//! Rules about the text of one source file.

use crate::finding::Finding;
use crate::token::{Kind, Token, test_only, tokens};

/// Longest source file; a table of figures may be longer if it says so with [`TABLE_MARK`].
const LONGEST: usize = 900;
/// Comment within a file's first lines that marks it as a table.
const TABLE_MARK: &str = "// tidy: table";
/// Module names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "misc", "helper", "helpers"];
/// The only folders where `unsafe` may stand.
const UNSAFE_ROOMS: &[&str] = &["crates/scsi/src/sys/"];
/// Rooms that are programs or test equipment: they may print, and read clock and environment.
const PROGRAMS: &[&str] = &["crates/cli/", "crates/testkit/", "xtask/", "benches/"];

/// Every broken rule in `text`, the file at `path` (relative to the workspace, `/` between parts).
pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut report = |line: usize, rule: &'static str, advice: String| {
        out.push(Finding { path: path.to_owned(), line, rule, advice });
    };
    let lines = text.lines().count();
    if lines > LONGEST && !text.lines().take(30).any(|l| l.trim_start().starts_with(TABLE_MARK)) {
        report(
            LONGEST + 1,
            "length",
            format!("{lines} lines: split by concept at {LONGEST} (a table says `{TABLE_MARK}`)"),
        );
    }
    for part in path.split('/') {
        let name = part.strip_suffix(".rs").unwrap_or(part);
        if EMPTY_NAMES.contains(&name) {
            report(1, "names", format!("`{name}` says nothing: name the module after its one concept"));
        }
    }
    let all = tokens(text);
    let marks = test_only(&all);
    let library = !PROGRAMS.iter().any(|room| path.starts_with(room)) && !is_test_file(path);
    for (i, token) in all.iter().enumerate() {
        let Kind::Ident(word) = &token.kind else { continue };
        let line = token.line;
        if word == "unsafe" && !UNSAFE_ROOMS.iter().any(|room| path.starts_with(room)) {
            report(
                line,
                "unsafe",
                format!("`unsafe` lives in {} only: add a safe function there", UNSAFE_ROOMS.join(", ")),
            );
        }
        if word == "mod"
            && let Some(Kind::Ident(name)) = all.get(i + 1).map(|t| &t.kind)
            && EMPTY_NAMES.contains(&name.as_str())
        {
            report(
                line,
                "names",
                format!("`mod {name}` says nothing: name the module after its one concept"),
            );
        }
        if library
            && !marks[i]
            && let Some((rule, advice)) = library_rule(&all, i, word)
        {
            report(line, rule, advice);
        }
    }
    out
}

/// Test files of their own: integration tests, and `tests.rs` or `tests/` beside the code.
fn is_test_file(path: &str) -> bool {
    path.split('/')
        .any(|part| part == "tests" || part == "tests.rs" || part == "examples" || part == "benches")
}

/// Whether the tokens before `i` are `first ::`.
fn behind(all: &[Token], i: usize, first: &str) -> bool {
    i >= 3 && all[i - 1].is_punct(':') && all[i - 2].is_punct(':') && all[i - 3].is_ident(first)
}

fn followed_by(all: &[Token], i: usize, marks: &[char]) -> bool {
    marks.iter().enumerate().all(|(k, mark)| all.get(i + 1 + k).is_some_and(|t| t.is_punct(*mark)))
}

/// Whether token `i` is a member of a `std::{...}` group, however deep.
fn in_std_group(all: &[Token], i: usize) -> bool {
    let mut depth = 0usize;
    for k in (0..i).rev() {
        if all[k].is_punct(';') {
            return false;
        } else if all[k].is_punct('}') {
            depth += 1;
        } else if all[k].is_punct('{') {
            if depth == 0 {
                return behind(all, k, "std") && (k < 4 || !all[k - 4].is_punct(':'));
            }
            depth -= 1;
        }
    }
    false
}

fn library_rule(all: &[Token], i: usize, word: &str) -> Option<(&'static str, String)> {
    match word {
        "println" | "eprintln" | "print" | "eprint" | "dbg" if followed_by(all, i, &['!']) => Some((
            "print",
            format!("a library never prints: report an event or an error instead of `{word}!`"),
        )),
        "stdout" | "stderr"
            if followed_by(all, i, &['('])
                && (behind(all, i, "io") || i == 0 || !all[i - 1].is_punct('.')) =>
        {
            Some(("print", format!("a library does not own {word}: take a writer from the caller")))
        }
        "env" if behind(all, i, "std") || in_std_group(all, i) || followed_by(all, i, &[':', ':']) => Some((
            "environment",
            "a library never reads the environment: take the value as an option from the caller".to_owned(),
        )),
        "now" if ["SystemTime", "Timestamp", "Zoned", "Utc", "Local"].iter().any(|t| behind(all, i, t)) => {
            Some((
                "clock",
                "a library never reads the wall clock: take the time as an option from the caller".to_owned(),
            ))
        }
        "exit" if behind(all, i, "process") => {
            Some(("exit", "a library never ends the process: return an error".to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<(&'static str, usize)> {
        check(path, text).into_iter().map(|f| (f.rule, f.line)).collect()
    }

    const LIB: &str = "crates/disc/src/x.rs";

    #[test]
    fn unsafe_has_one_room() {
        assert_eq!(rules(LIB, "fn f() {\n    unsafe { g() }\n}"), [("unsafe", 2)]);
        assert_eq!(rules("crates/scsi/src/sys/linux.rs", "unsafe fn f() {}"), []);
        assert_eq!(
            rules("crates/cli/src/main.rs", "#[cfg(test)] mod t { fn f() { unsafe { g() } } }"),
            [("unsafe", 1)]
        );
        assert_eq!(rules(LIB, "//! unsafe\n#![deny(unsafe_code)] const S: &str = \"unsafe\";"), []);
    }

    #[test]
    fn libraries_do_not_print() {
        assert_eq!(
            rules(LIB, "fn f() { println!(\"\"); }\nfn g() { std::io::stderr(); }"),
            [("print", 1), ("print", 2)]
        );
        assert_eq!(rules("crates/cli/src/main.rs", "fn f() { println!(\"\"); }"), []);
        assert_eq!(rules(LIB, "#[cfg(test)] mod tests { fn f() { println!(\"\"); } }"), []);
        assert_eq!(rules("crates/disc/tests/t.rs", "fn f() { println!(\"\"); }"), []);
        assert_eq!(rules(LIB, "fn f(o: Output) { o.stdout; print(); o.stdout() }"), []);
    }

    #[test]
    fn libraries_read_no_environment_and_no_clock() {
        assert_eq!(rules(LIB, "use std::env;"), [("environment", 1)]);
        assert_eq!(rules(LIB, "use std::{fs, env};"), [("environment", 1)]);
        assert_eq!(rules(LIB, "fn f() { env::var(\"HOME\"); }"), [("environment", 1)]);
        assert_eq!(rules(LIB, "const V: &str = env!(\"X\"); use foo::{env};"), []);
        assert_eq!(rules(LIB, "fn f() {\n std::time::SystemTime::now(); }"), [("clock", 2)]);
        assert_eq!(rules(LIB, "fn f() { Instant::now(); SystemTime::UNIX_EPOCH; }"), []);
        assert_eq!(rules(LIB, "fn f() { std::process::exit(1); }"), [("exit", 1)]);
    }

    #[test]
    fn empty_names_are_refused() {
        assert_eq!(rules("crates/disc/src/util.rs", ""), [("names", 1)]);
        assert_eq!(rules("crates/disc/src/helpers/x.rs", ""), [("names", 1)]);
        assert_eq!(rules(LIB, "\npub(crate) mod misc;"), [("names", 2)]);
        assert_eq!(rules(LIB, "mod utility_poles;"), []);
    }

    #[test]
    fn long_files_are_split_unless_tables() {
        let long = "// x\n".repeat(901);
        assert_eq!(rules(LIB, &long), [("length", 901)]);
        assert_eq!(rules(LIB, &format!("{TABLE_MARK}: ASC and ASCQ\n{long}")), []);
        assert_eq!(rules(LIB, &"// x\n".repeat(900)), []);
    }
}
