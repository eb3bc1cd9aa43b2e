//! The key that signs: P-384, made afresh or read from PEM.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A signing key of `ecdsa-p384-sha384`.
pub struct SigningKey(EcdsaKeyPair);

impl SigningKey {
    /// A fresh key pair.
    pub fn generate() -> Result<Self, &'static str> {
        EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING)
            .map(Self)
            .map_err(|_| "no key pair could be made")
    }

    /// The key in a PEM text, PKCS#8 or SEC1. The errors never show any of it.
    pub fn from_pem(text: &str) -> Result<Self, &'static str> {
        let der = private_key_der(text)?;
        EcdsaKeyPair::from_private_key_der(&ECDSA_P384_SHA384_FIXED_SIGNING, &der)
            .map(Self)
            .map_err(|_| {
                "it is no key on the curve P-384; make one with `openssl ecparam -name secp384r1 -genkey -noout`"
            })
    }

    /// The public half as PEM (SubjectPublicKeyInfo).
    pub fn public_pem(&self) -> Result<String, &'static str> {
        let der: PublicKeyX509Der<'_> = self
            .0
            .public_key()
            .as_der()
            .map_err(|_| "its public half can't be written")?;
        Ok(pem("PUBLIC KEY", der.as_ref()))
    }

    /// The signature over `message`: r and s, 48 bytes each (RFC 9421, section 3.3.5).
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, &'static str> {
        self.0
            .sign(&SystemRandom::new(), message)
            .map(|signature| signature.as_ref().to_vec())
            .map_err(|_| "the request could not be signed")
    }
}

/// A key pair as people keep it.
pub struct NewKey {
    /// PKCS#8 in PEM.
    pub private_pem: String,
    /// The public half as `PUT /auth/signing` takes it: base64 of its PEM.
    pub public: String,
}

impl NewKey {
    /// A fresh one.
    ///
    /// # Errors
    /// The machine gives no random numbers.
    pub fn generate() -> Result<Self, &'static str> {
        let key = SigningKey::generate()?;
        let pkcs8 = key.0.to_pkcs8v1().map_err(|_| "it can't be written")?;
        Ok(Self {
            private_pem: pem("PRIVATE KEY", pkcs8.as_ref()),
            public: STANDARD.encode(key.public_pem()?),
        })
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let lines: Vec<_> = lines.collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// The bytes of the first private key in a PEM text. Parameters may stand before it.
fn private_key_der(text: &str) -> Result<Vec<u8>, &'static str> {
    let mut lines = text.lines().map(str::trim);
    let label = lines
        .find_map(|line| {
            let label = line.strip_prefix("-----BEGIN ")?.strip_suffix("-----")?;
            label.ends_with("PRIVATE KEY").then_some(label)
        })
        .ok_or("it is no PEM: a line `-----BEGIN PRIVATE KEY-----` is expected")?;
    if !matches!(label, "PRIVATE KEY" | "EC PRIVATE KEY") {
        return Err("it is encrypted or of another kind: a plain PKCS#8 or SEC1 key is expected");
    }
    let body: String = lines
        .take_while(|line| !line.starts_with("-----"))
        .collect();
    STANDARD
        .decode(body)
        .map_err(|_| "its base64 is broken: write the PEM again")
}

#[cfg(test)]
pub mod tests {
    use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der};
    use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};

    use super::*;

    /// Whether `signature` is one of `key` over `message`.
    pub fn verifies(key: &SigningKey, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, key.0.public_key())
            .verify(message, signature)
            .is_ok()
    }

    #[test]
    fn both_forms_of_a_key_are_read() {
        let key = SigningKey::generate().unwrap();
        let pkcs8 = key.0.to_pkcs8v1().unwrap();
        let sec1: EcPrivateKeyRfc5915Der<'_> = key.0.private_key().as_der().unwrap();
        let parameters =
            "-----BEGIN EC PARAMETERS-----\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n";
        for text in [
            pem("PRIVATE KEY", pkcs8.as_ref()),
            format!("{parameters}{}", pem("EC PRIVATE KEY", sec1.as_ref())),
        ] {
            let read = SigningKey::from_pem(&text).unwrap();
            let signature = read.sign(b"message").unwrap();
            assert_eq!(signature.len(), 96);
            assert!(verifies(&key, b"message", &signature));
            assert!(!verifies(&key, b"another", &signature));
            assert_eq!(read.public_pem(), key.public_pem());
        }
    }

    #[test]
    fn what_is_no_key_is_told() {
        for (text, hint) in [
            ("", "no PEM"),
            ("-----BEGIN ENCRYPTED PRIVATE KEY-----", "encrypted"),
            ("-----BEGIN PRIVATE KEY-----\n!\n", "base64"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n", "P-384"),
        ] {
            let error = SigningKey::from_pem(text).err().unwrap();
            assert!(error.contains(hint), "{error}");
        }
    }
}
