use super::super::*;
use super::planned;
use crate::card::Action;
use crate::case::{Command, Flaw};

#[test]
fn the_full_suite_includes_every_other() {
    let suites = Suite::find(DEFAULT_SUITE).unwrap();
    let mut names: Vec<_> = suites.iter().map(|suite| suite.name.as_str()).collect();
    assert_eq!(names.pop(), Some(DEFAULT_SUITE));
    names.push(DEFAULT_SUITE);
    names.sort_unstable();
    assert_eq!(names, Suite::built_in_names());
}

#[test]
fn the_full_suite_is_as_large_as_its_time_allows() {
    let suites = Suite::find(DEFAULT_SUITE).unwrap();
    let cases = planned_count(&suites, Budget::default(), Contract::embedded());
    assert!((700..=1650).contains(&cases), "{cases} cases");
    assert_eq!(cases, planned(&[DEFAULT_SUITE], 1).len());
    for suite in &suites {
        println!(
            "{}: {} written, {} in all",
            suite.name,
            suite.cases.len(),
            suite.case_count(Contract::embedded())
        );
    }
    let smoke = planned(&["smoke"], 1);
    assert!(
        smoke
            .iter()
            .all(|planned| planned.origin == Origin::Written)
    );
}

#[test]
fn every_built_in_suite_says_what_it_is_for_and_every_case_what_it_shows() {
    for suite in Suite::find(DEFAULT_SUITE).unwrap() {
        assert!(
            !suite.title.is_empty() && suite.about.ends_with('.'),
            "{}",
            suite.name
        );
        for case in &suite.cases {
            let title = &case.title;
            let sentence = title.starts_with(char::is_uppercase) && !title.ends_with('.');
            assert!(sentence, "{}: {title}", case.name);
        }
    }
}

#[test]
fn no_built_in_case_has_the_name_of_another() {
    let mut names: Vec<_> = planned(&[DEFAULT_SUITE], 1)
        .into_iter()
        .map(|planned| (planned.suite, planned.case.name))
        .collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn a_suite_says_how_often_its_cases_are_run() {
    let text = "times = 3\n[[case]]\nname = \"one\"\nsteps = ['list A']\n";
    let suite = Suite::from_toml("mine", "mine.toml", text).unwrap();
    let suites = [suite];
    let contract = Contract::embedded();
    let cases = plan(&suites, 1, Budget::default(), contract, Abilities::ALL);
    let names: Vec<String> = cases.map(|planned| planned.case.name).collect();
    assert_eq!(names, ["one", "one-again-2", "one-again-3"]);
    assert_eq!(suites[0].case_count(contract), 3);
    for wrong in ["times = 0", "times = 10001", "times = \"often\""] {
        let error = Suite::from_toml("mine", "mine.toml", wrong).unwrap_err();
        assert!(error.to_string().starts_with("mine.toml:1:9: "), "{error}");
    }
}

/// Which lane of a race is first is a matter of chance, and of the order in which they are let go.
#[test]
fn a_race_by_hand_is_run_four_times_half_of_them_the_other_way_round() {
    let races = planned(&["races"], 1);
    let written = |name: &str| {
        let mut again = races.iter().filter(|p| p.origin == Origin::Again);
        let found = again.find(|p| p.case.name == name);
        &found.unwrap_or_else(|| panic!("{name}")).case
    };
    for suite in Suite::find("races").unwrap() {
        for case in suite.cases.iter().filter(|case| !case.moves_clock()) {
            let turn = |turn| &written(&format!("{}-again-{turn}", case.name)).steps;
            let turned = &case.with_lanes_turned().steps;
            let expected = [turned, &case.steps, turned];
            assert_eq!([turn(2), turn(3), turn(4)], expected, "{}", case.name);
            assert_ne!(turned, &case.steps, "{}", case.name);
        }
    }
}

#[test]
fn cases_that_wait_for_seconds_begin() {
    let planned = planned(&["limits", "idempotency"], 1);
    assert_eq!(planned[0].case.name, "retried-seconds-later");
    assert_eq!(planned[1].suite, "limits");
}

#[test]
fn step_numbers_in_the_files_are_right() {
    for name in Suite::built_in_names() {
        let path = format!("{}/suites/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let mut number = 0;
        for line in text.lines() {
            let step_line = line.trim_start().starts_with('\'');
            match line.rsplit_once("# ").filter(|_| step_line) {
                Some((step, told)) => {
                    number += 1;
                    assert_eq!(told.trim(), number.to_string(), "{name}: {step}");
                }
                None => number = 0,
            }
        }
    }
}

#[test]
fn cases_that_need_what_the_target_lacks_are_told() {
    let suites = Suite::find(DEFAULT_SUITE).unwrap();
    // Without leave to change anything there would be next to nothing.
    let none = Abilities {
        issuance: true,
        changes: true,
        foreign_changes: true,
        accounts: true,
        ..Abilities::default()
    };
    let planned: Vec<_> = plan(&suites, 3, Budget::default(), Contract::embedded(), none).collect();
    let told: Vec<_> = planned.iter().filter(|p| !p.missing.is_empty()).collect();
    assert!(
        !told
            .iter()
            .any(|p| matches!(p.origin, Origin::Generated { .. })),
        "generated cases need nothing that is missing"
    );
    for (name, missing) in [
        ("suspended", Ability::Issuer),
        ("blocked-for-good", Ability::Issuer),
        ("failed-issuance", Ability::Simulator),
        ("issued-twice", Ability::Simulator),
        ("retried-issue", Ability::Simulator),
        ("foreign-card", Ability::Foreign),
        ("foreign-account", Ability::Foreign),
        ("no-bearer", Ability::Bearer),
        ("no-signature", Ability::Signing),
        ("life-is-told", Ability::Webhooks),
    ] {
        let planned = told.iter().find(|p| p.case.name == name);
        assert_eq!(
            planned.map(|p| p.missing.as_slice()),
            Some(&[missing][..]),
            "{name}"
        );
    }
    let plain = planned
        .iter()
        .filter(|p| p.origin == Origin::Written)
        .find(|p| p.case.name == "second-issued-first");
    assert_eq!(
        plain.map(|p| p.missing.len()),
        Some(0),
        "the first issue of a card is a wait"
    );
}

#[test]
fn a_target_that_offers_everything_gets_every_case() {
    assert!(
        planned(&[DEFAULT_SUITE], 1)
            .iter()
            .all(|p| p.missing.is_empty())
    );
}

#[test]
fn every_action_and_flaw_stands_in_some_case_of_every_seed() {
    let written: Vec<_> = planned(&[DEFAULT_SUITE], 1)
        .into_iter()
        .filter(|planned| !matches!(planned.origin, Origin::Generated { .. }))
        .flat_map(|planned| planned.case.steps)
        .collect();
    for action in Action::ALL {
        let called =
            |step: &crate::case::Step| matches!(step.command, Command::Act(a, _) if a == action);
        assert!(written.iter().any(called), "{action}");
    }
    for flaw in Flaw::ALL {
        assert!(written.iter().any(|step| step.flaw == Some(flaw)), "{flaw}");
    }
}
