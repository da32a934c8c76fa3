//! What the list says of one provider.

use serde::Serialize;
use serde_json::{Value, json};

use crate::provider::catalog::Entry;
use crate::provider::read::Read;
use crate::provider::{Provider, Vector};

/// One provider.
#[derive(Debug)]
pub struct Row {
    /// The id.
    pub id: String,
    /// The name as the provider writes it.
    pub name: String,
    /// Other ids.
    pub aliases: Vec<String>,
    /// `oidc` or `oauth2`.
    pub protocol: &'static str,
    /// `S256`, `plain` or `none`.
    pub pkce: String,
    /// How the client authenticates at the token endpoint.
    pub client_auth: String,
    /// What a sign-in asks for.
    pub scopes: Vec<String>,
    /// What there is besides a sign-in.
    pub capabilities: Vec<&'static str>,
    /// `yes`, `claim` or `no`.
    pub email_verified: &'static str,
    /// When the file was last compared with the provider, and how.
    pub verified: Option<(String, String)>,
    /// `active`, `deprecated` or `dead`.
    pub status: String,
    /// What to use instead.
    pub successor: Option<String>,
    /// Words to find it by.
    pub categories: Vec<String>,
    /// The provider's documentation.
    pub docs: Option<String>,
    /// How many tests the file carries.
    pub tests: usize,
    /// `built-in`, or the path of the file.
    pub source: String,
}

impl Row {
    /// What the list says of a file; `None` where it has errors.
    pub fn of(entry: &Entry) -> Option<Row> {
        let provider = entry.provider()?;
        let file = entry.value()?;
        let text = |pointer: &str| file.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let categories = file["categories"].as_array().into_iter().flatten();
        Some(Row {
            id: entry.id.clone(),
            name: provider.name.clone(),
            aliases: provider.aliases.clone(),
            protocol: provider.protocol.as_str(),
            pkce: word(&provider.authorize.pkce),
            client_auth: word(&provider.client_auth.method),
            scopes: provider.authorize.scope.clone(),
            capabilities: capabilities(provider, &file),
            email_verified: email_verified(provider.profile.get("email_verified")),
            verified: text("/verified/on").zip(text("/verified/how")),
            status: text("/status").unwrap_or_else(|| "active".into()),
            successor: text("/successor"),
            categories: categories.filter_map(|word| Some(word.as_str()?.to_owned())).collect(),
            docs: text("/docs"),
            tests: provider.tests.len(),
            source: if entry.builtin { "built-in".into() } else { entry.source().name().to_owned() },
        })
    }

    /// Whether a word stands in the id, the name, an alias or a category.
    pub fn has(&self, word: &str) -> bool {
        let word = word.to_lowercase();
        let mut texts = [&self.id, &self.name].into_iter().chain(&self.aliases).chain(&self.categories);
        texts.any(|text| text.to_lowercase().contains(&word))
    }

    /// All of it; members may be added, never renamed.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "aliases": self.aliases,
            "name": self.name,
            "protocol": self.protocol,
            "pkce": self.pkce,
            "token_endpoint_auth_method": self.client_auth,
            "scopes": self.scopes,
            "capabilities": self.capabilities,
            "email_verified": self.email_verified,
            "status": self.status,
            "successor": self.successor,
            "verified": self.verified.as_ref().map(|(on, how)| json!({"on": on, "how": how})),
            "categories": self.categories,
            "docs": self.docs,
            "tests": self.tests,
            "source": self.source,
        })
    }
}

/// The word that a file uses for a value.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn capabilities(provider: &Provider, file: &Value) -> Vec<&'static str> {
    let written = |keys: &[&str]| keys.iter().any(|key| file.get(key).is_some_and(|value| !value.is_null()));
    let offline = provider.authorize.scope.iter().any(|scope| scope.starts_with("offline"));
    let refresh = written(&["refresh"]) || offline || provider.tests.iter().any(has_refresh_token);
    [
        ("discovery", provider.metadata.discovery.is_some()),
        ("refresh", refresh),
        ("revocation", written(&["revocation", "revocation_endpoint"])),
        ("introspection", written(&["introspection", "introspection_endpoint"])),
        ("pushed_authorization_request", written(&["pushed_authorization_request_endpoint"])),
        ("device", written(&["device", "device_authorization_endpoint"])),
    ]
    .into_iter()
    .filter_map(|(name, holds)| holds.then_some(name))
    .collect()
}

fn has_refresh_token(vector: &Vector) -> bool {
    let answer = vector.token_response.as_ref();
    let answer = answer.and_then(|answer| answer.pointer("/http/body").or(Some(answer)));
    answer.and_then(|answer| answer.get("refresh_token")).is_some_and(|token| !token.is_null())
}

fn email_verified(read: Option<&Read>) -> &'static str {
    match read {
        Some(Read::Literal(Value::Bool(true))) => "yes",
        Some(Read::Literal(_)) | None => "no",
        Some(_) => "claim",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::catalog::Catalog;

    fn row(text: &str) -> Option<Row> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.yaml");
        std::fs::write(&path, text).unwrap();
        let mut catalog = Catalog::default();
        catalog.add_file(&path, None).unwrap();
        Row::of(catalog.get("acme").unwrap())
    }

    const ACME: &str = "id: acme\nname: Acme\nauthorization_endpoint: https://acme.example/a\ntoken_endpoint: https://acme.example/t\nuserinfo_endpoint: https://acme.example/u\n";

    #[test]
    fn says_whether_an_e_mail_is_verified() {
        for (claim, expected) in [
            ("email: $.userinfo.email, email_verified: $.userinfo.verified", "claim"),
            ("email: $.userinfo.email, email_verified: false", "no"),
            ("email: $.userinfo.email", "no"),
        ] {
            let row = row(&format!("{ACME}profile: {{sub: $.userinfo.id, {claim}}}\n")).unwrap();
            assert_eq!(row.email_verified, expected, "{claim}");
        }
        let sure = "profile: {sub: $.userinfo.id, email: $.userinfo.email, email_verified: true}\nassurance: {email_verified: \"docs\"}\n";
        assert_eq!(row(&format!("{ACME}{sure}")).unwrap().email_verified, "yes");
    }

    #[test]
    fn says_what_there_is_besides_a_sign_in() {
        let text = format!(
            "{ACME}revocation_endpoint: https://acme.example/r\nprofile: {{sub: $.userinfo.id}}\ntests: [{{token_response: {{access_token: AT, refresh_token: RT}}, userinfo: {{id: a}}, profile: {{sub: a}}}}]\n"
        );
        assert_eq!(row(&text).unwrap().capabilities, ["refresh", "revocation"]);
        let plain = format!("{ACME}profile: {{sub: $.userinfo.id}}\n");
        assert_eq!(row(&plain).unwrap().capabilities, Vec::<&str>::new());
    }

    #[test]
    fn a_file_with_an_error_is_no_row() {
        assert!(row("id: acme\nname: Acme\ntokn: {}\n").is_none());
    }

    #[test]
    fn is_found_by_id_name_alias_and_category() {
        let text =
            format!("{ACME}aliases: [old-acme]\ncategories: [enterprise]\nprofile: {{sub: $.userinfo.id}}\n");
        let row = row(&text).unwrap();
        for word in ["acm", "ACME", "old", "Enter"] {
            assert!(row.has(word), "{word}");
        }
        assert!(!row.has("social"));
    }
}
