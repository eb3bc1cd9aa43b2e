//! Generated cases: scenes, one after another, on a story that knows how its cards most likely stand.

use aws_lc_rs::digest;
use proptest::strategy::{Just, Strategy, Union, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::ability::Abilities;
use super::scenes::{self, LISTS_ALL_LATER};
use super::story::Story;
use super::suite::{Focus, Generate, STEPS_MIN};
use super::weights;
use crate::case::{Case, Command, Step};

/// How often a scene that doesn't fit any more is replaced by another.
const MISFITS_MAX: usize = 4;

/// How many cases in a hundred begin with a card; most of what follows needs one.
const BEGINS_WITH_A_CARD: u32 = 75;

/// Makes cases from a seed.
#[derive(Clone, Copy, Debug)]
pub struct Generator<'a> {
    seed: u64,
    countries: &'a [String],
    abilities: Abilities,
}

impl<'a> Generator<'a> {
    /// A generator for one run; see [`super::plan`] for what it is given.
    pub fn new(seed: u64, countries: &'a [String], abilities: Abilities) -> Self {
        Self {
            seed,
            countries,
            abilities,
        }
    }

    /// One case of a suite's table: the same whenever it is asked for, in whatever order.
    pub fn case(&self, suite: &str, table: usize, generate: &Generate, index: usize) -> Case {
        let seed = case_seed(self.seed, suite, table, index);
        let mut author = Author {
            dice: Dice::new(&seed),
            story: Story::default(),
            focus: generate.focus,
            countries: self.countries,
            abilities: self.abilities,
        };
        let steps = author.write(generate.steps);
        Case {
            name: format!("{}-{}", generate.name, index + 1),
            title: String::new(),
            steps,
        }
    }
}

/// Each case's own seed, so that none depends on how many there are.
fn case_seed(seed: u64, suite: &str, table: usize, index: usize) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"cardproof plan\0");
    context.update(&seed.to_le_bytes());
    context.update(suite.as_bytes());
    context.update(&[0]);
    context.update(&(table as u64).to_le_bytes());
    context.update(&(index as u64).to_le_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

/// Draws values from strategies.
pub(super) struct Dice {
    runner: TestRunner,
}

impl Dice {
    fn new(seed: &[u8; 32]) -> Self {
        let config = Config {
            failure_persistence: None,
            ..Config::default()
        };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, seed);
        Self {
            runner: TestRunner::new_with_rng(config, rng),
        }
    }

    /// A value of the strategy.
    pub fn draw<S: Strategy>(&mut self, strategy: S) -> S::Value {
        strategy
            .new_tree(&mut self.runner)
            .expect("the plan's strategies reject nothing")
            .current()
    }

    /// True so many times in a hundred.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.draw(0..100_u32) < percent
    }

    /// One of them; `None` if there are none.
    pub fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() {
            return None;
        }
        let index = self.draw(0..from.len());
        Some(from[index].clone())
    }

    /// One of them, by weights above zero; there must be one.
    pub fn weighted<T: Clone + std::fmt::Debug>(&mut self, from: Vec<(u32, T)>) -> T {
        let options = from
            .into_iter()
            .map(|(weight, value)| (weight, Just(value)));
        self.draw(Union::new_weighted(options.collect()))
    }
}

/// Writes one case.
pub(super) struct Author<'a> {
    pub dice: Dice,
    pub story: Story,
    pub focus: Focus,
    pub countries: &'a [String],
    pub abilities: Abilities,
}

impl Author<'_> {
    fn write(&mut self, steps_max: usize) -> Vec<Step> {
        let lists_all = self.dice.chance(LISTS_ALL_LATER);
        let room = steps_max.max(STEPS_MIN) - usize::from(lists_all);
        // Mostly long, for long stories reach deep; sometimes short, for a short one fails plainly.
        let shortest = (room / 2).max(STEPS_MIN - 1);
        let length = self
            .dice
            .draw(shortest..=room)
            .max(self.dice.draw(shortest..=room));
        let mut misfits = 0;
        while misfits < MISFITS_MAX {
            let before = self.story.clone();
            let scene = self.next_scene();
            scenes::play(self, scene);
            if self.story.steps.len() + self.story.audit().len() > length {
                self.story = before;
                misfits += 1;
            }
        }
        if self.story.steps.is_empty() {
            // No scene fitted into a short case; a card's creation always does.
            scenes::play(self, weights::Scene::Create);
        }
        self.close(lists_all)
    }

    fn next_scene(&mut self) -> weights::Scene {
        if self.story.steps.is_empty() && self.dice.chance(BEGINS_WITH_A_CARD) {
            return weights::Scene::Create;
        }
        let possible: Vec<_> = weights::weights(self.focus)
            .filter(|(_, scene)| scenes::is_possible(self, *scene))
            .collect();
        self.dice.weighted(possible)
    }

    fn close(&mut self, lists_all: bool) -> Vec<Step> {
        if self.focus == Focus::Webhooks {
            for card in 0..self.story.cards.len() {
                if !self.story.cards[card].seen {
                    let look = self.look_at(card);
                    self.story.tell(Step::new(look));
                }
            }
        }
        for step in self.story.audit() {
            self.story.tell(step);
        }
        if lists_all && !self.story.listed_all {
            self.story.tell(Step::new(Command::ListProgramme));
        }
        std::mem::take(&mut self.story.steps)
    }
}
