use super::*;
use crate::case::StepNumber;
use crate::exit_code::ExitCode;
use crate::judge::Departure;
use crate::judge::TriedOrder;
use crate::report::Confirmation;
use crate::report::sample::{case, departure, exchange, finding, report, revival};
use crate::requirement::id;
use crate::trace::{Exchange, Micros, Reply};

fn drawn(report: &Report, width: usize, detail: Detail) -> String {
    let code = ExitCode::of(report);
    let ending = format!("{}: {}", code.number(), code.words());
    let look = Look {
        width,
        screen: None,
        detail,
        folder: Some(Path::new("reports/it")),
        target_flags: "--fault terminate-is-reversible",
        ending: &ending,
    };
    let mut out = anstream::StripStream::new(Vec::new());
    write(report, &look, &mut out).unwrap();
    String::from_utf8(out.into_inner()).unwrap()
}

#[test]
fn a_conforming_run() {
    insta::assert_snapshot!(drawn(&report(vec![]), 100, Detail::Normal));
}

#[test]
fn a_conforming_run_in_full() {
    insta::assert_snapshot!(drawn(&report(vec![]), 100, Detail::Full));
}

#[test]
fn a_run_with_departures() {
    let replayed = Finding {
        departure: Departure {
            expected: "the response to step 1, unchanged".to_owned(),
            actual: "another body".to_owned(),
            instead: vec![id::IDEM_4],
            diff: Some("-  \"id\": \"1\"\n+  \"id\": \"2\"".to_owned()),
            ..departure(id::IDEM_3, 2)
        },
        case: case("twice", ["create virtual on A", "retry #1"]),
        exchanges: vec![
            exchange(1, "POST", 201, r#"{"id":"1","status":"issuing"}"#),
            exchange(2, "POST", 201, r#"{"id":"2","status":"issuing"}"#),
        ],
        events: Vec::new(),
        confirmation: Confirmation {
            reproduced: 0,
            attempts: 5,
        },
        ..finding(id::IDEM_3, 1)
    };
    let report = report(vec![revival(), replayed]);
    insta::assert_snapshot!(drawn(&report, 100, Detail::Normal));
    insta::assert_snapshot!("in_brief", drawn(&report, 100, Detail::Brief));
}

#[test]
fn a_narrow_terminal_wraps_and_loses_no_finding() {
    let text = drawn(&report(vec![revival()]), 50, Detail::Normal);
    insta::assert_snapshot!(text);
}

#[test]
fn the_wire_is_shown_when_everything_is_asked_for() {
    let text = drawn(&report(vec![revival()]), 100, Detail::Full);
    let (_, findings) = text.split_once("\nFindings").unwrap();
    let (findings, _) = findings.split_once("\nOpen points").unwrap();
    insta::assert_snapshot!(findings);
}

#[test]
fn after_ten_findings_the_others_have_a_line_each() {
    let findings = (1..=14).map(|n| finding(id::READ_1, n)).collect();
    let text = drawn(&report(findings), 100, Detail::Normal);
    assert_eq!(text.matches("cardproof replay").count(), 10);
    for n in 2..=14 {
        assert!(text.contains(&format!("READ-1-{n}")), "{n}");
    }
}

/// What a terminal of so many columns and lines shows.
fn on_a_screen(report: &Report, width: usize, lines: usize) -> String {
    let look = Look {
        width,
        screen: Some(lines),
        detail: Detail::Normal,
        ..crate::report::sample::look()
    };
    let mut out = anstream::StripStream::new(Vec::new());
    write(report, &look, &mut out).unwrap();
    String::from_utf8(out.into_inner()).unwrap()
}

/// Forty departures from forty requirements of all topics.
fn forty() -> Report {
    let rules = crate::requirement::all().map(|rule| rule.id);
    report(rules.step_by(3).take(40).map(|id| finding(id, 1)).collect())
}

#[test]
fn forty_departures_fit_one_screen() {
    let text = on_a_screen(&forty(), 100, 40);
    assert!(text.lines().count() < 40, "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_summary_is_as_wide_as_the_terminal_and_fills_its_lines() {
    for (width, lines) in [(50, 40), (80, 24), (100, 40), (100, 60), (120, 200)] {
        let text = on_a_screen(&forty(), width, lines);
        let named = text.matches("  reproduced 5/5").count();
        let takes = text.lines().count();
        let is_full = takes == lines.max(40) - 1;
        assert!(
            named == 5 || is_full || named == 40,
            "{takes} of {lines}\n{text}"
        );
        let more = format!("and {} more in report.html", 40 - named);
        assert_eq!(text.contains(&more), named < 40, "{text}");
        let is_copied = |line: &str| line.contains("again") || line.contains("  report  ");
        let is_too_wide = |line: &&str| line.chars().count() > width && !is_copied(line);
        assert_eq!(text.lines().find(is_too_wide), None, "{width} × {lines}");
    }
}

#[test]
fn a_few_findings_are_shown_in_full_where_there_is_room() {
    let two = report(vec![revival(), finding(id::READ_1, 1)]);
    for (lines, in_full) in [(40, 0), (50, 1), (60, 2)] {
        let text = on_a_screen(&two, 100, lines);
        assert_eq!(text.matches("cardproof replay").count(), in_full, "{text}");
        assert!(text.lines().count() < lines, "{text}");
        assert!(text.contains("READ-1  "), "{text}");
    }
}

#[test]
fn on_a_terminal_the_page_is_a_link_and_nowhere_else() {
    let drawn = |screen| {
        let look = Look {
            screen,
            detail: Detail::Normal,
            folder: Some(Path::new("/my reports\u{1b}[2J")),
            ..crate::report::sample::look()
        };
        let mut out = Vec::new();
        write(&report(vec![]), &look, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let link = "\u{1b}]8;;file:///my%20reports%1B[2J/report.html\u{1b}\\";
    assert!(drawn(Some(40)).contains(link), "{:?}", drawn(Some(40)));
    assert!(!drawn(None).contains("]8;;"));
    let stripped = anstream::adapter::strip_str(&drawn(Some(40))).to_string();
    assert!(
        stripped.contains("  /my reports\\u{1b}[2J/report.html\n"),
        "{stripped}"
    );
}

#[test]
fn nothing_that_a_target_sends_moves_the_cursor() {
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\r\n\u{202e}✓ pass";
    let mut shown = Finding {
        found_in: evil.to_owned(),
        rule: evil.to_owned(),
        departure: Departure {
            expected: evil.to_owned(),
            actual: evil.to_owned(),
            diff: Some(evil.to_owned()),
            ..departure(id::LIFE_4, 1)
        },
        exchanges: vec![exchange(1, evil, 200, evil)],
        ..finding(id::LIFE_4, 1)
    };
    let lost = Finding {
        exchanges: vec![shown.exchanges[0].clone()],
        ..shown.clone()
    };
    shown.exchanges[0].reply = Reply::Lost(evil.to_owned());
    let mut report = report(vec![shown, lost]);
    report.target.name = evil.to_owned();
    report.obstacles[0].words = evil.to_owned();
    for detail in [Detail::Brief, Detail::Normal, Detail::Full] {
        let text = drawn(&report, 100, detail);
        let bad = text
            .chars()
            .find(|c| *c != '\n' && (c.is_control() || *c == '\u{202e}'));
        assert_eq!(bad, None, "{detail:?}\n{text}");
    }
    let mut raw = Vec::new();
    let look = Look {
        width: 100,
        screen: None,
        detail: Detail::Full,
        folder: None,
        target_flags: "",
        ending: "",
    };
    write(&report, &look, &mut raw).unwrap();
    let raw = String::from_utf8(raw).unwrap();
    let styles_only = raw.split('\u{1b}').skip(1).all(|rest| {
        rest.starts_with('[')
            && rest[1..]
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
                .starts_with('m')
    });
    assert!(styles_only, "an escape sequence that is no style");
}

#[test]
fn a_path_with_spaces_is_quoted_for_the_shell() {
    let report = report(vec![finding(id::READ_1, 1)]);
    let look = Look {
        width: 100,
        screen: None,
        detail: Detail::Normal,
        folder: Some(Path::new("my reports")),
        target_flags: "",
        ending: "",
    };
    let mut out = anstream::StripStream::new(Vec::new());
    write(&report, &look, &mut out).unwrap();
    let text = String::from_utf8(out.into_inner()).unwrap();
    assert!(
        text.contains("cardproof replay 'my reports/cases/READ-1.toml'\n"),
        "{text}"
    );
}

/// Two lanes, of which one has two steps: what overlapped is drawn, and the orders are told.
#[test]
fn a_race_is_drawn_over_time() {
    let during = |step: usize, sent_at: u64, received_at: u64, status: u16| Exchange {
        sent_at: Micros(sent_at),
        received_at: Micros(received_at),
        ..exchange(step, "PATCH", status, "")
    };
    let steps = [
        "create virtual on A",
        "[1] terminate #1",
        "[2] deactivate #1",
        "[2] activate #1",
    ];
    let tried = |order: &[usize], because: &str| TriedOrder {
        order: order.iter().map(|step| StepNumber(*step)).collect(),
        fails_at: StepNumber(4),
        because: because.to_owned(),
    };
    let race = Finding {
        departure: Departure {
            tried: vec![
                tried(&[3, 2], "it was answered 204, in place of a refusal (409)"),
                tried(&[], "the card is not there"),
            ],
            ..departure(id::LIFE_15, 4)
        },
        case: case("race", steps),
        exchanges: vec![
            exchange(1, "POST", 201, r#"{"id":"1","status":"issuing"}"#),
            during(2, 10_000, 13_000, 204),
            during(3, 10_100, 11_000, 204),
            during(4, 11_050, 12_500, 204),
        ],
        confirmation: Confirmation {
            reproduced: 17,
            attempts: 50,
        },
        ..finding(id::LIFE_15, 1)
    };
    let text = drawn(&report(vec![race]), 80, Detail::Normal);
    let (_, findings) = text.split_once("\nFindings").unwrap();
    let (findings, _) = findings.split_once("\nThe run").unwrap();
    insta::assert_snapshot!(findings);
}
