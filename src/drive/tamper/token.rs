//! Wrong tokens that are made of a good one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::drive::jwt;

/// Every wrong token that is made of a good one, so that all can be masked where a target echoes them.
pub fn wrong_tokens(token: &str) -> [String; 7] {
    [
        wrong,
        unsigned,
        recased,
        extended,
        trailed,
        nearly_right,
        altered,
    ]
    .map(|make| make(token))
}

const NOBODYS_TOKEN: &str = "a-token-that-nobody-issued";

/// The parts of a JWT that is signed.
fn signed(token: &str) -> Option<[&str; 3]> {
    jwt::parts(token).filter(|parts| parts.iter().all(|part| !part.is_empty()))
}

/// Of a JWT, one whose signature is broken, so that a target that doesn't verify it shows.
/// The first character of the signature carries six whole bits; a later one might carry none that count.
pub fn wrong(token: &str) -> String {
    signed(token).map_or(NOBODYS_TOKEN.to_owned(), |[header, claims, signature]| {
        let first = if signature.starts_with('A') { 'B' } else { 'A' };
        let rest: String = signature.chars().skip(1).collect();
        format!("{header}.{claims}.{first}{rest}")
    })
}

/// Of a JWT, one whose signature ends otherwise: of its last character not all bits need count, of the one before they do.
pub fn nearly_right(token: &str) -> String {
    let turned = signed(token).and_then(|[header, claims, signature]| {
        let at = signature.len().checked_sub(2)?;
        let (begin, last, end) = (
            signature.get(..at)?,
            signature.get(at..=at)?,
            signature.get(at + 1..)?,
        );
        let other = if last == "A" { "B" } else { "A" };
        Some(format!("{header}.{claims}.{begin}{other}{end}"))
    });
    turned.unwrap_or_else(|| NOBODYS_TOKEN.to_owned())
}

/// Of a JWT, one claim more under the good signature.
pub fn altered(token: &str) -> String {
    let altered = signed(token).and_then(|[header, _, signature]| {
        let mut claims = jwt::claims(token)?;
        claims.insert("scope".to_owned(), Value::from("cards:all"));
        let claims = URL_SAFE_NO_PAD.encode(Value::Object(claims).to_string());
        Some(format!("{header}.{claims}.{signature}"))
    });
    altered.unwrap_or_else(|| NOBODYS_TOKEN.to_owned())
}

/// Of a JWT, its claims unsigned (RFC 7519, section 6).
pub fn unsigned(token: &str) -> String {
    /// `{"alg":"none"}`.
    const HEADER: &str = "eyJhbGciOiJub25lIn0";
    signed(token).map_or(NOBODYS_TOKEN.to_owned(), |[_, claims, _]| {
        format!("{HEADER}.{claims}.")
    })
}

/// The token and one part more, which some readers of a JWT don't look at.
pub fn extended(token: &str) -> String {
    format!("{token}.AAAA")
}

/// The token and a word more, which some readers of the header field don't look at.
pub fn trailed(token: &str) -> String {
    format!("{token} AAAA")
}

/// Of a JWT, the same letters, small ones as capitals and capitals as small ones.
pub fn recased(token: &str) -> String {
    signed(token).map_or(NOBODYS_TOKEN.to_owned(), |_| {
        token.chars().map(recased_letter).collect()
    })
}

/// A small letter as a capital, and a capital as a small one.
pub fn recased_letter(letter: char) -> char {
    match letter.is_ascii_uppercase() {
        true => letter.to_ascii_lowercase(),
        false => letter.to_ascii_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_token_differs_from_the_good_one() {
        // {"sub":1}, and {"sub":1,"scope":"cards:all"}.
        const CLAIMS: &str = "eyJzdWIiOjF9";
        const ALTERED: &str = "eyJzdWIiOjEsInNjb3BlIjoiY2FyZHM6YWxsIn0";
        let jwt = |claims: &str, signature: &str| format!("aa.{claims}.{signature}");
        for (signature, wrong, nearly_right) in [
            ("ccDe", "AcDe", "ccAe"),
            ("Accc", "Bccc", "AcAc"),
            ("ccAc", "AcAc", "ccBc"),
        ] {
            let token = jwt(CLAIMS, signature);
            let expected = [
                jwt(CLAIMS, wrong),
                format!("eyJhbGciOiJub25lIn0.{CLAIMS}."),
                recased(&token),
                format!("{token}.AAAA"),
                format!("{token} AAAA"),
                jwt(CLAIMS, nearly_right),
                jwt(ALTERED, signature),
            ];
            assert_eq!(wrong_tokens(&token), expected);
        }
        assert_eq!(recased("aB.c1.D"), "Ab.C1.d");
        assert_eq!(altered("a.b.c"), NOBODYS_TOKEN, "its claims are no JSON");
        for opaque in ["opaque", "a.b"] {
            let wrong = wrong_tokens(opaque);
            let nobodys = wrong.iter().filter(|wrong| *wrong == NOBODYS_TOKEN).count();
            assert_eq!((nobodys, &wrong[3]), (5, &format!("{opaque}.AAAA")));
        }
    }
}
