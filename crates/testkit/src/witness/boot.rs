//! A whole computer as a witness: QEMU starts an image as a disc in its drive, with the firmware of PCs, and tells what
//! the boot loader wrote to the serial line.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::Witness;
use crate::{Failure, Result};

/// Where Debian keeps UEFI: the code, and the variables a machine starts with.
const UEFI: [&str; 2] = ["/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"];
/// Modules that GRUB needs to write to the serial line and stop.
const GRUB: &str = "/usr/lib/grub/x86_64-efi";
/// Where Debian keeps ISOLINUX, and the part of it that it loads from the disc; with their packages.
const ISOLINUX: [(&str, &str); 2] = [
    ("/usr/lib/ISOLINUX/isolinux.bin", "isolinux"),
    ("/usr/lib/syslinux/modules/bios/ldlinux.c32", "syslinux-common"),
];

/// What starts the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firmware {
    /// SeaBIOS.
    Bios,
    /// OVMF, 64 bits.
    Uefi,
}

/// A machine with nothing but a disc drive.
#[derive(Debug)]
pub struct Machine {
    program: Witness,
    firmware: Firmware,
}

impl Machine {
    /// The machine; `None` where QEMU or the firmware is not installed.
    ///
    /// # Errors
    /// As [`Witness::find`].
    pub fn find(firmware: Firmware) -> Result<Option<Self>> {
        let Some(program) = Witness::find("qemu-system-x86_64")? else { return Ok(None) };
        if firmware == Firmware::Uefi && !UEFI.iter().all(|file| Path::new(file).is_file()) {
            super::missing("OVMF_CODE_4M.fd", "ovmf")?;
            return Ok(None);
        }
        Ok(Some(Self { program, firmware }))
    }

    /// Boots `image`, which stays as it is, until `text` is on the serial line; gives back all that was there.
    ///
    /// # Errors
    /// When the machine ends or `limit` is over without the text.
    pub fn boot(&self, image: &Path, text: &str, limit: Duration) -> Result<String> {
        let folder = temporary()?;
        let log = folder.path().join("serial");
        let mut command = self.program.command();
        command
            .args(["-accel", "tcg", "-m", "256", "-display", "none", "-monitor", "none", "-nic", "none"])
            .arg("-no-reboot")
            .args(["-serial", &format!("file:{}", log.display())])
            .args(["-drive", &drive(image, "if=none,id=cd,readonly=on")]);
        match self.firmware {
            Firmware::Bios => {
                command.args(["-M", "pc", "-device", "ide-cd,drive=cd,bus=ide.1,bootindex=0"]);
            }
            Firmware::Uefi => {
                let variables = folder.path().join("variables");
                fs::copy(UEFI[1], &variables).map_err(Failure::at(&variables))?;
                command
                    .args(["-M", "q35", "-device", "ide-cd,drive=cd,bus=ide.2,bootindex=0"])
                    .args(["-drive", &drive(Path::new(UEFI[0]), "if=pflash,readonly=on")])
                    .args(["-drive", &drive(&variables, "if=pflash")]);
            }
        }
        let complaints = folder.path().join("complaints");
        let file = File::create(&complaints).map_err(Failure::at(&complaints))?;
        let failed = |e: std::io::Error| Failure::program(self.program.name(), e.to_string(), b"");
        let child = command.stdout(Stdio::null()).stderr(file).spawn().map_err(failed)?;
        let mut machine = Running(child);
        let start = Instant::now();
        loop {
            let ended = machine.0.try_wait().map_err(failed)?;
            let serial = String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
            if serial.contains(text) {
                return Ok(serial);
            }
            let why = match ended {
                Some(status) => status.to_string(),
                None if start.elapsed() > limit => format!("no '{text}' within {} s", limit.as_secs()),
                None => {
                    std::thread::sleep(Duration::from_millis(50));
                    continue;
                }
            };
            let said = serial + &String::from_utf8_lossy(&fs::read(&complaints).unwrap_or_default());
            return Err(Failure::program(self.program.name(), why, said.as_bytes()));
        }
    }
}

/// Ends the machine with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended is what was wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Option of `-drive`; a comma in a path is doubled.
fn drive(file: &Path, how: &str) -> String {
    format!("{how},format=raw,file={}", file.display().to_string().replace(',', ",,"))
}

fn temporary() -> Result<TempDir> {
    tempfile::Builder::new().prefix("glassmaster-boot-").tempdir().map_err(Failure::at(&std::env::temp_dir()))
}

/// Bytes of a program for the PC's real mode that writes `text` and a line end to the first serial port and stops. It
/// runs at any address, as a boot sector or as the first sector of something larger.
#[must_use]
pub fn real_mode_program(text: &str) -> Vec<u8> {
    let mut code = vec![
        0xFC, // cld
        0xE8, 0x00, 0x00, // call the next instruction
        0x5E, // pop si: its own address
        0x83, 0xC6, 0x1F, // add si, 31: the text
        0x2E, 0xAC, // next: cs lodsb
        0x84, 0xC0, // test al, al
        0x74, 0x12, // jz end
        0x88, 0xC4, // mov ah, al
        0xBA, 0xFD, 0x03, // mov dx, 3FD: line status
        0xEC, // wait: in al, dx
        0xA8, 0x20, // test al, 20: transmitter empty
        0x74, 0xFB, // jz wait
        0x88, 0xE0, // mov al, ah
        0xBA, 0xF8, 0x03, // mov dx, 3F8: data
        0xEE, // out dx, al
        0xEB, 0xE8, // jmp next
        0xF4, // end: hlt
        0xEB, 0xFD, // jmp end
    ];
    code.extend_from_slice(text.as_bytes());
    code.extend_from_slice(b"\r\n\0");
    code
}

/// Makes `folder/efi.img`, a FAT volume of 1,474,560 bytes whose `EFI/BOOT/BOOTX64.EFI` is a GRUB that writes `text` to
/// the serial line; `None` where GRUB or mtools are not installed.
///
/// # Errors
/// When one of the programs fails.
pub fn efi_volume(folder: &Path, text: &str) -> Result<Option<PathBuf>> {
    let tools = ["grub-mkimage", "mformat", "mmd", "mcopy"].map(Witness::find);
    let [Some(grub), Some(mformat), Some(mmd), Some(mcopy)] = collect(tools)? else { return Ok(None) };
    if !Path::new(GRUB).is_dir() {
        super::missing("modules of GRUB for UEFI", "grub-efi-amd64-bin")?;
        return Ok(None);
    }
    let [config, program, image] = ["grub.cfg", "bootx64.efi", "efi.img"].map(|name| folder.join(name));
    let script = format!("serial --unit=0 --speed=115200\nterminal_output serial\necho {text}\nhalt\n");
    fs::write(&config, script).map_err(Failure::at(&config))?;
    let [config, file, volume] = [&config, &program, &image].map(|path| path.display().to_string());
    grub.must([
        "-O",
        "x86_64-efi",
        "-p",
        "/",
        "-c",
        &config,
        "-o",
        &file,
        "echo",
        "halt",
        "serial",
        "terminal",
    ])?;
    mformat.must(["-C", "-f", "1440", "-i", &volume, "::"])?;
    mmd.must(["-i", &volume, "::/EFI", "::/EFI/BOOT"])?;
    mcopy.must(["-i", &volume, &file, "::/EFI/BOOT/BOOTX64.EFI"])?;
    Ok(Some(image))
}

/// The boot loader `isolinux.bin` and the `ldlinux.c32` that it looks for on the disc; `None` where they are not installed.
///
/// # Errors
/// As [`Witness::find`].
pub fn isolinux() -> Result<Option<[PathBuf; 2]>> {
    for (file, package) in ISOLINUX {
        if !Path::new(file).is_file() {
            super::missing(file, package)?;
            return Ok(None);
        }
    }
    Ok(Some(ISOLINUX.map(|(file, _)| PathBuf::from(file))))
}

fn collect<const N: usize>(found: [Result<Option<Witness>>; N]) -> Result<[Option<Witness>; N]> {
    let mut out = [const { None }; N];
    for (to, from) in out.iter_mut().zip(found) {
        *to = from?;
    }
    Ok(out)
}
