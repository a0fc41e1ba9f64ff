#ifndef CLIBEDIT_H
#define CLIBEDIT_H

#include <histedit.h>
#include <wchar.h>

/* libedit's calls with variable arguments, one function for each use. */

/* An editor on the standard input that draws nothing; NULL where libedit cannot be loaded. */
EditLine *nns_el_start(const char *program);
void nns_el_set_prompt(EditLine *el, char *(*prompt)(EditLine *));
void nns_el_set_editor(EditLine *el);
void nns_el_bind(EditLine *el, const char *key, const char *action);
void nns_el_add(EditLine *el, const char *name, const char *help,
                unsigned char (*action)(EditLine *, int));
void nns_el_set_getc(EditLine *el, int (*read)(EditLine *, wchar_t *));

/* The object that libedit's callbacks belong to. */
void nns_el_set_client(EditLine *el, void *client);
void *nns_el_client(EditLine *el);

/* The terminal's mode: 1 for editing, 0 as programs expect it. */
void nns_el_prepare_terminal(EditLine *el, int editing);

/* Signals as bytes in a pipe, so that a thread can wait for them and for keys at once, whichever
   thread the kernel interrupts: from `nns_watch_signals`, which gives the end to read, or -1, to
   `nns_leave_signals`, which puts the earlier handlers back. */
int nns_watch_signals(void);
void nns_leave_signals(void);

#endif
