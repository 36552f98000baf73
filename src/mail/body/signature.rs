//! What mail programs, telephones and lawyers put below a text.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::fold::folded;
use super::languages::{Beginnings, FOOTERS, FRAMES};
use super::{Line, card};
use crate::mail::closing::CLOSINGS;
use crate::mail::message::clip;

/// A signature has no more lines than this, blank ones aside.
const LINES: usize = 40;
/// One below a line that is drawn for other ends too.
const CARD: usize = 12;
/// A line of so many bytes goes on in the next one.
const LONG: usize = 60;

/// What begins a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// `-- ` (RFC 3676 §4.3).
    Sure,
    /// A line of dashes: what stands below has to look like a signature.
    Ruled,
    /// The words of lawyers: nothing of the author's stands below.
    Lawful,
}

pub fn opens(lines: &[Line<'_>], at: usize) -> Option<Opening> {
    let line = &lines[at];
    if line.depth > 0 {
        return None;
    }
    let below = lines.get(at + 1).map_or("", |below| below.content);
    let ruled = line.content.len() >= 2 && line.content.chars().all(|c| "-_*=~—".contains(c));
    match line.content {
        // A comment of a program, or a table.
        "--" => (!below.starts_with(['-', '|', '_'])).then_some(Opening::Sure),
        _ if ruled => Some(Opening::Ruled),
        _ => is_disclaimer(lines, at).then_some(Opening::Lawful),
    }
}

/// Keeps of what looks like a signature the first stretch that is one; what stands above it is the author's, and what
/// stands below it is to be asked again.
pub fn kept(lines: &[Line<'_>], run: Range<usize>) -> Range<usize> {
    let begin = begins(lines, run.clone()).unwrap_or(run.end);
    begin..goes_on(lines, begin..run.end).unwrap_or(run.end)
}

/// Lines that somebody may have written in an element for signatures.
const TOLD: usize = 200;

/// The same of what an element for signatures holds: some write in it, above the card or in its place.
pub fn kept_in_element(lines: &[Line<'_>], run: Range<usize>, above: Above) -> Range<usize> {
    let mut filled = run.clone().filter(|at| !lines[*at].content.is_empty()).peekable();
    let greeting = filled.next_if(|at| is_salutation(lines[*at].content));
    let begins = filled.peek().or(greeting.as_ref()).is_some_and(|at| is_told(lines[*at].content));
    let mut begin = run.start;
    let mut asked = false;
    for at in filled.take(TOLD).take_while(|at| begins && !is_disclaimer(lines, *at)) {
        if is_told(lines[at].content) || begin > run.start && begin == at && lines[at - 1].raw.len() >= LONG {
            begin = at + 1;
            asked |= lines[at].content.contains(['?', '？']);
        }
    }
    // Below an answer a sentence is the motto of a company.
    if above == Above::Answer && !asked {
        begin = run.start;
    }
    let postscript = (begin..run.end).find(|at| card::is_postscript(lines[*at].content));
    begin..postscript.unwrap_or(run.end)
}

/// What an author said above a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Above {
    /// A salutation at most.
    Nothing,
    Answer,
}

/// `Hello Anna,`: other words follow.
pub fn is_salutation(content: &str) -> bool {
    const WORDS: usize = 4;
    content.ends_with([',', '!', ':', '，', '！', '、'])
        && content.split_whitespace().count() <= WORDS
        && !CLOSINGS.contains(folded(content).trim_end_matches([',', '!', ' ']))
}

fn is_told(content: &str) -> bool {
    card::is_sentence(content) && !is_footer(content)
}

/// Where below `-- `, at `run.start`, the author's words go on: at a postscript, or where a paragraph below the card
/// asks something.
fn goes_on(lines: &[Line<'_>], run: Range<usize>) -> Option<usize> {
    if run.is_empty() || opens(lines, run.start) != Some(Opening::Sure) {
        return None;
    }
    let filled = |at: usize| !lines[at].content.is_empty();
    let card = (run.start + 1..run.end).find(|at| filled(*at))?;
    let mut told = None;
    for at in card..run.end {
        let content = lines[at].content;
        let paragraph = filled(at) && !filled(at - 1);
        if card::is_postscript(content) && (paragraph || content.get(..3).is_some_and(|head| head.contains(':'))) {
            return Some(at);
        }
        if at == card || !paragraph {
            continue;
        }
        let below = &lines[at..at + lines[at..run.end].iter().take_while(|line| !line.content.is_empty()).count()];
        if is_disclaimer(lines, at) {
            return None;
        }
        let from = told.unwrap_or(at);
        if card::asks(below) {
            return Some(from);
        }
        told = below.iter().any(|line| card::is_sentence(line.content)).then_some(from);
    }
    None
}

/// Whether `--` is a rule between two paragraphs of the author's: no card stands right below, and something is asked.
fn is_rule(lines: &[Line<'_>], at: usize, end: usize) -> bool {
    let apart = lines[at].raw.ends_with('-') && lines.get(at + 1).is_some_and(|below| below.content.is_empty());
    let below = &lines[at + 1..end.min(at + 1 + 2 * LINES)];
    apart && below.split(|line| line.content.is_empty()).any(card::asks)
}

/// Keeps of a signature, from its first opening on, what is one; the rest is the author's. `filled` are the lines that
/// are not blank, from each line on.
fn begins(lines: &[Line<'_>], run: Range<usize>) -> Option<usize> {
    let mut filled = 0;
    let mut below = run.end;
    let mut found = None;
    for at in run.clone().rev() {
        let opening = opens(lines, at);
        let fits = match opening {
            Some(Opening::Sure) => filled <= LINES && !is_rule(lines, at, run.end),
            Some(Opening::Lawful) => filled <= LINES && ends_lawfully(&lines[at..run.end]),
            // The line that ends the text, above a quotation or what a telephone says, says nothing.
            Some(Opening::Ruled) if filled == 0 || Some(below) == found => true,
            Some(Opening::Ruled) => filled <= CARD && card::is_card(lines[at].content, &lines[at + 1..run.end]),
            None => false,
        };
        found = if fits { Some(at) } else { found };
        if !lines[at].content.is_empty() {
            filled += usize::from(!is_footer(lines[at].content));
            below = at;
        }
        if filled > LINES + 1 {
            break;
        }
    }
    found
}

/// The paragraph that lawyers ask for.
fn is_disclaimer(lines: &[Line<'_>], at: usize) -> bool {
    let content = lines[at].content;
    if content.len() < 10 {
        return false;
    }
    let start = folded(clip(content, 60));
    let start = start.trim_start_matches(['*', '_', '-', ' ', '[', '(', '"', '“', '/', '#']);
    if DISCLAIMED.of_line(start).is_none() {
        return false;
    }
    let head = paragraph(&lines[at..]);
    let spoken = [&*SECRET, &*PROTECTED, &*MEANT].into_iter().filter(|words| words.is_match(&head)).count();
    head.len() >= 60 && spoken >= 2 && !head.contains(['?', '？'])
}

/// The first lines up to a blank one, folded: they may be wrapped.
fn paragraph(lines: &[Line<'_>]) -> String {
    let filled = lines.iter().take(LINES).take_while(|line| !line.content.is_empty());
    filled.map(|line| folded(clip(line.content, 500)) + " ").collect()
}

/// Whether below the first paragraph stands nothing but more of its kind, footers, and cards.
fn ends_lawfully(lines: &[Line<'_>]) -> bool {
    lines.split(|line| line.content.is_empty()).skip(1).filter(|part| !part.is_empty()).all(|part| {
        let words = paragraph(part);
        let lawful = [&*SECRET, &*PROTECTED, &*MEANT, &*ADVICE].into_iter().any(|known| known.is_match(&words));
        let furniture = |line: &Line<'_>| is_footer(line.content) || card::is_line(line.content);
        !words.contains(['?', '？']) && (lawful || part.iter().all(furniture))
    })
}

/// A line such as "Sent from my telephone".
pub fn is_footer(content: &str) -> bool {
    if content.is_empty() || content.len() > 200 {
        return false;
    }
    let line = folded(content);
    // Plain words are found faster than what stands around them, and every line is asked.
    let line = if line.contains("http") { LINK.replace_all(&line, "") } else { Cow::Borrowed(line.as_str()) };
    let line = line.trim_start_matches(['*', '_', '-', '(', '[', '<', ' ', '~', '—', '–']);
    let excuse = if line.contains("excuse") { POLITELY.find(line) } else { None };
    let unexcused = excuse.map_or(line, |words| &line[..words.start()]);
    let framed = unexcused.trim_end_matches(['.', '*', '_', ')', ']', '>', ' ', '!', '。']);
    let other = || line.len() >= 12 && (POLITE_WORDS.of_line(line).is_some() || is_scanned(line));
    is_advertised(framed) || FRAMES.hold(framed) && speaks_of_device(framed, 0, 2, 5) || other()
}

/// `Sent from my telephone`, `Get Outlook for iOS`.
fn is_advertised(line: &str) -> bool {
    let Some(opening) = FOOTERS.of_line(line) else { return false };
    // A program that does not run is spoken of in the same words.
    let offered = !opening.contains("outlook") || line.len() == opening.trim_end().len() || PLATFORM.is_match(line);
    offered && speaks_of_device(line, opening.len(), 2, 7)
}

/// Whether at most `before` words of `line` stand between byte `from` and what it names, and at most `behind` follow.
fn speaks_of_device(line: &str, from: usize, before: usize, behind: usize) -> bool {
    let words = |part: &str| part.split_whitespace().count();
    let fits = |(start, end): (usize, usize)| {
        let between = line.get(from..start).map_or(0, |part| part.split(' ').count().saturating_sub(1));
        between <= before && words(line[end..].trim_start_matches(|c: char| !c.is_whitespace())) <= behind
    };
    DEVICE.find(line).is_some_and(|device| fits((device.start(), device.end())))
}

/// Where a program is to be had.
static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\s*[<(]\s*https?:[^>)]*[>)]").expect("a constant"));
/// What follows on the same line.
static POLITELY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[.,] (?:please )?excuse (?:my |any |the )?(?:brevity|typos)").expect("a constant"));
static PLATFORM: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:ios|android|mac|macos|windows|mobile|web)\S*(?: 1\d)?$").expect("a constant"));

/// `Virus-free. www.avast.com`, in one line or two.
fn is_scanned(line: &str) -> bool {
    if !SCANNER.is_match(line) {
        return false;
    }
    let Some(scanner) = SCANNERS.iter().find(|scanner| line.contains(**scanner)) else { return false };
    let page = ["www.avast.com", "www.avg.com", "http://www.avg.com", "https://www.avast.com"];
    page.contains(&line.trim_end_matches(['.', ' ', '>']))
        || ["vir", "vír", "wirus", "вирус", "病毒", "ウイルス", "바이러스", "ιούς"]
            .iter()
            .any(|virus| line.contains(virus))
            && (line.contains(&format!("www.{scanner}")) || CHECKED.iter().any(|checked| line.contains(checked)))
}

const SCANNERS: &[&str] = &["avast", "www.avg.com", "avg antivirus", "by avg", "norton", "kaspersky", "eset "];

/// All of them at once: every line of the author's is asked.
static SCANNER: LazyLock<Regex> = LazyLock::new(|| {
    let escaped: Vec<String> = SCANNERS.iter().map(|scanner| regex::escape(scanner)).collect();
    Regex::new(&escaped.join("|")).expect("made of escaped words")
});

/// What a scanner did.
const CHECKED: &[&str] = &[
    "checked",
    "scanned",
    "geprüft",
    "vérifié",
    "analizado",
    "controllat",
    "gecontroleerd",
    "escaneado",
    "verificad",
    "sprawdzon",
    "проверен",
    "перевірен",
    "zkontrolov",
    "skontrolov",
    "sökts",
    "scannet",
    "kontrolleret",
    "tarkast",
    "ellenőriz",
    "verificat",
    "taranm",
    "kontrol edil",
    "チェック",
    "扫描",
    "검사",
];

static POLITE_WORDS: LazyLock<Beginnings> = LazyLock::new(|| Beginnings::of(POLITE.iter().copied()));

/// Lines that ask for indulgence, or for trees; what web mailers say of themselves.
const POLITE: &[&str] = &[
    "this message was sent using imp, ",
    "this mail sent through imp: ",
    "please excuse brevity",
    "please excuse my brevity",
    "please excuse any typos",
    "please excuse typos",
    "please excuse the brevity",
    "excuse typos",
    "excuse any typos",
    "excuse my brevity",
    "excuse the brevity",
    "please consider the environment before printing",
    "please think of the environment before printing",
    "think before you print",
    "bitte denken sie an die umwelt",
    "bitte prüfen sie der umwelt zuliebe",
    "pensez à l'environnement avant d'imprimer",
    "merci de penser à l'environnement avant d'imprimer",
    "antes de imprimir este mensaje, ",
    "antes de imprimir este correo, ",
    "por favor, piense en el medio ambiente antes de imprimir",
    "prima di stampare, pens",
    "prima di stampare questa ",
    "denk aan het milieu",
    "pomyśl o środowisku",
];

/// What such a line speaks of: somebody's own machine, or a program.
static DEVICE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"dispositivo|device|(?-u:\b)cell(?-u:\b)|applic|aplik|telemóvel|αλληλογραφία|",
        r"phone|ipho|ipad|ipod|android|galaxy|samsung|huawei|honor|xiaomi|redmi|pixel|nokia|oneplus|oppo|xperia|sony|",
        r"motorola|blackberry|windows|outlook|gmail|yahoo|(?:^|[ .])mail(?: app| for | für | voor | til | mobile|spring|[.]|$)|mymail|hushmail|libero mail|proton|tutanota|spark|sparrow|mobile|mobil|móvil|movil|",
        r"celular|cellulare|telefon|téléphone|teléfono|telefono|telefone|puhelim|telephone|handy|smartphone|tablet|gsm|",
        r"телефон|смартфон|κινητό|nutitelefon|app(?-u:\b)|thunderbird|airmail|foxmail|qq|163|微信|netease|网易|华为|小米|nine(?-u:\b)|yandex|яндекс|aol(?-u:\b)|front$|spike|canary|superhuman|tuta(?-u:\b)|zoho|em client|the go(?-u:\b)|typeapp|",
        r"galaxy|airmail|bluemail|почты|posta(?-u:\b)|posty(?-u:\b)|tālru|urządz|vienum|郵件|邮件|메일|휴대폰|האייפון|اندروید|moto(?-u:\b)|мобіл|мобил|手机|手機|電話|갤럭시|",
        r"הטלפון|הנייד|نقال|هاتف|هاتفي|جوال|جهاز|گوشی|โทรศัพท์|điện thoại|ponsel|telepon|スマートフォン|スマホ|携帯",
    ))
    .expect("a constant")
});

static DISCLAIMED: LazyLock<Beginnings> = LazyLock::new(|| Beginnings::of(DISCLAIMERS.iter().copied()));

/// Beginnings of disclaimers; they count where one of [`SECRETS`] follows.
const DISCLAIMERS: &[&str] = &[
    "this e-mail",
    "this electronic mail",
    "this email",
    "this message",
    "this communication",
    "this transmission",
    "this mail",
    "the information contained",
    "the information transmitted",
    "the information in this",
    "the content of this",
    "the contents of this",
    "confidential",
    "disclaimer",
    "important notice",
    "privileged",
    "diese e-mail",
    "diese email",
    "diese mail",
    "diese nachricht",
    "der inhalt dieser",
    "haftungsausschluss",
    "wichtiger hinweis",
    "die information in dieser",
    "die in dieser",
    "vertraulichkeitshinweis",
    "ce message",
    "ce message électronique",
    "ce courriel",
    "ce mail",
    "cet e-mail",
    "les informations contenues",
    "avis de confidentialité",
    "este mensaje",
    "este correo",
    "la información contenida",
    "aviso legal",
    "questo messaggio",
    "questa e-mail",
    "questa email",
    "le informazioni contenute",
    "ai sensi del",
    "dit bericht",
    "deze e-mail",
    "de informatie in",
    "de inhoud van",
    "de informatie verzonden",
    "esta mensagem",
    "este e-mail",
    "este email",
    "as informações contidas",
    "ta wiadomość",
    "niniejsza wiadomość",
    "treść tej wiadomości",
    "detta meddelande",
    "detta e-postmeddelande",
    "denna e-post",
    "denne e-post",
    "denne mail",
    "denne meddelelse",
    "tämä viesti",
    "tato zpráva",
    "táto správa",
    "ez az e-mail",
    "acest mesaj",
    "acest e-mail",
    "настоящее сообщение",
    "это сообщение",
    "данное сообщение",
    "bu e-posta",
    "bu mesaj",
    "このメール",
    "本メール",
    "本邮件",
    "此邮件",
    "이 메일",
];

/// What disclaimers say of what they stand below: two of three.
static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        "confidential|vertraulich|confidentiel|confidencia|confidenzial|confidențial|riservat|vertrouwelijk|poufn|",
        "konfidenti|fortrolig|luottamuksel|důvěrn|dôvern|bizalmas|конфиденциальн|конфіденційн|gizli|機密|机密|保密|기밀",
    ))
    .expect("a constant")
});
static PROTECTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        "privileged|legally protected|protected by law|proprietary|rechtlich geschützt|privilégié|privilegiad|",
        "secreto profesional|sigilo|secret professionnel|segreto professionale|prawnie chronion|",
        "unauthori[sz]ed|unbefugt|non autoris|no autorizad|non autorizzat",
    ))
    .expect("a constant")
});
static MEANT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        "intended (?:only|solely|exclusively|recipient|for the)|solely for the|addressee|richtige adressat|",
        "ausschließlich für|nur für den|bestimmt für|intention exclusive|exclusivement|ses destinataires|",
        "exclusivamente|uso exclusivo|solo destinatario|esclusivamente|bestemd voor|geadresseerde|uitsluitend|",
        "wyłącznie|avsedd|beregnet|tiltenkt|tarkoitettu|určen|címzett|exclusiv |исключительно|предназначен|",
        "yalnızca|sadece|指定|収信者|宛先以外|收件人|수신인|수신자",
    ))
    .expect("a constant")
});
/// What their further paragraphs ask for.
static ADVICE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        "(?:notify|inform) the sender|delete (?:it|this|the)|in error|liab|disclos|viruses|benachrichtigen|",
        "vernichten|irrtümlich|virus",
    ))
    .expect("a constant")
});
