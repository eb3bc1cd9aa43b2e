//! Is this response as the document says?

use serde_json::Value;

use super::operation::{Content, Header, Operation, Response};
use super::source::Source;
use super::violation::{Violation, ViolationKind};
use super::{media_type, words};

/// The headers of a response, in the order of arrival.
type Headers = [(String, String)];

impl Operation {
    /// Everything in which a response departs from the document; nothing when it conforms.
    pub fn check_response(&self, status: u16, headers: &Headers, body: &[u8]) -> Vec<Violation> {
        let Some(response) = self.response(status) else {
            return self.undocumented(status, headers, body);
        };
        let mut violations = check_headers(response, headers, &self.source);
        let check_body = if status >= 400 {
            check_error_body
        } else {
            check_success_body
        };
        violations.extend(check_body(
            response,
            header(headers, "content-type"),
            body,
            &self.source,
        ));
        violations
    }

    fn undocumented(&self, status: u16, headers: &Headers, body: &[u8]) -> Vec<Violation> {
        let at = format!("{}/responses", self.pointer);
        let message = format!(
            "status {status} is not documented; {} are",
            self.documented_statuses()
        );
        let mut violations = vec![rule(
            ViolationKind::UndocumentedStatus,
            message,
            &at,
            &self.source,
        )];
        if says_json(header(headers, "content-type")) {
            violations.extend(
                parse(body, &at, &self.source)
                    .err()
                    .map(|violation| *violation),
            );
        }
        violations
    }
}

/// A success must be what is documented: the media type, and a body of its schema.
fn check_success_body(
    response: &Response,
    sent: Option<&str>,
    body: &[u8],
    source: &Source,
) -> Vec<Violation> {
    if response.contents.is_empty() {
        return Vec::new();
    }
    let at = format!("{}/content", response.pointer);
    let has_json = response
        .contents
        .iter()
        .any(|content| media_type::is_json(&content.media_type));
    if body.is_empty() && has_json {
        let message = "the body is empty, where a JSON body is documented".to_owned();
        return vec![rule(ViolationKind::MissingBody, message, &at, source)];
    }
    match sent.and_then(|sent| documented(response, sent)) {
        Some(content) => check_content(content, sent.unwrap_or_default(), body, &at, source),
        None => {
            let mut violations = vec![wrong_type(response, sent, &at, source)];
            // The label is wrong; what is inside may still be told.
            let json = response
                .contents
                .iter()
                .find(|content| media_type::is_json(&content.media_type));
            if let (Some(content), Ok(value)) = (json, serde_json::from_slice(body)) {
                violations.extend(check_value(content, &value, source));
            }
            violations
        }
    }
}

/// Nothing is asked of the body of an error, except that JSON is JSON, and that of a documented type is of its schema.
fn check_error_body(
    response: &Response,
    sent: Option<&str>,
    body: &[u8],
    source: &Source,
) -> Vec<Violation> {
    let Some(sent) = sent.filter(|sent| says_json(Some(sent))) else {
        return Vec::new();
    };
    match documented(response, sent) {
        Some(content) => check_content(
            content,
            sent,
            body,
            &format!("{}/content", response.pointer),
            source,
        ),
        None => parse(body, &response.pointer, source)
            .err()
            .map(|violation| *violation)
            .into_iter()
            .collect(),
    }
}

fn check_content(
    content: &Content,
    sent: &str,
    body: &[u8],
    at: &str,
    source: &Source,
) -> Vec<Violation> {
    if !media_type::is_json(sent) {
        return Vec::new();
    }
    match parse(body, at, source) {
        Ok(value) => check_value(content, &value, source),
        Err(violation) => vec![*violation],
    }
}

fn check_value(content: &Content, value: &Value, source: &Source) -> Vec<Violation> {
    content
        .schema
        .as_ref()
        .map(|schema| schema.check(value, source))
        .unwrap_or_default()
}

/// The documented media type that a response has; an exact one goes before a range.
fn documented<'a>(response: &'a Response, sent: &str) -> Option<&'a Content> {
    let essence = media_type::essence(sent);
    let covering = || {
        response
            .contents
            .iter()
            .filter(|content| media_type::covers(&content.media_type, &essence))
    };
    covering()
        .find(|content| !content.media_type.contains('*'))
        .or_else(|| covering().next())
}

fn wrong_type(response: &Response, sent: Option<&str>, at: &str, source: &Source) -> Violation {
    let types: Vec<&str> = response
        .contents
        .iter()
        .map(|content| content.media_type.as_str())
        .collect();
    let message = match sent {
        Some(sent) => format!(
            "`Content-Type` is {}, not {}",
            words::quoted(sent),
            types.join(" or ")
        ),
        None => format!(
            "`Content-Type` is missing; {} is documented",
            types.join(" or ")
        ),
    };
    rule(ViolationKind::ContentType, message, at, source)
}

fn says_json(content_type: Option<&str>) -> bool {
    content_type.is_some_and(media_type::is_json)
}

fn parse(body: &[u8], at: &str, source: &Source) -> Result<Value, Box<Violation>> {
    serde_json::from_slice(body).map_err(|error| {
        let message = if body.is_empty() {
            "the body is empty, though `Content-Type` says JSON".to_owned()
        } else {
            format!("the body is not well-formed JSON: {error}")
        };
        Box::new(rule(ViolationKind::NotJson, message, at, source))
    })
}

fn check_headers(response: &Response, headers: &Headers, source: &Source) -> Vec<Violation> {
    response
        .headers
        .iter()
        .filter_map(|documented| check_header(documented, headers, source))
        .collect()
}

fn check_header(documented: &Header, headers: &Headers, source: &Source) -> Option<Violation> {
    let name = &documented.name;
    match header(headers, name) {
        None if documented.is_required => {
            let message = format!("the header `{name}` is missing");
            Some(rule(
                ViolationKind::MissingHeader(name.clone()),
                message,
                &documented.pointer,
                source,
            ))
        }
        None => None,
        Some(text) => {
            let schema = documented.schema.as_ref()?;
            let wrong = schema
                .check(&documented.value(text, source), source)
                .into_iter()
                .next()?;
            let message = format!(
                "the header `{name}` is {}, against `{}`",
                words::quoted(text),
                last(&wrong)
            );
            Some(Violation {
                kind: ViolationKind::Header(name.clone()),
                message,
                ..wrong
            })
        }
    }
}

fn last(violation: &Violation) -> String {
    super::pointer::segments(&violation.schema_pointer)
        .pop()
        .unwrap_or_default()
}

/// The first header of a name, whatever its case.
fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// A violation that is about the message rather than a part of its body.
fn rule(kind: ViolationKind, message: String, at: &str, source: &Source) -> Violation {
    let (instance_path, schema_pointer) = (String::new(), at.to_owned());
    Violation {
        kind,
        message,
        instance_path,
        schema_pointer,
        place: source.place(at),
    }
}
