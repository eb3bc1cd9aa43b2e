//! Events.

use super::catalogue;

catalogue! {
    HOOK_1 = "HOOK-1" Must Stated "Every change of a card is reported by an event."
        from "contract.md, webhooks" on [PutWebhook]
        provoked "changes while a subscription stands" judged "an event for each" needs Webhooks;
    HOOK_2 = "HOOK-2" Must Stated "An event's payload is a valid card."
        from "contract.md, webhooks" on [PutWebhook]
        provoked "every event" judged "the schema" needs Webhooks;
    HOOK_3 = "HOOK-3" Must Derived "An event shows a state that the card had."
        from "contract.md, webhooks" on [PutWebhook]
        provoked "every event" judged "the worlds" needs Webhooks;
    HOOK_4 = "HOOK-4" Must Derived "Event ids tell events apart, and a redelivery repeats its id."
        from "contract.md, webhooks" on [PutWebhook]
        provoked "every event" judged "equal ids have equal payloads, and different changes different ids" needs Webhooks;
    HOOK_5 = "HOOK-5" Must Derived "After things settle the newest event equals the card as read."
        from "contract.md, webhooks" on [PutWebhook, GetCard]
        provoked "the end of a case" judged "the last event against a read" needs Webhooks;
}
