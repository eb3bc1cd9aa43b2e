//! Whether the target lets in what we send, and knows the accounts that the profile lists; asked before the first case.
//! Where it doesn't, a run would tell of hundreds of departures, none of which speaks of cards.

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::Driver;
use super::draft::{Draft, cards_of};
use super::trouble::{Trouble, shown_body};
use crate::card::{AccountId, CardType};
use crate::case::request::standard_request;
use crate::profile::Accounts;

/// How often a call is refused before it is believed that all are.
const TRIES: usize = 6;

/// A call, and the answer by which it was refused.
struct Refusal {
    call: String,
    status: u16,
    body: String,
}

impl Driver {
    /// Asks for what a target that knows us lets in.
    pub(super) async fn greet(&self) -> Result<(), Trouble> {
        let mut shut = None;
        for draft in self.knocks().await?.iter().cycle().take(TRIES) {
            shut = self.refusal(draft, &[401, 403, 407]).await;
            if shut.is_none() {
                return Ok(());
            }
        }
        match shut {
            Some(Refusal { call, status, body }) => Err(Trouble::ShutOut { call, status, body }),
            None => Ok(()),
        }
    }

    /// What is asked for, one after the other: a create that nothing comes of; where that is refused for what it lacks, one
    /// that is whole, on an account that no case uses. Where nothing may be made, a read.
    async fn knocks(&self) -> Result<Vec<Draft>, Trouble> {
        let read = Draft::read("/cards");
        let (account, last) = match &self.profile.accounts {
            Accounts::List(list) => {
                let accounts = list.iter().map(|id| AccountId::new(id.to_string()));
                let accounts: Vec<AccountId> = accounts.collect();
                for account in &accounts {
                    self.know(account).await?;
                }
                (accounts.into_iter().next(), read.clone())
            }
            _ => match self.lease().await {
                Ok(account) => {
                    let whole = create(&account, &standard_request(CardType::Virtual));
                    (Some(account), whole)
                }
                Err(_) => (None, read.clone()),
            },
        };
        let incomplete = account.map(|account| incomplete_create(&account));
        Ok(match incomplete {
            Some(incomplete) if self.caller.begin(&incomplete).is_ok() => vec![incomplete, last],
            _ => vec![read],
        })
    }

    /// Where neither reading nor creating finds a listed account, it is the profile that is wrong.
    async fn know(&self, account: &AccountId) -> Result<(), Trouble> {
        const UNKNOWN: [u16; 2] = [403, 404];
        let list = Draft::list_of(account);
        let Some(Refusal { call, status, body }) = self.refusal(&list, &UNKNOWN).await else {
            return Ok(());
        };
        let create = incomplete_create(account);
        let may_create = self.caller.begin(&create).is_ok();
        if may_create && self.refusal(&create, &UNKNOWN).await.is_none() {
            return Ok(());
        }
        let problem = format!(
            "the account {account}, which the profile lists, is not known: {call} was answered with {status}{body}"
        );
        Err(Trouble::NoAccount { problem })
    }

    /// The answer, where it is one of these or leads elsewhere. What gets no answer is for the run to tell.
    async fn refusal(&self, draft: &Draft, statuses: &[u16]) -> Option<Refusal> {
        let asking = self.access.ask(draft, HeaderMap::new(), &self.caller);
        // One that puts off is let be: the run is patient with it.
        let answered = tokio::time::timeout(self.profile.timeout.0, asking).await;
        let answer = answered.ok()?.ok()?;
        let is_refusal = statuses.contains(&answer.status) || (300..400).contains(&answer.status);
        is_refusal.then(|| Refusal {
            call: format!(
                "{} {}{}",
                draft.method,
                self.caller.base.as_str(),
                draft.path
            ),
            status: answer.status,
            body: shown_body(&answer.body),
        })
    }
}

/// A create of which nothing can come; where all else is right, the answer is 400.
fn incomplete_create(account: &AccountId) -> Draft {
    create(account, &json!({ "type": "none" }))
}

fn create(account: &AccountId, body: &Value) -> Draft {
    Draft {
        body: Some(body.to_string()),
        ..Draft::change(Method::POST, cards_of(account))
    }
}
