//! A network for `validate --online` that is a JSON document: what is fetched, and which hosts are not there.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use authcfg::cli::validate::online::{Names, Network, Resolved};
use authcfg::transport::Transport;
use serde_json::{Map, Value};

/// How often the network was asked.
#[derive(Clone, Default)]
pub struct Asked {
    pub names: Arc<AtomicUsize>,
    pub documents: Arc<AtomicUsize>,
}

/// `{"documents": {URL: …}, "unknown": [HOST…], "unanswered": [HOST…]}`. A document is its JSON, or its text where it is a
/// string, or `{"status": …}`; what is not among them is answered 404, and other hosts are known.
pub fn network(answers: &Value) -> (Network, Asked) {
    let asked = Asked::default();
    let list = |name: &str| -> Vec<String> {
        let hosts = answers.get(name).and_then(Value::as_array).into_iter().flatten();
        hosts.map(|host| host.as_str().expect("a host").to_owned()).collect()
    };
    let (unknown, unanswered) = (list("unknown"), list("unanswered"));
    let counted = asked.names.clone();
    let names = move |host: &str| {
        counted.fetch_add(1, Ordering::Relaxed);
        let is = |hosts: &[String]| hosts.iter().any(|other| other == host);
        match (is(&unknown), is(&unanswered)) {
            (true, _) => Resolved::Unknown,
            (_, true) => Resolved::Unanswered("no name server answers".into()),
            _ => Resolved::Known,
        }
    };
    let documents = answers.get("documents").and_then(Value::as_object).cloned().unwrap_or_default();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let transport = Transport::played_by(listener.local_addr().expect("bound"));
    let counted = asked.documents.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::Relaxed);
            // A client that has gone needs no answer.
            let _ = answer(stream, &documents);
        }
    });
    (Network { names: Names(Arc::new(names)), transport: Some(transport) }, asked)
}

fn answer(mut stream: TcpStream, documents: &Map<String, Value>) -> std::io::Result<()> {
    let mut headers = HashMap::new();
    for line in BufReader::new(&stream).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ") {
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
    }
    let url = headers.get("x-authcfg-url").map(String::as_str).unwrap_or_default();
    let (status, body) = match documents.get(url) {
        None => (404, String::new()),
        Some(Value::String(text)) => (200, text.clone()),
        Some(value) => match value.get("status").and_then(Value::as_u64) {
            Some(status) => (status, String::new()),
            None => (200, value.to_string()),
        },
    };
    let length = body.len();
    write!(stream, "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}
