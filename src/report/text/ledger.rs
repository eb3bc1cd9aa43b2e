//! What could not be run, and what the run leaves in listed accounts.

use std::io;

use super::page::{PLAIN, Page, UNSURE, dim, plain};
use crate::report::Report;
use crate::report::words;

pub fn write(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    if !report.not_run.is_empty() {
        page.title("Not run", "cases for which something was wanting")?;
        for not_run in &report.not_run {
            let times = format!("{:>5}×  ", not_run.cases);
            page.hanging(&[dim(times)], UNSURE, &not_run.because)?;
        }
    }
    let Some(made) = &report.made else {
        return Ok(());
    };
    page.title("Ledger", &words::made(made))?;
    for left in &made.left {
        page.hanging(&[plain("  ")], PLAIN, &words::left(left))?;
    }
    Ok(())
}
