//! The Linux kernel as a witness: it mounts the volumes that tests make by hand, and writes into those of mkudffs, and
//! what it shows is what the reader shows. Skipped where User Mode Linux or mkudffs is not installed, except in CI.

#![allow(clippy::unwrap_used, clippy::panic)]

mod image;
mod kinds;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use glassmaster_disc::{BlockSource, SECTOR, Severity};
use glassmaster_testkit::manifest::{Also, Entry, Kind, Manifest};
use glassmaster_testkit::witness::{Kernel, Mount, MountMode, Witness};
use glassmaster_tree as tree;
use glassmaster_tree::{Content, Visit, Volume, WalkLimits, walk};
use glassmaster_udf::{Revision, UdfVolume, check};
use kinds::{plain, with_metadata, with_sparing, with_streams, with_virtual};
use sha2::{Digest, Sha256};

fn hash(image: &[u8], entry: &tree::Entry) -> [u8; 32] {
    let mut digest = Sha256::new();
    match &entry.content {
        Content::Inline(bytes) => digest.update(bytes),
        Content::Extents(extents) => {
            for extent in extents {
                let length = usize::try_from(extent.bytes).unwrap();
                let mut sectors = vec![0; length.div_ceil(SECTOR) * SECTOR];
                if let Some(lba) = extent.lba {
                    image.read_blocks(u64::from(lba), &mut sectors).unwrap();
                }
                digest.update(&sectors[..length]);
            }
        }
    }
    digest.finalize().into()
}

/// What the reader shows, as the kernel's listing is kept.
fn manifest(image: &[u8]) -> Manifest {
    let volume = UdfVolume::open(image).unwrap_or_else(|error| panic!("{error}"));
    let mut manifest = Manifest::default();
    walk(&volume, WalkLimits::for_blocks(volume.block_count()), &mut |visit| {
        let (dir, entry) = match visit {
            Visit::Entry { dir, entry } => (dir, entry),
            Visit::Damaged { error, .. } => panic!("{error}"),
        };
        let kind = match entry.kind {
            tree::Kind::File => Kind::File,
            tree::Kind::Directory => Kind::Directory,
            tree::Kind::Symlink => Kind::Symlink,
            _ => Kind::Special,
        };
        let mut path = dir.to_vec();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(&entry.name);
        let is_file = kind == Kind::File;
        let found = Entry {
            kind,
            size: if is_file { entry.size } else { 0 },
            mode: u32::from(entry.mode.unwrap()),
            mtime: entry.modified.unwrap().secs,
            links: u64::from(entry.links.unwrap()),
            inode: entry.id,
            target: entry.target.clone().unwrap_or_default(),
            sha256: is_file.then(|| hash(image, entry)),
        };
        manifest.entries.insert(path, found);
        ControlFlow::Continue(())
    })
    .unwrap();
    manifest
}

fn compare(kernel: &Kernel, images: &[(String, Vec<u8>)], least: usize) {
    let folder = tempfile::tempdir().unwrap();
    let mounts: Vec<Mount> = images
        .iter()
        .map(|(name, image)| {
            let path = folder.path().join(name);
            fs::write(&path, image).unwrap();
            // The kernel leaves out what is hidden, as the file that mkudffs keeps sparing space in.
            Mount { image: path, mode: MountMode::Udf, options: Some("unhide".to_owned()) }
        })
        .collect();
    for ((name, image), mounted) in images.iter().zip(kernel.mount(&mounts).unwrap()) {
        let seen = mounted.outcome.unwrap_or_else(|code| panic!("{name}: {code} {:?}", mounted.messages));
        assert!(mounted.complaints.is_empty(), "{name}: {}", mounted.complaints);
        assert!(seen.entries.len() >= least, "{name}: {} entries", seen.entries.len());
        let also = Also { modes: true, times: true, hard_links: true };
        let differences = seen.differences(&manifest(image), also);
        assert!(differences.is_empty(), "{name}: {differences:#?}");
    }
}

#[test]
fn the_kernel_mounts_what_is_made_by_hand() {
    let Some(kernel) = Kernel::find().unwrap() else { return };
    let images = [
        ("plain", plain(Revision::V102)),
        ("virtual-1.50", with_virtual(Revision::V150)),
        ("virtual-2.01", with_virtual(Revision::V201)),
        ("sparable-1.50", with_sparing(Revision::V150)),
        ("sparable-2.01", with_sparing(Revision::V201)),
        ("metadata", with_metadata().image),
        ("streams", with_streams().0),
    ];
    let images: Vec<_> = images.into_iter().map(|(name, image)| (name.to_owned(), image)).collect();
    compare(&kernel, &images, 3);
}

/// Makes a tree in each image: sizes around blocks, holes, removed files, links, times, names in both widths.
const WRITE: &str = r#"
set -e
for image in image.*; do
  mount -t udf -o loop,rw,iocharset=utf8 "$image" /mnt/image
  cd /mnt/image
  mkdir -p a/b 'a/é 中文' empty
  for n in $(seq 0 24); do head -c $((n * 487)) /dev/urandom >a/"file $n"; done
  for n in $(seq 0 3 24); do rm a/"file $n"; done
  for n in 1 2 4 5; do head -c $((n * 2048)) /dev/urandom >>a/"file $n"; done
  head -c 700000 /dev/urandom >big
  dd if=/dev/urandom of=holes bs=1000 count=1 seek=90 conv=notrunc status=none
  truncate -s 300001 holes
  ln a/'file 7' a/b/hard
  ln -s '../file 7' a/b/link
  mkfifo a/b/pipe
  mknod a/b/null c 1 3
  echo 中 >'a/é 中文/ünï 中'
  touch -d '2001-02-03 04:05:06' a/'file 7'
  chmod 4751 big
  cd /run/work
  umount /mnt/image
done
"#;

#[test]
fn what_the_kernel_writes_is_read_as_it_reads_it() {
    let Some(kernel) = Kernel::find().unwrap() else { return };
    let Some(mkudffs) = Witness::find("mkudffs").unwrap() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut images: Vec<(String, Vec<u8>)> = Vec::new();
    for (n, arguments) in [
        &["-b", "2048", "-m", "hd", "-r", "1.02"][..],
        &["-b", "2048", "-m", "cdrw", "-r", "1.50"],
        &["-b", "2048", "-m", "dvdrw", "-r", "2.01"],
        &["-b", "2048", "-m", "hd", "-r", "1.50", "--strategy=4096"],
        &["-b", "2048", "-m", "hd", "-r", "2.01", "--space=unalloctable", "--ad=long"],
        &["-b", "512", "-m", "hd", "-r", "2.01"],
        &["-b", "4096", "-m", "hd", "-r", "2.01"],
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(format!("image.{n}"));
        fs::File::create(&path).unwrap().set_len(8 << 20).unwrap();
        mkudffs.must(arguments.iter().map(Path::new).chain([path.as_path()])).unwrap();
        images.push((format!("image.{n}"), fs::read(path).unwrap()));
    }
    let files: Vec<(&str, &[u8])> = images.iter().map(|(name, image)| (&name[..], &image[..])).collect();
    let run = kernel.script("loop,udf,nls_utf8", WRITE, &files).unwrap();
    assert_eq!(run.code, 0, "{}", run.log);
    for (name, image) in &mut images {
        *image = fs::read(run.folder().join(&*name)).unwrap();
        check(&image[..], &mut |finding| assert_ne!(finding.severity, Severity::Error, "{name}: {finding}"));
    }
    // Directories have one link more in the kernel than on the disc, which the comparison of files leaves out.
    compare(&kernel, &images, 25);
}
