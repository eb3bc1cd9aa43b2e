//! What the document says of a response, whatever the worlds: status code, header fields, body, and what must never be sent.

use serde_json::Value;

use super::follow::{Found, Judge, Scene};
use crate::contract::{Operation, OperationKind, Violation, ViolationKind};
use crate::redact::CARD_NUMBER_MARK;
use crate::requirement::{RequirementId, id};
use crate::trace::{Reply, Response};

/// Members of these names hold a CVV or a PIN (letters and digits alone, in lower case).
const SECRET_MEMBERS: [&str; 10] = [
    "cvv",
    "cvv2",
    "cvc",
    "cvc2",
    "cvvcode",
    "cvccode",
    "securitycode",
    "cardverificationvalue",
    "pin",
    "pincode",
];

/// Members of these names hold a card's number (likewise).
const NUMBER_MEMBERS: [&str; 6] = [
    "pan",
    "maskedpan",
    "fullpan",
    "cardnumber",
    "number",
    "primaryaccountnumber",
];

pub(super) fn check(judge: &mut Judge<'_>, scene: &Scene<'_>) {
    leaks(judge, scene);
    let contract = judge.contract;
    let Some(kind) = scene.operation else {
        return;
    };
    let Some(operation) = contract.operation(kind) else {
        return;
    };
    for violation in violations(judge, scene, operation) {
        if scene.response.status >= 500 {
            continue; // HTTP-2 and HTTP-3 say it
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

fn violations(judge: &Judge<'_>, scene: &Scene<'_>, operation: &Operation) -> Vec<Violation> {
    let response = scene.response;
    let own = own_elements(judge, scene, operation.kind());
    let body = own.as_deref().unwrap_or(&response.body).as_bytes();
    let is_change = matches!(
        operation.kind(),
        OperationKind::ActivateCard | OperationKind::DeactivateCard | OperationKind::TerminateCard
    );
    if judge.terms.success_shows_card && is_change && response.status == 200 {
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

/// The programme's list without the cards of other cases, whose flaws are theirs to show.
fn own_elements(judge: &Judge<'_>, scene: &Scene<'_>, kind: OperationKind) -> Option<String> {
    if kind != OperationKind::ListCards || !scene.is_success() {
        return None;
    }
    let Value::Array(mut cards) = scene.json()? else {
        return None;
    };
    cards.retain(|card| judge.is_own(card));
    serde_json::to_string(&cards).ok()
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
    matches!(
        scene.operation,
        Some(
            OperationKind::PutWebhook
                | OperationKind::ListWebhooks
                | OperationKind::GetWebhook
                | OperationKind::DeleteWebhook
        )
    )
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

fn leaks(judge: &mut Judge<'_>, scene: &Scene<'_>) {
    judge.show(id::LEAK_1);
    let body = scene.json();
    let member = body.as_ref().and_then(|b| named_member(b, &is_card_number));
    if let Some(name) = member {
        depart_for_number(judge, scene, &format!("the member `{name}`"));
    } else if is_marked(scene.response) {
        // Digits that only look like a card number (an entity tag, say) are one if they are those of a card of the case;
        // which they are may show later.
        judge.marked.push(scene.moment);
    }
    let Some(body) = body else {
        return;
    };
    judge.show(id::LEAK_2);
    if let Some(name) = named_member(&body, &is_secret) {
        let found = Found::plain(
            &format!("`{name}` in a response"),
            "no CVV and no PIN".into(),
            format!("a member `{name}` with a value"),
        );
        judge.depart(scene, &[id::LEAK_2], found);
    }
}

fn is_marked(response: &Response) -> bool {
    let marked = |text: &str| text.contains(CARD_NUMBER_MARK);
    marked(&response.body) || response.headers.iter().any(|(_, value)| marked(value))
}

/// Looks at all responses again once the cards' masked numbers are known.
pub(super) fn leaked_numbers(judge: &mut Judge<'_>) {
    let marks: Vec<String> = judge
        .facts
        .values()
        .filter_map(|facts| facts.masked_number())
        .map(|masked| format!("{CARD_NUMBER_MARK}{masked}]"))
        .collect();
    for moment in std::mem::take(&mut judge.marked) {
        let exchange = &judge.trace.exchanges[moment];
        let Reply::Got(response) = &exchange.reply else {
            continue;
        };
        let headers = response.headers.iter().map(|(_, value)| value.as_str());
        let mut texts = headers.chain([response.body.as_str()]);
        if !texts.any(|text| marks.iter().any(|mark| text.contains(mark.as_str()))) {
            continue;
        }
        let scene = Scene {
            moment,
            exchange,
            response,
            operation: None,
            id_in_upper_case: false,
            key_in_upper_case: false,
        };
        depart_for_number(judge, &scene, "a card of this case");
    }
}

fn depart_for_number(judge: &mut Judge<'_>, scene: &Scene<'_>, whose: &str) {
    let found = Found::plain(
        "a full card number in a response",
        "no card number in full".into(),
        format!("that of {whose}, masked in this report"),
    );
    judge.depart(scene, &[id::LEAK_1], found);
}

pub(super) fn is_card_number(name: &str, value: &Value) -> bool {
    NUMBER_MEMBERS.contains(&name)
        && value
            .as_str()
            .is_some_and(|text| text.contains(CARD_NUMBER_MARK))
}

pub(super) fn is_secret(name: &str, value: &Value) -> bool {
    SECRET_MEMBERS.contains(&name) && (value.is_string() || value.is_number())
}

/// The first member for which `test` holds, given its name (letters and digits alone, in lower case) and its value.
pub(super) fn named_member(value: &Value, test: &dyn Fn(&str, &Value) -> bool) -> Option<String> {
    match value {
        Value::Object(members) => members.iter().find_map(|(name, inner)| {
            let plain: String = name
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .collect::<String>()
                .to_ascii_lowercase();
            if test(&plain, inner) {
                Some(name.clone())
            } else {
                named_member(inner, test)
            }
        }),
        Value::Array(items) => items.iter().find_map(|item| named_member(item, test)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}
