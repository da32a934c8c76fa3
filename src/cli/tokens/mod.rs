//! The tokens that a terminal keeps: of a sign-in, or of the client itself. Never a secret of the deployment's client.

mod folder;
mod given;
mod keyring;
mod seal;
mod shown;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::cli::client::Stop;
use crate::cli::output;
use crate::client::{Client, SignIn};
use crate::clock::{Clock, SystemClock};
use crate::flow::TokenSet;
use crate::flow::grant::{ClientCredentialsRequest, JwtBearerRequest};
use crate::flow::kept::{TokenSetFields, margin, secret};
use crate::flow::metadata::Metadata;
use crate::oauth::Secret;
use crate::provider::Registration;
use crate::provider::token::RefreshRequires;

use folder::{Folder, Lock};
use keyring::Missing;

pub use given::{OtherToken, Standing, from_stdin};
pub use shown::{Format, Shown};

/// What the name of a file ends with.
const END: &str = ".json";

/// Tokens that are kept.
#[derive(Clone, Deserialize, Serialize)]
pub struct Kept {
    /// The id under which the deployment runs the provider.
    pub provider: String,
    /// The issuer of the sign-in; the provider's id where it has no issuer identifier.
    pub issuer: String,
    /// The client that they were given to.
    pub client_id: String,
    /// Its secret, where it registered itself and was given one.
    #[serde(with = "secret", default, skip_serializing_if = "Option::is_none")]
    client_secret: Option<Secret>,
    /// Who signed in; `None` where it was the client itself, or nobody tells.
    pub sub: Option<String>,
    /// When they were given, in seconds since 1970.
    given: u64,
    /// The tokens.
    #[serde(with = "TokenSetFields")]
    pub set: TokenSet,
}

impl Kept {
    /// The tokens of a person who has just signed in.
    pub fn of_sign_in(id: &str, client: &Client, sign_in: SignIn) -> Kept {
        let sub = Some(sign_in.profile.sub().to_owned());
        Kept { issuer: sign_in.issuer, sub, ..Kept::new(id, client, sign_in.token) }
    }

    /// The token of the client itself, or of a provider that does not tell whose it is, as it has just come.
    pub fn new(id: &str, client: &Client, mut set: TokenSet) -> Kept {
        let (provider, registration) = (client.provider(), client.registration());
        // The others are the deployment's, and some of them secret.
        set.remembered.vars.retain(|name, _| provider.learned.contains_key(name));
        Kept {
            provider: id.to_owned(),
            issuer: issuer(registration),
            client_id: registration.client_id.clone(),
            client_secret: registration.client_secret.clone().filter(|_| registration.registered_itself),
            sub: None,
            given: SystemClock.now(),
            set,
        }
    }

    /// The client that they were given to: the deployment's, or one that registered itself.
    pub fn client(&self, deployed: &Client) -> Client {
        match deployed.registration().is_registered() {
            true => deployed.clone(),
            false => deployed.registered_as(&self.client_id, self.client_secret.clone()),
        }
    }

    /// Whether they are to be renewed now.
    pub fn are_due(&self, now: u64) -> bool {
        let Some(expires_at) = self.set.expires_at else { return false };
        now >= expires_at.saturating_sub(margin(expires_at.saturating_sub(self.given)))
    }

    /// Whether the access token has expired.
    fn are_over(&self, now: u64) -> bool {
        self.set.expires_at.is_some_and(|expires_at| expires_at <= now)
    }

    fn can_be_renewed(&self, requires: RefreshRequires, now: u64) -> bool {
        match requires {
            RefreshRequires::RefreshToken => self.set.refresh_token.is_some(),
            RefreshRequires::AccessToken => !self.are_over(now),
        }
    }

    /// The same after a refresh. Where that does not say how long the access token lives, it is as long as the one before.
    fn renewed(&self, set: TokenSet, client: &Client) -> Kept {
        let kept = Kept::new(&self.provider, client, set);
        let lifetime = self.set.expires_at.map(|expires_at| expires_at.saturating_sub(self.given));
        let expires_at = kept.set.expires_at.or(lifetime.map(|seconds| kept.given.saturating_add(seconds)));
        let set = TokenSet { expires_at, ..kept.set };
        Kept { set, issuer: self.issuer.clone(), sub: self.sub.clone(), ..kept }
    }
}

/// Where tokens of one provider are kept.
pub struct Place {
    folder: Folder,
    name: String,
    id: String,
}

impl Place {
    /// The tokens of the person who signed in.
    ///
    /// # Errors
    /// There is no folder for such things.
    pub fn of_sign_in(id: &str, client: &Client) -> Result<Place, Stop> {
        Place::new(id, client, &[])
    }

    /// The token of the client itself that is good for this.
    ///
    /// # Errors
    /// There is no folder for such things.
    pub fn of_client(id: &str, client: &Client, request: &ClientCredentialsRequest) -> Result<Place, Stop> {
        let mut words = vec!["client_credentials", request.scope.as_deref().unwrap_or("\n")];
        words.extend(request.resource.iter().map(String::as_str));
        Place::new(id, client, &words)
    }

    /// The token for an assertion that the client makes.
    ///
    /// # Errors
    /// There is no folder for such things.
    pub fn of_assertion(id: &str, client: &Client, request: &JwtBearerRequest) -> Result<Place, Stop> {
        Place::new(id, client, &["jwt_bearer", request.scope.as_deref().unwrap_or("\n")])
    }

    /// Another issuer or another client has other tokens, whatever the deployment calls them.
    fn new(id: &str, client: &Client, words: &[&str]) -> Result<Place, Stop> {
        let registration = client.registration();
        let issuer = issuer(registration);
        let mut of = vec![issuer.as_str(), &registration.client_id];
        of.extend(words);
        let hash = digest::digest(&digest::SHA256, serde_json::json!(of).to_string().as_bytes());
        let hash: String = hash.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let name = form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>();
        Ok(Place { folder: folder()?, name: format!("{name}.{hash}{END}"), id: id.to_owned() })
    }

    /// Whether the tokens of a sign-in of this client are kept here.
    pub fn is_of(&self, id: &str, client: &Client) -> bool {
        Place::of_sign_in(id, client).is_ok_and(|place| place.name == self.name)
    }

    /// Every place in which something is kept, whatever deployment it is of.
    ///
    /// # Errors
    /// A folder that others can get at.
    pub fn all() -> Result<Vec<Place>, Stop> {
        let folder = folder()?;
        let names = folder.names(END).map_err(unusable)?;
        Ok(names.into_iter().map(|name| Place { folder: folder.clone(), name, id: String::new() }).collect())
    }

    /// What is kept here.
    ///
    /// # Errors
    /// A file that others can get at, that is none of ours, or that is sealed with a key that the keyring does not give.
    pub fn read(&self) -> Result<Option<Kept>, Stop> {
        let Some(text) = self.folder.read(&self.name).map_err(unusable)? else { return Ok(None) };
        let text = match seal::sealed(&text) {
            Some(bytes) => self.opened(&bytes)?,
            None => Zeroizing::new(text),
        };
        // What is wrong with it is not told: the message might repeat a token.
        let kept = serde_json::from_str(&text).map_err(|_| {
            unusable(format!("{} holds no tokens that authcfg wrote: remove it", self.path()))
        })?;
        Ok(Some(kept))
    }

    fn opened(&self, bytes: &[u8]) -> Result<Zeroizing<String>, Stop> {
        let cannot = |why: &str| {
            let path = self.path();
            unusable(format!(
                "{path} is sealed with a key in the keyring of the system: {why}\nhelp: unlock the keyring, or sign in again with `authcfg login`"
            ))
        };
        let key = keyring::key().map_err(|missing| cannot(&missing.to_string()))?;
        let key = key.ok_or_else(|| cannot("it is not there any more"))?;
        seal::open(&key, &self.name, bytes).ok_or_else(|| cannot("there is another one now"))
    }

    fn path(&self) -> String {
        self.folder.path().join(&self.name).display().to_string()
    }

    /// What a sign-in left here.
    ///
    /// # Errors
    /// As [`Place::read`]; 4 where nobody is signed in.
    pub fn signed_in(&self) -> Result<Kept, Stop> {
        let id = output::one_line(&self.id);
        let nobody = || Stop::Here(4, format!("nobody is signed in at `{id}`\nhelp: authcfg login {id}"));
        self.read()?.ok_or_else(nobody)
    }

    /// Keeps tokens here, in the place of those before: sealed with a key in the keyring of the system. Where there is none they
    /// are kept all the same, since a provider may give them once; the first file says so.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn keep(&self, kept: &Kept) -> Result<(), Stop> {
        let text =
            serde_json::to_string(kept).map(Zeroizing::new).map_err(|error| unusable(error.to_string()))?;
        let is_first = self.folder.names(END).map_err(unusable)?.is_empty();
        match keyring::key_or_new(&self.folder) {
            Ok(key) => self.folder.write(&self.name, &seal::seal(&key, &self.name, &text)).map_err(unusable),
            Err(missing) => {
                self.folder.write(&self.name, &text).map_err(unusable)?;
                if is_first || matches!(missing, Missing::Refused(_)) {
                    output::diagnostic(&format!(
                        "warning: tokens are kept in {}, for this account alone, not encrypted (--no-store keeps none)\nnote: the keyring of the system: {missing}\n",
                        self.folder.path().display()
                    ));
                }
                Ok(())
            }
        }
    }

    /// Forgets what is kept here.
    ///
    /// # Errors
    /// A file that cannot be taken away.
    pub fn forget(&self) -> Result<(), Stop> {
        self.folder.remove(&self.name).map_err(unusable)
    }

    /// Waits until no other process changes what is here.
    ///
    /// # Errors
    /// A lock that cannot be had.
    pub fn lock(&self) -> Result<Lock, Stop> {
        self.folder.lock(&self.name).map_err(unusable)
    }

    /// The tokens of the sign-in, renewed where they are due: by one process, and kept before anybody sees them.
    ///
    /// # Errors
    /// 4 where nobody is signed in, or not any more: then they are forgotten. Else what went wrong; nothing is lost by it.
    pub async fn valid(&self, client: &Client) -> Result<Kept, Stop> {
        let kept = self.signed_in()?;
        if !kept.are_due(SystemClock.now()) {
            return Ok(kept);
        }
        let _lock = self.lock()?;
        let (kept, now) = (self.signed_in()?, SystemClock.now());
        let can_be_renewed = kept.can_be_renewed(client.provider().refresh.requires, now);
        if !kept.are_due(now) || !(can_be_renewed || kept.are_over(now)) {
            return Ok(kept);
        }
        let again = format!("help: authcfg login {}", output::one_line(&self.id));
        if !can_be_renewed {
            return Err(Stop::Here(
                4,
                format!("the access token has expired and cannot be renewed\n{again}"),
            ));
        }
        let client = kept.client(client);
        match client.refresh(&kept.set).await {
            Ok(set) => {
                let renewed = kept.renewed(set, &client);
                self.keep(&renewed)?;
                Ok(renewed)
            }
            Err(error) if error.ends_sign_in() => {
                self.forget()?;
                let why = output::one_line(&format!("{}: {error}", error.code()));
                Err(Stop::Here(4, format!("{why}\n{again}")))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The issuer, as far as the provider file and the deployment tell, or the resource that names it; else the id of the provider.
fn issuer(registration: &Registration) -> String {
    let written = Metadata::written(registration).unwrap_or_default();
    let resource = || Some(written.protected_resource(registration).ok()??.to_string());
    written.issuer.clone().or_else(resource).unwrap_or_else(|| registration.provider.id.clone())
}

fn folder() -> Result<Folder, Stop> {
    Folder::of_this_account(|name| std::env::var_os(name)).map_err(unusable)
}

fn unusable(why: String) -> Stop {
    Stop::Here(1, why)
}
