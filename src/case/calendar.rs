//! Working time: when people are here, in their own time zone, exact across clock changes (L9).

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Days that are looked at, a hundred years: no promise reaches further, and no clock that is set wrong may hold us up.
const HORIZON: usize = 36_525;

/// A span of one day by the clock on the wall. Where clocks are turned, it lasts from the moment at which they first
/// show `from`, or pass it over, to the moment at which they first show `to`, or pass it over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Opening {
    from: Minute,
    to: Minute,
}

/// Minutes since midnight, at most 24:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Minute(u16);

impl Minute {
    pub const MIDNIGHT: Minute = Minute(0);
    /// Midnight at the end of the day: 24:00.
    pub const END: Minute = Minute(24 * 60);

    /// None beyond 24:00.
    pub fn new(hour: u16, minute: u16) -> Option<Minute> {
        let minutes = hour.checked_mul(60)?.checked_add(minute)?;
        (minute < 60 && minutes <= Minute::END.0).then_some(Minute(minutes))
    }
}

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl Opening {
    /// None where it would end before it began, or last no time.
    pub fn new(from: Minute, to: Minute) -> Option<Opening> {
        (from < to).then_some(Opening { from, to })
    }

    pub fn overlaps(&self, other: &Opening) -> bool {
        self.from < other.to && other.from < self.to
    }
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from, self.to)
    }
}

/// The week of one group of people, and the days on which they do not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    #[serde(with = "jiff::fmt::serde::tz::required")]
    zone: TimeZone,
    /// From Monday to Sunday; the openings of a day in order, none overlapping the one before.
    week: [Vec<Opening>; 7],
    holidays: BTreeSet<Date>,
}

impl Default for Calendar {
    /// Monday to Friday, 09:00 to 17:00 UTC.
    fn default() -> Calendar {
        let nine_to_five = vec![Opening { from: Minute(9 * 60), to: Minute(17 * 60) }];
        let week = std::array::from_fn(|day| if day < 5 { nine_to_five.clone() } else { Vec::new() });
        Calendar { zone: TimeZone::UTC, week, holidays: BTreeSet::new() }
    }
}

impl Calendar {
    /// `week` is from Monday to Sunday. The zone must have a name, as it is written down. None when openings of one day
    /// overlap, or when there are none at all.
    pub fn new(zone: TimeZone, mut week: [Vec<Opening>; 7], holidays: BTreeSet<Date>) -> Option<Calendar> {
        week.iter_mut().for_each(|day| day.sort());
        let overlap = week.iter().any(|day| day.windows(2).any(|pair| pair[0].overlaps(&pair[1])));
        let is_open = week.iter().any(|day| !day.is_empty());
        (is_open && !overlap).then_some(Calendar { zone, week, holidays })
    }

    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    pub fn is_open(&self, at: Timestamp) -> bool {
        self.spans_from(at).next().is_some_and(|span| span.from <= at && at < span.to)
    }

    /// The first moment by which so much working time has passed since `start`: the end of a day rather than the
    /// beginning of the next. `start` itself for a duration that is not positive; the end of time where it is not
    /// reached within a hundred years.
    pub fn add(&self, start: Timestamp, working: SignedDuration) -> Timestamp {
        if working <= SignedDuration::ZERO {
            return start;
        }
        let mut left = working;
        for span in self.spans_from(start) {
            let from = span.from.max(start);
            let available = from.duration_until(span.to);
            if left <= available {
                return from + left;
            }
            left -= available;
        }
        Timestamp::MAX
    }

    /// The working time from `a` to `b`; zero when `b` is not later. Of more than a hundred years the first hundred.
    pub fn between(&self, a: Timestamp, b: Timestamp) -> SignedDuration {
        let spans = self.spans_from(a).take_while(|span| span.from < b);
        spans.map(|span| span.from.max(a).duration_until(span.to.min(b))).sum()
    }

    /// The day that it is here.
    pub fn day(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    /// When work begins on this day, or on the first one after it on which anybody works.
    pub fn begins(&self, day: Date) -> Timestamp {
        let Some(midnight) = self.moment(day, Minute::MIDNIGHT) else { return Timestamp::MAX };
        self.spans_from(midnight).map(|span| span.from).find(|from| *from >= midnight).unwrap_or(Timestamp::MAX)
    }

    /// The openings as real time, from the one that ends after `at`, in order.
    fn spans_from(&self, at: Timestamp) -> impl Iterator<Item = Span> {
        let today = self.day(at);
        // Where clocks are turned back at midnight, the same hour belongs to two dates.
        let first = today.yesterday().unwrap_or(today);
        let days = first.series(jiff::Span::new().days(1)).take(HORIZON);
        days.flat_map(move |date| self.openings(date).iter().filter_map(move |opening| self.span(date, *opening)))
            .filter(move |span| span.to > at && span.from < span.to)
    }

    /// The openings of a day of the week, from 0, Monday, to 6, Sunday.
    pub fn openings_of(&self, day: usize) -> &[Opening] {
        self.week.get(day).map_or(&[], Vec::as_slice)
    }

    fn openings(&self, date: Date) -> &[Opening] {
        let day = date.weekday().to_monday_zero_offset();
        if self.holidays.contains(&date) { &[] } else { self.openings_of(day as usize) }
    }

    fn span(&self, date: Date, opening: Opening) -> Option<Span> {
        Some(Span { from: self.moment(date, opening.from)?, to: self.moment(date, opening.to)? })
    }

    /// The moment at which the clock first shows this time, or passes it over. Never earlier than that of an earlier
    /// time: so openings that touch on the clock touch in time.
    fn moment(&self, date: Date, minute: Minute) -> Option<Timestamp> {
        let midnight = if minute == Minute::END { date.tomorrow().ok()? } else { date };
        let minutes = minute.0 % Minute::END.0;
        let time = Time::new((minutes / 60) as i8, (minutes % 60) as i8, 0, 0).expect("less than 24 hours");
        let datetime = DateTime::from_parts(midnight, time);
        let ambiguous = self.zone.to_ambiguous_timestamp(datetime);
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
                offset.to_timestamp(datetime).ok()
            }
            AmbiguousOffset::Gap { after, .. } => {
                // With the offset that comes after, the time lies before the change: the next change is the one.
                let before = after.to_timestamp(datetime).ok()?;
                self.zone.following(before).next().map(|change| change.timestamp())
            }
        }
    }
}

/// An opening as real time: from `from`, before `to`.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: Timestamp,
    to: Timestamp,
}

#[cfg(test)]
mod tests;
