//! How a case sends its requests and takes in what comes: by the gate, again where the target puts off or a token is over, and
//! each exchange into the trace as it happens.

use std::mem;
use std::time::Instant;

use http::HeaderValue;
use http::header::AUTHORIZATION;

use super::CaseRun;
use crate::case::{Flaw, StepNumber};
use crate::drive::Driver;
use crate::drive::auth::Entry;
use crate::drive::client::{Delivery, Pass, Received, Sent};
use crate::drive::draft::Draft;
use crate::drive::gate::{Again, PutOff};
use crate::drive::outgoing::Outgoing;
use crate::drive::reply::{KEPT_BYTES_MAX, Sieve, recorded};
use crate::trace::{self, Exchange, Micros, Record, Reply, Response};

/// A request as it will be sent, and leave to send it.
pub(super) struct Dressed<'a> {
    outgoing: Outgoing,
    pass: Pass<'a>,
}

impl<'a> CaseRun<'a> {
    /// Waits for the turn of a request, and makes it.
    pub(super) async fn dressed_in_turn(
        &self,
        draft: &Draft,
        flaw: Option<Flaw>,
    ) -> Result<Box<Dressed<'a>>, String> {
        let Driver { access, caller, .. } = self.driver;
        let entry = access.enter(1, caller).await?;
        self.dressed(draft, flaw, entry)
    }

    /// The same with another token, by which whatever comes later goes too.
    pub(super) async fn dressed_afresh(
        &self,
        draft: &Draft,
        flaw: Option<Flaw>,
    ) -> Result<Box<Dressed<'a>>, String> {
        let Driver { access, caller, .. } = self.driver;
        access
            .log_in_again(caller)
            .await
            .map_err(|words| format!("no fresh token: {words}"))?;
        self.dressed_in_turn(draft, flaw).await
    }

    pub(super) fn dressed(
        &self,
        draft: &Draft,
        flaw: Option<Flaw>,
        entry: Entry<'a>,
    ) -> Result<Box<Dressed<'a>>, String> {
        let Driver {
            access,
            caller,
            pool,
            ..
        } = self.driver;
        if let Some(pool) = pool {
            pool.check(draft)?;
        }
        let earlier = match flaw {
            Some(Flaw::SignatureOf(earlier)) => self.signed.get(&earlier),
            _ => None,
        };
        Ok(Box::new(Dressed {
            outgoing: access.dress(draft, flaw, earlier, caller, entry.token)?,
            pass: entry.pass,
        }))
    }

    /// Sends a request and records what came of it. One that is put off, and of which nothing can have been done, is sent
    /// again: the same draft, with its key, signed afresh.
    pub(super) async fn exchange(
        &mut self,
        step: StepNumber,
        draft: &Draft,
        request: Box<Dressed<'a>>,
        flaw: Option<Flaw>,
        mut delivery: Delivery<'_>,
    ) {
        let Driver { access, caller, .. } = self.driver;
        let mut again = Again::default();
        let mut next = Ok(request);
        loop {
            let request = match next {
                Ok(request) => request,
                Err(words) => return self.obstacle(Some(step), words),
            };
            let Some(put_off) = self
                .exchange_once(step, draft, request, flaw, delivery)
                .await
            else {
                return;
            };
            if !put_off.may_be_asked_again(&draft.method) {
                let words = format!(
                    "{} to a request that may have been carried out, so it is not sent again",
                    put_off.words()
                );
                return self.obstacle(Some(step), words);
            }
            // The others of a race have gone.
            delivery.release = None;
            next = match access.enter_again(&mut again, caller).await {
                Ok(entry) => self.dressed(draft, flaw, entry),
                Err(words) => Err(words),
            };
        }
    }

    /// Sends it once. If the target puts it off, how. A good one that is refused for its token alone, as far as anybody can
    /// tell, is made anew with another and sent in its turn; both stand in the trace.
    async fn exchange_once(
        &mut self,
        step: StepNumber,
        draft: &Draft,
        request: Box<Dressed<'a>>,
        flaw: Option<Flaw>,
        delivery: Delivery<'_>,
    ) -> Option<PutOff> {
        let used = request.outgoing.headers.get(AUTHORIZATION).cloned();
        let (request, sent) = self.send_once(step, draft, request, delivery).await;
        let received_at = self.driver.micros(Instant::now());
        let is_refused = flaw.is_none() && sent.is_unauthorized();
        let again = match used.filter(|_| is_refused) {
            Some(used) => Box::pin(self.with_another_token(draft, &used)).await,
            None => Ok(None),
        };
        let token_over = !matches!(again, Ok(None));
        let put_off = self.take_in(step, flaw, token_over, received_at, (request, sent));
        self.trace.written().await;
        match again {
            Ok(None) => put_off,
            Ok(Some(again)) => {
                let delivery = Delivery {
                    release: None,
                    ..delivery
                };
                let (request, sent) = self.send_once(step, draft, again, delivery).await;
                if !sent.is_unauthorized() {
                    self.driver.access.another_was_accepted();
                }
                let received_at = self.driver.micros(Instant::now());
                let put_off = self.take_in(step, flaw, false, received_at, (request, sent));
                self.trace.written().await;
                put_off
            }
            Err(problem) => {
                let words = format!(
                    "the target answered 401, which may mean that the token is over: {problem}"
                );
                self.obstacle(Some(step), self.driver.caller.masks.apply(words));
                None
            }
        }
    }

    /// Records what came of a request. If the target puts it off, how.
    fn take_in(
        &mut self,
        step: StepNumber,
        flaw: Option<Flaw>,
        token_over: bool,
        received_at: Micros,
        (request, sent): (trace::Request, Sent),
    ) -> Option<PutOff> {
        let put_off = sent.received.put_off();
        let sent_at = self.driver.micros(sent.at);
        let reply = self.reply(step, sent.received);
        self.take_in_events();
        self.record(Exchange {
            step,
            sent_at,
            received_at,
            request,
            flaw,
            token_over,
            reply,
        });
        put_off
    }

    async fn send_once(
        &mut self,
        step: StepNumber,
        draft: &Draft,
        request: Box<Dressed<'a>>,
        delivery: Delivery<'_>,
    ) -> (trace::Request, Sent) {
        let Dressed { pass, outgoing } = *request;
        if self.taken.contains(&step) {
            self.signed.insert(step, outgoing.clone());
        }
        let mut recorded = outgoing.recorded(&draft.path);
        let masks = &self.driver.caller.masks;
        recorded.body = recorded.body.map(|body| masks.apply(body));
        let sent = pass.send(outgoing, delivery).await;
        if let Some(pool) = &self.driver.pool {
            pool.answered_in(sent.at.elapsed());
        }
        (recorded, sent)
    }

    /// The request anew, after it was refused with the token `used`; none where the refusal stands.
    async fn with_another_token(
        &self,
        draft: &Draft,
        used: &HeaderValue,
    ) -> Result<Option<Box<Dressed<'a>>>, String> {
        let Driver { access, caller, .. } = self.driver;
        let may_have_expired = access.may_have_expired(used).await;
        let has_another = access.has_another(used, caller).await;
        // Where an answer said until when the token is good, the refusal stands; what follows has another token.
        match may_have_expired && has_another? {
            true => self.dressed_in_turn(draft, None).await.map(Some),
            false => Ok(None),
        }
    }

    /// An exchange by the way. False: the request could not be made.
    pub(in crate::drive) async fn ask_once(&mut self, step: StepNumber, draft: &Draft) -> bool {
        self.ask_flawed(step, draft, None).await
    }

    /// The same, with what is to be wrong with its access.
    pub(in crate::drive) async fn ask_flawed(
        &mut self,
        step: StepNumber,
        draft: &Draft,
        flaw: Option<Flaw>,
    ) -> bool {
        match self.dressed_in_turn(draft, flaw).await {
            Ok(request) => {
                self.exchange(step, draft, request, flaw, Delivery::default())
                    .await;
                true
            }
            Err(words) => {
                self.obstacle(Some(step), format!("the step was skipped: {words}"));
                false
            }
        }
    }

    fn reply(&mut self, step: StepNumber, received: Received) -> Reply {
        let masks = &self.driver.caller.masks;
        match received {
            Received::Whole(incoming) => {
                let surplus = incoming.surplus;
                let sieve = Sieve {
                    ids: &self.ids,
                    left_out: &self.left_out,
                };
                let response = recorded(incoming, Some(sieve), masks);
                if surplus {
                    self.obstacle(Some(step), SURPLUS.to_owned());
                }
                match too_long(&response) {
                    Some(words) => Reply::Lost(words),
                    None => Reply::Got(response),
                }
            }
            Received::Lost {
                words,
                no_connection,
            } => {
                let words = masks.apply(words);
                if no_connection {
                    self.obstacle(Some(step), format!("the target was not reached: {words}"));
                }
                Reply::Lost(words)
            }
            Received::LetGo(words) => Reply::LetGo(words),
        }
    }

    /// The record borrows nothing, so what is in it goes through it and comes back, in place of being cloned.
    pub(super) fn record_beginning(&mut self) {
        let known = &mut self.case;
        let record = Record::Begin {
            number: known.number,
            case: mem::take(&mut known.case),
            accounts: mem::take(&mut known.accounts),
            pasts: mem::take(&mut known.pasts),
        };
        self.trace.append(&record);
        if let Record::Begin {
            case,
            accounts,
            pasts,
            ..
        } = record
        {
            (known.case, known.accounts, known.pasts) = (case, accounts, pasts);
        }
    }

    /// The same for an exchange, which is in the file when `written` has returned.
    fn record(&mut self, exchange: Exchange) {
        let record = Record::Exchange {
            number: self.case.number,
            exchange,
        };
        self.trace.hand_over(&record);
        if let Record::Exchange { exchange, .. } = record {
            self.case.exchanges.push(exchange);
        }
    }
}

/// What came besides, since HTTP has no place for it.
const SURPLUS: &str = "the target sent more than the answer to a request: a second answer, a body where none may be, or a body longer than it said";

/// An answer that is not kept, since nobody keeps thousands of such.
fn too_long(response: &Response) -> Option<String> {
    let Response { status, body, .. } = response;
    (body.len() > KEPT_BYTES_MAX).then(|| {
        let length = body.len();
        format!("the answer ({status}) was dropped: its body of {length} bytes is longer than {KEPT_BYTES_MAX}, and no list of which a part would do")
    })
}
