//! Every member of each body that the document describes, of a create and of a subscription, broken in every way: left out, of
//! every other type, beyond every limit. What the contract leaves open is tried beside it, and so is what it asks to be
//! accepted. Absent: the bodies of calls under `/auth`, which are set-up (contract.md, wire facts), and of calls that only a
//! partner's document has, of which nobody knows what they would do.

use serde_json::{Value, json};

use super::{Draft, text};
use crate::card::CardType;
use crate::case::request::{body_text, standard_request, standard_subscription};
use crate::case::{AccountRef, Body, Case, Command, Hook, Step, StepNumber, SubscriptionRef};
use crate::contract::{Contract, Member, Operation, OperationKind, RequestBody};

/// Text from each plane in which there are letters: Latin, Greek, Arabic, CJK and a sign of the basic plane, a letter and an
/// emoji of the first, rare CJK of the second and the third.
const PLANES: &str = "Ærø Αθήνα مصر 東京 𐌰🏠 𠮷 𰻞";

/// Texts that no schema speaks of, and that a target may refuse with some right: none, a very long one, one with the null
/// character, one with a tab, and one with whatever else is no text: controls, a turn of direction, a byte order mark, a
/// noncharacter, private use, and a character of each plane in which nothing is assigned.
fn doubtful_texts() -> [String; 5] {
    let planes = (4..=13).filter_map(|plane| char::from_u32(plane * 0x1_0000 + 1));
    let odd = "a\u{1b}[2J\r\n\u{202e}\u{feff}\u{ffff}\u{e000}\u{f0000}\u{100000}";
    [
        String::new(),
        "a".repeat(5_000),
        "a\0b".to_owned(),
        "a\tb".to_owned(),
        odd.chars().chain(planes).collect(),
    ]
}

/// The most neighbours of a member that are tried.
const NEIGHBOURS_MAX: usize = 4;

/// Each case needs an account for every body that may be accepted.
const LETTERS: std::ops::RangeInclusive<char> = 'A'..='Z';

/// What a body asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Card(CardType),
    Subscription,
}

impl Purpose {
    fn noun(self) -> String {
        match self {
            Self::Card(card_type) => format!("{card_type} card"),
            Self::Subscription => "subscription".to_owned(),
        }
    }

    /// What the names of its cases begin with.
    fn word(self) -> &'static str {
        match self {
            Self::Card(card_type) => card_type.as_str(),
            Self::Subscription => "subscription",
        }
    }
}

/// A body, and what the document says of it.
pub(super) struct Template<'c> {
    operation: &'c Operation,
    pub purpose: Purpose,
    pub standard: Value,
}

/// What becomes of a body, as far as the document says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Accepted,
    Open,
    Refused,
}

/// The cases of the set.
pub(super) fn cases(contract: &Contract) -> Vec<Case> {
    let template = |kind, purpose, standard| {
        let operation = contract.operation(kind)?;
        Some(Template {
            operation,
            purpose,
            standard,
        })
    };
    let card = |card_type| {
        let purpose = Purpose::Card(card_type);
        template(
            OperationKind::CreateCard,
            purpose,
            standard_request(card_type),
        )
    };
    let mut cases = Vec::new();
    if let (Some(plain), Some(shipped)) = (card(CardType::Virtual), card(CardType::Physical)) {
        let is_further = |member: &Member| plain.standard.get(&member.path[0]).is_none();
        cases.extend(plain.cases());
        let further = shipped.members().into_iter().filter(is_further);
        cases.extend(further.map(|member| shipped.case(&member)));
    }
    let subscription = template(
        OperationKind::PutWebhook,
        Purpose::Subscription,
        standard_subscription(),
    );
    cases.extend(subscription.iter().flat_map(Template::cases));
    cases
}

impl Template<'_> {
    /// The body as a whole, and each of its members.
    fn cases(&self) -> Vec<Case> {
        let mut cases = text::cases(self);
        cases.extend(self.members().iter().map(|member| self.case(member)));
        cases
    }

    /// The members whose object is in the standard body.
    fn members(&self) -> Vec<Member> {
        let mut members = self.operation.request_members(&self.standard);
        members.retain(|member| {
            let (_, outer) = member.path.split_last().unwrap_or((&member.path[0], &[]));
            self.standard.pointer(&pointer(outer)).is_some()
        });
        members
    }

    fn case(&self, member: &Member) -> Case {
        let name = member.path.join(" ");
        // What becomes of a subscription under an id that names none is open.
        let is_id = self.purpose == Purpose::Subscription && name == "id";
        let sound = neighbours(member).into_iter().filter(|_| !is_id);
        let bodies = self.broken(member).into_iter().chain(sound);
        self.case_of(
            format!("{}-{}", self.purpose.word(), kebab(&name)),
            format!(
                "The member \"{name}\" of a {}, broken and sound",
                self.purpose.noun()
            ),
            bodies.collect(),
        )
    }

    /// The bodies that must be refused, a look that shows that they did nothing, then the others.
    pub fn case_of(&self, name: String, title: String, mut bodies: Vec<Body>) -> Case {
        bodies.push(Body::Standard);
        let mut bodies: Vec<(Expected, Body)> = bodies
            .into_iter()
            .map(|body| (self.expected(&body), body))
            .collect();
        let refused = bodies
            .extract_if(.., |(expected, _)| *expected == Expected::Refused)
            .map(|(_, body)| body)
            .collect();
        bodies.sort_by_key(|(expected, _)| *expected == Expected::Open);
        let draft = match self.purpose {
            Purpose::Card(_) => self.creates(refused, bodies),
            Purpose::Subscription => self.subscriptions(refused, bodies),
        };
        draft.case(name, title)
    }

    /// Bad ones on one account, then the others, each on an account of its own: the first that must be accepted on the one
    /// where the bad ones were refused.
    fn creates(&self, refused: Vec<Body>, others: Vec<(Expected, Body)>) -> Draft {
        let mut draft = Draft::default();
        for body in refused {
            draft.tell(self.step('A', body));
        }
        self.look(&mut draft);
        for ((expected, body), letter) in others.into_iter().zip(LETTERS) {
            let made = draft.tell(self.step(letter, body));
            if expected == Expected::Accepted {
                self.read_back(&mut draft, made);
            }
        }
        draft
    }

    /// Bad ones, also in place of a good one that stands, which stays as it was; then the others.
    fn subscriptions(&self, refused: Vec<Body>, others: Vec<(Expected, Body)>) -> Draft {
        let mut draft = Draft::default();
        let standing = draft.ask(Command::Hook(Hook::Subscribe));
        let again = Command::Hook(Hook::Resubscribe(SubscriptionRef::Made(standing)));
        for body in refused {
            if matches!(body, Body::Patched(_)) {
                draft.tell(Step {
                    body: body.clone(),
                    ..Step::new(again.clone())
                });
            }
            draft.tell(self.step('A', body));
        }
        self.read_back(&mut draft, standing);
        self.look(&mut draft);
        for (expected, body) in others {
            let made = draft.tell(self.step('A', body));
            if expected == Expected::Accepted {
                self.read_back(&mut draft, made);
            }
        }
        draft
    }

    /// What shows whether bodies that were refused did anything.
    pub fn look(&self, draft: &mut Draft) {
        match self.purpose {
            Purpose::Card(_) => draft.list('A'),
            Purpose::Subscription => draft.ask(Command::Hook(Hook::ListSubscriptions)),
        };
    }

    /// Reads what a step has made.
    pub fn read_back(&self, draft: &mut Draft, made: StepNumber) {
        let made_here = SubscriptionRef::Made(made);
        match self.purpose {
            Purpose::Card(_) => draft.read(made),
            Purpose::Subscription => draft.ask(Command::Hook(Hook::ReadSubscription(made_here))),
        };
    }

    /// The step that sends a body; a card is made on the account of this letter.
    pub fn step(&self, letter: char, body: Body) -> Step {
        let command = match self.purpose {
            Purpose::Card(card_type) => Command::Create {
                account: AccountRef::Own(letter),
                card_type,
            },
            Purpose::Subscription => Command::Hook(Hook::Subscribe),
        };
        Step {
            body,
            ..Step::new(command)
        }
    }

    fn expected(&self, body: &Body) -> Expected {
        let text = body_text(&self.standard, body);
        // What can't be held as a value here stands where the document wants something else.
        let Ok(value) = serde_json::from_str::<Value>(&text) else {
            return Expected::Refused;
        };
        match self.operation.check_request_body(&value) {
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

    /// The member left out, and what may stand beside it put in: one does not do for the other.
    fn in_exchange(&self, member: &Member) -> Option<Body> {
        let (name, outer) = member.path.split_last()?;
        let mut members = self.members();
        members.retain(|other| {
            let is_beside = other.path.split_last().is_some_and(|(_, o)| o == outer);
            is_beside && !other.is_required && is_free_text(other)
        });
        let mut exchange = json!({ name.as_str(): null });
        for other in &members {
            exchange[other.path.last()?.as_str()] = json!("Back door");
        }
        let patched = Body::Patched(patch(outer, exchange));
        (!members.is_empty()).then_some(patched)
    }

    fn broken(&self, member: &Member) -> Vec<Body> {
        let value = |value| Body::Patched(patch(&member.path, value));
        let mut broken = Vec::new();
        if member.is_required {
            broken.push(value(Value::Null));
            broken.extend(self.in_exchange(member));
        }
        let mut wrong = vec![
            json!("text"),
            json!(7),
            json!(-0.5),
            json!(true),
            json!([]),
            json!({}),
        ];
        // A list of one is not that one.
        let sound = self.standard.pointer(&pointer(&member.path));
        wrong.extend(sound.map(|value| json!([value])));
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
        if member.types.iter().any(|t| t == "array") {
            let items = [json!(null), json!(7), json!({}), json!([])];
            let unlisted = member.item_options.first().into_iter().flat_map(unlisted);
            let items: Vec<Value> = items.into_iter().chain(unlisted).collect();
            // A wrong one beside a right one, on either side, since one of them alone may be looked at.
            if let (Some(right), Some(item)) = (member.item_options.first(), items.last()) {
                wrong.extend([json!([right, item]), json!([item, right])]);
            }
            wrong.extend(items.iter().map(|item| json!([item])));
            // One by itself is no list.
            wrong.extend(member.item_options.first().cloned());
        }
        broken.extend(wrong.into_iter().map(value));
        // These may be right for the member, and then they say nothing about it.
        broken.retain(|body| self.expected(body) == Expected::Refused);
        let is_number = member.types.iter().any(|t| t == "number" || t == "integer");
        let is_list = member.types.iter().any(|t| t == "array");
        broken.push(self.with_text(&member.path, "null"));
        // Half a surrogate pair may be text where any text may stand, and a target that keeps it shows it in every list.
        let half = self.with_text(&member.path, r#""\ud800""#);
        broken.extend(Some(half).filter(|_| !is_free_text(member)));
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

fn is_free_text(member: &Member) -> bool {
    member.types == ["string"] && member.options.is_empty() && member.format.is_none()
}

/// What a member may be, or perhaps may be.
fn neighbours(member: &Member) -> Vec<Body> {
    let (shortest, longest) = member.lengths;
    let (least, greatest) = member.bounds;
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
    values.extend(member.item_options.iter().map(|item| json!([item])));
    if is_free_text(member) {
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
        // What every object of JavaScript answers to.
        "constructor".to_owned(),
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
    fn the_members_of_a_subscription_are_broken_too() {
        let cases = cases(Contract::embedded());
        let steps = |name: &str| -> Vec<String> {
            let case = cases.iter().find(|case| case.name == name);
            let case = case.unwrap_or_else(|| panic!("{name}"));
            case.steps.iter().map(Step::to_string).collect()
        };
        for (name, wanted) in [
            (
                "subscription-callback-url",
                "subscribe with {\"callbackUrl\":null}",
            ),
            (
                "subscription-types",
                "subscribe again #1 with {\"types\":[7]}",
            ),
            (
                "subscription-types",
                "subscribe with {\"types\":[\"account.updated\"]}",
            ),
            ("subscription-id", "subscribe with {\"id\":7}"),
            ("subscription-body-cut", "subscribe with body \"\""),
            (
                "subscription-body-media-types",
                "subscribe as \"text/plain\"",
            ),
        ] {
            let steps = steps(name);
            assert!(
                steps.iter().any(|step| step == wanted),
                "{name}: {steps:#?}"
            );
        }
    }

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
