//! Which documents load, and what is known of them then.

use super::*;

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let missing = Contract::load(Path::new("/nowhere/api.yaml")).unwrap_err();
    assert!(
        missing.found().starts_with("the file can't be read"),
        "{missing}"
    );
    assert!(missing.to_string().contains("/nowhere/api.yaml"));
    let path = std::env::temp_dir().join(format!("cardproof-latin1-{}.yaml", std::process::id()));
    std::fs::write(&path, b"openapi: 3.0.3\ninfo: {title: Br\xf8d}\n").unwrap();
    let latin1 = Contract::load(&path);
    std::fs::remove_file(&path).unwrap();
    let latin1 = latin1.unwrap_err();
    assert!(latin1.found().contains("isn't UTF-8"), "{latin1}");
    assert_eq!(
        latin1.place(),
        Some(Place {
            line: 2,
            column: 17
        })
    );
}

#[test]
fn an_error_is_drawn_with_its_line() {
    let text = edited(MINIMAL, "type: string, format: uuid", "type: strng");
    let error = Contract::parse("api.yaml", &text).unwrap_err();
    let expected = "error: \"strng\" is no type of OpenAPI 3.0
  --> api.yaml:76:15
   |
76 |         id: { type: strng }
   |               ^^^^
   |
   = help: did you mean `string`?";
    assert_eq!(error.to_string(), expected);
    assert!(error.render(true).contains("\u{1b}["));
}

#[test]
fn an_error_obeys_no_escape_of_the_document() {
    for text in [
        "openapi: \"3.0.3\u{9b}31m\"\n\u{1b}[31m: 1",
        "openapi: '\u{1b}[31m'",
        "\u{1b}[31m\u{202e}",
    ] {
        let error = Contract::parse("api.yaml", text).unwrap_err().to_string();
        assert!(
            !error.contains(['\u{1b}', '\u{9b}', '\u{202e}']),
            "{error:?}"
        );
    }
}

#[test]
fn the_embedded_document_loads() {
    let contract = Contract::parse("cards.openapi.yaml", EMBEDDED);
    let contract = contract.unwrap_or_else(|error| panic!("{error}"));
    for kind in OperationKind::ALL {
        let operation = contract
            .operation(kind)
            .unwrap_or_else(|| panic!("{kind} is described"));
        assert_eq!(operation.success_status(), kind.usual_success(), "{kind}");
        assert!(
            operation.documents(500) && !operation.documents(418),
            "{kind}"
        );
    }
    assert_eq!(contract.countries().len(), 249);
    assert_eq!((contract.title(), contract.version()), ("Cards", "1.0.0"));
    assert_eq!(Contract::embedded().digest(), contract.digest());
    assert_eq!(contract.digest().len(), 64);
}

#[test]
fn yaml_and_json_give_the_same_contract() {
    let (yaml, _) = yaml::read(EMBEDDED).unwrap();
    let pretty = serde_json::to_string_pretty(&yaml).unwrap();
    let tabs = pretty.replace("  ", "\t");
    for text in [&pretty, &tabs, &yaml.to_string()] {
        let (json, _) = yaml::read(text).unwrap();
        let as_json: Value = serde_json::from_str(text).unwrap();
        assert_eq!(json, as_json);
        let contract =
            Contract::parse("cards.json", text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(contract.operations.len(), OperationKind::ALL.len());
    }
    let escaped = r#"{"a": "\ud83d\ude00 \\ud83d \u00e9\/", "b": "plain"}"#;
    assert_eq!(
        yaml::read(escaped).unwrap().0,
        serde_json::from_str::<Value>(escaped).unwrap()
    );
}

#[test]
fn scalars_are_those_of_yaml_1_2() {
    let text = "[NO, on, 1_000, 017, 0x1f, ~, '1', 1.5, true, \"\"]";
    let expected = serde_json::json!(["NO", "on", "1_000", 17, 31, null, "1", 1.5, true, ""]);
    assert_eq!(yaml::read(text).unwrap().0, expected);
    let keys = yaml::read("200: a\n'201': b\ntrue: c\n~: d\n").unwrap().0;
    assert_eq!(
        keys,
        serde_json::json!({ "200": "a", "201": "b", "true": "c", "~": "d" })
    );
}

#[test]
fn every_part_has_its_place() {
    let contract = minimal("Minimal", "Minimal");
    let rows = [
        ("", 1, 1),
        ("/info/version", 4, 3),
        ("/paths/~1cards~1{id}/get", 29, 5),
        ("/paths/~1accounts~1{a}~1cards/parameters/0", 8, 9),
        ("/components/schemas/Card/properties/network/enum", 81, 11),
        ("/components/schemas/Card/properties/network/enum/1", 81, 24),
        ("/components/schemas/Card/properties/nowhere/type", 75, 7),
    ];
    for (pointer, line, column) in rows {
        assert_eq!(
            contract.place_of(pointer),
            Some(Place { line, column }),
            "{pointer}"
        );
    }
}

#[test]
fn a_document_without_the_optional_operations_routes_only_its_own() {
    let contract = minimal("Minimal", "Minimal");
    assert_eq!(contract.operations().count(), OperationKind::REQUIRED);
    assert_eq!(contract.route("GET", "/cards/c1").unwrap().card, Some("c1"));
    assert_eq!(
        contract
            .route("POST", "/accounts/a1/cards?x=1")
            .unwrap()
            .account,
        Some("a1")
    );
    assert!(contract.route("GET", "/webhooks").is_none());
    assert!(contract.countries().is_empty());
}

#[test]
fn a_contract_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Contract>();
    shared::<LoadError>();
}

#[test]
fn a_document_may_nest_as_deep_as_allowed() {
    let inner = (0..40).fold("{ type: string }".to_owned(), |schema, _| {
        format!("{{ type: object, properties: {{ a: {schema} }} }}")
    });
    let contract = minimal("name: { type: string }", &format!("name: {inner}"));
    assert_eq!(contract.operations().count(), OperationKind::REQUIRED);
}

#[test]
fn a_schema_that_contains_itself_loads() {
    let contract = minimal(
        "- $ref: '#/components/schemas/Holder'",
        "- $ref: '#/components/schemas/Card'",
    );
    assert!(contract.operation(OperationKind::ListCards).is_some());
}
