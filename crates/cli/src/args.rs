//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use glassmaster::disc::MediaType;
use glassmaster::imapi2fs::{FileSystems, Level, NamePolicy, OnChanged, Revision, VolumeKind};

use crate::boot::BootImage;

/// Master optical discs: build images, burn and verify discs, read them back.
///
/// Exit status: 0 done, 1 failed, 2 usage, 3 verification or comparison found differences, 4 drive or medium
/// unsuitable, 130 cancelled.
#[derive(Parser)]
#[command(name = "glassmaster", version)]
pub(crate) struct Args {
    /// Write one JSON object a line to standard output; the last line is the result.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// No progress and no remarks, only the result and errors.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make an image of folders and files.
    Build(Build),
    /// Burn folders and files, or an image, and verify the disc.
    Burn(Burn),
    /// Make a rewritable disc blank again.
    Erase(Erase),
    /// Add a session to an image file: new files, removed ones, in place; what is there already is not copied.
    Append(Append),
    /// List what an image or disc holds; control characters in names are shown as \xNN.
    List(List),
    /// Copy the files of an image or disc into a folder.
    Extract(Extract),
    /// Verify the file systems of an image or disc against their standards.
    Check(Check),
    /// Say what an image, a disc and its drive are.
    Info(Info),
    /// Compare an image or disc with a folder, an image or another disc.
    Compare(Compare),
    /// List the recorders of this machine.
    Drives(Drives),
    /// Make or serve a virtual disc.
    Disc(Disc),
}

impl Command {
    /// Whether standard output carries an image, so that nothing else may go there.
    pub(crate) fn writes_to_stdout(&self) -> bool {
        matches!(self, Self::Build(build) if !build.dry_run && build.output.as_os_str() == "-")
    }
}

/// What goes into an image, for `build` and `burn`.
#[derive(clap::Args, Clone)]
pub(crate) struct Imaging {
    /// File systems, a comma-separated list of iso9660, joliet, rock-ridge and udf [default: what suits the medium and
    /// the files].
    #[arg(long, value_name = "LIST")]
    pub(crate) fs: Option<FileSystems>,
    /// Revision of UDF: 1.02, 1.50, 2.00, 2.01, 2.50 or 2.60.
    #[arg(long, value_name = "REVISION")]
    pub(crate) udf: Option<Revision>,
    /// Level of ISO 9660; 3 allows files of 4 GiB and more.
    #[arg(long, value_name = "LEVEL", default_value = "3", value_parser = iso_level)]
    pub(crate) iso_level: Level,
    /// Volume name [default: the name of the first source].
    #[arg(long, value_name = "NAME")]
    pub(crate) volume: Option<String>,
    /// Medium the image is for: cd-r, dvd+r, dvd+rw, bd-r, bd-re, ...
    #[arg(long, value_name = "TYPE")]
    pub(crate) media: Option<MediaType>,
    /// Names that a file system cannot hold: map them and list every change, or refuse.
    #[arg(long, value_enum, default_value = "map")]
    pub(crate) names: Names,
    /// Files that change while the image is written: fail, or pad them with zeros and say so.
    #[arg(long, value_enum, default_value = "fail")]
    pub(crate) on_changed: Changed,
    /// With UDF alone: keep files of at most BYTES bytes in their file entries.
    #[arg(long, value_name = "BYTES")]
    pub(crate) embed: Option<u32>,
    /// Image that firmware starts: PLATFORM=FILE, PLATFORM bios, efi, ppc, mac or a number; behind it, after commas,
    /// emulation=none|1.2|1.44|2.88|hd, load-segment=HEX, load-sectors=N, id=TEXT, info-table
    /// (bytes 8 to 63 tell the loader where it stands, as ISOLINUX needs it) and not-bootable. May be given up to 32
    /// times; a BIOS starts the first. The images do not appear as files.
    #[arg(long, value_name = "IMAGE")]
    pub(crate) boot: Vec<BootImage>,
    /// UDF 2.50 and later: keep one copy of directories and file entries instead of two.
    #[arg(long)]
    pub(crate) no_mirror: bool,
    /// UDF 2.00 and later: the extended attributes user.* of files become named streams.
    #[arg(long)]
    pub(crate) streams: bool,
    /// UDF 1.50 and later, for write-once media: a virtual allocation table, so that other programs can append.
    #[arg(long)]
    pub(crate) vat: bool,
    /// Record owner 0, group 0 and read-only permissions instead of the source's.
    #[arg(long)]
    pub(crate) neutral_owners: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Names {
    Map,
    Refuse,
}

impl From<Names> for NamePolicy {
    fn from(names: Names) -> Self {
        match names {
            Names::Map => Self::Map,
            Names::Refuse => Self::Refuse,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Changed {
    Fail,
    Pad,
}

impl From<Changed> for OnChanged {
    fn from(changed: Changed) -> Self {
        match changed {
            Changed::Fail => Self::Fail,
            Changed::Pad => Self::Pad,
        }
    }
}

fn iso_level(text: &str) -> Result<Level, String> {
    match text {
        "1" => Ok(Level::One),
        "2" => Ok(Level::Two),
        "3" => Ok(Level::Three),
        _ => Err("levels of ISO 9660 are 1, 2 and 3".to_owned()),
    }
}

fn times(text: &str) -> Result<f64, String> {
    match text.trim_end_matches(['x', 'X']).parse::<f64>() {
        Ok(times) if times > 0.0 && times <= 1000.0 => Ok(times),
        _ => Err("a write speed is a multiple of 1x above 0, such as 4 or 2.4".to_owned()),
    }
}

#[derive(clap::Args)]
pub(crate) struct Build {
    /// Folders and files. The contents of a single folder become the root of the image; of several sources each
    /// appears under its own name. A folder given with a trailing `/` always stands for its contents.
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) sources: Vec<PathBuf>,
    /// Image file; `-` for standard output.
    #[arg(long, short, value_name = "IMAGE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) imaging: Imaging,
    /// Plan and print everything that a file system cannot hold as it is, then the areas; write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What a further session leaves out of the last one.
#[derive(clap::Args, Clone)]
pub(crate) struct Removals {
    /// File or folder of the last session that the new one does not show; may be given several times.
    #[arg(long, value_name = "PATH")]
    pub(crate) remove: Vec<std::ffi::OsString>,
}

#[derive(clap::Args)]
pub(crate) struct Append {
    /// Image file.
    #[arg(value_name = "IMAGE")]
    pub(crate) image: PathBuf,
    /// Folders and files that are added, as with `build`; they take the place of files with the same names.
    #[arg(value_name = "SOURCE")]
    pub(crate) sources: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) removals: Removals,
    #[command(flatten)]
    pub(crate) imaging: Imaging,
    /// Plan and print what would be written, and where; write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Verify {
    None,
    Quick,
    Full,
}

#[derive(clap::Args)]
pub(crate) struct Burn {
    /// Folders and files, or one image (a file that holds a file system). With --append images are files like others.
    #[arg(required_unless_present = "append", value_name = "SOURCE")]
    pub(crate) sources: Vec<PathBuf>,
    /// Go on from the last session of the disc: its files stay where they are and are shown together with the new ones.
    #[arg(long)]
    pub(crate) append: bool,
    #[command(flatten)]
    pub(crate) removals: Removals,
    /// /dev/sr0, /dev/sg0, virtual:FILE (made blank as --media says when missing) or socket:PATH.
    #[arg(long, value_name = "DRIVE")]
    pub(crate) drive: String,
    #[command(flatten)]
    pub(crate) imaging: Imaging,
    /// Write speed in multiples of the medium's 1x [default: the fastest the medium allows].
    #[arg(long, value_name = "N", value_parser = times)]
    pub(crate) speed: Option<f64>,
    /// Close the disc for good.
    #[arg(long)]
    pub(crate) close: bool,
    /// Overwrite a rewritable medium that holds data.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// How much is read back.
    #[arg(long, value_enum, default_value = "full")]
    pub(crate) verify: Verify,
    /// Go on with a burn that was broken off, by a crash or a power cut, with the same sources and options (--append, too):
    /// DVD+R, BD-R and DVD-R that were written track by track, and everything that can be overwritten.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Folder for the journals by which --resume goes on [default: $XDG_STATE_HOME/glassmaster].
    #[arg(long, value_name = "DIR")]
    pub(crate) journal: Option<PathBuf>,
    /// MiB between two safe points of the journal.
    #[arg(long, value_name = "MIB", default_value = "64", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) journal_every: u32,
    /// Write report.json, report.txt and picture.svg about the burn and its verification into this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
    /// Eject the disc afterwards.
    #[arg(long)]
    pub(crate) eject: bool,
    /// Record nothing: where drive and disc have a test write, go through all of it with the laser at read power, else
    /// only plan and check. The result says which.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not hold off suspend and shutdown (logind) while the disc is written.
    #[arg(long)]
    pub(crate) no_inhibit: bool,
}

/// What is erased, and how.
#[derive(clap::Args)]
pub(crate) struct Erase {
    /// /dev/sr0, /dev/sg0, virtual:FILE or socket:PATH.
    #[arg(long, value_name = "DRIVE")]
    pub(crate) drive: String,
    /// Overwrite the whole disc, which takes as long as writing it; otherwise only what makes it blank.
    #[arg(long)]
    pub(crate) full: bool,
    /// Eject the disc afterwards.
    #[arg(long)]
    pub(crate) eject: bool,
    /// Do not hold off suspend and shutdown (logind) meanwhile.
    #[arg(long)]
    pub(crate) no_inhibit: bool,
}

/// An image file or a drive, and which of its file systems.
#[derive(clap::Args)]
pub(crate) struct Source {
    /// Image file, /dev/sr0, virtual:FILE or socket:PATH.
    #[arg(value_name = "IMAGE|DRIVE")]
    pub(crate) source: String,
    /// Which file system: rock-ridge, udf, joliet or iso9660 [default: the first of these that is there].
    #[arg(long, value_name = "NAME")]
    pub(crate) fs: Option<VolumeKind>,
    #[command(flatten)]
    pub(crate) session: Session,
}

/// Which session of a disc is looked at.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct Session {
    /// Session of a disc, counted from 1 [default: the last one].
    #[arg(long, value_name = "N")]
    pub(crate) session: Option<u16>,
}

#[derive(clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Kind, permissions, size, time and target of every object.
    #[arg(long, short)]
    pub(crate) long: bool,
}

#[derive(clap::Args)]
pub(crate) struct Extract {
    #[command(flatten)]
    pub(crate) source: Source,
    /// Folder the files go into; made when missing.
    #[arg(long, short, value_name = "FOLDER", default_value = ".")]
    pub(crate) output: PathBuf,
    /// Replace files that exist.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Named streams become extended attributes user.NAME of their files.
    #[arg(long)]
    pub(crate) streams: bool,
    /// Bytes to extract at most [default: 16 times the image].
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_bytes: Option<u64>,
}

#[derive(clap::Args)]
pub(crate) struct Check {
    /// Image file, /dev/sr0, virtual:FILE or socket:PATH.
    #[arg(value_name = "IMAGE|DRIVE")]
    pub(crate) source: String,
    #[command(flatten)]
    pub(crate) session: Session,
}

#[derive(clap::Args)]
pub(crate) struct Info {
    /// Image file, /dev/sr0, virtual:FILE or socket:PATH.
    #[arg(value_name = "IMAGE|DRIVE")]
    pub(crate) source: String,
    #[command(flatten)]
    pub(crate) session: Session,
    /// Draw sessions, tracks, files and, of a disc, the speed of reading from the centre to the rim.
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) picture: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Drives {
    /// Drives to list beside those of the system: virtual:FILE or socket:PATH.
    #[arg(value_name = "DRIVE")]
    pub(crate) also: Vec<String>,
    /// Then tell which drives come and go, until interrupted.
    #[arg(long)]
    pub(crate) watch: bool,
}

#[derive(clap::Args)]
pub(crate) struct Compare {
    /// Image file, /dev/sr0, virtual:FILE or socket:PATH.
    #[arg(value_name = "IMAGE|DRIVE")]
    pub(crate) left: String,
    /// Folder, image file or drive.
    #[arg(value_name = "FOLDER|IMAGE|DRIVE")]
    pub(crate) right: String,
    /// Which file system of both: rock-ridge, udf, joliet or iso9660.
    #[arg(long, value_name = "NAME")]
    pub(crate) fs: Option<VolumeKind>,
}

#[derive(clap::Args)]
pub(crate) struct Disc {
    #[command(subcommand)]
    pub(crate) command: DiscCommand,
}

#[derive(Subcommand)]
pub(crate) enum DiscCommand {
    /// Make a blank virtual disc.
    New {
        /// File that holds the disc; must not exist.
        file: PathBuf,
        /// cd-r, cd-rw, dvd-r, dvd-r-dl, dvd-rw, dvd-ram, dvd+r, dvd+r-dl, dvd+rw, dvd+rw-dl, bd-r, bd-re or disk.
        #[arg(long, value_name = "TYPE")]
        media: MediaType,
        /// Size, where the medium is made in several: CD 80min or 74min, DVD-RAM 4.7gb or 2.6gb, BD 25gb, 50gb, 100gb or
        /// (bd-r) 128gb, disk 2gb, 640mb or 32gb.
        #[arg(long, value_name = "SIZE")]
        capacity: Option<String>,
        /// Formatted instead of as sold, where the medium can be.
        #[arg(long)]
        formatted: bool,
    },
    /// Serve a virtual recorder with a disc on a unix socket until interrupted.
    Serve {
        /// File that holds the disc.
        file: PathBuf,
        /// Socket to listen on (SOCK_SEQPACKET); replaced when a dead one is in the way.
        #[arg(long, value_name = "PATH")]
        socket: PathBuf,
    },
}
