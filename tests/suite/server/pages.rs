//! The built-in pages: no script, labels, readable colours, nothing of a visitor as markup.

use crate::server::browser::{DEPLOYMENT, Site};

#[tokio::test]
async fn pages_need_no_script_and_no_inline_style() {
    for path in
        ["/auth/signin?error=x", "/auth/signout", "/auth/error?error=AccessDenied", "/auth/verify-request"]
    {
        let page = Site::new(DEPLOYMENT).browser().get(path).await.body;
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<html lang=\"en\">"), "{path}");
        assert!(!page.contains("<script") && !page.contains("style=") && !page.contains("onclick"), "{path}");
        assert!(
            page.contains("<link rel=\"stylesheet\" href=\"https://app.example.com/auth/style.css\">"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_style_sheet_has_the_providers_colours() {
    let reply = Site::new(DEPLOYMENT).browser().get("/auth/style.css").await;
    assert!(reply.header("content-type").starts_with("text/css"));
    assert!(reply.body.contains("prefers-color-scheme: dark") && reply.body.contains("button.p-github {"));
}

#[tokio::test]
async fn nothing_of_a_visitor_becomes_markup() {
    let evil = "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    for path in
        [format!("/auth/signin?error={evil}&callbackUrl=/{evil}"), format!("/auth/error?error={evil}")]
    {
        let reply = Site::new(DEPLOYMENT).browser().get(&path).await;
        assert!(!reply.body.contains("<script") && !reply.body.contains("alert(1)<"), "{}", reply.body);
    }
}
