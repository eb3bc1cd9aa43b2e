use std::collections::BTreeMap;

use super::super::*;
use super::planned;
use crate::card::{Action, CardStatus};
use crate::case::{AccountRef, Body, CardRef, Command, Flaw, KeyUse, Step};
use crate::contract::Contract;
use crate::toy;

fn text(planned: &[Planned]) -> String {
    let mut text = String::new();
    for Planned { case, suite, .. } in planned {
        text += &format!("{suite} {}\n", case.name);
        case.steps
            .iter()
            .for_each(|step| text += &format!("{step}\n"));
    }
    text
}

fn digest(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn generated(seed: u64) -> Vec<Planned> {
    let mut planned = planned(&[DEFAULT_SUITE], seed);
    planned.retain(is_generated);
    planned
}

fn is_generated(planned: &Planned) -> bool {
    matches!(planned.origin, Origin::Generated { .. })
}

/// When this fails, seeds mean other cases than in the last version: say so in the changelog, and set the new digest.
#[test]
fn the_same_seed_gives_the_same_cases_in_every_version() {
    let shown = text(&generated(42));
    assert_eq!(
        digest(&shown),
        GOLDEN,
        "the first case is now\n{}",
        &shown[..400]
    );
}

const GOLDEN: &str = "18570d81eaa491b1560250d4c918070dfbca8de07bec04369cf0f3954ca528a0";

#[test]
fn another_seed_gives_other_cases() {
    let suites = Suite::find(DEFAULT_SUITE).unwrap();
    let budget = Budget { cases: Some(40) };
    let shown = |seed| {
        let planned = plan(&suites, seed, budget, Contract::embedded(), Abilities::ALL);
        text(&planned.filter(is_generated).collect::<Vec<_>>())
    };
    assert_eq!(shown(7), shown(7));
    assert_ne!(shown(7), shown(8));
}

#[test]
fn a_case_does_not_depend_on_how_many_there_are() {
    let suites = Suite::find(DEFAULT_SUITE).unwrap();
    let of = |cases| {
        let budget = Budget { cases: Some(cases) };
        let cases: BTreeMap<_, _> = plan(&suites, 5, budget, Contract::embedded(), Abilities::ALL)
            .map(|p| ((p.suite.clone(), p.case.name.clone()), p.case))
            .collect();
        cases
    };
    let (few, many) = (of(40), of(300));
    assert_eq!(many.len() - few.len(), 260);
    assert!(few.iter().all(|(key, case)| many.get(key) == Some(case)));
}

#[test]
fn an_early_stop_has_seen_a_bit_of_each_table() {
    let suites = Suite::find(DEFAULT_SUITE).unwrap();
    let tables = suites.iter().flat_map(|suite| &suite.generate);
    // Generated cases that move the clock come last of all.
    let tables = tables.filter(|g| g.focus != Focus::Time).count();
    let mut seen: Vec<_> = generated(1)
        .into_iter()
        .take(3 * tables)
        .map(|p| p.suite)
        .collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), tables);
}

#[test]
fn countries_come_from_the_document() {
    let suites = Suite::find("input").unwrap();
    let document = include_str!("../../../spec/cards.openapi.yaml");
    let (before, rest) = document.split_once("          'AD', 'AE'").unwrap();
    let (_, after) = rest.split_once(']').unwrap();
    let document = format!("{before}          'FI', 'GB']{after}");
    let contract = Contract::parse("finland.yaml", &document).unwrap();
    let planned = plan(&suites, 1, Budget::default(), &contract, Abilities::ALL);
    let generated: Vec<_> = planned.filter(is_generated).collect();
    let shown = text(&generated);
    assert!(shown.contains("\"country\":\"FI\""));
    assert!(!shown.contains("\"country\":\"SE\""));
}

#[test]
fn generated_cases_are_consistent_and_keep_to_their_length() {
    for seed in [1, 43] {
        for planned in generated(seed) {
            assert_eq!(inconsistency(&planned.case), None, "{}", planned.case.name);
            assert!((1..=18).contains(&planned.case.steps.len()));
            let lists_all = |step: &&Step| step.command == Command::ListProgramme;
            assert!(planned.case.steps.iter().filter(lists_all).count() <= 2);
        }
    }
}

/// A thing that many cases should have in them.
type Feature = (&'static str, usize, fn(&Case) -> bool);

fn any(case: &Case, test: impl Fn(&Step) -> bool) -> bool {
    case.steps.iter().any(test)
}

fn after(case: &Case, first: impl Fn(&Step) -> bool, then: impl Fn(&Step) -> bool) -> bool {
    let place = case.steps.iter().position(first);
    place.is_some_and(|place| case.steps[place..].iter().any(then))
}

fn acts(step: &Step, action: Action) -> bool {
    matches!(step.command, Command::Act(a, _) if a == action)
}

/// How many of some 500 generated cases have to show what the catalogue needs, at least.
const FEATURES: [Feature; 30] = [
    ("lists all", 60, |c| {
        any(c, |s| s.command == Command::ListProgramme)
    }),
    ("retries", 120, |c| {
        any(c, |s| matches!(s.command, Command::Retry(_)))
    }),
    ("retries with another payload", 30, |c| {
        any(c, |s| {
            matches!(s.command, Command::Retry(_)) && s.body != Body::Standard
        })
    }),
    ("retries under the key in upper case", 25, |c| {
        any(c, |s| {
            matches!(s.command, Command::Retry(_)) && s.upper_case
        })
    }),
    ("a used key elsewhere", 25, |c| {
        any(c, |s| matches!(s.key, KeyUse::Of(_)))
    }),
    ("no key", 15, |c| any(c, |s| s.key == KeyUse::Missing)),
    ("a malformed key", 15, |c| {
        any(c, |s| matches!(s.key, KeyUse::Text(_)))
    }),
    ("upper case ids in reads", 30, |c| {
        any(c, |s| {
            s.upper_case && matches!(s.command, Command::Read(_) | Command::ListAccount(_))
        })
    }),
    ("upper case ids in calls", 15, |c| {
        any(c, |s| s.upper_case && matches!(s.command, Command::Act(..)))
    }),
    ("an unknown card", 10, |c| {
        any(c, |s| {
            matches!(
                s.command,
                Command::Read(CardRef::Unknown) | Command::Act(_, CardRef::Unknown)
            )
        })
    }),
    ("a foreign card", 10, |c| {
        any(c, |s| {
            matches!(
                s.command,
                Command::Read(CardRef::Foreign) | Command::Act(_, CardRef::Foreign)
            )
        })
    }),
    ("a malformed card id", 10, |c| {
        any(c, |s| {
            matches!(
                s.command,
                Command::Read(CardRef::Malformed(_)) | Command::Act(_, CardRef::Malformed(_))
            )
        })
    }),
    ("an unknown account", 10, |c| {
        any(c, |s| account(s) == Some(&AccountRef::Unknown))
    }),
    ("a foreign account", 10, |c| {
        any(c, |s| account(s) == Some(&AccountRef::Foreign))
    }),
    ("a malformed account id", 10, |c| {
        any(c, |s| matches!(account(s), Some(AccountRef::Malformed(_))))
    }),
    ("a body that is no request", 10, |c| {
        any(c, |s| matches!(s.body, Body::Text(_)))
    }),
    ("another media type", 2, |c| {
        any(c, |s| s.media_type.is_some())
    }),
    ("a patched create", 120, |c| {
        any(c, |s| s.makes_card() && matches!(s.body, Body::Patched(_)))
    }),
    ("an unknown property", 3, |c| patched_with(c, "nickname")),
    ("no shipping address", 5, |c| {
        patched_with(c, "\"shippingAddress\":null")
    }),
    ("a long text", 25, |c| {
        any(c, |s| s.to_string().chars().count() > 100)
    }),
    ("text beyond the basic plane", 20, |c| {
        any(c, |s| s.to_string().chars().any(|c| c > '\u{ffff}'))
    }),
    ("an empty text", 5, |c| patched_with(c, ":\"\"")),
    ("activate after terminate", 25, |c| {
        after(
            c,
            |s| acts(s, Action::Terminate),
            |s| acts(s, Action::Activate),
        )
    }),
    ("create after terminate", 60, |c| {
        after(c, |s| acts(s, Action::Terminate), Step::makes_card)
    }),
    ("activate after suspend", 8, |c| {
        after(
            c,
            |s| acts(s, Action::Suspend),
            |s| acts(s, Action::Activate),
        )
    }),
    ("a call after block", 8, |c| {
        after(
            c,
            |s| acts(s, Action::Block),
            |s| acts(s, Action::Activate) || acts(s, Action::Terminate),
        )
    }),
    ("a call after failure", 15, |c| {
        after(
            c,
            |s| acts(s, Action::Fail),
            |s| acts(s, Action::Activate) || acts(s, Action::Terminate),
        )
    }),
    ("two accounts", 120, |c| c.accounts().len() > 1),
    ("a taken slot", 80, takes_a_taken_slot),
];

fn account(step: &Step) -> Option<&AccountRef> {
    match &step.command {
        Command::Create { account, .. } | Command::ListAccount(account) => Some(account),
        _ => None,
    }
}

fn patched_with(case: &Case, words: &str) -> bool {
    any(
        case,
        |s| matches!(&s.body, Body::Patched(patch) if patch.to_string().contains(words)),
    )
}

fn takes_a_taken_slot(case: &Case) -> bool {
    let mut taken = Vec::new();
    let creates = case
        .steps
        .iter()
        .filter(|s| s.makes_card() && s.body == Body::Standard && s.flaw.is_none());
    creates.into_iter().any(|step| {
        let again = taken.contains(&&step.command);
        taken.push(&step.command);
        again
    })
}

#[test]
fn generated_cases_go_deep_and_wide() {
    let mut cases: Vec<Case> = generated(42).into_iter().map(|p| p.case).collect();
    cases.extend(generated(43).into_iter().map(|p| p.case));
    cases.truncate(500);
    assert_eq!(cases.len(), 500);
    let mut reached: BTreeMap<CardStatus, usize> = BTreeMap::new();
    for case in &cases {
        let mut statuses = toy::reached(case);
        statuses.sort_unstable();
        statuses.dedup();
        statuses
            .into_iter()
            .for_each(|status| *reached.entry(status).or_default() += 1);
    }
    println!("{reached:?}");
    let reached = |status| reached.get(&status).copied().unwrap_or(0);
    assert!(reached(CardStatus::Active) >= 400);
    for (status, least) in [
        (CardStatus::Inactive, 100),
        (CardStatus::Suspended, 25),
        (CardStatus::Blocked, 12),
        (CardStatus::IssueFailed, 35),
        (CardStatus::Terminated, 120),
    ] {
        assert!(reached(status) >= least, "{status}: {}", reached(status));
    }
    let mut steps: Vec<_> = cases.iter().map(|case| case.steps.len()).collect();
    steps.sort_unstable();
    println!(
        "steps: median {}, least {}, most {}",
        steps[250], steps[0], steps[499]
    );
    for (words, least, has) in FEATURES {
        let count = cases.iter().filter(|case| has(case)).count();
        println!("{words}: {count}");
        assert!(count >= least, "{words}: only {count} of 500");
    }
    // The complete set has them all; here a good part of them meets cards in every state.
    let occurs = |flaw: &&Flaw| cases.iter().any(|c| any(c, |s| s.flaw == Some(**flaw)));
    let flaws = Flaw::ALL.iter().filter(occurs).count();
    assert!(flaws >= Flaw::ALL.len() / 2, "only {flaws} flaws");
}

#[test]
fn a_race_is_planned_as_wide_as_the_limits_allow() {
    let suites = Suite::find("races").unwrap();
    let left = |at_once| {
        let abilities = Abilities {
            at_once,
            ..Abilities::ALL
        };
        let planned = plan(
            &suites,
            1,
            Budget::default(),
            Contract::embedded(),
            abilities,
        );
        let widths = planned
            .filter(|planned| planned.missing.is_empty())
            .map(|planned| planned.case.widest_race());
        widths.max().unwrap_or(0)
    };
    assert!(left(None) > 2);
    assert_eq!(left(Some(2)), 2);
    assert!(left(Some(1)) <= 1);
}

#[test]
fn time_passes_in_the_last_cases_alone() {
    let cases: Vec<Case> = generated(1).into_iter().map(|p| p.case).collect();
    let first = cases.iter().position(Case::moves_clock).unwrap();
    let of_time = &cases[first..];
    assert!(of_time.len() <= 24);
    let count = |has: &dyn Fn(&Step) -> bool| {
        let with = |case: &&Case| case.steps.iter().any(has);
        of_time.iter().filter(with).count()
    };
    assert!(count(&|s| matches!(s.command, Command::MoveClock(_))) >= 16);
    assert!(count(&|s| matches!(s.command, Command::Retry(_))) >= 10);
    assert!(count(&|s| s.flaw == Some(Flaw::ExpiredBearer)) >= 2);
    let without = Abilities {
        clock: false,
        ..Abilities::ALL
    };
    let suites = Suite::find(DEFAULT_SUITE).unwrap();
    let moving = plan(&suites, 1, Budget::default(), Contract::embedded(), without)
        .filter(|planned| planned.case.moves_clock() && planned.missing.is_empty());
    assert_eq!(moving.count(), 0);
}

/// The cases of the default suite that are run against a target which offers this.
fn run_where(offered: Abilities) -> Vec<Case> {
    let suites = Suite::find(DEFAULT_SUITE).unwrap();
    let planned = plan(&suites, 1, Budget::default(), Contract::embedded(), offered);
    let run = planned.filter(|planned| planned.missing.is_empty());
    run.map(|planned| planned.case).collect()
}

#[test]
fn where_no_card_is_ever_issued_cases_that_wait_for_it_are_not_run() {
    let never = Abilities {
        simulator: false,
        issuance: false,
        ..Abilities::ALL
    };
    let run = run_where(never);
    let is_issue = |step: &Step| matches!(step.command, Command::Act(Action::Issue, _));
    assert!(run.len() > 100, "{} cases are left", run.len());
    assert!(!run.iter().any(|case| case.steps.iter().any(is_issue)));
}

#[test]
fn where_nothing_may_be_changed_only_cases_that_read_are_run() {
    let guest = Abilities {
        changes: false,
        foreign_changes: false,
        ..Abilities::ALL
    };
    let run = run_where(guest);
    assert!(!run.is_empty(), "there is nothing to read");
    for case in run {
        for step in &case.steps {
            let reads = matches!(
                step.command,
                Command::Read(_)
                    | Command::ListAccount(_)
                    | Command::ListProgramme
                    | Command::Pause(_)
                    | Command::Retry(_)
            );
            assert!(
                reads && step.method.as_ref().is_none_or(http::Method::is_safe),
                "{step}"
            );
        }
    }
}

#[test]
fn outside_a_sandbox_what_is_foreign_is_read_and_nothing_else() {
    let guest = Abilities {
        foreign_changes: false,
        ..Abilities::ALL
    };
    for (step, is_run) in [
        ("read foreign", true),
        ("list foreign", true),
        ("terminate foreign", false),
        ("create virtual on foreign", false),
        ("read foreign by DELETE", false),
    ] {
        let case = Case {
            name: "c".into(),
            title: String::new(),
            steps: vec![step.parse().unwrap()],
        };
        assert_eq!(guest.missing(&case).is_empty(), is_run, "{step}");
    }
}
