//! A picture of a disc: rings as they lie on it, bars block by block, and the speed of reading from the centre to the rim.

use glassmaster_disc::MediaType;

use super::svg::Svg;
use crate::event::as_float;
use crate::verify::{ReadSpeed, Run};

/// A row of the picture.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum BandKind {
    /// A session.
    Session,
    /// A track.
    Track,
    /// Room of a track in which nothing is recorded yet; stands in the row of the tracks.
    Room,
    /// A file or a part of it.
    File,
}

/// A run of blocks with a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Band {
    /// The row it stands in.
    pub kind: BandKind,
    /// Its blocks.
    pub run: Run,
    /// What it is called.
    pub name: String,
}

/// A place that needs attention.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Its blocks.
    pub run: Run,
    /// What is the matter.
    pub what: String,
}

/// What is drawn.
#[derive(Clone, PartialEq, Debug)]
pub struct Picture {
    /// Headline.
    pub title: String,
    /// Type of the disc, which gives its layers and radii.
    pub media: MediaType,
    /// Blocks of the disc, free ones included.
    pub blocks: u64,
    /// Sessions, tracks and files, in any order.
    pub bands: Vec<Band>,
    /// Speed of reading, where it was measured.
    pub curve: Vec<ReadSpeed>,
    /// Slow, retried, unreadable and differing places.
    pub marks: Vec<Mark>,
}

const WIDTH: f64 = 860.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 840.0;
/// Bars of one row, at most: one per unit of width.
const COLUMNS: usize = 750;
/// Radii of the data area in millimetres (ECMA-130 7.8 and ECMA-267 clause 10: lead-in ends near 25 and 24 mm, data
/// ends at 58 mm).
const INNER_MM: f64 = 24.0;
const OUTER_MM: f64 = 58.0;
const CENTRE: [f64; 2] = [150.0, 170.0];
/// Units of the picture for a millimetre.
const SCALE: f64 = 2.0;
const COLOURS: [&str; 6] = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377"];
const FAULT: &str = "#cc0000";
/// What nothing is recorded in: pale, so that it is not taken for data.
const EMPTY: &str = "#f4f4f4";
const ROOM: &str = "#e2e8ee";

impl Picture {
    /// The picture as an SVG 1.1 document: no scripts, no fonts and no files beside it; every shape has a title.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let speed = !self.curve.is_empty();
        let height = if speed { 720 } else { 520 };
        let mut svg = Svg::new(860, height, &self.title, &self.description());
        svg.text(20.0, 30.0, "start", &self.title);
        self.rings(&mut svg);
        self.legend(&mut svg);
        for (kind, name, y) in [
            (BandKind::Session, "sessions", 330.0),
            (BandKind::Track, "tracks", 370.0),
            (BandKind::File, "files", 410.0),
        ] {
            svg.text(20.0, y + 18.0, "start", name);
            svg.bar([LEFT, y, RIGHT - LEFT, 26.0], EMPTY, "not recorded");
            if kind == BandKind::Track {
                for band in self.bands.iter().filter(|b| b.kind == BandKind::Room).take(COLUMNS) {
                    let title = format!("{}: {}", band.name, blocks(band.run));
                    svg.bar(self.place(band.run, y), ROOM, &title);
                }
            }
            self.row(&mut svg, kind, y);
        }
        svg.text(20.0, 468.0, "start", "faults");
        svg.bar([LEFT, 450.0, RIGHT - LEFT, 26.0], EMPTY, "faults: none here unless marked");
        for mark in &self.marks {
            svg.bar(self.place(mark.run, 450.0), FAULT, &format!("{}: {}", blocks(mark.run), mark.what));
        }
        svg.text(LEFT, 496.0, "start", "block 0");
        svg.text(RIGHT, 496.0, "end", &format!("block {}", self.blocks.saturating_sub(1)));
        if speed {
            self.speed(&mut svg);
        }
        svg.finish()
    }

    /// The same in words.
    fn description(&self) -> String {
        let mut text = format!("A {} of {} blocks", self.media, self.blocks);
        for band in self.bands.iter().filter(|b| b.kind != BandKind::File) {
            text.push_str(&format!("; {}: {}", band.name, blocks(band.run)));
        }
        let files = self.bands.iter().filter(|b| b.kind == BandKind::File).count();
        let faults = counted(self.marks.len(), "fault");
        text.push_str(&format!("; {}; {faults}", counted(files, "piece of a file|pieces of files")));
        for mark in self.marks.iter().take(20) {
            text.push_str(&format!("; {}: {}", blocks(mark.run), mark.what));
        }
        text
    }

    /// Share of the disc before a block, 0 to 1.
    fn share(&self, block: u64) -> f64 {
        as_float(block.min(self.blocks)) / as_float(self.blocks.max(1))
    }

    fn place(&self, run: Run, y: f64) -> [f64; 4] {
        let (from, until) = (self.share(run.first), self.share(run.last.saturating_add(1)));
        [LEFT + from * (RIGHT - LEFT), y, ((until - from) * (RIGHT - LEFT)).max(0.5), 26.0]
    }

    /// Radius of a place in millimetres. All the data of a layer lies in a ring at constant density, so that the radius
    /// grows with the root of the share; a second layer runs back from the rim (opposite track path) or is taken as such.
    fn radius(&self, share: f64) -> f64 {
        let layers = f64::from(self.layers());
        let on = share * layers;
        let layer = on.floor().min(layers - 1.0);
        let within = on - layer;
        let within = if layer % 2.0 >= 1.0 { 1.0 - within } else { within };
        (INNER_MM * INNER_MM + within * (OUTER_MM * OUTER_MM - INNER_MM * INNER_MM)).sqrt()
    }

    /// Layers of a disc of this type and size: BD layers hold 25 or 33 GB, those of DVD 4.7 GB.
    fn layers(&self) -> u32 {
        match self.media {
            MediaType::BD_R | MediaType::BD_RE | MediaType::BD_ROM => match self.blocks {
                0..=13_000_000 => 1,
                13_000_001..=25_000_000 => 2,
                25_000_001..=50_000_000 => 3,
                _ => 4,
            },
            MediaType::CD_R | MediaType::CD_RW | MediaType::CD_ROM => 1,
            _ if self.blocks > 2_400_000 => 2,
            _ => 1,
        }
    }

    fn rings(&self, svg: &mut Svg) {
        svg.ring(CENTRE, INNER_MM * SCALE, OUTER_MM * SCALE, "#eeeeee", "the data area of the disc");
        let mut sessions: Vec<_> = self.bands.iter().filter(|b| b.kind == BandKind::Session).collect();
        sessions.sort_by_key(|b| b.run.first);
        for (i, session) in sessions.iter().enumerate() {
            let (from, until) =
                (self.share(session.run.first), self.share(session.run.last.saturating_add(1)));
            // Layer by layer: each is a ring of its own, drawn over the one below.
            let layers = self.layers();
            for layer in 0..layers {
                let (a, b) = (f64::from(layer) / f64::from(layers), f64::from(layer + 1) / f64::from(layers));
                let (a, b) = (from.max(a), until.min(b));
                if a < b {
                    // Just inside the layer, so that its end is not taken for the begin of the next.
                    let (one, other) = (self.radius(a), self.radius(b - 1e-9));
                    let title = format!("{}: {}", session.name, blocks(session.run));
                    svg.ring(CENTRE, one.min(other) * SCALE, one.max(other) * SCALE, colour(i), &title);
                }
            }
        }
        for mark in self.marks.iter().take(200) {
            let r = self.radius(self.share(mark.run.first)) * SCALE;
            svg.ring(CENTRE, r - 0.4, r + 0.4, FAULT, &format!("{}: {}", blocks(mark.run), mark.what));
        }
    }

    fn legend(&self, svg: &mut Svg) {
        let mut y = 70.0;
        let mut line = |text: &str| {
            svg.text(310.0, y, "start", text);
            y += 20.0;
        };
        let layers = counted(usize::try_from(self.layers()).unwrap_or(1), "layer");
        line(&format!("{}, {} blocks, {layers}", self.media, self.blocks));
        let mut rows: Vec<_> = self.bands.iter().filter(|b| b.kind != BandKind::File).collect();
        rows.sort_by_key(|b| (b.kind, b.run.first));
        for band in rows.iter().take(9) {
            line(&format!("{}: {}", band.name, blocks(band.run)));
        }
        if rows.len() > 9 {
            line(&format!("and {} more", rows.len() - 9));
        }
        line(&counted(self.marks.len(), "fault"));
    }

    fn row(&self, svg: &mut Svg, kind: BandKind, y: f64) {
        let mut bands: Vec<_> = self.bands.iter().filter(|b| b.kind == kind).collect();
        bands.sort_by_key(|b| (b.run.first, b.run.last));
        if bands.len() <= COLUMNS {
            for (i, band) in bands.iter().enumerate() {
                let title = format!("{}: {}", band.name, blocks(band.run));
                svg.bar(self.place(band.run, y), colour(i), &title);
            }
            return;
        }
        // More than there is room for: those that share a column become one bar that counts them.
        let columns = u64::try_from(COLUMNS).unwrap_or(1);
        let column =
            |b: &Band| u128::from(b.run.first) * u128::from(columns) / u128::from(self.blocks.max(1));
        for (i, group) in bands.chunk_by(|a, b| column(a) == column(b)).enumerate() {
            let (Some(first), Some(last)) = (group.first(), group.iter().map(|b| b.run.last).max()) else {
                continue;
            };
            let run = Run { first: first.run.first, last };
            let title = match group.len() {
                1 => format!("{}: {}", first.name, blocks(run)),
                n => format!("{} and {} more: {}", first.name, n - 1, blocks(run)),
            };
            svg.bar(self.place(run, y), colour(i), &title);
        }
    }

    fn speed(&self, svg: &mut Svg) {
        let (top, bottom) = (530.0, 680.0);
        let most = self.curve.iter().map(ReadSpeed::sectors_per_second).fold(0.0, f64::max);
        svg.text(20.0, top + 14.0, "start", "speed");
        svg.bar(
            [LEFT, top, RIGHT - LEFT, bottom - top],
            "#fafafa",
            "speed of reading, from the centre to the rim",
        );
        let x = |mm: f64| LEFT + (mm - INNER_MM) / (OUTER_MM - INNER_MM) * (RIGHT - LEFT);
        let layers = self.layers();
        for layer in 0..layers {
            let on = |share: f64| {
                share * f64::from(layers) >= f64::from(layer)
                    && share * f64::from(layers) < f64::from(layer + 1)
            };
            let points: Vec<_> = self
                .curve
                .iter()
                .map(|place| (self.share(place.run.first), place.sectors_per_second()))
                .filter(|(share, _)| on(*share))
                .map(|(share, speed)| {
                    let y = if most > 0.0 { bottom - speed / most * (bottom - top) } else { bottom };
                    [x(self.radius(share)), y]
                })
                .collect();
            if !points.is_empty() {
                svg.curve(
                    &points,
                    COLOURS.get(usize::try_from(layer).unwrap_or(0)).copied().unwrap_or(FAULT),
                );
            }
        }
        svg.text(RIGHT, top - 6.0, "end", &format!("at most {:.1} MB/s", most * 2048.0 / 1e6));
        for (mm, anchor) in
            [(24.0, "start"), (30.0, "middle"), (40.0, "middle"), (50.0, "middle"), (58.0, "end")]
        {
            svg.text(x(mm).clamp(LEFT, RIGHT), bottom + 18.0, anchor, &format!("{mm} mm"));
        }
        svg.text(WIDTH / 2.0, bottom + 36.0, "middle", "radius on the disc, by constant density");
    }
}

fn colour(i: usize) -> &'static str {
    COLOURS.get(i % COLOURS.len()).copied().unwrap_or(FAULT)
}

/// A number of things in words; `one` is what one of them is called, and where that is not enough, `one|many`.
fn counted(number: usize, one: &str) -> String {
    let (one, many) =
        one.split_once('|').map_or((one, format!("{one}s")), |(one, many)| (one, many.to_owned()));
    match number {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    }
}

/// Blocks in words.
fn blocks(run: Run) -> String {
    if run.first == run.last {
        format!("block {}", run.first)
    } else {
        format!("blocks {} to {}", run.first, run.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn band(kind: BandKind, first: u64, last: u64, name: &str) -> Band {
        Band { kind, run: Run { first, last }, name: name.to_owned() }
    }

    fn picture() -> Picture {
        Picture {
            title: "A <disc> & more".to_owned(),
            media: MediaType::DVD_PLUS_R,
            blocks: 2_295_104,
            bands: vec![
                band(BandKind::Session, 0, 999_999, "session 1"),
                band(BandKind::Track, 0, 999_999, "track 1"),
                band(BandKind::File, 300, 5000, "/a\u{1}b\"<x>&'.bin"),
            ],
            curve: (0..100)
                .map(|i| ReadSpeed {
                    run: Run { first: i * 10_000, last: i * 10_000 + 9_999 },
                    time: Duration::from_millis(2000 - i * 10),
                })
                .collect(),
            marks: vec![Mark { run: Run { first: 77, last: 78 }, what: "cannot be read".to_owned() }],
        }
    }

    #[test]
    fn names_cannot_break_out_of_the_picture() {
        let svg = picture().to_svg();
        assert!(svg.contains("/a\u{FFFD}b&quot;&lt;x&gt;&amp;&#39;.bin: blocks 300 to 5000"));
        assert!(svg.contains("A &lt;disc&gt; &amp; more"));
        assert!(!svg.contains("<x>") && !svg.contains('\u{1}'));
    }

    #[test]
    fn a_million_files_make_a_picture_of_bounded_size() {
        let mut picture = picture();
        picture.bands =
            (0..1_000_000).map(|i| band(BandKind::File, i * 2, i * 2 + 1, &format!("/{i}"))).collect();
        let svg = picture.to_svg();
        assert!(svg.len() < 300_000, "{}", svg.len());
        assert!(svg.contains("and 1529 more") || svg.contains(" more: blocks "));
    }

    #[test]
    fn radii_grow_within_a_layer_and_run_back_on_the_second() {
        let mut picture = picture();
        let radii: Vec<_> = (0..=10).map(|i| picture.radius(f64::from(i) / 10.0)).collect();
        assert!(radii.windows(2).all(|w| w[0] < w[1]));
        assert!((radii[0] - 24.0).abs() < 1e-6 && (radii[10] - 58.0).abs() < 1e-6);
        picture.blocks = 4_173_824;
        assert!((picture.radius(0.5) - 58.0).abs() < 1e-6 && (picture.radius(1.0) - 24.0).abs() < 1e-6);
    }
}
