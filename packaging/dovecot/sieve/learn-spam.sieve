# Run by Dovecot's imapsieve when a user moves a message into Junk (docs/dovecot.md): it is spam, says that user.
require ["vnd.dovecot.pipe", "copy", "imapsieve", "environment", "variables"];

if environment :matches "imap.user" "*" {
	set "user" "${1}";
}
pipe :copy "komainu-learn" ["spam", "${user}"];
