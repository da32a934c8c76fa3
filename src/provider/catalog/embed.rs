//! Cargo's build script: lists the files of `providers/`, so that the binary holds them.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=providers");
    println!("cargo::rerun-if-changed=src/provider/catalog/embed.rs");
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let mut files: Vec<_> = fs::read_dir(Path::new(&root).join("providers"))
        .expect("the crate has a folder providers/")
        .map(|entry| entry.expect("a folder entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    let mut list = String::from("&[\n");
    for path in files {
        let id = path.file_stem().and_then(|stem| stem.to_str()).expect("a provider id is ASCII");
        writeln!(list, "    ({id:?}, include_str!({path:?})),").expect("a string takes text");
    }
    list.push(']');
    let out = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("providers.rs"), list).expect("the output folder is writable");
}
