//! Points in time as text: the date of a cookie, and that of JSON.

/// Seconds since 1970 as RFC 9110 §5.6.7 writes them: `Thu, 01 Jan 2026 00:00:00 GMT`.
pub fn http_date(seconds: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let date = Date::of(seconds);
    let weekday = DAYS[(seconds / 86_400 % 7) as usize];
    let month = MONTHS[(date.month - 1) as usize];
    let Date { year, day, hour, minute, second, .. } = date;
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Seconds since 1970 as JavaScript writes them: `2026-01-01T00:00:00.000Z`.
pub fn iso_date(seconds: u64) -> String {
    let Date { year, month, day, hour, minute, second } = Date::of(seconds);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z")
}

struct Date {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

impl Date {
    /// The proleptic Gregorian date, counted from March so that the leap day comes last.
    fn of(seconds: u64) -> Date {
        let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        Date {
            year: year_of_era + era * 400 + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * march_month + 2) / 5 + 1,
            hour: rest / 3_600,
            minute: rest / 60 % 60,
            second: rest % 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_dates() {
        assert_eq!(http_date(1_767_225_600), "Thu, 01 Jan 2026 00:00:00 GMT");
        assert_eq!(http_date(1_769_817_600), "Sat, 31 Jan 2026 00:00:00 GMT");
        assert_eq!(iso_date(951_826_554), "2000-02-29T12:15:54.000Z");
        assert_eq!(iso_date(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso_date(4_107_542_399), "2100-02-28T23:59:59.000Z");
        assert_eq!(iso_date(4_107_542_400), "2100-03-01T00:00:00.000Z");
    }
}
