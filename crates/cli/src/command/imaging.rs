//! From sources on the command line to a planned image, for `build` and `burn`.

use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use glassmaster::disc::{SECTOR_U64, SessionInfo};
use glassmaster::imapi2fs::{
    Choice, Consequence, FileSystems, HostSource, HostTree, Image, ImageInput, ImageOptions, Obstacle,
    WalkOptions, choose, preflight,
};
use glassmaster::tree::{Timestamp, Tree};
use serde_json::{Value, json};

use crate::args::Imaging;
use crate::boot;
use crate::failure::{FAILED, Failure, USAGE};
use crate::signal::Cancel;
use crate::ui::Ui;

/// A planned image and what is worth telling about it.
pub(crate) struct Planned {
    pub(crate) image: Image,
    choice: Choice,
    volume: String,
    left_out: usize,
}

/// What the sources hold.
pub(crate) struct Walked {
    pub(crate) tree: HostTree,
    /// The time after which nothing may seem to be made.
    pub(crate) epoch: Option<Timestamp>,
}

/// Walks the sources and tells what is left out. `output` is never taken in.
pub(crate) fn walk(
    sources: &[PathBuf],
    args: &Imaging,
    output: Option<&Path>,
    ui: &Ui,
    cancel: &Cancel,
) -> Result<Walked, Failure> {
    let epoch = source_date_epoch()?;
    let options = WalkOptions {
        root_time: epoch.unwrap_or_default(),
        neutral_owners: args.neutral_owners,
        exclude: never_taken(output, ui),
        named_streams: args.streams,
        ..WalkOptions::default()
    };
    let handle = cancel.imaging();
    let mut walked = HostTree::walk(&host_sources(sources), &options, &mut |progress| {
        ui.event_sometimes("walk", || json!({ "objects": progress.objects, "bytes": progress.bytes }));
        ui.counted("looking at", progress.objects, "objects");
        if handle.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    ui.progress_end();
    for left in &walked.left_out {
        ui.remark(&format!("left out: '{}': {}", left.path.display(), left.reason));
        ui.event("left_out", json!({ "path": left.path.to_string_lossy(), "reason": left.reason }));
    }
    if let Some(epoch) = epoch {
        walked.tree.clamp_times(epoch);
    }
    Ok(Walked { tree: walked, epoch })
}

/// Sources that were walked, and the image that is to be made of them.
pub(crate) struct Prepared {
    input: ImageInput,
    options: ImageOptions,
    choice: Choice,
    left_out: usize,
}

/// Walks the sources and chooses. `output` is never taken into the image.
pub(crate) fn prepare(
    sources: &[PathBuf],
    args: &Imaging,
    output: Option<&Path>,
    free_blocks: u64,
    ui: &Ui,
    cancel: &Cancel,
) -> Result<Prepared, Failure> {
    let Walked { tree: walked, epoch } = walk(sources, args, output, ui, cancel)?;
    let created = epoch.unwrap_or_else(|| newest(&walked.tree));
    let mut choice = choose(args.media, args.udf, &walked.tree);
    if let Some(fs) = args.fs {
        if args.udf.is_some() && !fs.contains(FileSystems::UDF) {
            let what =
                "--udf is the revision of a file system that --fs leaves out; add udf to --fs or drop --udf";
            return Err(Failure::new(USAGE, what));
        }
        choice.file_systems = fs.completed();
        choice.reason = "as asked for".to_owned();
    } else if args.embed.is_some() {
        choice.file_systems = FileSystems::UDF;
        choice.reason = "files in file entries need UDF alone".to_owned();
    }
    let volume = args.volume.clone().unwrap_or_else(|| volume_name(sources));
    let left_out = walked.left_out.len();
    let mut input = ImageInput::from(walked);
    let (boot, boot_info) = boot::catalog(&args.boot, &mut input)?;
    let options = ImageOptions {
        file_systems: choice.file_systems,
        udf_revision: choice.udf_revision,
        iso_level: args.iso_level,
        names: args.names.into(),
        on_changed: args.on_changed.into(),
        embed_up_to: args.embed,
        session: SessionInfo { start: 0, free_blocks, write_unit: 32 },
        mirror: !args.no_mirror,
        vat: args.vat,
        boot,
        boot_info,
        ..ImageOptions::new(volume, created)
    };
    Ok(Prepared { input, options, choice, left_out })
}

impl Prepared {
    /// Names everything that a file system cannot hold as it is; how much of it there is, and how much of that lets no
    /// image be made.
    pub(crate) fn preflight(&self, ui: &Ui) -> Result<(usize, usize), Failure> {
        let obstacles = preflight(&self.input.tree, &self.options)?;
        for obstacle in &obstacles {
            ui.event(
                "obstacle",
                json!({
                    "consequence": obstacle.consequence.to_string(), "path": obstacle.path,
                    "file_system": obstacle.file_system, "what": obstacle.what, "recorded": obstacle.recorded,
                }),
            );
            ui.print(&obstacle_line(obstacle));
        }
        let refused = obstacles.iter().filter(|o| o.consequence == Consequence::Refused).count();
        Ok((obstacles.len(), refused))
    }

    /// Gives every file its address.
    pub(crate) fn plan(self, ui: &Ui) -> Result<Planned, Failure> {
        let Self { input, options, choice, left_out } = self;
        let image = Image::new(input, &options).map_err(|error| refused(error, ui))?;
        if ui.is_json() {
            for change in image.changes() {
                ui.event("changed", change_fields(&image.tree().path(change.node), change));
            }
        }
        Ok(Planned { image, choice, volume: options.volume_name, left_out })
    }
}

/// Walks the sources, chooses, plans, and lists every changed name. `output` is never taken into the image.
pub(crate) fn plan(
    sources: &[PathBuf],
    args: &Imaging,
    output: Option<&Path>,
    free_blocks: u64,
    ui: &Ui,
    cancel: &Cancel,
) -> Result<Planned, Failure> {
    let planned = prepare(sources, args, output, free_blocks, ui, cancel)?.plan(ui)?;
    if !ui.is_json() {
        list_changes(&planned.image, ui);
    }
    Ok(planned)
}

/// One obstacle in the words for people.
fn obstacle_line(obstacle: &Obstacle) -> String {
    let Obstacle { consequence, file_system, path, what, recorded } = obstacle;
    match recorded {
        Some(name) => format!("{consequence}: {file_system}: '{path}' becomes '{name}': {what}"),
        None => format!("{consequence}: {file_system}: '{path}': {what}"),
    }
}

/// Objects left out of a file system that are shown one by one; symbolic links in Joliet can be thousands.
const SHOWN: usize = 20;

pub(crate) fn list_changes(image: &Image, ui: &Ui) {
    let mut left_out: Vec<(&str, &str, usize)> = Vec::new();
    for change in image.changes() {
        let path = image.tree().path(change.node);
        if change.recorded.is_none() {
            let known = left_out.iter_mut().find(|l| (l.0, l.1) == (change.file_system, change.reason));
            let count = match known {
                Some(known) => {
                    known.2 += 1;
                    known.2
                }
                None => {
                    left_out.push((change.file_system, change.reason, 1));
                    1
                }
            };
            if count > SHOWN {
                continue;
            }
        }
        ui.remark(&change_line(&path, change));
    }
    for (file_system, reason, count) in left_out.into_iter().filter(|l| l.2 > SHOWN) {
        let more = count - SHOWN;
        ui.remark(&format!("not in {file_system}: {more} more: {reason}; --dry-run lists every one"));
    }
}

/// One change in the words for people.
pub(crate) fn change_line(path: &str, change: &glassmaster::tree::NameChange) -> String {
    match &change.recorded {
        Some(name) => {
            format!("changed in {}: '{path}' becomes '{name}': {}", change.file_system, change.reason)
        }
        None => format!("not in {}: '{path}': {}", change.file_system, change.reason),
    }
}

pub(crate) fn change_fields(path: &str, change: &glassmaster::tree::NameChange) -> Value {
    json!({
        "path": path, "file_system": change.file_system, "recorded": change.recorded, "reason": change.reason,
    })
}

pub(crate) fn refused(error: glassmaster::imapi2fs::Error, ui: &Ui) -> Failure {
    if let glassmaster::imapi2fs::Error::NamesRefused(changes) = &error {
        for refused in changes {
            ui.event("changed", change_fields(&refused.path, &refused.change));
            ui.remark(&change_line(&refused.path, &refused.change));
        }
    }
    error.into()
}

impl Planned {
    /// Fields of the result.
    pub(crate) fn summary(&self) -> Value {
        let tree = self.image.tree();
        json!({
            "file_systems": self.choice.file_systems.to_string(),
            "udf_revision": self.choice.file_systems.contains(FileSystems::UDF)
                .then(|| self.choice.udf_revision.to_string()),
            "reason": self.choice.reason,
            "volume": self.volume,
            "blocks": self.image.blocks(),
            "bytes": self.image.bytes(),
            "directories": tree.directory_count(),
            "objects": tree.len(),
            "changed_names": self.image.changes().len(),
            "left_out": self.left_out,
        })
    }

    /// One line for people.
    pub(crate) fn line(&self) -> String {
        let udf = if self.choice.file_systems.contains(FileSystems::UDF) {
            format!(" (UDF {})", self.choice.udf_revision)
        } else {
            String::new()
        };
        format!(
            "{}{udf}, {} objects, {} sectors; {}",
            self.choice.file_systems,
            self.image.tree().len() - 1,
            self.image.blocks(),
            self.choice.reason
        )
    }

    /// Files that were padded while the image was written.
    pub(crate) fn repairs(&self, ui: &Ui) -> Vec<Value> {
        padded(&self.image, ui)
    }
}

/// Tells the files of an image that were padded.
pub(crate) fn padded(image: &Image, ui: &Ui) -> Vec<Value> {
    let repairs = image.repairs();
    for repair in &repairs {
        ui.remark(&format!("padded: '{}': {}", repair.path.display(), repair.what));
    }
    repairs.iter().map(|r| json!({ "path": r.path.to_string_lossy(), "what": r.what })).collect()
}

/// Device and inode numbers of the output itself and of what killed runs have left of it.
fn never_taken(output: Option<&Path>, ui: &Ui) -> Vec<(u64, u64)> {
    let Some(output) = output else { return Vec::new() };
    // An output whose folder cannot be listed is an error of the writing, which names it.
    let unfinished = glassmaster::imapi2fs::unfinished_outputs(output).unwrap_or_default();
    for path in &unfinished {
        ui.remark(&format!("'{}' is left of a build that was killed; it can be removed", path.display()));
    }
    let all = unfinished.iter().map(std::path::PathBuf::as_path).chain([output]);
    all.filter_map(|p| p.metadata().ok()).map(|m| (m.dev(), m.ino())).collect()
}

/// A single folder stands for its contents, one of several for itself, one with a trailing `/` for its contents.
fn host_sources(sources: &[PathBuf]) -> Vec<HostSource> {
    sources
        .iter()
        .map(|path| HostSource {
            path: path.clone(),
            contents_only: sources.len() == 1 || path.as_os_str().as_bytes().ends_with(b"/"),
        })
        .collect()
}

/// Name of the first source, in characters that every file system records; `DISC` when it has none.
fn volume_name(sources: &[PathBuf]) -> String {
    let first = sources.first().and_then(|p| p.canonicalize().ok());
    // A folder called `release-1.2` has no extension.
    let part = if first.as_deref().is_some_and(Path::is_dir) { Path::file_name } else { Path::file_stem };
    let name = first.as_deref().and_then(part).map(|n| n.to_string_lossy().into_owned());
    let name: String = name
        .unwrap_or_default()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '.' { c } else { '_' })
        .take(32)
        .collect();
    if name.is_empty() { "DISC".to_owned() } else { name }
}

/// Newest modification in the tree: a creation time that is the same for the same source on any day.
pub(crate) fn newest(tree: &Tree) -> Timestamp {
    tree.nodes().map(|n| n.modified()).max().unwrap_or_default()
}

/// Seconds since 1970 that a volume's creation time can say (ECMA-119 8.4.26.1, ECMA-167 1/7.3).
const YEARS_1_TO_9999: std::ops::Range<i64> = -62_135_596_800..253_402_300_800;

/// `SOURCE_DATE_EPOCH`, the reproducible-builds convention: seconds since 1970.
pub(crate) fn source_date_epoch() -> Result<Option<Timestamp>, Failure> {
    match std::env::var("SOURCE_DATE_EPOCH") {
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(e) => Err(Failure::new(USAGE, format!("SOURCE_DATE_EPOCH: {e}"))),
        Ok(text) => match text.trim().parse() {
            Ok(secs) if YEARS_1_TO_9999.contains(&secs) => Ok(Some(Timestamp::from_secs(secs))),
            _ => {
                let what = format!(
                    "SOURCE_DATE_EPOCH is '{text}', not a number of seconds between the years 1 and 9999"
                );
                Err(Failure::new(USAGE, what))
            }
        },
    }
}

/// An image file given as the source of a burn.
pub(crate) struct ImageFile {
    pub(crate) source: std::sync::Arc<dyn glassmaster::disc::BlockSource>,
    path: PathBuf,
    before: Version,
}

/// Length, and seconds and nanoseconds of the last change.
type Version = (u64, i64, i64);

fn version(path: &Path) -> Result<Version, Failure> {
    let found = path.metadata();
    let found = found.map_err(|e| Failure::new(FAILED, format!("'{}': {e}", path.display())))?;
    Ok((found.len(), found.mtime(), found.mtime_nsec()))
}

impl ImageFile {
    /// Whether it ends where a sector does.
    pub(crate) fn check_whole(&self) -> Result<(), Failure> {
        let bytes = self.before.0;
        if bytes.is_multiple_of(SECTOR_U64) {
            return Ok(());
        }
        let what = format!(
            "the image '{}' has {bytes} bytes, which is no multiple of {SECTOR_U64}: it is cut short, or something stands \
             behind it; next: make or copy it again",
            self.path.display()
        );
        Err(Failure::new(FAILED, what))
    }

    /// Whether the file is still the one that was opened: what was read of it may else be of two versions.
    pub(crate) fn check_unchanged(&self) -> Result<(), Failure> {
        if version(&self.path).is_ok_and(|now| now == self.before) {
            return Ok(());
        }
        let what = format!(
            "the image '{}' changed while it was burnt: the disc holds what was read of it, which may be of two versions; \
             next: compare the disc with it, and burn again when nobody writes to it",
            self.path.display()
        );
        Err(Failure::new(FAILED, what))
    }
}

/// What a person names is meant to be on the disc with what is in it. Of a pipe or a device only the bare node could be,
/// as of those that are found within folders.
pub(crate) fn refuse_what_is_no_file(sources: &[PathBuf]) -> Result<(), Failure> {
    for path in sources {
        if path == Path::new("-") && !path.exists() {
            let what = "a source is read more than once and cannot come through standard input; next: write it to a file \
                        and name that";
            return Err(Failure::new(USAGE, what));
        }
        let Ok(found) = path.metadata() else { continue };
        let kind = match found.file_type() {
            kind if kind.is_fifo() => "a pipe",
            kind if kind.is_socket() => "a socket",
            kind if kind.is_block_device() || kind.is_char_device() => "a device",
            _ => continue,
        };
        let what = format!(
            "'{}' is {kind}, and a source is a file or a folder: it is read more than once; next: write what it holds to a \
             file and name that",
            path.display()
        );
        return Err(Failure::new(USAGE, what));
    }
    Ok(())
}

/// A file that is an image: it holds a file system known here.
pub(crate) fn as_image(sources: &[PathBuf]) -> Result<Option<ImageFile>, Failure> {
    let [path] = sources else { return Ok(None) };
    if !path.is_file() {
        return Ok(None);
    }
    let before = version(path)?;
    let source = glassmaster::imapi2fs::FileSource::open(path)?;
    if glassmaster::imapi2fs::identify(&source)?.is_empty() {
        return Ok(None);
    }
    Ok(Some(ImageFile { source: std::sync::Arc::new(source), path: path.clone(), before }))
}
