//! The cue sheet of a session recorded at once (MMC-6, SEND CUE SHEET command).

use glassmaster_disc::Msf;
use glassmaster_scsi::Sense;

use crate::sense;

/// Bytes of one entry.
const ENTRY: usize = 8;
/// Track number of the lead-out.
const LEAD_OUT: u8 = 0xAA;

/// A piece of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Piece {
    pub(crate) start: i32,
    pub(crate) track: u8,
    pub(crate) index: u8,
    /// The host sends the blocks; otherwise the drive makes them.
    pub(crate) from_host: bool,
}

/// A checked cue sheet of data tracks in mode 1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CueSheet {
    /// Ascending by address.
    pub(crate) pieces: Vec<Piece>,
    pub(crate) lead_out: i32,
}

/// One entry as it stands in the list.
struct Entry {
    at: u16,
    control: u8,
    adr: u8,
    track: u8,
    index: u8,
    form: u8,
    scms: u8,
    start: i32,
}

impl CueSheet {
    /// Reads a cue sheet whose first track is to be number `first_track`.
    ///
    /// Refused are sheets that contradict themselves, and what this drive cannot record: audio, raw sectors,
    /// subchannel data, catalogue numbers and ISRC.
    pub(crate) fn parse(bytes: &[u8], first_track: u8) -> Result<Self, Sense> {
        if bytes.is_empty() || !bytes.len().is_multiple_of(ENTRY) {
            return Err(sense::PARAMETER_LIST_LENGTH);
        }
        let mut entries = Vec::new();
        for (n, e) in bytes.chunks_exact(ENTRY).enumerate() {
            let at = u16::try_from(n * ENTRY).map_err(|_| sense::PARAMETER_LIST_LENGTH)?;
            let msf = Msf::new(e[5], e[6], e[7]).map_err(|_| sense::list_field(at + 5))?;
            entries.push(Entry {
                at,
                control: e[0] >> 4,
                adr: e[0] & 0x0F,
                track: e[1],
                index: e[2],
                form: e[3],
                scms: e[4],
                start: msf.lba().0,
            });
        }
        let [lead_in, middle @ .., last] = entries.as_slice() else {
            return Err(sense::PARAMETER_LIST_LENGTH);
        };
        // The drive makes the lead-in, in the form of CD-DA (01h) or of data (14h); 40h and up would bring R-W
        // subchannel data (CD-TEXT).
        if lead_in.track != 0 || lead_in.index != 0 {
            return Err(sense::list_field(1));
        }
        if lead_in.adr != 1 {
            return Err(sense::list_field(0));
        }
        if !matches!(lead_in.form, 0x01 | 0x14) {
            return Err(sense::list_field(3));
        }
        if last.track != LEAD_OUT || last.index != 1 {
            return Err(sense::list_field(last.at + 1));
        }
        if !matches!(last.form, 0x01 | 0x14) {
            return Err(sense::list_field(last.at + 3));
        }
        let mut pieces: Vec<Piece> = Vec::new();
        for e in middle {
            pieces.push(Self::piece(e, pieces.last(), first_track)?);
        }
        let Some(end) = pieces.last() else { return Err(sense::list_field(last.at + 1)) };
        if end.index == 0 {
            return Err(sense::list_field(last.at + 1));
        }
        if last.start <= end.start {
            return Err(sense::list_field(last.at + 5));
        }
        Ok(Self { pieces, lead_out: last.start })
    }

    fn piece(e: &Entry, before: Option<&Piece>, first_track: u8) -> Result<Piece, Sense> {
        // Data, copy bit allowed; position information.
        if e.control & 0b1101 != 4 || e.adr != 1 {
            return Err(sense::list_field(e.at));
        }
        // Mode 1 with 2048 bytes from the host (10h), or made by the drive (14h, only sensible in a pre-gap).
        let from_host = match e.form {
            0x10 => true,
            0x14 if e.index == 0 => false,
            _ => return Err(sense::list_field(e.at + 3)),
        };
        if e.scms != 0 {
            return Err(sense::list_field(e.at + 4));
        }
        let order = match before {
            None => e.track == first_track && e.index == 0,
            Some(b) if e.track == b.track => e.index == b.index.saturating_add(1) && e.index <= 99,
            Some(b) => b.index > 0 && e.track == b.track.saturating_add(1) && e.track <= 99 && e.index <= 1,
        };
        if !order {
            return Err(sense::list_field(e.at + 1));
        }
        if before.is_some_and(|b| e.start <= b.start) {
            return Err(sense::list_field(e.at + 5));
        }
        Ok(Piece { start: e.start, track: e.track, index: e.index, from_host })
    }

    /// One past the last block of the piece at `n`.
    pub(crate) fn end_of(&self, n: usize) -> i32 {
        self.pieces.get(n + 1).map_or(self.lead_out, |p| p.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A single data track of 1000 blocks.
    const SHEET: [u8; 32] = [
        0x41, 0x00, 0x00, 0x01, 0x00, 0, 0, 0, //
        0x41, 0x01, 0x00, 0x10, 0x00, 0, 0, 0, //
        0x41, 0x01, 0x01, 0x10, 0x00, 0, 2, 0, //
        0x41, 0xAA, 0x01, 0x01, 0x00, 0, 15, 25,
    ];

    #[test]
    fn single_data_track() {
        let sheet = CueSheet::parse(&SHEET, 1).unwrap();
        assert_eq!(sheet.lead_out, 1000);
        assert_eq!(sheet.pieces.len(), 2);
        assert_eq!((sheet.pieces[0].start, sheet.pieces[1].start), (-150, 0));
        assert_eq!((sheet.end_of(0), sheet.end_of(1)), (0, 1000));
    }

    #[test]
    fn faults_are_pointed_at() {
        let cases = [
            (1, 1u8, 1u16), // no lead-in
            (3, 0x41, 3),   // CD-TEXT
            (8, 0x01, 8),   // audio
            (9, 2, 9),      // begins with track 2
            (11, 0x11, 11), // raw sectors
            (18, 3, 17),    // index 0 followed by 3
            (22, 61, 21),   // second 61
            (22, 0, 21),    // index 1 where index 0 was
            (25, 2, 25),    // no lead-out
            (30, 0, 29),    // lead-out before the data
        ];
        for (byte, value, pointed) in cases {
            let mut bad = SHEET;
            bad[byte] = value;
            let sense = CueSheet::parse(&bad, 1).unwrap_err();
            assert!(sense.is(5, 0x26, 0), "{byte}");
            assert_eq!(sense.field_pointer().unwrap().byte, pointed, "{byte}");
        }
        assert!(CueSheet::parse(&SHEET[..20], 1).unwrap_err().is(5, 0x1A, 0));
        assert!(CueSheet::parse(&[], 1).is_err());
        assert!(CueSheet::parse(&SHEET[..8], 1).is_err());
    }
}
