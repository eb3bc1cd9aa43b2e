//! How requests are signed and digested, as data.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parts::Wait;
use super::secret::{Place, Secret};

/// The `[signing]` table. Absent: a fresh key pair is made for the run and registered.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Signing {
    /// Requests are signed.
    pub enabled: bool,
    /// The P-384 key in PEM (PKCS#8 or SEC1). Absent: a fresh one.
    #[schemars(with = "Option<Place>")]
    pub private_key: Option<Secret>,
    /// The id under which the target knows the key. Absent: the key is registered, and the answer brings it.
    pub key_id: Option<String>,
    /// What the signature covers, in this order. A header field counts only where it is sent.
    #[schemars(with = "Vec<String>")]
    pub components: Vec<Component>,
    /// The algorithm of `Content-Digest`.
    pub digest: DigestAlgorithm,
    /// The longest time that a signature may have been made ago, where the target has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_age: Option<Wait>,
}

impl Default for Signing {
    fn default() -> Self {
        let field = |name: &str| Component::Field(name.to_owned());
        Self {
            enabled: true,
            private_key: None,
            key_id: None,
            components: vec![
                Component::Method,
                Component::TargetUri,
                field("authorization"),
                field("content-digest"),
                field("idempotency-key"),
            ],
            digest: DigestAlgorithm::default(),
            longest_age: None,
        }
    }
}

/// A hash for `Content-Digest` (RFC 9530).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum DigestAlgorithm {
    /// SHA-256.
    #[default]
    #[serde(rename = "sha-256")]
    Sha256,
    /// SHA-512.
    #[serde(rename = "sha-512")]
    Sha512,
}

impl DigestAlgorithm {
    /// Its key in the header field.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha512 => "sha-512",
        }
    }
}

/// A part of a request that a signature can cover (RFC 9421, section 2).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Component {
    /// `@method`.
    Method,
    /// `@target-uri`.
    TargetUri,
    /// `@authority`.
    Authority,
    /// `@scheme`.
    Scheme,
    /// `@request-target`.
    RequestTarget,
    /// `@path`.
    Path,
    /// `@query`.
    Query,
    /// A header field, by its lower-case name.
    Field(String),
}

impl Component {
    /// The derived components (RFC 9421, section 2.2) that a request without parameters has.
    pub const DERIVED: [Self; 7] = [
        Self::Method,
        Self::TargetUri,
        Self::Authority,
        Self::Scheme,
        Self::RequestTarget,
        Self::Path,
        Self::Query,
    ];

    /// Its name in `Signature-Input`.
    pub fn name(&self) -> &str {
        match self {
            Self::Method => "@method",
            Self::TargetUri => "@target-uri",
            Self::Authority => "@authority",
            Self::Scheme => "@scheme",
            Self::RequestTarget => "@request-target",
            Self::Path => "@path",
            Self::Query => "@query",
            Self::Field(name) => name,
        }
    }

    /// It is made from the request line, not taken from a header field.
    pub fn is_derived(&self) -> bool {
        !matches!(self, Self::Field(_))
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Component {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        if let Some(derived) = Self::DERIVED.iter().find(|c| c.name() == name) {
            return Ok(derived.clone());
        }
        if name.starts_with('@') {
            let known = Self::DERIVED.iter().map(Self::name);
            return Err(match crate::words::nearest(name, known.clone()) {
                Some(near) => format!("`{name}` is no component; did you mean `{near}`?"),
                None => format!(
                    "`{name}` is no component: {}, or a header field",
                    known.collect::<Vec<_>>().join(", ")
                ),
            });
        }
        match http::HeaderName::from_bytes(name.as_bytes()) {
            Ok(field) if field.as_str() == name => Ok(Self::Field(name.to_owned())),
            _ => Err(format!(
                "`{name}` is no component: a header field's name in lower case, or one that begins with @"
            )),
        }
    }
}

impl TryFrom<String> for Component {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

impl From<Component> for String {
    fn from(component: Component) -> Self {
        component.name().to_owned()
    }
}
