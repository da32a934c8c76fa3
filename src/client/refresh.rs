//! Tokens renewed, and who it is now.

use serde_json::{Map, Value};

use crate::client::{Client, Error, Inner};
use crate::flow::TokenSet;
use crate::flow::caller::renewed_context;
use crate::flow::metadata::Metadata;
use crate::flow::verify::Check;
use crate::flow::{Context, profile, refresh};
use crate::oauth::{Profile, Secret};
use crate::provider::Protocol;
use crate::transport::Limit;

impl Client {
    /// Renews a token (RFC 6749 §6). What the provider leaves out of its answer stays as it was; the new [`TokenSet`] takes the
    /// place of the old one, whose refresh token may be void by now: keep it before anything else is done with it.
    ///
    /// The request is sent once, whatever becomes of it, as the token request of [`Client::callback`] is. A new id_token is checked, and that it is of the same sign-in as the
    /// first one (OpenID Connect Core §12.2); where its key cannot be fetched, the old id_token stays.
    ///
    /// ```no_run
    /// use authcfg::client::{Client, Error, SignIn};
    ///
    /// async fn an_hour_later(client: &Client, sign_in: SignIn) -> Result<(), Error> {
    ///     let token = client.refresh(&sign_in.token).await?;
    ///     let profile = client.profile(&token).await?;
    ///     assert_eq!(profile.sub(), sign_in.profile.sub());
    ///     client.revoke(&token).await
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Error::ProviderMisbehaved`] with the provider's own error, such as `invalid_grant`, or for an id_token that is not of
    /// this sign-in; [`Error::Transport`] where it is not known whether the refresh token was used. [`Error::ends_sign_in`] tells
    /// which of them are final.
    pub async fn refresh(&self, token: &TokenSet) -> Result<TokenSet, Error> {
        let metadata = self.metadata().await?;
        let (registration, clock) = (self.registration(), &*self.inner.clock);
        let mut context = self.later_context(Some(token));
        let has_id_token = registration.provider.protocol == Protocol::Oidc && token.id_token.is_some();
        if has_id_token {
            // Now, since a failure after the request would cost the new refresh token.
            self.keys(&metadata, &context, None).await?;
        }
        let endpoint = refresh::endpoint(registration, &metadata, &context)?;
        let request = || refresh::request(token, &self.caller(&metadata, &context));
        let key = token.dpop_key.as_ref();
        let answer = self.send_proven("refresh", request, Limit::Token, &endpoint, key).await?;
        let mut renewed = refresh::response(token, registration, &answer, &mut context, clock)?;
        if let (Protocol::Oidc, Some(id_token)) =
            (registration.provider.protocol, new_id_token(token, &renewed))
        {
            match self.verify_renewed(&metadata, &id_token, &renewed, &context).await {
                Ok(claims) => drop(renewed.remembered.sign_in.insert("claims".into(), claims.into())),
                Err(error @ Error::Transport { .. }) => {
                    tracing::warn!(provider = %registration.id, %error, "a new id_token cannot be checked; the old one stays");
                    renewed.id_token = token.id_token.clone();
                }
                Err(error) => return Err(error),
            }
        }
        Ok(renewed)
    }

    /// Who it is now, by the tokens of a refresh: userinfo is asked again, and the profile mapped as it was at the sign-in.
    ///
    /// # Errors
    /// What goes wrong with one of the calls. With an optional one that is what may pass, such as a status of 5xx: a profile that
    /// lacks what it had before is worse than the old one.
    pub async fn profile(&self, token: &TokenSet) -> Result<Profile, Error> {
        let Inner { registration, clock, rng, .. } = &*self.inner;
        let metadata = self.metadata().await?;
        let mut context = renewed_context(registration, token, &**clock, &**rng);
        let sub = match registration.provider.protocol {
            Protocol::Oidc => token.remembered.first_id_token.get("sub").and_then(Value::as_str),
            Protocol::Oauth2 => None,
        };
        self.ask_who(&metadata, token, sub, true, &mut context).await?;
        Ok(profile::map(registration, &context)?)
    }

    async fn verify_renewed(
        &self,
        metadata: &Metadata,
        id_token: &Secret,
        renewed: &TokenSet,
        context: &Context,
    ) -> Result<Map<String, Value>, Error> {
        let Inner { registration, clock, clock_skew, .. } = &*self.inner;
        let check = Check {
            registration,
            metadata,
            nonce: None,
            max_age: None,
            requested: &[],
            token: renewed,
            now: clock.now(),
            clock_skew: *clock_skew,
        };
        let verified = self.verify(&check, id_token, context).await?;
        check.same_sign_in(&verified, &renewed.remembered.first_id_token)?;
        Ok(verified.claims().clone())
    }
}

/// The id_token of a refresh, where there is one.
fn new_id_token(earlier: &TokenSet, renewed: &TokenSet) -> Option<Secret> {
    let same = |new: &Secret| earlier.id_token.as_ref().is_some_and(|old| old.ct_eq(new));
    renewed.id_token.as_ref().filter(|new| !same(new)).cloned()
}
