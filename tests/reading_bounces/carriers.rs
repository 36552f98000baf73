//! Mobile carriers and access providers, most of them Japanese.

use postcase::mail::Action::Failed;

use crate::{Report, check};

const REPORTS: &[Report] = &[
    (
        "docomo",
        "From: Mail Delivery Subsystem <MAILER-DAEMON@docomo.example>\nSubject: Returned mail: User unknown",
        "The original message was received at Mon, 3 Mar 2025 10:12:00 +0900\nfrom [192.0.2.1]\n\n   ----- The following addresses had permanent fatal errors -----\n<gone@docomo.example>\n\n   ----- Transcript of session follows -----\n550 Unknown user gone@docomo.example\n",
        "gone@docomo.example",
        Failed,
        "5.1.1",
    ),
    (
        "EZweb",
        "From: Postmaster@ezweb.example\nSubject: Mail System Error - Returned Mail",
        "Each of the following recipients was rejected by a remote mail server.\nThe reasons given by the server are included to help you determine why\neach recipient was rejected.\n\n    Recipient: <gone@ezweb.example>\n    Reason:    <gone@ezweb.example>... User Unknown\n\n",
        "gone@ezweb.example",
        Failed,
        "5.1.1",
    ),
    (
        "au one",
        "From: Postmaster@au-net.example\nReturn-Path: <>\nSubject: Mail could not be delivered",
        "Your mail sent on: Mon, 3 Mar 2025 10:12:00 +0900\n    Could not be delivered to: gone@au.example\n    As their mailbox is full.\n",
        "gone@au.example",
        Failed,
        "5.2.2",
    ),
    (
        "SoftBank",
        "From: MAILER-DAEMON@softbank.example\nSubject: Mail System Error",
        "<gone@softbank.example>\n\n以下のメールは送信できませんでした。\n宛先のアドレスが見つかりません。\n",
        "gone@softbank.example",
        Failed,
        "5.1.1",
    ),
    (
        "Biglobe",
        "From: postmaster@biglobe.example\nSubject: Returned mail:",
        "   ----- The following addresses had delivery problems -----\ngone@biglobe.example\n\n   ----- Non-delivered information -----\nThe number of messages in recipient's mailbox exceeded the local limit.\n\nYour messages were not delivered.\n",
        "gone@biglobe.example",
        Failed,
        "5.2.2",
    ),
    (
        "a multimedia message centre",
        "From: post_master@vtext.example\nReturn-Path: <>\nSubject: Undeliverable Message",
        "Undeliverable Message Error.\n\nThe original message was received at Mon, 3 Mar 2025\n\nError: No valid recipients in this MM\nRCPT TO: 5551230000@vtext.example\n",
        "5551230000@vtext.example",
        Failed,
        "5.0.0",
    ),
    (
        "an access provider",
        "From: MAILER-DAEMON@nifty.example\nSubject: メール配送エラー",
        "送信されたメールは、次の理由により配送できませんでした。\n\n宛先：gone@nifty.example\n理由：550 5.1.1 指定されたアドレスは存在しません。\n",
        "gone@nifty.example",
        Failed,
        "5.1.1",
    ),
];

#[test]
fn carriers() {
    check(REPORTS);
}
