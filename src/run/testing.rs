//! What the tests of this room share.

use super::{Agenda, Limits, Setting, Silent, Stage, run};
use crate::case::Case;
use crate::contract::Contract;
use crate::plan::{Origin, Planned};
use crate::report::Report;
use crate::trace::{Issuance, Terms};

/// The report of a run of this case alone.
pub(super) fn run_one(stage: &dyn Stage, case: Case) -> Report {
    let planned = Planned {
        suite: "races".to_owned(),
        origin: Origin::Written,
        case,
        missing: Vec::new(),
    };
    let agenda = Agenda {
        cases: &mut std::iter::once(planned),
        count: 1,
        recorded: &mut std::iter::empty(),
    };
    let terms = Terms {
        issuance: Issuance::Manual,
        ..Terms::default()
    };
    let (file, digest) = (String::new(), String::new());
    let setting = Setting::overheard(Contract::embedded(), file, digest, terms);
    let limits = Limits::default();
    run(stage, &setting, agenda, &limits, &|| false, &mut Silent)
}
