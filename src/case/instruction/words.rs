//! The words of which instructions are made: a closed list.

use crate::case::Sentence;

/// A command, as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Word {
    Note,
    Send,
    Close,
    Reopen,
    Accept,
    Assign,
    Priority,
    Status,
    Queue,
    Tag,
    Untag,
    Cc,
    Uncc,
    Wait,
    Merge,
    Move,
    Split,
    Spam,
    Help,
}

/// All of them, in the order in which `#help` explains them.
pub const WORDS: [Word; 19] = [
    Word::Note,
    Word::Send,
    Word::Close,
    Word::Reopen,
    Word::Accept,
    Word::Assign,
    Word::Priority,
    Word::Status,
    Word::Queue,
    Word::Tag,
    Word::Untag,
    Word::Cc,
    Word::Uncc,
    Word::Wait,
    Word::Merge,
    Word::Move,
    Word::Split,
    Word::Spam,
    Word::Help,
];

impl Word {
    /// The command of this name, whatever its case.
    pub fn of(name: &str) -> Option<Word> {
        let name = name.to_lowercase();
        WORDS.into_iter().find(|word| word.name() == name)
    }

    /// The command that was probably meant.
    pub fn nearest(name: &str) -> Option<Word> {
        nearest(name, WORDS.iter().map(|word| word.name())).and_then(Word::of)
    }

    pub fn name(self) -> &'static str {
        match self {
            Word::Note => "note",
            Word::Send => "send",
            Word::Close => "close",
            Word::Reopen => "reopen",
            Word::Accept => "accept",
            Word::Assign => "assign",
            Word::Priority => "priority",
            Word::Status => "status",
            Word::Queue => "queue",
            Word::Tag => "tag",
            Word::Untag => "untag",
            Word::Cc => "cc",
            Word::Uncc => "uncc",
            Word::Wait => "wait",
            Word::Merge => "merge",
            Word::Move => "move",
            Word::Split => "split",
            Word::Spam => "spam",
            Word::Help => "help",
        }
    }

    /// What it takes, as an example; None where it takes nothing.
    pub fn argument(self) -> Option<&'static str> {
        match self {
            Word::Assign => Some("kevin"),
            Word::Priority => Some("high"),
            Word::Status => Some("waiting"),
            Word::Queue => Some("parts"),
            Word::Tag | Word::Untag => Some("printer hall2"),
            Word::Cc | Word::Uncc => Some("anna@shop.example"),
            Word::Wait => Some("2027-05-14"),
            Word::Merge | Word::Move => Some("10480"),
            Word::Note
            | Word::Send
            | Word::Close
            | Word::Reopen
            | Word::Accept
            | Word::Split
            | Word::Spam
            | Word::Help => None,
        }
    }

    /// As it is written: `#merge 10480`.
    pub fn example(self) -> String {
        match self.argument() {
            Some(argument) => format!("#{} {argument}", self.name()),
            None => format!("#{}", self.name()),
        }
    }

    /// What it does, in one sentence.
    pub fn meaning(self) -> Sentence {
        let (english, german) = match self {
            Word::Note => {
                ("Your text is a note that only staff read.", "Ihr Text ist eine Notiz, die nur Kollegen lesen.")
            }
            Word::Send => (
                "Your text goes to the customer, although your reply would stay internal.",
                "Ihr Text geht an den Kunden, obwohl Ihre Antwort sonst intern bliebe.",
            ),
            Word::Close => (
                "Ends the case. Your text is the resolution that the customer reads.",
                "Beendet den Fall. Ihr Text ist die Lösung, die der Kunde liest.",
            ),
            Word::Reopen => ("Opens a closed case again.", "Öffnet einen geschlossenen Fall wieder."),
            Word::Accept => (
                "You take the case. In a reply to a stranger's mail: the stranger takes part from now on.",
                "Sie übernehmen den Fall. Als Antwort auf die Mail eines Fremden: Er ist ab jetzt beteiligt.",
            ),
            Word::Assign => ("Gives the case to a colleague.", "Gibt den Fall einer Kollegin oder einem Kollegen."),
            Word::Priority => ("How urgent the case is.", "Wie dringend der Fall ist."),
            Word::Status => ("new, open, waiting, solved or closed.", "new, open, waiting, solved oder closed."),
            Word::Queue => ("Where the case waits for staff.", "Wo der Fall auf Bearbeitung wartet."),
            Word::Tag => (
                "Marks the case; several at once are possible.",
                "Markiert den Fall; mehrere Markierungen auf einmal sind möglich.",
            ),
            Word::Untag => ("Takes such a mark away.", "Nimmt eine solche Markierung weg."),
            Word::Cc => (
                "Somebody outside takes part and reads all answers; a colleague, by name, follows the case.",
                "Jemand außerhalb ist beteiligt und liest alle Antworten; wer hier arbeitet, mit Namen, folgt dem Fall.",
            ),
            Word::Uncc => ("They do so no longer.", "Er oder sie tut das nicht mehr."),
            Word::Wait => (
                "The case waits until the morning of this day (also: 3d, 2w, tomorrow), or until the customer writes.",
                "Der Fall wartet bis zum Morgen dieses Tages (auch: 3 Tage, 2 Wochen, morgen) oder bis der Kunde schreibt.",
            ),
            Word::Merge => (
                "The two cases become one; the older number stays.",
                "Die beiden Fälle werden einer; die ältere Nummer bleibt.",
            ),
            Word::Move => (
                "The mail that you answer moves to that case, and later replies to it follow.",
                "Die Mail, auf die Sie antworten, kommt in jenen Fall, und spätere Antworten auf sie folgen.",
            ),
            Word::Split => (
                "The mail that you answer gets a case of its own, and later replies to it follow.",
                "Die Mail, auf die Sie antworten, bekommt einen eigenen Fall, und spätere Antworten auf sie folgen.",
            ),
            Word::Spam => {
                ("Closes the case without a word to anybody.", "Schließt den Fall, ohne dass jemand davon hört.")
            }
            Word::Help => ("This list.", "Diese Liste."),
        };
        Sentence::new(english, german)
    }
}

/// The one of `known` that a person most likely meant; None when nothing is near.
pub fn nearest<'a>(meant: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let meant = meant.chars().take(100).collect::<String>().to_lowercase();
    // A third of the letters may be wrong; a longer or shorter form of the word counts (`#closed`, `#prio`).
    let bound = (meant.chars().count() / 3).max(1);
    let contains = |long: &str, short: &str| short.chars().count() >= 3 && long.contains(short);
    let near = known.into_iter().filter_map(|candidate| {
        let folded = candidate.to_lowercase();
        let distance = strsim::damerau_levenshtein(&meant, &folded);
        let is_near = distance <= bound || contains(&meant, &folded) || contains(&folded, &meant);
        is_near.then_some((distance, candidate))
    });
    near.min().map(|(_, candidate)| candidate)
}
