//! What stands in bodies.

use super::catalogue;

catalogue! {
    BODY_1 = "BODY-1" Must Stated "A body conforms to the schema that the document gives for it."
        from "the OpenAPI document" on [CreateCard, GetCard, ListAccountCards, ListCards]
        provoked "every answer with a body" judged "the compiled schema, for whatever no other BODY rule names";
    BODY_2 = "BODY-2" Must Stated "A card has all the members that are always there."
        from "the contract, wire facts" on [CreateCard, GetCard, ListAccountCards, ListCards]
        provoked "every answer with a card" judged "the schema's `required`";
    BODY_3 = "BODY-3" Must Stated "A card's `id` and `accountId` are UUIDs."
        from "the contract, wire facts" on [CreateCard, GetCard, ListAccountCards, ListCards]
        provoked "every answer with a card" judged "the schema's type and format";
    BODY_4 = "BODY-4" Must Stated "A card's `status` is one of the seven."
        from "the contract, states" on [CreateCard, GetCard, ListAccountCards, ListCards]
        provoked "every answer with a card" judged "the schema's enumeration";
    BODY_5 = "BODY-5" Must Stated "A card's `type` is virtual or physical."
        from "the contract, wire facts" on [CreateCard, GetCard, ListAccountCards, ListCards]
        provoked "every answer with a card" judged "the schema's enumeration";
    BODY_6 = "BODY-6" Must Stated "A card's times are RFC 3339 date-times."
        from "the contract, wire facts" on [CreateCard, GetCard, ListAccountCards, ListCards]
        provoked "every answer with a card" judged "the schema's type and format";
    BODY_7 = "BODY-7" Must Stated "A masked number is six digits, six stars and four digits."
        from "the contract, wire facts" on [GetCard, ListAccountCards, ListCards]
        provoked "every answer with an issued card" judged "the schema's pattern";
    BODY_8 = "BODY-8" Must Stated "A card's network is visa or mastercard."
        from "the contract, wire facts" on [GetCard, ListAccountCards, ListCards]
        provoked "every answer with an issued card" judged "the schema's enumeration";
    BODY_9 = "BODY-9" Must Stated "A card's expiry is a month and a year, `MM/YYYY`."
        from "the contract, wire facts" on [GetCard, ListAccountCards, ListCards]
        provoked "every answer with an issued card" judged "the schema's pattern";
    BODY_10 = "BODY-10" Must Stated "A card's billing address is a whole address."
        from "the contract, wire facts" on [CreateCard, GetCard, ListAccountCards, ListCards]
        provoked "every answer with a card" judged "the schema of the address";
    BODY_11 = "BODY-11" Must Stated "An issued card has a name, a network, a masked number and an expiry."
        from "the contract, wire facts" on [GetCard, ListAccountCards, ListCards]
        provoked "every answer with an active, inactive, suspended or blocked card" judged "none of the four is absent or null";
    BODY_12 = "BODY-12" Must Stated "A success has the documented body, and says its media type."
        from "the contract, wire facts; RFC 9110, 6.4.1 and 8.3" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "every success" judged "JSON, under `Content-Type: application/json`; no body under 204";
    BODY_13 = "BODY-13" Must Derived "An error body that says it is JSON is well-formed JSON."
        from "the contract, wire facts" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "every refusal" judged "the body parses where its `Content-Type` is JSON";
}
