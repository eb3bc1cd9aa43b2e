//! When no answer comes any more, and what was asked last: the target is not asked a thousand times more.

use crate::case::StepNumber;
use crate::trace::{CaseTrace, Reply};

/// After so many cases in a row without any answer, no other is begun.
const CASES_MAX: usize = 100;

/// So many of the steps before which answers ended are told, the latest.
const STEPS_TOLD: usize = 8;

/// How long the target has been silent.
#[derive(Default)]
pub(super) struct Silence {
    /// Cases in a row without any answer.
    cases: usize,
    /// The steps with which answers ended to come, since the last case that was answered to its end.
    ended_at: Vec<(String, StepNumber)>,
}

impl Silence {
    /// A case has ended.
    pub fn add(&mut self, trace: &CaseTrace) {
        if trace.not_run.is_some() {
            return;
        }
        let mut replies = trace.exchanges.iter();
        if !replies.any(|exchange| matches!(exchange.reply, Reply::Got(_))) {
            self.cases += 1;
            return;
        }
        self.cases = 0;
        match trace.exchanges.last() {
            Some(last) if matches!(last.reply, Reply::Lost(_)) => {
                self.ended_at.push((trace.case.name.clone(), last.step));
            }
            _ => self.ended_at.clear(),
        }
    }

    /// No answer is expected any more.
    pub fn is_final(&self) -> bool {
        self.cases >= CASES_MAX
    }

    /// What is told then.
    pub fn words(&self) -> Option<String> {
        if !self.is_final() {
            return None;
        }
        let latest = self.ended_at.len().saturating_sub(STEPS_TOLD);
        let steps: Vec<String> = self.ended_at[latest..]
            .iter()
            .map(|(case, step)| format!("step {step} of {case}"))
            .collect();
        let mut words = format!(
            "the run ended since nothing was answered any more: {CASES_MAX} cases in a row brought no answer"
        );
        if !steps.is_empty() {
            words += "; the last answers came before ";
            words += &steps.join(", ");
        }
        Some(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::tests::Story;

    const ANSWERED: &[&str] = &["create virtual on A => 201 issuing"];
    const BROKEN: &[&str] = &["create virtual on A => 201 issuing", "issue #1 => lost"];
    const SILENT: &[&str] = &["list A => lost"];

    fn after(stories: &[(&[&str], usize)]) -> Option<String> {
        let mut silence = Silence::default();
        for (lines, times) in stories {
            let trace = Story::told(lines).trace();
            (0..*times).for_each(|_| silence.add(&trace));
        }
        silence.words()
    }

    #[test]
    fn the_run_is_over_after_many_cases_without_any_answer() {
        for stories in [
            &[(SILENT, CASES_MAX - 1)][..],
            &[(SILENT, CASES_MAX - 1), (BROKEN, 1), (SILENT, 1)],
            &[(ANSWERED, 1), (BROKEN, 200)],
        ] {
            assert_eq!(after(stories), None);
        }
        let never = after(&[(SILENT, CASES_MAX)]).unwrap();
        assert!(!never.contains("came before"), "{never}");
        let stories = [(BROKEN, 2), (ANSWERED, 1), (BROKEN, 1), (SILENT, CASES_MAX)];
        let words = after(&stories).unwrap();
        assert!(words.ends_with("came before step #2 of table"), "{words}");
    }
}
