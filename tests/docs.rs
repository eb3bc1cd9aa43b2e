//! The documents say what is so.

use std::fs;
use std::path::Path;

use cardproof::exit_code::ExitCode;
use cardproof::plan::Suite;
use cardproof::profile::Profile;
use cardproof::reference;
use cardproof::requirement;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn document(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.starts_with("```"))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn every_path_in_the_architecture_is_there() {
    let text = document("ARCHITECTURE.md");
    let is_path =
        |word: &&str| word.starts_with("src/") || word.starts_with("spec/") || *word == "suites/";
    let paths: Vec<&str> = quoted(&text).filter(is_path).collect();
    assert!(paths.len() > 20, "only {paths:?}");
    for path in paths {
        assert!(root().join(path).exists(), "ARCHITECTURE.md names {path}");
    }
}

#[test]
fn every_room_is_on_the_map() {
    let text = document("ARCHITECTURE.md");
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = match entry.file_type().unwrap().is_dir() {
            true => format!("src/{name}/"),
            false => format!("src/{name}"),
        };
        let is_named = ["src/lib.rs", "src/toy.rs"].contains(&path.as_str())
            || quoted(&text).any(|word| word == path);
        assert!(is_named, "ARCHITECTURE.md does not name {path}");
    }
}

#[test]
fn every_link_of_the_readme_leads_somewhere() {
    let text = document("README.md");
    for part in text.split("](").skip(1) {
        let link = part.split(')').next().unwrap();
        assert!(root().join(link).exists(), "README.md links to {link}");
    }
}

#[test]
fn the_readme_has_the_exit_codes_and_the_suites() {
    let text = document("README.md");
    for code in ExitCode::ALL {
        let row = format!("| {} | {} |", code.number(), code.words());
        assert!(text.contains(&row), "no row {row}");
    }
    for suite in Suite::built_in_names() {
        assert!(
            text.contains(&format!("| `{suite}` |")),
            "no row for {suite}"
        );
    }
}

#[test]
fn the_readmes_profile_is_a_profile() {
    let text = document("README.md");
    let (_, profile) = text.split_once("```toml\n").unwrap();
    let (profile, _) = profile.split_once("```").unwrap();
    Profile::parse("README.md", profile).unwrap();
}

#[test]
fn the_names_in_the_readme_are_known() {
    let text = document("README.md");
    for part in text.split("--fault ").skip(1) {
        let id = part.split([' ', '\n', '`']).next().unwrap();
        assert!(reference::fault(id).is_some(), "no fault {id}");
    }
    for part in text.split("explain ").skip(1) {
        let id = part.split([' ', '\n', '`']).next().unwrap();
        assert!(requirement::find(id).is_ok(), "no requirement {id}");
    }
}
