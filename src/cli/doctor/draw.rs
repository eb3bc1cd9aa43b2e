//! Draws an examination: a line for each step, then all that is known of those that failed.

use std::io;
use std::path::Path;

use crate::doctor::{Cause, Check, Examination, Failure, Outcome, Shown, Signed, Step, Sure};
use crate::report::text::page::{
    BAD, DIM, GOOD, NAME, PLAIN, Page, Span, UNSURE, bold, dim, plain,
};

const WORD_WIDTH: usize = 9;
const STEP_WIDTH: usize = 32;
const LABEL_WIDTH: usize = 10;

/// The profile's file, for naming places in it.
pub struct File {
    pub name: String,
    text: String,
}

impl File {
    /// A file that can't be read has no lines; reading it has its own error.
    pub fn new(path: &Path) -> Self {
        Self {
            name: path.display().to_string(),
            text: std::fs::read_to_string(path).unwrap_or_default(),
        }
    }

    /// `cardproof.toml:7: signing.private_key`, the line only where the key is there.
    fn place(&self, key: &str) -> String {
        match self.line_of(key) {
            Some(line) => format!("{}:{line}: {key}", self.name),
            None => format!("{}: {key}", self.name),
        }
    }

    fn line_of(&self, key: &str) -> Option<usize> {
        let (table, name) = key.rsplit_once('.').unwrap_or(("", key));
        let mut current = "";
        for (index, line) in self.text.lines().enumerate() {
            let line = line.trim();
            if let Some(header) = line.strip_prefix('[') {
                current = header.split(']').next().unwrap_or_default();
                if current == key {
                    return Some(index + 1);
                }
            } else if current == table && line.split('=').next().is_some_and(|k| k.trim() == name) {
                return Some(index + 1);
            }
        }
        None
    }
}

/// How a step went.
pub fn line(page: &mut Page<'_>, check: &Check) -> io::Result<()> {
    let (word, style, aside) = match &check.outcome {
        Outcome::Ok { note } => ("ok", GOOD, note.clone()),
        Outcome::Failed(failure) => ("failed", BAD, failure.problem.clone()),
        Outcome::Skipped { why } => ("skipped", UNSURE, format!("({why})")),
    };
    let head = [
        Span::padded(style, word, WORD_WIDTH),
        Span::padded(PLAIN, check.step.words(), STEP_WIDTH),
    ];
    page.hanging(&head, DIM, &aside)
}

/// All that is known of what failed, and what to do next.
pub fn findings(page: &mut Page<'_>, file: &File, examination: &Examination) -> io::Result<()> {
    let mut count = 0;
    for (step, failure) in examination.failures() {
        count += 1;
        failed(page, file, step, failure)?;
    }
    page.blank()?;
    match count {
        0 => page.hanging(
            &[plain("well: ")],
            PLAIN,
            &format!("cardproof run --profile {}", file.name),
        ),
        1 => page.hanging(&[], PLAIN, "1 step failed; put it right and examine again"),
        many => page.hanging(
            &[],
            PLAIN,
            &format!("{many} steps failed; begin with the first"),
        ),
    }
}

fn failed(page: &mut Page<'_>, file: &File, step: Step, failure: &Failure) -> io::Result<()> {
    page.blank()?;
    page.hanging(
        &[bold("FAILED  "), bold(step.words()), plain(": ")],
        PLAIN,
        &failure.problem,
    )?;
    if let Some(shown) = &failure.exchange {
        exchange(page, shown)?;
    }
    for (index, tried) in failure.tried.iter().enumerate() {
        let label = if index == 0 { "tried" } else { "" };
        page.hanging(&[label_of(label)], PLAIN, tried)?;
    }
    page.blank()?;
    for (index, cause) in failure.causes.iter().enumerate() {
        self::cause(page, file, index + 1, cause)?;
    }
    match &failure.signature {
        Some(signed) => signature(page, signed),
        None => Ok(()),
    }
}

fn label_of(label: &str) -> Span {
    Span::padded(DIM, format!("  {label}"), LABEL_WIDTH + 2)
}

fn exchange(page: &mut Page<'_>, shown: &Shown) -> io::Result<()> {
    page.hanging(&[label_of("sent")], PLAIN, &shown.request)?;
    // Unbroken, so that Signature-Input can be copied.
    for field in shown.headers.iter().chain(&shown.body) {
        page.unbroken(&[label_of(""), dim(field)])?;
    }
    page.hanging(&[label_of("came")], PLAIN, &shown.answer)?;
    for field in shown.answer_headers.iter().chain(&shown.answer_body) {
        page.hanging(&[label_of("")], DIM, field)?;
    }
    Ok(())
}

fn cause(page: &mut Page<'_>, file: &File, number: usize, cause: &Cause) -> io::Result<()> {
    let (sure, style) = match cause.sure {
        Sure::Shown => ("shown", BAD),
        Sure::Likely => ("likely", UNSURE),
        Sure::Possible => ("possible", DIM),
    };
    let head = [
        plain(format!("  {number}  ")),
        Span::padded(style, sure, LABEL_WIDTH),
    ];
    page.hanging(&head, PLAIN, &cause.words)?;
    let indent = || Span::padded(PLAIN, "", 5 + LABEL_WIDTH);
    if !cause.key.is_empty() {
        page.line(&[indent(), Span::new(NAME, file.place(&cause.key))])?;
    }
    page.hanging(&[indent()], PLAIN, &cause.advice)?;
    page.line(&[indent(), dim(cause.id)])
}

/// The base stands at the margin, unbroken, so that it can be copied.
fn signature(page: &mut Page<'_>, signed: &Signed) -> io::Result<()> {
    page.blank()?;
    page.hanging(
        &[label_of("signed")],
        PLAIN,
        "the lines between the marks, each ended by one line feed (0x0A) but the last, which has none; a token is masked here",
    )?;
    page.unbroken(&[dim("-----BEGIN SIGNATURE BASE-----")])?;
    for line in signed.base.lines() {
        page.unbroken(&[plain(line)])?;
    }
    page.unbroken(&[dim("-----END SIGNATURE BASE-----")])?;
    page.unbroken(&[label_of("SHA-384"), plain(&signed.sha384)])?;
    page.hanging(
        &[label_of("")],
        DIM,
        "of these bytes with the token in place: the server's base must have the same",
    )?;
    for (index, source) in signed.rebuild.iter().enumerate() {
        let label = if index == 0 { "rebuild" } else { "" };
        page.hanging(&[label_of(label)], PLAIN, source)?;
    }
    page.hanging(
        &[label_of("")],
        PLAIN,
        "\"@signature-params\": what stands after `sig1=` in Signature-Input, byte for byte",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_with_its_line() {
        let file = File {
            name: "x.toml".to_owned(),
            text: "base_url = \"u\"\n[signing]\n# key_id = \"no\"\nkey_id = \"k\"\n[webhooks]\n"
                .to_owned(),
        };
        for (key, place) in [
            ("base_url", "x.toml:1: base_url"),
            ("signing.key_id", "x.toml:4: signing.key_id"),
            ("signing", "x.toml:2: signing"),
            ("webhooks.listen", "x.toml: webhooks.listen"),
        ] {
            assert_eq!(file.place(key), place);
        }
    }
}
