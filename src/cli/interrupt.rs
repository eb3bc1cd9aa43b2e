//! Ctrl-C and SIGTERM: the first ends the run in good order, the second ends the process.

use std::io;

use tokio::runtime::Runtime;

use crate::drive::StopSignal;
use crate::exit_code::ExitCode;

use super::output::note;

/// From now on Ctrl-C and SIGTERM stop what `stop` stops, and a file that may grow no further is an error like a full disk.
pub fn watch(stop: &StopSignal) {
    let stop = stop.clone();
    // Made here, so that no signal of the system is missed from now on.
    let signals = Signals::new();
    let watched = std::thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(move || {
            let mut signals = or_park(signals);
            signals.next();
            note(
                "interrupted: judging and reporting what was recorded (Ctrl-C again ends at once)",
            );
            stop.interrupt();
            signals.next();
            std::process::exit(i32::from(ExitCode::Interrupted.number()));
        });
    if watched.is_err() {
        note("note: Ctrl-C will end the run at once, since there is no thread to wait for it");
    }
}

/// Waits for Ctrl-C or SIGTERM.
pub fn wait() {
    or_park(Signals::new()).next();
}

/// Without a way to hear of signals, the system's own handling stays in place.
fn or_park(signals: io::Result<Signals>) -> Signals {
    match signals {
        Ok(signals) => signals,
        Err(_) => loop {
            std::thread::park();
        },
    }
}

struct Signals {
    runtime: Runtime,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        /// SIGXFSZ, which kills whoever does not catch it: writing beyond the limit is an error then.
        const FILE_TOO_LARGE: i32 = 25;
        let runtime = runtime()?;
        let entered = runtime.enter();
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        drop(signal(SignalKind::from_raw(FILE_TOO_LARGE)));
        drop(entered);
        Ok(Self {
            runtime,
            terminate,
            interrupt,
        })
    }

    #[cfg(not(unix))]
    fn new() -> io::Result<Self> {
        Ok(Self {
            runtime: runtime()?,
        })
    }

    /// Waits for the next one.
    #[cfg(unix)]
    fn next(&mut self) {
        let Self {
            runtime,
            terminate,
            interrupt,
        } = self;
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        });
    }

    /// Waits for the next one.
    #[cfg(not(unix))]
    fn next(&mut self) {
        // If it can't be heard of, the process is to end.
        drop(self.runtime.block_on(tokio::signal::ctrl_c()));
    }
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
}
