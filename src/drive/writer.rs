//! Writes the trace while the run goes on.
//!
//! Tasks hand over finished lines; one thread writes them, and flushes whenever it has nothing else to do. So what a
//! kill can lose is what was in flight. The queue is bounded: a disk that is too slow slows the run down, in place of
//! filling the memory.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::trace::{Header, Record};

const QUEUE_LINES_MAX: usize = 1024;

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
    sender: SyncSender<Message>,
    thread: Mutex<Option<JoinHandle<io::Result<()>>>>,
}

enum Message {
    Line(Vec<u8>),
    Finish,
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
        let (sender, queue) = sync_channel(QUEUE_LINES_MAX);
        let thread = std::thread::Builder::new()
            .name("trace".to_owned())
            .spawn(move || write_lines(file, &queue))
            .map_err(failed)?;
        let writer = Self(Some(Queue {
            path: path.to_owned(),
            sender,
            thread: Mutex::new(Some(thread)),
        }));
        writer.append(&Record::Header(header.clone()));
        Ok(writer)
    }

    /// Writes nothing.
    pub fn none() -> Self {
        Self(None)
    }

    /// Hands a line over. Whether it could be written shows in [`TraceWriter::finish`].
    pub fn append(&self, record: &Record) {
        let Some(queue) = &self.0 else { return };
        let Ok(mut line) = serde_json::to_vec(record) else {
            debug_assert!(false, "a record is always JSON");
            return;
        };
        line.push(b'\n');
        // The thread is gone after an error, which `finish` reports, or after `finish` itself.
        let _ = queue.sender.send(Message::Line(line));
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
        // The thread is gone after an error, which the join brings.
        let _ = queue.sender.send(Message::Finish);
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

fn write_lines(file: impl Write, queue: &Receiver<Message>) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(64 << 10, file);
    while let Ok(message) = queue.recv() {
        let mut next = Some(message);
        while let Some(message) = next {
            match message {
                Message::Line(line) => file.write_all(&line)?,
                Message::Finish => return file.flush(),
            }
            next = queue.try_recv().ok();
        }
        file.flush()?;
    }
    Ok(())
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
            },
            Record::Exchange { number, exchange },
            Record::End { number, obstacles },
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

    /// Counts flushes.
    struct Counter<'a>(&'a AtomicUsize);

    impl Write for Counter<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    }

    #[test]
    fn a_queue_that_ran_empty_is_flushed() {
        let flushes = AtomicUsize::new(0);
        let (sender, queue) = sync_channel(8);
        for _ in 0..5 {
            sender.send(Message::Line(b"x\n".to_vec())).unwrap();
        }
        drop(sender);
        write_lines(Counter(&flushes), &queue).unwrap();
        assert_eq!(flushes.load(Ordering::Relaxed), 1);
    }
}
