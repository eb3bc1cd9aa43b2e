//! A recorded request as a `curl` line for a shell. Credentials are not in a recording, so variables stand for them; and a
//! signature is good for one request at one time, so such a line shows what was sent more than it can be sent again.

use super::words::for_shell;
use crate::redact::REDACTED;
use crate::trace::Request;

/// The line; `$TOKEN` stands for the bearer token, `$REDACTED` for other secrets.
pub fn line(base_url: &str, request: &Request) -> String {
    let mut parts = vec![format!(
        "curl --include --request {} {}",
        for_shell(&request.method),
        for_shell(&format!(
            "{}{}",
            base_url.trim_end_matches('/'),
            request.path
        ))
    )];
    let headers = request.headers.iter();
    parts.extend(headers.map(|(name, value)| format!("--header {}", header(name, value))));
    match (&request.body, request.encoding) {
        (Some(body), None) => parts.push(format!("--data-raw {}", for_shell(body))),
        (Some(_), Some(_)) => {
            parts[0].insert_str(0, &format!("printf %b {} | ", octal(&request.bytes())));
            parts.push("--data-binary @-".to_owned());
        }
        (None, _) => {}
    }
    parts.join(" \\\n  ")
}

/// Bytes that are no text, as the shell's `printf %b` writes them.
fn octal(bytes: &[u8]) -> String {
    let mut written = String::new();
    for byte in bytes {
        match byte {
            b'\'' | b'\\' | ..=0x1f | 0x7f.. => written.push_str(&format!("\\0{byte:03o}")),
            plain => written.push(char::from(*plain)),
        }
    }
    format!("'{written}'")
}

fn header(name: &str, value: &str) -> String {
    match value {
        REDACTED if name == "authorization" => r#""authorization: Bearer $TOKEN""#.to_owned(),
        REDACTED => format!(r#"{}"$REDACTED""#, for_shell(&format!("{name}: "))),
        value => for_shell(&format!("{name}: {value}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_request_ends_its_quotes() {
        let request = Request {
            encoding: None,
            method: "POST".to_owned(),
            path: "/cards/$(reboot)'".to_owned(),
            headers: vec![
                ("authorization".to_owned(), REDACTED.to_owned()),
                ("x-key".to_owned(), REDACTED.to_owned()),
                ("idempotency-key".to_owned(), "`id`".to_owned()),
            ],
            body: Some("{\"name\":\"O'Neil\"}".to_owned()),
        };
        let expected = [
            r"curl --include --request POST 'http://h/v1/cards/$(reboot)'\''' \",
            r#"  --header "authorization: Bearer $TOKEN" \"#,
            r#"  --header 'x-key: '"$REDACTED" \"#,
            r"  --header 'idempotency-key: `id`' \",
            r#"  --data-raw '{"name":"O'\''Neil"}'"#,
        ];
        assert_eq!(line("http://h/v1/", &request), expected.join("\n"));
    }
}
