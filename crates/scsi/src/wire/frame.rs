//! Headers of the two messages.

use crate::Cdb;

use super::MAX_DATA;

/// Bytes of a request before its data.
pub(super) const REQUEST: usize = 32;
/// Bytes of an answer before its data.
pub(super) const ANSWER: usize = 12;

/// Header of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Request {
    pub(super) tag: u32,
    pub(super) lun: u32,
    pub(super) cdb: Cdb,
    pub(super) data_len: usize,
}

/// Header of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    pub(super) tag: u32,
    pub(super) status: u8,
    pub(super) data_len: usize,
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn length(bytes: &[u8], at: usize) -> Result<usize, String> {
    let length = number(bytes, at).ok_or("header cut short")?;
    match usize::try_from(length) {
        Ok(length) if length <= MAX_DATA => Ok(length),
        _ => Err(format!("data length {length} is over {MAX_DATA}")),
    }
}

fn field(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_ne_bytes()
}

impl Request {
    /// Splits a message into header and data-out.
    pub(super) fn parse(message: &[u8]) -> Result<(Self, &[u8]), String> {
        let data = message.get(REQUEST..).ok_or("request shorter than its header")?;
        let tag = number(message, 0).ok_or("no tag")?;
        let lun = number(message, 4).ok_or("no logical unit")?;
        let cdb_len = usize::from(*message.get(24).ok_or("no command length")?);
        let cdb = message
            .get(8..24)
            .and_then(|block| block.get(..cdb_len))
            .ok_or_else(|| format!("command block of {cdb_len} bytes"))?;
        let cdb = Cdb::new(cdb).map_err(|e| e.to_string())?;
        let data_len = length(message, 28)?;
        if !data.is_empty() && data.len() != data_len {
            return Err(format!("{} bytes of data-out where the header says {data_len}", data.len()));
        }
        Ok((Self { tag, lun, cdb, data_len }, data))
    }

    pub(super) fn to_bytes(self) -> [u8; REQUEST] {
        let mut out = [0; REQUEST];
        let cdb = self.cdb.as_bytes();
        out[..4].copy_from_slice(&self.tag.to_ne_bytes());
        out[4..8].copy_from_slice(&self.lun.to_ne_bytes());
        out[8..8 + cdb.len()].copy_from_slice(cdb);
        out[24] = u8::try_from(cdb.len()).unwrap_or(16);
        out[28..].copy_from_slice(&field(self.data_len));
        out
    }
}

impl Answer {
    /// Splits a message into header and data or sense.
    pub(super) fn parse(message: &[u8]) -> Result<(Self, &[u8]), String> {
        let data = message.get(ANSWER..).ok_or("answer shorter than its header")?;
        let tag = number(message, 0).ok_or("no tag")?;
        let status = number(message, 4).ok_or("no status")?;
        let status = u8::try_from(status).map_err(|_| format!("status {status:#x} is no byte"))?;
        let data_len = length(message, 8)?;
        if data.len() != data_len {
            return Err(format!("{} bytes of data where the header says {data_len}", data.len()));
        }
        Ok((Self { tag, status, data_len }, data))
    }

    pub(super) fn to_bytes(self) -> [u8; ANSWER] {
        let mut out = [0; ANSWER];
        out[..4].copy_from_slice(&self.tag.to_ne_bytes());
        out[4..8].copy_from_slice(&u32::from(self.status).to_ne_bytes());
        out[8..].copy_from_slice(&field(self.data_len));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `struct req { u32 tag, lun; u8 cdb[16]; u8 cdb_len, pad[3]; u32 data_len; }` as a C compiler lays it out.
    #[test]
    fn request_has_the_layout_of_the_c_structure() {
        let cdb = Cdb::ten([0x28, 0, 0, 0, 0, 16, 0, 0, 1, 0]);
        let request = Request { tag: 0x0102_0304, lun: 0, cdb, data_len: 2048 };
        let bytes = request.to_bytes();
        let mut want = Vec::new();
        want.extend_from_slice(&0x0102_0304u32.to_ne_bytes());
        want.extend_from_slice(&[0; 4]);
        want.extend_from_slice(&[0x28, 0, 0, 0, 0, 16, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        want.extend_from_slice(&[10, 0, 0, 0]);
        want.extend_from_slice(&2048u32.to_ne_bytes());
        assert_eq!(bytes[..], want[..]);
        assert_eq!(Request::parse(&bytes).unwrap(), (request, &[][..]));
    }

    #[test]
    fn broken_messages_are_refused() {
        let good = Request { tag: 1, lun: 0, cdb: Cdb::six([0; 6]), data_len: 4 }.to_bytes();
        let mut message = good.to_vec();
        message.extend_from_slice(&[1, 2, 3]);
        assert!(Request::parse(&message).is_err(), "three bytes of four");
        message.push(4);
        assert_eq!(Request::parse(&message).unwrap().1, [1, 2, 3, 4]);
        assert!(Request::parse(&good[..31]).is_err());
        for len in [0, 5, 17, 255] {
            let mut bad = good;
            bad[24] = len;
            assert!(Request::parse(&bad).is_err(), "command length {len}");
        }
        let mut bad = good;
        bad[28..].copy_from_slice(&u32::MAX.to_ne_bytes());
        assert!(Request::parse(&bad).is_err());
        let answer = Answer { tag: 1, status: 2, data_len: 18 }.to_bytes();
        assert!(Answer::parse(&answer).is_err(), "sense data missing");
        assert!(Answer::parse(&answer[..11]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_break_the_parsers(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
            let _ = Request::parse(&bytes);
            let _ = Answer::parse(&bytes);
        }
    }
}
