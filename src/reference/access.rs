//! Who calls: bearer tokens, and the digest that ties a body to its signature.

use aws_lc_rs::{constant_time, digest, hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sfv::{BareItem, Dictionary, Item, ListEntry, Parser};
use uuid::Uuid;

use super::call::{Call, Refusal};
use super::readings::Readings;
use super::service::Service;

/// How long a token lives.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// The credentials of a programme, and the key that its tokens are made with.
#[derive(Debug)]
pub(super) struct Credentials {
    pub api_key: Uuid,
    pub api_secret: String,
    token_key: hmac::Key,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: Uuid,
    jti: Uuid,
    exp: i64,
}

impl Credentials {
    pub(super) fn draw() -> std::io::Result<Self> {
        let random = rand::SystemRandom::new();
        let token_key = hmac::Key::generate(hmac::HMAC_SHA256, &random).map_err(|_| {
            std::io::Error::other("the system gives no random bytes for a token key")
        })?;
        let api_secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        Ok(Self {
            api_key: Uuid::new_v4(),
            api_secret,
            token_key,
        })
    }

    pub(super) fn are(&self, api_key: Uuid, api_secret: &str) -> bool {
        let same_secret = constant_time::verify_slices_are_equal(
            self.api_secret.as_bytes(),
            api_secret.as_bytes(),
        )
        .is_ok();
        self.api_key == api_key && same_secret
    }

    /// A JWT (HS256), and when it expires.
    pub(super) fn issue_token(&self, now: Timestamp) -> (String, i64) {
        let exp = now
            .saturating_add(TOKEN_LIFETIME)
            .unwrap_or(Timestamp::MAX)
            .as_second();
        let claims = Claims {
            sub: self.api_key,
            jti: Uuid::new_v4(),
            exp,
        };
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let claims = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).unwrap_or_default());
        let signed = format!("{header}.{claims}");
        let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&self.token_key, signed.as_bytes()));
        (format!("{signed}.{tag}"), exp)
    }

    /// When the token of a call expires, if it was issued here.
    pub(super) fn expiry(&self, call: &Call) -> Option<i64> {
        let authorization = call.header("authorization")?;
        let (_, token) = authorization.split_once(' ')?;
        Some(self.claims(token.trim())?.exp)
    }

    /// The claims of a token that was issued here, expired or not.
    fn claims(&self, token: &str) -> Option<Claims> {
        let (signed, tag) = token.rsplit_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        hmac::verify(&self.token_key, signed.as_bytes(), &tag).ok()?;
        let (_, claims) = signed.split_once('.')?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }
}

/// Whether the call carries a token of this programme that is not expired.
pub(super) fn bearer(service: &Service, call: &Call) -> Result<(), Refusal> {
    let refuse = |code, message: &str| Err(Refusal::new(StatusCode::UNAUTHORIZED, code, message));
    let Some(authorization) = call.header("authorization") else {
        return refuse("bearer-missing", "Authorization is missing");
    };
    let token = match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => return refuse("bearer-malformed", "Authorization is not a bearer token"),
    };
    match service.credentials.claims(token) {
        None => refuse("bearer-unknown", "the token was not issued here"),
        Some(claims) if claims.exp <= service.clock.now().as_second() => {
            refuse("bearer-expired", "the token has expired")
        }
        Some(_) => Ok(()),
    }
}

/// Whether `Content-Digest` (RFC 9530) says what the body is.
pub(super) fn content_digest(readings: &Readings, call: &Call) -> Result<(), Refusal> {
    let refuse = |code, message: &str| Err(Refusal::new(readings.access_code, code, message));
    let Some(header) = call.header("content-digest") else {
        return match call.body.is_empty() {
            true => Ok(()),
            false => refuse("digest-missing", "Content-Digest is missing"),
        };
    };
    if call.body.is_empty() {
        return match readings.refuse_digest_without_body {
            true => refuse("digest-without-body", "Content-Digest comes without a body"),
            false => Ok(()),
        };
    }
    let Ok(digests) = Parser::new(&header).parse::<Dictionary>() else {
        return refuse("digest-malformed", "Content-Digest is not a dictionary");
    };
    let known: Vec<bool> = digests
        .iter()
        .filter(|(name, _)| !(readings.refuse_sha_512 && name.as_str() == "sha-512"))
        .filter_map(|(name, entry)| agrees(name.as_str(), entry, &call.body))
        .collect();
    match (known.is_empty(), known.iter().all(|agrees| *agrees)) {
        (true, _) => refuse(
            "digest-missing",
            "Content-Digest has neither sha-256 nor sha-512",
        ),
        (false, false) => refuse("digest-mismatch", "Content-Digest is not that of the body"),
        (false, true) => Ok(()),
    }
}

/// Whether one digest is that of the body; nothing for an algorithm that is not known here.
fn agrees(name: &str, entry: &ListEntry, body: &[u8]) -> Option<bool> {
    let algorithm = match name {
        "sha-256" => &digest::SHA256,
        "sha-512" => &digest::SHA512,
        _ => return None,
    };
    match entry {
        ListEntry::Item(Item {
            bare_item: BareItem::ByteSequence(sent),
            ..
        }) => Some(digest::digest(algorithm, body).as_ref() == sent.as_slice()),
        ListEntry::Item(_) | ListEntry::InnerList(_) => Some(false),
    }
}

/// Base64 with padding, as keys come.
pub(super) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
