//! The rooms keep to themselves: what ARCHITECTURE.md says that a room doesn't know, it doesn't name.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

fn lines_with(room: &str, is_wrong: impl Fn(&str) -> bool) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
    let files = if folder.is_dir() {
        sources(&folder)
    } else {
        vec![folder.with_extension("rs")]
    };
    assert!(!files.is_empty(), "{room} is empty");
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file");
        for line in text.lines().filter(|l| !l.trim_start().starts_with("//")) {
            if is_wrong(line) {
                wrong.push(format!("{}: {}", file.display(), line.trim()));
            }
        }
    }
    wrong
}

#[test]
fn the_reference_shares_no_code_with_the_harness() {
    let wrong = lines_with("reference", |line| {
        line.contains("crate::") && !line.contains("crate::reference")
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn pure_rooms_neither_wait_nor_send() {
    for room in [
        "card",
        "case",
        "contract",
        "doctor",
        "judge",
        "plan",
        "requirement",
        "shrink",
        "world",
        "words",
    ] {
        let wrong = lines_with(room, |line| {
            [
                "tokio",
                "hyper",
                "async fn",
                "async move",
                "Instant::now",
                "SystemTime",
            ]
            .iter()
            .any(|word| line.contains(word))
        });
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn plan_judge_and_drive_do_not_know_each_other() {
    for (room, others) in [
        ("plan", ["crate::judge", "crate::drive", "crate::run"]),
        ("judge", ["crate::plan", "crate::drive", "crate::run"]),
        ("drive", ["crate::plan", "crate::judge", "crate::run"]),
        ("world", ["crate::plan", "crate::judge", "crate::drive"]),
    ] {
        let wrong = lines_with(room, |line| others.iter().any(|other| line.contains(other)));
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
