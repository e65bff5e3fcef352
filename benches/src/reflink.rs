//! Source and image on one XFS: the image shares the source's blocks, so that 4 GiB appear at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::contest::{Outcome, Place, Reach, Row};
use crate::measure::run as measure;
use crate::workload::Tree;

/// Name of the workload.
pub(crate) const NAME: &str = "reflink";
/// Longest median time, in seconds.
const LIMIT: f64 = 0.3;

/// A file system in a file, mounted; unmounted and removed at the end.
struct Mounted {
    file: PathBuf,
    point: PathBuf,
}

impl Mounted {
    fn new(work: &Path) -> Result<Self> {
        let this = Self { file: work.join("reflink.xfs"), point: work.join("reflink-mount") };
        let io = |e: std::io::Error| format!("{}: {e}", this.file.display());
        fs::File::create(&this.file).and_then(|file| file.set_len(12 << 30)).map_err(io)?;
        fs::create_dir_all(&this.point).map_err(io)?;
        call(Command::new("mkfs.xfs").args(["-q", "-f", "-m", "reflink=1"]).arg(&this.file))?;
        call(Command::new("mount").args(["-o", "loop"]).arg(&this.file).arg(&this.point))?;
        Ok(this)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Err(message) = call(Command::new("umount").arg(&self.point)) {
            eprintln!("{message}");
        }
        // What is left behind is only space in the work folder.
        let _ = fs::remove_file(&self.file);
        let _ = fs::remove_dir(&self.point);
    }
}

fn call(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|e| format!("{name}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{name}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
}

/// Builds the image of 4 x 1 GiB on the file system of its sources; skipped where such a one cannot be mounted.
pub(crate) fn run(place: &Place) -> Result<Outcome> {
    let mut row = Row { name: "glassmaster".to_owned(), costs: Vec::new(), skipped: None };
    let mounted = if rustix::process::geteuid().is_root() {
        Mounted::new(&place.work)
    } else {
        Err("mounting needs root".to_owned())
    };
    match mounted {
        Err(why) => row.skipped = Some(why),
        Ok(mounted) => {
            let tree = Tree::Large.make(&mounted.point, place.scale)?;
            let image = mounted.point.join("image.iso");
            for _ in 0..place.rounds {
                let words = [
                    place.program.clone().into(),
                    "--quiet".into(),
                    "build".into(),
                    tree.clone().into(),
                    "--fs".into(),
                    "iso9660,joliet,rock-ridge".into(),
                    "-o".into(),
                    image.clone().into(),
                ];
                row.costs.push(measure(&place.own, Path::new("/dev/null"), &words)?);
                fs::remove_file(&image).map_err(|e| format!("{}: {e}", image.display()))?;
            }
        }
    }
    let found = row.seconds();
    let met = found.filter(|_| place.scale == 1).map(|seconds| seconds <= LIMIT);
    let reach = Reach { what: "time in seconds".to_owned(), limit: LIMIT, found, met };
    Ok(Outcome { name: NAME, rows: vec![row], reaches: vec![reach] })
}
