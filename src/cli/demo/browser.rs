//! As much of a browser as a sign-in needs: one request at a time, cookies kept, no redirect followed unasked.

use std::io;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, LOCATION, SET_COOKIE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::{Url, form_urlencoded};

/// A browser of this machine's own servers.
#[derive(Default)]
pub struct Browser {
    cookies: Vec<(String, String)>,
}

impl Browser {
    /// Opens an address.
    ///
    /// # Errors
    /// Nobody answers, or not in HTTP.
    pub async fn get(&mut self, url: &Url) -> io::Result<Response<Bytes>> {
        self.send("GET", url, None).await
    }

    /// Sends a form.
    ///
    /// # Errors
    /// Nobody answers, or not in HTTP.
    pub async fn post(&mut self, url: &Url, form: &[(&str, &str)]) -> io::Result<Response<Bytes>> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.send("POST", url, Some(body)).await
    }

    /// Sends an encoded form.
    ///
    /// # Errors
    /// Nobody answers, or not in HTTP.
    pub async fn post_encoded(&mut self, url: &Url, body: String) -> io::Result<Response<Bytes>> {
        self.send("POST", url, Some(body)).await
    }

    async fn send(&mut self, method: &str, url: &Url, body: Option<String>) -> io::Result<Response<Bytes>> {
        let port = url.port_or_known_default().unwrap_or(80);
        let host = url.host_str().unwrap_or("localhost");
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let mut request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\nAccept: */*\r\n"
        );
        if !self.cookies.is_empty() {
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request += &format!("Cookie: {}\r\n", cookies.join("; "));
        }
        if let Some(body) = &body {
            let length = body.len();
            request +=
                &format!("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n");
        }
        request += "\r\n";
        request += body.as_deref().unwrap_or_default();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = vec![];
        stream.read_to_end(&mut answer).await?;
        let response = parse(&answer)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP"))?;
        for cookie in response.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            self.keep(cookie);
        }
        Ok(response)
    }

    fn keep(&mut self, cookie: &str) {
        let mut parts = cookie.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        self.cookies.retain(|(existing, _)| existing != name);
        let ends = parts.any(|part| part.eq_ignore_ascii_case("max-age=0") || part.contains("1970"));
        if !ends && !value.is_empty() {
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// Where a response sends the browser.
pub fn location(base: &Url, response: &Response<Bytes>) -> Option<Url> {
    base.join(response.headers().get(LOCATION)?.to_str().ok()?).ok()
}

fn parse(answer: &[u8]) -> Option<Response<Bytes>> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status: u16 = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        headers.append(name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value.trim()).ok()?);
    }
    let mut body = answer[end + 4..].to_vec();
    if headers.get(TRANSFER_ENCODING).is_some_and(|value| value == "chunked") {
        body = unchunk(&body)?;
    } else if let Some(length) =
        headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok())
    {
        body.truncate(length);
    }
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status.try_into().ok()?;
    *response.headers_mut() = headers;
    Some(response)
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = vec![];
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(end + 2..end + 2 + size)?);
        rest = rest.get(end + 4 + size..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_body_in_chunks() {
        let response =
            parse(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
                .unwrap();
        assert_eq!(response.body(), "abcde");
        assert!(parse(b"hello").is_none());
    }

    #[test]
    fn keeps_and_drops_cookies() {
        let mut browser = Browser::default();
        browser.keep("a=1; Path=/; HttpOnly");
        browser.keep("b=2");
        browser.keep("a=; Max-Age=0");
        assert_eq!(browser.cookies, [("b".to_owned(), "2".to_owned())]);
    }
}
