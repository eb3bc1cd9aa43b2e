//! Bodies and ids that are wrong, and some that only look it.

use super::catalogue;

catalogue! {
    INPUT_1 = "INPUT-1" Must Derived "A create that lacks a required member is refused with 400."
        from "the contract, access" on [CreateCard]
        provoked "creates with each required member left out" judged "the status code";
    INPUT_2 = "INPUT-2" Must Derived "A create with a member of the wrong type or value is refused with 400."
        from "the contract, access" on [CreateCard]
        provoked "creates with wrong types, nulls and values outside an enumeration" judged "the status code";
    INPUT_3 = "INPUT-3" Must Stated "A create of a physical card without a shipping address is refused with 400."
        from "the contract, wire facts" on [CreateCard]
        provoked "such creates" judged "the status code";
    INPUT_4 = "INPUT-4" Must Derived "A create with a country that ISO 3166-1 does not assign is refused with 400."
        from "the contract, wire facts" on [CreateCard]
        provoked "creates with unassigned codes, in either address" judged "the status code";
    INPUT_5 = "INPUT-5" Must Derived "A create whose body is empty or no JSON object is refused with 400."
        from "the contract, access" on [CreateCard]
        provoked "such bodies" judged "the status code";
    INPUT_6 = "INPUT-6" Must Derived "A create with another media type is refused with 415 or 400."
        from "the contract, access" on [CreateCard]
        provoked "a good body under another `Content-Type`" judged "the status code";
    INPUT_7 = "INPUT-7" Must Derived "A create that is refused as invalid makes no card."
        from "the contract, access" on [CreateCard, ListAccountCards, ListCards]
        provoked "a list after such a refusal" judged "the list holds no card that no create made";
    INPUT_8 = "INPUT-8" Must Derived "An address in any script is accepted."
        from "the contract, wire facts" on [CreateCard]
        provoked "creates with ordinary-length text from every plane of Unicode" judged "the create succeeds";
    INPUT_9 = "INPUT-9" Must Derived "A request by a method that the document does not give for the path changes nothing."
        from "the contract, states; RFC 9110, 9" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "such methods on the path of each call, and a read" judged "the card as before, no further card";
    INPUT_10 = "INPUT-10" Must Derived "An error shows nothing of the inside: no stack trace and no statement of a database."
        from "the contract, access" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "every error" judged "the body has none of the forms that stack traces and database errors have";
    INPUT_11 = "INPUT-11" Must Derived "An error shows no id of another programme that the request did not name."
        from "the contract, access" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "every error" judged "the body has none of the ids that the profile names"
        needs Foreign;
    INPUT_12 = "INPUT-12" Should Derived "A body whose bytes are no text in Unicode is refused with 400."
        from "the contract, access; RFC 8259, 8.1" on [CreateCard, PutWebhook]
        provoked "creates and subscriptions in Latin-1, in the UTF-8 of old writers, and with characters cut off" judged "the status code";
    ID_1 = "ID-1" Must Derived "A call on a card id that nobody has is refused with 404 or 400."
        from "the contract, access" on [GetCard, ActivateCard, DeactivateCard, TerminateCard, SimulateIssue, SimulateFail]
        provoked "each call with a fresh UUID" judged "the status code";
    ID_2 = "ID-2" Must Derived "A call on a malformed card id is refused with 404 or 400."
        from "the contract, access" on [GetCard, ActivateCard, DeactivateCard, TerminateCard, SimulateIssue, SimulateFail]
        provoked "each call with an id that is no UUID, with the id of a card and something around it, and with one longer than any"
        judged "the status code; where the id has something around it or is too long, 414 and 401 too";
    ID_3 = "ID-3" Must Derived "A call on an account id that nobody has is refused with 404 or 400."
        from "the contract, access" on [CreateCard, ListAccountCards]
        provoked "both calls with a fresh UUID" judged "the status code";
    ID_4 = "ID-4" Must Derived "A call on a malformed account id is refused with 404 or 400."
        from "the contract, access" on [CreateCard, ListAccountCards]
        provoked "both calls with an id that is no UUID" judged "the status code";
    ID_5 = "ID-5" Must Derived "Another programme's card or account reads as not found: 404 or 403."
        from "the contract, access" on [CreateCard, ListAccountCards, GetCard, ActivateCard, DeactivateCard, TerminateCard]
        provoked "each call on an id of another programme" judged "the status code"
        needs Foreign;
}
