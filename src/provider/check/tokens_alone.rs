//! A provider that hands out tokens alone, and a client that registers itself.

use crate::diagnostic::code;
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::spec::ProviderSpec;
use crate::spec::provider::{Discovery, Protocol};

pub fn check(spec: &ProviderSpec, provider: &Provider, compiler: &mut Compiler) {
    if !provider.signs_in {
        nobody_signs_in(spec, compiler);
    }
    registration(spec, compiler);
}

/// What tells who somebody is has no effect where nobody is told.
fn nobody_signs_in(spec: &ProviderSpec, compiler: &mut Compiler) {
    let present = [
        ("/profile", !spec.profile.is_empty()),
        ("/userinfo", spec.userinfo.is_some()),
        ("/userinfo_endpoint", spec.userinfo_endpoint.is_some()),
        ("/protocol", spec.protocol == Protocol::Oidc),
        ("/assurance", spec.assurance.email_verified.is_some()),
    ];
    for (at, _) in present.into_iter().filter(|(_, present)| *present) {
        compiler.report(
            Finding::error(code::NO_EFFECT, at, "nobody is told who comes")
                .on_key()
                .other("/sign_in", "the provider hands out tokens alone"),
        );
    }
}

/// What a client says about itself when it registers (RFC 7591 §2).
fn registration(spec: &ProviderSpec, compiler: &mut Compiler) {
    let Some(metadata) = &spec.client_metadata else { return };
    for name in ["redirect_uris", "token_endpoint_auth_method"]
        .into_iter()
        .filter(|name| metadata.contains_key(*name))
    {
        let help = match name {
            "redirect_uris" => "the address that the sign-in comes back to is registered",
            _ => "write it at the top of the file",
        };
        compiler.report(
            Finding::error(
                code::RESERVED_PARAMETER,
                format!("/client_metadata/{name}"),
                format!("`{name}` cannot be set here"),
            )
            .on_key()
            .label("the engine sets this member")
            .note("RFC 7591 §2")
            .help(help),
        );
    }
    let discovers = !matches!(spec.discovery, None | Some(Discovery::WellKnown(false)));
    if spec.registration_endpoint.is_none() && !discovers {
        compiler.report(
            Finding::error(code::MISSING_FIELD, "/client_metadata", "`registration_endpoint` is missing")
                .on_key()
                .label("the client has nowhere to register itself")
                .note("RFC 7591 §3"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::provider::check::found;

    #[test]
    fn who_somebody_is_cannot_be_asked_where_nobody_signs_in() {
        let titles = found::titles("sign_in: false\nprofile: {sub: $.userinfo.id}");
        assert!(titles.contains(&"nobody is told who comes".to_owned()), "{titles:?}");
        assert!(!found::titles("sign_in: true").contains(&"nobody is told who comes".to_owned()));
    }

    #[test]
    fn a_client_registers_itself_somewhere_and_not_elsewhere_than_it_signs_in() {
        let missing = "`registration_endpoint` is missing".to_owned();
        assert!(found::titles("client_metadata: {client_name: Us}").contains(&missing));
        let there =
            "client_metadata: {client_name: Us}\nregistration_endpoint: https://acme.example/register";
        assert_eq!(found::titles(there), Vec::<String>::new());
        for name in ["redirect_uris", "token_endpoint_auth_method"] {
            let file = format!(
                "client_metadata: {{{name}: x}}\nregistration_endpoint: https://acme.example/register"
            );
            assert_eq!(found::titles(&file), [format!("`{name}` cannot be set here")]);
        }
    }
}
