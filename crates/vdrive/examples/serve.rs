//! `serve SOCKET DISC [MEDIA [SIZE]]`: a virtual recorder behind a unix socket. With MEDIA the disc is made new, in its
//! usual size or in SIZE.

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use glassmaster_disc::MediaType;
use glassmaster_scsi::wire;
use glassmaster_vdrive::{MediumOptions, MediumSize, StoreError, VirtualDrive};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[allow(clippy::print_stderr, reason = "a program may speak")]
            {
                eprintln!("serve: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let [socket, disc, media_arguments @ ..] = arguments else {
        return Err("usage: serve SOCKET DISC [MEDIA [SIZE]]".into());
    };
    let disc = Path::new(disc);
    let mut drive = match media_arguments.first() {
        Some(media) => {
            let media: MediaType = media.parse()?;
            let size = media_size(media, media_arguments.get(1))?;
            VirtualDrive::create(disc, media, &MediumOptions { size, ..MediumOptions::default() })?
        }
        None => VirtualDrive::open(disc)?,
    };
    // No kernel stands between the programs and this drive to do it.
    drive.acknowledge();
    let listener = wire::Listener::bind(Path::new(socket))?;
    wire::serve(&listener, &mut drive, &AtomicBool::new(false))?;
    Ok(())
}

fn media_size(media: MediaType, label: Option<&String>) -> Result<Option<MediumSize>, StoreError> {
    label.map(|label| MediumSize::named(media, label)).transpose()
}
