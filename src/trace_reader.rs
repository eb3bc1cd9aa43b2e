//! Reads trace files back, a case at a time, in memory bounded by the cases that overlap.
//!
//! A run that was killed leaves a trace whose last line may be cut and whose last cases have no end. They are given out
//! last, as incomplete, with an obstacle that says so; where the run was resumed, those that were open then are given out
//! there, as incomplete, without one. Anything else that doesn't fit is an error with its place.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde_json::Value;

use crate::trace::{CaseNumber, CaseTrace, Header, Obstacle, Record, TRACE_VERSION};

/// The longest line that is read: the longest body that the driver keeps, with room for its escapes.
const LINE_BYTES_MAX: u64 = 128 << 20;

/// A trace that can't be read: where, what stands there, what to do.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file can't be read.
    #[error("can't read the trace {file}: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// A line isn't what it should be.
    #[error("{file}:{line}:{column}: {problem}")]
    Corrupt {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
        /// What is wrong, and what to do.
        problem: String,
    },
}

/// A trace being read: its header, then, as an iterator, each case as it ends.
pub struct TraceReader<R> {
    lines: Lines<R>,
    header: Header,
    open: BTreeMap<CaseNumber, CaseTrace>,
    /// Cases that were open when the run was resumed.
    superseded: VecDeque<CaseTrace>,
    is_over: bool,
    cut: Option<String>,
    failed: bool,
}

impl TraceReader<BufReader<File>> {
    /// Opens a trace file and reads its header.
    ///
    /// # Errors
    /// The file can't be read, or is no trace of a known version.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => Self::new(name, BufReader::new(file)),
            Err(source) => Err(ReadError::Unreadable { file: name, source }),
        }
    }
}

impl<R: BufRead> TraceReader<R> {
    /// Reads the header of a trace; `file` is what errors call it.
    ///
    /// # Errors
    /// There is none, or it is of an unknown version.
    pub fn new(file: String, input: R) -> Result<Self, ReadError> {
        let mut lines = Lines {
            file,
            input,
            number: 0,
            bytes: 0,
            whole_bytes: 0,
        };
        let header = lines.header()?;
        Ok(Self {
            lines,
            header,
            open: BTreeMap::new(),
            superseded: VecDeque::new(),
            is_over: false,
            cut: None,
            failed: false,
        })
    }

    /// What stands at the top of the trace.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The plan was carried out, so that nothing is missing at the end. Known when all cases are read.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Where the last line ends that is no fragment. Known when all cases are read.
    pub fn whole_bytes(&self) -> u64 {
        self.lines.whole_bytes
    }

    /// The next case that ends, then those that never do.
    fn next_case(&mut self) -> Result<Option<CaseTrace>, ReadError> {
        if let Some(case) = self.superseded.pop_front() {
            return Ok(Some(case));
        }
        while let Some(line) = self.lines.next_line()? {
            match serde_json::from_slice(&line.bytes) {
                Ok(record) => {
                    self.lines.whole_bytes = self.lines.bytes;
                    if let Some(case) = self.take_in(record)? {
                        return Ok(Some(case));
                    }
                }
                Err(_) if !line.is_whole => {
                    self.cut = Some(format!(
                        "line {} of the trace is cut off",
                        self.lines.number
                    ));
                }
                Err(error) => return Err(self.lines.not_a_record(&error)),
            }
        }
        Ok(self
            .open
            .pop_first()
            .map(|(_, case)| self.without_end(case)))
    }

    fn take_in(&mut self, record: Record) -> Result<Option<CaseTrace>, ReadError> {
        match record {
            Record::Header(_) => Err(self.lines.corrupt(1, "a second header")),
            Record::Begin {
                number,
                case,
                accounts,
                pasts,
            } => {
                let trace = CaseTrace {
                    number,
                    case,
                    accounts,
                    pasts,
                    exchanges: Vec::new(),
                    events: Vec::new(),
                    obstacles: Vec::new(),
                    not_run: None,
                    complete: false,
                };
                match self.open.insert(number, trace) {
                    None => Ok(None),
                    Some(_) => Err(self
                        .lines
                        .corrupt(1, &format!("case {number} begins twice"))),
                }
            }
            Record::Exchange { number, exchange } => match self.open.get_mut(&number) {
                Some(case) => {
                    case.exchanges.push(exchange);
                    Ok(None)
                }
                None => Err(self.not_open(number)),
            },
            Record::Event { number, event } => match self.open.get_mut(&number) {
                Some(case) => {
                    case.events.push(event);
                    Ok(None)
                }
                None => Err(self.not_open(number)),
            },
            Record::End {
                number,
                obstacles,
                not_run,
            } => match self.open.remove(&number) {
                Some(mut case) => {
                    case.exchanges.sort_by_key(|exchange| exchange.sent_at);
                    case.obstacles = obstacles;
                    case.not_run = not_run;
                    case.complete = true;
                    Ok(Some(case))
                }
                None => Err(self.not_open(number)),
            },
            Record::Resumed {} => {
                self.is_over = false;
                let open = std::mem::take(&mut self.open).into_values();
                self.superseded = open.map(as_far_as_it_went).collect();
                Ok(self.superseded.pop_front())
            }
            Record::Over {} => {
                self.is_over = true;
                Ok(None)
            }
        }
    }

    fn not_open(&self, number: CaseNumber) -> ReadError {
        self.lines.corrupt(
            1,
            &format!("case {number} has not begun, or is already over"),
        )
    }

    fn without_end(&self, case: CaseTrace) -> CaseTrace {
        let mut case = as_far_as_it_went(case);
        let cut = self.cut.as_deref().unwrap_or("the run was stopped");
        case.obstacles.push(Obstacle {
            step: None,
            words: format!("the trace ends before this case does ({cut})"),
        });
        case
    }
}

fn as_far_as_it_went(mut case: CaseTrace) -> CaseTrace {
    case.exchanges.sort_by_key(|exchange| exchange.sent_at);
    case.forget_unfinished_race();
    case
}

impl<R: BufRead> Iterator for TraceReader<R> {
    type Item = Result<CaseTrace, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.next_case();
        self.failed = next.is_err();
        next.transpose()
    }
}

struct Lines<R> {
    file: String,
    input: R,
    number: usize,
    bytes: u64,
    whole_bytes: u64,
}

struct Line {
    bytes: Vec<u8>,
    /// It ends with a newline.
    is_whole: bool,
}

impl<R: BufRead> Lines<R> {
    fn next_line(&mut self) -> Result<Option<Line>, ReadError> {
        let mut bytes = Vec::new();
        let mut limited = self.input.by_ref().take(LINE_BYTES_MAX);
        let length =
            limited
                .read_until(b'\n', &mut bytes)
                .map_err(|source| ReadError::Unreadable {
                    file: self.file.clone(),
                    source,
                })?;
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.bytes += length as u64;
        let is_whole = bytes.ends_with(b"\n");
        if !is_whole && length as u64 == LINE_BYTES_MAX {
            let problem = format!("the line is longer than {LINE_BYTES_MAX} bytes");
            return Err(self.corrupt(length, &problem));
        }
        Ok(Some(Line { bytes, is_whole }))
    }

    /// The version is looked at first: a trace of another version may have another header.
    fn header(&mut self) -> Result<Header, ReadError> {
        let Some(line) = self.next_line()? else {
            self.number = 1;
            return Err(self.corrupt(1, "the file is empty, so it is no trace"));
        };
        let value: Value =
            serde_json::from_slice(&line.bytes).map_err(|e| self.not_a_record(&e))?;
        let version = &value["header"]["trace"];
        if version.is_u64() && *version != TRACE_VERSION {
            return Err(self.corrupt(
                1,
                &format!(
                    "this is a trace of version {version}, and this cardproof reads version {TRACE_VERSION}: \
                     judge it with the cardproof that wrote it"
                ),
            ));
        }
        match serde_json::from_slice(&line.bytes) {
            Ok(Record::Header(header)) => {
                self.whole_bytes = self.bytes;
                Ok(header)
            }
            Ok(_) => Err(self.corrupt(
                1,
                "the first line of a trace is its header, and this is none",
            )),
            Err(error) => Err(self.not_a_record(&error)),
        }
    }

    fn not_a_record(&self, error: &serde_json::Error) -> ReadError {
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default();
        self.corrupt(
            error.column().max(1),
            &format!(
                "this is no line of a trace ({what}): remove the line, if the rest is to be judged"
            ),
        )
    }

    fn corrupt(&self, column: usize, problem: &str) -> ReadError {
        ReadError::Corrupt {
            file: self.file.clone(),
            line: self.number,
            column,
            problem: problem.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"{"header":{"trace":1,"cardproof":"0.1.0","target":"t","contract":"c","seed":7,"suites":[],"terms":{"issuance":"manual"}}}"#;
    const BEGIN: &str =
        r#"{"begin":{"number":1,"case":{"name":"n","steps":["list all"]},"accounts":{}}}"#;
    const EXCHANGE: &str = r#"{"exchange":{"number":1,"step":1,"sent_at":1,"received_at":2,"request":{"method":"GET","path":"/cards"},"reply":{"lost":"reset"}}}"#;
    const EVENT: &str = r#"{"event":{"number":1,"received_at":3,"body":"{}","answered":200}}"#;
    const END: &str = r#"{"end":{"number":1}}"#;

    fn read(text: &str) -> Result<Vec<CaseTrace>, ReadError> {
        TraceReader::new("t.jsonl".into(), text.as_bytes())?.collect()
    }

    #[test]
    fn a_case_is_given_out_when_it_ends() {
        let text = [HEADER, BEGIN, EXCHANGE, EVENT, END, ""].join("\n");
        let cases = read(&text).unwrap();
        assert_eq!(cases.len(), 1);
        assert!(cases[0].complete && cases[0].obstacles.is_empty());
        assert_eq!(cases[0].exchanges.len(), 1);
        assert_eq!(cases[0].events[0].answered, 200);
    }

    #[test]
    fn of_a_race_that_was_cut_off_nothing_is_known() {
        let begin = r#"{"begin":{"number":1,"case":{"name":"n","steps":["list all","[1] list all","[2] list all","list all"]},"accounts":{}}}"#;
        let exchange = |step: usize, sent_at: u64| {
            let step = format!("\"step\":{step},\"sent_at\":{sent_at}");
            EXCHANGE.replace("\"step\":1,\"sent_at\":1", &step)
        };
        let told = [
            HEADER,
            begin,
            &exchange(1, 1),
            &exchange(3, 4),
            &exchange(2, 3),
        ];
        let steps = |lines: &[&str]| {
            let case = read(&lines.join("\n")).unwrap().remove(0);
            case.exchanges.iter().map(|e| e.step.0).collect::<Vec<_>>()
        };
        assert_eq!(steps(&told[..4]), [1]);
        assert_eq!(steps(&[&told[..], &[END, ""]].concat()), [1, 2, 3]);
    }

    #[test]
    fn a_resumed_run_has_its_open_cases_twice_as_far_as_they_went_and_whole() {
        const RESUMED: &str = r#"{"resumed":{}}"#;
        let text = [HEADER, BEGIN, EXCHANGE, RESUMED, BEGIN, EXCHANGE, END, ""].join("\n");
        let cases = read(&text).unwrap();
        let told = cases.iter().map(|c| (c.complete, c.exchanges.len()));
        assert_eq!(told.collect::<Vec<_>>(), [(false, 1), (true, 1)]);
        assert!(cases.iter().all(|case| case.obstacles.is_empty()));
    }

    #[test]
    fn a_trace_is_over_when_it_says_so_and_whole_up_to_its_last_line() {
        const OVER: &str = r#"{"over":{}}"#;
        let whole = [HEADER, BEGIN, END, ""].join("\n");
        for (more, is_over, length) in [
            ("", false, 0),
            (&OVER[..5], false, 0),
            (OVER, true, OVER.len()),
            ("{\"over\":{}}\n{\"resumed\":{}}\n", false, 27),
        ] {
            let text = format!("{whole}{more}");
            let mut reader = TraceReader::new("t.jsonl".into(), text.as_bytes()).unwrap();
            assert_eq!(reader.by_ref().count(), 1);
            assert_eq!(reader.is_over(), is_over, "{more}");
            assert_eq!(reader.whole_bytes(), (whole.len() + length) as u64);
        }
    }

    #[test]
    fn a_trace_cut_anywhere_gives_what_is_there() {
        let text = [HEADER, BEGIN, EXCHANGE, END, ""].join("\n");
        for length in HEADER.len()..text.len() - 1 {
            let cases = read(&text[..length]).unwrap_or_else(|e| panic!("{length}: {e}"));
            for case in cases {
                let whole = case.complete && case.obstacles.is_empty();
                let noted = !case.complete && case.obstacles[0].words.contains("the trace ends");
                assert!(whole || noted, "{length}: {case:?}");
            }
        }
    }

    fn check_error(lines: &[&str], place: &str, hint: &str) {
        let error = read(&lines.join("\n")).unwrap_err().to_string();
        assert!(error.starts_with(&format!("t.jsonl:{place}: ")), "{error}");
        assert!(error.contains(hint), "{error}");
    }

    #[test]
    fn what_does_not_fit_is_an_error_with_its_place() {
        let newer = HEADER.replace("\"trace\":1", "\"trace\":2");
        for (lines, place, hint) in [
            (&[""][..], "1:1", "is empty"),
            (&["{}", ""], "1:2", "no line of a trace"),
            (&[BEGIN, ""], "1:1", "is its header"),
            (&[&newer, ""], "1:1", "version 2"),
            (&[HEADER, HEADER, ""], "2:1", "second header"),
            (&[HEADER, BEGIN, BEGIN, ""], "3:1", "begins twice"),
            (&[HEADER, EXCHANGE, ""], "2:1", "has not begun"),
            (&[HEADER, EVENT, ""], "2:1", "has not begun"),
            (&[HEADER, BEGIN, END, END, ""], "4:1", "already over"),
            (
                &[HEADER, BEGIN, "{\"end\":", END, ""],
                "3:",
                "remove the line",
            ),
            (&[HEADER, "\u{0}", END], "2:1", "remove the line"),
        ] {
            check_error_at(lines, place, hint);
        }
    }

    fn check_error_at(lines: &[&str], place: &str, hint: &str) {
        if place.ends_with(':') {
            let error = read(&lines.join("\n")).unwrap_err().to_string();
            assert!(error.starts_with(&format!("t.jsonl:{place}")), "{error}");
            assert!(error.contains(hint), "{error}");
        } else {
            check_error(lines, place, hint);
        }
    }
}
