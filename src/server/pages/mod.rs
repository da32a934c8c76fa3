//! The built-in pages: sign-in, sign-out, messages. No script; the style is a file, since the policy allows no inline one.
//!
//! In: what a page shows. Out: HTML; every value is escaped by the template engine.

mod brand;

use std::fmt::Write;

use bytes::Bytes;
use minijinja::{Environment, Value, context};

use crate::config::{BaseUrl, ConfiguredProvider};

/// The templates, compiled once.
pub struct Pages {
    templates: Environment<'static>,
    /// The style sheet, with the colours of the providers.
    pub css: Bytes,
    /// What the sign-in page shows of the providers.
    providers: Value,
    email_box: bool,
}

/// What a visitor's sign-in page holds.
pub struct SignInPage<'a> {
    /// The address of the server.
    pub base: &'a BaseUrl,
    /// Goes back with the form.
    pub csrf_token: &'a str,
    /// Where the sign-in shall end.
    pub callback_url: &'a str,
    /// The code of Auth.js that the address has.
    pub error: Option<&'a str>,
}

impl Pages {
    /// Compiles the pages of a deployment. `email_box`: people may begin with their e-mail address.
    pub fn new<'a>(
        providers: impl Iterator<Item = &'a ConfiguredProvider> + Clone,
        email_box: bool,
    ) -> Pages {
        let mut templates = Environment::new();
        templates.set_formatter(escaped);
        for (name, source) in [
            ("layout", include_str!("layout.html")),
            ("message", include_str!("message.html")),
            ("sign_in", include_str!("sign_in.html")),
            ("sign_out", include_str!("sign_out.html")),
        ] {
            templates
                .add_template(name, source)
                .expect("the built-in templates compile: a test renders each");
        }
        let mut css = include_str!("style.css").to_owned();
        providers.clone().for_each(|provider| css.push_str(&brand::css(provider)));
        let shown: Vec<Value> = providers.map(brand::shown).collect();
        Pages { templates, css: css.into(), providers: Value::from(shown), email_box }
    }

    /// The page to choose a provider on.
    pub fn sign_in(&self, page: &SignInPage<'_>) -> String {
        let content = context! {
            base => page.base.href(),
            host => page.base.authority.as_str(),
            csrf_token => page.csrf_token,
            callback_url => page.callback_url,
            error => page.error.map(sign_in_error),
            email_box => self.email_box,
            providers => self.providers.clone(),
        };
        self.page("Sign In", "sign_in", page.base, content)
    }

    /// The page to confirm a sign-out on.
    pub fn sign_out(&self, base: &BaseUrl, csrf_token: &str) -> String {
        let content = context! {
            base => base.href(),
            origin => base.origin.as_str(),
            host => base.authority.as_str(),
            csrf_token,
        };
        self.page("Sign Out", "sign_out", base, content)
    }

    /// The error page of a code.
    pub fn error(&self, base: &BaseUrl, code: Option<&str>) -> (u16, String) {
        let (status, heading, lines, sign_in): (_, _, &[&str], _) = match code {
            Some("Configuration") => (
                500,
                "Server error",
                &[
                    "There is a problem with the server configuration.",
                    "Check the server logs for more information.",
                ],
                true,
            ),
            Some("AccessDenied") => (403, "Access Denied", &["You do not have permission to sign in."], true),
            Some("Verification") => (
                403,
                "Unable to sign in",
                &[
                    "The sign in link is no longer valid.",
                    "It may have been used already or it may have expired.",
                ],
                true,
            ),
            _ => (200, "Error", &[], false),
        };
        (status, self.message("Error", heading, lines, base, sign_in))
    }

    /// What a visitor is told who may come again in a while.
    pub fn turned_away(&self, base: &BaseUrl, heading: &str, why: &str) -> String {
        self.message("Error", heading, &[why, "Wait a little, then try again."], base, true)
    }

    /// The page that Auth.js shows after it has sent a mail.
    pub fn verify_request(&self, base: &BaseUrl) -> String {
        let lines = ["A sign in link has been sent to your email address."];
        self.message("Verify Request", "Check your email", &lines, base, false)
    }

    fn message(&self, title: &str, heading: &str, lines: &[&str], base: &BaseUrl, sign_in: bool) -> String {
        let content = context! {
            base => base.href(),
            origin => base.origin.as_str(),
            host => base.authority.as_str(),
            heading,
            lines => lines.iter().copied().map(Value::from).collect::<Vec<Value>>(),
            sign_in,
        };
        self.page(title, "message", base, content)
    }

    fn page(&self, title: &str, template: &str, base: &BaseUrl, content: Value) -> String {
        let render = |name: &str, context: Value| {
            let template = self.templates.get_template(name);
            template.and_then(|template| template.render(context)).unwrap_or_else(|error| {
                tracing::error!(%error, page = name, "a page could not be rendered");
                String::new()
            })
        };
        let content = render(template, content);
        render("layout", context! { title, base => base.href(), content })
    }
}

/// Writes a value so that it is text in an element and in a quoted attribute. Slashes stay: addresses read as they are.
fn escaped(
    out: &mut minijinja::Output<'_>,
    _: &mut minijinja::State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    if value.is_undefined() || value.is_none() {
        return Ok(());
    }
    let text = value.to_string();
    if value.is_safe() {
        return Ok(out.write_str(&text)?);
    }
    for c in text.chars() {
        match c {
            '&' => out.write_str("&amp;")?,
            '<' => out.write_str("&lt;")?,
            '>' => out.write_str("&gt;")?,
            '"' => out.write_str("&quot;")?,
            '\'' => out.write_str("&#39;")?,
            c => out.write_char(c)?,
        }
    }
    Ok(())
}

/// What the sign-in page says to a code of Auth.js. No code of the address is ever shown.
fn sign_in_error(code: &str) -> &'static str {
    match code {
        "Signin" | "OAuthSignin" | "OAuthCallbackError" | "OAuthCreateAccount" | "EmailCreateAccount"
        | "Callback" => "Try signing in with a different account.",
        "OAuthAccountNotLinked" => {
            "To confirm your identity, sign in with the same account you used originally."
        }
        "EmailSignin" => "The e-mail could not be sent.",
        "CredentialsSignin" => "Sign in failed. Check the details you provided are correct.",
        "SessionRequired" => "Please sign in to access this page.",
        _ => "Unable to sign in.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages() -> Pages {
        Pages::new(std::iter::empty(), true)
    }

    fn base() -> BaseUrl {
        BaseUrl::parse("https://app.example.com/auth").unwrap()
    }

    #[test]
    fn every_page_renders() {
        let (base, pages) = (base(), pages());
        let page = SignInPage {
            base: &base,
            csrf_token: "t",
            callback_url: "https://app.example.com",
            error: Some("SessionRequired"),
        };
        let html = pages.sign_in(&page);
        assert!(
            html.contains("<title>Sign In</title>") && html.contains("Please sign in to access this page.")
        );
        assert!(html.contains("<form action=\"https://app.example.com/auth/signin\" method=\"POST\""));
        assert!(pages.sign_out(&base, "t").contains("<title>Sign Out</title>"));
        assert_eq!(pages.error(&base, Some("Configuration")).0, 500);
        assert_eq!(pages.error(&base, Some("AccessDenied")).0, 403);
        assert_eq!(pages.error(&base, Some("Verification")).0, 403);
        assert_eq!(pages.error(&base, None).0, 200);
        assert!(pages.turned_away(&base, "Busy", "b").contains("<h1>Busy</h1>"));
        assert!(pages.verify_request(&base).contains("Check your email"));
    }

    #[test]
    fn nothing_of_a_visitor_becomes_markup() {
        let base = base();
        let evil = "\"><script>alert(1)</script>";
        let page = SignInPage { base: &base, csrf_token: evil, callback_url: evil, error: Some(evil) };
        let html = pages().sign_in(&page);
        assert!(!html.contains("<script"));
        assert!(html.contains("Unable to sign in."));
        assert!(!pages().error(&base, Some(evil)).1.contains("script"));
    }
}
