//! The document as it would be with the help applied, so that one run finds what a second one would.

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
    for defect in defects {
        let place = mended.value.pointer_mut(&defect.pointer);
        match (&defect.kind, place) {
            (DefectKind::NotOneOf { nearest: Some(nearest), .. }, Some(place)) => {
                *place = Value::String(nearest.clone());
            }
            (DefectKind::Unknown { key, nearest, .. }, Some(Value::Object(object))) => {
                if rename(object, key, nearest.as_deref()) {
                    let pointer = |key: &str| format!("{}/{}", defect.pointer, segment(key));
                    mended.renamed.push((pointer(nearest.as_deref().unwrap_or_default()), pointer(key)));
                } else {
                    mended.incomplete = true;
                }
            }
            (DefectKind::WrongType { expected }, Some(place @ (Value::Bool(_) | Value::Number(_))))
                if expected.contains(&"string") =>
            {
                *place = Value::String(place.to_string());
            }
            (DefectKind::Missing { .. }, _) => mended.incomplete = true,
            _ => {
                remove(&mut mended.value, &defect.pointer);
                mended.incomplete = true;
            }
        }
    }
    mended
}

/// Gives a key its proposed name, where that is not taken; else drops it.
fn rename(object: &mut Map<String, Value>, key: &str, name: Option<&str>) -> bool {
    let Some(value) = object.shift_remove(key) else { return false };
    match name {
        Some(name) if !object.contains_key(name) => {
            object.insert(name.to_owned(), value);
            true
        }
        _ => false,
    }
}

/// Takes a value out; with a member of a list the list, so that the others keep their places.
fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, segment)) = pointer.rsplit_once('/') else { return };
    match value.pointer_mut(parent) {
        Some(Value::Object(object)) => {
            object.shift_remove(&segment.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(_)) => remove(value, parent),
        _ => {}
    }
}

/// A key, as one segment of a JSON Pointer.
fn segment(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
