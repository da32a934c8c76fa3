//! How likely a scalar is a claim: by its name, and by the form of its value. A hundred is certain.

use serde_json::Value;

use crate::cli::new::form::{Form, is_email, is_web};
use crate::cli::new::leaf::{Leaf, Step};
use crate::cli::new::names::{Claim, OTHERS, PERSONS, SUBJECTS, rank};

/// What a name and a value are worth for a claim; none where they do not fit.
pub fn of_claim(claim: &Claim, leaf: &Leaf) -> Option<i32> {
    if !claim.form.fits(leaf) {
        return None;
    }
    let names = leaf.names();
    let own = names.first()?;
    if ["profile", "website"].contains(&claim.name) && is_picture(leaf) {
        return None;
    }
    // `avatar: {url: …}` is an `avatarurl`; but `user: {name: …}` is the name of the user, and no user name.
    let of_person = names.get(1).is_some_and(|of| rank(PERSONS, of).is_some());
    let joined = |count: usize| names.iter().take(count).rev().map(String::as_str).collect::<String>();
    let composed = || rank(claim.names, &joined(2)).or_else(|| rank(claim.names, &joined(3)));
    let known = rank(claim.names, own).or_else(|| if of_person { None } else { composed() });
    let worth = match known {
        Some(rank) => 100 - (rank as i32 * 30) / claim.names.split(' ').count() as i32,
        None if claim.name == "picture" => of_picture(leaf, &names)?,
        None if claim.form == Form::Email && leaf.text().is_some() => {
            if own.contains("mail") {
                60
            } else {
                42
            }
        }
        None => return None,
    };
    let weak = match claim.name {
        // An address of the interface, not of a page.
        "profile" if leaf.text().is_some_and(|text| text.contains("api")) => 40,
        "profile" if own == "url" || own == "link" => 15,
        "name" if ["nick", "nickname", "screenname"].contains(&own.as_str()) => 30,
        "preferred_username" if leaf.text().is_some_and(is_email) => 45,
        _ => 0,
    };
    Some(worth - weak)
}

/// A web address under a name that speaks of a picture, or that ends as pictures do.
fn of_picture(leaf: &Leaf, names: &[String]) -> Option<i32> {
    leaf.text()?;
    const WORDS: [&str; 6] = ["avatar", "picture", "photo", "image", "portrait", "thumb"];
    const LARGE: [&str; 6] = ["large", "big", "full", "original", "512", "hd"];
    const SMALL: [&str; 8] = ["small", "mini", "tiny", "square", "24", "32", "48", "72"];
    let has = |name: &str, words: &[&str]| words.iter().any(|word| name.contains(word));
    let speaks = |name: &String| {
        has(name, &WORDS) || ["pic", "img"].iter().any(|word| name.starts_with(word) || name.ends_with(word))
    };
    let near = &names[..names.len().min(2)];
    match (names.iter().take(3).any(speaks), is_picture(leaf)) {
        (true, _) if near.iter().any(|name| has(name, &SMALL)) => Some(45),
        (true, _) if near.iter().any(|name| has(name, &LARGE)) => Some(78),
        (true, _) => Some(60),
        (false, true) => Some(52),
        (false, false) => None,
    }
}

/// Whether an address ends as those of pictures do.
fn is_picture(leaf: &Leaf) -> bool {
    let path = leaf.text().filter(|text| is_web(text)).and_then(|text| text.split(['?', '#']).next());
    path.is_some_and(|path| {
        [".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"]
            .iter()
            .any(|end| path.to_lowercase().ends_with(end))
    })
}

/// What a leaf is worth as a subject; none for what people choose themselves, and for what is no id at all.
pub fn of_subject(leaf: &Leaf) -> Option<i32> {
    let names = leaf.names();
    let own = names.first()?;
    let fits = match &leaf.value {
        Value::Number(number) => number.is_i64() || number.is_u64(),
        Value::String(text) => {
            !text.is_empty() && text.len() < 256 && !is_email(text) && !text.contains(char::is_whitespace)
        }
        _ => false,
    };
    if !fits {
        return None;
    }
    if leaf.text().is_some_and(is_web) && !["sub", "id", "userid", "identifier"].contains(&own.as_str()) {
        return None;
    }
    let last = leaf.path.iter().rev().find_map(|step| match step {
        Step::Member(name) => Some(name.as_str()),
        _ => None,
    });
    let worth = match rank(SUBJECTS, own) {
        Some(rank) => 100 - rank as i32,
        // Many digits.
        None if own.ends_with("id") && digits(&leaf.value) > 7 => 62,
        // `acme_id`, `acmeId`: an id of something, by the provider's own name perhaps.
        None if last
            .is_some_and(|name| name.ends_with("_id") || name.ends_with("Id") || name.ends_with("ID")) =>
        {
            let of = own.trim_end_matches("id");
            if rank(OTHERS, of).is_some()
                || ["session", "request", "device", "parent", "language", "avatar", "image", "photo"]
                    .contains(&of)
            {
                return None;
            }
            62
        }
        None => return None,
    };
    Some(worth - if leaf.text().is_some_and(is_web) { 30 } else { 0 })
}

/// How many digits a value has that is nothing else.
fn digits(value: &Value) -> usize {
    match value {
        Value::Number(number) => number.to_string().len(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.len(),
        _ => 0,
    }
}
