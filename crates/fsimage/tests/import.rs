//! Import of sessions: what is refused and with which code, what is told, and damage.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use glassmaster_disc::{BlockSource, HResult, Multisession, SECTOR, SessionAddresses};
use glassmaster_fsimage::{
    Contents, DataStream, Error, FileSystems, Image, ImageOptions, ImportOptions, NextSession,
    PreviousSession, SessionPlace, VolumeKind, merge,
};
use glassmaster_tree::{Meta, Timestamp, Tree};
use glassmaster_udf::Revision;

const KINDS: [VolumeKind; 4] =
    [VolumeKind::RockRidge, VolumeKind::Udf, VolumeKind::Joliet, VolumeKind::Iso9660];

fn medium(bytes: Vec<u8>) -> Multisession {
    let addresses = SessionAddresses::RandomWrite { write_unit: 16, last_written: None, total: 1_000_000 };
    Multisession { supported: true, in_use: false, addresses, source: Arc::new(bytes) }
}

/// A volume with the files given, and one that is linked, one with a stream, one link and one folder in a folder.
fn image(file_systems: FileSystems, revision: Revision, embed: Option<u32>, names: &[&str]) -> Vec<u8> {
    let mut contents = Contents::new(".");
    let mut tree = Tree::new(Meta { mode: 0o755, ..Meta::default() });
    let meta =
        Meta { mode: 0o640, uid: 7, gid: 8, modified: Timestamp::from_secs(1_500_000_000), hidden: false };
    let root = tree.root();
    let mut data = |tree: &mut Tree, bytes: Vec<u8>| {
        let size = bytes.len() as u64;
        let handle = contents.add_stream(DataStream::from_bytes(bytes)).unwrap();
        tree.add_data(size, handle).unwrap()
    };
    for (n, name) in names.iter().enumerate() {
        let content = data(&mut tree, vec![u8::try_from(n).unwrap(); 3000 * n + 5]);
        tree.add_file(root, name.as_bytes(), meta, content).unwrap();
    }
    let dir = tree.add_directory(root, b"dir", meta).unwrap();
    let inner = tree.add_directory(dir, b"inner", meta).unwrap();
    let shared = data(&mut tree, vec![9; 10_000]);
    tree.add_file(dir, b"one", meta, shared).unwrap();
    let other = tree.add_file(inner, b"other", meta, shared).unwrap();
    tree.add_symlink(dir, b"link", meta, b"../dir/one").unwrap();
    let side = data(&mut tree, b"beside".to_vec());
    tree.add_stream(other, b"stream", side).unwrap();
    let options = ImageOptions {
        file_systems,
        udf_revision: revision,
        embed_up_to: embed,
        ..ImageOptions::new("IMPORT", Timestamp::from_secs(1_600_000_000))
    };
    let image = Image::new((tree, contents), &options).unwrap();
    let mut bytes = vec![0; usize::try_from(image.bytes()).unwrap()];
    image.source().read_blocks(0, &mut bytes).unwrap();
    bytes
}

fn all() -> FileSystems {
    FileSystems::ROCK_RIDGE | FileSystems::JOLIET | FileSystems::UDF
}

fn import(previous: &PreviousSession, kind: VolumeKind) -> Result<glassmaster_fsimage::Imported, Error> {
    previous.import(kind, ImportOptions::default(), &mut |_| ControlFlow::Continue(()))
}

fn code<T>(result: Result<T, Error>) -> HResult {
    HResult(result.err().unwrap().hresult())
}

#[test]
fn every_kind_of_object_comes_over() {
    let previous = PreviousSession::look(&medium(image(all(), Revision::V201, None, &["a", "b"]))).unwrap();
    assert_eq!(previous.richest(), Some(VolumeKind::Udf), "Rock Ridge has no streams");
    for kind in KINDS {
        let imported = import(&previous, kind).unwrap();
        let tree = &imported.tree;
        let find = |path: &str| {
            let upper = path.to_uppercase();
            let wanted = if kind == VolumeKind::Iso9660 { &upper } else { path };
            tree.nodes().find(|n| tree.path(n.id()) == wanted).unwrap_or_else(|| panic!("{kind}: {wanted}"))
        };
        let one = find("/dir/one");
        let extents = tree.extents(one.data().unwrap()).unwrap();
        assert_eq!((one.size(), extents.len()), (10_000, 1), "{kind}");
        assert_eq!(one.modified(), Timestamp::from_secs(1_500_000_000), "{kind}");
        let other = find("/dir/inner/other");
        assert_eq!(tree.extents(other.data().unwrap()).unwrap()[0], extents[0], "{kind}");
        if matches!(kind, VolumeKind::RockRidge | VolumeKind::Udf) {
            assert_eq!(one.links(), 2, "{kind}");
            assert_eq!((one.meta().mode, one.meta().uid, one.meta().gid), (0o640, 7, 8), "{kind}");
            assert_eq!(find("/dir/link").target(), Some(&b"../dir/one"[..]), "{kind}");
        }
        assert_eq!(other.streams().count(), usize::from(kind == VolumeKind::Udf), "{kind}");
        assert!(imported.embedded.is_empty());
    }
}

#[test]
fn embedded_contents_are_read() {
    let bytes = image(FileSystems::UDF, Revision::V102, Some(1000), &["a", "b"]);
    let previous = PreviousSession::look(&medium(bytes)).unwrap();
    let imported = import(&previous, VolumeKind::Udf).unwrap();
    assert_eq!(imported.embedded, [vec![0; 5]]);
    // They go on as contents of the next session.
    let input = merge(&imported, None, &[]).unwrap();
    let place = SessionPlace::behind(&previous, &imported.tree).unwrap();
    let mut options = ImageOptions::new("NEXT", Timestamp::from_secs(1_600_000_001));
    place.apply(&mut options);
    let next = NextSession::plan(&previous, &place, input, &options).unwrap();
    let again = Multisession { source: next.source(), ..medium(Vec::new()) };
    let again = PreviousSession::look(&again).unwrap();
    let imported = import(&again, VolumeKind::Udf).unwrap();
    assert!(imported.embedded.is_empty(), "nothing asked for embedding");
    let a = imported.tree.child(imported.tree.root(), b"a").unwrap();
    let lba = imported.tree.extents(imported.tree.node(a).data().unwrap()).unwrap()[0].lba.unwrap();
    assert!(lba >= next.start());
}

#[test]
fn the_codes_of_the_contract() {
    let blank = Multisession {
        addresses: SessionAddresses::Sequential {
            first_data_session: true,
            previous_start: None,
            previous_last: None,
            next_writable: 0,
            free: 1000,
            write_unit: 32,
        },
        ..medium(Vec::new())
    };
    assert_eq!(code(PreviousSession::look(&blank)), HResult::EMPTY_DISC);
    let nothing = PreviousSession::look(&medium(vec![0; 600 * SECTOR])).unwrap();
    assert!(nothing.file_systems().is_empty());
    assert_eq!(code(import(&nothing, VolumeKind::Udf)), HResult::NO_SUPPORTED_FILE_SYSTEM);
    let tree = Tree::new(Meta::default());
    assert_eq!(code(SessionPlace::behind(&nothing, &tree)), HResult::NO_SUPPORTED_FILE_SYSTEM);
    let iso = image(FileSystems::JOLIET, Revision::V102, None, &["a"]);
    let previous = PreviousSession::look(&medium(iso.clone())).unwrap();
    assert_eq!(code(import(&previous, VolumeKind::Udf)), HResult::FILE_SYSTEM_NOT_FOUND);
    assert_eq!(code(import(&previous, VolumeKind::RockRidge)), HResult::FILE_SYSTEM_NOT_FOUND);

    // The identifier of the root's first child claims to be longer than its record (ECMA-119 9.1.11).
    let mut damaged = iso.clone();
    let root = u32::from_le_bytes(damaged[16 * SECTOR + 158..][..4].try_into().unwrap()) as usize;
    damaged[root * SECTOR + 68 + 32] = 0xFF;
    let previous = PreviousSession::look(&medium(damaged)).unwrap();
    assert_eq!(code(import(&previous, VolumeKind::Iso9660)), HResult::FILE_SYSTEM_READ_CONSISTENCY_ERROR);

    struct Unreadable(Vec<u8>, u64);
    impl BlockSource for Unreadable {
        fn block_count(&self) -> u64 {
            self.0.block_count()
        }
        fn read_blocks(&self, lba: u64, buf: &mut [u8]) -> io::Result<()> {
            let end = lba + buf.len() as u64 / 2048;
            if (lba..end).contains(&self.1) {
                Err(io::Error::other("a scratch"))
            } else {
                self.0.read_blocks(lba, buf)
            }
        }
    }
    let source = Arc::new(Unreadable(iso, root as u64));
    let previous = PreviousSession::look(&Multisession { source, ..medium(Vec::new()) }).unwrap();
    let error = import(&previous, VolumeKind::Iso9660).err().unwrap();
    assert_eq!(error.hresult(), HResult::IMPORT_READ_FAILURE.0);
    assert!(
        error.to_string().contains(&root.to_string()) && error.to_string().contains("a scratch"),
        "{error}"
    );

    let names = image(all(), Revision::V102, None, &["a:b"]);
    let previous = PreviousSession::look(&medium(names)).unwrap();
    assert!(import(&previous, VolumeKind::Udf).is_ok());
    let strict = ImportOptions { strict_names: true };
    let refused = previous.import(VolumeKind::Udf, strict, &mut |_| ControlFlow::Continue(()));
    let error = refused.err().unwrap();
    assert_eq!(error.hresult(), HResult::INVALID_PATH.0);
    assert!(error.to_string().contains("\\a:b"), "{error}");
}

#[test]
fn udf_that_is_written_to_by_systems_is_not_gone_on_from() {
    // Access type of the partition descriptor in both sequences: 4, overwritable (ECMA-167 3/10.5.7).
    let bytes = image(FileSystems::UDF, Revision::V102, None, &["a"]);
    let previous = PreviousSession::look(&medium(bytes.clone())).unwrap();
    let udf = previous.udf_previous().unwrap().unwrap();
    assert_eq!((udf.revision, udf.partition_start % 32), (Revision::V102, 0));
    assert!(udf.next_unique_id >= 16);
    assert!(previous.probe(VolumeKind::Udf));
    let mut other = bytes;
    let sectors = other.len() / SECTOR;
    for sector in 0..sectors {
        let at = sector * SECTOR;
        if other[at..at + 2] == [5, 0] && other[at + 184] == 1 {
            other[at + 184] = 4;
            let crc = crc(&other[at + 16..at + 512]);
            other[at + 8..at + 10].copy_from_slice(&crc.to_le_bytes());
            let head = &other[at..at + 16];
            let sum = head[..4].iter().chain(&head[5..]).fold(0u8, |sum, b| sum.wrapping_add(*b));
            other[at + 4] = sum;
        }
    }
    let previous = PreviousSession::look(&medium(other)).unwrap();
    let error = previous.udf_previous().err().unwrap();
    assert_eq!(error.hresult(), HResult::INCOMPATIBLE_PREVIOUS_SESSION.0);
    assert!(error.to_string().contains("read-only"), "{error}");
    assert!(!previous.probe(VolumeKind::Udf));
    // What is on it can still be taken over.
    assert!(import(&previous, VolumeKind::Udf).is_ok());
}

/// CRC of ECMA-167 1/7.2.6: polynomial 11021h, from 0.
fn crc(bytes: &[u8]) -> u16 {
    let mut crc = 0u16;
    for byte in bytes {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 != 0 { crc << 1 ^ 0x1021 } else { crc << 1 };
        }
    }
    crc
}

/// Seeded damage: an error or a tree that can be planned behind, never a panic, never without end.
#[test]
fn damaged_sessions_end_in_errors() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let sound = [
        image(all(), Revision::V102, None, &["a", "b", "a long name with blanks.text"]),
        image(all(), Revision::V201, None, &["a", "b"]),
        image(FileSystems::UDF, Revision::V250, Some(900), &["a", "b"]),
    ];
    let (mut taken, mut refused) = (0, 0);
    for round in 0..900 {
        let mut bytes = sound[round % sound.len()].clone();
        let used: Vec<usize> = (0..bytes.len())
            .step_by(SECTOR)
            .filter(|at| bytes[*at..at + SECTOR].iter().any(|b| *b != 0))
            .collect();
        for _ in 0..=random(4) {
            let reach = if random(2) == 0 { 256 } else { SECTOR };
            let at = used[random(used.len())] + random(reach);
            let any = u8::try_from(random(256)).unwrap();
            let value = [0, 1, 0x7F, 0xFF, any][random(5)];
            let run = 1 + random(4);
            for byte in bytes.iter_mut().skip(at).take(run) {
                *byte = value;
            }
        }
        if random(10) == 0 {
            let sectors = random(bytes.len() / SECTOR);
            bytes.truncate(sectors * SECTOR);
        }
        let Ok(previous) = PreviousSession::look(&medium(bytes)) else {
            refused += 1;
            continue;
        };
        let _ = previous.richest();
        for kind in KINDS {
            let Ok(imported) = import(&previous, kind) else {
                refused += 1;
                continue;
            };
            taken += 1;
            let Ok(place) = SessionPlace::behind(&previous, &imported.tree) else { continue };
            let Ok(input) = merge(&imported, None, &[]) else { continue };
            let mut options = ImageOptions::new("NEXT", Timestamp::from_secs(1_600_000_001));
            place.apply(&mut options);
            let Ok(next) = NextSession::plan(&previous, &place, input, &options) else { continue };
            let mut sector = vec![0; SECTOR * 64];
            let _ = next.source().read_blocks(u64::from(next.start()), &mut sector);
        }
    }
    assert!(taken > 100 && refused > 100, "{taken} taken, {refused} refused");
}
