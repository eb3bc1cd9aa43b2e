//! What the body of a request says, and how it stands to the document: valid, invalid by which rule, or open in which points.

use serde_json::Value;

use super::json;
use crate::card::CardType;
use crate::case::Encoding;
use crate::contract::{Contract, OpenPoint, OperationKind, RequestBody, ViolationKind};
use crate::requirement::{RequirementId, id};
use crate::trace::Request;
use crate::world::Choice;
use crate::world::ways::Input;

/// A body as JSON, as far as its text is that. A byte order mark before it says nothing (RFC 8259, section 8.1).
pub(super) fn sent(request: &Request) -> Option<json::Sent> {
    let text = request.body.as_deref().unwrap_or_default();
    json::read(text.strip_prefix(MARK).unwrap_or(text))
}

/// The body byte for byte, where it is text; else its text, and how it was written.
pub(super) fn payload(request: &Request) -> String {
    let written = String::from_utf8(request.bytes().into_owned());
    written.unwrap_or_else(|_| request.body_in_words().into_owned())
}

/// How a body is written, where that is not in plain UTF-8.
fn encoding(request: &Request) -> Option<Encoding> {
    let is_marked = || {
        request
            .body
            .as_deref()?
            .starts_with(MARK)
            .then_some(Encoding::Marked)
    };
    request.encoding.or_else(is_marked)
}

/// The byte order mark.
const MARK: char = '\u{feff}';

/// What the document says of the body of a create or a subscription.
pub(super) fn input(
    contract: &Contract,
    kind: OperationKind,
    request: &Request,
    sent: Option<&json::Sent>,
) -> Input {
    let media_type = request.header("content-type").unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Input::OtherMedia(essence.to_ascii_lowercase());
    }
    let Some(json::Sent {
        value: body @ Value::Object(_),
        repeated,
        ..
    }) = sent
    else {
        return Input::Invalid(id::INPUT_5);
    };
    let Some(operation) = contract.operation(kind) else {
        return Input::Valid;
    };
    let points = match operation.check_request_body(body) {
        RequestBody::Valid => Vec::new(),
        RequestBody::Open(points) => points,
        RequestBody::Invalid(violations) => {
            let rule = violations.first().map(|v| invalid_rule(&v.kind));
            return Input::Invalid(rule.unwrap_or(id::INPUT_2));
        }
    };
    let encoded = encoding(request)
        .map(|encoding| Choice::new(id::OPEN_45, encoding.to_string(), "accepted"));
    let repeated = repeated
        .iter()
        .map(|at| Choice::new(id::OPEN_44, place(body, at), "accepted"));
    let points = points.iter().map(|point| open_choice(body, point));
    let choices: Vec<Choice> = points.chain(repeated).chain(encoded).collect();
    match choices.is_empty() {
        true => Input::Valid,
        false => Input::Open(choices),
    }
}

/// What is open of a subscription's body may be read otherwise than the same in a card's. The id of one that stands
/// (`names_one`) has the form that the target gave it, so nothing of that is open.
pub(super) fn of_subscription(input: Input, names_one: bool) -> Input {
    match input {
        Input::Open(mut choices) => {
            if names_one {
                choices.retain(|choice| !choice.scope.starts_with(SUBSCRIPTION_ID));
            }
            for choice in &mut choices {
                choice.scope = match choice.scope.as_str() {
                    "" => "subscription".to_owned(),
                    CARD_REQUEST => "subscription request".to_owned(),
                    member => format!("{member} of a subscription"),
                };
            }
            match choices.is_empty() {
                true => Input::Valid,
                false => Input::Open(choices),
            }
        }
        other => other,
    }
}

/// Where a subscription has its id, by pointer.
const SUBSCRIPTION_ID: &str = "/id";

fn invalid_rule(kind: &ViolationKind) -> RequirementId {
    let ViolationKind::Schema {
        keyword, property, ..
    } = kind
    else {
        return id::INPUT_2;
    };
    match (keyword.as_str(), property.as_deref()) {
        ("required", Some("shippingAddress")) => id::INPUT_3,
        ("required", _) => id::INPUT_1,
        ("enum", Some("country")) => id::INPUT_4,
        _ => id::INPUT_2,
    }
}

/// The members of a card that its create does not have, by pointer.
const SHOWN: [&str; 9] = [
    "/id",
    "/accountId",
    "/status",
    "/createdAt",
    "/updatedAt",
    "/name",
    "/network",
    "/maskedPan",
    "/expirationDate",
];

/// The choice by which a member that the contract leaves open is accepted; the reading after it refuses it.
fn open_choice(body: &Value, point: &OpenPoint) -> Choice {
    let text = |pointer: &str| {
        body.pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let place = |pointer| place(body, pointer);
    match point {
        OpenPoint::UnknownProperty(at) => {
            // One that an answer has may be read-only, which a target may look at for each by itself.
            let scope = match SHOWN.contains(&at.as_str()) {
                true => place(at),
                false => place(parent(at)),
            };
            Choice::new(id::OPEN_22, scope, "ignored")
        }
        OpenPoint::EmptyString(at) => {
            let scope = match text(at).is_empty() {
                true => place(at),
                false => format!("{} of blanks", place(at)),
            };
            Choice::new(id::OPEN_23, scope, "accepted")
        }
        OpenPoint::LongString(at) => {
            let scope = format!("{}, {}", place(at), length(text(at)));
            Choice::new(id::OPEN_24, scope, "accepted")
        }
        OpenPoint::NullOptional(at) => Choice::new(id::OPEN_25, place(at), "accepted"),
        OpenPoint::ControlCharacter(at) => Choice::new(
            id::OPEN_26,
            format!("{}, {}", place(at), no_text(text(at))),
            "accepted",
        ),
        OpenPoint::UndescribedBody => Choice::new(id::OPEN_22, "body", "ignored"),
    }
}

/// A member by its pointer. A virtual card is not shipped, so a target may look at its shipping address less closely than
/// at that of a physical one.
fn place(body: &Value, pointer: &str) -> String {
    let is_virtual = body.get("type").and_then(Value::as_str) == Some(CardType::Virtual.as_str());
    match is_virtual && pointer.starts_with("/shippingAddress") {
        true => format!("{pointer} of a virtual card"),
        false => pointer.to_owned(),
    }
}

/// How long a text is, in all the ways in which a target may count.
fn length(text: &str) -> String {
    let characters = text.chars().count();
    match text.is_ascii() {
        true => format!("{characters} characters"),
        false => format!(
            "{characters} characters, {} UTF-16 units, {} bytes",
            text.encode_utf16().count(),
            text.len()
        ),
    }
}

/// The characters of a text that are none, by their codes; of many, how many more there are.
fn no_text(text: &str) -> String {
    const NAMED_MAX: usize = 3;
    let mut odd = text.chars().filter(|c| crate::contract::is_no_text(*c));
    let named: Vec<String> = odd
        .by_ref()
        .take(NAMED_MAX)
        .map(|c| format!("U+{:04X}", u32::from(c)))
        .collect();
    match odd.count() {
        0 => named.join(" "),
        more => format!("{} and {more} more", named.join(" ")),
    }
}

/// The scope of what is open in the body of a create as a whole.
const CARD_REQUEST: &str = "card request";

/// The object that a member stands in.
fn parent(pointer: &str) -> &str {
    match pointer.rsplit_once('/') {
        Some(("", _)) | None => CARD_REQUEST,
        Some((parent, _)) => parent,
    }
}
