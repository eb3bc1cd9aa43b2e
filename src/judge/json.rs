//! Bodies as JSON, read more widely than a value can hold them: JSON may nest without end, have numbers of any size, a name
//! twice in an object, and half a surrogate pair, while readers differ in what they make of it.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Below this depth a value is taken for an empty one; no schema looks as far.
const DEPTH_MAX: usize = 100;

/// A body that is JSON.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sent {
    /// What it says; of a name that stands twice, the last value.
    pub value: Value,
    /// Where a name stands twice in an object, by JSON pointer.
    pub repeated: Vec<String>,
    /// Such a name has two values that differ, so readers differ in what the body says.
    pub is_ambiguous: bool,
    /// The value holds all that the text says.
    pub is_exact: bool,
}

/// Reads a body; nothing if it is no JSON.
pub(super) fn read(text: &str) -> Option<Sent> {
    let plain = plain(text);
    let notes = RefCell::default();
    let mut deserializer = serde_json::Deserializer::from_str(&plain);
    let node = Node {
        at: String::new(),
        notes: &notes,
    };
    let value = node.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    let Notes {
        repeated,
        is_ambiguous,
    } = notes.into_inner();
    Some(Sent {
        value,
        repeated,
        is_ambiguous,
        is_exact: plain == text,
    })
}

/// What keeps an answer from being read in one way only.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Caveat {
    /// It is JSON by its grammar, yet of a kind that no reader need take (RFC 8259, sections 6, 8.2 and 9): why.
    Beyond(String),
    /// Names stand twice in an object, with values that differ (section 4): where, by JSON pointer.
    Ambiguous(String),
}

/// Looks at an answer before it is read. There is nothing to say of what is no JSON at all.
pub(super) fn caveat(text: &str) -> Option<Caveat> {
    match serde_json::from_str(text) {
        Ok(Names { some_twice: false }) => None,
        Ok(Names { some_twice: true }) => {
            let read = read(text).filter(|read| read.is_ambiguous)?;
            Some(Caveat::Ambiguous(read.repeated.join(", ")))
        }
        Err(error) => read(text).map(|_| Caveat::Beyond(error.to_string())),
    }
}

/// Whether some object in a text has a name twice; found without keeping any value, since each answer is looked at.
struct Names {
    some_twice: bool,
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Names, E> {
        Ok(Names { some_twice: false })
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Names, E> {
        self.visit_unit()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Names, E> {
        self.visit_unit()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Names, E> {
        self.visit_unit()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Names, E> {
        self.visit_unit()
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Names, E> {
        self.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Names, A::Error> {
        let mut some_twice = false;
        while let Some(item) = items.next_element::<Names>()? {
            some_twice |= item.some_twice;
        }
        Ok(Names { some_twice })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Names, A::Error> {
        let mut names = HashSet::new();
        let mut some_twice = false;
        while let Some((name, value)) = members.next_entry::<String, Names>()? {
            some_twice |= value.some_twice || !names.insert(name);
        }
        Ok(Names { some_twice })
    }
}

#[derive(Default)]
struct Notes {
    repeated: Vec<String>,
    is_ambiguous: bool,
}

/// One value in the text, and where it stands.
struct Node<'n> {
    at: String,
    notes: &'n RefCell<Notes>,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(self.member(&read.len().to_string()))? {
            read.push(item);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let member = self.member(&name);
            let at = member.at.clone();
            let value = members.next_value_seed(member)?;
            if let Some(first) = read.insert(name, value.clone()) {
                let mut notes = self.notes.borrow_mut();
                notes.is_ambiguous |= first != value;
                notes.repeated.push(at);
            }
        }
        Ok(Value::Object(read))
    }
}

impl<'n> Node<'n> {
    fn member(&self, name: &str) -> Node<'n> {
        let name = name.replace('~', "~0").replace('/', "~1");
        Node {
            at: format!("{}/{name}", self.at),
            notes: self.notes,
        }
    }
}

/// The text with what a value can't hold put in a way that it can: what is nested too deeply left out, a number beyond all
/// others cut to a large one, half a surrogate pair taken for a noncharacter.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    let mut depth = 0_usize;
    while let Some(&letter) = letters.peek() {
        let outside = depth;
        let token = match letter {
            '"' => string(&mut letters),
            '-' | '0'..='9' => number(&mut letters),
            _ => {
                letters.next();
                letter.to_string()
            }
        };
        if matches!(letter, '[' | '{') {
            depth += 1;
        } else if matches!(letter, ']' | '}') {
            depth = depth.saturating_sub(1);
        }
        if outside.min(depth) <= DEPTH_MAX {
            plain.push_str(&token);
        }
    }
    plain
}

fn string(letters: &mut Peekable<Chars<'_>>) -> String {
    let mut text: String = letters.next().into_iter().collect();
    while let Some(letter) = letters.next() {
        text.push(letter);
        match letter {
            '"' => break,
            '\\' => text.extend(letters.next()),
            _ => {}
        }
    }
    if text.contains("\\u") {
        paired(&text)
    } else {
        text
    }
}

/// A string in which no half of a surrogate pair stands alone.
fn paired(text: &str) -> String {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut paired = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        let length = match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                paired.push_str("\\uffff");
                at += 6;
                continue;
            }
            (Some(_), _) => 6,
            // The escaped character goes along, so that `\\\\u` is not taken for an escape.
            (None, _) if letter == '\\' => {
                1 + text[at + 1..].chars().next().map_or(0, char::len_utf8)
            }
            (None, _) => letter.len_utf8(),
        };
        paired.push_str(&text[at..at + length]);
        at += length;
    }
    paired
}

fn number(letters: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(letter) =
        letters.next_if(|l| matches!(l, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
    {
        text.push(letter);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_infinite() && number > 0.0 => "1e308".to_owned(),
        Ok(number) if number.is_infinite() => "-1e308".to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(text: &str) -> Option<Value> {
        read(text).map(|sent| sent.value)
    }

    #[test]
    fn ordinary_json_is_read_as_it_is() {
        for text in [
            r#"{"a":[1,-2.5,"x\n\"é\ud83d\ude00\\u",true,null],"b":{}}"#,
            " [ ] ",
            "\"\"",
            "7",
        ] {
            let sent = read(text).unwrap();
            assert_eq!(Some(sent.value), serde_json::from_str(text).ok(), "{text}");
            assert!(sent.is_exact && sent.repeated.is_empty(), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_none() {
        for text in [
            "",
            "{",
            "[1,]",
            "x",
            "{} {}",
            "\"a\u{7}b\"",
            "{\"a\":01}",
            "1e",
            "\"\\ud8\"",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_a_value_cannot_hold_is_read_all_the_same() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
        assert!(value(&deep).unwrap()["a"].is_array());
        let wide = format!("{}[1],[2]{}", "[".repeat(100), "]".repeat(100));
        assert!(value(&wide).is_some());
        assert_eq!(value("[1e400,-1e400]"), Some(json!([1e308, -1e308])));
        let half = read(r#"["a\ud800b\udc00"]"#).unwrap();
        assert_eq!(half.value, json!(["a\u{ffff}b\u{ffff}"]));
        assert!(!half.is_exact);
    }

    #[test]
    fn what_keeps_an_answer_from_being_read_in_one_way_is_told() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
        for (text, why) in [
            (deep.as_str(), "recursion limit"),
            ("[1e400]", "out of range"),
            (r#"["\ud800"]"#, "hex escape"),
        ] {
            let Some(Caveat::Beyond(words)) = caveat(text) else {
                panic!("{text}");
            };
            assert!(words.contains(why), "{words}");
        }
        let twice = caveat(r#"[{"a":{"b":1,"b":2}}]"#);
        assert_eq!(twice, Some(Caveat::Ambiguous("/0/a/b".to_owned())));
        for text in [
            "",
            "<html>",
            "[1,",
            r#"{"a":1,"b":{"a":2}}"#,
            r#"{"a":1,"a":1}"#,
        ] {
            assert_eq!(caveat(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_that_stands_twice_is_told() {
        let sent = read(r#"{"a":1,"b":[{"c/d":1,"c/d":1}]}"#).unwrap();
        assert_eq!(sent.repeated, ["/b/0/c~1d"]);
        assert!(!sent.is_ambiguous);
        let sent = read(r#"{"a":1,"a":2}"#).unwrap();
        assert_eq!(sent.value, json!({"a": 2}));
        assert!(sent.is_ambiguous);
    }
}
