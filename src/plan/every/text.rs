//! A body as a whole: no JSON, half of it, another kind of thing, with names that nobody knows or that stand
//! twice.

use serde_json::{Value, json};

use super::Draft;
use super::member::{Purpose, Template};
use crate::case::{Body, Case, Encoding, Step};

/// The cases of bodies as a whole.
pub(super) fn cases(template: &Template<'_>) -> Vec<Case> {
    let whole = template.standard.to_string();
    let case = |name: &str, title: &str, bodies| {
        template.case_of(named(template, name), title.to_owned(), bodies)
    };
    let mut cases = vec![
        case(
            "body-cut",
            "A body that ends too early is refused",
            cut(&whole),
        ),
        case(
            "body-no-json",
            "A body that is not JSON is refused",
            no_json(&whole, template.purpose),
        ),
        case(
            "body-other-json",
            "JSON that is no object is refused",
            other_json(&whole),
        ),
        case(
            "body-unknown-members",
            "Members that the contract doesn't know are ignored, or refused",
            unknown_members(template),
        ),
        case(
            "body-repeated-members",
            "A member that stands twice, with one value, is accepted or refused",
            repeated_members(template),
        ),
        media_types(template),
    ];
    cases.extend(Encoding::ALL.map(|encoding| encoded(template, encoding)));
    cases
}

/// Those of a create are called what they have always been called.
fn named(template: &Template<'_>, name: &str) -> String {
    match template.purpose {
        Purpose::Card(_) => name.to_owned(),
        Purpose::Subscription => format!("subscription-{name}"),
    }
}

fn cut(whole: &str) -> Vec<Body> {
    let length = whole.len();
    [0, 1, length / 4, length / 2, 3 * length / 4, length - 1]
        .into_iter()
        .filter_map(|at| whole.get(..at))
        .map(|text| Body::Text(text.to_owned()))
        .collect()
}

fn no_json(whole: &str, purpose: Purpose) -> Vec<Body> {
    // A text of the standard body, and what comes of it.
    let (text, odd, unknown) = match purpose {
        Purpose::Card(_) => ("London", "Lon\u{1}don", "Lon\\xdon"),
        Purpose::Subscription => ("card.updated", "card\u{1}updated", "card\\xupdated"),
    };
    let quoted = format!("\"{text}\"");
    let texts = [
        "card".to_owned(),
        "<card/>".to_owned(),
        "type=virtual".to_owned(),
        whole.replace('"', "'"),
        whole.replacen(',', ",,", 1),
        whole.replacen('}', ",}", 1),
        whole.replacen(':', "=", 1),
        whole.replacen('{', "{// a comment\n", 1),
        whole.replacen(text, odd, 1),
        whole.replacen(text, unknown, 1),
        whole.replacen(&quoted, "NaN", 1),
        whole.replacen(&quoted, "undefined", 1),
        format!("{whole}{whole}"),
        format!("{whole}]"),
        "[".repeat(2_000),
    ];
    texts.map(Body::Text).to_vec()
}

fn other_json(whole: &str) -> Vec<Body> {
    ["null", "true", "0", "1e400", "\"\"", "[]", "{}"]
        .map(str::to_owned)
        .into_iter()
        .chain([format!("[{whole}]"), Value::from(whole).to_string()])
        .map(Body::Text)
        .collect()
}

fn unknown_members(template: &Template<'_>) -> Vec<Body> {
    let unknown = json!({ "aMemberThatNobodyKnows": { "__proto__": [1, null] } });
    let inside = objects(template).map(|name| json!({ name: unknown }));
    // What some readers take for the object that theirs is made of.
    let ancestor = json!({ "__proto__": { "aMemberThatNobodyKnows": true } });
    [unknown.clone(), ancestor]
        .into_iter()
        .chain(inside)
        .chain(shown_members(template.purpose))
        .map(Body::Patched)
        .collect()
}

/// What only an answer has, and no request may decide.
fn shown_members(purpose: Purpose) -> Vec<Value> {
    const ELSEWHERE: &str = "5ca1ab1e-0000-4000-8000-000000000000";
    match purpose {
        Purpose::Card(_) => vec![
            json!({ "status": "active" }),
            json!({ "status": "terminated" }),
            json!({ "accountId": ELSEWHERE }),
            // Each would be a card that was updated before it was created.
            json!({ "createdAt": "2101-02-03T04:05:06Z" }),
            json!({ "updatedAt": "2001-02-03T04:05:06Z" }),
            // None of them can stand so on a card.
            json!({ "network": "paper", "maskedPan": "no number", "expirationDate": "never" }),
            // Twice, for no two cards have one id.
            json!({ "id": ELSEWHERE }),
            json!({ "id": ELSEWHERE, "name": "Somebody Else" }),
        ],
        Purpose::Subscription => Vec::new(),
    }
}

/// Once outside and once in each object.
fn repeated_members(template: &Template<'_>) -> Vec<Body> {
    let twice = |value: &Value| {
        let object = value.as_object()?;
        let (name, first) = object.iter().find(|(_, value)| !value.is_object())?;
        let again = format!("{{{}:{first},", Value::from(name.as_str()));
        Some(value.to_string().replacen('{', &again, 1))
    };
    let outside = twice(&template.standard).map(Body::Text);
    let inside = objects(template).filter_map(|name| {
        let text = twice(&template.standard[name])?;
        Some(template.with_text(&[name.to_owned()], &text))
    });
    outside.into_iter().chain(inside).collect()
}

fn objects<'f>(template: &'f Template<'_>) -> impl Iterator<Item = &'f str> {
    let members = template.standard.as_object().into_iter().flatten();
    members
        .filter(|(_, value)| value.is_object())
        .map(|(name, _)| name.as_str())
}

/// A body that is not in plain UTF-8, and a good one. The text has what each encoding writes otherwise: a space, a letter of two
/// bytes and a sign of four.
fn encoded(template: &Template<'_>, encoding: Encoding) -> Case {
    let text = "Zürich 🏠";
    let body = match template.purpose {
        Purpose::Card(_) => json!({ "billingAddress": { "city": text } }),
        Purpose::Subscription => json!({ "aMemberThatNobodyKnows": text }),
    };
    let mut draft = Draft::default();
    draft.tell(Step {
        encoding: Some(encoding),
        ..template.step('A', Body::Patched(body))
    });
    template.look(&mut draft);
    let made = draft.tell(template.step('B', Body::Standard));
    template.read_back(&mut draft, made);
    let name = format!("body-{encoding}").to_lowercase().replace(' ', "-");
    draft.case(
        named(template, &name),
        format!("A body {encoding} is refused, or read as it was meant"),
    )
}

fn media_types(template: &Template<'_>) -> Case {
    let mut draft = Draft::default();
    let sent = |account, media_type: &str| Step {
        media_type: Some(media_type.to_owned()),
        ..template.step(account, Body::Standard)
    };
    for media_type in [
        "text/plain",
        "text/html",
        "application/xml",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
    ] {
        draft.tell(sent('A', media_type));
    }
    template.look(&mut draft);
    for (account, json) in [
        ('A', "application/json; charset=utf-8"),
        ('B', "Application/JSON"),
    ] {
        let made = draft.tell(sent(account, json));
        template.read_back(&mut draft, made);
    }
    draft.case(
        named(template, "body-media-types"),
        "A body that calls itself something other than JSON is refused".to_owned(),
    )
}
