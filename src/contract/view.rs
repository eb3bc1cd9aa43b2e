//! What a document says about one part of a value: the schemas that speak of it, `$ref`s and choices followed.
//!
//! This answers what a validator doesn't: which properties are named at all, and which limits are stated.

use serde_json::Value;

use super::source::Source;
use super::{pointer, reference};

/// The schemas that speak of one part of a value.
#[derive(Debug)]
pub struct View<'a> {
    source: &'a Source,
    schemas: Vec<&'a Value>,
}

impl<'a> View<'a> {
    /// The view of a whole value by the schema at a pointer.
    pub fn of(source: &'a Source, schema: &str, value: &Value) -> View<'a> {
        View::gather(source, source.get(schema), value)
    }

    fn gather(
        source: &'a Source,
        roots: impl IntoIterator<Item = &'a Value>,
        value: &Value,
    ) -> View<'a> {
        let mut view = View {
            source,
            schemas: Vec::new(),
        };
        roots.into_iter().for_each(|root| view.add(root, value));
        view
    }

    /// Adds a schema and those that it is made of. Each is added once, so cycles end.
    fn add(&mut self, schema: &'a Value, value: &Value) {
        let Some(schema) = follow(self.source, schema) else {
            return;
        };
        if self
            .schemas
            .iter()
            .any(|known| std::ptr::eq(*known, schema))
        {
            return;
        }
        self.schemas.push(schema);
        for part in list(schema, "allOf") {
            self.add(part, value);
        }
        for branch in list(schema, "oneOf").chain(list(schema, "anyOf")) {
            if may_be_meant(self.source, branch, value) {
                self.add(branch, value);
            }
        }
    }

    /// The view of a property; nothing when the document doesn't name it, and doesn't leave the names free.
    pub fn property(&self, name: &str, value: &Value) -> Option<View<'a>> {
        let named: Vec<&Value> = self
            .within("properties")
            .filter_map(|properties| properties.get(name))
            .collect();
        if !named.is_empty() {
            return Some(View::gather(self.source, named, value));
        }
        let others: Vec<&Value> = self
            .within("additionalProperties")
            .filter(|schema| schema.is_object())
            .collect();
        let names_are_free = self.within("properties").next().is_none();
        (names_are_free || !others.is_empty()).then(|| View::gather(self.source, others, value))
    }

    /// The view of an item of a list.
    pub fn items(&self, value: &Value) -> View<'a> {
        View::gather(self.source, self.within("items"), value)
    }

    /// Whether a property is required.
    pub fn requires(&self, name: &str) -> bool {
        self.within("required")
            .filter_map(Value::as_array)
            .flatten()
            .any(|required| required == name)
    }

    /// Whether null is a value that the document names.
    pub fn allows_null(&self) -> bool {
        self.schemas.is_empty() || self.within("nullable").any(|nullable| nullable == true)
    }

    /// Whether one of these keywords is stated.
    pub fn states(&self, keywords: &[&str]) -> bool {
        keywords
            .iter()
            .any(|keyword| self.within(keyword).next().is_some())
    }

    /// The texts that an `enum` lists.
    pub fn options(&self) -> Vec<String> {
        let values = self.values();
        values
            .iter()
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect()
    }

    /// The values that an `enum` lists.
    pub fn values(&self) -> Vec<Value> {
        let listed = self.within("enum").filter_map(Value::as_array).flatten();
        each_once(listed.cloned())
    }

    /// The names of the properties that the document gives.
    pub fn names(&self) -> Vec<String> {
        let objects = self.within("properties").filter_map(Value::as_object);
        each_once(objects.flat_map(|properties| properties.keys().cloned()))
    }

    /// The types that a value may have.
    pub fn types(&self) -> Vec<String> {
        let types = self.within("type").filter_map(Value::as_str);
        each_once(types.map(str::to_owned))
    }

    /// The number that a keyword states.
    pub fn number<T: serde::de::DeserializeOwned>(&self, keyword: &str) -> Option<T> {
        let stated = self.within(keyword).next()?;
        serde_json::from_value(stated.clone()).ok()
    }

    /// The text that a keyword states.
    pub fn text(&self, keyword: &str) -> Option<String> {
        self.within(keyword)
            .find_map(|stated| stated.as_str().map(str::to_owned))
    }

    fn within(&self, keyword: &str) -> impl Iterator<Item = &'a Value> {
        self.schemas
            .iter()
            .filter_map(move |schema| schema.get(keyword))
    }
}

fn each_once<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut kept = Vec::new();
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

fn follow<'a>(source: &'a Source, schema: &'a Value) -> Option<&'a Value> {
    let Some(target) = schema.get("$ref").and_then(Value::as_str) else {
        return Some(schema);
    };
    reference::resolve(source, &pointer::from_reference(target)?).map(|(_, schema)| schema)
}

fn list<'a>(schema: &'a Value, keyword: &str) -> impl Iterator<Item = &'a Value> {
    schema
        .get(keyword)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Whether a branch of a choice may be the one that a value means: none of its enums names another value.
fn may_be_meant(source: &Source, branch: &Value, value: &Value) -> bool {
    let Some(branch) = follow(source, branch) else {
        return false;
    };
    let properties = branch.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().all(|(name, schema)| {
        let options = follow(source, schema)
            .and_then(|schema| schema.get("enum"))
            .and_then(Value::as_array);
        match (options, value.get(name)) {
            (Some(options), Some(found)) => options.contains(found),
            _ => true,
        }
    })
}
