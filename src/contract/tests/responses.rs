//! Which responses conform, and what is said about the others.

use serde_json::json;

use super::*;

const JSON: &str = "application/json";

fn card() -> Value {
    json!({
        "id": "9b1d6a52-3c0f-4f7e-8a94-2e6c7d5b4f10",
        "accountId": "3F2B8C1E-7A4D-4E2B-9C61-0D5E8F7A1B23",
        "type": "virtual",
        "billingAddress": { "firstLine": "Gate 1", "city": "Oslo", "country": "NO", "postCode": "0154" },
        "status": "active",
        "network": "visa",
        "maskedPan": "400000******0002",
        "expirationDate": "01/2029",
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:05.123+01:00"
    })
}

fn respond(kind: OperationKind, status: u16, content_type: &str, body: &[u8]) -> Vec<Violation> {
    let headers = [("Content-Type".to_owned(), content_type.to_owned())];
    let headers = if content_type.is_empty() {
        &[]
    } else {
        headers.as_slice()
    };
    Contract::embedded()
        .operation(kind)
        .unwrap()
        .check_response(status, headers, body)
}

#[test]
fn a_card_that_is_not_one_is_told_apart() {
    // The member that is changed, to what (`None`: left out), and what is said.
    let rows = [
        ("/extra", Some(json!(1)), ""),
        ("/network", None, ""),
        ("/network", Some(json!(null)), ""),
        ("/maskedPan", Some(json!(null)), ""),
        ("/billingAddress/state", Some(json!(null)), ""),
        ("/id", None, "`id` is missing"),
        ("/id", Some(json!("x")), "`id` is \"x\", not a valid `uuid`"),
        ("/id", Some(json!(null)), "`id` is null, not a string"),
        (
            "/status",
            Some(json!("ACTIVE")),
            "`status` is \"ACTIVE\", not one of \"issuing\", \"active\",",
        ),
        (
            "/network",
            Some(json!("amex")),
            "`network` is \"amex\", not one of \"visa\", \"mastercard\", null",
        ),
        ("/type", Some(json!(true)), "`type` is true, not "),
        (
            "/billingAddress",
            Some(json!([])),
            "`billingAddress` is a list, not an object",
        ),
        (
            "/billingAddress/postCode",
            None,
            "`billingAddress.postCode` is missing",
        ),
        (
            "/billingAddress/city",
            Some(json!(5)),
            "`billingAddress.city` is 5, not a string",
        ),
        (
            "/billingAddress/country",
            Some(json!("UK")),
            "`billingAddress.country` is \"UK\", not one of",
        ),
        (
            "/maskedPan",
            Some(json!("4000001234560002")),
            "`maskedPan` is \"400000******0002\", which doesn't match",
        ),
        (
            "/expirationDate",
            Some(json!("13/2029")),
            "`expirationDate` is \"13/2029\", which doesn't match",
        ),
        (
            "/createdAt",
            Some(json!("yesterday")),
            "`createdAt` is \"yesterday\", not a valid `date-time`",
        ),
        (
            "/createdAt",
            Some(json!(1767229200)),
            "`createdAt` is 1767229200, not a string",
        ),
        ("/name", Some(json!("\u{1b}[31m\u{202e}")), ""),
        (
            "/status",
            Some(json!("\u{1b}[31m")),
            "`status` is \"\\u{1b}[31m\", not one of",
        ),
    ];
    for (pointer, value, expected) in rows {
        let changed = with(&card(), pointer, value);
        let violations = respond(
            OperationKind::GetCard,
            200,
            JSON,
            changed.to_string().as_bytes(),
        );
        let told = messages(&violations);
        assert!(
            told.starts_with(expected) && told.is_empty() == expected.is_empty(),
            "{pointer}: {told}"
        );
        for violation in &violations {
            assert!(violation.place.is_some(), "{violation:?}");
        }
    }
}

#[test]
fn a_response_is_held_to_its_documentation() {
    use OperationKind::{CreateCard, GetCard, ListCards, TerminateCard};
    let card = card().to_string();
    let card = card.as_str();
    let rows = [
        (GetCard, 200, "application/json; charset=utf-8", card, ""),
        (GetCard, 200, "Application/JSON", card, ""),
        (
            GetCard,
            200,
            "",
            card,
            "`Content-Type` is missing; application/json is documented",
        ),
        (
            GetCard,
            200,
            "text/html",
            "<html>",
            "`Content-Type` is \"text/html\", not application/json",
        ),
        (
            GetCard,
            200,
            "text/plain",
            "{}",
            "`Content-Type` is \"text/plain\", not application/json; `id` is missing;",
        ),
        (
            GetCard,
            200,
            "application/problem+json",
            card,
            "`Content-Type` is",
        ),
        (
            GetCard,
            200,
            JSON,
            "",
            "the body is empty, where a JSON body is documented",
        ),
        (
            GetCard,
            200,
            JSON,
            "{",
            "the body is not well-formed JSON: EOF",
        ),
        (
            GetCard,
            200,
            JSON,
            "[]",
            "the body is a list, not an object",
        ),
        (
            GetCard,
            201,
            JSON,
            card,
            "status 201 is not documented; 200, 400, 401, 403, 404, 500 are",
        ),
        (
            GetCard,
            418,
            JSON,
            "{",
            "status 418 is not documented; 200, 400, 401, 403, 404, 500 are; the body is not well-formed JSON",
        ),
        (GetCard, 302, "", "", "status 302 is not documented"),
        (GetCard, 404, "", "", ""),
        (GetCard, 404, "text/html", "<html>", ""),
        (GetCard, 404, JSON, "[1]", ""),
        (
            GetCard,
            404,
            JSON,
            "<html>",
            "the body is not well-formed JSON",
        ),
        (
            GetCard,
            404,
            JSON,
            "",
            "the body is empty, though `Content-Type` says JSON",
        ),
        (
            GetCard,
            404,
            "application/problem+json",
            "{\"title\":\"no\"}",
            "",
        ),
        (
            GetCard,
            404,
            "application/problem+json",
            "no",
            "the body is not well-formed JSON",
        ),
        (TerminateCard, 204, "", "", ""),
        (TerminateCard, 204, "text/html", "<html>", ""),
        (
            TerminateCard,
            200,
            JSON,
            "{}",
            "status 200 is not documented",
        ),
        (
            CreateCard,
            201,
            JSON,
            "null",
            "the body is null, not an object",
        ),
        (ListCards, 200, JSON, "[]", ""),
        (
            ListCards,
            200,
            JSON,
            "{}",
            "the body is an object, not a list",
        ),
        (
            ListCards,
            200,
            JSON,
            "[{\"id\":7}]",
            "`[0].accountId` is missing",
        ),
    ];
    for (kind, status, content_type, body, expected) in rows {
        let told = messages(&respond(kind, status, content_type, body.as_bytes()));
        let fits = told.contains(expected) && told.is_empty() == expected.is_empty();
        assert!(fits, "{kind} {status} {body:?}: {told}");
    }
}

#[test]
fn a_violation_names_its_rule_and_its_property() {
    let body = with(
        &with(&card(), "/billingAddress/postCode", None),
        "/status",
        Some(json!(1)),
    );
    let body = json!([card(), body]).to_string();
    let violations = respond(OperationKind::ListCards, 200, JSON, body.as_bytes());
    let kinds: Vec<_> = violations
        .iter()
        .map(|v| (&v.kind, v.instance_path.as_str(), v.schema_pointer.as_str()))
        .collect();
    let schema = |keyword: &str, property: &str, parent: Option<&str>| ViolationKind::Schema {
        keyword: keyword.to_owned(),
        property: Some(property.to_owned()),
        parent: parent.map(str::to_owned),
    };
    let missing = schema("required", "postCode", Some("billingAddress"));
    let mistyped = schema("type", "status", None);
    assert!(
        kinds.contains(&(
            &missing,
            "/1/billingAddress",
            "/components/schemas/AddressResponse/required"
        )),
        "{kinds:?}"
    );
    assert!(
        kinds.contains(&(
            &mistyped,
            "/1/status",
            "/components/schemas/CardStatus/type"
        )),
        "{kinds:?}"
    );
}

#[test]
fn an_edited_document_changes_what_is_checked() {
    let from = "required: [id, accountId, type, billingAddress, status, createdAt, updatedAt]";
    let text = edited(EMBEDDED, from, &from.replace("[id,", "[id, loyaltyTier,"));
    let contract = Contract::parse("edited.yaml", &text).unwrap();
    let create = contract.operation(OperationKind::CreateCard).unwrap();
    let headers = [("content-type".to_owned(), JSON.to_owned())];
    let violations = create.check_response(201, &headers, card().to_string().as_bytes());
    assert_eq!(messages(&violations), "`loyaltyTier` is missing");
    assert_ne!(contract.digest(), Contract::embedded().digest());
    assert_eq!(
        respond(
            OperationKind::CreateCard,
            201,
            JSON,
            card().to_string().as_bytes()
        ),
        []
    );
}

#[test]
fn a_hostile_body_says_a_bounded_amount() {
    let body = json!(vec![json!({}); 5_000]).to_string();
    assert_eq!(
        respond(OperationKind::ListCards, 200, JSON, body.as_bytes()).len(),
        50
    );
    let deep = "[".repeat(100_000);
    let told = messages(&respond(
        OperationKind::ListCards,
        200,
        JSON,
        deep.as_bytes(),
    ));
    assert!(
        told.starts_with("the body is not well-formed JSON"),
        "{told}"
    );
    let long = with(&card(), "/status", Some(json!("x".repeat(1_000_000)))).to_string();
    assert!(messages(&respond(OperationKind::GetCard, 200, JSON, long.as_bytes())).len() < 400);
    let secret = json!({ "token": 12345, "expiresAt": 1, "tokenType": "Bearer" }).to_string();
    let told = messages(&respond(
        OperationKind::CreateToken,
        200,
        JSON,
        secret.as_bytes(),
    ));
    assert_eq!(told, "`token` is a number (not shown), not a string");
}

#[test]
fn an_event_is_a_card_and_more() {
    let contract = Contract::embedded();
    let event = with(&card(), "/webhookType", Some(json!("card.updated")));
    let event = with(
        &event,
        "/eventId",
        Some(json!("e4a7c2d9-6b15-4f83-b0de-5a9c8b7d6e4f")),
    );
    assert!(contract.describes_events());
    assert_eq!(contract.check_event(&event), []);
    let rows = [
        ("/eventId", None, "`eventId` is missing"),
        (
            "/webhookType",
            Some(json!("card.created")),
            "`webhookType` is \"card.created\", not one of",
        ),
        (
            "/status",
            Some(json!("gone")),
            "`status` is \"gone\", not one of",
        ),
    ];
    for (pointer, value, expected) in rows {
        let told = messages(&contract.check_event(&with(&event, pointer, value)));
        assert!(told.starts_with(expected), "{told}");
    }
}
