//! What tells one configuration from another: a hash of all that it was made of.

use aws_lc_rs::digest;
use serde_json::{Value, json};

use crate::config::Config;
use crate::oauth::Secret;
use crate::provider::registration::RegistrationValues;
use crate::yaml::Document;

/// The first 16 bytes of a SHA-256 hash. It stands in sealed cookies alone: secrets are part of what is hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The one that [`Fingerprint::to_bytes`] gave.
    pub fn from_bytes(bytes: [u8; 16]) -> Fingerprint {
        Fingerprint(bytes)
    }

    /// Its bytes.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// Of one provider: its file with what the deployment lays over it, credentials and values.
    pub(super) fn of_provider(
        id: &str,
        file: Option<Value>,
        over: Value,
        request: Value,
        values: &RegistrationValues,
    ) -> Fingerprint {
        let exposed = |secret: &Secret| secret.expose().to_owned();
        let client: Vec<(&String, String)> =
            values.client.iter().map(|(name, value)| (name, exposed(value))).collect();
        let secret = values.client_secret.as_ref().map(exposed);
        let RegistrationValues { client_id, vars, scopes, .. } = values;
        Fingerprint::of(&json!([id, file, over, request, client_id, secret, client, vars, scopes]))
    }

    /// Of a deployment that is compiled: its file, its secrets, its providers, and what else may come from the environment.
    pub(super) fn of_deployment(config: &Config, document: Option<&Document>) -> Fingerprint {
        let secrets: Vec<&str> = config.secrets.iter().map(Secret::expose).collect();
        let providers: Vec<(&String, [u8; 16])> =
            config.providers.iter().map(|(id, provider)| (id, provider.fingerprint.to_bytes())).collect();
        let addresses: Vec<String> = config.base_urls.iter().map(|base| base.href()).collect();
        let admin = config.admin.as_ref().map(Secret::expose);
        Fingerprint::of(&json!([document.map(Document::to_json), secrets, admin, providers, addresses]))
    }

    fn of(value: &Value) -> Fingerprint {
        let hash = digest::digest(&digest::SHA256, value.to_string().as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_ref()[..16]);
        Fingerprint(bytes)
    }
}
