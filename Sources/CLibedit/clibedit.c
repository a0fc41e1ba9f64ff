#define _GNU_SOURCE
#include "clibedit.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* libedit is loaded with the first editor: programs that are no prompt start faster without it. */
static void *library;

static const char *const names[] = {
    "el_init_fd", "el_end",  "el_reset",  "el_gets",      "el_wgetc",  "el_push",      "el_wpush",
    "el_set",     "el_get",  "el_resize", "el_wline",     "el_cursor", "el_deletestr", "el_winsertstr",
};

static int load(void) {
  if (library) return 1;
  void *handle = dlopen("libedit.so.2", RTLD_LAZY | RTLD_LOCAL);
  if (!handle) return 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!dlsym(handle, names[i])) return 0;
  }
  library = handle;
  return 1;
}

/* A function of the library by its name; there is an editor, so there is the library. */
#define CALL(name) ((__typeof__(name) *)dlsym(library, #name))

/* The library's names as the prompt calls them, for nns only. */
#define OWN __attribute__((visibility("hidden")))

OWN void el_end(EditLine *el) { CALL(el_end)(el); }
OWN void el_reset(EditLine *el) { CALL(el_reset)(el); }
OWN const char *el_gets(EditLine *el, int *count) { return CALL(el_gets)(el, count); }
OWN int el_wgetc(EditLine *el, wchar_t *key) { return CALL(el_wgetc)(el, key); }
OWN void el_push(EditLine *el, const char *keys) { CALL(el_push)(el, keys); }
OWN void el_wpush(EditLine *el, const wchar_t *keys) { CALL(el_wpush)(el, keys); }
OWN void el_resize(EditLine *el) { CALL(el_resize)(el); }
OWN const LineInfoW *el_wline(EditLine *el) { return CALL(el_wline)(el); }
OWN int el_cursor(EditLine *el, int count) { return CALL(el_cursor)(el, count); }
OWN void el_deletestr(EditLine *el, int count) { CALL(el_deletestr)(el, count); }
OWN int el_winsertstr(EditLine *el, const wchar_t *text) { return CALL(el_winsertstr)(el, text); }

EditLine *nns_el_start(const char *program) {
  if (!load()) return NULL;
  FILE *nowhere = fopen("/dev/null", "we");
  if (!nowhere) return NULL;
  return CALL(el_init_fd)(program, stdin, nowhere, nowhere, 0, 1, 2);
}

void nns_el_set_prompt(EditLine *el, char *(*prompt)(EditLine *)) {
  CALL(el_set)(el, EL_PROMPT, prompt);
}

void nns_el_set_editor(EditLine *el) {
  CALL(el_set)(el, EL_EDITOR, "emacs");
  CALL(el_set)(el, EL_SIGNAL, 0);
}

void nns_el_bind(EditLine *el, const char *key, const char *action) {
  CALL(el_set)(el, EL_BIND, key, action, NULL);
}

void nns_el_add(EditLine *el, const char *name, const char *help,
                unsigned char (*action)(EditLine *, int)) {
  CALL(el_set)(el, EL_ADDFN, name, help, action);
}

void nns_el_set_getc(EditLine *el, int (*read)(EditLine *, wchar_t *)) {
  CALL(el_set)(el, EL_GETCFN, read);
}

void nns_el_set_client(EditLine *el, void *client) { CALL(el_set)(el, EL_CLIENTDATA, client); }

void *nns_el_client(EditLine *el) {
  void *client = NULL;
  CALL(el_get)(el, EL_CLIENTDATA, &client);
  return client;
}

void nns_el_prepare_terminal(EditLine *el, int editing) { CALL(el_set)(el, EL_PREP_TERM, editing); }

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
