//! Which of the YAML files that an editor shows are ours: those that `validate` would take without being told to.

use std::path::Path;

use crate::provider::catalog::files;

/// The deployment file by its name.
pub const CONFIG: &str = "authcfg.yaml";
/// The folder of provider files by its name.
pub const CATALOG: &str = "providers";
/// Keys of which a provider file has one, and other files with an `id` hardly any.
const OF_A_PROVIDER: [&str; 5] = ["authorization_endpoint", "token_endpoint", "extends", "profile", "issuer"];
/// Keys of which a deployment file has one beside `providers`.
const OF_A_DEPLOYMENT: [&str; 6] =
    ["base_url", "catalog", "forward_auth", "redirect_allow", "routes", "session"];
/// Where the schemas are: a modeline names one of them.
const SCHEMAS: [&str; 2] = ["provider.schema.json", "config.schema.json"];
/// More lines are not looked at for a modeline.
const HEAD: usize = 10;

/// Whether a text is a provider or deployment file, by its name, its modeline or the keys at its top. A text need not be
/// YAML yet.
pub fn is_ours(path: &Path, text: &str) -> bool {
    let named = files::is_yaml(path);
    if !named && path.extension().is_some() {
        return false;
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let in_catalog = path.parent().and_then(Path::file_name).is_some_and(|folder| folder == CATALOG);
    named && (name == CONFIG || in_catalog && !name.starts_with('.')) || modeline(text) || keys(text)
}

fn modeline(text: &str) -> bool {
    text.lines().take(HEAD).any(|line| {
        let Some(comment) = line.strip_prefix('#').map(|line| line.trim_start_matches(['#', ' '])) else {
            return false;
        };
        let schema = comment
            .strip_prefix("yaml-language-server:")
            .and_then(|rest| rest.trim_start().strip_prefix("$schema="))
            // As the IDEs of JetBrains write it.
            .or_else(|| comment.strip_prefix("$schema:"));
        let file = schema.map(|schema| schema.trim().rsplit('/').next().unwrap_or_default());
        file.is_some_and(|file| SCHEMAS.contains(&file))
    })
}

fn keys(text: &str) -> bool {
    let top = |key: &str| {
        text.lines().any(|line| {
            let rest = line.strip_prefix(key).and_then(|rest| rest.strip_prefix(':'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
        })
    };
    let any = |keys: &[&str]| keys.iter().any(|key| top(key));
    top("id") && any(&OF_A_PROVIDER) || top("providers") && any(&OF_A_DEPLOYMENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_files_by_name_modeline_or_keys_and_no_others() {
        for (path, text) in [
            ("/p/authcfg.yaml", ""),
            ("/p/providers/acme.yml", "id: ["),
            ("/p/acme.yaml", "id: acme\ntoken_endpoint: x\nprofile: {"),
            ("/p/x.yaml", "base_url: x\nproviders:\n  acme: {}\n"),
            ("/p/x.yaml", "# yaml-language-server: $schema=../schema/provider.schema.json\n"),
            ("/p/x.yaml", "# $schema: ../schema/provider.schema.json\n"),
            ("/p/x.yaml", "#$schema: config.schema.json\r\n"),
            ("/p/authcfg.yml", "base_url: x\nproviders: {\n"),
            ("", "id: acme\nprofile:\n"),
        ] {
            assert!(is_ours(Path::new(path), text), "{path} {text}");
        }
        for (path, text) in [
            ("/p/ci/pipeline.yaml", "name: ci\non: push\njobs: {}\n"),
            ("/p/compose.yaml", "services: {}\n"),
            ("/p/x.yaml", "id: acme\n"),
            ("/p/x.yaml", "providers:\n  aws: {}\n"),
            // `validate` and `serve` know the other ending only where it is named.
            ("/p/authcfg.yml", ""),
            ("/p/x.yaml", "# yaml-language-server: $schema=https://x.example/other.json\n"),
            ("/p/x.yaml", "# $schema: https://x.example/other.json\n"),
            ("/p/x.yaml", "$schema: provider.schema.json\n"),
            ("/p/x.yaml", "a:\n  id: acme\n  profile: x\n"),
            ("/p/providers/README.md", "id: acme\nprofile:\n"),
            ("/p/providers/.acme.yaml", ""),
        ] {
            assert!(!is_ours(Path::new(path), text), "{path} {text}");
        }
    }
}
