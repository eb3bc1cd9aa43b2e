//! The `[limits]` table: how gently the target is asked.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parts::Wait;

/// What is kept to by everything that a run sends, set-up, shrinking and confirming included.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "LimitsTable", into = "LimitsTable")]
pub struct Limits {
    /// So many requests in so much time; absent: as many as there are.
    pub rate: Option<Rate>,
    /// So many requests wait for their answers at a time; absent: as many as there are.
    pub in_flight: Option<NonZeroU32>,
    /// How long a target may put requests off (429, or 503 with `Retry-After`) before they count as not answered.
    pub patience: Wait,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rate: None,
            in_flight: None,
            patience: Wait(Duration::from_secs(60)),
        }
    }
}

impl Limits {
    /// How many requests may be sent at the same instant; absent: any number.
    pub fn at_once(&self) -> Option<usize> {
        let of_rate = self.rate.map(|rate| rate.count);
        let least = of_rate.into_iter().chain(self.in_flight).min()?;
        usize::try_from(least.get()).ok()
    }
}

/// The table as written.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LimitsTable {
    /// Another way to write a rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_second: Option<NonZeroU32>,
    /// So many requests in a time at most: `100/m`, `5/s`, `1000/h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<Rate>,
    /// So many requests wait for their answers at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_flight: Option<NonZeroU32>,
    /// How long the target may put requests off, by 429 or by 503 with `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    patience: Option<Wait>,
}

impl TryFrom<LimitsTable> for Limits {
    type Error = &'static str;

    fn try_from(table: LimitsTable) -> Result<Self, Self::Error> {
        let rate = match (table.requests_per_second, table.rate) {
            (Some(_), Some(_)) => {
                return Err("requests_per_second and rate say the same thing: leave one out");
            }
            (Some(count), None) => Some(Rate {
                count,
                per: Per::Second,
            }),
            (None, rate) => rate,
        };
        Ok(Self {
            rate,
            in_flight: table.in_flight,
            patience: table.patience.unwrap_or(Self::default().patience),
        })
    }
}

impl From<Limits> for LimitsTable {
    fn from(limits: Limits) -> Self {
        Self {
            requests_per_second: None,
            rate: limits.rate,
            in_flight: limits.in_flight,
            patience: Some(limits.patience),
        }
    }
}

/// So many requests in so much time: `100/m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Rate {
    /// So many.
    pub count: NonZeroU32,
    per: Per,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Per {
    Second,
    Minute,
    Hour,
}

impl Rate {
    /// In so much time.
    pub fn period(self) -> Duration {
        Duration::from_secs(match self.per {
            Per::Second => 1,
            Per::Minute => 60,
            Per::Hour => 3600,
        })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = match self.per {
            Per::Second => "s",
            Per::Minute => "m",
            Per::Hour => "h",
        };
        write!(f, "{}/{per}", self.count)
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no rate: write so many requests in a second, a minute or an hour, like 5/s, 100/m or 1000/h"
            )
        };
        let (count, per) = text.split_once('/').ok_or_else(wrong)?;
        Ok(Self {
            count: count.trim().parse().map_err(|_| wrong())?,
            per: match per.trim() {
                "s" => Per::Second,
                "m" => Per::Minute,
                "h" => Per::Hour,
                _ => return Err(wrong()),
            },
        })
    }
}

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(text: &str) -> Result<Limits, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_rate_is_written_in_two_ways() {
        for (text, rate, at_once) in [
            ("", None, None),
            ("requests_per_second = 5", Some("5/s"), Some(5)),
            ("rate = \"100/m\"", Some("100/m"), Some(100)),
            ("rate = \"2/h\"\nin_flight = 3", Some("2/h"), Some(2)),
            ("in_flight = 1", None, Some(1)),
        ] {
            let limits = limits(text).unwrap();
            let shown = limits.rate.map(|rate| rate.to_string());
            assert_eq!(shown.as_deref(), rate, "{text}");
            assert_eq!(limits.at_once(), at_once, "{text}");
            assert_eq!(limits.patience.0.as_secs(), 60);
            let written = toml::to_string(&limits).unwrap();
            assert_eq!(toml::from_str::<Limits>(&written).unwrap(), limits);
        }
    }

    #[test]
    fn what_limits_nothing_is_refused() {
        for (text, hint) in [
            ("requests_per_second = 0", "nonzero"),
            ("in_flight = 0", "nonzero"),
            ("rate = \"0/s\"", "like 5/s"),
            ("rate = \"5\"", "like 5/s"),
            ("rate = \"5/day\"", "like 5/s"),
            ("rate = \"5/s\"\nrequests_per_second = 5", "leave one out"),
            ("patience = \"0s\"", "longer than nothing"),
            ("retries = 3", "unknown field"),
        ] {
            let error = limits(text).unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
