//! Puts one flaw into a good request.
//!
//! A flaw that changes nothing (there is no digest to leave out, nothing is signed) must not be sent as if it were one:
//! a target that accepts it would be accused of nothing. So it is refused in words, which become an obstacle.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, Method};
use uuid::Uuid;

mod token;

pub use token::wrong_tokens;

use super::auth::digest::{content_digest, digest_bytes};
use super::auth::key::SigningKey;
use super::auth::signature::{
    self, SignatureInput, set_signature, set_signatures, signature_bytes,
};
use super::outgoing::Outgoing;
use crate::case::{Flaw, Part};
use crate::profile::{Component, DigestAlgorithm};

const DAY_S: i64 = 24 * 60 * 60;

/// A text that no parser takes for a byte sequence.
const MALFORMED_BYTES: &str = ":these are no bytes!:";

type Fit = Result<(), String>;

/// What must be flawed before the signature is made. `input` is `None` where requests are not signed.
pub fn before_signing(
    flaw: Flaw,
    request: &mut Outgoing,
    mut input: Option<&mut SignatureInput>,
) -> Fit {
    if flaw.is_of_signature() {
        signed(input.as_deref_mut())?;
    }
    match flaw {
        Flaw::NoBearer => {
            bearer(request)?;
            request.headers.remove(AUTHORIZATION);
            uncover(input, |c| c.name() == "authorization");
        }
        Flaw::EmptyBearer => {
            bearer(request)?;
            set_authorization(request, "Bearer")?;
        }
        Flaw::OtherScheme => {
            let token = bearer(request)?;
            set_authorization(request, &format!("Basic {token}"))?;
        }
        Flaw::WrongBearer => set_bearer(request, token::wrong)?,
        Flaw::UnsignedBearer => set_bearer(request, token::unsigned)?,
        Flaw::RecasedBearer => set_bearer(request, token::recased)?,
        Flaw::ExtendedBearer => set_bearer(request, token::extended)?,
        Flaw::TrailedBearer => set_bearer(request, token::trailed)?,
        Flaw::NearlyRightBearer => set_bearer(request, token::nearly_right)?,
        Flaw::AlteredBearer => set_bearer(request, token::altered)?,
        Flaw::UnknownKeyId => signed(input)?.set("keyid", Uuid::new_v4().to_string()),
        Flaw::NearlyRightKeyId => {
            let input = signed(input)?;
            let wrong = nearly_right(input.text_of("keyid").unwrap_or_default())?;
            input.set("keyid", wrong);
        }
        Flaw::EmptyKeyId => signed(input)?.set("keyid", String::new()),
        Flaw::AbsentCovered => signed(input)?.components.push(absent(request)?),
        Flaw::WrongAlgorithm => signed(input)?.set("alg", "ecdsa-p256-sha256".to_owned()),
        Flaw::NoAlgorithm => signed(input)?.set("alg", "none".to_owned()),
        Flaw::PublicKeyMac => signed(input)?.set("alg", "hmac-sha256".to_owned()),
        Flaw::OldSignature => signed(input)?.move_created(-DAY_S),
        Flaw::EarlySignature => signed(input)?.move_created(DAY_S),
        Flaw::Uncovered(part) => must_uncover(signed(input)?, part)?,
        Flaw::Changed(part) | Flaw::Added(part) => must_cover(signed(input)?, part)?,
        Flaw::WrongDigest => wrong_digest(request, algorithm_sent(request)?)?,
        Flaw::WrongOtherDigest => wrong_digest(request, other(algorithm_sent(request)?))?,
        Flaw::CutDigest => change_digest(request, |bytes| bytes[..bytes.len() / 2].to_vec())?,
        Flaw::NearlyRightDigest => change_digest(request, |mut bytes| {
            bytes
                .iter_mut()
                .last()
                .into_iter()
                .for_each(|last| *last ^= 1);
            bytes
        })?,
        Flaw::RecasedDigest => recase_digest(request)?,
        Flaw::UnknownDigest => {
            // The right one: who takes it has a digest, and none that the contract knows.
            algorithm_sent(request)?;
            let digest = signature::bytes_text(&*md5::compute(request.bytes()));
            request.set("content-digest", &format!("md5={digest}"))?;
        }
        Flaw::MalformedDigest => {
            let name = algorithm_sent(request)?.as_str();
            request.set("content-digest", &format!("{name}={MALFORMED_BYTES}"))?;
        }
        Flaw::NoDigest => {
            algorithm_sent(request)?;
            request.headers.remove("content-digest");
            uncover(input, |c| c.name() == "content-digest");
        }
        Flaw::ChangedBody | Flaw::ChangedBodyInChunks => {
            algorithm_sent(request)?;
        }
        Flaw::OtherDigest => {
            let digest = other_digest(request)?;
            request.set("content-digest", &digest)?;
        }
        Flaw::NoSignature
        | Flaw::NoSignatureInput
        | Flaw::OnlySignatureInput
        | Flaw::MislabelledSignature
        | Flaw::MalformedSignature
        | Flaw::MalformedSignatureInput
        | Flaw::BrokenSignature
        | Flaw::EmptySignature
        | Flaw::ExtendedSignature
        | Flaw::ZeroSignature
        | Flaw::TwoBrokenSignatures
        | Flaw::OtherKey
        | Flaw::SignatureOf(_)
        | Flaw::AddedQuery
        | Flaw::AddedNonce
        | Flaw::BrokenBeforeGood
        | Flaw::BrokenAfterGood
        | Flaw::StaleSignature => {}
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

/// Signs, where the flaw is in what is signed or by which key.
pub fn sign(flaw: Flaw, request: &mut Outgoing, input: &SignatureInput, key: &SigningKey) -> Fit {
    let mut meant = request.clone();
    match flaw {
        Flaw::OtherKey => return signature::sign(request, input, &SigningKey::generate()?),
        Flaw::PublicKeyMac => {
            signature::sign(request, input, key)?;
            let secret = hmac::Key::new(hmac::HMAC_SHA256, key.public_pem()?.as_bytes());
            let base = input.base(&input.text().map_err(|e| e.to_string())?, request);
            return set_signature(request, hmac::sign(&secret, &base).as_ref());
        }
        Flaw::Changed(Part::Method) => {
            meant.method = match request.method {
                Method::GET => Method::POST,
                _ => Method::GET,
            };
        }
        Flaw::Changed(Part::Target) => {
            meant.url = request.url.below("other");
        }
        Flaw::AddedQuery => request.url = request.url.asking_also("added=1"),
        _ => return signature::sign(request, input, key),
    }
    signature::sign(&mut meant, input, key)?;
    take_signature(&meant, request)
}

/// What must be flawed once the signature is there. `earlier` is the request of the step that the flaw names.
pub fn after_signing(flaw: Flaw, request: &mut Outgoing, earlier: Option<&Outgoing>) -> Fit {
    match flaw {
        Flaw::NoSignature => {
            request.headers.remove("signature");
            request.headers.remove("signature-input");
        }
        Flaw::NoSignatureInput => {
            request.headers.remove("signature-input");
        }
        Flaw::OnlySignatureInput => {
            request.headers.remove("signature");
        }
        Flaw::MislabelledSignature => {
            let text = signature::bytes_text(&made(request)?);
            request.set("signature", &format!("other={text}"))?;
        }
        Flaw::MalformedSignature => {
            request.set("signature", &format!("sig1={MALFORMED_BYTES}"))?;
        }
        Flaw::MalformedSignatureInput => request.set("signature-input", "sig1=((\"@meth")?,
        Flaw::BrokenSignature | Flaw::NoAlgorithm => set_signature(request, &broken(request)?)?,
        Flaw::EmptySignature => set_signature(request, &[])?,
        Flaw::ExtendedSignature => {
            let mut bytes = made(request)?;
            bytes.push(0);
            set_signature(request, &bytes)?;
        }
        Flaw::ZeroSignature => {
            let zeros = vec![0; made(request)?.len()];
            set_signature(request, &zeros)?;
        }
        Flaw::TwoBrokenSignatures => {
            let broken = broken(request)?;
            set_signatures(request, &[("sig1", &broken), ("sig2", &broken)])?;
        }
        Flaw::BrokenBeforeGood => {
            let (good, broken) = (made(request)?, broken(request)?);
            set_signatures(request, &[("sig0", &broken), ("sig1", &good)])?;
        }
        Flaw::BrokenAfterGood => {
            let (good, broken) = (made(request)?, broken(request)?);
            set_signatures(request, &[("sig1", &good), ("sig2", &broken)])?;
        }
        Flaw::AddedNonce => {
            let nonce = Uuid::new_v4().simple();
            signature::add_parameter(request, &format!("nonce=\"{nonce}\""))?;
        }
        Flaw::SignatureOf(step) => {
            let earlier = earlier.ok_or_else(|| format!("step {step} was not signed"))?;
            take_signature(earlier, request)?;
        }
        Flaw::Changed(Part::Authorization) => {
            let token = bearer(request)?;
            // A scheme has no case, so the token is still good; but it is not what was signed.
            set_authorization(request, &format!("bearer {token}"))?;
        }
        Flaw::Changed(Part::Key) => request.set("idempotency-key", &Uuid::new_v4().to_string())?,
        Flaw::Changed(Part::Digest) => {
            let digest = other_digest(request)?;
            request.set("content-digest", &digest)?;
        }
        Flaw::Added(Part::Key) => add(request, "idempotency-key", &Uuid::new_v4().to_string())?,
        Flaw::Added(Part::Digest) => {
            let digest = other_digest(request)?;
            add(request, "content-digest", &digest)?;
        }
        Flaw::Added(Part::Method | Part::Target | Part::Authorization) => {
            return Err("there is only ever one of it".to_owned());
        }
        Flaw::ChangedBody => change_body(request),
        Flaw::ChangedBodyInChunks => {
            change_body(request);
            request.set("transfer-encoding", "chunked")?;
            // Who doesn't know chunks takes them for the next request: it must be nobody's.
            request.set("connection", "close")?;
        }
        Flaw::NoBearer
        | Flaw::EmptyBearer
        | Flaw::OtherScheme
        | Flaw::WrongBearer
        | Flaw::UnsignedBearer
        | Flaw::RecasedBearer
        | Flaw::ExtendedBearer
        | Flaw::TrailedBearer
        | Flaw::NearlyRightBearer
        | Flaw::AlteredBearer
        | Flaw::OtherKey
        | Flaw::ExpiredBearer
        | Flaw::StaleSignature
        | Flaw::UnknownKeyId
        | Flaw::NearlyRightKeyId
        | Flaw::EmptyKeyId
        | Flaw::AbsentCovered
        | Flaw::WrongAlgorithm
        | Flaw::PublicKeyMac
        | Flaw::AddedQuery
        | Flaw::Uncovered(_)
        | Flaw::Changed(Part::Method | Part::Target)
        | Flaw::WrongDigest
        | Flaw::WrongOtherDigest
        | Flaw::CutDigest
        | Flaw::NearlyRightDigest
        | Flaw::RecasedDigest
        | Flaw::UnknownDigest
        | Flaw::MalformedDigest
        | Flaw::NoDigest
        | Flaw::OtherDigest
        | Flaw::OldSignature
        | Flaw::EarlySignature => {}
    }
    Ok(())
}

fn signed(input: Option<&mut SignatureInput>) -> Result<&mut SignatureInput, String> {
    input.ok_or_else(|| "the profile says that requests are not signed".to_owned())
}

/// A key id of the same form: each letter and digit of its last third is the next one. A UUID stays one.
fn nearly_right(key_id: &str) -> Result<String, String> {
    let kept = key_id.chars().count() * 2 / 3;
    let next = |c: char| match c {
        '9' => '0',
        'f' | 'z' => 'a',
        'F' | 'Z' => 'A',
        '0'..='8' | 'a'..='y' | 'A'..='Y' => char::from(c as u8 + 1),
        other => other,
    };
    let places = key_id.chars().enumerate();
    let wrong: String = places
        .map(|(place, c)| if place < kept { c } else { next(c) })
        .collect();
    match wrong == key_id {
        true => Err("the key id does not end with letters or digits".to_owned()),
        false => Ok(wrong),
    }
}

/// A header field that the request does not have.
fn absent(request: &Outgoing) -> Result<Component, String> {
    const ABSENT: &str = "x-not-sent";
    match request.headers.contains_key(ABSENT) {
        true => Err(format!("the request has a header field {ABSENT}")),
        false => ABSENT.parse(),
    }
}

/// The bytes of the good signature.
fn made(request: &Outgoing) -> Result<Vec<u8>, String> {
    signature_bytes(request).ok_or_else(|| "there is no signature".to_owned())
}

fn broken(request: &Outgoing) -> Result<Vec<u8>, String> {
    let mut bytes = made(request)?;
    *bytes.last_mut().ok_or("the signature is empty")? ^= 1;
    Ok(bytes)
}

/// Takes the signature of one request over into another, which it must not fit.
fn take_signature(from: &Outgoing, to: &mut Outgoing) -> Fit {
    let covered = signature::components_signed(from).ok_or("the other request was not signed")?;
    if covered.iter().all(|c| from.value(c) == to.value(c)) {
        return Err("the signature fits: all that it covers is the same".to_owned());
    }
    for name in ["signature", "signature-input"].map(HeaderName::from_static) {
        if let Some(value) = from.headers.get(&name) {
            to.headers.insert(name, value.clone());
        }
    }
    Ok(())
}

fn algorithm_sent(request: &Outgoing) -> Result<DigestAlgorithm, String> {
    let sent = request
        .headers
        .get("content-digest")
        .ok_or("the request has no body, so no digest")?;
    Ok(match sent.as_bytes().starts_with(b"sha-512") {
        true => DigestAlgorithm::Sha512,
        false => DigestAlgorithm::Sha256,
    })
}

fn other(algorithm: DigestAlgorithm) -> DigestAlgorithm {
    match algorithm {
        DigestAlgorithm::Sha256 => DigestAlgorithm::Sha512,
        DigestAlgorithm::Sha512 => DigestAlgorithm::Sha256,
    }
}

/// The right digest of the body, by the algorithm that was not sent.
fn other_digest(request: &Outgoing) -> Result<String, String> {
    Ok(content_digest(
        other(algorithm_sent(request)?),
        &request.bytes(),
    ))
}

fn wrong_digest(request: &mut Outgoing, algorithm: DigestAlgorithm) -> Fit {
    let wrong = content_digest(algorithm, Uuid::new_v4().as_bytes());
    request.set("content-digest", &wrong)
}

fn change_body(request: &mut Outgoing) {
    request.body.get_or_insert_default().push(' ');
}

/// The right digest, changed in its bytes.
fn change_digest(request: &mut Outgoing, change: fn(Vec<u8>) -> Vec<u8>) -> Fit {
    let algorithm = algorithm_sent(request)?;
    let bytes = digest_bytes(algorithm, &request.bytes());
    let changed = signature::bytes_text(&change(bytes));
    request.set(
        "content-digest",
        &format!("{}={changed}", algorithm.as_str()),
    )
}

/// The right digest, changed in its letters, but for the last ones, of which not every bit counts.
fn recase_digest(request: &mut Outgoing) -> Fit {
    const WHOLE: usize = 30;
    let algorithm = algorithm_sent(request)?;
    let bytes = digest_bytes(algorithm, &request.bytes());
    let (whole, rest) = bytes.split_at(WHOLE);
    let letters: String = STANDARD
        .encode(whole)
        .chars()
        .map(token::recased_letter)
        .collect();
    let text = format!("{letters}{}", STANDARD.encode(rest));
    request.set(
        "content-digest",
        &format!("{}=:{text}:", algorithm.as_str()),
    )
}

fn add(request: &mut Outgoing, name: &'static str, text: &str) -> Fit {
    let value = HeaderValue::from_str(text).map_err(|e| e.to_string())?;
    request.headers.append(name, value);
    Ok(())
}

fn is_of(part: Part, component: &Component) -> bool {
    match part {
        Part::Method => component.name() == "@method",
        Part::Target => component.is_derived() && component.name() != "@method",
        Part::Authorization => component.name() == "authorization",
        Part::Digest => component.name() == "content-digest",
        Part::Key => component.name() == "idempotency-key",
    }
}

fn uncover(input: Option<&mut SignatureInput>, which: impl Fn(&Component) -> bool) {
    if let Some(input) = input {
        input.components.retain(|component| !which(component));
    }
}

fn must_cover(input: &SignatureInput, part: Part) -> Fit {
    match input.components.iter().any(|c| is_of(part, c)) {
        true => Ok(()),
        false => Err(format!("the {} is not covered anyway", part.as_str())),
    }
}

fn must_uncover(input: &mut SignatureInput, part: Part) -> Fit {
    must_cover(input, part)?;
    input.components.retain(|c| !is_of(part, c));
    Ok(())
}

/// The good token.
fn bearer(request: &Outgoing) -> Result<String, String> {
    let good = request
        .headers
        .get(AUTHORIZATION)
        .ok_or("no bearer token is used")?
        .to_str()
        .map_err(|e| e.to_string())?;
    Ok(good.strip_prefix("Bearer ").unwrap_or(good).to_owned())
}

fn set_bearer(request: &mut Outgoing, wrong: fn(&str) -> String) -> Fit {
    let token = wrong(&bearer(request)?);
    set_authorization(request, &format!("Bearer {token}"))
}

fn set_authorization(request: &mut Outgoing, text: &str) -> Fit {
    // The error would show the text.
    let mut value =
        HeaderValue::from_str(text).map_err(|_| "no header field can hold the token")?;
    value.set_sensitive(true);
    request.headers.insert(AUTHORIZATION, value);
    Ok(())
}

#[cfg(test)]
mod tests;
