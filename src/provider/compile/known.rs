//! What an expression can know where it stands: the roots of the context tree, their members, and what must not leave.

use std::collections::BTreeSet;

use crate::diagnostic::code;
use crate::provider::compile::{Compiler, ENOUGH};
use crate::provider::finding::Finding;
use crate::provider::moment::{FLOW, FLOW_CLIENT, FLOW_LATER, Moment};

impl Compiler {
    /// Every name an expression reads must be one that the context can hold at that moment.
    pub(super) fn names(&mut self, at: &str, source: &str, names: &[String], moment: Moment) {
        self.read.extend(names.iter().cloned());
        if self.findings.len() >= ENOUGH {
            return;
        }
        let known = self.roots(moment);
        let found: Vec<Finding> =
            names.iter().filter_map(|name| self.name(at, source, name, moment, &known)).collect();
        self.findings.extend(found);
    }

    /// What is wrong with a name, of which the context has the roots that are `known`.
    fn name(&self, at: &str, source: &str, name: &str, moment: Moment, known: &[&str]) -> Option<Finding> {
        let (root, member) =
            name.split_once('.').map_or((name, None), |(root, rest)| (root, rest.split('.').next()));
        let range = || source.find(name).map(|start| start..start + name.len());
        if !known.contains(&root) {
            let later = self.roots(Moment::Profile).contains(&root);
            let title = match later {
                false => format!("unknown name `{root}`"),
                true if moment >= Moment::Later => format!("`{root}` is not known here"),
                true => format!("`{root}` is not known yet"),
            };
            let label = match root {
                "claims" if !self.oidc => "there is no id_token: the protocol is `oauth2`",
                "userinfo" if moment == Moment::Profile => "nothing calls a userinfo endpoint",
                _ if later && moment >= Moment::Later => "gone after the sign-in",
                _ if later => "comes later in a sign-in",
                _ => "nothing here has that name",
            };
            return Some(
                Finding::error(code::UNKNOWN_NAME, at, title)
                    .label(label)
                    .range(range().map(|range| range.start..range.start + root.len()))
                    .note(format!("what is known here: {}", known.join(", ")))
                    .propose("a name that is known here", root, known.iter().copied()),
            );
        }
        let member = member?;
        if !self.is_declared(root, member, moment)? {
            let declared = self.declared_at(root, moment)?;
            let label = match root {
                "flow" => format!("`flow` has {} here", declared.join(", ")),
                _ => format!("not declared under `{}`", section(root)),
            };
            let range = range().map(|range| range.start + root.len() + 1);
            let finding = Finding::error(code::UNKNOWN_NAME, at, format!("unknown name `{root}.{member}`"))
                .label(label)
                .range(range.map(|start| start..start + member.len()))
                .propose("a declared name is similar", member, declared.iter().copied());
            let listed = root != "flow" && finding.help.is_none() && !declared.is_empty();
            let note = listed.then(|| format!("declared there: {}", declared.join(", ")));
            return Some(Finding { note, ..finding });
        }
        let known_from = self.learned.get(member).filter(|_| root == "vars");
        if known_from.is_some_and(|known_from| moment < *known_from || moment >= Moment::Client) {
            return Some(
                Finding::error(code::UNKNOWN_NAME, at, format!("`{name}` is not known yet"))
                    .label("this is needed before the value is there")
                    .range(range())
                    .other(format!("/vars/{member}/from"), "it comes from here"),
            );
        }
        let leaves = match moment {
            Moment::Authorize | Moment::Profile => self.secrets.contains(&format!("{root}.{member}")),
            Moment::Metadata => root == "client" && member == "secret",
            _ => false,
        };
        leaves.then(|| exposed(at, name, moment).range(range()))
    }

    /// Whether a root has a member; `None` where anything may be one.
    fn is_declared(&self, root: &str, member: &str, moment: Moment) -> Option<bool> {
        match root {
            "flow" => Some(flow(moment).contains(&member)),
            _ => Some(self.names_of(root)?.contains(member)),
        }
    }

    /// The members of a root, where they are declared.
    pub(in crate::provider) fn declared(&self, root: &str) -> Option<Vec<&str>> {
        self.declared_at(root, Moment::Profile)
    }

    fn declared_at(&self, root: &str, moment: Moment) -> Option<Vec<&str>> {
        match root {
            "flow" => Some(flow(moment).to_vec()),
            _ => Some(self.names_of(root)?.iter().map(String::as_str).collect()),
        }
    }

    fn names_of(&self, root: &str) -> Option<&BTreeSet<String>> {
        match root {
            "vars" => Some(&self.vars),
            "client" => Some(&self.client),
            "request" => Some(&self.inputs),
            "captured" => Some(&self.captured),
            _ => None,
        }
    }

    /// What the context tree holds at that moment.
    pub(in crate::provider) fn roots(&self, moment: Moment) -> Vec<&str> {
        let mut roots = vec!["client", "vars"];
        if moment >= Moment::Later {
            roots.push("flow");
            match moment {
                Moment::Later | Moment::LaterResponse => roots.push("token"),
                _ => {}
            }
            if matches!(moment, Moment::LaterResponse | Moment::ClientResponse) {
                roots.push("body");
            }
            return roots;
        }
        let mut add = |from: Moment, names: &[&'static str]| {
            if moment >= from {
                roots.extend_from_slice(names);
            }
        };
        add(Moment::Authorize, &["request", "flow"]);
        add(Moment::Callback, &["callback"]);
        add(Moment::Token, &["captured"]);
        add(Moment::Then, &["token"]);
        add(Moment::IdToken, if self.oidc { &["claims"] } else { &[] });
        if matches!(moment, Moment::TokenResponse | Moment::ThenResponse | Moment::UserinfoResponse(_)) {
            roots.push("body");
        }
        let answered = match moment {
            Moment::Userinfo(number) | Moment::UserinfoResponse(number) => number,
            Moment::Profile => self.calls.len(),
            _ => 0,
        };
        roots.extend(self.calls.iter().take(answered).map(String::as_str));
        if moment == Moment::Profile && self.userinfo {
            roots.push("userinfo");
        }
        roots
    }
}

/// What is known of the sign-in itself.
fn flow(moment: Moment) -> &'static [&'static str] {
    match moment {
        _ if moment >= Moment::Client => &FLOW_CLIENT,
        _ if moment >= Moment::Later => &FLOW_LATER,
        _ => &FLOW,
    }
}

/// A secret value, on its way to where it is none any more.
fn exposed(at: &str, name: &str, moment: Moment) -> Finding {
    let (what, help) = match name {
        "client.secret" => (
            "the client secret",
            "take it out: the token request sends it, as `token_endpoint_auth_method` says",
        ),
        _ => ("a secret value", "take it out, or leave `secret` out where it is none"),
    };
    let carrier = match moment {
        Moment::Profile => "the session of everybody who signs in would hold it",
        _ if at.starts_with("/authorization") => "the browser would carry it",
        _ => "it would stand in an address, and addresses are logged",
    };
    let section = match moment {
        Moment::Profile => "RFC 6749 §2.3.1: credentials are for requests to the token endpoint",
        _ => "RFC 6749 §2.3.1: credentials are never in an address",
    };
    Finding::error(code::EXPOSED_SECRET, at, format!("{what} would leave the server"))
        .label(carrier)
        .note(section)
        .help(help)
}

fn section(root: &str) -> &str {
    match root {
        "request" => "authorization.inputs",
        "captured" => "callback.capture",
        other => other,
    }
}
