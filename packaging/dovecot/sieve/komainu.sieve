# Files what Komainu tagged: into Junk, and into Trash what it is sure of.
#
# As a script for everybody, after the users' own (docs/dovecot.md):
#   plugin {
#     sieve_after = /etc/dovecot/sieve/komainu.sieve
#     sieve_extensions = +special-use +vnd.dovecot.environment
#   }
#
# A user switches it off by an active script of his own that files into a folder himself, if only by
# require "fileinto"; fileinto "INBOX"; (not by "keep", after which Dovecot goes on to this script).
# For one account the userdb fields sieve_env_komainu=off and sieve_env_komainu_trash_score=12 (or never) do it.
#
# The fields that are read here are trustworthy: the milter removes those that a message brought along.
require ["fileinto", "mailbox", "special-use", "imap4flags", "variables", "relational",
         "comparator-i;ascii-numeric", "environment", "vnd.dovecot.environment"];

# From this score on, phishing, fraud and malware go into Trash.
set "trash_score" "15";
if environment :matches "vnd.dovecot.config.komainu_trash_score" "*" {
	set "trash_score" "${1}";
}

if environment :is "vnd.dovecot.config.komainu" "off" {
	# as this account wishes: everything stays in the inbox
} elsif not header :contains "X-Komainu" ["action=tag ", "action=junk ", "action=quarantine ", "action=reject "] {
	# honest, or never looked at
} elsif allof (header :contains "X-Komainu" ["class=phish ", "class=malware ", "class=scam "],
               not string :is "${trash_score}" "never",
               not header :matches "X-Spam-Score" "-*",
               header :value "ge" :comparator "i;ascii-numeric" "X-Spam-Score" "${trash_score}") {
	addflag "$Junk";
	fileinto :specialuse "\\Trash" :create "Trash";
	stop;
} else {
	addflag "$Junk";
	fileinto :specialuse "\\Junk" :create "Junk";
	stop;
}
