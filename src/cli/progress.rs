//! How a run goes, as a bar on stderr; where stderr is no terminal, as a line at its beginning and one now and then.

use std::collections::BTreeSet;
use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anstream::{AutoStream, ColorChoice};
use indicatif::{ProgressBar, ProgressStyle};

use super::output::{Output, note};
use crate::report::words::{counted, duration};
use crate::requirement::RequirementId;
use crate::run::{Progress, Shown};

/// Where there is no bar, so often a line says how far it is.
const EVERY: Duration = Duration::from_secs(15);

/// The bar.
pub struct Bar {
    bar: ProgressBar,
    /// What is said where there is no bar, until it is.
    begins: Option<String>,
    /// Whether it is said how far it is, where there is no bar.
    is_told: bool,
    last_told: Instant,
    began: Instant,
    /// When the run ends at the latest.
    until: Option<Instant>,
    /// Rules that something departed from are told as they come.
    tells_rules: bool,
    told_rules: BTreeSet<RequirementId>,
}

impl Bar {
    /// A bar for a run; `what` says of what, `max_time` how long it may take.
    pub fn new(what: &str, output: Output, max_time: Option<Duration>) -> Self {
        let is_terminal = stderr().is_terminal();
        let bar = match output.quiet || !is_terminal {
            true => ProgressBar::hidden(),
            false => ProgressBar::no_length(),
        };
        let is_told = !output.quiet && !is_terminal;
        let now = Instant::now();
        Self {
            bar,
            begins: is_told.then(|| what.to_owned()),
            is_told,
            last_told: now,
            began: now,
            until: max_time.and_then(|time| now.checked_add(time)),
            tells_rules: output.verbose,
            told_rules: BTreeSet::new(),
        }
    }

    /// The bar takes what room the words leave, however wide the terminal is.
    fn begin(&self, count: usize, words: &str) {
        let colours = match AutoStream::choice(&stderr()) {
            ColorChoice::Never => "",
            _ => ":.cyan/dim",
        };
        let template = format!("{{pos}}/{{len}} {words}  {{wide_bar{colours}}}  {{elapsed}}");
        let style = ProgressStyle::with_template(&template)
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bar.set_style(style.progress_chars("━╸─"));
        self.bar.set_length(count as u64);
        self.bar.reset();
        self.bar.enable_steady_tick(Duration::from_millis(120));
    }

    /// What is still to come, by how it went so far, and by when the run ends at the latest.
    fn left(&self) -> Duration {
        let by_pace = pace(
            self.began.elapsed(),
            self.bar.position(),
            self.bar.length().unwrap_or(0),
        );
        let until = self
            .until
            .map(|until| until.saturating_duration_since(Instant::now()));
        until.map_or(by_pace, |until| until.min(by_pace))
    }

    fn tell_rules(&mut self, shown: &Shown) {
        for rule in shown.departed() {
            if self.told_rules.insert(rule) {
                let words = format!("{rule} departs: {}", rule.requirement().rule);
                self.bar.suspend(|| note(&words));
            }
        }
    }
}

/// How long the rest takes if it goes on like this.
fn pace(elapsed: Duration, done: u64, count: u64) -> Duration {
    let left = count.saturating_sub(done) as f64;
    elapsed.mul_f64(left / done.max(1) as f64)
}

/// How it goes: so many requests in a second, how many cases departed so far, and how long it will take.
fn words(requests: usize, elapsed: Duration, failures: usize, left: Duration) -> String {
    let rate = requests as f64 / elapsed.as_secs_f64().max(0.001);
    let departing = match failures {
        0 => "none departs".to_owned(),
        1 => "1 departs".to_owned(),
        many => format!("{many} depart"),
    };
    let left = duration(u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
    format!("{rate:.0} requests/s, {departing}, {left} left")
}

impl Progress for Bar {
    fn planned(&mut self, count: usize) {
        if let Some(what) = self.begins.take() {
            note(&format!(
                "running {} against {what}",
                counted(count, "case")
            ));
        }
        self.begin(count, "cases  {msg}");
    }

    fn again(&mut self, count: usize) {
        self.bar.inc_length(count as u64);
    }

    fn case_done(&mut self, shown: &Shown) {
        self.bar.inc(1);
        if self.tells_rules {
            self.tell_rules(shown);
        }
        let elapsed = self.began.elapsed();
        let words = words(shown.requests(), elapsed, shown.failures(), self.left());
        if self.is_told && self.last_told.elapsed() >= EVERY {
            self.last_told = Instant::now();
            let (done, count) = (self.bar.position(), self.bar.length().unwrap_or(0));
            note(&format!("{done}/{count} cases  {words}"));
        }
        self.bar.set_message(words);
    }

    fn shrinking(&mut self, count: usize) {
        if count == 0 {
            return self.bar.finish_and_clear();
        }
        if self.is_told {
            note(&format!("making {} short", counted(count, "departure")));
        }
        self.begin(count, "departures made short");
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

/// How many of many things are done, by whoever does them.
pub struct Count {
    bar: ProgressBar,
    is_told: bool,
    last_told: Mutex<Instant>,
}

impl Count {
    /// Of none as yet.
    pub fn new(output: Output) -> Self {
        let is_terminal = stderr().is_terminal();
        Self {
            bar: match output.quiet || !is_terminal {
                true => ProgressBar::hidden(),
                false => ProgressBar::new(0),
            },
            is_told: !output.quiet && !is_terminal,
            last_told: Mutex::new(Instant::now()),
        }
    }

    /// So many of all are done.
    pub fn done(&self, done: usize, all: usize, what: &str) {
        self.bar.set_length(all as u64);
        self.bar.set_position(done as u64);
        let mut last_told = self
            .last_told
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if self.is_told && last_told.elapsed() >= EVERY {
            *last_told = Instant::now();
            note(&format!("{done}/{all} {what}"));
        }
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_say_how_fast_how_much_departs_and_how_long_it_takes() {
        let seconds = Duration::from_secs;
        for (requests, elapsed, failures, left, said) in [
            (0, 0, 0, 0, "0 requests/s, none departs, 0.0 s left"),
            (900, 3, 1, 65, "300 requests/s, 1 departs, 1 min 5 s left"),
            (10, 10, 41, 1, "1 requests/s, 41 depart, 1.0 s left"),
        ] {
            let words = words(requests, seconds(elapsed), failures, seconds(left));
            assert_eq!(words, said);
        }
    }

    #[test]
    fn what_is_left_takes_as_long_as_what_was_done() {
        let seconds = Duration::from_secs;
        for (elapsed, done, count, left) in [
            (10, 5, 10, 10),
            (10, 10, 10, 0),
            (9, 3, 4, 3),
            (0, 0, 1000, 0),
            (5, 12, 10, 0),
        ] {
            assert_eq!(pace(seconds(elapsed), done, count), seconds(left));
        }
    }
}
