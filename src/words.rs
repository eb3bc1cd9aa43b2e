//! Near names for mistyped ones.

/// The candidate that looks most like `word`, if any looks like it at all.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    similar::get_close_matches(word, &candidates.into_iter().collect::<Vec<_>>(), 1, 0.6)
        .first()
        .copied()
}
