//! The recipes for CI are run as they stand: the shell text of each step, with the built program on the path, against a server.
//!
//! What only the host of a pipeline can do (to keep artifacts, to show departures as annotations) is read, not run.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use assert_cmd::cargo::cargo_bin;
use cardproof::report::files;
use common::{Ended, folder, report, serve};
use saphyr::{LoadableYamlNode, YamlOwned};
use tempfile::TempDir;

const FAULT: &str = "--fault deactivate-does-nothing";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn recipe(name: &str) -> YamlOwned {
    let text = fs::read_to_string(root().join(name)).unwrap();
    let documents = YamlOwned::load_from_str(&text).unwrap();
    documents.into_iter().next().unwrap()
}

fn text(node: &YamlOwned) -> &str {
    node.as_str().unwrap_or_else(|| panic!("no text: {node:?}"))
}

fn pairs(node: &YamlOwned) -> impl Iterator<Item = (&str, &YamlOwned)> {
    let mapping = node.as_mapping().into_iter().flatten();
    mapping.map(|(key, value)| (text(key), value))
}

/// Runs shell text as the host of a pipeline does, with this program on the path.
fn bash(folder: &Path, script: &str, variables: &[(&str, String)]) -> Ended {
    let bin = cargo_bin("cardproof");
    let bin = bin.parent().unwrap().display();
    let mut bash = Command::new("bash");
    bash.args([
        "--noprofile",
        "--norc",
        "-e",
        "-o",
        "pipefail",
        "-c",
        script,
    ])
    .current_dir(folder)
    .env_clear()
    .env("PATH", format!("{bin}:/usr/bin:/bin"))
    .envs(variables.iter().map(|(name, value)| (name, value)))
    .stdin(Stdio::null());
    let output = bash.output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The action, used in a folder with some of its inputs set.
struct Use<'a> {
    folder: &'a Path,
    inputs: Vec<(&'a str, &'a str)>,
}

impl Use<'_> {
    fn input(&self, action: &YamlOwned, name: &str) -> String {
        let given = self.inputs.iter().find(|(given, _)| *given == name);
        match given {
            Some((_, value)) => (*value).to_owned(),
            None => text(&action["inputs"][name]["default"]).to_owned(),
        }
    }

    /// Runs one of its steps.
    fn step(&self, name: &str) -> Ended {
        let action = recipe("action.yml");
        let steps = action["runs"]["steps"].as_sequence().unwrap();
        let step = steps.iter().find(|step| text(&step["name"]) == name);
        let step = step.unwrap_or_else(|| panic!("no step {name}"));
        assert_eq!(text(&step["shell"]), "bash");
        let env = step.as_mapping_get("env").map(pairs).into_iter().flatten();
        let mut variables: Vec<(&str, String)> = env
            .map(|(variable, value)| {
                let input = text(value).strip_prefix("${{ inputs.");
                let input = input.and_then(|rest| rest.strip_suffix(" }}")).unwrap();
                (variable, self.input(&action, input))
            })
            .collect();
        for file in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
            variables.push((file, self.file(file).display().to_string()));
        }
        variables.push(("GITHUB_ACTION_PATH", "/the action".to_owned()));
        bash(self.folder, text(&step["run"]), &variables)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn said(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }
}

/// The action in a folder where a server has left its profile.
fn used<'a>(folder: &'a TempDir, inputs: &[(&'a str, &'a str)]) -> Use<'a> {
    let usual = [
        ("profile", "sandbox/cardproof.toml"),
        ("suite", "smoke"),
        ("args", "--no-shrink\n"),
    ];
    Use {
        folder: folder.path(),
        inputs: inputs.iter().copied().chain(usual).collect(),
    }
}

#[test]
fn the_action_passes_what_conforms_and_shows_its_summary() {
    let folder = folder();
    let (_served, _) = serve(folder.path(), "");
    let used = used(&folder, &[]);
    let ended = used.step("Run");
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let summary = fs::read_to_string(used.file("reports/cardproof/summary.md")).unwrap();
    assert!(summary.starts_with("## CONFORMS"), "{summary}");
    assert_eq!(used.said("GITHUB_STEP_SUMMARY"), summary);
    assert_eq!(
        used.said("GITHUB_OUTPUT"),
        "exit-code=0\nreport=reports/cardproof\n"
    );
}

#[test]
fn the_action_fails_what_departs_with_every_file_there_to_be_kept() {
    let folder = folder();
    let (_served, _) = serve(folder.path(), FAULT);
    let used = used(&folder, &[("out", "out of it")]);
    let ended = used.step("Run");
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(
        used.said("GITHUB_OUTPUT"),
        "exit-code=1\nreport=out of it\n"
    );
    assert!(used.said("GITHUB_STEP_SUMMARY").starts_with("## DEPARTS"));
    for name in files::names().chain([files::TRACE_FILE]) {
        let path = used.file("out of it").join(name);
        assert!(fs::metadata(path).unwrap().len() > 0, "{name}");
    }
    let report = report(folder.path(), "out of it");
    let case = report["findings"][0]["file"].as_str().unwrap();
    assert!(used.file("out of it").join(case).exists());
}

#[test]
fn each_input_of_the_action_means_what_it_says() {
    let folder = folder();
    let (_served, _) = serve(folder.path(), FAULT);
    let expected = "[[expected]]\nrequirement = \"LIFE-2\"\nowner = \"me\"\nreason = \"known\"\nexpires = 9999-12-31\n";
    fs::write(folder.path().join("expected.toml"), expected).unwrap();
    let file = ("expected-failures-file", "expected.toml");
    let rows: [(&[(&str, &str)], i32); 5] = [
        (&[file], 0),
        (&[file, ("fail-on", "waived")], 1),
        (&[file, ("mode", "certified")], 2),
        (
            &[("url", "http://127.0.0.1:1/v1"), ("args", "--max-time\n2s")],
            3,
        ),
        (&[("args", "--dry-run")], 0),
    ];
    for (inputs, code) in rows {
        let ended = used(&folder, inputs).step("Run");
        assert_eq!(ended.code, Some(code), "{inputs:?}: {}", ended.stderr);
    }
}

#[test]
fn an_earlier_report_does_not_pass_for_that_of_a_run_that_wrote_none() {
    let folder = folder();
    let earlier = folder.path().join("reports/cardproof");
    fs::create_dir_all(&earlier).unwrap();
    fs::write(earlier.join("summary.md"), "## CONFORMS").unwrap();
    let used = used(&folder, &[("profile", "cardproof.toml")]);
    let ended = used.step("Run");
    assert_eq!(ended.code, Some(2), "without a profile nothing is tested");
    assert!(ended.stderr.contains("cardproof.toml"), "{}", ended.stderr);
    assert_eq!(used.said("GITHUB_OUTPUT"), "exit-code=2\n");
    let summary = used.said("GITHUB_STEP_SUMMARY");
    assert!(summary.contains("exit code 2"), "{summary}");
}

#[test]
fn nothing_in_an_input_is_taken_for_shell() {
    let folder = folder();
    let action = recipe("action.yml");
    for hostile in [
        "$(touch planted)",
        "`touch planted`",
        "\"; touch planted; \"",
        "'; touch planted; '",
        "x\ntouch planted\n",
    ] {
        for (input, _) in pairs(&action["inputs"]) {
            used(&folder, &[(input, hostile)]).step("Run");
            assert!(
                !folder.path().join("planted").exists(),
                "{input}: {hostile}"
            );
        }
    }
}

#[test]
fn what_a_target_says_gives_no_orders_to_the_runner() {
    let folder = folder();
    let token = || {
        let ended = used(&folder, &[]).step("Run");
        let mut lines = ended.stdout.lines();
        let first = lines.next().unwrap();
        let token = first.strip_prefix("::stop-commands::").unwrap().to_owned();
        assert_eq!(lines.next_back(), Some(format!("::{token}::").as_str()));
        assert!(token.len() >= 32, "{token}");
        token
    };
    assert_ne!(token(), token(), "nobody can know it");
}

#[test]
fn the_action_builds_the_program_where_there_is_none() {
    let folder = folder();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let cargo = bin.join("cargo");
    fs::write(&cargo, "#!/bin/sh\nprintf '<%s>' \"$@\"\n").unwrap();
    let script = |text: &str| {
        let stubs = "chmod +x bin/cargo; PATH=\"$PWD/bin\"";
        bash(
            folder.path(),
            &format!("{stubs}\n{text}"),
            &[
                ("GITHUB_ACTION_PATH", "/the action".to_owned()),
                ("CARDPROOF_SOURCE", "https://host/it.git".to_owned()),
            ],
        )
        .stdout
    };
    assert_eq!(
        script(text(&recipe("action.yml")["runs"]["steps"][0]["run"])),
        "<install><--locked><--path></the action>"
    );
    let job = &recipe("examples/ci/gitlab.yml")[".cardproof"];
    assert_eq!(
        script(text(&job["before_script"][0])),
        "<install><--locked><--git><https://host/it.git><cardproof>"
    );
    let found = used(&folder, &[]).step("Install");
    assert_eq!(
        found.stdout.trim_end(),
        cargo_bin("cardproof").to_str().unwrap()
    );
}

/// Every text of a recipe with its keys.
fn texts<'a>(node: &'a YamlOwned, at: &str, found: &mut Vec<(String, &'a str)>) {
    for (key, value) in pairs(node) {
        texts(value, &format!("{at}/{key}"), found);
    }
    for value in node.as_sequence().into_iter().flatten() {
        texts(value, &format!("{at}/-"), found);
    }
    if let Some(text) = node.as_str() {
        found.push((at.to_owned(), text));
    }
}

#[test]
fn recipes_name_others_code_by_its_digest_and_put_nothing_into_shell_text() {
    for name in ["action.yml", "examples/ci/github.yml"] {
        let recipe = recipe(name);
        let mut found = Vec::new();
        texts(&recipe, "", &mut found);
        let of = |key: &str| {
            let ending = format!("/{key}");
            found.iter().filter(move |(at, _)| at.ends_with(&ending))
        };
        for (_, uses) in of("uses").filter(|(_, uses)| !uses.starts_with("OWNER/cardproof@")) {
            let (_, digest) = uses.split_once('@').unwrap();
            let is_digest = digest.len() == 40 && digest.bytes().all(|b| b.is_ascii_hexdigit());
            assert!(is_digest, "{name}: {uses}");
        }
        for (at, run) in of("run") {
            assert!(!run.contains("${{"), "{name}: {at} has an expression");
        }
        assert!(of("uses").count() + of("run").count() > 2, "{name}");
    }
}

#[test]
fn whatever_happened_the_report_is_kept() {
    let action = recipe("action.yml");
    let steps = action["runs"]["steps"].as_sequence().unwrap();
    let after = steps.iter().skip_while(|step| text(&step["name"]) != "Run");
    let after: Vec<&YamlOwned> = after.skip(1).collect();
    assert_eq!(after.len(), 2);
    for step in after {
        let condition = text(&step["if"]);
        assert!(
            condition.starts_with("always() && steps.run.outputs.report"),
            "{condition}"
        );
    }
    let job = &recipe("examples/ci/gitlab.yml")[".cardproof"];
    assert_eq!(text(&job["artifacts"]["when"]), "always");
}

#[test]
fn the_workflow_gives_the_action_what_it_takes() {
    let action = recipe("action.yml");
    let workflow = recipe("examples/ci/github.yml");
    let steps = workflow["jobs"]["cards"]["steps"].as_sequence().unwrap();
    let with = &steps.last().unwrap()["with"];
    assert!(pairs(with).count() > 0);
    for (input, _) in pairs(with) {
        assert!(
            pairs(&action["inputs"]).any(|(known, _)| known == input),
            "{input}"
        );
    }
}

#[test]
fn the_gitlab_job_ends_as_the_run_does_and_leaves_what_it_keeps() {
    let job = &recipe("examples/ci/gitlab.yml")[".cardproof"];
    let lines = ["before_script", "script"].map(|part| job[part].as_sequence().unwrap());
    let script: Vec<&str> = lines.into_iter().flatten().map(text).collect();
    let kept = [
        text(&job["artifacts"]["paths"][0]),
        text(&job["artifacts"]["reports"]["junit"]),
    ];
    for (flags, code) in [("", 0), (FAULT, 1)] {
        let folder = folder();
        let (_served, _) = serve(folder.path(), flags);
        let mut variables: Vec<(&str, String)> = pairs(&job["variables"])
            .map(|(name, value)| (name, text(value).to_owned()))
            .collect();
        variables.push(("CARDPROOF_PROFILE", "sandbox/cardproof.toml".to_owned()));
        variables.push(("CARDPROOF_SUITE", "smoke".to_owned()));
        let ended = bash(folder.path(), &script.join("\n"), &variables);
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        for path in kept {
            assert!(folder.path().join(path).exists(), "{path}");
        }
    }
    let empty = folder();
    let variables = [("CARDPROOF_PROFILE", "cardproof.toml".to_owned())];
    let ended = bash(empty.path(), &script.join("\n"), &variables);
    assert_eq!(ended.code, Some(2), "without a profile nothing is tested");
}

#[test]
fn the_readmes_line_for_other_pipelines_ends_as_the_run_does() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, rest) = readme.split_once("## In CI\n").unwrap();
    let (_, rest) = rest.split_once("```sh\n").unwrap();
    let (line, _) = rest.split_once("```").unwrap();
    for (flags, code) in [("", 0), (FAULT, 1)] {
        let folder = folder();
        let (_served, _) = serve(folder.path(), flags);
        let line = line.replace("cardproof.toml", "sandbox/cardproof.toml");
        let variables = [("CARDPROOF_SUITE", "smoke".to_owned())];
        let ended = bash(folder.path(), &line, &variables);
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        assert!(folder.path().join("reports/cardproof/junit.xml").exists());
    }
}

/// The hosts' own schemas, and a checker of shell text.
#[test]
#[ignore = "needs what .ci/run installs"]
fn others_find_nothing_wrong_with_the_recipes() {
    for (schema, name) in [
        ("vendor.github-actions", "action.yml"),
        ("vendor.github-workflows", "examples/ci/github.yml"),
        ("vendor.gitlab-ci", "examples/ci/gitlab.yml"),
    ] {
        let checker = root().join("target/formats/python/bin/check-jsonschema");
        let checked = Command::new(checker)
            .args(["--builtin-schema", schema, name])
            .current_dir(root())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(checked.status.success(), "{said}");
    }
    let action = recipe("action.yml");
    let job = &recipe("examples/ci/gitlab.yml")[".cardproof"];
    let mut found = Vec::new();
    texts(&action["runs"], "", &mut found);
    texts(&job["before_script"], "/run", &mut found);
    texts(&job["script"], "/run", &mut found);
    let shell: Vec<_> = found.iter().filter(|(at, _)| at.contains("/run")).collect();
    assert_eq!(shell.len(), 4);
    let folder = folder();
    for (_, text) in shell {
        let path = folder.path().join("step.sh");
        fs::write(&path, format!("#!/bin/bash\n{text}")).unwrap();
        let mut shellcheck = Command::new("shellcheck");
        let checked = shellcheck.arg(&path).output().unwrap();
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(checked.status.success(), "{said}");
    }
}
