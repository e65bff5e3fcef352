//! Writing of cue sheets.

use std::fmt::Write as _;

use super::{CueFile, FRAMES, FileKind, LAST_TRACK, Texts, TrackMode};

/// Why something cannot be written as a cue sheet.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CueWriteError {
    /// A text with a quotation mark or the end of a line: there is no way to write these.
    #[error("{0:?} cannot be written: a text of a cue sheet has no quotation marks and is one line")]
    Text(String),
    /// Numbers or times that do not follow each other, or a file that is not there.
    #[error("track {0} does not follow the one before it, or its indexes do not")]
    Order(u8),
    /// No tracks.
    #[error("there is no track")]
    NoTrack,
}

fn quoted(text: &str) -> Result<String, CueWriteError> {
    if text.contains(['"', '\n', '\r']) {
        return Err(CueWriteError::Text(text.to_owned()));
    }
    Ok(format!("\"{text}\""))
}

fn time(frames: u32) -> String {
    format!("{:02}:{:02}:{:02}", frames / 4500, frames / 75 % 60, frames % 75)
}

/// The sheet and how far it got in its files.
struct Writer {
    out: String,
    /// Files that are named already.
    files: usize,
}

impl Writer {
    fn line(&mut self, indent: usize, text: &str) {
        // Writing to a String does not fail.
        let _ = writeln!(self.out, "{:indent$}{text}", "");
    }

    fn remarks(&mut self, indent: usize, remarks: &[String]) -> Result<(), CueWriteError> {
        for remark in remarks {
            if remark.contains(['\n', '\r']) {
                return Err(CueWriteError::Text(remark.clone()));
            }
            self.line(indent, format!("REM {remark}").trim_end());
        }
        Ok(())
    }

    fn texts(&mut self, indent: usize, texts: &Texts) -> Result<(), CueWriteError> {
        let all =
            [("TITLE", &texts.title), ("PERFORMER", &texts.performer), ("SONGWRITER", &texts.songwriter)];
        for (command, text) in all {
            if let Some(text) = text {
                self.line(indent, &format!("{command} {}", quoted(text)?));
            }
        }
        Ok(())
    }

    /// Names the files up to the one at `file`.
    fn up_to(&mut self, sheet: &CueFile, file: usize) -> Result<(), CueWriteError> {
        for source in sheet.files.get(self.files..=file).unwrap_or_default() {
            let kind =
                FileKind::ALL.iter().find(|(kind, _)| *kind == source.kind).map_or("", |(_, name)| name);
            self.line(0, &format!("FILE {} {kind}", quoted(&source.name)?));
        }
        self.files = self.files.max(file + 1);
        Ok(())
    }
}

impl CueFile {
    /// The text, its lines ending with a line feed.
    ///
    /// # Errors
    /// [`CueWriteError`] when it would not be read again as it is.
    pub fn to_text(&self) -> Result<String, CueWriteError> {
        let mut writer = Writer { out: String::new(), files: 0 };
        writer.remarks(0, &self.remarks)?;
        if let Some(catalog) = self.catalog {
            writer.line(0, &format!("CATALOG {catalog}"));
        }
        if let Some(name) = &self.cd_text_file {
            writer.line(0, &format!("CDTEXTFILE {}", quoted(name)?));
        }
        writer.texts(0, &self.texts)?;
        let first = self.tracks.first().ok_or(CueWriteError::NoTrack)?.number;
        let mut before = (0, 0);
        for (expected, track) in (usize::from(first)..).zip(&self.tracks) {
            let wrong = CueWriteError::Order(track.number);
            let start = track.indexes.first().ok_or_else(|| wrong.clone())?;
            let numbers = (start.number..).zip(&track.indexes).all(|(n, index)| index.number == n && n <= 99);
            let has_start = start.number == 1 || (start.number == 0 && track.indexes.len() > 1);
            if usize::from(track.number) != expected
                || !(1..=LAST_TRACK).contains(&track.number)
                || !numbers
                || !has_start
            {
                return Err(wrong);
            }
            writer.up_to(self, start.file)?;
            let mode = TrackMode::ALL.iter().find(|(mode, _, _)| *mode == track.mode);
            writer.line(2, &format!("TRACK {:02} {}", track.number, mode.map_or("", |(_, name, _)| name)));
            writer.remarks(4, &track.remarks)?;
            writer.texts(4, &track.texts)?;
            let flags = track.flags;
            let named = [
                (flags.copy_permitted, " DCP"),
                (flags.four_channel, " 4CH"),
                (flags.pre_emphasis, " PRE"),
                (flags.scms, " SCMS"),
            ];
            let words: String = named.into_iter().filter(|(set, _)| *set).map(|(_, word)| word).collect();
            if !words.is_empty() {
                writer.line(4, &format!("FLAGS{words}"));
            }
            if let Some(isrc) = track.isrc {
                writer.line(4, &format!("ISRC {}", isrc.compact()));
            }
            for gap in [track.pregap, track.postgap].into_iter().flatten() {
                if gap >= FRAMES {
                    return Err(wrong);
                }
            }
            if let Some(frames) = track.pregap {
                writer.line(4, &format!("PREGAP {}", time(frames)));
            }
            for index in &track.indexes {
                if (index.file, index.frames) < before
                    || index.file >= self.files.len()
                    || index.frames >= FRAMES
                {
                    return Err(wrong);
                }
                before = (index.file, index.frames);
                writer.up_to(self, index.file)?;
                writer.line(4, &format!("INDEX {:02} {}", index.number, time(index.frames)));
            }
            if let Some(frames) = track.postgap {
                writer.line(4, &format!("POSTGAP {}", time(frames)));
            }
        }
        if let Some(last) = self.files.len().checked_sub(1) {
            writer.up_to(self, last)?;
        }
        Ok(writer.out)
    }
}
