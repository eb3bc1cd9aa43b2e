//! What is masked, and what stays.

use proptest::prelude::*;

use super::*;

fn check(text: &str, masked: &str) {
    assert_eq!(card_numbers(text), masked);
}

#[test]
fn a_card_number_is_masked_wherever_it_stands_alone() {
    let mark = "[card number 411111******1111]";
    for (before, after) in [
        ("", ""),
        ("{\"pan\":\"", "\"}"),
        ("pan=", "&exp=1227"),
        ("/cards/", "/activate"),
        ("the card ", ", yours"),
        ("the card ", ". Thanks"),
        ("first line\\n", "\\nlast line"),
        ("12 ", " 12/27"),
    ] {
        for number in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
        ] {
            check(
                &format!("{before}{number}{after}"),
                &format!("{before}{mark}{after}"),
            );
        }
    }
}

#[test]
fn each_range_is_known() {
    check("5555555555554444", "[card number 555555******4444]");
    check("2223003122003222", "[card number 222300******3222]");
    check("4222222222222", "[card number 422222******2222]");
    check(
        "4111111111111111 and 5555555555554444",
        "[card number 411111******1111] and [card number 555555******4444]",
    );
}

#[test]
fn a_number_may_be_filled_up_with_zeros() {
    for text in [
        "0004111111111111111",
        "04111111111111111",
        "0000004222222222222",
    ] {
        let digits = text.trim_start_matches('0');
        let mask = format!("{}******{}", &digits[..6], &digits[digits.len() - 4..]);
        check(text, &format!("[card number {mask}]"));
    }
}

#[test]
fn what_is_no_card_number_stays() {
    for text in [
        // Longer than any field for a number; a trace id may be so.
        "00004111111111111111",
        "a0004111111111111111",
        "0.0004111111111111111",
        "411111******1111",
        "4111111111111112",
        "3782 822463 10005",
        "0.4111111111111111",
        "4111111111111111.5",
        "a4111111111111111",
        "4111111111111111f",
        "14111111111111111111",
        "0.4111111111111111-1",
        "a-4111111111111111f",
        "00-4111111111111111-01",
        "41111111-1111-1111-1111-111111111111",
        "4111-1111-1111-1111-2222",
        "ab-4111-1111-1111-1111",
        "+4111111111111111",
        "f00d4111111111111111",
        "4111111111111111DEAD_beef",
        "id_4111111111111111ab",
        "tok_4111111111111112",
        "tok_+4111111111111111",
        "2026-11-22T10:45:31.4111111111111111Z",
        "4111 1111  1111 1111",
        "",
    ] {
        check(text, text);
    }
}

#[test]
fn a_card_number_is_masked_in_a_word_that_is_not_hexadecimal() {
    let mark = "[card number 411111******1111]";
    for (before, after) in [
        ("tok_", ""),
        ("card_", "\""),
        ("visa", ""),
        ("", "_v1"),
        ("", "x"),
        ("ref:", "Z"),
        ("_", "_"),
        ("a_", ""),
        ("\\nT", ","),
    ] {
        check(
            &format!("{before}4111111111111111{after}"),
            &format!("{before}{mark}{after}"),
        );
    }
}

/// Each number looks at the word around it, but not at all of one that is as long as a body.
#[test]
fn a_word_of_many_numbers_is_masked_in_one_go() {
    let word = "x4111111111111111".repeat(20_000);
    let masked = card_numbers(&word).into_owned();
    assert_eq!(masked, "x[card number 411111******1111]".repeat(20_000));
}

#[test]
fn a_body_stays_json() {
    for (body, masked) in [
        (
            r#"{"pan":4111111111111111,"n":[1,"x"]}"#,
            r#"{"pan":"[card number 411111******1111]","n":[1,"x"]}"#,
        ),
        (
            r#"{"pan":"4111111111111111"}"#,
            r#"{"pan":"[card number 411111******1111]"}"#,
        ),
        ("{4111111111111111", "{[card number 411111******1111]"),
    ] {
        assert_eq!(card_numbers_in_body(body), masked);
    }
}

/// The masks of a number in its forms are one.
fn check_hidden(text: &str, masked: &str) {
    assert_eq!(card_numbers_in_body(text), masked, "{text}");
}

#[test]
fn a_number_in_groups_is_masked() {
    let mark = "[card number 411111******1111]";
    for grouped in [
        "4111.1111.1111.1111",
        "4111/1111/1111/1111",
        "4111_1111_1111_1111",
        "4111+1111+1111+1111",
        "4111\u{a0}1111\u{a0}1111\u{a0}1111",
        "4111\u{2013}1111\u{2013}1111\u{2013}1111",
        "4111\t1111\t1111\t1111",
    ] {
        check_hidden(grouped, mark);
    }
    for (text, masked) in [
        ("1, 22, 4111111111111111 4", format!("1, 22, {mark} 4")),
        (
            "27 - 4222222222222",
            "27 - [card number 422222******2222]".to_owned(),
        ),
        ("4111111111111111-1", format!("{mark}-1")),
        ("card-4111111111111111", format!("card-{mark}")),
        ("\"4111111111111111-7f\"", format!("\"{mark}-7f\"")),
    ] {
        check_hidden(text, &masked);
    }
    let array = format!("[\"{mark}\"]");
    for grouped in [
        r#"["4111","1111","1111","1111"]"#,
        r#"["4111", "1111", "1111", "1111"]"#,
        "[4111,1111,1111,1111]",
        "[4111, 1111, 1111, 1111]",
    ] {
        check_hidden(grouped, &array);
    }
    for text in [
        "41.11.11.11.11.11.11.11",
        "4111.111.1111.11111",
        "[4111,1111,1111,1112]",
    ] {
        check_hidden(text, text);
    }
}

#[test]
fn an_encoded_number_is_masked() {
    let mark = "[encoded card number 411111******1111]";
    for (encoded, masked) in [
        ("NDExMTExMTExMTExMTExMQ==", format!("{mark}==")),
        ("\"NDExMTExMTExMTExMTExMQ\"", format!("\"{mark}\"")),
        ("eyJwYW4iOiI0MTExMTExMTExMTExMTExIn0", mark.to_owned()),
        (
            "a.eyJwYW4iOiI0MTExMTExMTExMTExMTExIn0.c",
            format!("a.{mark}.c"),
        ),
        ("tok_NDExMTExMTExMTExMTExMQ", mark.to_owned()),
        (
            "\"34313131313131313131313131313131\"",
            format!("\"{mark}\""),
        ),
        ("x=%34%31%31%31111111111111", format!("x={mark}")),
        ("4111%201111%201111%201111", mark.to_owned()),
        (r"\u0034111111111111111", mark.to_owned()),
        ("&#52;111111111111111", mark.to_owned()),
        ("&#x34;111111111111111", mark.to_owned()),
    ] {
        check_hidden(encoded, &masked);
    }
}

#[test]
fn a_cvv_or_pin_is_masked_where_it_is_named() {
    for (text, masked) in [
        (r#"{"cvv":"737"}"#, r#"{"cvv":"[card code]"}"#),
        (
            r#"{"a":{"card_cvv2":737}}"#,
            r#"{"a":{"card_cvv2":"[card code]"}}"#,
        ),
        (
            r#"{"securityCode": 1234}"#,
            r#"{"securityCode":"[card code]"}"#,
        ),
        (
            r#"{"raw":"{\"cvc\":\"737\"}"}"#,
            r#"{"raw":"{\"cvc\":\"[card code]\"}"}"#,
        ),
        ("cvv=737&x=1", "cvv=[card code]&x=1"),
        ("the PIN is 4071.", "the PIN is [card code]."),
        (r#"{"pin":"407112"}"#, r#"{"pin":"[card code]"}"#),
    ] {
        check_hidden(text, masked);
    }
    assert_eq!(card_numbers_in_header("x-card-cvv", "737"), CODE_MARK);
}

#[test]
fn what_is_no_cvv_or_pin_stays() {
    for text in [
        r#"{"cvv":"***"}"#,
        r#"{"cvvResult":"101"}"#,
        r#"{"cvvLength":3,"pinTries":1234}"#,
        r#"{"pin":"set","pinSet":true,"pin":12}"#,
        r#"{"shipping":1234,"spin":1234}"#,
        r#"{"pincode":"560001"}"#,
        "pin 2026-11-22",
        "cvv must have 3 digits",
    ] {
        check_hidden(text, text);
    }
    assert_eq!(card_numbers_in_header("x-pin-tries", "1234"), "1234");
}

fn check_untouched(text: &str) -> Result<(), TestCaseError> {
    prop_assert_eq!(card_numbers(text), text);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_uuid_is_no_card_number(id in any::<u128>(), decimal in "[0-9]{8}-[0-9]{4}-4[0-9]{3}-8[0-9]{3}-[0-9]{12}") {
        let id = uuid::Uuid::from_u128(id);
        check_untouched(&format!("/accounts/{id}/cards"))?;
        check_untouched(&id.simple().to_string())?;
        check_untouched(&decimal)?;
    }

    #[test]
    fn a_time_is_no_card_number(micros in 0_i64..4_000_000_000_000_000) {
        let time = jiff::Timestamp::from_microsecond(micros).unwrap();
        check_untouched(&time.to_string())?;
        check_untouched(&time.strftime("%Y-%m-%d %H:%M:%S").to_string())?;
        check_untouched(&format!("{{\"at\":{}.{:06}}}", micros / 1_000_000, micros % 1_000_000))?;
    }

    /// Epoch microseconds of our days begin with 1.
    #[test]
    fn an_epoch_in_small_units_is_no_card_number(seconds in 1_000_000_000_u64..2_000_000_000, rest in 0_u64..1_000_000_000) {
        check_untouched(&format!("{seconds}{:03}", rest % 1000))?;
        check_untouched(&format!("{seconds}{:06}", rest % 1_000_000))?;
        check_untouched(&format!("{seconds}{rest:09}"))?;
    }

    #[test]
    fn a_digest_is_no_card_number(bytes in proptest::collection::vec(any::<u8>(), 32..64)) {
        use base64::Engine;
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        check_untouched(&hex)?;
        check_untouched(&format!("sha-256=:{}:", base64::engine::general_purpose::STANDARD.encode(&bytes)))?;
    }

    #[test]
    fn any_text_is_survived(text in ".{0,80}", digits in "[0-9 .-]{0,60}") {
        card_numbers_in_body(&text);
        card_numbers_in_body(&digits);
    }
}

/// The search for base64 leaves out what can't hold digits; it must leave out no number, wherever it begins.
#[test]
fn a_number_in_base64_is_found_at_every_offset() {
    use base64::Engine;
    for offset in 0..6 {
        for number in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "5555-5555-5555-4444",
            "4222222222222",
        ] {
            let text = format!("{}{number};", " ".repeat(offset));
            let encoded = base64::engine::general_purpose::STANDARD.encode(text);
            let masked = card_numbers(&encoded);
            assert!(
                masked.starts_with(ENCODED_NUMBER_MARK),
                "{offset} {number}: {masked}"
            );
        }
    }
}

#[test]
fn a_pin_block_is_masked_by_its_name() {
    for (body, masked) in [
        (
            r#"{"pinBlock":"0412AC89ABCDEF67"}"#,
            r#"{"pinBlock":"[card code]"}"#,
        ),
        (
            r#"{"a":1,"clear_pin_block" : "2C1234567890ABFF","b":2}"#,
            r#"{"a":1,"clear_pin_block" : "[card code]","b":2}"#,
        ),
        (
            r#"{"PINBLOCK":"0412ac89abcdef670412ac89abcdef67"}"#,
            r#"{"PINBLOCK":"[card code]"}"#,
        ),
        ("PIN Block: 0412AC89ABCDEF67", "PIN Block: [card code]"),
    ] {
        check_hidden(body, masked);
        assert_eq!(card_numbers_in_body(masked), masked);
    }
    assert_eq!(
        card_numbers_in_header("x-pin-block", "0412AC89ABCDEF67"),
        CODE_MARK
    );
    for text in [
        r#"{"encryptedPinBlock":"0412AC89ABCDEF67"}"#,
        r#"{"pinBlock":"0412AC89ABCDEF6"}"#,
        r#"{"pinBlock":"0412AC89ABCDEF67Z"}"#,
        r#"{"pinBlockFormat":"0412AC89ABCDEF67"}"#,
        r#"{"block":"0412AC89ABCDEF67"}"#,
        r#"{"spinBlock":"0412AC89ABCDEF67"}"#,
        r#"{"pinBlocked":"0412AC89ABCDEF67"}"#,
        r#"{"pinBlock":true}"#,
    ] {
        check_hidden(text, text);
    }
}
