#ifndef CLIBEDIT_H
#define CLIBEDIT_H

#include <histedit.h>
#include <stdio.h>

/* libedit's calls with variable arguments, one function for each use. */

EditLine *nns_el_start(const char *program, FILE *in, FILE *out, FILE *err);
void nns_el_set_prompt(EditLine *el, char *(*prompt)(EditLine *));
void nns_el_set_editor(EditLine *el);
void nns_el_set_history(EditLine *el, History *history);
void nns_el_bind(EditLine *el, const char *key, const char *action);
void nns_el_add(EditLine *el, const char *name, const char *help,
                unsigned char (*action)(EditLine *, int));
void nns_el_set_getc(EditLine *el, int (*read)(EditLine *, wchar_t *));
void nns_history_size(History *history, int size);
void nns_history_enter(History *history, const char *line);

#endif
