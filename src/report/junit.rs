//! The verdicts for whoever reads JUnit: a test case for each requirement, by its id, which is its name for life.
//!
//! What was not shown is skipped with its reason, never passed; what could not be decided is an error.

use quick_junit::{NonSuccessKind, Property, Report as File, TestCase, TestCaseStatus, TestSuite};

use super::text::Look;
use super::{Finding, Report, RequirementResult, Verdict, words};
use crate::requirement::{Level, topics};

/// The file.
pub fn file(report: &Report, look: &Look<'_>) -> String {
    let mut file = File::new("cardproof");
    for (title, requirements) in topics() {
        let mut suite = TestSuite::new(title);
        let results = report.requirements.iter();
        let own = results.filter(|r| requirements.iter().any(|known| known.id == r.id));
        suite.add_test_cases(own.map(|result| test_case(report, result, look)));
        if suite.tests > 0 {
            file.add_test_suite(suite);
        }
    }
    if !report.gate.is_empty() {
        let mut suite = TestSuite::new("Gate");
        suite.add_test_case(gate(report));
        file.add_test_suite(suite);
    }
    let drawn = file.to_string().unwrap_or_else(|error| {
        debug_assert!(false, "writing to memory succeeds: {error}");
        String::new()
    });
    words::visible(&drawn)
}

/// What was asked for beside the requirements.
fn gate(report: &Report) -> TestCase {
    let broken: Vec<&str> = report
        .gate
        .broken
        .iter()
        .map(|b| b.words.as_str())
        .collect();
    let status = match broken.first() {
        None => TestCaseStatus::success(),
        Some(first) => {
            let kind = match report.gate.is_broken() {
                true => NonSuccessKind::Failure,
                false => NonSuccessKind::Error,
            };
            let mut status = TestCaseStatus::non_success(kind);
            status.set_message(*first);
            status.set_description(broken.join("\n"));
            status
        }
    };
    let mut case = TestCase::new("gate", status);
    case.set_classname("cardproof");
    case
}

fn test_case(report: &Report, result: &RequirementResult, look: &Look<'_>) -> TestCase {
    let mut case = TestCase::new(result.id.as_str(), status(report, result, look));
    case.set_classname(format!("cardproof.{}", result.id.group()));
    case.add_property(Property::new("rule", result.rule.as_str()));
    case.add_property(Property::new("verdict", result.verdict.as_str()));
    case.add_property(Property::new("exercised", result.exercised.to_string()));
    case
}

fn status(report: &Report, result: &RequirementResult, look: &Look<'_>) -> TestCaseStatus {
    let because = result.because.clone();
    let because = because.unwrap_or_else(|| result.rule.clone());
    let skipped = || {
        let mut status = TestCaseStatus::skipped();
        status.set_message(format!("{}: {because}", result.verdict));
        status
    };
    let not_passed = |kind, message: String| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(message);
        status.set_type(result.verdict.as_str());
        let own = report
            .findings
            .iter()
            .filter(|f| f.requirement == result.id);
        let told: Vec<String> = own.map(|finding| in_words(finding, look)).collect();
        status.set_description(told.join("\n\n"));
        status
    };
    match result.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        // What only should be kept fails no run; where it is asked to, the gate says so.
        Verdict::Fail if result.level == Level::Should => skipped(),
        Verdict::Fail => not_passed(NonSuccessKind::Failure, result.rule.clone()),
        Verdict::Inconclusive => not_passed(NonSuccessKind::Error, because),
        Verdict::Waived | Verdict::NotShown | Verdict::NotApplicable | Verdict::Disabled => {
            skipped()
        }
    }
}

/// A finding, for a page that shows plain text.
fn in_words(finding: &Finding, look: &Look<'_>) -> String {
    let mut lines = vec![format!("{}: {}", finding.id, finding.rule)];
    lines.extend(finding.case.numbered().map(|(number, step)| {
        let mark = if number == finding.departure.step {
            '>'
        } else {
            ' '
        };
        let answer = words::answer(finding, number, step);
        format!("{mark} {:>2}  {step}  {answer}", number.0)
    }));
    lines.push(format!("expected: {}", words::expected(&finding.departure)));
    lines.push(format!("came: {}", finding.departure.actual));
    lines.push(format!("evidence: {}", words::evidence(finding)));
    let replay = words::replay_line(look, finding);
    lines.extend(replay.map(|line| format!("again: {line}")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{look, report, revival};
    use crate::report::{Breach, FailOn};

    #[test]
    fn each_requirement_is_a_test_case_and_only_a_pass_is_passed() {
        let mut report = report(vec![revival()]);
        report.requirements[0].verdict = Verdict::Inconclusive;
        report.requirements[1].verdict = Verdict::Waived;
        let recommended = &mut report.requirements[2];
        (recommended.level, recommended.verdict) = (Level::Should, Verdict::Fail);
        let file = file(&report, &look());
        let cases: Vec<&str> = file.split("<testcase ").skip(1).collect();
        assert_eq!(cases.len(), report.requirements.len());
        for (case, result) in cases.iter().zip(&report.requirements) {
            assert!(
                case.starts_with(&format!("name=\"{}\"", result.id)),
                "{case}"
            );
            let holds = |tag: &str| case.contains(tag);
            let is = (holds("<failure"), holds("<error"), holds("<skipped"));
            let wanted = match result.verdict {
                Verdict::Pass => (false, false, false),
                Verdict::Fail if result.level == Level::Must => (true, false, false),
                Verdict::Inconclusive => (false, true, false),
                _ => (false, false, true),
            };
            assert_eq!(is, wanted, "{case}");
        }
        assert!(file.contains("came: the status active"));
        assert!(file.contains("again: cardproof replay reports/it/cases/LIFE-4.toml"));
    }

    #[test]
    fn a_gate_that_does_not_hold_fails_and_one_that_is_not_answered_is_an_error() {
        let mut report = report(vec![]);
        for (asked, tag) in [(FailOn::Waived, "<failure"), (FailOn::NotShown, "<error")] {
            let words = "it is so".to_owned();
            report.gate.broken = vec![Breach { asked, words }];
            let file = file(&report, &look());
            let (_, gate) = file.split_once("name=\"gate\"").unwrap();
            assert!(gate.contains(tag) && gate.contains("it is so"), "{gate}");
        }
    }

    #[test]
    fn what_a_target_says_can_not_break_the_file() {
        let mut finding = revival();
        finding.departure.actual = "]]></failure>\u{1b}[2J\u{0}\u{202e}<x>&".to_owned();
        let file = file(&report(vec![finding]), &look());
        assert_eq!(file.matches("</failure>").count(), 1, "{file}");
        assert!(!file.contains('\u{1b}') && !file.contains('\u{202e}'));
    }
}
