//! A provider file as it is compared: its addresses, as far as they are fixed without a deployment or a sign-in.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};
use url::{Host, Url};

use crate::expr::{Context, Template};
use crate::provider::finding::segment;
use crate::provider::{Protocol, Provider};
use crate::yaml::Document;

/// Addresses that a sign-in goes to.
const NEEDED: [&str; 5] =
    ["/authorization_endpoint", "/token_endpoint", "/userinfo_endpoint", "/jwks_uri", "/discovery"];
/// Addresses that a sign-in gets by without.
const OTHERS: [&str; 10] = [
    "/issuer",
    "/docs",
    "/brand/logo",
    "/brand/logo_dark",
    "/revocation_endpoint",
    "/introspection_endpoint",
    "/device_authorization_endpoint",
    "/end_session_endpoint",
    "/registration_endpoint",
    "/pushed_authorization_request_endpoint",
];

/// A provider file, with what it extends.
#[derive(Debug)]
pub(super) struct Subject {
    /// What it means.
    pub provider: Arc<Provider>,
    /// What it says, laid over its base, and the keys of a deployment over both.
    pub whole: Value,
    /// What it extends.
    pub base: Option<Arc<Document>>,
    context: Context,
    known: Vec<String>,
    /// Whether a deployment chose the issuer.
    issuer_is_set: bool,
}

/// An address of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Where it stands.
    pub pointer: String,
    /// Its host, in lower case.
    pub host: String,
    /// Whether no sign-in works without it.
    pub needed: bool,
}

impl Subject {
    /// A provider with the values of its variables; those that have none count with their default. `None` where the file says
    /// itself that the provider is gone, and where a value is none.
    pub fn new(
        provider: Arc<Provider>,
        whole: Value,
        base: Option<Arc<Document>>,
        given: &IndexMap<String, String>,
    ) -> Option<Subject> {
        if whole.get("status").and_then(Value::as_str) == Some("dead") {
            return None;
        }
        let mut values = Map::new();
        for (name, constraint) in
            provider.vars.iter().filter(|(name, _)| !provider.learned.contains_key(*name))
        {
            let value = match (given.get(name), &constraint.default) {
                (Some(value), _) => constraint.check(value).ok()?,
                (None, Some(default)) if !default.is_empty() => match constraint.check(default) {
                    Ok(value) => value,
                    Err(_) => continue,
                },
                (None, Some(_)) => String::new(),
                (None, None) if constraint.optional => String::new(),
                (None, None) => continue,
            };
            values.insert(name.clone(), value.into());
        }
        let known = values.keys().map(|name| format!("vars.{name}")).collect();
        let mut context = Context::new();
        context.set("vars", Value::Object(values));
        Some(Subject { provider, whole, base, context, known, issuer_is_set: given.contains_key("issuer") })
    }

    /// The variables that an address is made of.
    pub fn variables(&self, pointer: &str) -> Vec<String> {
        let source = self.whole.pointer(pointer).and_then(Value::as_str);
        let names = source.and_then(|source| Template::compile(source).ok()).map(|template| template.names());
        let names = names.unwrap_or_default().into_iter();
        names.filter_map(|name| name.strip_prefix("vars.").map(str::to_owned)).collect()
    }

    /// The text of an address with the defaults of its variables; `None` where that leaves something open.
    pub fn address(&self, pointer: &str) -> Option<String> {
        let template = Template::compile(self.whole.pointer(pointer)?.as_str()?).ok()?;
        let fixed = template.names().iter().all(|name| self.known.contains(name));
        fixed.then(|| template.render_url(&self.context).ok())?
    }

    /// The address of the discovery document: the one that the file asks for, else that of its issuer.
    pub fn discovery(&self) -> Option<Url> {
        let text = match self.whole.get("discovery") {
            Some(Value::String(_)) => self.address("/discovery")?,
            None | Some(Value::Null | Value::Bool(false)) if self.provider.protocol != Protocol::Oidc => {
                return None;
            }
            _ => {
                let issuer = self.address("/issuer")?;
                format!("{}/.well-known/openid-configuration", issuer.strip_suffix('/').unwrap_or(&issuer))
            }
        };
        Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "https" | "http"))
    }

    /// Whether the file leaves metadata to the discovery document.
    pub fn discovers(&self) -> bool {
        self.provider.metadata.discovery.is_some()
    }

    /// Whether an address gives way to that of the discovery document, where that has one: a deployment chose the issuer, and
    /// it does not follow it.
    pub fn gives_way(&self, pointer: &str) -> bool {
        let is_endpoint = pointer.ends_with("_endpoint") || pointer == "/jwks_uri";
        self.issuer_is_set
            && self.discovers()
            && is_endpoint
            && !self.variables(pointer).iter().any(|name| name == "issuer")
    }

    /// The first of these places that the file or its base writes, else its top.
    pub fn place(&self, pointers: &[&str]) -> String {
        let written = pointers.iter().find(|pointer| self.whole.pointer(pointer).is_some());
        written.map(|pointer| (*pointer).to_owned()).unwrap_or_default()
    }

    /// Every address whose host is fixed, in the order of importance.
    pub fn addresses(&self) -> Vec<Address> {
        let mut pointers: Vec<(String, bool)> = vec![];
        pointers.extend(NEEDED.map(|pointer| (pointer.to_owned(), true)));
        let calls = |at: &str, value: Option<&Value>| -> Vec<String> {
            match value {
                Some(Value::Array(calls)) => {
                    (0..calls.len()).map(|index| format!("{at}/{index}/endpoint")).collect()
                }
                _ => vec![format!("{at}/endpoint")],
            }
        };
        let whole = &self.whole;
        let userinfo = calls("/userinfo", whole.get("userinfo"));
        let then = calls("/token/then", whole.pointer("/token/then"));
        pointers.extend(userinfo.into_iter().chain(then).map(|pointer| (pointer, true)));
        pointers.push(("/refresh/endpoint".into(), false));
        pointers.push(("/issuer".into(), self.whole.get("discovery") == Some(&Value::Bool(true))));
        pointers.extend(OTHERS.map(|pointer| (pointer.to_owned(), false)));
        let sources = whole.get("sources").and_then(Value::as_array).map_or(0, Vec::len);
        pointers.extend((0..sources).map(|index| (format!("/sources/{index}"), false)));
        let scopes = whole.pointer("/scopes/supported").and_then(Value::as_object);
        let scopes = scopes.into_iter().flat_map(Map::keys);
        pointers.extend(scopes.map(|scope| (format!("/scopes/supported/{}/docs", segment(scope)), false)));
        let address = |(pointer, needed): (String, bool)| {
            let host = self.host(&pointer)?;
            Some(Address { pointer, host, needed })
        };
        pointers.into_iter().filter_map(address).collect()
    }

    /// The host of an address, where it is a name that anybody could know and no variable is in it.
    fn host(&self, pointer: &str) -> Option<String> {
        let text = self.address(pointer).or_else(|| {
            let source = self.whole.pointer(pointer)?.as_str()?;
            let literal = &source[..source.find("{")?];
            let host = literal.split_once("://")?.1;
            host.contains(['/', '?', '#']).then(|| literal.to_owned())
        })?;
        let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "https" | "http"))?;
        match url.host()? {
            Host::Domain(host) if host != "localhost" && !host.ends_with(".localhost") => {
                Some(host.to_owned())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::load_value;
    use crate::yaml::Limits;

    fn subject(text: &str) -> Subject {
        let text = format!("id: acme\nname: Acme\nprofile: {{sub: $.userinfo.id}}\n{text}");
        let document = Document::parse("acme.yaml", text.as_bytes(), Limits::PROVIDER).unwrap();
        let (provider, findings) = load_value(document.to_json());
        let provider = provider.unwrap_or_else(|| panic!("{findings:?}"));
        Subject::new(Arc::new(provider), document.to_json(), None, &IndexMap::new()).expect("it is not gone")
    }

    fn hosts(text: &str) -> Vec<(String, String, bool)> {
        let addresses = subject(text).addresses().into_iter();
        addresses.map(|address| (address.pointer, address.host, address.needed)).collect()
    }

    #[test]
    fn a_host_with_a_default_or_in_front_of_a_variable_is_fixed() {
        let found = hosts(
            "authorization_endpoint: 'https://{{ vars.host }}.acme.example/a'\n\
             token_endpoint: 'https://Api.acme.example/{{ vars.tenant }}/t'\n\
             userinfo_endpoint: 'https://{{ vars.region }}.acme.example/me'\n\
             docs: https://acme.example/docs\n\
             vars: {host: {default: eu, enum: [eu, us]}, region: {enum: [eu, us]}, tenant: {pattern: '^a$'}}\n",
        );
        let expected = [
            ("/authorization_endpoint", "eu.acme.example", true),
            ("/token_endpoint", "api.acme.example", true),
            ("/docs", "acme.example", false),
        ];
        assert_eq!(found, expected.map(|(pointer, host, needed)| (pointer.into(), host.into(), needed)));
    }

    #[test]
    fn this_machine_and_numbers_have_no_name_to_ask_for() {
        let found = hosts(
            "authorization_endpoint: http://localhost:8080/a\ntoken_endpoint: https://127.0.0.1/t\n\
             userinfo_endpoint: https://[::1]/me\n",
        );
        assert_eq!(found, []);
    }

    #[test]
    fn the_document_is_that_of_the_file_else_of_its_issuer() {
        let discovery = |text: &str| {
            let text = format!(
                "authorization_endpoint: https://a.example/a\ntoken_endpoint: https://a.example/t\n\
                userinfo_endpoint: https://a.example/me\n{text}"
            );
            subject(&text).discovery().map(String::from)
        };
        let at = |url: &str| Some(url.to_owned());
        assert_eq!(discovery("issuer: https://a.example\n"), None);
        let oidc = "protocol: oidc\nissuer: https://a.example/x/\njwks_uri: https://a.example/jwks\n";
        let well_known = at("https://a.example/x/.well-known/openid-configuration");
        assert_eq!(discovery(oidc), well_known);
        assert_eq!(discovery(&format!("{oidc}discovery: true\n")), well_known);
        let elsewhere = format!("{oidc}discovery: https://b.example/configuration\n");
        assert_eq!(discovery(&elsewhere), at("https://b.example/configuration"));
        let open = "protocol: oidc\njwks_uri: https://a.example/jwks\nissuer: '{{ vars.issuer }}'\nvars: {issuer: {format: https-url}}\n";
        assert_eq!(discovery(open), None);
    }
}
