//! OpenAPI 3.1: the same contract in its words, what only it can say, and what is refused in it.

use serde_json::json;

use super::*;

/// Our document in the words of OpenAPI 3.1.
fn in_3_1() -> String {
    EMBEDDED
        .replace("openapi: 3.0.3", "openapi: 3.1.1")
        .replace(
            "type: string\n          nullable: true",
            "type: [string, 'null']",
        )
        .replace("enum: [Bearer]", "const: Bearer")
        .replace("enum: [virtual]\n", "const: virtual\n")
        .replace("enum: [physical]\n", "const: physical\n")
}

fn loaded(text: &str) -> Contract {
    Contract::parse("theirs.yaml", text).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(text: &str) -> String {
    let Err(error) = Contract::parse("theirs.yaml", text) else {
        panic!("it is taken");
    };
    let place = error.place().map_or("-".to_owned(), |p| p.line.to_string());
    format!("{place} {} / {}", error.found(), error.advice())
}

#[test]
fn our_document_says_the_same_in_3_1() {
    let text = in_3_1();
    assert!(!text.contains("nullable: true"), "all of it is translated");
    let theirs = loaded(&text);
    assert_eq!(theirs.contradictions(Contract::embedded(), &[]), []);
    assert_eq!(Contract::embedded().contradictions(&theirs, &[]), []);
    assert_eq!(theirs.operations().count(), OperationKind::ALL.len());
    assert!(theirs.describes_events());
    let example = crate::case::request::standard_request(crate::card::CardType::Physical);
    let members = |contract: &Contract| {
        contract
            .operation(OperationKind::CreateCard)
            .unwrap()
            .request_members(&example)
    };
    assert_eq!(members(&theirs), members(Contract::embedded()));
}

#[test]
fn what_only_3_1_can_say_holds() {
    let rows = [
        // A choice with null, a condition, a rule beside a `$ref`, a number as a bound.
        (
            "id: { type: string, format: uuid }",
            "id: { anyOf: [{ type: string, format: uuid }, { type: 'null' }] }",
            "/id",
            json!(null),
            true,
        ),
        (
            "id: { type: string, format: uuid }",
            "id: { anyOf: [{ type: string, format: uuid }, { type: 'null' }] }",
            "/id",
            json!("x"),
            false,
        ),
        (
            "required: [id, status]",
            "required: [id, status]\n      if: { properties: { status: { const: active } } }\n      then: { required: [pan] }",
            "/status",
            json!("active"),
            false,
        ),
        (
            "required: [id, status]",
            "required: [id, status]\n      if: { properties: { status: { const: active } } }\n      then: { required: [pan] }",
            "/status",
            json!("inactive"),
            true,
        ),
        (
            "pan:\n",
            "owner: { $ref: '#/components/schemas/Holder', maxProperties: 1 }\n        pan:\n",
            "/owner",
            json!({ "name": "a", "b": 1 }),
            false,
        ),
        (
            "pan:\n",
            "count: { type: integer, exclusiveMinimum: 3 }\n        pan:\n",
            "/count",
            json!(3),
            false,
        ),
        (
            "pan:\n",
            "count: { type: integer, exclusiveMinimum: 3 }\n        pan:\n",
            "/count",
            json!(4),
            true,
        ),
        (
            "pan:\n",
            "kind: { const: card }\n        pan:\n",
            "/kind",
            json!("other"),
            false,
        ),
        (
            "pan:\n",
            "any: true\n        pan:\n",
            "/any",
            json!([1]),
            true,
        ),
        (
            "pan:\n",
            "none: false\n        pan:\n",
            "/none",
            json!(1),
            false,
        ),
    ];
    for (from, to, pointer, value, conforms) in rows {
        let contract = loaded(&edited(&minimal_3_1(), from, to));
        let read = contract.operation(OperationKind::GetCard).unwrap();
        let card = json!({ "id": "9b1d6a52-3c0f-4f7e-8a94-2e6c7d5b4f10", "status": "inactive" });
        let body = with(&card, pointer, Some(value)).to_string();
        let headers = [("content-type", "application/json"), ("etag", "\"1\"")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let violations = read.check_response(200, &headers, body.as_bytes());
        assert_eq!(
            violations.is_empty(),
            conforms,
            "{to}: {body}: {violations:?}"
        );
    }
}

/// The small document in 3.1.
fn minimal_3_1() -> String {
    MINIMAL
        .replace("openapi: 3.0.3", "openapi: 3.1.0")
        .replace(
            "type: string, nullable: true, maxLength",
            "type: [string, 'null'], maxLength",
        )
        .replace("minimum: 0, exclusiveMinimum: true", "exclusiveMinimum: 0")
        .replace(
            "          type: string\n          nullable: true\n",
            "          type: [string, 'null']\n",
        )
        .replace(
            "          nullable: true\n          allOf:",
            "          anyOf:\n            - { type: 'null' }",
        )
}

#[test]
fn a_broken_document_of_3_1_is_refused_at_its_place() {
    let rows = [
        (
            "type: [string, 'null'], maxLength",
            "type: string, nullable: true, maxLength",
            "69 \"nullable\" isn't a field of the Schema object in OpenAPI 3.1 / write `type: [string, 'null']`",
        ),
        (
            "exclusiveMinimum: 0",
            "exclusiveMinimum: true",
            "70 `exclusiveMinimum` is a boolean",
        ),
        (
            "type: [string, 'null'], maxLength",
            "type: [strng, 'null'], maxLength",
            "69 \"strng\" is no type of OpenAPI 3.1 / did you mean `string`?",
        ),
        (
            "required: [id, status]",
            "requierd: [id, status]",
            "74 \"requierd\" isn't a field of the Schema object in OpenAPI 3.1 / did you mean `required`",
        ),
        (
            "required: [id, status]",
            "$id: card",
            "74 \"$id\" can't be followed",
        ),
        (
            "required: [id, status]",
            "$schema: http://json-schema.org/draft-07/schema",
            "74 schemas of the dialect \"http://json-schema.org/draft-07/schema\" can't be read",
        ),
        (
            "openapi: 3.1.0",
            "openapi: 3.1.0\njsonSchemaDialect: https://example.com/mine",
            "2 schemas of the dialect",
        ),
        (
            "        204: { description: done }",
            "        204: { $ref: '#/components/responses/Done' }",
            "39 \"#/components/responses/Done\" leads nowhere",
        ),
        (
            "200: { $ref: '#/components/responses/Card' }",
            "200: { $ref: '#/components/responses/Card', content: {} }",
            "31 \"content\" has no effect beside a `$ref` in OpenAPI 3.1",
        ),
        (
            "{ description: refused }",
            "{}",
            "20 ..missing field `description`",
        ),
        (
            "next: { $ref: '#/components/schemas/CardRequest' }",
            "next: { $ref: '#/components/schemas/CardRequest', minLength: -1 }",
            "71 this schema can't be used",
        ),
    ];
    for (from, to, expected) in rows {
        let told = refused(&edited(&minimal_3_1(), from, to));
        let (place, words) = expected.split_once(' ').unwrap();
        let words = words.trim_start_matches("..");
        assert!(
            told.starts_with(&format!("{place} ")) && told.contains(words),
            "{to}: {told}"
        );
    }
}

#[test]
fn a_webhook_of_3_1_describes_the_event() {
    let without = edited(&in_3_1(), "      callbacks:\n", "      x-callbacks:\n");
    assert!(!loaded(&without).describes_events());
    let webhooks = "webhooks:\n  accountUpdated: { post: { requestBody: { content: { application/json: { schema: { type: string } } } } } }\n  \
                    card.updated: { $ref: '#/components/pathItems/Event' }\ncomponents:\n  pathItems:\n    Event: { post: { requestBody: \
                    { content: { application/json: { schema: { $ref: '#/components/schemas/CardUpdatedEvent' } } } } } }\n";
    let theirs = loaded(&edited(&without, "components:\n", webhooks));
    assert!(theirs.describes_events());
    assert_eq!(theirs.contradictions(Contract::embedded(), &[]), []);
    assert!(!theirs.check_event(&json!("text")).is_empty());
}

#[test]
fn a_prefix_of_all_paths_is_no_part_of_them() {
    let prefixed = EMBEDDED
        .replace("\n  /", "\n  /gateway/v2/")
        .replace("'#/paths/~1", "'#/paths/~1gateway~1v2~1");
    let theirs = loaded(&prefixed);
    assert_eq!(theirs.operations().count(), OperationKind::ALL.len());
    assert_eq!(theirs.contradictions(Contract::embedded(), &[]), []);
    assert!(theirs.route("GET", "/cards/1").is_some());
    assert!(theirs.route_of_other_method("POST", "/cards/1").is_some());
    assert!(theirs.route_of_other_method("GET", "/cards/1").is_none());
    let error = refused(&edited(
        &prefixed,
        "/gateway/v2/cards/{cardId}/deactivate",
        "/gateway/v2/cards/{cardId}/pause",
    ));
    assert!(
        error.contains("no `PATCH /gateway/v2/cards/{}/deactivate`"),
        "{error}"
    );
}

#[test]
fn a_schema_that_is_made_of_itself_is_refused() {
    for (document, part) in [
        (
            MINIMAL.to_owned(),
            "allOf: [{ $ref: '#/components/schemas/Card' }]",
        ),
        (minimal_3_1(), "$ref: '#/components/schemas/Card'"),
    ] {
        let text = edited(&document, "required: [id, status]", part);
        let told = refused(&text);
        assert!(told.contains("made of itself"), "{told}");
    }
}
