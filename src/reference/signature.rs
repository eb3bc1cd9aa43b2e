//! HTTP Message Signatures (RFC 9421) with ecdsa-p384-sha384.
//!
//! The signature base is made again from the request and from the components and parameters as
//! they were received: order and unknown parameters stay, because they are signed too.

use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, ParsedPublicKey};
use jiff::{SignedDuration, Timestamp};
use sfv::{
    BareItem, Dictionary, InnerList, Item, KeyRef, ListEntry, ListSerializer, Parameters, Parser,
};
use uuid::Uuid;

use super::access::decode_base64;
use super::call::{Call, Refusal};
use super::programme::Programme;
use super::readings::{MayBeUncovered, Readings};
use super::service::Service;

/// The one algorithm of the contract.
const ALGORITHM: &str = "ecdsa-p384-sha384";

/// How long ago a signature may have been made.
pub(super) const LONGEST_AGE: SignedDuration = SignedDuration::from_mins(5);

/// A public key that signatures may name.
#[derive(Debug)]
pub(super) struct SigningKey {
    pub id: Uuid,
    key: ParsedPublicKey,
}

impl SigningKey {
    /// Reads the base64 of a PEM; nothing when it holds no P-384 public key.
    pub(super) fn read(base64_of_pem: &str) -> Option<Self> {
        let pem = String::from_utf8(decode_base64(base64_of_pem.trim())?).ok()?;
        let (_, rest) = pem.split_once("-----BEGIN PUBLIC KEY-----")?;
        let (inner, _) = rest.split_once("-----END PUBLIC KEY-----")?;
        let der = decode_base64(&inner.split_whitespace().collect::<String>())?;
        let key = ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, der).ok()?;
        Some(Self {
            id: Uuid::new_v4(),
            key,
        })
    }
}

/// Whether one of the call's signatures covers what it must, and verifies.
pub(super) fn verify(service: &Service, call: &Call) -> Result<(), Refusal> {
    let refuse = |code, message: &str| Refusal::new(service.readings.access_code, code, message);
    let dictionary = |name: &str| match call.header(name) {
        None => Err(refuse(
            "signature-missing",
            "Signature or Signature-Input is missing",
        )),
        Some(header) => Parser::new(&header).parse::<Dictionary>().map_err(|_| {
            refuse(
                "signature-malformed",
                "Signature or Signature-Input is not a dictionary",
            )
        }),
    };
    let inputs = dictionary("signature-input")?;
    let signatures = dictionary("signature")?;
    let mut verdict = Err((
        "signature-missing",
        "no label has both an input and a signature",
    ));
    for (label, input) in &inputs {
        verdict = match (input, signatures.get(label)) {
            (ListEntry::InnerList(input), Some(ListEntry::Item(signature))) => {
                verify_one(service, call, input, &signature.bare_item)
            }
            (_, None) => continue,
            (_, Some(_)) => Err((
                "signature-malformed",
                "an input is a list, and a signature is bytes",
            )),
        };
        if verdict.is_err() == service.readings.every_signature_counts {
            break;
        }
    }
    verdict.map_err(|(code, message)| refuse(code, message))
}

/// Why a signature doesn't count: a code and a sentence.
pub(super) type Flaw = (&'static str, &'static str);

fn verify_one(
    service: &Service,
    call: &Call,
    input: &InnerList,
    signature: &BareItem,
) -> Result<(), Flaw> {
    let BareItem::ByteSequence(signature) = signature else {
        return Err(("signature-malformed", "a signature is a byte sequence"));
    };
    if string_parameter(&input.params, "alg").is_some_and(|algorithm| algorithm != ALGORITHM) {
        return Err((
            "signature-algorithm",
            "the algorithm is not ecdsa-p384-sha384",
        ));
    }
    let key_id = string_parameter(&input.params, "keyid");
    let key = (service.rules.signing_key)(&service.own, key_id);
    let key = key.ok_or(("signature-key", "keyid names no key of this programme"))?;
    (service.rules.covers)(&service.readings, call, &component_names(input))?;
    let now = service.clock.now();
    if integer_parameter(&input.params, "expires").is_some_and(|expires| expires <= now.as_second())
    {
        return Err(("signature-expired", "the signature has expired"));
    }
    let created = integer_parameter(&input.params, "created");
    let is_recent = |created| (service.rules.is_recent)(created, now);
    if service.readings.refuse_old_signatures && created.is_some_and(|c| !is_recent(c)) {
        return Err(("signature-stale", "the signature was made too long ago"));
    }
    if service.readings.refuse_early_signatures && created.is_some_and(|c| is_early(c, now)) {
        return Err(("signature-early", "the signature is dated ahead"));
    }
    let base = signature_base(call, input)?;
    key.key
        .verify_sig(base.as_bytes(), signature)
        .map_err(|_| ("signature-invalid", "the signature does not verify"))
}

/// The key that a `keyid` names.
pub(super) fn named_key(programme: &Programme, key_id: Option<&str>) -> Option<Arc<SigningKey>> {
    let key_id = Uuid::try_parse(key_id?).ok()?;
    let keys = programme.signing_keys();
    keys.iter().find(|key| key.id == key_id).cloned()
}

/// Whether the components are enough: method, target, and what the call carries of digest and
/// idempotency key.
pub(super) fn covers(readings: &Readings, call: &Call, components: &[&str]) -> Result<(), Flaw> {
    let has = |name: &str| components.contains(&name);
    let sends = |name: &str| call.headers.contains_key(name);
    let free = readings.may_be_uncovered;
    let wanted = [
        (true, has("@method")),
        (true, has("@target-uri") || has("@path")),
        (!call.body.is_empty(), has("content-digest")),
        (
            sends("idempotency-key") && free != MayBeUncovered::Both,
            has("idempotency-key"),
        ),
        (
            sends("authorization") && free == MayBeUncovered::Neither,
            has("authorization"),
        ),
    ];
    match wanted.iter().all(|(wanted, covered)| !wanted || *covered) {
        true => Ok(()),
        false => Err((
            "signature-coverage",
            "the signature leaves out a component that it must cover",
        )),
    }
}

fn component_names(input: &InnerList) -> Vec<&str> {
    input
        .items
        .iter()
        .filter_map(|item| item.bare_item.as_string())
        .map(|name| name.as_str())
        .collect()
}

/// Whether a signature made at that time, in seconds since the epoch, is still taken.
pub(super) fn is_recent(created: i64, now: Timestamp) -> bool {
    now.as_second().saturating_sub(created) <= LONGEST_AGE.as_secs()
}

fn integer_parameter(parameters: &Parameters, name: &'static str) -> Option<i64> {
    let value = parameters.get(key(name))?.as_integer()?;
    Some(i64::from(value))
}

/// Whether a signature says that it was made later than any clock's error explains.
fn is_early(created: i64, now: Timestamp) -> bool {
    created.saturating_sub(now.as_second()) > LONGEST_AGE.as_secs()
}

fn string_parameter<'a>(parameters: &'a Parameters, name: &'static str) -> Option<&'a str> {
    parameters
        .get(key(name))
        .and_then(|value| value.as_string())
        .map(|text| text.as_str())
}

fn key(name: &'static str) -> &'static KeyRef {
    KeyRef::from_str(name).expect("parameter names in this file are keys")
}

/// The text that was signed (RFC 9421, section 2.5).
fn signature_base(call: &Call, input: &InnerList) -> Result<String, Flaw> {
    let mut base = String::new();
    let mut seen = Vec::new();
    for item in &input.items {
        let name = component_name(item)?;
        if seen.contains(&name) {
            return Err(("signature-component", "a component is named twice"));
        }
        seen.push(name);
        let value = component(call, name)
            .ok_or(("signature-component", "a covered component is not there"))?;
        base.push_str(&format!("\"{name}\": {value}\n"));
    }
    let mut parameters = ListSerializer::new();
    parameters.members([&ListEntry::InnerList(input.clone())]);
    base.push_str(&format!(
        "\"@signature-params\": {}",
        parameters.finish().unwrap_or_default()
    ));
    Ok(base)
}

/// A component identifier without parameters: those choose forms that the contract has no use for.
fn component_name(item: &Item) -> Result<&str, Flaw> {
    match item.bare_item.as_string() {
        Some(name) if item.params.is_empty() => Ok(name.as_str()),
        Some(_) | None => Err((
            "signature-component",
            "a component is a string without parameters",
        )),
    }
}

/// The value of a component (RFC 9421, section 2), or nothing when the call doesn't have it.
fn component(call: &Call, name: &str) -> Option<String> {
    match name {
        "@method" => Some(call.method.to_string()),
        "@target-uri" => Some(format!(
            "http://{}{}",
            call.authority()?,
            call.path_and_query()
        )),
        "@authority" => Some(
            call.authority()?
                .to_ascii_lowercase()
                .trim_end_matches(":80")
                .to_owned(),
        ),
        "@scheme" => Some("http".to_owned()),
        "@request-target" => Some(call.path_and_query().to_owned()),
        "@path" => Some(call.uri.path().to_owned()),
        "@query" => Some(format!("?{}", call.uri.query().unwrap_or_default())),
        _ if name.starts_with('@') || name.chars().any(|letter| letter.is_ascii_uppercase()) => {
            None
        }
        _ => call.header(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Options;
    use crate::reference::call::Operation;
    use crate::reference::testing::{Client, add_digest, set, virtual_card};

    /// What a client signs, and what becomes of the call after that.
    type Input = fn(&Client, &Call) -> String;
    type Change = fn(&mut Call);

    fn create(client: &Client) -> Call {
        let id = Uuid::new_v4().to_string();
        Call {
            body: virtual_card().to_string().into(),
            ..client.call(Operation::CreateCard, &id)
        }
    }

    /// Signs a create with that input, changes it, and gives the code of the refusal.
    fn check(input: Input, change: Change) -> Option<&'static str> {
        let client = Client::new(&Options::default());
        let mut call = create(&client);
        add_digest(&mut call);
        let input = input(&client, &call);
        client.sign(&mut call, &input);
        change(&mut call);
        verify(&client.service, &call)
            .err()
            .map(|refusal| refusal.code)
    }

    #[test]
    fn a_correct_signature_passes_whatever_the_order_and_parameters() {
        assert_eq!(check(Client::input, |_| ()), None);
        // The test's signer knows no @query and no @authority, so those must fail and nothing else.
        assert_eq!(check(reordered_input, |_| ()), Some("signature-invalid"));
        let without = |client: &Client, call: &Call| {
            reordered_input(client, call).replace(" \"@query\" \"@authority\"", "")
        };
        assert_eq!(check(without, |_| ()), None);
    }

    fn reordered_input(client: &Client, _: &Call) -> String {
        format!(
            "(\"content-digest\" \"idempotency-key\" \"@path\" \"@method\" \"@query\" \"@authority\" \"host\");\
             nonce=\"n\";keyid=\"{}\";expires=9999999999;tag=\"t\";created={}",
            client.key_id,
            client.service.clock.now().as_second() - 200
        )
    }

    #[test]
    fn each_tampering_has_its_own_code() {
        let rows: &[(Change, &str)] = &[
            (
                |call| drop(call.headers.remove("signature")),
                "signature-missing",
            ),
            (
                |call| drop(call.headers.remove("signature-input")),
                "signature-missing",
            ),
            (
                |call| set(call, "signature", "sig=:AAAA:"),
                "signature-invalid",
            ),
            (
                |call| set(call, "signature", "other=:AAAA:"),
                "signature-missing",
            ),
            (
                |call| set(call, "signature", "sig=1"),
                "signature-malformed",
            ),
            (
                |call| set(call, "signature", "sig=:A"),
                "signature-malformed",
            ),
            (
                |call| set(call, "signature-input", "sig=1"),
                "signature-malformed",
            ),
            (
                |call| set(call, "idempotency-key", "other"),
                "signature-invalid",
            ),
            (
                |call| drop(call.headers.remove("authorization")),
                "signature-component",
            ),
            (|call| call.method = http::Method::PUT, "signature-invalid"),
            (|call| set(call, "host", "example.org"), "signature-invalid"),
        ];
        for (index, (change, code)) in rows.iter().enumerate() {
            assert_eq!(check(Client::input, *change), Some(*code), "row {index}");
        }
    }

    #[test]
    fn what_must_be_covered_and_named_is_asked_for() {
        let rows: &[(Input, &str)] = &[
            (
                |client, call| client.input(call).replace("\"@method\" ", ""),
                "signature-coverage",
            ),
            (
                |client, call| client.input(call).replace("\"@target-uri\" ", ""),
                "signature-coverage",
            ),
            (
                |client, call| client.input(call).replace("\"content-digest\" ", ""),
                "signature-coverage",
            ),
            (
                |client, call| client.input(call).replace(" \"idempotency-key\"", ""),
                "signature-coverage",
            ),
            (
                |client, call| client.input(call).replace(&client.key_id, "nobody"),
                "signature-key",
            ),
            (
                |client, call| client.input(call).replace("p384-sha384", "p256-sha256"),
                "signature-algorithm",
            ),
            (
                |client, call| format!("{};expires=1", client.input(call)),
                "signature-expired",
            ),
            (
                |client, call| client.input(call).replace("created=", "created=1;before="),
                "signature-stale",
            ),
            (
                |client, call| {
                    client
                        .input(call)
                        .replace("\"@method\"", "\"@method\" \"@method\"")
                },
                "signature-component",
            ),
        ];
        for (index, (input, code)) in rows.iter().enumerate() {
            assert_eq!(check(*input, |_| ()), Some(*code), "row {index}");
        }
    }

    #[test]
    fn only_a_p384_key_in_a_pem_is_a_signing_key() {
        let client = Client::new(&Options::default());
        assert!(SigningKey::read(&client.public_key()).is_some());
        for bad in [
            "",
            "AAAA",
            "not base64",
            "LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0=",
        ] {
            assert!(SigningKey::read(bad).is_none(), "{bad}");
        }
    }
}
