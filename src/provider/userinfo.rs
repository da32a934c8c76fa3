//! The calls that tell who has signed in, compiled.

use crate::diagnostic::code;
use crate::expr::{Condition, Template};
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::provider::moment::Moment;
use crate::provider::step::{ResponseFormat, Step};
use crate::spec::ProviderSpec;
use crate::spec::step::Method;
use crate::spec::userinfo::{UserinfoCallSpec, UserinfoSpec};

/// One call for facts about the person.
#[derive(Debug)]
pub struct UserinfoCall {
    /// The name of the answer in the context tree.
    pub name: String,
    /// Where to call; `None` is the userinfo endpoint.
    pub endpoint: Option<Template>,
    /// The call is made only where this holds.
    pub when: Option<Condition>,
    /// Whether the sign-in goes on when it fails.
    pub optional: bool,
    /// How request and answer deviate.
    pub step: Step,
}

impl UserinfoCall {
    /// The call that OpenID Connect Core §5.3.1 describes.
    pub fn standard() -> UserinfoCall {
        UserinfoCall {
            name: "userinfo".into(),
            endpoint: None,
            when: None,
            optional: false,
            step: Step::default(),
        }
    }
}

impl Compiler {
    /// The calls; `None` where the file leaves them to the metadata.
    pub(super) fn userinfo(&mut self, spec: &ProviderSpec) -> Option<Vec<UserinfoCall>> {
        let signed = spec.userinfo_signed_response_alg.is_some();
        let mut calls = match &spec.userinfo {
            Some(userinfo) => self.calls(userinfo),
            None if signed => vec![UserinfoCall::standard()],
            None => return None,
        };
        for call in calls.iter_mut().filter(|call| signed && call.name == "userinfo") {
            call.step.response.format = ResponseFormat::Jwt;
        }
        Some(calls)
    }

    fn calls(&mut self, spec: &UserinfoSpec) -> Vec<UserinfoCall> {
        let calls = spec.calls();
        let one = matches!(spec, UserinfoSpec::One(_));
        calls
            .iter()
            .enumerate()
            .filter_map(|(number, call)| {
                let at = if one { "/userinfo".into() } else { format!("/userinfo/{number}") };
                self.check_name(&at, number, calls);
                self.userinfo_call(&at, number, call)
            })
            .collect()
    }

    fn check_name(&mut self, at: &str, number: usize, calls: &[UserinfoCallSpec]) {
        let call = &calls[number];
        match (&call.name, &call.endpoint) {
            (Some(name), _) if RESERVED.contains(&name.as_str()) || !is_name(name) => self.report(
                Finding::error(
                    code::INVALID_VALUE,
                    format!("{at}/as"),
                    format!("a call cannot be named `{name}`"),
                )
                .label("taken, or not of letters, digits and `_`"),
            ),
            (Some(name), None) => self.report(
                Finding::error(code::MISSING_FIELD, at, format!("the call `{name}` has no `endpoint`"))
                    .label("a named call says where it goes"),
            ),
            (None, Some(_)) => self.report(
                Finding::error(
                    code::NO_EFFECT,
                    format!("{at}/endpoint"),
                    "the call without `as` goes to `userinfo_endpoint`",
                )
                .on_key()
                .help("write the address as `userinfo_endpoint` at the top, or name the call with `as`"),
            ),
            _ => {}
        }
        if calls[..number].iter().any(|earlier| earlier.name == call.name) {
            let name = call.name.as_deref().unwrap_or("userinfo");
            self.report(
                Finding::error(code::DUPLICATE_NAME, at, format!("two calls are named `{name}`"))
                    .help("give each call but one a name of its own with `as`"),
            );
        }
    }

    fn userinfo_call(&mut self, at: &str, number: usize, call: &UserinfoCallSpec) -> Option<UserinfoCall> {
        let moment = Moment::Userinfo(number);
        Some(UserinfoCall {
            name: call.name.clone().unwrap_or_else(|| "userinfo".into()),
            endpoint: call
                .endpoint
                .as_deref()
                .and_then(|source| self.endpoint(&format!("{at}/endpoint"), source, moment)),
            when: call
                .when
                .as_deref()
                .and_then(|source| self.condition(&format!("{at}/when"), source, moment)),
            optional: call.optional,
            step: self.step(at, call.keys(), Method::Get, moment, Moment::UserinfoResponse(number)),
        })
    }
}

const RESERVED: [&str; 10] =
    ["body", "callback", "captured", "claims", "client", "flow", "request", "token", "userinfo", "vars"];

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
