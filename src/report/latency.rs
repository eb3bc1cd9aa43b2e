//! How long a target took to answer, by operation.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::{OperationKind, Route};
use crate::trace::{CaseTrace, Exchange};

/// How long the requests for one operation took, from the first byte sent to the last received, in microseconds. They were
/// sent beside those of other cases, so it is no benchmark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// The operation.
    #[schemars(with = "String")]
    pub operation: OperationKind,
    /// So many requests were answered.
    pub answered: u64,
    /// Half of them took no longer than this.
    pub p50_us: u64,
    /// 95 in a hundred.
    pub p95_us: u64,
    /// 99 in a hundred.
    pub p99_us: u64,
    /// The longest.
    pub max_us: u64,
}

/// Takes the times of a run.
#[derive(Default)]
pub struct Stopwatch {
    times: BTreeMap<OperationKind, Histogram<u64>>,
}

impl Stopwatch {
    /// Adds the answered requests of a case.
    pub fn add(&mut self, trace: &CaseTrace) {
        let answered = trace.exchanges.iter().filter(|e| e.response().is_some());
        answered.for_each(|exchange| self.add_one(exchange));
    }

    fn add_one(&mut self, exchange: &Exchange) {
        let request = &exchange.request;
        let Some(route) = Route::of(&request.method, &request.path) else {
            return;
        };
        let took = exchange.received_at.0.saturating_sub(exchange.sent_at.0);
        let times = self.times.entry(route.operation).or_insert_with(histogram);
        // It grows as it must, so it takes every value; one that it did not take would be missing among thousands.
        let _ = times.record(took);
    }

    /// What was measured, by operation.
    pub fn facts(&self) -> Vec<Latency> {
        let facts = self.times.iter().map(|(operation, times)| Latency {
            operation: *operation,
            answered: times.len(),
            p50_us: times.value_at_quantile(0.50),
            p95_us: times.value_at_quantile(0.95),
            p99_us: times.value_at_quantile(0.99),
            max_us: times.max(),
        });
        facts.collect()
    }
}

/// Three digits are more than what is measured here is good for.
fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three digits are allowed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::exchange;
    use crate::trace::{Micros, Reply};

    #[test]
    fn half_of_the_answers_came_within_the_median() {
        let mut watch = Stopwatch::default();
        for took in 1..=100 {
            let mut answered = exchange(1, "GET", 200, "[]");
            answered.received_at = Micros(answered.sent_at.0 + took);
            watch.add_one(&answered);
        }
        let facts = watch.facts();
        let [list] = &facts[..] else {
            panic!("one operation: {facts:?}")
        };
        assert_eq!(list.operation, OperationKind::ListCards);
        let times = (list.answered, list.p50_us, list.p95_us, list.max_us);
        assert_eq!(times, (100, 50, 95, 100));
    }

    #[test]
    fn what_was_not_answered_has_no_time() {
        let mut watch = Stopwatch::default();
        let lost = Exchange {
            reply: Reply::Lost("reset".to_owned()),
            ..exchange(1, "GET", 200, "")
        };
        let mut trace = crate::report::sample::trace(vec![lost]);
        watch.add(&trace);
        assert_eq!(watch.facts(), []);
        trace.exchanges = vec![exchange(1, "GET", 200, "[]")];
        watch.add(&trace);
        assert_eq!(watch.facts()[0].answered, 1);
    }
}
