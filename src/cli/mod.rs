//! The command line: one file per command, each with its `Args` and its `run`.
//!
//! Results go to standard output, diagnostics to standard error, and the last line is a summary. Exit codes: 0 fine,
//! 1 findings, 2 wrong usage, 3 could not reach, 4 sign-in refused.

#[cfg(feature = "mock")]
mod browser;
// Without the mock, half of what commands share has no command.
#[cfg_attr(not(feature = "mock"), allow(dead_code))]
mod catalog;
#[cfg(feature = "mock")]
mod client;
pub mod completions;
#[cfg(feature = "mock")]
pub mod demo;
#[cfg(feature = "mock")]
mod effective;
#[cfg(feature = "mock")]
pub mod exchange;
pub mod explain;
#[cfg(feature = "mock")]
mod given;
#[cfg(feature = "mock")]
pub mod introspect;
pub mod list;
#[cfg(feature = "mock")]
pub mod login;
#[cfg(feature = "mock")]
pub mod logout;
#[cfg(feature = "lsp")]
pub mod lsp;
pub mod man;
#[cfg(feature = "mock")]
pub mod map;
#[cfg(feature = "mock")]
pub mod mock;
pub mod new;
#[cfg_attr(not(feature = "mock"), allow(dead_code))]
mod output;
mod progress;
mod recorded;
#[cfg(feature = "mock")]
pub mod revoke;
pub mod schema;
#[cfg(feature = "server")]
pub mod serve;
#[cfg(feature = "server")]
pub mod sessions;
#[cfg(feature = "mock")]
pub mod show;
#[cfg(feature = "mock")]
mod table;
#[cfg(feature = "mock")]
pub mod test;
#[cfg(feature = "mock")]
pub mod token;
#[cfg(feature = "mock")]
mod tokens;
pub mod validate;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Sign-in providers as data: one YAML file each, checked in CI like code, run by one engine.
#[derive(Debug, Parser)]
#[command(name = "authcfg", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the completions of a shell.
    Completions(completions::Args),
    /// See a whole sign-in on this machine: a provider is played, the sign-in server is real, no account is needed.
    #[cfg(feature = "mock")]
    Demo(demo::Args),
    /// Exchange a token for one for another service (RFC 8693).
    #[cfg(feature = "mock")]
    Exchange(exchange::Args),
    /// Explain the code of a finding, such as unknown-field.
    Explain(explain::Args),
    /// Ask the provider what it knows of a token (RFC 7662).
    #[cfg(feature = "mock")]
    Introspect(introspect::Args),
    /// List the providers of the catalogue, and what each of them can do.
    List(list::Args),
    /// Sign in at a provider from this terminal, see every request, and get the profile.
    #[cfg(feature = "mock")]
    Login(login::Args),
    /// Sign out here, and at the provider where it can be told.
    #[cfg(feature = "mock")]
    Logout(logout::Args),
    /// Speak the Language Server Protocol on standard input and output, for an editor.
    #[cfg(feature = "lsp")]
    Lsp(lsp::Args),
    /// Print a page of the manual, or a section of one.
    Man(man::Args),
    /// Map responses to a profile, and see which path or template gave each claim.
    #[cfg(feature = "mock")]
    Map(map::Args),
    /// Serve the endpoints of providers on this machine, for the tests of an application.
    #[cfg(feature = "mock")]
    Mock(mock::Args),
    /// Write a provider file to begin with: from a provider's discovery document, or from a sample of its userinfo.
    New(new::Args),
    /// End a token at the provider (RFC 7009).
    #[cfg(feature = "mock")]
    Revoke(revoke::Args),
    /// Print the JSON Schema of provider or deployment files.
    Schema(schema::Args),
    /// Run the sign-in server.
    #[cfg(feature = "server")]
    Serve(serve::Args),
    /// List the sessions of a person at a server that runs, or end them.
    #[cfg(feature = "server")]
    Sessions(sessions::Args),
    /// Show the effective provider and every request that it will be sent.
    #[cfg(feature = "mock")]
    Show(show::Args),
    /// Play the tests that provider files carry, each as a whole sign-in over a real socket.
    #[cfg(feature = "mock")]
    Test(test::Args),
    /// Print a valid access token, of the sign-in that is kept or of the client itself.
    #[cfg(feature = "mock")]
    Token(token::Args),
    /// Check provider and deployment files: structure and meaning, every finding at once.
    Validate(validate::Args),
}

/// Reads the arguments of the process and runs the command they name.
pub fn run() -> ExitCode {
    match Cli::parse().command {
        Command::Completions(args) => completions::run(args),
        #[cfg(feature = "mock")]
        Command::Demo(args) => demo::run(args),
        #[cfg(feature = "mock")]
        Command::Exchange(args) => exchange::run(args),
        Command::Explain(args) => explain::run(args),
        #[cfg(feature = "mock")]
        Command::Introspect(args) => introspect::run(args),
        Command::List(args) => list::run(args),
        #[cfg(feature = "mock")]
        Command::Login(args) => login::run(args),
        #[cfg(feature = "mock")]
        Command::Logout(args) => logout::run(args),
        #[cfg(feature = "lsp")]
        Command::Lsp(args) => lsp::run(args),
        Command::Man(args) => man::run(args),
        #[cfg(feature = "mock")]
        Command::Map(args) => map::run(args),
        #[cfg(feature = "mock")]
        Command::Mock(args) => mock::run(args),
        Command::New(args) => new::run(args),
        #[cfg(feature = "mock")]
        Command::Revoke(args) => revoke::run(args),
        Command::Schema(args) => schema::run(args),
        #[cfg(feature = "server")]
        Command::Serve(args) => serve::run(args),
        #[cfg(feature = "server")]
        Command::Sessions(args) => sessions::run(args),
        #[cfg(feature = "mock")]
        Command::Show(args) => show::run(args),
        #[cfg(feature = "mock")]
        Command::Test(args) => test::run(args),
        #[cfg(feature = "mock")]
        Command::Token(args) => token::run(args),
        Command::Validate(args) => validate::run(args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn arguments_are_declared_without_contradiction() {
        Cli::command().debug_assert();
    }
}
