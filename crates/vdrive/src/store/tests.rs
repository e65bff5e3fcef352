use super::*;
use glassmaster_disc::MediaType;

impl Store {
    /// Makes the file read-only for this store, or writable again.
    pub(crate) fn make_read_only(&mut self, read_only: bool) {
        self.file = OpenOptions::new().read(true).write(!read_only).open(&self.path).unwrap();
    }
}

const G: Geometry = Geometry { media: MediaType::DVD_PLUS_R, first_lba: 0, blocks: 4096, unit: 16 };

fn blank() -> DiscState {
    DiscState { user_blocks: 4096, format_type: 0xFF, ..DiscState::default() }
}

fn temp() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn data_and_state_come_back() {
    let dir = temp();
    let path = dir.path().join("a.disc");
    let mut store = Store::create(&path, G, [7; 16], &blank()).unwrap();
    store.write(20, &[0xAB; 2 * SECTOR]).unwrap();
    let mut state = blank();
    state.finalized = true;
    store.commit(&state).unwrap();
    drop(store);
    let (mut store, got) = Store::open(&path).unwrap();
    assert_eq!(got, state);
    assert_eq!(store.sb.id, [7; 16]);
    let mut buf = vec![0xEE; 4 * SECTOR];
    store.read(19, &mut buf).unwrap();
    assert!(buf[..SECTOR].iter().all(|b| *b == 0));
    assert!(buf[SECTOR..3 * SECTOR].iter().all(|b| *b == 0xAB));
    assert!(
        store.is_recorded(16) && store.is_recorded(31) && !store.is_recorded(15) && !store.is_recorded(32)
    );
    assert!(store.read(4095, &mut buf).is_err());
    assert!(store.read(-1, &mut buf).is_err());
}

#[test]
fn two_drives_cannot_hold_one_disc_and_names_are_not_reused() {
    let dir = temp();
    let path = dir.path().join("a.disc");
    let store = Store::create(&path, G, [0; 16], &blank()).unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::Locked { .. })));
    assert!(matches!(Store::create(&path, G, [0; 16], &blank()), Err(StoreError::Exists { .. })));
    drop(store);
    assert!(Store::open(&path).is_ok());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

/// Two make the same disc: the second one has opened the file and waits for its lock while the first one ends.
#[test]
fn a_disc_that_was_finished_meanwhile_is_not_made_again() {
    let dir = temp();
    let (path, part) = (dir.path().join("a.disc"), dir.path().join("a.disc.partial"));
    std::fs::write(&part, "").unwrap();
    let second = File::open(&part).unwrap();
    assert!(claim(&second, &part, &path).is_ok());
    std::fs::rename(&part, &path).unwrap();
    assert!(matches!(claim(&second, &part, &path), Err(StoreError::Exists { .. })));
    std::fs::write(&part, "").unwrap();
    assert!(matches!(claim(&second, &part, &path), Err(StoreError::Exists { .. })));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(claim(&second, &part, &path), Err(StoreError::Locked { .. })));
}

#[test]
fn what_could_not_be_made_leaves_nothing() {
    let dir = temp();
    let path = dir.path().join("a.disc");
    let huge =
        DiscState { sessions: vec![Session { lead_out: 0, closed: false, disc_type: 0 }; 60_000], ..blank() };
    assert!(matches!(Store::create(&path, G, [0; 16], &huge), Err(StoreError::Io { .. })));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_disc_without_a_name_is_not_safe() {
    let dir = temp();
    let path = dir.path().join("a.disc");
    let mut store = Store::create(&path, G, [0; 16], &blank()).unwrap();
    store.write(0, &[1; SECTOR]).unwrap();
    store.sync().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(store.sync().unwrap_err().kind(), io::ErrorKind::NotFound);
}

/// A process may die between any two bytes of a state. Whatever prefix of the new slot reached the file, the
/// state is the old one or the new one, whole.
#[test]
fn a_state_torn_at_any_byte_leaves_the_one_before_it() {
    let dir = temp();
    let path = dir.path().join("a.disc");
    let mut store = Store::create(&path, G, [0; 16], &blank()).unwrap();
    let states: Vec<DiscState> = (1..6u32)
        .map(|n| DiscState { formatted_blocks: n, format_type: 0x26, user_blocks: 4096, ..blank() })
        .collect();
    for s in &states[..3] {
        store.commit(s).unwrap();
    }
    drop(store);
    let before = std::fs::read(&path).unwrap();
    let (mut store, _) = Store::open(&path).unwrap();
    store.commit(&states[3]).unwrap();
    drop(store);
    let after = std::fs::read(&path).unwrap();
    let changed: Vec<usize> = (0..before.len()).filter(|i| before[*i] != after[*i]).collect();
    assert!(!changed.is_empty());
    for upto in 0..=changed.len() {
        let mut torn = before.clone();
        for i in &changed[..upto] {
            torn[*i] = after[*i];
        }
        std::fs::write(&path, &torn).unwrap();
        let (_, state) = Store::open(&path).unwrap();
        assert_eq!(state, states[if upto == changed.len() { 3 } else { 2 }], "{upto} bytes");
    }
}

#[test]
fn what_is_appended_counts_with_the_state_after_it_and_reaches_the_map_when_flushed() {
    let dir = temp();
    let path = dir.path().join("a.disc");
    let map_in_file = || {
        let file = std::fs::read(&path).unwrap();
        let at = usize::try_from(Superblock::new(G, [0; 16]).map_offset).unwrap();
        file[at..at + 4].to_vec()
    };
    let mut store = Store::create(&path, G, [0; 16], &blank()).unwrap();
    for lba in [0, 8, 16] {
        store.append(lba, &[1; 8 * SECTOR]).unwrap();
        store.commit(&blank()).unwrap();
    }
    store.append(24, &[]).unwrap();
    store.append(24, &[1; 16 * SECTOR]).unwrap();
    assert!(store.is_recorded(39));
    drop(store);
    // The last write was not followed by a state: it has not happened.
    let (mut store, _) = Store::open(&path).unwrap();
    assert_eq!(map_in_file(), [0; 4]);
    assert!(store.is_recorded(31) && !store.is_recorded(32));
    // Elsewhere on the disc: what is known so far goes to the map at once.
    store.append(256, &[1; SECTOR]).unwrap();
    assert_eq!(map_in_file(), [0b11, 0, 0, 0]);
    store.commit(&blank()).unwrap();
    drop(store);
    let (mut store, state) = Store::open(&path).unwrap();
    assert!(store.is_recorded(256) && store.is_recorded(0) && !store.is_recorded(32));
    store.sync().unwrap();
    assert_eq!(map_in_file(), [0b11, 0, 1, 0]);
    let mut state = state;
    store.append(272, &[1; SECTOR]).unwrap();
    store.clear(&mut state).unwrap();
    drop(store);
    let (store, _) = Store::open(&path).unwrap();
    assert!(!store.is_recorded(256) && !store.is_recorded(272));
}

#[test]
fn an_interrupted_clear_is_finished_when_opened() {
    let dir = temp();
    let path = dir.path().join("a.disc");
    let mut store = Store::create(&path, G, [0; 16], &blank()).unwrap();
    store.write(0, &[1; 16 * SECTOR]).unwrap();
    let halfway = DiscState { clearing: true, ..blank() };
    store.commit(&halfway).unwrap();
    drop(store);
    let (mut store, state) = Store::open(&path).unwrap();
    assert!(!state.clearing && !store.is_recorded(0));
    // Bytes of the earlier life do not shine through a partial write.
    store.write(3, &[2; SECTOR]).unwrap();
    let mut buf = vec![9; 16 * SECTOR];
    store.read(0, &mut buf).unwrap();
    assert_eq!(buf.iter().filter(|b| **b != 0).count(), SECTOR);
}

#[test]
fn partial_units_are_zero_filled_even_where_holes_cannot_be_punched() {
    let dir = temp();
    let path = dir.path().join("a.disc");
    let mut store = Store::create(&path, G, [0; 16], &blank()).unwrap();
    // Stale bytes without a mark in the map, as after a clear on a file system without holes.
    store.file.write_all_at(&[5; 32 * SECTOR], store.sb.data_offset).unwrap();
    store.write(5, &[6; 14 * SECTOR]).unwrap();
    let mut buf = vec![9; 32 * SECTOR];
    store.read(0, &mut buf).unwrap();
    assert_eq!(buf.iter().filter(|b| **b == 6).count(), 14 * SECTOR);
    assert!(buf.iter().all(|b| *b == 6 || *b == 0));
}

#[test]
fn foreign_and_damaged_files_are_refused_by_name() {
    let dir = temp();
    let path = dir.path().join("x.iso");
    std::fs::write(&path, vec![0; 100_000]).unwrap();
    assert!(Store::open(&path).err().unwrap().to_string().contains("signature"));
    std::fs::write(&path, b"short").unwrap();
    assert!(Store::open(&path).err().unwrap().to_string().contains("shorter"));
    assert!(Store::open(dir.path()).is_err());
    let disc = dir.path().join("a.disc");
    drop(Store::create(&disc, G, [0; 16], &blank()).unwrap());
    let good = std::fs::read(&disc).unwrap();
    let mut cut = good.clone();
    cut.truncate(good.len() - 1);
    std::fs::write(&disc, &cut).unwrap();
    assert!(Store::open(&disc).err().unwrap().to_string().contains("bytes where"));
    let mut no_state = good.clone();
    no_state[4096..4096 + 2 * 393_216].fill(0);
    std::fs::write(&disc, &no_state).unwrap();
    assert!(Store::open(&disc).err().unwrap().to_string().contains("no usable state"));
    let mut versioned = good;
    versioned[16] = 9;
    std::fs::write(&disc, &versioned).unwrap();
    assert!(matches!(Store::open(&disc), Err(StoreError::Version { version: 9, .. })));
}

/// A disc of layout version 1, as it was made before there were more media: same places, other number.
#[test]
fn discs_of_the_first_layout_go_on() {
    let dir = temp();
    let path = dir.path().join("old.disc");
    let mut store = Store::create(&path, G, [7; 16], &blank()).unwrap();
    store.write(0, &[3; 16 * SECTOR]).unwrap();
    drop(store);
    let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let mut head = vec![0; 4096];
    file.read_exact_at(&mut head, 0).unwrap();
    head[16..20].copy_from_slice(&1u32.to_le_bytes());
    let sum = crc32(&head[..4092]);
    head[4092..].copy_from_slice(&sum.to_le_bytes());
    file.write_all_at(&head, 0).unwrap();
    drop(file);
    let (mut store, state) = Store::open(&path).unwrap();
    assert_eq!(state, blank());
    store.commit(&DiscState { finalized: true, ..blank() }).unwrap();
    drop(store);
    let (mut store, state) = Store::open(&path).unwrap();
    assert!(state.finalized);
    let mut block = [0; SECTOR];
    store.read(15, &mut block).unwrap();
    assert_eq!(block, [3; SECTOR]);
}

#[test]
fn recorded_zeros_hide_what_was_there() {
    let dir = temp();
    let path = dir.path().join("a.disc");
    let mut store = Store::create(&path, G, [0; 16], &blank()).unwrap();
    // Bytes of a write whose process died before it was counted.
    store.file.write_all_at(&[5; 128 * SECTOR], store.sb.data_offset).unwrap();
    store.write(0, &[6; 5 * SECTOR]).unwrap();
    store.write_zeros(5, 70).unwrap();
    let mut buf = vec![9; 80 * SECTOR];
    store.read(0, &mut buf).unwrap();
    assert!(buf[..5 * SECTOR].iter().all(|b| *b == 6));
    assert!(buf[5 * SECTOR..].iter().all(|b| *b == 0));
    assert!(store.is_recorded(74) && !store.is_recorded(80));
    assert!(store.write_zeros(4090, 10).is_err());
}

/// Kilobytes that the file takes of its file system.
fn room(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).unwrap().blocks() / 2
}

/// Whether the file system of `dir` keeps holes at all; elsewhere zeros take the room they take.
fn keeps_holes(dir: &Path) -> bool {
    let path = dir.join("probe");
    let file = File::create_new(&path).unwrap();
    file.write_all_at(&[1; 1 << 20], 0).unwrap();
    let punched = blank::punch(&file, 0, 1 << 20).unwrap();
    std::fs::remove_file(&path).unwrap();
    punched
}

#[test]
fn zeros_take_no_room_and_hide_what_was_there() {
    let dir = temp();
    let path = dir.path().join("a.disc");
    let mut store = Store::create(&path, G, [0; 16], &blank()).unwrap();
    let holes = keeps_holes(dir.path());
    let empty = room(&path);
    for lba in (0..4096).step_by(32) {
        store.write(lba, &[0; 32 * SECTOR]).unwrap();
    }
    if holes {
        assert!(room(&path) <= empty + 64, "{} after {empty}", room(&path));
    }
    assert!(store.is_recorded(0) && store.is_recorded(4095));
    let mut seed = 1u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed.to_be_bytes()[0] | 1
    })
    .take(4096 * SECTOR)
    .collect();
    for (lba, piece) in (0..).step_by(31).zip(noise.chunks(31 * SECTOR)) {
        store.write(lba, piece).unwrap();
    }
    let mut all = vec![0; 4096 * SECTOR];
    store.read(0, &mut all).unwrap();
    assert!(all == noise);
    // Zeros over data, with ends that no block of a file system has, and between other data.
    let mut wanted = noise;
    for (lba, blocks) in [(7, 21), (64, 1), (1001, 333), (2048, 2048)] {
        let range = lba * SECTOR..(lba + blocks) * SECTOR;
        wanted[range.clone()].fill(0);
        store.write(i32::try_from(lba).unwrap(), &wanted[range]).unwrap();
    }
    let mixed = 1500 * SECTOR..1600 * SECTOR;
    wanted[1510 * SECTOR..1550 * SECTOR].fill(0);
    store.write(1500, &wanted[mixed]).unwrap();
    for piece in [1, 7, 32, 4096] {
        for (lba, want) in (0..).step_by(piece).zip(wanted.chunks(piece * SECTOR)) {
            let got = &mut all[..want.len()];
            store.read(lba, got).unwrap();
            assert!(got == want, "{piece} blocks from {lba}");
        }
    }
    if holes {
        assert!(room(&path) < empty + 2048 * 2 - 500, "{} after {empty}", room(&path));
    }
    drop(store);
    let (mut store, _) = Store::open(&path).unwrap();
    let mut again = vec![1; 4096 * SECTOR];
    store.read(0, &mut again).unwrap();
    assert!(again == wanted);
}

/// What is remembered of holes must not outlive a write, a clear or a failed write.
#[test]
fn reads_and_writes_in_any_order_agree_with_plain_memory() {
    let dir = temp();
    let path = dir.path().join("a.disc");
    let mut store = Store::create(&path, G, [0; 16], &blank()).unwrap();
    let mut model = vec![0u8; 512 * SECTOR];
    let mut seed = 7u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for round in 0..3000 {
        let at = next(512);
        let len = 1 + next((512 - at).min(40));
        let range = at * SECTOR..(at + len) * SECTOR;
        let lba = i32::try_from(at).unwrap();
        match next(6) {
            0 => {
                model[range.clone()].fill(u8::try_from(1 + next(255)).unwrap());
                store.write(lba, &model[range]).unwrap();
            }
            1 => {
                model[range.clone()].fill(0);
                store.write(lba, &model[range]).unwrap();
            }
            2 => {
                model[range].fill(0);
                store.write_zeros(lba, u32::try_from(len).unwrap()).unwrap();
            }
            3 if next(50) == 0 => {
                model.fill(0);
                store.clear(&mut blank()).unwrap();
            }
            _ => {
                let mut got = vec![0xEE; len * SECTOR];
                store.read(lba, &mut got).unwrap();
                assert!(got == model[range], "round {round}: {len} blocks from {at}");
            }
        }
    }
}

/// Nothing about a file that only reads keeps the disc from being read, and no write is taken for done.
#[test]
fn a_file_that_cannot_be_written_is_a_disc_that_reads() {
    let dir = temp();
    let path = dir.path().join("a.disc");
    let mut store = Store::create(&path, G, [7; 16], &blank()).unwrap();
    store.write(16, &[0xAB; 16 * SECTOR]).unwrap();
    store.commit(&blank()).unwrap();
    drop(store);
    let (mut store, state) = Store::from_file(File::open(&path).unwrap(), &path).unwrap();
    let mut buf = [0; SECTOR];
    store.read(16, &mut buf).unwrap();
    assert_eq!(buf, [0xAB; SECTOR]);
    store.sync().unwrap();
    assert!(store.write(32, &[1; 16 * SECTOR]).is_err() && store.commit(&state).is_err());
    // It is in a drive, and so in no other.
    assert!(matches!(Store::open(&path), Err(StoreError::Locked { .. })));
    drop(store);
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    // Those who may do everything can write to it still.
    let may = OpenOptions::new().write(true).open(&path).is_ok();
    assert_eq!(Store::open(&path).unwrap().1.protected, !may);
}
