//! Open points: several readings conform, one must be kept to.

use super::catalogue;

catalogue! {
    OPEN_1 = "OPEN-1" Must Open "Deactivating an inactive card is refused, or succeeds without effect, always alike."
        from "the contract, states" on [DeactivateCard] provoked "deactivate twice" judged "the status code"
        point "repeat-deactivate" ["refused", "success"];
    OPEN_2 = "OPEN-2" Must Open "Activating an active card is refused, or succeeds without effect, always alike."
        from "the contract, states" on [ActivateCard] provoked "activate on an active card" judged "the status code"
        point "repeat-activate" ["refused", "success"];
    OPEN_3 = "OPEN-3" Must Open "Terminating a terminated card is refused, or succeeds without effect, always alike."
        from "the contract, states" on [TerminateCard] provoked "terminate twice" judged "the status code"
        point "repeat-terminate" ["refused", "success"];
    OPEN_4 = "OPEN-4" Must Open "Deactivating an issuing card is refused, or makes it inactive, always alike."
        from "the contract, states" on [DeactivateCard] provoked "deactivate before issuance" judged "the status code and a read"
        point "deactivate-issuing" ["refused", "changes"];
    OPEN_5 = "OPEN-5" Must Open "Activating an issuing card is refused, or makes it active, always alike."
        from "the contract, states" on [ActivateCard] provoked "activate before issuance" judged "the status code and a read"
        point "activate-issuing" ["refused", "changes"];
    OPEN_6 = "OPEN-6" Must Open "Terminating an issuing card is refused, or makes it terminated, always alike."
        from "the contract, states" on [TerminateCard] provoked "terminate before issuance" judged "the status code and a read"
        point "terminate-issuing" ["refused", "changes"];
    OPEN_7 = "OPEN-7" Must Open "A call is refused in a given state with one status code: 400, 404 (in a final state only), 409 or 422."
        from "the contract, states" on [ActivateCard, DeactivateCard, TerminateCard, SimulateIssue, SimulateFail]
        provoked "calls that the state does not allow" judged "the status code, for each call and state"
        point "refusal-status" ["400", "404", "409", "422"];
    OPEN_8 = "OPEN-8" Must Open "A create over the limit is refused with one status code, or fails later, always alike."
        from "the contract, the limit" on [CreateCard] provoked "a second create of a type" judged "the status code, and what becomes of the card"
        point "over-limit" ["400", "403", "409", "422", "fails later"];
    OPEN_9 = "OPEN-9" Must Open "A terminated card frees its slot, or keeps it, always alike."
        from "the contract, the limit" on [CreateCard] provoked "a create after terminate" judged "the status code, and what becomes of the card"
        point "terminated-frees-slot" ["frees", "keeps"];
    OPEN_10 = "OPEN-10" Must Open "A blocked card frees its slot, or keeps it, always alike."
        from "the contract, the limit" on [CreateCard] provoked "a create after a block" judged "the status code, and what becomes of the card"
        needs Issuer
        point "blocked-frees-slot" ["frees", "keeps"];
    OPEN_11 = "OPEN-11" Must Open "A card whose issuance failed frees its slot, or keeps it, always alike."
        from "the contract, the limit" on [CreateCard] provoked "a create after a failed issuance" judged "the status code, and what becomes of the card"
        needs Simulator
        point "failed-frees-slot" ["frees", "keeps"];
    OPEN_12 = "OPEN-12" Must Open "Terminated cards stand in both lists, or in neither."
        from "the contract, states" on [ListAccountCards, ListCards] provoked "lists after terminate" judged "whether the card is there"
        point "terminated-in-lists" ["listed", "left out"];
    OPEN_13 = "OPEN-13" Must Open "Cards whose issuance failed stand in both lists, or in neither."
        from "the contract, states" on [ListAccountCards, ListCards] provoked "lists after a failed issuance" judged "whether the card is there"
        needs Simulator
        point "failed-in-lists" ["listed", "left out"];
    OPEN_14 = "OPEN-14" Must Open "A used key with another payload is refused with one status code."
        from "the contract, idempotency" on [CreateCard] provoked "a create under a used key with a changed payload" judged "the status code"
        point "changed-payload-status" ["422", "409"];
    OPEN_15 = "OPEN-15" Must Open "A used key on another call is refused, or the call is taken as a new one, always alike."
        from "the contract, idempotency" on [CreateCard, ActivateCard, DeactivateCard, TerminateCard] provoked "a call with the key of another call" judged "the status code"
        point "key-elsewhere" ["refused", "new request"];
    OPEN_16 = "OPEN-16" Must Open "A refusal is replayed under its key, or the call is tried afresh, always alike for one kind of refusal."
        from "the contract, idempotency" on [CreateCard, ActivateCard, DeactivateCard, TerminateCard] provoked "a refused call sent again under its key, after the state has changed" judged "the answer"
        point "refusal-retried" ["replayed", "tried afresh"];
    OPEN_17 = "OPEN-17" Must Open "After a refusal another payload under the key is taken afresh, or refused, always alike for one kind of refusal."
        from "the contract, idempotency" on [CreateCard] provoked "a refused create, then another payload under its key" judged "the answer"
        point "payload-after-refusal" ["taken afresh", "refused"];
    OPEN_18 = "OPEN-18" Must Open "An id that nobody has is refused with one status code by each operation."
        from "the contract, access" on [GetCard, ListAccountCards, CreateCard, ActivateCard, DeactivateCard, TerminateCard] provoked "calls with a fresh UUID" judged "the status code"
        point "unknown-id-status" ["404", "400"];
    OPEN_19 = "OPEN-19" Must Open "A malformed id is refused with one status code by each operation."
        from "the contract, access" on [GetCard, ListAccountCards, CreateCard, ActivateCard, DeactivateCard, TerminateCard] provoked "calls with an id that is no UUID" judged "the status code"
        point "malformed-id-status" ["404", "400"];
    OPEN_20 = "OPEN-20" Must Open "Another programme's id is refused with one status code by each operation."
        from "the contract, access" on [GetCard, ListAccountCards, CreateCard, ActivateCard, DeactivateCard, TerminateCard] provoked "calls on another programme's ids" judged "the status code"
        needs Foreign
        point "foreign-id-status" ["404", "403", "as unknown ids"];
    OPEN_21 = "OPEN-21" Must Open "Each of name, network, masked number and expiry is absent, null or present before issuance, always alike."
        from "the contract, wire facts" on [CreateCard] provoked "every create" judged "the members in the answer"
        point "fields-before-issuance" ["absent", "null", "present"];
    OPEN_22 = "OPEN-22" Must Open "Further members in a request are ignored, or refused with 400, always alike."
        from "the contract, wire facts" on [CreateCard, PutWebhook] provoked "creates with a member of another name" judged "the status code, for each object"
        point "unknown-members" ["ignored", "refused"];
    OPEN_23 = "OPEN-23" Must Open "An empty string in an address, or one of blanks alone, is accepted, or refused with 400, always alike for one member."
        from "the contract, wire facts" on [CreateCard] provoked "creates with empty members" judged "the status code, for each member"
        point "empty-strings" ["accepted", "refused"];
    OPEN_24 = "OPEN-24" Must Open "A very long string in an address is accepted whole, or refused with 400, always alike for one member and length, in characters, UTF-16 units and bytes."
        from "the contract, wire facts" on [CreateCard] provoked "creates with long members" judged "the status code, for each member and length"
        point "long-strings" ["accepted", "refused"];
    OPEN_25 = "OPEN-25" Must Open "A null for an optional member is taken as absent, or refused with 400, always alike for one member."
        from "the contract, wire facts" on [CreateCard, PutWebhook] provoked "creates with null for an optional member" judged "the status code, for each member"
        point "null-members" ["accepted", "refused"];
    OPEN_26 = "OPEN-26" Must Open "A character that is no text (a control, a noncharacter, one of private use or unassigned) is accepted, or refused with 400, always alike for one member and text."
        from "the contract, wire facts (silent)" on [CreateCard] provoked "creates with such characters" judged "the status code, for each member and text"
        point "control-characters" ["accepted", "refused"];
    OPEN_27 = "OPEN-27" Must Open "Another media type is refused with 415 or 400, always alike for one."
        from "the contract, access" on [CreateCard] provoked "creates with another `Content-Type`" judged "the status code, for each media type"
        point "media-type-status" ["415", "400"];
    OPEN_28 = "OPEN-28" Must Open "A flaw in signature or digest is refused with one status code for each kind of flaw."
        from "the contract, access" on [CreateCard, GetCard, ListAccountCards, ActivateCard, DeactivateCard, TerminateCard] provoked "the access rules" judged "the status code, for each flaw"
        point "access-status" ["401", "400"];
    OPEN_29 = "OPEN-29" Must Open "The simulator on a card that is not issuing is refused, or succeeds without effect, always alike in one state."
        from "the contract, operations (silent)" on [SimulateIssue, SimulateFail] provoked "issue and fail on cards in other states" judged "the status code, for each call and state"
        needs Simulator
        point "simulator-elsewhere" ["refused", "success"];
    OPEN_30 = "OPEN-30" Must Open "The creation of a card is itself reported by an event, or is not, always alike."
        from "the contract, webhooks" on [CreateCard, PutWebhook]
        provoked "a wait for an event of a card that was only made" judged "whether one came"
        needs Webhooks
        point "creation-event" ["reported", "not reported"];
    OPEN_40 = "OPEN-40" Must Open "A signature that leaves out the bearer token, or the idempotency key, is accepted, or refused with 400 or 401, always alike for each."
        from "the contract, wire facts" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "each call, signed over fewer header fields" judged "the status code, for each field"
        needs Signing
        point "uncovered-fields" ["accepted", "refused"];
    OPEN_41 = "OPEN-41" Must Open "A signature that was made a day ago is accepted, or refused with 400 or 401, always alike."
        from "the contract, access" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "each call with such a `created`" judged "the status code"
        needs Signing
        point "old-signatures" ["accepted", "refused"];
    OPEN_42 = "OPEN-42" Must Open "A signature that is dated a day ahead is accepted, or refused with 400 or 401, always alike."
        from "the contract, access (silent)" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "each call with such a `created`" judged "the status code"
        needs Signing
        point "early-signatures" ["accepted", "refused"];
    OPEN_43 = "OPEN-43" Must Open "A call with a good signature and a broken one is accepted, or refused with 400 or 401, always alike for each order."
        from "RFC 9421, 3.2" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "each call with two signatures of which one is broken" judged "the status code, for each order"
        needs Signing
        point "second-signature" ["accepted", "refused"];
    OPEN_44 = "OPEN-44" Must Open "A member that stands twice in an object is accepted, or refused with 400, always alike for one member."
        from "RFC 8259, 4" on [CreateCard, PutWebhook]
        provoked "creates in whose body a name stands twice" judged "the status code, for each member"
        point "repeated-members" ["accepted", "refused"];
    OPEN_45 = "OPEN-45" Must Open "A body that is not in plain UTF-8 is accepted, or refused with 400, always alike for each encoding."
        from "RFC 8259, 8.1" on [CreateCard, PutWebhook]
        provoked "creates and subscriptions behind a byte order mark, in UTF-16, and in what is no Unicode" judged "the status code, for each encoding"
        point "encodings" ["accepted", "refused"];
    OPEN_46 = "OPEN-46" Must Open "The hour of an idempotency key begins with its first call, or anew with each retry that is answered from it, always alike."
        from "the contract, idempotency (silent)" on [CreateCard, ActivateCard, DeactivateCard, TerminateCard]
        provoked "a key that was used more than an hour ago and retried less than an hour ago"
        judged "whether the call is answered as before, or done as a new one"
        needs Clock
        point "key-hour" ["first call", "each call"];
    OPEN_47 = "OPEN-47" Must Open "A digest by the algorithm that the profile does not name, sha-256 or sha-512, is accepted, or refused with 400 or 401, always alike."
        from "the contract, wire facts" on [CreateCard, PutWebhook]
        provoked "creates, retries and subscriptions with such a digest" judged "the status code"
        point "other-digest" ["accepted", "refused"];
}
