//! Who signs people in: a client for each provider, and those of earlier configurations for as long as a sign-in that they began
//! may still end.

use indexmap::IndexMap;
use serde_json::json;

use crate::client::Client;
use crate::config::{Config, ConfiguredProvider, Fingerprint};
use crate::flow::metadata::Metadata;
use crate::provider::Registration;
use crate::session::transaction::LIFETIME;

/// Clients of earlier configurations that are kept, of all providers together; the oldest makes room.
const MAX_EARLIER: usize = 256;

/// The clients of a server.
#[derive(Default)]
pub(super) struct Clients {
    current: IndexMap<String, Configured>,
    earlier: Vec<Earlier>,
}

/// A provider as it is configured, or was.
#[derive(Clone)]
pub(super) struct Configured {
    pub client: Client,
    /// Who we are there, and who that is: the client id and the issuer. Tokens of another party are nothing to it.
    pub party: String,
    fingerprint: Fingerprint,
}

#[derive(Clone)]
struct Earlier {
    id: String,
    configured: Configured,
    /// When the last sign-in that it began is over, in seconds since 1970.
    until: u64,
}

impl Clients {
    /// The clients of a deployment.
    pub fn new(config: &Config, make: impl Fn(&ConfiguredProvider) -> Client) -> Clients {
        Clients::default().after(config, make, true, 0)
    }

    /// The clients of a deployment that takes the place of another one at `now`. A provider that is configured as before keeps its
    /// client, with what that has fetched, unless providers are `reached_otherwise`.
    pub fn after(
        &self,
        config: &Config,
        make: impl Fn(&ConfiguredProvider) -> Client,
        reached_otherwise: bool,
        now: u64,
    ) -> Clients {
        let client = |(id, provider): (&String, &ConfiguredProvider)| {
            let fingerprint = provider.fingerprint;
            let known = self.configured(id, fingerprint).filter(|_| !reached_otherwise);
            let client = known.map_or_else(|| make(provider), |known| known.client.clone());
            (id.clone(), Configured { client, fingerprint, party: party(&provider.registration) })
        };
        let current: IndexMap<String, Configured> = config.providers.iter().map(client).collect();
        let is_current = |id: &str, fingerprint| {
            current.get(id).is_some_and(|configured| configured.fingerprint == fingerprint)
        };
        let replaced = self.current.iter().map(|(id, configured)| Earlier {
            id: id.clone(),
            configured: configured.clone(),
            until: now.saturating_add(LIFETIME),
        });
        let mut earlier: Vec<Earlier> = replaced
            .chain(self.earlier.iter().filter(|earlier| earlier.until >= now).cloned())
            .filter(|earlier| !is_current(&earlier.id, earlier.configured.fingerprint))
            .collect();
        earlier.truncate(MAX_EARLIER);
        Clients { current, earlier }
    }

    /// The client of a provider.
    pub fn get(&self, id: &str) -> Option<&Client> {
        self.current.get(id).map(|configured| &configured.client)
    }

    /// Whether a sign-in may end at a provider of that id: of today, or of a configuration before.
    pub fn know(&self, id: &str) -> bool {
        self.current.contains_key(id) || self.earlier.iter().any(|earlier| earlier.id == id)
    }

    /// How a provider is configured now; zeros where it is not.
    pub fn fingerprint(&self, id: &str) -> Fingerprint {
        self.current.get(id).map(|configured| configured.fingerprint).unwrap_or_default()
    }

    /// The client of a provider, where tokens of this party are its own.
    pub fn of_party(&self, id: &str, party: Option<&str>) -> Option<&Client> {
        let configured = self.current.get(id)?;
        party.is_none_or(|party| party == configured.party).then_some(&configured.client)
    }

    /// What ends a sign-in: the client of the configuration that it began with. Where this process does not have that any more,
    /// it is the one of today, which takes an answer to the same issuer and client alone.
    pub fn of_sign_in(&self, id: &str, fingerprint: Fingerprint) -> Option<&Configured> {
        self.configured(id, fingerprint).or_else(|| self.current.get(id))
    }

    fn configured(&self, id: &str, fingerprint: Fingerprint) -> Option<&Configured> {
        let current = self.current.get(id).filter(|configured| configured.fingerprint == fingerprint);
        let is_it = |earlier: &&Earlier| earlier.id == id && earlier.configured.fingerprint == fingerprint;
        current.or_else(|| self.earlier.iter().find(is_it).map(|earlier| &earlier.configured))
    }
}

/// The issuer is that of the provider file, as far as the deployment tells it; else the id of the file.
fn party(registration: &Registration) -> String {
    let issuer = Metadata::written(registration).unwrap_or_default().issuer;
    let issuer = issuer.as_deref().unwrap_or(&registration.provider.id);
    json!([registration.client_id, issuer]).to_string()
}
