//! Media types, as far as they decide how a body is checked.

/// `application/json` of `Application/JSON; charset=utf-8`.
pub fn essence(content_type: &str) -> String {
    content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// Whether bodies of this type are JSON.
pub fn is_json(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Whether a documented type or range (`application/*`, `*/*`) covers a type.
pub fn covers(documented: &str, essence: &str) -> bool {
    let documented = self::essence(documented);
    match documented.strip_suffix('*') {
        Some("*/") => essence.contains('/'),
        Some(prefix) => essence.starts_with(prefix),
        None => documented == essence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_covers_its_types_and_parameters_do_not_matter() {
        let rows = [
            ("application/json", "Application/JSON; charset=utf-8", true),
            ("application/json; charset=utf-8", "application/json", true),
            ("application/*", "application/problem+json", true),
            ("*/*", "text/html", true),
            ("*/*", "", false),
            ("application/json", "application/jsonp", false),
            ("application/json", "text/json", false),
        ];
        for (documented, sent, expected) in rows {
            assert_eq!(
                covers(documented, &essence(sent)),
                expected,
                "{documented} {sent}"
            );
        }
        assert!(is_json("application/problem+json"));
        assert!(!is_json("text/html"));
    }
}
