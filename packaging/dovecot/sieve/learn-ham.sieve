# Run by Dovecot's imapsieve when a user moves a message out of Junk (docs/dovecot.md): it is honest, says that user,
# unless it goes into Trash, which says nothing.
require ["vnd.dovecot.pipe", "copy", "imapsieve", "environment", "variables", "mailbox", "special-use"];

if environment :matches "imap.mailbox" "*" {
	set "folder" "${1}";
}
if anyof (specialuse_exists "${folder}" "\\Trash", specialuse_exists "${folder}" "\\Junk",
          string :matches "${folder}" ["Trash", "*/Trash", "*.Trash", "Deleted *", "*/Deleted *", "*.Deleted *"]) {
	stop;
}
if environment :matches "imap.user" "*" {
	set "user" "${1}";
}
pipe :copy "komainu-learn" ["ham", "${user}"];
