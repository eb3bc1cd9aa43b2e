//! Mistakes in what a signature says of itself: which key made it, which parameters it has, what it covers.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use super::Fault;
use crate::reference::call::Call;
use crate::reference::programme::Programme;
use crate::reference::signature::{SigningKey, named_key, verify};

/// The key that was registered last.
fn newest(programme: &Programme) -> Option<Arc<SigningKey>> {
    programme.signing_keys().last().cloned()
}

/// The call with its nonce taken out of what its signature says.
fn without_nonce(call: &Call) -> Option<Call> {
    let input = call.header("signature-input")?;
    let (before, nonce) = input.split_once(";nonce=\"")?;
    let (_, behind) = nonce.split_once('"')?;
    let mut call = call.clone();
    let value = HeaderValue::from_str(&format!("{before}{behind}")).ok()?;
    call.headers.insert("signature-input", value);
    Some(call)
}

/// The call with an empty header field for each that its signature covers and that is not there.
fn with_covered_fields(call: &Call) -> Call {
    let mut call = call.clone();
    let input = call.header("signature-input").unwrap_or_default();
    let covered = input.split('"').skip(1).step_by(2);
    let names = covered.filter_map(|name| name.parse::<HeaderName>().ok());
    for name in names {
        let empty = HeaderValue::from_static("");
        call.headers.entry(name).or_insert(empty);
    }
    call
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "key-found-by-its-beginning",
        words: "A signing key is found by the first eight characters of its id.",
        requirement: "AUTH-6",
        shortest: 1,
        plant: |rules| {
            rules.signing_key = |programme, key_id| {
                let begins = key_id?.get(..8)?;
                let keys = programme.signing_keys();
                let found = keys.iter().find(|k| k.id.to_string().starts_with(begins));
                found.cloned()
            };
        },
    },
    Fault {
        id: "empty-key-id-is-the-newest-key",
        words: "A signature whose keyid is empty is verified with the key that was registered last.",
        requirement: "AUTH-6",
        shortest: 1,
        plant: |rules| {
            rules.signing_key = |programme, key_id| match key_id {
                Some("") => newest(programme),
                _ => named_key(programme, key_id),
            };
        },
    },
    Fault {
        id: "unused-parameters-not-verified",
        words: "The signature base is made anew from the parameters that the verifier uses, and it has no use for a nonce.",
        requirement: "AUTH-5",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| {
                let known = without_nonce(call);
                verify(service, known.as_ref().unwrap_or(call))
            };
        },
    },
    Fault {
        id: "absent-header-covered-as-empty",
        words: "A header field that a signature covers and that is not there is taken for an empty one.",
        requirement: "AUTH-5",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| verify(service, &with_covered_fields(call));
        },
    },
];
