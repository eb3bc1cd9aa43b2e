//! Mistakes in who is let in.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use http::{Method, StatusCode};

use super::Fault;
use crate::reference::access::{bearer, content_digest};
use crate::reference::call::{Call, Operation, Refusal, Reply};
use crate::reference::readings::Readings;
use crate::reference::service::{Service, locate, parse_id, unknown_id};
use crate::reference::signature::{covers, verify};

/// The correct verdict on a bearer, but one flaw is let pass.
pub(super) fn bearer_but(service: &Service, call: &Call, flaw: &str) -> Result<(), Refusal> {
    bearer(service, call).or_else(|refusal| {
        if refusal.code == flaw {
            Ok(())
        } else {
            Err(refusal)
        }
    })
}

/// The correct verdict on a signature, but one flaw is let pass.
pub(super) fn signature_but(service: &Service, call: &Call, flaw: &str) -> Result<(), Refusal> {
    verify(service, call).or_else(|refusal| {
        if refusal.code == flaw {
            Ok(())
        } else {
            Err(refusal)
        }
    })
}

/// The correct verdict on a digest, but one flaw is let pass.
pub(super) fn digest_but(readings: &Readings, call: &Call, flaw: &str) -> Result<(), Refusal> {
    content_digest(readings, call).or_else(|refusal| {
        if refusal.code == flaw {
            Ok(())
        } else {
            Err(refusal)
        }
    })
}

/// A read of a card by someone who shows no bearer.
fn is_open(call: &Call) -> bool {
    call.operation == Operation::ReadCard && !call.headers.contains_key("authorization")
}

/// The same components and one more.
fn and_covered<'a>(components: &[&'a str], name: &'a str) -> Vec<&'a str> {
    components.iter().copied().chain([name]).collect()
}

/// What was remembered of good tokens.
static KNOWN: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// The correct verdict on a bearer, but one that is like a good one in what is remembered of that is let pass.
fn bearer_known_by(
    service: &Service,
    call: &Call,
    remembered: fn(&str) -> Option<String>,
) -> Result<(), Refusal> {
    let verdict = bearer(service, call);
    let Some(part) = call.header("authorization").as_deref().and_then(remembered) else {
        return verdict;
    };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    match &verdict {
        Ok(()) => {
            known.insert(part);
            verdict
        }
        Err(refusal) if refusal.code == "bearer-unknown" && known.contains(&part) => Ok(()),
        Err(_) => verdict,
    }
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "token-known-by-its-signature",
        words: "Good tokens are remembered by their signature, which then is good for any claims.",
        requirement: "AUTH-2",
        shortest: 1,
        plant: |rules| {
            rules.bearer = |service, call| {
                bearer_known_by(service, call, |token| {
                    Some(token.rsplit_once('.')?.1.to_owned())
                })
            };
        },
    },
    Fault {
        id: "token-signature-cut",
        words: "Good tokens are remembered without the end of their signature, for which a column has no room.",
        requirement: "AUTH-2",
        shortest: 1,
        plant: |rules| {
            rules.bearer = |service, call| {
                bearer_known_by(service, call, |token| {
                    let signature = token.rsplit_once('.')?.1.len();
                    let end = token.len() - signature + 20;
                    token.get(..end).map(str::to_owned)
                })
            };
        },
    },
    Fault {
        id: "card-readable-without-bearer",
        words: "The read of a card asks nobody for a bearer, nor for what is signed with it.",
        requirement: "AUTH-1",
        shortest: 2,
        plant: |rules| {
            rules.bearer = |service, call| match is_open(call) {
                true => Ok(()),
                false => bearer(service, call),
            };
            rules.signature = |service, call| match is_open(call) {
                true => Ok(()),
                false => verify(service, call),
            };
        },
    },
    Fault {
        id: "ids-looked-up-before-bearer",
        words: "An id is looked up first: who shows no bearer is told that there is none.",
        requirement: "AUTH-1",
        shortest: 1,
        plant: |rules| {
            rules.bearer = |service, call| {
                let bearer = bearer(service, call);
                let id = parse_id(&service.readings, call).ok();
                let is_unknown = id.is_some_and(|id| locate(service, call, id).is_err());
                match is_unknown && !call.headers.contains_key("authorization") {
                    true => Err(unknown_id(&service.readings)),
                    false => bearer,
                }
            };
        },
    },
    Fault {
        id: "missing-bearer-answers-403",
        words: "A call without a bearer is answered with 403.",
        requirement: "AUTH-1",
        shortest: 1,
        plant: |rules| {
            rules.bearer = |service, call| {
                bearer(service, call).map_err(|refusal| match refusal.code {
                    "bearer-missing" => Refusal {
                        status: StatusCode::FORBIDDEN,
                        ..refusal
                    },
                    _ => refusal,
                })
            };
        },
    },
    Fault {
        id: "any-bearer-accepted",
        words: "Any bearer will do.",
        requirement: "AUTH-2",
        shortest: 1,
        plant: |rules| rules.bearer = |service, call| bearer_but(service, call, "bearer-unknown"),
    },
    Fault {
        id: "delete-needs-no-signature",
        words: "A card can be terminated without a signature.",
        requirement: "AUTH-4",
        shortest: 2,
        plant: |rules| {
            rules.signature = |service, call| match call.method {
                Method::DELETE => signature_but(service, call, "signature-missing"),
                _ => verify(service, call),
            };
        },
    },
    Fault {
        id: "missing-signature-answers-403",
        words: "A call without a signature is answered with 403.",
        requirement: "AUTH-4",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| {
                verify(service, call).map_err(|refusal| match refusal.code {
                    "signature-missing" => Refusal {
                        status: StatusCode::FORBIDDEN,
                        ..refusal
                    },
                    _ => refusal,
                })
            };
        },
    },
    Fault {
        id: "signature-not-verified",
        words: "A signature has to be there, but nobody verifies it.",
        requirement: "AUTH-5",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| signature_but(service, call, "signature-invalid")
        },
    },
    Fault {
        id: "patch-signature-not-verified",
        words: "The signature of a PATCH is not verified, because it has no body to protect.",
        requirement: "AUTH-5",
        shortest: 2,
        plant: |rules| {
            rules.signature = |service, call| match call.method {
                Method::PATCH => signature_but(service, call, "signature-invalid"),
                _ => verify(service, call),
            };
        },
    },
    Fault {
        id: "unknown-key-id-accepted",
        words: "A signature under a keyid that is not registered passes as one that can't be checked.",
        requirement: "AUTH-6",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| signature_but(service, call, "signature-key")
        },
    },
    Fault {
        id: "other-algorithm-accepted",
        words: "A signature that names another algorithm passes as one that can't be checked.",
        requirement: "AUTH-7",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| signature_but(service, call, "signature-algorithm");
        },
    },
    Fault {
        id: "method-need-not-be-covered",
        words: "A signature that doesn't cover the method is accepted.",
        requirement: "AUTH-8",
        shortest: 1,
        plant: |rules| {
            rules.covers =
                |readings, call, names| covers(readings, call, &and_covered(names, "@method"))
        },
    },
    Fault {
        id: "target-need-not-be-covered",
        words: "A signature that doesn't cover the target is accepted.",
        requirement: "AUTH-8",
        shortest: 1,
        plant: |rules| {
            rules.covers =
                |readings, call, names| covers(readings, call, &and_covered(names, "@target-uri"))
        },
    },
    Fault {
        id: "digest-need-not-be-covered",
        words: "A signature that doesn't cover the digest of the body is accepted.",
        requirement: "AUTH-8",
        shortest: 1,
        plant: |rules| {
            rules.covers = |readings, call, names| {
                covers(readings, call, &and_covered(names, "content-digest"))
            }
        },
    },
    Fault {
        id: "signature-trusted-with-digest",
        words: "When the digest matches the body, a signature that doesn't verify is let pass.",
        requirement: "AUTH-9",
        shortest: 1,
        plant: |rules| {
            rules.signature = |service, call| match call.headers.contains_key("content-digest") {
                true => signature_but(service, call, "signature-invalid"),
                false => verify(service, call),
            };
        },
    },
    Fault {
        id: "digest-not-compared",
        words: "A digest has to be there, but nobody compares it with the body.",
        requirement: "AUTH-10",
        shortest: 1,
        plant: |rules| {
            rules.content_digest = |readings, call| digest_but(readings, call, "digest-mismatch");
        },
    },
    Fault {
        id: "long-digest-not-compared",
        words: "A digest by sha-512 is not compared with the body.",
        requirement: "AUTH-10",
        shortest: 1,
        plant: |rules| {
            rules.content_digest = |readings, call| match call
                .header("content-digest")
                .is_some_and(|digest| digest.contains("sha-512"))
            {
                true => digest_but(readings, call, "digest-mismatch"),
                false => content_digest(readings, call),
            };
        },
    },
    Fault {
        id: "digest-not-required",
        words: "A body without a digest is accepted.",
        requirement: "AUTH-11",
        shortest: 1,
        plant: |rules| {
            rules.content_digest = |readings, call| digest_but(readings, call, "digest-missing");
            rules.covers = |readings, call, names| match call.headers.contains_key("content-digest")
            {
                true => covers(readings, call, names),
                false => covers(readings, call, &and_covered(names, "content-digest")),
            };
        },
    },
    Fault {
        id: "refused-digest-takes-effect",
        words: "A create whose digest is wrong is refused after it was done.",
        requirement: "AUTH-12",
        shortest: 2,
        plant: |rules| {
            rules.content_digest = |readings, call| digest_but(readings, call, "digest-mismatch");
            rules.dress =
                |call, reply| match (call.operation, content_digest(&Readings::default(), call)) {
                    (Operation::CreateCard, Err(refusal)) if reply.status.is_success() => {
                        Reply::from(refusal)
                    }
                    _ => reply,
                };
        },
    },
];
