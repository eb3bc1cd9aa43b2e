//! Where a request goes: to the letter what was written, or nowhere.

use url::Url;

/// The base URL of a target.
#[derive(Clone, Debug)]
pub struct Base {
    text: String,
    /// What is appended to it stays, so that only what is appended has to be looked at.
    is_exact: bool,
}

impl Base {
    /// The base that a profile gives.
    pub fn new(text: &str) -> Self {
        let probe = format!("{text}/x");
        Self {
            is_exact: Url::parse(&probe).is_ok_and(|url| url.as_str() == probe),
            text: text.to_owned(),
        }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address of a path, if it stays as it is written: parsers resolve dot segments, and the request would go
    /// elsewhere.
    pub fn address(&self, path: &str) -> Result<Address, String> {
        let written = format!("{}{path}", self.text);
        if self.is_exact && path.starts_with('/') && path.bytes().all(is_plain) {
            return Ok(Address::new(written));
        }
        match Url::parse(&written) {
            Ok(url) if url.as_str() != written => {
                Err(format!("{written} can't be sent: it would go to {url}"))
            }
            Ok(url) if url.fragment().is_some() => Err(format!(
                "{written} can't be sent: what follows # never goes over the wire"
            )),
            Ok(url) => Ok(url.into()),
            Err(error) => Err(format!("{written} can't be sent: {error}")),
        }
    }
}

/// No parser changes a path of such bytes.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'~')
}

/// An absolute `http` or `https` URL as any parser would write it.
#[derive(Clone, Debug)]
pub struct Address {
    text: String,
    authority_at: usize,
    path_at: usize,
    path_end: usize,
}

impl From<Url> for Address {
    fn from(url: Url) -> Self {
        Self::new(url.into())
    }
}

impl Address {
    fn new(text: String) -> Self {
        let after = |at: usize, what: &str| text[at..].find(what).map(|found| at + found);
        let authority_at = after(0, "://").map_or(0, |at| at + 3);
        let path_at = after(authority_at, "/").unwrap_or(text.len());
        let path_end = after(path_at, "?").unwrap_or(text.len());
        Self {
            text,
            authority_at,
            path_at,
            path_end,
        }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address one plain segment further down.
    pub fn below(&self, segment: &str) -> Self {
        let (path, rest) = self.text.split_at(self.path_end);
        Self::new(format!("{path}/{segment}{rest}"))
    }

    /// The address with one more plain word in its query.
    pub fn asking_also(&self, word: &str) -> Self {
        let joint = if self.query().is_some() { '&' } else { '?' };
        Self::new(format!("{}{joint}{word}", self.text))
    }

    pub fn scheme(&self) -> &str {
        self.text[..self.authority_at].trim_end_matches("://")
    }

    /// The host, and the port if it is not the default.
    pub fn authority(&self) -> &str {
        &self.text[self.authority_at..self.path_at]
    }

    pub fn path(&self) -> &str {
        &self.text[self.path_at..self.path_end]
    }

    pub fn query(&self) -> Option<&str> {
        self.text.get(self.path_end + 1..)
    }

    /// Path and query.
    pub fn request_target(&self) -> &str {
        &self.text[self.path_at..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_those_of_a_parser() {
        for (base, path) in [
            ("http://127.0.0.1:8080/v1", "/cards/x-1"),
            ("https://example.com", "/foo?param=Value&Pet=dog"),
            ("http://[::1]:8080/v1", "/a.b?"),
            ("https://example.com", "/"),
            ("http://h/v1", "/%00%2F?a/b?c"),
        ] {
            let address = Base::new(base).address(path).unwrap();
            let url = Url::parse(address.as_str()).unwrap();
            assert_eq!(address.as_str(), format!("{base}{path}"));
            assert_eq!(address.scheme(), url.scheme());
            assert_eq!(address.authority(), url.authority());
            assert_eq!(address.path(), url.path());
            assert_eq!(address.query(), url.query());
        }
    }

    #[test]
    fn a_base_that_a_parser_changes_is_not_used() {
        for base in ["http://H/v1", "http://h:80/v1", "http://h/a/../v1"] {
            assert!(Base::new(base).address("/cards").is_err(), "{base}");
        }
        assert!(Base::new("http://h/v1").address("/cards#x").is_err());
    }
}
