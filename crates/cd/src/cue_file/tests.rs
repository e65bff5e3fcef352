use super::*;

/// After the examples of the CDRWIN guide, with a file that changes inside a track as rippers write it.
const SHEET: &str = "REM GENRE Test
CATALOG 0123456789012
CDTEXTFILE \"C:\\LONG FILENAME.CDT\"
TITLE \"An album\"
PERFORMER \"Some people\"
FILE \"one.wav\" WAVE
  TRACK 01 AUDIO
    TITLE \"The first\"
    FLAGS DCP PRE
    ISRC USK7Y9812345
    PREGAP 00:02:00
    INDEX 01 00:00:00
    INDEX 02 02:33:74
  TRACK 02 AUDIO
    REM a remark
    SONGWRITER \"\"
    INDEX 00 04:48:00
FILE \"two.bin\" BINARY
    INDEX 01 00:00:00
    POSTGAP 00:01:10
";

#[test]
fn a_sheet_is_read_and_written() {
    let sheet = CueFile::parse(SHEET).unwrap();
    assert_eq!(sheet.catalog.unwrap().to_string(), "0123456789012");
    assert_eq!(sheet.files[1], CueSource { name: "two.bin".to_owned(), kind: FileKind::Binary });
    let [first, second] = sheet.tracks.as_slice() else { panic!() };
    assert!(first.flags.copy_permitted && first.flags.pre_emphasis && !first.flags.scms);
    assert_eq!(first.pregap, Some(150));
    assert_eq!(first.indexes[1], CueIndex { number: 2, file: 0, frames: (2 * 60 + 33) * 75 + 74 });
    assert_eq!(second.indexes[0], CueIndex { number: 0, file: 0, frames: 288 * 75 });
    assert_eq!(second.indexes[1], CueIndex { number: 1, file: 1, frames: 0 });
    assert_eq!((second.postgap, second.texts.songwriter.as_deref()), (Some(85), Some("")));
    assert_eq!(sheet.to_text().unwrap(), SHEET);
    let loose = "\u{FEFF}file x.BIN binary\r\n\r\n track 5 mode1/2352\r\n\tindex 1 0:0:0\r\n";
    let sheet = CueFile::parse(loose).unwrap();
    assert_eq!((sheet.tracks[0].number, sheet.tracks[0].mode.bytes_per_sector()), (5, 2352));
}

#[test]
fn the_line_of_an_error_is_told() {
    let head = "FILE x BINARY\nTRACK 01 AUDIO\n";
    for (text, line, words) in [
        ("", 1, "no track"),
        ("FILE x BINARY\n", 1, "no track"),
        ("HELLO", 1, "\"HELLO\" is no command"),
        ("CATALOG", 1, "CATALOG needs 13 digits"),
        ("CATALOG 124", 1, "check digit"),
        ("CATALOG 0\nCATALOG 0", 2, "second time"),
        ("FILE \"x BINARY", 1, "not closed"),
        ("FILE x", 1, "kind of the file"),
        ("FILE x FLAC", 1, "\"FLAC\" is no kind of a file"),
        ("FILE x BINARY y", 1, "too much"),
        ("TRACK 01 AUDIO", 1, "below a FILE"),
        ("FILE x BINARY\nTRACK 00 AUDIO", 2, "TRACK 0 stands where 1"),
        ("FILE x BINARY\nTRACK 100 AUDIO", 2, "\"100\" is no track number"),
        ("FILE x BINARY\nTRACK 01 VIDEO", 2, "kind of a track"),
        ("INDEX 01 00:00:00", 1, "below a TRACK"),
        (head, 2, "track 1 has no INDEX 01"),
        ("HEAD TRACK 02 AUDIO", 2, "track 1 has no INDEX 01"),
        ("HEAD INDEX 00 00:00:00", 2, "track 1 has no INDEX 01"),
        ("HEAD INDEX 02 00:00:00", 3, "INDEX 2 stands where 1"),
        ("HEAD INDEX 01 00:60:00", 3, "minutes:seconds:frames"),
        ("HEAD INDEX 01 00:00:75", 3, "minutes:seconds:frames"),
        ("HEAD INDEX 01 00:00", 3, "minutes:seconds:frames"),
        ("HEAD INDEX 01 100:00:00", 3, "minutes:seconds:frames"),
        ("HEAD INDEX 01 +1:00:00", 3, "minutes:seconds:frames"),
        ("HEAD INDEX 01 00:00:09\nINDEX 02 00:00:08", 4, "before the one above"),
        ("HEAD INDEX 01 00:00:00\nINDEX 03 00:00:08", 4, "INDEX 3 stands where 2"),
        ("HEAD INDEX 01 00:00:00\nTRACK 03 AUDIO", 4, "TRACK 3 stands where 2"),
        ("HEAD INDEX 01 00:00:00\nPREGAP 00:00:01", 4, "above the INDEX"),
        ("HEAD POSTGAP 00:00:01", 3, "below the INDEX"),
        ("HEAD FLAGS DCP LOUD", 3, "\"LOUD\" is no flag"),
        ("HEAD FLAGS DCP\nFLAGS PRE", 4, "second time"),
        ("HEAD ISRC USK7Y981234", 3, "ISRC"),
    ] {
        let text = text.replace("HEAD ", head);
        let error = CueFile::parse(&text).unwrap_err();
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
}

#[test]
fn what_cannot_be_read_again_is_not_written() {
    let good = CueFile::parse(SHEET).unwrap();
    let change = |by: fn(&mut CueFile)| {
        let mut sheet = good.clone();
        by(&mut sheet);
        sheet.to_text()
    };
    assert!(matches!(change(|s| s.texts.title = Some("a \"b\"".to_owned())), Err(CueWriteError::Text(_))));
    assert!(matches!(change(|s| s.remarks.push("a\nFILE".to_owned())), Err(CueWriteError::Text(_))));
    assert_eq!(change(|s| s.tracks[1].number = 3), Err(CueWriteError::Order(3)));
    assert_eq!(change(|s| s.tracks[1].indexes[1].file = 2), Err(CueWriteError::Order(2)));
    assert_eq!(change(|s| s.tracks[1].indexes[0].frames = 0), Err(CueWriteError::Order(2)));
    assert_eq!(change(|s| s.tracks[0].indexes.clear()), Err(CueWriteError::Order(1)));
    assert_eq!(change(|s| s.tracks.clear()), Err(CueWriteError::NoTrack));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(
        lines in proptest::collection::vec(
            "(FILE|TRACK|INDEX|FLAGS|TITLE|REM|PREGAP|CATALOG|ISRC|POSTGAP) ?[0-9A-Z:/\" ]{0,14}(BINARY|AUDIO|00:00:0[0-9])?",
            0..12,
        ),
    ) {
        let text = lines.join("\n");
        if let Ok(sheet) = CueFile::parse(&text) {
            proptest::prop_assert_eq!(CueFile::parse(&sheet.to_text().unwrap()), Ok(sheet));
        }
    }

    #[test]
    fn any_characters(text in "\\PC{0,80}") {
        let _ = CueFile::parse(&text);
    }
}
