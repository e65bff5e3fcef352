//! The program where things go wrong around it: outputs that cannot be written, readers that stop reading, names that
//! would command a terminal, signals at the worst moment.

#![allow(clippy::unwrap_used, clippy::panic)]

#[allow(dead_code, reason = "each test file uses its part")]
mod glassmaster_program;

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use glassmaster_program::{command, must, run};
use glassmaster_testkit::tree as testtree;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn folder() -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("folder")).unwrap();
    fs::write(dir.path().join("folder/file"), testtree::bytes(3, 300_000)).unwrap();
    fs::write(dir.path().join("short"), b"short").unwrap();
    dir
}

/// The program under a shell, where limits and redirections are set.
fn shell(script: &str, arguments: &[&str]) -> std::process::Output {
    Command::new("sh")
        .args(["-c", script, glassmaster_program::PATH])
        .args(arguments)
        .env_remove("SOURCE_DATE_EPOCH")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn an_image_is_never_replaced_by_an_image_of_itself() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("image.iso");
    fs::write(&file, b"precious").unwrap();
    let (output, events) = run(["build", text(&file), "-o", text(&file)]);
    assert_eq!(output.status.code(), Some(2), "{events:?}");
    assert_eq!(fs::read(&file).unwrap(), b"precious");
}

#[test]
fn the_file_size_limit_is_an_error_that_leaves_nothing() {
    let (dir, out) = (folder(), TempDir::new().unwrap());
    let image = out.path().join("image.iso");
    let limited =
        shell("ulimit -f 100; exec \"$0\" --json build \"$1\" -o \"$2\"", &[text(dir.path()), text(&image)]);
    assert_eq!(limited.status.code(), Some(1), "{}: {limited:?}", limited.status);
    assert!(names(out.path()).is_empty(), "{:?}", names(out.path()));
    must(["build", text(dir.path()), "-o", text(&image)]);
    let target = out.path().join("x");
    let limited =
        shell("ulimit -f 100; exec \"$0\" extract \"$1\" -o \"$2\"", &[text(&image), text(&target)]);
    assert_eq!(limited.status.code(), Some(1), "{}: {limited:?}", limited.status);
    assert_eq!(names(&target.join("folder")).len(), 0, "half a file is left");
    assert_eq!(fs::read(target.join("short")).unwrap(), b"short");
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure_and_a_reader_that_left_is_not() {
    let (dir, out) = (folder(), TempDir::new().unwrap());
    let image = out.path().join("image.iso");
    must(["build", text(dir.path()), "-o", text(&image)]);
    for (how, status) in [("> /dev/full", 1), ("| :", 0)] {
        for arguments in ["info", "--json info", "list", "--json list", "check", "--json check"] {
            // Of a pipe the shell gives the last status; what counts here is that of the program.
            let script = format!("{{ \"$0\" {arguments} \"$1\"; echo $? >&2; }} {how}");
            let output = shell(&script, &[text(&image)]);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(said.lines().last().unwrap(), status.to_string(), "{arguments} {how}: {said}");
        }
    }
}

#[test]
fn a_wrong_command_line_is_told_in_json_too() {
    for wrong in [&["frobnicate"][..], &["build", "x"], &["build", "x", "-o", "y", "--fs", "ntfs"], &[]] {
        let (output, events) = run(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        let last = events.last().unwrap();
        assert_eq!((&last["event"], &last["exit"]), (&"result".into(), &2.into()), "{wrong:?}");
        assert!(!last["error"].as_str().unwrap().is_empty());
    }
    assert_eq!(command().args(["--json", "--help"]).output().unwrap().status.code(), Some(0));
}

#[test]
fn names_do_nothing_to_a_terminal() {
    let (dir, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let nasty: [&[u8]; 6] = [
        b"\x1b[2Jclear",
        b"two\nlines",
        b"back\rover",
        "\u{9b}31mred".as_bytes(),
        "\u{202e}gpj.exe".as_bytes(),
        b"\xff\xfe",
    ];
    for name in nasty {
        fs::create_dir(dir.path().join(OsStr::from_bytes(name))).unwrap();
        fs::write(dir.path().join(OsStr::from_bytes(name)).join("inside"), b"x").unwrap();
    }
    std::os::unix::fs::symlink("\x1b[31mtarget", dir.path().join("link")).unwrap();
    let image = out.path().join("image.iso");
    let plain = |arguments: &[&str]| {
        let output = command().args(arguments).output().unwrap();
        let all = [output.stdout, output.stderr].concat();
        let clean = all.iter().all(|b| *b == b'\n' || (0x20..0x7f).contains(b) || *b >= 0x80);
        let said = String::from_utf8(all).unwrap();
        assert!(clean && !said.contains(['\u{9b}', '\u{202e}']), "{arguments:?}: {said:?}");
        said
    };
    plain(&["build", text(dir.path()), "-o", text(&image), "--volume", "a\x1b[31mb"]);
    plain(&["build", text(dir.path()), "-o", text(&image), "--dry-run"]);
    plain(&["build", text(dir.path()), "-o", text(&image), "--names", "refuse"]);
    plain(&["build", "/nowhere/\x1b[31m", "-o", text(&image)]);
    plain(&["info", text(&image)]);
    let list = plain(&["list", "--long", text(&image)]);
    for shown in
        ["/\\x1B[2Jclear/inside", "/two\\x0Alines", "\\u{202E}gpj.exe", "/\\xFF\\xFE", "-> \\x1B[31mt"]
    {
        assert!(list.contains(shown), "{shown} is not in {list}");
    }
    fs::write(dir.path().join(OsStr::from_bytes(nasty[0])).join("more"), b"x").unwrap();
    plain(&["compare", text(&image), text(dir.path())]);
    let target = out.path().join("x");
    plain(&["extract", text(&image), "-o", text(&target)]);
    plain(&["extract", text(&image), "-o", text(&target)]);
    // Programs get the names as they are.
    let events = must(["list", text(&image)]);
    assert!(events.iter().any(|e| e["path"] == "/two\nlines/inside"));
}

#[test]
fn what_is_no_image_is_refused_without_waiting() {
    let dir = TempDir::new().unwrap();
    let pipe = dir.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for path in [dir.path(), &pipe, Path::new("/dev/zero")] {
        for what in ["list", "check", "info", "extract"] {
            let (output, events) = run([what, text(path)]);
            let error = events.last().unwrap()["error"].as_str().unwrap();
            assert!(error.contains("an image is a file"), "{what}: {error}");
            assert_eq!(output.status.code(), Some(1));
        }
    }
}

#[test]
fn plain_iso_9660_of_a_rock_ridge_volume_compares_equal() {
    let (dir, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    testtree::deep(&dir.path().join("deep"), 12).unwrap();
    testtree::links(&dir.path().join("links")).unwrap();
    let image = out.path().join("image.iso");
    for fs in ["iso9660,joliet,rock-ridge,udf", "iso9660"] {
        must(["build", text(dir.path()), "-o", text(&image), "--fs", fs]);
        must(["compare", text(&image), text(dir.path()), "--fs", "iso9660"]);
    }
}

#[test]
fn a_disc_that_lies_in_its_own_source_is_left_out() {
    let dir = folder();
    let disc = dir.path().join("a.disc");
    let drive = format!("virtual:{}", text(&disc));
    let events = must(["burn", text(dir.path()), "--drive", &drive, "--media", "dvd+rw"]);
    assert!(events.iter().any(|e| e["event"] == "left_out" && e["path"] == text(&disc)), "{events:?}");
    assert_eq!(events.last().unwrap()["verified"], true);
}

#[test]
fn a_missing_source_makes_no_disc() {
    let dir = folder();
    let disc = dir.path().join("a.disc");
    let drive = format!("virtual:{}", text(&disc));
    let missing = dir.path().join("missing");
    let (output, _) = run(["burn", text(&missing), "--drive", &drive, "--media", "bd-r"]);
    assert_eq!((output.status.code(), disc.exists()), (Some(1), false));
}

#[test]
fn an_epoch_no_volume_can_record_is_refused() {
    let (dir, out) = (folder(), TempDir::new().unwrap());
    let image = out.path().join("image.iso");
    for (epoch, status) in
        [("253402300799", 0), ("253402300800", 2), ("-62135596801", 2), ("-1", 0), ("", 2), ("1e9", 2)]
    {
        let output = command()
            .env("SOURCE_DATE_EPOCH", epoch)
            .args(["build", text(dir.path()), "-o", text(&image)])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(status), "{epoch:?}: {output:?}");
        if status == 0 {
            must(["check", text(&image)]);
        }
    }
}

#[test]
fn options_that_contradict_each_other_are_refused_and_folders_have_no_extension() {
    let dir = TempDir::new().unwrap();
    let source = dir.path().join("release-1.2");
    fs::create_dir(&source).unwrap();
    let image = dir.path().join("image.iso");
    let (output, _) = run(["build", text(&source), "-o", text(&image), "--fs", "iso9660", "--udf", "2.01"]);
    assert_eq!(output.status.code(), Some(2));
    let built = must(["build", text(&source), "-o", text(&image)]);
    assert_eq!(built.last().unwrap()["volume"], "release-1.2");
}

fn interrupt(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
}

/// Longest time that a program is given to do what it is going to do.
const LIMIT: Duration = Duration::from_secs(120);

/// Its exit status, when it ends in time; -1 where the signal came before the program was ready for it.
fn ended(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    while start.elapsed() < LIMIT {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status.code().unwrap_or(-1));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

/// Waits until the program has a handler for the signal: bit number - 1 of the mask in proc_pid_status(5).
fn await_handler(child: &Child, signal: Signal) {
    let start = Instant::now();
    loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0");
        if u64::from_str_radix(mask.trim(), 16).unwrap() >> (signal as i32 - 1) & 1 != 0 {
            return;
        }
        assert!(start.elapsed() < LIMIT, "no handler: {status}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until the program has begun to write its image into the pipe, which is then as good as full.
fn await_output(child: &mut Child) -> u8 {
    let mut first = [0];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    first[0]
}

#[test]
fn a_signal_ends_a_build_at_any_moment_and_leaves_nothing() {
    let (dir, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    for n in 0..8 {
        fs::write(dir.path().join(format!("{n}.bin")), testtree::bytes(n, 24 << 20)).unwrap();
    }
    let image = out.path().join("image.iso");
    // Later and later, until a build is faster than the signal; then from the start again. As far apart as the machine is
    // fast.
    let (mut cancelled, mut wait, mut rounds) = (0, Duration::from_millis(1), 0);
    while cancelled < 10 {
        let signal = if rounds % 2 == 0 { Signal::SIGINT } else { Signal::SIGTERM };
        rounds += 1;
        assert!(rounds < 200, "no build is ever interrupted in time");
        let mut child =
            command().args(["-q", "build", text(dir.path()), "-o", text(&image)]).spawn().unwrap();
        if rounds > 2 {
            await_handler(&child, signal);
        }
        std::thread::sleep(wait);
        interrupt(&child, signal);
        wait = wait * 3 / 2;
        match ended(&mut child) {
            Some(130) => {
                cancelled += 1;
                assert!(names(out.path()).is_empty(), "{:?}", names(out.path()));
            }
            Some(0) => {
                fs::remove_file(&image).unwrap();
                wait = Duration::from_millis(1);
            }
            Some(-1) => assert!(names(out.path()).is_empty(), "{:?}", names(out.path())),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_signal_ends_a_build_whose_reader_has_fallen_asleep() {
    let (dir, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    fs::write(dir.path().join("large"), testtree::bytes(9, 8 << 20)).unwrap();
    // Standard output that nobody empties.
    let mut child = command()
        .args(["--json", "build", text(dir.path()), "-o", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    await_output(&mut child);
    interrupt(&child, Signal::SIGTERM);
    assert_eq!(ended(&mut child), Some(130));
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let last: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(last["exit"], 130, "{said}");
    // A named pipe that nobody opens.
    let pipe = out.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut child = command().args(["build", text(dir.path()), "-o", text(&pipe)]).spawn().unwrap();
    await_handler(&child, Signal::SIGINT);
    // By now it waits for the pipe, or it will be stopped on the way there.
    std::thread::sleep(Duration::from_millis(100));
    interrupt(&child, Signal::SIGINT);
    assert_eq!(ended(&mut child), Some(130));
}

#[test]
fn hang_ups_are_ignored_where_nohup_says_so() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("large"), testtree::bytes(9, 8 << 20)).unwrap();
    // Said outright, because the tests may themselves run under nohup.
    for (prepare, status) in [("--ignore-signal=HUP", 0), ("--default-signal=HUP", 130)] {
        let mut child = Command::new("env")
            .args([prepare, glassmaster_program::PATH, "-q", "build"])
            .arg(dir.path())
            .args(["-o", "-"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The pipe is full and the program waits.
        let mut image = vec![await_output(&mut child)];
        interrupt(&child, Signal::SIGHUP);
        let mut pipe = child.stdout.take().unwrap();
        if status == 0 {
            // Longer than it would wait after a signal that it hears.
            std::thread::sleep(Duration::from_millis(2000));
            assert!(child.try_wait().unwrap().is_none());
            pipe.read_to_end(&mut image).unwrap();
            assert_eq!(ended(&mut child), Some(status), "{prepare}");
        } else {
            assert_eq!(ended(&mut child), Some(status), "{prepare}");
            pipe.read_to_end(&mut image).unwrap();
        }
        assert_eq!(image.len() > 8 << 20, status == 0);
    }
}

/// User attributes go out as streams and come back as attributes, in every revision that has streams; where there are
/// none, each one is told.
#[test]
fn named_streams_go_there_and_back() {
    let folder = TempDir::new().unwrap();
    let source = folder.path().join("source");
    fs::create_dir(&source).unwrap();
    let file = source.join("photo.jpg");
    fs::write(&file, b"light").unwrap();
    let large = vec![7u8; 3000];
    let flags = rustix::fs::XattrFlags::empty();
    for (name, value) in [("user.caption", &b"a day at the sea"[..]), ("user.thumbnail", &large)] {
        match rustix::fs::setxattr(&file, name, value, flags) {
            Err(rustix::io::Errno::NOTSUP) => {
                return println!("skipped: no user attributes on {}", file.display());
            }
            other => other.unwrap(),
        }
    }
    for (revision, embed) in [("2.00", true), ("2.01", false), ("2.50", true), ("2.60", false)] {
        let image = folder.path().join("image.udf");
        let mut build =
            vec!["build", text(&source), "-o", text(&image), "--fs", "udf", "--udf", revision, "--streams"];
        if embed {
            build.extend(["--embed", "1000"]);
        }
        must(&build);
        let listed = must(["list", text(&image)]);
        let streams = &listed[0]["streams"];
        assert_eq!(
            *streams,
            serde_json::json!([
                { "name": "caption", "size": 16 }, { "name": "thumbnail", "size": 3000 }
            ])
        );
        let out = folder.path().join(format!("out {revision}"));
        must(["extract", text(&image), "-o", text(&out), "--streams"]);
        let mut value = vec![0u8; 5000];
        for (name, wanted) in [("user.caption", &b"a day at the sea"[..]), ("user.thumbnail", &large)] {
            let n = rustix::fs::getxattr(out.join("photo.jpg"), name, &mut value[..]).unwrap();
            assert_eq!(&value[..n], wanted, "{revision} {name}");
        }
        assert_eq!(fs::read(out.join("photo.jpg")).unwrap(), b"light");
        assert!(must(["check", text(&image)]).iter().all(|e| e["event"] != "finding"));
    }
    let image = folder.path().join("image.udf");
    let told =
        must(["build", text(&source), "-o", text(&image), "--fs", "udf", "--udf", "1.02", "--streams"]);
    let lost: Vec<_> = told.iter().filter(|e| e["event"] == "changed" && e["recorded"].is_null()).collect();
    assert!(!lost.is_empty(), "{told:?}");
}

#[test]
fn what_is_no_file_is_refused_before_a_disc_is_made() {
    let (dir, out) = (folder(), TempDir::new().unwrap());
    let (disc, pipe) = (out.path().join("a.disc"), out.path().join("pipe"));
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    fs::write(out.path().join("empty.iso"), b"").unwrap();
    let empty = out.path().join("empty.iso");
    let drive = format!("virtual:{}", disc.display());
    let wrong = [
        (text(&pipe), 2, "is a pipe"),
        ("/dev/null", 2, "is a device"),
        ("-", 2, "standard input"),
        (text(&empty), 1, "is empty"),
    ];
    for (source, exit, what) in wrong {
        let (output, events) = run(["burn", source, "--drive", &drive, "--media", "cd-r"]);
        let said = events.last().unwrap()["error"].as_str().unwrap();
        assert!(
            output.status.code() == Some(exit) && said.contains(what) && said.contains("next: "),
            "{said}"
        );
    }
    let (output, _) = run(["build", text(&pipe), "-o", text(&out.path().join("image.iso"))]);
    assert_eq!(output.status.code(), Some(2));
    // Within a folder a pipe is an object like others.
    fs::rename(&pipe, dir.path().join("pipe")).unwrap();
    assert!(!disc.exists(), "a disc was made for nothing");
    must(["burn", text(dir.path()), "--drive", &drive, "--media", "cd-r"]);
}

#[test]
fn programs_get_the_notes_that_people_get_and_people_without_a_terminal_the_phases() {
    let out = TempDir::new().unwrap();
    let iso = out.path().join("other.iso");
    fs::write(&iso, b"no file system").unwrap();
    // A folder for journals that cannot be made.
    let nowhere = iso.join("journals");
    let drive = |name: &str| format!("virtual:{}", out.path().join(name).display());
    let burn = ["burn", text(&iso), "--media", "dvd+r", "--journal", text(&nowhere), "--drive"];
    let told = must(burn.iter().copied().chain([drive("a").as_str()])).pop().unwrap();
    let output = command().args(burn).arg(drive("b")).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    for note in ["holds no file system that is known here", "no journal is kept"] {
        assert!(
            told["notes"].as_array().unwrap().iter().any(|n| n.as_str().unwrap().contains(note)),
            "{told}"
        );
        assert_eq!(said.matches(note).count(), 1, "{said}");
    }
    assert_eq!((&told["verified"], &told["verification"]), (&true.into(), &"full".into()));
    let phases: Vec<_> =
        said.lines().filter(|l| ["writing", "finishing the disc", "verifying", "done"].contains(l)).collect();
    assert_eq!(phases, ["writing", "finishing the disc", "verifying", "done"], "{said}");
}

#[test]
fn the_next_step_is_in_words_of_this_program() {
    let (dir, out) = (folder(), TempDir::new().unwrap());
    let source = text(dir.path()).to_owned();
    for (media, wanted) in [("dvd+rw", "--overwrite"), ("cd-rw", "`glassmaster erase`"), ("bd-r", "--append")]
    {
        let drive = format!("virtual:{}", out.path().join(media).display());
        must(["burn", &source, "--drive", &drive, "--media", media]);
        let (output, events) = run(["burn", &source, "--drive", &drive]);
        assert_eq!(output.status.code(), Some(4));
        let result = events.last().unwrap();
        let (error, next) = (result["error"].as_str().unwrap(), result["next_step"].as_str().unwrap());
        assert!(next.contains(wanted) && error.ends_with(next), "{result}");
    }
}
