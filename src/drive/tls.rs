//! How TLS is done, in one place: whom the driver trusts, who it says that it is, and what went wrong in words.

use std::error::Error as StdError;
use std::path::Path;
use std::sync::Arc;

use rustls_platform_verifier::Verifier;
use secrecy::ExposeSecret;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, ClientConfig, Error, InvalidMessage, RootCertStore,
};

use super::trouble::Trouble;
use crate::profile::{Identity, Tls};

/// TLS as a profile says; without it, as this machine trusts.
pub fn connector(tls: &Tls) -> Result<TlsConnector, Trouble> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let roots = match &tls.ca {
        Some(path) => certificates(path, "ca")?,
        None => Vec::new(),
    };
    let verifier = verifier(tls, roots, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(machine)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match &tls.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = certificates(&identity.certificate, "certificate")?;
            let key = private_key(identity)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| unfit(identity, &error))?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn verifier(
    tls: &Tls,
    roots: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Trouble> {
    let provider = Arc::clone(provider);
    if !tls.only {
        let verifier = match roots.is_empty() {
            true => Verifier::new(provider),
            false => Verifier::new_with_extra_roots(roots, provider),
        };
        return Ok(Arc::new(verifier.map_err(machine)?));
    }
    let mut store = RootCertStore::empty();
    let (_, unusable) = store.add_parsable_certificates(roots);
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build();
    match verifier {
        Ok(verifier) if unusable == 0 => Ok(verifier),
        _ => Err(Trouble::Unusable {
            what: "ca under [tls]".to_owned(),
            problem:
                "a certificate in it can't be read; take the file anew from whoever runs the CA"
                    .to_owned(),
        }),
    }
}

fn machine(error: Error) -> Trouble {
    Trouble::Machine {
        what: "TLS",
        problem: error.to_string(),
    }
}

/// The certificates of a file, which `member` of the table names.
fn certificates(path: &Path, member: &str) -> Result<Vec<CertificateDer<'static>>, Trouble> {
    let unusable = |problem: String| Trouble::Unusable {
        what: format!("{member} under [tls], the file {}", path.display()),
        problem,
    };
    let bytes = std::fs::read(path)
        .map_err(|error| unusable(format!("{error}; a path counts from the profile's folder")))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(unusable(format!(
            "it holds {} and no certificate in PEM (-----BEGIN CERTIFICATE-----){}",
            contents(&bytes),
            advice(&bytes, path)
        ))),
        Err(error) => Err(unusable(format!("a certificate in it is broken ({error})"))),
    }
}

fn private_key(identity: &Identity) -> Result<PrivateKeyDer<'static>, Trouble> {
    let secret = identity.key.read().map_err(|source| Trouble::Secret {
        what: "the key of the client certificate",
        source,
    })?;
    let bytes = secret.expose_secret().as_bytes();
    PrivateKeyDer::from_pem_slice(bytes).map_err(|_| Trouble::Unusable {
        what: format!("key under [tls], {}", identity.key),
        problem: match contents(bytes) {
            "an encrypted private key" => {
                "the key is encrypted: decrypt it with `openssl pkey -in … -out …`, and keep the result as a secret".to_owned()
            }
            other => format!(
                "it holds {other} and no private key in PEM (-----BEGIN PRIVATE KEY-----)"
            ),
        },
    })
}

fn unfit(identity: &Identity, error: &Error) -> Trouble {
    Trouble::Unusable {
        what: format!(
            "the client certificate {} with the key in {}",
            identity.certificate.display(),
            identity.key
        ),
        problem: match error {
            Error::InconsistentKeys(_) => {
                "the key is not that of the first certificate in the file: name the pair that belongs together".to_owned()
            }
            other => other.to_string(),
        },
    }
}

/// What a file that should be PEM holds, without showing any of it.
fn contents(bytes: &[u8]) -> &'static str {
    let text = String::from_utf8_lossy(bytes);
    let has = |label: &str| text.contains(&format!("-----BEGIN {label}-----"));
    if bytes.trim_ascii().is_empty() {
        "nothing"
    } else if bytes.starts_with(&[0x30]) {
        "binary data (DER or PKCS#12)"
    } else if has("ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        "an encrypted private key"
    } else if has("PRIVATE KEY") || has("EC PRIVATE KEY") || has("RSA PRIVATE KEY") {
        "a private key"
    } else if has("CERTIFICATE REQUEST") {
        "a certificate request"
    } else if has("PUBLIC KEY") {
        "a public key"
    } else if has("CERTIFICATE") {
        "a certificate"
    } else {
        "something else"
    }
}

fn advice(bytes: &[u8], path: &Path) -> String {
    match bytes.first() {
        Some(0x30) => format!(
            ": make it one with `openssl x509 -inform der -in {}`, or `openssl pkcs12` for a .p12 file",
            path.display()
        ),
        _ => String::new(),
    }
}

/// What an error of TLS means and what to do, wherever in the chain of causes it stands.
pub fn explained(error: &(dyn StdError + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(|error| error.get_ref())
            .and_then(|inner| inner.downcast_ref::<Error>());
        if let Some(tls) = inner.or_else(|| error.downcast_ref()) {
            return Some(words(tls));
        }
        cause = error.source();
    }
    None
}

fn words(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(wrong) => of_certificate(wrong),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "what answers speaks no TLS: does base_url have to begin with http://, or to name another port?".to_owned()
        }
        Error::AlertReceived(alert) => of_alert(*alert),
        other => format!("TLS failed: {other}"),
    }
}

fn of_certificate(wrong: &CertificateError) -> String {
    match wrong {
        CertificateError::UnknownIssuer => {
            "the target's certificate comes from nobody who is trusted: name who vouches for it under [tls], ca = \"ca.pem\"".to_owned()
        }
        CertificateError::Expired => "the target's certificate has expired".to_owned(),
        CertificateError::ExpiredContext { not_after, .. } => format!(
            "the target's certificate has expired, {}: it needs a new one, or this machine's clock is wrong",
            date(not_after.as_secs())
        ),
        CertificateError::NotValidYet => "the target's certificate is not valid yet".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => format!(
            "the target's certificate is not valid before {}, or this machine's clock is wrong",
            date(not_before.as_secs())
        ),
        CertificateError::NotValidForName => {
            "the target's certificate is for another name: see base_url, and server_name under [tls]".to_owned()
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => format!(
            "the target's certificate is for {} and not for {}: correct base_url, or write the name as server_name under [tls]",
            names(presented),
            expected.to_str()
        ),
        CertificateError::BadSignature => {
            "the target's certificate was not signed by the CA that it names: the file at ca under [tls] may be an old one".to_owned()
        }
        other => format!("the target's certificate is refused: {other}"),
    }
}

fn of_alert(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => {
            "the target demands a client certificate: certificate and key under [tls]".to_owned()
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::DecryptError
        | AlertDescription::AccessDenied => format!(
            "the target refuses the client certificate ({alert:?}): see certificate and key under [tls]"
        ),
        AlertDescription::HandshakeFailure => {
            "the target breaks the handshake off (HandshakeFailure): it may demand a client certificate (certificate and key under [tls]), or speak no TLS that is still safe".to_owned()
        }
        AlertDescription::UnrecognisedName => {
            "the target knows no server of that name: see base_url, and server_name under [tls]".to_owned()
        }
        AlertDescription::ProtocolVersion => {
            "the target speaks no TLS that is still safe (1.2 or 1.3)".to_owned()
        }
        other => format!("the target breaks TLS off ({other:?})"),
    }
}

/// The names in a certificate, without the kind that each comes with: `DnsName("…")`.
fn names(presented: &[String]) -> String {
    let bare = presented.iter().map(|name| {
        let quoted = name.split('"').nth(1);
        quoted.unwrap_or(name)
    });
    bare.collect::<Vec<_>>().join(", ")
}

fn date(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| "at some time".to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}
