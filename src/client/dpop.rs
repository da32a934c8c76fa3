//! Requests with a proof of possession (RFC 9449), and the nonces that servers want in it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, Uri};

use crate::client::{Client, Error, Inner};
use crate::flow;
use crate::flow::dpop;
use crate::flow::metadata::Endpoint;
use crate::oauth::Secret;
use crate::transport::Limit;

/// Servers whose last nonce is kept. A provider has two or three.
const MAX_SERVERS: usize = 100;

/// The last nonce of each server, by scheme and authority.
#[derive(Default)]
pub(super) struct Nonces {
    by_server: Mutex<HashMap<String, String>>,
}

impl Nonces {
    fn of(&self, server: &str) -> Option<String> {
        self.by_server.lock().unwrap_or_else(PoisonError::into_inner).get(server).cloned()
    }

    fn keep(&self, server: String, nonce: &str) {
        let mut kept = self.by_server.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_SERVERS && !kept.contains_key(&server) {
            kept.clear();
        }
        kept.insert(server, nonce.to_owned());
    }
}

impl Client {
    /// The key that an access token is to be bound to, where the provider binds them.
    pub(super) fn new_dpop_key(&self) -> Result<Option<Secret>, Error> {
        let binds = self.provider().dpop_bound_access_tokens;
        Ok(binds.then(|| dpop::new_key(&*self.inner.rng)).transpose()?)
    }

    /// Sends a request with a proof by `key`; as it is where there is none.
    ///
    /// Where the server refuses it for the lack of a nonce, and gives one, it goes out once more. That is no second use of a code
    /// or a refresh token: the server has looked at the proof and at the client, and at nothing else (RFC 9449 §8). So it is made
    /// anew: an assertion of the client is good once (RFC 7523 §3).
    pub(super) async fn send_proven(
        &self,
        step: &str,
        make: impl Fn() -> Result<Request<Bytes>, flow::Error>,
        limit: Limit,
        endpoint: &Endpoint,
        key: Option<&Secret>,
    ) -> Result<Response<Bytes>, Error> {
        let Some(key) = key else { return self.send(step, make()?, limit, endpoint).await };
        let Inner { clock, rng, nonces, .. } = &*self.inner;
        let mut again = false;
        loop {
            let mut proven = make()?;
            let server = server(proven.uri());
            dpop::prove(&mut proven, key, nonces.of(&server).as_deref(), clock.now(), &**rng)?;
            let answer = self.send(step, proven, limit, endpoint).await?;
            if let Some(nonce) = dpop::nonce(&answer) {
                nonces.keep(server, nonce);
            }
            if again || !dpop::wants_nonce(&answer) {
                return Ok(answer);
            }
            again = true;
        }
    }
}

fn server(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    format!("{}://{authority}", uri.scheme_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_its_own_nonce_and_there_are_not_many() {
        let nonces = Nonces::default();
        let server = |host: &str| server(&format!("https://{host}/token?a=b").parse().unwrap());
        assert_eq!(server("a.example:444"), "https://a.example:444");
        nonces.keep(server("a.example"), "1");
        nonces.keep(server("b.example"), "2");
        nonces.keep(server("a.example"), "3");
        assert_eq!(nonces.of(&server("a.example")).as_deref(), Some("3"));
        assert_eq!(nonces.of(&server("b.example")).as_deref(), Some("2"));
        assert_eq!(nonces.of(&server("a.example:444")), None);
        for number in 0..1_000 {
            nonces.keep(server(&format!("s{number}.example")), "n");
            assert!(nonces.by_server.lock().unwrap().len() <= MAX_SERVERS);
        }
    }
}
