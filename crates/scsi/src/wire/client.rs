//! The host's side.

use std::io::IoSlice;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::{
    Timeout, set_socket_send_buffer_size, set_socket_timeout, socket_send_buffer_size,
};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendFlags, SocketAddrUnix, SocketFlags, SocketType,
    connect, recv, sendmsg, socket_with,
};

use super::MAX_DATA;
use super::frame::{ANSWER, Answer, REQUEST, Request};
use crate::{Cdb, DataPhase, Outcome, Sense, Status, Transport, TransportError};

/// Longest time that a server may take to make room for a connection or a message. One that reads at all does so at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// A drive that another process serves. Closing it is closing the drive.
#[derive(Debug)]
pub struct Client {
    socket: OwnedFd,
    name: String,
    tag: u32,
    /// Answers that were given up after a time-out and may still come.
    late: u32,
    max_transfer: usize,
    buffer: Vec<u8>,
}

impl Client {
    /// Opens the drive behind the socket at `path`; `socket:PATH` becomes its name.
    ///
    /// # Errors
    /// [`TransportError::DeviceGone`] when nobody listens there, [`TransportError::Denied`] without permission,
    /// [`TransportError::Io`] otherwise, also when the recorder takes no connection for 30 seconds.
    pub fn connect(path: &Path) -> Result<Self, TransportError> {
        let name = format!("socket:{}", path.display());
        let failed = |error: rustix::io::Errno| match error {
            rustix::io::Errno::NOENT | rustix::io::Errno::CONNREFUSED => TransportError::DeviceGone {
                device: name.clone(),
                detail: "no recorder listens on this socket".to_owned(),
            },
            rustix::io::Errno::ACCESS | rustix::io::Errno::PERM => TransportError::Denied {
                device: name.clone(),
                advice: "the socket belongs to another user".to_owned(),
            },
            // What the system calls it when the time of the socket is over (socket(7), SO_SNDTIMEO).
            rustix::io::Errno::AGAIN => TransportError::Io {
                device: name.clone(),
                source: std::io::Error::new(
                    std::io::ErrorKind::TimedOut,
                    "the recorder that listens here takes no connection",
                ),
            },
            other => TransportError::Io { device: name.clone(), source: other.into() },
        };
        let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .map_err(failed)?;
        let address = SocketAddrUnix::new(path).map_err(failed)?;
        set_socket_timeout(&socket, Timeout::Send, Some(PATIENCE)).map_err(failed)?;
        connect(&socket, &address).map_err(failed)?;
        let max_transfer = message_limit(&socket).map_err(failed)?;
        Ok(Self { socket, name, tag: 0, late: 0, max_transfer, buffer: vec![0; MAX_DATA + ANSWER] })
    }

    fn gone(&self, detail: &str) -> TransportError {
        TransportError::DeviceGone { device: self.name.clone(), detail: detail.to_owned() }
    }

    fn failed(&self, error: rustix::io::Errno) -> TransportError {
        use rustix::io::Errno;
        match error {
            Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN => {
                self.gone("the recorder closed the connection")
            }
            other => TransportError::Io { device: self.name.clone(), source: other.into() },
        }
    }

    fn protocol(&self, detail: String) -> TransportError {
        TransportError::Protocol { device: self.name.clone(), detail }
    }

    /// Waits for the answer with `tag` and returns its length in the buffer.
    fn receive(&mut self, tag: u32, opcode: u8, limit: Duration) -> Result<usize, TransportError> {
        let end = Instant::now().checked_add(limit);
        loop {
            let wait = end.map(|end| end.saturating_duration_since(Instant::now()));
            if !readable(&self.socket, wait).map_err(|e| self.failed(e))? {
                self.late += 1;
                return Err(TransportError::Timeout { device: self.name.clone(), opcode, limit });
            }
            let (length, full) = match recv(&self.socket, self.buffer.as_mut_slice(), RecvFlags::TRUNC) {
                Ok(lengths) => lengths,
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(self.failed(error)),
            };
            if full == 0 {
                return Err(self.gone("the recorder closed the connection"));
            }
            if full > length {
                return Err(self.protocol(format!("answer of {full} bytes")));
            }
            let message = self.buffer.get(..length).unwrap_or(&[]);
            let (answer, _) = Answer::parse(message).map_err(|e| self.protocol(e))?;
            if answer.tag == tag {
                return Ok(length);
            }
            // One that was given up on. Nothing else may come.
            self.late = self.late.checked_sub(1).ok_or_else(|| {
                self.protocol(format!("answer to tag {} where {tag} was asked", answer.tag))
            })?;
        }
    }
}

/// Whether something can be read before `wait` ends; `None` waits for ever.
fn readable(socket: &OwnedFd, wait: Option<Duration>) -> Result<bool, rustix::io::Errno> {
    let wait = wait.and_then(|wait| Timespec::try_from(wait).ok());
    let mut fds = [PollFd::new(socket, PollFlags::IN)];
    match poll(&mut fds, wait.as_ref()) {
        Ok(ready) => Ok(ready > 0),
        // The caller computes the rest of the time again.
        Err(rustix::io::Errno::INTR) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Most data bytes that fit into one message of this socket: the system bounds its buffer.
pub(super) fn message_limit(socket: &OwnedFd) -> Result<usize, rustix::io::Errno> {
    // The kernel takes less where it allows less; what it took counts.
    set_socket_send_buffer_size(socket, MAX_DATA + REQUEST)?;
    // A message may fill the buffer but for some 32 bytes, and one of our headers.
    let room = socket_send_buffer_size(socket)?.saturating_sub(32 + REQUEST);
    Ok((room.min(MAX_DATA) / 65536 * 65536).max(32768))
}

impl Transport for Client {
    fn execute(
        &mut self,
        cdb: &Cdb,
        mut data: DataPhase<'_>,
        timeout: Duration,
    ) -> Result<Outcome, TransportError> {
        if data.len() > self.max_transfer {
            return Err(TransportError::TooLong {
                device: self.name.clone(),
                asked: data.len(),
                limit: self.max_transfer,
            });
        }
        self.tag = self.tag.wrapping_add(1);
        let tag = self.tag;
        let header = Request { tag, lun: 0, cdb: *cdb, data_len: data.len() }.to_bytes();
        let parts = [IoSlice::new(&header), IoSlice::new(data.sent())];
        loop {
            match sendmsg(&self.socket, &parts, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL) {
                Ok(_) => break,
                Err(rustix::io::Errno::INTR) => {}
                // Nothing was sent, so no answer will come.
                Err(rustix::io::Errno::AGAIN) => {
                    let (device, opcode) = (self.name.clone(), cdb.opcode());
                    return Err(TransportError::Timeout { device, opcode, limit: PATIENCE });
                }
                Err(error) => return Err(self.failed(error)),
            }
        }
        let length = self.receive(tag, cdb.opcode(), timeout)?;
        let message = self.buffer.get(..length).unwrap_or(&[]);
        let (answer, body) = Answer::parse(message).map_err(|e| self.protocol(e))?;
        let status = Status(answer.status);
        if status != Status::GOOD {
            return Ok(Outcome { status, sense: Sense::parse(body), transferred: 0 });
        }
        let transferred = match &mut data {
            DataPhase::None => 0,
            DataPhase::Out(sent) => sent.len(),
            DataPhase::In(_) => data.fill(body),
        };
        Ok(Outcome::good(transferred))
    }

    fn max_transfer(&self) -> usize {
        self.max_transfer
    }

    fn name(&self) -> &str {
        &self.name
    }
}
