//! The names that templates and paths of a provider can use, and where they are declared.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::cli::lsp::open::Open;
use crate::cli::lsp::samples;
use crate::cli::lsp::schema::Step;
use crate::provider::FLOW;
use crate::spec::schema::Kind;
use crate::yaml::Document;

/// What each root of the context holds.
const ROOTS: [(&str, &str); 10] = [
    ("client", "`id`, `secret`, and what the file declares under `client`."),
    ("vars", "The values of the variables."),
    ("request", "The inputs of this sign-in."),
    ("flow", "What the engine knows of this sign-in."),
    ("callback", "The parameters that came back."),
    ("captured", "What `callback.capture` kept."),
    ("token", "The token response by its RFC names; `token.raw` is what the provider sent."),
    ("claims", "The claims of the id_token, userinfo laid over them."),
    ("userinfo", "The answer of the userinfo call."),
    ("body", "The answer before anything is made of it."),
];

/// A name, and what there is to say about it.
pub type Name = (String, Option<String>);

/// A provider as names see it: what its own file says, and the file below.
#[derive(Clone, Debug)]
pub struct Scope {
    file: Value,
    base: Option<Arc<Document>>,
    /// The steps from the provider on: without those to it in a deployment file.
    pub path: Vec<Step>,
    /// The pointer of the provider in its file.
    pub at: String,
}

impl Scope {
    /// The provider that a path of a file belongs to.
    pub fn of(document: &Document, kind: Kind, path: &[Step], open: &Open) -> Option<Scope> {
        let json = document.to_json();
        match (kind, path) {
            (Kind::Deployment, [Step::Key(providers), Step::Key(id), rest @ ..])
                if providers == "providers" =>
            {
                let file = json.get("providers")?.get(id).cloned().unwrap_or_default();
                let base = file.get("extends").and_then(Value::as_str).unwrap_or(id).to_owned();
                let catalogue = |file: &Path| Some(file.parent()?.join("providers").join("authcfg.yaml"));
                let base = open.bases.of(catalogue(&open.real).as_deref(), &base);
                let at = format!("/providers/{}", id.replace('~', "~0").replace('/', "~1"));
                Some(Scope { base, file, path: rest.to_vec(), at })
            }
            (Kind::Deployment, _) => None,
            (Kind::Provider | Kind::Vectors, path) => {
                let id = json.get("extends").and_then(Value::as_str);
                let place = Some(&*open.real).filter(|place| !place.as_os_str().is_empty());
                let base = id.and_then(|id| open.bases.of(place, id));
                Some(Scope { file: json, base, path: path.to_vec(), at: String::new() })
            }
        }
    }

    /// The file that this one is laid over.
    pub fn base(&self) -> Option<&Document> {
        self.base.as_deref()
    }

    /// The names behind `of` and a dot, or the roots.
    pub fn members(&self, of: &str) -> Vec<Name> {
        let plain =
            |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), None)).collect::<Vec<Name>>();
        match of {
            "" => self.roots(),
            "client" => {
                let mut names = plain(&["id", "secret"]);
                names.extend(self.declared("/client"));
                names
            }
            "flow" => plain(&FLOW),
            "token" => plain(&[
                "access_token",
                "expires_in",
                "id_token",
                "raw",
                "refresh_token",
                "scope",
                "token_type",
            ]),
            "callback" => {
                let mut names = plain(&["code", "error", "iss", "state"]);
                names.extend(self.sampled(of));
                names
            }
            of => match pointer(of) {
                Some(pointer) => self.declared(pointer),
                None => self.sampled(of),
            },
        }
    }

    /// What there is to say about a name: title, rule and default of its declaration.
    pub fn describe(&self, of: &str, name: &str) -> Option<String> {
        let (_, text) = self.members(of).into_iter().find(|(known, _)| known == name)?;
        text
    }

    /// What the tests of the file answer there, else those of the file below.
    fn sampled(&self, of: &str) -> Vec<Name> {
        let names = samples::members(&self.file, of);
        match &self.base {
            Some(base) if names.is_empty() => samples::members(&base.to_json(), of),
            _ => names,
        }
    }

    fn declared(&self, pointer: &str) -> Vec<Name> {
        let mut names: Vec<Name> = vec![];
        let base = self.base.as_ref().map(|base| base.to_json());
        for file in [Some(&self.file), base.as_ref()].into_iter().flatten() {
            for (name, declaration) in file.pointer(pointer).and_then(Value::as_object).into_iter().flatten()
            {
                if !names.iter().any(|(known, _)| known == name) {
                    names.push((name.clone(), Some(rules(declaration)).filter(|rules| !rules.is_empty())));
                }
            }
        }
        names
    }

    /// The scopes that the file and the one below list, and those of OpenID Connect (Core §5.4, §11) where it is that.
    pub fn scopes(&self) -> Vec<Name> {
        let base = self.base.as_ref().map(|base| base.to_json());
        let files = || [Some(&self.file), base.as_ref()].into_iter().flatten();
        let mut names: Vec<Name> = vec![];
        for file in files() {
            let supported = file.pointer("/scopes/supported").and_then(Value::as_object);
            for (name, about) in supported.into_iter().flatten() {
                if !names.iter().any(|(known, _)| known == name) {
                    let title = about.get("title").and_then(Value::as_str);
                    names.push((name.clone(), title.map(|title| format!("**{title}**"))));
                }
            }
        }
        let protocol = files().find_map(|file| file.get("protocol")?.as_str());
        if protocol == Some("oidc") {
            let standard = ["openid", "profile", "email", "address", "phone", "offline_access"];
            let absent = |name: &&str| !names.iter().any(|(known, _)| known == name);
            let more: Vec<Name> =
                standard.into_iter().filter(absent).map(|name| (name.to_owned(), None)).collect();
            names.extend(more);
        }
        names
    }

    /// The texts of a list of the file.
    pub fn written(&self, pointer: &str) -> Vec<String> {
        let written = self.file.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
        written.filter_map(|text| text.as_str().map(str::to_owned)).collect()
    }

    /// The calls that have a name.
    pub fn calls(&self) -> Vec<String> {
        let base = self.base.as_ref().map(|base| base.to_json());
        let all = self.file.get("userinfo").or_else(|| base.as_ref()?.get("userinfo")).cloned();
        let calls = match all {
            Some(Value::Array(calls)) => calls,
            Some(call) => vec![call],
            None => vec![],
        };
        calls.iter().filter_map(|call| Some(call.get("as")?.as_str()?.to_owned())).collect()
    }

    fn roots(&self) -> Vec<Name> {
        let has = |key: &str| self.path.iter().any(|step| *step == Step::Key(key.into()));
        let top = match self.path.first() {
            Some(Step::Key(key)) => key.as_str(),
            _ => "",
        };
        let count = match top {
            "authorization" | "authorization_endpoint" => 4,
            "callback" => 5,
            "token" | "token_endpoint" if has("then") => 7,
            "token" | "token_endpoint" => 6,
            "id_token" | "userinfo" => 8,
            "profile" => 9,
            _ => 2,
        };
        let body = if has("response") { &ROOTS[9..] } else { &[] };
        let roots = ROOTS[..count].iter().chain(body);
        let mut names: Vec<Name> =
            roots.map(|(name, text)| ((*name).to_owned(), Some((*text).to_owned()))).collect();
        if matches!(top, "profile" | "userinfo") {
            names.extend(
                self.calls().into_iter().map(|call| (call, Some("The answer of a userinfo call.".into()))),
            );
        }
        names
    }
}

/// Where the names behind a root are declared.
pub fn pointer(root: &str) -> Option<&'static str> {
    Some(match root {
        "vars" => "/vars",
        "client" => "/client",
        "request" => "/authorization/inputs",
        "captured" => "/callback/capture",
        _ => return None,
    })
}

/// A declaration in a few words, in Markdown.
fn rules(declaration: &Value) -> String {
    let text = |key: &str| declaration.get(key).and_then(Value::as_str);
    let mut lines = vec![];
    lines.extend(text("title").map(|title| format!("**{title}**")));
    lines.extend(declaration.as_str().map(|path| format!("`{path}`")));
    lines.extend(text("pattern").map(|pattern| format!("matches `{pattern}`")));
    lines.extend(text("format").map(|format| format!("format `{format}`")));
    if let Some(values) = declaration.get("enum").and_then(Value::as_array) {
        let values: Vec<String> =
            values.iter().filter_map(|value| Some(format!("`{}`", value.as_str()?))).collect();
        lines.push(format!("one of {}", values.join(", ")));
    }
    if declaration.get("secret").and_then(Value::as_bool) != Some(true) {
        lines.extend(text("default").map(|default| format!("default `{default}`")));
    }
    lines.extend(text("deprecated").map(|why| format!("deprecated: {why}")));
    lines.join("  \n")
}
