//! `authcfg exchange`: a token for another (RFC 8693).

use std::process::ExitCode;

use crate::cli::client::{self, ProviderArgs, Stop};
use crate::cli::tokens::{Format, Place, Shown, Standing, from_stdin};
use crate::flow::grant::{TokenExchangeRequest, TypedToken};

/// Exchange the access token of the sign-in, or another token, for one for another service (RFC 8693).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authcfg exchange acme --audience calendar --scope read
  printf %s \"$ID_TOKEN\" | authcfg exchange acme --subject-token - --subject-token-type id_token
  printf %s \"$MINE\" | authcfg exchange acme --actor-token - --actor-token-type jwt

A type is access_token, refresh_token, id_token, jwt, saml1, saml2, or a URI.

Exit codes:
  0 exchanged, 1 the deployment or what is kept cannot be used, 2 wrong usage,
  3 the provider cannot be reached, 4 it refused, or nobody is signed in")]
pub struct Args {
    /// Another token than that of the sign-in: - reads it from standard input
    #[arg(long, value_name = "-", allow_hyphen_values = true)]
    subject_token: Option<Standing>,
    /// What kind of token it is
    #[arg(long, value_name = "TYPE", default_value = "access_token", requires = "subject_token")]
    subject_token_type: String,
    /// The token of whoever acts for the subject: - reads it from standard input
    #[arg(
        long,
        value_name = "-",
        allow_hyphen_values = true,
        conflicts_with = "subject_token",
        requires = "actor_token_type"
    )]
    actor_token: Option<Standing>,
    /// What kind of token that is
    #[arg(long, value_name = "TYPE", requires = "actor_token")]
    actor_token_type: Option<String>,
    /// What kind of token is wanted
    #[arg(long, value_name = "TYPE")]
    requested_token_type: Option<String>,
    /// Where the new token is to be used, by the name of the service; repeatable
    #[arg(long, value_name = "NAME")]
    audience: Vec<String>,
    /// Where the new token is to be used, an absolute URI; repeatable
    #[arg(long, value_name = "URI")]
    resource: Vec<String>,
    /// What the new token is to be good for, separated by spaces
    #[arg(long)]
    scope: Option<String>,
    /// How it is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    provider: ProviderArgs,
}

/// Runs the command.
pub fn run(args: Args) -> ExitCode {
    client::run(exchange(&args))
}

async fn exchange(args: &Args) -> Result<(), Stop> {
    let mut client = args.provider.client()?;
    let token = match from_stdin("--subject-token", args.subject_token.as_ref())? {
        Some(token) => token,
        None => {
            let kept = Place::of_sign_in(&args.provider.id, &client)?.valid(&client).await?;
            client = kept.client(&client);
            kept.set.access_token
        }
    };
    let actor = from_stdin("--actor-token", args.actor_token.as_ref())?.zip(args.actor_token_type.as_deref());
    let request = TokenExchangeRequest {
        actor_token: actor.map(|(token, kind)| TypedToken { token, token_type: uri(kind) }),
        requested_token_type: args.requested_token_type.as_deref().map(uri),
        audience: args.audience.clone(),
        resource: args.resource.clone(),
        scope: args.scope.clone(),
        ..TokenExchangeRequest::new(TypedToken { token, token_type: uri(&args.subject_token_type) })
    };
    let exchanged = client.token_exchange(&request).await?;
    let more = Some(("issued_token_type", exchanged.issued_token_type.as_str()));
    Shown { set: &exchanged.token, is_access_token: exchanged.is_bearer, more }.write(args.format);
    Ok(())
}

/// The URI of a type of token, whose last word is enough where the RFC has it.
fn uri(kind: &str) -> String {
    let known = [
        TypedToken::ACCESS_TOKEN,
        TypedToken::REFRESH_TOKEN,
        TypedToken::ID_TOKEN,
        TypedToken::JWT,
        TypedToken::SAML1,
        TypedToken::SAML2,
    ];
    known.into_iter().find(|uri| uri.rsplit(':').next() == Some(kind)).unwrap_or(kind).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_a_type_is_enough() {
        assert_eq!(uri("id_token"), TypedToken::ID_TOKEN);
        assert_eq!(uri("saml2"), TypedToken::SAML2);
        for as_it_is in ["urn:x:id_token", "token", ""] {
            assert_eq!(uri(as_it_is), as_it_is);
        }
    }
}
