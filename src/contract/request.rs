//! Is this request body one that the document calls valid, one that it calls invalid, or neither?

use serde_json::Value;

use super::operation::Operation;
use super::pointer;
use super::source::Source;
use super::view::View;
use super::violation::Violation;

/// How long a text may be before its length is an open point, in UTF-16 units: many languages count in those.
const TEXT_UNITS_SURE: usize = 35;
const POST_CODE_UNITS_SURE: usize = 10;

/// What the document says about a request body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestBody {
    /// It must be accepted.
    Valid,
    /// It must be refused.
    Invalid(Vec<Violation>),
    /// It fits the schema, but touches what the contract leaves open: it may be accepted or refused.
    Open(Vec<OpenPoint>),
}

/// Something in a request body that the contract leaves open, by JSON pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenPoint {
    /// A property that the document doesn't name.
    UnknownProperty(String),
    /// An empty string, or one of blanks alone, of which no schema states the least length.
    EmptyString(String),
    /// A string so long that it may be refused, of which no schema states what is allowed.
    LongString(String),
    /// A null for an optional property, which may be taken as its absence.
    NullOptional(String),
    /// A string with a character that is no text.
    ControlCharacter(String),
    /// A body where the document describes none.
    UndescribedBody,
}

impl Operation {
    /// Judges a request body.
    pub fn check_request_body(&self, body: &Value) -> RequestBody {
        let Some(request) = &self.request else {
            return RequestBody::Open(vec![OpenPoint::UndescribedBody]);
        };
        let Some(schema) = &request.schema else {
            return RequestBody::Valid;
        };
        let view = View::of(&self.source, &schema.pointer, body);
        let mut points = Vec::new();
        collect(&view, body, "", &mut points);
        let violations = schema.check(&without_open_nulls(body, &points), &self.source);
        if !violations.is_empty() {
            RequestBody::Invalid(violations)
        } else if points.is_empty() {
            RequestBody::Valid
        } else {
            RequestBody::Open(points)
        }
    }
}

/// The body as a reader sees it who takes null for absent.
fn without_open_nulls(body: &Value, points: &[OpenPoint]) -> Value {
    let mut body = body.clone();
    for point in points {
        if let OpenPoint::NullOptional(at) = point {
            pointer::take_out(&mut body, at);
        }
    }
    body
}

fn collect(view: &View<'_>, value: &Value, at: &str, points: &mut Vec<OpenPoint>) {
    match value {
        Value::String(text) => collect_text(view, text, at, points),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(
                    &view.items(item),
                    item,
                    &pointer::join(at, &index.to_string()),
                    points,
                );
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                collect_member(view, name, member, &pointer::join(at, name), points);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn collect_member(
    view: &View<'_>,
    name: &str,
    member: &Value,
    at: &str,
    points: &mut Vec<OpenPoint>,
) {
    let Some(inner) = view.property(name, member) else {
        points.push(OpenPoint::UnknownProperty(at.to_owned()));
        return;
    };
    if member.is_null() && !inner.allows_null() && !view.requires(name) {
        points.push(OpenPoint::NullOptional(at.to_owned()));
        return;
    }
    collect(&inner, member, at, points);
}

fn collect_text(view: &View<'_>, text: &str, at: &str, points: &mut Vec<OpenPoint>) {
    if text.trim().is_empty() && !view.states(&["minLength", "enum"]) {
        points.push(OpenPoint::EmptyString(at.to_owned()));
    }
    let sure = if at.ends_with("/postCode") {
        POST_CODE_UNITS_SURE
    } else {
        TEXT_UNITS_SURE
    };
    if text.encode_utf16().count() > sure && !view.states(&["maxLength", "enum", "format"]) {
        points.push(OpenPoint::LongString(at.to_owned()));
    }
    if text.chars().any(is_no_text) {
        points.push(OpenPoint::ControlCharacter(at.to_owned()));
    }
}

/// Characters that readers refuse or drop with some right: controls, those that turn the direction of text, noncharacters,
/// the byte order mark, those of private use, and the planes in which nothing is assigned.
pub fn is_no_text(character: char) -> bool {
    let code = u32::from(character);
    character.is_control()
        || code & 0xfffe == 0xfffe
        || matches!(code,
            0x200e | 0x200f | 0x202a..=0x202e | 0x2066..=0x2069 | 0xfeff | 0xfdd0..=0xfdef
            | 0xe000..=0xf8ff | 0x4_0000..=0xd_ffff | 0xf_0000..=0x10_ffff)
}

/// The values that the document gives for one member of a request body, through `path`; none if it gives no list.
pub(super) fn options(source: &Source, schema: &str, path: &[&str]) -> Vec<String> {
    let mut view = View::of(source, schema, &Value::Null);
    for name in path {
        match view.property(name, &Value::Null) {
            Some(inner) => view = inner,
            None => return Vec::new(),
        }
    }
    view.options()
}
