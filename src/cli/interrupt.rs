//! Ctrl-C: the first ends the run in good order, the second ends the process.

use crate::drive::StopSignal;
use crate::exit_code::ExitCode;

use super::output::note;

/// From now on Ctrl-C stops what `stop` stops.
pub fn watch(stop: &StopSignal) {
    let stop = stop.clone();
    let watched = std::thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(move || {
            wait();
            note(
                "interrupted: judging and reporting what was recorded (Ctrl-C again ends at once)",
            );
            stop.interrupt();
            wait();
            std::process::exit(i32::from(ExitCode::Interrupted.number()));
        });
    if watched.is_err() {
        note("note: Ctrl-C will end the run at once, since there is no thread to wait for it");
    }
}

/// Waits for Ctrl-C.
pub fn wait() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build();
    let waited = runtime.and_then(|runtime| runtime.block_on(tokio::signal::ctrl_c()));
    if waited.is_err() {
        // Without a way to hear of Ctrl-C, the system's own handling stays in place.
        loop {
            std::thread::park();
        }
    }
}
