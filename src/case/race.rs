//! Which steps of a case go at the same time, and what of it may come by chance.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Case, Command, Lane, Step, StepNumber};
use crate::card::Action;

impl Case {
    /// The steps in runs: each step without a lane by itself, and neighbouring steps with lanes together.
    pub fn stretches(&self) -> Vec<Range<usize>> {
        let mut stretches: Vec<Range<usize>> = Vec::new();
        for (index, step) in self.steps.iter().enumerate() {
            match stretches.last_mut() {
                Some(last) if step.lane.is_some() && self.steps[last.start].lane.is_some() => {
                    last.end = index + 1;
                }
                _ => stretches.push(index..index + 1),
            }
        }
        stretches
    }

    /// The last step of the race that a step is part of; else, the step.
    pub fn end_of_race(&self, step: StepNumber) -> StepNumber {
        let stretches = self.stretches().into_iter();
        let own = stretches
            .rev()
            .find(|stretch| stretch.contains(&step.0.wrapping_sub(1)));
        own.map_or(step, |stretch| StepNumber(stretch.end))
    }

    /// Whether some steps go at the same time as others.
    pub fn has_race(&self) -> bool {
        self.stretches()
            .into_iter()
            .any(|stretch| self.lanes(&stretch).len() > 1)
    }

    /// Whether what it shows may depend on the moment, when requests meet or an answer is cut off, or on the server to which
    /// a fresh connection leads.
    pub fn may_come_by_chance(&self) -> bool {
        let hangs_on_connection = |step: &Step| step.loss.is_some() || step.fresh_connection;
        self.has_race() || self.steps.iter().any(hangs_on_connection)
    }

    /// Whether the simulator is called in a lane of a race.
    pub fn races_the_simulator(&self) -> bool {
        let mut acts = self.steps.iter().filter(|step| step.lane.is_some());
        self.has_race()
            && acts
                .any(|step| matches!(step.command, Command::Act(Action::Issue | Action::Fail, _)))
    }

    /// The lanes of the widest race; none: 1.
    pub fn widest_race(&self) -> usize {
        let stretches = self.stretches();
        let widths = stretches.iter().map(|stretch| self.lanes(stretch).len());
        widths.max().unwrap_or(0).max(1)
    }

    /// The lanes of a stretch, in order.
    pub fn lanes(&self, stretch: &Range<usize>) -> Vec<Lane> {
        let steps = &self.steps[stretch.clone()];
        let lanes: BTreeSet<Lane> = steps.iter().filter_map(|step| step.lane).collect();
        lanes.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RACE: [&str; 4] = [
        "create virtual on A",
        "[1] activate #1",
        "[2] retry #2",
        "read #1",
    ];

    #[test]
    fn neighbouring_lanes_are_one_race() {
        let case = Case::told(&RACE);
        assert_eq!(case.stretches(), [0..1, 1..3, 3..4]);
        assert_eq!(case.lanes(&(1..3)).len(), 2);
        assert!(case.has_race());
        for (step, end) in [(1, 1), (2, 3), (3, 3), (4, 4), (9, 9)] {
            assert_eq!(case.end_of_race(StepNumber(step)), StepNumber(end));
        }
    }

    #[test]
    fn races_and_cut_answers_may_come_by_chance() {
        assert!(Case::told(&RACE).may_come_by_chance());
        assert!(Case::told(&["create virtual on A then cut after sending"]).may_come_by_chance());
        assert!(Case::told(&["list A over a fresh connection"]).may_come_by_chance());
        assert!(!Case::told(&["create virtual on A", "read #1"]).may_come_by_chance());
    }

    #[test]
    fn one_lane_is_no_race() {
        assert!(!Case::told(&["[1] list A", "[1] list A"]).has_race());
    }
}
