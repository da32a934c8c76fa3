//! What a file uses and the lists of the discovery document do not have: scopes, modes, methods, algorithms.
//!
//! A list that is missing or empty says nothing.

use serde_json::Value;

use crate::cli::validate::online::compare::{Comparison, shown};
use crate::diagnostic::{Severity, code, nearest};
use crate::oauth::jose::Alg;
use crate::provider::Protocol;
use crate::provider::authorize::Pkce;
use crate::provider::client_auth::TokenEndpointAuthMethod;
use crate::provider::finding::Finding;

impl Comparison<'_> {
    /// Each value that its list does not have.
    pub(super) fn lists(&self) -> Vec<Finding> {
        let one = [
            self.response_type(),
            self.response_mode(),
            self.token_endpoint_auth_method(),
            self.assertion_alg(),
            self.id_token_algs(),
            self.userinfo_alg(),
            self.introspection_alg(),
            self.code_challenge_method(),
        ];
        self.scopes().into_iter().chain(one.into_iter().flatten()).collect()
    }

    fn scopes(&self) -> Vec<Finding> {
        let Some(list) = self.list("scopes_supported") else { return vec![] };
        let scopes = &self.subject.provider.authorize.scope;
        let unlisted = scopes.iter().enumerate().filter(|(_, scope)| !list.contains(&scope.as_str()));
        unlisted
            .map(|(index, scope)| {
                let at = format!("/scopes/default/{index}");
                let written = self.subject.whole.pointer(&at).is_some();
                let at =
                    if written { at } else { self.subject.place(&["/scopes", "/protocol", "/discovery"]) };
                let finding = self.unlisted(&at, "scope", scope, "scopes_supported");
                let finding =
                    finding.note(self.asked("RFC 8414 §2: a provider may leave scopes out of its list"));
                match nearest(scope, list.iter().copied()).filter(|_| written) {
                    Some(near) => finding.replace("the document lists a similar scope", near),
                    None => finding,
                }
            })
            .collect()
    }

    fn response_type(&self) -> Option<Finding> {
        let list = self.list("response_types_supported")?;
        if list.contains(&"code") || self.writes("/authorization/params/response_type") {
            return None;
        }
        let finding = self.unlisted(&self.at(), "response type", "code", "response_types_supported");
        Some(Finding { severity: Severity::Error, ..finding }.note(self.asked("RFC 6749 §4.1.1")))
    }

    fn response_mode(&self) -> Option<Finding> {
        let mode = self.subject.provider.authorize.response_mode.as_str();
        let list = self.list("response_modes_supported").filter(|list| !list.contains(&mode))?;
        let at = "/authorization/response_mode";
        let known = list.iter().copied().filter(|mode| ["form_post", "query"].contains(mode));
        Some(self.choose(at, "response mode", mode, "response_modes_supported", known.collect()))
    }

    fn token_endpoint_auth_method(&self) -> Option<Finding> {
        let method = |method| match method {
            TokenEndpointAuthMethod::ClientSecretBasic
            | TokenEndpointAuthMethod::ClientSecretBasicUnencoded => "client_secret_basic",
            TokenEndpointAuthMethod::ClientSecretPost => "client_secret_post",
            TokenEndpointAuthMethod::ClientSecretJwt => "client_secret_jwt",
            TokenEndpointAuthMethod::PrivateKeyJwt => "private_key_jwt",
            TokenEndpointAuthMethod::TlsClientAuth => "tls_client_auth",
            TokenEndpointAuthMethod::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
            TokenEndpointAuthMethod::None => "none",
        };
        let used = method(self.subject.provider.client_auth.method);
        let name = "token_endpoint_auth_methods_supported";
        let list = self.list(name).filter(|list| !list.contains(&used))?;
        // What needs no more than the secret.
        let known =
            ["client_secret_basic", "client_secret_post"].into_iter().filter(|known| list.contains(known));
        let at = "/token_endpoint_auth_method";
        Some(self.choose(at, "client authentication method", used, name, known.collect()))
    }

    fn assertion_alg(&self) -> Option<Finding> {
        let auth = &self.subject.provider.client_auth;
        let alg = match auth.method {
            TokenEndpointAuthMethod::PrivateKeyJwt => Alg::from(auth.assertion.alg),
            TokenEndpointAuthMethod::ClientSecretJwt => Alg::HS256,
            _ => return None,
        };
        let name = "token_endpoint_auth_signing_alg_values_supported";
        self.list(name).filter(|list| !list.contains(&alg.as_str()))?;
        let at = self.subject.place(&["/client_assertion/alg", "/token_endpoint_auth_method"]);
        let finding = self.unlisted(&at, "algorithm of the assertion", alg.as_str(), name);
        Some(finding.note(self.asked("RFC 8414 §2")))
    }

    /// An id_token that is signed with none of the algorithms that the file accepts is refused.
    fn id_token_algs(&self) -> Option<Finding> {
        let provider = &self.subject.provider;
        if provider.protocol != Protocol::Oidc {
            return None;
        }
        let name = "id_token_signing_alg_values_supported";
        let list = self.list(name)?;
        let accepted: Vec<&str> = provider.id_token.algs.iter().map(|alg| Alg::from(*alg).as_str()).collect();
        if accepted.iter().any(|alg| list.contains(alg)) {
            return None;
        }
        let at = self.subject.place(&["/id_token/algs", "/id_token", "/protocol"]);
        let finding = self.unlisted(&at, "algorithm of id_tokens", &accepted.join(", "), name);
        let known: Vec<&str> =
            list.into_iter().filter(|alg| alg.parse::<Alg>().is_ok() && *alg != "none").collect();
        let finding = Finding { severity: Severity::Error, ..finding }
            .note(self.asked("OpenID Connect Core §3.1.3.7: an id_token with another algorithm is refused"));
        Some(match known.is_empty() {
            true => finding,
            false => finding.help(format!("write `id_token: {{algs: [{}]}}`", known.join(", "))),
        })
    }

    fn introspection_alg(&self) -> Option<Finding> {
        let alg = Alg::from(self.subject.provider.introspection_signed_response_alg?).as_str();
        let name = "introspection_signing_alg_values_supported";
        self.list(name).filter(|list| !list.contains(&alg))?;
        let finding =
            self.unlisted("/introspection_signed_response_alg", "algorithm of introspection", alg, name);
        Some(finding.note(self.asked("RFC 9701 §7")))
    }

    fn userinfo_alg(&self) -> Option<Finding> {
        let alg = Alg::from(self.subject.provider.userinfo_signed_response_alg?).as_str();
        let name = "userinfo_signing_alg_values_supported";
        self.list(name).filter(|list| !list.contains(&alg))?;
        let finding = self.unlisted("/userinfo_signed_response_alg", "algorithm of userinfo", alg, name);
        Some(finding.note(self.asked("OpenID Connect Discovery §3")))
    }

    /// Where the file discovers, a sign-in with `S256` is not begun at a provider that does not list it.
    fn code_challenge_method(&self) -> Option<Finding> {
        let method = match self.subject.provider.authorize.pkce {
            Pkce::None => return None,
            Pkce::Plain => "plain",
            Pkce::S256 => "S256",
        };
        let name = "code_challenge_methods_supported";
        let list = self.list(name).filter(|list| !list.contains(&method))?;
        let known: Vec<&str> = ["S256", "plain"].into_iter().filter(|known| list.contains(known)).collect();
        let finding = self.choose("/pkce", "PKCE method", method, name, known);
        let refused = method == "S256" && self.subject.discovers();
        Some(Finding { severity: if refused { Severity::Error } else { finding.severity }, ..finding })
    }

    /// A value that should be another one of the list.
    fn choose(&self, at: &str, what: &str, value: &str, name: &str, known: Vec<&str>) -> Finding {
        let written = self.writes(at);
        let place = if written { at.to_owned() } else { self.at() };
        let finding = self.unlisted(&place, what, value, name).note(self.asked("RFC 8414 §2"));
        let key = at.trim_start_matches('/').replace('/', ".");
        match (known.first(), written) {
            (Some(known), true) => finding.replace("the document lists another one", *known),
            (Some(known), false) => finding.help(format!("write `{key}: {known}`")),
            (None, _) => finding,
        }
    }

    fn unlisted(&self, at: &str, what: &str, value: &str, name: &str) -> Finding {
        let title = format!("the discovery document does not list the {what} `{value}`");
        let list = shown(&self.list(name).unwrap_or_default().join(", "));
        Finding::warning(code::UNLISTED_VALUE, at, title).label(format!("`{name}` has {list}"))
    }

    /// A list of the document, where it says something.
    fn list(&self, name: &str) -> Option<Vec<&str>> {
        let list = self.found.get(name)?.as_array()?;
        let list: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
        (!list.is_empty()).then_some(list)
    }

    fn writes(&self, pointer: &str) -> bool {
        self.subject.whole.pointer(pointer).is_some_and(|value| !value.is_null())
    }
}
