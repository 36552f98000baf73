//! Mail as a desk gets it. The same seed makes the same mail.

use data_encoding::BASE64;

/// What a mailbox is filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Mix {
    /// 5 to 60 KB, one in five with an attachment of 50 to 500 KB; a quarter replies, a tenth written by machines
    Mixed,
    /// The same without attachments, about 3 KB each
    Small,
}

#[derive(Debug, Clone)]
pub struct Mail {
    /// CRLF line ends.
    pub raw: Vec<u8>,
    /// To whom the acknowledgement goes; None for replies and for what machines write.
    pub acknowledged_to: Option<String>,
}

/// SplitMix64.
pub struct Chance(pub u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn between(&mut self, least: usize, most: usize) -> usize {
        least + (self.next() % (most - least + 1) as u64) as usize
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).take(count).collect()
    }
}

/// `count` mails. `salt` tells them from those of other calls: nobody writes twice, no Message-ID comes again.
pub fn mails(mix: Mix, count: usize, salt: &str) -> Vec<Mail> {
    let seed = salt.bytes().fold(7u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut chance = Chance(seed);
    (0..count).map(|at| mail(mix, at, salt, &mut chance)).collect()
}

fn mail(mix: Mix, at: usize, salt: &str, chance: &mut Chance) -> Mail {
    let reply = at % 4 == 3;
    let machine = at % 20 == 5;
    let list = at % 20 == 17;
    // The first of four mails is a person's request, and the last of them follows it up.
    let person = if reply { at - 3 } else { at };
    let from = format!("person{person}.{salt}@firm{}.example", person % 500);
    let subject = format!("{}{}", if reply { "Re: " } else { "" }, sentence(&mut Chance(person as u64), 4));
    let mut head = format!(
        "Return-Path: <{from}>\r\nDelivered-To: support@desk.example\r\n\
         Received: from mx{0}.firm.example (mx{0}.firm.example [192.0.2.{0}])\r\n\tby mail.desk.example (Postfix) with ESMTPS id {at:08X}\r\n\t\
         for <support@desk.example>; Mon, 2 Nov 2026 10:{1:02}:{2:02} +0100 (CET)\r\n\
         Authentication-Results: mail.desk.example; dkim=pass header.d=firm.example; spf=pass smtp.mailfrom={from}\r\n\
         DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=firm.example; s=k1;\r\n\th=from:to:subject:date:message-id;\r\n\t\
         bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b={3}\r\n\
         From: \"Person {person}\" <{from}>\r\nTo: Support <support@desk.example>\r\nSubject: {subject}\r\n\
         Date: Mon, 2 Nov 2026 10:{1:02}:{2:02} +0100\r\nMessage-ID: <{at}.{salt}@firm.example>\r\nMIME-Version: 1.0\r\n",
        at % 250,
        at / 60 % 60,
        at % 60,
        BASE64.encode(&chance.bytes(96)),
    );
    if reply {
        head.push_str(&format!(
            "In-Reply-To: <{person}.{salt}@firm.example>\r\nReferences: <{person}.{salt}@firm.example>\r\n"
        ));
    }
    if machine {
        head.push_str("Auto-Submitted: auto-generated\r\nX-Mailer: Monitoring 3.1\r\n");
    }
    if list {
        head.push_str("List-Id: Announcements <announce.firm.example>\r\nPrecedence: list\r\n");
    }
    let bytes = match mix {
        Mix::Mixed => chance.between(5_000, 60_000),
        Mix::Small => chance.between(1_000, 2_800),
    };
    let attachment = (mix == Mix::Mixed && at % 5 == 2).then(|| chance.between(50_000, 500_000));
    let raw = format!("{head}{}", body(bytes, attachment, reply, at, chance)).into_bytes();
    let acknowledged_to = (!reply && !machine && !list).then_some(from);
    Mail { raw, acknowledged_to }
}

fn body(bytes: usize, attachment: Option<usize>, reply: bool, at: usize, chance: &mut Chance) -> String {
    // Every other mail has its text a second time as HTML, as most programs write it.
    let readable = if at.is_multiple_of(2) {
        format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{}", letter(bytes, reply, chance))
    } else {
        format!(
            "Content-Type: multipart/alternative; boundary=\"alt{at}\"\r\n\r\n\
             --alt{at}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n\
             --alt{at}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{}\r\n--alt{at}--\r\n",
            letter(bytes / 4, reply, chance),
            page(bytes - bytes / 4, chance)
        )
    };
    let Some(size) = attachment else { return readable };
    format!(
        "Content-Type: multipart/mixed; boundary=\"mix{at}\"\r\n\r\n--mix{at}\r\n{readable}\r\n\
         --mix{at}\r\nContent-Type: application/pdf; name=\"offer {at}.pdf\"\r\n\
         Content-Disposition: attachment; filename=\"offer {at}.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}--mix{at}--\r\n",
        wrapped(&BASE64.encode(&chance.bytes(size / 78 * 57)))
    )
}

/// Base64 in lines of 76.
fn wrapped(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + text.len() / 38);
    let mut rest = text;
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(76));
        lines.push_str(line);
        lines.push_str("\r\n");
        rest = more;
    }
    lines
}

fn letter(bytes: usize, reply: bool, chance: &mut Chance) -> String {
    let mut text = "Hello,\r\n\r\n".to_owned();
    // Of a reply most is the mail that it answers.
    let own = if reply { bytes / 4 } else { bytes };
    paragraphs(&mut text, own, "", chance);
    text.push_str("\r\nKind regards\r\nA Person\r\n");
    if reply {
        text.push_str("\r\nOn Mon, 2 Nov 2026 at 10:00, Support <support@desk.example> wrote:\r\n");
        paragraphs(&mut text, bytes, "> ", chance);
    }
    text
}

fn paragraphs(text: &mut String, bytes: usize, before: &str, chance: &mut Chance) {
    while text.len() < bytes {
        let words = chance.between(8, 12);
        text.push_str(before);
        text.push_str(&sentence(chance, words));
        text.push_str(if chance.between(0, 5) == 0 { ".\r\n\r\n" } else { ".\r\n" });
    }
}

fn page(bytes: usize, chance: &mut Chance) -> String {
    let mut html =
        "<html><head><meta charset=\"utf-8\"><style>p { margin: 0 } td { padding: 4px }</style></head><body>"
            .to_owned();
    while html.len() < bytes {
        let words = chance.between(8, 20);
        html.push_str(&format!(
            "<div style=\"font-family:Calibri,sans-serif;color:#1f1f1f\"><p class=\"MsoNormal\"><span lang=\"EN-US\">{}, see \
             <a href=\"https://www.firm.example/a?b={}&amp;c=2\">{}</a>.</span></p></div>\r\n",
            sentence(chance, words),
            chance.between(1, 1_000_000),
            sentence(chance, 2)
        ));
    }
    html.push_str("</body></html>");
    html
}

/// Words as often as they are in a language: few make most of a text, and there are always new ones.
fn sentence(chance: &mut Chance, words: usize) -> String {
    let mut text = String::new();
    for _ in 0..words {
        if !text.is_empty() {
            text.push(' ');
        }
        let share = chance.between(0, 1_000_000) as f64 / 1e6;
        let rank = (share * VOCABULARY.ln()).exp() as usize - 1;
        match WORDS.get(rank) {
            Some(word) => text.push_str(word),
            None => syllables(&mut text, rank),
        }
    }
    text
}

/// Words that a desk's mail is made of.
const VOCABULARY: f64 = 40_000.0;

/// The same word for the same number.
fn syllables(text: &mut String, mut number: usize) {
    const ONES: [&str; 20] = [
        "ba", "re", "ti", "mon", "su", "cal", "de", "fi", "gor", "hu", "jen", "ka", "lim", "no", "per", "qua", "ro",
        "ster", "vi", "wen",
    ];
    while number > 0 {
        text.push_str(ONES[number % ONES.len()]);
        number /= ONES.len();
    }
}

const WORDS: [&str; 120] = [
    "the",
    "a",
    "of",
    "and",
    "to",
    "in",
    "is",
    "it",
    "you",
    "that",
    "was",
    "for",
    "on",
    "are",
    "with",
    "as",
    "they",
    "be",
    "at",
    "one",
    "have",
    "this",
    "from",
    "or",
    "had",
    "by",
    "hot",
    "but",
    "some",
    "what",
    "there",
    "we",
    "can",
    "out",
    "other",
    "were",
    "all",
    "your",
    "when",
    "up",
    "use",
    "word",
    "how",
    "said",
    "an",
    "each",
    "she",
    "which",
    "do",
    "their",
    "time",
    "if",
    "will",
    "way",
    "about",
    "many",
    "then",
    "them",
    "would",
    "write",
    "like",
    "so",
    "these",
    "her",
    "long",
    "make",
    "thing",
    "see",
    "him",
    "two",
    "has",
    "look",
    "more",
    "day",
    "could",
    "go",
    "come",
    "did",
    "my",
    "sound",
    "no",
    "most",
    "number",
    "who",
    "over",
    "know",
    "water",
    "than",
    "call",
    "first",
    "people",
    "may",
    "down",
    "side",
    "been",
    "now",
    "find",
    "pump",
    "display",
    "error",
    "manual",
    "invoice",
    "order",
    "delivery",
    "customer",
    "machine",
    "broken",
    "repair",
    "please",
    "answer",
    "question",
    "office",
    "tomorrow",
    "yesterday",
    "warranty",
    "printer",
    "network",
    "screen",
    "password",
    "account",
];
