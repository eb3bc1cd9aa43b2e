//! What is made of a case: a part of it, another order, the same on other accounts, with a copy of itself.

use std::collections::BTreeMap;

use super::{AccountRef, Case, Command, Lane, Step, StepNumber};

impl Case {
    /// The case with a step put in before the one at `index`.
    pub fn with_inserted(&self, index: usize, step: Step) -> Self {
        let later = |number: StepNumber| match number.0 > index {
            true => StepNumber(number.0 + 1),
            false => number,
        };
        let mut steps: Vec<Step> = self.steps.iter().map(|s| s.renumbered(later)).collect();
        steps.insert(index, step);
        Self {
            steps,
            ..self.clone()
        }
    }

    /// The case with only the steps for which `keep` is true, numbers adjusted. A step that needs one that goes, goes too.
    pub fn restricted(&self, keep: impl Fn(StepNumber) -> bool) -> Self {
        let mut renamed: BTreeMap<StepNumber, StepNumber> = BTreeMap::new();
        let mut steps = Vec::new();
        for (number, step) in self.numbered() {
            let complete = step.needs().iter().all(|need| renamed.contains_key(need));
            if keep(number) && complete {
                steps.push(step.renumbered(|old| renamed[&old]));
                renamed.insert(number, StepNumber(steps.len()));
            }
        }
        Self {
            steps,
            ..self.clone()
        }
    }

    /// The case with its steps in this order, given as places from 0; numbers adjusted.
    pub fn in_order(&self, order: &[usize]) -> Self {
        let renamed: BTreeMap<StepNumber, StepNumber> = (1..)
            .zip(order)
            .map(|(new, old)| (StepNumber(old + 1), StepNumber(new)))
            .collect();
        let moved = order.iter().map(|old| &self.steps[*old]);
        Self {
            steps: moved
                .map(|step| step.renumbered(|number| renamed[&number]))
                .collect(),
            ..self.clone()
        }
    }

    /// The case with each account letter put through `rename`.
    pub fn on_accounts(&self, mut rename: impl FnMut(char) -> char) -> Self {
        let mut case = self.clone();
        for step in &mut case.steps {
            if let Command::Create {
                account: AccountRef::Own(letter),
                ..
            }
            | Command::ListAccount(AccountRef::Own(letter)) = &mut step.command
            {
                *letter = rename(*letter);
            }
            step.body = step
                .body
                .with_accounts(|letter| format!("{{{}}}", rename(letter)));
        }
        case
    }

    /// The case with the lanes of each race the other way round: the last goes where the first went.
    pub fn with_lanes_turned(&self) -> Self {
        let mut turned = self.clone();
        for stretch in self.stretches() {
            let lanes = self.lanes(&stretch);
            for step in &mut turned.steps[stretch] {
                let place = lanes.iter().position(|lane| Some(*lane) == step.lane);
                step.lane = place.map(|place| lanes[lanes.len() - 1 - place]);
            }
        }
        turned
    }

    /// This case and then `other`, on accounts of its own.
    pub fn followed_by(&self, other: &Self) -> Self {
        let in_lane = |step: Option<&Step>| step.is_some_and(|step| step.lane.is_some());
        if in_lane(self.steps.last()) && in_lane(other.steps.first()) {
            // Two races stay two.
            let mut apart = self.clone();
            apart.steps.push(Step::new(Command::Pause(1)));
            return apart.followed_by(other);
        }
        let offset = self.steps.len();
        let taken = self
            .accounts()
            .last()
            .map_or(0, |last| *last as u32 - 'A' as u32 + 1);
        let other_accounts =
            other.on_accounts(|letter| char::from_u32(letter as u32 + taken).unwrap_or(letter));
        let moved = other_accounts.steps.iter();
        let moved = moved.map(|step| step.renumbered(|old| StepNumber(old.0 + offset)));
        Self {
            name: format!("{}-then-{}", self.name, other.name),
            title: String::new(),
            steps: self.steps.iter().cloned().chain(moved).collect(),
        }
    }

    /// The case with each request over a connection of its own, which may lead to another of several servers. None where it
    /// has lanes, which have their own, or has to do with events.
    pub fn over_fresh_connections(&self) -> Option<Self> {
        if self.has_race() || self.listens() {
            return None;
        }
        let mut case = self.clone();
        for step in &mut case.steps {
            let is_call = !matches!(step.command, Command::Pause(_) | Command::MoveClock(_));
            step.fresh_connection |= is_call;
        }
        (case != *self).then_some(case)
    }

    /// The case and a copy of it on accounts of its own: step by step in turn, or each in a lane of its own. None where it
    /// has lanes, or has the target to itself.
    pub fn doubled(&self, at_once: bool) -> Option<Self> {
        if self.moves_clock() || self.steps.iter().any(|step| step.lane.is_some()) {
            return None;
        }
        let length = self.steps.len();
        let in_turn: Vec<usize> = (0..length)
            .flat_map(|place| [place, place + length])
            .collect();
        let mut both = self.followed_by(self).in_order(&in_turn);
        if at_once {
            let lanes = [1, 2].into_iter().cycle().map(Lane::new);
            both.steps
                .iter_mut()
                .zip(lanes)
                .for_each(|(step, lane)| step.lane = lane);
        }
        Some(Self {
            steps: both.steps,
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(case: &Case) -> Vec<String> {
        case.steps.iter().map(Step::to_string).collect()
    }

    #[test]
    fn a_doubled_case_goes_its_way_twice() {
        let steps = ["create virtual on A", "issue #1", "list A", "retry #1"];
        for (at_once, expected) in [
            (
                false,
                [
                    "create virtual on A",
                    "create virtual on B",
                    "issue #1",
                    "issue #2",
                    "list A",
                    "list B",
                    "retry #1",
                    "retry #2",
                ],
            ),
            (
                true,
                [
                    "[1] create virtual on A",
                    "[2] create virtual on B",
                    "[1] issue #1",
                    "[2] issue #2",
                    "[1] list A",
                    "[2] list B",
                    "[1] retry #1",
                    "[2] retry #2",
                ],
            ),
        ] {
            let doubled = Case::told(&steps).doubled(at_once).unwrap();
            assert_eq!(doubled, Case::told(&expected));
        }
        assert_eq!(
            Case::told(&["[1] list A", "[2] list A"]).doubled(true),
            None
        );
    }

    #[test]
    fn turned_lanes_go_the_other_way_round() {
        let race = [
            "list all",
            "[1] list A",
            "[1] list B",
            "[3] list C",
            "[4] list D",
        ];
        let turned = [
            "list all",
            "[4] list A",
            "[4] list B",
            "[3] list C",
            "[1] list D",
        ];
        assert_eq!(Case::told(&race).with_lanes_turned(), Case::told(&turned));
        assert_eq!(Case::told(&turned).with_lanes_turned(), Case::told(&race));
    }

    #[test]
    fn what_is_put_in_moves_the_numbers_behind_it() {
        let pause = "pause 1ms".parse().unwrap();
        let moved = Case::told(&[
            "create virtual on A",
            "[1] activate #1",
            "[2] retry #2",
            "read #1",
        ])
        .with_inserted(1, pause);
        let expected = [
            "create virtual on A",
            "pause 1ms",
            "[1] activate #1",
            "[2] retry #3",
            "read #1",
        ];
        assert_eq!(texts(&moved), expected);
    }

    #[test]
    fn two_races_stay_two_when_cases_are_joined() {
        let race = Case::told(&["[1] list A", "[2] list A"]);
        let joined = race.followed_by(&race);
        let expected = [
            "[1] list A",
            "[2] list A",
            "pause 1ms",
            "[1] list B",
            "[2] list B",
        ];
        assert_eq!(texts(&joined), expected);
    }
}
