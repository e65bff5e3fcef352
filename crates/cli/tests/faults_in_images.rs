//! One fault in each class of structure of a bridge image: `check` names every one, by clause and sector.
#![allow(clippy::unwrap_used, clippy::panic)]

#[allow(dead_code, reason = "each test file uses its part")]
mod glassmaster_program;

use std::path::Path;

use serde_json::Value;

const SECTOR: usize = 2048;

/// The image, read with nothing but the standards' tables: none of the program's own code has a part in it.
struct Image(Vec<u8>);

impl Image {
    fn u16(&self, at: usize) -> usize {
        usize::from(u16::from_le_bytes(self.0[at..at + 2].try_into().unwrap()))
    }

    fn u32(&self, at: usize) -> usize {
        u32::from_le_bytes(self.0[at..at + 4].try_into().unwrap()) as usize
    }

    /// Byte of the descriptor of a kind in the main volume descriptor sequence (ECMA-167 3/7.2, 3/10.2.2).
    fn volume_descriptor(&self, kind: usize) -> usize {
        let sequence = self.u32(256 * SECTOR + 20);
        (sequence..sequence + 16).map(|s| s * SECTOR).find(|at| self.u16(*at) == kind).unwrap()
    }

    /// Byte of a block of the partition (ECMA-167 3/10.5.8).
    fn block(&self, number: usize) -> usize {
        (self.u32(self.volume_descriptor(5) + 188) + number) * SECTOR
    }

    /// Byte of the file set descriptor (ECMA-167 3/10.6.7, 4/3.1).
    fn file_set(&self) -> usize {
        self.block(self.u32(self.volume_descriptor(6) + 248 + 4))
    }

    /// Byte of the root's file entry (ECMA-167 4/14.1.16).
    fn root(&self) -> usize {
        self.block(self.u32(self.file_set() + 400 + 4))
    }

    /// Byte of the first allocation descriptor of a file entry (ECMA-167 4/14.9).
    fn allocation(&self, entry: usize) -> usize {
        entry + 176 + self.u32(entry + 168)
    }

    /// Byte where the content of a file entry with short allocation descriptors begins.
    fn content(&self, entry: usize) -> usize {
        self.block(self.u32(self.allocation(entry) + 4))
    }

    /// Byte of the second file identifier descriptor of the root: the first leads to the parent (ECMA-167 4/14.4).
    fn identifier(&self) -> usize {
        let first = self.content(self.root());
        first + (38 + self.u16(first + 36) + usize::from(self.0[first + 19])).div_ceil(4) * 4
    }

    /// Byte of the file entry that it leads to.
    fn file(&self) -> usize {
        self.block(self.u32(self.identifier() + 20 + 4))
    }

    fn integrity(&self) -> usize {
        self.u32(self.volume_descriptor(6) + 432 + 4) * SECTOR
    }

    /// Byte of the directory record of `identifier` in the root of a volume descriptor (ECMA-119 8.4.18, 9.1).
    fn record(&self, descriptor: usize, identifier: &[u8]) -> usize {
        let mut at = self.u32(descriptor * SECTOR + 158) * SECTOR;
        while &self.0[at + 33..at + 33 + usize::from(self.0[at + 32])] != identifier {
            at += usize::from(self.0[at]);
        }
        at
    }

    /// Byte of the first System Use field with a signature behind `from`.
    fn field(&self, from: usize, signature: &[u8; 2]) -> usize {
        (from..).find(|at| self.0[*at..].starts_with(signature) && self.0[*at + 3] == 1).unwrap()
    }

    fn put(&mut self, at: usize, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        assert_ne!(&self.0[at..at + bytes.len()], bytes, "no change");
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn flip(&mut self, at: usize) {
        self.0[at] ^= 0x40;
    }

    /// Makes CRC and checksum of a tag right again, so that only the field that was changed is wrong
    /// (ECMA-167 3/7.2.3, 3/7.2.6).
    fn seal(&mut self, at: usize) {
        let length = self.u16(at + 10);
        let mut crc = 0u16;
        for byte in &self.0[at + 16..at + 16 + length] {
            crc ^= u16::from(*byte) << 8;
            for _ in 0..8 {
                crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
            }
        }
        self.0[at + 8..at + 10].copy_from_slice(&crc.to_le_bytes());
        let sum = (0..16).filter(|n| *n != 4).fold(0u8, |sum, n| sum.wrapping_add(self.0[at + n]));
        self.0[at + 4] = sum;
    }
}

/// Structure, how it is broken, and the clause and byte that a finding must give.
type Fault = (&'static str, fn(&mut Image) -> usize, &'static str);

const ISO: [Fault; 9] = [
    (
        "standard identifier",
        |i| {
            i.put(16 * SECTOR + 1, b"CD009");
            16 * SECTOR
        },
        "ECMA-119 6.7.1.1",
    ),
    (
        "primary volume descriptor",
        |i| {
            i.put(16 * SECTOR + 87, [9]);
            16 * SECTOR
        },
        "ECMA-119 8.4.8",
    ),
    (
        "set terminator",
        |i| {
            i.put(18 * SECTOR, [7]);
            19 * SECTOR
        },
        "ECMA-119 6.7.1.6",
    ),
    (
        "Joliet descriptor",
        |i| {
            i.put(17 * SECTOR + 130, [9]);
            17 * SECTOR
        },
        "ECMA-119 8.4.12",
    ),
    (
        "path table",
        |i| {
            let m = u32::from_be_bytes(i.0[16 * SECTOR + 148..][..4].try_into().unwrap()) as usize * SECTOR;
            i.put(m + 5, [99]);
            m
        },
        "ECMA-119 6.9.2",
    ),
    (
        "directory record",
        |i| {
            let at = i.record(16, b"A.TXT;1");
            i.put(at + 17, [99]);
            at
        },
        "ECMA-119 9.1.4",
    ),
    (
        "directory",
        |i| {
            let at = i.record(17, &[0]);
            i.put(at + 2, [1]);
            at
        },
        "ECMA-119 6.8.2.2",
    ),
    (
        "System Use protocol",
        |i| {
            let at = i.record(16, &[0]) + 34;
            i.put(at + 4, [0]);
            at
        },
        "SUSP 5.3",
    ),
    (
        "POSIX attributes",
        |i| {
            let at = i.field(i.record(16, b"A.TXT;1"), b"PX");
            i.put(at + 5, [0x41]);
            at
        },
        "RRIP 4.1.1",
    ),
];

const UDF: [Fault; 12] = [
    (
        "volume recognition",
        |i| {
            i.put(20 * SECTOR + 1, b"NSR09");
            16 * SECTOR
        },
        "ECMA-167 3/9.1",
    ),
    (
        "anchor",
        |i| {
            i.flip(256 * SECTOR + 20);
            256 * SECTOR
        },
        "ECMA-167 3/",
    ),
    (
        "primary volume descriptor",
        |i| {
            let at = i.volume_descriptor(1);
            i.flip(at + 30);
            at
        },
        "ECMA-167 3/",
    ),
    (
        "partition descriptor",
        |i| {
            let at = i.volume_descriptor(5);
            i.flip(at + 192);
            at
        },
        "ECMA-167 3/",
    ),
    (
        "logical volume descriptor",
        |i| {
            let at = i.volume_descriptor(6);
            i.flip(at + 100);
            at
        },
        "ECMA-167 3/",
    ),
    (
        "integrity descriptor",
        |i| {
            let at = i.integrity();
            i.flip(at + 20);
            at
        },
        "ECMA-167 3/",
    ),
    (
        "file set descriptor",
        |i| {
            let at = i.file_set();
            i.flip(at + 120);
            at
        },
        "ECMA-167 3/",
    ),
    (
        "tag of a file entry",
        |i| {
            let at = i.file();
            i.flip(at + 4);
            at
        },
        "ECMA-167 4/",
    ),
    (
        "file entry",
        |i| {
            let at = i.file();
            i.flip(at + 60);
            at
        },
        "ECMA-167 4/",
    ),
    (
        "file identifier descriptor",
        |i| {
            let at = i.identifier();
            i.flip(at + 20);
            at
        },
        "ECMA-167 4/",
    ),
    (
        "allocation descriptor",
        |i| {
            let at = i.file();
            i.put(i.allocation(at) + 4, [0, 0, 0, 9]);
            i.seal(at);
            at
        },
        "ECMA-167 4/",
    ),
    (
        "link count",
        |i| {
            let at = i.file();
            i.put(at + 48, [7, 0]);
            i.seal(at);
            at
        },
        "ECMA-167 4/",
    ),
];

fn check(image: &Path) -> Vec<Value> {
    let (_, events) = glassmaster_program::run(["check", image.to_str().unwrap()]);
    events.into_iter().filter(|event| event["event"] == "finding").collect()
}

#[test]
fn a_fault_in_each_class_of_structure_is_named() {
    let place = glassmaster_testkit::scratch::folder().unwrap();
    let source = place.path().join("source");
    std::fs::create_dir_all(source.join("sub")).unwrap();
    for name in ["a.txt", "b.txt", "sub/c.txt"] {
        std::fs::write(source.join(name), name.repeat(500)).unwrap();
    }
    let path = place.path().join("image");
    glassmaster_program::must([
        "build",
        source.to_str().unwrap(),
        "-o",
        path.to_str().unwrap(),
        "--fs",
        "iso9660,joliet,rock-ridge,udf",
        "--udf",
        "1.02",
    ]);
    assert_eq!(check(&path), Vec::<Value>::new());
    let good = std::fs::read(&path).unwrap();
    let mut missed = Vec::new();
    for (structure, damage, clause) in ISO.into_iter().chain(UDF) {
        let mut image = Image(good.clone());
        let sector = damage(&mut image) / SECTOR;
        std::fs::write(&path, &image.0).unwrap();
        let found = check(&path);
        let named = found.iter().any(|f| {
            f["clause"].as_str().unwrap().starts_with(clause)
                && f["lba"].as_u64() == Some(sector as u64)
                && f["severity"] != "note"
        });
        if !named {
            missed.push(format!("{structure}: {clause} in sector {sector}: {found:#?}"));
        }
    }
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}
