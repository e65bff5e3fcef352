//! From a folder to an image: host walk, plan, image stream, output; and back: volumes, extraction, comparison.

mod append;
mod boot_options;
mod code;
mod contents;
mod defaults;
mod error;
mod host;
mod image;
mod import;
mod iso_image_manager;
mod object;
mod options;
mod output;
mod plan;
mod preflight;
mod progress;
mod result;
mod stream;
mod volume;

pub use append::{AppendFile, NextSession, SessionPlace, merge};
pub use boot_options::{BootOptions, boot_catalog, check_boot_set};
pub use code::{Failure, host_code, message_form};
pub use contents::{Contents, DataReader, DataStream, ImageInput};
pub use defaults::{Choice, choose, nominal_blocks};
pub use error::{Error, RefusedName, SourceProblem};
pub use host::{HostFiles, HostSource, HostTree, LeftOut, Links, WalkOptions, WalkProgress};
pub use image::{Image, ImageSource, ProgressItem, Repair};
pub use import::{
    ImportEvent, ImportOptions, ImportSink, Imported, PreviousSession, UdfPrevious, default_for_import,
    disc_identifier, select,
};
pub use iso_image_manager::IsoImageManager;
pub use object::{
    DirectoryItem, FileItem, FileSystemImage, FsiItem, ItemType, LocalTime, NamedStreams, Outcome,
    Surroundings, UpdateEvent,
};
pub use options::{FileSystems, ImageOptions, NamePolicy, OnChanged, PreviousLayout};
pub use output::unfinished_outputs;
pub use preflight::{Consequence, Obstacle, preflight};
pub use progress::{CancelHandle, Progress, ProgressSink};
pub use result::{
    Enumerator, Guard, ImageResult, ProgressItems, ResultFacts, ResultStream, Snapshot, StreamStat,
};
pub use stream::ImageStream;
pub use volume::{
    Compared, Difference, ExtractOptions, Extracted, FileSource, Problem, Side, VolumeKind, check,
    check_session, compare, extract, identify, identify_session, open, open_session,
};
