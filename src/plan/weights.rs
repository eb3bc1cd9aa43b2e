//! How often each kind of scene comes up, by focus.

use super::suite::Focus;

/// A kind of scene: a few steps that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Scene {
    /// A card for a free slot, mostly issued at once.
    Create,
    /// A card for a slot that is taken.
    CreateOver,
    /// An issuing card becomes active.
    Issue,
    /// An issuing card fails.
    Fail,
    /// Deactivate an active card, activate an inactive one.
    Turn,
    /// Terminate a card that can be.
    Terminate,
    /// The issuer acts.
    Issuer,
    /// A call that the card's state doesn't allow.
    Misplaced,
    /// A call on a final card.
    OnFinal,
    /// A call again under the same key.
    Retry,
    /// A create again under the same key, with another payload.
    RetryChanged,
    /// A used key on another call.
    KeyElsewhere,
    /// A call without a key, or with one that is no UUID.
    KeyFlaw,
    /// A call whose answer is lost, mostly retried.
    Lost,
    /// A call on an id that is unknown, foreign or none.
    BadId,
    /// A create with an invalid body.
    BadBody,
    /// A flaw in access or integrity.
    Flawed,
    /// The target's clock is moved.
    Wait,
    /// Reads.
    Look,
    /// Requests at once.
    Race,
}

#[rustfmt::skip] // A table is read by its columns.
/// Rows are scenes, columns are [`Focus::ALL`], but for the last.
const TABLE: [(Scene, [u32; 10]); 20] = [
    //                     life  limit idem  lost  input reads access time  mixed races
    (Scene::Create,        [  6,   14,    8,   10,   14,   10,    8,   10,   10,   10]),
    (Scene::CreateOver,    [  2,   22,    3,    3,    2,    3,    1,    8,    5,    2]),
    (Scene::Issue,         [ 30,   30,   20,   25,   10,   20,   20,   25,   25,   30]),
    (Scene::Fail,          [ 12,   14,    4,    3,    2,    5,    2,    4,    8,    3]),
    (Scene::Turn,          [ 28,   14,   12,   12,    5,   12,    8,   16,   16,   12]),
    (Scene::Terminate,     [ 14,   18,    8,    8,    4,    9,    4,    8,   13,    3]),
    (Scene::Issuer,        [ 14,    8,    3,    3,    1,    4,    2,    4,    8,    4]),
    (Scene::Misplaced,     [ 14,    3,    3,    2,    1,    2,    1,    3,    6,    2]),
    (Scene::OnFinal,       [ 30,    8,    8,    4,    3,    6,    4,    5,   16,    3]),
    (Scene::Retry,         [  3,    4,   24,   10,    2,    2,    1,   18,    8,    3]),
    (Scene::RetryChanged,  [  1,    1,   14,    6,    2,    1,    0,    8,    4,    1]),
    (Scene::KeyElsewhere,  [  1,    1,   14,    3,    0,    1,    0,    4,    3,    1]),
    (Scene::KeyFlaw,       [  1,    1,   12,    0,    1,    1,    2,    0,    3,    0]),
    (Scene::Lost,          [  1,    1,    3,   40,    0,    0,    0,    0,    3,    2]),
    (Scene::BadId,         [  2,    1,    2,    0,    2,   12,    1,    0,    4,    0]),
    (Scene::BadBody,       [  1,    2,    2,    0,   24,    1,    1,    0,    5,    0]),
    (Scene::Flawed,        [  0,    0,    0,    0,    0,    0,   24,    4,    2,    0]),
    (Scene::Wait,          [  0,    0,    0,    0,    0,    0,    0,   45,    0,    0]),
    (Scene::Look,          [  5,    5,    4,    6,    4,   26,    4,    6,    6,    3]),
    (Scene::Race,          [  0,    0,    0,    0,    0,    0,    0,    0,    5,   60]),
];

/// The weight of each scene for a focus; scenes without one are left out.
pub(super) fn weights(focus: Focus) -> impl Iterator<Item = (u32, Scene)> {
    // What is told is the same mix, seen otherwise; of requests at once nobody knows what must be told.
    let is_told = focus == Focus::Webhooks;
    let focus = if is_told { Focus::Mixed } else { focus };
    let column = Focus::ALL.iter().position(|f| *f == focus).unwrap_or(0);
    TABLE
        .into_iter()
        .map(move |(scene, row)| (row[column], scene))
        .filter(move |(weight, scene)| {
            *weight > 0 && !(is_told && matches!(scene, Scene::Race | Scene::Lost))
        })
}
