//! The questions of `init`, for whoever sits at a terminal. Flags are answers that were given before.

use std::io::{self, BufRead, Write};

use super::{Args, env};
use crate::cli::failure::{Failure, OrUsage};
use crate::profile::blank::{Known, quoted};
use crate::profile::{BaseUrl, Environment};

/// Asks on one stream and hears on another.
pub struct Questions<R, W> {
    answers: R,
    out: W,
}

impl Questions<io::StdinLock<'static>, io::Stderr> {
    pub fn of_the_terminal() -> Self {
        Self {
            answers: io::stdin().lock(),
            out: io::stderr(),
        }
    }
}

impl<R: BufRead, W: Write> Questions<R, W> {
    /// Asks for what the flags don't say.
    pub fn complete(&mut self, known: &mut Known, args: &Args) -> Result<(), Failure> {
        if args.name.is_none() {
            let name = self.ask("what is the target called in reports", "my cards", |_| {
                Ok(())
            })?;
            known.set("name", quoted(&name));
        }
        let mut url = args.url.clone();
        if url.is_none() {
            let is_url = |text: &str| BaseUrl::try_from(text.to_owned()).map(drop);
            let answer = self.ask(
                "its address, with the version prefix",
                "http://127.0.0.1:8080/v1",
                is_url,
            )?;
            known.set("base_url", quoted(&answer));
            url = BaseUrl::try_from(answer).ok();
        }
        let is_elsewhere = url.is_some_and(|url| !url.is_loopback());
        if is_elsewhere && args.environment.is_none() {
            let environment = self.ask(
                "what kind of place it is: sandbox, where accounts and cards may be made, or staging, production, …",
                "production",
                |text| Environment::try_from(text.to_owned()).map(drop),
            )?;
            known.set("environment", quoted(&environment));
        }
        let asks_credentials =
            args.token_env.is_none() && args.api_key_file.is_none() && !args.no_credentials;
        if asks_credentials {
            for (key, what, usual) in [
                ("credentials.api_key", "key", &args.api_key_env),
                ("credentials.api_secret", "secret", &args.api_secret_env),
            ] {
                let question = format!("the environment variable that holds the API {what}");
                let name = self.ask(&question, usual, is_variable)?;
                known.set(key, env(&name));
            }
        }
        if !known.has_accounts() {
            self.ask_accounts(known, args)?;
        }
        if args.issuance.is_none() {
            let how = self.ask(
                "cards are issued: manual (by the simulator) or automatic",
                "manual",
                is_issuance,
            )?;
            known.set("sandbox.issuance", quoted(&how));
        }
        Ok(())
    }

    fn ask_accounts(&mut self, known: &mut Known, args: &Args) -> Result<(), Failure> {
        let question = "the path of the call that makes an account (or: any, if every UUID is one)";
        let is_path = |text: &str| match text == "any" || text.starts_with('/') {
            true => Ok(()),
            false => Err("a path begins with a slash".to_owned()),
        };
        let path = self.ask(question, "/sandbox/accounts", is_path)?;
        if path == "any" {
            known.set("accounts.any", "true".to_owned());
            return Ok(());
        }
        let is_pointer = |text: &str| match text.starts_with('/') {
            true => Ok(()),
            false => Err("a JSON pointer begins with a slash".to_owned()),
        };
        let id = self.ask(
            "where its answer has the id (a JSON pointer)",
            &args.accounts_id,
            is_pointer,
        )?;
        known.set(
            "accounts.create",
            format!("{{ path = {}, id = {} }}", quoted(&path), quoted(&id)),
        );
        Ok(())
    }

    /// Asks until the answer is one. An empty answer is the usual one.
    fn ask(
        &mut self,
        question: &str,
        usual: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<String, Failure> {
        loop {
            write!(self.out, "{question} [{usual}]: ").or_usage()?;
            self.out.flush().or_usage()?;
            let mut line = String::new();
            if self.answers.read_line(&mut line).or_usage()? == 0 {
                return Err(Failure::usage(anyhow::anyhow!(
                    "no answer came; --no-input asks nothing, and flags say the rest"
                )));
            }
            let answer = match line.trim() {
                "" => usual,
                answer => answer,
            };
            match check(answer) {
                Ok(()) => return Ok(answer.to_owned()),
                Err(problem) => writeln!(self.out, "{problem}").or_usage()?,
            }
        }
    }
}

/// Whoever pastes the secret itself is stopped: it would stand in the profile.
fn is_variable(text: &str) -> Result<(), String> {
    let is_name = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !text.starts_with(|c: char| c.is_ascii_digit());
    match is_name {
        true => Ok(()),
        false => {
            Err("that is no name of a variable; the secret itself does not belong here".to_owned())
        }
    }
}

fn is_issuance(text: &str) -> Result<(), String> {
    match text {
        "manual" | "automatic" => Ok(()),
        _ => Err("manual or automatic".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::profile::{Accounts, Profile, blank};

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        args: Args,
    }

    fn asked(flags: &str, answers: &str) -> (Result<(), Failure>, Known, String) {
        let args = Only::parse_from(std::iter::once("init").chain(flags.split_whitespace())).args;
        let mut known = super::super::known(&args);
        let mut out = Vec::new();
        let mut questions = Questions {
            answers: answers.as_bytes(),
            out: &mut out,
        };
        let completed = questions.complete(&mut known, &args);
        (completed, known, String::from_utf8(out).unwrap())
    }

    #[test]
    fn empty_answers_are_the_usual_ones() {
        let (completed, known, _) = asked("", &"\n".repeat(8));
        completed.unwrap();
        let profile = Profile::parse("x.toml", &blank::text(&known)).unwrap();
        assert_eq!(profile.base_url.as_str(), "http://127.0.0.1:8080/v1");
        assert!(matches!(profile.accounts, Accounts::Create(_)));
    }

    #[test]
    fn what_a_flag_says_is_not_asked() {
        let flags = "--url http://h/v1 --environment sandbox --name x --token-env T --any-account --issuance automatic";
        let (completed, _, out) = asked(flags, "");
        completed.unwrap();
        assert_eq!(out, "");
    }

    #[test]
    fn a_secret_that_is_pasted_is_not_taken_for_a_name() {
        let flags = "--url http://127.0.0.1:1/v1 --name x --any-account --issuance manual";
        let (completed, known, out) = asked(flags, "9f1c-hunter2\nKEY\nSECRET\n");
        completed.unwrap();
        assert!(out.contains("no name of a variable"));
        assert!(!blank::text(&known).contains("hunter2"));
    }

    #[test]
    fn an_answer_that_never_comes_is_told() {
        assert!(asked("", "").0.is_err());
    }
}
