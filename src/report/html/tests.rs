use std::collections::BTreeSet;

use super::*;
use crate::judge::TriedOrder;
use crate::report::sample::{case, departure, exchange, finding, look, report, revival};
use crate::report::{Finding, Made, NotRun};
use crate::requirement::id;
use crate::trace::{Event, Micros, Reply};

fn drawn(report: &Report) -> String {
    page(report, &look())
}

/// The values of an attribute.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let parts = page.split(name).skip(1);
    parts.filter_map(|part| part.split('"').next()).collect()
}

fn race() -> Finding {
    let during = |step: usize, sent_at: u64, received_at: u64| crate::trace::Exchange {
        sent_at: Micros(sent_at),
        received_at: Micros(received_at),
        ..exchange(step, "PATCH", 204, "")
    };
    let steps = ["create virtual on A", "[1] terminate #1", "[2] activate #1"];
    Finding {
        departure: crate::judge::Departure {
            tried: vec![TriedOrder {
                order: Vec::new(),
                fails_at: crate::case::StepNumber(3),
                because: "the card is not there".to_owned(),
            }],
            ..departure(id::LIFE_15, 3)
        },
        case: case("race", steps),
        exchanges: vec![
            exchange(1, "POST", 201, "{}"),
            during(2, 10_000, 13_000),
            during(3, 10_100, 11_000),
        ],
        ..finding(id::LIFE_15, 1)
    }
}

#[test]
fn a_stranger_finds_the_rule_what_was_expected_and_how_to_see_it_again() {
    let page = drawn(&report(vec![revival()]));
    for words in [
        "A terminated card stays terminated, whatever is called.",
        "the status terminated",
        "the status active",
        "step 3, by",
        "cardproof replay reports/it/cases/LIFE-4.toml --profile mine.toml",
        "cardproof run --profile mine.toml --suite full --seed 1",
        "curl --include --request DELETE",
        "authorization: Bearer $TOKEN",
        "download=\"LIFE-4.toml\"",
        "GET /cards (list the programme&#39;s cards), cards.openapi.yaml line",
    ] {
        assert!(page.contains(words), "no {words}");
    }
}

#[test]
fn findings_of_one_rule_are_told_apart_where_they_are_listed() {
    let mut second = revival();
    second.id = "LIFE-4-2".to_owned();
    second.departure.step = crate::case::StepNumber(2);
    let page = drawn(&report(vec![revival(), second]));
    let (_, index) = page.split_once("<ul class=\"index\">").unwrap();
    let (index, _) = index.split_once("</ul>").unwrap();
    let lines: Vec<&str> = index.lines().filter(|line| line.contains("<li>")).collect();
    for (line, words) in lines.iter().zip(["at step 5, ", "at step 2, "]) {
        assert!(line.contains(words), "{line}");
    }
}

/// What is closed is text for a browser that runs the page's script, until it is opened: nothing in it may end that early.
#[test]
fn what_is_closed_at_first_is_text_that_ends_where_it_should() {
    let mut findings: Vec<Finding> = (1..=12).map(|n| finding(id::READ_1, n)).collect();
    findings[11].departure.actual = "</noscript><script>alert(1)</script>".to_owned();
    let page = drawn(&report(findings));
    assert_eq!(page.matches("<noscript>").count(), 2);
    assert_eq!(page.matches("</noscript>\n</details>").count(), 2);
    assert_eq!(page.matches("</noscript>").count(), 2);
}

#[test]
fn every_anchor_resolves_and_every_id_is_one() {
    let mut second = revival();
    second.id = "LIFE-4-2".to_owned();
    let page = drawn(&report(vec![revival(), second, race()]));
    let ids = attributes(&page, " id=\"");
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len(), "an id stands twice");
    let links = attributes(&page, "href=\"#");
    assert!(links.len() > 100, "only {} links", links.len());
    for link in links {
        assert!(unique.contains(link), "#{link} leads nowhere");
    }
    for anchor in [
        "LIFE-4",
        "LIFE-4-2-step-1",
        "rule-LIFE-4",
        "states",
        "point-OPEN-7",
    ] {
        assert!(unique.contains(anchor), "no #{anchor}");
    }
}

#[test]
fn nothing_is_loaded_and_only_its_own_script_runs() {
    let page = drawn(&report(vec![revival(), race()]));
    let between = |from: &str, to: &str| {
        let (_, rest) = page.split_once(from).unwrap();
        rest.split_once(to).unwrap().0
    };
    assert!(page.contains(&format!(
        "style-src '{}'",
        digest_of(between("<style>", "</style>"))
    )));
    assert!(page.contains(&format!(
        "script-src '{}'",
        digest_of(between("<script>", "</script>"))
    )));
    assert!(page.contains("default-src 'none'"));
    for attribute in [
        " src=",
        " style=",
        " onclick=",
        "<link",
        "@import",
        "url(http",
    ] {
        assert!(!page.contains(attribute), "{attribute}");
    }
    for link in attributes(&page, "href=\"") {
        let is_own = link.starts_with('#') || link.starts_with("data:text/plain;");
        assert!(is_own, "{link}");
    }
}

/// Hostile words, wherever a target or a profile has a say.
#[test]
fn hostile_strings_stay_text() {
    let evil = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>`</style>\u{202e}\u{1b}[2J{{7*7}}";
    let lost = Reply::Lost(evil.to_owned());
    let mut hostile = Finding {
        rule: evil.to_owned(),
        found_in: evil.to_owned(),
        departure: crate::judge::Departure {
            expected: evil.to_owned(),
            actual: evil.to_owned(),
            diff: Some(format!("-{evil}\n+{evil}")),
            ..departure(id::LIFE_4, 1)
        },
        exchanges: vec![exchange(1, evil, 200, evil)],
        events: vec![Event {
            received_at: Micros(1_200),
            subscription: None,
            headers: vec![(evil.to_owned(), evil.to_owned())],
            body: evil.to_owned(),
            answered: 204,
        }],
        ..finding(id::LIFE_4, 1)
    };
    hostile.exchanges[0].request.path = evil.to_owned();
    hostile.exchanges[0].request.body = Some(evil.to_owned());
    let mut without = hostile.clone();
    without.id = "LIFE-4-2".to_owned();
    without.exchanges[0].reply = lost;
    let mut report = report(vec![hostile, without]);
    report.target.name = evil.to_owned();
    report.target.base_url = evil.to_owned();
    report.because = evil.to_owned();
    report.contract.title = evil.to_owned();
    report.contract.file = evil.to_owned();
    report.obstacles[0].words = evil.to_owned();
    report.obstacles[0].case = evil.to_owned();
    report.requirements[0].because = Some(evil.to_owned());
    report.readings[0].readings = vec![evil.to_owned()];
    report.readings[1].scope = evil.to_owned();
    report.not_run = vec![NotRun {
        because: evil.to_owned(),
        cases: 2,
    }];
    report.made = Some(Made {
        cards: 1,
        left: vec![Left {
            card: crate::card::CardId::new(evil),
            account: crate::card::AccountId::new(evil),
            card_type: None,
            status: None,
            because: evil.to_owned(),
        }],
    });
    let page = drawn(&report);
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("</style").count(), 1);
    assert!(!page.contains("<img"));
    assert!(page.matches("alert(1)").count() > 20, "it is shown");
    let hidden = page
        .chars()
        .find(|c| *c != '\n' && !crate::visible_json::is_visible(*c));
    assert_eq!(hidden, None);
}

#[test]
fn what_was_not_exercised_is_white() {
    let mut report = report(vec![]);
    let machine = Machine::of(&report);
    let cell = |status: &str, call: &str| {
        let row = machine
            .rows
            .iter()
            .find(|row| row.status == status)
            .unwrap();
        let place = machine.calls.iter().position(|c| *c == call).unwrap();
        &row.cells[place]
    };
    let answers = |cell: &machine::Cell| -> Vec<String> {
        let answers = cell.answers.iter();
        answers
            .map(|a| format!("{} {}", a.answer, a.times))
            .collect()
    };
    assert_eq!(
        answers(cell("terminated", "activate")),
        ["204 3×", "409 41×"]
    );
    assert_eq!(answers(cell("active", "read")), ["no answer 1×"]);
    assert_eq!(cell("active", "terminate").contract, "→ terminated");
    assert_eq!(cell("blocked", "activate").contract, "refused");
    assert!(cell("inactive", "terminate").answers.is_empty());
    assert!(
        !machine.calls.contains(&"block"),
        "no column for what the target has not"
    );
    let white: Vec<&str> = machine
        .states
        .iter()
        .filter(|s| s.is_white)
        .map(|s| s.name)
        .collect();
    assert_eq!(white, ["suspended", "blocked", "issue_failed"]);
    report.coverage.clear();
    let blank = Machine::of(&report);
    assert!(blank.arrows.iter().all(|arrow| arrow.is_white));
}

#[test]
fn a_race_is_a_row_for_each_lane() {
    let [race] = &lanes::races(&race())[..] else {
        panic!("one race")
    };
    let names: Vec<&str> = race.lanes.iter().map(|lane| lane.name.as_str()).collect();
    assert_eq!(names, ["[1]", "[2]"]);
    assert_eq!(race.took, "3.0 ms");
    let bars: Vec<(&str, bool)> = race
        .lanes
        .iter()
        .map(|l| (l.bars[0].x.as_str(), l.bars[0].departs))
        .collect();
    assert_eq!(bars, [("36.0", false), ("55.3", true)]);
}

#[test]
fn a_page_of_five_hundred_departures_is_no_book() {
    let findings = (1..=500).map(|number| {
        let id = format!("LIFE-4-{number}");
        Finding { id, ..revival() }
    });
    let page = drawn(&report(findings.collect()));
    let each = page.len() / 500;
    assert!(each < 20_000, "{each} bytes each");
    assert_eq!(
        page.matches(" open>").count(),
        2 * OPEN_MAX + 490,
        "only the first are open"
    );
}

#[test]
fn words_between_backticks_are_of_the_wire() {
    let parts: Vec<_> = prose("a `b` c").collect();
    assert_eq!(parts, [(false, "a "), (true, "b"), (false, " c")]);
    let parts: Vec<_> = prose("it's ` alone").collect();
    assert_eq!(parts, [(false, "it's ` alone")]);
}
