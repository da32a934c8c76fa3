//! The provider's metadata as it counts: what is written, rendered, and what was discovered.

use serde_json::Value;

use crate::cli::effective::Effective;
use crate::cli::show::facts::{Fact, Section, place};
use crate::cli::show::plan::{ENDPOINTS, Plan};
use crate::expr::Template;

/// Members of the metadata besides the endpoints of a sign-in.
const OTHER_METADATA: [&str; 6] = [
    "device_authorization_endpoint",
    "end_session_endpoint",
    "registration_endpoint",
    "pushed_authorization_request_endpoint",
    "require_pushed_authorization_requests",
    "authorization_response_iss_parameter_supported",
];
/// What a document says that is of use to somebody who writes a file.
const OF_DOCUMENT: [&str; 7] = [
    "scopes_supported",
    "response_modes_supported",
    "token_endpoint_auth_methods_supported",
    "code_challenge_methods_supported",
    "id_token_signing_alg_values_supported",
    "claims_supported",
    "prompt_values_supported",
];

/// The metadata by its names in RFC 8414.
pub fn metadata(effective: &Effective, plan: &Plan) -> Section {
    let mut facts = vec![];
    let context = plan.client.registration.context();
    let discovery = plan.discovery_url.as_ref().map(|url| format!("discovery {url}"));
    for name in ["issuer"].into_iter().chain(ENDPOINTS).chain(OTHER_METADATA) {
        let pointer = format!("/{name}");
        let found = plan.discovered.as_ref().and_then(|document| document.get(name));
        match (effective.key(&pointer), found, &discovery) {
            (Some(Value::String(source)), _, _) => {
                let rendered = Template::compile(source).and_then(|template| template.render_url(&context));
                let value = hidden(plan, rendered.unwrap_or_else(|_| source.clone()));
                facts.push(Fact::new(name, value.as_str(), value.as_str(), place(effective, &pointer, "")));
            }
            (Some(value), _, _) => {
                facts.push(Fact::new(name, value.to_string(), value.clone(), place(effective, &pointer, "")));
            }
            (None, Some(found), Some(discovery)) => {
                let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
                facts.push(Fact::new(name, text, found.clone(), discovery));
            }
            _ => {}
        }
    }
    if let (Some(document), Some(discovery)) = (&plan.discovered, &discovery) {
        for (name, value) in OF_DOCUMENT.iter().filter_map(|name| Some((name, document.get(*name)?))) {
            let words: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            facts.push(Fact::new(name, words.join(" "), value.clone(), discovery));
        }
    }
    Section { key: "metadata", title: "Metadata", facts }
}

/// An address without the values of secret variables.
fn hidden(plan: &Plan, mut address: String) -> String {
    let registration = &plan.client.registration;
    for (name, _) in registration.provider.vars.iter().filter(|(_, constraint)| constraint.secret) {
        if let Some(value) = registration.var(name).filter(|value| !value.is_empty()) {
            address = address.replace(value, &name.to_uppercase());
        }
    }
    address
}

/// The endpoints of a sign-in that the file leaves to discovery, where nobody has looked them up.
pub fn left_to_discovery(effective: &Effective, plan: &Plan) -> Vec<&'static str> {
    let asked = effective.provider.userinfo.as_ref().is_none_or(|calls| !calls.is_empty());
    let is_left = |name: &&'static str| {
        let written = effective.key(&format!("/{name}")).is_some();
        plan.discovery_url.is_some()
            && plan.discovered.is_none()
            && !written
            && (asked || *name != "userinfo_endpoint")
    };
    ENDPOINTS.into_iter().take(4).filter(is_left).collect()
}
