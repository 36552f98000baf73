//! The language of what the author wrote.

use serde::{Deserialize, Serialize};

use super::message::clip;

/// An ISO 639-1 code in lower case, for example `en`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Language(pub String);

/// Bytes that are enough to tell: more of them cost more than they add.
const ENOUGH: usize = 768;
/// Letters without which nothing is said, for scripts that several languages share.
const LETTERS: usize = 20;

/// The language of `text`; None when it is too short or too mixed to be sure.
pub fn detect(text: &str) -> Option<Language> {
    let text = clip(text, ENOUGH);
    if let Some(code) = by_common_words(text) {
        return Some(Language(code.to_owned()));
    }
    let info = whatlang::detect(text)?;
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let own_script =
        !matches!(info.script(), whatlang::Script::Latin | whatlang::Script::Cyrillic | whatlang::Script::Arabic);
    let sure =
        if own_script { letters >= 2 } else { letters >= LETTERS && (info.is_reliable() || info.confidence() > 0.5) };
    let code = iso_639_1(info.lang())?;
    sure.then(|| Language(code.to_owned()))
}

/// Words that are common in one language and in none that looks like it. They tell what most mail is written in at a
/// hundredth of the cost of comparing trigrams with every language.
const COMMON: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "the", "and", "this", "that", "with", "have", "has", "been", "from", "your", "you", "please", "would",
            "not", "our",
        ],
    ),
    (
        "de",
        &[
            "und", "der", "das", "nicht", "ist", "wir", "ich", "sie", "mit", "bitte", "auch", "eine", "auf", "für",
            "haben",
        ],
    ),
    (
        "fr",
        &[
            "nous", "vous", "est", "pas", "pour", "dans", "avec", "votre", "une", "les", "des", "sur", "merci",
            "cette", "être",
        ],
    ),
    (
        "es",
        &[
            "los", "las", "para", "pero", "está", "muy", "gracias", "usted", "del", "hasta", "nuestro", "hemos",
            "tenemos", "hay", "también",
        ],
    ),
    (
        "it",
        &[
            "il", "che", "della", "sono", "grazie", "abbiamo", "questo", "nostro", "anche", "gli", "alla", "nel",
            "più", "perché", "vostro",
        ],
    ),
    (
        "nl",
        &[
            "het", "een", "niet", "zijn", "voor", "wij", "maar", "deze", "onze", "heeft", "hebben", "kunnen", "graag",
            "ook", "bij",
        ],
    ),
];
/// So many common words, of so many sorts, and so few of any other language.
const HITS: usize = 6;
const SORTS: usize = 4;

fn by_common_words(text: &str) -> Option<&'static str> {
    let mut hits = [0usize; COMMON.len()];
    let mut sorts = [0u32; COMMON.len()];
    let mut foreign = false;
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| (2..=16).contains(&word.len())) {
        let word = word.to_lowercase();
        for (language, (_, words)) in COMMON.iter().enumerate() {
            if let Some(at) = words.iter().position(|common| *common == word) {
                hits[language] += 1;
                sorts[language] |= 1 << at;
            }
        }
        foreign |= word.starts_with(|c: char| c > '\u{24f}');
    }
    let best = (0..COMMON.len()).max_by_key(|language| hits[*language])?;
    let others = (0..COMMON.len()).filter(|language| *language != best).map(|language| hits[language]).max()?;
    let clear = hits[best] >= HITS && sorts[best].count_ones() as usize >= SORTS && others * 4 <= hits[best];
    (clear && !foreign).then_some(COMMON[best].0)
}

/// whatlang speaks ISO 639-3; this is its list in ISO 639-1.
const CODES: &[(&str, &str)] = &[
    ("afr", "af"),
    ("aka", "ak"),
    ("amh", "am"),
    ("ara", "ar"),
    ("aze", "az"),
    ("bel", "be"),
    ("ben", "bn"),
    ("bul", "bg"),
    ("cat", "ca"),
    ("ces", "cs"),
    ("cmn", "zh"),
    ("cym", "cy"),
    ("dan", "da"),
    ("deu", "de"),
    ("ell", "el"),
    ("eng", "en"),
    ("epo", "eo"),
    ("est", "et"),
    ("fin", "fi"),
    ("fra", "fr"),
    ("guj", "gu"),
    ("heb", "he"),
    ("hin", "hi"),
    ("hrv", "hr"),
    ("hun", "hu"),
    ("hye", "hy"),
    ("ind", "id"),
    ("ita", "it"),
    ("jav", "jv"),
    ("jpn", "ja"),
    ("kan", "kn"),
    ("kat", "ka"),
    ("khm", "km"),
    ("kor", "ko"),
    ("lat", "la"),
    ("lav", "lv"),
    ("lit", "lt"),
    ("mal", "ml"),
    ("mar", "mr"),
    ("mkd", "mk"),
    ("mya", "my"),
    ("nep", "ne"),
    ("nld", "nl"),
    ("nob", "nb"),
    ("ori", "or"),
    ("pan", "pa"),
    ("pes", "fa"),
    ("pol", "pl"),
    ("por", "pt"),
    ("ron", "ro"),
    ("rus", "ru"),
    ("sin", "si"),
    ("slk", "sk"),
    ("slv", "sl"),
    ("sna", "sn"),
    ("spa", "es"),
    ("srp", "sr"),
    ("swe", "sv"),
    ("tam", "ta"),
    ("tel", "te"),
    ("tgl", "tl"),
    ("tha", "th"),
    ("tuk", "tk"),
    ("tur", "tr"),
    ("ukr", "uk"),
    ("urd", "ur"),
    ("uzb", "uz"),
    ("vie", "vi"),
    ("yid", "yi"),
    ("zul", "zu"),
];

fn iso_639_1(lang: whatlang::Lang) -> Option<&'static str> {
    CODES.iter().find(|(three, _)| *three == lang.code()).map(|(_, two)| *two)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_tell_as_trigrams_do() {
        for (text, code) in [
            (
                "Please have a look at the pump: it has been making a noise since Monday, and the display is not lit. Would you call?",
                "en",
            ),
            (
                "Bitte sehen Sie sich die Pumpe an: sie ist laut, und das Display geht nicht. Wir haben auch eine Frage, die ich mit Ihnen klären will.",
                "de",
            ),
            (
                "Nous avons un problème avec votre pompe : elle est dans la cave et ne marche pas. Merci de nous appeler pour une visite sur place.",
                "fr",
            ),
            (
                "Tenemos un problema con las bombas, pero el técnico no está. Hemos llamado hasta las diez. Muchas gracias para todo, es muy urgente, usted sabe.",
                "es",
            ),
            (
                "Abbiamo un problema che riguarda la pompa della cantina. Sono anche arrivati gli avvisi. Grazie, è il nostro caso più urgente.",
                "it",
            ),
            (
                "Wij hebben een probleem: het scherm is niet aan en de pomp heeft ook een lek. Graag deze week voor het weekend bij ons langs.",
                "nl",
            ),
        ] {
            assert_eq!(by_common_words(text), Some(code));
            assert_eq!(whatlang::detect(text).and_then(|info| iso_639_1(info.lang())), Some(code));
        }
        assert_eq!(by_common_words("Vi har et problem med pumpen, og den er ikke på kontoret."), None);
        assert_eq!(by_common_words("the and this that und der das nicht"), None);
    }

    #[test]
    fn tells_languages_and_says_nothing_of_scraps() {
        let code = |text| detect(text).map(|language| language.0);
        assert_eq!(
            code("The printer on the second floor has stopped working since this morning.").as_deref(),
            Some("en")
        );
        assert_eq!(
            code("Der Drucker im zweiten Stock funktioniert seit heute früh nicht mehr.").as_deref(),
            Some("de")
        );
        assert_eq!(code("プリンターが動きません。").as_deref(), Some("ja"));
        assert_eq!(code("ok"), None);
        assert_eq!(code("12345 67890"), None);
        assert!(whatlang::Lang::all().iter().all(|lang| iso_639_1(*lang).is_some()));
    }
}
