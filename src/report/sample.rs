//! Made-up reports, for the tests of the writers.

use std::collections::BTreeMap;

use super::text::{Detail, Look};
use super::*;
use crate::judge::{CardCall, Departure, Origin};
use crate::requirement::{Needs, all, id};
use crate::trace::{CaseNumber, CaseTrace, Micros, Reply, Request, Response};

/// A run that shows all that this version can show, and departs in `findings`.
pub fn report(findings: Vec<Finding>) -> Report {
    let mut report = report_asked(findings, &Demands::default());
    report.obstacles = vec![ObstacleFact {
        words: "no answer within 5s, so the rest of the case was left out".to_owned(),
        case: "life-of-a-card".to_owned(),
        step: Some(StepNumber(3)),
        times: 2,
        overcome: false,
    }];
    report
}

/// The same without obstacles, of which something is asked.
pub fn report_asked(findings: Vec<Finding>, demands: &Demands) -> Report {
    let exercised: BTreeMap<RequirementId, u32> = all()
        .filter(|r| {
            matches!(
                r.needs,
                Needs::Nothing | Needs::Simulator | Needs::Bearer | Needs::Signing | Needs::AtOnce
            )
        })
        .zip((1..).step_by(37))
        .map(|(r, times)| (r.id, times))
        .collect();
    let facts = Facts {
        exercised: &exercised,
        findings: &findings,
        disabled: &[(
            "LEAK-1".to_owned(),
            "the sandbox prints test numbers".to_owned(),
        )]
        .into(),
        lacks: &[Needs::Issuer],
        wants: &std::collections::BTreeMap::new(),
        misses: &std::collections::BTreeMap::new(),
        hindered: false,
        whole: true,
        demands,
    };
    let requirements = requirement_results(&facts);
    let (verdict, because) = Overall::of(&requirements, &facts);
    let gate = Gate::of(demands, &requirements, &findings, &[]);
    Report {
        report: REPORT_VERSION,
        cardproof: "0.1.0".to_owned(),
        run: None,
        verdict,
        because,
        gate,
        started_at: Some("2026-03-02T10:00:00Z".to_owned()),
        took_ms: 3_271,
        target: Target {
            name: "the embedded reference".to_owned(),
            base_url: "http://127.0.0.1:4711/v1".to_owned(),
            terms: Terms::default(),
        },
        contract: ContractFacts {
            title: "Cards".to_owned(),
            version: "1.0.0".to_owned(),
            file: "cards.openapi.yaml".to_owned(),
            sha256: "0123456789abcdef".repeat(4),
            operations: ContractFacts::of(Contract::embedded(), Vec::new()).operations,
            contradictions: Vec::new(),
        },
        seed: 1,
        suites: vec!["full".to_owned()],
        cases: None,
        totals: Totals {
            planned: 412,
            cases: 412,
            requests: 5_120,
            requests_to_departure: (!findings.is_empty()).then_some(49),
            requests_to_shrink: findings.len() * 217,
            departures: findings.len() * 9,
        },
        requirements,
        findings,
        readings: readings(),
        coverage: coverage(),
        latency: vec![Latency {
            operation: OperationKind::GetCard,
            answered: 1_204,
            p50_us: 412,
            p95_us: 1_530,
            p99_us: 2_210,
            max_us: 8_017,
        }],
        obstacles: Vec::new(),
        not_run: Vec::new(),
        made: None,
    }
}

fn coverage() -> Vec<Coverage> {
    use crate::card::Action::{Activate, Deactivate, Issue, Terminate};
    use crate::card::CardStatus::{Active, Inactive, Issuing, Terminated};
    let counted = |status, call, answer, times| Coverage {
        tried: Tried {
            status,
            call,
            answer,
        },
        times,
    };
    let act = |status, action, answer, times| {
        counted(Some(status), CardCall::Act(action), Some(answer), times)
    };
    vec![
        counted(None, CardCall::Create, Some(201), 873),
        act(Issuing, Issue, 204, 655),
        act(Active, Deactivate, 204, 210),
        act(Inactive, Activate, 204, 97),
        act(Active, Terminate, 204, 44),
        act(Terminated, Activate, 204, 3),
        act(Terminated, Activate, 409, 41),
        counted(Some(Active), CardCall::Read, None, 1),
    ]
}

fn readings() -> Vec<Reading> {
    let reading = |id: RequirementId, scope: &str, readings: &[&str]| Reading {
        id,
        point: id.requirement().point.map_or("", |p| p.name).to_owned(),
        scope: scope.to_owned(),
        readings: readings.iter().map(|r| (*r).to_owned()).collect(),
    };
    vec![
        reading(id::OPEN_1, "", &["refused"]),
        reading(id::OPEN_7, "activate, terminated", &["409"]),
        reading(id::OPEN_7, "deactivate, terminated", &["409"]),
        reading(id::OPEN_9, "", &["frees", "keeps"]),
        reading(id::OPEN_18, "get-card", &["404"]),
        reading(id::OPEN_18, "create-card", &["400"]),
    ]
}

/// A terminated card that comes back.
pub fn revival() -> Finding {
    let steps = [
        (
            "create virtual on A",
            "POST",
            201,
            r#"{"id":"c0ffee","status":"issuing"}"#,
        ),
        ("issue #1", "PATCH", 204, ""),
        ("terminate #1", "DELETE", 204, ""),
        ("activate #1", "PATCH", 204, ""),
        (
            "read #1",
            "GET",
            200,
            r#"{"id":"c0ffee","status":"active"}"#,
        ),
    ];
    Finding {
        departure: Departure {
            since: Some(Origin {
                step: StepNumber(3),
                rule: id::LIFE_5,
            }),
            expected: "the status terminated".to_owned(),
            actual: "the status active".to_owned(),
            ..departure(id::LIFE_4, 5)
        },
        case: case("life-4", steps.map(|(step, ..)| step)),
        exchanges: steps
            .into_iter()
            .enumerate()
            .map(|(index, (_, method, status, body))| exchange(index + 1, method, status, body))
            .collect(),
        seen_in: 12,
        ..finding(id::LIFE_4, 1)
    }
}

/// A finding of one step, the `number`th of its rule.
pub fn finding(rule: RequirementId, number: usize) -> Finding {
    let id = match number {
        1 => rule.to_string(),
        n => format!("{rule}-{n}"),
    };
    Finding {
        file: Some(format!("cases/{id}.toml")),
        id,
        requirement: rule,
        rule: rule.requirement().rule.to_owned(),
        departure: departure(rule, 1),
        case: case("short", ["list all"]),
        exchanges: vec![exchange(1, "GET", 200, "[]")],
        events: Vec::new(),
        confirmation: Confirmation {
            reproduced: 5,
            attempts: 5,
        },
        found_in: "any-mix-17".to_owned(),
        seen_in: 1,
    }
}

/// A departure at a step.
pub fn departure(requirement: RequirementId, step: usize) -> Departure {
    Departure {
        requirement,
        instead: Vec::new(),
        step: StepNumber(step),
        moment: step - 1,
        subject: "something".to_owned(),
        expected: "one thing".to_owned(),
        since: None,
        actual: "another".to_owned(),
        tried: Vec::new(),
        diff: None,
    }
}

/// A case of these steps.
pub fn case<const N: usize>(name: &str, steps: [&str; N]) -> Case {
    Case {
        name: name.to_owned(),
        title: String::new(),
        steps: steps.map(|step| step.parse().unwrap()).to_vec(),
    }
}

/// An exchange of a step.
pub fn exchange(step: usize, method: &str, status: u16, body: &str) -> Exchange {
    Exchange {
        step: StepNumber(step),
        sent_at: Micros(step as u64 * 1000),
        received_at: Micros(step as u64 * 1000 + 400),
        request: Request {
            encoding: None,
            method: method.to_owned(),
            path: "/cards".to_owned(),
            headers: vec![("authorization".to_owned(), "[redacted]".to_owned())],
            body: None,
        },
        flaw: None,
        token_over: false,
        reply: Reply::Got(Response {
            status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_owned(),
            body_is_text: true,
            excerpt_of: None,
        }),
    }
}

/// A case of one step that was run, with these exchanges.
pub fn trace(exchanges: Vec<Exchange>) -> CaseTrace {
    CaseTrace {
        number: CaseNumber(1),
        case: case("short", ["list all"]),
        accounts: BTreeMap::new(),
        pasts: BTreeMap::new(),
        exchanges,
        events: Vec::new(),
        obstacles: Vec::new(),
        not_run: None,
        complete: true,
    }
}

/// How a writer is told of a folder and a target.
pub fn look() -> Look<'static> {
    Look {
        width: 100,
        screen: None,
        detail: Detail::Full,
        folder: Some(std::path::Path::new("reports/it")),
        target_flags: "--profile mine.toml",
        ending: "exit code 1, departs",
    }
}
