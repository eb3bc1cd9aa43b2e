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
    /// The target wants a client certificate, or not this one.
    ClientCertificate,
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
    ("demands a client certificate", Loss::ClientCertificate),
    ("refuses the client certificate", Loss::ClientCertificate),
    ("certificate is for", Loss::CertificateName),
    ("knows no server of that name", Loss::CertificateName),
    ("nobody who is trusted", Loss::CertificateIssuer),
    ("not signed by the ca", Loss::CertificateIssuer),
    ("certificate is not valid", Loss::CertificateTime),
    ("certificate has expired", Loss::CertificateTime),
    ("certificate is refused", Loss::CertificateIssuer),
    ("connection refused", Loss::Refused),
    ("network is unreachable", Loss::Unreachable),
    ("no route to host", Loss::Unreachable),
    ("handshake", Loss::Tls),
    ("tls", Loss::Tls),
    ("alert", Loss::Tls),
    ("no whole answer within", Loss::TimedOut),
    ("no connection within", Loss::TimedOut),
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
                "no connection: the target's certificate comes from nobody who is trusted: name who vouches for it under [tls], ca = \"ca.pem\"",
                Loss::CertificateIssuer,
            ),
            (
                "no connection: the target's certificate is for localhost and not for x: correct base_url",
                Loss::CertificateName,
            ),
            (
                "no connection: the target's certificate has expired, 2024-01-01: it needs a new one",
                Loss::CertificateTime,
            ),
            (
                "no connection: what answers speaks no TLS: does base_url have to begin with http://, or to name another port?",
                Loss::Tls,
            ),
            (
                "the target refuses the client certificate (CertificateExpired): see certificate and key under [tls]",
                Loss::ClientCertificate,
            ),
            ("no connection within 5s", Loss::TimedOut),
            ("no whole answer within 5s", Loss::TimedOut),
            ("invalid HTTP version parsed", Loss::NotHttp),
            ("connection closed before message completed", Loss::Closed),
            ("whatever", Loss::Other),
        ] {
            assert_eq!(Loss::of(words), loss, "{words}");
        }
    }
}
