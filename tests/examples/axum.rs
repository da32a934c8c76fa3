//! An application with sign-in: the routes of authcfg beside its own, and the session in its handlers.

use std::sync::Arc;

use authcfg::clock::SystemClock;
use authcfg::config::{self, ConfigSource};
use authcfg::rng::SystemRng;
use authcfg::server::{self, Server};
use authcfg::session::Session;
use axum::Router;
use axum::response::Html;
use axum::routing::get;

async fn home(session: Option<Session>) -> Html<&'static str> {
    Html(if session.is_some() { "Welcome back." } else { r#"<a href="/api/auth/signin">Sign in</a>"# })
}

async fn account(session: Session) -> String {
    format!("You are {} ({}).", session.name.unwrap_or_default(), session.sub.unwrap_or_default())
}

/// The application: a front page, a page for people who are signed in, and the sign-in itself.
pub fn app(auth: Server) -> Router {
    Router::new().route("/", get(home)).route("/account", get(account)).merge(auth.router()).with_state(auth)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let source = ConfigSource { env: std::env::vars().collect(), ..ConfigSource::default() };
    let (config, _) = config::load(&source).map_err(|findings| findings[0].title.clone())?;
    let transport = server::transport(&config);
    let auth = Server::new(config, transport, Arc::new(SystemClock), Arc::new(SystemRng));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3100").await?;
    Ok(axum::serve(listener, app(auth)).await?)
}
