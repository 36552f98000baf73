//! Filters, gateways and services that send on behalf of others.

use postcase::mail::Action::{Delayed, Failed};

use crate::{Report, check};

const REPORTS: &[Report] = &[
    (
        "InterScan",
        "From: InterScan Messaging Security Suite <postmaster@mx.example>\nSubject: Mail could not be delivered",
        "****** Message from InterScan Messaging Security Suite ******\n\nSent <<< RCPT TO:<gone@old.example>\nReceived >>> 550 5.1.1 <gone@old.example>... user unknown\n\nUnable to deliver message to <gone@old.example>.\n\n************************     End of message     **********************\n",
        "gone@old.example",
        Failed,
        "5.1.1",
    ),
    (
        "MXLogic",
        "From: Mail Delivery System <mailer-daemon@mx.example>\nSubject: Mail delivery failed: returning message to sender\nX-MXL-NoteHash: ffff",
        "This message was created automatically by mail delivery software.\nA message that you sent could not be delivered to one or more of its recipients.\n\nThis is a permanent error. The following addresses failed:\n\n <gone@old.example>: 550 5.1.1 ... User Unknown\n\nIncluded is a copy of the message header:\n-----------------------------------------\nTo: gone@old.example",
        "gone@old.example",
        Failed,
        "5.1.1",
    ),
    (
        "MailFoundry",
        "From: Mail Delivery System <postmaster@mx.example>\nSubject: Message delivery has failed",
        "Unable to deliver message to: <gone@old.example>\nDelivery failed for the following reason:\nServer mx.old.example[192.0.2.1] failed with: 550 <gone@old.example> No such user here\n\nThis has been a permanent failure.  No further delivery attempts will be made.\n",
        "gone@old.example",
        Failed,
        "5.1.1",
    ),
    (
        "MailMarshal",
        "From: <postmaster@mx.example>\nSubject: Undeliverable Mail: \"Offer\"",
        "Your message:\n   From:    desk@instruments.example\n   Subject: Offer\n\nCould not be delivered because of\n\n550 5.1.1 User unknown\n\nThe following recipients were affected: \n    gone@old.example\n\nAdditional Information:\n\n    Sent: Mon, 3 Mar 2025 10:12:00\n",
        "gone@old.example",
        Failed,
        "5.1.1",
    ),
    (
        "McAfee",
        "From: \"Mail Delivery Status\" <postmaster@mx.example>\nSubject: Delivery Status\nX-NAI-Header: Modified by McAfee",
        "--- The following addresses had delivery problems ---\n\n<gone@old.example>   (User unknown gone@old.example)\n\n",
        "gone@old.example",
        Failed,
        "5.1.1",
    ),
    (
        "SurfControl",
        "From: <postmaster@mx.example>\nSubject: Message delivery failure\nX-SEF-Processed: 5_0",
        "Your message could not be sent.\nA transcript of the attempts to send the message follows.\nThe number of attempts made: 1\nAddressed To: gone@old.example\n\nMon 3 Mar 2025 10:12:00 +0100\nFailed to send to identified host,\ngone@old.example: [192.0.2.1], 550 gone@old.example... No such user\n--- Message non-deliverable.\n",
        "gone@old.example",
        Failed,
        "5.1.1",
    ),
    (
        "m-FILTER",
        "From: Postmaster <postmaster@mx.example>\nSubject: failure notice\nX-Mailer: m-FILTER",
        "-------server message\n550 5.1.1 unknown user <gone@old.example>\n\n-------SMTP command\nDATA\n\n-------original message\nTo: gone@old.example\n",
        "gone@old.example",
        Failed,
        "5.1.1",
    ),
    (
        "Active!hunter",
        "From: MAILER-DAEMON <MAILER-DAEMON@mx.example>\nSubject: FAILURE NOTICE :",
        "  ----- The following addresses had permanent fatal errors -----\n\n>>> gone@old.example <gone@old.example>\n\n  ----- Transcript of session follows -----\n\n550 sorry, no mailbox here by that name\n\n",
        "gone@old.example",
        Failed,
        "5.1.1",
    ),
    (
        "an unnamed web host",
        "From: Mail Server <mailer@mx.example>\nReturn-Path: <>\nSubject: There was an error sending your mail",
        "We had trouble delivering your message. Full details follow:\n\nSubject: 'Offer'\nDate: 'Mon, 03 Mar 2025 10:12:00 +0100'\n\n1 error(s):\n\nSMTP Server <mx.old.example> rejected recipient <gone@old.example>\n  (Error following RCPT command). It responded as follows: [550 5.1.1 User unknown]\n",
        "gone@old.example",
        Failed,
        "5.1.1",
    ),
    (
        "an unnamed relay",
        "From: \"Mail Deliver System\" <MAILER-DAEMON@mx.example>\nSubject: Returned Mail: gone@old.example",
        "The original message was received at Mon, 3 Mar 2025 10:12:00 +0100\nfrom desk@instruments.example\n\n---The following addresses had delivery errors---\n\ngone@old.example [User unknown]\n",
        "gone@old.example",
        Failed,
        "5.1.1",
    ),
    (
        "a relay with technical details",
        "From: Mail Delivery System <MAILER-DAEMON@mx.example>\nSubject: Delivery status notification",
        "============================================================================\n      This is an automatically generated Delivery Status Notification\n\nDelivery to the following recipients failed permanently:\n\n* gone@old.example\n\n\n============================================================================\n                             Technical details:\n\nSMTP:RCPT host 192.0.2.8: 553 5.3.0 <gone@old.example>... No such user here\n",
        "gone@old.example",
        Failed,
        "5.3.0",
    ),
    (
        "Cisco IronPort",
        "From: \"Mail Delivery System\" <MAILER-DAEMON@mx.example>\nSubject: Delivery Status Notification (Failure)",
        "The following message to <gone@old.example> was undeliverable.\nThe reason for the problem:\n5.1.0 - Unknown address error 550-'5.1.1 <gone@old.example>... User unknown'\n",
        "gone@old.example",
        Failed,
        "5.1.0",
    ),
    (
        "Mandrill-like service",
        "From: Mail Delivery <bounces@mx.example>\nReturn-Path: <>\nSubject: Undelivered Mail Returned to Sender",
        "Your message to gone@old.example could not be delivered.\nReason: smtp;550 5.4.1 Recipient address rejected: Access denied\n",
        "gone@old.example",
        Failed,
        "5.4.1",
    ),
    (
        "Google Groups",
        "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nTo: desk@instruments.example\nSubject: Delivery Status Notification (Failure)",
        "Hello desk@instruments.example,\n\nWe're writing to let you know that the group you tried to contact (gone) may not exist, or you may not have permission to post messages to the group. A few more details on why you weren't able to post:\n\n * You might have spelled or formatted the group name incorrectly.\n\n----- Original message -----\n\nTo: gone@old.example\n",
        "gone@old.example",
        Failed,
        "5.1.1",
    ),
    (
        "a virus filter",
        "From: Content Filter <postmaster@mx.example>\nReturn-Path: <>\nSubject: Undeliverable mail: VIRUS in your mail",
        "Our content checker found a virus in your message.\nDelivery of the email was stopped!\n\nRecipient: gone@old.example\n",
        "gone@old.example",
        Failed,
        "5.7.1",
    ),
    (
        "a queue that waits",
        "From: Mail Delivery System <MAILER-DAEMON@mx.example>\nSubject: Delayed Mail (still being retried)",
        "This is the mail system at host mx.example.\n\n####################################################################\n# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #\n####################################################################\n\nYour message could not be delivered for more than 1 hour(s).\nIt will be retried until it is 5 day(s) old.\n\n<slow@old.example>: connect to mx.old.example[192.0.2.1]:25: Connection timed out\n",
        "slow@old.example",
        Delayed,
        "4.4.7",
    ),
];

#[test]
fn gateways() {
    check(REPORTS);
}
