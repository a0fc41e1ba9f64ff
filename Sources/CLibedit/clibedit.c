#include "clibedit.h"

EditLine *nns_el_start(const char *program, FILE *in, FILE *out, FILE *err) {
  return el_init(program, in, out, err);
}

void nns_el_set_prompt(EditLine *el, char *(*prompt)(EditLine *)) {
  el_set(el, EL_PROMPT, prompt);
}

void nns_el_set_editor(EditLine *el) {
  el_set(el, EL_EDITOR, "emacs");
  el_set(el, EL_SIGNAL, 0);
}

void nns_el_set_history(EditLine *el, History *list) {
  el_set(el, EL_HIST, history, list);
}

void nns_el_bind(EditLine *el, const char *key, const char *action) {
  el_set(el, EL_BIND, key, action, NULL);
}

void nns_el_add(EditLine *el, const char *name, const char *help,
                unsigned char (*action)(EditLine *, int)) {
  el_set(el, EL_ADDFN, name, help, action);
}

void nns_el_set_getc(EditLine *el, int (*read)(EditLine *, wchar_t *)) {
  el_set(el, EL_GETCFN, read);
}

void nns_history_size(History *list, int size) {
  HistEvent event;
  history(list, &event, H_SETSIZE, size);
  history(list, &event, H_SETUNIQUE, 1);
}

void nns_history_enter(History *list, const char *line) {
  HistEvent event;
  history(list, &event, H_ENTER, line);
}
