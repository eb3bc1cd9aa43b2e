//! What came, as the trace keeps it: without secrets and card numbers, and no longer than it need be.

use std::borrow::Cow;
use std::collections::BTreeSet;

use http::HeaderMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::client::Incoming;
use crate::card::{CardId, CardStatus};
use crate::redact::{Masks, card_numbers_in_body, card_numbers_in_header};
use crate::trace::{Headers, Response};

/// Bodies up to this length are kept whole; of longer lists, what concerns the case is.
pub const KEPT_BYTES_MAX: usize = 64 << 10;

/// What the trace keeps of lists.
#[derive(Clone, Copy)]
pub struct Sieve<'a> {
    /// Of a long list, only elements that mention one of these stay (in lower case).
    pub ids: &'a [String],
    /// These cards had ended before the case began, and are left out unless they are shown otherwise.
    pub left_out: &'a BTreeSet<CardId>,
}

/// The response as the trace keeps it; without a sieve, whole.
pub fn recorded(incoming: Incoming, sieve: Option<Sieve<'_>>, masks: &Masks) -> Response {
    let (text, body_is_text) = match String::from_utf8(incoming.body) {
        Ok(text) => (text, true),
        Err(error) => (
            String::from_utf8_lossy(error.as_bytes()).into_owned(),
            false,
        ),
    };
    let (text, excerpt_of) = match sieve.and_then(|sieve| sieve.excerpt(&text)) {
        Some((kept, elements)) => (kept, Some(elements)),
        None => (text, None),
    };
    let body = match card_numbers_in_body(&text) {
        Cow::Owned(masked) => Some(masked),
        Cow::Borrowed(_) => None,
    };
    Response {
        status: incoming.status.as_u16(),
        headers: recorded_headers(&incoming.headers, masks),
        body: masks.apply(body.unwrap_or(text)),
        body_is_text,
        excerpt_of,
    }
}

fn recorded_headers(headers: &HeaderMap, masks: &Masks) -> Headers {
    headers
        .iter()
        .map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes());
            let text = card_numbers_in_header(name.as_str(), &text).into_owned();
            (name.as_str().to_owned(), masks.apply(text))
        })
        .collect()
}

/// What says whether a card has ended.
#[derive(Deserialize)]
struct Brief {
    id: String,
    status: String,
}

impl Sieve<'_> {
    /// The elements of a JSON list that stay, word for word, and how many there were; nothing if all of them stay.
    fn excerpt(self, text: &str) -> Option<(String, usize)> {
        let is_long = text.len() > KEPT_BYTES_MAX;
        if !is_long && self.left_out.is_empty() {
            return None;
        }
        let count = serde_json::from_str::<Vec<IgnoredAny>>(text).ok()?.len();
        let mut kept = Vec::new();
        each_element(text, |element| {
            if !self.leaves_out(element) && (!is_long || self.is_mentioned_in(element)) {
                kept.push(element);
            }
        });
        let is_cut = is_long || kept.len() < count;
        is_cut.then(|| (format!("[{}]", kept.join(",")), count))
    }

    fn is_mentioned_in(self, element: &str) -> bool {
        let element = element.to_ascii_lowercase();
        self.ids.iter().any(|id| element.contains(id.as_str()))
    }

    fn leaves_out(self, element: &str) -> bool {
        if self.left_out.is_empty() {
            return false;
        }
        let card = serde_json::from_str::<Brief>(element);
        card.is_ok_and(|Brief { id, status }| {
            self.left_out.contains(&CardId::new(id))
                && CardStatus::from_wire(&status).is_some_and(CardStatus::is_final)
        })
    }
}

/// The elements of a list that is known to be JSON, one after the other: a hostile one has millions.
fn each_element<'t>(list: &'t str, mut each: impl FnMut(&'t str)) {
    let (mut depth, mut in_string, mut escaped, mut start) = (0_usize, false, false, 0);
    for (at, byte) in list.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                if depth == 1 {
                    start = at + 1;
                }
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    each(list[start..at].trim());
                }
            }
            b',' if depth == 1 => {
                each(list[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// What a body says that is read by the way; nothing if it is no JSON, or too long to be kept.
pub fn said(response: &Response) -> Value {
    match response.body.len() <= KEPT_BYTES_MAX {
        true => serde_json::from_str(&response.body).unwrap_or_default(),
        false => Value::Null,
    }
}

/// The id of the card that a successful answer shows. Absurdly long ones are no ids.
pub fn card_id(response: &Response) -> Option<String> {
    const LENGTH_MAX: usize = 128;
    if !(200..300).contains(&response.status) {
        return None;
    }
    let body: Value = serde_json::from_str(&response.body).ok()?;
    let id = body.get("id")?.as_str()?;
    (1..=LENGTH_MAX).contains(&id.len()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};

    use super::*;

    fn incoming(body: &[u8]) -> Incoming {
        Incoming {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: body.to_vec(),
            surplus: false,
            room: None,
        }
    }

    fn sifted(body: &str, ids: &[String], left_out: &[&str]) -> Response {
        let left_out = left_out.iter().map(CardId::new).collect();
        let sieve = Sieve {
            ids,
            left_out: &left_out,
        };
        recorded(incoming(body.as_bytes()), Some(sieve), &Masks::default())
    }

    #[test]
    fn cards_that_had_ended_are_left_out_unless_they_are_shown_otherwise() {
        let card =
            |id: &str, status: &str| format!("{{ \"id\": \"{id}\", \"status\": \"{status}\" }}");
        let rest = format!("{}, {}", card("b", "terminated"), card("c", "active"));
        let body = format!("[{}, {rest}]", card("A", "terminated"));
        let response = sifted(&body, &[], &["a", "c"]);
        assert_eq!(response.excerpt_of, Some(3));
        assert_eq!(response.body, format!("[{}]", rest.replace(", {", ",{")));
        let whole = sifted(&body, &[], &["c"]);
        assert_eq!((whole.body, whole.excerpt_of), (body, None));
    }

    #[test]
    fn a_long_list_is_cut_to_what_concerns_the_case() {
        let element =
            |id: usize, odd: &str| format!("{{ \"id\": \"CARD-{id}.\", \"odd\": {odd} }}");
        let odd = r#""a,]}\"[{\\", "n": [1, {"x": 1.50}]"#;
        let list: Vec<_> = (0..3000).map(|id| element(id, odd)).collect();
        let body = format!(" [ {} ] ", list.join(" ,\n"));
        let ids = ["card-7.".to_owned(), "card-2999.".to_owned()];
        let response = sifted(&body, &ids, &[]);
        assert_eq!(response.excerpt_of, Some(3000));
        assert_eq!(
            response.body,
            format!("[{},{}]", element(7, odd), element(2999, odd))
        );
        let none = sifted(&body, &[], &[]);
        assert_eq!((none.body.as_str(), none.excerpt_of), ("[]", Some(3000)));
    }

    #[test]
    fn what_is_no_long_list_stays_whole() {
        let long = "x".repeat(KEPT_BYTES_MAX + 1);
        for body in [
            "[1,2]".to_owned(),
            format!("{{\"a\":\"{long}\"}}"),
            format!("[{long}"),
        ] {
            let response = sifted(&body, &[], &[]);
            assert_eq!(response.body, body);
            assert_eq!(response.excerpt_of, None);
        }
        let empty = format!("[{}]", " ".repeat(KEPT_BYTES_MAX));
        let response = sifted(&empty, &[], &[]);
        assert_eq!(
            (response.body.as_str(), response.excerpt_of),
            ("[]", Some(0))
        );
    }

    #[test]
    fn neither_secret_nor_card_number_is_kept() {
        let masks = Masks::default();
        masks.add("hunter2hunter2");
        masks.add("short");
        let mut echo =
            incoming(b"{\"was\":\"hunter2hunter2\",\"pan\":4111111111111111,\"s\":\"short\"}");
        for (name, value) in [
            ("x-echo", "Bearer hunter2hunter2"),
            ("x-pan", "4111111111111111"),
        ] {
            echo.headers.insert(name, HeaderValue::from_static(value));
        }
        let response = recorded(echo, None, &masks);
        assert_eq!(
            response.body,
            "{\"was\":\"[redacted]\",\"pan\":\"[card number 411111******1111]\",\"s\":\"short\"}"
        );
        assert_eq!(response.header("x-echo"), Some("Bearer [redacted]"));
        assert_eq!(
            response.header("x-pan"),
            Some("[card number 411111******1111]")
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_told() {
        let response = recorded(incoming(b"a\xffb"), None, &Masks::default());
        assert_eq!(
            (response.body.as_str(), response.body_is_text),
            ("a\u{fffd}b", false)
        );
    }

    #[test]
    fn a_card_id_is_a_text_of_a_success() {
        for (status, body, id) in [
            (201, r#"{"id":"C-1"}"#.to_owned(), Some("C-1")),
            (200, r#"{"id":"C-1"}"#.to_owned(), Some("C-1")),
            (400, r#"{"id":"C-1"}"#.to_owned(), None),
            (201, r#"{"id":7}"#.to_owned(), None),
            (201, r#"{"id":""}"#.to_owned(), None),
            (201, format!("{{\"id\":\"{}\"}}", "x".repeat(129)), None),
            (201, "[".to_owned(), None),
        ] {
            let mut response = recorded(incoming(body.as_bytes()), None, &Masks::default());
            response.status = status;
            assert_eq!(card_id(&response).as_deref(), id, "{status} {body}");
        }
    }
}
