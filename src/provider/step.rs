//! A step, compiled: how its request and its answer deviate from the RFC.

use http::{HeaderName, header};
use indexmap::IndexMap;
use serde_json::Value;

use crate::diagnostic::code;
use crate::expr::{Condition, Path, Template};
use crate::provider::compile::Compiler;
use crate::provider::finding::{Finding, segment};
use crate::provider::moment::Moment;
use crate::provider::param::Param;
use crate::provider::read::Read;
use crate::spec::client_auth::TokenEndpointAuthMethod;
use crate::spec::step::{Params, ResponseMap, ResponseSpec, StepKeys};
use crate::spec::value::{ParamValue, Scalar};

pub use crate::spec::step::{Body, Method, ResponseFormat};

/// Parameters laid over those of the RFC; `None` drops one.
pub type ParamTemplates = Vec<(String, Option<Param>)>;

/// How the request and the answer of a step deviate.
#[derive(Debug, Default)]
pub struct Step {
    /// The HTTP method.
    pub method: Method,
    /// How the request authenticates; `None` where the step's default holds.
    pub auth: Option<Auth>,
    /// Headers to set.
    pub headers: Vec<(HeaderName, Template)>,
    /// Parameters laid over those of the RFC.
    pub params: ParamTemplates,
    /// Parameters for the URL of a request with a body.
    pub query: ParamTemplates,
    /// How the body is written.
    pub body: Body,
    /// Parameters that a JSON body has as a number or a boolean.
    pub typed: Vec<(String, Value)>,
    /// Parameters whose value is not percent-encoded.
    pub raw: Vec<String>,
    /// How the answer is read.
    pub response: Response,
}

/// How a request authenticates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer` with the access token (RFC 6750 §2.1).
    Bearer,
    /// As the client, by one of the methods of the token endpoint.
    Client(TokenEndpointAuthMethod),
    /// The access token in a header of its own.
    Header(HeaderName),
    /// Not at all.
    None,
    /// The access token as a parameter of the query.
    Query(String),
    /// `Authorization` with another word than `Bearer`.
    Scheme(String),
}

/// How an answer is read.
#[derive(Debug, Default)]
pub struct Response {
    /// JSON or a form.
    pub format: ResponseFormat,
    /// What holds on success.
    pub ok: Option<Condition>,
    /// Where the error code stands.
    pub error: Option<Path>,
    /// Where its description stands.
    pub error_description: Option<Path>,
    /// What `token_type` a token response must have.
    pub token_type: TokenType,
    /// Where the members of a token response stand, by their standard names.
    pub map: IndexMap<&'static str, Read>,
    /// The `iss` of an answer that is a JWT, where that is not the provider's issuer.
    pub issuer: Option<Template>,
}

/// The kinds of access tokens (RFC 6749 §7.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenType {
    /// Whoever holds it may use it (RFC 6750).
    #[default]
    Bearer,
    /// It is bound to a key (RFC 9449 §5).
    DPoP,
}

impl TokenType {
    /// The value of `token_type`, which servers write in any letters.
    pub fn as_str(self) -> &'static str {
        match self {
            TokenType::Bearer => "bearer",
            TokenType::DPoP => "DPoP",
        }
    }

    /// What is wrong with a token response that has another one.
    pub fn missed(self) -> &'static str {
        match self {
            TokenType::Bearer => {
                "the token_type is not bearer; where it means the same, map it: `token_type: bearer`"
            }
            TokenType::DPoP => "the token_type is not DPoP: the access token is bound to no key",
        }
    }
}

impl Compiler {
    /// A step; `method` is what holds where the file says nothing. The request is made at `moment`, its answer read at `answer`.
    pub(super) fn step(
        &mut self,
        at: &str,
        keys: StepKeys<'_>,
        method: Method,
        moment: Moment,
        answer: Moment,
    ) -> Step {
        if keys.is_empty() {
            return Step { method, response: self.plain_response(), ..Step::default() };
        }
        let method = keys.method.unwrap_or(method);
        let step = Step {
            method,
            auth: keys.auth.and_then(|auth| self.auth(&format!("{at}/auth"), auth)),
            headers: self.headers(&format!("{at}/headers"), keys.headers, moment),
            params: self.params(&format!("{at}/params"), keys.params, moment),
            query: self.query(at, &keys, method, moment),
            body: self.body(at, keys.body, method),
            typed: typed(keys.params),
            raw: keys.raw.to_vec(),
            response: self.response(&format!("{at}/response"), keys.response, answer),
        };
        self.content_type(at, &keys, method);
        let own = keys.params.keys().chain(keys.query.keys()).map(String::as_str);
        let known: Vec<&str> = own.chain(STANDARD).collect();
        self.raw(at, keys.raw, &known);
        if step.body == Body::Json && !step.raw.is_empty() {
            self.report(
                Finding::error(code::NO_EFFECT, format!("{at}/raw"), "a JSON body is not percent-encoded")
                    .on_key()
                    .other(format!("{at}/body"), "the body is JSON"),
            );
        }
        step
    }

    /// Parameters that are sent as they are must be sent at all.
    pub(super) fn raw(&mut self, at: &str, raw: &[String], known: &[&str]) {
        for (index, name) in raw.iter().enumerate().filter(|(_, name)| !known.contains(&name.as_str())) {
            self.report(
                Finding::error(code::NO_EFFECT, format!("{at}/raw/{index}"), format!("`{name}` is not sent"))
                    .label("no parameter of this step has that name")
                    .propose("a parameter with a similar name is sent", name, known.iter().copied()),
            );
        }
    }

    pub(super) fn auth(&mut self, at: &str, word: &str) -> Option<Auth> {
        let auth = self.auth_word(at, word)?;
        if self.token_type == TokenType::DPoP
            && matches!(auth, Auth::Header(_) | Auth::Query(_) | Auth::Scheme(_))
        {
            self.report(
                Finding::error(
                    code::INVALID_VALUE,
                    at,
                    "an access token that is bound to a key travels as `bearer`",
                )
                .label("nothing would prove that its key is there")
                .other("/dpop_bound_access_tokens", "the access tokens are bound to a key")
                .note("RFC 9449 §7.1: it is sent with the scheme `DPoP`, beside its proof")
                .replace("the engine writes the scheme and the proof", "bearer"),
            );
        }
        Some(auth)
    }

    fn auth_word(&mut self, at: &str, word: &str) -> Option<Auth> {
        Some(match word.split_once(':') {
            None if word == "bearer" => Auth::Bearer,
            None if word == "none" => Auth::None,
            None if word == "client_secret_basic" => Auth::Client(TokenEndpointAuthMethod::ClientSecretBasic),
            None if word == "client_secret_basic_unencoded" => {
                Auth::Client(TokenEndpointAuthMethod::ClientSecretBasicUnencoded)
            }
            None if word == "client_secret_post" => Auth::Client(TokenEndpointAuthMethod::ClientSecretPost),
            None if word == "client_secret_jwt" => Auth::Client(TokenEndpointAuthMethod::ClientSecretJwt),
            None if word == "private_key_jwt" => Auth::Client(TokenEndpointAuthMethod::PrivateKeyJwt),
            None if word == "tls_client_auth" => Auth::Client(TokenEndpointAuthMethod::TlsClientAuth),
            None if word == "self_signed_tls_client_auth" => {
                Auth::Client(TokenEndpointAuthMethod::SelfSignedTlsClientAuth)
            }
            Some(("query", name)) if !name.is_empty() => Auth::Query(name.to_owned()),
            Some(("scheme", word)) if !word.is_empty() => Auth::Scheme(word.to_owned()),
            Some(("header", name)) if !name.is_empty() => Auth::Header(name.parse().ok()?),
            _ => {
                self.report(
                    Finding::error(code::INVALID_VALUE, at, format!("unknown way to authenticate `{word}`")).help(
                        "write bearer, none, query:NAME, header:NAME, scheme:WORD or a token_endpoint_auth_method",
                    ),
                );
                return None;
            }
        })
    }

    pub(super) fn params(&mut self, at: &str, params: &Params, moment: Moment) -> ParamTemplates {
        params
            .iter()
            .filter_map(|(name, value)| match value {
                None => Some((name.clone(), None)),
                Some(value) => {
                    let param = self.param(&format!("{at}/{}", segment(name)), value, moment)?;
                    Some((name.clone(), Some(param)))
                }
            })
            .collect()
    }

    fn query(&mut self, at: &str, keys: &StepKeys<'_>, method: Method, moment: Moment) -> ParamTemplates {
        let at = format!("{at}/query");
        let url_anyway = method == Method::Get || keys.body == Some(Body::Query);
        if url_anyway && !keys.query.is_empty() {
            let finding =
                Finding::error(code::NO_EFFECT, at.as_str(), "`query` is for a request with a body")
                    .on_key()
                    .label("the parameters of this request are in its URL already")
                    .replace("write them as parameters", "params");
            self.report(if keys.params.is_empty() { finding.certain() } else { finding });
        }
        self.params(&at, keys.query, moment)
    }

    fn body(&mut self, at: &str, body: Option<Body>, method: Method) -> Body {
        if method == Method::Get && body.is_some() {
            self.report(
                Finding::error(code::NO_EFFECT, format!("{at}/body"), "a GET has no body")
                    .on_key()
                    .other(format!("{at}/method"), "the method is set here"),
            );
        }
        body.unwrap_or_default()
    }

    fn headers(
        &mut self,
        at: &str,
        headers: &IndexMap<String, Option<Scalar>>,
        moment: Moment,
    ) -> Vec<(HeaderName, Template)> {
        let mut compiled = vec![];
        for (name, value) in headers {
            let at = format!("{at}/{}", segment(name));
            let Ok(named) = name.parse::<HeaderName>() else {
                self.report(
                    Finding::error(code::INVALID_VALUE, at, format!("`{name}` is no header name")).on_key(),
                );
                continue;
            };
            let is_proof = self.token_type == TokenType::DPoP && named == "dpop";
            if is_proof || [header::AUTHORIZATION, header::COOKIE, header::HOST].contains(&named) {
                self.report(
                    Finding::error(code::CREDENTIALS_TWICE, at, format!("the header `{name}` cannot be set"))
                        .on_key()
                        .label("the engine sets it")
                        .help("how a request authenticates is `auth`, or `token_endpoint_auth_method` at the top"),
                );
                continue;
            }
            if let Some(value) = value
                && let Some(template) = self.scalar(&at, value, moment)
            {
                compiled.push((named, template));
            }
        }
        compiled
    }

    fn response(&mut self, at: &str, spec: Option<&ResponseSpec>, moment: Moment) -> Response {
        let Some(spec) = spec else { return self.plain_response() };
        if spec.issuer.is_some() && spec.format != Some(ResponseFormat::Jwt) {
            self.report(
                Finding::error(code::NO_EFFECT, format!("{at}/issuer"), "only a JWT has an issuer")
                    .on_key()
                    .help("write `format: jwt` beside it, or take it away"),
            );
        }
        let path = |compiler: &mut Compiler, name: &str, source: &Option<String>| {
            source.as_deref().and_then(|source| compiler.path(&format!("{at}/{name}"), source, moment))
        };
        Response {
            format: spec.format.unwrap_or_default(),
            ok: spec.ok.as_deref().and_then(|source| self.condition(&format!("{at}/ok"), source, moment)),
            issuer: spec
                .issuer
                .as_deref()
                .and_then(|source| self.template(&format!("{at}/issuer"), source, Moment::Metadata)),
            error: path(self, "error", &spec.error),
            error_description: path(self, "error_description", &spec.error_description),
            map: spec
                .map
                .as_ref()
                .map_or_else(IndexMap::new, |map| self.response_map(&format!("{at}/map"), map, moment)),
            ..self.plain_response()
        }
    }

    /// An answer of which the file says nothing.
    fn plain_response(&self) -> Response {
        Response { token_type: self.token_type, ..Response::default() }
    }

    fn response_map(&mut self, at: &str, map: &ResponseMap, moment: Moment) -> IndexMap<&'static str, Read> {
        if map.issued_token_type.is_some() && !at.starts_with("/token_exchange/") {
            let at = format!("{at}/issued_token_type");
            let title = "only the answer to a token exchange has an `issued_token_type`";
            self.report(
                Finding::error(code::NO_EFFECT, at, title)
                    .on_key()
                    .note("RFC 8693 §2.2.1")
                    .help("write it under `token_exchange.response.map`"),
            );
        }
        [
            ("access_token", &map.access_token),
            ("refresh_token", &map.refresh_token),
            ("id_token", &map.id_token),
            ("token_type", &map.token_type),
            ("scope", &map.scope),
            ("expires_in", &map.expires_in),
            ("expires_at", &map.expires_at),
            ("issued_token_type", &map.issued_token_type),
        ]
        .into_iter()
        .filter_map(|(name, value)| {
            Some((name, self.read(&format!("{at}/{name}"), value.as_ref()?, moment)?))
        })
        .collect()
    }
}

/// Parameters that the standards give to some step.
const STANDARD: [&str; 8] =
    ["code", "code_verifier", "grant_type", "redirect_uri", "refresh_token", "scope", "token", "client_id"];

/// The parameters that a file writes as integers or booleans.
fn typed(params: &Params) -> Vec<(String, Value)> {
    let typed = params.iter().filter_map(|(name, value)| match value {
        Some(ParamValue::Bool(value)) => Some((name.clone(), Value::from(*value))),
        Some(ParamValue::Integer(value)) => Some((name.clone(), Value::from(*value))),
        Some(ParamValue::Json(_) | ParamValue::Many(_) | ParamValue::Text(_)) | None => None,
    });
    typed.collect()
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::code;
    use crate::provider::check::found::codes;

    #[test]
    fn a_token_that_is_bound_to_a_key_travels_with_its_proof_alone() {
        let bound = |keys: &str| codes(&format!("dpop_bound_access_tokens: true\n{keys}"));
        for wrong in
            ["auth: 'query:t'", "auth: 'header:X-Token'", "auth: 'scheme:token'", "headers: {dpop: a}"]
        {
            let (wrong, not_bound) =
                (format!("userinfo: {{{wrong}}}"), codes(&format!("userinfo: {{{wrong}}}")));
            assert_eq!(bound(&wrong).len(), 1, "{wrong}");
            assert_eq!(not_bound, Vec::<&str>::new(), "{wrong}");
        }
        for right in ["auth: bearer", "auth: none", "auth: client_secret_post", "headers: {accept: a/b}"] {
            assert_eq!(bound(&format!("userinfo: {{{right}}}")), Vec::<&str>::new(), "{right}");
        }
        assert_eq!(bound("authorization: {params: {dpop_jkt: a}}"), [code::RESERVED_PARAMETER.as_str()]);
    }
}
