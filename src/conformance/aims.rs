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

/// The ids, in the order of the catalogue.
pub fn of(suite: &str, case: &str) -> Vec<String> {
    let aims = AIMS.get(suite).and_then(|cases| cases.get(case));
    aims.cloned().unwrap_or_default()
}
