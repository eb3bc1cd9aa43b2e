//! Puts events in order, as far as that can be done.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Concerned, Event, What};
use super::precedes;
use crate::judge::follow::Judge;
use crate::world::{Distinct, World};

/// A set of events, one bit each.
pub(super) type Events = u128;

/// More worlds, over all sets of events, are not followed: the case ends there with an obstacle.
pub(super) const NODES_MAX: usize = 40_000;

/// A world that is left when some events have been put in order.
pub(super) struct Node {
    pub world: World,
    /// The node before, and the event that led from there.
    from: Option<(usize, usize)>,
    pub is_dead_end: bool,
}

/// What the search found.
pub(super) struct Found {
    pub nodes: Vec<Node>,
    /// By set of events, the largest sets alone: the nodes that they leave.
    pub last: BTreeMap<Events, Vec<usize>>,
    /// For each event, what must come before it.
    after: Vec<Events>,
}

pub(super) fn bit(place: usize) -> Events {
    1 << place
}

/// The events on the way to a node, each with the node before it.
pub(super) fn path(found: &Found, end: usize) -> Vec<(usize, usize)> {
    let mut way = Vec::new();
    let mut at = end;
    while let Some((before, place)) = found.nodes[at].from {
        way.push((place, before));
        at = before;
    }
    way.reverse();
    way
}

/// The events that may come next when some are done.
fn open<'e>(
    events: &'e [Event],
    after: &'e [Events],
    done: Events,
) -> impl Iterator<Item = (usize, &'e Event)> {
    let places = events.iter().enumerate();
    places.filter(move |(place, _)| done & bit(*place) == 0 && after[*place] & !done == 0)
}

/// Of sets that are apart, those left of which nothing waits for an event of another set.
fn ready(apart: &[Events], after: &[Events], done: Events) -> Vec<Events> {
    let left = apart.iter().map(|set| set & !done);
    left.filter(|set| {
        let places = (0..after.len()).filter(|place| set & bit(*place) != 0);
        let awaited = places.fold(0, |awaited, place| awaited | after[place]);
        *set != 0 && awaited & !done & !set == 0
    })
    .collect()
}

impl Found {
    /// The events that may come next when some are done.
    pub fn open<'e>(
        &'e self,
        events: &'e [Event],
        done: Events,
    ) -> impl Iterator<Item = (usize, &'e Event)> {
        open(events, &self.after, done)
    }

    /// Where to go on from: the largest set of events, and the event that fails there, if they are not all. A call that
    /// fails tells more than a read of what it did.
    pub fn end(&self, events: &[Event]) -> (Events, Option<usize>) {
        let ends = self.last.keys().flat_map(|done| {
            let open = self.open(events, *done);
            open.map(move |(place, event)| (event, place, *done))
        });
        let telling = ends.min_by_key(|(event, place, done)| {
            let late = std::cmp::Reverse(event.moment);
            (event.source.is_some(), late, *place, *done)
        });
        match telling {
            Some((_, failing, done)) => (done, Some(failing)),
            None => (self.last.keys().next().copied().unwrap_or_default(), None),
        }
    }
}

impl Judge<'_> {
    /// Goes through the sets of events, the small ones first; none if there is too much to follow.
    pub(super) fn search(&self, events: &[Event]) -> Option<Found> {
        let after: Vec<Events> = events
            .iter()
            .map(|event| {
                let earlier = events.iter().enumerate();
                let earlier = earlier.filter(|(_, first)| self.must_precede(first, event));
                earlier.fold(0, |set, (place, _)| set | bit(place))
            })
            .collect();
        let apart = self.apart(events);
        let mut nodes: Vec<Node> = Vec::new();
        let mut layer: BTreeMap<Events, Vec<usize>> = BTreeMap::new();
        for world in &self.worlds {
            layer.entry(0).or_default().push(nodes.len());
            nodes.push(Node {
                world: world.clone(),
                from: None,
                is_dead_end: false,
            });
        }
        let most = self.at_most(NODES_MAX);
        let mut count = nodes.len();
        loop {
            let mut next: BTreeMap<Events, Distinct<(usize, usize)>> = BTreeMap::new();
            for (done, members) in &layer {
                for member in members {
                    let open: Vec<_> = open(events, &after, *done).collect();
                    let ready = ready(&apart, &after, *done);
                    let steps = self.steps(&open, &ready, &nodes[*member].world);
                    nodes[*member].is_dead_end = steps.is_empty() && !open.is_empty();
                    for (place, world) in steps {
                        let left = next.entry(done | bit(place)).or_default();
                        count += usize::from(left.add(world, (*member, place)));
                    }
                    if count > most {
                        return None;
                    }
                }
            }
            if next.is_empty() {
                return Some(Found {
                    nodes,
                    last: layer,
                    after,
                });
            }
            layer.clear();
            for (done, left) in next {
                for (world, from) in left.left() {
                    layer.entry(done).or_default().push(nodes.len());
                    nodes.push(Node {
                        world,
                        from: Some(from),
                        is_dead_end: false,
                    });
                }
            }
        }
    }

    /// Sets of events that tell nothing of each other, so that it makes no difference which set comes first. None where a
    /// create depends on whatever the account's cards do.
    fn apart(&self, events: &[Event]) -> Vec<Events> {
        let requests_linger = self.worlds.iter().any(|world| !world.pending.is_empty());
        if !self.is_in_company() || requests_linger {
            return Vec::new();
        }
        let mut apart: Vec<(BTreeSet<Concerned>, Events)> = Vec::new();
        for (place, event) in events.iter().enumerate() {
            let mut concerned: BTreeSet<Concerned> = event.concerned().into_iter().collect();
            let mut set = bit(place);
            let shares =
                |(others, _): &mut (BTreeSet<Concerned>, Events)| !others.is_disjoint(&concerned);
            let sharing: Vec<_> = apart.extract_if(.., shares).collect();
            for (others, other) in sharing {
                concerned.extend(others);
                set |= other;
            }
            apart.push((concerned, set));
        }
        apart.into_iter().map(|(_, set)| set).collect()
    }

    /// Which of the events can come next in a world, with what each leaves. Of a set that is ready, what can come next in
    /// it stands for everything: whatever else comes before it may as well come later.
    fn steps(
        &self,
        open: &[(usize, &Event)],
        ready: &[Events],
        world: &World,
    ) -> Vec<(usize, World)> {
        let mut of_sets = ready.iter().map(|set| {
            let open = open.iter().filter(|(place, _)| set & bit(*place) != 0);
            self.steps_of(open.copied(), world)
        });
        let first = of_sets.find(|steps| !steps.is_empty());
        first.unwrap_or_else(|| self.steps_of(open.iter().copied(), world))
    }

    fn steps_of<'e>(
        &self,
        open: impl Iterator<Item = (usize, &'e Event)>,
        world: &World,
    ) -> Vec<(usize, World)> {
        let mut steps = Vec::new();
        for (place, event) in open {
            let left = self.explained(world, event);
            // A read that fits and changes nothing may as well come now: whatever comes after it comes without it too.
            // In company so may a call.
            if (event.source.is_some() || self.is_in_company()) && left == [world.clone()] {
                return vec![(place, world.clone())];
            }
            steps.extend(left.into_iter().map(|world| (place, world)));
        }
        steps
    }

    /// What one list shows of cards comes before the list itself; else real time puts one before the other. Two reads of
    /// different kinds need only agree about a card at rest.
    fn must_precede(&self, first: &Event, second: &Event) -> bool {
        if first.moment == second.moment {
            return matches!((&first.what, &second.what), (What::Listed(_), What::List));
        }
        let agree_at_rest = matches!(
            (first.source, second.source),
            (Some(first), Some(second)) if first != second
        );
        let exchanges = &self.trace.exchanges;
        !agree_at_rest && precedes(&exchanges[first.moment], &exchanges[second.moment])
    }
}
