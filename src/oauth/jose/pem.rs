//! Private keys in PEM (RFC 7468), and the two integers of an RSA public key in DER.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The DER of the first private key in a PEM text: PKCS#8, SEC 1 or PKCS#1.
///
/// Line breaks may be written `\n`, as environment variables often carry them.
pub fn private_key(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = Zeroizing::new(text.replace("\\n", "\n"));
    ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"].into_iter().find_map(|label| block(&text, label))
}

fn block(text: &str, label: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
    STANDARD.decode(body.as_bytes()).ok().map(Zeroizing::new)
}

/// Modulus and exponent of an `RSAPublicKey` (RFC 8017 §A.1.1), without leading zeros.
pub fn rsa_public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, rest) = element(der, 0x30)?;
    let (n, more) = element(sequence, 0x02)?;
    let (e, end) = element(more, 0x02)?;
    (rest.is_empty() && end.is_empty()).then_some((unsigned(n), unsigned(e)))
}

/// The content of a DER element of that tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let [found, first, rest @ ..] = der else { return None };
    if *found != tag {
        return None;
    }
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81 | 0x82 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

fn unsigned(integer: &[u8]) -> &[u8] {
    integer.strip_prefix(&[0]).unwrap_or(integer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_key_in_a_text() {
        let pem = "-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----\n-----BEGIN EC PRIVATE KEY-----\nAQID\nBA==\n-----END EC PRIVATE KEY-----\n";
        assert_eq!(*private_key(pem).unwrap(), [1, 2, 3, 4]);
        assert_eq!(*private_key(&pem.replace('\n', "\\n")).unwrap(), [1, 2, 3, 4]);
        assert!(private_key(&pem.replace("AQID", "A?ID")).is_none());
        assert!(private_key(&pem.replace("END EC PRIVATE", "END RSA PRIVATE")).is_none());
        assert!(private_key("-----BEGIN PUBLIC KEY-----\nAQID\n-----END PUBLIC KEY-----").is_none());
        assert!(private_key("").is_none());
    }

    #[test]
    fn reads_two_integers() {
        let der = [0x30, 7, 2, 2, 0, 0xff, 2, 1, 3];
        assert_eq!(rsa_public_key(&der), Some((&[0xff][..], &[3][..])));
        for end in 0..der.len() {
            assert_eq!(rsa_public_key(&der[..end]), None);
        }
        assert_eq!(rsa_public_key(&[&der[..], &[0]].concat()), None);
        assert_eq!(rsa_public_key(&[0x30, 0x84, 1, 1, 1, 1, 1]), None);
    }
}
