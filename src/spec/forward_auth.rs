//! What a deployment file says about forward authentication: a proxy asks here before it lets a request through.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::deployment::AllowRule;

/// Forward authentication: whom a proxy lets through to an application, and what it tells the application about them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForwardAuthSpec {
    /// The headers that an application gets, and the claim that each holds, such as `{Remote-User: preferred_username}`. `sub` is
    /// `<provider id>:<subject>`; `email` is there only where the provider verified it. Where it is absent: `Remote-User: sub`,
    /// `Remote-Name: name`, `Remote-Email: email`, `Remote-Groups: groups`.
    pub headers: Option<IndexMap<String, String>>,
    /// Who may go where. Of several that match, one with `hosts` counts before one without, then the longest path; where none
    /// matches, nobody gets through. Where it is absent, everybody who is signed in may go everywhere.
    pub routes: Option<Vec<ForwardRouteSpec>>,
}

/// A part of an application, and who may go there: everybody who is signed in, where it has neither `allow` nor `public`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForwardRouteSpec {
    /// Hosts, such as `wiki.example.com`, each of a `base_url`; all of them where it is absent.
    pub hosts: Option<Vec<String>>,
    /// Paths, each with all below it: `/admin` is `/admin` and `/admin/users`, not `/administrator`. `[/]` where it is absent.
    pub paths: Option<Vec<String>>,
    /// `true`: everybody, signed in or not. The session is not looked at, and the headers are empty.
    #[serde(default)]
    pub public: bool,
    /// Who of those who are signed in, with the words of the deployment's `allow`.
    pub allow: Option<Vec<AllowRule>>,
}
