//! The `[tls]` table: whom the target's certificate may come from, and how cardproof proves who it is. Nothing in it turns
//! a check off.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::secret::{Place, Secret};

/// How TLS is done with the target.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(try_from = "TlsTable", into = "TlsTable")]
pub struct Tls {
    /// A file of certificates, in PEM, that vouch for the target.
    pub ca: Option<PathBuf>,
    /// Nobody else vouches for it, not even whom this machine trusts.
    pub only: bool,
    /// Who calls: the certificate, in PEM, with those between it and its CA, and the place of its private key.
    pub identity: Option<Identity>,
    /// The name that the target is asked for and that its certificate must bear, in place of the host of `base_url`.
    pub server_name: Option<String>,
}

/// A client certificate.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The file of the certificate.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: Secret,
}

impl Tls {
    /// Whether nothing is asked for beyond the ordinary.
    pub fn is_plain(&self) -> bool {
        self.ca.is_none() && self.identity.is_none() && self.server_name.is_none()
    }

    /// Paths in a profile count from the profile's folder.
    pub(super) fn rebase(&mut self, folder: &Path) {
        let certificate = self.identity.as_mut().map(|own| &mut own.certificate);
        for path in self.ca.iter_mut().chain(certificate) {
            *path = folder.join(&*path);
        }
    }
}

/// The table as written.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TlsTable {
    /// A PEM file of those who vouch for the target, besides those whom this machine trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    ca: Option<PathBuf>,
    /// Nobody but those in `ca` is trusted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    only: bool,
    /// A PEM file with the certificate of who calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<PathBuf>,
    /// Its private key, in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Place>")]
    key: Option<Secret>,
    /// The name that is asked for and checked, in place of the host in `base_url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    server_name: Option<String>,
}

impl TryFrom<TlsTable> for Tls {
    type Error = String;

    fn try_from(table: TlsTable) -> Result<Self, String> {
        if table.only && table.ca.is_none() {
            return Err(
                "only = true leaves nobody to trust: name them, ca = \"ca.pem\"".to_owned(),
            );
        }
        let identity = match (table.certificate, table.key) {
            (Some(certificate), Some(key)) => Some(Identity { certificate, key }),
            (None, None) => None,
            _ => {
                return Err(
                    "certificate and key go together: certificate = \"client.pem\" and key = { file = \"client.key\" }"
                        .to_owned(),
                );
            }
        };
        if let Some(name) = &table.server_name
            && url::Host::parse(name).is_err()
        {
            return Err(format!(
                "`{name}` is no name of a server: write only the name, like cards.internal"
            ));
        }
        Ok(Self {
            ca: table.ca,
            only: table.only,
            identity,
            server_name: table.server_name,
        })
    }
}

impl From<Tls> for TlsTable {
    fn from(tls: Tls) -> Self {
        let (certificate, key) = match tls.identity {
            Some(Identity { certificate, key }) => (Some(certificate), Some(key)),
            None => (None, None),
        };
        Self {
            ca: tls.ca,
            only: tls.only,
            certificate,
            key,
            server_name: tls.server_name,
        }
    }
}
