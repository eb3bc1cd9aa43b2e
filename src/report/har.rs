//! What went over the wire as a HAR 1.2 file, for the tools that show such files, and for `cardproof judge`.
//!
//! It is drawn from what is recorded already, so it holds no secret that the recording does not hold.

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Report, words};
use crate::trace::{Exchange, Headers, Micros, Reply, RunId};
use crate::visible_json;

/// The traffic of the findings, each a page of its own.
pub fn of_findings(report: &Report) -> Vec<u8> {
    let mut file = Vec::new();
    let began = began(report.run, report.started_at.as_deref());
    let written = Har::begin(&mut file, &report.target.base_url, began).and_then(|mut har| {
        for finding in &report.findings {
            har.page(&finding.id, &finding.rule, &finding.exchanges)?;
        }
        har.end()
    });
    debug_assert!(written.is_ok(), "writing to memory succeeds");
    file
}

/// When a run began: its id knows, or its report; else the beginning of time.
pub fn began(run: Option<RunId>, started_at: Option<&str>) -> Timestamp {
    run.and_then(RunId::began)
        .or_else(|| started_at?.parse().ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A file that is being written, page by page.
pub struct Har<'a, W> {
    out: W,
    base_url: &'a str,
    began: Timestamp,
    pages: Vec<Value>,
    entries: usize,
}

impl<'a, W: Write> Har<'a, W> {
    /// Begins a file.
    ///
    /// # Errors
    /// When it can't be written to.
    pub fn begin(mut out: W, base_url: &'a str, began: Timestamp) -> io::Result<Self> {
        let creator = json!({ "name": "cardproof", "version": env!("CARGO_PKG_VERSION") });
        write!(
            out,
            "{{\"log\":{{\"version\":\"1.2\",\"creator\":{creator},\"entries\":["
        )?;
        Ok(Self {
            out,
            base_url: base_url.trim_end_matches('/'),
            began,
            pages: Vec::new(),
            entries: 0,
        })
    }

    /// Adds exchanges that belong together.
    ///
    /// # Errors
    /// When the file can't be written to.
    pub fn page(&mut self, id: &str, title: &str, exchanges: &[Exchange]) -> io::Result<()> {
        let Some(first) = exchanges.first() else {
            return Ok(());
        };
        self.pages.push(json!({
            "startedDateTime": self.time(first.sent_at),
            "id": id,
            "title": title,
            "pageTimings": {},
        }));
        for exchange in exchanges {
            let entry = visible_json::compact(&self.entry(id, exchange))?;
            let comma = if self.entries == 0 { "" } else { "," };
            writeln!(self.out, "{comma}")?;
            self.out.write_all(&entry)?;
            self.entries += 1;
        }
        Ok(())
    }

    /// Ends it.
    ///
    /// # Errors
    /// When the file can't be written to.
    pub fn end(mut self) -> io::Result<()> {
        let pages = visible_json::compact(&self.pages)?;
        write!(self.out, "\n],\"pages\":")?;
        self.out.write_all(&pages)?;
        writeln!(self.out, "}}}}")?;
        self.out.flush()
    }

    fn time(&self, at: Micros) -> String {
        let after = SignedDuration::from_micros(i64::try_from(at.0).unwrap_or(i64::MAX));
        let at = self.began.checked_add(after).unwrap_or(self.began);
        format!("{at:.6}")
    }

    fn entry(&self, page: &str, exchange: &Exchange) -> Value {
        let took = exchange.received_at.0.saturating_sub(exchange.sent_at.0) as f64 / 1000.0;
        json!({
            "pageref": page,
            "startedDateTime": self.time(exchange.sent_at),
            "time": took,
            "request": self.request(exchange),
            "response": response(&exchange.reply),
            "cache": {},
            "timings": { "send": 0, "wait": took, "receive": 0 },
            "comment": format!("step {}", exchange.step.0),
        })
    }

    fn request(&self, exchange: &Exchange) -> Value {
        let sent = &exchange.request;
        let query = sent.path.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let mut request = json!({
            "method": sent.method,
            "url": format!("{}{}", self.base_url, sent.path),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": headers(&sent.headers),
            "queryString": pairs.map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>(),
            "headersSize": -1,
            "bodySize": sent.bytes().len(),
        });
        if let Some(body) = &sent.body {
            let media_type = sent.header("content-type").unwrap_or_default();
            request["postData"] = json!({ "mimeType": media_type, "text": body });
            if let Some(encoding) = sent.encoding {
                request["postData"]["comment"] = json!(format!("the text was sent {encoding}"));
            }
        }
        request
    }
}

fn response(reply: &Reply) -> Value {
    let (status, fields, content, comment) = match reply {
        Reply::Got(response) => {
            let media_type = response.header("content-type").unwrap_or_default();
            let body = &response.body;
            let mut content = json!({ "size": body.len(), "mimeType": media_type, "text": body });
            if let Some(elements) = response.excerpt_of {
                content["_excerptOf"] = elements.into();
            }
            (response.status, headers(&response.headers), content, None)
        }
        Reply::Lost(_) | Reply::LetGo(_) => {
            let content = json!({ "size": 0, "mimeType": "x-unknown" });
            (0, json!([]), content, Some(words::reply(reply)))
        }
    };
    let mut response = json!({
        "status": status,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": fields,
        "content": content,
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1,
    });
    if let Some(comment) = comment {
        response["comment"] = json!(comment);
    }
    response
}

fn headers(fields: &Headers) -> Value {
    let field = |(name, value): &(String, String)| json!({ "name": name, "value": value });
    fields.iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{exchange, report, revival};

    #[test]
    fn each_finding_is_a_page_and_each_of_its_exchanges_an_entry() {
        let har: Value = serde_json::from_slice(&of_findings(&report(vec![revival()]))).unwrap();
        let log = &har["log"];
        assert_eq!(log["pages"][0]["id"], "LIFE-4");
        let entries = log["entries"].as_array().unwrap();
        assert_eq!(entries.len(), 5);
        let last = &entries[4];
        assert_eq!(last["startedDateTime"], "2026-03-02T10:00:00.005000Z");
        assert_eq!(last["request"]["url"], "http://127.0.0.1:4711/v1/cards");
        assert_eq!(last["time"], 0.4);
        assert_eq!(last["pageref"], "LIFE-4");
    }

    #[test]
    fn a_lost_answer_has_no_status() {
        let lost = Reply::Lost("reset".to_owned());
        let shown = response(&lost);
        assert_eq!(
            (&shown["status"], &shown["comment"]),
            (&json!(0), &json!("no answer: reset"))
        );
    }

    #[test]
    fn a_file_without_traffic_is_one_all_the_same() {
        let har: Value = serde_json::from_slice(&of_findings(&report(vec![]))).unwrap();
        assert_eq!(har["log"]["entries"], json!([]));
        let mut asked = exchange(1, "GET", 200, "[]");
        asked.request.path = "/cards?a=1&b".to_owned();
        let mut file = Vec::new();
        let mut har = Har::begin(&mut file, "http://h/v1/", Timestamp::UNIX_EPOCH).unwrap();
        har.page("x", "", &[asked]).unwrap();
        har.end().unwrap();
        let har: Value = serde_json::from_slice(&file).unwrap();
        let request = &har["log"]["entries"][0]["request"];
        assert_eq!(request["url"], "http://h/v1/cards?a=1&b");
        assert_eq!(
            request["queryString"][1],
            json!({ "name": "b", "value": "" })
        );
    }
}
