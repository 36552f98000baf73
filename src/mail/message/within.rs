//! Whether a file is a message with a certain header field, or holds one, however deep and however encoded.

use super::parts::{self, Part};
use super::{inline, tnef, transfer};
use crate::mail::Bounds;
use crate::mail::defect::Flaws;

/// Messages within messages that are looked into, and bytes that are decoded for that (L10).
const DEPTH: usize = 8;
const BYTES: usize = 128 * 1024 * 1024;

/// Whether `file`, or a message anywhere in it, has the header field `name`. True as well where it is too deep or too
/// large to tell. A name that stands plainly in a message counts wherever it stands: who returns or quotes a header
/// sets it as text.
pub fn holds_field(file: &[u8], media_type: &str, file_name: &str, name: &str) -> bool {
    let mut room = BYTES;
    let mut left = vec![(0, is_message(media_type, file_name), file.to_vec())];
    while let Some((depth, message, bytes)) = left.pop() {
        if depth == DEPTH || bytes.len() > room {
            return true;
        }
        room -= bytes.len();
        if message && stands_in(&bytes, name) {
            return true;
        }
        let parts = parts::walk(&bytes, &Bounds::default(), &mut Flaws::default());
        if parts[0].fields.iter().any(|field| bytes[field.name.clone()].eq_ignore_ascii_case(name.as_bytes())) {
            return true;
        }
        // Not a message: its only part is all of it.
        if parts[0].fields.is_empty() {
            continue;
        }
        for part in parts.iter().filter(|part| !part.multipart) {
            left.extend(files(&bytes, part).into_iter().map(|(message, bytes)| (depth + 1, message, bytes)));
        }
    }
    false
}

/// What a part holds, decoded; and whether it says that it is a message.
fn files(raw: &[u8], part: &Part) -> Vec<(bool, Vec<u8>)> {
    let named = |key: &str| part.disposition.parameter(key).or(part.content.parameter("name")).unwrap_or_default();
    let file_name = named("filename").to_owned();
    let media_type = part.content.value.as_str();
    let bytes = transfer::decode(&raw[part.body.clone()], &part.encoding, &mut Flaws::default());
    let mut files: Vec<(bool, Vec<u8>)> = match media_type {
        "application/ms-tnef" | "application/vnd.ms-tnef" => {
            let files = tnef::read(&bytes).unwrap_or_default().files.into_iter();
            files.map(|file| (is_message("", file.name.as_deref().unwrap_or_default()), file.bytes)).collect()
        }
        "text/plain" => {
            inline::split(&bytes).1.into_iter().map(|file| (is_message("", &file.name), file.bytes)).collect()
        }
        _ => Vec::new(),
    };
    files.push((is_message(media_type, &file_name), bytes.into_owned()));
    files
}

fn is_message(media_type: &str, file_name: &str) -> bool {
    let file_name = file_name.to_lowercase();
    let named = [".eml", ".msg"].iter().any(|ending| file_name.ends_with(ending));
    named || media_type.starts_with("message/") || media_type == "text/rfc822-headers"
}

/// Whether `name` and a colon stand among the bytes, one or two bytes a character (MS-OXMSG).
fn stands_in(bytes: &[u8], name: &str) -> bool {
    let plain = format!("{name}:");
    let wide: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    [plain.as_bytes(), &wide].iter().any(|mark| {
        bytes.windows(mark.len()).any(|at| at[0].eq_ignore_ascii_case(&mark[0]) && at.eq_ignore_ascii_case(mark))
    })
}
