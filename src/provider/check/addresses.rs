//! Every address of a file: how it is written, how variables and paths join, what its last word says.

use crate::diagnostic::code;
use crate::expr::{Context, Template};
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::spec::ProviderSpec;
use crate::spec::userinfo::UserinfoSpec;
use crate::spec::variable::Format;

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    for (at, source) in all(spec) {
        let errors = compiler.findings.iter().filter(|finding| finding.pointer == at).count();
        if errors == 0 && !written(&at, source, compiler) {
            joint(spec, &at, source, compiler);
            refused(&at, source, compiler);
        }
    }
    swapped(spec, compiler);
    documents(spec, compiler);
}

/// The addresses of a file, each with its place.
pub(super) fn all(spec: &ProviderSpec) -> Vec<(String, &str)> {
    let top = [
        ("/issuer", &spec.issuer),
        ("/authorization_endpoint", &spec.authorization_endpoint),
        ("/token_endpoint", &spec.token_endpoint),
        ("/userinfo_endpoint", &spec.userinfo_endpoint),
        ("/jwks_uri", &spec.jwks_uri),
        ("/revocation_endpoint", &spec.revocation_endpoint),
        ("/introspection_endpoint", &spec.introspection_endpoint),
        ("/device_authorization_endpoint", &spec.device_authorization_endpoint),
        ("/end_session_endpoint", &spec.end_session_endpoint),
        ("/registration_endpoint", &spec.registration_endpoint),
        ("/pushed_authorization_request_endpoint", &spec.pushed_authorization_request_endpoint),
    ];
    let mut all: Vec<(String, &str)> =
        top.into_iter().filter_map(|(at, source)| Some((at.to_owned(), source.as_deref()?))).collect();
    let then = spec.token.then.iter().enumerate();
    all.extend(then.map(|(index, then)| (format!("/token/then/{index}/endpoint"), &*then.endpoint)));
    let refresh = spec.refresh.as_ref().and_then(|refresh| refresh.endpoint.as_deref());
    all.extend(refresh.map(|source| ("/refresh/endpoint".to_owned(), source)));
    let one = matches!(spec.userinfo, Some(UserinfoSpec::One(_)));
    for (index, call) in spec.userinfo.as_ref().map_or(&[][..], UserinfoSpec::calls).iter().enumerate() {
        let at = if one { "/userinfo/endpoint".to_owned() } else { format!("/userinfo/{index}/endpoint") };
        all.extend(call.endpoint.as_deref().map(|source| (at, source)));
    }
    all
}

/// Slips of the pen that a URL parser forgives or reads in its own way; whether there was one.
fn written(at: &str, source: &str, compiler: &mut Compiler) -> bool {
    let mut slip = |range, title: &str, label: &str, replacement: Option<(&str, &str)>| {
        let finding = Finding::error(code::INVALID_URL, at, title).range(Some(range)).label(label);
        compiler.report(match replacement {
            Some((text, replacement)) => finding.replace(text, replacement).certain(),
            None => finding.help("write it percent-encoded, or take it out"),
        });
        true
    };
    let scheme =
        source.find(":/").filter(|end| source[..*end].bytes().all(|byte| byte.is_ascii_alphabetic()));
    if let Some(end) = scheme.filter(|end| *end > 0) {
        let slashes = source[end + 1..].bytes().take_while(|byte| *byte == b'/').count();
        if slashes != 2 {
            return slip(
                end..end + 1 + slashes,
                "an address begins with https://",
                "two slashes",
                Some(("write two", "://")),
            );
        }
        let rest = &source[end + 3..];
        if let Some(again) = ["https://", "http://"].into_iter().find(|again| rest.starts_with(again)) {
            return slip(
                end + 3..end + 3 + again.len(),
                "the scheme stands twice",
                "once is enough",
                Some(("take one out", "")),
            );
        }
        let host = rest.split(['/', '?', '#', '{']).next().unwrap_or_default();
        if !host.is_ascii() {
            return slip(
                end + 3..end + 3 + host.len(),
                "a host with letters that are not ASCII",
                "some of them look like others",
                None,
            );
        }
    }
    if let Some(start) = source.find("&amp;") {
        return slip(
            start..start + 5,
            "an address as it stands in HTML",
            "only HTML writes `&` so",
            Some(("as it is", "&")),
        );
    }
    if !source.contains(|c: char| c == '\\' || c.is_whitespace()) {
        return false;
    }
    let mut outside = true;
    for (index, c) in source.char_indices() {
        match &source[index..] {
            rest if rest.starts_with("{{") || rest.starts_with("{%") => outside = false,
            rest if rest.starts_with("}}") || rest.starts_with("%}") => outside = true,
            _ => {}
        }
        if outside && c == '\\' {
            let finding = Finding::error(code::INVALID_URL, at, "a backslash in an address")
                .range(Some(index..index + 1))
                .label("where the host ends depends on who reads it")
                .note("RFC 3986 has no backslash; browsers read a slash in its place")
                .help("write `/`, or `%5C` where the backslash itself is meant");
            compiler.report(finding);
            return true;
        }
        if outside && c.is_whitespace() {
            let edge = source[index..].trim().is_empty() || source[..index].trim().is_empty();
            let range = index..index + c.len_utf8();
            return slip(
                range,
                "a space in an address",
                "not part of any address",
                edge.then_some(("take it out", "")),
            );
        }
    }
    false
}

/// An address without variables that a sign-in would refuse.
fn refused(at: &str, source: &str, compiler: &mut Compiler) {
    if source.contains("{{") {
        return;
    }
    let literal = Template::compile(source).ok().filter(Template::is_literal);
    if let Some(Err(error)) = literal.map(|template| template.render_url(&Context::new())) {
        let title = "the address cannot be used";
        compiler.report(Finding::error(code::INVALID_URL, at, title).label(error.message));
    }
}

/// Where a variable that is a whole origin or address meets the path behind it.
fn joint(spec: &ProviderSpec, at: &str, source: &str, compiler: &mut Compiler) {
    let Some((tag, rest)) = source.strip_prefix("{{").and_then(|inner| inner.split_once("}}")) else {
        return;
    };
    let Some(name) = tag.trim().trim_matches('-').trim().strip_prefix("vars.") else { return };
    let Some(variable) = spec.vars.get(name) else { return };
    let start = source.len() - rest.len();
    let ends_with_slash = match variable.format {
        Some(Format::HttpsOrigin) => false,
        Some(Format::HttpsUrl) => match &variable.default {
            Some(default) => default.ends_with('/'),
            None => return,
        },
        _ => return,
    };
    let slashes = rest.bytes().take_while(|byte| *byte == b'/').count() + usize::from(ends_with_slash);
    if slashes > 1 {
        let range = start..start + slashes - usize::from(ends_with_slash);
        let finding =
            Finding::warning(code::DOUBLED_SLASH, at, "a doubled slash in the path").range(Some(range));
        compiler.report(match ends_with_slash {
            true => finding.other(format!("/vars/{name}/default"), "ends with a slash"),
            false => finding.replace("write one", "/"),
        });
    }
    let path = rest.split(['/', '?', '#', '{']).next().unwrap_or_default();
    if slashes == 0 && !path.is_empty() {
        compiler.report(
            Finding::error(code::INVALID_URL, at, "no slash between the variable and the path")
                .range(Some(start..start + path.len()))
                .label(match variable.format {
                    Some(Format::HttpsOrigin) => "would become part of the host",
                    _ => "would become part of the last segment",
                })
                .other(format!("/vars/{name}"), "does not end with a slash")
                .replace("with a slash", format!("/{path}"))
                .certain(),
        );
    }
}

/// The browser's endpoint in the place of the client's, and the other way round.
fn swapped(spec: &ProviderSpec, compiler: &mut Compiler) {
    let last = |source: &Option<String>| {
        let path = source.as_deref()?.split(['?', '#']).next()?.trim_end_matches('/');
        Some(path.rsplit('/').next()?.to_ascii_lowercase().replace(['-', '_'], ""))
    };
    let (Some(browser), Some(client)) = (last(&spec.authorization_endpoint), last(&spec.token_endpoint))
    else {
        return;
    };
    if ["token", "accesstoken"].contains(&&*browser)
        && ["auth", "authorize", "authorization"].contains(&&*client)
    {
        compiler.report(
            Finding::error(
                code::SAME_ENDPOINT,
                "/authorization_endpoint",
                "the endpoints are in each other's place",
            )
            .label("the address of a token endpoint")
            .other("/token_endpoint", "the address of an authorization endpoint")
            .note("RFC 6749 §3: the one serves the browser, the other the client"),
        );
    }
}

/// Addresses of documents, in the place of endpoints.
fn documents(spec: &ProviderSpec, compiler: &mut Compiler) {
    const DOCUMENTS: [&str; 3] = ["jwks.json", "oauth-authorization-server", "openid-configuration"];
    for (at, source) in
        all(spec).into_iter().filter(|(at, _)| at.contains("_endpoint") || at.ends_with("/endpoint"))
    {
        let last = source.rsplit('/').next().unwrap_or_default();
        if DOCUMENTS.contains(&last) {
            compiler.report(
                Finding::error(code::INVALID_URL, at, "a document in the place of an endpoint")
                    .range(Some(source.len() - last.len()..source.len()))
                    .label("lists endpoints or keys, and is none")
                    .help("write the endpoint that the document names; the document itself is `discovery`, or `jwks_uri`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::provider::check::found;

    fn titles(token_endpoint: &str, vars: &str) -> Vec<String> {
        let base = format!("vars: {{base: {vars}}}\nauthorization_endpoint: \"{{{{ vars.base }}}}/a\"");
        found::titles(&format!("{base}\ntoken_endpoint: \"{token_endpoint}\""))
    }

    #[test]
    fn an_address_is_written_as_the_standard_has_it() {
        let origin = "{format: https-origin}";
        for wrong in [
            "https:/acme.example/t",
            "https:///acme.example/t",
            "https://https://acme.example/t",
            "https://acme.example/t?a=1&amp;b=2",
            "https://acme.example/t ",
            "https://acme.example/a b",
            "https://acme.example\\\\@evil.test/t",
            "https://acme.example/a\\\\b",
            "{{ vars.base }}/a\\\\b",
            "https://127.1/t",
            "https://2130706433/t",
            "https://acme.example:/t",
            "https://\u{430}cme.example/t",
            "https://acme.example/.well-known/openid-configuration",
            "{{ vars.base }}oauth/token",
            "{{ vars.base }}//token",
        ] {
            assert_eq!(titles(wrong, origin).len(), 1, "{wrong}: {:?}", titles(wrong, origin));
        }
        for right in [
            "https://acme.example/t?a=1&b=2",
            "{{ vars.base }}/token",
            "{{ vars.base }}?a=b",
            "{{ vars.base }}/{{ client.id | replace('\\\\\\\\', '/') }}",
            "https://127.0.0.1/t",
            "https://[::1]:8443/t",
            "https://Acme.example:443/a%5Cb",
            "{{ vars.base }}",
        ] {
            assert_eq!(titles(right, origin), Vec::<String>::new(), "{right}");
        }
    }

    #[test]
    fn a_slash_stands_between_an_address_and_a_path() {
        let slash = "{format: https-url, default: 'https://acme.example/x/'}";
        assert_eq!(
            titles("{{ vars.base }}token", slash),
            ["a doubled slash in the path"],
            "the other address"
        );
        let bare = "{format: https-url, default: 'https://acme.example/x'}";
        assert_eq!(titles("{{ vars.base }}token", bare), ["no slash between the variable and the path"]);
        assert_eq!(titles("{{ vars.base }}/token", bare), Vec::<String>::new());
        assert_eq!(titles("{{ vars.base }}token", "{format: https-url}"), Vec::<String>::new());
    }
}
