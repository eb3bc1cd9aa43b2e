//! Findings as SARIF 2.1.0: what departs, at the line of the document that promises otherwise, for code scanning.

use serde_json::{Value, json};

use super::{Finding, Report, Verdict, words};
use crate::requirement::{Level, Requirement};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The log, of which the file is the JSON.
pub fn log(report: &Report) -> Value {
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [run(report)],
    })
}

fn run(report: &Report) -> Value {
    let rules = report.requirements.iter().map(|r| r.id.requirement());
    let results = report.findings.iter();
    json!({
        "tool": { "driver": {
            "name": "cardproof",
            "version": report.cardproof,
            "rules": rules.map(rule).collect::<Vec<Value>>(),
        } },
        "automationDetails": { "id": format!("cardproof/{}", report.target.name) },
        "artifacts": [{
            "location": { "uri": uri(&report.contract.file) },
            "hashes": { "sha-256": report.contract.sha256 },
        }],
        "results": results.map(|finding| result(report, finding)).collect::<Vec<Value>>(),
    })
}

fn rule(requirement: &'static Requirement) -> Value {
    json!({
        "id": requirement.id,
        "shortDescription": { "text": requirement.rule },
        "fullDescription": { "text": format!("{} (from {})", requirement.rule, requirement.source) },
        "help": { "text": format!("Provoked by: {}. Judged so: {}.", requirement.provoked, requirement.judged) },
        "defaultConfiguration": { "level": match requirement.level {
            Level::Must => "error",
            Level::Should => "warning",
        } },
        "properties": { "tags": [requirement.id.group(), requirement.tag] },
    })
}

fn result(report: &Report, finding: &Finding) -> Value {
    let requirement = finding.requirement.requirement();
    let mut rules = report.requirements.iter();
    let rule_index = rules.position(|r| r.id == finding.requirement);
    let waiver = report
        .result_of(finding.requirement)
        .filter(|result| result.verdict == Verdict::Waived);
    let level = match requirement.level {
        Level::Must if !finding.is_unconfirmed() => "error",
        _ => "warning",
    };
    let mut result = json!({
        "ruleId": finding.requirement,
        "level": level,
        "message": { "text": message(finding) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&report.contract.file), "index": 0 },
            "region": { "startLine": line(report, finding) },
        } }],
        // The same for equal departures of all runs.
        "partialFingerprints": { "departure/v1": fingerprint(finding) },
        "properties": { "finding": finding.id, "reproduced": finding.confirmation.reproduced, "attempts": finding.confirmation.attempts },
    });
    if let Some(index) = rule_index {
        result["ruleIndex"] = json!(index);
    }
    if let Some(waiver) = waiver {
        result["suppressions"] = json!([{ "kind": "external", "justification": waiver.because.as_deref().unwrap_or_default() }]);
    }
    result
}

fn message(finding: &Finding) -> String {
    let steps: Vec<String> = finding.case.steps.iter().map(ToString::to_string).collect();
    format!(
        "{} After {}: expected {}, came {}. {}.",
        finding.rule,
        steps.join("; "),
        words::expected(&finding.departure),
        finding.departure.actual,
        words::evidence(finding),
    )
}

/// Where the document describes what was asked for, or what the rule is about; else its beginning.
fn line(report: &Report, finding: &Finding) -> usize {
    let about = finding.requirement.requirement().operations;
    let operations = finding.operation().into_iter().chain(about.iter().copied());
    let mut described = operations.filter_map(|o| report.contract.place_of(o));
    described.next().map_or(1, |described| described.line)
}

fn fingerprint(finding: &Finding) -> String {
    format!("{}: {}", finding.requirement, finding.departure.subject)
}

/// A file's name as a reference: what has a meaning in one is written as a number.
fn uri(file: &str) -> String {
    let letters = file.chars().map(|letter| match letter {
        '\\' => "/".to_owned(),
        letter if letter.is_ascii_alphanumeric() || "/._-~".contains(letter) => letter.to_string(),
        letter => {
            let mut bytes = [0; 4];
            let bytes = letter.encode_utf8(&mut bytes).bytes();
            bytes.map(|byte| format!("%{byte:02X}")).collect()
        }
    });
    let path: String = letters.collect();
    match path.starts_with('/') {
        true => format!("file://{path}"),
        false => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{finding, report, revival};
    use crate::requirement::id;

    #[test]
    fn a_finding_stands_at_the_line_of_what_was_asked_for() {
        let text = include_str!("../../spec/cards.openapi.yaml");
        let log = log(&report(vec![revival()]));
        let result = &log["runs"][0]["results"][0];
        let region = &result["locations"][0]["physicalLocation"]["region"];
        let line = usize::try_from(region["startLine"].as_u64().unwrap()).unwrap();
        // The sample's exchanges all ask for the programme's cards.
        let mut described = text.lines().enumerate().skip(1);
        let path = described.find(|(_, words)| *words == "  /cards:");
        let call = described.find(|(_, words)| words.trim() == "get:");
        let wanted = path.and(call).map(|(index, _)| index + 1);
        assert_eq!(Some(line), wanted);
        assert_eq!(result["level"], "error");
        let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(
            log["runs"][0]["tool"]["driver"]["rules"][rule]["id"],
            "LIFE-4"
        );
    }

    #[test]
    fn what_never_came_back_is_a_warning_and_what_is_waived_is_suppressed() {
        let mut unconfirmed = finding(id::READ_1, 1);
        unconfirmed.confirmation.reproduced = 0;
        let mut report = report(vec![revival(), unconfirmed]);
        let waived = report
            .requirements
            .iter_mut()
            .find(|r| r.id == id::LIFE_4)
            .unwrap();
        waived.verdict = Verdict::Waived;
        let log = log(&report);
        let results = &log["runs"][0]["results"];
        assert_eq!(results[0]["suppressions"][0]["kind"], "external");
        assert_eq!(results[1]["level"], "warning");
    }

    #[test]
    fn a_file_s_name_is_a_reference() {
        for (file, wanted) in [
            ("spec/cards.yaml", "spec/cards.yaml"),
            ("my specs\\é.yaml", "my%20specs/%C3%A9.yaml"),
            ("/etc/a?b#c", "file:///etc/a%3Fb%23c"),
        ] {
            assert_eq!(uri(file), wanted);
        }
    }
}
