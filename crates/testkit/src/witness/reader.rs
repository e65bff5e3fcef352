//! Programs that read images.

use std::path::Path;

use super::{Said, Witness};
use crate::{Failure, Result};

const OPEN_WITH_PYCDLIB: &str = include_str!("../../assets/pycdlib_open.py");

/// `7z t`: 7-Zip tests every file. `kind` forces one of its readers ("Iso", "Udf"); its warnings count as failures.
/// `None` where it is not installed; so for all functions of this module.
///
/// # Errors
/// When it finds fault.
pub fn seven_zip(image: &Path, kind: Option<&str>) -> Result<Option<Said>> {
    let Some(program) = Witness::find("7z")? else { return Ok(None) };
    let mut command = program.command();
    command.arg("t").args(kind.map(|kind| format!("-t{kind}"))).arg("--").arg(image);
    let said = super::run(&mut command, super::LIMIT)?;
    let text = said.text();
    if !said.status.success() || !text.contains("Everything is Ok") || text.contains("WARNING") {
        return Err(Failure::program("7z", said.status.to_string(), text.as_bytes()));
    }
    Ok(Some(said))
}

/// `xorriso -indev IMAGE -find /`: loads the tree (Rock Ridge preferred) and lists every path, one a line, the shell
/// quotes around it taken off.
///
/// # Errors
/// When it complains, with severity WARNING or worse.
pub fn xorriso_find(image: &Path) -> Result<Option<Vec<String>>> {
    let Some(program) = Witness::find("xorriso")? else { return Ok(None) };
    let mut command = program.command();
    // Without the prefix it takes everything below /dev, memory among it, for a drive.
    let mut address = std::ffi::OsString::from("stdio:");
    address.push(image);
    command.args(["-abort_on", "SORRY", "-report_about", "WARNING", "-indev"]).arg(address);
    command.args(["-find", "/", "-exec", "echo"]);
    let said = program.agreed(super::run(&mut command, super::LIMIT)?)?;
    let complaints = String::from_utf8_lossy(&said.stderr).into_owned();
    if ["FAILURE", "SORRY", "WARNING", "FATAL"].iter().any(|word| complaints.contains(&format!(": {word} :")))
    {
        return Err(Failure::program("xorriso", "complained", complaints.as_bytes()));
    }
    let listing = String::from_utf8_lossy(&said.stdout).into_owned();
    Ok(Some(listing.lines().map(|line| line.trim_matches('\'').to_owned()).collect()))
}

/// `isoinfo -l` in the plain, the Rock Ridge (`-R`) or the Joliet (`-J`) tree: the listing as it prints it.
///
/// # Errors
/// When it fails.
pub fn isoinfo(image: &Path, tree: Option<&str>) -> Result<Option<Said>> {
    let Some(program) = Witness::find("isoinfo")? else { return Ok(None) };
    let mut command = program.command();
    command.arg("-l").args(tree).arg("-i").arg(image);
    program.agreed(super::run(&mut command, super::LIMIT)?).map(Some)
}

/// pycdlib's strict open of an image with a primary volume descriptor, and a walk over each tree: name of the tree,
/// directories, files. A Rock Ridge or UDF tree with names its walk fails on is opened, but left out of the list.
///
/// # Errors
/// When it refuses the image; its message is in the error.
pub fn pycdlib(image: &Path) -> Result<Option<Vec<(String, usize, usize)>>> {
    let Some(program) = Witness::find("python3")? else { return Ok(None) };
    // The Debian package belongs to the system's own interpreter, whatever comes first in PATH.
    let mut command = std::process::Command::new("/usr/bin/python3");
    command.env("LC_ALL", "C.UTF-8").arg("-c").arg(OPEN_WITH_PYCDLIB).arg(image);
    let said = super::run(&mut command, super::LIMIT)?;
    if !said.status.success() && said.text().contains("No module named 'pycdlib'") {
        return super::missing("pycdlib", "python3-pycdlib").map(|()| None);
    }
    let said = program.agreed(said)?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let trees = text
        .lines()
        .map(|line| {
            let mut words = line.split_whitespace();
            let tree = words.next()?.to_owned();
            Some((tree, words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        })
        .collect::<Option<Vec<_>>>();
    trees.map(Some).ok_or_else(|| Failure::program("pycdlib", "unexpected output", text.as_bytes()))
}

/// `udfdump -b 2048`: mounts the volume (descriptors, logical volume, partitions, space tables, file set) and says
/// what it does not believe.
///
/// # Errors
/// When it finds no UDF, or fault with it.
pub fn udfdump(image: &Path) -> Result<Option<Said>> {
    let Some(program) = Witness::find("udfdump")? else { return Ok(None) };
    let mut command = program.command();
    command.args(["-b", "2048"]).arg(image);
    let said = program.agreed(super::run(&mut command, super::LIMIT)?)?;
    let text = said.text();
    let lower = text.to_lowercase();
    let faults = ["error", "bad checksum", "bad tag", "invalid", "corrupt", "fails"];
    if let Some(word) = faults.iter().find(|word| lower.contains(*word)) {
        return Err(Failure::program("udfdump", format!("says `{word}`"), text.as_bytes()));
    }
    Ok(Some(said))
}

/// `udfinfo`: the volume's own description of itself, as `key=value` lines. A weak witness: it reads on past bad tag
/// checksums.
///
/// # Errors
/// When it finds no UDF, or warns.
pub fn udfinfo(image: &Path) -> Result<Option<Vec<(String, String)>>> {
    let Some(program) = Witness::find("udfinfo")? else { return Ok(None) };
    let mut command = program.command();
    command.arg(image);
    let said = program.agreed(super::run(&mut command, super::LIMIT)?)?;
    let complaints = String::from_utf8_lossy(&said.stderr).into_owned();
    if complaints.to_lowercase().contains("warning") || complaints.to_lowercase().contains("error") {
        return Err(Failure::program("udfinfo", "complained", complaints.as_bytes()));
    }
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    Ok(Some(
        text.lines()
            .filter_map(|line| line.split_once('='))
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect(),
    ))
}
