//! Writes the trace while the run goes on.
//!
//! Tasks put finished lines into a buffer; one thread takes all there is and writes it at once, a few milliseconds after
//! the first line. So what a kill can lose is what was in flight and what those milliseconds brought. The buffer is
//! bounded: a disk that is too slow slows the run down, in place of filling the memory.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::trace::{Header, Record};
use crate::visible_json;

/// How long a line waits for others to be written with it.
const GATHERING: Duration = Duration::from_millis(2);
/// So much is written without waiting for more.
const BUFFER_BYTES_FULL: usize = 64 << 10;
/// Who would add to so much waits until it is written.
const BUFFER_BYTES_MAX: usize = 1 << 20;

/// A trace that couldn't be written; what is in the file is whole up to some line.
#[derive(Debug, thiserror::Error)]
#[error("can't write the trace {}: {source}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// The way into a trace file, shared by all who drive.
pub struct TraceWriter(Option<Queue>);

struct Queue {
    path: PathBuf,
    buffer: Arc<Buffer>,
    thread: Mutex<Option<JoinHandle<io::Result<()>>>>,
}

#[derive(Default)]
struct Buffer {
    state: Mutex<State>,
    /// For the thread: there is something to do.
    filled: Condvar,
    /// For whoever waits for room: there is some.
    emptied: Condvar,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    /// The thread waits for a first line.
    is_idle: bool,
    /// No more lines are taken.
    is_finished: bool,
}

impl Buffer {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line, once there is room.
    fn add(&self, line: &[u8]) {
        let state = self.lock();
        let mut state = self
            .emptied
            .wait_while(state, |s| {
                s.lines.len() >= BUFFER_BYTES_MAX && !s.is_finished
            })
            .unwrap_or_else(PoisonError::into_inner);
        if state.is_finished {
            return;
        }
        let was_full = state.lines.len() >= BUFFER_BYTES_FULL;
        state.lines.extend_from_slice(line);
        let is_full = state.lines.len() >= BUFFER_BYTES_FULL;
        let wakes = state.is_idle || is_full && !was_full;
        state.is_idle = false;
        drop(state);
        if wakes {
            self.filled.notify_one();
        }
    }

    /// Takes no more lines.
    fn finish(&self) {
        self.lock().is_finished = true;
        self.filled.notify_one();
        self.emptied.notify_all();
    }

    /// Puts what there is into `lines`, which must be empty. True: it is the last.
    fn take(&self, lines: &mut Vec<u8>) -> bool {
        let mut state = self.lock();
        state.is_idle = state.lines.is_empty();
        let state = self
            .filled
            .wait_while(state, |s| s.lines.is_empty() && !s.is_finished)
            .unwrap_or_else(PoisonError::into_inner);
        let (mut state, _) = self
            .filled
            .wait_timeout_while(state, GATHERING, |s| {
                s.lines.len() < BUFFER_BYTES_FULL && !s.is_finished
            })
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut state.lines, lines);
        let is_last = state.is_finished;
        drop(state);
        self.emptied.notify_all();
        is_last
    }
}

impl TraceWriter {
    /// Writes to a new file, the header first.
    ///
    /// # Errors
    /// The file can't be made.
    pub fn create(path: &Path, header: &Header) -> Result<Self, WriteError> {
        let failed = |source| WriteError {
            path: path.to_owned(),
            source,
        };
        let file = File::create(path).map_err(failed)?;
        let buffer = Arc::new(Buffer::default());
        let filled = Arc::clone(&buffer);
        let thread = std::thread::Builder::new()
            .name("trace".to_owned())
            .spawn(move || write_lines(file, &filled))
            .map_err(failed)?;
        let writer = Self(Some(Queue {
            path: path.to_owned(),
            buffer,
            thread: Mutex::new(Some(thread)),
        }));
        writer.append(&Record::Header(header.clone()));
        Ok(writer)
    }

    /// Writes nothing.
    pub fn none() -> Self {
        Self(None)
    }

    /// It writes nothing.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Hands a line over. Whether it could be written shows in [`TraceWriter::finish`].
    pub fn append(&self, record: &Record) {
        let Some(queue) = &self.0 else { return };
        let Ok(mut line) = visible_json::compact(record) else {
            debug_assert!(false, "a record is always JSON");
            return;
        };
        line.push(b'\n');
        queue.buffer.add(&line);
    }

    /// Writing has failed, so that going on would leave no evidence.
    pub fn has_failed(&self) -> bool {
        self.0.as_ref().is_some_and(|queue| {
            let thread = queue.thread.lock().unwrap_or_else(PoisonError::into_inner);
            thread.as_ref().is_some_and(JoinHandle::is_finished)
        })
    }

    /// Waits until everything handed over is in the file. What is appended later is dropped.
    ///
    /// # Errors
    /// Some line couldn't be written; none after it was.
    pub fn finish(&self) -> Result<(), WriteError> {
        let Some(queue) = &self.0 else { return Ok(()) };
        queue.buffer.finish();
        let thread = queue
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match thread.map(JoinHandle::join) {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(source))) => Err(WriteError {
                path: queue.path.clone(),
                source,
            }),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    }
}

fn write_lines(mut file: impl Write, buffer: &Buffer) -> io::Result<()> {
    let mut lines = Vec::new();
    loop {
        let is_last = buffer.take(&mut lines);
        let written = file.write_all(&lines).and_then(|()| file.flush());
        if written.is_err() {
            // Nobody must wait for room that never comes.
            buffer.finish();
        }
        written?;
        if is_last {
            return Ok(());
        }
        lines.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

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
                method: "GET".into(),
                path: "/cards".into(),
                headers: vec![("a".into(), "b".into())],
                body: Some("{}".into()),
            },
            flaw: None,
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

    /// Counts writes, slowly.
    struct Counter<'a>(&'a AtomicUsize, &'a AtomicUsize);

    impl Write for Counter<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.fetch_add(1, Ordering::Relaxed);
            self.1.fetch_add(bytes.len(), Ordering::Relaxed);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_written_together_and_soon() {
        let (writes, bytes) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let buffer = Buffer::default();
        for _ in 0..5 {
            buffer.add(b"x\n");
        }
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| write_lines(Counter(&writes, &bytes), &buffer));
            while bytes.load(Ordering::Relaxed) < 10 {
                std::thread::yield_now();
            }
            assert_eq!(writes.load(Ordering::Relaxed), 1);
            buffer.add(b"y\n");
            while bytes.load(Ordering::Relaxed) < 12 {
                std::thread::yield_now();
            }
            buffer.finish();
            thread.join().unwrap().unwrap();
        });
    }

    #[test]
    fn more_than_there_is_room_for_waits_and_is_not_lost() {
        let (writes, bytes) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let buffer = Buffer::default();
        let line = vec![b'x'; BUFFER_BYTES_MAX];
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| write_lines(Counter(&writes, &bytes), &buffer));
            for _ in 0..4 {
                buffer.add(&line);
            }
            buffer.finish();
            thread.join().unwrap().unwrap();
        });
        assert_eq!(bytes.load(Ordering::Relaxed), 4 * BUFFER_BYTES_MAX);
    }
}
