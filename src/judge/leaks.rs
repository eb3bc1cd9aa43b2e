//! Card data in what a target sends (LEAK-1, LEAK-2): what the redaction has masked, and what makes a mark a departure.
//!
//! Sixteen digits by chance are of a card range with a right check digit once in fifty times. So plain digits are a card
//! number only where something says so: a name before them, or a card of the case that has them. Encoded ones need
//! nothing more, since what decodes to a card number is no chance.

mod parts;

use super::follow::{Found, Judge, Scene};
use crate::redact::{
    CARD_NUMBER_MARK, CODE_MARK, ENCODED_NUMBER_MARK, card_numbers_in_body, card_numbers_in_header,
};
use crate::requirement::id;
use crate::trace::{CaseTrace, Exchange, Headers, Reply};
use crate::world::Moment;

pub(super) use parts::in_parts;

/// Names of a card's number (letters and digits alone, in lower case), as a member, a header field or in prose.
const NUMBER_NAMES: [&str; 14] = [
    "pan",
    "maskedpan",
    "fullpan",
    "cardpan",
    "rawpan",
    "card",
    "cardno",
    "cardnumber",
    "cardnum",
    "ccnumber",
    "creditcardnumber",
    "debitcardnumber",
    "primaryaccountnumber",
    "embossednumber",
];

/// Card data that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leak {
    /// A full card number; what stands there in words.
    Number(String),
    /// Perhaps one: it is, if a card of the case has these first six and last four digits.
    Doubtful(String),
    /// A CVV, a PIN or a PIN block; what stands there in words.
    Code(String),
}

/// LEAK-1 and LEAK-2 for one response.
pub(super) fn check(judge: &mut Judge<'_>, scene: &Scene<'_>) {
    judge.show(id::LEAK_1);
    judge.show(id::LEAK_2);
    let (mut number, mut code) = (None, None);
    for leak in leaks(&scene.response.headers, &scene.response.body) {
        match leak {
            Leak::Number(words) => drop(number.get_or_insert(words)),
            Leak::Code(words) => drop(code.get_or_insert(words)),
            // Which numbers the cards of the case have may show later.
            Leak::Doubtful(_) if judge.marked.last() == Some(&scene.moment) => {}
            Leak::Doubtful(_) => judge.marked.push(scene.moment),
        }
    }
    if let Some(words) = number {
        judge.depart(scene, &[id::LEAK_1], number_found(&words));
        judge.marked.retain(|moment| *moment != scene.moment);
    }
    if let Some(words) = code {
        let found = Found::plain(
            "a CVV or PIN in a response",
            "no CVV, no PIN and no PIN block".into(),
            format!("{words}, masked in this report"),
        );
        judge.depart(scene, &[id::LEAK_2], found);
    }
}

/// Looks at doubtful numbers again once the cards' masked numbers are known. What shows such a leak is the later of the two
/// answers: the one that has the number, and the one that says whose it is.
pub(super) fn of_this_case(judge: &mut Judge<'_>) {
    let facts = judge.facts.values();
    let own: Vec<String> = facts
        .filter_map(|facts| facts.masked_number().map(str::to_owned))
        .collect();
    for moment in std::mem::take(&mut judge.marked) {
        let exchange = &judge.trace.exchanges[moment];
        let Reply::Got(response) = &exchange.reply else {
            continue;
        };
        let is_own = |digits: &String| own.contains(digits);
        let leaks = leaks(&response.headers, &response.body).into_iter();
        let leaked = leaks.filter_map(|leak| match leak {
            Leak::Doubtful(digits) => Some(digits).filter(is_own),
            Leak::Number(_) | Leak::Code(_) => None,
        });
        let Some(known) = leaked.map(|digits| first_shown(judge.trace, &digits)).min() else {
            continue;
        };
        let words = match known > moment {
            true => format!(
                "that of a card of this case, in the answer to {}",
                exchange.step
            ),
            false => "that of a card of this case".to_owned(),
        };
        judge.depart_at(known.max(moment), &[id::LEAK_1], number_found(&words));
    }
}

/// The first exchange whose answer has the masked number.
fn first_shown(trace: &CaseTrace, masked: &str) -> Moment {
    let shows = |exchange: &Exchange| match &exchange.reply {
        Reply::Got(response) => response.body.contains(masked),
        _ => false,
    };
    let place = trace.exchanges.iter().position(shows);
    place.unwrap_or_default()
}

fn number_found(words: &str) -> Found {
    Found::plain(
        "a full card number in a response",
        "no card number in full".into(),
        format!("{words}, masked in this report"),
    )
}

/// The card data in the header fields and the body of a message.
pub(super) fn leaks(headers: &Headers, body: &str) -> Vec<Leak> {
    let fields = headers.iter().filter(|(_, value)| may_leak(value));
    let mut leaks: Vec<Leak> = fields
        .flat_map(|(name, value)| {
            let masked = card_numbers_in_header(name, value);
            in_text(&format!("{name}: {masked}"))
        })
        .collect();
    leaks.extend(in_text(&card_numbers_in_body(body)));
    leaks
}

/// Short values and those without digits are spared the search.
fn may_leak(value: &str) -> bool {
    value.contains('[') || value.bytes().any(|b| b.is_ascii_digit())
}

/// The card data in a masked text.
pub(super) fn in_text(masked: &str) -> Vec<Leak> {
    if !masked.contains("card ") {
        return Vec::new();
    }
    let mut leaks = Vec::new();
    for (at, _) in masked.match_indices('[') {
        let (before, mark) = masked.split_at(at);
        if mark.starts_with(ENCODED_NUMBER_MARK) {
            leaks.push(Leak::Number("an encoded card number".to_owned()));
        } else if let Some(digits) = mark.strip_prefix(CARD_NUMBER_MARK) {
            let name = name_before(before);
            let (digits, behind) = digits.split_once(']').unwrap_or((digits, ""));
            // An id may have a word and a number, whatever the word.
            let is_in_a_word = before.ends_with(is_of_a_word) || behind.starts_with(is_of_a_word);
            leaks.push(match is_number_name(name) && !is_in_a_word {
                true => Leak::Number(format!("a card number after `{name}`")),
                false => Leak::Doubtful(digits.to_owned()),
            });
        } else if mark.starts_with(CODE_MARK) {
            leaks.push(Leak::Code(format!(
                "digits after `{}`",
                name_before(before)
            )));
        }
    }
    leaks
}

fn is_of_a_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The last word before a value: a member's name, a form field's, a word of prose.
fn name_before(before: &str) -> &str {
    const BETWEEN: [char; 12] = [
        ' ', '"', '\'', '\\', ':', '=', '\t', '\n', '#', '[', '(', '.',
    ];
    let mut before = before.trim_end_matches(BETWEEN);
    for filler in [" is", " no", " number"] {
        // `card number 4111…` and `card is 4111…` are about a card.
        before = before.strip_suffix(filler).unwrap_or(before);
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let start = before
        .char_indices()
        .rev()
        .take_while(|(_, c)| is_part(*c))
        .last()
        .map_or(before.len(), |(at, _)| at);
    &before[start..]
}

fn is_number_name(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    // A header field of one's own is called `x-pan`.
    let plain = plain.strip_prefix('x').unwrap_or(&plain);
    NUMBER_NAMES.contains(&plain)
}

#[cfg(test)]
mod sample;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str) -> Vec<Leak> {
        leaks(&Vec::new(), body)
    }

    #[test]
    fn a_number_that_is_called_one_leaks() {
        for body in [
            r#"{"pan":"4111111111111111"}"#,
            r#"{"card":{"cardNumber":4111111111111111}}"#,
            r#"{"raw":"{\"pan\":\"4111 1111 1111 1111\"}"}"#,
            r#"{"digits":{"card_number":["4111","1111","1111","1111"]}}"#,
            "pan=4111111111111111&x=1",
            "the card 4111111111111111 is blocked",
            "card number: 4111-1111-1111-1111",
            r#"{"token":"NDExMTExMTExMTExMTExMQ=="}"#,
            r#"{"link":"/print?n=%34%31%31%31111111111111"}"#,
        ] {
            let leaks = found(body);
            assert!(matches!(leaks[..], [Leak::Number(_)]), "{body}: {leaks:?}");
        }
    }

    #[test]
    fn a_number_that_may_be_something_else_is_doubtful() {
        for body in [
            r#"{"orderNumber":"4111111111111111"}"#,
            r#"{"requestId":4111111111111111}"#,
            "order 4111-1111-1111-1111",
            r#"{"ref":"tok_4111111111111111"}"#,
            r#"{"ref":"card_4111111111111111"}"#,
            r#"{"pan":"4111111111111111_v1"}"#,
        ] {
            assert_eq!(found(body), [Leak::Doubtful("411111******1111".into())]);
        }
    }

    #[test]
    fn header_fields_are_looked_at_with_their_names() {
        let headers = vec![
            ("x-pan".to_owned(), "4111111111111111".to_owned()),
            ("x-card-cvv".to_owned(), "737".to_owned()),
            ("x-request-id".to_owned(), "737".to_owned()),
        ];
        let leaks = leaks(&headers, "");
        assert!(
            matches!(leaks[..], [Leak::Number(_), Leak::Code(_)]),
            "{leaks:?}"
        );
    }

    #[test]
    fn what_was_masked_before_is_found_again() {
        for body in [
            r#"{"pan":"4111111111111111","cvv":"737"}"#,
            r#"{"token":"NDExMTExMTExMTExMTExMQ=="}"#,
        ] {
            assert_eq!(found(&card_numbers_in_body(body)), found(body));
        }
    }
}
