//! The table of names for people.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::list::{Row, Section};

pub(crate) fn head() -> String {
    "# Where the names of the Image Mastering API are\n\n\
     Made by `cargo xtask names --write` from `xtask/names/` and the `#[doc(alias)]` of the sources, and checked by\n\
     `cargo xtask names`. What the members do, their defaults, state rules and result codes stand in the documentation\n\
     of the Rust items. Properties are `x()` and `set_x()`; enumerators are iterators.\n"
        .to_owned()
}

pub(crate) fn library(title: &str, rows: &[Row]) -> String {
    let mut out = format!("\n## {title}\n");
    for section in Section::ALL {
        let rows: Vec<_> = rows.iter().filter(|row| row.section == section).collect();
        if rows.is_empty() {
            continue;
        }
        // Writing to a String cannot fail.
        let _ = write!(out, "\n### {}\n\n| IMAPI | Rust | State |\n|---|---|---|\n", section.title());
        for row in rows {
            let items: Vec<_> = row.items.iter().map(|item| format!("`{item}`")).collect();
            let state = if items.is_empty() { "not there" } else { "works" };
            let _ = writeln!(out, "| `{}` | {} | {state} |", row.name, items.join("<br>"));
        }
    }
    out
}

/// A test of the facade that compiles when every path is one that users can write.
pub(crate) fn test(paths: &BTreeSet<String>) -> String {
    let mut out = "//! What `docs/imapi-map.md` names can be named: compiling this is the test. Made by `cargo xtask names --write`.\n\n\
                   #![allow(unused_imports)]\n\n\
                   #[rustfmt::skip]\nmod paths {\n"
        .to_owned();
    for path in paths {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "    use glassmaster::{path} as _;");
    }
    out.push_str("}\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_called_one() {
        let row = |name: &str, items: &[&str]| Row {
            section: Section::Members,
            name: name.to_owned(),
            items: items.iter().map(ToString::to_string).collect(),
        };
        let text = library("Half", &[row("IThing.Do", &["a::Thing::act"]), row("IThing.Undo", &[])]);
        assert!(text.contains("| `IThing.Do` | `a::Thing::act` | works |\n| `IThing.Undo` |  | not there |"));
    }
}
