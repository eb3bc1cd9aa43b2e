//! One compiled schema, and its errors as [`Violation`]s.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError, Validator};
use serde_json::Value;

use super::source::Source;
use super::violation::{Violation, ViolationKind};
use super::{pointer, words};

/// No more violations than this are told of one body: a list of 1000 bad cards says nothing more than one of 50.
const VIOLATIONS_MAX: usize = 50;

/// A schema of the document, ready to judge values.
#[derive(Debug)]
pub struct Schema {
    /// Where it stands, its `$ref`s followed.
    pub pointer: String,
    pub validator: Validator,
}

impl Schema {
    /// Everything that is wrong with a value, as far as [`VIOLATIONS_MAX`].
    pub fn check(&self, value: &Value, source: &Source) -> Vec<Violation> {
        let mut violations = Vec::new();
        for error in self.validator.iter_errors(value) {
            explain(&error, source, &mut violations);
            if violations.len() >= VIOLATIONS_MAX {
                violations.truncate(VIOLATIONS_MAX);
                break;
            }
        }
        violations
    }
}

/// Adds what an error says. One of a choice (`oneOf`, `anyOf`) speaks for the branch that was meant.
fn explain(error: &ValidationError<'_>, source: &Source, violations: &mut Vec<Violation>) {
    match error.kind() {
        ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context } => {
            explain_choice(error, context, source, violations);
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            for name in unexpected {
                let at = pointer::join(error.instance_path().as_str(), name);
                let message = format!("{} isn't allowed here", subject(&at));
                violations.push(violation(error, &at, message, source));
            }
        }
        ValidationErrorKind::Required { property } => {
            let at = pointer::join(
                error.instance_path().as_str(),
                property.as_str().unwrap_or_default(),
            );
            let missing = violation(error, &at, format!("{} is missing", subject(&at)), source);
            violations.push(Violation {
                instance_path: error.instance_path().to_string(),
                ..missing
            });
        }
        _ => {
            let at = error.instance_path().as_str();
            violations.push(violation(error, at, message(error, source), source));
        }
    }
}

type Branch = Vec<ValidationError<'static>>;

fn explain_choice(
    error: &ValidationError<'_>,
    branches: &[Branch],
    source: &Source,
    violations: &mut Vec<Violation>,
) {
    let base = error.instance_path().as_str();
    let meant: Vec<&Branch> = branches
        .iter()
        .filter(|branch| !ruled_out(branch, base))
        .collect();
    if let [branch] = meant.as_slice() {
        branch
            .iter()
            .for_each(|error| explain(error, source, violations));
        return;
    }
    let shared = shared_errors(branches);
    if !shared.is_empty() {
        shared
            .into_iter()
            .for_each(|error| explain(error, source, violations));
    } else if let Some((at, found, options)) = tag_options(branches, base) {
        let message = format!(
            "{} is {}, not one of {}",
            subject(at),
            shown(at, found),
            words::listed(options.iter())
        );
        let violation = violation(error, at, message, source);
        violations.push(with_keyword(violation, "enum"));
    } else {
        let message = format!(
            "{} has none of the {} forms that the document allows",
            subject(base),
            branches.len()
        );
        violations.push(violation(error, base, message, source));
    }
}

/// Whether a branch can't be the one that was meant: the value is of another type altogether, or a member that
/// names the branch (an enum of one value) names another one.
fn ruled_out(branch: &Branch, base: &str) -> bool {
    branch.iter().any(|error| match error.kind() {
        ValidationErrorKind::Type { .. } => error.instance_path().as_str() == base,
        _ => tag_option(error, base).is_some(),
    })
}

/// The one value that a branch wants of a member that names it.
fn tag_option<'a>(error: &'a ValidationError<'_>, base: &str) -> Option<&'a Value> {
    if pointer::parent(error.instance_path().as_str()) != Some(base) {
        return None;
    }
    match error.kind() {
        ValidationErrorKind::Enum { options } => match options.as_array()?.as_slice() {
            [option] => Some(option),
            _ => None,
        },
        ValidationErrorKind::Constant { expected_value } => Some(expected_value.as_ref()),
        _ => None,
    }
}

/// When each branch is ruled out by the same member: the member, its value, and the values that branches want.
fn tag_options<'a>(branches: &'a [Branch], base: &str) -> Option<(&'a str, &'a Value, Vec<Value>)> {
    let tags = branches
        .iter()
        .map(|branch| branch.iter().find_map(|e| Some((e, tag_option(e, base)?))));
    let tags = tags.collect::<Option<Vec<_>>>()?;
    let (first, _) = tags.first()?;
    let at = first.instance_path().as_str();
    let is_same = tags
        .iter()
        .all(|(error, _)| error.instance_path().as_str() == at);
    let options = tags.iter().map(|(_, option)| (*option).clone()).collect();
    is_same.then(|| (at, first.instance().as_ref(), options))
}

/// The errors that every branch makes: they stand whichever was meant.
fn shared_errors(branches: &[Branch]) -> Vec<&ValidationError<'static>> {
    let Some((first, others)) = branches.split_first() else {
        return Vec::new();
    };
    let same = |a: &ValidationError<'_>, b: &ValidationError<'_>| {
        a.instance_path() == b.instance_path() && a.to_string() == b.to_string()
    };
    first
        .iter()
        .filter(|error| {
            others
                .iter()
                .all(|branch| branch.iter().any(|other| same(error, other)))
        })
        .collect()
}

fn violation(error: &ValidationError<'_>, at: &str, message: String, source: &Source) -> Violation {
    // Lowering adds keywords of its own, which are not in the file.
    let schema_pointer = source.standing(error.schema_path().as_str()).to_owned();
    let (parent, property) = pointer::names(at);
    Violation {
        kind: ViolationKind::Schema {
            keyword: error.kind().keyword().to_owned(),
            property,
            parent,
        },
        message,
        instance_path: at.to_owned(),
        place: source.place(&schema_pointer),
        schema_pointer,
    }
}

fn with_keyword(mut violation: Violation, word: &str) -> Violation {
    if let ViolationKind::Schema { keyword, .. } = &mut violation.kind {
        *keyword = word.to_owned();
    }
    violation
}

fn message(error: &ValidationError<'_>, source: &Source) -> String {
    let at = error.instance_path().as_str();
    let (subject, value) = (subject(at), shown(at, error.instance()));
    match error.kind() {
        ValidationErrorKind::Enum { options } => {
            let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
            format!(
                "{subject} is {value}, not one of {}",
                words::listed(options.iter())
            )
        }
        ValidationErrorKind::Type { kind } => {
            format!("{subject} is {value}, not {}", type_words(kind))
        }
        ValidationErrorKind::Format { format } => {
            format!("{subject} is {value}, not a valid `{format}`")
        }
        ValidationErrorKind::Pattern { pattern } => {
            format!(
                "{subject} is {value}, which doesn't match `{}`",
                words::cut(pattern)
            )
        }
        ValidationErrorKind::OneOfMultipleValid { .. } => {
            format!("{subject} has more than one of the forms of which the document allows one")
        }
        ValidationErrorKind::UniqueItems => format!("{subject} has an item twice"),
        other => {
            let limit = source
                .get(error.schema_path().as_str())
                .map(words::value)
                .unwrap_or_default();
            format!(
                "{subject} is {value}, against `{}: {limit}`",
                other.keyword()
            )
        }
    }
}

fn subject(at: &str) -> String {
    match pointer::readable(at) {
        whole if whole.is_empty() => "the body".to_owned(),
        part => format!("`{}`", words::cut(&part)),
    }
}

fn shown(at: &str, value: &Value) -> String {
    match pointer::names(at).1 {
        Some(property) if words::is_secret(&property) => {
            format!("{} (not shown)", words::kind_of(value))
        }
        _ => words::value(value),
    }
}

fn type_words(kind: &TypeKind) -> String {
    let words = |kind: JsonType| match kind {
        JsonType::Array => "a list",
        JsonType::Boolean => "a boolean",
        JsonType::Integer => "an integer",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a string",
    };
    match kind {
        TypeKind::Single(kind) => words(*kind).to_owned(),
        TypeKind::Multiple(kinds) => {
            let mut kinds: Vec<&str> = kinds.iter().map(words).collect();
            kinds.sort_by_key(|word| *word == "null");
            kinds.join(" or ")
        }
    }
}
