//! The project's small C programs and preloaded libraries, compiled where they are needed.

use std::fs;
use std::path::{Path, PathBuf};

use super::Witness;
use crate::{Failure, Result};

/// Text of the files in `assets/` that C sources include.
const HEADER: (&str, &str) = ("recorder_wire.h", include_str!("../../assets/recorder_wire.h"));

/// What is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Product {
    Program,
    Preload,
}

/// Compiles `source` into `folder`; `None` where there is no compiler.
pub(super) fn compile(folder: &Path, name: &str, source: &str, product: Product) -> Result<Option<PathBuf>> {
    let Some(compiler) = Witness::find("cc")? else { return Ok(None) };
    let header = folder.join(HEADER.0);
    fs::write(&header, HEADER.1).map_err(Failure::at(&header))?;
    let file = folder.join(format!("{name}.c"));
    fs::write(&file, source).map_err(Failure::at(&file))?;
    let out = folder.join(if product == Product::Preload { format!("{name}.so") } else { name.to_owned() });
    let mut arguments = vec!["-O2", "-Wall", "-U_FORTIFY_SOURCE"];
    if product == Product::Preload {
        arguments.extend(["-shared", "-fPIC"]);
    }
    let mut command = compiler.command();
    command.args(arguments).arg("-o").arg(&out).arg(&file);
    let said = super::run(&mut command, std::time::Duration::from_secs(60))?;
    compiler.agreed(said)?;
    Ok(Some(out))
}
