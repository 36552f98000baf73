//! Automatic answers that the header does not prove: out of office, and requests to prove that one is a person.

use super::{Kind, Machine, Sign, receipts, sign, subjects};
use crate::mail::body::Split;
use crate::mail::message::{Message, clip};
use crate::mail::report::{self, plain};

/// Bytes of the author's words within which an automatic answer says what it is.
const HEAD_BYTES: usize = 600;

/// What an automatic answer shows of itself. The subject is weak evidence, because people write about absence too: it
/// counts where a program wrote it, or where the header or the text confirms it.
pub fn sign_of(message: &Message, split: &Split, machine: Machine) -> Option<Sign> {
    let subject = &message.subject;
    if subjects::is_auto_reply(subject) {
        // Without more than the mark people speak of the thing itself; programs say what they are.
        let bare = !subjects::names_another(subject) && !says(split) && !acknowledges(split);
        let asks = asks(split) && !says(split);
        return (machine > Machine::No || !asks && !bare).then(|| sign(Kind::AutoReply, "Subject: automatic reply"));
    }
    if machine == Machine::Yes && subjects::mentions_absence(subject) {
        return Some(sign(Kind::AutoReply, "Subject: absence, told by a machine"));
    }
    let confirmed = || match machine {
        Machine::Yes => true,
        Machine::Perhaps => says(split) && !asks(split),
        Machine::No => says(split) && !asks(split) && !announces(message, split),
    };
    if subjects::is_absence(subject) && confirmed() {
        return Some(sign(Kind::AutoReply, "Subject: absence, as the text confirms"));
    }
    if challenges(message, split, machine) {
        return Some(sign(Kind::AutoReply, "Subject: a challenge to prove that a person wrote"));
    }
    let answers = !message.in_reply_to.is_empty() || !message.references.is_empty();
    (machine == Machine::Yes && answers && says(split))
        .then(|| sign(Kind::AutoReply, "Text: absence, told by a machine"))
}

/// Whether the author's words begin like the acknowledgement of a mail.
fn acknowledges(split: &Split) -> bool {
    const WORDS: &[&str] = &[
        "thank you for contacting",
        "thanks for contacting",
        "thank you for your e",
        "thank you for your mail",
        "thank you for your message",
        "thank you for writing",
        "thank you for reaching",
        "thanks for your e",
        "thanks for your message",
        "we have received your",
        "your message has been received",
        "your email has been received",
        "your mail has been received",
        "do not reply",
        "will get back to you",
        "will be in touch",
        "automated",
        "automatic",
        "automatisch",
        "vielen dank für ihre",
        "wir haben ihre",
        "nous avons bien reçu",
        "merci de votre",
        "merci pour votre",
        "automatique",
        "gracias por contactar",
        "gracias por su",
        "gracias por escribir",
        "hemos recibido",
        "automátic",
        "grazie per",
        "abbiamo ricevuto",
        "obrigado por",
        "recebemos",
        "bedankt voor",
        "wij hebben uw",
        "tack för",
        "tak for",
        "takk for",
        "kiitos",
        "dziękujemy",
        "děkujeme",
        "ďakujeme",
        "köszönjük",
        "vă mulțumim",
        "teşekkür",
        "ευχαριστούμε",
        "спасибо",
        "благодарим",
        "дякуємо",
        "ありがとうございます",
        "感谢",
        "感謝",
        "谢谢",
        "감사합니다",
        "תודה",
        "شكرا",
        "cảm ơn",
        "terima kasih",
    ];
    let head = plain(clip(split.own.trim_start(), HEAD_BYTES));
    WORDS.iter().any(|words| head.contains(words))
}

fn asks(split: &Split) -> bool {
    split.own.contains(['?', '？'])
}

/// People tell their colleagues beforehand: several of them, or of a time to come. A program answers one person, and
/// mostly under the subject of what it answers.
fn announces(message: &Message, split: &Split) -> bool {
    const FUTURE: &[&str] = &[
        "i will be",
        "i'll be",
        "i am going",
        "i'm going",
        "we will be",
        "i shall be",
        "werde ich",
        "ich werde",
        "nächste woche",
        "next week",
        "tomorrow",
        "morgen",
        "demain",
        "mañana",
        "domani",
        "la semaine prochaine",
        "la próxima semana",
    ];
    const EVERYBODY: &[&str] = &[
        " all,",
        " all ",
        "everyone",
        "everybody",
        "team",
        "folks",
        "colleagues",
        "guys",
        "kollegen",
        "zusammen",
        "à tous",
        "collègues",
        "a todos",
        "a tutti",
        "allemaal",
        "alla",
    ];
    let head = plain(clip(split.own.trim_start(), HEAD_BYTES));
    let greeting: String = head.chars().take(40).collect();
    let several = message.to.len() + message.cc.len() > 1;
    let everybody = EVERYBODY.iter().any(|words| greeting.contains(words));
    let beforehand = !subjects::names_another(&message.subject) && FUTURE.iter().any(|words| head.contains(words));
    several || everybody || beforehand
}

/// Whether the author's words begin like a notice of absence.
fn says(split: &Split) -> bool {
    let head = plain(clip(split.own.trim_start(), HEAD_BYTES));
    ABSENT.iter().any(|words| head.contains(words))
}

/// Challenge-response: TMDA, Spam Arrest, BoxTrapper, ChoiceMail, EarthLink and their kin.
fn challenges(message: &Message, split: &Split, machine: Machine) -> bool {
    const FIELDS: &[&str] =
        &["X-BoxTrapper-Verify", "X-TMDA-Confirm", "X-SpamArrest", "X-UOL-Antispam", "X-Challenge-Response"];
    if FIELDS.iter().any(|name| message.field(name).next().is_some()) {
        return true;
    }
    let subject = plain(&message.subject);
    let called = receipts::CHALLENGES.iter().any(|words| subject.contains(words));
    let head = plain(clip(&split.own, 2_000));
    let by_hand = split.own.contains(['?', '？']) || report::greets(&head);
    called && (machine == Machine::Yes || !by_hand) && CHALLENGED.iter().any(|words| head.contains(words))
}

/// What a challenge asks for, in lower case.
const CHALLENGED: &[&str] = &[
    "verify that you are",
    "verify your email",
    "verify your e-mail",
    "verify your message",
    "confirm that you are",
    "confirm that this message",
    "confirm that you sent",
    "confirm your message",
    "release your message",
    "deliver your message",
    "held until",
    "held pending",
    "being held",
    "has not been delivered",
    "to be delivered",
    "reply to this message",
    "reply to this email",
    "simply reply",
    "click the link",
    "click on the link",
    "click here",
    "spam arrest",
    "boxtrapper",
    "anti-spam",
    "antispam",
    "whitelist",
    "allowed senders",
    "bestätigen sie",
    "confirmez",
    "confirme",
    "conferma",
    "confirmar",
    "bevestig",
    "potwierdź",
    "подтвердите",
];

/// With these words notices of absence begin, in lower case, by language.
const ABSENT: &[&str] = &[
    // English
    "out of the office",
    "out of office",
    "away from the office",
    "away from my desk",
    "away from my email",
    "i am on vacation",
    "i'm on vacation",
    "on annual leave",
    "on maternity leave",
    "on parental leave",
    "on sick leave",
    "i am on leave",
    "i'm on leave",
    "i am currently on leave",
    "i am on holiday",
    "i'm on holiday",
    "i am currently away",
    "i am away",
    "limited access to email",
    "limited access to my email",
    "no access to email",
    "not in the office",
    "no longer with the company",
    "no longer works",
    "no longer employed",
    "this is an automatic reply",
    "this is an automated reply",
    "this is an automatic response",
    "this is an automated response",
    "thank you for your email. i am",
    // German
    "nicht im büro",
    "nicht im haus",
    "außer haus",
    "ausser haus",
    "bin ich abwesend",
    "ich bin abwesend",
    "bin abwesend",
    "derzeit abwesend",
    "zurzeit abwesend",
    "zur zeit abwesend",
    "im urlaub",
    "in elternzeit",
    "nicht erreichbar",
    "nicht mehr im unternehmen",
    "automatische antwort",
    // French
    "absent du bureau",
    "absente du bureau",
    "je suis absent",
    "je suis actuellement absent",
    "je serai absent",
    "actuellement absent",
    "actuellement en congé",
    "je suis en congé",
    "en congés",
    "en vacances",
    "hors du bureau",
    "réponse automatique",
    // Spanish, Catalan
    "fuera de la oficina",
    "fuera de oficina",
    "estoy ausente",
    "estaré ausente",
    "estoy de vacaciones",
    "de vacaciones",
    "me encuentro fuera",
    "respuesta automática",
    "fora de l'oficina",
    "estic de vacances",
    // Italian
    "fuori ufficio",
    "fuori sede",
    "sono assente",
    "sarò assente",
    "sono in ferie",
    "in ferie",
    "risposta automatica",
    // Portuguese
    "fora do escritório",
    "ausente do escritório",
    "estou ausente",
    "estarei ausente",
    "estou de férias",
    "de férias",
    "em férias",
    "resposta automática",
    // Dutch
    "niet op kantoor",
    "afwezig",
    "met vakantie",
    "op vakantie",
    "met verlof",
    "buiten kantoor",
    // Swedish, Norwegian, Danish, Finnish, Icelandic
    "inte på kontoret",
    "är på semester",
    "på semester",
    "är tjänstledig",
    "är borta",
    "föräldraledig",
    "ikke på kontoret",
    "ikke til stede",
    "har ferie",
    "er på ferie",
    "på ferie",
    "fraværende",
    "ikke på arbejde",
    "poissa toimistosta",
    "olen poissa",
    "olen lomalla",
    "en ole toimistolla",
    "ekki á skrifstofunni",
    "í fríi",
    // Polish, Czech, Slovak
    "poza biurem",
    "jestem nieobecn",
    "na urlopie",
    "przebywam na",
    "mimo kancelář",
    "nejsem v kanceláři",
    "nepřítom",
    "na dovolené",
    "mimo kancelárie",
    "neprítomn",
    "na dovolenke",
    // Hungarian, Romanian, Turkish, Greek
    "házon kívül",
    "nem vagyok az irodában",
    "szabadságon",
    "nu sunt la birou",
    "în afara biroului",
    "în concediu",
    "ofis dışında",
    "ofiste değilim",
    "izindeyim",
    "izinde",
    "tatildeyim",
    "εκτός γραφείου",
    "απουσιάζω",
    "θα απουσιάσω",
    "σε άδεια",
    // Croatian, Serbian, Slovenian, Bulgarian, Estonian, Latvian, Lithuanian
    "izvan ureda",
    "nisam u uredu",
    "na godišnjem",
    "nisem v pisarni",
    "na dopustu",
    "odsoten",
    "odsotna",
    "ван канцеларије",
    "na odmoru",
    "извън офиса",
    "в отпуск",
    "kontorist väljas",
    "olen puhkusel",
    "ārpus biroja",
    "esmu atvaļinājumā",
    "nesu biure",
    "ne biure",
    "atostogauju",
    "atostogose",
    // Russian, Ukrainian
    "не в офисе",
    "вне офиса",
    "нахожусь в отпуске",
    "в отпуске",
    "буду отсутствовать",
    "отсутствую",
    "у відпустці",
    "не в офісі",
    "поза офісом",
    // Japanese, Chinese, Korean
    "不在にして",
    "不在となり",
    "不在です",
    "休暇を",
    "休暇中",
    "休業",
    "自動返信",
    "自動応答",
    "不在办公室",
    "不在辦公室",
    "休假",
    "外出",
    "自动回复",
    "自動回覆",
    "부재중",
    "휴가",
    "자리를 비",
    // Hebrew, Arabic, Persian, Hindi, Thai, Vietnamese, Indonesian
    "מחוץ למשרד",
    "בחופשה",
    "خارج المكتب",
    "في إجازة",
    "خارج از دفتر",
    "در مرخصی",
    "कार्यालय से बाहर",
    "अवकाश पर",
    "ไม่อยู่ที่สำนักงาน",
    "ลาพักร้อน",
    "vắng mặt",
    "không có mặt",
    "nghỉ phép",
    "di luar kantor",
    "sedang cuti",
];
