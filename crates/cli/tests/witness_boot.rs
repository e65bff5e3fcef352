//! Discs that boot: real firmware starts the images the program builds, and other people's programs read their boot
//! catalogs.
#![allow(clippy::unwrap_used, clippy::panic)]

#[allow(dead_code, reason = "each test file uses its part")]
mod glassmaster_program;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use glassmaster_program::must;
use glassmaster_testkit::witness::{
    Firmware, Machine, Witness, efi_volume, isolinux, real_mode_program, seven_zip,
};

/// Emulated machines share the processors with other tests; alone they need 0.3 s (BIOS) and 4 s (UEFI).
const LIMIT: Duration = Duration::from_secs(120);

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A folder with a few files to be on the disc, too.
fn source(folder: &Path) -> PathBuf {
    let source = folder.join("source");
    fs::create_dir_all(source.join("sub")).unwrap();
    fs::write(source.join("readme.txt"), "to be read\n").unwrap();
    fs::write(source.join("sub/more.txt"), "more\n").unwrap();
    source
}

/// Builds `folder/name.iso` of the source with these `--boot` arguments.
fn build(folder: &Path, name: &str, fs: &[&str], boot: &[String]) -> PathBuf {
    let image = folder.join(format!("{name}.iso"));
    let mut arguments = vec!["build", text(&folder.join("source")), "-o", text(&image), "--fs"]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    arguments.extend(fs.iter().map(|s| (*s).to_owned()));
    for image in boot {
        arguments.extend(["--boot".to_owned(), image.clone()]);
    }
    must(arguments);
    image
}

/// A boot sector that says `text`, at the head of an image of `size` bytes.
fn disk(folder: &Path, name: &str, size: usize, text: &str) -> PathBuf {
    let mut image = real_mode_program(text);
    image.resize(size.max(512), 0);
    image[510..512].copy_from_slice(&[0x55, 0xAA]);
    let path = folder.join(name);
    fs::write(&path, image).unwrap();
    path
}

/// One partition of a hard disk of `cylinders` with 16 heads and 63 sectors: active, FAT32.
fn with_partition(path: &Path, cylinders: u8) {
    let mut image = fs::read(path).unwrap();
    let sectors = u32::from(cylinders) * 16 * 63;
    image[446..454].copy_from_slice(&[0x80, 1, 1, 0, 0x0C, 15, 63, cylinders - 1]);
    image[454..458].copy_from_slice(&63u32.to_le_bytes());
    image[458..462].copy_from_slice(&(sectors - 63).to_le_bytes());
    image.resize(sectors as usize * 512, 0);
    fs::write(path, image).unwrap();
}

/// One image with two entries serves both kinds of firmware, whatever file systems the files are in.
#[test]
fn bios_and_uefi_boot_from_one_image() {
    let folder = tempfile::tempdir().unwrap();
    source(folder.path());
    let bios = folder.path().join("bios.bin");
    fs::write(&bios, real_mode_program("started by the BIOS")).unwrap();
    let Some(efi) = efi_volume(folder.path(), "started by UEFI").unwrap() else { return };
    let machines = [Firmware::Bios, Firmware::Uefi].map(|firmware| Machine::find(firmware).unwrap());
    let [Some(bios_machine), Some(uefi_machine)] = machines else { return };
    let boot = [format!("bios={}", text(&bios)), format!("efi={}", text(&efi))];
    for (name, fs) in [
        ("bridge", &["iso9660,joliet,rock-ridge,udf"][..]),
        ("stub", &["udf"]),
        ("stub260", &["udf", "--udf", "2.60"]),
    ] {
        let image = build(folder.path(), name, fs, &boot);
        bios_machine.boot(&image, "started by the BIOS", LIMIT).unwrap();
        uefi_machine.boot(&image, "started by UEFI", LIMIT).unwrap();
    }
}

/// The BIOS makes drives of images: every floppy disk of El Torito, and a hard disk.
#[test]
fn emulated_drives_boot() {
    let folder = tempfile::tempdir().unwrap();
    source(folder.path());
    let Some(machine) = Machine::find(Firmware::Bios).unwrap() else { return };
    for (name, size, emulation) in [
        ("1200", 1_228_800, ",emulation=1.2"),
        ("1440", 1_474_560, ""),
        ("2880", 2_949_120, ",emulation=2.88"),
        ("disk", 512, ",emulation=hd"),
    ] {
        let told = format!("started from {name}");
        let drive = disk(folder.path(), name, size, &told);
        if name == "disk" {
            with_partition(&drive, 21);
        }
        let image = build(folder.path(), name, &["iso9660"], &[format!("bios={}{emulation}", text(&drive))]);
        machine.boot(&image, &told, LIMIT).unwrap();
    }
}

/// A boot loader of others: ISOLINUX finds its rest by the boot info table, and files by the directories of the disc.
#[test]
fn isolinux_finds_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path());
    let Some(machine) = Machine::find(Firmware::Bios).unwrap() else { return };
    let Some([loader, rest]) = isolinux().unwrap() else { return };
    fs::create_dir(source.join("isolinux")).unwrap();
    fs::copy(rest, source.join("isolinux/ldlinux.c32")).unwrap();
    let script = "SERIAL 0 115200\nDEFAULT go\nPROMPT 0\nLABEL go\nKERNEL no_kernel.txt\n";
    fs::write(source.join("isolinux/isolinux.cfg"), script).unwrap();
    fs::write(source.join("isolinux/no_kernel.txt"), "read from the disc\n".repeat(500)).unwrap();
    let boot = [format!("bios={},load-sectors=4,info-table", text(&loader))];
    let image = build(folder.path(), "isolinux", &["iso9660,joliet,rock-ridge,udf"], &boot);
    machine.boot(&image, "Loading no_kernel.txt... ok", LIMIT).unwrap();
}

/// What one entry looks like to other programs.
struct Entry {
    argument: &'static str,
    size: usize,
    /// As dumpet tells emulation and firmware.
    dumpet: [&'static str; 2],
    /// As xorriso lists it, all but the address.
    xorriso: &'static str,
}

const ENTRIES: [Entry; 4] = [
    Entry {
        argument: "bios=@,load-sectors=4,id=ACME Corporation",
        size: 5000,
        dumpet: ["no emulation", "80x86"],
        xorriso: "1 BIOS y none 0x0000 0x00 4",
    },
    Entry {
        argument: "efi=@",
        size: 1_474_560,
        dumpet: ["no emulation", "EFI"],
        xorriso: "2 UEFI y none 0x0000 0x00 2880",
    },
    Entry {
        argument: "ppc=@,load-segment=0x1000,not-bootable",
        size: 2048,
        dumpet: ["no emulation", "PPC"],
        xorriso: "3 PPC n none 0x1000 0x00 4",
    },
    Entry {
        argument: "bios=@",
        size: 2_949_120,
        dumpet: ["2.88MB floppy", "80x86"],
        xorriso: "4 BIOS y fd2.8 0x0000 0x00 1",
    },
];

#[test]
fn other_programs_read_the_catalog() {
    let folder = tempfile::tempdir().unwrap();
    source(folder.path());
    let boot: Vec<_> = ENTRIES
        .iter()
        .enumerate()
        .map(|(n, entry)| {
            let file = disk(folder.path(), &format!("boot{n}"), entry.size, "unused");
            entry.argument.replace('@', text(&file))
        })
        .collect();
    for (name, file_systems) in
        [("iso", "iso9660"), ("bridge", "iso9660,joliet,rock-ridge,udf"), ("udf", "udf")]
    {
        let image = build(folder.path(), name, &[file_systems], &boot);
        let events = must(["check", text(&image)]);
        assert!(events.iter().all(|e| e["event"] != "finding"), "{events:?}");
        if let Some(dumpet) = Witness::find("dumpet").unwrap() {
            let said = dumpet.must(["-i", text(&image)]).unwrap().text();
            let starts: Vec<_> = said.match_indices(" Entry:\n").map(|(at, _)| at).collect();
            assert!(said.contains("ID: \"ACME Corporation\""), "{said}");
            assert_eq!(starts.len(), 8, "{said}");
            for (n, entry) in ENTRIES.iter().enumerate() {
                // Validation or header, then the entry.
                let end = starts.get(2 * n + 2).copied().unwrap_or(said.len());
                let part = &said[starts[2 * n]..end];
                assert!(entry.dumpet.iter().all(|word| part.contains(word)), "{n}: {part}");
            }
        }
        if let Some(xorriso) = Witness::find("xorriso").unwrap() {
            let said = xorriso.must(["-indev", text(&image), "-report_el_torito", "plain"]).unwrap().text();
            let listed: Vec<_> = said
                .lines()
                .filter_map(|line| line.strip_prefix("El Torito boot img :"))
                .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect();
            assert_eq!(listed.len(), ENTRIES.len(), "{said}");
            for (line, entry) in listed.iter().zip(&ENTRIES) {
                assert!(line.starts_with(entry.xorriso), "{line} is not {}", entry.xorriso);
            }
        }
        if let Some(isoinfo) = Witness::find("isoinfo").unwrap() {
            let said = isoinfo.must(["-d", "-i", text(&image)]).unwrap().text();
            for wanted in ["El Torito VD version 1 found", "ID 'ACME Corporation'", "Key 55 AA", "Nsect 4"] {
                assert!(said.contains(wanted), "{wanted}: {said}");
            }
        }
        if let Some(seven_zip) = Witness::find("7z").unwrap() {
            let said = seven_zip.must(["l", "-tiso", "--", text(&image)]).unwrap().text();
            assert_eq!(said.matches("[BOOT]/").count(), ENTRIES.len(), "{said}");
        }
        seven_zip(&image, Some("iso")).unwrap();
    }
}
