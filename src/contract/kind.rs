//! The operations that this tool knows, told apart by method and path, as any document may name them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One operation of the Cards contract.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OperationKind {
    /// `POST /accounts/{}/cards`
    CreateCard,
    /// `GET /accounts/{}/cards`
    ListAccountCards,
    /// `GET /cards`
    ListCards,
    /// `GET /cards/{}`
    GetCard,
    /// `PATCH /cards/{}/deactivate`
    DeactivateCard,
    /// `PATCH /cards/{}/activate`
    ActivateCard,
    /// `DELETE /cards/{}`
    TerminateCard,
    /// `PATCH /simulator/cards/{}/issue`
    SimulateIssue,
    /// `PATCH /simulator/cards/{}/fail`
    SimulateFail,
    /// `POST /auth/token`
    CreateToken,
    /// `PUT /auth/signing`
    PutSigningKey,
    /// `DELETE /auth/signing`
    DeleteSigningKey,
    /// `PUT /webhooks`
    PutWebhook,
    /// `GET /webhooks`
    ListWebhooks,
    /// `GET /webhooks/{}`
    GetWebhook,
    /// `DELETE /webhooks/{}`
    DeleteWebhook,
}

/// All that is known of a kind: name, method, path shape, usual success.
type Row = (&'static str, &'static str, &'static str, u16);

impl OperationKind {
    /// Every operation, the required ones first.
    pub const ALL: [OperationKind; 16] = [
        OperationKind::CreateCard,
        OperationKind::ListAccountCards,
        OperationKind::ListCards,
        OperationKind::GetCard,
        OperationKind::DeactivateCard,
        OperationKind::ActivateCard,
        OperationKind::TerminateCard,
        OperationKind::SimulateIssue,
        OperationKind::SimulateFail,
        OperationKind::CreateToken,
        OperationKind::PutSigningKey,
        OperationKind::DeleteSigningKey,
        OperationKind::PutWebhook,
        OperationKind::ListWebhooks,
        OperationKind::GetWebhook,
        OperationKind::DeleteWebhook,
    ];

    /// Whether it is about subscriptions.
    pub fn is_about_webhooks(self) -> bool {
        matches!(
            self,
            Self::PutWebhook | Self::ListWebhooks | Self::GetWebhook | Self::DeleteWebhook
        )
    }

    /// How many of [`OperationKind::ALL`] a document must describe.
    pub const REQUIRED: usize = 7;

    const fn row(self) -> Row {
        match self {
            OperationKind::CreateCard => ("create a card", "POST", "/accounts/{}/cards", 201),
            OperationKind::ListAccountCards => {
                ("list an account's cards", "GET", "/accounts/{}/cards", 200)
            }
            OperationKind::ListCards => ("list the programme's cards", "GET", "/cards", 200),
            OperationKind::GetCard => ("read a card", "GET", "/cards/{}", 200),
            OperationKind::DeactivateCard => {
                ("deactivate a card", "PATCH", "/cards/{}/deactivate", 204)
            }
            OperationKind::ActivateCard => ("activate a card", "PATCH", "/cards/{}/activate", 204),
            OperationKind::TerminateCard => ("terminate a card", "DELETE", "/cards/{}", 204),
            OperationKind::SimulateIssue => (
                "let an issuance succeed",
                "PATCH",
                "/simulator/cards/{}/issue",
                204,
            ),
            OperationKind::SimulateFail => (
                "let an issuance fail",
                "PATCH",
                "/simulator/cards/{}/fail",
                204,
            ),
            OperationKind::CreateToken => ("get a token", "POST", "/auth/token", 200),
            OperationKind::PutSigningKey => ("register a signing key", "PUT", "/auth/signing", 200),
            OperationKind::DeleteSigningKey => (
                "remove the newest signing key",
                "DELETE",
                "/auth/signing",
                204,
            ),
            OperationKind::PutWebhook => ("subscribe a webhook", "PUT", "/webhooks", 200),
            OperationKind::ListWebhooks => ("list the webhooks", "GET", "/webhooks", 200),
            OperationKind::GetWebhook => ("read a webhook", "GET", "/webhooks/{}", 200),
            OperationKind::DeleteWebhook => ("remove a webhook", "DELETE", "/webhooks/{}", 204),
        }
    }

    /// What it does, in words: "create a card".
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// The method, in capitals.
    pub const fn method(self) -> &'static str {
        self.row().1
    }

    /// The path, relative to the base URL, with `{}` for each parameter.
    pub const fn path(self) -> &'static str {
        self.row().2
    }

    /// The status of a success where a document only gives a range.
    pub(super) const fn usual_success(self) -> u16 {
        self.row().3
    }
}

impl fmt::Display for OperationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A documented path with `{}` for each parameter.
pub(super) fn path_shape(template: &str) -> String {
    let segments = template
        .split('/')
        .map(|segment| match segment.strip_prefix('{') {
            Some(rest) if rest.ends_with('}') => "{}",
            _ => segment,
        });
    segments.collect::<Vec<_>>().join("/")
}

/// What a request is about: the operation, and the ids in its path as they were sent.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Route<'a> {
    /// The operation.
    pub operation: OperationKind,
    /// The account in the path.
    pub account: Option<&'a str>,
    /// The card in the path.
    pub card: Option<&'a str>,
    /// The webhook in the path.
    pub webhook: Option<&'a str>,
}

impl<'a> Route<'a> {
    /// The operation of a request. The path is relative to the base URL, and may have a query.
    pub fn of(method: &str, path: &'a str) -> Option<Route<'a>> {
        Route::first(path, |kind| kind.method() == method)
    }

    /// An operation that has this path, whatever its method.
    pub fn of_path(path: &'a str) -> Option<Route<'a>> {
        Route::first(path, |_| true)
    }

    fn first(path: &'a str, may_be: impl Fn(OperationKind) -> bool) -> Option<Route<'a>> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        OperationKind::ALL
            .into_iter()
            .filter(|kind| may_be(*kind))
            .find_map(|kind| {
                let id = parameter(kind.path(), path)?;
                let id_in = |prefix: &str| id.filter(|_| kind.path().starts_with(prefix));
                Some(Route {
                    operation: kind,
                    account: id_in("/accounts/"),
                    card: id_in("/cards/").or(id_in("/simulator/")),
                    webhook: id_in("/webhooks/"),
                })
            })
    }
}

/// Whether a path has a shape, and if so the segment that stands for its `{}`. No shape has two of them.
fn parameter<'a>(shape: &str, path: &'a str) -> Option<Option<&'a str>> {
    let mut found = None;
    let mut segments = path.split('/');
    for wanted in shape.split('/') {
        let segment = segments.next()?;
        match wanted {
            "{}" if !segment.is_empty() => found = Some(segment),
            _ if wanted == segment => {}
            _ => return None,
        }
    }
    segments.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_its_operation() {
        let rows = [
            (
                "POST",
                "/accounts/a1/cards",
                Some((OperationKind::CreateCard, Some("a1"))),
            ),
            (
                "GET",
                "/accounts/a1/cards",
                Some((OperationKind::ListAccountCards, Some("a1"))),
            ),
            ("GET", "/cards", Some((OperationKind::ListCards, None))),
            (
                "GET",
                "/cards?page=2",
                Some((OperationKind::ListCards, None)),
            ),
            (
                "GET",
                "/cards/c%201",
                Some((OperationKind::GetCard, Some("c%201"))),
            ),
            (
                "DELETE",
                "/cards/c1",
                Some((OperationKind::TerminateCard, Some("c1"))),
            ),
            (
                "PATCH",
                "/cards/c1/activate",
                Some((OperationKind::ActivateCard, Some("c1"))),
            ),
            (
                "PATCH",
                "/simulator/cards/c1/fail",
                Some((OperationKind::SimulateFail, Some("c1"))),
            ),
            (
                "DELETE",
                "/webhooks/w1",
                Some((OperationKind::DeleteWebhook, Some("w1"))),
            ),
            (
                "POST",
                "/auth/token",
                Some((OperationKind::CreateToken, None)),
            ),
            ("GET", "/cards/", None),
            ("GET", "/cards/c1/", None),
            ("get", "/cards", None),
            ("POST", "/cards/c1/activate", None),
            ("GET", "cards", None),
            ("GET", "", None),
        ];
        for (method, path, expected) in rows {
            let route = Route::of(method, path);
            let found = route.map(|r| (r.operation, r.account.or(r.card).or(r.webhook)));
            assert_eq!(found, expected, "{method} {path}");
        }
    }

    #[test]
    fn each_operation_is_found_by_its_own_path() {
        for kind in OperationKind::ALL {
            assert_eq!(path_shape(&kind.path().replace("{}", "{any}")), kind.path());
            let path = kind.path().replace("{}", "x");
            assert_eq!(
                Route::of(kind.method(), &path).map(|r| r.operation),
                Some(kind)
            );
        }
    }
}
