use http::Method;

use super::*;
use crate::drive::auth::key::SigningKey;
use crate::drive::auth::key::tests::verifies;
use crate::drive::auth::signature::sign;
use crate::drive::draft::Draft;
use crate::profile::Signing;

fn good() -> Outgoing {
    let draft = Draft {
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
    sign(&mut request, &input, &key).unwrap();
    after_signing(flaw, &mut request).unwrap();
    let base = input.base(&input.text().unwrap(), &request);
    let signature = signature_bytes(&request).unwrap_or_default();
    Flawed {
        verifies: verifies(&key, &base, &signature),
        request,
        input,
    }
}

#[test]
fn each_flaw_is_the_only_one() {
    for (flaw, _) in Flaw::ALL {
        let Flawed {
            request,
            input,
            verifies,
        } = flawed(flaw);
        let header = |name: &str| {
            request
                .headers
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        let good = good();
        let same = |name: &str| {
            header(name).as_deref() == good.headers.get(name).map(|v| v.to_str().unwrap())
        };
        let names: Vec<_> = input.components.iter().map(Component::name).collect();

        let breaks_signature = matches!(
            flaw,
            Flaw::NoSignature | Flaw::BrokenSignature | Flaw::ChangedHeader
        );
        assert_eq!(verifies, !breaks_signature, "{flaw:?}");
        assert_eq!(
            header("signature").is_none(),
            flaw == Flaw::NoSignature,
            "{flaw:?}"
        );
        assert_eq!(
            header("signature-input").is_none(),
            flaw == Flaw::NoSignature,
            "{flaw:?}"
        );
        assert_eq!(
            header("authorization").is_none(),
            flaw == Flaw::NoBearer,
            "{flaw:?}"
        );
        let other_bearer = matches!(flaw, Flaw::NoBearer | Flaw::WrongBearer);
        assert_eq!(same("authorization"), !other_bearer, "{flaw:?}");
        let other_digest = matches!(
            flaw,
            Flaw::NoDigest | Flaw::WrongDigest | Flaw::WrongOtherDigest
        );
        assert_eq!(same("content-digest"), !other_digest, "{flaw:?}");
        assert_eq!(
            header("content-digest").is_none(),
            flaw == Flaw::NoDigest,
            "{flaw:?}"
        );
        assert_eq!(
            same("idempotency-key"),
            flaw != Flaw::ChangedHeader,
            "{flaw:?}"
        );
        assert_eq!(
            names.contains(&"@method"),
            flaw != Flaw::UncoveredMethod,
            "{flaw:?}"
        );
        assert_eq!(
            names.contains(&"@target-uri"),
            flaw != Flaw::UncoveredTarget,
            "{flaw:?}"
        );
        let no_digest_covered = matches!(flaw, Flaw::NoDigest | Flaw::UncoveredDigest);
        assert_eq!(
            names.contains(&"content-digest"),
            !no_digest_covered,
            "{flaw:?}"
        );
        let text = input.text().unwrap();
        assert_eq!(
            text.contains("key-1"),
            flaw != Flaw::UnknownKeyId,
            "{flaw:?}"
        );
        assert_eq!(
            text.contains("p384"),
            flaw != Flaw::WrongAlgorithm,
            "{flaw:?}"
        );
    }
}

#[test]
fn a_flaw_that_changes_nothing_is_refused() {
    for (flaw, _) in Flaw::ALL {
        let mut bare = good();
        bare.headers.clear();
        assert!(before_signing(flaw, &mut bare, None).is_err(), "{flaw:?}");
    }
    for flaw in [
        Flaw::UncoveredMethod,
        Flaw::UncoveredTarget,
        Flaw::UncoveredDigest,
        Flaw::ChangedHeader,
    ] {
        let mut request = good();
        let mut input = SignatureInput::new(&[], &request, 7, "key-1");
        let refused = before_signing(flaw, &mut request, Some(&mut input));
        assert!(refused.is_err(), "{flaw:?}");
    }
}

#[test]
fn a_wrong_token_differs_from_the_good_one() {
    for (token, wrong) in [
        ("aa.bb.cc", "aa.bb.Ac"),
        ("aa.bb.Ac", "aa.bb.Bc"),
        ("opaque", "a-token-that-nobody-issued"),
        ("a.b", "a-token-that-nobody-issued"),
    ] {
        assert_eq!(wrong_token(token), wrong);
    }
}
