//! A state slot: signature, sequence number, length, checksum, payload.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::bytes::{Reader, Writer};
use super::{SLOT_LEN, crc32, read_some};

/// Signature of a slot that holds a state.
const MAGIC: [u8; 8] = *b"GMSTATE\0";
/// Signature, sequence, length, checksum.
const HEADER_LEN: usize = 24;

/// Writes a payload with its header in one call.
pub(super) fn write(file: &File, offset: u64, sequence: u64, payload: &[u8]) -> io::Result<()> {
    let total = HEADER_LEN as u64 + payload.len() as u64;
    if total > SLOT_LEN {
        return Err(io::Error::other(format!("a state of {total} bytes does not fit its slot")));
    }
    let mut w = Writer::default();
    w.raw(&MAGIC);
    w.u64(sequence);
    w.u32(u32::try_from(payload.len()).map_err(io::Error::other)?);
    w.u32(checksum(sequence, payload));
    w.raw(payload);
    file.write_all_at(&w.into_bytes(), offset)
}

/// Sequence and payload, or in words what is wrong with the slot.
pub(super) fn read(file: &File, offset: u64) -> io::Result<Result<(u64, Vec<u8>), String>> {
    let mut head = [0; HEADER_LEN];
    if read_some(file, &mut head, offset)? < HEADER_LEN {
        return Ok(Err("past the end of the file".to_owned()));
    }
    if head == [0; HEADER_LEN] {
        return Ok(Err("never written".to_owned()));
    }
    let mut r = Reader::new(&head);
    let (magic, sequence, len, sum) = (r.array::<8>(), r.u64(), r.u32(), r.u32());
    let (Some(sequence), Some(len), Some(sum)) = (sequence, len, sum) else {
        return Ok(Err("cut short".to_owned()));
    };
    if magic != Some(MAGIC) {
        return Ok(Err("no signature".to_owned()));
    }
    if u64::from(len) > SLOT_LEN - HEADER_LEN as u64 {
        return Ok(Err(format!("length {len} is larger than a slot")));
    }
    let mut payload = vec![0; usize::try_from(len).map_err(io::Error::other)?];
    if read_some(file, &mut payload, offset + HEADER_LEN as u64)? < payload.len() {
        return Ok(Err("past the end of the file".to_owned()));
    }
    if checksum(sequence, &payload) != sum {
        return Ok(Err("wrong checksum".to_owned()));
    }
    Ok(Ok((sequence, payload)))
}

/// The checksum covers the sequence too: an old payload under a new number must not count.
fn checksum(sequence: u64, payload: &[u8]) -> u32 {
    let mut all = sequence.to_le_bytes().to_vec();
    all.extend_from_slice(payload);
    crc32(&all)
}
