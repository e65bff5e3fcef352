//! Times `glassmaster` against other image makers and against the floor no image maker can be under.
//! `README.md` beside this says how to run it and how to read it.

// A program: it speaks to its terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod contest;
mod floor;
mod measure;
mod reflink;
mod report;
mod workload;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use contest::{Contest, Place};

/// Result of the runner's own work; a message for a person.
type Result<T> = std::result::Result<T, String>;

/// Time image makers on workloads made for the purpose.
#[derive(Parser)]
#[command(name = "glassmaster-benches", args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    role: Option<Role>,
    /// Workloads to run [default: all].
    #[arg(value_name = "WORKLOAD", value_parser = clap::builder::PossibleValuesParser::new(contest::NAMES))]
    workloads: Vec<String>,
    /// A twentieth of every workload, three rounds: to see that everything runs, not to measure.
    #[arg(long)]
    quick: bool,
    /// Rounds; each runs every contestant once, and medians are taken over the rounds [default: 5, quick 3].
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Folder for the workloads (about 20 GB and 2 million files); they are kept for the next run.
    #[arg(long, value_name = "DIR", default_value = "benches/work")]
    work: PathBuf,
    /// Folder for the images, on tmpfs (6 GB).
    #[arg(long, value_name = "DIR", default_value = "/dev/shm")]
    out: PathBuf,
    /// The program [default: `glassmaster` beside this one].
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
    /// One JSON object a workload on standard output instead of tables.
    #[arg(long)]
    json: bool,
    /// Fail when a reach of the table in README.md is missed.
    #[arg(long)]
    strict: bool,
}

/// What this program is when it calls itself.
#[derive(Subcommand)]
enum Role {
    /// Run a program and print its time and memory as JSON.
    #[command(hide = true)]
    Measure {
        /// Where its standard output goes.
        #[arg(long)]
        stdout: PathBuf,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<std::ffi::OsString>,
    },
    /// Walk, sort, place and copy with one thread, making no records: the floor of a one-threaded maker.
    LimitRw { source: PathBuf, image: PathBuf },
    /// The same copy with two threads on two halves of the image.
    LimitPar { source: PathBuf, image: PathBuf },
}

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match &args.role {
        Some(Role::Measure { stdout, command }) => measure::child(stdout, command),
        Some(Role::LimitRw { source, image }) => floor::make(source, image, 1),
        Some(Role::LimitPar { source, image }) => floor::make(source, image, 2),
        None => run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let own = std::env::current_exe().map_err(|e| format!("where am I: {e}"))?;
    let program = match &args.program {
        Some(path) => path.clone(),
        None => own.parent().unwrap_or(Path::new(".")).join("glassmaster"),
    };
    let program = std::fs::canonicalize(&program).map_err(|e| {
        format!("{}: {e}; build it with `cargo build --release -p glassmaster-cli`", program.display())
    })?;
    std::fs::create_dir_all(&args.work).map_err(|e| format!("{}: {e}", args.work.display()))?;
    let work = std::fs::canonicalize(&args.work).map_err(|e| format!("{}: {e}", args.work.display()))?;
    let out = tempfile::Builder::new()
        .prefix("glassmaster-bench-")
        .tempdir_in(&args.out)
        .map_err(|e| format!("{}: {e}", args.out.display()))?;
    let place = Place {
        program,
        own,
        work,
        out: out.path().to_owned(),
        scale: if args.quick { 20 } else { 1 },
        rounds: args.rounds.unwrap_or(if args.quick { 3 } else { 5 }).max(1),
    };
    let mut missed = 0;
    for name in contest::NAMES {
        if !args.workloads.is_empty() && !args.workloads.iter().any(|wanted| wanted == name) {
            continue;
        }
        let outcome = if name == reflink::NAME {
            reflink::run(&place)?
        } else {
            Contest::new(name, &place)?.run(&place)?
        };
        if args.json {
            println!("{}", report::json(&outcome));
        } else {
            println!("{}", report::table(&outcome));
        }
        missed += outcome.reaches.iter().filter(|reach| reach.met == Some(false)).count();
    }
    if args.strict && missed > 0 {
        return Err(format!("{missed} reaches missed"));
    }
    Ok(())
}
