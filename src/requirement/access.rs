//! Bearer tokens, signatures and digests.

use super::catalogue;

catalogue! {
    AUTH_1 = "AUTH-1" Must Stated "A call without a bearer token is refused with 401."
        from "contract.md, access" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "each call without the header" judged "the status code";
    AUTH_2 = "AUTH-2" Must Stated "A call with a bearer token that nobody issued is refused with 401."
        from "contract.md, access" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "each call with such a token" judged "the status code";
    AUTH_3 = "AUTH-3" Must Stated "A call with an expired bearer token is refused with 401."
        from "contract.md, access" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "calls with a token that has expired by its `expiresAt`, once the clock was moved" judged "the status code"
        needs Clock;
    AUTH_4 = "AUTH-4" Must Stated "A call without a signature is refused with 400 or 401."
        from "contract.md, access" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "each call without the two header fields" judged "the status code";
    AUTH_5 = "AUTH-5" Must Stated "A call whose signature does not verify is refused with 400 or 401."
        from "contract.md, access; RFC 9421, 3.2" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "a signature with bits turned" judged "the status code";
    AUTH_6 = "AUTH-6" Must Stated "A call signed under an unknown key id is refused with 400 or 401."
        from "contract.md, access" on [CreateCard, GetCard, ListAccountCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "a good signature that names another key" judged "the status code";
    AUTH_7 = "AUTH-7" Must Stated "A call that names another signature algorithm is refused with 400 or 401."
        from "contract.md, access" on [CreateCard, GetCard, ListAccountCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "a signature with another `alg`" judged "the status code";
    AUTH_8 = "AUTH-8" Must Stated "A signature that leaves out the target, or the digest of a body, is refused with 400 or 401."
        from "contract.md, access" on [CreateCard, GetCard, ActivateCard, DeactivateCard, TerminateCard]
        provoked "good signatures over fewer components" judged "the status code";
    AUTH_9 = "AUTH-9" Must Stated "A call with a signed header field changed after signing is refused with 400 or 401."
        from "contract.md, access" on [CreateCard, ActivateCard, DeactivateCard, TerminateCard]
        provoked "another idempotency key than the signed one" judged "the status code";
    AUTH_10 = "AUTH-10" Must Stated "A call whose digest does not match its body is refused with 400 or 401."
        from "contract.md, access; RFC 9530" on [CreateCard]
        provoked "the digest of another body" judged "the status code";
    AUTH_11 = "AUTH-11" Must Stated "A call with a body and no digest is refused with 400 or 401."
        from "contract.md, access" on [CreateCard]
        provoked "a create without `Content-Digest`" judged "the status code";
    AUTH_12 = "AUTH-12" Must Derived "A call that is refused for access changes nothing."
        from "contract.md, access" on [CreateCard, ActivateCard, DeactivateCard, TerminateCard]
        provoked "reads and lists after such refusals" judged "no further card, the card as before";
    AUTH_13 = "AUTH-13" Must Derived "A call whose signature is older than the target lets one be is refused with 400 or 401."
        from "contract.md, access; RFC 9421, 3.2.1" on [CreateCard, GetCard, ListAccountCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "a good signature whose `created` lies further back than the age that the profile states" judged "the status code"
        needs SignatureAge;
}
