//! text/enriched (RFC 1896) and text/richtext (RFC 1341 §7.1.3) as plain text.

/// Without formatting commands; what they hide does not show. Linear: a command is at most a line.
pub fn to_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut hidden = 0usize;
    let mut unfilled = 0usize;
    let mut rest = text;
    while let Some(at) = rest.find(['<', '\n']) {
        let (before, from) = rest.split_at(at);
        if hidden == 0 {
            out.push_str(before);
        }
        if from.starts_with('\n') {
            let lines = from.len() - from.trim_start_matches('\n').len();
            if hidden == 0 {
                line_ends(&mut out, lines, unfilled > 0);
            }
            rest = &from[lines..];
            continue;
        }
        if let Some(after) = from.strip_prefix("<<") {
            if hidden == 0 {
                out.push('<');
            }
            rest = after;
            continue;
        }
        let Some((command, after)) = command(from) else {
            if hidden == 0 {
                out.push('<');
            }
            rest = &from[1..];
            continue;
        };
        rest = after;
        match command.to_ascii_lowercase().as_str() {
            "param" | "comment" => hidden += 1,
            "/param" | "/comment" => hidden = hidden.saturating_sub(1),
            "nofill" | "verbatim" => unfilled += 1,
            "/nofill" | "/verbatim" => unfilled = unfilled.saturating_sub(1),
            "nl" | "np" | "paragraph" | "/paragraph" if hidden == 0 => out.push('\n'),
            "lt" if hidden == 0 => out.push('<'),
            _ => {}
        }
    }
    if hidden == 0 {
        out.push_str(rest);
    }
    out
}

/// RFC 1896: one line end is a space, more are one less; where lines are not filled they stand as they are.
fn line_ends(out: &mut String, lines: usize, unfilled: bool) {
    match (unfilled, lines) {
        (true, lines) => out.extend(std::iter::repeat_n('\n', lines)),
        (false, 1) => out.push(if out.is_empty() || out.ends_with('\n') { '\n' } else { ' ' }),
        (false, lines) => out.extend(std::iter::repeat_n('\n', lines - 1)),
    }
}

/// The name in `<name>` at the beginning, and what follows.
fn command(from: &str) -> Option<(&str, &str)> {
    const NAME: usize = 60;
    let inner = from.strip_prefix('<')?;
    let end = inner.bytes().take(NAME + 2).position(|b| b == b'>')?;
    let (name, after) = (&inner[..end], &inner[end + 1..]);
    let bare = name.strip_prefix('/').unwrap_or(name);
    let known = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    known.then_some((name, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_go_and_text_stays() {
        let enriched = "<bold>Now</bold> is the time for\n<italic>all</italic> good men\n\n<color><param>red</param>\
                        to come</color> <<here> 1 < 2\n\n\n<nofill>a\nb</nofill>";
        assert_eq!(to_text(enriched), "Now is the time for all good men\nto come <here> 1 < 2\n\na\nb");
        assert_eq!(to_text("<Bold>One<nl>two<lt>x>"), "One\ntwo<x>");
        assert_eq!(to_text("<param>never ends"), "");
    }
}
