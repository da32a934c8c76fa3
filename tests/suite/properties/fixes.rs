//! `--fix` on files of the catalogue that somebody mistyped: it never makes a file worse, and does all it does at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use authcfg::cli::validate::{Args, Input, fix_all, validate};
use authcfg::diagnostic::{Applicability, Diagnostic, Help, Severity};
use proptest::prelude::*;

/// The built-in files, by name.
static FILES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("providers");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|ext| ext == "yaml")).collect();
    files.sort();
    let named = |path: PathBuf| {
        (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
    };
    files.into_iter().map(named).collect()
});

/// A slip of somebody who writes a file.
#[derive(Clone, Copy, Debug)]
enum Slip {
    ClearText,
    Dollar,
    Dropped,
    Operator,
    Scheme,
    Space,
    Swapped,
    Template,
    Upper,
}

fn slip() -> impl Strategy<Value = Slip> {
    use Slip::{ClearText, Dollar, Dropped, Operator, Scheme, Space, Swapped, Template, Upper};
    prop::sample::select(vec![ClearText, Dollar, Dropped, Operator, Scheme, Space, Swapped, Template, Upper])
}

/// The text with one slip in it; unchanged where there is no place for it.
fn with_slip(text: &str, slip: Slip, pick: usize) -> String {
    let (from, to) = match slip {
        Slip::ClearText => ("https://", "http://"),
        Slip::Dollar => (" $.", " "),
        Slip::Operator => (" == ", " === "),
        Slip::Scheme => ("https://", "https:/"),
        Slip::Template => ("{{ ", "{"),
        Slip::Dropped | Slip::Space | Slip::Swapped | Slip::Upper => ("_", "_"),
    };
    let places: Vec<usize> = text.match_indices(from).map(|(at, _)| at).collect();
    if places.is_empty() {
        return text.to_owned();
    }
    let at = places[pick % places.len()];
    let mut text = text.to_owned();
    let near = at.saturating_sub(1);
    let letters = text.is_char_boundary(near) && text[near..at].chars().all(|c| c.is_ascii_lowercase());
    match slip {
        Slip::Dropped if letters => drop(text.remove(near)),
        Slip::Space => text.insert(at, ' '),
        Slip::Swapped if letters => {
            text.replace_range(near..=at, &format!("_{}", &text[near..at].to_owned()))
        }
        Slip::Upper if letters => text.replace_range(near..at, &text[near..at].to_ascii_uppercase()),
        _ => text.replace_range(at..at + from.len(), to),
    }
    text
}

fn found(path: &Path) -> Vec<Diagnostic> {
    validate(&Args { paths: vec![path.to_owned()], ..Args::default() }).findings
}

fn errors(findings: &[Diagnostic]) -> usize {
    findings.iter().filter(|finding| finding.severity == Severity::Error).count()
}

fn is_certain(finding: &Diagnostic) -> bool {
    matches!(finding.help, Some(Help::Patch { applicability: Applicability::Certain, .. }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_fixed_file_is_better_and_needs_no_second_fix(
        file in any::<prop::sample::Index>(),
        slips in prop::collection::vec((slip(), any::<usize>()), 1..4),
    ) {
        let (name, text) = &FILES[file.index(FILES.len())];
        let broken = slips.iter().fold(text.clone(), |text, (slip, pick)| with_slip(&text, *slip, *pick));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, &broken).unwrap();
        let before = found(&path);
        let input = [Input { path: path.clone(), beneath: None }];
        let Some(fixed) = fix_all(&input, &[]).pop() else {
            return Ok(());
        };
        fs::write(&path, &fixed.after).unwrap();
        let after = found(&path);
        prop_assert!(errors(&after) <= errors(&before), "{slips:?}: more errors than before in\n{}", fixed.after);
        prop_assert!(after.len() < before.len(), "{slips:?}: nothing is gone in\n{}", fixed.after);
        prop_assert!(fix_all(&input, &[]).is_empty(), "{slips:?}: a second run fixes more in\n{}", fixed.after);
        let alone = slips.len() == 1 && before.len() == 1 && is_certain(&before[0]);
        prop_assert!(!alone || after.is_empty(), "{slips:?}: {:?} in\n{}", after[0].title, fixed.after);
    }
}
