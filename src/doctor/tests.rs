//! The table of causes, with facts as they come from a target.

use super::Fact::*;
use super::Trial::*;
use super::*;

/// The causes of these facts, the surest first.
fn causes(step: Step, facts: &[Fact]) -> Vec<&'static str> {
    let mut evidence = Evidence::new(step);
    facts.iter().for_each(|fact| evidence.add(*fact));
    evidence
        .causes()
        .into_iter()
        .map(|cause| cause.id)
        .collect()
}

#[test]
fn facts_lead_to_their_cause() {
    use Step::*;
    let table: &[(Step, &[Fact], &str)] = &[
        (Secrets, &[SecretNotSet], "secret-not-set"),
        (Secrets, &[Fact::Key(KeyForm::Public)], "key-is-public"),
        (
            Secrets,
            &[Fact::Key(KeyForm::OtherKind("P-256"))],
            "key-on-another-curve",
        ),
        (Name, &[Lost(Loss::Name)], "name-unknown"),
        (Connection, &[Lost(Loss::Refused)], "nothing-listens"),
        (
            Connection,
            &[Lost(Loss::Refused), Taken(OtherLoopback)],
            "other-loopback",
        ),
        (Connection, &[Lost(Loss::TimedOut)], "no-way-there"),
        (Tls, &[Lost(Loss::CertificateName)], "certificate-name"),
        (Tls, &[Lost(Loss::Tls)], "tls-refused"),
        (
            Tls,
            &[Lost(Loss::Tls), Taken(OtherScheme)],
            "plain-port-spoken-tls",
        ),
        (Http, &[Lost(Loss::NotHttp)], "not-http"),
        (
            Http,
            &[Lost(Loss::Closed), Taken(OtherScheme)],
            "tls-port-spoken-plainly",
        ),
        (Http, &[Status(404)], "not-the-api"),
        (Http, &[Status(404), Taken(PrefixAdded)], "prefix-missing"),
        (
            Http,
            &[Status(404), Taken(PrefixOnce), Taken(PrefixRemoved)],
            "prefix-doubled",
        ),
        (Http, &[Status(200), Html], "login-page"),
        (Http, &[Status(301), RedirectToHttps], "redirects-to-https"),
        (Http, &[Status(429)], "too-many-requests"),
        (Token, &[Status(401)], "api-secret-wrong"),
        (Token, &[Status(401), KeyIsNoUuid], "api-key-no-uuid"),
        (
            Token,
            &[Status(401), KeyIsNoUuid, SecretIsUuid],
            "credentials-swapped",
        ),
        (
            Token,
            &[Status(401), Taken(SecretsTrimmed)],
            "secrets-have-white-space",
        ),
        (Token, &[Status(404)], "no-token-endpoint"),
        (
            SignedRead,
            &[
                Status(401),
                Same(NoBearer),
                Same(WrongBearer),
                Same(Unsigned),
            ],
            "authorization-stripped",
        ),
        (
            SignedRead,
            &[
                Status(401),
                Other(NoBearer),
                Same(WrongBearer),
                Same(Unsigned),
            ],
            "token-refused",
        ),
        (
            SignedRead,
            &[
                Status(401),
                TokenForOthers,
                Other(NoBearer),
                Same(WrongBearer),
            ],
            "token-of-another-environment",
        ),
        (
            SignedRead,
            &[
                Status(401),
                Other(WrongBearer),
                Same(Unsigned),
                Same(BrokenSignature),
                Same(UnknownKeyId),
            ],
            "signature-stripped",
        ),
        (
            SignedRead,
            &[
                Status(401),
                Other(WrongBearer),
                Other(Unsigned),
                Same(BrokenSignature),
                Other(UnknownKeyId),
            ],
            "wrong-key",
        ),
        (
            SignedRead,
            &[
                Status(401),
                Other(WrongBearer),
                Other(Unsigned),
                Other(BrokenSignature),
                Same(UnknownKeyId),
            ],
            "key-id-unknown",
        ),
        (
            SignedRead,
            &[
                Status(401),
                Other(WrongBearer),
                Other(Unsigned),
                Same(BrokenSignature),
                Same(UnknownKeyId),
            ],
            "key-id-unknown",
        ),
        (
            SignedRead,
            &[
                Status(401),
                Same(Unsigned),
                Same(BrokenSignature),
                Same(UnknownKeyId),
                Taken(FreshKey),
            ],
            "key-and-id-differ",
        ),
        (
            SignedRead,
            &[
                Status(401),
                Other(WrongBearer),
                Other(Unsigned),
                Same(BrokenSignature),
                Other(UnknownKeyId),
                Same(FreshKey),
            ],
            "components-refused",
        ),
        (
            SignedRead,
            &[
                Status(401),
                Taken(UriOtherScheme),
                Taken(AuthorityAndPath),
                Taken(PathAlone),
            ],
            "tls-offloading",
        ),
        (
            SignedRead,
            &[Status(401), Taken(PathAlone)],
            "host-rewritten",
        ),
        (
            SignedRead,
            &[Status(401), Taken(AuthorityAndPath), Taken(PathAlone)],
            "target-uri-rebuilt",
        ),
        (
            SignedRead,
            &[Status(401), ClocksDiffer, Taken(CreatedByDate)],
            "clock-off",
        ),
        (SignedRead, &[Status(418)], "unexpected"),
        (UnsignedRead, &[Status(200)], "signature-not-checked"),
        (
            UnsignedRead,
            &[Status(200), Taken(NoBearer)],
            "nothing-is-checked",
        ),
        (
            Account,
            &[Status(201), NotUnderstood, IdElsewhere],
            "account-pointer",
        ),
        (
            AccountCards,
            &[Status(404), AccountListed],
            "account-of-others",
        ),
        (
            Create,
            &[Status(400), Taken(OtherDigest)],
            "digest-algorithm",
        ),
        (
            Create,
            &[Status(400), Same(WrongDigest), Other(NoDigest)],
            "body-changed",
        ),
        (Create, &[Status(409), AccountUsed], "account-used"),
        (Issue, &[Status(404), Simulator], "simulator-absent"),
        (
            Events,
            &[NoEvent, Other(OwnCallback)],
            "callback-unreachable",
        ),
        (
            Events,
            &[NoEvent, CallbackIsLocal, Taken(OwnCallback)],
            "callback-is-local",
        ),
    ];
    for (step, facts, cause) in table {
        assert_eq!(
            causes(*step, facts).first(),
            Some(cause),
            "{step:?} {facts:?}"
        );
    }
}

#[test]
fn what_is_shown_comes_first_and_leaves_out_what_is_merely_possible() {
    let facts = [
        Status(401),
        Taken(NoAlgorithm),
        Other(Unsigned),
        Other(WrongBearer),
    ];
    assert_eq!(causes(Step::SignedRead, &facts), ["alg-refused"]);
}

#[test]
fn every_step_has_a_cause_for_whatever_was_seen() {
    for step in Step::ALL {
        assert!(!causes(step, &[]).is_empty(), "{step:?}");
    }
}

#[test]
fn what_is_told_names_what_was_seen() {
    let mut evidence = Evidence::new(Step::Http);
    evidence.add(Status(404));
    evidence.add(Taken(PrefixAdded));
    evidence.say("other_url", "http://h/v1");
    let cause = &evidence.causes()[0];
    assert_eq!(cause.advice, "write http://h/v1");
    assert_eq!(cause.key, "base_url");
}
