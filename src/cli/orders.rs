//! `postcase case assign`, `tag`, `merge` and the like: the same verbs that staff write at the top of a reply.

use clap::Subcommand;

use super::Format;
use super::desk::Desk;
use super::failure::{Exit, Failure};
use super::show::{self, say};
use crate::case::instruction::{no_day, tag, until};
use crate::case::{Action, CaseNumber, PostId, Until, Verb, Who};
use crate::mail::Address;
use crate::store::cases::CaseView;

/// Whose order it is, about which case, and how the answer is written.
#[derive(clap::Args)]
pub struct Common {
    /// The number of the case
    #[arg(value_name = "CASE")]
    number: u64,
    /// Who acts: stands in the history
    #[arg(long = "as", value_name = "NAME")]
    by: String,
    /// For people, or for scripts
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Subcommand)]
pub enum Order {
    /// Give a case to one of the staff
    #[command(after_help = "Examples:
  postcase case assign 10482 petra --as Kevin
  postcase case assign 10482 me --as Kevin")]
    Assign {
        #[command(flatten)]
        common: Common,
        /// The name in rules/staff.toml, or me
        #[arg(value_name = "STAFF")]
        to: String,
    },
    /// Take a case; with --post, let a stranger take part
    #[command(after_help = "Examples:
  postcase case accept 10482 --as Kevin
  postcase case accept 10482 --post 3 --as Kevin")]
    Accept {
        #[command(flatten)]
        common: Common,
        /// The stranger's post, by its number in `case show`
        #[arg(long, value_name = "POST")]
        post: Option<usize>,
    },
    /// Say how urgent a case is
    #[command(after_help = "Example:
  postcase case priority 10482 high --as Kevin")]
    Priority {
        #[command(flatten)]
        common: Common,
        /// One of the priorities in rules/desk.toml
        priority: String,
    },
    /// Say how far a case has come; closing tells the customer
    #[command(after_help = "Example:
  postcase case status 10482 waiting --as Kevin")]
    Status {
        #[command(flatten)]
        common: Common,
        /// One of: new, open, waiting, solved, closed
        status: String,
    },
    /// Put a case into another queue
    #[command(after_help = "Example:
  postcase case queue 10482 parts --as Kevin")]
    Queue {
        #[command(flatten)]
        common: Common,
        /// A queue in rules/desk.toml
        queue: String,
    },
    /// Mark a case with words of your own
    #[command(after_help = "Examples:
  postcase case tag 10482 printer hall2 --as Kevin
  postcase case list --tag printer")]
    Tag {
        #[command(flatten)]
        common: Common,
        /// Single words of letters, digits and -_.:/ signs
        #[arg(required = true, value_parser = tag, value_name = "TAG")]
        tags: Vec<String>,
    },
    /// Take marks away from a case
    #[command(after_help = "Example:
  postcase case untag 10482 hall2 --as Kevin")]
    Untag {
        #[command(flatten)]
        common: Common,
        /// Tags that the case has
        #[arg(required = true, value_parser = tag, value_name = "TAG")]
        tags: Vec<String>,
    },
    /// Let somebody outside take part, or one of the staff follow
    #[command(after_help = "Examples:
  postcase case cc 10482 anna@shop.example --as Kevin
  postcase case cc 10482 petra --as Kevin

What was written before is not quoted to people outside who come now.")]
    Cc {
        #[command(flatten)]
        common: Common,
        /// An address, or the name of one of the staff
        #[arg(value_parser = who)]
        who: Who,
    },
    /// Let them take part or follow no longer
    #[command(after_help = "Example:
  postcase case uncc 10482 anna@shop.example --as Kevin")]
    Uncc {
        #[command(flatten)]
        common: Common,
        /// An address, or the name of one of the staff
        #[arg(value_parser = who)]
        who: Who,
    },
    /// Let a case wait until a day, or until the customer writes
    #[command(after_help = "Examples:
  postcase case wait 10482 2027-05-14 --as Kevin
  postcase case wait 10482 3d --as Kevin")]
    Wait {
        #[command(flatten)]
        common: Common,
        /// A day such as 2027-05-14, or 3d, 2w, tomorrow
        #[arg(value_parser = day, value_name = "DAY")]
        until: Until,
    },
    /// Make one case of two; the older number stays
    #[command(after_help = "Example:
  postcase case merge 10482 10480 --as Kevin

The other number goes on leading to the case. What was written before is not quoted
to people who took no part in it.")]
    Merge {
        #[command(flatten)]
        common: Common,
        /// The number of the other case
        #[arg(value_name = "OTHER")]
        with: u64,
    },
    /// Give posts a case of their own
    #[command(after_help = "Examples:
  postcase case split 10482 3 --as Kevin
  postcase case split 10482 3 4 --as Kevin

Later replies to these posts go to the new case by themselves.")]
    Split {
        #[command(flatten)]
        common: Common,
        /// Posts, by their numbers in `case show`
        #[arg(required = true, value_name = "POST")]
        posts: Vec<usize>,
    },
    /// Put posts into another case
    #[command(after_help = "Example:
  postcase case move 10482 3 --to 10480 --as Kevin

Later replies to these posts go there by themselves. A case of which nothing would be
left becomes part of the other.")]
    Move {
        #[command(flatten)]
        common: Common,
        /// Posts, by their numbers in `case show`
        #[arg(required = true, value_name = "POST")]
        posts: Vec<usize>,
        /// The number of the other case
        #[arg(long, value_name = "CASE")]
        to: u64,
    },
    /// Close a case without a word to anybody
    #[command(after_help = "Example:
  postcase case spam 10482 --as Kevin")]
    Spam {
        #[command(flatten)]
        common: Common,
    },
}

fn who(text: &str) -> Result<Who, String> {
    match (Address::parse(text), text.contains('@') && !text.starts_with('@')) {
        (Some(address), _) => Ok(Who::Outside(address)),
        (None, true) => Err("that is no address: write it as anna@shop.example".to_owned()),
        (None, false) if text.trim().is_empty() => Err("name an address, or one of the staff".to_owned()),
        (None, false) => Ok(Who::Staff(text.trim_start_matches('@').to_owned())),
    }
}

fn day(text: &str) -> Result<Until, String> {
    until(text).ok_or_else(|| no_day(text).to_string())
}

/// Gives the order, and prints what was done.
pub fn run(desk: &Desk, order: Order) -> Result<Exit, Failure> {
    let (common, action) = understood(desk, order)?;
    let decision = desk.order(&common.by, Verb::on(CaseNumber(common.number), action))?;
    if decision.verdict == "declined" {
        let reason = decision.trace.last().cloned().unwrap_or_else(|| "It was declined.".to_owned());
        return Err(Failure::new(Exit::Data, reason));
    }
    match common.format {
        Format::Text => decision.trace.iter().for_each(|sentence| say!("{}", show::one_line(sentence))),
        Format::Json => show::json(&serde_json::json!({ "case": decision.case, "done": decision.trace })),
    }
    Ok(Exit::Done)
}

fn understood(desk: &Desk, order: Order) -> Result<(Common, Action), Failure> {
    let plain = |common: Common, action: Action| {
        super::case::find(desk, common.number)?;
        Ok((common, action))
    };
    match order {
        Order::Assign { common, to } => plain(common, Action::Assign { to }),
        Order::Priority { common, priority } => plain(common, Action::Priority { priority }),
        Order::Status { common, status } => plain(common, Action::Status { status }),
        Order::Queue { common, queue } => plain(common, Action::Queue { queue }),
        Order::Tag { common, tags } => plain(common, Action::Tag { tags }),
        Order::Untag { common, tags } => plain(common, Action::Untag { tags }),
        Order::Cc { common, who } => plain(common, Action::Cc { who }),
        Order::Uncc { common, who } => plain(common, Action::Uncc { who }),
        Order::Wait { common, until } => plain(common, Action::Wait { until }),
        Order::Spam { common } => plain(common, Action::Spam),
        Order::Merge { common, with } => {
            super::case::find(desk, with)?;
            plain(common, Action::Merge { with: CaseNumber(with) })
        }
        Order::Accept { common, post } => {
            let case = super::case::find(desk, common.number)?;
            let post = post.map(|number| named(&case, number)).transpose()?;
            Ok((common, Action::Accept { post }))
        }
        Order::Split { common, posts } => {
            let case = super::case::find(desk, common.number)?;
            let posts = all_named(&case, &posts)?;
            Ok((common, Action::Split { posts }))
        }
        Order::Move { common, posts, to } => {
            let case = super::case::find(desk, common.number)?;
            super::case::find(desk, to)?;
            let posts = all_named(&case, &posts)?;
            Ok((common, Action::Move { posts, to: CaseNumber(to) }))
        }
    }
}

fn all_named(case: &CaseView, numbers: &[usize]) -> Result<Vec<PostId>, Failure> {
    numbers.iter().map(|number| named(case, *number)).collect()
}

/// The post of this number in `case show`. Numbers shift when posts come and go; what is ordered names the post itself.
fn named(case: &CaseView, number: usize) -> Result<PostId, Failure> {
    let post = number.checked_sub(1).and_then(|index| case.posts.get(index));
    post.map(|post| PostId(post.id)).ok_or_else(|| {
        let (case, count) = (case.line.number, case.posts.len());
        let sentence =
            format!("Case {case} has no post {number}: its posts are 1 to {count}, see `postcase case show {case}`.");
        Failure::new(Exit::NoInput, sentence)
    })
}
