//! The drive's side.

use std::io::IoSlice;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, lstat, unlink};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendFlags, SocketAddrUnix, SocketFlags, SocketType,
    accept_with, bind, connect, listen, recv, sendmsg, socket_with,
};

use super::MAX_DATA;
use super::client::message_limit;
use super::frame::{Answer, REQUEST, Request};
use crate::{DataPhase, Outcome, Sense, SenseKey, Status, Transport, TransportError};

/// How often the cancel flag is looked at while nobody sends.
const TICK: Duration = Duration::from_millis(100);
/// Time that the served drive has for one command; the host keeps its own clock.
const COMMAND_LIMIT: Duration = Duration::from_secs(3600);
/// Openers at one time; more are turned away.
const MAX_CONNECTIONS: usize = 64;

/// A bound socket. Dropping it removes its file.
#[derive(Debug)]
pub struct Listener {
    socket: OwnedFd,
    path: PathBuf,
}

impl Listener {
    /// Binds and listens at `path`. The file of a server that died is replaced.
    ///
    /// # Errors
    /// [`TransportError::InUse`] when a server answers there, [`TransportError::Io`] otherwise: a file that is no socket is
    /// [`std::io::ErrorKind::AlreadyExists`].
    pub fn bind(path: &Path) -> Result<Self, TransportError> {
        let name = format!("socket:{}", path.display());
        let failed = |error: Errno| TransportError::Io { device: name.clone(), source: error.into() };
        let new = || socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
        let address = SocketAddrUnix::new(path).map_err(failed)?;
        let socket = new().map_err(failed)?;
        match bind(&socket, &address) {
            Ok(()) => {}
            Err(Errno::ADDRINUSE) => {
                let is_socket =
                    lstat(path).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Socket);
                if !is_socket {
                    let what = "there is a file of this name, which is no socket";
                    let source = std::io::Error::new(std::io::ErrorKind::AlreadyExists, what);
                    return Err(TransportError::Io { device: name, source });
                }
                if connect(new().map_err(failed)?, &address) != Err(Errno::CONNREFUSED) {
                    return Err(TransportError::InUse {
                        device: name,
                        by: " by another recorder".to_owned(),
                    });
                }
                unlink(path).map_err(failed)?;
                bind(&socket, &address).map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        }
        listen(&socket, 16).map_err(failed)?;
        Ok(Self { socket, path: path.to_owned() })
    }

    /// Where it listens.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // A file that is already gone is what we want.
        let _ = unlink(&self.path);
    }
}

/// What to do with a connection after a message.
enum Next {
    Keep,
    Close,
}

/// Serves `drive` to everybody who connects, one command at a time in the order of arrival, until `cancel` is set.
///
/// A peer that breaks the protocol, and one that does not take its answer, is disconnected; the others go on. A
/// recovered error (key 1) of a data-in command is sent as GOOD with its data, because the wire carries either data
/// or sense. Logical units other than 0 answer 5/25/00.
///
/// # Errors
/// [`TransportError::DeviceGone`] or [`TransportError::Io`] when the drive itself fails, after all connections
/// are closed. Any other transport error of the drive closes the connection that met it: a transport failure is
/// never turned into sense data.
pub fn serve(
    listener: &Listener,
    drive: &mut dyn Transport,
    cancel: &AtomicBool,
) -> Result<(), TransportError> {
    let failed = |error: Errno| TransportError::Io {
        device: listener.path.display().to_string(),
        source: error.into(),
    };
    let tick = Timespec::try_from(TICK).unwrap_or(Timespec { tv_sec: 0, tv_nsec: 0 });
    let mut peers: Vec<OwnedFd> = Vec::new();
    let mut message = vec![0; MAX_DATA + REQUEST];
    let mut data = Vec::new();
    while !cancel.load(Ordering::Relaxed) {
        let mut fds = vec![PollFd::new(&listener.socket, PollFlags::IN)];
        fds.extend(peers.iter().map(|peer| PollFd::new(peer, PollFlags::IN)));
        match poll(&mut fds, Some(&tick)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(failed(error)),
        }
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        drop(fds);
        let mut kept = Vec::with_capacity(peers.len() + 1);
        for (peer, ready) in std::mem::take(&mut peers).into_iter().zip(ready.iter().skip(1)) {
            if !ready {
                kept.push(peer);
                continue;
            }
            match answer_one(&peer, drive, &mut message, &mut data) {
                Ok(Next::Keep) => kept.push(peer),
                Ok(Next::Close) => {}
                Err(error @ (TransportError::DeviceGone { .. } | TransportError::Io { .. })) => {
                    return Err(error);
                }
                Err(_) => {}
            }
        }
        peers = kept;
        if ready.first() == Some(&true) {
            match accept_with(&listener.socket, SocketFlags::CLOEXEC) {
                Ok(peer) if peers.len() < MAX_CONNECTIONS => {
                    // Without a larger buffer the peer's transfers are smaller; it works all the same.
                    let _ = message_limit(&peer);
                    peers.push(peer);
                }
                Ok(_) | Err(Errno::INTR | Errno::AGAIN | Errno::CONNABORTED) => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }
    Ok(())
}

fn answer_one(
    peer: &OwnedFd,
    drive: &mut dyn Transport,
    message: &mut [u8],
    data: &mut Vec<u8>,
) -> Result<Next, TransportError> {
    let length = match recv(peer, &mut *message, RecvFlags::TRUNC | RecvFlags::DONTWAIT) {
        Ok((length, full)) if length == full && length > 0 => length,
        Err(Errno::AGAIN | Errno::INTR) => return Ok(Next::Keep),
        // End of the connection, an over-long message, or an error of the socket.
        Ok(_) | Err(_) => return Ok(Next::Close),
    };
    let Ok((request, sent)) = Request::parse(message.get(..length).unwrap_or(&[])) else {
        return Ok(Next::Close);
    };
    let expects = if sent.is_empty() { request.data_len } else { 0 };
    data.clear();
    data.resize(expects, 0);
    let phase = if !sent.is_empty() {
        DataPhase::Out(sent)
    } else if expects > 0 {
        DataPhase::In(data)
    } else {
        DataPhase::None
    };
    let outcome = if request.lun == 0 {
        drive.execute(&request.cdb, phase, COMMAND_LIMIT)?
    } else {
        Outcome::check(Sense::of(5, 0x25, 0))
    };
    let recovered = outcome.sense.is_some_and(|sense| sense.key == SenseKey::RECOVERED_ERROR);
    let (status, body) = if outcome.status == Status::GOOD || recovered && expects > 0 {
        let body = data.get(..outcome.transferred.min(expects)).unwrap_or(&[]).to_vec();
        (Status::GOOD, body)
    } else {
        (outcome.status, outcome.sense.map(|sense| sense.to_fixed().to_vec()).unwrap_or_default())
    };
    let header = Answer { tag: request.tag, status: status.0, data_len: body.len() }.to_bytes();
    let parts = [IoSlice::new(&header), IoSlice::new(&body)];
    loop {
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        return match sendmsg(peer, &parts, &mut SendAncillaryBuffer::default(), flags) {
            Ok(_) => Ok(Next::Keep),
            Err(Errno::INTR) => continue,
            Err(_) => Ok(Next::Close),
        };
    }
}
