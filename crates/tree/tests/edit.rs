//! The editable tree against a model: full copies of the listing at every change point.
#![allow(clippy::unwrap_used)]

use glassmaster_tree::edit::{
    Attributes, Bytes, Cases, Collision, EditError, EditTree, Item, ItemId, Totals,
};
use glassmaster_tree::{Kind, Meta, Timestamp, Tree};
use proptest::prelude::*;

fn listing(tree: &EditTree) -> Vec<String> {
    fn walk(item: Item<'_>, path: &str, out: &mut Vec<String>) {
        for child in item.children() {
            let path = format!("{path}/{}", String::from_utf8_lossy(child.name()));
            let a = child.attributes();
            out.push(format!("{path} {:?} {} {:?} {}", child.kind(), child.size(), a.modified, a.hidden));
            for s in child.streams() {
                out.push(format!("{path}:{} {}", String::from_utf8_lossy(s.name()), s.size()));
            }
            walk(child, &path, out);
        }
    }
    let mut out = Vec::new();
    walk(tree.item(tree.root()).unwrap(), "", &mut out);
    out
}

/// The sums, made anew.
fn recount(tree: &EditTree) -> (Totals, usize) {
    fn walk(item: Item<'_>, level: usize, sums: &mut Totals, levels: &mut usize) {
        *levels = (*levels).max(level);
        for child in item.children() {
            sums.name_bytes += child.name().len() as u64;
            if child.is_dir() {
                sums.directories += 1;
                sums.directory_name_bytes += child.name().len() as u64;
                walk(child, level + 1, sums, levels);
            } else if child.kind() == Kind::File {
                sums.files += 1;
                sums.real_time_files += u32::from(child.attributes().real_time);
            } else {
                sums.others += 1;
                sums.target_bytes += child.target().map_or(0, |t| t.len() as u64);
            }
        }
    }
    let mut sums = Totals { directories: 1, ..Totals::default() };
    let mut levels = 1;
    walk(tree.item(tree.root()).unwrap(), 1, &mut sums, &mut levels);
    let snapshot = tree.snapshot(Timestamp::default()).unwrap();
    for (_, data) in snapshot.contents() {
        sums.data_blocks += data.size.div_ceil(2048);
        sums.large_contents += u32::from(data.size >= 65_536);
    }
    sums.streams = u32::try_from(snapshot.stream_count()).unwrap();
    let mut owners = std::collections::HashSet::new();
    for node in snapshot.nodes() {
        for (n, stream) in node.streams().enumerate() {
            owners.insert(node.data());
            if snapshot.data(node.data().unwrap()).first == node.id() {
                sums.stream_name_bytes += stream.name.len() as u64;
            }
            assert!(n < 100);
        }
    }
    sums.stream_owners = u32::try_from(owners.len()).unwrap();
    (sums, levels)
}

fn source(names: &[(u8, u8)]) -> Tree {
    let mut tree = Tree::new(Meta::default());
    let shared = tree.add_data(70_000, 5).unwrap();
    let mut dirs = vec![tree.root()];
    let mut shared_used = false;
    for (n, (kind, name)) in names.iter().enumerate() {
        let dir = dirs[usize::from(*kind) % dirs.len()];
        let name = [b'a' + name % 6];
        if tree.child(dir, &name).is_some() {
            continue;
        }
        match kind % 4 {
            0 => dirs.push(tree.add_directory(dir, &name, Meta::default()).unwrap()),
            1 => {
                let first = !shared_used;
                shared_used = true;
                let file = tree.add_file(dir, &name, Meta::default(), shared).unwrap();
                if first {
                    let side = tree.add_data(11, 1).unwrap();
                    tree.add_stream(file, b"side", side).unwrap();
                }
            }
            2 => {
                tree.add_symlink(dir, &name, Meta::default(), b"../x").unwrap();
            }
            _ => {
                let data = tree.add_data(n as u64 * 1000, 2).unwrap();
                tree.add_file(dir, &name, Meta::default(), data).unwrap();
            }
        }
    }
    tree
}

fn step(tree: &mut EditTree, pool: &mut Vec<ItemId>, (op, a, b): (u8, u8, u8)) -> Result<(), EditError> {
    let some = |pool: &[ItemId], n: u8| pool[usize::from(n) % pool.len()];
    let name = [if op % 2 == 0 { b'a' } else { b'A' } + b % 6];
    let at = Attributes { modified: Some(Timestamp::from_secs(i64::from(a))), ..Attributes::default() };
    match op % 9 {
        0 | 1 => {
            let dir = some(pool, a);
            let item = if b % 2 == 0 {
                tree.new_directory(&name, &at)?
            } else {
                let file = tree.new_file(&name, &at)?;
                tree.set_bytes(file, Bytes::new(u64::from(b) * 300, 0))?;
                file
            };
            pool.push(item);
            tree.attach(dir, item)
        }
        2 => tree.detach(some(pool, a)),
        3 => tree.attach(some(pool, a), some(pool, b)),
        4 => tree.set_attributes(some(pool, a), &Attributes { hidden: true, real_time: b % 2 == 0, ..at }),
        5 => tree.add_stream(some(pool, a), &name, &at, Bytes::new(u64::from(b), 0)).map(drop),
        6 => {
            let file = some(pool, a);
            let stream = tree.stream(file, &name).ok_or(EditError::Stale)?;
            tree.remove_stream(file, stream)
        }
        7 => {
            let from: Vec<_> = (0..a % 30).map(|n| (n.wrapping_mul(b), b.wrapping_add(n))).collect();
            let from = source(&from);
            let collision = if b % 2 == 0 { Collision::Replace } else { Collision::Keep };
            let mut bytes = |d| Bytes::new(from.data(d).size, from.data(d).handle);
            tree.merge(some(pool, a), &from, from.root(), collision, &mut bytes)?;
            let dir = tree.item(some(pool, a)).unwrap();
            pool.extend(dir.children().map(Item::id));
            Ok(())
        }
        _ => tree.set_bytes(some(pool, a), Bytes::new(u64::from(b), 7)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn every_change_point_can_be_gone_back_to(
        steps in proptest::collection::vec((0u8..9, any::<u8>(), any::<u8>()), 1..60),
        back in proptest::collection::vec(any::<u16>(), 0..6),
    ) {
        let mut tree = EditTree::new(Cases::Ignored);
        let mut pool = vec![tree.root()];
        let mut copies = vec![listing(&tree)];
        let mut turns = back.into_iter();
        for (n, s) in steps.into_iter().enumerate() {
            let before = (listing(&tree), *tree.totals());
            match step(&mut tree, &mut pool, s) {
                Ok(()) => {
                    tree.commit();
                    copies.push(listing(&tree));
                }
                Err(_) => {
                    tree.abort();
                    prop_assert_eq!(&before, &(listing(&tree), *tree.totals()));
                }
            }
            prop_assert_eq!(tree.change_point() as usize + 1, copies.len());
            let (mut sums, levels) = recount(&tree);
            sums.pieces = tree.totals().pieces;
            prop_assert_eq!(tree.totals(), &sums);
            prop_assert_eq!(tree.levels(), levels);
            if n % 10 == 9 && let Some(turn) = turns.next() {
                let to = usize::from(turn) % copies.len();
                let to32 = u32::try_from(to).unwrap();
                let now = listing(&tree);
                let refused = tree.rollback(to32, |_| Err(EditError::Stale));
                prop_assert_eq!(refused, Err(EditError::Stale));
                prop_assert_eq!(&listing(&tree), &now);
                tree.rollback(to32, |_| Ok::<_, EditError>(())).unwrap();
                copies.truncate(to + 1);
                prop_assert_eq!(&listing(&tree), &copies[to]);
                let (mut sums, _) = recount(&tree);
                sums.pieces = tree.totals().pieces;
                prop_assert_eq!(tree.totals(), &sums);
            }
        }
    }
}

#[test]
fn a_merge_that_fails_half_way_leaves_nothing() {
    let mut tree = EditTree::new(Cases::Ignored);
    let dir = tree.new_directory(b"Sub", &Attributes::default()).unwrap();
    tree.attach(tree.root(), dir).unwrap();
    let file = tree.new_file(b"x", &Attributes::default()).unwrap();
    tree.attach(dir, file).unwrap();
    tree.commit();
    let before = (listing(&tree), *tree.totals());
    let mut from = Tree::new(Meta::default());
    let data = from.add_data(3, 0).unwrap();
    let sub = from.add_directory(from.root(), b"sub", Meta::default()).unwrap();
    from.add_file(from.root(), b"early", Meta::default(), data).unwrap();
    from.add_directory(sub, b"X", Meta::default()).unwrap();
    let mut bytes = |d| Bytes::new(from.data(d).size, 0);
    let root = tree.root();
    let clash = tree.merge(root, &from, from.root(), Collision::Replace, &mut bytes);
    assert_eq!(clash, Err(EditError::Clash { path: "/Sub/x".into(), incoming: Kind::Directory }));
    assert_eq!(before, (listing(&tree), *tree.totals()));
    assert_eq!(tree.change_point(), 1);
}

#[test]
fn locks_keep_the_count_and_forget_the_way_back() {
    let mut tree = EditTree::new(Cases::Distinct);
    for name in [b"a", b"A", b"b"] {
        let dir = tree.new_directory(name, &Attributes::default()).unwrap();
        tree.attach(tree.root(), dir).unwrap();
        tree.commit();
    }
    tree.lock();
    assert_eq!(tree.change_point(), 3);
    let back = tree.rollback(2, |_| Ok::<_, EditError>(()));
    assert_eq!(back, Err(EditError::NoChange { wanted: 2, first: 3, last: 3 }));
    assert_eq!(tree.totals().directories, 4);
}

#[test]
fn a_million_files_enter_and_leave_without_a_copy() {
    let mut from = Tree::new(Meta::default());
    let data = from.add_data(1, 0).unwrap();
    for n in 0..200_000u32 {
        from.add_file(from.root(), format!("file{n:07}").as_bytes(), Meta::default(), data).unwrap();
    }
    let mut tree = EditTree::new(Cases::Ignored);
    let root = tree.root();
    tree.merge(root, &from, from.root(), Collision::Replace, &mut |_| Bytes::new(1, 0)).unwrap();
    tree.commit();
    assert_eq!((tree.totals().files, tree.totals().data_blocks), (200_000, 1));
    let found = tree.child(root, b"FILE0123456").unwrap();
    assert_eq!(tree.path(found), "/file0123456");
    tree.rollback(0, |_| Ok::<_, EditError>(())).unwrap();
    assert_eq!(tree.totals(), &Totals { directories: 1, ..Totals::default() });
    assert!(!tree.is_attached(found) && tree.item(found).is_some());
}
