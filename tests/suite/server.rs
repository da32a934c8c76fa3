//! The sign-in server over its router: the protocol of Auth.js, vector by vector, and what it must refuse.
//!
//! A test whose name is one of `$about` … in the captures of Auth.js (`protocol-captures.json`) says what was seen there,
//! and where authcfg answers otherwise, why.

mod admin;
mod audit;
mod backchannel_logout;
pub mod browser;
mod callback;
mod config;
mod csrf;
mod example;
mod frontchannel_logout;
mod limits;
mod logout;
mod open_redirect;
mod openid;
mod pages;
mod protocol;
mod provider;
mod refresh;
mod refreshing;
mod reload;
mod routes;
mod session;
mod sign_in;
mod start;
mod store;
mod stored;
mod verify;
