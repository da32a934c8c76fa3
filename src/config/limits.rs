//! How often one client may ask: `30/min`. Who the client is has to be known, so whoever stands in front has to be declared.

use crate::config::base_url::BaseUrl;
use crate::config::findings::Findings;
use crate::diagnostic::code;
use crate::provider::finding::Finding;
use crate::spec::DeploymentSpec;

/// More than this at once is no limit.
const MAX_COUNT: u32 = 1_000_000;

/// How often one client may ask; `None` is as often as it likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// For a sign-in to begin.
    pub sign_in: Option<Rate>,
    /// For a sign-in to end.
    pub callback: Option<Rate>,
    /// For the session.
    pub session: Option<Rate>,
}

/// So many in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many; at least one.
    pub count: u32,
    /// In so many seconds.
    pub seconds: u32,
}

impl Rate {
    /// Reads `30/min`: a number for each `s`, `min` or `h`.
    pub fn parse(text: &str) -> Option<Rate> {
        let (count, unit) = text.split_once('/')?;
        let seconds = match unit {
            "s" => 1,
            "min" => 60,
            "h" => 3_600,
            _ => return None,
        };
        let is_number = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
        let count = is_number.then(|| count.parse().ok())??;
        (1..=MAX_COUNT).contains(&count).then_some(Rate { count, seconds })
    }
}

pub(super) fn compile(spec: &DeploymentSpec, base_urls: &[BaseUrl], findings: &mut Findings<'_>) -> Limits {
    let mut rate = |name: &str, text: &Option<String>| {
        let text = text.as_deref()?;
        let rate = Rate::parse(text);
        if rate.is_none() {
            let finding = Finding::error(code::INVALID_VALUE, format!("/limits/{name}"), "this is no limit");
            findings
                .add(finding.label("a number for each `s`, `min` or `h`, such as 30/min; a million at most"));
        }
        rate
    };
    let limits = Limits {
        sign_in: rate("sign_in", &spec.limits.sign_in),
        callback: rate("callback", &spec.limits.callback),
        session: rate("session", &spec.limits.session),
    };
    let is_public = base_urls.iter().any(|base| !base.is_loopback());
    if limits != Limits::default() && is_public && spec.trusted_proxies.is_none() {
        findings.add(
            Finding::error(code::MISSING_FIELD, "/limits", "limits for each client need `trusted_proxies`")
                .on_key()
                .label("behind a proxy that is not declared all visitors are one client")
                .help(
                    "write `trusted_proxies: [10.0.0.0/8]` with the addresses of your proxy, or `trusted_proxies: []` where there \
                     is none",
                ),
        );
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rates() {
        assert_eq!(Rate::parse("30/min"), Some(Rate { count: 30, seconds: 60 }));
        assert_eq!(Rate::parse("1/s"), Some(Rate { count: 1, seconds: 1 }));
        assert_eq!(Rate::parse("1000000/h"), Some(Rate { count: 1_000_000, seconds: 3_600 }));
    }

    #[test]
    fn refuses_what_is_no_rate() {
        for text in
            ["", "30", "30/", "/min", "0/min", "-1/s", "+1/s", "30/day", "30 / min", "1.5/s", "1000001/h"]
        {
            assert_eq!(Rate::parse(text), None, "{text}");
        }
    }
}
