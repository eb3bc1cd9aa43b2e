//! Where a partner's own document contradicts ours.
//!
//! A document may say more: further endpoints, members, codes and examples, and answers that promise more. What it must not is
//! let an implementation that keeps to it break ours: answers that ours rules out, requests refused that ours takes, or taken
//! that ours refuses. Bodies are not compared word by word, since two schemas may say the same in many ways: sample bodies are
//! held to both documents, and one about which they disagree proves the contradiction.
//!
//! The calls that set up access are left out: the contract leaves them open, and a profile says what they are.

mod access;
mod answers;
mod bodies;
mod complete;
mod samples;
mod tried;

use std::fmt;

use super::source::Place;
use super::words;
use super::{Contract, OperationKind};

/// The operations that are compared, those of one card before the lists.
const COMPARED: [OperationKind; 13] = [
    OperationKind::CreateCard,
    OperationKind::GetCard,
    OperationKind::ListAccountCards,
    OperationKind::ListCards,
    OperationKind::DeactivateCard,
    OperationKind::ActivateCard,
    OperationKind::TerminateCard,
    OperationKind::SimulateIssue,
    OperationKind::SimulateFail,
    OperationKind::PutWebhook,
    OperationKind::ListWebhooks,
    OperationKind::GetWebhook,
    OperationKind::DeleteWebhook,
];

/// The name of what is compared beside the operations.
const EVENT: &str = "a card's event";

/// How many names of operations a sentence has.
const NAMED_MAX: usize = 3;

/// One thing in which a document contradicts the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The file, as it was named when it was read.
    pub file: String,
    /// Where in it.
    pub place: Option<Place>,
    /// What it concerns: "create a card".
    pub about: Vec<&'static str>,
    /// What is said there, and what the contract says.
    pub words: String,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(Place { line, column }) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        let named = self.about.len().min(NAMED_MAX);
        write!(f, ": {}", self.about[..named].join(", "))?;
        match self.about.len() - named {
            0 => {}
            more => write!(f, " and {more} more")?,
        }
        write!(f, ": {}", self.words)
    }
}

impl Contract {
    /// Everything in which this document contradicts another one, in the order of its lines. `sent` are the header fields that
    /// each request carries besides: what asks for one of them asks for nothing new.
    pub fn contradictions(&self, contract: &Contract, sent: &[&str]) -> Vec<Contradiction> {
        let mut found = Found::new(self);
        for kind in COMPARED {
            let (Some(ours), Some(theirs)) = (contract.operation(kind), self.operation(kind))
            else {
                continue;
            };
            found.about = kind.name();
            access::compare(ours, theirs, sent, &mut found);
            answers::compare(ours, theirs, contract, &mut found);
            bodies::compare_requests(ours, theirs, &mut found);
        }
        if let (Some(ours), Some(theirs)) = (&contract.event, &self.event) {
            found.about = EVENT;
            let ours = (ours.as_ref(), contract.source.as_ref());
            let theirs = (theirs.as_ref(), found.source());
            bodies::compare_answers(ours, theirs, &samples::event(), &mut found);
        }
        found.sorted()
    }
}

/// What was found so far.
struct Found<'a> {
    document: &'a Contract,
    /// What is being compared.
    about: &'static str,
    list: Vec<Contradiction>,
}

impl<'a> Found<'a> {
    fn new(document: &'a Contract) -> Self {
        Self {
            document,
            about: "",
            list: Vec::new(),
        }
    }

    fn source(&self) -> &'a super::Source {
        &self.document.source
    }

    /// Adds what is said at a pointer. What stands in one place is told once, for all the operations that come by.
    fn add(&mut self, at: &str, words: String) {
        let place = self.document.source.place(at);
        let is_same = |known: &Contradiction| {
            known.place == place && headline(&known.words) == headline(&words)
        };
        let known = self.list.iter().position(is_same);
        self.push(known, place, words);
    }

    /// Adds what is not said, in an operation at a pointer: told once, at the first of them.
    fn add_absent(&mut self, at: &str, words: String) {
        let known = self
            .list
            .iter()
            .position(|known| known.words == words::printable(&words));
        self.push(known, self.document.source.place(at), words);
    }

    fn push(&mut self, known: Option<usize>, place: Option<Place>, words: String) {
        let words = words::printable(&words);
        match known.and_then(|index| self.list.get_mut(index)) {
            Some(known) if known.about.contains(&self.about) => {}
            Some(known) => known.about.push(self.about),
            None => self.list.push(Contradiction {
                file: self.document.file_name.clone(),
                place,
                about: vec![self.about],
                words,
            }),
        }
    }

    fn sorted(mut self) -> Vec<Contradiction> {
        self.list.sort_by_key(|contradiction| contradiction.place);
        self.list
    }
}

/// What is said, whichever body shows it: a schema may be that of several members, as of two addresses.
fn headline(words: &str) -> String {
    let head = words.split(": ").next().unwrap_or(words);
    match head.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
        Some((path, rest)) => format!("{}{rest}", path.rsplit('.').next().unwrap_or(path)),
        None => head.to_owned(),
    }
}
