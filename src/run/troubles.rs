//! What came in the way of the run, and whether it still does when a case is run again.
//!
//! One connection that breaks among ten thousand says nothing about the target, so a case that met an obstacle is run
//! once more. What does not come again is told, and decides nothing.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::case::Case;
use crate::judge::Judgement;
use crate::report::ObstacleFact;
use crate::trace::{CaseNumber, CaseTrace, Obstacle};

/// Where more cases than this met trouble, it is no accident, and none is run again.
const AGAIN_MAX: usize = 40;

/// The obstacles of a run.
#[derive(Default)]
pub(super) struct Troubles {
    /// By their words.
    met: BTreeMap<String, Met>,
    /// The cases that met one when they were run last.
    hindered: BTreeMap<CaseNumber, Case>,
}

struct Met {
    fact: ObstacleFact,
    cases: BTreeSet<CaseNumber>,
}

impl Troubles {
    /// An obstacle that is no case's own.
    pub fn note(&mut self, obstacle: &Obstacle) {
        self.meet(obstacle, "");
    }

    /// What a case met; a case that was run before may have met it then alone. One that was given up before its end does
    /// not show that.
    pub fn add(&mut self, trace: &CaseTrace, judgement: &Judgement) {
        for obstacle in &judgement.obstacles {
            let met = self.meet(obstacle, &trace.case.name);
            met.cases.insert(trace.number);
        }
        if !judgement.obstacles.is_empty() {
            self.hindered.insert(trace.number, trace.case.clone());
        } else if trace.complete {
            self.hindered.remove(&trace.number);
        }
    }

    fn meet(&mut self, obstacle: &Obstacle, case: &str) -> &mut Met {
        let words = &obstacle.words;
        let met = self.met.entry(words.clone()).or_insert_with(|| Met {
            fact: ObstacleFact {
                words: words.clone(),
                case: case.to_owned(),
                step: obstacle.step,
                times: 0,
                overcome: false,
            },
            cases: BTreeSet::new(),
        });
        met.fact.times += 1;
        met
    }

    /// The cases that are worth running again.
    pub fn again(&self) -> Vec<(CaseNumber, Case)> {
        match self.hindered.len() {
            ..=AGAIN_MAX => self.hindered.clone().into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Whether some case has met obstacles alone.
    pub fn remain(&self) -> bool {
        !self.hindered.is_empty()
    }

    /// What is told of them: first what came in the way of cases, the most frequent before the others; then what the
    /// profile says is not there.
    pub fn facts(self) -> Vec<ObstacleFact> {
        let hindered = self.hindered;
        let told = self.met.into_values().map(|Met { mut fact, cases }| {
            let is_over = |number| !hindered.contains_key(number);
            fact.overcome = !cases.is_empty() && cases.iter().all(is_over);
            fact
        });
        let mut told: Vec<ObstacleFact> = told.collect();
        told.sort_by_key(|fact| (fact.case.is_empty(), Reverse(fact.times)));
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(number: usize, words: &[&str]) -> (CaseTrace, Judgement) {
        let trace = CaseTrace {
            number: CaseNumber(number),
            case: Case {
                name: "a case".to_owned(),
                title: String::new(),
                steps: Vec::new(),
            },
            accounts: BTreeMap::new(),
            pasts: BTreeMap::new(),
            exchanges: Vec::new(),
            events: Vec::new(),
            obstacles: Vec::new(),
            not_run: None,
            complete: true,
        };
        let obstacles = words.iter().map(|words| Obstacle {
            step: None,
            words: (*words).to_owned(),
        });
        let judgement = Judgement {
            obstacles: obstacles.collect(),
            ..Judgement::default()
        };
        (trace, judgement)
    }

    fn troubles(runs: &[(usize, &[&str])]) -> Troubles {
        let mut troubles = Troubles::default();
        for (number, words) in runs {
            let (trace, judgement) = run(*number, words);
            troubles.add(&trace, &judgement);
        }
        troubles
    }

    #[test]
    fn what_came_in_the_way_is_told_before_what_is_known_to_be_absent() {
        let lack = Obstacle {
            step: None,
            words: "a lack".to_owned(),
        };
        let mut all = troubles(&[(1, &["seldom"]), (2, &["often", "often"])]);
        for _ in 0..3 {
            all.note(&lack);
        }
        let told = all.facts().into_iter().map(|fact| fact.words);
        assert_eq!(told.collect::<Vec<_>>(), ["often", "seldom", "a lack"]);
    }

    #[test]
    fn what_does_not_come_again_is_overcome() {
        let once = troubles(&[(1, &["reset"]), (2, &[]), (1, &[])]);
        assert!(!once.remain());
        assert!(once.facts()[0].overcome);
        let twice = troubles(&[(1, &["reset"]), (2, &["reset"]), (1, &[])]);
        assert!(twice.remain() && twice.hindered.contains_key(&CaseNumber(2)));
        let facts = twice.facts();
        assert_eq!((facts[0].times, facts[0].overcome), (2, false));
    }

    #[test]
    fn what_was_given_up_overcomes_nothing() {
        let mut troubles = troubles(&[(1, &["reset"])]);
        let (mut given_up, judgement) = run(1, &[]);
        given_up.complete = false;
        troubles.add(&given_up, &judgement);
        assert!(troubles.remain());
        assert!(!troubles.facts()[0].overcome);
    }

    #[test]
    fn what_is_no_case_s_own_is_never_overcome() {
        let mut troubles = Troubles::default();
        troubles.note(&Obstacle {
            step: None,
            words: "left out".to_owned(),
        });
        assert!(!troubles.remain());
        assert!(!troubles.facts()[0].overcome);
    }

    #[test]
    fn trouble_everywhere_is_no_accident() {
        let words: &[&str] = &["reset"];
        let few: Vec<_> = (1..=AGAIN_MAX).map(|number| (number, words)).collect();
        assert_eq!(troubles(&few).again().len(), AGAIN_MAX);
        let many: Vec<_> = (0..=AGAIN_MAX).map(|number| (number, words)).collect();
        assert_eq!(troubles(&many).again(), []);
    }
}
