//! The relying party against a hostile OpenID provider: one misbehaviour per case, over real sockets, through the whole
//! client. Each case asserts the outcome and which endpoints were asked, so that nothing is fetched after a refusal.
//!
//! `modules` has the modules of the OpenID Foundation's suite under their official names, `matrix` what every client must refuse
//! and accept, both played through the whole server; the other files have what is left.

mod callback;
mod device;
mod discovery;
mod dpop;
mod grants;
mod id_token;
mod jarm;
mod keys;
mod matrix;
mod mix_up;
mod modules;
pub mod op;
mod outage;
mod proofs;
mod pushed;
mod refresh;
mod rp;
mod signed_userinfo;
mod table;
mod threats;
mod token;
mod userinfo;

use std::sync::Arc;

use serde_json::{Value, json};

use op::{Behaviour, Hits, Op};

/// What must come of a case.
pub enum Outcome {
    /// Signed in, after these requests.
    Accepted,
    /// Refused with this code, before userinfo was asked; the token endpoint was asked this often.
    Refused(&'static str, u32),
    /// Refused with this code after userinfo was asked.
    RefusedUserinfo(&'static str),
}
use Outcome::{Accepted, Refused, RefusedUserinfo};

/// Plays a case.
async fn check(name: &str, change: impl FnOnce(&mut Behaviour), outcome: Outcome) {
    let mut behaviour = Behaviour::default();
    change(&mut behaviour);
    let op = Op::start(behaviour).await;
    let result = op.sign_in().await.map(|signed_in| signed_in.profile.into_json());
    let hits = op.hits();
    let code = result.as_ref().err().map(|error| error.code().to_owned());
    match outcome {
        Accepted => {
            let profile =
                result.unwrap_or_else(|error| panic!("{name}: refused with {}: {error}", error.code()));
            assert_eq!(profile["sub"], op::SUB, "{name}");
            assert_eq!(hits.token, 1, "{name}: token requests");
        }
        Refused(wanted, token) => {
            assert_eq!(code.as_deref(), Some(wanted), "{name}: {result:?}");
            assert_eq!((hits.token, hits.userinfo), (token, 0), "{name}: requests to token and userinfo");
        }
        RefusedUserinfo(wanted) => {
            assert_eq!(code.as_deref(), Some(wanted), "{name}: {result:?}");
            assert_eq!((hits.token, hits.userinfo), (1, 1), "{name}: requests to token and userinfo");
        }
    }
    assert_eq!(hits.elsewhere, 0, "{name}: no other address is asked");
    if let Some(error) = result_text(&code, &op).await {
        panic!("{name}: {error}");
    }
}

/// No request repeats the access token, the code or the secret in its address.
async fn result_text(_: &Option<String>, op: &Op) -> Option<String> {
    let leaks = |request: &String| {
        let address = request.split(' ').nth(1).unwrap_or_default();
        address.contains(op::ACCESS_TOKEN) || address.contains("code") || address.contains("s3cret")
    };
    op.seen().into_iter().find(leaks).map(|request| format!("a secret stands in an address: {request}"))
}

/// Changes the parameters of the callback.
fn callback(behaviour: &mut Behaviour, edit: impl Fn(&mut Vec<(String, String)>) + Send + Sync + 'static) {
    behaviour.callback = Arc::new(edit);
}

fn claims(claims: Value) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| behaviour.claims = claims
}

fn header(header: Value) -> impl FnOnce(&mut Behaviour) {
    move |behaviour| behaviour.header = header
}

/// Every case of a table, each as a test of its own.
macro_rules! cases {
    ($($name:ident: $change:expr => $outcome:expr;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                crate::conformance::check(stringify!($name), $change, $outcome).await;
            }
        )*
    };
}
use cases;

#[tokio::test]
async fn a_right_provider_is_asked_once_at_each_endpoint() {
    let op = Op::start(Behaviour::default()).await;
    let profile = op.sign_in().await.expect("a sign-in").profile.into_json();
    assert_eq!(
        json!(profile),
        json!({"sub": op::SUB, "name": "Jane Doe", "email": "jane@example.com", "email_verified": false})
    );
    assert_eq!(op.hits(), Hits { discovery: 1, jwks: 1, token: 1, userinfo: 1, elsewhere: 0 });
    op.sign_in().await.expect("a second sign-in");
    assert_eq!(
        op.hits(),
        Hits { discovery: 1, jwks: 1, token: 2, userinfo: 2, elsewhere: 0 },
        "metadata and keys are kept"
    );
}
