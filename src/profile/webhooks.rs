//! The `[webhooks]` table: where events are received.

use std::net::{Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parts::{BaseUrl, Wait};

/// Where events are received, and how long they may take.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "WebhooksTable", into = "WebhooksTable")]
pub struct Webhooks {
    /// Where cardproof listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// By which address the target reaches it; absent: the one that it listens on.
    pub callback_url: Option<BaseUrl>,
    /// How long an event may take.
    pub wait: Wait,
}

impl Default for Webhooks {
    /// On this machine, for a target that runs here too.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            callback_url: None,
            wait: Wait::default(),
        }
    }
}

/// The table as written.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WebhooksTable {
    /// Where cardproof listens, `127.0.0.1:0` unless said otherwise; port 0 takes a free one.
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<ListenAddress>,
    /// By which address the target reaches it; absent: the one that it listens on.
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<BaseUrl>,
    /// How long an event may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<Wait>,
}

/// `127.0.0.1:8090`, checked where it is read.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
struct ListenAddress(SocketAddr);

impl TryFrom<String> for ListenAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| {
            format!("`{text}` is no address to listen on: write an IP address and a port, like 127.0.0.1:8090; port 0 takes a free one")
        })
    }
}

impl From<ListenAddress> for String {
    fn from(address: ListenAddress) -> Self {
        address.0.to_string()
    }
}

impl TryFrom<WebhooksTable> for Webhooks {
    type Error = String;

    fn try_from(table: WebhooksTable) -> Result<Self, String> {
        let usual = Self::default();
        let listen = table.listen.map_or(usual.listen, |address| address.0);
        if listen.ip().is_unspecified() && table.callback_url.is_none() {
            return Err(format!(
                "who listens on {listen} is reached by many addresses: callback_url says by which one the target does, like https://hooks.example/cardproof"
            ));
        }
        Ok(Self {
            listen,
            callback_url: table.callback_url,
            wait: table.wait.unwrap_or(usual.wait),
        })
    }
}

impl From<Webhooks> for WebhooksTable {
    fn from(webhooks: Webhooks) -> Self {
        Self {
            listen: Some(ListenAddress(webhooks.listen)),
            callback_url: webhooks.callback_url,
            wait: Some(webhooks.wait),
        }
    }
}
