//! The document as it would be with the help applied, so that one run finds what a second one would.

use serde_json::{Map, Value};

use crate::spec::schema::defect::{Defect, DefectKind};

/// Applies what the defects propose and takes out what has no proposal; whether something was taken out.
pub fn mend(mut value: Value, defects: &[Defect]) -> (Value, bool) {
    let mut taken_out: Vec<&str> = vec![];
    let mut incomplete = false;
    for defect in defects {
        match &defect.kind {
            DefectKind::Missing { .. } => incomplete = true,
            DefectKind::NotOneOf { nearest: Some(nearest), .. } => {
                if let Some(place) = value.pointer_mut(&defect.pointer) {
                    *place = Value::String(nearest.clone());
                }
            }
            DefectKind::Unknown { key, nearest, .. } => {
                let object = value.pointer_mut(&defect.pointer).and_then(Value::as_object_mut);
                incomplete |= !object.is_some_and(|object| rename(object, key, nearest.as_deref()));
            }
            DefectKind::WrongType { expected } if expected.contains(&"string") => {
                match value.pointer_mut(&defect.pointer) {
                    Some(place @ (Value::Bool(_) | Value::Number(_))) => {
                        *place = Value::String(place.to_string())
                    }
                    _ => taken_out.push(&defect.pointer),
                }
            }
            _ => taken_out.push(&defect.pointer),
        }
    }
    incomplete |= !taken_out.is_empty();
    // From the last to the first, so that the places of a list's members still hold.
    for pointer in taken_out.into_iter().rev() {
        remove(&mut value, pointer);
    }
    (value, incomplete)
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

fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, segment)) = pointer.rsplit_once('/') else { return };
    match value.pointer_mut(parent) {
        Some(Value::Object(object)) => {
            object.shift_remove(&segment.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => {
            if let Some(index) = segment.parse::<usize>().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}
