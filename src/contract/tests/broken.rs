//! What is said about documents that don't load.

use super::*;

/// Loads a document, and tells the error as `line:column found / advice`.
fn told(text: &str) -> String {
    match Contract::parse("api.yaml", text) {
        Ok(_) => "loads".to_owned(),
        Err(error) => {
            let place = error
                .place()
                .map_or("-".to_owned(), |p| format!("{}:{}", p.line, p.column));
            let drawn = error.to_string();
            assert!(
                drawn.starts_with(&format!("error: {}", error.found())),
                "{drawn}"
            );
            assert!(
                drawn.contains("api.yaml") && drawn.contains(error.advice()),
                "{drawn}"
            );
            format!("{place} {} / {}", error.found(), error.advice())
        }
    }
}

/// Whether an error is the expected one: its place, then its words in order, with `..` between them.
fn is_told(told: &str, expected: &str) -> bool {
    let (place, words) = expected.split_once(' ').expect("a place and words");
    let Some(mut rest) = told.strip_prefix(place) else {
        return false;
    };
    words.split("..").all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

/// Fails with every document of which something else is told than expected.
fn check(documents: impl IntoIterator<Item = (String, &'static str)>) {
    let told = documents
        .into_iter()
        .map(|(text, expected)| (told(&text), expected));
    let wrong: Vec<_> = told
        .filter(|(told, expected)| !is_told(told, expected))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_broken_document_is_refused_at_its_place() {
    // What is replaced, by what, and the error: place, found, advice (`..` skips).
    let rows = [
        (
            "openapi: 3.0.3",
            "openapi: 3.2.0",
            "1:1 this is an OpenAPI 3.2.0 document; OpenAPI 3.0 and 3.1 are supported / write it as",
        ),
        (
            "openapi: 3.0.3",
            "openapi: 3.0",
            "1:1 `openapi` is a number, not a text / write `openapi: 3.0.3`",
        ),
        (
            "openapi: 3.0.3",
            "swagger: '2.0'",
            "1:1 this is a Swagger 2.0 document..convert it",
        ),
        (
            "openapi: 3.0.3\n",
            "",
            "1:1 the document doesn't say which OpenAPI it follows",
        ),
        (
            "  title: Minimal\n",
            "",
            "2:1 this OpenAPI object can't be read: missing field `title`",
        ),
        (
            "version: '7'",
            "version: 7",
            "4:3 ..what was found is integer `7`, expected a string",
        ),
        (
            "        in: path\n",
            "",
            "8:9 this Parameter object can't be read: missing field `in`",
        ),
        (
            "        in: path\n",
            "        in: body\n",
            "9:9 this Parameter object..unknown variant `body`",
        ),
        (
            "        201: {",
            "        2O1: {",
            "19:9 \"2O1\" is no key of `responses` / write a status",
        ),
        ("        4XX: {", "        4xx: {", "20:9 \"4xx\" is no key"),
        (
            "        4XX: { description: refused }",
            "        4XX: refused",
            "20:9 this Response object can't be read: what was found is string",
        ),
        (
            "{ description: refused }",
            "{}",
            "20:9 ..missing field `description`",
        ),
        (
            "{ description: refused }",
            "{ descripton: refused }",
            "20:16 \"descripton\" isn't a field of the Response object..did you mean `description`?",
        ),
        (
            "      responses:\n        2XX: { description: done }",
            "      responses: [done]",
            "34:7 this Operation object can't be read: a list was found",
        ),
        (
            "        2XX: { description: done }",
            "        404: { description: none }",
            "34:7 `DELETE /cards/{}` documents no success / describe its 204 response",
        ),
        (
            "  /cards/{id}/deactivate:",
            "  /cards/{id}/pause:",
            "5:1 the document has no `PATCH /cards/{}/deactivate` (deactivate a card) / the nearest path is \"/cards/{id}/",
        ),
        (
            "  /cards:\n    get:",
            "  /cards:\n    put:",
            "5:1 the document has no `GET /cards` (list the programme's cards) / describe GET under \"/cards\"",
        ),
        (
            "  /cards/{id}/activate:",
            "  /cards/{c}/deactivate:",
            "40:3 `PATCH /cards/{}/deactivate` is described twice",
        ),
        (
            "  /cards:\n",
            "  cards:\n",
            "24:3 \"cards\" is no key of `paths` / a path starts with `/`",
        ),
        (
            "responses/Card' }",
            "responses/Crad' }",
            "19:16 \"#/components/responses/Crad\" leads nowhere / did you mean \"Card\"?",
        ),
        (
            "'#/components/responses/Card' }",
            "'other.yaml#/Card' }",
            "19:16 \"other.yaml#/Card\" leads out of this file / bundle",
        ),
        (
            "'#/components/responses/Card' }",
            "'#/components/schemas/Card' }",
            "19:16 ..doesn't lead to a Response object",
        ),
        (
            "'#/components/responses/Card' }",
            "5 }",
            "19:16 this `$ref` isn't a text",
        ),
        (
            "'#/components/responses/Card' }",
            "'#Card' }",
            "19:16 \"#Card\" isn't a JSON pointer",
        ),
        (
            "    Cards:\n      description: cards\n",
            "    Other: { $ref: '#/components/responses/Other' }\n    Cards:\n      description: cards\n",
            "55:14 ..leads back to itself",
        ),
        (
            "{ type: string, format: uuid }",
            "{ type: strng, format: uuid }",
            "76:15 \"strng\" is no type of OpenAPI 3.0 / did you mean `string`?",
        ),
        (
            "{ type: string, format: uuid }",
            "{ type: [string, 'null'] }",
            "76:15 `type` is a list, not a text / write one of string, number, integer, boolean, array, object; with `nullable: true` if it may be null",
        ),
        (
            "      required: [id, status]",
            "      required: true",
            "74:7 this Schema object can't be read: what was found is boolean `true`, expected a list",
        ),
        (
            "      required: [id, status]",
            "      requierd: [id, status]",
            "74:7 \"requierd\" isn't a field of the Schema object..did you mean `required`?",
        ),
        (
            "      required: [id, status]",
            "      required: [id, id]",
            "74:7 this schema can't be used: ..non-unique",
        ),
        (
            "'^[0-9]{6}\\*{6}[0-9]{4}$'",
            "'^[0-9{6}'",
            "88:11 this schema can't be used: ..regex",
        ),
        (
            "            items: { $ref: '#/components/schemas/Card' }\n",
            "",
            "59:11 this array doesn't say what its items are / add `items`",
        ),
        (
            "          nullable: true\n          enum",
            "          const: visa\n          enum",
            "80:11 \"const\" isn't a field of the Schema object..write `enum` with one value",
        ),
        (
            "        next: { $ref",
            "        next: { nullable: true, $ref",
            "71:17 \"nullable\" has no effect beside a `$ref`..`allOf`",
        ),
        (
            "    Holder:\n      type: object\n",
            "    Holder:\n      type: object\n      maxProperties: -1\n",
            "91:7 this Schema object..expected a whole number",
        ),
        (
            "  schemas:\n",
            "  schemas:\n    Card: {}\n",
            "73:5 the key \"Card\" stands twice in one mapping / keep one of the two; the first is on line 63",
        ),
    ];
    check(rows.map(|(from, to, expected)| (edited(MINIMAL, from, to), expected)));
}

#[test]
fn a_text_that_is_no_document_is_refused() {
    let deep_list = "- ".repeat(10_000);
    let deep_keys = "? ".repeat(10_000);
    let deep_flow = "[".repeat(10_000);
    let deep_map = (0..3_000)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect::<String>();
    let bomb = (1..12).fold(
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(),
        |text, n| {
            let alias = format!("*a{}", n - 1);
            text + &format!("a{n}: &a{n} [{}]\n", [alias.as_str(); 9].join(", "))
        },
    );
    let chain = (1..10_000).fold("a0: &a0 []\n".to_owned(), |text, n| {
        text + &format!("a{n}: &a{n} [*a{}]\n", n - 1)
    });
    let rows: [(&str, &'static str); 22] = [
        ("", "- the file is empty"),
        (" \n\u{feff}", "- the file is empty"),
        ("# only a comment\n", "- the file is empty"),
        ("---\n", "2:1 the document is null, not an OpenAPI object"),
        ("just text", "1:1 the document is a string"),
        ("[1, 2]", "1:1 the document is a list"),
        (
            "openapi: 3.0.3\n---\nopenapi: 3.0.3\n",
            "2:1 a second YAML document starts here",
        ),
        ("{\"openapi\": \"3.0.3\"}\n{}", "2:1 "),
        (
            "openapi: 'open",
            "1:10 this isn't well-formed YAML or JSON: while scanning a quoted scalar",
        ),
        ("a: b: c", "1:5 this isn't well-formed"),
        ("a:\n\t- b", "2:2 this isn't well-formed"),
        (
            "a: *nowhere",
            "1:4 this isn't well-formed YAML or JSON: while parsing node, found unknown anchor",
        ),
        (
            "a: &a [*a]",
            "1:8 this alias stands for a part that contains it",
        ),
        (
            "a: 1\n<<: {b: 2}",
            "2:1 the merge key `<<` isn't part of YAML 1.2",
        ),
        ("? [a]\n: b", "1:3 this key isn't plain text"),
        ("a: .nan", "1:4 \".nan\" has no JSON value"),
        (
            &deep_list,
            "1:201 the document nests deeper than 100 levels",
        ),
        (&deep_keys, "1:3 this key isn't plain text"),
        (&deep_flow, "1:256 the document nests deeper"),
        (&deep_map, "101:101 the document nests deeper"),
        (&bomb, "6:5 the document has more than 200000 parts"),
        (&chain, "100:12 the document nests deeper"),
    ];
    check(rows.map(|(text, expected)| (text.to_owned(), expected)));
}
