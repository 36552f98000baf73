//! Dates as mail programs write them for people, in many languages.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use regex::Regex;

use crate::mail::body::fold::folded;
use crate::mail::body::languages::MONTHS;
use crate::mail::message::clip;

/// Bytes of a date that are looked at.
const BYTES: usize = 300;

static YEAR_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b((?:19|20)\d\d)\s?[-/.年년]\s?(\d{1,2})\s?[-/.月월]\s?(\d{1,2})t?").expect("a constant")
});
static YEAR_LAST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(\d{1,2})\s?([./-])\s?(\d{1,2})\s?[./-]\s?((?:19|20)?\d\d)\b").expect("a constant")
});
/// `3 thg 3, 2025`.
static NUMBERED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(\d{1,2}) (?:thg|tháng) (\d{1,2}),? ((?:19|20)\d\d)\b").expect("a constant"));
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^\d])(\d{1,2})\s?[:.h時时点시]\s?(\d{2})(?:(?:[:.]|\s?[분分]\s?)(\d{2}))?").expect("a constant")
});
static YEAR: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(?:19|20)\d\d\b").expect("a constant"));
static ZONE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:gmt|utc|\s|\()\s?([+-])(\d{1,2}):?(\d{2})?\b|\b(gmt|utc|z|cest|mesz|cet|mez|est|edt|cst|cdt|mst|mdt|pst|pdt|bst|msk|jst|ist)\b")
        .expect("a constant")
});
const AFTERNOON: &[&str] = &["pm", "p.m", "p. m", "下午", "오후", "午後", "μ.μ", "μμ", "晚上", "chiều", "öö", "ös"];
const MORNING: &[&str] = &["am", "a.m", "a. m", "上午", "오전", "午前", "π.μ", "πμ", "sáng"];

/// The moment that `written` names; `zone` where it names none, else UTC. None where it cannot be told.
pub fn read(written: &str, zone: Option<Offset>) -> Option<Timestamp> {
    let text = folded(clip(written, BYTES));
    let ((year, month, day), rest) = day(&text)?;
    let (hour, minute, second) = time(&rest)?;
    let local = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let zone = offset(&rest).or(zone).unwrap_or(Offset::UTC);
    zone.to_timestamp(local).ok()
}

/// The zone that a date names.
pub fn offset(written: &str) -> Option<Offset> {
    let text = folded(clip(written, BYTES));
    let found = ZONE.captures_iter(&text).last()?;
    if let (Some(sign), Some(hours)) = (found.get(1), found.get(2)) {
        let minutes = found.get(3).map_or(Ok(0), |minutes| minutes.as_str().parse::<i32>()).ok()?;
        let seconds = hours.as_str().parse::<i32>().ok()? * 3600 + minutes * 60;
        return Offset::from_seconds(if sign.as_str() == "-" { -seconds } else { seconds }).ok();
    }
    let hours = match found.get(4)?.as_str() {
        "cest" | "mesz" => 2,
        "cet" | "mez" | "bst" => 1,
        "msk" => 3,
        "jst" => 9,
        "edt" => -4,
        "est" | "cdt" => -5,
        "cst" | "mdt" => -6,
        "mst" | "pdt" => -7,
        "pst" => -8,
        // India and Israel share a name.
        "ist" => return None,
        _ => 0,
    };
    Offset::from_hours(hours).ok()
}

/// Year, month and day, and the text without them.
fn day(text: &str) -> Option<((i16, i8, i8), String)> {
    if let Some(found) = YEAR_FIRST.captures(text) {
        let (whole, [year, month, day]) = found.extract();
        return Some(((year.parse().ok()?, month.parse().ok()?, day.parse().ok()?), text.replacen(whole, " ", 1)));
    }
    if let Some(found) = NUMBERED.captures(text) {
        let (whole, [day, month, year]) = found.extract();
        return Some(((year.parse().ok()?, month.parse().ok()?, day.parse().ok()?), text.replacen(whole, " ", 1)));
    }
    // Where a year is written in full, `10.12.00` is a time.
    let time = |year: &str| year.len() == 2 && YEAR.is_match(text);
    if let Some(found) = YEAR_LAST.captures(text).filter(|found| !time(&found[4])) {
        let (whole, [first, mark, second, year]) = found.extract();
        let (first, second): (i8, i8) = (first.parse().ok()?, second.parse().ok()?);
        let year: i16 = year.parse().ok()?;
        let year = if year < 100 { 2000 + year } else { year };
        // Only where hours have halves, months come first.
        let halves = MORNING.iter().chain(AFTERNOON).any(|half| text.contains(half));
        let month_first = second > 12 || mark == "/" && halves && first <= 12;
        let (day, month) = if month_first { (second, first) } else { (first, second) };
        return Some(((year, month, day), text.replacen(whole, " ", 1)));
    }
    let year = YEAR.find(text)?;
    let without = text.replacen(year.as_str(), " , ", 1);
    let (month, day, number) = named_month(&without)?;
    Some(((year.as_str().parse().ok()?, month, day), without.replacen(&number, " ", 1)))
}

/// A month by its name and the day beside it, which better stands before the name than behind: `mar. 4 mars`.
fn named_month(text: &str) -> Option<(i8, i8, String)> {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || ",()".contains(c)).filter(|w| !w.is_empty()).collect();
    let day = |word: &str| -> Option<i8> {
        let digits = word.trim_end_matches(|c: char| !c.is_ascii_digit());
        let day = digits.parse::<i8>().ok()?;
        ((1..=31).contains(&day) && !word.contains([':', '+'])).then_some(day)
    };
    let joining = |word: &str| matches!(word, "de" | "d'" | "del" | "tháng" | "." | "של");
    let mut behind = None;
    for (at, word) in words.iter().enumerate() {
        let Some(month) = month(word) else { continue };
        let before = words[..at].iter().rev().find(|word| !joining(word));
        if let Some((found, number)) = before.and_then(|word| Some((day(word)?, *word))) {
            return Some((month, found, number.to_owned()));
        }
        if let Some((found, number)) = words.get(at + 1).and_then(|word| Some((day(word)?, *word))) {
            behind = behind.or(Some((month, found, number.to_owned())));
        }
    }
    behind
}

/// The month that a word names; None where languages differ about it.
fn month(word: &str) -> Option<i8> {
    let word = word.trim_start_matches(['ב', '\'', '.']);
    let longest = MONTHS.iter().find(|(name, _)| word.starts_with(name))?.0;
    let mut numbers = MONTHS.iter().filter(|(name, _)| *name == longest).map(|(_, number)| *number);
    let first = numbers.next()?;
    numbers.all(|number| number == first).then_some(first)
}

fn time(text: &str) -> Option<(i8, i8, i8)> {
    let found = TIME.captures(text)?;
    let number = |at: usize| found.get(at).map_or(Some(0), |digits| digits.as_str().parse::<i8>().ok());
    let (hour, minute, second) = (number(1)?, number(2)?, number(3)?);
    let near = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let hour = match hour {
        12 if near(MORNING) => 0,
        0..=11 if near(AFTERNOON) => hour + 12,
        hour => hour,
    };
    Some((hour, minute, second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_many_languages() {
        let dates = [
            "Mon, 3 Mar 2025 10:12:00 +0000",
            "Monday, March 3, 2025 10:12 AM",
            "Monday, March 3rd, 2025 at 10:12 AM",
            "Montag, 3. März 2025 um 10:12 Uhr",
            "03.03.2025 10:12",
            "lundi 3 mars 2025 à 10h12",
            "lun. 3 mars 2025 à 10:12",
            "lunes, 3 de marzo de 2025 10:12",
            "segunda-feira, 3 de março de 2025 10:12",
            "lunedì 3 marzo 2025 10.12",
            "maandag 3 maart 2025 10:12",
            "den 3 mars 2025 10:12",
            "3. mar. 2025 kl. 10.12",
            "maanantai 3. maaliskuuta 2025 10.12",
            "poniedziałek, 3 marca 2025 10:12",
            "понедельник, 3 марта 2025 г. 10:12",
            "2025年3月3日 10:12",
            "2025년 3월 3일 월요일 오전 10:12",
            "2025/3/3 10:12",
            "3/3/25 10:12 (GMT+00:00)",
            "3 Mart 2025 Pazartesi 10:12",
            "Δευτέρα, 3 Μαρτίου 2025 10:12 π.μ.",
            "2025. márc. 3. 10:12",
            "3 thg 3, 2025 10:12",
            "3. marts 2025 kl. 10.12.00",
            "2025-03-03T10:12:00+0000",
            "2025年3月3日(星期一) 上午10:12",
        ];
        let expected: Timestamp = "2025-03-03T10:12:00Z".parse().unwrap();
        for date in dates {
            assert_eq!(read(date, None), Some(expected), "{date}");
        }
    }

    #[test]
    fn zones_and_halves_of_the_day() {
        let utc = |written| read(written, Offset::from_hours(1).ok()).map(|date| date.to_string());
        assert_eq!(utc("3 Mar 2025 10:12").as_deref(), Some("2025-03-03T09:12:00Z"));
        assert_eq!(utc("3 Mar 2025 10:12:05 PM GMT+2").as_deref(), Some("2025-03-03T20:12:05Z"));
        assert_eq!(utc("03/25/2025 10:12 PM").as_deref(), Some("2025-03-25T21:12:00Z"));
        assert_eq!(utc("3. März 2025 10:12 MEZ").as_deref(), Some("2025-03-03T09:12:00Z"));
        assert_eq!(utc("2025년 3월 3일 오전 10시 12분 13초 GMT+1").as_deref(), Some("2025-03-03T09:12:13Z"));
        assert_eq!(utc("yesterday"), None);
        assert_eq!(utc("32 Mar 2025 25:61"), None);
    }
}
