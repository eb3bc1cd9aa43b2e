//! Which request bodies are valid, which invalid, and which neither.

use serde_json::json;

use super::*;

fn physical() -> Value {
    let address =
        json!({ "firstLine": "Gate 1", "city": "Oslo", "country": "NO", "postCode": "0154" });
    json!({ "type": "physical", "billingAddress": address, "shippingAddress": address })
}

/// A verdict as one line: `valid`, `open Kind(pointer) …`, `invalid message; …`.
fn told(contract: &Contract, kind: OperationKind, body: &Value) -> String {
    match contract.operation(kind).unwrap().check_request_body(body) {
        RequestBody::Valid => "valid".to_owned(),
        RequestBody::Open(points) => format!("open {points:?}"),
        RequestBody::Invalid(violations) => {
            let messages: Vec<&str> = violations.iter().map(|v| v.message.as_str()).collect();
            format!("invalid {}", messages.join("; "))
        }
    }
}

#[test]
fn a_card_request_is_valid_invalid_or_open() {
    let rows = [
        ("/type", Some(json!("physical")), "valid"),
        ("/type", Some(json!("virtual")), "valid"),
        (
            "/billingAddress/firstLine",
            Some(json!("東京都 🏠 Ünïcode")),
            "valid",
        ),
        (
            "/billingAddress/firstLine",
            Some(json!("x".repeat(35))),
            "valid",
        ),
        (
            "/billingAddress/postCode",
            Some(json!("0123456789")),
            "valid",
        ),
        ("/billingAddress/state", Some(json!("Viken")), "valid"),
        (
            "/shippingAddress",
            None,
            "invalid `shippingAddress` is missing",
        ),
        (
            "/shippingAddress",
            Some(json!(null)),
            "invalid `shippingAddress` is null, not an object",
        ),
        ("/type", None, "invalid `type` is missing"),
        (
            "/type",
            Some(json!("PHYSICAL")),
            "invalid `type` is \"PHYSICAL\", not one of \"virtual\", \"physical\"",
        ),
        (
            "/type",
            Some(json!(null)),
            "invalid `type` is null, not one of \"virtual\", \"physical\"",
        ),
        (
            "/billingAddress",
            None,
            "invalid `billingAddress` is missing",
        ),
        (
            "/billingAddress",
            Some(json!("Oslo")),
            "invalid `billingAddress` is \"Oslo\", not an object",
        ),
        (
            "/billingAddress/city",
            None,
            "invalid `billingAddress.city` is missing",
        ),
        (
            "/billingAddress/city",
            Some(json!(7)),
            "invalid `billingAddress.city` is 7, not a string",
        ),
        (
            "/billingAddress/city",
            Some(json!(null)),
            "invalid `billingAddress.city` is null, not a string",
        ),
        (
            "/billingAddress/country",
            Some(json!("XX")),
            "invalid `billingAddress.country` is \"XX\", not one of \"AD\"",
        ),
        (
            "/billingAddress/country",
            Some(json!("no")),
            "invalid `billingAddress.country` is \"no\"",
        ),
        (
            "/billingAddress/country",
            Some(json!("")),
            "invalid `billingAddress.country` is \"\"",
        ),
        (
            "/shippingAddress/postCode",
            None,
            "invalid `shippingAddress.postCode` is missing",
        ),
        (
            "/colour",
            Some(json!("red")),
            "open [UnknownProperty(\"/colour\")]",
        ),
        (
            "/shippingAddress/floor",
            Some(json!(3)),
            "open [UnknownProperty(\"/shippingAddress/floor\")]",
        ),
        (
            "/billingAddress/state",
            Some(json!(null)),
            "open [NullOptional(\"/billingAddress/state\")]",
        ),
        (
            "/billingAddress/city",
            Some(json!("")),
            "open [EmptyString(\"/billingAddress/city\")]",
        ),
        (
            "/billingAddress/city",
            Some(json!(" \u{3000}")),
            "open [EmptyString(\"/billingAddress/city\")]",
        ),
        (
            "/billingAddress/city",
            Some(json!("\u{1f3e0}".repeat(18))),
            "open [LongString(\"/billingAddress/city\")]",
        ),
        (
            "/billingAddress/city",
            Some(json!("x".repeat(36))),
            "open [LongString(\"/billingAddress/city\")]",
        ),
        (
            "/billingAddress/postCode",
            Some(json!("01234567890")),
            "open [LongString(\"/billingAddress/postCode\")]",
        ),
        (
            "/billingAddress/city",
            Some(json!("a\u{0}b")),
            "open [ControlCharacter(\"/billingAddress/city\")]",
        ),
        (
            "/billingAddress/city",
            Some(json!("a\u{85}")),
            "open [ControlCharacter(\"/billingAddress/city\")]",
        ),
        (
            "/billingAddress/city",
            Some(json!("\u{feff}a")),
            "open [ControlCharacter(\"/billingAddress/city\")]",
        ),
        (
            "/billingAddress/city",
            Some(json!("\u{1fffe}")),
            "open [ControlCharacter(\"/billingAddress/city\")]",
        ),
        (
            "/billingAddress/city",
            Some(json!("\u{fdd0}")),
            "open [ControlCharacter(\"/billingAddress/city\")]",
        ),
    ];
    for (pointer, value, expected) in rows {
        let body = with(&physical(), pointer, value);
        let told = told(Contract::embedded(), OperationKind::CreateCard, &body);
        assert!(
            told.starts_with(expected) && !told.contains("; "),
            "{body}\n  {told}\n  {expected}"
        );
    }
    for body in [json!(null), json!([]), json!("x")] {
        let told = told(Contract::embedded(), OperationKind::CreateCard, &body);
        assert!(told.starts_with("invalid the body is"), "{told}");
    }
}

#[test]
fn a_virtual_card_needs_no_shipping_address_and_may_have_one() {
    let body = with(
        &with(&physical(), "/type", Some(json!("virtual"))),
        "/shippingAddress",
        None,
    );
    assert_eq!(
        told(Contract::embedded(), OperationKind::CreateCard, &body),
        "valid"
    );
    let nulled = with(&body, "/shippingAddress", Some(json!(null)));
    let expected = "open [NullOptional(\"/shippingAddress\")]";
    assert_eq!(
        told(Contract::embedded(), OperationKind::CreateCard, &nulled),
        expected
    );
}

#[test]
fn a_violation_of_a_branch_is_the_branchs_own() {
    let body = with(&physical(), "/shippingAddress", None);
    let create = Contract::embedded()
        .operation(OperationKind::CreateCard)
        .unwrap();
    let RequestBody::Invalid(violations) = create.check_request_body(&body) else {
        panic!("it is invalid")
    };
    let kind = ViolationKind::Schema {
        keyword: "required".to_owned(),
        property: Some("shippingAddress".to_owned()),
        parent: None,
    };
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].kind, kind);
    assert_eq!(
        violations[0].schema_pointer,
        "/components/schemas/PhysicalCardRequest/required"
    );
}

/// The embedded document with the discriminator taken out: a plain choice must be told as precisely.
fn undiscriminated() -> Contract {
    let from = EMBEDDED
        .find("      discriminator:\n        propertyName: type")
        .expect("a discriminator");
    let length = EMBEDDED[from..]
        .find("    VirtualCardRequest:")
        .expect("the next schema");
    let text = format!("{}{}", &EMBEDDED[..from], &EMBEDDED[from + length..]);
    Contract::parse("plain.yaml", &text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_choice_without_discriminator_is_told_as_precisely() {
    let contract = undiscriminated();
    let rows = [
        ("/type", Some(json!("virtual")), "valid"),
        (
            "/shippingAddress",
            None,
            "invalid `shippingAddress` is missing",
        ),
        ("/type", None, "invalid `type` is missing"),
        (
            "/type",
            Some(json!("gold")),
            "invalid `type` is \"gold\", not one of \"virtual\", \"physical\"",
        ),
        (
            "/billingAddress/city",
            Some(json!(7)),
            "invalid `billingAddress.city` is 7, not a string",
        ),
        (
            "/billingAddress/floor",
            Some(json!(7)),
            "open [UnknownProperty(\"/billingAddress/floor\")]",
        ),
    ];
    for (pointer, value, expected) in rows {
        let body = with(&physical(), pointer, value);
        assert_eq!(
            told(&contract, OperationKind::CreateCard, &body),
            expected,
            "{body}"
        );
    }
    let told = told(&contract, OperationKind::CreateCard, &json!(5));
    assert!(
        told.starts_with("invalid the body is 5, not an object"),
        "{told}"
    );
}

#[test]
fn a_property_of_the_other_branch_only_is_open() {
    let from = "        shippingAddress:\n          $ref: '#/components/schemas/Address'\n    PhysicalCardRequest";
    let text = edited(EMBEDDED, from, "    PhysicalCardRequest");
    let contract = Contract::parse("edited.yaml", &text).unwrap();
    let body = with(&physical(), "/type", Some(json!("virtual")));
    let expected = "open [UnknownProperty(\"/shippingAddress\")]";
    assert_eq!(told(&contract, OperationKind::CreateCard, &body), expected);
    assert_eq!(
        told(&contract, OperationKind::CreateCard, &physical()),
        "valid"
    );
}

#[test]
fn what_a_schema_states_is_not_open() {
    let contract = minimal("Minimal", "Minimal");
    let rows = [
        (json!({ "type": "virtual" }), "valid"),
        (json!({ "type": "virtual", "note": null }), "valid"),
        (
            json!({ "type": "virtual", "note": "x".repeat(100) }),
            "valid",
        ),
        (
            json!({ "type": "virtual", "note": "x".repeat(101) }),
            "invalid `note` is",
        ),
        (json!({ "type": "virtual", "limit": 1 }), "valid"),
        (
            json!({ "type": "virtual", "limit": 0 }),
            "invalid `limit` is 0, against `exclusiveMinimum: true`",
        ),
        (
            json!({ "type": "virtual", "next": { "type": "virtual", "next": { "x": 1 } } }),
            "invalid `next.next.type` is missing",
        ),
        (
            json!({ "type": "virtual", "next": { "type": "virtual", "x": 1 } }),
            "open [UnknownProperty(\"/next/x\")]",
        ),
    ];
    for (body, expected) in rows {
        let told = told(&contract, OperationKind::CreateCard, &body);
        assert!(told.starts_with(expected), "{body}: {told}");
    }
}

#[test]
fn other_operations_have_their_own_bodies() {
    let contract = Contract::embedded();
    let webhook = json!({ "callbackUrl": format!("https://partner.example/{}", "x".repeat(50)), "types": ["card.updated"] });
    assert_eq!(told(contract, OperationKind::PutWebhook, &webhook), "valid");
    assert_eq!(
        told(contract, OperationKind::TerminateCard, &json!({})),
        "open [UndescribedBody]"
    );
    let requiring = |kind| contract.operation(kind).unwrap().requires_body();
    assert!(requiring(OperationKind::CreateCard) && !requiring(OperationKind::TerminateCard));
}

#[test]
fn every_rule_that_is_named_stands_in_the_document() {
    for (pointer, value) in [
        ("/type", Some(json!("gold"))),
        ("/type", None),
        ("/billingAddress/city", Some(json!(1))),
    ] {
        let body = with(&physical(), pointer, value);
        let create = Contract::embedded()
            .operation(OperationKind::CreateCard)
            .unwrap();
        let RequestBody::Invalid(violations) = create.check_request_body(&body) else {
            panic!("{body}")
        };
        let document = &Contract::embedded().source.value;
        assert!(
            violations
                .iter()
                .all(|violation| document.pointer(&violation.schema_pointer).is_some())
        );
    }
}
