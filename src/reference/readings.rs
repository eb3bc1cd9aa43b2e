//! How this implementation reads the open points of the contract.
//!
//! The contract allows several behaviours in some places. Each such place is one row of the table
//! below, with its options and the default first; the struct, the defaults, the list of points
//! and the setter by name all come from that table, so a new open point is one new row.

use http::StatusCode;

use super::limit::OverLimit;

/// One open point of the contract, and the options that this implementation knows for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenPoint {
    /// The name in kebab-case, such as `terminated-frees`.
    pub name: &'static str,
    /// The names of the options; the first is the default.
    pub options: &'static [&'static str],
}

/// A name that [`Readings::set`] doesn't know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownReading {
    /// No open point has this name.
    #[error("no open point is called `{0}`")]
    Point(String),
    /// The open point exists, but not with this option.
    #[error("open point `{point}` has no option `{option}`; it has {}", options.join(", "))]
    Option {
        /// The open point that was named.
        point: &'static str,
        /// The option that it lacks.
        option: String,
        /// The options that it has.
        options: &'static [&'static str],
    },
}

/// Every open point, in the order of the table, with its options.
pub fn open_points() -> &'static [OpenPoint] {
    OPEN_POINTS
}

/// What is done with a call that asks for the state that the card is in already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    Refuse,
    Success,
}

/// What a call does to a card that is still `issuing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhileIssuing {
    Refuse,
    Change,
}

/// How the members that issuance gives a card look before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BeforeIssue {
    Absent,
    Present,
    Null,
}

/// What the same key means on another path or method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyElsewhere {
    Refuse(StatusCode),
    New,
}

/// Which header fields a signature may leave out although the call has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MayBeUncovered {
    Authorization,
    Both,
    Neither,
}

macro_rules! readings {
    ($( $(#[$doc:meta])* $name:literal $field:ident: $type:ty { $($option:literal => $value:expr),+ $(,)? } )+) => {
        /// One option for each open point. [`Readings::default`] takes the first of each.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Readings { $( $(#[$doc])* pub(super) $field: $type, )+ }

        static OPEN_POINTS: &[OpenPoint] = &[$( OpenPoint { name: $name, options: &[$($option),+] } ),+];

        impl Default for Readings {
            fn default() -> Self {
                Self { $( $field: [$($value),+][0], )+ }
            }
        }

        impl Readings {
            /// Chooses one option of one open point, both by name.
            pub fn set(&mut self, point: &str, option: &str) -> Result<(), UnknownReading> {
                match point {
                    $( $name => self.$field = match option {
                        $( $option => $value, )+
                        _ => return Err(UnknownReading::Option {
                            point: $name, option: option.to_owned(), options: &[$($option),+],
                        }),
                    }, )+
                    _ => return Err(UnknownReading::Point(point.to_owned())),
                }
                Ok(())
            }

            /// The option that is chosen for an open point, or nothing when there is no such point.
            pub fn get(&self, point: &str) -> Option<&'static str> {
                match point {
                    $( $name => [$(($value, $option)),+]
                        .into_iter()
                        .find_map(|(value, option)| (self.$field == value).then_some(option)), )+
                    _ => None,
                }
            }
        }
    };
}

readings! {
    /// Deactivate on a card that is inactive.
    "repeat-deactivate" repeat_deactivate: Repeat { "refuse" => Repeat::Refuse, "success" => Repeat::Success }
    /// Activate on a card that is active.
    "repeat-activate" repeat_activate: Repeat { "refuse" => Repeat::Refuse, "success" => Repeat::Success }
    /// Terminate on a card that is terminated.
    "repeat-terminate" repeat_terminate: Repeat { "refuse" => Repeat::Refuse, "success" => Repeat::Success }
    /// Deactivate on a card that is issuing.
    "deactivate-issuing" deactivate_issuing: WhileIssuing { "refuse" => WhileIssuing::Refuse, "change" => WhileIssuing::Change }
    /// Activate on a card that is issuing.
    "activate-issuing" activate_issuing: WhileIssuing { "refuse" => WhileIssuing::Refuse, "change" => WhileIssuing::Change }
    /// Terminate on a card that is issuing.
    "terminate-issuing" terminate_issuing: WhileIssuing { "change" => WhileIssuing::Change, "refuse" => WhileIssuing::Refuse }
    /// The status of a refused transition.
    "refusal-code" refusal_code: StatusCode { "409" => StatusCode::CONFLICT, "400" => StatusCode::BAD_REQUEST, "422" => StatusCode::UNPROCESSABLE_ENTITY }
    /// Whether a call that is refused because the card is final answers 404.
    "refusal-final-404" refusal_final_404: bool { "no" => false, "yes" => true }
    /// What becomes of a create over the limit.
    "limit" limit: OverLimit {
        "refuse-409" => OverLimit::Refuse(StatusCode::CONFLICT),
        "refuse-400" => OverLimit::Refuse(StatusCode::BAD_REQUEST),
        "refuse-403" => OverLimit::Refuse(StatusCode::FORBIDDEN),
        "refuse-422" => OverLimit::Refuse(StatusCode::UNPROCESSABLE_ENTITY),
        "fail-later" => OverLimit::FailLater,
        "fail-on-issue" => OverLimit::FailOnIssue,
    }
    /// Whether a terminated card frees its slot.
    "terminated-frees" terminated_frees: bool { "yes" => true, "no" => false }
    /// Whether a blocked card frees its slot.
    "blocked-frees" blocked_frees: bool { "yes" => true, "no" => false }
    /// Whether a card whose issuance failed frees its slot.
    "failed-frees" failed_frees: bool { "yes" => true, "no" => false }
    /// Whether terminated cards stay in the lists.
    "lists-terminated" lists_terminated: bool { "yes" => true, "no" => false }
    /// Whether cards whose issuance failed stay in the lists.
    "lists-failed" lists_failed: bool { "yes" => true, "no" => false }
    /// The status of a known key with another payload.
    "key-mismatch-code" key_mismatch_code: StatusCode { "422" => StatusCode::UNPROCESSABLE_ENTITY, "409" => StatusCode::CONFLICT }
    /// A known key on another path or method.
    "key-elsewhere" key_elsewhere: KeyElsewhere {
        "refuse-422" => KeyElsewhere::Refuse(StatusCode::UNPROCESSABLE_ENTITY),
        "refuse-409" => KeyElsewhere::Refuse(StatusCode::CONFLICT),
        "refuse-400" => KeyElsewhere::Refuse(StatusCode::BAD_REQUEST),
        "new" => KeyElsewhere::New,
    }
    /// Whether a retry is refused while its first call is in flight (or waits for the answer).
    "key-in-flight" refuse_key_in_flight: bool { "wait" => false, "refuse" => true }
    /// From when the hour of a key counts: its first call, or the last retry that was answered from it.
    "key-hour" retries_renew_keys: bool { "first-call" => false, "each-call" => true }
    /// Whether the retry of a call that ended in an error replays the error (or tries afresh).
    "error-replay" error_replay: bool { "replay" => true, "afresh" => false }
    /// Whether the key of a call that ended in an error is refused for another call (or taken afresh).
    "after-error-mismatch" after_error_refuses: bool { "refuse" => true, "afresh" => false }
    /// The status of an id that nothing has.
    "unknown-id-code" unknown_id_code: StatusCode { "404" => StatusCode::NOT_FOUND, "400" => StatusCode::BAD_REQUEST }
    /// The status of an id that is not a UUID.
    "malformed-id-code" malformed_id_code: StatusCode { "400" => StatusCode::BAD_REQUEST, "404" => StatusCode::NOT_FOUND }
    /// The status of another programme's card or account.
    "foreign-code" foreign_code: StatusCode { "404" => StatusCode::NOT_FOUND, "403" => StatusCode::FORBIDDEN }
    /// `name`, `network`, `maskedPan` and `expirationDate` before issuance.
    "fields-before-issue" fields_before_issue: BeforeIssue {
        "absent" => BeforeIssue::Absent, "present" => BeforeIssue::Present, "null" => BeforeIssue::Null,
    }
    /// Whether a request with properties that the contract doesn't know is refused.
    "unknown-properties" refuse_unknown_properties: bool { "ignore" => false, "refuse" => true }
    /// Whether an empty string in an address is refused.
    "empty-strings" refuse_empty_strings: bool { "accept" => false, "refuse" => true }
    /// Whether a string of more than 100 characters in an address is refused.
    "long-strings" refuse_long_strings: bool { "accept" => false, "refuse" => true }
    /// Whether a null in place of an optional member is refused (or taken for its absence).
    "null-members" accept_null_members: bool { "refuse" => false, "accept" => true }
    /// Whether a control character in an address is refused.
    "control-characters" refuse_control_characters: bool { "accept" => false, "refuse" => true }
    /// Whether a body in which a name stands twice is refused.
    "repeated-members" refuse_repeated_members: bool { "accept" => false, "refuse" => true }
    /// Whether a body behind a byte order mark is refused.
    "byte-order-mark" refuse_byte_order_mark: bool { "refuse" => true, "accept" => false }
    /// Whether subscribers are told of a new card.
    "creation-event" reports_creation: bool { "reported" => true, "not-reported" => false }
    /// Whether deactivate, activate and terminate answer 200 with the card (or 204).
    "success-code" success_with_card: bool { "204" => false, "200-with-card" => true }
    /// Whether a digest on a call without a body is refused.
    "digest-without-body" refuse_digest_without_body: bool { "ignore" => false, "refuse" => true }
    /// Whether a digest by sha-512 is refused as one by no algorithm that is known.
    "other-digest" refuse_sha_512: bool { "accept" => false, "refuse" => true }
    /// The status of a body in another media type.
    "media-type-code" media_type_code: StatusCode { "415" => StatusCode::UNSUPPORTED_MEDIA_TYPE, "400" => StatusCode::BAD_REQUEST }
    /// Whether the bearer token and the idempotency key must be covered by the signature.
    "uncovered-fields" may_be_uncovered: MayBeUncovered {
        "authorization" => MayBeUncovered::Authorization,
        "both" => MayBeUncovered::Both,
        "neither" => MayBeUncovered::Neither,
    }
    /// Whether a signature that was made more than an hour ago is refused.
    "old-signatures" refuse_old_signatures: bool { "refuse" => true, "accept" => false }
    /// Whether a signature that is dated more than an hour ahead is refused.
    "early-signatures" refuse_early_signatures: bool { "accept" => false, "refuse" => true }
    /// Whether a broken signature beside a good one is overlooked.
    "second-signature" every_signature_counts: bool { "overlook" => false, "refuse" => true }
    /// The status of a signature or a digest that is refused.
    "access-code" access_code: StatusCode { "401" => StatusCode::UNAUTHORIZED, "400" => StatusCode::BAD_REQUEST }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_can_be_set_and_read_back_and_the_first_is_the_default() {
        for point in open_points() {
            assert_eq!(
                Readings::default().get(point.name),
                Some(point.options[0]),
                "{}",
                point.name
            );
            for option in point.options {
                let mut readings = Readings::default();
                readings
                    .set(point.name, option)
                    .expect("the table names it");
                assert_eq!(readings.get(point.name), Some(*option));
            }
        }
    }

    #[test]
    fn an_unknown_name_is_an_error_that_says_what_there_is() {
        let mut readings = Readings::default();
        assert_eq!(
            readings.set("weather", "fine"),
            Err(UnknownReading::Point("weather".into()))
        );
        let error = readings.set("access-code", "418").unwrap_err();
        assert_eq!(
            error.to_string(),
            "open point `access-code` has no option `418`; it has 401, 400"
        );
    }
}
