use proptest::prelude::*;

use super::*;
use crate::case::StepNumber;
use crate::plan::{Abilities, Focus, Generate, Generator};
use crate::toy::{self, Fault};

const BUDGET: usize = 2000;

/// Generated cases that show the fault, one for each of so many seeds.
fn showing(fault: Fault, seeds: u64) -> impl Iterator<Item = Case> {
    let generate = Generate {
        name: "any".to_owned(),
        focus: match fault {
            Fault::CutsCity => Focus::Input,
            Fault::RepeatsDeactivate => Focus::Idempotency,
            Fault::FreesInactive | Fault::PhysicalBlocksVirtual => Focus::Limits,
            Fault::RefusesThird => Focus::Limits,
            Fault::Revives
            | Fault::EndsNeighbour
            | Fault::SecondDeactivateIdle
            | Fault::WakesElsewhere => Focus::Lifecycle,
        },
        cases: 0,
        steps: 30,
    };
    (0..seeds).map(move |seed| {
        let generator = Generator::new(seed, &[], Abilities::ALL);
        (0..10_000)
            .map(|index| generator.case("test", 0, &generate, index))
            .find(|case| toy::shows(case, fault))
            .expect("some generated case shows the fault")
    })
}

fn shrunk(case: &Case, fault: Fault) -> Shrunk {
    let mut departs = |cases: &[Case]| cases.iter().map(|case| toy::shows(case, fault)).collect();
    shrink(case, &mut departs, BUDGET)
}

fn percentile(sorted: &[usize], percent: usize) -> usize {
    sorted[(sorted.len() - 1) * percent / 100]
}

#[test]
fn planted_faults_shrink_to_their_known_minimum() {
    const SEEDS: u64 = 20;
    let (mut minimal, mut total) = (0, 0);
    for (fault, steps_min) in Fault::ALL {
        let mut runs = Vec::new();
        let mut missed = Vec::new();
        for case in showing(fault, SEEDS) {
            let shrunk = shrunk(&case, fault);
            assert!(toy::shows(&shrunk.case, fault) && !shrunk.exhausted);
            runs.push(shrunk.runs);
            total += 1;
            if shrunk.case.steps.len() == steps_min {
                minimal += 1;
            } else {
                missed.push(text(&shrunk.case));
            }
        }
        runs.sort_unstable();
        println!(
            "{fault:?}: runs median {}, p95 {}, max {}; not minimal {missed:#?}",
            percentile(&runs, 50),
            percentile(&runs, 95),
            percentile(&runs, 100),
        );
    }
    assert!(
        minimal * 100 >= total * 99,
        "{minimal} of {total} reached the minimum"
    );
}

#[test]
fn a_fault_in_data_shrinks_to_the_shortest_plain_text() {
    for case in showing(Fault::CutsCity, 20) {
        let city = "a".repeat(36);
        let expected =
            format!("create virtual on A with {{\"billingAddress\":{{\"city\":\"{city}\"}}}}");
        assert_eq!(text(&shrunk(&case, Fault::CutsCity).case), expected);
    }
}

#[test]
fn shrinking_is_deterministic() {
    for (fault, _) in Fault::ALL {
        for case in showing(fault, 3) {
            assert_eq!(shrunk(&case, fault), shrunk(&case, fault));
        }
    }
}

#[test]
fn a_used_up_budget_is_said_and_kept_to() {
    let case = showing(Fault::Revives, 1).next().unwrap();
    let mut most = 0;
    let mut departs = |cases: &[Case]| {
        most = most.max(cases.len());
        cases
            .iter()
            .map(|case| toy::shows(case, Fault::Revives))
            .collect()
    };
    let shrunk = shrink(&case, &mut departs, 5);
    assert!(shrunk.exhausted && shrunk.runs == 5);
    assert!(toy::shows(&shrunk.case, Fault::Revives));
    assert!(most <= BATCH_MAX);
    let none = shrink(&case, &mut |_| Vec::new(), 0);
    assert_eq!((none.runs, none.case.steps.len()), (0, case.steps.len()));
}

/// Reduces by what `departs` says of a case's text and checks the result against it.
fn check(lines: &[&str], departs: impl Fn(&str) -> bool, expected: &[&str]) {
    let case = case_of(lines);
    let mut all = |cases: &[Case]| cases.iter().map(|case| departs(&text(case))).collect();
    let shrunk = shrink(&case, &mut all, BUDGET);
    assert_eq!(text(&shrunk.case), expected.join("\n"));
}

fn case_of(lines: &[&str]) -> Case {
    Case {
        name: "test".to_owned(),
        title: String::new(),
        steps: lines.iter().map(|line| line.parse().unwrap()).collect(),
    }
}

#[test]
fn steps_are_said_more_simply() {
    check(
        &[
            "create physical on C in upper case",
            "retry #1 in upper case",
            "list all",
        ],
        |text| text.contains("create") && text.contains("retry"),
        &["create virtual on A", "retry #1"],
    );
    check(
        &["create physical on B", "list all"],
        |text| text.contains("list"),
        &["list A"],
    );
    check(
        &[
            "create virtual on A",
            "retry #1",
            "retry #2 with {\"type\":\"physical\",\"x\":77}",
        ],
        |text| text.contains("with"),
        &["create virtual on A with {\"x\":0}"],
    );
    check(
        &["read \"00000000-0000-0000-0000-00000000000g\""],
        |text| text.contains('"'),
        &["read \"a\""],
    );
    check(
        &[
            "create virtual on A",
            "create virtual on B",
            "issue #1",
            "deactivate #2",
        ],
        |text| text.contains("issue") && text.contains("deactivate"),
        &["create virtual on A", "issue #1", "deactivate #1"],
    );
    check(
        &[
            "create virtual on A with body \"{\\\"type\\\":7,\\\"more\\\":[1,2]}\" as \"text/plain\"",
        ],
        |text| text.contains("{\\\"type\\\":") && text.ends_with("}\""),
        &["create virtual on A with body \"{\\\"type\\\":0}\""],
    );
}

#[test]
fn accounts_are_called_in_the_order_in_which_they_appear() {
    check(
        &[
            "create virtual on D",
            "create virtual on B",
            "list B",
            "list D",
        ],
        |text| text.lines().count() == 4 && text.contains('B') && text.matches("list").count() == 2,
        &[
            "create virtual on A",
            "create virtual on A",
            "list B",
            "list A",
        ],
    );
}

#[test]
fn a_candidate_never_needs_more_of_the_target_than_the_case() {
    let case = case_of(&[
        "create virtual on A",
        "create virtual on B",
        "issue #1",
        "issue #2",
        "read #2",
    ]);
    let all = needed(&case);
    let mut sane = |cases: &[Case]| {
        for case in cases {
            let more = needed(case).into_iter().find(|need| !all.contains(need));
            assert_eq!(more, None, "{}", text(case));
            assert_eq!(inconsistency(case), None);
        }
        cases
            .iter()
            .map(|case| text(case).matches("issue").count() == 2)
            .collect()
    };
    assert_eq!(shrink(&case, &mut sane, BUDGET).case.steps.len(), 4);
}

fn generated(index: usize) -> Case {
    let generate = Generate {
        name: "any".to_owned(),
        focus: Focus::Mixed,
        cases: 0,
        steps: 14,
    };
    Generator::new(1, &[], Abilities::ALL).case("test", 0, &generate, index)
}

/// Nothing can be taken out of a result: not one step, nor, in a short case, two.
fn check_minimal(case: &Case, departs: &dyn Fn(&Case) -> bool) -> Result<(), TestCaseError> {
    let mut all = |cases: &[Case]| cases.iter().map(departs).collect();
    let result = shrink(case, &mut all, usize::MAX).case;
    let steps = result.steps.len();
    for first in 1..=steps {
        for second in first..=steps {
            let without = result.restricted(|n| n != StepNumber(first) && n != StepNumber(second));
            let without = with_plain_names(&without);
            let matters = first == second || steps <= 10;
            prop_assert!(
                without.steps.is_empty() || !matters || !departs(&without),
                "{}\nstill departs without {first} and {second}",
                text(&result)
            );
        }
    }
    Ok(())
}

fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_can_be_taken_out_of_a_result_when_more_shows_more(
        index in 0_usize..1000,
        picks in proptest::collection::vec(any::<proptest::sample::Index>(), 1..4),
    ) {
        let case = generated(index);
        let verb = |case: &Case, n: usize| case.steps[n].to_string().split(' ').next().unwrap_or("").to_owned();
        let mut places: Vec<_> = picks.iter().map(|pick| pick.index(case.steps.len())).collect();
        places.sort_unstable();
        places.dedup();
        let wanted: Vec<_> = places.into_iter().map(|n| verb(&case, n)).collect();
        check_minimal(&with_plain_names(&case), &|case| {
            let mut verbs: Vec<_> = (0..case.steps.len()).map(|n| verb(case, n)).collect();
            wanted.iter().all(|word| verbs.iter().position(|v| v == word).map(|n| verbs.remove(n)).is_some())
        })?;
    }

    #[test]
    fn nothing_can_be_taken_out_of_a_result_whatever_the_answers_are(index in 0_usize..1000, salt: u64, share in 2_u64..8) {
        let case = with_plain_names(&generated(index));
        let all = text(&case);
        check_minimal(&case, &|case| text(case) == all || u64::from((hash(&text(case)) ^ salt).count_ones()).is_multiple_of(share))?;
    }
}

const RACE: [&str; 9] = [
    "create virtual on A",
    "create physical on B",
    "issue #1",
    "[2] terminate #1",
    "[3] deactivate #1",
    "[3] retry #5",
    "[4] read #1",
    "[4] list all",
    "read #1",
];

#[test]
fn what_needs_no_race_is_shown_without_one() {
    let both = |case: &Case| {
        let commands = text(case);
        commands.contains("terminate") && commands.contains("deactivate")
    };
    let mut departs = |cases: &[Case]| cases.iter().map(both).collect();
    let shrunk = shrink(&Case::told(&RACE), &mut departs, BUDGET).case;
    assert!(!shrunk.has_race(), "{}", text(&shrunk));
    assert_eq!(shrunk.steps.len(), 3, "{}", text(&shrunk));
}

#[test]
fn a_race_keeps_the_lanes_that_it_needs() {
    // Terminate and deactivate of one card at the same time.
    let meet = |case: &Case| {
        case.stretches().into_iter().any(|stretch| {
            let lane_of = |verb: &str| {
                let mut steps = case.steps[stretch.clone()].iter();
                steps.find(|s| s.to_string().contains(verb))?.lane
            };
            let lanes = (lane_of(" terminate"), lane_of(" deactivate"));
            matches!(lanes, (Some(one), Some(other)) if one != other)
        })
    };
    let mut departs = |cases: &[Case]| cases.iter().map(meet).collect();
    let shrunk = shrink(&Case::told(&RACE), &mut departs, BUDGET).case;
    assert_eq!(
        text(&shrunk),
        "create virtual on A\n[1] terminate #1\n[2] deactivate #1"
    );
}

#[test]
fn what_only_waits_goes_first() {
    let case = Case::told(&[
        "create virtual on A",
        "issue #1",
        "await event of #1",
        "pause 6000ms",
        "deactivate #1",
        "read #1",
    ]);
    let mut waiting = 0;
    let mut departs = |cases: &[Case]| {
        waiting += cases.iter().filter(|case| takes_time(case)).count();
        let rests = |case: &Case| text(case).contains("deactivate");
        cases.iter().map(rests).collect()
    };
    let shrunk = shrink(&case, &mut departs, BUDGET);
    assert_eq!(text(&shrunk.case), "create virtual on A\ndeactivate #1");
    assert!(waiting < BATCH_MAX, "only beside the first that does not");
}

#[test]
fn of_what_stood_behind_the_first_that_departs_nothing_is_known() {
    let cases = [["list A"], ["read unknown"], ["list all"]].map(|steps| Case::told(&steps));
    let mut batch = Batch::default();
    for case in &cases {
        batch.add(text(case), case.clone());
    }
    let mut search = Search {
        best: cases[0].clone(),
        needed: Vec::new(),
        verdicts: HashMap::new(),
        still_departs: &mut |_| vec![false, true, false],
        budget: BUDGET,
        runs: 0,
        exhausted: false,
    };
    assert!(search.run(&mut batch));
    let told = cases.map(|case| search.verdicts.get(&text(&case)).copied());
    assert_eq!(told, [Some(false), Some(true), None]);
}
