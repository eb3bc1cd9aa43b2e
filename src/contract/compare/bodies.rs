//! Sample bodies, held to both documents: whole, without one member, and with one member changed.

use serde_json::Value;

use super::tried::{Tried, candidates, is_within, replaced};
use super::{Found, complete, samples};
use crate::contract::operation::Operation;
use crate::contract::pointer;
use crate::contract::request::RequestBody;
use crate::contract::schema::Schema;
use crate::contract::source::Source;
use crate::contract::view::View;
use crate::contract::violation::{Violation, ViolationKind};

/// A schema and the document that it stands in.
pub type Body<'a> = (&'a Schema, &'a Source);

/// What a document says of a body.
enum Says {
    Valid,
    Invalid(Vec<Violation>),
    /// It may be taken or refused.
    Open,
}

impl Says {
    fn violations(self) -> Vec<Violation> {
        match self {
            Says::Invalid(violations) => violations,
            Says::Valid | Says::Open => Vec::new(),
        }
    }
}

/// Which way a body goes, and so which disagreements are contradictions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Both documents must take the same.
    Request,
    /// Theirs may promise more, and never less.
    Answer,
}

struct Comparison<'a> {
    way: Way,
    ours: &'a dyn Fn(&Value) -> Says,
    theirs: &'a dyn Fn(&Value) -> Says,
    our_schema: Body<'a>,
    their_schema: Body<'a>,
}

/// Compares what an operation is asked with.
pub fn compare_requests(ours: &Operation, theirs: &Operation, found: &mut Found<'_>) {
    let at = format!("{}/requestBody", theirs.pointer);
    match (&ours.request, &theirs.request) {
        (Some(_), None) => {
            return found.add(
                &theirs.pointer,
                "no body is described here, and the contract requires one".to_owned(),
            );
        }
        (None, Some(body)) if body.is_required => {
            return found.add(
                &at,
                "a body is required here, and the contract has none".to_owned(),
            );
        }
        (Some(our), Some(their)) if our.is_required && !their.is_required => {
            found.add(
                &at,
                "the body may be left out here; the contract requires it".to_owned(),
            );
        }
        _ => {}
    }
    let schema = |operation: &Operation| operation.request.as_ref()?.schema.clone();
    let (Some(our_schema), their_schema) = (schema(ours), schema(theirs)) else {
        return;
    };
    let Some(their_schema) = their_schema else {
        return found.add(
            &at,
            "no JSON body is described here, and the contract has one".to_owned(),
        );
    };
    let comparison = Comparison {
        way: Way::Request,
        ours: &|body| says(ours, body),
        theirs: &|body| says(theirs, body),
        our_schema: (&our_schema, &ours.source),
        their_schema: (&their_schema, &theirs.source),
    };
    for sample in samples::requests(ours.kind()) {
        comparison.run(&sample, found);
    }
}

fn says(operation: &Operation, body: &Value) -> Says {
    match operation.check_request_body(body) {
        RequestBody::Valid => Says::Valid,
        RequestBody::Invalid(violations) => Says::Invalid(violations),
        RequestBody::Open(_) => Says::Open,
    }
}

/// Compares what is answered, or sent as an event.
pub fn compare_answers(ours: Body<'_>, theirs: Body<'_>, sample: &Value, found: &mut Found<'_>) {
    let says = |(schema, source): Body<'_>, body: &Value| match schema.check(body, source) {
        violations if violations.is_empty() => Says::Valid,
        violations => Says::Invalid(violations),
    };
    let comparison = Comparison {
        way: Way::Answer,
        ours: &|body| says(ours, body),
        theirs: &|body| says(theirs, body),
        our_schema: ours,
        their_schema: theirs,
    };
    comparison.run(sample, found);
}

impl Comparison<'_> {
    fn run(&self, sample: &Value, found: &mut Found<'_>) {
        let members = self.members(sample);
        // What is wrong with a member as a whole is not told again of it and those inside it.
        let mut told: Vec<String> = Vec::new();
        for violation in (self.theirs)(sample).violations() {
            if self.matters(&violation, &members) {
                found.add(&violation.schema_pointer, self.refuses(&violation));
                if !is_missing(&violation) {
                    told.push(violation.instance_path);
                }
            }
        }
        let (schema, source) = self.their_schema;
        let check = |body: &Value| (self.theirs)(body).violations();
        let completed = complete::completed(sample, &schema.pointer, source, &check);
        let tried = Tried {
            base: check(&completed),
            sample,
            completed: &completed,
        };
        for at in members {
            let is_told = told.iter().any(|outer| is_within(&at, outer));
            if !is_told && !tried.is_undecided(&at) && !self.member(&at, &tried, found) {
                told.push(at);
            }
        }
    }

    /// Compares one member; false when those inside it need no look.
    fn member(&self, at: &str, tried: &Tried<'_>, found: &mut Found<'_>) -> bool {
        let (schema, source) = self.their_schema;
        let view = complete::view_at(source, &schema.pointer, tried.completed, at);
        let Some(view) = view else {
            let words = format!(
                "{} isn't described here; the contract says what it is",
                name(at)
            );
            found.add(&self.holder(at, tried), words);
            return false;
        };
        if let Some(words) = self.without(at, tried) {
            found.add(&self.holder(at, tried), words);
        }
        let (our_schema, our_source) = self.our_schema;
        let ours = complete::view_at(our_source, &our_schema.pointer, tried.sample, at);
        if ours.as_ref().is_some_and(|ours| ours.is_alike(&view)) {
            return true;
        }
        self.values(at, tried, (ours.as_ref(), &view), found)
    }

    /// Compares what either document says of other values for a member; false when theirs takes what is no object any more.
    fn values(
        &self,
        at: &str,
        tried: &Tried<'_>,
        (ours, theirs): (Option<&View<'_>>, &View<'_>),
        found: &mut Found<'_>,
    ) -> bool {
        let (schema, _) = self.their_schema;
        let place = theirs.pointer(None);
        let place = place.unwrap_or_else(|| schema.pointer.clone());
        let mut is_of_its_type = true;
        let (mut refused, mut taken) = (false, false);
        for value in candidates(ours, theirs) {
            let ours = (self.ours)(&replaced(tried.sample, at, Some(&value)));
            let theirs = (self.theirs)(&replaced(tried.completed, at, Some(&value)));
            let new = tried.only_now(theirs.violations());
            let counts = self.way == Way::Request || samples::is_always_shown(at, &value);
            match (ours, new.first()) {
                (Says::Valid, Some(violation)) if !refused && counts => {
                    found.add(&violation.schema_pointer, self.refuses(violation));
                    refused = true;
                }
                (Says::Invalid(violations), None) if !taken => {
                    let words = violations.first().map(|violation| self.takes(violation));
                    words.into_iter().for_each(|words| found.add(&place, words));
                    taken = true;
                    is_of_its_type = value.is_null();
                }
                _ => {}
            }
        }
        is_of_its_type
    }

    /// Where their document speaks of the object that holds a member, and of that member if it does.
    fn holder(&self, at: &str, tried: &Tried<'_>) -> String {
        let (schema, source) = self.their_schema;
        let outer = pointer::parent(at).unwrap_or_default();
        let view = complete::view_at(source, &schema.pointer, tried.completed, outer);
        let member = pointer::segments(at).pop();
        view.and_then(|view| view.pointer(member.as_deref()))
            .unwrap_or_else(|| schema.pointer.clone())
    }

    /// What is said when a member is left out.
    fn without(&self, at: &str, tried: &Tried<'_>) -> Option<String> {
        let parent = pointer::parent(at)?;
        tried.sample.pointer(parent)?.as_object()?;
        let ours = (self.ours)(&replaced(tried.sample, at, None));
        let theirs = (self.theirs)(&replaced(tried.completed, at, None)).violations();
        match (ours, tried.only_now(theirs).is_empty()) {
            (Says::Invalid(_), true) => Some(match self.way {
                Way::Request => format!(
                    "{} may be left out here; the contract requires it",
                    name(at)
                ),
                Way::Answer => {
                    format!("{} may be missing here; the contract promises it", name(at))
                }
            }),
            (Says::Valid, false) if self.way == Way::Request => Some(format!(
                "{} is required here; by the contract it may be left out",
                name(at)
            )),
            _ => None,
        }
    }

    /// Whether what their document finds wrong with a whole sample contradicts ours: an answer may have to be more than ours says.
    fn matters(&self, violation: &Violation, members: &[String]) -> bool {
        let ViolationKind::Schema { keyword, .. } = &violation.kind else {
            return false;
        };
        let is_known = members.contains(&violation.instance_path);
        match self.way {
            Way::Request => true,
            Way::Answer => is_known && (keyword == "type" || keyword.ends_with("Properties")),
        }
    }

    /// The members of a sample that our document names, outer ones first.
    fn members(&self, sample: &Value) -> Vec<String> {
        let (schema, source) = self.our_schema;
        let mut members = Vec::new();
        collect(
            &View::of(source, &schema.pointer, sample),
            sample,
            "",
            &mut members,
        );
        members
    }

    fn refuses(&self, violation: &Violation) -> String {
        let what = match self.way {
            Way::Request => "a request that the contract takes is refused here",
            Way::Answer => "an answer that the contract has is ruled out here",
        };
        format!("{what}: {}", violation.message)
    }

    fn takes(&self, violation: &Violation) -> String {
        let what = match self.way {
            Way::Request => "a request that the contract refuses is taken here",
            Way::Answer => "an answer that the contract rules out is allowed here",
        };
        format!("{what}: {}", violation.message)
    }
}

fn is_missing(violation: &Violation) -> bool {
    matches!(&violation.kind, ViolationKind::Schema { keyword, .. } if keyword == "required")
}

fn collect(view: &View<'_>, value: &Value, at: &str, members: &mut Vec<String>) {
    members.push(at.to_owned());
    match value {
        Value::Array(items) => {
            if let Some(item) = items.first() {
                collect(&view.items(item), item, &pointer::join(at, "0"), members);
            }
        }
        Value::Object(object) => {
            for (name, value) in object {
                if let Some(inner) = view.property(name, value) {
                    collect(&inner, value, &pointer::join(at, name), members);
                }
            }
        }
        _ => {}
    }
}

fn name(at: &str) -> String {
    match pointer::readable(at) {
        whole if whole.is_empty() => "the body".to_owned(),
        part => format!("`{part}`"),
    }
}
