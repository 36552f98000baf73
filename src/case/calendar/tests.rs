use jiff::Span as Distance;
use proptest::prelude::*;

use super::*;

fn minute(text: &str) -> Minute {
    let (hour, minute) = text.split_once(':').unwrap();
    Minute::new(hour.parse().unwrap(), minute.parse().unwrap()).unwrap()
}

fn day(text: &str) -> Vec<Opening> {
    let opening = |span: &str| {
        let (from, to) = span.split_once('-').unwrap();
        Opening::new(minute(from), minute(to)).unwrap()
    };
    text.split_whitespace().map(opening).collect()
}

/// The same openings on each day from Monday to Friday, and others on the weekend.
fn calendar(zone: &str, weekdays: &str, weekend: &str, holidays: &[&str]) -> Calendar {
    let week = std::array::from_fn(|at| day(if at < 5 { weekdays } else { weekend }));
    let holidays = holidays.iter().map(|date| date.parse().unwrap()).collect();
    Calendar::new(TimeZone::get(zone).unwrap(), week, holidays).unwrap()
}

fn office() -> Calendar {
    calendar("Europe/Berlin", "09:00-12:30 13:30-17:00", "", &["2026-12-25"])
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

#[test]
fn time_passes_while_people_are_here() {
    let office = office();
    // A Monday in winter: Berlin is one hour ahead.
    for (start, working, due) in [
        ("2026-11-23T08:00Z", hours(1), "2026-11-23T09:00Z"),
        ("2026-11-23T11:00Z", hours(1), "2026-11-23T13:00Z"),
        ("2026-11-23T08:00Z", hours(7), "2026-11-23T16:00Z"),
        ("2026-11-23T08:00Z", hours(7) + SignedDuration::from_micros(1), "2026-11-24T08:00:00.000001Z"),
        ("2026-11-23T02:00Z", hours(1), "2026-11-23T09:00Z"),
        ("2026-11-27T15:30Z", hours(1), "2026-11-30T08:30Z"),
        ("2026-11-28T12:00Z", hours(8), "2026-12-01T09:00Z"),
        ("2026-12-24T15:00Z", hours(2), "2026-12-28T09:00Z"),
        ("2026-11-23T02:00Z", SignedDuration::ZERO, "2026-11-23T02:00Z"),
        ("2026-11-23T09:00Z", hours(-5), "2026-11-23T09:00Z"),
        ("2026-11-23T08:00Z", hours(7 * 5 * 2), "2026-12-04T16:00Z"),
    ] {
        assert_eq!(office.add(at(start), working), at(due), "{start} + {working}");
        assert_eq!(office.between(at(start), at(due)), working.max(SignedDuration::ZERO), "{start} to {due}");
    }
    assert_eq!(office.between(at("2026-11-24T12:00Z"), at("2026-11-23T12:00Z")), SignedDuration::ZERO);
}

#[test]
fn doors_open_and_close_to_the_moment() {
    let office = office();
    for (time, open) in [
        ("2026-11-23T07:59:59.999999Z", false),
        ("2026-11-23T08:00:00Z", true),
        ("2026-11-23T11:29:59.999999Z", true),
        ("2026-11-23T11:30:00Z", false),
        ("2026-11-23T12:30:00Z", true),
        ("2026-11-23T16:00:00Z", false),
        ("2026-11-22T10:00:00Z", false),
        ("2026-12-25T10:00:00Z", false),
        ("2026-07-20T07:00:00Z", true),
        ("2026-07-20T15:00:00Z", false),
    ] {
        assert_eq!(office.is_open(at(time)), open, "{time}");
    }
}

#[test]
fn when_clocks_go_forward_the_day_is_an_hour_shorter() {
    // 2026-03-29, 02:00 becomes 03:00 in Berlin.
    let always = calendar("Europe/Berlin", "00:00-24:00", "00:00-24:00", &[]);
    assert_eq!(always.between(at("2026-03-28T23:00Z"), at("2026-03-29T22:00Z")), hours(23), "midnight to midnight");
    let night = calendar("Europe/Berlin", "", "01:00-04:00", &[]);
    assert_eq!(night.between(at("2026-03-28T12:00Z"), at("2026-03-29T12:00Z")), hours(2));
    assert_eq!(night.between(at("2026-03-27T12:00Z"), at("2026-03-28T12:00Z")), hours(3), "the day before");
    // What begins or ends in the hour that is not there begins or ends at the change.
    let halves = calendar("Europe/Berlin", "", "01:00-02:30 02:30-05:00", &[]);
    assert_eq!(halves.between(at("2026-03-29T00:00Z"), at("2026-03-29T01:00Z")), hours(1));
    assert_eq!(halves.add(at("2026-03-29T00:00Z"), hours(3)), at("2026-03-29T03:00Z"));
    let missing = calendar("Europe/Berlin", "09:00-10:00", "02:15-02:45", &[]);
    assert_eq!(missing.between(at("2026-03-29T00:00Z"), at("2026-03-29T12:00Z")), SignedDuration::ZERO);
    assert_eq!(missing.add(at("2026-03-29T00:00Z"), hours(1)), at("2026-03-30T08:00Z"), "09:00 to 10:00 in summer");
}

#[test]
fn when_clocks_go_back_the_day_is_an_hour_longer() {
    // 2026-10-25, 03:00 becomes 02:00 in Berlin.
    let always = calendar("Europe/Berlin", "00:00-24:00", "00:00-24:00", &[]);
    assert_eq!(always.between(at("2026-10-24T22:00Z"), at("2026-10-25T23:00Z")), hours(25), "midnight to midnight");
    let night = calendar("Europe/Berlin", "", "01:00-04:00", &[]);
    assert_eq!(night.between(at("2026-10-24T12:00Z"), at("2026-10-25T12:00Z")), hours(4));
    // 02:30 comes twice: the first counts, for what ends then as for what begins.
    let halves = calendar("Europe/Berlin", "", "01:00-02:30 02:30-05:00", &[]);
    assert_eq!(halves.between(at("2026-10-24T12:00Z"), at("2026-10-25T12:00Z")), hours(5));
    let early = calendar("Europe/Berlin", "", "01:00-02:30", &[]);
    assert!(early.is_open(at("2026-10-25T00:29Z")) && !early.is_open(at("2026-10-25T01:29Z")));
    // A promise of one working day that crosses the change ends at the same time by the clock.
    let office = office();
    assert_eq!(office.add(at("2026-10-23T13:00Z"), hours(7)), at("2026-10-26T14:00Z"), "15:00 in summer and in winter");
}

#[test]
fn clocks_that_change_at_midnight_or_pass_over_a_day_are_no_trouble() {
    // Lebanon turns its clocks at midnight; Samoa had no 30 December 2011.
    let always = calendar("Asia/Beirut", "00:00-24:00", "00:00-24:00", &[]);
    assert_eq!(always.between(at("2026-03-28T12:00Z"), at("2026-03-30T12:00Z")), hours(48));
    assert_eq!(always.between(at("2026-10-24T12:00Z"), at("2026-10-26T12:00Z")), hours(48));
    assert!(always.is_open(at("2026-10-24T21:30Z")), "23:30 for the second time");
    let samoa = calendar("Pacific/Apia", "09:00-17:00", "", &[]);
    assert_eq!(samoa.between(at("2011-12-29T12:00Z"), at("2011-12-31T20:00Z")), hours(8), "Thursday, then Saturday");
}

#[test]
fn a_calendar_ends_with_time_itself() {
    let office = office();
    assert_eq!(office.add(at("2026-11-23T08:00Z"), SignedDuration::MAX), Timestamp::MAX);
    assert!(!office.is_open(Timestamp::MAX) && !office.is_open(Timestamp::MIN));
}

#[test]
fn a_week_that_makes_no_sense_is_none() {
    let week = |text: &str| std::array::from_fn(|at| if at == 2 { day(text) } else { Vec::new() });
    let make = |text: &str| Calendar::new(TimeZone::UTC, week(text), BTreeSet::new());
    assert!(make("").is_none(), "never open");
    assert!(make("09:00-12:00 11:59-13:00").is_none());
    assert!(make("12:00-13:00 09:00-12:00").is_some(), "in any order");
    assert_eq!(Opening::new(minute("22:00"), minute("06:00")), None);
    assert_eq!((Minute::new(24, 1), Minute::new(9, 60)), (None, None));
    assert_eq!(day("00:00-24:00")[0].to_string(), "00:00-24:00");
}

#[test]
fn a_calendar_is_written_down_and_read_again() {
    let office = office();
    let text = serde_json::to_string(&office).unwrap();
    assert!(text.contains("Europe/Berlin") && text.contains("2026-12-25"), "{text}");
    assert_eq!(serde_json::from_str::<Calendar>(&text).unwrap(), office);
}

fn any_calendar() -> impl Strategy<Value = Calendar> {
    let openings = || {
        prop::collection::btree_set(0..=Minute::END.0, 0..7).prop_map(|minutes| {
            let minutes: Vec<u16> = minutes.into_iter().collect();
            minutes.chunks_exact(2).map(|pair| Opening { from: Minute(pair[0]), to: Minute(pair[1]) }).collect()
        })
    };
    let week = prop::array::uniform7(openings());
    let holidays = prop::collection::btree_set(0..900_i64, 0..40);
    let zones = prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Asia/Beirut", "Asia/Kolkata"]);
    (week, holidays, zones).prop_filter_map("never open", |(week, holidays, zone)| {
        let start = Date::constant(2025, 6, 1);
        let holidays = holidays.into_iter().map(|days| start + Distance::new().days(days)).collect();
        Calendar::new(TimeZone::get(zone).unwrap(), week, holidays)
    })
}

/// Within the years 2026 and 2027.
fn moment() -> impl Strategy<Value = Timestamp> {
    (0..2 * 365 * 24 * 3600 * 1_000_000_i64)
        .prop_map(|micros| at("2026-01-01T00:00Z") + SignedDuration::from_micros(micros))
}

proptest! {
    #[test]
    fn what_is_added_is_what_lies_between(calendar in any_calendar(), start in moment(), minutes in 0..20_000_i64) {
        let working = SignedDuration::from_mins(minutes);
        let due = calendar.add(start, working);
        prop_assert_eq!(calendar.between(start, due), working);
        // The first such moment: a little earlier, a little is missing.
        if working > SignedDuration::ZERO {
            let micro = SignedDuration::from_micros(1);
            prop_assert_eq!(calendar.between(start, due - micro), working - micro);
        }
    }

    #[test]
    fn what_lies_between_leads_there_or_to_the_close_before(calendar in any_calendar(), a in moment(), b in moment()) {
        let working = calendar.between(a, b);
        prop_assert!(working >= SignedDuration::ZERO && working <= a.duration_until(b).max(SignedDuration::ZERO));
        let there = calendar.add(a, working);
        prop_assert!(there <= a.max(b));
        prop_assert_eq!(calendar.between(there, b), SignedDuration::ZERO);
        if calendar.is_open(b) && b > a {
            prop_assert_eq!(there, if working.is_zero() { a } else { b });
        }
    }

    #[test]
    fn parts_make_the_whole(calendar in any_calendar(), mut times in prop::array::uniform3(moment())) {
        times.sort();
        let [a, b, c] = times;
        prop_assert_eq!(calendar.between(a, b) + calendar.between(b, c), calendar.between(a, c));
    }

    #[test]
    fn open_means_that_time_passes(calendar in any_calendar(), time in moment()) {
        let micro = SignedDuration::from_micros(1);
        let passed = calendar.between(time, time + micro);
        prop_assert_eq!(passed, if calendar.is_open(time) { micro } else { SignedDuration::ZERO });
    }
}
