//! HTTP Message Signatures (RFC 9421). What is covered, in which order, with which parameters, is data, so that a
//! flawed signature is made by the same code as a good one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};
use sfv::{KeyRef, ListSerializer, RefBareItem, StringRef};

use super::key::SigningKey;
use crate::drive::outgoing::Outgoing;
use crate::profile::Component;

/// The only algorithm that the contract knows.
pub const ALGORITHM: &str = "ecdsa-p384-sha384";

const LABEL: &str = "sig1";

/// What a signature says about itself.
#[derive(Clone, Debug)]
pub struct SignatureInput {
    /// What it covers, in this order.
    pub components: Vec<Component>,
    /// Its parameters, in this order.
    pub parameters: Vec<(&'static str, Parameter)>,
}

/// The value of a parameter.
#[derive(Clone, Debug)]
pub enum Parameter {
    /// `created=1618884473`.
    Integer(i64),
    /// `keyid="…"`.
    Text(String),
}

impl SignatureInput {
    /// What an ordinary request's signature says: of the components, those that the request has.
    pub fn new(components: &[Component], request: &Outgoing, created: i64, key_id: &str) -> Self {
        Self {
            components: components
                .iter()
                .filter(|component| request.has(component))
                .cloned()
                .collect(),
            parameters: vec![
                ("created", Parameter::Integer(created)),
                ("keyid", Parameter::Text(key_id.to_owned())),
                ("alg", Parameter::Text(ALGORITHM.to_owned())),
            ],
        }
    }

    /// Sets the text of a parameter.
    pub fn set(&mut self, name: &str, text: String) {
        for (_, value) in self.parameters.iter_mut().filter(|(n, _)| *n == name) {
            *value = Parameter::Text(text.clone());
        }
    }

    /// The text of a parameter.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        let mut named = self.parameters.iter().filter(|(n, _)| *n == name);
        named.find_map(|(_, value)| match value {
            Parameter::Text(text) => Some(text.as_str()),
            Parameter::Integer(_) => None,
        })
    }

    /// Moves the time at which it says to be made.
    pub fn move_created(&mut self, seconds: i64) {
        for (name, value) in &mut self.parameters {
            if let ("created", Parameter::Integer(created)) = (*name, value) {
                *created = created.saturating_add(seconds);
            }
        }
    }

    /// The components and parameters as an inner list (RFC 9421, section 2.3).
    pub fn text(&self) -> Result<String, sfv::Error> {
        let mut list = ListSerializer::new();
        let mut inner = list.inner_list();
        for component in &self.components {
            inner.bare_item(StringRef::from_str(component.name())?);
        }
        let mut parameters = inner.finish();
        for (name, value) in &self.parameters {
            let value: RefBareItem<'_> = match value {
                Parameter::Integer(number) => sfv::Integer::try_from(*number)?.into(),
                Parameter::Text(text) => StringRef::from_str(text)?.into(),
            };
            parameters = parameters.parameter(KeyRef::from_str(name)?, value);
        }
        let _: &mut String = parameters.finish();
        Ok(list.finish().unwrap_or_default())
    }

    /// The signature base (RFC 9421, section 2.5), with `text` from [`SignatureInput::text`].
    pub fn base(&self, text: &str, request: &Outgoing) -> Vec<u8> {
        let mut base = Vec::with_capacity(1 << 10);
        for component in &self.components {
            for part in [b"\"", component.name().as_bytes(), b"\": "] {
                base.extend_from_slice(part);
            }
            base.extend_from_slice(&request.value(component));
            base.push(b'\n');
        }
        base.extend_from_slice(b"\"@signature-params\": ");
        base.extend_from_slice(text.as_bytes());
        base
    }
}

/// Puts `Signature-Input` and `Signature` into the request.
pub fn sign(
    request: &mut Outgoing,
    input: &SignatureInput,
    key: &SigningKey,
) -> Result<(), String> {
    let text = input.text().map_err(|e| {
        format!("the signature's parameters can't be written ({e}); are key id and components plain ASCII?")
    })?;
    let signature = key.sign(&input.base(&text, request))?;
    insert(request, "signature-input", &format!("{LABEL}={text}"))?;
    set_signature(request, &signature)
}

/// Puts these bytes in as the signature.
pub fn set_signature(request: &mut Outgoing, signature: &[u8]) -> Result<(), String> {
    set_signatures(request, &[(LABEL, signature)])
}

/// Puts signatures in under labels, all with what [`sign`] put in as their input.
pub fn set_signatures(request: &mut Outgoing, signatures: &[(&str, &[u8])]) -> Result<(), String> {
    let input = input_text(request).ok_or("there is no signature")?;
    let dictionary = |texts: Vec<String>| texts.join(", ");
    let inputs = signatures
        .iter()
        .map(|(label, _)| format!("{label}={input}"));
    let signatures = signatures
        .iter()
        .map(|(label, bytes)| format!("{label}={}", bytes_text(bytes)));
    let (inputs, signatures) = (
        dictionary(inputs.collect()),
        dictionary(signatures.collect()),
    );
    insert(request, "signature-input", &inputs)?;
    insert(request, "signature", &signatures)
}

/// Puts one more parameter behind those of the signature that [`sign`] put in, which does not know it.
pub fn add_parameter(request: &mut Outgoing, parameter: &str) -> Result<(), String> {
    let input = input_text(request).ok_or("there is no signature")?;
    let text = format!("{LABEL}={input};{parameter}");
    insert(request, "signature-input", &text)
}

/// A byte sequence as a structured field has it (RFC 8941, section 4.1.8).
pub fn bytes_text(bytes: &[u8]) -> String {
    format!(":{}:", STANDARD.encode(bytes))
}

/// The inner list that [`sign`] put in.
fn input_text(request: &Outgoing) -> Option<String> {
    let text = request.headers.get("signature-input")?.to_str().ok()?;
    Some(text.strip_prefix(LABEL)?.strip_prefix('=')?.to_owned())
}

/// What the signature that [`sign`] put in covers.
pub fn components_signed(request: &Outgoing) -> Option<Vec<Component>> {
    let text = input_text(request)?;
    let (list, _) = text.strip_prefix('(')?.split_once(')')?;
    let names = list.split_whitespace().map(|name| name.trim_matches('"'));
    names.map(|name| name.parse().ok()).collect()
}

/// The signature base that [`sign`] signed, with `Signature-Input`'s own text.
pub fn base_signed(request: &Outgoing) -> Option<Vec<u8>> {
    let input = SignatureInput {
        components: components_signed(request)?,
        parameters: Vec::new(),
    };
    Some(input.base(&input_text(request)?, request))
}

/// The bytes of the signature that [`sign`] put in.
pub fn signature_bytes(request: &Outgoing) -> Option<Vec<u8>> {
    let text = request.headers.get("signature")?.to_str().ok()?;
    let encoded = text
        .strip_prefix(LABEL)?
        .strip_prefix("=:")?
        .strip_suffix(':')?;
    STANDARD.decode(encoded).ok()
}

fn insert(request: &mut Outgoing, name: &'static str, text: &str) -> Result<(), String> {
    let value = HeaderValue::from_str(text).map_err(|e| format!("{name} can't be written: {e}"))?;
    request.headers.insert(HeaderName::from_static(name), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::address::Base;
    use crate::drive::auth::key::tests::verifies;

    /// The request of RFC 9421, appendix B.2.
    fn request() -> Outgoing {
        let mut request = Outgoing {
            encoding: None,
            method: http::Method::POST,
            url: Base::new("https://example.com")
                .address("/foo?param=Value&Pet=dog")
                .unwrap(),
            headers: http::HeaderMap::new(),
            body: Some("{\"hello\": \"world\"}".into()),
        };
        for (name, value) in [
            ("host", "example.com"),
            ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            ("content-type", "application/json"),
            (
                "content-digest",
                "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
            ),
            ("content-length", "18"),
        ] {
            request
                .headers
                .insert(name, HeaderValue::from_static(value));
        }
        request
    }

    fn input(components: &str, key_id: &str) -> SignatureInput {
        SignatureInput {
            components: components
                .split_whitespace()
                .map(|name| name.parse().unwrap())
                .collect(),
            parameters: vec![
                ("created", Parameter::Integer(1_618_884_473)),
                ("keyid", Parameter::Text(key_id.into())),
            ],
        }
    }

    const DIGEST_LINE: &str = "\"content-digest\": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";

    fn check_base(components: &str, key_id: &str, lines: &[&str]) {
        let input = input(components, key_id);
        let base = input.base(&input.text().unwrap(), &request());
        assert_eq!(String::from_utf8(base).unwrap(), lines.join("\n"));
    }

    /// Sections 2.5, B.2.1, B.2.3, B.2.5 and B.2.6.
    #[test]
    fn a_base_is_as_the_rfc_prints_it() {
        check_base(
            "@method @authority @path content-digest content-length content-type",
            "test-key-rsa-pss",
            &[
                "\"@method\": POST",
                "\"@authority\": example.com",
                "\"@path\": /foo",
                DIGEST_LINE,
                "\"content-length\": 18",
                "\"content-type\": application/json",
                "\"@signature-params\": (\"@method\" \"@authority\" \"@path\" \"content-digest\" \"content-length\" \"content-type\");created=1618884473;keyid=\"test-key-rsa-pss\"",
            ],
        );
        check_base(
            "",
            "test-key-rsa-pss",
            &["\"@signature-params\": ();created=1618884473;keyid=\"test-key-rsa-pss\""],
        );
        check_base(
            "date @method @path @query @authority content-type content-digest content-length",
            "test-key-rsa-pss",
            &[
                "\"date\": Tue, 20 Apr 2021 02:07:55 GMT",
                "\"@method\": POST",
                "\"@path\": /foo",
                "\"@query\": ?param=Value&Pet=dog",
                "\"@authority\": example.com",
                "\"content-type\": application/json",
                DIGEST_LINE,
                "\"content-length\": 18",
                "\"@signature-params\": (\"date\" \"@method\" \"@path\" \"@query\" \"@authority\" \"content-type\" \"content-digest\" \"content-length\");created=1618884473;keyid=\"test-key-rsa-pss\"",
            ],
        );
        check_base(
            "date @authority content-type",
            "test-shared-secret",
            &[
                "\"date\": Tue, 20 Apr 2021 02:07:55 GMT",
                "\"@authority\": example.com",
                "\"content-type\": application/json",
                "\"@signature-params\": (\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\"",
            ],
        );
        check_base(
            "date @method @path @authority content-type content-length",
            "test-key-ed25519",
            &[
                "\"date\": Tue, 20 Apr 2021 02:07:55 GMT",
                "\"@method\": POST",
                "\"@path\": /foo",
                "\"@authority\": example.com",
                "\"content-type\": application/json",
                "\"content-length\": 18",
                "\"@signature-params\": (\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\");created=1618884473;keyid=\"test-key-ed25519\"",
            ],
        );
    }

    /// Section 2.2, each subsection.
    #[test]
    fn each_derived_component_is_as_the_rfc_says() {
        for (url, name, value) in [
            (
                "https://www.example.com/path?param=value",
                "@method",
                "POST",
            ),
            (
                "https://www.example.com/path?param=value",
                "@target-uri",
                "https://www.example.com/path?param=value",
            ),
            (
                "https://WWW.Example.com:443/path",
                "@authority",
                "www.example.com",
            ),
            (
                "http://127.0.0.1:8080/v1/cards",
                "@authority",
                "127.0.0.1:8080",
            ),
            ("http://www.example.com/path", "@scheme", "http"),
            (
                "https://www.example.com/path?param=value",
                "@request-target",
                "/path?param=value",
            ),
            ("https://www.example.com", "@path", "/"),
            (
                "https://www.example.com/path?queryString",
                "@query",
                "?queryString",
            ),
            ("https://www.example.com/path", "@query", "?"),
        ] {
            let request = Outgoing {
                url: url.parse::<url::Url>().unwrap().into(),
                ..request()
            };
            let component: Component = name.parse().unwrap();
            assert_eq!(
                request.value(&component),
                value.as_bytes(),
                "{name} of {url}"
            );
        }
    }

    #[test]
    fn a_field_sent_twice_counts_as_one_and_is_trimmed() {
        let mut request = request();
        for value in ["  a ", "b"] {
            request
                .headers
                .append("x-field", HeaderValue::from_static(value));
        }
        let component: Component = "x-field".parse().unwrap();
        assert_eq!(request.value(&component).as_ref(), b"a, b");
    }

    #[test]
    fn what_is_signed_verifies() {
        let key = SigningKey::generate().unwrap();
        let mut request = request();
        let components = [
            "@method",
            "@target-uri",
            "content-digest",
            "idempotency-key",
        ]
        .map(|name| name.parse().unwrap());
        let input = SignatureInput::new(&components, &request, 7, "k\"1");
        assert_eq!(
            input.components.len(),
            3,
            "no key is sent, so none is covered"
        );
        sign(&mut request, &input, &key).unwrap();
        assert_eq!(
            request.headers["signature-input"],
            "sig1=(\"@method\" \"@target-uri\" \"content-digest\");created=7;keyid=\"k\\\"1\";alg=\"ecdsa-p384-sha384\""
        );
        let base = input.base(&input.text().unwrap(), &request);
        assert!(verifies(&key, &base, &signature_bytes(&request).unwrap()));
    }

    #[test]
    fn a_key_id_that_no_field_can_hold_is_told() {
        let key = SigningKey::generate().unwrap();
        let mut request = request();
        let input = SignatureInput::new(&[], &request, 7, "clé");
        assert!(sign(&mut request, &input, &key).is_err());
    }
}
