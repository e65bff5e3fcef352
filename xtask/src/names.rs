//! `cargo xtask names`: every name of the Image Mastering API has a Rust item that carries it.
//!
//! `xtask/names/*.txt` list the names; the sources carry them as `#[doc(alias = "...")]`; `docs/imapi-map.md` is the
//! table of both, made from them. A member belongs to an interface when its item stands in an `impl` of a type with
//! the interface's name as alias, or carries the alias `Interface.Member` itself. Only public items count, and a test of
//! the facade, made here as well, names each of them by the path in the table.

mod aliases;
mod list;
mod table;

use std::collections::BTreeSet;
use std::fs;

use cargo_metadata::MetadataCommand;

use aliases::Aliases;
use list::Library;

/// Where the table stands.
const MAP: &str = "docs/imapi-map.md";
/// Where the test stands that takes everything in the table by its path.
const TEST: &str = "crates/glassmaster/tests/names.rs";
/// The libraries: file of names, title, and whether a name without an item is an error.
const LIBRARIES: &[(&str, &str, bool)] = &[
    ("imapi2", "IMAPI2, the burning half", true),
    ("imapi2cd", "IMAPI2, raw CD and audio tracks", false),
    ("imapi2fs", "IMAPI2FS, the file-system half", true),
];

/// Checks the table against names and sources; `write` makes it anew instead.
pub(crate) fn run(write: bool) -> Result<(), String> {
    let metadata = MetadataCommand::new()
        .other_options(["--locked".to_owned()])
        .no_deps()
        .exec()
        .map_err(|e| format!("cargo metadata failed: {e}"))?;
    let root = metadata.workspace_root.as_std_path();
    let aliases = Aliases::read(&root.join("crates"))?;
    let mut text = table::head();
    let mut missing = Vec::new();
    let (mut names, mut absent) = (0, 0);
    let mut paths = BTreeSet::new();
    for (file, title, required) in LIBRARIES {
        let path = root.join("xtask/names").join(format!("{file}.txt"));
        let listed = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let library = Library::parse(&listed).map_err(|e| format!("{}: {e}", path.display()))?;
        let found = library.resolve(&aliases);
        names += found.len();
        absent += found.iter().filter(|row| row.items.is_empty()).count();
        if *required {
            missing.extend(found.iter().filter(|row| row.items.is_empty()).map(|row| row.name.clone()));
        }
        text.push_str(&table::library(title, &found));
        paths.append(&mut aliases.importable(found.iter().flat_map(|row| &row.items)));
    }
    let files = [(MAP, text), (TEST, table::test(&paths))];
    if write {
        for (file, text) in &files {
            fs::write(root.join(file), text).map_err(|e| format!("{file}: {e}"))?;
        }
    }
    if !missing.is_empty() {
        return Err(format!(
            "{}\nnames: {} of {names} have no item; give one the name as `#[doc(alias = \"...\")]`",
            missing.join("\n"),
            missing.len()
        ));
    }
    for (file, text) in &files {
        if fs::read_to_string(root.join(file)).unwrap_or_default() != *text {
            return Err(format!("{file} is not what names and sources say; run `cargo xtask names --write`"));
        }
    }
    match absent {
        0 => println!("names: {names} names, every one has its item"),
        _ => println!("names: {names} names, {absent} of them of parts that are not there yet"),
    }
    Ok(())
}
