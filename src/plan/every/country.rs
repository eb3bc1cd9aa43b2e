//! Every country of the document, in addresses of cards that must be made: a target's own list may lack one, or have an old
//! one.

use serde_json::{Value, json};

use super::Draft;
use crate::card::CardType;
use crate::case::{AccountRef, Body, Case, Command, Step};
use crate::contract::Contract;

/// So many countries are in one case, each in an account of its own: nothing but the country can be why one is refused.
const COUNTRIES_MAX: usize = 25;

/// The cases of the set: virtual and physical cards in turn.
pub(super) fn cases(contract: &Contract) -> Vec<Case> {
    contract
        .countries()
        .chunks(COUNTRIES_MAX)
        .map(case)
        .collect()
}

fn case(countries: &[String]) -> Case {
    let mut draft = Draft::default();
    for (letter, country) in ('A'..='Z').zip(countries) {
        let is_even = u32::from(letter).is_multiple_of(2);
        let card_type = match is_even {
            true => CardType::Physical,
            false => CardType::Virtual,
        };
        draft.tell(Step {
            body: Body::Patched(addressed(card_type, country)),
            ..Step::new(Command::Create {
                account: AccountRef::Own(letter),
                card_type,
            })
        });
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
