use http::Method;

use super::*;
use crate::drive::auth::key::SigningKey;
use crate::drive::auth::key::tests::verifies;
use crate::drive::draft::Draft;
use crate::profile::Signing;

fn good() -> Outgoing {
    let draft = Draft {
        encoding: None,
        method: Method::POST,
        path: "/accounts/1/cards".into(),
        body: Some("{}".into()),
        media_type: None,
        key: Some("11111111-1111-4111-8111-111111111111".into()),
    };
    let mut request =
        Outgoing::new(&crate::drive::address::Base::new("http://h/v1"), &draft).unwrap();
    request
        .set(
            "content-digest",
            &content_digest(DigestAlgorithm::Sha256, b"{}"),
        )
        .unwrap();
    request.set("authorization", "Bearer aa.bb.cc").unwrap();
    request
}

struct Flawed {
    request: Outgoing,
    input: SignatureInput,
    /// The signature is right for what is sent.
    verifies: bool,
}

fn flawed(flaw: Flaw) -> Flawed {
    let key = SigningKey::generate().unwrap();
    let mut request = good();
    let mut input = SignatureInput::new(&Signing::default().components, &request, 7, "key-1");
    before_signing(flaw, &mut request, Some(&mut input)).unwrap();
    super::sign(flaw, &mut request, &input, &key).unwrap();
    after_signing(flaw, &mut request, None).unwrap();
    let base = input.base(&input.text().unwrap(), &request);
    let signature = signature_bytes(&request).unwrap_or_default();
    Flawed {
        verifies: verifies(&key, &base, &signature),
        request,
        input,
    }
}

/// What differs from the good request, signature apart.
fn differences(request: &Outgoing) -> Vec<&'static str> {
    let good = good();
    let values = |request: &Outgoing, name: &str| -> Vec<HeaderValue> {
        request.headers.get_all(name).iter().cloned().collect()
    };
    let mut differ = vec![
        "authorization",
        "content-digest",
        "idempotency-key",
        "transfer-encoding",
        "connection",
    ];
    differ.retain(|name| values(&good, name) != values(request, name));
    if good.body != request.body {
        differ.push("body");
    }
    differ
}

#[test]
fn each_flaw_is_the_only_one() {
    use Flaw::*;
    for flaw in Flaw::ALL {
        let Flawed {
            request,
            input,
            verifies,
        } = flawed(flaw);
        let differ: &[&str] = match flaw {
            NoBearer
            | EmptyBearer
            | OtherScheme
            | WrongBearer
            | UnsignedBearer
            | RecasedBearer
            | ExtendedBearer
            | TrailedBearer
            | NearlyRightBearer
            | AlteredBearer
            | Changed(Part::Authorization) => &["authorization"],
            WrongDigest
            | WrongOtherDigest
            | CutDigest
            | NearlyRightDigest
            | RecasedDigest
            | UnknownDigest
            | MalformedDigest
            | NoDigest
            | OtherDigest
            | Changed(Part::Digest)
            | Added(Part::Digest) => &["content-digest"],
            Changed(Part::Key) | Added(Part::Key) => &["idempotency-key"],
            ChangedBody => &["body"],
            ChangedBodyInChunks => &["transfer-encoding", "connection", "body"],
            _ => &[],
        };
        assert_eq!(differences(&request), differ, "{flaw}");
        let is_signed_well = matches!(
            flaw,
            NoBearer | EmptyBearer | OtherScheme | WrongBearer | UnsignedBearer | RecasedBearer
                | ExtendedBearer | TrailedBearer | NearlyRightBearer | AlteredBearer | NoSignatureInput | CutDigest | NearlyRightDigest | RecasedDigest
                | ExpiredBearer | StaleSignature
                | UnknownKeyId | NearlyRightKeyId | EmptyKeyId | AbsentCovered | WrongAlgorithm | Uncovered(_) | WrongDigest | WrongOtherDigest
                | UnknownDigest | MalformedDigest | NoDigest | OtherDigest | ChangedBody | ChangedBodyInChunks | OldSignature | EarlySignature
                // The token and the time were chosen before.

                // The base is made from what was signed and not from what the field says.
                | MalformedSignatureInput
                | AddedNonce
        );
        assert_eq!(verifies, is_signed_well, "{flaw}");
        let left_out: Vec<&str> = [
            "@method",
            "@target-uri",
            "authorization",
            "content-digest",
            "idempotency-key",
        ]
        .into_iter()
        .filter(|name| input.components.iter().all(|c| c.name() != *name))
        .collect();
        let expected: &[&str] = match flaw {
            Uncovered(Part::Method) => &["@method"],
            Uncovered(Part::Target) => &["@target-uri"],
            Uncovered(Part::Authorization) | NoBearer => &["authorization"],
            Uncovered(Part::Digest) | NoDigest => &["content-digest"],
            Uncovered(Part::Key) => &["idempotency-key"],
            _ => &[],
        };
        assert_eq!(left_out, expected, "{flaw}");
        let text = input.text().unwrap();
        let other_key = matches!(flaw, UnknownKeyId | NearlyRightKeyId | EmptyKeyId);
        assert_eq!(text.contains("\"key-1\""), !other_key, "{flaw}");
        let covers_absent = text.contains("\"x-not-sent\"");
        assert_eq!(covers_absent, flaw == AbsentCovered, "{flaw}");
        let other_algorithm = matches!(flaw, WrongAlgorithm | NoAlgorithm | PublicKeyMac);
        assert_eq!(text.contains("p384"), !other_algorithm, "{flaw}");
        let other_time = matches!(flaw, OldSignature | EarlySignature);
        assert_eq!(text.contains("created=7;"), !other_time, "{flaw}");
    }
}

fn field(flaw: Flaw, name: &str) -> String {
    let value = flawed(flaw).request.headers.remove(name);
    value.map_or(String::new(), |v| v.to_str().unwrap().to_owned())
}

#[test]
fn a_second_signature_stands_where_its_flaw_says() {
    for (flaw, labels) in [
        (Flaw::TwoBrokenSignatures, ["sig1=", ", sig2="]),
        (Flaw::BrokenBeforeGood, ["sig0=", ", sig1="]),
        (Flaw::BrokenAfterGood, ["sig1=", ", sig2="]),
    ] {
        for name in ["signature", "signature-input"] {
            let text = field(flaw, name);
            assert!(
                text.starts_with(labels[0]) && text.contains(labels[1]),
                "{flaw}: {text}"
            );
        }
    }
    assert!(field(Flaw::NoSignature, "signature").is_empty());
    assert!(field(Flaw::OnlySignatureInput, "signature").is_empty());
    assert!(field(Flaw::NoSignatureInput, "signature-input").is_empty());
    assert_eq!(field(Flaw::EmptySignature, "signature"), "sig1=::");
    assert!(field(Flaw::MislabelledSignature, "signature").starts_with("other=:"));
}

#[test]
fn a_signature_is_taken_only_where_it_does_not_fit() {
    let key = SigningKey::generate().unwrap();
    let sign = |request: &mut Outgoing| {
        let input = SignatureInput::new(&Signing::default().components, request, 7, "key-1");
        signature::sign(request, &input, &key).unwrap();
    };
    let mut earlier = good();
    earlier.url = earlier.url.below("1");
    sign(&mut earlier);
    let mut request = good();
    sign(&mut request);
    let flaw = Flaw::SignatureOf(crate::case::StepNumber(1));
    after_signing(flaw, &mut request, Some(&earlier)).unwrap();
    assert_eq!(request.headers["signature"], earlier.headers["signature"]);
    let same = earlier.clone();
    assert!(after_signing(flaw, &mut earlier, Some(&same)).is_err());
    assert!(after_signing(flaw, &mut earlier, Some(&good())).is_err());
    assert!(after_signing(flaw, &mut earlier, None).is_err());
}

#[test]
fn a_flaw_that_changes_nothing_is_refused() {
    for flaw in Flaw::ALL {
        let mut bare = good();
        bare.headers.clear();
        assert!(before_signing(flaw, &mut bare, None).is_err(), "{flaw}");
    }
    for part in Part::ALL {
        for flaw in [Flaw::Uncovered(part), Flaw::Changed(part)] {
            let mut request = good();
            let mut input = SignatureInput::new(&[], &request, 7, "key-1");
            let refused = before_signing(flaw, &mut request, Some(&mut input));
            assert!(refused.is_err(), "{flaw}");
        }
    }
}

#[test]
fn a_wrong_digest_is_nearly_the_right_one() {
    let right = content_digest(DigestAlgorithm::Sha256, b"{}");
    for (flaw, length) in [
        (Flaw::CutDigest, 16),
        (Flaw::NearlyRightDigest, 32),
        (Flaw::RecasedDigest, 32),
    ] {
        let text = field(flaw, "content-digest");
        let bytes = |text: &str| {
            let encoded = text.strip_prefix("sha-256=:").unwrap();
            STANDARD.decode(encoded.strip_suffix(':').unwrap()).unwrap()
        };
        let (sent, right) = (bytes(&text), bytes(&right));
        assert_eq!(sent.len(), length, "{flaw}");
        let is_alike = flaw == Flaw::RecasedDigest || sent[..15] == right[..15];
        assert!(is_alike && sent != right, "{flaw}: {text}");
    }
    assert!(field(Flaw::RecasedDigest, "content-digest").eq_ignore_ascii_case(&right));
}

#[test]
fn a_query_is_added_only_where_one_would_be_signed() {
    let request = flawed(Flaw::AddedQuery).request;
    assert_eq!(request.url.query(), Some("added=1"));
    let key = SigningKey::generate().unwrap();
    let mut request = good();
    let path = ["@method", "@path"].map(|name| name.parse().unwrap());
    let input = SignatureInput::new(&path, &request, 7, "key-1");
    assert!(super::sign(Flaw::AddedQuery, &mut request, &input, &key).is_err());
}

#[test]
fn a_nearly_right_key_id_has_the_form_of_the_right_one() {
    for (right, wrong) in [
        (
            "0f0e9a1b-3c4d-4e5f-8a9b-0c1d2e3f4a5b",
            "0f0e9a1b-3c4d-4e5f-8a9b-1d2e3f4a5b6c",
        ),
        ("KzQ9-Zz_", "KzQ9-Aa_"),
        ("k1", "k2"),
        ("x", "y"),
    ] {
        assert_eq!(nearly_right(right).as_deref(), Ok(wrong));
    }
    assert!(nearly_right("key---").is_err());
    assert!(nearly_right("").is_err());
}

#[test]
fn an_added_nonce_stands_behind_what_was_signed() {
    let good = field(Flaw::BrokenSignature, "signature-input");
    let added = field(Flaw::AddedNonce, "signature-input");
    let nonce = added.strip_prefix(&good).unwrap();
    assert!(
        nonce.starts_with(";nonce=\"") && nonce.ends_with('"'),
        "{nonce}"
    );
}
