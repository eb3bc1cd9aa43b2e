//! Which requirements a built-in case is about: the few cases that show a requirement with the least beside it.
//!
//! They stand in `suites/aims.json`, which `tests/aims.rs` writes from what the cases show on the reference.

use std::collections::BTreeMap;
use std::sync::LazyLock;

type Aims = BTreeMap<String, BTreeMap<String, Vec<String>>>;

static AIMS: LazyLock<Aims> = LazyLock::new(|| {
    let text = include_str!("../../suites/aims.json");
    serde_json::from_str(text).unwrap_or_default()
});

/// The ids of a case of whichever suite: no two suites have a case of the same name.
pub fn of_case(case: &str) -> &'static [String] {
    let mut suites = AIMS.values();
    suites
        .find_map(|cases| cases.get(case))
        .map_or(&[], Vec::as_slice)
}

/// The ids, in the order of the catalogue.
pub fn of(suite: &str, case: &str) -> Vec<String> {
    let aims = AIMS.get(suite).and_then(|cases| cases.get(case));
    aims.cloned().unwrap_or_default()
}
