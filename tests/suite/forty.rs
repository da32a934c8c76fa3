//! Forty broken files and more with one mistake each: `tests/golden/forty/table.md` says what is found, and where, to the column.

use std::path::Path;

use authcfg::cli::validate::{Args, Fixed, fix_all, gather, validate};
use authcfg::diagnostic::{Applicability, Diagnostic, Help};

/// A row of the table: the file, the code, the place.
type Row = (String, String, String);

#[test]
fn each_file_has_its_one_finding_at_its_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/forty");
    let table = std::fs::read_to_string(folder.join("table.md")).unwrap();
    let expected = rows(&table);
    assert!(expected.len() >= 40, "the table has {} rows", expected.len());
    let report =
        validate(&Args { paths: vec![folder], tomorrow: Some("2026-11-25".into()), ..Args::default() });
    let mut found: Vec<Row> = report.findings.iter().map(row).collect();
    found.sort();
    let missing: Vec<_> = expected.iter().filter(|row| !found.contains(row)).collect();
    let besides: Vec<_> = found.iter().filter(|row| !expected.contains(row)).collect();
    assert!(missing.is_empty() && besides.is_empty(), "missing: {missing:#?}\nbesides: {besides:#?}");
    assert_eq!(
        (report.files.len(), found.len()),
        (expected.len(), expected.len()),
        "one finding in each file"
    );
}

#[test]
fn what_is_certain_makes_a_clean_file_and_leaves_the_rest_alone() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/forty");
    let args = Args { paths: vec![folder.clone()], ..Args::default() };
    let (inputs, fresh) = (gather(&args).inputs, tempfile::tempdir().unwrap());
    let certain: Vec<String> =
        validate(&args).findings.iter().filter(|finding| is_certain(finding)).map(file).collect();
    let fixed = fix_all(&inputs, &[]);
    assert!(fixed.len() >= 20, "{} files are fixed", fixed.len());
    assert_eq!(fixed.iter().map(|fixed| stem(&fixed.input.path)).collect::<Vec<_>>(), certain);
    for Fixed { input, before, after, count } in fixed {
        let name = stem(&input.path);
        let path = fresh.path().join(format!("{name}.yaml"));
        std::fs::write(&path, &after).unwrap();
        let left = validate(&Args { paths: vec![path], ..Args::default() }).findings;
        assert!(left.is_empty(), "{name}: {:?}", left[0].title);
        let changed = before.lines().zip(after.lines()).filter(|(before, after)| before != after).count();
        assert!(count == 1 && changed == 1, "{name}: {changed} lines differ");
    }
}

fn is_certain(finding: &Diagnostic) -> bool {
    matches!(finding.help, Some(Help::Patch { applicability: Applicability::Certain, .. }))
}

fn file(finding: &Diagnostic) -> String {
    stem(Path::new(finding.primary().source.name()))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// The rows below the head of a Markdown table.
fn rows(table: &str) -> Vec<Row> {
    let rows = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| file "));
    let cells = rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect());
    cells
        .map(|cells: Vec<String>| {
            let [file, code, place] = cells.try_into().expect("a row has three cells");
            (file, code, place)
        })
        .collect()
}

fn row(finding: &Diagnostic) -> Row {
    let label = finding.primary();
    let before = &label.source.text()[..label.span.start];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (file(finding), finding.code.as_str().to_owned(), format!("{line}:{column}"))
}
