//! Where words go: results to stdout, everything else to stderr, and how much of either.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use clap::builder::FalseyValueParser;
use terminal_size::{Height, Width, terminal_size_of};

use super::failure::Failure;
use crate::report::text::Detail;
use crate::report::text::page::Page;

/// The width of what is not read on a terminal.
const FILE_WIDTH: usize = 100;
/// Longer lines are hard to read, however wide the terminal is.
const WIDTH_MAX: usize = 120;

/// Flags that every command knows.
#[derive(clap::Args, Clone, Copy)]
pub struct Output {
    /// Say only the verdict and a line for each finding; no progress.
    #[arg(short, long, global = true, conflicts_with = "verbose", env = "CARDPROOF_QUIET", value_parser = FalseyValueParser::new(), help_heading = "Output")]
    pub quiet: bool,
    /// Say everything: each requirement, each finding, and what went over the wire; and while a run goes on, what departs.
    #[arg(short, long, global = true, env = "CARDPROOF_VERBOSE", value_parser = FalseyValueParser::new(), help_heading = "Output")]
    pub verbose: bool,
    /// When to use colours; `auto` looks at the terminal and at NO_COLOR.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        env = "CARDPROOF_COLOR",
        help_heading = "Output"
    )]
    pub color: Color,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal that has them, unless NO_COLOR is set.
    Auto,
    /// In any case.
    Always,
    /// Not at all.
    Never,
}

impl Output {
    /// Makes the choice of colours known to all streams.
    pub fn apply(self) {
        let choice = match self.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }

    /// How much of a report is shown.
    pub fn detail(self) -> Detail {
        match (self.quiet, self.verbose) {
            (true, _) => Detail::Brief,
            (_, true) => Detail::Full,
            _ => Detail::Normal,
        }
    }
}

/// How wide stdout is.
pub fn width() -> usize {
    let columns = terminal().map(|(width, _)| usize::from(width.0));
    columns.map_or(FILE_WIDTH, |columns| columns.min(WIDTH_MAX))
}

/// How many lines there are on the terminal that stdout is; none if it is none.
pub fn screen() -> Option<usize> {
    terminal().map(|(_, height)| usize::from(height.0))
}

fn terminal() -> Option<(Width, Height)> {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    terminal_size_of(stdout)
}

/// Writes a result to stdout. A reader that has gone away is no mistake: it has seen what it wanted.
pub fn show(draw: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut drawn = Vec::new();
    let mut stdout = anstream::stdout();
    let written = draw(&mut drawn)
        .and_then(|()| stdout.write_all(&drawn))
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let error = anyhow::Error::new(error).context("can't write to standard output");
            Err(Failure::usage(error))
        }
        _ => Ok(()),
    }
}

/// As [`show`], on a page as wide as the terminal.
pub fn show_page(draw: impl FnOnce(&mut Page<'_>) -> io::Result<()>) -> Result<(), Failure> {
    show(|out| draw(&mut Page::new(out, width())))
}

/// Tells something on stderr. When nobody can be told, nothing can be done about it.
pub fn note(words: &str) {
    let _ = writeln!(anstream::stderr(), "{words}");
}
