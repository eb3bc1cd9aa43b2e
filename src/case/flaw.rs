//! Flaws in access and integrity, each put into a request that is good without it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::StepNumber;

/// A part of a request that a signature covers.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The method.
    Method,
    /// The path, the host, or both in one.
    Target,
    /// `Authorization`.
    Authorization,
    /// `Content-Digest`.
    Digest,
    /// `Idempotency-Key`.
    Key,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 5] = [
        Self::Method,
        Self::Target,
        Self::Authorization,
        Self::Digest,
        Self::Key,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Target => "target",
            Self::Authorization => "authorization",
            Self::Digest => "digest",
            Self::Key => "key",
        }
    }
}

/// A flaw in access or integrity, made from a good request.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Flaw {
    /// No `Authorization`.
    NoBearer,
    /// The word `Bearer`, and no token behind it.
    EmptyBearer,
    /// The good token, but not as a bearer.
    OtherScheme,
    /// A bearer token that nobody issued; of a JWT, one whose signature is broken.
    WrongBearer,
    /// Of a JWT, the same claims under `"alg":"none"`.
    UnsignedBearer,
    /// Of a JWT, the same letters, small ones as capitals and capitals as small ones.
    RecasedBearer,
    /// The good token with one part more.
    ExtendedBearer,
    /// The good token and a word more.
    TrailedBearer,
    /// Of a JWT, one whose signature ends otherwise.
    NearlyRightBearer,
    /// Of a JWT, other claims under the good signature.
    AlteredBearer,
    /// A bearer token that was good until the clock was moved.
    ExpiredBearer,
    /// Neither `Signature` nor `Signature-Input`.
    NoSignature,
    /// `Signature` alone.
    NoSignatureInput,
    /// `Signature-Input` alone.
    OnlySignatureInput,
    /// The two under labels that differ.
    MislabelledSignature,
    /// `Signature` is no structured field.
    MalformedSignature,
    /// `Signature-Input` is no structured field.
    MalformedSignatureInput,
    /// A signature with a bit turned.
    BrokenSignature,
    /// A signature of no bytes.
    EmptySignature,
    /// The good signature and a byte more.
    ExtendedSignature,
    /// A signature of zeros, which a careless verifier takes for one of anything.
    ZeroSignature,
    /// Two signatures, both broken.
    TwoBrokenSignatures,
    /// Made by a key that is not registered, in the name of the one that is.
    OtherKey,
    /// The one that this step sent, for another request.
    SignatureOf(StepNumber),
    /// A `keyid` that was never registered.
    UnknownKeyId,
    /// The `keyid` that is registered but for its last third.
    NearlyRightKeyId,
    /// A `keyid` of no characters.
    EmptyKeyId,
    /// Another algorithm's name in the parameters.
    WrongAlgorithm,
    /// A signature with a bit turned, and the word in the parameters that there is no algorithm.
    NoAlgorithm,
    /// In place of a signature a MAC whose secret is the public key.
    PublicKeyMac,
    /// A query that was not signed.
    AddedQuery,
    /// A nonce among the parameters that was not signed.
    AddedNonce,
    /// A good signature over a header field besides that the request does not have, as if it had an empty one: nobody can
    /// make the signature base of it (RFC 9421, section 2.5).
    AbsentCovered,
    /// The signature leaves this out.
    Uncovered(Part),
    /// The request has another one of it than was signed.
    Changed(Part),
    /// The request has one more of it than was signed.
    Added(Part),
    /// A digest of another body.
    WrongDigest,
    /// A digest of another body, by the algorithm that the profile does not use.
    WrongOtherDigest,
    /// The first half of the right digest.
    CutDigest,
    /// The right digest but for its last bit.
    NearlyRightDigest,
    /// The right digest, small letters as capitals and capitals as small ones.
    RecasedDigest,
    /// A digest of another body, by an algorithm that is not one of the two.
    UnknownDigest,
    /// `Content-Digest` is no structured field.
    MalformedDigest,
    /// A body without its digest.
    NoDigest,
    /// A body that is a space longer than the one that was digested.
    ChangedBody,
    /// The same, sent in chunks, so that no header field says how long it is (RFC 9112, section 7.1).
    ChangedBodyInChunks,
    /// The right digest, by the algorithm that the profile does not use.
    OtherDigest,
    /// A good signature that was made longer ago than the profile lets one be.
    StaleSignature,
    /// Made a day ago, as it says.
    OldSignature,
    /// Made a day ahead, as it says.
    EarlySignature,
    /// A second signature, which is broken, stands before the good one.
    BrokenBeforeGood,
    /// A second signature, which is broken, stands behind the good one.
    BrokenAfterGood,
}

impl Flaw {
    /// Every flaw but [`Flaw::SignatureOf`], which is one for each step.
    pub const ALL: [Self; 60] = [
        Self::NoBearer,
        Self::EmptyBearer,
        Self::OtherScheme,
        Self::WrongBearer,
        Self::UnsignedBearer,
        Self::RecasedBearer,
        Self::ExtendedBearer,
        Self::TrailedBearer,
        Self::NearlyRightBearer,
        Self::AlteredBearer,
        Self::ExpiredBearer,
        Self::NoSignature,
        Self::NoSignatureInput,
        Self::OnlySignatureInput,
        Self::MislabelledSignature,
        Self::MalformedSignature,
        Self::MalformedSignatureInput,
        Self::BrokenSignature,
        Self::EmptySignature,
        Self::ExtendedSignature,
        Self::ZeroSignature,
        Self::TwoBrokenSignatures,
        Self::OtherKey,
        Self::UnknownKeyId,
        Self::NearlyRightKeyId,
        Self::EmptyKeyId,
        Self::WrongAlgorithm,
        Self::NoAlgorithm,
        Self::PublicKeyMac,
        Self::AddedQuery,
        Self::AddedNonce,
        Self::AbsentCovered,
        Self::Uncovered(Part::Method),
        Self::Uncovered(Part::Target),
        Self::Uncovered(Part::Digest),
        Self::Uncovered(Part::Authorization),
        Self::Uncovered(Part::Key),
        Self::Changed(Part::Method),
        Self::Changed(Part::Target),
        Self::Changed(Part::Authorization),
        Self::Changed(Part::Digest),
        Self::Changed(Part::Key),
        Self::Added(Part::Digest),
        Self::Added(Part::Key),
        Self::WrongDigest,
        Self::WrongOtherDigest,
        Self::CutDigest,
        Self::NearlyRightDigest,
        Self::RecasedDigest,
        Self::UnknownDigest,
        Self::MalformedDigest,
        Self::NoDigest,
        Self::ChangedBody,
        Self::ChangedBodyInChunks,
        Self::OtherDigest,
        Self::StaleSignature,
        Self::OldSignature,
        Self::EarlySignature,
        Self::BrokenBeforeGood,
        Self::BrokenAfterGood,
    ];

    /// Whether it is one of the bearer token.
    pub fn is_of_bearer(self) -> bool {
        matches!(
            self,
            Self::NoBearer
                | Self::EmptyBearer
                | Self::OtherScheme
                | Self::WrongBearer
                | Self::UnsignedBearer
                | Self::RecasedBearer
                | Self::ExtendedBearer
                | Self::TrailedBearer
                | Self::NearlyRightBearer
                | Self::AlteredBearer
                | Self::ExpiredBearer
                | Self::Uncovered(Part::Authorization)
                | Self::Changed(Part::Authorization)
        )
    }

    /// Whether it is one of the digest, signed or not.
    fn is_of_digest(self) -> bool {
        matches!(
            self,
            Self::WrongDigest
                | Self::WrongOtherDigest
                | Self::CutDigest
                | Self::NearlyRightDigest
                | Self::RecasedDigest
                | Self::UnknownDigest
                | Self::MalformedDigest
                | Self::NoDigest
                | Self::ChangedBody
                | Self::ChangedBodyInChunks
                | Self::OtherDigest
        )
    }

    /// Whether only a signed request can have it.
    pub fn is_of_signature(self) -> bool {
        let is_signed_bearer = matches!(self, Self::Uncovered(_) | Self::Changed(_));
        !self.is_of_digest() && (!self.is_of_bearer() || is_signed_bearer)
    }

    /// Whether only a body can have it.
    pub fn needs_body(self) -> bool {
        let digest = [Self::Uncovered, Self::Changed, Self::Added].map(|flaw| flaw(Part::Digest));
        self.is_of_digest() || digest.contains(&self)
    }

    /// Whether only a request with an idempotency key can have it.
    pub fn needs_key(self) -> bool {
        matches!(
            self,
            Self::Uncovered(Part::Key) | Self::Changed(Part::Key) | Self::Added(Part::Key)
        )
    }

    /// What it is, whichever step it names.
    pub fn kind(self) -> String {
        match self {
            Self::SignatureOf(_) => "with signature of another request".to_owned(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Flaw {
    /// The words that name it in a case file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::NoBearer => "without bearer",
            Self::EmptyBearer => "with empty bearer",
            Self::OtherScheme => "with token under another scheme",
            Self::WrongBearer => "with wrong bearer",
            Self::UnsignedBearer => "with unsigned bearer",
            Self::RecasedBearer => "with bearer in other case",
            Self::ExtendedBearer => "with extended bearer",
            Self::TrailedBearer => "with a word behind the bearer",
            Self::NearlyRightBearer => "with nearly right bearer",
            Self::AlteredBearer => "with altered bearer",
            Self::ExpiredBearer => "with expired bearer",
            Self::NoSignature => "without signature",
            Self::NoSignatureInput => "without signature input",
            Self::OnlySignatureInput => "with signature input alone",
            Self::MislabelledSignature => "with mislabelled signature",
            Self::MalformedSignature => "with malformed signature",
            Self::MalformedSignatureInput => "with malformed signature input",
            Self::BrokenSignature => "with broken signature",
            Self::EmptySignature => "with empty signature",
            Self::ExtendedSignature => "with extended signature",
            Self::ZeroSignature => "with signature of zeros",
            Self::TwoBrokenSignatures => "with two broken signatures",
            Self::OtherKey => "with signature by another key",
            Self::SignatureOf(step) => return write!(f, "with signature of {step}"),
            Self::UnknownKeyId => "with unknown keyid",
            Self::NearlyRightKeyId => "with nearly right keyid",
            Self::EmptyKeyId => "with empty keyid",
            Self::WrongAlgorithm => "with wrong algorithm",
            Self::NoAlgorithm => "with algorithm none",
            Self::PublicKeyMac => "with public key as secret",
            Self::AddedQuery => "with query added after signing",
            Self::AddedNonce => "with nonce added after signing",
            Self::AbsentCovered => "with absent header covered",
            Self::Uncovered(part) => return write!(f, "without {} covered", part.as_str()),
            Self::Changed(part) => {
                return write!(f, "with {} changed after signing", part.as_str());
            }
            Self::Added(part) => return write!(f, "with {} added after signing", part.as_str()),
            Self::WrongDigest => "with wrong digest",
            Self::WrongOtherDigest => "with wrong digest of the other algorithm",
            Self::CutDigest => "with cut digest",
            Self::NearlyRightDigest => "with nearly right digest",
            Self::RecasedDigest => "with digest in other case",
            Self::UnknownDigest => "with digest of an unknown algorithm",
            Self::MalformedDigest => "with malformed digest",
            Self::NoDigest => "without digest",
            Self::ChangedBody => "with body changed after signing",
            Self::ChangedBodyInChunks => "with body changed after signing and sent in chunks",
            Self::OtherDigest => "with digest by the other algorithm",
            Self::StaleSignature => "with stale signature",
            Self::OldSignature => "with old signature",
            Self::EarlySignature => "with early signature",
            Self::BrokenBeforeGood => "with broken signature before the good one",
            Self::BrokenAfterGood => "with broken signature after the good one",
        };
        f.write_str(words)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_flaws_have_the_same_words() {
        let words: BTreeSet<String> = Flaw::ALL.iter().map(Flaw::to_string).collect();
        assert_eq!(words.len(), Flaw::ALL.len());
    }
}
