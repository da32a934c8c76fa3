//! Which part of a response is which claim: by the name, by the form of the value, and by what stands beside it.

use serde_json::Value;

use crate::cli::new::form::{Form, is_web};
use crate::cli::new::leaf::{Leaf, Step, leaves, plain};
use crate::cli::new::names::{CLAIMS, Claim, OTHERS, PERSONS, rank};
use crate::cli::new::worth;

/// What is worth less than this is not proposed.
const ENOUGH: i32 = 40;
/// What is worth less than this, or hardly more than the next, is a person's to decide.
const SURE: i32 = 85;
/// How near two candidates are that a person has to choose from.
const NEAR: i32 = 12;

/// A claim, and where it probably stands.
#[derive(Clone, Debug)]
pub struct Guess {
    /// The claim.
    pub claim: &'static str,
    /// Where it stands.
    pub leaf: Leaf,
    /// Where else it may stand.
    pub alternatives: Vec<Leaf>,
    /// Whether a person should look at it.
    pub unsure: bool,
}

/// What a response says about a person.
#[derive(Debug, Default)]
pub struct Guesses {
    /// The lasting id, where there is one.
    pub sub: Option<Guess>,
    /// The other claims.
    pub claims: Vec<Guess>,
    /// Flags that may be about the e-mail address, or about something else.
    pub maybe_verified: Vec<Leaf>,
}

impl Guesses {
    /// Looks at a response.
    pub fn of(response: &Value) -> Guesses {
        let leaves = leaves(response);
        let person = person(&leaves);
        let claims: Vec<Guess> = CLAIMS.iter().filter_map(|claim| guess(claim, &leaves, &person)).collect();
        let mut guesses = Guesses { sub: subject(&leaves, &person, &claims), claims, maybe_verified: vec![] };
        guesses.drop_repeated_name();
        guesses.drop_flag_of_another_address();
        guesses.doubt_lists(&person);
        let picture = guesses.get("picture").map(|guess| guess.leaf.path.clone());
        guesses.claims.retain(|guess| guess.claim == "picture" || Some(&guess.leaf.path) != picture.as_ref());
        if guesses.get("email").is_some() && guesses.get("email_verified").is_none() {
            let flags = ["verified", "confirmed", "isverified", "isconfirmed", "activated"];
            let flag = |leaf: &&Leaf| {
                Form::Flag.fits(leaf)
                    && leaf.names().first().is_some_and(|name| flags.contains(&name.as_str()))
            };
            guesses.maybe_verified = leaves.iter().filter(flag).take(2).cloned().collect();
        }
        guesses
    }

    /// The guess of a claim.
    pub fn get(&self, claim: &str) -> Option<&Guess> {
        self.claims.iter().find(|guess| guess.claim == claim)
    }

    /// One value is one claim: a user name is no name, and a nickname is the name where there is no other.
    fn drop_repeated_name(&mut self) {
        let Some(name) = self.get("name").map(|guess| guess.leaf.path.clone()) else { return };
        let is_name = |guess: Option<&Guess>| guess.is_some_and(|guess| guess.leaf.path == name);
        let full = self.get("given_name").is_some() || self.get("family_name").is_some();
        let dropped = match (is_name(self.get("preferred_username")), is_name(self.get("nickname"))) {
            (true, _) => "name",
            (false, true) if full => "name",
            (false, true) => "nickname",
            (false, false) => return,
        };
        self.claims.retain(|guess| guess.claim != dropped);
    }

    /// A flag that stands in a list is about the address beside it, and about no other; without an address it is about nothing.
    fn drop_flag_of_another_address(&mut self) {
        let email = self.get("email").map(|guess| guess.leaf.parent().to_vec());
        self.claims.retain(|guess| {
            let speaks = guess.leaf.names().first().is_some_and(|name| name.contains("mail"));
            let is_beside = Some(guess.leaf.parent()) == email.as_deref();
            guess.claim != "email_verified" || email.is_some() && (speaks || is_beside)
        });
    }

    /// The first of a list may be somebody else's, or another address: said once where the person stands in a list.
    fn doubt_lists(&mut self, person: &[Step]) {
        for guess in self.claims.iter_mut().chain(&mut self.sub) {
            let inside = guess.leaf.path.strip_prefix(person).unwrap_or(&guess.leaf.path);
            let beyond = inside.contains(&Step::First) && guess.claim != "picture";
            guess.unsure |= beyond || guess.claim == "sub" && person.contains(&Step::First);
        }
    }
}

/// The path of the object that says most about a person.
fn person(leaves: &[Leaf]) -> Vec<Step> {
    let mut objects: Vec<(&[Step], i32)> = vec![];
    for leaf in leaves {
        if !objects.iter().any(|(path, _)| *path == leaf.parent()) {
            objects.push((leaf.parent(), 0));
        }
    }
    for (path, worth) in &mut objects {
        let own: Vec<&Leaf> = leaves.iter().filter(|leaf| leaf.parent() == *path).collect();
        for (claim, points) in [
            ("email", 4),
            ("given_name", 3),
            ("family_name", 3),
            ("preferred_username", 2),
            ("picture", 2),
            ("name", 2),
            ("locale", 1),
            ("gender", 1),
        ] {
            let claim = CLAIMS.iter().find(|other| other.name == claim);
            if claim.is_some_and(|claim| own.iter().any(|leaf| worth::of_claim(claim, leaf).is_some())) {
                *worth += points;
            }
        }
        if own.iter().any(|leaf| worth::of_subject(leaf).is_some_and(|worth| worth >= SURE)) {
            *worth += 3;
        }
        *worth += context(path);
    }
    let best = objects.iter().map(|(_, worth)| *worth).max();
    let found = objects.iter().find(|(_, worth)| Some(*worth) == best);
    found.map(|(path, _)| path.to_vec()).unwrap_or_default()
}

/// What the names on the way to an object say about it.
fn context(path: &[Step]) -> i32 {
    let mut worth = 0;
    for step in path {
        worth -= match step {
            Step::Member(_) => 1,
            Step::First => 2,
            Step::Marked(_) => 0,
        };
        if let Step::Member(name) = step {
            let name = plain(name);
            worth += match name.as_str() {
                name if rank(OTHERS, name).is_some() => -8,
                name if rank(PERSONS, name).is_some() => 3,
                _ => 0,
            };
        }
    }
    worth
}

/// How near a leaf is to the person: in it, beside it, or in something else.
fn place(leaf: &Leaf, person: &[Step]) -> i32 {
    // A picture, or a page, is often a link among others.
    const LINKS: [&str; 8] =
        ["avatar", "image", "images", "links", "photo", "photos", "picture", "thumbnail"];
    let link = leaf.text().is_some_and(is_web);
    let inside = leaf.path.starts_with(person);
    let below = &leaf.path[if inside { person.len() } else { 0 }..];
    let others = below.iter().rev().skip(1).filter(|step| match step {
        Step::Member(name) => {
            rank(OTHERS, &plain(name)).is_some() && !(link && LINKS.contains(&name.as_str()))
        }
        _ => false,
    });
    let far = below.len().saturating_sub(1) as i32;
    let beside = if inside { 10 } else { -15 };
    beside - 3 * far - 60 * others.count() as i32
}

fn guess(claim: &'static Claim, leaves: &[Leaf], person: &[Step]) -> Option<Guess> {
    let ranked = leaves.iter().filter_map(|leaf| {
        let another = match claim.name {
            "name" | "preferred_username" => of_another(leaf, person),
            _ => 0,
        };
        Some((worth::of_claim(claim, leaf)? + place(leaf, person) - another - emptiness(leaf), leaf))
    });
    chosen(claim.name, ranked.collect())
}

/// Other things have names and ids as well: a list beside the person is a list of them.
fn of_another(leaf: &Leaf, person: &[Step]) -> i32 {
    let listed = leaf.path.iter().any(|step| !matches!(step, Step::Member(_)));
    if listed && !leaf.path.starts_with(person) { 50 } else { 0 }
}

/// What an empty value takes away: another one that says something comes first.
fn emptiness(leaf: &Leaf) -> i32 {
    if leaf.value.is_null() || leaf.value == "" { 30 } else { 0 }
}

fn subject(leaves: &[Leaf], person: &[Step], claims: &[Guess]) -> Option<Guess> {
    let ranked: Vec<(i32, &Leaf)> = leaves
        .iter()
        .filter_map(|leaf| {
            Some((worth::of_subject(leaf)? + place(leaf, person) - of_another(leaf, person), leaf))
        })
        .collect();
    let mut guess = chosen("sub", ranked)?;
    // What equals the user name may be one.
    let login = claims.iter().find(|guess| guess.claim == "preferred_username");
    guess.unsure |= login.is_some_and(|login| login.leaf.value == guess.leaf.value);
    Some(guess)
}

/// The best candidate, and those that are nearly as good.
fn chosen(claim: &'static str, mut ranked: Vec<(i32, &Leaf)>) -> Option<Guess> {
    ranked.sort_by_key(|(worth, _)| -worth);
    let (best, leaf) = *ranked.first()?;
    if best < ENOUGH {
        return None;
    }
    let near = |worth: i32| worth >= ENOUGH && best - worth <= NEAR;
    let alternatives: Vec<Leaf> = ranked[1..]
        .iter()
        .filter(|(worth, other)| near(*worth) && other.value != leaf.value && !other.value.is_null())
        .map(|(_, leaf)| (*leaf).clone())
        .take(3)
        .collect();
    let unsure = best + emptiness(leaf) < SURE - 10 || !alternatives.is_empty();
    Some(Guess { claim, leaf: leaf.clone(), alternatives, unsure })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Claims and paths; `?` where a person should look.
    fn guessed(response: Value) -> Vec<String> {
        let guesses = Guesses::of(&response);
        let all = guesses.sub.iter().chain(&guesses.claims);
        let text = |guess: &Guess| {
            let source = guess.leaf.source().replace("$.userinfo.", "");
            format!("{} {source}{}", guess.claim, if guess.unsure { " ?" } else { "" })
        };
        all.map(text).collect()
    }

    #[test]
    fn finds_the_usual_names() {
        let response = json!({
            "id": 7, "login": "ada", "display_name": "Ada Lovelace", "mail": "ada@acme.example", "verified_email": true,
            "avatar_url": "https://acme.example/a", "lang": "en-GB", "tz": "Europe/London", "birthday": "1815-12-10",
            "created_at": "2026-01-01", "followers": 3,
        });
        let expected = [
            "sub id",
            "name display_name",
            "preferred_username login",
            "email mail",
            "email_verified verified_email",
            "picture avatar_url",
            "birthdate birthday",
            "zoneinfo tz",
            "locale lang",
        ];
        assert_eq!(guessed(response), expected);
    }

    #[test]
    fn finds_the_person_among_other_things() {
        let response = json!({
            "company": {"id": 1, "name": "Acme", "email": "info@acme.example"},
            "data": {"user": {"id": "u7", "firstName": "Ada", "lastName": "Lovelace", "email": "ada@acme.example", "photo": {"url": "https://acme.example/p"}}},
        });
        let expected = [
            "sub data.user.id",
            "given_name data.user.firstName",
            "family_name data.user.lastName",
            "email data.user.email",
            "picture data.user.photo.url",
        ];
        assert_eq!(guessed(response), expected);
        assert_eq!(
            guessed(json!({"data": [{"id": "7", "name": "Ada"}]})),
            ["sub data[0].id ?", "name data[0].name"]
        );
    }

    #[test]
    fn a_subject_is_never_what_people_choose_themselves() {
        for response in [
            json!({"username": "ada", "name": "Ada"}),
            json!({"id": "ada@acme.example"}),
            json!({"email": "ada@acme.example", "organization_id": "o1"}),
            json!({"id": true, "url": "https://acme.example/ada"}),
            json!({"uri": "https://acme.example/ada"}),
        ] {
            assert!(Guesses::of(&response).sub.is_none(), "{response}");
        }
        assert_eq!(guessed(json!({"id": "ada", "username": "ada"}))[0], "sub id ?");
        assert_eq!(guessed(json!({"acme_id": "7"})), ["sub acme_id ?"]);
    }

    #[test]
    fn two_ids_are_a_persons_to_decide() {
        let guesses = Guesses::of(&json!({"user_id": 1, "account_id": 2, "name": "Ada"}));
        let sub = guesses.sub.unwrap();
        assert_eq!(sub.leaf.source(), "$.userinfo.user_id");
        assert_eq!(sub.alternatives[0].source(), "$.userinfo.account_id");
        assert!(sub.unsure);
    }

    #[test]
    fn a_flag_counts_only_beside_its_address() {
        let marked = json!({"id": 1, "emails": [{"email": "b@acme.example"}, {"email": "a@acme.example", "primary": true, "verified": true}]});
        assert_eq!(
            guessed(marked)[1..],
            ["email emails[?@.primary == true].email", "email_verified emails[?@.primary == true].verified"]
        );
        let apart = json!({"id": 1, "email": "a@acme.example", "emails": [{"verified": true}]});
        assert_eq!(guessed(apart), ["sub id", "email email"]);
        let alone = json!({"id": 1, "verified": {"email": false}});
        assert_eq!(guessed(alone), ["sub id"], "about an address that is not there");
        let badge = json!({"id": 1, "email": "a@acme.example", "verified": true});
        assert_eq!(Guesses::of(&badge).maybe_verified[0].source(), "$.userinfo.verified");
        assert_eq!(guessed(badge), ["sub id", "email email"]);
    }

    #[test]
    fn a_picture_is_no_page() {
        let response = json!({"id": 1, "picture": {"data": {"url": "https://acme.example/p.png"}}, "profile": "https://acme.example/large.jpg"});
        let claims = guessed(response);
        assert!(claims.iter().all(|claim| !claim.starts_with("profile ")), "{claims:?}");
    }
}
