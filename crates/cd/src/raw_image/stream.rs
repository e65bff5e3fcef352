//! The raw image as a stream of bytes that is made when it is read.

use std::fmt;
use std::io;
use std::sync::Arc;

use glassmaster_disc::Lba;
use glassmaster_disc::stream::ByteStream;

use crate::sector::RAW;
use crate::session::{LEAD_IN_START, Session};
use crate::subcode::{SUBCODE, Subcode, SubcodeForm, TocPoint};

/// Sectors that are read from a track at a time.
const BATCH: u64 = 64;

/// Where sound comes from: first sector, number of sectors, and its bytes.
type Piece = (i32, u32, Arc<dyn ByteStream>);

/// A raw image, from MSF 95:00:00 to the end of the lead-out. Every sector is a function of the plan and the tracks' streams,
/// which are read as the image is.
#[derive(Clone)]
pub struct RawImage {
    session: Session,
    points: Vec<TocPoint>,
    form: SubcodeForm,
    sectors: u32,
    /// Ascending by address, without overlap; what lies between is silence.
    pieces: Vec<Piece>,
    rw: Option<Arc<dyn ByteStream>>,
}

impl fmt::Debug for RawImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "raw image of {} sectors, subcode {:?}", self.sectors, self.form)
    }
}

fn short(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, format!("the stream of {what} has become shorter"))
}

impl RawImage {
    pub(super) fn new(
        session: Session,
        form: SubcodeForm,
        sectors: u32,
        pieces: Vec<Piece>,
        rw: Option<Arc<dyn ByteStream>>,
    ) -> Self {
        Self { points: session.points(), session, form, sectors, pieces, rw }
    }

    /// The plan it was made by.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Form of its subcode.
    #[must_use]
    pub const fn form(&self) -> SubcodeForm {
        self.form
    }

    /// Number of its sectors.
    #[must_use]
    pub const fn sectors(&self) -> u32 {
        self.sectors
    }

    /// Sectors before LBA 0.
    #[must_use]
    pub const fn lead_in_sectors(&self) -> u32 {
        LEAD_IN_START.unsigned_abs()
    }

    /// Fills `sound`, whole sectors from `first` on, that are silence already.
    fn sound(&self, first: i64, sound: &mut [u8]) -> io::Result<()> {
        let end = first.saturating_add(i64::try_from(sound.len() / RAW).map_err(io::Error::other)?);
        for (start, sectors, data) in &self.pieces {
            let start = i64::from(*start);
            let from = first.max(start);
            let to = end.min(start + i64::from(*sectors));
            if from >= to {
                continue;
            }
            let bytes = |sectors: i64| usize::try_from(sectors).unwrap_or(0) * RAW;
            let part = &mut sound[bytes(from - first)..bytes(to - first)];
            let offset = u64::try_from(bytes(from - start)).map_err(io::Error::other)?;
            if data.read_at(offset, part)? < part.len() {
                return Err(short("a track"));
            }
        }
        Ok(())
    }

    /// The subcode of a sector, by its number in the image.
    fn subcode(&self, sector: u64) -> io::Result<Subcode> {
        let lba = i32::try_from(sector).ok().and_then(|n| n.checked_add(LEAD_IN_START));
        let position = lba.and_then(|lba| self.session.position(Lba(lba), &self.points));
        let position = position.ok_or_else(|| io::Error::other(format!("sector {sector} has no address")))?;
        let subcode = Subcode::new(position.p, position.q.to_bytes());
        let Some(stream) = &self.rw else { return Ok(subcode) };
        let mut rw = [0; SUBCODE];
        let offset = sector.saturating_mul(u64::try_from(SUBCODE).map_err(io::Error::other)?);
        if stream.read_at(offset, &mut rw)? < SUBCODE {
            return Err(short("R to W"));
        }
        if let Some(at) = rw.iter().position(|byte| byte & 0xC0 != 0) {
            let text = format!("byte {at} of R to W for sector {sector} has a bit in the place of P or Q");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(subcode.with_rw(&rw))
    }
}

impl ByteStream for RawImage {
    fn size(&self) -> u64 {
        u64::from(self.sectors)
            .saturating_mul(u64::try_from(self.form.bytes_per_sector()).unwrap_or(u64::MAX))
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let each = self.form.bytes_per_sector();
        let each_u64 = u64::try_from(each).map_err(io::Error::other)?;
        let rest = usize::try_from(self.size().saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = rest.min(buf.len());
        let buf = &mut buf[..wanted];
        let mut sector = offset / each_u64;
        // Bytes of the first sector that are not asked for.
        let mut skip = usize::try_from(offset % each_u64).map_err(io::Error::other)?;
        let mut sound = Vec::new();
        let mut done = 0;
        while done < wanted {
            let count = (skip + wanted - done).div_ceil(each).min(usize::try_from(BATCH).unwrap_or(1));
            sound.clear();
            sound.resize(count * RAW, 0);
            self.sound(
                i64::try_from(sector).map_err(io::Error::other)? + i64::from(LEAD_IN_START),
                &mut sound,
            )?;
            for main in sound.as_chunks::<RAW>().0 {
                let mut whole = [0; RAW + SUBCODE];
                whole[..RAW].copy_from_slice(main);
                let subcode = self.subcode(sector)?;
                match self.form {
                    SubcodeForm::PqOnly => whole[RAW..RAW + 16].copy_from_slice(&subcode.pq()),
                    SubcodeForm::Cooked | SubcodeForm::Raw => whole[RAW..].copy_from_slice(&subcode.0),
                }
                let part = &whole[skip..each];
                let moved = part.len().min(wanted - done);
                buf[done..done + moved].copy_from_slice(&part[..moved]);
                done += moved;
                skip = 0;
                sector += 1;
            }
        }
        Ok(done)
    }
}
