//! Bearer tokens, signatures and digests.

use super::catalogue;

catalogue! {
    AUTH_1 = "AUTH-1" Must Stated "A call without a bearer token is refused with 401."
        from "the contract, access" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "each call without the header, and with the token under another scheme" judged "the status code"
        needs Bearer;
    AUTH_2 = "AUTH-2" Must Stated "A call with a bearer token that nobody issued is refused with 401."
        from "the contract, access" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "each call with such a token: its signature broken, unsigned, in other letters" judged "the status code"
        needs Bearer;
    AUTH_3 = "AUTH-3" Must Stated "A call with an expired bearer token is refused with 401."
        from "the contract, access" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "calls with a token that has expired by its `expiresAt`, once the clock was moved" judged "the status code"
        needs Clock;
    AUTH_4 = "AUTH-4" Must Stated "A call without a signature is refused with 400 or 401."
        from "the contract, access" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "each call without the two header fields, and without one of them" judged "the status code"
        needs Signing;
    AUTH_5 = "AUTH-5" Must Stated "A call whose signature does not verify is refused with 400 or 401."
        from "the contract, access; RFC 9421, 3.2" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "each call with a signature that is broken, empty, malformed, made by another key or for another request, or that covers a header field which is not there; a nonce put in after signing" judged "the status code"
        needs Signing;
    AUTH_6 = "AUTH-6" Must Stated "A call signed under an unknown key id is refused with 400 or 401."
        from "the contract, access" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "a good signature that names a key that is not registered, one that is nearly right, or an empty one" judged "the status code"
        needs Signing;
    AUTH_7 = "AUTH-7" Must Stated "A call that names another signature algorithm is refused with 400 or 401."
        from "the contract, access" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "each call with another `alg`, and with a MAC whose secret is the public key" judged "the status code"
        needs Signing;
    AUTH_8 = "AUTH-8" Must Stated "A signature that leaves out the target, or the digest of a body, is refused with 400 or 401."
        from "the contract, access" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "good signatures over fewer components" judged "the status code"
        needs Signing;
    AUTH_9 = "AUTH-9" Must Stated "A call with a signed header field changed after signing is refused with 400 or 401."
        from "the contract, access; RFC 9421, 2.1" on [CreateCard, GetCard, ListAccountCards, ListCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "another idempotency key, token or digest than the signed one, or one more of them" judged "the status code"
        needs Signing;
    AUTH_10 = "AUTH-10" Must Stated "A call whose digest does not match its body is refused with 400 or 401."
        from "the contract, access; RFC 9530" on [CreateCard]
        provoked "the digest of another body, by either algorithm or malformed; a body changed under its digest, whole and in chunks"
        judged "the status code; 411 too for a body in chunks, whose length nobody is told";
    AUTH_11 = "AUTH-11" Must Stated "A call with a body and no digest by sha-256 or sha-512 is refused with 400 or 401."
        from "the contract, access" on [CreateCard]
        provoked "a create without `Content-Digest`, and one with another algorithm in it" judged "the status code";
    AUTH_12 = "AUTH-12" Must Derived "A call that is refused for access changes nothing."
        from "the contract, access" on [CreateCard, ActivateCard, DeactivateCard, TerminateCard]
        provoked "reads and lists after such refusals" judged "no further card, the card as before";
    AUTH_13 = "AUTH-13" Must Derived "A call whose signature is older than the target lets one be is refused with 400 or 401."
        from "the contract, access; RFC 9421, 3.2.1" on [CreateCard, GetCard, ListAccountCards, ActivateCard, DeactivateCard, TerminateCard]
        provoked "a good signature whose `created` lies further back than the age that the profile states" judged "the status code"
        needs SignatureAge;
}
