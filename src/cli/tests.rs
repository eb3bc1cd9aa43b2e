use clap::Parser;

use super::*;

fn parsed(args: &str) -> Vec<String> {
    let args = args.split_whitespace().map(OsString::from).collect();
    let args = with_default_command(args);
    args.into_iter()
        .map(|arg| arg.into_string().unwrap())
        .collect()
}

#[test]
fn the_definition_holds_together() {
    command().debug_assert();
}

#[test]
fn run_is_meant_where_no_command_is_named() {
    for (typed, meant) in [
        ("cardproof", "cardproof run"),
        ("cardproof --seed 3", "cardproof run --seed 3"),
        ("cardproof -q --seed 3", "cardproof -q run --seed 3"),
        (
            "cardproof --color never -s smoke",
            "cardproof --color never run -s smoke",
        ),
        ("cardproof list suites", "cardproof list suites"),
        ("cardproof -v judge t.jsonl", "cardproof -v judge t.jsonl"),
        ("cardproof --help", "cardproof --help"),
        ("cardproof -V", "cardproof -V"),
    ] {
        assert_eq!(parsed(typed).join(" "), meant);
        assert!(!typed.contains("run") || Cli::try_parse_from(parsed(typed)).is_ok());
    }
}

#[test]
fn each_flag_of_run_has_its_environment_variable() {
    let command = command();
    let run = command.find_subcommand("run").unwrap();
    for arg in run
        .get_arguments()
        // Leave to change things is typed, so that no forgotten variable gives it.
        .filter(|arg| !matches!(arg.get_long(), Some("dry-run" | "allow-changes")))
    {
        let long = arg.get_long().unwrap();
        if long == "help" {
            continue;
        }
        let wanted = format!("CARDPROOF_{}", long.to_uppercase().replace('-', "_"));
        let env = arg.get_env().map(|env| env.to_string_lossy().into_owned());
        assert_eq!(env, Some(wanted), "--{long}");
    }
}

#[test]
fn each_command_and_each_flag_has_a_help_text() {
    let command = command();
    for sub in command.get_subcommands() {
        let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(!about.is_empty(), "{} has no help", sub.get_name());
        for arg in sub.get_arguments() {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(
                !help.is_empty(),
                "{} {} has no help",
                sub.get_name(),
                arg.get_id()
            );
        }
    }
}

#[test]
fn the_help_holds_the_exit_codes() {
    let help = command().render_help().to_string();
    for code in ExitCode::ALL {
        assert!(help.contains(code.words()), "{code:?}");
    }
}
