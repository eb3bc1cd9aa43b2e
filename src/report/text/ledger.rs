//! What accounts were wanting for, and what the run leaves in them.

use std::io;

use super::page::{PLAIN, Page, UNSURE, dim, plain};
use crate::report::Report;
use crate::report::words::{self, counted};

pub fn write(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    if !report.not_run.is_empty() {
        page.title("Not run", "cases for which accounts were wanting")?;
        for not_run in &report.not_run {
            let times = format!("{:>5}×  ", not_run.cases);
            page.hanging(&[dim(times)], UNSURE, &not_run.because)?;
        }
    }
    let Some(made) = &report.made else {
        return Ok(());
    };
    let what = match made.left.len() {
        0 => format!(
            "{} made in the listed accounts, all of them final",
            counted(made.cards, "card")
        ),
        left => format!(
            "{} made in the listed accounts, {left} of them left there",
            counted(made.cards, "card")
        ),
    };
    page.title("Ledger", &what)?;
    for left in &made.left {
        page.hanging(&[plain("  ")], PLAIN, &words::left(left))?;
    }
    Ok(())
}
