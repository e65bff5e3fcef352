//! How the reading of a disc went: how fast at which place, and where the drive took long or had to try again.

use std::time::Duration;

use super::Run;

/// Ranges kept of each sort; what comes after them is only counted.
const RANGES_KEPT: usize = 256;
/// Places kept of the curve, at most; a power of two.
const CURVE: usize = 512;
/// A piece that takes so many times longer than usual is slow.
const SLOW_FACTOR: u32 = 8;
/// ... and by so much at least: a seek is no sign of a bad place.
const SLOW_LEAST: Duration = Duration::from_millis(250);

/// Sectors of the disc that were read in one go, and how long that took.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadSpeed {
    /// Blocks of the disc.
    pub run: Run,
    /// Time it took.
    pub time: Duration,
}

impl ReadSpeed {
    /// Sectors a second; 0 where it took no time that could be measured.
    #[must_use]
    pub fn sectors_per_second(&self) -> f64 {
        let seconds = self.time.as_secs_f64();
        if seconds > 0.0 { crate::event::as_float(self.run.sectors()) / seconds } else { 0.0 }
    }
}

/// What was noticed while a disc was read back. Blocks are those of the disc.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reading {
    /// Sectors read.
    pub sectors: u64,
    /// Time for them.
    pub time: Duration,
    /// Speed from place to place, in the order read; at most 512 places that cover everything read.
    pub curve: Vec<ReadSpeed>,
    /// The first ranges that took far longer than their neighbours; at most 256.
    pub slow: Vec<ReadSpeed>,
    /// Ranges that took far longer than their neighbours.
    pub slow_ranges: u64,
    /// The first ranges that the drive could read only when asked again; at most 256.
    pub retried: Vec<Run>,
    /// Times a READ was asked for again.
    pub retries: u64,
    /// Reads that one place of the curve stands for.
    per_place: u32,
    /// Reads in its last place.
    in_place: u32,
    /// Nanoseconds a sector usually takes.
    usual: Option<u64>,
}

impl Reading {
    /// Takes in one read of `sectors` sectors from block `first` on.
    pub(crate) fn note(&mut self, first: u64, sectors: u64, time: Duration, retries: u64) {
        let Some(last) = sectors.checked_sub(1).and_then(|n| first.checked_add(n)) else { return };
        let read = ReadSpeed { run: Run { first, last }, time };
        self.sectors = self.sectors.saturating_add(sectors);
        self.time = self.time.saturating_add(time);
        if retries > 0 {
            self.retries = self.retries.saturating_add(retries);
            let room = self.retried.len() < RANGES_KEPT;
            match self.retried.last_mut() {
                Some(run) if run.last.checked_add(1) == Some(first) => run.last = last,
                _ if room => self.retried.push(read.run),
                _ => {}
            }
        }
        self.judge(read, sectors);
        self.draw(read);
    }

    fn judge(&mut self, read: ReadSpeed, sectors: u64) {
        let each = u64::try_from(read.time.as_nanos()).unwrap_or(u64::MAX) / sectors.max(1);
        let Some(usual) = self.usual else {
            // The first read is a seek and says little.
            self.usual = (self.curve.is_empty() && self.in_place == 0).then_some(each);
            return;
        };
        let expected = Duration::from_nanos(usual.saturating_mul(sectors));
        if read.time > expected.saturating_mul(SLOW_FACTOR) && read.time > expected + SLOW_LEAST {
            self.slow_ranges += 1;
            let room = self.slow.len() < RANGES_KEPT;
            match self.slow.last_mut() {
                Some(slow) if slow.run.last.checked_add(1) == Some(read.run.first) => {
                    slow.run.last = read.run.last;
                    slow.time = slow.time.saturating_add(read.time);
                    self.slow_ranges -= 1;
                }
                _ if room => self.slow.push(read),
                _ => {}
            }
            return;
        }
        // Follows the drive as it gets faster towards the rim.
        self.usual = Some((usual / 8).saturating_mul(7).saturating_add(each / 8));
    }

    fn draw(&mut self, read: ReadSpeed) {
        self.per_place = self.per_place.max(1);
        match self.curve.last_mut() {
            Some(place)
                if self.in_place < self.per_place
                    && place.run.last.checked_add(1) == Some(read.run.first) =>
            {
                place.run.last = read.run.last;
                place.time = place.time.saturating_add(read.time);
                self.in_place += 1;
            }
            _ => {
                if self.curve.len() == CURVE {
                    self.halve();
                }
                self.curve.push(read);
                self.in_place = 1;
            }
        }
    }

    /// Joins the places two by two. Where they do not touch, something between them was not read: the speed holds for
    /// what was.
    fn halve(&mut self) {
        let joined = self.curve.chunks(2).map(|pair| match pair {
            [a, b] => {
                let run = Run { first: a.run.first.min(b.run.first), last: a.run.last.max(b.run.last) };
                ReadSpeed { run, time: a.time.saturating_add(b.time) }
            }
            rest => rest
                .first()
                .copied()
                .unwrap_or(ReadSpeed { run: Run { first: 0, last: 0 }, time: Duration::ZERO }),
        });
        self.curve = joined.collect();
        self.per_place = self.per_place.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_place_that_takes_long_is_named_and_does_not_become_usual() {
        let mut reading = Reading::default();
        for i in 0..100u64 {
            let time = if (40..42).contains(&i) { 900 * MS } else { 10 * MS };
            reading.note(i * 128, 128, time, u64::from(i == 41) * 3);
        }
        assert_eq!((reading.sectors, reading.time), (12_800, 1800 * MS + 980 * MS));
        let slow: Vec<_> = reading.slow.iter().map(|s| (s.run.first, s.run.last, s.time)).collect();
        assert_eq!((slow, reading.slow_ranges), (vec![(5120, 5375, 1800 * MS)], 1));
        assert_eq!((reading.retries, &*reading.retried), (3, &[Run { first: 5248, last: 5375 }][..]));
    }

    #[test]
    fn a_drive_that_gets_faster_is_not_slow_where_it_began() {
        let mut reading = Reading::default();
        for i in 0..50_000u64 {
            // 1x to 2.4x over the radius, a slow spin-up at first.
            let time = if i == 0 { 3000 } else { 240 - i * 140 / 50_000 };
            reading.note(i * 128, 128, Duration::from_millis(time), 0);
        }
        assert_eq!((reading.slow_ranges, reading.retries), (0, 0));
    }

    #[test]
    fn the_curve_covers_everything_within_its_bounds() {
        for reads in [1, 511, 512, 513, 5000, 100_003u64] {
            let mut reading = Reading::default();
            for i in 0..reads {
                reading.note(1000 + i * 128, 128, MS, 0);
            }
            assert!(reading.curve.len() <= CURVE && reading.curve.len() as u64 >= reads.min(256));
            assert_eq!(reading.curve.first().unwrap().run.first, 1000);
            assert_eq!(reading.curve.last().unwrap().run.last, 999 + reads * 128);
            assert!(reading.curve.windows(2).all(|w| w[0].run.last + 1 == w[1].run.first));
            assert!(reading.curve.iter().all(|p| (p.sectors_per_second() - 128_000.0).abs() < 1.0));
            assert_eq!(reading.curve.iter().map(|p| p.time).sum::<Duration>(), reading.time);
        }
    }
}
