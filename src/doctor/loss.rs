//! How no answer came, read from the words that the driver has for it.

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// The name is no host's.
    Name,
    /// Nothing listens there.
    Refused,
    /// There is no way there.
    Unreachable,
    /// Nothing came within the time.
    TimedOut,
    /// The certificate is for another name.
    CertificateName,
    /// The certificate was issued by nobody whom this machine trusts.
    CertificateIssuer,
    /// The certificate's time is over, or has not come.
    CertificateTime,
    /// TLS failed in another way.
    Tls,
    /// What came is no HTTP.
    NotHttp,
    /// The connection was closed.
    Closed,
    /// Something else.
    Other,
}

/// What stands in the words, and what that means; the first that is found counts.
const SIGNS: &[(&str, Loss)] = &[
    ("dns error", Loss::Name),
    ("failed to lookup address", Loss::Name),
    ("name or service not known", Loss::Name),
    ("notvalidforname", Loss::CertificateName),
    ("not valid for name", Loss::CertificateName),
    ("certificate not valid for", Loss::CertificateName),
    ("unknownissuer", Loss::CertificateIssuer),
    ("caused by other error", Loss::CertificateIssuer),
    ("causedasendentity", Loss::CertificateIssuer),
    ("notvalidyet", Loss::CertificateTime),
    ("not valid yet", Loss::CertificateTime),
    ("expired", Loss::CertificateTime),
    ("invalid peer certificate", Loss::CertificateIssuer),
    ("connection refused", Loss::Refused),
    ("network is unreachable", Loss::Unreachable),
    ("no route to host", Loss::Unreachable),
    ("corrupt message", Loss::Tls),
    ("invalidcontenttype", Loss::Tls),
    ("handshake", Loss::Tls),
    ("tls", Loss::Tls),
    ("alert", Loss::Tls),
    ("no whole answer within", Loss::TimedOut),
    ("timed out", Loss::TimedOut),
    ("invalid http", Loss::NotHttp),
    ("parsed", Loss::NotHttp),
    ("closed", Loss::Closed),
    ("reset", Loss::Closed),
    ("eof", Loss::Closed),
    ("broken pipe", Loss::Closed),
];

impl Loss {
    /// What the words say.
    pub fn of(words: &str) -> Self {
        let words = words.to_ascii_lowercase();
        SIGNS
            .iter()
            .find(|(sign, _)| words.contains(sign))
            .map_or(Self::Other, |(_, loss)| *loss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_driver_tell_how_no_answer_came() {
        for (words, loss) in [
            (
                "no connection: dns error: failed to lookup address information: Name or service not known",
                Loss::Name,
            ),
            (
                "no connection: tcp connect error: Connection refused (os error 111)",
                Loss::Refused,
            ),
            (
                "no connection: invalid peer certificate: UnknownIssuer",
                Loss::CertificateIssuer,
            ),
            (
                "no connection: invalid peer certificate: certificate not valid for name \"x\"",
                Loss::CertificateName,
            ),
            (
                "no connection: invalid peer certificate: certificate expired: verification time 1",
                Loss::CertificateTime,
            ),
            (
                "no connection: received corrupt message of type InvalidContentType",
                Loss::Tls,
            ),
            ("no whole answer within 5s", Loss::TimedOut),
            ("invalid HTTP version parsed", Loss::NotHttp),
            ("connection closed before message completed", Loss::Closed),
            ("whatever", Loss::Other),
        ] {
            assert_eq!(Loss::of(words), loss, "{words}");
        }
    }
}
