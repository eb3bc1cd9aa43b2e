//! What was seen at a step that failed: facts, and the words that causes are told in.

use std::collections::{BTreeMap, BTreeSet};

use super::{KeyForm, Loss, Step};

/// A request that is changed in one thing, to tell causes apart. All of them are reads, or what the step does anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trial {
    /// The other loopback address, IPv4 or IPv6.
    OtherLoopback,
    /// https in place of http, or the reverse.
    OtherScheme,
    /// The path with `/v1` at its end.
    PrefixAdded,
    /// The path without a part that stands in it twice.
    PrefixOnce,
    /// The path without its last part.
    PrefixRemoved,
    /// Key and secret without the white space around them.
    SecretsTrimmed,
    /// Key and secret in each other's place.
    SecretsSwapped,
    /// The set-up call with or without its idempotency key and digest, the other way round.
    OtherSetup,
    /// The public key as base64 of its DER.
    KeyAsDer,
    /// The public key as PEM, not encoded.
    KeyAsPem,
    /// No `Authorization`, no signature.
    NoBearer,
    /// A token that nobody issued, no signature.
    WrongBearer,
    /// The token, and no signature.
    Unsigned,
    /// A signature with a bit turned.
    BrokenSignature,
    /// A key id that was never registered.
    UnknownKeyId,
    /// A key made and registered just now.
    FreshKey,
    /// `@authority` and `@path` in place of `@target-uri`.
    AuthorityAndPath,
    /// `@path` alone in place of `@target-uri`.
    PathAlone,
    /// `@authority` alone in place of `@target-uri`.
    AuthorityAlone,
    /// `@target-uri` with the other scheme.
    UriOtherScheme,
    /// `@target-uri` without the first part of its path.
    UriShorterPath,
    /// `created` by the target's own clock.
    CreatedByDate,
    /// No `alg` among the parameters.
    NoAlgorithm,
    /// `authorization` not covered.
    WithoutAuthorization,
    /// The usual components in place of the profile's.
    UsualComponents,
    /// A `Content-Digest` of nothing, covered.
    DigestOfNothing,
    /// `idempotency-key` not covered.
    WithoutKey,
    /// `content-type` covered too.
    WithContentType,
    /// `Content-Digest` by the other algorithm.
    OtherDigest,
    /// A digest of another body.
    WrongDigest,
    /// No digest.
    NoDigest,
    /// No idempotency key.
    NoKey,
    /// Our own callback address, asked from here.
    OwnCallback,
}

impl Trial {
    /// Every one.
    pub const ALL: [Self; 33] = [
        Self::OtherLoopback,
        Self::OtherScheme,
        Self::PrefixAdded,
        Self::PrefixOnce,
        Self::PrefixRemoved,
        Self::SecretsTrimmed,
        Self::SecretsSwapped,
        Self::OtherSetup,
        Self::KeyAsDer,
        Self::KeyAsPem,
        Self::NoBearer,
        Self::WrongBearer,
        Self::Unsigned,
        Self::BrokenSignature,
        Self::UnknownKeyId,
        Self::FreshKey,
        Self::AuthorityAndPath,
        Self::PathAlone,
        Self::AuthorityAlone,
        Self::UriOtherScheme,
        Self::UriShorterPath,
        Self::CreatedByDate,
        Self::NoAlgorithm,
        Self::WithoutAuthorization,
        Self::UsualComponents,
        Self::DigestOfNothing,
        Self::WithoutKey,
        Self::WithContentType,
        Self::OtherDigest,
        Self::WrongDigest,
        Self::NoDigest,
        Self::NoKey,
        Self::OwnCallback,
    ];

    /// What was changed.
    pub fn words(self) -> &'static str {
        match self {
            Self::OtherLoopback => "to the other loopback address",
            Self::OtherScheme => "with the other of http and https",
            Self::PrefixAdded => "with /v1 at the end of base_url",
            Self::PrefixOnce => "without the part that stands twice in base_url",
            Self::PrefixRemoved => "without the last part of base_url",
            Self::SecretsTrimmed => "key and secret without the white space around them",
            Self::SecretsSwapped => "key and secret in each other's place",
            Self::OtherSetup => "with idempotency key and digest the other way round",
            Self::KeyAsDer => "the public key as base64 of its DER",
            Self::KeyAsPem => "the public key as plain PEM",
            Self::NoBearer => "neither token nor signature",
            Self::WrongBearer => "a token that nobody issued, no signature",
            Self::Unsigned => "the token, no signature",
            Self::BrokenSignature => "a signature with one bit turned",
            Self::UnknownKeyId => "a keyid that nobody registered",
            Self::FreshKey => "signed by a key registered just now",
            Self::AuthorityAndPath => "@authority and @path signed in place of @target-uri",
            Self::PathAlone => "@path alone signed in place of @target-uri",
            Self::AuthorityAlone => "@authority alone signed in place of @target-uri",
            Self::UriOtherScheme => "@target-uri signed with the other of http and https",
            Self::UriShorterPath => "@target-uri signed without the first part of its path",
            Self::CreatedByDate => "`created` by the target's Date",
            Self::NoAlgorithm => "no `alg` parameter",
            Self::WithoutAuthorization => "authorization not covered",
            Self::UsualComponents => "the usual components covered",
            Self::DigestOfNothing => "a Content-Digest of the empty body, covered",
            Self::WithoutKey => "idempotency-key not covered",
            Self::WithContentType => "content-type covered too",
            Self::OtherDigest => "the other digest algorithm",
            Self::WrongDigest => "the digest of another body",
            Self::NoDigest => "no Content-Digest",
            Self::NoKey => "no Idempotency-Key",
            Self::OwnCallback => "the callback address, asked from here",
        }
    }
}

/// Something that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// A secret's variable is not set.
    SecretNotSet,
    /// A secret is empty.
    SecretEmpty,
    /// A secret's file can't be read.
    SecretUnreadable,
    /// The command that prints a secret gives none.
    CommandFailed,
    /// A secret has white space at its end or beginning.
    WhiteSpace,
    /// A token holds characters that no header field may hold.
    NoHeaderText,
    /// The API key is no UUID.
    KeyIsNoUuid,
    /// The API secret is a UUID.
    SecretIsUuid,
    /// The private key's text is this.
    Key(KeyForm),
    /// `key_id` is there without `private_key`.
    KeyIdAlone,
    /// A setting of the profile can't be used.
    SettingUnusable,
    /// A proxy is between.
    ByProxy,
    /// No answer came.
    Lost(Loss),
    /// An answer came with this status.
    Status(u16),
    /// Its body is HTML.
    Html,
    /// It leads to the same host over https.
    RedirectToHttps,
    /// It leads elsewhere.
    RedirectElsewhere,
    /// It was a success, but lacks what the contract says.
    NotUnderstood,
    /// The token has expired, by its own word.
    TokenExpired,
    /// The token says whom it is for, and that is not this host.
    TokenForOthers,
    /// The token was fetched, not fixed.
    TokenFetched,
    /// It is fetched by a login of the profile's own.
    OtherLogin,
    /// The profile gives no token.
    NoToken,
    /// The target's clock differs by more than a few seconds.
    ClocksDiffer,
    /// The key was registered by us, just now.
    KeyRegistered,
    /// The changed request was accepted.
    Taken(Trial),
    /// The changed request got the same answer.
    Same(Trial),
    /// The changed request got another answer, no success.
    Other(Trial),
    /// The answer has something like an id elsewhere than at the pointer.
    IdElsewhere,
    /// The account comes from a list.
    AccountListed,
    /// The account was drawn, since every UUID is one.
    AccountDrawn,
    /// The account has cards already.
    AccountUsed,
    /// The card is active though nobody issued it.
    IssuedByItself,
    /// The card is still being issued.
    StillIssuing,
    /// The profile says that cards are issued by themselves.
    SaysAutomatic,
    /// The simulator was asked.
    Simulator,
    /// The success came without a card, where the profile says with one, or the reverse.
    OtherSuccess,
    /// The address to listen on is taken.
    PortTaken,
    /// The address to listen on is not this machine's.
    ListenElsewhere,
    /// Nobody outside this machine can reach the callback address, and the target is outside.
    CallbackIsLocal,
    /// No event came.
    NoEvent,
    /// The foreign id was answered with a success.
    ForeignShown,
}

/// All that was seen at one step.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The step.
    pub step: Step,
    facts: BTreeSet<Fact>,
    words: BTreeMap<&'static str, String>,
}

impl Evidence {
    /// Nothing yet.
    pub fn new(step: Step) -> Self {
        Self {
            step,
            facts: BTreeSet::new(),
            words: BTreeMap::new(),
        }
    }

    /// One more fact.
    pub fn add(&mut self, fact: Fact) {
        self.facts.insert(fact);
    }

    /// What stands for `{name}` where causes are told.
    pub fn say(&mut self, name: &'static str, words: impl Into<String>) {
        self.words.insert(name, words.into());
    }

    /// What trials have shown elsewhere.
    pub fn add_trials(&mut self, other: &Self) {
        let is_trial =
            |fact: &&Fact| matches!(fact, Fact::Taken(_) | Fact::Same(_) | Fact::Other(_));
        self.facts.extend(other.facts.iter().filter(is_trial));
    }

    /// Whether this was seen.
    pub fn has(&self, fact: Fact) -> bool {
        self.facts.contains(&fact)
    }

    /// Whether the request so changed was accepted.
    pub fn taken(&self, trial: Trial) -> bool {
        self.has(Fact::Taken(trial))
    }

    /// Whether the request so changed got the very same answer.
    pub fn same(&self, trial: Trial) -> bool {
        self.has(Fact::Same(trial))
    }

    /// Whether the request so changed got another answer, accepted or not.
    pub fn differs(&self, trial: Trial) -> bool {
        self.taken(trial) || self.has(Fact::Other(trial))
    }

    /// Whether the status was one of these.
    pub fn status(&self, codes: &[u16]) -> bool {
        codes.iter().any(|code| self.has(Fact::Status(*code)))
    }

    /// Whether a key was looked at whose form this holds for.
    pub fn key(&self, is_it: impl Fn(KeyForm) -> bool) -> bool {
        self.facts
            .iter()
            .any(|fact| matches!(fact, Fact::Key(form) if is_it(*form)))
    }

    /// Whether no answer came in one of these ways.
    pub fn lost(&self, ways: &[Loss]) -> bool {
        ways.iter().any(|way| self.has(Fact::Lost(*way)))
    }

    /// The template with its `{names}` filled in.
    pub(super) fn fill(&self, template: &str) -> String {
        self.words
            .iter()
            .fold(template.to_owned(), |text, (name, words)| {
                text.replace(&format!("{{{name}}}"), words)
            })
    }
}
