//! Whatever is done to a document, it is taken or refused; nothing panics and nothing hangs.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;

/// Pieces that mean something to YAML, JSON or OpenAPI.
const PIECES: [&str; 24] = [
    "",
    " ",
    "\n",
    "\t",
    ":",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "'",
    "\"",
    "&a ",
    "*a",
    "? ",
    "$ref: ",
    "null",
    "-1",
    "1e999",
    "\u{0}",
    "\u{feff}",
    "é",
    "---\n",
    "type: object\n",
];

/// One cut or patch, at any character.
fn mutation() -> impl Strategy<Value = (Index, Index, Index)> {
    (any::<Index>(), any::<Index>(), any::<Index>())
}

fn mutated(text: &str, (at, length, piece): &(Index, Index, Index)) -> String {
    let starts: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    let from = at.index(starts.len());
    let to = (from + length.index(12)).min(starts.len() - 1);
    format!(
        "{}{}{}",
        &text[..starts[from]],
        PIECES[piece.index(PIECES.len())],
        &text[starts[to]..]
    )
}

fn runner(cases: u32) -> TestRunner {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn exercise(text: &str) {
    match Contract::parse("fuzz.yaml", text) {
        Err(error) => assert!(!error.render(true).is_empty()),
        Ok(contract) => {
            for operation in contract.operations() {
                let headers = [("content-type".to_owned(), "application/json".to_owned())];
                operation.check_response(200, &headers, b"[{}]");
                operation.check_request_body(
                    &serde_json::json!({ "type": "virtual", "billingAddress": {} }),
                );
            }
        }
    }
}

#[test]
fn a_mutated_document_is_taken_or_refused() {
    let strategy = prop::collection::vec(mutation(), 1..4);
    let run = |text: &'static str, cases| {
        runner(cases).run(&strategy, |mutations| {
            exercise(
                &mutations
                    .iter()
                    .fold(text.to_owned(), |text, mutation| mutated(&text, mutation)),
            );
            Ok(())
        })
    };
    run(MINIMAL, 300).unwrap();
    run(EMBEDDED, 30).unwrap();
}

#[test]
fn a_truncated_document_is_taken_or_refused() {
    let strategy = any::<Index>();
    let truncate = |at: Index| {
        let at = MINIMAL.floor_char_boundary(at.index(MINIMAL.len()));
        exercise(&MINIMAL[..at]);
        Ok(())
    };
    runner(100).run(&strategy, truncate).unwrap();
}
