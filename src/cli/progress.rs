//! How a run goes, as a bar on stderr; where stderr is no terminal, as one line at its beginning.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::output::note;
use crate::run::{Progress, Shown};

/// The bar.
pub struct Bar {
    bar: ProgressBar,
    /// What is said where there is no bar.
    begins: Option<String>,
}

impl Bar {
    /// A bar for a run; `what` says of what.
    pub fn new(what: &str, is_quiet: bool) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let bar = match is_quiet || !is_terminal {
            true => ProgressBar::hidden(),
            false => ProgressBar::no_length(),
        };
        let begins = (!is_quiet && !is_terminal).then(|| what.to_owned());
        Self { bar, begins }
    }

    fn begin(&self, count: usize, template: &str) {
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bar.set_style(style.progress_chars("━╸─"));
        self.bar.set_length(count as u64);
        self.bar.set_position(0);
        self.bar.enable_steady_tick(Duration::from_millis(120));
    }
}

impl Progress for Bar {
    fn planned(&mut self, count: usize) {
        if let Some(what) = self.begins.take() {
            note(&format!("running {count} cases against {what}"));
        }
        self.begin(
            count,
            "{bar:30.cyan/dim} {pos}/{len} cases  {msg}  {elapsed}",
        );
    }

    fn case_done(&mut self, shown: &Shown) {
        self.bar.inc(1);
        let seconds = self.bar.elapsed().as_secs_f64().max(0.001);
        let rate = shown.requests() as f64 / seconds;
        let departing = match shown.failures() {
            0 => String::new(),
            failures => format!(", {failures} depart"),
        };
        self.bar
            .set_message(format!("{rate:.0} requests/s{departing}"));
    }

    fn shrinking(&mut self, count: usize) {
        if count == 0 {
            return self.bar.finish_and_clear();
        }
        self.begin(
            count,
            "{bar:30.cyan/dim} {pos}/{len} departures made short  {elapsed}",
        );
    }

    fn shrunk(&mut self) {
        self.bar.inc(1);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
