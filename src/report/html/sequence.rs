//! The shortest sequence as a picture: cardproof on the left, the target on the right, time going down.

use crate::case::{Step, StepNumber};
use crate::report::{Finding, words};

/// Where the left lifeline is.
const LEFT: usize = 44;
/// Where the right one is.
const RIGHT: usize = 436;
/// The first arrow.
const TOP: usize = 62;
/// From a request to its answer.
const ANSWER: usize = 22;
/// From an arrow to the next step.
const GAP: usize = 38;
/// So many letters fit between the lifelines.
const LETTERS_MAX: usize = 48;

/// The picture, in the units of its `viewBox`.
pub struct Sequence {
    /// How high it is; the width is always 500.
    pub height: usize,
    pub left: usize,
    pub right: usize,
    /// Where the lifelines end.
    pub end: usize,
    pub rows: Vec<Row>,
    /// Since when what is expected is believed: from where to where.
    pub since: Option<(usize, usize)>,
}

/// A step, or an event.
pub struct Row {
    /// The step's number; empty for an event.
    pub number: String,
    /// Where its request is.
    pub at: usize,
    /// What it says.
    pub text: String,
    /// Where its answer is, and what that says.
    pub answer: Option<(usize, String)>,
    /// It is an event, which the target sends.
    pub is_event: bool,
    pub departs: bool,
}

impl Row {
    /// Where its number stands.
    pub fn baseline(&self) -> usize {
        self.at + 4
    }

    /// Where its text stands.
    pub fn above(&self) -> usize {
        self.at - 6
    }

    /// Where the background of what departs begins, and how high it is.
    pub fn band(&self) -> (usize, usize) {
        let end = self.answer.as_ref().map_or(self.at, |(at, _)| *at);
        (self.at - 22, end - self.at + 32)
    }
}

impl Sequence {
    pub fn of(finding: &Finding) -> Self {
        let mut rows = Vec::new();
        let mut at = TOP;
        let mut heights = Vec::new();
        for (number, step) in finding.case.numbered() {
            let row = step_row(finding, number, step, at);
            heights.push(at);
            at = row.answer.as_ref().map_or(at, |(at, _)| *at) + GAP;
            rows.push(row);
            for event in words::events_of(finding, number) {
                rows.push(Row {
                    number: String::new(),
                    at,
                    text: cut(&words::event(event)),
                    answer: None,
                    is_event: true,
                    departs: false,
                });
                at += GAP;
            }
        }
        let height_of = |step: StepNumber| heights.get(step.0.wrapping_sub(1)).copied();
        let since = finding.departure.since.as_ref();
        let since = since.and_then(|since| height_of(since.step));
        let departs = height_of(finding.departure.step);
        Self {
            height: at,
            left: LEFT,
            right: RIGHT,
            end: at - GAP + 14,
            rows,
            since: since
                .zip(departs)
                .filter(|(from, to)| from < to)
                .map(|(from, to)| (from + ANSWER, to + ANSWER)),
        }
    }
}

fn step_row(finding: &Finding, number: StepNumber, step: &Step, at: usize) -> Row {
    let answer = words::answer(finding, number, step);
    Row {
        number: number.0.to_string(),
        at,
        text: cut(&step.to_string()),
        answer: (!answer.is_empty()).then(|| (at + ANSWER, cut(&answer))),
        is_event: false,
        departs: number == finding.departure.step,
    }
}

/// What fits; all of it stands in the list below the picture.
fn cut(text: &str) -> String {
    words::cut(text, LETTERS_MAX)
}
