//! A request as it is shown: what the mock recorded, with placeholders.

use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::cli::show::placeholders::Placeholders;
use crate::cli::show::plan::UNKNOWN_HOST;
use crate::flow::{Authorization, dpop};
use crate::mock::Recorded;
use crate::provider::Provider;

/// What a transport adds, and what only the way to a mock needs.
const OF_THE_WAY: [&str; 6] = [
    "accept-encoding",
    "connection",
    "content-length",
    "host",
    "x-authcfg-client-certificate",
    "x-authcfg-url",
];

/// A request, with placeholders.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The step: `authorization`, `token`, `userinfo`, the name of a call.
    pub step: String,
    /// The HTTP method.
    pub method: String,
    /// The address without its query; the name of the endpoint where nobody has looked it up.
    pub url: String,
    /// The parameters of the query.
    pub query: Vec<(String, String)>,
    /// The parameters of the body.
    pub body: Vec<(String, String)>,
    /// How the body is written: `form` or `json`.
    pub format: Option<&'static str>,
    /// The headers, by their names in small letters.
    pub headers: Vec<(String, String)>,
    /// What stands behind `#`.
    pub fragment: Option<String>,
    /// The body of a JSON request.
    pub json: Value,
    /// The parameters that are not percent-encoded as a form is, as they are on the wire.
    pub raw: Vec<(String, String)>,
}

impl Sent {
    /// What was recorded.
    pub fn of(
        recorded: &Recorded,
        authorization: &Authorization,
        provider: &Provider,
        placeholders: &Placeholders,
    ) -> Sent {
        let pairs = |pairs: &[(String, String)]| {
            pairs.iter().map(|(name, value)| (name.clone(), placeholders.hide(value))).collect::<Vec<_>>()
        };
        let browser = recorded.step == "authorization";
        let headers =
            recorded.headers.iter().filter(|(name, _)| !browser && !OF_THE_WAY.contains(&name.as_str()));
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), placeholders.hide_header(value.to_str().unwrap_or_default()))
        };
        let fragment = authorization.url.fragment().filter(|_| browser);
        let mut sent = Sent {
            step: recorded.step.clone(),
            method: recorded.method.to_string(),
            url: address(&placeholders.hide(recorded.url.as_str())),
            query: pairs(&recorded.query),
            body: pairs(&recorded.body),
            format: recorded.format,
            headers: headers.map(header).collect(),
            fragment: fragment.map(|fragment| placeholders.hide(fragment)),
            json: hidden(recorded, placeholders),
            raw: raw(recorded, placeholders),
        };
        sent.hide_code(provider);
        sent
    }

    /// A code that the test itself gives in its callback.
    fn hide_code(&mut self, provider: &Provider) {
        let code = provider.rename.get("code").map_or("code", String::as_str);
        if self.step == "token" {
            let params = self.query.iter_mut().chain(&mut self.body);
            params.filter(|(name, _)| name == code).for_each(|(_, value)| *value = "CODE".into());
        }
    }

    /// Names the values that the same request of another run does not have: a parameter's by the parameter.
    pub fn name_what_differs(&mut self, other: &Sent) {
        let pairs = [
            (&mut self.query, &other.query),
            (&mut self.body, &other.body),
            (&mut self.headers, &other.headers),
        ];
        for (pairs, others) in pairs {
            for ((name, value), (_, other)) in pairs.iter_mut().zip(others) {
                if value != other {
                    *value = match dpop::PROOF == name.as_str() {
                        true => "DPOP_PROOF".into(),
                        false => name.to_uppercase().replace('-', "_"),
                    };
                }
            }
        }
        let members = self.json.as_object_mut().into_iter().flatten();
        for ((name, value), (_, other)) in members.zip(other.json.as_object().into_iter().flatten()) {
            if value != other {
                *value = name.to_uppercase().into();
            }
        }
    }

    /// All parameters, of the query and of the body.
    pub fn params(&self) -> impl Iterator<Item = &(String, String)> {
        self.query.iter().chain(&self.body)
    }

    /// Whether nobody has looked up where it goes.
    pub fn goes_to_unknown(&self) -> bool {
        !self.url.contains("://")
    }
}

/// The body of a JSON request, with placeholders: its numbers and booleans stay what they are.
fn hidden(recorded: &Recorded, placeholders: &Placeholders) -> Value {
    let members = match recorded.format {
        Some("json") => serde_json::from_slice::<Map<String, Value>>(&recorded.content).unwrap_or_default(),
        _ => return Value::Null,
    };
    let hide = |value: Value| match value {
        Value::String(text) => placeholders.hide(&text).into(),
        other => other,
    };
    Value::Object(members.into_iter().map(|(name, value)| (name, hide(value))).collect())
}

/// The parameters whose value was not percent-encoded where a form would be, as they were on the wire.
fn raw(recorded: &Recorded, placeholders: &Placeholders) -> Vec<(String, String)> {
    let encoded = |value: &str| form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>();
    let on_wire = |(name, value): (&str, &str)| {
        let wire = recorded.wire(name).filter(|wire| *wire != encoded(value))?;
        Some((name.to_owned(), placeholders.hide(wire)))
    };
    if recorded.format == Some("json") {
        return vec![];
    }
    recorded.params().filter_map(on_wire).collect()
}

/// An address, or the name of the endpoint where nobody has looked it up: `TOKEN_ENDPOINT`.
pub fn address(url: &str) -> String {
    match url.strip_prefix("https://").and_then(|rest| rest.strip_prefix(UNKNOWN_HOST)) {
        Some(path) => path.trim_matches('/').to_uppercase(),
        None => url.to_owned(),
    }
}
