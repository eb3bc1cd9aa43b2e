//! Are the secrets where the profile says, and is the key one that can sign?

use secrecy::ExposeSecret;

use super::evidence::Inquiry;
use super::{Bearer, Caller, Done, Trouble};
use crate::doctor::{Fact, Failure, KeyForm, Step};
use crate::drive::auth::load_key;
use crate::drive::secrets;
use crate::drive::witness::Witness;
use crate::profile::{Credentials, Profile, Secret, SecretError};

/// Reads them all, as a run does.
pub async fn read(profile: &Profile) -> Done<(Caller, Bearer)> {
    let signing = &profile.signing;
    if signing.enabled && signing.key_id.is_some() && signing.private_key.is_none() {
        let mut inquiry = Inquiry::new(
            Step::Secrets,
            profile,
            "there is key_id, and no private_key",
        );
        inquiry.evidence.add(Fact::KeyIdAlone);
        return Err(inquiry.failure(None));
    }
    let failed = |trouble| failure(profile, &trouble);
    let mut caller = Caller::new(profile, None).await.map_err(failed)?;
    let bearer = Bearer::new(profile, &caller).await.map_err(failed)?;
    for (what, secret) in credentials(&profile.credentials) {
        let read = secrets::read(what, secret, &caller.masks).await;
        read.map_err(failed)?;
    }
    if signing.enabled && signing.private_key.is_some() {
        load_key(signing, &caller).await.map_err(failed)?;
    }
    caller.client.witness = Some(Witness::default());
    Ok(((caller, bearer), note(profile)))
}

/// The secrets that prove who calls. Those of another login are read when it is sent.
fn credentials(credentials: &Credentials) -> Vec<(&'static str, &Secret)> {
    match credentials {
        Credentials::None | Credentials::OtherLogin(_) => vec![],
        Credentials::Token(token) => vec![("the token", token)],
        Credentials::Login {
            api_key,
            api_secret,
        } => vec![("the API key", api_key), ("the API secret", api_secret)],
    }
}

fn note(profile: &Profile) -> String {
    match white_space(&profile.credentials) {
        Some(name) => format!("{name} has white space around it"),
        None => String::new(),
    }
}

/// The credential that has white space around it.
pub fn white_space(credentials: &Credentials) -> Option<&'static str> {
    let has = |secret: &Secret| {
        secret.read().is_ok_and(|text| {
            let text = text.expose_secret();
            text.trim() != text
        })
    };
    match credentials {
        Credentials::Login { api_key, .. } if has(api_key) => Some("api_key"),
        Credentials::Login { api_secret, .. } if has(api_secret) => Some("api_secret"),
        _ => None,
    }
}

fn failure(profile: &Profile, trouble: &Trouble) -> Box<Failure> {
    let mut inquiry = Inquiry::new(Step::Secrets, profile, trouble.to_string());
    let evidence = &mut inquiry.evidence;
    match trouble {
        Trouble::Secret { what, source } => {
            evidence.say("key", key_of(what));
            let (fact, secret) = match source {
                SecretError::NotSet(name) => (
                    Fact::SecretNotSet,
                    format!("the environment variable {name}"),
                ),
                SecretError::Empty(place) => (Fact::SecretEmpty, place.clone()),
                SecretError::Unreadable { path, .. } => (
                    Fact::SecretUnreadable,
                    format!("the file {}", path.display()),
                ),
                SecretError::Command(error) => (Fact::CommandFailed, error.to_string()),
            };
            evidence.add(fact);
            evidence.say("secret", secret);
        }
        Trouble::Unusable { what, .. } if what.starts_with("the token") => {
            evidence.add(Fact::NoHeaderText);
        }
        Trouble::Unusable { what, .. } if what.starts_with("the private key") => {
            let form = key_form(profile);
            evidence.say("kind", kind(form));
            evidence.add(Fact::Key(form));
        }
        Trouble::Unusable { what, .. } => {
            evidence.add(Fact::SettingUnusable);
            evidence.say("key", table_of(what));
            evidence.say("what", what.as_str());
        }
        _ => {}
    }
    inquiry.failure(None)
}

/// The key of the profile that a secret belongs to, from the driver's words for it.
fn key_of(what: &str) -> &'static str {
    match what {
        "the API key" => "credentials.api_key",
        "the API secret" => "credentials.api_secret",
        "the token" => "credentials.token",
        "the private key" => "signing.private_key",
        "the key of the client certificate" => "tls.key",
        "the user name of the proxy" | "the password of the proxy" => "proxy",
        _ => "headers",
    }
}

/// The table that a setting belongs to, from the same.
fn table_of(what: &str) -> &'static str {
    const SIGNS: [(&str, &str); 4] = [
        ("[tls]", "tls"),
        ("client certificate", "tls"),
        ("proxy", "proxy"),
        ("header field", "headers"),
    ];
    let found = SIGNS.iter().find(|(sign, _)| what.contains(sign));
    found.map_or("base_url", |(_, table)| table)
}

fn key_form(profile: &Profile) -> KeyForm {
    let secret = profile.signing.private_key.as_ref();
    let text = secret.and_then(|secret| secret.read().ok());
    text.map_or(KeyForm::Other, |text| {
        match KeyForm::of(text.expose_secret()) {
            // It could not be used, so it is of some other kind.
            KeyForm::Private => KeyForm::OtherKind("unknown"),
            form => form,
        }
    })
}

fn kind(form: KeyForm) -> &'static str {
    match form {
        KeyForm::OtherKind(kind) => kind,
        KeyForm::EncodedPem => "of a PEM text",
        KeyForm::BareDer => "of DER",
        _ => "other",
    }
}
