//! The one door to the target. Whatever is sent waits here for its turn, so that the limits of the profile hold at all
//! times, and a target that asks to be left alone is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use super::client::Incoming;
use crate::profile::{Limits, Rate};
use crate::trace::puts_off;

/// A longer pause than this is never waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// Lets requests through.
pub struct Gate {
    slots: Option<Slots>,
    pace: Option<Pace>,
    pause: Mutex<Option<Pause>>,
    patience: Duration,
}

/// Requests may be on their way so many at a time.
struct Slots {
    free: Arc<Semaphore>,
    count: u32,
}

/// Requests go one after the other, evenly: then no stretch of time, wherever it begins, has more of them than it may.
struct Pace {
    interval: Duration,
    count: u32,
    next: Mutex<Instant>,
}

/// The target has asked to be left alone.
#[derive(Clone, Copy)]
struct Pause {
    /// How it did.
    asked: PutOff,
    /// It has answered nothing else since.
    since: Instant,
    until: Instant,
}

/// The slots of some requests; dropping it frees them.
pub type Slot = Option<OwnedSemaphorePermit>;

/// How often, and since when, one request has been put off.
#[derive(Debug, Default)]
pub struct Again {
    since: Option<Instant>,
    times: u32,
}

impl Again {
    /// So often it was asked again.
    pub fn times(&self) -> u32 {
        self.times
    }
}

impl Gate {
    /// A gate that keeps to these limits.
    pub fn new(limits: &Limits) -> Self {
        Self {
            slots: limits.in_flight.map(|count| Slots {
                free: Arc::new(Semaphore::new(usize::try_from(count.get()).unwrap_or(1))),
                count: count.get(),
            }),
            pace: limits.rate.map(Pace::new),
            pause: Mutex::default(),
            patience: limits.patience.0,
        }
    }

    /// Waits until so many requests may be sent at once. Why they may not, in words.
    pub async fn admit(&self, requests: u32) -> Result<Slot, String> {
        let slot = match &self.slots {
            Some(slots) => slots.take(requests).await?,
            None => None,
        };
        loop {
            self.pause_is_over().await?;
            if let Some(pace) = &self.pace {
                pace.turn(requests).await?;
            }
            // Where a pause has begun meanwhile, those who wait would all go at its end.
            if self.pace.is_none() || !self.is_paused() {
                return Ok(slot);
            }
        }
    }

    /// The same for one request that was put off, if there is patience left.
    pub async fn admit_again(&self, again: &mut Again) -> Result<Slot, String> {
        let since = *again.since.get_or_insert_with(Instant::now);
        again.times += 1;
        if since.elapsed() > self.patience {
            let asked = self.lock().map(|pause| pause.asked);
            return Err(self.out_of_patience(asked));
        }
        self.admit(1).await
    }

    /// Takes note of an answer to a request that was put off so many times before.
    pub fn note(&self, answer: &Incoming, times: u32) {
        let now = Instant::now();
        let mut pause = self.lock();
        match PutOff::of(answer.status, &answer.headers) {
            Some(put_off) => {
                let until = now + put_off.pause(times);
                let pause = pause.get_or_insert(Pause {
                    asked: put_off,
                    since: now,
                    until,
                });
                pause.asked = put_off;
                pause.until = pause.until.max(until);
            }
            None if pause.is_some_and(|pause| pause.until <= now) => *pause = None,
            None => {}
        }
    }

    async fn pause_is_over(&self) -> Result<(), String> {
        loop {
            let pause = *self.lock();
            let Some(pause) = pause.filter(|pause| pause.until > Instant::now()) else {
                return Ok(());
            };
            if pause.until - pause.since > self.patience {
                return Err(self.out_of_patience(Some(pause.asked)));
            }
            sleep_until(pause.until).await;
        }
    }

    /// How the target puts off what is asked of it now, if it does, in words.
    pub fn put_off(&self) -> Option<String> {
        let pause = (*self.lock())?;
        let words = pause.asked.words();
        Some(format!(
            "{words} to the last requests: try fewer workers or a lower rate under [limits]"
        ))
    }

    fn is_paused(&self) -> bool {
        self.lock()
            .is_some_and(|pause| pause.until > Instant::now())
    }

    fn out_of_patience(&self, asked: Option<PutOff>) -> String {
        let answer = asked.map_or("the target", PutOff::words);
        let and = if asked.is_some() { ", and" } else { "" };
        format!(
            "{answer}{and} puts requests off for longer than {:?}: try fewer workers or a lower rate, or raise `patience` under [limits]",
            self.patience
        )
    }

    fn lock(&self) -> MutexGuard<'_, Option<Pause>> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    async fn take(&self, requests: u32) -> Result<Slot, String> {
        if requests > self.count {
            return Err(too_many(requests, self.count));
        }
        // Nobody closes it.
        Ok(Arc::clone(&self.free)
            .acquire_many_owned(requests)
            .await
            .ok())
    }
}

impl Pace {
    fn new(rate: Rate) -> Self {
        // Some requests take longer to arrive than others, so those of a period are spread over a bit more.
        let interval = rate.period().mul_f64(1.05) / rate.count.get();
        Self {
            interval,
            count: rate.count.get(),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits for the turn of so many requests that go at once: for the times of all of them, and the next request waits as
    /// long again, so that what comes before and after does not add up to too many.
    async fn turn(&self, requests: u32) -> Result<(), String> {
        if requests > self.count {
            return Err(too_many(requests, self.count));
        }
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let first = (*next).max(Instant::now());
            let turn = first + self.interval * (requests - 1);
            *next = turn + self.interval * requests;
            turn
        };
        sleep_until(turn).await;
        Ok(())
    }
}

fn too_many(requests: u32, count: u32) -> String {
    format!("{requests} requests would go at once, and [limits] in the profile allow {count}")
}

/// An answer by which a target puts a request off ([`puts_off`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PutOff {
    /// How long it asks to be left alone.
    asked: Option<Duration>,
    status: StatusCode,
}

impl PutOff {
    /// The answer, if it puts off.
    pub fn of(status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        let retry_after = headers.get(RETRY_AFTER);
        puts_off(status.as_u16(), retry_after.is_some()).then(|| Self {
            asked: retry_after.and_then(|value| delay(value, headers.get(DATE))),
            status,
        })
    }

    /// Whether nothing can have been done: 429 says so, and a safe method does nothing (RFC 6585; RFC 9110, 9.2.1).
    pub fn may_be_asked_again(self, method: &Method) -> bool {
        self.status == StatusCode::TOO_MANY_REQUESTS || method.is_safe()
    }

    /// What it says, in words.
    pub fn words(self) -> &'static str {
        match self.status {
            StatusCode::TOO_MANY_REQUESTS => "the target answered 429 (too many requests)",
            _ => "the target answered 503 (unavailable for the moment)",
        }
    }

    /// As long as is asked for, and longer from time to time.
    fn pause(self, times: u32) -> Duration {
        const SHORTEST: Duration = Duration::from_millis(100);
        const LONGEST: Duration = Duration::from_secs(10);
        let backoff = SHORTEST.saturating_mul(1 << times.min(16)).min(LONGEST);
        let asked = self.asked.unwrap_or_default();
        asked.max(backoff).min(LONGEST_PAUSE)
    }
}

/// Seconds, or a date by the target's own clock where it tells it (RFC 9110, section 10.2.3).
fn delay(retry_after: &HeaderValue, date: Option<&HeaderValue>) -> Option<Duration> {
    let text = retry_after.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let now = date
        .and_then(epoch)
        .unwrap_or_else(|| jiff::Timestamp::now().as_second());
    let seconds = epoch(retry_after)?.saturating_sub(now);
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// The seconds since the epoch that a date of HTTP tells.
pub fn epoch(date: &HeaderValue) -> Option<i64> {
    let text = date.to_str().ok()?;
    let time = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(time.timestamp().as_second())
}

#[cfg(test)]
mod tests;
