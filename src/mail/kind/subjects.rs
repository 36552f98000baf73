//! Subjects of automatic replies, by language; all in lower case. Weak evidence: people write
//! about them too (B13).

/// With these a subject begins that a program wrote; what follows is the subject that it answers.
const PREFIXES: &[&str] = &[
    // English
    "automatic reply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto-response",
    "autoresponse",
    "automated reply",
    "automated response",
    "automatic response",
    "autoresponder",
    "auto respond",
    "out of office reply",
    "out of office autoreply",
    "out of office auto-reply",
    "out of office automatic reply",
    "out-of-office reply",
    "[auto-reply]",
    "[auto reply]",
    "[request received]",
    "[autoreply]",
    "(auto reply)",
    "(autoreply)",
    "vacation reply",
    "vacation auto-reply",
    "vacation response",
    "holiday auto-reply",
    // German
    "automatische antwort",
    "automatische rückantwort",
    "autoantwort",
    "auto-antwort",
    "abwesenheitsnotiz",
    "abwesenheitsnachricht",
    "abwesenheitsmeldung",
    "abwesenheitsassistent",
    "abwesenheitsbenachrichtigung",
    "automatische abwesenheit",
    "automatische abwesenheitsmeldung",
    "automatische abwesenheitsnotiz",
    "automatische rückmeldung",
    "automatische eingangsbestätigung",
    "urlaubsnotiz",
    // French
    "réponse automatique",
    "reponse automatique",
    "réponse d'absence",
    "message d'absence",
    "notification d'absence",
    "absence du bureau",
    "message automatique",
    "gestionnaire d'absence",
    // Spanish, Catalan, Galician, Basque
    "respuesta automática",
    "autorespuesta",
    "respuesta automatica",
    "respuesta de fuera de la oficina",
    "contestación automática",
    "resposta automàtica",
    "erantzun automatikoa",
    // Italian, Portuguese
    "risposta automatica",
    "risponditore automatico",
    "risposta fuori sede",
    "risposta di fuori sede",
    "resposta automática",
    "resposta automatica",
    "resposta de ausência",
    // Dutch
    "automatisch antwoord",
    "automatische beantwoording",
    "automatische reactie",
    "afwezigheidsbericht",
    "afwezigheidsassistent",
    // Swedish, Norwegian, Danish, Finnish, Icelandic
    "autosvar",
    "automatiskt svar",
    "automatisk svar",
    "frånvaromeddelande",
    "frånvaroavisering",
    "fraværsmelding",
    "fraværsassistent",
    "fraværssvar",
    "fraværsmeddelelse",
    "automaattinen vastaus",
    "poissaoloilmoitus",
    "poissaoloviesti",
    "sjálfvirkt svar",
    // Polish, Czech, Slovak, Slovenian, Croatian, Serbian
    "odpowiedź automatyczna",
    "automatyczna odpowiedź",
    "autoodpowiedź",
    "automatická odpověď",
    "automatická odpoveď",
    "samodejni odgovor",
    "automatski odgovor",
    "automatski odziv",
    "аутоматски одговор",
    // Russian, Ukrainian, Bulgarian, Macedonian
    "автоматический ответ",
    "автоответ",
    "автоматична відповідь",
    "автовідповідь",
    "аўтаматычны адказ",
    "автоматичен отговор",
    "автоматски одговор",
    // Hungarian, Romanian, Turkish, Greek, Albanian
    "automatikus válasz",
    "automatikus üzenet",
    "răspuns automat",
    "raspuns automat",
    "otomatik yanıt",
    "otomatik cevap",
    "otomatik ileti",
    "αυτόματη απάντηση",
    "përgjigje automatike",
    // Estonian, Latvian, Lithuanian
    "automaatvastus",
    "automaatne vastus",
    "automātiskā atbilde",
    "automātiska atbilde",
    "automatinis atsakymas",
    "automatinis atsakas",
    // Japanese, Chinese, Korean
    "自動応答",
    "自動返信",
    "自動回答",
    "不在通知",
    "不在応答",
    "不在自動応答",
    "自动回复",
    "自动答复",
    "自動回覆",
    "自動回復",
    "外出自动回复",
    "자동 회신",
    "자동회신",
    "자동 응답",
    "자동응답",
    "부재중 자동 회신",
    "부재 중",
    // Hebrew, Arabic, Persian, Hindi, Thai, Vietnamese, Indonesian, Malay
    "תשובה אוטומטית",
    "מענה אוטומטי",
    "رد تلقائي",
    "الرد التلقائي",
    "پاسخ خودکار",
    "स्वचालित उत्तर",
    "स्वत: उत्तर",
    "การตอบกลับอัตโนมัติ",
    "ตอบกลับอัตโนมัติ",
    "trả lời tự động",
    "thư trả lời tự động",
    "balasan otomatis",
    "balasan automatik",
    "awtomatikong tugon",
    "स्वयंचलित उत्तर",
    "স্বয়ংক্রিয় উত্তর",
    "தானியங்கு பதில்",
    "خودکار جواب",
    // Kazakh, Azerbaijani, Uzbek, Mongolian, Georgian, Armenian
    "автоматты жауап",
    "avtomatik cavab",
    "avtomatik javob",
    "автомат хариу",
    "ავტომატური პასუხი",
    "ավտոմատ պատասխան",
    // Welsh, Irish, Maltese, Luxembourgish, Afrikaans, Swahili
    "ateb awtomatig",
    "freagra uathoibríoch",
    "tweġiba awtomatika",
    "automatesch äntwert",
    "outomatiese antwoord",
    "jibu la kiotomatiki",
];

/// With these a subject begins, or is, that tells of absence; people choose such subjects too.
pub const ABSENCES: &[&str] = &[
    "out of office",
    "out-of-office",
    "out of the office",
    "ooo",
    "oof",
    "vacation",
    "on vacation",
    "on leave",
    "annual leave",
    "on annual leave",
    "maternity leave",
    "paternity leave",
    "parental leave",
    "holiday",
    "on holiday",
    "away from office",
    "away from my mail",
    "away from the office",
    "away",
    "abwesend",
    "abwesenheit",
    "urlaub",
    "elternzeit",
    "nicht im büro",
    "außer haus",
    "absence",
    "absent",
    "absent du bureau",
    "en congé",
    "congés",
    "vacances",
    "fuera de la oficina",
    "fuera de oficina",
    "ausente",
    "ausencia",
    "de vacaciones",
    "vacaciones",
    "fuori sede",
    "fuori ufficio",
    "assente",
    "assenza",
    "in ferie",
    "fora do escritório",
    "ausência",
    "ausente do escritório",
    "férias",
    "afwezig",
    "afwezigheid",
    "niet op kantoor",
    "vakantie",
    "frånvaro",
    "frånvarande",
    "ej på kontoret",
    "inte på kontoret",
    "semester",
    "fravær",
    "ikke på kontoret",
    "ikke til stede",
    "fraværende",
    "ferie",
    "poissa",
    "poissa toimistolta",
    "poissa toimistosta",
    "poissaolo",
    "lomalla",
    "nieobecność",
    "poza biurem",
    "nieobecny",
    "nieobecna",
    "urlop",
    "mimo kancelář",
    "nepřítomnost",
    "mimo kanceláriu",
    "neprítomnosť",
    "dovolená",
    "házon kívül",
    "távollét",
    "szabadság",
    "în afara biroului",
    "absenţă",
    "absență",
    "concediu",
    "ofis dışında",
    "ofis dışı",
    "εκτός γραφείου",
    "απουσία",
    "izvan ureda",
    "odsutan",
    "odsotnost",
    "odsoten",
    "ni v pisarni",
    "извън офиса",
    "отсъствие",
    "kontorist väljas",
    "puhkusel",
    "prombūtne",
    "ārpus biroja",
    "ne biure",
    "atostogos",
    "не в офисе",
    "вне офиса",
    "нет на месте",
    "нет на рабочем месте",
    "отсутствие на рабочем месте",
    "отпуск",
    "отсутствие",
    "поза офісом",
    "відпустка",
    "不在",
    "不在のお知らせ",
    "休暇",
    "休暇のお知らせ",
    "不在办公室",
    "外出",
    "休假",
    "休假通知",
    "不在辦公室",
    "부재중",
    "부재",
    "휴가",
    "מחוץ למשרד",
    "חופשה",
    "خارج المكتب",
    "إجازة",
    "خارج از دفتر",
    "ไม่อยู่ที่สำนักงาน",
    "vắng mặt",
    "không có mặt tại văn phòng",
    "di luar kantor",
    "cuti",
];

/// Words about absence, which count only where something else already speaks of a machine.
const ABSENCE: &[&str] = &[
    "out of office",
    "out-of-office",
    "out of the office",
    "on vacation",
    "on holiday",
    "on leave",
    "away from",
    "abwesend",
    "abwesenheit",
    "nicht im büro",
    "nicht im hause",
    "außer haus",
    "ausser haus",
    "im urlaub",
    "absence",
    "absent",
    "congé",
    "ausente",
    "vacaciones",
    "fuera de la oficina",
    "assente",
    "fuori sede",
    "fuori ufficio",
    "afwezig",
    "nieobecn",
    "semester",
    "frånvar",
    "fravær",
    "poissa",
    "mimo kancelář",
    "házon kívül",
    "ofis dışı",
    "εκτός γραφείου",
    "не в офисе",
    "в отпуске",
    "休暇",
    "不在",
    "休假",
    "부재중",
];

/// Whether a program wrote the subject, as an automatic reply.
pub fn is_auto_reply(subject: &str) -> bool {
    let subject = subject.trim().to_lowercase();
    // Notes writes `AUTO: Anna Berg is out of the office (returning 12.03.2025)`.
    let notes = subject.strip_prefix("auto:").is_some_and(|rest| ABSENCE.iter().any(|words| rest.contains(words)));
    notes || ends(&subject) || begins(&subject, PREFIXES) || begins_for(&subject) || tagged(&subject)
}

/// Whether the mark stands in brackets behind the subject that is answered.
pub fn ends_with_mark(subject: &str) -> bool {
    ends(&subject.trim().to_lowercase())
}

/// Whether the mark stands in brackets before the subject that is answered.
pub fn is_tagged(subject: &str) -> bool {
    tagged(&subject.trim().to_lowercase())
}

/// Whether `text`, in lower case, is the mark of an automatic reply and no more.
pub fn is_mark(text: &str) -> bool {
    PREFIXES.contains(&text.trim_matches(|c: char| !c.is_alphanumeric()))
}

fn ends(subject: &str) -> bool {
    const ENDS: &[&str] = &[
        "(auto reply)",
        "(auto-reply)",
        "(autoreply)",
        "[auto-reply]",
        "[autoreply]",
        "(automatic reply)",
        "(automatische antwort)",
        "(réponse automatique)",
        "(自動返信)",
        "（自動返信）",
        "【自動返信】",
        "(自動応答)",
        "（自動応答）",
        "(自动回复)",
        "（自动回复）",
    ];
    ENDS.iter().any(|end| subject.ends_with(end))
}

/// `Réponse automatique de Marie Petit`.
fn begins_for(subject: &str) -> bool {
    let behind = PREFIXES.iter().filter_map(|prefix| subject.strip_prefix(prefix));
    behind.into_iter().any(|rest| [" from ", " von ", " de ", " di ", " van "].iter().any(|of| rest.starts_with(of)))
}

/// Whether `text`, in lower case, names an automatic reply.
pub fn names_mark(text: &str) -> bool {
    PREFIXES.iter().any(|words| text.contains(words))
}

/// `【自動返信】ポンプについて`: the mark stands in brackets before the subject that is answered.
fn tagged(subject: &str) -> bool {
    let inside = [('[', ']'), ('【', '】'), ('(', ')'), ('［', '］')].iter().find_map(|(open, close)| {
        let (inside, behind) = subject.strip_prefix(*open)?.split_once(*close)?;
        (!behind.trim().is_empty()).then_some(inside)
    });
    inside.is_some_and(|inside| PREFIXES.iter().any(|words| inside.contains(words)))
}

/// Whether the subject is about absence alone, or a subject that an absent person's mailbox answers.
pub fn is_absence(subject: &str) -> bool {
    let subject = subject.trim().to_lowercase();
    // `Anna Berg is out of the office.`
    let said =
        ["is out of the office", "is out of office", "ist außer haus", "est absent", "está ausente", "è assente"];
    let lasts = || {
        let behind = ABSENCES.iter().filter_map(|words| subject.strip_prefix(words));
        behind.into_iter().any(|rest| LASTS.iter().any(|word| rest.starts_with(word)))
    };
    begins(&subject, ABSENCES) || lasts() || said.iter().any(|words| subject.contains(words))
}

/// `Out of the office until Monday`.
const LASTS: &[&str] = &[
    " until ",
    " till ",
    " bis ",
    " jusqu",
    " hasta ",
    " fino al ",
    " até ",
    " tot ",
    " t/m ",
    " til ",
    " till och med ",
    " do ",
    " до ",
];

/// Whether the mark stands there in several languages, as only programs put it.
pub fn says_it_twice(subject: &str) -> bool {
    let subject = subject.to_lowercase();
    let pieces: Vec<&str> = subject.split(['/', '|']).map(str::trim).collect();
    pieces.len() > 1 && pieces.iter().all(|piece| begins(piece, PREFIXES))
}

/// Whether a notice of absence goes on with the subject of the mail that it answers, or names who is absent.
pub fn names_another(subject: &str) -> bool {
    let subject = subject.trim();
    subject.split_once([':', '：']).is_some_and(|(_, rest)| !rest.trim().is_empty()) || subject.contains(" is out of ")
}

/// How the mark goes on, where no colon follows.
const ANSWERED: &[&str] = &["re:", "aw:", "auf ihre", "to your m", "to your e", "à votre m", "a su m", "al suo m"];

fn begins(subject: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| {
        let colon = subject.strip_prefix(prefix).map(str::trim_start);
        colon.is_some_and(|rest| {
            prefix.ends_with([':', ']', ')'])
                || rest.is_empty()
                || rest.starts_with([':', '：', '՝', '-', '(', '/', '【', '–', '.', '!'])
                || ANSWERED.iter().any(|words| rest.starts_with(words))
        })
    })
}

pub fn mentions_absence(subject: &str) -> bool {
    let subject = subject.to_lowercase();
    ABSENCE.iter().any(|words| subject.contains(words))
}
