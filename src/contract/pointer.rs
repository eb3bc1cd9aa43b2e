//! JSON pointers (RFC 6901): how every part of a document is named in this room.

use serde_json::Value;

/// The pointer of the member (or list item) `segment` of `parent`.
pub fn join(parent: &str, segment: &str) -> String {
    let escaped = segment.replace('~', "~0").replace('/', "~1");
    format!("{parent}/{escaped}")
}

/// The pointers of the items of the list at `parent`; none if it is no list.
pub fn items(parent: &str, list: Option<&Value>) -> Vec<String> {
    let count = list.and_then(Value::as_array).map_or(0, Vec::len);
    (0..count)
        .map(|index| join(parent, &index.to_string()))
        .collect()
}

/// Takes the member at a pointer out of its object, if it is there.
pub fn take_out(value: &mut Value, pointer: &str) {
    let object = parent(pointer).and_then(|parent| value.pointer_mut(parent)?.as_object_mut());
    if let (Some(object), Some(name)) = (object, segments(pointer).pop()) {
        object.shift_remove(&name);
    }
}

/// The pointer one level up, or nothing for the whole document.
pub fn parent(pointer: &str) -> Option<&str> {
    pointer.rfind('/').map(|slash| &pointer[..slash])
}

/// The segments of a pointer, unescaped.
pub fn segments(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(unescape).collect()
}

fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// A pointer as people write it: `billingAddress.country`, `[3].status`, or nothing for the whole.
pub fn readable(pointer: &str) -> String {
    let mut text = String::new();
    for segment in segments(pointer) {
        if is_index(&segment) {
            text.push_str(&format!("[{segment}]"));
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.extend(segment.escape_debug());
        }
    }
    text
}

/// The last two segments that name a property rather than a list item: `(parent, property)`.
pub fn names(pointer: &str) -> (Option<String>, Option<String>) {
    let mut named = segments(pointer).into_iter().rev().filter(|s| !is_index(s));
    let property = named.next();
    (named.next(), property)
}

fn is_index(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit())
}

/// Follows `#/a/b%7Bc%7D` to the pointer `/a/b{c}`. Nothing when the reference leaves this document.
pub fn from_reference(reference: &str) -> Option<String> {
    let fragment = reference.strip_prefix('#')?;
    let decoded = percent_decode(fragment)?;
    (decoded.is_empty() || decoded.starts_with('/')).then_some(decoded)
}

/// The reference (`#/…`) that leads to a pointer, escaped as a URI fragment must be.
pub fn to_reference(pointer: &str) -> String {
    let mut text = String::from("#");
    for byte in pointer.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digits = std::str::from_utf8(after.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &after[2..];
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_and_its_pointer_lead_to_each_other() {
        for pointer in ["", "/a", "/paths/~1cards~1{cardId}/get", "/é/%", "/a~0b"] {
            assert_eq!(
                from_reference(&to_reference(pointer)).as_deref(),
                Some(pointer)
            );
        }
        for outside in ["other.yaml#/a", "#name", "#/%zz", "#/%"] {
            assert_eq!(from_reference(outside), None, "{outside}");
        }
    }

    #[test]
    fn a_pointer_reads_as_people_write_it() {
        assert_eq!(
            readable("/3/billingAddress/country"),
            "[3].billingAddress.country"
        );
        assert_eq!(readable("/a\u{1b}b"), "a\\u{1b}b");
        assert_eq!(
            names("/3/billingAddress/0"),
            (None, Some("billingAddress".into()))
        );
        assert_eq!(segments(&join("/a", "b/c~d")), ["a", "b/c~d"]);
    }
}
