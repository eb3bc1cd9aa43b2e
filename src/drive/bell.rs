//! The waker of a connection that is driven by whoever uses it.
//!
//! Both ends of such a connection are in one task, so they would wake that task while it runs: it would be scheduled
//! again for nothing. A [`Bell`] makes another round of polling out of that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// While its task runs, a wake means one more round, and not that the task is scheduled again.
#[derive(Default)]
pub struct Bell {
    task: AtomicWaker,
    state: AtomicU8,
}

impl Bell {
    /// The task is not running.
    const AWAY: u8 = 0;
    const RUNNING: u8 = 1;
    const RUNG: u8 = 2;

    /// Polls until nothing rings any more; `waker` is this bell's.
    pub fn poll<T>(
        &self,
        waker: &Waker,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        // The runtime makes a task that has done much ring until it yields, so it has to at some time.
        const ROUNDS_MAX: usize = 8;
        self.task.register(cx.waker());
        for _ in 0..ROUNDS_MAX {
            self.state.swap(Self::RUNNING, Ordering::AcqRel);
            let polled = poll(&mut Context::from_waker(waker));
            if polled.is_ready() {
                self.state.store(Self::AWAY, Ordering::Release);
                return polled;
            }
            let left = self.state.compare_exchange(
                Self::RUNNING,
                Self::AWAY,
                Ordering::AcqRel,
                Ordering::Acquire,
            );
            if left.is_ok() {
                return Poll::Pending;
            }
        }
        self.state.store(Self::AWAY, Ordering::Release);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let rung = self.state.compare_exchange(
            Self::RUNNING,
            Self::RUNG,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        if rung == Err(Self::AWAY) {
            self.task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::AtomicBool;

    use super::*;

    /// A runtime stops a task that has done much by ringing until it yields.
    #[tokio::test]
    async fn a_bell_that_never_stops_lets_the_task_yield() {
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(Arc::clone(&bell));
        let mut polls = 0;
        let mut turns = 0;
        poll_fn(|cx| {
            turns += 1;
            bell.poll(&waker, cx, |cx| {
                polls += 1;
                cx.waker().wake_by_ref();
                if polls < 100 {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
        })
        .await;
        assert_eq!((polls, turns), (100, 13));
    }

    #[tokio::test]
    async fn a_bell_is_heard_from_afar() {
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(Arc::clone(&bell));
        for _ in 0..1000 {
            let rung = Arc::new(AtomicBool::new(false));
            let mut thread = None;
            poll_fn(|cx| {
                bell.poll(&waker, cx, |cx| {
                    let (waker, ringing) = (cx.waker().clone(), Arc::clone(&rung));
                    thread.get_or_insert_with(|| {
                        std::thread::spawn(move || {
                            ringing.store(true, Ordering::Release);
                            waker.wake();
                        })
                    });
                    match rung.load(Ordering::Acquire) {
                        true => Poll::Ready(()),
                        false => Poll::Pending,
                    }
                })
            })
            .await;
            thread.unwrap().join().unwrap();
        }
    }
}
