//! The document as it would be with the help applied, so that one run finds what a second one would.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::spec::schema::defect::{Defect, DefectKind};

/// A document's JSON form, mended.
#[derive(Debug)]
pub struct Mended {
    /// What it says now.
    pub value: Value,
    /// Whether something was taken out.
    pub incomplete: bool,
    /// The keys that got another name: their pointer now, and their pointer in the text.
    pub renamed: Vec<(String, String)>,
}

/// Applies what the defects propose and takes out what has no proposal.
pub fn mend(value: Value, defects: &[Defect]) -> Mended {
    let mut mended = Mended { value, incomplete: false, renamed: vec![] };
    let mut dropped = Dropped::default();
    for defect in defects {
        let place = mended.value.pointer_mut(&defect.pointer);
        match (&defect.kind, place) {
            (
                DefectKind::NotOneOf { nearest: Some(nearest), .. }
                | DefectKind::Pattern { nearest: Some(nearest), .. },
                Some(place),
            ) => {
                *place = Value::String(nearest.clone());
            }
            (DefectKind::Unknown { key, nearest: Some(nearest), .. }, Some(Value::Object(object))) => {
                if rename(object, key, nearest) {
                    let pointer = |key: &str| format!("{}/{}", defect.pointer, segment(key));
                    mended.renamed.push((pointer(nearest), pointer(key)));
                } else {
                    mended.incomplete = true;
                }
            }
            (DefectKind::Unknown { key, .. }, Some(Value::Object(_))) => {
                dropped.add(&defect.pointer, key.clone());
                mended.incomplete = true;
            }
            (DefectKind::WrongType { expected }, Some(place @ (Value::Bool(_) | Value::Number(_))))
                if expected.contains(&"string") =>
            {
                *place = Value::String(place.to_string());
            }
            (DefectKind::Missing { .. }, _) => mended.incomplete = true,
            _ => {
                dropped.add_value(&mended.value, &defect.pointer);
                mended.incomplete = true;
            }
        }
    }
    dropped.take_out_of(&mut mended.value);
    mended
}

/// The keys that go, by the pointer of their mapping: all of a mapping in one pass, however many they are.
#[derive(Default)]
struct Dropped(HashMap<String, HashSet<String>>);

impl Dropped {
    fn add(&mut self, pointer: &str, key: String) {
        self.0.entry(pointer.to_owned()).or_default().insert(key);
    }

    /// A value; with a member of a list the list, so that the others keep their places.
    fn add_value(&mut self, value: &Value, pointer: &str) {
        let Some((parent, segment)) = pointer.rsplit_once('/') else { return };
        match value.pointer(parent) {
            Some(Value::Object(_)) => self.add(parent, segment.replace("~1", "/").replace("~0", "~")),
            Some(Value::Array(_)) => self.add_value(value, parent),
            _ => {}
        }
    }

    fn take_out_of(self, value: &mut Value) {
        for (pointer, keys) in self.0 {
            // Where it is not there any more, something around it went.
            if let Some(Value::Object(object)) = value.pointer_mut(&pointer) {
                object.retain(|key, _| !keys.contains(key));
            }
        }
    }
}

/// Gives a key its proposed name, where that is not taken; else drops it.
fn rename(object: &mut Map<String, Value>, key: &str, name: &str) -> bool {
    let Some(value) = object.shift_remove(key) else { return false };
    let free = !object.contains_key(name);
    if free {
        object.insert(name.to_owned(), value);
    }
    free
}

/// A key, as one segment of a JSON Pointer.
fn segment(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
