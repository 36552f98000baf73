//! How people end their letters.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Every closing salutation, lower case, without what stands behind it.
pub static CLOSINGS: LazyLock<HashSet<&str>> = LazyLock::new(|| regards().chain(thanks()).collect());

/// Closings that are nothing else, wherever they stand.
pub fn regards() -> impl Iterator<Item = &'static str> {
    REGARDS.split('|')
}

/// Words of thanks: programs say them too, but put no name below.
pub fn thanks() -> impl Iterator<Item = &'static str> {
    THANKS.split('|')
}

const REGARDS: &str = concat!(
    "regards|best regards|kind regards|kindest regards|warm regards|warmest regards|many regards|with kind regards|",
    "with best regards|with regards|best|all the best|best wishes|sincerely|yours sincerely|sincerely yours|",
    "yours faithfully|yours truly|cheers|thanks and regards|thanks & regards|",
    "mit freundlichen grüßen|mit freundlichen grüssen|mit freundlichem gruß|mit freundlichem gruss|freundliche grüße|",
    "freundliche grüsse|viele grüße|viele grüsse|beste grüße|beste grüsse|liebe grüße|mit besten grüßen|schöne grüße|",
    "herzliche grüße|mfg|vg|lg|gruß|gruss|grüße|hochachtungsvoll|",
    "cordialement|bien cordialement|très cordialement|salutations|meilleures salutations|sincères salutations|",
    "bien à vous|cdlt|cdt|bonne journée|salutations distinguées|",
    "saludos|un saludo|saludos cordiales|cordialmente|atentamente|un cordial saludo|",
    "cordiali saluti|distinti saluti|saluti|un saluto|buona giornata|",
    "atenciosamente|cumprimentos|com os melhores cumprimentos|melhores cumprimentos|att|abraços|",
    "met vriendelijke groet|met vriendelijke groeten|vriendelijke groet|vriendelijke groeten|met groet|groeten|groet|",
    "mvg|med vänliga hälsningar|med vänlig hälsning|vänliga hälsningar|hälsningar|mvh|med venlig hilsen|venlig hilsen|",
    "bedste hilsner|hilsen|vennlig hilsen|med vennlig hilsen|ystävällisin terveisin|terveisin|parhain terveisin|",
    "z poważaniem|pozdrawiam|serdecznie pozdrawiam|z wyrazami szacunku|s pozdravem|s úctou|s přátelským pozdravem|",
    "s pozdravom|üdvözlettel|tisztelettel|cu stimă|cu respect|o zi bună|с уважение|поздрави|с уважением|",
    "с наилучшими пожеланиями|з повагою|s poštovanjem|srdačan pozdrav|lep pozdrav|lijep pozdrav|с поштовањем|",
    "με εκτίμηση|φιλικά|saygılarımla|iyi çalışmalar|בברכה|مع تحياتي|مع أطيب التحيات|با احترام|trân trọng|salam|",
    "hormat saya|ขอแสดงความนับถือ|よろしくお願い|よろしくお願いします|よろしくお願いいたします|よろしくお願い致します|",
    "敬具|此致|祝好|顺颂商祺|감사합니다|pagarbiai|ar cieņu|lugupidamisega|atentament|salutacions|agur",
);

const THANKS: &str = concat!(
    "thanks|many thanks|thanks a lot|thanks in advance|thank you|thank you very much|thank you in advance|thx|",
    "danke|vielen dank|besten dank|herzlichen dank|danke im voraus|vielen dank im voraus|danke schön|danke sehr|",
    "merci|merci beaucoup|merci d'avance|muchas gracias|gracias|mil gracias|gracias de antemano|gràcies|",
    "grazie|grazie mille|molte grazie|obrigado|obrigada|muito obrigado|muito obrigada|",
    "bedankt|dank u|dank je|hartelijk dank|alvast bedankt|tack|tack så mycket|tak|mange tak|takk|mange takk|kiitos|",
    "dziękuję|dzięki|z góry dziękuję|děkuji|díky|ďakujem|köszönöm|köszönettel|mulțumesc|vă mulțumesc|teşekkürler|",
    "teşekkür ederim|ευχαριστώ|hvala|хвала|спасибо|заранее спасибо|дякую|благодаря|aitäh|paldies|ačiū|terima kasih|谢谢|",
    "謝謝|תודה|شكرا",
);
