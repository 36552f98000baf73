# How the demo speaks, writes mail, reads mail and waits.
# shellcheck shell=bash

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  BOLD=$'\e[1m' DIM=$'\e[2m' GREEN=$'\e[32m' RED=$'\e[31m' PLAIN=$'\e[0m'
else
  BOLD='' DIM='' GREEN='' RED='' PLAIN=''
fi

chapters=0
chapter() {
  chapters=$((chapters + 1))
  printf '\n%s%2d  %s%s\n' "$BOLD" "$chapters" "$1" "$PLAIN"
}
say() { printf '    %s\n' "$@"; }
arrived() { printf '  %s✓%s %s\n' "$GREEN" "$PLAIN" "$1"; }

# desk ARGUMENT…: a command at the desk, shown as it is typed.
desk() {
  local argument shown='postcase'
  for argument; do
    case $argument in *[!a-zA-Z0-9,-]*) shown+=" \"$argument\"" ;; *) shown+=" $argument" ;; esac
  done
  printf '    %s$ %s%s\n' "$DIM" "$shown" "$PLAIN"
  postcase "$@" | sed 's/^/      /'
}

postcase() { "$POSTCASE" --config "$DIR/postcase.toml" "$@"; }

# fail WHAT: the story cannot go on.
fail() {
  trap - ERR
  printf '\n%sThe demo stops here: %s%s\n' "$RED" "$1" "$PLAIN" >&2
  exit 1
}

# await_quietly SECONDS COMMAND…: true as soon as COMMAND is.
await_quietly() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.05
  done
}

# await SECONDS WHAT COMMAND…: waits until COMMAND is true; otherwise the story ends with WHAT.
await() {
  local seconds=$1 what=$2
  shift 2
  await_quietly "$seconds" "$@" || fail "within $seconds seconds this did not come true: $what."
}

# --- Mail ---------------------------------------------------------------------------------------------------------

# message FROM TO CC SUBJECT ID [HEADER…]: a mail with the text from standard input.
message() {
  local from=$1 to=$2 cc=$3 subject=$4 id=$5 header
  shift 5
  printf 'From: %s\nTo: %s\n' "$from" "$to"
  [ -z "$cc" ] || printf 'Cc: %s\n' "$cc"
  printf 'Subject: %s\nMessage-ID: <%s>\nDate: %s\n' "$subject" "$id" "$(date -R)"
  for header; do printf '%s\n' "$header"; done
  printf 'MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n'
  cat
}

# send FROM TO…: hands the mail from standard input to the server, logged in as FROM, for every TO.
send() {
  local from=$1 to=() address
  shift
  for address; do to+=(--mail-rcpt "$address"); done
  sed 's/$/\r/' | curl --silent --show-error --ssl-reqd --cacert "$DIR/tls/ca.pem" --user "$from:$PASSWORD" \
    --mail-from "$from" "${to[@]}" --upload-file - "smtp://127.0.0.1:$SUBMISSION/customer.example"
}

cannot_log_in() { ! curl --silent --cacert "$DIR/tls/ca.pem" --user "$1:$PASSWORD" "imaps://127.0.0.1:$IMAPS/" >/dev/null; }

# letters ADDRESS: the files of somebody's mailbox, oldest first.
letters() {
  find "$DIR/dovecot/mail/$1"/{new,cur} -type f 2>/dev/null | sed 's|.*/\(.*\)|\1 &|' | sort | cut -d' ' -f2
}
count_letters() { letters "$1" | wc -l; }
has_letters() { [ "$(count_letters "$1")" -ge "$2" ]; }

# fact NAME FILE: what Postcase reads in a file, as `explain` tells it.
fact() { postcase explain --format json "$2" | jq -r ".$1"; }

# read_letter FILE [LINES]: From, Subject and the first lines, as a person sees them.
read_letter() {
  local reading
  reading=$(postcase explain --format json "$1")
  jq -r '"From:    \(.from.name // "") <\(.from.address)>", "Subject: \(.subject)", ""' <<<"$reading" | quoted
  # Without blank lines at the end.
  jq -r .text <<<"$reading" | tr -d '\r' | head -n "${2:-8}" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' | quoted
}
quoted() { sed "s/^/    ${DIM}│${PLAIN} /"; }

# --- What the desk knows ------------------------------------------------------------------------------------------

# `status` exits with 1 when something needs attention, and prints all the same.
status() { { postcase status --offline --format json 2>/dev/null || true; } | jq -r "$1"; }
case_is() { postcase case show "$1" --format json 2>/dev/null | jq -e "$2" >/dev/null; }
# number_of SUBJECT: the case with this subject; nothing if there is none.
number_of() { postcase case list --format json | jq -r --arg subject "$1" '.[] | select(.subject == $subject) | .number'; }
has_case() { [ -n "$(number_of "$1")" ]; }
decided() { [ "$(status ".decisions[\"$1\"] // 0")" -ge "$2" ]; }
follows_mailboxes() {
  [ "$(status '[.mailboxes[] | select(.state.connected and .state.read_until != null)] | length' 2>/dev/null)" = 2 ]
}
