//! What OpenAPI 3.0 means by a response, on the small document.

use serde_json::json;

use super::*;

const JSON: &str = "application/json";

#[test]
fn documented_headers_are_checked() {
    let contract = minimal("Minimal", "Minimal");
    let read = contract.operation(OperationKind::GetCard).unwrap();
    let body = br#"{"id":"9b1d6a52-3c0f-4f7e-8a94-2e6c7d5b4f10","status":"active"}"#;
    let rows: [(&[(&str, &str)], &str); 5] = [
        (&[("etag", "\"1\"")], ""),
        (&[("ETAG", "\"1\""), ("x-count", " 7 ")], ""),
        (&[], "the header `ETag` is missing"),
        (
            &[("etag", "1")],
            "the header `ETag` is \"1\", against `pattern`",
        ),
        (
            &[("etag", "\"1\""), ("x-count", "many")],
            "the header `X-Count` is \"many\", against `type`",
        ),
    ];
    for (sent, expected) in rows {
        let mut headers = vec![("content-type".to_owned(), JSON.to_owned())];
        headers.extend(
            sent.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        assert_eq!(
            messages(&read.check_response(200, &headers, body)),
            expected,
            "{sent:?}"
        );
    }
}

#[test]
fn ranges_and_default_document_a_status() {
    let contract = minimal("Minimal", "Minimal");
    let create = contract.operation(OperationKind::CreateCard).unwrap();
    assert!(create.documents(201) && create.documents(422) && !create.documents(500));
    let read = contract.operation(OperationKind::GetCard).unwrap();
    assert!(read.documents(599));
    let terminate = contract.operation(OperationKind::TerminateCard).unwrap();
    assert_eq!(
        (terminate.success_status(), terminate.documents(200)),
        (204, true)
    );
    assert_eq!(
        terminate.place(),
        Some(Place {
            line: 33,
            column: 5
        })
    );
}

#[test]
fn what_is_3_0_only_keeps_its_meaning() {
    let contract = minimal("Minimal", "Minimal");
    let read = contract.operation(OperationKind::GetCard).unwrap();
    let headers = [
        ("content-type".to_owned(), JSON.to_owned()),
        ("etag".to_owned(), "\"".to_owned()),
    ];
    let card = json!({ "id": "9b1d6a52-3c0f-4f7e-8a94-2e6c7d5b4f10", "status": "active" });
    let rows = [
        ("/network", json!(null), ""),
        ("/network", json!("visa"), ""),
        (
            "/network",
            json!("x"),
            "`network` is \"x\", not one of \"visa\", \"mastercard\", null",
        ),
        (
            "/network",
            json!(1),
            "`network` is 1, not a string or null; ",
        ),
        ("/status", json!(null), "`status` is null, not a"),
        ("/holder", json!(null), ""),
        ("/holder", json!({ "name": "Kari" }), ""),
        ("/holder", json!({}), "`holder.name` is missing"),
        ("/holder", json!(7), "`holder` "),
    ];
    for (pointer, value, expected) in rows {
        let body = with(&card, pointer, Some(value)).to_string();
        let violations = read.check_response(200, &headers, body.as_bytes());
        let told = messages(&violations);
        let alike = expected
            .trim_end_matches("; ")
            .split(", not")
            .all(|part| told.contains(part));
        assert!(
            alike && told.is_empty() == expected.is_empty(),
            "{body}: {told}"
        );
    }
}
