//! The table: what was seen, what that comes from, and what to change. A rule that an experiment proves stands before
//! one that is only likely.

use serde::Serialize;

use super::KeyForm;
use super::Loss;
use super::Step::{self, *};
use super::Trial::*;
use super::evidence::{Evidence, Fact};

/// How sure a cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sure {
    /// An experiment or the thing itself shows it.
    Shown,
    /// What was seen points there.
    Likely,
    /// It explains what was seen, as other things would.
    Possible,
}

/// What a failure may come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Its name, for life.
    pub id: &'static str,
    /// How sure it is.
    pub sure: Sure,
    /// What is the case.
    pub words: String,
    /// The key of the profile that it is about; empty where none is.
    pub key: String,
    /// What to do.
    pub advice: String,
}

/// One line of the table.
struct Rule {
    id: &'static str,
    sure: Sure,
    at: &'static [Step],
    when: fn(&Evidence) -> bool,
    words: &'static str,
    key: &'static str,
    advice: &'static str,
}

/// How no answer comes where a proxy, or what is behind it, is in the way.
const LOSSES_BY_PROXY: [Loss; 6] = [
    Loss::Name,
    Loss::Refused,
    Loss::Unreachable,
    Loss::TimedOut,
    Loss::Closed,
    Loss::Other,
];
/// Told where no other rule knows a cause.
const UNEXPECTED: &str = "unexpected";
/// So many causes are told.
const CAUSES_MAX: usize = 4;

impl Evidence {
    /// What it may come from, the surest first. Where something is shown, what is merely possible is left out.
    pub fn causes(&self) -> Vec<Cause> {
        let mut rules: Vec<&Rule> = RULES
            .iter()
            .filter(|rule| rule.at.contains(&self.step) && (rule.when)(self))
            .collect();
        if rules.len() > 1 {
            rules.retain(|rule| rule.id != UNEXPECTED);
        }
        rules.sort_by_key(|rule| rule.sure);
        if rules.first().is_some_and(|rule| rule.sure == Sure::Shown) {
            rules.retain(|rule| rule.sure != Sure::Possible);
        }
        let causes = rules.into_iter().take(CAUSES_MAX);
        causes
            .map(|rule| Cause {
                id: rule.id,
                sure: rule.sure,
                words: self.fill(rule.words),
                key: self.fill(rule.key),
                advice: self.fill(rule.advice),
            })
            .collect()
    }
}

const fn rule(
    id: &'static str,
    sure: Sure,
    at: &'static [Step],
    when: fn(&Evidence) -> bool,
    words: &'static str,
    (key, advice): (&'static str, &'static str),
) -> Rule {
    Rule {
        id,
        sure,
        at,
        when,
        words,
        key,
        advice,
    }
}

use Sure::{Likely, Possible, Shown};

/// Steps that ask the target, so that a gateway or a limit may be in the way.
const ASKING: &[Step] = &[
    Http,
    Token,
    Key,
    SignedRead,
    Account,
    AccountCards,
    Create,
    Issue,
    Read,
    Terminate,
    Events,
];
/// Steps that reach it.
const REACHING: &[Step] = &[Connection, Tls, Http];
/// Steps whose request carries token and signature.
const SIGNED: &[Step] = &[
    SignedRead,
    Key,
    Account,
    AccountCards,
    Create,
    Issue,
    Read,
    Terminate,
    Events,
];
/// Steps whose request has a body, or an idempotency key at least.
const CHANGING: &[Step] = &[Account, Create, Issue, Terminate, Events];

fn refused(e: &Evidence) -> bool {
    e.status(&[400, 401, 403])
}

/// The target does see a token, and it is not the token that it refuses.
fn token_is_good(e: &Evidence) -> bool {
    e.taken(Unsigned) || e.differs(WrongBearer)
}

/// The target tells requests with and without a signature apart.
fn sees_signature(e: &Evidence) -> bool {
    e.differs(Unsigned)
}

/// One of the changes to what is signed made it good.
fn signed_otherwise(e: &Evidence) -> bool {
    [
        AuthorityAndPath,
        PathAlone,
        AuthorityAlone,
        UriOtherScheme,
        UriShorterPath,
        CreatedByDate,
        NoAlgorithm,
        WithoutAuthorization,
        UsualComponents,
        DigestOfNothing,
        FreshKey,
    ]
    .iter()
    .any(|trial| e.taken(*trial))
}

/// A key that the target knows for certain was refused as well, so that the key is not at fault.
fn key_is_cleared(e: &Evidence) -> bool {
    e.has(Fact::KeyRegistered) || e.same(FreshKey) || e.has(Fact::Other(FreshKey))
}

/// The signature is seen and refused, and no other way of signing is accepted.
fn key_is_suspect(e: &Evidence) -> bool {
    refused(e)
        && token_is_good(e)
        && !signed_otherwise(e)
        && !e.taken(Unsigned)
        && !key_is_cleared(e)
}

#[rustfmt::skip]
static RULES: &[Rule] = &[
    rule("profile-wrong", Shown, &[Profile], |_| true,
        "the profile can't be read", ("", "the message above names line, column and what would be right; `cardproof init` writes one to begin with")),
    // Secrets, before anything is sent.
    rule("secret-not-set", Shown, &[Secrets], |e| e.has(Fact::SecretNotSet),
        "{secret} is not set in this process's environment", ("{key}", "export it where cardproof runs (in CI: hand the secret to this step), or change the name after `env =`")),
    rule("secret-empty", Shown, &[Secrets], |e| e.has(Fact::SecretEmpty),
        "{secret} is there, but empty", ("{key}", "put the secret there; in CI an empty variable is often a secret that this branch may not read")),
    rule("secret-unreadable", Shown, &[Secrets], |e| e.has(Fact::SecretUnreadable),
        "{secret} can't be read as text", ("{key}", "name a text file that this user may read; paths count from the profile's folder")),
    rule("secret-command-failed", Shown, &[Secrets, Token], |e| e.has(Fact::CommandFailed),
        "the command that is to print the secret gives none: {secret}", ("{key}", "run it by hand; it prints the secret and nothing else, and ends with 0")),
    rule("key-id-alone", Shown, &[Secrets], |e| e.has(Fact::KeyIdAlone),
        "key_id names a key, and no private_key says where it is", ("signing.private_key", "add private_key = { file = \"key.pem\" }, or leave key_id out: then a fresh key is made and registered")),
    rule("key-encrypted", Shown, &[Secrets], |e| e.has(Fact::Key(KeyForm::Encrypted)),
        "the private key is protected by a passphrase", ("signing.private_key", "write it without one: openssl pkcs8 -topk8 -nocrypt -in key.pem -out plain.pem")),
    rule("key-is-public", Shown, &[Secrets], |e| e.key(|k| matches!(k, KeyForm::Public | KeyForm::Certificate)),
        "the file holds the public half of a key (or a certificate), which can't sign", ("signing.private_key", "name the file that begins with -----BEGIN PRIVATE KEY----- or -----BEGIN EC PRIVATE KEY-----")),
    rule("key-on-another-curve", Shown, &[Secrets], |e| e.key(|k| matches!(k, KeyForm::OtherKind(_))),
        "the private key is of the kind {kind}; ecdsa-p384-sha384 needs one on P-384", ("signing.private_key", "make one: cardproof init --generate-key key.pem (or openssl ecparam -name secp384r1 -genkey -noout), and register its public half")),
    rule("key-encoded", Shown, &[Secrets], |e| e.key(|k| matches!(k, KeyForm::EncodedPem | KeyForm::BareDer)),
        "the private key is base64 ({kind}) where a PEM text is expected", ("signing.private_key", "decode it once (base64 -d); a bare DER: openssl pkcs8 -inform DER -nocrypt -in key.der -out key.pem")),
    rule("key-not-pem", Shown, &[Secrets], |e| e.key(|k| matches!(k, KeyForm::Broken | KeyForm::Jwk | KeyForm::Other)),
        "what is there is no private key in PEM", ("signing.private_key", "a text with the lines -----BEGIN PRIVATE KEY----- … -----END PRIVATE KEY----- is expected; a variable must keep its line breaks")),
    rule("setting-unusable", Shown, &[Secrets], |e| e.has(Fact::SettingUnusable),
        "{what} can't be used as it stands", ("{key}", "the problem above says what is wrong with it, and what would be right")),
    rule("token-unsendable", Shown, &[Secrets, Token], |e| e.has(Fact::NoHeaderText),
        "the token holds a line break or other characters that no header field may hold", ("credentials.token", "store it without a newline at its end: printf %s \"$TOKEN\" rather than echo")),

    // Getting there.
    rule("proxy-not-reached", Shown, &[Name, Connection], |e| e.has(Fact::ByProxy),
        "the proxy {proxy} is not reached: {reason}", ("proxy", "check its address, and whether this machine needs it at all: without proxy the target is reached directly")),
    rule("proxy-in-between", Likely, &[Tls, Http], |e| e.has(Fact::ByProxy) && LOSSES_BY_PROXY.iter().any(|loss| e.has(Fact::Lost(*loss))),
        "by the proxy {proxy} there is no way to {host} on port {port}: {reason}", ("proxy", "check what the proxy lets through, what it wants of who calls, and that the target runs")),
    rule("name-unknown", Shown, &[Name], |e| e.has(Fact::Lost(Loss::Name)) && !e.has(Fact::ByProxy),
        "no name server knows {host}", ("base_url", "check the spelling of the host, and whether this machine needs a VPN or another resolver to see it")),
    rule("other-loopback", Shown, &[Connection], |e| e.taken(OtherLoopback),
        "nothing listens at {host} on port {port}, but something does at {other_host}: it listens for the other of IPv4 and IPv6", ("base_url", "write {other_url}")),
    rule("nothing-listens", Likely, &[Connection], |e| e.lost(&[Loss::Refused]) && !e.taken(OtherLoopback) && !e.has(Fact::ByProxy),
        "nothing listens at {host} on port {port}", ("base_url", "check the port, and that the target runs; inside a container localhost is the container itself")),
    rule("no-way-there", Likely, REACHING, |e| e.lost(&[Loss::TimedOut, Loss::Unreachable]) && !e.has(Fact::ByProxy),
        "{host} on port {port} does not answer at all: a firewall drops what is sent, or the address is wrong", ("base_url", "check host and port, and whether this machine must go through a VPN or a proxy (proxy = \"http://…\" in the profile)")),
    rule("tls-port-spoken-plainly", Shown, &[Http], |e| e.taken(OtherScheme),
        "the port speaks TLS, and base_url begins with http", ("base_url", "write {other_url}")),
    rule("plain-port-spoken-tls", Shown, &[Tls], |e| e.taken(OtherScheme),
        "the port speaks plain HTTP, and base_url begins with https", ("base_url", "write {other_url}, or the port on which TLS is spoken")),
    rule("certificate-name", Shown, &[Tls], |e| e.has(Fact::Lost(Loss::CertificateName)),
        "the certificate is for another name than {host}", ("base_url", "use the name that the certificate bears, or write it as server_name under [tls] ({reason})")),
    rule("certificate-issuer", Shown, &[Tls], |e| e.has(Fact::Lost(Loss::CertificateIssuer)),
        "the certificate was issued by an authority that this machine does not trust, or by itself", ("tls.ca", "name the file of its CA under [tls], ca = \"ca.pem\"; a proxy that opens TLS has a CA of its own ({reason})")),
    rule("client-certificate", Shown, &[Tls, Http], |e| e.has(Fact::Lost(Loss::ClientCertificate)),
        "the target knows its callers by a client certificate, and does not take ours, or there is none", ("tls", "name both under [tls]: certificate = \"client.pem\" and key = { file = \"client.key\" } ({reason})")),
    rule("certificate-time", Shown, &[Tls], |e| e.has(Fact::Lost(Loss::CertificateTime)),
        "the certificate has expired or is not valid yet, or this machine's clock is wrong", ("", "renew it; check `date` here ({reason})")),
    rule("tls-refused", Likely, &[Tls], |e| e.lost(&[Loss::Tls, Loss::Closed]) && !e.taken(OtherScheme),
        "the TLS handshake failed: {reason}", ("tls", "the target may ask for a client certificate (certificate and key under [tls]), or speak only versions before TLS 1.2")),
    rule("not-http", Likely, &[Http], |e| !e.has(Fact::ByProxy) && e.lost(&[Loss::NotHttp, Loss::Closed, Loss::Other, Loss::TimedOut]) && !e.taken(OtherScheme),
        "what listens there does not answer HTTP/1.1: {reason}", ("base_url", "check the port: it may be a database, a gRPC or an HTTP/2-only port")),

    // Something answers, but is it the API?
    rule("redirects-to-https", Shown, ASKING, |e| e.has(Fact::RedirectToHttps),
        "the target sends everybody from http to https; cardproof follows no redirect, since credentials would go along", ("base_url", "write {other_url}")),
    rule("redirects-elsewhere", Shown, ASKING, |e| e.has(Fact::RedirectElsewhere),
        "the answer leads to {location}: a login page or another host; cardproof follows no redirect", ("base_url", "write the address of the API itself, or have this machine let through by the SSO in front of it")),
    rule("login-page", Likely, ASKING, |e| e.has(Fact::Html) && !e.status(&[404, 429, 502, 503, 504]),
        "a page of HTML came where the API answers JSON: a login page, a proxy or a web front end stands before it", ("base_url", "write the address of the API behind it, or give what the gateway asks for under [headers]")),
    rule("too-many-requests", Shown, ASKING, |e| e.status(&[429]),
        "the target, or a gateway before it, has had enough requests (429){retry}", ("limits", "wait as long as Retry-After says, and ask for a higher limit for this client, or send more slowly: rate = \"10/s\" under [limits]")),
    rule("gateway-without-target", Likely, ASKING, |e| e.status(&[502, 503, 504]),
        "a gateway answers ({status}), and the target behind it does not", ("", "check that the target runs and that the gateway's route leads to it")),
    rule("prefix-missing", Shown, &[Http], |e| e.taken(PrefixAdded),
        "base_url lacks the version prefix: the API answers at {other_url}", ("base_url", "write {other_url}")),
    rule("prefix-doubled", Shown, &[Http], |e| e.taken(PrefixOnce),
        "a part of the path stands twice in base_url: the API answers at {other_url}", ("base_url", "write {other_url}")),
    rule("prefix-too-long", Shown, &[Http], |e| e.taken(PrefixRemoved) && !e.taken(PrefixOnce),
        "base_url goes too far: the API answers at {other_url}", ("base_url", "write {other_url}")),
    rule("not-the-api", Likely, &[Http], |e| e.status(&[404, 405]) && !e.taken(PrefixAdded) && !e.taken(PrefixOnce) && !e.taken(PrefixRemoved),
        "something answers, but knows no {path}/cards ({status})", ("base_url", "write the address of the API with its path prefix; the port may belong to another service")),
    rule("target-fails", Likely, ASKING, |e| e.status(&[500]),
        "the target itself fails (500)", ("", "its log says why; the request above is what it choked on")),

    // The token.
    rule("secrets-have-white-space", Shown, &[Token], |e| e.taken(SecretsTrimmed),
        "key or secret has white space around it (a newline from echo, most often): without it they are accepted", ("credentials", "store them without it: printf %s … > file, or trim the variable")),
    rule("credentials-swapped", Shown, &[Token], |e| e.taken(SecretsSwapped),
        "api_key and api_secret are in each other's place: the other way round they are accepted", ("credentials", "exchange what api_key and api_secret name")),
    rule("setup-fields", Shown, &[Token, Key], |e| e.taken(OtherSetup),
        "the set-up call is refused {with_fields}, and accepted {without_fields}", ("setup", "write idempotency_key = {setup} and digest = {setup} under [setup]")),
    rule("credentials-swapped", Likely, &[Token], |e| !e.taken(SecretsSwapped) && refused(e) && e.has(Fact::KeyIsNoUuid) && e.has(Fact::SecretIsUuid),
        "api_key is no UUID, but api_secret is: they may be in each other's place", ("credentials", "exchange what api_key and api_secret name")),
    rule("api-key-no-uuid", Likely, &[Token], |e| refused(e) && e.has(Fact::KeyIsNoUuid) && !e.has(Fact::SecretIsUuid),
        "the API key is no UUID, as the contract wants it: it was cut, or is another kind of key", ("credentials.api_key", "name the key as the partner portal shows it: 8-4-4-4-12 hexadecimal digits")),
    rule("api-secret-wrong", Likely, &[Token], |e| refused(e) && !e.has(Fact::OtherLogin) && !e.has(Fact::KeyIsNoUuid) && ![SecretsTrimmed, SecretsSwapped, OtherSetup].iter().any(|t| e.taken(*t)),
        "key and secret don't belong together ({status}): one was renewed or cut, or they are of another environment than {host}", ("credentials", "get the pair for this environment anew")),
    rule("other-login-refused", Likely, &[Token], |e| e.has(Fact::OtherLogin),
        "the login of the profile gives no token: {words}", ("credentials.login", "check its address, its body, and where its answer has the token")),
    rule("no-token-endpoint", Likely, &[Token], |e| e.status(&[404, 405]),
        "the target has no POST {path}/auth/token ({status})", ("credentials", "a target with a fixed token: token = { env = \"NAME\" }; otherwise check the path of base_url")),
    rule("token-expired-at-once", Shown, &[Token], |e| e.has(Fact::TokenExpired) && e.has(Fact::TokenFetched),
        "the target gives a token that has expired already{clock}", ("", "`expiresAt` is in seconds (not milliseconds) since the epoch; check the target's clock")),
    rule("token-answer", Shown, &[Token], |e| e.has(Fact::NotUnderstood) && !e.has(Fact::TokenExpired),
        "the answer is a success, but {lacks}", ("credentials", "the contract says {token, expiresAt, tokenType}; a target that answers otherwise takes a fixed token: token = { env = \"NAME\" }")),
    rule("token-expired", Shown, &[Token], |e| e.has(Fact::TokenExpired) && !e.has(Fact::TokenFetched),
        "the token expired {expired}", ("credentials.token", "get a new one, or let cardproof fetch it: api_key and api_secret")),

    // Token and signature, on reads.
    rule("authorization-stripped", Likely, SIGNED, |e| refused(e) && e.same(NoBearer) && e.same(WrongBearer) && !e.has(Fact::NoToken) && !e.taken(Unsigned),
        "the target answers the same with our token, with a wrong one and with none: Authorization does not reach it", ("", "a gateway strips or replaces Authorization: let it pass the field on; only a target with one answer for everything looks the same")),
    rule("no-token", Likely, SIGNED, |e| refused(e) && e.has(Fact::NoToken) && e.same(NoBearer),
        "the profile gives no token, and the target asks for one", ("credentials", "add api_key and api_secret, or token")),
    rule("token-of-another-environment", Likely, SIGNED, |e| refused(e) && !token_is_good(e) && e.has(Fact::TokenForOthers),
        "the token says that it is for {audience}, not for {host}", ("credentials", "get a token (or key and secret) of the environment that base_url is of")),
    rule("token-refused", Likely, SIGNED, |e| refused(e) && e.same(WrongBearer) && e.differs(NoBearer) && !e.has(Fact::TokenForOthers),
        "the target answers as to a token that nobody issued: it does not take ours", ("credentials", "get a token of this environment; it may have been revoked, or be of another programme")),
    rule("tls-offloading", Shown, &[SignedRead], |e| e.taken(UriOtherScheme),
        "the target checks the signature over {other_scheme}://…, while we call {scheme}://…: TLS ends before it", ("signing.components", "best: let the target take the scheme from X-Forwarded-Proto or Forwarded; until then: components = [\"@method\", \"@authority\", \"@path\", \"@query\", \"authorization\", \"content-digest\", \"idempotency-key\"]")),
    rule("path-rewritten", Shown, &[SignedRead], |e| e.taken(UriShorterPath),
        "the target checks the signature over a shorter path than the one we call: a gateway cuts {cut} off", ("signing.components", "let the gateway pass the path on, or tell the target its outer path (X-Forwarded-Prefix): what is signed is the URL that we call")),
    rule("host-rewritten", Shown, &[SignedRead], |e| e.taken(PathAlone) && !e.taken(AuthorityAndPath),
        "the target sees another Host than {authority}: a gateway replaces it", ("signing.components", "let the gateway keep Host, or the target use X-Forwarded-Host; until then: components = [\"@method\", \"@path\", \"@query\", \"authorization\", \"content-digest\", \"idempotency-key\"]")),
    rule("target-uri-rebuilt", Shown, &[SignedRead], |e| e.taken(AuthorityAndPath) && !e.taken(UriOtherScheme) && !e.taken(UriShorterPath),
        "the target accepts @authority and @path, but rebuilds @target-uri otherwise than we send it", ("signing.components", "write \"@authority\", \"@path\", \"@query\" in place of \"@target-uri\", or have the target put scheme, host, path and query together as on the request line")),
    rule("path-rewritten", Likely, &[SignedRead], |e| e.taken(AuthorityAlone) && !e.taken(PathAlone),
        "the target accepts the signature without a path, so it sees another path than {path}/cards", ("signing.components", "let the gateway pass the path on as it is called")),
    rule("clock-off", Shown, SIGNED, |e| e.taken(CreatedByDate),
        "the clocks differ: the target's is {clock}; a signature made by its clock is accepted", ("", "set the clock (NTP) here or there")),
    rule("clock-off", Likely, SIGNED, |e| refused(e) && e.has(Fact::ClocksDiffer) && !e.taken(CreatedByDate) && !signed_otherwise(e) && !e.same(WrongBearer),
        "the clocks differ: the target's is {clock}", ("", "set the clock (NTP) here or there")),
    rule("alg-refused", Shown, &[SignedRead], |e| e.taken(NoAlgorithm),
        "the target refuses the parameter `alg`: without it the signature is accepted", ("signing", "RFC 9421 allows `alg` when it agrees with the key: let the target accept it; cardproof always sends it")),
    rule("authorization-uncovered", Shown, &[SignedRead], |e| e.taken(WithoutAuthorization),
        "the signature is accepted when it does not cover authorization: the target sees another one, or refuses the component", ("signing.components", "leave \"authorization\" out of components, or let the gateway pass the field on unchanged")),
    rule("components-incomplete", Shown, &[SignedRead], |e| e.taken(UsualComponents),
        "the signature is accepted when it covers the usual components, more than the profile lists", ("signing.components", "leave components out, or write [\"@method\", \"@target-uri\", \"authorization\", \"content-digest\", \"idempotency-key\"]")),
    rule("digest-on-reads", Shown, &[SignedRead], |e| e.taken(DigestOfNothing),
        "the target wants a Content-Digest on reads too", ("signing", "the contract leaves it open for calls without a body; cardproof sends none there: let the target do without")),
    rule("wrong-key", Shown, &[SignedRead], |e| e.taken(FreshKey) && e.differs(UnknownKeyId) && !e.has(Fact::KeyRegistered),
        "a key that was registered just now is accepted, and the target knows key_id: the private key is not the one that key_id names", ("signing.private_key", "name the private half of that key, or register its public half again (openssl ec -in key.pem -pubout) and write the new key_id")),
    rule("key-id-unknown", Shown, &[SignedRead], |e| e.taken(FreshKey) && e.same(UnknownKeyId) && sees_signature(e) && !e.has(Fact::KeyRegistered),
        "a key that was registered just now is accepted, and the target answers as to a key id that nobody registered", ("signing.key_id", "write the id that PUT /auth/signing gave, or leave key_id out to have the key registered; DELETE /auth/signing or another environment may have taken it")),
    rule("key-and-id-differ", Shown, &[SignedRead], |e| e.taken(FreshKey) && e.same(UnknownKeyId) && !sees_signature(e) && !e.has(Fact::KeyRegistered),
        "a key that was registered just now is accepted: private_key is not the one that key_id names, or the target does not know key_id", ("signing.key_id", "register the public half (openssl ec -in key.pem -pubout) and write the id that this gives, or leave key_id out")),
    rule("key-id-unknown", Likely, &[SignedRead], |e| key_is_suspect(e) && e.same(UnknownKeyId) && sees_signature(e),
        "the target answers as to a key id that nobody registered: it does not know key_id", ("signing.key_id", "write the id that PUT /auth/signing gave, or leave key_id out to have the key registered")),
    rule("wrong-key", Likely, &[SignedRead], |e| key_is_suspect(e) && e.differs(UnknownKeyId) && e.same(BrokenSignature) && sees_signature(e),
        "the target knows key_id, and answers as to a broken signature: the private key is not the one that key_id names", ("signing.private_key", "name the private half of that key, or register its public half again and write the new key_id")),
    rule("signature-stripped", Likely, SIGNED, |e| refused(e) && e.same(Unsigned) && e.same(BrokenSignature) && token_is_good(e) && !signed_otherwise(e),
        "the target answers the same with our signature, with a broken one and with none: Signature and Signature-Input do not reach it", ("", "let the gateway pass both fields on; only a target with one answer for everything looks the same")),
    rule("components-refused", Likely, &[SignedRead], |e| refused(e) && token_is_good(e) && !signed_otherwise(e) && key_is_cleared(e) && e.differs(UnknownKeyId) && sees_signature(e),
        "a key that the target knows is refused as well: it may want other components or parameters covered{said}", ("signing.components", "list what the target wants covered; compare the base below with the one that it builds")),
    rule("signature-base-differs", Possible, &[SignedRead], |e| refused(e) && token_is_good(e) && sees_signature(e) && !signed_otherwise(e),
        "the target builds another signature base than the one below", ("signing.components", "compare line by line: order and spelling of components, parameters in the order of Signature-Input, no newline at the end, raw r‖s (96 bytes) rather than DER")),
    rule("access-refused", Possible, SIGNED, refused,
        "the target refuses the call ({status}){said}", ("credentials", "check the programme's rights in this environment, and whether an IP allow-list is in the way")),
    rule("key-as-der", Shown, &[Key], |e| e.taken(KeyAsDer),
        "the target takes the key as base64 of its DER; the contract says base64 of the PEM", ("signing.key_id", "let the target take a PEM, or register the key by hand and write private_key and key_id")),
    rule("key-as-pem", Shown, &[Key], |e| e.taken(KeyAsPem),
        "the target takes the key as plain PEM; the contract says base64 of the PEM", ("signing.key_id", "let the target take base64, or register the key by hand and write private_key and key_id")),
    rule("no-signing-endpoint", Likely, &[Key], |e| e.status(&[404, 405]),
        "the target has no PUT {path}/auth/signing ({status})", ("signing", "register the key in its portal and write private_key and key_id; enabled = false where nothing is signed")),
    rule("key-answer", Shown, &[Key], |e| e.has(Fact::NotUnderstood),
        "the answer is a success, but {lacks}", ("signing.key_id", "the contract leaves the member's name open, cardproof reads `keyId`: register the key by hand and write private_key and key_id")),

    // Nothing is checked.
    rule("nothing-is-checked", Likely, &[UnsignedRead], |e| e.taken(NoBearer),
        "a read with neither token nor signature is accepted: the target checks nothing, or a gateway adds credentials of its own", ("signing.enabled", "switch the checks on in this environment; a run would report it as a departure (AUTH-1 and others)")),
    rule("signature-not-checked", Likely, &[UnsignedRead], |e| !e.taken(NoBearer),
        "a read without a signature is accepted: the target checks none", ("signing.enabled", "switch the check on in this environment; enabled = false only where nothing is ever signed")),

    // Requests with a body, or that change something.
    rule("digest-algorithm", Shown, CHANGING, |e| e.taken(OtherDigest),
        "the target refuses a Content-Digest by {digest}, and accepts one by {other_digest}", ("signing.digest", "write digest = \"{other_digest}\" under [signing]")),
    rule("body-changed", Likely, CHANGING, |e| refused(e) && e.same(WrongDigest) && !e.taken(OtherDigest) && e.differs(NoDigest),
        "the target answers as to the digest of another body: a gateway changes the body on its way (it decodes and writes JSON anew, or compresses)", ("", "let the gateway pass the body on byte for byte; the digest is over the bytes that are sent")),
    rule("digest-stripped", Likely, CHANGING, |e| refused(e) && e.same(NoDigest) && !e.taken(OtherDigest),
        "the target answers as to a body without Content-Digest: the field does not reach it", ("", "let the gateway pass Content-Digest on")),
    rule("idempotency-key-uncovered", Shown, CHANGING, |e| e.taken(WithoutKey),
        "the signature is accepted when it does not cover idempotency-key", ("signing.components", "leave \"idempotency-key\" out of components, or let the gateway pass the field on unchanged")),
    rule("content-type-covered", Shown, CHANGING, |e| e.taken(WithContentType),
        "the target wants content-type covered as well", ("signing.components", "add \"content-type\" to components")),
    rule("components-incomplete", Likely, CHANGING, |e| refused(e) && e.has(Fact::Other(NoDigest)) && e.has(Fact::Other(WrongDigest)) && !e.taken(OtherDigest) && !e.taken(WithoutKey) && !e.taken(WithContentType),
        "reads are accepted and this is not: the target may want other components covered on calls that change something{said}", ("signing.components", "the default is @method, @target-uri, authorization, content-digest, idempotency-key; list what the target wants")),
    rule("idempotency-key-stripped", Likely, CHANGING, |e| e.status(&[400]) && e.same(NoKey) && !e.same(NoDigest),
        "the target answers as to a call without Idempotency-Key: the field does not reach it", ("", "let the gateway pass Idempotency-Key on")),

    // Accounts and cards.
    rule("account-recipe-path", Likely, &[Account], |e| e.status(&[404, 405]),
        "the call that makes an account is not there ({status})", ("accounts.create", "path is appended to base_url ({url}); check it, and the method")),
    rule("account-pointer", Shown, &[Account], |e| e.has(Fact::IdElsewhere),
        "the call made an account, but its id is at {found}, not at {pointer}", ("accounts.create", "write id = \"{found}\"")),
    rule("account-pointer", Likely, &[Account], |e| e.has(Fact::NotUnderstood) && !e.has(Fact::IdElsewhere),
        "the call is a success, but its answer has no id at {pointer}", ("accounts.create", "id is a JSON pointer to the account's id in the answer")),
    rule("account-recipe-refused", Possible, &[Account], |e| e.status(&[400, 401, 403, 409, 415, 422]),
        "the call that makes an account is refused ({status}){said}", ("accounts.create", "check its body, and whether these credentials may make accounts")),
    rule("no-accounts-left", Likely, &[Account], |e| e.has(Fact::AccountListed) && !e.has(Fact::NotUnderstood) && !refused(e) && !e.status(&[404]),
        "the list of accounts is empty", ("accounts.list", "list accounts that have no card, or say how one is made: create = { path = \"…\" }")),
    rule("account-of-others", Likely, &[AccountCards], |e| e.has(Fact::AccountListed) && e.status(&[403, 404]),
        "the target does not know the account {account} for these credentials: it belongs to another programme or environment, or is misspelt", ("accounts.list", "list accounts of the programme that the credentials belong to")),
    rule("accounts-not-free", Likely, &[AccountCards, Create], |e| e.has(Fact::AccountDrawn) && e.status(&[400, 403, 404]),
        "the target does not take any UUID for an account", ("accounts", "say which there are: list = [\"uuid\", …], or create = { path = \"…\" }")),
    rule("account-vanishes", Possible, &[AccountCards, Create], |e| !e.has(Fact::AccountListed) && !e.has(Fact::AccountDrawn) && e.status(&[404]),
        "an account was made, and its cards are not found: the id is of something else, or the account takes time", ("accounts.create", "check that `id` points at the account's id, not at the customer's")),
    rule("account-used", Likely, &[Create], |e| e.has(Fact::AccountUsed) && e.status(&[400, 403, 409, 422]),
        "each account has cards already, and one virtual card is all that it may have", ("accounts.list", "list accounts without cards, or terminate what is on them")),
    rule("create-refused", Possible, &[Create], |e| e.status(&[400, 403, 404, 409, 415, 422]),
        "the target refuses the card ({status}){said}", ("", "its answer may say which member it does not take; the body is one that the contract allows")),
    rule("simulator-absent", Shown, &[Issue], |e| e.has(Fact::Simulator) && e.status(&[404, 405]),
        "the target has no PATCH {path}/simulator/cards/…/issue ({status})", ("sandbox.simulator", "write simulator = false, and issuance = \"automatic\" if cards are issued by themselves")),
    rule("issued-by-itself", Shown, &[Issue], |e| e.has(Fact::IssuedByItself),
        "the card became active without the simulator, and the profile says that only that issues cards", ("sandbox.issuance", "write issuance = \"automatic\", and how long it may take: issuance_wait")),
    rule("never-issued", Likely, &[Issue], |e| e.has(Fact::StillIssuing) && e.has(Fact::SaysAutomatic),
        "the card is still `issuing` after {wait}: it is issued by hand, or takes longer", ("sandbox.issuance", "write issuance = \"manual\" where only the simulator issues, or a longer issuance_wait")),
    rule("never-issued", Possible, &[Issue], |e| e.has(Fact::StillIssuing) && !e.has(Fact::SaysAutomatic),
        "the simulator was asked, and the card is still `issuing`", ("sandbox.issuance_wait", "give it longer, if issuing takes time after the simulator was told")),
    rule("other-success", Shown, &[Terminate], |e| e.has(Fact::OtherSuccess),
        "terminating is answered with {status}, and the profile says {expected}", ("success", "write success = \"{right}\" at the top of the profile")),
    rule("card-refused", Possible, &[Issue, Read, Terminate, AccountCards], |e| e.status(&[400, 403, 404, 409, 422]),
        "the target refuses it ({status}){said}", ("", "its log says why; the request above is what the contract describes")),

    // Events.
    rule("listen-port-taken", Shown, &[Events], |e| e.has(Fact::PortTaken),
        "another process listens at {listen} already", ("webhooks.listen", "name another port, or port 0 for any free one")),
    rule("listen-elsewhere", Shown, &[Events], |e| e.has(Fact::ListenElsewhere),
        "{listen} is no address of this machine: {reason}", ("webhooks.listen", "listen on an address of this machine (0.0.0.0:PORT takes all), and write the outer one as callback_url")),
    rule("no-webhooks", Likely, &[Events], |e| e.status(&[404, 405, 501]),
        "the target has no PUT {path}/webhooks ({status})", ("webhooks", "leave [webhooks] out: what is about events is then not-shown")),
    rule("callback-refused", Likely, &[Events], |e| e.status(&[400, 422]) && !e.taken(OtherDigest),
        "the target refuses the callback address {callback}{said}", ("webhooks.callback_url", "it may ask for https, or for a public host")),
    rule("callback-is-local", Likely, &[Events], |e| e.has(Fact::NoEvent) && e.has(Fact::CallbackIsLocal),
        "no event came: {callback} is this machine's own address, and the target is on another", ("webhooks.callback_url", "name an address at which the target reaches this machine (a tunnel or a public host), and listen there")),
    rule("callback-unreachable", Likely, &[Events], |e| e.has(Fact::NoEvent) && !e.taken(OwnCallback),
        "no event came, and {callback} does not lead to this process, not even from here", ("webhooks.callback_url", "let it lead to {listen}: check the tunnel or port forwarding, host and path")),
    rule("no-events", Possible, &[Events], |e| e.has(Fact::NoEvent),
        "the target took the subscription, and sent nothing within {wait}", ("webhooks.wait", "give it longer, and check in its log whether it sends to {callback}; a firewall may stand between")),

    // What is another programme's.
    rule("foreign-is-own", Likely, &[Foreign], |e| e.has(Fact::ForeignShown),
        "{what} is shown to these credentials: it is not another programme's, or the target lets everybody see it", ("foreign", "name an id of another programme; if it is one, a run will report the departure")),

    rule("no-answer", Possible, ASKING, |e| e.lost(&[Loss::TimedOut, Loss::Closed, Loss::Refused, Loss::NotHttp, Loss::Other]),
        "no whole answer came: {reason}", ("timeout", "the target's log may show why; a slow one gets a longer timeout")),
    rule(UNEXPECTED, Possible, &Step::ALL, |_| true,
        "what came is not what this step expects", ("", "the exchange above is all that was seen; the target's log may say more")),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_cause_is_named_told_and_advised() {
        for rule in RULES {
            assert!(
                rule.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                "{}",
                rule.id
            );
            assert!(
                !rule.words.is_empty() && !rule.advice.is_empty(),
                "{}",
                rule.id
            );
        }
        let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
        assert!(ids.len() > 60, "{}", ids.len());
    }
}
