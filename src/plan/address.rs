//! Addresses at the edges of what is valid: long, in every script, with and without what is optional.
//!
//! Texts keep to characters that are assigned and printable. Controls, bidirectional overrides, private use and
//! noncharacters are left out, since a target may have good reasons to refuse them.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Union};
use serde_json::{Value, json};

/// Used when the caller knows no countries.
const COMMON_COUNTRIES: [&str; 6] = ["NO", "SE", "DE", "GB", "US", "JP"];

/// Lengths next to the sizes that columns and card networks like to have (35, 64, 100, 255).
const LENGTHS: [usize; 8] = [36, 64, 65, 100, 101, 255, 256, 300];

/// Words that have gone wrong before somewhere.
const TELLING: [&str; 37] = [
    "Østlandet",
    "Café",
    // The same, decomposed.
    "Cafe\u{301}",
    "Straße 7",
    "İstanbul",
    "Ñuñoa",
    "Đà Nẵng",
    "Łódź",
    "Αθήνα",
    "Москва",
    "ירושלים",
    "القاهرة",
    "שלום 12 street",
    "دبي 45B",
    "मुंबई",
    "தமிழ்",
    "ไทย กรุงเทพ",
    "東京都",
    "서울",
    // The same, in conjoining letters.
    "\u{1109}\u{1165}\u{110b}\u{116e}\u{11af}",
    // CJK beyond the basic plane: extensions B and G.
    "\u{20bb7}野家",
    "\u{30ede}\u{30ede}面",
    // Gothic and mathematical letters, beyond the basic plane too.
    "\u{10330}\u{10331}",
    "\u{1d504}\u{1d505}",
    "🏠 7",
    // A family: one sign to the eye, five characters with zero-width joiners.
    "👩\u{200d}👩\u{200d}👧",
    "🇳🇴",
    // A variation selector of plane 14.
    "葛\u{e0100}城",
    "a\u{200d}b",
    "o\u{328}\u{304}",
    "O'Brien & \"Sons\" <b>Ltd</b>",
    "C:\\temp\\%20;--",
    "Marks &amp; Spencer &#39;7&#39;",
    "null",
    "0154",
    "12E5",
    "+44 20",
];

/// Contiguous, wholly assigned stretches of letters, from several planes.
const STRETCHES: [(u32, u32); 15] = [
    (0x20, 0x7e),
    (0xc0, 0x17f),
    (0x391, 0x3a1),
    (0x410, 0x44f),
    (0x5d0, 0x5ea),
    (0x620, 0x64a),
    (0x905, 0x939),
    (0xe01, 0xe2e),
    (0x10d0, 0x10f0),
    (0x3041, 0x3096),
    (0x4e00, 0x9fa5),
    (0xac00, 0xd7a3),
    (0x1f600, 0x1f64f),
    (0x20000, 0x2a6d6),
    (0x30000, 0x3134a),
];

/// A country's code: one of the caller's, or a common one.
pub(super) fn country(countries: &[String]) -> BoxedStrategy<String> {
    if countries.is_empty() {
        return select(&COMMON_COUNTRIES[..])
            .prop_map(str::to_owned)
            .boxed();
    }
    select(countries.to_vec()).boxed()
}

/// Text that belongs into an address, ordinary or not.
pub(super) fn text() -> BoxedStrategy<String> {
    Union::new_weighted(vec![
        (3, "[A-Z][a-z]{2,11}( [0-9]{1,3})?".boxed()),
        (5, long().boxed()),
        (6, select(&TELLING[..]).prop_map(str::to_owned).boxed()),
        (4, stretch().boxed()),
        (1, Just(String::new()).boxed()),
        (
            1,
            select(&[" Oslo", "Oslo ", "  Oslo  Vest  ", " "][..])
                .prop_map(str::to_owned)
                .boxed(),
        ),
    ])
    .boxed()
}

fn long() -> impl Strategy<Value = String> {
    let units = select(&["a", "Long lane ", "é", "漢", "😀", "a\u{301}"][..]);
    (select(&LENGTHS[..]), units).prop_map(|(length, unit)| {
        let endless = unit.chars().cycle();
        let text: String = endless.take(length).collect();
        // A space at the end would be another edge than that of the length.
        text.strip_suffix(' ')
            .map_or(text.clone(), |rest| format!("{rest}x"))
    })
}

fn stretch() -> impl Strategy<Value = String> {
    select(&STRETCHES[..]).prop_flat_map(|(first, last)| {
        let letter = (first..=last).prop_map(|code| char::from_u32(code).unwrap_or('?'));
        proptest::collection::vec(letter, 1..=20).prop_map(|letters| {
            let text: String = letters.into_iter().collect();
            text.trim().to_owned() + "."
        })
    })
}

/// A whole address: the required members, and the optional ones as they come.
pub(super) fn whole(countries: &[String]) -> BoxedStrategy<Value> {
    let optional = || proptest::option::of(text());
    let required = (text(), text(), country(countries), text());
    (required, optional(), optional())
        .prop_map(|((first_line, city, country, post_code), second_line, state)| {
            let mut address = json!({"firstLine": first_line, "city": city, "country": country, "postCode": post_code});
            for (name, value) in [("secondLine", second_line), ("state", state)] {
                if let Some(value) = value {
                    address[name] = value.into();
                }
            }
            address
        })
        .boxed()
}

/// A patch of one member of an address.
fn member(countries: &[String]) -> BoxedStrategy<Value> {
    let texts = ["firstLine", "secondLine", "city", "state", "postCode"];
    let text_member = (select(texts.to_vec()), text()).prop_map(|(name, text)| json!({name: text}));
    let country_member = country(countries).prop_map(|country| json!({"country": country}));
    // A merge patch with null takes a member away.
    let absent = select(vec!["secondLine", "state"]).prop_map(|name| json!({name: null}));
    Union::new_weighted(vec![
        (8, text_member.boxed()),
        (2, country_member.boxed()),
        (1, absent.boxed()),
    ])
    .boxed()
}

/// A patch that keeps a request valid, as far as the contract says.
pub(super) fn valid_patch(countries: &[String]) -> BoxedStrategy<Value> {
    Union::new_weighted(vec![
        (
            10,
            member(countries)
                .prop_map(|m| json!({"billingAddress": m}))
                .boxed(),
        ),
        (
            3,
            whole(countries)
                .prop_map(|a| json!({"billingAddress": a}))
                .boxed(),
        ),
        (
            2,
            whole(countries)
                .prop_map(|a| json!({"shippingAddress": a}))
                .boxed(),
        ),
        (1, Just(json!({"nickname": "x"})).boxed()),
    ])
    .boxed()
}

/// A patch that makes the payload of a create another one, by one leaf where that can be.
pub(super) fn change(
    countries: &[String],
    card_type: crate::card::CardType,
) -> BoxedStrategy<Value> {
    let city = json!({"billingAddress": {"city": "Elsewhere"}});
    let second_line = json!({"billingAddress": {"secondLine": "Back door"}});
    let shipping = whole(countries).prop_map(|a| json!({"shippingAddress": a}));
    let country = country(countries).prop_map(|c| json!({"billingAddress": {"country": c}}));
    let other_type = match card_type {
        crate::card::CardType::Physical => Just(json!({"type": "virtual"})).boxed(),
        crate::card::CardType::Virtual => whole(countries)
            .prop_map(|a| json!({"type": "physical", "shippingAddress": a}))
            .boxed(),
    };
    prop_oneof![Just(city), Just(second_line), country, shipping, other_type].boxed()
}
