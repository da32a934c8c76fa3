//! The profile mapping, compiled: OpenID Connect claim names, each with where it is read from.

use std::sync::LazyLock;

use indexmap::IndexMap;

use crate::expr::Path;
use crate::provider::compile::Compiler;
use crate::provider::finding::segment;
use crate::provider::moment::Moment;
use crate::provider::read::Read;
use crate::spec::ProviderSpec;
use crate::spec::provider::Protocol;

/// The standard claims of OpenID Connect Core §5.1.
pub const STANDARD_CLAIMS: [&str; 20] = [
    "sub",
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "phone_number_verified",
    "address",
    "updated_at",
];

/// Where an id_token has them.
static STANDARD_PATHS: LazyLock<[Path; 20]> = LazyLock::new(|| {
    STANDARD_CLAIMS
        .map(|claim| Path::compile(&format!("$.claims.{claim}")).expect("a claim name is a member name"))
});

impl Compiler {
    /// The mapping in order: for `protocol: oidc` the standard claims, and over them what the file says.
    pub(super) fn profile(&mut self, spec: &ProviderSpec) -> IndexMap<String, Read> {
        let mut profile = IndexMap::new();
        if spec.protocol == Protocol::Oidc {
            profile.reserve(STANDARD_CLAIMS.len() + spec.profile.len());
            for (claim, path) in STANDARD_CLAIMS.into_iter().zip(&*STANDARD_PATHS) {
                profile.insert(claim.to_owned(), Read::Path(path.clone()));
            }
        }
        for (claim, value) in &spec.profile {
            match value {
                None => {
                    profile.shift_remove(claim);
                }
                Some(value) => {
                    let at = format!("/profile/{}", segment(claim));
                    if let Some(read) = self.read(&at, value, Moment::Profile) {
                        profile.insert(claim.clone(), read);
                    }
                }
            }
        }
        profile
    }
}
