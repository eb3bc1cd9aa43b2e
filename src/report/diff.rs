//! Two reports compared: what got worse from the first to the second, what got better, and what only changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::{Latency, Report, Verdict, words};
use crate::contract::OperationKind;
use crate::requirement::{RequirementId, all};

/// An operation is slower if 95 in a hundred of its requests took this much longer, and more than noise.
const SLOWER_BY_TENTHS: u64 = 15;
const NOISE_US: u64 = 2_000;
/// Fewer answers say nothing about time.
const ANSWERED_MIN: u64 = 20;

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// What makes the two hard to compare: another contract, another seed.
    pub unlike: Vec<String>,
    /// They fail now, and did not.
    pub newly_failing: Vec<Change>,
    /// They don't fail any more: they pass.
    pub fixed: Vec<Change>,
    /// Nothing is known of them now, and something was.
    pub newly_not_shown: Vec<Change>,
    /// Other verdicts that changed.
    pub changed: Vec<Change>,
    /// Open points that are read otherwise.
    pub readings: Vec<ReadingChange>,
    /// Operations that are slower.
    pub slower: Vec<Slower>,
}

/// A requirement with two verdicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Which.
    pub id: RequirementId,
    /// The rule.
    pub rule: &'static str,
    /// The verdict in the first report; absent: it did not know the requirement.
    pub before: Option<Verdict>,
    /// The verdict in the second.
    pub after: Option<Verdict>,
}

/// An open point with two readings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadingChange {
    /// The open point.
    pub id: RequirementId,
    /// What the reading is consistent over; empty for the point as a whole.
    pub scope: String,
    /// How it was read.
    pub before: Vec<String>,
    /// How it is read.
    pub after: Vec<String>,
}

/// An operation that takes longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Slower {
    /// Which.
    pub operation: OperationKind,
    /// How long 95 in a hundred took, in microseconds.
    pub before_p95_us: u64,
    /// How long they take.
    pub after_p95_us: u64,
}

/// How the second report compares with the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing got worse.
    NoWorse,
    /// Something fails that did not.
    Worse,
    /// Nothing does, but less is known.
    LessKnown,
}

impl Diff {
    /// Compares two reports.
    pub fn of(before: &Report, after: &Report) -> Self {
        let mut diff = Self {
            unlike: unlike(before, after),
            newly_failing: Vec::new(),
            fixed: Vec::new(),
            newly_not_shown: Vec::new(),
            changed: Vec::new(),
            readings: reading_changes(before, after),
            slower: slower(&before.latency, &after.latency),
        };
        let (first, second) = (verdicts(before), verdicts(after));
        for requirement in all() {
            let change = Change {
                id: requirement.id,
                rule: requirement.rule,
                before: first.get(&requirement.id).copied(),
                after: second.get(&requirement.id).copied(),
            };
            if let Some(list) = diff.list_of(&change) {
                list.push(change);
            }
        }
        diff
    }

    /// Where a change belongs, if it is one.
    fn list_of(&mut self, change: &Change) -> Option<&mut Vec<Change>> {
        let fails = |verdict| matches!(verdict, Some(Verdict::Fail));
        let shows = |verdict: Option<Verdict>| verdict.is_some_and(Verdict::is_shown);
        let (before, after) = (change.before, change.after);
        if before == after {
            return None;
        }
        Some(if fails(after) {
            &mut self.newly_failing
        } else if shows(before) && !shows(after) {
            &mut self.newly_not_shown
        } else if fails(before) && after == Some(Verdict::Pass) {
            &mut self.fixed
        } else {
            &mut self.changed
        })
    }

    /// How they compare.
    pub fn outcome(&self) -> Outcome {
        if !self.newly_failing.is_empty() {
            Outcome::Worse
        } else if !self.newly_not_shown.is_empty() {
            Outcome::LessKnown
        } else {
            Outcome::NoWorse
        }
    }

    /// As Markdown. What comes from a target in it is only readings, of which the catalogue has the words.
    pub fn markdown(&self) -> String {
        let mut page = format!("## {}\n", self.sentence());
        for words in &self.unlike {
            let _ = writeln!(page, "\nNote: {words}");
        }
        for (title, changes) in [
            ("Newly failing", &self.newly_failing),
            ("Newly not shown", &self.newly_not_shown),
            ("Fixed", &self.fixed),
            ("Changed otherwise", &self.changed),
        ] {
            section(&mut page, title, changes.iter().map(change_words));
        }
        section(
            &mut page,
            "Open points read otherwise",
            self.readings.iter().map(reading_words),
        );
        section(&mut page, "Slower", self.slower.iter().map(slower_words));
        words::visible(&page)
    }

    fn sentence(&self) -> String {
        let counted = |changes: &[Change]| words::counted(changes.len(), "requirement");
        let fixed = match self.fixed.len() {
            0 => String::new(),
            fixed => format!(", {fixed} fixed"),
        };
        match self.outcome() {
            Outcome::Worse => format!(
                "Worse: {} newly failing{fixed}",
                counted(&self.newly_failing)
            ),
            Outcome::LessKnown => {
                format!(
                    "Less known: {} newly not shown{fixed}",
                    counted(&self.newly_not_shown)
                )
            }
            Outcome::NoWorse => format!("No worse{fixed}"),
        }
    }
}

fn section(page: &mut String, title: &str, lines: impl ExactSizeIterator<Item = String>) {
    if lines.len() > 0 {
        let _ = writeln!(page, "\n### {title}\n");
        lines.for_each(|line| {
            let _ = writeln!(page, "- {line}");
        });
    }
}

fn change_words(change: &Change) -> String {
    let word = |verdict: Option<Verdict>| verdict.map_or("not known", Verdict::as_str);
    let Change { id, rule, .. } = change;
    format!(
        "{id} {rule} ({}, was {})",
        word(change.after),
        word(change.before)
    )
}

fn reading_words(change: &ReadingChange) -> String {
    let name = change.id.requirement().point.map_or("", |point| point.name);
    let scope = match change.scope.as_str() {
        "" => String::new(),
        scope => format!(" for `{}`", scope.replace('`', "'")),
    };
    let told = |readings: &[String]| readings.join(" or ").replace('`', "'");
    format!(
        "{} {name}{scope}: `{}`, was `{}`",
        change.id,
        told(&change.after),
        told(&change.before)
    )
}

fn slower_words(slower: &Slower) -> String {
    format!(
        "{}: 95 in a hundred within {}, was {}",
        slower.operation,
        words::milliseconds(slower.after_p95_us),
        words::milliseconds(slower.before_p95_us)
    )
}

fn verdicts(report: &Report) -> BTreeMap<RequirementId, Verdict> {
    report
        .requirements
        .iter()
        .map(|r| (r.id, r.verdict))
        .collect()
}

fn unlike(before: &Report, after: &Report) -> Vec<String> {
    let mut unlike = Vec::new();
    if before.contract.sha256 != after.contract.sha256 {
        unlike.push("the two were held to different documents".to_owned());
    }
    if (before.seed, &before.suites, before.cases) != (after.seed, &after.suites, after.cases) {
        unlike.push(
            "the two did not run the same cases: seed, suites or their number differ".to_owned(),
        );
    }
    if before.cardproof != after.cardproof {
        unlike.push("the two were judged by different versions of cardproof".to_owned());
    }
    unlike
}

/// Points that both have read clearly, and not alike.
fn reading_changes(before: &Report, after: &Report) -> Vec<ReadingChange> {
    let first: BTreeMap<(RequirementId, &str), &Vec<String>> = before
        .readings
        .iter()
        .map(|r| ((r.id, r.scope.as_str()), &r.readings))
        .collect();
    let changed = after.readings.iter().filter_map(|reading| {
        let earlier = *first.get(&(reading.id, reading.scope.as_str()))?;
        let set = |readings: &[String]| readings.iter().cloned().collect::<BTreeSet<String>>();
        // Readings that are left may be more or fewer; only what can't both be so is a change.
        set(earlier)
            .is_disjoint(&set(&reading.readings))
            .then(|| ReadingChange {
                id: reading.id,
                scope: reading.scope.clone(),
                before: earlier.clone(),
                after: reading.readings.clone(),
            })
    });
    changed.collect()
}

fn slower(before: &[Latency], after: &[Latency]) -> Vec<Slower> {
    let slower = after.iter().filter_map(|now| {
        let then = before.iter().find(|then| then.operation == now.operation)?;
        let is_enough = now.answered >= ANSWERED_MIN && then.answered >= ANSWERED_MIN;
        let is_slower = now.p95_us.saturating_mul(10)
            > then.p95_us.saturating_mul(SLOWER_BY_TENTHS)
            && now.p95_us > then.p95_us.saturating_add(NOISE_US);
        (is_enough && is_slower).then_some(Slower {
            operation: now.operation,
            before_p95_us: then.p95_us,
            after_p95_us: now.p95_us,
        })
    });
    slower.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{report, revival};
    use crate::requirement::id;

    fn ids(changes: &[Change]) -> Vec<&str> {
        changes.iter().map(|change| change.id.as_str()).collect()
    }

    #[test]
    fn a_report_is_no_worse_than_itself() {
        let diff = Diff::of(&report(vec![revival()]), &report(vec![revival()]));
        assert_eq!(diff.outcome(), Outcome::NoWorse);
        assert_eq!(diff.markdown(), "## No worse\n");
    }

    #[test]
    fn what_fails_now_is_worse_and_what_passes_again_is_fixed() {
        let (good, bad) = (report(vec![]), report(vec![revival()]));
        let worse = Diff::of(&good, &bad);
        assert_eq!(
            (worse.outcome(), ids(&worse.newly_failing)),
            (Outcome::Worse, vec!["LIFE-4"])
        );
        let better = Diff::of(&bad, &good);
        assert_eq!(
            (better.outcome(), ids(&better.fixed)),
            (Outcome::NoWorse, vec!["LIFE-4"])
        );
    }

    #[test]
    fn what_failed_and_is_not_shown_any_more_is_not_fixed() {
        let bad = report(vec![revival()]);
        let mut blind = report(vec![]);
        let result = blind
            .requirements
            .iter_mut()
            .find(|r| r.id == id::LIFE_4)
            .unwrap();
        result.verdict = Verdict::NotShown;
        let diff = Diff::of(&bad, &blind);
        assert_eq!(
            (diff.outcome(), ids(&diff.newly_not_shown)),
            (Outcome::LessKnown, vec!["LIFE-4"])
        );
        assert!(diff.fixed.is_empty());
    }

    #[test]
    fn readings_and_times_are_compared() {
        let before = report(vec![]);
        let mut after = report(vec![]);
        after.readings[0].readings = vec!["no-effect".to_owned()];
        after.readings[3].readings = vec!["keeps".to_owned()];
        after.latency[0].p95_us = 9_000;
        after.seed = 2;
        let diff = Diff::of(&before, &after);
        let changed: Vec<&str> = diff.readings.iter().map(|r| r.id.as_str()).collect();
        assert_eq!(changed, ["OPEN-1"], "one that is left of two is no change");
        assert_eq!(diff.slower[0].after_p95_us, 9_000);
        insta::assert_snapshot!(diff.markdown());
        after.latency[0].answered = 3;
        assert_eq!(Diff::of(&before, &after).slower, []);
    }
}
