//! YAML 1.2 (and so JSON) as [`serde_json::Value`], with the place of every part.
//!
//! Built on the parser's event stream rather than on a ready-made tree: events come one by one, so neither
//! reading nor dropping a hostile document recurses deeper than [`DEPTH_MAX`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use indexmap::IndexMap;
use saphyr::Scalar;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};
use serde_json::{Map, Number, Value};

use super::error::Fault;
use super::source::Place;
use super::{pointer, surrogates};

/// How deep a document may nest, aliases followed.
pub const DEPTH_MAX: usize = 100;
/// How many parts a document may have, aliases followed.
pub const PARTS_MAX: usize = 200_000;

/// The place of each part, by JSON pointer. A member stands where its key stands.
pub type Places = HashMap<String, Place>;

/// Reads a text that holds exactly one document.
pub fn read(text: &str) -> Result<(Value, Places), Fault> {
    let text = surrogates::joined(text);
    let root = tree(&text)?;
    let mut places = Places::new();
    places.insert(String::new(), root.place);
    let value = expand(&root, "", &mut places);
    Ok((value, places))
}

/// One part. `height` and `size` count through aliases, so a bomb is seen before it is expanded.
struct Node {
    place: Place,
    height: usize,
    size: usize,
    kind: Kind,
}

enum Kind {
    Scalar(Value),
    List(Vec<Rc<Node>>),
    Map(Members),
}

type Members = IndexMap<String, (Place, Rc<Node>)>;

/// A list or mapping that is still open.
struct Frame {
    place: Place,
    anchor: usize,
    items: Items,
}

enum Items {
    List(Vec<Rc<Node>>),
    Map(Members, Option<(String, Place)>),
}

#[derive(Default)]
struct Builder {
    open: Vec<Frame>,
    anchors: HashMap<usize, Rc<Node>>,
    root: Option<Rc<Node>>,
}

fn tree(text: &str) -> Result<Rc<Node>, Fault> {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| syntax(&error))?;
        builder.take(event, span)?;
    }
    builder.root.ok_or_else(empty)
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let place = place(&span.start);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.root.is_some() => Err(second_document(place)),
            Event::DocumentStart(_) => Ok(()),
            Event::Scalar(text, style, anchor, tag) => self.scalar(text, style, anchor, tag, place),
            Event::Alias(anchor) => self.alias(anchor, place),
            Event::SequenceStart(anchor, _) => self.start(Frame {
                place,
                anchor,
                items: Items::List(Vec::new()),
            }),
            Event::MappingStart(anchor, _) => self.start(Frame {
                place,
                anchor,
                items: Items::Map(Members::new(), None),
            }),
            Event::SequenceEnd | Event::MappingEnd => self.end(place),
        }
    }

    fn start(&mut self, frame: Frame) -> Result<(), Fault> {
        if self.awaits_key() {
            return Err(odd_key(frame.place));
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(too_deep(frame.place));
        }
        self.open.push(frame);
        Ok(())
    }

    fn end(&mut self, place: Place) -> Result<(), Fault> {
        let Some(frame) = self.open.pop() else {
            return Err(unbalanced(place));
        };
        let (height, size) = match &frame.items {
            Items::List(items) => measure(items.iter()),
            Items::Map(members, _) => measure(members.values().map(|(_, node)| node)),
        };
        let kind = match frame.items {
            Items::List(items) => Kind::List(items),
            Items::Map(members, _) => Kind::Map(members),
        };
        self.put(
            Node {
                place: frame.place,
                height,
                size,
                kind,
            },
            frame.anchor,
        )
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        place: Place,
    ) -> Result<(), Fault> {
        if self.awaits_key() {
            return self.key(text.into_owned(), style, place);
        }
        let scalar = Scalar::parse_from_cow_and_metadata(text.clone(), style, tag.as_ref());
        let value = scalar.and_then(json).ok_or_else(|| no_json(place, &text))?;
        self.put(
            Node {
                place,
                height: 1,
                size: 1,
                kind: Kind::Scalar(value),
            },
            anchor,
        )
    }

    /// A key is its text, whatever YAML would make of it: `200:` and `"200":` are the same status.
    fn key(&mut self, text: String, style: ScalarStyle, place: Place) -> Result<(), Fault> {
        if text == "<<" && style == ScalarStyle::Plain {
            return Err(merge_key(place));
        }
        let Some(Frame {
            items: Items::Map(members, key),
            ..
        }) = self.open.last_mut()
        else {
            return Err(unbalanced(place));
        };
        if let Some((first, _)) = members.get(&text) {
            return Err(duplicate(place, &text, *first));
        }
        *key = Some((text, place));
        Ok(())
    }

    fn alias(&mut self, anchor: usize, place: Place) -> Result<(), Fault> {
        if self.awaits_key() {
            return Err(odd_key(place));
        }
        let node = self
            .anchors
            .get(&anchor)
            .cloned()
            .ok_or_else(|| endless(place))?;
        self.put_shared(node, place)
    }

    fn awaits_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Frame {
                items: Items::Map(_, None),
                ..
            })
        )
    }

    fn put(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        let place = node.place;
        let node = Rc::new(node);
        // 0 means that the part has no anchor.
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.put_shared(node, place)
    }

    fn put_shared(&mut self, node: Rc<Node>, place: Place) -> Result<(), Fault> {
        if node.height + self.open.len() > DEPTH_MAX {
            return Err(too_deep(place));
        }
        if node.size > PARTS_MAX {
            return Err(too_large(place));
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Frame {
                items: Items::List(items),
                ..
            }) => items.push(node),
            Some(Frame {
                items: Items::Map(members, key),
                ..
            }) => {
                let Some((text, key_place)) = key.take() else {
                    return Err(unbalanced(place));
                };
                members.insert(text, (key_place, node));
            }
        }
        Ok(())
    }
}

fn measure<'a>(nodes: impl Iterator<Item = &'a Rc<Node>>) -> (usize, usize) {
    nodes.fold((1, 1), |(height, size), node| {
        (height.max(node.height + 1), size.saturating_add(node.size))
    })
}

fn expand(node: &Node, at: &str, places: &mut Places) -> Value {
    match &node.kind {
        Kind::Scalar(value) => value.clone(),
        Kind::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                let at = pointer::join(at, &index.to_string());
                places.insert(at.clone(), item.place);
                list.push(expand(item, &at, places));
            }
            Value::Array(list)
        }
        Kind::Map(members) => {
            let mut map = Map::with_capacity(members.len());
            for (key, (place, member)) in members {
                let at = pointer::join(at, key);
                places.insert(at.clone(), *place);
                map.insert(key.clone(), expand(member, &at, places));
            }
            Value::Object(map)
        }
    }
}

fn json(scalar: Scalar<'_>) -> Option<Value> {
    Some(match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(yes) => Value::Bool(yes),
        Scalar::Integer(integer) => Value::from(integer),
        Scalar::FloatingPoint(float) => Value::Number(Number::from_f64(float.into_inner())?),
        Scalar::String(text) => Value::String(text.into_owned()),
    })
}

fn place(marker: &Marker) -> Place {
    Place {
        line: marker.line().max(1),
        column: marker.col() + 1,
    }
}

fn syntax(error: &ScanError) -> Fault {
    let place = place(error.marker());
    // The scanner reads ahead, and has its own limit for brackets.
    if error.info().contains("recursion limit") {
        return too_deep(place);
    }
    let found = format!("this isn't well-formed YAML or JSON: {}", error.info());
    Fault::at_place(place, found, "correct the syntax here, or just before")
}

/// What an empty file says; the caller says it too, of a document that is only `null`.
pub fn empty() -> Fault {
    Fault::of_file(
        "the file is empty",
        "an OpenAPI 3.0 document starts with `openapi: 3.0.3`",
    )
}

fn second_document(place: Place) -> Fault {
    Fault::at_place(
        place,
        "a second YAML document starts here",
        "keep one document to a file",
    )
}

fn odd_key(place: Place) -> Fault {
    Fault::at_place(
        place,
        "this key isn't plain text",
        "write the key out as text",
    )
}

fn too_deep(place: Place) -> Fault {
    let found = format!("the document nests deeper than {DEPTH_MAX} levels");
    Fault::at_place(
        place,
        found,
        "move inner schemas to `components` and refer to them with `$ref`",
    )
}

fn too_large(place: Place) -> Fault {
    let found =
        format!("the document has more than {PARTS_MAX} parts once its aliases are followed");
    Fault::at_place(place, found, "use `$ref` in place of YAML aliases")
}

fn endless(place: Place) -> Fault {
    Fault::at_place(
        place,
        "this alias stands for a part that contains it",
        "use `$ref` in place of the alias",
    )
}

fn merge_key(place: Place) -> Fault {
    let advice = "write the members out, or use `$ref`";
    Fault::at_place(place, "the merge key `<<` isn't part of YAML 1.2", advice)
}

fn no_json(place: Place, text: &str) -> Fault {
    Fault::at_place(
        place,
        format!("{text:?} has no JSON value"),
        "write a number, or quote the text",
    )
}

fn duplicate(place: Place, key: &str, first: Place) -> Fault {
    let found = format!("the key {key:?} stands twice in one mapping");
    Fault::at_place(
        place,
        found,
        format!("keep one of the two; the first is on line {}", first.line),
    )
}

fn unbalanced(place: Place) -> Fault {
    Fault::at_place(
        place,
        "this isn't well-formed YAML",
        "correct the syntax here, or just before",
    )
}
