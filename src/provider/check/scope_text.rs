//! How scopes are written: one word an item, as it is, and what stands between two of them.

use crate::diagnostic::{Applicability, code, nearest};
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::spec::ProviderSpec;
use crate::spec::provider::Protocol;

/// The scopes of OpenID Connect Core §3.1.2.1, §5.4 and §11.
const STANDARD: [&str; 6] = ["address", "email", "offline_access", "openid", "phone", "profile"];

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    let separator = spec.scopes.separator.as_deref().unwrap_or(" ");
    let scopes = spec.scopes.default.as_deref().unwrap_or_default();
    for (index, scope) in scopes.iter().enumerate() {
        let at = format!("/scopes/default/{index}");
        if !word(&at, scope, separator, compiler) && spec.protocol == Protocol::Oidc {
            standard(&at, scope, spec, compiler);
        }
    }
    between(spec, separator, scopes.len(), compiler);
}

/// Whether a scope is not one word as it is sent.
fn word(at: &str, scope: &str, separator: &str, compiler: &mut Compiler) -> bool {
    let invalid = |title: &str, mark: &str, label: &str| {
        let start = scope.find(mark).unwrap_or_default();
        Finding::error(code::INVALID_VALUE, at, title)
            .range(Some(start..start + mark.len()).filter(|range| !range.is_empty()))
            .label(label)
            .note("RFC 6749 §3.3: a scope is a word of ASCII characters without space, `\"` and `\\`")
    };
    let items = |mark: &str| -> Vec<String> {
        scope.split(mark).map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    };
    let one_by_one = |mark: &str| invalid("two scopes in one item", mark, "stands between two scopes");
    let text = "one item each";
    if scope.is_empty() {
        compiler.report(
            invalid("an empty scope", "", "asks for nothing")
                .help("take it out; without any scope, leave `default` away"),
        );
    } else if let Some(mark) = [" ", "\t"].into_iter().find(|mark| scope.contains(mark)) {
        // With a space in between, the request stays the same.
        let sure = if separator == " " { Applicability::Certain } else { Applicability::Likely };
        let words = scope.split_whitespace().map(str::to_owned).collect();
        compiler.report(
            invalid("a scope holds a space", mark, "these are two scopes, or none").items(text, words, sure),
        );
    } else if separator != " " && !separator.is_empty() && scope.contains(separator) {
        compiler.report(one_by_one(separator).items(text, items(separator), Applicability::Certain));
    } else if let Some(mark) = ["%20", "%2C", "%2c"].into_iter().find(|mark| scope.contains(mark)) {
        let finding =
            invalid("a scope that is percent-encoded already", mark, "would be encoded a second time");
        compiler.report(finding.items(text, items(mark), Applicability::Likely));
    } else if let Some(mark) = scope.chars().find(|c| !(' '..='~').contains(c) || ['"', '\\'].contains(c)) {
        compiler.report(invalid(
            "a scope with a character that none may have",
            &mark.to_string(),
            "not sent, or not understood",
        ));
    } else if scope.contains(',') {
        compiler.report(Finding {
            severity: crate::diagnostic::Severity::Warning,
            ..one_by_one(",")
                .help("write one item each, and `separator: \",\"` where the provider wants commas")
        });
    } else if let Some(start) = scope.find('{') {
        let end = scope[start..].find('}').map_or(scope.len(), |end| start + end + 1);
        compiler.report(
            Finding::error(code::LITERAL_BRACE, at, "a placeholder that nothing fills in")
                .range(Some(start..end))
                .label("a scope is no template")
                .help("a deployment that wants such a scope lists it under `scopes`"),
        );
    } else {
        return false;
    }
    true
}

/// A scope that is nearly one of the standard's.
fn standard(at: &str, scope: &str, spec: &ProviderSpec, compiler: &mut Compiler) {
    if STANDARD.contains(&scope) || spec.scopes.supported.contains_key(scope) {
        return;
    }
    let same = STANDARD.into_iter().find(|known| known.eq_ignore_ascii_case(scope));
    let near = || nearest(scope, STANDARD).filter(|near| crate::diagnostic::distance(scope, near) == 1);
    if let Some(known) = same.or_else(near) {
        compiler.report(
            Finding::warning(code::UNKNOWN_NAME, at, format!("`{scope}` is nearly the scope `{known}`"))
                .label("not one of OpenID Connect's, nor under `scopes.supported`")
                .note("OpenID Connect Core §3.1.2.1 and §5.4; scopes are case-sensitive (RFC 6749 §3.3)")
                .replace("the standard scope", known)
                .certain(),
        );
    }
}

/// What stands between two scopes.
fn between(spec: &ProviderSpec, separator: &str, count: usize, compiler: &mut Compiler) {
    if spec.scopes.separator.is_none() {
        return;
    }
    let wrong = |title: &str, label: &str| {
        Finding::error(code::INVALID_VALUE, "/scopes/separator", title).label(label)
    };
    let encoded = "it is percent-encoded when it is sent";
    match separator {
        "%20" => compiler.report(
            wrong("a separator that is percent-encoded already", encoded)
                .replace("a space", "\" \"")
                .certain(),
        ),
        "%2C" | "%2c" => compiler.report(
            wrong("a separator that is percent-encoded already", encoded)
                .replace("a comma", "\",\"")
                .certain(),
        ),
        "+" => compiler.report(
            wrong("a plus in the place of a space", "would be sent as %2B").replace("a space", "\" \""),
        ),
        "" if count > 1 => {
            compiler.report(wrong("nothing stands between two scopes", "they would run into each other"))
        }
        ", " => compiler.report(Finding {
            severity: crate::diagnostic::Severity::Warning,
            ..wrong("a comma and a space between two scopes", "most providers take one of them")
                .replace("a comma", "\",\"")
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::provider::check::found;

    fn titles(protocol: &str, scopes: &str) -> Vec<String> {
        let oidc = format!("protocol: {protocol}\nissuer: https://acme.example\ndiscovery: true");
        found::titles_of(&format!(
            "id: acme\nname: Acme\ndocs: https://acme.example\n{oidc}\nscopes: {scopes}\nprofile: {{sub: $.userinfo.id}}\ntests: [{{error: any}}]\n"
        ))
    }

    #[test]
    fn a_scope_is_one_word() {
        for wrong in [
            "{default: ['read write']}",
            "{default: ['read,write']}",
            "{default: ['read,write', x], separator: ','}",
            "{default: ['read%20write']}",
            "{default: ['re\"ad']}",
            "{default: ['']}",
            "{default: ['org:{id}']}",
            "{default: [a, b], separator: '%20'}",
            "{default: [a, b], separator: '+'}",
            "{default: [a, b], separator: ''}",
            "{default: [a, b], separator: ', '}",
        ] {
            assert_eq!(titles("oauth2", wrong).len(), 1, "{wrong}: {:?}", titles("oauth2", wrong));
        }
        for right in [
            "{default: [a, b]}",
            "{default: ['identity[email]', 'a|b', 'x~y'], separator: ','}",
            "{default: [emial]}",
        ] {
            assert_eq!(titles("oauth2", right), Vec::<String>::new(), "{right}");
        }
    }

    #[test]
    fn a_standard_scope_is_spelt_as_the_standard_has_it() {
        for wrong in ["{default: [openid, emial]}", "{default: [OpenID, email]}"] {
            assert_eq!(titles("oidc", wrong).len(), 1, "{wrong}: {:?}", titles("oidc", wrong));
        }
        for right in
            ["{default: [openid, emails_of_a_person]}", "{default: [openid, emial], supported: {emial: {}}}"]
        {
            assert_eq!(titles("oidc", right), Vec::<String>::new(), "{right}");
        }
    }
}
