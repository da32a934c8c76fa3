//! Plays tests: several at a time, the results in the order of the tests.

use std::io;
use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::cli::progress::Progress;
use crate::cli::test::Outcome;
use crate::cli::test::gather::Case;
use crate::mock::{VectorResult, play};

/// Plays all tests, as many at a time as there are processors.
///
/// # Errors
/// Threads cannot be had.
pub fn all(cases: Vec<Case>) -> io::Result<Vec<Outcome>> {
    let runtime = tokio::runtime::Runtime::new()?;
    Ok(runtime.block_on(play_all(cases)))
}

async fn play_all(cases: Vec<Case>) -> Vec<Outcome> {
    let at_once = available_parallelism().map_or(1, NonZero::get);
    let progress = Progress::start("tests", cases.len());
    let mut outcomes: Vec<Option<Outcome>> = cases.iter().map(|_| None).collect();
    let mut playing = JoinSet::new();
    let mut waiting = cases.into_iter().enumerate();
    loop {
        while playing.len() < at_once
            && let Some((number, case)) = waiting.next()
        {
            playing.spawn(async move { (number, outcome(case).await) });
        }
        match playing.join_next().await {
            Some(Ok((number, outcome))) => outcomes[number] = Some(outcome),
            Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            None => break,
        }
        progress.step();
    }
    outcomes.into_iter().flatten().collect()
}

async fn outcome(case: Case) -> Outcome {
    let started = Instant::now();
    let result = match &case.played {
        Some((provider, vector)) => play(provider, vector).await,
        None => VectorResult::default(),
    };
    let time = if case.played.is_some() { started.elapsed() } else { Duration::ZERO };
    Outcome { case, result, time }
}
