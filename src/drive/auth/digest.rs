//! `Content-Digest` (RFC 9530).

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::profile::DigestAlgorithm;

/// The value of the header field for a body.
pub fn content_digest(algorithm: DigestAlgorithm, body: &[u8]) -> String {
    let bytes = STANDARD.encode(digest_bytes(algorithm, body));
    format!("{}=:{bytes}:", algorithm.as_str())
}

/// The digest itself.
pub fn digest_bytes(algorithm: DigestAlgorithm, body: &[u8]) -> Vec<u8> {
    let hash = match algorithm {
        DigestAlgorithm::Sha256 => &SHA256,
        DigestAlgorithm::Sha512 => &SHA512,
    };
    digest(hash, body).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9530, appendices B.1 and D, and RFC 9421, appendix B.2.
    #[test]
    fn a_digest_is_as_the_rfcs_print_it() {
        for (algorithm, body, value) in [
            (
                DigestAlgorithm::Sha256,
                "{\"hello\": \"world\"}\n",
                "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:",
            ),
            (
                DigestAlgorithm::Sha512,
                "{\"hello\": \"world\"}",
                "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
            ),
            (
                DigestAlgorithm::Sha256,
                "",
                "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
            ),
        ] {
            assert_eq!(content_digest(algorithm, body.as_bytes()), value);
        }
    }
}
