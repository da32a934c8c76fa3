//! What a person needs who types a code in elsewhere: the address, the code, and both as a QR code.

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

use crate::cli::output::{BOLD, PLAIN};
use crate::client::DeviceAuthorization;

/// The text for a terminal. The QR code is there where the provider has an address that holds the code (RFC 8628 §3.3.1).
pub fn shown(authorization: &DeviceAuthorization, color: bool) -> String {
    let (bold, plain) = if color { (BOLD, PLAIN) } else { ("", "") };
    let whole = authorization.verification_uri_complete.as_ref();
    let qr = whole.and_then(|url| QrCode::new(url.as_str()).ok()).map(|code| {
        // Dark on light, as cameras want it, on a terminal that is light on dark.
        let mut picture = code.render::<Dense1x2>();
        let picture = picture.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
        picture.lines().map(|line| format!("  {line}\n")).collect::<String>()
    });
    format!(
        "on any device, open {bold}{}{plain}\nand type in        {bold}{}{plain}\n\n{}",
        authorization.verification_uri,
        authorization.user_code,
        qr.map(|qr| format!("{qr}\n")).unwrap_or_default(),
    )
}
