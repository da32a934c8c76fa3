//! Endpoints that cannot be right together, and parameters that an endpoint's query writes besides the request's own.

use crate::diagnostic::code;
use crate::provider::Provider;
use crate::provider::authorize::RESERVED;
use crate::provider::compile::Compiler;
use crate::provider::finding::{Finding, segment};
use crate::spec::ProviderSpec;
use crate::spec::step::Params;
use crate::spec::userinfo::UserinfoSpec;

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    same(spec, compiler);
    let authorization = Sent {
        endpoint: ("/authorization_endpoint".into(), spec.authorization_endpoint.as_deref()),
        params: ("/authorization/params".into(), &spec.authorization.params),
        own: &RESERVED,
    };
    authorization.check(compiler);
    let token = ("/token_endpoint".to_owned(), spec.token_endpoint.as_deref());
    for (at, params) in [("/token/params", &spec.token.params), ("/token/query", &spec.token.query)] {
        let own: &[&str] = if at == "/token/params" { &TOKEN } else { &[] };
        Sent { endpoint: token.clone(), params: (at.into(), params), own }.check(compiler);
    }
    let one = matches!(spec.userinfo, Some(UserinfoSpec::One(_)));
    for (index, call) in spec.userinfo.as_ref().map_or(&[][..], UserinfoSpec::calls).iter().enumerate() {
        let at = if one { "/userinfo".to_owned() } else { format!("/userinfo/{index}") };
        let endpoint = match &call.name {
            None => ("/userinfo_endpoint".to_owned(), spec.userinfo_endpoint.as_deref()),
            Some(_) => (format!("{at}/endpoint"), call.endpoint.as_deref()),
        };
        Sent { endpoint, params: (format!("{at}/params"), &call.params), own: &[] }.check(compiler);
    }
}

/// Parameters of the token request that the engine sends.
const TOKEN: [&str; 4] = ["code", "code_verifier", "grant_type", "redirect_uri"];

/// Two endpoints of one address.
fn same(spec: &ProviderSpec, compiler: &mut Compiler) {
    // A slash at the end and the case of the host make no other address.
    let plain = |address: &str| address.trim_end_matches('/').to_ascii_lowercase();
    let equal = |a: &Option<String>, b: &Option<String>| {
        a.as_deref().is_some_and(|a| Some(plain(a)) == b.as_deref().map(plain))
    };
    if equal(&spec.token_endpoint, &spec.authorization_endpoint) {
        compiler.report(
            Finding::error(
                code::SAME_ENDPOINT,
                "/token_endpoint",
                "the token endpoint is the authorization endpoint",
            )
            .label("a code cannot be exchanged where the browser is sent")
            .other("/authorization_endpoint", "the same address")
            .note("RFC 6749 §3: the two endpoints serve the browser and the client"),
        );
    }
    // A gateway has one address for everything, and tells requests apart by their parameters.
    let gateway = spec.userinfo.as_ref().map_or(&[][..], UserinfoSpec::calls).iter().any(|call| {
        call.name.is_none() && !(call.params.is_empty() && call.query.is_empty() && call.headers.is_empty())
    });
    let others = [
        ("/authorization_endpoint", &spec.authorization_endpoint, "authorization"),
        ("/token_endpoint", &spec.token_endpoint, "token"),
    ];
    for (at, other, name) in others {
        if equal(&spec.userinfo_endpoint, other) && !gateway {
            compiler.report(
                Finding::error(
                    code::SAME_ENDPOINT,
                    "/userinfo_endpoint",
                    format!("the userinfo endpoint is the {name} endpoint"),
                )
                .label("nothing tells the two requests apart")
                .other(at, "the same address")
                .note("OpenID Connect Core §5.3: userinfo is a protected resource of its own"),
            );
            return;
        }
    }
}

/// What one request sends: the query of its address, what the file adds, what the engine adds.
struct Sent<'a> {
    endpoint: (String, Option<&'a str>),
    params: (String, &'a Params),
    own: &'a [&'a str],
}

impl Sent<'_> {
    fn check(&self, compiler: &mut Compiler) {
        let (at, Some(source)) = &self.endpoint else { return };
        let (section, params) = &self.params;
        for (name, start) in query_names(source) {
            let range = Some(start..start + name.len());
            if self.own.contains(&name) {
                compiler.report(
                    Finding::error(code::RESERVED_PARAMETER, at, format!("`{name}` stands in the address"))
                        .range(range)
                        .label("the engine sends this parameter itself")
                        .note("RFC 6749 §3.1 and §3.2: a parameter is sent once")
                        .help("take it out of the address"),
                );
            } else if params.get(name).is_some_and(Option::is_some) {
                compiler.report(
                    Finding::error(
                        code::PARAMETER_TWICE,
                        format!("{section}/{}", segment(name)),
                        format!("`{name}` is set in two places"),
                    )
                    .on_key()
                    .label("one of the two would be lost, or both be sent")
                    .other(at.clone(), "the query of this address has it too")
                    .note("RFC 6749 §3.1 and §3.2: a parameter is sent once")
                    .help("keep it here, and take it out of the address"),
                );
            }
        }
    }
}

/// The names in the fixed query of an address, each with its place.
fn query_names(source: &str) -> Vec<(&str, usize)> {
    let mut names = vec![];
    let Some(start) = source.find('?').map(|mark| mark + 1) else { return names };
    let mut at = start;
    for pair in source[start..].split('&') {
        let name = pair.split('=').next().unwrap_or_default();
        if !name.is_empty() && !name.contains(['{', '}', '%']) {
            names.push((name, at));
        }
        at += pair.len() + 1;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_names_of_a_query() {
        assert_eq!(query_names("https://a.example/?x=1&yy=2"), [("x", 19), ("yy", 23)]);
        assert_eq!(query_names("https://a.example/x"), []);
    }
}
