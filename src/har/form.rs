//! The HAR file as it stands there, as far as it is read (HAR 1.2, <http://www.softwareishard.com/blog/har-12-spec/>).
//!
//! Tools differ in what they leave out, write as null or write as a number, so everything may be missing but what a
//! request can't do without: when, how and where.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use super::HarError;

#[derive(Deserialize)]
struct File {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

/// A request and its answer.
#[derive(Debug, Deserialize)]
pub struct Entry {
    #[serde(rename = "startedDateTime")]
    pub started: Started,
    /// How long it took, in milliseconds. Negative or missing: nobody knows.
    #[serde(default)]
    pub time: Option<f64>,
    /// The parts of that.
    #[serde(default)]
    timings: Value,
    pub request: Request,
    #[serde(default)]
    pub response: Option<Response>,
    /// Which connection it went over: a number or a text, if anything.
    #[serde(default)]
    connection: Value,
    #[serde(default)]
    cache: Value,
    /// Chrome: `memory`, `disk`, …
    #[serde(default, rename = "_fromCache")]
    from_cache: Value,
    #[serde(default, rename = "_resourceType")]
    resource_type: Value,
}

/// What was asked.
#[derive(Debug, Deserialize)]
pub struct Request {
    pub method: String,
    pub url: String,
    #[serde(default, rename = "httpVersion")]
    pub version: Option<String>,
    #[serde(default)]
    pub headers: Option<Vec<Header>>,
    #[serde(default, rename = "postData")]
    pub body: Option<Body>,
}

/// What was answered.
#[derive(Debug, Deserialize)]
pub struct Response {
    /// 0: nothing came.
    #[serde(default)]
    pub status: Option<i64>,
    #[serde(default)]
    pub headers: Option<Vec<Header>>,
    #[serde(default)]
    pub content: Option<Body>,
}

/// A header field.
#[derive(Debug, Deserialize)]
pub struct Header {
    #[serde(default)]
    pub name: String,
    #[serde(default, deserialize_with = "text")]
    pub value: String,
}

/// A body, of either kind.
#[derive(Debug, Deserialize)]
pub struct Body {
    #[serde(default, rename = "mimeType")]
    pub media_type: Option<String>,
    #[serde(default)]
    pub text: Option<String>,
    /// `base64`, or nothing.
    #[serde(default)]
    pub encoding: Option<String>,
    /// Of a list that our own reports show a part of: how many elements it had.
    #[serde(default, rename = "_excerptOf")]
    pub excerpt_of: Option<usize>,
}

/// When a request was sent, and how finely that is told.
#[derive(Clone, Copy, Debug)]
pub struct Started {
    pub at: Timestamp,
    /// The unit of the last digit, in microseconds.
    pub unit_us: u64,
}

impl<'de> Deserialize<'de> for Started {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let without_zone = || text.parse::<jiff::civil::DateTime>().ok();
        let in_utc = || without_zone()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
        let at = text
            .parse::<Timestamp>()
            .ok()
            .or_else(|| Some(in_utc()?.timestamp()))
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no time as in ISO 8601")))?;
        let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
        let digits = fraction
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count()
            .min(6);
        Ok(Self {
            at,
            unit_us: 10_u64.pow(6 - u32::try_from(digits).unwrap_or(6)),
        })
    }
}

impl Entry {
    /// How long it took, in microseconds, if that is told.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is looked at whether it fits"
    )]
    pub fn duration_us(&self) -> Option<u64> {
        let parts = self.timings.as_object().into_iter().flatten();
        // TLS is a part of the connecting.
        let parts = parts.filter(|(name, _)| *name != "ssl" && !name.starts_with('_'));
        let sum: f64 = parts
            .filter_map(|(_, part)| part.as_f64())
            .filter(|part| *part > 0.0)
            .sum();
        let longest = self.time.unwrap_or(0.0).max(sum);
        let microseconds = (longest * 1000.0).ceil();
        (microseconds > 0.0 && microseconds < 1e15).then_some(microseconds as u64)
    }

    /// Its connection, if that carries one request at a time and is told. Firefox puts the target's port there, which tells
    /// nothing.
    pub fn connection(&self) -> Option<String> {
        let url = url::Url::parse(&self.request.url).ok()?;
        let port = url.port_or_known_default().map(|port| port.to_string());
        let version = self.request.version.as_deref().unwrap_or_default();
        let is_in_turn = version.to_ascii_lowercase().starts_with("http/1");
        let name = match &self.connection {
            Value::String(name) => name.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let is_one = !name.is_empty() && name != "0" && Some(&name) != port.as_ref();
        (is_in_turn && is_one).then_some(name)
    }

    /// The target had no part in it: it was answered from a cache, or the browser asked for leave.
    pub fn is_browsers_own(&self) -> bool {
        let is_in_cache = |when: &str| self.cache.get(when).is_some_and(Value::is_object);
        let is_read = self.request.method == "GET";
        let is_cached = !self.from_cache.is_null() && self.from_cache != false
            || is_read && (is_in_cache("beforeRequest") || is_in_cache("afterRequest"))
            || self.status() == 304;
        let is_preflight = self.request.method.eq_ignore_ascii_case("OPTIONS")
            || self.resource_type == "preflight";
        is_cached || is_preflight
    }

    /// The answer says that it is JSON.
    pub fn is_json(&self) -> bool {
        let response = self.response.as_ref();
        let told = response.and_then(|response| response.content.as_ref()?.media_type.as_ref());
        told.is_some_and(|told| told.contains("json"))
    }

    /// The status code; 0 if nothing came.
    pub fn status(&self) -> u16 {
        let status = self.response.as_ref().and_then(|response| response.status);
        status
            .and_then(|status| u16::try_from(status).ok())
            .unwrap_or(0)
    }
}

/// A text; whatever else stands there, as JSON.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    })
}

/// The entries of a HAR file.
pub fn entries(file: &str, bytes: &[u8]) -> Result<Vec<Entry>, HarError> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read: Result<File, _> = serde_path_to_error::deserialize(&mut deserializer);
    let (error, place) = match read {
        Ok(read) => match deserializer.end() {
            Ok(()) => return Ok(read.log.entries),
            Err(error) => (error, String::new()),
        },
        Err(error) => {
            let place = error.path().to_string();
            (error.into_inner(), place)
        }
    };
    let what = error.to_string();
    let what = what.split(" at line ").next().unwrap_or_default();
    let place = match place.as_str() {
        "" | "." => String::new(),
        place => format!(" at {place}"),
    };
    let advice = match error.is_eof() {
        true => "the file is cut off: record or export it again",
        false => "is it an export as HAR 1.2?",
    };
    Err(HarError::Malformed {
        file: file.to_owned(),
        line: error.line().max(1),
        column: error.column().max(1),
        problem: format!("this is no HAR file{place}: {what}; {advice}"),
    })
}
