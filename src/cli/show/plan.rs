//! The sign-in that is played to see the requests: a test of the file, with the values of the command and the deployment.

use std::process::ExitCode;

use serde_json::{Map, Value, json};
use url::Url;

use crate::cli::effective::Effective;
use crate::cli::given::{self, Values};
use crate::cli::output;
use crate::config::BaseUrl;
use crate::flow::dpop;
use crate::flow::metadata::Metadata;
use crate::mock::MockClient;
use crate::provider::{Provider, Vector};

/// What stands in the answers for a token.
const TOKENS: [(&str, &str); 2] = [("access_token", "ACCESS_TOKEN"), ("refresh_token", "REFRESH_TOKEN")];
/// The host of addresses that nobody has looked up.
pub const UNKNOWN_HOST: &str = "discovered.invalid";

/// What is played.
pub struct Plan {
    /// The client, with made-up credentials.
    pub client: MockClient,
    /// The test, changed.
    pub vector: Vector,
    /// The metadata as far as it is written.
    pub written: Metadata,
    /// The address of the discovery document, where the file asks for one.
    pub discovery_url: Option<Url>,
    /// The discovery document, where it was fetched.
    pub discovered: Option<Map<String, Value>>,
    /// Values of variables, and who gave them.
    pub vars: Values,
    /// Inputs of the sign-in, and who gave them.
    pub request: Values,
    /// Where the provider sends people back to.
    pub callback_url: String,
}

impl Plan {
    /// Prepares the sign-in.
    ///
    /// # Errors
    /// The exit code, once the reason is on standard error.
    pub fn new(
        effective: &Effective,
        vars: &[(String, String)],
        request: &[(String, String)],
    ) -> Result<Plan, ExitCode> {
        let environment = given::environment();
        let signs_in = effective.provider.signs_in;
        let mut tests = effective.provider.tests.iter().enumerate();
        let test =
            tests.find(|(_, vector)| vector.profile.is_some() || (!signs_in && vector.error.is_none()));
        let vars = given::variables(effective, vars, &environment, test)?;
        given::check(&vars, &effective.provider)?;
        let request = given::inputs(effective, request, test)?;
        let mut vector = test.map_or_else(|| synthetic(&effective.provider), |(_, vector)| vector.clone());
        vector.vars = vars.iter().map(|(name, given)| (name.clone(), given.value.clone())).collect();
        vector.request = request.iter().map(|(name, given)| (name.clone(), given.value.clone())).collect();
        let answers =
            vector.token_response.iter_mut().chain(&mut vector.then).chain(&mut vector.refresh_response);
        answers.chain(vector.named.values_mut()).for_each(hide_tokens);
        let client = MockClient::of_vector(&effective.provider, &vector).map_err(|failures| {
            for failure in &failures {
                output::diagnostic(&format!("error: {}: {}\n", failure.what, failure.expected));
            }
            if failures.iter().any(|failure| failure.what.starts_with("client.")) {
                output::diagnostic("help: a test of the file with these values would do\n");
            }
            ExitCode::from(2)
        })?;
        let wrong = |error: crate::flow::Error| {
            output::diagnostic(&format!("error: {error}\n"));
            ExitCode::FAILURE
        };
        let written = Metadata::written(&client.registration).map_err(wrong)?;
        let discovery_url = written.discovery_url(&client.registration).map_err(wrong)?;
        let base = effective
            .base_url()
            .map(str::to_owned)
            .or_else(|| environment.first(&["AUTH_URL", "NEXTAUTH_URL"]).map(|(_, value)| value.to_owned()));
        let base = BaseUrl::parse(base.as_deref().unwrap_or("http://localhost:3100")).map_err(|why| {
            output::diagnostic(&format!("error: the server's address: {why}\n"));
            ExitCode::FAILURE
        })?;
        let callback_url = base.callback_url(&effective.id);
        Ok(Plan { client, vector, written, discovery_url, discovered: None, vars, request, callback_url })
    }

    /// The test as the mock plays it: its discovery document has the addresses that were fetched, else ones that can be told
    /// apart from any other.
    pub fn played(&self) -> Vector {
        let mut vector = self.vector.clone();
        if self.discovery_url.is_none() {
            return vector;
        }
        if let Some(document) = &self.discovered {
            for (name, value) in document {
                vector.discovery.insert(name.clone(), value.clone());
            }
            return vector;
        }
        let userinfo = vector.userinfo.is_some();
        for name in ENDPOINTS.into_iter().filter(|name| userinfo || *name != "userinfo_endpoint") {
            vector.discovery.entry(name).or_insert_with(|| format!("https://{UNKNOWN_HOST}/{name}").into());
        }
        vector
    }
}

/// The endpoints that a sign-in may take from a discovery document.
pub const ENDPOINTS: [&str; 6] = [
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "userinfo_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
];

/// A sign-in of a file without a test that works.
fn synthetic(provider: &Provider) -> Vector {
    let token_type = if provider.dpop_bound_access_tokens { dpop::SCHEME } else { "Bearer" };
    let mut claims = Map::new();
    claims.insert("sub".into(), "SUB".into());
    Vector {
        userinfo: Some(Value::Object(claims.clone())),
        claims: Some(claims),
        token_response: Some(
            json!({"access_token": "ACCESS_TOKEN", "refresh_token": "REFRESH_TOKEN", "token_type": token_type}),
        ),
        ..Vector::default()
    }
}

/// Puts placeholders in the place of tokens under their standard names.
fn hide_tokens(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(hide_tokens),
        Value::Object(members) => {
            for (name, value) in members {
                let placeholder =
                    TOKENS.iter().find(|(known, _)| known == name).filter(|_| value.is_string());
                match placeholder {
                    Some((_, placeholder)) => *value = (*placeholder).into(),
                    None => hide_tokens(value),
                }
            }
        }
        _ => {}
    }
}
