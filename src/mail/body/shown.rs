//! What is displayed of a text.

use super::Line;
use super::roles::Role;

/// Lines of a quotation that are shown above the answer to it.
const CONTEXT: usize = 12;

/// What is displayed; what is folded away first is put back first when nothing would be left.
pub fn shown(lines: &[Line<'_>], roles: &[Role]) -> String {
    let answered = answered(lines, roles);
    let keep = |kept: &dyn Fn(usize) -> bool| {
        tidy((0..lines.len()).filter(|at| kept(*at)).map(|at| (at, lines[at].raw.trim_end())))
    };
    let stages: [&dyn Fn(usize) -> bool; 4] = [
        &|at| matches!(roles[at], Role::Own | Role::Forward) || answered[at],
        &|at| matches!(roles[at], Role::Own | Role::Signature),
        &|at| matches!(roles[at], Role::Own | Role::Signature | Role::Footer),
        &|_| true,
    ];
    let mut stages = stages.into_iter().map(keep);
    stages.find(|text| !text.is_empty()).unwrap_or_default()
}

/// Whether the author wrote nothing but what stands for a picture, and what a telephone puts below.
pub fn says_nothing(lines: &[Line<'_>], roles: &[Role]) -> bool {
    let stands_for_picture = |content: &str| {
        let content = content.trim_matches(['[', ']', '<', '>', '\u{fffc}', ' ']);
        let file = [".jpg", ".jpeg", ".png", ".gif", ".heic"].iter().any(|end| content.to_lowercase().ends_with(end));
        content.is_empty() || content.starts_with("image:") || content.starts_with("cid:") || file
    };
    lines.iter().zip(roles).all(|(line, role)| match role {
        Role::Own => stands_for_picture(line.content),
        Role::Forward => false,
        Role::Quote(_) | Role::Furniture | Role::Signature | Role::Footer => true,
    })
}

/// The quoted lines that are shown: where the author answers in several places, the paragraph above each answer.
fn answered(lines: &[Line<'_>], roles: &[Role]) -> Vec<bool> {
    let mut shown = vec![false; lines.len()];
    let mut answers = 0;
    // The paragraph of the quotation that was last seen, and not answered yet.
    let mut quoted: Option<(usize, usize)> = None;
    let mut ended = false;
    for (at, (line, role)) in lines.iter().zip(roles).enumerate() {
        match role {
            Role::Quote(_) if line.depth > 0 && line.content.is_empty() => ended = true,
            Role::Quote(level) if line.depth > 0 => {
                let begin = if ended || quoted.is_none() { at } else { quoted.map_or(at, |(begin, _)| begin) };
                quoted = (*level == 1).then_some((begin.max((at + 1).saturating_sub(CONTEXT)), at));
                ended = false;
            }
            Role::Own if line.content.is_empty() => ended = quoted.is_some(),
            Role::Own => {
                if let Some((begin, end)) = quoted.take() {
                    answers += 1;
                    shown[begin..=end].fill(true);
                }
                ended = false;
            }
            Role::Quote(_) | Role::Furniture | Role::Signature | Role::Footer | Role::Forward => {}
        }
    }
    if answers < 2 {
        shown.fill(false);
    }
    shown
}

/// Joins lines; no blank ones at the ends, at most two in a row, and one where something was left out.
fn tidy<'a>(lines: impl Iterator<Item = (usize, &'a str)>) -> String {
    let mut out = String::new();
    let (mut blank, mut most) = (0, 2);
    let mut before = None;
    for (at, line) in lines {
        if before.is_some_and(|before: usize| at > before + 1) {
            most = 1;
        }
        before = Some(at);
        if line.trim().is_empty() {
            blank += 1;
            continue;
        }
        if !out.is_empty() {
            (0..=blank.min(most)).for_each(|_| out.push('\n'));
        }
        out.push_str(line);
        (blank, most) = (0, 2);
    }
    out
}
