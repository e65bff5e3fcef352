//! `cargo xtask tidy`: the rules of ARCHITECTURE.md that no compiler checks.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;

use crate::finding::Finding;
use crate::{arrows, licences, source};

/// Checks the whole workspace; an error lists every finding.
pub(crate) fn run() -> Result<(), String> {
    let metadata = MetadataCommand::new()
        .other_options(["--locked".to_owned()])
        .exec()
        .map_err(|e| format!("cargo metadata failed: {e}"))?;
    let root = metadata.workspace_root.as_std_path();
    let mut findings = arrows::check(&metadata);
    let deny = fs::read_to_string(root.join("deny.toml")).map_err(|e| format!("deny.toml: {e}"))?;
    findings.extend(licences::check(&metadata, &deny));
    for package in metadata.workspace_packages() {
        let path = relative(root, package.manifest_path.as_std_path());
        let text = fs::read_to_string(&package.manifest_path).map_err(|e| format!("{path}: {e}"))?;
        if !text.replace(' ', "").contains("[lints]\nworkspace=true") {
            findings.push(Finding {
                path,
                line: 1,
                rule: "lints",
                advice: "add `[lints]` with `workspace = true`".to_owned(),
            });
        }
    }
    let mut files = Vec::new();
    for room in ["crates", "xtask", "benches", "fuzz"] {
        collect(&root.join(room), &mut files)?;
    }
    files.sort();
    for file in &files {
        let text = fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
        findings.extend(source::check(&relative(root, file), &text));
    }
    findings.sort();
    if findings.is_empty() {
        println!("tidy: {} source files, {} packages, nothing to mend", files.len(), metadata.packages.len());
        return Ok(());
    }
    let list: Vec<String> = findings.iter().map(Finding::to_string).collect();
    Err(format!("{}\ntidy: {} to mend", list.join("\n"), list.len()))
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}

/// All `.rs` files below `folder`, build output left out; no folder, no files.
pub(crate) fn collect(folder: &Path, out: &mut Vec<PathBuf>) -> Result<(), String> {
    if !folder.is_dir() {
        return Ok(());
    }
    let wrong = |e: std::io::Error| format!("{}: {e}", folder.display());
    for entry in fs::read_dir(folder).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let kind = entry.file_type().map_err(wrong)?;
        let path = entry.path();
        if kind.is_dir() && entry.file_name() != "target" {
            collect(&path, out)?;
        } else if kind.is_file() && path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
    Ok(())
}
