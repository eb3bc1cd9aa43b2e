//! What a flaw in access or integrity leaves of the ways of a call (contract.md, access).

use super::{RefusalKind, Way, all_given, refusals};
use crate::case::{Flaw, Part};
use crate::requirement::{RequirementId, Tag, id};
use crate::world::Choice;

/// The ways of a call with a flaw, given its ways without one: refused; or let in, where that is open.
pub fn ways_with_flaw(flaw: Flaw, unflawed: impl FnOnce() -> Vec<Way>) -> Vec<Way> {
    let refused = flaw_refusals(flaw);
    if !is_open(flaw) {
        return refused;
    }
    let reading = |words| Choice::new(flaw_rule(flaw), flaw.kind(), words);
    all_given(refused, &reading("refused"))
        .chain(all_given(unflawed(), &reading("accepted")))
        .collect()
}

/// Whether a target may overlook the flaw.
pub fn is_open(flaw: Flaw) -> bool {
    flaw_rule(flaw).requirement().tag == Tag::Open
}

/// The rule that a flaw tests.
pub fn flaw_rule(flaw: Flaw) -> RequirementId {
    match flaw {
        Flaw::NoBearer | Flaw::EmptyBearer | Flaw::OtherScheme => id::AUTH_1,
        Flaw::WrongBearer
        | Flaw::UnsignedBearer
        | Flaw::RecasedBearer
        | Flaw::ExtendedBearer
        | Flaw::TrailedBearer
        | Flaw::NearlyRightBearer
        | Flaw::AlteredBearer => id::AUTH_2,
        Flaw::ExpiredBearer => id::AUTH_3,
        Flaw::NoSignature | Flaw::NoSignatureInput | Flaw::OnlySignatureInput => id::AUTH_4,
        Flaw::StaleSignature => id::AUTH_13,
        Flaw::MislabelledSignature
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
        | Flaw::AbsentCovered
        | Flaw::Changed(Part::Method | Part::Target)
        | Flaw::Added(Part::Method | Part::Target) => id::AUTH_5,
        Flaw::UnknownKeyId | Flaw::NearlyRightKeyId | Flaw::EmptyKeyId => id::AUTH_6,
        Flaw::WrongAlgorithm | Flaw::NoAlgorithm | Flaw::PublicKeyMac => id::AUTH_7,
        Flaw::Uncovered(Part::Method | Part::Target | Part::Digest) => id::AUTH_8,
        Flaw::Changed(Part::Authorization | Part::Digest | Part::Key)
        | Flaw::Added(Part::Authorization | Part::Digest | Part::Key) => id::AUTH_9,
        Flaw::WrongDigest
        | Flaw::WrongOtherDigest
        | Flaw::CutDigest
        | Flaw::NearlyRightDigest
        | Flaw::RecasedDigest
        | Flaw::MalformedDigest
        | Flaw::ChangedBody
        | Flaw::ChangedBodyInChunks => id::AUTH_10,
        Flaw::UnknownDigest | Flaw::NoDigest => id::AUTH_11,
        Flaw::Uncovered(Part::Authorization | Part::Key) => id::OPEN_40,
        Flaw::OldSignature => id::OPEN_41,
        Flaw::EarlySignature => id::OPEN_42,
        Flaw::BrokenBeforeGood | Flaw::BrokenAfterGood => id::OPEN_43,
        Flaw::OtherDigest => id::OPEN_47,
    }
}

/// The refusals that a flaw allows. A bearer's is 401; the others' code is open for each kind.
fn flaw_refusals(flaw: Flaw) -> Vec<Way> {
    let kind = RefusalKind::Gate;
    match flaw_rule(flaw) {
        rule @ (id::AUTH_1 | id::AUTH_2 | id::AUTH_3) => vec![Way::refusal(rule, 401, kind)],
        rule => {
            let mut ways = refusals(rule, kind, &[401, 400], id::OPEN_28, &flaw.kind());
            if flaw == Flaw::ChangedBodyInChunks {
                // RFC 9112, section 6.3: a server may want to know the length first.
                ways.push(Way::refusal(rule, 411, kind));
            }
            ways
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::ways::{Answer, Effect};

    fn answers(flaw: Flaw) -> Vec<Answer> {
        let unflawed = || vec![Way::success(id::READ_1, Effect::Nothing)];
        let ways = ways_with_flaw(flaw, unflawed);
        ways.into_iter().map(|way| way.answer).collect()
    }

    #[test]
    fn a_flaw_is_refused_and_an_open_one_may_be_overlooked() {
        for flaw in Flaw::ALL {
            let answers = answers(flaw);
            let refused = |status| answers.contains(&Answer::Refusal(status, RefusalKind::Gate));
            assert!(refused(401), "{flaw}");
            let of_bearer = matches!(flaw_rule(flaw), id::AUTH_1 | id::AUTH_2 | id::AUTH_3);
            assert_eq!(refused(400), !of_bearer, "{flaw}");
            assert_eq!(answers.contains(&Answer::Success), is_open(flaw), "{flaw}");
        }
    }
}
