//! What the document says of a response, whatever the worlds: status code, header fields and body; and what must never be sent.

use serde_json::Value;

use super::follow::{Found, Judge, Scene};
use super::request::LENGTH_MAX;
use super::{inside, leaks};
use crate::contract::{Operation, OperationKind, Violation, ViolationKind, is_json};
use crate::requirement::{RequirementId, id};

pub(super) fn check(judge: &mut Judge<'_>, scene: &Scene<'_>) {
    leaks::check(judge, scene);
    if scene.response.status >= 400 {
        inside::check(judge, scene);
    }
    let contract = judge.contract;
    let Some(kind) = scene.operation else {
        return;
    };
    let Some(operation) = contract.operation(kind) else {
        return;
    };
    no_unicode(judge, scene);
    no_content(judge, scene);
    if scene.response.status < 500
        && let Some(actual) = not_plain(scene)
    {
        let rule = if scene.is_success() {
            id::BODY_12
        } else {
            id::BODY_13
        };
        let found = Found::plain(
            "the bytes of a body",
            "JSON in UTF-8, in no coding".into(),
            actual,
        );
        judge.depart(scene, &[rule], found);
        return shown(judge, scene);
    }
    for violation in violations(judge, scene, operation) {
        if scene.response.status >= 500 {
            continue; // HTTP-2 and HTTP-3 say it
        }
        if is_for_its_length(scene) {
            continue;
        }
        let rule = rule(scene, &violation);
        let found = Found {
            subject: subject(scene, kind, &violation),
            expected: expectation(&violation),
            actual: violation.message.clone(),
            ..Found::default()
        };
        judge.depart(scene, &[rule], found);
    }
    shown(judge, scene);
}

/// A request that is no text in Unicode should be refused: whoever takes it keeps what nobody wrote.
fn no_unicode(judge: &mut Judge<'_>, scene: &Scene<'_>) {
    let encoding = scene.exchange.request.encoding;
    let Some(encoding) = encoding.filter(|encoding| !encoding.is_unicode()) else {
        return;
    };
    judge.show(id::INPUT_12);
    if scene.is_success() {
        let found = Found::plain(
            "a body that is no Unicode",
            "a refusal (400)".to_owned(),
            format!("{} to a body {encoding}", scene.response.status),
        );
        judge.depart(scene, &[id::INPUT_12], found);
    }
}

/// A body under 204 is none: who sends one says so by the fields of the head alone (RFC 9110, 6.4.1 and 8.6), and the bytes are
/// taken for the next answer.
fn no_content(judge: &mut Judge<'_>, scene: &Scene<'_>) {
    let response = scene.response;
    if response.status != 204 {
        return;
    }
    let length = response.header("content-length").map(str::trim);
    let actual = match (length, response.header("transfer-encoding")) {
        (Some(length), _) if length != "0" => format!("a body of {length} bytes"),
        (_, Some(coding)) => format!("a body, `{coding}`"),
        _ => return,
    };
    let found = Found::plain("a body under 204", "no body".to_owned(), actual);
    judge.depart(scene, &[id::BODY_12], found);
}

/// Whether a request was refused for a length that no operation speaks of: HTTP has statuses for that (RFC 9110, 15.5.12 and
/// 15.5.15; RFC 6585, 5).
fn is_for_its_length(scene: &Scene<'_>) -> bool {
    let request = &scene.exchange.request;
    let is_overlong = |text: &str| text.len() > LENGTH_MAX;
    match scene.response.status {
        411 => request.header("transfer-encoding").is_some(),
        414 => is_overlong(&request.path),
        431 => request.header("idempotency-key").is_some_and(is_overlong),
        _ => false,
    }
}

fn violations(judge: &Judge<'_>, scene: &Scene<'_>, operation: &Operation) -> Vec<Violation> {
    let response = scene.response;
    let own = own_elements(judge, scene, operation.kind());
    let body = own.as_deref().unwrap_or(&response.body).as_bytes();
    if judge.shows_card(operation.kind()) && response.status == 200 {
        // The profile's word (contract.md, operations): such an answer is a card, as a read gives it.
        return judge
            .contract
            .operation(OperationKind::GetCard)
            .map_or_else(Vec::new, |read| {
                read.check_response(200, &response.headers, body)
            });
    }
    operation.check_response(response.status, &response.headers, body)
}

/// Why the bytes of a body are no text, where they must be. Every request asks for no coding.
fn not_plain(scene: &Scene<'_>) -> Option<String> {
    let response = scene.response;
    let says_json = || response.header("content-type").is_some_and(is_json);
    if response.body.is_empty() || !scene.is_success() && !says_json() {
        return None;
    }
    let coding = response.header("content-encoding").map(str::trim);
    match coding.filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity")) {
        Some(coding) => Some(format!(
            "a body coded as `{coding}`, though none was asked for"
        )),
        None if response.body_is_text => None,
        None => Some("bytes that are no UTF-8 (RFC 8259, 8.1)".to_owned()),
    }
}

/// The programme's list, of cards or subscriptions, without those of other cases, whose flaws are theirs to show.
fn own_elements(judge: &Judge<'_>, scene: &Scene<'_>, kind: OperationKind) -> Option<String> {
    let is_shared = matches!(kind, OperationKind::ListCards | OperationKind::ListWebhooks);
    if !is_shared || !scene.is_success() {
        return None;
    }
    let Value::Array(mut elements) = scene.json()? else {
        return None;
    };
    elements.retain(|element| match kind {
        OperationKind::ListCards => judge.is_own(element),
        _ => judge.is_own_subscription(element),
    });
    serde_json::to_string(&elements).ok()
}

fn rule(scene: &Scene<'_>, violation: &Violation) -> RequirementId {
    let success = scene.is_success();
    let creates = scene.operation == Some(OperationKind::CreateCard);
    match &violation.kind {
        ViolationKind::UndocumentedStatus if success && creates => id::CREATE_1,
        ViolationKind::UndocumentedStatus if success => id::HTTP_5,
        ViolationKind::UndocumentedStatus => id::HTTP_1,
        ViolationKind::MissingBody => id::BODY_12,
        ViolationKind::NotJson if success => id::BODY_12,
        ViolationKind::NotJson => id::BODY_13,
        ViolationKind::ContentType if success => id::BODY_12,
        ViolationKind::ContentType | ViolationKind::MissingHeader(_) | ViolationKind::Header(_) => {
            id::HTTP_4
        }
        ViolationKind::Schema { keyword, .. }
            if violation.instance_path.is_empty() && keyword == "type" && is_list(scene) =>
        {
            id::READ_9
        }
        ViolationKind::Schema { .. } if scene.operation == Some(OperationKind::PutWebhook) => {
            id::HOOK_10
        }
        ViolationKind::Schema { .. } if is_about_webhooks(scene) => id::HOOK_11,
        ViolationKind::Schema {
            keyword,
            property,
            parent,
        } => body_rule(keyword, property.as_deref(), parent.as_deref()),
    }
}

fn is_list(scene: &Scene<'_>) -> bool {
    matches!(
        scene.operation,
        Some(OperationKind::ListAccountCards | OperationKind::ListCards)
    )
}

fn is_about_webhooks(scene: &Scene<'_>) -> bool {
    scene
        .operation
        .is_some_and(OperationKind::is_about_webhooks)
}

fn body_rule(keyword: &str, property: Option<&str>, parent: Option<&str>) -> RequirementId {
    match (keyword, property, parent) {
        (_, _, Some("billingAddress")) | (_, Some("billingAddress"), _)
            if keyword != "required" || parent.is_some() =>
        {
            id::BODY_10
        }
        ("required", _, _) => id::BODY_2,
        (_, Some("id" | "accountId"), _) => id::BODY_3,
        (_, Some("status"), _) => id::BODY_4,
        (_, Some("type"), _) => id::BODY_5,
        (_, Some("createdAt" | "updatedAt"), _) => id::BODY_6,
        (_, Some("maskedPan"), _) => id::BODY_7,
        (_, Some("network"), _) => id::BODY_8,
        (_, Some("expirationDate"), _) => id::BODY_9,
        _ => id::BODY_1,
    }
}

fn subject(scene: &Scene<'_>, kind: OperationKind, violation: &Violation) -> String {
    match &violation.kind {
        ViolationKind::UndocumentedStatus => {
            format!("{} answered {}", kind.name(), scene.response.status)
        }
        ViolationKind::Schema {
            keyword, property, ..
        } => {
            let member = property.as_deref().unwrap_or("body");
            format!("`{member}` in the answer to \"{}\": {keyword}", kind.name())
        }
        ViolationKind::MissingBody
        | ViolationKind::NotJson
        | ViolationKind::ContentType
        | ViolationKind::MissingHeader(_)
        | ViolationKind::Header(_) => {
            format!("the answer to \"{}\": {:?}", kind.name(), violation.kind)
        }
    }
}

fn expectation(violation: &Violation) -> String {
    match violation.place {
        Some(place) => format!("what the document says in line {}", place.line),
        None => "what the document says".to_owned(),
    }
}

/// What the response has put to the test.
fn shown(judge: &mut Judge<'_>, scene: &Scene<'_>) {
    let status = scene.response.status;
    judge.show(id::HTTP_1);
    judge.show(if is_plainly_invalid(scene) {
        id::HTTP_3
    } else {
        id::HTTP_2
    });
    judge.show(id::HTTP_4);
    if status >= 400 {
        judge.show(id::BODY_13);
        return;
    }
    judge.show(id::HTTP_5);
    if scene.response.body.is_empty() {
        return;
    }
    judge.show(id::BODY_12);
    judge.show(id::BODY_1);
    let Some(body) = scene.json() else {
        return;
    };
    let card = match &body {
        _ if is_about_webhooks(scene) => None,
        Value::Array(cards) => cards.first(),
        other => Some(other),
    };
    if let Some(card) = card.and_then(Value::as_object) {
        for rule in [
            id::BODY_2,
            id::BODY_3,
            id::BODY_4,
            id::BODY_5,
            id::BODY_6,
            id::BODY_10,
        ] {
            judge.show(rule);
        }
        for (member, rule) in [
            ("maskedPan", id::BODY_7),
            ("network", id::BODY_8),
            ("expirationDate", id::BODY_9),
        ] {
            if card.get(member).is_some_and(|v| !v.is_null()) {
                judge.show(rule);
            }
        }
    }
}

fn is_plainly_invalid(scene: &Scene<'_>) -> bool {
    scene.exchange.flaw.is_some() || matches!(scene.response.status, 400 | 401 | 404 | 415)
}
