//! Time stands still here unless all wait for it, so nothing is slow and nothing is chance.

use std::num::NonZeroU32;
use std::pin::pin;

use futures_util::future::{join_all, poll_immediate};

use super::*;
use crate::profile::Wait;

fn limits(rate: Option<&str>, in_flight: Option<u32>) -> Limits {
    Limits {
        rate: rate.map(|text| text.parse().unwrap()),
        in_flight: in_flight.and_then(NonZeroU32::new),
        patience: Wait(Duration::from_secs(60)),
    }
}

fn answer(status: u16, retry_after: Option<&str>) -> Incoming {
    let mut headers = HeaderMap::new();
    if let Some(text) = retry_after {
        headers.insert(RETRY_AFTER, text.parse().unwrap());
    }
    Incoming {
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: Vec::new(),
        room: None,
        surplus: false,
    }
}

/// The most that fall into one period, wherever it begins.
fn most(mut times: Vec<Instant>, period: Duration) -> usize {
    times.sort_unstable();
    let within = |from: &Instant| {
        let after = times.iter().filter(|time| *time >= from);
        after.take_while(|time| **time < *from + period).count()
    };
    times.iter().map(within).max().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn no_stretch_of_time_has_more_requests_than_it_may() {
    for (rate, period) in [("10/s", 1), ("30/m", 60), ("3/s", 1)] {
        let gate = Gate::new(&limits(Some(rate), None));
        let began = Instant::now();
        // Races of one to three among them.
        let sizes = (0..60).map(|n| [1, 1, 2, 1, 3][n % 5]);
        let all = sizes.map(|size| {
            let gate = &gate;
            async move {
                gate.admit(size).await.unwrap();
                vec![Instant::now(); size as usize]
            }
        });
        let times: Vec<Instant> = join_all(all).await.concat();
        let period = Duration::from_secs(period);
        let count = rate.split('/').next().unwrap().parse().unwrap();
        let most = most(times.clone(), period);
        assert!(most <= count, "{rate}: {most}");
        // It is no slower than the races, which wait for as much time before as after, make it.
        let fair = period.mul_f64(1.05 / f64::from(u32::try_from(count).unwrap()));
        assert!(began.elapsed() <= fair * 2 * 96, "{:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_are_on_their_way_than_may_be() {
    let gate = Gate::new(&limits(None, Some(2)));
    let first = gate.admit(1).await.unwrap();
    {
        let mut race = pin!(gate.admit(2));
        assert!(poll_immediate(race.as_mut()).await.is_none());
        // Whoever comes later does not overtake those who need several.
        let mut late = pin!(gate.admit(1));
        assert!(poll_immediate(late.as_mut()).await.is_none());
        drop(first);
        let mut both = poll_immediate(race.as_mut()).await.unwrap().unwrap();
        let part = both.as_mut().unwrap().split(1);
        assert!(poll_immediate(late.as_mut()).await.is_none());
        drop(part);
        assert!(poll_immediate(late.as_mut()).await.is_some());
    }
    let refused = gate.admit(3).await.unwrap_err();
    assert!(refused.contains("3 requests would go at once"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_target_that_asks_to_be_left_alone_is() {
    let gate = Gate::new(&limits(None, None));
    let began = Instant::now();
    gate.note(&answer(429, Some("7")), 0);
    // What was on its way meanwhile ends no pause, and a shorter one does not either.
    gate.note(&answer(200, None), 0);
    gate.note(&answer(503, Some("2")), 0);
    join_all((0..5).map(|_| gate.admit(1))).await;
    assert_eq!(began.elapsed().as_secs(), 7);
    gate.admit(1).await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn after_a_pause_requests_go_as_evenly_as_before() {
    let gate = Gate::new(&limits(Some("10/s"), None));
    let going = (0..30).map(|n| {
        let gate = &gate;
        async move {
            gate.admit(1).await.unwrap();
            if n == 3 {
                gate.note(&answer(429, Some("1")), 0);
            }
            Instant::now()
        }
    });
    let times = join_all(going).await;
    assert!(most(times, Duration::from_secs(1)) <= 10);
}

#[tokio::test(start_paused = true)]
async fn patience_ends() {
    let gate = Gate::new(&limits(None, None));
    let began = Instant::now();
    // All that the target ever says is: later.
    let mut again = Again::default();
    let words = loop {
        gate.note(&answer(429, Some("0")), again.times());
        match gate.admit_again(&mut again).await {
            Ok(_) => {}
            Err(words) => break words,
        }
    };
    assert!(words.contains("longer than 60s"), "{words}");
    assert!(began.elapsed().as_secs() <= 60 && again.times() < 20);
    // Nobody else waits for it then, until it has said something else.
    assert!(gate.admit(1).await.is_err());
    tokio::time::advance(Duration::from_secs(11)).await;
    gate.admit(1).await.unwrap();
    gate.note(&answer(429, None), 0);
    assert!(gate.admit(1).await.is_err());
    tokio::time::advance(Duration::from_secs(1)).await;
    gate.note(&answer(200, None), 0);
    gate.note(&answer(429, None), 0);
    gate.admit(1).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_request_that_is_always_put_off_ends_too() {
    let gate = Gate::new(&limits(None, None));
    let began = Instant::now();
    let mut again = Again::default();
    while gate.admit_again(&mut again).await.is_ok() {
        gate.note(&answer(429, None), again.times());
        gate.admit(1).await.unwrap();
        // Others are answered.
        gate.note(&answer(200, None), 0);
    }
    assert!(again.times() < 20 && began.elapsed().as_secs() < 80);
}

#[test]
fn an_answer_says_for_how_long() {
    let date = "Tue, 20 Apr 2021 02:07:53 GMT";
    let later = "Tue, 20 Apr 2021 02:08:23 GMT";
    for (status, retry_after, seconds) in [
        (429, Some("7"), Some(Some(7))),
        (503, Some("120"), Some(Some(120))),
        (429, Some(later), Some(Some(30))),
        (503, Some(date), Some(Some(0))),
        (429, Some("Mon, 19 Apr 2021 02:07:53 GMT"), Some(Some(0))),
        (429, Some("soon"), Some(None)),
        (429, Some("-1"), Some(None)),
        (503, Some("soon"), Some(None)),
        (429, None, Some(None)),
        (503, None, None),
        (500, Some("7"), None),
        (200, Some("7"), None),
    ] {
        let mut answer = answer(status, retry_after);
        answer.headers.insert(DATE, HeaderValue::from_static(date));
        let put_off = PutOff::of(answer.status, &answer.headers);
        let asked = put_off.map(|put_off| put_off.asked.map(|asked| asked.as_secs()));
        assert_eq!(asked, seconds, "{status} {retry_after:?}");
    }
    let endless = PutOff::of(
        StatusCode::TOO_MANY_REQUESTS,
        &answer(429, Some(&u64::MAX.to_string())).headers,
    );
    assert_eq!(endless.unwrap().pause(0), LONGEST_PAUSE);
}

#[test]
fn only_what_cannot_have_been_done_is_asked_again() {
    for (status, method, again) in [
        (429, Method::POST, true),
        (429, Method::GET, true),
        (503, Method::GET, true),
        (503, Method::POST, false),
        (503, Method::DELETE, false),
    ] {
        let answer = answer(status, Some("1"));
        let put_off = PutOff::of(answer.status, &answer.headers).unwrap();
        assert_eq!(
            put_off.may_be_asked_again(&method),
            again,
            "{status} {method}"
        );
    }
}

#[test]
fn a_date_is_read() {
    let date = HeaderValue::from_static("Tue, 20 Apr 2021 02:07:53 GMT");
    assert_eq!(epoch(&date), Some(1_618_884_473));
    assert_eq!(epoch(&HeaderValue::from_static("now")), None);
}
