//! A provider's button: its colours as a style of its own, readable whatever the provider file says.

use std::fmt::Write;

use minijinja::{Value, context};

use crate::config::ConfiguredProvider;

/// The contrast that text needs (WCAG 2.2, 1.4.3).
const READABLE: f64 = 4.5;

/// What the sign-in page shows of a provider.
pub fn shown(provider: &ConfiguredProvider) -> Value {
    let registration = &provider.registration;
    let file = &registration.provider;
    // The policy loads pictures from the page itself only.
    let inline = |logo: &Option<String>| logo.clone().filter(|logo| logo.starts_with("data:image/"));
    context! {
        id => registration.id.as_str(),
        name => file.name.as_str(),
        initial => file.name.chars().find(|c| c.is_alphanumeric()).map(|c| c.to_uppercase().to_string()),
        logo => inline(&file.brand.logo),
        logo_dark => inline(&file.brand.logo_dark),
    }
}

/// The style of a provider's button; nothing where it has no colour.
pub fn css(provider: &ConfiguredProvider) -> String {
    let brand = &provider.registration.provider.brand;
    let mut css = String::new();
    if let Some((color, background)) = brand.color.as_deref().and_then(|color| Some((color, rgb(color)?))) {
        let own = brand
            .on_color
            .as_deref()
            .filter(|own| rgb(own).is_some_and(|own| contrast(own, background) >= READABLE));
        let (black, white) = (contrast([0; 3], background), contrast([255; 3], background));
        let text = own.unwrap_or(if white >= READABLE || white > black { "#ffffff" } else { "#000000" });
        let id = &provider.registration.id;
        // Both are checked: an id is letters, digits and hyphens, a colour is six digits.
        let _ =
            writeln!(css, "button.p-{id} {{ background: {color}; color: {text}; border-color: {color}; }}");
        if contrast(background, [0x19, 0x1c, 0x23]) < 1.6 {
            let _ = writeln!(
                css,
                "@media (prefers-color-scheme: dark) {{ button.p-{id} {{ border-color: #737c8c; }} }}"
            );
        }
        if contrast(background, [255; 3]) < 1.6 {
            let _ = writeln!(
                css,
                "@media (prefers-color-scheme: light) {{ button.p-{id} {{ border-color: #868e9c; }} }}"
            );
        }
    }
    css
}

fn rgb(color: &str) -> Option<[u8; 3]> {
    let digits = color.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

/// The contrast ratio of two colours (WCAG 2.2).
fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let luminance = |color: [u8; 3]| {
        let [r, g, b] = color.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    if a > b { a / b } else { b / a }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_contrast() {
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 0.01);
        assert!(contrast(rgb("#6363f1").unwrap(), [255; 3]) >= READABLE);
        assert!((contrast([9; 3], [9; 3]) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_colour_is_six_digits() {
        assert_eq!(rgb("#0a10ff"), Some([10, 16, 255]));
        for text in ["#fff", "0a10ff", "#0a10f", "#gggggg", "#éé", "red;}"] {
            assert_eq!(rgb(text), None, "{text}");
        }
    }
}
