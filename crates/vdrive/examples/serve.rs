//! `serve SOCKET DISC [MEDIA]`: a virtual recorder behind a unix socket. With MEDIA the disc is made new.

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use glassmaster_disc::MediaType;
use glassmaster_scsi::wire;
use glassmaster_vdrive::{MediumOptions, VirtualDrive};

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
    let [socket, disc, media @ ..] = arguments else {
        return Err("usage: serve SOCKET DISC [MEDIA]".into());
    };
    let disc = Path::new(disc);
    let mut drive = match media.first() {
        Some(media) => {
            let media: MediaType = media.parse()?;
            VirtualDrive::create(disc, media, &MediumOptions::default())?
        }
        None => VirtualDrive::open(disc)?,
    };
    // No kernel stands between the programs and this drive to do it.
    drive.acknowledge();
    let listener = wire::Listener::bind(Path::new(socket))?;
    wire::serve(&listener, &mut drive, &AtomicBool::new(false))?;
    Ok(())
}
