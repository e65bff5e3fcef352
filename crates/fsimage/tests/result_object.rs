//! Result objects, boot sets in images, and the image manager.

#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, missing_docs)]

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

use glassmaster_disc::{BlockSource, HResult};
use glassmaster_fsimage::{
    BootOptions, CancelHandle, Contents, DataStream, Error, FileSystems, Guard, Image, ImageOptions,
    ImageResult, IsoImageManager, ResultFacts, VolumeKind, boot_catalog,
};
use glassmaster_iso9660::el_torito::{Emulation, Platform};
use glassmaster_tree::{Meta, Timestamp, Tree};

fn options(file_systems: FileSystems) -> ImageOptions {
    let options = ImageOptions::new("RESULT", Timestamp::from_secs(1_700_000_000));
    ImageOptions { file_systems, ..options }
}

fn bridge() -> FileSystems {
    FileSystems::ISO9660 | FileSystems::JOLIET | FileSystems::UDF
}

/// `/dir/one` of 5 sectors, `/two` of 40, whose beginning is aligned, and the empty `/zero`.
fn tree() -> (Tree, Contents) {
    let mut tree = Tree::new(Meta::default());
    let mut contents = Contents::new("/");
    let dir = tree.add_directory(tree.root(), b"dir", Meta::default()).unwrap();
    for (parent, name, len) in
        [(dir, &b"one"[..], 10_000), (tree.root(), b"two", 80_000), (tree.root(), b"zero", 0)]
    {
        let handle = contents.add_stream(DataStream::from_bytes(vec![name[0]; len])).unwrap();
        let data = tree.add_data(len as u64, handle).unwrap();
        tree.add_file(parent, name, Meta::default(), data).unwrap();
    }
    (tree, contents)
}

fn result(facts: ResultFacts) -> ImageResult {
    ImageResult::new(Image::new(tree(), &options(bridge())).unwrap(), facts)
}

fn code(error: &Error) -> HResult {
    HResult(error.hresult())
}

#[test]
fn items_cover_every_block_once() {
    let result = result(ResultFacts { backslashes: true, ..ResultFacts::default() });
    let items = result.progress_items();
    let mut next = 0;
    for (n, item) in items.enumerate().enumerate() {
        assert_eq!(item.first, next, "{item:?}");
        assert!(item.last >= item.first);
        assert_eq!(item.block_count(), item.last - item.first + 1);
        assert_eq!(items.item(n).unwrap(), item);
        for block in [item.first, item.last] {
            assert_eq!(items.from_block(block).unwrap(), item);
            let same = result.image().item_at(block).unwrap();
            assert_eq!((same.first, same.last), (item.first, item.last));
        }
        next = item.last + 1;
    }
    assert_eq!(next, result.total_blocks());
    let (one, two) =
        (items.from_description("\\DIR\\one").unwrap(), items.from_description("\\two").unwrap());
    assert_eq!((one.block_count(), two.block_count()), (5, 40));
    let mut stream = result.image_stream();
    let mut first = [0; 4];
    for (item, byte) in [(one, b'o'), (two, b't')] {
        stream.seek(SeekFrom::Start(u64::from(item.first) * 2048)).unwrap();
        stream.read_exact(&mut first).unwrap();
        assert_eq!(first, [byte; 4]);
    }
    for error in [
        items.item(items.count()).unwrap_err(),
        items.from_block(next).unwrap_err(),
        items.from_description("\\zero").unwrap_err(),
        items.from_description("").unwrap_err(),
    ] {
        assert_eq!(code(&error), HResult::INVALID_ARGUMENT);
    }
}

#[test]
fn numbers_of_a_first_session() {
    let result = result(ResultFacts::default());
    assert_eq!((result.block_size(), result.total_blocks() % 32), (2048, 0));
    assert_eq!(result.disc_id(), "0000000000000000");
    assert_eq!(code(&result.modified_blocks().unwrap_err()), HResult::NOT_IMPLEMENTED);
    assert_eq!(code(&result.image_stream().modified_blocks().unwrap_err()), HResult::NOT_IMPLEMENTED);
    let stat = result.image_stream().stat(0).unwrap();
    assert_eq!((stat.kind, stat.size, stat.mode), (2, u64::from(result.total_blocks()) * 2048, 0));
    assert_eq!(result.image_stream().stat(1).unwrap(), stat);
    assert_eq!(code(&result.image_stream().stat(2).unwrap_err()), HResult::STORAGE_INVALID_FUNCTION);
}

#[test]
fn one_stream_with_one_position_and_clones_with_their_own() {
    let result = result(ResultFacts::default());
    let mut all = Vec::new();
    result.image().stream().read_to_end(&mut all).unwrap();
    let mut one = result.image_stream();
    let mut same = result.image_stream();
    one.seek(SeekFrom::Start(32_768)).unwrap();
    let mut head = [0; 6];
    same.read_exact(&mut head).unwrap();
    assert_eq!(&head[1..], b"CD001");
    let mut clone = one.clone();
    assert_eq!((clone.stream_position().unwrap(), one.stream_position().unwrap()), (32_774, 32_774));
    clone.rewind().unwrap();
    assert_eq!(one.stream_position().unwrap(), 32_774);
    // Three ways to read, one content (contract 21).
    let mut copied = Vec::new();
    assert_eq!(clone.copy_to(&mut copied, u64::MAX).unwrap(), all.len() as u64);
    assert!(copied == all);
    one.rewind().unwrap();
    let mut chunks = Vec::new();
    for _ in 0..result.total_blocks() {
        let mut block = [0; 2048];
        assert_eq!(one.read(&mut block).unwrap(), 2048);
        chunks.extend_from_slice(&block);
    }
    assert!(chunks == all);
    assert_eq!(one.read(&mut head).unwrap(), 0);
    one.seek(SeekFrom::End(10)).unwrap();
    assert_eq!(one.read(&mut head).unwrap(), 0);
    assert!(one.seek(SeekFrom::End(-1 - i64::try_from(all.len()).unwrap())).is_err());
    // A read that begins and ends inside sectors is whole.
    one.seek(SeekFrom::Start(2_047)).unwrap();
    let mut odd = vec![0; 6_001];
    assert_eq!(one.read(&mut odd).unwrap(), odd.len());
    assert!(odd == all[2_047..][..6_001]);
    let mut sectors = vec![0; 4096];
    result.source().read_blocks(256, &mut sectors).unwrap();
    assert!(sectors == all[256 * 2048..][..4096]);
}

#[test]
fn the_guard_lives_as_long_as_anything_of_the_result() {
    let guard: Guard = Arc::new(());
    let watch = Arc::downgrade(&guard);
    let result = result(ResultFacts { guard: Some(guard), ..ResultFacts::default() });
    let parts: [Box<dyn std::any::Any>; 4] = [
        Box::new(result.image_stream()),
        Box::new(result.image_stream().clone()),
        Box::new(result.source()),
        Box::new(result.progress_items().enumerate()),
    ];
    drop(result);
    for part in parts {
        assert!(watch.upgrade().is_some());
        drop(part);
    }
    assert!(watch.upgrade().is_none());
}

fn boot(len: usize, platform: Platform) -> BootOptions {
    let options = BootOptions::new();
    options.assign_boot_image(DataStream::from_bytes(vec![0xB0 ^ platform.0; len])).unwrap();
    options.set_platform_id(platform);
    options
}

/// Bytes of the catalog by the addresses of El Torito figures 2 to 7.
#[test]
fn boot_sets_reach_the_disc() {
    for file_systems in [bridge(), FileSystems::UDF] {
        let (mut tree, mut contents) = tree();
        let bios = boot(3_000, Platform::X86);
        bios.set_manufacturer("glassworks").unwrap();
        let set = [bios, boot(1_474_560, Platform::EFI)];
        set[1].set_emulation(Emulation::NONE).unwrap();
        let catalog = boot_catalog(&set, 0, &mut tree, &mut contents).unwrap();
        let image =
            Image::new((tree, contents), &ImageOptions { boot: catalog, ..options(file_systems) }).unwrap();
        let mut bytes = Vec::new();
        image.stream().read_to_end(&mut bytes).unwrap();
        let sector = |n: usize| &bytes[n * 2048..][..2048];
        assert_eq!(&sector(17)[..30], b"\0CD001\x01EL TORITO SPECIFICATION");
        let word = |at: &[u8]| u32::from_le_bytes(at[..4].try_into().unwrap()) as usize;
        let catalog = sector(word(&sector(17)[0x47..]));
        let sum = catalog[..32].chunks(2).fold(0u16, |s, w| s.wrapping_add(u16::from_le_bytes([w[0], w[1]])));
        assert_eq!((sum, &catalog[4..14]), (0, &b"glassworks"[..]));
        assert_eq!((catalog[32], catalog[33], &catalog[38..40]), (0x88, 0, &[6, 0][..]));
        assert_eq!((catalog[64], catalog[65], catalog[96]), (0x91, 0xEF, 0x88));
        assert_eq!(&sector(word(&catalog[40..]))[..3], [0xB0; 3]);
        assert_eq!(&sector(word(&catalog[104..]))[..3], [0x5F; 3]);
        let result = ImageResult::new(image, ResultFacts::default());
        let first = word(&catalog[104..]) as u32;
        assert!(result.progress_items().from_block(first).unwrap().description.contains("boot image"));
        let mut manager = IsoImageManager::new();
        manager.set_stream(DataStream::new(result.image_stream()));
        manager.validate().unwrap();
    }
}

#[test]
fn boot_sets_have_rules() {
    let (mut tree, mut contents) = tree();
    let mut catalog = |set: &[BootOptions], start| boot_catalog(set, start, &mut tree, &mut contents);
    assert!(catalog(&[], 5_000).unwrap().is_none());
    let many: Vec<_> = (0..33).map(|_| boot(512, Platform::X86)).collect();
    assert_eq!(catalog(&many[..32], 0).unwrap().unwrap().entries().len(), 32);
    assert_eq!(code(&catalog(&many, 0).unwrap_err()), HResult::INVALID_PARAM);
    assert_eq!(code(&catalog(&many[..1], 5_000).unwrap_err()), HResult::BOOT_OBJECT_CONFLICT);
    assert_eq!(code(&catalog(&[BootOptions::new()], 0).unwrap_err()), HResult::BOOT_IMAGE_DATA);
    let disk = boot(4_096, Platform::X86);
    disk.set_emulation(Emulation::HARD_DISK).unwrap();
    let error = catalog(&[disk], 0).unwrap_err();
    assert_eq!(code(&error), HResult::BOOT_EMULATION_IMAGE_SIZE_MISMATCH);
    assert!(error.to_string().contains("master boot record"), "{error}");
}

/// A stream of any length that holds zeros.
struct Zeros(u64, u64);

impl Read for Zeros {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = usize::try_from(self.0.saturating_sub(self.1)).unwrap_or(usize::MAX).min(buf.len());
        buf[..n].fill(0);
        self.1 += n as u64;
        Ok(n)
    }
}

impl Seek for Zeros {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.1 = match to {
            SeekFrom::Start(n) => n,
            SeekFrom::End(n) => self.0.checked_add_signed(n).unwrap(),
            SeekFrom::Current(n) => self.1.checked_add_signed(n).unwrap(),
        };
        Ok(self.1)
    }
}

#[test]
fn the_image_manager_tells_images_from_others() {
    let mut manager = IsoImageManager::new();
    assert_eq!(code(&manager.validate().unwrap_err()), HResult::IMAGEMANAGER_NO_IMAGE);
    for (bytes, expected) in [
        (0x8000_0000 * 2048 + 1, HResult::IMAGEMANAGER_IMAGE_TOO_BIG),
        (0x7FFF_FFFF * 2048, HResult::IMAGEMANAGER_NO_VALID_VD_FOUND),
        (100 * 2048 + 1, HResult::IMAGEMANAGER_IMAGE_NOT_ALIGNED),
        (100 * 2048, HResult::IMAGEMANAGER_NO_VALID_VD_FOUND),
        (2048, HResult::IMAGEMANAGER_NO_VALID_VD_FOUND),
        (0, HResult::IMAGEMANAGER_NO_VALID_VD_FOUND),
    ] {
        manager.set_stream(DataStream::new(Zeros(bytes, 0)));
        assert_eq!(code(&manager.validate().unwrap_err()), expected, "{bytes}");
    }
    for (ids, ok) in [
        (&[b"CD001"][..], true),
        (&[b"BEA01", b"NSR02", b"TEA01"], true),
        (&[b"BEA01", b"NSR03"], true),
        (&[b"CDW02"], true),
        (&[b"BEA01", b"TEA01"], false),
        (&[b"OTHER", b"CD001"], false),
    ] {
        let mut bytes = vec![0; 20 * 2048];
        for (n, id) in ids.iter().enumerate() {
            bytes[(16 + n) * 2048 + 1..][..5].copy_from_slice(*id);
        }
        manager.set_stream(DataStream::new(Cursor::new(bytes)));
        assert_eq!(manager.validate().is_ok(), ok);
    }
}

#[test]
fn the_image_manager_keeps_its_image_when_another_cannot_be_opened() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image.iso");
    let image = Image::new(tree(), &options(bridge())).unwrap();
    let mut bytes = Vec::new();
    image.stream().read_to_end(&mut bytes).unwrap();
    std::fs::write(&path, &bytes).unwrap();
    let mut manager = IsoImageManager::new();
    manager.set_path(&path).unwrap();
    for (bad, expected) in [
        ("", HResult::INVALID_PATH),
        ("a\0b", HResult::INVALID_PATH),
        ("/nonexistent", HResult::HOST_FILE_NOT_FOUND),
        (path.join("x").to_str().unwrap(), HResult::HOST_NOT_A_DIRECTORY),
        (&"x".repeat(300), HResult::HOST_NAME_TOO_LONG),
    ] {
        assert_eq!(code(&manager.set_path(bad.as_ref()).unwrap_err()), expected);
        assert_eq!(manager.path(), path);
    }
    manager.validate().unwrap();
    let mut findings = Vec::new();
    let kinds = manager.verify(&CancelHandle::default(), &mut |f| findings.push(f)).unwrap();
    assert_eq!(kinds, [VolumeKind::Udf, VolumeKind::Joliet, VolumeKind::Iso9660]);
    assert!(findings.is_empty(), "{findings:?}");
    // A stream of the caller stands where it stood.
    let shared = Arc::new(std::fs::File::open(&path).unwrap());
    (&*shared).seek(SeekFrom::Start(77)).unwrap();
    manager.set_stream(DataStream::new(Arc::clone(&shared)));
    assert_eq!(manager.path().as_os_str(), "");
    manager.validate().unwrap();
    assert_eq!((&*shared).stream_position().unwrap(), 77);
}
