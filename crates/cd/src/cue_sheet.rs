//! The cue sheet of SEND CUE SHEET (MMC-6 6.35): the plan of a session for a drive that makes lead-in, lead-out and subcode itself.

use glassmaster_disc::{Lba, Msf};

use crate::sector::SectorType;
use crate::session::{CopySetting, LEAD_OUT, PROGRAM_START, Session, Track};
use crate::subcode::Control;

/// Bytes of an entry.
pub const ENTRY: usize = 8;

/// What the drive makes of a part's main channel (DATA FORM, bits 0 to 5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DataForm(pub u8);

impl DataForm {
    /// The form of sectors the host sends with 2048, 2336 or 2352 bytes. `None` for kinds the command has no form for: sectors that are
    /// scrambled already, and Mode 0.
    #[must_use]
    pub const fn of(kind: SectorType) -> Option<Self> {
        match kind {
            SectorType::Audio => Some(Self(0x00)),
            SectorType::Mode1 => Some(Self(0x10)),
            // 2336 bytes with subheader; the form of each sector is in its subheader.
            SectorType::Mode2Form1 | SectorType::Mode2Form2 => Some(Self(0x20)),
            SectorType::Mode2Form0 => Some(Self(0x30)),
            _ => None,
        }
    }

    /// The same part made of zeros by the drive: lead-in, lead-out, and pauses nothing is sent for.
    #[must_use]
    pub const fn made_by_drive(self) -> Self {
        match self.0 {
            0x00 => Self(0x01),
            0x10 => Self(0x14),
            0x20 => Self(0x24),
            _ => Self(0x34),
        }
    }

    /// With R to W for CD-TEXT, which the host sends for the lead-in (bit 6: packed data).
    #[must_use]
    pub const fn with_text(self) -> Self {
        Self(self.0 | 0x40)
    }
}

/// How a track is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TrackForm {
    /// Form of its sectors.
    pub form: DataForm,
    /// The host sends the pause before the track, too; otherwise the drive makes it.
    pub pause_from_host: bool,
}

/// The entries for a session, 8 bytes each: catalogue number, lead-in, tracks with their ISRC, pauses and indexes, lead-out.
///
/// `forms` has an entry for each track; missing ones are those of the last. Lead-in, pauses of the drive and lead-out take the form of the
/// track next to them. `text` announces CD-TEXT.
#[must_use]
pub fn encode(session: &Session, forms: &[TrackForm], text: bool) -> Vec<[u8; ENTRY]> {
    let audio = TrackForm { form: DataForm(0), pause_from_host: true };
    let form_of = |n: usize| forms.get(n).or(forms.last()).copied().unwrap_or(audio);
    let mut out = Vec::new();
    let control_of =
        |track: &Track| track.control.copy_permitted(track.copy == CopySetting::Permitted).nibble() << 4;
    let time = |lba: Lba| {
        // Checked when the session was made.
        Msf::try_from(lba).map_or([0; 3], |msf| {
            let (minute, second, frame) = msf.fields();
            [minute, second, frame]
        })
    };
    let entry = |control: u8, track, index, form: DataForm, scms, lba| {
        let [m, s, f] = time(lba);
        [control | 1, track, index, form.0, scms, m, s, f]
    };
    let (Some(first), Some(last)) = (session.tracks().first(), session.tracks().last()) else { return out };
    // What is of no track has the kind of the first one and none of its copy and pre-emphasis bits.
    let kind = (first.control.nibble() & Control::DATA.nibble()) << 4;
    if let Some(mcn) = session.mcn() {
        let control = kind | 2;
        let [a, b, c, d, e, f, g, rest @ ..] = mcn.digits().map(|digit| digit + b'0');
        out.push([control, a, b, c, d, e, f, g]);
        let [h, i, j, k, l, m] = rest;
        out.push([control, h, i, j, k, l, m, 0]);
    }
    let form = form_of(0).form.made_by_drive();
    let form = if text { form.with_text() } else { form };
    out.push(entry(kind, 0, 0, form, 0, Lba(PROGRAM_START)));
    for (n, (number, track)) in (session.first()..).zip(session.tracks()).enumerate() {
        let control = control_of(track);
        let scms = if track.copy == CopySetting::Scms { 0x80 } else { 0 };
        let TrackForm { form, pause_from_host } = form_of(n);
        if let Some(isrc) = track.isrc {
            let [a, b, c, d, e, f, rest @ ..] = isrc.ascii();
            out.push([control | 3, number, a, b, c, d, e, f]);
            let [g, h, i, j, k, l] = rest;
            out.push([control | 3, number, g, h, i, j, k, l]);
        }
        if track.pause < track.start {
            let form = if pause_from_host { form } else { form.made_by_drive() };
            out.push(entry(control, number, 0, form, scms, track.pause));
        }
        let starts = std::iter::once(track.start).chain(track.indexes.iter().copied());
        for (index, start) in (1u8..).zip(starts) {
            out.push(entry(control, number, index, form, scms, start));
        }
    }
    let form = form_of(session.tracks().len().saturating_sub(1)).form.made_by_drive();
    out.push(entry(control_of(last), LEAD_OUT, 1, form, 0, session.lead_out()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::DiscType;

    /// One data track of 1000 blocks: the sheet of MMC's example for a single-track disc, with its times.
    #[test]
    fn a_data_track() {
        let track = Track {
            control: Control::DATA,
            copy: CopySetting::Prohibited,
            pause: Lba(-150),
            start: Lba(0),
            indexes: Vec::new(),
            isrc: None,
        };
        let session = Session::new(1, vec![track], Lba(1000), None, DiscType::CdDa).unwrap();
        let form = DataForm::of(SectorType::Mode1).unwrap();
        let sheet = encode(&session, &[TrackForm { form, pause_from_host: false }], false);
        assert_eq!(
            sheet,
            [
                [0x41, 0x00, 0x00, 0x14, 0, 0, 0, 0],
                [0x41, 0x01, 0x00, 0x14, 0, 0, 0, 0],
                [0x41, 0x01, 0x01, 0x10, 0, 0, 2, 0],
                [0x41, 0xAA, 0x01, 0x14, 0, 0, 15, 25],
            ]
        );
        assert_eq!(DataForm::of(SectorType::Audio).unwrap().made_by_drive().with_text(), DataForm(0x41));
    }
}
