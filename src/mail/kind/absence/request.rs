//! What people ask for, where notices of absence only tell.

use crate::mail::report::plain;

/// Whether the words of `own`, an author's, ask for something: not to turn to somebody else, nor to be patient, as notices
/// do.
pub fn pleads(own: &str) -> bool {
    any_sentence(own, |sentence| {
        let pleads = PLEAS.iter().any(|plea| match plea.split_once(' ') {
            Some(_) => sentence.contains(plea),
            None => words(sentence).any(|word| word == *plea),
        });
        pleads && !refers(sentence)
    })
}

/// The same, or less surely: in languages that put no space between words, and with words that have other uses too.
pub fn requests(own: &str) -> bool {
    let perhaps = |sentence: &str| {
        // `Graag niet leveren.`
        let pleads = sentence.trim_start().starts_with("graag ");
        let refers_unspaced = || UNSPACED_REFERRALS.iter().any(|known| sentence.contains(known));
        let pleads_unspaced = || UNSPACED_PLEAS.iter().any(|plea| sentence.contains(plea));
        (pleads && !refers(sentence)) || pleads_unspaced() && !sentence.contains('@') && !refers_unspaced()
    };
    pleads(own) || any_sentence(own, perhaps)
}

fn any_sentence(own: &str, is: impl Fn(&str) -> bool) -> bool {
    // A full stop ends a sentence before a space: addresses have theirs within.
    own.split("\n\n")
        .map(plain)
        .any(|text| text.split(". ").flat_map(|text| text.split(['!', '?', ';', '。', '！', '？', '；'])).any(&is))
}

fn words(sentence: &str) -> impl Iterator<Item = &str> {
    sentence.split(|c: char| !c.is_alphanumeric() && c != '\'')
}

/// Whether a sentence names who is to be turned to, or what else notices ask for.
fn refers(sentence: &str) -> bool {
    let known = |word: &str| {
        REFERRALS.iter().any(|known| if known.len() > 3 { word.starts_with(known) } else { word == *known })
    };
    sentence.contains('@') || words(sentence).any(known)
}

/// How people ask for something.
const PLEAS: &[&str] = &[
    "please",
    "kindly",
    "bitte",
    "veuillez",
    "merci de",
    "s'il vous plaît",
    "por favor",
    "per favore",
    "si prega",
    "gelieve",
    "vänligen",
    "proszę",
    "prosím",
    "пожалуйста",
];

/// The same where no space stands between words.
const UNSPACED_PLEAS: &[&str] = &["ください", "下さい", "お願い", "请", "請"];

/// What notices ask for there.
const UNSPACED_REFERRALS: &[&str] = &[
    // Japanese
    "連絡",
    "了承",
    "承知",
    "容赦",
    "問い合わせ",
    "問合",
    "待ち",
    "理解",
    "よろしく",
    "宜しく",
    "電話",
    "急",
    "用件",
    "ご用",
    "返信",
    "転送",
    "代理",
    "留守",
    // Chinese
    "联系",
    "聯絡",
    "聯繫",
    "致电",
    "致電",
    "拨打",
    "撥打",
    "电话",
    "電話",
    "谅",
    "諒",
    "见谅",
    "稍",
    "勿",
    "知悉",
    "邮件",
    "郵件",
    "发送",
    "等",
    "耐心",
    "留言",
    "咨询",
    "放心",
    "请假",
    "請假",
];

/// With these begin the words that notices ask with: to turn to somebody, to wait, to understand. Those of three letters
/// are whole words.
const REFERRALS: &[&str] = &[
    // English
    "contact",
    "call",
    "write",
    "turn",
    "email",
    "mail",
    "phone",
    "ring",
    "reach",
    "note",
    "not",
    "don't",
    "be",
    "bear",
    "allow",
    "expect",
    "ask",
    "speak",
    "leave",
    "direct",
    "redirect",
    "forward",
    "resend",
    "refer",
    "consult",
    "visit",
    "get",
    "feel",
    "accept",
    "excuse",
    "understand",
    "urgent",
    "reply",
    // German, Dutch, the Nordic languages
    "kontakt",
    "wend",
    "rufe",
    "anruf",
    "schreib",
    "richte",
    "beacht",
    "habe",
    "versuch",
    "meld",
    "sprech",
    "gedul",
    "verständnis",
    "dringend",
    "nicht",
    "bel",
    "bellen",
    "schrijf",
    "verwijs",
    "antwoord",
    "vänd",
    // French, Spanish, Italian, Portuguese
    "contatt",
    "adress",
    "appel",
    "écri",
    "joindre",
    "noter",
    "urgen",
    "llam",
    "escrib",
    "escrev",
    "dirij",
    "dirig",
    "contat",
    "ligu",
    "scriv",
    "chiam",
    "rivolg",
    // Slavic languages
    "dzwoni",
    "pisa",
    "обра",
    "звон",
    "пиши",
    "свяж",
];
