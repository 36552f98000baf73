//! Mail made by chance of pieces that mean something.

use std::path::Path;

/// A mail made to harm, and how it was made.
pub struct Hostile {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// The mail of that number, of about `size` bytes: the same each time.
pub fn mail(seed: u64, size: usize) -> Hostile {
    let mut chance = Chance::new(seed);
    let mut hostile = match chance.below(21) {
        0..5 => torn_fixture(&mut chance, size),
        5..9 => header(&mut chance, size),
        9..15 => one_part(&mut chance, size),
        15 => signed(&mut chance, size),
        _ => parts(&mut chance, size),
    };
    if chance.below(6) == 0 {
        // The same in a charset of one byte a letter, which nothing declares.
        let text = String::from_utf8_lossy(&hostile.bytes);
        hostile.bytes = text.chars().map(|c| u8::try_from(u32::from(c) & 0xff).expect("eight bits")).collect();
        hostile.name.insert_str(0, "not UTF-8, ");
    }
    hostile
}

/// The mails of `fixtures/mail`.
pub fn fixtures() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mail");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("fixtures").filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("a fixture")).collect()
}

/// xorshift64*: enough to choose by.
struct Chance(u64);

impl Chance {
    fn new(seed: u64) -> Chance {
        let mut chance = Chance(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        chance.below(1);
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).expect("31 bits") % bound.max(1)
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// A fixture of which some piece comes again and again.
fn torn_fixture(chance: &mut Chance, size: usize) -> Hostile {
    let fixtures = fixtures();
    let which = chance.below(fixtures.len());
    let mail = &fixtures[which];
    let lines: Vec<&[u8]> = mail.split_inclusive(|byte| *byte == b'\n').collect();
    let (unit, start, end) = if chance.below(3) > 0 {
        let first = chance.below(lines.len());
        let last = (first + 1 + chance.below(6)).min(lines.len());
        let start: usize = lines[..first].iter().map(|line| line.len()).sum();
        let end = start + lines[first..last].iter().map(|line| line.len()).sum::<usize>();
        (mail[start..end].to_vec(), start, end)
    } else {
        let start = chance.below(mail.len());
        let end = (start + 1 + chance.below(40)).min(mail.len());
        (mail[start..end].to_vec(), start, end)
    };
    let between: &[u8] = chance.of(&[&b""[..], b"", b" ", b"\n", b"\n\n", b">", b"<br>"]);
    let unit = [&unit, between].concat();
    let many = unit.repeat(size / unit.len() + 1);
    let name = format!("fixture {which} with {:?} {} times", String::from_utf8_lossy(&unit), size / unit.len());
    Hostile { name, bytes: [&mail[..start], &many, &mail[end..]].concat() }
}

/// A header with one or two kinds of large fields.
fn header(chance: &mut Chance, size: usize) -> Hostile {
    let mut name = "header".to_owned();
    let mut bytes = START.as_bytes().to_vec();
    let kinds = 1 + chance.below(2);
    for _ in 0..kinds {
        // One field of a megabyte, or many that stay below the bound of one.
        let field = chance.of(FIELDS);
        let each = chance.of(&[size, 60_000, 1_000, 60]).min(size / kinds);
        name.push_str(&format!(", {field} of {each} bytes"));
        let value = bomb(chance, &[WORDS, ADDRESSES, RESULTS], each, &mut name);
        let value = value.replace("\r\n\r\n", "\r\n ").replace('\n', "\n ");
        for _ in 0..size / kinds / (value.len() + field.len() + 4) + 1 {
            bytes.extend_from_slice(format!("{field}: {value}\r\n").as_bytes());
        }
    }
    bytes.extend_from_slice(b"\r\nHello\r\n");
    Hostile { name, bytes }
}

/// A text, or a file, of one media type.
fn one_part(chance: &mut Chance, size: usize) -> Hostile {
    let mut name = "part".to_owned();
    let mut bytes = chance.of(STARTS).as_bytes().to_vec();
    bytes.extend_from_slice(&part(chance, size, &mut name));
    Hostile { name, bytes }
}

/// Many parts, or few large ones, within each other or side by side.
fn parts(chance: &mut Chance, size: usize) -> Hostile {
    let number = chance.of(&[2, 3, 20, 400, 5_000, 100_000]);
    let mut name = format!("{number} parts:");
    let mut bytes = chance.of(STARTS).as_bytes().to_vec();
    let container = chance.of(CONTAINERS);
    name.push_str(&format!(" {container:?}"));
    bytes.extend_from_slice(container.as_bytes());
    let kinds: Vec<Vec<u8>> = (0..1 + chance.below(3))
        .map(|_| {
            let share = chance.of(&[size / number, size / number, size / 3, 2_000, 100]);
            part(chance, share, &mut name)
        })
        .collect();
    let line = chance.of(&["--b\r\n", "--b\n", "--b--\r\n--b\r\n", "--b\r\nContent-Disposition: attachment\r\n"]);
    for at in 0..number {
        if bytes.len() >= size {
            break;
        }
        bytes.extend_from_slice(line.as_bytes());
        bytes.extend_from_slice(&kinds[at % kinds.len()]);
        bytes.extend_from_slice(b"\r\n");
    }
    Hostile { name, bytes }
}

/// A message that is one signed object (RFC 8551 §3.5.2), with parts in it that a reader looks into.
fn signed(chance: &mut Chance, size: usize) -> Hostile {
    let mut name = "signed:".to_owned();
    let start = chance.of(STARTS);
    let media_type = chance.of(LOOKED_INTO);
    name.push_str(&format!(" many {media_type}, beside"));
    let beside = part(chance, size / 2, &mut name);
    let file = format!("--b\r\nContent-Type: {media_type}\r\n\r\nx\r\n").repeat(490);
    let content = [CONTAINERS[0].as_bytes(), b"--b\r\n", &beside, b"\r\n", file.as_bytes(), b"--b--\r\n"].concat();
    let element = |tag: u8, content: &[u8]| {
        let length = u32::try_from(content.len()).expect("a megabyte").to_be_bytes();
        [&[tag, 0x84], &length[..], content].concat()
    };
    let identifier = |last: u8| element(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, last]);
    let content = [identifier(1), element(0xa0, &element(4, &content))].concat();
    let signed = [element(2, &[1]), element(0x31, &[]), element(0x30, &content)].concat();
    let object = [identifier(2), element(0xa0, &element(0x30, &signed))].concat();
    let encoded = data_encoding::BASE64.encode(&element(0x30, &object));
    let head = "Content-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    Hostile { name, bytes: [start, head, &encoded, "\r\n"].concat().into_bytes() }
}

/// A header of a part, and its body.
fn part(chance: &mut Chance, size: usize, name: &mut String) -> Vec<u8> {
    let (head, pools) = chance.of(BODIES);
    name.push_str(&format!(" {head:?}"));
    let mut part = head.as_bytes().to_vec();
    if chance.below(4) == 0 {
        let encoding = chance.of(ENCODINGS);
        name.push_str(&format!(" {encoding:?}"));
        part.extend_from_slice(encoding.as_bytes());
    }
    part.extend_from_slice(b"\r\n");
    match chance.below(8) {
        0 if head.contains("tnef") => part.extend_from_slice(&winmail(chance, size)),
        1 => {
            name.push_str(" noise");
            part.extend((0..size / 8).flat_map(|_| chance.next().to_le_bytes()));
        }
        _ => part.extend_from_slice(bomb(chance, pools, size, name).as_bytes()),
    }
    part
}

/// One or two pieces after each other, each of them again and again: what opens and never closes, and what closes it.
fn bomb(chance: &mut Chance, pools: &[&[&str]], size: usize, name: &mut String) -> String {
    let mut bomb = String::with_capacity(size + 100);
    let times = 1 + chance.below(2);
    for _ in 0..times {
        let mut unit = String::new();
        for _ in 0..1 + chance.below(4) {
            let pool = chance.of(pools);
            unit.push_str(chance.of(pool));
        }
        unit.push_str(chance.of(&["", "", "", "\r\n", "\n", " ", "\r", ",", "#"]));
        name.push_str(&format!(" {unit:?}…"));
        let end = bomb.len() + size / times;
        let counted = unit.contains('#');
        for number in 0.. {
            if counted {
                bomb.push_str(&unit.replace('#', &number.to_string()))
            } else {
                bomb.push_str(&unit)
            }
            if bomb.len() >= end {
                break;
            }
        }
    }
    bomb
}

/// A winmail.dat with very many attributes, some of which say that they are longer than they are.
fn winmail(chance: &mut Chance, size: usize) -> Vec<u8> {
    let mut bytes = vec![0x78, 0x9f, 0x3e, 0x22, 1, 0];
    let data: &[u8] = chance.of(&[&b""[..], b"x\0", b"name.txt\0", &[0; 64], CALENDAR]);
    while bytes.len() < size {
        let attribute: u32 = chance.of(&[0x0006_9002, 0x0001_8010, 0x0006_800f, 0x0006_9003, 0x0006_9005, 0x0002_800c]);
        let length =
            if chance.below(500) == 0 { u32::MAX >> chance.below(32) } else { u32::try_from(data.len()).unwrap_or(0) };
        bytes.push(chance.of(&[1, 2]));
        bytes.extend_from_slice(&attribute.to_le_bytes());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(data);
        let sum: u16 = data.iter().map(|byte| u16::from(*byte)).fold(0, u16::wrapping_add);
        bytes.extend_from_slice(&sum.to_le_bytes());
    }
    bytes
}

const START: &str = "From: a@x.example\r\nMessage-ID: <1@x.example>\r\n";
const STARTS: &[&str] = &[
    START,
    START,
    "From: =?utf-8?Q?J=C3=B6rg?= <a@x.example>\r\nSubject: Re: [Case 10482] pump\r\nIn-Reply-To: <b@x.example>\r\n",
    "Return-Path: <>\r\nFrom: MAILER-DAEMON@x.example\r\nSubject: Undelivered Mail Returned to Sender\r\n",
    "From: postmaster@x.example\r\nSubject: Undeliverable: pump\r\nX-Failed-Recipients: a@b.example\r\n",
    "From: a@x.example\r\nAuto-Submitted: auto-replied\r\nSubject: Out of office\r\n",
    "From: a@x.example\r\nSubject: Fwd: pump\r\n",
    "From: a@x.example\r\nList-Id: <x.example>\r\nPrecedence: bulk\r\n",
    "",
];
/// What is looked into to find out the kind of a mail, and what it reports.
const LOOKED_INTO: &[&str] = &[
    "text/calendar",
    "message/delivery-status",
    "message/disposition-notification",
    "text/rfc822-headers",
    "message/rfc822",
];
/// The media type of a file in a winmail.dat ([MS-OXPROPS] PidTagAttachMimeTag).
const CALENDAR: &[u8] = b"\x01\0\0\0\x1e\0\x0e\x37\x01\0\0\0\x0e\0\0\0text/calendar\0\0\0";
const CONTAINERS: &[&str] = &[
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n",
    "Content-Type: multipart/alternative; boundary=b\r\n\r\n",
    "Content-Type: multipart/related; boundary=b\r\n\r\n",
    "Content-Type: multipart/digest; boundary=b\r\n\r\n",
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n",
    "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n",
    "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n",
    "Content-Type: multipart/signed; boundary=b\r\n\r\n",
    "Content-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
];
const ENCODINGS: &[&str] = &[
    "Content-Transfer-Encoding: base64\r\n",
    "Content-Transfer-Encoding: quoted-printable\r\n",
    "Content-Transfer-Encoding: x-uuencode\r\n",
    "Content-Transfer-Encoding: x-yenc\r\n",
    "Content-Disposition: attachment; filename*0*=utf-8''a; filename*1*=%62\r\n",
];
type Body = (&'static str, &'static [&'static [&'static str]]);
const BODIES: &[Body] = &[
    ("Content-Type: text/plain; charset=utf-8\r\n", &[LINES, LINES, WORDS]),
    ("Content-Type: text/plain; charset=utf-8\r\n", &[LINES, REPORTS, FILES]),
    ("X: y\r\n", &[LINES, WORDS, BYTES, FILES]),
    ("Content-Type: text/plain; format=flowed; delsp=yes\r\n", &[LINES, WORDS, FLOWED]),
    ("Content-Type: text/plain; charset=iso-2022-jp\r\n", &[BYTES, WORDS]),
    ("Content-Type: text/plain; charset=iso-2022-kr\r\n", &[BYTES, WORDS]),
    ("Content-Type: text/plain; charset=hz-gb-2312\r\n", &[BYTES, WORDS]),
    ("Content-Type: text/plain; charset=utf-7\r\n", &[BYTES, WORDS]),
    ("Content-Type: text/plain; charset=utf-16\r\n", &[BYTES, WORDS]),
    ("Content-Type: text/plain; charset=gb18030\r\n", &[BYTES, WORDS]),
    ("Content-Type: text/plain; charset=x-never-heard\r\n", &[BYTES, LINES]),
    ("Content-Type: text/html; charset=utf-8\r\n", &[TAGS, TAGS, TAGS, WORDS]),
    ("Content-Type: text/html\r\n", &[TAGS, LINES, BYTES]),
    ("Content-Type: message/rfc822\r\n\r\nSubject: x\r\n", &[LINES, REPORTS, HEADS]),
    ("Content-Type: text/rfc822-headers\r\n", &[HEADS, WORDS]),
    ("Content-Type: message/delivery-status\r\n", &[REPORTS, HEADS]),
    ("Content-Type: message/disposition-notification\r\n", &[REPORTS, HEADS]),
    ("Content-Type: message/feedback-report\r\n", &[REPORTS, HEADS]),
    ("Content-Type: text/calendar; method=REPLY\r\n", &[REPORTS, WORDS]),
    ("Content-Type: application/ms-tnef; name=winmail.dat\r\n", &[BYTES]),
    ("Content-Type: application/octet-stream; name=x\r\n", &[BYTES, FILES]),
    ("Content-Type: text/plain; name=x.txt\r\nContent-Disposition: attachment\r\n", &[LINES]),
];
const FIELDS: &[&str] = &[
    "X-Any",
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Thread-Index",
    "Content-Type: text/plain",
    "Content-Type: multipart/mixed; boundary=\"b",
    "Content-Disposition: attachment",
    "Content-Transfer-Encoding",
    "Content-ID",
    "Authentication-Results",
    "Received",
    "Return-Path",
    "Auto-Submitted",
    "Precedence",
    "List-Id",
    "X-Failed-Recipients",
    "X-Original-From",
    "Resent-From",
    "Received-SPF",
    "X-Postcase-Loop",
];
const WORDS: &[&str] = &[
    "word ",
    "=?utf-8?Q?a?= ",
    "=?utf-8?B?w6k=?=",
    "=?utf-8?B?",
    "=?",
    "?=",
    "(",
    ")",
    "\"",
    "\\",
    "<a@b>",
    "<",
    ">",
    ";",
    ":",
    "[",
    "]",
    "\r\n ",
    "[Case 1] ",
    "[#1]",
    "=?iso-2022-jp?B?GyRCJUY?= ",
    "\u{fc}",
    "re: ",
    "Fwd: ",
    "AW: ",
    "ref:0",
    ":ref",
    "ref:0000-02G1-ATTJ-WZXM-2KW9-1P6F:ref ",
    "x=y ",
    "a:b;",
    "x*#*=utf-8''%41;",
    "x*#=a;",
    "@",
    ".",
    ",",
    "\t",
    "%41",
    "=",
    "&",
    "a\u{300}",
    "\u{202e}",
    "\u{feff}",
    "\u{ff1a}",
    "1 Mar 2025 ",
    "\u{4e2d}\u{6587}",
    "http://x.example/",
    "\0",
    "'",
    "*",
    "-",
    "_",
    "|",
    "#",
];
const ADDRESSES: &[&str] = &[
    "a@x.example, ",
    "Anna <a#@x.example>, ",
    "\"a, b\" <a@x.example>,",
    "g#: a@x.example;",
    "(c)",
    "a@[1.2.3.4]",
    "=?utf-8?Q?a=40b.example?= <a@x.example>,",
    "<@a,@b:c@d.example>",
    "a b c ",
    "'a@x.example' via List ",
    "\"a\" ",
    "<a@x.example",
    ",,,",
    "undisclosed-recipients:;",
    "a@x.example (",
    "@",
    "..",
    "x via y ",
];
const RESULTS: &[&str] = &[
    "x; ",
    "dkim=pass ",
    "header.d=x.example ",
    "header.from=x.example ",
    "(",
    ")",
    "(a b)",
    "\"",
    "\\\"",
    "spf=fail ",
    "smtp.mailfrom=a@b.example ",
    "dmarc=pass ",
    "none",
    "/1 ",
    "reason=\"x\" ",
    "compauth=pass ",
    ";",
    "=",
    ".",
    "policy.x=y ",
];
const LINES: &[&str] = &[
    ">",
    "> ",
    "> a\r\n",
    ">> b\r\n",
    "| a\r\n",
    "AB> a\r\n",
    "-- \r\n",
    "--\r\n\r\n",
    "__\r\n",
    "On 1 Mar 2025 a@b.c wrote:\r\n",
    "On Mon, 3 Mar 2025 at 10:12, Anna <a@b.c> wrote: ",
    "On Mon\r\n",
    "Am 1.3.2025 um 10:12 schrieb Anna:\r\n",
    "Le 1 mars 2025, Anna a \u{e9}crit :\r\n",
    "El 1 mar 2025, Anna escribi\u{f3}:\r\n",
    "2025\u{5e74}3\u{6708}1\u{65e5}(\u{571f}) 10:12 Anna:\r\n",
    "1 \u{43c}\u{430}\u{440}. 2025 \u{433}., Anna \u{43f}\u{438}\u{448}\u{435}\u{442}:\r\n",
    "From: a@b.c\r\n",
    "Subject: x\r\n",
    "Sent: 1\r\n",
    "To: b\r\n",
    "Von: a@b.c\r\n",
    "Gesendet: 1\r\n",
    "An: b\r\n",
    "*From:* a@b.c\r\n",
    "\r\n",
    "\r",
    "\n\n",
    "word word\r\n",
    "word ",
    "a:\r\n",
    "-----Original Message-----\r\n",
    "---------- Forwarded message ---------\r\n",
    "Begin forwarded message:\r\n",
    "________________________________\r\n",
    "##- Please write above this line -##\r\n",
    "Sent from my iPhone\r\n",
    "Get Outlook for iOS<http://x>\r\n",
    "Regards\r\n",
    "Anna Berg\r\n",
    "This e-mail is confidential.\r\n",
    "http://x.example/ ",
    "[cid:a] ",
    "[Case 1] ",
    "ref:0",
    "\u{fc}\u{df} ",
    "\t",
    "<http://x>",
    "  ",
    "\u{a0}",
    "I am out of the office. ",
    "550 5.1.1 x\r\n",
];
const FLOWED: &[&str] = &["a \r\n", " \r\n", "> a \r\n", ">> a \r\n", "  a \r\n", ">\r\n", "-- \r\n", " > a \r\n"];
const REPORTS: &[&str] = &[
    "Final-Recipient: rfc822; a@b.example\r\n",
    "Original-Recipient: rfc822;a#@b.example\r\n",
    "Action: failed\r\n",
    "Action: delayed\r\n",
    "Status: 5.1.1\r\n",
    "Status: 5.0.0\r\n",
    "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n",
    " folded\r\n",
    "\r\n",
    "Reporting-MTA: dns; x\r\n",
    "<a#@b.example>: 550 5.1.1 x\r\n",
    "<a@b.example>\r\n",
    "a@b.example ",
    "550 5.1.1 ",
    "mailbox full ",
    "user unknown ",
    "554 ",
    "5.7.1 ",
    "--- Below this line is a copy of the message.\r\n",
    "Hi. This is the qmail-send program at x.\r\n",
    "   ----- Transcript of session follows -----\r\n",
    "Original-Message-ID: <1@x>\r\n",
    "Message-ID: <1@x>\r\n",
    "Message-ID:\r\n",
    "Disposition: automatic-action/MDN-sent-automatically; displayed\r\n",
    "Feedback-Type: abuse\r\n",
    "METHOD:REPLY\r\n",
    "BEGIN:VCALENDAR\r\n",
    "was not delivered ",
    "could not be delivered to ",
    "... while talking to x:\r\n",
    ">>> RCPT To:<a@b.example>\r\n",
    "<<< 550 no\r\n",
    "SMTP error from remote mail server ",
    "Unzustellbar ",
    "\u{914d}\u{4fe1} ",
];
const FILES: &[&str] = &[
    "begin 644 x\r\n",
    "#0V%T\r\n",
    "`\r\n",
    "end\r\n",
    "begin 644 #\r\n#0V%T\r\n`\r\nend\r\n",
    "begin-base64 644 x\r\n",
    "====\r\n",
    "M",
    "    \r\n",
    "=ybegin line=128 size=9 name=x\r\n",
    "=ypart begin=1 end=9\r\n",
    "=yend size=3\r\n",
    "=y",
    "=}",
    "\r\n",
    "abcdefgh\r\n",
];
const BYTES: &[&str] = &[
    "\u{1b}$B",
    "\u{1b}(B",
    "\u{1b}$)C",
    "\u{e}",
    "\u{f}",
    "\u{1b}",
    "%F",
    "~{",
    "~}",
    "~~",
    "~\n",
    "+",
    "-",
    "+AGE-",
    "+//8-",
    "\0",
    "\u{fc}",
    "\u{feff}",
    "=",
    "=\r\n",
    "=41",
    "=4",
    "QUJD",
    "Q",
    "\r\n",
    "\r",
    "\u{80}",
    "\u{10ffff}",
    "a",
    "\u{7f}",
    "\u{8}",
    "x\u{9f}>\"",
    "\u{300}",
    "\u{3042}",
];
const TAGS: &[&str] = &[
    "<div>",
    "</div>",
    "<blockquote>",
    "<blockquote type=cite>",
    "</blockquote>",
    "<a href='http://x'>",
    "</a>",
    "<style>",
    "</style>",
    "<script>",
    "<!--",
    "-->",
    "<p a=1 b='",
    "<b>",
    "<i>",
    "</b>",
    "</i>",
    "&amp",
    "&",
    "&#x41;",
    "&nbsp;",
    "<li>",
    "<ol>",
    "</ol>",
    "<ul>",
    "<pre>",
    "</pre>",
    "cid:",
    "<table>",
    "<table border=1>",
    "<tr>",
    "<td>",
    "</td>",
    "</tr>",
    "</table>",
    "<th>",
    "<p>",
    "</p>",
    "<br>",
    "<hr>",
    "<font size=1>",
    "<span style='display:none'>",
    "<div style='font-size:0'>",
    "<img src=cid:a#>",
    "<img alt='two words'>",
    "<div class=gmail_quote>",
    "<div id=divRplyFwdMsg>",
    "<div id=appendonsend>",
    "<div class=moz-signature>",
    "<o:p>",
    "<![if",
    "<?xml",
    "<!doctype",
    "<title>",
    "<textarea>",
    "<select>",
    "<option>",
    "<template>",
    "<svg>",
    "<math>",
    "<form>",
    "<button>",
    "<center>",
    "<h1>",
    "<html>",
    "<body>",
    "<head>",
    "<",
    ">",
    "'",
    "\"",
    "a",
    " ",
    "\n",
    "<a#>",
    "</a#>",
    "<p a#=1>",
    "On 1 Mar 2025 Anna wrote:",
    "From: a@b.c",
    "<b>From:</b> a<br>",
    "<plaintext>",
    "<xmp>",
    "<td colspan=100000>",
    "<a href='mailto:a@b.c'>a@b.c</a>",
    "\u{200b}",
    "=",
];
const HEADS: &[&str] = &[
    "Content-Type: message/rfc822\r\n\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n",
    "Content-Type: multipart/mixed; boundary=c#\r\n\r\n--c#\r\n",
    "Subject: x\r\n",
    "From: a@x.example\r\n",
    "Message-ID: <#@x>\r\n",
    "References: <a@b>\r\n",
    "X-#: y\r\n",
    " folded\r\n",
    "\r\n",
    "--b\r\n",
    "--b--\r\n",
    "no field\r\n",
    "X-Postcase-Loop: x\r\n",
    "Content-Transfer-Encoding: base64\r\n",
];
