//! Mistakes by which card data gets out: each in a hiding place of its own.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{Fault, alter, rendered};
use crate::reference::call::{Call, Operation, Reply};
use crate::reference::card::{Card, CardStatus, CardType, View};
use crate::reference::readings::Readings;

/// The masked number with digits in place of the stars, such that the whole passes the check of card numbers.
pub(super) fn unmasked(card: &Card) -> String {
    unmask(&card.details.masked_pan)
}

fn unmask(masked: &str) -> String {
    let numbers = (0..10).map(|last| masked.replace("******", &format!("01827{last}")));
    let mut numbers = numbers;
    numbers
        .find(|number| passes_luhn(number))
        .unwrap_or_default()
}

fn passes_luhn(number: &str) -> bool {
    let digits = number.chars().rev().filter_map(|c| c.to_digit(10));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            1 => digit * 2 / 10 + digit * 2 % 10,
            _ => digit,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The digits that the masked number hides: of each card others, such that the whole passes the check of card numbers.
fn hidden(card: &Card) -> String {
    let any = card.id.as_u128() % 100_000;
    let mut digits = (0..10).map(|last| format!("{any:05}{last}"));
    digits
        .find(|digits| passes_luhn(&card.details.masked_pan.replace("******", digits)))
        .unwrap_or_default()
}

/// The number in its four groups.
fn groups(card: &Card) -> Vec<String> {
    let number = unmasked(card);
    (0..4)
        .map(|n| number[4 * n..4 * n + 4].to_owned())
        .collect()
}

/// An issued card that is read has one member more.
fn read_with(
    readings: &Readings,
    card: &Card,
    view: View,
    name: &str,
    value: impl FnOnce(&Card) -> Value,
) -> Value {
    rendered(readings, card, view, |body| {
        if view == View::Read && card.issued {
            body[name] = value(card);
        }
    })
}

/// A refusal of a call on a card says more than it should.
fn refused_with(call: &Call, mut reply: Reply, detail: &str) -> Reply {
    let is_on_card = matches!(
        call.operation,
        Operation::Activate | Operation::Deactivate | Operation::Terminate
    );
    if is_on_card
        && reply.status.is_client_error()
        && let Some(body) = reply.value_mut()
    {
        body["detail"] = json!(detail);
    }
    reply
}

/// A card that is read comes with a header field more, made from its masked number.
fn read_with_header(
    call: &Call,
    mut reply: Reply,
    name: &'static str,
    value: fn(&str) -> String,
) -> Reply {
    let masked = reply
        .value_mut()
        .and_then(|body| body["maskedPan"].as_str().map(str::to_owned));
    if let (Operation::ReadCard, Some(masked)) = (call.operation, masked) {
        reply.header = Some((name, value(&masked)));
    }
    reply
}

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn hexadecimal(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        id: "number-unmasked",
        words: "The masked number is not masked.",
        requirement: "LEAK-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    alter(body, "maskedPan", |_| json!(unmasked(card)))
                })
            };
        },
    },
    Fault {
        id: "programme-list-leaks-number",
        words: "The programme's list has the full number in a member of its own.",
        requirement: "LEAK-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    if view == View::ProgrammeList && card.issued {
                        body["pan"] = json!(unmasked(card));
                    }
                })
            };
        },
    },
    Fault {
        id: "card-leaks-cvv",
        words: "A card that was issued shows its CVV.",
        requirement: "LEAK-2",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    if card.issued {
                        body["cvv"] = json!("737");
                    }
                })
            };
        },
    },
    Fault {
        id: "physical-card-leaks-pin",
        words: "A physical card that is inactive shows the PIN that it waits to be activated with.",
        requirement: "LEAK-2",
        shortest: 4,
        plant: |rules| {
            rules.render = |readings, card, view| {
                let waits =
                    card.card_type == CardType::Physical && card.status == CardStatus::Inactive;
                rendered(readings, card, view, |body| {
                    if waits {
                        body["pin"] = json!("4071");
                    }
                })
            };
        },
    },
    Fault {
        id: "number-as-embossed",
        words: "A card shows what is embossed on it: the number in groups of four.",
        requirement: "LEAK-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                read_with(readings, card, view, "embossed", |card| {
                    json!(groups(card).join(" "))
                })
            };
        },
    },
    Fault {
        id: "number-with-dots",
        words: "A reference for the print shop is the number with dots.",
        requirement: "LEAK-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                read_with(readings, card, view, "printReference", |card| {
                    json!(groups(card).join("."))
                })
            };
        },
    },
    Fault {
        id: "number-in-a-reference",
        words: "A reference is the number behind a word.",
        requirement: "LEAK-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                read_with(readings, card, view, "reference", |card| {
                    json!(format!("tok_{}", unmasked(card)))
                })
            };
        },
    },
    Fault {
        id: "number-in-an-array",
        words: "The number is there as an array of its groups.",
        requirement: "LEAK-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                read_with(readings, card, view, "lines", |card| json!(groups(card)))
            };
        },
    },
    Fault {
        id: "hidden-digits-beside-masked-number",
        words: "The digits that the masked number hides are a member of their own.",
        requirement: "LEAK-1",
        shortest: 13,
        plant: |rules| {
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    if card.issued {
                        body["processor"] = json!({ "accountDigits": hidden(card) });
                    }
                })
            };
        },
    },
    Fault {
        id: "number-is-a-number",
        words: "A reference is the number as a number.",
        requirement: "LEAK-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                read_with(readings, card, view, "reference", |card| {
                    json!(unmasked(card).parse::<u64>().unwrap_or_default())
                })
            };
        },
    },
    Fault {
        id: "number-in-nested-json",
        words: "What the processor answered is handed on as a text, its JSON with the number included.",
        requirement: "LEAK-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                read_with(readings, card, view, "processor", |card| {
                    json!(json!({ "result": "ok", "pan": unmasked(card) }).to_string())
                })
            };
        },
    },
    Fault {
        id: "number-in-base64",
        words: "A token for the wallet is the number in base64.",
        requirement: "LEAK-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                read_with(readings, card, view, "walletToken", |card| {
                    json!(STANDARD.encode(unmasked(card)))
                })
            };
        },
    },
    Fault {
        id: "number-in-a-token",
        words: "A token holds the number in its claims, which anybody can read.",
        requirement: "LEAK-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                read_with(readings, card, view, "receipt", |card| {
                    let claims = json!({ "sub": card.id, "pan": unmasked(card) }).to_string();
                    json!(format!(
                        "eyJhbGciOiJub25lIn0.{}.",
                        URL_SAFE_NO_PAD.encode(claims)
                    ))
                })
            };
        },
    },
    Fault {
        id: "number-in-hexadecimal",
        words: "A fingerprint is the number in hexadecimal.",
        requirement: "LEAK-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                read_with(readings, card, view, "fingerprint", |card| {
                    json!(hexadecimal(&unmasked(card)))
                })
            };
        },
    },
    Fault {
        id: "number-in-a-link",
        words: "A link to the card's picture has the number in it, percent-encoded.",
        requirement: "LEAK-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                read_with(readings, card, view, "picture", |card| {
                    json!(format!(
                        "/pictures?n={}&side=front",
                        percent_encoded(&unmasked(card))
                    ))
                })
            };
        },
    },
    Fault {
        id: "number-in-character-references",
        words: "A note is escaped for a page, and the number in it digit by digit.",
        requirement: "LEAK-1",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                read_with(readings, card, view, "note", |card| {
                    let number = unmasked(card);
                    let escaped = number.bytes().map(|digit| format!("&#{digit};"));
                    json!(format!("Number {}", escaped.collect::<String>()))
                })
            };
        },
    },
    Fault {
        id: "number-in-a-header",
        words: "A header field names the card that was read by its number.",
        requirement: "LEAK-1",
        shortest: 3,
        plant: |rules| {
            rules.dress = |call, reply| read_with_header(call, reply, "x-card-reference", unmask);
        },
    },
    Fault {
        id: "number-in-an-error",
        words: "A refusal names the card by its number.",
        requirement: "LEAK-1",
        shortest: 1,
        plant: |rules| {
            rules.dress =
                |call, reply| refused_with(call, reply, "card 4111111111111111 can't do this now");
        },
    },
    Fault {
        id: "cvv-in-nested-json",
        words: "What the processor answered is handed on as a text, the CVV included.",
        requirement: "LEAK-2",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                read_with(readings, card, view, "processor", |_| {
                    json!(json!({ "result": "ok", "cvv2": "737" }).to_string())
                })
            };
        },
    },
    Fault {
        id: "cvv-in-a-header",
        words: "A header field of a card that is read has its CVV.",
        requirement: "LEAK-2",
        shortest: 3,
        plant: |rules| {
            rules.dress =
                |call, reply| read_with_header(call, reply, "x-card-cvv", |_| "737".to_owned());
        },
    },
    Fault {
        id: "card-shows-pin-block",
        words: "A physical card shows the PIN block that it was made with.",
        requirement: "LEAK-2",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    if card.issued && card.card_type == CardType::Physical {
                        body["pinBlock"] = json!("0412AC89ABCDEF67");
                    }
                })
            };
        },
    },
    Fault {
        id: "security-code-in-list",
        words: "The programme's list has the security code of each issued card, as a number.",
        requirement: "LEAK-2",
        shortest: 3,
        plant: |rules| {
            rules.render = |readings, card, view| {
                rendered(readings, card, view, |body| {
                    if view == View::ProgrammeList && card.issued {
                        body["card"] = json!({ "securityCode": 737 });
                    }
                })
            };
        },
    },
    Fault {
        id: "pin-in-an-error",
        words: "A refusal repeats the PIN of the card.",
        requirement: "LEAK-2",
        shortest: 1,
        plant: |rules| {
            rules.dress = |call, reply| {
                refused_with(call, reply, "not possible now; the PIN is 4071, keep it")
            };
        },
    },
];
