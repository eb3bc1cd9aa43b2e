//! Why a document was not taken: one error, with the place, what stands there, and what to do.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::source::Place;
use super::words;

/// A longer line is not drawn: the picture would be all blank, and a one-line document can have megabytes.
const DRAWN_LINE_CHARS_MAX: usize = 2_000;

/// A document that can't be used: where, what was found, and what to do about it.
///
/// `Display` draws the place without colours; [`LoadError::render`] can colour it.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.render(false))]
pub struct LoadError(Box<Details>);

#[derive(Debug)]
struct Details {
    file: String,
    place: Option<Place>,
    line: Option<String>,
    found: String,
    advice: String,
}

impl LoadError {
    pub(super) fn new(
        file: &str,
        text: &str,
        place: Option<Place>,
        found: String,
        advice: String,
    ) -> LoadError {
        let line = place
            .and_then(|place| text.lines().nth(place.line - 1))
            .map(str::to_owned);
        LoadError(Box::new(Details {
            file: file.to_owned(),
            place,
            line,
            found: words::printable(&found),
            advice: words::printable(&advice),
        }))
    }

    /// The file, as the caller named it.
    pub fn file(&self) -> &str {
        &self.0.file
    }

    /// Where in the file, unless it is about the file as a whole.
    pub fn place(&self) -> Option<Place> {
        self.0.place
    }

    /// What was found.
    pub fn found(&self) -> &str {
        &self.0.found
    }

    /// What was expected, and what to do next.
    pub fn advice(&self) -> &str {
        &self.0.advice
    }

    /// The error with a picture of its place.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let advice = Level::HELP.message(self.0.advice.as_str());
        let report = [self.picture().element(advice)];
        renderer.decor_style(DecorStyle::Ascii).render(&report)
    }

    fn picture(&self) -> Group<'_> {
        let title = Level::ERROR.primary_title(self.0.found.as_str());
        let (Some(place), Some(line)) = (self.0.place, &self.0.line) else {
            return title.element(Origin::path(self.0.file.as_str()));
        };
        if line.chars().count() > DRAWN_LINE_CHARS_MAX {
            let origin = Origin::path(self.0.file.as_str())
                .line(place.line)
                .char_column(place.column);
            return title.element(origin);
        }
        title.element(
            Snippet::source(line.as_str())
                .line_start(place.line)
                .path(self.0.file.as_str())
                .annotation(AnnotationKind::Primary.span(word_at(line, place.column))),
        )
    }
}

/// The bytes of the word that starts at a column: what the picture underlines.
fn word_at(line: &str, column: usize) -> std::ops::Range<usize> {
    let start = line
        .char_indices()
        .nth(column - 1)
        .map_or(line.len(), |(at, _)| at);
    let rest = &line[start..];
    let length = rest
        .find([':', ',', ' ', '\t', '}', ']'])
        .filter(|&at| at > 0)
        .unwrap_or(rest.len());
    start..start + length
}

/// A [`LoadError`] in the making: it knows the pointer or the place, not yet the file.
#[derive(Debug)]
pub struct Fault {
    pub at: At,
    pub found: String,
    pub advice: String,
}

/// What a fault is about.
#[derive(Debug)]
pub enum At {
    File,
    Place(Place),
    Pointer(String),
}

impl Fault {
    pub fn at_pointer(pointer: &str, found: impl Into<String>, advice: impl Into<String>) -> Fault {
        Fault {
            at: At::Pointer(pointer.to_owned()),
            found: found.into(),
            advice: advice.into(),
        }
    }

    pub fn at_place(place: Place, found: impl Into<String>, advice: impl Into<String>) -> Fault {
        Fault {
            at: At::Place(place),
            found: found.into(),
            advice: advice.into(),
        }
    }

    pub fn of_file(found: impl Into<String>, advice: impl Into<String>) -> Fault {
        Fault {
            at: At::File,
            found: found.into(),
            advice: advice.into(),
        }
    }
}
