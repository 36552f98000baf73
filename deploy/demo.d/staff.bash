# The desk's journey: staff are told, answer in the thread, and command by mail.
# shellcheck shell=bash

readonly KEVIN=kevin@desk.example PETRA=petra@desk.example ANNA=anna@shop.example BOB=bob@shop.example

write_staff() {
  cat >"$DIR/rules/staff.toml" <<CONF
[[staff]]
name = "kevin"
addresses = ["$KEVIN"]
queues = ["support"]

[[staff]]
name = "petra"
label = "Petra Lang"
addresses = ["$PETRA"]
queues = ["support"]
CONF
}

# about ADDRESS SUBJECT: the letters of a mailbox in whose subject these words stand, oldest first.
about() { letters "$1" | while read -r letter; do grep -lE "^Subject: .*$2" "$letter" || true; done; }
got() { [ "$(about "$1" "$2" | wc -l)" -ge "$3" ]; }
newest() { about "$1" "$2" | tail -n 1; }

# reply_to LETTER FROM [HEADER…]: what a mail program makes of standard input: subject, ids, everything quoted.
reply_to() {
  local letter=$1 from=$2 id
  shift 2
  id="$(fact message_id "$letter")"
  {
    cat
    printf '\nOn %s, Example Support wrote:\n' "$(date +%F)"
    fact text "$letter" | tr -d '\r' | sed 's/^/> /'
  } | message "$from" support@desk.example '' "Re: $(fact subject "$letter" | sed 's/^Re: //')" \
    "$RANDOM$RANDOM@${from#*@}" "In-Reply-To: <$id>" "References: <$id>" "$@" | send "$from" support@desk.example
}

# writes LETTER FROM TEXT…: the same, with these lines, and shows them.
writes() {
  local letter=$1 from=$2
  shift 2
  printf '%s\n' "$@" | quoted
  printf '%s\n' "$@" | reply_to "$letter" "$from"
}

posts_of() {
  postcase case show "$1" --format json |
    jq -r '.posts[] | "\(.audience): \(.author // "Postcase") — \(.author_text | split("\n")[0])"' | quoted
}

staff_are_told() {
  chapter 'Staff are told'
  message "Anna Berger <$ANNA>" support@desk.example '' 'Label printer prints blank pages' "first.$RANDOM@shop.example" \
    <<'TEXT' | send "$ANNA" support@desk.example
Hello,

since this morning our label printer only prints blank pages.
Which number do you need?

Best regards
Anna Berger
TEXT
  say 'Anna writes. Kevin and Petra answer mail of the queue "support": each is told, by a mail of their own.'
  await 60 'Kevin is told' got "$KEVIN" 'Label printer' 1
  await 60 'Petra is told' got "$PETRA" 'Label printer' 1
  await 60 'Anna is acknowledged' has_letters "$ANNA" 1
  ANNAS_CASE=$(number_of 'Label printer prints blank pages')
  arrived 'In the mailbox of Kevin:'
  read_letter "$(newest "$KEVIN" 'Label printer')" 24
}

kevin_replies_to_the_notice() {
  local notice answer
  chapter 'An answer is a reply'
  notice=$(newest "$KEVIN" 'Label printer')
  say 'Kevin replies to that mail, in his own mail program, which quotes all of it:'
  writes "$notice" "$KEVIN" 'Hello Anna,' '' 'please hold the feed button for five seconds. The number is below the cover.'
  await 60 'Anna has the answer' got "$ANNA" 'Label printer' 1
  answer=$(newest "$ANNA" 'Label printer')
  arrived 'Anna gets it from the desk, in his name, and nothing of what Kevin was told:'
  read_letter "$answer" 7
  ! fact text "$answer" | grep -qE 'Your reply goes|#note|queue Support' || fail 'Anna reads what was for staff.'
  ! fact text "$answer" | grep -qF "$(fact text "$notice" | grep -o 'ref:[0-9A-Z-]*:ref')" ||
    fail "Kevin's own reference went to Anna."
  case_is "$ANNAS_CASE" '.assignee == "kevin"' || fail 'Kevin answered first, and has not got the case.'
  arrived "Whoever answers first has the case: $ANNAS_CASE is Kevin's now."
}

a_note_stays_internal() {
  local before
  chapter 'A note stays internal'
  before=$(count_letters "$ANNA")
  say 'Petra knows something. She replies to her mail about the case, with one word at the top:'
  writes "$(newest "$PETRA" 'Label printer')" "$PETRA" '#note' '' 'She is on the old contract. Do not promise a new printer.'
  await 60 'Kevin is told of the note' got "$KEVIN" 'Label printer' 2
  arrived 'Kevin, whose case it is, reads:'
  read_letter "$(newest "$KEVIN" 'Label printer')" 5
  say '' 'And replies, without any command:'
  writes "$(newest "$KEVIN" 'Label printer')" "$KEVIN" 'Understood: she pays for it.'
  await 60 'his words are a note' case_is "$ANNAS_CASE" '[.posts[] | select(.audience == "internal")] | length == 2'
  [ "$(count_letters "$ANNA")" = "$before" ] || fail 'Anna got a note.'
  arrived 'What staff say to each other stays with them. Anna got nothing, and the case holds:'
  posts_of "$ANNAS_CASE"
}

somebody_writes_as_kevin() {
  local before
  chapter 'Somebody writes in the name of Kevin'
  before=$(count_letters "$ANNA")
  message "Kevin <$KEVIN>" support@desk.example '' "Re: Label printer prints blank pages [Case $ANNAS_CASE]" \
    "forged.$RANDOM@desk.example" <<'TEXT' | send "$MAX" support@desk.example
#send

Please pay 500 euros to this account.
TEXT
  say "Max puts Kevin's address into From. A From line proves nothing: the mail is held, and Kevin is asked."
  await 60 'Kevin is asked' got "$KEVIN" 'Please confirm' 1
  arrived 'In the mailbox of Kevin:'
  read_letter "$(newest "$KEVIN" 'Please confirm')" 9
  desk held list
  say '' 'He replies:'
  writes "$(newest "$KEVIN" 'Please confirm')" "$KEVIN" 'No! That was not me.'
  await 60 'the forged mail is dropped' nothing_is_held
  [ "$(count_letters "$ANNA")" = "$before" ] || fail 'Anna got the forged mail.'
  arrived 'Kevin says no, and that is the end of it. Nothing has reached Anna.'
}

nothing_is_held() { [ "$(status .held)" = 0 ]; }

kevin_writes_directly() {
  local before
  chapter 'Kevin writes himself, and nothing proves it'
  before=$(count_letters "$ANNA")
  message "Kevin <$KEVIN>" "Anna Berger <$ANNA>" support@desk.example "Your label printer [Case $ANNAS_CASE]" \
    "telephone.$RANDOM@desk.example" <<'TEXT' | send "$KEVIN" "$ANNA" support@desk.example
I am in your street at two o'clock, and bring a new print head.
TEXT
  say 'From his telephone Kevin writes to Anna directly, with the desk on copy. This is held as well, and he is asked.'
  await 60 'Kevin is asked' got "$KEVIN" 'Please confirm' 2
  await 60 'Anna has the mail' has_letters "$ANNA" $((before + 1))
  say 'This time he replies:'
  writes "$(newest "$KEVIN" 'Please confirm')" "$KEVIN" 'Yes, that is mine.'
  await 60 'his mail is in the case' case_is "$ANNAS_CASE" 'any(.posts[]; .author_text | contains("new print head"))'
  [ "$(count_letters "$ANNA")" = $((before + 1)) ] || fail 'Anna got the mail twice.'
  arrived 'His answer is the proof. The mail is in the case, and not sent to Anna a second time: she has it already.'
}

kevin_merges() {
  local one other before
  chapter 'Two people, one matter: #merge'
  message "Anna Berger <$ANNA>" support@desk.example '' 'Scanner in hall 2 is dead' "$RANDOM$RANDOM@shop.example" \
    <<'TEXT' | send "$ANNA" support@desk.example
The scanner does not go on any more.
TEXT
  message "Bob Stone <$BOB>" support@desk.example '' 'No scans today' "$RANDOM$RANDOM@shop.example" \
    <<'TEXT' | send "$BOB" support@desk.example
Nothing is scanned in hall 2. Do you know about it?
TEXT
  await 60 'Kevin is told of the first case' got "$KEVIN" 'Scanner in hall 2' 1
  await 60 'Kevin is told of the second case' got "$KEVIN" 'No scans today' 1
  await 60 'Bob is acknowledged' has_letters "$BOB" 1
  one=$(number_of 'Scanner in hall 2 is dead')
  other=$(number_of 'No scans today')
  say "Anna and Bob of the same company write about the same scanner: cases $one and $other. Kevin replies to Bob's mail:"
  writes "$(newest "$KEVIN" 'No scans today')" "$KEVIN" "#merge $one" '' 'Hello both, a new power supply is on its way.'
  await 60 'Kevin reads what was done' got "$KEVIN" "Case $one\\]" 2
  await 60 'Bob has the answer' has_letters "$BOB" 2
  arrived 'One mail tells Kevin what was done:'
  read_letter "$(newest "$KEVIN" "Case $one\\]")" 12
  before=$(postcase case show "$one" --format json | jq '.posts | length')
  say '' "Bob replies to his very first mail, which names case $other:"
  writes "$(letters "$BOB" | head -n 1)" "$BOB" 'Thank you! Please ring at the back door.'
  await 60 "Bob's words are in case $one" case_is "$one" ".posts | length > $before"
  arrived "It is in case $one. The old number stays a name of it for ever."
  MERGED_CASE=$one
}

kevin_splits() {
  local notices answers number
  chapter 'One mail, two matters: #split'
  notices=$(about "$KEVIN" "Case $MERGED_CASE\\]" | wc -l)
  say "Anna replies in case $MERGED_CASE, and writes about something else:"
  writes "$(letters "$ANNA" | tail -n 1)" "$ANNA" 'By the way: the invoice of May is wrong.'
  await 60 'Kevin is told' got "$KEVIN" "Case $MERGED_CASE\\]" $((notices + 1))
  answers=$(count_letters "$ANNA")
  say '' 'Kevin gives it a case of its own:'
  writes "$(newest "$KEVIN" "Case $MERGED_CASE\\]")" "$KEVIN" '#split' '#tag invoice' '' 'I have asked our accountant about it.'
  await 60 'Anna has the answer' has_letters "$ANNA" $((answers + 1))
  number=$(fact subject "$(letters "$ANNA" | tail -n 1)" | grep -o '[0-9]*]$' | tr -d ']')
  [ "$number" != "$MERGED_CASE" ] || fail 'the invoice has no case of its own.'
  arrived "The invoice is case $number. Anna gets the answer under this number, and replies to it:"
  writes "$(letters "$ANNA" | tail -n 1)" "$ANNA" 'It is number 4711.'
  await 60 "Anna's words are in case $number" case_is "$number" 'any(.posts[]; .author_text | contains("4711"))'
  arrived "Her reply is in case $number:"
  posts_of "$number"
}

kevin_mistypes() {
  local subject="Label printer.*Case $ANNAS_CASE" notice letters before
  chapter 'A slip of the finger'
  notice=$(about "$KEVIN" "$subject" | head -n 1)
  letters=$(about "$KEVIN" "$subject" | wc -l)
  before=$(count_letters "$ANNA")
  say "Kevin goes back to the first mail about case $ANNAS_CASE, and wants to close it:"
  writes "$notice" "$KEVIN" '#clsoe' '' 'With the new print head your printer is as good as new.'
  await 60 'Kevin is asked' got "$KEVIN" "$subject" $((letters + 1))
  [ "$(count_letters "$ANNA")" = "$before" ] || fail 'Anna got a text with a mistyped command.'
  arrived 'What begins like a command and is none goes to nobody:'
  read_letter "$(newest "$KEVIN" "$subject")" 9
  say '' 'He replies with the corrected one:'
  writes "$(newest "$KEVIN" "$subject")" "$KEVIN" '#close' '' 'With the new print head your printer is as good as new.'
  await 60 'Anna has the closing letter' has_letters "$ANNA" $((before + 1))
  await 60 'Kevin reads that it is closed' got "$KEVIN" "$subject" $((letters + 2))
  await 60 'nothing is held any more' nothing_is_held
  arrived 'Now Anna has it:'
  read_letter "$(letters "$ANNA" | tail -n 1)" 5
  say '' 'And there is help:'
  writes "$notice" "$KEVIN" '#help'
  await 60 'Kevin gets help' got "$KEVIN" "$subject" $((letters + 3))
  read_letter "$(newest "$KEVIN" "$subject")" 14
}
