//! The access token in a userinfo call: it travels once, and not in an address that is logged.

use crate::diagnostic::code;
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::spec::ProviderSpec;
use crate::spec::step::Method;
use crate::spec::userinfo::{UserinfoCallSpec, UserinfoSpec};

const TOKEN: &str = "token.access_token";

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    let one = matches!(spec.userinfo, Some(UserinfoSpec::One(_)));
    let calls = spec.userinfo.as_ref().map_or(&[][..], UserinfoSpec::calls);
    for (index, call) in calls.iter().enumerate() {
        let at = if one { "/userinfo".to_owned() } else { format!("/userinfo/{index}") };
        parameter(&format!("{at}/params/access_token"), call, compiler);
        if let Some(source) = &call.endpoint {
            address(&format!("{at}/endpoint"), source, call.auth.as_deref(), compiler);
        }
    }
    let plain = calls.iter().find(|call| call.name.is_none());
    if let Some(source) = &spec.userinfo_endpoint
        && (plain.is_some() || spec.userinfo.is_none())
    {
        address("/userinfo_endpoint", source, plain.and_then(|call| call.auth.as_deref()), compiler);
    }
}

fn parameter(at: &str, call: &UserinfoCallSpec, compiler: &mut Compiler) {
    let written = call.params.get("access_token").and_then(Option::as_ref);
    if !written.is_some_and(|value| value.mentions(TOKEN)) {
        return;
    }
    match call.auth.as_deref() {
        None | Some("bearer") => compiler.report(
            Finding::error(code::CREDENTIALS_TWICE, at, "the access token is written as a parameter")
                .on_key()
                .label("it would travel twice: `auth` is `bearer` where nothing else is said")
                .help("write `auth: query:access_token` instead, or `auth: none` where it travels in a body"),
        ),
        Some("none") if call.method.unwrap_or_default() == Method::Get => {
            compiler.report(logged(at).on_key().help("write `auth: query:access_token` instead"));
        }
        Some(_) => {}
    }
}

/// A token in the path is the provider's own wish where nothing else authenticates the call.
fn address(at: &str, source: &str, auth: Option<&str>, compiler: &mut Compiler) {
    let Some(start) = source.find(TOKEN) else { return };
    let before = &source[..start];
    let finding = logged(at).range(Some(start..start + TOKEN.len()));
    match before.rfind('?').map(|query| &before[query + 1..]) {
        Some(query) => {
            let name = query.rsplit('&').next().and_then(|parameter| parameter.split_once('='));
            let name = name.map_or("access_token", |(name, _)| name);
            compiler.report(finding.help(format!(
                "take it out: the provider gets it in a header, or by `auth: query:{name}` where it reads none"
            )));
        }
        None if auth == Some("none") => {}
        None => compiler.report(finding.help(
            "take it out: the header has it; or write `auth: none` where the provider wants it in the path",
        )),
    }
}

fn logged(at: &str) -> Finding {
    Finding::warning(code::EXPOSED_SECRET, at, "the access token stands in an address")
        .label("servers and proxies write addresses into their logs")
        .note("RFC 6750 §2.3, RFC 9700 §4.3.2: not in an address, unless there is no other way")
}

#[cfg(test)]
mod tests {
    use crate::provider::check::found;

    fn codes(address: &str, userinfo: &str) -> Vec<&'static str> {
        found::codes(&format!("userinfo_endpoint: \"https://acme.example/{address}\"\nuserinfo: {userinfo}"))
    }

    #[test]
    fn it_travels_once() {
        let params = "params: {access_token: '{{ token.access_token }}'}";
        assert_eq!(codes("u", &format!("{{{params}}}")), ["credentials-twice"]);
        assert_eq!(codes("u", &format!("{{auth: bearer, {params}}}")), ["credentials-twice"]);
        assert_eq!(codes("u", &format!("{{auth: none, {params}}}")), ["exposed-secret"]);
        assert!(codes("u", &format!("{{method: POST, auth: none, {params}}}")).is_empty());
        assert!(codes("u", "{auth: 'query:access_token'}").is_empty());
    }

    #[test]
    fn no_log_has_it() {
        for (address, auth) in [
            ("u?access_token={{ token.access_token }}", "{}"),
            ("u?v=5&t={{ token.access_token }}", "{auth: none}"),
            ("u/{{ token.access_token }}", "{}"),
            ("u/{{ token.access_token }}", "{auth: bearer}"),
        ] {
            assert_eq!(codes(address, auth), ["exposed-secret"], "{address} {auth}");
        }
        for (address, auth) in [
            ("u/{{ token.access_token }}", "{auth: none}"),
            ("u?v={{ token.raw.version }}", "{}"),
            ("u", "{auth: none, method: POST, params: {token: '{{ token.access_token }}'}}"),
        ] {
            assert!(codes(address, auth).is_empty(), "{address} {auth}: {:?}", codes(address, auth));
        }
        let named = "[{}, {as: more, endpoint: 'https://acme.example/m?t={{ token.access_token }}'}]";
        assert_eq!(codes("u", named), ["exposed-secret", "unused-name"]);
    }
}
