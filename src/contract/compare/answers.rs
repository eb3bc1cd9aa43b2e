//! Statuses, and the bodies of successes.

use super::{Found, bodies, samples};
use crate::contract::operation::{Operation, Response};
use crate::contract::schema::Schema;
use crate::contract::{Contract, OperationKind, is_json};

/// Refusals that the contract makes happen: a target that keeps to it answers with them.
const CERTAIN: [u16; 3] = [400, 401, 404];
/// One of them answers a key that comes with another payload.
const CONFLICTS: [u16; 2] = [409, 422];

/// Compares what an operation answers.
pub fn compare(ours: &Operation, theirs: &Operation, contract: &Contract, found: &mut Found<'_>) {
    let responses_at = format!("{}/responses", theirs.pointer);
    for (response, status) in theirs.successes() {
        match matching(ours, status, contract) {
            Some((ours, our_response)) => compare_success(ours, our_response, response, found),
            None => {
                let ours = ours.success_status();
                let words = format!("a success may be {status} here; by the contract it is {ours}");
                found.add(&response.pointer, words);
            }
        }
    }
    let lacks = |status: &u16| ours.documents(*status) && !theirs.documents(*status);
    let names_something = ours.kind().path().contains('{');
    for status in CERTAIN.iter().filter(|status| lacks(status)) {
        if *status != 404 || names_something {
            let words = format!(
                "{status} isn't documented here; a target that keeps to the contract answers with it"
            );
            found.add_absent(&responses_at, words);
        }
    }
    if CONFLICTS.iter().all(lacks) {
        let words = "neither 409 nor 422 is documented here; by the contract one of them refuses a known idempotency key with \
                     another payload";
        found.add_absent(&responses_at, words.to_owned());
    }
}

/// Our response that allows a success of this status, and the operation that describes it. Three changes may show the card.
fn matching<'a>(
    ours: &'a Operation,
    status: u16,
    contract: &'a Contract,
) -> Option<(&'a Operation, &'a Response)> {
    let may_show_card = matches!(
        ours.kind(),
        OperationKind::DeactivateCard | OperationKind::ActivateCard | OperationKind::TerminateCard
    );
    let of = |operation: &'a Operation| {
        let mut successes = operation.successes();
        let (response, _) = successes.find(|(_, ours)| *ours == status)?;
        Some((operation, response))
    };
    let card = || of(contract.operation(OperationKind::GetCard)?);
    of(ours).or_else(|| may_show_card.then(card).flatten())
}

fn compare_success(ours: &Operation, our: &Response, their: &Response, found: &mut Found<'_>) {
    let Some(our_schema) = json_of(our) else {
        return;
    };
    let other = their
        .contents
        .iter()
        .find(|content| !is_json(&content.media_type));
    if let Some(other) = other {
        let media_type = &other.media_type;
        let words = format!("the answer may be {media_type:.60} here; by the contract it is JSON");
        found.add(&their.pointer, words);
    }
    let Some(their_schema) = json_of(their) else {
        if other.is_none() {
            let words = "no body is described here; the contract promises one";
            found.add(&their.pointer, words.to_owned());
        }
        return;
    };
    let sample = samples::answer(ours.kind());
    let (ours, theirs) = (
        (our_schema, ours.source.as_ref()),
        (their_schema, found.source()),
    );
    bodies::compare_answers(ours, theirs, &sample, found);
}

fn json_of(response: &Response) -> Option<&Schema> {
    let json = response
        .contents
        .iter()
        .find(|content| is_json(&content.media_type));
    json?.schema.as_deref()
}
