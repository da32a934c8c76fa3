//! Addresses of a deployment: its own, those a sign-in may end at, the application's pages, networks.

use std::net::SocketAddr;

use url::Url;

use crate::config::base_url::BaseUrl;
use crate::config::environment::Environment;
use crate::config::findings::Findings;
use crate::config::network::Network;
use crate::config::{NetworkSettings, Pages};
use crate::diagnostic::code;
use crate::provider::finding::Finding;
use crate::spec::DeploymentSpec;
use crate::spec::deployment::OneOrMany;

/// A provider's clock may be off by so many seconds.
const CLOCK_SKEW: (u64, u64) = (60, 300);

/// The public addresses: the file's, `AUTH_URL`, or this machine's where the server listens on loopback.
pub(super) fn base_urls(
    spec: &DeploymentSpec,
    environment: &Environment,
    listen: Option<SocketAddr>,
    findings: &mut Findings<'_>,
) -> Vec<BaseUrl> {
    let mut base_urls: Vec<BaseUrl> = vec![];
    if let Some(written) = &spec.base_url {
        for (index, text) in written.as_slice().iter().enumerate() {
            let at = match written {
                OneOrMany::One(_) => "/base_url".to_owned(),
                OneOrMany::Many(_) => format!("/base_url/{index}"),
            };
            match BaseUrl::parse(text) {
                Ok(base) if base_urls.iter().any(|other| other.origin == base.origin) => {
                    let title = format!("the origin {} comes twice", base.origin);
                    findings
                        .add(Finding::error(code::DUPLICATE_NAME, at, title).label("one address is enough"));
                }
                Ok(base) => {
                    check_scheme(&base, &at, spec.danger_allow_http, findings);
                    base_urls.push(base);
                }
                Err(why) => findings.add(
                    Finding::error(code::INVALID_URL, at, "this cannot be the server's address").label(why),
                ),
            }
        }
        if written.as_slice().is_empty() {
            findings.add(Finding::error(code::MISSING_FIELD, "/base_url", "the list of addresses is empty"));
        }
    } else if let Some((name, value)) = environment.first(&["AUTH_URL", "NEXTAUTH_URL"]) {
        match BaseUrl::parse(value) {
            Ok(base) => {
                check_scheme(&base, "", spec.danger_allow_http, findings);
                base_urls.push(base);
            }
            Err(why) => findings.environment(
                code::INVALID_URL,
                format!("`{name}` cannot be the server's address"),
                format!("{why}; such as https://app.example.com/api/auth"),
            ),
        }
    } else if listen.is_none_or(|listen| listen.ip().is_loopback()) {
        let port = listen.map_or(3100, |listen| listen.port());
        base_urls.extend(BaseUrl::parse(&format!("http://localhost:{port}")));
    } else {
        findings.add(
            Finding::error(code::MISSING_FIELD, "", "the server's public address is missing")
                .label("a server that listens on more than this machine needs `base_url`")
                .help("write `base_url: https://app.example.com/api/auth`, or set AUTH_URL"),
        );
    }
    base_urls
}

fn check_scheme(base: &BaseUrl, at: &str, danger_allow_http: bool, findings: &mut Findings<'_>) {
    if base.secure || base.is_loopback() {
        return;
    }
    let title = format!("{} is not encrypted", base.origin);
    let label = "everybody on the way reads the cookies and codes";
    findings.add(match danger_allow_http {
        true => Finding::warning(code::INSECURE_URL, at, title).label(label),
        false => Finding::error(code::INSECURE_URL, at, title)
            .label(label)
            .help("use https; for a test installation there is `danger_allow_http: true`"),
    });
}

/// Origins besides the own ones that a sign-in may end at.
pub(super) fn redirect_allow(spec: &DeploymentSpec, findings: &mut Findings<'_>) -> Vec<String> {
    let mut origins = vec![];
    for (index, text) in spec.redirect_allow.iter().enumerate() {
        let origin = Url::parse(text)
            .ok()
            .filter(|url| ["https", "http"].contains(&url.scheme()))
            .map(|url| url.origin());
        let origin = origin.map(|origin| origin.ascii_serialization()).unwrap_or_default();
        if !origin.is_empty() && text.strip_suffix('/').unwrap_or(text).eq_ignore_ascii_case(&origin) {
            origins.push(origin);
        } else {
            let at = format!("/redirect_allow/{index}");
            let finding = Finding::error(code::INVALID_URL, at, "this is no origin");
            findings.add(finding.label("scheme, host and port, nothing more: https://www.example.com"));
        }
    }
    origins
}

/// Pages of the application.
pub(super) fn pages(spec: &DeploymentSpec, findings: &mut Findings<'_>) -> Pages {
    let mut page = |name: &str, text: &Option<String>| {
        let text = text.as_deref()?;
        let plain = text.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\');
        let path = text.starts_with('/') && !text.starts_with("//");
        let address =
            Url::parse(text).is_ok_and(|url| ["https", "http"].contains(&url.scheme()) && url.has_host());
        if plain && (path || address) {
            return Some(text.to_owned());
        }
        findings.add(
            Finding::error(code::INVALID_URL, format!("/pages/{name}"), "this is no page")
                .label("a path such as /login, or an address such as https://www.example.com/login"),
        );
        None
    };
    Pages {
        sign_in: page("sign_in", &spec.pages.sign_in),
        sign_out: page("sign_out", &spec.pages.sign_out),
        error: page("error", &spec.pages.error),
    }
}

/// Networks of a list.
pub(super) fn networks(at: &str, texts: &[String], findings: &mut Findings<'_>) -> Vec<Network> {
    let mut networks = vec![];
    for (index, text) in texts.iter().enumerate() {
        match text.parse() {
            Ok(network) => networks.push(network),
            Err(why) => {
                findings.add(
                    Finding::error(code::INVALID_VALUE, format!("{at}/{index}"), "this is no network")
                        .label(why),
                );
            }
        }
    }
    networks
}

/// How providers are reached.
pub(super) fn network(spec: &DeploymentSpec, findings: &mut Findings<'_>) -> NetworkSettings {
    let spec = &spec.network;
    let proxy = spec.proxy.as_deref().and_then(|text| {
        let url =
            Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
        if url.is_none() {
            let finding = Finding::error(code::INVALID_URL, "/network/proxy", "this is no proxy");
            findings.add(finding.label("an address such as http://proxy.example.com:3128"));
        }
        url
    });
    let clock_skew = match &spec.clock_skew {
        None => CLOCK_SKEW.0,
        Some(duration) => match duration.seconds().filter(|seconds| *seconds <= CLOCK_SKEW.1) {
            Some(seconds) => seconds,
            None => {
                let finding =
                    Finding::error(code::INVALID_VALUE, "/network/clock_skew", "this is no clock skew");
                findings.add(finding.label("a duration of 5min at most"));
                CLOCK_SKEW.0
            }
        },
    };
    NetworkSettings {
        allow_private_networks: networks(
            "/network/allow_private_networks",
            &spec.allow_private_networks,
            findings,
        ),
        proxy,
        clock_skew,
    }
}
