//! A button whose text can be read.

use crate::diagnostic::code;
use crate::provider::Provider;
use crate::provider::compile::Compiler;
use crate::provider::finding::Finding;
use crate::spec::ProviderSpec;

/// Below this the two colours run into each other; what the standard wants is more than some brands have.
const NEEDED: f64 = 2.0;

pub fn check(spec: &ProviderSpec, _: &Provider, compiler: &mut Compiler) {
    let (Some(color), Some(on_color)) = (&spec.brand.color, &spec.brand.on_color) else { return };
    let Some(contrast) = contrast(color, on_color).filter(|contrast| *contrast < NEEDED) else { return };
    compiler.report(
        Finding::warning(code::LOW_CONTRAST, "/brand/on_color", "the button's text can hardly be read")
            .label(format!("a contrast of {contrast:.1}:1 to the background"))
            .other("/brand/color", "the background")
            .note("WCAG 2.2, success criterion 1.4.3: 4.5:1 for text, 3:1 for large text")
            .help("leave `on_color` out: black or white is taken, whichever can be read"),
    );
}

/// The contrast of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio").
fn contrast(a: &str, b: &str) -> Option<f64> {
    let (a, b) = (luminance(a)?, luminance(b)?);
    Some((a.max(b) + 0.05) / (a.min(b) + 0.05))
}

fn luminance(color: &str) -> Option<f64> {
    let rgb = u32::from_str_radix(color.strip_prefix('#').filter(|hex| hex.len() == 6)?, 16).ok()?;
    let channel = |shift: u32| {
        let value = f64::from((rgb >> shift) & 0xff) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    Some(0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_on_white_is_the_most_there_is() {
        assert_eq!(contrast("#000000", "#ffffff").map(f64::round), Some(21.0));
        assert_eq!(contrast("#123456", "#123456"), Some(1.0));
        assert_eq!(contrast("red", "#ffffff"), None);
    }
}
