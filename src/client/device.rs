//! A sign-in of what has no browser (RFC 8628): a code to show, and the profile of whoever types it in elsewhere.

use std::time::Duration;

use serde_json::Value;

use crate::client::{Client, Error, SignIn, TOKENS_ALONE, UNREGISTERED, misuse};
use crate::flow::caller::later_context;
use crate::flow::device::{self, Progress};
use crate::flow::{self, Context, TokenSet};
use crate::transport::Limit;

pub use crate::flow::device::DeviceAuthorization;

impl Client {
    /// Begins a sign-in without a browser: what to show a person.
    ///
    /// # Errors
    /// [`Error::Misuse`] where the provider has no `device_authorization_endpoint`; else what went wrong there.
    pub async fn device_authorization(&self) -> Result<DeviceAuthorization, Error> {
        if !self.provider().signs_in {
            return Err(misuse(TOKENS_ALONE));
        }
        if !self.registration().is_registered() {
            return Err(misuse(UNREGISTERED));
        }
        let metadata = self.metadata().await?;
        let mut context = self.device_context();
        let caller = self.caller(&metadata, &context);
        let endpoint = device::endpoint(&caller)?;
        let request = device::request(&caller, endpoint.url.clone())?;
        let answer = self.send(device::STEP, request, Limit::Token, &endpoint).await?;
        Ok(device::response(&answer, &mut context, &*self.inner.clock)?)
    }

    /// Waits until the person has typed the code in, and asks who it is.
    ///
    /// It asks as often as the provider allows (RFC 8628 §3.5), half as often after a question that got no answer, and no longer
    /// than the code lives. Who gives up drops the future.
    ///
    /// ```no_run
    /// # async fn example(client: authcfg::client::Client) -> Result<(), authcfg::client::Error> {
    /// let code = client.device_authorization().await?;
    /// println!("open {} and type in {}", code.verification_uri, code.user_code);
    /// let signed_in = client.device_sign_in(code).await?;
    /// println!("hello, {}", signed_in.profile.sub());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::ProviderMisbehaved`] with the provider's `access_denied` or `expired_token`, and every way in which a sign-in
    /// can fail; see [`Error`].
    pub async fn device_sign_in(&self, mut authorization: DeviceAuthorization) -> Result<SignIn, Error> {
        if !self.provider().signs_in {
            return Err(misuse(TOKENS_ALONE));
        }
        let metadata = self.metadata().await?;
        let registration = self.registration();
        let key = self.new_dpop_key()?;
        loop {
            let left = authorization.expires_at.saturating_sub(self.inner.clock.now());
            tokio::time::sleep(Duration::from_secs(authorization.interval.min(left))).await;
            if self.inner.clock.now() >= authorization.expires_at {
                let ended = flow::error::Misbehaviour::error(
                    "token",
                    flow::error::MisbehaviourKind::DeviceAuthorizationFailed,
                    "nobody has typed the code in: it has expired",
                );
                return Err(ended.into());
            }
            let mut context = self.device_context();
            let caller = self.caller(&metadata, &context);
            let endpoint = device::token_endpoint(&caller)?;
            let request = || device::token_request(&caller, endpoint.url.clone(), &authorization);
            let sent = self.send_proven("token", request, Limit::Token, &endpoint, key.as_ref()).await;
            let answer = match sent {
                Ok(answer) => answer,
                Err(error) if !error.is_passing() => return Err(error),
                Err(error) => {
                    tracing::info!(provider = %registration.id, %error, "asked in vain whether the code was typed in");
                    authorization.interval = authorization.interval.saturating_mul(2);
                    continue;
                }
            };
            match device::token_response(registration, &answer, &mut context, &*self.inner.clock)? {
                Progress::Pending => {}
                Progress::SlowDown => authorization.slow_down(),
                Progress::Granted(token) => {
                    let token = TokenSet { dpop_key: key, ..*token };
                    return self.who(&metadata, token, Default::default(), &mut context).await;
                }
            }
        }
    }

    /// What templates see: no browser has brought anything.
    fn device_context(&self) -> Context {
        let mut context = later_context(self.registration(), None, &*self.inner.clock, &*self.inner.rng);
        for name in ["request", "callback", "captured"] {
            context.set(name, Value::Object(Default::default()));
        }
        context
    }
}
