use proptest::prelude::*;

use super::super::*;

/// Reads `text` as a suite and checks where and how that fails.
fn check_error(text: &str, place: &str, hint: &str) {
    let error = Suite::from_toml("s", "s.toml", text)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with(&format!("s.toml:{place}: ")),
        "{error}\nshould stand at {place}"
    );
    assert!(error.contains(hint), "{error}\nshould say: {hint}");
}

#[test]
fn a_wrong_suite_says_where_and_what_would_be_right() {
    for (text, place, hint) in [
        (
            "titel = \"x\"",
            "1:1",
            "`titel` is no key of a suite: did you mean `title`?",
        ),
        (
            "title = 3",
            "1:9",
            "text in quotes should stand here, not integer",
        ),
        ("title = \"x\"\n\n= 3", "3:1", ""),
        ("title = \"x\"\ntitle = \"y\"", "2:1", "duplicate key"),
        (
            "[[case]]\nnam = \"a\"\nsteps = []",
            "2:1",
            "did you mean `name`?",
        ),
        (
            "[[case]]\nname = \"a\"\nsteps = []",
            "3:9",
            "the case `a` has no steps",
        ),
        (
            "[[case]]\nsteps = ['list A']",
            "1:1",
            "the key `name` is missing here",
        ),
        (
            "[[case]]\nname = \"a\"",
            "1:1",
            "the key `steps` is missing here",
        ),
        (
            "[[case]]\nname = \"a b\"\nsteps = ['list A']",
            "2:8",
            "is no name",
        ),
        (
            "[[case]]\nname = \"../a\"\nsteps = ['list A']",
            "2:8",
            "is no name",
        ),
        (
            "[[case]]\nname = \"a\"\nsteps = [\n  'list A',\n  'teminate #1',\n]",
            "5:3",
            "did you mean `terminate`?",
        ),
        (
            "[[case]]\nname = \"a\"\nsteps = ['list A', 7]",
            "3:20",
            "text in quotes",
        ),
        (
            "[[case]]\nname = \"ø\"\nsteps = ['list A']",
            "2:8",
            "is no name",
        ),
        (
            "[[case]]\nname = \"a\"\ntitle = \"ø\"\nsteps = ['list A', 'read 1']",
            "4:20",
            "#n for the card",
        ),
        (
            "[[case]]\nname = \"a\"\nsteps = ['read #2', 'create virtual on A']",
            "3:10",
            "does not come before",
        ),
        (
            "[[case]]\nname = \"a\"\nsteps = ['read #1']",
            "3:10",
            "does not come before",
        ),
        (
            "[[case]]\nname = \"a\"\nsteps = ['list A', 'read #1']",
            "3:20",
            "#1 is `list A`, which makes no card",
        ),
        (
            "[[case]]\nname = \"a\"\nsteps = ['list A', 'retry #1']",
            "3:20",
            "sends no idempotency key",
        ),
        (
            "[[case]]\nname = \"a\"\nsteps = ['pause 3ms', 'retry #1']",
            "3:23",
            "sends no idempotency key",
        ),
        (
            "[[case]]\nname = \"a\"\nsteps = ['create virtual on A without key', 'retry #1']",
            "3:45",
            "sends no idempotency key",
        ),
        (
            "[[case]]\nname = \"a\"\nsteps = ['create virtual on A', 'terminate #1', 'retry #2 with {}']",
            "3:49",
            "only a create",
        ),
        (
            "[[case]]\nname = \"a\"\nsteps = ['list A without digest']",
            "3:10",
            "needs a body",
        ),
        (
            "[[case]]\nname = \"a\"\nsteps = ['list A with key changed after signing']",
            "3:10",
            "needs an idempotency key",
        ),
        (
            "[[case]]\nname = \"a\"\nsteps = ['list A']\n[[case]]\nname = \"a\"\nsteps = ['list A']",
            "5:8",
            "taken already",
        ),
        (
            "[[generate]]\nfocus = \"limit\"\ncases = 1\nsteps = 9",
            "2:9",
            "did you mean `limits`?",
        ),
        (
            "[[generate]]\nfocus = \"limits\"\ncases = -1\nsteps = 9",
            "3:9",
            "a whole number",
        ),
        (
            "[[generate]]\nfocus = \"limits\"\ncases = 1\nsteps = 2",
            "4:9",
            "at least 6",
        ),
        (
            "[[generate]]\nfocus = \"limits\"\nsteps = 9",
            "1:1",
            "the key `cases` is missing here",
        ),
        (
            "includes = [\"smoke\", \"limit\"]",
            "1:22",
            "did you mean `limits`?",
        ),
        (
            "generate = 3",
            "1:12",
            "a list should stand here, not integer",
        ),
        ("[found]\nat = 7", "2:6", "text in quotes"),
    ] {
        check_error(text, place, hint);
    }
}

#[test]
fn an_unknown_suite_is_told_with_the_nearest_and_all_others() {
    let error = Suite::find("lifecycel").unwrap_err().to_string();
    assert!(error.contains("did you mean `lifecycle`?"), "{error}");
    assert!(error.contains("access, full, idempotency"), "{error}");
    let error = Suite::find("no/such.toml").unwrap_err().to_string();
    assert!(
        error.contains("can't read the suite no/such.toml"),
        "{error}"
    );
}

#[test]
fn a_folder_holds_suites_in_the_order_of_their_names() {
    let folder = std::env::temp_dir().join(format!("cardproof-suites-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let case = |name: &str| format!("[[case]]\nname = \"{name}\"\nsteps = ['list A']\n");
    std::fs::write(folder.join("b.toml"), case("second")).unwrap();
    std::fs::write(
        folder.join("a.toml"),
        format!("includes = [\"./b.toml\", \"smoke\"]\n{}", case("first")),
    )
    .unwrap();
    std::fs::write(folder.join("notes.txt"), "no suite").unwrap();
    let names = |path: &str| -> Vec<String> {
        let suites = Suite::find(path).unwrap();
        suites.into_iter().map(|suite| suite.name).collect()
    };
    let path = format!("{}/", folder.display());
    assert_eq!(names(&path), ["b", "smoke", "a"]);
    assert_eq!(names(&format!("{path}b.toml")), ["b"]);
    std::fs::remove_file(folder.join("a.toml")).unwrap();
    std::fs::remove_file(folder.join("b.toml")).unwrap();
    let empty = Suite::find(&path).unwrap_err().to_string();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(
        empty.contains("holds no file that ends in .toml"),
        "{empty}"
    );
}

#[test]
fn a_case_file_is_read_in_ten_seconds() {
    let steps = [
        "create virtual on A",
        "terminate #1",
        "create virtual on A with {\"billingAddress\":{\"city\":\"O'Hara \u{202e}\"}}",
    ];
    let case = Case {
        name: "revived".to_owned(),
        title: "A \"terminated\" card\tis revived".to_owned(),
        steps: steps.map(|step| step.parse().unwrap()).to_vec(),
    };
    let header = [
        "LIFE-4: a terminated card stays terminated".to_owned(),
        "found\u{1b}[31m\nseed = 7".to_owned(),
    ];
    let file = case_file(&case, &header);
    let expected = r##"# LIFE-4: a terminated card stays terminated
# found�[31m
# seed = 7
[[case]]
name = "revived"
title = "A \"terminated\" card\tis revived"
steps = [
  'create virtual on A', # 1
  'terminate #1',        # 2
  'create virtual on A with {"billingAddress":{"city":"O\u0027Hara \u202e"}}', # 3
]
"##;
    assert_eq!(file, expected);
    assert_eq!(
        Suite::from_toml("s", "s.toml", &file).unwrap().cases,
        [case]
    );
}

#[test]
fn a_reproducer_reads_back_with_its_requirement_and_what_was_found() {
    let suite = Suite {
        name: "found".to_owned(),
        title: "Reproducer".to_owned(),
        about: "Two\nlines, a \\ and a \u{7f}.".to_owned(),
        requirement: Some("LIFE-4".to_owned()),
        times: Some(286),
        found: [("the target", "http://127.0.0.1"), ("seed", "7")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        includes: vec!["smoke".to_owned()],
        every: Every::ALL.to_vec(),
        generate: vec![Generate {
            name: "more".to_owned(),
            focus: Focus::Reads,
            cases: 3,
            steps: 9,
        }],
        cases: vec![Case {
            name: "one".to_owned(),
            title: String::new(),
            steps: vec!["list A".parse().unwrap()],
        }],
    };
    assert_eq!(
        Suite::from_toml("found", "f.toml", &suite.to_toml()).unwrap(),
        suite
    );
}

#[test]
fn each_built_in_suite_reads_back_from_what_it_writes() {
    for suite in Suite::find(DEFAULT_SUITE).unwrap() {
        let again = Suite::from_toml(&suite.name, "again.toml", &suite.to_toml());
        assert_eq!(again.unwrap(), suite);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_generated_case_reads_back_from_its_file(seed: u64, index in 0_usize..100, focus in 0..Focus::ALL.len()) {
        let generate = Generate { name: "g".to_owned(), focus: Focus::ALL[focus], cases: 1, steps: 16 };
        let case = Generator::new(seed, &[], Abilities::ALL).case("s", 0, &generate, index);
        let file = case_file(&case, &["why".to_owned()]);
        prop_assert!(file.chars().all(|c| c == '\n' || !c.is_control()));
        prop_assert_eq!(Suite::from_toml("s", "s.toml", &file).unwrap().cases, vec![case]);
    }

    #[test]
    fn any_text_in_a_title_reads_back(title: String, value in any::<String>()) {
        let step = format!("create virtual on A with body {}", serde_json::Value::from(value));
        let case = Case { name: "c".to_owned(), title, steps: vec![step.parse().unwrap()] };
        let file = case_file(&case, std::slice::from_ref(&case.title));
        prop_assert_eq!(Suite::from_toml("s", "s.toml", &file).unwrap().cases, vec![case]);
    }
}
