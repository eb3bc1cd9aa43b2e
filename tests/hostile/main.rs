//! Hostile and broken targets: each row of the table is a test of its own, run against the built program.

#[path = "../common/mod.rs"]
mod common;
mod deeds;
mod hold;
mod server;
mod table;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let mut arguments = Arguments::from_args();
    // Rows mostly wait, for time-outs and for each other's processes.
    arguments.test_threads.get_or_insert(4);
    let trials = table::rows().into_iter().map(|row| {
        Trial::test(row.name, move || {
            hold::hold(&row);
            Ok(())
        })
    });
    let mut trials: Vec<Trial> = trials.collect();
    trials.push(Trial::test(
        "the_table_has_sixty_rows_and_no_name_twice",
        || {
            hold::check_table(&table::rows());
            Ok(())
        },
    ));
    libtest_mimic::run(&arguments, trials).exit();
}
