//! The words of subjects: prefixes, and those that say nothing about the matter.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::mail::body::fold::folded;

/// Words that are compared, at most.
const WORDS: usize = 60;
/// Letters that a word needs to be found within another: compounds, endings.
const WITHIN: usize = 4;
/// Letters at the beginning that make one word of two with different endings.
const STEM: usize = 6;

/// What mail programs put before the subject of a reply, folded.
pub const REPLY: &[&str] = &[
    "re",
    "aw",
    "antw",
    "antwort",
    "sv",
    "svar",
    "vs",
    "res",
    "resp",
    "r",
    "rif",
    "rép",
    "rép.",
    "réf",
    "rep",
    "ref",
    "reply",
    "odp",
    "odpověď",
    "odg",
    "одг",
    "отв",
    "отг",
    "ответ",
    "відп",
    "відповідь",
    "на",
    "ha",
    "ynt",
    "yan",
    "bls",
    "balas",
    "atb",
    "ats",
    "vast",
    "vá",
    "válasz",
    "răsp",
    "rasp",
    "απ",
    "απάντηση",
    "σχετ",
    "tl",
    "trả lời",
    "回复",
    "回覆",
    "答复",
    "答覆",
    "返信",
    "답장",
    "회신",
    "답글",
    "उत्तर",
    "जवाब",
    "ตอบ",
    "ตอบกลับ",
    "رد",
    "پاسخ",
    "الرد",
    "השב",
    "תגובה",
    "תשובה",
    "odgovor",
    "одговор",
    "përgj",
    "er",
];

/// What they put before the subject of a forward, folded.
pub const FORWARD: &[&str] = &[
    "fw",
    "fwd",
    "fs",
    "wg",
    "tr",
    "i",
    "inoltra",
    "rv",
    "reenv",
    "enc",
    "vb",
    "vl",
    "vd",
    "vidbef",
    "doorst",
    "dfw",
    "vidarebefordrat",
    "videresendt",
    "weitergeleitet",
    "weiterl",
    "proslj",
    "edelleenlähetetty",
    "välitetty",
    "yönl",
    "doorgestuurd",
    "pd",
    "prosl",
    "přep",
    "předáno",
    "továbbítás",
    "tov",
    "πρθ",
    "ilt",
    "i\u{307}lt",
    "ılt",
    "yml",
    "trs",
    "пер",
    "пересл",
    "препр",
    "переслано",
    "препр.",
    "转发",
    "轉發",
    "轉寄",
    "転送",
    "전달",
    "chuyển tiếp",
    "ส่งต่อ",
    "הועבר",
    "إعادة توجيه",
];

/// What people write between the word for a case and its number, folded.
pub const NUMBER: &[&str] =
    &["no", "nr", "nº", "n°", "number", "nummer", "numero", "número", "numéro", "num", "номер", "番号", "号"];

/// What gateways put before the subject of mail from outside, or of mail that they suspect, folded.
pub const WARNING: &[&str] = &[
    "bulk",
    "caution",
    "disarmed",
    "encrypted",
    "esterna",
    "esterno",
    "ext",
    "extern",
    "externa",
    "external",
    "external e-mail",
    "external email",
    "external mail",
    "external message",
    "external sender",
    "externe",
    "externe e-mail",
    "externe mail",
    "externer absender",
    "externo",
    "externí",
    "külső",
    "marketing",
    "phishing",
    "possible spam",
    "probable spam",
    "sender not verified",
    "spam",
    "suspected phishing",
    "suspected spam",
    "suspicious",
    "unverified sender",
    "warning",
    "warning: external",
    "warning: external email",
    "zewnętrzny",
    "внешнее",
    "внешнее письмо",
    "спам",
    "外部",
    "外部メール",
    "外部邮件",
    "社外",
    "迷惑メール",
    "외부",
    "스팸",
];

/// Words that stand in subjects of any matter: articles and prepositions, greetings, thanks, and words for having
/// something to ask. Folded, without marks over letters; words of one letter count as none anyway.
const EMPTY: &str = "
    the and for with from about your you our are was not this that have has can how what when why who new old one all
    any another again more please hello hi hey dear thanks thank help question questions problem problems issue request
    support urgent important message mail email subject case answer reply update info information no none on of in to is
    it my me we us at by as or an be do yes ok okay test attached news status follow up followup reminder still open
    there anybody now further details

    der die das den dem des ein eine einen einer und oder mit von vom fur fuer bei zum zur zu im am auf aus nicht ist ihr
    ihre ihrer unser unsere mein meine noch wieder bitte hallo danke dank vielen hilfe frage fragen anfrage problem
    probleme nachricht betreff kein keine ohne dringend wichtig antwort neue neu neuer neues uber nochmal nachtrag fall
    vorgang nachfrage ruckfrage stand sachstand erinnerung

    le la les un une du de et ou avec pour sur dans par votre notre mon ma mes bonjour salut merci question probleme
    demande aide objet sans aucun message urgent suite au aux est pas nouveau nouvelle reponse relance rappel suivi

    el los las una uno con por para sobre del al su sus mi hola gracias pregunta problema consulta solicitud ayuda asunto
    sin mensaje respuesta nuevo nueva urgente recordatorio seguimiento actualizacion os um uma com em na da dos seu sua
    meu minha ola obrigado obrigada pergunta duvida pedido ajuda assunto sem mensagem resposta lembrete acompanhamento
    atualizacao il lo gli di per nel nella della dello ciao salve buongiorno grazie domanda richiesta aiuto oggetto
    nessun nessuno messaggio risposta nuovo nuova sollecito aggiornamento

    het een van voor met bij uw mijn onze bedankt vraag vragen probleem verzoek hulp onderwerp geen bericht antwoord
    nieuw nieuwe spoed herinnering opvolging

    och og att om en ett et det med till til fran fra din min er var hej hei tack takk tak fraga sporgsmal sporsmal
    arende hjalp hjelp amne emne ingen inget intet meddelande besked svar ny nytt nyt paminnelse pamindelse oppfolging
    ja tai kiitos kysymys ongelma apua aihe ei viesti uusi

    od za ze nie czy dla pytanie pomoc prosba dziekuje witam temat brak tematu bez wiadomosc nowy nowa przypomnienie dotaz
    dekuji dobry predmet predmetu zprava novy nova otazka dakujem

    az egy es kerdes segitseg koszonom targy nelkul uj si cu pentru intrebare ajutor multumesc subiect fara ve bir ile
    icin soru sorun yardim tesekkurler merhaba konu konusuz yok yeni

    без темы тема не на по для от вопрос проблема помощь помогите запрос спасибо здравствуите привет срочно сообщение
    новыи новая новое питання дякую теми въпрос благодаря

    και το τα του της για με απο ερωτηση βοηθεια ευχαριστω θεμα χωρις

    无主题 無主題 件名なし 無題 제목없음 제목 없음";

static EMPTY_WORDS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| EMPTY.split_whitespace().collect());

/// The words of a subject that mean something, folded.
pub struct Words(BTreeSet<String>);

impl Words {
    /// The words of a base subject.
    pub fn of(subject: &str) -> Words {
        let plain = bare(subject);
        let mut words = BTreeSet::new();
        for word in plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            if words.len() >= WORDS {
                break;
            }
            if EMPTY_WORDS.contains(word) {
                continue;
            }
            match word.contains(is_written_together) {
                true => words.extend(pairs(word)),
                false if word.chars().nth(1).is_some() => {
                    words.insert(word.to_owned());
                }
                false => {}
            }
        }
        Words(words)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when a word of one stands in the other: as it is, within a longer one, or with another ending.
    pub fn meets(&self, other: &Words) -> bool {
        self.0.iter().any(|one| other.0.iter().any(|two| one == two || are_akin(one, two)))
    }
}

/// Lower case, compatible forms made one, marks over letters gone: `É` is `e`, `Ｃ` is `c`.
fn bare(text: &str) -> String {
    let plain: String = folded(text).nfkd().filter(|c| !is_combining_mark(*c)).collect();
    // Hangul is taken apart by the decomposition above.
    plain.nfc().collect::<String>().to_lowercase()
}

fn are_akin(one: &str, other: &str) -> bool {
    let letters = |word: &str| word.chars().all(char::is_alphabetic);
    if !letters(one) || !letters(other) {
        return false;
    }
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let within = short.chars().count() >= WITHIN && long.contains(short);
    within || short.chars().zip(long.chars()).take_while(|(a, b)| a == b).count() >= STEM
}

/// Scripts that put no space between words.
fn is_written_together(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}')
}

/// Two signs that stand together are as good as a word; those of words that mean nothing are left out.
fn pairs(word: &str) -> Vec<String> {
    let empty = EMPTY_WORDS.iter().filter(|empty| empty.contains(is_written_together));
    let word = empty.fold(word.to_owned(), |word, empty| word.replace(empty, " "));
    let pieces = word.split(' ').flat_map(|piece| {
        let signs: Vec<char> = piece.chars().collect();
        signs.windows(2).map(|pair| pair.iter().collect::<String>()).collect::<Vec<_>>()
    });
    pieces.take(WORDS).collect()
}
