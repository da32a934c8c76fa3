//! Provider files as nobody would write them: the built-in ones and those of the golden tests, cut up and put together again.
//!
//! `AUTHCFG_FUZZ_SECONDS=600 cargo test --test suite fuzz -- --ignored --nocapture`, with `AUTHCFG_FUZZ_SEED` for other files.
//! Each is validated, mended, shown in every format, compiled, and its tests are played, on a stack of 2 MiB. What panics or takes
//! too long is left in `target/fuzz/`.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use authcfg::cli::validate::{Args, Input, fix_all, validate};
use authcfg::diagnostic::render;
use authcfg::yaml::{Document, Limits};

/// What a worker thread has.
const STACK: usize = 2 << 20;
/// No file may take longer, in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
const WORKERS: u64 = 2;

/// What a mutation may put somewhere.
const WORDS: [&str; 44] = [
    "{{ ",
    " }}",
    "{% if x %}",
    "{% endif %}",
    "{#",
    "#}",
    "$.userinfo.",
    "$[?",
    "[*]",
    "..",
    "'",
    "\"",
    "\\",
    "|",
    ": ",
    "- ",
    "? ",
    "&a ",
    "*a",
    "!!str ",
    "<<: ",
    "\n",
    "\n\n",
    "  ",
    "\t",
    "[",
    "]",
    "{",
    "}",
    ",",
    "null",
    "~",
    "true",
    "1e999",
    "-1",
    "99999999999999999999",
    "\u{202e}",
    "\u{0}",
    "é",
    "🔑",
    "\r\n",
    "---\n",
    "# authcfg: allow(x) y\n",
    "https://",
];

#[test]
#[ignore = "runs as long as AUTHCFG_FUZZ_SECONDS says"]
fn no_file_ends_or_stops_the_reader() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let until = Instant::now() + Duration::from_secs(number("AUTHCFG_FUZZ_SECONDS").unwrap_or(10));
    let seed = number("AUTHCFG_FUZZ_SEED").unwrap_or(1);
    let seeds = seeds();
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("fuzz");
    fs::create_dir_all(&kept).unwrap();
    let (done, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let slowest = Mutex::new(Duration::ZERO);
    let under_way: Vec<Mutex<Option<(Instant, String)>>> = (0..WORKERS).map(|_| Mutex::default()).collect();
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (seeds, done, failed, slowest, kept) = (&seeds, &done, &failed, &slowest, &kept);
            let mine = &under_way[worker as usize];
            let work = move || {
                let mut random = Random(seed.wrapping_mul(1_000_003).wrapping_add(worker));
                let folder = tempfile::tempdir().unwrap();
                while Instant::now() < until && !failed.load(Ordering::Relaxed) {
                    let text = mutated(seeds, &mut random);
                    let began = Instant::now();
                    *mine.lock().unwrap() = Some((began, text.clone()));
                    if catch_unwind(AssertUnwindSafe(|| look_at(folder.path(), &text))).is_err() {
                        fs::write(kept.join("panic.yaml"), &text).unwrap();
                        failed.store(true, Ordering::Relaxed);
                    }
                    *mine.lock().unwrap() = None;
                    let mut slowest = slowest.lock().unwrap();
                    if began.elapsed() > *slowest {
                        *slowest = began.elapsed();
                        fs::write(kept.join("slowest.yaml"), &text).unwrap();
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            };
            thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).unwrap();
        }
        while Instant::now() < until && !failed.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(100));
            for worker in &under_way {
                let Some((began, text)) = worker.lock().unwrap().clone() else { continue };
                if began.elapsed() > PATIENCE {
                    let path = kept.join("hang.yaml");
                    fs::write(&path, text).unwrap();
                    eprintln!("{} is still looked at", path.display());
                    std::process::exit(101);
                }
            }
        }
    });
    println!("{} files, the slowest took {:?}", done.load(Ordering::Relaxed), slowest.lock().unwrap());
    assert!(!failed.load(Ordering::Relaxed), "{}", kept.join("panic.yaml").display());
    assert!(done.load(Ordering::Relaxed) > 0);
}

/// Everything that reads a provider file.
fn look_at(folder: &Path, text: &str) {
    let path = folder.join("acme.yaml");
    fs::write(&path, text).unwrap();
    let report = validate(&Args { paths: vec![path.clone()], ..Args::default() });
    assert!(report.findings.len() <= 100, "{} findings", report.findings.len());
    let shown = [
        render::human(&report.findings, render::Style::default()),
        render::concise(&report.findings),
        render::json(&report.findings, 1).to_string(),
        render::sarif(&report.findings).to_string(),
        render::junit(&report.findings, &report.files, true),
    ];
    assert!(shown.iter().all(|shown| shown.len() < 4 << 20), "more than anybody reads");
    for fixed in fix_all(&[Input { path: path.clone(), beneath: None }], &[]) {
        assert_ne!(fixed.before, fixed.after, "a fix that changes nothing");
    }
    let Ok(document) = Document::parse("acme.yaml", text.as_bytes(), Limits::PROVIDER) else { return };
    play(&document);
}

#[cfg(feature = "mock")]
fn play(document: &Document) {
    let (Some(provider), _) = authcfg::provider::load(document, |_| None) else { return };
    let provider = std::sync::Arc::new(provider);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for vector in provider.tests.iter().take(3) {
        runtime.block_on(authcfg::mock::play(&provider, vector));
    }
}

#[cfg(not(feature = "mock"))]
fn play(_: &Document) {}

/// The built-in files, and those of the golden tests.
fn seeds() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = vec![];
    collect(&root.join("providers"), &mut paths);
    collect(&root.join("tests/golden"), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .filter(|text| !text.is_empty())
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => collect(&path, paths),
            false if path.extension().is_some_and(|extension| extension == "yaml") => paths.push(path),
            false => {}
        }
    }
}

/// A file with some of its parts cut out, doubled, exchanged, or taken from another file.
fn mutated(seeds: &[String], random: &mut Random) -> String {
    let mut text = random.of(seeds).clone();
    for _ in 0..1 + random.below(6) {
        let at = boundary(&text, random.below(text.len() + 1));
        let end = boundary(&text, (at + random.below(40)).min(text.len()));
        match random.below(10) {
            0 => text.insert_str(at, WORDS[random.below(WORDS.len())]),
            1 => text.replace_range(at..end, WORDS[random.below(WORDS.len())]),
            2 => text.replace_range(at..end, ""),
            3 => {
                let part = text[at..end].repeat(1 + random.below(300));
                text.insert_str(at, &part);
            }
            4 => text.insert_str(at, &WORDS[random.below(WORDS.len())].repeat(1 + random.below(3_000))),
            5 | 6 => {
                let other = random.of(seeds).clone();
                let other = line_of(&other, random);
                let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
                text.insert_str(start, &other);
            }
            7 => {
                let line = line_of(&text, random).repeat(1 + random.below(100));
                let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
                text.insert_str(start, &line);
            }
            8 => text.truncate(at),
            _ => {
                let lines: Vec<&str> = text.split_inclusive('\n').collect();
                let (one, other) = (random.below(lines.len().max(1)), random.below(lines.len().max(1)));
                let mut lines = lines;
                if one < lines.len() && other < lines.len() {
                    lines.swap(one, other);
                }
                text = lines.concat();
            }
        }
        // Longer ones are refused at once.
        let end = boundary(&text, text.len().min(Limits::PROVIDER.bytes + 1));
        text.truncate(end);
    }
    text
}

fn line_of(text: &str, random: &mut Random) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    lines.get(random.below(lines.len().max(1))).map(|line| (*line).to_owned()).unwrap_or_default()
}

fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// SplitMix64: the same files for the same seed, whatever else is random.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}
