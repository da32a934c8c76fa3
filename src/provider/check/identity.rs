//! What a file says about itself: its other ids, its pictures, the pages it comes from.

use crate::diagnostic::code;
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::spec::ProviderSpec;

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    for (index, alias) in spec.aliases.iter().enumerate().filter(|(_, alias)| !is_id(alias)) {
        let finding =
            Finding::error(code::INVALID_VALUE, format!("/aliases/{index}"), format!("`{alias}` is no id"))
                .label("small letters, digits and hyphens: it stands in the callback URL");
        let plain = alias.to_ascii_lowercase().replace(['_', ' ', '.'], "-");
        compiler.report(match is_id(&plain) {
            true => finding.replace("in small letters, with hyphens", plain),
            false => finding,
        });
    }
    for (name, logo) in [("logo", &spec.brand.logo), ("logo_dark", &spec.brand.logo_dark)] {
        if let Some(logo) = logo.as_deref().filter(|logo| !logo.starts_with("data:image/")) {
            page(format!("/brand/{name}"), logo, "the sign-in page would load it in clear text", compiler);
        }
    }
    for (index, source) in spec.sources.iter().enumerate() {
        page(format!("/sources/{index}"), source, "a page that others can change on its way", compiler);
    }
}

/// An address that people and browsers open: https, and nothing else.
fn page(at: String, address: &str, why: &str, compiler: &mut Compiler) {
    if let Some(rest) = address.strip_prefix("http://") {
        compiler.report(
            Finding::error(code::INSECURE_URL, at, "the address is not https")
                .label(why)
                .replace("use https", format!("https://{rest}"))
                .certain(),
        );
    } else if !address.starts_with("https://") {
        compiler.report(
            Finding::error(code::INVALID_URL, at, "this is no address").label("it begins with https://"),
        );
    }
}

/// Small letters, digits and inner hyphens, as the schema has it for `id`.
fn is_id(id: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    id.len() <= 64 && id.split('-').all(word)
}

#[cfg(test)]
mod tests {
    use crate::provider::check::found::titles;

    #[test]
    fn ids_and_addresses_have_their_form() {
        for (wrong, title) in [
            ("aliases: [Acme_Old]", "`Acme_Old` is no id"),
            ("brand: {logo: 'http://acme.example/l.svg'}", "the address is not https"),
            ("brand: {logo_dark: l.svg}", "this is no address"),
            ("sources: [the handbook]", "this is no address"),
        ] {
            assert_eq!(titles(wrong), [title], "{wrong}");
        }
        for right in [
            "aliases: [acme-old]",
            "brand: {logo: 'https://acme.example/l.svg', logo_dark: 'data:image/svg+xml;base64,PHN2Zy8+'}",
            "sources: ['https://acme.example/docs']",
        ] {
            assert_eq!(titles(right), Vec::<String>::new(), "{right}");
        }
    }
}
