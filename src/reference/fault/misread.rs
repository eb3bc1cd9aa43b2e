//! Mistakes in what a body is read as: texts that are worked on, and short ones.

use serde_json::Value;

use super::Fault;
use super::lenient::rewritten;
use crate::reference::call::{Call, Operation, Refusal, Reply};
use crate::reference::card::{CardRequest, new_card};
use crate::reference::input::card_request;
use crate::reference::readings::Readings;

/// The request, refused if its city is like this.
fn unless_city(
    readings: &Readings,
    body: &Value,
    is_refused: fn(&str) -> bool,
) -> Result<CardRequest, Refusal> {
    let request = card_request(readings, body)?;
    match is_refused(&request.billing_address.city) {
        true => Err(Refusal::invalid("city is missing")),
        false => Ok(request),
    }
}

/// A wide letter as the one that ASCII has for it.
fn narrowed(letter: char) -> char {
    const BETWEEN: u32 = '！' as u32 - '!' as u32;
    match letter {
        '！'..='～' => char::from_u32(u32::from(letter) - BETWEEN).unwrap_or(letter),
        _ => letter,
    }
}

/// The answer to a create, with a member as it was sent in place of the card's own.
fn with_sent(call: &Call, mut reply: Reply, name: &str) -> Reply {
    let sent: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let is_made = call.operation == Operation::CreateCard && reply.status.is_success();
    if let Some(sent) = sent.get(name).filter(|_| is_made)
        && let Some(card) = reply.value_mut()
    {
        card[name] = sent.clone();
    }
    reply
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "entities-decoded",
        words: "Texts are taken for those of a page: an entity comes back as its character.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                rewritten(account_id, request, now, |text| {
                    text.replace("&lt;", "<").replace("&amp;", "&")
                })
            };
        },
    },
    Fault {
        id: "date-is-a-time",
        words: "A text that is a date is read as one, and comes back with the hour at which it begins.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                rewritten(account_id, request, now, |text| {
                    match text.parse::<jiff::civil::Date>() {
                        Ok(_) => format!("{text}T00:00:00Z"),
                        Err(_) => text.to_owned(),
                    }
                })
            };
        },
    },
    Fault {
        id: "text-put-into-a-pattern",
        words: "A text is put in by a replacement, which takes two dollar signs for one.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                rewritten(account_id, request, now, |text| text.replace("$$", "$"))
            };
        },
    },
    Fault {
        id: "post-code-is-a-number",
        words: "A post code that can be read as a number with an exponent comes back as that number.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, mut request, now| {
                let code = &mut request.billing_address.post_code;
                if code.contains(['e', 'E'])
                    && let Ok(number) = code.parse::<f64>()
                {
                    *code = number.to_string();
                }
                new_card(account_id, request, now)
            };
        },
    },
    Fault {
        id: "shipped-where-it-is-billed",
        words: "A shipping address with the same first line is taken for the billing address, and kept for both.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, mut request, now| {
                if let Some(shipping) = &request.shipping_address
                    && shipping.first_line == request.billing_address.first_line
                {
                    request.billing_address = shipping.clone();
                }
                new_card(account_id, request, now)
            };
        },
    },
    Fault {
        id: "wide-letters-narrowed",
        words: "Wide letters and digits are kept as those of ASCII.",
        requirement: "CREATE-4",
        shortest: 1,
        plant: |rules| {
            rules.new_card = |account_id, request, now| {
                rewritten(account_id, request, now, |text| {
                    text.chars().map(narrowed).collect()
                })
            };
        },
    },
    Fault {
        id: "city-of-one-letter-refused",
        words: "A city of one letter is taken for a slip of the keyboard.",
        requirement: "CREATE-1",
        shortest: 1,
        plant: |rules| {
            rules.card_request =
                |readings, body| unless_city(readings, body, |city| city.chars().count() == 1);
        },
    },
    Fault {
        id: "number-taken-from-request",
        words: "The members of a request are laid over the new card, a masked number too.",
        requirement: "BODY-7",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, reply| with_sent(call, reply, "maskedPan");
        },
    },
    Fault {
        id: "update-time-taken-from-request",
        words: "A new card is updated when the request says, if it says so.",
        requirement: "TIME-1",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, reply| with_sent(call, reply, "updatedAt");
        },
    },
];
