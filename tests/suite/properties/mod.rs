//! What must hold for any provider file and anything a sign-in may bring, not only for the cases somebody thought of.

mod fixes;
mod requests;
mod structure;

use std::sync::{Arc, LazyLock};

use authcfg::provider::Provider;
use authcfg::provider::catalog::Catalog;
use serde_json::Value;

/// Every built-in file: its JSON form as it is written, and what it means.
static FILES: LazyLock<Vec<(Value, Arc<Provider>)>> = LazyLock::new(|| {
    let catalog = Catalog::builtin();
    let file = |entry: &Arc<authcfg::provider::catalog::Entry>| {
        let document = entry.document().expect("a built-in file is YAML");
        (document.to_json(), entry.provider().expect("a built-in file is right").clone())
    };
    catalog.entries().map(file).collect()
});
