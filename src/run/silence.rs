//! A target that no longer answers at all, and what it was asked last: it is not asked a thousand times more.

use crate::case::StepNumber;
use crate::trace::{CaseTrace, Reply};

/// After so many cases in a row without any answer, no other is begun.
const CASES_MAX: usize = 100;

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

    /// What is told once the target is taken to be gone.
    pub fn words(&self) -> Option<String> {
        if self.cases < CASES_MAX {
            return None;
        }
        let steps = self.ended_at.iter();
        let steps: Vec<String> = steps
            .map(|(case, step)| format!("step {step} of {case}"))
            .collect();
        let mut words = format!(
            "the target no longer answers: {CASES_MAX} cases in a row had no answer, so the run ended"
        );
        if !steps.is_empty() {
            words += "; it fell silent at ";
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
    fn a_target_is_gone_after_many_cases_without_any_answer() {
        for stories in [
            &[(SILENT, CASES_MAX - 1)][..],
            &[(SILENT, CASES_MAX - 1), (BROKEN, 1), (SILENT, 1)],
            &[(ANSWERED, 1), (BROKEN, 200)],
        ] {
            assert_eq!(after(stories), None);
        }
        let never = after(&[(SILENT, CASES_MAX)]).unwrap();
        assert!(!never.contains("fell silent"), "{never}");
        let stories = [(BROKEN, 2), (ANSWERED, 1), (BROKEN, 1), (SILENT, CASES_MAX)];
        let words = after(&stories).unwrap();
        assert!(
            words.ends_with("it fell silent at step #2 of table"),
            "{words}"
        );
    }
}
