//! How often innocent values are taken for card data: a large sample of what fills headers and bodies.
//!
//! Why so rarely: a mark needs 13 to 19 digits that stand alone, a card range (1 in 5 of what begins at random) and a right
//! check digit (1 in 10). Of the kinds below only numbers that are nothing but 13 to 19 digits get so far. A leak needs a
//! name besides, or the ten digits of a card of the case (1 in 10^10), or an encoding whose content is digits
//! (1 in 10^18 of digests). So the bound on leaks is none at all, and the bound on marks is for evidence's sake.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Leak, leaks};

/// Values of each kind; there are fourteen kinds, so more than a million in all.
const EACH: u64 = 72_000;
/// Values are looked at in bodies of so many.
const IN_A_BODY: u64 = 500;

/// A number that looks random and is the same each time (splitmix64).
fn random(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Some moment between 2001 and 2033, in seconds since the epoch.
fn seconds(n: u64) -> u64 {
    1_000_000_000 + random(n) % 1_000_000_000
}

fn uuid(n: u64) -> uuid::Builder {
    let bits = (u128::from(random(n)) << 64) | u128::from(random(!n));
    uuid::Builder::from_u128(bits)
}

const HEX: &[u8] = b"0123456789abcdef";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What random bytes look like in this alphabet: any letters.
fn letters(alphabet: &[u8], n: u64, length: usize) -> String {
    const BITS: u32 = 6;
    let among = alphabet.len() as u64;
    let letter = |bits: u64| char::from(alphabet[usize::try_from(bits % among).expect("few")]);
    let tens = (0..).map(|ten: u64| random(n ^ (ten << 32)));
    tens.flat_map(|bits| (0..10).map(move |place| bits >> (place * BITS)))
        .map(letter)
        .take(length)
        .collect()
}

/// Puts values into bodies under a name and counts what is found: (leaks, marks).
fn count(name: &str, quoted: bool, value: impl Fn(u64) -> String) -> (usize, usize) {
    let (mut leaked, mut doubtful) = (0, 0);
    for first in (0..EACH).step_by(usize::try_from(IN_A_BODY).expect("few")) {
        let members = (first..first + IN_A_BODY).map(|n| match quoted {
            true => format!("{{\"{name}\":\"{}\"}}", value(n)),
            false => format!("{{\"{name}\":{}}}", value(n)),
        });
        let body = format!("[{}]", members.collect::<Vec<_>>().join(","));
        for leak in leaks(&vec![(name.to_owned(), value(first))], &body) {
            match leak {
                Leak::Doubtful(_) => doubtful += 1,
                Leak::Number(_) | Leak::Code(_) => leaked += 1,
            }
        }
    }
    (leaked, doubtful)
}

fn check_never(name: &str, quoted: bool, value: impl Fn(u64) -> String) {
    assert_eq!(count(name, quoted, value), (0, 0), "{name}");
}

#[test]
fn uuids_are_no_card_data() {
    check_never("id", true, |n| {
        let version = uuid::Version::Random;
        uuid(n).with_version(version).into_uuid().to_string()
    });
    check_never("eventId", true, |n| {
        let time = uuid::Timestamp::from_unix(uuid::NoContext, seconds(n), 0);
        uuid::Uuid::new_v7(time).to_string()
    });
    check_never("requestId", true, |n| {
        uuid(n).into_uuid().simple().to_string()
    });
}

#[test]
fn times_are_no_card_data() {
    check_never("createdAt", true, |n| {
        let at = i64::try_from(seconds(n) * 1_000_000 + random(n) % 1_000_000).expect("near");
        jiff::Timestamp::from_microsecond(at)
            .expect("near")
            .to_string()
    });
    check_never("expiresAt", false, |n| seconds(n).to_string());
    check_never("timestamp", false, |n| (seconds(n) * 1_000).to_string());
    check_never("micros", false, |n| {
        (seconds(n) * 1_000_000 + random(n) % 1_000_000).to_string()
    });
    check_never("nanos", true, |n| {
        (seconds(n) * 1_000_000_000 + random(n) % 1_000_000_000).to_string()
    });
}

#[test]
fn digests_are_no_card_data() {
    check_never("etag", true, |n| letters(HEX, n, 64));
    check_never("contentDigest", true, |n| letters(BASE64, n, 86) + "==");
}

#[test]
fn tokens_are_no_card_data() {
    check_never("token", true, |n| {
        let claims = URL_SAFE_NO_PAD.encode(format!("{{\"exp\":{}}}", seconds(n)));
        let tag = letters(BASE64_URL, n, 43);
        format!("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{claims}.{tag}")
    });
}

#[test]
fn trace_ids_are_no_card_data() {
    check_never("traceparent", true, |n| {
        format!(
            "00-{:016x}{:016x}-{:016x}-01",
            random(n),
            random(!n),
            random(n ^ 7)
        )
    });
}

/// Numbers of nothing but digits are marked once in fifty times, and never leak.
#[test]
fn order_numbers_are_doubtful_at_most() {
    let sixteen = |n: u64| format!("{:016}", random(n) % 10_000_000_000_000_000);
    for (name, quoted) in [("orderNumber", true), ("reference", true)] {
        let (leaked, doubtful) = count(name, quoted, sixteen);
        assert_eq!(leaked, 0, "{name}");
        let bound = usize::try_from(EACH / 40).expect("few");
        assert!(
            (1..bound).contains(&doubtful),
            "{name}: {doubtful} of {EACH}"
        );
    }
}
