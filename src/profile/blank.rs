//! The text of a new profile: every key with what it is for. That is said in one place, the documentation of the profile's
//! own types, which the schema carries; here stand only examples.

use serde_json::Value;

use super::Profile;

/// What is known of a target when its profile is written.
#[derive(Clone, Debug, Default)]
pub struct Known {
    values: Vec<(&'static str, String)>,
}

impl Known {
    /// Sets a key (`signing.key_id`) to a value as TOML has it.
    pub fn set(&mut self, key: &'static str, toml: String) {
        self.values.retain(|(known, _)| *known != key);
        self.values.push((key, toml));
    }

    /// Whether it says where fresh accounts come from.
    pub fn has_accounts(&self) -> bool {
        self.values
            .iter()
            .any(|(key, _)| key.starts_with("accounts."))
    }

    fn get(&self, key: &str) -> Option<&str> {
        let mut values = self.values.iter();
        values
            .find(|(known, _)| *known == key)
            .map(|(_, value)| value.as_str())
    }
}

/// A text in TOML.
pub fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Keys in the order in which they are written, each with an example; those of a table stand together. Where the schema
/// says nothing of a key, the words stand here.
const KEYS: &[(&str, &str, &str)] = &[
    ("name", "\"my cards\"", ""),
    ("base_url", "\"http://127.0.0.1:8080/v1\"", ""),
    ("environment", "\"sandbox\"", ""),
    ("spec", "\"cards.openapi.yaml\"", ""),
    ("timeout", "\"5s\"", ""),
    ("connect_timeout", "\"2s\"", ""),
    ("run_id", "true", ""),
    ("cleanup", "true", ""),
    (
        "proxy",
        "\"http://127.0.0.1:3128\"",
        "What stands between: the address of a proxy, or \"environment\" for what HTTP_PROXY and its like say.",
    ),
    (
        "success",
        "\"200-with-card\"",
        "\"204\" or \"200-with-card\":",
    ),
    (
        "credentials.api_key",
        "{ env = \"CARDS_API_KEY\" }",
        "Names the programme. A profile never holds a secret: it says where one is, { env = \"NAME\" } or { file = \"path\" }.",
    ),
    (
        "credentials.api_secret",
        "{ env = \"CARDS_API_SECRET\" }",
        "Proves it.",
    ),
    (
        "credentials.token",
        "{ env = \"CARDS_TOKEN\" }",
        "In place of the two: a bearer token that stays.",
    ),
    ("signing.enabled", "true", ""),
    ("signing.private_key", "{ file = \"key.pem\" }", ""),
    ("signing.key_id", "\"…\"", ""),
    (
        "signing.components",
        "[\"@method\", \"@target-uri\", \"authorization\", \"content-digest\", \"idempotency-key\"]",
        "",
    ),
    (
        "signing.digest",
        "\"sha-256\"",
        "\"sha-256\" or \"sha-512\":",
    ),
    ("signing.longest_age", "\"5m\"", ""),
    ("setup.idempotency_key", "true", ""),
    ("setup.digest", "true", ""),
    (
        "accounts.create",
        "{ path = \"/sandbox/accounts\", id = \"/accountId\" }",
        "A call that makes one, and where its answer has the id (a JSON pointer).",
    ),
    (
        "accounts.list",
        "[\"00000000-0000-4000-8000-000000000000\"]",
        "Or these; cards in them are read first, and never changed.",
    ),
    ("accounts.any", "true", "Or every UUID is an account."),
    (
        "tls.ca",
        "\"ca.pem\"",
        "Certificates, in PEM, that vouch for the target.",
    ),
    (
        "tls.certificate",
        "\"client.pem\"",
        "Who calls, where the target asks for a client certificate; key goes with it.",
    ),
    ("tls.key", "{ file = \"client.key\" }", "Its private key."),
    (
        "tls.server_name",
        "\"cards.internal\"",
        "The name that its certificate must bear, in place of the host of base_url.",
    ),
    (
        "limits.rate",
        "\"10/s\"",
        "Requests a second (s), minute (m) or hour (h).",
    ),
    (
        "limits.in_flight",
        "4",
        "So many requests wait for their answers at a time.",
    ),
    (
        "limits.patience",
        "\"60s\"",
        "How long a target may put requests off (429, or 503 with Retry-After).",
    ),
    ("sandbox.simulator", "true", ""),
    (
        "sandbox.issuance",
        "\"manual\"",
        "\"manual\": only the simulator issues; \"automatic\": by themselves.",
    ),
    ("sandbox.issuance_wait", "\"5s\"", ""),
    (
        "sandbox.issuer",
        "{ suspend = \"PATCH /sandbox/cards/{cardId}/suspend\" }",
        "",
    ),
    (
        "sandbox.clock",
        "{ path = \"/sandbox/clock\", body = { advanceSeconds = \"{seconds}\" } }",
        "",
    ),
    (
        "foreign.account",
        "\"00000000-0000-4000-8000-000000000000\"",
        "",
    ),
    (
        "foreign.card",
        "\"00000000-0000-4000-8000-000000000000\"",
        "",
    ),
    (
        "foreign.subscription",
        "\"00000000-0000-4000-8000-000000000000\"",
        "",
    ),
    (
        "webhooks.listen",
        "\"127.0.0.1:0\"",
        "Where cardproof listens; port 0 takes a free one.",
    ),
    (
        "webhooks.callback_url",
        "\"https://hooks.example/cardproof\"",
        "By which address the target reaches it; absent: the one that it listens on.",
    ),
    ("webhooks.wait", "\"5s\"", "How long an event may take."),
    (
        "headers.x-partner",
        "\"me\"",
        "A header field of each request; a secret one is written as { env = \"NAME\" }.",
    ),
    (
        "readings.over-limit",
        "\"409\"",
        "`cardproof list readings` names them.",
    ),
    (
        "disabled.INPUT-4",
        "\"the sandbox takes any country\"",
        "`cardproof list requirements` names them.",
    ),
];

/// The profile, in which each key that is not known stands as a comment.
pub fn text(known: &Known) -> String {
    let schema = schemars::schema_for!(Profile).to_value();
    let mut text = String::from(HEAD);
    let mut table = "";
    for (key, example, words) in KEYS {
        let (its_table, name) = key.split_once('.').unwrap_or(("", key));
        if its_table != table {
            table = its_table;
            text += "\n";
            text += &comment(description(&schema, &[table]).unwrap_or_default());
            let is_used = known
                .values
                .iter()
                .any(|(key, _)| key.starts_with(&format!("{table}.")));
            text += if is_used { "" } else { "# " };
            text += &format!("[{table}]\n");
        }
        let path: Vec<&str> = key.split('.').collect();
        let said = description(&schema, &path).filter(|_| !words.starts_with(char::is_alphabetic));
        let said = [said.unwrap_or_default(), words].map(str::trim).join(" ");
        text += &comment(said.trim());
        text += &match known.get(key) {
            Some(value) => format!("{name} = {value}\n"),
            None => format!("# {name} = {example}\n"),
        };
    }
    text + &further(&schema)
}

const HEAD: &str = "# The profile of one target: how cardproof reaches it, what it can do. A key that stands as a comment has its default.\n\
# `cardproof doctor` says whether it works, `cardproof run` tests the target.\n\n";

/// Tables and keys that have no example here.
fn further(schema: &Value) -> String {
    let is_known = |name: &str| {
        KEYS.iter()
            .any(|(key, ..)| key.split('.').next() == Some(name))
    };
    let properties = schema["properties"].as_object();
    let names = properties
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str());
    let lines = names.filter(|name| !is_known(name)).map(|name| {
        let words = description(schema, &[name]).unwrap_or_default();
        comment(&format!("{name}: {words}"))
    });
    let lines: String = lines.collect();
    match lines.is_empty() {
        true => lines,
        false => format!("\n# Further keys:\n{lines}"),
    }
}

fn comment(text: &str) -> String {
    const WIDTH: usize = 110;
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.len() + word.len() > WIDTH {
            lines += &format!("#{line}\n");
            line.clear();
        }
        line.push(' ');
        line += word;
    }
    match line.is_empty() {
        true => lines,
        false => lines + &format!("#{line}\n"),
    }
}

/// What the schema says of the key at the end of the path.
fn description<'s>(schema: &'s Value, path: &[&str]) -> Option<&'s str> {
    let mut place = schema;
    for name in path {
        place = resolved(schema, place)["properties"].get(name)?;
    }
    place["description"].as_str()
}

/// The schema that a reference leads to.
fn resolved<'s>(schema: &'s Value, place: &'s Value) -> &'s Value {
    let alternatives = place["anyOf"].as_array().into_iter().flatten();
    let mut references = std::iter::once(place).chain(alternatives);
    let pointer = references.find_map(|place| place["$ref"].as_str()?.strip_prefix('#'));
    pointer
        .and_then(|pointer| schema.pointer(pointer))
        .unwrap_or(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn least() -> Known {
        let mut known = Known::default();
        known.set("name", quoted("x"));
        known.set("base_url", quoted("http://127.0.0.1:1/v1"));
        known.set("accounts.any", "true".to_owned());
        known
    }

    #[test]
    fn each_example_is_taken_by_the_profile() {
        for (key, example, _) in KEYS {
            let mut known = least();
            if key.starts_with("accounts.") {
                known = Known::default();
                known.set("name", quoted("x"));
                known.set("base_url", quoted("http://127.0.0.1:1/v1"));
            }
            let pairs = [
                ["credentials.api_key", "credentials.api_secret"],
                ["tls.certificate", "tls.key"],
            ];
            for partner in pairs.iter().filter(|pair| pair.contains(key)).flatten() {
                let (_, example, _) = KEYS.iter().find(|(key, ..)| key == partner).unwrap();
                known.set(partner, (*example).to_owned());
            }
            known.set(key, (*example).to_owned());
            let text = text(&known);
            if let Err(error) = Profile::parse("x.toml", &text) {
                panic!("{key}: {error}\n{text}");
            }
        }
    }

    #[test]
    fn each_key_is_told_what_it_is_for() {
        let text = text(&least());
        let lines: Vec<&str> = text.lines().collect();
        for (key, ..) in KEYS {
            let name = key.rsplit('.').next().unwrap();
            let is_it = |line: &&&str| {
                line.trim_start_matches("# ")
                    .starts_with(&format!("{name} = "))
            };
            let at = lines.iter().position(|line| is_it(&line)).unwrap();
            assert!(
                lines[at - 1].starts_with("# "),
                "{key} is not told:\n{text}"
            );
        }
    }

    #[test]
    fn a_value_stands_as_toml_writes_it() {
        let mut known = least();
        known.set("name", quoted("a \"b\"\n"));
        let profile = Profile::parse("x.toml", &text(&known)).unwrap();
        assert_eq!(profile.name, "a \"b\"\n");
    }
}
