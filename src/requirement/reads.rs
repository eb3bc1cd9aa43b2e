//! The three reads agree, and what is set stays.

use super::catalogue;

catalogue! {
    READ_1 = "READ-1" Must Stated "A card that was made is readable by its id."
        from "the contract, operations" on [GetCard]
        provoked "a read after every create"
        judged "200 and the card";
    READ_2 = "READ-2" Must Derived "An account's list holds every card of the account, and nothing that no create made."
        from "the contract, states" on [ListAccountCards]
        provoked "lists in all states of the cards"
        judged "each card that is not in a final state is there; no unknown id is";
    READ_3 = "READ-3" Must Derived "The programme's list holds every card of the programme, and nothing that no create made."
        from "the contract, states" on [ListCards]
        provoked "lists in all states of the cards"
        judged "each of the case's cards that is not in a final state is there; no unknown id with one of the case's accounts is";
    READ_4 = "READ-4" Must Derived "A card stands at most once in a list."
        from "the contract, states" on [ListAccountCards, ListCards]
        provoked "lists with one and with two cards"
        judged "no `id` twice";
    READ_5 = "READ-5" Must Derived "An account's list holds no card of another account."
        from "the contract, states" on [ListAccountCards]
        provoked "lists while another account has cards"
        judged "`accountId` of each card, and the accounts of known cards";
    READ_6 = "READ-6" Must Derived "The reads by id, by account and of the programme show the same card."
        from "the contract, states" on [GetCard, ListAccountCards, ListCards]
        provoked "reads by id and in lists with no call between them"
        judged "every documented member is equal, `status` and `updatedAt` included";
    READ_7 = "READ-7" Must Derived "Reading changes nothing."
        from "RFC 9110, 9.2.1" on [GetCard, ListAccountCards, ListCards]
        provoked "two reads with only reads between them"
        judged "`status` and `updatedAt` are the same in both";
    READ_8 = "READ-8" Must Derived "Ids in paths compare without case."
        from "the contract, wire facts" on [GetCard, ListAccountCards, ActivateCard, DeactivateCard, TerminateCard, CreateCard]
        provoked "calls with the id in upper case"
        judged "the answer is that of the id in lower case";
    READ_10 = "READ-10" Must Derived "A read does not go back behind what an earlier one of the same kind has shown."
        from "the contract, states" on [GetCard, ListAccountCards, ListCards]
        provoked "reads one after the other while a change is under way"
        judged "some order that real time allows explains what they show"
        needs AtOnce;
    READ_9 = "READ-9" Must Stated "A list is answered with 200 and an array, empty where there is nothing."
        from "the contract, operations" on [ListAccountCards, ListCards]
        provoked "lists of accounts with and without cards"
        judged "the status code and the body";
    KEEP_1 = "KEEP-1" Must Derived "A card is read under its own id."
        from "the contract, states" on [GetCard]
        provoked "every read by id" judged "`id` in the body is the one in the path";
    KEEP_2 = "KEEP-2" Must Derived "A card's account never changes."
        from "the contract, states" on [GetCard, ListAccountCards, ListCards]
        provoked "every look at a card after the first" judged "`accountId` is the one seen first";
    KEEP_3 = "KEEP-3" Must Derived "A card's type never changes."
        from "the contract, states" on [GetCard, ListAccountCards, ListCards]
        provoked "every look at a card after the first" judged "`type` is the one seen first";
    KEEP_4 = "KEEP-4" Must Derived "A card's creation time never changes."
        from "the contract, states" on [GetCard, ListAccountCards, ListCards]
        provoked "every look at a card after the first" judged "`createdAt` is the instant seen first";
    KEEP_5 = "KEEP-5" Must Derived "A card's network, once set, never changes."
        from "the contract, states" on [GetCard, ListAccountCards, ListCards]
        provoked "every look at an issued card after the first" judged "`network` is the one seen first";
    KEEP_6 = "KEEP-6" Must Derived "A card's masked number, once set, never changes."
        from "the contract, states" on [GetCard, ListAccountCards, ListCards]
        provoked "every look at an issued card after the first" judged "`maskedPan` is the one seen first";
    KEEP_7 = "KEEP-7" Must Derived "A card's expiry, once set, never changes."
        from "the contract, states" on [GetCard, ListAccountCards, ListCards]
        provoked "every look at an issued card after the first" judged "`expirationDate` is the one seen first";
    KEEP_8 = "KEEP-8" Must Derived "A card's billing address reads back as it was sent."
        from "the contract, wire facts" on [GetCard, ListAccountCards, ListCards]
        provoked "every look at a card after the first" judged "`billingAddress` is the one seen first";
    TIME_1 = "TIME-1" Must Derived "A card is never updated before it was created."
        from "the contract, states" on [CreateCard, GetCard, ListAccountCards, ListCards]
        provoked "every look at a card" judged "`updatedAt` is not before `createdAt`";
    TIME_2 = "TIME-2" Must Derived "A card's update time never goes back."
        from "the contract, states" on [GetCard, ListAccountCards, ListCards]
        provoked "every look at a card after the first" judged "`updatedAt` is not before the one seen last";
    TIME_3 = "TIME-3" Must Derived "A card's update time moves when its status does."
        from "the contract, states" on [GetCard, ListAccountCards, ListCards]
        provoked "looks at a card before and after a change of its status"
        judged "`updatedAt` differs, where more time has passed than the target's timestamps can hide";
    TIME_4 = "TIME-4" Must Derived "Time alone changes nothing of a card, but that its issuance comes to an end."
        from "the contract, states" on [GetCard, ListAccountCards, ListCards]
        provoked "looks at a card before and after the clock was moved, by an hour to a month"
        judged "`status` and `updatedAt` are the same in both"
        needs Clock;
}
