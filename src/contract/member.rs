//! The members of a request body, each with what the document says of it: what is needed to break it.

use serde_json::Value;

use super::operation::Operation;
use super::view::View;

/// No member is looked for deeper: a schema may hold itself.
const DEPTH_MAX: usize = 6;

/// A member of a request body.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The names that lead to it, from the outside in.
    pub path: Vec<String>,
    /// The object that it stands in must have it.
    pub is_required: bool,
    /// The types that its value may have, in the words of JSON Schema; none if the document says none.
    pub types: Vec<String>,
    /// The values that the document lists.
    pub options: Vec<Value>,
    /// The values that the document lists for an item of it, if it is an array.
    pub item_options: Vec<Value>,
    /// The least and the greatest number of characters.
    pub lengths: (Option<u64>, Option<u64>),
    /// The least and the greatest number.
    pub bounds: (Option<f64>, Option<f64>),
    /// The form that its text has.
    pub format: Option<String>,
}

impl Operation {
    /// The members that a body like `example` may have, outer ones before those inside them.
    pub fn request_members(&self, example: &Value) -> Vec<Member> {
        let mut members = Vec::new();
        if let Some(schema) = self.request.as_ref().and_then(|r| r.schema.as_ref()) {
            let view = View::of(&self.source, &schema.pointer, example);
            collect(&view, example, &[], &mut members);
        }
        members
    }
}

fn collect(view: &View<'_>, value: &Value, path: &[String], members: &mut Vec<Member>) {
    for name in view.names() {
        let inner_value = value.get(&name).unwrap_or(&Value::Null);
        let Some(inner) = view.property(&name, inner_value) else {
            continue;
        };
        let mut path = path.to_vec();
        path.push(name.clone());
        members.push(Member {
            is_required: view.requires(&name),
            types: inner.types(),
            options: inner.values(),
            item_options: inner.items(&Value::Null).values(),
            lengths: (inner.number("minLength"), inner.number("maxLength")),
            bounds: (inner.number("minimum"), inner.number("maximum")),
            format: inner.text("format"),
            path: path.clone(),
        });
        if path.len() < DEPTH_MAX {
            collect(&inner, inner_value, &path, members);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::case::request::standard_request;
    use crate::contract::{Contract, OperationKind};

    #[test]
    fn the_members_of_a_card_request_are_those_of_the_document() {
        let create = Contract::embedded().operation(OperationKind::CreateCard);
        let example = standard_request(crate::card::CardType::Physical);
        let members = create.unwrap().request_members(&example);
        let paths: Vec<String> = members.iter().map(|m| m.path.join(".")).collect();
        assert_eq!(members.len(), 15, "{paths:?}");
        let find = |path: &str| members.iter().find(|m| m.path.join(".") == path).unwrap();
        assert!(find("shippingAddress").is_required);
        assert!(!find("billingAddress.state").is_required);
        assert_eq!(find("billingAddress.country").options.len(), 249);
        assert_eq!(find("type").options, ["physical"]);
        assert_eq!(find("billingAddress").types, ["object"]);
    }
}
