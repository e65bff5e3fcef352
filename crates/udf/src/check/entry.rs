//! Fields of file entries (ECMA-167 4/14.9, 4/14.17, UDF 2.3.5, 2.3.6, 3.3.3).

use glassmaster_disc::{BlockSource, Severity};

use super::files::{Role, Walk};
use super::space::Use;
use super::{attributes, field};
use crate::raw::field::{u16_at, u32_at, u64_at};
use crate::raw::icb_tag::{
    AD_EMBEDDED, STRATEGY_4, TYPE_BLOCK_DEVICE, TYPE_CHAR_DEVICE, TYPE_DIRECTORY, TYPE_REAL_TIME,
    TYPE_STREAM_DIRECTORY, TYPE_SYMLINK,
};
use crate::raw::path_component::decode_path;
use crate::read::extents::{Form, unknown_form};
use crate::read::icb::{Direct, STRATEGY_4096};

/// Bit of the ICB flags: the object is a stream (ECMA-167 4/14.6.8).
const STREAM: u16 = 1 << 13;
/// Bytes of a link target that are read.
const TARGET_LIMIT: u64 = 65_536;

/// What of an entry the walk goes on with.
pub(super) struct Checked {
    /// Offsets of a directory's pieces and their first blocks.
    pub(super) pieces: Vec<(u64, u32)>,
    /// Whether the content can be read.
    pub(super) good: bool,
}

impl<S: BlockSource> Walk<'_, '_, S> {
    /// Checks the fields and the allocation of a file entry that can be read.
    pub(super) fn entry_fields(&mut self, direct: &Direct, role: Role) -> Checked {
        let at = self.volume.sector_of(direct.block);
        let bytes: &[u8] = &direct.bytes;
        let fields = *direct.fields();
        let flags = fields.icb.flags;
        let file_type = fields.icb.file_type;
        let fits = self.icb_tag(at, bytes, file_type, role);
        if direct.extended && !self.rules.third_edition() {
            self.report.error("UDF 2.3.6", at, "an extended file entry before UDF 2.00");
        }
        if fields.permissions >> 15 != 0 {
            let what = format!("reserved permission bits are set: {:#x}", fields.permissions);
            self.report.warning("ECMA-167 4/14.9.5", at, what);
        }
        if bytes[50] != 0 || bytes[51] != 0 || u32_at(bytes, 52) != 0 {
            let what = "record format, display attributes and record length are not all 0";
            self.report.warning("UDF 2.3.6.1", at, what);
        }
        let stamps: &[(usize, &str)] = if direct.extended {
            &[(80, "access time"), (92, "modification time"), (104, "creation time"), (116, "attribute time")]
        } else {
            &[(72, "access time"), (84, "modification time"), (96, "attribute time")]
        };
        for (from, name) in stamps {
            field::timestamp(self.report, at, &bytes[*from..], name);
        }
        let (checkpoint, ea_icb, writer) = if direct.extended { (128, 136, 168) } else { (108, 112, 128) };
        if u32_at(bytes, checkpoint) == 0 {
            self.report.note("ECMA-167 4/14.9.15", at, "checkpoint 0, numbers begin at 1");
        }
        field::implementation(self.report, at, &bytes[writer..], "file entry");
        if u32_at(bytes, ea_icb) != 0 {
            let what = "extended attributes in an ICB of their own are not checked";
            self.report.note("ECMA-167 4/14.9.18", at, what);
        }
        if direct.extended {
            let object = u64_at(bytes, 64);
            let lone = direct.streams().is_none();
            if (lone && object != fields.size) || object < fields.size {
                let what = format!("object size {object}, the file has {} bytes", fields.size);
                self.report.warning("ECMA-167 4/14.17.11", at, what);
            }
        }
        if !fields.attributes_len.is_multiple_of(4) {
            let what = format!("{} bytes of extended attributes, no multiple of 4", fields.attributes_len);
            self.report.warning("ECMA-167 4/14.9.20", at, what);
        }
        let location = direct.address.block;
        let found = attributes::check(self.report, self.rules, at, location, direct.attributes());
        if matches!(file_type, TYPE_BLOCK_DEVICE | TYPE_CHAR_DEVICE) && !found.device {
            self.report.error("UDF 3.3.4.4", at, "a device without device specification attribute");
        }
        let mut checked = self.content(direct, flags, at);
        checked.good &= fits;
        if file_type == TYPE_SYMLINK && checked.good {
            match self.volume.read_whole(direct, TARGET_LIMIT) {
                Ok(path) => {
                    if let Err(error) = decode_path(&path) {
                        self.report.error("ECMA-167 4/14.16", at, format!("symbolic link: {error}"));
                    } else if path.is_empty() {
                        self.report.warning("ECMA-167 4/14.16", at, "a symbolic link without target");
                    }
                }
                Err(error) => self.report.unreadable("ECMA-167 4/14.16", &error),
            }
        }
        checked
    }

    fn content(&mut self, direct: &Direct, flags: u16, at: u64) -> Checked {
        let fields = *direct.fields();
        let is_directory = matches!(fields.icb.file_type, TYPE_DIRECTORY | TYPE_STREAM_DIRECTORY);
        if flags & 7 == AD_EMBEDDED {
            let room = direct.allocation().len();
            if usize::try_from(fields.size) != Ok(room) {
                let what = format!("{} bytes are embedded in a field of {room}", fields.size);
                if usize::try_from(fields.size).is_ok_and(|size| size <= room) {
                    self.report.warning("ECMA-167 4/14.6.8", at, what);
                } else {
                    self.report.error("ECMA-167 4/14.6.8", at, what);
                    return Checked { pieces: Vec::new(), good: false };
                }
            }
            if fields.blocks != 0 {
                let what = format!("{} logical blocks recorded of an embedded object", fields.blocks);
                self.report.warning("ECMA-167 4/14.9.11", at, what);
            }
            return Checked { pieces: vec![(0, direct.address.block)], good: true };
        }
        let Some(form) = Form::of(flags) else {
            self.report.error("UDF 2.3.5.4", at, unknown_form(flags));
            return Checked { pieces: Vec::new(), good: false };
        };
        let what = if is_directory { Use::Directory } else { Use::Data };
        let sum = self.allocation(direct, form, what);
        if sum.good && fields.blocks != sum.recorded_blocks {
            let what = format!(
                "{} logical blocks recorded, the extents have {}",
                fields.blocks, sum.recorded_blocks
            );
            if fields.blocks < sum.recorded_blocks {
                self.report.error("ECMA-167 4/14.9.11", at, what);
            } else {
                // Blocks behind the end and allocated ones are counted by some.
                self.report.note("ECMA-167 4/14.9.11", at, what);
            }
        }
        Checked { pieces: sum.pieces, good: sum.good }
    }

    /// Whether the object is what led to it says.
    fn icb_tag(&mut self, at: u64, bytes: &[u8], file_type: u8, role: Role) -> bool {
        let (strategy, parameter, most) = (u16_at(bytes, 20), u16_at(bytes, 22), u16_at(bytes, 24));
        let flags = u16_at(bytes, 34);
        let wanted = match strategy {
            STRATEGY_4 => 1,
            STRATEGY_4096 => {
                if self.write_once != Some(true) {
                    let what = "strategy 4096, which is for write-once media";
                    // Only later revisions forbid it elsewhere.
                    let severity =
                        if self.rules.revision >= 0x0250 { Severity::Warning } else { Severity::Note };
                    self.report.add(severity, "UDF 2.3.5.1", at, what);
                }
                2
            }
            _ => most,
        };
        if most != wanted {
            let what = format!("an ICB of {most} entries, strategy {strategy} has {wanted}");
            self.report.warning("ECMA-167 4/14.6.4", at, what);
        }
        if parameter != 0 && strategy == STRATEGY_4 {
            let what = format!("strategy parameter {parameter} instead of 0");
            self.report.warning("ECMA-167 4/14.6.3", at, what);
        }
        if strategy == STRATEGY_4 && bytes[28..34] != [0; 6] {
            let severity = if self.rules.revision >= 0x0250 { Severity::Warning } else { Severity::Note };
            self.report.add(severity, "UDF 2.3.5.3", at, "the parent ICB location is not 0");
        }
        if bytes[26] != 0 {
            self.report.warning("ECMA-167 4/14.6.5", at, "the reserved byte of the ICB tag is not 0");
        }
        if flags & (1 << 3) != 0 && role.is_directory() {
            self.report.warning("UDF 2.3.5.4", at, "the directory claims to be sorted");
        }
        if flags & (1 << 11 | 1 << 12) != 0 {
            let what = format!("transformed or multi-version: flags {flags:#06x}");
            self.report.warning("UDF 2.3.5.4", at, what);
        }
        if flags >> 14 != 0 {
            let what = format!("reserved ICB flags are set: {flags:#06x}");
            self.report.warning("ECMA-167 4/14.6.8", at, what);
        }
        // The directory of streams is no stream itself; writers do it either way.
        if role != Role::StreamDirectory
            && (flags & STREAM != 0) != (role == Role::Stream)
            && self.rules.third_edition()
        {
            let what = match role {
                Role::Stream => "the stream bit is not set",
                _ => "the stream bit is set of what is no stream",
            };
            self.report.warning("ECMA-167 4/14.6.8", at, what);
        }
        let fits = match role {
            Role::Directory => file_type == TYPE_DIRECTORY,
            Role::StreamDirectory => file_type == TYPE_STREAM_DIRECTORY,
            Role::Stream => matches!(file_type, 0 | 5 | TYPE_REAL_TIME),
            Role::File => matches!(file_type, 0 | 5..=7 | 9 | 10 | 12 | TYPE_REAL_TIME),
        };
        let disagree = match role {
            Role::Directory => matches!(file_type, 0 | 5..=7 | 9 | 10 | 12 | TYPE_REAL_TIME),
            Role::File => file_type == TYPE_DIRECTORY,
            Role::Stream | Role::StreamDirectory => false,
        };
        if disagree {
            let what = format!("file type {file_type}, but the name says {}", role.name());
            self.report.error("ECMA-167 4/14.4.3", at, what);
        } else if !fits {
            let what = format!("file type {file_type} of {}", role.name());
            self.report.error("ECMA-167 4/14.6.6", at, what);
        }
        if file_type == TYPE_REAL_TIME && self.rules.revision < 0x0201 {
            self.report.warning("UDF 2.3.5.2.1", at, "a real-time file before UDF 2.01");
        }
        if file_type == 0 {
            self.report.note("UDF 2.3.5.2", at, "file type 0, not specified, instead of 5");
        }
        fits
    }
}
