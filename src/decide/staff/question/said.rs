//! Whether an answer to a question says yes or no. What is not plainly one of them is neither: a yes lets a mail go out
//! in somebody's name.

/// What the first line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Yes,
    No,
    Else,
}

/// Whole clauses that agree.
const YES: &[&str] = &[
    "yes",
    "y",
    "yep",
    "yeah",
    "ok",
    "okay",
    "sure",
    "correct",
    "confirmed",
    "i confirm",
    "mine",
    "it is mine",
    "its mine",
    "that is mine",
    "thats mine",
    "it is",
    "i did",
    "it is from me",
    "it was me",
    "that was me",
    "i wrote it",
    "i wrote that",
    "send it",
    "send it anyway",
    "release it",
    "please send it",
    "please release it",
    "ja",
    "j",
    "jawohl",
    "genau",
    "stimmt",
    "bestätigt",
    "meine",
    "von mir",
    "das ist meine",
    "sie ist meine",
    "das ist von mir",
    "sie ist von mir",
    "die ist von mir",
    "ist von mir",
    "das war ich",
    "war ich",
    "das habe ich geschrieben",
    "senden",
    "bitte senden",
    "trotzdem senden",
    "freigeben",
    "bitte freigeben",
    "ich bestätige",
    "einverstanden",
    "in ordnung",
];

/// What says nothing beside a yes.
const POLITE: &[&str] = &["please", "thanks", "thank you", "bitte", "danke", "vielen dank"];

/// Words that decline at the beginning of a clause.
const NO: &[&str] = &["no", "nope", "nein", "nee", "non", "never", "niemals"];

/// Whole clauses that decline.
const DENIALS: &[&str] = &[
    "not me",
    "not mine",
    "not from me",
    "that was not me",
    "that wasnt me",
    "it was not me",
    "it wasnt me",
    "it is not mine",
    "its not mine",
    "i did not write this",
    "i didnt write this",
    "i did not write that",
    "i did not write it",
    "nicht von mir",
    "nicht meine",
    "das war ich nicht",
    "das ist nicht von mir",
    "sie ist nicht von mir",
    "das habe ich nicht geschrieben",
    "ich war das nicht",
];

const GREETINGS: &[&str] = &["hi", "hello", "hallo", "hey", "moin", "dear", "liebe", "guten"];

/// Words of a first line that is no more than a no.
const SHORT: usize = 5;

/// What the author's own words say, and whether they say more than that. A line with `name` alone is no more.
pub(super) fn read(words: &str, name: &str) -> (Said, bool) {
    let mut lines = words.lines().filter(|line| !line.trim().is_empty());
    let found = lines.by_ref().find_map(|line| {
        let mut clauses = in_clauses(line);
        clauses.retain(|clause| !GREETINGS.contains(&first_word(clause)));
        (!clauses.is_empty()).then_some((line, clauses))
    });
    let Some((line, clauses)) = found else { return (Said::Else, !words.trim().is_empty()) };
    let below = lines.any(|line| !signs(line, name));
    if NO.contains(&first_word(&clauses[0])) || DENIALS.contains(&clauses[0].as_str()) {
        return (Said::No, below || line.split_whitespace().count() > SHORT);
    }
    let agrees = |clause: &String| {
        let rest = clause.strip_prefix("yes ").or_else(|| clause.strip_prefix("ja ")).unwrap_or(clause);
        YES.contains(&rest)
    };
    let polite = |clause: &String| POLITE.contains(&clause.as_str());
    let yes = clauses.iter().any(agrees) && clauses.iter().all(|clause| agrees(clause) || polite(clause));
    if yes { (Said::Yes, below) } else { (Said::Else, true) }
}

/// A question mark stays: who asks does not agree.
fn in_clauses(line: &str) -> Vec<String> {
    let parts = line.split(['.', ',', ';', ':', '!', '–', '—', '(', ')', '…']);
    let tidy = |part: &str| {
        let marks = ['\'', '’', '*', '_', '`', '"', '“', '”', '„'];
        let bare: String = part.chars().filter(|c| !marks.contains(c)).collect();
        bare.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
    };
    parts.map(tidy).filter(|clause| !clause.is_empty()).collect()
}

fn first_word(clause: &str) -> &str {
    clause.split(' ').next().unwrap_or_default()
}

/// Whether a line is the name of whoever writes, or the dashes above it.
fn signs(line: &str, name: &str) -> bool {
    let line = line.trim().trim_matches(|c: char| !c.is_alphanumeric());
    line.is_empty() || line == name || name.split_whitespace().any(|part| part == line)
}

#[cfg(test)]
mod tests {
    use super::{Said, read};

    #[test]
    fn only_a_plain_yes_is_one() {
        let yes = [
            "yes",
            "Yes.",
            "y",
            "JA!",
            "ok",
            "It's mine.",
            "Yes, mine",
            "ja, das ist von mir",
            "*Yes*",
            "Hi,\n\nyes",
            "Yes, please.",
            "Yes\n\nKevin",
        ];
        for words in yes {
            assert_eq!(read(words, "Kevin Miller"), (Said::Yes, false), "{words}");
        }
        assert_eq!(read("Yes\n\nTell Anna too.", "Kevin Miller"), (Said::Yes, true));
    }

    #[test]
    fn denials_and_what_is_neither() {
        let no =
            ["no", "No!", "Hi, no, not me", "I did not write this!", "Das war ich nicht", "Never", "No, leave it."];
        for words in no {
            assert_eq!(read(words, "Kevin"), (Said::No, false), "{words}");
        }
        let neither = [
            "I am away until Monday.",
            "Yes?",
            "Yes, but not the last line",
            "Not sure",
            "ja nein",
            "",
            "Hello",
            "Ist das von mir?",
        ];
        for words in neither {
            assert_eq!(read(words, "Kevin").0, Said::Else, "{words}");
        }
    }
}
