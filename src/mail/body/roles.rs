//! What each line is: the author's, quoted, handed on, or furniture.

use super::header::{self, Handing};
use super::languages::Label;
use super::markup::Verdict;
use super::signature::Above;
use super::{Handed, Line, Next, attribution, card, has_marker, signature};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Own,
    /// Level of quotation, from 1.
    Quote(usize),
    /// Of mail that was handed on: content.
    Forward,
    /// Attributions and separators.
    Furniture,
    Signature,
    Footer,
}

/// What a line begins.
enum Beginning {
    /// An attribution of so many lines, above lines with `>`.
    Attribution(usize),
    /// A quotation without `>`, down to the end, below so many lines of furniture.
    Quotation(usize),
    /// The same, of mail that was handed on.
    Forward,
}

/// How far what was handed on goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// To the end of the text.
    End,
    /// As far as its lines begin with `>`.
    Marked,
}

struct Walk<'a> {
    lines: &'a [Line<'a>],
    verdicts: &'a [Option<Verdict>],
    next: &'a [Next],
    /// Whether an attribution may end in each line.
    ends: &'a [bool],
    labels: &'a [Option<Label>],
    handed: Handed,
    level: usize,
    /// The level to which a quotation returns where its marks end.
    unmarked: Option<usize>,
    /// The level to which a quotation returns that the markup ends.
    outer: Option<usize>,
    in_signature: bool,
    /// Whether something above is quoted, or introduces a quotation.
    answers: bool,
    forward: Option<Reach>,
}

/// The role of every line. Linear: what a line begins is seen from a bounded number of lines.
pub fn roles(lines: &[Line<'_>], verdicts: &[Option<Verdict>], handed: Handed) -> Vec<Role> {
    let next = Next::all(lines);
    let mut walk = Walk {
        lines,
        verdicts,
        next: &next,
        ends: &lines.iter().map(attribution::may_end).collect::<Vec<_>>(),
        labels: &lines.iter().map(|line| header::label(line.content).map(|(label, _)| label)).collect::<Vec<_>>(),
        handed,
        level: 0,
        unmarked: None,
        outer: None,
        in_signature: false,
        answers: false,
        forward: None,
    };
    let mut roles = Vec::with_capacity(lines.len());
    while roles.len() < lines.len() {
        walk.step(&mut roles);
    }
    unfold_signatures(lines, verdicts, &mut roles);
    unfold_footers(lines, &mut roles);
    fold_card(lines, &mut roles);
    cite(lines, &mut roles);
    roles
}

impl Walk<'_> {
    /// Adds the roles of the next line, or of the next lines that belong together.
    fn step(&mut self, roles: &mut Vec<Role>) {
        let at = roles.len();
        let line = &self.lines[at];
        let verdict = self.verdicts.get(at).copied().flatten();
        match self.forward {
            Some(Reach::End) => return roles.push(Role::Forward),
            Some(Reach::Marked) if line.depth > 0 || line.content.is_empty() => return roles.push(Role::Forward),
            Some(Reach::Marked) => self.forward = None,
            None => {}
        }
        self.follow_markup(line, verdict);
        if line.depth == 0 && !line.content.is_empty() {
            self.level = self.unmarked.take().unwrap_or(self.level);
        }
        let level = self.level;
        match self.beginning(at) {
            Some(Beginning::Attribution(count)) => {
                self.in_signature = false;
                self.answers = true;
                let depth = self.level + line.depth;
                let role = if depth == 0 { Role::Furniture } else { Role::Quote(depth) };
                return roles.extend(std::iter::repeat_n(role, count));
            }
            Some(Beginning::Quotation(count)) => {
                self.answers = true;
                self.level += 1;
                let marked = line.depth > 0 && self.lines.get(at + count).is_some_and(|below| below.depth > 0);
                self.unmarked = self.unmarked.or(marked.then_some(level));
                return roles.extend(std::iter::repeat_n(Role::Quote(self.level + line.depth), count));
            }
            Some(Beginning::Forward) if self.hands_on(at) => {
                let marked = line.depth > 0 || self.next[at] == Next::Quoted;
                self.forward = Some(if marked { Reach::Marked } else { Reach::End });
                return roles.push(Role::Forward);
            }
            Some(Beginning::Forward) => {
                self.answers = true;
                self.level += 2;
                let marked = line.depth > 0 && self.lines.get(at + 1).is_some_and(|below| below.depth > 0);
                self.unmarked = self.unmarked.or(marked.then_some(level));
                return roles.push(Role::Quote(self.level + line.depth));
            }
            None => {}
        }
        let role = self.plain(at, verdict);
        self.answers = self.answers || matches!(role, Role::Quote(_) | Role::Furniture) && !line.content.is_empty();
        roles.push(role);
    }

    /// Whether mail that is handed on may begin in a line: where nothing is quoted, or, as Apple Mail marks it, in the
    /// first line of a quotation that goes on as deep. What an answered mail hands on begins below it, or is deeper.
    fn hands_on(&self, at: usize) -> bool {
        const BLANK: usize = 3;
        let below = || self.lines[at + 1..].iter().take(BLANK).find(|line| !line.content.is_empty());
        match self.lines[at].depth {
            0 => self.level == 0,
            1 if self.level > 0 || self.answers || self.handed == Handed::Back => false,
            1 => below().is_some_and(|line| line.depth == 1),
            _ => false,
        }
    }

    /// A quotation that the markup ends is over, whatever its lines looked like.
    fn follow_markup(&mut self, line: &Line<'_>, verdict: Option<Verdict>) {
        match verdict {
            Some(Verdict::Quote | Verdict::Attribution) => self.outer = self.outer.or(Some(self.level)),
            Some(Verdict::Signature) => {}
            None if line.content.is_empty() || line.depth > 0 => {}
            None => {
                if let Some(outer) = self.outer.take() {
                    self.level = outer;
                }
            }
        }
    }

    fn plain(&mut self, at: usize, verdict: Option<Verdict>) -> Role {
        let line = &self.lines[at];
        let depth = self.level + line.depth;
        if depth > 0 || wrapped_quotation(self.lines, at) {
            self.in_signature = false;
            return Role::Quote(depth.max(1));
        }
        match verdict {
            Some(Verdict::Quote) => return Role::Quote(1),
            Some(Verdict::Attribution) => return Role::Furniture,
            Some(Verdict::Signature) => return Role::Signature,
            None => {}
        }
        self.in_signature = self.in_signature || signature::opens(self.lines, at).is_some();
        if self.in_signature {
            Role::Signature
        } else if signature::is_footer(line.content) {
            Role::Footer
        } else {
            Role::Own
        }
    }

    /// A ruled line, and the blank ones below it, above what begins a quotation.
    fn rule(&self, at: usize) -> Option<usize> {
        const BLANK: usize = 3;
        let content = self.lines[at].content;
        let ruled = content.len() >= 3 && content.chars().all(|c| "_-=*–—".contains(c));
        if content.is_empty() || !ruled && !content.starts_with(char::is_alphabetic) {
            return None;
        }
        let below = self.lines[at + 1..].iter().take(BLANK).position(|line| !line.content.is_empty())? + at + 1;
        if !ruled && (self.labels[below].is_none() || !header::is_bare_separator(content)) {
            return None;
        }
        match self.words(below)? {
            Beginning::Attribution(_) | Beginning::Quotation(_) => Some(below - at),
            Beginning::Forward => None,
        }
    }

    /// Whether the next lines are a copied header: below a separator even one without an hour.
    fn header_follows(&self, at: usize) -> bool {
        const BLANK: usize = 3;
        let below = self.lines[at + 1..].iter().take(BLANK).position(|line| !line.content.is_empty());
        below.is_some_and(|below| header::loosely_copied(self.lines, at + 1 + below).is_some())
    }

    fn beginning(&self, at: usize) -> Option<Beginning> {
        self.rule(at).map(Beginning::Attribution).or_else(|| self.words(at))
    }

    /// What a line begins by its words.
    fn words(&self, at: usize) -> Option<Beginning> {
        let line = &self.lines[at];
        if line.content.is_empty() {
            return None;
        }
        // Behind quotation marks it says nothing new: what is written beneath the marks is the author's again.
        if line.depth == 0 && (has_marker(line.content) || header::is_marker(line.content)) {
            return Some(Beginning::Quotation(1));
        }
        let next = self.next[at];
        let handed_on = self.handed == Handed::On && self.hands_on(at);
        match header::separator(line.content) {
            // Samsung and old Outlook draw the same line above what is answered and what is handed on.
            Some(Handing::Answer) if handed_on && self.header_follows(at) => return Some(Beginning::Forward),
            Some(Handing::Answer)
                if next == Next::Plain && !header::is_drawn(line.content) && !self.header_follows(at) => {}
            Some(Handing::Answer) if next == Next::Plain || line.depth > 0 => return Some(Beginning::Quotation(1)),
            Some(Handing::Answer) => return Some(Beginning::Attribution(1)),
            Some(Handing::Forward) => return Some(Beginning::Forward),
            None => {}
        }
        if header::may_begin(&self.labels[at..]) {
            match header::copied(self.lines, at) {
                Some(_) if handed_on => return Some(Beginning::Forward),
                Some(copied) => return Some(Beginning::Quotation(copied.lines)),
                // What is handed on is shown, whatever it is.
                None if handed_on && header::loosely_copied(self.lines, at).is_some() => {
                    return Some(Beginning::Forward);
                }
                None => {}
            }
        }
        if let Some(count) = header::half_named(self.lines, at).filter(|_| !handed_on) {
            return Some(Beginning::Quotation(count));
        }
        // Within a quotation an attribution changes nothing: the marks already say how deep it is.
        if line.depth > 0 && !line.content.ends_with(">>>") {
            return None;
        }
        if !self.ends[at..self.ends.len().min(at + attribution::REACH)].contains(&true) {
            return None;
        }
        let count = attribution::lines(self.lines, at)?;
        Some(match Next::of(self.lines, at + count) {
            Next::Quoted => Beginning::Attribution(count),
            Next::Plain => Beginning::Quotation(count),
        })
    }
}

/// A card below the closing salutation, where the author's words end first.
fn fold_card(lines: &[Line<'_>], roles: &mut [Role]) {
    /// Lines of a card and the blank ones between them.
    const REACH: usize = 40;
    let Some(begin) = roles.iter().position(|role| *role == Role::Own) else { return };
    let length = roles[begin..].iter().take_while(|role| **role == Role::Own).count();
    let from = begin + length.saturating_sub(REACH);
    if let Some(at) = card::below_closing(&lines[from..begin + length]) {
        roles[from + at..begin + length].fill(Role::Signature);
    }
}

/// What is too long for a signature, or only looks like one, is the author's.
fn unfold_signatures(lines: &[Line<'_>], verdicts: &[Option<Verdict>], roles: &mut [Role]) {
    /// Signatures in a stretch that looks like one, at most; what stands below them is the author's.
    const SIGNATURES: usize = 4;
    let told = |at: usize| verdicts.get(at) == Some(&Some(Verdict::Signature));
    let mut own = (0..roles.len()).filter(|at| roles[*at] == Role::Own && !lines[*at].content.is_empty());
    let (first, second) = (own.next().unwrap_or(roles.len()), own.next().unwrap_or(roles.len()));
    let mut at = 0;
    while at < roles.len() {
        if roles[at] != Role::Signature {
            at += 1;
            continue;
        }
        let of_element = told(at);
        let is_blank = |at: usize| roles[at] == Role::Own && lines[at].content.is_empty();
        let is_part = |at: usize| roles[at] == Role::Signature && told(at) == of_element;
        let end =
            (at..roles.len()).take_while(|at| is_part(*at) || of_element && is_blank(*at)).filter(|at| is_part(*at));
        let end = end.last().map_or(roles.len(), |last| last + 1);
        for turn in 0..=SIGNATURES {
            let answered = second < at || first < at && !signature::is_salutation(lines[first].content);
            let kept = match () {
                () if turn == SIGNATURES => end..end,
                () if turn > 0 || !of_element => signature::kept(lines, at..end),
                () if answered => signature::kept_in_element(lines, at..end, Above::Answer),
                () => signature::kept_in_element(lines, at..end, Above::Nothing),
            };
            for (role, line) in roles[at..kept.start].iter_mut().zip(&lines[at..]) {
                *role = if signature::is_footer(line.content) { Role::Footer } else { Role::Own };
            }
            at = kept.end;
            if at == end {
                break;
            }
        }
    }
}

/// What looks like a footer and stands above more of the author's words is one of them.
fn unfold_footers(lines: &[Line<'_>], roles: &mut [Role]) {
    let mut below = true;
    for (line, role) in lines.iter().zip(roles).rev() {
        match role {
            Role::Footer if !below => *role = Role::Own,
            Role::Own if !line.content.is_empty() => below = false,
            Role::Footer | Role::Own => {}
            Role::Quote(_) | Role::Furniture | Role::Signature | Role::Forward => below = true,
        }
    }
}

/// What the author quotes by hand, between own words and above the mail that the program quotes, is part of what
/// the author says; so is what introduces it.
fn cite(lines: &[Line<'_>], roles: &mut [Role]) {
    let by_hand = |at: &usize| is_by_hand(lines[*at].content);
    let mut introductions =
        (0..roles.len()).filter(|at| roles[*at] == Role::Furniture && !lines[*at].content.is_empty());
    let Some(introduced) = introductions.next() else { return };
    let program = if by_hand(&introduced) { introductions.find(|at| !by_hand(at)) } else { None };
    let own = |at: &usize| roles[*at] == Role::Own && !lines[*at].content.is_empty();
    let furniture = program.filter(|program| (introduced..*program).any(|at| own(&at))).unwrap_or(introduced);
    let Some(first) = (0..furniture).find(own) else { return };
    let first = first.min(introduced);
    for (role, line) in roles[first..furniture].iter_mut().zip(&lines[first..]) {
        if *role == Role::Furniture || matches!(role, Role::Quote(1)) && line.depth > 0 {
            *role = Role::Own;
        }
    }
}

/// Whether a person, and no program, wrote the line above a quotation: `As you wrote:` says neither when nor who.
fn is_by_hand(line: &str) -> bool {
    line.starts_with(char::is_alphabetic)
        && line.ends_with(':')
        && !line.contains('@')
        && !line.contains(char::is_numeric)
}

/// A line of a quotation that a mail program wrapped, without `>` before its second half.
fn wrapped_quotation(lines: &[Line<'_>], at: usize) -> bool {
    const COLUMNS: usize = 70;
    let line = &lines[at];
    if line.content.is_empty() || at == 0 || line.depth > 0 {
        return false;
    }
    let before = &lines[at - 1];
    let between = before.depth > 0 && lines.get(at + 1).is_some_and(|after| after.depth > 0);
    if !between {
        return false;
    }
    let link = line.content.trim_start_matches(['(', '<']).starts_with("http") && !line.content.contains(' ');
    let lone = line.content.starts_with(['(', '<']) && line.content.ends_with('>') && line.content.contains("http");
    let open = before.content.rfind(['(', '<']).is_some_and(|from| {
        let tail = &before.content[from..];
        tail.contains("http") && !tail.contains([')', '>'])
    });
    let first = line.content.split(' ').next().unwrap_or_default();
    let full = before.raw.chars().count() + 1 + first.chars().count() >= COLUMNS;
    let runs_on = line.content.starts_with(char::is_lowercase) && !before.content.ends_with(['.', '?', '!', ':']);
    link || lone || open || full && runs_on
}
