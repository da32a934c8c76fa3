//! `authcfg serve --check`: what would be served, where nothing speaks against it.

use std::net::SocketAddr;

use clap::ValueEnum;
use serde_json::json;

use crate::config::Config;

/// How it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// One JSON object
    Json,
    /// For people
    Text,
}

/// What would be served, without a secret.
pub fn told(config: &Config, address: SocketAddr, format: CheckFormat) -> String {
    let base_urls: Vec<String> = config.base_urls.iter().map(|base| base.href()).collect();
    let providers: Vec<&str> = config.providers.keys().map(String::as_str).collect();
    let store = config.session.store.as_ref().map(|settings| settings.place.kind());
    match format {
        CheckFormat::Json => {
            let told = json!({
                "ok": true, "listen": address.to_string(), "base_urls": base_urls, "providers": providers,
                "session": {"strategy": if store.is_some() { "database" } else { "jwt" }, "store": store},
            });
            format!("{told}\n")
        }
        CheckFormat::Text => format!(
            "addresses  {}\nproviders  {}\nsessions   {}\nnothing speaks against a start on {address}\n",
            base_urls.join(", "),
            providers.join(", "),
            store.unwrap_or("in their cookies"),
        ),
    }
}
