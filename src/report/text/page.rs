//! Lines on a terminal: styled, wrapped to its width, and safe.
//!
//! What a target sent may be in any of them, so text gets into a [`Span`] only with its control characters written out.
//! Styles are always written as ANSI sequences; whoever owns the stream strips them where they are not wanted.

use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
use url::Url;

pub const PLAIN: Style = Style::new();
pub const BOLD: Style = Style::new().bold();
pub const DIM: Style = Style::new().dimmed();
pub const GOOD: Style = AnsiColor::Green.on_default();
pub const BAD: Style = AnsiColor::Red.on_default().bold();
pub const UNSURE: Style = AnsiColor::Yellow.on_default();
pub const NAME: Style = AnsiColor::Cyan.on_default();

/// A text whose every character can be seen, so that none can move the cursor, hide or pretend.
pub fn safe(text: &str) -> String {
    text.chars().fold(String::new(), |mut safe, c| {
        match c {
            '\'' | '"' | '\\' => safe.push(c),
            c => safe.extend(c.escape_debug()),
        }
        safe
    })
}

/// A piece of a line in one style.
#[derive(Clone)]
pub struct Span {
    style: Style,
    text: String,
    /// Where it leads, for terminals that know links.
    link: Option<Url>,
}

impl Span {
    pub fn new(style: Style, text: impl AsRef<str>) -> Self {
        Self {
            style,
            text: safe(text.as_ref()),
            link: None,
        }
    }

    /// Leading to a file. In its address whatever is no plain sign is written out, so that it is as safe as the text.
    pub fn leading_to(self, file: &Path) -> Self {
        let file = std::path::absolute(file).ok();
        let link = file.and_then(|file| Url::from_file_path(file).ok());
        Self { link, ..self }
    }

    /// Filled with spaces on its right.
    pub fn padded(style: Style, text: impl AsRef<str>, width: usize) -> Self {
        let mut span = Self::new(style, text);
        let missing = width.saturating_sub(span.text.width());
        span.text.push_str(&" ".repeat(missing));
        span
    }

    /// Filled with spaces on its right, or cut, to be just so wide.
    pub fn cut(style: Style, text: impl AsRef<str>, width: usize) -> Self {
        let text = cut(&safe(text.as_ref()), width);
        Self::padded(style, text, width)
    }

    /// Filled with spaces on its left.
    pub fn right(style: Style, text: impl AsRef<str>, width: usize) -> Self {
        let mut span = Self::new(style, text);
        let missing = width.saturating_sub(span.text.width());
        span.text.insert_str(0, &" ".repeat(missing));
        span
    }
}

pub fn plain(text: impl AsRef<str>) -> Span {
    Span::new(PLAIN, text)
}

pub fn dim(text: impl AsRef<str>) -> Span {
    Span::new(DIM, text)
}

pub fn bold(text: impl AsRef<str>) -> Span {
    Span::new(BOLD, text)
}

/// Lines that were drawn by themselves.
pub struct Drawn(Vec<u8>);

impl Drawn {
    /// How many there are.
    pub fn height(&self) -> usize {
        self.0.iter().filter(|byte| **byte == b'\n').count()
    }
}

/// Where lines are written, and how wide it is.
pub struct Page<'o> {
    out: &'o mut dyn Write,
    pub width: usize,
}

impl<'o> Page<'o> {
    /// Narrower than this nothing can be laid out, so lines then run over.
    const WIDTH_MIN: usize = 40;

    pub fn new(out: &'o mut dyn Write, width: usize) -> Self {
        Self {
            out,
            width: width.max(Self::WIDTH_MIN),
        }
    }

    /// The same page, drawn by itself: to see how many lines it takes before it is put anywhere.
    pub fn aside(&self, draw: impl FnOnce(&mut Page<'_>) -> io::Result<()>) -> io::Result<Drawn> {
        let mut drawn = Vec::new();
        draw(&mut Page::new(&mut drawn, self.width))?;
        Ok(Drawn(drawn))
    }

    /// Puts here what was drawn by itself.
    pub fn put(&mut self, drawn: &Drawn) -> io::Result<()> {
        self.out.write_all(&drawn.0)
    }

    pub fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// One line; what goes beyond the width is cut off.
    pub fn line(&mut self, spans: &[Span]) -> io::Result<()> {
        let mut room = self.width;
        let mut line = String::new();
        for Span { style, text, .. } in without_end(spans) {
            let text = cut(&text, room);
            room = room.saturating_sub(text.width());
            push(&mut line, style, &text);
        }
        writeln!(self.out, "{line}")
    }

    /// The spans of `head`, then `text`, whose further lines stand under its first.
    pub fn hanging(&mut self, head: &[Span], style: Style, text: &str) -> io::Result<()> {
        let indent: usize = head.iter().map(|span| span.text.width()).sum();
        let room = self.width.saturating_sub(indent).max(Self::WIDTH_MIN / 2);
        let lines = wrap(&safe(text), room);
        let mut first = String::new();
        let ends_here = lines.iter().all(String::is_empty);
        let head = if ends_here {
            without_end(head)
        } else {
            head.to_vec()
        };
        for Span { style, text, .. } in &head {
            push(&mut first, *style, text);
        }
        for (index, line) in lines.iter().enumerate() {
            let mut out = match index {
                0 => std::mem::take(&mut first),
                _ if line.is_empty() => String::new(),
                _ => " ".repeat(indent),
            };
            push(&mut out, style, line);
            writeln!(self.out, "{out}")?;
        }
        Ok(())
    }

    /// One line, however long: for what is to be copied, or followed.
    pub fn unbroken(&mut self, spans: &[Span]) -> io::Result<()> {
        let mut line = String::new();
        for Span { style, text, link } in without_end(spans) {
            match link {
                Some(link) => {
                    line.push_str(&format!("\u{1b}]8;;{link}\u{1b}\\"));
                    push(&mut line, style, &text);
                    line.push_str("\u{1b}]8;;\u{1b}\\");
                }
                None => push(&mut line, style, &text),
            }
        }
        writeln!(self.out, "{line}")
    }

    /// As [`Page::hanging`], each line of `text` by itself.
    pub fn block(&mut self, head: &[Span], style: Style, text: &str) -> io::Result<()> {
        let indent: usize = head.iter().map(|span| span.text.width()).sum();
        for (index, line) in text.lines().enumerate() {
            match index {
                0 => self.hanging(head, style, line)?,
                _ => self.hanging(&[plain(" ".repeat(indent))], style, line)?,
            }
        }
        Ok(())
    }

    /// The title of a part.
    pub fn title(&mut self, title: &str, aside: &str) -> io::Result<()> {
        self.blank()?;
        self.line(&[bold(title), plain("  "), dim(aside)])
    }
}

/// The spans without the white space at the end of the line.
fn without_end(spans: &[Span]) -> Vec<Span> {
    let mut spans = spans.to_vec();
    while let Some(last) = spans.last_mut() {
        last.text.truncate(last.text.trim_end().len());
        if !last.text.is_empty() {
            break;
        }
        spans.pop();
    }
    spans
}

fn push(line: &mut String, style: Style, text: &str) {
    if text.is_empty() {
        return;
    }
    if style.is_plain() {
        line.push_str(text);
    } else {
        line.push_str(&format!("{style}{text}{style:#}"));
    }
}

/// The text in at most `room` columns, an ellipsis where something is missing.
fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut used = 1;
    let kept = text.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= room
    });
    match room {
        0 => String::new(),
        _ => kept.collect::<String>() + "…",
    }
}

/// The text in lines of at most `room` columns, broken at spaces, or within a word that is longer than a line.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        let width = word.trim_end().width();
        if used > 0 && used + width > room {
            lines.push(String::new());
            used = 0;
        }
        for c in word.chars() {
            let width = c.width().unwrap_or(0);
            if used + width > room && c != ' ' {
                lines.push(String::new());
                used = 0;
            }
            used += width;
            lines.last_mut().expect("there is always a line").push(c);
        }
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: usize, draw: impl FnOnce(&mut Page<'_>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        draw(&mut Page::new(&mut out, width)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_that_a_target_sends_reaches_the_terminal_as_a_control_character() {
        let hostile = "\u{1b}[2J\u{7}\r\n\u{9b}31m\u{202e}evil\u{200b}\u{feff}";
        let drawn = drawn(200, |page| {
            page.line(&[plain(hostile)])?;
            page.hanging(&[plain(hostile)], PLAIN, hostile)?;
            page.block(&[plain(hostile)], PLAIN, hostile)
        });
        assert!(
            drawn
                .chars()
                .all(|c| c == '\n' || c.escape_debug().count() == 1 || c == '\\'),
            "{drawn:?}"
        );
        assert!(drawn.contains("\\u{1b}[2J"));
    }

    #[test]
    fn quotes_and_letters_of_all_scripts_stay_as_they_are() {
        let text = "{\"city\":\"東京都 Łódź مصر\"} it's \\n";
        assert_eq!(safe(text), text);
    }

    #[test]
    fn a_line_is_cut_at_the_width_of_the_terminal() {
        let text = "0123456789".repeat(5);
        assert_eq!(
            drawn(40, |page| page.line(&[plain(&text)])),
            format!("{}…\n", &text[..39])
        );
        let wide = "東".repeat(30);
        let drawn = drawn(40, |page| page.line(&[plain(&wide)]));
        assert_eq!(drawn.trim_end().width(), 39);
    }

    #[test]
    fn long_text_hangs_under_its_beginning_and_loses_nothing() {
        let text = "a word and another, then averyveryverylongwordthatfitsnowhereatallinsuchaline";
        let drawn = drawn(40, |page| page.hanging(&[plain("expected  ")], PLAIN, text));
        assert!(drawn.lines().skip(1).all(|l| l.starts_with("          ")));
        assert!(drawn.lines().all(|l| l.width() <= 40), "{drawn}");
        let letters = |s: &str| s.replace([' ', '\n'], "");
        assert_eq!(letters(&drawn), letters(&format!("expected {text}")));
    }
}
