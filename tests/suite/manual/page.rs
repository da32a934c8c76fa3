//! The pages of the manual, and the YAML blocks on them.

use std::fs;
use std::path::{Path, PathBuf};

/// The pages on which every block is tested, also the ones that are a part of a file.
const PLAYED: [&str; 2] = ["cookbook.md", "format.md"];

/// A block fenced as `yaml`.
pub struct Block {
    pub page: String,
    pub line: usize,
    pub kind: Kind,
    pub text: String,
}

/// What a block is, as its first line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `# authcfg.yaml`: a whole deployment file.
    Deployment,
    /// A part of a file, quoted to be looked at.
    Excerpt,
    /// Keys that are laid over the first provider of the page, or over the one named by `# over ID`.
    Part { over: String },
    /// `# providers/ID.yaml`: a whole provider file.
    Provider(String),
    /// `# wrong: CODE`, also `# wrong: CODE, over ID`: a part that must be refused.
    Wrong { code: String, over: String },
}

impl Block {
    /// Where it stands, for a person who has to mend it.
    pub fn place(&self) -> String {
        format!("src/manual/{}:{}", self.page, self.line)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/manual")
}

/// The text of each page by its file name, in order.
pub fn pages() -> Vec<(String, String)> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<(String, String)> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    pages.sort();
    pages
}

/// The blocks of all pages.
pub fn blocks() -> Vec<Block> {
    pages().iter().flat_map(|(page, text)| blocks_of(page, text)).collect()
}

/// The blocks of one page.
pub fn blocks_of(page: &str, text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = vec![];
    let mut base = String::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line != "```yaml" {
            continue;
        }
        let text: String = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| *line != "```")
            .flat_map(|line| [line, "\n"])
            .collect();
        let kind = kind(page, text.lines().next().unwrap_or_default(), &base);
        if let (Kind::Provider(id), true) = (&kind, base.is_empty()) {
            base.clone_from(id);
        }
        blocks.push(Block { page: page.to_owned(), line: number + 1, kind, text });
    }
    blocks
}

fn kind(page: &str, first: &str, base: &str) -> Kind {
    let head = first.strip_prefix("# ").unwrap_or_default();
    if head == "authcfg.yaml" {
        return Kind::Deployment;
    }
    if let Some(id) = head.strip_prefix("providers/").and_then(|file| file.strip_suffix(".yaml")) {
        return Kind::Provider(id.to_owned());
    }
    let words = || head.split(", ");
    let over = words().find_map(|word| word.strip_prefix("over ")).unwrap_or(base).to_owned();
    match words().find_map(|word| word.strip_prefix("wrong: ")) {
        Some(code) => Kind::Wrong { code: code.to_owned(), over },
        None if PLAYED.contains(&page) => Kind::Part { over },
        None => Kind::Excerpt,
    }
}

#[test]
fn the_first_line_says_what_a_block_is() {
    let page = "```yaml\n# providers/acme.yaml\nid: acme\n```\n\n```yaml\npkce: none\n```\n```yaml\n# wrong: no-effect, over b\nx: 1\n```\n```yaml\n# over b\nx: 1\n```\n```yaml\n# authcfg.yaml\nx: 1\n```\n";
    let kinds = |name: &str| blocks_of(name, page).into_iter().map(|block| block.kind).collect::<Vec<_>>();
    let wrong = Kind::Wrong { code: "no-effect".into(), over: "b".into() };
    let whole = Kind::Provider("acme".into());
    assert_eq!(
        kinds("format.md"),
        [
            whole.clone(),
            Kind::Part { over: "acme".into() },
            wrong.clone(),
            Kind::Part { over: "b".into() },
            Kind::Deployment
        ]
    );
    assert_eq!(kinds("a.md"), [whole, Kind::Excerpt, wrong, Kind::Excerpt, Kind::Deployment]);
    assert_eq!(blocks_of("a.md", page)[1].line, 6);
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let mut wrong = vec![];
    for (name, text) in &pages {
        let prose: String = text.split("```").step_by(2).collect();
        let anchors: Vec<String> = prose.lines().filter(|line| line.starts_with('#')).map(anchor).collect();
        for target in prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let known =
                target.strip_prefix('#').is_some_and(|target| anchors.iter().any(|anchor| anchor == target));
            if !known && !target.starts_with("https://") {
                wrong.push(format!("{name}: {target}"));
            }
        }
        for (label, target) in prose.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: ")) {
            if !folder().join(target).is_file() || prose.matches(&format!("[{label}]")).count() < 2 {
                wrong.push(format!("{name}: [{label}]: {target}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The name that GitHub and rustdoc give to a heading.
fn anchor(heading: &str) -> String {
    let title = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
