//! Creating a card.

use super::catalogue;

catalogue! {
    CREATE_1 = "CREATE-1" Must Stated "A valid create is answered with 201 and the new card."
        from "the contract, operations" on [CreateCard]
        provoked "a create of a type that the account does not hold yet"
        judged "the status is the documented success";
    CREATE_2 = "CREATE-2" Must Stated "A new card is `issuing`."
        from "the contract, operations" on [CreateCard]
        provoked "every create that is accepted"
        judged "`status` of the card in the answer";
    CREATE_3 = "CREATE-3" Must Derived "A new card belongs to the account in the path and has the type that was asked for."
        from "the contract, operations" on [CreateCard]
        provoked "every create that is accepted, of both types, on several accounts"
        judged "`accountId` and `type` of the card in the answer";
    CREATE_4 = "CREATE-4" Must Derived "A new card's billing address is the one that was sent, unchanged and uncut."
        from "the contract, wire facts" on [CreateCard]
        provoked "creates with addresses of all lengths and scripts, with and without optional members"
        judged "`billingAddress` in the answer equals the one in the request, an absent member and null alike";
    CREATE_5 = "CREATE-5" Must Derived "Every create makes a card with an id of its own."
        from "the contract, operations" on [CreateCard]
        provoked "several creates in a case"
        judged "no earlier card of the case has the `id` in the answer";
}
