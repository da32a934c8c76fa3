//! The discovery document of the provider, fetched where the command says so.

use std::process::ExitCode;

use serde_json::{Map, Value};

use crate::cli::effective::Effective;
use crate::cli::output;
use crate::cli::show::plan::Plan;
use crate::flow::discovery;
use crate::oauth::json;
use crate::transport::{Limit, Options, Request, Transport, Trust};

/// Fetches the document and holds it against the issuer, as a sign-in does; `None` where the file asks for none.
///
/// # Errors
/// The exit code, once the reason is on standard error: 3 where it cannot be had, 1 where it cannot be used.
pub async fn fetch(effective: &Effective, plan: &Plan) -> Result<Option<Map<String, Value>>, ExitCode> {
    let Some(url) = &plan.discovery_url else {
        output::diagnostic("note: the file asks for no discovery: nothing was fetched\n");
        return Ok(None);
    };
    let refuse = |code: u8, why: &dyn std::fmt::Display| {
        output::diagnostic(&format!("error: {url}: {why}\n"));
        ExitCode::from(code)
    };
    let network = effective.deployment.as_ref().map(|deployed| &deployed.spec.network);
    let proxy = network.and_then(|network| network.proxy.as_ref()?.parse().ok());
    let transport = Transport::new(Options { proxy, ..Options::default() });
    let request = Request {
        http: discovery::request(url),
        limit: Limit::Discovery,
        trust: Trust::Operator,
        provider: effective.id.clone(),
        step: "discovery".into(),
    };
    let answer = transport.send(request).await.map_err(|error| refuse(3, &error))?;
    let checked = discovery::metadata(&answer)
        .and_then(|document| plan.written.with_discovered(&plan.client.registration, document));
    checked.map_err(|error| refuse(1, &error))?;
    let document = json::parse(answer.body()).map_err(|error| refuse(1, &error))?;
    Ok(document.as_object().cloned())
}
