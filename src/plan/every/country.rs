//! Every country of the document, in addresses of cards that must be made: a target's own list may lack one, or have an old
//! one.

use serde_json::{Value, json};

use super::Draft;
use crate::card::CardType;
use crate::case::{AccountRef, Body, Case, Command, Step};
use crate::contract::Contract;

const ACCOUNTS: [char; 8] = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'];

/// The cases of the set: in each account a virtual and a physical card, each billed in a country of its own.
pub(super) fn cases(contract: &Contract) -> Vec<Case> {
    let countries = contract.countries();
    let chunks = countries.chunks(CardType::ALL.len() * ACCOUNTS.len());
    chunks.map(case).collect()
}

fn case(countries: &[String]) -> Case {
    let mut draft = Draft::default();
    for (letter, countries) in ACCOUNTS
        .into_iter()
        .zip(countries.chunks(CardType::ALL.len()))
    {
        for (card_type, country) in CardType::ALL.into_iter().zip(countries) {
            draft.tell(Step {
                body: Body::Patched(addressed(card_type, country)),
                ..Step::new(Command::Create {
                    account: AccountRef::Own(letter),
                    card_type,
                })
            });
        }
        draft.list(letter);
    }
    let (first, last) = (&countries[0], &countries[countries.len() - 1]);
    draft.case(
        format!("countries-{first}-to-{last}").to_lowercase(),
        format!("Each country from {first} to {last} is taken, and reads back"),
    )
}

fn addressed(card_type: CardType, country: &str) -> Value {
    let there = json!({ "country": country });
    match card_type {
        CardType::Virtual => json!({ "billingAddress": there }),
        CardType::Physical => json!({ "billingAddress": there, "shippingAddress": there }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_country_stands_in_one_step() {
        let contract = Contract::embedded();
        let steps: Vec<String> = cases(contract)
            .iter()
            .flat_map(|case| case.steps.iter().map(ToString::to_string))
            .collect();
        for country in contract.countries() {
            let word = format!("\"country\":\"{country}\"");
            let count = steps.iter().filter(|step| step.contains(&word)).count();
            assert_eq!(count, 1, "{country}");
        }
    }
}
