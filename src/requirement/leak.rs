//! What must never be sent.

use super::catalogue;

catalogue! {
    LEAK_1 = "LEAK-1" Must Derived "No full card number stands in a response."
        from "the contract, wire facts; PCI DSS 3.x" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "every answer"
        judged "no 13 to 19 digits of a Visa or Mastercard range that pass the Luhn check, in body or header, plain, in groups or encoded, where a name or a card of the case says that they are one; no member with the digits that the masked numbers of six cards hide";
    LEAK_2 = "LEAK-2" Must Derived "No CVV, no PIN and no PIN block stands in a response."
        from "the contract, wire facts; PCI DSS 3.x" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "every answer" judged "no digits as long as a CVV, a PIN or a PIN block after such a name, in body or header";
}
