//! The deployment file: credentials, tenants, routes, the session. What belongs to one installation.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use crate::spec::forward_auth::ForwardAuthSpec;

/// A deployment: which providers are on, with which credentials, and how the sign-in server behaves.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeploymentSpec {
    /// The public address of the sign-in server, such as `https://app.example.com/api/auth`; several where one server
    /// answers for several origins. `AUTH_URL` where it is absent. Without a path, `/api/auth`.
    pub base_url: Option<OneOrMany<String>>,
    /// Whose `X-Forwarded-*`, `Forwarded` and `X-Request-Id` headers are believed: addresses or networks (`10.0.0.0/8`). Nobody's where
    /// it is absent, or `[]`.
    pub trusted_proxies: Option<Vec<String>>,
    /// The secret that seals cookies, at least 32 bytes; of several the first seals and all open. `AUTH_SECRET` where it is absent.
    pub secret: Option<OneOrMany<SecretRef>>,
    /// Folders with provider files, over the built-in ones; `./providers` beside this file, where it exists, when absent.
    pub catalog: Option<Vec<String>>,
    /// The providers that are on, by id.
    #[serde(default, deserialize_with = "entries")]
    pub providers: IndexMap<String, ProviderDeployment>,
    /// Which provider signs in the people of an e-mail domain; the longest match wins.
    #[serde(default)]
    pub routes: Vec<RouteSpec>,
    /// How long a session lives and what it holds.
    #[serde(default)]
    pub session: SessionSpec,
    /// Lets whoever runs the server list and end sessions, with `authcfg sessions` or at `/admin/sessions`. Nobody can where it is
    /// absent.
    pub admin: Option<AdminSpec>,
    /// Pages of the application that stand in for the built-in ones.
    #[serde(default)]
    pub pages: PagesSpec,
    /// Origins besides the server's own that a `callbackUrl` may lead to.
    #[serde(default)]
    pub redirect_allow: Vec<String>,
    /// Who may sign in; everyone where it is absent. One rule must hold; in a rule every key, in a list one value.
    pub allow: Option<Vec<AllowRule>>,
    /// Whom a proxy lets through to an application that it asks `/verify` for; nobody is asked for where it is absent.
    pub forward_auth: Option<ForwardAuthSpec>,
    /// How often one client may ask; as often as it likes where it is absent.
    #[serde(default)]
    pub limits: LimitsSpec,
    /// Where it is written down who signed in and who was refused; nowhere where it is absent.
    pub audit: Option<AuditSpec>,
    /// How providers are reached.
    #[serde(default)]
    pub network: NetworkSpec,
    /// `true`: plain http on a public address. For a test installation only: every cookie and code is readable on the way.
    #[serde(default)]
    pub danger_allow_http: bool,
}

/// What whoever runs the server may ask of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdminSpec {
    /// Where the token stands that they show, at least 32 bytes: `{env: AUTHCFG_ADMIN_TOKEN}`.
    pub token: SecretRef,
}

/// One value, or a list of them.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// One value.
    One(T),
    /// Several.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// The values in order.
    pub fn as_slice(&self) -> &[T] {
        match self {
            OneOrMany::One(value) => std::slice::from_ref(value),
            OneOrMany::Many(values) => values,
        }
    }
}

/// Where a secret stands: never in the file itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretRef {
    /// The name of an environment variable.
    Env(String),
    /// The path of a file that holds it; a line end at its end is dropped.
    File(String),
}

/// A text that may also come from the environment or a file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum TextOrRef {
    /// The text itself.
    Text(String),
    /// Where it stands.
    Ref(SecretRef),
}

/// One provider of a deployment: credentials, and any key of its provider file to override.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct ProviderDeployment {
    /// The provider file this is an instance of; the id itself where it is absent.
    #[serde(rename = "use")]
    pub uses: Option<String>,
    /// The client id; `AUTH_<ID>_ID` where it is absent.
    pub client_id: Option<TextOrRef>,
    /// Where the client secret stands; `AUTH_<ID>_SECRET` where it is absent.
    pub client_secret: Option<SecretRef>,
    /// The other members of the client that the provider file declares; `AUTH_<ID>_<NAME>` where one is absent.
    #[serde(default)]
    pub client: IndexMap<String, TextOrRef>,
    /// The value of the provider file's `vars.issuer`; `AUTH_<ID>_ISSUER` where it is absent.
    pub issuer: Option<TextOrRef>,
    /// Values of the provider file's variables; `AUTH_<ID>_<NAME>` where one is absent.
    #[serde(default)]
    pub vars: IndexMap<String, TextOrRef>,
    /// Inputs where neither the sign-in nor a route gives one of the same `one_of` list.
    #[serde(default)]
    pub request: IndexMap<String, String>,
    /// The scopes a sign-in asks for, instead of the provider file's.
    pub scopes: Option<Vec<String>>,
    /// Keys of the provider file, merged over it: mappings key by key, lists and scalars replace, null removes.
    #[serde(flatten)]
    #[schemars(skip)]
    pub overrides: IndexMap<String, Value>,
}

impl ProviderDeployment {
    /// The keys that are laid over the provider file.
    pub fn over(&self) -> Map<String, Value> {
        let mut over: Map<String, Value> = self.overrides.clone().into_iter().collect();
        if let Some(scopes) = &self.scopes {
            over.insert("scopes".into(), json!({"default": scopes}));
        }
        over
    }
}

/// `acme:` alone switches a provider on, as `acme: {}` does.
fn entries<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<IndexMap<String, ProviderDeployment>, D::Error> {
    let entries = IndexMap::<String, Option<ProviderDeployment>>::deserialize(deserializer)?;
    Ok(entries.into_iter().map(|(id, entry)| (id, entry.unwrap_or_default())).collect())
}

/// Home-realm discovery: who signs in people of these domains, with which inputs.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteSpec {
    /// E-mail domains; `*.acme.example` is any domain below it.
    #[schemars(length(min = 1))]
    pub domains: Vec<String>,
    /// The provider, as `providers` calls it.
    pub provider: String,
    /// Inputs of the sign-in, as the provider file declares them.
    #[serde(default)]
    pub request: IndexMap<String, String>,
}

/// The session.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionSpec {
    /// Where the session is kept: `jwt`, in an encrypted cookie, where it is absent; `database`, in `store`.
    #[serde(default)]
    pub strategy: Strategy,
    /// With `strategy: database`: `redis://HOST:6379/0` (`rediss://` over TLS) or `postgres://USER@HOST/DATABASE`, for several
    /// machines; `sqlite:PATH`, one file for several processes of one machine, a relative path from the folder of this file; or
    /// `memory`, for one process, until it ends. An address with a password stands elsewhere: `{env: SESSION_STORE_URL}` or
    /// `{file: PATH}`. `sqlite:authcfg.db` where it is absent.
    pub store: Option<TextOrRef>,
    /// With `strategy: database`: how long after it was last written a session that is read is written again. 24 hours where it is
    /// absent, and never more than a thirtieth of its lifetime.
    pub update_age: Option<DurationSpec>,
    /// How long it lives after it was last read: `30d`, `12h`, `45min`, `90s` or seconds. 30 days where it is absent.
    pub max_age: Option<DurationSpec>,
    /// Ends a session that was not read for this long.
    pub idle: Option<DurationSpec>,
    /// Ends a session this long after the sign-in, however often it was read.
    pub absolute: Option<DurationSpec>,
    /// `strict`: idle 30 minutes, absolute 12 hours (OWASP ASVS level 2).
    pub preset: Option<Preset>,
    /// `host`: the session cookie gets the prefix `__Host-`. Auth.js's own readers look for `__Secure-`.
    pub cookie: Option<CookiePrefix>,
    /// Claims of the profile, besides name, e-mail and picture, that `/session` shows.
    #[serde(default)]
    pub claims: Vec<String>,
    /// With `strategy: database`: tokens of the provider that `/session` shows, renewed before they expire: `access_token`,
    /// `id_token`; with them comes `expires_at`. Every script of the application's pages can read them. A refresh token is
    /// never shown.
    #[serde(default)]
    pub expose_tokens: Vec<ExposedToken>,
    /// What a sign-out ends: `application`, the session here, where it is absent; `provider`, the one at the provider as well,
    /// where it has an `end_session_endpoint` (OpenID Connect RP-Initiated Logout). That signs out of every other application
    /// that was entered through it.
    #[serde(default)]
    pub logout: Logout,
}

/// What a sign-out ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Logout {
    /// The session here.
    #[default]
    Application,
    /// The session here, and the one at the provider.
    Provider,
}

/// A token that `/session` may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExposedToken {
    /// The access token.
    AccessToken,
    /// The id_token.
    IdToken,
}

/// A duration: seconds, or a number with `s`, `min`, `h` or `d`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum DurationSpec {
    /// Seconds.
    Seconds(u64),
    /// `30d`, `12h`, `45min`, `90s`.
    Text(String),
}

impl DurationSpec {
    /// The duration in seconds; `None` where the text is none, is zero, or is over a hundred years.
    pub fn seconds(&self) -> Option<u64> {
        let seconds = match self {
            DurationSpec::Seconds(seconds) => *seconds,
            DurationSpec::Text(text) => {
                let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
                let factor = match &text[digits..] {
                    "s" => 1,
                    "min" => 60,
                    "h" => 3600,
                    "d" => 86_400,
                    _ => return None,
                };
                text[..digits].parse::<u64>().ok()?.checked_mul(factor)?
            }
        };
        (1..=3_155_760_000).contains(&seconds).then_some(seconds)
    }
}

/// Where a session is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// In a store; the cookie holds its id.
    Database,
    /// In an encrypted cookie, in the format of Auth.js.
    #[default]
    Jwt,
}

/// A set of lifetimes by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Idle 30 minutes, absolute 12 hours.
    Strict,
}

/// The prefix of the session cookie on https (RFC 6265bis §4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CookiePrefix {
    /// `__Host-`.
    Host,
}

/// Pages of the application, as paths or addresses.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PagesSpec {
    /// Where people choose how to sign in; gets `callbackUrl` and `error`.
    pub sign_in: Option<String>,
    /// Where people confirm that they sign out.
    pub sign_out: Option<String>,
    /// Where a failed sign-in ends; gets `error`.
    pub error: Option<String>,
}

/// Who may sign in.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllowRule {
    /// Through one of these providers.
    pub providers: Option<Vec<String>>,
    /// With one of these verified e-mail addresses; `*@acme.example` is everybody of that domain.
    pub emails: Option<Vec<String>>,
    /// With one of these values of a claim.
    pub profile: Option<IndexMap<String, Vec<Value>>>,
}

/// How often one client may ask. A client is an IPv4 address, or the first 64 bits of an IPv6 address; behind a proxy that stands in
/// `trusted_proxies` it is whom the proxy names.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsSpec {
    /// Sign-ins that are begun, such as `30/min`: a number for each `s`, `min` or `h`. So many at once, then evenly.
    pub sign_in: Option<String>,
    /// Sign-ins that come back from a provider, such as `60/min`.
    pub callback: Option<String>,
    /// Reads of the session, such as `50/s`. Where the application's server reads for its visitors, all of them are one client.
    pub session: Option<String>,
}

/// The audit log: one JSON object a line for every sign-in, refusal, refresh and end of a session, as `authcfg schema events` says.
/// It never has a token, a code or a secret.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditSpec {
    /// `stdout`, `stderr`, or the path of a file, a relative one from the folder of this file. Lines are added to a file that is
    /// there; a new one can be read by its owner alone. SIGHUP opens it anew.
    pub to: String,
    /// How people are named: `plain`, as their provider does, where it is absent; `hashed`, by a hash that nobody without `secret`
    /// can try out; `none`.
    #[serde(default)]
    pub subject: AuditSubject,
    /// Whether e-mail addresses are written down; not where it is absent.
    #[serde(default)]
    pub email: bool,
}

/// How the audit log names people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditSubject {
    /// By a keyed hash of the subject.
    Hashed,
    /// Not at all.
    None,
    /// By the subject.
    #[default]
    Plain,
}

/// How providers are reached.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkSpec {
    /// Private networks (`10.0.0.0/8`) that an address from a discovery document may stand in.
    #[serde(default)]
    pub allow_private_networks: Vec<String>,
    /// The proxy that requests to providers go through. The environment's is not looked at.
    pub proxy: Option<String>,
    /// How far a provider's clock may be off; 60 seconds where it is absent, 5 minutes at most.
    pub clock_skew: Option<DurationSpec>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations() {
        let seconds = |text: &str| DurationSpec::Text(text.into()).seconds();
        assert_eq!(seconds("30d"), Some(2_592_000));
        assert_eq!(seconds("45min"), Some(2_700));
        assert_eq!(DurationSpec::Seconds(7).seconds(), Some(7));
    }

    #[test]
    fn refuses_what_is_no_duration() {
        for text in ["", "d", "3", "3w", "-3d", "3 d", "0s", "99999999999999999999d", "١d"] {
            assert_eq!(DurationSpec::Text(text.into()).seconds(), None, "{text}");
        }
    }
}
