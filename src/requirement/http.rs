//! Status codes and header fields.

use super::catalogue;

catalogue! {
    HTTP_1 = "HTTP-1" Must Stated "A status code is one that the document gives for the operation."
        from "the OpenAPI document" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard, SimulateIssue, SimulateFail]
        provoked "every answer" judged "the document's responses";
    HTTP_2 = "HTTP-2" Must Derived "A valid request is not answered with a server error."
        from "the contract, wire facts" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard, SimulateIssue, SimulateFail]
        provoked "every valid request, those that the card's state refuses included" judged "no 5xx";
    HTTP_3 = "HTTP-3" Must Derived "An invalid request is not answered with a server error."
        from "the contract, wire facts" on [CreateCard, GetCard, ListAccountCards, ActivateCard, DeactivateCard, TerminateCard, PutWebhook]
        provoked "every invalid request" judged "no 5xx";
    HTTP_4 = "HTTP-4" Must Stated "The header fields of a response are as the document says."
        from "the OpenAPI document" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "every answer for which the document gives header fields" judged "required ones are there, and match their schemas";
    HTTP_5 = "HTTP-5" Must Stated "A call that succeeds is answered with the documented status."
        from "the contract, operations" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard, SimulateIssue, SimulateFail]
        provoked "every success" judged "201, 200 or 204 as the document says";
}
