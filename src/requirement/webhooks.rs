//! Events and subscriptions.

use super::catalogue;

catalogue! {
    HOOK_1 = "HOOK-1" Must Stated "Every change of a card is reported by an event."
        from "the contract, webhooks" on [PutWebhook]
        provoked "changes of a card, and a wait for their events"
        judged "as many different events as the card surely had changes, within the profile's wait; only where some event came at all"
        needs Webhooks;
    HOOK_2 = "HOOK-2" Must Stated "An event's payload is a valid card."
        from "the contract, webhooks" on [PutWebhook]
        provoked "every event" judged "JSON, and the document's schema" needs Webhooks;
    HOOK_3 = "HOOK-3" Must Derived "An event shows a state that the card had."
        from "the contract, webhooks" on [PutWebhook]
        provoked "every event"
        judged "a status that some call or the card itself may have brought about by then; what never changes is as it was read"
        needs Webhooks;
    HOOK_4 = "HOOK-4" Must Derived "Event ids tell events apart, and a redelivery repeats its id."
        from "the contract, webhooks" on [PutWebhook]
        provoked "events, some of them refused once so that they come again"
        judged "equal ids have equal payloads; what was refused does not come again under another id" needs Webhooks;
    HOOK_5 = "HOOK-5" Must Derived "After things settle the newest event equals the card as read."
        from "the contract, webhooks" on [PutWebhook, GetCard]
        provoked "a read, and a wait for the event that shows the same"
        judged "every documented member is equal in some event, within the profile's wait" needs Webhooks;
    HOOK_6 = "HOOK-6" Must Derived "What changes nothing is no event of its own."
        from "the contract, webhooks" on [PutWebhook]
        provoked "reads, refused calls and retries while a subscription stands"
        judged "no two events show the very same card, where there are more events than calls that can have changed it" needs Webhooks;
    HOOK_7 = "HOOK-7" Must Stated "The event of a card is JSON of the type `card.updated`."
        from "the contract, webhooks" on [PutWebhook]
        provoked "every event" judged "`Content-Type` and `webhookType`" needs Webhooks;
    HOOK_8 = "HOOK-8" Must Stated "The id of an event is a UUID."
        from "the contract, webhooks" on [PutWebhook]
        provoked "every event" judged "`eventId`" needs Webhooks;
    HOOK_9 = "HOOK-9" Must Derived "No event tells of another programme's card."
        from "the contract, access" on [PutWebhook]
        provoked "every event" judged "the card and the account that the profile names as another programme's are in none" needs Webhooks;
    HOOK_10 = "HOOK-10" Must Stated "A subscription is answered with what was asked for."
        from "the contract, operations" on [PutWebhook]
        provoked "subscriptions" judged "the schema of the answer; `callbackUrl` and `types` as they were sent" needs Webhooks;
    HOOK_11 = "HOOK-11" Must Derived "A subscription reads back as it was made, alone and in the list."
        from "the contract, operations" on [GetWebhook, ListWebhooks]
        provoked "reads of subscriptions" judged "`id`, `callbackUrl`, `types` and `createdAt`" needs Webhooks;
    HOOK_12 = "HOOK-12" Must Derived "A subscription that was removed is gone, and is told nothing more."
        from "the contract, operations" on [DeleteWebhook]
        provoked "reads, lists and changes of cards after a removal"
        judged "no read finds it, and no event shows it a state that came about later" needs Webhooks;
    HOOK_13 = "HOOK-13" Must Derived "No full card number, CVV or PIN stands in an event."
        from "the contract, wire facts; PCI DSS 3.x" on [PutWebhook]
        provoked "every event" judged "as in responses (LEAK-1, LEAK-2)" needs Webhooks;
    HOOK_14 = "HOOK-14" Must Derived "A subscription whose body is not as the document says is refused with 400, or with 415 for another media type."
        from "the contract, access" on [PutWebhook]
        provoked "subscriptions, and changes of one, with each member left out, mistyped and beyond its values, and with bodies that are no JSON object"
        judged "the status code" needs Webhooks;
    HOOK_15 = "HOOK-15" Must Derived "A subscription that is refused, or a change of one, changes nothing."
        from "the contract, access" on [PutWebhook, GetWebhook, ListWebhooks]
        provoked "reads, lists and changes of cards after such a refusal"
        judged "the subscription reads as before; the address that was refused is in no list, and no event comes to it" needs Webhooks;
    HOOK_16 = "HOOK-16" Must Derived "A subscription that is changed stays the same one, and is told at its new address alone."
        from "the contract, operations" on [PutWebhook]
        provoked "subscriptions that are moved, and changes of cards"
        judged "`id` and `createdAt` as before; no event shows its old address a state that came about later" needs Webhooks;
    HOOK_17 = "HOOK-17" Must Derived "Another programme's subscription reads as not found, can't be changed or removed, and is in no list."
        from "the contract, access" on [PutWebhook, GetWebhook, ListWebhooks, DeleteWebhook]
        provoked "each call on the subscription that the profile names"
        judged "404 or 400; the list" needs ForeignSubscription;
    HOOK_18 = "HOOK-18" Must Derived "A subscription is told only of the types of event that it asked for."
        from "the contract, webhooks; the contract, operations" on [PutWebhook]
        provoked "subscriptions to other types than `card.updated`, and changes of one to such types, and changes of cards"
        judged "no event shows the state of a card to an address that asked for other types" needs Webhooks;
    HOOK_19 = "HOOK-19" Must Derived "Each subscription is told of every change of a card, whatever others there are."
        from "the contract, webhooks" on [PutWebhook, DeleteWebhook]
        provoked "changes of a card while several subscriptions stand, one is changed or removed, and a wait for the events at each"
        judged "as HOOK-1, at each address; what one of them was told of, and another was not, names this rule" needs Webhooks;
    HOOK_20 = "HOOK-20" Must Derived "A call on a subscription id that nobody has, or that is none, is refused with 404 or 400."
        from "the contract, access" on [GetWebhook, DeleteWebhook]
        provoked "a read and a removal of a subscription under a random id, and under one that is no UUID"
        judged "404 or 400" needs Webhooks;
}
