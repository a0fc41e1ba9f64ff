#define _GNU_SOURCE
#include "clibedit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

EditLine *nns_el_start(const char *program) {
  FILE *nowhere = fopen("/dev/null", "we");
  if (!nowhere) return NULL;
  return el_init_fd(program, stdin, nowhere, nowhere, 0, 1, 2);
}

void nns_el_set_prompt(EditLine *el, char *(*prompt)(EditLine *)) {
  el_set(el, EL_PROMPT, prompt);
}

void nns_el_set_editor(EditLine *el) {
  el_set(el, EL_EDITOR, "emacs");
  el_set(el, EL_SIGNAL, 0);
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

void nns_el_set_client(EditLine *el, void *client) {
  el_set(el, EL_CLIENTDATA, client);
}

void *nns_el_client(EditLine *el) {
  void *client = NULL;
  el_get(el, EL_CLIENTDATA, &client);
  return client;
}

void nns_el_prepare_terminal(EditLine *el, int editing) {
  el_set(el, EL_PREP_TERM, editing);
}

static int ends[2] = {-1, -1};
static const int watched[] = {SIGINT, SIGWINCH, SIGTSTP, SIGTERM};
enum { watched_count = sizeof watched / sizeof *watched };
static struct sigaction earlier[watched_count];

static void notice(int number) {
  int kept = errno;
  char byte = (char)number;
  /* A full pipe holds news enough. */
  if (write(ends[1], &byte, 1) < 0) errno = kept;
  errno = kept;
}

int nns_watch_signals(void) {
  if (ends[0] < 0 && pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return -1;
  struct sigaction action = {0};
  action.sa_handler = notice;
  for (int i = 0; i < watched_count; i++) sigaction(watched[i], &action, &earlier[i]);
  return ends[0];
}

void nns_leave_signals(void) {
  for (int i = 0; i < watched_count; i++) sigaction(watched[i], &earlier[i], NULL);
}
