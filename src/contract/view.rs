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
    parts: Vec<Part<'a>>,
}

/// One of them, and where it stands.
#[derive(Debug)]
struct Part<'a> {
    at: String,
    schema: &'a Value,
}

impl<'a> View<'a> {
    /// The view of a whole value by the schema at a pointer.
    pub fn of(source: &'a Source, schema: &str, value: &Value) -> View<'a> {
        View::gather(source, [schema.to_owned()], value)
    }

    fn gather(
        source: &'a Source,
        roots: impl IntoIterator<Item = String>,
        value: &Value,
    ) -> View<'a> {
        let mut view = View {
            source,
            parts: Vec::new(),
        };
        roots.into_iter().for_each(|root| view.add(root, value));
        view
    }

    /// Adds a schema and those that it is made of. Each is added once, so cycles end.
    fn add(&mut self, at: String, value: &Value) {
        let Some(schema) = self.source.get(&at) else {
            return;
        };
        if self.parts.iter().any(|part| part.at == at) {
            return;
        }
        self.parts.push(Part {
            at: at.clone(),
            schema,
        });
        let reference = schema.get("$ref").and_then(Value::as_str);
        if let Some(target) = reference.and_then(pointer::from_reference) {
            self.add(target, value);
        }
        let items = |keyword| pointer::items(&pointer::join(&at, keyword), schema.get(keyword));
        for part in items("allOf") {
            self.add(part, value);
        }
        for branch in ["oneOf", "anyOf"].into_iter().flat_map(items) {
            if self.may_be_meant(&branch, value) {
                self.add(branch, value);
            }
        }
        if schema.get("if").is_some() {
            let is_so = self.may_be_meant(&pointer::join(&at, "if"), value);
            let branch = if is_so { "then" } else { "else" };
            self.add(pointer::join(&at, branch), value);
        }
    }

    /// Whether a branch of a choice may be the one that a value means: none of the members that it lists values of has another
    /// one.
    fn may_be_meant(&self, branch: &str, value: &Value) -> bool {
        let Some((_, branch)) = reference::resolve(self.source, branch) else {
            return false;
        };
        let properties = branch.get("properties").and_then(Value::as_object);
        properties.into_iter().flatten().all(|(name, schema)| {
            match (value.get(name), self.follow(schema)) {
                (Some(found), Some(schema)) => {
                    let listed: Vec<&Value> = values_of(schema).collect();
                    listed.is_empty() || listed.contains(&found)
                }
                _ => true,
            }
        })
    }

    fn follow(&self, schema: &'a Value) -> Option<&'a Value> {
        match schema.get("$ref").and_then(Value::as_str) {
            None => Some(schema),
            Some(target) => {
                let target = pointer::from_reference(target)?;
                reference::resolve(self.source, &target).map(|(_, schema)| schema)
            }
        }
    }

    /// The view of a property; nothing when the document doesn't name it, and doesn't leave the names free.
    pub fn property(&self, name: &str, value: &Value) -> Option<View<'a>> {
        let named: Vec<String> = self.inner("properties", Some(name)).collect();
        if !named.is_empty() {
            return Some(View::gather(self.source, named, value));
        }
        let others: Vec<String> = self
            .inner("additionalProperties", None)
            .filter(|at| self.source.get(at).is_some_and(Value::is_object))
            .collect();
        let names_are_free = self.within("properties").next().is_none();
        (names_are_free || !others.is_empty()).then(|| View::gather(self.source, others, value))
    }

    /// The view of an item of a list.
    pub fn items(&self, value: &Value) -> View<'a> {
        View::gather(self.source, self.inner("items", None), value)
    }

    /// Where the schemas inside these stand: under a keyword, and a name where it holds several.
    fn inner(&self, keyword: &str, name: Option<&str>) -> impl Iterator<Item = String> {
        self.parts.iter().filter_map(move |part| {
            let inner = part.schema.get(keyword)?;
            let at = pointer::join(&part.at, keyword);
            match name {
                None => Some(at),
                Some(name) => inner.get(name).map(|_| pointer::join(&at, name)),
            }
        })
    }

    /// Whether two documents say of a part, in the same words, the same; what is inside the part is not looked at.
    pub fn is_alike(&self, other: &View<'_>) -> bool {
        let mut pairs = self.parts.iter().zip(&other.parts);
        self.parts.len() == other.parts.len()
            && pairs.all(|(own, other)| own.schema == other.schema)
    }

    /// Where the document speaks of this part of the value, `$ref`s followed; of its member `name`, if that is given.
    pub fn pointer(&self, name: Option<&str>) -> Option<String> {
        let speaks = |part: &&Part<'_>| {
            name.is_none_or(|name| {
                part.schema
                    .get("properties")
                    .is_some_and(|p| p.get(name).is_some())
            })
        };
        let part = self.parts.iter().find(speaks).or(self.parts.first())?;
        reference::resolve(self.source, &part.at).map(|(at, _)| at)
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
        let is_null = |kind: &Value| kind == "null";
        self.parts.is_empty()
            || self.within("nullable").any(|nullable| nullable == true)
            || self.within("type").any(|kinds| match kinds.as_array() {
                Some(kinds) => kinds.iter().any(is_null),
                None => is_null(kinds),
            })
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

    /// The values that an `enum` or a `const` lists.
    pub fn values(&self) -> Vec<Value> {
        let listed = self.parts.iter().flat_map(|part| values_of(part.schema));
        each_once(listed.cloned())
    }

    /// A value that the document gives for this part: the first that it lists, its default, or an example.
    pub fn given(&self) -> Option<Value> {
        let plain = ["const", "default", "example"].map(|keyword| self.within(keyword).next());
        let examples = self
            .within("examples")
            .find_map(|examples| examples.as_array()?.first());
        let listed = self.values().into_iter().next();
        listed.or_else(|| plain.into_iter().flatten().chain(examples).next().cloned())
    }

    /// The names of the properties that the document gives.
    pub fn names(&self) -> Vec<String> {
        let objects = self.within("properties").filter_map(Value::as_object);
        each_once(objects.flat_map(|properties| properties.keys().cloned()))
    }

    /// The types that a value may have; null is none of them ([`View::allows_null`]).
    pub fn types(&self) -> Vec<String> {
        let kinds = self.within("type").flat_map(|kinds| match kinds {
            Value::Array(kinds) => kinds.as_slice(),
            kind => std::slice::from_ref(kind),
        });
        let kinds = kinds.filter_map(Value::as_str);
        each_once(kinds.filter(|kind| *kind != "null").map(str::to_owned))
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
        self.parts
            .iter()
            .filter_map(move |part| part.schema.get(keyword))
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

/// The values that a schema lists.
fn values_of(schema: &Value) -> impl Iterator<Item = &Value> {
    let listed = schema.get("enum").and_then(Value::as_array);
    listed.into_iter().flatten().chain(schema.get("const"))
}
