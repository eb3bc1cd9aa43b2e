//! A request on its way out, before it belongs to the HTTP client.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::address::{Address, Base};
use super::draft::Draft;
use crate::case::{Encoding, body_bytes};
use crate::profile::Component;
use crate::redact::REDACTED;
use crate::trace;

/// A request as it will be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub method: Method,
    pub url: Address,
    pub headers: HeaderMap,
    pub body: Option<String>,
    /// How the body is written in bytes, if not in plain UTF-8.
    pub encoding: Option<Encoding>,
}

impl Outgoing {
    /// The request that a draft asks for, without anything that proves who sends it.
    pub fn new(base: &Base, draft: &Draft) -> Result<Self, String> {
        let mut request = Self {
            method: draft.method.clone(),
            url: base.address(&draft.path)?,
            headers: HeaderMap::new(),
            body: draft.body.clone(),
            encoding: draft.encoding,
        };
        if draft.body.is_some() {
            let media_type = draft.media_type.as_deref().unwrap_or("application/json");
            request.set("content-type", media_type)?;
        }
        if let Some(key) = &draft.key {
            request.set("idempotency-key", key)?;
        }
        Ok(request)
    }

    /// The body as it goes over the wire.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        body_bytes(self.body.as_deref().unwrap_or_default(), self.encoding)
    }

    /// Sets a header field.
    pub fn set(&mut self, name: &'static str, text: &str) -> Result<(), String> {
        let value = HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
            format!("{name} can't be sent: {text:?} doesn't fit into a header field")
        })?;
        self.headers.insert(HeaderName::from_static(name), value);
        Ok(())
    }

    /// Whether the request has this component.
    pub fn has(&self, component: &Component) -> bool {
        match component {
            Component::Field(name) => self.headers.contains_key(name),
            _ => true,
        }
    }

    /// The value of a component (RFC 9421, sections 2.1 and 2.2).
    pub fn value(&self, component: &Component) -> Cow<'_, [u8]> {
        let text: Cow<'_, str> = match component {
            Component::Method => self.method.as_str().into(),
            Component::TargetUri => self.url.as_str().into(),
            Component::Authority => self.url.authority().into(),
            Component::Scheme => self.url.scheme().into(),
            Component::RequestTarget => self.url.request_target().into(),
            Component::Path => self.url.path().into(),
            Component::Query => format!("?{}", self.url.query().unwrap_or_default()).into(),
            Component::Field(name) => return self.field(name).into(),
        };
        match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        }
    }

    fn field(&self, name: &str) -> Vec<u8> {
        let values: Vec<_> = self
            .headers
            .get_all(name)
            .iter()
            .map(|value| value.as_bytes().trim_ascii())
            .collect();
        values.join(&b", "[..])
    }

    /// The request as the trace keeps it: without credentials.
    pub fn recorded(&self, path: &str) -> trace::Request {
        let text = |value: &HeaderValue| match value.is_sensitive() {
            true => REDACTED.to_owned(),
            false => String::from_utf8_lossy(value.as_bytes()).into_owned(),
        };
        trace::Request {
            method: self.method.as_str().to_owned(),
            path: path.to_owned(),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), text(value)))
                .collect(),
            body: self.body.clone(),
            encoding: self.encoding,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(path: &str) -> Draft {
        Draft {
            method: Method::PATCH,
            path: path.into(),
            body: Some("{}".into()),
            media_type: None,
            encoding: None,
            key: Some("k".into()),
        }
    }

    #[test]
    fn a_credential_is_recorded_as_redacted() {
        let mut request = Outgoing::new(&Base::new("http://h/v1"), &draft("/cards/1")).unwrap();
        let mut token = HeaderValue::from_static("Bearer hunter2");
        token.set_sensitive(true);
        request.headers.insert("authorization", token);
        let recorded = request.recorded("/cards/1");
        assert_eq!(recorded.header("authorization"), Some(REDACTED));
        assert_eq!(recorded.header("idempotency-key"), Some("k"));
        assert_eq!(recorded.header("content-type"), Some("application/json"));
        assert!(!format!("{request:?}").contains("hunter2"));
    }

    #[test]
    fn what_would_go_elsewhere_is_not_sent() {
        for path in ["/cards/..", "/cards/%2e%2E/x", "/cards/a b", "/cards/\n"] {
            assert!(
                Outgoing::new(&Base::new("http://h/v1"), &draft(path)).is_err(),
                "{path}"
            );
        }
        assert!(Outgoing::new(&Base::new("http://h/v1"), &draft("/cards/%00%2F")).is_ok());
    }

    #[test]
    fn what_fits_into_no_header_is_told() {
        let mut draft = draft("/cards");
        draft.key = Some("a\nb".into());
        let words = Outgoing::new(&Base::new("http://h/v1"), &draft).unwrap_err();
        assert!(words.contains("idempotency-key can't be sent"), "{words}");
    }
}
