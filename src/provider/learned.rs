//! Variables that the sign-in itself brings: from its inputs, its callback or its token response.

use indexmap::IndexMap;

use crate::diagnostic::code;
use crate::provider::compile::Compiler;
use crate::provider::finding::{Finding, segment};
use crate::provider::moment::Moment;
use crate::provider::read::Read;
use crate::spec::ProviderSpec;
use crate::spec::value::Incoming;

/// Where the value of a variable comes from.
#[derive(Debug)]
pub struct Learned {
    /// When it is known.
    pub stage: Stage,
    /// The sources in the order they are tried.
    pub origins: Vec<Origin>,
}

/// One source of a value.
#[derive(Debug)]
pub enum Origin {
    /// The deployment.
    Config,
    /// The sign-in.
    SignIn(Read),
}

/// The part of a sign-in that brings a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Its inputs.
    Request,
    /// The authorization response.
    Callback,
    /// The token response.
    Token,
}

impl Learned {
    /// Whether a deployment may give the value.
    pub fn takes_config(&self) -> bool {
        self.origins.iter().any(|origin| matches!(origin, Origin::Config))
    }
}

impl Compiler {
    /// The variables with `from`, in order.
    pub(super) fn learned(&mut self, spec: &ProviderSpec) -> IndexMap<String, Learned> {
        let mut learned = IndexMap::new();
        for (name, variable) in &spec.vars {
            let Some(from) = &variable.from else { continue };
            let at = format!("/vars/{}/from", segment(name));
            if name == "issuer" {
                self.report(
                    Finding::error(
                        code::UNKNOWN_NAME,
                        at.as_str(),
                        "the issuer is known before a sign-in begins",
                    )
                    .on_key()
                    .label("who is asked cannot depend on the answer")
                    .note("RFC 8414 §2, OpenID Connect Core §3.1.3.7"),
                );
                continue;
            }
            if let Some(found) = self.origins(&at, from) {
                learned.insert(name.clone(), found);
            }
        }
        for (name, found) in &learned {
            let moment = match found.stage {
                Stage::Request => Moment::Authorize,
                Stage::Callback => Moment::Callback,
                Stage::Token => Moment::Then,
            };
            self.learned.insert(name.clone(), moment);
        }
        learned
    }

    fn origins(&mut self, at: &str, from: &Incoming) -> Option<Learned> {
        let members = match from {
            Incoming::FirstOf(members) => members.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut origins = vec![];
        let mut stage = None;
        for (index, member) in members.iter().enumerate() {
            let at = if members.len() > 1 { format!("{at}/{index}") } else { at.to_owned() };
            if *member == Incoming::Text("config".into()) {
                origins.push(Origin::Config);
                continue;
            }
            let reported = self.findings.len();
            let read = self.read(&at, member, Moment::Then)?;
            if self.findings.len() > reported {
                return None;
            }
            let Some(found) = self.stage(&at, &read) else { continue };
            stage = stage.max(Some(found));
            origins.push(Origin::SignIn(read));
        }
        if stage.is_none() && self.findings.iter().all(|finding| !finding.pointer.starts_with(at)) {
            self.report(
                Finding::error(
                    code::NO_EFFECT,
                    at,
                    "a value from the deployment is what holds without `from`",
                )
                .on_key()
                .help("leave it out, or name where in the sign-in the value comes from"),
            );
        }
        Some(Learned { stage: stage?, origins })
    }

    /// What a source reads decides when its value is there.
    fn stage(&mut self, at: &str, read: &Read) -> Option<Stage> {
        let roots = read.roots();
        let stages = roots.iter().map(|root| match root.as_str() {
            "request" => Some(Stage::Request),
            "callback" => Some(Stage::Callback),
            "token" => Some(Stage::Token),
            _ => None,
        });
        match stages.collect::<Option<Vec<_>>>().and_then(|stages| stages.into_iter().max()) {
            Some(stage) => Some(stage),
            None => {
                self.report(
                    Finding::error(code::UNKNOWN_NAME, at, "this is no source of a variable")
                        .label("neither `config` nor something of `request`, `callback` or `token`"),
                );
                None
            }
        }
    }
}
