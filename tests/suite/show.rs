//! `authcfg show`, as a person calls it: golden files in `tests/golden/show`, and what it refuses.
//!
//! `AUTHCFG_BLESS=1 cargo test --test suite show` writes the expectations.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Output, Stdio};

use authcfg::cli::{Cli, Command};
use authcfg::provider::catalog::Catalog;
use clap::Parser;
use serde_json::{Value, json};

use crate::golden::compare;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/show")
}

fn show(arguments: &[&str]) -> Output {
    command(&folder(), arguments).output().unwrap()
}

fn command(folder: &Path, arguments: &[&str]) -> process::Command {
    let mut command = process::Command::new(env!("CARGO_BIN_EXE_authcfg"));
    command.current_dir(folder).env_clear().arg("show").args(arguments).stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn document(arguments: &[&str]) -> Value {
    let output = show(&[arguments, &["--format", "json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn looks_as_expected() {
    let mut differing = vec![];
    for (name, arguments) in [
        ("github.txt", &["github"][..]),
        ("apple.json", &["apple", "--format", "json"]),
        ("workos-why.txt", &["workos", "--why"]),
        ("acme.txt", &["./acme.yaml"]),
        ("acme-why.txt", &["./acme.yaml", "--why", "--vars", "tenant=red"]),
        ("acme-why.json", &["./acme.yaml", "--why", "--format", "json"]),
        ("acme.sh", &["./acme.yaml", "--format", "curl"]),
        ("acme-bound-why.txt", &["./acme-bound.yaml", "--why"]),
        ("acme-eu.sh", &["./acme-eu.yaml", "--format", "curl"]),
        ("acme-eu-why.txt", &["./acme-eu.yaml", "--why"]),
    ] {
        let output = show(arguments);
        assert!(!text(&output.stdout).contains('\u{1b}'), "no colours where nobody sees them");
        assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output.stderr));
        differing.extend(compare(&folder().join(name), text(&output.stdout)));
    }
    assert!(differing.is_empty(), "differ from what is expected:\n{}", differing.join("\n"));
}

/// What the command shows, without a process of its own; colours are taken out.
fn shown(arguments: &[&str]) -> String {
    let cli = Cli::try_parse_from(["authcfg", "show"].iter().chain(arguments)).unwrap();
    let Command::Show(args) = cli.command else { unreachable!("the command is show") };
    let shown = authcfg::cli::show::shown(&args).unwrap_or_else(|code| panic!("{arguments:?}: {code:?}"));
    let mut parts = shown.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[test]
fn every_built_in_provider_shows_all_its_requests_on_80_columns() {
    for entry in Catalog::builtin().entries() {
        let id = entry.id.as_str();
        for arguments in [&[id][..], &[id, "--why"]] {
            let shown = shown(arguments);
            let long = shown.lines().find(|line| line.chars().count() > 80);
            assert!(long.is_none(), "{id}: wider than a terminal: {long:?}");
        }
        let document: Value = serde_json::from_str(&shown(&[id, "--why", "--format", "json"])).unwrap();
        assert_eq!(document["stopped"], Value::Null, "{id}");
        let requests = document["requests"].as_array().unwrap();
        assert_eq!(requests[0]["step"], "authorization", "{id}");
        for request in requests {
            for (name, place) in request["from"].as_object().unwrap() {
                assert!(place.as_str().is_some_and(|place| !place.is_empty()), "{id}: {name} of {request}");
            }
        }
    }
}

#[test]
fn a_bare_file_name_finds_the_file_beside_it_that_it_extends() {
    let output = show(&["acme-eu.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("https://api.acme.example/exchange"));
}

#[test]
fn two_runs_show_the_same() {
    for format in ["text", "json", "curl"] {
        let run = || show(&["apple", "--format", format, "--why"]).stdout;
        assert_eq!(run(), run(), "{format}");
    }
}

#[test]
fn a_command_can_be_pasted() {
    let output = show(&["./acme.yaml", "--format", "curl"]);
    let script = format!(
        "curl() {{ for word in \"$@\"; do printf '%s\\n' \"$word\"; done; }}\n{}",
        text(&output.stdout)
    );
    let words = process::Command::new("sh").arg("-c").arg(&script).output().unwrap();
    assert!(words.status.success(), "{}", text(&words.stderr));
    let words: Vec<&str> = text(&words.stdout).lines().collect();
    for word in
        ["https://api.acme.example/me?v=2", "audience=it's blue", "CLIENT_ID:CLIENT_SECRET", "X-Tenant: blue"]
    {
        assert!(words.contains(&word), "{word} in {words:#?}");
    }
}

#[test]
fn values_come_from_the_command_the_deployment_and_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("providers")).unwrap();
    fs::copy(self::folder().join("acme.yaml"), folder.path().join("providers/acme.yaml")).unwrap();
    let deployment = "base_url: https://app.example.com\nproviders:\n  acme:\n    vars: {tenant: {env: TENANT}}\n    scopes: [read, write]\n    token: {params: {audience: api}}\n";
    fs::write(folder.path().join("authcfg.yaml"), deployment).unwrap();
    let run = |arguments: &[&str]| -> Value {
        let arguments = [&["acme", "--format", "json", "--why"], arguments].concat();
        let mut command = command(folder.path(), &arguments);
        let output = command.env("TENANT", "green").env("AUTH_ACME_REGION", "us").output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    };
    let shown = run(&[]);
    assert_eq!(shown["callback_url"], "https://app.example.com/api/auth/callback/acme");
    assert_eq!(shown["metadata"]["authorization_endpoint"], "https://us.acme.example/green/authorize?app=1");
    let why = &shown["why"];
    assert_eq!((&why["vars.tenant"], &why["vars.region"]), (&json!("TENANT"), &json!("AUTH_ACME_REGION")));
    assert_eq!(why["scopes"], "authcfg.yaml:5");
    let token = &shown["requests"][1];
    assert_eq!(
        (&token["params"]["audience"], &token["from"]["audience"]),
        (&json!("api"), &json!("authcfg.yaml:6"))
    );
    assert_eq!(shown["requests"][0]["params"]["scope"], "read write");
    let shown = run(&["--vars", "tenant=red", "--vars", "region=eu"]);
    assert_eq!(
        (&shown["why"]["vars.tenant"], &shown["vars"]["tenant"]["value"]),
        (&json!("--vars"), &json!("red"))
    );
}

#[test]
fn an_input_of_the_command_takes_the_place_of_its_rivals() {
    let shown = document(&["workos", "--request", "connection=conn_01", "--why"]);
    let authorization = &shown["requests"][0];
    assert_eq!(authorization["params"]["connection"], "conn_01");
    assert_eq!(authorization["from"]["connection"], "--request");
    assert_eq!(authorization["params"].get("organization"), None);
}

#[test]
fn no_secret_is_read_or_shown() {
    let folder = tempfile::tempdir().unwrap();
    let canary = "canary-0123456789-0123456789-0123456789";
    fs::write(folder.path().join("secret.txt"), canary).unwrap();
    fs::create_dir(folder.path().join("providers")).unwrap();
    fs::copy(self::folder().join("acme.yaml"), folder.path().join("providers/acme.yaml")).unwrap();
    let deployment = "secret: {env: SEAL}\nproviders:\n  acme: {client_id: {env: THE_ID}, client_secret: {file: secret.txt}, vars: {tenant: blue, site_key: {file: secret.txt}}}\n  apple: {client_id: {env: THE_ID}, client: {team_id: ABCDE12345, key_id: {env: SEAL}, private_key: {file: secret.txt}}}\n";
    fs::write(folder.path().join("authcfg.yaml"), deployment).unwrap();
    for id in ["acme", "apple"] {
        for arguments in
            [&[id][..], &[id, "--why"], &[id, "--format", "json", "--why"], &[id, "--format", "curl"]]
        {
            let mut command = command(folder.path(), arguments);
            for name in [
                "SEAL",
                "THE_ID",
                "AUTH_SECRET",
                "AUTH_ACME_SECRET",
                "AUTH_ACME_ID",
                "AUTH_ACME_SITE_KEY",
                "AUTH_APPLE_PRIVATE_KEY",
            ] {
                command.env(name, canary);
            }
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
            let all = format!("{}{}", text(&output.stdout), text(&output.stderr));
            assert!(!all.contains("canary"), "{arguments:?}: {all}");
            assert!(all.contains("CLIENT_ID"), "{all}");
        }
    }
    let secret = command(folder.path(), &["acme", "--vars", &format!("site_key={canary}")]).output().unwrap();
    assert!(!text(&secret.stdout).contains("canary") && text(&secret.stdout).contains("SITE_KEY"));
}

#[test]
fn discovery_is_not_asked_unless_the_command_says_so() {
    let shown = document(&["oidc", "--vars", "issuer=https://login.acme.example"]);
    assert_eq!(shown["discovery"], "https://login.acme.example/.well-known/openid-configuration");
    assert_eq!(shown["requests"][0]["url"], "AUTHORIZATION_ENDPOINT");
    assert!(shown["discovered"].as_array().unwrap().contains(&json!("token_endpoint")));
    // Nobody listens on port 9 of this machine.
    let output = show(&["oidc", "--vars", "issuer=http://127.0.0.1:9", "--discover"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
}

#[test]
fn a_discovered_document_fills_what_is_absent() {
    let issuer = serve_discovery();
    let variable = format!("issuer={issuer}");
    let shown = document(&["oidc", "--vars", &variable, "--discover", "--why"]);
    assert_eq!(shown["metadata"]["token_endpoint"], format!("{issuer}/oauth/token"));
    assert_eq!(shown["requests"][1]["url"], format!("{issuer}/oauth/token"));
    let place = format!("discovery {issuer}/.well-known/openid-configuration");
    assert_eq!(shown["why"]["metadata.token_endpoint"], place);
    assert_eq!(shown["requests"][1]["why"]["url"], place);
    assert_eq!(shown["discovered"], json!([]));
}

/// A provider that answers its discovery document and nothing else.
fn serve_discovery() -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let document = json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/oauth/authorize"),
        "token_endpoint": format!("{issuer}/oauth/token"), "userinfo_endpoint": format!("{issuer}/me"),
        "jwks_uri": format!("{issuer}/keys"), "scopes_supported": ["openid", "email"],
    })
    .to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let length = document.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(document.as_bytes()));
        }
    });
    issuer
}

#[test]
fn a_sign_in_that_cannot_go_on_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = "id: beta\nname: Beta\nauthorization_endpoint: https://beta.example/a\ntoken_endpoint: https://beta.example/t\nuserinfo_endpoint: https://beta.example/me\nprofile: {sub: $.userinfo.id}\n";
    fs::write(folder.path().join("beta.yaml"), file).unwrap();
    let output = command(folder.path(), &["./beta.yaml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(shown.contains("3 userinfo") && shown.contains("https://beta.example/me"), "{shown}");
    assert!(shown.contains("sub_missing"), "{shown}");
}

#[test]
fn wrong_usage_exits_2() {
    for (arguments, said) in [
        (&["no-such"][..], "there is no provider `no-such`"),
        (&["githbu"], "did you mean `github`?"),
        (&["./acme.yaml", "--vars", "tenat=blue"], "did you mean `tenant`?"),
        (&["./acme.yaml", "--vars", "tenant=BLUE"], "`tenant` (--vars): it must match"),
        (&["./acme.yaml", "--vars", "region=cn"], "it must be one of eu, us"),
        (&["workos", "--request", "conection=conn_1"], "did you mean `connection`?"),
        (&["workos", "--request", "connection=org_1"], "`connection`: it must match"),
        (&["./acme.yaml", "--format", "yaml"], "possible values"),
        (&[], "ID|PATH"),
    ] {
        let output = show(arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
        assert_eq!(text(&output.stdout), "");
    }
}

#[test]
fn a_client_that_signs_shows_its_assertion_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = "id: beta\nname: Beta\nprotocol: oidc\nissuer: https://beta.example\ndiscovery: true\n\
                client: {private_key: {format: pem, secret: true}}\ntoken_endpoint_auth_method: private_key_jwt\n\
                client_assertion: {alg: ES256}\ntests:\n  - claims: {sub: \"17\"}\n    userinfo: {sub: \"17\"}\n    profile: {sub: \"17\", email_verified: false}\n";
    fs::write(folder.path().join("beta.yaml"), file).unwrap();
    let output = command(folder.path(), &["./beta.yaml", "--format", "json", "--why"]).output().unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let token = &shown["requests"][1];
    assert_eq!(token["auth"], "private_key_jwt");
    assert_eq!(token["params"]["client_assertion"], "CLIENT_ASSERTION");
    assert_eq!(token["from"]["client_assertion"], "./beta.yaml:8");
    assert_eq!(token["from"]["client_assertion_type"], "RFC 7523 §2.2");
    assert!(!text(&output.stdout).contains("eyJ"), "no JWT is shown");
}

#[test]
fn tokens_without_a_browser_are_shown_where_the_file_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = "id: beta\nname: Beta\nauthorization_endpoint: https://beta.example/a\ntoken_endpoint: https://beta.example/t\n\
                client: {private_key: {format: pem, secret: true}}\nscopes: {default: [read]}\n\
                jwt_bearer:\n  auth: none\n  assertion: {alg: ES256, claims: {iss: \"{{ client.id }}\"}}\n\
                token_exchange: {params: {audience: mail}}\nprofile: {sub: $.token.raw.id}\n\
                tests:\n  - token_response: {access_token: AT, token_type: bearer, id: \"17\"}\n    profile: {sub: \"17\"}\n";
    fs::write(folder.path().join("beta.yaml"), file).unwrap();
    let output = command(folder.path(), &["./beta.yaml", "--format", "json", "--why"]).output().unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (granted, exchanged) = (&shown["requests"][2], &shown["requests"][3]);
    assert_eq!((&granted["step"], &granted["auth"]), (&json!("jwt_bearer"), &json!("none")));
    assert_eq!(
        (&granted["params"]["assertion"], &granted["from"]["assertion"]),
        (&json!("ASSERTION"), &json!("./beta.yaml:9"))
    );
    assert_eq!(granted["from"]["grant_type"], "RFC 7523 §2.1");
    assert_eq!(
        (&exchanged["step"], &exchanged["auth"]),
        (&json!("token_exchange"), &json!("client_secret_basic"))
    );
    assert_eq!(
        (&exchanged["params"]["subject_token"], &exchanged["from"]["subject_token"]),
        (&json!("ACCESS_TOKEN"), &json!("RFC 8693 §2.1"))
    );
    assert_eq!(
        (&exchanged["params"]["audience"], &exchanged["from"]["audience"]),
        (&json!("mail"), &json!("./beta.yaml:10"))
    );
    assert_eq!(exchanged["why"]["url"], "./beta.yaml:4");
}

#[test]
fn a_file_with_errors_exits_1() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("beta.yaml"), "id: beta\nname: Beta\ntoken_enpoint: https://beta.example\n")
        .unwrap();
    for path in ["./beta.yaml", "./missing.yaml"] {
        let output = command(folder.path(), &[path]).output().unwrap();
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""), "{path}");
        assert!(text(&output.stderr).contains("error["), "{}", text(&output.stderr));
    }
    fs::write(folder.path().join("authcfg.yaml"), "provders: {}\n").unwrap();
    let output = command(folder.path(), &["github"]).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""));
    assert!(text(&output.stderr).contains("authcfg.yaml:1:1"), "{}", text(&output.stderr));
}
