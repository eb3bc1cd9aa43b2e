//! Writes the trace while the run goes on.
//!
//! Each line goes to the system before its case sends the next request; those of several cases that have an answer at the
//! same time go together, since a call of the system costs more than a line. So what a kill can lose is what was in flight,
//! and no more. A disk that is too slow slows the run down, in place of filling the memory.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::trace::{Header, Record};
use crate::visible_json;

/// A trace that couldn't be written; what is in the file is whole up to some line.
#[derive(Debug, thiserror::Error)]
#[error("can't write the trace {}: {source}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

thread_local! {
    /// Where each thread puts its lines together: in the same place again and again, which is in the processor's cache.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The way into a trace file, shared by all who drive.
pub struct TraceWriter(Option<Sink>);

struct Sink {
    path: PathBuf,
    state: Mutex<State>,
}

enum State {
    Open {
        file: Box<dyn Write + Send>,
        /// Whole lines that are not in the file yet.
        kept: Vec<u8>,
    },
    /// A line couldn't be written, and none after it was tried.
    Failed(io::Error),
    Finished,
}

impl State {
    fn keep(&mut self, line: &[u8]) {
        if let Self::Open { kept, .. } = self {
            kept.extend_from_slice(line);
        }
    }

    fn write_kept(&mut self) {
        if let Self::Open { file, kept } = self
            && !kept.is_empty()
        {
            let written = file.write_all(kept);
            kept.clear();
            if let Err(error) = written {
                *self = Self::Failed(error);
            }
        }
    }
}

impl Sink {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TraceWriter {
    /// Writes to a new file, the header first.
    ///
    /// # Errors
    /// The file can't be made.
    pub fn create(path: &Path, header: &Header) -> Result<Self, WriteError> {
        let file = File::create(path).map_err(|source| failed(path, source))?;
        let writer = Self::to(path, file);
        writer.append(&Record::Header(header.clone()));
        Ok(writer)
    }

    /// Goes on with the file of a run that ended early. What follows its first `whole_bytes` is a line that was cut off,
    /// and is taken away.
    ///
    /// # Errors
    /// The file can't be opened or cut.
    pub fn resume(path: &Path, whole_bytes: u64) -> Result<Self, WriteError> {
        let file = at_end_of_line(path, whole_bytes).map_err(|source| failed(path, source))?;
        let writer = Self::to(path, file);
        writer.append(&Record::Resumed {});
        Ok(writer)
    }

    fn to(path: &Path, file: impl Write + Send + 'static) -> Self {
        Self(Some(Sink {
            path: path.to_owned(),
            state: Mutex::new(State::Open {
                file: Box::new(file),
                kept: Vec::new(),
            }),
        }))
    }

    /// Writes nothing.
    pub fn none() -> Self {
        Self(None)
    }

    /// It writes nothing.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Writes a line. Whether that went well shows in [`TraceWriter::finish`].
    pub fn append(&self, record: &Record) {
        self.take(record, |state, line| {
            state.keep(line);
            state.write_kept();
        });
    }

    /// Takes a line that is in the file once [`TraceWriter::written`] has returned, and before any that is appended later.
    pub(super) fn hand_over(&self, record: &Record) {
        self.take(record, State::keep);
    }

    /// Waits until what was handed over is in the file. Whoever else has an answer has its turn first, so that one call of
    /// the system does for all.
    pub(super) async fn written(&self) {
        if let Some(sink) = &self.0 {
            tokio::task::yield_now().await;
            sink.lock().write_kept();
        }
    }

    fn take(&self, record: &Record, take: impl FnOnce(&mut State, &[u8])) {
        let Some(sink) = &self.0 else { return };
        LINE.with_borrow_mut(|line| {
            line.clear();
            let written = visible_json::append_compact(line, record);
            debug_assert!(written.is_ok(), "a record is always JSON");
            if written.is_ok() {
                line.push(b'\n');
                take(&mut sink.lock(), line);
            }
        });
    }

    /// Writing has failed, so that going on would leave no evidence.
    pub fn has_failed(&self) -> bool {
        let state = self.0.as_ref().map(Sink::lock);
        matches!(state.as_deref(), Some(State::Failed(_)))
    }

    /// Takes no more lines: what is appended later is dropped.
    ///
    /// # Errors
    /// Some line couldn't be written; none after it was.
    pub fn finish(&self) -> Result<(), WriteError> {
        let Some(sink) = &self.0 else { return Ok(()) };
        let mut state = sink.lock();
        state.write_kept();
        match std::mem::replace(&mut *state, State::Finished) {
            State::Open { .. } | State::Finished => Ok(()),
            State::Failed(source) => Err(failed(&sink.path, source)),
        }
    }
}

fn failed(path: &Path, source: io::Error) -> WriteError {
    WriteError {
        path: path.to_owned(),
        source,
    }
}

/// The file without what follows its first `length` bytes, at the start of a line.
fn at_end_of_line(path: &Path, length: u64) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    file.set_len(length)?;
    let mut last = [b'\n'];
    if length > 0 {
        file.seek(SeekFrom::Start(length - 1))?;
        file.read_exact(&mut last)?;
    }
    if last != *b"\n" {
        file.write_all(b"\n")?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::case::{Case, StepNumber};
    use crate::trace::{
        CaseNumber, Exchange, Micros, Obstacle, Reply, Request, TRACE_VERSION, Terms,
    };
    use crate::trace_reader::TraceReader;

    fn header() -> Header {
        Header {
            trace: TRACE_VERSION,
            cardproof: "0.1.0".into(),
            run: None,
            target: "t".into(),
            base_url: String::new(),
            contract: "c".into(),
            seed: 7,
            cases: None,
            suites: vec!["s".into()],
            terms: Terms::default(),
            disabled: std::collections::BTreeMap::new(),
            lacks: Vec::new(),
        }
    }

    fn records(number: usize) -> Vec<Record> {
        let number = CaseNumber(number);
        let case = Case {
            name: "n".into(),
            title: String::new(),
            steps: vec!["create virtual on A".parse().unwrap()],
        };
        let exchange = Exchange {
            step: StepNumber(1),
            sent_at: Micros(1),
            received_at: Micros(2),
            request: Request {
                encoding: None,
                method: "GET".into(),
                path: "/cards".into(),
                headers: vec![("a".into(), "b".into())],
                body: Some("{}".into()),
            },
            flaw: None,
            token_over: false,
            reply: Reply::Lost("reset".into()),
        };
        let obstacles = vec![Obstacle {
            step: Some(StepNumber(1)),
            words: "w".into(),
        }];
        let accounts = [('A', crate::card::AccountId::new("x"))].into();
        vec![
            Record::Begin {
                number,
                case,
                accounts,
                pasts: [('A', crate::trace::Past::Read)].into(),
            },
            Record::Exchange { number, exchange },
            Record::End {
                number,
                obstacles,
                not_run: None,
            },
        ]
    }

    #[test]
    fn what_many_threads_write_is_read_back() {
        let path = std::env::temp_dir().join(format!("cardproof-{}.jsonl", uuid::Uuid::new_v4()));
        let writer = TraceWriter::create(&path, &header()).unwrap();
        std::thread::scope(|scope| {
            for number in 1..=20 {
                let writer = &writer;
                scope.spawn(move || records(number).iter().for_each(|r| writer.append(r)));
            }
        });
        writer.finish().unwrap();
        writer.append(&Record::Header(header()));
        writer.finish().unwrap();

        let reader = TraceReader::open(&path).unwrap();
        assert_eq!(reader.header(), &header());
        let mut cases: Vec<_> = reader.map(Result::unwrap).collect();
        cases.sort_by_key(|case| case.number);
        assert_eq!(cases.len(), 20);
        let Record::Exchange { exchange, .. } = &records(20)[1] else {
            panic!()
        };
        assert_eq!(cases[19].exchanges, std::slice::from_ref(exchange));
        assert_eq!(cases[19].obstacles.len(), 1);
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn no_file_is_no_trouble() {
        let writer = TraceWriter::none();
        writer.append(&Record::Header(header()));
        assert!(!writer.has_failed());
        writer.finish().unwrap();
    }

    #[test]
    fn a_full_disk_shows_at_the_end() {
        let full = Path::new("/dev/full");
        if !full.exists() {
            return;
        }
        let writer = TraceWriter::create(full, &header()).unwrap();
        let error = writer.finish().unwrap_err().to_string();
        assert!(
            error.starts_with("can't write the trace /dev/full: "),
            "{error}"
        );
    }

    #[test]
    fn a_line_is_in_the_file_when_append_returns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.jsonl");
        let writer = TraceWriter::create(&path, &header()).unwrap();
        for (place, record) in records(1).iter().enumerate() {
            writer.append(record);
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(text.lines().count(), place + 2);
            assert!(text.ends_with('\n'));
        }
    }

    /// Remembers each call.
    #[derive(Clone, Default)]
    struct Calls(Arc<Mutex<Vec<String>>>);

    impl Write for Calls {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.0.lock().unwrap().push(text);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn lines_that_are_handed_over_at_the_same_time_go_together() {
        let calls = Calls::default();
        let writer = TraceWriter::to(Path::new("x"), calls.clone());
        let hand_over = |number: usize| {
            let (writer, calls) = (&writer, &calls);
            async move {
                writer.hand_over(&records(number)[1]);
                writer.written().await;
                let text = calls.0.lock().unwrap().concat();
                assert!(text.contains(&format!("{{\"number\":{number},")), "{text}");
            }
        };
        futures_util::future::join_all((1..=20).map(hand_over)).await;
        assert_eq!(calls.0.lock().unwrap().len(), 1);
    }

    #[test]
    fn what_was_handed_over_comes_before_what_is_appended_and_is_there_at_the_end() {
        let calls = Calls::default();
        let writer = TraceWriter::to(Path::new("x"), calls.clone());
        let [begin, exchange, end] = &records(1)[..] else {
            panic!()
        };
        writer.hand_over(begin);
        writer.append(exchange);
        writer.hand_over(end);
        writer.finish().unwrap();
        let text = calls.0.lock().unwrap().concat();
        let kinds: Vec<_> = text.lines().map(|line| &line[2..5]).collect();
        assert_eq!(kinds, ["beg", "exc", "end"]);
    }

    #[test]
    fn a_trace_goes_on_behind_its_last_whole_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.jsonl");
        let line = serde_json::to_string(&Record::Header(header())).unwrap();
        for (text, whole) in [
            (format!("{line}\n"), line.len() + 1),
            (format!("{line}\n{{\"exch"), line.len() + 1),
            (line.clone(), line.len()),
        ] {
            std::fs::write(&path, text).unwrap();
            let writer = TraceWriter::resume(&path, whole as u64).unwrap();
            writer.finish().unwrap();
            let resumed = format!("{line}\n{{\"resumed\":{{}}}}\n");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), resumed);
        }
    }
}
