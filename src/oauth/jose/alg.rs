//! The algorithms that are taken, by the names of the registry.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Algorithm as Digest, SHA256, SHA384, SHA512};

/// A signature algorithm (RFC 7518 §3.1, RFC 8037 §3.1). There is no `none`, and none will be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alg {
    /// HMAC with SHA-256
    HS256,
    /// RSASSA-PKCS1-v1_5 with SHA-256
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512
    RS512,
    /// ECDSA with P-256 and SHA-256
    ES256,
    /// ECDSA with P-384 and SHA-384
    ES384,
    /// RSASSA-PSS with SHA-256
    PS256,
    /// RSASSA-PSS with SHA-384
    PS384,
    /// RSASSA-PSS with SHA-512
    PS512,
    /// EdDSA with Ed25519
    EdDSA,
}

/// A name that is no algorithm we take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a signature algorithm that is taken")]
pub struct UnknownAlg;

impl Alg {
    /// All of them, in the order of the registry.
    pub const ALL: [Alg; 10] = [
        Alg::HS256,
        Alg::RS256,
        Alg::RS384,
        Alg::RS512,
        Alg::ES256,
        Alg::ES384,
        Alg::PS256,
        Alg::PS384,
        Alg::PS512,
        Alg::EdDSA,
    ];

    /// Its name in the registry.
    pub fn as_str(self) -> &'static str {
        match self {
            Alg::HS256 => "HS256",
            Alg::RS256 => "RS256",
            Alg::RS384 => "RS384",
            Alg::RS512 => "RS512",
            Alg::ES256 => "ES256",
            Alg::ES384 => "ES384",
            Alg::PS256 => "PS256",
            Alg::PS384 => "PS384",
            Alg::PS512 => "PS512",
            Alg::EdDSA => "EdDSA",
        }
    }

    /// The hash it is made with: that of `at_hash` too (OpenID Connect Core §3.1.3.6). Ed25519 has SHA-512 inside.
    pub fn digest(self) -> &'static Digest {
        match self {
            Alg::HS256 | Alg::RS256 | Alg::ES256 | Alg::PS256 => &SHA256,
            Alg::RS384 | Alg::ES384 | Alg::PS384 => &SHA384,
            Alg::RS512 | Alg::PS512 | Alg::EdDSA => &SHA512,
        }
    }
}

impl fmt::Display for Alg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Alg {
    type Err = UnknownAlg;

    /// By the exact name; `Ed25519` (RFC 9864) is `EdDSA`, which is taken with that curve alone.
    fn from_str(name: &str) -> Result<Alg, UnknownAlg> {
        let name = if name == "Ed25519" { "EdDSA" } else { name };
        Alg::ALL.into_iter().find(|alg| alg.as_str() == name).ok_or(UnknownAlg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_its_own_names_and_no_other() {
        for alg in Alg::ALL {
            assert_eq!(alg.as_str().parse(), Ok(alg));
        }
        assert_eq!("Ed25519".parse(), Ok(Alg::EdDSA));
        for other in
            ["none", "nOnE", "", "RS1", "rs256", "RS256 ", "HS512", "ES512", "ES256K", "Ed448", "dir"]
        {
            assert_eq!(other.parse::<Alg>(), Err(UnknownAlg), "{other}");
        }
    }
}
