//! The deployment file and the environment: what counts, and every mistake with its place.

use authcfg::config::{self, ConfigSource, StorePlace};
use authcfg::diagnostic::{Diagnostic, Severity};

use crate::server::browser::{DEPLOYMENT, SECRET, environment, load, write};

fn findings(deployment: &str) -> Vec<Diagnostic> {
    load(deployment, &[], environment()).expect_err("this deployment is wrong")
}

/// Code and the text that is marked, of each finding.
fn marked(deployment: &str) -> Vec<(String, String)> {
    let all = findings(deployment);
    let mark = |finding: &Diagnostic| {
        let label = finding.primary();
        let text = label.source.text().get(label.span.start..label.span.end).unwrap_or_default().to_owned();
        (finding.code.as_str().to_owned(), text)
    };
    all.iter().map(mark).collect()
}

fn from_environment(variables: &[(&str, &str)]) -> Result<config::Config, Vec<Diagnostic>> {
    let env = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let listen = Some("127.0.0.1:3100".parse().unwrap());
    config::load(&ConfigSource { env, listen, ..ConfigSource::default() }).map(|(config, _)| config)
}

fn titles(result: Result<config::Config, Vec<Diagnostic>>) -> Vec<String> {
    result.expect_err("this environment is wrong").into_iter().map(|finding| finding.title).collect()
}

#[test]
fn no_file_is_fine() {
    let config = from_environment(&[
        ("AUTH_SECRET", SECRET),
        ("AUTH_WORKOS_ID", "client_01"),
        ("AUTH_WORKOS_SECRET", "sk"),
        ("AUTH_WORKOS_ISSUER", "https://api.eu.workos.example"),
        ("AUTH_GITHUB_ID", "cid"),
        ("AUTH_GITHUB_SECRET", "s"),
    ])
    .unwrap();
    assert_eq!(config.providers.keys().collect::<Vec<_>>(), ["github", "workos"]);
    assert_eq!(config.providers["workos"].registration.var("issuer"), Some("https://api.eu.workos.example"));
    assert_eq!(config.base_urls[0].href(), "http://localhost:3100/api/auth");
}

#[test]
fn the_variables_of_next_auth_count_where_ours_are_absent() {
    let github = [("AUTH_GITHUB_ID", "cid"), ("AUTH_GITHUB_SECRET", "s")];
    let next = [("NEXTAUTH_SECRET", SECRET), ("NEXTAUTH_URL", "https://next.example.com")];
    let config = from_environment(&[&github[..], &next].concat()).unwrap();
    assert_eq!(config.base_urls[0].href(), "https://next.example.com/api/auth");
    let ours = [("AUTH_URL", "https://app.example.com/auth")];
    let config = from_environment(&[&github[..], &next, &ours].concat()).unwrap();
    assert_eq!(config.base_urls[0].href(), "https://app.example.com/auth");
}

#[test]
fn the_newest_secret_seals_and_all_open() {
    let other = "another-secret-0123456789abcdef0123456789";
    let config = from_environment(&[
        ("AUTH_SECRET", SECRET),
        ("AUTH_SECRET_2", other),
        ("AUTH_GITHUB_ID", "c"),
        ("AUTH_GITHUB_SECRET", "s"),
    ])
    .unwrap();
    assert_eq!(config.secrets.iter().map(|secret| secret.expose()).collect::<Vec<_>>(), [other, SECRET]);
}

#[test]
fn a_missing_or_weak_secret_names_its_variable() {
    let github = [("AUTH_GITHUB_ID", "cid"), ("AUTH_GITHUB_SECRET", "s")];
    assert!(titles(from_environment(&github))[0].contains("`AUTH_SECRET` is not set"));
    for weak in ["short", &"a".repeat(40)] {
        let errors = from_environment(&[&github[..], &[("AUTH_SECRET", weak)]].concat()).unwrap_err();
        assert_eq!(errors[0].code.as_str(), "weak-secret");
        assert!(errors[0].title.contains("`AUTH_SECRET`") && !format!("{errors:?}").contains(weak));
        assert!(format!("{errors:?}").contains("openssl rand -base64 33"));
    }
    let missing = titles(from_environment(&[("AUTH_SECRET", SECRET), ("AUTH_GITHUB_ID", "cid")]));
    assert!(missing[0].contains("client secret"), "{missing:?}");
    assert!(titles(from_environment(&[("AUTH_SECRET", SECRET)]))[0].contains("no provider is on"));
}

#[test]
fn further_members_and_variables_come_from_the_environment() {
    let errors = titles(from_environment(&[
        ("AUTH_SECRET", SECRET),
        ("AUTH_KEYCLOAK_ID", "c"),
        ("AUTH_KEYCLOAK_SECRET", "s"),
    ]));
    assert!(errors.iter().any(|title| title.contains("issuer")), "{errors:?}");
    let errors = from_environment(&[
        ("AUTH_SECRET", SECRET),
        ("AUTH_WORKOS_ID", "c"),
        ("AUTH_WORKOS_SECRET", "s"),
        ("AUTH_WORKOS_ISSUER", "http://evil.example"),
    ]);
    assert!(titles(errors)[0].contains("AUTH_WORKOS_ISSUER"));
}

#[test]
fn the_file_wins_over_the_environment() {
    let file = "base_url: https://app.example.com\nproviders: {github: {client_id: from-file}}\n";
    let config = load(file, &[], environment()).unwrap();
    assert_eq!(config.providers["github"].registration.client_id, "from-file");
    assert_eq!(config.providers.len(), 1, "with a file, only those it lists");
}

#[test]
fn a_secret_may_stand_in_a_file() {
    let deployment =
        "base_url: https://app.example.com\nsecret: {file: secret.txt}\nproviders: {github: {}}\n";
    let config = load(deployment, &[("secret.txt", &format!("{SECRET}\n"))], environment()).unwrap();
    assert_eq!(config.secrets[0].expose(), SECRET);
}

#[cfg(unix)]
#[test]
fn a_secret_file_that_everybody_can_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "authcfg.yaml",
        "base_url: https://app.example.com\nsecret: {file: secret.txt}\nproviders: {github: {}}\n",
    );
    write(folder.path(), "secret.txt", SECRET);
    std::fs::set_permissions(folder.path().join("secret.txt"), std::fs::Permissions::from_mode(0o666))
        .unwrap();
    let source = ConfigSource {
        file: Some(folder.path().join("authcfg.yaml")),
        env: environment(),
        ..ConfigSource::default()
    };
    assert_eq!(config::load(&source).unwrap_err()[0].code.as_str(), "unsafe-file");
}

#[test]
fn a_secret_in_the_file_itself_is_refused_and_not_shown() {
    for line in
        ["secret: hunter2-hunter2-hunter2-hunter2-hunter2", "providers: {github: {client_secret: hunter2}}"]
    {
        let rest = if line.starts_with("secret") { "providers: {github: {}}\n" } else { "" };
        let all = findings(&format!("base_url: https://app.example.com\n{line}\n{rest}"));
        assert_eq!(
            all.iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>(),
            ["plain-secret"],
            "{line}"
        );
    }
}

#[test]
fn every_mistake_is_told_at_its_place_in_one_run() {
    let found = marked(
        "\
base_url: http://app.example.com
trusted_proxies: [localhost]
redirect_allow: [https://www.example.com/path]
pages: {sign_in: login}
session: {max_age: 3 weeks}
providers:
  github: {isuer: x}
  workos: {issuer: http://evil.example}
  nope: {}
routes:
  - {domains: [a@b], provider: githup}
allow: []
",
    );
    for (code, text) in [
        ("insecure-url", "http://app.example.com"),
        ("invalid-value", "localhost"),
        ("invalid-url", "https://www.example.com/path"),
        ("invalid-url", "login"),
        ("invalid-value", "3 weeks"),
        ("invalid-value", "http://evil.example"),
        ("unknown-provider", "nope"),
        ("invalid-value", "a@b"),
        ("unknown-provider", "githup"),
        ("no-effect", "[]"),
    ] {
        assert!(found.contains(&(code.into(), text.into())), "{code} {text}: {found:#?}");
    }
    assert!(found.iter().any(|(code, _)| code == "unknown-field"), "{found:#?}");
}

#[test]
fn what_an_override_makes_wrong_is_told_in_the_deployment_file() {
    let found = marked(
        "\
base_url: https://app.example.com
providers:
  github:
    token_endpoint: http://hub.acme.example/token
",
    );
    assert_eq!(found, [("insecure-url".to_owned(), "http://hub.acme.example/token".to_owned())]);
    let found = marked("base_url: https://app.example.com\nproviders:\n  github: {tests: []}\n");
    assert!(found.iter().any(|(code, _)| code == "no-effect" || code == "unknown-field"), "{found:?}");
}

#[test]
fn the_tests_of_a_file_do_not_bind_a_deployment() {
    let deployment = "base_url: https://app.example.com\nproviders:\n  github: {revocation_endpoint: null, revocation: null}\n";
    let config = load(deployment, &[], environment()).unwrap();
    let github = &config.providers["github"].registration.provider;
    assert!(github.metadata.revocation_endpoint.is_none());
    let found =
        marked("base_url: https://app.example.com\nproviders:\n  github: {revocation_endpoint: null}\n");
    assert_eq!(
        found,
        [("missing-field".to_owned(), "github".to_owned())],
        "a step without an endpoint is still one"
    );
}

#[test]
fn a_wrong_provider_file_stops_a_deployment_that_uses_it() {
    let broken = "id: broken\nname: Broken\ntoken_enpoint: https://b.example/token\n";
    let used = load(
        "base_url: https://app.example.com\nproviders: {broken: {client_id: c}}\n",
        &[("providers/broken.yaml", broken)],
        environment(),
    );
    let findings = used.unwrap_err();
    assert!(
        findings.iter().any(|finding| finding.primary().source.name().ends_with("broken.yaml")),
        "{findings:#?}"
    );
}

#[test]
fn a_dropped_file_and_two_variables_are_a_provider() {
    let folder = tempfile::tempdir().unwrap();
    let file = "id: acme\nname: Acme\nprotocol: oidc\nissuer: https://login.acme.example\ndiscovery: true\n";
    write(folder.path(), "providers/acme.yaml", file);
    let source = ConfigSource {
        env: environment(),
        catalog: vec![folder.path().join("providers")],
        ..ConfigSource::default()
    };
    let (config, _) = config::load(&source).unwrap();
    assert!(config.providers.contains_key("acme"));
}

#[test]
fn an_instance_of_a_generic_provider_has_its_own_id() {
    let file = "base_url: https://app.example.com\nproviders: {acme: {use: oidc, issuer: https://login.acme.example, name: Acme}}\n";
    let config = load(file, &[], environment()).unwrap();
    let registration = &config.providers["acme"].registration;
    assert_eq!((registration.id.as_str(), registration.client_id.as_str()), ("acme", "acme-client"));
    assert_eq!(registration.provider.name, "Acme");
}

#[test]
fn a_public_server_needs_its_address() {
    let source = ConfigSource {
        env: environment(),
        listen: Some("0.0.0.0:80".parse().unwrap()),
        ..ConfigSource::default()
    };
    let findings = config::load(&source).unwrap_err();
    assert!(findings.iter().any(|finding| finding.title.contains("public address is missing")));
}

#[test]
fn plain_http_is_a_danger_to_be_named() {
    let file = "base_url: http://app.example.com\nproviders: {github: {}}\n";
    assert_eq!(findings(file)[0].code.as_str(), "insecure-url");
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "authcfg.yaml", &format!("{file}danger_allow_http: true\n"));
    let source = ConfigSource {
        file: Some(folder.path().join("authcfg.yaml")),
        env: environment(),
        ..ConfigSource::default()
    };
    let (_, warnings) = config::load(&source).unwrap();
    assert!(
        warnings
            .iter()
            .any(|warning| warning.severity == Severity::Warning && warning.code.as_str() == "insecure-url")
    );
}

#[test]
fn a_session_is_in_its_cookie_or_in_a_store() {
    let session =
        |text: &str| load(&format!("{DEPLOYMENT}{text}"), &[], environment()).unwrap().session.store;
    assert_eq!(session(""), None);
    let store = session("session: {strategy: database, store: memory}\n").unwrap();
    assert_eq!((store.place, store.update_age), (StorePlace::Memory, 24 * 3600));
    let store = session("session: {strategy: database, store: memory, max_age: 1h}\n").unwrap();
    assert_eq!(store.update_age, 120, "a thirtieth of its lifetime");
}

#[test]
fn a_session_shows_the_tokens_that_are_named() {
    let shown = |names: &str| {
        let text =
            format!("{DEPLOYMENT}session: {{strategy: database, store: memory, expose_tokens: [{names}]}}\n");
        let store = load(&text, &[], environment()).unwrap().session.store.unwrap();
        (store.exposes_access_token, store.exposes_id_token)
    };
    assert_eq!(["", "access_token", "id_token"].map(shown), [(false, false), (true, false), (false, true)]);
    for name in ["refresh_token", "accessToken", "scope"] {
        let found =
            marked(&format!("{DEPLOYMENT}session: {{strategy: database, expose_tokens: [{name}]}}\n"));
        assert_eq!(found, [("invalid-value".to_owned(), name.to_owned())]);
    }
}

#[test]
fn a_store_that_is_none_or_has_no_use_is_a_finding() {
    for (session, code, text) in [
        ("{store: memory}", "no-effect", "store"),
        ("{strategy: jwt, update_age: 1h}", "no-effect", "update_age"),
        ("{expose_tokens: [access_token]}", "no-effect", "expose_tokens"),
        ("{strategy: database, store: 'redis://cache/a'}", "invalid-value", "'redis://cache/a'"),
        ("{strategy: database, store: 'mysql://a@db/b'}", "invalid-value", "****************"),
        ("{strategy: database, store: 'postgres://db/a'}", "invalid-value", "'postgres://db/a'"),
        ("{strategy: database, store: {env: NOWHERE}}", "missing-secret", "{env: NOWHERE}"),
        ("{strategy: database, store: memory, max_age: 1h, update_age: 1h}", "no-effect", "1h"),
        ("{strategy: database, store: memory, update_age: soon}", "invalid-value", "soon"),
    ] {
        let found = marked(&format!("{DEPLOYMENT}session: {session}\n"));
        assert_eq!(found, [(code.to_owned(), text.to_owned())], "{session}");
    }
}

#[test]
fn a_store_on_another_machine_is_an_address_and_its_password_stands_elsewhere() {
    let store = |text: &str, variables: &[(&str, &str)]| {
        let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let environment = environment().into_iter().chain(variables).collect();
        let text = format!("{DEPLOYMENT}session: {{strategy: database, store: {text}}}\n");
        load(&text, &[], environment).map(|config| format!("{:?}", config.session.store.unwrap().place))
    };
    assert_eq!(store("'redis://cache'", &[]).unwrap(), "Redis(Redis at cache:6379)");
    assert_eq!(store("'postgres://a@db/b'", &[]).unwrap(), "Postgres(PostgreSQL at db:5432)");
    for address in ["rediss://a:hunter2@cache", "postgres://a:hunter2@db/b"] {
        let shown = store("{env: STORE}", &[("STORE", address)]).unwrap();
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(store(&format!("'{address}'"), &[]).is_err());
    }
}

#[test]
fn the_password_of_a_store_in_the_file_itself_is_refused_and_not_shown() {
    for (address, codes) in [
        ("redis://a:hunter2@cache", &["plain-secret"][..]),
        ("redis+unix:///run/redis.sock?pass=hunter2", &["plain-secret"]),
        ("postgres://a:hunter2@db/b", &["plain-secret"]),
        ("postgres://a:hunter2@db:99999/b", &["invalid-value"]),
        ("postgres://a:hunter2@db/b?hunter2=1", &["invalid-value"]),
    ] {
        let rest = "update_age: soon, max_agee: 1h";
        let all =
            findings(&format!("{DEPLOYMENT}session: {{strategy: database, store: '{address}', {rest}}}\n"));
        let told: Vec<&str> = all.iter().map(|finding| finding.code.as_str()).collect();
        let mut expected = [codes, &["invalid-value", "unknown-field"]].concat();
        expected.sort_unstable();
        assert_eq!(
            told.iter().copied().collect::<std::collections::BTreeSet<_>>(),
            expected.into_iter().collect(),
            "{address}"
        );
        for finding in &all {
            assert!(
                finding.labels.iter().all(|label| !label.source.text().contains("hunter2")),
                "{finding:?}"
            );
        }
    }
}

#[test]
fn a_route_leaves_no_choice_open() {
    let told = |request: &str, deployed: &str| {
        let deployment = format!(
            "base_url: https://app.example.com/auth\nproviders:\n  acme:\n    use: oauth2\n    client_id: c\n    client_secret: {{env: AUTH_SECRET}}\n    \
             vars: {{authorization_endpoint: https://a.example/a, token_endpoint: https://a.example/t, userinfo_endpoint: https://a.example/u}}\n    \
             authorization: {{inputs: {{connection: {{}}, organization: {{}}}}, one_of: [[connection, organization]]}}{deployed}\n\
             routes: [{{domains: [a.example], provider: acme{request}}}]\n"
        );
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "authcfg.yaml", &deployment);
        let file = Some(folder.path().join("authcfg.yaml"));
        let source = ConfigSource { file, env: environment(), ..ConfigSource::default() };
        let (_, warnings) = config::load(&source).unwrap();
        warnings.into_iter().map(|finding| finding.title).collect::<Vec<_>>()
    };
    let wrong = ["the route gives none of connection, organization"];
    assert_eq!(told("", ""), wrong);
    assert_eq!(told(", request: {}", ""), wrong);
    assert!(told(", request: {organization: o}", "").is_empty());
    assert!(told("", "\n    request: {connection: c}").is_empty());
}

#[test]
fn a_logout_at_the_provider_needs_one_that_knows_it() {
    let with = |provider: &str| {
        format!(
            "base_url: https://app.example.com\nproviders: {{{provider}}}\nsession: {{logout: provider}}\n"
        )
    };
    assert_eq!(marked(&with("github: {}")), [("no-effect".to_owned(), "logout".to_owned())]);
    for provider in [
        "google: {}",
        "github: {end_session_endpoint: \"https://acme.example/out\"}",
        "github: {}, google: {}",
    ] {
        let config =
            load(&with(provider), &[], environment()).unwrap_or_else(|findings| panic!("{findings:#?}"));
        assert!(config.session.logout_at_provider);
    }
    assert!(!load(DEPLOYMENT, &[], environment()).unwrap().session.logout_at_provider);
    assert_eq!(marked(&format!("{DEPLOYMENT}session: {{logout: everywhere}}\n"))[0].1, "everywhere");
}
