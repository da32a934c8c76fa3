//! The certificate that a client proves itself with in TLS (RFC 8705).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use crate::oauth::Secret;

/// A certificate, those that lead from it to its authority, and its private key, known to belong together. `Debug` shows the
/// thumbprint alone.
#[derive(Clone)]
pub struct ClientCertificate {
    pem: Secret,
    thumbprint: String,
}

/// Why a certificate cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The text holds no certificate.
    #[error("there is no X.509 certificate in PEM")]
    Certificate,
    /// The text holds no private key.
    #[error("there is no unencrypted private key in PEM")]
    Key,
    /// Both are fine, but not for each other.
    #[error("it is not the private key of the certificate")]
    Mismatch,
}

impl ClientCertificate {
    /// Reads both in PEM. The client's own certificate comes first; line breaks may be written `\n`, as environment variables
    /// often carry them. Neither the authority nor the dates are looked at: that is the provider's business.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn from_pem(chain: &Secret, key: &Secret) -> Result<ClientCertificate, CertificateError> {
        let lines = |secret: &Secret| Secret::from(secret.expose().replace("\\n", "\n"));
        let (chain, key) = (lines(chain), lines(key));
        let certificates = CertificateDer::pem_slice_iter(chain.expose().as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| CertificateError::Certificate)?;
        let own = certificates.first().ok_or(CertificateError::Certificate)?;
        let thumbprint = URL_SAFE_NO_PAD
            .encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, own.as_ref()).as_ref());
        let der =
            PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|_| CertificateError::Key)?;
        match CertifiedKey::from_der(certificates, der, &default_provider()) {
            Ok(_) => {}
            Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                return Err(CertificateError::Mismatch);
            }
            Err(Error::InvalidCertificate(_)) => return Err(CertificateError::Certificate),
            Err(_) => return Err(CertificateError::Key),
        }
        let pem = Secret::from(format!("{}\n{}", key.expose(), chain.expose()));
        Ok(ClientCertificate { pem, thumbprint })
    }

    /// Private key and certificates, one PEM text.
    pub fn pem(&self) -> &Secret {
        &self.pem
    }

    /// `x5t#S256`: the SHA-256 of the client's own certificate, in base64url (RFC 8705 §3.1).
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCertificate({})", self.thumbprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CertificateError::{Certificate, Key, Mismatch};

    const CERTIFICATE: &str = include_str!("../mock/client_certificate.pem");
    const KEY: &str = include_str!("../mock/client_certificate_key.pem");

    fn read(chain: &str, key: &str) -> Result<ClientCertificate, CertificateError> {
        ClientCertificate::from_pem(&chain.into(), &key.into())
    }

    #[test]
    fn a_certificate_and_its_key_make_one() {
        let read = read(CERTIFICATE, KEY).unwrap();
        // openssl x509 -outform der | openssl dgst -sha256 -binary | basenc --base64url
        assert_eq!(read.thumbprint(), "h_STE7PmMbhVoKfU-fhphjyaqn1UElMWp91ZKwzIOQg");
        assert_eq!(format!("{read:?}"), "ClientCertificate(h_STE7PmMbhVoKfU-fhphjyaqn1UElMWp91ZKwzIOQg)");
    }

    #[test]
    fn line_breaks_may_be_written_out() {
        assert!(read(&CERTIFICATE.replace('\n', "\\n"), &KEY.replace('\n', "\\n")).is_ok());
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        let other = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
        assert_eq!(read("", KEY).unwrap_err(), Certificate);
        assert_eq!(read(KEY, KEY).unwrap_err(), Certificate);
        assert_eq!(read(other, KEY).unwrap_err(), Certificate);
        assert_eq!(read(CERTIFICATE, "").unwrap_err(), Key);
        assert_eq!(read(CERTIFICATE, CERTIFICATE).unwrap_err(), Key);
        assert_eq!(read(CERTIFICATE, &another_key()).unwrap_err(), Mismatch);
    }

    fn another_key() -> String {
        let pair = aws_lc_rs::signature::EcdsaKeyPair::generate(
            &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        )
        .unwrap();
        let der = pair.to_pkcs8v1().unwrap();
        let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
    }
}
