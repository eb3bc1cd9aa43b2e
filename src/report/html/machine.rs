//! The life of a card as a picture and as a table: what was exercised, how often, and what was not.

use crate::card::{Action, CardStatus};
use crate::judge::{CardCall, Tried};
use crate::report::words::times;
use crate::report::{Coverage, Report};
use crate::world::lifecycle::{Transition, transition};

/// Half a state's width and height.
const HALF: (i32, i32) = (62, 19);
/// How far two arrows between the same states are apart.
const APART: i32 = 9;

/// The picture and the table.
pub struct Machine {
    pub states: Vec<State>,
    pub arrows: Vec<Arrow>,
    pub calls: Vec<&'static str>,
    pub rows: Vec<StatusRow>,
    /// How cards were made, by the answer to their create.
    pub creates: Vec<Answered>,
}

/// A state in the picture.
pub struct State {
    pub name: &'static str,
    pub is_final: bool,
    /// No call met a card in it.
    pub is_white: bool,
    pub x: i32,
    pub y: i32,
    pub left: i32,
    pub top: i32,
    /// Calls that met a card in it.
    pub met: String,
}

/// A transition in the picture.
pub struct Arrow {
    pub x1: i32,
    pub y1: i32,
    pub x2: i32,
    pub y2: i32,
    pub label_x: i32,
    pub label_y: i32,
    pub label: String,
    /// It never succeeded.
    pub is_white: bool,
}

/// A row of the table.
pub struct StatusRow {
    pub status: &'static str,
    pub cells: Vec<Cell>,
}

/// What a call did to cards of a status.
pub struct Cell {
    /// What the contract says of it.
    pub contract: String,
    /// What was answered; nothing: a white spot.
    pub answers: Vec<Answered>,
}

/// An answer, and how often it was given.
pub struct Answered {
    pub answer: String,
    pub times: String,
}

/// Where a state stands, by hand: no arrow crosses a state.
fn place(status: CardStatus) -> (i32, i32) {
    match status {
        CardStatus::Issuing => (90, 40),
        CardStatus::Active => (380, 40),
        CardStatus::Inactive => (670, 40),
        CardStatus::IssueFailed => (90, 165),
        CardStatus::Suspended => (380, 165),
        CardStatus::Blocked => (90, 290),
        CardStatus::Terminated => (670, 290),
    }
}

impl Machine {
    pub fn of(report: &Report) -> Self {
        let coverage = &report.coverage;
        let calls = calls(coverage);
        Self {
            states: CardStatus::ALL.map(|status| state(coverage, status)).into(),
            arrows: arrows(coverage),
            calls: calls.iter().map(|call| call.as_str()).collect(),
            rows: CardStatus::ALL
                .map(|status| StatusRow {
                    status: status.as_str(),
                    cells: calls
                        .iter()
                        .map(|call| cell(coverage, status, *call))
                        .collect(),
                })
                .into(),
            creates: answers(coverage, None, CardCall::Create),
        }
    }
}

/// The columns: what every target has, and the issuer's acts where there are any.
fn calls(coverage: &[Coverage]) -> Vec<CardCall> {
    let acts = Action::ALL.into_iter().map(CardCall::Act);
    let was_tried = |call: &CardCall| coverage.iter().any(|c| c.tried.call == *call);
    let is_shown = |call: &CardCall| match call {
        CardCall::Act(action) => !action.is_issuers() || was_tried(call),
        _ => true,
    };
    std::iter::once(CardCall::Read)
        .chain(acts)
        .filter(is_shown)
        .collect()
}

fn of_status(coverage: &[Coverage], status: CardStatus) -> u32 {
    let met = coverage.iter().filter(|c| c.tried.status == Some(status));
    met.map(|c| c.times).sum()
}

fn state(coverage: &[Coverage], status: CardStatus) -> State {
    let (x, y) = place(status);
    let met = of_status(coverage, status);
    State {
        name: status.as_str(),
        is_final: status.is_final(),
        is_white: met == 0,
        x,
        y,
        left: x - HALF.0,
        top: y - HALF.1,
        met: times(met),
    }
}

fn arrows(coverage: &[Coverage]) -> Vec<Arrow> {
    let mut arrows = Vec::new();
    for from in CardStatus::ALL {
        for action in Action::ALL {
            if let Transition::Moves(to, _) = transition(from, action) {
                let tried = |c: &&Coverage| {
                    let Tried {
                        status,
                        call,
                        answer,
                    } = c.tried;
                    status == Some(from)
                        && call == CardCall::Act(action)
                        && answer.is_some_and(|code| (200..300).contains(&code))
                };
                let done = coverage.iter().filter(tried).map(|c| c.times).sum();
                arrows.push(arrow(from, to, action, done));
            }
        }
    }
    arrows
}

fn arrow(from: CardStatus, to: CardStatus, action: Action, done: u32) -> Arrow {
    let ((x1, y1), (x2, y2)) = (place(from), place(to));
    let goes_back = Action::ALL
        .into_iter()
        .any(|back| matches!(transition(to, back), Transition::Moves(end, _) if end == from));
    // An arrow and the one that goes back lie on either side of the line between the two.
    let side = if goes_back { APART } else { 0 };
    let (dx, dy) = match (x1 == x2, y1 == y2) {
        (true, _) => ((y2 - y1).signum() * side, 0),
        (_, true) => (0, -(x2 - x1).signum() * side),
        _ => (0, 0),
    };
    let (start, end) = (border((x1, y1), (x2, y2)), border((x2, y2), (x1, y1)));
    let (x1, y1, x2, y2) = (start.0 + dx, start.1 + dy, end.0 + dx, end.1 + dy);
    let words = match done {
        0 => action.as_str().to_owned(),
        done => format!("{action} {}", times(done)),
    };
    Arrow {
        x1,
        y1,
        x2,
        y2,
        label_x: i32::midpoint(x1, x2) + dx.signum() * 48,
        label_y: i32::midpoint(y1, y2)
            + if dy > 0 {
                15
            } else if dy < 0 {
                -7
            } else {
                4
            },
        label: words,
        is_white: done == 0,
    }
}

/// Where the line from one state to another leaves it.
fn border((x, y): (i32, i32), (to_x, to_y): (i32, i32)) -> (i32, i32) {
    let (dx, dy) = (f64::from(to_x - x), f64::from(to_y - y));
    let share = |half: i32, d: f64| match d.abs() {
        0.0 => f64::INFINITY,
        d => f64::from(half) / d,
    };
    let part = share(HALF.0 + 3, dx).min(share(HALF.1 + 3, dy));
    (
        x + (dx * part).round() as i32,
        y + (dy * part).round() as i32,
    )
}

fn cell(coverage: &[Coverage], status: CardStatus, call: CardCall) -> Cell {
    Cell {
        contract: match call {
            CardCall::Act(action) => contract_words(status, action),
            CardCall::Create | CardCall::Read => String::new(),
        },
        answers: answers(coverage, Some(status), call),
    }
}

fn contract_words(status: CardStatus, action: Action) -> String {
    match transition(status, action) {
        Transition::Moves(to, _) => format!("→ {to}"),
        Transition::Refused(_) => "refused".to_owned(),
        Transition::RepeatOpen(_) | Transition::MoveOpen(..) => "open".to_owned(),
    }
}

fn answers(coverage: &[Coverage], status: Option<CardStatus>, call: CardCall) -> Vec<Answered> {
    let own = coverage
        .iter()
        .filter(|c| c.tried.status == status && c.tried.call == call);
    own.map(|c| Answered {
        answer: c
            .tried
            .answer
            .map_or_else(|| "no answer".to_owned(), |code| code.to_string()),
        times: times(c.times),
    })
    .collect()
}
