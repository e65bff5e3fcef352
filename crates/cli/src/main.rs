//! The program `glassmaster`.

mod args;
mod boot;
mod command;
mod device;
mod failure;
mod inhibit;
mod journal;
mod owner;
mod signal;
mod ui;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::args::{Args, Command};
use crate::failure::Failure;
use crate::ui::Ui;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no failure and go to standard output.
            let failed = error.use_stderr();
            let _ = error.print();
            if !failed {
                return ExitCode::SUCCESS;
            }
            // What is wrong may stand before `--json` and keep it from being understood.
            if std::env::args_os().any(|a| a == "--json") {
                let text = error.to_string();
                let first = match error.kind() {
                    // Then the text is the help.
                    ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a subcommand is missing",
                    _ => text.lines().next().unwrap_or_default().trim_start_matches("error: "),
                };
                ui::json_result(&Failure::new(failure::USAGE, first));
            }
            return ExitCode::from(failure::USAGE);
        }
    };
    let ui = Ui::new(args.json, args.quiet, args.command.writes_to_stdout());
    let cancel = match signal::watch() {
        Ok(cancel) => cancel,
        Err(error) => return ui.finish(Err(error)),
    };
    let result = run(args.command, &ui, &cancel);
    ui.finish(result)
}

fn run(command: Command, ui: &Ui, cancel: &signal::Cancel) -> Result<serde_json::Value, Failure> {
    match command {
        Command::Build(args) => command::build::run(&args, ui, cancel),
        Command::Append(args) => command::append::run(&args, ui, cancel),
        Command::Burn(args) => command::burn::run(&args, ui, cancel),
        Command::Erase(args) => command::erase::run(&args, ui, cancel),
        Command::List(args) => command::list::run(&args, ui, cancel),
        Command::Extract(args) => command::extract::run(&args, ui, cancel),
        Command::Check(args) => command::check::run(&args, ui, cancel),
        Command::Info(args) => command::info::run(&args, ui, cancel),
        Command::Compare(args) => command::compare::run(&args, ui, cancel),
        Command::Drives(args) => command::drives::run(&args, ui, cancel),
        Command::Disc(args) => command::disc::run(args, ui, cancel),
    }
}
