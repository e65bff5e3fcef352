//! News about drives that come, go and change: kernel events about devices (NETLINK_KOBJECT_UEVENT), and what happens to
//! files and sockets.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};

use super::places::Places;
use crate::sys::{Place, Wake};

/// Waits for news about drives. One waits at a time; a [`Waker`] ends the wait from any thread.
///
/// News are a reason to look again, no more: what they say is not relied upon, so that neither a lost event nor one
/// that somebody made up can do harm.
#[derive(Debug)]
pub struct Uevents {
    socket: Option<OwnedFd>,
    wake: Arc<OwnedFd>,
    places: Option<Places>,
}

/// Ends the wait of an [`Uevents`].
#[derive(Clone, Debug)]
pub struct Waker(Arc<OwnedFd>);

impl Waker {
    /// The wait that is going on, or else the next one, ends with [`Wake::Woken`].
    pub fn wake(&self) {
        // The counter is full only after 2^64 - 2 wakes that nobody has seen, which wakes as well.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }
}

/// Group that the kernel sends to, and that of udev, which tells when nodes and links have been made.
const KERNEL: u32 = 1;
const UDEV: u32 = 2;
/// Longest event; the kernel sends at most 2 KiB of properties, udev up to 8 KiB.
const MOST: usize = 16 * 1024;

impl Uevents {
    /// Listens for drives of the system: to udev where it runs, else to the kernel.
    ///
    /// # Errors
    /// When the system has no such socket or does not let this process have one.
    pub fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(KOBJECT_UEVENT))?;
        let group = if Path::new("/run/udev/control").exists() { UDEV } else { KERNEL };
        bind(&socket, &SocketAddrNetlink::new(0, group))?;
        Ok(Self { socket: Some(socket), ..Self::quiet()? })
    }

    /// Hears nothing and only waits to be woken.
    ///
    /// # Errors
    /// When the process has no descriptors left.
    pub fn quiet() -> io::Result<Self> {
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { socket: None, wake: Arc::new(wake), places: None })
    }

    /// What ends a wait.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.wake))
    }

    /// Listens for drives at these places too, and no longer at those that were given before. To be repeated after each
    /// [`Wake::Drives`], before the places are looked at: then nothing is missed, whatever folder or link on the way to a
    /// place comes or goes. What is mounted over such a folder is not heard of.
    ///
    /// # Errors
    /// When a folder may not be watched, or the system has no watch left.
    pub fn watch_places(&mut self, places: &[Place]) -> io::Result<()> {
        match &mut self.places {
            None if places.is_empty() => Ok(()),
            Some(watched) => watched.watch(places),
            none => none.insert(Places::new()?).watch(places),
        }
    }

    /// Whether, when [`Uevents::watch_places`] was called, there was a socket that nobody listened on. Its server may be
    /// about to, of which there is no event.
    #[must_use]
    pub fn is_place_refusing(&self) -> bool {
        self.places.as_ref().is_some_and(Places::is_refusing)
    }

    /// Waits for news, at most for `timeout`; for ever without one.
    ///
    /// # Errors
    /// What the system says of the socket.
    pub fn wait(&self, timeout: Option<Duration>) -> io::Result<Wake> {
        let start = Instant::now();
        loop {
            let left = timeout.map(|t| t.saturating_sub(start.elapsed()));
            let limit = left.and_then(|t| Timespec::try_from(t).ok());
            let mut polled = vec![PollFd::new(&self.wake, PollFlags::IN)];
            polled.extend(self.socket.as_ref().map(|s| PollFd::new(s, PollFlags::IN)));
            polled.extend(self.places.iter().flat_map(Places::polled));
            match poll(&mut polled, limit.as_ref()) {
                Ok(0) => return Ok(Wake::TimedOut),
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let mut counter = [0; 8];
            if rustix::io::read(&self.wake, &mut counter).is_ok() {
                return Ok(Wake::Woken);
            }
            let of_system = self.socket.as_ref().map_or(Ok(false), heard)?;
            if self.places.as_ref().map_or(Ok(false), Places::heard)? || of_system {
                return Ok(Wake::Drives);
            }
        }
    }
}

/// Takes all that waits in the socket; whether some of it was about drives.
fn heard(socket: &impl AsFd) -> io::Result<bool> {
    let mut buf = vec![0; MOST];
    let mut drives = false;
    loop {
        match recv(socket, buf.as_mut_slice(), RecvFlags::DONTWAIT) {
            Ok((_, length)) => drives |= buf.get(..length).is_some_and(is_about_a_drive),
            Err(Errno::WOULDBLOCK) => return Ok(drives),
            Err(Errno::INTR) => {}
            // The buffer of the socket ran over: what was lost may have been it.
            Err(Errno::NOBUFS) => drives = true,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether a datagram tells of a block device `srN` or a generic SCSI device.
///
/// The kernel sends `ACTION@DEVPATH` and then `KEY=VALUE`, each closed by a NUL. udev sends a header of its own, which
/// says in bytes 16 to 19 where the properties begin.
fn is_about_a_drive(datagram: &[u8]) -> bool {
    let properties = match datagram.strip_prefix(b"libudev\0") {
        Some(header) => header
            .get(8..12)
            .and_then(|b| <[u8; 4]>::try_from(b).ok())
            .and_then(|b| usize::try_from(u32::from_ne_bytes(b)).ok())
            .and_then(|start| datagram.get(start..)),
        None => datagram.iter().position(|b| *b == 0).and_then(|end| datagram.get(end..)),
    };
    let lines = || properties.unwrap_or_default().split(|b| *b == 0);
    let value = |key: &[u8]| lines().find_map(|line| line.strip_prefix(key));
    match value(b"SUBSYSTEM=") {
        Some(b"block") => {
            let name = value(b"DEVNAME=").unwrap_or_default();
            let name = name.strip_prefix(b"/dev/").unwrap_or(name);
            name.starts_with(b"sr")
        }
        Some(b"scsi_generic") => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{SendFlags, send, socketpair};

    /// As the kernel sends it when a USB drive is plugged in.
    const ADDED: &[u8] = b"add@/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sr1\0\
        ACTION=add\0DEVPATH=/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sr1\0\
        SUBSYSTEM=block\0MAJOR=11\0MINOR=1\0DEVNAME=sr1\0DEVTYPE=disk\0DISKSEQ=12\0SEQNUM=3911\0";

    /// A message of udev: its name, 0xFEEDCAFE, 40 bytes of header, properties.
    fn of_udev(properties: &[u8]) -> Vec<u8> {
        let mut out = b"libudev\0".to_vec();
        out.extend_from_slice(&0xFEED_CAFEu32.to_be_bytes());
        let length = u32::try_from(properties.len()).unwrap();
        for number in [40u32, 40, length, 0, 0, 0, 0] {
            out.extend_from_slice(&number.to_ne_bytes());
        }
        out.extend_from_slice(properties);
        out
    }

    #[test]
    fn only_optical_drives_and_generic_devices_are_news() {
        assert!(is_about_a_drive(ADDED));
        let text = String::from_utf8(ADDED.to_vec()).unwrap();
        assert!(is_about_a_drive(text.replace("add", "remove").as_bytes()));
        assert!(!is_about_a_drive(text.replace("DEVNAME=sr1", "DEVNAME=sda").as_bytes()));
        assert!(!is_about_a_drive(text.replace("=block", "=usb").as_bytes()));
        assert!(is_about_a_drive(b"add@/x\0SUBSYSTEM=scsi_generic\0DEVNAME=sg3\0"));
        let udev = of_udev(b"ACTION=add\0SUBSYSTEM=block\0DEVNAME=/dev/sr0\0DEVLINKS=/dev/cdrom\0");
        assert!(is_about_a_drive(&udev));
        for end in 0..ADDED.len() {
            let _ = is_about_a_drive(&ADDED[..end]);
        }
        for end in 0..udev.len() {
            let _ = is_about_a_drive(&udev[..end]);
        }
        let mut lying = udev;
        lying[16..20].copy_from_slice(&u32::MAX.to_ne_bytes());
        assert!(!is_about_a_drive(&lying));
        assert!(!is_about_a_drive(b""));
    }

    fn pair() -> (OwnedFd, Uevents) {
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None).unwrap();
        (ours, Uevents { socket: Some(theirs), ..Uevents::quiet().unwrap() })
    }

    #[test]
    fn datagrams_end_a_wait_and_others_do_not() {
        let (kernel, events) = pair();
        let soon = Some(Duration::from_millis(30));
        send(&kernel, b"change@/x\0SUBSYSTEM=net\0", SendFlags::empty()).unwrap();
        assert_eq!(events.wait(soon).unwrap(), Wake::TimedOut);
        for _ in 0..3 {
            send(&kernel, ADDED, SendFlags::empty()).unwrap();
        }
        assert_eq!(events.wait(None).unwrap(), Wake::Drives);
        assert_eq!(events.wait(soon).unwrap(), Wake::TimedOut, "all news were taken at once");
    }

    #[test]
    fn another_thread_ends_the_wait() {
        let (_kernel, events) = pair();
        let waker = events.waker();
        let thread = std::thread::spawn(move || events.wait(None).unwrap());
        waker.wake();
        assert_eq!(thread.join().unwrap(), Wake::Woken);
    }

    /// The socket of the kernel; containers may keep it from us.
    #[test]
    fn the_system_is_listened_to() {
        match Uevents::open() {
            Ok(events) => {
                let waker = events.waker();
                waker.wake();
                assert_eq!(events.wait(None).unwrap(), Wake::Woken);
            }
            Err(error) => assert!(error.raw_os_error().is_some(), "{error}"),
        }
    }
}
