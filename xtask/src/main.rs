//! Work on the project itself: `cargo xtask tidy` (rules no compiler checks), `cargo xtask names` (every name of the
//! Image Mastering API has its item) and `cargo xtask instructions` (the instruction budget of building an image).

// A program for developers: it speaks to its terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod arrows;
mod finding;
mod instructions;
mod licences;
mod names;
mod source;
mod tidy;
mod token;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask tidy
       cargo xtask names [--write]
       cargo xtask instructions [--program PATH] [--files N] [--limit INSTRUCTIONS-PER-FILE]";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let outcome = match arguments.next().as_deref() {
        Some("tidy") => match arguments.next() {
            None => tidy::run(),
            Some(extra) => Err(format!("tidy takes no argument, got {extra}\n{USAGE}")),
        },
        Some("names") => match (arguments.next().as_deref(), arguments.next()) {
            (None, _) => names::run(false),
            (Some("--write"), None) => names::run(true),
            _ => Err(format!("names takes --write and nothing else\n{USAGE}")),
        },
        Some("instructions") => instructions::run(arguments),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
