//! The command line: what was typed becomes values once, and each command is a thin file that hands them on.
//!
//! Results go to stdout, progress and diagnostics to stderr. A departure is a result; only what keeps a command from
//! doing its work is a failure. `anyhow` is used here and nowhere else.

mod diff;
mod doctor;
mod explain;
mod failure;
mod gate;
mod init;
mod interrupt;
mod judge;
mod list;
mod output;
mod progress;
mod replay;
mod resume;
mod run;
mod selftest;
mod serve;
mod settings;
mod target;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::{CommandFactory, Parser, Subcommand};

use crate::exit_code::ExitCode;
use failure::Outcome;
use output::Output;

/// Decides whether an implementation of the card-issuing API keeps its contract.
///
/// It generates sequences of calls from the OpenAPI document and a catalogue of requirements, runs them against an
/// implementation, and reports every departure with the shortest sequence that shows it.
#[derive(Parser)]
#[command(name = "cardproof", version, max_term_width = 110, after_help = after_help(), after_long_help = after_long_help())]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    output: Output,
}

#[derive(Subcommand)]
enum Command {
    /// Test an implementation and report; what happens when no command is named.
    Run(Box<run::Args>),
    /// Write a profile, by asking or from flags.
    Init(Box<init::Args>),
    /// Examine a profile and its target step by step, and say what fails and what it comes from.
    Doctor(doctor::Args),
    /// Run a reproducer, a suite or the cases of a trace again, and count how often they depart.
    Replay(replay::Args),
    /// Judge a recorded trace, without any network.
    Judge(judge::Args),
    /// Compare two reports: what is newly failing, fixed, newly not shown, read otherwise, slower.
    Diff(diff::Args),
    /// List suites, requirements, faults or readings.
    List(list::Args),
    /// Say all there is to say about a requirement, an open point, a suite or a fault.
    Explain(explain::Args),
    /// Serve the reference implementation, correct or with a fault, to try clients and harnesses on.
    Serve(serve::Args),
    /// Test cardproof itself: plant faults in the reference, and see which requirement catches each.
    Selftest(selftest::Args),
}

fn after_help() -> String {
    format!(
        "Exit codes (commands that judge nothing end with 0 or 2):\n{}",
        ExitCode::table()
    )
}

fn after_long_help() -> String {
    format!(
        "Examples:\n  \
         cardproof                                          test the embedded reference: a first look\n  \
         cardproof --fault terminate-is-reversible          see a departure, and what a report says of it\n  \
         cardproof init && cardproof doctor                 write a profile, and see whether it works\n  \
         cardproof --profile mine.toml --max-time 60s       test an implementation\n  \
         cardproof replay reports/…/cases/LIFE-4.toml       run a finding again\n  \
         cardproof explain LIFE-4                           the rule behind it\n\n\
         Without a command, `run` is meant: its flags work without the word.\n\n\
         Each flag of `run` can be set by the environment variable that its help names (CARDPROOF_SEED=3).\n\
         A flag wins over its variable.\n\n{}",
        after_help()
    )
}

/// Does what the process's arguments say. Whatever goes wrong in it, the process ends with a code that says so.
pub fn main() -> ExitCode {
    let executed = catch_unwind(AssertUnwindSafe(|| execute(std::env::args_os())));
    executed.unwrap_or_else(|_| {
        output::note(
            "error: cardproof itself failed; what it prints above belongs in a bug report",
        );
        ExitCode::Internal
    })
}

fn execute(args: impl Iterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(with_default_command(args.collect())) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    cli.output.apply();
    let outcome: Outcome = match &cli.command {
        Command::Run(args) => run::execute(args, cli.output),
        Command::Init(args) => init::execute(args),
        Command::Doctor(args) => doctor::execute(args),
        Command::Replay(args) => replay::execute(args, cli.output),
        Command::Judge(args) => judge::execute(args, cli.output),
        Command::Diff(args) => diff::execute(args),
        Command::List(args) => list::execute(args),
        Command::Explain(args) => explain::execute(args),
        Command::Serve(args) => serve::execute(args),
        Command::Selftest(args) => selftest::execute(args, cli.output),
    };
    outcome.unwrap_or_else(|failure| failure.tell())
}

/// What clap has to say: help on stdout, mistakes on stderr.
fn usage(error: &clap::Error) -> ExitCode {
    // A reader that has gone away needs no help.
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::Usage
    } else {
        ExitCode::Conforms
    }
}

/// Puts `run` where a command should be and none is.
fn with_default_command(mut args: Vec<OsString>) -> Vec<OsString> {
    let mut place = 1;
    loop {
        let arg = args.get(place).and_then(|arg| arg.to_str());
        match arg {
            Some("-q" | "--quiet" | "-v" | "--verbose") => place += 1,
            Some("--color") => place += 2,
            Some(color) if color.starts_with("--color=") => place += 1,
            Some("-h" | "--help" | "-V" | "--version") => return args,
            Some(word) if !word.starts_with('-') => return args,
            _ => break,
        }
    }
    args.insert(place.min(args.len()), "run".into());
    args
}

/// The whole definition of the command line, for tests.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}
