//! The provider and its requests for a program. Members may be added, never renamed.

use serde_json::{Map, Value, json};

use crate::cli::effective::Effective;
use crate::cli::show::facts;
use crate::cli::show::metadata::left_to_discovery;
use crate::cli::show::plan::Plan;
use crate::cli::show::play::Played;
use crate::cli::show::sent::Sent;
use crate::cli::show::why::{Why, title};
use crate::flow::once_each;

/// One document.
pub fn of(effective: &Effective, plan: &Plan, played: &Played, why: bool) -> Value {
    let provider = &effective.provider;
    let mut document = Map::new();
    document.insert("id".into(), effective.id.as_str().into());
    document.insert("name".into(), provider.name.as_str().into());
    document.insert("protocol".into(), provider.protocol.as_str().into());
    document.insert("callback_url".into(), plan.callback_url.as_str().into());
    document.insert("discovery".into(), json!(plan.discovery_url));
    document.insert("discovered".into(), json!(left_to_discovery(effective, plan)));
    let mut places = Map::new();
    for section in facts::of(effective, plan) {
        let mut members = Map::new();
        for fact in section.facts {
            let name = match section.key {
                "" => fact.name.clone(),
                key => format!("{key}.{}", fact.name),
            };
            places.insert(name, fact.place.into());
            members.insert(fact.name, fact.json);
        }
        match section.key {
            "" => document.extend(members),
            key => drop(document.insert(key.into(), Value::Object(members))),
        }
    }
    let documents = |(step, url): &(String, String)| json!({"step": step, "method": "GET", "url": url});
    document.insert("documents".into(), played.documents.iter().map(documents).collect());
    let requests = played.requests.iter().map(|sent| request(effective, plan, sent, why)).collect();
    document.insert("requests".into(), Value::Array(requests));
    document.insert("stopped".into(), json!(played.stopped));
    if why {
        places.retain(|_, place| place.as_str().is_some_and(|place| !place.is_empty()));
        document.insert("why".into(), Value::Object(places));
    }
    Value::Object(document)
}

/// A request. `params` are all its parameters but those of `query`, which stand in the URL of a request with a body.
fn request(effective: &Effective, plan: &Plan, sent: &Sent, why: bool) -> Value {
    let reason = Why::new(effective, plan, sent);
    let pairs = |pairs: &[(String, String)]| -> Value {
        Value::Object(once_each(pairs.iter().map(|(name, value)| (name.clone(), value.as_str().into()))))
    };
    let named = effective
        .provider
        .userinfo
        .iter()
        .flatten()
        .any(|call| call.name == sent.step && sent.step != "userinfo");
    let step = if named { "userinfo" } else { &sent.step };
    let (params, query) = match sent.format {
        Some("json") => (sent.json.clone(), pairs(&sent.query)),
        Some(_) => (pairs(&sent.body), pairs(&sent.query)),
        None => (pairs(&sent.query), json!({})),
    };
    let headers = sent.headers.iter().map(|(name, value)| (title(name), value.as_str().into())).collect();
    let body = match (sent.method.as_str(), sent.format) {
        ("DELETE" | "GET", None) => Value::Null,
        (_, Some(format)) => format.into(),
        (_, None) => "query".into(),
    };
    let mut members = Map::new();
    members.insert("step".into(), step.into());
    members.insert("as".into(), if named { sent.step.as_str().into() } else { Value::Null });
    members.insert("method".into(), sent.method.as_str().into());
    members.insert("url".into(), sent.url.as_str().into());
    members.insert("auth".into(), reason.auth().into());
    members.insert("headers".into(), Value::Object(headers));
    members.insert("params".into(), params);
    members.insert("query".into(), query);
    members.insert("body".into(), body);
    members.insert("raw".into(), sent.raw.iter().map(|(name, _)| name.as_str()).collect());
    members.insert("fragment".into(), json!(sent.fragment));
    if why {
        let from = sent.params().map(|(name, _)| (name.clone(), reason.param(name).into())).collect();
        members.insert("from".into(), Value::Object(from));
        members.insert("why".into(), reason.json());
    }
    Value::Object(members)
}
