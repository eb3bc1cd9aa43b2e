//! What a target sees of the limits, by its own count, and of who calls.

use std::num::NonZeroU32;
use std::time::Instant;

use super::*;
use crate::trace::RunId;

const RACE: [&str; 4] = ["list all", "[1] list all", "[2] list all", "list all"];

#[test]
fn a_run_takes_the_time_that_its_rate_asks_for() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let target = FakeTarget::start(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        ok()
    });
    let mut profile = target.profile();
    profile.limits.rate = Some("200/s".parse().unwrap());
    let began = Instant::now();
    let session = Session::connect(profile).unwrap();
    let traces = session.drive_batch(&vec![Case::told(&RACE); 8], &StopSignal::new());
    let took = began.elapsed();
    assert!(traces.iter().all(|trace| trace.obstacles.is_empty()));
    let requests = u32::try_from(seen.load(Ordering::Relaxed)).unwrap();
    assert_eq!(requests, 32);
    // The first goes at once; token and key count too.
    let least = Duration::from_secs(1) / 200 * (requests + 1);
    assert!(took >= least, "{requests} requests in {took:?}");
}

#[test]
fn a_target_never_has_more_to_do_at_a_time_than_it_may() {
    let at_work = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (now, record) = (Arc::clone(&at_work), Arc::clone(&most));
    let target = FakeTarget::start(move |_| {
        record.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::yield_now();
        // The answer goes out after this, so that the next request can't be here before.
        now.fetch_sub(1, Ordering::SeqCst);
        ok()
    });
    let mut profile = target.profile();
    profile.limits.in_flight = NonZeroU32::new(2);
    let session = Session::connect(profile).unwrap();
    let traces = session.drive_batch(&vec![Case::told(&RACE); 8], &StopSignal::new());
    assert!(
        traces
            .iter()
            .all(|trace| trace.obstacles.is_empty() && trace.exchanges.len() == 4)
    );
    assert!(most.load(Ordering::SeqCst) <= 2);
}

#[test]
fn each_request_says_of_which_run_it_is_unless_it_must_not() {
    for says in [true, false] {
        let target = FakeTarget::start(|_| ok());
        let mut profile = target.profile();
        profile.run_id = says;
        let run = RunId::fresh();
        let session = Session::connect_as(profile, Some(run)).unwrap();
        session.drive_batch(&[Case::told(&["list all"])], &StopSignal::new());
        let asked = target.asked();
        assert_eq!(asked.len(), 3, "token, key and list");
        for Asked { head, .. } in asked {
            assert!(head.contains("user-agent: cardproof/"), "{head}");
            assert_eq!(head.contains(&format!("(run {run})")), says, "{head}");
            assert_eq!(
                head.contains(&format!("x-cardproof-run: {run}")),
                says,
                "{head}"
            );
            assert!(
                !head.contains("\"x-cardproof-run\""),
                "it is signed: {head}"
            );
        }
    }
}

#[test]
fn a_redirect_to_another_host_is_an_answer_and_no_way() {
    let elsewhere = FakeTarget::start_bare(|_| ok());
    for status in [301, 302, 303, 307, 308] {
        let answer = format!(
            "HTTP/1.1 {status} X\r\nlocation: http://{}/v1/cards\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            elsewhere.address
        );
        let answer: &'static str = answer.leak();
        let target = FakeTarget::start(move |_| Act::Raw(answer));
        let trace = drive(target.profile(), &["list all", "create virtual on A"]);
        let told = trace.exchanges.iter().map(|e| e.response().unwrap().status);
        assert_eq!(told.collect::<Vec<_>>(), [status, status]);
    }
    assert!(elsewhere.asked().is_empty());
}
