//! Whether a name stands twice in an object of a body.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Whether it does, in any object. What is no JSON repeats nothing.
pub(super) fn a_name(body: &[u8]) -> bool {
    serde_json::from_slice(body).is_ok_and(|Repeats(found)| found)
}

struct Repeats(bool);

impl<'de> Deserialize<'de> for Repeats {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Search)
    }
}

struct Search;

impl<'de> Visitor<'de> for Search {
    type Value = Repeats;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Repeats, E> {
        Ok(Repeats(false))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Repeats, E> {
        Ok(Repeats(false))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Repeats, E> {
        Ok(Repeats(false))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Repeats, E> {
        Ok(Repeats(false))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Repeats, E> {
        Ok(Repeats(false))
    }

    fn visit_str<E>(self, _: &str) -> Result<Repeats, E> {
        Ok(Repeats(false))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Repeats, A::Error> {
        let mut found = false;
        while let Some(Repeats(inside)) = items.next_element()? {
            found |= inside;
        }
        Ok(Repeats(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Repeats, A::Error> {
        let mut names = HashSet::new();
        let mut found = false;
        while let Some((name, Repeats(inside))) = members.next_entry::<String, Repeats>()? {
            found |= inside | !names.insert(name);
        }
        Ok(Repeats(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_found_at_any_depth() {
        for (body, repeats) in [
            (r#"{"a":1,"a":1}"#, true),
            (r#"[{"b":{"a":null,"a":"x"}}]"#, true),
            (r#"{"a":{"a":1.5},"b":[true,{"a":-1}]}"#, false),
            ("{", false),
        ] {
            assert_eq!(a_name(body.as_bytes()), repeats, "{body}");
        }
    }
}
