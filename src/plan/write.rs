//! Suites and reproducers as files: a person reads one in ten seconds, and it reads back the same.

use std::fmt::Write as _;

use super::suite::{Generate, Suite};
use crate::case::{Case, Step};

/// Beyond this many characters a step's number no longer lines up with the others.
const ALIGNED_MAX: usize = 60;

/// A file with one case, the lines of `header` above it as comments.
pub fn case_file(case: &Case, header: &[String]) -> String {
    let suite = Suite {
        cases: vec![case.clone()],
        ..Suite::default()
    };
    format!("{}{}", comments(header), suite.to_toml())
}

/// Lines as TOML comments; what a target sent may be among them, so nothing in them can end the comment.
pub fn comments(lines: &[String]) -> String {
    lines
        .iter()
        .flat_map(|line| line.lines())
        .map(|line| format!("# {}", visible(line)).trim_end().to_owned() + "\n")
        .collect()
}

impl Suite {
    /// The suite as a file that [`Suite::from_toml`] reads back.
    pub fn to_toml(&self) -> String {
        let mut parts = vec![self.head(), self.found_table()];
        parts.extend(self.generate.iter().map(generate_table));
        parts.extend(self.cases.iter().map(case_table));
        parts.retain(|part| !part.is_empty());
        parts.join("\n")
    }

    fn head(&self) -> String {
        let mut head = String::new();
        let requirement = self.requirement.as_deref().unwrap_or_default();
        for (key, value) in [
            ("title", self.title.as_str()),
            ("about", &self.about),
            ("requirement", requirement),
        ] {
            if !value.is_empty() {
                let _ = writeln!(head, "{key} = {}", quoted(value));
            }
        }
        if let Some(times) = self.times {
            let _ = writeln!(head, "times = {times}");
        }
        if !self.every.is_empty() {
            let sets: Vec<_> = self
                .every
                .iter()
                .map(|every| quoted(every.as_str()))
                .collect();
            let _ = writeln!(head, "every = [{}]", sets.join(", "));
        }
        if !self.includes.is_empty() {
            let names: Vec<_> = self.includes.iter().map(|name| quoted(name)).collect();
            let _ = writeln!(head, "includes = [{}]", names.join(", "));
        }
        head
    }

    fn found_table(&self) -> String {
        if self.found.is_empty() {
            return String::new();
        }
        let lines = self
            .found
            .iter()
            .map(|(key, value)| format!("{} = {}\n", quoted(key), quoted(value)));
        format!("[found]\n{}", lines.collect::<String>())
    }
}

fn generate_table(generate: &Generate) -> String {
    let Generate {
        name,
        focus,
        cases,
        steps,
    } = generate;
    format!(
        "[[generate]]\nname = {}\nfocus = \"{}\"\ncases = {cases}\nsteps = {steps}\n",
        quoted(name),
        focus.as_str()
    )
}

fn case_table(case: &Case) -> String {
    let mut table = format!("[[case]]\nname = {}\n", quoted(&case.name));
    if !case.title.is_empty() {
        let _ = writeln!(table, "title = {}", quoted(&case.title));
    }
    table.push_str("steps = [\n");
    let lines: Vec<_> = case.steps.iter().map(step_text).collect();
    let width = lines
        .iter()
        .map(|line| line.chars().count())
        .filter(|width| *width <= ALIGNED_MAX)
        .max()
        .unwrap_or(0);
    for (index, line) in lines.iter().enumerate() {
        let _ = writeln!(
            table,
            "  {:<width$} # {}",
            format!("{line},"),
            index + 1,
            width = width + 1
        );
    }
    table + "]\n"
}

/// A step in single quotes. Whatever isn't plain ASCII in a step stands in JSON strings, so JSON's escapes reach it all.
fn step_text(step: &Step) -> String {
    let shown = step.to_string();
    let mut text = String::with_capacity(shown.len() + 2);
    text.push('\'');
    for c in shown.chars() {
        if c == '\'' || is_deceptive(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(c);
        }
    }
    text.push('\'');
    text
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if is_deceptive(c) => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

fn visible(line: &str) -> String {
    line.chars()
        .map(|c| if is_deceptive(c) { '\u{fffd}' } else { c })
        .collect()
}

/// Characters that can't be seen, or that change how their neighbours look: a file shows their codes instead.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0xa0 | 0xad | 0x61c | 0x1680 | 0x180b..=0x180f | 0x2000..=0x200f | 0x2028..=0x202f
            | 0x205f..=0x206f | 0x3000 | 0x3164 | 0xfeff | 0xfff0..=0xffff
            // Combining marks and selectors.
            | 0x300..=0x36f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f
            // Conjoining Hangul, private use, tags.
            | 0x1100..=0x11ff | 0xe000..=0xf8ff | 0xe0000..=0x10_ffff)
}
