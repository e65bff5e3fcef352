//! `--boot`: images that firmware is to start.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::str::FromStr;

use glassmaster::imapi2fs::el_torito::{BootCatalog, BootEntry, BootSettings, Emulation, Platform};
use glassmaster::imapi2fs::{DataStream, ImageInput};

use glassmaster::tree::DataId;

use crate::failure::{FAILED, Failure, USAGE};

/// One entry of the boot catalog: `PLATFORM=FILE[,OPTION]...`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BootImage {
    file: PathBuf,
    settings: BootSettings,
    /// Whether the emulation was given; otherwise images of the exact size of a floppy disk are one for a BIOS.
    emulated: bool,
    /// Whether it is told where it stands.
    info_table: bool,
}

const FORM: &str = "PLATFORM=FILE[,emulation=none|1.2|1.44|2.88|hd][,load-segment=HEX][,load-sectors=N][,id=TEXT]\
                    [,info-table][,not-bootable], where PLATFORM is bios, efi, ppc, mac or a number";

impl FromStr for BootImage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',');
        let head = parts.next().unwrap_or_default();
        let (platform, file) = head.split_once('=').ok_or_else(|| format!("'{text}' is not {FORM}"))?;
        if file.is_empty() {
            return Err(format!("'{text}' names no file; a boot image is {FORM}"));
        }
        let platform = match platform {
            "bios" | "x86" => Platform::X86,
            "efi" | "uefi" => Platform::EFI,
            "ppc" => Platform::POWER_PC,
            "mac" => Platform::MAC,
            other => {
                let number =
                    u8::try_from(number(other).ok_or_else(|| format!("'{other}' is no platform: {FORM}"))?);
                Platform(number.map_err(|_| format!("platform {other} is not 0 to 255"))?)
            }
        };
        let mut out = Self {
            file: file.into(),
            settings: BootSettings { platform, ..BootSettings::default() },
            emulated: false,
            info_table: false,
        };
        for option in parts {
            out.option(option)?;
        }
        Ok(out)
    }
}

/// A number, hexadecimal with `0x` in front.
fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

impl BootImage {
    fn option(&mut self, option: &str) -> Result<(), String> {
        let wrong = || format!("'{option}' is not understood; a boot image is {FORM}");
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        match name {
            "emulation" => {
                self.emulated = true;
                self.settings.emulation = match value {
                    "none" => Emulation::NONE,
                    "1.2" => Emulation::FLOPPY_1_2,
                    "1.44" => Emulation::FLOPPY_1_44,
                    "2.88" => Emulation::FLOPPY_2_88,
                    "hd" => Emulation::HARD_DISK,
                    _ => return Err(wrong()),
                };
            }
            "load-segment" => {
                let hex = value.trim_start_matches("0x");
                self.settings.load_segment = u16::from_str_radix(hex, 16).map_err(|_| wrong())?;
            }
            "load-sectors" => {
                let count = number(value).and_then(|n| u16::try_from(n).ok());
                self.settings.sector_count = Some(count.ok_or_else(wrong)?);
            }
            "id" => value.clone_into(&mut self.settings.manufacturer),
            "info-table" if value.is_empty() => self.info_table = true,
            "not-bootable" if value.is_empty() => self.settings.bootable = false,
            _ => return Err(wrong()),
        }
        Ok(())
    }
}

/// The catalog of `images`, whose contents become contents of the image without a name, and those of them that get a boot
/// info table.
pub(crate) fn catalog(
    images: &[BootImage],
    input: &mut ImageInput,
) -> Result<(Option<BootCatalog>, Vec<DataId>), Failure> {
    let mut tables = Vec::new();
    if images.is_empty() {
        return Ok((None, tables));
    }
    let mut entries = Vec::new();
    for image in images {
        let unreadable =
            |e: std::io::Error| Failure::new(FAILED, format!("boot image '{}': {e}", image.file.display()));
        let mut file = File::open(&image.file).map_err(unreadable)?;
        let kind = file.metadata().map_err(unreadable)?;
        if !kind.is_file() {
            return Err(Failure::new(FAILED, format!("boot image '{}' is not a file", image.file.display())));
        }
        let size = kind.len();
        let mut head = Vec::new();
        (&mut file).take(512).read_to_end(&mut head).map_err(unreadable)?;
        let mut settings = image.settings.clone();
        if !image.emulated && settings.platform == Platform::X86 {
            settings.emulation = Emulation::floppy_of(size).unwrap_or(Emulation::NONE);
        }
        let handle = input.contents.add_stream(DataStream::new(file))?;
        let data = input.tree.add_data(size, handle).map_err(glassmaster::imapi2fs::Error::from)?;
        if image.info_table {
            tables.push(data);
        }
        let entry = BootEntry::for_image(data, size, &head, settings);
        entries.push(
            entry.map_err(|e| Failure::new(USAGE, format!("boot image '{}': {e}", image.file.display())))?,
        );
    }
    let catalog = BootCatalog::new(entries).map_err(|e| Failure::new(USAGE, e.to_string()))?;
    Ok((Some(catalog), tables))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_understood_or_refused() {
        let image: BootImage = "bios=a/boot.img,load-segment=0x7C0,load-sectors=4,id=ACME".parse().unwrap();
        assert_eq!(image.file, PathBuf::from("a/boot.img"));
        assert_eq!((image.settings.load_segment, image.settings.sector_count), (0x7C0, Some(4)));
        assert_eq!((image.settings.manufacturer.as_str(), image.emulated), ("ACME", false));
        let image: BootImage = "0xEF=efi.img,emulation=none,not-bootable".parse().unwrap();
        assert_eq!((image.settings.platform, image.settings.bootable), (Platform::EFI, false));
        for bad in
            ["efi.img", "bios=", "bios=x,emulation=3", "300=x", "bios=x,load-sectors=70000", "bios=x,y"]
        {
            assert!(bad.parse::<BootImage>().is_err(), "{bad}");
        }
    }
}
