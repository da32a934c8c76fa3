//! `/_log`: the client of next-auth 4 reports its errors here.

use http::StatusCode;

use crate::server::answer::Answer;
use crate::server::call::Call;

pub fn run(call: &Call<'_>) -> Answer {
    // Anybody can post here: nothing of it is trusted, and little of it is kept.
    let printable = |name: &str| -> String {
        let text = call.body.get(name).unwrap_or_default();
        text.chars().filter(|c| !c.is_control()).take(64).collect()
    };
    tracing::debug!(level = %printable("level"), code = %printable("code"), "a client reports an error");
    Answer::json(StatusCode::OK, "{}")
}
