//! Cookies as a hostile browser sends them, and as Auth.js writes them.

use proptest::prelude::*;

use super::*;

const NAME: &str = "__Secure-authjs.session-token";

fn headers(cookie: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, HeaderValue::from_bytes(cookie).unwrap());
    headers
}

fn get(cookie: &str, name: &str) -> Option<String> {
    CookieJar::read(&headers(cookie.as_bytes())).get(name).map(Cow::into_owned)
}

fn candidates(cookie: &str) -> Vec<String> {
    CookieJar::read(&headers(cookie.as_bytes())).candidates("s").into_iter().map(Cow::into_owned).collect()
}

#[test]
fn reads_values() {
    let cookie = "a=1; b=x%3Dy;c=%zz; d=; e; f=%ff; g=x=y; h=\"q\"";
    for (name, value) in
        [("a", "1"), ("b", "x=y"), ("c", "%zz"), ("d", ""), ("f", "%ff"), ("g", "x=y"), ("h", "\"q\"")]
    {
        assert_eq!(get(cookie, name).as_deref(), Some(value), "{name}");
    }
    for name in ["e", "i", "", "A", "a "] {
        assert_eq!(get(cookie, name), None, "{name}");
    }
}

#[test]
fn reads_every_header_of_a_request() {
    let mut headers = headers(b"a=1");
    headers.append(COOKIE, HeaderValue::from_static("b=2"));
    headers.append(COOKIE, HeaderValue::from_static("a=3"));
    let jar = CookieJar::read(&headers);
    assert_eq!(jar.get("b").as_deref(), Some("2"));
    assert_eq!(jar.get("a"), None);
}

#[test]
fn one_odd_cookie_spoils_no_other() {
    for odd in
        ["bad=\u{ff}é", "\u{2003}", "=", ";;;", "x", "\"", "a=\"b", "$Version=1", "=s=evil", "é=s=evil"]
    {
        assert_eq!(get(&format!("{odd}; s=good; {odd}"), "s").as_deref(), Some("good"), "{odd}");
    }
    let headers = headers(b"bad=\xff\xfe\x80; s=good; \xc3=\xc3");
    assert_eq!(CookieJar::read(&headers).get("s").as_deref(), Some("good"));
}

#[test]
fn a_name_is_its_bytes() {
    for stray in [
        "\u{2000}__Host-s",
        "\u{85}__Host-s",
        "\u{a0}__Host-s",
        "\u{3000}__Host-s",
        "__Host-s\u{a0}",
        "__host-s",
        "__HOST-s",
        "=__Host-s",
        "__Host-s ",
        "__Host-s%20",
        "%5F_Host-s",
        "\"__Host-s\"",
        "x__Host-s",
        "__Host-s.",
    ] {
        assert_eq!(get(&format!("{stray}=evil"), "__Host-s"), None, "{stray}");
        assert_eq!(
            get(&format!("{stray}=evil; __Host-s=good"), "__Host-s").as_deref(),
            Some("good"),
            "{stray}"
        );
    }
}

#[test]
fn two_of_a_name_are_none() {
    for cookie in ["s=evil; s=good", "s=good; s=good", "s=good; a=1; s=", "s=good;s="] {
        assert_eq!(get(cookie, "s"), None, "{cookie}");
        assert_eq!(candidates(cookie), Vec::<String>::new(), "{cookie}");
    }
    // A pair without `=` has no name.
    assert_eq!(get("s=good; s", "s").as_deref(), Some("good"));
}

#[test]
fn quotes_do_not_hide_a_semicolon() {
    assert_eq!(get("$Version=1; a=\"x; s=evil; y\"; s=good", "s"), None);
    assert_eq!(get("a=\"x; s=one; y\"", "s").as_deref(), Some("one"));
}

#[test]
fn joins_chunks_that_follow_each_other() {
    assert_eq!(candidates("s.1=b; s.0=a; s.2=c"), ["abc"]);
    assert_eq!(candidates("s.0=a; s.1=b; s.2=c; s.3=d; s.4=e"), ["abcde"]);
    assert_eq!(candidates("s=x; s.0=a"), ["x", "a"]);
}

#[test]
fn no_other_name_is_a_chunk() {
    for stray in [
        "s.00",
        "s.01",
        "s.-1",
        "s.+1",
        "s.99",
        "s.1e1",
        "s.0x1",
        "s. 1",
        "s.1 ",
        "s.",
        "s..1",
        "s.1.",
        "s.١",
        "s.99999999999999999999",
        "sx",
        "s-0",
        "s0",
        "S.1",
        "s.0.1",
        "s.NaN",
    ] {
        assert_eq!(candidates(&format!("{stray}=z; s.0=a")), ["a"], "{stray}");
        assert_eq!(candidates(&format!("{stray}=z; s=x")), ["x"], "{stray}");
        assert_eq!(candidates(&format!("{stray}=z")), Vec::<String>::new(), "{stray}");
    }
}

#[test]
fn a_gap_ends_the_chunks() {
    assert_eq!(candidates("s.1=b; s.2=c"), Vec::<String>::new());
    assert_eq!(candidates("s.0=a; s.2=c"), ["a"]);
    assert_eq!(candidates("s.0=a; s.1=b; s.1=x; s.2=c"), ["a"]);
    assert_eq!(candidates("s.0=a; s.0=x; s.1=b"), Vec::<String>::new());
    assert_eq!(candidates("s.0=a; s.1=b; s.2=c; s.3=d; s.4=e; s.5=f"), ["abcde"]);
}

#[test]
fn names_what_has_to_be_cleared() {
    let cookie =
        "s=1; s.0=2; s.0=2; s.7=3; s.01=4; s.a-b_c=5; sx=6; s-x=7; t=8; s.a b=9; s.é=10; s.\"=11; s.a,b=12";
    let headers = headers(cookie.as_bytes());
    assert_eq!(CookieJar::read(&headers).names_of("s"), ["s", "s.0", "s.7", "s.01", "s.a-b_c"]);
    let many: String = (0..500).map(|number| format!("s.{number}=;")).collect();
    assert_eq!(CookieJar::read(&self::headers(many.as_bytes())).names_of("s").len(), 50);
}

#[test]
fn finds_names_by_their_beginning() {
    let headers = headers("t.0a=1; t.=2; t.b c=3; t.é=4; t.c\"=5; t.d=\u{ff}; xt.e=6; T.f=7".as_bytes());
    let jar = CookieJar::read(&headers);
    assert_eq!(jar.starting_with("t.").collect::<Vec<_>>(), [("t.0a", "1"), ("t.", "2"), ("t.d", "\u{ff}")]);
}

#[test]
fn writes_in_the_order_of_auth_js() {
    let cookie =
        SetCookie { max_age: Some(900), expires: Some(1_767_226_500), ..SetCookie::new("n", "a|b c", true) };
    assert_eq!(
        cookie.header(),
        "n=a%7Cb%20c; Max-Age=900; Path=/; Expires=Thu, 01 Jan 2026 00:15:00 GMT; HttpOnly; Secure; SameSite=Lax"
    );
    assert_eq!(SetCookie::cleared("n", false).header(), "n=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax");
    let posted = SetCookie { cross_site: true, ..SetCookie::new("n", "v", true) };
    assert_eq!(posted.header(), "n=v; Path=/; HttpOnly; Secure; SameSite=None");
    let plain = SetCookie { cross_site: true, ..SetCookie::new("n", "v", false) };
    assert_eq!(
        plain.header(),
        "n=v; Path=/; HttpOnly; Secure; SameSite=None",
        "else no browser would send it with the form"
    );
}

#[test]
fn a_value_adds_no_attribute_and_no_header() {
    let value = "a; Domain=evil.example\r\nSet-Cookie: b=c\0\u{2028}é\",\\";
    assert_eq!(
        SetCookie::new("n", value, false).header(),
        "n=a%3B%20Domain%3Devil.example%0D%0ASet-Cookie%3A%20b%3Dc%00%E2%80%A8%C3%A9%22%2C%5C; Path=/; HttpOnly; SameSite=Lax"
    );
    // What encodeURIComponent leaves alone.
    assert!(
        SetCookie::new("n", "AZaz09-_.!~*'()", false)
            .header()
            .to_str()
            .unwrap()
            .starts_with("n=AZaz09-_.!~*'();")
    );
}

proptest! {
    #[test]
    fn reading_never_fails(cookie in proptest::collection::vec(prop_oneof![
        Just(b';'), Just(b'='), Just(b' '), Just(b'%'), Just(b's'), Just(b'.'), Just(b'0'), Just(b'1'), 0x20_u8..0x7f, 0x80_u8..=0xff,
    ], 0..200)) {
        let headers = headers(&cookie);
        let jar = CookieJar::read(&headers);
        prop_assert!(jar.candidates("s").len() <= 2);
        for name in jar.names_of("s").into_iter().chain(jar.starting_with("s").map(|(name, _)| name)) {
            SetCookie::cleared(name, true).header();
        }
    }

    #[test]
    fn a_good_cookie_survives_its_neighbours(before in "[ -:<-~é\u{a0}]{0,40}", after in "[ -:<-~é\u{a0}]{0,40}") {
        prop_assume!(![&before, &after].iter().any(|odd| odd.trim_start().starts_with(NAME)));
        prop_assert_eq!(get(&format!("{before}; {NAME}=good; {after}"), NAME), Some("good".to_owned()));
    }

    #[test]
    fn what_is_written_is_read(value in "\\PC{0,60}") {
        let header = SetCookie::new(NAME, &value, true).header();
        let pair = header.to_str().unwrap().split(';').next().unwrap().to_owned();
        prop_assert_eq!(get(&pair, NAME), Some(value));
    }
}
