//! A document with many members, looked at a part at a time: a validator keeps every error until it has seen the whole.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::spec::schema::defect::{Defect, DefectKind};

/// So many members are looked at together, and no mapping with fewer is taken apart: its keys may belong together.
const WIDTH: usize = 40;

/// Each part costs a look at the whole document.
const MAX_WINDOWS: usize = 125;

/// A part of a document: all of its short mappings, some members of its lists and long mappings.
pub struct Window {
    /// The part.
    pub value: Value,
    /// The lists that begin later than in the document: their pointer in the document, and how many members are left out.
    later: Vec<(String, usize)>,
}

/// The parts of a document, each member in one of them; none where it has few.
pub fn all(document: &Value) -> impl Iterator<Item = Window> {
    let members = members(document);
    let width = WIDTH.max(members.div_ceil(MAX_WINDOWS));
    let windows = if members > WIDTH { members.div_ceil(width) } else { 0 };
    (0..windows).map(move |number| {
        let mut cutter = Cutter { wanted: number * width..(number + 1) * width, seen: 0, later: vec![] };
        let value = cutter.part(document, "");
        Window { value, later: cutter.later }
    })
}

impl Window {
    /// A defect of the part as one of the document; `None` where it is about something that only the part lacks.
    pub fn defect_of(&self, document: &Value, mut defect: Defect) -> Option<Defect> {
        // A list comes before those in it, so that each pointer is one of the document as far as its list.
        for (list, left_out) in &self.later {
            let rest = defect.pointer.strip_prefix(list.as_str()).and_then(|rest| rest.strip_prefix('/'));
            let Some((index, below)) = rest.map(|rest| rest.split_at(rest.find('/').unwrap_or(rest.len())))
            else {
                continue;
            };
            if let Ok(index) = index.parse::<usize>() {
                defect.pointer = format!("{list}/{}{below}", index + left_out);
            }
        }
        let there = document.pointer(&defect.pointer)?;
        match &defect.kind {
            DefectKind::Missing { key } if there.get(key).is_some() => None,
            _ => Some(defect),
        }
    }
}

/// How many members lists and long mappings have, those left out that hold others.
fn members(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(|item| members(item).max(1)).sum(),
        Value::Object(object) if is_long(object) => object.values().map(|value| members(value).max(1)).sum(),
        Value::Object(object) => object.values().map(members).sum(),
        _ => 0,
    }
}

fn is_long(object: &Map<String, Value>) -> bool {
    object.len() > WIDTH
}

struct Cutter {
    wanted: Range<usize>,
    /// How many members came before.
    seen: usize,
    later: Vec<(String, usize)>,
}

impl Cutter {
    fn part(&mut self, value: &Value, at: &str) -> Value {
        match value {
            Value::Array(items) => {
                let mut kept = vec![];
                let place = self.later.len();
                let mut left_out = 0;
                for (index, item) in items.iter().enumerate() {
                    match self.member(item, &format!("{at}/{index}"), true) {
                        Some(item) => kept.push(item),
                        None => left_out += usize::from(kept.is_empty()),
                    }
                }
                if left_out > 0 {
                    self.later.insert(place, (at.to_owned(), left_out));
                }
                Value::Array(kept)
            }
            Value::Object(object) => {
                let counted = is_long(object);
                let kept = object.iter().filter_map(|(key, value)| {
                    let segment = key.replace('~', "~0").replace('/', "~1");
                    Some((key.clone(), self.member(value, &format!("{at}/{segment}"), counted)?))
                });
                Value::Object(kept.collect::<Map<_, _>>())
            }
            value => value.clone(),
        }
    }

    /// A member where the window has it; one that is not counted is in every window, unless all of a list is left out.
    fn member(&mut self, value: &Value, at: &str, counted: bool) -> Option<Value> {
        let inner = members(value);
        if inner == 0 {
            self.seen += usize::from(counted);
            return (!counted || self.wanted.contains(&(self.seen - 1))).then(|| value.clone());
        }
        let overlaps = self.seen < self.wanted.end && self.seen + inner > self.wanted.start;
        if !overlaps && (counted || value.is_array()) {
            self.seen += inner;
            return None;
        }
        Some(self.part(value, at))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn defect(pointer: &str, kind: DefectKind) -> Defect {
        Defect { pointer: pointer.to_owned(), rule: String::new(), kind }
    }

    #[test]
    fn few_members_are_one_document() {
        let value = json!({"a": vec![1; WIDTH - 1], "b": {"c": [[]]}});
        assert_eq!(all(&value).count(), 0);
        let value = json!({"a": vec![1; WIDTH], "b": {"c": [[]]}});
        assert_eq!(all(&value).count(), 2);
    }

    #[test]
    fn each_member_is_in_one_part() {
        let inner: Vec<usize> = (0..250).collect();
        let map: Map<String, Value> = (0..150).map(|n| (format!("k{n}"), json!(n))).collect();
        let mut outer = vec![json!({"n": "x"}); 120];
        outer[60] = json!({"n": inner, "m": "x"});
        let short: Vec<Value> = (0..90).map(|n| json!([n, [n], []])).collect();
        let value = json!({"a": 1, "outer": outer, "map": map, "short": short});
        let windows: Vec<Window> = all(&value).collect();
        let mut found: Vec<String> = vec![];
        for window in &windows {
            assert_eq!(window.value["a"], 1, "what is short is in every part");
            let mut leaves = vec![];
            pointers(&window.value, String::new(), &mut leaves);
            let shifted = leaves.into_iter().map(|(pointer, leaf)| {
                let other = || DefectKind::Other { message: String::new() };
                let pointer = window.defect_of(&value, defect(&pointer, other())).unwrap().pointer;
                assert_eq!(value.pointer(&pointer), Some(&leaf), "{pointer}");
                pointer
            });
            found.extend(shifted.filter(|pointer| pointer != "/a" && pointer != "/outer/60/m"));
        }
        let mut expected = vec![];
        pointers(&value, String::new(), &mut expected);
        let mut expected: Vec<String> = expected.into_iter().map(|(pointer, _)| pointer).collect();
        expected.retain(|pointer| pointer != "/a" && pointer != "/outer/60/m");
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_key_of_another_part_is_not_missing() {
        let map: Map<String, Value> = (0..150).map(|n| (format!("k{n}"), json!(n))).collect();
        let value = json!({"map": map});
        let window = all(&value).next().unwrap();
        let missing = |key: &str| defect("/map", DefectKind::Missing { key: key.to_owned() });
        assert!(window.value["map"].get("k149").is_none());
        assert_eq!(window.defect_of(&value, missing("k149")), None);
        assert_eq!(window.defect_of(&value, missing("k150")), Some(missing("k150")));
    }

    fn pointers(value: &Value, at: String, into: &mut Vec<(String, Value)>) {
        match value {
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, item)| pointers(item, format!("{at}/{n}"), into));
            }
            Value::Object(object) => {
                object.iter().for_each(|(key, value)| pointers(value, format!("{at}/{key}"), into));
            }
            Value::Null => {}
            leaf => into.push((at, leaf.clone())),
        }
    }
}
