# The demo's own mail servers and its Postcase: all in one folder, on free ports of 127.0.0.1.
# shellcheck shell=bash

# Everything that runs, by the file that holds its process id. Ended in this order.
postcase_pid() { cat "$DIR/postcase.pid" 2>/dev/null; }
dovecot_pid() { cat "$DIR/dovecot/run/master.pid" 2>/dev/null; }
postfix_pid() { as_root cat "$DIR/postfix/queue/pid/master.pid" 2>/dev/null | tr -d ' '; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# alive PID: it runs, and its command line names the demo's folder. A zombie does not run.
alive() {
  [ -n "${1:-}" ] && tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" | grep -qF "$DIR/" && ! grep -q ') Z' "/proc/$1/stat" 2>/dev/null
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Ports below those that the system gives to clients.
choose_ports() {
  local port ports=()
  while [ ${#ports[@]} -lt 4 ]; do
    port=$((20000 + RANDOM % 12000))
    [[ " ${ports[*]} " == *" $port "* ]] || listens "$port" || ports+=("$port")
  done
  IMAPS=${ports[0]} LMTP=${ports[1]} SASL=${ports[2]} SUBMISSION=${ports[3]}
}

# A certificate authority of its own, and a certificate by it for 127.0.0.1.
make_certificates() {
  local key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
  mkdir "$DIR/tls"
  openssl req -x509 "${key[@]}" -days 2 -subj '/CN=Postcase demo authority' \
    -keyout "$DIR/tls/ca.key" -out "$DIR/tls/ca.pem" 2>/dev/null
  openssl req "${key[@]}" -subj '/CN=127.0.0.1' -keyout "$DIR/tls/server.key" -out "$DIR/tls/server.csr" 2>/dev/null
  openssl x509 -req -in "$DIR/tls/server.csr" -CA "$DIR/tls/ca.pem" -CAkey "$DIR/tls/ca.key" -days 2 \
    -extfile <(echo 'subjectAltName=IP:127.0.0.1') -out "$DIR/tls/server.pem" 2>/dev/null
}

# start_dovecot ADDRESS…: IMAP for everybody with an address here, LMTP to put mail in, and the check of logins.
start_dovecot() {
  local user group address run=()
  user=$(id -un)
  if [ "$user" = root ]; then
    user=nobody
    run=(setpriv --reuid="$(id -u nobody)" --regid="$(id -g nobody)" --clear-groups)
  fi
  group=$(id -gn "$user")
  mkdir -p "$DIR/dovecot"/{run,state,mail}
  cp "$DIR/tls/server.pem" "$DIR/tls/server.key" "$DIR/dovecot/"
  for address; do echo "$address:{PLAIN}$PASSWORD::::::"; done >"$DIR/dovecot/users"
  cat >"$DIR/dovecot/dovecot.conf" <<CONF
base_dir = $DIR/dovecot/run
state_dir = $DIR/dovecot/state
log_path = $DIR/dovecot/log
protocols = imap lmtp
listen = 127.0.0.1
# Nothing needs root: one ordinary user, no chroot.
default_internal_user = $user
default_internal_group = $group
default_login_user = $user
first_valid_uid = 1
first_valid_gid = 1
ssl = required
ssl_cert = <$DIR/dovecot/server.pem
ssl_key = <$DIR/dovecot/server.key
# Postfix asks over TCP on this machine whether a login is right.
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %Lu
auth_failure_delay = 0
mail_location = maildir:$DIR/dovecot/mail/%u
mail_max_userip_connections = 100
namespace inbox {
  inbox = yes
}
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u $DIR/dovecot/users
}
# Mail to anybody else is refused.
userdb {
  driver = passwd-file
  args = username_format=%u $DIR/dovecot/users
  override_fields = uid=$(id -u "$user") gid=$(id -g "$user") home=$DIR/dovecot/mail/%u
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
service imap-login {
  chroot =
  service_count = 0
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = $IMAPS
    ssl = yes
  }
}
service lmtp {
  chroot =
  user = $user
  inet_listener lmtp {
    address = 127.0.0.1
    port = $LMTP
  }
}
service auth {
  chroot =
  inet_listener {
    address = 127.0.0.1
    port = $SASL
  }
}
protocol lmtp {
  postmaster_address = postmaster@desk.example
  hostname = mail.desk.example
}
CONF
  [ ${#run[@]} = 0 ] || chown -R "$user:$group" "$DIR/dovecot"
  "${run[@]}" /usr/sbin/dovecot -c "$DIR/dovecot/dovecot.conf" 2>>"$DIR/dovecot.err"
  await 60 'Dovecot takes connections' dovecot_is_up
}

dovecot_is_up() { [ -n "$(dovecot_pid)" ] && listens "$IMAPS" && listens "$LMTP"; }

# Submission with STARTTLS and a login; every mail goes on to Dovecot, which refuses whom it does not know.
start_postfix() {
  local staged=$DIR/postfix.staged
  mkdir -p "$staged"/{etc,queue,data}
  cp "$DIR/tls/server.pem" "$DIR/tls/server.key" "$staged/etc/"
  cat >"$staged/etc/main.cf" <<CONF
compatibility_level = 3.6
queue_directory = $DIR/postfix/queue
data_directory = $DIR/postfix/data
maillog_file = $DIR/postfix/log
maillog_file_prefixes = $DIR
myhostname = mail.desk.example
myorigin = desk.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
local_recipient_maps =
alias_maps =
alias_database =
default_transport = lmtp:inet:127.0.0.1:$LMTP
relay_transport = \$default_transport
local_transport = \$default_transport
smtp_dns_support_level = disabled
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = $DIR/postfix/etc/server.pem
smtpd_tls_key_file = $DIR/postfix/etc/server.key
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:$SASL
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
CONF
  cat >"$staged/etc/master.cf" <<CONF
127.0.0.1:$SUBMISSION inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
CONF
  # `postfix start` makes these folders too, and takes three seconds for it.
  # shellcheck disable=SC2016 # $1 is the inner shell's
  as_root bash -euc '
    mv "$1.staged" "$1"
    chown -R root:root "$1"
    chown postfix "$1/data"
    cd "$1/queue"
    mkdir active bounce corrupt defer deferred flush hold incoming maildrop pid private public saved trace
    chown postfix active bounce corrupt defer deferred flush hold incoming maildrop private public saved trace
    chgrp postdrop maildrop public
    chmod 700 active bounce corrupt defer deferred flush hold incoming private saved trace
    chmod 730 maildrop
    chmod 710 public
    setsid /usr/lib/postfix/sbin/master -c "$1/etc" -d </dev/null >/dev/null 2>"$1/err" &
  ' start_postfix "$DIR/postfix"
  await 60 'Postfix takes connections' postfix_is_up
}

postfix_is_up() { [ -n "$(postfix_pid)" ] && listens "$SUBMISSION"; }

# start_postcase [FAIL-POINT]: with a fail-point, the process is killed when it reaches that step.
start_postcase() {
  POSTCASE_FAIL_AT=${1:-} setsid "$POSTCASE" --config "$DIR/postcase.toml" run </dev/null >>"$DIR/postcase.log" 2>&1 &
  echo $! >"$DIR/postcase.pid"
  disown
}

postcase_is_dead() { ! alive "$(postcase_pid)"; }
dovecot_is_dead() { ! alive "$(dovecot_pid)"; }
postfix_is_dead() { ! alive "$(postfix_pid)"; }

# Ends what was started here and nothing else, and removes the folder.
end_everything() {
  local pid
  pid=$(postcase_pid) && alive "$pid" && kill -TERM "$pid"
  await_quietly 5 postcase_is_dead || kill -KILL "$pid"
  # Dovecot and Postfix lead process groups of their own.
  pid=$(dovecot_pid) && alive "$pid" && kill -KILL -- "-$pid"
  pid=$(postfix_pid) && alive "$pid" && as_root kill -TERM -- "-$pid"
  await_quietly 5 postfix_is_dead || as_root kill -KILL -- "-$pid"
  await_quietly 5 dovecot_is_dead
  as_root rm -rf "$DIR"
}
