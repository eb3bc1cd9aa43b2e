//! One virtual and one physical card per account.

use super::catalogue;

catalogue! {
    LIMIT_1 = "LIMIT-1" Must Stated "An account never has two cards of one type that are active, inactive or suspended."
        from "the contract, the limit" on [CreateCard, SimulateIssue]
        provoked "a second create of a type while the first card is active, its issuance, a read"
        judged "the second card never becomes active";
    LIMIT_2 = "LIMIT-2" Must Stated "Virtual and physical cards are counted apart."
        from "the contract, the limit" on [CreateCard]
        provoked "a create of one type in an account that holds the other"
        judged "the create succeeds and its card can become active";
    LIMIT_3 = "LIMIT-3" Must Stated "Accounts are counted apart."
        from "the contract, the limit" on [CreateCard]
        provoked "a create in one account while another holds a card of that type"
        judged "the create succeeds and its card can become active";
    LIMIT_4 = "LIMIT-4" Must Stated "A create over the limit is refused with 400, 403, 409 or 422, or its card goes from issuing to issue_failed."
        from "the contract, the limit" on [CreateCard]
        provoked "a second create of a type"
        judged "the status code, and the second card's status after issuance";
    LIMIT_5 = "LIMIT-5" Must Stated "A card that is inactive or suspended holds its slot."
        from "the contract, the limit" on [CreateCard]
        provoked "a second create of a type while the first card is inactive or suspended"
        judged "the second card never becomes active";
    LIMIT_6 = "LIMIT-6" Must Stated "A card that is issuing holds its slot."
        from "the contract, the limit" on [CreateCard]
        provoked "a second create of a type while the first card is issuing"
        judged "the second card never becomes active";
    LIMIT_7 = "LIMIT-7" Must Derived "A create that is refused for the limit makes no card."
        from "the contract, the limit" on [CreateCard, ListAccountCards, ListCards]
        provoked "a list after such a refusal"
        judged "the list holds no card that no create made";
    LIMIT_8 = "LIMIT-8" Must Derived "Two creates at the same time leave one card that holds the slot."
        from "the contract, the limit" on [CreateCard]
        provoked "two creates of a type at once"
        judged "at most one card becomes active"
        needs AtOnce;
}
