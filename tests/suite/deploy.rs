//! What `.deploy/` has for those who run a server: read as the systems that take it read it.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

fn text(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".deploy").join(name)).unwrap()
}

fn manifests() -> Vec<Value> {
    let text = text("kubernetes/authcfg.yaml");
    serde_yaml::Deserializer::from_str(&text).map(|one| Value::deserialize(one).unwrap()).collect()
}

fn of_kind<'a>(manifests: &'a [Value], kind: &str) -> &'a Value {
    manifests.iter().find(|manifest| manifest["kind"] == kind).unwrap()
}

#[test]
fn the_deployment_file_of_the_manifests_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let manifests = manifests();
    let file = of_kind(&manifests, "ConfigMap")["data"]["authcfg.yaml"].as_str().unwrap();
    std::fs::write(folder.path().join("authcfg.yaml"), file).unwrap();
    let mut validate = Command::new(env!("CARGO_BIN_EXE_authcfg"));
    let output = validate.args(["validate", "--deny", "warnings", "authcfg.yaml"]).current_dir(folder.path());
    let output = output.env_clear().output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_pods_are_asked_where_the_server_answers_and_have_time_to_stop() {
    let manifests = manifests();
    let pod = &of_kind(&manifests, "Deployment")["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    assert_eq!(container["readinessProbe"]["httpGet"]["path"], "/readyz");
    assert_eq!(container["livenessProbe"]["httpGet"]["path"], "/healthz");
    let args: Vec<&str> =
        container["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()).collect();
    let delay =
        args.iter().position(|arg| *arg == "--drain-delay").and_then(|at| args[at + 1].parse::<u64>().ok());
    // What is under way has 25 seconds after the delay, tokens that are being renewed 12 more.
    assert!(pod["terminationGracePeriodSeconds"].as_u64().unwrap() > delay.unwrap() + 37);
    let help = Command::new(env!("CARGO_BIN_EXE_authcfg")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let dockerfile = text("Dockerfile");
    for option in args.iter().filter(|arg| arg.starts_with("--")).chain(&["--health"]) {
        assert!(help.contains(option), "{option}");
    }
    assert!(dockerfile.contains("\"serve\", \"--health\"") && dockerfile.contains("USER 65532:65532"));
}

#[test]
fn the_unit_runs_the_server_with_the_options_that_it_has() {
    let unit = text("systemd/authcfg.service");
    for line in ["Type=notify", "ExecReload=/bin/kill -HUP $MAINPID", "LimitCORE=0", "DynamicUser=yes"] {
        assert!(unit.lines().any(|found| found == line), "{line}");
    }
    assert!(unit.contains("authcfg serve --config /etc/authcfg/authcfg.yaml --log-format json\n"));
}
