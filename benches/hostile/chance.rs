//! Mail made by chance of pieces that mean something.

use std::path::Path;

use super::pieces::{
    ADDRESSES, BODIES, CALENDAR, CONTAINERS, ENCODINGS, FIELDS, LOOKED_INTO, RESULTS, START, STARTS, WORDS,
};

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
