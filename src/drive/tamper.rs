//! Puts one flaw into a good request.
//!
//! A flaw that changes nothing (there is no digest to leave out, nothing is signed) must not be sent as if it were one:
//! a target that accepts it would be accused of nothing. So it is refused in words, which become an obstacle.

use http::HeaderValue;
use http::header::AUTHORIZATION;
use uuid::Uuid;

use super::auth::digest::content_digest;
use super::auth::signature::{SignatureInput, set_signature, signature_bytes};
use super::outgoing::Outgoing;
use crate::case::Flaw;
use crate::profile::{Component, DigestAlgorithm};

/// What must be flawed before the signature is made. `input` is `None` where requests are not signed.
pub fn before_signing(
    flaw: Flaw,
    request: &mut Outgoing,
    input: Option<&mut SignatureInput>,
) -> Result<(), String> {
    match flaw {
        Flaw::NoBearer => {
            request
                .headers
                .remove(AUTHORIZATION)
                .ok_or("no bearer token is used")?;
            uncover(input, |c| c.name() == "authorization");
        }
        Flaw::WrongBearer => {
            let good = request
                .headers
                .get(AUTHORIZATION)
                .ok_or("no bearer token is used")?;
            let wrong = wrong_bearer(good)?;
            request.headers.insert(AUTHORIZATION, wrong);
        }
        Flaw::UnknownKeyId => signed(input)?.set("keyid", Uuid::new_v4().to_string()),
        Flaw::WrongAlgorithm => signed(input)?.set("alg", "ecdsa-p256-sha256".to_owned()),
        Flaw::UncoveredMethod => {
            must_uncover(signed(input)?, |c| c.name() == "@method", "the method")?;
        }
        Flaw::UncoveredTarget => must_uncover(
            signed(input)?,
            |c| c.is_derived() && c.name() != "@method",
            "the target",
        )?,
        Flaw::UncoveredDigest => must_uncover(
            signed(input)?,
            |c| c.name() == "content-digest",
            "a content digest",
        )?,
        Flaw::WrongDigest => wrong_digest(request, algorithm_sent(request)?)?,
        Flaw::WrongOtherDigest => {
            let other = match algorithm_sent(request)? {
                DigestAlgorithm::Sha256 => DigestAlgorithm::Sha512,
                DigestAlgorithm::Sha512 => DigestAlgorithm::Sha256,
            };
            wrong_digest(request, other)?;
        }
        Flaw::NoDigest => {
            digest_sent(request)?;
            request.headers.remove("content-digest");
            uncover(input, |c| c.name() == "content-digest");
        }
        Flaw::ChangedHeader => {
            let covered = signed(input)?
                .components
                .iter()
                .any(|c| c.name() == "idempotency-key");
            if !covered {
                return Err("no idempotency key is signed".to_owned());
            }
        }
        Flaw::NoSignature | Flaw::BrokenSignature | Flaw::StaleSignature => {
            signed(input).map(|_| ())?;
        }
        // The token was chosen before.
        Flaw::ExpiredBearer => drop(
            request
                .headers
                .get(AUTHORIZATION)
                .ok_or("no bearer token is used")?,
        ),
    }
    Ok(())
}

/// What must be flawed once the signature is there.
pub fn after_signing(flaw: Flaw, request: &mut Outgoing) -> Result<(), String> {
    match flaw {
        Flaw::NoSignature => {
            request.headers.remove("signature");
            request.headers.remove("signature-input");
            Ok(())
        }
        Flaw::BrokenSignature => {
            let mut bytes = signature_bytes(request).ok_or("there is no signature to break")?;
            let last = bytes.last_mut().ok_or("the signature is empty")?;
            *last ^= 1;
            set_signature(request, &bytes)
        }
        Flaw::ChangedHeader => request.set("idempotency-key", &Uuid::new_v4().to_string()),
        Flaw::NoBearer
        | Flaw::WrongBearer
        | Flaw::ExpiredBearer
        | Flaw::StaleSignature
        | Flaw::UnknownKeyId
        | Flaw::WrongAlgorithm
        | Flaw::UncoveredMethod
        | Flaw::UncoveredTarget
        | Flaw::UncoveredDigest
        | Flaw::WrongDigest
        | Flaw::WrongOtherDigest
        | Flaw::NoDigest => Ok(()),
    }
}

fn signed(input: Option<&mut SignatureInput>) -> Result<&mut SignatureInput, String> {
    input.ok_or_else(|| "the profile says that requests are not signed".to_owned())
}

fn digest_sent(request: &Outgoing) -> Result<(), String> {
    match request.headers.contains_key("content-digest") {
        true => Ok(()),
        false => Err("the request has no body, so no digest".to_owned()),
    }
}

fn algorithm_sent(request: &Outgoing) -> Result<DigestAlgorithm, String> {
    digest_sent(request)?;
    let sent = request.headers.get("content-digest");
    let long = sent.is_some_and(|d| d.as_bytes().starts_with(b"sha-512"));
    Ok(if long {
        DigestAlgorithm::Sha512
    } else {
        DigestAlgorithm::Sha256
    })
}

fn wrong_digest(request: &mut Outgoing, algorithm: DigestAlgorithm) -> Result<(), String> {
    let wrong = content_digest(algorithm, Uuid::new_v4().as_bytes());
    request.set("content-digest", &wrong)
}

fn uncover(input: Option<&mut SignatureInput>, which: impl Fn(&Component) -> bool) {
    if let Some(input) = input {
        input.components.retain(|component| !which(component));
    }
}

fn must_uncover(
    input: &mut SignatureInput,
    which: impl Fn(&Component) -> bool,
    what: &str,
) -> Result<(), String> {
    let before = input.components.len();
    input.components.retain(|component| !which(component));
    match input.components.len() < before {
        true => Ok(()),
        false => Err(format!("{what} is not covered anyway")),
    }
}

fn wrong_bearer(good: &HeaderValue) -> Result<HeaderValue, String> {
    let good = good.to_str().map_err(|e| e.to_string())?;
    let token = good.strip_prefix("Bearer ").unwrap_or(good);
    let mut wrong = HeaderValue::from_str(&format!("Bearer {}", wrong_token(token)))
        .map_err(|e| e.to_string())?;
    wrong.set_sensitive(true);
    Ok(wrong)
}

/// A token that nobody issued: of a JWT, one whose signature is broken, so that a target that doesn't verify it shows.
/// The first character of the signature carries six whole bits; a later one might carry none that count.
pub fn wrong_token(token: &str) -> String {
    match token.rsplit_once('.') {
        Some((signed, signature)) if signed.contains('.') && !signature.is_empty() => {
            let first = if signature.starts_with('A') { 'B' } else { 'A' };
            let rest: String = signature.chars().skip(1).collect();
            format!("{signed}.{first}{rest}")
        }
        _ => "a-token-that-nobody-issued".to_owned(),
    }
}

#[cfg(test)]
mod tests;
