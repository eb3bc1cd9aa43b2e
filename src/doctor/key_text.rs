//! What a text is that should be a private key in PEM. Nothing of it is ever shown.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What the text of a key file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyForm {
    /// A private key, not encrypted, on whatever curve.
    Private,
    /// One on another curve, or of another kind.
    OtherKind(&'static str),
    /// A public key.
    Public,
    /// A certificate.
    Certificate,
    /// Protected by a passphrase.
    Encrypted,
    /// Base64 of a PEM text.
    EncodedPem,
    /// Base64 of a key in DER, without the lines of a PEM.
    BareDer,
    /// A PEM whose inside is broken.
    Broken,
    /// A JSON Web Key.
    Jwk,
    /// Nothing that looks like a key.
    Other,
}

/// Object identifiers in DER, and what they name.
const KINDS: [(&[u8], &str); 6] = [
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], "P-256"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], "P-521"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x0a], "secp256k1"),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01],
        "RSA",
    ),
    (&[0x2b, 0x65, 0x70], "Ed25519"),
    (&[0x2b, 0x65, 0x71], "Ed448"),
];

impl KeyForm {
    /// What `text` is.
    pub fn of(text: &str) -> Self {
        let labels: Vec<&str> = text
            .lines()
            .filter_map(|line| {
                line.trim()
                    .strip_prefix("-----BEGIN ")?
                    .strip_suffix("-----")
            })
            .collect();
        let has = |end: &str| labels.iter().any(|label| label.ends_with(end));
        if has("ENCRYPTED PRIVATE KEY") || (has("PRIVATE KEY") && text.contains("ENCRYPTED")) {
            Self::Encrypted
        } else if has("RSA PRIVATE KEY") {
            Self::OtherKind("RSA")
        } else if has("OPENSSH PRIVATE KEY") {
            Self::OtherKind("OpenSSH")
        } else if has("PRIVATE KEY") {
            private(text)
        } else if has("PUBLIC KEY") {
            Self::Public
        } else if has("CERTIFICATE") {
            Self::Certificate
        } else {
            bare(text)
        }
    }
}

/// The DER inside the block that ends in `PRIVATE KEY`.
fn private(text: &str) -> KeyForm {
    let inside: String = text
        .lines()
        .map(str::trim)
        .skip_while(|line| !(line.starts_with("-----BEGIN ") && line.ends_with("PRIVATE KEY-----")))
        .skip(1)
        .take_while(|line| !line.starts_with("-----"))
        .collect();
    match STANDARD.decode(inside) {
        Ok(der) if der.first() == Some(&0x30) => {
            kind(&der).map_or(KeyForm::Private, KeyForm::OtherKind)
        }
        _ => KeyForm::Broken,
    }
}

/// What a text without the lines of a PEM is.
fn bare(text: &str) -> KeyForm {
    let text = text.trim();
    if text.starts_with('{') && text.contains("\"kty\"") {
        return KeyForm::Jwk;
    }
    let compact: String = text.split_whitespace().collect();
    match STANDARD.decode(compact) {
        Ok(bytes) if bytes.starts_with(b"-----BEGIN ") => KeyForm::EncodedPem,
        Ok(bytes) if bytes.len() > 40 && bytes.first() == Some(&0x30) => KeyForm::BareDer,
        _ => KeyForm::Other,
    }
}

fn kind(der: &[u8]) -> Option<&'static str> {
    let names = |oid: &[u8]| {
        // Its tag and length stand before it.
        let length = u8::try_from(oid.len()).unwrap_or(u8::MAX);
        let item = [&[0x06, length], oid].concat();
        der.windows(item.len()).any(|window| window == item)
    };
    KINDS
        .iter()
        .find(|(oid, _)| names(oid))
        .map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_key_file_is_recognised() {
        let der = |oid: &[u8]| {
            let length = u8::try_from(oid.len()).unwrap();
            let mut der = vec![0x30, 0x50, 0x06, length];
            der.extend(oid);
            der.extend([7; 60]);
            STANDARD.encode(der)
        };
        let pem = |label: &str, body: &str| {
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
        };
        let p384 = der(&[0x2b, 0x81, 0x04, 0x00, 0x22]);
        let private = pem("PRIVATE KEY", &p384);
        let parameters = pem("EC PARAMETERS", "BgUrgQQAIg==");
        for (text, form) in [
            (private.clone(), KeyForm::Private),
            (
                format!("{parameters}{}", pem("EC PRIVATE KEY", &p384)),
                KeyForm::Private,
            ),
            (
                pem("PRIVATE KEY", &der(KINDS[0].0)),
                KeyForm::OtherKind("P-256"),
            ),
            (
                pem("EC PRIVATE KEY", &der(KINDS[1].0)),
                KeyForm::OtherKind("P-521"),
            ),
            (
                pem("PRIVATE KEY", &der(KINDS[4].0)),
                KeyForm::OtherKind("Ed25519"),
            ),
            (pem("RSA PRIVATE KEY", "AAAA"), KeyForm::OtherKind("RSA")),
            (pem("PUBLIC KEY", &p384), KeyForm::Public),
            (pem("CERTIFICATE", &p384), KeyForm::Certificate),
            (pem("ENCRYPTED PRIVATE KEY", &p384), KeyForm::Encrypted),
            (
                pem("EC PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nAAAA"),
                KeyForm::Encrypted,
            ),
            (pem("PRIVATE KEY", "!!!"), KeyForm::Broken),
            (pem("PRIVATE KEY", "AAAA"), KeyForm::Broken),
            (STANDARD.encode(private), KeyForm::EncodedPem),
            (p384, KeyForm::BareDer),
            ("{\"kty\":\"EC\"}".to_owned(), KeyForm::Jwk),
            ("hunter2".to_owned(), KeyForm::Other),
            (String::new(), KeyForm::Other),
        ] {
            assert_eq!(KeyForm::of(&text), form, "{text}");
        }
    }
}
