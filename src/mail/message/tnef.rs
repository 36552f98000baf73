//! winmail.dat: Transport Neutral Encapsulation Format ([MS-OXTNEF]), as Outlook sends it.
//!
//! The one crate for it reads attributes and leaves the properties, where the names and the text are. Linear, and
//! without recursion: an enclosed message stays a file. Every length is checked against what is there.

use encoding_rs::{Encoding, UTF_16LE, WINDOWS_1252};

/// Files that are taken out.
const FILES: usize = 200;
/// Properties of one object that are looked at.
const PROPERTIES: usize = 2_000;
/// Values of one property that are looked at.
const VALUES: usize = 100;

/// [MS-OXTNEF] §2.1.3.1.
const SIGNATURE: u32 = 0x223e_9f78;

/// What a winmail.dat holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tnef {
    /// The plain text, where there is one.
    pub text: Option<String>,
    pub html: Option<String>,
    pub files: Vec<File>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    pub name: Option<String>,
    pub media_type: Option<String>,
    pub content_id: Option<String>,
    pub bytes: Vec<u8>,
}

/// Reads as far as it goes; None where it is no TNEF.
pub fn read(bytes: &[u8]) -> Option<Tnef> {
    let mut rest = Cursor(bytes);
    if rest.u32()? != SIGNATURE {
        return None;
    }
    rest.take(2)?;
    let mut tnef = Tnef::default();
    let mut encoding = WINDOWS_1252;
    while attribute(&mut rest, &mut tnef, &mut encoding).is_some() {}
    tnef.files.retain(|file| !file.bytes.is_empty() || file.name.is_some());
    Some(tnef)
}

/// One attribute: level, id, length, data, checksum.
fn attribute(rest: &mut Cursor<'_>, tnef: &mut Tnef, encoding: &mut &'static Encoding) -> Option<()> {
    let level = rest.u8()?;
    let id = rest.u32()?;
    let length = rest.u32()? as usize;
    let data = rest.take(length)?;
    rest.take(2)?;
    let string = |data: &[u8]| encoding.decode_without_bom_handling(until_zero(data)).0.into_owned();
    match (level, id) {
        // attOemCodepage
        (1, 0x0006_9007) => *encoding = code_page(Cursor(data).u32()?),
        // attBody
        (1, 0x0002_800c) => tnef.text = Some(string(data)),
        // attMsgProps
        (1, 0x0006_9003) => {
            for property in properties(data, encoding) {
                match property.id {
                    0x1000 => tnef.text = tnef.text.take().or(property.text),
                    0x1013 => tnef.html = property.text.or_else(|| Some(string(&property.bytes))),
                    _ => {}
                }
            }
        }
        // attAttachRenddata begins a file.
        (2, 0x0006_9002) if tnef.files.len() < FILES => tnef.files.push(File::default()),
        (2, 0x0006_9002) => return None,
        // attAttachTitle, attAttachData, attAttachment
        (2, 0x0001_8010) => {
            let file = tnef.files.last_mut()?;
            file.name = file.name.take().or_else(|| Some(string(data)));
        }
        (2, 0x0006_800f) => tnef.files.last_mut()?.bytes = data.to_vec(),
        (2, 0x0006_9005) => describe(tnef.files.last_mut()?, data, encoding),
        _ => {}
    }
    Some(())
}

fn describe(file: &mut File, data: &[u8], encoding: &'static Encoding) {
    for property in properties(data, encoding) {
        match property.id {
            // PidTagAttachLongFilename, PidTagDisplayName, PidTagAttachMimeTag, PidTagAttachContentId, PidTagAttachData
            0x3707 => file.name = property.text.filter(|name| !name.is_empty()).or(file.name.take()),
            0x3001 => file.name = file.name.take().or(property.text),
            0x370e => file.media_type = property.text,
            0x3712 => file.content_id = property.text,
            // An enclosed object begins with the identifier of its interface.
            0x3701 if file.bytes.is_empty() => file.bytes = property.bytes.get(16..).unwrap_or_default().to_vec(),
            _ => {}
        }
    }
}

struct Property {
    id: u16,
    text: Option<String>,
    bytes: Vec<u8>,
}

/// [MS-OXTNEF] §2.1.3.4; only strings and binaries are kept.
fn properties(data: &[u8], encoding: &'static Encoding) -> Vec<Property> {
    let mut rest = Cursor(data);
    let count = rest.u32().unwrap_or(0) as usize;
    let mut found = Vec::new();
    for _ in 0..count.min(PROPERTIES) {
        let Some(property) = property(&mut rest, encoding) else { break };
        found.extend(property);
    }
    found
}

fn property(rest: &mut Cursor<'_>, encoding: &'static Encoding) -> Option<Option<Property>> {
    let kind = rest.u16()?;
    let id = rest.u16()?;
    if id >= 0x8000 {
        rest.take(16)?;
        match rest.u32()? {
            0 => drop(rest.take(4)?),
            _ => {
                let length = rest.u32()? as usize;
                rest.padded(length)?;
            }
        }
    }
    let several = kind & 0x1000 != 0;
    let kind = kind & 0x0fff;
    let variable = matches!(kind, 0x1e | 0x1f | 0x0d | 0x102);
    let values = if several || variable { rest.u32()? as usize } else { 1 };
    let mut first = None;
    for at in 0..values {
        let value = match kind {
            0x02 | 0x03 | 0x04 | 0x0a | 0x0b => rest.take(4)?,
            0x05 | 0x06 | 0x07 | 0x14 | 0x40 => rest.take(8)?,
            0x48 => rest.take(16)?,
            _ if variable => {
                let length = rest.u32()? as usize;
                rest.padded(length)?
            }
            _ => return None,
        };
        if at == 0 {
            first = Some(value);
        }
        if at >= VALUES {
            return None;
        }
    }
    let value = first.filter(|_| variable);
    Some(value.map(|value| {
        let text = match kind {
            0x1e => Some(encoding.decode_without_bom_handling(until_zero(value)).0.into_owned()),
            0x1f => Some(UTF_16LE.decode_without_bom_handling(value).0.trim_end_matches('\0').to_owned()),
            _ => None,
        };
        Property { id, text, bytes: if text_only(kind) { Vec::new() } else { value.to_vec() } }
    }))
}

fn text_only(kind: u16) -> bool {
    matches!(kind, 0x1e | 0x1f)
}

fn until_zero(data: &[u8]) -> &[u8] {
    data.split(|b| *b == 0).next().unwrap_or_default()
}

fn code_page(number: u32) -> &'static Encoding {
    let label = match number {
        65001 => "utf-8".to_owned(),
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        874 => "windows-874".to_owned(),
        number => format!("windows-{number}"),
    };
    Encoding::for_label(label.as_bytes()).unwrap_or(WINDOWS_1252)
}

/// Little-endian, and never past the end.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// `length` bytes, and what fills them up to four.
    fn padded(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.take(length)?;
        self.take((4 - length % 4) % 4)?;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(level: u8, id: u32, data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap();
        [&[level][..], &id.to_le_bytes(), &length.to_le_bytes(), data, &[0, 0]].concat()
    }

    fn winmail() -> Vec<u8> {
        let name: Vec<u8> = "Größe.pdf\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let length = u32::try_from(name.len()).unwrap();
        let mut properties = 2u32.to_le_bytes().to_vec();
        // PidTagAttachMethod, a number, before the name.
        properties.extend([0x03, 0x00, 0x05, 0x37, 1, 0, 0, 0]);
        properties.extend([0x1f, 0x00, 0x07, 0x37, 1, 0, 0, 0]);
        properties.extend(length.to_le_bytes());
        properties.extend(&name);
        properties.resize(properties.len().next_multiple_of(4), 0);
        [
            SIGNATURE.to_le_bytes().to_vec(),
            vec![1, 0],
            attribute(1, 0x0006_9007, &1252u64.to_le_bytes()),
            attribute(1, 0x0002_800c, b"Gr\xfc\xdfe\0"),
            attribute(2, 0x0006_9002, &[0; 14]),
            attribute(2, 0x0001_8010, b"GRE~1.PDF\0"),
            attribute(2, 0x0006_800f, b"%PDF-1.7"),
            attribute(2, 0x0006_9005, &properties),
        ]
        .concat()
    }

    #[test]
    fn reads_text_and_files() {
        let tnef = read(&winmail()).unwrap();
        assert_eq!(tnef.text.as_deref(), Some("Grüße"));
        assert_eq!(tnef.files.len(), 1);
        assert_eq!(
            (tnef.files[0].name.as_deref(), tnef.files[0].bytes.as_slice()),
            (Some("Größe.pdf"), &b"%PDF-1.7"[..])
        );
    }

    #[test]
    fn every_beginning_and_every_change_is_survived() {
        let whole = winmail();
        for end in 0..whole.len() {
            read(&whole[..end]);
            let mut changed = whole.clone();
            changed[end] = 0xff;
            read(&changed);
        }
        assert_eq!(read(b"PK\x03\x04 no tnef"), None);
    }
}
