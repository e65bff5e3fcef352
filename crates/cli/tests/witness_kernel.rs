//! The virtual recorder as a drive of the Linux kernel: our engine burns through SG_IO, the kernel mounts what it has burnt, and
//! the program finds out who else holds the drive, when drives come and go, and who may not use them.
#![allow(clippy::unwrap_used, clippy::panic)]

#[allow(dead_code, reason = "each test file uses its part")]
mod glassmaster_program;

use std::path::Path;

use glassmaster_testkit::tree;
use glassmaster_testkit::witness::{GuestRun, Kernel, Witness};
use serde_json::{Value, json};

const PROGRAM: &str = glassmaster_program::PATH;

/// Medium, whether a second session can be added, and whether it can be made blank again.
const MEDIA: [(&str, bool, bool); 13] = [
    ("cd-r", true, false),
    ("cd-rw", true, true),
    ("dvd-r", true, false),
    ("dvd-r-dl", false, false),
    ("dvd-rw", true, true),
    ("dvd-ram", true, true),
    ("dvd+r", true, false),
    ("dvd+r-dl", false, false),
    ("dvd+rw", true, true),
    ("dvd+rw-dl", true, true),
    ("bd-r", true, false),
    ("bd-re", true, true),
    ("disk", true, true),
];

/// A recorder with a new disc of the medium that is its word, formatted if there is a second one.
fn server() -> String {
    format!(
        "rm -f /run/$1.disc
         '{PROGRAM}' disc new /run/$1.disc --media $1 ${{2:+--formatted}} &&
         exec '{PROGRAM}' disc serve /run/$1.disc --socket $RECORDER_SOCKET"
    )
}

fn sources(place: &Path) {
    // Little: the guest moves a few megabytes a second.
    let sizes = place.join("source/sizes");
    tree::deep(&place.join("source/deep"), 3).unwrap();
    std::fs::create_dir_all(&sizes).unwrap();
    for (n, size) in (1..).zip([0, 1, 2047, 2048, 2049, 65_536, 1_500_000]) {
        std::fs::write(sizes.join(format!("{size} bytes")), tree::bytes(n, size)).unwrap();
    }
    std::fs::create_dir(place.join("more")).unwrap();
    std::fs::write(place.join("more/added"), tree::bytes(7, 300_000)).unwrap();
    let status = std::process::Command::new("sh")
        .args(["-e", "-c", "cp -a \"$1/source\" \"$1/both\"; cp -a \"$1/more/.\" \"$1/both\"", "sh"])
        .arg(place)
        .status()
        .unwrap();
    assert!(status.success());
}

/// What is done to each medium. `$1` is the medium, `$2` and `$3` whether it grows and whether it is erased.
const LIFE: &str = r#"
export XDG_STATE_HOME=/run/state
mkdir -p /run/state
same() { # same FOLDER: the kernel shows just that, in both file systems
  local type
  for type in udf iso9660; do
    mount -t $type -o ro $RECORDER_DEVICE /mnt/image || { echo "no mount as $type"; dmesg -t | tail -n 5; return 1; }
    diff -r --no-dereference "$1" /mnt/image || return
    umount /mnt/image || return
  done
}
life() {
  attach 0 $1
  $G burn $P/source --drive $RECORDER_DEVICE --verify full --fs iso9660,joliet,rock-ridge,udf || return
  same $P/source || return
  $G compare $RECORDER_DEVICE $P/source || return
  if $2; then
    $G burn $P/more --append --drive $RECORDER_DEVICE || return
    same $P/both || return
  fi
  if $3; then
    $G erase --drive $RECORDER_DEVICE || return
    $G --json info $RECORDER_DEVICE | tail -n 1 | grep -q '"blank":true' || { echo "not blank"; return 1; }
    ! mount -t iso9660 -o ro $RECORDER_DEVICE /mnt/image 2>/dev/null || { echo "still there"; return 1; }
    $G burn $P/more --drive $RECORDER_DEVICE --fs iso9660,joliet,rock-ridge,udf || return
    same $P/more || return
  fi
  detach 0
}
"#;

fn run(kernel: &Kernel, place: &Path, client: &str) -> Option<GuestRun> {
    let client = format!("P='{}' G='{PROGRAM} --quiet'\n{client}", place.display());
    kernel.with_recorders(&server(), &client).unwrap()
}

/// One boot for each processor, with every other medium.
#[test]
fn the_engine_burns_every_medium_through_the_kernel_which_mounts_it() {
    let place = tempfile::tempdir().unwrap();
    let Some(kernel) = Kernel::find().unwrap() else { return };
    sources(place.path());
    std::thread::scope(|threads| {
        for half in 0..2 {
            let (kernel, place) = (&kernel, place.path());
            threads.spawn(move || {
                let mut client = LIFE.to_owned();
                for (media, grows, erased) in MEDIA.iter().skip(half).step_by(2) {
                    client.push_str(&format!(
                        "life {media} {grows} {erased} || {{ echo 'in the life of {media}'; exit 1; }}\n"
                    ));
                }
                let Some(guest) = run(kernel, place, &client) else { return };
                assert_eq!(guest.code, 0, "{}", guest.log);
            });
        }
    });
}

/// Somebody else's mount, somebody without the right, drives that come and go.
#[test]
fn the_program_tells_who_holds_a_drive_who_may_not_and_which_come_and_go() {
    let place = tempfile::tempdir().unwrap();
    let Some(kernel) = Kernel::find().unwrap() else { return };
    sources(place.path());
    let client = r#"
        export XDG_STATE_HOME=/run/state
        mkdir -p /run/state
        $G --json drives --watch >watched &
        watcher=$!
        # It listens to the kernel, has listed what there is, and waits.
        watching() { ls -l /proc/$watcher/fd | grep -q socket: && grep -q '^State:.S' /proc/$watcher/status; }
        await 120 watching || echo "not watching"
        attach 0 cd-r
        ls -l $RECORDER_DEVICE
        await 120 grep -q '"added"' watched
        attach 1 dvd+rw
        await 120 eval '[ $(grep -c "\"added\"" watched) = 2 ]'
        $G --json drives >listed
        detach 1
        await 120 grep -q '"removed"' watched
        kill -INT $watcher
        wait $watcher
        echo "watcher: $?"
        RECORDER_DEVICE=/dev/sr0
        $G burn $P/source --drive $RECORDER_DEVICE || exit 1
        mount -t iso9660 -o ro $RECORDER_DEVICE /mnt/image || exit 1
        $G --json burn $P/more --append --drive $RECORDER_DEVICE >busy
        echo "busy: $?"
        umount /mnt/image
        python3 -c '
import os, sys, time
os.open(sys.argv[1], os.O_RDONLY | os.O_EXCL | os.O_NONBLOCK)
print("got it", flush=True)
time.sleep(300)' $RECORDER_DEVICE >holder &
        holder=$!
        await 120 grep -qs got holder
        $G --json burn $P/more --append --drive $RECORDER_DEVICE >held
        echo "held: $?"
        kill $holder
        wait $holder
        chgrp cdrom /dev/sr0 /dev/sg0
        chmod 660 /dev/sr0 /dev/sg0
        setpriv --reuid 65534 --regid 65534 --clear-groups -- $G --json info $RECORDER_DEVICE >denied
        echo "denied: $?"
        $G burn $P/more --append --drive $RECORDER_DEVICE
    "#;
    let Some(guest) = run(&kernel, place.path(), client) else { return };
    let read = |name: &str| std::fs::read_to_string(guest.folder().join(name)).unwrap_or_default();
    let all = || {
        let names = ["watched", "listed", "busy", "held", "denied"];
        names.map(|name| format!("{name}: {}", read(name))).join("\n") + &guest.log
    };
    assert_eq!(guest.code, 0, "{}", all());
    for line in ["watcher: 0", "busy: 4", "held: 4", "denied: 4"] {
        assert!(guest.log.lines().any(|said| said == line), "{line} is missing\n{}", all());
    }
    let events = |name: &str| -> Vec<Value> {
        read(name).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let told: Vec<_> = events("watched")
        .iter()
        .map(|e| (e["event"].clone(), e["id"].clone(), e["changes"].clone()))
        .collect();
    let wanted = [
        (json!("added"), json!("/dev/sr0"), Value::Null),
        (json!("added"), json!("/dev/sr1"), Value::Null),
        (json!("removed"), json!("/dev/sr1"), Value::Null),
        (json!("result"), Value::Null, json!(3)),
    ];
    assert_eq!(told, wanted, "{}", all());
    let listed = events("listed");
    let drives: Vec<_> = listed.iter().filter(|e| e["event"] == "drive").map(|e| &e["id"]).collect();
    assert_eq!(drives, ["/dev/sr0", "/dev/sr1"], "{}", all());
    for (name, words) in [
        ("busy", &["/dev/sr0", "mounted at '/mnt/image'", "unmount"][..]),
        ("held", &["/dev/sr0", "python3"]),
        ("denied", &["/dev/sr0", "group 'cdrom'", "usermod -aG cdrom"]),
    ] {
        let last = events(name).pop().unwrap();
        let error = last["error"].as_str().unwrap();
        assert_eq!((&last["ok"], &last["exit"]), (&json!(false), &json!(4)), "{name}: {last}");
        assert!(words.iter().all(|word| error.contains(word)), "{name}: {error}");
    }
}

/// On media that are written at random the kernel makes files in a file system of mkudffs; our reader and checker agree
/// with it.
#[test]
fn what_the_kernel_writes_to_a_disc_is_read() {
    let place = tempfile::tempdir().unwrap();
    let Some(kernel) = Kernel::find().unwrap() else { return };
    let Some(mkudffs) = Witness::find("mkudffs").unwrap() else { return };
    sources(place.path());
    let client = r#"
        life() {
          attach 0 $1 formatted
          $MKUDFFS --utf8 --blocksize=2048 --media-type=$2 $RECORDER_DEVICE >/dev/null || { dmesg -t | tail -n 12; return 1; }
          mount -t udf -o rw $RECORDER_DEVICE /mnt/image || { dmesg -t | tail -n 5; return 1; }
          cp -r $P/source/. /mnt/image/ && cp $P/more/added /mnt/image/sizes/ && rm -r /mnt/image/deep || return
          mkdir /mnt/image/new && mv /mnt/image/sizes /mnt/image/new/ || return
          umount /mnt/image || return
          rm -rf /run/expected /run/extracted
          mkdir -p /run/expected/new && cp -r $P/source/sizes $P/more/added /run/expected/new/ || return
          mv /run/expected/new/added /run/expected/new/sizes/ || return
          $G extract $RECORDER_DEVICE -o /run/extracted || return
          rmdir /run/extracted/lost+found 2>/dev/null
          diff -r --no-dereference /run/expected /run/extracted || return
          $G check $RECORDER_DEVICE || return
          detach 0
        }
        for media in "dvd-ram dvdram" "dvd+rw dvdrw" "bd-re hd"; do
          life $media || { echo "in the life of $media"; exit 1; }
        done
    "#;
    let client = format!("MKUDFFS='{}'\n{client}", mkudffs.path().display());
    let Some(guest) = run(&kernel, place.path(), &client) else { return };
    assert_eq!(guest.code, 0, "{}", guest.log);
}
