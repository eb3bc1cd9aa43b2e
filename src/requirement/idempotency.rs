//! The idempotency key.

use super::catalogue;

catalogue! {
    IDEM_1 = "IDEM-1" Must Stated "A modifying call without an idempotency key is refused with 400."
        from "the contract, idempotency" on [CreateCard, ActivateCard, DeactivateCard, TerminateCard]
        provoked "each modifying call without the header"
        judged "the status code";
    IDEM_2 = "IDEM-2" Must Stated "A modifying call with a key that is not a UUID is refused with 400."
        from "the contract, idempotency" on [CreateCard, ActivateCard, DeactivateCard, TerminateCard]
        provoked "each modifying call with such a key, short and longer than any"
        judged "the status code; 431 too for a key of more than 255 characters";
    IDEM_3 = "IDEM-3" Must Stated "The same key with the same payload brings the identical response."
        from "the contract, idempotency" on [CreateCard, ActivateCard, DeactivateCard, TerminateCard, SimulateIssue, SimulateFail]
        provoked "a request sent again under its key, at once and after the card has moved on"
        judged "status and body equal those of the first response";
    IDEM_4 = "IDEM-4" Must Stated "The same key with the same payload does the action once."
        from "the contract, idempotency" on [CreateCard, ActivateCard, DeactivateCard, TerminateCard, SimulateIssue, SimulateFail]
        provoked "a request sent again under its key, then reads"
        judged "no second card, and `status` and `updatedAt` of the card are as before";
    IDEM_5 = "IDEM-5" Must Stated "The same key with another payload is refused with 422 or 409."
        from "the contract, idempotency" on [CreateCard, PutWebhook]
        provoked "a create, or a subscription, under a used key with one member of the payload changed"
        judged "the status code";
    IDEM_6 = "IDEM-6" Must Stated "The same key with another payload does not do the action."
        from "the contract, idempotency" on [CreateCard, ListAccountCards, ListCards]
        provoked "a list after such a call"
        judged "no further card, and the first one as before";
    IDEM_7 = "IDEM-7" Must Stated "A key whose first request is still in flight is refused with 409 or waits for the identical response."
        from "the contract, idempotency" on [CreateCard, ActivateCard, DeactivateCard, TerminateCard]
        provoked "a request sent twice at once"
        judged "both answers, and the effect done once"
        needs AtOnce;
    IDEM_8 = "IDEM-8" Must Stated "A key may be used afresh after one hour."
        from "the contract, idempotency" on [CreateCard, ActivateCard, DeactivateCard, TerminateCard]
        provoked "a used key more than an hour later, with the same payload and with another"
        judged "the call is answered and done as a new one"
        needs Clock;
    IDEM_9 = "IDEM-9" Must Derived "A used key on another call is refused, or the call is done; it is never answered as done with nothing done."
        from "the contract, idempotency" on [CreateCard, ActivateCard, DeactivateCard, TerminateCard]
        provoked "a call with the key of another call, then a read"
        judged "a success is followed by its effect";
    IDEM_10 = "IDEM-10" Must Derived "Keys are UUIDs and compare without case."
        from "the contract, wire facts" on [CreateCard, ActivateCard, DeactivateCard, TerminateCard]
        provoked "a request sent again with its key in upper case"
        judged "the identical response, the action done once";
    IDEM_11 = "IDEM-11" Must Derived "Equal requests with different keys are different calls."
        from "the contract, idempotency" on [CreateCard]
        provoked "the same create with a fresh key"
        judged "the answer is not that of the earlier create";
}
