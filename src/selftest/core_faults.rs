//! The faults that are planted where not all are asked for.

use crate::reference::{Fault, faults, kinds_of_race};

/// Of each requirement that a fault breaks, the fault that shows in the fewest steps, rather one that needs no overlap; and
/// of each kind of race the first.
pub fn core_faults() -> Vec<&'static Fault> {
    let is_simplest = |fault: &Fault| {
        let alike = faults()
            .iter()
            .filter(|f| f.requirement == fault.requirement);
        let simplest = alike.min_by_key(|f| (f.is_race(), f.shortest));
        simplest.is_some_and(|simplest| simplest.id == fault.id)
    };
    let is_first_of_kind = |fault: &Fault| {
        let mut firsts = kinds_of_race().filter_map(<[Fault]>::first);
        firsts.any(|first| first.id == fault.id)
    };
    let is_chosen = |fault: &&Fault| is_simplest(fault) || is_first_of_kind(fault);
    faults().iter().filter(is_chosen).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_requirement_that_a_fault_breaks_has_one() {
        let of = |faults: &mut dyn Iterator<Item = &Fault>| -> BTreeSet<&str> {
            faults.map(|fault| fault.requirement).collect()
        };
        assert_eq!(of(&mut core_faults().into_iter()), of(&mut faults().iter()));
    }

    #[test]
    fn a_longer_sequence_or_a_race_is_taken_only_where_there_is_nothing_simpler() {
        let chosen: BTreeSet<&str> = core_faults().iter().map(|fault| fault.id).collect();
        let rows = [
            ("terminate-is-reversible", true, "LIFE-5 needs no race"),
            (
                "terminated-while-inactive-revives",
                false,
                "it needs more steps",
            ),
            (
                "unsuspend-revives-terminated",
                false,
                "a race, and not the first of its kind",
            ),
        ];
        for (fault, is_chosen, why) in rows {
            assert!(faults().iter().any(|known| known.id == fault), "{fault}");
            assert_eq!(chosen.contains(fault), is_chosen, "{fault}: {why}");
        }
    }

    #[test]
    fn of_each_kind_of_race_there_is_one() {
        let chosen: BTreeSet<&str> = core_faults().iter().map(|fault| fault.id).collect();
        for kind in kinds_of_race() {
            assert!(kind.iter().any(|race| chosen.contains(race.id)));
        }
    }
}
