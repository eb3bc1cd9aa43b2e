//! `cardproof run --resume`: what an earlier run recorded before it ended, and whether this one is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use super::failure::{Failure, OrUsage};
use super::output::note;
use crate::card::AccountId;
use crate::case::Case;
use crate::drive::TraceWriter;
use crate::plan::Planned;
use crate::profile::{Accounts, Profile};
use crate::report::files::TRACE_FILE;
use crate::trace::{CaseNumber, CaseTrace, Header};
use crate::trace_reader::TraceReader;

/// A run that ended early, as far as it is recorded.
pub struct Earlier {
    trace: PathBuf,
    header: Header,
    cases: BTreeMap<CaseNumber, Case>,
    accounts: BTreeSet<AccountId>,
    whole_bytes: u64,
}

impl Earlier {
    /// Reads what the run recorded into this folder.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let trace = folder.join(TRACE_FILE);
        let mut reader = TraceReader::open(&trace)
            .map_err(|error| {
                let advice = "nothing can be resumed there; run anew, without --resume";
                anyhow::Error::new(error).context(advice)
            })
            .or_usage()?;
        let (mut cases, mut accounts) = (BTreeMap::new(), BTreeSet::new());
        for case in reader.by_ref() {
            let case = case.or_usage()?;
            accounts.extend(case.accounts.into_values());
            cases.insert(case.number, case.case);
        }
        let whole_bytes = reader.whole_bytes();
        let length = std::fs::metadata(&trace).map_or(whole_bytes, |file| file.len());
        if length > whole_bytes {
            let cut = length - whole_bytes;
            note(&format!(
                "note: the last line of {} is cut off; its {cut} bytes are left out",
                trace.display()
            ));
        }
        Ok(Self {
            header: reader.header().clone(),
            trace,
            cases,
            accounts,
            whole_bytes,
        })
    }

    /// What the earlier run was told.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Whether this run is told the same. An embedded reference is at another address each time.
    pub fn check_header(&self, now: &Header, is_embedded: bool) -> Result<(), Failure> {
        let mut differences = differences("", &as_json(&self.header), &as_json(now));
        differences.retain(|name, _| !(is_embedded && name == "base_url"));
        let Some((name, (before, now))) = differences.into_iter().next() else {
            return Ok(());
        };
        Err(Failure::usage(anyhow::anyhow!(
            "{} was recorded by a run with another `{name}`: {} then, {} now; give what was given then, or run anew, without \
             --resume",
            self.trace.display(),
            in_words(&before),
            in_words(&now),
        )))
    }

    /// Whether the plan still has the cases that were recorded.
    pub fn check_plan(&self, planned: impl Iterator<Item = Planned>) -> Result<(), Failure> {
        let Some((last, _)) = self.cases.last_key_value() else {
            return Ok(());
        };
        let planned = planned.filter(|planned| planned.missing.is_empty());
        let planned: BTreeMap<CaseNumber, Case> = (1..=last.0)
            .map(CaseNumber)
            .zip(planned.map(|planned| planned.case))
            .collect();
        for (number, recorded) in &self.cases {
            if planned.get(number) != Some(recorded) {
                return Err(Failure::usage(anyhow::anyhow!(
                    "case {number} in {} is `{}`, and that is not case {number} of these suites: they have changed since; run \
                     anew, without --resume",
                    self.trace.display(),
                    recorded.name
                )));
            }
        }
        Ok(())
    }

    /// Takes the accounts that the earlier run used from those of the profile: they are no longer fresh.
    pub fn withdraw_accounts(&self, profile: &mut Profile) {
        if let Accounts::List(list) = &mut profile.accounts {
            list.retain(|id| !self.accounts.contains(&AccountId::new(id.to_string())));
        }
    }

    /// The recorded cases, once more, and nothing that is written behind them meanwhile. They were read before, so that a
    /// mistake would have been found. That a case has no end is no obstacle, since it is run again.
    pub fn cases(&self) -> Result<impl Iterator<Item = CaseTrace> + use<>, Failure> {
        let name = self.trace.display().to_string();
        let file = File::open(&self.trace)
            .with_context(|| format!("can't read the trace {name}"))
            .or_usage()?;
        let whole = BufReader::new(file.take(self.whole_bytes));
        let reader = TraceReader::new(name, whole).or_usage()?;
        Ok(reader.map_while(Result::ok).map(|mut case| {
            if !case.complete {
                case.obstacles.clear();
            }
            case
        }))
    }

    /// The trace, which goes on behind its last whole line.
    pub fn writer(&self) -> Result<TraceWriter, Failure> {
        TraceWriter::resume(&self.trace, self.whole_bytes).or_usage()
    }
}

fn as_json(header: &Header) -> Value {
    serde_json::to_value(header).unwrap_or_default()
}

fn in_words(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        value => value.to_string(),
    }
}

/// The members that differ, by their dotted names, with both values.
fn differences(name: &str, before: &Value, now: &Value) -> BTreeMap<String, (Value, Value)> {
    let (Value::Object(first), Value::Object(second)) = (before, now) else {
        let differs = before != now;
        let both = || (name.to_owned(), (before.clone(), now.clone()));
        return differs.then(both).into_iter().collect();
    };
    let names: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    names
        .into_iter()
        .flat_map(|member| {
            let dotted = match name {
                "" => member.clone(),
                name => format!("{name}.{member}"),
            };
            differences(&dotted, &before[member], &now[member])
        })
        .collect()
}
