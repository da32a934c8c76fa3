//! The relying-party modules of the OpenID Foundation's conformance suite, under their official names.
//!
//! The suite itself cannot run here, so the hostile provider plays its part: each module is a row of a table, which says what the
//! provider does, how it ends for the visitor, and which endpoints are asked, in order. The tables make the page
//! `tests/golden/conformance/modules.md`.

mod basic;
mod config;
mod fapi2;
mod further;
mod logout;
mod refresh;

use super::table::{Row, check_page};

/// A certification profile, or what else there is.
struct Profile {
    name: &'static str,
    /// Its test plan.
    plan: &'static str,
    /// How many modules it has.
    size: usize,
    modules: &'static [Row],
    /// Those that nothing here plays, and why.
    missing: &'static [(&'static str, &'static str)],
}

const NO_CLAIMS_OF_OTHERS: &str = "Not yet: claims that other parties make (OpenID Connect Core §5.6.2) are not resolved; their addresses are never asked.";

const PROFILES: &[Profile] = &[
    Profile {
        name: "Basic RP",
        plan: "oidcc-client-basic-certification-test-plan",
        size: 14,
        modules: basic::ROWS,
        missing: &[],
    },
    Profile {
        name: "Config RP",
        plan: "oidcc-client-config-certification-test-plan, besides idtoken-sig-none of Basic RP",
        size: 5,
        modules: config::ROWS,
        missing: &[],
    },
    Profile {
        name: "Form Post RP",
        plan: "oidcc-client-formpost-basic-certification-test-plan, and form-post-error",
        size: 15,
        modules: basic::form_post::ROWS,
        missing: &[],
    },
    Profile {
        name: "Refresh",
        plan: "oidcc-client-refreshtoken-test-plan",
        size: 3,
        modules: refresh::ROWS,
        missing: &[],
    },
    Profile {
        name: "RP-Initiated Logout",
        plan: "oidcc-client-rp-initiated-logout-rp-basic",
        size: 3,
        modules: logout::ROWS,
        missing: &[],
    },
    Profile {
        name: "Back-Channel Logout",
        plan: "oidcc-client-back-channel-logout-rp-basic",
        size: 8,
        modules: logout::back_channel::ROWS,
        missing: &[],
    },
    Profile {
        name: "FAPI 2.0 Security Profile",
        plan: "fapi2-security-profile-final-client-test-plan",
        size: 24,
        modules: fapi2::ROWS,
        missing: &[(
            "fapi2-security-profile-final-client-test-invalid-openbanking-intent-id",
            "Of the UK's profile alone: `openbanking_intent_id` is a claim of its own.",
        )],
    },
    Profile {
        name: "JARM",
        plan: "fapi2-message-signing-final-client-test-plan, besides what the Security Profile has",
        size: 8,
        modules: fapi2::jarm::ROWS,
        missing: &[],
    },
    Profile {
        name: "Front-Channel Logout",
        plan: "oidcc-client-test-plan",
        size: 2,
        modules: logout::front_channel::ROWS,
        missing: &[],
    },
    Profile {
        name: "Further",
        plan: "oidcc-client-test-plan",
        size: 9,
        modules: further::ROWS,
        missing: &[
            ("oidcc-client-test-aggregated-claims", NO_CLAIMS_OF_OTHERS),
            ("oidcc-client-test-distributed-claims", NO_CLAIMS_OF_OTHERS),
            (
                "oidcc-client-test-dynamic-registration",
                "At a sign-in server a client is registered by a person. A terminal and the library register themselves (RFC 7591): `tests/suite/resource.rs`.",
            ),
            (
                "oidcc-client-test-3rd-party-init-login",
                "Not yet: a sign-in begins with a form of ours, so that no other site can sign somebody in.",
            ),
        ],
    },
];

#[test]
fn no_module_vanishes() {
    for profile in PROFILES {
        assert_eq!(profile.modules.len() + profile.missing.len(), profile.size, "{}", profile.name);
    }
}

#[test]
fn page() {
    let played: usize = PROFILES.iter().map(|profile| profile.modules.len()).sum();
    let all: usize = PROFILES.iter().map(|profile| profile.size).sum();
    let mut page = format!(
        "# The relying-party modules of the OpenID Foundation\n\n\
         {played} of {all} are played, each by the test of its name (`cargo test --test suite -- conformance::modules`): a visitor signs in\n\
         through the server at a provider that does what the second column says. *Asked* are the provider's endpoints, in order.\n\
         This page is written by `AUTHCFG_BLESS=1 cargo test --test suite -- modules::page`.\n"
    );
    for profile in PROFILES {
        page += &format!(
            "\n## {} ({} of {})\n\n{}\n",
            profile.name,
            profile.modules.len(),
            profile.size,
            profile.plan
        );
        page += "\n| Module | The provider | Outcome | Asked |\n|---|---|---|---|\n";
        page.extend(profile.modules.iter().map(|module| module.line(&official(module.test))));
        if !profile.missing.is_empty() {
            page += "\n| Not played | Why |\n|---|---|\n";
        }
        for (name, why) in profile.missing {
            page += &format!("| {name} | {why} |\n");
        }
    }
    check_page("modules.md", &page);
}

/// The official name of a test's module.
fn official(test: &str) -> String {
    test.replace('_', "-").replace("expires-in", "expires_in")
}
