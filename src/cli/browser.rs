//! The browser of the person at the terminal.

use url::Url;

use crate::cli::output;

/// Opens it; the address is printed in any case, since it may be another one that is wanted, or none here.
pub fn open(url: &Url, no_browser: bool) {
    let opened = !no_browser && open::that_detached(url.as_str()).is_ok();
    let what = if opened { "the browser is at" } else { "open in a browser" };
    output::diagnostic(&format!("{what}\n\n  {url}\n\n"));
}
