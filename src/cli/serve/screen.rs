//! What `authcfg serve` says when it answers.

use std::net::SocketAddr;

use crate::config::Config;
use crate::provider::Protocol;

/// The callback URL of each provider and what else its form may ask for, ready to paste, and where the server answers.
pub fn of(config: &Config, address: SocketAddr) -> String {
    let width = config.providers.keys().map(String::len).max().unwrap_or_default();
    let mut screen = String::from("Callback URLs, for each provider's own form:\n");
    for base in &config.base_urls {
        for id in config.providers.keys() {
            screen.push_str(&format!("  {id:width$}  {}\n", base.callback_url(id)));
        }
    }
    if config.session.logout_at_provider {
        screen.push_str("Post-logout redirect URIs, for the same forms:\n");
        for base in &config.base_urls {
            screen.push_str(&format!("  {}\n", base.signed_out_url()));
        }
    }
    let is_oidc = |id: &&String| config.providers[*id].registration.provider.protocol == Protocol::Oidc;
    let tells: Vec<&String> = config.providers.keys().filter(is_oidc).collect();
    if config.session.store.is_some() && !tells.is_empty() {
        screen.push_str("Back-channel logout URIs, where a form asks for one:\n");
        for base in &config.base_urls {
            for id in &tells {
                screen.push_str(&format!("  {id:width$}  {}\n", base.backchannel_logout_url(id)));
            }
        }
    }
    for base in &config.base_urls {
        screen.push_str(&format!("Sign-in page: {}/signin\n", base.href()));
    }
    let own = config
        .base_urls
        .iter()
        .find(|base| base.is_loopback() && base.authority.ends_with(&format!(":{}", address.port())));
    let url = own.map_or_else(|| format!("http://{address}"), |base| base.origin.clone());
    screen.push_str(&format!("listening on {url}\n"));
    screen
}
