//! The states of a card and the calls that move it.

use super::catalogue;

catalogue! {
    LIFE_1 = "LIFE-1" Must Stated "An issuing card becomes active or issue_failed, and nothing else by itself."
        from "the contract, states" on [GetCard, ListAccountCards, ListCards]
        provoked "reads of a card after its creation, before any call on it"
        judged "the status that is read is issuing, active or issue_failed; where only the simulator issues, it is issuing";
    LIFE_2 = "LIFE-2" Must Stated "Deactivating an active card makes it inactive."
        from "the contract, states" on [DeactivateCard]
        provoked "deactivate on an active card, then a read"
        judged "the call succeeds and the card reads inactive";
    LIFE_3 = "LIFE-3" Must Stated "Activating an inactive card makes it active."
        from "the contract, states" on [ActivateCard]
        provoked "activate on an inactive card, then a read"
        judged "the call succeeds and the card reads active";
    LIFE_4 = "LIFE-4" Must Stated "A terminated card stays terminated, whatever is called."
        from "the contract, states; the API's page: an irreversible operation" on [ActivateCard, DeactivateCard, TerminateCard, SimulateIssue, SimulateFail]
        provoked "every call on a terminated card, then a read"
        judged "the card reads terminated";
    LIFE_5 = "LIFE-5" Must Stated "Terminating a card that is not in a final state makes it terminated."
        from "the contract, states" on [TerminateCard]
        provoked "terminate on an active, inactive and suspended card, then a read"
        judged "the call succeeds and the card reads terminated";
    LIFE_6 = "LIFE-6" Must Stated "A card whose issuance failed stays issue_failed, whatever is called."
        from "the contract, states" on [ActivateCard, DeactivateCard, TerminateCard, SimulateIssue, SimulateFail]
        provoked "every call on a failed card, then a read"
        judged "the card reads issue_failed";
    LIFE_7 = "LIFE-7" Must Stated "A blocked card stays blocked, whatever is called."
        from "the contract, states" on [ActivateCard, DeactivateCard, TerminateCard]
        provoked "every call on a blocked card, then a read"
        judged "the card reads blocked"
        needs Issuer;
    LIFE_8 = "LIFE-8" Must Derived "A call of the holder other than terminate leaves a suspended card suspended."
        from "the contract, states" on [ActivateCard, DeactivateCard]
        provoked "activate and deactivate on a suspended card, then a read"
        judged "the card reads suspended"
        needs Issuer;
    LIFE_9 = "LIFE-9" Must Derived "A call that is refused changes nothing of the card."
        from "the contract, states" on [ActivateCard, DeactivateCard, TerminateCard, SimulateIssue, SimulateFail]
        provoked "a refused call between two reads"
        judged "`status` and `updatedAt` are the same in both";
    LIFE_10 = "LIFE-10" Must Derived "A call that the card's state does not allow is refused with 400, 404 (in a final state only), 409 or 422."
        from "the contract, states" on [ActivateCard, DeactivateCard, TerminateCard, SimulateIssue, SimulateFail]
        provoked "activate and deactivate on final cards, terminate on failed and blocked ones, the simulator on cards that are not issuing"
        judged "the status code";
    LIFE_11 = "LIFE-11" Must Stated "A terminated card stays readable by its id."
        from "the contract, states" on [GetCard]
        provoked "a read after terminate"
        judged "200 and the card";
    LIFE_12 = "LIFE-12" Must Stated "The simulator's issue makes an issuing card active."
        from "the contract, operations" on [SimulateIssue]
        provoked "issue on an issuing card, then a read"
        judged "the call succeeds and the card reads active"
        needs Simulator;
    LIFE_13 = "LIFE-13" Must Stated "The simulator's fail makes an issuing card issue_failed."
        from "the contract, operations" on [SimulateFail]
        provoked "fail on an issuing card, then a read"
        judged "the call succeeds and the card reads issue_failed"
        needs Simulator;
    LIFE_14 = "LIFE-14" Must Derived "A call on one card changes no other card."
        from "the contract, states" on [CreateCard, ActivateCard, DeactivateCard, TerminateCard, SimulateIssue, SimulateFail]
        provoked "calls on one card between two reads of another"
        judged "`status` and `updatedAt` of the other are the same";
    LIFE_15 = "LIFE-15" Must Derived "Calls at the same time act as if one came after the other."
        from "the contract, states" on [CreateCard, ActivateCard, DeactivateCard, TerminateCard, SimulateIssue, SimulateFail]
        provoked "activate, deactivate and terminate of one card at once, then reads"
        judged "some order that real time allows explains every answer"
        needs AtOnce;
}
