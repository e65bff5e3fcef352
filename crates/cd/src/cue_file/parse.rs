//! Reading of cue sheets.

use super::{CueFile, CueIndex, CueSource, CueTrack, FRAMES, FileKind, Flags, LAST_TRACK, Texts, TrackMode};
use crate::isrc::IsrcError;
use crate::mcn::McnError;

/// What is wrong with a line.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CueErrorKind {
    /// A word at the start of a line that is no command.
    #[error("{0:?} is no command")]
    Command(String),
    /// A command without what belongs to it.
    #[error("{command} needs {needs}")]
    Missing {
        /// The command.
        command: &'static str,
        /// What belongs to it.
        needs: &'static str,
    },
    /// More than belongs to a command.
    #[error("{0:?} is too much on this line")]
    TooMuch(String),
    /// A quotation that does not end.
    #[error("the quotation mark is not closed")]
    Quote,
    /// A word that is none of those possible.
    #[error("{word:?} is no {what}")]
    Word {
        /// The word.
        word: String,
        /// What was expected.
        what: &'static str,
    },
    /// A command twice.
    #[error("{0} stands here a second time")]
    Again(&'static str),
    /// A command in a wrong place.
    #[error("{command} has to stand {place}")]
    Place {
        /// The command.
        command: &'static str,
        /// Where it may stand.
        place: &'static str,
    },
    /// A number out of order.
    #[error("{command} {found} stands where {expected} belongs")]
    Order {
        /// TRACK or INDEX.
        command: &'static str,
        /// The number.
        found: u8,
        /// The number it should be.
        expected: u8,
    },
    /// An index before the one before it.
    #[error("the index begins before the one above it")]
    Time,
    /// A track without index 1; the line is that of the track.
    #[error("track {0} has no INDEX 01")]
    NoStart(u8),
    /// No track at all.
    #[error("there is no track")]
    NoTrack,
    /// A catalogue number that is none.
    #[error(transparent)]
    Mcn(#[from] McnError),
    /// An ISRC that is none.
    #[error(transparent)]
    Isrc(#[from] IsrcError),
}

/// Why a text is no cue sheet.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {kind}")]
pub struct CueError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub kind: CueErrorKind,
}

type Step = Result<(), CueErrorKind>;

/// The words of a line.
struct Words<'a> {
    command: &'static str,
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Result<Option<&'a str>, CueErrorKind> {
        let rest = self.rest.trim_start();
        let (word, rest) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted.split_once('"').ok_or(CueErrorKind::Quote)?
        } else if rest.is_empty() {
            self.rest = rest;
            return Ok(None);
        } else {
            rest.split_once(char::is_whitespace).unwrap_or((rest, ""))
        };
        self.rest = rest;
        Ok(Some(word))
    }

    fn must(&mut self, needs: &'static str) -> Result<&'a str, CueErrorKind> {
        self.next()?.ok_or(CueErrorKind::Missing { command: self.command, needs })
    }

    fn end(&mut self) -> Step {
        match self.next()? {
            None => Ok(()),
            Some(word) => Err(CueErrorKind::TooMuch(word.to_owned())),
        }
    }

    fn number(&mut self, what: &'static str) -> Result<u8, CueErrorKind> {
        let word = self.must(what)?;
        let number =
            word.parse().ok().filter(|n| *n <= LAST_TRACK && word.bytes().all(|c| c.is_ascii_digit()));
        number.ok_or_else(|| CueErrorKind::Word { word: word.to_owned(), what })
    }

    /// Minutes, seconds and frames with colons, in frames.
    fn time(&mut self) -> Result<u32, CueErrorKind> {
        let word = self.must("a time")?;
        let wrong = || CueErrorKind::Word { word: word.to_owned(), what: "time of minutes:seconds:frames" };
        let mut fields = [0; 3];
        let mut parts = word.split(':');
        for field in &mut fields {
            let part =
                parts.next().filter(|p| (1..=2).contains(&p.len()) && p.bytes().all(|c| c.is_ascii_digit()));
            *field = part.and_then(|part| part.parse::<u32>().ok()).ok_or_else(wrong)?;
        }
        let [minute, second, frame] = fields;
        if parts.next().is_some() || second > 59 || frame > 74 {
            return Err(wrong());
        }
        Ok((minute * 60 + second) * 75 + frame)
    }
}

fn once<T>(place: &mut Option<T>, value: T, command: &'static str) -> Step {
    if place.replace(value).is_some() { Err(CueErrorKind::Again(command)) } else { Ok(()) }
}

#[derive(Default)]
struct Reader {
    sheet: CueFile,
    /// Line of the last TRACK.
    track_line: usize,
    /// Whether the last track had FLAGS.
    flags: bool,
}

const COMMANDS: [&str; 13] = [
    "CATALOG",
    "CDTEXTFILE",
    "FILE",
    "FLAGS",
    "INDEX",
    "ISRC",
    "PERFORMER",
    "POSTGAP",
    "PREGAP",
    "REM",
    "SONGWRITER",
    "TITLE",
    "TRACK",
];

impl Reader {
    fn track(&mut self, command: &'static str) -> Result<&mut CueTrack, CueErrorKind> {
        self.sheet.tracks.last_mut().ok_or(CueErrorKind::Place { command, place: "below a TRACK" })
    }

    fn texts(&mut self) -> &mut Texts {
        match self.sheet.tracks.last_mut() {
            Some(track) => &mut track.texts,
            None => &mut self.sheet.texts,
        }
    }

    fn line(&mut self, number: usize, line: &str) -> Step {
        let line = line.trim();
        if line.is_empty() {
            return Ok(());
        }
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let command = COMMANDS.into_iter().find(|command| command.eq_ignore_ascii_case(word));
        let command = command.ok_or_else(|| CueErrorKind::Command(word.to_owned()))?;
        if command == "REM" {
            let remarks = match self.sheet.tracks.last_mut() {
                Some(track) => &mut track.remarks,
                None => &mut self.sheet.remarks,
            };
            remarks.push(rest.trim().to_owned());
            return Ok(());
        }
        let mut words = Words { command, rest };
        match command {
            "CATALOG" => once(&mut self.sheet.catalog, words.must("13 digits")?.parse()?, command)?,
            "CDTEXTFILE" => {
                once(&mut self.sheet.cd_text_file, words.must("a file name")?.to_owned(), command)?
            }
            "TITLE" => once(&mut self.texts().title, words.must("a text")?.to_owned(), command)?,
            "PERFORMER" => once(&mut self.texts().performer, words.must("a text")?.to_owned(), command)?,
            "SONGWRITER" => once(&mut self.texts().songwriter, words.must("a text")?.to_owned(), command)?,
            "ISRC" => once(&mut self.track(command)?.isrc, words.must("12 characters")?.parse()?, command)?,
            "FILE" => self.file(&mut words)?,
            "TRACK" => self.new_track(number, &mut words)?,
            "FLAGS" => self.flags(&mut words)?,
            "INDEX" => self.index(&mut words)?,
            "PREGAP" => {
                let frames = words.time()?;
                let track = self.track(command)?;
                if !track.indexes.is_empty() {
                    return Err(CueErrorKind::Place { command, place: "above the INDEX lines of its track" });
                }
                once(&mut track.pregap, frames, command)?;
            }
            _ => {
                let frames = words.time()?;
                let track = self.track(command)?;
                if track.indexes.is_empty() {
                    return Err(CueErrorKind::Place { command, place: "below the INDEX lines of its track" });
                }
                once(&mut track.postgap, frames, command)?;
            }
        }
        words.end()
    }

    fn file(&mut self, words: &mut Words<'_>) -> Step {
        let name = words.must("a file name")?.to_owned();
        let word = words.must("the kind of the file")?;
        let kind = FileKind::ALL.iter().find(|(_, name)| name.eq_ignore_ascii_case(word));
        let (kind, _) =
            kind.ok_or_else(|| CueErrorKind::Word { word: word.to_owned(), what: "kind of a file" })?;
        self.sheet.files.push(CueSource { name, kind: *kind });
        Ok(())
    }

    /// The last track has to be whole before another begins, and at the end.
    fn complete(&self) -> Step {
        match self.sheet.tracks.last() {
            Some(track) if !track.indexes.iter().any(|index| index.number == 1) => {
                Err(CueErrorKind::NoStart(track.number))
            }
            _ => Ok(()),
        }
    }

    fn new_track(&mut self, line: usize, words: &mut Words<'_>) -> Step {
        let number = words.number("track number")?;
        let word = words.must("the kind of the track")?;
        let mode = TrackMode::ALL.iter().find(|(_, name, _)| name.eq_ignore_ascii_case(word));
        let mode =
            mode.ok_or_else(|| CueErrorKind::Word { word: word.to_owned(), what: "kind of a track" })?.0;
        if self.sheet.files.is_empty() {
            return Err(CueErrorKind::Place { command: "TRACK", place: "below a FILE" });
        }
        let expected = self.sheet.tracks.last().map_or(number.max(1), |last| last.number.saturating_add(1));
        if number != expected {
            return Err(CueErrorKind::Order { command: "TRACK", found: number, expected });
        }
        self.complete()?;
        self.track_line = line;
        self.flags = false;
        self.sheet.tracks.push(CueTrack {
            number,
            mode,
            flags: Flags::default(),
            isrc: None,
            texts: Texts::default(),
            pregap: None,
            indexes: Vec::new(),
            postgap: None,
            remarks: Vec::new(),
        });
        Ok(())
    }

    fn flags(&mut self, words: &mut Words<'_>) -> Step {
        let mut flags = Flags::default();
        let mut word = Some(words.must("a flag")?);
        while let Some(flag) = word {
            let bit = match flag.to_ascii_uppercase().as_str() {
                "DCP" => &mut flags.copy_permitted,
                "4CH" => &mut flags.four_channel,
                "PRE" => &mut flags.pre_emphasis,
                "SCMS" => &mut flags.scms,
                _ => return Err(CueErrorKind::Word { word: flag.to_owned(), what: "flag of a track" }),
            };
            *bit = true;
            word = words.next()?;
        }
        self.track("FLAGS")?.flags = flags;
        if std::mem::replace(&mut self.flags, true) { Err(CueErrorKind::Again("FLAGS")) } else { Ok(()) }
    }

    fn index(&mut self, words: &mut Words<'_>) -> Step {
        let number = words.number("index number")?;
        let frames = words.time()?;
        let file = self.sheet.files.len().saturating_sub(1);
        // Within a file also the indexes of tracks before count.
        let before = self.sheet.tracks.iter().rev().find_map(|track| track.indexes.last()).copied();
        let track = self.track("INDEX")?;
        let expected = track.indexes.last().map_or(number.min(1), |last| last.number.saturating_add(1));
        if number != expected {
            return Err(CueErrorKind::Order { command: "INDEX", found: number, expected });
        }
        if before.is_some_and(|before| before.file == file && before.frames > frames) || frames >= FRAMES {
            return Err(CueErrorKind::Time);
        }
        track.indexes.push(CueIndex { number, file, frames });
        Ok(())
    }
}

impl CueFile {
    /// Reads a cue sheet; a byte order mark at its start is left out.
    ///
    /// # Errors
    /// [`CueError`] with the first line that is wrong.
    pub fn parse(text: &str) -> Result<Self, CueError> {
        let mut reader = Reader::default();
        let mut last = 1;
        for (line, text) in (1..).zip(text.strip_prefix('\u{FEFF}').unwrap_or(text).lines()) {
            let before = reader.track_line;
            reader.line(line, text).map_err(|kind| {
                let unfinished = matches!(kind, CueErrorKind::NoStart(_));
                CueError { line: if unfinished { before } else { line }, kind }
            })?;
            last = line;
        }
        reader.complete().map_err(|kind| CueError { line: reader.track_line, kind })?;
        if reader.sheet.tracks.is_empty() {
            return Err(CueError { line: last, kind: CueErrorKind::NoTrack });
        }
        Ok(reader.sheet)
    }
}
