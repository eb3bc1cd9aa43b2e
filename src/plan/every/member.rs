//! Every member of a create's body, as the document describes it, broken in every way: left out, of every other type, beyond
//! every limit. What the contract leaves open is tried beside it, and so is what it asks to be accepted.

use serde_json::{Value, json};

use super::{Draft, text};
use crate::card::CardType;
use crate::case::request::{body_text, standard_request};
use crate::case::{AccountRef, Body, Case, Command, Step, StepNumber};
use crate::contract::{Contract, Member, Operation, OperationKind, RequestBody};

/// Text from each plane in which there are letters: Latin, Greek, Arabic, CJK and a sign of the basic plane, a letter and an
/// emoji of the first, rare CJK of the second and the third.
const PLANES: &str = "Ærø Αθήνα مصر 東京 𐌰🏠 𠮷 𰻞";

/// Texts that no schema speaks of, and that a target may refuse with some right: none, a very long one, one with the null
/// character, and one with whatever else is no text: controls, a turn of direction, a byte order mark, a noncharacter,
/// private use, and a character of each plane in which nothing is assigned.
fn doubtful_texts() -> [String; 4] {
    let planes = (4..=13).filter_map(|plane| char::from_u32(plane * 0x1_0000 + 1));
    let odd = "a\u{1b}[2J\r\n\u{202e}\u{feff}\u{ffff}\u{e000}\u{f0000}\u{100000}";
    [
        String::new(),
        "a".repeat(5_000),
        "a\0b".to_owned(),
        odd.chars().chain(planes).collect(),
    ]
}

/// The most neighbours of a member that are tried.
const NEIGHBOURS_MAX: usize = 4;

/// Each case needs an account for every body that may be accepted.
const LETTERS: std::ops::RangeInclusive<char> = 'A'..='Z';

/// A create's body, and what the document says of it.
pub(super) struct Template<'c> {
    create: &'c Operation,
    pub card_type: CardType,
    pub standard: Value,
}

/// What becomes of a create, as far as the document says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Accepted,
    Open,
    Refused,
}

/// The cases of the set.
pub(super) fn cases(contract: &Contract) -> Vec<Case> {
    let Some(create) = contract.operation(OperationKind::CreateCard) else {
        return Vec::new();
    };
    let template = |card_type| Template {
        create,
        card_type,
        standard: standard_request(card_type),
    };
    let (plain, shipped) = (template(CardType::Virtual), template(CardType::Physical));
    let is_further = |member: &Member| plain.standard.get(&member.path[0]).is_none();
    let mut cases = text::cases(&plain);
    cases.extend(plain.members().iter().map(|member| plain.case(member)));
    let further = shipped.members().into_iter().filter(is_further);
    cases.extend(further.map(|member| shipped.case(&member)));
    cases
}

impl Template<'_> {
    /// The members whose object is in the standard body.
    fn members(&self) -> Vec<Member> {
        let mut members = self.create.request_members(&self.standard);
        members.retain(|member| {
            let (_, outer) = member.path.split_last().unwrap_or((&member.path[0], &[]));
            self.standard.pointer(&pointer(outer)).is_some()
        });
        members
    }

    fn case(&self, member: &Member) -> Case {
        let name = member.path.join(" ");
        let bodies = self.broken(member).into_iter().chain(neighbours(member));
        self.case_of(
            format!("{}-{}", self.card_type, kebab(&name)),
            format!(
                "The member \"{name}\" of a {} card, broken and sound",
                self.card_type
            ),
            bodies.collect(),
        )
    }

    /// The bodies that must be refused on one account, a list that shows that they made nothing, then the others, each on an
    /// account of its own: the first that must be accepted on the one where the bad ones were refused.
    pub fn case_of(&self, name: String, title: String, bodies: Vec<Body>) -> Case {
        let mut draft = Draft::default();
        let mut bodies: Vec<(Expected, Body)> = bodies
            .into_iter()
            .map(|body| (self.expected(&body), body))
            .collect();
        bodies.push((Expected::Accepted, Body::Standard));
        for (_, body) in bodies
            .iter()
            .filter(|(expected, _)| *expected == Expected::Refused)
        {
            draft.tell(self.step('A', body.clone()));
        }
        draft.list('A');
        bodies.retain(|(expected, _)| *expected != Expected::Refused);
        bodies.sort_by_key(|(expected, _)| *expected == Expected::Open);
        for ((expected, body), letter) in bodies.into_iter().zip(LETTERS) {
            let made: StepNumber = draft.tell(self.step(letter, body));
            if expected == Expected::Accepted {
                draft.read(made);
            }
        }
        draft.case(name, title)
    }

    fn step(&self, letter: char, body: Body) -> Step {
        Step {
            body,
            ..Step::new(Command::Create {
                account: AccountRef::Own(letter),
                card_type: self.card_type,
            })
        }
    }

    fn expected(&self, body: &Body) -> Expected {
        let text = body_text(&self.standard, body);
        // What can't be held as a value here stands where the document wants something else.
        let Ok(value) = serde_json::from_str::<Value>(&text) else {
            return Expected::Refused;
        };
        match self.create.check_request_body(&value) {
            _ if !value.is_object() => Expected::Refused,
            RequestBody::Invalid(_) => Expected::Refused,
            // Of a name that stands twice, the value holds one.
            RequestBody::Valid if matches!(body, Body::Text(_)) && value == self.standard => {
                Expected::Open
            }
            RequestBody::Valid => Expected::Accepted,
            RequestBody::Open(_) => Expected::Open,
        }
    }

    /// The standard body with this text in place of a member's value.
    pub fn with_text(&self, path: &[String], raw: &str) -> Body {
        const MARK: &str = "the member's value";
        let mut marked = self.standard.clone();
        if let Some((name, outer)) = path.split_last()
            && let Some(object) = marked.pointer_mut(&pointer(outer))
        {
            object[name.as_str()] = json!(MARK);
        }
        let mark = format!("\"{MARK}\"");
        Body::Text(marked.to_string().replacen(&mark, raw, 1))
    }

    fn broken(&self, member: &Member) -> Vec<Body> {
        let value = |value| Body::Patched(patch(&member.path, value));
        let mut broken = Vec::new();
        if member.is_required {
            broken.push(value(Value::Null));
        }
        let mut wrong = vec![
            json!("text"),
            json!(7),
            json!(-0.5),
            json!(true),
            json!([]),
            json!({}),
        ];
        wrong.extend(member.options.first().into_iter().flat_map(unlisted));
        if let Some(format) = &member.format {
            wrong.push(json!(format!("no {format}")));
        }
        let (shortest, longest) = member.lengths;
        wrong.extend(shortest.filter(|n| *n > 0).map(|n| text_of(n - 1)));
        wrong.extend(longest.map(|n| text_of(n + 1)));
        let (least, greatest) = member.bounds;
        wrong.extend(least.map(|n| json!(n - 1.0)));
        wrong.extend(greatest.map(|n| json!(n + 1.0)));
        broken.extend(wrong.into_iter().map(value));
        // These may be right for the member, and then they say nothing about it.
        broken.retain(|body| self.expected(body) == Expected::Refused);
        let is_number = member.types.iter().any(|t| t == "number" || t == "integer");
        let is_list = member.types.iter().any(|t| t == "array");
        broken.push(self.with_text(&member.path, "null"));
        if !is_number {
            broken.push(self.with_text(&member.path, "1e400"));
        }
        if !is_list {
            let deep = format!("{}{}", "[".repeat(2_000), "]".repeat(2_000));
            broken.push(self.with_text(&member.path, &deep));
        }
        broken
    }
}

/// What a member may be, or perhaps may be.
fn neighbours(member: &Member) -> Vec<Body> {
    let (shortest, longest) = member.lengths;
    let (least, greatest) = member.bounds;
    let is_free_text =
        member.types == ["string"] && member.options.is_empty() && member.format.is_none();
    let mut values: Vec<Value> = Vec::new();
    let apart = (member.options.len() / NEIGHBOURS_MAX).max(1);
    values.extend(
        member
            .options
            .iter()
            .step_by(apart)
            .take(NEIGHBOURS_MAX)
            .cloned(),
    );
    values.extend(shortest.into_iter().chain(longest).map(text_of));
    values.extend(least.into_iter().chain(greatest).map(|n| json!(n)));
    if is_free_text {
        values.push(json!(PLANES));
        values.extend(doubtful_texts().into_iter().map(Value::from));
    }
    values
        .into_iter()
        .map(|value| Body::Patched(patch(&member.path, value)))
        .collect()
}

/// Values that are nearly one of a list.
fn unlisted(option: &Value) -> Vec<Value> {
    let Some(text) = option.as_str() else {
        return Vec::new();
    };
    let recased = match text.chars().any(|letter| letter.is_ascii_uppercase()) {
        true => text.to_ascii_lowercase(),
        false => text.to_ascii_uppercase(),
    };
    let first: String = text.chars().take(1).collect();
    [
        String::new(),
        recased,
        format!(" {text}"),
        format!("{text}x"),
        first,
        "\0".to_owned(),
    ]
    .map(Value::from)
    .to_vec()
}

fn text_of(length: u64) -> Value {
    json!("a".repeat(usize::try_from(length).unwrap_or(usize::MAX).min(10_000)))
}

/// A merge patch that sets one member.
fn patch(path: &[String], value: Value) -> Value {
    path.iter()
        .rev()
        .fold(value, |inner, name| json!({ name.as_str(): inner }))
}

fn pointer(path: &[String]) -> String {
    path.iter()
        .map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1")))
        .collect()
}

/// Words joined by dashes, as the names of cases are.
fn kebab(words: &str) -> String {
    let mut kebab = String::new();
    for letter in words.chars() {
        if letter.is_ascii_uppercase() {
            kebab.push('-');
        }
        match letter.is_ascii_alphanumeric() {
            true => kebab.push(letter.to_ascii_lowercase()),
            false => kebab.push('-'),
        }
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partners_own_limits_are_broken_too() {
        let text = include_str!("../../../spec/cards.openapi.yaml").replace(
            "        city:\n          type: string\n",
            "        city:\n          type: string\n          minLength: 2\n          maxLength: 40\n",
        );
        let contract = Contract::parse("partner.yaml", &text).unwrap();
        let cases = cases(&contract);
        let case = cases
            .iter()
            .find(|c| c.name == "virtual-billing-address-city");
        let steps: Vec<String> = case.unwrap().steps.iter().map(Step::to_string).collect();
        let place = |length: usize| {
            let wanted = format!("\"city\":\"{}\"", "a".repeat(length));
            steps
                .iter()
                .position(|step| step.contains(&wanted))
                .unwrap()
        };
        let list = steps.iter().position(|step| step == "list A").unwrap();
        assert!(place(1) < list && place(41) < list, "{steps:#?}");
        assert!(place(2) > list && place(40) > list, "{steps:#?}");
    }

    #[test]
    fn each_member_is_left_out_mistyped_and_accepted() {
        let cases = cases(Contract::embedded());
        for name in [
            "virtual-type",
            "virtual-billing-address-country",
            "physical-shipping-address",
        ] {
            let case = cases
                .iter()
                .find(|c| c.name == name)
                .unwrap_or_else(|| panic!("{name}"));
            let list = case
                .steps
                .iter()
                .position(|s| s.to_string() == "list A")
                .unwrap();
            assert!(list >= 7, "{name}");
            assert!(case.steps.len() > list + 2, "{name}");
        }
    }
}
