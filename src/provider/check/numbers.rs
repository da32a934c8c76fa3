//! Values of the right type that cannot be meant: algorithms, lifetimes, dates.

use crate::diagnostic::code;
use crate::expr::coerce::days_of;
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::spec::ProviderSpec;
use crate::spec::id_token::IdTokenAlg;
use crate::spec::value::Incoming;

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    algorithms(spec, compiler);
    lifetime(spec, compiler);
    let on = spec.verified.as_ref().map(|verified| verified.on.as_str());
    if on.is_some_and(|on| !is_date(on)) {
        compiler.report(
            Finding::error(code::INVALID_VALUE, "/verified/on", "there is no such day")
                .label("year, month and day: `2026-11-24`"),
        );
    }
}

/// With HS256 the secret is the key; whoever accepts it beside public keys can be made to take one for the other.
fn algorithms(spec: &ProviderSpec, compiler: &mut Compiler) {
    let algs = spec.id_token.algs.as_deref().unwrap_or_default();
    let symmetric = algs.iter().position(|alg| *alg == IdTokenAlg::HS256);
    let asymmetric = algs.iter().position(|alg| *alg != IdTokenAlg::HS256);
    if let (Some(symmetric), Some(asymmetric)) = (symmetric, asymmetric) {
        compiler.report(
            Finding::error(
                code::MIXED_ALGORITHMS,
                format!("/id_token/algs/{symmetric}"),
                "HS256 stands beside an algorithm with public keys",
            )
            .label("a public key could be taken for the secret")
            .other(format!("/id_token/algs/{asymmetric}"), "signed with a private key")
            .note("RFC 8725 §2.1 and §3.1; OpenID Connect Registration §2: a client has one `id_token_signed_response_alg`")
            .help("name the one that the provider uses"),
        );
    }
    if let Some(again) = (1..algs.len()).find(|index| algs[..*index].contains(&algs[*index])) {
        compiler.report(Finding::warning(
            code::DUPLICATE_NAME,
            format!("/id_token/algs/{again}"),
            "an algorithm comes twice",
        ));
    }
}

/// A lifetime that is written as milliseconds: whole hours of them, or ten years of seconds.
fn lifetime(spec: &ProviderSpec, compiler: &mut Compiler) {
    const HOUR_OF_MILLISECONDS: u64 = 3_600_000;
    const TEN_YEARS: u64 = 10 * 366 * 86_400;
    let map = spec.token.response.as_ref().and_then(|response| response.map.as_ref());
    let Some(Incoming::Number(number)) = map.and_then(|map| map.expires_in.as_ref()) else { return };
    let Some(seconds) = number.as_u64().filter(|seconds| *seconds > 0) else { return };
    if seconds % HOUR_OF_MILLISECONDS == 0 || seconds > TEN_YEARS {
        compiler.report(
            Finding::warning(
                code::INVALID_VALUE,
                "/token/response/map/expires_in",
                "the lifetime looks like milliseconds",
            )
            .label(format!("these are {} days", seconds / 86_400))
            .note("RFC 6749 §5.1: `expires_in` counts seconds")
            .replace("as seconds", (seconds / 1000).to_string()),
        );
    }
}

/// Whether a text of the form `YYYY-MM-DD` is a day of the calendar.
fn is_date(text: &str) -> bool {
    let parts: Option<Vec<i64>> = text.split('-').map(|part| part.parse().ok()).collect();
    let Some([year, month, day]) = parts.as_deref() else { return false };
    (1..=days_of(*year, *month)).contains(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_days_of_the_calendar() {
        for day in ["2026-11-24", "2024-02-29", "2000-02-29"] {
            assert!(is_date(day), "{day}");
        }
        for day in ["2026-02-29", "1900-02-29", "2026-13-01", "2026-04-31", "2026-01-00", "x"] {
            assert!(!is_date(day), "{day}");
        }
    }
}
