//! The documents say what is so.

mod common;

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
fn the_readme_says_whether_any_rule_only_should_be_kept() {
    let is_said = document("README.md").contains("no rule of this contract is such");
    let is_none = requirement::all().all(|rule| rule.level == requirement::Level::Must);
    assert_eq!(is_said, is_none);
}

fn check_profile(text: &str) {
    common::check_against("profile.schema.json", &toml::from_str(text).unwrap());
}

fn readmes_profile() -> String {
    let text = document("README.md");
    let (_, profile) = text.split_once("```toml\n").unwrap();
    let (profile, _) = profile.split_once("```").unwrap();
    profile.to_owned()
}

/// What is commented out, in force: one table after the other, without those that say the same in another way.
fn with_its_comments(profile: &str) -> Vec<String> {
    let mut profiles = vec![String::new()];
    for line in profile.lines() {
        let line = match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with('[') || rest.contains(" = ") => rest,
            _ => line,
        };
        if line.starts_with('[') {
            profiles.push(String::new());
        }
        let last = profiles.last_mut().unwrap();
        last.push_str(line);
        last.push('\n');
    }
    profiles
}

#[test]
fn the_readmes_profile_is_a_profile() {
    let profile = readmes_profile();
    Profile::parse("README.md", &profile).unwrap();
    check_profile(&profile);
}

#[test]
fn each_table_of_the_readmes_profile_holds_when_it_is_in_force() {
    let profile = readmes_profile();
    let tables = with_its_comments(&profile);
    assert!(tables.len() > 10, "only {}", tables.len());
    for table in &tables[1..] {
        let least = "name = \"x\"\nbase_url = \"http://127.0.0.1/v1\"\n";
        let accounts = match table.starts_with("[accounts]") || table.starts_with("[[accounts.") {
            true => "",
            false => "[accounts]\nany = true\n",
        };
        // Both calls of the recipe belong together.
        // What the readme marks so stands before the first table.
        let (top, table): (Vec<&str>, Vec<&str>) = table
            .split_inclusive('\n')
            .partition(|line| line.contains("# (top)"));
        let (top, table) = (top.concat(), table.concat());
        let text = format!("{least}{top}{table}{accounts}");
        if table.starts_with("[[accounts.calls]]") {
            continue;
        }
        Profile::parse("README.md", &text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        check_profile(&text);
    }
    let calls: String = tables
        .iter()
        .filter(|table| table.starts_with("[[accounts.calls]]"))
        .map(String::as_str)
        .collect();
    let text = format!("name = \"x\"\nbase_url = \"http://127.0.0.1/v1\"\n{calls}");
    Profile::parse("README.md", &text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    check_profile(&text);
}

/// Every name of a member in a schema.
fn names(schema: &serde_json::Value, found: &mut Vec<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        found.extend(properties.keys().cloned());
    }
    match schema {
        serde_json::Value::Object(members) => {
            members.values().for_each(|member| names(member, found))
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

#[test]
fn the_readme_has_every_key_of_a_profile_and_the_schema_describes_it() {
    let text = document("README.md");
    let schema: serde_json::Value =
        serde_json::from_str(&document("spec/profile.schema.json")).unwrap();
    let mut keys = Vec::new();
    names(&schema, &mut keys);
    assert!(keys.len() > 50, "only {keys:?}");
    for key in keys {
        let is_there = text.contains(&format!("`{key}`"))
            || text.contains(&format!("{key} = "))
            || text.contains(&format!(".{key}]"))
            || text.contains(&format!("[{key}]"));
        assert!(is_there, "README.md does not have {key}");
    }
    check_described(&schema, "");
}

/// Each member of each object has a description.
fn check_described(schema: &serde_json::Value, at: &str) {
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        assert!(
            member["description"].is_string(),
            "{at}/{name} is not described"
        );
    }
    if let Some(members) = schema.as_object() {
        for (name, member) in members {
            check_described(member, &format!("{at}/{name}"));
        }
    }
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
