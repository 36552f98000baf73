//! What mail programs, telephones and lawyers put below a text.

use std::sync::LazyLock;

use regex::Regex;

use super::Line;
use super::fold::folded;
use super::languages::{FOOTERS, FRAMES};
use crate::mail::message::clip;

/// A signature has no more lines than this.
const LINES: usize = 40;

/// `-- ` (RFC 3676 §4.3), with so few lines below it that it can be a signature.
pub fn opens(lines: &[Line<'_>], at: usize) -> bool {
    let raw = lines[at].raw.trim_end_matches([' ', '\u{a0}', '\t']);
    let rule = raw.len() >= 8 && raw.bytes().all(|b| b == b'_');
    if raw != "--" && raw != "—" && !rule {
        return false;
    }
    lines[at + 1..].iter().take(LINES + 1).take_while(|line| line.depth == 0).count() <= LINES
}

/// The paragraph that lawyers ask for.
pub fn is_disclaimer(content: &str) -> bool {
    if content.len() < 60 {
        return false;
    }
    let head = folded(clip(content, 500));
    let head = head.trim_start_matches(['*', '_', '-', ' ', '[', '(']);
    DISCLAIMERS.iter().any(|words| head.starts_with(words)) && SECRETS.iter().any(|words| head.contains(words))
}

/// A line such as "Sent from my telephone".
pub fn is_footer(content: &str) -> bool {
    if content.is_empty() || content.len() > 200 {
        return false;
    }
    let line = folded(content);
    let line = line.trim_start_matches(['*', '_', '-', '(', '[', '<', ' ', '~', '—', '–']);
    let framed = line.trim_end_matches(['.', '*', '_', ')', ']', '>', ' ', '!', '。']);
    let known = FOOTERS.of_line(line).is_some()
        || FRAMES.iter().any(|(begins, ends)| framed.starts_with(begins) && framed.ends_with(ends));
    let wordy = framed.split_whitespace().count() > 16;
    known && !wordy && (DEVICE.is_match(line) || line.starts_with("please excuse") || line.starts_with("excuse"))
}

/// What such a line speaks of: somebody's own machine, or a program.
static DEVICE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"\b(?:my|mon|mi|meu|mijn|mio|min|mein|meinem|meiner|minu|mina|minun|mojego|mojej|moj|mojí|mého|môjho|svého|",
        r"моего|моей|мого|моя|моята|моя|мог|mog|meu|dal|dispositivo|τη|το|el meu)\b",
        r"|phone|ipho|ipad|ipod|android|galaxy|samsung|huawei|honor|xiaomi|redmi|pixel|nokia|oneplus|oppo|xperia|sony|",
        r"motorola|blackberry|windows|outlook|gmail|yahoo|mail|proton|tutanota|spark|sparrow|mobile|mobil|móvil|movil|",
        r"celular|cellulare|telefon|téléphone|teléfono|telefono|telefone|puhelim|telephone|handy|smartphone|tablet|gsm|",
        r"телефон|смартфон|κινητό|nutitelefon|app\b|thunderbird|airmail|foxmail|qq|163|微信|手机|手機|電話|갤럭시|",
        r"我的|나의|내 |הטלפון|הנייד|نقال|هاتف|هاتفي|جوال|جهاز|گوشی|โทรศัพท์|điện thoại|ponsel|telepon|スマートフォン|スマホ|携帯",
    ))
    .expect("a constant")
});

/// Beginnings of disclaimers; they count where one of [`SECRETS`] follows.
const DISCLAIMERS: &[&str] = &[
    "this e-mail",
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
    "die information in dieser",
    "die in dieser",
    "vertraulichkeitshinweis",
    "ce message",
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

/// What disclaimers speak of.
const SECRETS: &[&str] = &[
    "confidential",
    "privileged",
    "intended",
    "addressee",
    "vertraulich",
    "confident",
    "confidencial",
    "destinat",
    "riservat",
    "vertrouwelijk",
    "poufn",
    "konfidentiel",
    "fortrolig",
    "geadresseerde",
    "bestemd voor",
    "luottamuksel",
    "důvěrn",
    "dôvern",
    "bizalmas",
    "конфиденциальн",
    "gizli",
    "機密",
    "机密",
    "保密",
    "기밀",
];
