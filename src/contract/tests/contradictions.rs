//! Documents that extend ours, and documents that contradict it.

use super::*;

/// What contradicts ours in our document with one part replaced.
fn told(from: &str, to: &str) -> Vec<Contradiction> {
    let text = edited(EMBEDDED, from, to);
    let theirs = Contract::parse("theirs.yaml", &text).unwrap_or_else(|error| panic!("{error}"));
    theirs.contradictions(Contract::embedded(), &[])
}

/// The line on which a part of our document stands once another is replaced.
fn line_of(from: &str, to: &str, part: &str) -> usize {
    let text = edited(EMBEDDED, from, to);
    let at = text
        .find(part)
        .unwrap_or_else(|| panic!("{part:?} is not in the text"));
    text[..at].matches('\n').count() + 1
}

#[test]
fn our_own_document_contradicts_nothing() {
    let found = Contract::embedded().contradictions(Contract::embedded(), &[]);
    assert_eq!(found, []);
}

/// What is replaced, by what, what stands where it is told, and what is told.
const CONTRADICTIONS: &[(&str, &str, &str, &str)] = &[
    (
        "          enum: [visa, mastercard, null]",
        "          enum: [visa, mastercard, amex, null]",
        "        network:\n",
        "create a card, read a card, list an account's cards and 2 more: an answer that the contract rules out is \
         allowed here: `network` is \"amex\", not one of",
    ),
    (
        "      enum: [issuing, active, inactive, suspended, blocked, issue_failed, terminated]",
        "      enum: [issuing, active, inactive, suspended, blocked, issue_failed, terminated, frozen]",
        "    CardStatus:\n",
        "an answer that the contract rules out is allowed here: `status` is \"frozen\", not one of",
    ),
    (
        "      enum: [issuing, active, inactive, suspended, blocked, issue_failed, terminated]",
        "      enum: [issuing, active, inactive]",
        "      enum: [issuing, active, inactive]",
        "an answer that the contract has is ruled out here: `status` is \"terminated\", not one of",
    ),
    (
        "[id, accountId, type, billingAddress, status, createdAt, updatedAt]",
        "[id, accountId, type, billingAddress, createdAt, updatedAt]",
        "    Card:\n",
        "`status` may be missing here; the contract promises it",
    ),
    (
        "          type: string\n          format: date-time\n          description: When the card was created",
        "          type: integer\n          description: When the card was created",
        "          type: integer\n          description: When the card was created",
        "an answer that the contract has is ruled out here: `createdAt` is \"2026-01-01T00:00:00Z\", not an integer",
    ),
    (
        "          pattern: '^[0-9]{6}\\*{6}[0-9]{4}$'\n",
        "",
        "        maskedPan:\n",
        "`maskedPan` is \"text\", which doesn't match",
    ),
    (
        "        maskedPan:\n",
        "        maskedNumber:\n",
        "    Card:\n",
        "`maskedPan` isn't described here; the contract says what it is",
    ),
    (
        "        firstLine:\n          type: string\n",
        "        firstLine:\n          type: string\n          maxLength: 10\n",
        "          maxLength: 10\n",
        "create a card: a request that the contract takes is refused here: `billingAddress.firstLine` is \"1 High Street\", against `maxLength: 10`",
    ),
    (
        "        city:\n          type: string\n",
        "        city:\n          type: string\n          pattern: '^[A-Za-z ]+$'\n",
        "          pattern: '^[A-Za-z ]+$'\n",
        "create a card: a request that the contract takes is refused here: `billingAddress.city` is \"",
    ),
    (
        "      required: [firstLine, city, country, postCode]\n",
        "      required: [firstLine, city, country, postCode, state]\n",
        "    Address:\n",
        "create a card: `billingAddress.state` is required here; by the contract it may be left out",
    ),
    (
        "      required: [firstLine, city, country, postCode]\n",
        "      required: [firstLine, city, country, postCode, region]\n",
        "      required: [firstLine, city, country, postCode, region]\n",
        "a request that the contract takes is refused here: `billingAddress.region` is missing",
    ),
    (
        "      required: [type, billingAddress, shippingAddress]\n",
        "      required: [type, billingAddress]\n",
        "    PhysicalCardRequest:\n      type: object",
        "create a card: `shippingAddress` may be left out here; the contract requires it",
    ),
    (
        "        country:\n          $ref: '#/components/schemas/Country'\n",
        "        country:\n          type: string\n",
        "        country:\n          type: string\n",
        "create a card: a request that the contract refuses is taken here: `billingAddress.country` is \"text\", not one of",
    ),
    (
        "        '201':\n          description: The new card",
        "        '200':\n          description: The new card",
        "        '200':\n          description: The new card",
        "create a card: a success may be 200 here; by the contract it is 201",
    ),
    (
        "            schema:\n              $ref: '#/components/schemas/CardRequest'",
        "            schema:\n              $ref: '#/components/schemas/WebhookRequest'",
        "    WebhookRequest:\n",
        "create a card: `type` isn't described here",
    ),
    (
        "      responses:\n        '204':\n          description: The card is terminated.\n        '400':\n          $ref: '#/components/responses/BadRequest'\n        '401':",
        "      responses:\n        '204':\n          description: The card is terminated.\n        '400':\n          $ref: '#/components/responses/BadRequest'\n        '418':",
        "      responses:\n        '204':\n          description: The card is terminated.",
        "terminate a card: 401 isn't documented here; a target that keeps to the contract answers with it",
    ),
    (
        "      name: Idempotency-Key\n      in: header\n      required: true",
        "      name: Idempotency-Key\n      in: header\n      required: false",
        "    IdempotencyKey:\n",
        "create a card, deactivate a card, activate a card and 5 more: `Idempotency-Key` may be left out here; the contract requires it",
    ),
    (
        "      name: Idempotency-Key\n      in: header\n      required: true",
        "      name: X-Idempotency-Key\n      in: header\n      required: true",
        "    IdempotencyKey:\n",
        "the header parameter `X-Idempotency-Key` is required here, and the contract doesn't have it; the contract calls it `Idempotency-Key`",
    ),
    (
        "        - $ref: '#/components/parameters/AccountId'\n        - $ref: '#/components/parameters/Signature'\n",
        "        - $ref: '#/components/parameters/AccountId'\n",
        "    post:\n      operationId: createCard",
        "create a card: `Signature` isn't asked for here; the contract requires it",
    ),
    (
        "        - $ref: '#/components/parameters/AccountId'\n",
        "        - $ref: '#/components/parameters/AccountId'\n        - { name: tenant, in: query, required: true, schema: { type: string } }\n",
        "        - { name: tenant",
        "create a card: the query parameter `tenant` is required here, and the contract doesn't have it",
    ),
    (
        "security:\n  - bearer: []\n",
        "security: []\n",
        "security: []\n",
        "this may be called without a bearer token; the contract requires one",
    ),
    (
        "security:\n  - bearer: []\n",
        "security:\n  - bearer: []\n  - {}\n",
        "security:\n  - bearer: []\n",
        "this may be called without a bearer token; the contract requires one",
    ),
    (
        "        description: The card that is wanted.\n        required: true",
        "        description: The card that is wanted.\n        required: false",
        "      requestBody:\n        description: The card that is wanted.",
        "create a card: the body may be left out here; the contract requires it",
    ),
];

#[test]
fn what_contradicts_ours_is_told_once_at_its_place() {
    let mut wrong = Vec::new();
    for (from, to, part, words) in CONTRADICTIONS {
        let found = told(from, to);
        let place = format!("theirs.yaml:{}:", line_of(from, to, part));
        let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
        let is_told = lines
            .iter()
            .any(|line| line.starts_with(&place) && line.contains(words));
        let is_once = lines.len() == 1 || words.contains("isn't described");
        if !is_told || !is_once {
            wrong.push(format!("{place} {words}\n    was: {lines:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each is replaced by the other; nothing is told.
const EXTENSIONS: &[(&str, &str)] = &[
    (
        "paths:\n",
        "paths:\n  /statements:\n    get:\n      responses: { '200': { description: all } }\n",
    ),
    (
        "        maskedPan:\n",
        "        colour: { type: string }\n        maskedPan:\n",
    ),
    (
        "      required: [id, accountId, type, billingAddress, status, createdAt, updatedAt]\n      properties:\n",
        "      required: [id, accountId, type, billingAddress, status, createdAt, updatedAt, colour]\n      properties:\n        colour: { type: string, enum: [red, blue] }\n",
    ),
    (
        "        firstLine:\n          type: string\n",
        "        firstLine:\n          type: string\n          minLength: 1\n          maxLength: 100\n          pattern: '\\S'\n",
    ),
    (
        "        firstLine:\n          type: string\n",
        "        nickname: { type: string }\n        firstLine:\n          type: string\n",
    ),
    (
        "          enum: [visa, mastercard, null]",
        "          enum: [visa]",
    ),
    (
        "          pattern: '^[0-9]{6}\\*{6}[0-9]{4}$'\n",
        "          pattern: '^4[0-9]{5}[*]{6}[0-9]{4}$'\n",
    ),
    (
        "        '204':\n          description: The card is active.\n",
        "        '200':\n          description: The card is active.\n          content: { application/json: { schema: { $ref: '#/components/schemas/Card' } } }\n",
    ),
    (
        "        '204':\n          description: The card is active.\n",
        "        '204':\n          description: The card is active.\n        '429':\n          description: later\n",
    ),
    ("servers:\n", "servers:\n  - url: /cards-api/v2\n"),
    (
        "      type: http\n      scheme: bearer\n      bearerFormat: JWT\n",
        "      type: oauth2\n      flows: { clientCredentials: { tokenUrl: 'https://login.example', scopes: {} } }\n",
    ),
    (
        "        - $ref: '#/components/parameters/AccountId'\n",
        "        - $ref: '#/components/parameters/AccountId'\n        - { name: page, in: query, schema: { type: integer } }\n",
    ),
    (
        "    Address:\n      type: object\n",
        "    Address:\n      type: object\n      additionalProperties: false\n",
    ),
    (
        "accountId:\n          $ref: '#/components/schemas/AccountId'\n",
        "accountId:\n          allOf: [{ $ref: '#/components/schemas/AccountId' }]\n",
    ),
];

#[test]
fn an_extension_is_no_contradiction() {
    let mut wrong = Vec::new();
    for (from, to) in EXTENSIONS {
        let found = told(from, to);
        if !found.is_empty() {
            let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
            wrong.push(format!("{to}\n    was: {lines:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_header_that_the_profile_sends_is_nothing_new() {
    let text = edited(
        EMBEDDED,
        "        - $ref: '#/components/parameters/AccountId'\n",
        "        - $ref: '#/components/parameters/AccountId'\n        - { name: X-Gateway-Key, in: header, required: true, schema: {} }\n",
    );
    let theirs = Contract::parse("theirs.yaml", &text).unwrap();
    let ours = Contract::embedded();
    assert_eq!(theirs.contradictions(ours, &["x-gateway-key"]), []);
    let found = theirs.contradictions(ours, &[]);
    assert!(
        found[0]
            .words
            .contains("`[headers]` in a profile can send it"),
        "{found:?}"
    );
}

/// Schemas of answers, and each rule in them that says something by itself.
#[test]
fn each_rule_of_ours_that_another_document_drops_is_missed() {
    let (mut document, _) = yaml::read(EMBEDDED).unwrap();
    let paths = document["paths"].as_object_mut().unwrap();
    paths.retain(|path, _| path.starts_with("/cards") || path.starts_with("/accounts"));
    let mut dropped = Vec::new();
    for schema in [
        "Card",
        "CardStatus",
        "CardType",
        "CardId",
        "AddressResponse",
        "Address",
    ] {
        rules(
            &document,
            &format!("/components/schemas/{schema}"),
            &mut dropped,
        );
    }
    assert!(dropped.len() > 30, "only {dropped:?}");
    let missed: Vec<&String> = dropped
        .iter()
        .filter(|pointer| {
            let without = without(&document, pointer).to_string();
            let theirs =
                Contract::parse("theirs.json", &without).unwrap_or_else(|error| panic!("{error}"));
            theirs.contradictions(Contract::embedded(), &[]).is_empty()
        })
        .collect();
    assert_eq!(missed, [] as [&String; 0]);
}

fn rules(document: &Value, at: &str, found: &mut Vec<String>) {
    let schema = document.pointer(at).unwrap();
    for keyword in ["pattern", "format", "enum"] {
        if schema.get(keyword).is_some() {
            found.push(format!("{at}/{keyword}"));
        }
    }
    if schema.get("type").is_some_and(|kind| kind != "array") && schema.get("enum").is_none() {
        found.push(format!("{at}/type"));
    }
    let required = schema["required"].as_array().map_or(0, Vec::len);
    found.extend((0..required).map(|index| format!("{at}/required/{index}")));
    for name in schema["properties"]
        .as_object()
        .into_iter()
        .flat_map(|p| p.keys())
    {
        rules(document, &format!("{at}/properties/{name}"), found);
    }
}

fn without(document: &Value, pointer: &str) -> Value {
    let mut copy = document.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match copy.pointer_mut(parent).unwrap() {
        Value::Array(items) => drop(items.remove(name.parse().unwrap())),
        other => drop(other.as_object_mut().unwrap().shift_remove(name)),
    }
    copy
}
